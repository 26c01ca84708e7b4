"""Names of SymPy symbols as names of a problem, and sizes as dimensions.

A SymPy symbol may be called anything; a problem's names are letters, digits and ``_``.  ``z^{(1)}`` becomes ``z1`` and
``\\eta`` becomes ``eta``; what cannot be turned into a name is refused.  Knows no equations.
"""

from __future__ import annotations

import re
from typing import Any

import sympy

from backsym.core.dims import Dim, Whole, amount, at_least, dim_named
from backsym.core.errors import Diagnostic, InputError
from backsym.core.names import GREEK
from backsym.core.words import Said, Words, say

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LETTER = re.compile(r"[A-Za-z][A-Za-z0-9_]*'*")
_FONTS = re.compile(r"\\(mathbf|boldsymbol|bm|vec|mathrm|mathcal|text)(?![A-Za-z])")
_GREEK = re.compile(r"\\(" + "|".join(sorted(GREEK, key=len, reverse=True)) + r")(?![A-Za-z])")
_MARKS = re.compile(r"[{}()^\s,]")


def refuse(message: Said, hint: Said | None = None, place: str | None = None) -> InputError:
    """The error for something that SymPy can say and a problem cannot."""
    return InputError([Diagnostic(message, place, advice=hint)])


class Names:
    """Names of one problem; remembers which SymPy name each came from, so that no two become one."""

    def __init__(self) -> None:
        self.origin: dict[str, str] = {}

    def name(self, written: str) -> str:
        """The name of a quantity, a dimension or a function."""
        found = _without_marks(written)
        if not _NAME.fullmatch(found):
            raise refuse(say("sympy.no_name", written=written))
        other = self.origin.setdefault(found, written)
        if other != written:
            raise refuse(say("sympy.same_name", other=other, written=written, name=found), say("sympy.rename"))
        return found

    def letter(self, symbol: Any) -> str:
        """The letter of an index."""
        if not isinstance(symbol, (sympy.Symbol, sympy.Idx)):
            shifted = isinstance(symbol, sympy.Expr) and symbol.is_Add
            raise refuse(
                say("sympy.no_index", symbol=str(symbol)), say("sympy.shifted_index" if shifted else "sympy.an_index")
            )
        found = _without_marks(str(symbol.name))
        if not _LETTER.fullmatch(found):
            raise refuse(say("sympy.no_letter", symbol=str(symbol)))
        return found

    def dim(self, size: Any, of: object) -> Dim:
        """A dimension from a symbolic size."""
        if isinstance(size, sympy.Integer) and size > 0:
            return int(size)
        if isinstance(size, sympy.Symbol):
            return self.name(size.name)
        found = self.amount(size)
        if found is not None and at_least(found, 1):
            return dim_named(found)
        raise refuse(say("sympy.no_dimension", size=str(size), of=of if isinstance(of, Words) else str(of)))

    def amount(self, size: Any) -> Whole | None:
        """A number that is computed of sizes, ``2*H + 1``; None for anything else."""
        total: Whole = 0
        for term, factor in sympy.expand(size).as_coefficients_dict().items():
            product: Whole | None = int(factor) if isinstance(factor, sympy.Integer) else None
            for base, power in term.as_powers_dict().items() if term != 1 else ():
                whole = isinstance(base, sympy.Symbol) and isinstance(power, sympy.Integer) and power > 0
                for _ in range(int(power) if whole else 1):
                    product = product * amount(self.name(base.name)) if product is not None and whole else None
            if product is None:
                return None
            total = total + product
        return total


def _without_marks(written: str) -> str:
    return _MARKS.sub("", _GREEK.sub(r"\1", _FONTS.sub("", written)))
