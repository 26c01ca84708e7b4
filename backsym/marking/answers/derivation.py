r"""What the statements of an answer say, one after the other: names of the student's own, steps, the answer.

Of several readings of a member (``readings``) those whose shape is that of the quantity are kept.

Must not know how a text is read, nor how an answer is judged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from backsym.core.expr import (
    ZERO,
    Adj,
    Entry,
    Expr,
    Ix,
    Member,
    T,
    free_indices,
    scalar_if_ones,
    show_shape,
    walk,
    with_indices,
)
from backsym.core.functions import FUNCTIONS
from backsym.core.names import split_name
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.marking.answers.ends import End, at_letter, end_of, is_after_end, with_ends
from backsym.marking.answers.left_sides import Left, by_prime, left_of, letter_under_bar, letters_of, own_name
from backsym.marking.answers.letters import (
    Bound,
    as_usual,
    bindings,
    fresh,
    is_one_place,
    position,
    sizes_at,
    spare_axes,
)
from backsym.marking.answers.lines import Statement
from backsym.marking.answers.model import Line, ReadAnswer, Target
from backsym.marking.answers.own_names import Names
from backsym.marking.answers.prose import begins_with_slope
from backsym.marking.answers.readings import AS_WRITTEN, Reading, Readings, in_place
from backsym.marking.answers.refusals import Refused
from backsym.marking.answers.rows import left_row, without_rows
from backsym.marking.judging.layouts import same_layout
from backsym.reading.python.lexer import spelled
from backsym.reading.python.recognise import is_matlab
from backsym.text.pieces import words_and_signs

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KEPT = 1000
_LOSSES = ("L", "J", "ell", "loss", "cost")


@dataclass(frozen=True)
class Sheet:
    """What holds for all answers about one problem: its names, the author's letters for the axes of quantities."""

    problem: Problem
    names: Names
    letters: Mapping[str, tuple[Ix, ...]]
    lefts: dict[str, Left] = field(default_factory=dict, repr=False)
    """Left sides that were read already."""


class _Option(NamedTuple):
    """A reading as an answer about a target: its expression, its letters, and whether it has the target's shape."""

    expr: Expr
    indices: tuple[Ix, ...]
    fits: bool
    regrouped: bool
    doubtful: bool = False


class _Member(NamedTuple):
    """A member of a chain about ``target`` as it is read: what an answer that ends with it is made of."""

    text: str
    target: Target
    expr: Expr
    indices: tuple[Ix, ...]
    fits: bool
    others: tuple[tuple[Expr, tuple[Ix, ...]], ...]
    regrouped: tuple[tuple[Expr, tuple[Ix, ...]], ...]


