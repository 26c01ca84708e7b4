"""The files of one problem or collection in an output language (``languages``), or as JSON.

This module must not know any output language.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from backsym.documents.document import collection_document, document_of
from backsym.documents.jsonform import collection_json, json_text, problem_json
from backsym.documents.languages import LANGUAGES, Compiled, Files, forms
from backsym.documents.options import FULL, Options
from backsym.documents.solved import Solved
from backsym.errors import BacksymError, near_name
from backsym.problem import Collection


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
            near = near_name(form, forms())
            hint = f"; did you mean {near}?" if near else f"; expected one of {', '.join(forms())}"
            raise BacksymError(f"no output is known in the form {form}{hint}")
    document = None
    if any(form in LANGUAGES for form in wanted):
        if source is None:
            document = document_of(solutions[0], options)
        else:
            document = collection_document(source, solutions, options)

    ready: dict[str, Files] = {}

    def written(form: str, under: Options = options) -> Files:
        writer = LANGUAGES.get(form)
        if document is not None and callable(writer):
            return writer(document, under, stem)
        data = problem_json(solutions[0]) if source is None else collection_json(source, solutions)
        return {f"{stem}.json": json_text(data)}

    def text_of(form: str) -> str:
        """A whole document, for a program that makes something else of it; kept if its file is wanted too."""
        parts = written(form, replace(options, fragment=False))
        if not options.fragment:
            ready[form] = parts
        return str(parts[f"{stem}.{form}"])

    with ThreadPoolExecutor(1) as aside:
        compiled = {form: writer for form in wanted if isinstance(writer := LANGUAGES.get(form), Compiled)}
        waiting = {
            form: aside.submit(writer.compiler(options), text_of(writer.source(options)))
            for form, writer in compiled.items()
        }
        ready |= {form: written(form) for form in wanted if form not in compiled and form not in ready}
        ready |= {form: {f"{stem}.{form}": done.result()} for form, done in waiting.items()}
    return {name: text for form in wanted for name, text in ready[form].items()}


def rendered(source: Collection | None, solutions: Sequence[Solved], form: str, options: Options = FULL) -> str:
    """The text of the document alone; see :func:`files`.  Raises BacksymError for a form that is no text."""
    text = next(iter(files(source, solutions, form, options).values()))
    if isinstance(text, bytes):
        raise BacksymError(f"an output in the form {form} is no text")
    return text
