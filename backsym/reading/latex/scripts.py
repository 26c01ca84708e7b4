r"""Sub- and superscripts: tags, indices, transposes, powers and primes, in any order.

A superscript in parentheses, ``z^{(2)}``, may be a tag or a power: both readings are kept until the name decides.
Knows the grammar of scripts; asks for expressions where an exponent is one; knows no symbols.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from backsym.core.words import say
from backsym.reading.latex.blocks import axis, is_range
from backsym.reading.latex.cursor import Cursor, shown
from backsym.reading.latex.lexer import FONTS, Token
from backsym.reading.plain.lexer import MAX_PRIMES
from backsym.reading.syntax import Node

_TRANSPOSES = ("T", "top", "t", "tr", "transpose")


@dataclass
class Scripts:
    """What is written below and above a symbol.

    ``below`` has the comma-separated groups of a subscript.  ``tag`` is a superscript in parentheses, ``power`` the
    same as an exponent, where it could be one; ``second`` is another such superscript, ``a^{[1](i)}``.  ``steps`` are
    transposes and powers (``T``; ``pow`` and ``hadamard`` with an exponent) in the order in which they apply.
    ``step`` is what a power in parentheses, which is then the first of the steps, would be as an index, ``a^{(l-1)}``.
    """

    below: list[list[Node]] | None = None
    below_at: Token | None = None
    tag: str | None = None
    second: Node | None = None
    power: Node | None = None
    step: Node | None = None
    primes: int = 0
    steps: list[tuple[str, Node | None]] = field(default_factory=list)

    @property
    def items(self) -> list[Node]:
        return [item for group in self.below or [] for item in group]

    @property
    def inverts(self) -> bool:
        """Whether -1 is above the symbol."""
        return any(
            above is not None
            and above.kind == "neg"
            and (above.children[0].kind, above.children[0].value) == ("num", "1")
            for _, above in self.steps
        )


def read_scripts(cursor: Cursor, expression: Callable[[], Node], *, tags: bool = True) -> Scripts:
    """All scripts that follow; ``tags`` is false after a group, where parentheses above are an exponent."""
    scripts = Scripts()
    while True:
        if cursor.at("_"):
            sign = cursor.take()
            if scripts.below is not None:
                raise cursor.error(say("latex.second_subscript"), sign)
            scripts.below_at = sign
            scripts.below = below(cursor)
        elif cursor.at("^"):
            cursor.take()
            _above(cursor, expression, scripts, tags=tags)
        elif cursor.at("'"):
            _prime(cursor, scripts)
        elif cursor.at("{") and cursor.ahead().text == "}" and cursor.ahead(2).text in ("^", "_", "'"):
            cursor.position += 2
        else:
            return scripts


def _prime(cursor: Cursor, scripts: Scripts) -> None:
    token = cursor.take()
    scripts.primes += 1
    if scripts.primes > MAX_PRIMES:
        raise cursor.error(say("latex.more_primes", limit=MAX_PRIMES), token)


# --- below -----------------------------------------------------------------------------------------------------------


def below(cursor: Cursor) -> list[list[Node]]:
    """The items of a subscript, in the groups that commas make."""
    if not cursor.at("{"):
        token = cursor.token
        if token.kind == "number" and len(token.text) > 1:
            raise cursor.error(say("latex.without_braces_below", first=token.text[0], script=token.text), token)
        return [[item(cursor, scripted=False)]]
    opening = cursor.take()
    cursor.enter(opening)
    groups: list[list[Node]] = [[]]
    while not cursor.at("}"):
        if cursor.at(","):
            cursor.take()
            groups.append([])
        elif cursor.token.kind == "macro" and cursor.token.text in FONTS:
            cursor.take()
        elif not groups[-1] and is_range(cursor):
            groups[-1].append(axis(cursor, lambda: item(cursor)))
        elif cursor.at("{"):
            groups[-1].extend(inner for group in below(cursor) for inner in group)
        elif cursor.reads_shifts and not groups[-1] and is_shift(cursor):
            groups[-1].append(shift(cursor))
        elif cursor.reads_shifts and cursor.at(":", "cdot"):
            groups[-1].append(cursor.make("slice", "", (), cursor.take().start))
        else:
            groups[-1].append(item(cursor))
    cursor.take()
    cursor.leave()
    if not all(groups):
        raise cursor.error(say("latex.missing_index"), opening, say("latex.indices_together"))
    return groups


def is_shift(cursor: Cursor, end: str = "}") -> bool:
    """Whether a sum of letters and numbers stands here, up to the next comma or ``end``."""
    position = cursor.position
    signs = 0
    while cursor.tokens[position].text not in (",", end):
        token = cursor.tokens[position]
        if token.kind not in ("letter", "greek", "number", "word") and token.text not in ("+", "-", "'", "*", "cdot"):
            return False
        signs += token.kind == "op" and token.text in ("+", "-")
        position += 1
    return signs > 0


def shift(cursor: Cursor) -> Node:
    """Letters with whole factors and a number: ``i + k - 1``, ``2i - 1``; a factor may be a size, ``p + Pq``."""
    start = cursor.token.start
    parts: list[Node] = []
    while not cursor.at(",", "}", "=", ")", "]"):
        first = cursor.token.start
        sign = "-" if cursor.at("-") else ""
        cursor.took("+", "-")
        token = cursor.token
        number = cursor.take().text if token.kind == "number" else ""
        cursor.took("*", "cdot")
        letter: tuple[Node, ...] = () if cursor.at("+", "-", ",", "}", "=", ")", "]") and number else (item(cursor),)
        if letter and cursor.token.kind in ("letter", "greek"):
            letter = (*letter, item(cursor))  # The size of a dimension times a letter, Pq.
        if number and not number.isdecimal():
            raise cursor.error(say("latex.shift_not_whole"), token)
        if number == "1" and letter:
            raise cursor.error(say("latex.not_an_index"), token, say("latex.indices_together"))
        parts.append(cursor.make("part", sign + (number or "1"), letter, first))
    return cursor.make("shift", "", tuple(parts), start)


def item(cursor: Cursor, *, scripted: bool = True) -> Node:
    """One index letter with its primes, a number, or a word; inside braces a letter may have a subscript."""
    token = cursor.token
    if token.kind == "number" and token.text.isdecimal():
        cursor.take()
        return cursor.make("num", token.text, (), token.start)
    if token.kind == "macro" and token.text == "ell":
        token = token._replace(kind="letter")
    if token.kind not in ("letter", "greek", "word"):
        hint = say("latex.shifted_index") if cursor.at("+", "-", "=") else say("latex.such_as_indices")
        raise cursor.error(say("latex.not_an_index"), token, hint)
    cursor.take()
    value = token.text
    if not scripted:
        return cursor.make("name", value, (), token.start)
    if cursor.at("_"):
        cursor.take()
        inner = [node for group in below(cursor) for node in group]
        if any(node.kind != "name" and node.kind != "num" for node in inner):
            # The label of another member, w_{t+1}.
            return cursor.make("entry", "", (cursor.make("name", value, (), token.start), *inner), token.start)
        value += "_" + "".join(node.value for node in inner)
    elif cursor.at("^") and cursor.ahead().text == "{" and (end := _tag_in_braces(cursor)):
        # The class y^{(i)} of an example, below another letter.
        value += "_" + "".join(inner.text for inner in cursor.tokens[cursor.position + 3 : end])
        cursor.position = end + 2
    return cursor.make("name", value + "'" * _primes(cursor), (), token.start)


def _primes(cursor: Cursor) -> int:
    """The primes of an index letter: ``k'``, ``k''`` or ``k^\\prime``."""
    count = 0
    while True:
        if cursor.at("'"):
            cursor.take()
            count += 1
        elif cursor.at("^") and cursor.ahead().text == "'":
            cursor.position += 2
            count += 1
        elif cursor.at("^") and cursor.ahead().text == "{" and cursor.ahead(2).text == "'":
            cursor.position += 2
            while cursor.took("'"):
                count += 1
            cursor.expect("}")
        else:
            break
    if count > MAX_PRIMES:
        raise cursor.error(say("latex.too_many_primes", count=count, limit=MAX_PRIMES))
    return count


