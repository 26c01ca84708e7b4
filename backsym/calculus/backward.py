"""The backward pass: every derivative of the loss, with its derivation.

Nodes are visited in reverse forward order (iteratively; no recursion over the graph).  The adjoint of v collects one
contribution from each consumer c of v:  dL/dv[I] = sum over c and J of dL/dc[J] * dc[J]/dv[I].  Each contribution is
written in the cheapest of a few equal forms.  Every rewrite is recorded as a step while it is made.

This module must not know about numbers or printing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from backsym.calculus import terms as tm
from backsym.calculus.cases import cases
from backsym.calculus.differentiate import Style, differentiate
from backsym.calculus.display import (
    author_entry,
    explicit,
    has_whole_array,
    present_forward,
    relettered,
    written_by_entries,
)
from backsym.calculus.entries import NoEntries
from backsym.calculus.forms import (
    Definition,
    at_shifted,
    by_symmetry,
    cheapest,
    collected,
    definition_of,
    factor,
    fold,
    gather,
    inline_adjoint,
    multiplied_out,
    neater,
    positive_sums,
    reflect,
    summed_of,
    width,
    without_minus,
    without_sums,
)
from backsym.calculus.letters import Letters, Namer
from backsym.calculus.lift import Lifter, raiser
from backsym.calculus.lower import lower
from backsym.calculus.members import MemberLifter
from backsym.calculus.raising import signed_sum, times
from backsym.calculus.reasons import reasons
from backsym.calculus.recognise import normalisers, recognised
from backsym.calculus.simplify import (
    add_like,
    collapse,
    expand,
    free_deltas,
    is_product,
    may_be_before,
    on_longer_axis,
    open_deltas,
    same,
    without_delta,
)
from backsym.calculus.vertices import weight
from backsym.core import stepkinds as sk
from backsym.core.errors import NoMatrixForm
from backsym.core.expr import (
    ONE,
    Adj,
    Entry,
    Equation,
    Expr,
    Fn,
    IndexReduce,
    Ix,
    Member,
    Partial,
    Shape,
    Started,
    Sym,
    free_indices,
    names_in,
    walk,
)
from backsym.core.functions import FUNCTIONS
from backsym.core.problem import FREE, NodeEquation, Problem
from backsym.core.stepkinds import StepKind
from backsym.core.steps import Case, Derivation, Fact, ForwardForms, Step

Axes = tuple[tm.Index, ...]


@dataclass(frozen=True)
class Lowered:
    """A forward equation in terms: ``name[params] = body``."""

    equation: NodeEquation
    params: Axes
    body: tm.Poly
    known: tm.Poly
    """The body that is differentiated: with functions that are written out by their names."""
    definitions: tuple[tuple[Definition, Fact], ...]
    """What may be folded back in derivatives of this equation, and what each fold refers to."""


@dataclass(frozen=True)
class Rewrite:
    """One recorded rewrite of an adjoint on its way to its final form."""

    kind: StepKind
    result: tm.Poly
    facts: dict[str, Fact]


@dataclass(frozen=True)
class Contribution:
    """What one consumer adds to an adjoint."""

    consumer: str
    at: Axes
    """Indices of the consumer's entry; where only one entry depends, they are the free ones."""
    summed: Axes
    local: tm.Poly
    local_steps: tuple[Rewrite, ...]
    by_name: tm.Poly
    rewrites: tuple[Rewrite, ...]

    @property
    def result(self) -> tm.Poly:
        return self.rewrites[-1].result if self.rewrites else self.by_name


