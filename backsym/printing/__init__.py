"""Printing: Expr -> layout -> LaTeX, and Expr -> NumPy source."""
