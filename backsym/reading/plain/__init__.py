"""The plain expression language and SymPy's spelling: text to syntax trees."""
