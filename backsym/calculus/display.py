"""The forward equations as displayed: the author's form kept, broadcasting made explicit, both levels given.

This module must not know about derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backsym.calculus.entries import NoEntries, entries, product
from backsym.calculus.letters import Letters, Namer, primed
from backsym.calculus.lift import Lifter, raiser
from backsym.calculus.lower import lower
from backsym.calculus.members import MemberLifter
from backsym.calculus.raising import times
from backsym.calculus.simplify import collapse
from backsym.calculus.terms import Index, Poly, fixed_index, fresh
from backsym.calculus.vertices import matmul
from backsym.core import expr as ex
from backsym.core import stepkinds as sk
from backsym.core.entrywise import FIRST
from backsym.core.errors import NoMatrixForm
from backsym.core.problem import NodeEquation
from backsym.core.steps import ForwardForms, Step


def relettered(e: ex.Expr, letters: Mapping[ex.Ix, ex.Ix], taken: set[str]) -> ex.Expr:
    """The author's expression with other free letters; bound letters get primes where they would clash."""

    def visit(node: ex.Expr, m: dict[ex.Ix, ex.Ix], used: set[str]) -> ex.Expr:
        if isinstance(node, ex.Entry):
            return ex.Entry(visit(node.base, m, used), tuple(ex.with_letters(i, m) for i in node.indices))
        if isinstance(node, ex.Member):
            return ex.Member(visit(node.base, m, used), tuple(ix and ex.with_letters(ix, m) for ix in node.places))
        if isinstance(node, ex.Delta):
            return ex.Delta(ex.with_letters(node.i, m), ex.with_letters(node.j, m), node.equal)
        if isinstance(node, (ex.IndexReduce, ex.IndexPick)):
            inner, now = dict(m), set(used)
            own = []
            for ix in node.indices:
                new = ex.Ix(primed(ix.letter.rstrip("'"), now) if ix.letter in now else ix.letter, ix.dim)
                now.add(new.letter)
                inner[ix] = new
                own.append(new)
            body = visit(node.body, inner, now)
            if isinstance(node, ex.IndexPick):
                return ex.IndexPick(node.op, body, tuple(own), tuple(ex.with_letters(i, m) for i in node.at))
            return ex.IndexReduce(node.op, body, tuple(own))
        return ex.rebuild(node, lambda child: visit(child, m, used))

    return visit(e, dict(letters), set(taken))


def explicit(e: ex.Expr, namer: Namer) -> ex.Expr:
    """An array-level expression as mathematics writes it: broadcasting by ones vectors, sums as products."""
    e = ex.rebuild(e, lambda child: explicit(child, namer))
    if isinstance(e, ex.Reduce) and e.op in ("sum", "mean"):
        return _lifted(e, namer)
    if isinstance(e, ex.Reduce) and e.keepdims and len(e.shape) == 2:
        # The page shows no keepdims: a maximum along an axis is a vector there.
        vector = ex.Reduce(e.op, e.arg, e.axis)
        return ex.T(vector) if e.shape[0] == 1 else ex.Reshape(vector, e.shape)
    if isinstance(e, ex.Add):
        return ex.Add(tuple(_widened(a, e.shape, additive=True) for a in e.args))
    if isinstance(e, ex.Mul):
        factors = [_widened(a, e.shape, additive=False) for a in e.args]
        return product(factors) if any(_is_mean(f) for f in factors) else ex.Mul(tuple(factors))
    if isinstance(e, ex.Div) and e.den.shape:
        return ex.Div(_widened(e.num, e.shape, additive=False), _widened(e.den, e.shape, additive=False))
    if isinstance(e, (ex.Cmp, ex.Pow)) or (isinstance(e, ex.Fn) and e.kind == "elementwise"):
        return ex.rebuild(e, lambda child: _widened(child, e.shape, additive=False))
    return e


def author_entry(eq: NodeEquation, at: tuple[ex.Ix, ...], namer: Namer, taken: frozenset[str]) -> ex.Expr:
    """The entry of an array-level equation as the author wrote it; raises NoEntries where a sum of terms is clearer."""
    # What is a number may be written as a 1x1 matrix: then every axis is at its only position.
    same = len(eq.rhs.shape) == len(at)
    return entries(eq.rhs, at if same else tuple(FIRST for _ in eq.rhs.shape), namer, taken)


def _lifted(e: ex.Expr, namer: Namer) -> ex.Expr:
    out = tuple(fixed_index(1, 1) if d == 1 else fresh(d, namer.hint(d)) for d in e.shape)
    return Lifter(namer).poly(collapse(lower(e, out, None, namer.hint, named=True)), out)


def _is_mean(e: ex.Expr) -> bool:
    """Whether a factor is a product that starts with one over a size, which joins the numbers before it."""
    return isinstance(e, ex.Mul) and isinstance(e.args[0], ex.Div)


def _widened(a: ex.Expr, shape: ex.Shape, *, additive: bool) -> ex.Expr:
    """An operand of an element-wise operation in the full shape; a number stays a factor."""
    if isinstance(a, ex.Neg):
        return ex.Neg(_widened(a.arg, shape, additive=additive))
    if a.shape == shape or len(shape) == 0:
        return a
    if all(d == 1 for d in a.shape):
        if not additive or all(d == 1 for d in shape):
            return a
        scalar = a if not a.shape else ex.Reshape(a, ())
        return times([scalar, ones(shape)])
    if len(shape) == 1:
        return a
    rows, columns = shape
    if len(a.shape) == 1:
        return matmul([ex.Ones((rows,)), ex.T(a)]) if rows != 1 else ex.T(a)
    if a.shape[0] == 1:
        return matmul([ex.Ones((rows,)), a])
    return matmul([a, ex.T(ex.Ones((columns,)))])


