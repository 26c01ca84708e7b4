"""What the command line says about a stated equation that is false: where it stands, and an example in numbers.

Must not know any command.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from backsym.core.errors import VerificationError
from backsym.core.expr import Adj, Dim, names_in, walk
from backsym.core.problem import Problem
from backsym.numeric.claims import Counterexample, FalseClaim, counterexample, holds_if_sums_to_one

if TYPE_CHECKING:
    from backsym.core.steps import Derivation


def refuted(claim: FalseClaim, problem: Problem, derivations: Sequence[Derivation], name: str) -> VerificationError:
    """The error for a part whose stated equation is false, with the place in the problem file."""
    from backsym.documents.content.solved import label_of
    from backsym.printing.plain import plain

    part = problem.parts[claim.part]
    place = f"{problem.path or name}:{part.line}" if part.line is not None else name
    node = next((e.name for e in walk(claim.lhs) if isinstance(e, Adj)), "") or "".join(names_in(claim.lhs)[:1])
    lines = [
        f"{place}: part {label_of(claim.part)} ({part.kind}) states an equation for {node} that does not hold:",
        f"    {plain(claim.lhs, problem)} = {plain(claim.rhs, problem)}",
    ]
    example = counterexample(problem, derivations, claim)
    if example is not None:
        lines += _told(example, plain(claim.lhs, problem), problem.from_zero)
    if (given := holds_if_sums_to_one(problem, derivations, claim)) is not None:
        lines.append(
            f"  it holds where the entries of {given} sum to one: if they do, declare {given} with one_hot: true"
        )
        lines.append("  or sums_to_one: true; in a note, say that it is one-hot, or that its entries sum to one")
    return VerificationError(node, "\n".join(lines))


def _told(example: Counterexample, lhs: str, from_zero: Container[Dim]) -> list[str]:
    given = [f"{name} = {_shown(value)}" for name, value in example.values]
    given += [f"dL/d{name} = {_shown(value)}" for name, value in example.adjoints]
    lines = [f"  for example with {', '.join(given)}:"] if given else ["  for example:"]
    place = [(ix.letter, n - (ix.dim in from_zero)) for ix, n in example.place]
    letters = [f"{letter} = {n}" for letter, n in place if not letter.isdecimal()]
    positions = [str(n) for letter, n in place if letter.isdecimal()]
    if positions:
        letters.append(f"entry {', '.join(positions)}")
    at = f" at {', '.join(letters)}" if letters else ""
    return [*lines, f"    the left side{at} is {_number(example.left)}, the right side {_number(example.right)}"]


def _shown(value: Any) -> str:
    if value.ndim == 0:
        return _number(float(value))
    return f"[{', '.join(_shown(item) for item in value)}]"


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}"
