r"""Reading answers: plain or LaTeX, index or matrix form, with or without a left side, on one line or many.

A text is taken out of its container and cut into statements (``lines``); what each says is found by ``derivation``, of
the ``readings`` that its members have.

Must not know what a text means, nor how an answer is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.expr import Ix, show_shape
from backsym.core.functions import FUNCTIONS, Function
from backsym.core.lazy import Recurring
from backsym.core.problem import Problem
from backsym.core.words import say
from backsym.marking.answers.containers import opened
from backsym.marking.answers.derivation import Derivation, Sheet
from backsym.marking.answers.explanations import Explained, explained, taken_back
from backsym.marking.answers.letters import position, spare_axes
from backsym.marking.answers.lines import MAX_MEMBERS, Statement, statements, usual_statement
from backsym.marking.answers.model import ReadAnswer, Target, Unreadable
from backsym.marking.answers.own_names import Names
from backsym.marking.answers.pasting import pasted
from backsym.marking.answers.refusals import Refused
from backsym.reading.meaning.scope import suggest
from backsym.reading.plain import glance
from backsym.reading.plain.lexer import MAX_CHARACTERS
from backsym.reading.python.programs import as_equations
from backsym.reading.python.recognise import is_code
from backsym.reading.texts import scope_of

MAX_READ = 1000
"""Answers that were given more than once and are kept as they were read."""
_MESSAGE = 300
_SHOWN = 80
"""Characters of words beside an answer in a message."""


NORMAL: Mapping[str, Function] = {
    "Phi": Function("Phi", ("x",), r"\Phi", definition="(1 + erf(x/sqrt(2)))/2", expanded=True),
    "phi": Function("phi", ("x",), r"\phi", definition="exp(-x**2/2)/sqrt(2*pi)", expanded=True),
}
"""What the distribution function of the standard normal distribution, and its density, are called by custom."""


def of_normal_distribution(name: str) -> bool:
    """Whether a function is about the normal distribution: its derivative has the error function."""
    function = FUNCTIONS.get(name)
    return name == "erf" or (function is not None and any("erf(" in slope for slope in function.partials))


class AnswerReader:
    """Reads answers about one problem; make one and use it for all of them.

    ``letters`` are the author's letters for the axes of each quantity, where they are known.
    """

    def __init__(self, problem: Problem, letters: Mapping[str, tuple[Ix, ...]] | None = None):
        self.problem = problem
        self.letters = letters or {}
        scope = replace(scope_of(problem), strict_shapes=True)
        if any(of_normal_distribution(name) for name in problem.functions):
            known = {**scope.names, **dict.fromkeys(scope.abstract), **scope.dims}
            scope = replace(scope, own={**{k: f for k, f in NORMAL.items() if k not in known}, **scope.own})
        self.names = Names.of(scope)
        self._sheet = Sheet(problem, self.names, self.letters)
        self._read = _given_again()

    def __getstate__(self) -> dict[str, Any]:
        """Without what was read, which a copy in another process reads anew."""
        return {**self.__dict__, "_read": _given_again()}

    # --- targets ---

    def target(self, text: str) -> Target:
        """The target that ``W2`` or ``W2[k,j]`` names; raises BacksymError with a near name."""
        found = glance.quantity(text)
        name, inside = found or (text.strip(), "")
        symbol = self.problem.symbols.get(name)
        if found is None or symbol is None:
            near = suggest(name, list(self.problem.symbols))
            raise BacksymError(say("answers.no_quantity", name=text.strip()), near)
        if not inside:
            return Target(name, symbol.shape)
        written = [part.strip() for part in inside.split(",")]
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
            dim = symbol.shape[axis]
            if letter.isdecimal() and dim in self.problem.from_zero:
                letter = str(int(letter[:MAX_DIGITS]) + 1)
            if not is_target_letter(letter):
                raise BacksymError(say("answers.target_letter", letter=letter, target=text.strip()))
            indices[axis] = Ix(letter, dim)
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
            return self._answer(target, text, names, mathematical=mathematical)
        key = target, text, mathematical
        return self._read.get(key, hash(key), lambda: self._answer(target, text, None, mathematical=mathematical))

    def _answer(self, target: Target, text: str, names: Names | None, *, mathematical: bool) -> ReadAnswer | Unreadable:
        if len(text) > MAX_CHARACTERS:
            long = say("answers.too_many_characters", count=len(text), limit=MAX_CHARACTERS)
            return Unreadable(target, text[:200], "limit", long.text(self.problem.language), self.problem)
        if (usual := usual_statement(text)) is not None:
            return self.read_text(target, text, mathematical=mathematical, names=names, usual=usual)
        within = opened(text)
        if within is None:
            return self.read_text(target, text, mathematical=mathematical, names=names)
        if within.denied or (within.left and not within.text.strip()):
            said = say("answers.denied", said=within.denied[:_SHOWN]) if within.denied else say("answers.crossed_out")
            return Unreadable(target, text, "syntax", said.text(self.problem.language), self.problem)
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
            if usual is None and (said := taken_back(text)) is not None:
                raise Refused("syntax", said)
            told = explained(_as_equations(pasted(text))) if usual is None else Explained("")
            found = statements(told.text) if usual is None else [usual]
            count = sum(len(s.members) + (s.left is not None) for s in found)
            if not found:
                raise Refused("syntax", say("answers.no_answer"))
            if count > MAX_MEMBERS:
                raise Refused("limit", say("answers.too_many_lines", limit=MAX_MEMBERS))
            line = 1 if count > 1 else None
            hold = (names or self.names).without_sizes(told.steps)
            return Derivation(self._sheet, target, text, hold, mathematical=mathematical).read(found)
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
            derivation = Derivation(self._sheet, target, text, self.names)
            return derivation.meant(found[0]) if len(found) == 1 else None
        except (Refused, BacksymError, RecursionError):
            return None


_CHANGES = ("def ", "range(", "-=", "+=", "*=", "/=", "] =", "]=", "add.at")
"""What stands in a program that changes what it has computed, unless one name is assigned to twice."""


def _as_equations(text: str) -> str:
    """A text whose lines change what they have computed as equations; loops that add up are sums."""
    if "\n" not in text and ";" not in text:
        return text
    lefts = [line.partition("=")[0].strip() for line in text.replace(";", "\n").split("\n") if "=" in line]
    changes = (
        len(set(lefts)) < len(lefts) or any("," in left for left in lefts) or any(sign in text for sign in _CHANGES)
    )
    text = (as_equations(text) or text) if changes else text
    if (block := next(filter(_is_block, map(str.strip, text.split("\n"))), None)) is not None:
        raise Refused("syntax", say("answers.program", line=block))
    return text


def _is_block(line: str) -> bool:
    """Whether others stand below a line, as ``for t in range(T):`` in a program."""
    word, _, rest = line.removesuffix(":").partition(" ")
    if line[-1:] != ":" or word not in ("for", "while", "if", "elif", "else", "def"):
        return False
    if word in ("if", "elif", "while"):
        return " " not in rest or any(sign in rest for sign in "=<>")
    return {"for": " in ", "def": "("}.get(word, "") in rest


def _given_again() -> Recurring[tuple[Target, str, bool], ReadAnswer | Unreadable]:
    """A class gives many answers more than once; those that one student gives are not kept."""
    return Recurring(MAX_READ)


MAX_DIGITS = 6
"""The digits of a position."""


def is_target_letter(text: str) -> bool:
    """Whether this is an index letter, perhaps primed, or a position."""
    letter = text.rstrip("'")
    position = text.isdecimal() and text[0] != "0" and len(text) <= MAX_DIGITS
    return position or (letter.isidentifier() and letter[0].isalpha() and letter.isascii())
