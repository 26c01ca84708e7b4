"""NumPy expressions in the words of other array libraries.

Each dialect is a table from the functions that the NumPy printer writes to rules that write the same in its library.  A
function that the table does not have is an error, never passed through.

This module must not know about networks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backsym.core.errors import BacksymError
from backsym.core.python import expression_of
from backsym.core.words import say
from backsym.printing.numpy.primitives import filled, primitive
from backsym.printing.numpy.ranks import Ranks, rank_of
from backsym.printing.numpy.source import call, dotted, expressions, method, name, names_of, replaced


@dataclass(frozen=True)
class Place:
    """Where an expression stands: the ranks of the names in it, and an array whose type is that of its result."""

    ranks: Ranks
    like: str
    lists: frozenset[str] = frozenset()
    """The variables that are lists of arrays of different sizes."""
    labels: frozenset[str] = frozenset()
    """The variables that are whole numbers."""


Rule = Callable[[ast.Call, Place], ast.expr]


@dataclass(frozen=True)
class Dialect:
    """One target: its imports, the name of its arrays' type, its helpers' definitions, and its translation.

    ``library`` is what its functions are called under.
    """

    target: str
    title: str
    library: str
    imports: Mapping[str, str]
    """The import statement for each prefix that sources of this target may use."""
    array: str
    helpers: Mapping[str, tuple[str, ...]]
    translate: Callable[[ast.expr, Place], ast.expr]


# --- NumPy -----------------------------------------------------------------------------------------------------------

_NUMPY_HELPERS = {
    "erf": ("erf = np.vectorize(math.erf)",),
    "sigmoid": ("def sigmoid(x):", "    return np.exp(-np.logaddexp(0, -x))"),
    "logsumexp": (
        "def logsumexp(x):",
        "    top = np.max(x, axis=-1, keepdims=True)",
        "    return np.log(np.exp(x - top).sum(axis=-1)) + top.squeeze(-1)",
    ),
    "log_softmax": (
        "def log_softmax(x):",
        "    x = x - np.max(x, axis=-1, keepdims=True)",
        "    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))",
    ),
    "scatter_add": (
        "def scatter_add(rows, at, size):",
        "    total = np.zeros((size,) + rows.shape[1:], rows.dtype)",
        "    np.add.at(total, at, rows)",
        "    return total",
    ),
    "softmax": (
        "def softmax(x):",
        "    e = np.exp(x - np.max(x, axis=-1, keepdims=True))",
        "    return e / e.sum(axis=-1, keepdims=True)",
    ),
}
"""Their lines: an assignment, or a function whose docstring is the catalogue's."""

# --- JAX -------------------------------------------------------------------------------------------------------------

_JAX_HELPERS = {
    "sigmoid": "jax.nn.sigmoid", "softmax": "jax.nn.softmax", "log_softmax": "jax.nn.log_softmax",
    "logsumexp": "jax.nn.logsumexp", "erf": "jax.scipy.special.erf",
}  # fmt: skip


def _jax(node: ast.expr, place: Place) -> ast.expr:
    def helper(inner: ast.expr) -> str:
        known = isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in _JAX_HELPERS
        return dotted(inner.func) if known and isinstance(inner, ast.Call) else ""

    # These functions do not take integers, as sizes are.
    calls = [inner for inner in expressions(node) if isinstance(inner, ast.Call) and helper(inner)]
    of_numbers = {ast.dump(inner) for inner in calls if rank_of(inner.args[0], place.ranks) is None}

    def rule(inner: ast.expr) -> ast.expr:
        function = helper(inner)
        if function and isinstance(inner, ast.Call):
            args = [call("float", *inner.args)] if ast.dump(inner) in of_numbers else inner.args
            return call(
                _JAX_HELPERS[function], *args, **({"axis": expression_of("-1")} if function == "logsumexp" else {})
            )
        return inner

    def library(inner: ast.expr) -> ast.expr:
        return name("jnp") if isinstance(inner, ast.Name) and inner.id == "np" else inner

    return replaced(replaced(node, rule), library)


# --- complex numbers -------------------------------------------------------------------------------------------------


def _real(node: ast.expr) -> ast.expr:
    """real(x); what holds no array but sizes of some is real as it is."""
    sizes = {id(n.value) for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr == "shape"}
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in sizes}
    return call("np.real", node) if names - {"np"} else node


def _first(node: ast.Call, place: Place) -> ast.expr:
    """np.max(x, axis=1) -> largest(x, 1), which takes the first of equal ones; not over some of the axes together"""
    helper = {"max": "largest", "min": "smallest"}[dotted(node.func).removeprefix("np.")]
    options = {kw.arg: kw.value for kw in node.keywords}
    if not options:
        return call(helper, call("np.ravel", node.args[0]), ast.Constant(0))
    if set(options) == {"axis"} and not isinstance(options["axis"], ast.Tuple):
        return call(helper, node.args[0], options["axis"])
    return node


