"""``bs.gradient``: the gradient of one expression, for whoever just wants that.

Makes a problem of one equation and solves it.  Knows nothing that a problem file could not say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

from backsym.api.problem import Problem
from backsym.core import problem as core
from backsym.core.errors import BacksymError, Diagnostic, InputError, did_you_mean
from backsym.core.names import split_name
from backsym.core.words import Words, say
from backsym.reading.plain import glance
from backsym.solving.solution import Result, Solution, solve

if TYPE_CHECKING:
    from backsym.documents.notebook import Markdown
    from backsym.numeric.axes import Array
    from backsym.numeric.context import Env

LOSSES = ("L", "J", "E", "C", "Q", "loss_value")
"""Names for the value of the expression: the first that is not used in it."""

LABEL = "expression"
"""What an error calls the text."""


@dataclass(frozen=True, repr=False)
class Gradient(Result):
    """The gradient of an expression: a :class:`Result` that can be called with numbers.

    ``gradient(W=..., x=..., t=...)`` gives the value at a point, of the shape of the quantity.
    """

    solution: Solution
    """The solution that the gradient is of, with the derivatives on the way."""

    def explain(self) -> Markdown:
        """What is given, the expression, and the derivation step by step, as Markdown with $math$."""
        from backsym.documents import notebook as display

        blocks = display.explanation(self.problem, self.derivation, self.verification, setting=True)
        return display.markdown(blocks)

    def __call__(self, **values: Any) -> Array:
        """The gradient at a point, computed in double precision as ``backsym code`` would, so that nothing overflows.

        A value has the declared shape of its quantity.  Raises InputError for a value that is missing, unknown or of
        another shape.
        """
        import numpy as np

        from backsym.codegen.module import gradients_at
        from backsym.numeric.stated import with_adjoints

        problem = self.problem
        arrays, sizes = _arrays(problem, values)
        with np.errstate(all="ignore"):
            found = gradients_at(self.solution, arrays)
            if found is not None:
                return np.asarray(found[self.node], dtype=float)
            return with_adjoints(self.solution.derivations, _env(problem, arrays, sizes)).adjoints[self.node]


def _arrays(problem: core.Problem, values: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, int]]:
    """The values as arrays of numbers, and all sizes; raises BacksymError where a function has no formula."""
    import numpy as np

    if problem.abstract:
        raise BacksymError(say("api.no_formula", names=sorted(problem.abstract)))
    arrays: dict[str, Array] = {}
    for name, value in values.items():
        try:
            arrays[name] = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            raise InputError([Diagnostic(say("api.no_numbers", name=name, error=str(error)))]) from None
    sizes = _sizes(problem, arrays)
    return {name: _classes(problem, name, array, sizes) for name, array in arrays.items()}, sizes


def _classes(problem: core.Problem, name: str, array: Array, sizes: Mapping[str, int]) -> Array:
    """The value of a quantity: of a label whole numbers, which count the classes from 0."""
    label = problem.symbols[name].label
    if label is None:
        return array
    classes = label if isinstance(label, int) else sizes.get(label)
    if classes is None or not ((array >= 0) & (array < classes) & (array == array.round())).all():
        last = f"{label} - 1" if classes is None else classes - 1
        raise InputError([Diagnostic(say("api.no_class", name=name, last=last))])
    return array.astype(int)


def values_at(problem: core.Problem, values: Mapping[str, Any]) -> Env:
    """The point with the values of all nodes; raises InputError for a value that is missing, unknown or misshapen."""
    import numpy as np

    arrays, sizes = _arrays(problem, values)
    with np.errstate(all="ignore"):
        return _env(problem, arrays, sizes)


def _env(problem: core.Problem, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Env:
    import numpy as np

    from backsym.numeric.context import Context, Env
    from backsym.numeric.recursion import forward_values

    env = Env(dict(sizes), dict(arrays), equations={eq.name: eq for eq in problem.equations})
    for equation, value in forward_values(problem.equations, Context.of(env)):
        env.values[equation.name] = np.asarray(value[1])
    return env


def _sizes(problem: core.Problem, arrays: Mapping[str, Array]) -> dict[str, int]:
    """The size of each dimension, which all arrays must agree on."""
    leaves = [name for name, symbol in problem.symbols.items() if symbol.role != "node"]
    unknown = [
        Diagnostic(say("api.not_in_expression", name=name), advice=_it_has(leaves))
        for name in arrays
        if name not in leaves
    ]
    missing = [name for name in leaves if name not in arrays]
    absent = [Diagnostic(say("api.no_value", name=name)) for name in missing]
    if unknown or absent:
        raise InputError([*unknown, *absent])
    sizes = {name: dim.size for name, dim in problem.dims.items() if dim.size is not None}
    for name in leaves:
        shape, given = problem.symbols[name].shape, arrays[name].shape
        fits = len(shape) == len(given) and all(
            (sizes.setdefault(dim, size) if isinstance(dim, str) else dim) == size
            for dim, size in zip(shape, given, strict=True)
        )
        if not fits:
            wanted = ", ".join(str(sizes.get(dim, dim) if isinstance(dim, str) else dim) for dim in shape)
            raise InputError([Diagnostic(say("api.other_shape", name=name, found=str(list(given)), wanted=wanted))])
    return sizes


Shapes = Mapping[Any, Any]


@overload
def gradient(
    expression: Any, wrt: str, shapes: Shapes | None = ..., *, functions: Mapping[str, str] | None = ...,
    indices: Mapping[str, Any] | None = ..., notation: str | Mapping[str, str] | None = ...,
) -> Gradient: ...  # fmt: skip


@overload
def gradient(
    expression: Any, wrt: Sequence[Any], shapes: Shapes | None = ..., *, functions: Mapping[str, str] | None = ...,
    indices: Mapping[str, Any] | None = ..., notation: str | Mapping[str, str] | None = ...,
) -> tuple[Gradient, ...]: ...  # fmt: skip


@overload
def gradient(
    expression: Any, wrt: Any, shapes: Shapes | None = ..., *, functions: Mapping[str, str] | None = ...,
    indices: Mapping[str, Any] | None = ..., notation: str | Mapping[str, str] | None = ...,
) -> Any: ...  # fmt: skip


def gradient(
    expression: Any,
    wrt: Any,
    shapes: Shapes | None = None,
    *,
    functions: Mapping[str, str] | None = None,
    indices: Mapping[str, Any] | None = None,
    notation: str | Mapping[str, str] | None = None,
) -> Any:
    """The gradient of a scalar expression by ``wrt``, proved numerically.

    ``expression`` is a text in the language of problem files, plain or LaTeX, or a SymPy expression over Symbol,
    Indexed and MatrixSymbol.  ``wrt`` is a name (or a SymPy symbol), or a list of them, for which a tuple comes back.
    ``shapes`` gives each array its list of dimensions, names or sizes; without it every name is a scalar.  SymPy's
    arrays bring their own shapes.  The other keywords are keys of problem files.

    >>> import backsym as bs
    >>> g = bs.gradient("sum((W @ x - t)**2)/2", wrt="W", shapes={"W": ["K", "D"], "x": ["D"], "t": ["K"]})
    >>> print(g)
    dL/dW[k,i] = (sum(W[k,i']*x[i'], i') - t[k])*x[i]
    dL/dW = (W @ x - t) @ x.T
    >>> g.numpy
    'np.outer(W @ x - t, x)'
    >>> g.latex()
    '\\\\nabla_{\\\\mathbf{W}} \\\\mathcal{L} = (\\\\mathbf{W} \\\\mathbf{x} - \\\\mathbf{t}) \\\\mathbf{x}^\\\\top'
    >>> g(W=[[1, 0], [0, 2]], x=[1, 1], t=[0, 0]).tolist()
    [[1.0, 1.0], [2.0, 2.0]]

    Raises InputError, with the place, for what cannot be read, a name without a shape, an expression that is not a
    scalar, or one that does not depend on ``wrt``.
    """
    names = tuple(map(declared_name, wrt)) if isinstance(wrt, (list, tuple)) else (declared_name(wrt),)
    extra = {"functions": functions, "indices": indices, "notation": notation}
    problem = one_equation(expression, names, shapes, extra, LOSSES)
    solution = solve(problem, loss_by_name=False)
    found = []
    for name in names:
        if name not in solution:
            leaves = [other for other, symbol in problem.symbols.items() if symbol.role != "node"]
            near = did_you_mean(name, leaves)
            raise InputError([Diagnostic(say("api.not_in_expression", name=name), advice=near or _it_has(leaves))])
        result = solution[name]
        found.append(Gradient(problem, result.derivation, result.verification, solution))
    return tuple(found) if isinstance(wrt, (list, tuple)) else found[0]


def _it_has(names: Sequence[str]) -> Words:
    return say("api.it_has", names=names) if names else say("api.only_numbers")


def declared_name(wrt: Any) -> str:
    """A name as it is, or that of a SymPy symbol."""
    if isinstance(wrt, str) and wrt.strip().isidentifier() and wrt.isascii():
        return wrt.strip()
    name = getattr(wrt, "name", None)
    label = getattr(wrt, "label", None)
    if isinstance(name, str) and not isinstance(wrt, type):
        return name
    if label is not None:
        return str(label)
    raise InputError([Diagnostic(say("api.no_wrt", found=repr(wrt)))])


def one_equation(
    expression: Any,
    wrt: Sequence[str],
    shapes: Shapes | None,
    extra: Mapping[str, Any],
    called: Sequence[str],
    parts: Callable[[str], Sequence[Any]] | None = None,
) -> Any:
    """The problem of one equation; raises InputError whose places are those in the expression.

    Its value has the first name of ``called`` that is free, and is the loss unless it may be an array, as in a Jacobian
    that ``parts`` asks for.
    """
    given = {declared_name(key): value for key, value in (shapes or {}).items()}
    scalar = called is LOSSES
    if isinstance(expression, str):
        words = glance.names(expression)
        name = _free(called, words | set(given))
        # In LaTeX x_i may be an entry of x, and z^{(1)} is z1.
        bases = {part for word in words for part in word.split("_")} if "\\" in expression else set()
        symbols = {key: shape for key, shape in given.items() if key in words or split_name(key)[0] in bases}
        declared = _declared(symbols, wrt) if shapes is not None else None
        if shapes is None and "@" in expression:
            at = expression.index("@") + 1
            hint = say("api.shapes_example")
            raise InputError([Diagnostic(say("api.no_shapes"), LABEL, 1, at, expression, advice=hint)])
        keys = {**extra, "symbols": declared, "loss": name if scalar else None, "parts": parts(name) if parts else None}
        head = f"{name} = "
        try:
            return Problem(forward=[head + expression.strip()], **keys)
        except InputError as error:
            if not scalar and "\\" in expression:
                # In LaTeX what is bold is an array.  Where that is not read either, the first error tells more.
                with suppress(InputError):
                    return Problem(forward=[rf"\mathbf{{{name}}} = {expression.strip()}"], **keys)
            raise InputError(_placed(d, head) for d in error.diagnostics) from None
    if getattr(expression, "free_symbols", None) is None:
        raise InputError([Diagnostic(say("api.no_expression", found=repr(expression)))])
    import sympy

    array = getattr(expression, "shape", (1, 1)) not in ((), (1, 1))
    if array and scalar:
        raise InputError([Diagnostic(say("api.not_scalar", shape=[str(each) for each in expression.shape]))])
    name = _free(called, {str(symbol) for symbol in expression.free_symbols} | set(given))
    arrays = {declared_name(s): given.get(declared_name(s)) for s in expression.atoms(sympy.MatrixSymbol)}
    declared = _declared({**arrays, **given}, wrt)
    left = sympy.MatrixSymbol(name, *expression.shape) if array else sympy.Symbol(name)
    keys = {**extra, "symbols": declared, "loss": name if scalar else None, "parts": parts(name) if parts else None}
    try:
        return Problem(equations=[(left, expression)], **keys)
    except InputError as error:
        raise InputError(replace(d, file=None) if d.file == "equations[1]" else d for d in error.diagnostics) from None


def _free(called: Sequence[str], taken: Iterable[str]) -> str:
    names = set(taken)
    return next(
        name for name in (*called, *(f"{called[0]}_{n}" for n in range(len(names) + 1))) if name not in names
    )  # fmt: skip


def _declared(shapes: Mapping[str, Any], wrt: Sequence[str]) -> dict[str, Any]:
    """The symbols, with the roles that make a derivative by ``wrt`` only."""
    declared: dict[str, Any] = {}
    for name, shape in shapes.items():
        entry = dict(shape) if isinstance(shape, Mapping) else {} if shape is None else {"shape": _listed(shape)}
        declared[name] = {"role": "parameter" if name in wrt else "constant", **entry}
    return declared


def _listed(shape: Any) -> list[Any]:
    return list(shape) if isinstance(shape, (list, tuple)) else [shape]


def _placed(d: Diagnostic, head: str) -> Diagnostic:
    """The diagnostic with its place in the expression, which stands behind ``head`` in the equation."""
    if d.file == "forward[1]" and d.source is not None and d.column is not None and d.source.startswith(head):
        cut = len(head)
        width = d.width if d.column > cut else max(1, d.width - (cut + 1 - d.column))
        hint = d.advice
        if d.code == "meaning.undeclared" and isinstance(d.words, Words):
            hint = say("api.give_shape", name=d.words.facts["name"])
        return replace(d, file=LABEL, column=max(1, d.column - cut), source=d.source[cut:], width=width, advice=hint)
    if d.file is not None and d.file.startswith("symbols"):
        return replace(d, file="shapes" + d.file[len("symbols") :])
    return replace(d, file=LABEL) if d.file == "forward[1]" else d
