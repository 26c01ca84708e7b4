"""What a kind of part is: its key, its reading, question, answer, JSON and marking in one object.

A kind knows the mathematics of a part and the keys of its sentences.  Everything else is handed to it by the room that
asks: the reader of files a :class:`Value`, whoever has solved the problem :class:`Results`, the documents a
:class:`Page`.  So a new kind is one class here (or in another package, see ``backsym.core.registry``) and its sentences
in the catalogue.  This module must not know files, documents or answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from backsym.core.expr import Adj, Entry, Equation, Expr, Ix, Member
from backsym.core.problem import Asked, Part, Problem
from backsym.core.registry import Table
from backsym.core.steps import Step
from backsym.core.words import Said

Claim = tuple[Expr, Expr]
"""The two sides of an equation that a part states."""

Indexed = tuple[Equation, tuple[Ix, ...]]
"""An equation and its free letters."""

ValueOf = Callable[[Expr], Any]
"""The number or array that an expression is at the given values."""

Fact = str | Expr | Ix | Sequence[Expr] | Sequence[Ix]
"""What fills a placeholder of a sentence; several expressions are listed."""


@dataclass(frozen=True)
class Piece:
    """One result within the answer of a part: the steps that lead to it (``lhs`` is where they start) and what it is.

    ``shown`` names the steps among all those of the node, so that a document does not print them twice; ``after`` are
    steps that only this part has.
    """

    node: str
    steps: tuple[Step, ...]
    result: Equation
    indices: tuple[Ix, ...] = ()
    shown: tuple[int, ...] = ()
    after: tuple[Step, ...] = ()
    cases: tuple[Indexed, ...] = ()
    """Of a recursion, what stands in place of ``result`` on a page: its start and how it goes on."""

    @property
    def results(self) -> tuple[Indexed, ...]:
        """The equations that state the result, with their letters."""
        return self.cases or ((self.result, self.indices),)

    @property
    def derivative(self) -> bool:
        """Whether the result is a derivative of the loss, not a forward equation."""
        lhs = self.result.lhs
        return isinstance(lhs.base if isinstance(lhs, (Entry, Member)) else lhs, Adj)


@dataclass(frozen=True)
class Answered:
    """A part with its label and its answer; ``asked`` are the equations that its question prints.

    ``needed`` are derivatives on which the answer rests, and for which no part asks.  ``numbers`` are the values that
    the part asks for, by what the file calls them; with ``given`` its question prints those that are given.
    """

    part: Part
    label: str
    asked: tuple[Indexed, ...] = ()
    pieces: tuple[Piece, ...] = ()
    needed: tuple[Piece, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    given: bool = False
    solved: Mapping[str, Expr] = field(default_factory=dict)
    """Where the derivative by a quantity is zero."""


# --- what the rooms hand to a kind -----------------------------------------------------------------------------------


class Item(Protocol):
    """A text of a file, at its place."""

    @property
    def text(self) -> str: ...


class Value(Protocol):
    """The value of a kind's key in a file, being read.

    Each method takes it for one thing, reports what is wrong with it, and returns what is right.
    """

    @property
    def problem(self) -> Problem: ...
    @property
    def numbers_given(self) -> bool:
        """Whether the file gives values, or its variants do."""

    def items(self) -> Sequence[Item]:
        """The texts of a list, or the only one; nothing is reported."""

    def quantities(self) -> tuple[str, ...]:
        """Names of what the loss is differentiated by."""

    def nodes(self) -> tuple[str, ...]:
        """Names of nodes."""

    def nodes_and_derivatives(self) -> tuple[str, ...]:
        """Names of nodes, and derivatives of the loss as ``dL/dw``."""

    def node_derivatives(self) -> tuple[tuple[str, str], ...]:
        """Derivatives ``dp/dz`` of nodes by what they depend on."""

    def equations(self) -> tuple[Claim, ...]:
        """Equations whose left side is a derivative of the loss."""

    def nodes_and_equations(self) -> tuple[tuple[str, ...], tuple[Claim, ...]]:
        """Both, in one list."""

    def choice(self, words: Sequence[str]) -> str:
        """One of the words, by default the first."""

    def prose(self, example: str) -> str | None:
        """A text with $math$."""

    def refuse(self, message: Said, hint: Said | None = None, item: Item | None = None) -> None:
        """Report that the value, or an item of it, is not what it should be."""


class Results(Protocol):
    """The results of a solved problem, for one part; each method raises BacksymError where there is none."""

    @property
    def problem(self) -> Problem: ...
    def entries(self, name: str) -> Piece:
        """The derivative of the loss by a quantity, entry by entry."""

    def gradient(self, name: str) -> Piece:
        """The same in matrix form, or entry by entry where it has none."""

    def presented(self, piece: Piece) -> Piece:
        """The piece rewritten in the form that the part asks for."""

    def claimed(self, claim: Claim) -> Piece:
        """The derivation of a stated derivative, down to how it is stated."""

    def in_matrix_form(self, claim: Claim) -> Piece:
        """The steps from the entries of a stated equation to its matrix form."""

    def forward(self, name: str) -> Indexed:
        """A forward equation entry by entry."""

    def forward_in_matrix_form(self, name: str) -> Piece:
        """The steps from a forward equation to its matrix form."""

    def total(self, asked: Asked) -> Piece:
        """A Jacobian or second derivative of the part."""

    def stationary(self, asked: Asked) -> Expr:
        """Where the derivative of the loss by a quantity is zero."""

    def value(self, e: Expr) -> Any:
        """What an expression is at the given values."""


class Page(Protocol):
    """What is being written about a part; each method adds to it."""

    @property
    def problem(self) -> Problem: ...
    def say(self, key: str, **facts: Fact) -> None:
        """A sentence of the catalogue, filled."""

    def prose(self, text: str) -> None:
        """The author's own text."""

    def equations(self, equations: Iterable[Indexed]) -> None:
        """A display of equations."""

    def formulas(self, formulas: Sequence[Expr]) -> None:
        """Formulas side by side."""

    def values(self, values: Iterable[tuple[Expr, Any]], *, exact: bool = False, new: bool = False) -> None:
        """Quantities and their numbers, rounded unless ``exact``; a ``new`` value takes the place of the old one."""

    def computed(self, quantities: Sequence[Expr]) -> None:
        """Each quantity with its equation, the numbers put in, and its value."""

    def assigned(self, target: Expr, forms: Sequence[Expr], indices: tuple[Ix, ...]) -> None:
        """What takes the place of the target, in several forms that are equal."""

    def block_matrix(self, rows: Sequence[Sequence[Equation]]) -> None:
        """One equation of two matrices whose blocks are the sides of these."""

    def picture(self, graph: str) -> None:
        """A drawing of the problem."""

    def derived(self, answered: Answered) -> None:
        """The pieces of an answer with their steps."""

    def vectorized(self, answered: Answered) -> None:
        """The pieces of an answer with what takes each equation to its matrix form."""


