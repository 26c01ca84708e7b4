r"""The grammar of LaTeX formulas: sums, products, quotients, groups, functions, sums over an index.

Juxtaposition, ``\cdot`` and ``\times`` hold together more tightly than ``\odot``; what they mean is told by the shapes,
which are not known here, so that a product keeps its signs.  The body of ``\sum`` and of ``\max_k`` is the product that
follows.  Where mathematicians would guess (``a / b c``, ``\log a b``), this asks for parentheses.

Knows the vocabulary of a problem through ``latex_symbols``; knows no shapes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

from backsym.core.names import GREEK
from backsym.core.source import Source
from backsym.core.words import Said, Words, say
from backsym.reading.latex.blocks import blocks
from backsym.reading.latex.cases import cases
from backsym.reading.latex.cursor import Cursor, shown
from backsym.reading.latex.lexer import ACCENTS, BRACKETS, FONTS, FUNCTION_MACROS, GROUPS, Token, nesting, script_end
from backsym.reading.latex.names import Vocabulary
from backsym.reading.latex.scripts import Scripts, read_scripts
from backsym.reading.syntax import Node, walk

SIGNS = {"cdot": ".", "times": "x", "odot": "o", "*": "*"}
"""Signs of products; a space is juxtaposition."""

COMPARISONS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "=": "==", "!=": "!="}
T = TypeVar("T")

_END_WORDS = frozenset(
    "for forall forevery foreach where with and if each all every when otherwise else iff so hence thus or as on "
    "elsewhere für falls wenn sonst ansonsten und oder".split()
)
REDUCTIONS = ("sum", "mean", "max", "min")
_NO_ARGUMENT = frozenset("tr arg sup inf coth sec csc".split())


class Grammar(Cursor, ABC):
    """Recursive descent; each method consumes one construct.  ``Symbols`` adds what depends on names."""

    def __init__(
        self,
        source: Source,
        words: Vocabulary,
        start: int = 0,
        end: int | None = None,
        *,
        lenient: bool = False,
        tokens: Sequence[Token] | None = None,
    ):
        super().__init__(source, start, end, lenient=lenient, tokens=tokens)
        self.words = words
        self.bars: list[str] = []
        self.font = ""
        self.left = False
        self.letters: frozenset[str] = frozenset()
        """Index letters that the text itself gives a range."""
        self.left_out: list[tuple[Node, Node]] = []
        """The pairs of letters below the sum that is read which must not be the same."""
        self.begun: list[Token] = []
        """The first positions that are written below it."""
        self.only: list[Node] = []
        """The conditions below it, ``n: z_n > 0``."""
        self.sums_from_zero: list[Node] = []
        """Its letters that begin at 0."""

    # --- sums and products ---

    def additive(self) -> Node:
        start = self.token.start
        terms = [self.term()]
        while self.at("+", "-"):
            sign = self.take()
            term = self.term()
            terms.append(term if sign.text == "+" else self.make("neg", "", (term,), sign.start))
        return terms[0] if len(terms) == 1 else self.make("add", "columns", tuple(terms), start)

    def term(self) -> Node:
        """A product with an optional sign, which applies to all of it."""
        return self.signed(self.term) if self.at("-", "+") else self.product()

    def signed(self, operand: Callable[[], Node]) -> Node:
        sign = self.take()
        self.enter(sign)
        inner = operand()
        self.leave()
        return self.make("neg", "", (inner,), sign.start) if sign.text == "-" else inner

    def product(self) -> Node:
        r"""A product, or several with ``\\otimes`` between them."""
        tree = self.chain()
        while self.at("otimes"):
            self.take()
            tree = self.make("call", "otimes", (tree, self.chain()), tree.span[0])
        return tree

    def chain(self) -> Node:
        """Factors side by side, with signs or without."""
        start = self.token.start
        factors = [self.factor()]
        signs = ""
        while True:
            if self.at(*SIGNS):
                signs += SIGNS[self.take().text]
                factors.append(self.signed(self.factor) if self.at("-", "+") else self.factor())
            elif self.at("/", "oslash"):
                spread = "" if self.take().text == "oslash" else "columns"
                above = self.terms(factors, signs, start)
                below = self.signed(self.factor) if self.at("-", "+") else self.factor()
                self.check_slash(above)
                factors, signs = [self.make("div", spread, (above, below), start)], ""
            elif self.starts_factor():
                signs += " "
                factors.append(self.factor())
            else:
                return self.terms(factors, signs, start)

    def terms(self, factors: list[Node], signs: str, start: int) -> Node:
        return factors[0] if not signs else self.make("terms", signs, tuple(factors), start)

    def check_slash(self, above: Node) -> None:
        """``1/2 x`` is a coefficient; ``a/b c`` is not clear."""
        token = self.token
        name_like = token.kind in ("letter", "greek", "number") or self.at_macro(*FONTS, *ACCENTS, "ell")
        if name_like and not _is_number(above):
            raise self.error(
                say("latex.unclear_slash"),
                token,
            )

    def starts_factor(self) -> bool:
        token = self.token
        if token.kind in ("letter", "greek", "number"):
            return True
        if token.kind == "word":
            return token.text.lower() not in _END_WORDS
        if token.kind == "macro":
            return True
        if token.kind != "op":
            return False
        if token.text in ("|", "||"):
            return not (self.bars and self.bars[-1] == token.text)
        return token.text in ("(", "[", r"\{", "{", "|(", "||(", "<(", "cases{", "blocks{", "nabla", "partial")

    # --- factors ---

    def factor(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.take()
            return self.scripted(self.make("num", token.text, (), token.start), token.start)
        if token.kind in ("letter", "greek"):
            return self.symbol()
        if token.kind == "word":
            return self.word()
        if token.kind == "macro":
            return self.macro()
        if token.kind == "op" and token.text in _OPERAND_SIGNS:
            return _OPERAND_SIGNS[token.text](self)
        raise self.unexpected(say("latex.sought.operand"), _hint_for(token))

    @abstractmethod
    def symbol(self) -> Node:
        """Reads names; ``Symbols`` does, which knows the names."""

    def macro(self) -> Node:
        token = self.token
        name = token.text
        if name in _MACRO_RULES:
            return _MACRO_RULES[name](self)
        if name in FUNCTION_MACROS:
            function = self.words.word(name)
            if function is None or name in _NO_ARGUMENT - {"tr"}:
                raise self.error(say("latex.macro_not_read", name=name), token, self.function_hint(name))
            self.take()
            return self.function(function, token)
        if name in FONTS or name in ACCENTS or name == "ell":
            return self.symbol()
        if name in GROUPS:
            self.take()
            if not self.at("{"):
                raise self.unexpected("{")
            return self.group()
        raise self.error(say("latex.macro_not_here", name=name), token)

    def function_hint(self, name: str) -> Said | None:
        if name == "arg":
            return say("latex.position_in_indicator")
        return say("latex.known_functions", names=sorted({"exp", "log", "tanh", "max", "min", "sin", "cos"}))

    @abstractmethod
    def word(self) -> Node:
        """Reads words; ``Symbols`` does, which knows the names."""

    def block(self) -> Node:
        r"""``\begin{bmatrix} \mathbf{h} \\ \mathbf{x} \end{bmatrix}``, and what stands above it."""
        start = self.token.start
        return self.scripted(blocks(self, self.additive), start)

    def scripted(self, base: Node, start: int) -> Node:
        """A group, call or number with the scripts that follow it: entries, transposes, powers."""
        if not self.at("_", "^", "'"):
            return base
        scripts = read_scripts(self, self.additive, tags=False)
        if scripts.primes:
            raise self.error(say("latex.prime_place"), None)
        items = scripts.items
        if (word := next(filter(self.is_mark, items), None)) is not None:
            raise self.source.error(say("latex.not_an_index"), word.span, say("latex.such_as_indices"))
        if len(items) == 1 and items[0].value == "direct" and base.kind == "partial":
            base = self.make("partial", "direct", base.children, start)
        elif items:
            whole = self.make("column", "", (base,), start) if len(items) == 1 else base
            base = self.make("entry", "", (whole, *items), start)
        return self.raised(base, scripts, start)

    def is_mark(self, index: Node) -> bool:
        r"""Whether a subscript is a word, ``(...)_{\text{old}}``, and no index."""
        word = index.value if index.kind == "name" and index.value.isalpha() else ""
        return len(word) > 2 and word not in ("direct", *GREEK) and not self.words.known(word)

    def raised(self, base: Node, scripts: Scripts, start: int) -> Node:
        """The transposes and powers of a superscript, applied in order."""
        for step, exponent in scripts.steps:
            if step == "T":
                base = self.make("transpose", "", (base,), start)
            else:
                assert exponent is not None, "a power has an exponent"
                value = "entries" if step == "hadamard" else "formula"
                base = self.make("pow", value, (base, self.exponent(exponent)), start)
        return base

    def exponent(self, tree: Node) -> Node:
        return tree

    # --- groups ---

    def below_each_other(self, opening: Token) -> Node:
        """What stands in a group; ``[h; x]`` are vectors one below the other."""
        parts = [self.inside(opening)]
        while opening.text == "[" and self.took(";"):
            parts.append(self.additive())
        return parts[0] if len(parts) == 1 else self.make("call", "concat", tuple(parts), opening.start)

    def group(self) -> Node:
        """What stands between parentheses, brackets or braces; a comparison between brackets is an indicator."""
        opening = self.token
        inner = self.bracketed(lambda: self.below_each_other(opening))
        if self.at("_") and self.ahead().text == "+":
            # The positive part, (z)_+.
            self.position += 2
            inner = self.make("call", "relu", (inner,), opening.start)
        return self.scripted(inner, opening.start)

    def bracketed(self, inside: Callable[[], T]) -> T:
        """What is read between the bracket here and the one that closes it."""
        opening = self.take()
        self.enter(opening)
        self.bars.append("")
        found = inside()
        self.bars.pop()
        self.leave()
        self.expect(BRACKETS[opening.text], opening)
        return found

    def inside(self, opening: Token) -> Node:
        inner = self.additive()
        if not self.at(*COMPARISONS):
            return inner
        if opening.text not in ("[", r"\{"):
            raise self.unexpected(BRACKETS[opening.text], say("latex.write_indicator"))
        return self.compared(inner)

    def compared(self, left: Node) -> Node:
        if not self.at(*COMPARISONS):
            raise self.unexpected(say("latex.sought.comparison"))
        operator = self.take()
        right = self.additive()
        if self.at(*COMPARISONS):
            raise self.unexpected("]", say("latex.one_comparison"))
        return self.make("cmp", COMPARISONS[operator.text], (left, right), left.span[0])

    def bars_around(self) -> Node:
        r"""``|x|`` and ``\lVert x \rVert``; the F below a norm says what it is already, the 2 what it is of."""
        opening = self.take()
        double = opening.text == "|" and self.is_double(opening)
        if double:
            self.take()
        kind = "||" if opening.text.startswith("||") else "|"
        self.enter(opening)
        self.bars.append(kind)
        inner = self.additive()
        self.bars.pop()
        self.leave()
        for _ in range(2 if double else 1):
            if not self.at(kind, kind + ")"):
                if self.token.kind in ("end", "row"):
                    raise self.error(say("latex.bar_never_closed"), opening)
                raise self.unexpected(say("latex.sought.closing_bar"))
            self.take()
        # |x|_1 is the sum of absolute values, too: no entry of an array that has none.
        script = self.ahead(1 + (self.ahead().text == "{")).text if self.at("_") else ""
        name = "norm" if kind == "||" or double or script in ("1", "2", "F") else "abs"
        call = self.make("call", name, (inner,), opening.start)
        if name == "norm" and self.at("_"):
            scripts = read_scripts(self, self.additive, tags=False)
            marks = [item.value for item in scripts.items]
            if marks == ["1"]:
                total = self.make("call", "abs", (inner,), opening.start)
                return self.raised(self.make("call", "sum", (total,), opening.start), scripts, opening.start)
            if marks not in (["2"], ["F"]):
                at = scripts.below_at
                raise self.error(say("latex.unknown_norm"), at)
            if marks == ["2"]:
                order = self.make("keyword", "ord", (Node("num", "2", (), call.span),), opening.start)
                call = self.make("call", name, (inner, order), opening.start)
            return self.raised(call, scripts, opening.start)
        return self.scripted(call, opening.start)

    def is_double(self, opening: Token) -> bool:
        r"""Whether ``||`` opens a norm, ``||x||``: the next bar is doubled too.  ``||x| - 1|`` is an absolute value."""
        tokens = self.tokens
        if self.token.text != "|" or self.token.start != opening.end:
            return False
        depth = 0
        for n in range(self.position + 1, len(tokens) - 1):
            depth += nesting(tokens[n])
            if tokens[n].kind == "row" or depth < 0:
                return False
            if tokens[n].text == "|" and depth == 0:
                return tokens[n + 1].text == "|" and tokens[n + 1].start == tokens[n].end
        return False

    def inner_product(self) -> Node:
        r"""``\langle u, v \rangle``"""
        opening = self.take()
        self.enter(opening)
        self.bars.append("")
        left = self.additive()
        if not self.took(",", "|"):
            raise self.unexpected(say("latex.sought.comma"), say("latex.such_as_inner_product"))
        right = self.additive()
        self.bars.pop()
        self.leave()
        self.expect(">)", opening)
        return self.scripted(self.make("call", "dot", (left, right), opening.start), opening.start)

    def argument_list(self) -> tuple[Node, ...]:
        """The arguments between parentheses, brackets or braces."""
        return self.bracketed(self.listed)

    def listed(self) -> tuple[Node, ...]:
        found = [self.argument()]
        while self.took(",", ";"):
            found.append(self.argument())
        return tuple(found)

    def argument(self) -> Node:
        return self.additive()

    # --- quotients and roots ---

    def fraction(self) -> Node:
        start = self.take().start
        above = self.operand()
        below = self.operand()
        return self.scripted(self.make("div", "columns", (above, below), start), start)

    def operand(self) -> Node:
        r"""What ``\frac`` and ``\sqrt`` take: a group in braces, or one token."""
        token = self.token
        if self.at("{"):
            return self.bracketed(self.additive)
        if token.kind == "number" and len(token.text) == 2 and token.text.isdecimal():
            # \frac12
            self.tokens[self.position] = token._replace(text=token.text[1], start=token.start + 1)
            return Node("num", token.text[0], (), (token.start, token.start + 1))
        if token.kind == "number":
            self.take()
            return self.make("num", token.text, (), token.start)
        if token.kind in ("letter", "greek"):
            self.take()
            return self.exponent(self.make("name", token.text, (), token.start))
        raise self.unexpected("{", say("latex.such_as_group"))

    def root(self) -> Node:
        start = self.take().start
        degree = None
        if self.at("["):
            opening = self.take()
            degree = self.additive()
            self.expect("]", opening)
        inner = self.under_sign() if self.source.text[start] == "√" and not self.at("{") else self.operand()
        if degree is None:
            return self.scripted(self.make("call", "sqrt", (inner,), start), start)
        one = Node("num", "1", (), degree.span)
        return self.make("pow", "formula", (inner, self.make("div", "", (one, degree), start)), start)

    def under_sign(self) -> Node:
        """What ``√`` is of, where it is typed: parentheses, or one factor without a power, which may be of the root."""
        if self.at("("):
            return self.bracketed(self.additive)
        token = self.token
        inner = self.factor()
        glued = (
            self.token.kind in ("letter", "greek", "word") and self.token.start == self.tokens[self.position - 1].end
        )
        if glued or inner.kind in ("pow", "transpose", "neg"):
            raise self.error(say("plain.write_root"), token)
        return inner

    def brace_label(self) -> Node:
        r"""``\underbrace{x}_{label}``: the label is for the reader."""
        self.take()
        inner = self.operand()
        if self.at("_", "^"):
            self.position = script_end(self.tokens, self.position)
        return inner

    # --- functions ---

    def function(self, name: str, head: Token) -> Node:
        r"""A function whose name is taken: ``\tanh(z)``, ``\tanh^2(z)``, ``\sigma'(z)``, ``\log z_k``, ``\max_k z``."""
        if name in REDUCTIONS and self.at("_"):
            return self.reduction(name, head)
        scripts = read_scripts(self, self.additive)
        return self.applied(name, scripts, head)

    def applied(self, name: str, scripts: Scripts, head: Token) -> Node:
        if scripts.items:
            hint = say("latex.natural_logarithm_only") if name == "log" else say("latex.indices_after_argument")
            raise self.error(say("latex.subscript_of_function", name=name), scripts.below_at, hint)
        if scripts.tag is not None:
            raise self.error(say("latex.tag_of_function", name=name, tag=scripts.tag), head)
        for step, exponent in scripts.steps:
            if step == "T" or (exponent is not None and exponent.kind == "neg"):
                unclear = say("latex.unclear_superscript" if step != "T" else "latex.transposed_function", name=name)
                raise self.error(unclear, head)
        value = name + "'" * scripts.primes
        arguments = self.arguments(name)
        if name == "diag":
            arguments = tuple(self.make("column", "", (argument,), argument.span[0]) for argument in arguments)
        if value == "log" and not scripts.steps and (size := self.log_of_size(arguments, head)) is not None:
            return size
        call = self.make("call", value, arguments, head.start)
        if scripts.steps:
            # A power on the name of a function is one of its values: tanh^2(z) of an array is entry by entry.
            return self.raised(call, Scripts(steps=[("hadamard", e) for _, e in scripts.steps]), head.start)
        return self.scripted(call, head.start)

    def log_of_size(self, arguments: tuple[Node, ...], head: Token) -> Node | None:
        r"""``\log\det\mathbf{A}`` and ``\log\lvert\mathbf{A}\rvert``: of a square matrix its determinant."""
        (argument,) = arguments if len(arguments) == 1 else (None,)
        bars = argument is not None and argument.kind == "call" and argument.value == "abs"
        inner = argument.children[0] if bars and argument is not None else argument
        if inner is not None and inner.kind == "call" and inner.value == "det":
            return self.make("call", "logdet", inner.children, head.start)
        return self.make("call", "log size", (inner,), head.start) if bars and inner is not None else None

    def arguments(self, name: str) -> tuple[Node, ...]:
        """Arguments in parentheses, or one factor without."""
        if self.at(*BRACKETS):
            return self.argument_list()
        if not self.starts_factor():
            raise self.unexpected(say("latex.sought.argument", name=name), say("latex.such_as_call"))
        self.enter(self.token)
        start, argument = self.token.start, self.factor()
        if argument.kind == "num" and self.token.text == "pi":
            argument = self.terms([argument, self.factor()], " ", start)  # \log 2\pi: a number, whole.
        self.leave()
        token = self.token
        name_like = (
            token.kind in ("letter", "greek", "number") or self.at("(", "[", "{") or self.at_macro(*FONTS, *ACCENTS)
        )
        # Nobody writes the logarithm of 1: \log 1-p is that of 1-p.
        of_one = name == "log" and (argument.kind, argument.value) == ("num", "1") and self.at("+", "-")
        if of_one or (name_like and argument.kind != "call"):
            raise self.error(say("latex.unclear_argument", name=name), token)
        return (argument,)

    def reduction(self, name: str, head: Token) -> Node:
        r"""``\max_k z_k``, and ``\operatorname{sum}_{\text{axis}=0}(X)`` as the printer has it."""
        if self.ahead(2).text == "axis":
            self.position += 3
            self.expect("=")
            start = self.token.start
            number = self.take()
            axis = self.make("keyword", "axis", (Node("num", number.text, (), (number.start, number.end)),), start)
            self.expect("}")
            call = self.make("call", name, (*self.arguments(name), axis), head.start)
            return self.scripted(call, head.start)
        return self.over_letters(name, head)

    # --- sums over an index ---

    def sum_sign(self) -> Node:
        return self.over_letters("sum", self.take())

    def check_letters(self, letters: Sequence[Node], body: Node) -> None:
        r"""Refuses an extreme over a quantity, ``\min_w (w x - t)^2``: it is no ``min(a, b)`` either."""
        indices = {i.value for e in walk(body) if e.kind == "entry" for child in e.children[1:] for i in walk(child)}
        names = {e.value for e in walk(body) if e.kind == "name"} - indices
        for letter in letters:
            known = letter.value in names or (letter.value not in indices and self.words.known(letter.value))
            if letter.kind == "name" and known:
                raise self.source.error(say("meaning.quantity_for_letter", letter=letter.value), letter.span)

    def over_letters(self, name: str, head: Token) -> Node:
        self.enter(head)
        letters, dim = self.limits(name)
        left_out, self.left_out = self.left_out, []
        only, self.only = self.only, []
        from_zero, self.sums_from_zero = self.sums_from_zero, []
        if not self.starts_factor() and not self.at("-"):
            raise self.unexpected(say("latex.sought.what_over", name=name))
        outside, self.letters = self.letters, self.letters.union(letter.value for letter in letters)
        body = self.term()  # A sign right after it belongs to what it is over.
        self.letters = outside
        self.leave()
        if name in ("max", "min"):
            self.check_letters(letters, body)
        for letter in from_zero:
            body = self.one_before(body, letter)
        beside: Node | None = None
        factors, one = (*map(self.unequal, left_out), *only), self.make("num", "1", (), head.start)
        if factors and name == "prod":
            body, beside = self.repeated(body, letters)
            less = self.make("add", "", (body, self.make("neg", "", (one,), head.start)), head.start)
            left = self.make("terms", " " * len(factors), (*factors, less), head.start)
            body = self.make("add", "", (one, left), head.start)
        elif name == "prod":
            body, beside = self.repeated(body, letters)
        elif factors:
            body = self.make("terms", " " * len(factors), (*factors, body), head.start)
        bound = tuple(Node("name", x.value, (dim,) if dim else x.children, x.span) for x in letters)
        call = self.make("call", name, (body, *bound), head.start)
        return call if beside is None else self.make("terms", " ", (call, beside), head.start)

    def repeated(self, body: Node, letters: Sequence[Node]) -> tuple[Node, Node | None]:
        """What a product is over, and what stands behind it without its letters, which is no factor of each."""
        names = {letter.value for letter in letters}
        count = max((n for n, part in enumerate(body.children, 1) if names & {x.value for x in walk(part)}), default=0)
        if body.kind != "terms" or not 0 < count < len(body.children):
            return body, None
        first, rest = body.children[:count], body.children[count:]
        start, after = body.span[0], rest[0].span[0]
        inner = first[0] if count == 1 else self.make("terms", body.value[: count - 1], first, start)
        return inner, rest[0] if len(rest) == 1 else self.make("terms", body.value[count:], rest, after)

    def unequal(self, letters: tuple[Node, Node]) -> Node:
        """1 unless two letters are the same, which a sum leaves out."""
        start = letters[0].span[0]
        same = self.make("call", "delta", letters, start)
        return self.make("add", "", (self.make("num", "1", (), start), self.make("neg", "", (same,), start)), start)

    def limits(self, name: str) -> tuple[list[Node], Node | None]:
        """The letters below and the dimension above, in either order; ``T-1`` above leaves out the last position."""
        letters: list[Node] = []
        dim: Node | None = None
        before, self.begun = 0, []
        while self.at("_", "^"):
            if self.take().text == "_":
                letters.extend(self.lower_limit(name))
            elif letters and self.ends_at_letter():
                self.only.append(self.make("cmp", "<=", (letters[-1], self.last_letter()), letters[-1].span[0]))
            else:
                dim, before = self.upper_limit()
        if dim is not None and not letters:
            raise self.error(say("latex.no_index_below", name=name), None)
        if self.words.from_zero and (self.begun or dim is not None):
            dim, before = self.begun_at(dim, before)
        before -= bool(self.sums_from_zero)  # A sum to T - 1 from 0 has as many terms as one to T from 1.
        if before < 0 or (self.sums_from_zero and dim is None):
            raise self.error(say("latex.index_from_one", letter=self.sums_from_zero[0].value), None)
        if before and dim is not None:
            if name not in ("sum", "prod") or before > 1:
                raise self.error(say("latex.range_to_end", name=dim.value), None)
            self.left_out += [(letter, Node("name", dim.value, (), dim.span)) for letter in letters]
        return letters, dim

    def begun_at(self, dim: Node | None, before: int) -> tuple[Node, int]:
        """The dimension of a sum, and how far before its end, where positions along some dimensions count from 0."""
        zeros = [first for first in self.begun if first.text == "0"]
        if dim is None or (zeros and len(self.begun) > 1):
            raise self.error(say("latex.sum_from_zero"), self.begun[0])
        if zeros and not before:
            return self.counted(dim, say("latex.no_axis_from_zero", name=dim.value), zeros[0], more=1), 0
        last = f"{dim.value}-{before}"
        message = say("latex.no_axis_from_zero", name=last) if zeros else say("latex.axis_from_zero")
        at = zeros[0] if zeros else None
        return self.counted(dim, message, at, more=0, zero=bool(zeros)), before - len(zeros)

    def one_before(self, body: Node, letter: Node) -> Node:
        """What a sum from 0 is over, with the letter counting from 1; the answers' grammar does this."""
        raise self.error(say("latex.index_from_one", letter=letter.value), None)

    def ends_at_letter(self) -> bool:
        """Whether a range ends at a letter's position, ``t - 1``; the answers' grammar reads this."""
        return False

    def last_letter(self) -> Node:
        """The position at which a range ends."""
        if not self.took("{"):
            return self.make("name", self.take().text, (), self.tokens[self.position - 1].start)
        tree = self.additive()
        self.expect("}")
        return tree

    @abstractmethod
    def lower_limit(self, name: str) -> list[Node]:
        """Reads letters; ``Symbols`` does, which knows the names."""

    def upper_limit(self) -> tuple[Node, int]:
        """The dimension, or a size computed from several, ``PQ`` or ``2H+D``; and how far before its end, ``T-1``."""
        if not self.at("{"):
            return self.dimension(scripts_too=False), 0
        opening = self.take()
        dim = self.dimension()
        if self.took("}"):
            return dim, 0
        words = [dim.value]
        while not self.at("}"):
            if self.at("-") and self.ahead().text.isdecimal() and self.ahead(2).text == "}":
                self.take()
                back = int(self.take().text)
                self.expect("}", opening)
                return self.make("name", "".join(words), (), dim.span[0]), back
            plus = self.took("+")
            self.took("cdot", "times", "*")
            words += ["+" if plus else "*", self.dimension().value]
        self.expect("}", opening)
        return self.make("name", "".join(words), (), dim.span[0]), 0

    @abstractmethod
    def dimension(self, *, scripts_too: bool = True) -> Node:
        """Reads dimensions; ``Symbols`` does, which knows the names."""

    @abstractmethod
    def counted(self, dim: Node, message: Words, at: Token | None, *, more: int, zero: bool = True) -> Node:
        """A dimension that counts from 0, or not; ``Symbols`` does, which knows them."""

    # --- derivatives, in Symbols ---

    @abstractmethod
    def fraction_or_derivative(self) -> Node:
        """Reads derivatives; ``Symbols`` does, which knows the names."""

    @abstractmethod
    def derivative(self) -> Node:
        """Reads derivatives; ``Symbols`` does, which knows the names."""

    @abstractmethod
    def gradient(self) -> Node:
        """Reads derivatives; ``Symbols`` does, which knows the names."""

    def product_sign(self) -> Node:
        raise self.error(say("latex.product_over_index"), None)


