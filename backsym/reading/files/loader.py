"""Problem files and collections: ``load`` a path, or make a problem from Python keywords.

Puts together what the other modules of this package read; all errors of a file are raised together.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from backsym.core.bundled import languages
from backsym.core.choices import GRAPHS, NOTE_ENDINGS, PROBLEM_ENDINGS
from backsym.core.errors import Diagnostic, InputError
from backsym.core.expr import scalar_if_ones, show_shape
from backsym.core.functions import ABSTRACT_LOSS
from backsym.core.names import has_letter
from backsym.core.notations import DELTA
from backsym.core.problem import Collection, Problem, Section, Symbol
from backsym.core.registry import load_plugins
from backsym.core.words import Words, say
from backsym.parts.table import KINDS
from backsym.reading.files import declarations as declare
from backsym.reading.files import keys
from backsym.reading.files.credit import read_credit, read_follow_through, with_defaults
from backsym.reading.files.fields import (
    Report,
    boolean,
    choice,
    known_keys,
    listed,
    plain_value,
    prose,
    quoted,
    scalars,
    share,
    spoken,
    text,
)
from backsym.reading.files.forward import MAX_EQUATIONS, Forward
from backsym.reading.files.functions import read_functions
from backsym.reading.files.masthead import read_masthead
from backsym.reading.files.parts import read_parts
from backsym.reading.files.yamlfile import Listing, Scalar, Table, Tree, read_file, read_text, tree_of
from backsym.reading.meaning.scope import suggest
from backsym.reading.plain import glance
from backsym.reading.syntax import walk
from backsym.reading.texts import read_equation, read_expression
from backsym.text.mathtext import literal
from backsym.text.pieces import group, signs

if TYPE_CHECKING:
    from backsym.reading.notes.document import ReadNote

__all__ = ["is_document", "load", "problem_from_mapping", "read_equation", "read_expression", "what_was_read"]

DEFAULT_LANGUAGE = "en"
_BOLD = ("mathbf", "bold", "boldsymbol", "bm", "vec")


def load(path: str | PathLike[str]) -> Problem | Collection:
    """The problem or collection in a YAML file, or the problem in a Markdown or .tex note.

    Raises InputError with every mistake found in it.
    """
    path = fspath(path)
    if is_document(path):
        return _of_note(path)
    tree, complaints = read_file(path)
    if _is_collection(tree):
        return _collection(_mapping(tree), path, complaints)
    return _problem(_mapping(tree), path, complaints)


def is_document(path: str) -> bool:
    """Whether a file is a note, by its name; what reads notes is imported only for one."""
    return Path(path).suffix.lower() in NOTE_ENDINGS


def what_was_read(problem: Problem) -> str:
    """What was found in a note, for the user to check."""
    from backsym.reading.notes.assembling import report

    return report.what_was_read(problem)


def _of_note(path: str) -> Problem:
    from backsym.reading.notes.document import document_tree
    from backsym.reading.notes.origins import from_zero, with_ones

    note = document_tree(path)
    problem = _problem(note.tree, path, note.complaints, note=note)
    said = (*problem.said, *note.remarks)
    dims = from_zero(problem, note.axes)
    if note.axes and not dims:
        said = (*said, say("notes.remark.from_one_here"))
    return with_ones(replace(problem, said=said, from_zero=dims), note.ones)


def problem_from_mapping(mapping: Mapping[str, object], path: str | None = None) -> Problem:
    """The problem that Python keywords describe: the keys of a problem file, with Python lists, mappings, numbers."""
    tree = tree_of(mapping)
    assert isinstance(tree, Table)
    return _problem(tree, path)


def problem_of_text(text: str) -> Problem:
    """The problem that the text of a problem file describes; raises InputError with every mistake found in it."""
    tree, complaints = read_text(text)
    return _problem(_mapping(tree), None, complaints)


def _is_collection(tree: Tree) -> bool:
    return isinstance(tree, Table) and any(key.text == "sections" for key, _ in tree.entries)


def _mapping(tree: Tree) -> Table:
    if isinstance(tree, Table):
        return tree
    raise InputError([tree.diagnostic(say("files.not_a_problem"))])


# --- problems --------------------------------------------------------------------------------------------------------


def _problem(
    tree: Table, path: str | None, complaints: Iterable[Diagnostic] = (), *, note: ReadNote | None = None
) -> Problem:
    """The problem of a mapping; that of a ``note`` may declare more than its equations use."""
    with spoken(tree.entries):
        return _read_problem(tree, path, complaints, note)


def _read_problem(tree: Table, path: str | None, complaints: Iterable[Diagnostic], note: ReadNote | None) -> Problem:
    load_plugins()
    report = Report()
    report.extend(complaints)
    found = known_keys(tree.entries, tuple(keys.PROBLEM), report)
    forward, texts = _forward(found, tree, report, note)
    functions = forward.functions
    forward.read(texts)
    loss, upstream = _loss(found.get("loss"), forward, note)
    _check_used(found, forward, note)
    symbols = forward.symbols()
    _check_equations(found, forward, symbols, upstream or loss, note)
    problem = Problem(
        title=prose(found.get("title"), report, "title") or (literal(Path(path).stem) if path else "Problem"),
        equations=tuple(forward.equations),
        loss=loss,
        symbols=symbols,
        dims=forward.dims,
        index_dims=forward.index_dims,
        letter_forms=forward.letter_forms,
        from_zero=forward.from_zero,
        upstream=upstream,
        abstract=forward.functions.abstract,
        own=functions.own,
        derivatives=declare.read_derivatives(found.get("derivatives"), functions.abstract, report),
        notation=forward.notation,
        language=choice(found.get("language"), report, "language", languages(), DEFAULT_LANGUAGE),
        figure=choice(found.get("figure"), report, "figure", GRAPHS, "") or None,
        objective=prose(found.get("objective"), report, "objective"),
        text=prose(found.get("text"), report, "text"),
        masthead=read_masthead(found, report),
        show_forward=boolean(found.get("show_forward"), report, "show_forward", default=True),
        values=declare.read_values(found.get("values"), symbols, report, forward.broken),
        tolerance=share(found.get("tolerance"), report, "tolerance"),
        credit=read_credit(found.get("credit"), report),
        follow_through=read_follow_through(found.get("follow_through"), report),
        path=path,
        said=tuple(forward.remarks),
    )
    if not report.diagnostics:
        _check_values(found, forward, symbols)
    _check_upstream(found, upstream, forward)
    problem = _with_parts(problem, found, forward, note)
    report.stop()
    return problem


def _forward(
    found: Mapping[str, Tree], tree: Table, report: Report, note: ReadNote | None
) -> tuple[Forward, tuple[Scalar, ...]]:
    """What is declared, ready to read the equations, and the texts of these."""
    dims = declare.read_dims(found.get("dims"), report)
    declared = declare.read_symbols(found.get("symbols"), dims, report, declare.letter_ranges(found.get("indices")))
    declare.check_marks(declared, report)
    texts = _equation_texts(found.get("forward"), tree, report)
    unused = declare.unused_letters(found.get("indices"), texts)
    index_dims = declare.read_indices(found.get("indices"), dims, report, declare.recurrent_letters(texts), unused)
    functions = read_functions(found.get("functions"), report)
    notation = declare.read_notation(found.get("notation"), report)
    letter_forms = declare.read_letter_forms(found.get("indices"), report)
    from_zero = declare.dims_from_zero(declared, report)
    forward = Forward(
        declared, dims, index_dims, functions, report, notation, letter_forms, from_zero,
        all_latex=note is not None, without_rows=note is not None and not note.recurrent,
        unsaid="parameter" if note is None else "given", as_in_file=note is not None and bool(note.axes),
    )  # fmt: skip
    forward.skip(_not_texts(found.get("forward")))
    return forward, texts


def _check_used(found: Mapping[str, Tree], forward: Forward, note: ReadNote | None) -> None:
    """Every declared quantity occurs in an equation, or a part uses it; what else a note declares is left out."""
    used = {*forward.used, *forward.parsed, *_constants(found.get("parts"))}
    if note is not None and not forward.unread:
        forward.declared = {n: d for n, d in forward.declared.items() if n in used}
    elif note is None and forward.parsed and not forward.unread:
        for name in (name for name in forward.declared if name not in used):
            forward.report.add(forward.declared[name].key, say("files.unused", name=quoted(name)))


def _check_equations(
    found: Mapping[str, Tree], forward: Forward, symbols: Mapping[str, Symbol], end: str, note: ReadNote | None
) -> None:
    """The loss, the last quantity ``end`` and the names of all."""
    forward.check_losses(end, symbols)
    if note is None:
        _check_sizes_apart(forward.declared, forward.dims, forward.report)
    if DELTA in forward.notation and not forward.broken:
        _check_delta(found["notation"], forward.notation[DELTA], symbols, forward.report)
    forward.check_alike(end, symbols)
    if end in forward.parsed and not forward.broken:
        forward.note_unreached(end)


def _with_parts(problem: Problem, found: Mapping[str, Tree], forward: Forward, note: ReadNote | None) -> Problem:
    """The problem with what is asked, and with its variants."""
    report = forward.report
    numbers_given = bool(problem.values) or "variants" in found
    parts, masthead = read_parts(
        found.get("parts"), problem, report, frozenset(forward.broken), numbers_given=numbers_given, said=found,
        all_latex=note is not None,
    )  # fmt: skip
    problem = replace(problem, parts=parts, masthead=masthead)
    whole = not forward.broken and not report.diagnostics and (problem.upstream or problem.loss) in problem.by_name
    if "variants" in found:
        from backsym.reading.files.variants import read_variants

        problem = replace(problem, variants=read_variants(found["variants"], problem, report, whole=whole))
    return problem


def _check_sizes_apart(declared: Mapping[str, declare.Declared], dims: Container[str], report: Report) -> None:
    """A dimension and a quantity never share a name: ``h[D]`` would be the last entry, or one at a datum."""
    for name in (name for name in declared if name in dims):
        report.add(declared[name].key, say("files.dimension_and_quantity", name=name))


def _check_delta(tree: Tree, letter: str, symbols: Mapping[str, Symbol], report: Report) -> None:
    """``notation: {delta: z}`` speaks of nodes of this letter, and no quantity is called delta."""
    if not any(has_letter(name, letter) for name, symbol in symbols.items() if symbol.role == "node"):
        report.add(tree, say("files.delta_of_none", name=letter))
    for name in (name for name in symbols if has_letter(name, DELTA)):
        report.add(tree, say("files.delta_taken", name=name))


def _equation_texts(tree: Tree | None, whole: Table, report: Report) -> tuple[Scalar, ...]:
    before = len(report.diagnostics)
    texts: list[Scalar] = []
    for item in _equation_items(tree, report):
        if item.text.strip():
            texts.append(item)
        else:
            report.add(item, say("files.not_an_equation"))
    unknown = [key.text for key, _ in whole.entries if key.text not in keys.PROBLEM]
    misspelt = any(suggest(key, ["forward"]) or keys.MEANT.get(key.lower()) == "forward" for key in unknown)
    if not texts and len(report.diagnostics) == before and not misspelt:
        report.add(tree or whole, say("files.no_forward"))
    if len(texts) > MAX_EQUATIONS:
        report.add(tree or whole, say("files.too_many_equations", count=len(texts), limit=MAX_EQUATIONS))
        report.stop()
    return tuple(texts)


def _not_texts(tree: Tree | None) -> list[str]:
    """What items that are no equations begin with."""
    items = tree.items if isinstance(tree, Listing) else ()
    tables = [key.text for item in items if isinstance(item, Table) for key, _ in item.entries[:1]]
    texts = [item.text for item in (*items, tree) if isinstance(item, Scalar) and _holds_several(item.text)]
    several = [name for text in texts for name in glance.equations(text)]
    return [*tables, *several, *(parts[0].text for parts in _cut(items))]


def _cut(items: Iterable[Tree]) -> list[list[Scalar]]:
    """The parts of each text that commas within its parentheses have cut, in a list on one line."""
    found: list[list[Scalar]] = []
    parts: list[Scalar] = []
    depth = 0
    for item in items:
        here = isinstance(item, Scalar) and item.line is not None and (not parts or parts[0].line == item.line)
        parts, depth = (parts, depth) if here else ([], 0)
        if isinstance(item, Scalar) and item.line is not None:
            parts.append(item)
            depth += sum((char in "([") - (char in ")]") for char in item.text)
            if depth <= 0:
                found += [parts] if depth == 0 and len(parts) > 1 else []
                parts, depth = [], 0
    return found


def _holds_several(text: str) -> bool:
    """Whether a plain text has several equations, each on its line or after a dash or a semicolon."""
    if "\\" in text or text.count("=") < 2:
        return False
    count, start, seen, depth = 0, 0, 0, 0
    for at in (*_next_items(text), len(text)):
        depth += sum((char in "([") - (char in ")]") for char in text[seen:at])
        seen = at
        if depth <= 0 or at == len(text):  # Else the line goes on within a bracket.
            count += glance.begins_equation(text[start:at].lstrip(" -"))
            start, depth = at, 0
    return count > 1


def _next_items(text: str) -> Iterator[int]:
    """Where another equation may begin: on a line, after a semicolon, or after a dash that a left side follows."""
    n = 0
    while n < len(text):
        if text[n] in "\n;":
            yield n + 1
        elif text[n].isspace() and text[n + 1 : n + 2] == "-" and glance.begins_equation(text, n + 2):
            n += 1
            yield n + 1
        n += 1


def _equation_items(tree: Tree | None, report: Report) -> Iterator[Scalar]:
    """The texts of ``forward``; an equation with a colon for its equals sign is a mapping."""
    absent = tree is None or (isinstance(tree, Scalar) and not tree.text.strip())
    items = tree.items if isinstance(tree, Listing) else () if absent or tree is None else (tree,)
    cut = _cut(items)
    for first, *others in cut:
        whole = ", ".join(part.text for part in (first, *others))
        report.add(first, say("files.comma_in_parentheses", text=whole))
    skipped = {id(part) for parts in cut for part in parts}
    for item in items:
        if id(item) in skipped:
            continue
        if isinstance(item, Scalar) and _holds_several(item.text):
            dashed = item.text.startswith("-")
            each = say("files.space_after_dashes" if dashed else "files.begin_with_dashes")
            report.add(item, say("files.these_several_equations_one", each=each))
        elif isinstance(tree, Table):
            report.add(tree, say("files.forward_not_list"))
        elif isinstance(item, Table) and len(item.entries) == 1 and isinstance(item.entries[0][1], Scalar):
            (key, value), *_ = item.entries
            if "=" in key.text:
                report.add(item, say("files.colon_in_text"))
            else:
                right = plain_value(value) or "..."
                report.add(item, say("files.equation_with_colon", name=key.text, right=str(right)))
        elif isinstance(item, Scalar):
            yield item
        else:
            report.add(item, say("files.item_not_equation"))


LOSSES = ("L", "J", "E", "C", "Q")
"""Names for a loss without an equation: the first that is not used."""

_CALLED = ("ell", "loss", "cost", "error", "objective", "nll", "risk")
"""What is called so, or by one of the letters, is a loss, and must be a scalar."""


def _called_a_loss(name: str) -> bool:
    return name in (*LOSSES[:3], "l") or name.lower() in _CALLED


def _check_upstream(found: Mapping[str, Tree], upstream: str | None, forward: Forward) -> None:
    """What needs a loss that is worked out; so does a recurrence, of whose members the later are computed."""
    for equation in forward.equations if upstream is not None else ():
        if equation.name == upstream and equation.starts:
            parsed = forward.parsed[upstream]
            message = say("files.recurrence_without_loss", name=upstream)
            forward.report.extend([parsed.source.diagnostic(message, (parsed.lhs.span[0], parsed.rhs.span[1]))])
    for key in ("values", "variants") if upstream is not None else ():
        if key in found:
            forward.report.add(found[key], say("files.needs_a_loss", key=key, name=upstream or ""))


def _loss(tree: Tree | None, forward: Forward, note: ReadNote | None) -> tuple[str, str | None]:
    """The name of the loss: as given, else the last equation's; and what it is an abstract loss of, if it is one."""
    report = forward.report
    if note is not None and note.abstract_loss is not None and forward.parsed:
        return note.abstract_loss, next(reversed(forward.parsed))
    given = text(tree, report, "loss", say("files.name_of_equation"), say("files.such_as", example="loss: L"))
    name = given or next(reversed(forward.parsed), "")
    if tree is not None and given and given not in forward.parsed and given not in forward.broken:
        hint = suggest(given, list(forward.parsed)) or listed(forward.parsed, say("files.nodes"))
        report.add(tree, say("files.loss_without_equation", loss=quoted(given)), hint)
    equation = next((e for e in reversed(forward.equations) if e.name == name), None)
    known = given is not None or not forward.unread  # Else the last equation may be one that could not be read.
    if equation is not None and known and scalar_if_ones(equation.shape):
        parsed = forward.parsed[name]
        losses = [e.name for e in forward.equations if _called_a_loss(e.name) and (e is equation or not e.shape)]
        losses += [name for name in forward.broken if _called_a_loss(name)]
        picked = _bold_entry(parsed.text.text)
        if given is None and note is None and picked is None and not losses:
            taken = {*forward.parsed, *forward.declared, *forward.names}
            loss = next(w for w in (*LOSSES, *(f"L_{n}" for n in range(len(taken) + 1))) if w not in taken)
            return loss, name
        message = say("files.loss_not_scalar", name=name, shape=show_shape(equation.shape))
        advice: Words | None = say("files.sum_entries" if given else "files.sum_entries_or_name")
        if picked is not None:
            advice = say("files.entry_of_several", name=picked)
        elif note is not None and not losses:
            message, advice = say("files.no_loss_in_note", name=name, shape=show_shape(equation.shape)), None
        report.extend([parsed.source.diagnostic(message, (parsed.lhs.span[0], parsed.rhs.span[1]), advice)])
    return name, None


