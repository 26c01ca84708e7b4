"""SymPy's way of writing: ``Eq(z, W*x + b)``, ``Sum(W[j, i]*x[i], (i, 1, D))``, ``HadamardProduct(a, b)``.

Rewrites the syntax tree of a text into the kinds and functions of the plain language; nothing is given to SymPy.
Inside ``Eq( )`` a ``*`` between arrays is a matrix product, as it is in SymPy; outside of it, ``*`` stays element-wise.
A range counts from 1, ``(i, 1, D)``, or from 0, ``(i, 0, D - 1)``; it must cover the dimension.

Knows the syntax tree only: no symbols, no shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.syntax import MAX_DEPTH, MAX_NESTING, Node, node

MAX_CASES = 8
"""Cases of a Piecewise: each repeats the conditions before it."""

MAX_NODES = 20_000
"""Size of a tree after Piecewise and Lambda have repeated parts of it."""

_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


def plain_of(tree: Node, source: Source) -> Node:
    """The tree with SymPy's spellings replaced; raises InputError for one that is used wrongly."""
    return _Rewriter(source, matrices=False).whole(tree)


def equation_of(tree: Node, source: Source) -> tuple[Node, Node] | None:
    """The two sides of ``Eq(lhs, rhs)``; None for any other tree."""
    if tree.kind != "call" or tree.value != "Eq":
        return None
    sides = [child for child in tree.children if child.kind != "keyword"]
    if len(sides) != 2:
        raise source.error(say("plain.two_sides", count=len(sides)), tree.span)
    rewriter = _Rewriter(source, matrices=True)
    return rewriter.whole(sides[0]), rewriter.whole(sides[1])


