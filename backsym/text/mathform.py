"""Whether LaTeX can set a formula: arguments are there, scripts are not doubled, cells stand in environments.

The macros, braces, delimiters and environments are known to be right by then (``mathtext``).  The first thing that
keeps the formula from being set is found, with its place; what is drawn may still make no sense.

This module must not know about texts or output languages.
"""

from __future__ import annotations

from typing import NamedTuple

from backsym.core.words import Said, say
from backsym.text.pieces import DELIMITERS, Piece, signs

MAX_DEPTH = 40

_FONTS = "mathbf mathrm mathit mathcal mathbb mathsf mathtt mathfrak"
_TEXTS = frozenset("text textbf textit textrm".split())
_ARGUMENTS = {
    **dict.fromkeys("frac dfrac tfrac binom overset underset stackrel".split(), 2),
    **dict.fromkeys(
        f"{_FONTS} boldsymbol operatorname hat tilde bar vec dot ddot overline underline widehat widetilde overbrace "
        "underbrace sqrt boxed phantom substack pmod".split(),
        1,
    ),
}
_BIG = frozenset("big Big bigg Bigg bigl bigr Bigl Bigr middle".split())
_OPERATORS = frozenset(
    "sum prod int lim max min sup inf arg log ln exp sin cos tan arctan sinh cosh tanh det dim ker Pr gcd deg hom sec "
    "csc cot limsup liminf operatorname underbrace overbrace".split()
)
_IN_SCRIPTS = frozenset([*_FONTS.split(), *_TEXTS, "frac", "dfrac", "tfrac"])
_NO_OPERAND = frozenset(
    "left right begin end limits nolimits displaystyle textstyle scriptstyle not mod bmod , ; : ! quad qquad colon "
    "iff implies dots ldots cdots vdots ddots".split()
) | _BIG | (_OPERATORS - {"underbrace", "overbrace", "operatorname"})  # fmt: skip
_IN_TEXT = _TEXTS | frozenset(", ; : ! { } _ % & # $ quad qquad".split()) | {" "}


class Flaw(NamedTuple):
    """What keeps a formula from being set, and where."""

    message: Said
    start: int
    end: int
    hint: Said | None = None


class _Flawed(Exception):
    def __init__(self, flaw: Flaw):
        super().__init__(flaw)
        self.flaw = flaw


def flaw_of(latex: str) -> Flaw | None:
    """The first flaw of a formula; None if LaTeX can set it."""
    try:
        _Formula(latex).row(None, cells=False)
    except _Flawed as e:
        return e.flaw
    return None


