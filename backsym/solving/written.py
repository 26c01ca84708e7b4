"""Whether functions are written as what they are: the LaTeX is read back, the NumPy code is evaluated.

Each function of the table is looked at once, over arrays on both sides of its kinks.  What is found depends on the
entry of the table alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

from backsym.core.errors import BacksymError, VerificationError
from backsym.core.expr import Expr, Fn, Shape, Sym, num, walk
from backsym.core.functions import BUNDLED, FUNCTIONS, Function
from backsym.core.problem import Problem, Symbol
from backsym.core.steps import Derivation, ForwardForms, TotalDerivation, whole_form
from backsym.core.words import say

if TYPE_CHECKING:
    from backsym.numeric.axes import Array
    from backsym.numeric.context import Env
    from backsym.numeric.proof import Unproved

_SHAPES: tuple[Shape, ...] = ((3, 3), (3,), ())
"""Shapes of arguments that are tried until one is fit."""

_VALUES = (-1.7, 0.6, 2.3, 0.9, -0.4, 1.2, -0.8, 0.3, 1.6)
"""Entries of arguments: of both signs, no two at one distance, moderate."""

_TOLERANCE = 1e-9


def miswritten(problem: Problem, derivations: Sequence[Derivation]) -> Iterator[Unproved]:
    """The functions in equations and derivatives whose LaTeX or NumPy code means something else."""
    from backsym.numeric.proof import Unproved

    seen: set[str] = set(problem.abstract)
    for node, e in _expressions(problem, derivations):
        for call in walk(e):
            if isinstance(call, Fn) and call.name not in seen:
                seen.add(call.name)
                entry = FUNCTIONS.get(call.name)
                if entry is not None:
                    yield from (Unproved(node, f"the {what} of {entry.name}", error) for what, error in _faults(entry))


def _expressions(problem: Problem, derivations: Sequence[Derivation]) -> Iterator[tuple[str, Expr]]:
    yield from ((eq.name, eq.rhs) for eq in problem.equations)
    yield from ((d.node, d.entry.rhs) for d in derivations)


@cache
def _faults(entry: Function) -> tuple[tuple[str, float], ...]:
    """What is wrong with one entry: LaTeX or NumPy code, and the error."""
    found: list[tuple[str, float]] = []
    if entry.name in BUNDLED and not _spelled_so(entry, _example(entry, 0)[0]):
        found.append(("LaTeX", float("inf")))
    for order in (0, 1) if entry.slope_code is not None else (0,):
        call, env = _example(entry, order)
        for what, error in (("LaTeX", _error_as_latex(call, env)), ("NumPy code", _error_as_code(call, env))):
            if not error <= _TOLERANCE:
                found.append((what, error))
    return tuple(found)


def _spelled_so(entry: Function, call: Fn) -> bool:
    """Whether the reader knows the spelling, other than from the entry itself, as this function's.

    What is never written by its name, such as the power of a matrix, has no spelling.
    """
    from backsym.printing.latex import latex
    from backsym.printing.notation import Notation
    from backsym.reading.latex.names import function_of_word

    if function_of_word(entry.latex) == entry.name:
        return True
    return entry.latex not in latex(call, Notation.of(_problem(call)))


def _example(entry: Function, order: int) -> tuple[Fn, Env]:
    """The function of arrays, and their values."""
    import numpy as np

    from backsym.numeric.context import Env
    from backsym.numeric.evaluate import evaluate

    for shape, last in product(_SHAPES, (None, num(2))):
        args: tuple[Expr, ...] = tuple(Sym(name, shape) for name in ("X", "Y", "Z")[: len(entry.args)])
        args = args if last is None else (*args[:-1], last)
        values = {
            arg.name: np.roll(_VALUES, 2 * n)[: _size(shape)].reshape(shape)
            for n, arg in enumerate(args)
            if isinstance(arg, Sym)
        }
        if "X" in values:
            values["X"] = _inside(entry.domain, values["X"])
        call, env = Fn(entry.name, args, order, entry.kind), Env({}, values)
        try:
            if np.all(np.isfinite(evaluate(call, env))):
                return call, env
        except (BacksymError, TypeError, ValueError, IndexError):
            continue
    raise BacksymError(say("solving.no_arguments", name=entry.name))


def _size(shape: Shape) -> int:
    size = 1
    for n in shape:
        size *= int(n)
    return size


def _inside(domain: tuple[float, float], x: Array) -> Array:
    """The values moved into an interval."""
    import numpy as np

    low, high = domain
    if np.isfinite(low) and np.isfinite(high):
        return np.asarray(low + (high - low) / (1 + np.exp(-x)))
    if np.isfinite(low):
        return np.asarray(low + np.abs(x))
    return np.asarray(high - np.abs(x)) if np.isfinite(high) else x


def _problem(call: Fn) -> Problem:
    """A problem in which the arguments are declared."""
    symbols = {arg.name: Symbol(arg.name, arg.declared, "input") for arg in call.args if isinstance(arg, Sym)}
    return Problem("", (), "", symbols, {}, {})


def _error_as_latex(call: Fn, env: Env) -> float:
    from backsym.core.source import Source
    from backsym.printing.latex import latex
    from backsym.printing.notation import Notation
    from backsym.reading.latex import equations
    from backsym.reading.meaning.resolve import resolve_expression
    from backsym.reading.texts import scope_of

    problem = _problem(call)
    source, scope = Source(latex(call, Notation.of(problem))), scope_of(problem, own_letters=True)
    try:
        tree = equations.parse_expression(source, equations.vocabulary(scope))
        return _error(call, env, resolve_expression(tree, source, scope, ()))
    except BacksymError:
        # A form that the reader has no reading for, such as the square of a matrix, cannot be taken for another.
        return 0.0 if FUNCTIONS[call.name].form != "call" else float("inf")


def _error_as_code(call: Fn, env: Env) -> float:
    from backsym.numeric.sources import value_of
    from backsym.printing.numpy.code import numpy_source

    try:
        return _difference(call, env, value_of(numpy_source(call, _problem(call)), env.values))
    except (BacksymError, TypeError, ValueError):
        return float("inf")


def _error(call: Fn, env: Env, other: Expr) -> float:
    from backsym.numeric.evaluate import evaluate

    return _difference(call, env, evaluate(other, env))


# --- sources ---------------------------------------------------------------------------------------------------------


def prove_source(source: str, problem: Problem, node: str, forms: Derivation | ForwardForms, point: Env) -> None:
    """Raise VerificationError if NumPy source has not the value of the form that it was made of."""
    import numpy as np

    from backsym.numeric.proof import differs
    from backsym.numeric.sources import value_of

    matrix = whole_form(problem, forms)
    equation = matrix or forms.entry
    indices = () if matrix is not None else forms.indices
    with np.errstate(all="ignore"):
        try:
            value = np.asarray(value_of(source, variables(problem, point)), dtype=float)
        except (TypeError, ValueError, IndexError) as error:
            raise VerificationError(node, say("numpy.does_not_run", source=source, error=str(error))) from error
        if value.shape != point.values[node].shape or differs(value, equation.rhs, indices, point):
            raise VerificationError(node, say("numpy.failed", source=source))


def prove_total(source: str, problem: Problem, total: TotalDerivation, point: Env) -> None:
    """The same of a Jacobian or second derivative, whose shape is that of its matrix or of its entries' letters."""
    import numpy as np

    from backsym.numeric.evaluate import evaluate
    from backsym.numeric.proof import differs
    from backsym.numeric.sources import value_of

    equation, indices = total.array
    with np.errstate(all="ignore"):
        try:
            value = np.asarray(value_of(source, variables(problem, point)), dtype=float)
        except (TypeError, ValueError, IndexError) as error:
            raise VerificationError(total.by[-1], say("numpy.does_not_run", source=source, error=str(error))) from error
        wanted = np.shape(evaluate(equation.rhs, point, indices))
        if value.shape != wanted or differs(value, equation.rhs, indices, point):
            raise VerificationError(total.by[-1], say("numpy.failed", source=source))


