"""The plain expression language: text to syntax tree, by precedence, in linear time.

Precedences are Python's: ``+ -`` below ``* / @`` below unary minus below ``**``, which groups to the right.  A leading
minus takes its whole term: ``-x*y`` is -(x*y).  Symbols are unknown here; only whether ``dX/dY`` is a derivative is
asked of the caller, because it decides the grouping.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from backsym.core.functions import FUNCTIONS, REDUCTIONS
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.plain.lexer import Token, tokenize
from backsym.reading.plain.sympy_spelling import SPELLINGS, equation_of, plain_of
from backsym.reading.syntax import MAX_DEPTH, MAX_NESTING, Node, node

IsPartial = Callable[[str, str], bool]
"""Whether ``dX/dY`` is a derivative, given X and Y."""

_PRODUCTS = {"*": "mul", "@": "matmul", "/": "div"}
_COMPARISONS = (">", ">=", "<", "<=", "==", "!=")
_SIGNS = ("+", "-")
_POWERS = ("**", "^")
_ATOMS = {"name": "name", "number": "num"}
_AFTER_INDEX = (",", "]")
_JOINED = ("(", "[", ".", "^", "**")
"""What makes more than an atom of a name or a number before it."""

_MODULES = ("np", "numpy", "torch", "F", "nn", "tf", "jnp", "jax", "sp", "sympy", "math")
_COMPARISON = say("plain.comparison_in_brackets")
_CHOICE = say("plain.write_choice")
_PYTHON = {
    "if": _CHOICE, "else": _CHOICE, "for": say("plain.write_for"),
    "and": say("plain.write_and"), "or": say("plain.write_or"),
}  # fmt: skip
"""Words of Python that are no names here, and what to write."""

_SIZE = say("plain.axis_length")
_SHAPE = say("plain.declared_shape")
_METHODS = {
    **dict.fromkeys(("t", "transpose"), say("plain.write_transpose")),
    **dict.fromkeys(("matmul", "mm", "bmm"), say("plain.write_matmul")),
    **dict.fromkeys(("shape", "size"), _SIZE),
    **dict.fromkeys(("reshape", "view", "flatten", "ravel", "squeeze"), _SHAPE),
    **dict.fromkeys(("power", "pow"), say("plain.write_square")),
    **dict.fromkeys(("I", "inv", "inverse"), say("plain.no_inverse")),
    "Half": say("plain.write_half"),
    "multiply": say("plain.write_elementwise"),
    "einsum": say("plain.write_einsum"),
    "where": _CHOICE,
    "conv2d": say("plain.write_convolution"),
}
"""What stands after a dot in Python."""

_STATEMENTS = ("for", "while", "if", "def", "let", "return", "import", "print")

_SPLIT_HINT = say("plain.split_it")


def _never(_num: str, _den: str) -> bool:
    return False


def parse_expression(source: Source, is_partial: IsPartial = _never) -> Node:
    """The syntax tree of one expression; raises InputError with the place."""
    parser = _Parser(source, is_partial)
    tree = parser.additive()
    parser.finish()
    return plain_of(tree, source) if parser.foreign else tree


def parse_equation(source: Source, is_partial: IsPartial = _never) -> tuple[Node, Node]:
    """The syntax trees of the two sides of ``lhs = rhs``, or of SymPy's ``Eq(lhs, rhs)``."""
    parser = _Parser(source, is_partial)
    lhs = parser.additive()
    if parser.token.kind == "end" and (sides := equation_of(lhs, source)) is not None:
        return sides
    parser.equals()
    rhs = parser.additive()
    parser.finish()
    return plain_of(lhs, source), plain_of(rhs, source)


@lru_cache(maxsize=512)
def formula_syntax(text: str) -> Node:
    """The syntax tree of a formula of the function table, read once."""
    return parse_expression(Source(text))


