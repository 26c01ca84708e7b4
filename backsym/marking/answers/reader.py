r"""Reading answers: plain or LaTeX, index or matrix form, with or without a left side, on one line or many.

A text is cut into statements (``lines``); each member is read as the plain language or, where that fails, as a formula
with what people write by hand in it (``reading.latex.handwriting``).  Of several possible readings those whose shape
is the target's are kept.

Must not know how an answer is judged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from backsym.core.errors import BacksymError, InputError
from backsym.core.expr import (
    Adj,
    Entry,
    Expr,
    Ix,
    Member,
    Shape,
    T,
    scalar_if_ones,
    show_shape,
)
from backsym.core.lazy import Recurring
from backsym.core.problem import Problem
from backsym.core.source import Source
from backsym.core.words import say
from backsym.marking.answers.containers import opened
from backsym.marking.answers.ends import End, end_of, is_after_end, with_ends
from backsym.marking.answers.explanations import Explained, explained
from backsym.marking.answers.left_sides import Left, left_of, letter_under_bar, letters_of, own_name
from backsym.marking.answers.letters import Bound, as_usual, bindings, fresh, position, sizes_at, spare_axes
from backsym.marking.answers.lines import MAX_MEMBERS, Statement, statements, usual_statement
from backsym.marking.answers.model import TARGET, Clash, Line, ReadAnswer, Target, Unreadable
from backsym.marking.answers.own_names import Names, as_in_code, untagged
from backsym.marking.answers.pasting import pasted
from backsym.marking.answers.refusals import Refused, refused
from backsym.marking.answers.rows import has_rows, left_row, matrices, of_one_example, with_rows, without_rows
from backsym.marking.judging.layouts import same_layout
from backsym.reading.latex.answers import STEPS, parse_answer
from backsym.reading.latex.handwriting import handwritten
from backsym.reading.meaning import arrays, formulas
from backsym.reading.meaning.labels import spelled_out
from backsym.reading.meaning.resolve import Resolver
from backsym.reading.meaning.scope import Frame, Scope, Unavailable, free_letters, suggest
from backsym.reading.meaning.shape_hints import Mismatch, SizeUnknown
from backsym.reading.plain.grammar import parse_expression
from backsym.reading.plain.lexer import MAX_CHARACTERS
from backsym.reading.python.grammar import expression_of_code
from backsym.reading.python.lexer import NotPython
from backsym.reading.python.recognise import is_code
from backsym.reading.syntax import Node
from backsym.reading.syntax import walk as walk_tree
from backsym.reading.texts import scope_of

__all__ = ["AnswerReader", "Clash", "Line", "ReadAnswer", "Target", "Unreadable"]

_PLAIN_SIGNS = "−–×·⋅∙∗⊙≥≤≠′’π"
_DOTS = "·⋅∙×•"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NO_LETTERS = Frame()
_AS_WRITTEN: Mapping[str, str] = MappingProxyType({})
_KEPT = 1000
MAX_READ = 1000
"""Answers that were given more than once and are kept as they were read."""
MAX_GROUPINGS = 3
"""Ways to group a product, besides the customary one, that an answer is read in."""
_MESSAGE = 300


class _Reading(NamedTuple):
    """One way to read a member: the expression and its free letters in order of appearance.

    ``positional`` tells that the letters only count axes, as in einsum, and are no names for them.  ``regrouped`` tells
    that a product is grouped in another way than is customary.
    """

    expr: Expr
    letters: tuple[Ix, ...]
    positional: bool = False
    regrouped: bool = False


class _Way(NamedTuple):
    """A way to read a text: its trees, as plain text, whose grouping is clear, or as a ``formula``."""

    source: Source
    trees: tuple[Node, ...]
    formula: bool


class _Option(NamedTuple):
    """A reading as an answer about a target: its expression, its letters, and whether it has the target's shape."""

    expr: Expr
    indices: tuple[Ix, ...]
    fits: bool
    regrouped: bool


