"""The table of the kinds of parts, by the keys that files call them by; other packages may add to it."""

from __future__ import annotations

from backsym.core.errors import BacksymError
from backsym.core.problem import Part
from backsym.core.words import say
from backsym.parts.derivatives import Derive, Gradients, List, Show
from backsym.parts.equations import Forward, Vectorize
from backsym.parts.kind import KINDS, PartKind
from backsym.parts.numbers import Compute, Update
from backsym.parts.totals import Hessian, Jacobian, Stationary
from backsym.parts.words import Ask, Graph, Why

__all__ = ["KINDS", "kind_of"]

for _kind in (
    Graph(),
    Show(),
    Derive(),
    Vectorize(),
    Gradients(),
    Forward(),
    Why(),
    Ask(),
    List(),
    Compute(),
    Update(),
    Jacobian(),
    Hessian(),
    Stationary(),
):
    KINDS.add(_kind)


def kind_of(part: Part) -> PartKind:
    """The kind of a part; raises BacksymError for one that nobody has registered."""
    if part.kind not in KINDS:
        raise BacksymError(say("registry.no_part", kind=part.kind))
    return KINDS[part.kind]
