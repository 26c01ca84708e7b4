"""One right answer in many kinds of LaTeX, and the same with a wrong sign; sums that leave a letter out; totals."""

from __future__ import annotations

import pytest

from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import problem_from_mapping

LEFT = r"\frac{\partial L}{\partial w}"
FIRST = r"\frac{\partial L}{\partial z}x"
LAST = "(y-t)y(1-y)x"
NEURON = {
    "symbols": {"w": None, "x": {"role": "input"}, "b": None, "t": {"role": "target"}},
    "forward": ["z = w*x + b", "y = sigmoid(z)", "L = 1/2*(y - t)**2"],
}
SOFTMAX = {
    "symbols": {"v": ["D"], "U": ["K", "D"], "t": {"shape": ["K"], "one_hot": True}},
    "forward": ["s = U @ v", "p = softmax(s)", "L = cross_entropy(p, t)"],
}
RNN = {
    "symbols": {
        "U": ["H", "D"], "W": ["H", "H"], "x1": ["D"], "x2": ["D"], "h0": ["H"], "v": ["H"], "t": {"role": "target"},
    },
    "forward": [
        "z1 = U @ x1 + W @ h0", "h1 = tanh(z1)", "z2 = U @ x2 + W @ h1", "h2 = tanh(z2)", "y = v.T @ h2",
        "L = (y - t)**2",
    ],
}  # fmt: skip
PENALTY = {
    "symbols": {"w": None, "x": None, "b": None, "t": {"role": "target"}, "lam": {"role": "constant"}},
    "forward": ["z = w*x + b", "y = sigmoid(z)", "L = 1/2*(y - t)**2", "R = 1/2*w**2", "J = L + lam*R"],
}
MARKERS = {
    name: Marker(problem_from_mapping(mapping))
    for name, mapping in {"neuron": NEURON, "softmax": SOFTMAX, "rnn": RNN, "penalty": PENALTY}.items()
}

BLOCKS = [
    rf"\begin{{align}}{LEFT}&={FIRST}\\&=@\end{{align}}",
    rf"\begin{{align*}}{LEFT} &= {FIRST} \\ &= @ \end{{align*}}",
    rf"\begin{{align}}{LEFT}&={FIRST}\\[4pt]&=@\end{{align}}",
    rf"\begin{{align}}{LEFT}&={FIRST}\nonumber\\&=@\label{{eq:1}}\end{{align}}",
    rf"\begin{{eqnarray}}{LEFT}&=&{FIRST}\\&=&@\end{{eqnarray}}",
    rf"$$\begin{{aligned}}{LEFT}&={FIRST}\\&=@\end{{aligned}}$$",
    rf"{LEFT} \overset{{(a)}}{{=}} {FIRST} \overset{{\text{{(b)}}}}{{=}} @",
    rf"{LEFT} \underset{{chain}}{{=}} {FIRST} = @",
    rf"{LEFT} = \color{{red}}{{@}}",
    rf"{LEFT} = \textcolor{{blue}}{{@}}",
    rf"{LEFT} = @ \quad\blacksquare",
    rf"{LEFT} = @ \qed",
    rf"**Answer:** ${LEFT} = @$",
    rf"- ${LEFT} = @$",
    rf"- ${LEFT} = {FIRST}$" + "\n" + "- $= @$",
    r"\dv{L}{w} = @",
    r"\pdv{L}{w} = @",
    r"\pderiv{L}{w} = @",
    rf"{LEFT}(w,b) = @",
    rf"{LEFT}(w) = @",
    rf"\textcolor{{blue}}{{{LEFT}}} = {{@}}",
    rf"{LEFT} = {FIRST} \stackrel{{!}}{{=}} @",
    r"{\partial L \over \partial w} = @",
    r"\frac{\delta L}{\delta w} = @",
    r"\frac{\partial{L}}{\partial{w}} = @",
    r"{\partial L}/{\partial w} = @",
]
FACTORS = [
    r"(\underline{y}-\underline{t})y(1-y)x",
    LAST, r"(y{-}t)\,y\,(1{-}y)\,x", r"(y-t)\dot\sigma(z)x", r"(y-t)\dot{\sigma}(z)x",
    r"(y{\cdot}1-t)\dot{\sigma}(z)x", r"{(y-t)y(1-y) \over 1}x",
    r"(y-t)\frac{d\sigma}{dz}x",
    r"(y-t)\frac{\partial y}{\partial w}", r"\frac{\partial L}{\partial y}\frac{\partial y}{\partial w}",
]  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks(block: str) -> None:
    verdict = MARKERS["neuron"].mark("w", block.replace("@", LAST))
    assert verdict.verdict == "correct", verdict.feedback
    wrong = MARKERS["neuron"].mark("w", block.replace("@", f"-{LAST}"))
    assert (wrong.verdict, wrong.tags) == ("incorrect", ("sign",)), wrong.feedback


