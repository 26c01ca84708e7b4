r"""How many axes a quantity has by custom: by its letter and font, its indices, and what the words call it.

Bold capitals are matrices and other bold letters vectors; in a note without bold letters capitals are matrices where it
transposes some, and what the words call a matrix is one; members x_n of a family have an axis more.

Knows a first look at the equations and the words around formulas; the equations' shapes are told elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from backsym.core.names import is_capital
from backsym.core.words import Said, Words, say
from backsym.reading.latex.declarations import Declaration, names_in_formula
from backsym.reading.latex.equations import Spelled
from backsym.reading.latex.lexer import FONTS, Token, script_end, tokens_in
from backsym.reading.latex.names import split_tag
from backsym.reading.notes.equations import Equations
from backsym.reading.notes.labels import label_in
from backsym.reading.notes.prose import MOST_JOINED, Prose
from backsym.reading.notes.refusals import transposed_letters
from backsym.reading.notes.words import FARTHEST, usual_rank
from backsym.reading.syntax import Node, walk

_VECTORS = frozenset("vec mathbf bm boldsymbol hat tilde bar".split())
"""Macros of what looks like a vector."""

_OF_ANOTHER = frozenset(
    "with w.r.t. w.r.t wrt by of to for from in on over through using via von nach mit bez\u00fcglich bzgl. f\u00fcr "
    "aus durch des der".split()
)
"""Words behind which another quantity is called something, "the gradient of $L$ with respect to the matrix $W$"."""


class Ranks:
    """``declared`` are the quantities that the note declares, ``letters`` those of examples, ``labels`` classes.

    ``families`` are the declared ones whose first axis counts members; ``sizes`` are letters of dimensions.

    ``assumed`` are the customs that were followed, with their places.
    """

    def __init__(
        self,
        prose: Prose,
        declared: Iterable[Declaration] = (),
        letters: Collection[str] = (),
        labels: Collection[str] = (),
        *,
        families: Collection[str] = (),
        sizes: Collection[str] = (),
    ):
        self.prose = prose
        self.source = prose.source
        self.formulas = prose.formulas
        self.declared = list(declared)
        self.letters = letters
        self.labels = labels
        self.declared_families = families
        self.sizes = sizes
        self.assumed: list[tuple[int, Said]] = []
        self.by_letter: set[str] = set()
        """The capitals that nothing but the note's transposes makes matrices."""

    def of(
        self, equations: Equations, given: Mapping[str, Spelled], names: Mapping[str, Spelled]
    ) -> tuple[dict[str, int | None], dict[str, int]]:
        """The number of axes of each name, None where the equations have to tell it; and those of families alone."""
        has_bold = self.has_bold(equations)
        trees = equations.entries()
        entries = {tree.children[0].value: len(tree.children) - 1 for tree in trees}
        matrices = self.light_matrices(equations, given)
        families = self.families(equations)
        declared = {d.spelled.name for d in self.declared}
        others = {name: spelled for name, spelled in names.items() if name not in declared}
        called = self.called_arrays(others)
        arrays = {} if has_bold else {**self.light_arrays(others, equations), **called}
        self.by_letter -= called.keys()
        nodes = {e.name for e in equations.found if e.sides is not None and e.sides[0].kind == "name"}
        rows = nodes if self.has_rows else frozenset()
        added = self.light_terms(equations, matrices)
        ranks: dict[str, int | None] = {}
        for name, spelled in names.items():
            told = spelled.bold or spelled.calligraphic or (has_bold and name not in added)
            unknown = None if name in rows or not told else usual_rank(spelled)
            by_letter = 2 if spelled.key[0] in matrices and name in given else arrays.get(name, unknown)
            ranks[name] = families.get(name) or entries.get(name, by_letter)
        return ranks, families

    def without(self, numbers: Iterable[str], equations: Equations, names: Mapping[str, Spelled]) -> dict[str, int]:
        """The axes of capitals that are numbers in spite of the custom; it is no more said of them."""
        found = dict.fromkeys(numbers, 0)
        self.assumed = []
        known = {*found, *(d.spelled.name for d in self.declared)}
        self.light_arrays({name: s for name, s in names.items() if name not in known}, equations)
        return found

    @property
    def has_rows(self) -> bool:
        r"""Whether small letters are rows, ``\mathbf{x} \in \mathbb{R}^{1 \times D}``, and none is a vector."""
        small = [d for d in self.declared if not d.letter and _is_small(d.spelled) and d.shape]
        others = [d for d in small if not _is_row(d) and d.spelled.name not in self.declared_families]
        return any(map(_is_row, small)) and not others

    def entries_of_rows(self, equations: Equations) -> list[Node]:
        r"""Entries with one index of what is a row: a declared one, or what a note of rows computes as a whole."""
        rows = {d.spelled.name for d in self.declared if _is_row(d)}
        rows |= {e.name for e in equations.found if e.sides is not None and e.sides[0].kind == "name"}
        one = [t for t in equations.entries() if len(t.children) == 2 and t.children[1].kind == "name"]
        return [t for t in one if t.children[0].value in rows] if self.has_rows else []

    def has_bold(self, equations: Equations) -> bool:
        return any(s.bold for s in (*equations.names.values(), *(d.spelled for d in self.declared)))

    def light_arrays(self, names: Mapping[str, Spelled], equations: Equations) -> dict[str, int]:
        """In a note without bold letters that transposes some: capitals are matrices, small transposed ones vectors.

        So it is where an equation without an index computes what has entries elsewhere, ``s = W h + b`` and ``s_k``.
        A small letter that only a formula to be shown transposes may be a number by a slip.
        """
        turned = transposed_letters(self.source, [(f.start, f.end) for f in self.formulas])
        forward = transposed_letters(self.source, [(e.segment.start, e.segment.end) for e in equations.found])
        whole = {e.name for e in equations.found if e.sides is not None and e.sides[0].kind == "name"}
        whole &= {entry.children[0].value for entry in equations.entries()}
        normed = _normed(equations)
        other_sign = {name for name, _ in _turned(equations)} | {t.children[0].value for t in equations.entries()}
        lengths = sorted({name for name, _ in normed if name in names} - other_sign)
        if lengths:
            said = say("notes.remark.vectors_in_lengths", names=lengths)
            self.assumed.append((next((f.start for f in self.formulas), 0), said))
        direct = {name for name, whole_name in normed | _turned(equations) if whole_name}
        before = _matrices_in_lengths(equations)
        names = {name: spelled for name, spelled in names.items() if name not in _divisors(equations)}
        found = {}
        for name, spelled in names.items():
            letter = spelled.letter
            capital = is_capital(letter) and name not in {*equations.lefts(), *equations.dims, *self.sizes}
            if (turned or whole or name in before) and capital:
                found[name] = 2
                self.by_letter |= set() if name in before else {name}
            elif (letter in forward and not spelled.below) or (letter.islower() and name in direct):
                found[name] = 1  # Beside \theta^T x a \theta_0 may be a number.
        at = next((f.start for f in self.formulas), 0)
        if found and any(rank == 2 for rank in found.values()):
            listed = sorted(name for name, rank in found.items() if rank == 2)
            said = say("notes.remark.matrices_since_transposed", names=listed)
            if not turned:
                said = (
                    _since_entries(listed, min(whole))
                    if whole
                    else say("notes.remark.matrices_in_lengths", names=listed)
                )
            self.assumed.append((at, said))
        return found

    def called_arrays(self, names: Mapping[str, Spelled]) -> dict[str, int]:
        """What the words call a matrix or a vector: "where $W$ and $V$ are weight matrices"."""
        found: dict[str, int] = {}
        for name, n in self.mentioned(names).items():
            last = n
            while last + 1 < len(self.formulas) and last - n < MOST_JOINED and self.prose.joined(last):
                last += 1
            start = self.formulas[n - 1].end if n else 0
            before = self.source.text[start : self.formulas[n].start].strip("$\\( \n").split()[-1:]
            after = self.prose.after(last).lower().replace(" und ", ",").replace(" and ", ",").partition(",")[0]
            after = " ".join(takewhile(lambda word: word not in _OF_ANOTHER, after.split()))
            before = [word for word in before if word[-1].isalpha()]  # "..., $x$": said of the one before.
            for said in (*before, after):
                rank = (
                    2 if "matri" in said.lower() else 1 if "vector" in said.lower() or "vektor" in said.lower() else 0
                )
                if rank and not any(word in said for word in ("entr", "component", "element", "eintr")):
                    found.setdefault(name, rank)
        return found

    def light_matrices(self, equations: Equations, given: Mapping[str, Spelled]) -> set[str]:
        r"""The capitals that multiply vectors, ``W \vec{x}``, in a note that marks vectors and not matrices."""
        marked = [s.letter for s in (*equations.names.values(), *given.values()) if s.bold]
        if any(letter.isupper() for letter in marked):
            return set()
        told = [d for d in self.declared if not d.letter]
        vectors = {d.spelled.key[0] for d in told if len(d.shape) - (d.spelled.name in self.declared_families) == 1}
        names = {**equations.names, **given}
        vectors |= {names[name].key[0] for name, rank in self.called_arrays(names).items() if rank == 1}
        formulas = [tokens_in(self.source, e.segment.start, e.segment.end) for e in equations.found]
        found: set[str] = set()
        computed: set[str] = set()
        for _ in equations.found:
            before = len(found), len(computed)
            for tokens in formulas:
                found |= _before_vectors(tokens, vectors if vectors and not marked else None, computed)
            computed |= {
                e.name
                for e in equations.found
                if e.sides is not None and not e.segment.left.bold and _is_product(e.sides[1], found, computed)
            }
            if before == (len(found), len(computed)):
                break
        return found

    def light_terms(self, equations: Equations, matrices: Collection[str]) -> set[str]:
        r"""Light letters, computed or added, in a note that writes some ``matrices`` or computed arrays light.

        So ``b`` is in ``\mathbf{z} = W \mathbf{x} + b``, and beside a light z that has entries: the equations tell it.
        """
        arrays = {t.children[0].value for t in equations.entries()}
        arrays |= {d.spelled.name for d in self.declared if d.shape and not d.letter}
        whole = [e for e in equations.found if e.sides is not None and e.sides[0].kind == "name"]
        light = {e.name for e in whole if not e.segment.left.bold}
        if not matrices and not light & arrays:
            return set()
        sides = [e.sides[1] for e in equations.found if e.sides is not None]
        sums = [t for side in sides for t in walk(side) if t.kind == "add"]
        terms = {term.value for t in sums for term in t.children if term.kind == "name"}
        return {name for name in light | terms if not _capital(name)}

    def mentioned(self, given: Mapping[str, Spelled]) -> dict[str, int]:
        """The first formula of the text that consists of this name, perhaps with others: "$\\lambda$ is a constant"."""
        found: dict[str, int] = {}
        for n, formula in enumerate(self.formulas):
            if not formula.displayed and formula.end - formula.start < FARTHEST:
                for spelled in names_in_formula(self.source, formula.start, formula.end):
                    if spelled.name in given:
                        found.setdefault(spelled.name, n)
        return found

    def families(self, equations: Equations) -> dict[str, int]:
        """The number of axes of families: bold letters with the index of an example, whose members are arrays."""
        declared = {d.spelled.name for d in self.declared}
        lefts = {e.name: e.segment.left for e in equations.found}
        spelled = {**equations.names, **lefts}
        found: dict[str, int] = {}
        vectors = {name for name, whole in _normed(equations) | _turned(equations) if not whole}
        for name, uses in equations.indexed.items():
            one = [t for t in equations.entries() if t.children[0].value == name and len(t.children) == 2]
            example = any(t.children[1].value in self.letters for t in one)
            if name not in declared and name in spelled and name in vectors and {n for n, _ in uses} == {1}:
                found[name] = 2
            if name in declared or name not in spelled or uses != {(1, True)}:
                continue
            if example:
                found[name] = 1 + usual_rank(replace(spelled[name], bold=True))
            elif name not in lefts and any(label_in(t.children[1], self.labels) for t in one):
                found[name] = 2  # What a class picks of E, or of columns u_o, is a vector.
        return found


