r"""Names in LaTeX formulas: quantities, entries, functions, all-ones vectors, losses, indicators, index letters.

Knows the vocabulary; adds to the grammar what depends on names.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from backsym.core.dims import Whole, dim_named, names_of, put_in, read_amount
from backsym.core.errors import InputError
from backsym.core.words import Words, say
from backsym.reading.latex.cursor import shown
from backsym.reading.latex.grammar import COMPARISONS, Grammar
from backsym.reading.latex.lexer import ACCENTS, BRACKETS, FONTS, WIDE_ACCENTS, Token
from backsym.reading.latex.names import LOSS_WORDS, Found, Key, new_name, spelling, split_tag
from backsym.reading.latex.scripts import Scripts, is_shift, item, read_scripts, shift, tag_ahead
from backsym.reading.meaning.scope import suggest
from backsym.reading.syntax import Node, as_index, walk

BOLD = frozenset("mathbf bold boldsymbol bm pmb bf vec underline underbar".split())
_SCRIPT_FONTS = frozenset(("mathcal", "mathscr"))
_USUAL_LETTERS = frozenset("ijklmn")
_LOSS_LETTERS = frozenset("LJEC")
_CONSTANT_FONTS = BOLD | {"mathbb"}


@dataclass(frozen=True)
class Base:
    """A letter before its scripts: ``accent:letter`` with the font it is in."""

    text: str
    font: str
    token: Token

    @property
    def bold(self) -> bool:
        return self.font in BOLD


class Symbols(Grammar):
    """The grammar with names."""

    # --- letters ---

    def symbol(self) -> Node:
        token = self.token
        if token.kind == "macro" and token.text in FONTS and self.is_styled_group():
            return self.styled_group()
        if token.kind == "letter" and (name := self.bare_word()) is not None:
            return self.function(name, token)
        return self.from_base(self.base())

    def bare_word(self) -> str | None:
        """The function whose name stands here without a backslash, ``exp(z)``; its letters are taken."""
        end = self.position + 1
        while self.tokens[end].kind == "letter" and self.tokens[end].start == self.tokens[end - 1].end:
            end += 1
        letters = [token.text for token in self.tokens[self.position : end]]
        if len(letters) < 2 or self.left or self.tokens[end].kind != "op" or self.tokens[end].text != "(":
            return None
        name = self.words.word("".join(letters))
        if name is None or (len(letters) == 2 and all(map(self.words.has, letters))):
            return None
        self.position = end
        return name

    def is_styled_group(self) -> bool:
        r"""Whether a font macro holds more than one letter: ``\mathbf{W x}``, ``\mathbf{z_1}``."""
        if self.ahead().text != "{" or self.ahead().kind != "op":
            return False
        return not self.is_one_letter(self.position + 1)

    def is_one_letter(self, opening: int) -> bool:
        """Whether these braces hold one letter, in any fonts and accents."""
        while True:
            inner, close = opening + 1, self.closing[opening]
            token = self.tokens[inner]
            if token.kind != "macro" or token.text not in FONTS | ACCENTS:
                return close == inner + 1
            if self.tokens[inner + 1].text != "{" or self.tokens[inner + 1].kind != "op":
                return close == inner + 2
            if token.text in ACCENTS:
                return self.closing[inner + 1] == close - 1
            if self.closing[inner + 1] != close - 1:
                return False
            opening = inner + 1

    def styled_group(self) -> Node:
        outer, self.font = self.font, self.take().text
        tree = self.group()
        self.font = outer
        return tree

    def base(self, scripts: Scripts | None = None) -> Base:
        """One letter with its fonts and accents; scripts inside an accent's braces are added to ``scripts``."""
        token = self.take()
        if token.kind in ("letter", "greek", "number"):
            return Base(token.text, self.font, token)
        if token.kind == "word":
            return Base(token.text, "mathrm", token)
        if token.kind == "macro" and token.text == "ell":
            return Base("ell", self.font, token)
        if token.kind == "macro" and token.text in FONTS | ACCENTS:
            self.enter(token)
            inner = self.braced_base(token)
            self.leave()
            if token.text in FONTS:
                return Base(inner.text, token.text, token)
            return Base(f"{WIDE_ACCENTS.get(token.text, token.text)}:{inner.text}", inner.font, token)
        self.position -= 1
        raise self.unexpected(say("latex.sought.letter"))

    def braced_base(self, outer: Token) -> Base:
        if not self.at("{"):
            return self.base()
        opening = self.take()
        inner = self.base()
        if self.at("_", "^", "'"):
            raise self.error(
                say("latex.scripts_inside", macro=outer.text),
                None,
            )
        self.expect("}", opening)
        return inner

    def from_base(self, base: Base) -> Node:
        """The quantity, entry, constant or function call that begins with this letter."""
        if base.text in ("1", "0") and base.font in _CONSTANT_FONTS:
            return self.bare_array(base)
        if base.text in ("I", "E", "P", "R") and base.font == "mathbb" and not self.words.has(base.text):
            return self.blackboard(base)
        if base.text == "delta" and self.words.delta and not self.words.known("delta"):
            return self.error_signal(base)
        if base.text == "delta" and self.at("_") and not self.words.known("delta"):
            return self.delta(base)
        if base.text == "e" and self.is_euler(base):
            return self.euler(base)
        if base.text == "I" and not self.words.known("I") and "I" not in (self.words.loss or ""):
            return self.identity(base)
        scripts = read_scripts(self, self.additive)
        return self.named(base, scripts)

    def members(self, base: Base, scripts: Scripts) -> None:
        r"""Takes ``x^{(i)}`` as ``x_i`` where i is an index letter and no quantity has this tag; ``a^{(l-1)}``, too.

        Of what is numbered above also a position, ``a^{(0)}`` or ``a^{(M)}``.
        """
        tag, second = scripts.tag, scripts.second
        letter: Node | None = None
        if second is not None:
            scripts.second = None
            letter = second if self.is_member_letter(second.value) else None
            if letter is None and tag is not None and scripts.power is not None and self.is_member_letter(tag):
                letter, tag = scripts.power, second.value
            if letter is None:
                raise self.error(say("latex.two_tags"), base.token)
            scripts.tag, scripts.power = tag, None
        elif tag is not None and self.is_member(tag, base, scripts):
            letter, scripts.tag, scripts.power = scripts.power, None, None
        elif tag is None and (letter := self.step_above(base, scripts)) is not None:
            scripts.steps.pop(0)
        if letter is not None:
            first, *rest = scripts.below or [[]]
            marks = self.marks_below(base, first)
            scripts.below = [group for group in (first[:marks], [letter], first[marks:], *rest) if group]

    def marks_below(self, base: Base, below: Sequence[Node]) -> int:
        """How much of what stands below the members of a family is its own mark, the Q of ``W_Q^{(l)}``."""
        if not below or self.words.quantity(base.text, "") is not None:
            return 0
        if self.words.quantity(base.text, below[0].value) is not None:
            return 1
        own = base.text in self.words.numbered if below[0].kind == "num" else below[0].kind == "name"
        return int(own and not self.is_letter(below[0], base))

    def is_member(self, tag: str, base: Base, scripts: Scripts) -> bool:
        """Whether a mark above is an index letter, or a position of one."""
        if scripts.power is None or self.words.has(base.text, tag):
            return False
        if tag.isdecimal():
            return self.words.quantity(base.text, "") in self.words.layered and not self.is_number(base)
        return self.is_member_letter(tag) or (tag in self.words.ends and not self.is_number(base))

    def step_above(self, base: Base, scripts: Scripts) -> Node | None:
        """The index that what stands above would be: a letter, shifted or not, of members that are written above."""
        if not scripts.steps or scripts.steps[0][0] != "pow" or self.is_number(base):
            return None
        power = scripts.steps[0][1]
        index = scripts.step or as_index(power) if power is not None else None
        letters = self.words.bare if scripts.step is None else self.words.above
        if index is None or index.kind not in ("name", "shift"):
            return None
        names = [part.value for part in walk(index) if part.kind == "name"]
        if index is scripts.step and self.words.quantity(base.text, "") in self.words.families:
            letters = letters.union(filter(self.is_member_letter, names))  # Of h_t also h^{(t-1)} is a member.
        last = index.kind == "name" and index.value in self.words.ends and bool(self.words.bare)
        known = letters if scripts.step is None else letters | self.words.ends
        return index if last or (names and all(name in known for name in names)) else None

    def is_number(self, base: Base) -> bool:
        """Whether a letter is declared as a number, which has no members."""
        return self.words.ranks.get(self.words.quantity(base.text, "") or "", 1) == 0

    def is_member_letter(self, letter: str) -> bool:
        return self.words.is_index(letter) or letter in self.letters

    def named(self, base: Base, scripts: Scripts) -> Node:
        start = base.token.start
        self.members(base, scripts)
        if (loss := self.loss_call(base, scripts)) is not None:
            return loss
        if scripts.primes == 1 and self.words.has(base.text, "prime" + (scripts.tag or "")):
            scripts.tag, scripts.primes = "prime" + (scripts.tag or ""), 0
        found = self.words.choose(base.text, scripts.tag or "", scripts.below or [], self.letters, bold=base.bold)
        if (layer := _bare_layer(scripts)) is not None and _may_have_layer(found, layer):
            # z^1 is z1 where there is one, since nobody writes the power; what is on the left side is no power.
            other = self.words.choose(base.text, layer, scripts.below or [], self.letters, bold=base.bold)
            if other is not None or (self.left and found is None):
                found = other
                scripts.steps.pop(0)
                scripts.tag = layer
        if found is None:
            special = self.undeclared(base, scripts)
            if special is not None:
                return special
            found = self.words.choose(base.text, "", scripts.below or [], self.letters, bold=base.bold)
            if found is not None and scripts.power is not None and not base.bold and not self.words.tagged(base.text):
                scripts.steps.insert(0, ("pow", scripts.power))
            else:
                found = self.assumed(base, scripts)
        return self.quantity(found, scripts, start)

    def quantity(self, found: Found, scripts: Scripts, start: int) -> Node:
        """The name with its indices, transposes and powers; in ``W^T_{jk}`` the indices are those of the transpose."""
        tree = self.make("name", found.name + "'" * scripts.primes, (), start)
        if not found.indices:
            return self.raised(tree, scripts, start)
        steps = scripts.steps
        # Of one index the transpose is that of the member: x_n^T is a row.
        member = len(found.indices) == 1 or any(ix.kind == "slice" for ix in found.indices)
        while steps and steps[0][0] == "T" and not member:
            tree = self.make("transpose", "", (tree,), start)
            steps = steps[1:]
        tree = self.make("entry", "", (tree, *map(self.index, found.indices)), start)
        return self.raised(tree, Scripts(steps=steps), start)

    def range(self, tree: Node) -> Node:
        """A part of an axis with the names of the dimensions that are spelled in its ends."""
        if tree.kind == "name":
            base, _, tag = tree.value.partition("_")
            return tree._replace(value=self.words.dim_keys.get((base, tag), tree.value))
        return tree._replace(children=tuple(map(self.range, tree.children)))

    def index(self, tree: Node) -> Node:
        """An index with the declared spelling of its letter, or of its letters where it is shifted."""
        if tree.kind in ("shift", "part"):
            return tree._replace(children=tuple(map(self.index, tree.children)))
        if tree.kind == "entry":
            return tree._replace(children=(tree.children[0], *map(self.index, tree.children[1:])))
        if tree.kind == "slice":
            return self.range(tree)
        if tree.kind != "name":
            return tree
        bare = tree.value.rstrip("'")
        primes = tree.value[len(bare) :]
        letter, _, tag = bare.partition("_")
        known = self.words.letter(letter, tag)
        return Node("name", (known or bare) + primes, tree.children, tree.span)

    def exponent(self, tree: Node) -> Node:
        """An exponent that is one letter: the quantity of that name."""
        if tree.kind != "name":
            return tree
        name = self.words.quantity(tree.value, "")
        return Node("name", name, (), tree.span) if name else tree

    # --- what is not declared ---

    def undeclared(self, base: Base, scripts: Scripts) -> Node | None:
        """A letter that is no quantity but means something: a function, an adjoint, Euler's number, pi."""
        mark = (scripts.tag or "") + "".join(x.value for x in scripts.items)
        function = self.words.function(base.text, mark)
        if function is not None and not self.left and not self.stands_alone(base):
            if base.text == "sigma" and self.words.open and not self.at("(", "[", r"\{"):
                raise self.error(say("latex.sigma_bare"), base.token)
            return self.applied(function, Scripts(primes=scripts.primes, steps=scripts.steps), base.token)
        if base.text.startswith(("bar:", "overline:")) and self.words.gradient == "bar":
            return self.over_bar(base, scripts)
        if base.text == "pi" and not mark and not base.bold and not self.left:
            return self.raised(self.make("name", "π", (), base.token.start), scripts, base.token.start)
        if (
            self.at("(")
            and not self.left
            and scripts.tag is None
            and not scripts.items
            and not self.words.known(base.text)
        ) and (not self.words.open or self.position in self.lists):
            return self.applied(self.words.word(base.text) or base.text, scripts, base.token)
        return None

    def stands_alone(self, base: Base) -> bool:
        r"""Whether the letter of a function is a quantity: ``\boldsymbol{\sigma} \odot``, where nothing is declared."""
        if not self.words.open or base.text in self.words.abstract or self.at("(", "[", r"\{"):
            return False
        return base.bold or not self.starts_factor()

    def assumed(self, base: Base, scripts: Scripts) -> Found:
        """The name of a quantity that is not declared, and its indices."""
        groups = scripts.below or []
        items = scripts.items
        tag = scripts.tag or ""
        if tag or not items or items[0].kind in ("shift", "slice", "entry"):
            return Found(self.new(base, tag), tuple(items))
        if all(self.is_letter(x, base) or (n and self.is_position(items[n - 1], x)) for n, x in enumerate(items)):
            return Found(self.new(base, ""), tuple(items))
        first = items[0].kind == "num" or items[0].value in self.words.marks
        whole = len(groups) == 1 and not (first and len(items) > 1)
        own = groups[0] if whole or len(groups) > 1 else items[:1]
        return Found(self.new(base, "".join(x.value for x in own)), tuple(items[len(own) :]))

    def new(self, base: Base, tag: str) -> str:
        return new_name(base.text, tag, joined=self.words.joined)

    def is_position(self, before: Node, tree: Node) -> bool:
        """Whether a number stands behind a declared index letter or one with a range, ``x_{i1}``: no mark."""
        letter = before.kind == "name" and (self.words.is_index(before.value) or before.value in self.letters)
        return tree.kind == "num" and letter

    def is_letter(self, tree: Node, base: Base) -> bool:
        """Whether this subscript is an index: a declared letter, or one with a range; else one of i to n, if light."""
        if tree.kind != "name":
            return False
        bare = tree.value.rstrip("'")
        if self.words.is_index(bare) or bare in self.letters or bare in self.words.ends:
            return True
        if self.words.keys.get((bare, "")) is not None and bare == tree.value:
            return False  # In d_p beside a quantity p the letter tells which d it is.
        usual = _USUAL_LETTERS if self.words.free is None else self.words.free
        return not base.bold and (bare in usual or bare != tree.value)

    # --- words ---

    def word(self) -> Node:
        token, after = self.token, self.ahead().text
        tagged = after in ("^", "_") and self.words.known(token.text)
        if (self.words.has(token.text) or tagged or self.left) and after != "(":
            return self.from_base(self.base())
        name = self.words.word(token.text)
        if name is not None:
            self.take()
            return self.function(name, token)
        if len(token.text) == 1 or self.words.has(token.text) or self.left:
            return self.from_base(self.base())
        if self.ahead().text in ("(", "'", "^"):
            self.take()
            return self.function(token.text, token)
        near = suggest(token.text, [*self.words.functions, *sorted(self.words.abstract), *self.words.ranks])
        raise self.error(say("latex.undeclared", name=shown(token)), token, near)

    # --- the loss ---

    def loss_call(self, base: Base, scripts: Scripts) -> Node | None:
        r"""``\mathcal{L}(y, t)``: on the left side the loss itself, on the right side the abstract loss.

        ``\mathcal{L}_{\text{CE}}(y, t)`` is the named one.  None if this is no loss.
        """
        if ":" in base.text:
            return None
        is_loss = base.font in _SCRIPT_FONTS or base.text in (self.words.loss, "ell")
        is_loss = is_loss or (self.left and base.text in _LOSS_LETTERS)
        word = LOSS_WORDS.get("".join(x.value for x in scripts.items).lower().replace("-", ""))
        if not is_loss and word is None:
            return None
        if self.at("(") and (self.left or self.position in self.lists) and scripts.tag is None:
            if word is None and scripts.items:
                losses = [rf"\mathcal{{L}}_{{\text{{{name}}}}}" for name in ("CE", "BCE", "SE")]
                hint = say("latex.named_losses", names=losses)
                raise self.error(say("latex.unknown_loss"), scripts.below_at, hint)
            arguments = self.argument_list()
            if self.left:
                return self.make("name", self.loss_name(base), (), base.token.start)
            value = (word or "loss") + "'" * scripts.primes
            return self.scripted(self.make("call", value, arguments, base.token.start), base.token.start)
        if base.font in _SCRIPT_FONTS and not self.words.known(base.text) and not scripts.items and scripts.tag is None:
            name = self.make("name", self.loss_name(base), (), base.token.start)
            return self.raised(name, scripts, base.token.start)
        return None

    def loss_name(self, base: Base) -> str:
        """The loss by its own name, however this formula writes it."""
        if self.words.has(base.text):
            return self.words.quantity(base.text, "") or base.text
        return self.words.loss or new_name(base.text, "")

    # --- constants ---

    def is_euler(self, base: Base) -> bool:
        """Whether a light e with an exponent is the number: no declared scalar, and the exponent no declared tag."""
        if base.bold or not self.at("^") or self.words.ranks.get("e") == 0 or "e" in self.words.dims:
            return False
        braced = self.ahead().text == "{"
        if (
            "e" in self.words.ranks
            and self.ahead(1 + braced).kind == "number"
            and (not braced or self.ahead(3).text == "}")
        ):
            return False  # Nobody writes the number e squared where e is a vector.
        if not braced:
            return True
        if self.ahead(2).text == "(" and self.ahead(3).kind == "number" and self.ahead(4).text == ")":
            return False  # A mark, such as that of layer 2.
        mark, self.position = self.position, self.position + 2
        end = tag_ahead(self)
        tag = "".join(token.text for token in self.tokens[self.position + 1 : end])
        self.position = mark
        member = "e" in self.words.ranks and self.is_member_letter(tag)
        return not (end and (member or self.words.has("e", tag)))

    def euler(self, base: Base) -> Node:
        """``e^{z}`` is exp(z)."""
        scripts = read_scripts(self, self.additive, tags=False)
        exponents = [exponent for step, exponent in scripts.steps if step == "pow" and exponent is not None]
        if len(exponents) != 1 or len(scripts.steps) != 1:
            raise self.error(say("latex.exponent_of_e"), base.token)
        return self.make("call", "exp", (self.exponent(exponents[0]),), base.token.start)

    def bare_array(self, base: Base) -> Node:
        r"""``\mathbb{1}_N``, ``\mathbf{1}``, ``\mathbf{0}_{N \times D}``, and the indicator ``\mathbb{1}[z > 0]``."""
        start = base.token.start
        if base.text == "1" and self.at("[", r"\{", "(", "{") and (indicator := self.indicator(base)) is not None:
            return indicator
        dims: tuple[Node, ...] = ()
        if self.at("_"):
            self.take()
            if base.text == "1" and self.at("{") and self.has_comparison():
                return self.indicator_below(start)
            if base.text == "1" and (label := self.label_below()) is not None:
                return self.scripted(self.make("call", "onehot", (label,), start), start)
            dims = self.size_below()
        name = "ones" if base.text == "1" else "zeros"
        tree = self.make("call", name, dims, start) if dims else self.make("bare", name, (), start)
        scripts = read_scripts(self, self.additive, tags=False)
        if scripts.items:
            if dims:
                tree = self.make("entry", "", (tree, *scripts.items), start)
            else:
                raise self.error(say("latex.size_before_superscript"), scripts.below_at)
        return self.raised(tree, scripts, start)

    def label_below(self) -> Node | None:
        r"""The quantity of ``\mathbf{1}_y``, which is one at y; None where anything else stands there."""
        braced = self.at("{")
        token = self.tokens[self.position + braced]
        alone = token.kind == "letter" and (not braced or self.closing[self.position] == self.position + 2)
        if not alone or token.text in self.words.dims or not self.words.has(token.text):
            return None
        self.position += 1 + 2 * braced
        return self.make("name", token.text, (), token.start)

    def size_below(self) -> tuple[Node, ...]:
        if not self.at("{"):
            return (self.dimension(scripts_too=False),)
        opening = self.take()
        dims = [self.dimension()]
        while self.at("times", ",", "cdot"):
            self.take()
            dims.append(self.dimension())
        self.expect("}", opening)
        if len(dims) == 2 and dims[1].value == "1":
            dims = dims[:1]
        return tuple(dims)

    def identity(self, base: Base) -> Node:
        r"""``\mathbf{I}``, ``\mathbf{I}_D``; ``I_{jk}`` is its entry, a Kronecker delta."""
        start = base.token.start
        if self.left:
            return self.named(base, read_scripts(self, self.additive))
        if self.at("_"):
            mark = self.position
            if not base.font:
                self.take()
                letters = self.two_indices()
                if letters:
                    return self.make("call", "delta", letters, start)
                self.position = mark
            self.take()
            dims = self.size_below()[:1]
            tree = self.make("call", "eye", dims, start)
        else:
            tree = self.make("bare", "eye", (), start)
        return self.scripted(tree, start)

    def two_indices(self) -> tuple[Node, ...]:
        """Two indices in braces, if that is what stands here; else nothing is read."""
        if not self.at("{"):
            return ()
        inside = self.without_scripts(self.position + 1, self.closing[self.position])
        simple = all(t.kind in ("letter", "greek", "number", "word") or t.text in (",", "'") for t in inside)
        count = sum(t.kind != "op" for t in inside)
        if not (simple and count == 2) and not (self.reads_shifts and self.two_shifts()):
            return ()
        self.take()
        first = self.index_or_shift()
        self.took(",")
        second = self.index_or_shift()
        self.take()
        return (first, second)

    def without_scripts(self, start: int, end: int) -> list[Token]:
        """The tokens between two places, without subscripts: a label has the index of its member, ``y_n``."""
        found: list[Token] = []
        at = start
        while at < end:
            if self.tokens[at].text == "_":
                at = self.closing[at + 1] + 1 if self.tokens[at + 1].text == "{" else at + 2
                continue
            found.append(self.tokens[at])
            at += 1
        return found

    def index_or_shift(self, end: str = "}") -> Node:
        return self.index(shift(self) if self.reads_shifts and is_shift(self, end) else item(self))

    def two_shifts(self) -> bool:
        """Whether the braces here hold two indices with a comma, of which one or both are shifted."""
        commas = [n for n in range(self.position, self.closing[self.position]) if self.tokens[n].text == ","]
        if len(commas) != 1:
            return False
        mark = self.position
        shifts = []
        for start in (mark + 1, commas[0] + 1):
            self.position = start
            shifts.append(is_shift(self))
        self.position = mark
        parts = (mark + 1, commas[0]), (commas[0] + 1, self.closing[mark])
        return any(shifts) and all(
            shifted or all(t.kind != "op" or t.text == "'" for t in self.tokens[start:end])
            for shifted, (start, end) in zip(shifts, parts, strict=True)
        )

    def blackboard(self, base: Base) -> Node:
        if base.text == "I" and self.at("[", "(", r"\{", "{") and (indicator := self.indicator(base)) is not None:
            return indicator
        hint = {"E": say("latex.write_mean"), "R": say("latex.declare_shape")}.get(base.text)
        raise self.error(say("latex.blackboard_bold", letter=base.text), base.token, hint)

    # --- indicators ---

    def has_comparison(self) -> bool:
        inside = self.tokens[self.position + 1 : self.closing[self.position]]
        return any(t.kind == "op" and t.text in COMPARISONS for t in inside)

    def indicator_below(self, start: int) -> Node:
        opening = self.take()
        inner = self.token if self.took(r"\{") else None
        tree = self.additive()
        if tree.kind != "cmp":  # In 1_{[z > 0]} the brackets hold the comparison.
            tree = self.compared(tree)
        if inner is not None:
            self.expect(r"\}")
        self.expect("}", opening)
        return self.scripted(tree, start)

    def indicator(self, base: Base) -> Node | None:
        r"""``\mathbb{1}[z > 0]``, ``\mathbb{1}[k = \arg\max_{k'} z_{k'}]``; None if there is no comparison inside."""
        opening = self.token
        close = BRACKETS[opening.text]
        mark = self.position
        depth = 0
        end = mark
        for end in range(mark, len(self.tokens)):
            depth += (self.tokens[end].text == opening.text) - (self.tokens[end].text == close)
            if depth == 0 or self.tokens[end].kind == "row":
                break
        inside = self.tokens[mark:end]
        extreme = any(t.kind == "macro" and t.text == "arg" for t in inside)
        if not extreme and not any(t.kind == "op" and t.text in COMPARISONS for t in inside):
            return None
        if self.equal_letters(inside[1:]):
            self.take()
            first = item(self)
            self.take()
            letters = (self.index(first), self.index(item(self)))
            self.expect(close, opening)
            return self.scripted(self.make("call", "delta", letters, base.token.start), base.token.start)
        tree = self.bracketed(self.position_of_extreme if extreme else self.comparison)
        return self.scripted(tree, base.token.start)

    def comparison(self) -> Node:
        left = self.additive()
        if not self.at(*COMPARISONS):
            raise self.unexpected(say("latex.sought.comparison"))
        return self.compared(left)

    def equal_letters(self, inside: Sequence[Token]) -> bool:
        """Whether these tokens say that two indices are equal, ``k' = k`` or ``k = 1``: a Kronecker delta."""
        tokens = [t for t in inside if t.text != "'"]
        if len(tokens) != 3 or tokens[1].text != "=":
            return False
        letters = [t.text for t in tokens if t.kind in ("letter", "greek")]
        positions = [t for t in tokens if t.kind == "number" and t.text.isdecimal()]
        return bool(letters) and len(letters) + len(positions) == 2 and not any(map(self.words.has, letters))

    def position_of_extreme(self) -> Node:
        r"""Inside an indicator: ``k = \arg\max_{k'} z_{k'}`` is at the first position of the maximum."""
        start = self.token.start
        at: list[Node] = []
        in_parentheses = self.took("(")
        while not self.at_macro("arg"):
            if not self.took(",", ")", "="):
                at.append(self.index_or_shift("="))
        if in_parentheses and len(at) < 2:
            raise self.unexpected(say("latex.sought.index_letters"), say("latex.such_as_positions"))
        self.take()
        head = self.token
        if not self.at_macro("max", "min"):
            raise self.unexpected(say("latex.sought.extreme"))
        self.take()
        if not at:
            call = self.reduction(head.text, head) if self.at("_") else self.function(head.text, head)
            body, *rest = call.children
            if rest:
                true = Node("name", "True", (), call.span)
                keep = Node("keyword", "keepdims", (true,), call.span)
                call = self.make("call", head.text, (body, *rest, keep), start)
            return self.make("cmp", "==", (body, call), start)
        letters = self.lower_limit(head.text) if self.took("_") else []
        if len(letters) != len(at):
            raise self.error(say("latex.letters_of_maximum"), head)
        return self.make("pick", head.text, (self.product(), *letters, *at), start)

    # --- letters and dimensions ---

    def lower_limit(self, name: str) -> list[Node]:
        r"""The letters below a sum: ``i``, ``{i=1}``, ``{i, j}``, ``{i,j=1}``, ``{j \neq k}``, ``{w \in V}``."""
        if not self.at("{"):
            return [self.index(item(self))]
        opening = self.take()
        letters: list[Node] = []
        while not self.at("}"):
            if self.at("(") and name in _OF_MANY:
                raise self.pairs()
            letters.append(self.index(item(self)))
            if self.took("="):
                self.begins(name, letters[-1])
            elif name in _OF_MANY and self.took(":", "|", "mid"):
                self.only.append(self.compared(self.additive()))
            elif name in _OF_MANY and self.reads_sums_from_zero and self.at(*COMPARISONS) and not self.at("!="):
                self.only.append(self.compared(letters[-1]))
            elif name in _OF_MANY and self.took("in"):
                letters = self.in_one_set(letters, self.token)
            elif name in _OF_MANY and self.took("!="):
                letter = letters.pop()  # In j = 1, j != k it stands twice.
                letters += [letter] if all(letter.value != other.value for other in letters) else []
                self.left_out.append((letter, self.index(item(self))))
            if not self.took(",") and not self.at("}") and self.token.kind != "letter":
                raise self.error(say("latex.unknown_limit", name=name), None)
        if not letters:
            raise self.error(say("latex.missing_index"), opening)
        self.take()
        return letters

    def in_one_set(self, letters: list[Node], opening: Token) -> list[Node]:
        r"""Letters that run over a set: all of them over ``[K]``; of ``i, j \in S`` this may be a set of pairs."""
        dim = self.set_of_positions()
        mine = next((n for n, letter in enumerate(reversed(letters)) if letter.children), len(letters))
        if mine > 1 and opening.text not in ("[", r"\{"):
            raise self.error(say("latex.set_of_pairs", name=dim.value), opening)
        return [*letters[:-mine], *(letter._replace(children=(dim,)) for letter in letters[-mine:])]

    def pairs(self) -> InputError:
        r"""The refusal of ``(i, j) \in S``, or of a parenthesis of anything else."""
        close = next((n for n, t in enumerate(self.tokens) if n > self.position and t.text == ")"), self.position)
        sign, name = (self.tokens[min(close + n, len(self.tokens) - 1)] for n in (1, 2))
        if sign.text != "in":
            return self.error(say("latex.not_an_index"), self.token, say("latex.such_as_indices"))
        return self.error(say("latex.set_of_pairs", name=shown(name)), sign)

    def set_of_positions(self) -> Node:
        r"""All positions of an axis, ``V``, ``\mathcal{V}``, ``[K]`` or ``\{1, \dots, K\}``: its dimension."""
        opening = self.token
        if self.took("["):
            dim = self.dimension()
            self.expect("]", opening)
        elif self.took(r"\{"):
            message = say("latex.unknown_limit", name="sum")
            zero = self.first_position(message, self.token)
            self.took(",")
            self.expect("dots")
            self.took(",")
            dim = self.last_position(message, opening, zero=zero)
            self.expect(r"\}", opening)
        else:
            dim = self.dimension(scripts_too=False)
        if not self.at("}"):  # Of N(v), or what has a mark, nothing tells which positions are meant.
            raise self.error(say("latex.unknown_limit", name="sum"), opening)
        return dim

    def begins(self, name: str, letter: Node) -> None:
        """Where a range begins: at 1; a sum may leave out the first positions, ``t=2``, in answers ``k=t+1``."""
        first = self.token
        if name in _OF_MANY and self.reads_sums_from_zero and first.kind != "number":
            self.only.append(self.make("cmp", ">=", (letter, self.additive()), first.start))
            return
        low = int(first.text) if first.kind == "number" and first.text.isdecimal() else -1
        self.begun.append(first)
        if low == 0 and self.words.from_zero:
            self.take()
            return
        if name == "sum" and low == 0 and self.reads_sums_from_zero:
            self.sums_from_zero.append(letter)
            low = 1
        if not 1 <= low <= (_LATEST if name in _OF_MANY else 1):
            if self.is_exponent(letter.value):
                raise self.error(say("latex.summed_power", letter=letter.value), first)
            raise self.error(say("latex.index_from_one", letter=letter.value), first)
        self.take()
        self.left_out += [(letter, self.make("num", str(n), (), first.start)) for n in range(1, low)]

    def is_exponent(self, letter: str) -> bool:
        """Whether a letter stands above something behind this place, ``x^j``."""
        texts = [token.text for token in self.tokens[self.position :]]
        return any(
            texts[n] == "^" and letter in (texts[n + 1], texts[n + 2] if texts[n + 1] == "{" else "")
            for n in range(len(texts) - 2)
        )

    def counted(self, dim: Node, message: Words, at: Token | None, *, more: int, zero: bool = True) -> Node:
        """The dimension of so many more positions; raises InputError unless it counts from 0, or from 1, as is said."""
        size: Whole | None = int(dim.value) if dim.kind == "num" else read_amount(dim.value)
        for name in names_of(size) if size is not None else ():
            known = self.words.dims[name].size if name in self.words.dims else None
            size = put_in(size, name, known) if size is not None and known is not None else size
        if size is None or (dim_named(size + more) in self.words.from_zero) != zero:
            raise self.error(message, at)
        found = dim_named(size + more)
        return Node("num" if isinstance(found, int) else "name", str(found), (), dim.span) if more else dim

    def first_position(self, message: Words, at: Token | None) -> bool:
        """Whether a range begins at 0, where positions along some dimensions do; else at 1."""
        zero = self.token.text == "0" and bool(self.words.from_zero)
        if self.token.kind != "number" or not (zero or self.token.text == "1"):
            raise self.error(message, at)
        self.take()
        return zero

    def last_position(self, message: Words, at: Token | None, *, zero: bool) -> Node:
        """The dimension by the last position of a range, ``K``, or ``D`` and ``N-1`` where it begins at 0."""
        dim = self.dimension()
        if zero and self.at("-") and self.ahead().text == "1":
            self.position += 2
            return self.counted(dim, message, at, more=0)
        if self.at("+", "-", "/"):
            raise self.error(say("latex.range_to_sum"), at)
        return self.counted(dim, message, at, more=int(zero), zero=zero) if self.words.from_zero else dim

    def dimension(self, *, scripts_too: bool = True) -> Node:
        """A dimension by its declared spelling, or a size; without braces a subscript is one letter, no scripts."""
        token = self.token
        if token.kind == "number":
            self.take()
            return self.make("num", token.text, (), token.start)
        if token.kind not in ("letter", "greek", "word", "macro"):
            raise self.unexpected(say("latex.sought.dimension"), say("latex.such_as_dimension"))
        base = self.base()
        scripts = read_scripts(self, self.additive) if scripts_too else Scripts()
        key = self.dimension_key(base, scripts)
        name = self.words.dim_keys.get(key) or self.new_dimension(key)
        if name is None or scripts.steps or scripts.primes:
            near = suggest(spelling(new_name(*key)), [spelling(d) for d in self.words.dims])
            end = self.tokens[self.position - 1].end
            written = self.source.text[token.start : end]
            hint = near or say("latex.declare_dimension")
            raise self.source.error(say("latex.not_dimension", name=written), (token.start, end), hint)
        return self.make("name", name, (), token.start)

    def dimension_key(self, base: Base, scripts: Scripts) -> Key:
        return base.text, (scripts.tag or "") + "".join(map(_mark, scripts.items))

    def new_dimension(self, key: Key) -> str | None:
        """A name for a dimension that is not declared; None where they have to be."""
        return None

    # --- derivatives, which complete the grammar ---

    @abstractmethod
    def error_signal(self, base: Base) -> Node:
        r"""``\delta^{(l)}``, the derivative of the loss by z^{(l)}."""

    @abstractmethod
    def delta(self, base: Base) -> Node:
        r"""``\delta`` with what stands below it."""

    @abstractmethod
    def over_bar(self, base: Base, scripts: Scripts) -> Node:
        r"""``\bar{z}`` where bars are adjoints."""


_OF_MANY = ("sum", "prod")
"""What may be over some of the positions of an axis."""

_LATEST = 9
"""A sum may begin as late as here."""


def _may_have_layer(found: Found | None, layer: str) -> bool:
    """Whether a number above is rather a layer than a power: no quantity is known without it, or it is no power."""
    return found is None or (layer in ("0", "1") and not split_tag(found.name)[1])


def _bare_layer(scripts: Scripts) -> str | None:
    """The number above that may be a layer; None if there is none, or a tag in parentheses besides."""
    step, exponent = scripts.steps[0] if scripts.steps and scripts.tag is None else ("", None)
    bare = step == "pow" and exponent is not None and exponent.kind == "num" and exponent.value.isdecimal()
    return exponent.value if bare and exponent is not None else None


def _mark(index: Node) -> str:
    """An index as the mark of a name: ``l-1`` for the shifted one of ``n_{l-1}``."""
    if index.kind != "shift":
        return index.value
    parts = ((part.value, part.children[0].value if part.children else "") for part in index.children)
    words = [
        value.replace("1", letter) if letter and value in ("1", "-1") else value + letter for value, letter in parts
    ]
    return "+".join(words).replace("+-", "-")
