"""Questions of notes in usual words: Hessians, Jacobians, minimizers and steps of descent are parts, or named as none.

Texts of one note stand in one file, each in a paragraph of its own, because a note is read once for all of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_reading_cases import loaded

from backsym.api.problem_file import problem_file
from backsym.core.problem import Problem
from backsym.documents.writers.jsonform import problem_json
from backsym.numeric.claims import false_claims
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate
from backsym.reading.files.loader import problem_of_text
from backsym.solving.solution import solve

Asked = list[tuple[str, tuple[str, ...]]]

RIDGE = r"""The cost is
$$J(\mathbf{w}) = \frac12\|\mathbf{X}\mathbf{w}-\mathbf{y}\|^2 + \frac{\lambda}{2}\|\mathbf{w}\|^2.$$"""
SOFTMAX = r"""$$\mathbf{z} = \mathbf{W}\mathbf{x} + \mathbf{b}, \quad \mathbf{p} = \mathrm{softmax}(\mathbf{z}), \quad
L = -\sum_k y_k \log p_k$$"""
PAIR = r"""The loss is $$L = \frac12 \sum_{n=1}^N (u x_n + c - t_n)^2.$$"""
PLANE = r"""Let $q(u, v) = u^2 + \sin(u) v$."""
W, HESSIAN, STATIONARY = ("w",), [("hessian", ("w",))], [("stationary", ("w",))]
UPDATE, NEWTON = [("update", ("w",))], [("update newton", ("w",))]

ASKED: dict[str, list[tuple[str, Asked]]] = {
    PLANE: [
        (r"Compute the gradient of $q$.", [("derive", ("u", "v"))]),
        (
            r"Berechnen Sie die zwei Ableitungen $\partial q/\partial v$ und $\partial q/\partial u$.",
            [("derive", ("v", "u"))],
        ),
        (r"Berechnen Sie die Hesse-Matrix von $q$.", [("hessian", ("u", "v"))]),
    ],
    RIDGE: [
        (
            r"Compute the gradient and the Hessian of $J$ with respect to $\mathbf{w}$, and find the minimizer.",
            [("gradients", W), *HESSIAN, *STATIONARY],
        ),
        (r"(b) Derive the Hessian $\nabla^2 J(\mathbf{w})$.", HESSIAN),
        (r"Deduce $\frac{\partial J}{\partial \mathbf{w}}$.", [("gradients", W)]),
        (r"Give $\frac{\partial J}{\partial \mathbf{w}}$ as a vector.", [("gradients", W)]),
        (r"Compute the gradient $\nabla J$ and the Hessian matrix $H$ of $J$.", [("gradients", W), *HESSIAN]),
        (r"Solve $\nabla J(\mathbf{w}) = 0$ for $\mathbf{w}$.", STATIONARY),
        (r"What is $\nabla^2_{\mathbf{w}} J$?", HESSIAN),
        (r"\item Compute $\frac{\partial^2 J}{\partial \mathbf{w} \partial \mathbf{w}^\top}$.", HESSIAN),
        (r"Berechnen Sie die Hesse-Matrix von $J$ bezüglich $\mathbf{w}$.", HESSIAN),
        (r"Geben Sie die zweite Ableitung von $J$ nach $\mathbf{w}$ an.", HESSIAN),
        (r"Set $\nabla_{\mathbf{w}} J = 0$ and solve for $\mathbf{w}$.", STATIONARY),
        (r"Set the derivative equal to zero and solve.", STATIONARY),
        (r"Problem 1.2 Find the $\mathbf{w}$ that minimizes $J$.", STATIONARY),
        (r"For which $\mathbf{w}$ is the loss minimal?", STATIONARY),
        (r"\part Derive the closed-form solution for $\mathbf{w}$.", STATIONARY),
        (r"Minimize $J$ with respect to $\mathbf{w}$.", STATIONARY),
        (r"Setzen Sie den Gradienten gleich null und lösen Sie nach $\mathbf{w}$ auf.", STATIONARY),
        (r"Bestimmen Sie das $\mathbf{w}$, das $J$ minimiert.", STATIONARY),
        (r"Perform one step of gradient descent with learning rate $\alpha$.", UPDATE),
        (r"Write down the update rule for $\mathbf{w}$ of gradient descent with step size $\alpha$.", UPDATE),
        (r"Führen Sie einen Schritt des Gradientenabstiegs mit Lernrate $\alpha$ durch.", UPDATE),
        (r"Perform one Newton step.", NEWTON),
        (r"Write one Newton update for $\mathbf{w}$.", NEWTON),
        (r"Write down $\nabla_{\mathbf{w}} J$.", [("list", W)]),
    ],
    SOFTMAX: [
        (
            r"Calculate these two gradients \[\frac{\partial L}{\partial \mathbf{W}} \quad"
            r" \frac{\partial L}{\partial \mathbf{b}}\]",
            [("derive", ("W", "b"))],
        ),
        (r"Compute the Jacobian of $\mathbf{p}$ with respect to $\mathbf{z}$.", [("jacobian", ("dp/dz",))]),
        (
            r"Compute the Jacobian $\frac{\partial \mathbf{p}}{\partial \mathbf{z}}$ and the gradient of $L$ with"
            r" respect to $\mathbf{z}$.",
            [("jacobian", ("dp/dz",)), ("gradients", ("z",))],
        ),
        (r"Find $\frac{\partial p_k}{\partial z_j}$.", [("jacobian", ("dp/dz",))]),
        (r"Berechnen Sie die Jacobi-Matrix von $\mathbf{z}$ nach $\mathbf{x}$.", [("jacobian", ("dz/dx",))]),
        (r"Derive the gradients of $L$ with respect to all parameters.", [("gradients", ("W", "b"))]),
        (r"Derive all gradients.", [("gradients", ("W", "b"))]),
        (r"Derive the gradients of $L$ with respect to all parameters except $\mathbf{b}$.", [("gradients", ("W",))]),
        (
            r"Find the derivatives of $L$ with respect to all parameters and to $\mathbf{x}$.",
            [("gradients", ("W", "b", "x"))],
        ),
        (
            r"Compute the gradient of $L$ with respect to every weight matrix and the input $\mathbf{x}$.",
            [("gradients", ("W", "x"))],
        ),
        (r"Berechnen Sie die Ableitungen von $L$ nach allen Gewichtsmatrizen.", [("gradients", ("W",))]),
        (
            r"Find the gradient with respect to $\mathbf{W}$, and with respect to the logits $\mathbf{z}$.",
            [("gradients", ("W", "z"))],
        ),
        (r"Compute the gradient $\nabla L$.", [("gradients", ("W", "b"))]),
        (r"Perform one iteration of gradient descent.", [("update", ("W", "b"))]),
        (r"Update each parameter with one step of gradient descent.", [("update", ("W", "b"))]),
        (r"Write down the gradients with respect to $\mathbf{W}$ and the bias $\mathbf{b}$.", [("list", ("W", "b"))]),
        (r"Compute the Hessian of $L$ with respect to $\mathbf{z}$.", [("hessian", ("z",))]),
    ],
    PAIR: [
        (r"Find the optimal $u$.", [("stationary", ("u",))]),
        (r"Compute the Hessian of $L$ with respect to $u$ and $c$.", [("hessian", ("u", "c"))]),
        (r"Update $u$ and $c$ by one step of gradient descent with learning rate 0.1.", [("update", ("u", "c"))]),
    ],
}
NO_PART: dict[str, list[str]] = {
    RIDGE: [
        r"Compute the eigenvalues of the Hessian.",
        r"Show that the Hessian is positive definite.",
        r"Without computing the Hessian, find its trace.",
        r"Perform two steps of gradient descent.",
        r"Perform one step of gradient ascent with learning rate $\eta$.",
        r"Perform one step of stochastic gradient descent.",
        r"Perform one step of gradient descent with momentum.",
        r"Explain how to find the minimizer.",
        r"Is $J$ convex?",
        r"How many parameters does the model have?",
        r"Why is the minimizer unique?",
        r"Find the minimum of $J$ on the unit ball.",
        r"Find the minimizer subject to $\mathbf{w} \geq 0$.",
        r"Write the gradient descent update with learning rate $\lambda$.",
        r"Find the optimal $\lambda$.",
        r"Compute the inverse of the Hessian of $J$.",
        r"Find the Hessian of $\mathbf{X}$.",
        r"If we set the gradient to zero, what do we get?",
        r"Compute the gradient of $J$ with respect to $\mathbf{w}$ numerically by finite differences.",
        r"Derive $\nabla_{\mathbf{w}} J$ using central differences.",
        r"Compute the gradient of the first term of $J$ with respect to $\mathbf{w}$.",
        r"Compute $\left(\frac{\partial J}{\partial \mathbf{w}}\right)^\top$.",
        r"Compute the derivative of $J$ with respect to $\mathbf{w}^\top$.",
        r"Compute the numerical gradient of $J$ with respect to $\mathbf{w}$.",
        r"Compute the gradient of $J$ with respect to $\mathbf{w}$, numerically.",
        r"Approximate the gradient of $J$ with respect to $\mathbf{w}$.",
    ],
    SOFTMAX: [
        r"Find the minimizer of $L$ with respect to $\mathbf{z}$.",
        r"Compute the Hessian of $L$.",
        r"Compute the Jacobian of $\mathbf{z}$ with respect to $\mathbf{p}$.",
        r"Compute the determinant of the Jacobian of $\mathbf{p}$ with respect to $\mathbf{z}$.",
        r"Write down the update rule for $\mathbf{W}$.",
        r"Compute $\mathbf{p}$ and the gradient.",
    ],
    PAIR: [
        r"Find the minimizer of $L$ with respect to $u$ and $c$.",
        r"Perform one Newton step.",
        r"Use the second derivative to decide whether it is a minimum.",
        r"Compute the negative gradient of $L$ with respect to $u$.",
        r"Compute the norm of the gradient of $L$ with respect to $u$.",
        r"Show that $\frac{\partial L}{\partial u} = 0$ if and only if $c = 1$.",
        r"Show that it is not true that $\frac{\partial L}{\partial u} = c$.",
        r"Show that $\frac{\partial L}{\partial u} = c$ if $u > c$.",
        r"Show that for $u = 1$ we have $\frac{\partial L}{\partial u} = c$.",
        r"Show that $$\frac{\partial L}{\partial t_n} = c, \quad n \neq 1.$$",
    ],
}


def asked(note: Problem) -> Asked:
    return [(f"{p.kind}{' newton' if p.option == 'newton' else ''}", p.targets) for p in note.parts]


@pytest.mark.parametrize("base", ASKED, ids=["plane", "ridge", "softmax", "pair"])
def test_questions_in_usual_words_are_parts(base: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, "\n\n".join([base, *(text for text, _ in ASKED[base])]))
    assert asked(note) == [part for _, parts in ASKED[base] for part in parts]
    assert not [remark for remark in note.remarks if remark.startswith("passed over")]


@pytest.mark.parametrize("base", NO_PART, ids=["ridge", "softmax", "pair"])
def test_other_questions_stay_named(base: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, "\n\n".join([base, *NO_PART[base]]))
    assert not note.parts
    first = base.count("\n") + 3
    lines = {int(remark.split("line ")[1].partition(":")[0]) for remark in note.remarks if "a question" in remark}
    assert lines == {first + 2 * n for n in range(len(NO_PART[base]))}


SYSTEM = r"""The loss is $$L = \|\mathbf{A} \mathbf{x} - \mathbf{b}\|^2$$ where $\mathbf{A}$ are the features.
Perform one step of gradient descent. Derive all gradients."""
ROOT = r"""$$f(x) = x^2 - 2$$
Find the root of $f$. Perform one Newton step."""
AND_MORE = r"""$$y = w x, \quad L = (y - t)^2$$
Compute $\frac{\partial L}{\partial w}$ and sketch it."""


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (r"with respect to $W \in \mathbb{R}^{K \times D}$", ("W",)),
        (r"with respect to $W \in \mathbb{R}^{K \times D}$ and $x \in \mathbb{R}^D$", ("W", "x")),
        (r"with respect to $x$, where $W \in \mathbb{R}^{K \times D}$ and $x \in \mathbb{R}^D$", ("x",)),
    ],
)
def test_what_is_asked_for_may_be_declared_there(by: str, names: tuple[str, ...], tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$L = \|Wx - t\|^2$$ Find the gradient " + by + ".")
    assert asked(note) == [("gradients", names)]


@pytest.mark.parametrize(
    "rule",
    [
        r"w_i \leftarrow w_i - \eta \frac{\partial E}{\partial w_i}",
        r"\Delta w_i = -\eta \frac{\partial E}{\partial w_i}",
        r"\Delta w = -\eta \frac{\partial E}{\partial w}",
    ],
)
def test_an_update_may_be_of_an_entry_or_the_change_alone(rule: str, tmp_path: Path) -> None:
    text = r"$o = \tanh(\sum_{i=1}^{n} w_i x_i + b)$ and the error is $E = \frac{1}{2}(t - o)^2$."
    assert asked(loaded(tmp_path, f"{text}\nDerive the update rule ${rule}$.")) == [("update", ("w",))]
    other = rule.replace("= -", "= ").replace("w_i -", "w_i +").replace("w -", "w +")
    assert not asked(loaded(tmp_path, f"{text}\nDerive the update rule ${other}$."))


TANH_LAYER = r"$$z = W x + b, \quad h = \tanh(z), \quad L = \|h - t\|^2, \quad W \in \mathbb{R}^{H \times D}$$ "


@pytest.mark.parametrize(
    ("question", "parts", "named"),
    [
        (
            r"Compute $\partial L/\partial h$, $\frac{dh}{dz}$ and combine them to $\partial L/\partial W$.",
            ("h", "W"),
            r"\frac{dh}{dz}",
        ),
        (
            r"Express $\nabla_W L$ in terms of $\delta = \nabla_z L$, and find $\delta$ in terms of $h$.",
            ("W",),
            r"\delta$ in",
        ),
        (r"Compute $\partial L/\partial W$, state its shape.", ("W",), "state its shape"),
        (r"Compute $f'(z)$ and $\partial L/\partial b$.", ("b",), "f'(z)"),
        (r"Find the gradient of $L$ with respect to all weights and the unheard-of $b$.", ("b",), "all weights"),
    ],
)
def test_each_half_of_a_question_is_a_part_or_named(
    question: str, parts: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    note = loaded(tmp_path, TANH_LAYER + question)
    assert [names for _, names in asked(note)] == [parts]
    assert any("question" in remark and named in remark for remark in note.remarks)


def test_the_derivative_of_one_term_is_not_that_of_the_loss(tmp_path: Path) -> None:
    terms = r"$$\ell_n = (w^\top x_n - y_n)^2, \quad J = \frac1N \sum_{n=1}^N \ell_n$$ with $x_n \in \mathbb{R}^D$. "
    note = loaded(tmp_path, terms + r"Compute $\nabla_w \ell_n$ and $\nabla_w J$.")
    assert asked(note) == [("gradients", ("w",))]
    assert any("question" in remark and r"\nabla_w \ell_n" in remark for remark in note.remarks)
    assert not asked(loaded(tmp_path, terms + r"Compute $\nabla_w \ell_n$."))


@pytest.mark.parametrize("rest", ["the SGD update for $w$", "an interpretation of its sign", "a plot of it"])
def test_what_is_asked_for_behind_a_derivative_is_named(rest: str, tmp_path: Path) -> None:
    text = r"$L = \frac12 (w^T x - y)^2$, $x \in \mathbb{R}^d$. Derive $\partial L/\partial w$ and " + rest + "."
    note = loaded(tmp_path, text)
    assert asked(note) == [("derive", ("w",))]
    assert [remark for remark in note.remarks if "question" in remark and rest in remark]


@pytest.mark.parametrize("end", [".", "", ".'", " now.)", "\u00b2", ";", " for $y = 2$.'"])
def test_a_question_may_end_in_any_way(end: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$L = (w x - y)^2$$ Find $\frac{\partial L}{\partial w}$" + end)
    assert asked(note) == [("derive", ("w",))]


@pytest.mark.parametrize(
    ("question", "part", "named"),
    [
        ("Derive the Hessian with respect to $w$ and show that $L$ is convex.", "hessian", "show that"),
        ("Find the gradient of $L$ with respect to $w$ and interpret it.", "gradients", "interpret it"),
    ],
)
def test_another_verb_behind_a_question_is_named(question: str, part: str, named: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, r"$$L = \frac12 (w^\top x - y)^2$$ with $x \in \mathbb{R}^d$. " + question)
    assert asked(note) == [(part, ("w",))]
    assert [remark for remark in note.remarks if "question" in remark and named in remark]


def test_another_newton_and_another_question_are_no_parts(tmp_path: Path) -> None:
    assert not loaded(tmp_path, SYSTEM).parts  # The b is no parameter.
    note = loaded(tmp_path, ROOT)
    assert not note.parts
    assert "Perform one Newton step." in note.remarks[-1]
    note = loaded(tmp_path, AND_MORE)
    assert asked(note) == [("derive", ("w",))]
    assert note.remarks == ("passed over, line 2: what looks like a question: sketch it.",)


@pytest.mark.parametrize(
    "text",
    [
        r"Compute the gradient of $J$ with respect to $\mathbf{w}$ and verify it by finite differences.",
        r"Derive the numerically stable gradient of $J$ with respect to $\mathbf{w}$.",
        "Finite differences and backpropagation\n\n" + r"Compute the gradient of $J$ with respect to $\mathbf{w}$.",
    ],
)
def test_what_is_said_of_numbers_beside_a_derivative_leaves_it_a_part(text: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, f"{RIDGE}\n\n{text}")
    assert asked(note) == [("gradients", ("w",))]


@pytest.mark.parametrize(
    ("formula", "whole"),
    [
        (r"L = (w^\top x - y)^2", False),
        (r"a = w^\top x, \quad L = \frac{1}{2} (a - y)^2", False),
        (r"L = (\sum_j w_j x_j - y)^2", False),
        (r"L = -\log \sigma(w^\top x)", False),
        (r"L = (w^\top x - y)^2 + \lambda \|w\|^2", True),
        (r"L = \sum_j (w_j - x_j)^2", True),
        (r"L = \frac{1}{2} (w - x)^\top (w - x)", True),
    ],
)
def test_a_minimizer_that_is_not_unique_is_named_and_the_rest_is_a_part(
    formula: str, whole: bool, tmp_path: Path
) -> None:
    ask = r"Compute the gradient of $L$ with respect to $w$ and find the minimizer."
    note = loaded(tmp_path, rf"Let $w, x \in \mathbb{{R}}^n$. $$ {formula} $$" + f"\n{ask}")
    assert asked(note) == [("gradients", ("w",)), *([("stationary", ("w",))] if whole else [])]
    named = [] if whole else ["passed over, line 2: what looks like a question: find the minimizer."]
    assert [remark for remark in note.remarks if "a question" in remark] == named


def test_the_answers_are_those_of_numpy(tmp_path: Path) -> None:
    text = r"""Find the minimizer and the Hessian of $J$. Perform one Newton step. Then carry out one step of gradient
