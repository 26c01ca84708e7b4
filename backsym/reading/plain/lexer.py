"""Characters to tokens, each with its place in the text.

Knows the alphabet of the plain expression language and its limits; knows no grammar and no symbols.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from backsym.core.source import Source
from backsym.core.words import Said, say

MAX_CHARACTERS = 4096
MAX_TOKENS = 1500
MAX_NUMBER = 60
MAX_EXPONENT = 300
MAX_PRIMES = 8


class Token(NamedTuple):
    """``kind`` is name, number, op or end; ``text`` is the ASCII spelling of an operator or prime."""

    kind: str
    text: str
    start: int
    end: int


# Spellings that people paste from documents; the plain language itself is ASCII.
_SAME = {
    "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "⊙": "*", "≥": ">=", "≤": "<=", "≠": "!=",
    ".*": "*", "./": "/", ".^": "^",
}  # fmt: skip
_SIGNS = "".join(sign for sign in _SAME if len(sign) == 1)
_PRIMES = "'′’"

_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<name>π|[A-Za-z_][A-Za-z0-9_]*[{_PRIMES}]*)
    |(?P<number>(?:\d+(?:\.\d+|\.(?![A-Za-z_.]))?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<op>\*\*|==|!=|<=|>=|\.[*/^](?!\*)|[-+*/@^()\[\],.=<>{_SIGNS}])
    |(?P<other>\S)
    |\Z)""",
    re.VERBOSE | re.ASCII,
)

_LOOK_ALIKES = dict(zip("АВЕКМНОРСТХаеорсухі", "ABEKMHOPCTXaeopcyxi", strict=True))
"""Cyrillic letters that look like Latin ones."""

_HINTS = {
    "|": say("plain.write_absolute"),
    "{": say("plain.group_with_parentheses"),
    "}": say("plain.group_with_parentheses"),
    "&": say("plain.one_comparison"),
    ":": say("plain.colon"),
    '"': say("plain.no_quotes"),
    ";": say("plain.no_semicolon"),
    "$": say("plain.no_dollars"),
    "%": say("plain.remainder"),
    "!": say("plain.factorial"),
    "\u00a0": say("plain.no_break_space"),
    "'": say("plain.prime_or_quotes"),
    "√": say("plain.write_root"),
    "∑": say("plain.write_sum"),
    "Σ": say("plain.write_sum_sigma"),
    "∂": say("plain.write_derivative"),
    "∇": say("plain.write_gradient"),
    "ᵀ": say("plain.write_transpose"),
    "∞": say("plain.infinity"),
    **dict.fromkeys("“”„«»‘`", say("plain.no_quotes")),
    **dict.fromkeys("←→⇒", say("plain.write_equals")),
    **dict.fromkeys("⋆⊗", say("plain.write_matmul_or_outer")),
}


def tokenize(source: Source) -> list[Token]:
    """The tokens of a text, ended by an ``end`` token; raises InputError at the first character out of place."""
    text = source.text
    if len(text) > MAX_CHARACTERS:
        raise source.error(
            say("plain.too_many_characters", count=len(text), limit=MAX_CHARACTERS),
            (0, 1),
        )
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None:
            break
        word = match[kind]
        start, end = match.span(kind)
        if kind == "op":
            word = _SAME.get(word, word)
        elif kind == "name":
            word = _primed(source, word, end) if word[-1] in _PRIMES else word
        elif kind == "number":
            if not word.isdecimal() or len(word) > MAX_NUMBER:
                _check_number(source, word, end)
        elif word == ":" and _between_brackets(tokens):
            kind = "op"  # A whole axis, X[n,:], or a part of one, z[1:H]; a colon has no other place here.
        else:
            raise _unexpected(source, start)
        # Token(...) itself takes twice as long, and texts have many.
        tokens.append(tuple.__new__(Token, (kind, word, start, end)))
    if len(tokens) > MAX_TOKENS:
        raise source.error(say("plain.too_many_tokens", limit=MAX_TOKENS), tokens[MAX_TOKENS][2:])
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _between_brackets(tokens: list[Token]) -> bool:
    """Whether the bracket that is open here is [."""
    closed = 0
    for token in reversed(tokens):
        if token.text in (")", "]"):
            closed += 1
        elif token.text in ("(", "["):
            if not closed:
                return token.text == "["
            closed -= 1
    return False


def _primed(source: Source, text: str, end: int) -> str:
    """A name that ends here, with ASCII primes."""
    bare = text.rstrip(_PRIMES)
    primes = len(text) - len(bare)
    if primes > MAX_PRIMES:
        raise source.error(say("plain.too_many_primes", primes=primes, limit=MAX_PRIMES), (end - len(text), end))
    return bare + "'" * primes


def _check_number(source: Source, text: str, end: int) -> None:
    exponent = [] if text.isdecimal() else text.lower().split("e")[1:]
    if len(text) > MAX_NUMBER or (exponent and abs(int(exponent[0])) > MAX_EXPONENT):
        raise source.error(say("plain.number_too_long"), (end - len(text), end))


def _greek(char: str) -> Said | None:
    """The name to write for a Greek letter."""
    script, case, letter, name = (*unicodedata.name(char, "").split(), "", "", "", "")[:4]
    if (script, letter) != ("GREEK", "LETTER") or " WITH " in unicodedata.name(char, ""):
        return None
    name = name.lower().replace("lamda", "lambda")
    word = name if case == "SMALL" else name.capitalize()
    return say("plain.write_sigma", name=word) if word == "sigma" else say("plain.write", name=word)


def meant(char: str) -> Said | None:
    """What to write for a letter or digit of another alphabet, a raised or lowered digit, or a sign without width."""
    plain = unicodedata.normalize("NFKC", char)
    name = unicodedata.name(char, "")
    if unicodedata.category(char) == "Cf":
        return say("plain.invisible_sign")
    if plain.isascii() and plain.isdecimal():
        if "SUPERSCRIPT" in name:
            return say("plain.write_power", exponent=plain)
        return say("plain.digit_of_name" if "SUBSCRIPT" in name else "plain.write", name=plain)
    if plain.isascii() and plain.isalpha():
        return say("plain.write", name=plain)
    if char.isdecimal():
        return say("plain.write", name=str(unicodedata.decimal(char)))
    if char in _LOOK_ALIKES:
        return say("plain.look_alike", letter=_LOOK_ALIKES[char])
    return say("plain.latin_letters") if char.isalpha() else None


def _unexpected(source: Source, position: int) -> Exception:
    char = source.text[position]
    shown = char if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
    if shown == char and unicodedata.normalize("NFKC", char)[0].isalnum() and not _greek(char):
        shown = f"{char} (U+{ord(char):04X})"
    assignment = source.text[position : position + 2] == ":="
    hint: Said | None = say("plain.single_equals") if assignment else _HINTS.get(char) or _greek(char) or meant(char)
    return source.error(say("plain.unexpected_character", character=shown), (position, position + 1), hint)
