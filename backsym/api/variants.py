"""Per-student versions of a problem: drawn from its ``variants``, written as problem files, solved and proved.

What is drawn depends on the seed, the number of the draw and the name of the choice only (a hash, not a generator's
state), so that a variant stays the same when more are made, on any machine.  This module must not know about documents
or the command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from backsym.api.problem import Problem as PublicProblem
from backsym.api.problem import public
from backsym.core.errors import BacksymError, Diagnostic, InputError, VerificationError
from backsym.core.expr import Adj, Entry, Expr, Fn, Sym, rebuild, walk
from backsym.core.functions import FUNCTIONS, losses
from backsym.core.problem import Grid, Problem, Variants
from backsym.core.words import say
from backsym.numeric.claims import FalseClaim, false_claims
from backsym.parts.table import kind_of
from backsym.printing.plain import plain
from backsym.reading.files.fields import is_name, plain_value
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.reading.files.renaming import Renaming, names_with
from backsym.reading.files.variants import sizes_of
from backsym.reading.files.yamlfile import read_file
from backsym.reading.plain import glance
from backsym.solving.solution import Solution, solve

MAX_COUNT = 10_000

BY_LINES = ("forward", "parts")
"""Lists of a problem file that are written with one item a line."""

File = dict[str, Any]
"""A problem file as strings, lists and mappings."""


@dataclass(frozen=True)
class Draw:
    """One choice of everything that varies.  ``loss`` is None for that of the file; ``values`` are texts and lists."""

    functions: Mapping[str, str]
    loss: str | None
    dims: Mapping[str, int]
    letters: Mapping[str, str]
    values: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Equal for two draws that make the same variant."""
        return repr([self.loss, *(sorted(m.items()) for m in (self.functions, self.dims, self.letters, self.values))])

    def choices(self) -> dict[str, str]:
        """What was chosen, for a table: by the name of the choice."""
        rows = dict(self.functions)
        rows |= {"loss": self.loss} if self.loss is not None else {}
        rows |= {name: str(size) for name, size in self.dims.items()} | dict(self.letters)
        return rows | {f"value of {name}": _shown(value) for name, value in self.values.items()}


@dataclass(frozen=True)
class Variant:
    """One variant: its number (from 1), what was chosen, its problem file and its solution."""

    number: int
    """Counted from 1."""
    choices: Mapping[str, str]
    """What was chosen, by what it was chosen for."""
    text: str
    """The problem file."""
    solution: Solution
    """Its solution, proved."""

    @property
    def problem(self) -> PublicProblem:
        """The problem of this variant."""
        return public(self.solution.problem)


@dataclass(frozen=True)
class Drawn:
    """The variants, and what was left out: combinations that have no value where they are evaluated, and why.

    ``worded`` are the parts (from 0) whose answers in words all variants repeat though functions or the loss vary.
    """

    variants: tuple[Variant, ...]
    """The variants, in their order."""
    left_out: tuple[str, ...]
    """Combinations that have no value where they are evaluated, and why."""
    worded: tuple[int, ...] = ()
    """The parts (from 0) whose answers in words are the same for all."""


def variants(path: str | Path, count: int, seed: int = 0) -> Drawn:
    """``count`` different variants of the problem in a file, each solved and proved, the same for the same ``seed``.

    A stated equation that does not hold for a variant is replaced by the one that does.  Raises InputError for a file
    that cannot be used, BacksymError if there are fewer variants, naming how many, and VerificationError if a
    derivative fails its numeric check.

    >>> import backsym as bs
    >>> from pathlib import Path
    >>> lines = "forward: [y = sigmoid(w*x), L = (y - t)**2]", "variants: {activation: {sigmoid: [tanh, relu]}}"
    >>> path = Path("neuron.yaml")
    >>> _ = path.write_text("\\n".join(lines))
    >>> for variant in bs.variants(path, count=3, seed=1).variants:
    ...     print(variant.number, variant.problem.equations[0].text)
    1 y = sigmoid(w*x)
    2 y = relu(w*x)
    3 y = tanh(w*x)
    """
    problem = load(str(path))
    if not isinstance(problem, Problem):
        raise BacksymError(say("variants.collection", path=str(path)))
    if problem.variants == Variants():
        raise BacksymError(say("variants.none", path=str(path)))
    if not 1 <= count <= MAX_COUNT:
        raise BacksymError(say("variants.count", limit=MAX_COUNT, count=count))
    _refuse_statements(problem, str(path))
    maker = _Maker(problem, str(path))
    return maker.drawn(count, seed)


