"""Verdicts: an answer is read, judged, compared with the form that is asked for, and put into words and marks.

``check`` is for one answer; ``check_all`` for one student's answers, where a later one may follow from an earlier wrong
one; a ``Marker`` keeps what both need, for a class.

Must not know files or output formats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from backsym.core.allowance import Exhausted, allowing
from backsym.core.choices import ACCEPT, HINTS
from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Entry, Expr, IndexReduce, Ix, Partial, free_indices, scalar_if_ones, walk
from backsym.core.lazy import lazy
from backsym.core.problem import Part, Problem
from backsym.core.words import listed, say
from backsym.marking.answers.ends import End, with_ends
from backsym.marking.answers.left_letters import read_array
from backsym.marking.answers.letters import fresh, is_one_place
from backsym.marking.answers.model import ReadAnswer, Target, Unreadable, quantity_named
from backsym.marking.answers.numbers import Numbers, members, read_numbers
from backsym.marking.answers.own_names import Names
from backsym.marking.answers.reader import AnswerReader
from backsym.marking.explaining.explain import ELEMENTS, Explanation, explain, explain_clash, explain_meant
from backsym.marking.explaining.feedback import feedback
from backsym.marking.explaining.phrases import math, phrase, shape_words
from backsym.marking.judging.accept import (
    Criterion,
    criterion,
    derivatives_asked,
    is_simplified,
    missing_names,
    total_named,
    totals_asked,
)
from backsym.marking.judging.chains import Break, first_break
from backsym.marking.judging.earlier import Earlier
from backsym.marking.judging.earning import (
    CHAIN,
    CIRCULAR,
    CLAIM,
    Sheet,
    claims_about,
    not_worked_out,
    shown,
    stated,
)
from backsym.marking.judging.judge import Judge, equal_values
from backsym.marking.judging.layouts import same_layout, transposed_layout
from backsym.marking.judging.numbers import AskedNumber, NumberJudge
from backsym.marking.judging.shares import Slips, share_of
from backsym.marking.judging.totals import asked_totals, judge_of_totals
from backsym.marking.reporting.records import row_json
from backsym.marking.reporting.reports import in_unicode
from backsym.numeric.axes import Array
from backsym.printing.notation import Notation
from backsym.solving.solution import Solution

MARKING = 120e6
"""The work of one verdict: reading an answer in several ways, judging each of its lines, explaining what is wrong."""

VERDICTS = ("correct", "equivalent_form", "follow_through", "incorrect", "invalid", "undetermined")

Given = Mapping[str, str]


@dataclass(frozen=True)
class Verdict:
    """The verdict on one answer.

    ``score`` is out of ``marks``.  ``feedback`` is Markdown with formulas between dollar signs; ``interpreted`` is how
    the answer was read, as LaTeX, and ``interpreted_plain`` the same in the plain language (each empty if it was not
    read).
    """

    target: str
    """The quantity by which is differentiated."""
    verdict: str
    """correct, equivalent_form, follow_through, incorrect, invalid or undetermined."""
    score: float
    """Out of ``marks``."""
    tags: tuple[str, ...] = ()
    """What is wrong, the best explanation first."""
    feedback: str = ""
    """Markdown with formulas between dollar signs."""
    marks: float = 1.0
    """The most that the answer could be worth."""
    student: str | None = None
    """Who wrote it, where that is known."""
    read: ReadAnswer | None = field(default=None, compare=False, repr=False)
    """How the answer was read; None if it was not."""
    answer: str = field(default="", compare=False, repr=False)
    """What was written."""
    rests: bool = field(default=False, compare=False, repr=False)
    """Whether the value is right, and what other answers of the student say may change the verdict."""
    explained: Explanation | None = field(default=None, compare=False, repr=False)
    """Why it is wrong, where that was looked for."""
    place: str = field(default="", compare=False, repr=False)
    """The line that it is about, in words."""

    @lazy
    def feedback_plain(self) -> str:
        """The feedback with its formulas in Unicode, for a terminal or a notebook."""
        return in_unicode(self.feedback).replace("\u00a0", " ")

    def hint(self, n: int) -> str:
        """The n-th of the hints, from 1, each telling more: what to check, where, and what should stand there.

        Beyond the last it is the last; an answer that is right has its feedback only.  Raises BacksymError for n < 1.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise BacksymError(say("marking.hint_number", found=repr(n)))
        return self._hints[min(n, len(self._hints)) - 1]

    @lazy
    def _hints(self) -> tuple[str, ...]:
        found = self.explained
        if found is None:
            return (self.feedback,)
        words = feedback(found.words.language)
        slips = (words[f"slips.{tag}"] for tag in found.tags if f"slips.{tag}" in words)
        first = [phrase("verdict.ladder", found.words.language, slip=slip) for slip in slips][:1]
        further = (_Marking.joined(self.place, told) for told in (found.gentle, found.full))
        return tuple(dict.fromkeys((*first, *further)))

    @lazy
    def interpreted(self) -> str:
        """How the answer was read, as LaTeX; empty if it was not."""
        return self.read.interpreted_latex if self.read is not None else ""

    @lazy
    def interpreted_plain(self) -> str:
        """How the answer was read, in the plain language; empty if it was not."""
        return self.read.interpreted_plain if self.read is not None else ""

    def _repr_markdown_(self) -> str:
        from backsym.documents import notebook as display

        return display.markdown(display.verdict_shown(self.verdict, self.score, self.marks, self.feedback))

    def _repr_html_(self) -> str:
        from backsym.documents import notebook as display

        return display.html(display.verdict_shown(self.verdict, self.score, self.marks, self.feedback))

    def to_json(self) -> dict[str, Any]:
        """The fields of ``backsym check --format json``."""
        return row_json(self)


