"""A solved problem, or a collection of them, to neutral blocks.

This module must not know about output languages; ``render`` picks one.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from backsym.core.expr import Expr, MatMul, free_indices, walk
from backsym.core.problem import Collection
from backsym.core.steps import Derivation
from backsym.documents.content.blocks import Block, Document, Equations, Heading, Text
from backsym.documents.content.derivations import (
    Shown,
    both_forms,
    derivation_blocks,
    labelled,
    part_blocks,
    verified,
)
from backsym.documents.content.figures import picture
from backsym.documents.content.markup import blocks_of, inlines_of
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.quantities import (
    check_spellings,
    forward_pass,
    gradient_note,
    hadamard_note,
    matrix_forms,
    notation_note,
    objective_blocks,
    quantities,
    upstream_note,
)
from backsym.documents.content.questions import given, key_blocks, question_blocks, row
from backsym.documents.content.sentences import Voice, catalogue
from backsym.documents.content.solved import Solved, answered_parts
from backsym.documents.content.worked import worked_example
from backsym.parts.kind import Answered
from backsym.parts.table import kind_of


def document_of(solved: Solved, options: Options = FULL) -> Document:
    """The document of one solved problem."""
    title = inlines_of(solved.problem.title, "title")
    return Document(title, problem_blocks(solved, 2, options), language=solved.problem.language)


def collection_document(collection: Collection, solutions: Sequence[Solved], options: Options = FULL) -> Document:
    """One document of all problems of a collection; ``solutions`` are in the order of its problems."""
    lines = [text for text in (collection.course, collection.author, collection.date) if text]
    byline = tuple(inlines_of(text, "collection") for text in lines)
    phrases = catalogue(collection.language)
    opening = tuple(blocks_of(collection.text, "text") if collection.text else ())
    blocks: list[Block] = []
    rest = iter(solutions)
    for section in collection.sections:
        if section.title:
            blocks.append(Heading(2, inlines_of(section.title, "section")))
        blocks.extend(objective_blocks(section.objective, phrases.phrase("document.objective")))
        for number, _ in enumerate(section.problems, start=1):
            solved = next(rest)
            title = inlines_of(solved.problem.title, "title")
            blocks.append(Heading(3, (Text(f"{number}. "), *title)))
            blocks.extend(problem_blocks(solved, 4, options, summary=True))
    title = inlines_of(collection.title, "title")
    return Document(title, tuple(blocks), byline, collection.language, contents=True, opening=opening)


def problem_blocks(solved: Solved, level: int, options: Options = FULL, *, summary: bool = False) -> tuple[Block, ...]:
    """Everything about one problem except its title, with headings of ``level``.

    With ``summary``, a problem with parts shows the steps that its parts ask for, and of the rest the results only.
    """
    problem = solved.problem
    check_spellings(problem)
    voice = Voice.of(problem)
    parts = answered_parts(solved)
    if options.version == "key":
        return (_heading("key", level, voice), *_key(parts, solved, voice))
    blocks: list[Block] = [*objective_blocks(problem.objective, voice.catalogue.phrase("document.objective"))]
    if problem.text:
        blocks.extend(blocks_of(problem.text, "text"))
    if problem.figure:
        blocks.append(picture(voice, problem.figure))
    blocks += [_heading("quantities", level, voice), quantities(voice)]
    if options.version == "questions":
        return (*blocks, *upstream_note(voice), *notation_note(voice), *_question_sheet(parts, solved, voice, level))
    notes = [*upstream_note(voice), *notation_note(voice), *hadamard_note(solved, voice), *gradient_note(solved, voice)]
    return (*blocks, *notes, *_solution(parts, solved, voice, options, level, summary))


def _solution(
    parts: Sequence[Answered], solved: Solved, voice: Voice, options: Options, level: int, summary: bool
) -> list[Block]:
    """The forward pass, the answers of the parts, the backward pass, and the numbers where there are any."""
    problem = solved.problem
    vectorized = bool(_asked(parts, "matrix"))
    blocks: list[Block] = []
    if not _asked(parts, "written") >= problem.by_name.keys() - {problem.loss}:
        blocks += [_heading("forward", level, voice), *forward_pass(solved.forward, voice, matrices=not vectorized)]
    if not any(kind_of(a.part).picture(a.part) for a in parts) and not problem.figure:
        blocks.append(picture(voice, "vectorized"))
    shown = Shown(options)
    if parts:
        blocks.append(_heading("questions", level, voice))
        for answered in parts:
            blocks.extend(part_blocks(answered, voice, shown, level, solved))
    if vectorized:
        blocks += [_heading("forward_matrices", level, voice), *matrix_forms(solved.forward, voice)]
    blocks.append(_heading("backward", level, voice))
    told = [] if parts and summary else [d for d in solved.derivations if not parts or _untold(d, solved, shown)]
    for derivation in told:
        checked = solved.verified[derivation.node]
        blocks.extend(derivation_blocks(derivation, shown, checked, voice, level + 1))
    if parts:
        blocks += [*([_heading("all_derivatives", level + 1, voice)] if told else []), *_summary(solved, voice)]
    if problem.values:
        blocks += [_heading("numbers", level, voice), *worked_example(solved, voice)]
    return blocks


def _asked(parts: Sequence[Answered], form: str) -> AbstractSet[str]:
    """The nodes whose forward equations the parts ask for in this form."""
    return {piece.node for a in parts if kind_of(a.part).forward == form for piece in a.pieces if not piece.derivative}


def _heading(key: str, level: int, voice: Voice) -> Heading:
    return Heading(level, voice.catalogue.phrase(f"document.{key}"))


def _untold(derivation: Derivation, solved: Solved, shown: Shown) -> bool:
    """Whether there is more to say of a derivative than its result, after what the parts have said.

    The derivative of the loss by itself says nothing that needs a heading.
    """
    if derivation.node == solved.problem.loss:
        return False
    left, _ = shown.rest(derivation.node, range(len(derivation.steps)))
    unsure = solved.verified[derivation.node].status != "verified"
    return bool(left) or bool(derivation.no_matrix) or unsure


def _summary(solved: Solved, voice: Voice) -> list[Block]:
    """All derivatives in backward order, without steps."""
    rows = [row(d.entry, d.indices, voice) for d in solved.derivations]
    matrices = []
    for d in solved.derivations:
        matrices += [row(d.member, free_indices(d.member.lhs), voice)] if d.member is not None else []
        matrices += [row(d.matrix, (), voice)] if d.matrix is not None else []
    worst = max((v for v in solved.verified.values()), key=lambda v: v.max_error)
    entries = any(d.indices for d in solved.derivations)
    blocks: list[Block] = [voice.say(f"document.{'all_entries' if entries else 'all'}"), Equations(tuple(rows))]
    if matrices:
        blocks += [voice.say("document.all_matrices"), Equations(tuple(matrices))]
    return [*blocks, verified(worst, voice)]


def _question_sheet(parts: Sequence[Answered], solved: Solved, voice: Voice, level: int) -> list[Block]:
    """The forward equations as the author wrote them, without those that a part asks for, and the questions."""
    problem = solved.problem
    blocks: list[Block] = []
    if equations := given(parts, solved):
        index_level = {eq.name for eq in problem.equations if eq.index_level or not (eq.shape or _multiplies(eq.rhs))}
        rows = [
            row(f.member, free_indices(f.member.lhs), voice)
            if f.member is not None
            else row(f.entry, f.indices, voice)
            if f.node in index_level or f.matrix is None
            else row(f.matrix, (), voice)
            for f in equations
        ]
        blocks += [_heading("forward", level, voice), Equations(tuple(rows))]
    if parts:
        blocks.append(_heading("asked", level, voice))
    for answered in parts:
        blocks.extend(labelled(answered, question_blocks(answered, voice), voice))
    return blocks


def _multiplies(e: Expr) -> bool:
    """Whether the author wrote a matrix product; a sum that is not written as one is clearer entry by entry."""
    return any(isinstance(part, MatMul) for part in walk(e))


def _key(parts: Sequence[Answered], solved: Solved, voice: Voice) -> list[Block]:
    """The results of the parts, without steps; of a problem without parts, all derivatives."""
    blocks: list[Block] = []
    for answered in parts:
        blocks.extend(labelled(answered, key_blocks(answered, voice), voice))
    if not parts:
        blocks += [Equations(both_forms(d, voice)) for d in solved.derivations]
    return blocks
