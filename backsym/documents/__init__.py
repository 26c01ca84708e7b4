"""Documents: a solved problem to Markdown, LaTeX, Typst, PDF, HTML and JSON."""
