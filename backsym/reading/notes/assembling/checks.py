"""What is refused of the forward equations of a note, all in one order, before their shapes are settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from backsym.core.errors import Diagnostic, InputError
from backsym.core.words import say
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.equations import FormulaReader, Segment, segments
from backsym.reading.latex.lexer import FUNCTION_MACROS, has_sign, tokens_in
from backsym.reading.latex.names import Key, new_name, split_tag
from backsym.reading.notes.assembling.provisos import Provisos
from backsym.reading.notes.assembling.stated import DERIVATIVES, Stated, shows_optimum
from backsym.reading.notes.assembling.worded import Worded
from backsym.reading.notes.equations import (
    LOSS_NAMES,
    Equations,
    is_measure,
    is_model,
    is_part_of_loss,
)
from backsym.reading.notes.lengths import check_counts, check_entries, check_roots, check_sizes
from backsym.reading.notes.prose import Formula, is_shown
from backsym.reading.notes.refusals import (
    check_defined,
    check_names,
    check_objective,
)
from backsym.reading.notes.stating.pieces import Piece, Quotient, bold_letters, is_of_one_case, light_letters
from backsym.reading.notes.steps import is_range_to_a_sum, told_ranges
from backsym.reading.notes.told_functions import check_called, check_told
from backsym.reading.notes.written_functions import are_alike, is_slope
from backsym.reading.syntax import walk
from backsym.text.phrases import Phrases, words_of

_MEMBERS = tuple("ijklmnt")
"""Letters of members, by custom."""


def without_equations(note: Stated) -> InputError:
    at = next((f for f in note.formulas if f.displayed and has_sign(note.source, f.start, f.end, *DERIVATIVES)), None)
    example = r"such as $$ z = w x + b $$ or \[ \mathbf{z} = \mathbf{W} \mathbf{x} \]"
    hint = say("notes.displayed_example", example=example)
    for f in sorted(note.formulas, key=lambda f: not f.displayed):
        if "=" in note.document.text[f.start : f.end] and f is not at:
            try:
                FormulaReader(note.source, note.vocabulary(), f.start, f.end)
            except InputError as e:
                return e
    if at is not None:
        hint = say("notes.derivatives_only", example=example)
    return InputError([Diagnostic(say("notes.no_forward"), note.document.file, advice=hint)])


def check_equations(note: Stated, equations: Equations, powers: Mapping[Key, str]) -> None:
    """Refuses what its forward equations cannot mean, before any shape is known; raises InputError or Respelled."""
    source = note.source
    told = [d for d in note.declared.found if not d.letter]
    used = {name for e in equations.found for name in e.uses}
    numbers = note.declared.real & used  # "for any $M \in \mathbb{R}$", of a size alone, is careless.
    others = {d.spelled.name: d.spelled for d in told if d.shape or d.spelled.name in numbers}
    known = {d.spelled.name for d in note.declared.found}
    plain = known - others.keys() - note.family_names
    check_sizes(source, equations, {*note.declared.dims, *equations.dims} - plain, note.spans, others)
    within = [s for start, end in note.within() for s in segments(source, note.vocabulary(), start, end)]
    _check_unsized(note, equations)
    check_entries(source, equations, within, note.spans)
    _check_numbered(note, equations, within)
    check_names(source, equations, note.settled, within)
    check_roots(source, equations, powers, note.spans, note.within())
    check_defined(source, equations, note.settled.unread)
    check_counts(source, equations, known, told_ranges(source, note.within()))
    _check_computed(note, equations)
    _check_nearly(note, equations)
    _check_losses(note, equations)
    _check_assigned(note, equations)
    _check_signs(note, equations)
    _check_slopes(note)
    _check_sigma(equations)
    _check_cases(note, equations)
    _check_light_whole(note, equations)
    letters = {s.key[0] for s in (*equations.names.values(), *(e.segment.left for e in equations.found))}
    unsaid = {name for name in LOSS_NAMES if name not in equations.lefts()}
    check_told(source, note.formulas, {*equations.given(), *unsaid}, letters)
    check_called(source, note.formulas, equations.functions)
    provisos = Provisos(note, equations)
    provisos.check()
    Worded(provisos).check()
    check_objective(source, equations, [(f.start, f.end) for f in note.formulas if note.is_idle(f)])


def check_changes(note: Stated, equations: Equations, strange: Iterable[Piece]) -> None:
    r"""Refuses ``\Delta r``, a change of r or a product; so is ``\delta r`` where it is a left side of its own."""
    known = {d.spelled.key[0] for d in note.declared.found} | {e.segment.left.key[0] for e in equations.found}
    lefts = {tuple(t.text for t in p.tokens[p.first : p.first + 2]) for p in strange}
    for e in equations.found:
        for a, b in pairwise(tokens_in(note.source, e.segment.start, e.segment.end)):
            change = a.text == "Delta" and a.text not in known
            if (a.kind, b.kind) == ("greek", "letter") and (change or (a.text, b.text) in lefts):
                words = say("notes.change_or_product", name=note.source.text[a.start : b.end], one=a.text, other=b.text)
                raise note.source.error(words, (a.start, b.end))


def _check_unsized(note: Stated, equations: Equations) -> None:
    """Refuses what has a declared size that is not read, or a range that other sizes tell.

    A remark names the sizes of what no equation has.
    """
    letters = {s.key[0] for s in (*equations.names.values(), *(e.segment.left for e in equations.found))}
    for each in note.declared.unsized:
        if each.spelled.key[0] in letters:
            name = each.spelled.name
            words = {
                "size_not_read": say("notes.size_not_read", name=name),
                "no_positive_size": say("notes.no_positive_size", name=name),
                "not_real": say("notes.not_real", name=name),
            }
            raise note.source.error(words[each.why], each.span)
        note.declared.unread.append(each.spelled)
    known, own = {*note.declared.dims, *equations.dims}, {*equations.ranges_written(), *note.steps.letters}
    for f in note.formulas:
        if not f.displayed and is_range_to_a_sum(note.source, f.start, f.end):
            letter, *others = tokens_in(note.source, f.start, f.end)
            if letter.text in note.letters - own and any(token.text in known for token in others):
                raise note.source.error(say("latex.range_to_sum"), (f.start, f.end))


def _check_losses(note: Stated, equations: Equations) -> None:
    r"""Refuses a loss that nothing computes, and of which the loss is, ``\mathcal{L}_{data} + \lambda \|w\|^2``."""
    known = {d.spelled.name for d in note.declared.found}
    for name, spelled in equations.given().items():
        if name not in known and is_part_of_loss(spelled):
            others = sorted({*equations.given()} - {name})
            words = say("notes.unread_loss", name=note.source.text[slice(*spelled.span)], names=others)
            if others:
                raise note.source.error(words, spelled.span)


def _check_numbered(note: Stated, equations: Equations, within: Iterable[Segment]) -> None:
    r"""Refuses ``z_1`` as given where the text computes every ``z_i``, and nothing that is taken does."""
    taken = {e.segment.left.key[0] for e in equations.found}
    every = {s.left.key[0] for s in within if s.left.key[1] in _MEMBERS and s.left.key[0] not in taken}
    for spelled in equations.given().values():
        if spelled.key[0] in every and spelled.key[1].isdecimal():
            written = note.source.text[slice(*spelled.span)]
            raise note.source.error(say("notes.member_by_number", name=written, family=spelled.key[0]), spelled.span)


def check_differentiated(note: Stated, equations: Equations, upstream: str | None) -> None:
    """Refuses equations that are not what the note differentiates: they have not what it does so by, or are not it.

    So are those without a loss, ``upstream``, where the note knows its derivative by a formula in what they have not.
    A claim that is to be shown is a question, which is named.
    """
    names = {**equations.names, **{e.name: e.segment.left for e in equations.found}}
    loss = equations.loss()
    letters = {s.key[0] for s in (*names.values(), *(d.spelled for d in note.declared.found))} | note.labels.keys()
    of_loss = {*LOSS_NAMES} - {e.segment.left.key[0] for e in equations.found}
    of_loss |= {names[loss].key[0]} if loss in names else set()
    quotients = [each for each in note.settled.quotients if not is_shown(each.source.text, each.formula)]
    used = {name for e in equations.found for name in e.uses}
    ends = [e for e in equations.found if e.name not in used and e.segment.left.key[0] not in LOSS_NAMES]
    if upstream is not None and len(ends) > 1 and all(e.sides is not None for e in equations.found):
        message = say("notes.several_ends", loss=upstream, names=[e.name for e in ends])
        raise note.source.error(message, (ends[0].segment.start, ends[0].segment.end))
    for (base, mark), span in note.settled.unread.items():
        if upstream == new_name(base, mark):
            raise note.source.error(say("notes.defined_by_derivative", name=upstream), span)
    for each in quotients:
        if each.above == upstream and each.valued - names.keys():
            raise each.source.error(say("notes.differentiated_unread", loss=upstream), each.span)
        if upstream is None and each.above in of_loss and each.below and each.below not in letters:
            name = new_name(each.below, "")
            raise each.source.error(say("notes.differentiated_by", name=name, loss=each.above), each.span)
    quotients = [each for each in quotients if each.below in letters or not _is_of_function(each)]
    if loss is upstream is None and quotients and not any(each.above in letters | of_loss for each in quotients):
        name = equations.found[-1].name
        raise quotients[0].source.error(say("notes.differentiated_other", name=name), quotients[0].span)


def _is_of_function(quotient: Quotient) -> bool:
    r"""Whether a derivative is of a function of one letter, ``\frac{\partial \log z}{\partial z}``."""
    tokens = tokens_in(quotient.source, *quotient.span)
    letters = {t.text for t in tokens if t.kind in ("letter", "greek", "word")}
    return len(letters) == 1 and any(t.text in FUNCTION_MACROS for t in tokens)


def check_asked(note: Stated, unknown: Iterable[str]) -> None:
    r"""Refuses a question about what stands in a displayed equation that is not read, ``\log a + \log b = v x``."""
    letters = {split_tag(name)[0] for name in unknown}
    for f in [f for f in note.formulas if f.displayed and letters]:
        tokens = tokens_in(note.source, f.start, f.end)
        texts = {token.text for token in tokens}
        if "=" not in texts or not letters & texts or not texts.isdisjoint(DERIVATIVES):
            continue
        read = segments(note.source, note.vocabulary(), f.start, f.end)
        for before, token in pairwise([tokens[0], *tokens]):
            asked = token.text in letters and before.text != "d"
            if asked and not any(s.start <= token.start < s.end for s in read):
                raise note.source.error(say("notes.asked_in_unread", name=token.text), (f.start, f.end))


_MATRICES = Phrases("matrix", "matrices", "matrix product", "matrizen", "matrixprodukt")
"""Words that no note about numbers has."""


def check_matrices(note: Stated, equations: Equations) -> None:
    """Refuses a capital letter as a number where all are numbers, and the words speak of matrices."""
    if any(d.shape for d in note.declared.found if not d.letter):
        return
    capitals = [s for s in equations.given().values() if s.key[0].isupper() and s.key[0] not in LOSS_NAMES]
    ends = [0, *(f.end for f in note.formulas)]
    begins = [*(f.start for f in note.formulas), len(note.document.text)]
    spoken = any(words_of(note.document.text, a, b) in _MATRICES for a, b in zip(ends, begins, strict=True))
    if capitals and spoken:
        raise note.source.error(say("notes.words_of_matrices", name=capitals[0].name), capitals[0].span)


def check_light(note: Stated, equations: Equations, told: Collection[str]) -> None:
    r"""Refuses a number that nothing tells to be one, ``y`` beside ``\mathbf{y}`` or beside an array ``\hat{y}``."""
    arrays = {d.spelled.key[0] for d in note.declared.found if d.shape and not d.letter}
    given = equations.given()
    for d in note.declared.found:
        base, mark = d.spelled.key
        open_ = d.spelled.name in given and d.spelled.name not in {*told, *note.labels}
        if open_ and not (d.shape or d.letter or mark) and (base in note.settled.bold or f"hat:{base}" in arrays):
            raise note.source.error(say("notes.light_beside_bold", name=d.spelled.name), d.spelled.span)


def _check_sigma(equations: Equations) -> None:
    r"""Refuses ``\sigma z``, which is read as the logistic function once the shapes are known."""
    for error in (equations.unread.get(e.segment.start) for e in equations.found if e.sides is None):
        if error is not None and any(getattr(d.words, "code", "") == "latex.sigma_bare" for d in error.diagnostics):
            raise error


def _check_light_whole(note: Stated, equations: Equations) -> None:
    r"""Refuses ``\|\mathbf{y} - y\|``: one array, or a given one beside a computed one."""
    bold = {e.segment.left.key[0] for e in equations.found if e.segment.left.bold}
    bold -= {e.segment.left.key[0] for e in equations.found if not e.segment.left.bold}
    for e in equations.found:
        place = Formula(e.segment.start, e.segment.end, displayed=True)
        own = {*bold_letters(note.source, place)} & bold
        for token in light_letters(note.source, place):
            if token.text in own:
                raise note.source.error(say("notes.light_and_bold", name=token.text), (token.start, token.end))


def _check_cases(note: Stated, equations: Equations) -> None:
    """Refuses "$y = z$ if $z > 0$, and $y = 0$ otherwise", of which one case was taken."""
    for e in equations.found:
        if is_of_one_case(note.document.text, e.segment.end):
            raise note.source.error(say("notes.of_one_case", name=e.name), (e.segment.start, e.segment.end))


def _is_asked(note: Stated, formula: Formula) -> bool:
    """Whether a formula stands in a question, "what if $V = W^T$?", of a case that the note is not about."""
    text = note.document.text
    ends = (text.find(sign, formula.end) for sign in (". ", ".\n", "!", "?", "\n\n", "$$"))
    end = min((at for at in ends if at >= 0), default=len(text) - 1)
    return text[end] == "?"


_NEARLY = ("propto", "approx", "equiv", "simeq", "cong", "doteq", "lesssim")
"""Signs between a quantity and what it is only nearly, or up to a factor."""


def _check_nearly(note: Stated, equations: Equations) -> None:
    r"""Refuses what is given, since it is computed only up to a factor, ``p \propto e^{-x}``."""
    given = equations.given()
    for f in note.formulas:
        tokens = tokens_in(note.source, f.start, f.end)
        for n, token in enumerate(tokens[1:], 1):
            if token.text.lstrip("\\") not in _NEARLY:
                continue
            left = names_in_formula(note.source, tokens[n - 1].start, tokens[n - 1].end)
            behind = any(t.kind in ("letter", "greek") for t in tokens[n + 1 :])
            if behind and left and left[0].name in given:
                raise note.source.error(say("notes.only_nearly", name=left[0].name), (tokens[n - 1].start, token.end))


_ASSIGNS = ("leftarrow", "gets", "<-", "\u2190")
_DATA = ("x", "t", "y")


def _check_assigned(note: Stated, equations: Equations) -> None:
    r"""Refuses ``x \leftarrow x - \mu`` of data, or of what is computed: what the equations have is another x then.

    Of what is learned it is a step of training.
    """
    changed = {s.key: s.name for s in equations.given().values() if s.letter.lower() in _DATA}
    changed |= {e.segment.left.key: e.name for e in equations.found}
    for f in note.formulas:
        tokens = tokens_in(note.source, f.start, f.end)
        at = next((n for n, token in enumerate(tokens) if token.text.lstrip("\\") in _ASSIGNS), 0)
        left = names_in_formula(note.source, f.start, tokens[at].start) if at else []
        if len(left) == 1 and left[0].key in changed and any(t.kind in ("letter", "greek") for t in tokens[at + 1 :]):
            raise note.source.error(say("notes.assigned", name=changed[left[0].key]), (f.start, f.end))


def _check_signs(note: Stated, equations: Equations) -> None:
    r"""Refuses a note that defines brackets otherwise than they are read, ``\langle u, v \rangle = u^\top M v``."""
    used = {(t.kind, t.value) for t in equations.parts()}
    quantities = equations.given().keys() | equations.lefts()
    for f in note.formulas:
        try:
            reader = FormulaReader(note.source, replace(note.vocabulary(), free=None), f.start, f.end)
            left = reader.additive()
            right = reader.additive() if reader.took("=") else None
        except InputError:
            continue
        core = left.children[0] if left.kind == "pow" else left
        letters = {t.value for t in walk(left) if t.kind == "name"}
        brackets = (
            core.kind == "call" and (core.kind, core.value) in used and all(c.kind == "name" for c in core.children)
        )
        if right is None or not brackets or core.value not in ("dot", "norm", "relu", "abs") or letters & quantities:
            continue
        if letters <= {t.value for t in walk(right) if t.kind == "name"} and not are_alike(left, right):
            raise note.source.error(say("notes.other_sign"), (f.start, f.end))


def _check_slopes(note: Stated) -> None:
    r"""Refuses ``\sigma'(z) = 1 - \sigma(z)^2`` where sigma is read as a function with another derivative."""
    for f in note.formulas:
        try:
            reader = FormulaReader(note.source, replace(note.vocabulary(), free=None), f.start, f.end)
            left = reader.additive()
            right = reader.additive() if left.kind == "call" and reader.took("=") else None
        except InputError:
            continue
        if right is not None and left.value.endswith("'") and not is_slope(right, left):
            name = note.source.text[slice(*left.span)].partition("'")[0].strip()
            raise note.source.error(say("notes.other_slope", name=name), (f.start, f.end))