ANALYTIC_HELPERS = {
    "sigmoid": ("def sigmoid(x):", "    return 1 / (1 + np.exp(-x))"),
    **{
        helper: (
            f"def {helper}(x, axis):",
            f"    place = np.expand_dims(np.{function}(np.real(x), axis=axis), axis)",
            "    return np.take_along_axis(x, place, axis=axis).squeeze(axis)",
        )
        for helper, function in (("largest", "argmax"), ("smallest", "argmin"))
    },
}
"""What ``analytic`` needs beside the helpers of NumPy, or in place of one that takes real numbers only."""


def _picked(op: ast.cmpop) -> Rule:
    """maximum(a, b) -> where(real(a) >= real(b), a, b)"""

    def rule(node: ast.Call, place: Place) -> ast.expr:
        a, b = node.args
        return call("np.where", ast.Compare(_real(a), [op], [_real(b)]), a, b)

    return rule


_COMPLEX: dict[str, Rule] = {
    "np.maximum": _picked(ast.GtE()),
    "np.minimum": _picked(ast.LtE()),
    "np.abs": lambda node, place: ast.BinOp(call("np.sign", _real(node.args[0])), ast.Mult(), node.args[0]),
    "np.sign": lambda node, place: call("np.sign", _real(node.args[0])),
    "np.logaddexp": lambda node, place: call("np.log", ast.BinOp(
        ast.Constant(1), ast.Add(), call("np.exp", node.args[1]))),
    "np.argmax": lambda node, place: ast.Call(node.func, [_real(node.args[0]), *node.args[1:]], node.keywords),
    "np.argmin": lambda node, place: ast.Call(node.func, [_real(node.args[0]), *node.args[1:]], node.keywords),
}  # fmt: skip


def analytic(node: ast.expr, place: Place) -> ast.expr:
    """The same value of real arguments, such that a complex step differentiates it: branches look at real parts."""

    def rule(inner: ast.expr) -> ast.expr:
        if isinstance(inner, ast.Compare):
            return ast.Compare(_real(inner.left), inner.ops, [_real(side) for side in inner.comparators])
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in ("max", "min"):
            values = inner.args if dotted(inner.func).startswith("np.") else [inner.func.value]
            return _first(ast.Call(expression_of(f"np.{inner.func.attr}"), values, inner.keywords), place)
        if isinstance(inner, ast.Call) and dotted(inner.func) in _COMPLEX:
            return _COMPLEX[dotted(inner.func)](inner, place)
        known = primitive(dotted(inner.func)) if isinstance(inner, ast.Call) else None
        if isinstance(inner, ast.Call) and known is not None and known.analytic is not None:
            return filled(known.analytic, inner.args)
        return inner

    return replaced(node, rule)


# --- PyTorch ---------------------------------------------------------------------------------------------------------


def _torch(node: ast.expr, place: Place) -> ast.expr:
    """Tensors that are made take the type and the device of one that is there, so that precision is the inputs'."""
    return _Torch(place).expr(node)


