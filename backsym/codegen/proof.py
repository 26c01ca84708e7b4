"""The numeric proof of a module: what its ``forward`` and ``backward`` return, at a point of the numeric check.

The module for NumPy is evaluated by ``numeric.sources``; those for other libraries say the same in their words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backsym.codegen.network import Network
from backsym.core.errors import VerificationError
from backsym.core.problem import Symbol
from backsym.core.words import Words, say
from backsym.solving.solution import Solution

if TYPE_CHECKING:
    from backsym.numeric.abstract import AbstractFunction
    from backsym.numeric.axes import Array
    from backsym.numeric.context import Env


def prove(source: str, network: Network, solution: Solution) -> None:
    """Raise VerificationError if a module for NumPy computes another value or derivative than the solution states.

    ``backward`` may be missing: what is left to a student is not judged.
    """
    import numpy as np

    from backsym.numeric.sources import called

    if not solution.points:
        return
    point = solution.points[0]
    try:
        with np.errstate(all="ignore"):
            values = called(source, "forward", _inputs(network, point))
            slopes = called(source, "backward", values) if network.backward and "gradient_" not in source else {}
    except (TypeError, ValueError, IndexError) as error:
        raise VerificationError(network.problem.loss, say("codegen.does_not_run", error=str(error))) from error
    equations = {forms.node: forms for forms in solution.forward}
    derivations = {d.node: d for d in solution.derivations}
    shapes = network.problem.symbols
    _compare(say("codegen.value"), {name: values[name] for name in equations}, point.values, equations, point, shapes)
    _compare(
        say("codegen.derivative"),
        {name: slopes[name] for name in derivations if name in slopes},
        point.adjoints,
        derivations,
        point,
        shapes,
    )


def _compare(
    what: Words, found: Mapping[str, Any], stated: Mapping[str, Array], forms: Mapping[str, Any], point: Env,
    shapes: Mapping[str, Symbol],
) -> None:  # fmt: skip
    import numpy as np

    from backsym.numeric.layers import as_kept
    from backsym.numeric.proof import TOLERANCE, differs

    largest = max((float(np.max(np.abs(x), initial=0.0)) for x in stated.values()), default=0.0)
    for name, value in found.items():
        array = np.asarray(as_kept(value, shapes[name].shape, point.dims), dtype=float)
        expected = stated[name]
        if array.shape == expected.shape:
            gap = float(np.max(np.abs(array - expected), initial=0.0))
            # What rounding leaves of terms that cancel in one node is passed on to others.
            if gap <= 1e-3 * TOLERANCE * largest:
                continue
            form = forms[name]
            whole = form.matrix or form.entry
            if not differs(array, whole.rhs, () if form.matrix is not None else form.indices, point):
                continue
        raise VerificationError(name, say("codegen.failed", what=what, name=name))


def _inputs(network: Network, point: Env) -> dict[str, Any]:
    """What ``forward`` takes: leaves, sizes, and pairs of an abstract function and its derivative."""
    from backsym.numeric.layers import as_given

    symbols = network.problem.symbols
    inputs: dict[str, Any] = {n: as_given(point.values[n], symbols[n].shape, point.dims) for n in network.leaves}
    inputs |= dict.fromkeys(network.given, point.adjoints[network.problem.end])
    inputs |= {size: point.dims[size] for size in network.sizes}

    def of(function: AbstractFunction, order: int) -> Callable[..., Array]:
        return lambda *args: function.derivative(order, *args)

    for function, key in network.functions.items():
        inputs[key] = (of(point.functions[function], 0), of(point.functions[function], 1))
    return inputs