descent with learning rate $\alpha$."""
    note = loaded(tmp_path, f"{RIDGE}\n\n{text}")
    assert asked(note) == [*STATIONARY, *HESSIAN, *NEWTON, *UPDATE]
    assert (note.symbols["eta"].role, note.symbols["eta"].latex) == ("constant", r"\alpha")
    again = problem_of_text(problem_file(note, "note.md"))
    assert asked(again) == asked(note)
    solution = note.solve()
    assert not solution.failed
    random = np.random.default_rng(3)
    X, y, w = random.uniform(0.2, 0.9, (5, 3)), random.uniform(0.2, 0.9, 5), random.uniform(0.2, 0.9, 3)
    env = Env({"D": 5, "K": 3}, {"X": X, "y": y, "w": w, "lambda": np.array(0.3)}, {})
    (total,) = solution.totals
    assert total.matrix is not None
    assert total.stationary is not None
    wanted = np.linalg.solve(X.T @ X + 0.3 * np.eye(3), X.T @ y)
    np.testing.assert_allclose(evaluate(total.stationary, env), wanted)
    np.testing.assert_allclose(evaluate(total.matrix.rhs, env), X.T @ X + 0.3 * np.eye(3))


# --- steps of descent as formulas ------------------------------------------------------------------------------------

MODEL = r"""$$z = w x + b, \quad L = \frac12 (z - y)^2$$
"""
STEPS: list[tuple[str, Asked, str]] = [
    (
        r"The weights learn by $$w := w - \alpha \frac{\partial L}{\partial w}.$$ Write down the update for $b$.",
        [("update", ("b",))],
        r"\alpha",
    ),
    (
        r"We use $$w \leftarrow w - \epsilon \frac{\partial L}{\partial w}, \quad b \leftarrow b - \epsilon"
        r" \frac{\partial L}{\partial b}.$$ Perform one step of gradient descent.",
        [("update", ("w", "b"))],
        r"\epsilon",
    ),
    (
        r"What is the update $w \leftarrow w - \gamma \frac{\partial L}{\partial w}$ for this loss?",
        [("update", ("w",))],
        r"\gamma",
    ),
    (r"Compute $b := b - \eta \nabla_b L$.", [("update", ("b",))], ""),
]
OTHER_STEPS = [
    r"We use $$w \leftarrow w + \eta \frac{\partial L}{\partial w}.$$ Write the update for $w$.",
    r"We use $$v \leftarrow \mu v - \eta \frac{\partial L}{\partial w}.$$ Write the update for $w$.",
    r"Compute $w := w - \eta \frac{\partial L}{\partial b}$.",
    r"Compute $w := w - x \frac{\partial L}{\partial w}$.",
]


@pytest.mark.parametrize(("words", "parts", "rate"), STEPS)
def test_a_step_of_descent_as_a_formula_is_given_and_asked_for(
    words: str, parts: Asked, rate: str, tmp_path: Path
) -> None:
    note = loaded(tmp_path, MODEL + words)
    assert asked(note) == parts
    assert (note.symbols["eta"].latex or "") == rate
    assert not [remark for remark in note.remarks if "question" in remark]


@pytest.mark.parametrize("words", OTHER_STEPS)
def test_another_step_is_no_part(words: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, MODEL + words)
    assert not note.parts
    assert [remark for remark in note.remarks if "question" in remark]


BARRED = r"""$$z = w^\top x + b, \quad y = \tanh(z), \quad L = \frac12 (y-t)^2$$ with $x \in \mathbb{R}^d$.
"""


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (
            r"Let $\bar{v}$ denote the derivative of $L$ with respect to $v$. Derive $\bar{z}$ and $\bar{w}$.",
            ("z", "w"),
        ),
        (r"We write $\overline{y}$ for $\partial L/\partial y$. Compute $\overline{w}$.", ("w",)),
        (
            r"Here $\bar v = \frac{\partial L}{\partial v}$. Express $\bar z$ in terms of $\bar y$, and find $\bar b$.",
            ("z", "b"),
        ),
        (r"Sei $\bar{y} := \partial L/\partial y$. Berechnen Sie $\bar{b}$.", ("b",)),
    ],
)
def test_a_bar_is_a_derivative_where_the_note_says_so(words: str, asks: tuple[str, ...], tmp_path: Path) -> None:
    note = loaded(tmp_path, BARRED + words)
    assert tuple(name for _, names in asked(note) for name in names) == asks
    assert not any("question" in remark for remark in note.remarks)
    assert note.notation["gradient"] == "bar"


@pytest.mark.parametrize(
    "words",
    [
        r"We have $\bar{v} = v / 2$. Derive $\bar{w}$.",
        r"Let $\bar{v}$ be the mean of $v$. Derive $\bar{w}$.",
        r"Let $\bar{v} = \partial L/\partial z$. Derive $\bar{w}$.",
        r"Derive $\bar{w}$.",
    ],
)
def test_another_bar_is_no_derivative(words: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, BARRED + words)
    assert not note.parts
    assert any("question" in remark for remark in note.remarks)


@pytest.mark.parametrize(("factor", "false"), [("(1 - y^2)", 0), ("(1 + y^2)", 1)])
def test_derivatives_with_bars_are_shown(factor: str, false: int, tmp_path: Path) -> None:
    given = r"With $\bar{y} = \frac{\partial L}{\partial y}$, show that "
    note = loaded(tmp_path, BARRED + given + rf"$$\bar{{z}} = \bar{{y}} {factor}, \quad \bar{{w}} = \bar{{z}} x.$$")
    assert len(false_claims(note, solve(note).derivations)) == false


# --- numbers ---------------------------------------------------------------------------------------------------------

NEURON = r"""$$z = w x + b, \quad a = \sigma(z), \quad L = \frac12 (a - y)^2$$
"""
LAYER = r"""$$\mathbf{z} = \mathbf{W} \mathbf{x} + \mathbf{b}, \quad L = \|\mathbf{z} - \mathbf{t}\|^2$$
"""
SCORES = r"""$$\mathbf{p} = \mathrm{softmax}(\mathbf{W} \mathbf{x}), \quad L = -\log p_y$$ where $y$ is the class.
"""


def neuron(x: float, w: float, b: float, y: float) -> dict[str, float]:
    z = w * x + b
    a = 1 / (1 + np.exp(-z))
    slope = (a - y) * a * (1 - a)
    return {"z": z, "a": a, "L": (a - y) ** 2 / 2, "dL/dw": slope * x, "w": w - 0.1 * slope * x, "b": b - 0.1 * slope}


MATRIX, VECTOR = np.array([[1, 0], [-1, 0.5], [0, 3]]), np.array([1, 2])
ERROR = MATRIX @ VECTOR + [0, 1, -1] - [1, 1, 1]
NUMBERS = {
    "numbers before the questions": (
        NEURON
        + r"""Let $x = 2$, $w = 0.5$, $b = -1$ and the target $y = 1$.

