"""Which texts are code: those with ``@``, ``.T``, a dotted call or method, ``**`` beside a call, or a library's call.

Looks at signs only; whether it is Python is for the parser to say.
"""

from __future__ import annotations

import re

from backsym.reading.python.library import is_library
from backsym.reading.python.words import Words

_DOTTED = re.compile(
    r"[\w)\]'] ?\. ?(?:(?:T|mT|H)\b|[A-Za-z_]\w*\s?[(\[.])|\b(?:np|numpy|torch|jnp|jax|tf|math|scipy)\.[A-Za-z]"
)
_CALLED = re.compile(r"([A-Za-z_]\w*)\(")
_CHOICE = re.compile(r"\sif\s.*\selse\s", re.DOTALL)
_SIGNS = ("@", "~", "1{", "[:", "None", "newaxis", "1 {", "[...", "(...", "ᵀ @", "self.")
_LEAST = 4
"""Letters of a library's function that stands without its library: ``t(x)`` is a product."""


def is_code(text: str, words: Words) -> bool:
    """Whether a text is to be read as code."""
    if "\\" in text:
        return False
    for sign in _SIGNS:
        if sign in text:
            return True
    if "." in text and _DOTTED.search(text) is not None:
        return True
    if " if " in text and _CHOICE.search(text) is not None:
        return True
    if "(" not in text:
        return False
    names = _CALLED.findall(text)
    if "**" in text and names:
        return True
    return any(len(name) >= _LEAST and is_library(name) and not words.scope.has(name) for name in names)
