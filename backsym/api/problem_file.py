"""A problem as the text of a problem file, commented: what a lecture note means, to go on from.

The text is read again before it is given out: a file that would say something else than the problem is refused.

Must not know the command line; opens and writes no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from backsym.core.choices import LAYOUTS, METHODS
from backsym.core.dims import OWN, amount, at_places, is_layered
from backsym.core.errors import BacksymError, InputError
from backsym.core.expr import Ix
from backsym.core.problem import Dimension, NodeEquation, Part, Problem, Symbol, start_names
from backsym.core.words import Words, say
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_of_text

_HEADER = """\
# What backsym read in {source}, as a problem file to go on from; solving it gives what solving the note gives.
# What follows a # is a comment.  Above each equation stands the formula of the note.
"""
_SMALLEST = "forward: y = x"


def problem_file(problem: Problem, source: str) -> str:
    """The text of a problem file that means the same as a problem that was read from the note ``source``.

    Raises BacksymError where the language of problem files cannot say what the note says.
    """
    renamed = problem
    if problem.upstream is not None:
        # The loss that a file does not give has the name that reading it chooses.
        renamed = problem.changed(loss=problem_of_text(_text(problem.changed(parts=()), source)).loss)
    text = _text(renamed, source)
    try:
        again = problem_of_text(text)
    except InputError as e:
        raise BacksymError(say("api.not_a_file", source=source, words=e.diagnostics[0].words)) from e
    wrong = next(_differences(renamed, again), None)
    if wrong is not None:
        raise BacksymError(say("api.read_otherwise", source=source, wrong=wrong))
    return text


def _text(problem: Problem, source: str) -> str:
    pieces = [_HEADER.format(source=source), f"title: {_flow(problem.title)}\n"]
    pieces += _remarks(problem.remarks)
    if problem.language != "en":
        pieces.append(f"language: {problem.language}\n")
    usual = problem_of_text(_SMALLEST).notation
    notation = {key: value for key, value in problem.notation.items() if usual.get(key) != value}
    if notation:
        pieces.append(f"notation: {_flow(notation)}\n")
    shapes = {dim for s in problem.symbols.values() for dim in (*s.shape, s.label) if s.role != "node"}
    named = {name: dim for name, dim in problem.dims.items() if not dim.ragged}
    dims = {name: told for name, dim in named.items() if (told := _dimension(dim)) or name not in shapes}
    if dims:
        pieces.append(f"# Sizes, each with the way it prints where that is not its name.\ndims: {_flow(dims)}\n")
    if problem.index_dims:
        forms = problem.letter_forms
        letters = _flow(
            {c: {"over": dim, "as": forms[c]} if c in forms else dim for c, dim in problem.index_dims.items()}
        )
        pieces.append(f"# Index letters, each with the size that it runs to.\nindices: {letters}\n")
    pieces += _symbols(problem)
    if problem.abstract:
        functions = _flow(dict.fromkeys(sorted(problem.abstract), "abstract"))
        pieces.append(
            f"# Functions of entries that stay abstract; x*tanh(x) would define one.\nfunctions: {functions}\n"
        )
    pieces += ["# The forward equations in order.\nforward:\n"]
    starts = {start.name: _start_text(eq.name, n) for eq in problem.equations for n, start in enumerate(eq.starts)}
    begun: set[str] = set()
    for equation in problem.equations:
        names = dict.fromkeys((equation.name, *equation.block))
        block = [problem.by_name[name] for name in names if name not in begun]
        begun |= {eq.name for eq in block}
        pieces += [line for eq in block for line in _given_starts(eq, problem)]
        pieces.append(_equation(equation, problem, starts))
    if problem.upstream is None and problem.loss != problem.equations[-1].name:
        pieces.append(f"loss: {problem.loss}\n")
    if problem.values:
        numbers = {name: _plain_number(value) for name, value in problem.values.items()}
        pieces.append(f"# The numbers of the worked example.\nvalues: {_flow(numbers)}\n")
    if problem.parts:
        pieces.append("\n# What is asked, in order.  Without parts, everything is derived.\nparts:\n")
        asked = [_part(part, problem) for part in problem.parts]
        pieces += [f"  - {_flow(part)[1:-1] if len(part) == 1 else _flow(part)}\n" for part in asked]
    else:
        pieces.append("\n# Without parts, everything is derived.\n")
    return "".join(pieces)


def _flow(value: Any) -> str:
    """A value on one line, quoted where YAML needs it."""
    import yaml

    text: str = yaml.safe_dump([value], default_flow_style=True, width=10**9, allow_unicode=True, sort_keys=False)
    return text.strip()[1:-1]


def _comment(text: str) -> str:
    """Lines of a comment."""
    words = " ".join(text.split())
    return f"# {words}\n"


def _remarks(remarks: Iterable[str]) -> Iterator[str]:
    lines = [_comment(f"  {remark}") for remark in remarks]
    if lines:
        yield "# What the report says of the note:\n" + "".join(lines)
    yield "\n"


def _plain_number(value: Any) -> Any:
    """A number as people write it, or a list of such."""
    if isinstance(value, tuple):
        return [_plain_number(item) for item in value]
    return int(value) if value == int(value) else value


def _dimension(dim: Dimension) -> Any:
    if dim.size is not None:
        return {"latex": dim.latex, "size": dim.size} if dim.latex else dim.size
    return dim.latex or ""


def _symbols(problem: Problem) -> Iterator[str]:
    given = {name: s for name, s in problem.symbols.items() if s.role != "node"}
    entries = {equation.name for equation in problem.equations if equation.indices}
    nodes = {n: s for n, s in problem.symbols.items() if s.role == "node" and (s.latex or n in entries)}
    if given or nodes:
        yield "# What is given: [D] is a column vector, [K, D] a matrix, [] a number.\nsymbols:\n"
    for name, symbol in given.items():
        yield f"  {_flow(name)}: {_flow({**_properties(symbol, problem), **_begins(symbol, problem)})}\n"
    for name, symbol in nodes.items():
        shape = {**_shape(symbol, problem), **_begins(symbol, problem)} if name in entries else {}
        latex = {"latex": symbol.latex} if symbol.latex else {}
        yield f"  {_flow(name)}: {_flow({**shape, **latex})}\n"
    yield "\n"


def _shape(symbol: Symbol, problem: Problem) -> dict[str, Any]:
    """The sizes; of layers that differ in size those of the one at a letter."""
    if not is_layered(symbol.shape):
        return {"shape": list(symbol.shape)}
    first, *rest = symbol.shape
    letter = next(letter for letter, dim in problem.index_dims.items() if dim == first)
    return {"shape": [at_places(dim, {OWN: amount(letter)}) for dim in rest], "for": letter}


def _properties(symbol: Symbol, problem: Problem) -> Mapping[str, Any]:
    found = _shape(symbol, problem)
    if symbol.label is not None:
        found["label"] = symbol.label
    found["role"] = symbol.role
    for key in ("one_hot", "sums_to_one", "positive", "symmetric"):
        if getattr(symbol, key) and not (key == "sums_to_one" and symbol.one_hot):
            found[key] = True
    if symbol.values:
        found["values"] = list(symbol.values)
    if symbol.latex:
        found["latex"] = symbol.latex
    return found


def _begins(symbol: Symbol, problem: Problem) -> Mapping[str, Any]:
    """Where the positions of the axes begin, if one of them counts from 0."""
    firsts = [int(dim not in problem.from_zero) for dim in symbol.shape]
    return {} if all(firsts) else {"from": 0 if len(firsts) == 1 else firsts}


def _start_text(family: str, back: int) -> str:
    """What a recurrence starts from, on the left side: ``h[0]``, ``h[-1]``."""
    return f"{family}[{-back}]"


def _given_starts(equation: NodeEquation, problem: Problem) -> Iterator[str]:
    """What a recurrence starts from, where that has no equation of its own as ``h_0``."""
    for n, start in enumerate(equation.starts):
        if start.name != start_names(equation.name, n)[0] or start.name not in problem.by_name:
            yield f"  - {_flow(f'{_start_text(equation.name, n)} = {start.name}')}\n"


def _equation(equation: NodeEquation, problem: Problem, starts: Mapping[str, str]) -> str:
    member = equation.member
    lhs, rhs = (member.lhs, member.rhs) if member is not None else (equation.lhs, equation.rhs)
    own = any(equation.name == start_names(eq.name, n)[0] for eq in problem.equations for n in range(len(eq.starts)))
    left = starts[equation.name] if own and equation.name in starts else plain(lhs, problem)
    where = f"line {equation.line}: " if equation.line is not None else ""
    told = _comment(f"{where}{equation.text}")
    return f"  {told}  - {_flow(f'{left} = {plain(rhs, problem)}')}\n"


def _part(part: Part, problem: Problem) -> dict[str, Any]:
    claims = [f"{plain(lhs, problem)} = {plain(rhs, problem)}" for lhs, rhs in part.claims]
    listed = [*part.targets, *claims]
    found: dict[str, Any] = {part.kind: listed if len(listed) != 1 else listed[0]}
    if part.option is not None and not listed:
        found[part.kind] = part.option
    elif part.option not in (None, METHODS[0], LAYOUTS[0]):
        found["method" if part.option in METHODS else "layout"] = part.option
    for key in ("text", "marks"):
        if getattr(part, key) is not None:
            found[key] = getattr(part, key)
    return found


def _differences(problem: Problem, again: Problem) -> Iterator[Words | str]:
    """What the text says differently, in words: names, shapes and roles, equations, parts."""
    for name, symbol in problem.symbols.items():
        other = again.symbols.get(name)
        if other is None or replace(other, line=symbol.line, latex=symbol.latex) != symbol:
            yield name
    if again.from_zero != problem.from_zero:
        yield say("api.the_axes")
    if again.symbols.keys() - problem.symbols.keys() or again.end != problem.end:
        yield say("api.the_loss" if again.end != problem.end else "api.a_name")
    for mine, theirs in zip(problem.equations, again.equations, strict=True):
        same = plain((mine.member or mine).rhs, problem) == plain((theirs.member or theirs).rhs, again)
        if not same or _letters_of_left(mine) != _letters_of_left(theirs):
            yield say("api.the_equation", name=mine.name)
    asked = [(part.kind, part.targets, part.option, _claims(part, problem)) for part in problem.parts]
    again_asked = [(part.kind, part.targets, part.option, _claims(part, again)) for part in again.parts]
    if asked != again_asked or problem.values != again.values:
        yield say("api.what_is_asked")


def _letters_of_left(equation: NodeEquation) -> tuple[Ix, ...]:
    return equation.indices[: equation.picked or None]


def _claims(part: Part, problem: Problem) -> list[str]:
    return [f"{plain(lhs, problem)} = {plain(rhs, problem)}" for lhs, rhs in part.claims]
