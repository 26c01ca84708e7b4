"""A solved problem, or a collection of them, to neutral blocks.

This module must not know about output languages; ``render`` picks one.
"""

from __future__ import annotations

import math as numbers
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from backsym.documents.blocks import (
    Block,
    Bullets,
    Document,
    Equations,
    Heading,
    Inlines,
    Math,
    Paragraph,
    Row,
    StepItem,
    Steps,
    Text,
)
from backsym.documents.dimensions import dimension_check
from backsym.documents.markup import blocks_of, check_math, inlines_of
from backsym.documents.options import FULL, Options
from backsym.documents.questions import question_blocks, row, worded_answer
from backsym.documents.sentences import catalogue, escaped, listing, why
from backsym.documents.solved import AnsweredPart, Piece, Solved, answered_parts
from backsym.documents.vectorizing import after_steps, before_steps, other_form
from backsym.expr import Equation, Expr, Mul, Size, walk
from backsym.printing.latex import latex, range_latex, shape_latex
from backsym.printing.notation import Notation
from backsym.problem import Collection, Problem, Symbol
from backsym.steps import Derivation, ForwardForms, Step, Verification


def document_of(solved: Solved, options: Options = FULL) -> Document:
    """The document of one solved problem."""
    title = inlines_of(solved.problem.title, "title")
    return Document(title, problem_blocks(solved, 2, options))


def collection_document(
    collection: Collection, solutions: Sequence[Solved], options: Options = FULL
) -> Document:
    """One document of all problems of a collection; ``solutions`` are in the order of its problems."""
    lines = [text for text in (collection.course, collection.author, collection.date) if text]
    byline = tuple(inlines_of(text, "collection") for text in lines)
    blocks: list[Block] = list(blocks_of(collection.text, "text") if collection.text else ())
    rest = iter(solutions)
    for section in collection.sections:
        if section.title:
            blocks.append(Heading(2, inlines_of(section.title, "section")))
        blocks.extend(_objective(section.objective))
        for number, _ in enumerate(section.problems, start=1):
            solved = next(rest)
            title = inlines_of(solved.problem.title, "title")
            blocks.append(Heading(3, (Text(f"{number}. "), *title)))
            blocks.extend(problem_blocks(solved, 4, options, summary=True))
    return Document(inlines_of(collection.title, "title"), tuple(blocks), byline)


def problem_blocks(
    solved: Solved, level: int, options: Options = FULL, *, summary: bool = False
) -> tuple[Block, ...]:
    """Everything about one problem except its title, with headings of ``level``.

    With ``summary``, a problem with parts shows the steps that its parts ask for, and of the rest the results only.
    """
    problem = solved.problem
    _check_spellings(problem)
    notation = Notation.of(problem)
    phrases = catalogue()

    def heading(key: str) -> Heading:
        return Heading(level, (Text(phrases.phrase(f"document.{key}")),))

    parts = answered_parts(solved)
    if options.version == "key":
        return (heading("key"), *_key(parts, solved, notation))
    blocks: list[Block] = [*_objective(problem.objective)]
    if problem.text:
        blocks.extend(blocks_of(problem.text, "text"))
    blocks += [heading("quantities"), _quantities(problem, notation)]
    if options.version == "questions":
        return (*blocks, *_question_sheet(parts, solved, notation, heading))
    blocks += _hadamard_note(solved, notation)
    blocks += [heading("forward"), *_forward_pass(solved.forward, notation)]
    shown = _Shown(options)
    if parts:
        blocks.append(heading("questions"))
        for answered in parts:
            blocks.extend(_part(answered, problem, notation, shown))
    blocks.append(heading("backward"))
    if parts and summary:
        return (*blocks, *_summary(solved, notation))
    for derivation in solved.derivations:
        blocks.extend(_derivation(derivation, shown, solved, notation, level + 1))
    return tuple(blocks)


def _summary(solved: Solved, notation: Notation) -> list[Block]:
    """All derivatives in backward order, without steps."""
    rows = [row(d.entry, d.indices, notation) for d in solved.derivations]
    matrices = [row(d.matrix, (), notation) for d in solved.derivations if d.matrix is not None]
    worst = max((v for v in solved.verified.values()), key=lambda v: v.max_error)
    blocks: list[Block] = [_phrase("all_entries"), Equations(tuple(rows))]
    if matrices:
        blocks += [_phrase("all_matrices"), Equations(tuple(matrices))]
    return [*blocks, _verified(worst)]


