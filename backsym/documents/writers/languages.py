"""The one table of output languages: what each is called, and what writes a document in it.

A new output language is one serialiser, its template, and one line here.  The serialisers are imported when they are
used, so that a run loads only what it writes.  This module must not know about problems.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backsym.core.registry import Table
from backsym.documents.content.options import Options

if TYPE_CHECKING:
    from backsym.core.problem import Collection
    from backsym.documents.content.blocks import Document
    from backsym.documents.content.solved import Solved

Files = dict[str, str | bytes]
"""Names of files and what they hold; the first one is the document, the others are what it refers to."""

Writer = Callable[["Document", Options, str], Files]
"""Writes a document under the options as ``STEM.FORM`` and the files that it refers to, named after the stem."""

Compiler = Callable[[str, Mapping[str, bytes]], bytes]
"""Makes bytes of the text of a document and of the files that it refers to, by name."""


@dataclass(frozen=True)
class Compiled:
    """A form that another program makes of a text, so that the other forms can be written in the meantime.

    ``source`` is the language of the text, a key of ``LANGUAGES``, under the options.
    """

    source: Callable[[Options], str]
    compiler: Callable[[Options], Compiler]


@dataclass(frozen=True)
class Data:
    """A form that is made of the solutions themselves, not of a document: of one, or of those of a collection."""

    writer: Callable[[Collection | None, Sequence[Solved], Options], str]


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
    """By the engine of the options; a Typst document of ours holds all that it shows."""
    from backsym.documents.writers.pdf import latex_pdf_bytes, pdf_bytes

    if options.engine == "latex":
        return latex_pdf_bytes
    return lambda text, beside: pdf_bytes(text, options.templates)


def _json(collection: Collection | None, solutions: Sequence[Solved], options: Options) -> str:
    from backsym.documents.writers.jsonform import collection_json, json_text, problem_json

    if collection is None:
        return json_text(problem_json(solutions[0], options))
    return json_text(collection_json(collection, solutions, options))


@dataclass(frozen=True)
class OutputForm:
    """A form of output, by the ending of its files, and what makes it."""

    ending: str
    writer: Writer | Compiled | Data


LANGUAGES: Table[OutputForm] = Table(
    OutputForm,
    lambda form: form.ending,
    (
        OutputForm("md", _markdown),
        OutputForm("tex", _tex),
        OutputForm("typ", _typst),
        OutputForm("pdf", Compiled(lambda options: "tex" if options.engine == "latex" else "typ", _pdf)),
        OutputForm("html", _html),
        OutputForm("json", Data(_json)),
    ),
)
"""By the ending of the file; other packages may add to it."""


def templated() -> tuple[str, ...]:
    """Those that are written with a template of their own, ``FORM.jinja``."""
    return tuple(name for name, form in LANGUAGES.items() if not isinstance(form.writer, (Compiled, Data)))


def forms() -> tuple[str, ...]:
    """All forms of output, by the endings of their files."""
    return tuple(LANGUAGES)
