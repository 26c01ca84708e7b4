"""Parts that ask for numbers at the given values: compute, update.  Knows no documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backsym.core.choices import METHODS
from backsym.core.expr import Add, Adj, Div, Entry, Expr, Fn, Member, Mul, Neg, Sym, Total
from backsym.core.problem import Part, Problem
from backsym.core.words import say
from backsym.parts.kind import Answered, Page, PartKind, Piece, Results, Value, ValueOf

RATE = "eta"
"""The constant that a step of gradient descent is multiplied by."""


def meant(text: str, problem: Problem) -> Sym | Adj:
    """What ``z`` or ``dL/dz`` stands for: a quantity, or the derivative of the loss by one."""
    name = text.removeprefix(f"d{problem.loss}/d")
    return problem.sym(text) if name == text else Adj(name, problem.symbols[name].shape)


def _told(quantity: Sym | Adj, problem: Problem) -> Expr:
    """A quantity, or the derivative by one, as a text names it: of layers that differ in size any of them."""
    told = problem.told(quantity.name)
    return replace(told, base=quantity) if isinstance(told, (Entry, Member)) else quantity


class Compute(PartKind):
    """Nodes, and derivatives of the loss, at the given values."""

    name = "compute"
    about = "Compute these nodes, and derivatives such as dL/dw, at the given values."
    tolerance_given = True

    def read(self, part: Part, value: Value) -> Part:
        if not value.numbers_given:
            value.refuse(say("parts.no_numbers", kind=self.name))
        return replace(part, targets=value.nodes_and_derivatives())

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        return Answered(part, label, numbers=self.numbers(part, results.problem, results.value))

    def question(self, answered: Answered, page: Page) -> None:
        _given(answered, page)
        page.say(f"questions.{self.name}{'_one' if len(answered.part.targets) == 1 else ''}")
        page.formulas([_told(meant(text, page.problem), page.problem) for text in answered.part.targets])

    def solution(self, answered: Answered, page: Page) -> None:
        page.computed([meant(text, page.problem) for text in answered.part.targets])

    def key(self, answered: Answered, page: Page) -> None:
        page.values([(meant(text, page.problem), value) for text, value in answered.numbers.items()])

    def number_names(self, part: Part, problem: Problem) -> tuple[str, ...]:
        return part.targets

    def numbers(self, part: Part, problem: Problem, value: ValueOf) -> Mapping[str, Any]:
        return {text: value(meant(text, problem)) for text in part.targets}

    def quantities(self, part: Part, problem: Problem) -> Mapping[str, Expr]:
        return {text: meant(text, problem) for text in part.targets}


class Update(PartKind):
    """One step of gradient descent, w <- w - eta dL/dw; with the given values in numbers."""

    name = "update"
    about = "Carry out one step of gradient descent for these quantities, with the learning rate eta, or of Newton's."
    needs = "gradient"
    tolerance_given = True
    constants = (RATE,)
    method_given = True
    plain = False

    def read(self, part: Part, value: Value) -> Part:
        if part.option == METHODS[1]:
            return self.newton(part, value)
        rate = value.problem.symbols.get(RATE)
        if rate is None or rate.role != "constant" or rate.shape:
            value.refuse(say("parts.no_rate", kind=self.name, rate=RATE))
        return replace(part, targets=value.quantities())

    def newton(self, part: Part, value: Value) -> Part:
        """A step by second derivatives, of numbers and vectors."""
        names, problem = value.quantities(), value.problem
        if problem.upstream is not None:
            value.refuse(say("parts.newton_loss"))
        for name in names:
            if len(problem.symbols[name].shape) > 1:
                value.refuse(say("parts.newton_matrix", name=name))
        return replace(part, targets=names, totals=tuple((problem.loss, (name, name), False) for name in names))

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        problem = results.problem
        pieces = tuple(results.gradient(name) for name in part.targets)
        if part.option == METHODS[1]:
            seconds = tuple(results.total(asked) for asked in part.totals)
            numbers: dict[str, Any] = {}
            for first, second in zip(pieces, seconds, strict=True):
                if problem.values and not first.indices and not second.indices:
                    step = newton_step(problem.sym(first.node), second.result.rhs, first.result.rhs)
                    numbers[first.node] = results.value(step)
            return Answered(part, label, (), (*pieces, *seconds), numbers=numbers)
        return Answered(part, label, (), pieces, numbers=self.numbers(part, problem, results.value))

    def question(self, answered: Answered, page: Page) -> None:
        _given(answered, page)
        names = tuple(page.problem.told(name) for name in answered.part.targets)
        if answered.part.option == METHODS[1]:
            page.say(f"questions.newton{'_numbers' if answered.numbers else ''}", names=names)
            return
        key = "questions.update_numbers" if answered.numbers else "questions.update"
        page.say(key, names=names, rate=page.problem.sym(RATE))

    def solution(self, answered: Answered, page: Page) -> None:
        page.derived(answered)
        self.steps(answered, page)

    def key(self, answered: Answered, page: Page) -> None:
        if answered.needed:
            page.equations([stated for piece in answered.needed for stated in piece.results])
        self.steps(answered, page)

    def steps(self, answered: Answered, page: Page) -> None:
        """Each step by name, with the derivative put in, and in numbers."""
        firsts, seconds = answered.pieces[: len(answered.part.targets)], answered.pieces[len(answered.part.targets) :]
        for first, second in zip(firsts, seconds, strict=False):
            whole = page.problem.sym(first.node)
            names = newton_step(whole, hessian(whole, page.problem), Adj(first.node, whole.shape))
            forms = [names]
            if not first.indices and not second.indices:
                forms.append(newton_step(whole, second.result.rhs, first.result.rhs))
            page.assigned(whole, forms, ())
        for piece in firsts if not seconds else ():
            old, rate = page.problem.sym(piece.node), page.problem.sym(RATE)
            forms = [descended(old, rate, piece, side) for side in (piece.result.lhs, piece.result.rhs)]
            target = Entry(old, piece.indices) if piece.indices else old
            page.assigned(target, [form for n, form in enumerate(forms) if form not in forms[:n]], piece.indices)
        page.values([(page.problem.sym(name), value) for name, value in answered.numbers.items()], new=True)

    def number_names(self, part: Part, problem: Problem) -> tuple[str, ...]:
        """None where the rate, or anything for Newton's method, has no value."""
        if part.option == METHODS[1]:
            return part.targets if problem.values else ()
        return part.targets if RATE in problem.values else ()

    def numbers(self, part: Part, problem: Problem, value: ValueOf) -> Mapping[str, Any]:
        """The new values."""
        if not self.number_names(part, problem):
            return {}
        if part.option == METHODS[1]:
            wholes = [problem.sym(name) for name in part.targets]
            return {w.name: value(newton_step(w, hessian(w, problem), Adj(w.name, w.shape))) for w in wholes}
        rate = value(problem.sym(RATE))
        slopes = {name: value(meant(f"d{problem.loss}/d{name}", problem)) for name in part.targets}
        return {name: value(problem.sym(name)) - rate * slope for name, slope in slopes.items()}