def _question_sheet(
    parts: Sequence[AnsweredPart], solved: Solved, notation: Notation, heading: Callable[[str], Heading]
) -> list[Block]:
    """The forward equations as the author wrote them, without those that a part asks for, and the questions."""
    problem = solved.problem
    asked = {name for a in parts if a.part.kind in ("forward", "vectorize") for name in a.part.targets}
    blocks: list[Block] = []
    given = [forms for forms in solved.forward if forms.node not in asked]
    if problem.show_forward and given:
        index_level = {eq.name for eq in problem.equations if eq.index_level or not eq.shape}
        rows = [
            row(f.entry, f.indices, notation)
            if f.node in index_level or f.matrix is None
            else row(f.matrix, (), notation)
            for f in given
        ]
        blocks += [heading("forward"), Equations(tuple(rows))]
    if parts:
        blocks.append(heading("asked"))
    for answered in parts:
        blocks.extend(_labelled(answered, question_blocks(answered, problem, notation), with_marks=True))
    return blocks


def _key(parts: Sequence[AnsweredPart], solved: Solved, notation: Notation) -> list[Block]:
    """The results of the parts, without steps; of a problem without parts, all derivatives."""
    blocks: list[Block] = []
    for answered in parts:
        rows = tuple(row(piece.result, piece.indices, notation) for piece in answered.pieces)
        found: list[Block] = [*worded_answer(answered, solved.problem, notation)]
        if rows:
            found.append(Equations(rows))
        blocks.extend(_labelled(answered, found, with_marks=True))
    if not parts:
        blocks += [Equations(_both_forms(d, notation)) for d in solved.derivations]
    return blocks


def _labelled(answered: AnsweredPart, content: Sequence[Block], with_marks: bool = False) -> list[Block]:
    """The blocks with the part's label in front, and its marks."""
    label: tuple[Text, ...] = (Text(answered.label + " ", "strong"),)
    if with_marks and answered.part.marks:
        label += (Text(catalogue().phrase("document.marks", marks=escaped(str(answered.part.marks))) + " "),)
    first = content[0] if content else None
    if isinstance(first, Paragraph):
        return [Paragraph((*label, *first.content)), *content[1:]]
    return [Paragraph(label), *content]


def _hadamard_note(solved: Solved, notation: Notation) -> list[Block]:
    """What the sign of the element-wise product means, where it is used."""
    forms = [d.matrix for d in solved.derivations] + [f.matrix for f in solved.forward]
    used = any(
        sum(1 for a in e.args if a.shape) > 1
        for equation in forms
        if equation is not None
        for e in walk(equation.rhs)
        if isinstance(e, Mul)
    )
    return [_phrase("hadamard")] if used else []


def _check_spellings(problem: Problem) -> None:
    """The author's own LaTeX for symbols and dimensions reaches the page as it is, so it is checked like user text."""
    spellings = {name: symbol.latex for name, symbol in problem.symbols.items()}
    spellings |= {name: dim.latex for name, dim in problem.dims.items() if dim.latex}
    for name, spelling in spellings.items():
        if spelling:
            check_math(spelling, f"the latex of {name}")


def _objective(objective: str | None) -> tuple[Block, ...]:
    if not objective:
        return ()
    label = Text(catalogue().phrase("document.objective"), "strong")
    return (Paragraph((label, *inlines_of(objective, "objective"))),)


def _quantities(problem: Problem, notation: Notation) -> Bullets:
    """Every quantity with its role and shape, in the order of the problem; scalars of one role are listed together."""
    items: list[Inlines] = []
    symbols = list(problem.symbols.values())
    for symbol in symbols:
        if symbol.shape:
            items.append(_array(symbol, notation, problem))
            continue
        alike = [s for s in symbols if not s.shape and s.role == symbol.role]
        if alike[0] is symbol:
            items.append(_scalars(alike, notation, problem))
    for dim in problem.dims.values():
        if dim.size is not None:
            name = f"${latex(Size(dim.name), notation)}$"
            items.append(inlines_of(catalogue().phrase("document.size", name=name, size=f"${dim.size}$"), "dims"))
    return Bullets(tuple(items))


