"""The text of a module with ``forward`` and ``backward`` for one array library.

This module must not know how a formula is derived or translated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from backsym.codegen.dialects import DIALECTS, Dialect, Place
from backsym.codegen.layout import INDENT, comment, dictionary, docstring, quoted, table
from backsym.codegen.lines import Assignment, broken
from backsym.codegen.loops import Loop, Step
from backsym.codegen.network import Network, Statement, network_of
from backsym.codegen.proof import prove
from backsym.codegen.words import words
from backsym.core.dims import is_layered
from backsym.core.errors import BacksymError, did_you_mean
from backsym.core.expr import Ix, Shape, member_shape
from backsym.core.functions import ABSTRACT_LOSS
from backsym.core.words import say
from backsym.printing.numpy.source import call, name, names_of, text_of
from backsym.solving.solution import Solution


def module_source(solution: Solution, target: str = "numpy") -> str:
    """The module for ``target``: numpy, torch or jax.

    Raises BacksymError for an unknown target and for what has no source in it, VerificationError for a module that
    computes other values than the solution states.
    """
    dialect = dialect_of(target)
    return _written(proved(solution), dialect)


def proved(solution: Solution) -> Network:
    """The network, whose module for NumPy computes what the solution states; else VerificationError."""
    network = network_of(solution)
    prove(_written(network, DIALECTS["numpy"]), network, solution)
    return network


def gradients_at(solution: Solution, arrays: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The derivatives at values of all leaves, as the module for NumPy computes them.

    None where there is no such module, and where a size is no axis of any leaf.
    """
    from backsym.numeric.sources import called

    try:
        network = network_of(solution)
    except BacksymError:
        return None
    if network.sizes or network.functions:
        return None
    source = _written(network, DIALECTS["numpy"])
    return called(source, "backward", called(source, "forward", dict(arrays)))  # type: ignore[no-any-return]


def _written(network: Network, dialect: Dialect) -> str:
    body = [*forward_function(network, dialect), "", "", *backward_function(network, dialect)]
    return assembled(head_of(network, dialect), body, dialect)


def head_of(network: Network, dialect: Dialect) -> list[str]:
    """The lines of the docstring of the module."""
    title = words("module.title", title=title_of(network), library=dialect.title)
    return docstring([title, *_about(network, dialect)])


def dialect_of(target: str) -> Dialect:
    if target not in DIALECTS:
        raise BacksymError(
            say("codegen.unknown_target", target=target, targets=list(DIALECTS)), did_you_mean(target, DIALECTS)
        )
    return DIALECTS[target]


def title_of(network: Network) -> str:
    return " ".join(network.problem.title.split())


def assembled(
    head: Sequence[str], body: Sequence[str], dialect: Dialect, imports: Iterable[str] = (), *, separate: bool = True
) -> str:
    """Docstring, the imports and helpers that the body needs, and the body, which is set off unless it is data."""
    text = "\n".join(body)
    helpers = helper_lines(dialect, _code(text))
    whole = _code("\n".join([text, *helpers]))
    needed = [line for prefix, line in dialect.imports.items() if _uses(whole, prefix)]
    gap = ["", ""] if separate or any(line.startswith("def ") for line in helpers) else [""]
    return "\n".join([*head, "", *_sorted_imports([*needed, *imports]), *helpers, *gap, *body]) + "\n"


def helper_lines(dialect: Dialect, code: str) -> list[str]:
    """The definitions of the helpers that some code calls, each after blank lines."""
    out: list[str] = []
    for helper, (first, *rest) in dialect.helpers.items():
        if re.search(rf"(?<![\w.]){helper}\(", code):
            explained = docstring([words(f"helpers.{helper}")], 4) if rest else []
            out += ["", *([""] if rest else []), first, *explained, *rest]
    return out


def _sorted_imports(lines: Sequence[str]) -> list[str]:
    """The standard library's first, then a blank line and the others."""
    own = [line for line in lines if line == "import math"]
    others = [line for line in lines if line != "import math"]
    spaced = own and others and not others[0].startswith("from functools")
    return [*own, *([""] if spaced else []), *others]


