"""Solving a problem: the backward pass, its numeric proof, and the results by name.

This is where calculus and numbers meet; it must not know about the command line, and of documents only that
``display`` shows a result in a notebook.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from backsym.core.allowance import LIMIT, Exhausted, allowing
from backsym.core.choices import STATIONARY
from backsym.core.dims import is_layered, letters_in
from backsym.core.errors import BacksymError, Diagnostic, NoMatrixForm, PlacedError, VerificationError, near_name
from backsym.core.expr import (
    Adj,
    Equation,
    Shape,
    Total,
    indices_of,
    letters_of,
    position_of,
    steps_after,
    walk,
)
from backsym.core.lazy import lazy
from backsym.core.problem import Asked, Collection, Part, Problem
from backsym.core.steps import (
    Derivation,
    ForwardForms,
    Step,
    TotalDerivation,
    Verification,
    adds_layers,
    runs_over_layers,
    whole_form,
)
from backsym.core.words import Words, say

if TYPE_CHECKING:
    from backsym.calculus.backward import Backward
    from backsym.documents.notebook import Markdown
    from backsym.numeric.context import Env
    from backsym.numeric.proof import Unproved


@dataclass(frozen=True)
class Result:
    """The derivative of the loss by one quantity: ``entry`` and ``matrix`` forms, ``steps``, ``latex()``, ``numpy``.

    A notebook shows both forms; ``explain()`` is the derivation.

    >>> import backsym as bs
    >>> problem = bs.Problem(forward=["z = w*x + b", "y = tanh(z)", "L = (y - t)**2/2"])
    >>> result = problem.solve()["z"]
    >>> print(result)
    dL/dz = dL/dy*(1 - y**2)
    >>> result.numpy
    'd_y * (1 - y ** 2)'
    >>> result.verification.status
    'verified'
    """

    problem: Problem
    """The problem that it belongs to."""
    derivation: Derivation
    """The steps, with both forms."""
    verification: Verification
    """The outcome of the numeric check."""
    point: Env | None = field(default=None, kw_only=True, compare=False, repr=False)
    """A point of the numeric check, at which NumPy source is evaluated before it is given away."""

    @property
    def node(self) -> str:
        """The name of the quantity by which is differentiated."""
        return self.derivation.node

    @property
    def shape(self) -> Shape:
        """The shape of the quantity, which is that of the derivative."""
        return self.problem.symbols[self.node].shape

    @property
    def entry(self) -> Equation:
        """The equation of one entry of the derivative."""
        return self.derivation.entry

    @property
    def matrix(self) -> Equation | None:
        """The equation of the whole derivative; None where it has no matrix form."""
        return self.derivation.matrix

    @property
    def member(self) -> Equation | None:
        """For families, the derivative by a member, or with sums over members; ``matrix`` is of the stacked arrays."""
        return self.derivation.member

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the derivation, in their order."""
        return self.derivation.steps

    def latex(self) -> str:
        """The matrix form if there is one, else the entry form, as LaTeX."""
        from backsym.printing.latex import equation_latex
        from backsym.printing.notation import Notation

        return equation_latex(self.matrix or self.entry, Notation.of(self.problem))

    def sympy(self, *, matrix: bool = False) -> Any:
        """The derivative as a ``sympy.Eq``: entry by entry, or with ``matrix`` as a whole (for a number the same).

        ``dL_dz`` is the derivative of L by z; free letters are Idx with their ranges.  Raises NoMatrixForm, with
        ``matrix``, where there is no such form or SymPy has no matrix expression for it.
        """
        return _sympy(self.problem, self.entry, self.matrix, self.derivation.no_matrix, whole=matrix)

    @lazy
    def numpy(self) -> str:
        """The derivative in NumPy, of the shape of the quantity.

        Raises VerificationError if it has another value than the derivative, BacksymError for a recursion, and where
        members of different sizes are computed or added up.
        """
        if self.is_recursion:
            raise BacksymError(say("solving.recursion", name=self.node))
        if _needs_a_loop(self.problem, self.node, self.derivation):
            raise BacksymError(say("solving.layers", name=self.node))
        return _numpy(self.problem, self.node, self.derivation, self.point)

    def hint(self, n: int) -> Markdown:
        """The ``n``-th hint on the way to this derivative, counted from 1, as Markdown with $math$.

        The first says why the chain rule is used as it is, the second is the chain rule; then follows one step after
        the other.  The last one has the result, and is what every larger ``n`` gives.
        """
        from backsym.documents.content.hints import hint
        from backsym.documents.content.sentences import Voice
        from backsym.documents.notebook import markdown

        return markdown(hint(self.derivation, Voice.of(self.problem), n).blocks)

    @property
    def is_recursion(self) -> bool:
        """Whether it is computed from those by later members, or mentions members that a short recurrence has not."""
        recurrent = self.problem.recurrent
        return bool(recurrent) and any(
            ix.dim in recurrent
            and ((position_of(ix) or 0) > 1 or any((steps_after(ix, letter) or 0) > 0 for letter in letters_of(ix)))
            for e in walk(self.entry.rhs)
            for ix in indices_of(e)
        )

    def explain(self) -> Markdown:
        """The derivation, step by step, as Markdown with $math$, which a notebook shows as what it means."""
        from backsym.documents import notebook as display

        return display.markdown(display.explanation(self.problem, self.derivation, self.verification))

    def __str__(self) -> str:
        """Both forms in the plain language, one a line."""
        return "\n".join(self._text(form) for form in (self.entry, self.matrix) if form is not None)

    def __repr__(self) -> str:
        return f"<Result {self._text(self.matrix or self.entry)} ({self.verification.status})>"

    def _text(self, equation: Equation) -> str:
        from backsym.printing.plain import plain

        try:
            return f"{plain(equation.lhs, self.problem)} = {plain(equation.rhs, self.problem)}"
        except BacksymError:
            # The plain language cannot say everything that mathematics can.
            return self.latex()

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        from backsym.documents import notebook as display

        return display.markdown(display.result_shown(self.problem, self.derivation, self.verification))

    def _repr_html_(self) -> str:
        from backsym.documents import notebook as display

        shown = display.result_shown(self.problem, self.derivation, self.verification)
        return display.html(shown, self.problem.language)


