"""The one table of output languages: what each is called, and what writes a document in it.

A new output language is one serialiser, its template, and one line here.  The serialisers are imported when they are
used, so that a run loads only what it writes.  This module must not know about problems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from backsym.documents.content.options import Options

if TYPE_CHECKING:
    from backsym.documents.content.blocks import Document

Files = dict[str, str | bytes]
"""Names of files and what they hold; the first one is the document, the others are what it refers to."""

Writer = Callable[["Document", Options, str], Files]
"""Writes a document under the options as ``STEM.FORM`` and the files that it refers to, named after the stem."""

Compiler = Callable[[str], bytes]
"""Makes bytes of the text of a document."""


@dataclass(frozen=True)
class Compiled:
    """A form that another program makes of a text, so that the other forms can be written in the meantime.

    ``source`` is the language of the text, a key of ``LANGUAGES``, under the options.
    """

    source: Callable[[Options], str]
    compiler: Callable[[Options], Compiler]


def _markdown(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.writers.markdown import markdown

    return dict(markdown(document, options, stem))


def _tex(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.writers.tex import tex

    return dict(tex(document, options, stem))


def _typst(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.writers.typst import typst

    return dict(typst(document, options, stem))


def _html(document: Document, options: Options, stem: str) -> Files:
    from backsym.documents.writers.html import html

    return dict(html(document, options, stem))


def _pdf(options: Options) -> Compiler:
    """By the engine of the options."""
    from backsym.documents.writers.pdf import latex_pdf_bytes, pdf_bytes

    return latex_pdf_bytes if options.engine == "latex" else partial(pdf_bytes, root=options.templates)


LANGUAGES: dict[str, Writer | Compiled] = {
    "md": _markdown,
    "tex": _tex,
    "typ": _typst,
    "pdf": Compiled(lambda options: "tex" if options.engine == "latex" else "typ", _pdf),
    "html": _html,
}
"""By the ending of the file."""


def forms() -> tuple[str, ...]:
    """All forms of output, by the endings of their files; JSON has no document, so it is not in the table."""
    return (*LANGUAGES, "json")
