"""The author's equations in PyTorch, and their gradients by autograd: a judge that shares nothing with the engine.

It reads the expressions that the reader made of the author's text, never terms or derivatives.  Every index letter of
an equation has an axis of its own in front of the positional axes, of length one where a value does not depend on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from unrolled import members, unrolled

from backsym.core.dims import amount, value_of
from backsym.core.expr import (
    Add,
    Cmp,
    Concat,
    Const,
    Delta,
    Dim,
    Div,
    Entry,
    Expr,
    Eye,
    Fn,
    IndexReduce,
    Ix,
    Label,
    MatMul,
    Member,
    Mul,
    Neg,
    Num,
    OneHot,
    Ones,
    Pow,
    Reduce,
    Reshape,
    Shift,
    Size,
    Slice,
    Started,
    Sym,
    T,
    Zeros,
    is_last,
    letters_of,
    names_in,
    walk,
)
from backsym.core.problem import NodeEquation, Problem
from backsym.numeric.abstract import SmoothFunction, SmoothLoss
from backsym.numeric.evaluate import Env

Tensor = torch.Tensor


def forward_and_gradients(problem: Problem, env: Env) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The value of every node, and the gradient of the loss by every node and leaf, at the leaves of ``env``."""
    tensors: dict[str, Tensor] = {}
    for name in problem.symbols:
        if name not in problem.by_name:
            tensors[name] = torch.tensor(np.asarray(env.values[name], dtype=float), requires_grad=True)
    for eq in unrolled(problem, env.dims):
        # A product with one makes a node of its own, also where an equation only renames another quantity.
        tensors[eq.name] = _node(eq, tensors, env) * 1.0
    loss = tensors[problem.loss].reshape(())
    if not loss.requires_grad:
        gradients: Sequence[Tensor | None] = [None] * len(tensors)
    else:
        gradients = torch.autograd.grad(loss, list(tensors.values()), allow_unused=True)
    values = {name: tensors[name].detach().numpy() for name in problem.by_name}
    slopes = {
        name: np.zeros(tuple(x.shape)) if g is None else g.numpy()
        for (name, x), g in zip(tensors.items(), gradients, strict=True)
    }
    slopes |= {name: np.stack([slopes[part] for part in parts]) for name, parts in members(problem, env.dims).items()}
    slopes[problem.loss] = np.ones(tuple(tensors[problem.loss].shape))
    return values, slopes


def total(problem: Problem, env: Env, of: str, by: tuple[str, ...]) -> np.ndarray:
    """The derivative of a node by one quantity, the axes of the node first, or its second derivative by two."""
    leaves = {
        name: torch.tensor(np.asarray(env.values[name], dtype=float))
        for name in {*problem.symbols} - {*problem.by_name} | {*by}
    }

    def value(*moved: Tensor) -> Tensor:
        tensors = leaves | dict(zip(by, moved, strict=True))
        for eq in unrolled(problem, env.dims):
            if eq.name not in by:
                tensors[eq.name] = _node(eq, tensors, env)
        return tensors[of]

    if len(by) == 1:
        return torch.func.jacrev(value)(leaves[by[0]]).numpy()
    first, second = (leaves[name] for name in by)
    if by[0] == by[1]:
        return torch.func.jacrev(torch.func.jacrev(lambda x: value(x, x).reshape(())))(first).numpy()
    slope = torch.func.jacrev(lambda x, y: value(x, y).reshape(()), argnums=1)
    return (
        torch.func.jacrev(slope, argnums=0)(first, second)
        .movedim(list(range(second.ndim)), list(range(-second.ndim, 0)))
        .numpy()
    )


