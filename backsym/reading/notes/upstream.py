r"""A note about a layer alone: "given $\frac{\partial L}{\partial y}$" names a loss that no equation defines.

The loss is then an abstract one of what is computed last.  A note that speaks of a loss otherwise has one that was not
read.

Knows texts and the grammar of formulas; knows no problem files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.reading.latex.equations import FormulaReader
from backsym.reading.latex.names import Vocabulary
from backsym.reading.notes.equations import LOSS_NAMES
from backsym.reading.syntax import Node, walk
from backsym.text.phrases import Phrases, words_of

SIGNS = ("partial", "nabla", "d")
"""One of these stands in every derivative."""
NEAR = 120
"""How many characters before a derivative are looked at for the words that give it."""

_GIVEN = Phrases(
    "given", "gives", "suppose", "assume", "assuming", "know", "known", "receive", "receives", "upstream",
    "in terms of", "as a function of", "gegeben", "bekannt", "angenommen", "ausgedr\u00fcckt durch",
)  # fmt: skip
"""Words by which a derivative is not asked for but at hand."""
_BE = frozenset("is are be to already as ist sind sei seien als".split())
_ANY = frozenset("any some arbitrary unspecified beliebige beliebiger beliebigen beliebig irgendein".split())
_SCALAR = ("scalar", "skalar", "differentiable", "differenzierbar", "downstream")
_LOSS = Phrases(
    "loss", "losses", "cost", "costs", "objective", "error function", "cross-entropy", "cross entropy", "likelihood",
    "verlust", "verlustfunktion", "kosten", "kostenfunktion", "zielfunktion", "fehler", "fehlerfunktion",
)  # fmt: skip
LEARNING = Phrases(
    "error", "errors", "objectives", "penalty", "risk", "minimize", "minimise", "minimizes", "minimises", "minimizing",
    "maximize", "maximise", "fit", "minimieren", "minimiert", "maximieren",
)  # fmt: skip
"""Words of a note that has a loss somewhere, if it does not call it so."""
JACOBIAN = Phrases(
    "jacobian", "jacobians", "jacobian matrix", "jacobian matrices", "local jacobian", "local jacobians",
    "jacobi-matrix", "jacobimatrix", "jacobi matrix", "jacobi-matrizen", "jacobimatrizen", "funktionalmatrix",
)  # fmt: skip
"""Words for the derivative of a vector."""
DERIVED = Phrases(
    "jacobian", "jacobians", "jacobimatrix", "jacobi-matrix", "jacobi matrix", "jacobi-matrizen", "funktionalmatrix",
    "derivative", "derivatives", "differentiate", "ableitung", "ableitungen",
)  # fmt: skip
"""Words of a note that asks for derivatives."""
_MOST_WORDS = 2
_CLOSE = 40
"""Before a letter, characters that may hold such words."""

_OF_TWO = Phrases("of", "between", "from", "von", "zwischen")
_IS = Phrases("is", "function is", "will be", "ist", "sei", "function will be")


@dataclass(frozen=True)
class Slope:
    """The derivative of ``above`` by ``below`` that a formula of the note names."""

    above: str
    below: str
    source: Source
    at: int
    """Where the formula begins."""
    end: int
    """And where it ends."""


def slopes(
    source: Source, words: Vocabulary, places: Iterable[tuple[int, int]], others: Iterable[str] = ()
) -> list[Slope]:
    """The derivatives that the formulas name, in the order of the note; gradients of a loss or of ``others``, too."""
    kept = [(start, end) for start, end in places if any(sign in source.text[start:end] for sign in SIGNS)]
    whole = [Slope(*names, source, *at) for t, at in _trees(source, words, kept) if (names := _names(t)) is not None]
    tops = dict.fromkeys(slope.above for slope in whole)
    for loss in dict.fromkeys((*tops, *LOSS_NAMES, *others)):
        trees = _trees(source, replace(words, loss=loss), kept)
        grads = [
            Slope(loss, t.children[0].value, source, *at) for t, at in trees if t.kind == "call" and t.value == "grad"
        ]
        if grads:
            return sorted([*whole, *grads], key=lambda slope: slope.at)
    return whole


def _trees(
    source: Source, words: Vocabulary, places: Sequence[tuple[int, int]]
) -> Iterable[tuple[Node, tuple[int, int]]]:
    for start, end in places:
        try:
            reader = FormulaReader(source, words, start, end)
            lefts = list(reader.readable_lefts())
        except InputError:
            continue
        yield from ((t, (start, end)) for _, left in lefts for t in walk(left))


def _names(tree: Node) -> tuple[str, str] | None:
    """Above and below the bar of a quotient of differentials."""
    if tree.kind != "partial":
        return None
    above, below = (side.children[0] if side.kind == "entry" else side for side in tree.children)
    return (above.value, below.value) if above.kind == below.kind == "name" else None


def undefined_loss(found: Sequence[Slope], known: Iterable[str]) -> str | None:
    """The one name that derivatives are of and that nothing else of the note mentions."""
    names = {slope.above for slope in found} - set(known)
    return next(iter(names)) if len(names) == 1 else None


def is_given(found: Iterable[Slope], loss: str, last: str) -> bool:
    """Whether the note says that the derivative of the loss by what is computed last is at hand."""
    return any(
        words_of(slope.source.text, max(0, slope.at - NEAR), slope.at) in _GIVEN
        or _is_called_given(slope.source.text, slope.end)
        for slope in found
        if (slope.above, slope.below) == (loss, last)
    )


def is_any(text: str, start: int) -> bool:
    """Whether the word for the loss that begins here is said of no certain one, "some scalar loss"."""
    before = [w.text for w in words_of(text, max(0, start - _CLOSE), start) if not w.text.startswith(_SCALAR)]
    return before[-1:] != [] and before[-1] in _ANY


def _is_called_given(text: str, start: int) -> bool:
    """Whether what ends here "is given"."""
    end = next((n for n in range(start, min(len(text), start + _CLOSE)) if text[n] in ".;\n"), start + _CLOSE)
    behind = [w.text for w in words_of(text, start, end) if w.text not in _BE]
    return _GIVEN.length_at(behind, 0) > 0


def worded_loss(text: str, formulas: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Where a sentence without an equation says what the loss is, "The loss is the cross-entropy of $p$ and $y$."."""
    position = 0
    for start, end in (*formulas, (len(text), len(text))):
        at = position
        pieces = text[position:start].split(".")
        for n, piece in enumerate(pieces):
            words = words_of(text, at, at + len(piece))
            found = _LOSS.first(words)
            whole = (n or not position or text[words[0].start].isupper()) if words else False
            shown = words[-1:] in _OF_TWO and "=" not in text[start:end]
            ends = n + 1 < len(pieces) or start == len(text) or shown
            if found is not None and whole and ends and _IS.length_at([w.text for w in words], found[1]):
                return words[found[0]].start, words[found[1] - 1].end
            at += len(piece) + 1
        position = end
    return None


def names_jacobian(text: str, start: int) -> bool:
    """Whether a formula stands right behind the word, "the Jacobian $J$ of $f$"."""
    before = words_of(text, max(0, start - _CLOSE), start)[-_MOST_WORDS:]
    found = JACOBIAN.first(before)
    return found is not None and found[1] == len(before)


def mentioned_loss(text: str, formulas: Sequence[tuple[int, int]], said: Phrases = _LOSS) -> tuple[int, int] | None:
    """Where the words of a note speak of a loss, or are others that are ``said``."""
    position = 0
    for start, end in (*formulas, (len(text), len(text))):
        words = words_of(text, position, start)
        found = said.first(words)
        if found is not None:
            return words[found[0]].start, words[found[1] - 1].end
        position = end
    return None
