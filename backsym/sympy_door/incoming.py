"""SymPy equations in: the declarations and texts of a problem, and statements about a problem.

A forward equation is a ``sympy.Eq`` whose left side is a Symbol, an Indexed with a letter for each axis, or a
MatrixSymbol; a pair ``(lhs, rhs)`` serves where ``Eq`` evaluates to False because SymPy takes an array for a number.
The author's order of terms is lost already when SymPy makes an expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy
from sympy.matrices.expressions.matexpr import MatrixElement

from backsym.core.errors import Diagnostic, InputError
from backsym.core.expr import Equation, Shape, show_shape
from backsym.core.problem import Problem
from backsym.core.words import Words, say
from backsym.reading.files.loader import problem_from_mapping
from backsym.reading.texts import read_equation
from backsym.sympy_door.names import Names, refuse
from backsym.sympy_door.shapes import Found
from backsym.sympy_door.texts import Writer

Keys = Mapping[str, object]


def problem_of(equations: Sequence[object], keys: Keys) -> Problem:
    """The problem of these forward equations and the other keys of a problem file, whose texts may be SymPy too.

    Raises InputError, naming the equation and what cannot be read in it.
    """
    try:
        mapping = _Door(keys).mapping(equations)
    except RecursionError:
        raise refuse(say("sympy.nested")) from None
    try:
        return problem_from_mapping(mapping)
    except InputError as e:
        raise InputError(map(_relabelled, e.diagnostics)) from None


def _relabelled(found: Diagnostic) -> Diagnostic:
    """Equations that were given as such are not called texts of ``forward``, in places and in messages."""
    words = found.words
    if isinstance(words, Words) and isinstance(place := words.facts.get("place"), str):
        words = Words(words.code, {**words.facts, "place": _relabelled_place(place)})
    return replace(found, file=_relabelled_place(found.file) if found.file else found.file, words=words)


def _relabelled_place(label: str) -> str:
    return label.replace("forward[", "equations[")


def equation_of(problem: Problem, equation: object) -> Equation:
    """A statement about a problem, such as a result that went out by the other door; ``dL_dz`` is the adjoint of z.

    Raises InputError for what cannot be read.
    """
    lhs, rhs = _sides(equation)
    text = _claim_writer(problem.loss, {name: s.shape for name, s in problem.symbols.items()}).equation(lhs, rhs)
    return Equation(*read_equation(problem, text, strict=False))


def _claim_writer(loss: str, shapes: Mapping[str, Shape]) -> Writer:
    """A writer that knows adjoints.  A [D, 1] quantity is a column in SymPy, so it is written as a vector."""
    adjoints = {f"d{loss}_d{name}": name for name in shapes if f"d{loss}_d{name}" not in shapes}
    texts = {name: name for name in shapes} | {name: f"d{loss}/d{of}" for name, of in adjoints.items()}
    shape_of = {name: shapes[adjoints.get(name, name)] for name in texts}
    return Writer(Names(), _whole_columns(texts, shape_of), adjoints, loss, shape_of)


def _whole_columns(texts: Mapping[str, str], shapes: Mapping[str, Shape]) -> dict[str, str]:
    """How a [D, 1] quantity, which is a column in SymPy, is written where a vector is meant."""
    columns = [name for name, shape in shapes.items() if len(shape) == 2 and shape[1] == 1]
    return {name: f"sum({texts[name]}, axis=1)" for name in columns}


def _sides(equation: object) -> tuple[Any, Any]:
    """Both sides of an equation, as SymPy objects."""
    if isinstance(equation, sympy.Equality):
        return equation.lhs, equation.rhs
    if isinstance(equation, (bool, type(sympy.true), type(sympy.false))):
        raise refuse(say("sympy.evaluated", truth=str(bool(equation))))
    if isinstance(equation, tuple) and len(equation) == 2 and all(isinstance(s, sympy.Basic) for s in equation):
        return equation
    raise refuse(say("sympy.no_equation", type=type(equation).__name__))


class _Door:
    """Builds the mapping of a problem from its equations and keys."""

    def __init__(self, keys: Keys):
        self.names = Names()
        self.found = Found(self.names)
        self.keys = {key: self.plain(value) for key, value in keys.items() if value is not None}

    def plain(self, value: object) -> object:
        """Keys may name things by SymPy symbols; equations among them are left for ``claims``."""
        if isinstance(value, sympy.Equality):
            return value
        if isinstance(value, (sympy.Symbol, sympy.MatrixSymbol, sympy.IndexedBase, sympy.Idx)):
            return self.names.name(str(value.name))
        if isinstance(value, sympy.Integer):
            return int(value)
        if isinstance(value, (sympy.Rational, sympy.Float)):
            return str(value)
        if isinstance(value, sympy.Basic):
            raise refuse(say("sympy.unread_here", value=str(value)))
        if isinstance(value, Mapping):
            return {str(self.plain(key)): self.plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        return value

    def mapping(self, equations: Sequence[object]) -> dict[str, object]:
        if not isinstance(equations, (list, tuple)) or not equations:
            raise refuse(say("sympy.equations_list"))
        declared = _as_mapping(self.keys.get("symbols"))
        given = {name: shape for name, entry in declared.items() if (shape := _shape(entry)) is not None}
        self.found.declare(given)
        taken = self.take(equations, given)
        self.found.settle()
        shapes = self.found.quantities()
        self.no_clash(declared, shapes)
        indices = _as_mapping(self.keys.get("indices"))
        loss = str(self.keys.get("loss") or taken[-1][0])
        return {
            **{key: self.claims(value, loss, shapes) for key, value in self.keys.items()},
            "dims": {**_as_mapping(self.keys.get("dims")), **self.new(self.found.dims, "dims")},
            "symbols": _with_shapes(declared, shapes),
            "indices": {**self.found.index_letters(), **indices},
            "functions": {**_as_mapping(self.keys.get("functions")), **self.new(self.found.functions, "functions")},
            "forward": [text for _, text in taken],
        }

    def new(self, names: Mapping[str, None], key: str) -> dict[str, object]:
        """What the equations declare and the keys do not."""
        given = _as_mapping(self.keys.get(key))
        return {name: "abstract" if key == "functions" else None for name in names if name not in given}

    def take(self, equations: Sequence[object], given: Mapping[str, Shape]) -> list[tuple[str, str]]:
        """The defined name and the text of each equation; what they declare is taken in, every mistake reported."""
        taken: list[tuple[str, str]] = []
        mistakes: list[Diagnostic] = []
        for number, equation in enumerate(equations, 1):
            try:
                lhs, rhs = _sides(equation)
                if isinstance(lhs, sympy.MatrixSymbol) and self.left_name(lhs) in self.found.columns:
                    shape = given[self.left_name(lhs)]
                    first, second = (show_shape(axes) for axes in (shape, shape[:1]))
                    raise refuse(say("sympy.two_shapes", name=self.left_name(lhs), first=first, second=second))
                writer = Writer(self.names, _whole_columns({name: name for name in given}, given), entries=given)
                taken.append((self.left_name(lhs), writer.equation(lhs, rhs)))
                self.found.scan((lhs, rhs))
            except InputError as e:
                mistakes += [replace(d, file=f"equations[{number}]") for d in e.diagnostics]
        if mistakes:
            raise InputError(mistakes)
        return taken

    def left_name(self, lhs: Any) -> str:
        """The name of the quantity that an equation defines."""
        if isinstance(lhs, sympy.Indexed):
            return self.names.name(lhs.base.name)
        if isinstance(lhs, MatrixElement) and isinstance(lhs.parent, sympy.MatrixSymbol):
            return self.names.name(lhs.parent.name)
        if isinstance(lhs, (sympy.Symbol, sympy.MatrixSymbol)):
            return self.names.name(lhs.name)
        raise refuse(say("sympy.left_side", left=str(lhs)))

    def no_clash(self, declared: Mapping[str, object], shapes: Mapping[str, Shape]) -> None:
        for name, entry in declared.items():
            shape = _shape(entry)
            if name in shapes and shape is not None and shape != shapes[name]:
                raise refuse(
                    say("sympy.declared_otherwise", name=name, declared=str(list(shape)), found=str(list(shapes[name])))
                )

    def claims(self, value: object, loss: str, shapes: Mapping[str, Shape]) -> object:
        """SymPy equations in parts, as texts."""
        if isinstance(value, sympy.Equality):
            return _claim_writer(loss, shapes).equation(value.lhs, value.rhs)
        if isinstance(value, dict):
            return {key: self.claims(item, loss, shapes) for key, item in value.items()}
        return [self.claims(item, loss, shapes) for item in value] if isinstance(value, list) else value


def _as_mapping(value: object) -> dict[str, object]:
    """A mapping, or a list of names."""
    if isinstance(value, list):
        return {str(name): None for name in value}
    return dict(value) if isinstance(value, dict) else {}


def _shape(entry: object) -> Shape | None:
    """The shape in an entry of ``symbols``; whatever else stands there is for the reader to judge."""
    shape = entry.get("shape") if isinstance(entry, dict) else entry
    if not isinstance(shape, list) or not all(isinstance(d, (str, int)) for d in shape):
        return None
    return tuple(int(d) if isinstance(d, str) and d.isdecimal() else d for d in shape)


def _with_shapes(declared: Mapping[str, object], shapes: Mapping[str, Shape]) -> dict[str, object]:
    """The declared symbols, then the others, all with their shapes."""
    symbols: dict[str, object] = {}
    for name, entry in declared.items():
        known = name in shapes and (entry is None or (isinstance(entry, dict) and "shape" not in entry))
        extra = entry if isinstance(entry, dict) else {}
        symbols[name] = {**extra, "shape": list(shapes[name])} if known else entry
    for name, shape in shapes.items():
        symbols.setdefault(name, list(shape))
    return symbols
