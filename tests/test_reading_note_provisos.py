"""What the words of a note, or its signs, change in what its equations seem to say; and what changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_reading_cases import loaded, same_as, sigmoid
from test_reading_note_kinds import D, K, N, Note, S

from backsym.core.errors import InputError

LAYER = r"$$\mathbf{z} = \mathbf{W}\mathbf{x} + \mathbf{b}, \quad L = \tfrac12\|\mathbf{z} - \mathbf{t}\|^2$$ "
LINE = r"$$y = w x + b, \quad L = (y - t)^2$$ "
SQUASHED = r"$$\mathbf{h} = \tanh(\mathbf{W}\mathbf{x}), \quad L = \tfrac12\|\mathbf{h} - \mathbf{t}\|^2$$ "
TWO = r"$$q = w x, \quad y = v x, \quad L = (y - q)^2$$ "
PENALISED = r"$$J = (w x - t)^2 + \lambda w^2$$ "
CLASSES = r"$$\mathbf{A} = \mathrm{softmax}(\mathbf{S}), \quad L = \|\mathbf{A} - \mathbf{T}\|_F^2$$ "
NORMS = r"$$\mathbf{y} = \mathbf{W}\mathbf{x}, \quad L = \|\mathbf{y} - \mathbf{t}\|$$ "
SIGNS = r"$$\mathbf{y} = \mathbf{w} * \mathbf{x}, \quad L = \|\mathbf{y} - \mathbf{t}\|^2$$ "

REFUSED = {
    # Left out.
    "the bias is ignored": (LAYER + "In the following we ignore the bias.", "left_out"),
    "the letter is dropped": (LAYER + r"We drop $\mathbf{b}$ from now on.", "left_out"),
    "the letter is dropped, passive": (LAYER + r"Here $\mathbf{b}$ is neglected.", "left_out"),
    "without a bias, in German": (LAYER + r"Den Bias $\mathbf{b}$ vernachlässigen wir im Folgenden.", "left_out"),
    "a German verb in two": (LAYER + "Den Bias lassen wir weg.", "left_out"),
    "biases that are zero": (LAYER + "All biases are zero.", "left_out"),
    "a letter that is zero": (LAYER + r"For simplicity $\mathbf{b}$ is set to zero.", "left_out"),
    # Held.
    "a node as a constant": (TWO + "Treat $q$ as a constant.", "held"),
    "a node held": (TWO + r"Here $q$ is held constant. Compute $\frac{\partial L}{\partial v}$.", "held"),
    "no gradient flows": (TWO + "No gradient flows through $q$.", "held"),
    "a stopped gradient": (TWO + "We apply a stop-gradient to $q$.", "held"),
    "a node as a constant, in German": (TWO + "Dabei wird $q$ als konstant betrachtet.", "held"),
    "a node that is said not to depend": (TWO + "where $q$ does not depend on $w$.", "denied"),
    "a mean that is said not to depend": (
        r"$$\mu = \frac1n \sum_i x_i, \quad L = \sum_i (x_i - \mu)^4$$ Here $\mu$ is independent of $x_i$.", "denied",
    ),
    "a node that is fixed": (TWO + "We keep $q$ fixed.", "held"),
    # Bound.
    "triangular": (LAYER + r"where $\mathbf{W}$ is lower triangular.", "bound"),
    "diagonal": (LAYER + r"Let $\mathbf{W} \in \mathbb{R}^{D \times D}$ be a diagonal matrix.", "bound"),
    "a unit vector": (r"Let $\mathbf{w}$ be a unit vector. $$L = (\mathbf{w}^\top \mathbf{x} - t)^2$$", "bound"),
    "triangular, in German": (LAYER + r"Dabei ist $\mathbf{W}$ eine untere Dreiecksmatrix.", "bound"),
    # Functions and signs.
    "logarithms to base 2": (r"$$p = \sigma(w x), \quad L = -\log p$$ All logarithms are to base 2.", "base"),
    "logarithms to base $2$": (r"$$p = \sigma(w x), \quad L = -\log p$$ where $\log$ has base $2$.", "base"),
    "a German logarithm": (r"$$p = \sigma(w x), \quad L = -\log p$$ Der Logarithmus ist der zur Basis 2.", "base"),
    "another norm": (NORMS + r"where $\|\cdot\|$ denotes the $\ell_1$ norm.", "norm"),
    "another norm by its name": (NORMS + r"Here $\|\cdot\|$ is the maximum norm.", "norm"),
    "softmax of columns": (CLASSES + "where each column sums to one after the softmax.", "columns"),
    "softmax of columns, in German": (CLASSES + "Die Softmax wird spaltenweise berechnet.", "columns"),
    "a convolution": (SIGNS + "where $*$ denotes convolution.", "product"),
    "a convolution, in German": (SIGNS + "Dabei ist $*$ die Faltung.", "product"),
    # Added, corrected, negated.
    "weight decay": (LINE + r"In addition we use weight decay with coefficient $\lambda$.", "added"),
    "a regulariser with a number": (LINE + r"We add $L_2$ regularization with strength 0.01.", "added"),
    "a term that is added": (LINE + r"To the loss we add $\lambda w^2$.", "added"),
    "a regulariser, in German": (LINE + r"Wir verwenden einen Regularisierungsterm mit Faktor $\lambda$.", "added"),
    "an erratum": (LINE + r"Erratum: the loss should read $L = \frac12 (y - t)^2$.", "corrected"),
    "used instead": (LINE + r"In this exercise we use instead $$L = |y - t|$$", "corrected"),
    "used instead, in German": (LINE + r"Stattdessen verwenden wir $$L = |y - t|$$", "corrected"),
    "a negated likelihood": (
        r"$$p_i = \sigma(w x_i), \quad \ell = \sum_{i=1}^n y_i \log p_i$$ The loss is the negative of $\ell$.",
        "negated",
    ),
    "a likelihood negated in the question": (
        r"$$\ell = y \log p, \quad p = \sigma(w x)$$ is the log-likelihood. Derive the gradient of the negative"
        r" log-likelihood with respect to $w$.", "negated",
    ),
    "a likelihood whose negative is minimised": (
        r"$$\ell = \sum_{n=1}^N y_n \log \sigma(w x_n)$$ is the likelihood. We minimise its negative.", "negated",
    ),
    "an objective whose negative is minimised": (
        r"$$\max_w \; w x - \frac12 w^2$$ The loss is the negative of this objective.", "negated",
    ),
    "unlike before, without a bias": (LINE + "Unlike in the lecture, we ignore the bias.", "left_out"),
    "one example of many": (
        r"$$L = \sum_{n=1}^N (w^\top x_n - y_n)^2$$ with $x_n \in \mathbb{R}^D$. "
        "Compute the gradient with respect to $w$ for a single example.", "example",
    ),
    "a frozen matrix": (LAYER + r"$\mathbf{W}$ is frozen. Compute the gradients by all parameters.", "frozen"),
    "an activation that is another": (
        r"$$\mathbf{h} = \sigma(\mathbf{W}\mathbf{x}), \quad L = \|\mathbf{h} - \mathbf{t}\|^2$$ "
        "Assume that hidden activations are tanh.", "function",
    ),
    "a function in words": (LAYER + r"The output is passed through a softmax before it is compared.", "function"),
    "layers that share": (
        r"$$h = \tanh(W_1 x), \quad L = (\tanh(W_2 h) - t)^2$$ The two layers share their weights.", "tied",
    ),
    "weights that are fixed": (
        LAYER + r"The weights $\mathbf{W}$ are fixed. Compute the gradients with respect to all parameters.", "frozen",
    ),
    "an exception": (
        r"$$h = a(w x), \quad L = (h - t)^2$$ with $a(z) = \max(0, z)$ for all units except the first.", "excepted",
    ),
    "a mean instead": (
        r"$$L = \sum_{n=1}^N (w x_n - t_n)^2$$ but with the average over the batch instead of the sum.", "averaged",
    ),
    "another norm by its number": (r"Let $\|\cdot\|$ be the 1-norm. " + NORMS, "norm"),
    "not backpropagated": (TWO + "We do not backpropagate through the target.", "held"),
    "a row that is fixed": (LAYER + r"The first row of $\mathbf{W}$ is fixed.", "bound"),
    "not trained, in German": (
        LAYER + r"Der Bias $\mathbf{b}$ wird nicht trainiert. Berechnen Sie die Gradienten nach allen Parametern.",
        "frozen",
    ),
    "a bias that no equation has": (LINE.replace(" + b", "") + "Each unit also has a bias.", "added"),
    # What no equation does.
    "averaged": (r"$$L = \sum_{n=1}^N (w x_n - t_n)^2$$ We average over all examples.", "averaged"),
    "averaged, before": ("Averaging over the batch, the loss is " + LINE, "averaged"),
    "averaged, in German": (LINE + "Der Verlust wird über den Batch gemittelt.", "averaged"),
    "summed": (LINE + "The loss is summed over all outputs.", "averaged"),
    "a penalty behind a display": (LINE + "plus an L2 penalty.", "added"),
    "a penalty, in German": (LINE + "zuzüglich eines Strafterms.", "added"),
    "skip connections": (LAYER + "There are skip connections around each layer.", "added"),
    "scaled inputs": (LAYER + r"The inputs are scaled by $1/255$.", "scaled"),
    "scaled, in German": (LAYER + r"Die Eingaben werden mit 0.5 multipliziert.", "scaled"),
    "a part of the loss": (LINE + "The loss is 5% of the squared error.", "scaled"),
    "half of the loss": (LINE + "The loss is half the squared error.", "scaled"),
    "a loss in parts": (LINE + "The loss is quadratic for small residuals and linear for large ones.", "function"),
    "a function that is applied": (LAYER + "A softmax is applied to the output.", "function"),
    "an output that is normalised": (LAYER + "The output is normalised to unit length.", "layer"),
    "weights that are clipped": (LAYER + "The weights are clipped to $[-1, 1]$.", "layer"),
    "a layer that is pooled": (LAYER + "We use max pooling after the hidden layer.", "layer"),
    "dropout": (LAYER + "During training dropout is applied to the input.", "dropout"),
    "a part of the units": (LAYER + r"20% of the units are dropped at random.", "dropout"),
    "shared weights": (TWO + "The weights are shared.", "tied"),
    "an exception of a penalty": (
        r"$$y = w x + b, \quad L = (y - t)^2 + \lambda (w^2 + b^2)$$ The bias is not regularised.", "excepted",
    ),
    "a flow that is cut": (TWO + "The gradient is cut at $q$.", "held"),
    "a flow that is cut, in German": (TWO + "Der Gradient fließt nicht durch $q$.", "held"),
    "complex numbers": (r"Let $z$ be complex. $$z = w x, \quad L = |z - t|^2$$", "complex"),
    "the imaginary unit": (r"$$z = a + \mathrm{i} b, \quad L = z^2$$", "complex"),
    "a root of minus one": (r"$$z = a + i b, \quad L = z^2$$ with $i^2 = -1$.", "complex"),
    "a conjugate": (r"$$z = a + i b, \quad L = z \bar z$$", "complex"),
    "a turn": (r"$$z = e^{i w}, \quad L = (z - t)^2$$", "complex"),
    "we average": (LAYER + "We average the loss over all examples.", "averaged"),
    "another activation": (SQUASHED + "The hidden activation is a ReLU.", "function"),
    "another activation, in German": (SQUASHED + "Die Aktivierung ist eine ReLU.", "function"),
    "as in the next chapter": (LAYER + "As in the next chapter, we add a regulariser.", "added"),
    "here and in the next chapter": (LAYER + "In the next chapter we add noise; here we add an L2 penalty.", "added"),
    "explained in the next chapter": (LAYER + "We add a penalty, which the next chapter explains.", "added"),
    "images that were scaled, with their letter": (LAYER + r"The images $\mathbf{x}$ were divided by 255.", "scaled"),
    "inputs that were scaled": (LAYER + "The image inputs were divided by 255.", "scaled"),
    "images that are scaled in the network": (LAYER + "The images were scaled by 3 in the first layer.", "scaled"),
    "a code of another input": (
        r"The vector $\mathbf{v}$ is the encoding of $\mathbf{x}'$. "
        r"$$\mathbf{u} = \tanh(\mathbf{W}\mathbf{x}), \quad L = \|\mathbf{u} - \mathbf{v}\|^2$$", "coded",
    ),
    # Another problem in the question itself.
    "a penalty left out of the question": (PENALISED + r"Compute $\nabla_w J$ without the penalty.", "left_out"),
    "a penalty left out, in German": (
        PENALISED + r"Vernachlässigen Sie den Regularisierungsterm und berechnen Sie $\nabla_w J$.", "left_out",
    ),
    "a function replaced in the question": (
        SQUASHED + r"Replace $\tanh$ with the identity and find $\partial L/\partial\mathbf{W}$.", "changed",
    ),
    "a function replaced, in German": (SQUASHED + r"Nun wird $\tanh$ durch die ReLU ersetzt.", "changed"),
    "a loss instead": (
        LINE + r"Instead of the squared error take the absolute one and find $\partial L/\partial w$.", "changed",
    ),
    "an exception in the question": (
        LINE + r"Find $\partial L/\partial w$ as above, except that the loss is $|y - t|$.", "changed",
    ),
    "another derivative": (
        r"$$L = (\mathrm{sign}(w x) - t)^2$$ Use the straight-through estimator to find $\partial L/\partial w$.",
        "changed",
    ),
    "a likelihood without a minus": (
        r"$$p = \sigma(w x), \quad \ell = y \log p$$ Derive the gradient of the negative log-likelihood.",
        "negated",
    ),
    "truncated": (
        r"$$h_t = \tanh(u h_{t-1} + x_t), \quad L = \sum_{t=1}^T h_t^2$$ Use truncated BPTT.", "held",
    ),
}  # fmt: skip

SEEMING = {
    "entry by entry with a light letter": (
        r"$$\mathbf{c} = g \odot \mathbf{v}, \quad L = \|\mathbf{c}\|^2$$ with $\mathbf{v} \in \mathbb{R}^n$.",
        "notes.entrywise_number",
    ),
    "entry by entry with what a bold matrix would give one row": (
        r"$$i = \sigma(\mathbf{W} \mathbf{x} + b), \quad \mathbf{c} = i \odot \mathbf{v}, \quad L = \|\mathbf{c}\|^2$$",
        "notes.entrywise_number",
    ),
    "weights before members": (
        r"$$h_t = \tanh(W h_{t-1} + U x_t + b), \quad L = \sum_{t=1}^T (v h_t - y_t)^2$$", "notes.number_or_matrix",
    ),
    "a penalty of another kind": (
        r"We use $\ell_1$ regularization. $$J = \sum_{i=1}^m (w x_i - y_i)^2 + \lambda w^2$$", "notes.proviso.added",
    ),
    "squares that no equation has": (
        r"We use $L_2$ regularization. $$J = \sum_{i=1}^m (w x_i - y_i)^2$$", "notes.proviso.added",
    ),
    "a change with an equation": (
        r"$$L = -\log \sigma(\Delta r), \quad \Delta r = r_w - r_l$$", "notes.change_or_product",
    ),
    "a change without one": (r"$$L = (x + \Delta x - y)^2$$", "notes.change_or_product"),
    "a small change": (r"$$L = (w x + \delta x - y)^2, \quad \delta x = v w$$", "notes.change_or_product"),
    "a sign that says nearly": (r"$$p \propto \exp(w x), \quad L = -\log p$$", "notes.only_nearly"),
    "a sign that says nearly, within": (r"$$L = -\log p$$ where $p \approx \exp(w x)$.", "notes.only_nearly"),
    "bold and light": (
        r"$$\mathbf{y} = \mathbf{W} \mathbf{x}, \quad L = \|\mathbf{y} - y\|^2$$", "notes.light_and_bold",
    ),
    "one formula of two, by cases": (
        r"$f(z) = z$ for $z > 0$ and $f(z) = 0$ otherwise. $$h = f(w x), \quad L = (h - t)^2$$", "notes.of_one_case",
    ),
    "a quantity in one case": (
        r"Es sei $y = z$ falls $z > 0$ und $0$ sonst. $$z = w x, \quad L = (y - t)^2$$", "notes.of_one_case",
    ),
    "two functions of one letter": (
        "$$h = f(w x), \\quad L = (h - t)^2$$ with\n\n- $f(z) = \\tanh(z)$\n- $f(z) = z^3$\n", "notes.two_functions",
    ),
    "a power of a function": (r"$f(x) = w x$ $$y = f(x), \quad L = (f^2(x) - y)^2$$", "notes.function_not_put_in"),
    "another equation for another question": (
        LINE + r"(a) Compute $\partial L/\partial w$. (b) Now let $L = |y - t|$. Compute $\partial L/\partial w$.",
        "notes.two_problems",
    ),
    "two cases": (r"$z = w x$. Fall 1: $y = z^2$. Fall 2: $y = z^3$. $$L = (y - t)^2$$", "notes.two_problems"),
    "one equation or another in a display": (
        r"$$y = \sigma(w x) \quad\text{or, with tanh,}\quad y = \tanh(w x), \quad L = (y - t)^2$$",
        "notes.two_problems",
    ),
    "two losses in a list": (
        "$$y = w x$$ Compute $\\partial L/\\partial w$ for\n\na) $L = (y - t)^2$\n\nb) $L = |y - t|$\n",
        "notes.two_problems",
    ),
    "the equation of the last lecture": (
        "In the last lecture we had\n$$y = w x, \\quad L = |y - t|.$$\nNow $$y = w x + b, \\quad L = (y - t)^2.$$",
        "notes.two_problems",
    ),
    "the same for another loss": (
        LINE + r"(a) Find $\partial L/\partial w$. (b) Repeat for $L = |y - t|$.", "notes.two_problems",
    ),
    "rows and columns the other way round": (
        r"$W$ has $D$ rows and $K$ columns, $x \in \mathbb{R}^D$. $$y = W x, \quad L = \|y - t\|^2$$",
        "meaning.cannot_multiply_as_matrices",
    ),
    "a matrix of another size, in German": (
        r"Sei $W$ eine $D \times K$-Matrix, $x \in \mathbb{R}^D$. $$y = W x, \quad L = \|y - t\|^2$$",
        "meaning.cannot_multiply_as_matrices",
    ),
    "a sigma that is denied": (
        r"$$h = \sigma(w x), \quad L = (h - t)^2$$ where $\sigma$ is not the logistic function but tanh.",
        "notes.sigma_is_open",
    ),
    "a sigma beside declared shapes": (
        r"Let $x, w \in \mathbb{R}^D$. $$z = w^\top x, \quad y = \sigma z, \quad L = (y - t)^2$$", "latex.sigma_bare",
    ),
    "a sigma that is positive": (
        r"Let $\sigma > 0$ be fixed. $$y = \sigma (w x + b), \quad L = (y - t)^2$$", "notes.sigma_is_open",
    ),
    "a loss with a derivative": (
        r"$$u = w x^2$$ $$L = \left(\frac{\partial u}{\partial x} - g\right)^2$$ Compute $\partial L/\partial w$.",
        "notes.defined_by_derivative",
    ),
    "the gradient of each loss": (
        r"$$y = w x, \quad L_1 = (y - t)^2, \quad L_2 = |y - t|$$ "
        "Compute the gradient of each loss with respect to $w$.",
        "notes.which_loss",
    ),
    "what is multiplied in words": (LINE + "$y$ is multiplied by a random mask $m$.", "notes.proviso.scaled"),
    "what is added in words": (LINE + r"Noise $\epsilon$ is added to $y$.", "notes.proviso.added"),
    "a cross product": (
        r"Let $a, b, t \in \mathbb{R}^3$. $$y = a \times b, \quad L = \|y - t\|^2$$", "notes.cross_product",
    ),
    "a slash before a size that touches": (
        r"Let $X \in \mathbb{R}^{N\times D}$, $w \in \mathbb{R}^D$, $t \in \mathbb{R}^N$. $$L = 1/2N \|X w - t\|^2$$",
        "latex.unclear_slash",
    ),
    "two ends and an abstract loss": (
        r"Let $W, V \in \mathbb{R}^{K\times D}$, $x \in \mathbb{R}^D$. $$y = W x, \quad z = V x$$ Given "
        r"$\frac{\partial L}{\partial y}$ and $\frac{\partial L}{\partial z}$, compute $\partial L/\partial x$.",
        "notes.several_ends",
    ),
    "members of a square array": (
        r"Let $X \in \mathbb{R}^{D\times D}$ have the columns $x_n$, $w \in \mathbb{R}^D$. "
        r"$$L = \sum_{n=1}^D (w^\top x_n - t_n)^2 + w^\top X X^\top w$$", "notes.letter_case",
    ),
    "one function or another": (
        r"Let $g(u) = \tanh(u)$ or $g(u) = \max(0, u)$. $$h = g(w x), \quad L = (h - t)^2$$", "notes.two_functions",
    ),
    "a derivative of another function": (
        r"$$h = \sigma(w x), \quad L = (h - t)^2$$ where $\sigma'(z) = 1 - \sigma(z)^2$.", "notes.other_slope",
    ),
    "a function that is one of several": (
        r"$$h = \sigma(w x), \quad L = (h - t)^2$$ where $\sigma$ is a function, e.g. tanh or ReLU.",
        "notes.sigma_is_open",
    ),
    "data that are changed": (
        r"First $x \leftarrow x - \mu$, then $$y = w x, \quad L = (y - t)^2$$", "notes.assigned",
    ),
    "other brackets": (
        r"We use $\langle u, v \rangle = \sum_i c_i u_i v_i$. "
        r"$$L = (\langle \mathbf{w}, \mathbf{x} \rangle - t)^2$$", "notes.other_sign",
    ),
    "another positive part": (
        r"$$h = [w x]_+, \quad L = (h - t)^2$$ where $[z]_+ = \log(1 + e^z)$.", "notes.other_sign",
    ),
    "a number of the letter of an index": (
        r"$$L = \frac{1}{n} \sum_{n=1}^N (w x_n - t_n)^2$$", "notes.letter_as_number",
    ),
    "a loss by its name": (
        r"$$L = \sum_{n=1}^N \ell(w x_n, t_n)$$ with the logistic loss $\ell$.", "notes.function_not_put_in",
    ),
    "their mean": (
        r"Denote by $m$ their mean. $$L = \sum_{i=1}^n (x_i - m)^2$$", "notes.computed_in_words",
    ),
    "members above": (r"$$L = (w x^1 + b - y^1)^2 + (w x^2 + b - y^2)^2$$", "notes.power_or_member"),
    "a size behind a slash": (r"$$L = 1/2N \sum_{n=1}^N (w x_n - t_n)^2$$", "latex.unclear_slash"),
    "a size behind a size": (r"$$L = 1/N K \sum_{n=1}^N \sum_{k=1}^K (w_k x_n - t_{nk})^2$$", "latex.unclear_slash"),
    "the logarithm of 1": (r"$$p = \sigma(w x), \quad L = -(1-t) \ln 1-p$$", "latex.unclear_argument"),
    "a letter with two meanings": (
        r"$$z = w x, \quad h = \tanh(z)$$ $$z = v h, \quad L = (z - t)^2$$", "notes.redefined",
    ),
    "a number behind a name": (r"$$z = w1 x + c, \quad L = (z - t)^2$$", "notes.number_behind"),
    "a number behind parentheses": (r"$$z = w x, \quad L = (z - t)2$$", "notes.number_behind"),
    "a number behind a product": (r"$$z = v (w x) 3, \quad L = (z - t)^2$$", "notes.number_behind"),
    "the mark of another example": (
        r"$$L = -\sum_{i=1}^n y^{(i)} \log q^{(j)}$$", "notes.member",
    ),
    "a step that is not summed over": (
        r"$$z^{(n)} = w x^{(n)} + c^{(m)}, \quad L = \sum_{n=1}^N (z^{(n)} - t^{(n)})^2$$", "notes.member",
    ),
    "the mean of another example": (
        r"$$L = \sum_{k=1}^K (w x^{(k)} - m^{(i)})^2$$ with $\mathbf{w} \in \mathbb{R}^D$.", "notes.member",
    ),
    "a model without its formula": (
        r"$$J(w, c) = \frac{1}{n} \sum_{i=1}^n (f(x_i) - y_i)^2$$", "notes.function_of_mark",
    ),
    "another model": (r"$$L(\theta) = -\sum_{n=1}^N \log g(u^{(n)})$$", "notes.function_of_mark"),
    "a model of one example": (r"$$E(v) = \frac12 (h(x) - t)^2$$", "notes.function_of_mark"),
    "a positive part": (r"$$h = z^+, \quad z = w x, \quad L = (h - t)^2$$", "notes.positive_part"),
    "functions one after the other": (
        r"$$g(x) = w x + b, \quad f(u) = u^2, \quad L = (f \circ g)(x)$$", "notes.composition",
    ),
    "what it is differentiated by is nowhere": (
        r"$$h = \tanh(z) = \tanh(v x), \quad q = c u, \quad L = (q - t)^2$$"
        r" $$\frac{\partial L}{\partial v} = 2 (q - t)$$",
        "notes.differentiated_by",
    ),
    "what is differentiated is nowhere": (
        r"$$m = \frac{1}{n} \sum_{i=1}^n x_i$$"
        r" $$-\frac{\partial \log P[x_1, \dots, x_n | \mu]}{\partial \mu} = n (\mu - m)$$",
        "notes.differentiated_other",
    ),
    "the derivative of a loss that is nowhere": (
        r"$$\mathbf{p} = \sigma(\mathbf{A} \mathbf{x})$$"
        r" $$\frac{\partial L}{\partial \mathbf{p}} = \mathbf{p} - \mathbf{t}$$",
        "notes.differentiated_unread",
    ),
    "a light letter of a bold one": (
        r"$$\mathbf{q} = \mathbf{X} \mathbf{w}, \quad L = \sum (q - t)^2$$"
        r" $$\nabla_{\mathbf{w}} L = 2\mathbf{X}^T(\mathbf{q} - \mathbf{t})$$",
        "notes.light_beside_bold",
    ),
    "words of matrices": (
        r"$$h = \tanh(x V), \quad L = (h - t)^2$$ In code this is one product of matrices.", "notes.words_of_matrices",
    ),
    "an entry at 0": (
        r"$$\mathbf{y} = \mathbf{W}\mathbf{x}, \quad L = -\log y_0$$ with $\mathbf{W} \in \mathbb{R}^{2 \times D}$.",
        "notes.member_by_number",
    ),
    "sigma is a number": (
        r"$$y = \sigma (1 - x), \quad L = (y - t)^2$$ where $\sigma$ is the standard deviation.", "notes.sigma_is_open",
    ),
    "matrices that would have one column": (
        r"$$\mathbf{Y} = \mathbf{W}\mathbf{X}, \quad L = (\mathbf{Y} - \mathbf{T})^\top (\mathbf{Y} - \mathbf{T})$$",
        "notes.size_one",
    ),
    "e is an error within": (r"$$y = w x, \quad L = \frac12 e^2$$ where $e = y - t$.", "notes.computed_within"),
    "the loss is a mean in words": (
        r"$$\ell = (w x - y)^2$$ The loss $L$ is the average of $\ell$ over the examples.", "notes.computed_in_words",
    ),
    "a loss in other words": (
        r"$$y = w x$$ Der Verlust $L$ ist die halbe Abweichung. Berechnen Sie $\frac{\partial L}{\partial w}$.",
        "notes.loss_not_read",
    ),
    "examples in columns": (
        r"$$Z = W X, \quad P = \mathrm{softmax}(Z), \quad L = -\sum_{k=1}^K \sum_{n=1}^N Y_{kn} \log P_{kn}$$ "
        r"Let $X \in \mathbb{R}^{D \times N}$, $W \in \mathbb{R}^{K \times D}$, $Y \in \mathbb{R}^{K \times N}$.",
        "notes.softmax_of_columns",
    ),
    "a bias for each column": (
        r"$$\mathbf{Z} = \mathbf{W} \mathbf{A} + \mathbf{b}, \quad \mathbf{P} = \mathrm{softmax}(\mathbf{Z})$$ "
        r"$$L = \|\mathbf{P} - \mathbf{T}\|_F^2$$ with $\mathbf{b} \in \mathbb{R}^{K \times 1}$, "
        r"$\mathbf{A} \in \mathbb{R}^{D \times N}$, $\mathbf{W} \in \mathbb{R}^{K \times D}$.",
        "notes.softmax_of_columns",
    ),
}  # fmt: skip

AFFINE = {"W": (K, D), "x": (D,), "b": (K,), "t": (K,)}
READ: dict[str, Note] = {
    "another matrix that is frozen": (
        r"Let $U \in \mathbb{R}^{D \times D}$ be the frozen matrix and $A \in \mathbb{R}^{D \times D}$."
        r" Here $U$ is frozen and $A$ is trained. $$L = \|U x + A x\|^2$$ Compute $\partial L/\partial A$.",
        lambda U, A, x: ((U @ x + A @ x) ** 2).sum(),
        {"U": (D, D), "A": (D, D), "x": (D,)},
    ),
    "no weights that are shared": (
        r"$$h = \tanh(w_1 x), \quad L = (w_2 h - t)^2$$ In contrast to other networks, the layers share no weights.",
        lambda w1, w2, x, t: (w2 * np.tanh(w1 * x) - t) ** 2, {"w1": S, "w2": S, "x": S, "t": S},
    ),
    "another network, with other functions": (
        r"$$h = \sigma(w x), \quad L = (h - t)^2$$ Unlike networks with ReLU activations, this one saturates.",
        lambda w, x, t: (sigmoid(w * x) - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "derivatives of functions, as they are": (
        r"$$h = \sigma(\mathrm{ReLU}(w x)), \quad L = (h - t)^2$$ with $\mathrm{ReLU}'(z) = 1$ for $z > 0$ and"
        r" $\sigma'(z) = \sigma(z) (1 - \sigma(z))$.",
        lambda w, x, t: (sigmoid(np.maximum(0, w * x)) - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "no convolution and no stopped gradient": (
        SIGNS + "where $*$ is multiplication, as there is no convolution and no stop-gradient.",
        lambda w, x, t: ((w * x - t) ** 2).sum(), {"w": (D,), "x": (D,), "t": (D,)},
    ),
    "a derivative without a letter": (
        LINE + "Hint: the derivative by $b$ has no factor $x$. Die Ableitung nach $b$ ist ohne $x$.",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "a linear layer before a softmax, of rows": (
        r"$$\mathbf{P} = \mathrm{softmax}(\mathbf{X}\mathbf{W}), \quad L = \|\mathbf{P} - \mathbf{T}\|_F^2$$"
        r" The output layer is linear, followed by a softmax row by row; the columns of $\mathbf{X}$ are features.",
        lambda X, W, T: ((np.exp(X @ W) / np.exp(X @ W).sum(1, keepdims=True) - T) ** 2).sum(),
        {"X": (N, D), "W": (D, K), "T": (N, K)},
    ),
    "a term with two equations": (
        r"$$\ell_i = (w x_i - t_i)^2, \quad \ell = \sum_{i=1}^n \ell_i$$ Others take $$\ell_i = |w x_i - t_i|$$",
        lambda w, x, t: ((w * x - t) ** 2).sum(), {"w": S, "x": (N,), "t": (N,)},
    ),
    "the upper limit first, labels without braces": (
        r"$$L = \underbrace{\sum^{N}_{n=1} (w x_n - t_n)^2}_\text{data} + \underbrace{\lambda w^2}_\text{penalty}$$",
        lambda w, x, t, **o: ((w * x - t) ** 2).sum() + o["lambda"] * w**2,
        {"w": S, "x": (N,), "t": (N,), "lambda": S},
    ),
    "a function bare in a claim, a font of another package": (
        r"$$z_n = \bold{w}^\top \bold{x}_n, \quad L = -\sum_{n=1}^N \log s(z_n)$$ where $s(u) = \frac{1}{1 + e^{-u}}$,"
        r" so that $$\frac{\partial s}{\partial u} = s \, (1 - s)$$",
        lambda w, x: -np.log(sigmoid(x @ w)).sum(), {"w": (D,), "x": (N, D)},
    ),
    "an example and its transpose": (
        r"$$J = \sum_{n=1}^N s(v^T x_n)$$ where $s(u) = \tanh(u)$ and $$S = \sum_{n=1}^N x_n (x_n)^T$$",
        lambda v, x: np.tanh(x @ v).sum(), {"v": (D,), "x": (N, D)},
    ),
    "symmetric in a case only, the set of a derivative": (
        r"Let $S$ be an $n \times n$ matrix. $$q = \mathbf{x}^T S \mathbf{x}$$"
        r" $$\nabla_{\mathbf{x}} q \in \mathbb{R}^n$$ If $S$ is"
        r" symmetric, simplify.",
        lambda x, S: x @ S @ x, {"x": (D,), "S": (D, D)},
    ),
    "what the equations show": (
        r"$$z = x + \tanh(v x), \quad L = \frac1N \sum_{n=1}^N m_n \cdot (z - t_n)^2 + w^2$$ The loss is averaged over"
        r" the $N$ examples, includes an L2 penalty, and there is a skip connection. With dropout, $m$ is the mask. "
        "The bias is not regularised. No weights are shared. In practice the loss is 5% of this.",
        lambda x, v, m, t, w: (m * (x + np.tanh(v * x) - t) ** 2).mean() + w**2,
        {"x": S, "v": S, "m": (N,), "t": (N,), "w": S},
    ),
    "i is a letter": (
        r"$$z = a + i b, \quad L = z^2$$ This looks complex.",
        lambda a, i, b: (a + i * b) ** 2, {"a": S, "i": S, "b": S},
    ),
    "a given code": (
        r"$$u = \tanh(w x), \quad L = (u - v)^2$$ Here $u$ is the encoding of $x$, and $x$ the embedding of a word.",
        lambda w, x, v: (np.tanh(w * x) - v) ** 2, {"w": S, "x": S, "v": S},
    ),
    "dropout that is off, one example": (
        "For a single example: " + LINE + "The cost is averaged over the batch. At test time dropout is not used.",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "a given constant": (
        LINE + "where $b$ is a constant and $y$ the prediction.",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "a target that is 0 or 1": (
        LINE + r"Here $t$ is 0 or 1, and $x$ has mean zero.",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "no bias to ignore": (
        r"We ignore the bias. $$y = w x, \quad L = (y - t)^2$$",
        lambda w, x, t: (w * x - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "another case": (
        LINE + "What happens if we ignore the bias $b$?",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "an index that is dropped": (
        LINE + "We drop the index of $x$ for brevity.",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "the usual norm": (
        NORMS + r"where $\|\cdot\|$ is the Euclidean norm.",
        lambda W, x, t: np.sqrt(((W @ x - t) ** 2).sum()), {"W": (K, D), "x": (D,), "t": (K,)},
    ),
    "the natural logarithm": (
        r"$$p = \sigma(w x), \quad L = -\log p$$ where $\log$ is the natural logarithm.",
        lambda w, x: -np.log(sigmoid(w * x)), {"w": S, "x": S},
    ),
    "a penalty that is there": (
        r"$$L = (w x - t)^2 + \lambda w^2$$ The second term is weight decay with coefficient $\lambda$.",
        lambda w, x, t, **o: (w * x - t) ** 2 + o["lambda"] * w**2, {"w": S, "x": S, "t": S, "lambda": S},
    ),
    "a product by entries": (
        SIGNS + "where $*$ denotes the element-wise product, no convolution.",
        lambda w, x, t: ((w * x - t) ** 2).sum(), {"w": (D,), "x": (D,), "t": (D,)},
    ),
    "the usual brackets": (
        r"$$L = \sum_{n=1}^N [1 - t_n x_n w]_+ + \langle \mathbf{v}, \mathbf{v} \rangle$$ where"
        r" $[u]_+ = \max(0, u)$ and $\langle a, c \rangle = \sum_i a_i c_i$.",
        lambda t, x, w, v: np.maximum(0, 1 - t * x * w).sum() + v @ v, {"t": (N,), "x": (N,), "w": S, "v": (D,)},
    ),
    "a maximum over an index": (
        r"$$L = \sum_{j=1}^N \max_k (w_{jk} x_k), \quad w \in \mathbb{R}^{N \times K}$$",
        lambda w, x: (w * x).max(1).sum(), {"w": (N, K), "x": (K,)},
    ),
    "what is struck out": (
        r"~~$$y = w^2 x$$~~ $$y = w x, \quad L = (y - t)^2$$",
        lambda w, x, t: (w * x - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "a function behind its letter": (
        r"$$h = g(w x), \quad L = (h - t)^2$$ with $g$ the rectifier.",
        lambda w, x, t: (np.maximum(0, w * x) - t) ** 2, {"w": S, "x": S, "t": S},
    ),
    "the same in other words": (
        LINE + r"or equivalently $L = (t - y)^2$.",
        lambda w, x, b, t: (w * x + b - t) ** 2, {"w": S, "x": S, "b": S, "t": S},
    ),
    "one example of one, a likelihood": (
        r"$$\ell = -y \log p, \quad p = \sigma(w x)$$ is the negative log-likelihood of one example. "
        "Derive the gradient of the negative log-likelihood for one example.",
        lambda w, x, y: -y * np.log(sigmoid(w * x)), {"w": S, "x": S, "y": S},
    ),
    "half of a sum": (
        r"$$L = 1/2 \sum_{n=1}^N (w x_n - t_n)^2$$",
        lambda w, x, t: ((w * x - t) ** 2).sum() / 2, {"w": S, "x": (N,), "t": (N,)},
    ),
    "the first layer of a number": (
        r"$$a^1 = \sigma(w^1 x), \quad a^2 = \sigma(w^2 a^1), \quad L = (a^2 - t)^2 + x^2$$",
        lambda w1, x, w2, t: (sigmoid(w2 * sigmoid(w1 * x)) - t) ** 2 + x**2, {"w1": S, "x": S, "w2": S, "t": S},
    ),
    "a column of weights": (
        r"$$\mathbf{Y} = \mathbf{X}\mathbf{W}, \quad L = \|\mathbf{Y} - \mathbf{T}\|_F^2$$ "
        r"with $\mathbf{W} \in \mathbb{R}^{D \times 1}$.",
        lambda X, W, T: ((X @ W - T) ** 2).sum(), {"X": (N, D), "W": (D, 1), "T": (N, 1)},
    ),
    **{
        words: (LAYER + words, lambda W, x, b, t: ((W @ x + b - t) ** 2).sum() / 2, AFFINE)
        for words in (
            "The images were divided by 255 before training.", "Die Bilder wurden durch 255 geteilt.",
            "The pixel values in the data set were scaled by $1/255$.", "In the next chapter we add a regulariser.",
            "In der nächsten Vorlesung verwenden wir Dropout.",
            "Residual connections are introduced in the next lecture.",
        )
    },
    "softmax of rows": (
        r"$$Z = X W, \quad P = \mathrm{softmax}(Z), \quad L = -\sum_{n=1}^N \sum_{k=1}^K Y_{nk} \log P_{nk}$$ "
        r"Let $X \in \mathbb{R}^{N \times D}$, $W \in \mathbb{R}^{D \times K}$, $Y \in \mathbb{R}^{N \times K}$.",
        lambda X, W, Y: -(Y * np.log(np.exp(X @ W) / np.exp(X @ W).sum(1, keepdims=True))).sum(),
        {"X": (N, D), "W": (D, K), "Y": (N, K)},
    ),
}  # fmt: skip

NAMED = {
    "a derivative behind no verb of a question": (
        LINE + r"Elaborate $\partial L/\partial w$.", r'"Elaborate $\partial L/\partial w$"',
    ),
    "a statement beside others": (LINE[:-3] + r", \quad p q = 1 $$", "whose left side is no quantity"),
    "a gradient as a list": (LINE + r"$$\nabla_v L = (2 (y - t) x, 0)$$", "a derivative that nobody asks for"),
    "a gradient that cannot be read": (
        LINE + r"$$\frac{\partial L}{\partial w} \overset{!}{=} \frac{2}{} $$", "a derivative that nobody asks for",
    ),
    "a second derivative by two": (
        LINE + r"Find $\frac{\partial^2 L}{\partial w \partial b}$ and $\frac{\partial L}{\partial b}$.",
        r"\frac{\partial^2 L}{\partial w \partial b}",
    ),
    "an equation that nothing uses": (
        LINE + r"The input is normalised, $\bar{x} = x / |x|$.", "x_bar",
    ),
    "dropout in words": (LINE + "Dropout is often applied to the input.", "ropout"),
    "a number with a unit": (LINE + r"The input is $x = 3\,\mathrm{m}$.", "an equation of x within the text"),
    "a second loss within": (LINE + r"For one more case, $L = (y - t)^4$.", "L has another equation"),
    "a mean in words": (LINE + "In practice this is averaged over all examples.", "averaged"),
    "a slope in words": (LINE + "The ReLU has a slope of 0.01 for negative arguments.", "slope of 0.01"),
    "a convention in words": ("Indices start at 0. " + LINE, "Indices start at 0"),
    "what a question has besides": (
        LINE + r"Find $\partial L/\partial w$ on the diagonal.", r"Find $\partial L/\partial w$ on the",
    ),
    "a mean squared error that is a sum": (
        r"We minimise the mean squared error $$L = \sum_{n=1}^N (w x_n - t_n)^2.$$", "mean squared error",
    ),
    "a layout": (LINE + "We use the numerator layout.", "numerator layout"),
    "a derivative that is of interest": (
        LINE + r"We are interested in the derivative $\frac{\partial L}{\partial w}$.", "interested",
    ),
    "a derivative in a direction": (
        LINE + r"Compute the derivative of $L$ in direction $v$ and $\frac{\partial L}{\partial w}$.", "direction",
    ),
    "a norm that is one": (LINE + r"subject to $|w| = 1$.", "|w| = 1"),
    "a sum that is one": (LAYER + r"with $\sum_i b_i = 1$.", r"\sum_i b_i = 1"),
    "one weight for two": (TWO + "where $w$ and $v$ are identical.", "identical"),
    "a matrix that is not learned": (
        LAYER + r"The matrix $\mathbf{W}$ is orthogonal. Compute $\nabla_{\mathbf{b}} L$.", "orthogonal",
    ),
    "angles in degrees": (LINE + "Angles are measured in degrees.", "degrees"),
    "words before a display": ("Normalising the inputs, the loss is " + LINE, "Normalising"),
    "words within a display": (
        r"$$L = \sum_{n=1}^N (w x_n - t_n)^2 \quad \text{(averaged over the batch)}$$", "averaged",
    ),
    "numbers of units": ("A network with 5 inputs and 3 hidden units: " + LAYER, "5 inputs"),
    "a number of a function": (
        r"$$h = \mathrm{ELU}(w x), \quad L = (h - t)^2$$ with $\alpha = 0.5$.", "an equation of alpha",
    ),
    "a condition": (LINE + r"Compute $\frac{\partial L}{\partial w}$ for $y < t$.", "y < t"),
    "a number for a size": (
        r"$$L = \sum_{n=1}^N (w x_n - t_n)^2$$ Compute $\frac{\partial L}{\partial w}$ for $N = 2$.",
        "the number 2 for N",
    ),
    "a claim behind a display": (LINE + "so this is the cross-entropy of a softmax layer.", "so this is the cross-"),
    "a second derivative behind numbers": (
        r"$$f(w) = w^3$$ Compute $f'(w)$ at $w = 2$ and $f''(w)$.", "looks like a question: f''",
    ),
    "rows of a softmax": (CLASSES, "the softmax of each row"),
}  # fmt: skip


def codes(folder: Path, text: str) -> set[str]:
    with pytest.raises(InputError) as caught:
        loaded(folder, text)
    return {str(diagnostic.code) for diagnostic in caught.value.diagnostics}


@pytest.mark.parametrize("name", REFUSED)
def test_words_that_change_the_equations_are_refused(name: str, tmp_path: Path) -> None:
    text, kind = REFUSED[name]
    assert f"notes.proviso.{kind}" in codes(tmp_path, text)


@pytest.mark.parametrize("name", SEEMING)
def test_signs_that_seem_to_say_something_else_are_refused(name: str, tmp_path: Path) -> None:
    text, code = SEEMING[name]
    assert code in codes(tmp_path, text)


@pytest.mark.parametrize("name", READ)
def test_words_that_change_nothing(name: str, tmp_path: Path) -> None:
    text, truth, shapes = READ[name]
    same_as(loaded(tmp_path, text), truth, shapes)


@pytest.mark.parametrize("name", NAMED)
def test_what_is_not_used_is_named(name: str, tmp_path: Path) -> None:
    text, words = NAMED[name]
    assert words in "\n".join(map(str, loaded(tmp_path, text).remarks))
