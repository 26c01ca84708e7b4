"""The assignment version of a module: the forward pass is there, each gradient is for a student to write.

This module must not know how a gradient is derived, and nothing of it may reach the text.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.codegen.checks import checks_of
from backsym.codegen.dialects import DIALECTS, Dialect
from backsym.codegen.layout import INDENT, docstring, quoted
from backsym.codegen.module import assembled, dialect_of, forward_function, quantities, shape_text, title_of
from backsym.codegen.network import Network, network_of, refuse_lists
from backsym.codegen.proof import prove
from backsym.codegen.words import words
from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.solving.solution import Solution


def skeleton_source(solution: Solution, target: str = "numpy") -> str:
    """The module for ``target`` whose functions ``gradient_NAME`` raise NotImplementedError.

    Raises BacksymError for an unknown target and for what has no source in it.
    """
    network, dialect = network_of(solution), dialect_of(target)
    if network.problem.upstream is not None:
        raise BacksymError(say("codegen.no_loss"))
    refuse_lists(network)
    prove(_written(network, DIALECTS["numpy"]), network, solution)
    return _written(network, dialect)


def _written(network: Network, dialect: Dialect) -> str:
    loss = network.problem.loss
    head = docstring(
        [
            words("skeleton.title", title=title_of(network), library=dialect.title),
            words("skeleton.purpose", loss=loss),
            *quantities(network, dialect),
        ]
    )
    body = forward_function(network, dialect)
    asked = asked_for(network)
    for at, quantity in enumerate(asked):
        body += ["", "", *_gradient(network, quantity, [loss, *asked[:at]])]
    return assembled(head, [*body, "", "", *_backward(network, asked, dialect)], dialect)


def checks_source(solution: Solution, module: str, target: str = "numpy") -> str:
    """A file of tests, for pytest, of the skeleton that stands in ``MODULE.py``.

    Raises BacksymError where no point is found at which the derivatives can be checked.
    """
    network = network_of(solution)
    refuse_lists(network)
    return checks_of(network, asked_for(network), module, dialect_of(target))


def asked_for(network: Network) -> list[str]:
    """The quantities whose gradients are to be written, in backward order: all but the loss."""
    return [quantity for quantity, _ in network.derived if quantity != network.problem.loss]


def _gradient(network: Network, quantity: str, earlier: Sequence[str]) -> list[str]:
    problem = network.problem
    shape = problem.symbols[quantity].shape
    told = words("skeleton.array", shape=shape_text(shape)) if shape else words("skeleton.scalar")
    explained = [
        words("skeleton.gradient", loss=problem.loss, quantity=quantity, shape=told),
        words("skeleton.earlier", earlier=", ".join(earlier)),
    ]
    todo = words("skeleton.todo", loss=problem.loss, quantity=quantity)
    return [
        f"def gradient_{quantity}(values: dict, gradients: dict):",
        *docstring(explained, 4),
        f"{INDENT}raise NotImplementedError({quoted(todo)})",
    ]


def _backward(network: Network, asked: Sequence[str], dialect: Dialect) -> list[str]:
    loss = network.problem.loss
    first = f"{dialect.library}.ones_like(values[{quoted(loss)}])"
    return [
        "def backward(values: dict) -> dict:",
        *docstring([words("skeleton.backward", loss=loss)], 4),
        f"{INDENT}gradients = {{{quoted(loss)}: {first}}}",
        *(f"{INDENT}gradients[{quoted(q)}] = gradient_{q}(values, gradients)" for q in asked),
        f"{INDENT}return gradients",
    ]