class _Formula:
    def __init__(self, latex: str):
        self.latex = latex
        self.tokens = signs(latex)
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Piece | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def flaw(self, message: Said, token: Piece | None, hint: Said | None = None) -> _Flawed:
        start, end = (token.start, token.end) if token else (max(0, len(self.latex) - 1), len(self.latex))
        return _Flawed(Flaw(message, start, end, hint))

    def at(self, *texts: str) -> bool:
        return self.token is not None and self.token.text in texts

    # --- rows ---

    def row(self, closing: str | None, *, cells: bool) -> None:
        """Everything up to ``closing``, which is taken; ``cells`` tells whether & and line breaks may stand here."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.flaw(say("text.nested_too_deep", limit=MAX_DEPTH), self.token)
        scripts = _Scripts(self)
        while (token := self.token) is not None and token.text != closing:
            self.position += 1
            if token.text in ("&", "\\\\"):
                self.break_here(token, cells=cells)
                scripts = _Scripts(self)
            elif token.text in ("^", "_", "'"):
                scripts.add(token)
            elif token.macro in ("limits", "nolimits"):
                before = self.tokens[self.position - 2] if self.position > 1 else None
                if not scripts.base_is_operator or (before is not None and before.text in ("limits", "nolimits")):
                    raise self.flaw(say("text.limits_without_operator", macro=token.text), token)
            else:
                self.atom(token, cells=cells)
                scripts = _Scripts(self, base_is_operator=token.macro in _OPERATORS)
        self.position += 1
        self.depth -= 1

    def break_here(self, token: Piece, *, cells: bool) -> None:
        if not cells:
            hint = say("text.close_the_cell")
            raise self.flaw(say("text.outside_of_cells", sign=token.text), token, hint)
        if token.text == "\\\\" and self.latex[token.end : token.end + 1] == "[":
            raise self.flaw(say("text.bracket_after_break"), token)

    # --- atoms ---

    def atom(self, token: Piece, *, cells: bool) -> None:
        macro = token.macro
        if token.text == "{":
            self.row("}", cells=False)
        elif macro == "left":
            self.position += 1
            self.row("\\right", cells=False)
            self.position += 1
        elif macro == "begin":
            self.environment()
        elif macro in _BIG:
            self.delimiter(token)
        elif macro in _TEXTS:
            self.words(token)
        elif macro in _ARGUMENTS:
            if macro == "sqrt" and self.at("["):
                self.degree()
            for _ in range(_ARGUMENTS[macro]):
                self.argument(token, _ARGUMENTS[macro])

    def environment(self) -> None:
        opening = self.name()
        start = self.position
        self.row("\\end", cells=True)
        self.name()
        if opening == "cases":
            self.check_cases(start)

    def name(self) -> str:
        """The name in braces after \\begin or \\end, whose token is taken."""
        first = self.position + 1
        while not self.at("}"):
            self.position += 1
        self.position += 1
        return "".join(token.text for token in self.tokens[first : self.position - 1])

    def check_cases(self, start: int) -> None:
        """A row of cases has two cells."""
        depth = cells = 0
        for token in self.tokens[start : self.position]:
            depth += {"begin": 1, "end": -1}.get(token.macro, 0)
            if token.text == "\\\\" and not depth:
                cells = 0
            cells += token.text == "&" and not depth
            if cells > 1:
                raise self.flaw(say("text.cells_of_cases"), token)

    def delimiter(self, macro: Piece) -> None:
        token = self.token
        if token is None or token.text not in DELIMITERS:
            raise self.flaw(say("text.size_of_delimiter", macro=macro.text), macro)
        self.position += 1

    def degree(self) -> None:
        opening = self.token
        self.position += 1
        self.row("]", cells=False)
        if self.tokens[self.position - 1 :][:1] == [] or self.tokens[self.position - 1].text != "]":
            raise self.flaw(say("text.bracket_never_closed"), opening)

    def argument(self, macro: Piece, count: int) -> None:
        token = self.token
        symbol = token is not None and token.text not in ("}", "&", "^", "_", "'", "\\\\", "]")
        if token is not None and (token.macro in _ARGUMENTS or token.macro in _TEXTS or token.macro in _NO_OPERAND):
            symbol = False
        if token is None or not symbol:
            example = "{x}" * count
            if count == 1:
                raise self.flaw(say("text.takes_argument", macro=macro.text), macro)
            raise self.flaw(say("text.takes_arguments", macro=macro.text, count=count, example=example), macro)
        self.position += 1
        if token.text == "{":
            self.row("}", cells=macro.macro == "substack")

    def words(self, macro: Piece) -> None:
        """The words of \\text, in braces."""
        if not self.at("{"):
            raise self.flaw(say("text.takes_argument", macro=macro.text), macro)
        depth = 0
        while (token := self.token) is not None:
            self.position += 1
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            if token.text in ("^", "_", "&") or (token.macro and token.macro not in _IN_TEXT):
                message = say("text.sign_in_words", sign=token.text, macro=macro.text)
                raise self.flaw(message, token, say("text.close_braces_first"))
            if not depth:
                return

    def script(self, sign: Piece) -> None:
        """What stands above or below: a group, a sign, or a macro that is one sign."""
        token = self.token
        above = sign.text == "^"
        if token is None or token.text in ("}", "&", "^", "_", "'", "\\\\", "]", "\\right", "\\end"):
            raise self.flaw(say("text.no_superscript" if above else "text.no_subscript"), sign)
        if token.macro in _NO_OPERAND or (token.macro in _ARGUMENTS and token.macro not in _IN_SCRIPTS):
            hint = say("text.script_in_braces", sign=sign.text, macro=token.text)
            bare = say("text.bare_superscript" if above else "text.bare_subscript", macro=token.text)
            raise self.flaw(bare, token, hint)
        self.position += 1
        self.atom(token, cells=False)


class _Scripts:
    """The scripts of one atom."""

    def __init__(self, formula: _Formula, *, base_is_operator: bool = False):
        self.formula = formula
        self.base_is_operator = base_is_operator
        self.above = self.below = False
        self.primed = False
        self.last = ""

    def add(self, token: Piece) -> None:
        sign = token.text
        primes_go_on = self.primed and self.last == "'"
        if sign == "_" and self.below:
            raise self.formula.flaw(say("text.second_subscript"), token)
        if sign != "_" and (self.above or self.primed) and not (primes_go_on and not self.above):
            raise self.formula.flaw(say("text.second_superscript"), token)
        if sign == "_":
            self.below = True
        elif sign == "^":
            self.above = True
        else:
            self.primed = True
        self.last = sign
        if sign != "'":
            self.formula.script(token)