def _code(text: str) -> str:
    """The text without comments: formulas in them name functions too."""
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))


def _uses(code: str, prefix: str) -> bool:
    return re.search(rf"(?<![\w.\"]){prefix}\.", code) is not None


# --- the docstring ---------------------------------------------------------------------------------------------------


def _about(network: Network, dialect: Dialect) -> Iterator[str]:
    yield words("module.purpose", loss=network.problem.loss)
    yield from quantities(network, dialect)


def quantities(network: Network, dialect: Dialect) -> Iterator[str]:
    """The tables of inputs and nodes with their shapes, and what kind of arrays they are."""
    symbols = network.problem.symbols
    rows = [
        [key, "", words("module.loss_function" if function == ABSTRACT_LOSS else "module.function")]
        for function, key in network.functions.items()
    ]
    rows += [[size, "", words("module.size", size=size)] for size in network.sizes]
    rows += [[key, shape_text(symbols[network.problem.end].shape), words("module.upstream")] for key in network.given]
    leaves = [[q, shape_text(symbols[q].shape), words(f"module.{symbols[q].role}")] for q in network.leaves]
    if leaves or rows:
        yield words("module.inputs")
        yield table([*leaves, *rows])
    yield words("module.nodes")
    yield table([[eq.name, shape_text(symbols[eq.name].shape)] for eq in network.problem.equations])
    note = words("module.arrays", array=dialect.array)
    yield f"{note} {words('module.precision')}" if dialect.target == "jax" else note


def shape_text(shape: Shape) -> str:
    """``(K, D)``, ``(K,)`` or ``()``; of members that differ in size ``M times (D[l], D[l-1])``."""
    if is_layered(shape):
        at = Ix("l", shape[0])
        return f"{shape[0]} x {shape_text(member_shape(shape, at))}"
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


# --- the functions ---------------------------------------------------------------------------------------------------


def forward_function(network: Network, dialect: Dialect) -> list[str]:
    """The lines of ``forward``."""
    body = Body(network, dialect, "inputs", network.leaves)
    lines = body.lines(network.forward)
    computed = [f"{quoted(quantity)}: {own}" for quantity, own in network.computed]
    return [
        "def forward(inputs: dict) -> dict:",
        *docstring([words("module.forward")], 4),
        *body.loads(dict(network.names)),
        *lines,
        *dictionary(["**inputs", *computed]),
    ]


def backward_function(network: Network, dialect: Dialect) -> list[str]:
    """The lines of ``backward``."""
    body = Body(network, dialect, "values", (network.problem.end,))
    lines = body.lines(network.backward)
    body.used |= {*network.given.values()}
    given = [f"{quoted(network.problem.end)}: {own}" for own in network.given.values()]
    return [
        "def backward(values: dict) -> dict:",
        *docstring([words("module.backward", loss=network.problem.loss)], 4),
        *body.loads({**network.names, **network.given}),
        *lines,
        *dictionary([*given, *(f"{quoted(quantity)}: {own}" for quantity, own in network.derived)]),
    ]


