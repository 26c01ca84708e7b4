r"""A student's text as statements, each a chain of members that are said to be equal.

Statements begin on lines of their own; ``=`` parts the members; a line that begins or ends with an operator, or inside
a bracket, goes on.  ``\\``, aligned blocks and dollar signs are layout.  Knows signs only, no grammar and no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backsym.marking.answers.one_line import one_line
from backsym.marking.answers.prose import (
    assigned,
    introduces,
    label_of,
    linked,
    of_slope,
    remarked,
    unlisted,
    unquoted,
    without_space,
    without_words,
)
from backsym.text.pieces import partner

MAX_MEMBERS = 100

_LAYOUT = re.compile(
    r"\\(?:begin|end)\s*\{(?:align|aligned|alignat|gather|gathered|equation|split|multline|eqnarray|displaymath|math)\*?\}"
    r"|\\(?:begin|end)\s*\{array\}(?:\s*\{[lcr| ]*\})?"
    r"|\\(?:displaystyle|textstyle|nonumber|notag|limits|nolimits)(?![A-Za-z])|(?<!\\)\\[\[\]()]|\$\$?|```(?:math|latex)?|`"
    r"|(?:(?<!\\)|(?<=(?<!\\)\\\\))&"
)
_FRAME = re.compile(r"\\(?:boxed|fbox|ensuremath|underline(?!\s*\{\s*\\?[A-Za-z]+\s*\}))\s*(?=\{)")
_ROW = re.compile(
    r"\\\\(?:\[[^\]\n]*\])?|\r\n?|\n|\\(?:Rightarrow|implies|iff|therefore|Longrightarrow)(?![A-Za-z])|[⇒∴⟹⇔]"
)
_CASES = re.compile(r"\\begin\s*\{(d?cases\*?|[pb]?matrix)\}.*?\\end\s*\{\1\}", re.DOTALL)
_HIDDEN = {r"\\": "\ue000", "&": "\ue001", "=": "\ue002", "\n": " "}
"""The rows and columns of a choice are none of the text, nor are its equals signs members of a chain."""

_EQUALS = ("≔", "≡", ":=", r"\equiv", r"\triangleq", r"\coloneqq", r"\coloneq")
_FOR = (
    r"(?:\\text\s*\{\s*(?:for|for all|for each|for every)\s*\}|\\forall(?![A-Za-z])|∀"
    r"|\bfor(?:\s+all|\s+each|\s+every)?\b)"
)
_RANGE = re.compile(
    rf"(?:(?<!\\)[,;]|\\q?quad(?![A-Za-z])|{_FOR})(?:(?<!\\)[,;]|\\q?quad(?![A-Za-z])|{_FOR}|\s|\\[,;:! ])*"
    r"(?:[A-Za-z]'*\s*,\s*)*[A-Za-z]'*\s*(?:=\s*(?:\{\s*)?1\s*,?\s*(?:\\[lc]?dots|\.\.\.?|…|⋯)|\\in(?![A-Za-z])|∈)"
    r".*?(?=\\\\|\n|\Z)",
    re.DOTALL,
)
_WHERE = re.compile(
    r"(?<![\s,;])(?:[,;]|\\[,;:! ]|\\q?quad(?![A-Za-z])|\s)*"
    r"(?:\\text\s*\{\s*(?:where|with|since|because|mit|wobei|weil)\s*\}"
    r"|(?<![.\w])(?:where|with|since|because|using|mit|wobei|weil)\b(?!\s*\((?:[^=,]|[<>!=]=)*,)|,\s*as\b)\s*(?=.*=)",
    re.DOTALL,
)
_ARROW = re.compile(r"(?:^|(?<=\s))<?=>(?=[^\n\])}]*=)", re.MULTILINE)
_SIGNS = (*"+*/@·×⊙∘", r"\cdot", r"\times", r"\odot", r"\circ", r"\ast")
_GOES_ON = (*_SIGNS, *")]}")
"""How a line begins that goes on with the one before."""
_WAITS = (*_SIGNS, *"-=,([{", r"\left")
"""How a line ends that goes on in the next."""
_ASIDES = ("where", "with", "since", "because", "using", "mit", "wobei", "weil", "as ")
_DEFINES = re.compile(
    r"((?:\s|\\[,;:! ]|\\q?quad(?![A-Za-z]))*)"
    r"(?:\\(?:mathbf|boldsymbol|bm|vec|mathrm|text|(?:wide)?(?:hat|tilde)|bar|overline)(?![A-Za-z])\s*\{?\s*)*\\?[A-Za-zα-ω]\w*\}*"
    r"(?:\s*[_^]\s*(?:\{[^{}]*\}|\w))*\s*=(?!\s*[\d=])"
)
"""The left side of the equation of a name, after a comma."""
_DERIVATIVES = tuple(rf"\{kind}frac{{{sign}" for kind in ("", "d", "t") for sign in ("d", "\\partial"))
"""How what is said of a derivative begins."""
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True)
class Statement:
    """Members that are said to be equal; ``left`` is the first of several, if the statement has a left side.

    ``rows`` are the numbers, from 1, of the lines of the text on which the members stand, blank ones not counted.
    """

    left: str | None
    members: tuple[str, ...]
    rows: tuple[int, ...]
    aside: bool = False
    """Whether it stands behind "where" or "because"."""

    def turned(self) -> Statement:
        """The same as a chain without a left side."""
        if self.left is None:
            return self
        return Statement(None, (self.left, *self.members), (self.rows[0], *self.rows), self.aside)


def statements(text: str) -> list[Statement]:
    """The statements of a text, in order; what stands after "where" comes first, because it is used before."""
    usual = usual_statement(text)
    return [usual] if usual is not None else any_statements(text)


def usual_statement(text: str) -> Statement | None:
    """The one statement of a text that has nothing else in it, as most have; None for any other text."""
    usual = one_line(text)
    return Statement(usual[0], (usual[1],), (1,)) if usual is not None else None


def any_statements(text: str) -> list[Statement]:
    """The same for texts that may have words, layout, asides and several lines."""
    if "cases" in text or "matrix" in text:
        text = _CASES.sub(lambda match: _replaced(match[0], _HIDDEN), text)
        shown = {sign: written for written, sign in _HIDDEN.items() if sign != " "}
        return [
            Statement(
                s.left and _replaced(s.left, shown), tuple(_replaced(m, shown) for m in s.members), s.rows, s.aside
            )
            for s in _statements(text)
        ]
    return _statements(text)


def _replaced(text: str, signs: Mapping[str, str]) -> str:
    for old, new in signs.items():
        text = text.replace(old, new)
    return text


def _statements(text: str) -> list[Statement]:
    text = _unframed(text) if "\\" in text else text
    text = remarked(text).replace("\\text{(", "(\\text{") if "\\" in text else text
    text = _without_brackets(text) if "(" in text and any(word in text for word in _ASIDES) else text
    if _has_layout(text):
        text = _LAYOUT.sub(" ", _RANGE.sub(_outside, _ARROW.sub("⇒", text)))
        for sign in _EQUALS:
            text = text.replace(sign, "=")
    found: list[Statement] = []
    count = 0
    ordered, asides = _ordered(text)
    for place, (number, row) in enumerate(_labelled(ordered)):
        members = [member.strip() for member in _split(_bare(assigned(without_words(without_space(row)))))]
        continues = bool(found) and members[0] == ""
        members = [member for member in members if member]
        if not members:
            continue
        last = found[-1] if found else None
        rows = (number,) * len(members)
        if last is not None and continues:
            # What stood alone on its line turns out to be a left side.
            alone = last.left is None
            left, before = (last.members[0], last.members[1:]) if alone else (last.left, last.members)
            found[-1] = Statement(left, (*before, *members), (*last.rows[alone:], *rows))
        elif len(members) > 1 and (added := _added(members[0])) is not None:
            _add(found, *added, members[1:], rows[1:])
        elif last is not None and _goes_on_choosing(last, members):
            chosen = f"{last.members[-1]}, {members[-1]}"
            found[-1] = Statement(last.left, (*last.members[:-1], chosen), last.rows)
        elif len(members) == 1:
            found.append(Statement(None, tuple(members), rows, place < asides))
        else:
            found.append(Statement(members[0], tuple(members[1:]), rows[1:], place < asides))
        count += len(members)
        if count > MAX_MEMBERS:
            break
    return found


def _without_brackets(text: str) -> str:
    """The text with ``a (since b = c)`` as ``a , since b = c``."""
    for start in [n for n, char in enumerate(text) if char == "("]:
        inner = text[start + 1 :].removeprefix("\\text{").lstrip()
        end = _partner(text, start) if inner.startswith(_ASIDES) else None
        if end is not None and "=" in text[start:end]:
            return f"{text[:start]}, {text[start + 1 : end]}{_without_brackets(text[end + 1 :])}"
    return text


def _labelled(rows: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The rows, with ``dL/dz: e`` as an equation, and without the words before the only colon that stands after words.

    Where several rows have such words they may say when each of them holds, so that they are left as they are.
    """
    labels = [label_of(row) for _, row in rows]
    words = sum(label is not None and label[0] == "" for label in labels)
    for (number, row), label in zip(rows, labels, strict=True):
        if label is not None and (label[0] or words == 1):
            yield number, f"{label[0]} = {label[1]}" if label[0] else label[1]
        else:
            yield number, row


