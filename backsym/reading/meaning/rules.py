"""What the rules of single kinds of nodes need of whoever resolves a tree: a protocol, so that no rule imports it.

``Resolver`` (``resolve``) is the one that keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from backsym.core.errors import InputError
from backsym.core.expr import Dim, Expr, Ix, Span
from backsym.core.source import Source
from backsym.core.words import Said, Words
from backsym.reading.meaning.scope import Frame, Letter, Scope
from backsym.reading.syntax import Node

Advice = Callable[[], Said]
"""Makes a hint, where one is given."""


class Rules(Protocol):
    """A tree's nodes resolved one by one, in a scope and under the index letters of a frame."""

    source: Source
    scope: Scope
    frame: Frame
    at: Span | None
    macros: int

    def resolve(self, tree: Node) -> Expr: ...

    def mark(self, tree: Node) -> Span | None: ...

    def error(self, message: Said, tree: Node, hint: Said | None = None) -> InputError: ...

    def before_first(self, dim: Dim) -> Words: ...

    def quote(self, tree: Node) -> str: ...

    def definition(self, text: str, args: Mapping[str, Expr], tree: Node) -> Expr: ...

    def fit(self, nodes: Sequence[Node], values: Sequence[Expr], tree: Node, operation: str) -> None: ...

    def chained(self, factors: Sequence[tuple[Node, Expr]], tree: Node) -> Expr: ...

    def under(self, letters: Sequence[Node], body: Node) -> tuple[Expr, list[Letter]]: ...

    def index(self, tree: Node, dim: Dim | None, hint: Advice | None = None) -> Ix: ...
