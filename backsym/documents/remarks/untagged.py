"""The layer's tag that all names of a part have, so that its answer does not repeat it.

What a tag is follows from how the problem's names are printed: a superscript in parentheses or brackets, as in W^(2) or
W^[l].  Nothing is dropped where another layer occurs, nor where a name without its tag would read as another one.
This module must not know about sentences or output languages.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace

from backsym.core.dims import dim_names
from backsym.core.expr import (
    Adj,
    Expr,
    IndexPick,
    IndexReduce,
    Ix,
    Labels,
    Shape,
    Size,
    Sym,
    indices_of,
    labels_of,
    letters_of,
    walk,
)
from backsym.core.problem import Problem
from backsym.core.steps import Fact, all_steps
from backsym.documents.content.plan import lines
from backsym.documents.remarks.remark import Remark
from backsym.parts.kind import Answered
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import Notation, light, rank_of, word

OFTEN = 12
"""So many times an answer would print the tag of quantities, where it is worth a sentence that it is dropped."""

_SIGNS = tuple(map(lay.Ident, ("delta", "e", "pi", "I")))
"""What stands for something without being declared."""


@dataclass(frozen=True)
class Untagged:
    """The tag that is dropped, the notation without it, and the sizes that have it: without it and with it."""

    tag: lay.Fenced
    notation: Notation
    sizes: tuple[tuple[Layout, Layout], ...]
    layer: bool
    """Whether it is the tag of parameters, too, so that it numbers layers."""


def untagged(answered: Answered, remarks: Iterable[Remark], problem: Problem, notation: Notation) -> Untagged | None:
    """What is dropped in the answer of a part, with what may be remarked about it; None where all tags stay."""
    printed = {name: notation.name(name, rank_of(symbol.shape)) for name, symbol in problem.symbols.items()}
    if not any(map(_tag, printed.values())):
        return None
    found = _Mentioned()
    found.note(_expressions(answered, remarks, problem))
    quantities = {name: printed[name] for name in found.names}
    sizes = {name: notation.dim(name) for name in found.dims}
    tags = {_tag(layout) for layout in (*quantities.values(), *sizes.values())} - {None}
    tag = tags.pop() if len(tags) == 1 else None
    if tag is None or any(notation.form(ix) for ix in found.letters):
        return None
    tagged = {name: _without(layout) for name, layout in quantities.items() if _tag(layout)}
    computed = [name for name in found.names if problem.symbols[name].role in ("node", "parameter")]
    if _mentions(answered, tagged) < OFTEN or any(name not in tagged and name != problem.loss for name in computed):
        return None
    short = {name: _without(layout) for name, layout in sizes.items() if _tag(layout)}
    if tagged.keys() & (notation.families.keys() | notation.starts.keys()) or _taken(tagged, short, problem, notation):
        return None
    without = replace(notation, symbols={**notation.symbols, **tagged}, dims={**notation.dims, **short})
    parameters = [s for s in problem.symbols.values() if s.role == "parameter"]
    layer = any(_tag(notation.name(s.name, rank_of(s.shape))) == tag for s in parameters)
    return Untagged(tag, without, tuple((layout, sizes[name]) for name, layout in short.items()), layer)


def _tag(layout: Layout) -> lay.Fenced | None:
    sup = layout.sup if isinstance(layout, lay.Script) else None
    return sup if isinstance(sup, lay.Fenced) and sup.kind in ("paren", "bracket") else None


def _without(layout: Layout) -> Layout:
    assert isinstance(layout, lay.Script)
    return layout.base if layout.sub is None else lay.Script(layout.base, layout.sub)


def _taken(tagged: dict[str, Layout], short: dict[str, Layout], problem: Problem, notation: Notation) -> bool:
    """Whether a name without its tag would read as another one, whichever part that stands in."""
    others = [notation.name(name, rank_of(s.shape)) for name, s in problem.symbols.items() if name not in tagged]
    others += [notation.dim(name) for name in problem.dims if name not in short]
    others += [word(name) for name in (*problem.index_dims, *problem.abstract)]
    own = [*map(light, tagged.values()), *short.values()]
    return len(set(own)) < len(own) or not set(own).isdisjoint((*map(light, others), *_SIGNS))


def _mentions(answered: Answered, names: Container[str]) -> int:
    """How often the derivation names these quantities."""
    rows = (line for piece in (*answered.needed, *answered.pieces) for line in lines((*piece.steps, *piece.after)))
    sides = (side for line in rows for side in (line.lhs, *line.stages))
    return sum(isinstance(e, (Sym, Adj)) and e.name in names for side in sides for e in walk(side))


@dataclass
class _Mentioned:
    """The names of quantities and dimensions, and the letters, in what stands on a page."""

    names: dict[str, None] = field(default_factory=dict)
    dims: dict[str, None] = field(default_factory=dict)
    letters: dict[Ix, None] = field(default_factory=dict)

    def note(self, expressions: Iterable[Expr]) -> None:
        apart = {id(whole): whole for whole in expressions}  # What a step ends with, the next one begins with.
        for e in (part for whole in apart.values() for part in walk(whole)):
            if isinstance(e, (Sym, Adj, Labels)):
                self.names[e.name] = None
                self._sizes(e.declared)
            elif isinstance(e, Size):
                self._sizes((e.dim,))
            bound = e.indices if isinstance(e, (IndexReduce, IndexPick)) else ()
            for ix in (*indices_of(e), *bound):
                self.names.update(dict.fromkeys(labels_of(ix)))
                self._sizes((ix.dim,))
                self.letters.update(dict.fromkeys(letters_of(ix)))

    def _sizes(self, shape: Shape) -> None:
        self.dims.update(dict.fromkeys(name for dim in shape for name in dim_names(dim)))


def _expressions(answered: Answered, remarks: Iterable[Remark], problem: Problem) -> Iterator[Expr]:
    """All that the answer of a part may print."""
    for piece in (*answered.needed, *answered.pieces):
        for equation, _ in piece.results:
            yield from (equation.lhs, equation.rhs)
        for step in all_steps((*piece.steps, *piece.after)):
            yield from (step.before, step.after)
            for fact in step.facts.values():
                yield from _of_fact(fact, problem)
    for equation, _ in answered.asked:
        yield from (equation.lhs, equation.rhs)
    yield from answered.solved.values()
    for remark in remarks:
        for told in remark.facts.values():
            yield from _of_fact(told, problem)


def _of_fact(fact: Fact, problem: Problem) -> Iterator[Expr]:
    if isinstance(fact, tuple):
        for item in fact:
            yield from _of_fact(item, problem)
    elif isinstance(fact, Expr):
        yield fact
    elif isinstance(fact, str) and fact in problem.symbols:  # It is printed as the quantity.
        yield problem.sym(fact)
