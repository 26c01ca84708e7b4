"""The neutral graph: what is connected to what, and how each vertex and edge is labelled.

``computation_graph`` makes it from a problem, whole quantities (vectorized) or entry by entry (scalar); ``network``
makes the drawing of units.  Labels are layout, so that they reach every output language.

This module must not know where anything is placed, nor about any output language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from backsym.core.errors import BacksymError, did_you_mean
from backsym.core.expr import (
    Adj,
    Dim,
    Entry,
    Expr,
    Ix,
    Member,
    Shape,
    Started,
    Sym,
    children,
    indices_of,
    labels_of,
    member_of,
    names_in,
    walk,
)
from backsym.core.problem import ROLES, Problem
from backsym.core.words import Words, say
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import Notation, rank_of
from backsym.printing.printer import layout_of
from backsym.printing.unicode import to_unicode

KINDS = ("vectorized", "scalar", "network")
DERIVATIVES = ("none", "edges", "nodes", "numbers")
VERTEX_ROLES = (*ROLES, "node", "loss")
"""What a vertex stands for; every output tells them apart by shape, not by colour alone."""


@dataclass(frozen=True)
class Vertex:
    """One vertex.

    ``name`` is the plain name for identifiers and screen readers.  ``second`` is the activation of a unit whose
    pre-activation is ``label``; ``note`` stands below the vertex (a derivative, or the bias of a unit).
    """

    name: str
    role: str
    label: Layout
    second: Layout | None = None
    note: Layout | None = None


@dataclass(frozen=True)
class Edge:
    """An arrow from ``source`` to ``target``, the names of vertices; ``text`` is the label in plain words."""

    source: str
    target: str
    label: Layout | None = None
    text: str = ""


@dataclass(frozen=True)
class Graph:
    """Vertices and edges in the author's order; edges lead forward, so the graph has no cycle."""

    kind: str
    title: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]

    def vertex(self, name: str) -> Vertex:
        return next(v for v in self.vertices if v.name == name)


@dataclass(frozen=True)
class Numbers:
    """What is written in numbers: the value and the derivative of the loss by names, local derivatives by edges."""

    values: Mapping[str, Layout]
    derivatives: Mapping[str, Layout]
    local: Mapping[tuple[str, str], Layout]
    """By source and target."""

    def note(self, name: str) -> Layout | None:
        """The value, and the derivative below it."""
        lines = [found[name] for found in (self.values, self.derivatives) if name in found]
        return lay.Gathered(tuple(lines)) if len(lines) > 1 else lines[0] if lines else None


def choose(word: str, allowed: tuple[str, ...], what: Words) -> str:
    """The word itself, if it is allowed; else BacksymError with a near one."""
    if word in allowed:
        return word
    raise BacksymError(say("graphs.unknown", what=what, word=word, choices=allowed), did_you_mean(word, allowed))