# --- the kind --------------------------------------------------------------------------------------------------------


class PartKind(ABC):
    """A kind of part.  A subclass sets ``name`` and ``about``, and says what is special about it.

    As it stands, a kind asks in one sentence, ``questions.NAME``, and its answer consists of pieces: a worked solution
    prints them with their steps, a key without, and JSON as equations.
    """

    name: ClassVar[str]
    """The key of the part in files, and what JSON calls it."""

    about: ClassVar[str]
    """What the key is for, in a sentence."""

    sentences: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """What is said, by language and key, of a kind that the catalogues do not have."""

    values: ClassVar[Mapping[str, Any] | None] = None
    """The JSON Schema of the key's value; None for a text or a list of texts."""

    alone: ClassVar[bool] = False
    """Whether the key may stand alone, without a value."""

    answer_given: ClassVar[bool] = False
    """Whether the author may give the answer in words, ``answer``."""

    form_given: ClassVar[bool] = False
    """Whether the author may give the form of the only result, ``form``."""

    tolerance_given: ClassVar[bool] = False
    """Whether the author may say how exact a number has to be, ``tolerance``."""

    layout_given: ClassVar[bool] = False
    """Whether the author may say which way round an array is, ``layout``."""

    method_given: ClassVar[bool] = False
    """Whether the author may say how a step is found, ``method``."""

    constants: ClassVar[tuple[str, ...]] = ()
    """Constants that the part uses, so that no equation needs to."""

    derived: ClassVar[bool] = True
    """Whether the steps of the pieces belong to the answer."""

    plain: ClassVar[bool] = True
    """Whether the equations of the pieces say all of the answer, so that JSON gives them as its result."""

    states: ClassVar[bool] = False
    """Whether the part states equations, which have to be true."""

    forward: ClassVar[str] = ""
    """What of the forward pass the part asks for: equations as ``written``, or their ``matrix`` form."""

    needs: ClassVar[str] = ""
    """How the derivatives that the answer rests on, and no part asks for, are given: ``entries`` or ``gradient``."""

    holds: ClassVar[str] = "names"
    """What the texts of the value hold: ``names`` and equations, ``words``, or the words of a ``choice``."""

    @abstractmethod
    def read(self, part: Part, value: Value) -> Part:
        """The part with what its key says; ``part`` has the fields that every kind may have."""

    def answer(self, part: Part, label: str, results: Results) -> Answered:
        """The part answered: by the totals it asks for, if any."""
        return Answered(part, label, (), tuple(results.total(asked) for asked in part.totals))

    def question(self, answered: Answered, page: Page) -> None:
        """What is asked, after the part's own text."""
        page.say(f"questions.{self.name}")
        if answered.asked:
            page.equations(answered.asked)

    def solution(self, answered: Answered, page: Page) -> None:
        """The worked answer; a part for which nothing is written here has none."""
        page.derived(answered)

    def key(self, answered: Answered, page: Page) -> None:
        """The answer without its derivation."""
        rows = [stated for piece in (*answered.needed, *answered.pieces) for stated in piece.results]
        if rows:
            page.equations(rows)

    def result(self, answered: Answered, problem: Problem) -> str | None:
        """The answer as a text for JSON; None for the pieces' equations or, without pieces, the key in Markdown."""
        return None

    def number_names(self, part: Part, problem: Problem) -> tuple[str, ...]:
        """What answers call the numbers that the part asks for."""
        return ()

    def numbers(self, part: Part, problem: Problem, value: ValueOf) -> Mapping[str, Any]:
        """These numbers, from the values of expressions."""
        return {}

    def quantities(self, part: Part, problem: Problem) -> Mapping[str, Expr]:
        """Which of these numbers are the values of quantities or derivatives, on which others rest."""
        return {}

    def picture(self, part: Part) -> str | None:
        """The graph that answers the part, if one does."""
        return None

    def derivatives(self, part: Part) -> tuple[str, ...]:
        """The quantities by which the part asks for the derivative of the loss: what answers are marked for."""
        return ()


KINDS: Table[PartKind] = Table(PartKind, lambda kind: kind.name)  # type: ignore[type-abstract]  # None is made of it.
"""By their keys; ``table`` has put in those of this package."""