class _Rewriter:
    """Rewrites bottom up; ``matrices`` tells whether ``*`` and ``**`` of arrays are those of matrices."""

    def __init__(self, source: Source, *, matrices: bool):
        self.source = source
        self.matrices = matrices
        self.sizes: dict[int, tuple[Node, int]] = {}
        self.bound: frozenset[str] = frozenset()

    def whole(self, tree: Node) -> Node:
        done = self.tree(tree)
        if done.depth > MAX_DEPTH:
            hint = say("plain.split_it")
            raise self.source.error(say("plain.nested_too_deep", limit=MAX_NESTING), tree.span, hint)
        return done

    def error(self, message: Said, at: Node, hint: Said | None = None) -> InputError:
        return self.source.error(message, at.span, hint)

    def small(self, made: Node, at: Node) -> Node:
        """The node itself, unless repeated parts have made it too large to walk."""
        if self.size(made) > MAX_NODES:
            raise self.error(say("plain.repeated_parts"), at)
        return made

    def size(self, tree: Node) -> int:
        """The number of nodes of a tree; a shared part is counted each time, but walked once."""
        if id(tree) not in self.sizes:
            # The node is kept beside its size, so that its id stays its own.
            self.sizes[id(tree)] = tree, 1 + sum(self.size(child) for child in tree.children)
        return self.sizes[id(tree)][1]

    def tree(self, tree: Node) -> Node:
        if tree.kind == "keyword" and tree.value == "axis" and tree.children[0].kind == "tuple":
            raise self.error(say("plain.one_axis"), tree)
        if tree.kind == "tuple":
            hint = say("plain.tuple_is_range")
            raise self.error(say("plain.tuple_value"), tree, hint)
        if tree.kind == "call" and tree.value in _RULES:
            return _RULES[tree.value](self, tree)
        return self.inside(tree)

    def inside(self, tree: Node) -> Node:
        """The same node with its children rewritten."""
        children = tuple(self.tree(child) for child in tree.children)
        kind, value = tree.kind, tree.value
        if self.matrices and kind == "mul":
            kind = "product"
        if self.matrices and kind in ("pow", "add"):
            value = "matrix"
        if (kind, value) == (tree.kind, tree.value) and all(map(_same, children, tree.children)):
            return tree
        return node(kind, value, children, tree.span)

    def arguments(self, tree: Node, fewest: int, most: int, usage: str) -> tuple[Node, ...]:
        """The rewritten arguments, counted; keywords, such as ``evaluate=False``, say nothing here."""
        given = [child for child in tree.children if child.kind != "keyword"]
        if not fewest <= len(given) <= most:
            raise self.error(say("plain.argument_count", count=len(given), name=tree.value, usage=usage), tree)
        return tuple(self.tree(child) for child in given)

    # --- sums ---

    def sum(self, tree: Node) -> Node:
        """Sum(e, (i, 1, D), (j, 1, K)) -> sum(e, i, j), with the ranges kept in the letters."""
        if not tree.children:
            raise self.error(say("plain.empty_sum"), tree)
        body, *limits = tree.children
        letters = [self.limit(limit) if limit.kind == "tuple" else limit for limit in limits]
        outside, self.bound = self.bound, self.bound | {letter.value for letter in letters}
        for letter, limit in zip(letters, limits, strict=True):
            if letter.children and letter.children[0].value in self.bound:
                raise self.error(say("plain.range_by_letter", letter=letter.value), limit)
        inner = self.tree(body)
        self.bound = outside
        return node("call", "sum", (inner, *letters), tree.span)

    def limit(self, limit: Node) -> Node:
        if len(limit.children) != 3 or limit.children[0].kind != "name":
            raise self.error(say("plain.not_a_range"), limit)
        letter, low, high = limit.children
        dim = high
        if low.kind == "num" and low.value == "0":
            dim = _one_more(high) or limit
        elif low.kind != "num" or low.value != "1":
            dim = limit
        if dim.kind not in ("name", "num"):
            raise self.error(say("plain.part_of_dimension"), limit)
        return node("name", letter.value, (dim,), letter.span)

    # --- functions of entries ---

    def extreme(self, tree: Node) -> Node:
        """Max(a, b, c) -> max(max(a, b), c); Max(0, z) -> relu(z)."""
        name = tree.value.lower()
        args = self.arguments(tree, 1, 500, f"{tree.value}(x, y)")
        other = [arg for arg in args if not (arg.kind == "num" and arg.value == "0")]
        if name == "max" and len(args) == 2 and len(other) == 1:
            return node("call", "relu", tuple(other), tree.span)
        if len(args) == 1:
            return args[0]
        return _balanced(name, args, tree)

    def piecewise(self, tree: Node) -> Node:
        """Piecewise((a, c), (b, True)) -> [c]*a + [not c]*b, and relu where it is that."""
        cases = [self.case(case) for case in tree.children if case.kind != "keyword"]
        if not cases or len(cases) > MAX_CASES:
            raise self.error(say("plain.case_count", limit=MAX_CASES), tree)
        if cases[-1][1] is not None:
            raise self.error(say("plain.no_last_case"), tree)
        if (argument := _relu_of(cases)) is not None:
            return node("call", "relu", (argument,), tree.span)
        terms = []
        before: list[Node] = []
        for value, condition in cases:
            factors = [*before, *([condition] if condition else [])]
            terms.append(node("mul", "", (*factors, value), tree.span) if factors else value)
            if condition is None:
                break
            before.append(node("cmp", _OPPOSITE[condition.value], condition.children, condition.span))
        terms = [term for term in terms if not (term.kind == "mul" and _is_zero(term.children[-1]))]
        if not terms:
            return node("num", "0", (), tree.span)
        return self.small(terms[0] if len(terms) == 1 else node("add", "", tuple(terms), tree.span), tree)

    def heaviside(self, tree: Node) -> Node:
        """Heaviside(x) -> [x > 0] + 1/2*[x == 0]; a second argument, 0 or 1, is the value at 0."""
        arguments = [self.tree(child) for child in tree.children if child.kind != "keyword"]
        at_zero = arguments[1].value if len(arguments) == 2 and arguments[1].kind == "num" else "1/2"
        if len(arguments) not in (1, 2) or len(arguments) < len(tree.children) or at_zero not in ("0", "1", "1/2"):
            hint = say("plain.write_heaviside")
            raise self.error(say("plain.heaviside_arguments"), tree, hint)
        zero = node("num", "0", (), tree.span)
        above = node("cmp", ">=" if at_zero == "1" else ">", (arguments[0], zero), tree.span)
        if at_zero != "1/2":
            return above
        at = node("cmp", "==", (arguments[0], zero), tree.span)
        half = node("div", "", (at, node("num", "2", (), tree.span)), tree.span)
        return node("add", "", (above, half), tree.span)

    def case(self, case: Node) -> tuple[Node, Node | None]:
        """A value and its condition, None for True."""
        if case.kind == "tuple" and len(case.children) == 2:
            value, condition = case.children
            if condition.kind == "name" and condition.value == "True":
                return self.tree(value), None
            if condition.kind == "cmp":
                return self.tree(value), self.tree(condition)
        raise self.error(say("plain.not_a_case"), case)

    def rational(self, tree: Node) -> Node:
        args = self.arguments(tree, 1, 2, "Rational(1, 2)")
        return node("div", "", args, tree.span) if len(args) == 2 else args[0]

    # --- matrices ---

    def ones(self, tree: Node) -> Node:
        """OneMatrix(D, 1) -> ones(D); a row is its transpose."""
        rows, columns = self.arguments(tree, 2, 2, "OneMatrix(D, 1)")
        if _is_one(rows) and _is_one(columns):
            return node("num", "1", (), tree.span)
        if _is_one(rows):
            return node("transpose", "", (node("call", "ones", (columns,), tree.span),), tree.span)
        return node("call", "ones", (rows,) if _is_one(columns) else (rows, columns), tree.span)

    def transpose(self, tree: Node) -> Node:
        return node("transpose", "", self.arguments(tree, 1, 1, "Transpose(A)"), tree.span)

    def applied(self, tree: Node) -> Node:
        """z.applyfunc(tanh) -> tanh(z); z.applyfunc(Lambda(u, e)) -> e with z put in for u."""
        array = self.tree(tree.children[0])
        functions = tree.children[1:]
        if len(functions) == 1 and functions[0].kind == "name":
            return self.tree(node("call", functions[0].value, (array,), tree.span))
        lambda_ = functions[0] if len(functions) == 1 else tree
        if lambda_.kind == "call" and lambda_.value == "Lambda" and len(lambda_.children) == 2:
            variable, body = lambda_.children
            if variable.kind == "name":
                # Entry by entry: inside, a product is one of numbers.
                inner = _Rewriter(self.source, matrices=False).tree(body)
                return self.small(_put(inner, variable.value, array), tree)
        raise self.error(say("plain.applyfunc_of_function"), tree)

    def lone_lambda(self, tree: Node) -> Node:
        raise self.error(say("plain.lambda_outside"), tree)

    def lone_eq(self, tree: Node) -> Node:
        raise self.error(say("plain.eq_inside"), tree)