def _divisors(equations: Equations) -> set[str]:
    """The quantities by which something is divided: numbers, ``z/T``."""
    return {t.children[1].value for t in equations.parts() if t.kind == "div"}


def _turned(equations: Equations) -> set[tuple[str, bool]]:
    """The quantities that are transposed, and whether they stand without an index: ``w`` and ``w_j`` are vectors."""
    return {found for t in equations.parts() if t.kind == "transpose" for found in _whole(t.children[0])}


def _normed(equations: Equations) -> set[tuple[str, bool]]:
    """The quantities that are terms of what a length is taken of, last in a product: ``x`` in ``\\|A x - b\\|``."""
    nodes = {e.name for e in equations.found}
    return {found for t in _lengths(equations) for found in _vectors_in(t.children[0]) if found[0] not in nodes}


def _matrices_in_lengths(equations: Equations) -> set[str]:
    """The capitals before vectors in what a length is taken of, ``A`` in ``\\|A x - b\\|``."""
    found: set[str] = set()
    for length in _lengths(equations):
        for t in walk(length):
            if t.kind == "terms" and any(not _capital(name) for name, _ in _vectors_in(t)):
                found |= {f.value for f in t.children[:-1] if f.kind == "name" and _capital(f.value)}
    return found


def _lengths(equations: Equations) -> list[Node]:
    return [t for t in equations.parts() if (t.kind, t.value) == ("call", "norm")]