class Backward:
    """One backward pass.  ``ones`` names the tensors whose sum along the last axis is one.

    Without ``loss_by_name`` no derivative is written in terms of the loss, for which the author has no name.
    """

    def __init__(self, problem: Problem, ones: frozenset[str] = frozenset(), *, loss_by_name: bool = True):
        self.problem = problem
        self.ones = ones
        self.unnamed = "" if loss_by_name else problem.end
        self.style = Style(problem.abstract, problem.derivatives)
        self.namer = Namer(problem)
        self.raiser = raiser(self.namer)
        self.lowered = {eq.name: self._lower(eq) for eq in problem.equations}
        sums = {name: summed_of(problem.sym(name), low.params, low.body) for name, low in self.lowered.items()}
        self.sums = {name: found for name, found in sums.items() if found is not None and name != problem.loss}
        self.adjoints: dict[str, tuple[Axes, tm.Poly]] = {}
        if problem.upstream is not None:
            at = self.lowered[problem.upstream].params
            given = Adj(problem.upstream, problem.symbols[problem.upstream].shape)
            self.adjoints[problem.upstream] = at, (tm.Term(Fraction(1), ((tm.Ent(given, at), 1),)),)
        self.relevant = self._relevant()

    def _lower(self, eq: NodeEquation) -> Lowered:
        params = along(eq.shape, self.namer.for_symbol(eq.name))
        # What is a number may be written as a 1x1 matrix: then every axis is at its only position.
        at_one = tuple(tm.fixed_index(1, 1) for _ in eq.rhs.shape)
        if eq.indices:
            own = dict(zip(eq.indices, params, strict=True))
            body = lower(eq.rhs, at_one, own, self.namer.hint)
        else:
            same = len(eq.rhs.shape) == len(params)
            body = lower(eq.rhs, params if same else at_one, None, self.namer.hint)
        body = collapse(body)
        known = recognised(body)
        return Lowered(eq, params, body, known, tuple(_apart(self._definitions(eq, params, known))))

    def _definitions(self, eq: NodeEquation, params: Axes, body: tm.Poly) -> Iterator[tuple[Definition, Fact]]:
        """The node itself, unless the file asks for the formula; then the row-wise functions of the author's calls."""
        node = Sym(eq.name, eq.shape)
        own = definition_of(node, params, body) if eq.name != self.unnamed else None
        if own and not any(
            isinstance(f, tm.Fun) and self.style.modes.get(f.name) == "formula" for f, _ in own.term.powers
        ):
            yield own, node
        for k, exponent in normalisers(body):
            # The sum of exponentials over k is that of each row of an array.
            rows = tm.in_order(tm.poly_free(exponent) - {k})
            with suppress(NoMatrixForm):
                yield from self._slope("softmax", Lifter(self.namer).poly(exponent, (*rows, k)))
        for call in walk(eq.rhs):
            entry = FUNCTIONS.get(call.name) if isinstance(call, Fn) else None
            if entry is None or entry.slope is None or not isinstance(call, Fn) or free_indices(call):
                continue
            yield from self._slope(entry.slope, call.args[0])

    def _slope(self, name: str, arg: Expr) -> Iterator[tuple[Definition, Fact]]:
        """The row-wise function in whose terms a derivative reads best."""
        slope = Fn(name, (explicit(arg, self.namer),), 0, "rowwise")
        at = along(slope.shape, self.namer.for_shape(slope.shape))
        found = definition_of(slope, at, collapse(lower(slope, at, None, self.namer.hint)))
        if found:
            yield found, slope

    def _relevant(self) -> frozenset[str]:
        """The nodes and leaves that the loss depends on."""
        seen = {self.problem.end}
        for eq in reversed(self.problem.equations):
            if eq.name in seen or not seen.isdisjoint(eq.block):
                seen |= {eq.name} | self._mentioned(eq.name)
        return frozenset(seen)

    def _mentioned(self, node: str) -> frozenset[str]:
        """The names in a node's equation, also where they cancel: their derivative is then shown to be zero."""
        return frozenset(names_in(self.lowered[node].equation.rhs))

    def order(self) -> Iterator[str]:
        """The loss, then every node, input and parameter that it depends on, in backward order.

        What is given is not among them.
        A leaf follows as soon as the last of its consumers is done, parameters before inputs.
        """
        symbols = self.problem.symbols
        waiting: dict[str, int] = {}
        for eq in self.problem.equations:
            if eq.name in self.relevant:
                for name in self._mentioned(eq.name):
                    waiting[name] = waiting.get(name, 0) + 1
        for eq in reversed(self.problem.equations):
            if eq.name not in self.relevant:
                continue
            if eq.name != self.problem.upstream:
                yield eq.name
            mentioned = self._mentioned(eq.name)
            for name in mentioned:
                waiting[name] -= 1
            ready = [n for n in names_in(eq.rhs) if n in mentioned and waiting[n] == 0 and n not in self.lowered]
            free = [n for n in ready if symbols[n].role in FREE and symbols[n].label is None]
            yield from sorted(free, key=lambda n: symbols[n].role == "input")

    def derive(self) -> Iterator[Derivation]:
        """All derivations, in backward order."""
        for name in self.order():
            yield self.derivation(name)

    # --- one derivative ---

    def derivation(self, name: str) -> Derivation:
        shape = self.problem.symbols[name].shape
        shown = self.namer.for_symbol(name)
        at = along(shape, shown)
        letters = {i: ix for i, ix in zip(at, shown, strict=True) if not i.fixed}
        target = entry_of(Adj(name, shape), shown)
        record = Recorder(self, name, at, letters, target)
        if name == self.problem.loss:
            result = tm.constant(1)
            record.step(sk.START, ONE, {"node": target})
        else:
            result = self._collect(name, at, record)
        self.adjoints[name] = (at, result)
        entry = Equation(target, self.raiser.poly(result, letters))
        member = self._member(name, result, at, letters, record)
        matrix, why_not = None, None
        if shape or any(t.bound for t in result):
            try:
                form, steps = self.lifted(result, at, letters)
                matrix = Equation(Adj(name, shape), form)
                facts: dict[str, Fact] = {"node": self.problem.sym(name)}
                record.steps.append(Step(sk.STACK if member else sk.VECTORIZE, matrix.lhs, form, steps, facts))
            except NoMatrixForm as error:
                why_not = error.words
        found = self._cases(name, result, at, shown, letters)
        return Derivation(name, shown, entry, matrix, tuple(record.steps), why_not, member, found)

    def _cases(self, name: str, result: tm.Poly, at: Axes, shown: tuple[Ix, ...], letters: Letters) -> tuple[Case, ...]:
        """What holds of which members of a family along which a recurrence runs."""
        family = self.problem.recurrent
        if not at or at[0].fixed or at[0].dim not in family:
            return ()
        whole = Adj(name, self.problem.symbols[name].shape)
        out: list[Case] = []
        for some in cases(result, name, at[0], shown[0]):
            there = self.raiser.ix(some.at, letters)
            rest = {i: ix for i, ix in letters.items() if i != at[0]}
            own = {**rest, at[0]: shown[0]} if some.at == at[0] else rest
            entry = Equation(entry_of(whole, (there, *shown[1:])), self.raiser.poly(some.value, own))
            matrix = None
            if len(at) > 1:
                scope = {i: ix for i, ix in own.items() if i.dim in self.problem.family_dims}
                lifter = MemberLifter(self.namer, self.problem.family_dims, scope, own)
                free = tuple(i for i in at[1:] if i not in scope)
                places = (there, *(own[i] if i in scope else None for i in at[1:]))
                lhs = Member(whole, places) if free else entry_of(whole, (there, *shown[1:]))
                try:
                    matrix = Equation(lhs, lifter.lifted(some.value, free))
                except NoMatrixForm:
                    matrix = None
            out.append(Case(some.run, entry, matrix, tuple(ix for i, ix in own.items() if i in at)))
        return tuple(out)

    def _member(self, name: str, result: tm.Poly, at: Axes, letters: Letters, record: Recorder) -> Equation | None:
        """The form with members of families as vectors and matrices, and its step; None where it says nothing new."""
        family = self.problem.family_dims
        if not family:
            return None
        shape = self.problem.symbols[name].shape
        shown = self.namer.for_symbol(name)
        scope = {i: ix for i, ix in letters.items() if i.dim in family}
        free = tuple(i for i in at if i not in scope)
        lifter = MemberLifter(self.namer, family, scope, letters)
        places = tuple(ix if ix.dim in family else None for ix in shown)
        whole = Adj(name, shape)
        lhs = whole if not any(places) else entry_of(whole, shown) if all(places) else Member(whole, places)
        try:
            rhs = lifter.lifted(result, free)
        except NoMatrixForm:
            return None
        letterless = not scope and not any(isinstance(e, (Member, IndexReduce)) for e in walk(rhs))
        if letterless or rhs == self.raiser.poly(result, letters):
            return None
        facts: dict[str, Fact] = {"node": lhs}
        record.steps.append(Step(sk.MEMBERS, lhs, rhs, tuple(lifter.steps), facts))
        return Equation(lhs, rhs)

    def lifted(self, p: tm.Poly, at: Axes, letters: Letters) -> tuple[Expr, tuple[Step, ...]]:
        """The matrix form that is easiest to read: of the form as it is, or multiplied out in part or in full."""
        found: list[tuple[int, Expr, tuple[Step, ...]]] = []
        failure: NoMatrixForm | None = None
        for form in (p,) if is_product(p) else different((p, *multiplied_out(p))):
            lifter = Lifter(self.namer, letters)
            try:
                e = lifter.poly(form, at)
                found.append((weight(e), e, tuple(lifter.steps)))
            except NoMatrixForm as error:
                failure = failure or error
        if failure and not found:
            raise failure
        # Multiplied out only where that is clearly easier to read.
        lightest = min(found, key=lambda item: item[0])
        _, best, steps = lightest if 6 * lightest[0] < 5 * found[0][0] else found[0]
        return best, steps

    def _collect(self, name: str, at: Axes, record: Recorder) -> tm.Poly:
        parts: list[Contribution] = []
        for consumer in self.problem.consumers.get(name, ()):
            if consumer in self.relevant:
                parts += self.contributions(name, at, consumer)
        parts.sort(key=lambda part: tm.cost(part.result))
        total = add_like(tuple(t for part in parts for t in part.result))
        return record.paths(parts, total)

    def contributions(self, name: str, at: Axes, consumer: str) -> Iterator[Contribution]:
        """What a consumer adds; one for each member of a recurrence in whose equation the quantity is."""
        lowered = self.lowered[consumer]
        params = tuple(i if i.fixed else tm.fresh(i.dim, i.hint) for i in lowered.params)
        body = tm.sub_poly(lowered.known, {a: b for a, b in zip(lowered.params, params, strict=True) if not a.fixed})
        raw = differentiate(body, name, at, self.style)
        local = collapse(raw)
        if not local:
            return
        recurs = any(isinstance(e, Started) for e in walk(lowered.equation.rhs))
        members = by_member(local, params[0]) if recurs and params else None
        if members is None or any(may_be_before(i) or on_longer_axis(i) for i, _ in members):
            yield self._contribution(consumer, params, local, raw)
            return
        for member, some in members:
            yield self._contribution(consumer, params, some, some, member)

    def _contribution(
        self, consumer: str, params: Axes, local: tm.Poly, raw: tm.Poly, member: tm.Index | None = None
    ) -> Contribution:
        """What a consumer adds by the local derivative, of which ``raw`` is the form with all deltas.

        With ``member`` it is of that member only.
        """
        lowered = self.lowered[consumer]
        unsolved = collapse(raw, shifted=False)
        before, general = params, local
        tied: Axes = ()
        if member is not None:
            tied, params = (member,), params[1:]
            local = unsolved = collapse(tm.sub_poly(local, {before[0]: member}))
        params, local, summed = restrict(params, local)
        params = (*tied, *params)
        steps = [Rewrite(sk.DIFFERENTIATE, local, {})]
        if tm.poly_key(unsolved) != tm.poly_key(general):
            # A delta of a shifted index is shown before it is used.
            now = {a: b for a, b in zip(before, params, strict=True) if a != b}
            unsolved = collapse(tm.sub_poly(unsolved, now), shifted=False)
            steps = [Rewrite(sk.DIFFERENTIATE, unsolved, {}), Rewrite(sk.KRONECKER_SHIFT, local, {})]
        if any(i != j and (i.fixed or isinstance(i, tm.Affine)) for i, j in zip(params, before, strict=True)):
            # At a position or a shift the formula of the node is not seen, so that it is looked for at a letter.
            now = {a: b for a, b in zip(before, params, strict=True) if a != b}
            named = self.folded([Rewrite(sk.DIFFERENTIATE, general, {})], lowered.definitions)[1:]
            steps += [Rewrite(r.kind, collapse(tm.sub_poly(r.result, now)), r.facts) for r in named]
        steps = self.read_easily(steps, lowered.definitions)
        local = steps[-1].result
        by_name = local
        if consumer != self.problem.loss:
            started = consumer in self.problem.starts
            adjoint = tm.Ent(Adj(consumer, self.problem.symbols[consumer].shape, recurrent=started), params)
            outer = tm.multiply(tm.Term(Fraction(1), ((adjoint, 1),)), tm.as_factor(local))
            by_name = (tm.Term(outer.coeff, outer.powers, summed + outer.bound),)
        rewrites = self._choose(consumer, by_name, lowered)
        return Contribution(consumer, params, summed, local, tuple(steps), by_name, rewrites)

    def _choose(self, consumer: str, by_name: tm.Poly, lowered: Lowered) -> tuple[Rewrite, ...]:
        """The simplest form of a contribution, by name or with the consumer's derivative put in."""
        node: dict[str, Fact] = {"node": self.problem.sym(consumer)}
        chains = [self.tidied([], by_name)]
        if consumer != self.problem.loss and consumer in self.adjoints and not at_shifted(by_name, consumer):
            params, value = self.adjoints[consumer]
            inlined = inline_adjoint(by_name, consumer, params, value)
            chains.append(self.tidied([Rewrite(sk.INLINE_ADJOINT, inlined, node)], inlined))
        best = self.simplest([self.symmetric(chain) for chain in chains], lowered.definitions)
        return tuple(self.vanished(best, by_name))

    def vanished(self, chain: list[Rewrite], p: tm.Poly) -> list[Rewrite]:
        """Without sums that a node is known to be: deviations from a mean add up to zero."""
        result = chain[-1].result if chain else p
        for name in (name for name in self.sums if name in tm.poly_symbols(result)):
            shorter = without_sums(result, self.sums[name])
            if not shorter:
                return [*chain, Rewrite(sk.FOLD, shorter, {"node": self.problem.sym(name)})]
        return chain

    @staticmethod
    def symmetric(chain: list[Rewrite]) -> list[Rewrite]:
        """With symmetric matrices in place of their transposes, once everything is differentiated."""
        written = by_symmetry(chain[-1].result)
        return chain if written is chain[-1].result else [*chain, Rewrite(sk.SYMMETRIC, written, {})]

    def simplest(
        self, chains: Sequence[list[Rewrite]], definitions: Sequence[tuple[Definition, Fact]]
    ) -> list[Rewrite]:
        """The chain whose result is cheapest to read: as it is, multiplied out or factored; the earliest wins a tie."""
        forms: list[list[Rewrite]] = []
        gathered: list[list[Rewrite]] = []
        for chain in chains:
            base = chain[-1].result
            if is_product(base):
                forms.append(chain)
                continue
            # Quotients meet what they cancel in a line of its own.
            stages = [
                Rewrite(sk.DISTRIBUTE, expand(base, quotients=True), {}),
                Rewrite(sk.EXPAND, expand(base), {}),
            ]
            grown = self._ones_collapsed([*chain, *stages], stages[-1].result)
            for form in (chain, grown):
                forms.append(form)
                forms.append([*form, Rewrite(sk.FACTOR, factor(form[-1].result), {})])
            exchanged = collected(chain[-1].result)
            if exchanged is not chain[-1].result:
                forms.append(self.symmetric([*chain, Rewrite(sk.GATHER, exchanged, {})]))
            together = gather(grown[-1].result)
            if together is not grown[-1].result:
                gathered.append([*grown, Rewrite(sk.GATHER, together, {})])
        # Of the same forms the first would be taken in any case.
        firsts = different([form[-1].result for form in forms])
        forms = [next(form for form in forms if form[-1].result is p) for p in firsts]
        forms, gathered = ([_signed(self.folded(form, definitions)) for form in some] for some in (forms, gathered))
        best = forms[cheapest([form[-1].result for form in forms])]
        for form in gathered:
            # Equally cheap, it is easier to read if its sums depend on fewer indices.
            gap = tm.cost(form[-1].result) - tm.cost(best[-1].result)
            if gap < 0 or (gap == 0 and width(form[-1].result) < width(best[-1].result)):
                best = form
        return best

    def tidied(self, chain: list[Rewrite], p: tm.Poly) -> list[Rewrite]:
        """Deltas eliminated, powers merged, sums to one."""
        cancelled = collapse(p, deltas=False)
        opened = open_deltas(cancelled)
        merged = collapse(opened, deltas=False)
        plain = collapse(merged, shifted=False)
        done = collapse(plain)
        chain = [
            *chain,
            Rewrite(sk.CANCEL, cancelled, {}),
            Rewrite(sk.OPEN, opened, {}),
            Rewrite(sk.CANCEL, merged, {}),
        ]
        chain.append(Rewrite(sk.KRONECKER, plain, {}))
        if not same(plain, done) and tm.poly_key(plain) != tm.poly_key(done):
            chain = [*chain, Rewrite(sk.KRONECKER_SHIFT, done, {})]
        return self._ones_collapsed(chain, done)

    def _ones_collapsed(self, chain: list[Rewrite], p: tm.Poly) -> list[Rewrite]:
        summed = collapse(p, self.ones)
        if same(summed, p) or tm.poly_key(summed) == tm.poly_key(p):
            return chain
        summed_up = {
            f.base.name
            for t in p
            for f, _ in t.powers
            if isinstance(f, tm.Ent) and isinstance(f.base, Sym) and f.idx and f.idx[-1] in t.bound
        }
        names = [name for name in self.problem.symbols if name in self.ones & summed_up]
        facts: dict[str, Fact] = {"node": self.problem.sym(names[0])} if len(names) == 1 else {}
        return [*chain, Rewrite(sk.SUM_TO_ONE, summed, facts)]

    @staticmethod
    def folded(form: list[Rewrite], definitions: Sequence[tuple[Definition, Fact]]) -> list[Rewrite]:
        """With the names of nodes and functions in place of what defines them."""
        for definition, node in definitions:
            folded = fold(form[-1].result, definition)
            if folded is not form[-1].result:
                form = [*form, Rewrite(sk.FOLD, folded, {"node": node})]
        return form

    def read_easily(self, steps: list[Rewrite], definitions: Sequence[tuple[Definition, Fact]]) -> list[Rewrite]:
        """A local derivative with names in place of what defines them, factored where that is neater, and with the
        quotients that differentiation makes by their names: that of log(e^u + e^-u) is a hyperbolic tangent."""
        steps = self.folded(steps, definitions)
        folded = steps[-1].result
        factored = factor(folded)
        if neater(factored, folded):
            steps = [*steps, Rewrite(sk.FACTOR, factored, {})]
        short = recognised(factored)
        if tm.cost(short) < tm.cost(steps[-1].result):
            steps = [*steps, Rewrite(sk.FACTOR, factored, {}), Rewrite(sk.RECOGNISE, short, {})]
        return steps

    # --- forward equations at both levels ---

    def forward(self) -> Iterator[ForwardForms]:
        for eq in self.problem.equations:
            lowered = self.lowered[eq.name]
            shown = self.namer.for_symbol(eq.name)
            letters = {i: ix for i, ix in zip(lowered.params, shown, strict=True) if not i.fixed}
            yield present_forward(eq, lowered.params, lowered.body, shown, letters, self.namer)