def _operator(kind: str, usage: str, value: str = "") -> Callable[[_Rewriter, Node], Node]:
    """A rule for a call that stands for an operator on all its arguments."""

    def rule(r: _Rewriter, tree: Node) -> Node:
        most = 2 if kind == "pow" else 500
        args = r.arguments(tree, 2 if kind == "pow" else 1, most, usage)
        return args[0] if len(args) == 1 else node(kind, value, args, tree.span)

    return rule


def _renamed(name: str, usage: str, count: int = 1) -> Callable[[_Rewriter, Node], Node]:
    """A rule for a function that has another name here."""

    def rule(r: _Rewriter, tree: Node) -> Node:
        return node("call", name, r.arguments(tree, count, count, usage), tree.span)

    return rule


# --- small questions about nodes -------------------------------------------------------------------------------------


def _same(a: Node, b: Node) -> bool:
    return a is b


def _is_zero(tree: Node) -> bool:
    return tree.kind == "num" and tree.value == "0"


def _is_one(tree: Node) -> bool:
    return tree.kind == "num" and tree.value == "1"


def _one_more(high: Node) -> Node | None:
    """D for ``D - 1``."""
    if high.kind == "add" and len(high.children) == 2:
        dim, less = high.children
        if less.kind == "neg" and _is_one(less.children[0]):
            return dim
    return None


def _balanced(name: str, args: Sequence[Node], tree: Node) -> Node:
    """name(a, b) of all arguments, in order, with little depth."""
    if len(args) == 1:
        return args[0]
    half = (len(args) + 1) // 2
    return node("call", name, (_balanced(name, args[:half], tree), _balanced(name, args[half:], tree)), tree.span)


def _relu_of(cases: Sequence[tuple[Node, Node | None]]) -> Node | None:
    """z for ((z, z > 0), (0, True)) and ((0, z < 0), (z, True)), with or without equality."""
    if len(cases) != 2:
        return None
    (first, condition), (second, _) = cases
    if condition is None:
        return None
    left, right = condition.children
    if not _is_zero(right):
        return None
    if condition.value in (">", ">=") and first == left and _is_zero(second):
        return first
    return second if condition.value in ("<", "<=") and _is_zero(first) and second == left else None


def _put(tree: Node, name: str, value: Node) -> Node:
    """The tree with ``value`` in place of a name."""
    if tree.kind == "name" and tree.value == name:
        return value
    if not tree.children:
        return tree
    children = [tree.children[0], *tree.children[1:]]
    indices = tree.kind == "entry"
    done = [c if indices and n else _put(c, name, value) for n, c in enumerate(children)]
    return node(tree.kind, tree.value, tuple(done), tree.span)


_RULES: dict[str, Callable[[_Rewriter, Node], Node]] = {
    "Eq": _Rewriter.lone_eq,
    "Sum": _Rewriter.sum,
    "Max": _Rewriter.extreme,
    "Min": _Rewriter.extreme,
    "Piecewise": _Rewriter.piecewise,
    "Heaviside": _Rewriter.heaviside,
    "Rational": _Rewriter.rational,
    "Integer": _Rewriter.rational,
    "Float": _Rewriter.rational,
    "OneMatrix": _Rewriter.ones,
    "Transpose": _Rewriter.transpose,
    "applyfunc": _Rewriter.applied,
    "Lambda": _Rewriter.lone_lambda,
    "Abs": _renamed("abs", "Abs(x)"),
    "Trace": _renamed("trace", "Trace(A)"),
    "Identity": _renamed("eye", "Identity(D)"),
    "DiagMatrix": _renamed("diag", "DiagMatrix(v)"),
    "DiagonalOf": _renamed("diag", "DiagonalOf(A)"),
    "KroneckerDelta": _renamed("delta", "KroneckerDelta(i, j)", 2),
    "Add": _operator("add", "Add(x, y)", "matrix"),
    "MatAdd": _operator("add", "MatAdd(A, B)", "matrix"),
    "Mul": _operator("product", "Mul(x, y)"),
    "MatMul": _operator("product", "MatMul(A, B)"),
    "Pow": _operator("pow", "Pow(x, 2)", "matrix"),
    "HadamardProduct": _operator("mul", "HadamardProduct(a, b)", "matrix"),
    "hadamard_product": _operator("mul", "hadamard_product(a, b)", "matrix"),
    "HadamardPower": _operator("pow", "HadamardPower(a, 2)"),
}

SPELLINGS = tuple(_RULES)
"""The names of calls that are read as SymPy's."""
