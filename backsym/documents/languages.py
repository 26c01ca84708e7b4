"""The one table of output languages: what each is called, and what writes a document in it.

A new output language is one serialiser, its template, and one line here.  The serialisers are imported when they are
used, so that a run loads only what it writes.  This module must not know about problems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from backsym.documents.options import Options

if TYPE_CHECKING:
    from backsym.documents.blocks import Document

Files = dict[str, str | bytes]
"""Names of files and what they hold; the first one is the document, the others are what it refers to."""

Writer = Callable[["Document", Options, str], Files]
"""Writes a document under the options as ``STEM.FORM`` and the files that it refers to, named after the stem."""


def _markdown(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.markdown import markdown

    return dict(markdown(document, options, stem))


def _tex(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.tex import tex

    return dict(tex(document, options, stem))


def _typst(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.typst import typst

    return dict(typst(document, options, stem))


def _pdf(document: Document, options: Options, stem: str) -> Files:
    """By the engine of the options; a fragment is no document, so it is left out here."""
    from backsym.documents.pdf import latex_pdf_bytes, pdf_bytes

    whole = replace(options, fragment=False)
    if options.engine == "latex":
        return {f"{stem}.pdf": latex_pdf_bytes(str(_tex(document, whole, stem)[f"{stem}.tex"]))}
    return {f"{stem}.pdf": pdf_bytes(str(_typst(document, whole, stem)[f"{stem}.typ"]), options.templates)}


def _html(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.html import html

    return dict(html(document, options, stem))


LANGUAGES: dict[str, Writer] = {"md": _markdown, "tex": _tex, "typ": _typst, "pdf": _pdf, "html": _html}
"""By the ending of the file."""

BY_ANOTHER_PROGRAM = frozenset(["pdf"])
"""What is mostly made outside Python, so that the other forms can be written in the meantime."""


def forms() -> tuple[str, ...]:
    """All forms of output, by the endings of their files; JSON has no document, so it is not in the table."""
    return (*LANGUAGES, "json")
