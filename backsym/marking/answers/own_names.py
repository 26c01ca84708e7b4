"""What names mean while one answer is read: those of the problem, and the student's own.

Knows expressions and scopes; knows no texts and no verdicts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from backsym.core.entrywise import array_of
from backsym.core.expr import Adj, Entry, Expr, Ix, Member, Partial, Shape, Sym, free_indices, rebuild, walk
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, REDUCTIONS, Function
from backsym.core.lazy import Kept, lazy
from backsym.core.names import GREEK, split_name
from backsym.core.words import say
from backsym.marking.answers.refusals import Refused
from backsym.marking.explaining.repair_material import renamed
from backsym.reading.latex.equations import vocabulary
from backsym.reading.latex.names import Vocabulary
from backsym.reading.meaning.scope import Scope, letters_in_entries
from backsym.reading.python.words import Words
from backsym.reading.syntax import Node, node

_BUILT_IN = frozenset((*REDUCTIONS, ABSTRACT_LOSS, "ones", "zeros", "eye", "grad", "delta", "direct"))


@dataclass(frozen=True)
class Names:
    """The names of one answer; ``own`` has what each of the student's stands for, and its letters."""

    scope: Scope
    words: Vocabulary
    own: Mapping[str, tuple[Expr, tuple[Ix, ...]]] = field(default_factory=dict)
    adjoints: Mapping[str, tuple[Expr, tuple[Ix, ...]]] = field(default_factory=dict)
    """What the student says is the derivative of the loss by names of the student's own."""
    rows: bool = False
    """Whether a matrix may have one index, for a row of it: of the student's own, too, which is written out later."""

    @lazy
    def code(self) -> Words:
        """The same names, as code writes them."""
        return Words(self.scope)

    @lazy
    def matrices(self) -> frozenset[str]:
        """The student's own names with two letters."""
        return frozenset(name for name, (_, letters) in self.own.items() if len(letters) == 2)

    @lazy
    def are_open(self) -> bool:
        """Whether one of the student's own names stands for what has free letters that are not the name's."""
        return any(not set(free_indices(expr)) <= set(letters) for expr, letters in self.own.values())

    @classmethod
    def of(cls, scope: Scope) -> Names:
        return cls(scope, vocabulary(scope))

    @lazy
    def _with_rows(self) -> Kept[tuple[frozenset[str], bool], Names]:
        return Kept(2)

    def with_rows(self, matrices: frozenset[str], *, lying: bool) -> Names:
        """The same names, of which matrices may have one index; ``lying`` rows are matrices of one row."""
        return self._with_rows.get((matrices, lying), lambda: self._having_rows(matrices, lying=lying))

    def _having_rows(self, matrices: frozenset[str], *, lying: bool) -> Names:
        scope = replace(self.scope, members=True, lying=lying)
        return replace(self, scope=scope, words=replace(self.words, families=matrices), rows=True)

    def without_sizes(self, letters: frozenset[str]) -> Names:
        """The same, where these letters are no sizes of dimensions: H is Heaviside's step where a text says so."""
        if not letters & set(self.words.dims):
            return self
        dims = {name: dim for name, dim in self.words.dims.items() if name not in letters}
        return replace(self, words=replace(self.words, dims=dims))

    def make_sense(self, tree: Node) -> bool:
        """Whether every name in a plain text means something: a cheap look before it is resolved."""
        scope = self.scope
        pending = [tree]
        while pending:
            kind, name, children, _, _ = pending.pop()
            if children:
                pending += children
            if kind == "name":
                if name in scope.names:
                    continue
                known = name in scope.dims or name == "π" or len(name.rstrip("'")) == 1
                known = known or scope.range_of(name) is not None or name in ("True", "False")
                if not known and name not in letters_in_entries(tree):
                    return False
            elif kind == "call":
                name = name.rstrip("'")
                if name not in FUNCTIONS and name not in _BUILT_IN and name not in scope.functions:
                    return False
        return True

    def defining(self, name: str, expr: Expr, letters: tuple[Ix, ...], *, word: bool) -> Names:
        """The same with one more; a ``word`` such as ``dz`` is no letter with a tag."""
        shape: Shape = (*(ix.dim for ix in letters), *expr.shape)
        latex = {**self.scope.latex, name: rf"\text{{{name}}}"} if word else self.scope.latex
        scope = replace(self.scope, names={**self.scope.names, name: Sym(name, shape)}, latex=latex)
        return Names(scope, vocabulary(scope), {**self.own, name: (expr, letters)}, self.adjoints)

    def function(self, text: str) -> Function | None:
        """The function of the table that a text is the name of, and nothing else."""
        bare = text.strip().removeprefix("\\text{").removeprefix("\\mathrm{").removeprefix("\\operatorname{")
        word = bare.removesuffix("}").removeprefix("\\").strip()
        if not word.isidentifier() or len(word) == 1 or self.words.has(word) or word in GREEK:
            return None
        found = FUNCTIONS.get(self.words.word(word) or "")
        return found if found is not None and len(found.args) == 1 and not found.expanded else None

    def calling(self, name: str, function: Function) -> Names:
        """The same with a name for a function of the table."""
        scope = replace(self.scope, own={**self.scope.own, name: function})
        return replace(self, scope=scope, words=vocabulary(scope))

    def opening(self, name: str, expr: Expr, *, word: bool) -> Names:
        """The same with a name for an expression whose free letters are those of where the name stands."""
        latex = {**self.scope.latex, name: rf"\text{{{name}}}"} if word else self.scope.latex
        scope = replace(self.scope, names={**self.scope.names, name: Sym(name, expr.shape)}, latex=latex)
        return Names(scope, vocabulary(scope), {**self.own, name: (expr, ())}, self.adjoints)

    def with_own(self, other: Names) -> Names:
        """The same with the names of the student's own that ``other`` has."""
        names = self
        for name, (expr, letters) in other.own.items():
            if names.own.get(name) != (expr, letters):
                names = names.defining(name, expr, letters, word=name in other.scope.latex)
        return replace(names, adjoints={**names.adjoints, **other.adjoints})

    def deriving(self, name: str, expr: Expr, letters: tuple[Ix, ...]) -> Names:
        """The same with what the derivative by one of the student's own names is."""
        return replace(self, adjoints={**self.adjoints, name: (expr, letters)})

    def inlined(self, e: Expr) -> Expr:
        """An expression with the student's own names replaced by what they were defined as; raises Refused."""
        own = self.own
        whole = array_of(e)
        if isinstance(whole, Adj) and whole.name in self.adjoints:
            return _put_in(e, whole.name, *self.adjoints[whole.name])
        if isinstance(e, (Entry, Member)) and isinstance(e.base, Sym) and e.base.name in own and own[e.base.name][1]:
            expr, letters = own[e.base.name]
            count = len(letters)
            if isinstance(e, Member) and self.rows and e.places[:count].count(None) == 1:
                return e  # A row, which is one of entries when it is written out.
            if isinstance(e, Member) and (None in e.places[:count] or any(e.places[count:])):
                raise Refused("shape", say("answers.used_whole", name=e.base.name))
            value = renamed(expr, dict(zip(letters, e.indices, strict=False)))
            return Entry(value, e.indices[count:]) if value.shape and isinstance(e, Entry) else value
        if isinstance(e, Sym) and e.name in own:
            expr, letters = own[e.name]
            if letters:
                raise Refused("shape", say("answers.used_whole", name=e.name))
            return expr
        if isinstance(e, (Adj, Partial)):
            name = next((n.name for n in walk(e) if isinstance(n, (Adj, Sym)) and n.name in own), None)
            if name is not None:
                message = say("answers.derivative_with_own_name", name=name)
                raise Refused("undeclared", message, say("answers.write_it_out"))
        return rebuild(e, self.inlined)


