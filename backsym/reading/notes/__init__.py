"""Lecture notes, Markdown or LaTeX, as problems."""
