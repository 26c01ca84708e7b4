"""Lecture notes as people write them: shapes in words or not at all, generic layers, equations in any order."""

from __future__ import annotations

from pathlib import Path

import pytest

from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.numeric.claims import false_claims
from backsym.reading.files.loader import load, what_was_read
from backsym.solving.solution import solve


def read(folder: Path, text: str, name: str = "note.md") -> Problem:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    loaded = load(str(path))
    assert isinstance(loaded, Problem)
    return loaded


def given(problem: Problem) -> dict[str, tuple[tuple[object, ...], str]]:
    return {s.name: (s.shape, s.role) for s in problem.symbols.values() if s.role != "node"}


def asked(problem: Problem) -> list[tuple[str, tuple[str, ...] | int]]:
    return [(part.kind, part.targets or len(part.claims)) for part in problem.parts]


def same_equations(note: Problem, bundled: str) -> None:
    """The note defines the same nodes, by the same expressions, as a bundled problem."""
    other = load(str(find_problem(bundled)))
    assert isinstance(other, Problem)
    assert {e.name: e.shape for e in note.equations} == {e.name: e.shape for e in other.equations}
    assert {e.name: e.rhs for e in note.equations} == {e.name: e.rhs for e in other.equations}


BATCH = r"""
- $N$ is the size of the batch and $D^{(i)}$ the number of units in layer $i$.
- $\mathbf{A}^{(i)}$ denotes the $N \times D^{(i)}$ matrix of activations in layer $i$, $\mathbf{Z}^{(i)}$ is an
  $N \times D^{(i)}$ matrix too.
- $\mathbf{W}^{(i)}$ represents the $D^{(i)} \times D^{(i-1)}$ weight matrix between layers $i - 1$ and $i$.
- $\mathbf{b}^{(i)}$ is the $D^{(i)} \times 1$ bias vector of layer $i$.
- $\mathbf{T}$ is the $N \times D^{(2)}$ matrix of one-hot targets.
- $\mathbb{1}_M$ is a vector of ones of shape $M \times 1$ for any $M \in \mathbb{R}$.

(a) Derive the vectorized form of the pre-activations, given entry by entry.

$$Z_{nj}^{(1)} = \sum_{i=1}^{D^{(0)}} W_{ji}^{(1)} A_{ni}^{(0)} + b_j^{(1)},
\quad n = 1, \dots, N, j = 1, \dots, D^{(1)}$$

(b) Derive the vectorized expression for

$$A_{nj}^{(1)} = \text{ReLU}(Z_{nj}^{(1)}), \quad n = 1, \dots, N, j = 1, \dots, D^{(1)}$$

The rest of the network is

$$Z_{nk}^{(2)} = \sum_{j=1}^{D^{(1)}} W_{kj}^{(2)} A_{nj}^{(1)} + b_k^{(2)},
\quad n = 1, \dots, N, k = 1, \dots, D^{(2)}$$

$$A_k^{(2)} = \frac{\exp(Z_k^{(2)})}{\sum_{k'=1}^{D^{(2)}} \exp(Z_{k'}^{(2)})}, \quad k = 1, \dots, D^{(2)}$$

$$\mathcal{L} = -\frac{1}{N} \sum_{n=1}^N \sum_{k=1}^{D^{(2)}} T_{nk} \log A_{nk}^{(2)}$$
"""


def test_layers_declared_in_words(tmp_path: Path) -> None:
    note = read(tmp_path, BATCH)
    same_equations(note, "forward-batch")
    assert given(note) == {
        "A0": (("N", "D0"), "input"), "W1": (("D1", "D0"), "parameter"), "W2": (("D2", "D1"), "parameter"),
        "b1": (("D1",), "parameter"), "b2": (("D2",), "parameter"), "T": (("N", "D2"), "target"),
    }  # fmt: skip
    assert note.symbols["T"].one_hot
    assert asked(note) == [("vectorize", ("Z1",)), ("vectorize", ("A1",))]
    assert note.remarks == ("line 24: A2 lacks the index of its rows; n is put in",)


LAYER = r"""
For every layer, $\mathbf{W}^{(l)} \in \mathbb{R}^{D^{(l)} \times D^{(l-1)}}$ are the weights and
$\mathbf{b}^{(l)} \in \mathbb{R}^{D^{(l)}}$ the biases.
$$\mathbf{a}^{(1)} = \sigma(\mathbf{W}^{(1)} \mathbf{a}^{(0)} + \mathbf{b}^{(1)})$$
$$\mathbf{a}^{(2)} = \mathbf{W}^{(2)} \mathbf{a}^{(1)} + \mathbf{b}^{(2)}$$
$$\mathcal{L} = \frac{1}{2}\lVert \mathbf{a}^{(2)} - \mathbf{t} \rVert^2$$
"""


