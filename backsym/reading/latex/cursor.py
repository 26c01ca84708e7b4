r"""The tokens of a formula, tidied up, and a place in them.

Alignment marks, ``\left`` and ``\right``, boxes and line breaks inside an equation say nothing about what a formula
means; they are settled here.  Knows tokens; knows no grammar and no symbols.
"""

from __future__ import annotations

from collections.abc import Sequence

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.latex.lexer import (
    ACCENTS,
    BRACKETS,
    CLOSING,
    FONTS,
    FUNCTION_MACROS,
    Token,
    nesting,
    script_end,
    tokenize,
)
from backsym.reading.syntax import MAX_DEPTH, MAX_NESTING, Node, node

SPLIT_HINT = say("latex.split_it")
_WIDE = (r"\quad", r"\qquad", r"\hspace")
_OPERATORS = frozenset("+ - cdot times odot * / = , < > <= >= !=".split())
_DELIMITERS = frozenset(r"( ) [ ] \{ \} <( >) . | || |( |) ||( ||)".split())
_INFIX = frozenset("+ - * cdot times odot".split())
_SHOWN = {
    "cdot": r"\cdot", "times": r"\times", "odot": r"\odot", "|(": r"\lvert", "|)": r"\rvert", "||(": r"\lVert",
    "||)": r"\rVert", "||": r"\|", "dots": r"\dots", "top": r"\top", "in": r"\in", "forall": r"\forall",
    "nabla": r"\nabla", "partial": r"\partial", "<(": r"\langle", ">)": r"\rangle", "cases{": r"\begin{cases}",
    "}cases": r"\end{cases}", "cases&": "&", "cases;": r"\\\\",
    "blocks{": r"\begin{bmatrix}", "}blocks": r"\end{bmatrix}",
}  # fmt: skip


class Cursor:
    """A position in the tokens of one formula; every parser of LaTeX is built on it."""

    reads_shifts = False
    reads_sums_from_zero = False
    """Whether a sum of letters and numbers in a subscript, ``x_{i+k-1}``, is an index, and a colon a whole axis."""

    def __init__(
        self,
        source: Source,
        start: int = 0,
        end: int | None = None,
        *,
        lenient: bool = False,
        tokens: Sequence[Token] | None = None,
    ):
        """``tokens`` are those of the source where another lexer than LaTeX's has read it."""
        self.source = source
        tokens = tokenize(source, start, end, lenient=lenient) if tokens is None else tokens
        self.tokens: list[Token] = _scripts_outside(_parted(source, _tidied(source, tokens)))
        self.position = 0
        self.nesting = 0
        self.closing = _braces(source, self.tokens)
        self.lists = _lists(self.tokens)

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def at(self, *ops: str) -> bool:
        return self.token.kind == "op" and self.token.text in ops

    def at_macro(self, *names: str) -> bool:
        return self.token.kind == "macro" and self.token.text in names

    def take(self) -> Token:
        token = self.token
        self.position += 1
        return token

    def took(self, *ops: str) -> bool:
        """Take the token if it is one of these signs."""
        if self.at(*ops):
            self.position += 1
            return True
        return False

    def make(self, kind: str, value: str, children: tuple[Node, ...], start: int) -> Node:
        """A node that reaches from ``start`` to the last token taken."""
        end = self.tokens[self.position - 1].end if self.position else start
        made = node(kind, value, children, (start, max(end, start + 1)))
        if made.depth > MAX_DEPTH:
            raise self.too_deep(made.span)
        return made

    # --- errors ---

    def error(self, message: Said, token: Token | None = None, hint: Said | None = None) -> InputError:
        token = token or self.token
        return self.source.error(message, (token.start, max(token.end, token.start + 1)), hint)

    def too_deep(self, span: tuple[int, int]) -> InputError:
        return self.source.error(say("latex.nested_too_deep", limit=MAX_NESTING), span, SPLIT_HINT)

    def unexpected(self, expected: Said, hint: Said | None = None) -> InputError:
        token = self.token
        if token.kind == "unknown":
            tokenize(self.source, token.start, token.end)  # Raises the error that a lenient look has put off.
        hint = say("latex.factorial") if token.text == "!" and hint is None else hint
        found = say("latex.sought.end") if token.kind in ("end", "row") else shown(token)
        return self.error(say("latex.expected", expected=expected, found=found), token, hint)

    # --- nesting ---

    def enter(self, token: Token) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.too_deep((token.start, token.end))

    def leave(self) -> None:
        self.nesting -= 1

    def expect(self, sign: str, opening: Token | None = None) -> Token:
        if self.at(sign):
            return self.take()
        if opening is not None and self.token.kind in ("end", "row"):
            closing = _SHOWN.get(sign, sign)
            raise self.error(say("latex.never_closed", sign=shown(opening), closing=closing), opening)
        name = _SHOWN.get(sign, sign.lstrip("\\"))
        raise self.unexpected(say("latex.sought.closing", sign=name) if opening is not None else sign)