def _node(eq: NodeEquation, tensors: Mapping[str, Tensor], env: Env) -> Tensor:
    judge = _Judge(eq, tensors, env)
    value = judge.value(eq.rhs)
    sizes = judge.sizes(eq.shape)
    if not eq.indices:
        return value.reshape(value.shape[judge.lead :]).broadcast_to(judge.sizes(eq.rhs.shape)).reshape(sizes)
    # Entries that are 1x1 matrices count as the scalars they hold.
    value = value.reshape(value.shape[: judge.lead])
    full = value.broadcast_to([n if ix in eq.indices else 1 for ix, n in judge.letters.items()])
    kept = [ix for ix in judge.letters if ix in eq.indices]
    full = full.reshape([judge.letters[ix] for ix in kept])
    return full.permute([kept.index(ix) for ix in eq.indices]).reshape(sizes)


class _Judge:
    """Evaluates one equation; ``letters`` are its index letters with the lengths of their axes."""

    def __init__(self, eq: NodeEquation, tensors: Mapping[str, Tensor], env: Env):
        self.tensors, self.env = tensors, env
        found: dict[Ix, None] = dict.fromkeys(eq.indices)
        for node in walk(eq.rhs):
            if isinstance(node, (Entry, Member)):
                found.update(dict.fromkeys(letter for ix in node.indices for letter in letters_of(ix)))
            elif isinstance(node, Delta):
                found.update(dict.fromkeys(letter for ix in (node.i, node.j) for letter in letters_of(ix)))
            elif isinstance(node, IndexReduce):
                found.update(dict.fromkeys(node.indices))
        self.letters = {ix: self.size(ix.dim) for ix in found if not ix.fixed}
        self.places = {ix: n for n, ix in enumerate(self.letters)}

    @property
    def lead(self) -> int:
        return len(self.letters)

    def size(self, dim: Dim) -> int:
        return value_of(amount(dim), self.env.dims.__getitem__)

    def sizes(self, shape: Sequence[Dim]) -> list[int]:
        return [self.size(d) for d in shape]

    def value(self, e: Expr) -> Tensor:
        return _RULES[type(e)](self, e)

    def plain(self, x: Tensor) -> Tensor:
        """A value that depends on no letter."""
        return x.reshape([1] * self.lead + list(x.shape))

    def number(self, x: float) -> Tensor:
        return self.plain(torch.tensor(float(x), dtype=torch.float64))

    def position(self, ix: Ix, rank: int) -> Tensor:
        """The 0-based positions that an index takes, along the axes of its letters."""
        if isinstance(ix, Shift):
            whole = [value_of(factor, self.env.dims.__getitem__) for factor in (ix.offset, *(f for _, f in ix.parts))]
            places = [f * (self.position(letter, rank) + 1) for f, (letter, _) in zip(whole[1:], ix.parts, strict=True)]
            return sum(places, torch.zeros([1] * rank, dtype=torch.long)) + whole[0] - 1
        if is_last(ix):
            return torch.zeros([1] * rank, dtype=torch.long) + (self.size(ix.dim) - 1)
        if isinstance(ix, Label):
            classes = self.tensors[ix.name].detach().round().long()
            return classes[tuple(self.position(inner, rank) for inner in ix.at)]
        if ix.fixed:
            return torch.zeros([1] * rank, dtype=torch.long) + (int(ix.letter) - 1)
        shape = [1] * rank
        shape[self.places[ix]] = self.letters[ix]
        return torch.arange(self.letters[ix]).reshape(shape)

    def together(self, args: Sequence[Expr]) -> list[Tensor]:
        """Values whose positional axes are aligned at the end, as NumPy does, whatever is in front."""
        values = [self.value(a) for a in args]
        rank = max(x.ndim for x in values)
        return [x.reshape([*x.shape[: self.lead], *[1] * (rank - x.ndim), *x.shape[self.lead :]]) for x in values]


def _folded(op: Callable[[Tensor, Tensor], Tensor]) -> Callable[[_Judge, Any], Tensor]:
    def rule(j: _Judge, e: Add | Mul) -> Tensor:
        first, *rest = j.together(e.args)
        for x in rest:
            first = op(first, x)
        return first

    return rule


def _div(j: _Judge, e: Div) -> Tensor:
    a, b = j.together((e.num, e.den))
    return a / b


