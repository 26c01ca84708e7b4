"""Which texts are code: those with ``@``, ``.T``, a dotted call or method, ``**`` beside a call, or a library's call.

Looks at signs only; whether it is Python is for the parser to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from backsym.reading.plain import glance
from backsym.reading.python.library import is_library
from backsym.reading.python.words import Words
from backsym.text.pieces import words_and_signs

_LIBRARIES = ("np", "numpy", "torch", "jnp", "jax", "tf", "math", "scipy")
_TURNED = ("T", "mT", "H")
_GOES_ON = ("(", "[", ".")
_SIGNS = ("@", "~", "1{", "[:", "None", "newaxis", "1 {", "[...", "(...", "ᵀ @", "self.")
BETWEEN = (".*", "./", ".^")
"""MATLAB's signs between entries."""
_PYTHON = ("@", ".T", "**", "axis", "dim=", "[:", ":,", "np.", "torch.")
_LEAST = 4
"""Letters of a library's function that stands without its library: ``t(x)`` is a product."""


def is_code(text: str, words: Words) -> bool:
    """Whether a text is to be read as code."""
    if "\\" in text:
        return False
    for sign in _SIGNS:
        if sign in text:
            return True
    if "." in text and _has_dotted(text):
        return True
    if " if " in text and _has_choice(text.split()):
        return True
    if "(" not in text:
        return False
    names = glance.called(text)
    if "**" in text and names:
        return True
    return any(len(name) >= _LEAST and is_library(name) and not words.scope.has(name) for name in names)


def _has_dotted(text: str) -> bool:
    """Whether a text has ``x.T``, ``x.sum(``, ``x.shape[`` or a name of a library, ``np.exp``."""
    for (head, dot), (_, name) in pairwise(pairwise(words_and_signs(text))):
        if dot.text != "." or not name.word or name.start - dot.end > 1 or dot.start - head.end > 1:
            continue
        behind = text[name.end : name.end + 2]
        called = (behind[1:] if behind[:1].isspace() else behind[:1]) in _GOES_ON
        named = head.word in _LIBRARIES and head.end == dot.start and name.start == dot.end
        if named or ((name.word in _TURNED or called) and (head.text[-1].isalnum() or head.text[-1] in "_)]'")):
            return True
    return False


def _has_choice(words: Sequence[str]) -> bool:
    """Whether ``if`` and, later, ``else`` stand between other words."""
    at = words.index("if", 1) if "if" in words[1:] else len(words)
    return "else" in words[at + 2 : -1]


def is_matlab(text: str) -> bool | None:
    """Whether a text has signs of MATLAB (between entries, a prime for a transpose) or of Python; None for neither."""
    if any(sign in text for sign in _PYTHON) or ("." in text and _has_dotted(text)):
        return False
    pieces = list(words_and_signs(text))
    turned = text.endswith((")'", "]'")) or any(
        sign.text == "'" and (head.word or head.text in (")", "]")) and after.text not in ("(", "'")
        for head, sign, after in zip(pieces, pieces[1:], pieces[2:], strict=False)
    )
    return True if turned or any(sign in text for sign in BETWEEN) else None
