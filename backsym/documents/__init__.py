"""Documents: a solved problem to Markdown, LaTeX and JSON."""
