r"""What a text came in: HTML of a course system, Markdown of a chat, a fence, a prompt, sentences around formulas.

``opened`` takes the mathematics out of its container and says what it left, so that a person can see what was not
read.  Words beside mathematics are kept apart from it, never multiplied.  Knows delimiters only: no grammar, no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser

from backsym.marking.answers.explanations import denies

_TAG = re.compile(
    r"</?(?:p|br|div|span|li|ul|ol|b|i|em|strong|sub|sup|code|pre|h[1-6]|table|tbody|tr|td|font|s|strike|del|u|ins|mark)(?:\s[^<>]*)?/?>"
    r"|&(?:gt|lt|amp|nbsp|minus|times|middot|#\d{2,5});",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*\w*[ \t]*$\n?(.*?)^[ \t]*(?:```|~~~)[ \t]*$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.|In ?\[\d+\]:)[ \t]", re.MULTILINE)
_FORMULA = re.compile(
    r"(?<!\\)\$\$(?P<dollars>.+?)(?<!\\)\$\$|\\\[(?P<display>.+?)\\\]|(?<!\\)\$(?P<inline>[^$\n]+?)(?<!\\)\$"
    r"|(?<!\\)\\\((?P<round>.+?)\\\)"
    r"|(?P<block>\\begin\s*\{(?P<name>align|equation|gather|multline|eqnarray|displaymath)(?P<star>\*?)\}.*?"
    r"\\end\s*\{(?P=name)(?P=star)\})",
    re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z]{2,}")
_REMARKS = frozenset("where wobei here shape size dimension form format".split())
_WHERE = frozenset(("where", "with", "here", "wobei", "mit", "as", "for"))
_FRAME = "\\boxed"
_CHANGES = frozenset(
    "not or if when unless otherwise else maybe perhaps cannot never nicht kein keine oder falls wenn sonst "
    "andernfalls vielleicht nie without ohne instead statt except guess missing fehlt flipped negated".split()
)
"""Words of a sentence around a formula by which it is not, or not always, what the sentence is about."""
_FACTORS = frozenset(
    "minus plus times twice half negative opposite transpose transposed proportional approximately roughly square "
    "squared root sum product inverse divided multiplied mal halb hälfte doppelt doppelte zweimal negativ transponiert "
    "transponierte proportional ungefähr etwa quadriert quadrat summe produkt geteilt add subtract multiply divide "
    "ignore delete discard drop remove out needs need must lacks muss braucht".split()
)
"""The same directly beside it, but for the words that join them to it."""
_FORMS = frozenset("form value result expression equation".split())
"""What a formula may be the form of; anything else of it is another formula."""
_IF = frozenset("for if when assuming assume suppose case falls wenn für angenommen unless provided".split())
"""Words before an equation that is a condition, or an assumption."""
_JOINS = frozenset("of the a an to von der die das des zu with by".split())
_NEARLY = ("up to a", "up to the", "up to sign", "up to some", "bis auf")
_SAYS = frozenset(
    "is are be get obtain obtains find gives equals yields ist sind lautet beträgt ergibt erhalten "
    "erhalte bekommen bekomme folgt gilt".split()
)
"""Words before a formula that is what the sentence is about."""
_LETS = frozenset("let define set put write with using assume suppose setze sei seien definiere mit angenommen".split())
"""Words before a formula that defines a name."""
_CROSSED = frozenset(("s", "strike", "del"))
_TILDES = "~~"
_BLOCKS = frozenset("p br div li ul ol pre h1 h2 h3 h4 h5 h6 table tr".split())


@dataclass(frozen=True)
class Opened:
    """The mathematics of a text, as a text of its own, and what of the text it leaves out.

    ``formulas`` has other, shorter choices of what the answer is: they are tried where all of it is not read.
    """

    text: str
    left: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    denied: str = ""
    """The words that take back what stands beside them."""


def opened(text: str) -> Opened | None:
    """The text out of its container; None for one that stands by itself."""
    plain, crossed = _without_tags(text) if _TAG.search(text) is not None else (text, ())
    plain, more = _without_crossed(plain) if _TILDES in plain else (plain, ())
    found = _taken_out(plain, text)
    left = tuple(" ".join(piece.split()) for piece in (*crossed, *more))
    return replace(found, left=(*found.left, *left)) if found is not None else Opened(plain, left) if left else None


def _taken_out(plain: str, text: str) -> Opened | None:
    fences = _FENCE.findall(plain)
    if fences:
        outside = _FENCE.sub("\n", plain)
        if denies(outside):
            return Opened("", denied=" ".join(outside.split()))
        return Opened("\n".join(fence.strip("\n") for fence in fences), tuple(_sentences(outside)))
    if _PROMPT.match(plain) is not None and not plain.lstrip().startswith("..."):
        return Opened(_PROMPT.sub("", plain))
    found = _formulas(plain)
    return found if found is not None or plain == text else Opened(plain)


def _formulas(text: str) -> Opened | None:
    """The formulas between delimiters, if words stand around them.

    Displays are the derivation; in sentences without any, formulas with an equals sign are, or else the last one.  What
    is boxed, or comes last, is the answer where the rest is not read.
    """
    spans = list(_FORMULA.finditer(text))
    outside = _outside(text, spans)
    if not spans or not any(_WORD.search(piece) for piece in outside):
        return None
    ends = [frozenset(_words(words)[-1:]) for words in outside]
    display = [span for span in spans if span["inline"] is None and span["round"] is None]
    boxed = [span for span in spans if _FRAME in span[0]]
    equations = [span for span in spans if "=" in span[0]]
    told = display or equations or _said_last(spans, ends)
    if told is equations and spans[-1] not in told and _SAYS & ends[-2]:
        told = [*told, spans[-1]]
    last = (boxed or told)[-1]
    if last not in told:
        told = [*told, last]
    place = spans.index(last)
    if len(told) == 1 and _words(outside[place]) in (["and"], ["und"], ["&"]):
        return None  # Two answers.
    if (denied := next(filter(denies, (_last_sentence(outside[place]), outside[place + 1])), None)) is not None:
        return Opened("", denied=" ".join(denied.split()))
    if (n := next((n for n, span in enumerate(spans) if _assumes(ends[n], span)), None)) is not None:
        return Opened("", denied=f"{' '.join(ends[n])} {spans[n][0]}")
    if _is_changed(outside[place], outside[place + 1]) or any(words in "".join(outside).lower() for words in _NEARLY):
        return None
    # "$\\delta x^T$ where $\\delta = ...$": the second defines what the first uses.
    defining = [n for n in range(1, len(spans)) if "=" in spans[n][0] and _says_where(outside[n])]
    letting = [n for n in range(len(spans)) if "=" in spans[n][0] and _LETS & ends[n]]
    told = [span for n, span in enumerate(spans) if span in told or n in (*defining, *letting) or n + 1 in defining]
    left = [*(" ".join(piece.split()) for piece in outside if _WORD.search(piece))]
    left += [span[0] for span in spans if span not in told]
    pieces = [(" where " if spans.index(span) in defining else "\n") + _inner(span) for span in told]
    whole = "".join(pieces).lstrip("\n")
    return Opened(whole, tuple(left), (_inner(last),) if len(told) > 1 else ())


def _said_last(spans: list[re.Match[str]], ends: list[frozenset[str]]) -> list[re.Match[str]]:
    """The last of the formulas of sentences that is no remark: where $N$ is the batch size, of shape $D \\times K$."""
    until = next((n for n in range(1, len(spans)) if _REMARKS & ends[n]), len(spans))
    said = [spans[n] for n in range(until) if _SAYS & ends[n]]
    return (said or spans[:until])[-1:]


def _assumes(before: frozenset[str], span: re.Match[str]) -> bool:
    """Whether a formula, behind words of a condition, gives something a value: ``for $N = 1$``."""
    name, _, value = _inner(span).partition("=")
    return bool(name.strip().isalpha() and value.strip().isdecimal() and (_IF | _LETS) & before)


def _says_where(words: str) -> bool:
    """Whether what follows these words defines a name in what is before them."""
    return words.strip(" ,;.\n\t").lower() in _WHERE


def _is_changed(before: str, after: str) -> bool:
    """Whether words of its sentence beside a formula take it back or change it."""
    said = _words(_last_sentence(before))
    goes_on = after[:1] not in (".", "!") and not after.lstrip(" ").startswith("\n")
    then = _words(after.strip().replace("\n\n", ". ").partition(". ")[0])
    if any(word in _CHANGES or "n't" in word or "n’t" in word for word in (*said, *(then if goes_on else ()))):
        return True
    near = [word for word in said if word not in _JOINS]
    if said[-1:] == ["of"] and near[-1:] and near[-1] not in _FORMS:
        return True  # The norm of.
    beside = {*near[-1:], *(then[:1] if goes_on else ())}
    return after.lstrip().startswith("?") or not _FACTORS.isdisjoint(beside)


def _last_sentence(text: str) -> str:
    return text.strip().replace("\n\n", ". ").rpartition(". ")[2]


def _words(text: str) -> list[str]:
    return [word.strip('.,;:!?()*_"') for word in text.lower().split()]


def _outside(text: str, spans: list[re.Match[str]]) -> list[str]:
    """What stands before, between and after the formulas."""
    pieces, start = [], 0
    for span in spans:
        pieces.append(text[start : span.start()])
        start = span.end()
    return [*pieces, text[start:]]


def _inner(span: re.Match[str]) -> str:
    found = next((span[name] for name in ("dollars", "display", "inline", "round", "block") if span[name]), "")
    return found.strip()


def _sentences(text: str) -> Iterator[str]:
    return (" ".join(line.split()) for line in text.splitlines() if _WORD.search(line))


def _without_crossed(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without what Markdown crosses out, ``~~a~~``, and that; between spaces the signs are those of LaTeX."""
    kept, crossed, start = "", [], 0
    while (opening := _tildes(text, start, closes=False)) is not None:
        closing = _tildes(text, opening + len(_TILDES), closes=True)
        if closing is None:
            break
        inner = text[opening + len(_TILDES) : closing]
        if any(map(str.isalnum, inner)):
            kept += text[start:opening] + " "
            crossed.append(inner)
        else:
            kept += text[start : closing + len(_TILDES)]
        start = closing + len(_TILDES)
    return kept + text[start:], tuple(crossed)


