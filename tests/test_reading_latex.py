r"""The LaTeX reader: the handout's equations in several notations, and one line for each rule of reading."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handout_equations import EQUATIONS, VARIANTS

from backsym.core.errors import InputError
from backsym.core.expr import (
    Adj,
    Entry,
    Eye,
    IndexPick,
    Ix,
    MatMul,
    Mul,
    Ones,
    Partial,
    Reshape,
    Sym,
    T,
    Zeros,
    free_indices,
)
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.core.source import Source
from backsym.reading.files.loader import load, problem_from_mapping, read_equation, read_expression
from backsym.reading.latex.equations import Spelled, is_latex, parse_equations, vocabulary
from backsym.reading.latex.names import Key
from backsym.reading.texts import scope_of


def as_written(latex: str) -> str:
    return latex if is_latex(latex) else f"${latex}$"


ROWS = [(name, latex, plain) for name, rows in EQUATIONS.items() for latex, plain in rows]


@pytest.fixture(scope="module")
def handout() -> dict[str, Problem]:
    problems: dict[str, Problem] = {}
    for name in EQUATIONS:
        loaded = load(str(find_problem(name)))
        assert isinstance(loaded, Problem)
        problems[name] = loaded
    return problems


def test_the_table_is_long_enough() -> None:
    assert len(ROWS) >= 80
    changed = [sum(variant(latex) != latex for variant in VARIANTS) for _, latex, _ in ROWS]
    assert sum(count == 3 for count in changed) > 80


@pytest.mark.parametrize("variant", [as_written, *VARIANTS], ids=lambda variant: variant.__name__)
@pytest.mark.parametrize(("name", "latex", "plain"), ROWS, ids=[f"{name}: {plain}" for name, _, plain in ROWS])
def test_handout(handout: dict[str, Problem], variant: Callable[[str], str], name: str, latex: str, plain: str) -> None:
    problem = handout[name]
    expected = read_equation(problem, plain, own_letters=True, strict=False)
    assert read_equation(problem, as_written(variant(latex)), own_letters=True, strict=False) == expected


# --- one rule a line -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_from_mapping(
        {
            "dims": {"M": 3},
            "indices": {"k": "K", "i": "D", "n": "N", "j": "K"},
            "symbols": {
                "x": ["D"], "W": ["K", "D"], "W1": ["K", "D"], "A": ["N", "D"], "s": [], "t": ["K"], "m": ["M"],
                "V": ["D", "D"], "q1": [], "g": ["K"], "g1": ["K"], "w": [1, "K"], "lam": {"latex": r"\lambda"},
                "yhat": {"shape": ["K"], "latex": r"\hat{y}"}, "mu": ["D"], "c": [], "c2": [],
            },
            "functions": {"phi": "abstract"},
            "forward": [
                "z = W @ x + W1 @ mu",
                "h = tanh(z)*g*g1 + yhat",
                "u = sum(A)*s*sum(m)*trace(V)*(w @ h)*q1*lam*c*c2",
                "L = squared_error(phi(h), t) + u",
            ],
        }
    )  # fmt: skip


SAME = [
    # names, tags and powers
    (r"\mathbf{W}_1 \mathbf{x}", "W1 @ x"),
    (r"\mathbf{W}^{(1)} \mathbf{x}", "W1 @ x"),
    (r"\mathbf{W}^{[1]} \mathbf{x}", "W1 @ x"),
    (r"\boldsymbol{W}_{1} \bm x", "W1 @ x"),
    (r"\pmb{\mathbf{W}}^{(1)} \vec{\mathbf x}", "W1 @ x"),
    (r"\mathbf{W^{(1)} x}", "W1 @ x"),
    (r"s^{(2)}", "s**2"),
    (r"c^{(2)}", "c2"),
    (r"c^{2}", "c**2"),
    (r"{c^{(2)}}^2", "c2**2"),
    (r"s^{-1}", "s**(-1)"),
    (r"s^{c}", "s**c"),
    (r"\lambda s", "lam*s"),
    (r"\hat{\mathbf{y}} - \mathbf{t}", "yhat - t"),
    (r"\hat y_k - t_k", "yhat[k] - t[k]"),
    (r"\boldsymbol{\mu} + \mathbf{x}", "mu + x"),
    (r"\mathbf{g}_1", "g1"),
    (r"{q_1}", "q1"),
    # entries
    (r"W_{ki}^{(1)}", "W1[k,i]"),
    (r"W^{(1)}_{k,i}", "W1[k,i]"),
    (r"W_{1,ki}", "W1[k,i]"),
    (r"W_{1ki}", "W1[k,i]"),
    (r"W_{11}", "W[1,1]"),
    (r"W_{1,1}", "W[1,1]"),
    (r"\mathbf{W}_{ki}", "W[k,i]"),
    (r"\sum_{k'} z_{k'}", "sum(z[k'], k')"),
    (r"\sum_{k^\prime=1}^{K} z_{k^{\prime}}", "sum(z[k'], k')"),
    (r"\mathbf{W}^\top_{ik}", "W.T[i,k]"),
    (r"W_{ki}^2", "W[k,i]**2"),
    (r"z_k^2 t_k", "z[k]**2*t[k]"),
    (r"\left(\mathbf{W} \mathbf{x}\right)_k", "(W @ x)[k]"),
    (r"[\mathbf{W} \mathbf{x}]_k", "(W @ x)[k]"),
    (r"\text{softmax}(\mathbf{z})_k", "softmax(z)[k]"),
    # products
    (r"2 s c", "2*s*c"),
    (r"s \cdot c \times q_1", "s*c*q1"),
    (r"s \mathbf{W} \mathbf{x}", "s*(W @ x)"),
    (r"\mathbf{W} \mathbf{x} s", "(W @ x)*s"),
    (r"\mathbf{z}^\top \mathbf{t}", "z.T @ t"),
    (r"\mathbf{z} \cdot \mathbf{t}", "z.T @ t"),
    (r"\mathbf{W} \mathbf{x} \cdot \mathbf{t}", "(W @ x).T @ t"),
    (r"\mathbf{z} \mathbf{t}^\top \mathbf{g}", "z @ t.T @ g"),
    (r"\mathbf{z}^\top \mathbf{t} \mathbf{g}", "(z.T @ t)*g"),
    (r"\mathbf{W}^\top \mathbf{z} \odot \mathbf{x}", "(W.T @ z)*x"),
    (r"\mathbf{x} \circ \mathbf{W}^\top \mathbf{z}", "x*(W.T @ z)"),
    (r"2 \mathbf{z} \odot \mathbf{t} \odot \mathbf{g}", "2*z*t*g"),
    (r"\mathbf{z} * \mathbf{t}", "z*t"),
    (r"\mathbf{z} \mathbf{w}", "z @ w"),
    (r"\mathbf{w}^\top s", "w.T @ s"),
    (r"\text{diag}(\mathbf{z}) \mathbf{W}", "diag(z) @ W"),
    # quotients
    (r"\frac{s}{c} q_1", "s/c*q1"),
    (r"\frac12 s", "1/2*s"),
    (r"\tfrac{1}{2} s", "1/2*s"),
    (r"1/2 s", "1/2*s"),
    (r"s c / 2", "s*c/2"),
    (r"s / (c q_1)", "s/(c*q1)"),
    (r"\frac{1}{N} \sum_n A_{ni}", "1/N*sum(A[n,i], n)"),
    # signs
    (r"-s c + c", "-s*c + c"),
    (r"s - (c - q_1)", "s - (c - q1)"),
    (r"s \cdot -c", "s*(-c)"),
    (r"\left\{ s + c \right\} \bigl[ s - c \bigr]", "(s + c)*(s - c)"),
    # sums
    (r"\sum_{k=1}^{K} t_k \log z_k + s", "sum(t[k]*log(z[k]), k) + s"),
    (r"\sum\limits_{k=1}^K \sum_{i=1}^D W_{ki} x_i", "sum(sum(W[k,i]*x[i], i), k)"),
    (r"\sum_{k,i} W_{ki} x_i", "sum(W[k,i]*x[i], k, i)"),
    (r"s \sum_k z_k t_k", "s*sum(z[k]*t[k], k)"),
    (r"\sum \mathbf{z}", "sum(z)"),
    (r"\sum_{l=1}^{K} z_l", "sum(z[l], l)"),
    (r"\max_k z_k", "max(z[k], k)"),
    (r"\max(\mathbf{z})", "max(z)"),
    (r"\operatorname{sum}_{\text{axis}=0}(\mathbf{A})", "sum(A, axis=0)"),
    (r"\text{mean}(\mathbf{A})", "mean(A)"),
    # functions
    (r"\log s", "log(s)"),
    (r"\ln(s)", "log(s)"),
    (r"\log s \log c", "log(s)*log(c)"),
    (r"\exp\left\{ s \right\}", "exp(s)"),
    (r"e^{-s}", "exp(-s)"),
    (r"e^s", "exp(s)"),
    (r"\mathrm{e}^{\mathbf{z}}", "exp(z)"),
    (r"\tanh^2 s", "tanh(s)**2"),
    (r"\tanh^{2}(\mathbf{z})", "tanh(z)**2"),
    (r"\sigma(s)^2", "sigmoid(s)**2"),
    (r"\sigma'(\mathbf{z})", "sigmoid'(z)"),
    (r"\sigma^{\prime}(\mathbf{z})", "sigmoid'(z)"),
    (r"\phi'(s)", "phi'(s)"),
    (r"\varphi(s)", "phi(s)"),
    (r"\operatorname{ReLU}(\mathbf{z})", "relu(z)"),
    (r"\mathrm{Leaky\,ReLU}(\mathbf{z}, 0.1)", "leaky_relu(z, 0.1)"),
    (r"\text{log-softmax}(\mathbf{z})", "log_softmax(z)"),
    (r"\max(0, s)", "max(0, s)"),
    (r"\max\{0, s\}", "max(0, s)"),
    (r"\text{tr}(\mathbf{V})", "trace(V)"),
    (r"\sqrt{s + c}", "sqrt(s + c)"),
    (r"\sqrt[3]{s}", "s**(1/3)"),
    (r"|s - c|", "abs(s - c)"),
    (r"|s| |c|", "abs(s)*abs(c)"),
    (r"\lvert s \rvert \left| c \right|", "abs(s)*abs(c)"),
    (r"\lVert \mathbf{W} \rVert_F^2", "norm(W)**2"),
    (r"\|\mathbf{x}\|_2^2", "norm(x)**2"),
    (r"\left\lVert \mathbf{x} - \boldsymbol{\mu} \right\rVert^2", "norm(x - mu)**2"),
    (r"2\pi", "2*π"),
    (r"\mathbf{h}^{\odot 2}", "h**2"),
    (r"\mathbf{h}^2", "h**2"),
    (r"\log\frac{s}{c}", "log(s/c)"),
    # constants and indicators
    (r"\mathbb{1}_{N} \mathbf{x}^\top", "ones(N) @ x.T"),
    (r"\mathbf{1}_N^\top \mathbf{A}", "ones(N).T @ A"),
    (r"\mathbf{1}^\top \mathbf{A} \mathbf{1}", "ones(N).T @ A @ ones(D)"),
    (r"\mathbb{1}_{N \times D}", "ones(N, D)"),
    (r"\mathbf{1} - \mathbf{h}", "ones(K) - h"),
    (r"(\mathbf{1} - \mathbf{h}) \odot \mathbf{h}", "(ones(K) - h)*h"),
    (r"\mathbf{I} - \mathbf{V}", "eye(D) - V"),
    (r"\mathbf{I}_D \mathbf{x}", "eye(D) @ x"),
    (r"\mathbf{V} \mathbf{I}", "V @ eye(D)"),
    (r"\mathbb{1}[s > 0] c", "[s > 0]*c"),
    (r"\mathbf{1}\{ z_k \ge 0 \}", "[z[k] >= 0]"),
    (r"\mathbb{1}_{s > c}", "[s > c]"),
    (r"[s \neq c]", "[s != c]"),
    (r"\sum_{j \neq k} z_j", "sum((1 - delta(j, k))*z[j], j)"),
    (r"\delta_{kj} z_j", "delta(k, j)*z[j]"),
    (r"\delta_{k,1}", "delta(k, 1)"),
    # derivatives
    (r"\frac{\partial \mathcal{L}}{\partial W_{ki}}", "dL/dW[k,i]"),
    (r"\frac{\partial L}{\partial \mathbf{W}}", "dL/dW"),
    (r"\dfrac{d\mathcal{L}}{d\mathbf{z}}", "dL/dz"),
    (r"\frac{\mathrm{d} \mathcal{L}}{\mathrm{d} \mathbf{z}}", "dL/dz"),
    (r"\partial \mathcal{L} / \partial z_k", "dL/dz[k]"),
    (r"\frac{\partial}{\partial z_k} \mathcal{L}", "dL/dz[k]"),
    (r"\frac{\partial \mathcal{L}(\mathbf{h}, \mathbf{t})}{\partial h_k}", "dL/dh[k]"),
    (r"\frac{\partial z_k}{\partial W_{ki}}", "dz[k]/dW[k,i]"),
    (r"\left[ \frac{\partial \mathcal{L}}{\partial u} \right]_{\text{direct}}", "direct(dL/du)"),
    (r"\nabla_{\mathbf{W}^{(1)}} \mathcal{L}", "grad(W1)"),
    (r"\nabla_W \mathcal L", "grad(W)"),
    (r"\nabla_{\mathbf{z}} \mathcal{L}^\top \mathbf{g}", "grad(z).T @ g"),
    (r"(\nabla_{\mathbf{z}} \mathcal{L})_k", "grad(z)[k]"),
    (r"\mathcal{L}'(s, c)", "loss'(s, c)"),
    (r"\mathcal{L}_{\text{BCE}}(s, c)", "binary_cross_entropy(s, c)"),
    # what says nothing
    (r"s\,c\;\!\: + \quad q_1", "s*c + q1"),
    ("s c % a remark with $ and \\foo\n + q_1^{1}", "s*c + q1**1"),
    (r"\displaystyle s", "s"),
    (r"\underbrace{s + c}_{\text{the sum}} q_1", "(s + c)*q1"),
    (r"\[ s \]", "s"),
    (r"$$ s + c $$", "s + c"),
    (r"\begin{equation} s + c \end{equation}", "s + c"),
    (r"s + c \text{(a remark)}", "s + c"),
    # as notes write it
    (r"||x||^2 + ||s| - c|", "norm(x)**2 + abs(abs(s) - c)"),
    (r"||x - 2x||\,s", "norm(x - 2*x)*s"),
    (r"\|x\|_1", "sum(abs(x))"),
    (r"\langle x, 2x \rangle", "dot(x, 2*x)"),
    (r"\left\langle x, x \right\rangle^2", "dot(x, x)**2"),
    (r"[1 - s c]_+", "relu(1 - s*c)"),
    (r"(s)_+^2", "relu(s)**2"),
    (r"s\,\mathbb{1}_{\{s > 0\}}", "s*[s > 0]"),
    (r"{\bf W}{\bf x}", "W @ x"),
    (r"q^1 + s", "q1 + s"),
    (r"\begin{cases} s & \text{if } s > 0 \\ 0 & \text{otherwise} \end{cases}", "relu(s)"),
    (r"\begin{cases} 0 & s \le 0 \\ s & s > 0 \end{cases}", "relu(s)"),
    (r"\begin{cases} s & s > 0 \\ 0.1 s & \text{otherwise} \end{cases}", "[s > 0]*s + [s <= 0]*(0.1*s)"),
    (r"\begin{cases} s, & s > c, \\ 2c, & s \le c. \end{cases}", "[s > c]*s + [s <= c]*(2*c)"),
    (r"\begin{cases} \frac{1}{2} s^2 & |s| \le c \\ c(|s| - c) & \text{else} \end{cases}",
     "[abs(s) <= c]*(1/2*s**2) + [abs(s) > c]*(c*(abs(s) - c))"),
    (r"\begin{dcases} 1 & \text{for } s \ge c \\ s & \text{for } c > 2 \\ c & \text{otherwise} \end{dcases}",
     "[s >= c]*1 + [c > 2]*[s < c]*s + [s < c]*[c <= 2]*c"),
    (r"\begin{cases} 0 & s < 0 \end{cases}", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "plain"), SAME)
def test_reads_as(problem: Problem, latex: str, plain: str) -> None:
    latex = as_written(latex)
    expected = read_expression(problem, plain)
    assert read_expression(problem, latex, free_indices(expected)) == expected


def test_the_position_of_a_maximum_is_one_position(problem: Problem) -> None:
    """A comparison with the maximum would hold at every position of a tie."""
    found = read_expression(problem, r"\mathbb{1}[k = \arg\max_{j} z_{j}]", (Ix("k", "K"),))
    at, over = Ix("k", "K"), Ix("j", "K")
    assert found == IndexPick("max", Entry(problem.sym("z"), (over,)), (over,), (at,))


def test_unicode_is_read(problem: Problem) -> None:
    assert read_expression(problem, r"$σ(s) − c² · \lambda ⋅ q_1$") == read_expression(
        problem, "sigmoid(s) - c**2*lam*q1"
    )
    assert read_expression(problem, r"\mathbf{z}ᵀ \mathbf{t}") == read_expression(problem, "z.T @ t")


def test_a_tag_in_the_subscript_is_decided_by_weight_and_rank(problem: Problem) -> None:
    g, g1 = Sym("g", ("K",)), Sym("g1", ("K",))
    assert read_expression(problem, r"\mathbf{g}_1") == g1
    assert read_expression(problem, r"$g_1$") == Entry(g, (Ix("1", "K"),))
    assert read_expression(problem, r"$g_{1,k}$") == Entry(g1, (Ix("k", "K"),))


def test_a_column_beside_a_vector_is_the_same_column(problem: Problem) -> None:
    w, g = Sym("w", (1, "K")), Sym("g", ("K",))
    assert read_expression(problem, r"\mathbf{w}^\top \odot \mathbf{g}") == Mul((Reshape(T(w), ("K",)), g))


def test_a_bare_array_takes_the_shape_of_the_left_side(problem: Problem) -> None:
    assert read_equation(problem, r"\nabla_{\mathbf{W}} \mathcal{L} = \mathbf{0}")[1] == Zeros(("K", "D"))
    assert read_equation(problem, r"\nabla_{\mathbf{z}} \mathcal{L} = \mathbf{1}")[1] == Ones(("K",))
    assert read_equation(problem, r"\mathbf{V} = \mathbf{I}")[1] == Eye("D")


def test_text_without_a_sign_of_latex_is_tried_as_a_formula_where_it_is_no_plain_text(problem: Problem) -> None:
    assert read_expression(problem, "z_k - t_k") == read_expression(problem, "z[k] - t[k]")
    with pytest.raises(InputError, match="wq_k is not declared"):
        read_expression(problem, "wq_k*2")


def test_an_adjoint_in_other_notations() -> None:
    fields = {"symbols": {"x": ["D"], "W": ["K", "D"]}, "forward": ["z = W @ x", "L = sum(z**2)"]}
    bars = problem_from_mapping({**fields, "notation": {"gradient": "bar"}})
    z, k = Sym("z", ("K",)), Ix("k", "K")
    assert read_expression(bars, r"\bar{\mathbf{z}} \mathbf{x}^\top") == MatMul((Adj("z", ("K",)), T(Sym("x", ("D",)))))
    assert read_expression(bars, r"\bar{z}_k", (k,)) == Entry(Adj("z", ("K",)), (k,))
    deltas = problem_from_mapping({**fields, "notation": {"gradient": "delta"}})
    assert read_expression(deltas, r"\boldsymbol{\delta}_{\mathbf{z}}") == Adj("z", ("K",))
    assert read_expression(deltas, r"\delta_{z_k}", (k,)) == Entry(Adj("z", ("K",)), (k,))
    with pytest.raises(InputError, match=r"this \\delta is not declared"):
        read_expression(bars, r"\delta_{z}")
    direct = read_expression(bars, r"\left[\frac{\partial L}{\partial z_k}\right]_{\text{direct}}", (k,))
    assert direct == Partial(Sym("L", ()), Entry(z, (k,)))


# --- blocks and ranges -----------------------------------------------------------------------------------------------


def count(problem: Problem, latex: str) -> int:
    return len(parse_equations(Source(latex), vocabulary(scope_of(problem))))


@pytest.mark.parametrize(
    ("latex", "equations"),
    [
        (r"s = c", 1),
        (r"s = c \\ c = s", 2),
        (r"\begin{align*} s &= c \\[4pt] c &= s, \nonumber \\ \end{align*}", 2),
        (r"s &= c, & c &= s", 2),
        (r"s &= c & c &= s \\ s &= c", 3),
        (r"s = c, \quad c = s, \text{ and } s = s", 3),
        (r"s &= c \\ &\quad + s \\ &\quad - c", 1),
        (r"z_k = t_k, \quad k = 1, \dots, K", 1),
        (r"z_k &= t_k, & k &= 1, \dots, K \\ A_{ni} &= x_i, & n &= 1, \dots, N, i = 1, \dots, D", 2),
        (r"z_k = t_k \quad \text{for all } k = 1, \ldots, K, \quad s = c", 2),
        (r"z_k = t_k \quad \forall k \in \{1, \dots, K\}", 1),
        (r"W_{ki} = W_{ki} \text{ for each } k = 1, ..., K \text{ and } i = 1, ..., D.", 1),
        ("s = c\n\\\\ % a remark\n\nc = s", 2),
    ],
)
def test_blocks(problem: Problem, latex: str, equations: int) -> None:
    assert count(problem, latex) == equations


def test_a_range_binds_a_letter_that_is_not_declared(problem: Problem) -> None:
    lhs, rhs = read_equation(problem, r"z_q = \sum_{r=1}^{D} W_{qr} x_r, \quad q = 1, \dots, K")
    assert free_indices(lhs) == (Ix("q", "K"),)
    assert "Ix(letter='r', dim='D')" in repr(rhs)


def test_a_range_must_be_that_of_the_axis(problem: Problem) -> None:
    with pytest.raises(InputError, match="index k runs over D, but this axis has K entries"):
        read_equation(problem, r"z_k = t_k, \quad k = 1, \dots, D")
    with pytest.raises(InputError, match="index i runs over N, but this axis has D entries"):
        read_expression(problem, r"\sum_{i=1}^{N} x_i")


@pytest.mark.parametrize(
    ("key", "written"),
    [(("W", "mu"), r"\mathbf{W}_{\mu}"), (("W", "in"), r"\mathbf{W}_{\text{in}}"), (("W", "2"), r"\mathbf{W}_{2}")],
)
def test_a_greek_letter_below_stays_one(key: Key, written: str) -> None:
    assert Spelled(key, below=True, bold=True, span=(0, 0)).latex(bold=True) == written