def _vectors_in(tree: Node) -> Iterator[tuple[str, bool]]:
    if tree.kind in ("add", "neg"):
        for child in tree.children:
            yield from _vectors_in(child)
    elif tree.kind in ("terms", "mul"):
        yield from _vectors_in(tree.children[-1])
    else:
        yield from (found for found in _whole(tree) if not _capital(found[0]))


def _whole(tree: Node) -> Iterator[tuple[str, bool]]:
    """A name, or a name with one index."""
    core = tree.children[0] if tree.kind == "entry" and len(tree.children) == 2 else tree
    if core.kind == "name":
        yield core.value, core is tree


def _capital(name: str) -> bool:
    return name[:1].isupper()


def _is_row(declaration: Declaration) -> bool:
    r"""Whether a small letter is declared as a row, ``\mathbf{x} \in \mathbb{R}^{1 \times D}``: so are others."""
    return _is_small(declaration.spelled) and len(declaration.shape) == 2 and declaration.shape[0] == "1"


def _is_small(spelled: Spelled) -> bool:
    return spelled.letter[:1].islower()


def _is_product(tree: Node, matrices: Collection[str], vectors: Collection[str]) -> bool:
    """Whether a matrix times something is a term of this, or of what a function is applied to, or a vector is."""
    while tree.kind == "call" and len(tree.children) == 1:
        tree = tree.children[0]
    terms = tree.children if tree.kind == "add" else (tree,)
    firsts = (term.children[0] if term.kind == "terms" else term for term in terms)
    return any(
        first.kind == "name" and (first.value in vectors if first is term else split_tag(first.value)[0] in matrices)
        for first, term in zip(firsts, terms, strict=True)
    )


def _before_vectors(tokens: Sequence[Token], vectors: Collection[str] | None, computed: Collection[str]) -> set[str]:
    """The light capitals right before one of these letters, or before what looks like a vector."""
    found: set[str] = set()
    for n, token in enumerate(tokens):
        styled = n and (tokens[n - 1].text in FONTS or (tokens[n - 1].text == "{" and tokens[n - 2].text in FONTS))
        if token.kind != "letter" or not token.text.isupper() or styled:
            continue
        after = n + 1
        while after + 1 < len(tokens) and tokens[after].text in ("_", "^"):
            after = script_end(tokens, after)
        while after < len(tokens) and tokens[after].text in ("left", "bigl", "Bigl", "big", "Big", "(", "[", "cdot"):
            after += 1
        if after == len(tokens):
            continue
        follows = tokens[after]
        is_vector = follows.kind == "macro" and follows.text in _VECTORS if vectors is None else follows.text in vectors
        if is_vector or follows.text in computed:
            found.add(token.text)
    return found


def _since_entries(names: Sequence[str], array: str) -> Words:
    return say("notes.remark.matrices_since_entries", names=names, array=array)
