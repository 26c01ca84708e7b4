"""Characters to tokens, each with its place in the text.

Knows the alphabet of the plain expression language and its limits; knows no grammar and no symbols.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from backsym.core.source import Source
from backsym.core.words import Said

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
}  # fmt: skip
_PRIMES = "'′’"

_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<name>π|[A-Za-z_][A-Za-z0-9_]*[{_PRIMES}]*)
    |(?P<number>(?:\d+(?:\.\d+|\.(?![A-Za-z_.]))?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<op>\*\*|==|!=|<=|>=|[-+*/@^()\[\],.=<>{"".join(_SAME)}])
    |(?P<other>\S)
    |\Z)""",
    re.VERBOSE | re.ASCII,
)

_LOOK_ALIKES = dict(zip("АВЕКМНОРСТХаеорсухі", "ABEKMHOPCTXaeopcyxi", strict=True))
"""Cyrillic letters that look like Latin ones."""

_HINTS = {
    "|": "an absolute value is written abs(x), a norm norm(x)",
    "{": "group with ( )",
    "}": "group with ( )",
    "&": "an indicator has one comparison: [a > b]",
    ":": "an entry has one letter or position for each axis: W[k, j]",
    '"': "names are written without quotes",
    ";": "an equation ends with its line; leave it out",
    "$": "a plain equation stands without dollar signs",
    "%": "a remainder is not differentiable",
    "!": "a comparison is [a != b]; a factorial is not read",
    "\u00a0": "this is a no-break space; use an ordinary one",
    "'": "a prime stands after a letter; names are written without quotes",
    "√": "a root is written sqrt(x)",
    "∑": "a sum is written sum(x[i], i)",
    "Σ": "a sum is written sum(x[i], i), the letter Sigma",
    "∂": "a derivative is written dL/dz",
    "∇": "a gradient is written grad(z)",
    "ᵀ": "a transpose is written W.T",
    "∞": "infinity is not a number that a node can have",
    **dict.fromkeys("“”„«»‘`", "names are written without quotes"),
    **dict.fromkeys("←→⇒", "an equation has an = sign"),
    **dict.fromkeys("⋆⊗", "a matrix product is written A @ B, an outer product u @ v.T"),
}


def tokenize(source: Source) -> list[Token]:
    """The tokens of a text, ended by an ``end`` token; raises InputError at the first character out of place."""
    text = source.text
    if len(text) > MAX_CHARACTERS:
        raise source.error(
            f"this expression has {len(text)} characters; at most {MAX_CHARACTERS} are read",
            (0, 1),
            "define parts of it in equations of their own",
        )
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None:
            break
        word, end = match[kind], match.end()
        start = end - len(word)
        if kind == "op":
            word = _SAME.get(word, word)
        elif kind == "name":
            word = _primed(source, word, end) if word[-1] in _PRIMES else word
        elif kind == "number":
            _check_number(source, word, end)
        else:
            raise _unexpected(source, start)
        # Token(...) itself takes twice as long, and texts have many.
        tokens.append(tuple.__new__(Token, (kind, word, start, end)))
        if len(tokens) > MAX_TOKENS:
            raise source.error(
                f"this expression has more than {MAX_TOKENS} tokens",
                match.span(kind),
                "define parts of it in equations of their own",
            )
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _primed(source: Source, text: str, end: int) -> str:
    """A name that ends here, with ASCII primes."""
    bare = text.rstrip(_PRIMES)
    primes = len(text) - len(bare)
    if primes > MAX_PRIMES:
        raise source.error(f"{primes} primes; at most {MAX_PRIMES} are read", (end - len(text), end))
    return bare + "'" * primes


def _check_number(source: Source, text: str, end: int) -> None:
    exponent = [] if text.isdecimal() else re.split("[eE]", text)[1:]
    if len(text) > MAX_NUMBER or (exponent and abs(int(exponent[0])) > MAX_EXPONENT):
        raise source.error("this number is too long to be read exactly", (end - len(text), end))


def _greek(char: str) -> str | None:
    """The name to write for a Greek letter."""
    match = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(char, ""))
    if match is None:
        return None
    name = match[2].lower().replace("lamda", "lambda")
    word = name if match[1] == "SMALL" else name.capitalize()
    return f"write {word}; the function is sigmoid" if word == "sigma" else f"write {word}"


def meant(char: str) -> Said | None:
    """What to write for a letter or digit of another alphabet, a raised or lowered digit, or a sign without width."""
    plain = unicodedata.normalize("NFKC", char)
    name = unicodedata.name(char, "")
    if unicodedata.category(char) == "Cf":
        return "this sign cannot be seen; delete it"
    if plain.isascii() and plain.isdecimal():
        if "SUPERSCRIPT" in name:
            return f"a power is written **{plain}"
        return f"a number below is a part of the name, as in z{plain}" if "SUBSCRIPT" in name else f"write {plain}"
    if plain.isascii() and plain.isalpha():
        return f"write {plain}"
    if char.isdecimal():
        return f"write {unicodedata.decimal(char)}"
    if char in _LOOK_ALIKES:
        return f"this is a letter of another alphabet; write {_LOOK_ALIKES[char]}"
    return "names are of the letters a to z" if char.isalpha() else None


def _unexpected(source: Source, position: int) -> Exception:
    char = source.text[position]
    shown = char if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
    if shown == char and unicodedata.normalize("NFKC", char)[0].isalnum() and not _greek(char):
        shown = f"{char} (U+{ord(char):04X})"
    assignment = source.text[position : position + 2] == ":="
    hint = "an equation is written with a single =" if assignment else _HINTS.get(char) or _greek(char) or meant(char)
    return source.error(f"unexpected character {shown}", (position, position + 1), hint)