def _is_number(tree: Node) -> bool:
    return all(part.kind in ("num", "neg", "div") for part in walk(tree))


def _hint_for(token: Token) -> Said | None:
    if token.text == "dots":
        return say("latex.dots_in_ranges")
    return say("latex.group_before", sign=shown(token)) if token.text in ("^", "_", "'") else None


_OPERAND_SIGNS: dict[str, Callable[[Grammar], Node]] = {
    "(": Grammar.group,
    "[": Grammar.group,
    r"\{": Grammar.group,
    "{": Grammar.group,
    "|": Grammar.bars_around,
    "||": Grammar.bars_around,
    "|(": Grammar.bars_around,
    "||(": Grammar.bars_around,
    "<(": Grammar.inner_product,
    "cases{": lambda g: cases(g, g.additive, g.compared, tuple(COMPARISONS)),
    "blocks{": Grammar.block,
    "nabla": lambda g: g.gradient(),
    "partial": lambda g: g.derivative(),
}
_MACRO_RULES: dict[str, Callable[[Grammar], Node]] = {
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), lambda g: g.fraction_or_derivative()),
    "sqrt": Grammar.root,
    "sum": Grammar.sum_sign,
    "prod": lambda grammar: grammar.product_sign(),
    "underbrace": Grammar.brace_label,
    "overbrace": Grammar.brace_label,
}