def test_a_generic_layer(tmp_path: Path) -> None:
    note = read(tmp_path, LAYER)
    assert {name: shape for name, (shape, _) in given(note).items()} == {
        "W1": ("D1", "D0"), "W2": ("D2", "D1"), "b1": ("D1",), "b2": ("D2",), "a0": ("D0",), "t": ("D2",),
    }  # fmt: skip
    assert note.symbols["a0"].role == "input"


TWIN = r"""# Twins
$$\begin{aligned}
\mathbf{h}^{(a)} &= \Psi(\mathbf{x}^{(a)}) \\
\mathbf{h}^{(b)} &= \Psi(\mathbf{x}^{(b)}) \\
y &= \text{dist}(\mathbf{h}^{(a)}, \mathbf{h}^{(b)})\end{aligned}$$

with

$$\begin{aligned}\Psi(\mathbf{x}) &= \text{ReLU}(\mathbf{W}^{(1)}\mathbf{x} + \mathbf{b}^{(1)}) \\
\text{dist}(\mathbf{h}^{(a)}, \mathbf{h}^{(b)}) &=
\sigma(\mathbf{W}^{(2)}(\mathbf{h}^{(a)} \odot \mathbf{h}^{(b)}) + b^{(2)})
\end{aligned}$$

where $$(\mathbf{h}^{(a)} \odot \mathbf{h}^{(b)})_j = h_j^{(a)} \cdot h_j^{(b)}.$$

The loss is $$\mathcal{L} = -t \log y - (1 - t) \log(1 - y).$$ The forward pass:

$$\begin{aligned}\mathbf{m}^{(a)} &= \mathbf{W}^{(1)}\mathbf{x}^{(a)} + \mathbf{b}^{(1)} \\
\mathbf{h}^{(a)} &= \text{ReLU}(\mathbf{m}^{(a)}) \\
\mathbf{m}^{(b)} &= \mathbf{W}^{(1)}\mathbf{x}^{(b)} + \mathbf{b}^{(1)} \\
\mathbf{h}^{(b)} &= \text{ReLU}(\mathbf{m}^{(b)}) \\
\mathbf{h} &= \mathbf{h}^{(a)} \odot \mathbf{h}^{(b)} \\
z &= \mathbf{W}^{(2)}\mathbf{h} + b^{(2)} \\
y &= \sigma(z)\end{aligned}$$

- (a) Draw the computation graph.
- (b) Compute $\nabla_{\mathbf{W}^{(2)}}\mathcal{L}$ and $\frac{\partial \mathcal{L}}{\partial b^{(2)}}$.
- (c) Explain why $\nabla_{\mathbf{h}}\mathcal{L}$ is needed.
"""


def test_shapes_are_told_by_the_equations(tmp_path: Path) -> None:
    note = read(tmp_path, TWIN)
    assert given(note) == {
        "W1": (("D", "K"), "parameter"), "x_a": (("K",), "input"), "b1": (("D",), "parameter"),
        "x_b": (("K",), "input"), "W2": ((1, "D"), "parameter"), "b2": ((), "parameter"), "t": ((), "target"),
    }  # fmt: skip
    assert note.loss == "L"
    assert asked(note) == [("graph", 0), ("gradients", ("W2", "b2")), ("why", ("h",))]
    assert [part.option for part in note.parts] == ["vectorized", None, None]
    assert note.remarks == (
        "passed over, line 3: h_a by the function Psi; it has another equation",
        "passed over, line 4: h_b by the function Psi; it has another equation",
        "passed over, line 5: y by the function dist; it has another equation",
    )
    assert not solve(note).failed


UNITS = r"""
Each hidden unit is $$h_j = \text{ReLU}(m_j),$$ and the output is $$y = \sigma(z).$$

$$m_1 = w_1 x_1 + w_2 x_2$$
$$h_1 = \text{ReLU}(m_1)$$
$$m_2 = w_3 x_1 + w_4 x_2$$
$$h_2 = \text{ReLU}(m_2)$$
$$z = w_5 h_1 + w_6 h_2$$
$$\mathcal{L} = \mathcal{L}(y, t)$$
"""


