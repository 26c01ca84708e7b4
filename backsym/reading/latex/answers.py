r"""The grammar of formulas as students write them: what an author's equation would be asked to make clear.

A comparison in parentheses is an indicator, ``dL/dz`` a derivative and ``dz`` the adjoint of z, ``z^1`` the quantity z1
where no z is declared.  Where two groupings are possible (``a / b c``, ``\log a b``) both are read: ``choice`` tells
which, ``ambiguous`` whether there was one.  Knows vocabularies; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.latex.cases import FOR, IF, choice_in_words
from backsym.reading.latex.derivatives import Formula
from backsym.reading.latex.grammar import COMPARISONS
from backsym.reading.latex.handwriting import handwritten
from backsym.reading.latex.lexer import ACCENTS, BRACKETS, FONTS, FUNCTION_MACROS, Token, closing, script_end
from backsym.reading.latex.names import Found, Vocabulary, split_tag
from backsym.reading.latex.scripts import Scripts
from backsym.reading.latex.symbols import Base
from backsym.reading.syntax import Node, node, walk

_ORDER = ("<", ">", "<=", ">=")
_NOTHING: Mapping[str, str] = MappingProxyType({})
STEPS = ("H", "u", "Theta", "theta")
"""Heaviside's step by its usual letters, where these are applied and nothing is called so."""
_LOSS_NAMES = ("L", "J", "E", "C", "ell", "loss")


