"""``bs.Problem`` and ``bs.load``: the public class of a problem, which solves, draws and shows itself.

The core knows problems as plain data; what users hold is that data with what can be done with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from backsym.core import problem as core
from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import say
from backsym.reading.files import loader

if TYPE_CHECKING:
    from backsym.graphs.figure import Figure
    from backsym.practice.session import Practice
    from backsym.solving.solution import Solution


class Problem(core.Problem):
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

    def __init__(
        self,
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
        course: str | None = None,
        author: str | None = None,
        date: str | None = None,
        due: str | None = None,
        header: str | None = None,
        logo: str | None = None,
        paper: str | None = None,
        language: str | None = None,
        notation: str | Mapping[str, str] | None = None,
        show_forward: bool | None = None,
        figure: str | None = None,
        parts: Sequence[Any] | None = None,
        values: Mapping[Any, Any] | None = None,
        tolerance: float | None = None,
        credit: Mapping[str, Any] | None = None,
        follow_through: Any = None,
        variants: Mapping[str, Any] | None = None,
    ) -> None:
        """The checked problem.

        Either ``forward``, texts as in a problem file, or ``equations``, a list of ``sympy.Eq``; the other keywords are
        the keys of a problem file.  Raises InputError with every mistake found.
        """
        keys: dict[str, object] = {
            "course": course, "author": author, "date": date, "due": due, "header": header, "logo": logo,
            "paper": paper, "title": title, "objective": objective, "text": text, "language": language,
            "notation": notation,
            "dims": dims, "indices": indices, "symbols": symbols, "functions": functions, "derivatives": derivatives,
            "loss": loss, "show_forward": show_forward, "figure": figure, "parts": parts, "values": values,
            "tolerance": tolerance, "credit": credit, "follow_through": follow_through, "variants": variants,
        }  # fmt: skip
        if equations is not None and forward is not None:
            raise InputError([Diagnostic(say("api.equations_and_forward"))])
        if equations is not None:
            from backsym.sympy_door.incoming import problem_of

            self._take(problem_of(equations, keys))
        else:
            given = {key: value for key, value in {**keys, "forward": forward}.items() if value is not None}
            self._take(loader.problem_from_mapping(given))

    def _take(self, data: core.Problem) -> None:
        for part in fields(core.Problem):
            object.__setattr__(self, part.name, getattr(data, part.name))

    def solve(self, *, check: bool = True) -> Solution:
        """Derive every derivative of the loss and prove it; see :func:`backsym.solve`."""
        from backsym.solving.solution import solve

        return solve(self, check=check)

    def graph(self, kind: str = "vectorized", *, derivatives: str = "none") -> Figure:
        """The computation graph (``kind`` vectorized or scalar), or the network of units (network); a drawing.

        ``derivatives`` puts local derivatives on the edges, the derivatives of the loss at the nodes, or both and the
        values in ``numbers``.  Raises BacksymError for an unknown choice, where a problem is not a network of units,
        and where a quantity has no value or is an array, which numbers need.
        """
        from backsym.documents.notebook import figure

        return figure(self, kind, derivatives, self.solve().derivations if derivatives == "numbers" else ())

    def practice(self) -> Practice:
        """A session to practise on this problem in a notebook: ``check``, ``hint`` and ``next_step``.

        Raises BacksymError where no part asks for a derivative.
        """
        from backsym.practice.session import Practice

        return Practice(self.solve())

    def _repr_latex_(self) -> str:
        from backsym.documents import notebook

        return rf"$$\begin{{gathered}} {notebook.latex(self)} \end{{gathered}}$$"

    def _repr_markdown_(self) -> str:
        from backsym.documents import notebook

        return notebook.markdown(notebook.problem_shown(self))

    def _repr_html_(self) -> str:
        from backsym.documents import notebook

        return notebook.html(notebook.problem_shown(self), self.language)


def public(data: core.Problem) -> Problem:
    """Plain data as what users hold; the fields are shared."""
    problem = object.__new__(Problem)
    problem._take(data)
    return problem


def load(path: str | PathLike[str]) -> Problem:
    """The problem in a YAML file, or in a Markdown or .tex note.

    A file of sections gives what :func:`load_collection` gives; type checkers are told of the usual case.  Raises
    InputError with every mistake found in the file.

    >>> import backsym as bs
    >>> from pathlib import Path
    >>> path = Path("neuron.yaml")
    >>> _ = path.write_text("forward: [y = tanh(w*x), L = (y - t)**2/2]")
    >>> bs.load(path)
    <Problem 'neuron': y, L; loss L>
    """
    found: Any = loader.load(path)
    return _public_collection(found) if isinstance(found, core.Collection) else public(found)  # type: ignore[return-value]


def load_collection(path: str | PathLike[str]) -> core.Collection:
    """The collection in a YAML file with ``sections``.

    Raises InputError with every mistake found in it, and for the file of a single problem.
    """
    found = loader.load(path)
    if not isinstance(found, core.Collection):
        raise InputError([Diagnostic(say("api.single_problem"), file=str(path), advice=say("api.load"))])
    return _public_collection(found)


def _public_collection(collection: core.Collection) -> core.Collection:
    sections = tuple(replace(s, problems=tuple(map(public, s.problems))) for s in collection.sections)
    return replace(collection, sections=sections)