def test_what_holds_for_every_unit_is_passed_over(tmp_path: Path) -> None:
    note = read(tmp_path, UNITS)
    assert [e.name for e in note.equations] == ["m1", "h1", "m2", "h2", "z", "y", "L"]
    assert note.symbols["x1"].role == "input"
    assert note.symbols["t"].role == "target"
    assert note.remarks == ("passed over, line 2: h for every unit; each has its own equation",)


SKIP = r"""
- Input $\mathbf{x} \in \mathbb{R}^{D \times 1}$; the first hidden layer $\mathbf{h}_1$ has $J$ units.
- Second hidden layer $\mathbf{h}_2$ has $K$ units.
- The network classifies over $M$ classes.

$$\begin{aligned} \mathbf{z}_1 &= \mathbf{W}_1 \mathbf{x} + \mathbf{b}_1, & \mathbf{h}_1 &= \sigma(\mathbf{z}_1), \\
\mathbf{z}_2 &= \mathbf{W}_2 \mathbf{h}_1 + \mathbf{b}_2, & \mathbf{z}_s &= \mathbf{W}_s \mathbf{x}, &
\mathbf{h}_2 &= \text{ReLU}(\mathbf{z}_2) + \mathbf{z}_s, \\
\mathbf{z}_3 &= \mathbf{W}_3 \mathbf{h}_2 + \mathbf{b}_3, & \mathbf{y} &= \text{softmax}(\mathbf{z}_3), \\
\mathcal{L} &= \mathcal{L}_{\text{CE}}(\mathbf{y}, \mathbf{t}). \end{aligned}$$

(a) Draw the vectorized computation graph.

(b) Derive the gradients

$$\nabla_{\mathbf{z}_3} \mathcal{L}, \nabla_{\mathbf{W}_3} \mathcal{L}, \nabla_{\mathbf{b}_3} \mathcal{L}$$
"""


def test_units_and_classes_in_words(tmp_path: Path) -> None:
    note = read(tmp_path, SKIP)
    assert {name: shape for name, (shape, _) in given(note).items()} == {
        "x": ("D",), "W1": ("J", "D"), "b1": ("J",), "W2": ("K", "J"), "b2": ("K",), "W_s": ("K", "D"),
        "W3": ("M", "K"), "b3": ("M",), "t": ("M",),
    }  # fmt: skip
    assert asked(note) == [("graph", 0), ("gradients", ("z3", "W3", "b3"))]
    assert not solve(note).failed


ENTRIES = r"""
$$z_j = \sum_{i=1}^{D} W_{ji} x_i + b_j, \quad j = 1, \dots, K$$
$$y_j = \phi(z_j)$$
$$L = \frac{1}{2} \sum_{j=1}^{K} (y_j - t_j)^2$$

Show that $\frac{\partial L}{\partial z_j} = (y_j - t_j) \phi'(z_j)$.

Prove that
\[ \frac{\partial L}{\partial W_{ji}} = \frac{\partial L}{\partial z_j} x_i, \quad
   \frac{\partial L}{\partial b_j} = \frac{\partial L}{\partial z_j}. \]

It follows that
\[ \frac{\partial L}{\partial x_i} = \sum_j \frac{\partial L}{\partial z_j} W_{ji}. \]
"""


def test_entries_an_abstract_function_and_claims(tmp_path: Path) -> None:
    note = read(tmp_path, ENTRIES)
    assert note.abstract == {"phi"}
    assert {name: shape for name, (shape, _) in given(note).items()} == {
        "W": ("K", "D"), "x": ("D",), "b": ("K",), "t": ("K",),
    }  # fmt: skip
    assert asked(note) == [("show", 1), ("show", 2)]
    assert [part.line for part in note.parts] == [6, 9]
    assert note.remarks == ("passed over, line 13: a derivative that nobody asks for",)
    assert false_claims(note, solve(note).derivations) == ()


def test_a_false_claim_is_found(tmp_path: Path) -> None:
    note = read(tmp_path, "$$z = wx$$ $$L = z^2$$\n\nShow that $$\\frac{\\partial L}{\\partial z} = 3 z.$$")
    assert len(false_claims(note, solve(note).derivations)) == 1


PLAIN_LETTERS = r"""
Let $W \in \mathbb{R}^{K \times D}$ and $x \in \mathbb{R}^D$.
$$L = \lVert y - t \rVert^2$$ where $$y = \sigma(z)$$ and $$z = W x + b.$$
"""


