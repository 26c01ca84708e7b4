"""Notes in the habits of courses and books, each against its plain spelling: all derivatives are the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backsym as bs
from backsym.codegen.module import module_source
from backsym.core.errors import InputError
from backsym.core.problem import Problem

MACROS = (
    "macros.tex",
    r"""
\documentclass{article}
\newcommand{\R}{\mathbb{R}} % \newcommand{\R}{nothing}
\newcommand{\bX}{\mathbf{X}}
\newcommand{\vv}[1]{\mathbf{#1}}
\newcommand\loss{\mathcal{L}}
\newcommand{\grad}[2][\loss]{\nabla_{#2} #1}
\DeclareMathOperator{\softmax}{softmax}
\DeclarePairedDelimiter\nrm{\lVert}{\rVert}
\def\half#1{\frac{#1}{2}}
\let\T\top
\begin{document}
Let $\bX \in \R^{N \times D}$ be the data, $\vv{W} \in \R^{D \times K}$ the weights and $\vv b \in \R^K$.
\begin{align*}
 \vv{Z} &= \bX \vv{W} + \vv{1}\vv{b}^\T \\
 \vv{Y} &= \softmax(\vv{Z}) \\
 \loss &= -\frac{1}{N} \sum_{n=1}^N \sum_{k=1}^K T_{nk} \log Y_{nk} + \half{\lambda} \nrm*{\vv{W}}_F^2
\end{align*}
(a) Derive $\grad{\vv{W}}$.
\end{document}
""",
    {"X": ["N", "D"], "W": ["D", "K"], "b": ["K"], "T": {"shape": ["N", "K"], "role": "target"}, "lambda": {}},
    ["Z = X @ W + b", "Y = softmax(Z)", "L = -sum(T*log(Y))/N + lambda/2*sum(W**2)"],
)
COLUMNS = (
    "columns.tex",
    r"""
\[ \mathbf{Z} = \mathbf{W} \mathbf{X} + \mathbf{b} \mathbf{1}^\top \]
\[ \mathcal{L} = \frac12 \norm{\mathbf{Z} - \mathbf{T}}_F^2 \]
where the columns of $\mathbf{X} \in \R^{D \times N}$ are the inputs, and $\mathbf{W} \in \R^{H \times D}$.
""",
    {"X": ["D", "N"], "W": ["H", "D"], "b": ["H"], "T": {"shape": ["H", "N"], "role": "target"}},
    ["Z = W @ X + b @ ones(N).T", "L = sum((Z - T)**2)/2"],
)
NIELSEN = (
    "nielsen.md",
    r"""
The activation of the $j$-th neuron, where $w^1_{jk}$ is a weight:

$$a^{1}_j = \sigma\left( \sum_{k=1}^{n} w^{1}_{jk} a^0_k + b^{1}_j \right), \quad j = 1, \ldots, m$$
$$a^2_i = \sigma\Bigl( \sum_{j=1}^{m} w^{2}_{ij} a^1_j + b^{2}_i \Bigr), \quad i = 1, \ldots, p$$

$$C = \frac{1}{2} \sum_{i=1}^{p} (y_i - a^2_i)^2$$
""",
    {"w1": ["m", "n"], "a0": ["n"], "b1": ["m"], "w2": ["p", "m"], "b2": ["p"], "y": ["p"]},
    ["a1 = sigmoid(w1 @ a0 + b1)", "a2 = sigmoid(w2 @ a1 + b2)", "C = sum((y - a2)**2)/2"],
)
LAYER_NORM = (
    "layernorm.tex",
    r"""
Let $\mathbf{x} \in \mathbb{R}^{D}$ be the input, $\boldsymbol{\gamma}, \boldsymbol{\beta} \in \mathbb{R}^D$.
\begin{align}
\mu &= \frac{1}{D}\sum_{i=1}^{D} x_i \\
\sigma^2 &= \frac{1}{D}\sum_{i=1}^D (x_i - \mu)^2 \\
\hat{x}_i &= \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}} \\
y_i &= \gamma_i \hat{x}_i + \beta_i \\
\mathcal{L} &= \frac12 \sum_{i=1}^D (y_i - t_i)^2
\end{align}
""",
    {"x": ["D"], "gamma": ["D"], "beta": ["D"], "t": {"shape": ["D"], "role": "target"}, "epsilon": {}},
    [
        "mu = mean(x)", "sigma2 = mean((x - mu)**2)", "x_hat = (x - mu)/sqrt(sigma2 + epsilon)",
        "y = gamma*x_hat + beta", "L = sum((y - t)**2)/2",
    ],
)  # fmt: skip
BATCH_NORM = (
    "batchnorm.tex",
    r"""
\begin{eqnarray*}
\mu_B &=& \frac{1}{m}\sum_{i=1}^m x_i\\
\sigma_B^2 &=& \frac{1}{m}\sum_{i=1}^m (x_i-\mu_B)^2\\
\hat{x}_i &=& \frac{x_i-\mu_B}{\sqrt{\sigma_B^2+\epsilon}}\\
y_i &=& \gamma \hat{x}_i + \beta \\
\ell &=& \sum_{i=1}^m y_i^2
\end{eqnarray*}
""",
    {"x": ["m"], "gamma": {}, "beta": {}, "epsilon": {}},
    [
        "mu_B = mean(x)", "sigma2B = mean((x - mu_B)**2)", "x_hat = (x - mu_B)/sqrt(sigma2B + epsilon)",
        "y = gamma*x_hat + beta", "ell = sum(y**2)",
    ],
)  # fmt: skip
ARROWS = (
    "arrows.tex",
    r"""
The input $\vec{x} \in \mathbb{R}^{n}$, $\vec{y} \in \mathbb{R}^m$.
\[ \vec{z} = W \vec{x} + \vec{b} \]
\[ \vec{a} = \sigma(\vec{z}) \]
\[ C = \tfrac{1}{2} \| \vec{a} - \vec{y} \|^2 \]
""",
    {"x": ["n"], "y": ["m"], "W": ["m", "n"], "b": ["m"]},
    ["z = W @ x + b", "a = sigmoid(z)", "C = sum((a - y)**2)/2"],
)
LIGHT_MATRICES = (
    "light.md",
    r"""
$$\mathbf{h} = \text{ReLU}(W_1 \mathbf{x} + \mathbf{b}_1), \quad \hat{\mathbf{y}} = W_2 \mathbf{h} + \mathbf{b}_2$$
$$L = \frac{1}{2} (\hat{\mathbf{y}} - \mathbf{y})^T (\hat{\mathbf{y}} - \mathbf{y}) + \frac{\lambda}{2} \|W_1\|_F^2$$
Here $\lambda$ is a hyperparameter.
""",
    {
        "W1": ["H", "D"], "x": ["D"], "b1": ["H"], "W2": ["K", "H"], "b2": ["K"],
        "y": {"shape": ["K"], "role": "target"}, "lambda": {"role": "constant"},
    },
    [
        "h = relu(W1 @ x + b1)", "y_hat = W2 @ h + b2",
        "L = (y_hat - y).T @ (y_hat - y)/2 + lambda/2*sum(W1**2)",
    ],
)  # fmt: skip
ATTENTION = (
    "attention.md",
    r"""
Let $\mathbf{X} \in \mathbb{R}^{N \times D}$ be the input, and $\mathbf{W}_q, \mathbf{W}_k \in \mathbb{R}^{D \times M}$,
$\mathbf{W}_v \in \mathbb{R}^{D \times P}$, $\mathbf{T} \in \mathbb{R}^{N \times P}$.

$$\mathbf{Q} = \mathbf{X}\mathbf{W}_q, \qquad \mathbf{K} = \mathbf{X}\mathbf{W}_k,
\qquad \mathbf{V} = \mathbf{X}\mathbf{W}_v$$

$$
\mathbf{S} = \frac{\mathbf{Q}\mathbf{K}^\top}{\sqrt{M}}, \quad \mathbf{A} = \text{softmax}(\mathbf{S}), \quad
\mathbf{O} = \mathbf{A}\mathbf{V}
$$
$$\mathcal{L} = \frac12 \lVert \mathbf{O} - \mathbf{T} \rVert_F^2$$
""",
    {
        "X": {"shape": ["N", "D"], "role": "input"}, "W_q": ["D", "M"], "W_k": ["D", "M"], "W_v": ["D", "P"],
        "T": {"shape": ["N", "P"], "role": "target"},
    },
    [
        "Q = X @ W_q", "K = X @ W_k", "V = X @ W_v", "S = Q @ K.T/sqrt(M)", "A = softmax(S)", "O = A @ V",
        "L = sum((O - T)**2)/2",
    ],
)  # fmt: skip
CONVOLUTION = (
    "convolution.tex",
    r"""
Let $x \in \mathbb{R}^{N}$ be the input and $w \in \mathbb{R}^{K}$ the kernel.
\begin{equation} z_i = \sum_{k=1}^{K} w_k x_{i+k-1} + b, \qquad i = 1, \dots, M \end{equation}
\begin{equation} \mathcal{L} = \frac{1}{2} \sum_{i=1}^{M} (\max(0, z_i) - t_i)^2 \end{equation}
""",
    {"x": ["N"], "w": ["K"], "b": {}, "z": ["M"], "t": {"shape": ["M"], "role": "target"}},
    ["z[i] = sum(w[k]*x[i+k-1], k) + b", "L = sum((max(0, z[i]) - t[i])**2, i)/2"],
)
GRU = (
    "gru.md",
    r"""
$$\begin{align}
\mathbf{r} &= \sigma(\mathbf{W}_r \mathbf{x} + \mathbf{U}_r \mathbf{h}^{(0)}) \\
\mathbf{u} &= \sigma(\mathbf{W}_u \mathbf{x} + \mathbf{U}_u \mathbf{h}^{(0)}) \\
\tilde{\mathbf{h}} &= \tanh(\mathbf{W}_h \mathbf{x} + \mathbf{U}_h (\mathbf{r} \odot \mathbf{h}^{(0)})) \\
\mathbf{h} &= (1 - \mathbf{u}) \odot \mathbf{h}^{(0)} + \mathbf{u} \odot \tilde{\mathbf{h}} \\
\mathcal{L} &= \tfrac{1}{2} \| \mathbf{h} - \mathbf{t} \|^2
\end{align}$$
with $\mathbf{x} \in \mathbb{R}^D$, $\mathbf{h}^{(0)} \in \mathbb{R}^H$
""",
    {
        "x": ["D"], "h0": ["H"], "t": {"shape": ["H"], "role": "target"},
        **{name: ["H", "D"] for name in ("W_r", "W_u", "W_h")}, **{name: ["H", "H"] for name in ("U_r", "U_u", "U_h")},
    },
    [
        "r = sigmoid(W_r @ x + U_r @ h0)", "u = sigmoid(W_u @ x + U_u @ h0)",
        "h_tilde = tanh(W_h @ x + U_h @ (r*h0))", "h = (1 - u)*h0 + u*h_tilde", "L = sum((h - t)**2)/2",
    ],
)  # fmt: skip
ENTRY = (
    "entry.md",
    r"""
Scores $s = Wx$ with $W \in \mathbb{R}^{C \times D}$, $x \in \mathbb{R}^D$.

$$ s = W x $$ $$ p = \text{softmax}(s) $$ $$ L = -\log(p_1) $$
""",
    {"W": ["C", "D"], "x": ["D"]},
    ["s = W @ x", "p = softmax(s)", "L = -log(p[1])"],
)
EMBEDDING = (
    "embedding.md",
    r"""
$$\begin{align}
\mathbf{e} &= \mathbf{E}^\top \mathbf{x} \\
\mathbf{s} &= \mathbf{U} \mathbf{e} \\
\mathcal{L} &= -\langle \mathbf{t}, \log\operatorname{softmax}(\mathbf{s})\rangle
\end{align}$$
$\mathbf{x} \in \mathbb{R}^V$ one-hot, $\mathbf{E} \in \mathbb{R}^{V\times d}$.
""",
    {"x": ["V"], "E": ["V", "d"], "U": ["K", "d"], "t": {"shape": ["K"], "role": "target"}},
    ["e = E.T @ x", "s = U @ e", "L = -t.T @ log(softmax(s))"],
)
TRIPLET = (
    "triplet.md",
    r"""
Triplet: $\mathbf{a}, \mathbf{p}, \mathbf{n} \in \mathbb{R}^d$.
$$d_p = ||\mathbf{a} - \mathbf{p}||^2, \quad d_n = ||\mathbf{a}-\mathbf{n}||^2, \quad \mathcal{L} = [d_p - d_n + m]_+$$
""",
    {"a": ["d"], "p": ["d"], "n": ["d"], "m": {}},
    ["d_p = sum((a - p)**2)", "d_n = sum((a - n)**2)", "L = relu(d_p - d_n + m)"],
)
HUBER = (
    "huber.md",
    r"""
$$r = y - \mathbf{w}^\top \mathbf{x}$$
$$L = \begin{cases} \frac{1}{2} r^2 & \text{if } |r| \le \delta, \\
\delta\left(|r| - \frac{1}{2}\delta\right) & \text{otherwise.} \end{cases}$$
where $\delta$ is a constant and $\mathbf{x} \in \mathbb{R}^d$ the features.
""",
    {"x": ["d"], "w": ["d"], "y": {}, "delta": {"role": "constant"}},
    ["r = y - w.T @ x", "L = [abs(r) <= delta]*r**2/2 + [abs(r) > delta]*delta*(abs(r) - delta/2)"],
)
HABITS = [
    EMBEDDING, TRIPLET, HUBER,
    MACROS, COLUMNS, NIELSEN, LAYER_NORM, BATCH_NORM, ARROWS, LIGHT_MATRICES, ATTENTION, CONVOLUTION, GRU, ENTRY,
]  # fmt: skip


def loaded(folder: Path, name: str, text: str) -> Problem:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    problem = bs.load(str(path))
    assert isinstance(problem, Problem)
    return problem


def derivatives(problem: Problem, inputs: dict[str, Any]) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(module_source(problem.solve()), namespace)
    return dict(namespace["backward"](namespace["forward"](inputs)))


@pytest.mark.parametrize(("name", "text", "symbols", "plain"), HABITS, ids=[habit[0] for habit in HABITS])
def test_a_note_and_its_plain_spelling_have_the_same_derivatives(
    name: str, text: str, symbols: dict[str, Any], plain: list[str], tmp_path: Path
) -> None:
    note = loaded(tmp_path, name, text)
    other = bs.Problem(forward=plain, symbols=symbols)
    assert list(note.by_name) == list(other.by_name)
    sizes = {dim: n for n, dim in enumerate(dict.fromkeys(d for s in note.symbols.values() for d in s.shape), 4)}
    sizes.update({"K": 3, "M": 3, "N": 5} if name.startswith("conv") else {})
    random = np.random.default_rng(7)
    given = [s for s in note.symbols.values() if s.role != "node"]
    inputs = {s.name: random.uniform(0.2, 1.0, tuple(sizes[d] for d in s.shape)) for s in given}
    mine, plain_ones = derivatives(note, dict(inputs)), derivatives(other, dict(inputs))
    roles = {s.name: s.role for s in other.symbols.values()}
    for target in plain_ones.keys() & mine.keys():
        np.testing.assert_allclose(mine[target], plain_ones[target], rtol=1e-9, atol=1e-12)
    assert not [n for n in mine.keys() ^ plain_ones.keys() if roles[n] in ("node", "input")]


def test_words_are_of_the_formula_that_they_stand_with(tmp_path: Path) -> None:
    text = (
        r"Given $\mathbf{x} \in \mathbb{R}^d$, weights $\mathbf{W}\in\mathbb{R}^{h\times d}$, and "
        "$\\mathbf{m} \\in \\{0, 1\\}^h$,\na constant. "
        "$$\\mathbf{a} = \\mathbf{m} \\odot \\mathbf{W}\\mathbf{x}$$ $$L = \\mathbf{v}^T \\mathbf{a} q$$"
        r" Here $q = \sigma(s)$."
    )
    note = loaded(tmp_path, "note.md", text)
    roles = {s.name: s.role for s in note.symbols.values() if s.role != "node"}
    assert roles == {"x": "input", "W": "parameter", "m": "constant", "v": "parameter", "s": "given"}
    assert [e.name for e in note.equations] == ["a", "q", "L"]
    assert not note.remarks
    text = r"$$L = (w^\top x - y)^2$$ with $x \in \mathbb{R}^D$. Compute the gradients with respect to all parameters."
    assert loaded(tmp_path, "next.md", text).symbols["x"].role == "input"
    text = r"For the input $u\in\mathbb{R}^D$ and the desired output $v\in\mathbb{R}^D$ let $$L = \|A u + p - v\|^2$$"
    text += r" with $p \in \mathbb{R}^D$ (fixed sinusoids)."
    symbols = loaded(tmp_path, "desired.md", text).symbols
    assert {name: symbols[name].role for name in "uvp"} == {"u": "input", "v": "target", "p": "constant"}
    text = r"Let $x \in \mathbb{R}^D$ be an example with label $v \in \mathbb{R}^D$. $$L = \|A x - v\|^2$$"
    symbols = loaded(tmp_path, "label.md", text).symbols
    assert {name: symbols[name].role for name in "xv"} == {"x": "input", "v": "target"}
    text = r"With fixed mixture weights $u_k$ and weights $w_k$, $$L = (\sum_{k=1}^K u_k w_k - y)^2.$$"
    symbols = loaded(tmp_path, "fixed.md", text).symbols
    assert {name: symbols[name].role for name in "uw"} == {"u": "constant", "w": "parameter"}


def test_remarks_name_rows_that_define_no_quantity(tmp_path: Path) -> None:
    text = "$$\\begin{aligned} \\sin v &= w x \\\\\n L &= v^2 \\end{aligned}$$\n\n$$\\Psi(x) = x$$"
    assert loaded(tmp_path, "note.md", text).remarks == (
        "passed over, line 1: an equation whose left side is no quantity",
        "passed over, line 4: \\Psi(x) is a function that nothing uses",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\\newcommand{\\foo}{x + \\foo}\n\\[ L = 2 + \\foo \\]", "2:12: this macro stands in its own definition"),
        (
            "".join(f"\\def\\{a}{{{f'{chr(92)}{b}' * 10}}}" for a, b in zip("abcdef", "bcdefg", strict=True))
            + "\\def\\g{xxxxxxxxxx}\n\\[ L = \\a \\]",
            "2:8: the macros of this note write out to more than 1000 kB",
        ),
        (
            "".join(f"\\def\\{a}{{{f'{chr(92)}{b}' * 10}}}" for a, b in zip("abcdef", "bcdefg", strict=True))
            + "\\def\\g{}\n\\[ L = \\a \\]",
            "2:8: the macros of this note write out to more than 1000 kB",
        ),
        ("\\newcommand{\\vv}[1]{\\mathbf{#1}}\n\\[ L = \\vv{x} + \\vw{x} \\]", "2:17: unknown macro \\vw"),
        ("\\newcommand{\\vv}[1]{#1}\n" + "\\vv{" * 9000, "2:1: an argument of this macro is never closed"),
        ("\\newcommand{\\W}{\\mathbf{W}}\n\\[ L = \\W + \\foo \\]", "2:13: unknown macro \\foo"),
    ],
)
def test_macros_that_cannot_be_written_out(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, "note.tex", text)
    assert caught.value.diagnostics[0].render().splitlines()[0].endswith(message)