# --- above -----------------------------------------------------------------------------------------------------------


def _above(cursor: Cursor, expression: Callable[[], Node], scripts: Scripts, *, tags: bool) -> None:
    """One superscript, which may hold several things: ``W^{(1)\\top}``."""
    if not cursor.at("{"):
        _one_above(cursor, scripts, tags=tags)
        return
    opening = cursor.take()
    cursor.enter(opening)
    if cursor.at("}"):
        raise cursor.error(say("latex.empty_superscript"), opening)
    while not cursor.at("}"):
        if cursor.at("^"):
            # W^{(1)^\top}
            cursor.take()
        elif cursor.at("'"):
            _prime(cursor, scripts)
        elif cursor.at("*") and tags:
            cursor.take()
            scripts.tag = "star" + (scripts.tag or "")
        elif _transpose_ahead(cursor):
            cursor.take()
            scripts.steps.append(("T", None))
        elif cursor.at("{") and cursor.closing[cursor.position] == cursor.position + 2:
            # {\mathsf{T}} and the like
            cursor.position += 1
            _one_above(cursor, scripts, tags=tags)
            cursor.expect("}")
        elif tags and scripts.tag in (None, "star") and not scripts.steps and (end := tag_ahead(cursor)):
            _take_tag(cursor, scripts, end)
        elif tags and scripts.second is None and not scripts.steps and tag_ahead(cursor) == cursor.position + 2:
            inside = cursor.ahead()
            kind = "num" if inside.kind == "number" else "name"
            scripts.second = Node(kind, inside.text, (), (inside.start, inside.end))
            cursor.position += 3
        elif tags and cursor.reads_shifts and scripts.tag is None and not scripts.steps and _step_ahead(cursor):
            _take_step(cursor, scripts, expression)
        elif cursor.at("odot"):
            cursor.take()
            scripts.steps.append(("hadamard", expression()))
        elif cursor.at("-") and _is_transpose(cursor.ahead()) and cursor.ahead(2).text == "}":
            # A^{-T} is the transpose of the inverse.
            minus = cursor.take()
            one = cursor.make("num", "1", (), minus.start)
            scripts.steps += [("pow", cursor.make("neg", "", (one,), minus.start)), ("T", None)]
            cursor.take()
        else:
            scripts.steps.append(("pow", expression()))
            if not cursor.at("}"):
                cursor.expect("}", opening)
    cursor.take()
    cursor.leave()


