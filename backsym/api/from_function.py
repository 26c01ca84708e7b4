"""``bs.from_function``: the problem that a Python function of arrays computes, read from its source and never run.

Assignments become forward equations in their order, and what is returned is the loss, or the quantity whose loss is
abstract.  What would need the function to be run, a branch, a loop, a helper of one's own, is refused.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from backsym.api.gradients import LOSSES
from backsym.api.problem import Problem
from backsym.core.errors import Diagnostic, InputError
from backsym.core.python import module_of
from backsym.core.words import Said, say

LIBRARIES = ("numpy", "jax", "torch", "scipy", "math")
"""Modules whose functions are known by their names."""

ARRAYS = ("y", "out", "y_0")
"""What the value is called where it is an array."""


def from_function(function: Callable[..., Any], shapes: Mapping[str, Any] | None = None, **keys: Any) -> Problem:
    """The problem that a function of arrays computes, by reading its source; the function is not called.

    ``shapes`` has a shape for each argument that is an array, ``["K", "D"]``, or a mapping as in ``symbols`` of a
    problem file, ``{"shape": ["D"], "role": "input"}``; the other arguments are numbers.  The body consists of
    assignments of names and ends with ``return``; it may call NumPy, PyTorch and JAX, as code in answers may.  Further
    keywords are those of :class:`Problem`.

    Raises InputError, with the line, for what cannot be read so: loops and branches, a name that is assigned twice,
    calls of functions of one's own, positions and bounds of slices, values from outside; and where there is no source.

    >>> import backsym as bs
    >>> import numpy as np
    >>> def layer(W, x, t):
    ...     y = np.tanh(W @ x)
    ...     return np.sum((y - t) ** 2) / 2
    >>> problem = bs.from_function(layer, {"W": ["K", "D"], "x": ["D"], "t": ["K"]})
    >>> print(problem.solve()["W"].numpy)
    np.outer(d_y * (1.0 - y ** 2), x)
    """
    return _Function(function).problem(shapes or {}, keys)


class _Function:
    """A function's source, and the names that are known in it."""

    def __init__(self, function: Callable[..., Any]):
        if not isinstance(function, FunctionType):
            raise InputError([Diagnostic(say("api.no_function", value=repr(function)))])
        self.function = function
        self.name = function.__name__
        try:
            self.text = textwrap.dedent(inspect.getsource(function))
            body = module_of(self.text).body
        except (OSError, TypeError, SyntaxError, ValueError, RecursionError, MemoryError):
            raise InputError([Diagnostic(say("api.no_source", name=self.name))]) from None
        tree = body[0] if body else None
        if not isinstance(tree, ast.FunctionDef):
            raise InputError([Diagnostic(say("api.no_def", name=self.name))])
        if tree.decorator_list:
            raise self.refused(say("api.decorated"), tree.decorator_list[0])
        self.tree = tree
        self.known = dict.fromkeys(self.arguments())

    def refused(self, said: Said, at: ast.AST) -> InputError:
        line, column = getattr(at, "lineno", 1), getattr(at, "col_offset", 0)
        shown = self.text.splitlines()[line - 1]
        return InputError([Diagnostic(said, self.name, line, column + 1, shown)])

    def arguments(self) -> Iterator[str]:
        given = self.tree.args
        if given.vararg is not None or given.kwarg is not None:
            raise self.refused(say("api.any_arguments"), self.tree)
        yield from (argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs))

    def problem(self, shapes: Mapping[str, Any], keys: Mapping[str, Any]) -> Problem:
        for name in shapes:
            if name not in self.known:
                raise InputError([Diagnostic(say("api.no_argument", name=str(name), function=self.name), self.name)])
        symbols = {name: shapes.get(name, []) for name in self.known}
        *equations, value = self.statements()
        head = [f"{name} = {text}" for name, text in equations]
        given = {"title": self.name, **keys, "symbols": symbols}
        if value[0]:
            # The name that is returned is defined last, or nothing after it matters.
            return Problem(forward=head, **given)
        last, array = (next(n for n in names if n not in self.known) for names in (LOSSES, ARRAYS))
        try:
            return Problem(forward=[*head, f"{last} = {value[1]}"], **given)
        except InputError as error:
            try:
                return Problem(forward=[*head, f"{array} = {value[1]}"], **given)
            except InputError:
                raise error from None

    def statements(self) -> Iterator[tuple[str, str]]:
        """Name and text of each assignment; last what is returned, without a name if it is an expression."""
        body = self.tree.body
        if ast.get_docstring(self.tree) is not None:
            body = body[1:]
        for statement in body[:-1]:
            yield self.assigned(statement)
        last = body[-1] if body else self.tree
        if not isinstance(last, ast.Return) or last.value is None:
            raise self.refused(say("api.no_return"), last)
        if isinstance(last.value, ast.Name) and last.value.id == next(reversed(self.known), None):
            yield last.value.id, ""
        else:
            yield "", self.expression(last.value)

    def assigned(self, statement: ast.stmt) -> tuple[str, str]:
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        if not isinstance(statement, ast.Assign) or not isinstance(target, ast.Name):
            raise self.refused(say("api.no_assignment"), statement)
        text = self.expression(statement.value)
        if target.id in self.known:
            raise self.refused(say("api.assigned_twice", name=target.id), statement)
        self.known[target.id] = None
        return target.id, text

    def expression(self, tree: ast.expr) -> str:
        """The text of an expression that means the same to the reader of problem files."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self.check_call(node)
            elif isinstance(node, ast.Subscript):
                self.check_positions(node)
            elif isinstance(node, ast.Name) and node.id not in self.known:
                self.check_library(node)
        return ast.unparse(_Reciprocals().visit(tree))

    def check_call(self, call: ast.Call) -> None:
        """A function by its bare name is one of a library that has been imported so."""
        if isinstance(call.func, ast.Name):
            found = self.value_of(call.func.id)
            module = getattr(found, "__module__", None) or type(found).__module__
            if not _of_library(module) or getattr(found, "__name__", "") != call.func.id:
                raise self.refused(say("api.own_function", name=call.func.id), call)

    def check_library(self, name: ast.Name) -> None:
        found = self.value_of(name.id)
        module = found.__name__ if isinstance(found, ModuleType) else getattr(found, "__module__", None)
        if not _of_library(module or type(found).__module__):
            raise self.refused(say("api.from_outside", name=name.id), name)

    def value_of(self, name: str) -> object:
        """What a name stands for where the function was defined; None for what there is not."""
        closed = inspect.getclosurevars(self.function)
        return {**closed.builtins, **closed.globals, **closed.nonlocals}.get(name)

    def check_positions(self, tree: ast.Subscript) -> None:
        """Positions count from 0 in Python and from 1 in problem files: new and whole axes mean the same in both."""
        parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        for part in parts:
            new = isinstance(part, ast.Constant) and part.value in (None, ...)
            new = new or (isinstance(part, ast.Attribute) and part.attr == "newaxis")
            whole = isinstance(part, ast.Slice) and part.lower is None and part.upper is None and part.step is None
            if not new and not whole:
                raise self.refused(say("api.position"), part)


def _of_library(module: str) -> bool:
    return module.partition(".")[0] in LIBRARIES


class _Reciprocals(ast.NodeTransformer):
    """``x**-2`` is ``1/x**2``: in a problem file ``A**-1`` is the inverse of a square matrix, in Python it is not."""

    def visit_BinOp(self, tree: ast.BinOp) -> ast.AST:
        self.generic_visit(tree)
        exponent = tree.right
        if isinstance(tree.op, ast.Pow) and isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
            return ast.BinOp(ast.Constant(1), ast.Div(), ast.BinOp(tree.left, ast.Pow(), exponent.operand))
        return tree
