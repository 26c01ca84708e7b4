"""Python as people write it beside mathematics, spelled so that the standard library's ``ast`` parses it.

Works token by token: ``dL/dY`` becomes one name, ``y²`` a power, ``Xᵀ`` a transpose, ``1{z > 0}`` an indicator, a name
that Python does not have (``relu'``, ``lambda``, ``ŷ``) a placeholder.  Nothing is grouped here, and every token keeps
its place in the text.  Enforces the limits of length, tokens, numbers and brackets.  Knows no grammar.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from backsym.core.names import GREEK
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.plain.lexer import MAX_CHARACTERS, MAX_EXPONENT, MAX_NUMBER, MAX_PRIMES, MAX_TOKENS
from backsym.reading.syntax import MAX_NESTING

IsPartial = Callable[[str, str], bool]
"""Whether ``dX/dY`` is a derivative, given X and Y."""

_PRIMES = "'′’"
_LETTER = "A-Za-zÀ-ÖØ-öø-ɏΑ-Ωα-ωϵϑϕ∂"
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<name>[{_LETTER}_][{_LETTER}0-9_₀-₉\u0300-\u0308]*[{_PRIMES}]*)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>(?<![\w)\]])(?:'[^'"]*'|"[^'"]*"|[‘’“”][^‘’“”'"]*[‘’“”]))
    |(?P<power>[⁰¹²³⁴-⁹]+)
    |(?P<turned>ᵀ|\^\s*(?:T\b|⊤|\(\s*T\s*\))|(?<=[)\]])\.?['′’])
    |(?P<op>\*\*|==|!=|<=|>=|\.\.\.|\.[*/^](?!\*)|[-+*/@^()\[\]{{}},.:=<>~&|≥≤≠−–∗⊙])
    |(?P<other>\S)
    |\Z)""",
    re.VERBOSE,
)
_SAME = {"−": "-", "–": "-", "∗": "*", "⊙": "*", "≥": ">=", "≤": "<=", "≠": "!=", "^": "**"}
_DOTTED = {".*": "*", "./": "/", ".^": "**"}
"""MATLAB's signs between entries."""
_MATRICES = {"*": "@", "**": "^"}
"""What signs without a point, which are between matrices in MATLAB, are instead: a power of these is not read."""
_ABOVE = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_BELOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_DASHES = str.maketrans("−–", "--")
_ACCENTS = {"∂": "d", "\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}
_WORDS = frozenset(("if", "else", "for", "in", "and", "or", "not", "True", "False", "None"))
"""The words of Python that mean something in an expression of mathematics."""
_CLOSES = {"(": ")", "[": "]", "{": "}"}


class NotPython(Exception):
    """A text that is no expression of Python: it may be mathematics."""


@dataclass(frozen=True)
class Differential:
    """What ``dX/dY`` stands for; ``indexed`` tells that the first index belongs to X."""

    above: str
    below: str
    indexed: bool = False


@dataclass
class Code:
    """A text for ``ast.parse``: what its placeholders stand for, and where its tokens begin and end in the source."""

    text: str = ""
    words: dict[str, str | Differential] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    dotted: bool = False
    """Whether it has signs of MATLAB, which counts axes from 1."""
    matlab: bool = False
    """Whether its signs are MATLAB's, whose asterisk multiplies matrices and numbers."""

    def add(self, text: str, start: int, end: int) -> None:
        at = len(self.text)
        self.starts[at], self.ends[at + len(text)] = start, end
        self.text += text + " "

    def placeholder(self, word: str | Differential) -> str:
        name = f"_{len(self.words)}"
        self.words[name] = word
        return name


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def python_text(source: Source, is_partial: IsPartial, *, matlab: bool = False) -> Code:
    """The text as Python.  Raises NotPython for what is none, InputError where a limit is exceeded."""
    return _Writer(_tokens(source), is_partial, Code(dotted=matlab, matlab=matlab)).written()


def _tokens(source: Source) -> list[_Token]:
    if len(source.text) > MAX_CHARACTERS:
        raise source.error(say("plain.too_many_characters", count=len(source.text), limit=MAX_CHARACTERS), (0, 1))
    tokens: list[_Token] = []
    depth = 0
    for match in _TOKEN.finditer(source.text):
        kind = match.lastgroup
        if kind is None:
            break
        start, end = match.span(kind)
        text = match[kind]
        if kind == "other":
            raise NotPython
        if kind == "op":
            depth += (text in _CLOSES) - (text in (")", "]", "}"))
            if depth > MAX_NESTING:
                raise source.error(say("plain.nested_too_deep", limit=MAX_NESTING), (start, end))
        elif kind == "number":
            _check_number(source, text, (start, end))
        # _Token(...) itself takes twice as long, and texts have many.
        tokens.append(tuple.__new__(_Token, (kind, text, start, end)))
        if len(tokens) > MAX_TOKENS:
            raise source.error(say("plain.too_many_tokens", limit=MAX_TOKENS), (start, end))
    return tokens


def _check_number(source: Source, text: str, span: tuple[int, int]) -> None:
    exponent = text.lower().split("e")[1:]
    if len(text) > MAX_NUMBER or (exponent and abs(int(exponent[0])) > MAX_EXPONENT):
        raise source.error(say("plain.number_too_long"), span)


class _Writer:
    """Writes tokens, some of them in other words."""

    def __init__(self, tokens: list[_Token], is_partial: IsPartial, code: Code):
        self.tokens = tokens
        self.is_partial = is_partial
        self.code = code
        self.at = 0
        self.braces: list[bool] = []
        """For each open bracket, whether it is the brace of an indicator."""
        self.silent: set[int] = set()
        """The tokens that belong to a differential before them."""

    def written(self) -> Code:
        for at, token in enumerate(self.tokens):
            self.at = at
            if at in self.silent:
                continue
            if token.kind == "name":
                self.name(token)
            elif token.kind == "power":
                self.code.add("**", token.start, token.start)
                self.code.add(token.text.translate(_ABOVE), token.start, token.end)
            elif token.kind == "turned":
                self.code.add(". T", token.start, token.end)
            elif token.kind == "string":
                self.code.add("'" + token.text[1:-1].replace("\\", "").translate(_DASHES) + "'", token.start, token.end)
            elif token.kind == "number":
                if self.text(1) != "{":  # 1{z > 0} is an indicator.
                    self.code.add(token.text, token.start, token.end)
            else:
                self.op(token)
        return self.code

    def text(self, ahead: int) -> str:
        place = self.at + ahead
        return self.tokens[place].text if 0 <= place < len(self.tokens) else ""

    def op(self, token: _Token) -> None:
        text = _SAME.get(token.text, token.text)
        if text in _DOTTED:
            self.code.dotted = True
            text = _DOTTED[text]
        elif self.code.matlab:
            text = _MATRICES.get(text, text)
        if text == "{":
            if self.text(-1) != "1":
                raise NotPython
            self.braces.append(True)
            text = "["
        elif text in _CLOSES:
            self.braces.append(False)
        elif text in (")", "]", "}"):
            brace = self.braces.pop() if self.braces else False
            if brace != (text == "}"):
                raise NotPython
            text = "]" if brace else text
        self.code.add(text, token.start, token.end)

    def name(self, token: _Token) -> None:
        if (found := self.differential(token)) is not None:
            word, last = found
            self.code.add(self.code.placeholder(word), token.start, token.end if word.indexed else last)
            return
        text = spelled(token.text)
        usual = text.isascii() and text.isidentifier() and not (text[0] == "_" and text[1:].isdecimal())
        if usual and (text in _WORDS or not keyword.iskeyword(text)):
            self.code.add(text, token.start, token.end)
            return
        primes = len(text) - len(text.rstrip("'"))
        if primes > MAX_PRIMES:
            raise NotPython
        self.code.add(self.code.placeholder(text), token.start, token.end)

    def differential(self, token: _Token) -> tuple[Differential, int] | None:
        """``dX/dY``, or ``dX[k]/dY``, from this token on; the tokens after X are then written by it, or not at all."""
        above = spelled(token.text)
        if above[0] != "d" or len(above) == 1:
            return None
        slash = self.at + 1
        if self.text(1) == "[":
            slash = next((n for n in range(self.at, len(self.tokens)) if self.tokens[n].text == "]"), slash) + 1
        if slash + 1 >= len(self.tokens) or self.tokens[slash].text != "/" or self.tokens[slash + 1].kind != "name":
            return None
        below = self.tokens[slash + 1]
        under = spelled(below.text)
        if under[0] != "d" or not self.is_partial(above[1:], under[1:]):
            return None
        self.silent.update((slash, slash + 1))
        return Differential(above[1:], under[1:], slash > self.at + 1), below.end


def spelled(name: str) -> str:
    """A name in ASCII letters, as far as it has them: ``yhat`` for ŷ, ``lambda`` for λ, ``z1`` for z₁."""
    if not name.isascii():
        name = "".join(map(_letter, unicodedata.normalize("NFD", name))).translate(_BELOW)
    return name


def _letter(char: str) -> str:
    if char in _PRIMES:
        return "'"
    if char in _ACCENTS or char.isascii():
        return _ACCENTS.get(char, char)
    name = unicodedata.name(char, "").replace("LAMDA", "LAMBDA").split()
    if name[:1] == ["GREEK"] and name[-1].lower() in GREEK:
        return name[-1].lower() if "SMALL" in name or "SYMBOL" in name else name[-1].capitalize()
    return char


__all__ = ["Code", "Differential", "NotPython", "python_text", "spelled"]
