r"""What a text may mean, with the names that hold for it: every reading of a member of an answer.

The text is read as code where it is code, else as the plain language or, where that fails, as a formula with what
people write by hand in it (``reading.latex.handwriting``).  Other readings are offered beside the customary one: of
products in other groupings, of letters that are functions elsewhere, of rows of matrices.

Must not know what is asked for but its shape, nor what other members of the answer say.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from backsym.core.errors import InputError
from backsym.core.expr import Adj, Div, Entry, Expr, Fn, Ix, Member, Mul, Shape, Sym, children, free_indices, walk
from backsym.core.problem import Problem
from backsym.core.source import Source
from backsym.core.words import say
from backsym.marking.answers.model import Target
from backsym.marking.answers.own_names import Names, as_in_code, untagged
from backsym.marking.answers.refusals import Refused, refused
from backsym.marking.answers.rows import are_small, has_rows, matrices, of_one_example, without_rows
from backsym.reading.latex.answers import STEPS, parse_answer
from backsym.reading.latex.handwriting import handwritten
from backsym.reading.meaning import arrays, formulas
from backsym.reading.meaning.labels import spelled_out
from backsym.reading.meaning.resolve import Resolver
from backsym.reading.meaning.scope import Frame, Scope, Unavailable, free_letters
from backsym.reading.meaning.shape_hints import Mismatch, SizeUnknown
from backsym.reading.plain import glance
from backsym.reading.plain.grammar import parse_expression
from backsym.reading.python.grammar import expression_of_code
from backsym.reading.python.lexer import NotPython
from backsym.reading.python.recognise import BETWEEN, is_code
from backsym.reading.syntax import Node
from backsym.reading.syntax import walk as walk_tree

_PLAIN_SIGNS = "−–×·⋅∙∗⊙≥≤≠′’π"
_DOTS = "·⋅∙×•"
_NO_LETTERS = Frame()
AS_WRITTEN: Mapping[str, str] = MappingProxyType({})
MAX_GROUPINGS = 3
"""Ways to group a product, besides the customary one, that an answer is read in."""


class Reading(NamedTuple):
    """One way to read a member: the expression and its free letters in order of appearance.

    ``positional`` tells that the letters only count axes, as in einsum, and are no names for them.  ``regrouped`` tells
    that a product is grouped in another way than is customary; ``doubtful``, that an asterisk, which multiplies entry
    by entry, would have to be a matrix product: that is for a person to decide.
    """

    expr: Expr
    letters: tuple[Ix, ...]
    positional: bool = False
    regrouped: bool = False
    doubtful: bool = False


class Way(NamedTuple):
    """A way to read a text: its trees, as plain text, whose grouping is clear, or as a ``formula``."""

    source: Source
    trees: tuple[Node, ...]
    formula: bool


class Readings(NamedTuple):
    """What texts may mean in an answer about ``target``, with ``names``; nothing in it changes.

    ``mathematical`` tells that code is read by the customs of mathematics; ``by_quotient`` that it stands for a
    quotient of differentials, which is no Python either.
    """

    problem: Problem
    target: Target
    names: Names
    mathematical: bool = False
    by_quotient: bool = False
    matlab: bool | None = None
    """Whether the answer has signs of MATLAB, which counts axes from 1, or of Python; None for neither."""

    def of(self, text: str, given: tuple[Ix, ...] | None) -> list[Reading]:
        """Every reading of a text, of the first way of writing that makes sense; raises Refused if none does.

        Code has Python's grouping and no other; what looks like code and is no Python is mathematics.
        """
        if is_code(text, self.names.code) and (found := self.code(text, given)) is not None:
            return found
        try:
            found = [*self.spelled(text, given, turned=True), *self.as_steps(text, given)]
            found += self.as_euler(text, given)
            return [*found, *(each for each in self.as_one_hot(text, given) if each not in found)]
        except Refused as first:
            if found := self.as_one_hot(text, given):
                return found
            if meant := self.untagged:
                with suppress(Refused):
                    return self.spelled(text, given, meant)
            try:
                rows = self.by_rows(text, given)
            except Refused:
                if first.clash is None or not self.problem.families:
                    raise
                raise first from None
            if rows is not None:
                return rows
            # sum(X, 0) and the like, of which no sign says that it is code; a prime is mathematics but in MATLAB.
            matlab = bool(self.matlab and glance.called(text))
            if text.isascii() and (matlab or ("^" not in text and "'" not in text)):
                with suppress(Refused):
                    if (found := self.code(text, given)) is not None:
                        return found
            raise

    def code(self, text: str, given: tuple[Ix, ...] | None) -> list[Reading] | None:
        """The reading of a text of Python; None for a text that is none."""
        source = Source(text)
        try:
            code = expression_of_code(source, self.names.code, matlab=self.matlab is True)
            tree = code.tree(mathematical=self.mathematical)
            letters = (
                ix.kind in ("name", "shift") for n in walk_tree(tree) if n.kind == "entry" for ix in n.children[1:]
            )
            lettered = any(letters) or bool(given)
            by_place = picks_at_position(tree) and not is_code(text.replace("[:", "["), self.names.code)
            if self.mathematical or not (lettered or self.by_quotient or by_place or is_ours(tree, text)):
                return self.by_axes(tree, source, given)
            # Where the language's own letters and signs stand, positions count from 1.
            ours = code.tree(first=1) if "[" in text else tree
            readings = [self.resolved(ours, source, given)]
            if not lettered and ours != tree:
                with suppress(InputError):
                    readings.append(self.resolved(tree, source, given, first=0)._replace(regrouped=True))
            return readings
        except NotPython:
            return None
        except InputError as e:
            if (found := self.code_by_rows(source, given) or self.by_rows(text, given)) is not None:
                return found
            raise refused(e) from None

    def by_axes(self, tree: Node, source: Source, given: tuple[Ix, ...] | None) -> list[Reading]:
        """The readings of a tree of code; where no sign tells Python from MATLAB, also with axes that count from 1."""
        first = int(self.mathematical)
        found = [self.resolved(tree, source, given, first=first)]
        if self.matlab is None:
            with suppress(InputError, Unavailable):
                other = expression_of_code(source, self.names.code, from_one=True).tree(mathematical=self.mathematical)
                if other != tree:
                    reading = self.resolved(other, source, given, first=first)
                    found.append(reading._replace(regrouped=True, doubtful=True))
        return found

    def code_by_rows(self, source: Source, given: tuple[Ix, ...] | None) -> list[Reading] | None:
        """Code about rows of matrices, ``np.outer(dZ[n], X[n])``, entry by entry; None if it is not read so."""
        with suppress(InputError, Unavailable):
            tree = expression_of_code(source, self.names.code).tree(first=1)
            if not has_rows(tree):
                return None
            reading = self.of_members(lying=False).resolved(tree, source, given)
            if (done := without_rows(reading.expr, reading.letters, given or ())) is not None:
                return [Reading(*done, positional=not given and sum(dim != 1 for dim in reading.expr.shape) > 1)]
        return None

    def as_steps(self, text: str, given: tuple[Ix, ...] | None) -> list[Reading]:
        """A text in which H is the size of a dimension, with ``H(z)`` as Heaviside's step; empty for others."""
        if "(" not in text:
            return []
        letters = frozenset(x for x in STEPS if x in self.names.words.dims and f"{x}(" in text)
        found = self.with_names(self.names.without_sizes(letters), text, given) if letters else []
        return [reading._replace(regrouped=True) for reading in found]

    def as_euler(self, text: str, given: tuple[Ix, ...] | None) -> list[Reading]:
        """A text with powers of a quantity called e, as those of Euler's number; empty for others."""
        if "e^" not in "".join(text.split()) or "e" not in self.names.words.ranks:
            return []
        words = self.names.words
        ranks = {name: rank for name, rank in words.ranks.items() if name != "e"}
        found = self.with_names(replace(self.names, words=replace(words, ranks=ranks)), text, given)
        return [reading._replace(regrouped=True) for reading in found]

    def as_one_hot(self, text: str, given: tuple[Ix, ...] | None) -> list[Reading]:
        """A text with ``e_y`` as a one-hot vector, beside a family E of which e_y may be a row; empty for others."""
        words = self.names.words
        if "_" not in text or "E" not in words.families or "e" in words.ranks:
            return []
        names = replace(self.names, words=replace(words, families=words.families - {"E"}))
        return self.with_names(names, text, given)

    def with_names(self, other: Names, text: str, given: tuple[Ix, ...] | None) -> list[Reading]:
        """The readings of a text with other names; none where it is not read with them."""
        with suppress(Refused):
            return self._replace(names=other).spelled(text, given)
        return []

    def as_matrices(
        self, tree: Node, source: Source, given: tuple[Ix, ...] | None, *, read: Sequence[Reading] = ()
    ) -> list[Reading]:
        """A tree as MATLAB reads it, where an asterisk multiplies matrices: one with primes for transposes.

        Any other that is ``read`` already, where an asterisk spreads a vector over a matrix.
        """
        primed = "'" in source.text and any(n.kind == "transpose" for n in walk_tree(tree))
        if not primed and not any(map(_spreads, (part for reading in read for part in walk(reading.expr)))):
            return []
        with suppress(InputError, Unavailable):
            found = self.grouped(with_matrix_products(tree), source, given)
            return [reading._replace(regrouped=True, doubtful=not primed) for reading in found]
        return []

    def of_members(self, *, lying: bool) -> Readings:
        """The same, where a matrix may have one index, for a member of it."""
        return self._replace(names=self.names.with_rows(self.matrices, lying=lying))

    @property
    def matrices(self) -> frozenset[str]:
        """What may have one index, for a row of it."""
        return matrices(self.problem) | self.names.matrices

    def trees_with_rows(self, text: str) -> list[Node]:
        """The syntax trees of a text in which matrices have one index."""
        if not self.matrices:
            return []
        found = [tree for way in self.trees(text) for tree in way.trees if has_rows(tree)]
        return [] if found and of_one_example(handwritten(Source(text), self.names.words)) else found

    def by_rows(self, text: str, given: tuple[Ix, ...] | None) -> list[Reading] | None:
        """A text about rows of matrices, entry by entry; None if it has none, or is not read with them either."""
        found: list[Reading] = []
        clash: Refused | None = None
        for lying in (False, True):
            members = self.of_members(lying=lying)
            rows = members.trees_with_rows(text)
            if not lying and not rows:
                return None
            if lying and any(are_small(tree, text) for tree in rows):
                break  # x_n is a column; a row of X that lies is written X_n or X[n,:].
            try:
                readings = members.spelled(text, given)
            except Refused as e:
                if e.clash is not None and not lying:
                    clash = Refused("shape", say("answers.row_as_column"))
                continue
            for reading in readings:
                done = without_rows(reading.expr, reading.letters, given or ())
                if done is not None and self.names.matrices:
                    done = self.names.inlined(done[0]), done[1]
                if done is not None:
                    # The axes of a matrix of rows have their order; a row may be one of any axis.
                    placed = in_place(done[1], self.target.shape)
                    ordered = placed or sum(dim != 1 for dim in reading.expr.shape) > 1
                    found.append(Reading(*done, positional=not given and ordered))
        if not found and clash is not None:
            raise clash
        return sorted(found, key=lambda reading: not in_place(reading.letters, self.target.shape))[:1] or None

    @property
    def untagged(self) -> Mapping[str, str]:
        return untagged(self.target.name, self.problem.symbols, self.names.words)

    def spelled(
        self,
        text: str,
        given: tuple[Ix, ...] | None,
        meant: Mapping[str, str] = AS_WRITTEN,
        *,
        turned: bool = False,
    ) -> list[Reading]:
        """The readings of a text; ``meant`` are letters that stand for quantities with a tag.  Raises Refused.

        With ``turned``, asterisks may be those of MATLAB's products of matrices.
        """
        found: list[Reading] = []
        matrices: list[Reading] = []
        turned = turned and "*" in text.replace("**", "")
        errors: list[InputError] = []
        # With a quantity d, dr may be d times r; not where products have signs.
        product = self.names.words.known("d") and not any(sign in text for sign in "*@")
        both = product or (not text.isascii() and any(sign in text for sign in _DOTS))
        for source, trees, formula in self.trees(text, meant):
            for tree in trees:
                try:
                    readings = self.raised(tree, source, given) if formula else [self.resolved(tree, source, given)]
                except InputError as e:
                    errors.append(e)
                    matrices += self.as_matrices(tree, source, given) if turned else ()
                except Unavailable:
                    continue
                else:
                    if found and formula and not _divides_oddly(found[0].expr):
                        # s/n^2 u is (s/n^2) u: by a vector, or by a derivative, nobody divides who could do without.
                        readings = [reading for reading in readings if not _divides_oddly(reading.expr)]
                    found += [reading for reading in readings if reading not in found]
                    matrices += self.as_matrices(tree, source, given, read=readings) if turned else ()
            if found and not both:
                break
        if not found and matrices:
            return [reading._replace(regrouped=False) for reading in matrices]
        if not found:
            raise self.refusal(text, errors)
        return [*found, *matrices]

    def trees(self, text: str, meant: Mapping[str, str] = AS_WRITTEN) -> Iterator[Way]:
        """The syntax trees of a text: as plain text, then as a formula."""
        names = self.names
        formula = is_formula(text)
        if not formula and not meant:
            source = Source(text)
            try:
                tree = parse_expression(source, names.scope.is_partial)
            except InputError:
                pass  # It may be a formula, which is read below; what neither can read is refused by the caller.
            else:
                if names.make_sense(tree):
                    yield Way(source, (tree,), formula=False)
        source = Source(text)
        for differential in (True, False) if names.words.known("d") else (False,):
            for single in (False, True) if has_long_script(text) else (False,):
                with suppress(InputError):
                    trees = parse_answer(source, names.words, meant, single=single, differential=differential)
                    yield Way(source, trees, formula=True)

    def raised(self, tree: Node, source: Source, given: tuple[Ix, ...] | None) -> list[Reading]:
        """A formula in which a number with a size above it, ``a^T``, is a power; its transpose is not customary."""
        powers = self.with_powers(tree, source) if _may_be_size(source.text, self.names.words.dims) else tree
        if powers == tree:
            return self.grouped(tree, source, given)
        found = self.grouped(powers, source, given)
        with suppress(InputError, Unavailable):
            found += [reading._replace(regrouped=True) for reading in self.grouped(tree, source, given)]
        return found

    def with_powers(self, tree: Node, source: Source) -> Node:
        """The tree with numbers, which have no transpose, to the power of the size T where that letter is above them.

        A sign that is no letter, as in ``\\top``, is a transpose of anything.
        """
        children = tuple([self.with_powers(child, source) for child in tree.children])
        tree = tree._replace(children=children) if children != tree.children else tree
        if tree.kind != "transpose" or not _ends_with_letter(source.text[slice(*tree.span)]):
            return tree
        base = tree.children[0]
        try:
            if self.resolved(base, source, None).expr.shape:
                return tree
        except (InputError, Unavailable):
            return tree
        return Node("pow", "formula", (base, Node("name", "T", (), tree.span)), tree.span)

    def grouped(self, tree: Node, source: Source, given: tuple[Ix, ...] | None) -> list[Reading]:
        """A tree with its products grouped as is customary, and in the other ways that fit; raises InputError."""
        mixed = 0 < sum(map(formulas.is_mixed, walk_tree(tree))) <= MAX_GROUPINGS
        try:
            found = [self.resolved(tree, source, given)]
        except Mismatch:
            if not mixed:
                raise
            found = self.regrouped(tree, source, given, [])
            if not found:
                raise
            return [reading._replace(regrouped=False) for reading in found]
        return found + (self.regrouped(tree, source, given, found) if mixed else [])

    def regrouped(
        self, tree: Node, source: Source, given: tuple[Ix, ...] | None, known: Sequence[Reading]
    ) -> list[Reading]:
        """The readings of a tree in other groupings than the customary one; errors in them are nobody's."""
        names, found = self.names, list[Reading]()
        for grouping in range(1, MAX_GROUPINGS + 1):
            other = self._replace(names=replace(names, scope=replace(names.scope, grouping=grouping)))
            try:
                reading = other.resolved(tree, source, given)._replace(regrouped=True)
            except (InputError, Unavailable):
                continue
            if all(reading.expr != other.expr for other in (*known, *found)):
                found.append(reading)
        return found

    def resolved(self, tree: Node, source: Source, given: tuple[Ix, ...] | None, first: int = 1) -> Reading:
        """The expression of a tree; summed letters may be the student's own, free ones keep their declared range.

        Positions in code, which count from 0 in every array (``first``), are in the tree as if they counted from 1.
        """
        scope = self.names.scope if first else replace(self.names.scope, from_zero=frozenset())
        tree = spelled_out(tree, scope)
        fixed = tuple(ix for ix in given or () if not ix.fixed)
        free = free_letters(tree, scope)
        try:
            return self.resolved_in(scope, tree, source, fixed, free)
        except Mismatch:
            raise
        except InputError:
            known = {ix.letter for ix in fixed}
            ranges = {letter: scope.range_of(letter) for letter in free if letter not in known}
            declared = tuple(Ix(letter, dim) for letter, dim in ranges.items() if dim is not None)
            own = replace(scope, own_letters=True)
            # Where a letter of another dimension stands for an axis, it is the student's own.
            here = tuple(ix for ix in declared if ix.dim in self.target.shape)
            few = len(free) <= sum(dim != 1 for dim in self.target.shape)
            for kept in (declared, here) if few and not fixed and len(here) < len(declared) else (declared,):
                with suppress(InputError):
                    return self.resolved_in(own, tree, source, (*fixed, *kept), free)
            raise

    @property
    def sought(self) -> Shape:
        """The shape of what an array without a size of its own stands for: of members, that of each one."""
        if self.target.whole is not None:
            return self.target.whole.shape
        rank = self.problem.families.get(self.target.name)
        return self.target.shape[-rank:] if rank and rank > 1 else self.target.shape

    def resolved_in(
        self, scope: Scope, tree: Node, source: Source, fixed: tuple[Ix, ...], free: Mapping[str, Node]
    ) -> Reading:
        # Nothing asks where in the text a part of a read answer stands.
        resolver = Resolver(source, scope, _NO_LETTERS.with_fixed(fixed), spans=False)
        resolver.bind_free(free, (tree,))
        if "einsum" in source.text and (entries := arrays.positional(resolver, tree)) is not None:
            expr, letters = entries
            return Reading(self.names.inlined(expr) if self.names.own else expr, letters, bool(letters))
        whole: Shape = () if fixed else self.sought
        if formulas.is_bare(tree):
            expr = formulas.filled(tree, whole, resolver)
        else:
            try:
                expr = resolver.resolve(tree)
            except SizeUnknown:
                if tree.kind not in ("terms", "neg"):
                    raise
                expr = formulas.filled(tree, whole, resolver)
        if self.matlab and _divides_by_array(source.text, expr):
            raise Refused("syntax", say("answers.right_division"))
        frame = resolver.frame.letters
        letters = tuple(Ix(frame[name].shown, frame[name].dim or 1) for name in free)
        if self.names.own:
            expr = self.names.inlined(expr)
            # A name may stand for what has letters of its own, h_prev for h[t-1].
            letters = self.with_open(letters, expr) if self.names.are_open else letters
        if letters and any(isinstance(node, Fn) and node.kind == "diag" for node in walk(expr)):
            # Those of the entries of a diagonal are gone with them.
            used = free_indices(expr)
            letters = tuple(ix for ix in letters if ix in used)
        return Reading(expr, letters)

    def with_open(self, letters: tuple[Ix, ...], expr: Expr) -> tuple[Ix, ...]:
        """The letters of a text and those of the names in it; raises Refused beside all members of a family."""
        found = tuple(dict.fromkeys((*letters, *free_indices(expr))))
        if len(found) > len(letters) and has_whole(expr, self.problem.family_dims):
            name = next(name for name, (own, its) in self.names.own.items() if not set(free_indices(own)) <= set(its))
            raise Refused("wrong_index", say("answers.definition_indices", name=name))
        return found

    def refusal(self, text: str, errors: Sequence[InputError]) -> Refused:
        """The most helpful of the errors: a clash of shapes, else that of the way in which the text was written."""
        clash = next((e for e in errors if isinstance(e, Mismatch)), None)
        if clash is not None:
            return refused(clash)
        formula = None if errors else self.formula_error(text)
        if formula is not None and formula.code == "latex.undefined_name":
            return formula
        if not is_formula(text):
            source, names = Source(text), self.names.scope
            try:
                tree = parse_expression(source, names.is_partial)
                self.resolved(as_in_code(tree, names.names, self.names.words), source, None)
            except InputError as e:
                plain = refused(e)
                if plain.tag != "syntax":
                    return plain
                if not errors:  # That a product has no sign is no mistake: what the formula stops at is.
                    return formula if formula is not None and plain.code == "plain.expected" else plain
        return refused(errors[0]) if errors else formula or Refused("syntax", say("answers.not_read"))

    def formula_error(self, text: str) -> Refused | None:
        """Why a text is no formula; None if it is one."""
        words = self.names.words
        try:
            parse_answer(Source(text), words, differential=words.known("d"))
        except InputError as e:
            return refused(e)
        return None


