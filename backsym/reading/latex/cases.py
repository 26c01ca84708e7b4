r"""A choice, ``\begin{cases} z & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}``, as a sum with indicators.

Each row holds where its own condition does and none above it: [z > 0] z + [z <= 0] 0.  Knows the grammar of formulas
through the reader that is handed in; resolves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backsym.core.words import say
from backsym.reading.latex.cursor import Cursor
from backsym.reading.latex.lexer import Token
from backsym.reading.syntax import Node

MAX_CASES = 5

_NEGATED = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
IF = frozenset("if falls wenn".split())
"""After these both cases are told."""
FOR = frozenset("for für".split())
"""After these the other case may be missing."""
_IF = IF | FOR | {"when", "where"}
_OTHERWISE = frozenset("otherwise else elsewhere sonst ansonsten".split())
_BETWEEN = _OTHERWISE | {"and", "or", "und", "oder"}
_EXAMPLE = say("latex.such_as", example=r"\begin{cases} z & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}")

Row = tuple[Node, Node | None]
"""A value with its condition, None for "otherwise"."""


def cases(
    cursor: Cursor, expression: Callable[[], Node], compared: Callable[[Node], Node], signs: Sequence[str]
) -> Node:
    """The choice that begins here; ``compared`` reads a comparison, one of ``signs``, and what is to its right."""
    opening = cursor.take()
    cursor.enter(opening)
    rows: list[Row] = []
    while not cursor.at("}cases"):
        value = expression()
        cursor.took(",")
        rows.append((value, _condition(cursor, expression, compared, signs)))
        cursor.took(",", ".", ";")
        if not cursor.took("cases;"):
            break
    cursor.leave()
    if cursor.token.kind in ("end", "row"):
        raise cursor.error(say("latex.cases_never_closed"), opening)
    if not cursor.at("}cases"):
        raise cursor.unexpected(say("latex.sought.condition_or_row"), _EXAMPLE)
    if not 1 <= len(rows) <= MAX_CASES or any(condition is None for _, condition in rows[:-1]):
        message = say("latex.case_count", limit=MAX_CASES)
        raise cursor.error(message, opening, _EXAMPLE)
    cursor.take()
    return _sum(cursor, rows, opening)


def _condition(
    cursor: Cursor, expression: Callable[[], Node], compared: Callable[[Node], Node], signs: Sequence[str]
) -> Node | None:
    marked = cursor.took("cases&")
    word = cursor.token.text.lower() if cursor.token.kind == "word" else ""
    if word in _OTHERWISE or not (marked or word in _IF):
        if word in _OTHERWISE:
            cursor.take()
        return None
    if word in _IF:
        cursor.take()
    left = expression()
    if not cursor.at(*signs):
        raise cursor.unexpected(say("latex.sought.comparison"), _EXAMPLE)
    return _run(cursor, compared(left), expression)


def _run(cursor: Cursor, condition: Node, expression: Callable[[], Node]) -> Node:
    r"""``t = T - 1, \dots, 1``: the positions up to the other end, which is the first."""
    if condition.value != "==" or not cursor.at(",") or cursor.ahead().text != "dots":
        return condition
    cursor.take()
    cursor.take()
    cursor.took(",")
    (letter, start), stop = condition.children, expression()
    first, final = (start, stop) if start.kind == "num" else (stop, start)
    if (first.kind, first.value) != ("num", "1"):
        raise cursor.unexpected(say("latex.sought.condition_or_row"), _EXAMPLE)
    return condition._replace(value="<=", children=(letter, final))


def choice_in_words(
    cursor: Cursor, value: Node, expression: Callable[[], Node], compared: Callable[[Node], Node]
) -> Node:
    """``value if z > 0, 0 otherwise``, from the word "if" on: a value for each of the two cases.

    After "for" the other case may be missing, which is said elsewhere, or nowhere.
    """
    opening = cursor.take()
    condition = _run(cursor, compared(expression()), expression)
    if opening.text.lower() in FOR and cursor.token.kind == "end":
        return cursor.make("mul", "", (condition, value), opening.start)
    between = True
    while between:
        between = cursor.took(",", ";") or _took_word(cursor, _BETWEEN)
    other = expression()
    cursor.took(",")
    _took_word(cursor, _OTHERWISE)
    second = compared(expression()) if _took_word(cursor, _IF) else None
    return _sum(cursor, [(value, condition), (other, second)], opening)


def _took_word(cursor: Cursor, words: frozenset[str]) -> bool:
    if cursor.token.kind != "word" or cursor.token.text.lower() not in words:
        return False
    cursor.take()
    return True


def _sum(cursor: Cursor, rows: Sequence[Row], opening: Token) -> Node:
    """The rows that are not 0, each times its indicators; ReLU where the choice is that."""
    if (argument := _relu_of(rows)) is not None:
        return cursor.make("call", "relu", (argument,), opening.start)
    terms: list[Node] = []
    above: list[Node] = []
    for value, condition in rows:
        own = [] if condition is None else [condition]
        others = [c for c in map(_negated, above) if condition is None or not _same(c, condition)]
        factors = (*own, *others, value)
        if not _is_zero(value):
            term = cursor.make("mul", "", factors, opening.start) if len(factors) > 1 else value
            terms.append(term)
        above += own
    if not terms:
        return cursor.make("num", "0", (), opening.start)
    return terms[0] if len(terms) == 1 else cursor.make("add", "", tuple(terms), opening.start)


def _relu_of(rows: Sequence[Row]) -> Node | None:
    """z of "z if z > 0, else 0" and of "0 if z < 0, else z", with or without equality; None for other choices."""
    if len(rows) != 2 or (condition := rows[0][1]) is None:
        return None
    (first, _), (second, other) = rows
    left, right = condition.children
    complete = other is None or _same(_negated(condition), other)
    if not complete or not _is_zero(right):
        return None
    if condition.value in (">", ">=") and _equal(first, left) and _is_zero(second):
        return first
    return second if condition.value in ("<", "<=") and _is_zero(first) and _equal(second, left) else None


def _is_zero(tree: Node) -> bool:
    return tree.kind == "num" and float(tree.value) == 0


def _negated(condition: Node) -> Node:
    return condition._replace(value=_NEGATED[condition.value])


def _same(a: Node, b: Node) -> bool:
    """Whether two comparisons say the same, in the same order or the other."""
    if a.value == b.value and all(map(_equal, a.children, b.children)):
        return True
    return a.value == _MIRRORED[b.value] and all(map(_equal, a.children, reversed(b.children)))


def _equal(a: Node, b: Node) -> bool:
    """Equal trees, wherever they stand."""
    pairs = [(a, b)]
    while pairs:
        x, y = pairs.pop()
        if (x.kind, x.value, len(x.children)) != (y.kind, y.value, len(y.children)):
            return False
        pairs.extend(zip(x.children, y.children, strict=True))
    return True
