"""backsym derives backpropagation for small networks symbolically and prints the worked solution.

>>> import backsym as bs
>>> g = bs.gradient("sum((W @ x - t)**2)/2", wrt="W", shapes={"W": ["K", "D"], "x": ["D"], "t": ["K"]})
>>> print(g)
dL/dW[k,i] = (sum(W[k,i']*x[i'], i') - t[k])*x[i]
dL/dW = (W @ x - t) @ x.T
>>> g(W=[[1, 0], [0, 2]], x=[1, 1], t=[0, 0]).tolist()
[[1.0, 1.0], [2.0, 2.0]]

A network is a :class:`Problem`, or what :func:`load` makes of a file; ``problem.solve()`` is its :class:`Solution`, and
``solution["W"]`` the :class:`Result` for W, with ``latex()``, ``numpy``, ``explain()`` and ``hint(n)``.  :func:`check`
marks an answer.

Importing the package imports nothing else: each public name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backsym.version import __version__

if TYPE_CHECKING:
    from backsym.api.from_function import from_function
    from backsym.api.gradients import Gradient, gradient
    from backsym.api.problem import Problem, load, load_collection
    from backsym.api.totals import Blocks, Derivative, hessian, jacobian
    from backsym.api.variants import Drawn, Variant, variants
    from backsym.core.errors import BacksymError, InputError, NoMatrixForm, ShapeError, VerificationError
    from backsym.core.expr import Equation
    from backsym.core.functions import Function, Primitive, Signature
    from backsym.core.kinds import Kind
    from backsym.core.problem import Collection
    from backsym.core.registry import register
    from backsym.core.steps import Derivation, ForwardForms, Step, TotalDerivation, Verification
    from backsym.documents.notebook import Markdown
    from backsym.graphs.figure import Figure
    from backsym.marking.onward import NextStep, next_step
    from backsym.marking.reporting.classes import check_class
    from backsym.marking.reporting.records import Record
    from backsym.marking.verdicts import Marker, Verdict, check, check_all
    from backsym.practice.session import Practice
    from backsym.solving.solution import Result, Solution, solve

__all__ = [
    "BacksymError",
    "Blocks",
    "Collection",
    "Derivation",
    "Derivative",
    "Drawn",
    "Equation",
    "Figure",
    "ForwardForms",
    "Function",
    "Gradient",
    "InputError",
    "Kind",
    "Markdown",
    "Marker",
    "NextStep",
    "NoMatrixForm",
    "Practice",
    "Primitive",
    "Problem",
    "Record",
    "Result",
    "ShapeError",
    "Signature",
    "Solution",
    "Step",
    "TotalDerivation",
    "Variant",
    "Verdict",
    "Verification",
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
    "Blocks": "backsym.api.totals",
    "Collection": "backsym.core.problem",
    "Derivation": "backsym.core.steps",
    "Derivative": "backsym.api.totals",
    "Drawn": "backsym.api.variants",
    "Equation": "backsym.core.expr",
    "Figure": "backsym.graphs.figure",
    "ForwardForms": "backsym.core.steps",
    "Function": "backsym.core.functions",
    "Gradient": "backsym.api.gradients",
    "InputError": "backsym.core.errors",
    "Kind": "backsym.core.kinds",
    "Markdown": "backsym.documents.notebook",
    "Marker": "backsym.marking.verdicts",
    "NextStep": "backsym.marking.onward",
    "NoMatrixForm": "backsym.core.errors",
    "Practice": "backsym.practice.session",
    "Primitive": "backsym.core.functions",
    "Problem": "backsym.api.problem",
    "Record": "backsym.marking.reporting.records",
    "Result": "backsym.solving.solution",
    "ShapeError": "backsym.core.errors",
    "Signature": "backsym.core.functions",
    "Solution": "backsym.solving.solution",
    "Step": "backsym.core.steps",
    "TotalDerivation": "backsym.core.steps",
    "Variant": "backsym.api.variants",
    "Verdict": "backsym.marking.verdicts",
    "Verification": "backsym.core.steps",
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
    "solve": "backsym.solving.solution",
    "variants": "backsym.api.variants",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