def _pow(j: _Judge, e: Pow) -> Tensor:
    if isinstance(e.exp, Num):
        return j.value(e.base) ** float(e.exp.value)
    a, b = j.together((e.base, e.exp))
    return a**b


def _columns(x: Tensor, lead: int) -> Tensor:
    return x.reshape([*x.shape, *[1] * (2 - (x.ndim - lead))])


def _matmul(j: _Judge, e: MatMul) -> Tensor:
    total = _columns(j.value(e.args[0]), j.lead)
    for arg in e.args[1:]:
        total = total @ _columns(j.value(arg), j.lead)
    return total.reshape([*total.shape[: j.lead], *j.sizes(e.shape)])


def _transpose(j: _Judge, e: T) -> Tensor:
    x = j.value(e.arg)
    if x.ndim - j.lead == 1:
        return x.unsqueeze(-2)
    return x.transpose(-1, -2) if x.ndim - j.lead == 2 else x


def _reshape(j: _Judge, e: Reshape) -> Tensor:
    x = j.value(e.arg)
    return x.reshape([*x.shape[: j.lead], *j.sizes(e.to)])


_COMPARE = {">": torch.gt, ">=": torch.ge, "<": torch.lt, "<=": torch.le, "==": torch.eq, "!=": torch.ne}


def _cmp(j: _Judge, e: Cmp) -> Tensor:
    a, b = j.together((e.a, e.b))
    return _COMPARE[e.op](a, b).double()


def _first(x: Tensor, axes: list[int], sign: int) -> Tensor:
    """The maximum (sign 1) or minimum (-1) over axes, as the entry at its first position: autograd splits ties."""
    rest = [n for n in range(x.ndim) if n not in axes]
    flat = x.permute(rest + axes).reshape([*(x.shape[n] for n in rest), -1])
    # The first position: autograd splits ties.
    largest = sign * flat >= torch.amax(sign * flat, dim=-1, keepdim=True)
    first = largest & (torch.cumsum(largest.long(), dim=-1) == 1)
    picked = torch.where(first, flat, 0.0).sum(-1)
    return picked.reshape([1 if n in axes else x.shape[n] for n in range(x.ndim)])


_REDUCE: dict[str, Callable[[Tensor, list[int]], Tensor]] = {
    "sum": lambda x, axes: x.sum(axes, keepdim=True),
    "mean": lambda x, axes: x.mean(axes, keepdim=True),
    "max": lambda x, axes: _first(x, axes, 1),
    "min": lambda x, axes: _first(x, axes, -1),
}


def _reduce(j: _Judge, e: Reduce) -> Tensor:
    x = j.value(e.arg)
    rank = x.ndim - j.lead
    axes = list(range(rank)) if e.axis is None else [e.axis % rank]
    out = _REDUCE[e.op](x, [j.lead + n for n in axes]) if axes else x
    return out.reshape([*out.shape[: j.lead], *j.sizes(e.shape)])


def _index_reduce(j: _Judge, e: IndexReduce) -> Tensor:
    x = j.value(e.body)
    axes = [j.places[ix] for ix in e.indices]
    shape = list(x.shape)
    for ix, n in zip(e.indices, axes, strict=True):
        shape[n] = j.letters[ix]
    return _REDUCE[e.op](x.broadcast_to(shape), axes)


def _with_starts(j: _Judge, base: Expr) -> tuple[Tensor, int]:
    """An array whose entries are picked, below its starts if it has any, and how many they are."""
    if not isinstance(base, Started):
        return j.value(base), 0
    starts = [j.value(start).unsqueeze(j.lead) for start in reversed(base.starts)]
    return torch.cat([*starts, j.value(Sym(base.name, base.declared))], dim=j.lead), len(starts)


def _entry(j: _Judge, e: Entry) -> Tensor:
    x, before = _with_starts(j, e.base)
    own = [
        torch.arange(n).reshape([n if m == place else 1 for m in range(j.lead)])
        for place, n in enumerate(x.shape[: j.lead])
    ]
    places = [j.position(ix, j.lead) for ix in e.indices]
    places[0] = places[0] + before
    inside = torch.tensor(True)
    for place, size in zip(places, x.shape[j.lead :], strict=True):
        inside = inside & (place >= 0) & (place < size)
    within = [place.clamp(0, size - 1) for place, size in zip(places, x.shape[j.lead :], strict=True)]
    # An entry outside the array counts as zero.
    return torch.where(inside, x[tuple(own + within)], 0.0)


