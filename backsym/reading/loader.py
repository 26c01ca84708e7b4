"""Problem files and collections: ``load`` a path, or make a problem from Python keywords.

Puts together what the other modules of this package read; all errors of a file are raised together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backsym.errors import Diagnostic, InputError
from backsym.expr import scalar_if_ones, show_shape
from backsym.problem import Collection, Problem, Section
from backsym.reading import declare, keys
from backsym.reading.fields import Report, boolean, known_keys, plain_value, scalars, text
from backsym.reading.forward import MAX_EQUATIONS, Forward
from backsym.reading.latex_document import document_tree, is_document, what_was_read
from backsym.reading.parts import read_parts
from backsym.reading.scope import suggest
from backsym.reading.texts import read_equation, read_expression
from backsym.reading.yamlfile import Listing, Scalar, Table, Tree, read_file, tree_of

__all__ = ["is_document", "load", "problem_from_mapping", "read_equation", "read_expression", "what_was_read"]


def load(path: str) -> Problem | Collection:
    """The problem or collection in a YAML file, or the problem in a Markdown or .tex note.

    Raises InputError with every mistake found in it.
    """
    if is_document(path):
        return _problem(document_tree(path), path, note=True)
    tree = _mapping(read_file(path), path)
    if any(key.text == "sections" for key, _ in tree.entries):
        return _collection(tree, path)
    return _problem(tree, path)


def problem_from_mapping(mapping: Mapping[str, object], path: str | None = None) -> Problem:
    """The problem that Python keywords describe: the keys of a problem file, with Python lists, mappings, numbers."""
    tree = tree_of(mapping)
    assert isinstance(tree, Table)
    return _problem(tree, path)


def _mapping(tree: Tree, path: str) -> Table:
    if isinstance(tree, Table):
        return tree
    raise InputError([Diagnostic("a problem file is a mapping, key: value", path, hint="it starts with title: ...")])


# --- problems --------------------------------------------------------------------------------------------------------


def _problem(tree: Table, path: str | None, note: bool = False) -> Problem:
    """The problem of a mapping; that of a ``note`` may declare more than its equations use."""
    report = Report()
    found = known_keys(tree.entries, tuple(keys.PROBLEM), report)
    dims = declare.read_dims(found.get("dims"), report)
    declared = declare.read_symbols(found.get("symbols"), dims, report)
    index_dims = declare.read_indices(found.get("indices"), dims, report)
    abstract = declare.read_functions(found.get("functions"), report)
    notation = declare.read_notation(found.get("notation"), report)
    forward = Forward(declared, dims, index_dims, abstract, report, notation, all_latex=note)
    forward.read(_equation_texts(found.get("forward"), tree, report))
    loss = _loss(found.get("loss"), forward, report)
    if note:
        forward.declared = {n: d for n, d in declared.items() if n in forward.used or n in forward.parsed}
    elif not report.diagnostics:
        _check_used(forward, report)
    symbols = forward.symbols()
    problem = Problem(
        title=text(found.get("title"), report, "title") or (Path(path).stem if path else "Problem"),
        equations=tuple(forward.equations),
        loss=loss,
        symbols=symbols,
        dims=dims,
        index_dims=index_dims,
        abstract=abstract,
        derivatives=declare.read_derivatives(found.get("derivatives"), abstract, report),
        notation=notation,
        objective=text(found.get("objective"), report, "objective"),
        text=text(found.get("text"), report, "text"),
        show_forward=boolean(found.get("show_forward"), report, "show_forward", True),
        values=declare.read_values(found.get("values"), symbols, report) if not forward.broken else {},
        variants=_variants(found.get("variants"), report),
        path=path,
    )
    if not forward.broken and loss in problem.by_name:
        problem = replace(problem, parts=read_parts(found.get("parts"), problem, report))
    report.stop()
    return problem


def _equation_texts(tree: Tree | None, whole: Table, report: Report) -> tuple[Scalar, ...]:
    if tree is None or (isinstance(tree, Scalar) and not tree.text.strip()):
        report.add(tree or whole, "a problem needs forward equations", "forward: a list such as - z = w*x + b")
        report.stop()
    texts: list[Scalar] = []
    for item in scalars(tree, report, "forward"):
        if item.text.strip():
            texts.append(item)
        else:
            report.add(item, "an equation is expected", "such as z = w*x + b")
    if not texts and not report.diagnostics:
        report.add(tree or whole, "a problem needs forward equations", "forward: a list such as - z = w*x + b")
        report.stop()
    if len(texts) > MAX_EQUATIONS:
        report.add(tree or whole, f"{len(texts)} equations; at most {MAX_EQUATIONS} are read")
        report.stop()
    return tuple(texts)


def _loss(tree: Tree | None, forward: Forward, report: Report) -> str:
    """The name of the loss: as given, else the last equation's."""
    given = text(tree, report, "loss")
    name = given or next(reversed(forward.parsed), "")
    if tree is not None and given and given not in forward.parsed and given not in forward.broken:
        report.add(tree, f"the loss {given} has no equation", suggest(given, list(forward.parsed)))
    equation = next((e for e in reversed(forward.equations) if e.name == name), None)
    if equation is not None and scalar_if_ones(equation.shape):
        parsed = forward.parsed[name]
        message = f"the loss {name} must be a scalar; this is {show_shape(equation.shape)}"
        hint = None if given else "name another equation with loss: ..."
        report.extend([parsed.source.diagnostic(message, (parsed.lhs.span[0], parsed.rhs.span[1]), hint)])
    return name


