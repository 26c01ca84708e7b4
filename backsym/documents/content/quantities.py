"""The notation list and the forward pass of a problem, as blocks.

This module must not know about output languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from backsym.core.dims import is_layered
from backsym.core.expr import Adj, Equation, OneHot, Reshape, Size, free_indices, walk
from backsym.core.names import has_letter
from backsym.core.problem import Problem, Symbol
from backsym.core.steps import ForwardForms
from backsym.documents.content.blocks import Block, Bullets, Equations, Inlines, Math, Paragraph, Row, Text
from backsym.documents.content.markup import check_math, inlines_of
from backsym.documents.content.questions import row, start_rows
from backsym.documents.content.sentences import Voice
from backsym.documents.content.solved import Solved
from backsym.printing import layout as lay
from backsym.printing.printer import classes_layout, layout_of, shape_layout

FEW = 5
"""Names that share one formula in the list of quantities."""


def objective_blocks(objective: str | None, voice_phrases: Inlines) -> tuple[Block, ...]:
    """The learning objective with its label; nothing where there is none."""
    if not objective:
        return ()
    label = tuple(Text(item.text, "strong") if isinstance(item, Text) else item for item in voice_phrases)
    return (Paragraph((*label, Text(" "), *inlines_of(objective, "objective"))),)


def quantities(voice: Voice) -> Bullets:
    """Every quantity with its role and shape, in the order of the problem; those of one role share an item."""
    problem = voice.problem
    groups: dict[tuple[object, ...], dict[tuple[object, ...], list[Symbol]]] = {}
    for symbol in problem.symbols.values():
        alike = groups.setdefault((symbol.role, symbol.one_hot, symbol.sums_to_one, symbol.symmetric), {})
        alike.setdefault((symbol.shape, symbol.label), []).append(symbol)
    items = [_item(list(alike.values()), voice) for alike in groups.values()]
    for dim in problem.dims.values():
        if dim.size is not None:
            size = lay.row(voice.layout(Size(dim.name)), lay.EQUALS, lay.Number(str(dim.size)))
            items.append(voice.catalogue.phrase("document.size", name=size))
    return Bullets(tuple(items))


def _item(alike: list[list[Symbol]], voice: Voice) -> Inlines:
    """The quantities of one role, those of one shape together."""
    words, first = voice.catalogue, alike[0][0]
    names = tuple(
        part for n, symbols in enumerate(alike) for part in ((Text(", "),) * bool(n) + _alike(symbols, voice))
    )
    roles = "roles" if sum(map(len, alike)) == 1 else "plural_roles"
    marks = {"one_hot": first.one_hot, "sums_to_one": first.sums_to_one, "symmetric": first.symmetric}
    key = next((mark for mark, is_set in marks.items() if is_set), "quantity")
    return words.phrase(f"document.{key}", names=names, role=words.text(f"document.{roles}.{first.role}"))


def _alike(symbols: list[Symbol], voice: Voice) -> Inlines:
    """The names of quantities of one shape, and the set of which they are elements."""
    first = symbols[0]
    of_layers = is_layered(first.shape)
    *others, last = (voice.quantity(s.name) for s in symbols)
    space = (
        shape_layout(first.shape[1:] if of_layers else first.shape, voice.notation)
        if first.label is None
        else classes_layout(first.label, first.shape, voice.notation)
    )
    member = (lay.Op("in", "relation"), space)
    if len(symbols) <= FEW:
        return (Math(lay.row(*(part for name in others for part in (name, lay.COMMA)), last, *member)),)
    # No line is broken within a formula.
    return (*(part for name in others for part in (Math(name), Text(", "))), Math(lay.row(last, *member)))


ENTRYWISE = {"odot binary": "hadamard", "odot ordinary": "hadamard_power", "quotient": "hadamard_quotient"}
"""What is said of signs that mean entry by entry, by the sign as formulas have it."""


def entrywise_note(sign: str, voice: Voice) -> list[Block]:
    """What a sign of ``ENTRYWISE`` means."""
    u, v = (voice.notation.letter(letter, 1) for letter in "uv")
    power = lay.with_sup(u, lay.row(lay.Op("odot", "ordinary"), lay.Number("2")))
    shown = {"odot binary": lay.row(u, lay.Op("odot"), v), "quotient": lay.Frac(u, v)}.get(sign, power)
    return [voice.say(f"document.{ENTRYWISE[sign]}", u=u, v=v, shown=shown)]


def sign_notes(stated: Iterable[Equation], voice: Voice) -> Iterator[tuple[str, Block]]:
    """What the signs mean that results have for the vector of a label and for a vector that becomes a matrix again."""
    for part in (part for equation in stated for part in walk(equation.rhs)):
        if isinstance(part, OneHot):
            key = "one_hot_rows" if part.labels.shape else "one_hot"
            sign, label = voice.in_text.layout(part), voice.in_text.layout(part.labels)
            yield key, voice.in_text.say(f"document.signs.{key}", sign=sign, label=label)
        elif isinstance(part, Reshape) and part.regroups and len(part.shape) == 2:
            vec = lay.Ident("vec", "operator")
            inverse = lay.Script(vec, sup=lay.tight(lay.MINUS, lay.Number("1")))
            yield "unstacked", voice.in_text.say("document.signs.unstacked", sign=inverse, vec=vec)


def gradient_note(solved: Solved, voice: Voice) -> list[Block]:
    """Which shape a gradient has, said of the last array that the loss is differentiated by."""
    symbols = voice.problem.symbols
    arrays = [d for d in solved.derivations if symbols[d.node].shape and d.matrix is not None and d.matrix != d.entry]
    if not arrays:
        return []
    shown = next((d for d in arrays if symbols[d.node].role == "parameter"), arrays[0])
    assert shown.matrix is not None
    example = voice.in_text.layout(shown.matrix.lhs)
    return [voice.say("document.gradient", example=example, node=voice.quantity(shown.node))]


def upstream_note(voice: Voice) -> list[Block]:
    """Which derivative is given, where the loss is an abstract one."""
    name = voice.problem.upstream
    if name is None:
        return []
    node = voice.problem.sym(name)
    facts = {"node": voice.quantity(name), "adjoint": voice.in_text.layout(Adj(name, node.shape))}
    return [voice.say("document.upstream", loss=voice.notation.name(voice.problem.loss), **facts)]


def notation_note(voice: Voice) -> list[Block]:
    """What the sign of a derivative means, where it is not spelled as one."""
    kind, problem = voice.notation.gradient, voice.problem
    letter = voice.notation.delta
    if letter:
        kind = "delta"
    if kind not in ("bar", "delta"):
        return []
    own = (
        voice.notation.preactivations
        if not letter
        else [e.name for e in problem.equations if has_letter(e.name, letter)]
    )
    nodes = [e.name for e in problem.equations if kind == "bar" or e.name in own]
    if not nodes:
        return []
    sign = Adj(nodes[0], problem.symbols[nodes[0]].shape)
    spelled = layout_of(sign, replace(voice.in_text.notation, gradient="partial", delta=""))
    return [voice.say(f"document.{kind}", sign=voice.layout(sign), derivative=spelled)]


def check_spellings(problem: Problem) -> None:
    """The author's own LaTeX for symbols and dimensions reaches the page, so it is checked like user text."""
    spellings = {name: symbol.latex for name, symbol in problem.symbols.items()}
    spellings |= {name: dim.latex for name, dim in problem.dims.items() if dim.latex}
    for name, spelling in spellings.items():
        if spelling:
            check_math(spelling, f"the latex of {name}")


