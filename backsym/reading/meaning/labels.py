"""Arrays at labels: ``E[w]``, ``U[:, o]``, ``np.eye(K)[y]``.

What a label picks is a product with its one-hot vector: a row of E is the product of e_y's transpose and E, and for
many labels their one-hot vectors are the rows of one matrix.  A part of ``resolve``; knows shapes, builds expressions.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from operator import is_

from backsym.core.dims import Dim
from backsym.core.expr import (
    Entry,
    Expr,
    Eye,
    Label,
    Labels,
    MatMul,
    Mul,
    Num,
    OneHot,
    Ones,
    Reduce,
    Size,
    T,
    show_shape,
)
from backsym.core.words import say
from backsym.reading.meaning.rules import Rules
from backsym.reading.meaning.scope import Scope, label_of
from backsym.reading.syntax import Node, node


def is_whole(item: Node) -> bool:
    """Whether a slice is a colon alone."""
    return item.kind == "slice" and item.value == "" and all(bound.kind == "slice" for bound in item.children)


def at_label(r: Rules, base: Expr, items: Sequence[Node], tree: Node) -> Expr | None:
    """The part of an array at one whole label, all other axes kept; None where this is no such part."""
    if not r.scope.label_ranks:
        return None
    if isinstance(base, Eye) and len(items) == 1 and items[0].kind == "entry" and label_of(items[0], r.scope):
        # np.eye(K)[y[n]]
        found = r.index(items[0], base.shape[0])
        assert isinstance(found, Label)
        return OneHot(Entry(Labels(found.name, tuple(ix.dim for ix in found.at), found.dim), found.at), found.dim)
    labels = [label_of(item, r.scope) if item.kind == "name" else None for item in items]
    places = [axis for axis, label in enumerate(labels) if label is not None]
    if len(places) != 1 or not all(is_whole(item) for item, label in zip(items, labels, strict=True) if label is None):
        return None
    (axis,) = places
    label = labels[axis]
    assert label is not None
    if len(base.shape) == 1 and not label.declared:
        return None  # An entry.
    if len(base.shape) > 2 or len(label.declared) > 1 or axis >= len(base.shape):
        raise r.error(say("meaning.label_of_axes", name=label.name, shape=show_shape(base.shape)), tree)
    if base.shape[axis] != label.of:
        message = say("meaning.label_of_other_range", name=label.name, dim=label.of, dim2=base.shape[axis])
        raise r.error(message, tree)
    return _product(base, OneHot(label, label.of), axis)


def mask(r: Rules, base: Expr, items: Sequence[Node], tree: Node) -> Expr | None:
    """1 at ``base[items]`` and 0 elsewhere: at a label, at one for each row, or where a condition holds; else None."""
    (first, *rest), shape = items, base.shape
    if len(items) == 1 and first.kind in ("cmp", "mul", "add"):
        held = r.resolve(first)
        return held if held.shape == shape else None
    label = label_of(items[-1], r.scope)
    if label is None or len(items) != len(shape) or shape[-1] != label.of:
        return None
    if items[-1].kind == "entry" or not label.declared:
        if any(not is_whole(item) for item in items[:-1]):
            return None
        hot = r.resolve(Node("call", "onehot", (items[-1],), tree.span))
        return hot if not rest else MatMul((Ones(shape[:1]), T(hot))) if len(shape) == 2 else None
    return OneHot(label, label.of) if is_each(r, first, shape[0]) and label.declared == shape[:1] else None


def row(r: Rules, base: Expr, items: Sequence[Node], value: Expr, tree: Node) -> Expr | None:
    """A matrix that has a value in the row at a label, ``base[items]``, and 0 elsewhere; None for any other part."""
    label, (first, *rest) = label_of(items[0], r.scope), items
    if label is None or label.declared or len(base.shape) != 2 or label.of != base.shape[0] or len(rest) > 1:
        return None
    if value.shape != base.shape[1:] or not all(map(is_whole, rest)):
        return None
    return MatMul((r.resolve(Node("call", "onehot", (first,), tree.span)), T(value)))


def is_each(r: Rules, item: Node, dim: Dim) -> bool:
    """Whether an index is ``np.arange(N)``, each position of an axis."""
    if item.kind != "array" or item.value != "arange":
        return False
    size = r.resolve(item.children[0])
    return (isinstance(size, Size) and size.dim == dim) or (isinstance(size, Num) and size.value == dim)


def picked(r: Rules, base: Expr, items: Sequence[Node], tree: Node) -> Expr | None:
    """``Z[np.arange(N), y]``: the entry of each row at its label; None for any other part."""
    if len(items) != 2 or items[0].kind != "array" or items[1].kind != "name":
        return None
    hot = mask(r, base, items, tree)
    return Reduce("sum", Mul((base, hot)), 1) if hot is not None else None


def _product(base: Expr, hot: OneHot, axis: int) -> Expr:
    many = len(hot.shape) == 2
    if isinstance(base, Eye):
        return T(hot) if many and axis else hot
    if axis == 0:
        return MatMul((hot, base)) if many else MatMul((T(base), hot))
    return MatMul((base, T(hot))) if many else MatMul((base, hot))


def spelled_out(tree: Node, scope: Scope) -> Node:
    """The tree with what formulas write for labels spelled out: ``y_n`` is ``y[n]``, and ``e_y`` is ``onehot(y)``.

    An index with an index of its own that is a sum, ``w_{t+1}``, is read as an entry already.
    """
    ranks = scope.label_ranks
    return _spelled_out(tree, ranks, scope.names) if ranks else tree


def _spelled_out(tree: Node, ranks: Mapping[str, int], names: Container[str]) -> Node:
    if tree.kind == "name":
        base, _, rest = tree.value.partition("_")
        if not rest or tree.value in names:
            return tree
        label, _, members = rest.partition("_")
        if base == "e" and ranks.get(label) == len(members):
            name = Node("name", label, (), tree.span)
            each = tuple(_place(letter, tree) for letter in members)
            own = Node("entry", "", (name, *each), tree.span, 2) if each else name
            return Node("call", "onehot", (own,), tree.span, own.depth + 1)
        if base in ranks and len(rest) == ranks[base]:
            letters = (_place(letter, tree) for letter in rest)
            return Node("entry", "", (Node("name", base, (), tree.span), *letters), tree.span, 2)
        return tree
    if tree.kind == "entry" and tree.children[0].value == "e" and "e" not in names:
        # e_{w_{t+1}}, or an entry of it.
        _, member, *axes = tree.children
        if member.kind == "entry" and ranks.get(member.children[0].value) == len(member.children) - 1:
            hot = Node("call", "onehot", (member,), tree.span, member.depth + 1)
            return node("entry", "", (hot, *axes), tree.span) if axes else hot
    children = tuple(_spelled_out(child, ranks, names) for child in tree.children)
    same = all(map(is_, children, tree.children))
    return tree if same else node(tree.kind, tree.value, children, tree.span)


def _place(written: str, tree: Node) -> Node:
    """The letter, or the position, of one member."""
    return Node("num" if written.isdecimal() else "name", written, (), tree.span)
