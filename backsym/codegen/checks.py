"""The tests of a skeleton: every gradient against a numeric derivative of the loss, at points that are written out.

The values are computed in the tests themselves, from the forward equations, so that one in the middle can be moved.

This module must not know how a gradient is derived, and nothing of it may reach the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backsym.codegen.dialects import ANALYTIC_HELPERS, DIALECTS, Dialect, analytic
from backsym.codegen.layout import INDENT, dictionary, docstring, literal, quoted
from backsym.codegen.loops import Loop
from backsym.codegen.module import Body, assembled
from backsym.codegen.network import Network, values_of
from backsym.codegen.points import points, written
from backsym.codegen.words import words
from backsym.printing.numpy.source import names_of

_STEP = {True: "1e-30", False: "1e-6"}
"""Of the complex step, which loses no digits, and of central differences."""

_TOLERANCE = {True: ("1e-8", "1e-10"), False: ("1e-5", "1e-7")}
"""Of an entry, and of the largest entry of all gradients."""


def checks_of(network: Network, asked: Sequence[str], module: str, dialect: Dialect) -> str:
    """The text of the tests of ``MODULE.py``, which is in the dialect."""
    # erf is the one function here that NumPy does not have for complex numbers.
    smooth = not any("erf" in names_of(value) for s in network.forward for value in values_of(s))
    method = words("tests.complex" if smooth else "tests.central")
    head = docstring([words("tests.title", module=module, method=method), words("tests.how")])
    body = [
        *_data(network, asked, dialect),
        *_section(_replayed(network, smooth=smooth)),
        *_section(_slopes(network, smooth=smooth)),
        *_section(_expected(network)),
        *([] if dialect.target == "numpy" else _section(_converted(network, dialect))),
        *_section(_check(smooth=smooth)),
        *_section(_gradient_test(module, network.problem.loss, dialect)),
        *_section(_backward_test(module, dialect)),
    ]
    plain = DIALECTS["numpy"]
    numpy = replace(plain, imports={"math": "import math"}, helpers={**plain.helpers, **ANALYTIC_HELPERS})
    return assembled(head, body, numpy, _imports(module, dialect), separate=False)


def _section(lines: Sequence[str]) -> list[str]:
    return ["", "", *lines]


def _imports(module: str, dialect: Dialect) -> list[str]:
    own = {"numpy": [], "torch": ["import torch"], "jax": ["import jax", "import jax.numpy as jnp"]}[dialect.target]
    others = sorted(["import numpy as np", "import pytest", *own])
    return ["from functools import cache", "", *others, "", f"import {module}"]


# --- what the tests know ---------------------------------------------------------------------------------------------


def _data(network: Network, asked: Sequence[str], dialect: Dialect) -> list[str]:
    lines = ['jax.config.update("jax_enable_x64", True)', ""] if dialect.target == "jax" else []
    lines += f"NAMES = {_exploded([quoted(name) for name in asked])}".split("\n")
    drawn = [
        {**dict(written(leaves)), **{size: sizes[size] for size in network.sizes}}
        for leaves, sizes in points(network.problem)
    ]
    lines += f"POINTS = {_exploded([literal(point, 4, 4) for point in drawn])}".split("\n")
    if network.functions:
        lines += _functions("FUNCTIONS", network, "np")
    if network.functions and dialect.target != "numpy":
        lines += _functions("OWN", network, dialect.library)
    return lines


def _exploded(items: Sequence[str]) -> str:
    return "[\n" + "".join(f"{INDENT}{item},\n" for item in items) + "]"


def _functions(title: str, network: Network, library: str) -> list[str]:
    """Functions and their derivatives to stand for the abstract ones."""
    lines = [f"{title} = {{"]
    for function, key in network.functions.items():
        pair = [f"{library}.sin", f"{library}.cos"]
        if network.ranks[f"{function}()"] == 0:
            pair = [f"lambda y, t: {library}.sum({library}.sin(y - t))", f"lambda y, t: {library}.cos(y - t)"]
        lines += [f"{INDENT}{quoted(key)}: (", *(f"{INDENT * 2}{part}," for part in pair), f"{INDENT}),"]
    return [*lines, "}"]


# --- numeric derivatives ---------------------------------------------------------------------------------------------


def _replayed(network: Network, *, smooth: bool) -> list[str]:
    numpy = DIALECTS["numpy"]
    body = Body(network, replace(numpy, translate=analytic) if smooth else numpy, "values", network.leaves)
    lines: list[str] = []
    for s in network.forward:
        if isinstance(s, Loop):
            lines += body.loop(s, 4, _moved)
            continue
        lines.append(f"{INDENT}if given == {quoted(s.quantity)}:")
        lines.append(f"{INDENT * 2}{s.target} = values[{quoted(s.quantity)}]")
        lines += [f"{INDENT}else:", *body.assignment(s, 8)]
    computed = [f"{quoted(quantity)}: {own}" for quantity, own in network.computed]
    return [
        f'def replayed(values, given=""{", shift=None" if _recurs(network) else ""}):',
        *docstring([words("tests.replayed_members" if _recurs(network) else "tests.replayed")], 4),
        *body.loads(dict(network.names)),
        *lines,
        *dictionary(["**values", *computed]),
    ]


def _recurs(network: Network) -> bool:
    return any(isinstance(s, Loop) for s in network.forward)


def _moved(quantity: str, own: str, letter: str) -> list[str]:
    """A member of a recurrence is moved when it is made, and those after it follow."""
    return [f"if given == {quoted(quantity)}:", f"{INDENT}{own} = {own} + shift[{letter}]"]


def _slopes(network: Network, *, smooth: bool) -> list[str]:
    loss = quoted(network.problem.loss)
    step = _STEP[smooth]
    shift = ", moved - base" if _recurs(network) else ""
    made = (
        [
            "        moved = base.astype(complex)",
            f"        moved[place] += {step} * 1j",
            f"        loss = replayed({{**values, given: moved}}, given{shift})[{loss}]",
            f"        slopes[place] = np.imag(loss).item() / {step}",
        ]
        if smooth
        else [
            "        losses = []",
            f"        for step in ({step}, -{step}):",
            "            moved = base.copy()",
            "            moved[place] += step",
            f"            losses.append(replayed({{**values, given: moved}}, given{shift})[{loss}])",
            f"        slopes[place] = (losses[0] - losses[1]).item() / {float(step) * 2!r}",
        ]
    )
    return [
        "def slopes_of(values, given):",
        *docstring([words("tests.slopes_complex" if smooth else "tests.slopes_central", loss=network.problem.loss)], 4),
        "    base = np.asarray(values[given], dtype=float)",
        "    slopes = np.zeros(base.shape)",
        "    for place in np.ndindex(base.shape):",
        *made,
        "    return slopes",
    ]


def _expected(network: Network) -> list[str]:
    loss = quoted(network.problem.loss)
    if network.sizes:
        inputs = [
            "    inputs = {",
            "        name: value if isinstance(value, int) else np.array(value)",
            "        for name, value in POINTS[number].items()",
            "    }",
        ]
    else:
        inputs = ["    inputs = {name: np.array(value) for name, value in POINTS[number].items()}"]
    if network.functions:
        inputs.append("    inputs.update(FUNCTIONS)")
    return [
        "@cache",
        "def expected_at(number):",
        *docstring([words("tests.expected")], 4),
        *inputs,
        "    values = replayed(inputs)",
        f"    gradients = {{{loss}: np.ones_like(values[{loss}])}}",
        "    gradients.update({name: slopes_of(values, name) for name in NAMES})",
        "    return inputs, values, gradients",
    ]


def _converted(network: Network, dialect: Dialect) -> list[str]:
    """The conversion of NumPy's arrays, and of its numbers, to those of the module."""
    make = {"torch": "torch.tensor(value)", "jax": "jnp.asarray(value)"}[dialect.target]
    other = "OWN.get(name, value)" if network.functions else "value"
    return [
        "def converted(values):",
        *docstring([words("tests.converted")], 4),
        "    kinds = (np.ndarray, np.generic)",
        "    return {",
        f"        name: {make} if isinstance(value, kinds) else {other}",
        "        for name, value in values.items()",
        "    }",
    ]