def shown(token: Token) -> str:
    """A token as the author wrote it, for messages."""
    if token.kind in ("macro", "greek"):
        return f"\\{token.text}"
    if token.kind == "word":
        return rf"\text{{{token.text}}}"
    return _SHOWN.get(token.text, token.text)


# --- tidying up ------------------------------------------------------------------------------------------------------


def _tidied(source: Source, tokens: Sequence[Token]) -> list[Token]:
    """The tokens without marks of layout."""
    out: list[Token] = []
    equals = False
    boxes: list[bool] = []
    after_box = False
    for n, token in enumerate(tokens):
        before = out[-1] if out else None
        if token.kind == "row":
            if _continues(before, tokens, n):
                continue
            equals = False
        elif token.text == "=" and token.kind == "op" and not boxes:
            equals = True
        if token.kind == "op" and token.text == "&":
            # "a &= b & c &= d": the second mark parts two equations, the one before a sign of sets none.
            follows = _next(tokens, n)
            goes_on = follows.text in _OPERATORS or follows.text == "in"
            if equals and before is not None and not _open_ended(before) and not goes_on:
                out.append(Token("op", ",", token.start, token.end))
                equals = False
            continue
        if token.kind == "macro" and token.text in ("boxed", "left", "right", "middle"):
            after_box = token.text == "boxed"
            if after_box or token.text == "middle":
                continue
            _check_delimiter(source, token, _next(tokens, n))
            continue
        if token.kind == "op" and token.text in "{}":
            if token.text == "{":
                boxes.append(after_box or _is_needless(tokens, n))
                boxed = boxes[-1]
            else:
                boxed = bool(boxes) and boxes.pop()
            after_box = False
            if boxed:
                continue
        after_box = False
        previous = tokens[n - 1] if n else None
        if previous is not None and previous.kind == "macro" and previous.text in ("left", "right"):
            sized = _sized(token, previous.text)
            if sized is None:
                continue
            token = sized
        out.append(token)
    return out


def _is_needless(tokens: Sequence[Token], n: int) -> bool:
    r"""Whether the brace that opens here groups nothing: ``\partial{w}``, ``a{+}b``, ``{\delta}^{(2)}``."""
    before = tokens[n - 1] if n else None
    if before is not None and before.kind == "op" and before.text == "partial":
        return True
    inner, closing, after = (*tokens[n + 1 : n + 4], tokens[-1], tokens[-1], tokens[-1])[:3]
    if closing.kind != "op" or closing.text != "}":
        return False
    if inner.kind == "greek" or (inner.kind == "macro" and inner.text in FUNCTION_MACROS):
        return after.kind == "op" and after.text == "^"
    raised = before is not None and before.kind == "op" and before.text in ("^", "_")
    return inner.kind == "op" and inner.text in _INFIX and not raised


def _parted(source: Source, tokens: list[Token]) -> list[Token]:
    r"""The tokens with a comma where only wide space parts two equations: ``z = w x \qquad y = z + b``."""
    out: list[Token] = []
    depth = 0
    equals = False
    for n, token in enumerate(tokens):
        before = out[-1] if out else None
        wide = before is not None and any(gap in source.text[before.end : token.start] for gap in _WIDE)
        if wide and equals and depth == 0 and before is not None and not _open_ended(before) and _begins(tokens, n):
            out.append(Token("op", ",", token.start, token.start))
            equals = False
        if token.kind == "row":
            depth, equals = 0, False
        elif token.kind == "op":
            depth += nesting(token)
            equals = equals or (token.text == "=" and depth == 0)
        out.append(token)
    return out