def descended(old: Sym, rate: Sym, piece: Piece, slope: Expr) -> Expr:
    """w - eta slope, as it is written: without a product in a product, and with the sign of the slope taken in."""
    start: Expr = Entry(old, piece.indices) if piece.indices else old
    negative = isinstance(slope, Neg)
    bare = slope.arg if isinstance(slope, Neg) else slope
    factors: Sequence[Expr] = bare.args if isinstance(bare, Mul) else (bare,)
    change = Mul((rate, *factors))
    return Add((start, change if negative else Neg(change)))


def hessian(old: Sym, problem: Problem) -> Expr:
    """The second derivative of the loss by a quantity, by its name."""
    return Total(problem.sym(problem.loss), (old, old))


def newton_step(old: Sym, second: Expr, slope: Expr) -> Expr:
    """w - H^-1 dL/dw, of a number a quotient."""
    step = Fn("solve", (second, slope), 0, "matrix") if old.shape else Div(slope, second)
    return Add((old, Neg(step)))


def _given(answered: Answered, page: Page) -> None:
    """The values that the question is about, once a sheet."""
    if answered.given:
        page.say("questions.values")
        problem = page.problem
        given = [(problem.sym(name), problem.on_page(name, value)) for name, value in problem.values.items()]
        page.values(given, exact=True)