def _refuse_statements(problem: Problem, path: str) -> None:
    """A formula in a text that says what a function or its derivative is holds for that function only."""
    texts = [problem.text, *(part.text for part in problem.parts)]
    for formula in (formula for text in texts if text for formula in _FORMULA.findall(text)):
        left, equals, _ = formula.partition("=")
        for name, others in problem.variants.activation.items() if equals else ():
            printed = FUNCTIONS[name].latex
            derivative = printed in formula and any(sign in left for sign in _OF_DERIVATIVES)
            if derivative or left.strip().startswith(printed):
                raise BacksymError(
                    say("variants.text_of_function", path=path, name=name, formula=formula.strip(), others=others)
                )


def number_of_variants(problem: Problem) -> int:
    """How many different variants a problem declares."""
    v, sizes = problem.variants, sizes_of(problem)
    fixed = prod(1 + len(new) for new in v.activation.values()) * (1 + len(v.loss)) * len(_assignments(v))
    total = 0
    for chosen in product(*v.dims.values()):
        known = {**sizes, **dict(zip(v.dims, chosen, strict=True))}
        total += prod(_value_count(problem, name, known) for name in v.values)
    return fixed * total


def _value_count(problem: Problem, name: str, sizes: Mapping[str, int]) -> int:
    choices = problem.variants.values[name]
    if choices is not None and not isinstance(choices, Grid):
        return len(choices)
    shape = [sizes[d] if isinstance(d, str) else d for d in problem.symbols[name].shape]
    return shape[0] if choices is None else int(choices.count ** prod(shape))


def _assignments(v: Variants) -> list[dict[str, str]]:
    """The choices of letters in which no two quantities get the same."""
    every = product(*((old, *new) for old, new in v.letters.items()))
    injective = (chosen for chosen in every if len(set(chosen)) == len(chosen))
    return [{o: n for o, n in zip(v.letters, chosen, strict=True) if o != n} for chosen in injective]


def draw(problem: Problem, seed: int, number: int) -> Draw:
    """The draw of this number, which depends on nothing drawn before."""
    v, sizes = problem.variants, sizes_of(problem)

    def pick(what: str, options: int) -> int:
        digest = sha256(f"{seed}/{number}/{what}".encode()).digest()
        return int.from_bytes(digest, "big") % options

    functions = {old: (old, *new)[pick(f"activation {old}", 1 + len(new))] for old, new in v.activation.items()}
    loss = (None, *v.loss)[pick("loss", 1 + len(v.loss))]
    dims = {name: options[pick(f"dims {name}", len(options))] for name, options in v.dims.items()}
    letters = _assignments(v)
    known = {**sizes, **dims}
    values = {}
    for name, choices in v.values.items():
        if choices is not None and not isinstance(choices, Grid):
            values[name] = _thawed(choices[pick(f"values {name}", len(choices))])
            continue
        shape = tuple(known[d] if isinstance(d, str) else d for d in problem.symbols[name].shape)
        if choices is not None:
            values[name] = _entries(choices, shape, pick, f"values {name}")
        else:
            hot = pick(f"values {name}", shape[0])
            values[name] = [str(int(n == hot)) for n in range(shape[0])]
    return Draw(
        {old: new for old, new in functions.items() if old != new}, loss, dims, letters[pick("letters", len(letters))],
        values,
    )  # fmt: skip


