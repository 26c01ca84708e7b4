"""The plan of a derivation before its words: which equalities are shown, in which rows, and what each rests on.

A row is a chain of equal expressions; the steps that it names are what there may be to say about it.  Nothing is
derived here, and no sentence is chosen.  This module must not know about layout or output languages.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import groupby

from backsym.core import stepkinds as sk
from backsym.core.entrywise import entry_of
from backsym.core.expr import (
    ONE,
    Add,
    Div,
    Expr,
    IndexReduce,
    Mul,
    Neg,
    Partial,
    Pow,
    Sym,
    free_indices,
    num,
    rebuild,
    walk,
    with_indices,
)
from backsym.core.steps import Fact, Step
from backsym.documents.remarks.remark import base_of

_SAID_LATER = (sk.FORWARD, sk.LOCAL, sk.RECALL, sk.CONCLUDE)
"""What needs no row unless it takes steps of its own: what follows shows the same with more around it."""

_NESTED = (sk.LOCAL, sk.RECALL, sk.PATH)
"""Their substeps are rows of their own; those of other kinds tell how a row was found."""


_PUT_IN = (sk.SUBSTITUTE, sk.SUM_PATHS, sk.INLINE_ADJOINT)
"""What puts derivatives in for their names, into which more may be put in."""

_CASES = (sk.CASE_EQUAL, sk.CASE_DIFFERENT)
"""What holds under a condition that its row says."""


@dataclass(frozen=True)
class Line:
    """``lhs = stages[0] = stages[1] = ...``; ``steps`` are those that the last stage, or all of them, rest on."""

    lhs: Expr
    stages: tuple[Expr, ...]
    steps: tuple[Step, ...]
    opens: bool = False
    """Whether the line states the chain rule, into which the next one may put the local derivatives."""
    like: bool = False
    """Whether it is found as an earlier line of the same derivation, with other names."""
    gives: tuple[Expr, Expr] | None = None
    """Where the line names something: the equation in which it stands, with the name in it."""
    by: int | None = None
    """The number of the result that has been displayed with all that leads to it."""
    direct: bool = False
    """Whether it is the derivative of the loss's own equation."""


@dataclass
class _Planner:
    known: AbstractSet[str] = frozenset()
    form: Callable[[Step], Hashable] | None = None
    """What local derivatives that are alike have in common; without it none is written likewise."""
    found: Callable[[Step], int | None] | None = None
    """The number of the result that a local derivative is, with other letters."""
    lines: list[Line] = field(default_factory=list)
    waiting: list[Step] = field(default_factory=list)
    forms: set[Hashable] = field(default_factory=set)

    def walk(self, steps: Sequence[Step]) -> None:
        """Each step is stated for the left side at which its chain of equalities began.

        Where two chains meet in the same expression, the first one, which is what is derived, goes on.
        """
        began: dict[Expr, Expr] = {}
        main = {steps[0].before} if steps else set()
        for step in steps:
            lhs = steps[0].before if step.before in main else began.get(step.before, step.before)
            if step.kind == sk.RECALL:  # It states a derivative by its name, whatever else is equal to that.
                lhs = step.before
            began[step.after] = lhs
            if step.before in main:
                main.add(step.after)
            self._step(lhs, step)

    def _step(self, lhs: Expr, step: Step) -> None:
        known = self.found(step) if step.kind == sk.LOCAL and self.found is not None else None
        if known is not None:
            self.lines.append(Line(step.before, (step.after,), (), by=known))
            self.waiting = []
        elif step.kind == sk.PATH and isinstance(step.before, Partial):
            # What stands directly in the loss: the sum of all paths has it among its other terms.
            inner = self._inner(step)
            self.lines += inner or [Line(step.before, (step.after,), tuple(_leaves(step.substeps)), direct=True)]
        elif step.kind == sk.PATH:
            inner = self._inner(step)
            own = [line for line in inner if line.lhs == lhs]
            # Putting a local derivative in is shown by the sum of all paths.
            self.lines += [line for line in inner if line.lhs != lhs or len(own) > 1]
        elif recalled(step) in self.known:
            self.waiting.append(step)
        elif step.kind == sk.LOCAL and self.form is not None and len(inner := self._inner(step, self.waiting)) > 1:
            form = self.form(step)
            self.lines += [Line(step.before, (step.after,), (), like=True)] if form in self.forms else inner
            self.forms.add(form)
            self.waiting = []
        elif step.kind in _NESTED and step.substeps:
            self.walk(step.substeps)
        elif step.kind in _SAID_LATER:
            self.waiting.append(step)
        else:
            opens = step.kind in (sk.CHAIN, sk.CHAIN_MULTI)
            leaves = () if step.kind in _NESTED else tuple(_leaves(step.substeps))
            self.lines.append(Line(lhs, (step.after,), (*self.waiting, *leaves, step), opens))
            self.waiting = []

    def _inner(self, step: Step, waiting: Sequence[Step] = ()) -> list[Line]:
        """The lines of the substeps, of which the first also rests on what is ``waiting``."""
        inner = _Planner(self.known, self.form, self.found, waiting=list(waiting), forms=self.forms)
        inner.walk(step.substeps)
        return inner.lines


