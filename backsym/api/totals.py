"""``bs.jacobian`` and ``bs.hessian``: the Jacobian and the second derivatives of one expression.

Makes a problem of one equation with a part that asks for them, and solves it.  Knows nothing that a file could not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backsym.api.gradients import LOSSES, declared_name, one_equation, values_at
from backsym.core.choices import LAYOUTS
from backsym.core.errors import NoMatrixForm
from backsym.core.expr import Entry, Equation, Expr, Ix, Shape, Sym
from backsym.core.problem import Asked, Problem
from backsym.core.steps import Step, TotalDerivation, Verification
from backsym.core.words import say
from backsym.solving.solution import Solution, solve

if TYPE_CHECKING:
    from backsym.documents.notebook import Markdown
    from backsym.numeric.axes import Array

NODES = ("y", "f", "g", "u", "value")
"""Names for the value of the expression of a Jacobian: the first that is not used in it."""


@dataclass(frozen=True, repr=False)
class Derivative:
    """A Jacobian or a second derivative: ``entry`` and ``matrix`` forms, ``steps``, ``latex()``, ``numpy``.

    It can be called with numbers, ``jacobian(W=..., x=...)``.
    """

    solution: Solution
    """The solution that the derivative is of."""
    asked: Asked
    """What is differentiated, and by what."""

    @property
    def problem(self) -> Problem:
        """The problem of the expression."""
        return self.solution.problem

    @property
    def total(self) -> TotalDerivation:
        """The derivation, with its steps and both forms."""
        return next(total for total in self.solution.totals if total.key == self.asked)

    @property
    def verification(self) -> Verification:
        """The outcome of the numeric check."""
        return self.solution.totals_verified[self.asked]

    @property
    def entry(self) -> Equation:
        """The equation of an entry."""
        return self.total.entry

    @property
    def matrix(self) -> Equation | None:
        """The equation of the whole, where it has a matrix form."""
        return self.total.matrix

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the derivation, in their order."""
        return self.total.steps

    @property
    def shape(self) -> Shape:
        """The shape of the array: that of the matrix, or of its entries."""
        return self.matrix.lhs.shape if self.matrix is not None else tuple(ix.dim for ix in self.total.indices)

    @property
    def numpy(self) -> str | None:
        """The array in NumPy, None for what takes a list; raises VerificationError if the source has another value."""
        return self.solution.total_numpy(self.asked)

    def latex(self) -> str:
        """The matrix form if there is one, else the entry form, as LaTeX."""
        from backsym.printing.latex import equation_latex
        from backsym.printing.notation import Notation

        return equation_latex(self.matrix or self.entry, Notation.of(self.problem))

    def sympy(self, *, matrix: bool = False) -> Any:
        """A ``sympy.Eq``, entry by entry or with ``matrix`` as a whole; its left side is called ``dy_dx``.

        Raises NoMatrixForm, with ``matrix``, where there is no such form.
        """
        from backsym.sympy_door.entries import entry_equation
        from backsym.sympy_door.matrices import matrix_equation

        total = self.total
        order = "d2" if len(total.by) == 2 else "d"
        name = f"{order}{total.of}_" + "_".join(f"d{by}" for by in total.by)
        if matrix and total.matrix is None and total.no_matrix is not None:
            raise NoMatrixForm(total.no_matrix)
        if matrix and total.matrix is not None:
            return matrix_equation(Equation(Sym(name, self.shape), total.matrix.rhs), self.problem.loss)
        indices: tuple[Ix, ...] = total.indices
        whole = Sym(name, tuple(ix.dim for ix in indices))
        lhs: Expr = Entry(whole, indices) if indices else whole
        return entry_equation(Equation(lhs, total.entry.rhs), self.problem.loss)

    def explain(self) -> Markdown:
        """What is given, the expression, and the derivation step by step, as Markdown with $math$."""
        from backsym.documents import notebook as display

        blocks = display.explanation(self.problem, self.total, self.verification, setting=True)
        return display.markdown(blocks)

    def __call__(self, **values: Any) -> Array:
        """The array at a point; raises InputError for a value that is missing, unknown or of another shape."""
        import numpy as np

        from backsym.numeric.evaluate import evaluate

        env = values_at(self.problem, values)
        form, indices = (self.entry, self.total.indices) if self.matrix is None else (self.matrix, ())
        with np.errstate(all="ignore"):
            return np.asarray(evaluate(form.rhs, env, indices), dtype=float)

    def __str__(self) -> str:
        return self.latex()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.latex()} ({self.verification.status})>"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