def forward_equations(rows: Sequence[Row], *, tight: bool = False) -> Equations:
    """The forward pass; equations between numbers share lines, and all where it is to be ``tight``."""
    return Equations(tuple(rows), beside=tight or all(r.tail is None for r in rows))


def forward_pass(forms: Iterable[ForwardForms], voice: Voice, *, matrices: bool = True) -> tuple[Block, ...]:
    """All forward equations, entry by entry and, with ``matrices``, as a whole; once where the two are the same."""
    forms = tuple(forms)
    alone = not matrices or all(f.member is None and f.matrix in (None, f.entry) for f in forms)
    rows: list[Row] = []
    for f in forms:
        rows += [*(start_rows(f.node, voice) if alone else ()), row(f.entry, f.indices, voice)]
    entries = forward_equations(rows)
    if alone:
        return (entries,)
    lead = () if all(f.no_matrix and f.member is None for f in forms) else (voice.say("document.matrix_form"),)
    return (voice.say("document.entry_by_entry"), entries, *lead, *matrix_forms(forms, voice))


def matrix_forms(forms: Iterable[ForwardForms], voice: Voice) -> tuple[Block, ...]:
    """All forward equations in matrix form, and why there is none of some."""
    forms = tuple(forms)
    whole: list[Row] = []
    for f in forms:
        whole += start_rows(f.node, voice)
        whole += [row(f.member, free_indices(f.member.lhs), voice)] if f.member is not None else []
        said = f.member is not None and f.matrix in (None, f.member)
        whole += [] if f.no_matrix or said else [row(f.matrix or f.entry, () if f.matrix else f.indices, voice)]
    blocks: list[Block] = [Equations(tuple(whole))] if whole else []
    blocks += [
        voice.say("document.no_matrix_of", node=voice.quantity(f.node), reason=voice.catalogue.reason(f.no_matrix))
        for f in forms
        if f.no_matrix and f.member is None
    ]
    return tuple(blocks)