def test_letters_that_are_not_bold(tmp_path: Path) -> None:
    note = read(tmp_path, PLAIN_LETTERS)
    assert [e.name for e in note.equations] == ["z", "y", "L"]
    assert {name: shape for name, (shape, _) in given(note).items()} == {
        "W": ("K", "D"), "x": ("D",), "b": ("K",), "t": ("K",),
    }  # fmt: skip


AUTOENCODER = (
    r"$$h = \sigma(W x), \quad r = V h, \quad L = \|r - x\|^2, \quad W \in \mathbb{R}^{H \times D},"
    r" V \in \mathbb{R}^{D \times H}$$ "
)
AFFINE = (
    r" $$z = A x + b, \quad L = \frac12\|z - y\|^2, \quad A \in \mathbb{R}^{K \times D}$$"
    " Compute all the gradients."
)
ADAPTED = (
    r" $$z = (W_0 + B A) x, \quad L = \frac12\|z - y\|^2 + \lambda \|A\|^2, \quad A \in \mathbb{R}^{R \times D},"
    r" B \in \mathbb{R}^{K \times R}$$ Compute the gradients of $L$ with respect to $A$ and $B$."
)
STEPS = (
    r" $$h_t = \tanh(U h_{t-1} + V w_t), \quad h_0 = 0, \quad L = \sum_{t=1}^T \|h_t - y_t\|^2,"
    r" \quad U \in \mathbb{R}^{H \times H}$$ Compute the gradients of all parameters."
)
OF_DATA = {
    r"A mask $m \in \{0,1\}^D$. $$L = \|m \odot b - y\|^2$$ Derive $\nabla_b L$.": {"m": "constant"},
    r"$$J = \sum_i r_i (v^T x_i - y_i)^2$$ where $x_i \in \mathbb{R}^d$, $r_i \in \mathbb{R}$ are given weights.": {
        "x": "input", "r": "constant", "v": "parameter",
    },
    r"Let $q \in \{-1,1\}^D$. $$L = \|q \odot b - y\|^2$$ Derive $\nabla_b L$.": {"q": "constant"},
    r"A vector $b$ is sampled from a Gaussian." + AFFINE: {"b": "constant", "A": "given"},
    r"Here $b$ is observed." + AFFINE: {"b": "input", "A": "given"},
    r"The weights are initialised by $A_{ij} \sim \mathcal{N}(0, 0.1)$." + AFFINE: {"b": "parameter", "A": "parameter"},
    r"$$z = m + s \odot u, \quad u \sim \mathcal{N}(0, I_K), \quad L = \|z - y\|^2$$": {"u": "constant"},
    r"The weights $W_0$ are frozen." + ADAPTED: {"W0": "constant", "A": "parameter", "lambda": "given"},
    r"Only $A$ and $B$ are trained; $W_0$ stays frozen." + ADAPTED: {"W0": "constant", "B": "parameter"},
    r"With a frozen matrix $W_0$." + ADAPTED: {"W0": "constant", "A": "parameter"},
    r"$$z = \tanh(M x), \quad L = \|z - t\|^2 + \lambda \|M\|^2, \quad M \in \mathbb{R}^{K \times D}$$": {
        "M": "given", "lambda": "given", "x": "input",
    },
    r"Let $w_1, \ldots, w_T$ be the words, $w_t \in \mathbb{R}^D$." + STEPS: {"w": "input", "V": "parameter"},
    r"The tokens $w_1, ..., w_T$ are vectors in $\mathbb{R}^D$." + STEPS: {"w": "input", "V": "parameter"},
    r"The input is $u \in \mathbb{R}^D$, the label is $c \in \mathbb{R}^K$. $$L = \|A u - c\|^2$$": {
        "u": "input", "c": "target",
    },
}  # fmt: skip


@pytest.mark.parametrize("text", OF_DATA)
def test_what_is_said_to_be_drawn_or_given_is_data(text: str, tmp_path: Path) -> None:
    note = read(tmp_path, text)
    assert OF_DATA[text].items() <= {s.name: s.role for s in note.symbols.values()}.items()
    assert not [remark for remark in note.remarks if "are frozen" in remark or "a frozen" in remark]
    names = {name for part in note.parts for name in part.targets}
    assert not [name for name in names if OF_DATA[text].get(name, "parameter") != "parameter"]


