"""Random terms keep their value under every rewrite of the calculus.

The judge is numeric evaluation of the raised (displayed) expression; no rewrite is compared with another rewrite.
"""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from extent import THOROUGH, examples
from hypothesis import given, settings
from hypothesis import strategies as st

from backsym.calculus.forms import Definition, factor, fold, gather, positive_sums
from backsym.calculus.letters import Namer
from backsym.calculus.lift import Lifter, raiser
from backsym.calculus.simplify import add_like, collapse, expand
from backsym.calculus.terms import (
    Affine,
    Del,
    Dm,
    Ent,
    Factor,
    Fun,
    Grp,
    Ind,
    Index,
    Lam,
    Poly,
    Term,
    affine,
    factor_key,
    fresh,
    multiply,
    poly_key,
    refresh,
    sub_poly,
)
from backsym.core.errors import BacksymError, NoMatrixForm
from backsym.core.expr import Ix, Sym, free_indices
from backsym.core.problem import Dimension, Problem, Symbol
from backsym.numeric.evaluate import Env, evaluate

SIZES = {"A": 3, "B": 2, "C": 4}
SHAPES: dict[str, tuple[str, ...]] = {
    "s": (),
    "r": (),
    "u": ("A",),
    "w": ("A",),
    "v": ("B",),
    "p": ("A",),
    "M": ("A", "B"),
    "K": ("B", "C"),
    "Q": ("A", "A"),
    "P": ("B", "A"),
    "X": ("A", "B", "C"),
}
ONES = frozenset({"p", "P"})
PROBLEM = Problem(
    title="terms",
    equations=(),
    loss="L",
    symbols={name: Symbol(name, shape, "parameter") for name, shape in SHAPES.items()},
    dims={d: Dimension(d) for d in SIZES},
    index_dims={"i": "A", "j": "B", "k": "C"},
)
NAMER = Namer(PROBLEM)
RAISER = raiser(NAMER)
FREE = (fresh("A", "i"), fresh("B", "j"))
LETTERS = {FREE[0]: Ix("i", "A"), FREE[1]: Ix("j", "B")}


def environment() -> Env:
    rng = np.random.default_rng(11)
    values = {n: rng.uniform(0.5, 1.5, [SIZES[d] for d in shape]) for n, shape in SHAPES.items()}
    for name in ONES:
        values[name] = values[name] / values[name].sum(axis=-1, keepdims=True)
    return Env(dims=SIZES, values=values)


ENV = environment()


def value(p: Poly) -> np.ndarray:
    return evaluate(RAISER.poly(p, LETTERS), ENV, (Ix("i", "A"), Ix("j", "B")))


def close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9))


Scope = tuple[Index, ...]


