"""One file from one problem or collection: picks the output language.

A new output language is one serialiser, its template, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backsym.documents.blocks import Document
from backsym.documents.document import collection_document, document_of
from backsym.documents.jsonform import collection_json, json_text, problem_json
from backsym.documents.markdown import markdown
from backsym.documents.options import FULL, Options
from backsym.documents.solved import Solved
from backsym.documents.tex import tex
from backsym.errors import BacksymError
from backsym.problem import Collection

_DOCUMENTS: dict[str, Callable[[Document, Options], str]] = {"md": markdown, "tex": tex}


def rendered(
    source: Collection | None, solutions: Sequence[Solved], form: str, options: Options = FULL
) -> str:
    """The text of one output file in the form md, tex or json.

    ``solutions`` is the one solution of a problem (``source`` None), or those of all problems of a collection.
    """
    if form == "json":
        return json_text(problem_json(solutions[0]) if source is None else collection_json(source, solutions))
    if form not in _DOCUMENTS:
        raise BacksymError(f"no output is known in the form {form}")
    if source is None:
        document = document_of(solutions[0], options)
    else:
        document = collection_document(source, solutions, options)
    return _DOCUMENTS[form](document, options)
