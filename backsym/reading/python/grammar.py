"""Python's own syntax tree, from the standard library's ``ast``, as the neutral tree; nothing is ever evaluated.

Precedences are Python's: ``*``, ``/`` and ``@`` hold alike, from left to right.  Positions count from 0 and become
those of the language, which count from 1.  What a call of an array library means is told by ``library``.  Knows
names only through ``Words``; knows no shapes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backsym.core.functions import REDUCTIONS
from backsym.core.python import module_of
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.meaning.arrays import NUMPY
from backsym.reading.python.building import Builder, Call, is_condition, is_none
from backsym.reading.python.lexer import Code, Differential, NotPython, python_text
from backsym.reading.python.library import meaning_of
from backsym.reading.python.words import Words
from backsym.reading.syntax import MAX_DEPTH, MAX_NESTING, Node

_ADDITIVE: Mapping[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "add"}
_PRODUCTS: Mapping[type[ast.operator], str] = {ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "div"}
_COMPARED: Mapping[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_NEW = ("None", "newaxis")
_TURNED = ("T", "mT", "H")
_NORMAL = {"cdf": "Phi", "pdf": "phi"}
"""What is asked of the standard normal distribution, and what it is called in formulas."""
_OBJECTS = (("self",), ("model",))
"""What a network's arrays are attributes of."""


def parse_code(source: Source, words: Words, *, first: int = 0, mathematical: bool = False) -> Node:
    """The tree of one expression of Python; ``first`` is the number of an array's first position.

    ``mathematical`` reads what stands there by the customs of mathematics as far as grouping is the same: a power of a
    square matrix is one of the matrix, a column [D, 1] is a vector, positions count from 1.

    Raises NotPython for a text that is none, and InputError, with the place, for Python that means nothing here.
    """
    return expression_of_code(source, words).tree(first=first, mathematical=mathematical)


@dataclass(frozen=True)
class CodeExpression:
    """One expression of Python, of which several trees may be asked."""

    source: Source
    words: Words
    code: Code
    parsed: ast.expr

    def tree(self, *, first: int = 0, mathematical: bool = False) -> Node:
        """Its tree, as ``parse_code`` has it; raises InputError as that does."""
        reader = Reader(self.source, self.code, self.words, 1 if mathematical else first, mathematical=mathematical)
        return reader.node(self.parsed)


def expression_of_code(source: Source, words: Words, *, matlab: bool = False, from_one: bool = False) -> CodeExpression:
    """One expression of Python, or ``matlab``, as signs beside it tell; raises NotPython for a text that is none.

    ``from_one`` tells that only axes are counted as in MATLAB.
    """
    code = python_text(source, words.is_partial, matlab=matlab)
    code.dotted = code.dotted or from_one
    statement = _statement(source, code)
    if not isinstance(statement, ast.Expr):
        raise NotPython
    return CodeExpression(source, words, code, statement.value)


def parse_code_equation(source: Source, words: Words, *, first: int = 0) -> tuple[Node, Node]:
    """The trees of the two sides of an assignment of Python; raises as ``parse_code``."""
    code = python_text(source, words.is_partial)
    statement = _statement(source, code)
    reader = Reader(source, code, words, first, mathematical=False)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        raise NotPython
    return reader.node(statement.targets[0]), reader.node(statement.value)


def _statement(source: Source, code: Code) -> ast.stmt:
    """The one statement of the text."""
    try:
        body = module_of(code.text.strip()).body
    except (SyntaxError, ValueError):
        raise NotPython from None
    except (RecursionError, MemoryError):
        raise source.error(say("plain.nested_too_deep", limit=MAX_NESTING), (0, len(source.text))) from None
    if len(body) != 1:
        raise NotPython
    return body[0]


