"""Random NumPy code: what is read has the value and the shape that NumPy gives it, precedence included."""

from __future__ import annotations

import numpy as np
import pytest
from extent import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy_text import evaluated

from backsym.core.expr import Expr, Sym
from backsym.core.problem import Dimension
from backsym.core.source import Source
from backsym.numeric.axes import arrange
from backsym.numeric.context import Context
from backsym.numeric.evaluate import ev
from backsym.reading.meaning.resolve import resolve_expression
from backsym.reading.meaning.scope import Scope
from backsym.reading.python.grammar import parse_code
from backsym.reading.python.words import Words

SIZES = {"N": 3, "D": 4, "K": 2}
SHAPES = {
    "X": ("N", "D"), "W": ("K", "D"), "A": ("N", "N"), "R": (1, "D"), "C": ("N", 1),
    "v": ("N",), "u": ("D",), "k": ("K",), "s": (), "r": (),
}  # fmt: skip
_DRAWN = np.random.default_rng(7)
VALUES = {name: _DRAWN.uniform(0.4, 1.6, [SIZES.get(str(d), 1) for d in shape]) for name, shape in SHAPES.items()}
SCOPES = {
    derivatives: Scope(
        names={name: Sym(name, shape) for name, shape in SHAPES.items()},
        dims={name: Dimension(name, None) for name in SIZES},
        loss="s",
        derivatives=derivatives,
    )
    for derivatives in (False, True)
}
CONTEXT = Context(SIZES, VALUES, {}, {}, {})


def read(text: str, *, derivatives: bool = False) -> Expr:
    scope, source = SCOPES[derivatives], Source(text)
    return resolve_expression(parse_code(source, Words(scope)), source, scope)


def numpy_value(text: str) -> np.ndarray | None:
    """The value, if NumPy can make one of at most two axes; None else.

    Arrays of one entry are left out: in the language they are the number, whatever axes they have.
    """
    try:
        with np.errstate(all="raise"):
            value = np.asarray(evaluated(text, VALUES), dtype=float)
    except (ValueError, IndexError, TypeError, AttributeError, FloatingPointError):
        return None
    return value if value.ndim <= 2 and value.size <= 1000 and (value.size > 1 or not value.ndim) else None


ONE = ["-{}", "({})", "np.tanh({})", "np.exp(-({}))", "({})**2", "({}).sum()", "({}).mean()", "({} > 1)*1.0"]
VECTOR = [
    "({})[:, None]", "({})[None, :]", "({})[None]", "({})[..., None]", "np.diag({})", "({}).reshape(-1, 1)",
    "({}).reshape(1, -1)", "np.expand_dims({}, 0)", "({}).sum(axis=0)", "np.ravel({})",
]  # fmt: skip
MATRIX = [
    "({}).T", "np.transpose({})", "({}).sum(axis=0)", "({}).sum(axis=1)", "({}).mean(axis=-1, keepdims=True)",
    "np.sum({}, 0, keepdims=True)", "({}).max(axis=1)", "({}).flatten()", "np.squeeze({})", "({}).sum(axis=(0, 1))",
    "np.swapaxes({}, 0, 1)", "({}).min(axis=-2)",
]  # fmt: skip
TWO = [
    "{} + {}", "{} - {}", "{}*{}", "{}/{}", "{} @ {}", "({})*({})", "({}) @ ({})", "np.dot({}, {})", "np.outer({}, {})",
    "np.maximum({}, 1) - {}", "np.where({} > 1, {}, 0)", "np.multiply({}, {})", "np.matmul({}, {})", "-{} @ -{}",
    "np.subtract({}, {})", "{}*-{}", "np.inner({}, {})", "({} >= 1)*{}", "({}).dot({})", "~({} > 1)*{}",
    "np.tensordot({}, {}, axes=1)", "(({})[:, :, None]*({})[:, None, :]).sum(axis=0)",
    "(({})[:, None, :]*({})[None]).mean(-1)",
]  # fmt: skip
THREE = [
    "{}*{} @ {}",
    "{} @ {}*{}",
    "{} - {}*{}",
    "{}/{}*{}",
    "{} @ {} @ {}",
    "np.where({} > 1, {}, {})",
    "{}*{}**2/{}",
]


@st.composite
def texts(draw: st.DrawFn, depth: int = 3) -> str:
    """Source that NumPy has a value for."""
    leaf = draw(st.sampled_from(sorted(SHAPES)))
    if depth == 0:
        return leaf
    parts = [draw(texts(depth - draw(st.integers(1, 2)) if depth > 1 else 0)) for _ in range(3)]
    value = numpy_value(parts[0])
    assert value is not None, "made of what has one"
    own = [VECTOR, MATRIX][value.ndim - 1] if value.ndim else ONE
    template = draw(st.sampled_from([*ONE, *own, *own, *TWO, *TWO, *THREE]))
    text = template.format(*parts)
    return text if numpy_value(text) is not None and len(text) < 400 else parts[0]


@pytest.mark.parametrize("derivatives", [False, True], ids=["equation", "answer"])
@settings(max_examples=examples(150, 2), deadline=None, suppress_health_check=list(HealthCheck))
@given(texts())
def test_code_means_what_numpy_makes_of_it(derivatives: bool, text: str) -> None:
    expected = numpy_value(text)
    assert expected is not None
    expr = read(text, derivatives=derivatives)
    value = arrange(ev(expr, CONTEXT), (), ())
    shape = expected.shape
    assert tuple(np.shape(value)) == shape, text
    assert tuple(CONTEXT.sizes(expr.shape)) == shape, text
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-12, err_msg=text)
