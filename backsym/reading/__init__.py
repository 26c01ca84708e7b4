"""Reading: texts and problem files become checked expressions and problems.

Three stages, each ignorant of the next: characters to tokens (``lexer``), tokens to a neutral syntax tree (``plain``),
syntax tree to a checked expression (``resolve``).  ``loader`` puts problem files together from them.  Nothing here
knows about calculus, numbers or printing.
"""
