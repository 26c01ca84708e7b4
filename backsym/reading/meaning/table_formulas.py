"""Formulas of the function table: a text over argument names, with expressions put in for the names.

``formula("1 - tanh(x)**2", {"x": z})`` is the derivative of tanh at z.  Knows nothing about problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backsym.core.expr import Expr, Ix
from backsym.core.source import Source
from backsym.reading.meaning.resolve import FORMULA_CONSTANTS, Resolver
from backsym.reading.meaning.scope import Frame, Scope
from backsym.reading.plain.grammar import formula_syntax


def formula(text: str, args: Mapping[str, Expr], letters: Sequence[Ix] = ()) -> Expr:
    """The expression that ``text`` denotes when its names stand for ``args`` (arrays, or scalars of the index level).

    ``letters`` are its free index letters.  ``pi`` is the constant.  Sums along the only axis of a vector become sums
    over all of it, and the sum of a scalar is that scalar.  Raises InputError for a name that is not in ``args`` and
    for shapes that do not fit.
    """
    scope = Scope(names=args, constants=FORMULA_CONSTANTS)
    return Resolver(Source(text), scope, Frame().with_fixed(letters), spans=False).resolve(formula_syntax(text))