class Generator:
    """Random terms from a seed (hypothesis chooses the seed)."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.summed: list[Index] = []

    def entry(self, scope: Scope) -> Factor:
        usable = [n for n, shape in SHAPES.items() if all(any(i.dim == d for i in scope) for d in shape)]
        name = self.random.choice(usable)
        idx = tuple(self.random.choice([i for i in scope if i.dim == d]) for d in SHAPES[name])
        if idx and self.random.random() < 0.2:
            return Ent(Sym(name, SHAPES[name]), tuple(self.shifted(i) for i in idx), self.random.randint(0, 3))
        return Ent(Sym(name, SHAPES[name]), idx, self.random.randint(0, 3))

    def shifted(self, i: Index) -> Index:
        """An index one place or two before or after another: an entry outside the array counts as zero."""
        return affine([(i, 1)], self.random.choice([-2, -1, 0, 1, 2]), i.dim)

    def factor(self, scope: Scope, depth: int) -> Factor:
        pick = self.random.choice
        kind = pick(["ent"] * 6 + ["del", "dim", "fun", "grp", "ind", "pick"] if depth else ["ent"] * 3 + ["del"])
        if kind == "ent" or (kind == "del" and not scope):
            return self.entry(scope)
        if kind == "del":
            a = pick(scope)
            return Del(a, pick([i for i in scope if i.dim == a.dim]))
        if kind == "dim":
            return Dm(pick(sorted(SIZES)))
        if kind == "grp":
            return Grp(self.poly(scope, depth - 1))
        if kind == "ind":
            # Offsets keep ties away, which rounding would decide one way before a rewrite and another way after it.
            return Ind(pick(["<", ">="]), self.poly(scope, 0), (*self.poly(scope, 0), Term(Fraction(1, 97))))
        if kind == "pick":
            own = fresh("A", "i")
            distinct = Term(Fraction(7, 3), ((Ent(Sym("u", ("A",)), (own,)), 1),))
            lam = Lam((own,), (*self.poly((*scope, own), 0), distinct))
            at = tuple(i for i in scope if i.dim == "A")[:1]
            if at and self.random.random() < 0.5:
                return Fun("max", 1, (lam,), at, "pick")
            return Fun("max", 0, (lam,), (), "pick")
        return Fun(pick(["tanh", "sigmoid"]), pick([0, 1]), (Lam((), self.poly(scope, depth - 1)),))

    def bound(self, scope: Scope) -> Index:
        """A summed index, which may be one that another sum has, beside this one or around its own factors."""
        others = [i for i in self.summed if i not in scope]
        if others and self.random.random() < 0.3:
            return self.random.choice(others)
        self.summed.append(fresh(self.random.choice("AABC"), self.random.choice(["i", "j", ""])))
        return self.summed[-1]

    def term(self, scope: Scope, depth: int) -> Term:
        pick = self.random.choice
        bound = tuple(self.bound(scope) for _ in range(pick([0, 0, 1, 1, 2])))
        bound = tuple(dict.fromkeys(bound))
        powers = []
        for _ in range(pick([0, 1, 2, 2, 3, 4])):
            f = self.factor((*scope, *bound), depth)
            exponents = [1, 1, 1, 2]
            if isinstance(f, Dm) or (isinstance(f, Ent) and not any(isinstance(i, Affine) for i in f.idx)):
                exponents.append(-1)  # All entries are positive, a sum need not be, and outside an array they are zero.
            powers.append((f, pick(exponents)))
        return Term(Fraction(pick([1, 1, -1, 2, -3]), pick([1, 1, 2])), tuple(powers), bound)

    def poly(self, scope: Scope, depth: int) -> Poly:
        return tuple(self.term(scope, depth) for _ in range(self.random.randint(1, 3)))


def polys(scope: Scope, depth: int) -> st.SearchStrategy[Poly]:
    return st.integers(0, 2**40).map(lambda seed: Generator(seed).poly(scope, depth))


ANY = polys(FREE, 2)
MANY = settings(max_examples=examples(1000, 56), deadline=None, derandomize=not THOROUGH)
THOUSANDS = settings(max_examples=examples(6000, 56), deadline=None, derandomize=not THOROUGH)


@given(ANY)
@THOUSANDS
def test_renaming_bound_indices_changes_neither_value_nor_key(p: Poly) -> None:
    renamed = tuple(refresh(t) for t in p)
    assert poly_key(renamed) == poly_key(p)
    assert close(value(renamed), value(p))


@given(ANY)
@THOUSANDS
def test_collapse_keeps_the_value(p: Poly) -> None:
    assert close(value(collapse(p)), value(p))


@given(ANY)
@THOUSANDS
def test_collapse_with_sums_to_one_keeps_the_value(p: Poly) -> None:
    assert close(value(collapse(p, ONES)), value(p))


@given(ANY)
@MANY
def test_collapse_is_a_fixpoint(p: Poly) -> None:
    once = collapse(p)
    assert poly_key(collapse(once)) == poly_key(once)


@given(ANY)
@THOUSANDS
def test_expand_keeps_the_value(p: Poly) -> None:
    assert close(value(expand(p)), value(p))


@given(ANY)
@MANY
def test_factor_keeps_the_value(p: Poly) -> None:
    q = collapse(p)
    assert close(value(factor(q)), value(p))


def centred(seed: int) -> Poly:
    """sum_k a_k b_k - sum_k sum_j a_k c_k b_j, like the derivative of a softmax that is multiplied out, and a term."""
    generator = Generator(seed)
    k, j = fresh("A", "k"), fresh("A", "j")
    a, b, c = ([generator.factor((*FREE, k), 1) for _ in range(2)] for _ in range(3))

    def at(factors: list[Factor], where: Index) -> tuple[tuple[Factor, Fraction | int], ...]:
        return sub_poly((Term(Fraction(1), tuple((f, 1) for f in factors)),), {k: where})[0].powers

    first = Term(Fraction(2), (*at(a, k), *at(b, k)), (k,))
    second = Term(Fraction(-2), (*at(a, k), *at(c, k), *at(c, j), *at(b, j)), (k, j))
    return (first, second, *generator.poly(FREE, 1)[:1])


@given(st.integers(0, 2**40))
@MANY
def test_gather_keeps_the_value(seed: int) -> None:
    p = centred(seed)
    assert close(value(gather(p)), value(p))
    q = collapse(p)
    assert close(value(positive_sums(factor(gather(q)))), value(p))


def test_the_gather_property_is_not_vacuous() -> None:
    assert sum(len(gather(p)) < len(p) for p in map(centred, range(200))) > 60


@given(ANY)
@MANY
def test_sums_without_a_leading_sign_keep_the_value(p: Poly) -> None:
    assert close(value(positive_sums(p)), value(p))


@given(polys(FREE, 1), polys(FREE, 1))
@MANY
def test_products_do_not_capture(p: Poly, q: Poly) -> None:
    product = tuple(multiply(a, b) for a in p for b in q)
    assert close(value(product), value(p) * value(q))


@given(polys(FREE, 1))
@MANY
def test_multiplying_a_term_by_itself_does_not_capture(p: Poly) -> None:
    t = p[0]
    assert close(value((multiply(t, t),)), value((t,)) ** 2)


@given(ANY)
@MANY
def test_renaming_a_free_index_renames_it_everywhere(p: Poly) -> None:
    other = fresh("A", "i")
    renamed = sub_poly(p, {FREE[0]: other})
    letters = {other: Ix("m", "A"), FREE[1]: Ix("j", "B")}
    got = evaluate(RAISER.poly(renamed, letters), ENV, (Ix("m", "A"), Ix("j", "B")))
    assert close(got, value(p))


def test_a_renamed_index_is_not_caught_by_a_sum_inside() -> None:
    """u_j sum_k w_k, where j is renamed to the very k that is summed inside; and the same in an array."""
    j, k = fresh("A", "j"), fresh("A", "k")
    u, w = (Ent(Sym(name, ("A",)), (at,)) for name, at in (("u", j), ("w", k)))
    inside = Grp((Term(Fraction(1), ((u, 1), (w, 1)), (k,)), Term(Fraction(1), ((u, 1),))))
    largest = Fun("max", 0, (Lam((k,), (Term(Fraction(1), ((u, 1), (w, 1))),)),), (), "pick")
    p = (Term(Fraction(1), ((inside, 1), (largest, 1))),)
    renamed = sub_poly(p, {j: k})
    found = evaluate(RAISER.poly(renamed, {k: Ix("m", "A")}), ENV, (Ix("m", "A"),))
    assert close(found, evaluate(RAISER.poly(p, {j: Ix("m", "A")}), ENV, (Ix("m", "A"),)))


@given(st.permutations(range(4)), ANY)
@MANY
def test_key_ignores_the_order_of_terms_and_factors(order: list[int], p: Poly) -> None:
    shuffled = tuple(
        Term(t.coeff, tuple(t.powers[n] for n in order if n < len(t.powers)), tuple(reversed(t.bound)))
        for t in reversed(p)
    )
    assert poly_key(shuffled) == poly_key(p)


@given(ANY, ANY)
@MANY
def test_equal_keys_mean_equal_values(p: Poly, q: Poly) -> None:
    for s in p:
        for t in q:
            if poly_key((s,)) == poly_key((t,)):
                assert close(value((s,)), value((t,)))
    assert close(value(add_like(p + p)), 2 * value(p))


@given(polys(FREE, 1))
@THOUSANDS
def test_fold_keeps_the_value(p: Poly) -> None:
    """A node defined by a product may replace that product wherever it stands."""
    i = fresh("A", "i")
    params = (i,)
    body = Term(
        Fraction(1),
        (
            (Fun("tanh", 0, (Lam((), ((Term(Fraction(1), ((Ent(Sym("u", ("A",)), (i,)), 1),))),)),)), 1),
            (Ent(Sym("s", ()), ()), -1),
        ),
    )
    node = Sym("h", ("A",))
    definition = Definition(node, params, body)
    inside = FREE[0]
    at = tuple((sub_poly((Term(Fraction(1), ((f, e),)),), {i: inside})[0].powers[0]) for f, e in body.powers)
    planted = tuple(Term(t.coeff, t.powers + at + at[:1], t.bound) for t in p) + p
    values = dict(ENV.values)
    values["h"] = np.tanh(values["u"]) / values["s"]
    env = Env(dims=SIZES, values=values)
    ixs = (Ix("i", "A"), Ix("j", "B"))
    collapsed = collapse(planted)
    got = evaluate(RAISER.poly(fold(collapsed, definition), LETTERS), env, ixs)
    assert close(got, value(planted))


@given(st.sampled_from([(), (0,), (1,), (0, 1), (1, 0)]), st.integers(0, 2**40))
@THOUSANDS
def test_lift_keeps_the_value_and_each_step_is_an_equality(which: tuple[int, ...], seed: int) -> None:
    free = tuple(FREE[n] for n in which)
    scope = free or (fresh("A", "i"),)
    p = Generator(seed).poly(scope, 1)
    if not free:
        p = tuple(Term(t.coeff, t.powers, t.bound + scope) for t in p)
    p = collapse(p)
    ixs = tuple(LETTERS[i] for i in free)
    letters = {i: LETTERS[i] for i in free}
    lifter = Lifter(NAMER, letters)
    try:
        matrix = lifter.poly(p, free)
    except NoMatrixForm:
        return
    assert tuple(matrix.shape) == tuple(i.dim for i in free)
    got = evaluate(matrix, ENV)
    want = evaluate(RAISER.poly(p, letters), ENV, ixs)
    assert close(got, want)
    for step in lifter.steps:
        over = tuple(dict.fromkeys((*free_indices(step.before), *free_indices(step.after))))
        assert close(evaluate(step.before, ENV, over), evaluate(step.after, ENV, over))


def test_the_lift_property_is_not_vacuous() -> None:
    """The common shapes of products all have a matrix form."""
    i, j = FREE
    k = fresh("C", "k")
    forms: list[tuple[Poly, tuple[Index, ...]]] = [
        ((Term(Fraction(1), ((Ent(Sym("M", ("A", "B")), (i, j)), 1), (Ent(Sym("v", ("B",)), (j,)), 1)), (j,)),), (i,)),
        ((Term(Fraction(1), ((Ent(Sym("u", ("A",)), (i,)), 1), (Ent(Sym("v", ("B",)), (j,)), 1))),), (i, j)),
        (
            (
                Term(
                    Fraction(1),
                    ((Ent(Sym("K", ("B", "C")), (j, k)), 1), (Ent(Sym("K", ("B", "C")), (j, k)), 1)),
                    (j, k),
                ),
            ),
            (),
        ),
    ]
    for p, free in forms:
        matrix = Lifter(NAMER).poly(collapse(p), free)
        assert close(evaluate(matrix, ENV), evaluate(RAISER.poly(p, LETTERS), ENV, tuple(LETTERS[x] for x in free)))


def test_three_indices_have_no_matrix_form() -> None:
    i, j = FREE
    k = fresh("C", "k")
    p = (Term(Fraction(1), ((Ent(Sym("X", ("A", "B", "C")), (i, j, k)), 1),), (k,)),)
    with pytest.raises(NoMatrixForm, match="3"):
        Lifter(NAMER).poly(p, (i, j))


def test_an_index_without_a_letter_is_an_error() -> None:
    stray = fresh("A", "i")
    with pytest.raises(BacksymError):
        RAISER.poly((Term(Fraction(1), ((Ent(Sym("u", ("A",)), (stray,)), 1),)),), {})


def test_keys_tell_different_factors_apart() -> None:
    i = FREE[0]
    other = fresh("A", "i")
    assert factor_key(Ent(Sym("u", ("A",)), (i,))) != factor_key(Ent(Sym("u", ("A",)), (other,)))
    assert factor_key(Ent(Sym("u", ("A",)), (i,))) != factor_key(Ent(Sym("w", ("A",)), (i,)))