def _member(j: _Judge, e: Member) -> Tensor:
    x, before = _with_starts(j, e.base)
    own = [
        torch.arange(n).reshape([n if m == place else 1 for m in range(j.lead)])
        for place, n in enumerate(x.shape[: j.lead])
    ]
    picked = [j.lead + n for n, ix in enumerate(e.places) if ix is not None]
    kept = [j.lead + n for n, ix in enumerate(e.places) if ix is None]
    places = [j.position(ix, j.lead) for ix in e.indices]
    places[0] = places[0] + before
    return x.permute([*range(j.lead), *picked, *kept])[tuple(own + places)]


def _slice(j: _Judge, e: Slice) -> Tensor:
    first, last = (value_of(a, j.env.dims.__getitem__) for a in (e.first, e.last))
    x = j.value(e.arg).narrow(j.lead + e.axis, first - 1, last - first + 1)
    return x.reshape([*x.shape[: j.lead], *j.sizes(e.shape)])


def _concat(j: _Judge, e: Concat) -> Tensor:
    parts = [(j.value(arg), j.sizes(arg.shape or (1,))) for arg in e.args]
    lead = torch.broadcast_shapes(*(x.shape[: j.lead] for x, _ in parts))
    whole = [x.reshape([*x.shape[: j.lead], *own]).broadcast_to([*lead, *own]) for x, own in parts]
    return torch.cat(whole, dim=j.lead + e.axis)


def _delta(j: _Judge, e: Delta) -> Tensor:
    same = (j.position(e.i, j.lead) == j.position(e.j, j.lead)).double()
    return same if e.equal else 1.0 - same


def _one_hot(j: _Judge, e: OneHot) -> Tensor:
    (name,) = names_in(e.labels)
    classes = j.tensors[name].detach().round().long()
    if isinstance(e.labels, Entry):
        classes = classes[tuple(j.position(ix, j.lead) for ix in e.labels.indices)]
        return torch.nn.functional.one_hot(classes, j.size(e.of)).double()
    return j.plain(torch.nn.functional.one_hot(classes, j.size(e.of)).double())


# --- functions -------------------------------------------------------------------------------------------------------

_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "sin": torch.sin,
    "cos": torch.cos,
    "sign": torch.sign,
    "erf": torch.erf,
    "tanh": torch.tanh,
    "cosh": torch.cosh,
    "sinh": torch.sinh,
    "sech": lambda x: 1 / torch.cosh(x),
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda x, a: torch.where(x > 0, x, a * x),
    "elu": lambda x, a: torch.where(x > 0, x, a * torch.expm1(torch.where(x > 0, 0 * x, x))),
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "max": lambda x, y: torch.where(x >= y, x, y),
    "min": lambda x, y: torch.where(x <= y, x, y),
    "pow": torch.pow,
    "tan": torch.tan,
    "arctan": torch.arctan,
    "step": lambda x: (x > 0).double(),
    "clip": lambda x, a, b: torch.minimum(torch.maximum(x, a), b),
}

_MATRICES: dict[str, Callable[..., Tensor]] = {
    "inv": torch.linalg.inv,
    "solve": lambda a, b: torch.linalg.inv(a) @ b if b.ndim == a.ndim else (torch.linalg.inv(a) @ b[..., None])[..., 0],
    "det": torch.linalg.det,
    "logdet": lambda a: torch.log(torch.abs(torch.linalg.det(a))),
    "kron": lambda a, b: torch.kron(a.contiguous(), b.contiguous()),
    "cumsum": lambda x: torch.cumsum(x, -1),
    "matrix_power": lambda a, n: torch.linalg.matrix_power(a, int(n)),
}