def _one_above(cursor: Cursor, scripts: Scripts, *, tags: bool) -> None:
    """A superscript that is one token."""
    token = cursor.token
    if cursor.at("'"):
        _prime(cursor, scripts)
        return
    if cursor.at("*") and tags:
        cursor.take()
        scripts.tag = "star" + (scripts.tag or "")
        return
    if _is_transpose(token):
        cursor.take()
        scripts.steps.append(("T", None))
        return
    if token.kind == "number" and len(token.text) > 1:
        raise cursor.error(say("latex.without_braces_above", first=token.text[0], script=token.text), token)
    if token.kind == "number":
        cursor.take()
        scripts.steps.append(("pow", cursor.make("num", token.text, (), token.start)))
        return
    if token.kind in ("letter", "greek"):
        cursor.take()
        scripts.steps.append(("pow", cursor.make("name", token.text, (), token.start)))
        return
    raise cursor.unexpected(
        say("latex.sought.superscript"), say("latex.write_around", sign=shown(token)) if token.kind == "op" else None
    )


def _is_transpose(token: Token) -> bool:
    if token.kind == "op":
        return token.text == "top"
    return (token.kind == "letter" and token.text == "T") or (token.kind == "word" and token.text in _TRANSPOSES)


def _transpose_ahead(cursor: Cursor) -> bool:
    """A transpose sign that is all there is, or that another script follows."""
    return _is_transpose(cursor.token) and cursor.ahead().text in ("}", "^", "'")


def tag_ahead(cursor: Cursor) -> int:
    """The position of the parenthesis that closes a tag here; 0 if this is no tag."""
    if not cursor.at("(", "["):
        return 0
    close = ")" if cursor.token.text == "(" else "]"
    position = cursor.position + 1
    tokens = cursor.tokens
    while tokens[position].kind in ("letter", "number", "word", "greek"):
        position += 1
    last = tokens[position]
    empty = position == cursor.position + 1
    return 0 if empty or last.kind != "op" or last.text != close else position


def _step_ahead(cursor: Cursor) -> bool:
    """Whether a shifted letter stands here in parentheses."""
    if not cursor.at("(", "["):
        return False
    cursor.position += 1
    found = cursor.token.kind in ("letter", "greek") and is_shift(cursor, ")" if cursor.ahead(-1).text == "(" else "]")
    cursor.position -= 1
    return found


def _take_step(cursor: Cursor, scripts: Scripts, expression: Callable[[], Node]) -> None:
    """``(l-1)`` above a letter, as a power and as an index."""
    opening = cursor.take()
    mark = cursor.position
    scripts.step = shift(cursor)
    cursor.position = mark
    scripts.steps.append(("pow", expression()))
    cursor.expect(")" if opening.text == "(" else "]", opening)


def _tag_in_braces(cursor: Cursor) -> int:
    """The position of the parenthesis that closes ``^{(i)}`` here; 0 if something else stands here."""
    mark, cursor.position = cursor.position, cursor.position + 2
    end = tag_ahead(cursor)
    cursor.position = mark
    return end if end and cursor.tokens[end + 1].text == "}" else 0


def _take_tag(cursor: Cursor, scripts: Scripts, end: int) -> None:
    inside = cursor.tokens[cursor.position + 1 : end]
    scripts.tag = (scripts.tag or "") + "".join(token.text for token in inside)
    if len(inside) == 1:
        token = inside[0]
        kind = "num" if token.kind == "number" else "name"
        scripts.power = Node(kind, token.text, (), (token.start, token.end))
    cursor.position = end + 1
