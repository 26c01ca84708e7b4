"""Answers that are numbers: one, or the entries of a vector or matrix, each a decimal, a fraction or an expression.

An array may be a list as in Python, ``[[1, 2], [3, 4]]``, or a matrix in LaTeX.  What stands in a cell is read as any
other answer.  Knows how arrays are written; must not know which number is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.expr import Adj, Expr, Sym, walk
from backsym.marking.answers.lines import statements
from backsym.marking.answers.model import Target, Unreadable
from backsym.marking.answers.reader import AnswerReader
from backsym.numeric.axes import Array
from backsym.numeric.context import Env
from backsym.numeric.evaluate import evaluate

SIGNIFICANT = 2
"""Digits that a number needs to be right by its rounding."""

MAX_CELLS = 10_000

_CALLS = ("np.array", "numpy.array", "array", "torch.tensor", "tensor", "jnp.array")
_EQUALS = ("≈", r"\approx", "==")
_IS = ("is", "ist")
_ROUGHLY = frozenset("about approximately approx approx. roughly circa ca. ungefähr etwa rund".split())
_WORDS = _ROUGHLY.union(_IS)
_CLOSES = {"[": "]", "(": ")", "{": "}"}
_SIZED = {r"\left(": "(", r"\left[": "[", r"\right)": ")", r"\right]": "]"}


@dataclass(frozen=True)
class Number:
    """What stands in one cell: its value, and half a unit of the last digit that was written (0: none counts).

    ``named`` tells that it names quantities, so that it is an expression and not a number yet.
    """

    value: float
    half: float = 0.0
    named: bool = False


@dataclass(frozen=True)
class Numbers:
    """An answer: its cells in order, and its shape."""

    cells: tuple[Number, ...]
    shape: tuple[int, ...]

    @property
    def named(self) -> bool:
        return any(cell.named for cell in self.cells)

    @property
    def values(self) -> Array:
        return np.array([cell.value for cell in self.cells]).reshape(self.shape)

    @property
    def halves(self) -> Array:
        return np.array([cell.half for cell in self.cells]).reshape(self.shape)


def members(text: str, about: Callable[[str], bool] = lambda left: False) -> list[str]:
    """The members of a chain ``z = w x + b = 0.1``, of several the one whose left side is ``about`` what is asked for.

    A text of several of which none is, or that is not clear, is one member.
    """
    for sign in _EQUALS:
        text = text.replace(sign, "=")
    text = _in_signs(text.strip().strip("$"))
    if "=" not in text and about(text.partition(":")[0].strip()):
        text = text.replace(":", "=", 1)
    chains = statements(text) if text.count("=") > 1 and any(sign in text for sign in ",;\n") else []
    if len(chains) > 1:
        clear = all(chain.left is not None and "," not in chain.left for chain in chains)
        mine = [chain for chain in chains if clear and about(chain.left or "")]
        return [mine[-1].left or "", *mine[-1].members] if mine else [text]
    return [member.strip().strip("$").strip() for member in text.split("=")]


def _in_signs(text: str) -> str:
    """``z is about 0.1`` as ``z = 0.1``; without the signs of bold words in Markdown."""
    if len(text) > 4 and text.startswith("**") and text.endswith("**"):
        text = text[2:-2]
    words = text.split(" ")
    if not any(word.lower() in _WORDS for word in words):
        return text
    return " ".join("=" if word in _IS else word for word in words if word.lower() not in _ROUGHLY)


def read_numbers(
    reader: AnswerReader,
    text: str,
    env: Env,
    wanted: tuple[int, ...] | None = None,
    sizes: Sequence[tuple[int, ...]] | None = None,
) -> Numbers | Unreadable:
    """The numbers that a text states, evaluated at the values that are given; or why it cannot be read.

    ``wanted`` is the shape of what is asked for: where it is one number, ``0,5`` is a half.  ``sizes`` are those of the
    members of a list that differ in size, whose numbers are told one after the other.
    """
    scalar = Target(reader.problem.loss, ())
    cells: list[Number] = []
    failures: list[Unreadable] = []

    def cell(written: str) -> None:
        found = _decimal(written)
        if found is None:
            read = reader.read(scalar, written)
            if isinstance(read, Unreadable):
                failures.append(read)
                return
            found = _evaluated(read.expr, env)
        if found is None:
            failures.append(_unreadable(reader, text, "this has no value"))
        else:
            cells.append(found)

    try:
        if sizes is not None:
            shape = _of_members(text.strip(), cell, sizes)
        else:
            shape = _laid_out(_with_point(text.strip()) if wanted == () else _upright(text.strip()), cell)
    except ValueError:
        if sizes is None:
            return _unreadable(reader, text, "the rows of this array have different lengths")
        shapes = ", ".join("x".join(map(str, size)) for size in sizes)
        return _unreadable(reader, text, f"this is no list of {len(sizes)} arrays with the sizes {shapes}")
    return failures[0] if failures else Numbers(tuple(cells), shape)


def _unreadable(reader: AnswerReader, text: str, message: str) -> Unreadable:
    return Unreadable(Target(reader.problem.loss, ()), text, "syntax", message, reader.problem)


def _with_point(text: str) -> str:
    """``0,5`` as 0.5; what may be the thousands of ``1,500`` is left as it is."""
    whole, _, digits = text.partition(",")
    places = whole.lstrip("+-−")
    alone = places.isdecimal() and digits.isdecimal()
    return f"{whole}.{digits}" if alone and (len(digits) != 3 or places.startswith("0")) else text


def _upright(text: str) -> str:
    """A list without the transpose behind it, which turns no vector; a matrix with it is as it is written."""
    for size, bracket in _SIZED.items():
        text = text.replace(size, bracket)
    for sign in ("^T", "^{T}", r"^\top", r"^{\top}", "ᵀ", ".T", "'"):
        inner = text.removesuffix(sign).rstrip()
        if inner != text and _items(inner) is not None and not any(item[:1] in _CLOSES for item in _items(inner) or ()):
            return inner
    return text


def _decimal(text: str) -> Number | None:
    """A number in digits, perhaps in per cent; None for anything else."""
    digits = text.replace("\N{MINUS SIGN}", "-").replace(" ", "")
    bare = digits.removesuffix("%").removesuffix("\\")
    try:
        number = Decimal(bare if digits[-1:] == "%" else digits).scaleb(-2 if digits[-1:] == "%" else 0)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    if not math.isfinite(value := float(number)):
        return None
    written = number.as_tuple()
    return Number(value, 0.5 * 10.0 ** int(written.exponent) if len(written.digits) >= SIGNIFICANT else 0.0)


def _evaluated(e: Expr, env: Env) -> Number | None:
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(evaluate(e, env), dtype=float)
    except (BacksymError, OverflowError, ValueError, TypeError):
        return None
    if value.size != 1 or not np.isfinite(value).all():
        return None
    return Number(float(value.reshape(())), named=any(isinstance(part, (Sym, Adj)) for part in walk(e)))


# --- arrays ----------------------------------------------------------------------------------------------------------


def _laid_out(text: str, cell: Callable[[str], None]) -> tuple[int, ...]:
    """The shape of what is written, each cell handed on in order; raises ValueError for ragged rows."""
    text = _without_call(text)
    rows = _matrix_rows(text)
    if rows is not None:
        if len({len(row) for row in rows}) > 1:
            raise ValueError
        for row in rows:
            for written in row:
                cell(written)
        return (len(rows), len(rows[0])) if len(rows[0]) > 1 else (len(rows),)
    items = _items(text)
    if items is None:
        cell(text)
        return ()
    shapes = {_laid_out(item, cell) for item in items[:MAX_CELLS]}
    if len(shapes) != 1:
        raise ValueError
    return (len(items), *shapes.pop())


def _of_members(text: str, cell: Callable[[str], None], sizes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The number of cells of a list of arrays of these sizes; raises ValueError for any other."""
    items = _items(text) or ()
    if len(items) != len(sizes):
        raise ValueError
    for item, size in zip(items, sizes, strict=True):
        if [n for n in _laid_out(item, cell) if n != 1] != [n for n in size if n != 1]:
            raise ValueError
    return (sum(math.prod(size) for size in sizes),)


