"""A solved problem, or a collection of them, to neutral blocks.

This module must not know about output languages; ``render`` picks one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from typing import Any, get_args

from backsym.core.expr import Equation, Expr, Ix, MatMul, Run, free_indices, names_in, walk
from backsym.core.problem import Collection, Problem
from backsym.core.steps import ForwardForms
from backsym.documents.content.blocks import (
    Blanks,
    Block,
    Break,
    Derived,
    Document,
    Equations,
    Heading,
    Inline,
    Inlines,
    Math,
    Paragraph,
    Picture,
    Ref,
    Room,
    Row,
    Table,
    Text,
)
from backsym.documents.content.derivations import (
    both_forms,
    derivation_blocks,
    explained,
    labelled,
    part_blocks,
    verified,
)
from backsym.documents.content.figures import drawing, with_numbers
from backsym.documents.content.likewise import with_other_tag
from backsym.documents.content.markup import blocks_of, inlines_of
from backsym.documents.content.mastheads import byline, headed
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.quantities import (
    ENTRYWISE,
    check_spellings,
    entrywise_note,
    forward_equations,
    forward_pass,
    gradient_note,
    notation_note,
    objective_blocks,
    quantities,
    sign_notes,
    upstream_note,
)
from backsym.documents.content.questions import IN_LINE, given, key_blocks, question_blocks, row, start_rows
from backsym.documents.content.sentences import Catalogue, Value, Voice, catalogue
from backsym.documents.content.solved import Solved, answered_parts
from backsym.documents.content.told import Shown, Told
from backsym.documents.content.worked import worked_example
from backsym.documents.writers.breaking import lines_of_table
from backsym.parts.kind import Answered, Piece
from backsym.parts.table import kind_of
from backsym.printing import layout as lay
from backsym.printing.measure import width
from backsym.printing.printer import range_layout

PARTS = (*get_args(Block), *get_args(Inline), Row, Derived)
"""What a document consists of, besides formulas."""

FEW = 3
"""Of fewer derivatives there is no summary."""


def document_of(solved: Solved, options: Options = FULL) -> Document:
    """The document of one solved problem."""
    problem = solved.problem
    phrases = catalogue(problem.language)
    title = _titled(inlines_of(problem.title, "title"), options, phrases)
    blocks = (*_blanks((problem,), options, phrases), *problem_blocks(solved, 2, options))
    document = Document(title, blocks, language=problem.language)
    return in_language(headed(document, problem.masthead, problem.path))


def collection_document(collection: Collection, solutions: Sequence[Solved], options: Options = FULL) -> Document:
    """One document of all problems of a collection; ``solutions`` are in the order of its problems."""
    phrases = catalogue(collection.language)
    opening = tuple(blocks_of(collection.text, "text") if collection.text else ())
    blocks: list[Block] = []
    opening = (*_blanks(collection.problems, options, phrases), *opening)
    told = Told()
    rest = iter(solutions)
    for section in collection.sections:
        if section.title:
            blocks.append(Heading(2, inlines_of(section.title, "section")))
        blocks.extend(objective_blocks(section.objective, phrases.phrase("document.objective")))
        for number, _ in enumerate(section.problems, start=1):
            solved = next(rest)
            title = inlines_of(solved.problem.title, "title")
            blocks.append(Heading(3, (Text(f"{number}. "), *title)))
            lines = byline(solved.problem.masthead, collection.language, collection.masthead)
            blocks.extend(Paragraph(line) for line in lines)
            blocks.extend(problem_blocks(solved, 4, options, told))
    title = _titled(inlines_of(collection.title, "title"), options, phrases)
    document = Document(title, tuple(blocks), (), collection.language, contents=True, opening=opening)
    return in_language(headed(document, collection.masthead, collection.path))


def in_language(document: Document) -> Document:
    """The document with the decimal sign of its language in all formulas."""
    return document if document.language == "en" else replace(document, **_with_comma(document))


def _with_comma(part: Any) -> dict[str, Any]:
    return {each.name: _changed(getattr(part, each.name)) for each in fields(part)}


def _changed(value: Any) -> Any:
    if isinstance(value, lay.Layout):
        return lay.with_decimal_comma(value)
    if isinstance(value, tuple):
        return tuple(map(_changed, value))
    return replace(value, **_with_comma(value)) if isinstance(value, PARTS) else value


def _titled(title: Inlines, options: Options, phrases: Catalogue) -> Inlines:
    """The title of the document; that of a key says that it is one."""
    return phrases.phrase("document.key_title", title=title) if options.version == "key" else title


def _blanks(problems: Sequence[Problem], options: Options, phrases: Catalogue) -> tuple[Block, ...]:
    """Lines for who answers a question sheet, and for the points, of which there are so many if all parts say so."""
    if options.version != "questions":
        return ()
    marks = [part.marks for problem in problems for part in problem.parts]
    numbers = [Fraction(m) for m in marks if m is not None and m.replace(".", "", 1).isdecimal()]
    keys = ("name", "number", *(("points",) if any(marks) else ()))
    labels = tuple(phrases.phrase(f"document.blanks.{key}") for key in keys)
    whole = bool(marks) and len(numbers) == len(marks)
    return (Blanks(labels, f"{float(sum(numbers)):g}" if whole else ""),)


def problem_blocks(solved: Solved, level: int, options: Options = FULL, told: Told | None = None) -> tuple[Block, ...]:
    """Everything about one problem except its title, with headings of ``level``.

    A problem with parts shows what they ask for and what their answers rest on; one without, every derivative.
    ``told`` is what the document has said before.
    """
    problem, told = solved.problem, told or Told()
    check_spellings(problem)
    voice = Voice.on_page(problem)
    parts = answered_parts(solved)
    if options.version == "key":
        key = _key(parts, solved, voice)
        return (_heading("key", level, voice), *_entrywise(key, ALWAYS_TOLD, voice, told), *key)
    blocks: list[Block] = [*objective_blocks(problem.objective, voice.catalogue.phrase("document.objective"))]
    if problem.text:
        blocks.extend(blocks_of(problem.text, "text"))
    if problem.figure:
        blocks.append(drawing(voice, problem.figure))
    blocks += [_heading("quantities", level, voice), quantities(voice)]
    if options.version == "questions":
        sheet = _question_sheet(parts, solved, voice, level, options.space)
        said = _entrywise(sheet, ALWAYS_TOLD, voice, told)
        return (*blocks, *upstream_note(voice), *notation_note(voice), *said, *sheet)
    notes = [*upstream_note(voice), *notation_note(voice)]
    solution = _solution(parts, solved, Shown(voice, options, told), level)
    notes += _entrywise(solution, ALWAYS_TOLD if options.concise else tuple(ENTRYWISE), voice, told)
    if not options.concise:
        about = [] if told.said("sign nabla") else gradient_note(solved, voice)
        if about and "nabla" in _signs(solution) and told.first("sign nabla"):
            notes += about
        pieces = [piece for answered in parts for piece in (*answered.needed, *answered.pieces)]
        stated = [equation for piece in pieces for equation, _ in piece.results]
        whole = stated if parts else [d.matrix for d in solved.derivations if d.matrix is not None]
        notes += [said for key, said in sign_notes(whole, voice) if told.first(f"sign {key}")]
    return (*blocks, *notes, *solution)


ALWAYS_TOLD = ("odot ordinary", "quotient")
"""Signs that are less usual than the element-wise product, which are explained wherever they stand."""


def _entrywise(blocks: Sequence[Block], signs: Sequence[str], voice: Voice, told: Told) -> Iterator[Block]:
    """What those of these signs mean that stand in the blocks and that the document has not explained."""
    new = [sign for sign in signs if not told.said(f"sign {sign}")]
    used = _signs(blocks) if new else set()
    for sign in new:
        if sign in used and told.first(f"sign {sign}"):
            yield from entrywise_note(sign, voice)


def _signs(blocks: Sequence[Block]) -> set[str]:
    """The signs that stand in the formulas of these blocks."""
    signs: set[str] = set()
    names: dict[type, tuple[str, ...]] = {}
    waiting: list[Any] = list(blocks)
    while waiting:
        part = waiting.pop()
        if isinstance(part, lay.Layout):
            signs |= lay.signs_in(part)
        elif isinstance(part, (list, tuple)):
            waiting += part
        elif not isinstance(part, Picture):
            kind = type(part)
            if kind not in names:
                names[kind] = tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()
            waiting += [getattr(part, name) for name in names[kind]]
    return signs


def _solution(parts: Sequence[Answered], solved: Solved, shown: Shown, level: int) -> list[Block]:
    """The forward pass, the answers of the parts or all derivatives, the summary, and numbers where there are any."""
    problem, voice = solved.problem, shown.voice
    blocks: list[Block] = []
    written, vectorized = _asked(parts, "written"), _asked(parts, "matrix")
    if not parts:
        blocks += [_heading("forward", level, voice), *forward_pass(solved.forward, voice)]
    elif not (written and written >= problem.by_name.keys() - {problem.loss}):
        rows: list[Row] = []
        for f in solved.forward:
            rows += start_rows(f.node, voice)
            rows.append(row(f.entry, f.indices, voice) if f.node in vectorized else _authored(f, problem, voice))
        tight = shown.options.concise
        blocks += [_heading("forward", level, voice), forward_equations(rows, tight=tight)]
    drawn = problem.figure or any(kind_of(a.part).picture(a.part) for a in parts)
    if not drawn and not shown.options.concise:
        blocks += [drawing(voice, "vectorized"), *explained(voice, "vectorized", shown)]
    if parts:
        blocks.append(_heading("questions", level, voice))
        for answered in parts:
            blocks.extend(part_blocks(answered, voice, shown, level, solved))
        blocks += _overview(parts, solved, shown, level)
    else:
        blocks.append(_heading("backward", level, voice))
        for derivation in solved.derivations:
            checked = solved.verified[derivation.node]
            blocks.extend(derivation_blocks(derivation, checked, voice, level + 1, shown))
        blocks += _checks(solved, [derivation.node for derivation in solved.derivations], voice)
    if problem.values:
        blocks += [_heading("numbers", level, voice), *worked_example(solved, voice, blocks)]
        asked = next(filter(None, (kind_of(a.part).picture(a.part) for a in parts)), None)
        kind = asked or problem.figure or "vectorized"
        circuit = with_numbers(voice, solved.derivations, kind) if kind != "network" else None
        blocks += [voice.say("document.numbers_drawn"), circuit] if circuit is not None else []
    return blocks


def _authored(forms: ForwardForms, problem: Problem, voice: Voice) -> Row:
    """A forward equation as the author wrote it: by its indices, or as a whole."""
    if forms.member is not None:
        return row(forms.member, free_indices(forms.member.lhs), voice)
    equation = problem.by_name[forms.node]
    entries = equation.index_level or not (equation.shape or _multiplies(equation.rhs))
    if entries or forms.matrix is None:
        return row(forms.entry, forms.indices, voice)
    return row(forms.matrix, (), voice)


def _overview(parts: Sequence[Answered], solved: Solved, shown: Shown, level: int) -> list[Block]:
    """The forward equations, each beside the derivatives that the parts found by what it uses, and the check.

    A derivative by what several equations use stands beside the first one, which is the last to be reached.
    """
    voice = shown.voice
    found: dict[str, Piece] = {}
    for answered in parts:
        for piece in (*answered.needed, *answered.pieces):
            if piece.derivative and piece.node != solved.problem.loss:
                found.setdefault(piece.node, piece)
    if not found:
        return []
    checks = [replace(check, closes=True) for check in _checks(solved, tuple(found), voice)]
    if len(found) < FEW or shown.options.concise:
        return [*checks]
    groups = list(_alike(_beside(solved, found), solved.problem))
    head = tuple(voice.catalogue.phrase(f"document.overview.{key}") for key in ("forward", "backward", "result"))
    read = [voice.say("document.overview.read")] if shown.told.first("overview") else []
    # Where the ranges of sums, which the forward pass has, take lines of the table, they are left out.
    bare = shown.spoken(replace(voice, notation=replace(voice.notation, bare_sums=True)))
    tables = [Table(head, tuple(_summed_up(group, spoken) for group in groups)) for spoken in (shown, bare)]
    return [_heading("summary", level, voice), *read, min(tables, key=lines_of_table), *checks]


def _checks(solved: Solved, nodes: Sequence[str], voice: Voice) -> list[Paragraph]:
    """What the numeric check found about these derivatives: the largest error, and about what it could say nothing."""
    worst = max((solved.verified[node] for node in nodes), key=lambda v: v.max_error)
    silent = (v for node in nodes if (v := solved.verified[node]).status == "unexercised" and v is not worst)
    return [verified(v, voice) for v in (worst, *silent)]


Beside = tuple[ForwardForms, tuple[Piece, ...]]
"""A forward equation, and the results about what it uses."""


def _beside(solved: Solved, found: Mapping[str, Piece]) -> Iterator[Beside]:
    left = dict(found)
    for forms in solved.forward:
        used = names_in(solved.problem.by_name[forms.node].rhs)
        yield forms, tuple(left.pop(name) for name in list(left) if name in used)


def _alike(beside: Iterable[Beside], problem: Problem) -> list[list[Beside]]:
    """What is the same but for a tag together, as far as all that an equation uses is computed before the first one."""
    groups: list[list[Beside]] = []
    place: dict[str, int] = {}
    for forms, pieces in beside:
        rhs = problem.by_name[forms.node].rhs
        own = (forms, pieces)
        first = max((place[name] + 1 for name in names_in(rhs) if name in place), default=0)
        at = next((n for n in range(first, len(groups)) if _differ_by_tag(groups[n][0], own, problem)), len(groups))
        groups += [[]] if at == len(groups) else []
        groups[at].append(own)
        place[forms.node] = at
    return groups


def _differ_by_tag(one: Beside, other: Beside, problem: Problem) -> bool:
    """Where nothing was found about what the other equation uses, its own form is what counts."""

    def equations(forms: ForwardForms, pieces: Sequence[Piece]) -> list[Equation]:
        forward = Equation(problem.sym(forms.node), problem.by_name[forms.node].rhs)
        return [forward, *(stated for piece in pieces for stated, _ in piece.results)]

    if any(piece.cases for piece in (*one[1], *other[1])):
        return False
    given = equations(one[0], one[1] if other[1] else ())
    return with_other_tag(given, equations(*other), problem)


def _summed_up(group: Sequence[Beside], shown: Shown) -> tuple[Inlines, ...]:
    """A row of the summary: the first equation and the results beside it, by name those that are likewise."""
    voice = shown.voice.in_text
    (forms, pieces), *others = group
    equation = _inline(_authored(forms, voice.problem, voice))
    equation += _likewise([voice.quantity(other.node) for other, _ in others], voice)
    cells: list[Inline] = []
    for n, piece in enumerate(pieces):
        alike: list[Value] = [voice.layout(found[n].result.lhs) for _, found in others if found]
        for stated in piece.results:
            between: Inlines = (Text(", "), Break()) if cells else ()
            cells += (*between, *_stated(*stated, voice))
        cells += _likewise(alike, voice)
    results = [shown.results.get(piece.node) for _, found in group for piece in found]
    numbers = sorted({number for number in results if number is not None})
    return equation, tuple(cells), tuple(_separated([Ref(number) for number in numbers]))


def _likewise(names: Sequence[Value], voice: Voice) -> Inlines:
    """``, likewise h_b``; nothing where there is nothing."""
    if not names:
        return ()
    return (Text(", "), *voice.catalogue.phrase("document.overview.likewise", names=voice.catalogue.listing(names)))


def _separated(items: Sequence[Inline]) -> list[Inline]:
    return [part for n, item in enumerate(items) for part in ((Text(", "), item) if n else (item,))]


def _stated(equation: Equation, indices: tuple[Ix, ...], voice: Voice) -> Inlines:
    """An equation as one formula; only where it holds of some members of a family it says of which."""
    some = tuple(ix for ix in indices if isinstance(ix, Run))
    found = _inline(row(equation, indices, voice))
    where = range_layout(some, voice.notation)
    return (*found, Text(", "), Math(where)) if where is not None else found


def _inline(found: Row) -> Inlines:
    """A row as one formula of a line of text, without its range."""
    return (Math(lay.row(found.lhs, lay.EQUALS, found.right) if found.lhs is not None else found.right),)


def _asked(parts: Sequence[Answered], form: str) -> AbstractSet[str]:
    """The nodes whose forward equations the parts ask for in this form."""
    return {piece.node for a in parts if kind_of(a.part).forward == form for piece in a.pieces if not piece.derivative}


def _heading(key: str, level: int, voice: Voice) -> Heading:
    return Heading(level, voice.catalogue.phrase(f"document.{key}"))


def _question_sheet(parts: Sequence[Answered], solved: Solved, voice: Voice, level: int, space: float) -> list[Block]:
    """The forward equations as the author wrote them, without those that a part asks for, and the questions."""
    problem = solved.problem
    blocks: list[Block] = []
    if equations := given(parts, solved):
        rows: list[Row] = []
        for forms in equations:
            rows += [*start_rows(forms.node, voice), _authored(forms, problem, voice)]
        blocks += [_heading("forward", level, voice), forward_equations(rows)]
    if parts:
        blocks.append(_heading("asked", level, voice))
    for answered in parts:
        blocks.extend(labelled(answered, question_blocks(answered, voice), voice))
        blocks += [Room(space)] if space else []
    return blocks


def _compact(answered: Answered, voice: Voice) -> list[Block]:
    """A part's results in the line of its label, as far as they are equations and nothing else."""
    content = key_blocks(answered, voice.in_text)
    if len(content) != 1 or not isinstance(content[0], Equations):
        return labelled(answered, key_blocks(answered, voice), voice)
    if not all(found.lhs is not None and width(found.right) <= IN_LINE for found in content[0].rows):
        return labelled(answered, key_blocks(answered, voice), voice)
    shown: list[Inline] = []
    for found in content[0].rows:
        shown += [Text(",   ")] if shown else []
        shown += _inline(found) + ((Text(", "), Math(found.tail)) if found.tail is not None else ())
    return labelled(answered, [Paragraph(tuple(shown))], voice)


def _multiplies(e: Expr) -> bool:
    """Whether the author wrote a matrix product; a sum that is not written as one is clearer entry by entry."""
    return any(isinstance(part, MatMul) for part in walk(e))


def _key(parts: Sequence[Answered], solved: Solved, voice: Voice) -> list[Block]:
    """The results of the parts, without steps; of a problem without parts, all derivatives."""
    blocks: list[Block] = []
    for answered in parts:
        blocks.extend(_compact(answered, voice))
    if not parts:
        blocks.append(Equations(tuple(r for d in solved.derivations for r in both_forms(d, voice)), beside=True))
    return blocks