def _tildes(text: str, start: int, *, closes: bool) -> int | None:
    """The place of two tildes that may begin, or end, what is crossed out: none stands beside space within."""
    while (place := text.find(_TILDES, start)) >= 0:
        before, after = text[place - 1 : place], text[place + len(_TILDES) :][:1]
        inside, outside = (before, after) if closes else (after, before)
        apart = inside.isalnum() or not outside.isalnum()
        if inside.strip("~ \t\n") and apart and outside != "~":
            return place
        start = place + len(_TILDES)
    return None


class _Tags(HTMLParser):
    """The text of a piece of HTML: blocks on lines of their own, raised and lowered text as in formulas.

    What is crossed out is none of it.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.crossed: list[str] = []
        self.within: list[str] = []
        """The tags that are open from the one that crosses out."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        crosses = tag in _CROSSED or any("line-through" in (value or "") for _, value in attrs)
        if crosses and not self.within:
            self.crossed.append("")
        if (crosses or self.within) and tag != "br":
            self.within.append(tag)
        self.add({"sub": "_{", "sup": "^{"}.get(tag, "\n" if tag in _BLOCKS else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.within:
            del self.within[len(self.within) - 1 - self.within[::-1].index(tag) :]
        self.add("}" if tag in ("sub", "sup") else "\n" if tag in _BLOCKS else "")

    def handle_data(self, data: str) -> None:
        self.add(data.replace("\u00a0", " "))

    def add(self, data: str) -> None:
        if self.within:
            self.crossed[-1] += data
        else:
            self.pieces.append(data)


def _without_tags(text: str) -> tuple[str, tuple[str, ...]]:
    """The text of a piece of HTML, and what is crossed out in it."""
    parser = _Tags()
    parser.feed(text)
    parser.close()
    return "".join(parser.pieces).strip("\n"), tuple(filter(None, parser.crossed))
