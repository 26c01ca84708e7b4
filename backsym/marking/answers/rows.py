r"""Rows and columns of matrices in answers: ``\mathbf{a}_n^{(1)}`` of a batch that is declared as A1, ``W[:,j]``.

A row is read as a vector that belongs to a letter: the text gets a name of its own for it, times an entry of another
that has the letter, and the entries of what is read are entries of the matrix again.  Tried where a text is not read
as it stands.  Knows names and shapes; knows no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from backsym.core.entrywise import FIRST, entry_of
from backsym.core.expr import (
    Add,
    Adj,
    Cmp,
    Const,
    Delta,
    Dim,
    Div,
    Entry,
    Expr,
    Eye,
    Fn,
    IndexReduce,
    Ix,
    MatMul,
    Mul,
    Neg,
    Num,
    Ones,
    Pow,
    Reduce,
    Reshape,
    Shape,
    Size,
    Sym,
    T,
    Zeros,
    rebuild,
    walk,
)  # fmt: skip
from backsym.core.problem import Problem
from backsym.marking.answers.left_sides import Left
from backsym.marking.answers.letters import fresh
from backsym.reading.latex.names import Vocabulary
from backsym.reading.syntax import Node

_FONT = r"\\(?:mathbf|boldsymbol|bm|vec|mathrm)\s*"
_INDEX = r"[a-z]'*"
_TURNED = r"(?:T(?![A-Za-z])|\\top(?![A-Za-z])|\\intercal(?![A-Za-z])|\\mathsf\s*\{\s*T\s*\})"
_PLACE = rf"(?:{_INDEX}\s*(?:,\s*)?(?::|\\cdot|\\bullet)|(?::|\\cdot|\\bullet)\s*(?:,\s*)?{_INDEX}|{_INDEX})"
_SCRIPT = (
    rf"\s*(?:_\s*(?:\{{\s*{_PLACE}\s*\}}|[a-z](?![A-Za-z]))"
    rf"|\^\s*(?:\{{\s*\(\w+\)\s*{_TURNED}?\s*\}}|\(\w+\)|\{{\s*{_TURNED}\s*\}}|{_TURNED}))"
)
_FORMULA = rf"(?:{_FONT}(?:\{{\s*[A-Za-z]\s*\}}|[A-Za-z](?![A-Za-z]))|(?<![A-Za-z\\_^])[A-Za-z])(?:{_SCRIPT})+"
_LOSS = r"\\?(?:mathcal\s*\{\s*[A-Z]\s*\}|mathcal\s+[A-Z]|ell|[LJ])(?![A-Za-z])"
_ONE_LOSS = re.compile(rf"{_LOSS}\s*_")
_LATEX = re.compile(
    rf"\\nabla\s*_\s*\{{\s*(?P<nabla>{_FORMULA})\s*\}}\s*(?P<of>{_LOSS})"
    rf"|\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*(?P<over>{_LOSS})\s*\}}\s*\{{\s*(?:\\partial|d)\s*(?P<under>{_FORMULA})\s*\}}"
    rf"|(?P<bare>{_FORMULA})"
)
_PLAIN = re.compile(
    rf"(?<!\w)(?P<by>d[A-Za-z]\w*\s*/\s*d|d)?(?P<name>[A-Za-z]\w*)\[\s*(?P<at>{_INDEX}\s*,\s*:|:\s*,\s*{_INDEX})\s*\]"
)
_PARTS = re.compile(rf"(?P<tag>\(\w+\))|(?P<turned>{_TURNED})|_\s*\{{?\s*(?P<at>{_PLACE})")
_BASE = re.compile(rf"(?:{_FONT})?\{{?\s*([A-Za-z])\s*\}}?")


@dataclass
class Rows:
    """The rows of one text: what stands for each, and what the text says with these names.

    With ``flat``, a row is a matrix of one row, as it stands in the batch; else it is a column, like any vector.
    """

    text: str
    flat: bool = False
    names: dict[str, Shape] = field(default_factory=dict)
    found: dict[str, tuple[Sym, int]] = field(default_factory=dict)
    """The matrix behind each name, and the axis that its letter runs over."""

    def name(self, matrix: Sym, axis: int) -> str:
        """The name of a row (axis 0) or column (axis 1) of a matrix; its letter is an index of this name and ``i``."""
        for known, what in self.found.items():
            if what == (matrix, axis):
                return known
        name = "row" + "abcdefghjklmnopqrstuvwxyz"[len(self.found) % 25]
        dim = matrix.shape[1 - axis]
        self.found[name] = matrix, axis
        self.names[name] = (1, dim) if self.flat and axis == 0 else (dim,)
        self.names[name + "i"] = (matrix.shape[axis],)
        return name


def rows_in(text: str, problem: Problem, words: Vocabulary) -> Iterator[Rows]:
    """The text with its rows named, with the rows as columns and then lying; none where it has no rows."""
    if _ONE_LOSS.search(text) is not None:
        return  # The loss of one data point is no row of anything.
    for flat in (False, True):
        rows = Rows(text, flat)
        rows.text = _LATEX.sub(partial(_formula, rows=rows, problem=problem, words=words), text)
        if "[" in rows.text:
            rows.text = _PLAIN.sub(partial(_plain, rows=rows, problem=problem), rows.text)
        if not rows.found:
            return
        yield rows


def left_row(text: str, problem: Problem, words: Vocabulary, answer: str) -> Left | None:
    """A left side that is the derivative by a row, with a letter that the answer has not for the axis along it."""
    rows = Rows(text)
    match = _LATEX.fullmatch(text.strip())
    if match is not None and not match["bare"]:
        rows.text = _formula(match, rows, problem, words)
    elif (plain := _PLAIN.fullmatch(text.strip())) is not None and plain["by"]:
        rows.text = _plain(plain, rows, problem)
    at = re.search(r"i\}?(?:_\{|\[)([a-z]'*)[\]}]", rows.text)
    if at is None or not rows.found:
        return None
    ((matrix, axis),) = rows.found.values()
    other = next((x for x in "qpsuvxyz" if x not in answer), "q'")
    pair = (at[1], other) if axis == 0 else (other, at[1])
    return Left(matrix.name, None, tuple(Node("name", x, (), (0, 1)) for x in pair), row=True)


def _formula(match: re.Match[str], rows: Rows, problem: Problem, words: Vocabulary) -> str:
    written = match["nabla"] or match["under"] or match["bare"]
    base = _BASE.match(written)
    if base is None:
        return match[0]
    parts, letter = list(_PARTS.finditer(written, base.end())), base[1]
    tag = next((part["tag"].strip("()") for part in parts if part["tag"]), "")
    at = next((part["at"] for part in parts if part["at"]), None)
    matrix = _matrix(letter, tag, problem, words)
    if at is None or matrix is None:
        return match[0]
    name, index = rows.name(matrix, _axis(at)), re.sub(r"[^a-z']|\\[a-z]+", "", re.sub(r"\\[a-z]+", "", at))
    above = match["of"] or match["over"]
    what = rf"\nabla_{{\text{{{name}}}}} {above}" if above else rf"\text{{{name}}}"
    turned = r"^\top" if any(part["turned"] for part in parts) else ""
    return rf" (\text{{{name}i}}_{{{index}}} \odot {what}){turned} "


def _plain(match: re.Match[str], rows: Rows, problem: Problem) -> str:
    by, name = match["by"] or "", match["name"]
    if not _is_matrix(name, problem) and not by and name[0] == "d" and _is_matrix(name[1:], problem):
        by, name = "d", name[1:]
    if not _is_matrix(name, problem):
        return match[0]
    row, index = rows.name(problem.sym(name), _axis(match["at"])), re.sub(r"[^a-z']", "", match["at"])
    return f"({row}i[{index}] * {f'grad({row})' if by else row})"


def _axis(at: str) -> int:
    """Which axis the letter of ``n,:`` or ``:,j`` runs over."""
    return 1 if at.lstrip()[0] in ":\\" else 0


def _is_matrix(name: str, problem: Problem) -> bool:
    return name in problem.symbols and len(problem.symbols[name].shape) == 2


def _matrix(letter: str, tag: str, problem: Problem, words: Vocabulary) -> Sym | None:
    """The matrix that this letter is a row of: one of this name, or, of a small letter without meaning, the capital."""
    for base in (letter, letter.upper()):
        name = words.quantity(base, tag)
        if name is not None:
            if _is_matrix(name, problem):
                return problem.sym(name)
            if name in problem.symbols and problem.symbols[name].shape:
                return None
    return None


# --- entries ---------------------------------------------------------------------------------------------------------


class _NoEntries(Exception):
    """An expression whose entries are not written here."""


class _Entries:
    """Entries of an expression with rows in it; ``taken`` are letters that a sum may not use."""

    def __init__(self, found: Mapping[str, tuple[Sym, int]], taken: Sequence[Ix]):
        self.found = found
        self.taken = list(taken)

    def entry(self, e: Expr, at: tuple[Ix, ...]) -> Expr:
        """The entry of ``e`` at ``at``, one index for each axis of its shape; raises _NoEntries."""
        if isinstance(e, IndexReduce):
            return IndexReduce(e.op, self.entry(e.body, at), e.indices)
        if isinstance(e, Mul):
            return self.product(e, at)
        if isinstance(e, MatMul):
            return self.matmul(e, at)
        if isinstance(e, T):
            return self.entry(e.arg, at[1:] if len(e.arg.shape) == 1 else at[::-1])
        if isinstance(e, Reduce) and e.op == "sum" and e.axis is None:
            over = self.letters(e.arg.shape)
            return IndexReduce("sum", self.entry(e.arg, over), tuple(ix for ix in over if not ix.fixed))
        if isinstance(e, Fn) and e.kind == "diag" and len(e.shape) == 2:
            return Mul((self.entry(e.args[0], at[:1]), Delta(at[0], at[1])))
        if isinstance(e, (Add, Neg, Div, Pow, Cmp)) or (isinstance(e, Fn) and e.entrywise):
            return rebuild(e, lambda child: self.operand(child, at))
        if isinstance(e, (Reshape, Sym, Adj, Ones, Zeros, Eye, Num, Size, Const, Entry, Delta)):
            return self.reshaped(e, at) if isinstance(e, Reshape) else entry_of(e, at)
        raise _NoEntries

    def reshaped(self, e: Reshape, at: tuple[Ix, ...]) -> Expr:
        if e.regroups:
            raise _NoEntries
        rest = iter([ix for dim, ix in zip(e.shape, at, strict=True) if dim != 1])
        return self.entry(e.arg, tuple(FIRST if dim == 1 else next(rest) for dim in e.arg.shape))

    def operand(self, e: Expr, at: tuple[Ix, ...]) -> Expr:
        """The entry of an operand that is broadcast to the axes of ``at``."""
        own = at[len(at) - len(e.shape) :]
        return self.entry(e, tuple(FIRST if dim == 1 else ix for dim, ix in zip(e.shape, own, strict=True)))

    def product(self, e: Mul, at: tuple[Ix, ...]) -> Expr:
        """A product, in which rows stand after their letters."""
        factors: list[Expr] = []
        letter: Entry | None = None
        for n, arg in enumerate(e.args):
            after = e.args[n + 1] if n + 1 < len(e.args) else None
            if letter is not None and isinstance(arg, (Sym, Adj)):
                matrix, axis = self.found[arg.name]
                whole = Adj(matrix.name, matrix.shape) if isinstance(arg, Adj) else matrix
                place = (*letter.indices, at[-1])
                factors.append(Entry(whole, place if axis == 0 else place[::-1]))
                letter = None
            elif isinstance(arg, Entry) and isinstance(after, (Sym, Adj)) and after.name in self.found:
                letter = arg
            else:
                factors.append(self.operand(arg, at))
        return factors[0] if len(factors) == 1 else Mul(tuple(factors))

    def matmul(self, e: MatMul, at: tuple[Ix, ...]) -> Expr:
        first, last = (*at, FIRST, FIRST)[:2]
        inner = self.letters([arg.shape[1] if len(arg.shape) == 2 else 1 for arg in e.args[:-1]])
        pairs = zip(e.args, (first, *inner), (*inner, last), strict=True)
        body = Mul(tuple(self.entry(arg, (row, column)[: len(arg.shape)]) for arg, row, column in pairs))
        over = tuple(ix for ix in inner if not ix.fixed)
        return IndexReduce("sum", body, over) if over else body

    def letters(self, dims: Sequence[Dim]) -> tuple[Ix, ...]:
        """A new letter for each dimension."""
        found: list[Ix] = []
        for dim in dims:
            found.append(FIRST if dim == 1 else fresh(dim, self.taken))
            self.taken.append(found[-1])
        return tuple(found)


def without_rows(
    e: Expr, letters: tuple[Ix, ...], given: Sequence[Ix], rows: Rows
) -> tuple[Expr, tuple[Ix, ...]] | None:
    """The entry of an expression with rows in it, and its letters: those of a matrix first, that of a vector last.

    ``given`` are the letters of a left side.  None where there is no such form.
    """
    bound = [ix for node in walk(e) if isinstance(node, IndexReduce) for ix in node.indices]
    taken = [*letters, *given, *bound]
    spare = [ix for ix in given if ix not in letters]
    at: list[Ix] = []
    for dim in e.shape:
        own = FIRST if dim == 1 else next((ix for ix in spare if ix.dim == dim), None) or fresh(dim, taken)
        spare = [ix for ix in spare if ix != own]
        at.append(own)
        taken.append(own)
    try:
        entry = _Entries(rows.found, taken).entry(e, tuple(at))
    except _NoEntries:
        return None
    left = any(isinstance(node, (Sym, Adj)) and node.name in rows.names for node in walk(entry))
    axes = tuple(ix for ix in at if not ix.fixed)
    return None if left else (entry, (*axes, *letters) if len(axes) > 1 else (*letters, *axes))