def check(
    problem: Problem,
    target: str,
    answer: str,
    *,
    accept: str | None = None,
    marks: float | None = None,
    hints: str = "full",
    judge: Judge | Marker | None = None,
) -> Verdict:
    """The verdict on one answer.

    ``target`` is a quantity such as ``W2`` or entries of it, ``W2[k,j]``; ``answer`` the derivative of the loss by it,
    plain or LaTeX.  ``accept`` (any, by_name, simplified) and ``marks`` are those of the problem's part for this target
    if they are not given.  To check many answers, make a :class:`Marker` once.

    Raises BacksymError if there is no such target; whatever stands in ``answer`` gets a verdict.

    >>> import backsym as bs
    >>> problem = bs.Problem(forward=["z = w*x", "y = tanh(z)", "L = (y - t)**2/2"])
    >>> bs.check(problem, "z", "(y - t)*(1 - tanh(z)**2)").verdict
    'correct'
    >>> wrong = bs.check(problem, "z", "(t - y)*(1 - y**2)")
    >>> wrong.verdict, wrong.tags
    ('incorrect', ('sign',))
    """
    return _marker(problem, judge).mark(target, answer, accept=accept, marks=marks, hints=hints)


def check_all(
    problem: Problem,
    answers: Given,
    *,
    accept: str | None = None,
    marks: Mapping[str, float] | None = None,
    hints: str = "full",
    judge: Judge | Marker | None = None,
) -> list[Verdict]:
    """The verdicts on one student's answers, in their order, following through earlier wrong ones."""
    return _marker(problem, judge).mark_all(answers, accept=accept, marks=marks, hints=hints)


def _marker(problem: Problem, judge: Judge | Marker | None) -> Marker:
    if isinstance(judge, Marker):
        return judge
    return Marker(problem, judge)


