r"""Rows and columns of matrices in answers: ``\mathbf{a}_n^{(1)}`` of a batch that is declared as A1, ``W[:,j]``.

What is read with members of matrices in it is written entry by entry, as entries of the matrices.  Knows trees, names
and shapes; knows no texts and no grammar.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.core import expr as ex
from backsym.core.entrywise import FIRST, entry_of
from backsym.core.problem import Problem
from backsym.marking.answers.left_sides import Left
from backsym.marking.answers.letters import fresh
from backsym.reading.latex.lexer import Token
from backsym.reading.syntax import Node
from backsym.reading.syntax import walk as walk_tree

_LOSSES = ("L", "J", "ell")


def matrices(problem: Problem) -> frozenset[str]:
    return frozenset(name for name, symbol in problem.symbols.items() if len(symbol.shape) == 2)


def is_row(tree: Node) -> bool:
    """Whether this is one index of an array, beside which a whole axis may stand."""
    if tree.kind != "entry":
        return False
    given = [ix for ix in tree.children[1:] if ix.kind != "slice"]
    return len(tree.children) <= 3 and len(given) == 1 and given[0].kind == "name"


def has_rows(tree: Node) -> bool:
    return any(map(is_row, walk_tree(tree)))


def are_small(tree: Node, text: str) -> bool:
    """Whether a row of a matrix is written with a small letter, x_n of X: it is the vector that it holds, a column."""
    rows = ((node.children[0].value, text[slice(*node.children[0].span)]) for node in walk_tree(tree) if is_row(node))
    return any(str(name)[:1].isupper() and str(name)[0] not in written for name, written in rows)


def of_one_example(tokens: Sequence[Token]) -> bool:
    """Whether a text has an index at its loss: that of one data point is no row of anything."""
    bare = [token for token in tokens if token.text not in ("{", "}")]
    return any(
        after.text == "_" and (token.text in _LOSSES or (font.text == "mathcal" and token.kind == "letter"))
        for font, token, after in zip(bare[:1] + bare, bare, bare[1:], strict=False)
    )


def left_row(tree: Node, problem: Problem, answer: str) -> Left | None:
    """A left side that is the derivative by a row, with a letter that the answer has not for the axis along it."""
    whole = tree
    if tree.kind == "partial" and tree.children[0].kind == "name" and tree.children[0].value == problem.loss:
        whole = tree.children[1]
    if not is_row(whole):
        return None
    array, *places = whole.children
    if tree is whole:
        if array.kind != "call" or array.value != "grad":
            return None
        array = array.children[0]
    if array.kind != "name" or array.value not in matrices(problem):
        return None
    other = Node("name", next((x for x in "qpsuvxyz" if x not in answer), "q'"), (), (0, 1))
    row = places[0].kind != "slice"
    letter = next(place for place in places if place.kind != "slice")
    return Left(array.value, None, (letter, other) if row else (other, letter), row=True)


# --- entries ---------------------------------------------------------------------------------------------------------


class _NoEntries(Exception):
    """An expression whose entries are not written here."""


class _Entries:
    """Entries of an expression with rows in it; ``taken`` are letters that a sum may not use."""

    def __init__(self, taken: Sequence[ex.Ix]):
        self.taken = list(taken)

    def entry(self, e: ex.Expr, at: tuple[ex.Ix, ...]) -> ex.Expr:
        """The entry of ``e`` at ``at``, one index for each axis of its shape; raises _NoEntries."""
        if isinstance(e, ex.IndexReduce):
            return ex.IndexReduce(e.op, self.entry(e.body, at), e.indices)
        if isinstance(e, ex.Member):
            return ex.Entry(e.base, e.at(at))
        if isinstance(e, ex.Entry) and not isinstance(e.base, (ex.Sym, ex.Adj)):
            return self.entry(e.base, e.indices)
        if isinstance(e, ex.Mul):
            return ex.Mul(tuple(self.operand(arg, at) for arg in e.args))
        if isinstance(e, ex.MatMul):
            return self.matmul(e, at)
        if isinstance(e, ex.T):
            return self.entry(e.arg, at[1:] if len(e.arg.shape) == 1 else at[::-1])
        if isinstance(e, ex.Reduce) and e.op == "sum" and e.axis is None:
            over = self.letters(e.arg.shape)
            return ex.IndexReduce("sum", self.entry(e.arg, over), tuple(ix for ix in over if not ix.fixed))
        if isinstance(e, ex.Fn) and e.kind == "diag" and len(e.shape) == 2:
            return ex.Mul((self.entry(e.args[0], at[:1]), ex.Delta(at[0], at[1])))
        if isinstance(e, (ex.Add, ex.Neg, ex.Div, ex.Pow, ex.Cmp)) or (isinstance(e, ex.Fn) and e.entrywise):
            return ex.rebuild(e, lambda child: self.operand(child, at))
        if isinstance(
            e,
            (
                ex.Reshape,
                ex.OneHot,
                ex.Sym,
                ex.Adj,
                ex.Ones,
                ex.Zeros,
                ex.Eye,
                ex.Num,
                ex.Size,
                ex.Const,
                ex.Entry,
                ex.Delta,
            ),
        ):
            return self.reshaped(e, at) if isinstance(e, ex.Reshape) else entry_of(e, at)
        if any(isinstance(node, ex.Member) for node in ex.walk(e)):
            raise _NoEntries
        return ex.Entry(e, at) if e.shape else e

    def reshaped(self, e: ex.Reshape, at: tuple[ex.Ix, ...]) -> ex.Expr:
        if e.regroups:
            raise _NoEntries
        rest = iter([ix for dim, ix in zip(e.shape, at, strict=True) if dim != 1])
        return self.entry(e.arg, tuple(FIRST if dim == 1 else next(rest) for dim in e.arg.shape))

    def operand(self, e: ex.Expr, at: tuple[ex.Ix, ...]) -> ex.Expr:
        """The entry of an operand that is broadcast to the axes of ``at``."""
        own = at[len(at) - len(e.shape) :]
        return self.entry(e, tuple(FIRST if dim == 1 else ix for dim, ix in zip(e.shape, own, strict=True)))

    def matmul(self, e: ex.MatMul, at: tuple[ex.Ix, ...]) -> ex.Expr:
        first, last = (*at, FIRST, FIRST)[:2]
        inner = list(self.letters([arg.shape[1] if len(arg.shape) == 2 else 1 for arg in e.args[:-1]]))
        factors: list[ex.Expr] = []
        over = [ix for ix in inner if not ix.fixed]
        for n, arg in enumerate(e.args):
            row, column = (first, *inner)[n], (*inner, last)[n]
            if isinstance(arg, ex.Fn) and arg.kind == "diag" and column in over:
                # A diagonal matrix takes its rows for its columns.
                over.remove(column)
                inner[n] = row
                factors.append(self.entry(arg.args[0], (row,)))
            else:
                factors.append(self.entry(arg, (row, column)[: len(arg.shape)]))
        body = ex.Mul(tuple(factors))
        return ex.IndexReduce("sum", body, tuple(over)) if over else body

    def letters(self, dims: Sequence[ex.Dim]) -> tuple[ex.Ix, ...]:
        """A new letter for each dimension."""
        found: list[ex.Ix] = []
        for dim in dims:
            found.append(FIRST if dim == 1 else fresh(dim, self.taken))
            self.taken.append(found[-1])
        return tuple(found)


def by_entries(e: ex.Expr, at: tuple[ex.Ix, ...]) -> ex.Expr | None:
    """The entry of an expression with members in it, without them; None where there is no such form.

    ``at`` has an index for each axis of its shape; of an entry of an expression it is empty.
    """
    bound = [ix for node in ex.walk(e) if isinstance(node, ex.IndexReduce) for ix in node.indices]
    entries = _Entries([*at, *ex.free_indices(e), *bound])
    try:
        found = entries.entry(e, at)
    except _NoEntries:
        return None
    return None if found == e or any(isinstance(node, ex.Member) for node in ex.walk(found)) else found


def without_rows(
    e: ex.Expr, letters: tuple[ex.Ix, ...], given: Sequence[ex.Ix]
) -> tuple[ex.Expr, tuple[ex.Ix, ...]] | None:
    """The entry of an expression with rows in it, and its letters: those of a matrix first, that of a vector last.

    ``given`` are the letters of a left side.  None where there is no such form.
    """
    bound = [ix for node in ex.walk(e) if isinstance(node, ex.IndexReduce) for ix in node.indices]
    taken = [*letters, *given, *bound]
    spare = [ix for ix in given if ix not in letters]
    at: list[ex.Ix] = []
    for dim in e.shape:
        own = FIRST if dim == 1 else next((ix for ix in spare if ix.dim == dim), None) or fresh(dim, taken)
        spare = [ix for ix in spare if ix != own]
        at.append(own)
        taken.append(own)
    try:
        entry = _Entries(taken).entry(e, tuple(at))
    except _NoEntries:
        return None
    if any(isinstance(node, ex.Member) for node in ex.walk(entry)):
        return None
    axes = tuple(ix for ix in at if not ix.fixed)
    return entry, (*axes, *letters) if len(axes) > 1 else (*letters, *axes)
