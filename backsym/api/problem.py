"""``bs.Problem(...)``: a problem from Python keywords, which are the keys of a problem file, or from SymPy equations.

Knows the readers; must not know about solving or printing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backsym.core import problem as internal
from backsym.core.errors import Diagnostic, InputError
from backsym.reading.files.loader import problem_from_mapping


class _Constructor(type):
    """Makes ``Problem(...)`` return, and ``isinstance`` recognise, the problem that everything else works with."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, internal.Problem)


class Problem(metaclass=_Constructor):
    """A problem; ``solve()`` gives its solution, ``graph()`` a drawing of it.

    >>> import backsym as bs
    >>> problem = bs.Problem(
    ...     forward=["z = W @ x", "L = squared_error(z, t)"],
    ...     symbols={"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
    ... )
    >>> print(problem.solve()["W"])
    dL/dW[k,i] = dL/dz[k]*x[i]
    dL/dW = dL/dz @ x.T
    """

    def __new__(  # type: ignore[misc]
        cls,
        *,
        equations: Sequence[Any] | None = None,
        forward: Sequence[str] | str | None = None,
        symbols: Mapping[Any, Any] | Sequence[Any] | None = None,
        dims: Mapping[Any, Any] | Sequence[Any] | None = None,
        indices: Mapping[Any, Any] | None = None,
        functions: Mapping[str, str] | None = None,
        derivatives: Mapping[str, str] | None = None,
        loss: Any = None,
        title: str | None = None,
        objective: str | None = None,
        text: str | None = None,
        language: str | None = None,
        notation: str | Mapping[str, str] | None = None,
        show_forward: bool | None = None,
        figure: str | None = None,
        parts: Sequence[Any] | None = None,
        values: Mapping[Any, Any] | None = None,
        variants: Mapping[str, Any] | None = None,
    ) -> internal.Problem:
        """The checked problem.

        Either ``forward``, texts as in a problem file, or ``equations``, a list of ``sympy.Eq``; the other keywords are
        the keys of a problem file.  Raises InputError with every mistake found.
        """
        keys: dict[str, object] = {
            "title": title, "objective": objective, "text": text, "language": language, "notation": notation,
            "dims": dims, "indices": indices, "symbols": symbols, "functions": functions, "derivatives": derivatives,
            "loss": loss, "show_forward": show_forward, "figure": figure, "parts": parts, "values": values,
            "variants": variants,
        }  # fmt: skip
        if equations is not None and forward is not None:
            raise InputError([Diagnostic("a problem has equations (SymPy) or forward (texts), not both")])
        if equations is not None:
            from backsym.sympy_door.incoming import problem_of

            return problem_of(equations, keys)
        given = {key: value for key, value in {**keys, "forward": forward}.items() if value is not None}
        return problem_from_mapping(given)
