"""Loops of Python that add up, ``for t in range(T): dW += np.outer(dz[t], h[t])``, as sums without a loop.

What a loop assigns to names of its own is put in where it is used.  A loop that does anything else is none of these,
and so is one whose rounds need one another.  Texts are parsed by the standard library's ``ast`` and never evaluated;
this module knows no names of problems and no shapes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from backsym.core.python import module_of

_ZEROS = ("zeros", "zeros_like")
_MOST = 4000
"""Characters of the sums that are made of a text at most: what is put in several times may grow."""


class _Other(Exception):
    """A program of another kind."""


def without_loops(text: str) -> str | None:
    """The text with sums in place of loops; None where it has none, is no Python, or is a program of another kind."""
    try:
        body: Sequence[ast.stmt] = module_of(text.strip()).body
        if len(body) == 1 and isinstance(body[0], ast.FunctionDef):
            body = body[0].body
        if not any(isinstance(statement, ast.For) for statement in body):
            return None
        found = "\n".join(_Program().lines(body))
    except (SyntaxError, ValueError, RecursionError, MemoryError, _Other):
        return None
    return found if len(found) <= _MOST else None


@dataclass
class _Program:
    """What a program has said so far: its lines, and the terms of what is added up."""

    said: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    """Names that lines have assigned to."""
    sums: dict[str, list[ast.expr]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Names of the loops' own, which mean their last value behind these."""

    def lines(self, body: Sequence[ast.stmt]) -> list[str]:
        for n, statement in enumerate(body):
            if not self.hidden.isdisjoint(_loaded(statement)):
                raise _Other
            if isinstance(statement, ast.Return) and n < len(body) - 1:
                raise _Other
            if isinstance(statement, ast.For):
                self.loop(statement, ())
            elif isinstance(statement, ast.Return):
                self.give(statement.value)
            elif isinstance(statement, ast.AugAssign):
                self.change(statement)
            elif isinstance(statement, ast.Assign) and (name := _name(statement)) is not None:
                self.assign(name, statement)
            else:
                raise _Other
        if not self.sums or not all(self.sums.values()):
            raise _Other
        return [*self.said, *(f"{name} = {ast.unparse(_total(terms))}" for name, terms in self.sums.items())]

    def give(self, value: ast.expr | None) -> None:
        """``return dW / N``: what is given is the sum; names of sums are given as they are."""
        names = value.elts if isinstance(value, ast.Tuple) else [value]
        if all(isinstance(name, ast.Name) and name.id in self.sums for name in names):
            return
        if value is None or isinstance(value, ast.Tuple) or set(_loaded(value)) & set(self.sums) != set(self.sums):
            raise _Other
        if len(self.sums) != 1:
            raise _Other
        ((name, terms),) = self.sums.items()
        self.sums[name] = [_put_in(value, {name: _total(terms)})] if terms else []

    def assign(self, name: str, statement: ast.Assign) -> None:
        if name in self.given or (name in self.sums and not self.sums[name]):
            raise _Other
        value = _put_in(statement.value, {of: _total(terms) for of, terms in self.sums.items() if terms})
        if _is_zero(value):
            self.sums[name] = []
        elif name in self.sums:
            self.sums[name] = [value]
        else:
            self.given.add(name)
            self.said.append(f"{name} = {ast.unparse(value)}")

    def change(self, statement: ast.AugAssign) -> None:
        """``dW /= N`` behind a loop; ``dW += e`` outside of all loops is one more term."""
        name = statement.target.id if isinstance(statement.target, ast.Name) else ""
        if not self.sums.get(name) or name in set(_loaded(statement)):
            raise _Other
        if isinstance(statement.op, (ast.Add, ast.Sub)):
            self.add(statement, {}, ())
        else:
            self.sums[name] = [ast.BinOp(_total(self.sums[name]), statement.op, statement.value)]

    def loop(self, loop: ast.For, outside: tuple[ast.For, ...], own: Mapping[str, ast.expr] | None = None) -> None:
        """The terms that a loop adds, inside these others."""
        if loop.orelse or not isinstance(loop.target, ast.Name) or not _is_range(loop.iter):
            raise _Other
        if not self.given.isdisjoint(_loaded(loop.iter)):
            raise _Other  # The size is another one than that of the problem.
        local = dict(own or {})
        later = {name for statement in loop.body for name in _stored(statement)}
        for statement in loop.body:
            used = set(_loaded(statement))
            # What a round leaves behind for the next one is no term of a sum.
            if used & (later - set(local)) or used & set(self.sums):
                raise _Other
            if isinstance(statement, ast.For):
                self.loop(statement, (*outside, loop), local)
            elif isinstance(statement, ast.AugAssign):
                self.add(statement, local, (*outside, loop))
            elif isinstance(statement, ast.Assign) and (name := _name(statement)) is not None:
                local[name] = _put_in(statement.value, local)
                self.hidden.add(name)
            else:
                raise _Other
        self.hidden.add(loop.target.id)

    def add(self, statement: ast.AugAssign, local: Mapping[str, ast.expr], loops: tuple[ast.For, ...]) -> None:
        """A term of a sum: ``X += e``, or ``X[w[t]] += e`` for the rows that labels pick."""
        target, term = statement.target, _put_in(statement.value, local)
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            place = _put_in(target.slice, local)
            if not isinstance(place, ast.Subscript) or not isinstance(place.value, ast.Name):
                raise _Other
            row = _call(ast.Name("onehot", ast.Load()), place)
            term = _call(ast.Attribute(ast.Name("np", ast.Load()), "outer", ast.Load()), row, term)
            target = target.value
        if (
            not isinstance(target, ast.Name)
            or target.id in {*local, *self.given}
            or not isinstance(statement.op, (ast.Add, ast.Sub))
        ):
            raise _Other
        if isinstance(statement.op, ast.Sub):
            term = ast.UnaryOp(ast.USub(), term)
        for loop in reversed(loops):
            over = ast.comprehension(loop.target, _range(loop.iter), [], 0)
            term = _call(ast.Name("sum", ast.Load()), ast.GeneratorExp(term, [over]))
        self.sums.setdefault(target.id, []).append(term)