class AnswerReader:
    """Reads answers about one problem; make one and use it for all of them.

    ``letters`` are the author's letters for the axes of each quantity, where they are known.
    """

    def __init__(self, problem: Problem, letters: Mapping[str, tuple[Ix, ...]] | None = None):
        self.problem = problem
        self.letters = letters or {}
        scope = replace(scope_of(problem), strict_shapes=True)
        self.names = Names.of(scope)
        self.shapes = {name: symbol.shape for name, symbol in problem.symbols.items()}
        self._lefts: dict[str, Left] = {}
        self._read = _given_again()

    def __getstate__(self) -> dict[str, Any]:
        """Without what was read, which a copy in another process reads anew."""
        return {**self.__dict__, "_read": _given_again()}

    def left(self, text: str, session: _Session) -> Left:
        """What a left side is.  A class writes few different ones, so that they are kept."""
        if text not in self._lefts:
            left = session.read_left(text)
            if len(self._lefts) > _KEPT or session.names is not self.names:
                return left
            self._lefts[text] = left
        return self._lefts[text]

    # --- targets ---

    def target(self, text: str) -> Target:
        """The target that ``W2`` or ``W2[k,j]`` names; raises BacksymError with a near name."""
        match = TARGET.fullmatch(text)
        name = match[1] if match else text.strip()
        symbol = self.problem.symbols.get(name)
        if match is None or symbol is None:
            near = suggest(name, list(self.problem.symbols))
            raise BacksymError(say("answers.no_quantity", name=text.strip()), near)
        if not match[2]:
            return Target(name, symbol.shape)
        written = [part.strip() for part in match[2].split(",")]
        axes = spare_axes(symbol.shape, len(written))
        if (
            axes is None
            and self.problem.picks_members
            and all(map(str.isalpha, written))
            and len(written) < len(symbol.shape)
        ):
            return Target(name, symbol.shape)  # z[n] of a family is any member of it.
        if axes is None:
            shape, count = show_shape(symbol.shape), len(written)
            raise BacksymError(say("answers.target_indices", name=name, shape=shape, target=text.strip(), count=count))
        indices = [position(dim) for dim in symbol.shape]
        for axis, letter in zip(axes, written, strict=True):
            if not is_target_letter(letter):
                raise BacksymError(say("answers.target_letter", letter=letter, target=text.strip()))
            indices[axis] = Ix(letter, symbol.shape[axis])
        return Target(name, symbol.shape, tuple(indices))

    # --- answers ---

    def has_code(self, text: str) -> bool:
        """Whether Python's rules may hold for a part of a text."""
        return is_code(text, self.names.code)

    def mathematics(self, target: Target, text: str) -> ReadAnswer | None:
        """Code by the customs of mathematics, where these are others than Python's; None if there is no such reading.

        A power of a square matrix is the matrix's, a column [D, 1] is a vector, positions count from 1.
        """
        read = self.read(target, text, mathematical=True)
        return read if isinstance(read, ReadAnswer) else None

    def read_after(self, target: Target, text: str, names: Names) -> ReadAnswer | Unreadable:
        """The answer; where it uses names that it does not define, with those that earlier answers have defined."""
        read = self.read(target, text)
        if isinstance(read, Unreadable) and read.tag == "undeclared" and names.own:
            again = self.read(target, text, names=names)
            return again if isinstance(again, ReadAnswer) else read
        return read

    def read(
        self, target: Target, text: str, *, mathematical: bool = False, names: Names | None = None
    ) -> ReadAnswer | Unreadable:
        """The answer, or why it cannot be read; never raises for anything that a text can hold.

        ``mathematical``: see ``mathematics``; ``names`` are those that hold besides the problem's.
        """
        if names is not None and names is not self.names:
            return self._answer(target, text, mathematical, names)
        key = target, text, mathematical
        return self._read.get(key, hash(key), lambda: self._answer(target, text, mathematical, None))

    def _answer(self, target: Target, text: str, mathematical: bool, names: Names | None) -> ReadAnswer | Unreadable:
        if len(text) > MAX_CHARACTERS:
            long = say("answers.too_many_characters", count=len(text), limit=MAX_CHARACTERS)
            return Unreadable(target, text[:200], "limit", long.text(self.problem.language), self.problem)
        if (usual := usual_statement(text)) is not None:
            return self.read_text(target, text, mathematical=mathematical, names=names, usual=usual)
        within = opened(text)
        if within is None:
            return self.read_text(target, text, mathematical=mathematical, names=names)
        whole = self.read_text(target, within.text, mathematical=mathematical, names=names)
        if isinstance(whole, ReadAnswer):
            return replace(whole, text=text, left_out=within.left)
        for formula in within.formulas:
            read = self.read_text(target, formula, mathematical=mathematical, names=names)
            if isinstance(read, ReadAnswer):
                return replace(read, text=text, left_out=(*within.left, within.text))
        return replace(whole, text=text)

    def read_text(
        self,
        target: Target,
        text: str,
        *,
        mathematical: bool,
        names: Names | None,
        usual: Statement | None = None,
    ) -> ReadAnswer | Unreadable:
        """The same for a text out of its container; ``usual`` is all that it says, where that is known."""
        line: int | None = None
        try:
            told = explained(pasted(text)) if usual is None else Explained("")
            found = statements(told.text) if usual is None else [usual]
            count = sum(len(s.members) + (s.left is not None) for s in found)
            if not found:
                raise Refused("syntax", say("answers.no_answer"))
            if count > MAX_MEMBERS:
                raise Refused("limit", say("answers.too_many_lines", limit=MAX_MEMBERS))
            line = 1 if count > 1 else None
            session = _Session(self, target, text, mathematical)
            session.names = (names or self.names).without_sizes(told.steps)
            return session.read(found)
        except Refused as e:
            meant = self.meant(target, text, e)
            message, hint = e.message(self.problem.language)[:_MESSAGE], e.hint(self.problem.language)
            return Unreadable(target, text, e.tag, message, self.problem, hint, line, e.clash, meant)
        except RecursionError:
            deep = say("answers.nested_too_deep").text(self.problem.language)
            return Unreadable(target, text, "limit", deep, self.problem)

    def meant(self, target: Target, text: str, refused: Refused) -> ReadAnswer | None:
        """A single expression whose parts do not fit together, put together nevertheless."""
        if refused.clash is None and refused.tag != "wrong_index":
            return None
        try:
            found = statements(pasted(text))
            return _Session(self, target, text).meant(found[0]) if len(found) == 1 else None
        except (Refused, BacksymError, RecursionError):
            return None


def _given_again() -> Recurring[tuple[Target, str, bool], ReadAnswer | Unreadable]:
    """A class gives many answers more than once; those that one student gives are not kept."""
    return Recurring(MAX_READ)


