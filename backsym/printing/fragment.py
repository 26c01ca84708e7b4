r"""A reader for the short LaTeX of declared names: ``\eta``, ``\mathbf{x}``, ``\tilde{C}``, ``D^{(0)}``, ``x_{0}``.

It gives layout, so that such a name reaches every output language.  What it does not understand stays as it is, in a
``Verbatim`` node; unbalanced braces raise, because they would break whatever the name is put into.

This module must not know about expressions or problems.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backsym.errors import BacksymError
from backsym.names import GREEK
from backsym.printing import layout as lay
from backsym.printing.layout import Layout

FONTS = {
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "mathcal": "calligraphic", "mathbb": "blackboard",
    "mathrm": "roman", "text": "roman", "operatorname": "operator", "mathit": "italic",
}  # fmt: skip
ACCENTS = ("bar", "hat", "tilde", "vec", "dot")
OPERATORS = ("exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "det", "dim")
SYMBOLS = {"nabla": "nabla", "partial": "partial", "ell": "ell", "top": "top", "star": "star", "dots": "dots",
           "infty": "infinity", "ast": "ast", "dagger": "dagger"}  # fmt: skip
BINARY = {"+": "plus", "-": "minus", "*": "ast", "/": "slash"}
COMMANDS = {"times": "times", "cdot": "cdot", "odot": "odot"}

_WORD_TEXT = r"\\(?:text|mathrm|operatorname)\s*\{(?:[\w \-.]|\\,)+\}"
_WORD = re.compile(r"\\([a-z]+)\s*\{(.+)\}")
_TOKEN = re.compile(_WORD_TEXT + r"|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S|\s+")


class _Unknown(Exception):
    """Something that this reader does not understand."""


def fragment(latex: str) -> Layout:
    """The layout of a short piece of LaTeX math; Verbatim where it is beyond this reader."""
    if _unbalanced(latex):
        raise BacksymError(f"unbalanced braces in the LaTeX {latex!r}")
    try:
        reader = _Reader([t for t in _TOKEN.findall(latex) if not t.isspace()])
        return reader.sequence(None)
    except _Unknown:
        return lay.Verbatim(latex)


def _unbalanced(latex: str) -> bool:
    depth = 0
    for char in re.sub(r"\\.", "", latex):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return True
    return depth != 0 or latex.endswith("\\")


@dataclass
class _Reader:
    tokens: list[str]
    at: int = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise _Unknown
        self.at += 1
        return token

    def sequence(self, end: str | None) -> Layout:
        items: list[Layout] = []
        spaced = False
        while (token := self.peek()) != end:
            if token is None:
                raise _Unknown
            item = self.scripts(self.atom())
            spaced = spaced or isinstance(item, lay.Op)
            items.append(item)
        if end is not None:
            self.take()
        if not items:
            raise _Unknown
        return lay.row(*items) if spaced else lay.tight(*items)

    def scripts(self, base: Layout) -> Layout:
        sub: Layout | None = None
        sup: Layout | None = None
        while (token := self.peek()) in ("_", "^", "'"):
            self.take()
            if token == "'":
                base = lay.Primed(base.base, base.count + 1) if isinstance(base, lay.Primed) else lay.Primed(base)
            elif token == "_" and sub is None:
                sub = self.atom()
            elif token == "^" and sup is None:
                sup = self.atom()
            else:
                raise _Unknown
        return base if sub is None and sup is None else lay.Script(base, sub, sup)

    def atom(self) -> Layout:
        token = self.take()
        if word := _WORD.fullmatch(token):
            return lay.Ident(word[2].replace("\\,", "\u2009"), FONTS[word[1]])
        if token == "{":
            return self.sequence("}")
        if token == "(":
            return lay.fenced("paren", self.sequence(")"))
        if token.startswith("\\"):
            return self.command(token[1:])
        if token[0].isdecimal():
            return lay.Number(token)
        if token.isascii() and token.isalpha():
            return lay.Ident(token)
        if token in BINARY:
            return lay.Op(BINARY[token])
        if token == ",":
            return lay.COMMA
        if token == "=":
            return lay.EQUALS
        raise _Unknown

    def command(self, name: str) -> Layout:
        if name in GREEK:
            return lay.Ident(name)
        if name in OPERATORS:
            return lay.Ident(name, "operator")
        if name in FONTS:
            return self.styled(FONTS[name])
        if name in ACCENTS:
            return lay.Accent(name, self.atom())
        if name in SYMBOLS:
            return lay.Symbol(SYMBOLS[name])
        if name in COMMANDS:
            return lay.Op(COMMANDS[name])
        if name == ",":
            return lay.Space("thin")
        raise _Unknown

    def styled(self, style: str) -> Layout:
        if self.take() != "{":
            raise _Unknown
        letter = self.take().removeprefix("\\")
        if self.take() != "}" or not (letter in GREEK or (len(letter) == 1 and letter.isalnum() and letter.isascii())):
            raise _Unknown
        return lay.Ident(letter, style)