def test_words_and_distributions_tell_sizes(tmp_path: Path) -> None:
    shapes = {text: given(read(tmp_path, text)) for text in OF_DATA}
    found = [(shape["w"][0], shape["V"][0]) for shape in shapes.values() if "w" in shape]
    assert found == [(("T", "D"), ("H", "D"))] * 2
    assert [shape["u"][0] for shape in shapes.values() if "u" in shape] == [("K",), ("D",)]


COUNTED = {
    r"A network with $D$ inputs, $M$ hidden units and $K$ outputs. $$\mathbf{h} = \sigma(\mathbf{W} \mathbf{x}), \quad"
    r" L = \|\mathbf{V} \mathbf{h} - \mathbf{y}\|^2$$": {"W": ("M", "D"), "V": ("K", "M"), "y": ("K",)},
    r"We have $C$ classes and $N$ examples with $F$ features. $$\mathbf{z}_n = \mathbf{W} \mathbf{x}_n, \quad"
    r" \mathbf{p}_n = \mathrm{softmax}(\mathbf{z}_n), \quad L = -\sum_n \sum_k t_{nk} \log p_{nk}$$": {
        "W": ("C", "F"), "x": ("N", "F"), "t": ("N", "C"),
    },
    r"Das Netz hat $P$ Merkmale und $H$ verborgene Neuronen. $$s = \mathbf{v}^\top \tanh(\mathbf{W} \mathbf{x})$$": {
        "W": ("H", "P"), "v": ("H",),
    },
}  # fmt: skip


@pytest.mark.parametrize("text", COUNTED)
def test_sizes_are_the_letters_of_what_is_counted(text: str, tmp_path: Path) -> None:
    shapes = {name: shape for name, (shape, _) in given(read(tmp_path, text)).items()}
    assert COUNTED[text].items() <= shapes.items()


def test_a_counted_size_that_nothing_has_is_named_and_no_parameter(tmp_path: Path) -> None:
    note = read(tmp_path, r"With $n$ samples. $$L = \frac{1}{2n} \|X w - y\|^2$$ Compute $\nabla_w L$.")
    assert note.symbols["n"].role == "constant"
    assert "passed over, line 1: n is said to be a size, and no quantity has it" in note.remarks


SETS = {
    r"$s \in \mathbb{R}_+^J$": ("J",),
    r"$s \in \mathbb{R}_{>0}^{J}$": ("J",),
    r"$s \in \mathbb{Z}^J$": ("J",),
    r"$s \in \mathbb{N}_0^{2J}$": ("2*J",),
    r"$s \in \Delta^{J-1}$": ("J",),
    r"$s \in \mathbb{S}^{J-1}$": ("J",),
    r"$s \in \mathcal{X} = \mathbb{R}^J$": ("J",),
    r"$s \in \mathcal{X} \subseteq \mathbb{R}^J$": ("J",),
    r"$(s, y) \in \mathbb{R}^J \times \mathbb{R}$": ("J",),
    r"$(y, s) \in \mathbb{R} \times \{0, 1\}^J$": ("J",),
    r"Let $f: \mathbb{R}^J \to \mathbb{R}$. $$f(s) = s^\top A s$$ and": ("J",),
    r"The vector $s$ is in $\mathbb{R}^J$": ("J",),
}


@pytest.mark.parametrize("text", SETS)
def test_sets_tell_sizes(text: str, tmp_path: Path) -> None:
    note = read(tmp_path, text + (r". $$L = s^\top s$$" if "$$" not in text else "so on."))
    assert note.symbols["s"].shape == SETS[text]


TAKEN = {
    AUTOENCODER + "The last layer is linear.": ("W", ("H", "D")),
    AUTOENCODER.replace("= V h", r"= W^\top h") + "The weights are tied.": ("W", ("H", "D")),
    r"Suppose $\sigma$ is the ReLU. $$L = \|\sigma(A x)\|^2, \quad A \in \mathbb{R}^{K \times D}$$": ("A", ("K", "D")),
    r"$$p = \mathrm{softmax}(V x), \quad L = -\frac{1}{K} \sum_k y_k \log p_k, \quad V \in \mathbb{R}^{K \times D}$$"
    r" Compute the gradient with respect to $V$ for one example.": ("V", ("K", "D")),
    r"$$p = \mathrm{softmax}(z/T), \quad L = -T^2 \sum_k q_k \log p_k, \quad z \in \mathbb{R}^K$$": ("T", ()),
    r"Let $|\cdot|$ be the Euclidean norm. $$L = |A x - y|^2, \quad A \in \mathbb{R}^{K \times D}$$": ("y", ("K",)),
}