def recalled(step: Step) -> str | None:
    """The quantity whose derivative a step states that was found before."""
    node = step.facts.get("node") if step.kind in (sk.RECALL, sk.CONCLUDE) else None
    return node.name if isinstance(node, Sym) else None


def lines(
    steps: Sequence[Step],
    known: AbstractSet[str] = frozenset(),
    form: Callable[[Step], Hashable] | None = None,
    found: Callable[[Step], int | None] | None = None,
) -> tuple[Line, ...]:
    """The rows of a derivation, one for each equality that is not said again by the next.

    The derivatives by what is ``known`` are put in and not derived again.  Of local derivatives that have one ``form``,
    the first is derived; those that are ``found`` are stated with the number of that result.
    """
    planner = _Planner(known, form, found)
    planner.walk(steps)
    out: list[Line] = []
    for line in planner.lines:
        before = out[-1] if out else None
        if before is not None and before.opens and before.lhs == line.lhs:
            out[-1] = replace(before, stages=before.stages + line.stages, steps=before.steps + line.steps, opens=False)
        else:
            out.append(line)
    return tuple(_put_in_together(out))


def _put_in_together(planned: Sequence[Line]) -> list[Line]:
    """What is put in is found before, what comes back first, so that all of it is put in in one chain."""
    out = list(planned)
    at = 0
    while at < len(out):
        line = out[at]
        then = next((n for n in range(at + 1, len(out)) if out[n].lhs == line.lhs), None)
        later = then is not None and then > at + 1 and out[then].steps[-1:]
        if line.steps and line.steps[-1].kind in _PUT_IN and later and later[-1].kind == sk.INLINE_ADJOINT:
            assert then is not None
            chain = replace(line, stages=line.stages + out[then].stages, steps=line.steps + out[then].steps)
            begin = next((n for n in range(at) if out[n].lhs == line.lhs and out[n].opens), at - 1) + 1
            out = [*out[:begin], *out[at + 1 : then], *out[begin:at], chain, *out[then + 1 :]]
            at = begin
        else:
            at += 1
    return out


Displayed = Mapping[tuple[tuple[Expr, tuple[Expr, ...]], ...], int]
"""Lines of earlier derivations, by what they state, with the number of the result that they lead to."""


def stating(planned: Sequence[Line]) -> tuple[tuple[Expr, tuple[Expr, ...]], ...]:
    """What lines state."""
    return tuple((line.lhs, line.stages) for line in planned)


def referring(planned: tuple[Line, ...], displayed: Displayed) -> tuple[Line, ...]:
    """The lines, where all those of an earlier derivation are its result alone."""
    for earlier, number in displayed.items():
        count = len(earlier)
        for at in range(len(planned) - count + 1 if count > 1 else 0):
            if stating(planned[at : at + count]) == earlier:
                lhs, stages = earlier[-1]
                return (*planned[:at], Line(lhs, stages[-1:], (), by=number), *planned[at + count :])
    return planned


