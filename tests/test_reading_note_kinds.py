"""Kinds of notes that were refused or misread once, each with neighbours, against NumPy functions by complex steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded, same_as, sigmoid, softmax

from backsym.core.errors import InputError
from backsym.numeric.claims import false_claims

D, H, K, N, S = 3, 4, 2, 5, ()
Note = tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]


def relu(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


def cells(x: Any, W: Any, U: Any, c: Any, h: Any) -> Any:
    total: Any = 0
    for row in x:
        c = c + np.tanh(W @ row + U @ h)
        h = np.tanh(c)
        total = total + (h**2).sum()
    return total


def of_tanh(W: Any, U: Any, x: Any, y: Any) -> Any:
    h: Any = np.zeros(H)
    total: Any = 0
    for row, target in zip(x, y, strict=True):
        h = np.tanh(W @ h + U @ row)
        total = total + ((h - target) ** 2).sum()
    return total


def two_sums(x: Any, w: Any) -> Any:
    c: Any = 0
    h: Any = 0
    for value in x:
        c = c + value
        h = np.tanh(w * h + c)
    return h


NOTES: dict[str, Note] = {
    "intervals": (
        r"$$z = W x, \quad L = y z^\top z$$ with $W \in [-1, 1]^{K \times D}$, $x \in [0,1)^{D}$, $y \in (0, \infty)$.",
        lambda W, x, y: y * ((W @ x) ** 2).sum(),
        {"W": (K, D), "x": (D,), "y": S},
    ),
    "the root of a square that is computed": (
        r"$$\mu = \frac1n\sum_i x_i, \quad s^2 = \frac{1}{n} \sum_{i=1}^n (x_i-\mu)^2, \quad L = \frac{a}{s}$$"
        r" Compute $\partial L/\partial x_i$ and $\partial L/\partial s^2$.",
        lambda x, a: a / np.sqrt(((x - x.mean()) ** 2).mean()),
        {"x": (N,), "a": S},
    ),
    "roots with an index": (
        r"$\mu_j = \frac1N\sum_{i=1}^N x_{ij}$, $\sigma_j^2 = \frac1N\sum_i (x_{ij}-\mu_j)^2$,"
        r" $$h_{ij} = \frac{x_{ij}-\mu_j}{\sigma_j}, \quad L = \sum_{i=1}^N\sum_{j=1}^D g_{ij} h_{ij}.$$",
        lambda x, g: (g * (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean(0))).sum(),
        {"x": (N, D), "g": (N, D)},
    ),
    "the root of a variance by its logarithm": (
        r"$\log\sigma^2 = V x$ with $x\in\mathbb{R}^D$, $V\in\mathbb{R}^{K\times D}$, $z = \sigma\odot e$"
        r" and $$\mathcal{L} = \|z\|^2 + \sum_k \left(\sigma_k^2-\log\sigma_k^2\right)$$",
        lambda V, x, e: ((np.exp(V @ x / 2) * e) ** 2).sum() + (np.exp(V @ x) - V @ x).sum(),
        {"V": (K, D), "x": (D,), "e": (K,)},
    ),
    "what is sought in front of an objective": (
        r"$$\min_{W} \; J(W) = \frac{1}{2N}\sum_{n=1}^N \| x_n - W^\top W x_n \|^2$$"
        r" Here $W \in \mathbb{R}^{K \times D}$ and $x_n \in \mathbb{R}^D$. Derive $\nabla_W J$.",
        lambda W, x: ((x - x @ W.T @ W) ** 2).sum() / (2 * N),
        {"W": (K, D), "x": (N, D)},
    ),
    **{
        f"an objective without a name, {sign}": (
            rf"Let $X \in \mathbb{{R}}^{{N \times D}}$. $${sign} \; \frac12 \|X w - y\|^2 + \lambda \|w\|^2.$$"
            r" Find the gradient with respect to $w$.",
            lambda X, w, y, **c: ((X @ w - y) ** 2).sum() / 2 + c["lambda"] * (w**2).sum(),
            {"X": (N, D), "w": (D,), "y": (N,), "lambda": S},
        )
        for sign in (r"\min_{w \in \mathbb{R}^D}", r"\hat{w} = \arg\min_w", r"w^* = \operatorname*{argmin}_{w}")
    },
    "members of declared arrays are their rows": (
        r"With $U \in \mathbb{R}^{n \times k}$, $V \in \mathbb{R}^{m \times k}$ let"
        r" $$J = \sum_{i=1}^n \sum_{j=1}^m C_{ij} (R_{ij} - u_i^\top v_j)^2 + \mu (\|U\|_F^2 + \|V\|_F^2).$$"
        r" Find $\partial J/\partial u_i$.",
        lambda u, v, C, R, mu: (C * (R - u @ v.T) ** 2).sum() + mu * ((u**2).sum() + (v**2).sum()),
        {"u": (N, D), "v": (H, D), "C": (N, H), "R": (N, H), "mu": S},
    ),
    "the mark of one example before an index": (
        r"$$E_n = \frac{1}{2} \sum_k (y_{nk} - t_{nk})^2, \qquad y_{nk} = \sum_i w_{ki} x_{ni}$$"
        r" Show that $$\frac{\partial E_n}{\partial w_{ji}} = (y_{nj} - t_{nj}) x_{ni}.$$",
        lambda w, x_n, t_n: ((w @ x_n - t_n) ** 2).sum() / 2,
        {"w": (K, D), "x_n": (D,), "t_n": (K,)},
    ),
    # Equations of a logarithm or of log-odds define what these are of.
    "the logarithm of a variance": (
        r"Here $\mu = W x$ and $\log \sigma^2 = V x$ with $W, V \in \mathbb{R}^{K \times D}$."
        r" $$L = \sum_{j=1}^K \left(\log \sigma_j^2 + \frac{(y_j - \mu_j)^2}{\sigma_j^2}\right)$$",
        lambda W, V, x, y: (V @ x + (y - W @ x) ** 2 / np.exp(V @ x)).sum(),
        {"W": (K, D), "V": (K, D), "x": (D,), "y": (K,)},
    ),
    "log-odds": (
        r"$$\log \frac{p}{1-p} = w^\top x + b, \quad L = -y \log p - (1-y) \log(1-p), \quad x \in \mathbb{R}^D$$",
        lambda w, x, b, y: np.log(1 + np.exp(w @ x + b)) - y * (w @ x + b),
        {"w": (D,), "x": (D,), "b": S, "y": S},
    ),
    "the logarithm of a bold scale in a row": (
        r"\begin{align} \ln \mathbf{s} &= \mathbf{V} \mathbf{x} \\ L &= \|\mathbf{s} - \mathbf{y}\|^2 \end{align}",
        lambda V, x, y: ((np.exp(V @ x) - y) ** 2).sum(),
        {"V": (K, D), "x": (D,), "y": (K,)},
    ),
    "a log-likelihood is a loss": (
        r"$$p_n = \sigma(w x_n), \quad \log L = \sum_{n=1}^N \log p_n$$ $$J = -\sum_{n=1}^N \log p_n$$",
        lambda w, x: np.log(1 + np.exp(-w * x)).sum(),
        {"w": S, "x": (N,)},
    ),
    # Environments of rows that stand by themselves.
    **{
        f"rows by themselves, {environment}": (
            rf"\begin{{{environment}}}"
            + "\nz &= w x + b \\\\\nL &= (z - t)^2\n"
            + rf"\end{{{environment.partition('}')[0]}}}",
            lambda w, x, b, t: (w * x + b - t) ** 2,
            {"w": S, "x": S, "b": S, "t": S},
        )
        for environment in ("aligned", "split", "gathered", "alignat}{2", "alignat*}{1")
    },
    # Capitals of the Greek alphabet are matrices where those of the Latin one are.
    "a covariance that nothing declares": (
        r"$$\ell = -\frac{N}{2}\log|\Sigma| - \frac12\sum_{n=1}^N (x_n-\mu)^\top\Sigma^{-1}(x_n-\mu)$$"
        r" with $x_n, \mu \in \mathbb{R}^D$. Compute the derivatives with respect to $\mu$ and $\Sigma$.",
        lambda x, mu, Sigma: (
            -N / 4 * np.log(np.linalg.det(Sigma) ** 2) - np.sum((x - mu) * ((x - mu) @ np.linalg.inv(Sigma).T)) / 2
        ),
        {"x": (N, D), "mu": (D,), "Sigma": (D, D)},
    ),
    "an inverse before parentheses": (
        r"$$\ell = (x-\mu)^\top A^{-1} (x-\mu)$$ with $x \in \mathbb{R}^D$. Find $\nabla_\mu \ell$.",
        lambda x, mu, A: (x - mu) @ np.linalg.inv(A) @ (x - mu),
        {"x": (D,), "mu": (D,), "A": (D, D)},
    ),
    "a start within a text without displayed formulas": (
        r"$h_t = \tanh(W h_{t-1} + U x_t)$ for $t=1,\dots,T$ with $h_0 = 0$, $x_t \in \mathbb{R}^D$,"
        r" $h_t \in \mathbb{R}^H$. $L = \sum_{t=1}^T \|h_t - y_t\|^2$. Compute $\frac{\partial L}{\partial W}$.",
        lambda W, U, x, y: of_tanh(W, U, x, y),
        {"W": (H, H), "U": (H, D), "x": (N, D), "y": (N, H)},
    ),
    # Accents and signs as they are typed.
    "a hat typed behind its letter": (
        r"$$y^ = \sigma(w x + b), \quad L = (y^ - y)^2$$",
        lambda w, x, b, y: (sigmoid(w * x + b) - y) ** 2,
        {"w": S, "x": S, "b": S, "y": S},
    ),
    "a hat as a word below": (
        r"$$y_hat_i = w x_i + b, \quad L = \sum_{i=1}^N (y_hat_i - y_i)^2$$",
        lambda w, x, b, y: ((w * x + b - y) ** 2).sum(),
        {"w": S, "x": (N,), "b": S, "y": (N,)},
    ),
    "a bold letter with a word for its accent": (
        r"$$\hat{\mathbf{y}} = \mathbf{W} \mathbf{x}_bar, \quad L = \|\mathbf{y}_hat - \mathbf{y}\|^2$$",
        lambda W, x_bar, y: ((W @ x_bar - y) ** 2).sum(),
        {"W": (K, D), "x_bar": (D,), "y": (K,)},
    ),
    "the product of Octave": (
        r"$$\mathbf{h} = \mathbf{a} .* \mathbf{b}, \quad L = \mathbf{c}^\top \mathbf{h}$$",
        lambda a, b, c: c @ (a * b),
        {"a": (D,), "b": (D,), "c": (D,)},
    ),
    # Differences of neighbours.
    "differences from the second on": (
        r"$$L = \sum_{i=2}^{n} (x_i - x_{i-1})^2$$ Compute $\frac{\partial L}{\partial x_i}$.",
        lambda x: (np.diff(x) ** 2).sum(),
        {"x": (N,)},
    ),
    "a smooth curve near data": (
        r"$$J = \frac12 \sum_{t=1}^T (x_t - y_t)^2 + \frac{\lambda}{2} \sum_{t=2}^T (x_t - x_{t-1})^2$$",
        lambda x, y, **o: ((x - y) ** 2).sum() / 2 + o["lambda"] / 2 * (np.diff(x) ** 2).sum(),
        {"x": (N,), "y": (N,), "lambda": S},
    ),
    "differences up to the last but one": (
        r"$$E = \lambda \sum_{i=1}^{N-1} (u_{i+1} - u_i)^2 + \sum_{i=1}^{N} (u_i - f_i)^2$$",
        lambda u, f, **o: o["lambda"] * (np.diff(u) ** 2).sum() + ((u - f) ** 2).sum(),
        {"u": (N,), "f": (N,), "lambda": S},
    ),
    "second differences": (
        r"$$R = \sum_{i=2}^{n-1} (c_{i+1} - 2 c_i + c_{i-1})^2$$",
        lambda c: (np.diff(c, 2) ** 2).sum(),
        {"c": (N,)},
    ),
    # Light vectors.
    "members that are transposed": (
        r"$$s_{ij} = w_j^T x_i, \quad L = \sum_i \sum_j (s_{ij} - t_{ij})^2$$",
        lambda w, x, t: ((x @ w.T - t) ** 2).sum(),
        {"w": (K, D), "x": (N, D), "t": (N, K)},
    ),
    "scores by transposed members": (
        r"$$z_k = w_k^\top x + b_k, \quad L = -\sum_k t_k \log \frac{e^{z_k}}{\sum_j e^{z_j}}$$",
        lambda w, x, b, t: -(t * np.log(softmax(w @ x + b))).sum(),
        {"w": (K, D), "x": (D,), "b": (K,), "t": (K,)},
    ),
    "two transposed names of their own": (
        r"$$s = u_o^T v_c, \quad L = -\log \sigma(s)$$",
        lambda u_o, v_c: -np.log(sigmoid(u_o @ v_c)),
        {"u_o": (D,), "v_c": (D,)},
    ),
    "factors of a matrix": (
        r"$$L = \sum_{u=1}^U \sum_{i=1}^I (r_{ui} - p_u^T q_i)^2 + \lambda \sum_{u=1}^U \|p_u\|^2$$",
        lambda r, p, q, **o: ((r - p @ q.T) ** 2).sum() + o["lambda"] * (p**2).sum(),
        {"r": (N, K), "p": (N, D), "q": (K, D), "lambda": S},
    ),
    "lengths of light letters": (
        r"$$L = \|Ax - b\|^2 + \mu \|x\|^2$$",
        lambda A, x, b, mu: ((A @ x - b) ** 2).sum() + mu * (x**2).sum(),
        {"A": (K, D), "x": (D,), "b": (K,), "mu": S},
    ),
    "distances to one point": (
        r"$$L = \sum_{i=1}^N \|x_i - m\|^2$$",
        lambda x, m: ((x - m) ** 2).sum(),
        {"x": (N, D), "m": (D,)},
    ),
    # Names with primes.
    "a vector and another with a prime": (
        r"Let $\mathbf{x}, \mathbf{x}' \in \mathbb{R}^D$. $$k = \exp(-\|\mathbf{x} - \mathbf{x}'\|^2)$$",
        lambda x, x_prime: np.exp(-((x - x_prime) ** 2).sum()),
        {"x": (D,), "x_prime": (D,)},
    ),
    "a prime within the font": (
        r"With $\mathbf{W} \in \mathbb{R}^{K \times D}$, $$d = \|\mathbf{W}(\mathbf{x} - \mathbf{x'})\|^2$$",
        lambda W, x, x_prime: ((W @ (x - x_prime)) ** 2).sum(),
        {"W": (K, D), "x": (D,), "x_prime": (D,)},
    ),
    "an argument with a prime": (
        r"$$k(\mathbf{x}, \mathbf{x}') = (\mathbf{x}^\top \mathbf{x}' + c)^2$$",
        lambda x, x_prime, c: (x @ x_prime + c) ** 2,
        {"x": (D,), "x_prime": (D,), "c": S},
    ),
    "a transpose within the font": (
        r"With $\mathbf{A} \in \mathbb{R}^{D \times D}$, "
        r"$$f = \mathbf{x'}\mathbf{A}\mathbf{x} + \mathbf{b}'\mathbf{x}$$",
        lambda x, A, b: x @ A @ x + b @ x,
        {"x": (D,), "A": (D, D), "b": (D,)},
    ),
    # What is declared of an earlier member holds for all.
    "an earlier state that is declared": (
        r"Let $x_t \in \mathbb{R}^D$ and $h_{t-1}, c_{t-1} \in \mathbb{R}^H$. "
        r"$$c_t = c_{t-1} + \tanh(W x_t + U h_{t-1}), \quad h_t = \tanh(c_t), \quad L = \sum_{t=1}^N \|h_t\|^2$$",
        lambda x, W, U, c0, h0: cells(x, W, U, c0, h0),
        {"x": (N, D), "W": (H, D), "U": (H, H), "c0": (H,), "h0": (H,)},
    ),
    # Capitals that are numbers.
    "a capital before a sum": (
        r"$$J = \frac12 \|w\|^2 + \frac{C}{n} \sum_{i=1}^n \max(0, 1 - y_i (w^\top x_i + b))$$",
        lambda w, C, y, x, b: (w @ w) / 2 + C / N * relu(1 - y * (x @ w + b)).sum(),
        {"w": (D,), "C": S, "y": (N,), "x": (N, D), "b": S},
    ),
    "a capital minus a number": (
        r"$$V = \phi^\top s, \quad L = \frac12 (R - V)^2$$",
        lambda R, phi, s: (R - phi @ s) ** 2 / 2,
        {"R": S, "phi": (D,), "s": (D,)},
    ),
    # Entries of what is computed.
    "entries of a prediction in the text": (
        r"Consider $\hat{Y} = XB$ with $X \in \mathbb{R}^{n \times p}$ and $B \in \mathbb{R}^{p \times q}$. "
        r"$$R = \sum_{i=1}^n \sum_{k=1}^q (y_{ik} - \hat{y}_{ik})^2$$",
        lambda X, B, y: ((X @ B - y) ** 2).sum(),
        {"X": (N, D), "B": (D, K), "y": (N, K)},
    ),
    "entries of bold predictions": (
        r"$$\hat{\mathbf{Y}} = \mathrm{softmax}(\mathbf{X} \mathbf{W}), "
        r"\quad L = -\sum_n \sum_k t_{nk} \log \hat y_{nk}$$",
        lambda X, W, t: -(t * np.log(softmax(X @ W))).sum(),
        {"X": (N, D), "W": (D, K), "t": (N, K)},
    ),
    "entries of probabilities": (
        r"$$\mathbf{P} = \mathrm{softmax}(\mathbf{X} \mathbf{W}), \quad L = -\sum_n \sum_k t_{nk} \log p_{nk}$$",
        lambda X, W, t: -(t * np.log(softmax(X @ W))).sum(),
        {"X": (N, D), "W": (D, K), "t": (N, K)},
    ),
    # Index letters and sizes.
    "a prediction for each word": (
        r"$$\hat{y}_o = \frac{\exp(u_o^\top v)}{\sum_{w=1}^V \exp(u_w^\top v)}, "
        r"\quad J = -\sum_{w=1}^V y_w \log \hat{y}_w$$",
        lambda u, v, y: -(y * np.log(softmax(u @ v))).sum(),
        {"u": (N, D), "v": (D,), "y": (N,)},
    ),
    "a size that the text computes": (
        r"$$z_i = \sum_{k=1}^K w_k x_{i+k-1}, \quad i = 1, \dots, M,$$ with $M = N - K + 1$, and "
        r"$$L = \sum_{i=1}^M (z_i - t_i)^2$$",
        lambda w, x, t: sum((w @ x[i : i + K] - t[i]) ** 2 for i in range(N - K + 1)),
        {"w": (K,), "x": (N,), "t": (N - K + 1,)},
    ),
    "a size that is a sum and a difference": (
        r"With $x \in \mathbb{R}^{M+K-1}$, $$y_i = \sum_{k=1}^K w_k x_{i+k-1}, \quad L = \sum_i (y_i - t_i)^2$$"
        r" for $i = 1, \dots, M$.",
        lambda w, x, t: sum((w @ x[i : i + K] - t[i]) ** 2 for i in range(N)),
        {"w": (K,), "x": (N + K - 1,), "t": (N,)},
    ),
    "the size of a vocabulary, and a positive number": (
        r"With $z \in \mathbb{R}^{|V|}$ and $\lambda \in \mathbb{R}^+$, $$L = \log \sum_k e^{z_k} + \lambda z^T z.$$",
        lambda z, **o: np.log(np.exp(z).sum()) + o["lambda"] * z @ z,
        {"z": (K,), "lambda": S},
    ),
    "the terms of a total within the text": (
        r"$$\mathbf{o}_n = \mathbf{V} \mathbf{x}_n$$ with "
        r"$E_n = -\mathbf{y}_n^\top \log \mathrm{softmax}(\mathbf{o}_n)$ and the total error $E = \sum_{n=1}^N E_n$.",
        lambda V, x, y: -(y * np.log(softmax(x @ V.T))).sum(),
        {"V": (K, D), "x": (N, D), "y": (N, K)},
    ),
    # One example, and what is said beside the problem.
    "the equation of one example": (
        r"The model is $$\hat{t} = \sigma(v x + c)$$ and the cost $$J = \frac{1}{N} \sum_{i=1}^N"
        r" (\hat{t}^{(i)} - t^{(i)})^2.$$ Hence $$\frac{\partial J}{\partial c} = \frac2N \sum_{i=1}^N (\hat{t}^{(i)} -"
        r" t^{(i)}) \sigma'(v x^{(i)} + c).$$",
        lambda v, c, x, t: ((sigmoid(v * x + c) - t) ** 2).mean(),
        {"v": S, "c": S, "x": (N,), "t": (N,)},
    ),
    **{
        f"an equation of whole arrays, {right}": (
            rf"$$z = W x, \quad y = {right}, \quad L = \sum_k (y_k - t_k)^2, \quad W \in \mathbb{{R}}^{{K \times D}}$$"
            r" Find $\partial L/\partial z_k$ and $\partial L/\partial x_i$.",
            truth,
            {"W": (K, D), "x": (D,), "t": (K,)},
        )
        for right, truth in {
            r"\mathrm{softmax}(z)": lambda W, x, t: ((softmax(W @ x) - t) ** 2).sum(),
            r"z / \|z\|": lambda W, x, t: ((W @ x / np.sqrt(((W @ x) ** 2).sum()) - t) ** 2).sum(),
            "z^2": lambda W, x, t: (((W @ x) ** 2 - t) ** 2).sum(),
        }.items()
    },
    "a model with parameters and large parentheses": (
        r"$$J = -\frac{1}{m} \sum_{i=1}^m \log\left( h_\beta\left( x^{(i)} \right) \right)$$"
        r" where $h_\beta(x^{(i)}) = s(\beta^T x^{(i)})$ and $s(z) = \frac{1}{1+e^{-z}}$.",
        lambda beta, x: -np.log(sigmoid(x @ beta)).mean(),
        {"beta": (D,), "x": (N, D)},
    ),
    "a matrix that may be symmetric": (
        r"$$f(\mathbf{v}) = \mathbf{v}^T B \mathbf{v} + \mathbf{c}^T \mathbf{v}$$ If $B = B^T$, it is simple.",
        lambda v, B, c: v @ B @ v + c @ v,
        {"v": (D,), "B": (D, D), "c": (D,)},
    ),
    "a value at numbers": (
        r"$$L(a, b) = (2 - a - 3b)^2$$ At the start $$\nabla L(0, 1) = \begin{bmatrix} 2 \\ 6 \end{bmatrix}.$$",
        lambda a, b: (2 - a - 3 * b) ** 2,
        {"a": S, "b": S},
    ),
    "a derivative of a function that is no part of it": (
        r"$$y = a \cos[c + b x]$$ Recall $$\frac{\partial \cos[z]}{\partial z} = -\sin[z].$$",
        lambda a, b, c, x: a * np.cos(c + b * x),
        {"a": S, "b": S, "c": S, "x": S},
    ),
    "sums with a letter": (
        r"$$\mu = \frac1n \Sigma_{i=1}^n x_i, \quad L = \Sigma^n_{i=1} (x_i - \mu)^2$$",
        lambda x: ((x - x.mean()) ** 2).sum(),
        {"x": (N,)},
    ),
    # Letters of sizes, and entries that are declared.
    "targets with the letter of a size": (
        r"Let $\mathbf{X} \in \mathbb{R}^{T \times d}$ and $\mathbf{W} \in \mathbb{R}^{d \times k}$. "
        r"$$\mathbf{Y} = \mathbf{X} \mathbf{W}, \quad \mathcal{L} = \frac12 \|\mathbf{Y} - \mathbf{T}\|_F^2$$",
        lambda X, W, T: ((X @ W - T) ** 2).sum() / 2,
        {"X": (N, D), "W": (D, K), "T": (N, K)},
    ),
    "a given vector with the letter of its size": (
        r"Let $\mathbf{x} \in \mathbb{R}^d$. $$L = \|\mathbf{x} - \mathbf{d}\|^2$$",
        lambda x, d: ((x - d) ** 2).sum(),
        {"x": (D,), "d": (D,)},
    ),
    "entries that are declared": (
        r"Let $P_{ij} \in \{0, 1\}$. $$C = \sum_{i=1}^n \sum_{j=1}^n P_{ij} \log(1 + e^{s_j - s_i})$$",
        lambda P, s: (P * np.log(1 + np.exp(s[None] - s[:, None]))).sum(),
        {"P": (N, N), "s": (N,)},
    ),
    "entries of a layer that are declared": (
        r"Let $w^{(1)}_{ji} \in \mathbb{R}$ and $b^{(1)}_j \in \mathbb{R}$. "
        r"$$a_j = \tanh(\sum_{i=1}^D w^{(1)}_{ji} x_i + b_j^{(1)}), \quad L = \sum_{j=1}^M (a_j - t_j)^2$$",
        lambda w1, b1, x, t: ((np.tanh(w1 @ x + b1) - t) ** 2).sum(),
        {"w1": (H, D), "b1": (H,), "x": (D,), "t": (H,)},
    ),
    "features that are declared as vectors": (
        r"Let $\phi(x_i) \in \mathbb{R}^d$. $$J = \sum_{i=1}^n (w^\top \phi(x_i) - y_i)^2$$",
        lambda phi, w, y: ((phi @ w - y) ** 2).sum(),
        {"phi": (N, D), "w": (D,), "y": (N,)},
    ),
    # Factors.
    "a weight before brackets": (
        r"$$p = \sigma(v x), \quad L = (w x - y)^2 - \alpha \left[ t \log p + (1 - t) \log (1 - p) \right]$$",
        lambda w, v, x, y, t, alpha: (
            (w * x - y) ** 2 - alpha * (t * np.log(sigmoid(v * x)) + (1 - t) * np.log(1 - sigmoid(v * x)))
        ),
        {"w": S, "v": S, "x": S, "y": S, "t": S, "alpha": S},
    ),
    "entries before a sum in parentheses": (
        r"$$C = \sum_{i=1}^N \sum_{j=1}^N p_{ij} ((u_i - u_j)^2 + m_{ij})$$",
        lambda p, u, m: (p * ((u[:, None] - u[None]) ** 2 + m)).sum(),
        {"p": (N, N), "u": (N,), "m": (N, N)},
    ),
    "a goal within the text": (
        r"The pinball loss is $\rho = \max(\tau r, (\tau - 1) r)$ with $r = y - \mathbf{w}^\top \mathbf{x}$.",
        lambda tau, y, w, x: np.where(np.real(y - w @ x) > 0, tau * (y - w @ x), (tau - 1) * (y - w @ x)),
        {"tau": S, "y": S, "w": (D,), "x": (D,)},
    ),
    "the logarithm of two pi": (
        r"$$\ell = \frac{1}{2 s} x^2 + \frac12 \log s + \frac12 \log 2\pi$$",
        lambda s, x: x**2 / 2 / s + np.log(s) / 2,
        {"s": S, "x": S},
    ),
    # Several names.
    "two names of one set behind an equation": (
        r"$$J(\alpha) = \|K \alpha - y\|^2 + \lambda \alpha^\top \alpha, \qquad \alpha, y \in \mathbb{R}^n$$ "
        r"with $K \in \mathbb{R}^{n \times n}$.",
        lambda K, alpha, y, **o: ((K @ alpha - y) ** 2).sum() + o["lambda"] * alpha @ alpha,
        {"K": (N, N), "alpha": (N,), "y": (N,), "lambda": S},
    ),
    "a light letter with a prime in the text": (
        r"$$L = (r + \gamma q' - w)^2$$ where the value $q'$ is constant.",
        lambda r, gamma, q_prime, w: (r + gamma * q_prime - w) ** 2,
        {"r": S, "gamma": S, "q_prime": S, "w": S},
    ),
    "a divisor that nothing tells of is a number": (
        r"$$p = \mathrm{softmax}(z/\tau), \quad h = \frac{W p}{\alpha}, \quad L = \|h \oslash s - t\|^2$$"
        r" with $z \in \mathbb{R}^D$, $W \in \mathbb{R}^{K \times D}$.",
        lambda z, tau, W, alpha, s, t: ((W @ softmax(z / tau) / alpha / s - t) ** 2).sum(),
        {"z": (D,), "tau": S, "W": (K, D), "alpha": S, "s": (K,), "t": (K,)},
    ),
    "a number before an element-wise product": (
        r"$$g = \frac{1}{1-p} m \odot h, \quad h = \tanh(Wx), \quad L = \|g - t\|^2 + \|c s \odot g\|^2$$"
        r" with $W \in \mathbb{R}^{H \times D}$.",
        lambda W, x, p, m, t, c, s: (
            ((m * np.tanh(W @ x) / (1 - p) - t) ** 2).sum() + ((c * s * m * np.tanh(W @ x) / (1 - p)) ** 2).sum()
        ),
        {"W": (H, D), "x": (D,), "p": S, "m": (H,), "t": (H,), "c": S, "s": (H,)},
    ),
    "a declared matrix of which only entries are used": (
        r"Let $X \in \mathbb{R}^{N \times D}$. $$\mu_n = \frac1D \sum_{d=1}^D x_{nd}, \quad L = \sum_n \mu_n^2$$",
        lambda x: (x.mean(axis=1) ** 2).sum(),
        {"x": (N, D)},
    ),
    "two starts at once": (
        r"$$c_t = c_{t-1} + x_t, \quad h_t = \tanh(w h_{t-1} + c_t), \quad L = h_T^2$$ with $h_0 = c_0 = 0$.",
        lambda x, w: two_sums(x, w) ** 2,
        {"x": (N,), "w": S},
    ),
    # A chain of numbers, as worked examples write it.
    "a value behind the name of what has a formula": (
        r"$$z_1 = \sigma(v x) = 0.73$$ $$z_2 = z_1 = 0.73$$ $$L = (z_2 - w)^2 = 0.5$$",
        lambda v, x, w: (sigmoid(v * x) - w) ** 2,
        {"v": S, "x": S, "w": S},
    ),
    "values behind a sign for about": (
        r"$$z = w x \approx 0.73, \quad a = z \approx 0.7$$ $$L_{half-square} = \frac12 (a - y)^2 = 0.5$$",
        lambda w, x, y: (w * x - y) ** 2 / 2,
        {"w": S, "x": S, "y": S},
    ),
    "a value behind a name that is given": (
        r"$$z = x = 2$$ $$L = (w z - y)^2$$",
        lambda x, w, y: (w * x - y) ** 2,
        {"x": S, "w": S, "y": S},
    ),
    "the last step of a recurrence": (
        r"$$\frac{\partial L}{\partial c_t} = 2 c_t, \quad t = T$$"
        r" $$c_t = c_{t-1} + x_t, \quad h_t = \tanh(w h_{t-1} + c_t), \quad t = 1, \dots, T,"
        r" \quad L = h_T^2$$ with $h_0 = c_0 = 0$.",
        lambda x, w: two_sums(x, w) ** 2,
        {"x": (N,), "w": S},
    ),
    "an equation that only says what is the input": (
        r"$$s = input$$ $$z = W s + b$$ $$L = \|z - t\|^2$$"
        r" with $s \in \mathbb{R}^D$, $W \in \mathbb{R}^{K \times D}$.",
        lambda s, W, b, t: ((W @ s + b - t) ** 2).sum(),
        {"s": (D,), "W": (K, D), "b": (K,), "t": (K,)},
    ),
    "a question whose display is all that follows": (
        r"Compute the $\frac{\partial L}{\partial w_j}$ gradient of $L$ in the following computation:"
        r" $$z = {\bf w}^\top {\bf x}, \quad L = (z - t)^2$$",
        lambda w, x, t: (w @ x - t) ** 2,
        {"w": (D,), "x": (D,), "t": S},
    ),
    "conditions of indices": (
        r"$$a_j = \frac{e^{z_j}}{\sum_k e^{z_k}}$$ $$L = -\sum_k y_k \log a_k$$"
        r" $$\frac{\partial a_j}{\partial z_i} = a_i (1 - a_i), \quad i = j$$"
        r" $$\frac{\partial a_j}{\partial z_i} = -a_i a_j, \quad i \neq j.$$",
        lambda z, y: -(y * np.log(softmax(z))).sum(),
        {"z": (K,), "y": (K,)},
    ),
    "all entries of a vector": (
        r"The parameters ${\bf w} = [w_1, w_2, \dots w_d]^T$, the input $$x = \begin{bmatrix} x_1 \\ \vdots \\ x_d"
        r" \end{bmatrix}, \quad y = {\bf w}^\top x + b$$ and the output $s = [s_1, s_2, \ldots]$."
        r" $$L = (y - t)^2 \sum_i s_i$$",
        lambda w, x, b, t, s: (w @ x + b - t) ** 2 * s.sum(),
        {"w": (D,), "x": (D,), "b": S, "t": S, "s": (K,)},
    ),
    "a letter and a number below another, which are a name, too": (
        r"The unit $h_2$ has the input $a_{h2}$. $$b_{h2} = \tanh(a_{h2}), \quad L = (v b_{h2} - t)^2$$",
        lambda a_h2, v, t: (v * np.tanh(a_h2) - t) ** 2,
        {"a_h2": S, "v": S, "t": S},
    ),
    "a logistic function that is said twice": (
        r"$$f(x) = \sigma(v x) = \frac{1}{1 + \exp(-v x)},$$ $$\sigma(z) = \frac{1}{1 + \exp(-z)}.$$"
        r" $$\sigma(z) = \frac{1}{1 + \exp(-z)}.$$ $$L = (f(x) - t)^2$$",
        lambda v, x, t: (sigmoid(v * x) - t) ** 2,
        {"v": S, "x": S, "t": S},
    ),
    "a function and its derivative within the text": (
        r"Minimize $f(x) = x^2 + 3x - 5$ with the gradient $f'(x) = 2x + 3$.",
        lambda x: x**2 + 3 * x - 5,
        {"x": S},
    ),
    # Equations of one example, one after the other.
    "the error of one example": (
        r"$$\hat y = w x + b, \quad e = \hat y - y$$ $$L = \frac1N \sum_{i=1}^N e_i^2$$ Given are $x_i$ and $y_i$.",
        lambda w, b, x, y: ((w * x + b - y) ** 2).mean(),
        {"w": S, "b": S, "x": (N,), "y": (N,)},
    ),
    # Given by their logarithms.
    "a quantity that stands in its logarithm alone": (
        r"$$\log s = v x + c, \quad L = (y - \log s)^2$$",
        lambda v, x, c, y: (y - v * x - c) ** 2,
        {"v": S, "x": S, "c": S, "y": S},
    ),
    "a rate with an accent, by its logarithm in parentheses": (
        r"$$\log(\hat{\mu}_i) = w x_i$$ $$L = \sum_{i=1}^N (\hat\mu_i - y_i \log \hat\mu_i)$$",
        lambda w, x, y: (np.exp(w * x) - y * w * x).sum(),
        {"w": S, "x": (N,), "y": (N,)},
    ),
    "a logarithm of data": (
        r"The model is $$\log y = w x + \epsilon$$ $$L = (\log y - w x)^2$$",
        lambda w, x, y: (np.log(y) - w * x) ** 2,
        {"w": S, "x": S, "y": S},
    ),
    # Objectives.
    "an objective of what is computed": (
        r"The model is $$h = \tanh(w x)$$ and we solve $$\min_w (h - y)^2.$$",
        lambda w, x, y: (np.tanh(w * x) - y) ** 2,
        {"w": S, "x": S, "y": S},
    ),
    "an objective before its equation": (
        r"$$\max_w \; \log p, \quad p = \sigma(w x)$$",
        lambda w, x: np.log(sigmoid(w * x)),
        {"w": S, "x": S},
    ),
}

REFUSED = {
    "an equation of one member": (
        r"$$h_i = \tanh(\sum_j W_{ij} x_j), \quad i = 2, 3$$ $$L = \sum_i (h_i - t_i)^2$$",
        "notes.of_one_case",
    ),
    "entries on a diagonal": (
        r"$$L = \sum_i \sum_j (h_{ij} - t_{ij})^2, \quad i = j$$",
        "notes.of_one_case",
    ),
    "units that are listed": (
        r"$$h_1 = \tanh(a x), \quad h_2 = \tanh(b x)$$ with $h = [h_1, h_2]^T$. $$L = (v^\top h - t)^2$$",
        "notes.computed_within",
    ),
    "a function of a list of parameters": (
        r"$$J(\vec w, b) = \frac1{2m} \sum_{i=1}^m (f_{\vec w, b}(\vec x^{(i)}) - y^{(i)})^2"
        r" + \lambda \sum_{j=1}^n w_j^2$$",
        "notes.function_of_mark",
    ),
    "the other event": (
        r"$$P(y = 1 \mid x) = \sigma(w^\top x)$$ $$L = -\log P(y = 0 \mid x).$$ with $x \in \mathbb{R}^d$.",
        "notes.function_not_put_in",
    ),
    "an event of another quantity": (
        r"$$P(y = k \mid x) = \frac{\exp(w_k^\top x)}{\sum_{j=1}^K \exp(w_j^\top x)}$$"
        r" $$L = -\log P(z \mid x).$$ with $x \in \mathbb{R}^d$.",
        "notes.function_not_put_in",
    ),
    "an event of a letter that is summed over": (
        r"$$P(y = j \mid x) = \frac{\exp(w_j^\top x)}{\sum_{k=1}^K \exp(w_k^\top x)}$$"
        r" $$L = -\log P(y = k \mid x).$$ with $x \in \mathbb{R}^d$.",
        "notes.function_not_put_in",
    ),
    "a mask with the letter of its size": (
        r"$$L = (v^\top (m \odot h) - y)^2$$ with $h \in \mathbb{R}^m$ and a mask $m \in \{0, 1\}^m$.",
        "notes.size_is_quantity",
    ),
    "an objective that adds to the loss": (
        r"$$L = (w x - y)^2$$ We solve $$\min_w L + \lambda w^2.$$",
        "notes.nameless_objective",
    ),
    "two objectives": (r"$$\min_w (w x - y)^2$$ and $$\min_v (v x - y)^2.$$", "notes.two_objectives"),
    "what is asked for stands in an equation of two logarithms": (
        r"$$\log a + \log b = w x, \quad L = (a - y)^2$$ Compute $\partial L/\partial w$.",
        "notes.asked_in_unread",
    ),
    "an equation of one example without its data": (
        r"$$\hat y = w x + b, \quad L = \sum_{i=1}^N (\hat y_i - y_i)^2$$",
        "notes.without_index",
    ),
    "a loss in words": (r"$$z = w x$$ The loss is the squared error.", "notes.loss_not_read"),
    "some loss that is told in words": (
        r"$$q = W x, \quad o = \tanh(q)$$ with $W \in \mathbb{R}^{K \times D}$. Let $L$ be some scalar loss."
        r" The loss is the squared error of $o$ and $t$. Find $\partial L/\partial W$.",
        "notes.loss_not_read",
    ),
    "a derivative that is not given": (
        r"$$q = W x, \quad o = \tanh(q)$$ with $W \in \mathbb{R}^{K \times D}$. Let $G = \partial L/\partial o$ be the"
        r" gradient of the loss. Find $\partial L/\partial W$.",
        "notes.loss_not_read",
    ),
    "a loss of two in words": (
        r"$$p = \sigma(w x)$$ The loss function is the cross-entropy of $p$ and $y$.",
        "notes.loss_not_read",
    ),
    "a size that may be a transpose": (
        r"Let $\mathbf{X} \in \mathbb{R}^{T \times d}$. $$L = \|\mathbf{X}\mathbf{X}^T - \mathbf{T}\|_F^2$$",
        "notes.size_is_quantity",
    ),
    "a member beside a computed array": (
        r"$$\hat{\mathbf{Y}} = \mathbf{X} \mathbf{B}, \quad R = \sum_i \|\mathbf{y}_i - \hat{\mathbf{y}}_i\|^2$$",
        "notes.letter_case",
    ),
    "a neighbour before the first": (r"$$L = \sum_{i=1}^{n} (x_i - x_{i-1})^2$$", "notes.runs_out"),
    "two before, from the second on": (r"$$L = \sum_{i=2}^{n} (x_i - x_{i-2})^2$$", "notes.runs_out"),
    "a length of a number and a vector": (
        r"$$a_i = \frac{e^{q^T k_i}}{\sum_j e^{q^T k_j}}, \quad o = \sum_i a_i v_i, \quad L = \|o - t\|^2$$",
        "notes.norm_of_number",
    ),
    "sigma before a factor": (r"$$z = m + \sigma \epsilon, \quad L = (z - t)^2$$", "latex.sigma_bare"),
    "a power of sigma before a factor": (r"$$L = \sigma^2 \sum_{n=1}^N (w x_n - t_n)^2$$", "latex.sigma_bare"),
    "a length of matrices": (r"$$L = \|AX - B\|^2$$", "notes.norm_of_number"),
    "a letter that is a number, too": (r"$$L = \sum_{i=1}^{n-1} i (x_{i+1} - x_i)^2$$", "notes.letter_as_number"),
}


@pytest.mark.parametrize(
    "objective",
    [
        r"\min_w \; \|X w - y\|^2 \quad \text{s.t.} \quad \|w\| \leq 1", r"\min_w \; \|X w - y\|^2, \quad \|w\| \leq 1",
        r"\min_w \sum_i \ell(f_w(x_i), y_i)", r"\max_i x_i",
    ],
)  # fmt: skip
def test_other_signs_of_what_is_sought_make_no_objective(objective: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        loaded(tmp_path, rf"With $X \in \mathbb{{R}}^{{N \times D}}$ let $${objective}.$$ Find the gradient by $w$.")


@pytest.mark.parametrize(
    ("claim", "kinds", "holds"),
    [
        ("Show that $dz = 2 (z - y)$ and derive $dw$.", ["show", "derive"], True),
        ("Show that $$dz = 2 (z - y), \\quad dw = x dz, \\quad db = dz.$$", ["show"], True),
        ("Show that $$dz = 3 (z - y).$$", ["show"], False),
        ("Here $$dz = 2 (z - y), \\quad dw = x dz.$$", [], True),
        ("Show that $$dz = w dx.$$", [], True),  # Differentials of what is given are of another calculus.
        ("Show that $$dL = 2 (z - y) dz.$$", [], True),
    ],
)
def test_differentials_are_derivatives_of_the_loss(claim: str, kinds: list[str], holds: bool, tmp_path: Path) -> None:
    note = loaded(tmp_path, "$$z = w x + b, L = (z - y)^2$$ " + claim)
    assert {s.name for s in note.symbols.values()} == {"w", "x", "b", "y", "z", "L"}
    assert [part.kind for part in note.parts] == kinds
    assert kinds or any("derivative that nobody" in r or "left side is no" in r for r in map(str, note.remarks))
    solution = note.solve()
    assert (not false_claims(note, solution.derivations, solution.points)) == holds


@pytest.mark.parametrize(
    ("claim", "kinds", "holds"),
    [
        (r"Show that $\partial L/\partial w = 2 (z - y) x = 2 (w x + b - y) x$.", ["show"], True),
        (r"Show that $\partial L/\partial w = 2 (z - y) x = (w x + b - y) x$.", ["show"], False),
        (r"Show that $\partial L/\partial w = (z - y) x = 2 (z - y) x$.", ["show"], False),
        (r"Show that $$\begin{aligned} \nabla_w L &= 2 (z - y) x \\ &= 2 z x - 2 y x.\end{aligned}$$", ["show"], True),
        (r"Show that $$\begin{aligned} \nabla_w L &= 2 (z - y) x \\ &= 2 z x - y x.\end{aligned}$$", ["show"], False),
        (
            r"Prove that $$\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z} \frac{\partial z}{\partial w}"
            r" = 2 (z - y) x.$$",
            ["show"],
            True,
        ),
        (r"Show that $$\delta = \frac{\partial L}{\partial z} = 2 (z - y).$$", ["show"], True),
        (r"Show that $$\delta = \nabla_z L = z - y.$$", ["show"], False),
        (r"Here $$\frac{\partial L}{\partial z} = 2 (z - y) = 2 z - 2 y.$$", [], True),
    ],
)
def test_each_side_of_a_derivative_is_an_equation(claim: str, kinds: list[str], holds: bool, tmp_path: Path) -> None:
    note = loaded(tmp_path, "$$z = w x + b, L = (z - y)^2$$ " + claim)
    assert {s.name for s in note.symbols.values()} == {"w", "x", "b", "y", "z", "L"}
    assert [part.kind for part in note.parts] == kinds
    assert "Here" not in claim or any("derivative that nobody" in remark for remark in map(str, note.remarks))
    solution = note.solve()
    assert (not false_claims(note, solution.derivations, solution.points)) == holds


def test_the_letter_of_the_classes_is_that_of_their_axis(tmp_path: Path) -> None:
    layers = r"$$h = \tanh(W_1 x + b_1), \quad p = \mathrm{softmax}(W_2 h + b_2), \quad L = -\sum_k y_k \log p_k$$"
    text = layers + r" with $x \in \mathbb{R}^D$, $K$ classes and a one-hot $y$; $H$ is not used."
    problem = loaded(tmp_path, text)
    shapes = {name: symbol.shape for name, symbol in problem.symbols.items()}
    assert [str(axis) for axis in shapes["y"]] == ["K"]
    assert {str(axis) for axis in shapes["b1"]}.isdisjoint(("K", "H", "D"))


def test_a_declared_matrix_has_the_sizes_of_its_entries(tmp_path: Path) -> None:
    note = loaded(tmp_path, NOTES["a declared matrix of which only entries are used"][0])
    assert [str(axis) for axis in note.symbols["x"].shape] == ["N", "D"]


def test_what_the_equations_tell_to_be_square_may_be_called_symmetric(tmp_path: Path) -> None:
    text = r"$$\ell = \log|\Sigma| + (x-\mu)^\top \Sigma^{-1} (x-\mu)$$ with $x, \mu \in \mathbb{R}^D$ and $\Sigma$ "
    for words, symmetric in (("symmetric.", True), ("symmetric positive definite.", True), ("invertible.", False)):
        note = loaded(tmp_path, text + words)
        assert note.symbols["Sigma"].symmetric is symmetric
        assert not any("not read here" in remark for remark in note.remarks)


def test_a_bold_number_with_an_index_is_no_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 cannot be a name"):
        loaded(tmp_path, r"$$L = \sum_{i=1}^n (y_i - \mathbf{2}_i^\top \boldsymbol\beta)^2$$")


def test_the_power_of_an_interval_is_a_size(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot multiply"):
        loaded(tmp_path, r"$$L = (w^\top x - y)^2$$ with $x \in [-1,1]^{D}$ and $w \in \mathbb{R}^K$.")


@pytest.mark.parametrize(("given", "binds"), [(r"\{(x_i, y_i)\}_{i=1}^N", False), (r"\{w : \|w\| = 1\}", True)])
def test_a_set_of_examples_binds_nothing(given: str, binds: bool, tmp_path: Path) -> None:
    text = rf"Let ${given}$ be given, $x_i \in \mathbb{{R}}^d$. $$L = \sum_{{i=1}}^N (w^\top x_i - y_i)^2$$"
    assert any("may bind" in remark for remark in loaded(tmp_path, text).remarks) is binds


@pytest.mark.parametrize("left", [r"\max_i z_i", r"\min_{c} d_c", r"z \cdot 2", r"|z|", r"\sin z", "2z"])
def test_an_equation_without_a_quantity_at_its_left_is_named(left: str, tmp_path: Path) -> None:
    problem = loaded(tmp_path, f"$${left} = w x + b$$\n$$L = (z - t)^2$$")
    assert "passed over, line 1: an equation whose left side is no quantity" in problem.remarks


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_open_is_refused_by_name(name: str, tmp_path: Path) -> None:
    text, code = REFUSED[name]
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert code in {diagnostic.code for diagnostic in caught.value.diagnostics}
    assert all(diagnostic.file for diagnostic in caught.value.diagnostics)


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_read_as_meant(name: str, tmp_path: Path) -> None:
    text, truth, shapes = NOTES[name]
    same_as(loaded(tmp_path, text), truth, shapes)


LAYERS = (
    r"Let $x \in \mathbb{R}^D$, $W \in \mathbb{R}^{H \times D}$, $b \in \mathbb{R}^H$ and "
    r"$V \in \mathbb{R}^{K \times H}$. $$h = \tanh(W x + b), \quad L = \frac12 \|V h - y\|^2 + \lambda \|W\|_F^2$$"
    "\n\n"
)


@pytest.mark.parametrize(
    ("words", "kind", "names"),
    [
        ("Derive backpropagation for this network.", "gradients", ("W", "b", "V")),
        ("Derive the backpropagation equations for all parameters.", "gradients", ("W", "b", "V")),
        ("Compute all gradients.", "gradients", ("W", "b", "V")),
        ("Write down the backward pass.", "list", ("W", "b", "V")),
        ("Leiten Sie die Backpropagation-Gleichungen her.", "gradients", ("W", "b", "V")),
        ("Compute a subgradient of $L$ with respect to $W$.", "gradients", ("W",)),
        ("Find:\n\n- $\\frac{\\partial L}{\\partial W}$\n- $\\frac{\\partial L}{\\partial b}$\n", "derive", ("W", "b")),
        (
            "Compute these:\n\n1. $\\frac{\\partial L}{\\partial V}$,\n2. $\\frac{\\partial L}{\\partial b}$.\n",
            "derive",
            ("V", "b"),
        ),
        (r"Write $\nabla_W L$ in terms of $x$ and $h$.", "gradients", ("W",)),
        (r"Use the chain rule to compute $\frac{dL}{db}$.", "derive", ("b",)),
    ],
)
def test_a_question_about_the_whole_network(words: str, kind: str, names: tuple[str, ...], tmp_path: Path) -> None:
    (part,) = loaded(tmp_path, LAYERS + words).parts
    assert (part.kind, part.targets) == (kind, names)


@pytest.mark.parametrize(
    "words", ["Explain backpropagation.", "Derive backpropagation with momentum.", "Implement the backward pass."]
)
def test_another_question_about_the_whole_network_is_named(words: str, tmp_path: Path) -> None:
    note = loaded(tmp_path, LAYERS + words)
    assert not note.parts
    assert any(f"what looks like a question: {words}" in remark for remark in note.remarks)


def test_what_the_words_near_seem_to_call_a_label_is_none_where_a_derivative_is_by_it(tmp_path: Path) -> None:
    note = loaded(
        tmp_path,
        r"With $\mathbf{A} \in \mathbb{R}^{d \times m}$ the score is $s = \mathbf{q}^\top \mathbf{A} \mathbf{u}$, "
        r"and for a label $c$ $$L = \log(1 + e^{-c s}).$$ Compute $\partial L / \partial \mathbf{A}$.",
    )
    assert note.symbols["A"].role == "parameter"
    assert [part.targets for part in note.parts] == [("A",)]


def test_the_number_of_the_example_is_no_class(tmp_path: Path) -> None:
    note = loaded(
        tmp_path,
        r"For the $i$-th example with label $y_i$ the scores are $s = W x_i$ with $W \in \mathbb{R}^{C \times D}$. "
        r"$$L_i = \sum_{j \neq y_i} \max(0, s_j - s_{y_i} + 1)$$",
    )
    assert {s.name: s.shape for s in note.symbols.values()} == {
        "W": ("C", "D"), "x_i": ("D",), "y_i": (), "s": ("C",), "L_i": (),
    }  # fmt: skip


def test_what_is_to_be_shown_within_a_sentence_is_a_part_or_named(tmp_path: Path) -> None:
    note = loaded(
        tmp_path,
        r"Show that for $\ell = (z - y)^2$ with $z = w x$ we have $\frac{\partial \ell}{\partial z} = 2 (z - y)$, "
        r"and derive $\frac{\partial \ell}{\partial w}$.",
    )
    assert [(part.kind, part.targets) for part in note.parts] == [("show", ()), ("derive", ("w",))]
    note = loaded(
        tmp_path,
        r"$$\ell = (w x - y)^2$$ Prove the identity $\frac{\partial \ell}{\partial w} = 2 (w x - y) x$ and find "
        r"$\frac{\partial \ell}{\partial x}$.",
    )
    assert [part.targets for part in note.parts] == [("x",)]
    assert note.remarks == ("passed over, line 1: a derivative that nobody asks for",)
