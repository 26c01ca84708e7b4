"""``variants``: how per-student versions of a problem may differ from it.

Knows the problem, and what may stand in place of what; makes no variant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from backsym.core.dims import is_ragged
from backsym.core.errors import InputError
from backsym.core.expr import Fn, letters_of, show_shape, walk
from backsym.core.functions import FUNCTIONS, losses
from backsym.core.names import GREEK, split_name
from backsym.core.problem import Grid, Problem, Variants
from backsym.core.words import say
from backsym.reading.files import keys
from backsym.reading.files.declarations import MAX_SIZE, beyond, read_values
from backsym.reading.files.fields import Report, known_keys, listed, plain_value, quoted, scalars, table, text
from backsym.reading.files.yamlfile import Listing, Scalar, Table, Tree
from backsym.reading.meaning.scope import suggest
from backsym.reading.plain import glance
from backsym.reading.texts import read_equation, read_expression

MAX_GRID = 1_000_000
"""Numbers that a range may have."""

_RANGE = re.compile(r"(\d{1,6})\s*\.\.\s*(\d{1,6})", re.ASCII)
_SIZE = re.compile(r"\d{1,7}", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)


def read_variants(tree: Tree | None, problem: Problem, report: Report, *, whole: bool = True) -> Variants:
    """The declared variants; nothing but their keys is looked at unless the problem is ``whole``."""
    found = known_keys(table(tree, report, "variants", "activation: {relu: [tanh]}"), tuple(keys.VARIANTS), report)
    if not whole or not found:
        return Variants()
    reader = _Reader(problem, report)
    dims = reader.each(found.get("dims"), "dims", "D: [2, 3]", reader.sizes)
    return Variants(
        activation=reader.each(found.get("activation"), "activation", "relu: [tanh, sigmoid]", reader.functions),
        loss=reader.losses(found.get("loss")),
        dims=dims,
        letters=reader.each(found.get("letters"), "letters", "x: [u, v]", reader.letters),
        values=reader.values(found, dims),
        words=reader.words(found.get("words")),
    )


class _Reader:
    def __init__(self, problem: Problem, report: Report):
        self.problem = problem
        self.report = report
        everything = [e for eq in problem.equations for e in walk(eq.rhs)]
        self.used = {e.name: len(e.args) for e in everything if isinstance(e, Fn) and e.entrywise}
        indices = [ix for eq in problem.equations for ix in eq.indices]
        for e in everything:
            indices += [ix for ix in getattr(e, "indices", ()) if not ix.fixed]
        self.indices = {letter.letter.rstrip("'") for ix in indices for letter in letters_of(ix)}
        self.indices |= {letter.rstrip("'") for letter in problem.index_dims}
        self.bases = {split_name(name)[0] for name in problem.symbols}
        self.dims = {split_name(name)[0] for name in problem.dims}

    def each(
        self, tree: Tree | None, what: str, example: str, read: Callable[[Scalar, Tree], tuple[Any, ...]]
    ) -> dict[str, tuple[Any, ...]]:
        """A map from names to lists of what may be put there, none of them twice."""
        result: dict[str, tuple[Any, ...]] = {}
        for key, value in table(tree, self.report, what, example):
            before = len(self.report.diagnostics)
            found = read(key, value)
            if len(set(found)) != len(found):
                self.report.add(value, say("files.listed_twice", name=key.text))
            if not found and len(self.report.diagnostics) == before:
                self.report.add(value, say("files.nothing_listed", name=quoted(key.text), key=what, example=example))
            result[key.text] = found
        return result

    # --- kinds ---

    def functions(self, key: Scalar, value: Tree) -> tuple[str, ...]:
        name = key.text
        if name not in self.used:
            hint = suggest(name, list(self.used)) or listed(self.used, say("files.used"))
            self.report.add(key, say("files.unused_function", name=quoted(name)), hint)
            return ()
        usable = [f.name for f in FUNCTIONS.values() if f.kind == "elementwise" and not f.expanded]
        found: list[str] = []
        for item in scalars(value, self.report, name):
            word = item.text.strip()
            least, most = FUNCTIONS[word].arity if word in usable else (0, 0)
            if word not in usable:
                hint = suggest(word, usable) or say("files.elementwise_example")
                self.report.add(item, say("files.not_a_replacement", other=quoted(word), name=name), hint)
            elif not least <= self.used[name] <= most:
                self.report.add(item, say("files.other_arguments", other=word, name=name))
            elif word == name:
                self.report.add(item, say("files.always_a_choice", name=name))
            else:
                found.append(word)
        return tuple(found)

    def losses(self, tree: Tree | None) -> tuple[str, ...]:
        """Equations of the loss."""
        problem, found = self.problem, list[str]()
        call = _call(problem.by_name[problem.loss].text)
        for item in scalars(tree, self.report, "loss", say("files.such_as", example="loss: [cross_entropy]")):
            word = item.text.strip()
            if word in losses():
                if call is None or call[0] not in losses():
                    hint = say("files.write_equation", loss=problem.loss, name=word)
                    self.report.add(item, say("files.loss_not_replaceable", name=word), hint)
                elif call[0] == word:
                    self.report.add(item, say("files.always_a_choice", name=word))
                else:
                    found.append(f"{problem.loss} = {word}({call[1]})")
                continue
            self.loss(item, found)
        if len(set(found)) != len(found) and tree is not None:
            self.report.add(tree, say("files.loss_listed_twice"))
        return tuple(found)

    def loss(self, item: Scalar, found: list[str]) -> None:
        """An equation of the loss, or its right side."""
        problem, word = self.problem, item.text.strip()
        if word.replace("_", "a").isalnum() and word not in problem.symbols:
            hint = suggest(word, losses()) or say("files.loss_example")
            self.report.add(item, say("files.not_a_loss", name=quoted(word)), hint)
            return
        try:
            if glance.begins_equation(word) and glance.left_name(word) == (problem.loss, None):
                rhs = read_equation(problem, item.source())[1]
            else:
                rhs = read_expression(problem, item.source())
                word = f"{problem.loss} = {word}"
        except InputError as error:
            self.report.extend(error.diagnostics)
            return
        if rhs.shape != ():
            self.report.add(item, say("files.variant_loss_not_scalar", shape=show_shape(rhs.shape)))
            return
        found.append(word)

    def sizes(self, key: Scalar, value: Tree) -> tuple[int, ...]:
        if key.text not in self.problem.dims:
            hint = suggest(key.text, list(self.problem.dims)) or listed(self.problem.dims, say("files.dimensions"))
            self.report.add(key, say("files.unknown_dimension", name=quoted(key.text)), hint)
            return ()
        if isinstance(value, Scalar) and (match := _RANGE.fullmatch(value.text.strip())):
            return tuple(range(int(match[1]), int(match[2]) + 1))
        found: list[int] = []
        for item in scalars(value, self.report, key.text, say("files.such_as", example="[2, 3] or 2..5")):
            word = item.text.strip()
            if _SIZE.fullmatch(word) and 1 <= int(word) <= MAX_SIZE:
                found.append(int(word))
            else:
                self.report.add(item, say("files.not_a_size", word=quoted(word)))
        return tuple(found)

    def letters(self, key: Scalar, value: Tree) -> tuple[str, ...]:
        problem, base = self.problem, key.text
        names = [name for name in problem.symbols if split_name(name)[0] == base]
        if not names:
            hint = suggest(base, sorted(self.bases)) or say("files.letters", bases=sorted(self.bases))
            self.report.add(key, say("files.unknown_letter", letter=quoted(base)), hint)
        elif problem.loss in names:
            self.report.add(key, say("files.letter_of_loss", loss=problem.loss))
        elif base in self.indices | self.dims:
            self.report.add(key, say("files.letter_of_index", base=base))
        elif any(problem.symbols[name].latex for name in names):
            self.report.add(key, say("files.printed_by_latex", base=base))
        else:
            return tuple(self.new_letters(scalars(value, self.report, base), base))
        return ()

    def new_letters(self, items: Iterable[Scalar], base: str) -> Iterable[str]:
        for item in items:
            word = item.text.strip()
            if not ((len(word) == 1 and word.isascii() and word.isalpha()) or word in GREEK):
                self.report.add(item, say("files.not_a_letter", word=quoted(word)))
            elif word == base:
                self.report.add(item, say("files.always_a_choice", name=base))
            elif word in self.bases | self.indices | self.dims:
                self.report.add(item, say("files.in_use", word=word))
            else:
                yield word

    def words(self, tree: Tree | None) -> dict[str, str]:
        result: dict[str, str] = {}
        for key, value in table(tree, self.report, "words", "relu: rectified linear"):
            known = [*FUNCTIONS, *losses(), *sorted(self.problem.abstract)]
            if key.text not in known:
                self.report.add(key, say("files.unknown_function", name=quoted(key.text)), suggest(key.text, known))
            result[key.text] = text(value, self.report, key.text) or key.text
        return result

    # --- numbers ---

    def values(self, found: Mapping[str, Tree], dims: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
        problem = self.problem
        result: dict[str, Any] = {}
        leaves = [name for name, symbol in problem.symbols.items() if symbol.role != "node"]
        for key, value in table(found.get("values"), self.report, "values", "x: [1, 2], w: {from: -3, to: 3}"):
            if key.text not in leaves:
                symbols, name = problem.symbols, quoted(key.text)
                computed = say("files.computed" if key.text in symbols else "files.undeclared", name=name)
                self.report.add(key, computed, suggest(key.text, leaves))
                continue
            result[key.text] = self.choices(key, value, dims)
        for name in problem.values:
            varied = [d for d in problem.symbols[name].shape if d in dims]
            fixed = name not in result or isinstance(result[name], tuple)
            if varied and fixed:
                hint = say("files.give_range", name=name)
                self.report.add(found["dims"], say("files.fixed_count", dimension=varied[0], name=name), hint)
        return result

    def choices(self, key: Scalar, value: Tree, dims: Mapping[str, tuple[int, ...]]) -> tuple[Any, ...] | Grid | None:
        symbol = self.problem.symbols[key.text]
        if isinstance(value, Listing):
            for item in value.items:
                one = Table(item.mark, item.label, ((key, item),))
                read_values(one, self.problem.symbols, self.report)
            found = tuple(_frozen(plain_value(item)) for item in value.items)
            if len(set(found)) != len(found) or not found:
                self.report.add(value, say("files.listed_twice" if found else "files.lists_nothing", name=key.text))
            return found
        missing = [d for d in symbol.shape if isinstance(d, str) and d not in dims and self.size_of(d) is None]
        if missing:
            self.report.add(key, say("files.size_needed", name=key.text, dimension=missing[0]))
        if isinstance(value, Scalar) and value.text.strip() == "one_hot":
            if not symbol.one_hot or len(symbol.shape) != 1:
                self.report.add(value, say("files.not_one_hot", name=key.text))
            return None
        if symbol.sums_to_one:
            hint = say("files.list_or_one_hot" if symbol.one_hot else "files.list_values")
            self.report.add(value, say("files.sum_to_one_range", name=key.text), hint)
        grid = self.grid(value)
        if not all(symbol.admits(float(grid.first + n * grid.step)) for n in range(grid.count)):
            self.report.add(value, beyond(symbol))
        return grid

    def size_of(self, dim: str) -> int | None:
        return sizes_of(self.problem).get(dim)

    def grid(self, tree: Tree) -> Grid:
        """``{from: -3, to: 3, step: 0.5}``."""
        nothing = Grid(Decimal(0), Decimal(1), 1)
        if not isinstance(tree, Table):
            self.report.add(tree, say("files.not_a_grid"))
            return nothing
        found = known_keys(tree.entries, tuple(keys.GRID), self.report)
        numbers = {key: self.decimal(value) for key, value in found.items()}
        for key in ("from", "to"):
            if key not in found:
                self.report.add(tree, say("files.range_without", name=key))
        first, last, step = numbers.get("from"), numbers.get("to"), numbers.get("step", Decimal(1))
        if first is None or last is None or step is None:
            return nothing
        count = int((last - first) / step) + 1 if step > 0 and last >= first else 0
        if not 1 < count <= MAX_GRID:
            self.report.add(tree, say("files.grid_size", limit=MAX_GRID))
            return nothing
        return Grid(first, step, count)

    def decimal(self, tree: Tree) -> Decimal | None:
        word = tree.text.strip().replace("−", "-") if isinstance(tree, Scalar) else ""
        if _DECIMAL.fullmatch(word):
            return Decimal(word)
        self.report.add(tree, say("files.not_a_decimal"))
        return None


def sizes_of(problem: Problem) -> dict[str, int]:
    """The sizes that the file itself fixes, by its dimensions or by its numbers."""
    sizes = {name: dim.size for name, dim in problem.dims.items() if dim.size is not None}
    for name, value in problem.values.items():
        for dim in problem.symbols[name].shape:
            if isinstance(dim, str) and not is_ragged(dim):
                sizes.setdefault(dim, len(value))
            value = value[0]
    return sizes


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _call(equation: str) -> tuple[str, str] | None:
    """The function and its arguments, as written, of an equation whose right side begins and ends with a call."""
    left, _, right = equation.partition("=")
    name, opening, inside = right.strip().partition("(")
    called = bool(opening) and inside.endswith(")") and left.strip().isidentifier() and name.strip().isidentifier()
    return (name.strip(), inside[:-1]) if called else None