class AnswerFormula(Formula):
    """Reads one expression; see the module."""

    reads_shifts = True
    reads_sums_from_zero = True

    def __init__(
        self,
        source: Source,
        words: Vocabulary,
        choice: int = 0,
        meant: Mapping[str, str] = _NOTHING,
        tokens: Sequence[Token] | None = None,
    ):
        super().__init__(source, words, tokens=tokens)
        self.choice = choice
        self.meant = meant
        """The quantity with a tag that a letter without one stands for."""
        self.ambiguous = False

    def whole(self) -> Node:
        """The expression that the text is; after it the space that it lies in may be said."""
        tree = self.additive()
        self.took(",", ";")
        if self.token.kind == "word" and (self.token.text.lower() in IF or self.says_where()):
            tree = choice_in_words(self, tree, self.additive, self.compared)
        if self.at("in") and self.ahead().text in ("mathbb", "R"):
            self.position = len(self.tokens) - 1
        self.took(",", ".", ";")
        if self.token.kind != "end":
            raise self.unexpected(say("latex.sought.operator"))
        return tree

    def says_where(self) -> bool:
        """Whether "for t < T" or "for k = y" comes next, which says of which members something holds."""
        letter = self.ahead()
        index = self.words.is_index(letter.text) or (letter.kind == "letter" and not self.words.has(letter.text))
        return self.token.text in FOR and index and self.ahead(2).text in COMPARISONS

    def one_before(self, body: Node, letter: Node) -> Node:
        """What a sum from 0 is over, with the letter counting from 1: ``x_{t+1}`` is ``x_t``.

        Only a recurrence has a member before the first; of all else 0 would be the first position in another count.
        """
        if body.kind == "name" and body.value == letter.value and not self.words.has(letter.value):
            raise self.error(say("latex.index_from_one", letter=letter.value), None)
        if body.kind in ("entry", "call"):
            first, *rest = body.children
            before = body.kind == "entry" and first.kind == "name" and first.value in self.words.started
            indices = [self.index_before(ix, letter, before=before) for ix in rest] if body.kind == "entry" else rest
            called = [self.one_before(child, letter) for child in (first, *rest)] if body.kind == "call" else ()
            return body._replace(children=tuple(called or (self.one_before(first, letter), *indices)))
        return body._replace(children=tuple(self.one_before(child, letter) for child in body.children))

    def ends_at_letter(self) -> bool:
        """``t``, ``{t-1}``: of a letter that is no size."""
        first = self.ahead() if self.at("{") else self.token
        return first.kind == "letter" and self.words.is_index(first.text) and first.text not in self.words.dims

    def product_sign(self) -> Node:
        return self.over_letters("prod", self.take())

    def index_before(self, index: Node, letter: Node, *, before: bool) -> Node:
        """An index with its letter one position back; ``before``: there is a member before the first."""
        if index.kind == "entry":
            first, *rest = index.children
            return index._replace(children=(first, *(self.index_before(ix, letter, before=False) for ix in rest)))
        names = [part.value for part in walk(index) if part.kind == "name"]
        if letter.value not in names:
            return index
        parts = index.children if index.kind == "shift" else (node("part", "1", (index,), index.span),)
        steps = sum(int(part.value) for part in parts if not part.children) - 1
        lettered = tuple(part for part in parts if part.children)
        alone = len(lettered) == 1 and lettered[0].value in ("1", "+1") and len(lettered[0].children) == 1
        if not alone or steps < -1 or (steps == -1 and not before) or index.kind not in ("name", "shift"):
            raise self.error(say("latex.index_from_one", letter=letter.value), None)
        if not steps:
            return lettered[0].children[0]
        return node("shift", "", (*lettered, node("part", str(steps), (), index.span)), index.span)

    # --- groupings that are not clear ---

    def check_slash(self, above: Node) -> None:
        """``a / b c``: first (a / b) c; as other choices a / (b c), and a / (b c) d of ``a/bc d``.

        A number and a space, ``a/2 b``, are clear.
        """
        last = self.tokens[self.position - 1]
        if last.kind == "number" and last.end < self.token.start:
            return
        numbers = all(part.kind in ("num", "neg", "div") for part in walk(above))
        if self.is_named() and (not numbers or last.kind == "number"):
            self.ambiguous = True

    def factor(self) -> Node:
        if (close := self.slope_in_parentheses()) is not None:
            return self.fraction_in_parentheses(close)
        if (ahead := self.operator_ahead()) is not None:
            slash, opened = ahead
            return self.operator(slash, opened=opened)
        after_slash = self.position > 0 and self.choice > 0 and self.tokens[self.position - 1].text == "/"
        tree = super().factor()
        if not after_slash or not self.is_named() or (tree.kind == "num" and tree.span[1] < self.token.start):
            return tree
        factors, signs = [tree], ""
        while self.is_named() and (self.choice == 1 or self.tokens[self.position - 1].end == self.token.start):
            signs += " "
            factors.append(super().factor())
        return self.terms(factors, signs, tree.span[0]) if signs else tree

    def is_named(self) -> bool:
        """Whether a name or a number comes next, which a slash before might divide by too."""
        named = self.token.kind in ("letter", "greek", "number", "word") or self.at_macro(*FONTS, *ACCENTS)
        return named and self.starts_factor()

    def arguments(self, name: str) -> tuple[Node, ...]:
        """``\\log a b``: first the log of a, times b; as the other choice the log of a b."""
        if self.at("(", "[", "{", r"\{"):
            return self.argument_list()
        if not self.starts_factor():
            raise self.unexpected(say("latex.sought.argument", name=name), say("latex.such_as_call"))
        self.enter(self.token)
        start = self.token.start
        factors, signs = [super().factor()], ""
        if self.starts_factor() and not self.at("(", "["):
            self.ambiguous = True
            while self.choice == 1 and self.starts_factor() and not self.at("(", "["):
                signs += " "
                factors.append(super().factor())
        self.leave()
        return (self.terms(factors, signs, start),)

    def argument(self) -> Node:
        """Also ``axis=0``."""
        token = self.token
        if token.kind != "word" or token.text not in ("axis", "keepdims", "dim") or self.ahead().text != "=":
            inner = self.additive()
            return self.compared(inner) if self.at(*_ORDER) else inner
        self.position += 2
        if self.token.kind == "word":
            value = self.make("name", self.take().text, (), token.start)
        else:
            value = self.additive()
        return self.make("keyword", "axis" if token.text == "dim" else token.text, (value,), token.start)

    def product(self) -> Node:
        """``1 1^T`` beside a matrix is all ones."""
        tree = super().product()
        if self.at("+", "-") and _is_ones_squared(tree):
            return self.make("num", "1", (), tree.span[0])
        return tree

    # --- indicators ---

    def inside(self, opening: Token) -> Node:
        """A comparison in parentheses is 1 where it holds, as in NumPy."""
        inner = self.additive()
        return self.compared(inner) if self.at(*COMPARISONS) else inner

    # --- names ---

    def is_member(self, tag: str, base: Base, scripts: Scripts) -> bool:
        """Besides what equations say, ``z^{(i)}`` with a letter that nothing is called: it is no power of an array."""
        if super().is_member(tag, base, scripts):
            return True
        name = self.words.quantity(base.text, "") or self.words.quantity(base.text.upper(), "") or ""
        rank = self.words.ranks.get(name)
        free = len(tag) == 1 and tag.isalpha() and not self.words.known(tag)
        return bool(rank) and free and scripts.power is not None and not self.words.has(base.text, tag)

    def slope_in_parentheses(self) -> int | None:
        """Where the parenthesis or brace closes that opens here, if it is that of ``(dL)/(dz)``, no group's."""
        if not self.at("(", "{") or not self.is_differential(self.ahead()) or not self.names_quantity(self.ahead(2)):
            return None
        close = closing(self.tokens, self.position)
        if close is None or self.tokens[close + 1].text != "/":
            return None
        below = [token for token in self.tokens[close + 2 : close + 4] if token.text not in ("(", "{")]
        return close if below and self.is_differential(below[0]) else None

    def fraction_in_parentheses(self, close: int) -> Node:
        start = self.take().start
        self.take()
        _, above = self.steps_apart()
        if self.position != close:
            raise self.unexpected(self.tokens[close].text)
        self.take()
        return self.over(above, start)

    def symbol(self) -> Node:
        if self.token.kind == "letter" and self.is_differential(self.token) and self.names_quantity(self.ahead()):
            return self.differentials()
        return super().symbol()

    def word(self) -> Node:
        if self.token.text in self.meant and self.ahead().text != "(":
            return self.from_base(self.base())
        if self.token.text == "d" and self.is_differential(self.token) and self.names_quantity(self.ahead()):
            return self.differentials()
        return super().word()

    def names_quantity(self, token: Token) -> bool:
        named = token.kind == "macro" and token.text in FONTS | ACCENTS | {"ell"}
        return named or token.kind in ("letter", "greek", "word")

    def differentials(self) -> Node:
        """``dL/dz`` on one line; a lone ``dz`` is the derivative of the loss by z."""
        start = self.token.start
        self.take()
        steps, above = self.steps_apart()
        if not steps and self.at("/") and self.is_differential(self.ahead()):
            return self.over(above, start)
        return self.stepped(self.adjoint_of(above), steps, start)

    def derivative(self) -> Node:
        if self.ahead().text == "_":
            return super().derivative()
        start = self.token.start
        self.take()
        above = self.of_loss(self.factor())
        if not self.at("/") or not self.is_differential(self.ahead(2 if self.ahead().text in ("(", "{") else 1)):
            raise self.unexpected(say("latex.sought.partial"), say("latex.such_as_derivative"))
        return self.over(above, start)

    def over(self, above: Node, start: int) -> Node:
        """The rest of a quotient on one line: a transpose or power at its end is that of the whole quotient."""
        self.take()
        opening = self.token if self.at("(", "{") else None
        if opening is not None:
            self.take()
        if not self.is_differential(self.token):
            raise self.unexpected(say("latex.sought.partial"))
        self.take()
        steps, below = self.steps_apart()
        if opening is not None:
            self.expect(BRACKETS[opening.text], opening)
        return self.stepped(self.slope(above, below, start), steps, start)

    # --- derivatives of functions ---

    def operator_ahead(self) -> tuple[int, bool] | None:
        """Whether ``d/dz`` or ``(d/dz)`` stands here, before what it is of: where its slash is, and the parentheses."""
        opened = self.at("(")
        at = self.position + opened
        first, slash, second, below = (*self.tokens[at : at + 4], *[self.tokens[-1]] * 4)[:4]
        if not self.is_differential(first) or slash.kind != "op" or slash.text != "/":
            return None
        return (at + 1, opened) if self.is_differential(second) and self.names_quantity(below) else None

    def operator(self, slash: int, *, opened: bool) -> Node:
        start = self.token.start
        opening = self.token
        self.position = slash + 2
        below = self.base_and_scripts()
        if opened:
            self.expect(")", opening)
        return self.slope(self.factor(), below, start)

    def base_and_scripts(self) -> Node:
        """The quantity that an operator is by: no more than one name."""
        return self.from_base(self.base())

    def has_slope(self, tree: Node) -> bool:
        """Besides a quantity, a function of one."""
        return super().has_slope(tree) or (tree.kind == "call" and len(tree.children) <= 1 and "'" not in tree.value)

    def slope(self, above: Node, below: Node, start: int) -> Node:
        """The derivative of a function by its own argument is written with a prime."""
        if below.kind == "call":
            raise self.source.error(say("latex.derivative_by_quantity"), below.span, say("latex.such_as_differential"))
        if above.kind != "call" or above.value == "grad":
            return super().slope(above, below, start)
        if above.children not in ((), (below,)):
            raise self.source.error(say("latex.derivative_of_quantity"), above.span)
        return self.make("call", above.value + "'", (below,), start)

    def function_alone(self) -> Node | None:
        r"""The function in ``\partial \sigma``, without its argument, where a brace closes after it."""
        token = self.token
        if self.ahead().text != "}":
            return None
        name = None
        if token.kind == "word" or (token.kind == "macro" and token.text in FUNCTION_MACROS):
            name = None if self.words.has(token.text) else self.words.word(token.text)
        elif token.kind == "greek" and not self.words.known(token.text):
            name = self.words.function(token.text, "")
        return None if name is None else self.make("call", name, (), self.take().start)

    def stepped(self, tree: Node, steps: list[tuple[str, Node | None]], start: int) -> Node:
        """A derivative with the transposes and powers that were written on its quantity."""
        for step, exponent in steps:
            if step == "T":
                tree = self.make("transpose", "", (tree,), start)
            elif exponent is not None:
                tree = self.make("pow", "formula", (tree, exponent), start)
        return tree

    def steps_apart(self) -> tuple[list[tuple[str, Node | None]], Node]:
        """A quantity, and the transposes and powers that were written on it."""
        tree = self.of_loss(self.factor())
        steps: list[tuple[str, Node | None]] = []
        while tree.kind in ("transpose", "pow"):
            steps.insert(0, ("T", None) if tree.kind == "transpose" else ("pow", tree.children[1]))
            tree = tree.children[0]
        if tree.kind == "entry" and tree.children[0].kind == "transpose":
            # (dL/dW)^T_{jk} is written dL/dW^T_{jk} too.
            array = tree.children[0].children[0]
            return steps, Node("entry", "", (array, *tree.children[:0:-1]), tree.span, tree.depth)
        if not self.has_slope(tree):
            raise self.source.error(say("latex.derivative_by_quantity"), tree.span, say("latex.such_as_differential"))
        return steps, tree

    def of_loss(self, tree: Node) -> Node:
        """The loss by any of its usual letters, where these mean nothing else."""
        tree = super().of_loss(tree)
        loss = self.words.loss
        if tree.kind == "name" and loss is not None and not self.words.has(tree.value) and tree.value in _LOSS_NAMES:
            return Node("name", loss, (), tree.span)
        return tree

    def is_derivative(self) -> bool:
        r"""Besides partial signs, ``\delta L`` over ``\delta z``; a ``\delta_z`` is a quantity."""
        return super().is_derivative() or self.is_variation()

    def is_variation(self) -> bool:
        above = self.position + 1
        below = self.closing.get(above, len(self.tokens)) + 1
        if below not in self.closing:
            return False
        signs = all(self.tokens[n + 1].kind == "greek" and self.tokens[n + 1].text == "delta" for n in (above, below))
        what = self.tokens[above + 2]
        loss = what.kind == "macro" if what.text == "mathcal" else what.kind == "letter" and what.text.isupper()
        return signs and loss and self.tokens[below + 2].text not in ("_", "^")

    def fraction_or_derivative(self) -> Node:
        r"""On a left side, ``\frac{\partial L}{\partial w}(w, b)``, it may be said where the derivative is taken."""
        whole = self.position == 0
        tree = super().fraction_or_derivative()
        if whole and tree.kind == "partial" and self.at("(") and self.position in self.lists:
            close = closing(self.tokens, self.position)
            if close is not None and self.tokens[close + 1].kind == "end":
                self.position = close + 1
        return tree

    def differential(self, opening: Token | None = None) -> Node | None:
        """As in an equation; in braces the transpose of a quantity is an error that says where it belongs."""
        if opening is not None and (function := self.after_sign()) is not None:
            return function
        tree = super().differential(opening)
        return None if tree is None else self.of_loss(tree)

    def after_sign(self) -> Node | None:
        """The function that stands alone after the sign that comes next; the sign is taken with it."""
        self.position += 1
        function = self.function_alone()
        self.position -= function is None
        return function

    def delta(self, base: Base) -> Node:
        r"""``\delta_{kj}``; a ``\delta_z`` that the student has not said the meaning of is named in the refusal."""
        position, start = self.position, base.token.start
        self.take()
        known = self.words.gradient == "delta" or bool(self.two_indices())
        if known:
            self.position = position
            return super().delta(base)
        self.position = script_end(self.tokens, position)
        while self.at("_", "^"):
            self.position = script_end(self.tokens, self.position)
        end = self.tokens[self.position - 1].end
        name = self.source.text[start:end]
        hint = say("latex.define_it", name=name)
        raise self.source.error(say("latex.undefined_name", name=name), (start, end), hint)

    def undeclared(self, base: Base, scripts: Scripts) -> Node | None:
        r"""Besides what equations say, ``\dot{\sigma}(z)``, and ``\bar{z}`` and ``\overline{z}``, the adjoint of z."""
        if (matrix := self.matrix_of_entry(base, scripts)) is not None:
            return self.named(replace(base, text=matrix), scripts)
        accent, _, inner = base.text.partition(":")
        if accent == "dot" and self.at("(") and not scripts.items and scripts.tag is None:
            function = self.words.function(inner, "")
            if function is not None:
                return self.applied(function, Scripts(primes=scripts.primes + 1, steps=scripts.steps), base.token)
        if accent in ("bar", "overline") and self.words.known(inner):
            return self.over_bar(base, scripts)
        if base.text in STEPS and self.at("(") and not scripts.items and scripts.tag is None:
            return self.applied("step", scripts, base.token)
        special = super().undeclared(base, scripts)
        return self.untagged(base, scripts) if special is None else special

    def untagged(self, base: Base, scripts: Scripts) -> Node | None:
        """``z_j`` for an entry of z2; a number below or a tag says which quantity it is."""
        name = self.meant.get(base.text)
        told = scripts.tag is not None or any(item.kind == "num" for item in scripts.items[:1])
        if name is None or told or self.at("("):
            return None
        text, scripts.tag = split_tag(name)
        return self.named(replace(base, text=text), scripts)

    def matrix_of_entry(self, base: Base, scripts: Scripts) -> str | None:
        """``w_{kj}`` is an entry of W, where nothing is called w: the capital, or None."""
        letters = [item.value.rstrip("'") for item in scripts.items if item.kind == "name"]
        if len(base.text) > 1 or not base.text.islower() or len(letters) != 2 or any(len(x) > 1 for x in letters):
            return None
        ranks, capital = self.words.ranks, base.text.upper()
        taken = any(name[:1] == base.text for name in ranks)
        matrix = any(name[:1] == capital and rank == 2 for name, rank in ranks.items())
        return capital if matrix and not taken else None

    # --- primes ---

    def quantity(self, found: Found, scripts: Scripts, start: int) -> Node:
        """``A'`` is the transpose of a vector or matrix."""
        if scripts.primes == 1 and not found.indices and self.words.ranks.get(found.name):
            scripts.primes = 0
            scripts.steps.insert(0, ("T", None))
        return super().quantity(found, scripts, start)

    def scripted(self, base: Node, start: int) -> Node:
        """``(u - v)'`` is a transpose, where all that is named in it has axes."""
        ranks = [self.words.ranks.get(part.value) for part in walk(base) if part.value in self.words.ranks]
        if self.at("'") and base.kind not in ("call", "partial", "num") and ranks and all(ranks):
            self.take()
            return self.scripted(self.make("transpose", "", (base,), start), start)
        return super().scripted(base, start)

    def loss_by(self, base: Base, scripts: Scripts) -> Node | None:
        """``L_z``: the derivative of the loss by z."""
        loss, items = self.words.loss, scripts.items
        is_loss = base.font in ("mathcal", "mathscr") or base.text in (loss, "ell")
        if not is_loss or not items or scripts.tag is not None or scripts.steps or scripts.primes or loss is None:
            return None
        if self.words.quantity(base.text, "".join(item.value for item in items)) is not None:
            return None
        name = self.words.quantity(items[0].value, "".join(item.value for item in items[1:]))
        if name is None or name == loss:
            return None
        return self.adjoint_of(self.make("name", name, (), base.token.start))

    def named(self, base: Base, scripts: Scripts) -> Node:
        """``z^1`` is z1 where no z is declared."""
        if (adjoint := self.loss_by(base, scripts)) is not None:
            return adjoint
        if scripts.tag is None and scripts.steps and scripts.steps[0][0] == "pow":
            exponent = scripts.steps[0][1]
            if exponent is not None and exponent.kind in ("num", "name") and not exponent.children:
                bare = self.words.choose(base.text, "", scripts.below or [], self.letters, bold=base.bold)
                if bare is None and self.words.quantity(base.text, exponent.value) is not None:
                    scripts.tag = exponent.value
                    scripts.steps.pop(0)
        return super().named(base, scripts)