def _told_first(row: str) -> str:
    """``for t = T: e`` as ``e for t = T``; an equation says itself which member it is about."""
    word, _, rest = row.lstrip().partition(" ")
    condition, colon, value = rest.partition(":")
    told = word.lower() in ("for", "if", "falls", "wenn", "für") and bool(colon) and bool(value.strip())
    short = len(condition) < 20 and any(sign in condition for sign in "=<>")
    if not told or not short or value[:1] == "=":
        return row
    return value.strip() if len(_split(value)) > 1 else f"{value.strip()} for {condition.strip()}"


def _goes_on_choosing(last: Statement, members: Sequence[str]) -> bool:
    """Whether ``b for k = y`` on a line of its own is the other case of ``a for k != y``."""
    first, other = last.members[-1], members[-1]
    apart = " else " not in first and _in_condition(first) and _in_condition(other) and "," not in first
    return apart and (len(members) == 1 or (len(members) == 2 and members[0] == last.left))


def _ordered(text: str) -> tuple[list[tuple[int, str]], int]:
    """The rows with their numbers, those after "where" first, and how many these are."""
    found: list[list[tuple[int, str]]] = []
    place = _Place()
    start = 0
    for match in _WHERE.finditer(text) if any(word in text for word in _ASIDES) else ():
        found.append(_joined(place.rows(text[start : match.start()])))
        place.broken = place.broken or _is_broken(match[0])
        start = match.end()
    first, *others = [*found, _joined(place.rows(text[start:]))]
    asides = [row for part in others for row in part]
    return [*asides, *first], len(asides)


