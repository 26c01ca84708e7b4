r"""Where formulas stand in a note, and what the words around them say of them: roles, and whose words they are.

Knows the marks of formulas in Markdown and LaTeX and the words of lecture notes; reads no mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backsym.core.source import Source
from backsym.reading.latex.lexer import has_sign
from backsym.reading.notes.words import JOINS, VERB
from backsym.text.phrases import Phrases, Word, words_of

MAX_FORMULAS = 20_000
MOST_JOINED = 20
"""Formulas to either side that may share the words of one."""


_ENVIRONMENTS = "equation|align|alignat|aligned|gather|gathered|multline|eqnarray|displaymath|flalign|split|math"
_OPENING = re.compile(
    rf"""(?P<skip>```|`|<!--|(?<!\\)%|\\begin\{{verbatim\}}|\\begin\{{lstlisting\}})
    |(?P<escaped>\\[$%\\])
    |(?P<display>\$\$|\\\[|\\begin\{{(?P<env>{_ENVIRONMENTS})(?P<star>\*?)\}}(?:\{{\d+\}})?)
    |(?P<inline>\$|\\\()
    """,
    re.VERBOSE,
)
_CLOSING = {"$$": "$$", "\\[": "\\]", "$": "$", "\\(": "\\)", "```": "```", "`": "`", "<!--": "-->", "%": "\n"}
_OF_ONE = re.compile(r"[\W$]*(?:(?:be|is)\s+(?:an?\s|one-hot)|(?:tells|indicates)\s)")
"""Words after several formulas that are said of the last."""
_LAST_WORDS = re.compile(
    r"(?:\b(?:fixed|festen?)\s+(?:[\w\-]+\s+)?)?[\w\-]+(?:\s+(?:vector|matrix|array|scalar|value))?[\s$\\(]*\Z"
)
_ROLES = (
    (
        "parameter",
        re.compile(r"\b(?<!not )(weights?|bias(es)?|parameters?|learned|trainable|kernels?|filters?)\b", re.I),
    ),
    ("target", re.compile(r"\b(targets?|labels?|one[- ]hot|ground[- ]truth|desired)\b", re.I)),
    (
        "constant",
        re.compile(
            r"\b((?<!up to )(?<!up to a )(?<!additive )constants?|hyper-?parameters?|sinusoids?|not learned"
            r"|(?:is|are|held|kept) fixed|regulari[sz]ation strength)\b",
            re.I,
        ),
    ),
    ("input", re.compile(r"\b(inputs?|data|features?)\b", re.I)),
)
_WEIGHING = Phrases(
    "are given weights", "is a given weight", "are known weights", "are fixed weights", "sample weight",
    "sample weights", "class weight", "class weights", "example weight", "example weights", "importance weight",
    "importance weights", "gegebene gewichte", "feste gewichte", "klassengewichte",
)  # fmt: skip
"""Weights that are not learned: of examples, say, in a sum of losses."""
_DATA = (
    (
        "constant",
        Phrases(
            "mask", "masks", "noise", "drawn", "sampled", "random", "randomly", "maske", "masken", "rauschen",
            "gezogen", "zuf\u00e4llig", "zuf\u00e4llige", "zuf\u00e4lliger",
        ),
    ),
    (
        "input",
        Phrases(
            "words", "tokens", "observed", "observe", "observation", "observations", "is given", "are given",
            "w\u00f6rter", "beobachtet", "beobachtung", "beobachtungen", "ist gegeben", "sind gegeben",
        ),
    ),
)  # fmt: skip
"""What is not learned, in other words than those."""
_LEARNED = ("embedding", "initial", "prior", "posterior")
"""How words begin beside which these say nothing of that."""
_BY = ("by", "as", "in", "through", "below", "above", "durch", "als")
"""Words after which an equation gives a quantity."""
_VERBS = Phrases("is", "are", "be", "denotes", "denote", "ist", "sind", "sei")
"""Words before what they are said of the subject of: "the label is $y$"."""


def without_next(words: str) -> str:
    """The words between two formulas without those of the next one: ", weights $W$"."""
    close = _LAST_WORDS.search(words)
    if close is None or not (tells_role(close[0]) or words_of(close[0])[-1:] in _VERBS):
        return words
    parting = list(re.finditer(r",|;|\b(?:and|with|und|mit)\b", words))
    return words[: parting[-1].start()] if parting else words


def tells_role(words: str) -> bool:
    return role_in(words) is not None


ITEM = (
    r"(?:[-*+]\s|\*{0,2}(?:\(\w{1,3}\)|(?:\w|[QPF]?\d{1,2})[.):](?=[\s*])"
    r"|(?:question|problem|exercise|part|task|aufgabe|frage|teil)\s+(?:\d{1,3}|\w)\b)|\\item\b)"
)
"""How an item of a list begins: -, 1., (a), Q2., **Part b**."""
_SENTENCE = re.compile(r"(?<!\.[A-Za-z])[.?!](?=\s|\Z)|\n\s*\n|\n\s*" + ITEM, re.IGNORECASE)
_ONE_HOT = re.compile(r"\bone[- ]hot\b", re.I)

_THAT = Phrases("that", "dass")
_SHOWING = Phrases(
    "show", "prove", "verify", "check", "argue", "demonstrate", "conclude", "zeige", "zeigen", "beweise", "beweisen",
    "verifizieren", "folgern",

)  # fmt: skip
"""Words before "that" by which an equation is to be shown."""
_CLAIMING = Phrases(
    "is", "are", "satisfies", "satisfy", "by", "equals", "yields", "gives", "becomes", "obeys", "fulfils", "reads",
    "ist", "sind", "erf\u00fcllt", "ergibt", "gilt", "lautet",
)  # fmt: skip
"""Words between that and the equation."""
CLOSE_BEFORE = 60
"""How many characters before an equation within the text its words may stand."""


@dataclass(frozen=True)
class Formula:
    """A formula in a note, without its delimiters."""

    start: int
    end: int
    displayed: bool


def formulas(text: str, unclosed: list[tuple[int, int, str]] | None = None, *, tex: bool) -> Iterator[Formula]:
    """The formulas of a note in order; displayed ones that never end go to ``unclosed``, with what would close them.

    Each closing delimiter is searched for once it is known to be missing.
    """
    position = text.find("\\begin{document}") if tex else 0
    position = max(position, 0)
    missing: set[str] = set()
    while (match := _OPENING.search(text, position)) is not None:
        position = match.end()
        if match["escaped"] or (match[0] == "%" and not tex) or (match[0] == "`" and tex):
            continue
        closing = f"\\end{{{match['env']}{match['star']}}}" if match["env"] else _CLOSING.get(match[0])
        closing = closing or match[0].replace("begin", "end")
        end = -1 if closing in missing else text.find(closing, position)
        if end < 0:
            missing.add(closing)
            if match["display"] and unclosed is not None:
                unclosed.append((*match.span(), closing))
            continue
        if not match["skip"]:
            yield Formula(position, end, match["display"] is not None)
        position = end + len(closing)


def _parts(between: str) -> bool:
    """Whether an item of a list, a heading or a paragraph begins between two formulas."""
    lines = [line.split(maxsplit=1) for line in between.split("\n")[1:]]
    return any(not line for line in lines[:-1]) or any(_begins_item(line[0]) for line in lines if line)


def begins_section(between: str) -> bool:
    """Whether a heading stands between two formulas: ``## ...``, ``\\section{...}``, "Exercise 2"."""
    lines = [line.strip().lstrip("*").split(maxsplit=2) for line in between.split("\n")[1:]]
    return any(
        not line[0].strip("#")
        or line[0].partition("{")[0] in _SECTIONS
        or (line[0].lower() in _PROBLEMS and len(line) > 1 and line[1].strip(".:)*#").isdecimal())
        for line in lines
        if line
    )


_SECTIONS = ("\\section", "\\section*", "\\subsection", "\\subsection*", "\\problem", "\\exercise")
_PROBLEMS = ("exercise", "problem", "question", "task", "aufgabe", "übung")


def _begins_item(word: str) -> bool:
    """Whether the first word of a line marks an item or heading: ``-``, ``\\item``, ``##``, ``2.``, ``(a)``."""
    numbered = word[-1:] in (".", ")") and word.strip("(*.)").isalnum() and len(word) < 5
    return word in ("-", "*", "+", "\\item") or not word.strip("#") or numbered


def sentences_of(text: str, formulas: Sequence[tuple[int, int, bool]]) -> Iterator[tuple[int, int]]:
    """The sentences of the text; a full stop within a formula ends none but at the end of a displayed one."""
    start, n = 0, 0
    for match in _SENTENCE.finditer(text):
        while n < len(formulas) and formulas[n][1] <= match.start():
            first, last, displayed = formulas[n]
            if displayed and text[first:last].rstrip().endswith((".", "?")):
                yield from _without_heading(text, start, last)
                start = last
            n += 1
        if n < len(formulas) and formulas[n][0] <= match.start():
            continue
        yield from _without_heading(text, start, match.start())
        start = match.end()
    yield from _without_heading(text, start, len(text))


def _without_heading(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence, and the headings on lines of their own before it."""
    while start < end:
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        last = text.find("\n", first, end)
        line = text[first:last].rstrip() if last >= 0 else ""
        if not (
            line.startswith(("#", *_SECTIONS)) or (len(line) > 4 and line.startswith("**") and line.endswith("**"))
        ):
            break
        yield start, last
        start = last
    yield start, end


def role_in(words: str) -> str | None:
    """The role that words give."""
    if words_of(words) in _WEIGHING or _fixes_weights([word.text for word in words_of(words)]):
        return "constant"
    return next((role for role, pattern in _ROLES if pattern.search(words)), None) or _role_of_data(words)


def _fixes_weights(words: Sequence[str]) -> bool:
    """ "The fixed mixture weights", of which nothing is learned."""
    fixed = (n for n, word in enumerate(words) if word in ("fixed", "feste", "festen"))
    return any(
        word.endswith(("weight", "weights", "gewichte", "gewichten")) for n in fixed for word in words[n + 1 : n + 3]
    )


def _role_of_data(words: str) -> str | None:
    texts = [word.text for word in words_of(words)]
    if any(text.startswith(_LEARNED) for text in texts):
        return None
    ends = ((role, n + phrases.length_at(texts, n), n) for role, phrases in _DATA for n in range(len(texts)))
    return next((role for role, end, n in ends if end > n and not {*texts[end : end + 1]} & {*_BY}), None)


def says_target(words: str) -> bool:
    """Whether words call something a target besides calling it one-hot."""
    return _ROLES[1][1].search(_ONE_HOT.sub("", words)) is not None


def says_one_hot(words: str) -> bool:
    return _ONE_HOT.search(words) is not None


class Prose:
    """The words around the formulas of a note."""

    def __init__(self, source: Source, formulas: Sequence[Formula]):
        self.source = source
        self.formulas = formulas

    def of(self, number: int) -> str:
        """The words that tell what a formula declares: right before or after it, or of its list item.

        Formulas that only commas and "and" part share their words.
        """
        text = self.source.text
        first = last = number
        while first and number - first < MOST_JOINED and self.joined(first - 1):
            first -= 1
        while last + 1 < len(self.formulas) and last - number < MOST_JOINED and self.joined(last):
            last += 1
        own, end = self.formulas[number].start, self.formulas[last].end
        before = self.formulas[first - 1].end if first else 0
        begin = max(before, own - 60, text.rfind("\n", 0, own))
        close = _LAST_WORDS.search(text, begin, own)
        if close is not None and tells_role(close[0]):
            return close[0]
        near = without_next(self.after(last))
        if VERB.search(near.partition(". ")[0]) and not tells_role(near) and last + 1 < len(self.formulas):
            # "$T$ is the $N \times K$ matrix of targets".
            near += self.after(last + 1)
        if number < last and near.lstrip("$\\)").lstrip().startswith("("):
            near = ""  # "$X$, $w$ and $y$ (targets)" tells of y alone.
        own_set = has_sign(self.source, own, self.formulas[number].end, "in")
        if number < last and (_OF_ONE.match(near) or (own_set and not VERB.search(near))):
            near = ""  # So do "$x \\in ...$, $t \\in ...$ be a one-hot vector" and "$T \\in ...$ targets".
        if tells_role(near):
            return near
        item = text.rfind("\n", 0, self.formulas[first].start) + 1
        if before and not _parts(text[before : self.formulas[first].start]):
            # "$x$ is the input, and $W$ ...": what stands before the comma is said of the formula before.
            return re.split(r",|;|\.\s|\band\b", text[before : self.formulas[first].start])[-1]
        return text[max(item, own - 400) : end] + near

    def after(self, number: int) -> str:
        """The words of the sentence between this formula and the next.

        A capital behind a displayed one begins another sentence.
        """
        end = self.formulas[number].end
        first = words_of(self.source.text, end, end + 40)[:1] if self.formulas[number].displayed else []
        if first and self.source.text[first[0].start].isupper():
            return ""
        after = self.formulas[number + 1].start if number + 1 < len(self.formulas) else len(self.source.text)
        stop = _SENTENCE.search(self.source.text, end, min(after, end + 200))
        return self.source.text[end : stop.start() + 1 if stop is not None else min(after, end + 200)]

    def joined(self, number: int) -> bool:
        """Whether only a comma or "and" stands between this formula and the next."""
        between = self.source.text[self.formulas[number].end : self.formulas[number + 1].start]
        return JOINS.fullmatch(between.strip("$\\() ")) is not None


def words_before(text: str, start: int) -> list[Word]:
    """The words of the sentence right before a formula, none if anything else stands between."""
    close = text[max(0, start - CLOSE_BEFORE) : start].rstrip("$\\( \n")
    sentence = close[close.rfind(".") + 1 :]
    return words_of(sentence) if sentence[-1:].isalpha() else []


def is_shown(text: str, start: int) -> bool:
    """Whether a formula is to be shown, "show that $a = b$", "show that the best $a$ is $a = b$"."""
    before = words_before(text, start)
    claims = before[-1:] in _CLAIMING
    ends = [n for n in range(1, len(before)) if before[n : n + 1] in _THAT]
    return any(before[:n] in _SHOWING and (claims or n == len(before) - 1) for n in ends)