_ROWS: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
    "logsumexp": lambda x: torch.logsumexp(x, -1),
}


def _function(j: _Judge, e: Fn) -> Tensor:
    if e.order:
        raise TypeError("an author's equation holds no derivative")
    instance = j.env.functions.get(e.name)
    if isinstance(instance, SmoothFunction):
        (x,) = j.together(e.args)
        return instance.a * torch.sin(instance.b * x + instance.c) + instance.d * x
    if isinstance(instance, SmoothLoss):
        return _abstract_loss(j, instance, *[j.value(a) for a in e.args])
    if e.name in _MATRICES:
        args = [j.value(a) for a in e.args]
        return _MATRICES[e.name](*args)
    if e.name in ("prod", "var", "std"):
        x = j.value(e.args[0]).flatten(j.lead)
        return x.prod(-1) if e.name == "prod" else torch.var(x, -1, correction=0) ** {"var": 1, "std": 0.5}[e.name]
    if e.name in _ROWS:
        x = _ROWS[e.name](j.value(e.args[0]))
        return x.reshape([*x.shape[: j.lead], *j.sizes(e.shape)])
    if e.name in ("norm", "trace", "diag"):
        return _array_function(j, e)
    return _FUNCTIONS[e.name](*j.together(e.args))


def _array_function(j: _Judge, e: Fn) -> Tensor:
    x = j.value(e.args[0])
    axes = list(range(j.lead, x.ndim))
    if e.name == "norm":
        # Whose slope at zero counts as zero, so that the square of a norm has its own there.
        return torch.linalg.vector_norm(x, dim=axes) if axes else torch.abs(x)
    if e.name == "diag" and len(axes) == 1:
        return torch.diag_embed(x)
    diagonal = torch.diagonal(x, dim1=-2, dim2=-1)
    return diagonal.sum(-1) if e.name == "trace" else diagonal


def _abstract_loss(j: _Judge, instance: SmoothLoss, y: Tensor, *others: Tensor) -> Tensor:
    """The formula that the class documents; its arguments depend on no letter."""

    def weights(count: int, salt: float) -> Tensor:
        return 0.6 + 0.3 * torch.sin(1.7 * torch.arange(count, dtype=torch.float64) + instance.shift + salt)

    y = y.reshape(-1)
    s = sum(((weights(o.numel(), 2.0 + n) * o.reshape(-1)).sum() for n, o in enumerate(others)), torch.tensor(0.0))
    u = (weights(y.numel(), 0.0) * y).sum() + s
    inner = instance.beta * y + instance.gamma * s
    return j.plain(torch.sin(u) + (weights(y.numel(), 1.0) * torch.sin(inner)).sum())


_CONSTANTS = {"pi": math.pi, "e": math.e}

_RULES: dict[type[Expr], Callable[[_Judge, Any], Tensor]] = {
    Num: lambda j, e: j.number(float(e.value)),
    Const: lambda j, e: j.number(_CONSTANTS[e.name]),
    Size: lambda j, e: j.number(j.size(e.dim)),
    Sym: lambda j, e: j.plain(j.tensors[e.name]),
    Ones: lambda j, e: j.plain(torch.ones(j.sizes(e.of), dtype=torch.float64)),
    Zeros: lambda j, e: j.plain(torch.zeros(j.sizes(e.of), dtype=torch.float64)),
    Eye: lambda j, e: j.plain(torch.eye(j.size(e.dim), dtype=torch.float64)),
    Add: _folded(lambda a, b: a + b),
    Mul: _folded(lambda a, b: a * b),
    Neg: lambda j, e: -j.value(e.arg),
    Div: _div,
    Pow: _pow,
    MatMul: _matmul,
    Member: _member,
    Slice: _slice,
    Concat: _concat,
    T: _transpose,
    Reshape: _reshape,
    Cmp: _cmp,
    Reduce: _reduce,
    IndexReduce: _index_reduce,
    Entry: _entry,
    Delta: _delta,
    OneHot: _one_hot,
    Fn: _function,
}
