"""What makes the derivation of a part work, from its steps.

This module must not know about words, layout or output languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backsym.core import stepkinds as sk
from backsym.core.expr import (
    Add,
    Adj,
    Div,
    Entry,
    Expr,
    Fn,
    IndexReduce,
    Mul,
    Partial,
    Sym,
    free_indices,
    names_in,
    num,
    walk,
)
from backsym.core.problem import Problem
from backsym.core.steps import all_steps
from backsym.documents.remarks.remark import Claim, Remark, Told, base_of, opening_of
from backsym.parts.kind import Piece

MANY = 4
"""Of so many derivatives in one part it is said how they follow from each other."""

WALK = "ideas.walk"
"""The idea that a drawing with local derivatives shows."""

RULES = 5
"""So many facts tell of all three rules for a network of units."""


def ideas(pieces: Sequence[Piece], problem: Problem) -> Iterator[Remark]:
    """What makes the derivation of a part work, the most telling first."""
    derived = [piece for piece in pieces if piece.derivative and piece.steps and not piece.cases]
    rules = _rules(derived, problem)
    if rules is not None:
        yield rules
        return
    if len(derived) >= MANY:
        yield Remark(WALK)
    yield from _shared(derived, problem)
    coupled = [remark for piece in derived for remark in _coupled(piece)]
    yield from coupled
    paths = [remark for piece in derived for remark in _fan_out(piece, problem)]
    # One of them says that the terms of all paths add up; a path that passes its gradient on unchanged tells more.
    yield from sorted(paths, key=lambda remark: remark.key != "ideas.residual")[:1]
    for piece in derived:
        yield from _gate(piece, problem)
    for piece in derived:
        if not coupled:
            yield from _every(piece)


def local_derivatives(pieces: Sequence[Piece], problem: Problem) -> dict[tuple[str, str], Expr]:
    """The derivatives of numbers by what they are computed from, by both names, as far as the steps state them."""
    found: dict[tuple[str, str], Expr] = {}
    for piece in pieces:
        for step in all_steps(piece.steps):
            at = (step.before.den, step.before.num) if isinstance(step.before, Partial) else ()
            names = [e.name for e in at if isinstance(e, Sym)]
            if step.kind == sk.LOCAL and len(names) == 2:
                found[names[0], names[1]] = step.after
        # What only the loss is computed from has the derivative of the loss itself.
        users = [eq.name for eq in problem.equations if piece.node in names_in(eq.rhs)]
        if users == [problem.loss] and not piece.result.lhs.shape:
            found[piece.node, problem.loss] = piece.result.rhs
    return found


def _rules(pieces: Sequence[Piece], problem: Problem) -> Remark | None:
    """What the derivatives of a network of units follow from: one rule for weights, sums and values each."""
    facts: dict[str, Told] = {}
    claims: list[Claim] = []
    for piece in pieces:
        rhs = piece.result.rhs
        if not any(isinstance(part, Adj) for part in walk(rhs)):
            continue
        found = _of_unit(piece, problem)
        if found is None:
            return None
        # Of values, one that enters several sums is the better example.
        facts = {**facts, **found} if isinstance(rhs, Add) else {**found, **facts}
        claims.append(Claim("equal", piece.result.lhs, rhs))
    return Remark("ideas.rules", facts, tuple(claims)) if len(facts) == RULES else None


def kind_in_network(piece: Piece, problem: Problem) -> str | None:
    """What a number is whose derivative this is, in a network of units: a ``weight``, a ``sum`` or a ``unit``."""
    found = _of_unit(piece, problem)
    return None if found is None else next(kind for kind in ("sum", "weight", "unit") if kind in found)


def _of_unit(piece: Piece, problem: Problem) -> dict[str, Told] | None:
    """The kind of a number's derivative with its parts: of a weight, of a sum before a function, of a value."""
    lhs, rhs = piece.result.lhs, piece.result.rhs
    terms = rhs.args if isinstance(rhs, Add) else (rhs,)
    pairs = [term.args for term in terms if isinstance(term, Mul) and len(term.args) == 2]
    if len(pairs) < len(terms) or not isinstance(lhs, Adj) or lhs.shape:
        return None
    errors = [error.name for error, _ in pairs if isinstance(error, Adj)]
    factors = [factor for _, factor in pairs]
    if len(errors) < len(pairs):
        return None
    own = problem.sym(piece.node)
    applied = problem.by_name[errors[0]].rhs
    if len(pairs) == 1 and isinstance(applied, Fn) and applied.args == (own,):
        return {"sum": own, "slope": factors[0]}
    roles = {problem.symbols[factor.name].role if isinstance(factor, Sym) else "" for factor in factors}
    if problem.symbols[piece.node].role == "parameter":
        return {"weight": own, "value": factors[0]} if len(pairs) == 1 and roles <= {"node", "input"} else None
    return {"unit": own} if roles == {"parameter"} else None