class Derivation:
    """The statements of one answer; ``names`` are those that hold at its beginning."""

    def __init__(self, sheet: Sheet, target: Target, text: str, names: Names, *, mathematical: bool = False):
        self.sheet, self.target, self.text, self.mathematical = sheet, target, text, mathematical
        self.problem = sheet.problem
        self.names = names
        self.matlab = is_matlab(text) if "(" in text else None
        self.lines: list[Line] = []
        self.unchecked: list[str] = []
        self.started: Statement | None = None
        self.rows = 1
        self.named = self.several = False
        self.ends = [End(Ix("1", self.target.shape[0]), ZERO)] if self.target.from_second else []
        self.labels: dict[str, str] = {}
        """Names of the student's own for the derivative by a quantity."""
        self.by_row = False
        """Whether the left side is the derivative by a row, so that a vector is one entry by entry."""
        self.by_quotient = False
        """Whether the left side is a quotient of differentials."""
        self.moved: Mapping[Ix, Ix] = {}
        """Where the left side is about a member beside that at its letter, ``h_{t-1}``: what the letter is there."""

    @property
    def readings(self) -> Readings:
        """What texts mean by the names that hold now."""
        return Readings(self.problem, self.target, self.names, self.mathematical, self.by_quotient, self.matlab)

    def read(self, found: Sequence[Statement]) -> ReadAnswer:
        answer: _Member | None = None
        if len(found) > 1:
            found = [statement for statement in found if not self.says_end(statement)] or found
        self.check_used(found)
        found = self.without_labels(found)
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
            if read is not None and (read.target is self.target or answer is None or answer.target is not self.target):
                answer = read
        if answer is None:
            raise Refused("syntax", say("answers.only_names"))
        of = None if answer.target is self.target else answer.target.name
        return ReadAnswer(
            answer.target, answer.expr, answer.indices, answer.text, self.problem, answer.fits, answer.others,
            tuple(self.lines), tuple(self.unchecked), of, answer.regrouped, self.names,
        )  # fmt: skip

    def without_definitions(self, found: Sequence[Statement]) -> Sequence[Statement]:
        """What is left when the student's own names are defined, each after those that it uses."""
        if len(found) < 2:
            return found
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
        # What stands without a left side beside an end is what is asked for, as it is where it stands alone.
        if not any(statement.left is None or self.speaks_of_target(statement.left) for statement in rest):
            return found
        for at, statement in ends:
            *steps, value = statement.members
            self.unchecked += steps
            self.ends.append(End(at, self.readings.of(value, ())[0].expr))
        return rest

    def says_end(self, statement: Statement) -> bool:
        """Whether this says that there is nothing after the last member of a recurrence."""
        *others, value = (statement.left or "", *statement.members)
        return value == "0" and all(is_after_end(other, self.names.scope) for other in others)

    def check_used(self, found: Sequence[Statement]) -> None:
        """Refuses ``... with x = 0`` of a name that nothing else has: what holds then is not asked for."""
        for statement in found if len(found) > 1 else ():
            name, value = (statement.left or "").strip(), statement.members[-1].strip()
            if value.isdecimal() and name.isalpha() and self.own(statement) == name:
                others = (text for s in found if s is not statement for text in (s.left or "", *s.members))
                words = {piece.word for text in others for piece in words_and_signs(text)} - set(FUNCTIONS)
                if not any(name in word for word in words):
                    raise Refused("syntax", say("answers.assumed", name=name, value=value))

    def without_labels(self, found: Sequence[Statement]) -> Sequence[Statement]:
        r"""What is left without ``\delta = dL/dz``, where that is asked for and another line says what delta is."""
        labels = [s for s in found if len(s.members) == 1 and self.speaks_of_target(s.members[0]) and self.defines(s)]
        for label in labels if len(found) > 1 else ():
            others = [s for s in found if s is not label]
            if self.own(label) in map(self.own, others):
                found = others
        return found

    def own_target(self, found: Sequence[Statement]) -> None:
        r"""Take a name that a recursion defines by itself, ``\delta_t = W^T \delta_{t+1}``, for what is asked for."""
        letters = self.sheet.letters.get(self.target.name, ())
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
                self.names = self.names.defining(left.name, value, letters[:1], word=left.word)
                return

    def left_or_none(self, statement: Statement) -> Left | None:
        try:
            return self.left(statement)
        except Refused:
            return None

    def statement(self, statement: Statement, *, last: bool) -> _Member | None:
        """What a statement says of what is asked for; None for one about something else, which is noted."""
        try:
            left = self.left(statement)
        except Refused:
            if statement.left is None or not speaks_of_slopes(statement.left) or not begins_with_slope(statement.left):
                raise
            # A Jacobian, or the derivative of an expression, on the left: a step that has no value of its own.
            step = (self.named and not last) or (self.several and self.is_local(statement.left))
            if not step and not self.may_be_by_target(statement.left):
                raise
            self.unchecked.append(statement.left)
            if step:
                return None
            statement, left = Statement(None, statement.members, statement.rows), None
        if left is not None and left.word and last:
            raise _no_left(statement.left or "", self.problem.loss)
        if left is not None and left.quantity == self.target.name:
            return self.chain(statement, left, self.target)
        if left is not None and (mean := self.barred(left, statement)) is not None:
            left = mean
        if left is not None and left.quantity in self.names.own:
            self.derive(left, statement)
            return None
        if left is not None and (own := self.tagged(left)) is not None:
            left = own
        if left is None and statement.left is not None and statement.aside:
            self.aside(statement)  # ..., because sum_k t_k = 1.
            return None
        if left is None and statement.left is not None:
            # a - t = softmax(z) - t: a chain without a left side.
            statement = self.turned_round(statement.turned())
            left = self.left(statement)
        if left is not None and left.name is not None and self.is_of_loss(left.name) and last and not self.lines:
            left = replace(left, quantity=self.problem.loss, name=None)  # Not a label of the answer.
        if left is not None and left.quantity is None and not self.labels_target(left, last=last):
            self.check_general(left, statement)
            if left.name not in self.problem.symbols:
                self.define(left, statement)
            elif not self.assumes(left, statement):
                self.aside(statement)
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
        other = name != self.target.name
        return self.chain(statement, left, Target(name, self.problem.symbols[name].shape) if other else self.target)

    def chain(self, statement: Statement, left: Left | None, target: Target) -> _Member:
        """The last member of a chain about ``target``, all members of which become lines."""
        given = None
        if left is not None and left.quantity is not None:
            left, self.moved = at_letter(left, target.shape, self.names.scope)
            given = self.given(left, target)
        self.by_row = left is not None and left.row
        self.by_quotient = left is not None and left.quantity is not None and "/" in (statement.left or "")
        answer: _Member | None = None
        for n, member in enumerate(statement.members):
            try:
                answer = self.member(member, target, given, transposed=bool(left and left.transposed))
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
            more = bool(answer.others or answer.regrouped)
            self.lines.append(
                Line(member, answer.expr, answer.indices, starts, target.name, answer.fits, unclear=more, row=row)
            )
            given = given or (answer.indices if answer.indices else None)
        assert answer is not None, "a statement has members"
        return answer

    def turned_round(self, statement: Statement) -> Statement:
        """A chain that ends with the derivative that is asked for, which says the same with it in front."""
        *others, end = statement.members
        if not others or not self.speaks_of_target(end):
            return statement
        return Statement(end, tuple(others), statement.rows[:-1])

    def own(self, statement: Statement) -> str | None:
        """The name of the student's own that a statement is about."""
        left = self.left_or_none(statement)
        return left.name if left is not None and left.name not in self.problem.symbols else None

    def defines(self, statement: Statement) -> bool:
        """Whether this says what a name of the student's own stands for."""
        return self.own(statement) is not None

    def speaks_of_target(self, left: str | None) -> bool:
        """Whether this is the derivative that is asked for, by name."""
        if left is None:
            return False
        try:
            found = self.left_named(left)
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
        reading = self.readings.of(statement.members[0], asked)[0]
        usual = self.target.indices or self.sheet.letters.get(self.target.name, ())
        found = bindings(self.target.shape, reading.letters, usual) if reading.letters else ()
        indices = given or next((b.indices for b in found), ())
        return ReadAnswer(self.target, reading.expr, indices, self.text, self.problem, fits=False)

    def is_local(self, text: str) -> bool:
        """Whether this is a local derivative, such as ``dy/dz``."""
        return any(tree.kind == "partial" for way in self.readings.trees(text) for tree in way.trees)

    def may_be_by_target(self, left: str) -> bool:
        """Whether a left side that is not read is a first derivative: by what is asked for, or by nothing, ``∇L``."""
        bare = "".join(left.split()).replace("{2}", "2").replace("²", "^2")
        second = any(f"{sign}^2" in bare for sign in ("\\partial", "∂", "\\nabla", "∇", "d"))
        if bare.startswith(("\\nabla", "∇")) and "_" not in bare:
            return not second
        by = bare.rpartition("}{")[2] if "frac" in bare else bare.rpartition("/")[2]
        at_point = any(sign in bare for sign in ("|_", "vert_", "|{", "vert{"))
        return not second and not at_point and split_name(self.target.name)[0].lower() in spelled(by).lower()

    def check_general(self, left: Left, statement: Statement) -> None:
        """Refuses ``N = 1`` and ``t = 0``: a number in place of a size, or of all that is given."""
        name, value = left.name or "", statement.members[-1].strip()
        whole = name in self.problem.symbols and name not in self.problem.by_name and left.indices is None
        if (whole or name in self.names.words.dims) and value.isdecimal():
            raise Refused("syntax", say("answers.assumed", name=name, value=value))

    def assumes(self, left: Left, statement: Statement) -> bool:
        """Whether this gives an entry of an input or target a value, ``t_o = 1``: the answer is judged without it."""
        given = left.name not in self.problem.by_name and len(statement.members) == 1
        return given and statement.members[0].strip().isdecimal()

    def aside(self, statement: Statement) -> None:
        """A forward equation or a local derivative beside the answer: its sides are checked against each other."""
        given: tuple[Ix, ...] | None = None
        for n, text in enumerate((statement.left or "", *statement.members)):
            reading = self.readings.of(text, given)[0]
            given = reading.letters if given is None else given
            row = statement.rows[max(0, n - 1)]
            self.lines.append(Line(text, reading.expr, given, n == 0, None, aside=True, row=row))

    def is_of_loss(self, name: str) -> bool:
        """Whether a name that the problem does not have is the loss by custom, or a change of it: ``L``, ``deltaJ``."""
        bare = name.removeprefix("d").removeprefix("elta").removeprefix("Delta")
        return name not in self.problem.symbols and bare in (self.problem.loss, *_LOSSES)

    def labels_target(self, left: Left, *, last: bool) -> bool:
        """Whether a bare name on the left is only a label of the answer: the target itself, or a word before ``=``."""
        return left.name == self.target.name or (last and not self.lines and left.name not in self.problem.symbols)

    # --- left sides ---

    def left(self, statement: Statement) -> Left | None:
        """What a statement is about; None for a chain of expressions only."""
        if statement.left is None:
            return None
        try:
            left = self.left_named(statement.left)
            meant = self.labels.get(left.name or "")
            return left if meant is None else replace(left, quantity=meant, name=None)
        except Refused:
            with suppress(Refused):
                self.readings.of(statement.left, None)
                return None
            raise

    def left_named(self, text: str) -> Left:
        """What a left side is.  A class writes few different ones, so that they are kept."""
        kept = self.sheet.lefts
        if text in kept:
            return kept[text]
        left = self.read_left(text)
        if len(kept) <= _KEPT and self.names is self.sheet.names:
            kept[text] = left
        return left

    def read_left(self, text: str) -> Left:
        text = by_prime(text, self.problem.loss) or text
        if (own := own_name(text, self.names.words)) is not None:
            return own
        if (row := self.left_row(text)) is not None:
            return row
        for meant in (AS_WRITTEN, self.readings.untagged) if self.readings.untagged else (AS_WRITTEN,):
            for tree in (tree for way in self.readings.trees(text, meant) for tree in way.trees):
                left = left_of(tree, self.problem.loss, text)
                if left is not None and left.indices and is_word(text) and self.is_glued(left, text):
                    continue  # dh_pre is no derivative by h with three indices, and vh = v/2 no entry of v.
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
        trees = self.readings.of_members(lying=False).trees_with_rows(text)
        found = (left_row(tree, self.problem, self.text) for tree in trees)
        return next((left for left in found if left is not None and self.is_row(left)), None)

    def is_row(self, left: Left) -> bool:
        """Whether one index says which row, and not which entry of a matrix that is a row."""
        assert left.quantity is not None
        return spare_axes(self.problem.symbols[left.quantity].shape, 1) is None

    def is_glued(self, left: Left, text: str) -> bool:
        """Whether a word is no quantity with as many indices as it has axes."""
        return not self.indexes(left) or (left.quantity is None and "_" not in text)

    def indexes(self, left: Left) -> bool:
        """Whether a left side has an index for each axis of its quantity."""
        symbol = self.problem.symbols.get(left.quantity or "")
        return symbol is None or spare_axes(symbol.shape, len(left.indices or ())) is not None

    def given(self, left: Left, target: Target) -> tuple[Ix, ...] | None:
        """The letters that a left side gives to the axes; None for a left side that is the whole."""
        if left.indices is None:
            return None
        axes = spare_axes(target.shape, len(left.indices))
        usual = self.sheet.letters.get(target.name, ())
        picked = self.problem.picks_members and len(usual) == len(target.shape) and axes is None
        end = end_of(left, target.shape[0] if target.shape else None, self.names.scope)
        if picked and len(left.indices) < len(usual):
            mine = [Ix(ix.value, dim) for ix, dim in zip(left.indices, target.shape, strict=False)]
            mine[:1] = mine[:1] if end is None else [end]
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
        if end is not None and axes[:1] == [0]:
            indices[0] = end
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
            shape = self.readings.of(statement.members[-1], None)[0].expr.shape
            if not same_layout(shape, self.problem.symbols[left.quantity or ""].shape):
                return Left(None, f"{letter}bar", None)
        return None

    def derive(self, left: Left, statement: Statement) -> None:
        """What the derivative of the loss by a name of the student's own is, for the lines that follow."""
        assert left.quantity is not None
        expr, letters = self.names.own[left.quantity]
        given = tuple(Ix(ix.value, own.dim) for ix, own in zip(left.indices or (), letters, strict=False))
        reading = self.readings.of(statement.members[-1], given)[0]
        whole = T(reading.expr) if left.transposed else reading.expr
        shape = tuple(ix.dim for ix in letters) or expr.shape
        if not given and not reading.letters and not same_layout(whole.shape, shape):
            raise Refused("shape", say("answers.own_adjoint_shape", name=left.quantity))
        self.names = self.names.deriving(left.quantity, whole, given or reading.letters)

    def define(self, left: Left, statement: Statement) -> None:
        """A name of the student's own, for the lines that follow."""
        assert left.name is not None
        if left.indices is None and (function := self.names.function(statement.members[-1])) is not None:
            self.names = self.names.calling(left.name, function)  # f = ReLU
            return
        found = self.readings.of(statement.members[-1], None)
        reading = found[0]
        by_name = {ix.letter: ix for ix in reading.letters}
        written = letters_of(left.indices or ())
        name = left.name
        if written and not by_name:
            # \delta_f of whole arrays: the letter tells one name from another.
            name, written = f"{name}_{''.join(written)}", []
        elif left.indices is None and by_name and self.are_members(reading):
            # h_prev = h[t-1], p = softmax(z_n): the member that is meant wherever the name stands.
            self.names = self.names.opening(name, reading.expr, word=left.word)
            return
        elif left.indices is not None and (along := _along_row(reading, written, statement.members[-1])):
            written = [*written, along]  # e_n = y_n - B^T x_n of rows: a matrix of the student's own.
        elif set(by_name) - set(written) or (left.indices is not None and set(written) - set(by_name)):
            message = say("answers.definition_indices", name=_shown(left.name))
            raise Refused("wrong_index", message)
        own = tuple(by_name[letter] for letter in written)
        self.names = self.names.defining(name, reading.expr, own, word=left.word)

    def are_members(self, reading: Reading) -> bool:
        """Whether all letters that are free stand for members of families."""
        dims = self.problem.family_dims
        return all(ix.dim in dims for ix in reading.letters) and any(isinstance(e, Member) for e in walk(reading.expr))

    # --- members ---

    def member(self, text: str, target: Target, given: tuple[Ix, ...] | None, *, transposed: bool) -> _Member:
        """One member of a chain about ``target``; of several readings those that fit, the most natural one first."""
        letters = target.indices if target.indices else self.sheet.letters.get(target.name, ())
        asked = tuple(ix for ix in (target.indices if given is None else given) if not is_one_place(ix))
        options: list[_Option] = []
        for reading in self.readings.of(text, asked):
            if self.moved:
                reading = reading._replace(expr=with_indices(reading.expr, self.moved))
            if self.by_row and given and reading.expr.shape:
                row = without_rows(reading.expr, reading.letters, given)
                reading = Reading(*row) if row is not None else reading
            expr = T(reading.expr) if transposed and len(reading.expr.shape) <= 2 else reading.expr
            if self.problem.picks_members and reading.letters and not reading.positional:
                expr, own = self.entry_of_member(expr, reading.letters, target, given)
                reading = reading._replace(letters=own)
            if reading.positional:
                options.append(
                    _Option(expr, reading.letters, in_place(reading.letters, target.shape), reading.regrouped)
                )
                continue
            by_entries = given is not None or bool(reading.letters) or (bool(target.indices) and not expr.shape)
            if not by_entries and (same := self.same_members(expr, target)) is not None:
                options.append(_Option(same, letters, fits=True, regrouped=reading.regrouped))
                continue
            if not by_entries:
                fits = same_layout(expr.shape, target.shape)
                options.append(_Option(expr, (), fits, reading.regrouped, reading.doubtful))
                continue
            if given is not None and not reading.letters and expr.shape and same_layout(expr.shape, target.shape):
                options.append(_Option(expr, (), fits=True, regrouped=reading.regrouped))
                continue
            free = reading.letters
            for b in bindings(target.shape, free, letters) if given is None else [_as_given(given, free)]:
                partial = any(map(is_one_place, b.indices)) and not target.is_position
                own = (*b.indices, *b.extra)  # Given by a line before, they may be too many, too.
                fits = len(own) == len(target.shape) and not scalar_if_ones(expr.shape) and not partial
                options.append(_Option(expr, own, fits, reading.regrouped))
        if self.ends and target is self.target:
            options = [self.ended(option, target, letters) for option in options]
        fitting, others = _fitting(options) if len(options) > 1 else (options, [])
        (expr, indices, fits, *_), *more = fitting
        also = tuple([option[:2] for option in more])
        return _Member(text, target, expr, indices, fits, also, tuple([option[:2] for option in others]))

    def ended(self, option: _Option, target: Target, letters: tuple[Ix, ...]) -> _Option:
        """A reading with what is said of single members apart, entry by entry; nothing that is said is left out."""
        if not option.fits:
            return option
        expr, indices = option.expr, option.indices
        if not indices:
            if expr.shape != target.shape:
                raise Refused("wrong_index", say("answers.left_position"))
            taken: list[Ix] = list(letters) if len(letters) == len(target.shape) else []
            for dim in target.shape[len(taken) :]:
                taken.append(fresh(dim, taken))
            indices = tuple(taken)
            expr = Entry(expr, indices)
        return option._replace(expr=with_ends(expr, indices, self.ends), indices=indices)

    def same_members(self, expr: Expr, target: Target) -> Expr | None:
        """The entry of an answer without letters that is the derivative by any member of a family; None for others."""
        usual = self.sheet.letters.get(target.name, ())
        rank = len(target.whole.shape) if target.whole is not None else self.problem.families.get(target.name)
        if not rank or len(usual) != len(target.shape) or rank == len(usual):
            return None
        if expr.shape != sizes_at(target.shape, usual[:-rank])[-rank:]:
            return None
        return Entry(expr, usual[-rank:])

    def entry_of_member(
        self, expr: Expr, letters: tuple[Ix, ...], target: Target, given: tuple[Ix, ...] | None
    ) -> tuple[Expr, tuple[Ix, ...]]:
        """An answer for a member of a family, ``(z[n] - Y[n])/N``, as one for its entries."""
        of_whole = free_indices(target.whole) if target.whole is not None else ()
        if set(letters) < set(of_whole) and target.shape == (*(ix.dim for ix in of_whole), *expr.shape):
            letters = of_whole  # It is the same for all members at the other letters.
        count = len(letters)
        if not expr.shape or sizes_at(target.shape, letters) != (*(ix.dim for ix in letters), *expr.shape):
            return expr, letters
        usual = as_usual(given or self.sheet.letters.get(target.name, ()), letters)
        rest: list[Ix] = []
        for n, dim in enumerate(expr.shape):
            own = usual[count + n] if len(usual) == len(target.shape) else None
            taken = {ix.letter for ix in (*letters, *rest)}
            rest.append(own if own is not None and own.letter not in taken else fresh(dim, (*letters, *rest)))
        return Entry(expr, tuple(rest)), (*letters, *rest)


