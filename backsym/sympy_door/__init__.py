"""The SymPy doors: problems from SymPy equations, results as SymPy equations.

``incoming`` turns equations into a problem's declarations and texts, which the ordinary reader checks; ``entries`` and
``matrices`` turn results into SymPy.  Nothing here differentiates a network or simplifies, and nothing outside this
package imports SymPy; the package itself is imported only when one of the doors is used.
"""