@pytest.mark.parametrize("text", FACTORS)
def test_factors(text: str) -> None:
    verdict = MARKERS["neuron"].mark("w", text, accept="chain")
    assert verdict.verdict == "correct", verdict.feedback
    assert MARKERS["neuron"].mark("w", f"2 {text}").verdict == "incorrect"


ASIDES = [
    "e x, e = (y-t)y(1-y)",
    "x e; e = (y-t)y(1-y)",
    r"e x,\quad e = (y-t)y(1-y)",
    r"e x, \; \text{where } e = (y-t)y(1-y)",
    r"e x \quad \text{with}\quad e = (y-t)y(1-y)",
    "e x, where e = (y-t)y(1-y)",
    "e = (y-t)y(1-y), dw = e x",
    r"\delta x, \delta = (y-t)y(1-y)",
    "outer(x, e), e = (y-t)y(1-y)",
]


@pytest.mark.parametrize("text", ASIDES)
def test_what_a_name_in_the_answer_stands_for_comes_after_it(text: str) -> None:
    verdict = MARKERS["neuron"].mark("w", text)
    assert verdict.verdict == "correct", verdict.feedback
    assert MARKERS["neuron"].mark("w", text.replace("(y-t)", "2(y-t)")).verdict != "correct"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (r"-t_k(1-p_k) + \sum_{j\neq k} t_j p_k", True), (r"-t_k(1-p_k) + p_k \sum_{j\ne k} t_j", True),
        (r"\frac{\partial L}{\partial s_k} = -t_k(1-p_k) + \sum_{j=1, j\neq k}^K t_j p_k", True),
        (r"-t_i(1-p_i) - \sum_{j \neq i} \frac{t_j}{p_j}(-p_j p_i)", True),
        (r"-t_k + t_k p_k + p_k\sum_{\substack{j=1\\j \neq k}}^K t_j", True),
        ("-t_k(1-p_k) + ∑_{j≠k} t_j p_k", True),
        (r"-t_k(1-p_k) - \sum_{j\neq k} t_j p_k", False), (r"\sum_{j\neq k} t_j p_k", False),
        (r"-t_k(1-p_k) + \sum_{j} t_j p_k", False),
    ],
)  # fmt: skip
def test_sums_that_leave_a_letter_out(text: str, right: bool) -> None:
    verdict = MARKERS["softmax"].mark("s", text)
    assert (verdict.verdict == "correct") == right, verdict.feedback


LAYERS = {
    "symbols": {
        "x": {"shape": ["D"], "role": "input"}, "W1": ["H", "D"], "W2": ["K", "H"],
        "t": {"shape": ["K"], "one_hot": True},
    },
    "forward": ["z1 = W1 @ x", "a1 = relu(z1)", "z2 = W2 @ a1", "y = softmax(z2)", "L = cross_entropy(y, t)"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "text", "verdict"),
    [
        ("z2", r"-t_j + \frac{e^{z_j}}{\sum_k e^{z_k}}", "correct"),
        ("z2", r"\frac{\partial L}{\partial z_j} = -\sum_k t_k(\delta_{kj}-y_j) = y_j-t_j", "correct"),
        ("W2", r"(\mathbf{y}-\mathbf{t})\mathbf{a}^\top", "correct"),
        ("W2", r"\frac{\partial L}{\partial W_{kj}} = (y_k-t_k)a_j", "correct"),
        ("W2", r"\frac{\partial L}{\partial w_{kj}^{(2)}} = (y_k-t_k)a_j^{(1)}", "correct"),
        ("W2", r"(y-t)z^\top", "invalid"),  # There are two z, and neither is asked for.
        ("a1", r"\sum_k W_{kj}(y_k-t_k)", "invalid"),
        ("z2", r"t_j - \frac{e^{z_j}}{\sum_k e^{z_k}}", "incorrect"),
    ],
)
def test_a_letter_without_its_tag_is_what_is_asked_for_or_the_only_one(target: str, text: str, verdict: str) -> None:
    found = Marker(problem_from_mapping(LAYERS)).mark(target, text)
    assert found.verdict == verdict, found.feedback