def is_formula(text: str) -> bool:
    """Whether a text has signs that the plain language has not: macros, scripts in braces, other alphabets."""
    if "\\" in text or "_{" in text or "^{" in text:
        return True
    return not text.isascii() and any(c > "\x7f" and c not in _PLAIN_SIGNS for c in text)


def has_long_script(text: str) -> bool:
    """Whether more than one letter or digit stands after an underscore: ``x_ab`` may be x_a b."""
    return any(part[:1].isalnum() and part[1:2].isalnum() for part in text.split("_")[1:])


def _may_be_size(text: str, dims: Container[str]) -> bool:
    """Whether a letter that is a sign of a transpose elsewhere may be a size here."""
    return "T" in dims and "T" in text and "^" in text


def _ends_with_letter(text: str) -> bool:
    """Whether a text ends with the letter T above, in braces or not: no sign, and no letter of another font."""
    bare = "".join(text.split()).removesuffix("}")
    return bare.endswith(("^T", "^{T"))


def with_matrix_products(tree: Node) -> Node:
    """The tree with asterisks as matrix products."""
    children = tuple(map(with_matrix_products, tree.children))
    if tree.kind == "mul":
        return tree._replace(kind="product", children=children)
    return tree._replace(value=tree.value.replace("*", " ") if tree.kind == "terms" else tree.value, children=children)