def _bold_entry(latex: str) -> str | None:
    r"""``\mathbf{x}_n``, by which authors often mean a whole data point; None if there is none."""
    found = signs(latex)
    for n, sign in enumerate(found):
        close = group(found, n + 1)
        letters = found[n + 2 : close] if close is not None else found[n + 1 : n + 2]
        named = bool(letters) and all(letter.text.isalpha() or close is not None for letter in letters)
        below = (close if close is not None else n + 1) + 1
        if sign.macro not in _BOLD or not named or [piece.text for piece in found[below : below + 1]] != ["_"]:
            continue
        last = group(found, below + 1)
        script = found[below + 2 : last] if last is not None else found[below + 1 : below + 2]
        end = found[last if last is not None else below + 1].end if script else 0
        if len(script) == 1 and script[0].text.islower() and not latex[end : end + 1].isalpha():
            return latex[sign.start : end]
    return None


def _check_values(found: Mapping[str, Tree], forward: Forward, symbols: Mapping[str, Symbol]) -> None:
    """The worked example has all values that it needs; what is not here may be in the variants."""
    if forward.broken or forward.unread or not forward.parsed or "variants" in found:
        return
    needed = [n for n, s in symbols.items() if s.role != "node" and n in forward.used]
    calls = {node.value for p in forward.parsed.values() for node in walk(p.rhs) if node.kind == "call"}
    abstract = [name for name in (*sorted(forward.functions.abstract), ABSTRACT_LOSS) if name in calls]
    declare.check_values(found.get("values"), needed, abstract, forward.report)


