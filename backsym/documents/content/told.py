"""What a document has said already: numbered results, derivations of which others are like, remarks that are made once.

This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace

from backsym.core.expr import Expr
from backsym.core.steps import Step
from backsym.documents.content.blocks import Ref
from backsym.documents.content.likewise import Form, form_of
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import Voice
from backsym.parts.kind import Piece


@dataclass(frozen=True)
class Model:
    """A derivation that is written out, for others that are like it."""

    form: Form
    number: int
    voice: Voice
    part: str
    """The label of the part that it stands in."""

    def within(self, voice: Voice, part: str) -> bool:
        """Whether it stands in this part of this problem."""
        return self.part == part and self.voice.problem is voice.problem


@dataclass
class Told:
    """What a whole document has said, of all its problems."""

    results: int = 0
    models: dict[Hashable, Model] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def number(self) -> Ref:
        """The mark of the next result."""
        self.results += 1
        return Ref(self.results, here=True)

    def said(self, remark: str) -> bool:
        """Whether a remark has been made."""
        return remark in self._said

    def first(self, remark: str) -> bool:
        """Whether a remark is made for the first time."""
        new = remark not in self._said
        self._said.add(remark)
        return new


@dataclass
class Shown:
    """Which steps of which derivation the parts of a problem have printed already, so that none is printed twice."""

    voice: Voice
    options: Options = FULL
    told: Told = field(default_factory=Told)
    results: dict[str, int] = field(default_factory=dict)
    """The number of the derivative by each quantity."""
    displayed: dict[tuple[tuple[Expr, tuple[Expr, ...]], ...], int] = field(default_factory=dict)
    """The lines that have led to results other than derivatives of the loss, by what they state."""

    locals: dict[Hashable, int] = field(default_factory=dict)
    """The numbers of the results in which local derivatives were found, by what these state but for letters."""

    _numbers: dict[str, dict[int, int]] = field(default_factory=dict)

    def spoken(self, voice: Voice) -> Shown:
        """The same, in the voice of one part."""
        return replace(self, voice=voice)

    def rest(self, node: str, positions: Iterable[int], number: int | None = None) -> tuple[tuple[int, ...], list[int]]:
        """The positions that are still to be printed, and the results at which the others were.

        With ``number``, they are printed now, as what leads to this result.
        """
        numbers = self._numbers.setdefault(node, {})
        positions = tuple(positions)
        where = list(dict.fromkeys(numbers[p] for p in positions if p in numbers))
        rest = tuple(p for p in positions if p not in numbers)
        if number is not None:
            numbers.update(dict.fromkeys(rest, number))
        return rest, where

    def stated(self, piece: Piece, number: int) -> None:
        """A result with its number; one that is a derivative of the loss is referred to by what it is by."""
        if piece.derivative:
            self.results.setdefault(piece.node, number)

    def like(self, steps: tuple[Step, ...]) -> tuple[Form, Model | None]:
        """The form of a derivation, and an earlier one that it is like."""
        form = form_of(steps, self.voice.problem)
        return form, self.told.models.get(form.key)

    def model(self, form: Form, number: int, part: str) -> None:
        """Others may be like this derivation from now on."""
        self.told.models[form.key] = Model(form, number, self.voice, part)