def condensed(planned: Sequence[Line]) -> tuple[Line, ...]:
    """Each chain of equalities by where it begins and where it ends, whatever stands between.

    Left out are the forward equations that it uses, what stands directly in the loss, and cases, which say the same of
    some entries again.
    """
    kept = [line for line in planned if not any(step.kind in _CASES for step in line.steps) and not line.direct]
    runs = [(lhs, tuple(run)) for lhs, run in groupby(kept, key=lambda line: line.lhs)]
    ends = {lhs: position for position, (lhs, _) in enumerate(runs)}
    waiting: dict[Expr, tuple[Step, ...]] = {}
    out: list[Line] = []
    for position, (lhs, run) in enumerate(runs):
        steps = tuple(step for line in run for step in line.steps if step.kind != sk.FORWARD)
        if lhs in waiting and position < ends[lhs]:
            waiting[lhs] += steps
            continue
        stages = run[0].stages[:1] + run[-1].stages[-1:] if len(run) > 1 else run[0].stages
        out.append(Line(lhs, stages, waiting.get(lhs, ()) + steps, by=run[-1].by))
        waiting[lhs] = ()
    return tuple(out)


LONG = 9
"""A derivation of so many rows has heads."""

HEADS = 3
"""One of so few steps has none."""


def steps_of(planned: Sequence[Line]) -> dict[int, Expr]:
    """Where the steps of a long derivation begin, each with the derivative that it finds.

    The last one puts all together.  A step is a run of rows about one derivative, with what gets a name in it, and with
    its cases.
    """
    if len(planned) < LONG:
        return {}
    main = planned[0].lhs
    found: dict[int, Expr] = {}
    last = _about(main)
    names: list[int] = []
    for position, line in enumerate(planned):
        if not line.steps and not line.like and line.by is None:
            names.append(position)  # What gets a name belongs to what is found with it.
            continue
        if names and isinstance(line.lhs, Partial) and line.lhs.num == planned[names[-1]].lhs:
            continue
        if _about(line.lhs) != last:
            last = _about(line.lhs)
            found[names[0] if names else position] = line.lhs
        names = []
    together = [position for position, lhs in found.items() if lhs == main]
    return found if len(found) >= HEADS and together == [max(found)] else {}


def _about(derivative: Expr) -> tuple[Expr, ...]:
    """The quantities of a derivative, whatever their indices."""
    if isinstance(derivative, Partial):
        return base_of(derivative.num), base_of(derivative.den)
    return (base_of(derivative),)


def named(
    planned: Sequence[Line], letters: Iterable[str], form: Callable[[Expr], Hashable] | None = None
) -> tuple[Line, ...]:
    """The sums that the quotient rule repeats get names in lines of their own, with the first of ``letters`` left.

    What stands inside another is named first.  With a ``form``, which sums have in common that differ in letters only,
    a sum is also named at other positions: S_k, S_{k'}.
    """
    left = iter(letters)
    out: list[Line] = []
    for line in planned:
        if not any(step.facts.get("rule") == "quotient" for step in line.steps):
            out.append(line)
            continue
        forward = next((step for step in line.steps if step.kind == sk.FORWARD), None)
        short = None if forward is None else forward.after
        names: list[Line] = []
        while (repeated := _repeated(line.stages[-1], form)) is not None and (letter := next(left, None)) is not None:
            naming = _Naming(letter, repeated, form)
            names.append(Line(naming.name, (repeated,), ()))
            line = replace(line, stages=tuple(map(naming.used, line.stages)))
            short = short and naming.used(short)
        out += names
        if forward is None or short is None or not names or not _has_all(short, names):
            out.append(line)
            continue
        out[-1] = replace(out[-1], gives=(forward.before, short))
        slope = _slope(line.stages[-1], short, names[-1].lhs)
        if slope is not None and isinstance(line.lhs, Partial):
            # What the quotient rule needs comes first, and what the lines before have said is not said again.
            out.append(Line(Partial(names[-1].lhs, line.lhs.den), (slope,), _about_terms(line.steps)))
            rest = (replace(step, facts=_without_only(step)) for step in line.steps if step is not forward)
            line = replace(line, steps=tuple(rest))
        out.append(line)
    return tuple(out)