class Marker:
    """Everything that marking answers to one problem needs: its judge, its reader, its notation."""

    def __init__(self, problem: Problem, judge: Judge | None = None, solution: Solution | None = None):
        if not isinstance(problem, Problem):
            raise BacksymError(say("marking.no_problem", type=_kind(problem)))
        self.problem = problem
        self.judge = judge if judge is not None else Judge(problem, solution)
        self.reader = AnswerReader(problem, {d.node: d.indices for d in self.judge.solution.derivations})
        self.notation = Notation.of(problem)
        self.numbers = NumberJudge(self.judge.solution)
        self._asked: dict[str, tuple[Target, Criterion]] = {}
        self._arrays: tuple[_ArrayMarker, ...] = ()

    def read(self, target: Target, answer: str, names: Names) -> ReadAnswer | Unreadable:
        """An answer as it is read after those that defined these names."""
        return self.reader.read_after(target, answer, names)

    def array(self, target: str) -> tuple[str, _ArrayMarker] | None:
        """The name of a Jacobian or second derivative that a part asks for, and its marker; None for other targets."""
        name = total_named(target, self._totals)
        if name is None:
            return None
        if not self._arrays:
            self._arrays = (_ArrayMarker(self),)
        return name, self._arrays[0]

    @lazy
    def _totals(self) -> Mapping[str, Part]:
        return totals_asked(self.problem)

    def target(self, text: str) -> Target:
        """The target of this name; raises BacksymError for one that the loss is not differentiated by."""
        return self.asked(text)[0]

    def asked(self, text: str) -> tuple[Target, Criterion]:
        """A target and what is wanted of an answer to it; raises BacksymError as ``target`` does."""
        if text not in self._asked:
            target = self.reader.target(text)
            self.judge.derivation(target.name)
            self._asked[text] = target, criterion(self.problem, target.name)
        return self._asked[text]

    def trouble_with(self, target: str) -> str | None:
        """What is wrong with the name of a target; None for a good one."""
        if self.numbers.named(target) is not None or self.array(target) is not None:
            return None
        try:
            self.target(target)
        except BacksymError as error:
            # What is advised is a question, which ends the sentence.
            return phrase(
                "words.unknown_target", self.problem.language, message=str(error) if error.advice else f"{error}."
            )
        return None

    def unusable(self, message: str) -> Verdict:
        """The verdict in place of a student's file that cannot be read."""
        return Verdict(
            "", "invalid", 0.0, ("syntax",), phrase("verdict.invalid", self.problem.language, message=message)
        )

    def mark(
        self, target: str, answer: str, *, accept: str | None = None, marks: float | None = None, hints: str = "full"
    ) -> Verdict:
        """See :func:`check`."""
        number = self.number(str(target), answer)
        if number is not None:
            return _NumberMarking(self, str(target), answer, number, marks, hints).verdict()
        if (array := self.array(str(target))) is not None:
            return _Marking(array[1], array[0], answer, accept, marks, hints).verdict()
        return _Marking(self, target, answer, accept, marks, hints).verdict()

    def members(self, number: AskedNumber, answer: object) -> list[str]:
        """The members of an answer to a number."""
        return members(str(answer), lambda left: self.numbers.named(left) == number)

    def number(self, target: str, answer: object) -> AskedNumber | None:
        """The number that an answer is to; None where it is a derivative by name that is asked for.

        Where both are asked for, an answer that names no quantity is a number.
        """
        number = self.numbers.named(target)
        if number is None or quantity_named(target) not in derivatives_asked(self.problem):
            return number
        wanted = self.numbers.true(number).shape
        own = self.members(number, answer)[-1]
        read = read_numbers(self.reader, own, self.numbers.env, wanted, self.numbers.sizes(number))
        return None if isinstance(read, Unreadable) or read.named else number

    def mark_all(
        self,
        answers: Given,
        *,
        accept: str | None = None,
        marks: Mapping[str, float] | None = None,
        hints: str = "full",
        strict: bool = True,
    ) -> list[Verdict]:
        """See :func:`check_all`; unless ``strict``, an unknown target is an invalid answer and not an error."""
        if not isinstance(answers, Mapping):
            raise BacksymError(say("marking.no_answers", type=_kind(answers)))
        for target in marks or () if strict else ():
            if self.numbers.named(target) is None and self.array(target) is None:
                self.target(target)  # A mark for a target that there is not would be given to nobody.
        earlier = Earlier(self.judge, self.reader.names)
        own: dict[str, Array] = {}
        unknown: dict[str, Verdict] = {}
        markings: dict[str, _Marking | _NumberMarking] = {}
        for target, answer in ((str(target), answer) for target, answer in answers.items()):
            if not strict and (trouble := self.trouble_with(target)) is not None:
                unknown[target] = Verdict(target, "invalid", 0.0, ("undeclared",), trouble)
                continue
            marked = (marks or {}).get(target)
            number = self.number(target, answer)
            if (array := self.array(target)) is not None and number is None:
                markings[target] = _Marking(array[1], array[0], answer, accept, marked, hints)
            elif number is None:
                markings[target] = _Marking(self, target, answer, accept, marked, hints, earlier)
            else:
                markings[target] = _NumberMarking(self, target, answer, number, marked, hints, own)
        found: dict[str, Verdict] = {}
        # What follows from what is told by the graph, in whatever order the answers come.
        for target in sorted(markings, key=lambda target: markings[target].rank):
            marking = markings[target]
            try:
                found[target] = marking.verdict()
            except Exception as error:
                if strict:
                    raise
                # A mistake in marking one answer must not cost the student the others.
                unmarked = phrase("verdict.unmarked", self.problem.language, error=type(error).__name__)
                found[target] = Verdict(target, "undetermined", 0.0, (), unmarked, marking.worth)
            if isinstance(marking, _Marking) and marking.target.whole is None:
                earlier.add(marking.target, found[target].read, found[target].verdict)
        sheet = self.sheet(tuple(found.values()))
        for target, marking in markings.items():
            if isinstance(marking, _Marking):
                found[target] = marking.on_sheet(found[target], sheet)
        return [found[target] if target in found else unknown[target] for target in map(str, answers)]

    def sheet(self, verdicts: Sequence[Verdict]) -> Sheet:
        """The answers among these that are right in value, for what other answers may rest on."""
        right = (v for v in verdicts if v.verdict in ("correct", "equivalent_form") or v.rests)
        reads = (v.read for v in right if v.read is not None)
        whole = (read for read in reads if not read.target.is_position and read.target.whole is None)
        return Sheet(self.problem, {read.target.name: read for read in whole})


