"""Left sides of answers: ``dL/dW2[k,j]``, a transpose of one, or a name of the student's own.

Knows syntax trees and names; knows no shapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backsym.core.names import GREEK, split_name
from backsym.reading.latex.names import Vocabulary
from backsym.reading.syntax import Node

_LETTERS = dict(zip("αβγδεζηθικλμνξπρστυφχψω", (g for g in GREEK[:24] if g != "omicron"), strict=True))
_LOWERED = str.maketrans({digit: f"_{n}" for n, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")})
_FONT = re.compile(r"\\(?:mathbf|boldsymbol|bm|vec|mathrm|mathit|text)\s*\{([^{}]*)\}")
_OWN = re.compile(
    r"\\?(?P<base>[A-Za-zα-ω][A-Za-z0-9]*)\s*(?P<scripts>(?:\^\s*\{?\s*\(?\w+\)?\s*\}?|_\s*(?:\{[\w\s,']*\}|\w)|\[[\w\s,']*\]|\s)*)"
)
_CODE = re.compile(r"(?:d|[A-Za-z][A-Za-z0-9]+)_[A-Za-z]")
_OWN_SCRIPT = re.compile(
    r"(?P<tag>\^\s*\{?\s*\(?(?P<mark>\w+)\)?\s*\}?)|_\s*(?:\{(?P<below>[\w\s,']*)\}|(?P<one>\w))"
    r"|\[(?P<entry>[\w\s,']*)\]"
)


@dataclass(frozen=True)
class Left:
    """What a statement is about: the derivative by ``quantity``, or else a ``name`` of the student's own.

    ``indices`` are the nodes of its indices, None for the whole; ``transposed`` tells that it is written transposed.
    """

    quantity: str | None
    name: str | None
    indices: tuple[Node, ...] | None
    transposed: bool = False
    row: bool = False
    """Whether it is the derivative by a row of the quantity, of which the second index is not written."""
    word: bool = False
    """Whether it is a word that means nothing else: a name of the student's own where another line uses it."""


def left_of(tree: Node, loss: str, text: str) -> Left | None:
    """What the tree of a text is as a left side; None for any other expression."""
    tree = _without_point(tree, text)
    transposed = False
    indices: tuple[Node, ...] | None = None
    while tree.kind in ("transpose", "entry", "column"):
        if tree.kind == "transpose":
            transposed = not transposed
        elif tree.kind == "entry":
            if indices is not None:
                return None
            indices = tree.children[1:]
            if transposed:
                return None
        tree = tree.children[0]
    if indices is not None and transposed:
        indices, transposed = indices[::-1], False
    if tree.kind == "name":
        return Left(None, tree.value, indices, transposed)
    if tree.kind == "call" and tree.value == "grad" and len(tree.children) == 1 and tree.children[0].kind == "name":
        return Left(tree.children[0].value, None, indices, transposed)
    if tree.kind == "partial" and tree.children[0].kind == "name" and tree.children[0].value == loss:
        below = tree.children[1]
        if below.kind == "entry" and indices is None:
            return Left(below.children[0].value, None, below.children[1:], transposed)
        if below.kind == "name":
            return Left(below.value, None, indices, transposed)
    return None


def _without_point(tree: Node, text: str) -> Node:
    r"""``\frac{\partial L}{\partial w}(w)``: where the derivative is taken says nothing more on a left side."""
    if tree.kind != "terms" or tree.value != " " or [child.kind for child in tree.children] != ["partial", "name"]:
        return tree
    slope = tree.children[0]
    rest = text[slope.span[1] :].strip()
    return slope if text[slope.span[1] - 1] == "}" and rest[:1] == "(" and rest[-1:] == ")" else tree


def letters_of(indices: Sequence[Node]) -> list[str]:
    return [ix.value for ix in indices if ix.kind == "name"]


def own_name(text: str, words: Vocabulary) -> Left | None:
    r"""A name that the problem does not have, such as ``\delta^{(2)}_k``; None for anything else on a left side."""
    match = _OWN.fullmatch(_FONT.sub(r"\1", text.translate(_LOWERED)).strip())
    if match is None:
        return None
    base = _LETTERS.get(match["base"], match["base"])
    tag, letters = "", ""
    for script in _OWN_SCRIPT.finditer(match["scripts"]):
        if script["mark"]:
            tag += script["mark"]
        else:
            below = script["below"] or script["one"] or script["entry"] or ""
            if below.strip().isdecimal() and not script["entry"]:
                tag += below.strip()
            else:
                letters += below
    if _CODE.fullmatch(text) and words.has(text[-1]) and text[:-2] not in GREEK:
        return None  # d_c, tanh_c: no index, but what it is of.
    name = base + tag
    known = words.has(name) or words.known(split_name(name)[0]) or words.has(*split_name(name))
    if known or (name[:1] == "d" and (words.has(name[1:]) or words.known(split_name(name[1:])[0]))):
        return None
    found = re.findall(r"[A-Za-z]'*", letters)
    nodes = tuple(Node("name", letter, (), (0, 1)) for letter in found)
    return Left(None, name, nodes or None)
