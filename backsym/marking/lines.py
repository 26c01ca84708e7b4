r"""A student's text as statements, each a chain of members that are said to be equal.

Statements begin on lines of their own; ``=`` parts the members; a line that begins or ends with an operator, or inside
a bracket, goes on.  ``\\``, aligned blocks and dollar signs are layout.  Knows signs only, no grammar and no names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backsym.marking.one_line import one_line

MAX_MEMBERS = 100

_LAYOUT = re.compile(
    r"\\(?:begin|end)\s*\{(?:align|aligned|alignat|gather|gathered|equation|split|multline|eqnarray|displaymath|math)\*?\}"
    r"|\\(?:displaystyle|textstyle|nonumber|notag|limits|nolimits)(?![A-Za-z])|\\[\[\]()]|\$\$?|```(?:math|latex)?|`|(?<!\\)&|\\boxed(?=\s*\{)"
)
_ROW = re.compile(
    r"\\\\(?:\[[^\]\n]*\])?|\r\n?|\n|\\(?:Rightarrow|implies|iff|therefore|Longrightarrow)(?![A-Za-z])|[⇒∴⟹⇔]"
)
_EQUALS = re.compile(r"≔|≡|\\(?:equiv|triangleq|coloneqq|coloneq|stackrel\s*\{[^{}]*\}\s*\{=\})(?![A-Za-z])|:=")
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
_WORDS = re.compile(
    r"^(?:\\text\s*\{\s*)?(?:answer|ans|solution|let|define|set|with|where|so|thus|hence|therefore|then|and|we get"
    r"|we have|finally|gives)\b"
    r"\s*[:,]?\s*\}?\s*[:,]?",
    re.IGNORECASE,
)
_WHERE = re.compile(r"[,;]?\s*(?:\\text\s*\{\s*(?:where|with)\s*\}|\b(?:where|with)\b)\s*(?=.*=)", re.DOTALL)
_GOES_ON = re.compile(r"\s*(?:[+*/@·×⊙∘)\]}]|\\(?:cdot|times|odot|circ|ast)(?![A-Za-z]))")
_WAITS = re.compile(r"(?:[-+*/@·×⊙∘=,(\[{]|\\(?:cdot|times|odot|circ|ast|left))\s*\Z")
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True)
class Statement:
    """Members that are said to be equal; ``left`` is the first of several, if the statement has a left side."""

    left: str | None
    members: tuple[str, ...]
    first_line: int
    """The number of its first member among all members of the text, from 1."""


def statements(text: str) -> list[Statement]:
    """The statements of a text, in order; what stands after "where" comes first, because it is used before."""
    usual = one_line(text)
    if usual is not None:
        return [Statement(usual[0], (usual[1],), 1)]
    return any_statements(text)


def any_statements(text: str) -> list[Statement]:
    """The same for texts that may have words, layout, asides and several lines."""
    text = _EQUALS.sub("=", _LAYOUT.sub(" ", _RANGE.sub(" ", text)) if _has_layout(text) else text)
    parts = _WHERE.split(text) if "where" in text or "with" in text else [text]
    rows = [row for part in [*parts[1:], parts[0]] for row in _rows(part)]
    found: list[Statement] = []
    count = 0
    for row in rows:
        row = _WORDS.sub("", row.strip()).strip()
        members = [member.strip() for member in _split(row)]
        continues = bool(found) and members[0] == ""
        members = [member for member in members if member]
        if not members:
            continue
        last = found[-1] if found else None
        if last is not None and continues:
            found[-1] = Statement(last.left, (*last.members, *members), last.first_line)
        elif len(members) == 1:
            found.append(Statement(None, tuple(members), count + 1))
        else:
            found.append(Statement(members[0], tuple(members[1:]), count + 1))
        count += len(members)
        if count > MAX_MEMBERS:
            break
    return found


def _has_layout(text: str) -> bool:
    return any(sign in text for sign in "\\$&`=:≔≡∀") or "for" in text


def _rows(text: str) -> list[str]:
    """The lines, those that go on joined; commas and semicolons between equations part them too."""
    rows: list[str] = []
    depth = 0
    for row in _ROW.split(text):
        if not row.strip():
            continue
        if rows and (depth > 0 or _WAITS.search(rows[-1]) or _GOES_ON.match(row) or _continues(rows[-1], row)):
            rows[-1] = f"{rows[-1]} {row}"
        else:
            rows.append(row)
            depth = 0
        depth += sum((c in _OPENS) - (c in _CLOSES) for c in row)
    return [piece for row in rows for piece in _parted(row)]


def _continues(before: str, row: str) -> bool:
    """A line that begins with a minus goes on with an equation."""
    return row.lstrip()[:1] in "-−" and "=" in before and "=" not in row


def _parted(row: str) -> list[str]:
    """``y = a, z = b``: two equations."""
    if "=" not in row or not any(sign in row for sign in ",;"):
        return [row]
    pieces: list[str] = []
    depth, start = 0, 0
    for n, char in enumerate(row):
        depth += (char in _OPENS) - (char in _CLOSES)
        if char in ",;" and depth == 0 and "=" in row[start:n] and "=" in row[n:]:
            pieces.append(row[start:n])
            start = n + 1
    return [*pieces, row[start:]]


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
        elif char == "=" and depth == 0 and not _compares(row, n):
            members.append(row[start:n])
            start = n + 1
    return [*members, row[start:]]


def _compares(row: str, n: int) -> bool:
    return (row[n - 1 : n] in ("<", ">", "!", "=") and n > 0) or row[n + 1 : n + 2] == "="
