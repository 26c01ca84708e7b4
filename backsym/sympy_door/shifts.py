"""Shifted indices, ``x[i + k - 1]``, whose entry counts as zero where it lies outside of the array.

SymPy's entries have no such rule, so that one goes out, and may come in, as ``Piecewise((x[p], (1 <= p) & (p <= D)),
(0, True))``.  Knows no names and no equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy


def is_shifted(ix: Any) -> bool:
    """Whether an index is computed from letters."""
    return isinstance(ix, (sympy.Add, sympy.Mul))


def parts(ix: Any) -> list[tuple[Any, int]] | None:
    """The letters of a shifted index with their factors, and 1 with the offset; None for anything else."""
    found = []
    for letter, factor in sympy.expand(ix).as_coefficients_dict().items():
        plain = letter == 1 or isinstance(letter, (sympy.Symbol, sympy.Idx))
        if not plain or not isinstance(factor, sympy.Integer):
            return None
        found.append((letter, int(factor)))
    return sorted(found, key=lambda part: (part[0] == 1, part[1] < 0, str(part[0])))


def guarded(entry: Any, positions: Sequence[Any], sizes: Sequence[Any]) -> Any:
    """The entry where every position is in its axis, else 0."""
    inside = [bound for p, size in zip(positions, sizes, strict=True) for bound in (sympy.Ge(p, 1), sympy.Le(p, size))]
    return sympy.Piecewise((entry, sympy.And(*inside)), (0, True))


def unguarded(e: Any) -> tuple[Any, list[tuple[Any, int, Any]]] | None:
    """The expression in which a guard stood, and for its entries an axis with the size that the guard tells.

    SymPy brings conditions into a form of its own, drops those that it sees to hold, and moves factors into a
    Piecewise.  None where the bounds are not those of entries that make the expression what it is beyond them.
    """
    if len(e.args) != 2 or e.args[1].cond != sympy.true:
        return None
    (expr, condition), beyond = e.args[0], e.args[1].expr
    entries = [entry for entry in expr.atoms(sympy.Indexed) if expr.subs(entry, 0) == beyond]
    ends: list[tuple[Any, int, Any]] = []
    for bound in sympy.And.make_args(condition):
        if not isinstance(bound, (sympy.Ge, sympy.Le)):
            return None
        slack = sympy.expand(bound.gts - bound.lts)
        places = [(entry, axis, _bound(slack, ix)) for entry in entries for axis, ix in enumerate(entry.indices)]
        if not any(said for _, _, said in places):
            return None
        ends += [(entry, axis, said[0]) for entry, axis, said in places if said and said[0] is not None]
    return expr, ends


def _bound(slack: Any, ix: Any) -> tuple[Any] | None:
    """What ``slack >= 0`` says of a position: (None,), it is at least 1; (size,), it is at most that."""
    letters = [letter for letter, _ in parts(ix) or () if letter != 1]
    if not letters or slack.coeff(letters[0]) == 0:
        return None
    scale = ix.coeff(letters[0]) / slack.coeff(letters[0])
    if scale > 0:
        return (None,) if sympy.expand(scale * slack - (ix - 1)) == 0 else None
    size = sympy.expand(ix - scale * slack)
    return (size,) if isinstance(size, (sympy.Symbol, sympy.Integer)) and size not in letters else None
