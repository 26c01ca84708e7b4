r"""Other ways of writing, tried where a text is not read as it stands: each is respelled as what is read.

``w_{kj}`` for entries of W where no w is declared, ``A'`` for a transpose, ``u \otimes v`` for an outer product,
``d/dz tanh(z)`` for tanh'(z), ``xdz`` for x dL/dz, ``1 1^T - H`` for 1 - H.  Knows names and the number of their axes;
knows no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from backsym.core.expr import Shape, scalar_if_ones
from backsym.core.functions import FUNCTIONS
from backsym.core.names import split_name
from backsym.reading.latex.names import Vocabulary

_ENTRY = re.compile(
    r"(?<![A-Za-z\\_{])(?P<font>\\(?:mathbf|boldsymbol|bm|mathrm|mathit)\s*\{)?(?P<letter>[a-z])(?(font)\})"
    r"(?=\s*(?:\^\s*\{?\s*\(\w+\)\s*\}?)?\s*_\s*(?:\{\s*[a-z]'*\s*,?\s*[a-z]'*\s*\}|[a-z]{2}(?![A-Za-z0-9_])))"
)
_PRIMED = re.compile(
    r"(?<![A-Za-z\\])(?P<body>\{*(?:\\(?:mathbf|boldsymbol|bm|vec|mathrm)\s*\{?\s*)?(?P<word>[A-Za-z]\w*)\}?"
    r"(?:\s*_\s*(?:\w|\{\w+\}))?(?:\s*\^\s*\{\s*\(\w+\)\s*(?P<inner>'|\\prime)?\s*\})?"
    r"(?:\s*_\s*(?:\w|\{\w+\}))?(?:\{\})?\}*)(?P<outer>'|\^\s*\{?\s*\\prime\}?)?"
)
_CODE_NAME = re.compile(r"(?<![\w\\./{])d_?([A-Za-z]\w*)(?![\w/(']|\s*/\s*d)")
_DIFFERENTIAL = re.compile(r"(?<![\w\\/{])d([A-Za-z]\w*)(?!\w)(?!\s*/\s*d[A-Za-z])")
_GROUP = re.compile(r"(?<![A-Za-z0-9_'])\(([^()]*)\)'")
_DIVISION = re.compile(r"⊘|\\oslash(?![A-Za-z])")
_OUTER = re.compile(r"⊗|\\otimes(?![A-Za-z])")
_BY = r"(?:d|\\partial|∂|\\mathrm\s*\{\s*d\s*\})\s*"
_NAMED = "|".join(sorted((name for name in FUNCTIONS if name.isalpha()), key=len, reverse=True))
_ARGUMENT = r"(?:\(\s*(?P<within>[^()]*(?:\([^()]*\)[^()]*)*)\s*\)|(?P<alone>(?<=[\s}])[A-Za-z]\w*))"
_FUNCTION = rf"(?P<function>\\?(?:{_NAMED})|\\?sigma|σ|\\(?:operatorname|text|mathrm)\s*\{{\s*\w+\s*\}})\s*{_ARGUMENT}"
_OPERATOR = re.compile(
    rf"(?:\\[dt]?frac\s*\{{\s*{_BY}\}}\s*\{{\s*{_BY}(?P<below>[^{{}}]*)\}}|\(?\b{_BY}/\s*{_BY}(?P<plain>[A-Za-z]\w*)\)?)"
    rf"\s*{_FUNCTION}"
)
_FRACTION = re.compile(rf"\\[dt]?frac\s*\{{\s*{_BY}{_FUNCTION}\s*\}}\s*\{{\s*{_BY}(?P<below>[^{{}}]*)(?P<plain>)\}}")
_BARE = re.compile(
    rf"\\[dt]?frac\s*\{{\s*{_BY}(?P<function>\\?(?:{_NAMED})|\\sigma)\s*\}}"
    rf"\s*\{{\s*{_BY}(?P<below>[^{{}}]*(?:\{{[^{{}}]*\}}[^{{}}]*)*)\}}"
)
"""The derivative of a function without an argument, which is then taken at what it is by."""
_QUOTIENT = re.compile(rf"\b{_BY}{_FUNCTION}\s*/\s*{_BY}(?P<below>)(?P<plain>[A-Za-z]\w*)")
_GLUED = re.compile(r"(?<![\w\\])([A-Za-z]\w*?)(d[A-Za-z]\w*)(?![\w(])")
_ONE = r"(?:\\math(?:bf|bb|bbm)\s*\{\s*1\s*\}|\\mathbf\s*1|\\bm\s*\{1\}|1)"
_ONES = re.compile(rf"(?<![\w.^]){_ONE}\s*{_ONE}\s*(?:\^\s*\{{?\s*(?:T|\\top)\s*\}}?|\.T|ᵀ)(?=\s*[-−+])")
_OPENS, _CLOSES = "([{", ")]}"


def habits(text: str, shapes: Mapping[str, Shape]) -> str:
    """The text respelled; the same text where nothing of this kind stands in it."""
    text = _ONES.sub("1", text)
    text = _ENTRY.sub(lambda match: _upper(match, shapes), text)
    for pattern in (_OPERATOR, _FRACTION, _QUOTIENT):
        text = pattern.sub(_differentiated, text)
    text = _BARE.sub(lambda match: f"{match['function']}'({match['below']})", text)
    text = _GLUED.sub(lambda match: _parted(match, shapes), text)
    if "'" in text or "prime" in text:
        text = _PRIMED.sub(lambda match: _turned(match, shapes), text)
        text = _GROUP.sub(lambda match: _turned_group(match, shapes), text)
    text = _DIVISION.sub("/", text)
    return _outer(text) if _OUTER.search(text) else text


def whole_differentials(text: str, loss: str, names: Container[str]) -> str:
    """``dL/dh``, and the fraction, where there is also a quantity d: never a quotient of products."""
    if "d" not in names:
        return text
    above = rf"d\s*(?:{re.escape(loss)}(?!\w)|\\mathcal\s*\{{\s*{re.escape(loss)}\s*\}})"
    below = r"d\s*([A-Za-z]\w*)"
    quotient = rf"(?<![\w\\]){above}\s*/\s*{below}|\\[dt]?frac\s*\{{\s*{above}\s*\}}\s*\{{\s*{below}\s*\}}"
    return re.sub(quotient, lambda m: f"grad({m[1] or m[2]})" if (m[1] or m[2]) in names else m[0], text)


def differentials(text: str, names: Container[str]) -> str:
    """``dh`` as the derivative by h where there is also a quantity d, so that it may be a product, too."""
    if "d" not in names:
        return text
    return _DIFFERENTIAL.sub(lambda m: f"grad({m[1]})" if m[1] in names and m[0] not in names else m[0], text)


def untagged(text: str, target: str, names: Iterable[str], words: Vocabulary) -> str:
    """``z_j`` for an entry of z2, if this is asked for or the only z."""
    meant: dict[str, list[str]] = {}
    for name in names:
        base, tag = split_name(name)
        if tag and not words.has(base) and not words.is_index(base):
            meant.setdefault(base, []).append(name)
    for base, found in meant.items():
        name = target if target in found else found[0]
        if name == target or len(found) == 1:
            alone = rf"(?<![A-Za-z0-9_\\.]){base}(?![A-Za-z0-9(]|\s*\^\s*\{{?\s*[(\[]|\s*_\s*\{{?\s*\d)"
            text = re.sub(alone, name, text)
    return text


def named_as_in_code(text: str, names: Container[str]) -> str:
    """``dh`` and ``d_h`` as the derivative by h, so that what else is wrong with the text is found."""
    return _CODE_NAME.sub(lambda m: f"grad({m[1]})" if m[1] in names and m[0] not in names else m[0], text)


def _upper(match: re.Match[str], shapes: Mapping[str, Shape]) -> str:
    r"""``w_{kj}``: an entry of a matrix W, where nothing is called w."""
    letter = match["letter"]
    taken = any(name[:1] == letter for name in shapes)
    matrix = any(name[:1] == letter.upper() and len(shape) == 2 for name, shape in shapes.items())
    return letter.upper() if matrix and not taken else match[0]


def _differentiated(match: re.Match[str]) -> str:
    """The derivative of a function by its own argument, with a prime; any other stays."""
    argument = match["within"] or match["alone"] or ""
    below = match["below"] or match["plain"] or ""
    same = re.sub(r"\s", "", argument) == re.sub(r"\s", "", below)
    return f"{match['function']}'({argument})" if same else match[0]


def _parted(match: re.Match[str], shapes: Mapping[str, Shape]) -> str:
    """``xdz``: x dz, where this is no name."""
    glued = match[0] not in shapes and match[1] in shapes and match[2][1:] in shapes
    return f"{match[1]} {match[2]}" if glued else match[0]


def _turned(match: re.Match[str], shapes: Mapping[str, Shape]) -> str:
    """``A'``: the transpose of a vector or matrix; of a number, or of what may be one, a prime means nothing."""
    word = match["word"]
    if word[0] == "d" and word not in shapes and word[1:] in shapes:
        word = word[1:]
    meant = [shapes[word]] if word in shapes else [shape for name, shape in shapes.items() if name[:1] == word[:1]]
    primed = match["inner"] or match["outer"]
    if not primed or word in FUNCTIONS or not meant or not all(scalar_if_ones(shape) for shape in meant):
        return match[0]
    return match["body"].replace(primed, "T") if match["inner"] else match["body"] + "^T"


def _turned_group(match: re.Match[str], shapes: Mapping[str, Shape]) -> str:
    """``(u - v)'``, where all names in it are of vectors or matrices."""
    found = [shapes[word] for word in re.findall(r"[A-Za-z]\w*", match[1]) if word in shapes]
    return f"({match[1]})^T" if found and all(scalar_if_ones(shape) for shape in found) else match[0]


def _outer(text: str) -> str:
    """Each term with one such sign in it as the outer product of what stands on both sides."""
    pieces: list[str] = []
    depth, start = 0, 0
    for n, char in enumerate(text):
        depth += (char in _OPENS) - (char in _CLOSES)
        if depth == 0 and char in "+-−=" and n > start:
            pieces += [_outer_term(text[start:n]), char]
            start = n + 1
    return "".join([*pieces, _outer_term(text[start:])])


def _outer_term(term: str) -> str:
    sides = _OUTER.split(term)
    if len(sides) != 2 or any(side.count("(") != side.count(")") for side in sides):
        return term
    return f" outer({sides[0].strip()}, {sides[1].strip()}) "
