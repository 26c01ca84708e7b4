"""The plain language: grouping, names, functions, index letters, and what each text denotes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from backsym.core.errors import InputError
from backsym.core.expr import (
    Add,
    Adj,
    Cmp,
    Delta,
    Div,
    Entry,
    Expr,
    Eye,
    Fn,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Reduce,
    Size,
    Sym,
    T,
    free_indices,
    num,
    walk,
)
from backsym.core.problem import Problem
from backsym.core.source import Source
from backsym.reading.files.loader import problem_from_mapping, read_equation, read_expression
from backsym.reading.plain.grammar import parse_expression
from backsym.reading.syntax import Node

pytestmark = pytest.mark.quick("reading")

x, z, h, A, W, s, t = (
    Sym("x", ("D",)),
    Sym("z", ("K",)),
    Sym("h", ("K",)),
    Sym("A", ("N", "D")),
    Sym("W", ("K", "D")),
    Sym("s", ()),
    Sym("t", ("K",)),
)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_from_mapping(
        {
            "dims": {"M": 3},
            "indices": {"k": "K", "i": "D", "n": "N"},
            "symbols": {
                "x": ["D"], "W": ["K", "D"], "A": ["N", "D"], "s": [], "t": ["K"], "m": ["M"], "row": [1, "K"],
                "i": [], "V": ["D", "D"],
            },
            "functions": {"phi": "abstract"},
            "forward": [
                "z = W @ x",
                "h = tanh(z)",
                "u = sum(A)*s*sum(m)*i*trace(V)*(row @ h)",
                "L = squared_error(phi(h), t) + u",
            ],
        }
    )  # fmt: skip


def outline(tree: Node) -> str:
    """A syntax tree as nested brackets."""
    inner = " ".join([tree.value] * bool(tree.value) + [outline(child) for child in tree.children])
    return tree.value if tree.kind in ("num", "name") else f"({tree.kind} {inner})"


@pytest.mark.parametrize(
    ("text", "grouping"),
    [
        ("a + b - c", "(add a b (neg c))"),
        ("a - (b + c)", "(add a (neg (add b c)))"),
        ("(a + b) + c", "(add (add a b) c)"),
        ("a*b*c", "(mul a b c)"),
        ("a*(b*c)", "(mul a (mul b c))"),
        ("a@b@c", "(matmul a b c)"),
        ("a*b/c*d", "(mul (div (mul a b) c) d)"),
        ("a/b/c", "(div (div a b) c)"),
        ("a @ b * c", "(mul (matmul a b) c)"),
        ("1/2*x**2", "(mul (div 1 2) (pow x 2))"),
        ("-x*y", "(neg (mul x y))"),
        ("a*-b*c", "(mul a (neg b) c)"),
        ("--x", "(neg (neg x))"),
        ("+x - +y", "(add x (neg y))"),
        ("-x**2", "(neg (pow x 2))"),
        ("2**-1", "(pow 2 (neg 1))"),
        ("a**b**c", "(pow a (pow b c))"),
        ("a^2", "(pow a 2)"),
        ("x.T @ y", "(matmul (transpose x) y)"),
        ("W^T @ y", "(matmul (transpose W) y)"),
        ("(a @ b).T[i, j]", "(entry (transpose (matmul a b)) i j)"),
        ("z[k']**2", "(pow (entry z k') 2)"),
        ("h[1]", "(entry h 1)"),
        ("relu'(z)", "(call relu' z)"),
        ("sum(x, axis=-1, keepdims=True)", "(call sum x (keyword axis (neg 1)) (keyword keepdims True))"),
        ("[a > b]*c", "(mul (cmp > a b) c)"),
        ("1.5e-3", "1.5e-3"),
        ("a − b·c", "(add a (neg (mul b c)))"),
    ],
)
def test_grouping(text: str, grouping: str) -> None:
    assert outline(parse_expression(Source(text))) == grouping


def test_a_ratio_of_differentials_groups_only_where_it_is_a_derivative() -> None:
    def known(above: str, below: str) -> bool:
        return (above, below) == ("L", "z")

    def parsed(text: str) -> str:
        return outline(parse_expression(Source(text), known))

    assert parsed("2*dL/dz[k]*a") == "(mul 2 (partial L (entry z k)) a)"
    assert parsed("x/dL/dz") == "(div x (partial L z))"
    assert parsed("dL/dz.T") == "(transpose (partial L z))"
    assert parsed("2*da/db") == "(div (mul 2 da) db)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.01", num(Fraction(1, 100))),
        ("z - t", Add((z, Neg(t)))),
        ("z*t", Mul((z, t))),
        ("W @ x", MatMul((W, x))),
        ("z.T @ t", MatMul((T(z), t))),
        ("z / 2", Div(z, num(2))),
        ("[z > 0]", Cmp(">", z, num(0))),
        ("relu(z)", Fn("relu", (z,))),
        ("relu'(z)", Fn("relu", (z,), 1)),
        ("phi''(z)", Fn("phi", (z,), 2)),
        ("leaky_relu(z)", Fn("leaky_relu", (z, num(Fraction(1, 100))))),
        ("leaky_relu(z, s)", Fn("leaky_relu", (z, s))),
        ("softmax(A)", Fn("softmax", (A,), kind="rowwise")),
        ("softmax(A, axis=-1)", Fn("softmax", (A,), kind="rowwise")),
        ("logsumexp(A)", Fn("logsumexp", (A,), kind="rowreduce")),
        ("norm(A)", Fn("norm", (A,), kind="scalar")),
        ("diag(z)", Fn("diag", (z,), kind="diag")),
        ("max(z, t)", Fn("max", (z, t))),
        ("max(0, z)", Fn("max", (num(0), z))),
        ("max(A)", Reduce("max", A)),
        ("sum(A)", Reduce("sum", A)),
        ("sum(A, axis=0)", Reduce("sum", A, 0)),
        ("sum(A, axis=-1, keepdims=True)", Reduce("sum", A, 1, True)),
        ("mean(z, axis=-1)", Reduce("mean", z)),
        ("sum(z, axis=0, keepdims=True)", Reduce("sum", z)),
        ("sum(s)", s),
        ("loss(h, t)", Fn("loss", (h, t), kind="scalar")),
        ("loss'(h, t)", Fn("loss", (h, t), 1, "scalar")),
        ("square(z)", Pow(z, num(2))),
        ("outer(z, x)", MatMul((z, T(x)))),
        ("dot(z, t)", MatMul((T(z), t))),
        ("cross_entropy(h, t)", Neg(Reduce("sum", Mul((t, Fn("log", (h,))))))),
        ("squared_error(s, 2)", Mul((Div(num(1), num(2)), Pow(Add((s, Neg(num(2)))), num(2))))),
        ("ones(N)", Ones(("N",))),
        ("ones(N, D)", Ones(("N", "D"))),
        ("ones(M, 1)", Ones((3, 1))),
        ("eye(D)", Eye("D")),
        ("s/N", Div(s, Size("N"))),
        ("s/M", Div(s, num(3))),
        ("dL/dW", Adj("W", ("K", "D"))),
        ("grad(W)", Adj("W", ("K", "D"))),
        ("dL/dL", Adj("L", ())),
        ("row", Sym("row", (1, "K"))),
        ("m[3]", Entry(Sym("m", (3,)), (Ix("3", 3),))),
        ("z[1]", Entry(z, (Ix("1", "K"),))),
        ("x[i]*i", Mul((Entry(x, (Ix("i", "D"),)), Sym("i", ())))),
    ],
)
def test_meaning(problem: Problem, text: str, expected: Expr) -> None:
    found = read_expression(problem, text)
    assert found == expected
    assert found.shape == expected.shape


def entry(base: Sym | Adj, *letters: str) -> Entry:
    return Entry(base, tuple(Ix(a, dim) for a, dim in zip(letters, base.shape, strict=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dL/dz[k]*x[i]", Mul((entry(Adj("z", ("K",)), "k"), entry(x, "i")))),
        ("grad(z)[k]", entry(Adj("z", ("K",)), "k")),
        ("dz[k]/dW[k,i]", Partial(entry(z, "k"), entry(W, "k", "i"))),
        ("softmax(z)[k]", Entry(Fn("softmax", (z,), kind="rowwise"), (Ix("k", "K"),))),
        ("(W @ x)[k]", Entry(MatMul((W, x)), (Ix("k", "K"),))),
        ("max(z[k], k)", IndexReduce("max", entry(z, "k"), (Ix("k", "K"),))),
        ("sum(W[k,i]*x[i], i)", IndexReduce("sum", Mul((entry(W, "k", "i"), entry(x, "i"))), (Ix("i", "D"),))),
        ("sum(W[k,i], k, i)", IndexReduce("sum", entry(W, "k", "i"), (Ix("k", "K"), Ix("i", "D")))),
        ("sum(W[p,q], p, q)", IndexReduce("sum", entry(W, "p", "q"), (Ix("p", "K"), Ix("q", "D")))),
        ("sum(1, k)", IndexReduce("sum", num(1), (Ix("k", "K"),))),
        ("delta(k, k')", Delta(Ix("k", "K"), Ix("k'", "K"))),
        ("delta(k, p)*z[p]", Mul((Delta(Ix("k", "K"), Ix("p", "K")), entry(z, "p")))),
        ("max(z[k], t[k])", Fn("max", (entry(z, "k"), entry(t, "k")))),
    ],
)
def test_index_level(problem: Problem, text: str, expected: Expr) -> None:
    assert read_expression(problem, text) == expected


def test_inner_letters_are_primed_until_no_letter_shadows_another(problem: Problem) -> None:
    def inner(text: str) -> list[tuple[str, ...]]:
        found = read_expression(problem, text)
        return [tuple(ix.letter for ix in e.indices) for e in walk(found) if isinstance(e, IndexReduce)]

    assert inner("exp(z[k])/sum(exp(z[k]), k)") == [("k'",)]
    assert inner("sum(z[k]*sum(z[k], k), k)") == [("k",), ("k'",)]
    assert inner("z[k]*z[k']*sum(z[k], k)") == [("k''",)]
    assert inner("z[k]*sum(z[k]*sum(z[k'], k'), k)") == [("k'",), ("k''",)]
    assert inner("sum(z[k], k) + sum(t[k], k)") == [("k",), ("k",)]
    renamed = read_expression(problem, "z[k]*sum(z[k], k)")
    assert renamed == Mul((entry(z, "k"), IndexReduce("sum", entry(z, "k'"), (Ix("k'", "K"),))))
    assert free_indices(renamed) == (Ix("k", "K"),)


def test_a_student_may_use_letters_of_their_own(problem: Problem) -> None:
    with pytest.raises(InputError, match="index i runs over D, but this axis has K entries"):
        read_expression(problem, "z[i]")
    assert read_expression(problem, "z[i]", own_letters=True) == entry(z, "i")
    assert read_expression(problem, "grad(z)[i]", own_letters=True) == entry(Adj("z", ("K",)), "i")
    assert read_expression(problem, "delta(i, k)", own_letters=True, indices=[Ix("k", "K")]) == Delta(
        Ix("i", "K"), Ix("k", "K")
    )
    assert read_expression(problem, "z[r]", [Ix("r", "K")]) == entry(z, "r")


def test_equations(problem: Problem) -> None:
    assert read_equation(problem, "dL/dz[k] = h[k] - t[k]") == (
        entry(Adj("z", ("K",)), "k"), Add((entry(h, "k"), Neg(entry(t, "k")))),
    )  # fmt: skip
    with pytest.raises(InputError, match="index i is free on the right side"):
        read_equation(problem, "dL/dz[k] = x[i]")
    with pytest.raises(InputError, match=r"the left side is \[K\], the right side \[D\]"):
        read_equation(problem, "dL/dz = x")
    assert read_equation(problem, "dL/dz = x", strict=False) == (Adj("z", ("K",)), x)


def test_every_expression_carries_its_place(problem: Problem) -> None:
    text = "z*cross_entropy(h, t) + leaky_relu(z)"
    for e in walk(read_expression(problem, text)):
        assert e.span is not None
    product = next(e for e in walk(read_expression(problem, text)) if isinstance(e, Mul))
    assert product.span == (0, len("z*cross_entropy(h, t)"))


def test_numbers_keep_their_spelling(problem: Problem) -> None:
    found = read_expression(problem, "0.10")
    assert isinstance(found, Num)
    assert (found.value, found.text) == (Fraction(1, 10), "0.10")