class _Torch:
    """Translates one expression; ranks are asked of the NumPy tree, before it is translated."""

    def __init__(self, place: Place):
        self.place = place

    def expr(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Compare):
            return method(self.condition(node), "to", name(self.like(node)))
        if isinstance(node, ast.Attribute) and dotted(node) in ("np.pi", "np.e"):
            return expression_of(f"math.{node.attr}")
        if isinstance(node, ast.BinOp):
            return ast.BinOp(self.expr(node.left), node.op, self.expr(node.right))
        if isinstance(node, ast.UnaryOp):
            return ast.UnaryOp(node.op, self.expr(node.operand))
        if isinstance(node, ast.Attribute):
            return ast.Attribute(self.expr(node.value), node.attr, node.ctx)
        if isinstance(node, ast.Subscript):
            inside = [self.expr(item) for item in node.slice.elts] if isinstance(node.slice, ast.Tuple) else None
            places = ast.Tuple(inside, ast.Load()) if inside is not None else self.expr(node.slice)
            return ast.Subscript(self.expr(node.value), places, node.ctx)
        if isinstance(node, ast.Tuple):
            return ast.Tuple([self.expr(item) for item in node.elts], node.ctx)
        if isinstance(node, ast.IfExp):
            return ast.IfExp(node.test, self.expr(node.body), self.expr(node.orelse))
        if isinstance(node, (ast.Name, ast.Constant, ast.Slice)):
            return node
        raise TypeError(f"no PyTorch source for the Python node {type(node).__name__}")

    def like(self, node: ast.expr) -> str:
        """An array in the expression, whose type a new one takes."""
        known = (found for found in names_of(node) if self.place.ranks.get(found) is not None)
        arrays = (found for found in known if found not in self.place.lists | self.place.labels)
        return next(arrays, self.place.like)

    def number(self, node: ast.expr) -> bool:
        return rank_of(node, self.place.ranks) is None

    def tensor(self, node: ast.expr) -> ast.expr:
        """The expression as a tensor, also if it is a number."""
        made = self.expr(node)
        return method(name(self.place.like), "new_tensor", made) if self.number(node) else made

    def condition(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Compare):
            return ast.Compare(self.expr(node.left), node.ops, [self.expr(side) for side in node.comparators])
        return self.expr(node)

    def call(self, node: ast.Call) -> ast.expr:
        function = dotted(node.func)
        if isinstance(node.func, ast.Attribute) and not function.startswith("np."):
            # x.sum(axis=0) is np.sum(x, axis=0) to the rules; a method stays one where PyTorch has it.
            plain = ast.Call(expression_of(f"np.{node.func.attr}"), [node.func.value, *node.args], node.keywords)
            if node.func.attr == "ravel":
                whole = self.expr(node.func.value)
                columns = ast.Attribute(whole, "T", ast.Load()) if node.keywords else whole
                return method(columns, "reshape", ast.UnaryOp(ast.USub(), ast.Constant(1)))
            if node.func.attr in ("sum", "mean"):
                return ast.Call(ast.Attribute(self.expr(node.func.value), node.func.attr, ast.Load()), [], _axes(node))
            return self.call(plain)
        if f"{function}()" in self.place.ranks:  # an abstract function
            return ast.Call(node.func, [self.tensor(arg) for arg in node.args], [])
        rule = _TORCH.get(function)
        if rule is None and (known := primitive(function)) is not None:
            rest = [self.expr(arg) for arg in node.args[1:]]
            return ast.Call(expression_of(known.torch), [self.tensor(node.args[0]), *rest], _axes(node))
        if rule is None:
            raise BacksymError(say("codegen.no_torch", function=function))
        return rule(self, node)

    # --- rules ---

    def unary(self, node: ast.Call) -> ast.expr:
        function = dotted(node.func).removeprefix("np.")
        if self.number(node.args[0]) and function != "sign":
            return call("abs" if function == "abs" else f"math.{function}", self.expr(node.args[0]))
        return call(f"torch.{function}", self.tensor(node.args[0]))

    def sigmoid(self, node: ast.Call) -> ast.expr:
        return call("torch.sigmoid", self.tensor(node.args[0]))

    def along_last(self, node: ast.Call) -> ast.expr:
        return call(f"torch.{dotted(node.func)}", self.tensor(node.args[0]), dim=expression_of("-1"))

    def extreme(self, node: ast.Call) -> ast.expr:
        function = dotted(node.func).removeprefix("np.")
        a, b = node.args
        for x, bound in ((a, b), (b, a)):
            if self.number(bound) and not self.number(x):
                if function == "maximum" and isinstance(bound, ast.Constant) and bound.value == 0:
                    return call("torch.relu", self.expr(x))
                side = {"maximum": "min", "minimum": "max"}[function]
                return call("torch.clamp", self.expr(x), **{side: self.expr(bound)})
        return call(f"torch.{function}", self.tensor(a), self.tensor(b))

    def where(self, node: ast.Call) -> ast.expr:
        test, yes, no = node.args
        if isinstance(yes, ast.Constant) and isinstance(no, ast.Constant) and (yes.value, no.value) == (1, 0):
            return method(self.condition(test), "to", name(self.like(test)))
        return call("torch.where", self.condition(test), self.tensor(yes), self.expr(no))

    def logaddexp(self, node: ast.Call) -> ast.expr:
        x = self.tensor(node.args[1])
        return call("torch.logaddexp", call("torch.zeros_like", x), x)

    def reduced(self, node: ast.Call) -> ast.expr:
        function = dotted(node.func).removeprefix("np.")
        made = call({"max": "torch.amax", "min": "torch.amin"}.get(function, f"torch.{function}"))
        return ast.Call(made.func, [self.tensor(node.args[0])], _axes(node))

    def plain(self, node: ast.Call) -> ast.expr:
        """Functions of the same name and arguments."""
        function = dotted(node.func).removeprefix("np.")
        made = call({"transpose": "torch.permute"}.get(function, f"torch.{function}"))
        return ast.Call(made.func, [self.expr(arg) for arg in node.args], node.keywords)

    def outer(self, node: ast.Call) -> ast.expr:
        """PyTorch's takes vectors only; NumPy's also a column or a row that is kept as a matrix."""
        made = [self.expr(arg) for arg in node.args]
        flat = [x if rank_of(arg, self.place.ranks) == 1 else method(x, "ravel")
                for x, arg in zip(made, node.args, strict=True)]  # fmt: skip
        return call("torch.outer", *flat)

    def concatenated(self, node: ast.Call) -> ast.expr:
        return ast.Call(expression_of("torch.cat"), [self.expr(arg) for arg in node.args], _axes(node))

    def eye(self, node: ast.Call) -> ast.expr:
        return method(call("torch.eye", self.expr(node.args[0])), "to", name(self.like(node)))

    def filled(self, node: ast.Call) -> ast.expr:
        """np.ones(shape), np.full(shape, value)"""
        function = dotted(node.func).removeprefix("np.")
        sizes = _sizes(self.expr(node.args[0]))
        rest = node.args[1:]
        if rest and not self.number(rest[0]):
            return call("torch.broadcast_to", self.expr(rest[0]), sizes)
        return method(name(self.like(node)), f"new_{function}", sizes, *(self.expr(arg) for arg in rest))

    def broadcast(self, node: ast.Call) -> ast.expr:
        return call("torch.broadcast_to", self.tensor(node.args[0]), _sizes(self.expr(node.args[1])))

    def shape(self, node: ast.Call) -> ast.expr:
        return ast.Attribute(self.expr(node.args[0]), "shape", ast.Load())

    def array(self, node: ast.Call) -> ast.expr:
        return method(name(self.place.like), "new_tensor", self.expr(node.args[0]))

    def own(self, node: ast.Call) -> ast.expr:
        """A helper of the module."""
        return ast.Call(node.func, [self.expr(arg) for arg in node.args], [])

    def alike(self, node: ast.Call) -> ast.expr:
        return call(f"torch.{dotted(node.func).removeprefix('np.')}", *(self.expr(arg) for arg in node.args))


