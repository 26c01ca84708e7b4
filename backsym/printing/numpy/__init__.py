"""Expr -> NumPy source."""
