"""What a note asks for: its tasks, with what is learned in it and the numbers that it gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from backsym.reading.latex.equations import Spelled
from backsym.reading.latex.names import Key, split_tag, without_accents
from backsym.reading.notes.asking.network import Network
from backsym.reading.notes.asking.values import Given, all_numbers
from backsym.reading.notes.assembling.stated import Stated
from backsym.reading.notes.equations import (
    TARGETS,
    Equations,
)
from backsym.reading.notes.preparing.one_step import BEFORE
from backsym.reading.notes.prose import (
    role_in,
)
from backsym.reading.notes.spelling import MARKS
from backsym.reading.notes.tasks import Task, Tasks

ASKED_BY = ("derive", "gradients", "list", "hessian", "stationary", "update")
"""The kinds of parts whose items are quantities by which the loss is differentiated."""
_PARAMETERS = ("w", "b", "theta", "u", "v", "c")
"""Letters that are learned in every note that does not say otherwise."""
MATRIX = 2
"""So many axes a matrix has."""
_NOT_LEARNED = ("lambda", "eta", "epsilon")
"""Letters of numbers that are chosen."""


@dataclass(frozen=True)
class Asked:
    """The tasks that were found; ``tasks`` also knows what of the questions became none."""

    found: list[Task]
    tasks: Tasks
    numbers: Mapping[str, Given]

    @property
    def names(self) -> frozenset[str]:
        """What the derivative is asked by, whatever its role is by custom."""
        numbers = (name.partition("/d")[2] for task in self.found if task.kind == "compute" for name in task.names)
        return frozenset((*numbers, *(name for task in self.found if task.kind in ASKED_BY for name in task.names)))

    @property
    def places(self) -> set[int]:
        """Where the formulas stand that are of a task."""
        return {at for task in self.found for at in (*task.formulas, *(start for start, _ in task.equations))}

    @property
    def rate(self) -> tuple[str, str] | None:
        """The letter and the number of the learning rate, "" where the note has none; None if no step is asked for."""
        steps = any(task.kind == "update" and not task.method for task in self.found)
        return (self.tasks.rate or ("", "")) if steps else None


def asked_in(
    note: Stated,
    equations: Equations,
    upstream: str | None,
    *,
    not_asked: Collection[str] = (),
    latex: Mapping[str, str] = MappingProxyType({}),
) -> Asked:
    """What the words of a note ask for; by ``not_asked`` nothing is, and ``latex`` are spellings of the author's own.

    ``upstream`` is the name of its loss if that is abstract.
    """
    nodes = [equation.name for equation in equations.found]
    ranks: dict[str, int | None] = {d.spelled.name: len(d.shape) for d in note.declared.found if not d.letter}
    ranks.update({name: ranks.get(name) for name in nodes})
    targets = {*nodes, *ranks, *equations.given()} - set(not_asked)
    loss = upstream or equations.loss() or (nodes[-1] if nodes else None)
    words = replace(note.vocabulary(), ranks=ranks, loss=loss, latex=latex, free=None)
    numbers = all_numbers(note.source, words, note.within(), equations.given().keys() | note.labels.keys())
    # An array of numbers is one array: its entries are no members.
    families = {name for name in note.family_names if ranks.get(name) != 1}
    network = Network(
        {e.name: e.sides[1] if e.sides is not None else None for e in equations.found}, loss or "", ranks, targets,
        note.settled.arguments, parameters(note, equations), families, bool(note.steps.letters),
        matrices=parameters(note, equations, [n for n, r in ranks.items() if r == MATRIX + (n in note.family_names)]),
        rates=tuple(dict.fromkeys(note.settled.rates)), in_numbers=bool(numbers),
    )  # fmt: skip
    tasks = Tasks(note.source, words, network)
    return Asked(tasks.read([(f.start, f.end, f.displayed) for f in note.formulas]), tasks, numbers)


def parameters(note: Stated, equations: Equations, among: Collection[str] | None = None) -> tuple[str, ...] | None:
    """What is learned, by its words or as a letter that is nothing else; None where that is not clear of all.

    Where only those ``among`` some are asked for, what else is given may be unclear.
    """
    found = tuple(name for name in learned(note, equations) if among is None or name in among)
    nodes = [e.segment.left.key for e in equations.found]
    for name, spelled in equations.given().items():
        if among is not None and name not in among:
            continue
        role = note.role(name)
        chosen = role is None and spelled.key[0] in _NOT_LEARNED
        if chosen or name in {*found, *note.labels} or role in ("input", "target", "constant"):
            continue
        if role is not None or role_by_custom(spelled, nodes) is None:
            return None
    return found or None


def learned(note: Stated, equations: Equations) -> tuple[str, ...]:
    """What the words call a parameter, and what is one by its letter where no words say another thing."""
    found = [
        name
        for name, spelled in equations.given().items()
        if name not in note.labels
        and (note.role(name) or ("parameter" if spelled.key[0].lower() in _PARAMETERS else None)) == "parameter"
    ]
    weights = [name for name in found if split_tag(name)[0] not in ("b", "c") or role_in(note.words.get(name, ""))]
    return tuple(found) if weights else ()  # In Ax - b alone the b is data.


def role_by_custom(spelled: Spelled, nodes: Iterable[Key]) -> str | None:
    """x is an input, t and y are targets; of layers and steps that are computed the given one is the input."""
    base, tag = spelled.key
    letter = without_accents(base).lower()
    computed = {other for other, mark in nodes if mark not in MARKS.values()}
    if letter == "x":
        return "input"
    if letter in TARGETS and base not in computed and not base.startswith("hat:"):
        return "target"
    state = letter != "w" and (tag.isdecimal() or tag == BEFORE)
    return "input" if state and base in computed else None
