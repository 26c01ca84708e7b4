"""The parts of a question: what to derive, show, vectorise, draw or answer.

Knows the problem that the parts are about; does not solve anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from backsym.core.errors import InputError
from backsym.core.expr import Adj, Entry, Expr, names_in
from backsym.core.problem import Part, Problem
from backsym.reading.expressions import equation_syntax, expression_syntax
from backsym.reading.files.fields import Report, choice, is_name, known_keys, listed, prose, quoted, scalars, text
from backsym.reading.files.keys import PART_EXTRAS
from backsym.reading.files.yamlfile import Listing, Scalar, Table, Tree
from backsym.reading.latex.equations import is_latex
from backsym.reading.meaning.resolve import resolve_equation, resolve_expression
from backsym.reading.meaning.scope import Scope, Unavailable, suggest
from backsym.reading.texts import scope_of

GRAPHS = ("vectorized", "scalar", "network")
ACCEPT = ("any", "by_name", "simplified")


def read_parts(
    tree: Tree | None, problem: Problem, report: Report, broken: frozenset[str] = frozenset()
) -> tuple[Part, ...]:
    """All parts, in order; what is wrong with the ``broken`` names has been reported and is not said again."""
    if tree is None or (isinstance(tree, Scalar) and not tree.text):
        return ()
    if not isinstance(tree, Listing):
        report.add(tree, "parts is a list", "such as - derive: [W, b]")
        return ()
    reader = _Reader(problem, report, broken)
    return tuple(part for item in tree.items if (part := reader.part(item)) is not None)


class _Reader:
    def __init__(self, problem: Problem, report: Report, broken: frozenset[str]):
        self.problem = problem
        self.report = report
        self.whole = not broken and problem.loss in problem.by_name
        self.broken = broken
        self.scope: Scope = replace(scope_of(problem), unavailable=broken)
        self.differentiable = _reaches_loss(problem)

    def part(self, tree: Tree) -> Part | None:
        if isinstance(tree, Scalar) and tree.text.strip() == "graph":
            return Part("graph", option=GRAPHS[0], line=tree.line)
        if not isinstance(tree, Table):
            self.report.add(tree, "a part is a mapping such as derive: [W, b]", "kinds: " + ", ".join(_KINDS))
            return None
        found = known_keys(tree.entries, (*_KINDS, *PART_EXTRAS), self.report)
        kinds = [key for key in found if key in _KINDS]
        if not kinds and any(suggest(key.text, list(_KINDS)) for key, _ in tree.entries if key.text not in found):
            return None
        if len(kinds) != 1:
            what = "several: " + ", ".join(kinds) if kinds else "none"
            self.report.add(tree, f"a part has one kind, this has {what}", "kinds: " + ", ".join(_KINDS))
            return None
        kind = kinds[0]
        common = self.common(kind, found)
        return _KINDS[kind](self, kind, found[kind], {**common, "line": tree.line})

    def common(self, kind: str, found: Mapping[str, Tree]) -> dict[str, object]:
        """The fields that every kind may have."""
        report = self.report
        fields: dict[str, object] = {"text": prose(found.get("text"), report, "text")}
        marks = text(found.get("marks"), report, "marks", "a number", "such as 2 or 0.5")
        if marks is not None and not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", marks, re.ASCII):
            report.add(found["marks"], f"marks is a number, not {quoted(marks)}", "such as 2 or 0.5")
        fields["marks"] = marks
        fields["accept"] = choice(found.get("accept"), report, "accept", ACCEPT, ACCEPT[0])
        fields["form"] = self.form(found["form"]) if "form" in found else None
        fields["answer"] = prose(found.get("answer"), report, "answer")
        if "answer" in found and kind not in ("ask", "why"):
            report.add(found["answer"], f"{kind} is answered by the solution", "answer: belongs to ask or why")
        return fields

    # --- kinds ---

    def graph(self, kind: str, tree: Tree, fields: Mapping[str, object]) -> Part:
        return _part(kind, fields, option=choice(tree, self.report, "graph", GRAPHS, GRAPHS[0]))

    def ask(self, kind: str, tree: Tree, fields: Mapping[str, object]) -> Part | None:
        """The question is the part's text."""
        question = prose(tree, self.report, "ask")
        if question is None and isinstance(tree, Scalar):
            self.report.add(tree, "ask needs a question", "such as ask: What does a zero gradient mean?")
        more = fields["text"]
        return _part(kind, {**fields, "text": f"{more}\n\n{question}" if more else question})

    def claims(self, kind: str, tree: Tree, fields: Mapping[str, object]) -> Part:
        items = self.some(tree, kind, "an equation")
        found = [claim for item in items if (claim := self.claim(item)) is not None]
        return _part(kind, fields, claims=tuple(found))

    def vectorize(self, kind: str, tree: Tree, fields: Mapping[str, object]) -> Part:
        """Equations, and names for their forward equations."""
        targets: list[str] = []
        claims: list[tuple[Expr, Expr]] = []
        for item in self.some(tree, kind, "an equation or a node"):
            if is_name(item.text.strip()):
                targets += self.node(item)
            elif (claim := self.claim(item)) is not None:
                claims.append(claim)
        return _part(kind, fields, targets=tuple(targets), claims=tuple(claims))

    def gradients(self, kind: str, tree: Tree, fields: Mapping[str, object]) -> Part:
        targets = [name for item in self.some(tree, kind, "a name") for name in self.differentiated(item)]
        return _part(kind, fields, targets=tuple(targets))

    def why(self, kind: str, tree: Tree, fields: Mapping[str, object]) -> Part:
        """Why to compute a derivative by what is not learned; of what is learned there is no such question."""
        for item in scalars(tree, Report(), kind):
            symbol = self.problem.symbols.get(item.text.strip())
            if symbol is not None and symbol.role == "parameter":
                self.report.add(item, f"{symbol.name} is learned", "why asks of a node or an input, such as why: [a1]")
            elif item.text.strip() == self.problem.loss:
                self.report.add(item, f"{item.text.strip()} is the loss itself", "why asks of a node or an input")
        return self.gradients(kind, tree, fields)

    def nodes(self, kind: str, tree: Tree, fields: Mapping[str, object]) -> Part:
        targets = [name for item in self.some(tree, kind, "a node") for name in self.node(item)]
        return _part(kind, fields, targets=tuple(targets))

    # --- items ---

    def some(self, tree: Tree, kind: str, what: str) -> tuple[Scalar, ...]:
        example = "dL/dz = y - t" if "equation" in what else "[W, b]"
        items = scalars(tree, self.report, kind, f"such as {kind}: {example}", what)
        empty = isinstance(tree, Scalar) or (isinstance(tree, Listing) and not tree.items)
        if not items and empty:
            self.report.add(tree, f"{kind} needs {what}", f"such as {kind}: {example}")
        return items

    def node(self, item: Scalar) -> list[str]:
        name = item.text.strip()
        if name in self.problem.by_name:
            return [name]
        if name in self.broken:
            return []
        if name in self.problem.symbols:
            self.report.add(item, f"{name} has no forward equation", listed(self.problem.by_name, "nodes"))
        else:
            hint = suggest(name, list(self.problem.by_name)) or listed(self.problem.by_name, "nodes")
            self.report.add(item, f"{quoted(name)} is not a node", hint)
        return []

    def differentiated(self, item: Scalar) -> list[str]:
        name = item.text.strip()
        symbol = self.problem.symbols.get(name)
        if name in self.broken:
            return []
        if symbol is None:
            whole = _DERIVATIVE.sub("", name).partition("[")[0]
            hint = f"name the whole quantity: {whole}" if whole in self.problem.symbols else None
            hint = hint or suggest(name, list(self.problem.symbols)) or listed(self.problem.symbols, "declared")
            self.report.add(item, f"{quoted(name)} is not declared", hint)
        elif symbol.role in ("target", "constant"):
            hint = "give it the role input or parameter to differentiate by it"
            self.report.add(item, f"{name} is a {symbol.role}; the loss is not differentiated by it", hint)
        elif self.whole and name not in self.differentiable:
            symbols = self.problem.symbols
            on = [other for other in self.differentiable if symbols[other].role not in ("target", "constant")]
            hint = listed(on, "it depends on")
            self.report.add(item, f"{self.problem.loss} does not depend on {name}", hint)
        else:
            return [name]
        return []

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
        if not isinstance(left.base if isinstance(left, Entry) else left, Adj):
            hint = "such as dL/dz = y - t, or dL/dz[k] = y[k] - t[k]"
            self.report.add(item, "the left side is a derivative of the loss here", hint)
            return None
        return left, right

    def form(self, tree: Tree) -> Expr | None:
        if not isinstance(tree, Scalar) or not tree.text.strip():
            self.report.add(tree, "form is an expression", "such as form: outer(dL/dz, x)")
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


def _part(kind: str, fields: Mapping[str, object], **own: object) -> Part:
    return Part(kind, **{**fields, **own})  # type: ignore[arg-type]


def _reaches_loss(problem: Problem) -> dict[str, None]:
    """The names that the loss depends on, the loss included."""
    found = {problem.loss: None}
    for equation in reversed(problem.equations):
        if equation.name in found:
            found.update(dict.fromkeys(names_in(equation.rhs)))
    return found


_DERIVATIVE = re.compile(r"d\w+/d|grad\(|\)")
"""What stands around the name where a derivative is written, ``dL/dW`` or ``grad(W)``."""

_KINDS: dict[str, Callable[[_Reader, str, Tree, Mapping[str, object]], Part | None]] = {
    "graph": _Reader.graph,
    "show": _Reader.claims,
    "derive": _Reader.gradients,
    "vectorize": _Reader.vectorize,
    "gradients": _Reader.gradients,
    "forward": _Reader.nodes,
    "why": _Reader.why,
    "ask": _Reader.ask,
}
