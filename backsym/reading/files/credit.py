"""Partial credit in problem files and collections: by kind of error, and for what follows from an earlier one.

Knows the keys and their values; must not know how an error is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from backsym.core.choices import TAGS, UNREAD
from backsym.core.problem import Collection, Problem, Section
from backsym.core.words import say
from backsym.reading.files.fields import Report, portion, quoted, table
from backsym.reading.files.yamlfile import Tree
from backsym.reading.meaning.scope import suggest

KINDS = tuple(tag for tag in TAGS if tag not in UNREAD)
"""The kinds of errors that an answer may keep marks with."""


def read_credit(tree: Tree | None, report: Report) -> Mapping[str, Fraction] | None:
    """The share of the marks by kind of error; None if the field is absent."""
    if tree is None:
        return None
    found: dict[str, Fraction] = {}
    for key, value in table(tree, report, "credit", "sign: 1/2"):
        tag = key.text.strip()
        if tag in UNREAD:
            report.add(key, say("files.unread_tag", tag=tag))
            continue
        if tag not in KINDS:
            hint = suggest(tag, KINDS) or say("files.kinds_of_errors", kinds=list(KINDS))
            report.add(key, say("files.no_kind_of_error", name=quoted(key.text)), hint)
        share = portion(value, report, f"credit of {quoted(tag)}")
        if share is None and not report.diagnostics:
            report.add(value, say("files.credit_missing", tag=tag))
        if share is not None:
            found[tag] = share
    return found


def read_follow_through(tree: Tree | None, report: Report) -> Fraction | None:
    """The share that an answer is worth which follows from an earlier wrong one; None if the field is absent."""
    return portion(tree, report, "follow_through")


def with_defaults(collection: Collection) -> Collection:
    """The collection in which each problem that says nothing of partial credit has what the collection says."""

    def filled(problem: Problem) -> Problem:
        credit = collection.credit if problem.credit is None else problem.credit
        follow = collection.follow_through if problem.follow_through is None else problem.follow_through
        return replace(problem, credit=credit, follow_through=follow)

    def section(given: Section) -> Section:
        return replace(given, problems=tuple(map(filled, given.problems)))

    return replace(collection, sections=tuple(map(section, collection.sections)))
