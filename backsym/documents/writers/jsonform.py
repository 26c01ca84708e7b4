"""The JSON form of solved problems: a public promise, see ``docs/reference/data.md``.

entry, matrix, before and after are LaTeX, null where that level does not apply; why and question are Markdown with
$math$.  This module must not know about documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from backsym.core.expr import Equation, Shape
from backsym.core.problem import Asked, Collection
from backsym.core.steps import Case, Derivation, ForwardForms, Step, Verification
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
        **({} if sheet else totals_json(solved, parts, voice)),
        "parts": [_part(answered, voice, options) for answered in parts],
    }


def totals_json(solved: Solved, parts: Sequence[Answered], voice: Voice) -> Json:
    """The Jacobians and the Hessians that the parts ask for, each in a list where there are any.

    A block matrix is one of the latter, with all its ``blocks``.
    """
    found: dict[str, list[Json]] = {}
    for answered in parts:
        asked = answered.part.totals
        key = "jacobians" if all(len(by) == 1 for _, by, _ in asked) else "hessians"
        items = [_total(one, solved, voice.notation) for one in asked]
        if key == "hessians" and 1 < len(answered.part.targets) < len(asked):
            items = [_blocks(answered, items, solved, voice)]
        found.setdefault(key, []).extend(item for item in items if item not in found.get(key, []))
    return {key: items for key, items in found.items() if items}


def _total(asked: Asked, solved: Solved, notation: Notation) -> Json:
    total = next(total for total in solved.totals if total.key == asked)
    equation, indices = total.array
    own = len(set(total.by)) == 1
    return {
        "of": total.of,
        "by": total.by[0] if own else list(total.by),
        "shape": [*(ix.dim for ix in indices), *equation.lhs.shape],
        "range": range_latex(total.indices, notation),
        "entry": None if total.recursive else _sides(total.entry, notation),
        "matrix": None if total.recursive else _sides(total.matrix, notation),
        **({"cases": _cases(total.cases, notation)} if total.cases else {}),
        "numpy": solved.total_numpy(asked),
        "verified": _verified(solved.totals_verified[asked], solved.problem.language),
    }


def _blocks(answered: Answered, items: Sequence[Json], solved: Solved, voice: Voice) -> Json:
    """The block matrix of second derivatives; None stands for what no block matrix has."""
    names = list(answered.part.targets)
    rows = [items[n : n + len(names)] for n in range(0, len(items), len(names))]
    shapes = [solved.problem.symbols[name].shape for name in names]
    whole = all(len(shape) < 2 for shape in shapes)
    sizes = [str(shape[0]) if shape else "1" for shape in shapes]
    worst = max((item["verified"] for item in items), key=lambda v: (v["status"] == "failed", v["max_error"]))
    matrix = None
    if whole:
        sides = [[item["matrix"] or item["entry"] for item in row] for row in rows]
        matrix = {side: block_latex([[cell[side] for cell in row] for row in sides]) for side in ("lhs", "rhs")}
    return {
        "of": solved.problem.loss,
        "by": names,
        "shape": [" + ".join(sizes)] * 2 if whole else None,
        "range": None,
        "entry": None,
        "matrix": matrix,
        "numpy": block_source([[(i["numpy"], len(i["shape"])) for i in row] for row in rows]) if whole else None,
        "verified": worst,
        "blocks": list(items),
    }


def block_latex(rows: Sequence[Sequence[str]]) -> str:
    """A matrix in LaTeX."""
    lines = [" & ".join(row) for row in rows]
    return r"\begin{bmatrix} " + r" \\ ".join(lines) + r" \end{bmatrix}"


def block_source(rows: Sequence[Sequence[tuple[str, int]]]) -> str:
    """The NumPy source of a block matrix of sources with so many axes: columns and numbers as matrices."""
    made = {0: "np.array([[{}]])", 1: "({})[:, None]", 2: "{}"}
    lines = [", ".join(made[axes].format(source) for source, axes in row) for row in rows]
    return f"np.block([{', '.join(f'[{line}]' for line in lines)}])"


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


def _forms(derivation: Derivation, notation: Notation) -> Json:
    """Both forms, or those of each case in a list: then there is no one form that says it all."""
    if not derivation.cases:
        return {"entry": _sides(derivation.entry, notation), **_whole(derivation, notation)}
    return {"entry": None, "matrix": None, "cases": _cases(derivation.cases, notation)}


def _cases(cases: Sequence[Case], notation: Notation) -> list[Json]:
    return [
        {
            "range": range_latex((case.run,), notation),
            "entry": _sides(case.entry, notation),
            "matrix": _sides(case.matrix, notation),
        }
        for case in cases
    ]


def _whole(forms: Derivation | ForwardForms, notation: Notation) -> Json:
    """The matrix form; for families that of a member, and beside it the one of the stacked arrays."""
    if forms.member is None:
        return {"matrix": _sides(forms.matrix, notation)}
    return {"matrix": _sides(forms.member, notation), "stacked": _sides(forms.matrix, notation)}


def _forward(forms: ForwardForms, solved: Solved, notation: Notation) -> Json:
    return {
        "node": forms.node,
        "shape": _shape(solved.problem.symbols[forms.node].shape),
        "entry": _sides(forms.entry, notation),
        **_whole(forms, notation),
        "numpy": solved.forward_numpy(forms.node),
    }


def _derivative(derivation: Derivation, solved: Solved, voice: Voice, options: Options) -> Json:
    notation = voice.notation
    return {
        "node": derivation.node,
        "shape": _shape(solved.problem.symbols[derivation.node].shape),
        "range": range_latex(derivation.indices, notation),
        **_forms(derivation, notation),
        "numpy": solved.numpy(derivation.node),
        "steps": _steps(derivation.steps, voice, options),
        "verified": _verified(solved.verified.get(derivation.node), solved.problem.language),
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


def _verified(verification: Verification | None, language: str) -> Json:
    """What the numeric check found; of a derivative that is given there is nothing to check."""
    if verification is None:
        return {"status": "given"}
    found = {"max_error": verification.max_error, "draws": verification.draws, "status": verification.status}
    why = verification.reason
    return found if why is None else {**found, "reason": {"code": why.code, "text": why.text(language)}}


def _listed(value: Any) -> Any:
    """The numbers of an array, or of a list of arrays that differ in size."""
    return [member.tolist() for member in value] if value.dtype.hasobject else value.tolist()


def _part(answered: Answered, voice: Voice, options: Options) -> Json:
    """A part; of a question nothing is said of the answer."""
    sheet = options.version == "questions"
    kind = kind_of(answered.part)
    numbers = {} if sheet else {name: _listed(value) for name, value in answered.numbers.items()}
    solved = {} if sheet else {name: latex(form, voice.notation) for name, form in answered.solved.items()}
    derived = (s for piece in answered.pieces for s in (*piece.steps, *piece.after) if kind.derived)
    return {
        "kind": kind.name,
        "label": answered.label,
        "question": markdown_text(question_blocks(answered, voice)),
        "steps": _steps(derived, voice, options),
        "result": "" if sheet else _result(answered, voice),
        **({"numbers": numbers} if numbers else {}),
        **({"solution": solved} if solved else {}),
    }


def _result(answered: Answered, voice: Voice) -> str:
    """What the kind says it is, the equations of the answer, one a line, or the answer in words."""
    own = kind_of(answered.part).result(answered, voice.problem)
    if own is not None:
        return own
    if answered.pieces and kind_of(answered.part).plain:
        return "\n".join(equation_latex(piece.result, voice.notation) for piece in answered.pieces)
    return markdown_text(key_blocks(answered, voice))