def different(forms: Iterable[tm.Poly]) -> list[tm.Poly]:
    """The forms that are not made of the very same terms as one before."""
    found: list[tm.Poly] = []
    for form in forms:
        if not any(same(form, other) for other in found):
            found.append(form)
    return found


def _apart(definitions: Iterable[tuple[Definition, Fact]]) -> Iterator[tuple[Definition, Fact]]:
    """Without those that say again what an earlier one says."""
    seen: set[tm.Key] = set()
    for definition, fact in definitions:
        key = tm.term_key(definition.term, {i: (1, n) for n, i in enumerate(definition.params) if not i.fixed})
        if key not in seen:
            seen.add(key)
            yield definition, fact


def _signed(form: list[Rewrite]) -> list[Rewrite]:
    """Without signs that a function or a difference takes in."""
    for kind, rewrite in (
        (sk.REFLECT, reflect),
        (sk.FACTOR, positive_sums),
        (sk.EXPAND, without_minus),
    ):
        result = rewrite(form[-1].result) if form else ()
        if form and result is not form[-1].result:
            form = [*form, Rewrite(kind, result, {})]
    return form


class Recorder:
    """Records the steps of one derivative as displayed equalities."""

    def __init__(self, backward: Backward, name: str, at: Axes, letters: dict[tm.Index, Ix], target: Expr):
        self.backward = backward
        self.name = name
        self.at = at
        self.letters = letters
        self.target = target
        self.steps: list[Step] = []
        self.current = target

    def step(self, kind: StepKind, after: Expr, facts: dict[str, Fact]) -> None:
        """A rewrite of the adjoint itself; one that changes nothing on the page is no step.

        One that leads back to what the page shows already takes the steps between away.
        """
        if after == self.current:
            return
        n, current = len(self.steps), self.current
        while n > 1 and self.steps[n - 1].after == current != after:
            n, current = n - 1, self.steps[n - 1].before
        if current == after and self.steps[n - 1].after == after:
            del self.steps[n:]
        else:
            self.steps.append(Step(kind, self.current, after, (), facts))
        self.current = after

    def paths(self, parts: list[Contribution], total: tm.Poly) -> tm.Poly:
        """Chain rule over all consumers, the local derivatives, substitution, simplification."""
        b = self.backward
        node = entry_of(b.problem.sym(self.name), tuple(self._ix(i) for i in self.at))
        scopes = [self._scope(part) for part in parts]
        if not parts:
            self._show(sk.INDEPENDENT, total, {"node": node})
            return total
        if [p.consumer for p in parts] == [b.problem.loss]:
            # The derivative of the loss's own equation is the derivative itself.
            forward = self._forward(parts[0], scopes[0])
            self.steps += [forward, *self._known(parts[0], scopes[0], forward.after)]
            after = b.raiser.poly(parts[0].by_name, self.letters)
            self.step(sk.DIFFERENTIATE, after, {"node": node, **reasons(forward.after, node, after)})
            self._rewrite(parts[0])
            return total
        terms = [self._chain_term(part, s, node) for part, s in zip(parts, scopes, strict=True)]
        consumers = tuple(self._node(part, s) for part, s in zip(parts, scopes, strict=True))
        single = len(parts) == 1
        kind = sk.CHAIN if single and not parts[0].summed else sk.CHAIN_MULTI
        self.step(kind, signed_sum([(False, t) for t in terms]), {"node": node, "consumers": consumers})
        if single:
            self._path(parts[0], scopes[0], node)
            return total
        for part, scope, term in zip(parts, scopes, terms, strict=True):
            path = Recorder(b, self.name, self.at, self.letters, term)
            path._path(part, scope, node)
            through: dict[str, Fact] = {"node": node, "consumer": self._node(part, scope)}
            self.steps.append(Step(sk.PATH, term, path.current, tuple(path.steps), through))
        self._show(sk.SUM_PATHS, total, {"node": node})
        return total

    def _path(self, part: Contribution, scope: dict[tm.Index, Ix], node: Expr) -> None:
        """One path: the consumer's forward equation, its local derivative, substitution, simplification."""
        forward = self._forward(part, scope)
        local = self._local(part, scope, node, forward.after)
        self.steps += [forward, *self._known(part, scope, forward.after), local]
        if local.before == self.current:  # The loss's own local derivative is the whole contribution of its path.
            self.current = local.after
        self._show(sk.SUBSTITUTE, part.by_name, {})
        if any(rewrite.kind == sk.INLINE_ADJOINT for rewrite in part.rewrites):
            self.steps.append(self._recall(part, scope))
        self._rewrite(part)

    def _recall(self, part: Contribution, scope: dict[tm.Index, Ix]) -> Step:
        """The consumer's derivative, which is about to be substituted; with its steps if the loss is next."""
        b = self.backward
        params, value = b.adjoints[part.consumer]
        here = tm.sub_poly(value, {a: c for a, c in zip(params, part.at, strict=True) if not a.fixed})
        shape = b.problem.symbols[part.consumer].shape
        lhs = entry_of(Adj(part.consumer, shape), self._letters(part, scope))
        steps: list[Step] = []
        loss = b.problem.loss
        if [c for c in b.problem.consumers.get(part.consumer, ()) if c in b.relevant] == [loss]:
            direct = list(b.contributions(part.consumer, part.at, loss))
            inner = Recorder(b, part.consumer, part.at, scope, lhs)
            if direct:
                inner.paths(direct, direct[0].result)
                steps = inner.steps
        return Step(sk.RECALL, lhs, b.raiser.poly(here, scope), tuple(steps), {"node": b.problem.sym(part.consumer)})

    def _rewrite(self, part: Contribution) -> None:
        for rewrite in part.rewrites:
            self._show(rewrite.kind, rewrite.result, rewrite.facts)

    def _show(self, kind: StepKind, p: tm.Poly, facts: dict[str, Fact]) -> None:
        self.step(kind, self.backward.raiser.poly(p, self.letters), facts)

    def _ix(self, i: tm.Index) -> Ix:
        return self.letters[i] if i in self.letters else Ix(str(-i.serial), i.dim)

    def _scope(self, part: Contribution) -> dict[tm.Index, Ix]:
        """Letters of the consumer's indices: its own, others where the free letters clash."""
        scope = dict(self.letters)
        for i in part.summed:
            scope[i] = self.backward.namer.free(i.dim, {ix.letter for ix in scope.values()}, i.hint)
        return scope

    def _node(self, part: Contribution, scope: dict[tm.Index, Ix]) -> Expr:
        return entry_of(self.backward.problem.sym(part.consumer), self._letters(part, scope))

    def _letters(self, part: Contribution, scope: dict[tm.Index, Ix]) -> tuple[Ix, ...]:
        return tuple(self.backward.raiser.ix(i, scope) for i in part.at)

    def _chain_term(self, part: Contribution, scope: dict[tm.Index, Ix], node: Expr) -> Expr:
        consumer = self._node(part, scope)
        shape = self.backward.problem.symbols[part.consumer].shape
        adjoint = entry_of(Adj(part.consumer, shape), self._letters(part, scope))
        local = Partial(consumer, node)
        body = local if part.consumer == self.backward.problem.loss else times([adjoint, local])
        over = tuple(scope[i] for i in part.summed)
        return IndexReduce("sum", body, over) if over else body

    def _forward(self, part: Contribution, scope: dict[tm.Index, Ix]) -> Step:
        """The consumer's forward equation, with the letters of this derivation."""
        b = self.backward
        lowered = b.lowered[part.consumer]
        by_entries, mixed = written_by_entries(lowered.equation), has_whole_array(lowered.equation.rhs)
        if by_entries and not mixed:
            own = dict(zip(lowered.equation.indices, self._letters(part, scope), strict=True))
            rhs = relettered(lowered.equation.rhs, own, {ix.letter for ix in scope.values()})
        else:
            taken = frozenset(ix.letter for ix in scope.values())
            try:
                if by_entries:
                    raise NoEntries("whole arrays stand among the entries")
                rhs = author_entry(lowered.equation, self._letters(part, scope), b.namer, taken)
            except NoEntries:
                params = dict(zip(lowered.params, part.at, strict=True))
                body = tm.sub_poly(lowered.body, {a: c for a, c in params.items() if not a.fixed})
                rhs = b.raiser.poly(body, scope)
        return Step(sk.FORWARD, self._node(part, scope), rhs, (), {"node": b.problem.sym(part.consumer)})

    def _known(self, part: Contribution, scope: dict[tm.Index, Ix], rhs: Expr) -> tuple[Step, ...]:
        """The consumer's equation with functions that are written out by their names, where there are any."""
        lowered = self.backward.lowered[part.consumer]
        if lowered.known is lowered.body:
            return ()
        m = {a: c for a, c in zip(lowered.params, part.at, strict=True) if not a.fixed}
        after = self.backward.raiser.poly(tm.sub_poly(lowered.known, m), scope)
        return (Step(sk.RECOGNISE, rhs, after),) if after != rhs else ()

    def _local(self, part: Contribution, scope: dict[tm.Index, Ix], node: Expr, rhs: Expr) -> Step:
        """The consumer's local derivative; ``rhs`` is its equation as displayed."""
        consumer = self._node(part, scope)
        inner = Recorder(self.backward, self.name, self.at, self.letters, Partial(consumer, node))
        why: dict[str, Fact] = {}
        for rewrite in part.local_steps:
            after = self.backward.raiser.poly(rewrite.result, scope)
            if rewrite.kind == sk.DIFFERENTIATE:
                why = reasons(rhs, node, after)
            inner.step(rewrite.kind, after, {**rewrite.facts, **({"node": node, **why} if not inner.steps else {})})
        cases = self._cases(part, scope, node)
        substeps = (*inner.steps, *cases) if len(inner.steps) > 1 or cases else ()
        facts: dict[str, Fact] = {"num": consumer, "den": node, **({} if substeps else why)}
        return Step(sk.LOCAL, Partial(consumer, node), inner.current, substeps, facts)

    def _cases(self, part: Contribution, scope: dict[tm.Index, Ix], node: Expr) -> tuple[Step, ...]:
        """What a Kronecker delta of the two entries' indices says: the case in which they are equal, and the other."""
        pairs = free_deltas(part.local)
        if len(pairs) != 1:
            return ()
        (j, i) = pairs[0] if pairs[0][0] in part.summed else pairs[0][::-1]
        if j not in part.summed or i not in scope:
            return ()
        raiser = self.backward.raiser
        same = {**scope, j: scope[i]}
        facts: dict[str, Fact] = {"index": scope[j], "other": scope[i]}
        equal = collapse(tm.sub_poly(part.local, {j: i}))
        different = collapse(without_delta(part.local, (j, i)))
        return (
            Step(sk.CASE_EQUAL, Partial(self._node(part, same), node), raiser.poly(equal, scope), (), facts),
            Step(
                sk.CASE_DIFFERENT,
                Partial(self._node(part, scope), node),
                raiser.poly(different, scope),
                (),
                {**facts, "unless": (scope[j], scope[i])},
            ),
        )