# --- the tests -------------------------------------------------------------------------------------------------------


def _check(*, smooth: bool) -> list[str]:
    relative, absolute = _TOLERANCE[smooth]
    return [
        "def check(name, found, gradients):",
        *docstring([words("tests.check")], 4),
        "    expected = gradients[name]",
        "    scale = max(np.abs(gradient).max() for gradient in gradients.values())",
        "    assert np.shape(found) == expected.shape",
        "    np.testing.assert_allclose(",
        f"        np.asarray(found), expected, rtol={relative}, atol={absolute} * scale",
        "    )",
    ]


def _as_taken(expression: str, dialect: Dialect) -> str:
    return expression if dialect.target == "numpy" else f"converted({expression})"


def _gradient_test(module: str, loss: str, dialect: Dialect) -> list[str]:
    return [
        '@pytest.mark.parametrize("name", NAMES)',
        '@pytest.mark.parametrize("number", range(len(POINTS)))',
        "def test_gradient(number, name):",
        *docstring([words("tests.gradient")], 4),
        "    _, values, gradients = expected_at(number)",
        f"    before = [{quoted(loss)}, *NAMES[: NAMES.index(name)]]",
        f"    known = {_as_taken('{other: gradients[other] for other in before}', dialect)}",
        f'    gradient = getattr({module}, f"gradient_{{name}}")',
        f"    check(name, gradient({_as_taken('values', dialect)}, known), gradients)",
    ]


def _backward_test(module: str, dialect: Dialect) -> list[str]:
    return [
        '@pytest.mark.parametrize("number", range(len(POINTS)))',
        "def test_backward(number):",
        *docstring([words("tests.backward")], 4),
        "    inputs, _, gradients = expected_at(number)",
        f"    found = {module}.backward({module}.forward({_as_taken('inputs', dialect)}))",
        "    assert set(found) == set(gradients)",
        "    for name in gradients:",
        "        check(name, found[name], gradients)",
    ]
