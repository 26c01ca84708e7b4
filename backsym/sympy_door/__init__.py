"""The SymPy doors: problems from SymPy equations, results as SymPy equations.

``incoming`` turns equations into a problem's declarations and texts, which the ordinary reader checks; ``entries`` and
``matrices`` turn results into SymPy.  Nothing here differentiates a network or simplifies, and nothing outside this
package imports SymPy; the package itself is imported only when one of the doors is used.
"""

from backsym.core.errors import BacksymError
from backsym.core.words import say

try:
    import sympy  # noqa: F401
except ImportError as error:
    raise BacksymError(say("sympy.not_installed")) from error