@dataclass
class _Place:
    """The number of the line that is being read, and whether the next text begins another."""

    number: int = 0
    broken: bool = True

    def rows(self, text: str) -> list[tuple[int, str]]:
        """What stands between breaks and arrows, with the numbers of its lines; blank lines are not counted."""
        found: list[tuple[int, str]] = []
        start = 0
        for match in (*_ROW.finditer(text), None):
            piece = text[start : match.start()] if match else text[start:]
            if piece.strip():
                self.number += self.broken
                self.broken = False
                row = " ".join(piece.split())
                found.append((self.number, row if row.endswith("\\;") else row.rstrip("; ")))
            if match:
                self.broken = self.broken or _is_broken(match[0])
                start = match.end()
        return found


def _is_broken(text: str) -> bool:
    return "\n" in text or "\r" in text or "\\\\" in text


def _added(left: str) -> tuple[str, str] | None:
    """What ``dW +`` adds to, and the sign, where an equals sign follows."""
    rest, sign = left[:-1].rstrip(), left[-1:]
    quantity = rest[-1:].isalnum() or rest[-1:] in ("_", "]", "}")
    return (rest, sign) if sign in ("+", "-", "−") and quantity else None


def _add(found: list[Statement], left: str, sign: str, members: Sequence[str], rows: tuple[int, ...]) -> None:
    """``dW += e``: what was said of dW before, and e; where nothing was, e."""
    before = next((n for n, statement in enumerate(found) if statement.left == left), None)
    if before is not None:
        members = [f"{found.pop(before).members[-1]} {sign} ({members[-1]})"]
    elif sign != "+":
        members = [f"-({members[-1]})"]
    found.append(Statement(left, tuple(members), rows[-len(members) :]))


def _unframed(text: str) -> str:
    r"""The text without ``\\boxed`` and the like, whose braces would hide what they hold."""
    while (match := _FRAME.search(text)) is not None:
        end = _partner(text, match.end())
        inside = text[match.end() + 1 : end] if end is not None else ""
        rest = match.end() if end is None or len(_split(inside)) == 1 else end + 1
        text = f"{text[: match.start()]} {inside if rest != match.end() else ''} {text[rest:]}"
    return text


def _bare(row: str) -> str:
    """An equation without brackets around all of it."""
    row = row.strip()
    while "=" in row and row[:1] in ("(", "{") and _partner(row, 0) == len(row) - 1 and len(_split(row[1:-1])) > 1:
        row = row[1:-1].strip()
    return row


def _partner(text: str, at: int) -> int | None:
    return partner(text, at, _OPENS, _CLOSES)


def _has_layout(text: str) -> bool:
    return any(sign in text for sign in "\\$&`=:≔≡∀") or "for" in text


