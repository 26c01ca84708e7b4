"""Random small networks as problem mappings: the same seed gives the same network.

Equations are made goal first: a rule is drawn for the wanted shape (or, entry by entry, for the letters in scope) and
asks for its operands in turn.  Leaves are declared when a rule needs one, so that every declared quantity is used.  All
that nothing else consumes goes into the loss.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

Dim = str | int
Shape = tuple[Dim, ...]
Network = dict[str, Any]

DIMS = ("N", "D", "H", "K")
LETTERS = {"N": "n", "D": "d", "H": "h", "K": "k"}
LEVELS = ("scalar", "entries", "vector", "batch", "mixed")

SMOOTH = ("tanh", "sigmoid", "softplus", "silu", "gelu", "sin", "cos", "exp", "erf", "square", "sinh", "cosh", "sech")
TRICKY = (
    "n", "d", "h", "k", "i", "E", "I", "T", "pi", "e", "np", "math", "lambda", "d_x", "dx", "theta_1", "x_prime", "in",
    "delta_", "S", "nabla", "Sigma", "psi1", "loss1", "one", "dim", "W_",
)  # fmt: skip

KINKED = ("relu", "leaky_relu", "elu", "abs")


def network(seed: int) -> Network:
    """The network of a seed."""
    return _Maker(seed).make()


class _Maker:
    def __init__(self, seed: int):
        self.r = random.Random(seed)
        self.level = LEVELS[seed % len(LEVELS)]
        self.shapes: dict[str, Shape] = {}
        self.symbols: dict[str, Any] = {}
        self.forward: list[str] = []
        self.used: set[str] = set()
        self.abstract: list[str] = []
        self.nodes: list[str] = []
        self.probabilities: list[str] = []
        self.count = 0
        dims: list[Dim] = self.r.sample(DIMS, self.r.randint(2, 3))
        self.fixed = {}
        if self.r.random() < 0.2:
            self.fixed = {str(self.r.choice(dims)): self.r.choice((2, 3))}
        if self.r.random() < 0.15:
            dims.append(3)
        self.dims = dims
        self.allow_abstract = self.r.random() < 0.2
        self.depth = self.r.choice((1, 1, 2, 2, 3))

    def make(self) -> Network:
        for _ in range(self.r.randint(1, 6)):
            self.equation()
        self.close()
        if self.chance(0.15):
            self.rename()
        # Some rules draw a quantity and then do not use it.
        words = set(re.findall(r"\w+", " ".join(self.forward)))
        self.symbols = {name: entry for name, entry in self.symbols.items() if name in words}
        result: Network = {"symbols": self.symbols, "forward": self.forward}
        if not self.symbols:
            del result["symbols"]
        if self.level != "scalar":
            # A dimension may occur only in ones(D), or as the range of a letter.
            result["dims"] = {d: self.fixed.get(d, f"D_{d}") for d in DIMS if d in self.dims}
        if self.level in ("entries", "mixed"):
            result["indices"] = {LETTERS[d]: d for d in DIMS if d in self.dims}
        if self.abstract:
            result["functions"] = dict.fromkeys(self.abstract, "abstract")
        if self.r.random() < 0.15:
            mode = self.r.choice(("prime", "by_node", "formula"))
            result["derivatives"] = {self.r.choice(("sigmoid", "tanh", "relu", "exp", "softplus")): mode}
        return result

    def rename(self) -> None:
        """One quantity with a name that could be taken for something else."""
        old = self.r.choice(list(self.shapes))
        new = self.r.choice(TRICKY)
        if new in self.dims or new == "L":
            return
        self.forward = [re.sub(rf"\b{old}\b", new, text) for text in self.forward]
        self.symbols = {new if name == old else name: entry for name, entry in self.symbols.items()}
        self.shapes = {new if name == old else name: shape for name, shape in self.shapes.items()}

    # --- drawing ---

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def pick(self, rules: Sequence[tuple[float, Callable[[], str]]]) -> str:
        rule = self.r.choices([f for _, f in rules], [w for w, _ in rules])[0]
        return rule()

    def dim(self) -> Dim:
        """A dimension, often one that an unused node has, so that equations hang together."""
        waiting = [d for name in self.nodes if name not in self.used for d in self.shapes[name] if d in self.dims]
        return self.r.choice(waiting if waiting and self.chance(0.5) else self.dims)

    def shape(self) -> Shape:
        """A shape for a node of this level."""
        if self.level == "scalar":
            return ()
        rank = {"vector": (0, 1, 1, 1, 2), "batch": (1, 2, 2, 2)}.get(self.level, (0, 1, 1, 2, 2))
        shape: list[Dim] = [self.dim() for _ in range(self.r.choice(rank))]
        if len(shape) == 2 and self.chance(0.2):
            shape[self.r.randrange(2)] = 1
        return tuple(shape)

    def new_name(self, letters: str) -> str:
        self.count += 1
        return f"{self.r.choice(letters)}{self.count}"

    def leaf(self, shape: Shape) -> str:
        """A quantity of this shape: one there is, or a new parameter or input."""
        known = [name for name, s in self.shapes.items() if s == shape]
        fresh = [name for name in known if name in self.nodes and name not in self.used]
        if fresh and self.chance(0.7):
            name = self.r.choice(fresh)
        elif known and self.chance(0.6):
            name = self.r.choice(known)
        else:
            name = self.declare(shape)
        self.used.add(name)
        return name

    def declare(self, shape: Shape, **facts: Any) -> str:
        name = self.new_name({0: "cw", 1: "xbu", 2: "WXV", 3: "Q"}[len(shape)])
        if self.level == "scalar":
            self.shapes[name] = ()
            return name
        if shape == () and self.chance(0.08):
            # A [1, 1] quantity would lift a vector to a row, so only a target is one.
            shape = (1, 1) if facts.get("role") == "target" else (1,)
        self.shapes[name] = shape
        entry: dict[str, Any] = {"shape": list(shape), **facts}
        if "role" not in entry and self.chance(0.2):
            entry["role"] = "input"
        self.symbols[name] = entry
        return name

    def number(self) -> str:
        return self.r.choice(("2", "3", "1/2", "0.5", "0.1", "3/4", "1.5"))

    def function(self) -> str:
        if self.allow_abstract and self.chance(0.3):
            name = self.r.choice(("phi", "psi"))
            if name not in self.abstract:
                self.abstract.append(name)
            return name
        return self.r.choice(SMOOTH if self.chance(0.65) else KINKED)

    def called(self, e: str) -> str:
        name = self.function()
        if name == "leaky_relu" and self.chance(0.6):
            return f"leaky_relu({e}, {self.r.choice(('0.1', '0.2', '1/4'))})"
        if name in ("sinh", "cosh") or (name in ("exp", "sech") and self.chance(0.7)):
            forms = ("tanh({})", "sin({})", "({})/2") + (("-({})**2",) if name in ("exp", "sech") else ())
            e = self.r.choice(forms).format(e)
        return f"{name}({e})"

    def positive(self, e: str) -> str:
        forms = (
            "(1 + ({})**2)", "(2 + tanh({}))", "(1 + sigmoid({}))", "softplus({})", "(1.5 + cos({}))", "(1 + abs({}))",
            "exp(sin({}))", "sigmoid({})",
        )  # fmt: skip
        return self.r.choice(forms).format(e)

    # --- arrays ---

    def array(self, shape: Shape, depth: int) -> str:
        """An expression of this shape, in parentheses where it needs them as an operand."""
        if depth <= 0:
            return self.leaf(shape)
        d = depth - 1
        rules: list[tuple[float, Callable[[], str]]] = [
            (1, lambda: self.leaf(shape)),
            (2.5, lambda: self.added(shape, d)),
            (2, lambda: self.multiplied(shape, d)),
            (1, lambda: self.divided(shape, d)),
            (2.5, lambda: self.called(self.array(shape, d))),
            (0.8, lambda: self.raised(shape, d)),
            (0.4, lambda: f"{self.r.choice(('max', 'min'))}({self.array(shape, d)}, {self.operand(shape, d)})"),
            (0.4, lambda: self.gated(shape, d)),
            (0.3, lambda: f"(-{self.array(shape, d)})"),
        ]
        if len(shape) == 0:
            rules.append((3, lambda: self.scalar(d)))
        if len(shape) == 1:
            rules += self.vector_rules(shape, d)
        if len(shape) == 2:
            rules += self.matrix_rules(shape, d)
        return self.pick(rules)

    def operand(self, shape: Shape, depth: int) -> str:
        """Something that broadcasts to this shape."""
        options: list[Shape] = [shape] * 3
        if shape:
            options.append(())
        if len(shape) == 2:
            n, k = shape
            options += [(k,), (1, k), (n, 1)]
        if self.chance(0.15):
            return self.number()
        if self.level == "mixed" and self.chance(0.15):
            return self.atom({})
        return self.array(self.r.choice(options), depth)

    def pair(self, shape: Shape, depth: int) -> list[str]:
        """Two operands that broadcast to this shape together."""
        if len(shape) == 2 and self.chance(0.15):
            n, k = shape
            both = [self.array((n, 1), depth), self.array(self.r.choice(((k,), (1, k))), depth)]
        else:
            both = [self.array(shape, depth), self.operand(shape, depth)]
        self.r.shuffle(both)
        return both

    def added(self, shape: Shape, d: int) -> str:
        a, b = self.pair(shape, d)
        more = f" + {self.operand(shape, d)}" if self.chance(0.25) else ""
        sign = self.r.choice("+-") if a != b else "+"
        return f"({a} {sign} {b}{more})"

    def multiplied(self, shape: Shape, d: int) -> str:
        a, b = self.pair(shape, d)
        return f"({a}*{b})"

    def divided(self, shape: Shape, d: int) -> str:
        below = self.number() if self.chance(0.2) else self.positive(self.operand(shape, d))
        return f"({self.array(shape, d)}/{below})"

    def raised(self, shape: Shape, d: int) -> str:
        e = self.array(shape, d)
        roots = (f"sqrt({self.positive(e)})", f"log({self.positive(e)})", f"{self.positive(e)}**(3/2)",
                 f"{self.positive(e)}**(-1/2)", f"{self.positive(e)}**(-1)")  # fmt: skip
        rules: list[tuple[float, Callable[[], str]]] = [
            (3, lambda: f"(({e})**{self.r.choice('223')})"),
            (3, lambda: f"({self.r.choice(roots)})"),
            (0.6, lambda: f"({self.positive(e)}**{self.leaf(())})"),
        ]
        return self.pick(rules)

    def gated(self, shape: Shape, d: int) -> str:
        left = self.leaf(shape)
        other = "0" if self.chance(0.5) else self.operand(shape, 0)
        op = self.r.choice((">", "<", ">=", "<="))
        return f"([{left} {op} {other if other != left else 0}]*{self.array(shape, d)})"

    def vector_rules(self, shape: Shape, d: int) -> list[tuple[float, Callable[[], str]]]:
        (k,) = shape
        other = self.dim()
        return [
            (4, lambda: f"({self.matrix(k, other, d)} @ {self.array((other,), d)})"),
            (0.6, lambda: f"softmax({self.array(shape, d)})"),
            (0.3, lambda: f"log_softmax({self.array(shape, d)})"),
            (0.3, lambda: f"logsumexp({self.array((k, other), d)})"),
            (1, lambda: self.reduced((k, other), 1, d)),
            (1, lambda: self.reduced((other, k), 0, d)),
            (0.3, lambda: f"diag({self.array((k, k), d)})"),
            (0.3, lambda: f"(diag({self.array((k,), d)}) @ {self.array((k,), d)})"),
            (0.1, lambda: f"({self.array((), d)}*ones({k}))"),
            (0.2, lambda: f"(outer({self.array(shape, d)}, {self.array((other,), d)}) @ {self.array((other,), d)})"),
        ]

    def matrix_rules(self, shape: Shape, d: int) -> list[tuple[float, Callable[[], str]]]:
        n, k = shape
        inner = self.dim()
        rules: list[tuple[float, Callable[[], str]]] = [
            (4, lambda: f"({self.matrix(n, inner, d)} @ {self.matrix(inner, k, d)})"),
            (1, lambda: f"({self.matrix(n, inner, d)} @ {self.matrix(inner, inner, 0)} @ {self.matrix(inner, k, 0)})"),
            (1, lambda: f"{self.array((k, n), d)}.T"),
        ]
        if 1 not in shape:
            rules += [
                (0.6, lambda: f"softmax({self.array(shape, d)})"),
                (0.3, lambda: f"log_softmax({self.array(shape, d)})"),
                (0.3, lambda: f"softmax({self.array((k, n), d)}.T)"),
                (0.5, lambda: f"outer({self.array((n,), d)}, {self.array((k,), d)})"),
                (0.5, lambda: f"({self.array((n,), d)} @ {self.array((k,), d)}.T)"),
            ]
        if n == k != 1:
            rules += [
                (0.4, lambda: f"diag({self.array((n,), d)})"),
                (0.3, lambda: f"({self.array(shape, d)} + {self.r.choice(('eye', 'eye', 'ones'))[0:4]}({n}))"),
            ]
        if n != 1 and k == 1:
            rules.append((1, lambda: self.reduced((n, inner), 1, d, keep=True)))
        if n == 1 and k != 1:
            rules += [
                (1, lambda: self.reduced((inner, k), 0, d, keep=True)),
                (1, lambda: f"{self.array((k,), d)}.T"),
                (0.5, lambda: f"({self.array((inner,), d)}.T @ {self.matrix(inner, k, d)})"),
            ]
        return rules

    def matrix(self, n: Dim, k: Dim, depth: int) -> str:
        """A factor of a matrix product, mostly plain or transposed."""
        if self.chance(0.6):
            return self.leaf((n, k))
        return f"{self.leaf((k, n))}.T" if self.chance(0.5) else self.array((n, k), depth)

    def reduced(self, shape: Shape, axis: int, d: int, keep: bool = False) -> str:
        op = self.r.choice(("sum", "sum", "mean", "max", "min"))
        shown = axis - len(shape) if self.chance(0.2) else axis
        keyword = ", keepdims=True" if keep else ""
        return f"{op}({self.array(shape, d)}, axis={shown}{keyword})"

    def scalar(self, d: int) -> str:
        """A scalar made of arrays."""
        if self.level == "scalar":
            return self.called(self.array((), d))
        k, n = self.dim(), self.dim()
        shape = self.shape() or (k,)
        rules: list[tuple[float, Callable[[], str]]] = [
            (3, lambda: f"{self.r.choice(('sum', 'sum', 'mean', 'max', 'min'))}({self.array(shape, d)})"),
            (2, lambda: f"({self.array((k,), d)}.T @ {self.array((k,), d)})"),
            (1, lambda: f"dot({self.array((k,), d)}, {self.array((k,), d)})"),
            (1, lambda: f"({self.leaf((k,))}.T @ {self.matrix(k, n, d)} @ {self.leaf((n,))})"),
            (0.6, lambda: f"norm({self.array(shape, d)})"),
            (0.6, lambda: f"trace({self.array((k, k), d)})"),
            (0.6, lambda: f"trace({self.leaf((k, n))} @ {self.array((n, k), d)})"),
            (0.5, lambda: f"logsumexp({self.array((k,), d)})"),
            (0.3, lambda: f"{self.leaf((3,))}[{self.r.randint(1, 3)}]" if 3 in self.dims else self.leaf(())),
            (0.4, lambda: f"sum({self.array((k, n), d)}**2)"),
            (0.3, lambda: f"({self.array((1, k), d)} @ {self.array((k, 1), d)})"),
            (0.2, lambda: f"({self.array((), d)}*{self.size()})"),
        ]
        return self.pick(rules)

    def size(self) -> str:
        """The size of a dimension, used as a number."""
        known = [d for shape in self.shapes.values() for d in shape if isinstance(d, str)]
        return self.r.choice(known) if known else "2"

    # --- entries ---

    def letter(self, dim: Dim, scope: dict[str, Dim], shadow: bool = True) -> str:
        """A letter for a new bound index: one that is free, or now and then one that it hides."""
        base = LETTERS[dim] if isinstance(dim, str) else "q"
        while base in scope and not (shadow and scope[base] == dim and self.chance(0.15)):
            base += "'"
        return base

    def entry(self, scope: dict[str, Dim], depth: int) -> str:
        """A scalar expression in the letters of ``scope``."""
        if depth <= 0:
            return self.atom(scope)
        d = depth - 1
        rules: list[tuple[float, Callable[[], str]]] = [
            (1.5, lambda: self.atom(scope)),
            (2, lambda: f"({self.entry(scope, d)} {self.r.choice('+-')} {self.entry_or_number(scope, d)})"),
            (2, lambda: f"({self.entry(scope, d)}*{self.entry_or_number(scope, d)})"),
            (1, lambda: f"({self.entry(scope, d)}/{self.positive(self.entry(scope, d))})"),
            (2.5, lambda: self.called(self.entry(scope, d))),
            (3, lambda: self.contraction(scope, d)),
            (1, lambda: self.index_reduced(scope, d)),
            (0.6, lambda: f"({self.entry(scope, d)})**{self.r.choice('23')}"),
            (0.6, lambda: self.r.choice(("sqrt({})", "log({})", "1/{}")).format(self.positive(self.entry(scope, d)))),
            (0.4, lambda: f"{self.r.choice(('max', 'min'))}({self.entry(scope, d)}, {self.entry_or_number(scope, d)})"),
            (0.4, lambda: f"([{self.atom(scope)} > {self.entry_or_number(scope, 0)}]*{self.entry(scope, d)})"),
            (0.6, lambda: self.with_delta(scope, d)),
            (0.7, lambda: self.softmax_entry(scope, d)),
            (0.25, lambda: self.entry_of_array(scope)),
        ]
        return self.pick(rules)

    def entry_or_number(self, scope: dict[str, Dim], depth: int) -> str:
        return self.number() if self.chance(0.12) else self.entry(scope, depth)

    def indexed(self, name: str, scope: dict[str, Dim]) -> tuple[str, dict[str, Dim]]:
        """An entry of a quantity, with the letters that still have to be bound."""
        missing: dict[str, Dim] = {}
        letters = []
        for dim in self.shapes[name]:
            if dim == 1:
                letters.append("1")
                continue
            own = [ix for ix, of in {**scope, **missing}.items() if of == dim]
            if own and self.chance(0.85):
                letters.append(self.r.choice(own))
            else:
                letter = self.letter(dim, {**scope, **missing}, shadow=False)
                missing[letter] = dim
                letters.append(letter)
        self.used.add(name)
        return (f"{name}[{','.join(letters)}]" if letters else name), missing

    def entry_shape(self, scope: dict[str, Dim]) -> Shape:
        """A shape whose axes fit the letters in scope."""
        dims = list(scope.values())
        rank = self.r.choice((0, 1, 1, 1, 2, 2, 3))
        return tuple(self.r.choice(dims) if dims and self.chance(0.85) else self.dim() for _ in range(rank))

    def atom(self, scope: dict[str, Dim]) -> str:
        fits = {1, *scope.values()}
        known = [n for n, shape in self.shapes.items() if fits.issuperset(shape) and (shape or not scope)]
        fresh = [n for n in known if n in self.nodes and n not in self.used]
        if fresh and self.chance(0.7):
            name = self.r.choice(fresh)
        elif known and self.chance(0.5):
            name = self.r.choice(known)
        else:
            name = self.leaf(self.entry_shape(scope))
        text, missing = self.indexed(name, scope)
        if not missing:
            return text
        op = self.r.choice(("sum", "sum", "sum", "mean"))
        return f"{op}({text}, {', '.join(missing)})"

    def inner(self, scope: dict[str, Dim]) -> tuple[list[str], dict[str, Dim]]:
        """One or two new bound letters, and the scope inside."""
        inside, letters = dict(scope), []
        for _ in range(self.r.choice((1, 1, 1, 2))):
            dim = self.dim()
            letter = self.letter(dim, inside, shadow=not letters)
            letters.append(letter)
            inside.pop(letter, None)
            inside[letter] = dim
        return letters, inside

    def contraction(self, scope: dict[str, Dim], d: int) -> str:
        letters, inside = self.inner(scope)
        factors = [self.atom(inside) for _ in range(self.r.choice((1, 2, 2, 3)))]
        # Every bound letter is an index of something, so that its range is known.
        for ix in letters:
            if not any(f"[{ix}]" in f for f in factors):
                name = self.leaf((inside[ix],))
                factors.append(f"{name}[{ix}]")
        if d > 0 and self.chance(0.3):
            factors.append(self.entry(inside, d))
        self.r.shuffle(factors)
        return f"sum({'*'.join(factors)}, {', '.join(letters)})"

    def index_reduced(self, scope: dict[str, Dim], d: int) -> str:
        op = self.r.choice(("sum", "mean", "max", "min"))
        letters, inside = self.inner(scope)
        bound = letters if op in ("sum", "mean") else letters[:1]
        inside = {ix: of for ix, of in inside.items() if ix in scope or ix in bound}
        plain = "*".join(f"{self.leaf((inside[ix],))}[{ix}]" for ix in bound)
        return f"{op}({self.entry(inside, d)}*{plain}, {', '.join(bound)})"

    def with_delta(self, scope: dict[str, Dim], d: int) -> str:
        pairs = [(a, b) for a in scope for b in scope if a < b and scope[a] == scope[b]]
        if pairs and self.chance(0.6):
            a, b = self.r.choice(pairs)
            return f"(delta({a}, {b})*{self.entry(scope, d)})"
        if not scope:
            return self.entry(scope, d)
        a = self.r.choice(list(scope))
        b = self.letter(scope[a], scope, shadow=False)
        sign = self.r.choice((f"delta({a}, {b})", f"(delta({a}, {b}) - {self.atom(scope)})"))
        name = self.leaf((scope[a],))
        return f"sum({sign}*{name}[{b}]*{self.entry({**scope, b: scope[a]}, d)}, {b})"

    def softmax_entry(self, scope: dict[str, Dim], d: int) -> str:
        """exp(z[k])/sum(exp(z[k']), k') of a vector or along the last axis of a matrix."""
        if not scope:
            return self.entry(scope, d)
        k = self.r.choice(list(scope))
        dim = scope[k]
        other = self.r.choice([None, *[ix for ix in scope if ix != k]])
        name = self.leaf((dim,) if other is None else (scope[other], dim))
        inner = self.letter(dim, scope, shadow=self.chance(0.3))
        if inner == other:
            inner = self.letter(dim, {**scope, inner: dim}, shadow=False)
        at, below = (f"{name}[{k}]", f"{name}[{inner}]") if other is None else (
            f"{name}[{other},{k}]", f"{name}[{other},{inner}]")  # fmt: skip
        forms = (f"exp({at})/sum(exp({below}), {inner})", f"exp({at} - log(sum(exp({below}), {inner})))",
                 f"({at} - log(sum(exp({below}), {inner})))",
                 f"exp({at} - max({below}, {inner}))/sum(exp({below} - max({below}, {inner})), {inner})")  # fmt: skip
        return f"({self.r.choice(forms)})"

    def entry_of_array(self, scope: dict[str, Dim]) -> str:
        """An entry of a whole-array expression."""
        if not scope:
            return self.scalar(0)
        k = self.r.choice(list(scope))
        e = self.array((scope[k],), 1)
        return f"({e})[{k}]"

    # --- equations ---

    def equation(self) -> None:
        if self.level == "scalar":
            self.define((), self.array((), self.depth + 1))
            return
        if self.chance(0.25):
            self.softmax()
            return
        by_entries = self.level == "entries" or (self.level == "mixed" and self.chance(0.5))
        if self.chance(0.3):
            self.layer(by_entries)
            return
        if by_entries:
            self.entry_equation()
            return
        shape = self.shape()
        self.define(shape, self.array(shape, self.depth))

    def define(self, shape: Shape, text: str, letters: Sequence[str] = ()) -> str:
        name = self.new_name({0: "sm", 1: "zhy", 2: "ZAY", 3: "S"}[len(shape)])
        left = f"{name}[{','.join(letters)}]" if letters else name
        if text.startswith("(") and _matching(text) == len(text) - 1 and self.chance(0.7):
            text = text[1:-1]
        self.forward.append(f"{left} = {text}")
        self.shapes[name] = shape
        self.nodes.append(name)
        return name

    def layer(self, by_entries: bool) -> None:
        """z = W h + b and its activation, with a shared weight or a skip connection now and then."""
        batch = self.level == "batch" or (self.level != "vector" and self.chance(0.4))
        n, d, k = self.dim(), self.dim(), self.dim()
        h = self.leaf((n, d) if batch else (d,))
        turned = self.chance(0.4)
        w = self.leaf((d, k) if turned else (k, d))
        b = self.leaf((k,)) if self.chance(0.7) else ""
        shape: Shape = (n, k) if batch else (k,)
        if by_entries:
            z, scope = self.entry_layer(h, w, b, shape, d, turned), self.scope_of(shape)
        else:
            matrix = w if turned == batch else f"{w}.T"
            product = f"{h} @ {matrix}" if batch else f"{matrix} @ {h}"
            z, scope = self.define(shape, f"{product} + {b}" if b else product), {}
        at = f"[{','.join(scope)}]" if scope else ""
        self.used.add(z)
        skip = f" + {self.leaf(shape)}{at}" if self.chance(0.3) else ""
        self.define(shape, f"{self.called(z + at)}{skip}", list(scope))

    def scope_of(self, shape: Shape) -> dict[str, Dim]:
        scope: dict[str, Dim] = {}
        for dim in shape:
            scope[self.letter(dim, scope, shadow=False)] = dim
        return scope

    def entry_layer(self, h: str, w: str, b: str, shape: Shape, d: Dim, turned: bool) -> str:
        scope = self.scope_of(shape)
        letters = list(scope)
        inner = self.letter(d, scope, shadow=False)
        k = letters[-1]
        weight = f"{w}[{inner},{k}]" if turned else f"{w}[{k},{inner}]"
        value = f"{h}[{','.join([*letters[:-1], inner])}]"
        factors = [weight, value]
        self.r.shuffle(factors)
        bias = f" + {b}[{k}]" if b else ""
        return self.define(shape, f"sum({'*'.join(factors)}, {inner}){bias}", letters)

    def entry_equation(self) -> None:
        shape = tuple(self.dim() for _ in range(self.r.choice((0, 1, 1, 2, 2, 3))))
        scope = self.scope_of(shape)
        text = self.entry(scope, self.depth)
        # A letter without a declared range needs an axis that shows it.
        for ix, dim in scope.items():
            if isinstance(dim, int):
                text = f"{text}*{self.leaf((dim,))}[{ix}]"
        self.define(shape, text, list(scope))

    def softmax(self) -> None:
        """Probabilities in one of many spellings, of a vector or along the rows of a matrix."""
        k, n = self.dim(), self.dim()
        shape: Shape = (k,) if self.level == "vector" or self.chance(0.4) else (n, k)
        z = self.leaf(shape) if self.chance(0.5) else self.define(shape, self.array(shape, 1))
        self.used.add(z)
        if len(shape) == 1:
            keep, zs, e, s = "", z, "exp({z})", "sum({e})"
        else:
            keep, zs, e, s = ", axis=1, keepdims=True", z, "exp({z})", "sum({e}, axis=1, keepdims=True)"
        form = self.r.randrange(8)
        if form == 0:
            text = f"softmax({zs})"
        elif form == 1:
            text = f"exp({zs})/sum(exp({zs}){keep})"
        elif form == 2:
            a = self.define(shape, e.format(z=zs))
            b = self.define(() if len(shape) == 1 else (n, 1), s.format(e=a))
            self.used |= {a, b}
            text = f"{a}/{b}"
        elif form == 3:
            text = f"exp({zs} - max({zs}{keep}))/sum(exp({zs} - max({zs}{keep})){keep})"
        elif form == 4 and len(shape) == 1:
            text = f"exp({zs} - logsumexp({zs}))"
        elif form == 5:
            text = f"exp({zs} - log(sum(exp({zs}){keep})))"
        elif form == 6:
            text = f"exp(log_softmax({zs}))"
        else:
            text = f"1/(1 + exp(-{zs}))" if form == 7 else f"sigmoid({zs})"
            self.probabilities.append(self.define(shape, text))
            return
        self.probabilities.append(self.define(shape, text))

    # --- the loss ---

    def close(self) -> None:
        """The loss: a sum over everything that nothing consumes, sometimes with a regulariser."""
        open_nodes = [n for n in self.nodes if n not in self.used]
        if self.chance(0.3) and len(open_nodes) > 1:
            open_nodes = self.r.sample(open_nodes, len(open_nodes) - 1)  # a dead end
        terms = [self.loss_of(name) for name in open_nodes or [self.leaf(())]]
        if self.chance(0.35):
            leaves = [n for n in self.shapes if n not in self.nodes and self.shapes[n] and n in self.used]
            if leaves:
                name = self.r.choice(leaves)
                terms.append(f"{self.number()}*{self.squares(name)}")
        if self.chance(0.3) and len(terms) > 1:
            for n, text in enumerate(terms):
                self.forward.append(f"r{n} = {text}")
            terms = [f"r{n}" for n in range(len(terms))]
        if self.chance(0.3):
            terms = [terms[0], *[f"{self.number()}*{t}" if t[0].isalnum() else t for t in terms[1:]]]
        self.forward.append("L = " + " + ".join(terms))

    def target(self, shape: Shape, **facts: Any) -> str:
        return self.declare(shape, role="target", **facts)

    def squares(self, name: str) -> str:
        shape = self.shapes[name]
        if self.level == "entries" and not any(isinstance(d, int) for d in shape):
            text, letters = self.whole(name)
            return f"sum({text}**2, {', '.join(letters)})" if letters else f"{text}**2"
        return self.r.choice((f"sum({name}**2)", f"norm({name})**2", f"sum(abs({name}))"))

    def whole(self, name: str) -> tuple[str, list[str]]:
        """All entries of a quantity, with the letters to sum over."""
        scope = self.scope_of(self.shapes[name])
        return (f"{name}[{','.join(scope)}]" if scope else name), list(scope)

    def loss_of(self, name: str) -> str:
        shape = self.shapes[name]
        if not shape:
            return self.scalar_loss(name)
        if 1 not in shape and (len(shape) == 3 or (self.level in ("entries", "mixed") and self.chance(0.6))):
            return self.entry_loss(name, shape)
        return self.array_loss(name, shape)

    def scalar_loss(self, name: str) -> str:
        rules: list[tuple[float, Callable[[], str]]] = [
            (1, lambda: name),
            (1, lambda: f"{name}**2"),
            (1, lambda: f"sin({name})"),
            (1, lambda: f"({name} - {self.target(())})**2/2"),
            (1, lambda: f"squared_error({name}, {self.target(())})"),
            (1, lambda: f"binary_cross_entropy(sigmoid({name}), {self.target(())})"),
        ]
        if self.allow_abstract:
            rules.append((3, lambda: f"loss({name}, {self.target(())})"))
        return self.pick(rules)

    def entry_loss(self, name: str, shape: Shape) -> str:
        text, letters = self.whole(name)
        over = ", ".join(letters)
        at = f"[{','.join(letters)}]"
        probable = name in self.probabilities
        form = self.r.randrange(6)
        if probable and form < 4:
            t = self.target(shape, one_hot=self.chance(0.7))
            return f"sum(-{t}{at}*log({text}), {over})"
        if form == 0:
            t = self.target(shape)
            return f"1/2*sum(({text} - {t}{at})**2, {over})"
        if form == 1:
            op = self.r.choice(("mean", "max", "min")) if len(letters) == 1 else "mean"
            return f"{op}({text}, {over})"
        if form == 2:
            c = self.declare(shape)
            return f"sum({text}*{c}{at}, {over})"
        if form == 3:
            return f"log(1 + sum({text}**2, {over}))"
        if form == 4:
            return f"sqrt(1 + sum({text}**2, {over}))"
        return f"sum(sin({text}), {over})"

    def array_loss(self, name: str, shape: Shape) -> str:
        probable = name in self.probabilities
        form = self.r.randrange(12)
        if probable and form < 8:
            t = self.target(shape, one_hot=self.chance(0.7))
            if form < 4:
                return f"cross_entropy({name}, {t})"
            if form == 4:
                return f"binary_cross_entropy({name}, {t})"
            if form == 5 and len(shape) == 2:
                return f"mean(sum(-{t}*log({name}), axis=1))"
            return f"sum(-{t}*log({name}))"
        if form < 3:
            return f"squared_error({name}, {self.target(shape)})"
        if form == 3:
            return f"mean(({name} - {self.target(shape)})**2)"
        if form == 4 and self.allow_abstract:
            return f"loss({name}, {self.target(shape)})"
        if form == 5 and 1 not in shape:
            return f"cross_entropy(softmax({name}), {self.target(shape, one_hot=True)})"
        if form == 6:
            return f"binary_cross_entropy(sigmoid({name}), {self.target(shape)})"
        if form == 7 and 1 not in shape:
            return f"sum(-{self.target(shape, one_hot=True)}*log_softmax({name}))"
        if form == 8:
            return f"norm({name})"
        if form == 9 and len(shape) == 1:
            return f"({name}.T @ {self.declare(shape)})"
        if form == 10:
            return f"{self.r.choice(('max', 'min', 'mean', 'sum'))}({name})"
        return f"sum({name}*{self.declare(shape)})"


def _matching(text: str) -> int:
    """Position of the parenthesis that closes the first one."""
    depth = 0
    for n, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return n
    return -1
