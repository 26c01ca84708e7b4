"""The tests of a skeleton: every gradient against a numeric derivative of the loss, at points that are written out.

The loss is computed in the tests themselves, from the forward equations, so that a quantity in the middle can be moved.

This module must not know how a gradient is derived, and nothing of it may reach the text.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backsym.codegen.dialects import DIALECTS, Dialect, analytic
from backsym.codegen.layout import INDENT, docstring, literal, quoted
from backsym.codegen.module import Body, assembled
from backsym.codegen.network import Network, Statement
from backsym.codegen.points import points
from backsym.codegen.source import names_of
from backsym.codegen.words import words

_STEP = ast.Constant(1)


def tests_of(network: Network, asked: Sequence[str], module: str, dialect: Dialect) -> str:
    """The text of the tests of ``MODULE.py``, which is in the dialect."""
    # erf is the one function here that NumPy's complex numbers do not have.
    smooth = not any("erf" in names_of(s.value) for s in network.forward)
    method = words("tests.complex" if smooth else "tests.central")
    head = docstring([words("tests.title", module=module, method=method), words("tests.how")])
    body = [
        *_points(network, dialect),
        "",
        "",
        *_loss(network, smooth),
        "",
        "",
        *_numeric(network, smooth),
        "",
        "",
        *_checks(network, asked, module, dialect, smooth),
    ]
    imports = [line for line in _imports(module, dialect) if line]
    return assembled(head, body, replace(DIALECTS["numpy"], imports={"math": "import math"}), imports)


def _imports(module: str, dialect: Dialect) -> list[str]:
    """Third-party modules in the order of the alphabet, then the student's."""
    lines = ["import numpy as np", "import pytest"]
    if dialect.target == "torch":
        lines.append("import torch")
    if dialect.target == "jax":
        lines = ["import jax", "import jax.numpy as jnp", *lines]
    return [*lines, f"import {module}"]


# --- points ----------------------------------------------------------------------------------------------------------


def _points(network: Network, dialect: Dialect) -> list[str]:
    lines: list[str] = []
    if dialect.target == "jax":
        lines += ['jax.config.update("jax_enable_x64", True)', ""]
    drawn = [_plain(point) for point in points(network)]
    lines += f"POINTS = {_listed(drawn)}".split("\n")
    library = {"numpy": "np", "torch": "torch", "jax": "jnp"}[dialect.target]
    pairs = [f"{INDENT}{quoted(key)}: {_pair(network, name, library)}," for name, key in network.functions.items()]
    if pairs:
        lines += ["FUNCTIONS = {", *pairs, "}"]
    return lines


def _listed(drawn: Sequence[Mapping[str, Any]]) -> str:
    inside = "".join(f"{INDENT}{literal(point, 4, 4)},\n" for point in drawn)
    return f"[\n{inside}]"


def _plain(point: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.tolist() if hasattr(value, "tolist") else value for key, value in point.items()}


def _pair(network: Network, function: str, library: str) -> str:
    """A function and its derivative to stand for an abstract one."""
    if network.ranks[f"{function}()"] == 0:
        value = f"lambda *args: sum({library}.sum({library}.sin((k + 1) * x)) for k, x in enumerate(args))"
        raise NotImplementedError(value)
    return f"({library}.sin, {library}.cos)"
