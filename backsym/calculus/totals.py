"""Jacobians and second derivatives: derivatives through all nodes between, by forward accumulation.

The Jacobian of a node v by a quantity x collects one contribution from each argument u of its equation:
dv/dx = sum over u of (local derivative of v by u) * du/dx.  A second derivative is that of a gradient in which all
derivatives of the loss have been put in.  Terms are rewritten as in the backward pass, and every rewrite is a step.

This module must not know about numbers or printing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from backsym.calculus import terms as tm
from backsym.calculus.backward import Axes, Backward, Rewrite, along, entry_of
from backsym.calculus.differentiate import differentiate, put
from backsym.calculus.forms import Definition, inline_adjoint
from backsym.calculus.lower import lower
from backsym.calculus.raising import signed_sum, times
from backsym.calculus.simplify import add_like, collapse, expand
from backsym.calculus.vertices import matmul, weight
from backsym.core import stepkinds as sk
from backsym.core.errors import BacksymError, NoMatrixForm
from backsym.core.expr import Adj, Div, Equation, Expr, Fn, IndexReduce, Ix, MatMul, Mul, Partial, Sym, Total, names_in
from backsym.core.stepkinds import StepKind
from backsym.core.steps import Fact, Step, TotalDerivation
from backsym.core.words import Words, say

Scope = Mapping[tm.Index, Ix]


@dataclass(frozen=True)
class Local:
    """The local derivative of a node by one argument, at indices of the argument."""

    argument: str
    at: Axes
    rewrites: tuple[Rewrite, ...]
    over: Axes = ()
    """The indices of the argument that are summed over."""
    direct: bool = False
    """Whether the argument is that by which is differentiated."""

    @property
    def result(self) -> tm.Poly:
        return self.rewrites[-1].result


class Totals:
    """Total derivatives of one problem; ``backward`` has derived all derivatives of the loss."""

    def __init__(self, backward: Backward):
        self.backward = backward
        self.problem = backward.problem
        self.namer = backward.namer
        self.raiser = backward.raiser

    def jacobian(self, of: str, by: str, *, denominator: bool = False) -> TotalDerivation:
        """The derivative of a node by a quantity on which it depends."""
        above, below, letters = self.axes_of(of, by)
        run = Run(self, by, below, letters, {of: above})
        value = run.upto(of)[of]
        result = tm.sub_poly(value[1], dict(pairs(value[0], above)))
        lhs = run.total(of, above, letters)
        found = self.product(run, of, by, denominator=denominator)
        if found is not None:
            form, steps = found
            stated = self.stated((of,), (by,), (above, below), result, letters, [], denominator=denominator)
            whole = Total(self.problem.sym(of), (self.problem.sym(by),), denominator)
            return replace(stated, matrix=Equation(whole, form), steps=steps, no_matrix=None)
        if run.steps and run.steps[-1].before != lhs:
            run.steps.append(Step(sk.SUBSTITUTE, lhs, self.raiser.poly(result, letters)))
        return self.stated((of,), (by,), (above, below), result, letters, run.steps, denominator=denominator)

    def product(self, run: Run, of: str, by: str, *, denominator: bool) -> tuple[Expr, tuple[Step, ...]] | None:
        """The product of the local Jacobians, where one path of vectors leads from one quantity to the other."""
        path = [of]
        while path[-1] != by:
            parts = run.parts[path[-1]]
            if len(parts) != 1:
                return None
            path.append(parts[0].argument)
        shapes = [self.problem.symbols[name].shape for name in path]
        if len(path) < 3 or any(len(shape) != 1 or shape == (1,) for shape in shapes):
            return None
        links = [self.jacobian(v, u, denominator=denominator) for v, u in pairwise(path)]
        forms = [link.matrix for link in (links[::-1] if denominator else links)]
        equations = [form for form in forms if form is not None]
        if len(equations) < len(forms):
            return None
        whole = Total(self.problem.sym(of), (self.problem.sym(by),), denominator)
        facts: dict[str, Fact] = {"node": self.problem.sym(of), "by": self.problem.sym(by)}
        chain = MatMul(tuple(e.lhs for e in equations))
        product = matmul([e.rhs for e in equations])
        steps = [step for link in links for step in link.steps]
        steps = [Step(sk.PRODUCT, whole, chain, (), facts), *steps, Step(sk.SUBSTITUTE, chain, product)]
        return product, tuple(steps)

    def second(self, first: str, last: str) -> TotalDerivation:
        """The second derivative of the loss by two quantities; of a vector by a vector, a matrix."""
        if self.problem.recurrent:
            raise BacksymError(say("calculus.second_recurrence"))
        above, below, letters = self.axes_of(first, last)
        gradient = self.explicit(first, above)
        entry = self.entry(Adj(first, self.problem.symbols[first].shape), above, letters)
        run = Run(self, last, below, letters)
        facts: dict[str, Fact] = {"node": self.problem.sym(first)}
        steps = [Step(sk.GRADIENT, entry, self.raiser.poly(gradient, letters), (), facts)]
        run.steps = steps
        before = run.twice(first, above)
        result, raw, chain = run.of_poly(gradient)
        through = {"node": self.entry(self.problem.sym(last), below, letters)}
        run.show(sk.SECOND, before, raw, through)
        run.rewritten(before, chain)
        return self.stated(
            (self.problem.loss, first), (last,), (above, below), result, letters, steps, denominator=False
        )

    def stationary(self, name: str) -> Expr:
        """Where the derivative of the loss by a number or a vector is zero; it has to be linear in it.

        The derivative is M w + c, with all nodes put in; the solution of M w = -c.  Raises BacksymError otherwise.
        """
        shape = self.problem.symbols[name].shape
        at, other, letters = self.axes_of(name, name)
        p = self.explicit(name, at)
        for eq in reversed(self.problem.equations):
            lowered = self.backward.lowered[eq.name]
            p = put(self.unfolded(p), {eq.name: tm.Lam(lowered.params, lowered.body)})
        with_it: list[tm.Term] = []
        without: list[tm.Term] = []
        for t in expand(collapse(p)):
            if name not in t.symbols:
                without.append(tm.Term(-t.coeff, t.powers, t.bound))
                continue
            with_it.append(_coefficient(t, name, other))
        if not with_it:
            raise BacksymError(say("calculus.constant", name=name))
        both = _without_common(collapse(tuple(with_it)), collapse(tuple(without)))
        try:
            matrix, _ = self.lightest(both[0], at + other if shape else (), letters)
            right, _ = self.lightest(both[1], at, letters)
        except NoMatrixForm as error:
            raise BacksymError(say("calculus.no_system", name=name, why=error.words)) from None
        if not shape:
            return Div(right, matrix)
        factors = right.args if isinstance(right, MatMul) else (right,)
        scales, core = _scaled(matrix)
        if len(factors) > 1 and factors[0] == core:  # c M w = M v: without M on both sides.
            rest = MatMul(factors[1:]) if len(factors) > 2 else factors[1]
            return rest if not scales else Div(rest, scales[0] if len(scales) == 1 else Mul(scales))
        return MatMul((Fn("inv", (matrix,), 0, "matrix"), *factors))

    # --- what both need ---

    def axes_of(self, of: str, by: str) -> tuple[Axes, Axes, dict[tm.Index, Ix]]:
        """Indices for two quantities, all with letters of their own."""
        shapes = [self.problem.symbols[name].shape for name in (of, by)]
        first = self.namer.for_symbol(of)
        taken = {ix.letter for ix in first if not ix.fixed}
        second: list[Ix] = []
        for ix in self.namer.for_symbol(by):
            free = ix if ix.fixed else self.namer.free(ix.dim, taken, ix.letter)
            taken.add(free.letter)
            second.append(free)
        above, below = along(shapes[0], first), along(shapes[1], tuple(second))
        known = (*zip(above, first, strict=True), *zip(below, second, strict=True))
        return above, below, {i: ix for i, ix in known if not i.fixed}

    def entry(self, base: Expr, at: Axes, letters: Scope) -> Expr:
        return entry_of(base, tuple(self.raiser.ix(i, letters) for i in at))

    def explicit(self, name: str, at: Axes) -> tm.Poly:
        """The derivative of the loss by ``name`` with all others put in."""
        params, value = self.backward.adjoints[name]
        value = tm.sub_poly(value, dict(pairs(params, at)))
        while any(isinstance(base, Adj) for base in _bases(value)):
            value = collapse(tuple(self._put_in(t) for t in value))
        return self.backward.simplest([self.backward.tidied([], value)], ())[-1].result if value else ()

    def _put_in(self, t: tm.Term) -> tm.Term:
        apart = _apart(tm.Term(t.coeff, tuple((self._put_inside(f), e) for f, e in t.powers), t.bound), Adj)
        found: tm.Poly = (apart,)
        for f, _ in apart.powers:
            if isinstance(f, tm.Ent) and isinstance(f.base, Adj):
                found = inline_adjoint(found, f.base.name, *self.backward.adjoints[f.base.name])
        return found[0]

    def _put_inside(self, f: tm.Factor) -> tm.Factor:
        if isinstance(f, tm.Grp):
            return tm.Grp(tuple(self._put_in(t) for t in f.body))
        if isinstance(f, tm.Fun):
            return replace(f, args=tuple(tm.Lam(a.params, tuple(map(self._put_in, a.body))) for a in f.args))
        return f

    def unfolded(self, p: tm.Poly) -> tm.Poly:
        """Entries of functions of whole arrays, such as softmax(z)[k], in terms of what they are made of."""
        if all(isinstance(base, (Sym, Adj)) for base in _bases(p)):
            return p

        def inside(f: tm.Factor) -> tm.Factor:
            if isinstance(f, tm.Ent) and isinstance(f.base, Fn):
                return tm.Grp(lower(f.base, f.idx, None, self.namer.hint))
            if isinstance(f, tm.Grp):
                return tm.Grp(self.unfolded(f.body))
            if isinstance(f, tm.Fun):
                return replace(f, args=tuple(tm.Lam(a.params, self.unfolded(a.body)) for a in f.args))
            return f

        opened = (_apart(t, Fn) for t in p)
        return tuple(tm.Term(t.coeff, tuple((inside(f), e) for f, e in t.powers), t.bound) for t in opened)

    def definitions(self, nodes: Iterable[str]) -> list[tuple[Definition, Fact]]:
        """What may be written by its name: these nodes, and functions of whole arrays in any equation."""
        lowered = self.backward.lowered
        own = [d for name in nodes for d in lowered[name].definitions]
        return own + [d for eq in lowered.values() for d in eq.definitions if isinstance(d[1], Fn) and d not in own]

    def stated(
        self,
        of: tuple[str, ...],
        by: tuple[str, ...],
        axes: tuple[Axes, Axes],
        result: tm.Poly,
        letters: dict[tm.Index, Ix],
        steps: list[Step],
        *,
        denominator: bool,
    ) -> TotalDerivation:
        """Both forms of a result; a matrix form only where each side has one axis at most, or one of them none."""
        above, below = axes
        names = (*of, *by)
        wholes = [self.problem.sym(name) for name in names]
        at: list[Axes] = [(), above, below] if len(names) == 3 else [above, below]
        entries = [self.entry(whole, indices, letters) for whole, indices in zip(wholes, at, strict=True)]
        whole = Total(wholes[0], tuple(wholes[1:]), denominator)
        entry = Equation(Total(entries[0], tuple(entries[1:]), denominator), self.raiser.poly(result, letters))
        order = below + above if denominator else above + below
        indices = tuple(letters[i] if i in letters else Ix(str(-i.serial), i.dim) for i in order)
        matrix: Equation | None = None
        why: Words | None = None
        steps = list(steps)
        try:
            if len(below) > 1 or (len(above) > 1 and below):
                raise NoMatrixForm(say("reasons.many_axes", axes=len(above) + len(below)))
            free = self.free(above, below, denominator=denominator)
            form, lifts = self.lightest(result, free, letters)
            matrix = Equation(whole, form)
            if free:
                steps.append(Step(sk.COLLECT, whole, form, lifts))
        except NoMatrixForm as error:
            why = error.words
        return TotalDerivation(names[0], names[1:], denominator, indices, entry, matrix, tuple(steps), why)

    @staticmethod
    def free(above: Axes, below: Axes, *, denominator: bool) -> Axes:
        """The indices of the array in the order of its axes; a number by a vector is a row."""
        if len(above) > 1:
            return above[::-1] if denominator else above
        if denominator:
            above, below = below, above
        return (tm.fixed_index(1, 1), *below) if below and not above else above + below

    def lightest(self, p: tm.Poly, free: Axes, letters: Scope) -> tuple[Expr, tuple[Step, ...]]:
        """The matrix form with the least to read, multiplied out or not."""
        found: list[tuple[Expr, tuple[Step, ...]]] = []
        failure: NoMatrixForm | None = None
        for form in (p, expand(p)):
            try:
                found.append(self.backward.lifted(form, free, letters))
            except NoMatrixForm as error:
                failure = failure or error
        if failure is not None and not found:
            raise failure
        return min(found, key=lambda item: weight(item[0]))


class Run:
    """Total derivatives by one quantity at ``at``, with the steps that lead to them."""

    def __init__(
        self, totals: Totals, by: str, at: Axes, letters: dict[tm.Index, Ix], given: Mapping[str, Axes] | None = None
    ):
        self.given = given or {}
        """The indices at which some nodes are asked for."""
        self.totals = totals
        self.backward = totals.backward
        self.problem = totals.problem
        self.by, self.at, self.letters = by, at, letters
        self.steps: list[Step] = []
        self.values: dict[str, tuple[Axes, tm.Poly]] = {}
        self.parts: dict[str, list[Local]] = {}

    def upto(self, *tops: str) -> dict[str, tuple[Axes, tm.Poly]]:
        """The derivatives of these nodes, and of all nodes between, by the quantity; none where it has no influence."""
        needed = set(tops)
        for eq in reversed(self.problem.equations):
            if eq.name in needed:
                needed.update(names_in(eq.rhs))
        moved = {self.by}
        for eq in self.problem.equations:
            used = [name for name in names_in(eq.rhs) if name in moved]
            if used and eq.name in needed and eq.name != self.by:
                moved.add(eq.name)
                if eq.name not in self.values:
                    self.values[eq.name] = self.node(eq.name, used)
        return self.values

    def node(self, name: str, arguments: Sequence[str]) -> tuple[Axes, tm.Poly]:
        lowered = self.backward.lowered[name]
        shape = self.problem.symbols[name].shape
        params = self.given[name] if name in self.given else along(shape, self.totals.namer.for_symbol(name))
        body = tm.sub_poly(lowered.known, dict(pairs(lowered.params, params)))
        scope = self.scope(params, self.letters)
        locals_: list[Local] = []
        for argument in arguments:
            shape = self.problem.symbols[argument].shape
            direct = argument == self.by
            at = self.at if direct else along(shape, self.totals.namer.for_symbol(argument))
            found = collapse(differentiate(body, argument, at, self.backward.style))
            if found:
                over = () if direct else tuple(i for i in at if not i.fixed)
                locals_.append(self.local(name, found, argument, at, over, direct=direct))
        return params, self.collected(name, params, scope, locals_)

    def collected(self, name: str, params: Axes, scope: Scope, parts: list[Local], itself: tm.Poly = ()) -> tm.Poly:
        """What a node's derivative is by its local derivatives, with the steps that say so; ``itself`` is that of the
        node by itself, where it is what is moved."""
        before = self.total(name, params, scope)
        total: tm.Poly = (*(t for part in parts for t in self.passed_on(part.result, part)), *itself)
        self.parts[name] = parts
        definitions = self.backward.lowered[name].definitions
        chain = self.backward.simplest([self.backward.tidied([], add_like(total))], definitions) if total else []
        self.told(name, params, scope, before, parts, total, itself)
        self.rewritten(before, chain, scope)
        return chain[-1].result if chain else ()

    def local(self, name: str, found: tm.Poly, argument: str, at: Axes, over: Axes, *, direct: bool) -> Local:
        """A local derivative as it is read most easily."""
        definitions = self.backward.lowered[name].definitions
        chain = self.backward.read_easily([Rewrite(sk.DIFFERENTIATE, found, {})], definitions)
        return Local(argument, at, tuple(chain), over, direct)

    def passed_on(self, local: tm.Poly, part: Local) -> tm.Poly:
        """The local derivative by an argument times the derivative of the argument."""
        if part.direct:
            return local
        inner = self.reached(part.argument, part.at)
        if not inner:
            return ()
        return tm.bind((tm.multiply(tm.as_factor(local), tm.as_factor(inner)),), part.over)

    def reached(self, argument: str, at: Axes) -> tm.Poly:
        """The derivative of an entry of an argument."""
        params, inner = self.values[argument]
        return tm.sub_poly(inner, dict(pairs(params, at)))

    def of_poly(self, p: tm.Poly) -> tuple[tm.Poly, tm.Poly, list[Rewrite]]:
        """The derivative of terms over nodes and leaves: its simplest form, the first one, and the way."""
        nodes = [eq.name for eq in self.problem.equations if eq.name in tm.poly_symbols(p) and eq.name != self.by]
        self.upto(*nodes)
        style = self.backward.style
        p = self.totals.unfolded(p)
        total = collapse(differentiate(p, self.by, self.at, style))
        for name in nodes:
            if name in self.values and tm.mentions(p, name):
                at = along(self.problem.symbols[name].shape, self.totals.namer.for_symbol(name))
                part = Local(name, at, (), tuple(i for i in at if not i.fixed))
                total += self.passed_on(collapse(differentiate(p, name, at, style)), part)
        raw = collapse(add_like(total))
        chain = (
            self.backward.simplest([self.backward.tidied([], raw)], self.totals.definitions(self.values)) if raw else []
        )
        return (chain[-1].result if chain else ()), raw, chain

    # --- what is shown ---

    def total(self, name: str, at: Axes, scope: Scope) -> Expr:
        below = self.totals.entry(self.problem.sym(self.by), self.at, self.letters)
        return Total(self.totals.entry(self.problem.sym(name), at, scope), (below,))

    def twice(self, first: str, above: Axes) -> Expr:
        """The second derivative of the loss, by entries."""
        by = [(first, above), (self.by, self.at)]
        entries = [self.totals.entry(self.problem.sym(name), at, self.letters) for name, at in by]
        return Total(self.problem.sym(self.problem.loss), tuple(entries))

    def scope(self, indices: Axes, letters: Scope) -> dict[tm.Index, Ix]:
        """Letters for further indices, none of which is taken."""
        scope = dict(letters)
        for i in indices:
            if not i.fixed and i not in scope:
                scope[i] = self.totals.namer.free(i.dim, {ix.letter for ix in scope.values()}, i.hint)
        return scope

    def told(
        self,
        name: str,
        params: Axes,
        scope: Scope,
        before: Expr,
        parts: Sequence[Local],
        total: tm.Poly,
        itself: tm.Poly,
    ) -> None:
        """The equation of a node, its local derivatives, and the chain rule over its arguments."""
        sym = self.problem.sym(name)
        node = self.totals.entry(sym, params, scope)
        lowered = self.backward.lowered[name]
        body, known = (
            self.totals.raiser.poly(tm.sub_poly(p, dict(pairs(lowered.params, params))), scope)
            for p in (lowered.body, lowered.known)
        )
        self.steps.append(Step(sk.FORWARD, node, body, (), {"node": sym}))
        if known != body:
            self.steps.append(Step(sk.RECOGNISE, body, known))
        terms: list[Expr] = []
        # Without the mark the derivative of the node's own equation would read as the one on the left.
        several = len(parts) > 1
        inner: list[tuple[Local, Expr, dict[tm.Index, Ix]]] = []
        for part in parts:
            within = self.scope(part.over, scope)
            below = self.totals.entry(self.problem.sym(part.argument), part.at, within)
            inner.append((part, below, within))
            local: Expr = Partial(node, below, part.direct and several)
            if not part.direct:
                local = times([local, self.total(part.argument, part.at, within)])
                over = tuple(within[i] for i in part.over)
                local = IndexReduce("sum", local, over) if over else local
            terms.append(local)
        if itself:
            terms.append(self.totals.raiser.poly(itself, scope))
        alone = len(parts) == 1 and parts[0].direct and not itself
        if parts and not alone:
            after = signed_sum([(False, term) for term in terms])
            facts: dict[str, Fact] = {"node": node, "by": self.totals.entry(self.problem.sym(self.by), self.at, scope)}
            self.steps.append(Step(sk.THROUGH, before, after, (), facts))
        for part, below, within in inner:
            lhs = before if alone else Partial(node, below, part.direct and several)
            chain = [self.totals.raiser.poly(rewrite.result, within) for rewrite in part.rewrites]
            current, substeps = lhs, list[Step]()
            for rewrite, after in zip(part.rewrites, chain, strict=True):
                more: dict[str, Fact] = {"node": below} if not substeps else {}
                substeps.append(Step(rewrite.kind, current, after, (), {**rewrite.facts, **more}))
                current = after
            shown = tuple(substeps) if len(substeps) > 1 else ()
            self.steps.append(Step(sk.LOCAL, lhs, chain[-1], shown, {"num": node, "den": below}))
        if not alone or not parts:
            self.show(sk.SUBSTITUTE if parts else sk.INDEPENDENT, before, total, {} if parts else {"node": node}, scope)

    def show(
        self, kind: StepKind, before: Expr, p: tm.Poly, facts: Mapping[str, Fact], scope: Scope | None = None
    ) -> None:
        current = next((s.after for s in reversed(self.steps) if s.before == before), None)
        after = self.totals.raiser.poly(p, self.letters if scope is None else scope)
        if after != current:
            self.steps.append(Step(kind, before, after, (), dict(facts)))

    def rewritten(self, before: Expr, chain: Sequence[Rewrite], scope: Scope | None = None) -> None:
        for rewrite in chain:
            self.show(rewrite.kind, before, rewrite.result, rewrite.facts, scope)


def _coefficient(t: tm.Term, name: str, at: Axes) -> tm.Term:
    """What stands before the entry of a quantity in a term, along ``at``; raises BacksymError for any other power."""
    found = [n for n, (f, e) in enumerate(t.powers) if isinstance(f, tm.Ent) and f.symbols == {name} and e == 1]
    rest = tuple(fe for n, fe in enumerate(t.powers) if n not in found[:1])
    if len(found) != 1 or any(name in f.symbols for f, _ in rest):
        raise BacksymError(say("calculus.not_linear", name=name))
    entry = t.powers[found[0]][0]
    assert isinstance(entry, tm.Ent)
    for i, j in zip(entry.idx, at, strict=True):
        if i in t.bound:
            t = tm.Term(
                t.coeff, tuple((tm.sub_factor(f, {i: j}), e) for f, e in rest), tuple(b for b in t.bound if b != i)
            )
            rest = t.powers
        elif i != j:
            rest = (*rest, (tm.Del(i, j), 1))
    return tm.Term(t.coeff, rest, t.bound)


def _scaled(e: Expr) -> tuple[tuple[Expr, ...], Expr]:
    """Numbers and the one array that they multiply."""
    if not isinstance(e, Mul):
        return (), e
    numbers, arrays = tuple(a for a in e.args if not a.shape), tuple(a for a in e.args if a.shape)
    return (numbers, arrays[0]) if len(arrays) == 1 else ((), e)


def _without_common(a: tm.Poly, b: tm.Poly) -> tuple[tm.Poly, tm.Poly]:
    """Both sides of an equation without a number, or the size of a dimension, that all their terms have."""
    sizes = {abs(t.coeff) for t in (*a, *b)}
    common = sizes.pop() if len(sizes) == 1 else 1
    dims = [{f.dim: e for f, e in t.powers if isinstance(f, tm.Dm)} for t in (*a, *b)]
    shared = {dim: e for dim, e in dims[0].items() if all(other.get(dim) == e for other in dims)}

    def divided(p: tm.Poly) -> tm.Poly:
        return tuple(
            tm.Term(
                t.coeff / common,
                tuple(fe for fe in t.powers if not isinstance(fe[0], tm.Dm) or fe[0].dim not in shared),
                t.bound,
            )
            for t in p
        )

    return divided(a), divided(b)


def pairs(olds: Axes, news: Axes) -> list[tuple[tm.Index, tm.Index]]:
    return [(old, new) for old, new in zip(olds, news, strict=True) if not old.fixed]


def _bases(p: tm.Poly) -> list[Expr]:
    """The arrays of which terms have entries, at any depth."""
    found: list[Expr] = []
    todo = [f for t in p for f, _ in t.powers]
    while todo:
        f = todo.pop()
        if isinstance(f, tm.Ent):
            found.append(f.base)
        bodies = [f.body] if isinstance(f, tm.Grp) else [a.body for a in f.args] if isinstance(f, tm.Fun) else []
        todo += [g for body in bodies for t in body for g, _ in t.powers]
    return found


def _apart(t: tm.Term, kind: type[Expr]) -> tm.Term:
    """Entries of such arrays at shifted indices as sums with a delta: a[i + k] = sum over j of delta(j, i + k) a[j].

    Outside of its array an entry is zero, but not what is put in for it: cos(v[i + k]) is one there.
    """
    powers: list[tuple[tm.Factor, tm.Exponent]] = []
    bound = list(t.bound)
    for f, e in t.powers:
        if not (isinstance(f, tm.Ent) and isinstance(f.base, kind) and e > 0):
            powers.append((f, e))
            continue
        places: dict[tm.Index, tm.Index] = {
            i: tm.fresh(i.dim, tm.parts_of(i)[0][0].hint) for i in f.idx if isinstance(i, tm.Affine)
        }
        powers.append((tm.Ent(f.base, tuple(places.get(i, i) for i in f.idx)), e))
        powers += [(tm.Del(j, i), 1) for i, j in places.items()]
        bound += places.values()
    return tm.Term(t.coeff, tuple(powers), tuple(bound)) if len(bound) > len(t.bound) else t