@dataclass(frozen=True, repr=False)
class Blocks:
    """All second derivatives by several quantities: ``blocks[0][1]`` is that by the first and the second.

    Called with numbers it is the block matrix, in which numbers and columns are blocks, too.
    """

    blocks: tuple[tuple[Derivative, ...], ...]
    """The second derivatives, row by row."""

    @property
    def numpy(self) -> str:
        """The block matrix in NumPy; raises NoMatrixForm where a block is no matrix."""
        from backsym.documents.writers.jsonform import block_source

        return block_source([[(_source(block), _matrix_shape(block)) for block in row] for row in self.blocks])

    def latex(self) -> str:
        """Both sides as block matrices."""
        from backsym.documents.writers.jsonform import block_latex
        from backsym.printing.latex import latex
        from backsym.printing.notation import Notation

        forms = [[block.matrix or block.entry for block in row] for row in self.blocks]
        notation = Notation.of(self.blocks[0][0].problem)
        sides: list[Callable[[Equation], Expr]] = [lambda e: e.lhs, lambda e: e.rhs]
        left, right = (block_latex([[latex(side(e), notation) for e in row] for row in forms]) for side in sides)
        return f"{left} = {right}"

    def sympy(self, *, matrix: bool = False) -> tuple[tuple[Any, ...], ...]:
        """The equations of the blocks."""
        return tuple(tuple(block.sympy(matrix=matrix) for block in row) for row in self.blocks)

    def explain(self) -> str:
        """The derivations of all blocks, one after the other, as Markdown with $math$."""
        return "\n\n".join(block.explain() for row in self.blocks for block in row)

    def __call__(self, **values: Any) -> Array:
        import numpy as np

        rows = []
        for row in self.blocks:
            cells = [(block(**values), _matrix_shape(block)) for block in row]
            rows.append([cell.reshape(cell.shape or (1, 1)) if shape != 1 else cell[:, None] for cell, shape in cells])
        return np.block(rows)

    def __repr__(self) -> str:
        return f"<Blocks {self.latex()}>"


def _source(block: Derivative) -> str:
    """A block in NumPy; raises NoMatrixForm for what takes a list."""
    source = block.numpy
    if source is None:
        raise NoMatrixForm(say("reasons.members_of_other_sizes"))
    return source


def _matrix_shape(block: Derivative) -> int:
    """The number of axes of a block; raises NoMatrixForm where it is no matrix."""
    if block.matrix is None and block.total.no_matrix is not None:
        raise NoMatrixForm(block.total.no_matrix)
    return len(block.shape)


def jacobian(
    expression: Any,
    wrt: Any,
    shapes: Mapping[Any, Any] | None = None,
    *,
    layout: str = LAYOUTS[0],
    functions: Mapping[str, str] | None = None,
    indices: Mapping[str, Any] | None = None,
    notation: str | Mapping[str, str] | None = None,
) -> Derivative:
    """The Jacobian of an expression by ``wrt``, proved numerically: outputs along the rows, or by ``layout`` columns.

    ``expression``, ``wrt`` and ``shapes`` are those of :func:`backsym.gradient`, but the expression may be an array.

    >>> import backsym as bs
    >>> j = bs.jacobian("softmax(z)", "z", {"z": ["K"]})
    >>> j.numpy
    'np.diag(softmax(z)) - np.outer(softmax(z), softmax(z))'

    Raises InputError, with the place, for what cannot be read and for an expression that does not depend on ``wrt``.
    """
    name = declared_name(wrt)
    extra = {"functions": functions, "indices": indices, "notation": notation}
    problem = one_equation(
        expression, (name,), shapes, extra, NODES, lambda node: [{"jacobian": f"d{node}/d{name}", "layout": layout}]
    )
    return Derivative(solve(problem, loss_by_name=False), problem.parts[0].totals[0])


def hessian(
    expression: Any,
    wrt: Any,
    shapes: Mapping[Any, Any] | None = None,
    *,
    functions: Mapping[str, str] | None = None,
    indices: Mapping[str, Any] | None = None,
    notation: str | Mapping[str, str] | None = None,
) -> Any:
    """The second derivative of a scalar expression by ``wrt``, proved numerically; by a list of names, all blocks.

    ``expression``, ``wrt`` and ``shapes`` are those of :func:`backsym.gradient`.

    >>> import backsym as bs
    >>> h = bs.hessian("sum((X @ w - t)**2)/2", "w", {"X": ["N", "D"], "w": ["D"], "t": ["N"]})
    >>> h.numpy
    'X.T @ X'
    >>> h(X=[[1, 0], [1, 2]], w=[0, 0], t=[1, 1]).tolist()
    [[2.0, 2.0], [2.0, 4.0]]

    Raises InputError, with the place, for what cannot be read and for more than four axes.
    """
    several = isinstance(wrt, (list, tuple))
    names = tuple(map(declared_name, wrt)) if several else (declared_name(wrt),)
    extra = {"functions": functions, "indices": indices, "notation": notation}
    problem = one_equation(expression, names, shapes, extra, LOSSES, lambda loss: [{"hessian": list(names)}])
    solution = solve(problem, loss_by_name=False)
    found = [Derivative(solution, asked) for asked in problem.parts[0].totals]
    if not several:
        return found[0]
    return Blocks(tuple(tuple(found[n : n + len(names)]) for n in range(0, len(found), len(names))))
