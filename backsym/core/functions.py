"""The function table: one entry for each function that an equation may use.

An entry says what the function is worth (``value``), its derivative by each argument (``partials``), how it is written
(``latex``) and in NumPy source (``code``), and where it may be sampled (``domain``).  Derivatives and definitions are
texts in backsym's own expression language over the argument names, so that adding a function is one entry here; the
tests run over the whole table.

NumPy is handed to ``value`` as its first argument, because importing the table must not import NumPy.  Values accept
complex arguments a complex step away from the real axis.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.kinds import KINDS
from backsym.core.registry import tabled
from backsym.core.words import say

Array = Any


Dims = tuple[str | int, ...]


@dataclass(frozen=True)
class Signature:
    """Shapes that a matrix function takes and gives, ``"n n, n m -> n m"``: axes of one letter have one dimension.

    ``partials`` are the derivatives of the entry [i] or [i, j] of the value by the entry [k] or [k, l] of each
    argument, texts over the arguments' names and these letters; None stands for an argument by which nothing is
    differentiated.
    """

    shapes: str
    """What it takes and gives, an arrow between."""
    partials: tuple[str | None, ...] = ()
    """Texts of the derivatives, one for each argument."""

    @property
    def takes(self) -> tuple[tuple[str, ...], ...]:
        """The axes of each argument, as letters."""
        return tuple(tuple(part.split()) for part in self.shapes.partition("->")[0].split(","))

    @property
    def gives(self) -> tuple[str, ...]:
        """The axes of the value, as letters."""
        return tuple(self.shapes.partition("->")[2].split())

    def shape(self, given: Sequence[Dims]) -> Dims | None:
        """The shape of the value for arguments of these shapes; None where they do not fit."""
        takes, dims = self.takes, dict[str, str | int]()
        if [len(axes) for axes in takes] != [len(shape) for shape in given]:
            return None
        for axes, shape in zip(takes, given, strict=True):
            if any(dims.setdefault(letter, dim) != dim for letter, dim in zip(axes, shape, strict=True)):
                return None
        return tuple(dims[letter] for letter in self.gives)


@dataclass(frozen=True)
class Primitive:
    """A NumPy function that generated code calls, ``np.linalg.inv``, and what the other libraries have for it.

    JAX has it under the same name.  ``rank`` is the number of axes of its value, None for that of its first argument.
    ``analytic`` is a template of the same value of real arguments through which a complex step passes.
    """

    name: str
    """As NumPy calls it, ``np.linalg.inv``."""
    torch: str
    """As PyTorch calls it."""
    rank: int | None = None
    """The number of axes of its value, None for that of its first argument."""
    analytic: str | None = None
    """A template of the same value through which a complex step passes."""


@dataclass(frozen=True, eq=False)
class Function:
    """One function.

    ``kind`` is the name of its kind (``kinds.py``), of which these are built in: ``elementwise``, ``rowwise`` (along
    the last axis, keeps the shape), ``rowreduce`` (drops the last axis), ``scalar`` (arrays to a number), ``diag``,
    ``vectors`` (a product that is shown as such), and ``matrix``, whose functions say by ``signatures`` which shapes
    they take and give, and by index formulas what their derivatives are.

    ``show``: how a derivative is printed by default: ``by_node`` (the formula, in terms of the node where the function
    defines one), ``formula``, or ``prime`` (f'(z)); a problem file's ``derivatives`` overrides it.

    ``definition`` is the function in simpler terms.  ``expanded`` functions are replaced by it as soon as they are read
    (losses are shown in full); others keep their name on the page and are lowered by it.

    ``slope`` names the row-wise function of the same argument in whose terms the derivative reads best.

    ``domain`` bounds the first argument (exclusive, a real number) where the function is smooth or defined; ``kink`` is
    the formula whose zero set is to be kept away from when sampling.
    """

    name: str
    """Its name in texts."""
    args: tuple[str, ...]
    """The names of its arguments, in which formulas are written."""
    latex: str
    """How it is printed."""
    kind: str = "elementwise"
    """The name of its kind."""
    value: Callable[..., Array] | None = None
    """The value, of the module ``numpy`` and arrays."""
    code: str | None = None
    """A template of NumPy source, ``{0}`` being the first argument."""
    stacked: str | None = None
    """The same along the last axis, once for each axis of many arrays, where ``code`` takes one only."""
    partials: tuple[str, ...] = ()
    """Texts of the derivatives by each argument."""
    show: str = "by_node"
    """How a derivative is printed by default: ``by_node``, ``formula`` or ``prime``."""
    definition: str | None = None
    """A text of the function in simpler terms."""
    along: str | None = None
    """The same along one axis, with ``{axis}`` and ``{keepdims}`` in their places."""
    moments: str | None = None
    """The same definition by means of powers alone, in whose derivative no constant is summed."""
    expanded: bool = False
    """Whether it is replaced by its definition as soon as it is read."""
    slope: str | None = None
    """The row-wise function of the same argument in whose terms the derivative reads best."""
    domain: tuple[float, float] = (-math.inf, math.inf)
    """The bounds, exclusive, between which the first argument may be."""
    kink: str | None = None
    """A formula whose zeros are kept away from when points are drawn."""
    slope_code: str | None = None
    """NumPy source of the derivative, where the formula would overflow."""
    defaults: tuple[str, ...] = ()
    """Texts of the default values of trailing arguments."""
    unrolled: Callable[[int], str] | None = None
    """The definition by the last argument, a whole number that stands in the text: a power of a matrix."""
    signatures: tuple[Signature, ...] = ()
    """The shapes that a function of matrices takes and gives."""
    regular: bool = False
    """Whether the first argument is a matrix that must have an inverse."""
    form: str = "call"
    """How a call is laid out, a name in ``printing.functions.forms``; ``call`` is f(x)."""
    sympy: str | Callable[..., Any] | None = None
    """SymPy's own function of the same meaning, by its name, which is read back, or a function of SymPy and numbers."""
    calls: tuple[Primitive, ...] = ()
    """What ``code`` calls beyond what the code libraries are known to have."""

    @property
    def arity(self) -> tuple[int, int]:
        """The smallest and the largest number of arguments."""
        return len(self.args) - len(self.defaults), len(self.args)

    @property
    def defined(self) -> bool:
        """Whether it is lowered by a formula in simpler terms."""
        return self.definition is not None or self.unrolled is not None

    def signature(self, given: Sequence[Dims]) -> Signature | None:
        """The signature that fits arguments of these shapes."""
        return next((s for s in self.signatures if s.shape(given) is not None), None)


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


def _logdet(np: Any, a: Array) -> Array:
    """log|det A|; in a complex step the sign turns by the imaginary part of the logarithm of the determinant."""
    sign, size = np.linalg.slogdet(a)
    return size + 1j * np.imag(sign) / np.real(sign) if np.iscomplexobj(a) else size


def _power_of_matrix(n: int) -> str:
    """A @ A @ A"""
    return " @ ".join(["A" if n > 0 else "inv(A)"] * abs(n))


def _cumsum(np: Any, x: Array) -> Array:
    """Of a vector: NumPy would lay a matrix out first."""
    if np.ndim(x) != 1:
        raise TypeError("cumsum takes a vector")
    return np.cumsum(x)


def _clip(np: Any, x: Array, a: Array, b: Array) -> Array:
    low = np.where(decisive(np, x) <= decisive(np, a), a + 0 * x, x + 0 * a)
    return np.where(decisive(np, low) >= decisive(np, b), b + 0 * low, low + 0 * b)


def _sigmoid(np: Any, x: Array) -> Array:
    """1 / (1 + e^-x), or e^x / (1 + e^x) for a negative x: the exponential does not overflow."""
    positive = np.real(x) > 0
    e = np.exp(np.where(positive, -x, x))
    return np.where(positive, 1.0, e) / (1.0 + e)


def _softplus(np: Any, x: Array) -> Array:
    """log(1 + e^x), as x + log(1 + e^-x) for a positive x."""
    positive = np.real(x) > 0
    return np.where(positive, x, 0 * x) + np.log(1 + np.exp(np.where(positive, -x, x)))


def _below_top(np: Any, x: Array) -> tuple[Array, Array]:
    """The exponentials along the last axis, with that of the largest entry taken as one, and that entry."""
    top = np.max(np.real(x), axis=-1, keepdims=True)
    return np.exp(x - top), top


def _softmax(np: Any, x: Array) -> Array:
    e, _ = _below_top(np, x)
    return e / e.sum(axis=-1, keepdims=True)


def _logsumexp(np: Any, x: Array) -> Array:
    e, top = _below_top(np, x)
    return np.log(e.sum(axis=-1)) + top[..., 0]


def _log_softmax(np: Any, x: Array) -> Array:
    return x - _logsumexp(np, x)[..., None]


_TABLE = (
    # --- elementary ---
    Function(
        "exp",
        ("x",),
        r"\exp",
        sympy="exp",
        form="exp",
        value=lambda np, x: np.exp(x),
        code="np.exp({0})",
        partials=("exp(x)",),
    ),
    Function(
        "log",
        ("x",),
        r"\log",
        sympy="log",
        value=lambda np, x: np.log(x),
        code="np.log({0})",
        partials=("1/x",),
        domain=(0, math.inf),
    ),
    Function(
        "sin", ("x",), r"\sin", sympy="sin", value=lambda np, x: np.sin(x), code="np.sin({0})", partials=("cos(x)",)
    ),
    Function(
        "cos", ("x",), r"\cos", sympy="cos", value=lambda np, x: np.cos(x), code="np.cos({0})", partials=("-sin(x)",)
    ),
    Function(
        "sinh",
        ("x",),
        r"\sinh",
        sympy="sinh",
        value=lambda np, x: np.sinh(x),
        code="np.sinh({0})",
        partials=("cosh(x)",),
    ),
    Function(
        "cosh",
        ("x",),
        r"\cosh",
        sympy="cosh",
        value=lambda np, x: np.cosh(x),
        code="np.cosh({0})",
        partials=("sinh(x)",),
    ),
    Function(
        "sech",
        ("x",),
        r"\text{sech}",
        sympy="sech",
        value=_sech,
        code="(1 / np.cosh({0}))",
        partials=("-sech(x)*tanh(x)",),
    ),
    Function(
        "abs",
        ("x",),
        r"\text{abs}",
        sympy="Abs",
        form="abs",
        value=lambda np, x: np.sign(decisive(np, x)) * x,
        code="np.abs({0})",
        partials=("sign(x)",),
        kink="x",
    ),
    Function(
        "sign",
        ("x",),
        r"\text{sign}",
        sympy="sign",
        value=lambda np, x: np.sign(decisive(np, x)) + 0 * x,
        code="np.sign({0})",
        partials=("0",),
        kink="x",
    ),
    Function(
        "erf",
        ("x",),
        r"\text{erf}",
        sympy="erf",
        value=_erf,
        code="np.vectorize(math.erf)({0})",
        partials=("2/sqrt(pi)*exp(-x**2)",),
    ),
    Function(
        "sqrt",
        ("x",),
        r"\sqrt",
        sympy=lambda sp, x: sp.sqrt(x),
        form="sqrt",
        value=lambda np, x: np.sqrt(x),
        code="np.sqrt({0})",
        definition="x**(1/2)",
        domain=(0, math.inf),
    ),
    Function("square", ("x",), r"\text{square}", sympy=lambda sp, x: x**2, definition="x**2", expanded=True),
    Function(
        "tan",
        ("x",),
        r"\tan",
        value=lambda np, x: np.tan(x),
        code="np.tan({0})",
        partials=("1 + tan(x)**2",),
        domain=(-math.pi / 2, math.pi / 2),
        sympy="tan",
        calls=(Primitive("np.tan", "torch.tan"),),
    ),
    Function(
        "arctan",
        ("x",),
        r"\arctan",
        value=lambda np, x: np.arctan(x),
        code="np.arctan({0})",
        partials=("1/(1 + x**2)",),
        sympy="atan",
        calls=(Primitive("np.arctan", "torch.arctan"),),
    ),
    Function(
        "step",
        ("x",),
        r"\text{step}",
        value=lambda np, x: _where_real(np, lambda r: r > 0, x, 1 + 0 * x, 0 * x),
        code="np.where({0} > 0, 1.0, 0.0)",
        partials=("0",),
        kink="x",
        sympy=lambda sp, x: sp.Heaviside(x, 0),
    ),
    Function(
        "clip",
        ("x", "a", "b"),
        r"\text{clip}",
        value=lambda np, x, a, b: _clip(np, x, a, b),
        code="np.minimum(np.maximum({0}, {1}), {2})",
        partials=("[x > a]*[x < b]", "[x < a]*[a < b]", "[max(x, a) > b]"),
        kink="(x - a)*(x - b)",
        sympy=lambda sp, x, a, b: sp.Min(sp.Max(x, a), b),
    ),
    # --- activations ---
    Function(
        "tanh",
        ("x",),
        r"\tanh",
        sympy="tanh",
        value=lambda np, x: np.tanh(x),
        code="np.tanh({0})",
        partials=("1 - tanh(x)**2",),
    ),
    Function(
        "sigmoid",
        ("x",),
        r"\sigma",
        sympy=lambda sp, x: 1 / (1 + sp.exp(-x)),
        value=_sigmoid,
        code="(1 / (1 + np.exp(-{0})))",
        partials=("sigmoid(x)*(1 - sigmoid(x))",),
    ),
    Function(
        "relu",
        ("x",),
        r"\text{ReLU}",
        sympy=lambda sp, x: sp.Max(0, x),
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
        sympy=lambda sp, x, a: sp.Piecewise((x, x > 0), (a * x, True)),
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
        sympy=lambda sp, x, a: sp.Piecewise((x, x > 0), (a * (sp.exp(x) - 1), True)),
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
        sympy=lambda sp, x: sp.log(1 + sp.exp(x)),
        value=_softplus,
        code="np.logaddexp(0, {0})",
        partials=("sigmoid(x)",),
    ),
    Function(
        "silu",
        ("x",),
        r"\text{SiLU}",
        sympy=lambda sp, x: x / (1 + sp.exp(-x)),
        value=lambda np, x: x * _sigmoid(np, x),
        code="({0} / (1 + np.exp(-{0})))",
        partials=("sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x))",),
    ),
    Function(
        "gelu",
        ("x",),
        r"\text{GELU}",
        sympy=lambda sp, x: x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
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
        sympy="Max",
        value=lambda np, x, y: np.where(decisive(np, x) >= decisive(np, y), x + 0 * y, y + 0 * x),
        code="np.maximum({0}, {1})",
        partials=("[x >= y]", "[x < y]"),
        kink="x - y",
    ),
    Function(
        "min",
        ("x", "y"),
        r"\min",
        sympy="Min",
        value=lambda np, x, y: np.where(decisive(np, x) <= decisive(np, y), x + 0 * y, y + 0 * x),
        code="np.minimum({0}, {1})",
        partials=("[x <= y]", "[x > y]"),
        kink="x - y",
    ),
    Function(
        "pow",
        ("x", "p"),
        r"\text{pow}",
        sympy=lambda sp, x, p: x**p,
        form="pow",
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
        value=_softmax,
        code="np.exp({0} - np.logaddexp.reduce({0}, axis=-1, keepdims=True))",
        definition="exp(x)/sum(exp(x), axis=-1, keepdims=True)",
        slope="softmax",
    ),
    Function(
        "log_softmax",
        ("x",),
        r"\text{log\,softmax}",
        kind="rowwise",
        value=_log_softmax,
        code="({0} - np.logaddexp.reduce({0}, axis=-1, keepdims=True))",
        definition="x - log(sum(exp(x), axis=-1, keepdims=True))",
        slope="softmax",
    ),
    Function(
        "logsumexp",
        ("x",),
        r"\text{logsumexp}",
        kind="rowreduce",
        value=_logsumexp,
        code="np.logaddexp.reduce({0}, axis=-1)",
        definition="log(sum(exp(x), axis=-1))",
        slope="softmax",
    ),
    # --- matrices ---
    Function(
        "norm",
        ("x",),
        r"\text{norm}",
        form="norm",
        kind="scalar",
        value=lambda np, x: np.sqrt((x * x).sum()),
        code="np.sqrt(({0} ** 2).sum())",
        definition="sqrt(sum(x**2))",
        along="sqrt(sum(x**2, axis={axis}, keepdims={keepdims}))",
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
    Function(
        "inv",
        ("A",),
        r"\text{inv}",
        kind="matrix",
        signatures=(Signature("n n -> n n", ("-inv(A)[i, k]*inv(A)[l, j]",)),),
        value=lambda np, a: np.linalg.inv(a),
        code="np.linalg.inv({0})",
        calls=(Primitive("np.linalg.inv", "torch.linalg.inv"),),
        sympy="Inverse",
        form="inverse",
        regular=True,
    ),
    Function(
        "solve",
        ("A", "b"),
        r"\text{solve}",
        kind="matrix",
        signatures=(
            Signature("n n, n -> n", ("-inv(A)[i, k]*solve(A, b)[l]", "inv(A)[i, k]")),
            Signature("n n, n m -> n m", ("-inv(A)[i, k]*solve(A, b)[l, j]", "inv(A)[i, k]*delta(j, l)")),
        ),
        value=lambda np, a, b: np.linalg.solve(a, b),
        code="np.linalg.solve({0}, {1})",
        calls=(Primitive("np.linalg.solve", "torch.linalg.solve", rank=None),),
        sympy=lambda sp, a, b: sp.Inverse(a) * b,
        form="solution",
        regular=True,
    ),
    Function(
        "matrix_power",
        ("A", "n"),
        r"\text{power}",
        kind="matrix",
        signatures=(Signature("n n, -> n n"),),
        unrolled=_power_of_matrix,
        value=lambda np, a, n: np.linalg.matrix_power(a, int(np.real(n))),
        code="np.linalg.matrix_power({0}, {1})",
        calls=(Primitive("np.linalg.matrix_power", "torch.linalg.matrix_power"),),
        sympy=lambda sp, a, n: sp.MatPow(a, n),
        form="matrix_power",
    ),
    Function(
        "prod",
        ("x",),
        r"\text{prod}",
        kind="matrix",
        signatures=(Signature("n ->", ("prod(x)/x[k]",)), Signature("n m ->", ("prod(x)/x[k, l]",))),
        value=lambda np, x: np.prod(x),
        code="np.prod({0})",
        stacked="np.prod({0}, axis=-1)",
        calls=(Primitive("np.prod", "torch.prod", rank=0),),
        kink="x",
    ),
    Function(
        "var",
        ("x",),
        r"\text{var}",
        kind="scalar",
        definition="mean((x - mean(x))**2)",
        moments="mean(x**2) - mean(x)**2",
        along="mean((x - mean(x, axis={axis}, keepdims=True))**2, axis={axis}, keepdims={keepdims})",
    ),
    Function(
        "std",
        ("x",),
        r"\text{std}",
        kind="scalar",
        definition="sqrt(mean((x - mean(x))**2))",
        moments="sqrt(mean(x**2) - mean(x)**2)",
        along="sqrt(mean((x - mean(x, axis={axis}, keepdims=True))**2, axis={axis}, keepdims={keepdims}))",
    ),
    Function(
        "det",
        ("A",),
        r"\det",
        kind="matrix",
        signatures=(Signature("n n ->", ("det(A)*inv(A)[l, k]",)),),
        value=lambda np, a: np.linalg.det(a),
        code="np.linalg.det({0})",
        calls=(Primitive("np.linalg.det", "torch.linalg.det", rank=0),),
        sympy="Determinant",
        regular=True,
    ),
    Function(
        "logdet",
        ("A",),
        r"\text{logdet}",
        kind="matrix",
        signatures=(Signature("n n ->", ("inv(A)[l, k]",)),),
        value=_logdet,
        code="np.linalg.slogdet({0})[1]",
        calls=(
            Primitive(
                "np.linalg.slogdet",
                "torch.linalg.slogdet",
                rank=1,
                analytic="(1, np.log(np.linalg.det({0}) ** 2) / 2)",
            ),
        ),
        sympy=lambda sp, a: sp.log(sp.Abs(sp.Determinant(a))),
        form="log_det",
        regular=True,
    ),
    Function(
        "kron",
        ("A", "B"),
        r"\text{kron}",
        kind="kron",
        value=lambda np, a, b: np.kron(a, b),
        code="np.kron({0}, {1})",
        calls=(Primitive("np.kron", "torch.kron", rank=2),),
        form="kron",
    ),
    Function(
        "cumsum",
        ("x",),
        r"\text{cumsum}",
        kind="cumulative",
        value=_cumsum,
        code="np.cumsum({0}, axis=-1)",
        calls=(Primitive("np.cumsum", "torch.cumsum", rank=1),),
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
    *(
        Function(name, ("y", "t"), rf"\text{{{short}}}", kind="scalar", definition=formula, expanded=True)
        for name, short, formula in (
            ("mean_squared_error", "MSE", "mean((y - t)**2)"),
            ("sum_squared_error", "SSE", "sum((y - t)**2)"),
            ("mean_absolute_error", "MAE", "mean(abs(y - t))"),
            ("softmax_cross_entropy", "CE", "cross_entropy(softmax(y), t)"),
            ("sigmoid_cross_entropy", "BCE", "binary_cross_entropy(sigmoid(y), t)"),
        )
    ),
)


class Functions(dict[str, Function]):
    """Every function by its name."""

    of = Function

    def add(self, function: Function) -> None:
        """Raises BacksymError, naming it, for a function that cannot be used."""
        name = function.name
        if not name.isidentifier() or keyword.iskeyword(name) or name.endswith("_"):
            raise BacksymError(say("registry.no_function_name", name=name))
        if (name in self and self[name] is not function) or name in REDUCTIONS or name == ABSTRACT_LOSS:
            raise BacksymError(say("registry.function_taken", name=name))
        if function.kind not in KINDS:
            raise BacksymError(say("registry.unknown_kind", name=name, kind=function.kind))
        if not function.defined:
            # Kinds from outside may find derivatives in other ways.
            own = [function.partials] if KINDS[function.kind].entrywise else []
            given = [s.partials for s in function.signatures] or own
            if function.value is None or any(len(partials) != len(function.args) for partials in given):
                raise BacksymError(say("registry.not_defined", name=name))
        self[name] = function


FUNCTIONS = Functions({f.name: f for f in _TABLE})
tabled(FUNCTIONS)


def definition_of(function: Function, args: Sequence[Any]) -> str | None:
    """The definition of a call with these arguments, expressions; None for a function that has none."""
    return function.definition if function.unrolled is None else function.unrolled(int(args[-1].value))


BUNDLED = frozenset(FUNCTIONS)
"""The functions that backsym brings; others may be added to the table."""

REDUCTIONS = ("sum", "mean", "max", "min")
"""Names that reduce over all entries, an axis or an index letter (``max`` and ``min`` with one array argument)."""

ABSTRACT_LOSS = "loss"
"""``loss(y, t)``: an abstract scalar loss; its derivative by the first argument prints as L'(y, t)."""


def losses() -> tuple[str, ...]:
    """The functions that are losses, of an output and a target."""
    return (*(f.name for f in FUNCTIONS.values() if f.kind == "scalar" and f.expanded), ABSTRACT_LOSS)
