"""Blocks to Markdown, LaTeX, Typst, PDF, HTML and JSON."""