def _array(symbol: Symbol, notation: Notation, problem: Problem) -> Inlines:
    phrases = catalogue()
    role = phrases.phrase(f"document.roles.{symbol.role}")
    name = f"${latex(problem.sym(symbol.name), notation)}$"
    key = "one_hot" if symbol.one_hot else "sums_to_one" if symbol.sums_to_one else "shape"
    shape = f"${shape_latex(symbol.shape, notation)}$"
    return inlines_of(phrases.phrase(f"document.{key}", name=name, role=role, shape=shape), symbol.name)


def _scalars(symbols: Sequence[Symbol], notation: Notation, problem: Problem) -> Inlines:
    phrases = catalogue()
    names = [f"${latex(problem.sym(symbol.name), notation)}$" for symbol in symbols]
    role = symbols[0].role
    if len(names) == 1:
        text = phrases.phrase("document.scalar", name=names[0], role=phrases.phrase(f"document.roles.{role}"))
    else:
        roles = phrases.phrase(f"document.plural_roles.{role}")
        text = phrases.phrase("document.scalars", names=listing(names), roles=roles)
    return inlines_of(text, role)


def _forward_pass(forms: Iterable[ForwardForms], notation: Notation) -> tuple[Block, ...]:
    forms = tuple(forms)
    entries = Equations(tuple(row(f.entry, f.indices, notation) for f in forms))
    if all(f.matrix is None or f.matrix == f.entry for f in forms):
        return (entries,)
    matrices = Equations(tuple(row(f.matrix or f.entry, () if f.matrix else f.indices, notation) for f in forms))
    blocks: list[Block] = [_phrase("entry_by_entry"), entries, _phrase("matrix_form"), matrices]
    blocks += [_phrase("no_matrix", reason=escaped(f.no_matrix)) for f in forms if f.no_matrix]
    return tuple(blocks)


def _phrase(key: str, **facts: str) -> Paragraph:
    return Paragraph(inlines_of(catalogue().phrase(f"document.{key}", **facts), key))


class _Shown:
    """Which steps of which derivation the parts have printed already, so that none is printed twice."""

    def __init__(self, options: Options = FULL) -> None:
        self.options = options
        self._labels: dict[str, dict[int, str]] = {}

    def rest(self, node: str, positions: Iterable[int], label: str | None = None) -> tuple[tuple[int, ...], list[str]]:
        """The positions that are still to be printed, and where the others were; ``label`` prints them now."""
        labels = self._labels.setdefault(node, {})
        positions = tuple(positions)
        where = list(dict.fromkeys(labels[p] for p in positions if p in labels))
        rest = tuple(p for p in positions if p not in labels)
        if label is not None:
            labels.update(dict.fromkeys(rest, label))
        return rest, where


def _part(answered: AnsweredPart, problem: Problem, notation: Notation, shown: _Shown) -> list[Block]:
    blocks = _labelled(answered, question_blocks(answered, problem, notation), with_marks=True)
    blocks.append(Paragraph((Text(catalogue().phrase("document.result") + ".", "emphasis"),)))
    blocks.extend(worded_answer(answered, problem, notation))
    if answered.part.kind == "forward":
        return [*blocks, Equations(tuple(row(piece.result, piece.indices, notation) for piece in answered.pieces))]
    for piece in answered.pieces:
        if len(answered.pieces) > 1:
            about = Text(catalogue().phrase("document.piece") + " ", "strong")
            blocks.append(Paragraph((about, Math(latex(problem.sym(piece.node), notation)))))
        if answered.part.kind == "vectorize":
            blocks.extend(_vectorized(piece, answered.label, notation, problem, shown))
        else:
            blocks.extend(_piece(piece, answered.label, notation, problem, shown))
    return blocks


def _vectorized(piece: Piece, label: str, notation: Notation, problem: Problem, shown: _Shown) -> list[Block]:
    """Shapes, the operation that fits, what it does to each subexpression, the picture, the result, its sizes."""
    if piece.indices:  # There is no matrix form.
        return _piece(piece, label, notation, problem, shown)
    shown.rest(piece.node, piece.shown, label)
    inner = tuple(s for step in piece.steps if step.kind == "vectorize" for s in step.substeps)
    blocks = before_steps(piece.result, notation)
    if inner:
        blocks.append(_steps(inner, notation, problem, shown.options))
    blocks += after_steps(piece.result, notation)
    return [*blocks, *_dimensions(piece.result, notation), *other_form(piece.result, notation)]


