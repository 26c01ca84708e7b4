"""The JSON form of solved problems: a public promise, see the README.

entry, matrix, before and after are LaTeX, null where that level does not apply; why and question are Markdown with
$math$.  This module must not know about documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from backsym.core.expr import Equation, Shape
from backsym.core.problem import Collection
from backsym.core.steps import Derivation, ForwardForms, Step, Verification
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.questions import given, key_blocks, question_blocks
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import Solved, answered_parts
from backsym.documents.writers.markdown import inlines_text, markdown_text
from backsym.parts.kind import Answered
from backsym.parts.table import kind_of
from backsym.printing.latex import equation_latex, latex, range_latex
from backsym.printing.notation import Notation

VERSION = 1

Json = dict[str, Any]


def json_text(data: Json) -> str:
    """The text of a JSON file, ending in a newline; the same data give the same text."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def problem_json(solved: Solved, options: Options = FULL) -> Json:
    """One solved problem; of the question sheet what is given and asked, of the key the results without steps."""
    problem = solved.problem
    voice = Voice.of(problem)
    notation = voice.notation
    parts = answered_parts(solved)
    sheet = options.version == "questions"
    return {
        "backsym": VERSION,
        "title": problem.title,
        "forward": [_forward(forms, solved, notation) for forms in (given(parts, solved) if sheet else solved.forward)],
        "derivatives": [
            _derivative(d, solved, voice, options) for d in (*solved.given, *solved.derivations) if not sheet
        ],
        "parts": [_part(answered, voice, options) for answered in parts],
    }


def collection_json(collection: Collection, solutions: Sequence[Solved], options: Options = FULL) -> Json:
    """A collection with all its problems, in order."""
    return {
        "backsym": VERSION,
        "title": collection.title,
        "problems": [problem_json(solved, options) for solved in solutions],
    }


def _shape(shape: Shape) -> list[str | int]:
    return list(shape)


def _sides(equation: Equation | None, notation: Notation) -> Json | None:
    if equation is None:
        return None
    return {"lhs": latex(equation.lhs, notation), "rhs": latex(equation.rhs, notation)}


def _forward(forms: ForwardForms, solved: Solved, notation: Notation) -> Json:
    return {
        "node": forms.node,
        "shape": _shape(solved.problem.symbols[forms.node].shape),
        "entry": _sides(forms.entry, notation),
        "matrix": _sides(forms.matrix, notation),
        "numpy": solved.forward_numpy(forms.node),
    }


def _derivative(derivation: Derivation, solved: Solved, voice: Voice, options: Options) -> Json:
    notation = voice.notation
    return {
        "node": derivation.node,
        "shape": _shape(solved.problem.symbols[derivation.node].shape),
        "range": range_latex(derivation.indices, notation),
        "entry": _sides(derivation.entry, notation),
        "matrix": _sides(derivation.matrix, notation),
        "numpy": solved.numpy(derivation.node),
        "steps": _steps(derivation.steps, voice, options),
        "verified": _verified(solved.verified.get(derivation.node)),
    }


def _steps(steps: Iterable[Step], voice: Voice, options: Options) -> list[Json]:
    return [_step(step, voice, options) for step in steps if options.version == "solution"]


def _step(step: Step, voice: Voice, options: Options) -> Json:
    return {
        "kind": step.kind,
        "why": inlines_text(voice.why(step)),
        "before": latex(step.before, voice.notation),
        "after": latex(step.after, voice.notation),
        "substeps": [_step(substep, voice, options) for substep in step.substeps if options.detail == "full"],
    }


def _verified(verification: Verification | None) -> Json:
    """What the numeric check found; of a derivative that is given there is nothing to check."""
    if verification is None:
        return {"status": "given"}
    return {"max_error": verification.max_error, "draws": verification.draws, "status": verification.status}


def _part(answered: Answered, voice: Voice, options: Options) -> Json:
    """A part; of a question nothing is said of the answer."""
    sheet = options.version == "questions"
    kind = kind_of(answered.part)
    numbers = {} if sheet else {name: value.tolist() for name, value in answered.numbers.items()}
    derived = (s for piece in answered.pieces for s in (*piece.steps, *piece.after) if kind.derived)
    return {
        "kind": kind.name,
        "label": answered.label,
        "question": markdown_text(question_blocks(answered, voice)),
        "steps": _steps(derived, voice, options),
        "result": "" if sheet else _result(answered, voice),
        **({"numbers": numbers} if numbers else {}),
    }


def _result(answered: Answered, voice: Voice) -> str:
    """What the kind says it is, the equations of the answer, one a line, or the answer in words."""
    own = kind_of(answered.part).result(answered, voice.problem)
    if own is not None:
        return own
    if answered.pieces and kind_of(answered.part).plain:
        return "\n".join(equation_latex(piece.result, voice.notation) for piece in answered.pieces)
    return markdown_text(key_blocks(answered, voice))