def ones(shape: ex.Shape) -> ex.Expr:
    """The all-ones array; a column or a row is written by the ones vector."""
    if len(shape) == 2 and 1 in shape:
        return ex.T(ex.Ones((shape[1],))) if shape[0] == 1 else ex.Reshape(ex.Ones((shape[0],)), shape)
    return ex.Ones(shape)


def has_array(e: ex.Expr) -> bool:
    """Whether a scalar-valued expression involves a whole array or a sum over entries."""
    return any(isinstance(node, (ex.IndexReduce, ex.Entry)) or node.shape for node in ex.walk(e))


def present_forward(
    eq: NodeEquation, params: tuple[Index, ...], body: Poly, shown: tuple[ex.Ix, ...], letters: Letters, namer: Namer
) -> ForwardForms:
    """Both forms of a forward equation; the level that the author wrote is kept as written."""
    forms = _both_forms(eq, params, body, shown, letters, namer)
    stated = eq.member
    if stated is None and any(isinstance(node, ex.Member) for node in ex.walk(eq.rhs)):
        stated = ex.Equation(eq.lhs, eq.rhs)
    by_entries = stated is None and bool(eq.block) and len(eq.shape) > 1
    if by_entries:
        stated = ex.Equation(ex.member_of(ex.Sym(eq.name, eq.shape), shown[:1]), eq.rhs)
    if stated is None or not (by_entries or any(isinstance(node, ex.Reduce) for node in ex.walk(stated.rhs))):
        return replace(forms, member=stated)
    # Sums over the entries of a member are products, as they are in the matrix form of any other equation.
    scope = {i: ix for i, ix in letters.items() if ix.dim in namer.problem.family_dims}
    lifter = MemberLifter(namer, namer.problem.family_dims, scope)
    try:
        rhs = lifter.lifted(body, tuple(i for i in params if i not in scope))
    except NoMatrixForm:
        return replace(forms, member=None if by_entries else stated)
    return replace(forms, member=ex.Equation(stated.lhs, rhs))


def _both_forms(
    eq: NodeEquation, params: tuple[Index, ...], body: Poly, shown: tuple[ex.Ix, ...], letters: Letters, namer: Namer
) -> ForwardForms:
    whole = ex.Sym(eq.name, eq.shape)
    lhs = ex.Entry(whole, shown) if shown else whole
    arrays = bool(eq.shape) or has_array(eq.rhs)
    by_entries = eq.index_level and (eq.indices or not eq.shape)
    if by_entries or not arrays:
        own = dict(zip(eq.indices, shown, strict=True)) if eq.indices else {}
        # Whole arrays among the entries are written by their entries, too.
        mixed = has_whole_array(eq.rhs)
        rhs = raiser(namer).poly(body, letters) if mixed else relettered(eq.rhs, own, {ix.letter for ix in shown})
        entry = ex.Equation(lhs, rhs)
        if not arrays:
            return ForwardForms(eq.name, shown, entry, None)
        lifter = Lifter(namer, letters)
        try:
            matrix = ex.Equation(whole, lifter.poly(body, params))
        except NoMatrixForm as error:
            return ForwardForms(eq.name, shown, entry, None, (), error.words)
        step = Step(sk.VECTORIZE, whole, matrix.rhs, tuple(lifter.steps), {"node": whole})
        return ForwardForms(eq.name, shown, entry, matrix, (step,))
    try:
        entry = ex.Equation(lhs, author_entry(eq, shown, namer, frozenset(ix.letter for ix in shown)))
    except NoEntries:
        entry = ex.Equation(lhs, raiser(namer).poly(body, letters))
    if _is_index_sum(eq.rhs) and not eq.shape:
        try:
            lifted = ex.Equation(whole, Lifter(namer).poly(body, params))
            return ForwardForms(eq.name, shown, ex.Equation(lhs, eq.rhs), lifted)
        except NoMatrixForm as error:
            return ForwardForms(eq.name, shown, ex.Equation(lhs, eq.rhs), None, (), error.words)
    try:
        matrix = ex.Equation(whole, explicit(eq.rhs, namer))
    except NoMatrixForm as error:
        return ForwardForms(eq.name, shown, entry, None, (), error.words)
    steps = [Step(sk.ENTRIES, lhs, entry.rhs, (), {"node": whole})]
    if matrix.rhs != eq.rhs:
        steps.insert(0, Step(sk.BROADCAST, eq.rhs, matrix.rhs, (), {"node": whole}))
    return ForwardForms(eq.name, shown, entry, matrix, tuple(steps))


def has_whole_array(e: ex.Expr) -> bool:
    """Whether an array is used other than by its entries."""
    if isinstance(e, ex.Entry):
        return not isinstance(e.base, ex.Sym) and has_whole_array(e.base)
    return bool(e.shape) or any(has_whole_array(child) for child in ex.children(e))


def written_by_entries(eq: NodeEquation) -> bool:
    """Whether the author's right side is at the index level: entry by entry, or a plain scalar formula."""
    return bool(eq.indices) or (not eq.shape and (not has_array(eq.rhs) or _is_index_sum(eq.rhs)))


def _is_index_sum(e: ex.Expr) -> bool:
    """Whether a scalar equation is written entry by entry."""
    return any(isinstance(node, ex.IndexReduce) for node in ex.walk(e))
