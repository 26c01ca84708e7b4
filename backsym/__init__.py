"""backsym derives backpropagation for small networks symbolically and prints the worked solution.

Importing the package imports nothing else: each public name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backsym.api import Problem
    from backsym.errors import BacksymError, InputError, NoMatrixForm, ShapeError, VerificationError
    from backsym.marking.classes import check_class
    from backsym.marking.verdicts import Marker, Verdict, check, check_all
    from backsym.oneliner import Gradient, gradient
    from backsym.reading.loader import load
    from backsym.solution import Result, Solution, solve
    from backsym.versions import Variant, variants

__version__ = "0.1.0"

__all__ = [
    "BacksymError",
    "Gradient",
    "InputError",
    "Marker",
    "NoMatrixForm",
    "Problem",
    "Result",
    "ShapeError",
    "Solution",
    "Variant",
    "Verdict",
    "VerificationError",
    "__version__",
    "check",
    "check_all",
    "check_class",
    "gradient",
    "load",
    "solve",
    "variants",
]

_PLACES = {
    "BacksymError": "backsym.errors",
    "Gradient": "backsym.oneliner",
    "InputError": "backsym.errors",
    "NoMatrixForm": "backsym.errors",
    "Marker": "backsym.marking.verdicts",
    "Problem": "backsym.api",
    "Result": "backsym.solution",
    "ShapeError": "backsym.errors",
    "Verdict": "backsym.marking.verdicts",
    "VerificationError": "backsym.errors",
    "check": "backsym.marking.verdicts",
    "check_all": "backsym.marking.verdicts",
    "check_class": "backsym.marking.classes",
    "gradient": "backsym.oneliner",
    "load": "backsym.reading.loader",
    "Solution": "backsym.solution",
    "solve": "backsym.solution",
    "Variant": "backsym.versions",
    "variants": "backsym.versions",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