def _entries(grid: Grid, shape: tuple[int, ...], pick: Callable[[str, int], int], at: str) -> Any:
    """A number, or nested lists of numbers, each picked by its own place."""
    if shape:
        return [_entries(grid, shape[1:], pick, f"{at}[{n}]") for n in range(shape[0])]
    number = (grid.first + pick(at, grid.count) * grid.step).normalize()
    return format(number + Decimal(0), "f")


def _thawed(value: object) -> object:
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


def _shown(value: object) -> str:
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list) else str(value)


# --- making one ------------------------------------------------------------------------------------------------------


_OF_DERIVATIVES = (r"\frac{d", r"\partial", "'", r"\prime")
"""Signs of a derivative in the left side of a formula."""
_TEXT = r"\text{"
_FORMULA = re.compile(r"\$\$?(.+?)\$\$?", re.DOTALL)


class _Maker:
    def __init__(self, problem: Problem, path: str):
        self.problem = problem
        self.path = path
        tree, _ = read_file(path)
        value = plain_value(tree)
        assert isinstance(value, dict), "the file was read"
        self.file: File = {key: item for key, item in value.items() if key != "variants"}

    def drawn(self, count: int, seed: int) -> Drawn:
        total = number_of_variants(self.problem)
        found: list[Variant] = []
        seen: set[str] = set()
        left_out: list[str] = []
        for drawing in self.draws(seed):
            if len(found) == count or len(seen) == total:
                break
            if drawing.key in seen:
                continue
            seen.add(drawing.key)
            try:
                found.append(self.variant(drawing, len(found) + 1))
            except (InputError, VerificationError):
                raise
            except BacksymError as error:
                left_out.append(f"{_listed(drawing.choices())}: {error}")
        if len(found) < count:
            if left_out:
                raise BacksymError(
                    say(
                        "variants.too_few_evaluated",
                        path=self.path,
                        found=len(found),
                        wanted=count,
                        more=len(left_out),
                        first=left_out[0],
                    )
                )
            raise BacksymError(say("variants.too_few", path=self.path, found=len(found), wanted=count))
        return Drawn(tuple(found), tuple(left_out), _worded(self.problem))

    def draws(self, seed: int) -> Iterator[Draw]:
        number = 0
        while True:
            yield draw(self.problem, seed, number)
            number += 1

    def variant(self, drawing: Draw, number: int) -> Variant:
        """Raises BacksymError where the network cannot be evaluated, InputError where the file cannot be rewritten."""
        chosen = self.chosen(drawing)
        renaming = self.renaming(drawing)
        file = renaming.file(chosen)
        try:
            plainly, problem = self.read(chosen), self.read(file)
        except InputError as error:
            raise InputError(
                replace(
                    d, words=say("variants.inside", choices=_listed(drawing.choices()), words=d.words), file=self.path
                )
                for d in error.diagnostics
            ) from None
        self.check_same(plainly, problem, renaming)
        solution = solve(problem)
        solution, file = self.true(solution, file)
        text = written(file, f"variant {number} of {Path(self.path).name}")
        return Variant(number, drawing.choices(), text, solution)

    def read(self, file: File) -> Problem:
        return problem_from_mapping(file, self.path)

    def chosen(self, drawing: Draw) -> File:
        """The file with the loss, the sizes and the numbers of the draw, in its own names."""
        file = dict(self.file)
        if drawing.loss is not None:
            file["forward"] = self.with_loss(drawing.loss)
        if drawing.dims:
            given = file.get("dims") or {}
            entries = dict.fromkeys(given) if isinstance(given, list) else dict(given)
            for name, size in drawing.dims.items():
                before = entries.get(name)
                symbol = before.get("latex") if isinstance(before, dict) else before
                spelled = symbol if symbol and not str(symbol).strip().isdecimal() else None
                entries[name] = {"latex": spelled, "size": str(size)} if spelled else str(size)
            file["dims"] = entries
        if drawing.values:
            file["values"] = {**(file.get("values") or {}), **drawing.values}
        return file

    def with_loss(self, equation: str) -> list[str]:
        forward = self.file["forward"]
        items = list(forward) if isinstance(forward, list) else [forward]
        text = self.problem.by_name[self.problem.loss].text.strip()
        places = [n for n, item in enumerate(items) if " ".join(item.split()) == " ".join(text.split())]
        if len(places) != 1:
            raise BacksymError(say("variants.loss_item", path=self.path))
        items[places[0]] = equation
        return items

    def renaming(self, drawing: Draw) -> Renaming:
        words = dict(self.problem.variants.words)
        given = self.problem.by_name[self.problem.loss].text
        replaced = dict(drawing.functions)
        if drawing.loss is not None:
            old, new = _loss_in(given), _loss_in(drawing.loss)
            replaced |= {old: new} if old and new else {}
        prose: dict[str, str] = {}
        for old, new in replaced.items():
            prose |= {spelled: _called(new, words) for spelled in _spellings(old, words)}
        names = names_with(drawing.letters, tuple(self.problem.symbols))
        return Renaming(names, drawing.letters, drawing.functions, prose)

    def check_same(self, before: Problem, after: Problem, renaming: Renaming) -> None:
        """The rewritten equations must be the old ones in other names: texts are rewritten by their looks only."""
        names, functions = renaming.names, renaming.functions
        new = set(functions.values())

        def renamed(e: Expr) -> Expr:
            e = rebuild(e, renamed)
            if isinstance(e, (Sym, Adj)):
                return replace(e, name=names.get(e.name, e.name))
            if isinstance(e, Fn):
                e = replace(e, name=functions.get(e.name, e.name))
                # A function may have further arguments with default values, such as the slope of leaky_relu.
                return replace(e, args=e.args[:1]) if e.name in new else e
            return e

        for old, equation in zip(before.equations, after.equations, strict=True):
            name = names.get(old.name, old.name)
            if (equation.name, equation.indices) != (name, old.indices) or (
                _first_arguments(equation.rhs, new) != renamed(old.rhs)
            ):
                raise InputError([self.problem_with(old.text, equation.text)])

    def problem_with(self, old: str, new: str) -> Diagnostic:
        return Diagnostic(say("variants.other_names", old=old, new=new), self.path)

    # --- claims ---

    def true(self, solution: Solution, file: File) -> tuple[Solution, File]:
        """The solution and the file with true claims only: a false one gives way to what was derived.

        Where the plain language cannot say that, the part asks for the derivative instead of stating it.
        """
        for repair in (self.derived, self.asked):
            claims = false_claims(solution.problem, solution.derivations)
            if not claims:
                return solution, file
            parts = list(file["parts"])
            for claim in claims:
                parts[claim.part] = repair(solution, parts[claim.part], claim)
            repaired = {**file, "parts": parts}
            try:
                solution = replace(solution, problem=self.read(repaired))
                file = repaired
            except InputError:
                if repair == self.asked:
                    raise
        for claim in false_claims(solution.problem, solution.derivations):
            raise VerificationError("", say("variants.does_not_hold", path=self.path, number=claim.part + 1))
        return solution, file

    def derived(self, solution: Solution, part: File, claim: FalseClaim) -> File:
        """The part with the engine's own result in place of the false equation."""
        read = solution.problem.parts[claim.part]
        position = _position(read.claims, claim)
        if position is None:
            return {key: item for key, item in part.items() if key != "form"}
        if read.kind not in part:
            return part
        derivation = next((d for d in solution.derivations if d.node == _node_of(claim.lhs)), None)
        if derivation is None:
            return self.asked(solution, part, claim)
        whole = not isinstance(claim.lhs, Entry) and derivation.matrix is not None
        equation = derivation.matrix if whole and derivation.matrix is not None else derivation.entry
        try:
            text = f"{plain(equation.lhs, solution.problem)} = {plain(equation.rhs, solution.problem)}"
        except BacksymError:
            return self.asked(solution, part, claim)
        items = part[read.kind] if isinstance(part[read.kind], list) else [part[read.kind]]
        equations = [n for n, item in enumerate(items) if not is_name(item.strip())]
        items = [text if n == equations[position] else item for n, item in enumerate(items)]
        return {**part, read.kind: items if len(items) > 1 else items[0]}

    def asked(self, solution: Solution, part: File, claim: FalseClaim) -> File:
        """The part asking for the derivatives that it stated."""
        read = solution.problem.parts[claim.part]
        if not kind_of(read).states or read.kind not in part:
            return {key: item for key, item in part.items() if key != "form"}
        kind = "derive" if any(isinstance(lhs, Entry) for lhs, _ in read.claims) else "gradients"
        nodes = list(dict.fromkeys(_node_of(lhs) for lhs, _ in read.claims))
        return {kind: nodes, **{key: item for key, item in part.items() if key not in (read.kind, "form")}}