class _Session:
    """The reading of one answer."""

    def __init__(self, reader: AnswerReader, target: Target, text: str, mathematical: bool = False):
        self.reader, self.target, self.text, self.mathematical = reader, target, text, mathematical
        self.problem = reader.problem
        self.names = reader.names
        self.shapes = reader.shapes
        self.lines: list[Line] = []
        self.unchecked: list[str] = []
        self.started: Statement | None = None
        self.rows = 1
        self.named = self.several = False
        self.ends: list[End] = []
        self.labels: dict[str, str] = {}
        """Names of the student's own for the derivative by a quantity."""
        self.by_row = False
        """Whether the left side is the derivative by a row, so that a vector is one entry by entry."""
        self.by_quotient = False
        """Whether the left side is a quotient of differentials."""

    def read(self, found: Sequence[Statement]) -> ReadAnswer:
        answer: ReadAnswer | None = None
        if len(found) > 1:
            found = [statement for statement in found if not self.says_end(statement)] or found
        self.own_target(found)
        if len(found) > 1:  # A name may be used before the line that says what it is.
            found = sorted(found, key=lambda statement: not self.defines(statement))
        self.rows = max(statement.rows[-1] for statement in found)
        self.several = len(found) > 1
        self.named = len(found) > 1 and any(self.speaks_of_target(statement.left) for statement in found)
        found = self.without_ends(self.without_definitions(found))
        for n, statement in enumerate(found):
            read = self.statement(statement, last=n == len(found) - 1)
            # The last statement about the target is the answer; without any, the last one.
            if read is not None and (read.of is None or answer is None or answer.of is not None):
                answer = read
        if answer is None:
            raise Refused("syntax", say("answers.only_names"))
        return answer.with_lines(tuple(self.lines), tuple(self.unchecked), self.names)

    def without_definitions(self, found: Sequence[Statement]) -> Sequence[Statement]:
        """What is left when the student's own names are defined, each after those that it uses."""
        count = sum(self.defines(statement) for statement in found)
        if count in (0, len(found)):
            return found
        pending, put_off = deque(found[:count]), 0
        while pending:
            statement = pending.popleft()
            try:
                self.statement(statement, last=False)
                put_off = 0
            except Refused as e:
                if e.tag != "undeclared" or put_off == len(pending):
                    raise
                pending.append(statement)
                put_off += 1
        return found[count:]

    def without_ends(self, found: Sequence[Statement]) -> Sequence[Statement]:
        """What is left when the first or last member of a recurrence has been told apart from the others."""
        if len(found) < 2:
            return found
        scope, dim = self.names.scope, self.target.shape[0] if self.target.shape else None
        rest: list[Statement] = []
        ends: list[tuple[Ix, Statement]] = []
        for statement in found:
            left = self.left_or_none(statement)
            at = end_of(left, dim, scope) if left is not None and left.quantity == self.target.name else None
            if at is None:
                rest.append(statement)
            else:
                ends.append((at, statement))
        if not any(self.speaks_of_target(statement.left) for statement in rest):
            return found
        for at, statement in ends:
            *steps, value = statement.members
            self.unchecked += steps
            self.ends.append(End(at, self.readings(value, ())[0].expr))
        return rest

    def says_end(self, statement: Statement) -> bool:
        """Whether this says that there is nothing after the last member of a recurrence."""
        return statement.members == ("0",) and is_after_end(statement.left or "", self.names.scope)

    def own_target(self, found: Sequence[Statement]) -> None:
        r"""Take a name that a recursion defines by itself, ``\delta_t = W^T \delta_{t+1}``, for what is asked for."""
        letters = self.reader.letters.get(self.target.name, ())
        if self.target.name not in self.problem.families or any(self.speaks_of_target(each.left) for each in found):
            return
        for statement in found:
            left = self.left_or_none(statement)
            if left is None or left.name is None or not left.indices or left.name in self.problem.symbols:
                continue
            head = (statement.left or "").split("_")[0].split("^")[0].strip()
            if len(left.indices) == 1 and left.indices[0].kind == "name" and head in " ".join(statement.members):
                whole = Adj(self.target.name, self.target.shape)
                member = Member(whole, (letters[0], *[None] * (len(self.target.shape) - 1)))
                self.labels[left.name] = self.target.name
                value = member if member.shape else Entry(whole, letters[:1])
                self.names = self.names.defining(left.name, value, letters[:1], left.word)
                return

    def left_or_none(self, statement: Statement) -> Left | None:
        try:
            return self.left(statement)
        except Refused:
            return None

    def statement(self, statement: Statement, last: bool) -> ReadAnswer | None:
        try:
            left = self.left(statement)
        except Refused:
            if statement.left is None or not speaks_of_slopes(statement.left):
                raise
            # A Jacobian, or the derivative of an expression, on the left: a step that has no value of its own.
            self.unchecked.append(statement.left)
            if (self.named and not last) or (self.several and self.is_local(statement.left)):
                return None
            statement, left = Statement(None, statement.members, statement.rows), None
        if left is not None and left.word and last:
            raise _no_left(statement.left or "", self.problem.loss)
        if left is not None and (mean := self.barred(left, statement)) is not None:
            left = mean
        if left is not None and left.quantity in self.names.own:
            self.derive(left, statement)
            return None
        if left is not None and (own := self.tagged(left)) is not None:
            left = own
        if left is None and statement.left is not None:
            # a - t = softmax(z) - t: a chain without a left side.
            statement = self.turned_round(statement.turned())
            left = self.left(statement)
        if left is not None and left.quantity is None and not self.labels_target(left, last):
            if left.name in self.problem.symbols:
                self.aside(statement)
            else:
                self.define(left, statement)
            return None
        if left is not None and left.name is not None and left.name not in self.problem.symbols:
            # delta = y - t as the whole answer: later answers may use the name.
            with suppress(Refused):
                self.define(left, statement)
        first, *rest = statement.members
        beside = (statement.left is None and self.is_local(first)) or (self.named and not last)
        if left is None and rest and beside:
            # dy/dz = 1 - y**2; or -dL/dy = t - y, where another statement speaks of what is asked for.
            self.aside(Statement(first, tuple(rest), statement.rows[1:]))
            return None
        name = left.quantity if left is not None and left.quantity is not None else self.target.name
        of = None if name == self.target.name else name
        target = self.target if of is None else Target(name, self.problem.symbols[name].shape)
        given = self.given(left, target) if left is not None and left.quantity is not None else None
        self.by_row = left is not None and left.row
        self.by_quotient = left is not None and left.quantity is not None and "/" in (statement.left or "")
        answer: ReadAnswer | None = None
        for n, member in enumerate(statement.members):
            try:
                answer = self.member(member, target, given, bool(left and left.transposed))
            except Refused as e:
                if n < len(statement.members) - 1 and e.clash is None and speaks_of_slopes(member):
                    # dL/dz dz/dW of whole arrays is a reminder of the chain rule; it has no value of its own.
                    self.unchecked.append(member)
                    continue
                if len(statement.members) == 1 and not self.lines:
                    raise
                if self.rows <= 1:
                    raise
                words = say("answers.in_line", line=statement.rows[n], words=e.words)
                raise Refused(e.tag, words, e.hint(self.problem.language), e.clash) from None
            starts = not self.lines or self.started is not statement
            self.started = statement
            row = statement.rows[n]
            self.lines.append(Line(member, answer.expr, answer.indices, starts, target.name, answer.fits, row=row))
            given = given or (answer.indices if answer.indices else None)
        assert answer is not None, "a statement has members"
        return answer

    def turned_round(self, statement: Statement) -> Statement:
        """A chain that ends with the derivative that is asked for, which says the same with it in front."""
        *others, end = statement.members
        if not others or not self.speaks_of_target(end):
            return statement
        return Statement(end, tuple(others), statement.rows[:-1])

    def defines(self, statement: Statement) -> bool:
        """Whether this says what a name of the student's own stands for."""
        left = self.left_or_none(statement)
        return left is not None and left.name is not None and left.name not in self.problem.symbols

    def speaks_of_target(self, left: str | None) -> bool:
        """Whether this is the derivative that is asked for, by name."""
        if left is None:
            return False
        try:
            found = self.reader.left(left, self)
        except Refused:
            return False
        return (found.quantity or self.labels.get(found.name or "")) == self.target.name

    def meant(self, statement: Statement) -> ReadAnswer | None:
        """An answer of one member, in which shapes and index ranges are not checked."""
        left = self.left(statement)
        named = left.quantity if left is not None else None
        if len(statement.members) != 1 or named not in (None, self.target.name) or (left is None and statement.left):
            return None
        given = self.given(left, self.target) if left is not None and named is not None else None
        self.names = replace(self.names, scope=replace(self.names.scope, misfits=True))
        asked = given or tuple(ix for ix in self.target.indices if not ix.fixed)
        reading = self.readings(statement.members[0], asked)[0]
        usual = self.target.indices or self.reader.letters.get(self.target.name, ())
        found = bindings(self.target.shape, reading.letters, usual) if reading.letters else ()
        indices = given or next((b.indices for b in found), ())
        return ReadAnswer(self.target, reading.expr, indices, self.text, self.problem, False)

    def is_local(self, text: str) -> bool:
        """Whether this is a local derivative, such as ``dy/dz``."""
        return any(tree.kind == "partial" for way in self.trees(text) for tree in way.trees)

    def aside(self, statement: Statement) -> None:
        """A forward equation or a local derivative beside the answer: its sides are checked against each other."""
        given: tuple[Ix, ...] | None = None
        for n, text in enumerate((statement.left or "", *statement.members)):
            reading = self.readings(text, given)[0]
            given = reading.letters if given is None else given
            row = statement.rows[max(0, n - 1)]
            self.lines.append(Line(text, reading.expr, given, n == 0, None, aside=True, row=row))

    def labels_target(self, left: Left, last: bool) -> bool:
        """Whether a bare name on the left is only a label of the answer: the target itself, or a word before ``=``."""
        return left.name == self.target.name or (last and not self.lines and left.name not in self.problem.symbols)

    # --- left sides ---

    def left(self, statement: Statement) -> Left | None:
        """What a statement is about; None for a chain of expressions only."""
        if statement.left is None:
            return None
        try:
            left = self.reader.left(statement.left, self)
            meant = self.labels.get(left.name or "")
            return left if meant is None else replace(left, quantity=meant, name=None)
        except Refused:
            with suppress(Refused):
                self.readings(statement.left, None)
                return None
            raise

    def read_left(self, text: str) -> Left:
        if (own := own_name(text, self.names.words)) is not None:
            return own
        if (row := self.left_row(text)) is not None:
            return row
        for meant in (_AS_WRITTEN, self.untagged) if self.untagged else (_AS_WRITTEN,):
            for tree in (tree for way in self.trees(text, meant) for tree in way.trees):
                left = left_of(tree, self.problem.loss, text)
                if left is not None and left.indices and is_word(text) and not self.indexes(left):
                    continue  # dh_pre is no derivative by h with three indices.
                if left is not None and left.name == text and text[0] == "d" and is_word(text):
                    # Not a letter d with a tag, which would keep the d of d_z from being that of a derivative.
                    return replace(left, word=text not in self.problem.symbols)
                known = left is not None and (left.quantity in self.problem.symbols or left.quantity in self.names.own)
                if left is not None and (left.quantity is None or known):
                    return left
        if is_word(text) and text not in self.problem.symbols:
            return Left(None, text, None, word=True)
        raise _no_left(text, self.problem.loss)

    def left_row(self, text: str) -> Left | None:
        """A left side that is the derivative by a row or column of a matrix."""
        with self.members(lying=False):
            found = (left_row(tree, self.problem, self.text) for tree in self.trees_with_rows(text))
            return next((left for left in found if left is not None and self.is_row(left)), None)

    def is_row(self, left: Left) -> bool:
        """Whether one index says which row, and not which entry of a matrix that is a row."""
        assert left.quantity is not None
        return spare_axes(self.problem.symbols[left.quantity].shape, 1) is None

    def indexes(self, left: Left) -> bool:
        """Whether a left side has an index for each axis of its quantity."""
        symbol = self.problem.symbols.get(left.quantity or "")
        return symbol is None or spare_axes(symbol.shape, len(left.indices or ())) is not None

    def given(self, left: Left, target: Target) -> tuple[Ix, ...] | None:
        """The letters that a left side gives to the axes; None for a left side that is the whole."""
        if left.indices is None:
            return None
        axes = spare_axes(target.shape, len(left.indices))
        usual = self.reader.letters.get(target.name, ())
        picked = self.problem.picks_members and len(usual) == len(target.shape) and axes is None
        if picked and len(left.indices) < len(usual):
            mine = [Ix(ix.value, dim) for ix, dim in zip(left.indices, target.shape, strict=False)]
            return (*mine, *as_usual(usual, mine)[len(mine) :])
        if axes is None:
            count = len(left.indices)
            shape = show_shape(target.shape)
            raise Refused("wrong_index", say("answers.index_count", count=count, name=target.name, shape=shape))
        letters = letters_of(left.indices)
        if len(set(letters)) < len(letters):
            raise Refused("wrong_index", say("answers.index_twice", letter=letters[0]))
        indices = [position(dim) for dim in target.shape]
        for axis, ix in zip(axes, left.indices, strict=True):
            indices[axis] = Ix(ix.value, sizes_at(target.shape, indices)[axis])
        return tuple(indices)

    def tagged(self, left: Left) -> Left | None:
        """``M_s`` on the left, where M has another number of axes than the indices: a name of the student's own."""
        if left.name not in self.problem.symbols or not left.indices or self.indexes(replace(left, quantity=left.name)):
            return None
        return Left(None, f"{left.name}_{''.join(letters_of(left.indices))}", None)

    def barred(self, left: Left, statement: Statement) -> Left | None:
        r"""``\bar{x}`` on the left of what has not the shape of x: a name of the student's own, no derivative by x."""
        if left.quantity in (None, self.target.name) or left.indices is not None:
            return None
        letter = letter_under_bar(statement.left or "")
        if letter is None:
            return None
        with suppress(Refused):
            shape = self.readings(statement.members[-1], None)[0].expr.shape
            if not same_layout(shape, self.problem.symbols[left.quantity or ""].shape):
                return Left(None, f"{letter}bar", None)
        return None

    def derive(self, left: Left, statement: Statement) -> None:
        """What the derivative of the loss by a name of the student's own is, for the lines that follow."""
        assert left.quantity is not None
        expr, letters = self.names.own[left.quantity]
        given = tuple(Ix(ix.value, own.dim) for ix, own in zip(left.indices or (), letters, strict=False))
        reading = self.readings(statement.members[-1], given)[0]
        whole = T(reading.expr) if left.transposed else reading.expr
        shape = tuple(ix.dim for ix in letters) or expr.shape
        if not given and not reading.letters and not same_layout(whole.shape, shape):
            raise Refused("shape", say("answers.own_adjoint_shape", name=left.quantity))
        self.names = self.names.deriving(left.quantity, whole, given or reading.letters)

    def define(self, left: Left, statement: Statement) -> None:
        """A name of the student's own, for the lines that follow."""
        assert left.name is not None
        found = self.readings(statement.members[-1], None)
        reading = found[0]
        by_name = {ix.letter: ix for ix in reading.letters}
        written = letters_of(left.indices or ())
        name = left.name
        if written and not by_name:
            # \delta_f of whole arrays: the letter tells one name from another.
            name, written = name + "".join(written), []
        elif set(by_name) - set(written) or (left.indices is not None and set(written) - set(by_name)):
            message = say("answers.definition_indices", name=_shown(left.name))
            raise Refused("wrong_index", message)
        own = tuple(by_name[letter] for letter in written)
        self.names = self.names.defining(name, reading.expr, own, left.word)

    # --- members ---

    def member(self, text: str, target: Target, given: tuple[Ix, ...] | None, transposed: bool) -> ReadAnswer:
        """One member of a chain about ``target``; of several readings those that fit, the most natural one first."""
        letters = target.indices if target.indices else self.reader.letters.get(target.name, ())
        asked = given if given is not None else tuple(ix for ix in target.indices if not ix.fixed)
        options: list[_Option] = []
        for reading in self.readings(text, asked):
            if self.by_row and given and reading.expr.shape:
                row = without_rows(reading.expr, reading.letters, given)
                reading = _Reading(*row) if row is not None else reading
            expr = T(reading.expr) if transposed and len(reading.expr.shape) <= 2 else reading.expr
            if self.problem.picks_members and reading.letters and not reading.positional:
                expr, own = self.entry_of_member(expr, reading.letters, target, given)
                reading = reading._replace(letters=own)
            if reading.positional:
                options.append(
                    _Option(expr, reading.letters, _in_place(reading.letters, target.shape), reading.regrouped)
                )
                continue
            by_entries = given is not None or bool(reading.letters) or (bool(target.indices) and not expr.shape)
            if not by_entries and (same := self.same_members(expr, target)) is not None:
                options.append(_Option(same, letters, True, reading.regrouped))
                continue
            if not by_entries:
                options.append(_Option(expr, (), same_layout(expr.shape, target.shape), reading.regrouped))
                continue
            if given is not None and not reading.letters and expr.shape and same_layout(expr.shape, target.shape):
                options.append(_Option(expr, (), True, reading.regrouped))
                continue
            free = reading.letters
            for b in bindings(target.shape, free, letters) if given is None else [_as_given(given, free)]:
                partial = any(ix.fixed and ix.dim != 1 for ix in b.indices) and not target.is_position
                own = (*b.indices, *b.extra)  # Given by a line before, they may be too many, too.
                fits = len(own) == len(target.shape) and not scalar_if_ones(expr.shape) and not partial
                ended = with_ends(expr, own, self.ends) if self.ends and fits and target is self.target else expr
                options.append(_Option(ended, own, fits, reading.regrouped))
        usual = [option for option in options if not option.regrouped]
        fitting = [option for option in usual if option.fits] or usual[:1]
        others = [option for option in options if option.regrouped and option.fits]
        if not fitting[0].fits and others:
            fitting, others = others, []
        (expr, indices, fits, _), *more = fitting
        of = None if target is self.target else target.name
        return ReadAnswer(
            target, expr, indices, text, self.problem, fits, tuple(option[:2] for option in more),
            regrouped=tuple(option[:2] for option in others), of=of,
        )  # fmt: skip

    def same_members(self, expr: Expr, target: Target) -> Expr | None:
        """The entry of an answer without letters that is the derivative by any member of a family; None for others."""
        usual = self.reader.letters.get(target.name, ())
        rank = self.problem.families.get(target.name)
        if not rank or len(usual) != len(target.shape) or expr.shape != target.shape[-rank:] or rank == len(usual):
            return None
        return Entry(expr, usual[-rank:])

    def entry_of_member(
        self, expr: Expr, letters: tuple[Ix, ...], target: Target, given: tuple[Ix, ...] | None
    ) -> tuple[Expr, tuple[Ix, ...]]:
        """An answer for a member of a family, ``(z[n] - Y[n])/N``, as one for its entries."""
        count = len(letters)
        if not expr.shape or sizes_at(target.shape, letters) != (*(ix.dim for ix in letters), *expr.shape):
            return expr, letters
        usual = as_usual(given or self.reader.letters.get(target.name, ()), letters)
        rest: list[Ix] = []
        for n, dim in enumerate(expr.shape):
            own = usual[count + n] if len(usual) == len(target.shape) else None
            taken = {ix.letter for ix in (*letters, *rest)}
            rest.append(own if own is not None and own.letter not in taken else fresh(dim, (*letters, *rest)))
        return Entry(expr, tuple(rest)), (*letters, *rest)

    def readings(self, text: str, given: tuple[Ix, ...] | None) -> list[_Reading]:
        """Every reading of a text, of the first way of writing that makes sense; raises Refused if none does.

        Code has Python's grouping and no other; what looks like code and is no Python is mathematics.
        """
        if is_code(text, self.names.code) and (found := self.code(text, given)) is not None:
            return found
        try:
            found = [*self.spelled(text, given, turned=True), *self.as_steps(text, given)]
            found += self.as_euler(text, given)
            return [*found, *(each for each in self.as_one_hot(text, given) if each not in found)]
        except Refused as first:
            if found := self.as_one_hot(text, given):
                return found
            if meant := self.untagged:
                with suppress(Refused):
                    return self.spelled(text, given, meant)
            try:
                rows = self.by_rows(text, given)
            except Refused:
                if first.clash is None or not self.problem.families:
                    raise
                raise first from None
            if rows is not None:
                return rows
            # sum(X, 0) and the like, of which no sign says that it is code; a prime is a sign of mathematics.
            if text.isascii() and "^" not in text and "'" not in text:
                with suppress(Refused):
                    if (found := self.code(text, given)) is not None:
                        return found
            raise

    def code(self, text: str, given: tuple[Ix, ...] | None) -> list[_Reading] | None:
        """The reading of a text of Python; None for a text that is none."""
        source = Source(text)
        try:
            code = expression_of_code(source, self.names.code)
            tree = code.tree(mathematical=self.mathematical)
            letters = (
                ix.kind in ("name", "shift") for n in walk_tree(tree) if n.kind == "entry" for ix in n.children[1:]
            )
            lettered = any(letters) or bool(given)
            if self.mathematical or not (lettered or self.by_quotient or is_ours(tree, text)):
                return [self.resolved(tree, source, given)]
            # Where the language's own letters and signs stand, positions count from 1.
            ours = code.tree(first=1) if "[" in text else tree
            readings = [self.resolved(ours, source, given)]
            if not lettered and ours != tree:
                with suppress(InputError):
                    readings.append(self.resolved(tree, source, given)._replace(regrouped=True))
            return readings
        except NotPython:
            return None
        except InputError as e:
            if (found := self.by_rows(text, given)) is not None:
                return found
            raise refused(e) from None

    def as_steps(self, text: str, given: tuple[Ix, ...] | None) -> list[_Reading]:
        """A text in which H is the size of a dimension, with ``H(z)`` as Heaviside's step; empty for others."""
        letters = frozenset(x for x in STEPS if x in self.names.words.dims and f"{x}(" in text)
        found = self.with_names(self.names.without_sizes(letters), text, given) if letters else []
        return [reading._replace(regrouped=True) for reading in found]

    def as_euler(self, text: str, given: tuple[Ix, ...] | None) -> list[_Reading]:
        """A text with powers of a quantity called e, as those of Euler's number; empty for others."""
        if "e^" not in "".join(text.split()) or "e" not in self.names.words.ranks:
            return []
        words = self.names.words
        ranks = {name: rank for name, rank in words.ranks.items() if name != "e"}
        found = self.with_names(replace(self.names, words=replace(words, ranks=ranks)), text, given)
        return [reading._replace(regrouped=True) for reading in found]

    def as_one_hot(self, text: str, given: tuple[Ix, ...] | None) -> list[_Reading]:
        """A text with ``e_y`` as a one-hot vector, beside a family E of which e_y may be a row; empty for others."""
        words = self.names.words
        if "_" not in text or "E" not in words.families or "e" in words.ranks:
            return []
        names = replace(self.names, words=replace(words, families=words.families - {"E"}))
        return self.with_names(names, text, given)

    def with_names(self, other: Names, text: str, given: tuple[Ix, ...] | None) -> list[_Reading]:
        """The readings of a text with other names; none where it is not read with them."""
        names, self.names = self.names, other
        try:
            return self.spelled(text, given)
        except Refused:
            return []
        finally:
            self.names = names

    def as_matrices(self, tree: Node, source: Source, given: tuple[Ix, ...] | None) -> list[_Reading]:
        """A tree with primes for transposes as MATLAB reads it, where an asterisk multiplies matrices."""
        if not any(n.kind == "transpose" for n in walk_tree(tree)):
            return []
        with suppress(InputError, Unavailable):
            found = self.grouped(with_matrix_products(tree), source, given)
            return [reading._replace(regrouped=True) for reading in found]
        return []

    @contextmanager
    def members(self, *, lying: bool) -> Iterator[None]:
        """While this holds, a matrix may have one index, for a member of it."""
        names = self.names
        self.names = with_rows(names, self.problem, lying=lying)
        try:
            yield
        finally:
            self.names = names

    def trees_with_rows(self, text: str) -> list[Node]:
        """The syntax trees of a text in which matrices have one index."""
        if not matrices(self.problem):
            return []
        found = [tree for way in self.trees(text) for tree in way.trees if has_rows(tree)]
        return [] if found and of_one_example(handwritten(Source(text), self.names.words)) else found

    def by_rows(self, text: str, given: tuple[Ix, ...] | None) -> list[_Reading] | None:
        """A text about rows of matrices, entry by entry; None if it has none, or is not read with them either."""
        found: list[_Reading] = []
        clash: Refused | None = None
        for lying in (False, True):
            with self.members(lying=lying):
                if not lying and not self.trees_with_rows(text):
                    return None
                try:
                    readings = self.spelled(text, given)
                except Refused as e:
                    if e.clash is not None and not lying:
                        clash = Refused("shape", say("answers.row_as_column"))
                    continue
            for reading in readings:
                done = without_rows(reading.expr, reading.letters, given or ())
                if done is not None:
                    # The axes of a matrix of rows have their order; a row may be one of any axis.
                    placed = _in_place(done[1], self.target.shape)
                    ordered = placed or sum(dim != 1 for dim in reading.expr.shape) > 1
                    found.append(_Reading(*done, positional=not given and ordered))
        if not found and clash is not None:
            raise clash
        return sorted(found, key=lambda reading: not _in_place(reading.letters, self.target.shape))[:1] or None

    @property
    def untagged(self) -> Mapping[str, str]:
        return untagged(self.target.name, self.problem.symbols, self.names.words)

    def spelled(
        self,
        text: str,
        given: tuple[Ix, ...] | None,
        meant: Mapping[str, str] = _AS_WRITTEN,
        *,
        turned: bool = False,
    ) -> list[_Reading]:
        """The readings of a text; ``meant`` are letters that stand for quantities with a tag.  Raises Refused.

        With ``turned``, primes may be those of MATLAB's transposes.
        """
        found: list[_Reading] = []
        matrices: list[_Reading] = []
        turned = turned and "'" in text and "*" in text.replace("**", "")
        errors: list[InputError] = []
        # With a quantity d, dr may be d times r; not where products have signs.
        product = self.names.words.known("d") and not any(sign in text for sign in "*@")
        both = product or (not text.isascii() and any(sign in text for sign in _DOTS))
        for source, trees, formula in self.trees(text, meant):
            for tree in trees:
                try:
                    readings = self.grouped(tree, source, given) if formula else [self.resolved(tree, source, given)]
                except InputError as e:
                    errors.append(e)
                    matrices += self.as_matrices(tree, source, given) if turned else ()
                except Unavailable:
                    continue
                else:
                    found += [reading for reading in readings if reading not in found]
                    matrices += self.as_matrices(tree, source, given) if turned else ()
            if found and not both:
                break
        if not found and matrices:
            return [reading._replace(regrouped=False) for reading in matrices]
        if not found:
            raise self.refusal(text, errors)
        return [*found, *matrices]

    def trees(self, text: str, meant: Mapping[str, str] = _AS_WRITTEN) -> Iterator[_Way]:
        """The syntax trees of a text: as plain text, then as a formula."""
        names = self.names
        formula = is_formula(text)
        if not formula and not meant:
            source = Source(text)
            try:
                tree = parse_expression(source, names.scope.is_partial)
            except InputError:
                pass  # It may be a formula, which is read below; what neither can read is refused by the caller.
            else:
                if names.make_sense(tree):
                    yield _Way(source, (tree,), formula=False)
        source = Source(text)
        for differential in (True, False) if names.words.known("d") else (False,):
            for single in (False, True) if has_long_script(text) else (False,):
                with suppress(InputError):
                    trees = parse_answer(source, names.words, meant, single=single, differential=differential)
                    yield _Way(source, trees, formula=True)

    def grouped(self, tree: Node, source: Source, given: tuple[Ix, ...] | None) -> list[_Reading]:
        """A tree with its products grouped as is customary, and in the other ways that fit; raises InputError."""
        mixed = 0 < sum(map(formulas.is_mixed, walk_tree(tree))) <= MAX_GROUPINGS
        try:
            found = [self.resolved(tree, source, given)]
        except Mismatch:
            if not mixed:
                raise
            found = self.regrouped(tree, source, given, [])
            if not found:
                raise
            return [reading._replace(regrouped=False) for reading in found]
        return found + (self.regrouped(tree, source, given, found) if mixed else [])

    def regrouped(
        self, tree: Node, source: Source, given: tuple[Ix, ...] | None, known: Sequence[_Reading]
    ) -> list[_Reading]:
        """The readings of a tree in other groupings than the customary one; errors in them are nobody's."""
        names, found = self.names, list[_Reading]()
        for grouping in range(1, MAX_GROUPINGS + 1):
            self.names = replace(names, scope=replace(names.scope, grouping=grouping))
            try:
                reading = self.resolved(tree, source, given)._replace(regrouped=True)
            except (InputError, Unavailable):
                continue
            finally:
                self.names = names
            if all(reading.expr != other.expr for other in (*known, *found)):
                found.append(reading)
        return found

    def resolved(self, tree: Node, source: Source, given: tuple[Ix, ...] | None) -> _Reading:
        """The expression of a tree; summed letters may be the student's own, free ones keep their declared range."""
        scope = self.names.scope
        tree = spelled_out(tree, scope)
        fixed = tuple(ix for ix in given or () if not ix.fixed)
        free = free_letters(tree, scope)
        try:
            return self.resolved_in(scope, tree, source, fixed, free)
        except Mismatch:
            raise
        except InputError:
            known = {ix.letter for ix in fixed}
            ranges = {letter: scope.range_of(letter) for letter in free if letter not in known}
            declared = tuple(Ix(letter, dim) for letter, dim in ranges.items() if dim is not None)
            own = replace(scope, own_letters=True)
            # Where a letter of another dimension stands for an axis, it is the student's own.
            here = tuple(ix for ix in declared if ix.dim in self.target.shape)
            few = len(free) <= sum(dim != 1 for dim in self.target.shape)
            for kept in (declared, here) if few and not fixed and len(here) < len(declared) else (declared,):
                with suppress(InputError):
                    return self.resolved_in(own, tree, source, (*fixed, *kept), free)
            raise

    def resolved_in(
        self, scope: Scope, tree: Node, source: Source, fixed: tuple[Ix, ...], free: Mapping[str, Node]
    ) -> _Reading:
        # Nothing asks where in the text a part of a read answer stands.
        resolver = Resolver(source, scope, _NO_LETTERS.with_fixed(fixed), spans=False)
        resolver.bind_free(free, (tree,))
        if "einsum" in source.text and (entries := arrays.positional(resolver, tree)) is not None:
            expr, letters = entries
            return _Reading(self.names.inlined(expr) if self.names.own else expr, letters, bool(letters))
        whole: Shape = () if fixed else self.target.shape
        if formulas.is_bare(tree):
            expr = formulas.filled(tree, whole, resolver)
        else:
            try:
                expr = resolver.resolve(tree)
            except SizeUnknown:
                if tree.kind not in ("terms", "neg"):
                    raise
                expr = formulas.filled(tree, whole, resolver)
        if self.names.own:
            expr = self.names.inlined(expr)
        frame = resolver.frame.letters
        letters = tuple(Ix(frame[name].shown, frame[name].dim or 1) for name in free)
        return _Reading(expr, letters)

    # --- errors ---

    def undefined(self, text: str) -> Refused | None:
        """The refusal of a text, by the grammar of formulas, for a name without a meaning; None for others."""
        try:
            parse_answer(Source(text), self.names.words)
        except InputError as e:
            found = refused(e)
            return found if found.code == "latex.undefined_name" else None
        return None

    def refusal(self, text: str, errors: Sequence[InputError]) -> Refused:
        """The most helpful of the errors: a clash of shapes, else that of the way in which the text was written."""
        clash = next((e for e in errors if isinstance(e, Mismatch)), None)
        if clash is not None:
            return refused(clash)
        if not errors and (undefined := self.undefined(text)) is not None:
            return undefined
        if not is_formula(text):
            source, names = Source(text), self.names.scope
            try:
                self.resolved(as_in_code(parse_expression(source, names.is_partial), names.names), source, None)
            except InputError as e:
                plain = refused(e)
                if plain.tag != "syntax" or not errors:
                    return plain
        if errors:
            return refused(errors[0])
        source = Source(text)
        try:
            parse_answer(source, self.names.words)
        except InputError as e:
            return refused(e)
        return Refused("syntax", say("answers.not_read"))