class _ArrayMarker(Marker):
    """Marks Jacobians and second derivatives: its judge knows them as quantities with a value of their own."""

    def __init__(self, marker: Marker):
        super().__init__(marker.problem, judge_of_totals(marker.judge.solution))
        asked = asked_totals(self.judge, marker.problem)
        self._asked = {name: (found.target, found.criterion) for name, found in asked.items()}

    def read(self, target: Target, answer: str, names: Names) -> ReadAnswer | Unreadable:
        return read_array(self.reader, target, answer, names)


def _kind(value: object) -> str:
    return type(value).__name__


def _with_credit(feedback: str, share: Fraction, slips: Slips, hints: str, language: str) -> str:
    """The feedback on an answer that keeps a share of the marks although it is wrong, which it says."""
    if not slips or not share or hints == "none":
        return feedback
    return f"{feedback} {phrase('verdict.credit', language, share=str(share))}"


def _short(text: str) -> str:
    """The beginning of a text, on one line, to be quoted as code."""
    text = " ".join(text.split()).replace("`", "'")
    return text if len(text) <= 60 else f"{text[:60]}..."


def checked_marks(target: str, marks: object) -> float:
    """The marks for a target; raises BacksymError for what is no number, or less than 0."""
    if isinstance(marks, bool) or not isinstance(marks, (int, float)) or not 0 <= marks < float("inf"):
        raise BacksymError(say("marking.no_marks", target=target, found=repr(marks)))
    return float(marks)


class _Speaking:
    """What marks an answer says in the language of the problem."""

    marker: Marker

    @property
    def language(self) -> str:
        return self.marker.problem.language

    def phrase(self, key: str, **facts: str) -> str:
        return phrase(key, self.language, **facts)

    def listed(self, texts: Sequence[str]) -> str:
        return listed(texts, language=self.language)


@dataclass
class _NumberMarking(_Speaking):
    """The marking of one answer that is a number, or several; ``own`` are the student's wrong ones, by name."""

    marker: Marker
    name: str
    answer: str
    asked: AskedNumber
    marks: float | None
    hints: str
    own: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.hints not in HINTS:
            raise BacksymError(say("classes.unknown_hints", found=self.hints, choices=HINTS))
        self.worth = self.asked.marks if self.marks is None else checked_marks(self.name, self.marks)
        self.lhs = math(self.marker.numbers.quantity(self.asked), self.marker.notation)

    @property
    def rank(self) -> tuple[int, int]:
        """Where the number stands: forward pass, backward pass, what is made of both."""
        return self.marker.numbers.rank(self.asked)

    def verdict(self) -> Verdict:
        numbers, asked = self.marker.numbers, self.asked
        *sides, last = self.marker.members(asked, "" if self.answer is None else self.answer)
        stated = numbers.named(sides[0]) if sides else None
        if stated is not None and stated != asked:
            own = math(numbers.quantity(stated), self.marker.notation)
            return self.made("incorrect", ("wrong_node",), self.phrase("verdict.other_quantity", own=own, lhs=self.lhs))
        true = numbers.true(asked)
        read = read_numbers(self.marker.reader, last, numbers.env, true.shape, numbers.sizes(asked))
        if isinstance(read, Unreadable):
            key = "verdict.invalid_hint" if read.hint and self.hints == "full" else "verdict.invalid"
            return self.made("invalid", (read.tag,), self.phrase(key, message=read.message, hint=read.hint or ""))
        if numbers.is_right(asked, read, true):
            if read.named:
                return self.made("equivalent_form", (), self.phrase("verdict.not_a_number"))
            return self.made("correct", (), self.phrase("verdict.correct"))
        if self.own and not read.named and numbers.is_right(asked, read, numbers.true(asked, self.own)):
            names = self.listed(
                [math(numbers.quantity(numbers.asked[name]), self.marker.notation) for name in self.own]
            )
            return self.made("follow_through", (), self.phrase("verdict.follow_through", names=names))
        if read.values.size == true.size and np.isfinite(read.values).all():
            self.own[asked.name] = read.values.reshape(true.shape)
        return self.made("incorrect", self.tags(read, true), self.phrase("verdict.incorrect", lhs=self.lhs))

    def tags(self, read: Numbers, true: Array) -> tuple[str, ...]:
        """What is wrong, where that is plain: the shape, a matrix on its side, the sign of all."""
        if read.values.size != true.size:
            return ("shape",)
        numbers = self.marker.numbers
        if true.ndim == 2 and read.shape == true.shape[::-1] and numbers.is_right(self.asked, read, true.T):
            return ("transpose", "shape")
        negative = Numbers(tuple(replace(cell, value=-cell.value) for cell in read.cells), read.shape)
        return ("sign",) if numbers.is_right(self.asked, negative, true) else ()

    def made(self, verdict: str, tags: tuple[str, ...], feedback: str) -> Verdict:
        slips = (tags,) if tags and verdict == "incorrect" else ()
        share = share_of(self.marker.problem, verdict, slips)
        words = _with_credit(feedback, share, slips, self.hints, self.language)
        written = "" if self.answer is None else str(self.answer)
        return Verdict(self.name, verdict, self.worth * float(share), tags, words, self.worth, answer=written)