def _loss_in(equation: str) -> str | None:
    """The loss function that an equation calls."""
    called = glance.called(equation)
    return next((name for name in losses() if name in called), None)


def _position(claims: Sequence[tuple[Expr, Expr]], claim: FalseClaim) -> int | None:
    """Which of the equations of a part this is; None for its ``form``."""
    return next((n for n, sides in enumerate(claims) if sides == (claim.lhs, claim.rhs)), None)


def _node_of(lhs: Expr) -> str:
    return next((e.name for e in walk(lhs) if isinstance(e, Adj)), "")


def _first_arguments(e: Expr, functions: set[str]) -> Expr:
    e = rebuild(e, lambda child: _first_arguments(child, functions))
    return replace(e, args=e.args[:1]) if isinstance(e, Fn) and e.name in functions else e


def _spellings(name: str, words: Mapping[str, str]) -> list[str]:
    """What the texts may call a function: the author's word, or its name and the name that is printed."""
    if name in words:
        return [words[name]]
    latex = FUNCTIONS[name].latex if name in FUNCTIONS else ""
    upright = latex[len(_TEXT) : -1] if latex.startswith(_TEXT) and "\\" not in latex[1:] else ""
    spaced = name.replace("_", " ")
    return list(dict.fromkeys([*([upright] if upright else []), spaced, spaced.replace(" ", "-")]))


