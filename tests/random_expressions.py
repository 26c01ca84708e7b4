"""Random expressions about one problem, for tests that print them and read them again."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from backsym.core.expr import (
    Add,
    Adj,
    Cmp,
    Const,
    Delta,
    Div,
    Entry,
    Expr,
    Eye,
    Fn,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Reduce,
    Shape,
    Size,
    Sym,
    T,
    Zeros,
    scalar_if_ones,
)

PROBLEM = {
    "symbols": {
        "x": ["D"], "x_a": ["D"], "W1": ["K", "D"], "W2": ["K", "D"], "X": ["N", "D"], "Ws": ["D", "D"], "b1": ["K"],
        "t": ["K"], "T": ["N", "K"], "s": [], "w10": [], "mu": ["D"], "lam": {"latex": r"\lambda"}, "r": [1, "D"],
        "eps": {"latex": r"\epsilon"}, "yhat": {"shape": ["K"], "latex": r"\hat{\mathbf{y}}"},
    },
    "dims": {"D": "D^{(0)}"},
    "indices": {"k": "K", "j": "K", "i": "D", "l": "D", "n": "N", "m": "N"},
    "functions": {"phi": "abstract"},
    "forward": [
        "z1[k] = sum(W1[k,i]*x[i], i) + b1[k]",
        "z2 = W2 @ (x_a*mu) + b1 + yhat",
        "h = phi(z1) * tanh(z2)",
        "H = X @ W1.T + T",
        "y = s*w10*lam*eps*sum(h*t) + r @ Ws @ mu",
        "q = sum(H)",
        "L = (y - q)**2",
    ],
}  # fmt: skip

LETTERS = {"K": ("k", "j", "k'"), "D": ("i", "l", "i'"), "N": ("n", "m")}
SMOOTH = ("tanh", "sigmoid", "exp", "softplus", "relu", "sin", "phi", "gelu")


class Maker:
    """Expressions of a wanted shape, to a depth; the same seed gives the same expression.

    Without ``broadcasting`` arrays meet arrays of their own shape only, as in a formula.
    """

    def __init__(self, seed: int, shapes: dict[str, Shape], broadcasting: bool):
        self.random = Random(seed)
        self.by_shape: dict[Shape, list[str]] = {}
        for name, shape in shapes.items():
            self.by_shape.setdefault(shape, []).append(name)
        self.shapes = shapes
        self.broadcasting = broadcasting
        self.free: list[Ix] = []

    def expression(self) -> Expr:
        """One expression: an array, a scalar, or entries with free letters."""
        pick = self.random.random()
        if pick < 0.45:
            self.free = self.random.sample([Ix("k", "K"), Ix("i", "D"), Ix("n", "N")], self.random.randint(0, 2))
            return self.entries(self.random.randint(1, 4))
        shape = self.random.choice([(), ("K",), ("D",), ("K", "D"), ("N", "D"), ("D", "D"), ("N", "K")])
        return self.array(shape, self.random.randint(1, 4))

    # --- arrays ---

    def array(self, shape: Shape, depth: int) -> Expr:
        if depth <= 0:
            return self.atom(shape)
        make = self.random.choice(
            [self.sum, self.product, self.product, self.quotient, self.function, self.power, self.negative,
             self.matrices, self.matrices, self.transposed, self.reduced, self.scaled]
        )  # fmt: skip
        return make(shape, depth - 1)

    def atom(self, shape: Shape) -> Expr:
        names = self.by_shape.get(shape, [])
        pick = self.random.random()
        if not shape and pick < 0.35:
            return self.number()
        if not shape and pick < 0.42:
            return Size(self.random.choice(["D", "K", "N"]))
        if shape and pick < 0.08:
            return Eye(shape[0]) if len(shape) == 2 and shape[0] == shape[1] else Ones(shape)
        if not names or (shape and pick < 0.1):
            return Ones(shape) if shape else self.number()
        name = self.random.choice(names)
        return Adj(name, self.shapes[name]) if self.random.random() < 0.25 else Sym(name, self.shapes[name])

    def number(self) -> Expr:
        text = self.random.choice(["0.5", "1", "2", "3", "10", "0.01", "2.25"])
        return Const("pi") if self.random.random() < 0.05 else Num(Fraction(text), text)

    def same(self, shape: Shape) -> Shape:
        """The shape of another operand: this one, or with ``broadcasting`` one that fits into it."""
        if not self.broadcasting or not shape:
            return shape
        return self.random.choice([shape, shape, (), shape[1:], (1, *shape[1:]) if len(shape) == 2 else shape])

    def sum(self, shape: Shape, depth: int) -> Expr:
        args = [
            self.array(shape, depth),
            *(self.array(self.same(shape), depth) for _ in range(self.random.randint(1, 2))),
        ]
        return Add(tuple(Neg(arg) if n and self.random.random() < 0.4 else arg for n, arg in enumerate(args)))

    def product(self, shape: Shape, depth: int) -> Expr:
        return Mul(
            (self.array(shape, depth), *(self.array(self.same(shape), depth) for _ in range(self.random.randint(1, 2))))
        )

    def scaled(self, shape: Shape, depth: int) -> Expr:
        return Mul((self.array((), depth), self.array(shape, depth)))

    def quotient(self, shape: Shape, depth: int) -> Expr:
        return Div(self.array(shape, depth), self.array(self.same(shape), depth))

    def function(self, shape: Shape, depth: int) -> Expr:
        name = self.random.choice((*SMOOTH, "cmp", "leaky_relu", "abs"))
        if name == "cmp":
            op = self.random.choice([">", ">=", "<", "<=", "==", "!="])
            return Cmp(op, self.array(shape, depth), Num(Fraction(0), "0"))
        if name == "leaky_relu":
            return Fn(name, (self.array(shape, depth), Num(Fraction("0.1"), "0.1")))
        if shape and self.random.random() < 0.15:
            inner = self.array(shape, depth)
            return Fn("softmax", (inner,), 0, "rowwise") if scalar_if_ones(inner.shape) else inner
        order = 1 if name in ("relu", "sigmoid", "phi") and self.random.random() < 0.4 else 0
        return Fn(name, (self.array(shape, depth),), order)

    def power(self, shape: Shape, depth: int) -> Expr:
        exponent = self.random.choice(["2", "3", "0.5"])
        return Pow(self.array(shape, depth), Num(Fraction(exponent), exponent))

    def negative(self, shape: Shape, depth: int) -> Expr:
        return Neg(self.array(shape, depth))

    def transposed(self, shape: Shape, depth: int) -> Expr:
        return T(self.array(shape[::-1], depth)) if len(shape) == 2 else self.function(shape, depth)

    def matrices(self, shape: Shape, depth: int) -> Expr:
        """A chain of matrix products with this shape; two vectors make a scalar."""
        inner = self.random.choice(["D", "K", "N"])
        if not shape:
            return MatMul((T(self.array((inner,), depth)), self.array((inner,), depth)))
        if len(shape) == 1:
            return MatMul((self.array((shape[0], inner), depth), self.array((inner,), depth)))
        if self.random.random() < 0.3:
            return MatMul((self.array(shape[:1], depth), T(self.array(shape[1:], depth))))
        return MatMul((self.array((shape[0], inner), depth), self.array((inner, shape[1]), depth)))

    def reduced(self, shape: Shape, depth: int) -> Expr:
        other = self.random.choice(["D", "K", "N"])
        op = self.random.choice(["sum", "mean"])
        if not shape:
            return Reduce(op, self.array((other,), depth))
        if len(shape) == 1:
            return Reduce(op, self.array((shape[0], other), depth), 1)
        if self.broadcasting and shape[0] == 1:
            return Reduce(op, self.array((other, shape[1]), depth), 0, True)
        return (
            Fn("diag", (self.array(shape[:1], depth),), 0, "diag") if shape[0] == shape[1] else self.sum(shape, depth)
        )

    # --- entries ---

    def entries(self, depth: int) -> Expr:
        """A scalar expression in entries, with the letters of ``free``."""
        if depth <= 0:
            return self.entry()
        pick = self.random.random()
        if pick < 0.2:
            args = [self.entries(depth - 1) for _ in range(2)]
            return Add((args[0], Neg(args[1]) if self.random.random() < 0.5 else args[1]))
        if pick < 0.45:
            return Mul(tuple(self.entries(depth - 1) for _ in range(self.random.randint(2, 3))))
        if pick < 0.55:
            return Div(self.entries(depth - 1), self.entries(depth - 1))
        if pick < 0.7:
            return Fn(self.random.choice(SMOOTH), (self.entries(depth - 1),))
        if pick < 0.76:
            return Pow(self.entries(depth - 1), Num(Fraction(2), "2"))
        if pick < 0.82:
            return Neg(self.entries(depth - 1))
        return self.sum_over(depth - 1)

    def sum_over(self, depth: int) -> Expr:
        dim = self.random.choice(["D", "K", "N"])
        taken = {ix.letter for ix in self.free}
        letters = [
            letter for letter in LETTERS[dim] if letter not in taken and (letter[-1] != "'" or letter[0] in taken)
        ]
        if not letters:
            return self.entry()
        ix = Ix(letters[0], dim)
        self.free.append(ix)
        body = self.entries(depth)
        use = self.entry_over(ix)
        self.free.remove(ix)
        op = "max" if self.random.random() < 0.1 else "sum"
        return IndexReduce(op, Mul((body, use)), (ix,))

    def entry_over(self, ix: Ix) -> Expr:
        """An entry in which this letter occurs."""
        names = [name for name, shape in self.shapes.items() if shape == (ix.dim,)]
        if not names:
            return Entry(Sym("H", ("N", "K")), (ix, Ix("1", "K")))
        name = self.random.choice(names)
        return Entry(Sym(name, (ix.dim,)), (ix,))

    def entry(self) -> Expr:
        pick = self.random.random()
        usable = [name for name, shape in self.shapes.items() if shape and all(d in ("K", "D", "N") for d in shape)]
        if pick < 0.15 or not self.free:
            return self.atom(())
        if pick < 0.2:
            same = [ix for ix in self.free if ix.dim == self.free[0].dim]
            return (
                Delta(self.free[0], self.random.choice(same)) if len(same) > 1 else Delta(same[0], Ix("1", same[0].dim))
            )
        name = self.random.choice(usable)
        indices = tuple(self.index(str(d)) for d in self.shapes[name])
        if pick < 0.25 and self.random.random() < 0.5:
            k = self.index("K")
            return Partial(Entry(Sym("z1", ("K",)), (k,)), Entry(Sym("W1", ("K", "D")), (k, self.index("D"))))
        base: Expr = Adj(name, self.shapes[name]) if self.random.random() < 0.3 else Sym(name, self.shapes[name])
        if pick < 0.32 and len(indices) == 1:
            base = self.array(self.shapes[name], 1)
            base = Zeros(base.shape) if isinstance(base, (Num, Const)) else base
        return Entry(base, indices)

    def index(self, dim: str) -> Ix:
        fitting = [ix for ix in self.free if ix.dim == dim]
        return self.random.choice(fitting) if fitting else Ix("1", dim)