def is_target_letter(text: str) -> bool:
    """Whether this is an index letter, perhaps primed, or a position."""
    letter = text.rstrip("'")
    position = text.isdecimal() and text[0] != "0" and len(text) <= 6
    return position or (letter.isidentifier() and letter[0].isalpha() and letter.isascii())


def is_formula(text: str) -> bool:
    """Whether a text has signs that the plain language has not: macros, scripts in braces, other alphabets."""
    if "\\" in text or "_{" in text or "^{" in text:
        return True
    return not text.isascii() and any(c > "\x7f" and c not in _PLAIN_SIGNS for c in text)


def has_long_script(text: str) -> bool:
    """Whether more than one letter or digit stands after an underscore: ``x_ab`` may be x_a b."""
    return any(part[:1].isalnum() and part[1:2].isalnum() for part in text.split("_")[1:])


def is_word(text: str) -> bool:
    """A name as code has it, such as ``dza`` or ``relu_grad``."""
    return len(text) > 1 and text.isascii() and text.isidentifier()


def speaks_of_slopes(text: str) -> bool:
    """Whether a text has a sign of differentiation: where it is not read, it may still be a step."""
    if any(sign in text for sign in ("\\partial", "∂", "\\nabla")):
        return True
    bare = "".join(text.split()).replace("\\mathrm{", "")
    above = (part[len(part.rstrip(_LETTERS)) :] for part in bare.replace("/(", "/").split("/d")[:-1])
    return "\\frac{d" in bare or any(letters[:1] == "d" for letters in above)