class _Parser:
    """Recursive descent over the tokens; each method consumes one construct.

    ``foreign`` tells that something may have to be rewritten as the plain language.
    """

    def __init__(self, source: Source, is_partial: IsPartial):
        self.source = source
        self.is_partial = is_partial
        self.tokens = tokenize(source)
        self.position = 0
        self.token = self.tokens[0]
        self.nesting = 0
        self.foreign = False

    # --- helpers ---

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def at(self, *ops: str) -> bool:
        """Whether an operator comes next; no name, number or end is spelled like one."""
        return self.token.text in ops

    def take(self, count: int = 1) -> Token:
        token = self.token
        if token.kind != "end":
            self.position += count
            self.token = self.tokens[self.position]
        return token

    def make(self, kind: str, value: str, children: tuple[Node, ...], start: int) -> Node:
        """A node that reaches from ``start`` to the last token taken."""
        made = node(kind, value, children, (start, self.tokens[self.position - 1].end))
        if made.depth > MAX_DEPTH:
            raise self.too_deep(made.span)
        return made

    def too_deep(self, span: tuple[int, int]) -> Exception:
        return self.source.error(say("plain.nested_too_deep", limit=MAX_NESTING), span, _SPLIT_HINT)

    def enter(self, token: Token) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.too_deep((token.start, token.end))

    def leave(self) -> None:
        self.nesting -= 1

    def close(self, opening: Token, closing: str) -> None:
        if not self.at(closing):
            if self.token.kind == "end":
                span = (opening.start, opening.end)
                raise self.source.error(say("plain.never_closed", sign=opening.text, closing=closing), span)
            hint = _COMPARISON if self.at(*_COMPARISONS) else None
            raise self.unexpected(say("plain.sought.closing", sign=closing), hint)
        self.take()

    def unexpected(self, expected: Said, hint: Said | None = None) -> Exception:
        token = self.token
        hint = _PYTHON.get(token.text, hint)
        if token.kind == "end":
            ended = say("plain.expected_more", expected=expected)
            return self.source.error(ended, (token.start, token.start + 1), hint)
        return self.source.error(
            say("plain.expected", expected=expected, found=token.text), (token.start, token.end), hint
        )

    # --- whole texts ---

    def equals(self) -> None:
        if self.at("=="):
            raise self.unexpected("=", say("plain.single_equals"))
        if not self.at("="):
            if self.token.kind == "end":
                raise self.unexpected(say("plain.sought.right_side"), say("plain.equation_example"))
            self.finish()
        self.take()

    def finish(self) -> None:
        """Nothing may follow."""
        token = self.token
        if token.kind == "end":
            return
        if self.at("="):
            raise self.unexpected(say("plain.sought.end"), say("plain.one_equals"))
        if self.at(")", "]"):
            raise self.source.error(say("plain.closes_nothing", sign=token.text), (token.start, token.end))
        if self.at(*_COMPARISONS):
            raise self.unexpected(say("plain.sought.operator"), _COMPARISON)
        if self.at(",") and self.position and self.nesting == 0:
            raise self.unexpected(say("plain.sought.operator"), say("plain.one_node_per_equation"))
        raise self.juxtaposed()

    def juxtaposed(self) -> Exception:
        token, before = self.token, self.tokens[self.position - 1]
        hint: Said | None = None
        if before.text in _STATEMENTS and before.start == 0:
            hint = say("plain.only_equations")
        elif before.text.startswith("sum_"):
            hint = say("plain.write_sum_call")
        elif before.text == "T" and self.position > 1 and self.tokens[self.position - 2].text in ("^", "**"):
            hint = say("plain.write_transpose_or_matmul")
        elif before.text in FUNCTIONS and token.kind in ("name", "number"):
            hint = say("plain.argument_in_parentheses", name=before.text, argument=token.text)
        elif token.kind in ("name", "number") or self.at("(", "["):
            rest = "..." if token.kind == "op" else ""
            hint = say("plain.write_product", left=before.text, right=f"{token.text}{rest}")
        return self.unexpected(say("plain.sought.operator"), hint)

    # --- grammar ---

    def additive(self) -> Node:
        start = self.token.start
        terms = [self.term()]
        while self.token.text in _SIGNS:
            sign = self.take()
            term = self.term()
            terms.append(term if sign.text == "+" else self.make("neg", "", (term,), sign.start))
        return terms[0] if len(terms) == 1 else self.make("add", "", tuple(terms), start)

    def term(self) -> Node:
        """A product with an optional sign, which applies to all of it."""
        return self.signed(self.term) if self.token.text in _SIGNS else self.product()

    def signed(self, operand: Callable[[], Node]) -> Node:
        sign = self.take()
        self.enter(sign)
        inner = operand()
        self.leave()
        return self.make("neg", "", (inner,), sign.start) if sign.text == "-" else inner

    def product(self) -> Node:
        start = self.token.start
        kind = ""
        factors = [self.atom() or self.factor()]
        while (operator := _PRODUCTS.get(self.token.text)) is not None:
            if kind and (operator != kind or kind == "div"):
                factors = [self.make(kind, "", tuple(factors), start)]
            kind = operator
            self.take()
            factors.append(self.atom() or self.factor())
        return self.make(kind, "", tuple(factors), start) if kind else factors[0]

    def factor(self) -> Node:
        return self.signed(self.factor) if self.token.text in _SIGNS else self.power()

    def atom(self) -> Node | None:
        """A name or a number, if that is the whole factor, as most are; None for anything longer."""
        token = self.token
        kind = _ATOMS.get(token.kind)
        if kind is None:
            return None
        after = self.tokens[self.position + 1].text
        if after in _JOINED or (after == "/" and token.text[0] == "d"):
            return None
        self.take()
        return node(kind, token.text, (), (token.start, token.end))

    def power(self) -> Node:
        start = self.token.start
        base = self.postfix()
        if self.token.text not in _POWERS:
            return base
        self.enter(self.take())
        exponent = self.factor()
        self.leave()
        return self.make("pow", "", (base, exponent), start)

    def postfix(self) -> Node:
        start = self.token.start
        tree = self.derivative() if self.starts_derivative() else self.primary()
        while True:
            sign = self.token.text
            if sign == ".":
                self.take()
                tree = self.after_dot(tree, start)
            elif sign == "^" and self.ahead().kind == "name" and self.ahead().text == "T":
                self.take(2)
                tree = self.make("transpose", "", (tree,), start)
            elif sign == "[":
                tree = self.entry(tree, start)
            else:
                return tree

    def after_dot(self, tree: Node, start: int) -> Node:
        """``.T``, or SymPy's ``.applyfunc(f)``."""
        if self.token.text == "applyfunc" and self.ahead().text == "(":
            call = self.call(self.take())
            return self.make("call", "applyfunc", (tree, *call.children), start)
        if self.token.kind != "name" or self.token.text != "T":
            name = self.token.text
            known = name in FUNCTIONS or name in REDUCTIONS
            hint = say("plain.function_first", name=name) if known else _METHODS.get(name)
            if tree.value in _MODULES and (known or hint is None):
                hint = say("plain.without_module", module=tree.value, name=name)
            raise self.unexpected(say("plain.sought.transpose"), hint)
        self.take()
        return self.make("transpose", "", (tree,), start)

    def entry(self, base: Node, start: int) -> Node:
        opening = self.take()
        indices = [self.letter() or self.place()]
        while self.token.text == ",":
            self.take()
            indices.append(self.letter() or self.place())
        if "slice" in [ix.kind for ix in indices] and not all(map(_may_pick, indices)):
            raise self.unexpected(say("plain.sought.letter_or_axis"))
        self.close(opening, "]")
        return self.make("entry", "", (base, *indices), start)

    def letter(self) -> Node | None:
        """A letter or position that is the whole index, as most are."""
        token = self.token
        kind = _ATOMS.get(token.kind)
        if kind is None or self.tokens[self.position + 1].text not in _AFTER_INDEX:
            return None
        self.take()
        return node(kind, token.text, (), (token.start, token.end))

    def place(self) -> Node:
        """An index, or a colon for a whole axis."""
        if self.is_range():
            start = self.token.start
            first = self.additive()
            self.take()
            if self.at(",", "]"):
                raise self.unexpected(say("plain.sought.last_position"), say("plain.both_ends"))
            return self.make("slice", "ends", (first, self.additive()), start)
        if not self.at(":"):
            return self.index()
        colon = self.take()
        if not self.at(",", "]"):
            raise self.unexpected(say("plain.sought.whole_axis"), say("plain.both_ends"))
        return self.make("slice", "", (), colon.start)

    def is_range(self) -> bool:
        """Whether a colon follows before the axis ends: ``1:H``."""
        if self.token.kind == "end" or self.tokens[self.position + 1].text in (",", "]"):
            return False
        depth = 0
        for token in self.tokens[self.position :]:
            depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
            if depth < 0 or token.kind == "end" or (not depth and token.text == ","):
                return False
            if token.text == ":" and not depth:
                return token is not self.token
        return False

    def index(self) -> Node:
        """A letter, a position, or letters with whole factors and a shift: ``i + k - 1``, ``2*i - 1``."""
        token, start = self.token, self.token.start
        if token.kind in ("name", "number") and self.ahead().text in (",", "]", ""):
            self.take()
            return self.make("num" if token.kind == "number" else "name", token.text, (), start)
        if token.kind == "name" and self.ahead().text == "[":
            # A label of one member: Z[n, y[n]].
            self.take()
            inner = self.entry(self.make("name", token.text, (), start), start)
            if not self.at(",", "]", ")", "!=", "=="):
                raise self.bad_index(token, self.token)
            return inner
        parts = [self.index_part()]
        while self.at("+", "-"):
            parts.append(self.index_part())
        if not self.at(",", "]"):
            raise self.bad_index(token, self.token)
        return self.make("shift", "", tuple(parts), start)

    def index_part(self) -> Node:
        """One summand of a shifted index: its value is the whole factor, its child, if any, the letter."""
        first = self.token
        sign = self.take().text if self.at("+", "-") else "+"
        number, letter = "1", None
        if self.token.kind == "number" and self.token.text.isdecimal():
            number = self.take().text
            if self.at("*"):
                self.take()
                letter = self.token
        else:
            letter = self.token
        if letter is not None:
            if letter.kind != "name" or self.ahead().text in ("(", "["):
                raise self.bad_index(first, letter)
            self.take()
        children: tuple[Node, ...] = ()
        if letter is not None:
            children = (node("name", letter.text, (), (letter.start, letter.end)),)
        if children and self.at("*") and self.ahead().kind == "name":  # The size of a dimension times a letter.
            self.take()
            second = self.take()
            children = (*children, node("name", second.text, (), (second.start, second.end)))
        return self.make("part", sign.removeprefix("+") + number, children, first.start)

    def bad_index(self, first: Token, last: Token) -> Exception:
        end = first if last.kind == "end" or last.text in (",", "]") else last
        span = (first.start, max(first.start + 1, end.end))
        message = say("plain.not_an_index")
        return self.source.error(message, span, say("plain.index_examples"))

    def primary(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.take()
            return self.make("num", token.text, (), token.start)
        if token.kind == "name":
            self.take()
            if self.token.text == "(":
                return self.call(token)
            return self.make("name", token.text, (), token.start)
        if self.at("("):
            self.enter(self.take())
            inner = self.additive()
            if self.at(","):
                inner = self.tuple(inner, token)
            self.leave()
            self.close(token, ")")
            return inner
        if self.at("["):
            return self.indicator()
        updated = self.at("=") and self.position > 0 and self.tokens[self.position - 1].text in "+-*/@"
        hint = say("plain.new_name") if updated else None
        if self.at("/") and self.position > 0 and self.tokens[self.position - 1].text == "/":
            hint = say("plain.whole_division")
        if self.at("=") and self.position == 0:
            hint = say("plain.begins_with_name")
        raise self.unexpected(say("plain.sought.operand"), hint)

    def tuple(self, first: Node, opening: Token) -> Node:
        """The rest of SymPy's ``(i, 1, D)`` or ``(z, z > 0)``, up to its closing parenthesis."""
        self.foreign = True
        items = [first]
        while self.at(","):
            self.take()
            item = self.additive()
            if self.at(*_COMPARISONS):
                operator = self.take()
                item = self.make("cmp", operator.text, (item, self.additive()), item.span[0])
            items.append(item)
        return self.make("tuple", "", tuple(items), opening.start)

    def call(self, name: Token) -> Node:
        self.foreign = self.foreign or name.text in SPELLINGS
        opening = self.take()
        self.enter(opening)
        if self.at(")"):
            raise self.unexpected(say("plain.sought.argument"))
        arguments = [self.argument()]
        while self.at(","):
            self.take()
            over = self.letter_with_range() if name.text in REDUCTIONS else None
            arguments.append(over or self.argument())
        self.leave()
        self.close(opening, ")")
        if name.text == "sum" and len(arguments) == 2 and arguments[1].kind == "cmp":
            # sum(u, j != y) is the sum over j of [j != y] u.
            body, condition = arguments
            product = node("mul", "", (condition, body), body.span)
            arguments = [product, condition.children[0]]
        return self.make("call", name.text, tuple(arguments), name.start)

    def letter_with_range(self) -> Node | None:
        """``t=1..T``: a letter with the size of its dimension; None for anything else, another range included."""
        ahead = self.tokens[self.position : self.position + 7]
        if [each.text for each in ahead[1:5]] != ["=", "1", ".", "."] or ahead[-1].text not in (",", ")"):
            return None
        letter, size = ahead[0], ahead[5]
        if letter.kind != "name" or size.kind != "name":
            return None
        self.take(6)
        return self.make("name", letter.text, (node("name", size.text, (), (size.start, size.end)),), letter.start)

    def argument(self) -> Node:
        token = self.token
        if token.kind == "name" and self.tokens[self.position + 1].text == "=":
            self.take(2)
            return self.make("keyword", token.text, (self.additive(),), token.start)
        value = self.additive()
        if value.kind == "name" and self.token.text == "!=":
            self.take()
            return self.make("cmp", "!=", (value, self.additive()), token.start)
        return value

    def indicator(self) -> Node:
        opening = self.take()
        self.enter(opening)
        left = self.additive()
        if not self.at(*_COMPARISONS):
            raise self.unexpected(say("plain.sought.comparison"), say("plain.brackets"))
        operator = self.take()
        right = self.additive()
        if self.at(*_COMPARISONS):
            raise self.unexpected("]", say("plain.one_comparison_multiply"))
        self.leave()
        self.close(opening, "]")
        return self.make("cmp", operator.text, (left, right), opening.start)

    # --- dX/dY ---

    def starts_derivative(self) -> bool:
        first = self.token
        if first.text[:1] != "d" or not _differential(first):
            return False
        position = self.position + 1
        if self.tokens[position].text == "[":
            while self.tokens[position].kind != "end" and self.tokens[position].text != "]":
                position += 1
            position += 1
        if position + 1 >= len(self.tokens) or self.tokens[position].text != "/":
            return False
        second = self.tokens[position + 1]
        return _differential(second) and self.is_partial(first.text[1:], second.text[1:])

    def derivative(self) -> Node:
        start = self.token.start
        above = self.differential()
        self.take()
        return self.make("partial", "", (above, self.differential()), start)

    def differential(self) -> Node:
        token = self.take()
        name = self.make("name", token.text[1:], (), token.start)
        return self.entry(name, token.start) if self.at("[") else name


def _differential(token: Token) -> bool:
    return token.kind == "name" and len(token.text) > 1 and token.text[0] == "d"


def _may_pick(ix: Node) -> bool:
    """Whether this may stand beside whole axes: a letter, a position, or another whole axis; all else is code."""
    return ix.kind in ("slice", "shift", "num") or (ix.kind == "name" and ix.value not in ("None", "newaxis"))