def computation_graph(
    problem: Problem, kind: str = "vectorized", derivatives: str = "none", numbers: Numbers | None = None
) -> Graph:
    """One vertex for every quantity that an equation uses or defines.

    ``kind`` is vectorized (whole quantities) or scalar (their entries, where the indices have letters).
    ``derivatives`` puts the local derivative on each edge, or the derivative of the loss below each vertex, wherever
    the backward pass goes; or both, and the value of each vertex, as ``numbers``.  Raises BacksymError for an unknown
    choice, and where there are no numbers.
    """
    choose(kind, KINDS[:2], say("graphs.computation_graph"))
    choose(derivatives, DERIVATIVES, say("graphs.place"))
    if derivatives == "numbers" and numbers is None:
        raise BacksymError(say("graphs.no_numbers"))
    notation = Notation.of(problem)
    earlier = _earlier(problem)
    sources = _sources(problem, earlier)
    used = {name for names in sources.values() for name in names} | set(sources)
    backward = _backward(problem, sources)
    labels = {
        name: DOTS if name in earlier and earlier[name] is None else _label(problem, name, kind, notation)
        for name in used
        if earlier.get(name) is None
    }
    labels |= {name: layout_of(e, notation) for name, e in earlier.items() if e is not None}
    vertices = []
    for name in _in_order(sources):
        role = _role(problem, name)
        note = None
        if derivatives == "nodes" and name in backward and name in problem.symbols:
            note = _adjoint(problem, name, kind, notation)
        elif derivatives == "numbers" and numbers is not None:
            note = numbers.note(name)
        vertices.append(Vertex(name, role, labels[name], note=note))
    edges = []
    for target, names in sources.items():
        for source in names:
            marked = derivatives == "edges" and source in backward and target in backward
            marked = marked and DOTS not in (labels[source], labels[target])
            label = _partial(labels[target], labels[source]) if marked else None
            if derivatives == "numbers" and numbers is not None:
                label = numbers.local.get((source, target))
            words = "" if label is None else f"d{target}/d{source}" if marked else to_unicode(label)
            edges.append(Edge(source, target, label, words))
    return Graph(kind, problem.title, tuple(vertices), tuple(edges))


DOTS = lay.Symbol("dots")


def _earlier(problem: Problem) -> dict[str, Expr | None]:
    """The earlier members that recurrences use, h_(t-1), by their names in the graph; None for the dots before them."""
    found: dict[str, Expr | None] = {}
    for eq in problem.equations:
        for e in walk(eq.rhs):
            if isinstance(e, (Entry, Member)) and isinstance(e.base, Started):
                places = tuple(
                    None if n else ix for n, ix in enumerate(e.indices if isinstance(e, Entry) else e.places)
                )
                first, base = places[0], Sym(e.base.name, e.base.declared)
                assert first is not None
                found[_before(base.name)] = None
                found[f"{base.name}[{first.letter}]"] = Member(base, places) if places[1:] else Entry(base, (first,))
    return found


def _before(name: str) -> str:
    return f"{name}[...]"


def _sources(problem: Problem, earlier: Mapping[str, Expr | None]) -> dict[str, tuple[str, ...]]:
    """What each vertex is computed from; of a recurrence one step, with dots for those before."""
    found: dict[str, tuple[str, ...]] = {}
    for eq in problem.equations:
        names: dict[str, None] = {}
        for name, back in _uses(eq.rhs):
            if back is not None and name in problem.starts:
                own = f"{name}[{back.letter}]"
                found[_before(name)] = tuple(start.name for start in problem.starts[name])
                found.setdefault(own, (_before(name),))
                name = own
            names.setdefault(name)
        found[eq.name] = tuple(names)
    return found


def _uses(e: Expr) -> Iterator[tuple[str, Ix | None]]:
    """The quantities that an expression mentions, each with the index of an earlier member if it is one."""
    if isinstance(e, (Entry, Member)) and isinstance(e.base, Started):
        yield e.base.name, e.indices[0]
        return
    if not children(e):
        yield from ((name, None) for name in names_in(e))
        return
    yield from ((name, None) for ix in indices_of(e) for name in labels_of(ix))
    for child in children(e):
        yield from _uses(child)