def _piece(piece: Piece, label: str, notation: Notation, problem: Problem, shown: _Shown) -> list[Block]:
    """The steps that no earlier part has printed, and the result."""
    steps = piece.steps
    blocks: list[Block] = []
    if piece.shown:
        rest, where = shown.rest(piece.node, piece.shown, label)
        steps = tuple(step for position, step in zip(piece.shown, piece.steps, strict=True) if position in rest)
        blocks += _derived_in(where)
    result = row(piece.result, piece.indices, notation)
    blocks += _stated(_steps(steps, notation, problem, shown.options), (result,))
    return [*blocks, *_dimensions(piece.result, notation)]


def _stated(steps: Steps, results: tuple[Row, ...]) -> list[Block]:
    """The steps and then the results, but the last step is not said again where it is the only result."""
    if not steps.items:
        return [Equations(results)]
    last = steps.items[-1]
    final = last.equation.rows[-1]
    if len(results) == 1 and (final.lhs, final.rhs) == (results[0].lhs, results[0].rhs):
        return [Steps((*steps.items[:-1], replace(last, equation=Equations(results))))]
    return [steps, Equations(results)]


def _dimensions(equation: Equation, notation: Notation) -> list[Block]:
    check = dimension_check(equation, notation)
    return [] if check is None else [_phrase("dimensions"), Equations((Row(*check),))]


def _derived_in(labels: Sequence[str]) -> list[Block]:
    if not labels:
        return []
    key = "derived_in_one" if len(labels) == 1 else "derived_in"
    return [_phrase(key, labels=listing(list(labels)))]


def _steps(steps: Sequence[Step], notation: Notation, problem: Problem, options: Options) -> Steps:
    """The steps, each stated for the left side at which its chain of equalities began.

    Where two chains meet in the same expression, the first one, which is what is derived, goes on.
    """
    began: dict[Expr, Expr] = {}
    main = {steps[0].before} if steps else set()
    items: list[StepItem] = []
    for step in steps:
        lhs = steps[0].before if step.before in main else began.get(step.before, step.before)
        began[step.after] = lhs
        if step.before in main:
            main.add(step.after)
        sentence = inlines_of(why(step, notation, problem), step.kind)
        equation = Equations((row(Equation(lhs, step.after), (), notation),))
        inner = step.substeps and options.detail == "full"
        substeps = _steps(step.substeps, notation, problem, options) if inner else None
        items.append(StepItem(_colon(sentence), equation, substeps))
    return Steps(tuple(items))


def _colon(sentence: Inlines) -> Inlines:
    """The sentence with a colon in place of its full stop, because an equation follows."""
    last = sentence[-1] if sentence else None
    if isinstance(last, Text) and last.text.endswith("."):
        return (*sentence[:-1], Text(last.text[:-1] + ":", last.style))
    return (*sentence, Text(":"))


def _derivation(
    derivation: Derivation, shown: _Shown, solved: Solved, notation: Notation, level: int
) -> list[Block]:
    """One derivative: where it was derived or its steps, both forms, and what the numeric check said."""
    range_text = range_latex(derivation.indices, notation)
    tail = (Text(", "), Math(range_text)) if range_text else ()
    blocks: list[Block] = [Heading(level, (Math(latex(derivation.entry.lhs, notation)), *tail))]
    rest, where = shown.rest(derivation.node, range(len(derivation.steps)))
    blocks += _derived_in(where)
    steps = _steps([derivation.steps[p] for p in rest], notation, solved.problem, shown.options)
    blocks += _stated(steps, _both_forms(derivation, notation))
    if derivation.matrix is not None:
        blocks += _dimensions(derivation.matrix, notation)
    if derivation.no_matrix:
        blocks.append(_phrase("no_matrix", reason=escaped(derivation.no_matrix)))
    blocks.append(_verified(solved.verified[derivation.node]))
    return blocks


def _both_forms(derivation: Derivation, notation: Notation) -> tuple[Row, ...]:
    rows = [row(derivation.entry, derivation.indices, notation)]
    if derivation.matrix is not None and derivation.matrix != derivation.entry:
        rows.append(row(derivation.matrix, (), notation))
    return tuple(rows)


def _verified(verification: Verification) -> Paragraph:
    draws = str(verification.draws)
    if verification.status == "unexercised":
        return _phrase("unexercised", draws=draws)
    if verification.status == "failed":
        return _phrase("failed")
    if verification.max_error == 0:
        return _phrase("exact", draws=draws)
    exponent = numbers.ceil(numbers.log10(verification.max_error) - 1e-9)
    return _phrase("verified", draws=draws, error=f"$10^{{{exponent}}}$")