def along(shape: Shape, letters: tuple[Ix, ...]) -> Axes:
    """A fresh index for each axis, hinted by its letter."""
    return tuple(
        tm.fixed_index(1, 1) if d == 1 else tm.fresh(d, ix.letter) for d, ix in zip(shape, letters, strict=True)
    )


def restrict(params: Axes, local: tm.Poly) -> tuple[Axes, tm.Poly, Axes]:
    """Only the consumer's entries that really depend are summed over.

    Where every term of the local derivative carries delta(j, i), the consumer's index j is i.  Returns the consumer's
    indices, the local derivative at them, and the indices that remain to be summed.
    """
    params_now = list(params)
    summed: list[tm.Index] = []
    for n, j in enumerate(params):
        if j.fixed:
            continue
        other = _common_delta(j, local)
        if other is None:
            summed.append(j)
            continue
        local = collapse(tm.sub_poly(local, {j: other}))
        params_now[n] = other
        # An earlier axis may have been set equal to this one.
        params_now = [other if i == j else i for i in params_now]
    return tuple(params_now), local, tuple(summed)


def by_member(local: tm.Poly, j: tm.Index) -> list[tuple[tm.Index, tm.Poly]] | None:
    """The terms by the member to whose index j each of them ties it: h_(t+1) where h_t is the one before it.

    None where a term ties it to none, or all of them to j's own letter, which ``restrict`` sees.
    """
    found = members_of(local, j)
    if found is None or not any(isinstance(member, tm.Affine) or member.fixed for member, _ in found):
        return None
    return found


