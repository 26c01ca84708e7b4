"""The share of the marks that a verdict is worth: the house's, or what the problem says of follow-through and errors.

Partial credit goes by the slips that were found.  A slip has one tag, and further ones that describe it: the first of
them that the problem names says the share; a slip that it does not name keeps nothing.  Several slips of one answer
each take their share of what the others leave.

Knows problems and tags; must not know how a slip is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from backsym.core.problem import Problem

SHARES: Mapping[str, Fraction] = {
    "correct": Fraction(1),
    "follow_through": Fraction(1),
    "equivalent_form": Fraction(1, 2),
}
"""The share of the marks that a verdict without an error is worth; any other is worth nothing."""

Slips = Sequence[Sequence[str]]
"""The tags of each slip of an answer; of each, its own tag first."""


def share_of(problem: Problem, verdict: str, slips: Slips = (), *, form: bool = True) -> Fraction:
    """The share of the marks for a verdict with these slips; ``form`` tells whether it has the form asked for."""
    if slips:
        return kept(problem.credit or {}, slips)
    share = SHARES.get(verdict, Fraction(0))
    if verdict == "follow_through" and problem.follow_through is not None:
        share = problem.follow_through
    return share if form else share * SHARES["equivalent_form"]


def kept(credit: Mapping[str, Fraction], slips: Slips) -> Fraction:
    """What an answer with these slips keeps of its marks."""
    share = Fraction(1)
    for tags in slips:
        share *= next((credit[tag] for tag in tags if tag in credit), Fraction(0))
    return share
