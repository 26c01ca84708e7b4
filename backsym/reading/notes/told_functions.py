r"""Functions whose letter a note explains in words: "where $\sigma$ is the ReLU", "a $\tanh$ activation $g$".

What the words name is put in for the letter.  Words that leave ``\sigma`` open, or name something unknown, contradict
the custom by which it is the logistic function, and are refused; any other letter stays a function that is not known.

Knows how formulas are written, by their tokens, and the words around them; knows no names and no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backsym.core.functions import FUNCTIONS
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Edit
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.equations import UNKNOWN, first_look
from backsym.reading.latex.lexer import FONTS, Token, script_end
from backsym.reading.notes.shapes import keeps_shape
from backsym.reading.notes.stating.pieces import Place
from backsym.text.phrases import Phrases, Word, up_to, words_of

_SAYS = Phrases(
    "is", "be", "denotes", "represents", "means", "stands for", "refers to", "ist", "sei", "bezeichnet",
    "steht f\u00fcr",
)  # fmt: skip
_ANY = Phrases(
    "arbitrary", "any", "some", "generic", "general", "unspecified", "differentiable", "beliebige", "beliebiger",
    "beliebiges", "irgendeine",
)  # fmt: skip
"""Words that leave a function open."""
_IDENTITY = Phrases("identity", "identity function", "identit\u00e4t", "identische abbildung")
_ARTICLES = Phrases("a", "an", "ein", "eine")
_NOT = frozenset("not no nicht kein keine keinen".split())
_DEFINITE = Phrases("the", "a", "an", "die", "der", "eine")
_KIND = Phrases(
    "activation", "activations", "function", "functions", "unit", "units", "non-linearity", "nonlinearity", "nonlinear",
    "non-linear", "aktivierungsfunktion", "funktion", "nichtlinear",
)  # fmt: skip
_NO_NAME = frozenset(
    "the our this a an die der das eine ein elementwise element-wise pointwise hidden nonlinear non-linear".split()
)
"""Words before "function" that do not name it."""
_OF = Phrases(
    "of", "of the", "to", "to the", "over", "over the", "between", "von", "vom", "des", "der", "auf", "\u00fcber"
)
"""Words between what is computed and what it is computed from."""
_OPERATIONS = Phrases(
    "norm", "dot product", "inner product", "scalar product", "outer product", "softmax", "logarithm", "exponential",
    "square root", "skalarprodukt", "logarithmus", "exponentialfunktion", "wurzel",
)  # fmt: skip
_TOTALS = Phrases(
    "mean", "average", "sum", "product", "difference", "square", "maximum", "minimum", "variance", "mittelwert",
    "durchschnitt", "summe", "produkt", "differenz", "quadrat", "varianz",
)  # fmt: skip
"""What is computed from quantities; the mean of a distribution is one by itself."""
_DENOTES = Phrases("denote by", "denoted by", "bezeichne", "bezeichnen mit", "call")
_THEIR = Phrases("their", "its", "ihr", "ihren", "ihre", "sein", "seinen")
_LOSSES = (["loss"], ["cost"], ["error"], ["penalty"])
_LOSS_NAMES = (
    ["logistic"], ["hinge"], ["squared"], ["quadratic"], ["absolute"], ["huber"], ["cross-entropy"], ["entropy"],
    ["exponential"], ["square"], ["perceptron"],
)  # fmt: skip
"""What tells a function of two arguments that is not put in by itself."""
_QUANTITIES = Phrases(
    "standard deviation", "variance", "covariance", "noise level", "scale", "scale parameter", "singular value",
    "bandwidth", "step size", "constant", "scalar", "number", "standardabweichung", "varianz", "skalar", "zahl",
    "konstante", "skalierung", "bandbreite",
)  # fmt: skip
"""What is no function."""
_LETTERS = ("letter", "greek")
_APPLIES = ("(", "[", "'")
"""What stands behind a letter that is applied, or differentiated."""
_IF = Phrases("if", "wenn", "falls")
_SUPPOSES = Phrases("suppose", "supposing")
"""Words of another case, unless the letter has not been used yet."""
_REPLACES = Phrases("replaced", "replace", "replaces", "instead", "ersetzt", "ersetzen", "stattdessen")
_CHANGES = Phrases("change", "changes", "compare", "differ", "\u00e4ndert", "\u00e4ndern", "vergleichen")
"""Words of another case than that of the equations."""
_CLAUSE = 160
"""How many characters behind a letter may explain it."""
_BEFORE = 60
_LONG_NAMES: Mapping[str, str] = {
    "hyperbolic tangent": "tanh", "tangens hyperbolicus": "tanh", "rectified linear unit": "relu",
    "rectified linear": "relu", "rectifier": "relu", "logistic sigmoid": "sigmoid", "sigmoidal": "sigmoid",
    "sigmoidfunktion": "sigmoid", "logistische": "sigmoid", "sine": "sin", "cosine": "cos", "exponential": "exp",
}  # fmt: skip
_MOST_WORDS = 3


@dataclass(frozen=True)
class Told:
    """A letter, by the texts of its tokens, and the function that the words name; None if they leave it open."""

    head: tuple[str, ...]
    function: str | None
    at: tuple[int, int]


def told_functions(source: Source, formulas: Sequence[Place]) -> tuple[list[Edit], list[tuple[int, Said]]]:
    r"""What is put in for letters that words explain, and what is said of it, each with its place.

    Raises InputError if the words leave ``\sigma`` open, or say two things of one letter.
    """
    tokens = [(_tokens(source, f), f) for f in formulas]
    first: dict[tuple[str, ...], int] = {}
    for found_tokens, place in tokens:
        for texts in _called(found_tokens):
            first.setdefault(texts, place.start)
    called = set(first)
    told: dict[tuple[str, ...], Told] = {}
    for formula in formulas:
        found = None if formula.displayed else _told(source, formula, called)
        found = _of_this_case(source.text, formula, found, used=formula.start > first[found.head]) if found else None
        if found is None:
            continue
        earlier = told.setdefault(found.head, found)
        if earlier.function != found.function and earlier.function is not None and found.function is not None:
            names = [FUNCTIONS[f].latex for f in (earlier.function, found.function)]
            message = say("notes.two_functions", name="".join(found.head), one=names[0], other=names[1])
            raise source.error(message, found.at)
        if earlier.function is None:
            told[found.head] = found
    edits: list[Edit] = []
    remarks: list[tuple[int, Said]] = []
    for one in told.values():
        if one.head == ("sigma",) and one.function is None:
            raise source.error(say("notes.sigma_is_open"), one.at, say("notes.sigma_is_logistic"))
        if one.function is None or (one.head == ("sigma",) and one.function == "sigmoid"):
            continue
        latex = FUNCTIONS[one.function].latex
        mine = [Edit(*place, latex) for found, _ in tokens for place in _places(found, one.head)]
        edits += mine
        said = say("notes.remark.told_function", name=source.text[slice(*one.at)].strip(), function=one.function)
        remarks.append((one.at[0], said))
    return edits, remarks


def check_told(source: Source, formulas: Sequence[Place], given: Collection[str], known: Collection[str]) -> None:
    """Raises InputError where words compute what would be ``given``, "$p$ is the softmax of $z$".

    Functions are of anything; a mean, a sum, a product are of ``known`` quantities: other means are no computations.
    """
    text = source.text
    for formula, following in pairwise(formulas):
        names = [] if formula.displayed else names_in_formula(source, formula.start, formula.end)
        if len(names) != 1 or names[0].name not in given:
            continue
        if _is_denoted(text, formula):
            raise source.error(say("notes.computed_in_words", name=names[0].name), (formula.start, formula.end))
        behind = formula.end + len(text[formula.end :]) - len(text[formula.end :].lstrip("$)\\ "))
        stop = up_to(text, behind, (".", ";", ":", "$", "\\(", "\n\n"), _CLAUSE)
        after = words_of(text, behind, stop)
        says = _SAYS.first(after)
        if says is None or says[0] > 0 or stop > following.start or after[-2:] not in _OF:
            continue
        clause = after[says[1] :]
        tokens = {t.text for t in _tokens(source, following)}
        of_known = bool(tokens & set(known)) or "=" in tokens
        if any(True for _ in _names_in(clause)) or clause in _OPERATIONS or (clause in _TOTALS and of_known):
            message = say("notes.computed_in_words", name=names[0].name)
            raise source.error(message, (formula.start, formula.end))


def _is_denoted(text: str, formula: Place) -> bool:
    r""" "Denote by $\bar{x}$ their mean", of what the sentence names before."""
    before = words_of(text, max(0, formula.start - _BEFORE), formula.start)
    stop = up_to(text, formula.end, (".", ";", ":", "\n\n"), _CLAUSE)
    after = words_of(text, formula.end, min(stop, up_to(text, formula.end + 2, ("$", "\\("), _CLAUSE)))
    return before[-2:] in _DENOTES and after[:1] in _THEIR and after[1:3] in _TOTALS


def check_called(source: Source, formulas: Sequence[Place], abstract: Collection[str]) -> None:
    r"""Raises InputError where words say what a function is that stays unknown, "the logistic loss $\ell$"."""
    for formula in formulas:
        names = [] if formula.displayed else names_in_formula(source, formula.start, formula.end)
        before = [word.text for word in words_of(source.text, max(0, formula.start - _BEFORE), formula.start)]
        if len(names) == 1 and names[0].name in abstract and before[-1:] in _LOSSES and before[-2:-1] in _LOSS_NAMES:
            message = say("notes.function_not_put_in", name=source.text[formula.start : formula.end].strip())
            raise source.error(message, (formula.start, formula.end), say("notes.write_formula"))


def _tokens(source: Source, formula: Place) -> Sequence[Token]:
    reader = first_look(source, formula.start, formula.end)
    return reader.tokens if reader is not None else ()


def _called(tokens: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """The letters with their scripts, by the texts of their tokens, that stand before a parenthesis."""
    for n in range(len(tokens)):
        end = _behind_letter(tokens, n)
        if end > n and tokens[end].text in _APPLIES:
            yield tuple(t.text for t in tokens[n:end])


def _behind_letter(tokens: Sequence[Token], n: int) -> int:
    """The position behind a letter, in a font or not, and its scripts; n if no letter is there."""
    if tokens[n].text in FONTS and [t.text for t in tokens[n + 1 : n + 4 : 2]] == ["{", "}"]:
        return _behind_scripts(tokens, n + 4)
    if tokens[n].kind == "macro" and tokens[n].text in FONTS and tokens[n + 1].kind in _LETTERS:
        return _behind_scripts(tokens, n + 2)
    return _behind_scripts(tokens, n + 1) if tokens[n].kind in _LETTERS else n


def _behind_scripts(tokens: Sequence[Token], position: int) -> int:
    """The position behind subscripts and superscripts in braces or of one token."""
    while tokens[position].text in ("_", "^") and tokens[position].kind == "op":
        position = script_end(tokens, position)
    return position


def _told(source: Source, formula: Place, called: set[tuple[str, ...]]) -> Told | None:
    r"""What the words around a formula say of the letter that it consists of, with or without an argument."""
    tokens = _tokens(source, formula)
    end = _behind_letter(tokens, 0) if tokens else 0
    head = tuple(token.text for token in tokens[:end])
    placeholder = 3 * ([t.text for t in tokens[end : end + 3]] == ["(", "cdot", ")"])
    if head in called and (name := _equal_to(tokens[end + placeholder :])) is not None:
        return Told(head, name, (formula.start, formula.end))
    if head == ("sigma",) and head in called and tokens[end].text.lstrip("\\") in (">", "gt", "ge", "geq"):
        return Told(head, None, (formula.start, formula.end))  # A number.
    if head not in called or not (tokens[end].kind == "end" or _is_argument(tokens, end)):
        return None
    at = (formula.start, formula.end)
    text = source.text
    behind = formula.end + len(text[formula.end :]) - len(text[formula.end :].lstrip("$)\\ "))
    after = words_of(text, behind, up_to(text, behind, (".", ";", ":", "$", "\n\n"), _CLAUSE))
    says = _SAYS.first(after)
    if says is None or says[0] > 0:
        name = _name_at_end(text, formula.start) or _apposed(after)
        return Told(head, name, at) if name is not None else None
    clause = after[says[1] :]
    if head == ("sigma",) and clause in _QUANTITIES:
        return Told(head, None, at)
    if clause in _IDENTITY:
        message = say("notes.function_not_put_in", name=text[slice(*at)].strip())
        raise source.error(message, at, say("notes.write_formula"))
    denied = next((n for n, word in enumerate(clause) if word.text in _NOT), len(clause))
    if clause and not denied:
        return Told(head, None, at)
    names = list(dict.fromkeys(_names_in(clause[:denied])))
    if len(names) == 1:
        return Told(head, names[0], at)
    return Told(head, None, at) if names or _left_open(clause) else None


def _of_this_case(text: str, formula: Place, told: Told, *, used: bool) -> Told | None:
    """What is told, unless the sentence asks, supposes or replaces: that leaves a letter open, or is another case."""
    ends = (". ", ".\n", "? ", "?\n", "\n\n")
    start = max(text.rfind(sign, max(0, formula.start - _CLAUSE), formula.start) for sign in ends)
    start = max(start, formula.start - _CLAUSE, 0)
    end = up_to(text, formula.end, (". ", ".\n", "?", "\n\n"), _CLAUSE)
    words = words_of(text, start, end)
    before = words_of(text, start, formula.start)
    asks = text[end : end + 1] == "?" or before in _IF or (used and before in _SUPPOSES)
    if told.function == "sigmoid" or not (asks or words in _REPLACES):
        return told
    other = asks and (words in _REPLACES or words in _CHANGES)
    return None if other else Told(told.head, None, told.at)


def _equal_to(tokens: Sequence[Token]) -> str | None:
    r"""The function that is all that stands behind an equals sign, ``= \tanh`` or ``= \mathrm{ReLU}(\cdot)``."""
    texts = [token.text for token in tokens if token.kind != "end"]
    if texts[2:] == ["(", "cdot", ")"]:
        texts = texts[:2]
    name = UNKNOWN.word(texts[1]) if len(texts) == 2 and texts[0] == "=" else None
    return name if name is not None and keeps_shape(name) else None


def _is_argument(tokens: Sequence[Token], opening: int) -> bool:
    """Whether nothing but one pair of parentheses or brackets follows."""
    pair = tokens[opening].text + tokens[-2].text
    return pair in ("()", "[]") and all(t.text != "=" for t in tokens)


def _names_in(clause: Sequence[Word]) -> Iterator[str]:
    return named_functions([word.text for word in clause])


def named_functions(clause: Sequence[str]) -> Iterator[str]:
    """The functions of one number, or along an axis, that words name by themselves or as such a function."""
    n = 0
    while n < len(clause):
        for length in range(min(_MOST_WORDS, len(clause) - n), 0, -1):
            name = _named(" ".join(clause[n : n + length]))
            if name is not None:
                yield name
                n += length - 1
                break
        n += 1


def _function(words: Sequence[Word]) -> str | None:
    return _named(" ".join(word.text for word in words))


def _named(text: str) -> str | None:
    plain = text.removesuffix("funktion").removesuffix("-") or text
    name = _LONG_NAMES.get(text) or UNKNOWN.word(plain)
    return name if name is not None and keeps_shape(name) else None


def _name_at_end(text: str, end: int) -> str | None:
    """The function that the words right before a letter name: "the sigmoid activation $g$"."""
    start = max(0, end - _BEFORE)
    end = start + len(text[start:end].rstrip("$(\\ \n"))
    words = words_of(text, max(start, *(text.rfind(sign, start, end) for sign in ".;:$")), end)
    while words and words[-1:] in _KIND:
        words.pop()
    names = (_function(words[-length:]) for length in range(min(_MOST_WORDS, len(words)), 0, -1))
    return next((name for name in names if name is not None), None)


def _apposed(after: Sequence[Word]) -> str | None:
    """The function that the words right behind a letter name: "$f$ the sigmoid function"."""
    if after[:1] not in _DEFINITE:
        return None
    kind = _KIND.first(after)
    # "$g$ the rectifier", and nothing else.
    return (
        (_function(after[1 : kind[0]]) or _function(after[1 : kind[1]])) if kind is not None else _function(after[1:])
    )


def _left_open(clause: Sequence[Word]) -> bool:
    """Whether words say that a function is any one, or name one that is not known: not only "the activation"."""
    kind = _KIND.first(clause)
    if clause in _ANY or kind is None:
        return clause in _ANY
    before = clause[: kind[0]]
    return before in _ARTICLES or any(word.text not in _NO_NAME for word in before)


def _places(tokens: Sequence[Token], head: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where a letter with its scripts stands before a parenthesis or a prime."""
    for n in range(len(tokens) - len(head)):
        end = n + len(head)
        if tokens[end].text in _APPLIES and tuple(t.text for t in tokens[n:end]) == head:
            yield tokens[n].start, tokens[end - 1].end