def _without_call(text: str) -> str:
    """Without the function that makes an array of a list, and without a transpose, which turns no vector."""
    for name in _CALLS:
        if text.startswith(f"{name}(") and text.endswith(")"):
            return text[len(name) + 1 : -1].strip()
    return text


def _items(text: str) -> list[str] | None:
    """The items of a list in brackets, parted by commas, or by spaces where there are none; None for no list."""
    if text[:1] not in ("[", "(") or _end(text) != len(text) - 1:
        return None
    inside = text[1:-1].strip()
    if text[0] == "[" and len(rows := _split(inside, ";")) > 1 and inside[:1] != "[":
        # [1 2; 3 4] has rows; of one entry each they are a vector.
        cells = [row if len(_split(row)) > 1 else ",".join(row.split()) for row in rows]
        return [f"[{row}]" if "," in row else row for row in cells]
    items = _split(inside)
    if len(items) == 1 and text[0] == "(":
        return None
    if len(items) == 1 and items[0][:1] != "[":
        items = inside.split()
    return items or None


def _end(text: str) -> int | None:
    """Where the bracket that begins the text is closed."""
    waiting: list[str] = []
    for at, char in enumerate(text):
        if char in _CLOSES:
            waiting.append(_CLOSES[char])
        elif waiting and char == waiting[-1]:
            waiting.pop()
            if not waiting:
                return at
    return None


def _split(text: str, signs: str = ",;") -> list[str]:
    """Parts between the commas and semicolons, or other signs, that stand in no bracket."""
    depth, start, parts = 0, 0, []
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and char in signs:
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in (*parts, text[start:].strip()) if part]


def _matrix_rows(text: str) -> Sequence[Sequence[str]] | None:
    r"""The cells of ``\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}``."""
    head, _, rest = text.partition("}")
    if not head.startswith(r"\begin{") or not head.endswith("matrix"):
        return None
    body, _, after = rest.partition(r"\end{")
    if after.partition("}")[2].strip() not in ("", r"^\top", "^T", r"^{\top}", "^{T}"):
        return None
    rows = [row for row in body.split(r"\\") if row.strip()]
    return [[written.strip() for written in row.split("&")] for row in rows] or None
