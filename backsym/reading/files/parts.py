"""The parts of a question, read with the rules of their kinds: see ``backsym.parts``.

Knows the problem that the parts are about, and no kind by name; does not solve anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from backsym.core.choices import ACCEPT, LAYOUTS, METHODS
from backsym.core.errors import InputError
from backsym.core.expr import Adj, Entry, Expr, Member, Started, Sym, names_in, walk
from backsym.core.problem import Masthead, Part, Problem
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.parts.kind import Claim, Item, PartKind
from backsym.parts.table import KINDS
from backsym.reading.expressions import equation_syntax, expression_syntax
from backsym.reading.files.fields import (
    Report,
    choice,
    either,
    is_name,
    known_keys,
    listed,
    prose,
    quoted,
    scalars,
    share,
    text,
)
from backsym.reading.files.keys import PART_EXTRAS
from backsym.reading.files.masthead import of_sheet, read_masthead
from backsym.reading.files.yamlfile import Listing, Scalar, Table, Tree
from backsym.reading.latex.equations import is_latex
from backsym.reading.meaning.resolve import resolve_equation, resolve_expression
from backsym.reading.meaning.scope import Scope, Unavailable, suggest
from backsym.reading.plain import glance
from backsym.reading.syntax import Node
from backsym.reading.texts import scope_of


def read_parts(
    tree: Tree | None,
    problem: Problem,
    report: Report,
    broken: frozenset[str] = frozenset(),
    *,
    numbers_given: bool = False,
    said: Mapping[str, Tree] | None = None,
    all_latex: bool = False,
) -> tuple[tuple[Part, ...], Masthead]:
    """All parts, in order, and the masthead of the problem with what they say of the sheet.

    What is wrong with the ``broken`` names has been reported and is not said again.
    ``numbers_given`` tells whether the file, or a variant of it, has values; ``said`` has the keys of the problem.
    Equations of a note are ``all_latex``.
    """
    if tree is None or (isinstance(tree, Scalar) and not tree.text):
        return (), problem.masthead
    if not isinstance(tree, Listing):
        report.add(tree, say("files.parts_not_list"))
        return (), problem.masthead
    reader = _Reader(problem, report, broken, numbers_given=numbers_given)
    reader.scope = replace(reader.scope, all_latex=all_latex)
    reader.mastheads.append((problem.masthead, said or {}))
    parts = tuple(part for item in tree.items if (part := reader.part(item)) is not None)
    return parts, of_sheet(problem.masthead, reader.mastheads, report)


class _Reader:
    def __init__(self, problem: Problem, report: Report, broken: frozenset[str], *, numbers_given: bool):
        self.problem = problem
        self.numbers_given = numbers_given
        self.report = report
        self.whole = not broken and problem.end in problem.by_name
        self.broken = broken
        self.scope: Scope = replace(scope_of(problem), unavailable=broken)
        self.differentiable = _reaches_loss(problem)
        self.mastheads: list[tuple[Masthead, Mapping[str, Tree]]] = []

    def part(self, tree: Tree) -> Part | None:
        if isinstance(tree, Scalar) and (alone := KINDS.get(tree.text.strip())) is not None and alone.alone:
            return alone.read(Part(alone.name, line=tree.line), _Value(self, alone, None, tree))
        if not isinstance(tree, Table):
            self.report.add(tree, say("files.part_not_mapping"), say("files.kinds", names=list(KINDS)))
            return None
        found = known_keys(tree.entries, (*KINDS, *PART_EXTRAS), self.report)
        kinds = [key for key in found if key in KINDS]
        if not kinds and any(suggest(key.text, list(KINDS)) for key, _ in tree.entries if key.text not in found):
            return None
        if len(kinds) != 1:
            known = say("files.kinds", names=list(KINDS))
            several = say("files.several_kinds", kinds=kinds) if kinds else say("files.no_kind")
            self.report.add(tree, several, known)
            return None
        kind = KINDS[kinds[0]]
        return kind.read(self.common(kind, found, tree.line), _Value(self, kind, found[kind.name], tree))

    def common(self, kind: PartKind, found: Mapping[str, Tree], line: int | None) -> Part:
        """The part with the fields that every kind may have."""
        report = self.report
        words = prose(found.get("text"), report, "text")
        key = "points" if "points" in found else "marks"
        if "points" in found and "marks" in found:
            report.add(found["points"], say("files.points_and_marks"))
        marks = text(found.get(key), report, key, say("files.a_number"), say("files.such_as", example="2 or 0.5"))
        if marks is not None and not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", marks, re.ASCII):
            report.add(found[key], say("files.not_a_number_for_key", name=key, marks=quoted(marks)))
        tolerance = share(found.get("tolerance"), report, "tolerance")
        if "tolerance" in found and not kind.tolerance_given:
            others = either(sorted(other.name for other in KINDS.values() if other.tolerance_given))
            report.add(found["tolerance"], say("files.no_tolerance", kind=kind.name, others=others))
        accept = choice(found.get("accept"), report, "accept", ACCEPT, ACCEPT[0])
        form = self.form(found["form"]) if "form" in found else None
        answer = prose(found.get("answer"), report, "answer")
        if "answer" in found and not kind.answer_given:
            others = either(sorted(other.name for other in KINDS.values() if other.answer_given))
            report.add(found["answer"], say("files.no_answer_key", kind=kind.name, others=others))
        layout = choice(found.get("layout"), report, "layout", LAYOUTS, LAYOUTS[0]) if kind.layout_given else None
        if "layout" in found and not kind.layout_given:
            others = either(sorted(other.name for other in KINDS.values() if other.layout_given))
            report.add(found["layout"], say("files.no_layout", kind=kind.name, others=others))
        method = choice(found.get("method"), report, "method", METHODS, METHODS[0]) if kind.method_given else None
        if "method" in found and not kind.method_given:
            others = either(sorted(other.name for other in KINDS.values() if other.method_given))
            report.add(found["method"], say("files.no_method", kind=kind.name, others=others))
        masthead = read_masthead(found, report)
        self.mastheads.append((masthead, found))
        return Part(
            kind.name,
            masthead=masthead,
            option=layout or method,
            text=words,
            answer=answer,
            marks=marks,
            accept=accept,
            form=form,
            tolerance=tolerance,
            line=line,
        )

    # --- items ---

    def node(self, item: Scalar) -> list[str]:
        name = item.text.strip()
        if name in self.problem.by_name:
            return [name]
        if name in self.broken:
            return []
        if name in self.problem.symbols:
            self.report.add(item, say("files.no_equation", name=name), listed(self.problem.by_name, say("files.nodes")))
        else:
            hint = suggest(name, list(self.problem.by_name)) or listed(self.problem.by_name, say("files.nodes"))
            self.report.add(item, say("files.not_a_node", name=quoted(name)), hint)
        return []

    def differentiated(self, item: Scalar, name: str) -> list[str]:
        """The name, if the loss is differentiated by it; else the item is reported."""
        symbol = self.problem.symbols.get(name)
        if name in self.broken:
            return []
        if symbol is None:
            whole, _ = glance.quantity(name) or (name.partition("[")[0], "")
            hint: Said | None = say("files.whole_quantity", name=whole) if whole in self.problem.symbols else None
            symbols = self.problem.symbols
            hint = hint or suggest(name, list(symbols)) or listed(symbols, say("files.declared_names"))
            self.report.add(item, say("files.undeclared", name=quoted(name)), hint)
        elif symbol.role in ("target", "constant"):
            hint = say("files.give_role")
            self.report.add(item, say("files.not_differentiated_by", name=name, role=symbol.role), hint)
        elif self.whole and name not in self.differentiable:
            symbols = self.problem.symbols
            on = [other for other in self.differentiable if symbols[other].role not in ("target", "constant")]
            hint = listed(on, say("files.depends_on"))
            self.report.add(item, say("files.independent", loss=self.problem.loss, name=name), hint)
        elif name == self.problem.upstream:
            self.report.add(item, say("files.derivative_given", loss=self.problem.loss, name=name))
        else:
            return [name]
        return []

    def node_derivative(self, item: Scalar) -> list[tuple[str, str]]:
        """What ``dp/dz`` is of, and by; else the item is reported."""
        source, symbols = item.source(), self.problem.symbols
        try:
            tree = expression_syntax(source, self.scope)
        except InputError as e:
            self.report.extend(e.diagnostics)
            return []
        if tree.kind != "partial":
            self.report.add(item, say("files.not_a_jacobian", found=quoted(item.text)))
            return []
        try:
            ends = [self.end(side, source) for side in tree.children]
        except Unavailable:
            return []
        except InputError as e:
            self.report.extend(e.diagnostics)
            return []
        (of, _), (by, text) = ends
        if {of, by} & self.broken:
            return []
        if of not in self.problem.by_name:
            hint = listed(self.problem.by_name, say("files.nodes"))
            self.report.add(item, say("files.not_a_node", name=quoted(of)), hint)
        elif by not in symbols:
            self.report.add(item, say("files.undeclared", name=quoted(by)), suggest(by, list(symbols)))
        elif ends[0] == ends[1] or by not in _behind(self.problem, of):
            self.report.add(item, say("files.no_influence", of=of, by=by))
        elif symbols[by].discrete:
            self.report.add(item, say("files.jacobian_of_discrete", by=by))
        elif tree.children[1].kind == "entry" and by in _starts(self.problem) and not _starts_alone(self.problem, by):
            self.report.add(
                item, say("files.start_is_shared", name=by), say("files.start_itself", of=ends[0][1], by=by)
            )
        else:
            return [(ends[0][1], text)]
        return []

    def end(self, side: Node, source: Source) -> tuple[str, str]:
        """The quantity of one end of a Jacobian, and what is differentiated: it or a member, ``h[t-1]``."""
        if side.kind == "name":
            return side.value, side.value
        found = resolve_expression(side, source, self.scope)
        if isinstance(found, Sym):  # What a recurrence starts from: h[0] = h0.
            family, place = (source.text[slice(*part.span)] for part in side.children)
            return found.name, f"{family.removeprefix('d')}[{''.join(place.split())}]"
        places = found.places if isinstance(found, Member) else found.indices if isinstance(found, Entry) else ()
        base = found.base if isinstance(found, (Entry, Member)) else None
        first, *rest = places or (None,)
        families = self.problem.family_dims
        if not isinstance(base, Sym) or first is None or any(rest) or base.declared[0] not in families:
            raise source.error(say("files.not_a_member"), side.span)
        return base.name, f"{base.name}[{first.letter}]"

    def claim(self, item: Scalar) -> tuple[Expr, Expr] | None:
        source = item.source()
        if self.broken and is_latex(item.text):
            # Which letters are names of quantities is not known.
            return None
        try:
            left, right = resolve_equation(*equation_syntax(source, self.scope), source, self.scope)
        except Unavailable:
            return None
        except InputError as e:
            self.report.extend(e.diagnostics)
            return None
        if not isinstance(left.base if isinstance(left, (Entry, Member)) else left, Adj):
            hint = say("files.claim_example")
            self.report.add(item, say("files.left_side_of_claim"), hint)
            return None
        return left, right

    def form(self, tree: Tree) -> Expr | None:
        if not isinstance(tree, Scalar) or not tree.text.strip():
            self.report.add(tree, say("files.form_not_expression"))
            return None
        source = tree.source()
        if self.broken and is_latex(tree.text):
            return None
        try:
            return resolve_expression(expression_syntax(source, self.scope), source, self.scope)
        except Unavailable:
            return None
        except InputError as e:
            self.report.extend(e.diagnostics)
            return None


class _Value:
    """The value of the key of a part's kind: what :class:`backsym.parts.kind.Value` promises.

    ``tree`` is None where the kind stands alone, without a value, at ``place``.
    """

    def __init__(self, reader: _Reader, kind: PartKind, tree: Tree | None, place: Tree):
        self.reader = reader
        self.kind = kind
        self.tree = tree
        self.place = place

    @property
    def problem(self) -> Problem:
        return self.reader.problem

    @property
    def numbers_given(self) -> bool:
        return self.reader.numbers_given

    def items(self) -> tuple[Scalar, ...]:
        return scalars(self.tree, Report(), self.kind.name)

    def quantities(self) -> tuple[str, ...]:
        items = self.some(say("files.item.name"))
        return tuple(
            name for item in items for name in self.reader.differentiated(item, self._by(item) or item.text.strip())
        )

    def _by(self, item: Scalar) -> str | None:
        """The name in ``dL/dw`` or ``grad(w)``, by which the loss is differentiated; None for what is no such."""
        slope = glance.slope(item.text)
        # What is wrong with the loss has been reported, and is no reason to doubt its name.
        losses = (None, self.reader.problem.loss, *self.reader.broken)
        return slope.by if slope is not None and slope.of in losses else None

    def nodes(self) -> tuple[str, ...]:
        return tuple(name for item in self.some(say("files.item.node")) for name in self.reader.node(item))

    def nodes_and_derivatives(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        loss = self.problem.loss
        example = f"[z, d{loss}/dw]"
        for item in self.some(say("files.item.node_or_derivative"), example):
            by = self._by(item)
            if by is None:
                found |= dict.fromkeys(self.reader.node(item))
            else:
                found |= dict.fromkeys(f"d{loss}/d{name}" for name in self.reader.differentiated(item, by))
        return tuple(found)

    def node_derivatives(self) -> tuple[tuple[str, str], ...]:
        items = self.some(say("files.item.derivative"), "dp/dz")
        return tuple(pair for item in items for pair in self.reader.node_derivative(item))

    def equations(self) -> tuple[Claim, ...]:
        found = (self.reader.claim(item) for item in self.some(say("files.item.equation"), _EQUATION))
        return tuple(claim for claim in found if claim is not None)

    def nodes_and_equations(self) -> tuple[tuple[str, ...], tuple[Claim, ...]]:
        targets: list[str] = []
        claims: list[Claim] = []
        for item in self.some(say("files.item.equation_or_node"), _EQUATION):
            if is_name(item.text.strip()):
                targets += self.reader.node(item)
            elif (claim := self.reader.claim(item)) is not None:
                claims.append(claim)
        return tuple(targets), tuple(claims)

    def choice(self, words: Sequence[str]) -> str:
        return choice(self.tree, self.reader.report, self.kind.name, words, words[0])

    def prose(self, example: str) -> str | None:
        found = prose(self.tree, self.reader.report, self.kind.name)
        if found is None and isinstance(self.tree, Scalar):
            self.refuse(say("files.no_question", kind=self.kind.name), say("files.such_as", example=example))
        return found

    def refuse(self, message: Said, hint: Said | None = None, item: Item | None = None) -> None:
        tree = item if isinstance(item, Scalar) else self.tree or self.place
        self.reader.report.add(tree, message, hint)

    def some(self, what: Said, example: str = "[W, b]") -> tuple[Scalar, ...]:
        """The texts of the value, of which there has to be one; ``what`` says what each is."""
        report, kind, tree = self.reader.report, self.kind.name, self.tree or self.place
        items = scalars(tree, report, kind, say("files.such_as", example=f"{kind}: {example}"), what)
        empty = isinstance(tree, Scalar) or (isinstance(tree, Listing) and not tree.items)
        if not items and empty:
            report.add(tree, say("files.needs", kind=kind, what=what, example=example))
        return items


def _reaches_loss(problem: Problem) -> dict[str, None]:
    """The names that the loss depends on, the loss included."""
    return _behind(problem, problem.end)


def _behind(problem: Problem, node: str) -> dict[str, None]:
    """The names that a node depends on, itself included."""
    found = dict[str, None]({node: None})
    for equation in reversed(problem.equations):
        if equation.name in found or not found.keys().isdisjoint(equation.block):
            found.update(dict.fromkeys((equation.name, *names_in(equation.rhs))))
    return found


def _starts(problem: Problem) -> set[str]:
    return {start.name for starts in problem.starts.values() for start in starts}


def _starts_alone(problem: Problem, name: str) -> bool:
    """Whether a quantity is nothing but the start of one recurrence, so that it is the member 0."""
    found = [e for eq in problem.equations for e in walk(eq.rhs)]
    started = [e for e in found if isinstance(e, Started) and any(s == problem.sym(name) for s in e.starts)]
    uses = sum(isinstance(e, Sym) and e.name == name for e in found)
    return len({e.name for e in started}) == 1 and uses == len(started)


_EQUATION = "dL/dz = y - t"
"""An equation that a part may state."""
