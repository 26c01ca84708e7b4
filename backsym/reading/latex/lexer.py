r"""Characters of LaTeX mathematics to tokens, each with its place in the text.

Knows the alphabet and the limits: which macros there are, what is only space or size (``\quad``, ``\left``), comments,
the words in ``\text{...}``.  Knows no grammar and no symbols.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, SupportsIndex, overload
from unicodedata import normalize

from backsym.core.errors import InputError
from backsym.core.names import GREEK
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.meaning.scope import similar, suggest
from backsym.reading.plain.lexer import MAX_CHARACTERS, MAX_NUMBER, MAX_TOKENS, meant


class Token(NamedTuple):
    r"""``kind`` is letter, greek, number, word, macro, op, row or end.

    ``text`` of a macro has no backslash; of a word (``\text{ReLU}``, ``\operatorname{diag}``) it is the word; of an op
    it is the sign itself, braces, scripts and bars included (a bar that must open or close says so: ``|(``, ``|)``).
    A row is the end of a row, ``\\``.
    """

    kind: str
    text: str
    start: int
    end: int


_WORD_MACROS = (
    "text|textrm|textnormal|textup|textbf|textit|textsf|texttt|mathrm|mathsf|mathit|mathtt|operatorname|mbox|rm"
)

_TOKEN = re.compile(
    rf"""(?P<space>[\s~]+)
    |(?P<oldfont>\{{\s*\\(?:bf|bfseries|boldmath)\s*(?P<styled>\\[A-Za-z]+|[A-Za-z])\s*\}})
    |(?P<oldword>\{{\s*\\(?:rm|sf|tt|it)\s+(?P<upright>[A-Za-z]+)\s*\}})
    |(?P<comment>%[^\n]*\n?)
    |(?P<newline>(?:\\\\|\\newline(?![A-Za-z]))(?:\[[\d.]*(?:pt|em|ex|mm|cm)\])?)
    |(?P<env>\\(?:begin|end)\s*\{{(?P<envname>[A-Za-z]+\*?)\}}(?:\{{[lcr| ]*\}})?)
    |(?P<word>\\(?:{_WORD_MACROS})\*?\s*\{{(?P<content>(?:[^{{}}$\\\n]|\\[ ,\-_&%])*)\}})
    |(?P<gap>\\(?:hspace|vspace|mspace)\*?\s*\{{[^{{}}\n]*\}})
    |(?P<defines>\\(?:stackrel|overset)\s*\{{[^{{}}\n]*(?:\{{[^{{}}\n]*\}})?[^{{}}\n]*\}}\s*\{{\s*:?=\s*\}})
    |(?P<bareword>\\(?:mathrm|mathsf|mathit|mathtt)\s+[A-Za-z])
    |(?P<tag>\\(?:label|tag\*?)\s*\{{[^{{}}\n]*\}})
    |(?P<macro>\\[A-Za-z]+\*?)
    |(?P<escape>\\[^A-Za-z])
    |(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<letter>[A-Za-z])
    |(?P<op>:=|\.\.\.?|[-+*/=^_'{{}}()\[\]|<>,.;:!&$])
    """,
    re.VERBOSE | re.ASCII,
)

_IGNORED = frozenset(
    (
        "quad qquad enspace thinspace medspace thickspace displaystyle textstyle scriptstyle limits nolimits nonumber "
        "notag hfill noindent centering big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm "
        "tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge "
        "allowbreak nobreak mathstrut strut relax ignorespaces blacksquare qed qedsymbol qedhere square Box checkmark"
    ).split()
)
_IGNORED_ESCAPES = frozenset(", ; : ! > / -".split()) | {" ", "\n", "\t", "(", ")", "[", "]"}
"""Spaces, and the delimiters of formulas, which stand at the ends of what is read."""

_SIGNS = {
    "cdot": "cdot", "bullet": "cdot", "times": "times", "odot": "odot", "circ": "odot", "ast": "*", "star": "*",
    "otimes": "otimes",
    "lvert": "|(", "rvert": "|)", "lVert": "||(", "rVert": "||)", "vert": "|", "Vert": "||", "|": "||", "{": r"\{",
    "}": r"\}", "lbrace": r"\{", "rbrace": r"\}", "lbrack": "[", "rbrack": "]", "le": "<=", "leq": "<=",
    "leqslant": "<=",
    "ge": ">=", "geq": ">=", "geqslant": ">=", "ne": "!=", "neq": "!=", "lt": "<", "gt": ">", "prime": "'",
    "coloneqq": "=", "triangleq": "=", "coloneq": "=", "doteq": "=", "equiv": "=",
    "dots": "dots", "ldots": "dots", "cdots": "dots",
    "dotsc": "dots", "dotsb": "dots", "top": "top", "intercal": "top", "in": "in", "forall": "forall",
    "langle": "<(", "rangle": ">)", "mid": "|", "div": "/", "oslash": "oslash",
    "nabla": "nabla", "partial": "partial", "colon": ":",
}  # fmt: skip
"""Macros that are one sign; several spellings of one sign are the same."""

_GREEK_VARIANTS = {
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho", "varsigma": "sigma", "varpi": "pi",
    "omicron": "omicron",
}  # fmt: skip

FUNCTION_MACROS = frozenset(
    "exp log ln sin cos tan arctan sinh cosh tanh coth sec csc max min arg tr det sqrt sup inf".split()
)
FONTS = frozenset("mathbf bold boldsymbol bm pmb mathcal mathscr mathbb mathfrak bf vec underline underbar".split())
WIDE_ACCENTS = {"widehat": "hat", "widetilde": "tilde"}
ACCENTS = frozenset("hat widehat tilde widetilde bar overline dot ddot check breve".split())
GROUPS = frozenset("mathbf mathrm mathsf mathit mathtt text operatorname boxed".split())
_STRUCTURE = frozenset("frac dfrac tfrac cfrac sum prod ell underbrace overbrace left right middle dag dagger".split())

MACROS = (
    _IGNORED | frozenset(_SIGNS) | frozenset(_GREEK_VARIANTS) | frozenset(GREEK) | FUNCTION_MACROS | FONTS | ACCENTS
    | GROUPS | _STRUCTURE | frozenset(("begin", "end", "label", "tag"))
)  # fmt: skip
"""Every macro that is known, for near names."""

ENVIRONMENTS = frozenset(
    "equation equation* align align* aligned alignat gather gather* gathered split multline multline* eqnarray "
    "eqnarray* displaymath math array flalign flalign*".split()
)

_CASES = ("cases", "dcases", "cases*", "dcases*")
_BLOCKS = ("matrix", "pmatrix", "bmatrix", "smallmatrix")
_CASES_MARKS = {"cases{": 1, "}cases": -1, "blocks{": 1, "}blocks": -1}
"""The signs of a choice or of blocks; inside it the marks of rows and columns are ``cases;`` and ``cases&``."""

_UNICODE = {
    "−": "-", "–": "-", "×": r"\times", "·": r"\cdot", "⋅": r"\cdot", "∙": r"\cdot", "∗": "*", "⊙": r"\odot",
    "⊘": r"\oslash", "ℝ": r"\mathbb{R}",
    "∘": r"\circ", "≥": r"\ge", "≤": r"\le", "≠": r"\ne", "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "′": "'",
    "’": "'", "∈": r"\in", "√": r"\sqrt", "…": r"\dots", "⋯": r"\dots", "∀": r"\forall", "ℓ": r"\ell", "ℒ": r"\ell",
    "‖": r"\|", "⊤": r"\top", "ᵀ": "^T", "²": "^2", "³": "^3", "∞": r"\infty", "∏": r"\prod",
    **{letter: "\\" + name for letter, name in zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", (
        g for g in GREEK if g != "omicron"), strict=True)},
}  # fmt: skip
"""Signs that people paste, as LaTeX."""
TYPED_ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}
"""Accents that are typed over a letter, by the macros for them."""

_UNKNOWN_HINTS: dict[str, Said] = {
    "begin": say("latex.known_environments"),
    "infty": say("latex.infinity"),
    "int": say("latex.integral"),
    **dict.fromkeys("approx sim simeq equiv propto to gets leftarrow".split(), say("latex.write_equals")),
    "pm": say("latex.two_equations"),
    "over": say("latex.write", what=r"\frac{a}{b}"),
    **dict.fromkeys("color textcolor colorbox".split(), say("latex.no_colours")),
    "argmax": say("latex.write", what=r"\arg\max"),
    "softmax": say("latex.write", what=r"\text{softmax}"),
    "relu": say("latex.write", what=r"\text{ReLU}"),
    "ReLU": say("latex.write", what=r"\text{ReLU}"),
    "diag": say("latex.write", what=r"\text{diag}"),
    "norm": say("latex.write", what=r"\lVert x \rVert"),
    "abs": say("latex.write", what=r"\lvert x \rvert"),
    "R": say("latex.write", what=r"\mathbb{R}"),
    "E": say("latex.expectation"),
    "def": say("latex.own_macros"),
    "newcommand": say("latex.own_macros"),
}
_ENV_HINTS = {
    "matrix": say("latex.written_out_array"),
}


def tokenize(source: Source, start: int = 0, end: int | None = None, *, lenient: bool = False) -> list[Token]:
    """The tokens of the text from ``start`` to ``end``, ended by an ``end`` token.

    A ``lenient`` look makes a token of kind ``unknown`` of a character or macro that is not known.
    Raises InputError for a character or a macro that is not known, a line of more than 4096 characters and a row of
    more than 1500 tokens.
    """
    text = source.text
    start, end = inside_dollars(text, start, len(text) if end is None else end)
    before = min(start, 1)  # A pattern may look at the character before.
    found = _cut(text[start - before : end], before, lenient=lenient)
    if found is None:
        return _pieces(source, start, end, lenient=lenient)
    shift = start - before
    return [Token(kind, said, first + shift, last + shift) for kind, said, first, last in found]


@lru_cache(maxsize=1024)
def _cut(text: str, start: int, *, lenient: bool) -> tuple[Token, ...] | None:
    """The tokens of a formula, which is looked at many times; None for one that must be refused where it stands."""
    try:
        return tuple(_pieces(Source(text), start, len(text), lenient=lenient))
    except InputError:
        return None


_SIGNS_OF_RANGES = {"Sigma": "sum", "Pi": "prod"}


def _pieces(source: Source, start: int, end: int, *, lenient: bool) -> list[Token]:
    check_lines(source, start, end)
    tokens: list[Token] = []
    position, limit = start, MAX_TOKENS
    while position < end:
        made, position = piece(source, position, end, lenient=lenient)
        tokens.extend(made)
        if len(tokens) > limit:  # A row that is too long is not read to its end.
            in_rows(source, tokens)
            limit += MAX_TOKENS
    tokens.append(Token("end", "", end, end))
    return in_rows(source, with_signs(tokens))


def with_signs(tokens: list[Token]) -> list[Token]:
    r"""The tokens, with the signs of sums and products for capitals that have a range below, ``\Sigma_{i=1}^n``."""
    for n, token in enumerate(tokens):
        if token.text in _SIGNS_OF_RANGES and token.kind == "greek":
            first = script_end(tokens, n + 1) if tokens[n + 1].text in ("_", "^") else n + 1
            last = script_end(tokens, first) if tokens[first].text in ("_", "^") else first
            if any(t.text == "=" for t in tokens[n + 1 : last]):
                tokens[n] = token._replace(kind="macro", text=_SIGNS_OF_RANGES[token.text])
    return tokens


def in_rows(source: Source, tokens: list[Token]) -> list[Token]:
    """The tokens; those that part the rows and columns of a choice say so.  Raises InputError for a row too long."""
    row_start = inside = 0
    for n, token in enumerate(tokens):
        if token.kind == "op" and token.text in _CASES_MARKS:
            inside += _CASES_MARKS[token.text]
        if inside > 0 and (token.kind == "row" or token.text == "&"):
            token = token._replace(kind="op", text="cases;" if token.kind == "row" else "cases&")
            tokens[n] = token
        if token.kind == "row":
            row_start = n + 1
        elif n + 1 - row_start > MAX_TOKENS and token.kind != "end":
            raise source.error(say("latex.too_many_tokens", limit=MAX_TOKENS), (token.start, token.end))
    return tokens


def piece(source: Source, position: int, end: int, *, lenient: bool = False) -> tuple[list[Token], int]:
    """The tokens of what stands at a position, none for space, and the position after it; raises InputError."""
    text = source.text
    if text[position] in _UNICODE:
        return spelled(_UNICODE[text[position]], position, position + 1), position + 1
    if (accented := _accented(text, position, end)) is not None:
        return spelled(accented[0], position, accented[1]), accented[1]
    match = _TOKEN.match(text, position, end)
    if match is None and lenient:
        return [Token("unknown", text[position], position, position + 1)], position + 1
    if match is None:
        raise _unexpected(source, position)
    if match.lastgroup == "oldfont":
        return spelled(rf"\mathbf{{{match['styled']}}}", position, match.end()), match.end()
    token = _lenient(source, match) if lenient else _token(source, match)
    return [] if token is None else [token], match.end()


def _accented(text: str, position: int, end: int) -> tuple[str, int] | None:
    """A letter with a typed accent, one character or two, as LaTeX, and the position after it; None for others."""
    stop = position + 1
    stop += stop < end and text[stop] in TYPED_ACCENTS
    if stop == position + 1 and text[position].isascii():
        return None
    apart = normalize("NFD", text[position:stop])
    letter, mark = apart[:1], apart[1:]
    if mark not in TYPED_ACCENTS or not (letter.isascii() and letter.isalpha()):
        return None
    return rf"\{TYPED_ACCENTS[mark]}{{{letter}}}", stop


def spelled(latex: str, start: int, end: int) -> list[Token]:
    """The tokens of a short piece of LaTeX that says what stands between two places of a text."""
    return [token._replace(start=start, end=end) for token in _tokens_of(latex)]


@lru_cache(maxsize=512)
def _tokens_of(latex: str) -> tuple[Token, ...]:
    return tuple(tokenize(Source(latex))[:-1])


def inside_dollars(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of the text between the dollar signs around it, if there are any."""
    while start < end and text[start] in " \t\n$":
        start += 1
    while end > start and text[end - 1] in " \t\n$" and text[end - 2 : end - 1] != "\\":
        end -= 1
    return start, end


def check_lines(source: Source, start: int, end: int) -> None:
    position = start
    while position < end:
        stop = source.text.find("\n", position, end)
        stop = end if stop < 0 else stop
        if stop - position > MAX_CHARACTERS:
            raise source.error(
                say("latex.too_many_characters", count=stop - position, limit=MAX_CHARACTERS),
                (position, position + 1),
            )
        position = stop + 1


def _token(source: Source, match: re.Match[str]) -> Token | None:
    """The token that a piece of text is; None for space."""
    kind, text, (start, end) = match.lastgroup, match[0], match.span()
    if match["word"] is not None:
        return _word(match)
    if kind == "bareword":
        return Token("word", text[-1], start, end)
    if kind == "oldword":
        return Token("word", match["upright"], start, end)
    if match["env"] is not None:
        return _environment(source, match)
    if kind in ("space", "comment", "tag", "gap"):
        return None
    if kind == "defines":
        return Token("op", "=", start, end)
    if kind == "newline":
        return Token("row", text, start, end)
    if kind in ("macro", "escape"):
        return _macro(source, text[1:].rstrip("*") if kind == "macro" else text[1:], match)
    if kind == "number" and len(text) > MAX_NUMBER:
        raise source.error(say("latex.number_too_long"), (start, end))
    if kind == "op":
        if text == "$":
            raise source.error(say("latex.unexpected_dollar"), (start, end))
        text = {":=": "=", "..": "dots", "...": "dots"}.get(text, text)
    assert kind is not None
    return Token(kind, text, start, end)


def _lenient(source: Source, match: re.Match[str]) -> Token | None:
    """The token that a piece of text is; an ``unknown`` one where there is none."""
    try:
        return _token(source, match)
    except InputError:
        return Token("unknown", match[0], *match.span())


def _word(match: re.Match[str]) -> Token | None:
    r"""``\text{ReLU}``: the word, with spaces and hyphens dropped; None for an empty one or a remark in parentheses."""
    content = match["content"].replace("\\_", "_")
    for space in ("\\ ", "\\,", "\\-", " ", "-"):
        content = content.replace(space, "")
    content = content.strip(".,:;")
    if not content or (content[0] == "(" and content[-1] == ")"):
        return None
    if content.isdecimal():
        return Token("number", content, *match.span())
    return Token("word", content, *match.span())


def _environment(source: Source, match: re.Match[str]) -> Token | None:
    name = match["envname"]
    if name in ENVIRONMENTS:
        return None
    if name in _CASES:
        return Token("op", "cases{" if match["env"].startswith("\\begin") else "}cases", *match.span())
    if name in _BLOCKS:
        return Token("op", "blocks{" if match["env"].startswith("\\begin") else "}blocks", *match.span())
    hint: Said | None = _ENV_HINTS["matrix"] if "matrix" in name else None
    hint = hint or suggest(name, sorted((*ENVIRONMENTS, *_CASES))) or _UNKNOWN_HINTS["begin"]
    raise source.error(say("latex.unknown_environment", name=name), match.span(), hint)


def _macro(source: Source, name: str, match: re.Match[str]) -> Token | None:
    start, end = match.span()
    if match.lastgroup == "escape" and name in _IGNORED_ESCAPES:
        return None
    if name in _IGNORED:
        return None
    if name in _SIGNS:
        return Token("op", _SIGNS[name], start, end)
    if name in _GREEK_VARIANTS or name in GREEK:
        return Token("greek", _GREEK_VARIANTS.get(name, name), start, end)
    if name in MACROS:
        return Token("macro", name, start, end)
    shown = name if len(name) <= 40 else name[:40] + "..."
    raise source.error(say("latex.unknown_macro", name=shown), (start, end), _macro_hint(name))


@lru_cache(maxsize=512)
def _macro_hint(name: str) -> Said | None:
    if name in _UNKNOWN_HINTS:
        return _UNKNOWN_HINTS[name]
    near = similar(name, sorted(MACROS))
    return say("words.did_you_mean", near=f"\\{near}") if near else None


def _unexpected(source: Source, position: int) -> Exception:
    char = source.text[position]
    if char == "\\":
        return source.error(say("latex.backslash_at_end"), (position, position + 1))
    shown = char if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
    return source.error(say("latex.unexpected_character", character=shown), (position, position + 1), meant(char))


class Tokens(list[Token]):
    """Tokens for a look ahead: what lies past the last one is an end, so that no look leaves the formula."""

    @overload
    def __getitem__(self, at: SupportsIndex, /) -> Token: ...
    @overload
    def __getitem__(self, at: slice, /) -> Tokens: ...
    def __getitem__(self, at: SupportsIndex | slice, /) -> Token | Tokens:
        if isinstance(at, slice):
            return Tokens(super().__getitem__(at))
        if at.__index__() < len(self):
            return super().__getitem__(at)
        end = super().__getitem__(-1).end if self else 0
        return Token("end", "", end, end)


def tokens_in(source: Source, start: int, end: int) -> Tokens:
    """The tokens of a part of a text for a first look, without the end; none where it cannot be cut into tokens."""
    try:
        return Tokens(tokenize(source, start, end, lenient=True)[:-1])
    except InputError:
        return Tokens()


def has_sign(source: Source, start: int, end: int, *signs: str) -> bool:
    """Whether one of these signs or macros stands in a part of a text."""
    return any(
        token.text in signs and token.kind in ("op", "macro", "unknown") for token in tokens_in(source, start, end)
    )


BRACKETS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}"}
CLOSING = frozenset((*BRACKETS.values(), "|)", "||)", ">)", "}cases", "}blocks"))
OPENING = frozenset((*BRACKETS, "|(", "||(", "<(", "cases{", "blocks{"))


def nesting(token: Token) -> int:
    """1 for a sign that opens a bracket of any kind, -1 for one that closes one, 0 for all else."""
    return (token.text in OPENING) - (token.text in CLOSING) if token.kind == "op" else 0


def closing(tokens: Sequence[Token], opening: int) -> int | None:
    """The position of the sign that closes the bracket here; None if none stands here, or nothing closes it."""
    sign, depth = tokens[opening].text, 0
    for n in range(opening, len(tokens)) if tokens[opening].kind == "op" and sign in BRACKETS else ():
        depth += (tokens[n].text == sign) - (tokens[n].text == BRACKETS[sign])
        if depth == 0:
            return n
    return None


def script_end(tokens: Sequence[Token], n: int) -> int:
    """The position after the script whose sign stands at n: a group in braces, or one token, but not the end."""
    n += 1
    depth = 0
    while n < len(tokens) and tokens[n].kind != "end":
        depth += (tokens[n].text == "{") - (tokens[n].text == "}")
        n += 1
        if depth <= 0:
            break
    return n


def letter_at(tokens: Sequence[Token], first: int, end: int) -> tuple[int, int, int] | None:
    r"""The positions of a letter that begins here with its accents and fonts, ``\hat{\mathbf{x}}_i``, and behind it.

    The last two are behind its own braces, and behind its scripts and primes; None if something else stands here.
    """
    n, opened = first, 0
    while n < end and (tokens[n].text in ACCENTS or tokens[n].text in FONTS):
        braced = n + 1 < end and tokens[n + 1].text == "{"
        n, opened = n + 1 + braced, opened + braced
    if n >= end or tokens[n].kind not in ("letter", "greek"):
        return None
    behind = n + 1 + opened
    if any(token.text != "}" for token in tokens[n + 1 : behind]) or behind > end:
        return None
    last = behind
    while last < end and tokens[last].text in ("_", "^", "'"):
        last = last + 1 if tokens[last].text == "'" else script_end(tokens, last)
    return n, behind, last