@pytest.mark.parametrize("text", TAKEN)
def test_words_that_the_equations_bear_out_refuse_nothing(text: str, tmp_path: Path) -> None:
    note = read(tmp_path, text)
    name, shape = TAKEN[text]
    assert note.symbols[name].shape == shape
    assert note.equations[-1].shape == ()


def test_why_is_asked_of_the_derivative_of_its_sentence(tmp_path: Path) -> None:
    note = read(tmp_path, AUTOENCODER + r"Compute $\partial L/\partial W$. What is $\partial L/\partial h$ and why?")
    assert [(part.kind, part.targets) for part in note.parts] == [("derive", ("W",)), ("why", ("h",))]


@pytest.mark.parametrize("claim", [r"\frac{\partial L}{\partial r} = r", r"\nabla_r L = r + x"])
def test_a_derivative_within_the_text_is_named_as_not_checked(claim: str, tmp_path: Path) -> None:
    remarks = read(tmp_path, AUTOENCODER + f"so that ${claim}$. Derive $\\nabla_W L$.").remarks
    assert f"passed over, line 1: a derivative that the text states, {claim}, is not checked" in remarks


def test_a_heading_is_no_part_of_the_sentence_below(tmp_path: Path) -> None:
    text = "# Softmax\nThe outputs behave curiously.\n\n**Setup**\nThe loss flies.\n\n" + AUTOENCODER
    said = 'words that are not read, for you to check: "The outputs behave curiously", "The loss flies"'
    assert f"passed over, line 2: {said}" in read(tmp_path, text).remarks


def test_the_loss_need_not_come_last(tmp_path: Path) -> None:
    note = read(tmp_path, "$$\\mathcal{L} = p^2$$ $$p = w x$$ $$q = p + 1$$")
    assert note.loss == "L"
    assert [e.name for e in note.equations] == ["p", "L", "q"]


def test_it_is_said_what_was_passed_over_and_asked(tmp_path: Path) -> None:
    lines = what_was_read(read(tmp_path, ENTRIES)).splitlines()
    assert lines[-2:] == [
        "  parts: show (line 6), show (line 9)",
        "  passed over, line 13: a derivative that nobody asks for",
    ]


REFUSED = {
    "$$a = b + 1$$ $$b = a x$$ $$L = b^2$$": "these equations go in a circle: a -> b -> a",
    "$$\\frac{\\partial L}{\\partial z} = z$$": "it has derivatives only",
    "$$\\mathbf{z} = \\mathbf{W} \\mathbf{x}$$": "z is computed last here and is [D]; no loss",
    r"$$z = \varphi x + \phi$$ $$L = z^2$$": r"\phi and \varphi are forms of one letter",
    r"With $K$ inputs and $D$ outputs. $$L = \|W x - y\|^2, \quad W \in \mathbb{R}^{K \times D}$$": (
        "the size is D, and it is K"
    ),
    **{
        rf"Let $x \in {of}$. $$L = x^\top x$$": words
        for of, words in {
            r"\mathcal{X}^n": "the size of x is not read",
            r"\Delta^n": "the size of x is not read",
            "SO(3)": "the size of x is not read",
            r"\mathbb{C}^n": "x is complex",
            r"\mathbb{C}": "x is complex",
        }.items()
    },
    r"$$p_i = \max(x_{2i-1}, x_{2i}), \quad L = \sum_i p_i^2$$ $x \in \mathbb{R}^{2m}$": "multiples of an index letter",
    r"$$s = \sum_{j=0}^{M} w_j x^j, \quad L = s^2$$": "a sum of powers is not read",
    r"$$p = \frac{\lambda^k e^{-\lambda}}{k!}, \quad L = -\log p$$": "a factorial is not read",
    **{
        AUTOENCODER + words: "these words say that weights are the same"
        for words in (
            "The decoder weights are the transpose of the encoder's.",
            "The weights $V$ are the transpose of $W$.",
            "We use tied weights.",
        )
    },
    AUTOENCODER.replace(r"= V h", r"= \tanh(V h)") + "The last layer is linear.": "what its equation does not",
    AUTOENCODER + "The hidden layer uses ReLU.": "these words name a function that no equation has",
    "$$z = wx$$ $$L = z^2$$\n\nShow that $$\\frac{\\partial L}{\\partial z} = 2 \\mathbf{q}$$": "q is not declared",
}


@pytest.mark.parametrize("text", REFUSED)
def test_notes_that_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert REFUSED[text] in str(caught.value)