def variables(problem: Problem, point: Env) -> dict[str, Any]:
    """What stands in NumPy source by its name: arrays, adjoints, abstract functions, sizes that no array has."""
    from backsym.numeric.layers import as_given
    from backsym.printing.numpy.code import python_name, size_name

    held = {dim for symbol in problem.symbols.values() for dim in symbol.shape}
    names: dict[str, Any] = {size_name(dim, problem): n for dim, n in point.dims.items() if dim not in held}
    shapes = {name: symbol.shape for name, symbol in problem.symbols.items()}
    names |= {python_name(name, problem): as_given(v, shapes[name], point.dims) for name, v in point.values.items()}
    names |= {f"d_{name}": as_given(v, shapes[name], point.dims) for name, v in point.adjoints.items()}

    def of(name: str, order: int) -> Callable[..., Array]:
        return lambda *args: point.functions[name].derivative(order, *args)

    for name in point.functions:
        names |= {name: of(name, 0), f"{name}_prime": of(name, 1)}
    return names


def _difference(call: Fn, env: Env, value: object) -> float:
    import numpy as np

    from backsym.numeric.evaluate import evaluate

    expected, found = evaluate(call, env), np.asarray(value, dtype=float)
    if expected.shape != found.shape:
        return float("inf")
    return float(np.max(np.abs(found - expected)) / max(float(np.max(np.abs(expected))), 1e-6))