def _constants(parts: Tree | None) -> set[str]:
    """The constants that the kinds of the parts use."""
    items = parts.items if isinstance(parts, Listing) else ()
    keys_of = {key.text for item in items if isinstance(item, Table) for key, _ in item.entries}
    return {name for key in keys_of & KINDS.keys() for name in KINDS[key].constants}


# --- collections -----------------------------------------------------------------------------------------------------


def _collection(tree: Table, path: str, complaints: Iterable[Diagnostic]) -> Collection:
    with spoken(tree.entries):
        return _read_collection(tree, path, complaints)


def _read_collection(tree: Table, path: str, complaints: Iterable[Diagnostic]) -> Collection:
    report = Report()
    report.extend(complaints)
    found = known_keys(tree.entries, tuple(keys.COLLECTION), report)
    sections_tree = found["sections"]
    sections = []
    if not isinstance(sections_tree, Listing) or not sections_tree.items:
        report.add(sections_tree, say("files.sections_not_list"))
    else:
        sections = [_section(item, Path(path).parent, report) for item in sections_tree.items]
    title = prose(found.get("title"), report, "title") or literal(Path(path).stem)
    language = choice(found.get("language"), report, "language", languages(), DEFAULT_LANGUAGE)
    credit = read_credit(found.get("credit"), report)
    follow = read_follow_through(found.get("follow_through"), report)
    collection = Collection(
        title=title, language=language, sections=tuple(sections), credit=credit, follow_through=follow, path=path,
        masthead=read_masthead(found, report), text=prose(found.get("text"), report, "text"),
    )  # fmt: skip
    report.stop()
    return with_defaults(collection)


