"""The letters that the words of a note give to sizes: "$M$ hidden units", "$N$ examples", "$K$ classes".

Knows words and the places of formulas; what the sizes are of is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from backsym.core.source import Source
from backsym.reading.latex.declarations import Declarations, shape_in_formula
from backsym.reading.notes.words import Place
from backsym.text.phrases import Phrases, words_of

KINDS = {
    "classes": Phrases("classes", "categories", "labels", "way", "class", "klassen", "kategorien"),
    "outputs": Phrases(
        "outputs", "output units", "output neurons", "output nodes", "ausg\u00e4nge", "ausgabeneuronen"
    ),
    "inputs": Phrases(
        "features", "inputs", "input units", "input neurons", "input nodes", "input features", "merkmale",
        "eing\u00e4nge", "eingabeneuronen", "eingabemerkmale",
    ),
    "examples": Phrases(
        "examples", "samples", "data points", "datapoints", "observations", "instances", "training examples",
        "training samples", "training points", "training pairs", "beispiele", "beispielen", "datenpunkte",
        "datenpunkten", "trainingsbeispiele", "trainingsbeispielen",
    ),
    "hidden": Phrases(
        "hidden units", "hidden neurons", "hidden nodes", "units", "neurons", "verborgene neuronen",
        "versteckte neuronen", "verborgenen neuronen", "versteckten neuronen",
    ),
}  # fmt: skip
"""What the sizes are of, in the order in which they are given."""
_FARTHEST = 40


def said_sizes(source: Source, places: Iterable[Place]) -> dict[str, tuple[str, int]]:
    """The letters by what they count, each with its place; the first one of a kind."""
    found: dict[str, tuple[str, int]] = {}
    for place in places:
        words = words_of(source.text, place.end, place.end + _FARTHEST) if place.end - place.start < 20 else []
        if not words or source.text[place.end : words[0].start].strip("$\\)~- \n"):
            continue
        texts = [word.text for word in words]
        kind = next((kind for kind, phrases in KINDS.items() if phrases.length_at(texts, 0)), None)
        shape = shape_in_formula(source, place.start, place.end, Declarations()) if kind else None
        if kind and shape is not None and len(shape) == 1 and len(shape[0]) == 1 and shape[0].isalpha():
            found.setdefault(kind, (shape[0], place.start))
    return found
