"""The SymPy doors: problems from SymPy equations, results as SymPy equations.

``incoming`` turns equations into a problem's declarations and texts, which the ordinary reader checks; ``outgoing``
turns results into SymPy.  Nothing here differentiates or simplifies, and nothing outside this package imports SymPy; the
package itself is imported only when one of the doors is used.
"""
