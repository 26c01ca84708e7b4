"""Explaining a wrong answer: the smallest repair that makes it right, in one or two sentences.

``explain`` tries repairs on the student's own expression; the judge has the last word on each.  Where none fits, the
explanation is a numeric counterexample.  ``explain_clash`` explains an answer whose own shapes do not fit together.

This module must not know how answers are read, nor how verdicts are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from weakref import WeakKeyDictionary

import numpy as np

from backsym.core.allowance import Exhausted, allowing, spend
from backsym.core.entrywise import array_of
from backsym.core.errors import BacksymError, ShapeError
from backsym.core.expr import (
    ZERO,
    Adj,
    Expr,
    Ix,
    MatMul,
    Member,
    Mul,
    Neg,
    Shape,
    Sym,
    T,
    broadcast,
    rebuild,
    scalar_if_ones,
    walk,
)
from backsym.core.lazy import Kept, Recurring, lazy
from backsym.marking.answers.model import Clash, ReadAnswer, Target
from backsym.marking.answers.rows import by_entries
from backsym.marking.explaining.counterexample import counterexample, small_points
from backsym.marking.explaining.feedback import Fact, Sentence, Size, Words
from backsym.marking.explaining.one_slip import Echoes
from backsym.marking.explaining.repairs import Repair, adds_row_to_column, repairs
from backsym.marking.explaining.screening import Measured, Point, measured
from backsym.marking.explaining.search import Search
from backsym.marking.explaining.slopes import named
from backsym.marking.judging.judge import Judge, equal_values
from backsym.marking.judging.layouts import same_layout
from backsym.marking.judging.subject import Subject
from backsym.numeric.context import Env

MAX_JUDGED = 30
"""Repairs of one answer that the judge is asked about."""


MAX_SUBJECTS = 200
"""Targets, each in the letters of some answers, that are kept prepared."""


MAX_EXPLAINED = 1000
"""Explanations of answers that were given more than once."""

ELEMENTS = 2_000_000
"""Elements of the largest intermediate, of many candidates at once."""

SEARCHING = 34e6
"""The work of looking for a repair of one answer."""

SHOWING = 5e6
"""The work of looking for values that show that an answer is wrong."""


@dataclass(frozen=True)
class Explanation:
    """Why an answer is wrong.

    ``gentle`` names the kind and the place of the slip, ``full`` also its repair, with mathematics as $LaTeX$.
    ``tags`` has the best explanation first; it is empty where none was found.  ``repair`` is what ``full`` proposes.
    """

    tags: tuple[str, ...]
    hints: tuple[Sentence, ...]
    repairs: tuple[Sentence, ...]
    words: Words = dataclass_field(repr=False, compare=False)
    repair: Repair | None = None

    @property
    def slips(self) -> tuple[tuple[str, ...], ...]:
        """The tags of each slip, its own first; those of the answer as a whole go with the first."""
        found: list[tuple[str, ...]] = []
        repair = self.repair
        while repair is not None:
            found.append((repair.tag, *repair.also))
            repair = repair.second
        further = tuple(tag for tag in self.tags if not any(tag in slip for slip in found))
        return ((*found[0], *further), *found[1:]) if found else (self.tags,) if self.tags else ()

    @lazy
    def gentle(self) -> str:
        return self._text(self.hints)

    @lazy
    def full(self) -> str:
        return self._text(self.repairs)

    def _text(self, sentences: tuple[Sentence, ...]) -> str:
        return " ".join(self.words.text(sentence) for sentence in sentences)


_Given = tuple[Target, Expr, tuple[Ix, ...], str]
"""What the explanation of an answer depends on; the text tells how its numbers are spelled."""


class Explainer:
    """Explains answers about one problem; what all of them need is prepared once."""

    def __init__(self, judge: Judge):
        self.problem = judge.problem
        self.words = Words(judge.problem)
        self._subjects: Kept[tuple[Target, tuple[Ix, ...], int], tuple[Subject, Echoes]] = Kept(MAX_SUBJECTS)
        # The first and the last differ in the sizes of dimensions, where these are free.
        order = [0, len(judge.points) - 1, *range(1, len(judge.points) - 1)]
        # Where a derivative is zero, much is right by chance.
        order.sort(key=lambda number: sum(not np.any(v) for v in judge.points[number].adjoints.values()))
        self._points = {number: Point(judge.points[number]) for number in order}
        self._small: tuple[Env, ...] | None = None
        self._explained: Recurring[_Given, Measured[Explanation]] = Recurring(MAX_EXPLAINED)

    def explain(self, judge: Judge, answer: ReadAnswer) -> Explanation:
        """The explanation of an answer that was read and is not right; what is given again is explained once."""
        key = answer.target, answer.expr, answer.indices, answer.text
        found = self._explained.get(key, hash(key), lambda: measured(lambda: self._explanation(judge, answer)))
        spend(found.work)
        return found.made

    def _explanation(self, judge: Judge, answer: ReadAnswer) -> Explanation:
        rank = len(answer.target.shape)
        stray = len(answer.indices) > rank
        if stray:
            # Letters beyond those of the target's axes are free by mistake, which says more than what mends it.
            answer = replace(answer, indices=answer.indices[:rank])
        try:
            with allowing(ELEMENTS, SEARCHING):
                found = self.repaired(judge, answer)
        except (Exhausted, BacksymError):
            found = None
        if not stray and (found is None or (found.repair is not None and found.repair.second is not None)):
            entries = self._by_entries(judge, answer)
            # One change of an entry explains more than two of the whole.
            if found is None or (entries is not None and entries.repair is not None and entries.repair.second is None):
                found = entries
        return found or self._without_repair(judge, answer)

    def _by_entries(self, judge: Judge, answer: ReadAnswer) -> Explanation | None:
        """The explanation of an answer about members of families, h_(t-1), by what is wrong with its entries."""
        if not any(isinstance(node, Member) for node in walk(answer.expr)):
            return None
        letters = answer.indices or judge.derivation(answer.target.name).indices
        try:
            entry = by_entries(answer.expr, tuple(letters[len(letters) - len(answer.expr.shape) :]))
            if entry is None:
                return None
            with allowing(ELEMENTS, SEARCHING):
                return self.repaired(judge, replace(answer, expr=entry, indices=letters))
        except (Exhausted, BacksymError, ValueError):
            return None

    def repaired(self, judge: Judge, answer: ReadAnswer, *, apart: bool = False) -> Explanation | None:
        """The explanation by the smallest repair that makes the answer right; None where no repair does.

        ``apart``: the answer was put together although its shapes clash, and no repair may leave a row at a column.
        """
        search, echoes = self._search(judge, answer)
        for number, repair in enumerate(repairs(search, echoes)):
            if number == MAX_JUDGED:
                break
            if apart and adds_row_to_column(repair.expr):
                continue
            if self._makes_right(judge, answer, repair):
                return self._repaired(answer, named(search, repair))
        letters = judge.derivation(answer.target.name).indices
        if not answer.indices and letters and not answer.target.is_position and _is_number(answer.expr):
            # A number may lack a factor that has the letters of the target.
            found = self.repaired(judge, replace(answer, indices=letters))
            return found if found is not None and found.repair is not None and not found.repair.echo else None
        return None

    def _search(self, judge: Judge, answer: ReadAnswer) -> tuple[Search, Echoes]:
        """The search at the first of the points where the answer is wrong and the derivative is not zero.

        An answer may be wrong only where the derivative is zero, as without ReLU' where a unit is off; then the first
        point where it is not.
        """
        kept: tuple[Search, Echoes] | None = None
        for number in self._points:
            subject, echoes = self._subject(judge, answer.target, answer.indices, number)
            search = Search(subject, answer.expr, answer.indices)
            if subject.truth.size > 0.0 and not search.seems_right:
                return search, echoes
            if kept is None or (kept[0].truth.size == 0.0 < subject.truth.size):
                kept = search, echoes
        assert kept is not None, "a judge has points"
        return kept

    def _subject(self, judge: Judge, target: Target, letters: tuple[Ix, ...], number: int) -> tuple[Subject, Echoes]:
        def prepared() -> tuple[Subject, Echoes]:
            subject = Subject(judge, self._points[number], target, letters, number)
            return subject, Echoes(subject)

        return self._subjects.get((target, letters, number), prepared)

    @staticmethod
    def _makes_right(judge: Judge, answer: ReadAnswer, repair: Repair) -> bool:
        target = answer.target
        try:
            if repair.stated is not None:
                own = judge.values(answer.expr, answer.indices)
                return equal_values(own, judge.values(repair.stated, repair.stated_letters)) is True
            return judge.agrees(target, repair.expr, () if target.is_position else repair.indices) is True
        except (BacksymError, ValueError):
            return False

    # --- with a repair ---

    def _repaired(self, answer: ReadAnswer, repair: Repair) -> Explanation:
        target = _target(answer.target)
        shapes = self._wrong_shape(answer, target)
        hints = [_sentence(repair, "gentle", target, answer.target)]
        full = [_sentence(repair, "full", target, answer.target)]
        tags = tuple(dict.fromkeys((*repair.tags, *(("shape",) if shapes else ()))))
        return Explanation(tags, (*hints, *shapes), (*full, *shapes), self.words, repair)

    @staticmethod
    def _wrong_shape(answer: ReadAnswer, target: Expr) -> tuple[Sentence, ...]:
        if answer.indices or answer.target.is_position:
            return ()
        try:
            own = answer.expr.shape
        except BacksymError:
            return ()
        wanted = answer.target.shape
        if same_layout(own, wanted):
            return ()
        facts: dict[str, Fact] = {"own": _size(own), "target": target, "wanted": _size(wanted)}
        return (Sentence("shapes.answer", facts),)

    # --- without ---

    def _without_repair(self, judge: Judge, answer: ReadAnswer) -> Explanation:
        target = _target(answer.target)
        if judge.derivation(answer.target.name).entry.rhs == ZERO:
            facts: dict[str, Fact] = {"target": target, "node": _by(answer.target)}
            zero = {level: Sentence(f"zero.{level}", facts) for level in ("gentle", "full")}
            return Explanation((), (zero["gentle"],), (zero["full"],), self.words)
        shapes = self._wrong_shape(answer, target)
        if shapes:
            return Explanation(("shape",), shapes, shapes, self.words)
        if self._small is None:
            self._small = small_points(judge.problem, judge.solution.derivations, judge.points[0])
        truth = judge.derivation(answer.target.name).entry.rhs
        try:
            with allowing(ELEMENTS, SHOWING):
                found = counterexample(self._small, answer.target, answer.expr, answer.indices, truth)
        except (Exhausted, BacksymError):
            found = None
        if found is None:
            told = {level: Sentence(f"unexplained.{level}", {"target": target}) for level in ("gentle", "full")}
            return Explanation((), (told["gentle"],), (told["full"],), self.words)
        facts = {"values": found.values, "own": found.own, "true": found.true, "target": target}
        facts["all"] = (*found.values, *found.further)
        if not found.defined:
            undefined = Sentence("counterexample.undefined", facts)
            return Explanation((), (undefined,), (undefined,), self.words)
        hint, full = Sentence("counterexample.gentle", facts), Sentence("counterexample.full", facts)
        return Explanation((), (hint,), (full,), self.words)

    # --- shapes that clash ---

    def clash(
        self, clash: Clash, target: Target | None, meant: Explanation | None, *, entrywise: bool = False
    ) -> Explanation:
        """Two of the student's own operands that do not fit, and what would make the answer right, or them fit.

        ``entrywise`` says that ``meant`` is about the answer with products entry by entry.
        """
        product = clash.operation == "matmul"
        facts: dict[str, Fact] = {
            "left": clash.left, "left_shape": _size(clash.left.shape),
            "right": clash.right, "right_shape": _size(clash.right.shape),
        }  # fmt: skip
        stated = Sentence("shapes.matmul" if product else "shapes.elementwise", facts)
        found = list(_fitting(clash, product=product))
        if meant is not None:
            if entrywise:
                tags = tuple(dict.fromkeys((*meant.tags, found[0].tag, "shape")))
                first = _fits(found[0], "hints"), _fits(found[0], "repairs")
                hints, repaired = (stated, first[0], *meant.hints), (stated, first[1], *meant.repairs)
                return Explanation(tags, hints, repaired, self.words, meant.repair)
            tags = (*meant.tags, *(("shape",) if "shape" not in meant.tags else ()))
            return Explanation(tags, (stated, *meant.hints), (stated, *meant.repairs), self.words, meant.repair)
        if target is not None:
            # What gives the shape of the target comes first.
            found.sort(key=lambda fix: not same_layout(fix.new.shape, target.shape))
        if not found:
            hint = Sentence("shapes.hints.shape")
            return Explanation(("shape",), (stated, hint), (stated, hint), self.words)
        hint, full = _fits(found[0], "hints"), _fits(found[0], "repairs")
        return Explanation((found[0].tag,), (stated, hint), (stated, full), self.words)


def _is_number(e: Expr) -> bool:
    try:
        return e.shape == ()
    except BacksymError:
        return False


def _size(shape: Shape) -> Fact:
    return "shapes.scalar" if not scalar_if_ones(shape) else Size(shape)


def _target(target: Target) -> Expr:
    return target.entry(target.indices) if target.is_position else target.array


def _by(target: Target) -> Expr:
    """What the derivative that is asked for is by."""
    return Sym(target.name, target.shape) if target.whole is None else target.whole.by[-1]


# --- sentences -------------------------------------------------------------------------------------------------------


def _sentence(repair: Repair, level: str, target: Expr, asked: Target) -> Sentence:
    if repair.echo:
        facts: dict[str, Fact] = {"place": repair.place, "new": repair.new, "slip": f"slips.{repair.tag}"}
        return Sentence(f"echo.{level}", facts)
    first = _likewise(repair, level, _one(repair, level, target, asked))
    if repair.second is None:
        return first
    second = _likewise(repair.second, level, _one(repair.second, level, target, asked, also=True))
    return Sentence(f"pair.{level}", {"first": first, "second": second})


def _likewise(repair: Repair, level: str, sentence: Sentence) -> Sentence:
    return Sentence(f"likewise.{level}", {"first": sentence}) if repair.likewise else sentence


_SKIPPING = {"wrong_node": "skipped", "another": "another_skipped"}
"""Where one derivative stands for the next, the local one between them is missing."""

_ALSO = {"sign_whole": "sign_also", "factor_whole": "factor_also"}


def _one(repair: Repair, level: str, target: Expr, asked: Target, *, also: bool = False) -> Sentence:
    kind = repair.kind
    facts: dict[str, Fact] = {name: fact for name, fact in repair.facts.items() if not isinstance(fact, str)}
    facts |= {"place": "whole" if _is_whole(repair) else repair.place, "new": repair.new, "target": target}
    facts |= {"node": _by(asked), "around": repair.around or repair.place}
    skips = repair.also and isinstance(array_of(repair.place if kind == "wrong_node" else repair.new), Adj)
    if skips and kind in _SKIPPING:
        old = repair.new if kind == "another" else repair.place
        facts |= {"outer": _quantity(old), "inner": _quantity(target if kind == "another" else repair.new)}
        kind = _SKIPPING[kind]
    if also:
        kind = _ALSO.get(kind, kind)
    elif kind == "transpose":
        kind, facts["quantity"] = _turned(repair)
    elif kind == "missing_path" and repair.several:
        kind = "missing_paths"
    return Sentence(f"repairs.{kind}.{level}", facts)


def _quantity(derivative: Expr) -> Expr:
    """What a derivative is by."""
    base = array_of(derivative)
    assert isinstance(base, Adj), "a step is skipped between two derivatives"
    return Sym(base.name, base.shape)


def _is_whole(repair: Repair) -> bool:
    """Whether to say "the answer": a short one is better shown."""
    return repair.whole and not repair.leaf


def _turned(repair: Repair) -> tuple[str, Expr]:
    """Which operand of a product a repaired transpose concerns, if it is only one."""
    old, new = repair.place, repair.new
    if isinstance(old, MatMul) and isinstance(new, MatMul) and len(old.args) == len(new.args):
        changed = [(a, b) for a, b in zip(old.args, new.args, strict=True) if a != b]
        if len(changed) != 1:
            return "transpose", old
        old, new = changed[0]
    if new == T(old):
        return "needs_transpose", old
    if old == T(new):
        return "drops_transpose", new
    if isinstance(old, T) and new == T(old):
        return "drops_transpose", old.arg
    return "transpose", old


@dataclass(frozen=True)
class _Fix:
    """A way to make two operands fit: the tag, the sentence, what it gives, and the operand that it concerns."""

    tag: str
    key: str
    new: Expr
    quantity: Expr


def _fits(fix: _Fix, level: str) -> Sentence:
    """What is said of a way to make two operands fit."""
    if level == "hints":
        return Sentence(f"shapes.hints.{fix.tag}")
    return Sentence(f"shapes.repairs.{fix.key}", {"new": fix.new, "quantity": fix.quantity})


def _by_entries(e: Expr) -> Expr:
    """Products of two vectors of one shape, which cannot be formed, entry by entry; raises ShapeError for others."""
    e = rebuild(e, _by_entries)
    if isinstance(e, MatMul) and len(e.args) == 2 and len(e.args[0].shape) == 1 and e.args[0].shape == e.args[1].shape:
        return Mul(e.args)
    return e


def _fitting(clash: Clash, *, product: bool) -> Iterator[_Fix]:
    """What would make two operands fit, smallest first."""
    left, right = clash.left, clash.right
    if product:
        if left.shape == right.shape and left.shape:
            yield _Fix("hadamard_vs_matmul", "hadamard", Mul((left, right)), left)
        for operand, other in ((left, right), (right, left)):
            key, turned, quantity = _flipped(operand)
            new = MatMul((turned, other) if operand is left else (other, turned))
            if _has_shape(new):
                yield _Fix("transpose", key, new, quantity)
        for first, second in ((right, left), (right, _flipped(left)[1]), (_flipped(right)[1], left)):
            new = MatMul((first, second))
            if _has_shape(new):
                yield _Fix("order", "order", new, left)
        return
    if clash.operation == "multiply":
        for first, second in ((left, right), (left, _flipped(right)[1]), (_flipped(left)[1], right)):
            new = MatMul((first, second))
            if _has_shape(new):
                yield _Fix("hadamard_vs_matmul", "matmul", new, left)
    for operand, other in ((left, right), (right, left)):
        key, turned, quantity = _flipped(operand)
        if _same(turned, other):
            yield _Fix("transpose", f"{key}_alone", turned, quantity)


def _flipped(e: Expr) -> tuple[str, Expr, Expr]:
    if isinstance(e, Neg):
        key, turned, quantity = _flipped(e.arg)
        return key, Neg(turned), quantity
    return ("drops_transpose", e.arg, e.arg) if isinstance(e, T) else ("needs_transpose", T(e), e)


def _has_shape(e: Expr) -> bool:
    try:
        _ = e.shape
    except BacksymError:
        return False
    return True


def _same(a: Expr, b: Expr) -> bool:
    try:
        return broadcast(a.shape, b.shape) in (a.shape, b.shape) and len(a.shape) == len(b.shape)
    except BacksymError:
        return False


# --- the way in ------------------------------------------------------------------------------------------------------

_EXPLAINERS: WeakKeyDictionary[Judge, Explainer] = WeakKeyDictionary()
"""What was prepared for each judge; it follows from the judge alone, so that no output depends on it."""


def explainer(judge: Judge) -> Explainer:
    found = _EXPLAINERS.get(judge)
    return found if found is not None else _EXPLAINERS.setdefault(judge, Explainer(judge))


def explain(judge: Judge, answer: ReadAnswer) -> Explanation:
    """Why an answer that was read is wrong: the smallest repair that makes it right, or a counterexample.

    The answer must be wrong; of a right one it may say anything.
    """
    with np.errstate(all="ignore"):
        return explainer(judge).explain(judge, answer)


def explain_clash(
    judge: Judge, clash: Clash, target: Target | None = None, meant: ReadAnswer | None = None
) -> Explanation:
    """Why two operands of an answer do not fit together.

    With ``meant``, the answer put together nevertheless, what makes it right is proposed; else, or if nothing does,
    what makes the operands fit, with the target what gives its shape first.
    """
    repaired = explain_meant(judge, meant) if meant is not None else None
    other = None
    if repaired is None and meant is not None and clash.operation == "matmul" and clash.left.shape == clash.right.shape:
        with suppress(ShapeError):  # Other products in it cannot be formed either.
            entrywise = replace(meant, expr=_by_entries(meant.expr))
            if not _is_right(judge, entrywise):  # Else nothing else is wrong.
                other = explain_meant(judge, entrywise)
    with allowing(ELEMENTS, SEARCHING):
        return explainer(judge).clash(clash, target, repaired or other, entrywise=other is not None)


def _is_right(judge: Judge, answer: ReadAnswer) -> bool:
    try:
        return judge.agrees(answer.target, answer.expr, answer.indices) is True
    except (BacksymError, ValueError):
        return False


def explain_meant(judge: Judge, meant: ReadAnswer) -> Explanation | None:
    """What makes an answer right whose parts do not fit together; None where no repair does."""
    try:
        with np.errstate(all="ignore"), allowing(ELEMENTS, SEARCHING):
            return explainer(judge).repaired(judge, meant, apart=True)
    except (Exhausted, BacksymError):
        return None