class Body:
    """The body of a function: its assignments, translated and in short lines, and what it must load for them.

    ``source`` is the dictionary that values are taken from; ``arrays`` are quantities of which the first gives its type
    to tensors that are made from nothing.
    """

    def __init__(self, network: Network, dialect: Dialect, source: str, arrays: Sequence[str]):
        self.network, self.dialect, self.source = network, dialect, source
        untyped = network.lists | network.labels
        whole = [network.names[array] for array in arrays if network.names[array] not in untyped]
        self.place = Place(network.ranks, whole[0] if whole else "", network.lists, network.labels)
        self.used: set[str] = set()
        self.own: set[str] = set()
        self.taken = set(network.taken)

    def lines(self, statements: Sequence[Statement | Step | Loop], indent: int = 4) -> list[str]:
        """The assignments under their formulas, with a blank line between the parts of the function."""
        out: list[str] = []
        for statement in statements:
            if isinstance(statement, Loop):
                out += self.loop(statement, indent)
                continue
            if isinstance(statement, Step):
                self.used |= {own for b in statement.branches for own in (*names_of(b.value), *b.names)} - self.own
                self.own.add(statement.target)
                out += self.step(statement, statement.target, self.place, indent)
                continue
            out += comment(statement.formula, indent)
            out += self.assignment(statement, indent)
        return out

    def assignment(self, statement: Statement, indent: int) -> list[str]:
        value = self.dialect.translate(statement.value, self.place)
        whole = Assignment(statement.target, value)
        self.used |= set(names_of(value)) - self.own
        self.own.add(statement.target)
        return [line for part in broken(whole, indent, self.fresh) for line in part.lines(indent)]

    def loop(
        self, loop: Loop, indent: int, added: Callable[[str, str, str], Sequence[str]] = lambda *about: ()
    ) -> list[str]:
        """The members one by one, then stacked; ``added`` are lines about each, by quantity, variable and letter."""
        pad = " " * indent
        self.used |= loop.used - self.own
        size = text_of(loop.size)
        positions = f"reversed(range({size}))" if loop.back else f"range({size})"
        count = f"({size})" if isinstance(loop.size, ast.BinOp) else size
        out = [f"{pad}{step.target} = [None] * {count}" for step in loop.steps]
        out.append(f"{pad}for {loop.letter} in {positions}:")
        self.own |= loop.own
        labels = frozenset(
            own for own, value in loop.members.items() if not self.place.labels.isdisjoint(names_of(value))
        )
        ranks = {**self.place.ranks, **loop.ranks}
        place = replace(self.place, ranks=ranks, labels=self.place.labels | labels)
        for own, value in loop.earlier.items():
            out.append(f"{pad}{INDENT}{own} = {text_of(value)}")
        for step in loop.steps:
            member = f"{step.target}[{loop.letter}]"
            out += self.step(step, member, place, indent + 4, loop.put)
            out += [f"{pad}{INDENT}{line}" for line in added(step.quantity, member, loop.letter)]
        for step in (step for step in loop.steps if step.quantity not in loop.lists):
            whole = self.dialect.translate(call("np.stack", name(step.target)), self.place)
            out.append(f"{pad}{step.target} = {text_of(whole)}")
        return out

    def step(
        self, step: Step, target: str, place: Place, indent: int, put: Callable[[ast.expr], ast.expr] = lambda e: e
    ) -> list[str]:
        """One assignment, in a branch for each case."""
        pad = " " * indent
        out: list[str] = []
        for number, branch in enumerate(step.branches):
            test = f"{'elif' if number else 'if'} {branch.test}:" if branch.test else "else:" if number else ""
            inside = indent + 4 if test else indent
            out += [f"{pad}{test}"] if test else []
            out += comment(branch.formula, inside)
            whole = Assignment(target, put(self.dialect.translate(branch.value, place)))
            out += [line for part in broken(whole, inside, self.fresh) for line in part.lines(inside)]
        return out

    def fresh(self, wish: str) -> str:
        """A variable for a part of a formula."""
        own, number = wish, 1
        while own in self.taken:
            number += 1
            own = f"{wish}{number}"
        self.taken.add(own)
        return own

    def loads(self, names: Mapping[str, str]) -> list[str]:
        """The lines that take what was used from the dictionary."""
        lines = [
            f"{INDENT}{own} = {self.source}[{quoted(quantity)}]" for quantity, own in names.items() if own in self.used
        ]
        sizes = self.network.sizes.items()
        lines += [f"{INDENT}{own} = {self.source}[{quoted(size)}]" for size, own in sizes if own in self.used]
        for function, key in self.network.functions.items():
            pair = [f if f in self.used else "_" for f in (function, f"{function}_prime")]
            if pair != ["_", "_"]:
                lines.append(f"{INDENT}{', '.join(pair)} = {self.source}[{quoted(key)}]")
        return lines
