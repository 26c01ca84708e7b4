"""The network drawing: units joined by weighted edges, read off the equations of a problem.

A unit is a weighted sum of inputs and of other units; a quantity that is a function of one weighted sum alone is that
unit's activation and is drawn with it.  A whole layer counts as a unit whose weight is a matrix.  The loss is
not drawn.

This module must not know where anything is placed, nor about any output language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backsym.core.errors import BacksymError
from backsym.core.expr import (
    Add,
    Entry,
    Expr,
    Fn,
    IndexReduce,
    MatMul,
    Member,
    Mul,
    Neg,
    Num,
    Ones,
    Reshape,
    Sym,
    T,
    names_in,
    walk,
)
from backsym.core.problem import NodeEquation, Problem
from backsym.core.words import Words, say
from backsym.graphs.model import Edge, Graph, Vertex
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import Notation, rank_of
from backsym.printing.printer import layout_of

_SUM_NODES = (Add, Neg, Mul, MatMul, T, Entry, Member, Reshape, IndexReduce, Num, Ones, Sym)
"""The nodes of which a weighted sum may consist."""


@dataclass(frozen=True)
class _Term:
    """One term of a weighted sum: its sign, the quantity that enters (None for a bias) and what weighs it."""

    negative: bool
    source: str | None
    weight: Expr | None


def network_graph(problem: Problem) -> Graph:
    """The drawing of units; raises BacksymError, naming the equation, where the problem is not such a network."""
    return _Network(problem).graph()


class _Network:
    def __init__(self, problem: Problem):
        self.problem = problem
        self.notation = Notation.of(problem)
        self.equations = [eq for eq in problem.equations if eq.name != problem.loss]
        self.unit_of = {eq.name: source for eq in self.equations if (source := self._pre_activation(eq))}
        self.activation_of = {source: name for name, source in self.unit_of.items()}

    def graph(self) -> Graph:
        if not self.equations:
            raise self._refusal(say("graphs.only_loss", loss=self.problem.loss))
        vertices: dict[str, Vertex] = {}
        edges: dict[tuple[str, str], Edge] = {}
        for equation in self.equations:
            if equation.name in self.unit_of:
                continue
            biases: list[_Term] = []
            for term in self._weighted_sum(equation):
                if term.source is None:
                    biases.append(term)
                    continue
                edge = self._edge(term, term.source, equation.name)
                if (edge.source, edge.target) in edges:
                    raise self._refusal(say("graphs.enters_twice", source=term.source, unit=equation.name))
                edges[edge.source, edge.target] = edge
                if term.source not in self.problem.by_name:
                    role = self.problem.symbols[term.source].role
                    vertices.setdefault(term.source, Vertex(term.source, role, self._name(term.source)))
            vertices[equation.name] = self._unit(equation.name, biases)
        return Graph("network", self.problem.title, tuple(vertices.values()), tuple(edges.values()))

    def _edge(self, term: _Term, source: str, target: str) -> Edge:
        label = None if term.weight is None else layout_of(term.weight, self.notation)
        text = "" if term.weight is None else " ".join(names_in(term.weight))
        if term.negative:
            label = lay.tight(lay.MINUS, label or lay.Number("1"))
            text = f"minus {text or '1'}"
        return Edge(self.unit_of.get(source, source), target, label, text)

    def _unit(self, name: str, biases: list[_Term]) -> Vertex:
        """The unit of a weighted sum, with its activation and its bias."""
        items: list[Layout] = []
        for bias in biases:
            weight = layout_of(bias.weight, self.notation) if bias.weight else lay.Number("1")
            items += [lay.MINUS if bias.negative else lay.Op("plus", "prefix"), weight]
        activation = self.activation_of.get(name)
        second = None if activation is None else self._name(activation)
        return Vertex(name, "node", self._name(name), second, lay.row(*items) if items else None)

    def _name(self, name: str) -> Layout:
        return self.notation.name(name, rank_of(self.problem.symbols[name].shape))

    # --- reading the equations ---

    def _pre_activation(self, equation: NodeEquation) -> str | None:
        """The node whose activation the equation computes, if it is a function of that node and of nothing else.

        A node that anything else uses too stays a unit of its own.
        """
        names = names_in(equation.rhs)
        if len(names) != 1 or names[0] not in self.problem.by_name:
            return None
        source = names[0]
        alone = self.problem.consumers[source] == (equation.name,)
        return source if alone and not _is_sum(equation.rhs) and _is_sum(self.problem.by_name[source].rhs) else None

    def _weighted_sum(self, equation: NodeEquation) -> list[_Term]:
        """The terms of a unit; a function around the sum, as in relu(w*x + b), belongs to the unit."""
        body = equation.rhs
        if isinstance(body, Fn) and len(body.args) == 1 and body.order == 0:
            body = body.args[0]
        terms: list[_Term] = []
        for negative, term in _terms(body, negative=False):
            factors = [f for f in _factors(term) if not isinstance(f, Ones)]
            values = [f for f in factors if any(self._carries_a_value(name) for name in names_in(f))]
            weights = [_whole(f) for f in factors if f not in values]
            if not _is_sum(term) or len(values) > 1 or any(not _is_name(f) for f in values):
                raise self._refusal(say("graphs.no_unit", name=equation.name, right=_right_side(equation)))
            weight = None if not weights else weights[0] if len(weights) == 1 else Mul(tuple(weights))
            terms.append(_Term(negative, names_in(values[0])[0] if values else None, weight))
        if not any(term.source for term in terms):
            raise self._refusal(say("graphs.no_input", name=equation.name))
        return terms

    def _carries_a_value(self, name: str) -> bool:
        """Inputs and units are joined by edges; parameters and constants weigh them."""
        return name in self.problem.by_name or self.problem.symbols[name].role in ("input", "target")

    def _refusal(self, reason: Words) -> BacksymError:
        return BacksymError(say("graphs.no_network", title=self.problem.title, reason=reason))


def _is_sum(e: Expr) -> bool:
    return all(isinstance(node, _SUM_NODES) for node in walk(e))


def _right_side(equation: NodeEquation) -> str:
    return equation.text.partition("=")[2].strip() or equation.text


def _terms(e: Expr, *, negative: bool) -> Iterator[tuple[bool, Expr]]:
    """The terms of a sum with their signs; a sum over an index, as in a layer, is gone into."""
    if isinstance(e, Add):
        for arg in e.args:
            yield from _terms(arg, negative=negative)
    elif isinstance(e, Neg):
        yield from _terms(e.arg, negative=not negative)
    elif isinstance(e, Reshape):
        yield from _terms(e.arg, negative=negative)
    elif isinstance(e, IndexReduce) and e.op == "sum":
        yield from _terms(e.body, negative=negative)
    else:
        yield negative, e


def _factors(e: Expr) -> Iterator[Expr]:
    if isinstance(e, (Mul, MatMul)):
        for arg in e.args:
            yield from _factors(arg)
    elif isinstance(e, Reshape):
        yield from _factors(e.arg)
    else:
        yield e


def _whole(e: Expr) -> Expr:
    """The array of which a factor is an entry; a row of biases is shown as the biases."""
    if isinstance(e, (Entry, Member)):
        return e.base
    if isinstance(e, T) and len(e.arg.shape) == 1:
        return e.arg
    return e


def _is_name(e: Expr) -> bool:
    """Whether a factor is one quantity: itself, an entry of it, or it transposed."""
    inner = _whole(e)
    return isinstance(inner, Sym) or (isinstance(inner, T) and isinstance(inner.arg, Sym))