class Reader(Builder):
    """Turns one tree; ``first`` as in ``parse_code``."""

    def __init__(self, source: Source, code: Code, words: Words, first: int, *, mathematical: bool):
        super().__init__(source, code, mathematical=mathematical)
        self.words, self.first = words, first
        self.depth = 0

    def node(self, tree: ast.expr) -> Node:
        visit = _VISITS.get(type(tree))
        if visit is None:
            raise self.refusal(say("python.construct"), tree)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refusal(say("plain.nested_too_deep", limit=MAX_NESTING), tree)
        made = visit(self, tree)
        self.depth -= 1
        return made

    def constant(self, tree: ast.Constant) -> Node:
        if type(tree.value) not in (int, float):
            raise self.refusal(say("python.no_number"), tree)
        return self.number(self.code.text[tree.col_offset : tree.end_col_offset].rstrip("."), tree)

    def name(self, tree: ast.Name) -> Node:
        word = self.code.words.get(tree.id, tree.id)
        if isinstance(word, Differential):
            return self.partial(word, (), tree)
        return self.named(word, tree)

    def named(self, word: str, tree: ast.expr) -> Node:
        name, derivative = self.words.meaning(word)
        if word[-1:] == "'" and not derivative and self.words.meaning(word[:-1])[1]:
            return self.transposed(self.named(word[:-1], tree), tree)
        if derivative:
            return self.make("partial", "", [self.make("name", n, (), tree) for n in (self.words.loss, name)], tree)
        bare = name.rstrip("'")
        if bare != name and self.words.is_array(bare):
            return self.transposed(self.make("name", bare, (), tree), tree)
        number = name == "pi" and not self.words.scope.has(name)
        return self.make("name", "π" if number else name, (), tree)

    def transposed(self, tree: Node, at: ast.expr) -> Node:
        """The transpose; of what MATLAB sums over the first axis, as it does if no other is named, that of a row."""
        sums = self.code.matlab and tree.kind == "call" and tree.value in REDUCTIONS
        if sums and all(part.children[0].value == "0" for part in tree.children[1:]):
            first = self.make("keyword", "axis", (self.number("0", at),), at)
            row = self.make("keyword", "keepdims", (self.make("name", "True", (), at),), at)
            tree = self.call(tree.value, (tree.children[0], first, row), at)
        return self.make("transpose", "", (tree,), at)

    def partial(self, word: Differential, indices: Sequence[Sequence[Node]], tree: ast.expr) -> Node:
        """``dX/dY`` with the indices of each, if they have any."""
        above, below = (self.make("name", self.words.meaning(n)[0], (), tree) for n in (word.above, word.below))
        if word.above in self.words.losses:
            above = self.make("name", self.words.loss, (), tree)
        given = list(indices)
        if word.indexed:
            above = self.make("entry", "", (above, *given.pop(0)), tree)
        if given:
            below = self.make("entry", "", (below, *given.pop(0)), tree)
        return self.make("partial", "", (above, below), tree)

    def operation(self, tree: ast.BinOp) -> Node:
        for group, join in ((_ADDITIVE, self.sum), (_PRODUCTS, self.product)):
            if type(tree.op) in group:
                return join(*_spine(tree, group))
        if isinstance(tree.op, ast.Pow):
            return self.make("pow", NUMPY, (self.node(tree.left), self.node(tree.right)), tree)
        if isinstance(tree.op, (ast.BitAnd, ast.BitOr)):
            conditions = [self.condition(side) for side in (tree.left, tree.right)]
            return (self.both if isinstance(tree.op, ast.BitAnd) else self.either)(conditions, tree)
        raise self.refusal(say("python.operator"), tree)

    def sum(self, first: ast.expr, rest: Sequence[ast.BinOp]) -> Node:
        terms = [self.node(first)]
        for step in rest:
            term = self.node(step.right)
            terms.append(self.make("neg", "", (term,), step.right) if isinstance(step.op, ast.Sub) else term)
        return self.make("add", NUMPY, terms, rest[-1])

    def product(self, first: ast.expr, rest: Sequence[ast.BinOp]) -> Node:
        """Factors from left to right; a minus in front of the first is that of the whole."""
        if isinstance(first, ast.UnaryOp) and isinstance(first.op, ast.USub):
            return self.make("neg", "", (self.product(first.operand, rest),), rest[-1])
        kind, factors = "", [(self.operand if isinstance(rest[0].op, ast.MatMult) else self.node)(first)]
        for n, step in enumerate(rest):
            this = _PRODUCTS[type(step.op)]
            this = "product" if this == "matmul" and self.code.matlab else this
            if kind and (this != kind or kind == "div"):
                factors = [self.make(kind, NUMPY, factors, rest[n - 1])]
            kind = this
            factors.append((self.operand if this == "matmul" else self.node)(step.right))
        return self.make(kind, NUMPY, factors, rest[-1])

    def operand(self, tree: ast.expr) -> Node:
        """What is transposed, or stands beside ``@``, is no number: H is the family h and not the size H."""
        word = self.code.words.get(tree.id, tree.id) if isinstance(tree, ast.Name) else None
        family = self.words.family(word) if isinstance(word, str) else None
        return self.node(tree) if family is None else self.make("name", family, (), tree)

    def unary(self, tree: ast.UnaryOp) -> Node:
        if isinstance(tree.op, ast.UAdd):
            return self.node(tree.operand)
        if isinstance(tree.op, ast.USub):
            return self.make("neg", "", (self.node(tree.operand),), tree)
        return self.negated(self.condition(tree.operand), tree)

    def condition(self, tree: ast.expr) -> Node:
        found = self.node(tree)
        if not is_condition(found):
            raise self.refusal(say("python.condition"), tree)
        return found

    def logical(self, tree: ast.BoolOp) -> Node:
        conditions = [self.condition(value) for value in tree.values]
        return (self.both if isinstance(tree.op, ast.And) else self.either)(conditions, tree)

    def compare(self, tree: ast.Compare) -> Node:
        sides = [self.node(side) for side in (tree.left, *tree.comparators)]
        found: list[Node] = []
        for n, op in enumerate(tree.ops):
            if type(op) not in _COMPARED:
                raise self.refusal(say("python.operator"), tree)
            found.append(self.make("cmp", _COMPARED[type(op)], sides[n : n + 2], tree))
        return self.both(found, tree)

    def conditional(self, tree: ast.IfExp) -> Node:
        return self.choice(self.condition(tree.test), self.node(tree.body), self.node(tree.orelse), tree)

    def brackets(self, tree: ast.List) -> Node:
        """``[z > 0]`` is an indicator, as in the plain language."""
        if len(tree.elts) == 1 and isinstance(tree.elts[0], ast.Compare):
            return self.node(tree.elts[0])
        raise self.refusal(say("plain.brackets"), tree)

    # --- attributes, calls and subscripts ---

    def attribute(self, tree: ast.Attribute) -> Node:
        path = self.path(tree.value)
        if path in _OBJECTS and not self.words.scope.has(path[0]):
            return self.named(tree.attr, tree)  # self.W
        if path and self.words.is_module(path[0]):
            if tree.attr == "pi":
                return self.make("name", "π", (), tree)
            if tree.attr == "e":
                return self.call("exp", (self.number("1", tree),), tree)
        elif tree.attr in _TURNED:
            return self.transposed(self.operand(tree.value), tree)
        elif tree.attr in ("data", "real"):
            return self.node(tree.value)
        elif tree.attr == "grad" and self.words.loss:
            above = self.make("name", self.words.loss, (), tree)
            return self.make("partial", "", (above, self.node(tree.value)), tree)
        elif tree.attr == "size":
            return self.array("count", (self.node(tree.value),), tree)
        raise self.refusal(say("python.attribute", name=tree.attr), tree)

    def path(self, tree: ast.expr) -> tuple[str, ...]:
        """The names of ``np.linalg``; empty where something else stands in it."""
        if isinstance(tree, ast.Name):
            word = self.code.words.get(tree.id, tree.id)
            return (word,) if isinstance(word, str) else ()
        if isinstance(tree, ast.Attribute) and (before := self.path(tree.value)):
            return (*before, tree.attr)
        return ()

    def called(self, tree: ast.Call) -> Node:
        keywords = {keyword.arg: keyword.value for keyword in tree.keywords if keyword.arg}
        if len(keywords) < len(tree.keywords) or any(isinstance(arg, ast.Starred) for arg in tree.args):
            raise self.refusal(say("python.construct"), tree)
        args = tuple(tree.args)
        if isinstance(tree.func, ast.Constant) and tree.func.value == 1 and len(args) == 1 and not keywords:
            return self.condition(args[0])  # 1(z > 0)
        if isinstance(tree.func, ast.Attribute):
            if tree.func.attr in _TURNED:
                return self.beside(tree)
            path = self.path(tree.func.value)
            if path[-1:] == ("norm",) and (normal := _NORMAL.get(tree.func.attr)) in self.words.scope.functions:
                return self.call(str(normal), [self.node(arg) for arg in args], tree)  # scipy.stats.norm.cdf
            if path and self.words.is_module(path[0], tree.func.attr, len(args)):
                return meaning_of(self, Call(tree.func.attr, path, args, keywords, tree))
            call = Call(tree.func.attr, (), (tree.func.value, *args), keywords, tree, method=True)
            return meaning_of(self, call)
        path = self.path(tree.func)
        if not path:
            raise NotPython
        if self.words.is_quantity(path[0]):
            return self.beside(tree)
        if path[0].rstrip("'") in self.words.scope.functions:
            return self.call(path[0], [self.node(arg) for arg in args], tree)
        return meaning_of(self, Call(path[0], (), args, keywords, tree))

    def beside(self, tree: ast.Call) -> Node:
        """``W.T (x + y)``: what is no function is a factor."""
        if len(tree.args) != 1 or tree.keywords:
            raise NotPython
        return self.make("product", "", (self.node(tree.func), self.node(tree.args[0])), tree)

    def subscript(self, tree: ast.Subscript) -> Node:
        if isinstance(tree.value, ast.Constant) and tree.value.value == 1:
            return self.condition(tree.slice)  # 1[z > 0]
        if isinstance(tree.value, ast.Attribute) and tree.value.attr == "shape":
            axis = self.integer(tree.slice)
            if axis is None:
                raise self.refusal(say("python.axis"), tree)
            return self.array(f"size {axis}", (self.node(tree.value.value),), tree)
        given: list[ast.expr] = [tree.slice]
        base: ast.expr = tree.value
        while isinstance(base, ast.Subscript) and self.is_differential(base):
            given.insert(0, base.slice)
            base = base.value
        word = self.code.words.get(base.id) if isinstance(base, ast.Name) else None
        if isinstance(word, Differential) and not any(isinstance(ix, ast.Slice) for g in given for ix in items_of(g)):
            return self.partial(word, [[self.index(ix) for ix in items_of(g)] for g in given], tree)
        items = [self.item(item) for item in items_of(tree.slice)]
        letters = any(item.kind in ("name", "shift", "entry") for item in items)
        whole = any(item.kind in ("slice", "array") for item in items)
        kind = "entry" if letters and not whole else "subscript"
        return self.make(kind, "", (self.node(tree.value), *items), tree)

    def is_differential(self, tree: ast.Subscript) -> bool:
        word = self.code.words.get(tree.value.id) if isinstance(tree.value, ast.Name) else None
        return isinstance(word, Differential) and word.indexed

    def item(self, tree: ast.expr) -> Node:
        """What stands between brackets for one axis: an index, a slice, a new axis or dots."""
        if isinstance(tree, ast.Slice):
            bounds = [None if part is None else self.node(part) for part in (tree.lower, tree.upper)]
            if tree.step is not None and self.integer(tree.step) != 1:
                raise self.refusal(say("python.slice_step"), tree.step)
            if self.first and None not in bounds:  # As mathematics counts: from 1, both ends taken.
                return self.make("slice", "ends", [part for part in bounds if part is not None], tree)
            if self.first and bounds[0] is not None:
                raise self.refusal(say("plain.both_ends"), tree)
            empty = self.make("slice", "none", (), tree)
            return self.make("slice", "", [part or empty for part in bounds], tree)
        if isinstance(tree, ast.Constant) and tree.value is Ellipsis:
            return self.make("slice", "...", (), tree)
        if is_none(tree) or self.name_of(tree) in _NEW:
            return self.make("slice", "new", (), tree)
        if isinstance(tree, (ast.Compare, ast.BoolOp, ast.Call)):
            return self.node(tree)  # A condition, or each position of an axis.
        return self.index(tree)

    def index(self, tree: ast.expr) -> Node:
        """A letter, a position, which counts from ``first``, or a shift of letters."""
        position = self.integer(tree)
        if position is not None:
            return self.number(str(position + 1 - self.first if position >= 0 else position), tree)
        if isinstance(tree, ast.Name):
            word = self.code.words.get(tree.id, tree.id)
            if isinstance(word, str):
                return self.make("name", word, (), tree)
        if isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.Name) and self.words.is_label(tree.value.id):
            # The class of one member: Q[j[n]].
            own = [self.index(ix) for ix in items_of(tree.slice)]
            return self.make("entry", "", (self.make("name", tree.value.id, (), tree.value), *own), tree)
        parts = self.parts(tree, 1)
        letters = sum(int(part.value) for part in parts if part.children)
        offset = (1 - self.first) * (1 - letters)
        if offset:
            parts.append(self.make("part", str(offset), (), tree))
        return self.make("shift", "", parts, tree)

    def parts(self, tree: ast.expr, factor: int) -> list[Node]:
        """The summands of a shifted index."""
        number = self.integer(tree)
        if number is not None:
            return [self.make("part", str(factor * number), (), tree)]
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
            second = -factor if isinstance(tree.op, ast.Sub) else factor
            return [*self.parts(tree.left, factor), *self.parts(tree.right, second)]
        if (
            isinstance(tree, ast.BinOp)
            and isinstance(tree.op, ast.Mult)
            and (by := self.integer(tree.left)) is not None
        ):
            return self.parts(tree.right, factor * by)
        if isinstance(tree, ast.Name) and isinstance(word := self.code.words.get(tree.id, tree.id), str):
            return [self.make("part", str(factor), (self.make("name", word, (), tree),), tree)]
        raise self.refusal(say("plain.not_an_index"), tree, say("python.index_examples"))


def items_of(tree: ast.expr) -> list[ast.expr]:
    """What stands between commas."""
    return list(tree.elts) if isinstance(tree, ast.Tuple) else [tree]


def _spine(tree: ast.BinOp, group: Mapping[type[ast.operator], str]) -> tuple[ast.expr, list[ast.BinOp]]:
    """The first operand, and each operation of one group of operators, from left to right."""
    steps: list[ast.BinOp] = []
    first: ast.expr = tree
    while isinstance(first, ast.BinOp) and type(first.op) in group:
        steps.append(first)
        first = first.left
    return first, steps[::-1]


_VISITS: Mapping[type[ast.expr], Callable[[Reader, Any], Node]] = {
    ast.Constant: Reader.constant,
    ast.Name: Reader.name,
    ast.BinOp: Reader.operation,
    ast.UnaryOp: Reader.unary,
    ast.BoolOp: Reader.logical,
    ast.Compare: Reader.compare,
    ast.IfExp: Reader.conditional,
    ast.List: Reader.brackets,
    ast.Attribute: Reader.attribute,
    ast.Call: Reader.called,
    ast.Subscript: Reader.subscript,
}