def _joined(rows: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """The rows, those that go on joined; commas, semicolons and words between equations part them too."""
    joined: list[tuple[int, str]] = []
    depth = 0
    for (number, _), row in zip(rows, unlisted([_told_first(unquoted(row)) for _, row in rows]), strict=True):
        before = joined[-1][1] if joined else ""
        waits = before.rstrip().endswith(_WAITS) or row.lstrip().startswith(_GOES_ON)
        if len(rows) > 1 and depth <= 0 and introduces(row):
            continue
        if joined and (depth > 0 or waits or _continues(before, row)):
            joined[-1] = joined[-1][0], f"{before} {row}"
        else:
            joined.append((number, row))
            depth = 0
        depth += _depth(row)
    return [
        (number, part)
        for number, row in joined
        for piece in linked(row)
        for beside in _besides(piece)
        for part in _parted(beside)
    ]


def _besides(row: str) -> list[str]:
    r"""A row, and after it what it says in parentheses at its end of a derivative: ``a b  (dz/dw = b)``."""
    row = row.rstrip()
    if row[-1:] != ")" or (opening := _partner(row, len(row) - 1)) is None or "=" not in row[:opening]:
        return [row]
    inner = row[opening + 1 : -1].strip()
    says = inner.startswith(("\\partial", "∂")) or "".join(inner.split()).startswith(_DERIVATIVES)
    says = (says or (inner[:1] == "d" and inner.partition("/")[0].rstrip().isidentifier())) and len(_split(inner)) == 2
    return [row[:opening].rstrip(" &"), inner] if says else [row]


def _continues(before: str, row: str) -> bool:
    """A line that begins with a minus goes on with an equation."""
    return row.lstrip()[:1] in "-−" and "=" in before and "=" not in row


def _parted(row: str) -> list[str]:
    """``y = a, z = b``: two equations; in ``d a, d = b`` the second, which is used before, comes first."""
    row = _with_commas(row) if "\\q" in row and "=" in row else row
    if "=" not in row or not (any(sign in row for sign in ",;:") or ". " in row):
        return [row]
    ends = _separators(row)
    says = [len(_split(row[a + 1 : b])) > 1 for a, b in pairwise((-1, *ends, len(row)))]
    pieces: list[str] = []
    start, equation = 0, False
    for count, n in enumerate(ends):
        equation = equation or says[count]
        if not any(says[count + 1 :]) and (row[n] != ";" or not equation):
            break  # A remark, or a proviso; but after d = b; an expression is the next statement.
        if equation:
            pieces.append(row[start:n])
            start, equation = n + 1, False
        elif not pieces and (
            (left := _DEFINES.match(row, n + 1)) is not None or (of_slope(row[n + 1 :]) and label_of(row) is None)
        ):
            return [*_parted(row[left.end(1) if left else n + 1 :].strip()), row[:n]]
    return [without_space(piece) for piece in (*pieces, row[start:])]


def _with_commas(row: str) -> str:
    """The row with a comma in place of wide space before another equation: ``a \\qquad d = b``."""
    for space in ("\\qquad", "\\quad"):
        first, *rest = row.split(space)
        for part in rest:
            begins = bool(first.strip()) and not _depth(first) and len(_split(part)) > 1
            begins = begins and (_DEFINES.match(part) is not None or of_slope(part))
            apart = begins and not first.rstrip().endswith((",", ";", ":"))
            first += (", " if apart else space) + part
        row = first
    return row


def _separators(row: str) -> list[int]:
    """The places of the commas, semicolons and colons outside of all brackets."""
    found: list[int] = []
    depth = 0
    for n, char in enumerate(row):
        depth += (char in _OPENS) - (char in _CLOSES)
        ends = char in ",;:" or (char == "." and row[n + 1 : n + 2] == " " and not row[n - 1 : n].isdigit())
        if ends and not depth and row[n - 1 : n] != "\\":
            found.append(n)
    return found


def _outside(remark: re.Match[str]) -> str:
    """A space for where something holds; within brackets, as in ``sum(u, t=1..T)``, it is part of a formula."""
    before = remark.string[: remark.start()].rpartition("\n")[2]
    return " " if _depth(before) <= 0 else remark[0]


def _depth(text: str) -> int:
    """How many brackets are open at the end of a text."""
    return sum((char in _OPENS) - (char in _CLOSES) for char in text)


def _split(row: str) -> list[str]:
    """The members of a chain: parted by equals signs outside of all brackets."""
    if "=" not in row:
        return [row]
    members: list[str] = []
    depth, start = 0, 0
    for n, char in enumerate(row):
        if char in _OPENS:
            depth += 1
        elif char in _CLOSES:
            depth = max(0, depth - 1)
        elif char == "=" and depth == 0 and not _compares(row, n) and not _in_condition(row[:n]):
            members.append(row[start:n])
            start = n + 1
    return [*members, row[start:]]


def _in_condition(before: str) -> bool:
    """Whether an equals sign after this is that of a condition, ``1 if k = y``."""
    return any(
        word in before
        for each in ("if", "for", "falls", "wenn", "für")
        for word in (f" {each} ", f"{{{each}}}", f"{{{each} }}", f"{{ {each} }}")
    )


def _compares(row: str, n: int) -> bool:
    if row[:n].rstrip().endswith("\\not"):
        return True
    return (row[n - 1 : n] in ("<", ">", "!", "=") and n > 0) or row[n + 1 : n + 2] == "="
