"""The value of NumPy source that backsym has written, by a small evaluator of its syntax tree.

It knows assignments, functions and the expressions that the printers write, over a list of NumPy's functions; all else
is an error.  It judges the printers and must not import them.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from typing import Any

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.functions import FUNCTIONS
from backsym.core.python import expression_of, module_of
from backsym.core.words import say
from backsym.numeric.axes import guard

_FUNCTIONS = frozenset(
    "abs arange argmax argmin array asarray block broadcast_to concatenate cos cosh cumsum diag diagonal einsum exp "
    "expand_dims expm1 eye full full_like log log1p logaddexp max maximum mean min minimum ones ones_like outer "
    "ravel reshape round shape sign sin sinh sqrt stack sum swapaxes take_along_axis tanh trace transpose vectorize "
    "where zeros zeros_like".split()
)
_CONSTANTS: dict[str, Any] = {
    "np.pi": np.pi, "np.e": np.e, "np.newaxis": None, "math.pi": math.pi, "math.e": math.e,
}  # fmt: skip
_LIBRARIES: dict[str, Any] = {"np": np, "math": math}
_METHODS = frozenset("argmax argmin astype max mean min ravel reshape squeeze sum transpose".split())
_PROPERTIES = frozenset(("T", "dtype", "ndim", "shape", "size"))
_BUILT_IN: dict[str, Any] = {
    "float": float,
    "int": int,
    "len": len,
    "range": range,
    "reversed": reversed,
    "True": True,
    "False": False,
    "None": None,
}

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


_ARGUMENTS = "abcdefgh"
"""What stands for the arguments in a template of code."""


def value_of(source: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression, where ``names`` are arrays and functions.

    Raises BacksymError for what backsym does not write, and for a name without a value.
    """
    return _Scope(dict(names)).value(expression_of(source))


def called(source: str, function: str, argument: Any) -> Any:
    """What a function of a module returns.  Raises BacksymError for what backsym does not write."""
    scope = _Scope({})
    scope.run(module_of(source).body)
    return scope.names[function](argument)


class _Scope:
    """The names that are known at some place of a source."""

    def __init__(self, names: dict[str, Any]):
        self.names = names

    def run(self, body: Sequence[ast.stmt]) -> Any:
        """The statements, in order; the value that is returned."""
        for statement in body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                return self.value(statement.value)
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                self.assign(statement.targets[0], self.value(statement.value))
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _adds(statement.value):
                np.add.at(*map(self.value, statement.value.args))
            elif isinstance(statement, ast.For) and isinstance(statement.target, ast.Name) and not statement.orelse:
                for item in self.value(statement.iter):
                    self.names[statement.target.id] = item
                    self.run(statement.body)
            elif isinstance(statement, ast.If):
                self.run(statement.body if self.value(statement.test) else statement.orelse)
            elif isinstance(statement, ast.FunctionDef):
                self.names[statement.name] = self.function(statement)
            elif not isinstance(statement, (ast.Import, ast.ImportFrom)) and not _is_text(statement):
                raise _unknown(statement)
        return None

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple):
            for part, item in zip(target.elts, value, strict=True):
                self.assign(part, item)
        elif isinstance(target, ast.Subscript) and isinstance(found := self.value(target.value), list):
            found[self.value(target.slice)] = value
        else:
            raise _unknown(target)

    def function(self, node: ast.FunctionDef) -> Callable[..., Any]:
        parameters = [argument.arg for argument in node.args.args]

        def call(*values: Any) -> Any:
            inner = _Scope({**self.names, **dict(zip(parameters, values, strict=True))})
            return inner.run(node.body)

        return call

    # --- expressions ---

    def value(self, node: ast.expr) -> Any:
        rule = _RULES.get(type(node))
        if rule is None:
            raise _unknown(node)
        return rule(self, node)

    def name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        if node.id not in _BUILT_IN:
            raise BacksymError(say("numpy.no_value", name=node.id))
        return _BUILT_IN[node.id]

    def attribute(self, node: ast.Attribute) -> Any:
        library = self.library(node)
        if library is not None:
            return library
        if node.attr not in _PROPERTIES:
            raise _unknown(node)
        return getattr(np.asarray(self.value(node.value)), node.attr)

    def library(self, node: ast.expr) -> Any:
        """A function or constant of NumPy or math; None for anything else."""
        path = _dotted(node)
        root, *rest = path.split(".")
        if not rest or root not in _LIBRARIES or root in self.names:
            return None
        if path in _CONSTANTS:
            return _CONSTANTS[path]
        if (root == "np" and rest[0] in _FUNCTIONS and len(rest) == 1) or path in _named_in_table():
            return reduce(getattr, rest, _LIBRARIES[root])
        raise _unknown(node)

    def call(self, node: ast.Call) -> Any:
        args = [self.value(arg) for arg in node.args]
        options = {keyword.arg: self.value(keyword.value) for keyword in node.keywords if keyword.arg is not None}
        if len(options) < len(node.keywords):
            raise _unknown(node)
        function = self.library(node.func)
        if function is None and isinstance(node.func, ast.Attribute):
            if node.func.attr not in _METHODS:
                raise _unknown(node)
            function = getattr(np.asarray(self.value(node.func.value)), node.func.attr)
        if function is np.eye:
            guard((args[0], *args)[:2])
        elif function is np.outer:
            guard((np.size(args[0]), np.size(args[1])))
        elif isinstance(function, np.ufunc) or function is np.where:
            _fits(*args)
        return (function or self.value(node.func))(*args, **options)

    def compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
            raise _unknown(node)
        left, right = self.value(node.left), self.value(node.comparators[0])
        _fits(left, right)
        return _COMPARE[type(node.ops[0])](left, right)

    def binary(self, node: ast.BinOp) -> Any:
        if type(node.op) not in _BINARY:
            raise _unknown(node)
        left, right = self.value(node.left), self.value(node.right)
        if not isinstance(node.op, ast.MatMult):
            _fits(left, right)
        elif np.ndim(left) > 1 and np.ndim(right) > 1:
            guard((*np.shape(left)[:-1], np.shape(right)[-1]))
        return _BINARY[type(node.op)](left, right)

    def unary(self, node: ast.UnaryOp) -> Any:
        if type(node.op) not in _UNARY:
            raise _unknown(node)
        return _UNARY[type(node.op)](self.value(node.operand))

    def slice(self, node: ast.Slice) -> Any:
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.value(part) for part in parts))

    def choice(self, node: ast.IfExp) -> Any:
        test = self.value(node.test)
        if not isinstance(test, (bool, np.bool_)):
            raise BacksymError(say("numpy.neither"))
        return self.value(node.body if test else node.orelse)

    def named(self, node: ast.NamedExpr) -> Any:
        self.assign(node.target, value := self.value(node.value))
        return value

    def listed(self, node: ast.ListComp) -> list[Any]:
        """A list over positions; the letter of these and what is named on the way stay known."""
        found = []
        (loop, *others) = node.generators
        counted = (
            isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Name) and loop.iter.func.id == "range"
        )
        if others or loop.ifs or not counted or not isinstance(loop.target, ast.Name):
            raise _unknown(node)
        for item in self.value(loop.iter):
            self.names[loop.target.id] = item
            found.append(self.value(node.elt))
        return found

    def dictionary(self, node: ast.Dict) -> Any:
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            found.update(self.value(value) if key is None else {self.value(key): self.value(value)})
        return found


