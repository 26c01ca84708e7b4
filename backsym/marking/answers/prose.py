r"""Words around equations: numbers of steps, "by the chain rule", "therefore", reasons at the end of a line.

They say something to the reader only and are left out.  What could be a formula stays: a word counts as one only beside
others.  Knows no grammar and no names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from backsym.core.names import GREEK
from backsym.marking.answers.explanations import denies

_RULE = r"(?:(?:chain|product|sum|quotient|power|same)[\s-]+rule|(?:Ketten|Produkt|Summen|Quotienten)regel)"
_PHRASE = (
    r"(?:(?:the|der|die|das)\s+)?(?:gradient|derivative|Ableitung|Ergebnis)"
    r"(?:\s+(?:of|with\s+respect\s+to|w\.?r\.?t\.?|by|for|von|nach|bezüglich|bzgl\.|für)\s+(?:the\s+loss|\S+)){0,2}\s+(?:is|equals|ist|lautet)"
    r"|es\s+(?:gilt|ist|folgt|ergibt\s+sich)|ich\s+(?:erhalte|bekomme)|i\s+(?:think|believe|get|got|obtain|found)"
)
"""Words that mean something else by themselves."""
_WORD = (
    r"(?:"
    + _PHRASE
    + "|"
    + _RULE
    + r"|answer|ans|know|solution|let|define|set|with|where|so|thus|hence|therefore|then|and|we|get"
    r"|got|have|has|finally|gives?|giving|by|using|use|from|since|because|apply|applying|now|first|next|also|again|it|follows"
    r"|that|the|this|which|is|obtain|find|compute|computing|recall|note|given|definition|substitut(?:e|ing)"
    r"|simplify(?:ing)?|expand(?:ing)?|plug(?:ging)?|in|into|result|above|forward\s+pass|backward\s+pass"
    r"|sei|erst|zuerst|dann|schließlich|ist|der|daraus|also|somit|damit|daher|folglich|folgt|gilt|ergibt|sich|wir|erhalten|nach|mit\s+der|mittels|einsetzen|Lösung|Antwort"
    r"|local\s+derivatives?|return|step\s+\d{1,2}[.):]?)"
)
_SHORT = ("by", "get", "in", "is", "it", "use", "we")
"""Words that are products of letters where they stand alone."""
_SPACES = r"(?:\\q?quad(?![A-Za-z])|\\[,;: ]|~)"
_BEFORE = re.compile(
    rf"^(?:\s|{_SPACES})*(?:\\(?:text|mbox|textrm)\s*\{{\s*)?"
    rf"(?:{_WORD}(?=[\s,:}}]|\\|\Z)(?!\s*[=*/^])(?:[\s,:}}]|{_SPACES})*(?:\\(?:text|mbox|textrm)\s*\{{\s*)?)+",
    re.IGNORECASE,
)
_REASON = (
    rf"(?:{_RULE}|as\s+(?:shown|derived|computed|before|above|seen)\b|see\s+(?:above|part|line|eq)\b|(?:nach|mit|laut|wegen)\s+(?:der\s+|dem\s+|Teil\s+)?(?=[A-ZÄÖÜ(])|(?:by|using|use|from|since|because|due)\s+(?:to\s+)?(?:the|definition|chain|above|part|line|step|eq)\b"
    r"|(?:since|because|weil)\s+(?=[A-Za-z]+\s+[A-Za-z]{2,})|by\s+definition|definition\s+of|forward\s+pass|substitut(?:e|ing)\b|simplif(?:y|ying|ied)\b)"
)
_SAID = re.compile(
    r"\b(?:\w+n['’]t|times|plus|minus|over|multiplied|divided|squared|sum(?!\s+(?:up\s+)?to\b)|product|transposed?|Summe|mal|geteilt"
    r"|Produkt|twice|double|half|halved|negated|factor|sign|constant|proportional|doppelte?|halbe?|negative|Vorzeichen"
    r"|Faktor|not|nicht|unequal|except|wrong|incorrect|falsch|keine?|or|oder|but|aber|maybe|perhaps|vielleicht|without|ohne"
    r"|instead|statt|opposite|reversed|flipped|inverted|swapped|missing|fehlt|multiply|clip\w*|take|umgekehrt\w*|doubled|averaged|summed|approximately|ungefähr|never|old|ignore|discard|delete"
    r")\b(?!\s+rule)",
    re.IGNORECASE,
)
"""Words that are mathematics: what holds one is no reason, and is not left out."""
_AFTER = re.compile(
    rf"[(\[]?\s?{_REASON}[\w ,.'’-]*[)\]}}.\s]{{0,4}}\Z"
    r"|\\(?:tag|label)\s?\{[^{}]*\}\Z",
    re.IGNORECASE,
)
_JOINS = frozenset("=+-*/@^_([{,·×⊙")
"""Behind one of these a number in parentheses belongs to the formula."""
_WIDE = ("\\qquad", "\\quad")
_NARROW = ("&", "\\,", "\\;", "\\:", "\\!", "\\ ")
_SLOPES = ("\\frac{\\partial", "\\dfrac{\\partial", "\\frac{d", "\\partial", "\\nabla", "∂", "∇")
_OPENINGS = (*(f"\\{size}" for size in ("left", "bigl", "Bigl", "big", "Big")), "(", "[", "{", "\\{", "\\mathrm{")
_SHORTEST_WORD = 3
_ANSWERS = ("ans", "answer", "result", "solution", "antwort", "ergebnis", "lösung")
"""What an answer is called before a colon or an equals sign."""
_MOST_LABEL = 40
"""Characters before a colon that may be a label."""
_POINTS = re.compile(r"\A\s*(?:=>|->|→|⇒|⟹|⟶|∴|\\(?:to|rightarrow|Rightarrow|implies|therefore)(?![A-Za-z]))\s*")
"""An arrow before what follows."""
_ENDS = (" ", ",", ";", "...", "…", "\\quad", "\\qquad", "\\,", "\\;", "\\:", "\\text{", "\\mbox{", "\\textrm{", "~")
_LINK = re.compile(
    r"(?<![\s,;.])[\s,;.]+(?:und\s+)?(?:so|thus|hence|therefore|then|and|finally|next|now|und|dann|also|damit|daraus|somit|daher"
    r"|we\s(?:have|get|find|obtain))"
    r"(?:\s+that)?[\s,]+(?=[^=]*=)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"^(?=(?:[^,:]*\b[A-Za-z']{4,}\b){2})[A-Za-z' -]+[,:]\s")
_ASIDE = re.compile(r"\s[(\[](?=(?:[^()\[\]]*\b[a-z]{4,}\b){2})[A-Za-z' ,-]+[)\]]\.?\Z")
_TELLING = frozenset(
    "local derivative derivatives gradient product entry entries elementwise an the of by to is are was be "
    "as and or so since because for from this that these which we in on at with all each no it if when "
    "only here then chain rule use using via through apply applying der die das den dem des ein eine ist sind "
    "nach wegen weil da und oder mit für von zu im über durch gilt folgt ergibt also wir".split()
)
"""Words of which sentences have some, and products of names none."""
_WHY = frozenset(
    "rule chain because since from using derivative derivatives gradient definition local elementwise above before "
    "earlier lecture kettenregel wegen weil da nach oben vorher vorlesung definition ableitung".split()
)
"""Words of which a reason has some."""
_NUMBER = re.compile(r"^\s*(?:\(?(\d{1,2})\)|(\d{1,2})[.:](?=\s))\s*(?=[^\s*/+^.,)\]-])")
_LETTER = re.compile(r"^\s*\(?([a-h]|i{1,3}|iv|vi{0,3}|ix)\)\s+(?=[^\s*/+^.,)\]-])")
_BULLET = re.compile(r"^\s*([-*–])\s+(?=[^=]*=)")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")


def label_of(row: str) -> tuple[str, str] | None:
    """What stands before the colon of ``dL/dz: e``, and e; of ``wie bei W: e`` words only, which are left out.

    None for a row without a colon, or with mathematics before it.
    """
    colon = next(
        (n for n in range(1, len(row)) if row[n] == ":" and row[n - 1] != "\\" and row[n + 1 : n + 2] != "="), 0
    )
    head, rest = row[:colon].strip(), row[colon + 1 :].strip()
    if (
        not head
        or not rest
        or len(head) > _MOST_LABEL
        or _SAID.search(head)
        or denies(head)
        or any(row[:colon].count(sign) for sign in "=<>[?")
    ):
        return None
    if head.lower() in _ANSWERS:
        return "", rest
    name = "" if head in GREEK else head
    if of_slope(head) or (head.isidentifier() and not (len(name) > _SHORTEST_WORD and name.isalpha())):
        return head, rest
    words = "".join(char if char.isalnum() else " " for char in head).split()
    plain = all(char.isalnum() or char in " -_'.,/()" for char in head)
    return ("", rest) if plain and any(len(word) >= _SHORTEST_WORD and word.isalpha() for word in words) else None


def without_space(text: str) -> str:
    """A text without the space, of any kind, that it begins with."""
    bare = text.lstrip()
    while (space := next((sign for sign in (*_WIDE, *_NARROW) if bare.startswith(sign)), None)) is not None:
        bare = bare.removeprefix(space).lstrip()
    return bare


def of_slope(text: str) -> bool:
    """Whether a text begins with a derivative, perhaps after space."""
    bare = without_space(text)
    above, slash, below = bare.partition("/")
    quotient = bool(slash) and above.isidentifier() and above[0] == "d" and below[:1] == "d"
    return quotient or bare.startswith(_SLOPES)


def begins_with_slope(text: str) -> bool:
    """The same for one in brackets, or below a sum sign: before it stands no word and no sign."""
    bare = without_space(text)
    while (opening := next((sign for sign in _OPENINGS if bare.startswith(sign)), None)) is not None:
        bare = without_space(bare.removeprefix(opening))
    return of_slope(bare) or bare.startswith(("\\sum", "∑", "Σ", "sum"))


def unlisted(rows: Sequence[str]) -> list[str]:
    """The rows without the numbers, letters or bullets of a list; those of a list count up from the first."""
    for pattern, names, fewest in (
        (_NUMBER, tuple(map(str, range(1, 100))), 1),
        (_LETTER, tuple("abcdefgh"), 2),
        (_LETTER, _ROMAN, 2),
    ):
        marks = {n: match for n, row in enumerate(rows) if (match := pattern.match(row)) is not None}
        if len(rows) == len(marks) == 1 and "(" not in marks[0][0]:
            return [rows[0][marks[0].end() :]]
        if len(marks) >= fewest and tuple(m[m.lastindex or 0] for m in marks.values()) == names[: len(marks)]:
            return [row[marks[n].end() :] if n in marks else row for n, row in enumerate(rows)]
    bullets = [match for row in rows if (match := _BULLET.match(row))]
    if len(bullets) == len(rows) > 1 and len({match[1] for match in bullets}) == 1:
        return [row[match.end() :] for row, match in zip(rows, bullets, strict=True)]
    return [row.lstrip().lstrip("•‣▪") if row.lstrip()[:1] in "•‣▪" else row for row in rows]


def without_words(row: str) -> str:
    """A row, with single spaces, without the words before and after its equation."""
    row = _POINTS.sub("", row)
    row = _without_number(row)
    if not any(char.isalpha() for char in row[:1]) and "\\" not in row and " " not in row:
        return row.strip()
    if row.strip().lower() in _SHORT:
        return row.strip()
    row = _after_sentence(row)
    row = _BEFORE.sub("", _SENTENCE.sub(_unless_names, row))
    row = _ASIDE.sub(_unless_reason, row)
    reason = _AFTER.search(row)
    if reason is None or _SAID.search(reason[0]):
        return row.strip()
    row = row[: reason.start()]
    while row.endswith(_ENDS):
        row = row.removesuffix(next(end for end in _ENDS if row.endswith(end)))
    return row.strip()


def assigned(row: str) -> str:
    """A derivative and what is said to be it, ``dL/dz is e`` or ``dL/dz == e``, as an equation; ``Answer = e`` as e."""
    head, found, rest = row.partition("=")
    if found and head.strip().lower() in _ANSWERS:
        return rest
    if not begins_with_slope(row):
        return row
    for sign in (" is ", " equals ", " ist ", " lautet ", " == ", " <- ", " ← "):
        head, found, rest = row.partition(sign)
        if found and rest.strip() and not any(char in head for char in "=<>["):
            return f"{head} = {rest}"
    return row


def introduces(row: str) -> bool:
    """Whether a line is words only, as before a display: ``The chain rule gives:``, ``und damit``."""
    words = row.replace("! ", " ").strip(" .,:;!").split()
    plain = all(word.replace("-", "").replace("'", "").strip(",").isalpha() for word in words)
    told = plain and not _TELLING.isdisjoint(word.lower().strip(",") for word in words)
    return len(words) > 1 and _SAID.search(row) is None and (told or (plain and row.rstrip()[-1:] == ":"))


def _after_sentence(row: str) -> str:
    """A row without the sentence before its derivative: ``Because t is one-hot we get dL/dz = e``."""
    places = [row.find(sign) for sign in (*_SLOPES, "dL/d", "dJ/d") if sign in row]
    before = row[: min(places, default=0)]
    return row[len(before) :] if before[-1:] == " " and introduces(before) else row


def _unless_names(said: re.Match[str]) -> str:
    """Nothing for words of a sentence; what may be mathematics, ``(vhat - uhat)``, stays."""
    words = said[0].lower().strip(" ,:.()[]").split()
    kept = "-" in words or _TELLING.isdisjoint(words) or _SAID.search(said[0]) is not None
    return said[0] if kept else ""


def _unless_reason(said: re.Match[str]) -> str:
    """The same for an aside at the end of an answer: it goes only if it is a reason."""
    return said[0] if _WHY.isdisjoint(said[0].lower().strip(" .()[]").replace(",", "").split()) else _unless_names(said)


def _without_number(row: str) -> str:
    """A row without the number of an equation, ``(2)``, at its end.

    Space of any kind stands before the number of an equation; that of an expression stands apart by wide space.
    """
    rest = row.rstrip()
    opening = {")": "(", "]": "["}.get(rest[-1:])
    inner = rest[:-1].removesuffix("\\right")
    bare = inner.rstrip("0123456789")
    if opening is None or len(inner) - len(bare) not in (1, 2) or bare[-1:] not in ("(", "["):
        return row
    before = bare[:-1].removesuffix("\\left")
    kept, wide, spaced = before.rstrip(), 0, before[-1:].isspace()
    while (sign := next((sign for sign in (*_WIDE, *_NARROW) if kept.endswith(sign)), None)) is not None:
        if sign in _NARROW and "=" not in row:
            break
        kept, wide, spaced = kept.removesuffix(sign).rstrip(), wide + (sign in _WIDE), True
    numbered = spaced if "=" in row else wide > 0
    return kept if numbered and kept and kept[-1] not in _JOINS else row


_QUOTED = re.compile(r"\\(?:text|mbox|textrm)\s*\{([^{}$\\]*)\}")
_ONLY_WORDS = re.compile(rf"(?:[\s.,;:]|{_WORD}(?![\w-]))+", re.IGNORECASE)


def unquoted(row: str) -> str:
    r"""A row without ``\text{...}`` around words of prose, which part equations as others do."""
    return _QUOTED.sub(lambda m: f" {m[1]} " if _ONLY_WORDS.fullmatch(m[1]) and m[1].strip() else m[0], row)


def remarked(text: str) -> str:
    r"""A text with ``\text{ (times 2)}``, whose words are mathematics, as words, and without other such remarks."""
    return _QUOTED.sub(lambda m: _remark(m[1].strip()) or m[0], text)


def _remark(content: str) -> str:
    if content[:1] != "(" or content[-1:] != ")":
        return ""
    told = not _TELLING.isdisjoint(content[1:-1].lower().split())
    return " " if told and not _SAID.search(content) and not any(map(str.isdecimal, content)) else content


def linked(row: str) -> list[str]:
    """``y = a, so z = b``: two equations."""
    pieces = _LINK.split(row)
    return pieces if len(pieces) > 1 and all("=" in piece for piece in pieces) else [row]
