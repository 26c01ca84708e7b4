"""Answers that are sums: their terms are matched with those of the true derivative, and the rest repaired one by one.

Slips in several terms, such as all time steps shifted by one, are no single change of the answer, but a single change
of each term.  Terms that agree in value are set aside; each of those left is repaired by itself, towards a term of the
truth that is left; what then remains is missing or too many.

This module must not know how a repair is worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backsym.core.expr import Add, Expr, Ix
from backsym.marking.explaining.rules import FIRST_BULKS, FIRST_RULES, SECOND_BULKS, SECOND_RULES
from backsym.marking.explaining.screening import CLOSE
from backsym.marking.explaining.search import Block, Repair, Search
from backsym.marking.explaining.summands import MAX_TERMS, summands
from backsym.marking.explaining.whole_answers import by_entries
from backsym.marking.judging.subject import Subject, free
from backsym.numeric.axes import Array

MAX_REPAIRED = 4
"""Terms of one answer that are repaired."""

MOST_KINDS = 2
"""Kinds of slips, terms that are missing or too many among them; more would be another answer."""


def term_by_term(search: Search) -> Iterator[Repair]:
    """Every term of the answer as a term of the truth, with one repair each; some missing, or too many."""
    whole = search.places[-1].expr
    found: list[Repair] = []
    for multiplied in (False, True):
        own = summands(whole, multiplied=multiplied)
        if len(own) > MAX_TERMS or (multiplied and len(own) == len(summands(whole, multiplied=False))):
            continue
        terms = [_Term(search, e) for e in own]
        # What is missing is written as the answer is, entry by entry or as a whole.
        entries = bool(free(search.letters))
        for letters, known in sorted(search.subject.once(known_terms), key=lambda form: bool(form[0]) != entries):
            found += _matched(search, terms, known, letters)
        if found:
            break
    yield from sorted(found, key=lambda repair: repair.size)[:4]


Summands = tuple[tuple[Ix, ...], list[tuple[Array, Expr]]]
"""The terms of one way to write the true derivative: the letters of its axes, and the terms with their values."""


def known_terms(subject: Subject) -> list[Summands]:
    """The terms of the true derivative, in each of the ways to write it."""
    found: dict[tuple[Expr, ...], Summands] = {}
    for e, letters in subject.offers.forms:
        for multiplied in (False, True):
            terms = tuple(summands(e, multiplied=multiplied))
            if len(terms) > MAX_TERMS or terms in found:
                continue
            rows = [(subject.screen(term, letters).whole(), term) for term in terms]
            valued = [(row, term) for row, term in rows if row is not None]
            if len(valued) == len(rows):
                found[terms] = letters, valued
    return list(found.values())


class _Term:
    """One term of the answer, with the values of everything that one repair makes of it."""

    def __init__(self, search: Search, e: Expr):
        self.expr = e
        self.shared = e == search.places[-1].expr
        """Whether it is all of the answer, which has been searched already."""
        self.search = search if self.shared else Search(search.subject, e, search.letters)
        self.blocks: Sequence[Block] = ()
        self.row = self.search.base
        self._ran = 0
        self._rows: Array = np.zeros((0, len(search.truth.flat)))
        """The values of all that was tried, those of each block after those of the one before."""
        self._hits: dict[tuple[bytes, int], list[int]] = {}

    def towards(self, rows: Sequence[Array], *, second: bool) -> tuple[int, Repair] | None:
        """The smallest repair that makes it one of several terms of the truth, with the number of that term."""
        if not self._ran:
            self._run()
        if second and self._ran == 1:
            self._run()
        starts = np.cumsum([0, *(len(block.rows) for block in self.blocks)])
        found: list[tuple[int, int, int]] = []
        for number, row in enumerate(rows):
            # A term that happens to be zero at this point, [T = 1] u, is what anything becomes that is taken away.
            for at in self._right(row) if row.any() else ():
                block = int(np.searchsorted(starts, at, side="right")) - 1
                found.append((block, number, at - int(starts[block])))
        drafts = [(number, self.blocks[block].draft(n)) for block, number, n in sorted(found)]
        if not drafts:
            return None
        number, draft = min(drafts, key=lambda pair: (pair[1].cost, pair[0]))
        return number, self.search.repair(draft)

    def _run(self) -> None:
        if not self.shared:
            rules, bulks = (SECOND_RULES, SECOND_BULKS) if self._ran else (FIRST_RULES, FIRST_BULKS)
            self.search.run(rules, bulks)
        blocks = self.search.blocks
        self.blocks = blocks[: self.search.first] if self.shared and not self._ran else blocks
        self._ran += 1
        self._rows = np.concatenate([self._rows[:0], *(block.rows for block in self.blocks)])

    def _right(self, row: Array) -> list[int]:
        """Which of the values are those of a term of the truth; the truth has the same terms in several forms."""
        key = row.tobytes(), self._ran
        if key not in self._hits:
            gaps = np.maximum.reduce(np.abs(self._rows - row), axis=1, initial=0.0)
            self._hits[key] = np.flatnonzero(gaps <= CLOSE * np.abs(row).max(initial=0.0)).tolist()
        return self._hits[key]


@dataclass(frozen=True)
class _Change:
    """One term of the answer, repaired."""

    at: int
    repair: Repair


def _matched(
    search: Search, terms: Sequence[_Term], known: Sequence[tuple[Array, Expr]], letters: tuple[Ix, ...]
) -> Iterator[Repair]:
    """The answer as the sum of these terms of the truth."""
    close = CLOSE * search.truth.size
    left = list(range(len(known)))
    wrong: list[int] = []
    for at, term in enumerate(terms):
        same = (n for n in left if term.row is not None and np.abs(term.row - known[n][0]).max() <= close)
        number = next(same, None)
        if number is None:
            wrong.append(at)
        else:
            left.remove(number)
    if (left and len(wrong) > MAX_REPAIRED) or len(terms) + len(known) < 3:
        return
    # Terms are too many or missing, never both: a term that cannot be repaired has to be one that is too many.
    spare, lacking = len(wrong) - len(left), len(left) - len(wrong)
    if spare == len(terms) or lacking > len(terms) + 1:
        return
    changes: list[_Change] = []
    for at in wrong:
        if not left:
            break
        rows = [known[n][0] for n in left]
        best = terms[at].towards(rows, second=False) or terms[at].towards(rows, second=True)
        if best is None:
            spare -= 1
            if spare < 0:
                return
            continue
        number, repair = best
        changes.append(_Change(at, repair))
        del left[number]
        if len({change.repair.kind for change in changes}) + (lacking != 0) > MOST_KINDS:
            return
    extra = [at for at in wrong if at not in {change.at for change in changes}]
    missing = [known[n][1] for n in left]
    whole = _together(search, terms, changes, extra, missing, letters)
    if whole is not None:
        yield whole


def _together(
    search: Search, terms: Sequence[_Term], changes: Sequence[_Change], extra: Sequence[int], missing: Sequence[Expr],
    letters: tuple[Ix, ...],
) -> Repair | None:  # fmt: skip
    """One repair of the whole answer; None where it would be rewritten rather than repaired."""
    kinds = list(dict.fromkeys(change.repair.kind for change in changes))
    slips = len(kinds) + bool(extra) + bool(missing)
    kept = len(terms) - len(extra)
    if not 0 < slips <= MOST_KINDS or not kept or (extra and missing) or (missing and len(missing) > kept + 1):
        return None
    new: list[Expr] = [term.expr for term in terms]
    for change in changes:
        new[change.at] = change.repair.expr
    whole = _sum([e for at, e in enumerate(new) if at not in extra])
    indices = search.letters
    if missing:
        if bool(letters) != bool(free(search.letters)):
            whole, indices = by_entries(search, whole), search.subject.offers.letters
            if not letters:
                return None
        whole = Add((whole, *missing))
    place = search.places[-1].expr
    found: list[Repair] = []
    for kind in kinds:
        same = [change.repair for change in changes if change.repair.kind == kind]
        found.append(replace(same[0], likewise=len(same) > 1, whole=False))
    if extra:
        kind = "extra_term" if len(extra) == 1 else "extra_terms"
        facts = {"quantity": _sum([terms[at].expr for at in extra])}
        found.append(Repair("extra_factor", kind, 1.6, whole, indices, place, whole, whole=True, facts=facts))
    if missing:
        facts = {"quantity": _sum(missing)}
        found.append(Repair("missing_path", "lacks_term", 1.4, whole, indices, place, whole, whole=True, facts=facts))
    size = sum(repair.size for repair in found) + 0.3 * (len(found) - 1) + 0.2 * (len(changes) - 1)
    second = replace(found[1], expr=whole, indices=indices) if len(found) > 1 else None
    return replace(found[0], size=size, expr=whole, indices=indices, second=second)


def _sum(terms: Sequence[Expr]) -> Expr:
    return terms[0] if len(terms) == 1 else Add(tuple(terms))