_RULES: dict[type[ast.expr], Callable[[_Scope, Any], Any]] = {
    ast.Constant: lambda scope, node: node.value,
    ast.Name: _Scope.name,
    ast.Attribute: _Scope.attribute,
    ast.Call: _Scope.call,
    ast.BinOp: _Scope.binary,
    ast.UnaryOp: _Scope.unary,
    ast.Compare: _Scope.compare,
    ast.Subscript: lambda scope, node: scope.value(node.value)[scope.value(node.slice)],
    ast.Slice: _Scope.slice,
    ast.Tuple: lambda scope, node: tuple(map(scope.value, node.elts)),
    ast.List: lambda scope, node: list(map(scope.value, node.elts)),
    ast.Dict: _Scope.dictionary,
    ast.IfExp: _Scope.choice,
    ast.NamedExpr: _Scope.named,
    ast.ListComp: _Scope.listed,
}


def _fits(*values: Any) -> None:
    """Raise BacksymError, before it is made, if the array that values broadcast to is too large."""
    shapes = [value.shape for value in values if isinstance(value, np.ndarray) and value.ndim]
    if len(shapes) > 1 and any(shape != shapes[0] for shape in shapes):
        try:
            whole = np.broadcast_shapes(*shapes)
        except ValueError:
            return  # NumPy says so better.
        guard(whole)


def _dotted(node: ast.expr) -> str:
    """``np.linalg.inv`` of an attribute of a name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def _named_in_table() -> frozenset[str]:
    """The functions of libraries that the code of the function table calls."""
    return frozenset().union(*(_named_in(code) for f in FUNCTIONS.values() for code in (f.code, f.slope_code) if code))


@cache
def _named_in(template: str) -> frozenset[str]:
    tree = module_of(template.format(*_ARGUMENTS))
    return frozenset(_dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def _adds(call: ast.Call) -> bool:
    """Whether a call adds to an array in its place, which no other call of a statement does."""
    return _dotted(call.func) == "np.add.at"


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _unknown(node: ast.AST) -> BacksymError:
    return BacksymError(say("numpy.foreign", source=ast.unparse(node)))
