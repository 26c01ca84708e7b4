r"""Features of data, ``\boldsymbol\phi(\mathbf{x}_n)`` and ``\phi_j(\mathbf{x})``: given, since nothing else has x.

A letter that no equation defines, that never stands but before one letter of data, and a letter of data that stands
nowhere else: what is computed depends on the values alone, and they are given, ``\boldsymbol\phi_n`` and ``\phi_j``.
Without an index letter, ``\phi(z)``, it is a function that is not known, and stays one, unless ``\phi(x_i)`` is
declared.  What goes is replaced by blanks, so that all places stay those of the note.

Knows how formulas are written, by their tokens; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Document, Edit, rewritten
from backsym.reading.latex.equations import FormulaReader, first_look
from backsym.reading.latex.lexer import FONTS, Token, script_end

_LETTERS = ("letter", "greek")
_DERIVATIVES = ("partial", "nabla")


@dataclass(frozen=True)
class Feature:
    """A letter before one letter of data: both, the indices of each as they are written, and what is taken away."""

    letter: str
    data: str
    own: str
    example: str
    below: tuple[int, int]
    """The place of the letter's own subscript, or where one would be."""
    span: tuple[int, int]


def with_given_features(
    document: Document, places: Iterable[tuple[int, int, bool]]
) -> tuple[Document, list[tuple[int, Said]]]:
    """The note with the values of features in place of functions, and what is said of it; ``places`` are formulas."""
    source = document.source
    readers = [(reader, shown) for a, b, shown in places if (reader := first_look(source, a, b)) is not None]
    stating = [reader.tokens for reader, shown in readers if shown or any(t.text == "=" for t in reader.tokens)]
    asking = [reader.tokens for reader, _ in readers if any(t.text in _DERIVATIVES for t in reader.tokens)]
    told = [
        reader.tokens
        for reader, _ in readers
        if "in" in (signs := {t.text for t in reader.tokens}) and "=" not in signs
    ]
    declared = [feature for tokens in told for feature in _features(source.text, tokens, {t.text for t in tokens})]
    vectors = {feature.letter for feature in declared if feature.example}
    lefts = {letter for reader, _ in readers if reader.tokens not in told for letter in _lefts(reader)}
    found = [feature for tokens in stating for feature in _features(source.text, tokens, vectors)]
    letters = [token.text for tokens in stating for token in tokens if token.kind in _LETTERS]
    asked = {token.text for tokens in asking for token in tokens}
    summed = frozenset[str]().union(*(reader.summed_letters() for reader, _ in readers))
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for letter in dict.fromkeys(feature.letter for feature in found):
        mine = [feature for feature in found if feature.letter == letter]
        data = {feature.data for feature in mine}
        alone = letters.count(letter) == len(mine) and all(letters.count(x) == len(mine) for x in data)
        indices = {index for feature in mine for index in (feature.example, feature.own) if index}
        if len(data) != 1 or not alone or {letter, *data} & lefts or data & asked or not indices or indices - summed:
            continue
        for feature in (*mine, *(other for other in declared if other.letter == letter and {other.data} == data)):
            inner = ",".join(filter(None, (feature.example, feature.own)))
            script = f"_{{{inner}}}" if inner else ""
            longer = len(script) - (feature.below[1] - feature.below[0])
            edits.append(Edit(*feature.below, script))
            edits.append(Edit(*feature.span, " " * (feature.span[1] - feature.span[0] - longer)))
        what.append((mine[0].below[0], say("notes.remark.feature_given", letter=letter, data=mine[0].data)))
    return rewritten(document, sorted(edits)), what


def _lefts(reader: FormulaReader) -> Iterator[str]:
    """The letters at left sides."""
    for position in reader.left_positions():
        if reader.equation_at(position):
            yield next((t.text for t in reader.tokens[position:] if t.kind in _LETTERS), "")


def _features(text: str, tokens: Sequence[Token], vectors: Collection[str]) -> Iterator[Feature]:
    """The features in a formula: of bold letters, of letters with an index of their own, and of these ``vectors``."""
    for n, token in enumerate(tokens):
        if token.kind not in _LETTERS:
            continue
        bold = n > 0 and (tokens[n - 1].text in FONTS or (n > 1 and tokens[n - 1].text == "{" and _font(tokens, n - 2)))
        after = n + 1 + (n > 0 and tokens[n - 1].text == "{" and tokens[n + 1].text == "}")
        own, place = "", (tokens[after - 1].end,) * 2
        if tokens[after].text == "_":
            end = script_end(tokens, after)
            own, place = _inside(text, tokens, after, end), (tokens[after].start, tokens[end - 1].end)
            after = end
        if tokens[after].text == "^":
            after = script_end(tokens, after)
        data = _data(text, tokens, after)
        if data is not None and (bold or own or token.text in vectors) and not own.isdecimal():
            letter, example, close = data
            yield Feature(token.text, letter, own, example, place, (tokens[after].start, tokens[close].end))


def _font(tokens: Sequence[Token], n: int) -> bool:
    return tokens[n].text in FONTS and tokens[n].kind == "macro"


def _data(text: str, tokens: Sequence[Token], opening: int) -> tuple[str, str, int] | None:
    """The one letter in parentheses from here on, the letter of its example, and where the parentheses close."""
    if tokens[opening].text != "(":
        return None
    n = opening + 1
    braced = _font(tokens, n) and tokens[n + 1].text == "{"
    n += (2 if braced else 1) if _font(tokens, n) else 0
    if tokens[n].kind not in _LETTERS:
        return None
    letter = tokens[n].text
    n += 2 if braced and tokens[n + 1].text == "}" else 1
    example = ""
    if tokens[n].text in ("_", "^"):
        end = script_end(tokens, n)
        example = _inside(text, tokens, n, end).strip("()")
        n = end
    simple = not example or (len(example) == 1 and example.isalpha())
    return (letter, example, n) if tokens[n].text == ")" and simple else None


def _inside(text: str, tokens: Sequence[Token], sign: int, end: int) -> str:
    """What a script holds, without its braces."""
    inner = tokens[sign + 1 : end]
    inner = inner[1:-1] if inner and inner[0].text == "{" else inner
    return text[inner[0].start : inner[-1].end] if inner else ""