def _slope(found: Expr, quotient: Expr, name: Expr) -> Expr | None:
    """The derivative of the denominator ``name``, as the quotient rule has put it in: s in u'/S - u s/S^2."""
    if not isinstance(quotient, Div) or quotient.den != name or not isinstance(found, Add):
        return None
    terms = [term.arg for term in found.args if isinstance(term, Neg) and isinstance(term.arg, Div)]
    squared = [term for term in terms if term.den == Pow(name, num(2))]
    if len(squared) != 1 or sum(_has(term, name, 2) for term in found.args) != 1:
        return None
    rest = list(squared[0].num.args) if isinstance(squared[0].num, Mul) else [squared[0].num]
    for factor in quotient.num.args if isinstance(quotient.num, Mul) else (quotient.num,):
        if factor not in rest:
            return None
        rest.remove(factor)
    return rest[0] if len(rest) == 1 else Mul(tuple(rest)) if rest else None


def _has(term: Expr, name: Expr, power: int) -> bool:
    return any(part == Pow(name, num(power)) for part in walk(term))


def _about_terms(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Of the steps as much as tells which term of a sum is differentiated."""
    found = (step for step in steps if "only" in step.facts)
    told = ({key: step.facts[key] for key in ("node", "only")} for step in found)
    return tuple(Step(sk.DIFFERENTIATE, ONE, ONE, (), facts) for facts in told)


def _without_only(step: Step) -> dict[str, Fact]:
    return {key: fact for key, fact in step.facts.items() if key != "only"}


def _has_all(e: Expr, names: Sequence[Line]) -> bool:
    """Whether what got names occurs by all of them."""
    return {base_of(line.lhs) for line in names} <= {base_of(part) for part in walk(e)}


class _Naming:
    """A name for a sum, and for those that differ from it in letters only."""

    def __init__(self, letter: str, repeated: IndexReduce, form: Callable[[Expr], Hashable] | None):
        self.repeated, self.form = repeated, form
        self.symbol = Sym(letter, tuple(ix.dim for ix in free_indices(repeated)))
        self.name = self.at(repeated)

    def at(self, one: IndexReduce) -> Expr:
        return entry_of(self.symbol, free_indices(one))

    def used(self, e: Expr) -> Expr:
        """The expression with the name in it."""
        if isinstance(e, IndexReduce) and _alike(self.repeated, e, self.form):
            return self.at(e)
        return rebuild(e, self.used)


def _repeated(e: Expr, form: Callable[[Expr], Hashable] | None) -> IndexReduce | None:
    """A sum that occurs more than once, of which no letter is bound outside of it, and in which no other is such."""
    letters = set(free_indices(e))
    sums = [part for part in walk(e) if isinstance(part, IndexReduce)]
    found = [
        one for one in sums if set(free_indices(one)) <= letters and sum(_alike(one, other, form) for other in sums) > 1
    ]
    return next((one for one in found if not any(other in found for other in walk(one) if other is not one)), None)


def _alike(one: IndexReduce, other: IndexReduce, form: Callable[[Expr], Hashable] | None) -> bool:
    """Whether two sums are the same but for the letters over which they run, or with a ``form`` but for all letters."""
    if form is not None:
        free = free_indices(one), free_indices(other)
        return form(one) == form(other) and [ix.dim for ix in free[0]] == [ix.dim for ix in free[1]]
    if (one.op, len(one.indices)) != (other.op, len(other.indices)):
        return False
    pairs = list(zip(other.indices, one.indices, strict=True))
    return all(a.dim == b.dim for a, b in pairs) and with_indices(other.body, dict(pairs)) == one.body


def _leaves(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        if step.substeps:
            yield from _leaves(step.substeps)
        yield step