(a) Compute $z$, $a$ and the loss $L$. (b) Compute $\partial L/\partial w$ numerically.
(c) Perform one step of gradient descent on $w$ and $b$ with learning rate $\eta = 0.1$.""",
        neuron(2, 0.5, -1, 1),
    ),
    "numbers in the question, by rows": (
        LAYER
        + r"""Compute the forward pass for $\mathbf{x} = (1, 2)^\top$,
$\mathbf{W} = \begin{pmatrix} 1 & 0 \\ -1 & \frac12 \\ 0 & 3\end{pmatrix}$, $\mathbf{b} = \begin{bmatrix} 0 \\ 1 \\ -1
\end{bmatrix}$ and $\mathbf{t} = [1, 1, 1]$. Berechnen Sie $\frac{\partial L}{\partial \mathbf{W}}$ numerisch.""",
        {"z": ERROR + 1, "L": ERROR @ ERROR, "dL/dW": 2 * np.outer(ERROR, VECTOR)},
    ),
    "a class counts from 1": (
        SCORES + r"With $\mathbf{x} = (1, 0)$, $\mathbf{W} = [[1, 2], [3, 4]]^\top$ and $y = 2$, compute the loss.",
        {"L": -np.log(np.exp(2) / (np.exp(1) + np.exp(2)))},
    ),
    **{
        f"the derivatives asked for before, {words}": (
            rf"$$f = u^2 v$$ Find $\frac{{\partial f}}{{\partial u}}$ and $\frac{{\partial f}}{{\partial v}}${words}"
            r" $u = -1/2$ and $v = 3$.",
            {"df/du": -3.0, "df/dv": 0.25},
        )
        for words in (
            ", then evaluate them at",
            ". Evaluate both for",
            ". Berechnen Sie diese Ableitungen an der Stelle",
        )
    },
    "numbers beside what they are put in": (
        r"Consider $f = (u + v) w$ with inputs $u=-2$, $v=5$ and $w=-4$. Compute $f$ and $\partial f/\partial u$ at"
        r" this point.",
        {"f": -12.0, "df/du": -4.0},
    ),
    "at a point": (
        r"$$f(u, v) = u^2 v$$ Evaluate $\frac{\partial f}{\partial u}$ at $u = -1/2$ and $v = 3$.",
        {"df/du": -3.0},
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_a_note_gives_are_computed_with(name: str, tmp_path: Path) -> None:
    text, wanted = NUMBERS[name]
    note = loaded(tmp_path, text)
    assert not note.remarks
    assert problem_of_text(problem_file(note, "note.md")).values == note.values
    found = {
        key: value for part in problem_json(note.solve())["parts"] for key, value in part.get("numbers", {}).items()
    }
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value)


NOT_GIVEN = [
    (NEURON, r"For $x = 1$ and $y = 2$, compute $L$."),
    (NEURON, r"If $x = 1$, $y = 2$, $b = 0$ and $w = 3$, what is $L$?"),
    (
        NEURON,
        r"Compute $z$ for $x = 1$, $y = 2$, $w = 3$, $b = 0$. Compute $z$ for $x = 2$, $y = 2$, $w = 3$, $b = 0$.",
    ),
    (NEURON, r"For $x = 0$, $y = 1$, $w = 0$, $b = 0$ nothing is learned."),
    (NEURON, r"A neuron with $x = 0$, $y = 1$, $w = 0$, $b = 0$ learns nothing."),
    (LAYER, r"Compute $\mathbf{z}$ for $\mathbf{x} = 2$, $\mathbf{W} = 3$, $\mathbf{b} = 1$ and $\mathbf{t} = 0$."),
]


@pytest.mark.parametrize(("base", "words"), NOT_GIVEN)
def test_other_numbers_give_no_values(base: str, words: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, base + words)
    assert not note.values
    assert not note.parts
    assert any("a question" in remark for remark in note.remarks) == ("nothing" not in words)