@pytest.mark.parametrize(
    ("problem", "target", "text", "right"),
    [
        ("penalty", "w", r"\frac{\partial J}{\partial L}\frac{\partial L}{\partial w}+\lambda w", True),
        ("penalty", "w", r"\frac{\partial L}{\partial w}+\lambda \frac{\partial R}{\partial w}", True),
        ("penalty", "w", r"\frac{\partial L}{\partial w}+\frac{\partial R}{\partial w}", False),
        ("penalty", "w", r"\frac{\partial L}{\partial b}+\lambda w", False),
        ("rnn", "U", r"\sum_i \frac{\partial L}{\partial h_{2,i}}\frac{\partial h_{2,i}}{\partial U_{jk}}", True),
        ("rnn", "W", r"2(y-t)\frac{\partial y}{\partial W_{ij}}", True),
        ("rnn", "W", r"(y-t)\frac{\partial y}{\partial W_{ij}}", False),
        ("rnn", "h0", r"2(y-t)\sum_j\frac{\partial y}{\partial h1_j}\frac{\partial h_{1,j}}{\partial h0_i}", True),
        ("rnn", "h0", r"2(y-t)\sum_j\frac{\partial y}{\partial h2_j}\frac{\partial h_{1,j}}{\partial h0_i}", False),
        # A quantity that the equation mentions: the local derivative, which is not the whole of it.
        ("rnn", "W", r"\sum_i \frac{\partial L}{\partial z_{2,i}}\frac{\partial z_{2,i}}{\partial W_{jk}}", False),
    ],
)
def test_derivatives_through_the_nodes_between(problem: str, target: str, text: str, right: bool) -> None:
    verdict = MARKERS[problem].mark(target, text, accept="chain")
    assert (verdict.verdict == "correct") == right, verdict.feedback


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("de*(1-e**2)", "correct"), (r"\frac{\partial L}{\partial e}\odot(1-e^2)", "correct"),
        (r"\nabla_e L \odot (1-e^{2})", "correct"), ("de ⊙ (1 − e²)", "correct"),
        (r"\nabla_e L \odot (1-e^{3})", "incorrect"), (r"\nabla_e L \odot (1+e^{2})", "incorrect"),
    ],
)  # fmt: skip
def test_a_vector_e_squared_is_not_the_number(text: str, verdict: str) -> None:
    symbols = {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}}
    forward = ["z = W @ x", "e = tanh(z)", "L = squared_error(e, t)"]
    found = Marker(problem_from_mapping({"symbols": symbols, "forward": forward})).mark("z", text)
    assert found.verdict == verdict, found.feedback


HABITS = {
    ("neuron", "w"): [
        r"(y-t)\frac{d}{dz}\sigma(z)x", "(y-t) d/dz sigmoid(z) x", "(y-t) (d/dz) sigmoid(z) x",
        r"(y-t)\frac{\partial\sigma}{\partial z}x", r"(y-t)\frac{d\sigma(z)}{dz}x", "(y-t) d sigmoid(z)/dz x",
        r"(y-t)(\partial/\partial z)\sigma(z)\,x", r"x(y-t) \oslash (1/(y(1-y)))",
    ],
    ("softmax", "U"): [
        "(p - t) ⊗ v", r"(p-t) \otimes v", "(p - t) v'", r"\frac{\partial L}{\partial u_{kd}} = (p_k - t_k) v_d",
        r"(v (p - t)')'", "ds v'", "(1 1^T - 1 1^T) U + (p - t) v'",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("problem", "target"), HABITS)
def test_habits(problem: str, target: str) -> None:
    marker = MARKERS[problem]
    for text in HABITS[problem, target]:
        verdict = marker.mark(target, text)
        assert verdict.verdict in ("correct", "equivalent_form"), (text, verdict.verdict, verdict.feedback)
        if (other := text.replace("- t", "+ t").replace("-t", "+t")) != text:
            wrong = marker.mark(target, other)
            assert wrong.verdict == "incorrect", (other, wrong.verdict, wrong.feedback)


@pytest.mark.parametrize(
    "text", [r"(y-t)\frac{d}{dx}\sigma(z)x", r"(y-t)\frac{d\sigma(z)}{db}x", "(y-t) d/dx sigmoid(z)"]
)
def test_the_derivative_of_a_function_is_by_its_argument(text: str) -> None:
    """By anything else it would need the chain rule, and is not guessed."""
    assert MARKERS["neuron"].mark("w", text).verdict == "invalid"


@pytest.mark.parametrize(
    ("text", "right"),
    [(r"x\nabla_zL", True), (r"\nabla_wL = \nabla_zL x", True), (r"-\nabla_zL x", False)],
)
def test_the_loss_may_stand_right_after_what_a_gradient_is_by(text: str, right: bool) -> None:
    assert (MARKERS["neuron"].mark("w", text).verdict == "correct") is right
