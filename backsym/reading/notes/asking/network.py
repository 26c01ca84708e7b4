r"""What the equations of a note tell of a question: what depends on what, and where a loss is quadratic.

Knows first readings of equations; knows no words and no problem files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from backsym.core.lazy import lazy
from backsym.reading.syntax import Node, walk

_PRODUCTS = ("terms", "product", "mul", "matmul")
_LINEAR = ("add", "neg", "transpose", "column")
_SUMS = ("sum", "mean", "trace")
QUADRATIC = 2


@dataclass(frozen=True)
class Network:
    """The quantities of a note: the right sides of what is computed, the axes of each as far as they are known.

    ``targets`` may be asked for, ``arguments`` are those of left sides, ``J(w)``, ``parameters`` what the note calls
    so, with those of them that are ``matrices``, None if that is not clear, and
    ``families`` have a member for each example.
    """

    sides: Mapping[str, Node | None]
    loss: str
    ranks: Mapping[str, int | None]
    targets: Collection[str]
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: tuple[str, ...] | None = None
    families: Collection[str] = ()
    recurrent: bool = False
    rates: Sequence[tuple[str, str]] = ()
    """The steps of descent that the note states: the letter of each, and its learning rate as it is written."""
    matrices: tuple[str, ...] | None = None
    in_numbers: bool = False
    """Whether the note gives a number to every quantity that is given."""

    @lazy
    def uses(self) -> Mapping[str, frozenset[str]]:
        trees = {name: tree for name, tree in self.sides.items() if tree is not None}
        return {name: frozenset(t.value for t in walk(tree) if t.kind == "name") for name, tree in trees.items()}

    def behind(self, name: str) -> set[str]:
        """What a quantity depends on, without itself."""
        found: set[str] = set()
        pending = [name]
        while pending:
            new = self.uses.get(pending.pop(), frozenset()) - found
            found |= new
            pending += new
        return found

    def known(self, name: str) -> bool:
        """Whether something computed, or given to it, has this name."""
        return name in self.sides or any(name in uses for uses in self.uses.values())

    def has_slope_by(self, name: str) -> bool:
        """Whether the derivative of the loss by a quantity may be asked for."""
        return name in self.targets and name in self.behind(self.loss)

    def is_quadratic(self, by: str) -> bool:
        """Whether the loss is a polynomial of degree 2 in a number or a vector, so that its slope is linear."""
        rank = self.ranks.get(by) or 0
        if rank > 1 or by in self.sides or self.recurrent:
            return False
        degrees = _Degrees(self.sides, by, self.ranks)
        # The square of one number is least on a whole plane: (w^T x - y)^2 determines no vector w.
        return degrees.of_node(self.loss) == QUADRATIC and not (rank and degrees.has_numbers_only(self.loss))

    def curvature(self, by: str) -> int:
        """The sign of a quadratic loss's second derivative, 1 of sums of squares; 0 where it is not told by the form.

        Letters that squares are multiplied or divided by, N and lambda, are taken as positive.
        """
        return _Degrees(self.sides, by, self.ranks).curvature_of_node(self.loss)


class _Degrees:
    """Degrees of polynomials in one quantity; None for what is no polynomial of it."""

    def __init__(self, sides: Mapping[str, Node | None], by: str, ranks: Mapping[str, int | None]):
        self.sides = sides
        self.by = by
        self.ranks = ranks
        self.known: dict[str, int | None] = {}

    def of_node(self, name: str) -> int | None:
        if name == self.by:
            return 1
        if name not in self.sides:
            return 0
        if name not in self.known:
            self.known[name] = None  # What depends on itself is no polynomial.
            tree = self.sides[name]
            self.known[name] = None if tree is None else self.of(tree)
        return self.known[name]

    def of(self, tree: Node) -> int | None:
        if tree.kind == "name":
            return self.of_node(tree.value)
        degrees = [self.of(child) for child in tree.children]
        known = [degree for degree in degrees if degree is not None]
        if tree.kind == "pow":
            return self.power(tree)
        if len(known) < len(degrees):
            return None
        if not any(known):
            return 0
        if tree.kind in _LINEAR:
            return max(known)
        if tree.kind in _PRODUCTS:
            return sum(known)
        first = known[0] if not any(known[1:]) else None
        linear = tree.kind in ("div", "entry") or (tree.kind == "call" and tree.value in _SUMS)
        return first if linear else None

    def has_numbers_only(self, name: str) -> bool:
        """Whether all that is of degree 2 is squares and products of single numbers that no sum is over."""
        tree = self.sides.get(name)
        return tree is not None and self.is_of_numbers(tree)

    def is_of_numbers(self, tree: Node) -> bool:
        if (self.of(tree) or 0) < QUADRATIC:
            return True
        if tree.kind == "name":
            return self.has_numbers_only(tree.value)
        if tree.kind in ("add", "neg", "div") or (tree.kind in _PRODUCTS and QUADRATIC in map(self.of, tree.children)):
            return all(map(self.is_of_numbers, tree.children))
        if tree.kind in _PRODUCTS:
            return self.is_of_scalar_products(tree)
        # Outside of sums and norms a square in a loss is one of a number.
        return tree.kind == "pow" and (tree.children[0].kind, tree.children[0].value) != ("call", "norm")

    def is_of_scalar_products(self, tree: Node) -> bool:
        """Whether both linear factors stand in scalar products of their own, ``w^T x x^T w`` or ``(w^T x)(x^T w)``."""
        linear: list[int] = []
        group, begun = 0, False
        for factor in tree.children:
            inner = factor.kind in _PRODUCTS
            if inner and not self.is_scalar_product(factor.children):
                return False
            if self.of(factor):
                linear.append(group)
            ends = begun and self.is_vector(factor)
            begun = (begun or self.is_row(factor)) and not ends
            group += inner or ends
        return len(set(linear)) == QUADRATIC and not begun

    def is_scalar_product(self, factors: Sequence[Node]) -> bool:
        return len(factors) > 1 and self.is_row(factors[0]) and self.is_vector(factors[-1])

    def is_vector(self, tree: Node) -> bool:
        return tree.kind == "name" and self.ranks.get(tree.value) == 1

    def is_row(self, tree: Node) -> bool:
        return tree.kind == "transpose" and self.is_vector(tree.children[0])

    def curvature_of_node(self, name: str) -> int:
        tree = self.sides.get(name)
        return 0 if tree is None or self.of(tree) != QUADRATIC else self.curvature(tree)

    def curvature(self, tree: Node) -> int:
        if tree.kind == "name":
            return self.curvature_of_node(tree.value)
        if tree.kind == "neg":
            return -self.curvature(tree.children[0])
        bent = [child for child in tree.children if self.of(child) == QUADRATIC]
        if tree.kind == "pow":
            return 1
        signs = set(map(self.curvature, bent))
        if tree.kind == "add" or (tree.kind == "call" and tree.value in _SUMS):
            return signs.pop() if len(signs) == 1 else 0
        scaled = tree.kind == "div" or tree.kind in _PRODUCTS
        if scaled and len(bent) == 1:
            minus = sum(child.kind == "neg" for child in tree.children if child is not bent[0])
            return -signs.pop() if minus % 2 else signs.pop()
        return 0

    def power(self, tree: Node) -> int | None:
        """A whole power of a polynomial, or an even one of a norm."""
        base, exponent = tree.children
        number = int(exponent.value) if exponent.kind == "num" and exponent.value.isdecimal() else None
        norm = base.kind == "call" and base.value == "norm"
        inner = self.of(base.children[0] if norm else base)
        if inner == 0 and self.of(exponent) == 0:
            return 0
        return None if inner is None or number is None or (norm and number % 2) else inner * number
