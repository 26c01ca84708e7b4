"""backsym derives backpropagation for small networks symbolically and prints the worked solution.

Importing the package imports nothing else: each public name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backsym.version import __version__

if TYPE_CHECKING:
    from backsym.api.from_function import from_function
    from backsym.api.gradients import Gradient, gradient
    from backsym.api.problem import Problem, load, load_collection
    from backsym.api.totals import hessian, jacobian
    from backsym.api.variants import Variant, variants
    from backsym.core.errors import BacksymError, InputError, NoMatrixForm, ShapeError, VerificationError
    from backsym.core.functions import Function, Primitive, Signature
    from backsym.core.kinds import Kind
    from backsym.core.registry import register
    from backsym.marking.onward import NextStep, next_step
    from backsym.marking.reporting.classes import check_class
    from backsym.marking.verdicts import Marker, Verdict, check, check_all
    from backsym.practice.session import Practice
    from backsym.solving.solution import Result, Solution, solve

__all__ = [
    "BacksymError",
    "Function",
    "Gradient",
    "InputError",
    "Kind",
    "Marker",
    "NextStep",
    "NoMatrixForm",
    "Practice",
    "Primitive",
    "Problem",
    "Result",
    "ShapeError",
    "Signature",
    "Solution",
    "Variant",
    "Verdict",
    "VerificationError",
    "__version__",
    "check",
    "check_all",
    "check_class",
    "from_function",
    "gradient",
    "hessian",
    "jacobian",
    "load",
    "load_collection",
    "next_step",
    "register",
    "solve",
    "variants",
]

_PLACES = {
    "BacksymError": "backsym.core.errors",
    "Function": "backsym.core.functions",
    "Gradient": "backsym.api.gradients",
    "InputError": "backsym.core.errors",
    "Kind": "backsym.core.kinds",
    "NextStep": "backsym.marking.onward",
    "NoMatrixForm": "backsym.core.errors",
    "Practice": "backsym.practice.session",
    "Primitive": "backsym.core.functions",
    "Marker": "backsym.marking.verdicts",
    "Problem": "backsym.api.problem",
    "Result": "backsym.solving.solution",
    "ShapeError": "backsym.core.errors",
    "Signature": "backsym.core.functions",
    "Verdict": "backsym.marking.verdicts",
    "VerificationError": "backsym.core.errors",
    "check": "backsym.marking.verdicts",
    "check_all": "backsym.marking.verdicts",
    "check_class": "backsym.marking.reporting.classes",
    "from_function": "backsym.api.from_function",
    "gradient": "backsym.api.gradients",
    "hessian": "backsym.api.totals",
    "jacobian": "backsym.api.totals",
    "load": "backsym.api.problem",
    "load_collection": "backsym.api.problem",
    "next_step": "backsym.marking.onward",
    "register": "backsym.core.registry",
    "Solution": "backsym.solving.solution",
    "solve": "backsym.solving.solution",
    "Variant": "backsym.api.variants",
    "variants": "backsym.api.variants",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