def _axes(node: ast.Call) -> list[ast.keyword]:
    return [ast.keyword({"axis": "dim", "keepdims": "keepdim"}.get(kw.arg or "", kw.arg), kw.value)
            for kw in node.keywords]  # fmt: skip


def _sizes(node: ast.expr) -> ast.expr:
    return node if isinstance(node, ast.Tuple) or dotted(node).endswith(".shape") else ast.Tuple([node], ast.Load())


_TORCH: dict[str, Callable[[_Torch, ast.Call], ast.expr]] = {
    **{
        f"np.{function}": _Torch.unary
        for function in ("exp", "log", "sqrt", "abs", "sign", "sin", "cos", "sinh", "cosh", "tanh", "expm1")
    },
    **{f"np.{function}": _Torch.reduced for function in ("sum", "mean", "max", "min", "argmax", "argmin")},
    **{
        f"np.{function}": _Torch.plain
        for function in ("einsum", "diag", "trace", "reshape", "swapaxes", "transpose", "arange", "stack")
    },
    **{f"np.{function}": _Torch.alike for function in ("ones_like", "zeros_like", "full_like")},
    **{f"np.{function}": _Torch.filled for function in ("ones", "zeros", "full")},
    "np.maximum": _Torch.extreme,
    "np.minimum": _Torch.extreme,
    "np.where": _Torch.where,
    "np.logaddexp": _Torch.logaddexp,
    "np.eye": _Torch.eye,
    "np.concatenate": _Torch.concatenated,
    "np.outer": _Torch.outer,
    "np.broadcast_to": _Torch.broadcast,
    "np.shape": _Torch.shape,
    "np.array": _Torch.array,
    "sigmoid": _Torch.sigmoid,
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp"), _Torch.along_last),
    "erf": _Torch.unary,
    "scatter_add": _Torch.own,
}

_TORCH_HELPERS = {
    "scatter_add": (
        "def scatter_add(rows, at, size):",
        "    return rows.new_zeros((size,) + rows.shape[1:]).index_add_(0, at, rows)",
    ),
}

_JAX_OWN = {
    "scatter_add": (
        "def scatter_add(rows, at, size):",
        "    return jnp.zeros((size,) + rows.shape[1:], rows.dtype).at[at].add(rows)",
    ),
}
"""What JAX has no function for."""

DIALECTS: dict[str, Dialect] = {
    "numpy": Dialect(
        "numpy", "NumPy", "np", {"math": "import math", "np": "import numpy as np"}, "np.ndarray", _NUMPY_HELPERS,
        lambda node, place: node,
    ),
    "torch": Dialect(
        "torch", "PyTorch", "torch", {"math": "import math", "torch": "import torch"}, "torch.Tensor",
        _TORCH_HELPERS, _torch,
    ),
    "jax": Dialect(
        "jax", "JAX", "jnp",
        {"math": "import math", "jax": "import jax", "jnp": "import jax.numpy as jnp"}, "jax.Array", _JAX_OWN, _jax,
    ),
}  # fmt: skip