def _is_ones_squared(tree: Node) -> bool:
    """``1 1^T``"""
    if tree.kind != "terms" or tree.value != " " or len(tree.children) != 2:
        return False
    column, row = tree.children
    ones = row.kind == "transpose" and row.children[0].kind == "bare" and row.children[0].value == "ones"
    return ones and (column.kind, column.value) in (("num", "1"), ("bare", "ones"))


def parse_answer(
    source: Source,
    words: Vocabulary,
    meant: Mapping[str, str] = _NOTHING,
    *,
    single: bool = False,
    differential: bool = False,
) -> tuple[Node, ...]:
    """Every way to group an expression: one, or two where a slash or a function leaves it open.

    ``meant`` has letters without a tag, and what they stand for where nothing is called so; ``single`` takes one
    letter only for a subscript without braces; ``differential`` takes a d before a quantity for the sign of a
    derivative, also where a quantity is called d.  Raises InputError with the place.
    """
    tokens = handwritten(source, words, single=single, differential=differential)
    first = AnswerFormula(source, words, 0, meant, tokens)
    tree = first.whole()
    if not first.ambiguous:
        return (tree,)
    found = [tree]
    for choice in (1, 2):
        with suppress(InputError):
            other = AnswerFormula(source, words, choice, meant, tokens).whole()
            found += [other] if other not in found else []
    return tuple(found)