def untagged(target: str, names: Iterable[str], words: Vocabulary) -> dict[str, str]:
    """What a letter without its tag stands for: z for z2, if this is asked for or the only z."""
    tagged: dict[str, list[str]] = {}
    for name in names:
        base, tag = split_name(name)
        if tag and not words.has(base) and not words.is_index(base):
            tagged.setdefault(base, []).append(name)
    asked = {base: target for base, found in tagged.items() if target in found}
    return {base: found[0] for base, found in tagged.items() if len(found) == 1} | asked


def as_in_code(tree: Node, names: Container[str], words: Vocabulary) -> Node:
    """The tree with ``dh`` and ``d_h`` as the derivative by h, ``yhat`` as y_hat, to find what else is wrong."""
    if tree.kind == "name" and tree.value not in names and (name := words.quantity(tree.value, "")) in words.ranks:
        return tree._replace(value=name or "")
    if tree.kind != "name" or tree.value in names or tree.value[:1] != "d":
        return tree._replace(children=tuple(as_in_code(child, names, words) for child in tree.children))
    below = tree.value[1:].removeprefix("_")
    return node("call", "grad", (tree._replace(value=below),), tree.span) if below in names else tree


def _put_in(e: Expr, name: str, expr: Expr, letters: tuple[Ix, ...]) -> Expr:
    """What a derivative by a name of the student's own, or an entry of it, stands for; raises Refused."""
    if isinstance(e, Entry):
        return renamed(expr, dict(zip(letters, e.indices, strict=True))) if letters else Entry(expr, e.indices)
    if letters:
        raise Refused("shape", say("answers.own_adjoint_entries", name=name))
    return expr
