"""Random small networks about shapes: axes of length one, columns, rows, positions, shifts up to six, kinks.

The same seed gives the same network, as a problem mapping.  Expressions are made for a wanted shape; what they need is
declared as they need it.  Axes of one length are written ``1`` and are as likely as named ones, because that is where
rows, columns and numbers are told apart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

Dim = str | int
Shape = tuple[Dim, ...]
Network = dict[str, Any]

DIMS = ("N", "M", "K")
LETTERS = {"N": "n", "M": "m", "K": "k"}
SMOOTH = ("tanh", "sigmoid", "sin", "cos", "softplus", "exp", "erf", "silu", "square")
KINKED = ("relu", "abs", "elu", "leaky_relu")

MOST_SHIFTED = 6
"""Entries are taken at most so many places away."""


def network(seed: int) -> Network:
    """The network of a seed."""
    return _Maker(seed).make()


class _Maker:
    def __init__(self, seed: int):
        self.r = random.Random(seed)
        self.shapes: dict[str, Shape] = {}
        self.symbols: dict[str, Any] = {}
        self.forward: list[str] = []
        self.used: set[str] = set()
        self.nodes: list[str] = []
        self.depth = self.r.choice((1, 2, 2, 3))

    def make(self) -> Network:
        for _ in range(self.r.randint(1, 3)):
            if self.chance(0.35):
                self.by_entries()
            else:
                self.whole()
        self.close()
        # Some rules declare a quantity and then do not use it.
        words = set(re.findall(r"\w+", " ".join(self.forward)))
        return {
            "dims": {d: f"D_{d}" for d in DIMS},
            "indices": {ix: d for d, ix in LETTERS.items()},
            "symbols": {name: entry for name, entry in self.symbols.items() if name in words},
            "forward": self.forward,
        }

    # --- drawing ---

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def pick(self, rules: Sequence[tuple[float, Callable[[], str]]]) -> str:
        return self.r.choices([f for _, f in rules], [w for w, _ in rules])[0]()

    def dim(self) -> Dim:
        return self.r.choice(DIMS)

    def shape(self) -> Shape:
        """A shape; half of the matrices are rows or columns."""
        rank = self.r.choice((0, 1, 1, 2, 2, 2))
        shape = [self.dim() for _ in range(rank)]
        if rank == 2 and self.chance(0.5):
            shape[self.r.randrange(2)] = 1
        return tuple(shape)

    def leaf(self, shape: Shape) -> str:
        """A quantity of this shape: one there is, or a new one."""
        known = [name for name, s in self.shapes.items() if s == shape]
        waiting = [name for name in known if name in self.nodes and name not in self.used]
        if waiting and self.chance(0.8):
            name = self.r.choice(waiting)
        elif known and self.chance(0.4):
            name = self.r.choice(known)
        else:
            name = self.declare(shape)
        self.used.add(name)
        return name

    def declare(self, shape: Shape, **facts: Any) -> str:
        name = f"{self.r.choice({0: 'abc', 1: 'uvx', 2: 'AWX', 3: 'Q'}[len(shape)])}{len(self.shapes)}"
        if shape == () and self.chance(0.15):
            shape = (1,)
        self.shapes[name] = shape
        self.symbols[name] = {"shape": list(shape), **facts}
        return name

    def define(self, shape: Shape, text: str, letters: Sequence[str] = ()) -> None:
        name = f"{self.r.choice({0: 's', 1: 'zh', 2: 'SZ'}[len(shape)])}{len(self.shapes)}"
        self.forward.append(f"{name}[{','.join(letters)}] = {text}" if letters else f"{name} = {text}")
        self.shapes[name] = shape
        self.nodes.append(name)

    def number(self) -> str:
        return self.r.choice(("2", "3", "0.5", "1/3", "1"))

    def called(self, e: str) -> str:
        name = self.r.choice(SMOOTH if self.chance(0.6) else KINKED)
        if name in ("elu", "leaky_relu") and self.chance(0.6):
            return f"{name}({e}, {self.r.choice(('0.1', '0.2', '1/4'))})"
        return f"{name}(sin({e}))" if name == "exp" else f"{name}({e})"

    def positive(self, e: str) -> str:
        return self.r.choice(
            ("(1 + ({})**2)", "(2 + tanh({}))", "exp(sin({}))", "softplus({})", "(1 + abs({}))")
        ).format(e)

    def larger(self, pair: Sequence[str]) -> str:
        """The larger or the smaller of two; of one and the same there is none."""
        first, second = pair
        return f"{self.r.choice(('max', 'min'))}({first}, {second})" if first != second else first

    def indicator(self, first: str, second: str) -> str:
        return f"[{first} {self.r.choice(('>', '<='))} {second if second != first else '1'}]"

    # --- whole arrays ---

    def whole(self) -> None:
        shape = self.shape()
        self.define(shape, self.array(shape, self.depth))

    def array(self, shape: Shape, d: int) -> str:
        """An expression of this shape."""
        if d <= 0:
            return self.leaf(shape)
        d -= 1
        rules: list[tuple[float, Callable[[], str]]] = [
            (1, lambda: self.leaf(shape)),
            (3, lambda: self.r.choice(("({} + {})", "({} - {})")).format(*self.pair(shape, d))),
            (2, lambda: "({}*{})".format(*self.pair(shape, d))),
            (1, lambda: f"({self.array(shape, d)}/{self.positive(self.operand(shape, d))})"),
            (1, lambda: f"({self.operand_of(shape, d)}/{self.positive(self.array(shape, d))})"),
            (2.5, lambda: self.called(self.array(shape, d))),
            (0.8, lambda: f"(({self.array(shape, d)})**{self.r.choice('23')})"),
            (0.7, lambda: self.larger(self.pair(shape, d))),
            (0.4, lambda: f"pow({self.positive(self.array(shape, d))}, {self.operand_of(shape, d)})"),
            (0.4, lambda: f"({self.indicator(self.leaf(shape), self.operand(shape, 0))}*{self.array(shape, d)})"),
            (0.3, lambda: f"(-{self.array(shape, d)})"),
        ]
        if len(shape) == 0:
            rules += [(4, lambda: self.scalar(d))]
        elif len(shape) == 1:
            rules += self.vector_rules(shape[0], d)
        else:
            rules += self.matrix_rules(shape, d)
        return self.pick(rules)

    def operand(self, shape: Shape, d: int) -> str:
        """Something that broadcasts to this shape."""
        if self.chance(0.15):
            return self.number()
        return self.operand_of(shape, d)

    def operand_of(self, shape: Shape, d: int) -> str:
        options: list[Shape] = [shape, shape]
        if shape:
            options.append(())
        if len(shape) == 2:
            n, k = shape
            options += [(1, k), (n, 1), (k,)] if n != 1 and k != 1 else []
        return self.array(self.r.choice(options), d)

    def pair(self, shape: Shape, d: int) -> list[str]:
        """Two operands that broadcast to this shape together: often a column and a row."""
        if len(shape) == 2 and 1 not in shape and self.chance(0.4):
            n, k = shape
            both = [self.array((n, 1), d), self.array(self.r.choice(((1, k), (k,))), d)]
        else:
            both = [self.array(shape, d), self.operand(shape, d)]
        self.r.shuffle(both)
        return both

    def product(self, n: Dim, k: Dim, d: int) -> str:
        inner: Dim = 1 if self.chance(0.3) else self.dim()
        return f"({self.array((n, inner), d)} @ {self.array((inner, k), d)})"

    def reduced(self, shape: Shape, axis: int, d: int, keep: bool = False) -> str:
        op = self.r.choice(("sum", "mean", "max", "min"))
        return f"{op}({self.array(shape, d)}, axis={axis}{', keepdims=True' if keep else ''})"

    def vector_rules(self, k: Dim, d: int) -> list[tuple[float, Callable[[], str]]]:
        other = self.dim()
        return [
            (2, lambda: f"({self.array((k, other), d)} @ {self.array((other,), d)})"),
            (1, lambda: f"({self.array((k, 1), d)} @ {self.array((), d)})"),
            (1, lambda: self.reduced((k, other), 1, d)),
            (1, lambda: self.reduced((other, k), 0, d)),
            (0.6, lambda: self.reduced((1, k), 0, d)),
            (0.6, lambda: self.reduced((k, 1), 1, d)),
            (0.5, lambda: f"softmax({self.array((k,), d)})"),
            (0.3, lambda: f"logsumexp({self.array((k, other), d)})"),
            (0.3, lambda: f"log_softmax({self.array((k,), d)})"),
            (0.3, lambda: f"max({self.array((k,), d)} @ {self.leaf((1,))}.T, axis=1)"),
        ]

    def matrix_rules(self, shape: Shape, d: int) -> list[tuple[float, Callable[[], str]]]:
        n, k = shape
        rules: list[tuple[float, Callable[[], str]]] = [
            (2, lambda: f"{self.array((k, n), d)}.T"),
            (2, lambda: self.product(n, k, d)),
        ]
        if n == 1:
            rules += [
                (1, lambda: f"{self.array((k,), d)}.T"),
                (1, lambda: self.reduced((self.dim(), k), 0, d, keep=True)),
            ]
        if k == 1:
            rules += [(1, lambda: self.reduced((n, self.dim()), 1, d, keep=True))]
        if 1 not in shape:
            other = (n,), (k,)
            rules += [
                (1, lambda: f"outer({self.array(other[0], d)}, {self.array(other[1], d)})"),
                (1, lambda: f"({self.array(other[0], d)} @ {self.array(other[1], d)}.T)"),
                (1, lambda: f"softmax({self.array(shape, d)})"),
                (0.3, lambda: f"({self.array(shape, d)} + ({self.array((k,), d)}/{self.positive(self.leaf(()))}).T)"),
            ]
        if n == k and n != 1:
            rules += [(0.5, lambda: f"diag({self.array((n,), d)})")]
        return rules

    def scalar(self, d: int) -> str:
        k, n = self.dim(), self.dim()
        shape = self.shape() or (k,)
        return self.pick([
            (2, lambda: f"{self.r.choice(('sum', 'mean', 'max', 'min'))}({self.array(shape, d)})"),
            (1, lambda: f"({self.array((k,), d)}.T @ {self.array((k,), d)})"),
            (1, lambda: f"({self.array((1, k), d)} @ {self.array((k, 1), d)})"),
            (1, lambda: f"({self.array((1, k), d)} @ {self.array((k,), d)})"),
            (1, lambda: f"({self.leaf((1, k))} @ {self.leaf((k, n))} @ {self.array((n,), d)})"),
            (2, lambda: f"{self.leaf((k,))}[{self.position()}]"),
            (1.5, lambda: f"{self.leaf((k, n))}[{self.position()},{self.position()}]"),
            (0.5, lambda: f"{self.leaf((k, 1))}[{self.position()},1]"),
            (0.5, lambda: f"norm({self.array(shape, d)})"),
            (0.5, lambda: f"logsumexp({self.array((k,), d)})"),
        ])  # fmt: skip

    def position(self) -> int:
        return self.r.choice((1, 1, 2, 2, 3, 4, 5, MOST_SHIFTED))

    # --- entries ---

    def by_entries(self) -> None:
        dims = [self.dim() for _ in range(self.r.choice((0, 1, 1, 1, 2)))]
        scope: dict[str, Dim] = {}
        for dim in dims:
            letter = LETTERS[str(dim)]
            while letter in scope:
                letter += "'"
            scope[letter] = dim
        text = self.entry(scope, self.depth)
        self.define(tuple(dims), text, list(scope))

    def shifted(self, letter: str, dim: Dim) -> str:
        """An index made of a letter: itself, or some places away."""
        if not self.chance(0.45):
            return letter
        by = self.r.randint(1, MOST_SHIFTED)
        forms = (f"{letter}-{by}", f"{letter}+{by}", f"{letter}-1", f"2*{letter}-1", f"{letter}+1")
        return self.r.choice(forms)

    def atom(self, scope: dict[str, Dim]) -> str:
        """An entry in the letters of the scope, at places away from them, or at a position."""
        rank = self.r.choice((0, 1, 1, 1, 2))
        indices, shape = [], []
        for _ in range(rank):
            if not scope or self.chance(0.15):
                shape.append(1 if self.chance(0.3) else self.dim())
                indices.append("1" if shape[-1] == 1 else str(self.position()))
                continue
            letter = self.r.choice(list(scope))
            shape.append(scope[letter])
            indices.append(self.shifted(letter, scope[letter]))
        name = self.leaf(tuple(shape))
        if not indices and self.shapes[name] == (1,):
            return f"{name}[1]"
        return f"{name}[{','.join(indices)}]" if indices else name

    def entry(self, scope: dict[str, Dim], d: int) -> str:
        if d <= 0:
            return self.atom(scope)
        d -= 1
        return self.pick([
            (1, lambda: self.atom(scope)),
            (2, lambda: f"({self.entry(scope, d)} {self.r.choice('+-')} {self.entry(scope, d)})"),
            (2, lambda: f"({self.entry(scope, d)}*{self.entry(scope, d)})"),
            (1, lambda: f"({self.entry(scope, d)}/{self.positive(self.entry(scope, d))})"),
            (2, lambda: self.called(self.entry(scope, d))),
            (3, lambda: self.summed(scope, d)),
            (0.7, lambda: self.larger([self.entry(scope, d), self.entry(scope, 0)])),
            (0.4, lambda: f"({self.indicator(self.atom(scope), self.number())}*{self.entry(scope, d)})"),
        ])  # fmt: skip

    def summed(self, scope: dict[str, Dim], d: int) -> str:
        """A sum over a new letter: a convolution, a product, a row function."""
        dim = self.dim()
        letter = LETTERS[str(dim)]
        while letter in scope:
            letter += "'"
        inside = {**scope, letter: dim}
        plain = f"{self.leaf((dim,))}[{letter}]"
        if scope and self.chance(0.3):
            out = self.r.choice(list(scope))
            moved = (
                f"{self.leaf((scope[out],))}[{out}{self.r.choice(('+', '-'))}{letter}{self.r.choice(('', '-1', '+1'))}]"
            )
            return f"sum({plain}*{moved}, {letter})"
        op = self.r.choice(("sum", "sum", "mean", "max", "min"))
        return f"{op}({plain}*{self.entry(inside, d)}, {letter})"

    # --- the loss ---

    def close(self) -> None:
        """A loss of all that nothing consumes, itself of rows and columns now and then."""
        waiting = [name for name in self.nodes if name not in self.used] or [self.nodes[-1]]
        self.forward.append("L = " + " + ".join(self.loss_of(name) for name in waiting))

    def loss_of(self, name: str) -> str:
        shape = self.shapes[name]
        if not shape:
            return self.r.choice((f"{name}**2", f"tanh({name})", f"{name}"))
        if len(shape) == 2 and self.chance(0.3):
            n, k = shape
            both_sides = f"sum({self.leaf((1, n))} @ {name} @ {self.leaf((k, 1))})"
            return both_sides if self.chance(0.5) else f"sum(tanh({name} @ {self.leaf((k,))}))"
        target = self.declare(shape, role="target")
        squares = f"sum(({name} - {target})**2)", f"squared_error({name}, {target})"
        return self.r.choice((*squares, f"mean(sin({name})*{target})"))