def _shared(pieces: Sequence[Piece], problem: Problem) -> Iterator[Remark]:
    """Parameters that several equations use, those of the same equations together."""
    uses: dict[tuple[Expr, ...], list[Expr]] = {}
    for piece in pieces:
        opening = opening_of(piece)
        if opening is not None and problem.symbols[piece.node].role == "parameter" and len(opening[1]) > 1:
            uses.setdefault(tuple(map(base_of, opening[1])), []).append(base_of(opening[0]))
    for consumers, nodes in uses.items():
        if len(set(consumers)) > 1:
            claims = tuple(Claim("depends", consumer, node) for node in nodes for consumer in consumers)
            key = "ideas.shared" if len(nodes) > 1 else "ideas.shared_one"
            yield Remark(key, {"nodes": tuple(nodes), "consumers": consumers}, claims)


def _coupled(piece: Piece) -> Iterator[Remark]:
    """A quantity that is in the denominator of all entries of what uses it; its letter is told from that of those."""
    opening = opening_of(piece)
    if opening is None or len(opening[1]) > 1:
        return
    node, consumer = opening[0], opening[1][0]
    changed = tuple(ix for ix in free_indices(node) if ix not in free_indices(consumer))
    affected = tuple(ix for ix in free_indices(consumer) if ix not in free_indices(node))
    for step in all_steps(piece.steps):
        if (
            changed
            and step.kind == sk.FORWARD
            and base_of(step.before) == base_of(consumer)
            and _in_denominator(step.after, base_of(node))
        ):
            claim = Claim("depends", consumer, node)
            facts: dict[str, Told] = {"node": node, "consumer": consumer, "affected": affected, "changed": changed}
            yield Remark("ideas.denominator", facts, (claim,))
            return


def _in_denominator(e: Expr, base: Expr) -> bool:
    sums = (s for part in walk(e) if isinstance(part, Div) for s in walk(part.den) if isinstance(s, IndexReduce))
    return any(isinstance(part, Entry) and part.base == base for s in sums for part in walk(s))


def _fan_out(piece: Piece, problem: Problem) -> Iterator[Remark]:
    """A value that several equations use; where one of them passes its gradient on unchanged, that is said."""
    opening = opening_of(piece)
    if opening is None or problem.symbols[piece.node].role == "parameter" or len(opening[1]) < 2:
        return
    node, consumers = opening
    claims = tuple(Claim("depends", base_of(consumer), base_of(node)) for consumer in consumers)
    facts: dict[str, Told] = {"node": node, "consumers": consumers}
    for step in piece.steps:
        inner = [s for s in step.substeps if s.kind == sk.LOCAL] if step.kind == sk.PATH else []
        if inner and inner[0].after == num(1):
            facts["local"] = inner[0].before
            yield Remark("ideas.residual", facts, (*claims, Claim("equal", inner[0].before, num(1))))
            return
    yield Remark("ideas.fan_out", facts, claims)


def _gate(piece: Piece, problem: Problem) -> Iterator[Remark]:
    """A factor of an entry-by-entry product of two values that were computed."""
    for step in all_steps(piece.steps):
        if step.kind != sk.LOCAL or not isinstance(step.before, Partial) or not isinstance(step.after, (Entry, Sym)):
            continue
        product, factor, other = base_of(step.before.num), base_of(step.before.den), base_of(step.after)
        names = [e.name for e in (factor, other) if isinstance(e, Sym) and problem.symbols[e.name].role == "node"]
        if len(names) == 2 and isinstance(product, Sym):
            rhs = problem.by_name[product.name].rhs
            if isinstance(rhs, Mul) and {base_of(arg) for arg in rhs.args} == {factor, other}:
                claim = Claim("equal", step.before, step.after)
                yield Remark("ideas.gate", {"product": product, "factor": factor, "other": other}, (claim,))
                return


def _every(piece: Piece) -> Iterator[Remark]:
    """A value of which one entry is in all entries of what uses it."""
    opening = opening_of(piece)
    if opening is None or len(opening[1]) > 1:
        return
    node, consumer = opening[0], opening[1][0]
    new = tuple(ix for ix in free_indices(consumer) if ix not in free_indices(node))
    if new and isinstance(consumer, Entry):
        claim = Claim("depends", consumer, node)
        yield Remark("ideas.every", {"node": node, "consumer": consumer, "new": new}, (claim,))