@dataclass
class _Marking(_Speaking):
    """The marking of one answer."""

    marker: Marker
    name: str
    answer: str
    accept: str | None
    marks: float | None
    hints: str
    earlier: Earlier | None = None

    def __post_init__(self) -> None:
        if self.hints not in HINTS:
            raise BacksymError(say("classes.unknown_hints", found=self.hints, choices=HINTS))
        self.name = str(self.name)
        # An empty field of a form may come as None; a number, or an expression of SymPy, says its text.
        self.answer = "" if self.answer is None else str(self.answer)
        self.target, self.criterion = self.marker.asked(self.name)
        if self.accept is not None:
            self.criterion = replace(self.criterion, accept=self.accept)
        if self.marks is not None:
            self.criterion = replace(self.criterion, marks=checked_marks(self.name, self.marks))
        if self.criterion.accept not in ACCEPT:
            raise BacksymError(say("classes.unknown_accept", found=self.criterion.accept, choices=ACCEPT))
        self.judge = self.marker.judge

    @property
    def worth(self) -> float:
        return self.criterion.marks

    @property
    def rank(self) -> tuple[int, int]:
        """Where the answer stands in the backward pass."""
        return 0, self.judge.places[self.target.name]

    # --- the verdict ---

    def verdict(self) -> Verdict:
        """The verdict, with a limit to the work that it takes and to the size of what it evaluates."""
        try:
            with allowing(ELEMENTS, MARKING):
                return self._verdict()
        except (Exhausted, MemoryError):
            return self.made("undetermined", None, (), self.phrase("verdict.too_large"))

    def _verdict(self) -> Verdict:
        reader = self.marker.reader
        names = self.earlier.names if self.earlier is not None else reader.names
        read = self.marker.read(self.target, self.answer, names)
        if self.earlier is not None and isinstance(read, ReadAnswer):
            self.earlier.names = names.with_own(read.names)
        found = self.verdict_on(read)
        if isinstance(read, Unreadable) or not read.left_out or self.hints == "none":
            return found
        left = self.listed([f"`{_short(text)}`" for text in read.left_out[:3]])
        return replace(found, feedback=self.joined(found.feedback, self.phrase("verdict.left_out", text=left)))

    def verdict_on(self, read: ReadAnswer | Unreadable) -> Verdict:
        """The verdict on what was read."""
        if isinstance(read, Unreadable):
            other = self.mathematics(None)
            if other is not None:
                return self.made("undetermined", other, (), self.phrase("verdict.undetermined"))
            return self.unreadable(read)
        if read.of == self.marker.problem.loss:
            # dL = (y - t) dy: differentials, which say it in another way.
            return self.made("undetermined", read, (), self.phrase("verdict.differential"))
        if read.of is not None:
            return self.other_quantity(read)
        broken = first_break(self.judge, read)
        found = self.judged(read)
        if found == "readings":
            expr, indices = (*read.others, *read.regrouped)[0]
            other = replace(read, expr=expr, indices=indices)
            return self.made("undetermined", read, (), self.two_readings(read, other))
        if found is None:
            key = "verdict.unexercised" if self.target.name in self.judge.unexercised else "verdict.undetermined"
            return self.made("undetermined", read, (), self.phrase(key))
        if found is False:
            names = self.earlier.follows(read) if self.earlier is not None and broken is None and read.fits else ()
            if names:
                return self.followed(read, self.phrase("verdict.follow_through", names=self.names(names)))
            first = self.earlier.repeats(read) if self.earlier is not None and broken is None else None
            if first is not None:
                return self.followed(read, self.phrase("verdict.layout_again", names=self.names((first,))))
            if (other := self.mathematics(read)) is not None:
                return self.made("undetermined", read, (), self.two_readings(read, other))
            return self.wrong(read, broken)
        if broken is not None:
            return self.wrong(read, broken)
        return self.right(read)

    def mathematics(self, read: ReadAnswer | None) -> ReadAnswer | None:
        """Code that is wrong, or not read, as Python, read by the customs of mathematics if it is right then."""
        if not self.marker.reader.has_code(self.answer) and not ("[" in self.answer and ":" in self.answer):
            return None
        other = self.marker.reader.mathematics(self.target, self.answer)
        if other is None or other.of is not None or (read is not None and other.expr == read.expr):
            return None
        return other if self.judged(other) is True and first_break(self.judge, other) is None else None

    def judged(self, read: ReadAnswer) -> bool | str | None:
        """Whether the answer is right; ``readings`` where it can be read in ways that differ in value."""
        found: bool | str | None = read.fits and self.judge.agrees(self.target, read.expr, read.indices)
        if read.fits and read.others and found is not None:
            others = [other for other in read.others if not self.same_value(read, *other)]
            if others and (found or any(self.judge.agrees(self.target, *other) is not False for other in others)):
                return "readings"
        if found is False and any(self.judge.agrees(self.target, *other) for other in read.regrouped):
            return "readings"
        return found

    def same_value(self, read: ReadAnswer, expr: Expr, indices: tuple[Ix, ...]) -> bool:
        try:
            mine, other = self.judge.values(read.expr, read.indices), self.judge.values(expr, indices)
        except (BacksymError, OverflowError, MemoryError):
            return False
        return equal_values(mine, other) is True

    def made(
        self, verdict: str, read: ReadAnswer | None, tags: tuple[str, ...], feedback: str, slips: Slips = (), *,
        form: bool = True,
    ) -> Verdict:  # fmt: skip
        """A verdict with its score; ``slips`` are those that the problem may give a share of the marks for."""
        share = share_of(self.marker.problem, verdict, slips, form=form)
        words = _with_credit(feedback, share, slips, self.hints, self.language)
        score = self.worth * float(share)
        return Verdict(self.name, verdict, score, tags, words, self.worth, None, read, self.answer)

    # --- right in value ---

    def right(self, read: ReadAnswer) -> Verdict:
        if (unearned := self.unearned(read, self.alone)) is not None:
            return unearned
        return self.formed(read)

    def formed(self, read: ReadAnswer) -> Verdict:
        """The verdict on an answer that earns marks, by its form."""
        if trouble := self.form_trouble(read):
            return self.made("equivalent_form", read, (), trouble)
        told = self.joined(self.phrase("verdict.correct"), self.renamed(read), self.unchecked(read))
        return self.made("correct", read, (), told)

    @property
    def alone(self) -> Sheet:
        """The sheet of an answer that comes by itself."""
        return Sheet(self.marker.problem, {})

    def on_sheet(self, verdict: Verdict, sheet: Sheet) -> Verdict:
        """The verdict, with what the student's other answers add to it."""
        if not verdict.rests or verdict.read is None:
            return verdict
        unearned = self.unearned(verdict.read, sheet)
        return unearned if unearned is not None else self.formed(verdict.read)

    def unearned(self, read: ReadAnswer, sheet: Sheet) -> Verdict | None:
        """The verdict on a true answer that earns nothing, or that a person has to decide on; None for any other."""
        claims = claims_about(self.marker.problem, self.target.name)
        if claims:
            found = shown(read, claims, self.judge)
            if found.undecided:
                return self.made("undetermined", read, (), self.phrase("verdict.claim_undecided"))
            if found.marks:
                return None
            if found.tag == CLAIM:
                return self.made("incorrect", read, (CLAIM,), self.phrase("verdict.claim"), ((CLAIM,),))
        else:
            found = sheet.borrowing(read)
        lhs, names = self.quantity(self.target.name), self.names(found.names)
        if found.undecided:
            return replace(
                self.made("undetermined", read, (), self.phrase("verdict.borrowed", names=names)), rests=True
            )
        if not found.marks:
            own = found.names == (self.target.name,)
            words = self.phrase("verdict.circular", lhs=lhs) if own else ""
            words = words or self.phrase("verdict.circular_through", lhs=lhs, names=names)
            return replace(self.made("equivalent_form", read, (CIRCULAR,), words, ((CIRCULAR,),)), rests=not own)
        left = () if self.criterion.accept == CHAIN else not_worked_out(read, stated(read) | sheet.stated)
        if left:
            made = self.made("equivalent_form", read, (CHAIN,), self.step(read), ((CHAIN,),))
            return replace(made, rests=True)
        return None

    def step(self, read: ReadAnswer) -> str:
        slope = next(e for e in walk(read.expr) if isinstance(e, Partial))
        return self.phrase("verdict.chain", slope=math(slope, self.marker.notation))

    def form_trouble(self, read: ReadAnswer) -> str:
        """Why an answer that is right has not the form that is asked for; empty if it has."""
        form = self.criterion.accept
        if form == "by_name" and (missing := missing_names(read, self.judge.derivation(self.target.name))):
            return self.phrase("verdict.by_name", adjoints=self.listed([self.quantity(name) for name in missing]))
        if form == "simplified" and not is_simplified(read, self.judge.derivations, self.criterion.form):
            return self.phrase("verdict.simplified")
        return ""

    def followed(self, read: ReadAnswer, why: str) -> Verdict:
        """Right, if earlier answers are taken as they stand: worth what it would be without the earlier mistake."""
        if (unearned := self.unearned(read, self.alone)) is not None:
            return replace(unearned, rests=False)
        trouble = self.form_trouble(read)
        words = self.joined(why, trouble)
        return self.made("follow_through", read, (), words, form=not trouble)

    def renamed(self, read: ReadAnswer) -> str:
        """Which letter of an answer stands for that of the member that is asked for, where it is another."""
        whole, rank = self.target.whole, self.marker.problem.families.get(self.target.name)
        usual = self.judge.derivation(self.target.name).indices if rank is not None else ()
        asked = free_indices(whole) if whole is not None else usual[: len(usual) - (rank or 0)]
        pairs = [(own, ix) for own, ix in zip(read.indices, asked, strict=False) if not own.fixed and own != ix]
        if self.hints == "none" or not pairs:
            return ""
        own, letters = (self.listed([f"${ix.letter}$" for ix in side]) for side in zip(*pairs, strict=True))
        return self.phrase("verdict.renamed", own=own, letters=letters)

    def unchecked(self, read: ReadAnswer) -> str:
        return self.phrase("lines.unchecked", text=read.unchecked[0]) if read.unchecked and self.hints != "none" else ""

    # --- wrong ---

    def wrong(self, read: ReadAnswer, broken: Break | None) -> Verdict:
        """What is wrong: with the first line that does not follow, if there are several, else with the answer."""
        about, place = read, ""
        if broken is not None:
            line = broken.line
            key = "lines.aside" if line.aside else "lines.first" if broken.starts else "lines.breaks"
            several = "\n" in self.answer.strip() or max(each.row for each in read.lines) > 1
            kind, number = ("lines.line", line.row) if several else ("lines.step", broken.step)
            place = self.phrase(key, line=self.phrase(kind, number=str(number)), text=line.text)
            if line.aside:
                # It is about no derivative of the loss, so that nothing is told of one.
                return self.made("incorrect", read, (), place if self.hints != "none" else self.plainly(read))
            target = read.target if line.of in (None, read.target.name) else self.marker.target(line.of or "")
            about = replace(read, target=target, expr=line.expr, indices=line.indices, fits=line.fits, others=())
        tags, sentences = self.shape_trouble(about) if not about.fits else ((), "")
        whole = self.everywhere(about)
        if whole is not None and self.judged(whole) is True:
            told = self.plainly(about) if self.hints == "none" else self.joined(place, sentences)
            return self.made("incorrect", read, tags, told, (tags,))
        explained = explain(self.judge, whole or about)
        if not sentences or (explained.tags and (whole is None or len(explained.slips) == 1)):
            tags, sentences = explained.tags or tags, self.told(explained)
        slips = explained.slips or ((tags,) if tags else ())
        if slips and about is not read and self.marker.problem.credit and self.judged(read) is not True:
            # The end may have other errors besides that of the line where it goes wrong.
            slips = explain(self.judge, read).slips if read.fits else ()
        told = self.plainly(about) if self.hints == "none" else self.joined(place, sentences or self.plainly(about))
        made = self.made("incorrect", read, tags, told, slips)
        return replace(made, explained=explained if explained.tags or about.fits else None, place=place)

    def plainly(self, read: ReadAnswer) -> str:
        return self.phrase("verdict.incorrect", lhs=math(read.lhs, self.marker.notation))

    def told(self, explained: Explanation) -> str:
        """As much of an explanation as the level of hints allows."""
        return "" if self.hints == "none" else explained.gentle if self.hints == "gentle" else explained.full

    def shape_trouble(self, read: ReadAnswer) -> tuple[tuple[str, ...], str]:
        """Why a well-formed answer has not the shape of its target."""
        notation = self.marker.notation
        target = read.target
        lhs = math(read.lhs, notation)
        extra = read.indices[len(target.shape) :]
        if not extra and any(map(is_one_place, read.indices)):
            whole = self.everywhere(read)
            key = "shape.one_place_right" if whole is not None and self.judged(whole) is True else "shape.one_place"
            return ("wrong_index",), self.phrase(key, lhs=lhs, whole=math(target.array, notation))
        if read.indices and scalar_if_ones(read.expr.shape):
            if same_layout(read.expr.shape, target.shape):  # A member's share of a sum over all members.
                usual = self.judge.derivations[target.name].indices
                free = [ix for ix in read.indices if not ix.fixed]
                summed = [ix for ix in free if ix not in usual] or free
                letters = self.listed([f"${ix.letter}$" for ix in summed])
                return ("missing_sum", "wrong_index"), self.phrase("shape.free_letter", letters=letters)
            return ("shape",), self.phrase("shape.mixed")
        if read.indices and len(read.indices) == len(target.shape):
            return ("transpose", "wrong_index"), self.phrase("shape.transposed_entries", lhs=lhs)
        if extra:
            letters = self.listed([f"${ix.letter}$" for ix in extra])
            return ("missing_sum", "wrong_index"), self.phrase("shape.free_letter", letters=letters)
        own, expected = (shape_words(shape, notation, self.language) for shape in (read.expr.shape, target.shape))
        if transposed_layout(read.expr.shape, target.shape):
            return ("transpose", "shape"), self.phrase("shape.transposed", own=own, expected=expected)
        return ("shape",), self.phrase("shape.other", own=own, expected=expected, lhs=lhs)

    def everywhere(self, read: ReadAnswer) -> ReadAnswer | None:
        """An answer that is about one position of its first axis only, with the truth at all others; else None."""
        shape, rest = read.target.shape, read.indices[1:]
        if len(read.indices) != len(shape) or any(map(is_one_place, rest)):
            return None
        if not any(map(is_one_place, read.indices)) or read.expr.shape not in ((), tuple(ix.dim for ix in rest)):
            return None
        bound = [ix for node in walk(read.expr) if isinstance(node, IndexReduce) for ix in node.indices]
        letters = (fresh(shape[0], [*rest, *bound]), *rest)
        elsewhere = Entry(Adj(read.target.name, shape), letters)
        return replace(
            read, expr=with_ends(elsewhere, letters, [End(read.indices[0], read.expr)]), indices=letters, fits=True
        )

    def other_quantity(self, read: ReadAnswer) -> Verdict:
        own = math(read.lhs, self.marker.notation)
        lhs = self.quantity(self.target.name)
        words = self.phrase("verdict.other_quantity", own=own, lhs=lhs)
        return self.made("incorrect", read, ("wrong_node",), words, (("wrong_node",),))

    def unreadable(self, read: Unreadable) -> Verdict:
        clash, meant = read.clash, read.meant
        explained = explain_clash(self.judge, clash, read.target, meant) if clash is not None else None
        repaired = explain_meant(self.judge, meant) if clash is None and meant is not None else None
        found = explained or repaired
        tags = tuple(dict.fromkeys((*(found.tags if found is not None else ()), read.tag)))
        told = found is None and read.hint and self.hints == "full"
        key = "verdict.invalid_hint" if told else "verdict.invalid"
        message = self.phrase(key, message=read.message, hint=read.hint or "")
        if explained is not None and self.hints != "none":
            message = self.told(explained) or message
        if repaired is not None:
            message = self.joined(message, self.told(repaired))
        # Only what makes the answer right says what is wrong with it.
        slips = found.slips if found is not None and found.repair is not None else ()
        return replace(self.made("invalid", None, tags, message, slips), explained=found)

    def two_readings(self, read: ReadAnswer, other: ReadAnswer) -> str:
        return self.phrase(
            "verdict.readings", first=f"${read.interpreted_latex}$", second=f"${other.interpreted_latex}$"
        )

    # --- words ---

    def quantity(self, name: str) -> str:
        """The derivative by a quantity, as a formula; what is asked for, by its own name."""
        if name == self.target.name:
            return math(self.target.array, self.marker.notation)
        return math(Adj(name, self.marker.problem.symbols[name].shape), self.marker.notation)

    def names(self, names: tuple[str, ...]) -> str:
        return self.listed([self.quantity(name) for name in names])

    @staticmethod
    def joined(*sentences: str) -> str:
        return " ".join(sentence for sentence in sentences if sentence)
