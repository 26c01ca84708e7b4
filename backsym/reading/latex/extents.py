r"""How far a sum goes: ``\sum_n t_n \log y_n + (1 - t_n) \log(1 - y_n)`` is over both terms.

A sum ends where its term does.  Where the terms right after it have its letter, too, and nothing else gives the letter
there, they belong to it: no other grouping is an equation.  Knows syntax trees; resolves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.reading.syntax import Node, node, walk

_SCALING = ("neg", "terms", "mul", "div")


def extended(tree: Node, bound: frozenset[str] = frozenset()) -> Node:
    """The tree with each sum over all terms right after it that have its letter; ``bound`` are given outside."""
    if not tree.children:
        return tree
    if tree.kind == "call":
        bound |= {letter for letter in _letters(tree) if letter}
    children = tuple(extended(child, bound) for child in tree.children)
    if tree.kind == "add":
        children = _joined(children, bound)
        if len(children) == 1:
            return children[0]
    if all(new is old for new, old in zip(children, tree.children, strict=False)) and len(children) == len(
        tree.children
    ):
        return tree
    return node(tree.kind, tree.value, children, tree.span)


def _letters(call: Node) -> frozenset[str]:
    """The letters that a sum or another call over letters binds."""
    return frozenset(child.value for child in call.children[1:] if child.kind == "name")


def _joined(terms: Sequence[Node], bound: frozenset[str]) -> tuple[Node, ...]:
    found: list[Node] = []
    n = 0
    while n < len(terms):
        total = _last_sum(terms[n])
        letters = _letters(total) - bound if total is not None else frozenset()
        last = n + 1
        while letters and last < len(terms) and _has_index(terms[last], letters) and _last_sum(terms[last]) is None:
            last += 1
        found.append(_with(terms[n], terms[n + 1 : last]) if last > n + 1 else terms[n])
        n = last
    return tuple(found)


def _last_sum(term: Node) -> Node | None:
    r"""The sum that a term is, or that stands last in it: ``-\frac{1}{N} \sum_n``."""
    if term.kind == "call" and term.value == "sum" and len(term.children) > 1:
        return term
    return _last_sum(term.children[-1]) if term.kind in _SCALING[:2] else None


def _has_index(term: Node, letters: frozenset[str]) -> bool:
    """Whether one of the letters is an index in a term, and no sum within gives it."""
    if term.kind == "call":
        letters -= _letters(term)
    indices = term.children[1:] if term.kind == "entry" else ()
    if any(part.kind == "name" and part.value in letters for index in indices for part in walk(index)):
        return True
    return any(_has_index(child, letters) for child in term.children)


def _with(term: Node, more: Sequence[Node]) -> Node:
    """A term with more terms in its last sum; what scales the sum scales them."""
    if term.kind == "call":
        body, *letters = term.children
        own = body.children if body.kind == "add" else (body,)
        span = body.span[0], more[-1].span[1]
        inner = node("add", "columns", (*own, *more), span)
        return node("call", term.value, (inner, *letters), (term.span[0], span[1]))
    *others, last = term.children
    if term.kind == "neg":  # What is subtracted is subtracted with its own sign: -(a + b) has + b after it.
        return node("neg", "", (_with(last, more),), (term.span[0], more[-1].span[1]))
    return node(term.kind, term.value, (*others, _with(last, more)), (term.span[0], more[-1].span[1]))
