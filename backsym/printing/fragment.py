r"""A reader for the LaTeX of authors: names (``\eta``, ``D^{(0)}``, ``\tilde{C}``) and the formulas of their texts.

It gives layout, so that what an author writes reaches every output language.  It knows every macro and environment
that ``mathtext`` lets through; anything else is an error that names it.  The classes of signs are TeX's (The TeXbook,
chapter 17 and appendix G): a binary sign without an operand before it is a sign of its own, or a prefix.

This module must not know about expressions, problems or output languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import NamedTuple, TypeVar

from backsym.core.errors import BacksymError, near_name
from backsym.core.words import Words, say
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.signs import BIG_SIGNS, DELIMITERS, FENCES, LIMIT_WORDS, PLAIN_WORDS, SIGNS, is_greek
from backsym.text.mathtext import ENVIRONMENTS, MACROS

FONTS = {
    "mathbf": "bold", "boldsymbol": "bold_italic", "bm": "bold_italic", "mathcal": "calligraphic",
    "mathbb": "blackboard", "mathrm": "roman", "mathit": "italic", "mathsf": "sans", "mathtt": "mono",
    "mathfrak": "fraktur",
}  # fmt: skip
TEXTS = {"text": "roman", "textrm": "roman", "textbf": "roman_bold", "textit": "roman_italic"}
ACCENTS = {
    "bar": "bar", "hat": "hat", "tilde": "tilde", "vec": "vec", "dot": "dot", "ddot": "ddot", "widehat": "wide_hat",
    "widetilde": "wide_tilde", "overline": "overline", "underline": "underline",
}  # fmt: skip
FRACTIONS = {"frac": "auto", "dfrac": "display", "tfrac": "text"}
SPACES = {
    "!": "negative", ",": "thin", ":": "medium", ";": "thick", " ": "word", "quad": "quad", "qquad": "qquad",
}  # fmt: skip
SIZES = {"displaystyle": "display", "textstyle": "text", "scriptstyle": "script"}
MATRICES = {
    "matrix": "none", "pmatrix": "paren", "bmatrix": "bracket", "Bmatrix": "brace", "vmatrix": "abs", "Vmatrix": "norm",
    "smallmatrix": "none",
}  # fmt: skip
PREFIXES = ("plus", "minus", "plus_minus", "minus_plus")
_IN_TEXT = {
    "\\,": "\u2009", "\\ ": " ", "\\;": " ", "\\:": "\u2009", "\\!": "", "\\quad": "\u2003", "\\qquad": "\u2003\u2003",
    "{": "", "}": "",
}  # fmt: skip

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S", re.DOTALL)
_TEXT_TOKEN = re.compile(r"\\[A-Za-z]+\s*|\\.|\s+|.", re.DOTALL)
_WORD = re.compile(r"(?:[A-Za-z0-9.\-\s]|\\,)+")


def _spelled() -> Iterator[tuple[str, str]]:
    for name, sign in SIGNS.items():
        if name not in ("equal", "quote"):
            yield from ((spelling, name) for spelling in (sign.latex, *sign.others))
    yield '"', "quote"


_SIGN_NAMES = dict(_spelled())
_DELIMITER_NAMES = {
    spelling: name for name, sign in DELIMITERS.items() for spelling in (sign.latex, *sign.others) if name != "none"
} | {"<": "angle_left", ">": "angle_right"}
_PAIRS = {pair: kind for kind, pair in FENCES.items()}
_CLOSING = dict(FENCES.values())


class _Token(NamedTuple):
    text: str
    start: int
    end: int


def fragment(latex: str) -> Layout:
    """The layout of LaTeX mathematics; raises BacksymError for what is not known or cannot be set, naming it."""
    if _unbalanced(latex):
        raise BacksymError(say("fragments.unbalanced", latex=latex))
    reader = _Reader(latex, [_Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(latex)])
    reader.partners = _partners(reader.tokens)
    whole = reader.row(frozenset())
    if reader.token is not None:
        raise reader.error(say("fragments.out_of_place", sign=reader.token.text))
    return whole


def _unbalanced(latex: str) -> bool:
    depth = 0
    for char in re.sub(r"\\.", "", latex):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return True
    return depth != 0 or len(latex) - len(latex.rstrip("\\")) & 1 == 1


def _partners(tokens: list[_Token]) -> dict[int, int]:
    """Where each opening delimiter that has a partner in its group is closed."""
    found: dict[int, int] = {}
    opened: list[list[tuple[str, int]]] = [[]]
    for at, token in enumerate(tokens):
        name = _DELIMITER_NAMES.get(token.text, "") if token.text not in "<>" else ""
        if token.text in ("{", "\\left", "\\begin"):
            opened.append([])
        elif token.text in ("}", "\\right", "\\end"):
            opened[-1:] = [] if len(opened) > 1 else [[]]
        elif token.text in ("&", "\\\\"):
            opened[-1].clear()
        elif name in _CLOSING:
            opened[-1].append((_CLOSING[name], at))
        elif any(name == closing for closing, _ in opened[-1]):
            while opened[-1]:
                closing, start = opened[-1].pop()
                if closing == name:
                    found[start] = at
                    break
    return found


@dataclass
class _Reader:
    latex: str
    tokens: list[_Token]
    at: int = 0
    partners: dict[int, int] | None = None

    @property
    def token(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    @property
    def text(self) -> str:
        """The next token, or nothing at the end."""
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def error(self, what: Words) -> BacksymError:
        return BacksymError(say("fragments.inside", what=what, latex=self.latex))

    def take(self) -> str:
        token = self.token
        if token is None:
            raise self.error(say("fragments.at_the_end"))
        self.at += 1
        return token.text

    def expect(self, text: str) -> None:
        if self.text != text:
            raise self.error(say("fragments.missing", sign=text))
        self.at += 1

    # --- rows ---

    def row(self, stops: frozenset[str], end: int = -1) -> Layout:
        """Everything up to one of ``stops``, or the position ``end``, which is left."""
        items: list[Layout] = []
        apart: list[bool] = []
        while self.token is not None and self.at != end and self.text not in stops:
            apart.append(self.at > 0 and self.token.start > self.tokens[self.at - 1].end)
            size = SIZES.get(self.text[1:])
            if size is not None:
                self.at += 1
                items.append(lay.Sized(size, self.row(stops, end)))
                break
            items.append(self.number() if self.text.isdecimal() else self.scripted())
        return _grouped(_classed(items), apart)

    def cells(self) -> tuple[tuple[Layout, ...], ...]:
        """The rows of an environment, up to its ``\\end``; an empty last row is none."""
        rows: list[tuple[Layout, ...]] = []
        stops = frozenset(("&", "\\\\", "\\end", "}"))
        cells: list[Layout] = []
        while True:
            cells.append(self.row(stops))
            if self.text == "&":
                self.at += 1
                continue
            if self.text != "\\\\" and cells == [lay.tight()] and rows:
                return tuple(rows)
            rows.append(tuple(cells))
            cells = []
            if self.text != "\\\\":
                return tuple(rows)
            self.at += 1

    # --- scripts ---

    def scripted(self) -> Layout:
        """An atom with its scripts."""
        limit_word = self.text[1:] in LIMIT_WORDS
        base = lay.tight() if self.text in ("_", "^", "'") else self.atom()
        sub: Layout | None = None
        sup: Layout | None = None
        primes = 0
        limits = "auto"
        while self.text in ("_", "^", "'", "\\limits", "\\nolimits"):
            sign = self.take()
            if sign == "'":
                primes += 1
            elif sign in ("\\limits", "\\nolimits"):
                limits = "limits" if sign == "\\limits" else "beside"
            elif sign == "_" and sub is None:
                sub = self.script()
            elif sign == "^" and sup is None:
                sup = self.script()
            else:
                raise self.error(say("fragments.second_subscript" if sign == "_" else "fragments.second_superscript"))
        if limit_word and isinstance(base, lay.Ident) and (sub or sup):
            base = lay.Big(base.text.replace("\u2009", ""))
        return _with_scripts(base, sub, sup, primes, limits)

    def number(self) -> Layout:
        """Digits in a row, with a point among them; scripts belong to all of them."""
        first = self.at
        while self.text.isdecimal() or self.at_point(first):
            self.at += 1
        digits = "".join(token.text for token in self.tokens[first : self.at])
        self.tokens[self.at - 1] = self.tokens[self.at - 1]._replace(text=digits)
        self.at -= 1
        return self.scripted()

    def at_point(self, first: int) -> bool:
        after = self.tokens[self.at + 1 : self.at + 2]
        return self.text == "." and self.at > first and bool(after) and after[0].text.isdecimal()

    def argument(self) -> Layout:
        """What a macro or a script applies to: a group or one token."""
        if self.text in ("", "}", "&", "\\\\", "^", "_", "'"):
            if not self.text:
                raise self.error(say("fragments.before_end"))
            raise self.error(say("fragments.before", sign=self.text))
        atom = self.atom()
        return lay.Symbol(atom.name) if isinstance(atom, lay.Op) and atom.spacing == "binary" else atom

    def script(self) -> Layout:
        """A script, written as tightly as its author did."""
        first = self.at
        script = self.argument()
        spaced = " " in self.latex[self.tokens[first].start : self.tokens[self.at - 1].end]
        return replace(script, tight=True) if isinstance(script, lay.Row) and not spaced else script

    # --- atoms ---

    def atom(self) -> Layout:
        at = self.at
        text = self.take()
        if text == "{":
            group = self.row(frozenset("}"))
            self.expect("}")
            return replace(group, spacing="ordinary") if isinstance(group, lay.Op) else group
        if text in _DELIMITER_NAMES and text not in ("<", ">", "/"):
            return self.delimiter(_DELIMITER_NAMES[text], at)
        if text in _SIGN_NAMES:
            return self.sign(_SIGN_NAMES[text])
        if text.startswith("\\"):
            return self.command(text[1:])
        if text[0].isascii() and text[0].isalnum():
            return lay.Number(text) if text[0].isdecimal() else lay.Ident(text)
        raise self.error(say("fragments.unread", text=text))

    def sign(self, name: str) -> Layout:
        kind = SIGNS[name].kind
        if name == "slash":
            return lay.Op("slash", "ordinary")
        return lay.Symbol(name) if kind == "ordinary" else lay.Op(name, kind)

    def delimiter(self, name: str, at: int) -> Layout:
        """A delimiter with its partner and what is between them, or alone."""
        end = (self.partners or {}).get(at)
        if end is None:
            side = "open" if name.endswith("_left") else "close" if name.endswith("_right") else "ordinary"
            return lay.Delimiter(name, side=side)
        body = self.row(frozenset(), end)
        self.at = end + 1
        return lay.fenced(_PAIRS[name, _CLOSING[name]], body)

    def command(self, name: str) -> Layout:
        if is_greek(name):
            return lay.Ident(name)
        if name in SPACES:
            return lay.Space(SPACES[name])
        if name in FONTS:
            return self.font(FONTS[name])
        if name in ACCENTS:
            return lay.Accent(ACCENTS[name], self.argument())
        if name in FRACTIONS:
            return lay.Frac(self.argument(), self.argument(), FRACTIONS[name])
        if name in BIG_SIGNS:
            return lay.Big(name)
        if name == "arg" and self.text in ("\\max", "\\min"):
            return lay.Big("arg" + self.take()[1:])
        if name in PLAIN_WORDS or name in LIMIT_WORDS:
            return lay.Ident(name, "operator")
        if name in TEXTS:
            return lay.tight(*self.words(TEXTS[name]))
        rule = _COMMANDS.get(name)
        if rule is None:
            near = near_name(name, MACROS, 0.8)
            if near:
                raise self.error(say("fragments.unknown_macro_near", macro=name, near=near))
            raise self.error(say("fragments.unknown_macro", macro=name))
        return rule(self, name)

    def font(self, style: str) -> Layout:
        braced = self.text == "{"
        start = self.tokens[self.at].end if braced else 0
        argument = self.argument()
        inside = self.latex[start : self.tokens[self.at - 1].start] if braced else ""
        word = "".join(inside.split())
        if word.isascii() and word.isalnum() and (style == "roman" or not is_greek(word)):
            return lay.Ident(word, style) if style != "italic" or len(word) > 1 else argument
        return _restyled(argument, style)

    def words(self, style: str) -> list[Layout]:
        """The words of \\text in braces, with text of other styles in it."""
        if self.token is None or self.text != "{":
            raise self.error(say("fragments.words"))
        pieces, end = _words(self.latex, self.token.start, style)
        while self.token is not None and self.token.start < end:
            self.at += 1
        return pieces


def _words(latex: str, start: int, style: str) -> tuple[list[Layout], int]:
    """The pieces of the text in the braces that open at ``start``, and where it ends."""
    pieces: list[Layout] = []
    run, position, depth = "", start + 1, 1
    while depth:
        match = _TEXT_TOKEN.match(latex, position)
        assert match is not None, "the braces are known to match"
        token, position = match[0], match.end()
        depth += (token == "{") - (token == "}")
        macro = token[1:].rstrip() if token.startswith("\\") else ""
        if macro in TEXTS:
            pieces += [lay.Ident(run, style)] if run else []
            inner, position = _words(latex, latex.index("{", position), TEXTS[macro])
            pieces += inner
            run = ""
        elif token.isspace():
            run += " "
        elif token.startswith("\\") and len(token) == 2 and token[1] in "{}_%&#$":
            run += token[1]
        elif token.rstrip() in _IN_TEXT or token == "\\ ":
            run += _IN_TEXT.get(token.rstrip(), " ")
        elif macro:
            raise BacksymError(say("fragments.in_words", macro=macro, latex=latex))
        else:
            run += token
    return [*pieces, *([lay.Ident(run, style)] if run or not pieces else [])], position


# --- macros that take more than one argument, or read on -------------------------------------------------------------


def _sqrt(reader: _Reader, name: str) -> Layout:
    degree = None
    if reader.text == "[":
        reader.at += 1
        degree = reader.row(frozenset("]"))
        reader.expect("]")
    return lay.Sqrt(reader.argument(), degree)


def _operator(reader: _Reader, name: str) -> Layout:
    star = reader.text == "*"
    reader.at += star
    braced = reader.text == "{"
    start = reader.tokens[reader.at].end if braced else 0
    argument = reader.argument()
    inside = reader.latex[start : reader.tokens[reader.at - 1].start] if braced else ""
    if not _WORD.fullmatch(inside):
        return _restyled(argument, "roman")
    word = "".join(inside.split()).replace("\\,", "\u2009")
    if not star:
        return lay.Ident(word, "operator")
    return lay.Big(word.replace("\u2009", "") if word.startswith("arg") else word)


def _left(reader: _Reader, name: str) -> Layout:
    left = _delimiter_name(reader)
    body = reader.row(frozenset(("\\right",)))
    reader.expect("\\right")
    right = _delimiter_name(reader)
    left, right = _sided(left, "left"), _sided(right, "right")
    kind = _PAIRS.get((left, right))
    return lay.Fenced(kind, body, stretchy=True) if kind else lay.Delimited(left, body, right)


def _delimiter_name(reader: _Reader) -> str:
    text = reader.take()
    if text == "." or text in _DELIMITER_NAMES:
        return "none" if text == "." else _DELIMITER_NAMES[text]
    raise reader.error(say("fragments.no_delimiter", sign=text))


def _sided(name: str, side: str) -> str:
    """A bar at one side of a body as the delimiter of that side; ``<`` and ``>`` as angles of that side."""
    if name in ("bar", "bars"):
        return f"{name}_{side}"
    return f"angle_{side}" if name.startswith("angle") else name


def _sized(reader: _Reader, name: str) -> Layout:
    size = name if name == "middle" else name.removesuffix("l").removesuffix("r")
    side = "ordinary" if size == name else "open" if name.endswith("l") else "close"
    return lay.Delimiter(_delimiter_name(reader), size, side)


def _begin(reader: _Reader, name: str) -> Layout:
    environment = _environment_name(reader)
    if environment not in ENVIRONMENTS:
        raise reader.error(say("fragments.environment", name=environment))
    rows = reader.cells()
    reader.expect("\\end")
    if _environment_name(reader) != environment:
        raise reader.error(say("fragments.not_ended", name=environment))
    if environment == "cases":
        return lay.Cases(rows)
    if environment == "aligned":
        return lay.Aligned(rows)
    if environment == "gathered":
        return lay.Gathered(tuple(lay.tight(*cells) for cells in rows))
    return lay.Matrix(rows, MATRICES[environment], small=environment == "smallmatrix")


def _environment_name(reader: _Reader) -> str:
    reader.expect("{")
    name = ""
    while reader.text not in ("}", ""):
        name += reader.take()
    reader.expect("}")
    return name


def _substack(reader: _Reader, name: str) -> Layout:
    reader.expect("{")
    rows = reader.cells()
    reader.expect("}")
    return lay.Gathered(tuple(lay.tight(*cells) for cells in rows), small=True)


def _overset(reader: _Reader, name: str) -> Layout:
    mark, base = reader.argument(), reader.argument()
    if isinstance(base, lay.Op):
        base = replace(base, spacing=SIGNS[base.name].kind)
    return lay.Stacked(base, below=mark) if name == "underset" else lay.Stacked(base, above=mark)


def _not(reader: _Reader, name: str) -> Layout:
    struck = reader.argument()
    if not isinstance(struck, lay.Op) or SIGNS[struck.name].kind != "relation":
        raise reader.error(say("fragments.struck"))
    known = {"in": "not_in", "equals": "not_equal"}.get(struck.name)
    return lay.Op(known or f"not_{struck.name}", "relation")


def _pmod(reader: _Reader, name: str) -> Layout:
    inside = lay.tight(lay.Ident("mod", "operator"), lay.Space("medium"), reader.argument())
    return lay.tight(lay.Space("quad"), lay.Fenced("paren", inside))


_COMMANDS = {
    "sqrt": _sqrt,
    "operatorname": _operator,
    "binom": lambda reader, name: lay.Binom(reader.argument(), reader.argument()),
    "left": _left,
    "begin": _begin,
    "substack": _substack,
    "overset": _overset,
    "underset": _overset,
    "stackrel": _overset,
    "underbrace": lambda reader, name: lay.Underbrace(reader.argument(), None),
    "overbrace": lambda reader, name: lay.Underbrace(reader.argument(), None, over=True),
    "boxed": lambda reader, name: lay.Boxed(reader.argument()),
    "phantom": lambda reader, name: lay.Phantom(reader.argument()),
    "not": _not,
    "pmod": _pmod,
    "mod": lambda reader, name: lay.tight(lay.Space("quad"), lay.Ident("mod", "operator"), lay.Space("medium")),
    **dict.fromkeys("big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr middle".split(), _sized),
}


# --- layouts put together --------------------------------------------------------------------------------------------


def _with_scripts(base: Layout, sub: Layout | None, sup: Layout | None, primes: int, limits: str) -> Layout:
    if isinstance(base, lay.Big):
        whole: Layout = replace(base, lower=sub, upper=sup, limits=limits)
        return lay.Primed(whole, primes) if primes else whole
    if isinstance(base, lay.Underbrace) and base.label is None:
        label, other = (sup, sub) if base.over else (sub, sup)
        braced = replace(base, label=label)
        if other is None:
            return braced
        return lay.Stacked(braced, below=other) if base.over else lay.Stacked(braced, above=other)
    if isinstance(base, lay.Ident) and base.style == "operator" and limits == "limits":
        return lay.Big(base.text, sub, sup, limits)
    if primes:
        base = lay.Primed(base, primes)
    return base if sub is None and sup is None else lay.Script(base, sub, sup)


def _classed(items: list[Layout]) -> list[Layout]:
    """Binary signs that have no operand on one side as signs of their own: ``-x``, ``f(\\cdot)``, ``x^*``."""
    out: list[Layout] = []
    for at, item in enumerate(items):
        if isinstance(item, lay.Op) and item.spacing == "binary":
            last = at == len(items) - 1
            after = last or _has_spacing(items[at + 1], ("relation", "punctuation"))
            if not out or after or not _is_operand(out[-1]):
                alone = last or item.name not in PREFIXES
                item = lay.Symbol(item.name) if alone else lay.Op(item.name, "prefix")
        out.append(item)
    return out


def _grouped(items: list[Layout], apart: list[bool]) -> Layout:
    """A row; what its author wrote together, such as ``f(x)``, stays together."""
    runs: list[list[Layout]] = []
    after_sign = True
    for item, space in zip(items, apart, strict=True):
        is_sign = isinstance(item, lay.Op) and item.spacing != "ordinary"
        if after_sign or is_sign or space:
            runs.append([])
        runs[-1].append(item)
        after_sign = is_sign
    return lay.row(*(lay.tight(*run) for run in runs)) if runs else lay.tight()


def _has_spacing(item: Layout, spacings: tuple[str, ...]) -> bool:
    return isinstance(item, lay.Op) and item.spacing in spacings


def _is_operand(item: Layout) -> bool:
    """Whether a binary sign may stand after it."""
    if isinstance(item, lay.Delimiter):
        return item.side != "open"
    big = isinstance(item, lay.Big) or (isinstance(item, lay.Ident) and item.style == "operator")
    return not big and not _has_spacing(item, ("binary", "relation", "punctuation", "prefix"))


L = TypeVar("L", bound=Layout)


def _restyled(layout: L, style: str) -> Layout:
    """The letters and digits in another font; words and what has a font already stay as they are."""
    if isinstance(layout, lay.Ident):
        if layout.style != "italic" or (is_greek(layout.text) and style not in ("bold", "bold_italic")):
            return layout
        small_greek = is_greek(layout.text) and layout.text[0].islower()
        return layout if small_greek and style == "bold" else lay.Ident(layout.text, style)
    if isinstance(layout, lay.Number):
        return layout if style in ("roman", "italic") else lay.Ident(layout.text, style)
    if isinstance(layout, lay.Symbol):
        return replace(layout, bold=style == "bold_italic")
    changes = {f.name: _restyled_value(getattr(layout, f.name), style) for f in fields(layout)}
    return replace(layout, **changes)


def _restyled_value(value: object, style: str) -> object:
    if isinstance(value, Layout):
        return _restyled(value, style)
    return tuple(_restyled_value(item, style) for item in value) if isinstance(value, tuple) else value
