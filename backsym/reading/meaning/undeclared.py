"""All the names and functions in an equation that nothing declares, so that they are reported together.

Resolving stops at the first thing that does not fit, and does not start where another equation could not be read; names
can be looked up all the same.  Knows the syntax tree and scopes.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from backsym.core.errors import Diagnostic, InputError
from backsym.core.functions import FUNCTIONS
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.meaning.calls import is_function, unknown_function
from backsym.reading.meaning.resolve import Resolver
from backsym.reading.meaning.scope import (
    Frame,
    Scope,
    Unavailable,
    along_letter,
    compares_positions,
    index_reduction,
    is_delta,
    label_of,
    own_letters,
    positional,
)
from backsym.reading.syntax import Node, walk

_TAKES_DIMENSIONS = ("ones", "zeros", "eye")


def unknown_names(tree: Node, source: Source, scope: Scope) -> list[Diagnostic]:
    """One diagnostic for each name or function that the scope does not have."""
    used = {ix.value for n in walk(tree) for ix in (*own_letters(n, scope), *index_reduction(n, scope))}
    letters = {*used, *scope.index_dims}
    frame, _ = Frame().bind([(letter, None) for letter in sorted(letters)])
    resolver = Resolver(source, scope, frame)
    found: dict[tuple[str, str], Diagnostic] = {}
    for node in _mentions(tree, scope, letters):
        key = node.kind, node.value
        if key in found:
            continue
        try:
            if node.kind == "name":
                resolver.resolve(node)
            elif not is_function(resolver, node):
                raise unknown_function(resolver, node, node.value.rstrip("'"))
            elif (letter := _letter_too_many(node, scope, letters)) is not None:
                raise resolver.error(say("meaning.not_over_letter", name=node.value, letter=letter.value), letter)
        except InputError as e:
            found[key] = e.diagnostics[0]
        except Unavailable:
            continue
    return list(found.values())


def _mentions(tree: Node, scope: Scope, letters: Container[str]) -> Iterator[Node]:
    """The names that stand for quantities, and the calls, in the author's order."""
    pending = [tree]
    while pending:
        node = pending.pop()
        children = node.children
        if label_of(node, scope) is not None:
            continue
        if node.kind in ("name", "call"):
            yield node
        if node.kind in ("name", "keyword", "partial") or is_delta(node, scope):
            continue
        if node.kind in ("entry", "pick", "subscript"):
            children = children[:1]
        elif node.kind == "cmp" and compares_positions(node, scope, letters):
            children = ()
        elif node.kind == "call":
            # Letters and dimensions are no quantities.
            over = index_reduction(node, scope) or along_letter(node, scope) is not None
            children = () if node.value in _TAKES_DIMENSIONS else positional(node)[: 1 if over else None]
            children = children[:-1] if _letter_too_many(node, scope, letters) is not None else children
        pending.extend(reversed(children))


def _letter_too_many(call: Node, scope: Scope, letters: Container[str]) -> Node | None:
    """The letter that ``prod(x[n], n)`` is to run over, where the function is of arrays; None for any other call."""
    function = FUNCTIONS.get(call.value) if call.kind == "call" and call.value not in scope.functions else None
    if function is None or along_letter(call, scope) is not None or index_reduction(call, scope):
        return None
    *given, last = positional(call) or (call,)
    unread = len(given) == function.arity[1] and last.kind == "name" and last.value in letters
    return last if unread and not scope.has(last.value) else None