def is_ours(tree: Node, text: str) -> bool:
    """Whether code has what Python has not: a quotient of differentials, a primed function, [z > 0], delta, π."""
    for n in walk_tree(tree):
        quotient = n.kind == "partial" and "/" in text[slice(*n.span)]
        function = n.kind == "call" and (n.value.endswith("'") or n.value == "delta")
        if quotient or function or (n.kind == "cmp" and text[: n.span[0]].rstrip().endswith("[")):
            return True
    return "π" in text


def has_whole(e: Expr, dims: Container[object]) -> bool:
    """Whether an array with an axis of members stands in an expression without an index for it."""
    if isinstance(e, (Entry, Member)):
        return False
    if isinstance(e, (Sym, Adj)):
        return bool(e.shape) and e.shape[0] in dims
    return any(has_whole(child, dims) for child in children(e))


def picks_at_position(tree: Node) -> bool:
    """Whether code has a position beside a whole axis, ``X[:,2]``, which alone is no sign of Python."""
    return any(
        {"num", "slice"} <= {item.kind for item in n.children[1:]} for n in walk_tree(tree) if n.kind == "subscript"
    )


def in_place(letters: Sequence[Ix], shape: Shape) -> bool:
    """Whether letters that count axes have the dimensions of the target's."""
    return tuple(ix.dim for ix in letters) == shape


def _spreads(e: Expr) -> bool:
    """Whether this is a product, entry by entry, of a vector and a matrix."""
    return isinstance(e, Mul) and len({len(arg.shape) for arg in e.args if arg.shape}) > 1


def _divides_by_array(text: str, e: Expr) -> bool:
    """Whether a slash without a point, beside signs of MATLAB with one, divides by an array."""
    if not any(sign in text for sign in BETWEEN):
        return False
    return text.count("./") < sum(isinstance(part, Div) and part.den.shape != () for part in walk(e))


def _divides_oddly(e: Expr) -> bool:
    return any(
        isinstance(part, Div)
        and ((part.den.shape and not part.num.shape) or any(isinstance(below, Adj) for below in walk(part.den)))
        for part in walk(e)
    )