def _in_order(sources: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Each quantity at its first use, so that the inputs of a layer stand in the order of its equation."""
    seen: dict[str, None] = {}
    for target, names in sources.items():
        for name in (*names, target):
            seen.setdefault(name)
    return list(seen)


def _role(problem: Problem, name: str) -> str:
    if name == problem.loss:
        return "loss"
    if name in problem.by_name or name not in problem.symbols:
        return "node"
    role = problem.symbols[name].role
    if role not in VERTEX_ROLES:
        raise BacksymError(say("graphs.role", name=name, role=role, roles=VERTEX_ROLES))
    return role


def _backward(problem: Problem, sources: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The quantities that the backward pass reaches: the loss depends on them, and they are not given constants."""
    reached: set[str] = set()
    todo = [problem.end]
    while todo:
        target = todo.pop()
        if target not in reached:
            reached.add(target)
            # An earlier member is one of its family.
            todo += [*sources.get(target, ()), *([target.partition("[")[0]] if "[" in target else [])]
    return {name for name in reached if _role(problem, name) not in ("target", "constant")}


def _label(problem: Problem, name: str, kind: str, notation: Notation) -> Layout:
    shape = problem.symbols[name].shape
    one = kind == "scalar" or _recurs(problem, name)
    member = _member(problem, problem.sym(name)) if one else None
    if member is not None:
        return layout_of(member, notation)
    indices = _indices(problem, name) if kind == "scalar" or (one and len(shape) == 1) else ()
    return notation.entry(name, indices) if indices else notation.name(name, rank_of(shape))


def _adjoint(problem: Problem, name: str, kind: str, notation: Notation) -> Layout:
    whole = Adj(name, problem.symbols[name].shape)
    one = kind == "scalar" or _recurs(problem, name)
    member = _member(problem, whole) if one else None
    if member is not None:
        return layout_of(member, notation)
    indices = _indices(problem, name) if kind == "scalar" or (one and len(whole.shape) == 1) else ()
    return layout_of(Entry(whole, indices) if indices else whole, notation)


def _recurs(problem: Problem, name: str) -> bool:
    """Whether a quantity has a member for each step of a recurrence, of which one step is drawn."""
    shape = problem.symbols[name].shape
    return bool(shape) and shape[0] in problem.recurrent


def _member(problem: Problem, whole: Sym | Adj) -> Expr | None:
    """The member of a family, as the equations write it; None for what is none, or has numbers as members."""
    if not problem.families.get(whole.name):
        return None
    own = problem.by_name.get(whole.name)
    if own is not None and own.picked:
        return member_of(whole, own.indices[: own.picked])
    parts = (e for eq in problem.equations for e in walk(eq.rhs) if isinstance(e, Member))
    found = next((e for e in parts if isinstance(e.base, Sym) and e.base.name == whole.name), None)
    if found is not None:
        return Member(whole, found.places)
    # Entry by entry, no equation names a member as a whole.
    letters = _indices(problem, whole.name)[:1]
    return member_of(whole, letters) if letters and len(whole.shape) > 1 else None


def _partial(top: Layout, bottom: Layout) -> Layout:
    partial = lay.Symbol("partial")
    return lay.Frac(lay.row(partial, top), lay.row(partial, bottom))


def _indices(problem: Problem, name: str) -> tuple[Ix, ...]:
    """The letters of an entry: the author's where an equation has them, else those declared for the dimensions.

    Empty for a scalar, and where a dimension has no letter.
    """
    own = problem.by_name.get(name)
    if own is not None and own.indices:
        return own.indices
    return _as_used(problem, name) or _declared(problem, problem.symbols[name].shape)


def _as_used(problem: Problem, name: str) -> tuple[Ix, ...]:
    for equation in problem.equations:
        for node in walk(equation.rhs):
            if isinstance(node, Entry) and isinstance(node.base, Sym) and node.base.name == name:
                return node.indices
    return ()


def _declared(problem: Problem, shape: Shape) -> tuple[Ix, ...]:
    letters: list[Ix] = []
    for dim in shape:
        letter = _letter(problem.index_dims, dim, {ix.letter for ix in letters})
        if letter is None:
            return ()
        letters.append(Ix(letter, dim))
    return tuple(letters)


def _letter(declared: Mapping[str, Dim], dim: Dim, taken: set[str]) -> str | None:
    """A declared letter of the dimension, primed if the entry has used it for another axis."""
    letters = [letter for letter, of in declared.items() if of == dim]
    free = [letter for letter in letters if letter not in taken]
    if free or not letters:
        return free[0] if free else None
    letter = letters[0] + "'"
    while letter in taken:
        letter += "'"
    return letter