def _check_used(forward: Forward, report: Report) -> None:
    """Every declared quantity occurs in an equation."""
    for name, entry in forward.declared.items():
        if name not in forward.used and name not in forward.parsed:
            hint = suggest(name, [*forward.parsed, *sorted(forward.used)])
            report.add(entry.key, f"{name} is declared but no equation uses it", hint)


def _variants(tree: Tree | None, report: Report) -> dict[str, Any]:
    value = plain_value(tree) if tree is not None else {}
    if isinstance(value, dict):
        return value
    if tree is not None and value:
        report.add(tree, "variants is a mapping")
    return {}


# --- collections -----------------------------------------------------------------------------------------------------


def _collection(tree: Table, path: str) -> Collection:
    report = Report()
    found = known_keys(tree.entries, tuple(keys.COLLECTION), report)
    sections_tree = found["sections"]
    sections = []
    if not isinstance(sections_tree, Listing) or not sections_tree.items:
        report.add(sections_tree, "sections is a list", "each with title, objective and problems: [files]")
    else:
        sections = [_section(item, Path(path).parent, report) for item in sections_tree.items]
    texts = {key: text(found.get(key), report, key) for key in ("course", "author", "date", "text")}
    title = text(found.get("title"), report, "title") or Path(path).stem
    report.stop()
    return Collection(title=title, sections=tuple(sections), path=path, **texts)


def _section(tree: Tree, folder: Path, report: Report) -> Section:
    if not isinstance(tree, Table):
        report.add(tree, "a section is a mapping with title, objective and problems")
        return Section(None, None, ())
    found = known_keys(tree.entries, tuple(keys.SECTION), report)
    problems: list[Problem] = []
    files = scalars(found.get("problems"), report, "problems")
    if not files:
        report.add(found.get("problems", tree), "a section needs problems", "problems: [one.yaml, two.yaml]")
    for item in files:
        problem = _member(item, folder, report)
        problems += [problem] if problem is not None else []
    return Section(
        text(found.get("title"), report, "title"), text(found.get("objective"), report, "objective"), tuple(problems)
    )


def _member(item: Scalar, folder: Path, report: Report) -> Problem | None:
    path = folder / item.text.strip()
    if not path.exists():
        beside = [p.name for p in folder.glob("*.yaml")] if folder.is_dir() else []
        report.add(item, f"no such file: {path}", suggest(item.text.strip(), beside))
        return None
    try:
        tree = _mapping(read_file(str(path)), str(path))
        if any(key.text == "sections" for key, _ in tree.entries):
            report.add(item, f"{item.text} is itself a collection", "name its problems here")
            return None
        return _problem(tree, str(path))
    except InputError as e:
        report.extend(e.diagnostics)
        return None
