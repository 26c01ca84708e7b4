"""The files of one problem or collection in an output language (``languages``), or as JSON.

This module must not know any output language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from backsym.core.errors import BacksymError, did_you_mean
from backsym.core.problem import Collection
from backsym.core.words import say
from backsym.documents.content.blocks import Document
from backsym.documents.content.document import collection_document, document_of
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.solved import Solved
from backsym.documents.writers.languages import LANGUAGES, Compiled, Data, Files, forms


def files(
    source: Collection | None, solutions: Sequence[Solved], form: str, options: Options = FULL, stem: str = "solution"
) -> Files:
    """The output in one form, ``STEM.FORM``, and the files that it refers to; see :func:`all_files`."""
    return all_files(source, solutions, (form,), options, stem)


def all_files(
    source: Collection | None,
    solutions: Sequence[Solved],
    wanted: Sequence[str],
    options: Options = FULL,
    stem: str = "solution",
) -> Files:
    """The outputs in several forms, of one document that is put together once.

    ``solutions`` is the one solution of a problem (``source`` None), or those of all problems of a collection.
    Raises BacksymError for a form that is not known, and for what its language cannot show.
    """
    for form in wanted:
        if form not in forms():
            advice = did_you_mean(form, forms()) or say("documents.forms", forms=forms())
            raise BacksymError(say("documents.no_form", form=form), advice)

    @cache
    def document() -> Document:
        if source is None:
            return document_of(solutions[0], options)
        return collection_document(source, solutions, options)

    @cache
    def written(form: str, *, fragment: bool) -> Files:
        writer = LANGUAGES[form].writer
        if isinstance(writer, Compiled):
            # Made of a whole document, which is written once if its file is wanted too.
            whole = writer.source(options)
            source_files = written(whole, fragment=False)
            beside = {name: data for name, data in source_files.items() if isinstance(data, bytes)}
            return {f"{stem}.{form}": writer.compiler(options)(str(source_files[f"{stem}.{whole}"]), beside)}
        if isinstance(writer, Data):
            return {f"{stem}.{form}": writer.writer(source, solutions, options)}
        return writer(document(), replace(options, fragment=fragment), stem)

    return {name: text for form in wanted for name, text in written(form, fragment=options.fragment).items()}


def rendered(source: Collection | None, solutions: Sequence[Solved], form: str, options: Options = FULL) -> str:
    """The text of the document alone; see :func:`files`.  Raises BacksymError for a form that is no text."""
    text = next(iter(files(source, solutions, form, options).values()))
    if isinstance(text, bytes):
        raise BacksymError(say("documents.no_text", form=form))
    return text