_COMPUTING = frozenset((*FUNCTION_MACROS, "sigma", "sum", "prod", "max", "min", "frac", "sqrt", "diag"))
"""Signs of what is computed, and no list or set."""


def _check_computed(note: Stated, equations: Equations) -> None:
    """Refuses what is given, since its equation stands after "if" or cannot be read: nothing computed is data."""
    words, given = note.vocabulary(), equations.given()
    letters = {spelled.key[0] for spelled in equations.names.values()}
    declared = {d.spelled.name for d in note.declared.found}
    for f in note.formulas:
        if f.displayed or has_sign(note.source, f.start, f.end, *DERIVATIVES):
            continue
        known = given.keys() | equations.lefts() if _is_asked(note, f) else frozenset()
        for s in segments(note.source, words, f.start, f.end):
            base = s.left.name == "e" and s.left.name not in equations.lefts()  # e^2 would be a power of Euler's e.
            if (s.left.name not in given and not base) or is_measure(note.source, s, equations):
                continue
            e = equations.read(s)
            tokens = tokens_in(note.source, s.left.span[1], s.end)
            if (
                (e.uses and e.uses <= known)
                or e.tells_symmetry
                or (s.left.name in declared and shows_optimum(note.source.text, f.start))
            ):
                continue
            own = s.left.letter
            others = [t for t in tokens if t.kind in ("letter", "greek") and t.text.lstrip("\\") != own]
            lists = any(t.text in (",", ";", "mid", "|") for t in tokens)
            unread = e.sides is None and (
                any(t.text in letters or t.text in _COMPUTING for t in tokens) or (bool(others) and not lists)
            )
            if unread or (e.is_formula and e.uses and not is_model(note.source, e, equations)):
                raise note.source.error(say("notes.computed_within", name=s.left.name), (s.start, s.end))
