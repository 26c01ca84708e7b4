"""The network as one differentiable function: an ``autograd.Function`` of PyTorch, a ``custom_vjp`` of JAX.

Its forward pass is ``forward`` of the module, its derivative ``backward``; the library multiplies with what comes from
outside.  The tests beside it hold the derivative against differences of the values.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.codegen.layout import INDENT, docstring, literal, quoted
from backsym.codegen.module import assembled, backward_function, dialect_of, forward_function, head_of, proved
from backsym.codegen.network import Network, refuse_lists
from backsym.codegen.points import points, written
from backsym.codegen.words import words
from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.solving.solution import Solution

TARGETS = ("torch", "jax")
"""The libraries whose own differentiation can be told a derivative."""


def function_source(solution: Solution, target: str) -> str:
    """The module for ``target``, with the network as a function ``network`` of all that is given.

    Raises BacksymError for a target that cannot be told a derivative, and for functions or sizes that would have to be
    given besides arrays; VerificationError as ``module_source``.
    """
    network = _network(solution, target)
    dialect = dialect_of(target)
    own = {"torch": _torch, "jax": _jax}[target](network)
    body = [*forward_function(network, dialect), "", "", *backward_function(network, dialect), "", "", *own]
    return assembled(head_of(network, dialect), body, dialect)


def gradcheck_source(solution: Solution, module: str, target: str) -> str:
    """The tests of ``MODULE.py``: the derivative against differences, at points away from kinks."""
    network = _network(solution, target)
    drawn = [literal(dict(written(leaves)), 4, 4) for leaves, _ in points(network.problem)]
    data = ["POINTS = [", *(f"{INDENT}{point}," for point in drawn), "]", "", ""]
    head = docstring([words("function.tests", module=module)])
    imports = {
        "torch": ["import pytest", "import torch"],
        "jax": ["import jax", "import jax.numpy as jnp", "import pytest"],
    }
    lines = [*head, "", *imports[target], "", f"import {module}", ""]
    if target == "jax":
        lines += ["from jax.test_util import check_grads  # noqa: I001", ""]
        lines += ['jax.config.update("jax_enable_x64", True)', ""]
    return "\n".join([*lines, *data, *_test(network, module, target)]) + "\n"


def _network(solution: Solution, target: str) -> Network:
    if target not in TARGETS:
        raise BacksymError(say("codegen.no_function", targets=TARGETS, target=target))
    network = proved(solution)
    refuse_lists(network)
    if extra := [*network.functions, *network.sizes]:
        raise BacksymError(say("codegen.arrays_only", names=extra))
    return network


def _torch(network: Network) -> list[str]:
    end = network.problem.end
    named = {*network.leaves, *(quantity for quantity, _ in network.computed)}
    kept = [quoted(name) for name in network.problem.symbols if name in named]
    forward = [
        "@staticmethod",
        *_exploded("def forward(", ["ctx", *_arguments(network)], "):"),
        *_indented(_given(network)),
        *_indented(["ctx.save_for_backward(*(values[name] for name in NAMES))", f"return values[{quoted(end)}]"]),
    ]
    backward = [
        "@staticmethod",
        "def backward(ctx, upstream):",
        *_indented(["values = dict(zip(NAMES, ctx.saved_tensors))", *_derivatives(network)]),
    ]
    return [
        *_exploded("NAMES = [", kept, "]"), "", "",
        "class Network(torch.autograd.Function):", *_purpose(network), "",
        *_indented(forward), "", *_indented(backward), "", "",
        "network = Network.apply",
    ]  # fmt: skip


def _jax(network: Network) -> list[str]:
    end = network.problem.end
    values = _given(network)
    return [
        "@jax.custom_vjp",
        *_exploded("def network(", _arguments(network), "):"),
        *_purpose(network),
        *_indented([*values, f"return values[{quoted(end)}]"]), "", "",
        *_exploded("def network_forward(", _arguments(network), "):"),
        *_indented([*values, f"return values[{quoted(end)}], values"]), "", "",
        "def network_backward(values, upstream):", *_indented(_derivatives(network)), "", "",
        "network.defvjp(network_forward, network_backward)",
    ]  # fmt: skip


def _derivatives(network: Network) -> list[str]:
    """What is returned of the derivatives: by each input, times what comes from outside; none by a constant."""
    given = "".join(f", {quoted(key)}: upstream" for key in network.given.values())
    scale = "" if given else "upstream * "
    fixed = _constants(network)
    parts = ["None" if name in fixed else f"{scale}found[{quoted(name)}]" for name in network.leaves]
    call = f"found = backward({{**values{given}}})" if given else "found = backward(values)"
    return [call, *(_exploded("return (", parts, ")") if len(parts) > 1 else [f"return ({parts[0]},)"])]


def _constants(network: Network) -> list[str]:
    """What is given and has no derivative: targets, constants and classes."""
    derived = {quantity for quantity, _ in network.derived}
    return [name for name in network.leaves if name not in derived]


def _purpose(network: Network) -> list[str]:
    purpose = words("function.purpose", end=network.problem.end)
    fixed = [network.names[name] for name in _constants(network)]
    return docstring([purpose, *([words("function.constants", names=", ".join(fixed))] if fixed else [])], 4)


def _arguments(network: Network) -> list[str]:
    return [network.names[name] for name in network.leaves]


def _given(network: Network) -> list[str]:
    """The call of ``forward`` with the inputs by their names."""
    inputs = _exploded("inputs = {", [f"{quoted(name)}: {network.names[name]}" for name in network.leaves], "}")
    return [*inputs, "values = forward(inputs)"]


def _exploded(head: str, items: Sequence[str], tail: str) -> list[str]:
    """One item a line."""
    return [head, *(f"{INDENT}{item}," for item in items), tail]


def _indented(lines: Sequence[str]) -> list[str]:
    return [INDENT + line if line else line for line in lines]


def _test(network: Network, module: str, target: str) -> Sequence[str]:
    fixed = _constants(network)
    head = [
        '@pytest.mark.parametrize("point", POINTS)',
        "def test_the_derivative_is_the_slope(point):",
    ]
    if target == "torch":
        return [
            *head,
            f"{INDENT}inputs = [",
            *(_tensor(network, name, fixed=name in fixed) for name in network.leaves),
            f"{INDENT}]",
            f"{INDENT}assert torch.autograd.gradcheck({module}.network, inputs)",
        ]
    free = [name for name in network.leaves if name not in fixed]
    given = [f"{INDENT}{network.names[name]} = jnp.asarray(point[{quoted(name)}])" for name in fixed]
    return [
        *head,
        *given,
        "",
        *_indented(_exploded("def network(", [network.names[name] for name in free], "):")),
        *_indented(_indented(_exploded(f"return {module}.network(", _arguments(network), ")"))),
        "",
        *_indented(_exploded("names = [", list(map(quoted, free)), "]")),
        f"{INDENT}inputs = [jnp.asarray(point[name]) for name in names]",
        f'{INDENT}check_grads(network, inputs, order=1, modes=["rev"], atol=1e-5, rtol=1e-4)',
    ]


def _tensor(network: Network, name: str, *, fixed: bool) -> str:
    """A number that counts classes stays one; all others are in double precision."""
    kind = "" if network.problem.symbols[name].label is not None else ", dtype=torch.float64"
    free = "" if fixed else ", requires_grad=True"
    return f"{INDENT * 2}torch.tensor(point[{quoted(name)}]{kind}{free}),"