def _section(tree: Tree, folder: Path, report: Report) -> Section:
    if not isinstance(tree, Table):
        report.add(tree, say("files.section_not_mapping"))
        return Section(None, None, ())
    found = known_keys(tree.entries, tuple(keys.SECTION), report)
    problems: list[Problem] = []
    files = scalars(
        found.get("problems"),
        report,
        "problems",
        say("files.such_as", example="problems: [one.yaml]"),
        say("files.a_file"),
    )
    misspelt = any(suggest(key.text, ["problems"]) for key, _ in tree.entries if key.text not in keys.SECTION)
    if not files and not misspelt:
        report.add(found.get("problems", tree), say("files.section_without_problems"))
    for item in files:
        problem = _member(item, folder, report)
        problems += [problem] if problem is not None else []
    return Section(
        prose(found.get("title"), report, "title"), prose(found.get("objective"), report, "objective"), tuple(problems)
    )


def _member(item: Scalar, folder: Path, report: Report) -> Problem | None:
    path = folder / item.text.strip()
    if path.suffix.lower() not in (*PROBLEM_ENDINGS, *NOTE_ENDINGS) and path.exists():
        # A collection from elsewhere does not show what stands in other files.
        report.add(item, say("files.not_a_problem_file", name=quoted(item.text)))
        return None
    if not path.exists():
        beside = [p.name for p in folder.glob("*.yaml")] if folder.is_dir() else []
        report.add(item, say("files.no_such_file", path=str(path)), suggest(item.text.strip(), beside))
        return None
    try:
        if is_document(str(path)):
            return _of_note(str(path))
        tree, complaints = read_file(str(path))
        if _is_collection(tree):
            report.add(item, say("files.collection_in_collection", name=item.text))
            return None
        return _problem(_mapping(tree), str(path), complaints)
    except InputError as e:
        report.extend(e.diagnostics)
        return None