def with_matrix_products(tree: Node) -> Node:
    """The tree with asterisks as matrix products."""
    children = tuple(map(with_matrix_products, tree.children))
    if tree.kind == "mul":
        return tree._replace(kind="product", children=children)
    return tree._replace(value=tree.value.replace("*", " ") if tree.kind == "terms" else tree.value, children=children)


def is_ours(tree: Node, text: str) -> bool:
    """Whether code has what Python has not: a quotient of differentials, a primed function, [z > 0], delta, π."""
    for n in walk_tree(tree):
        quotient = n.kind == "partial" and "/" in text[slice(*n.span)]
        function = n.kind == "call" and (n.value.endswith("'") or n.value == "delta")
        if quotient or function or (n.kind == "cmp" and text[: n.span[0]].rstrip().endswith("[")):
            return True
    return "π" in text


def _in_place(letters: Sequence[Ix], shape: Shape) -> bool:
    """Whether letters that count axes have the dimensions of the target's."""
    return tuple(ix.dim for ix in letters) == shape


def _as_given(given: tuple[Ix, ...], letters: Sequence[Ix]) -> Bound:
    mine = set(given)
    return Bound(given, tuple(ix for ix in letters if ix not in mine))


def _no_left(text: str, loss: str) -> Refused:
    return Refused("syntax", say("answers.not_a_derivative", left=_shown(text), loss=loss))


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "..."