def _begins(tokens: Sequence[Token], n: int) -> bool:
    """Whether one quantity and an equals sign stand here, perhaps with scripts or arguments."""
    depth = 0
    first = tokens[n]
    if first.kind not in ("letter", "greek", "word", "macro"):
        return False
    while n < len(tokens):
        token = tokens[n]
        if token.kind in ("end", "row", "unknown"):
            return False
        if token.kind == "op":
            depth += nesting(token)
            if depth == 0 and token.text not in (*CLOSING, "_", "^", "'"):
                return token.text == "="
        n += 1
    return False


def _scripts_outside(tokens: list[Token]) -> list[Token]:
    r"""``\mathbf{z_1}`` as ``\mathbf{z}_1``: a font is of the letter, as an accent over a letter with an index is.

    A power below an accent stays where it is: the mean of squares is not the square of the mean.
    """
    n = 0
    while n < len(tokens) - 4:
        macro, opening = tokens[n : n + 2]
        styled = (
            macro.kind == "macro" and macro.text in FONTS | ACCENTS and opening.text == "{" and opening.kind == "op"
        )
        signs = ("_", "^", "'") if macro.text in FONTS else ("_",)
        first = n + 2
        if styled and tokens[first].kind in ("letter", "greek") and tokens[first + 1].text in signs:
            close = _end_of_scripts(tokens, first + 1)
            if tokens[close].text == "}" and tokens[close].kind == "op":
                brace = tokens.pop(close)
                tokens[close - 1] = tokens[close - 1]._replace(end=brace.end)
                tokens.insert(first + 1, brace._replace(start=tokens[first].end, end=tokens[first].end))
        n += 1
    return tokens


def _end_of_scripts(tokens: Sequence[Token], n: int) -> int:
    """The position after the scripts that begin here."""
    while tokens[n].kind == "op" and tokens[n].text in ("_", "^", "'"):
        n = n + 1 if tokens[n].text == "'" else script_end(tokens, n)
    return n


def _next(tokens: Sequence[Token], n: int) -> Token:
    n += 1
    while n < len(tokens) - 1 and tokens[n].text == "&":
        n += 1
    return tokens[n]


def _open_ended(token: Token) -> bool:
    return token.kind == "row" or (token.kind == "op" and token.text in _OPERATORS)


def _continues(before: Token | None, tokens: Sequence[Token], n: int) -> bool:
    r"""Whether a line break stands inside an equation: beside an operator other than a comma."""
    follows = _next(tokens, n)
    after = follows.kind == "op" and follows.text in _OPERATORS and follows.text not in (",", "=")
    return after or (before is not None and before.kind == "op" and before.text in _OPERATORS and before.text != ",")


def _check_delimiter(source: Source, token: Token, follows: Token) -> None:
    if follows.kind != "op" or follows.text not in _DELIMITERS:
        raise source.error(say("latex.size_of_delimiter", token=token.text), (token.start, token.end))


def _sized(token: Token, side: str) -> Token | None:
    r"""The delimiter after ``\left`` or ``\right``; None for the empty one."""
    if token.text == ".":
        return None
    if token.text in ("|", "||"):
        return token._replace(text=token.text + ("(" if side == "left" else ")"))
    return token


def _braces(source: Source, tokens: Sequence[Token]) -> dict[int, int]:
    """For each opening brace, the position of its closing one."""
    closing: dict[int, int] = {}
    stack: list[int] = []
    for n, token in enumerate(tokens):
        if token.kind != "op":
            continue
        if token.text == "{":
            stack.append(n)
        elif token.text == "}":
            if not stack:
                raise source.error(say("latex.brace_closes_nothing"), (token.start, token.end))
            closing[stack.pop()] = n
    if stack:
        token = tokens[stack[-1]]
        raise source.error(say("latex.brace_never_closed"), (token.start, token.end))
    return closing


def _lists(tokens: Sequence[Token]) -> set[int]:
    """The positions of the opening parentheses that hold a comma, not counting those inside inner brackets."""
    found: set[int] = set()
    stack: list[tuple[int, str]] = []
    for n, token in enumerate(tokens):
        if token.kind != "op":
            continue
        if token.text in BRACKETS:
            stack.append((n, BRACKETS[token.text]))
        elif token.text in BRACKETS.values():
            while stack and stack[-1][1] != token.text:
                stack.pop()
            if stack:
                stack.pop()
        elif token.text == "," and stack:
            found.add(stack[-1][0])
    return found
