r"""LaTeX as students paste it, respelled as what the formula grammar reads.

Colours and marks of an end go, ``\overset{(a)}{=}`` is an equals sign, ``\pdv{L}{w}`` and ``{\partial L}/{\partial w}``
are fractions, ``\partial{w}`` has no braces.  Knows signs only, no grammar and no names.
"""

from __future__ import annotations

import re

_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
"""What stands in braces, which may hold braces once more."""

_BELOW = r"\{\s*\\partial[^{}]*\}"
_SLOPE = r"\\frac{\\partial \1}{\\partial \2}"
_RESPELLED = (
    (  # A choice that is set by hand.
        re.compile(
            r"\\left\s*\\\{\s*\\begin\s*\{array\}\s*(?:\{[lcr| ]*\})?(.*?)\\end\s*\{array\}\s*\\right\s*\.", re.DOTALL
        ),
        r"\\begin{cases}\1\\end{cases}",
    ),
    (re.compile(rf"\\(?:(?:over|under)set|stackrel)\s*{_GROUP}\s*\{{\s*=\s*\}}"), "="),
    (re.compile(r"\\(?:textcolor|color)\s*(?:\[\w*\])?\{[^{}]*\}"), ""),
    (re.compile(r"\\under(?:line|bar)\s*\{\s*(\\?[A-Za-z]+)\s*\}"), r"\\mathbf{\1}"),
    (re.compile(r"\\(?:blacksquare|qed|qedsymbol|square|Box|checkmark|hfill|qedhere)(?![A-Za-z])"), " "),
    (re.compile(rf"\\(?:dv|pdv|pderiv|deriv|odv|pd|diffp?)\*?\s*{_GROUP}\s*{_GROUP}"), _SLOPE),
    (re.compile(r"\{\s*\\partial\s*([^{}]*)\}\s*/\s*\{\s*\\partial\s*([^{}]*)\}"), _SLOPE),
    (  # Some write \delta for \partial, in both places; \delta_z is a quantity.
        re.compile(r"(frac\s*\{\s*)\\delta(\s*(?:\\mathcal\s*\{\w\}|[A-Z])\s*\}\s*\{\s*)\\delta(?!\s*[_^])"),
        r"\1\\partial\2\\partial",
    ),
    (re.compile(r"\{\s*(\\[a-z]+)\s*\}(?=\s*\^)"), r"\1"),
    (re.compile(rf"\\partial\s*{_GROUP}"), r"\\partial \1 "),
    (re.compile(r"\{\s*([-+*]|\\cdot|\\times|\\odot)\s*\}"), r" \1 "),
    (re.compile(r"\\dot\s*(?:\{\s*(\\?[A-Za-z]+)\s*\}|(\\[A-Za-z]+|\s[A-Za-z]))(?=\s*\()"), r"\1\2'"),
    (re.compile(rf"(frac\s*{_BELOW}\s*{_BELOW})\s*\([A-Za-z](?:\s*,\s*[A-Za-z])*\)(?=\s*&?\s*=)"), r"\1"),
)
_ANY = re.compile(
    r"\\left\s*\\\{\s*\\begin|\\(?:(?:over|under)set|stackrel|under(?:line|bar)|(?:text)?color|blacksquare|qed|square|Box|checkmark|hfill|p?dv|p?deriv|odv|pd|diff|delta|dot)"
    r"|\{\s*\\[a-z]+\s*\}\s*\^|\\partial\s*\{|\{\s*(?:[-+*]|\\cdot|\\times|\\odot)\s*\}|\{\s*\\partial[^{}]*\}\s*(?:/|\()"
)


def respelled_latex(text: str) -> str:
    """The text in the LaTeX that is read; the same text where nothing of this kind stands in it."""
    if _ANY.search(text) is not None:
        for pattern, new in _RESPELLED:
            text = pattern.sub(new, text)
    return text
