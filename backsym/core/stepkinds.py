"""The kinds of steps: named constants, each with the facts that it records and an example in which it occurs.

A kind is the text that JSON calls it by.  What is said of a step of the kind stands in the catalogue of each language,
``templates/LANGUAGE/sentences.yaml``, and is filled with its facts; a kind from another package brings its sentences
itself.  An example is a problem file on one line whose solution has such a step: a test solves it and evaluates both
sides.  This module must not know how a step is made or told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backsym.core.registry import Table


class StepKind(str):
    """A kind of step.

    ``facts`` are recorded with every step of the kind, ``also`` with some.  ``lifts`` tells that it leads from entries
    to matrices.  ``sentences`` are what is said of it by language, for a kind that the catalogues do not have.
    """

    __slots__ = ("also", "example", "facts", "lifts", "sentences")

    facts: tuple[str, ...]
    also: tuple[str, ...]
    example: str
    lifts: bool
    sentences: Mapping[str, str]

    def __new__(
        cls,
        name: str,
        example: str,
        *,
        facts: Iterable[str] = (),
        also: Iterable[str] = (),
        lifts: bool = False,
        sentences: Mapping[str, str] | None = None,
    ) -> StepKind:
        kind = super().__new__(cls, name)
        kind.facts, kind.also = tuple(facts), tuple(also)
        kind.example, kind.lifts, kind.sentences = example, lifts, dict(sentences or {})
        return kind

    def __reduce__(self) -> tuple[object, ...]:
        """In another process the kind is the one that has this name there."""
        return _named, (str(self),)


STEPS: Table[StepKind] = Table(StepKind, str)
"""By name; other packages may add to it."""


def _named(name: str) -> StepKind:
    return STEPS[name]


def _kind(
    name: str, example: str, facts: Iterable[str] = (), also: Iterable[str] = (), *, lifts: bool = False
) -> StepKind:
    STEPS.add(kind := StepKind(name, example, facts=facts, also=also, lifts=lifts))
    return kind


_DIFFERENTIATION = ("rule", "only", "over", "delta", "own", "index", "other")
"""What there may be to say of a differentiation; see ``backsym.calculus.reasons``."""

_SOFTMAX = "{symbols: {z: [K]}, forward: [a = softmax(z), L = sum(a)]}"
_LAYER = "{symbols: {W: [K, D], x: [D]}, forward: [z = W @ x, L = sum(z**2)]}"
_TANH = "{symbols: {u: [D]}, forward: [L = sum(tanh(u))]}"
_TWO_PATHS = "{forward: [y = 2*x, L = y*x**2]}"
_NEAR_LOSS = "{forward: [n = w**2, L = n]}"

# --- the chain rule, entry by entry ---
START = _kind("start", "{forward: [L = w**2]}", ("node",))
CHAIN = _kind("chain", "{forward: [z = w*x, L = z**2]}", ("node", "consumers"))
CHAIN_MULTI = _kind("chain_multi", _TWO_PATHS, ("node", "consumers"))
FORWARD = _kind("forward", "{forward: [L = w**2]}", ("node",))
DIFFERENTIATE = _kind("differentiate", "{forward: [L = w**2]}", (), ("node", *_DIFFERENTIATION))
INDEPENDENT = _kind("independent", "{forward: [y = sign(x), L = y**2]}", ("node",))
LOCAL = _kind("local", "{forward: [z = w*x, L = z**2]}", ("num", "den"), _DIFFERENTIATION)
CASE_EQUAL = _kind("case_equal", _SOFTMAX, ("index", "other"))
CASE_DIFFERENT = _kind("case_different", _SOFTMAX, ("index", "other", "unless"))
KRONECKER = _kind("kronecker", _SOFTMAX)
KRONECKER_SHIFT = _kind(
    "kronecker_shift",
    "{indices: {i: I}, symbols: {x: [I]}, forward: ['y[i] = x[i] - x[i-1]', 'L = sum(y[i]**2, i)']}",
)
SUBSTITUTE = _kind("substitute", "{forward: [z = w*x, L = z**2]}")
RECALL = _kind("recall", _NEAR_LOSS, ("node",))
INLINE_ADJOINT = _kind("inline_adjoint", _NEAR_LOSS, ("node",))
PATH = _kind("path", _TWO_PATHS, ("node", "consumer"))
SUM_PATHS = _kind("sum_paths", _TWO_PATHS, ("node",))

# --- simplification ---
EXPAND = _kind("expand", "{forward: [z = 2*w + b, L = (z - t)*z]}")
DISTRIBUTE = _kind("distribute", "{forward: [y = x**2 + 3*x, L = y*(1/y + x)]}")
OPEN = _kind("open", _SOFTMAX)
CANCEL = _kind("cancel", "{forward: [y = log(x), L = x*y]}")
FOLD = _kind("fold", "{forward: [y = tanh(x), L = y**2]}", ("node",))
SUM_TO_ONE = _kind("sum_to_one", _SOFTMAX, (), ("node",))
REFLECT = _kind("reflect", "{forward: [L = log(sigmoid(-z))]}")
RECOGNISE = _kind("recognise", "{forward: [y = 1/(1 + exp(-z)), L = y**2]}")
SYMMETRIC = _kind("symmetric", "{symbols: {A: {shape: [D, D], symmetric: true}, x: [D]}, forward: ['L = x.T @ A @ x']}")
FACTOR = _kind("factor", "{forward: [h = x*y/(x + 1), L = h*x]}")
GATHER = _kind(
    "gather", "{symbols: {W: [K, D], x: [D], c: [K]}, forward: [p = softmax(W @ x), L = sum(p*c)]}"
)  # fmt: skip

# --- Jacobians and second derivatives ---
_DEEP = (
    "{symbols: {W: [K, D], x: {shape: [D], role: input}}, forward: [z = W @ x, y = tanh(z)], parts: [jacobian: dy/dx]}"
)
_TWICE = "{symbols: {X: [N, D], w: [D], t: [N]}, forward: [L = sum((X @ w - t)**2)/2], parts: [hessian: w]}"
_SKIP = "{symbols: {x: {shape: [D], role: input}}, forward: [h = tanh(x), y = h*x], parts: [jacobian: dy/dx]}"
THROUGH = _kind("through", _SKIP, ("node", "by"))
PRODUCT = _kind("product", _DEEP, ("node", "by"))
GRADIENT = _kind("gradient", _TWICE, ("node",))
SECOND = _kind("second", _TWICE, ("node",))
COLLECT = _kind("collect", _TWICE, lifts=True)

# --- what a question asks for ---
PRESENT = _kind("present", "{forward: [z = w*x, L = z**2], parts: [{derive: w, form: 2*w*x**2}]}")
CONCLUDE = _kind(
    "conclude", "{forward: [z = w*x, L = z**2], parts: [{derive: z}, {show: dL/dz = 2*w*x}]}", ("node",)
)  # fmt: skip

# --- from entries to matrices and back ---
VECTORIZE = _kind("vectorize", _TANH, ("node",), lifts=True)
MEMBERS = _kind(
    "members",
    "{indices: {n: N}, symbols: {X: [N, D], W: [K, D]}, forward: ['z[n] = W @ X[n]', L = sum(z**2)]}",
    ("node",),
    lifts=True,
)
STACK = _kind(
    "stack",
    "{indices: {n: N}, symbols: {X: [N, D], W: [K, D]}, forward: ['z[n] = W @ X[n]', L = sum(z**2)]}",
    ("node",),
    lifts=True,
)
ENTRIES = _kind("entries", _LAYER, ("node",))
BROADCAST = _kind("broadcast", "{symbols: {X: [N, D], b: [D]}, forward: [Z = X + b, L = sum(Z**2)]}", ("node",))
LIFT_PRODUCT = _kind("lift_product", _LAYER, ("index",), lifts=True)
LIFT_SUM = _kind(
    "lift_sum", "{symbols: {A: [N, K], s: []}, forward: [Y = s*A, L = sum(Y*A)]}", ("index",), lifts=True
)  # fmt: skip
LIFT_NORM = _kind(
    "lift_norm",
    "{indices: {n: N, k: K}, symbols: {A: [N, K], s: []}, forward: ['L = s*sum(A[n,k]**2, n, k)']}",
    ("index",),
    lifts=True,
)
LIFT_TRACE = _kind(
    "lift_trace",
    "{indices: {n: N, k: K}, symbols: {A: [N, K], B: [K, N], s: []}, forward: ['L = s*sum(A[n,k]*B[k,n], n, k)']}",
    ("index",),
    lifts=True,
)
LIFT_TRANSPOSE = _kind("lift_transpose", _LAYER, ("index", "arrays"), lifts=True)
LIFT_INNER = _kind(
    "lift_inner", "{symbols: {z: [K], c: [K]}, forward: [L = sum(c*softmax(z))]}", ("index",), lifts=True
)  # fmt: skip
LIFT_HADAMARD = _kind("lift_hadamard", "{symbols: {u: [D], v: [D]}, forward: [L = sum(u*v*v)]}", lifts=True)
LIFT_OUTER = _kind("lift_outer", _LAYER, lifts=True)
LIFT_BLOCKS = _kind(
    "lift_blocks", "{symbols: {a: [H], b: [D], w: [H + D]}, forward: ['L = sum(w*concat(a, b))']}", lifts=True
)
LIFT_ONES = _kind("lift_ones", "{symbols: {W: [K, D], x: [D]}, forward: [z = W @ x, L = sum(z)]}", lifts=True)
LIFT_DIAG = _kind(
    "lift_diag",
    "{symbols: {d: [D], x: [D], M: [D, D]}, forward: [y = diag(d) @ x + diag(M), L = sum(y**2)]}",
    lifts=True,
)
LIFT_QUOTIENT = _kind("lift_quotient", "{symbols: {u: [D], v: [D]}, forward: [L = sum(u/v)]}", lifts=True)
LIFT_ELEMENTWISE = _kind("lift_elementwise", _TANH, ("function",), lifts=True)
