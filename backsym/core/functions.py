"""The function table: one entry for each function that an equation may use.

An entry says what the function is worth (``value``), its derivative by each argument (``partials``), how it is written
(``latex``) and in NumPy source (``code``), and where it may be sampled (``domain``).  Derivatives and definitions are
texts in backsym's own expression language over the argument names, so that adding a function is one entry here; the
tests run over the whole table.

NumPy is handed to ``value`` as its first argument, because importing the table must not import NumPy.  Values accept
complex arguments a complex step away from the real axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Array = Any


@dataclass(frozen=True)
class Function:
    """One function.

    ``kind``: ``elementwise`` | ``rowwise`` (along the last axis, keeps the shape) | ``rowreduce`` (drops the last
    axis) | ``scalar`` (an array to a number) | ``diag`` | ``matrix`` (shown as a matrix product).

    ``show``: how a derivative is printed by default: ``by_node`` (the formula, in terms of the node where the function
    defines one), ``formula``, or ``prime`` (f'(z)); a problem file's ``derivatives`` overrides it.

    ``definition`` is the function in simpler terms.  ``expanded`` functions are replaced by it as soon as they are read
    (losses are shown in full); others keep their name on the page and are lowered by it.

    ``slope`` names the row-wise function of the same argument in whose terms the derivative reads best.

    ``domain`` bounds the first argument (exclusive, a real number) where the function is smooth or defined; ``kink`` is
    the formula whose zero set is to be kept away from when sampling.
    """

    name: str
    args: tuple[str, ...]
    latex: str
    kind: str = "elementwise"
    value: Callable[..., Array] | None = None
    code: str | None = None
    partials: tuple[str, ...] = ()
    show: str = "by_node"
    definition: str | None = None
    expanded: bool = False
    slope: str | None = None
    domain: tuple[float, float] = (-math.inf, math.inf)
    kink: str | None = None
    slope_code: str | None = None
    """NumPy source of the derivative, where the formula would overflow."""
    defaults: tuple[str, ...] = ()
    """Texts of the default values of trailing arguments."""

    @property
    def arity(self) -> tuple[int, int]:
        return len(self.args) - len(self.defaults), len(self.args)


def decisive(np: Any, x: Array) -> Array:
    """The real part, on which comparisons decide, so that a complex step stays on its branch.

    A real part that is smaller than the step in it, or far smaller than the steps around it, is what products of steps
    leave of an exact zero.
    """
    if not np.iscomplexobj(x):
        return np.real(x)
    real, step = np.real(x), np.abs(np.imag(x))
    if not np.any(step):
        return real
    return np.where(np.abs(real) <= np.maximum(step, 1e-15 * np.max(step)), 0.0, real)


def _where_real(np: Any, test: Callable[[Array], Array], x: Array, yes: Array, no: Array) -> Array:
    """``where`` that decides on the real part."""
    return np.where(test(decisive(np, x)), yes, no)


def _erf(np: Any, x: Array) -> Array:
    """The error function of a complex argument with a small imaginary part.

    Series with terms of one sign (DLMF 7.6.2) for |Re x| <= 2, continued fraction of erfc (DLMF 7.9.1) beyond; the
    alternating series would lose digits of the derivative.  Both are evaluated in complex arithmetic, so that a complex
    step differentiates them independently of any formula for the derivative.
    """
    x = np.asarray(x, dtype=complex)
    inner = np.abs(x.real) <= 2.0
    small = np.where(inner, x, 0.0)
    term, total = small.copy(), small.copy()
    for n in range(1, 60):
        term = term * (2.0 * small * small) / (2 * n + 1)
        total = total + term
    series = total * np.exp(-small * small) * (2.0 / math.sqrt(math.pi))
    large = np.where(inner, 4.0, np.where(x.real < 0, -x, x))
    tail = np.zeros_like(large)
    for n in range(80, 0, -1):
        tail = (n / 2.0) / (large + tail)
    erfc = np.exp(-large * large) / (math.sqrt(math.pi) * (large + tail))
    outer = np.where(x.real < 0, erfc - 1.0, 1.0 - erfc)
    return np.where(inner, series, outer)


def _sech(np: Any, x: Array) -> Array:
    """1 / cosh without its overflow: sech is even, and 2 e^-x / (1 + e^-2x) goes to zero."""
    x = np.where(np.real(x) < 0, -x, x)
    return 2 * np.exp(-x) / (1 + np.exp(-2 * x))


def _sigmoid(np: Any, x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


_TABLE = (
    # --- elementary ---
    Function("exp", ("x",), r"\exp", value=lambda np, x: np.exp(x), code="np.exp({0})", partials=("exp(x)",)),
    Function(
        "log",
        ("x",),
        r"\log",
        value=lambda np, x: np.log(x),
        code="np.log({0})",
        partials=("1/x",),
        domain=(0, math.inf),
    ),
    Function("sin", ("x",), r"\sin", value=lambda np, x: np.sin(x), code="np.sin({0})", partials=("cos(x)",)),
    Function("cos", ("x",), r"\cos", value=lambda np, x: np.cos(x), code="np.cos({0})", partials=("-sin(x)",)),
    Function("sinh", ("x",), r"\sinh", value=lambda np, x: np.sinh(x), code="np.sinh({0})", partials=("cosh(x)",)),
    Function("cosh", ("x",), r"\cosh", value=lambda np, x: np.cosh(x), code="np.cosh({0})", partials=("sinh(x)",)),
    Function(
        "sech",
        ("x",),
        r"\text{sech}",
        value=_sech,
        code="(1 / np.cosh({0}))",
        partials=("-sech(x)*tanh(x)",),
    ),
    Function(
        "abs",
        ("x",),
        r"\text{abs}",
        value=lambda np, x: np.sign(decisive(np, x)) * x,
        code="np.abs({0})",
        partials=("sign(x)",),
        kink="x",
    ),
    Function(
        "sign",
        ("x",),
        r"\text{sign}",
        value=lambda np, x: np.sign(decisive(np, x)) + 0 * x,
        code="np.sign({0})",
        partials=("0",),
        kink="x",
    ),
    Function(
        "erf",
        ("x",),
        r"\text{erf}",
        value=_erf,
        code="np.vectorize(math.erf)({0})",
        partials=("2/sqrt(pi)*exp(-x**2)",),
    ),
    Function(
        "sqrt",
        ("x",),
        r"\sqrt",
        value=lambda np, x: np.sqrt(x),
        code="np.sqrt({0})",
        definition="x**(1/2)",
        domain=(0, math.inf),
    ),
    Function("square", ("x",), r"\text{square}", definition="x**2", expanded=True),
    # --- activations ---
    Function(
        "tanh", ("x",), r"\tanh", value=lambda np, x: np.tanh(x), code="np.tanh({0})", partials=("1 - tanh(x)**2",)
    ),
    Function(
        "sigmoid",
        ("x",),
        r"\sigma",
        value=_sigmoid,
        code="(1 / (1 + np.exp(-{0})))",
        partials=("sigmoid(x)*(1 - sigmoid(x))",),
    ),
    Function(
        "relu",
        ("x",),
        r"\text{ReLU}",
        value=lambda np, x: _where_real(np, lambda r: r > 0, x, x, 0 * x),
        code="np.maximum({0}, 0)",
        partials=("[x > 0]",),
        show="prime",
        kink="x",
    ),
    Function(
        "leaky_relu",
        ("x", "a"),
        r"\text{LeakyReLU}",
        value=lambda np, x, a: _where_real(np, lambda r: r > 0, x, x + 0 * a, a * x),
        code="np.where({0} > 0, {0}, {1} * {0})",
        partials=("[x > 0] + a*[x <= 0]", "x*[x <= 0]"),
        show="prime",
        kink="x",
        defaults=("0.01",),
    ),
    Function(
        "elu",
        ("x", "a"),
        r"\text{ELU}",
        value=lambda np, x, a: _where_real(
            np, lambda r: r > 0, x, x + 0 * a, a * (np.exp(_where_real(np, lambda r: r > 0, x, 0 * x, x)) - 1)
        ),
        code="np.where({0} > 0, {0}, {1} * np.expm1(np.minimum({0}, 0)))",
        partials=("[x > 0] + a*exp(x)*[x <= 0]", "(exp(x) - 1)*[x <= 0]"),
        show="prime",
        kink="x",
        defaults=("1",),
        slope_code="np.where({0} > 0, 1.0, {1} * np.exp(np.minimum({0}, 0)))",
    ),
    Function(
        "softplus",
        ("x",),
        r"\text{softplus}",
        value=lambda np, x: np.log(1 + np.exp(x)),
        code="np.logaddexp(0, {0})",
        partials=("sigmoid(x)",),
    ),
    Function(
        "silu",
        ("x",),
        r"\text{SiLU}",
        value=lambda np, x: x * _sigmoid(np, x),
        code="({0} / (1 + np.exp(-{0})))",
        partials=("sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x))",),
    ),
    Function(
        "gelu",
        ("x",),
        r"\text{GELU}",
        value=lambda np, x: x * (1 + _erf(np, x / math.sqrt(2))) / 2,
        code="({0} * (1 + np.vectorize(math.erf)({0} / np.sqrt(2))) / 2)",
        partials=("(1 + erf(x/sqrt(2)))/2 + x*exp(-x**2/2)/sqrt(2*pi)",),
        show="prime",
    ),
    # --- two arguments; at a tie the derivative goes to the first ---
    Function(
        "max",
        ("x", "y"),
        r"\max",
        value=lambda np, x, y: np.where(decisive(np, x) >= decisive(np, y), x + 0 * y, y + 0 * x),
        code="np.maximum({0}, {1})",
        partials=("[x >= y]", "[x < y]"),
        kink="x - y",
    ),
    Function(
        "min",
        ("x", "y"),
        r"\min",
        value=lambda np, x, y: np.where(decisive(np, x) <= decisive(np, y), x + 0 * y, y + 0 * x),
        code="np.minimum({0}, {1})",
        partials=("[x <= y]", "[x > y]"),
        kink="x - y",
    ),
    Function(
        "pow",
        ("x", "p"),
        r"\text{pow}",
        value=lambda np, x, p: np.exp(p * np.log(x)),
        code="({0} ** {1})",
        partials=("p*pow(x, p - 1)", "pow(x, p)*log(x)"),
        domain=(0, math.inf),
    ),
    # --- along the last axis ---
    Function(
        "softmax",
        ("x",),
        r"\text{softmax}",
        kind="rowwise",
        value=lambda np, x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
        code="(np.exp({0}) / np.exp({0}).sum(axis=-1, keepdims=True))",
        definition="exp(x)/sum(exp(x), axis=-1, keepdims=True)",
        slope="softmax",
    ),
    Function(
        "log_softmax",
        ("x",),
        r"\text{log\,softmax}",
        kind="rowwise",
        value=lambda np, x: x - np.log(np.exp(x).sum(axis=-1, keepdims=True)),
        code="({0} - np.log(np.exp({0}).sum(axis=-1, keepdims=True)))",
        definition="x - log(sum(exp(x), axis=-1, keepdims=True))",
        slope="softmax",
    ),
    Function(
        "logsumexp",
        ("x",),
        r"\text{logsumexp}",
        kind="rowreduce",
        value=lambda np, x: np.log(np.exp(x).sum(axis=-1)),
        code="np.log(np.exp({0}).sum(axis=-1))",
        definition="log(sum(exp(x), axis=-1))",
        slope="softmax",
    ),
    # --- matrices ---
    Function(
        "norm",
        ("x",),
        r"\text{norm}",
        kind="scalar",
        value=lambda np, x: np.sqrt((x * x).sum()),
        code="np.sqrt(({0} ** 2).sum())",
        definition="sqrt(sum(x**2))",
    ),
    Function(
        "trace",
        ("x",),
        r"\text{tr}",
        kind="scalar",
        value=lambda np, x: np.trace(x),
        code="np.trace({0})",
        definition="sum(diag(x))",
    ),
    Function("diag", ("x",), r"\text{diag}", kind="diag", value=lambda np, x: np.diag(x), code="np.diag({0})"),
    Function("outer", ("u", "v"), r"\text{outer}", kind="vectors", definition="u @ v.T", expanded=True),
    Function("dot", ("u", "v"), r"\text{dot}", kind="vectors", definition="u.T @ v", expanded=True),
    # --- losses, shown in full ---
    Function("cross_entropy", ("y", "t"), r"\text{CE}", kind="scalar", definition="-sum(t*log(y))", expanded=True),
    Function(
        "binary_cross_entropy",
        ("y", "t"),
        r"\text{BCE}",
        kind="scalar",
        definition="-sum(t*log(y) + (1 - t)*log(1 - y))",
        expanded=True,
    ),
    Function("squared_error", ("y", "t"), r"\text{SE}", kind="scalar", definition="1/2*sum((y - t)**2)", expanded=True),
)

FUNCTIONS: dict[str, Function] = {f.name: f for f in _TABLE}

REDUCTIONS = ("sum", "mean", "max", "min")
"""Names that reduce over all entries, an axis or an index letter (``max`` and ``min`` with one array argument)."""

ABSTRACT_LOSS = "loss"
"""``loss(y, t)``: an abstract scalar loss; its derivative by the first argument prints as L'(y, t)."""