def _call(function: ast.expr, *args: ast.expr) -> ast.expr:
    return ast.Call(function, list(args), [])


def _total(terms: Sequence[ast.expr]) -> ast.expr:
    first, *rest = terms
    for term in rest:
        first = ast.BinOp(first, ast.Add(), term)
    return first


def _name(statement: ast.Assign) -> str | None:
    """The one name that is assigned to."""
    target = statement.targets[0]
    return target.id if len(statement.targets) == 1 and isinstance(target, ast.Name) else None


def _is_zero(e: ast.expr) -> bool:
    if isinstance(e, ast.Constant):
        return not isinstance(e.value, bool) and e.value in (0, 0.0)
    return isinstance(e, ast.Call) and isinstance(e.func, ast.Attribute) and e.func.attr in _ZEROS


def _is_range(e: ast.expr) -> bool:
    """``range(T)``, forwards or backwards: all rounds, in an order that a sum does not need."""
    inner = _range(e)
    return isinstance(inner, ast.Call) and _called(inner) == "range" and len(inner.args) == 1 and not inner.keywords


def _range(e: ast.expr) -> ast.expr:
    if isinstance(e, ast.Call) and _called(e) == "reversed" and len(e.args) == 1 and not e.keywords:
        return e.args[0]
    return e


def _called(e: ast.Call) -> str:
    return e.func.id if isinstance(e.func, ast.Name) else ""


def _loaded(statement: ast.AST) -> Iterator[str]:
    """The names that a statement reads; what it adds to is none of them."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if isinstance(statement, ast.AugAssign) and getattr(statement.target, "value", None) is node:
                continue
            yield node.id


def _stored(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement, and those within it, assign to; what is added to is none of them."""
    if isinstance(statement, ast.Assign) and (name := _name(statement)) is not None:
        yield name
    if isinstance(statement, ast.For):
        for inner in statement.body:
            yield from _stored(inner)


class _PutIn(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]):
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def _put_in(e: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """An expression with what names stand for in place of them."""
    if not values:
        return e
    found = _PutIn(values).visit(deepcopy(e))
    assert isinstance(found, ast.expr), "an expression stays one"
    return found