def is_word(text: str) -> bool:
    """A name as code has it, such as ``dza`` or ``relu_grad``."""
    return len(text) > 1 and text.isascii() and text.isidentifier()


def speaks_of_slopes(text: str) -> bool:
    """Whether a text has a sign of differentiation: where it is not read, it may still be a step."""
    if any(sign in text for sign in ("\\partial", "∂", "\\nabla")):
        return True
    bare = "".join(text.split()).replace("\\mathrm{", "")
    if any(part[-1:].isalpha() for part in bare.split("'(")[:-1]):
        return True  # L'(y)
    above = (part[len(part.rstrip(_LETTERS)) :] for part in bare.replace("/(", "/").split("/d")[:-1])
    return "\\frac{d" in bare or any(letters[:1] == "d" for letters in above)


def _fitting(options: Sequence[_Option]) -> tuple[list[_Option], list[_Option]]:
    """Those that fit, or the most natural one; and those that fit with a product grouped in another way."""
    usual = [option for option in options if not option.regrouped]
    fitting = [option for option in usual if option.fits] or usual[:1]
    others = [option for option in options if option.regrouped and option.fits]
    clear = [option for option in others if not option.doubtful]
    return (clear, []) if clear and not fitting[0].fits else (fitting, others)


def _as_given(given: tuple[Ix, ...], letters: Sequence[Ix]) -> Bound:
    mine = set(given)
    return Bound(given, tuple(ix for ix in letters if ix not in mine))


def _along_row(reading: Reading, written: Sequence[str], text: str) -> str | None:
    """The letter of the entries of a row that has the letter ``written``: the reader's own, which the text has not."""
    others = [ix.letter for ix in reading.letters if ix.letter not in written]
    row = len(written) == len(others) == 1 and len(reading.letters) == 2 and not reading.expr.shape
    return others[0] if row and not any(piece.text == others[0] for piece in words_and_signs(text)) else None


def _no_left(text: str, loss: str) -> Refused:
    return Refused("syntax", say("answers.not_a_derivative", left=_shown(text), loss=loss))


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "..."