GIVEN = Verification(0.0, 0, "given")
"""What is said of a derivative that there is nothing to check of."""


@dataclass(frozen=True)
class Solution:
    """A solved problem: forward equations at both levels and every derivative, proved numerically.

    ``solution["W2"]`` is the :class:`Result` for ``W2``; iteration runs in backward order.  A notebook shows the whole
    worked solution.

    >>> import backsym as bs
    >>> solution = bs.Problem(forward=["z = w*x", "L = z**2"]).solve()
    >>> [result.node for result in solution]
    ['L', 'z', 'w', 'x']
    >>> print(solution["w"])
    dL/dw = dL/dz*x
    >>> solution["v"]
    Traceback (most recent call last):
    KeyError: "no derivative by 'v'"
    """

    problem: Problem
    """What was solved."""
    forward: tuple[ForwardForms, ...]
    """The forward equations, each entry by entry and as a whole."""
    derivations: tuple[Derivation, ...]
    """The derivations, in backward order."""
    verified: dict[str, Verification]
    """The outcome of the numeric check of each derivative, by name."""
    unproved: tuple[Unproved, ...] = ()
    """Lines, other than the derivatives themselves, whose sides differ."""
    points: tuple[Env, ...] = field(default=(), compare=False, repr=False)
    """The points of the numeric check, the first with all adjoints."""
    totals: tuple[TotalDerivation, ...] = ()
    """The Jacobians and second derivatives that the parts ask for."""
    totals_verified: dict[Asked, Verification] = field(default_factory=dict)
    """The outcome of the numeric check of each of these."""

    @lazy
    def given(self) -> tuple[Derivation, ...]:
        """Of an abstract loss the derivative from which the backward pass starts, which is not derived."""
        from backsym.calculus.backward import entry_of
        from backsym.calculus.letters import Namer

        name = self.problem.upstream
        if name is None:
            return ()
        whole = Adj(name, self.problem.symbols[name].shape)
        letters = Namer(self.problem).for_symbol(name)
        entry = entry_of(whole, letters)
        return (Derivation(name, letters, Equation(entry, entry), Equation(whole, whole), ()),)

    @lazy
    def _by_name(self) -> dict[str, Derivation]:
        return {d.node: d for d in (*self.given, *self.derivations)}

    def __getitem__(self, name: str) -> Result:
        if name not in self._by_name:
            near = near_name(name, self._by_name)
            raise KeyError(f"no derivative by {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        checked = GIVEN if name == self.problem.upstream else self.verified[name]
        return Result(self.problem, self._by_name[name], checked, point=next(iter(self.points), None))

    def __iter__(self) -> Iterator[Result]:
        return (self[name] for name in self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __str__(self) -> str:
        return "\n\n".join(map(str, self))

    def __repr__(self) -> str:
        return f"<Solution of {self.problem.title!r}: {', '.join(self._by_name)}>"

    def _repr_latex_(self) -> str:
        rows = r" \\ ".join(result.latex() for result in self)
        return rf"$$\begin{{gathered}} {rows} \end{{gathered}}$$"

    def _repr_markdown_(self) -> str:
        return self.explain()

    def _repr_html_(self) -> str:
        from backsym.documents import notebook as display

        return display.html(display.solution_shown(self), self.problem.language)

    def explain(self) -> Markdown:
        """The whole worked solution as Markdown with $math$; its drawings are left out, see :meth:`Problem.graph`."""
        from backsym.documents import notebook as display

        return display.markdown(display.solution_shown(self))

    def numpy(self, node: str) -> str | None:
        """The derivative by a node in NumPy; None for a recursion and for lists, which no one expression says."""
        found = self[node]
        loop = found.is_recursion or _needs_a_loop(self.problem, node, found.derivation)
        return None if loop else found.numpy

    def total_numpy(self, asked: Asked) -> str | None:
        """A Jacobian or second derivative in NumPy, of givens and nodes; None for what takes a list of arrays."""
        from backsym.printing.numpy.code import stable_source
        from backsym.printing.numpy.sensitivities import is_listed, sensitivity_source
        from backsym.solving.written import prove_total

        total = next(total for total in self.totals if total.key == asked)
        equation, indices = total.array
        if _lists_layers(self.problem, total):
            return None
        if total.cases or is_listed(total):
            source = sensitivity_source(self.problem, total)
        else:
            source = stable_source(equation.rhs, self.problem, indices, shape=equation.lhs.shape)
        for point in self.points[:1]:
            prove_total(source, self.problem, total, point)
        return source

    def forward_numpy(self, node: str) -> str | None:
        """The forward equation of a node in NumPy; None for what no one expression says, a recurrence or a list."""
        forms = next(f for f in self.forward if f.node == node)
        if self.problem.by_name[node].block or _needs_a_loop(self.problem, node, forms):
            return None
        return _numpy(self.problem, node, forms, next(iter(self.points), None))

    def forward_sympy(self, node: str, *, matrix: bool = False) -> Any:
        """The forward equation of a node as a ``sympy.Eq``; see :meth:`Result.sympy`."""
        forms = next(f for f in self.forward if f.node == node)
        return _sympy(self.problem, forms.entry, forms.matrix, forms.no_matrix, whole=matrix)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the quantities whose derivative, or a line of it or of their equation, failed the numeric check."""
        wrong = [name for name, v in self.verified.items() if v.status == "failed"]
        wrong += [asked[1][-1] for asked, v in self.totals_verified.items() if v.status == "failed"]
        return tuple(dict.fromkeys([*wrong, *(line.node for line in self.unproved)]))


def _sympy(problem: Problem, entry: Equation, matrix: Equation | None, no_matrix: Words | None, *, whole: bool) -> Any:
    from backsym.sympy_door.entries import entry_equation
    from backsym.sympy_door.matrices import matrix_equation

    if whole and matrix is None and no_matrix is not None:
        raise NoMatrixForm(no_matrix)
    if whole and matrix is not None:
        return matrix_equation(matrix, problem.loss)
    return entry_equation(entry, problem.loss)


def _needs_a_loop(problem: Problem, node: str, forms: Derivation | ForwardForms) -> bool:
    """Whether members of different sizes are computed or added up."""
    return is_layered(problem.symbols[node].shape) or adds_layers(problem, forms)


def _lists_layers(problem: Problem, total: TotalDerivation) -> bool:
    """Whether a Jacobian is a list, or arrays of members that differ in size are in it or in a recursion of it."""
    form, members = total.array[0].rhs, {ix.letter for ix in total.indices}
    if any(not members.isdisjoint(letters_in(ix.dim)) for ix in total.indices):
        return True
    recursive = bool(total.cases) or any(isinstance(e, Total) for e in walk(form))
    layered = any(is_layered(problem.symbols[recursion.state].shape) for recursion in total.recursions)
    return (recursive and layered) or runs_over_layers(form)


def _numpy(problem: Problem, node: str, forms: Derivation | ForwardForms, point: Env | None) -> str:
    """The source of a derivative, or of the equation of a node, of the shape of the quantity."""
    from backsym.printing.numpy.code import stable_source
    from backsym.solving.written import prove_source

    shape = problem.symbols[node].shape
    whole = whole_form(problem, forms)
    if whole is not None:
        source = stable_source(whole.rhs, problem, shape=shape)
    else:
        source = stable_source(forms.entry.rhs, problem, forms.indices, shape=() if forms.indices else shape)
    if point is not None:
        prove_source(source, problem, node, forms, point)
    return source


SOLVING = 2e7
"""The work of solving, for each equation, and as much again for ten."""


MANY = 1000
"""A declared size above this is what makes a problem too large, rather than an equation."""


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Without cyclic garbage collection: a derivation makes many small objects in no cycles, and scanning them again
    and again would make the cost of a deep network grow faster than its number of equations."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _limited(problem: Problem) -> Iterator[None]:
    """With a limit to the work that solving takes; raises BacksymError, with what to do, when it is reached."""
    try:
        with allowing(LIMIT, SOLVING * (10 + len(problem.equations))):
            yield
    except Exhausted:
        large = [name for name, dim in problem.dims.items() if dim.size is not None and dim.size > MANY]
        words = say("solving.size_too_large", names=large) if large else say("solving.too_large")
        raise PlacedError(Diagnostic(words, problem.path)) from None


def _totals(problem: Problem, backward: Backward) -> tuple[TotalDerivation, ...]:
    """What the parts ask for besides derivatives of the loss, each once."""
    asked: dict[Asked, Part] = {}
    for part in problem.parts:
        for total in part.totals:
            asked.setdefault(total, part)
    if not asked:
        return ()
    from backsym.calculus.sensitivities import leads_through, sensitivity
    from backsym.calculus.totals import Totals

    totals = Totals(backward)
    solved = _stationary(problem)
    found: list[TotalDerivation] = []
    for (of, by, turned), part in asked.items():
        with _placed(problem, part):
            if len(by) == 1:
                find = sensitivity if leads_through(problem, of, by[0]) else Totals.jacobian
                found.append(find(totals, of, by[0], denominator=turned))
                continue
            second = totals.second(*by)
        if by[0] == by[1] and by[0] in solved:
            with _placed(problem, solved[by[0]]):
                second = replace(second, stationary=totals.stationary(by[0]))
        found.append(second)
    return tuple(found)


def _stationary(problem: Problem) -> dict[str, Part]:
    """The parts that ask where the loss has no slope, by what they ask for."""
    return {name: part for part in problem.parts if part.kind == STATIONARY for name in part.targets}


@contextmanager
def _placed(problem: Problem, part: Part) -> Iterator[None]:
    """What cannot be derived is said with the place of the part that asks for it."""
    try:
        yield
    except BacksymError as error:
        if type(error) is not BacksymError:
            raise
        raise PlacedError(Diagnostic(error.words, problem.path, part.line, advice=error.advice)) from None


def solve(problem: Problem, *, check: bool = True, loss_by_name: bool = True) -> Solution:
    """Derive every derivative of the loss and prove each of them, each step and each forward equation numerically.

    Without ``loss_by_name`` no derivative is written in terms of the loss, as L*b where L is exp(a*b).

    Raises VerificationError, naming the node nearest to the loss, if a derivative or a line is wrong; with
    ``check=False`` the solution is returned with its failures for the caller to judge.

    >>> import backsym as bs
    >>> bs.solve(bs.Problem(forward=["y = w*x", "L = (y - t)**2/2"]))
    <Solution of 'Problem': L, t, y, w, x>
    """
    from backsym.calculus.backward import Backward
    from backsym.numeric.sample import draws as draw_all

    if isinstance(problem, Collection):
        raise BacksymError(say("solving.collection"))

    from backsym.numeric.proof import totals_proved, unproved
    from backsym.numeric.sample import sums_to_one
    from backsym.numeric.stationary import prove_stationary
    from backsym.numeric.verify import verify, with_adjoints
    from backsym.solving.written import miswritten

    with _collection_paused(), _limited(problem):
        draws = draw_all(problem)
        layered = any(dim.ragged for dim in problem.dims.values())
        if layered:
            from backsym.calculus.layers import Sizes, of_one_size
        ones = sums_to_one(problem, draws)
        backward = Backward(of_one_size(problem) if layered else problem, ones, loss_by_name=loss_by_name)
        derivations, forward = tuple(backward.derive()), tuple(backward.forward())
        if layered:
            sizes = Sizes(problem)
            derivations, forward = tuple(map(sizes.derivation, derivations)), tuple(map(sizes.forward, forward))
        verified = verify(problem, derivations, draws)
        totals = _totals(problem, backward)
        totals = tuple(map(sizes.total, totals)) if layered else totals
        for total in totals:
            if total.stationary is not None:
                with _placed(problem, _stationary(problem)[total.node]):
                    prove_stationary(problem, derivations, total.node, total.stationary)
        checked, wrong_lines = totals_proved(totals, derivations, draws)
        points = (with_adjoints(derivations, draws[0]), *draws[1:])
        own_lines = unproved(derivations, forward, points)
        lines = (*own_lines, *wrong_lines, *miswritten(problem, derivations))
    solution = Solution(problem, forward, derivations, verified, lines, points, totals, checked)
    if check and solution.failed:
        node = solution.failed[0]
        wrong = verified.get(node)
        by_name = (wrong and wrong.status == "failed") or not lines
        what = say("solving.derivative_by", name=node) if by_name else lines[0].line
        raise VerificationError(node, say("solving.failed", what=what))
    return solution


__all__ = ["Result", "Solution", "solve"]
