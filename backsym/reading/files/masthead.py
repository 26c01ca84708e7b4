"""What a sheet says of itself: course, author, due date, header, logo and paper, of parts, problems and collections.

This module must not know how any of it is printed, and reads no picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from backsym.core.choices import LOGOS, PAPERS
from backsym.core.problem import Masthead
from backsym.core.words import say
from backsym.reading.files.fields import Report, choice, prose, quoted, text
from backsym.reading.files.yamlfile import Tree


def read_masthead(found: Mapping[str, Tree], report: Report) -> Masthead:
    """Each of the keys where it is given; texts are Markdown of one line."""
    said = {key: prose(found.get(key), report, key) for key in ("course", "author", "date", "due", "header")}
    paper = choice(found.get("paper"), report, "paper", PAPERS, PAPERS[0], lower=True)
    return Masthead(**said, logo=_logo(found.get("logo"), report), paper=paper)


def of_sheet(masthead: Masthead, said: Sequence[tuple[Masthead, Mapping[str, Tree]]], report: Report) -> Masthead:
    """The masthead of a problem with the header, logo and paper that it or a part of it gives.

    ``said`` are the mastheads of the problem and of its parts, each with the keys that are given; a sheet has one of
    each, so that another one is an error.
    """
    sheet: dict[str, str | None] = {}
    for own, found in said:
        for key in (key for key in ("header", "logo", "paper") if key in found):
            value = getattr(own, key)
            if sheet.setdefault(key, value) != value:
                report.add(found[key], say("files.one_sheet", key=key))
    paper = sheet.get("paper") or masthead.paper
    return replace(masthead, header=sheet.get("header"), logo=sheet.get("logo"), paper=paper)


def _logo(tree: Tree | None, report: Report) -> str | None:
    """The path of a picture below the folder of the file that names it: a file from elsewhere shows no other files."""
    name = text(tree, report, "logo", say("files.path_of_picture"), say("files.such_as", example="logo: logo.png"))
    if name is None or tree is None:
        return None
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        report.add(tree, say("files.logo_elsewhere", name=quoted(name)))
        return None
    if path.suffix.lower() not in LOGOS:
        report.add(tree, say("files.logo_ending", name=quoted(name), endings=list(LOGOS)))
        return None
    return str(path)