def _called(name: str, words: Mapping[str, str]) -> str:
    return words.get(name) or _spellings(name, {})[0]


def _listed(choices: Mapping[str, str]) -> str:
    return ", ".join(f"{name} → {new}" for name, new in choices.items()) or "nothing changed"


def _worded(problem: Problem) -> tuple[int, ...]:
    if not problem.variants.activation and not problem.variants.loss:
        return ()
    return tuple(n for n, part in enumerate(problem.parts) if part.answer)


class _Lines(list[Any]):
    """A list that is written with one item a line."""


def written(file: File, comment: str) -> str:
    """A problem file as text; reading it gives the same strings again."""
    import yaml

    class Dumper(yaml.SafeDumper):
        # Every plain scalar of a problem file is a text, so none needs quotes for looking like a number.
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (as PyYAML declares it)

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    def lines(dumper: yaml.SafeDumper, value: _Lines) -> yaml.SequenceNode:
        return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=False)

    Dumper.add_representer(str, text)
    Dumper.add_representer(_Lines, lines)
    shown = {key: _Lines(item) if key in BY_LINES and isinstance(item, list) else item for key, item in file.items()}
    body = yaml.dump(shown, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return f"# {comment}\n{body}"


__all__ = ["Draw", "Drawn", "Variant", "number_of_variants", "variants"]