def members_of(local: tm.Poly, j: tm.Index) -> list[tuple[tm.Index, tm.Poly]] | None:
    """The terms by the member to whose index j each of them ties it; None where a term ties it to none."""
    found: dict[tm.Index, list[tm.Term]] = {}
    for t in local:
        member = next((m for f, e in t.powers if isinstance(f, tm.Del) and (m := _tied(f, j, t)) is not None), None)
        if member is None:
            return None
        found.setdefault(member, []).append(t)
    return [(member, tuple(terms)) for member, terms in found.items()]


def _tied(f: tm.Del, j: tm.Index, t: tm.Term) -> tm.Index | None:
    """What j must be for the delta not to be zero."""
    gap = tm.affine(((f.a, 1), (f.b, -1)), 0, "")
    factors = dict(tm.parts_of(gap))
    factor = factors.pop(j, 0)
    if factor not in (1, -1) or not tm.free_of(factors).isdisjoint(t.bound):
        return None
    offset = gap.offset if isinstance(gap, tm.Affine) else 0
    return tm.affine(((i, -factor * c) for i, c in factors.items()), -factor * offset, j.dim)


def _common_delta(j: tm.Index, local: tm.Poly) -> tm.Index | None:
    partners: list[set[tm.Index]] = []
    for t in local:
        found = set()
        for f, e in t.powers:
            if isinstance(f, tm.Del) and j in (f.a, f.b) and e == 1:
                other = f.b if f.a == j else f.a
                if other not in t.bound and not isinstance(other, tm.Affine):
                    found.add(other)
        partners.append(found)
    common = set.intersection(*partners) if partners else set()
    return min(common, key=lambda i: i.serial) if common else None


def entry_of(base: Expr, indices: tuple[Ix, ...]) -> Expr:
    return Entry(base, indices) if indices else base
