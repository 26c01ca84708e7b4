r"""What formulas leave out by custom: that bars are a length, ``|\mathbf{y}|^2``, and up to where a sum runs.

Before a sum, ``\frac{1}{N} \sum_i``, a letter that only divides is the number of its terms.  A loss is a number.
Where it has the absolute value or the square of a vector as a term, and nothing else would make it one, the vector's
length is meant.  The note is read again with the signs for it, and the report says so.

Knows syntax trees, their places and the axes of names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.files.yamlfile import Edit
from backsym.reading.latex.equations import UNKNOWN, FormulaReader, Segment, Spelled, first_look, segments
from backsym.reading.latex.lexer import FONTS, Token, closing, script_end, tokens_in
from backsym.reading.latex.names import Key, new_name, without_accents
from backsym.reading.latex.symbols import BOLD
from backsym.reading.notes.equations import TARGETS, Equations, is_loss
from backsym.reading.notes.refusals import capital_of, computed_arrays, indexes
from backsym.reading.notes.shapes import Shapes
from backsym.reading.syntax import Node, walk

_SUMS = ("add", "neg", "terms", "div")
_COUNTS = ("N", "M")
"""Numbers by custom: how many terms a sum over the small letter has."""


class Respelled(Exception):
    """The note is to be read again with these edits; ``what`` are places and words of the customs, for the report."""

    def __init__(
        self,
        edits: list[Edit],
        what: list[tuple[int, Said]],
        written: Mapping[str, str] | None = None,
        rows: Collection[str] = (),
    ):
        """``written`` is how names are written on the page that the edits give to quantities; ``rows`` are rows."""
        super().__init__()
        self.rows = frozenset(rows)
        self.edits = edits
        self.what = what
        self.written = written or {}


def check_lengths(source: Source, equations: Equations, shapes: Shapes) -> None:
    """Raises Respelled where a term of a loss is the absolute value or the square of a vector."""
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    for equation in equations.found:
        left = equation.segment.left
        if equation.sides is None or left.bold or not is_loss(left):
            continue
        for tree in _terms(equation.sides[1], shapes):
            reader = FormulaReader(source, UNKNOWN, *tree.span, lenient=True)
            edits += _edits(reader, tree)
            absolute = tree.kind == "call"
            said = say("notes.remark.absolute_of_vector" if absolute else "notes.remark.square_of_vector")
            what.append((tree.span[0], said))
    if edits:
        raise Respelled(sorted(edits), what)


def check_counts(source: Source, equations: Equations, declared: Collection[str], told: Mapping[str, str]) -> None:
    r"""Raises Respelled where the N of ``\frac{1}{N} \sum_i`` or ``\sum_n`` is a quantity by its letter alone.

    ``told`` are the sizes of index letters that the text tells.
    """
    given = equations.given()
    uses = Counter(tree.value for tree in equations.parts() if tree.kind == "name" and tree.value in given)
    edits: list[Edit] = []
    what: list[tuple[int, Said]] = []
    divisors = (name for tree in equations.parts() if tree.kind == "div" for name in walk(tree.children[1]))
    below = Counter(name.value for name in divisors if name.kind == "name")
    for tree in (tree for tree in equations.parts() if tree.kind == "call" and tree.value == "sum"):
        letter = tree.children[1] if len(tree.children) == 2 else tree
        capital = letter.value.upper()
        free = capital in given and capital not in declared and capital not in equations.indexed
        if capital in _COUNTS and free and not letter.children and not given[capital].bold and indexes(tree):
            edits.append(_limit(source, tree, capital))
            what.append((tree.span[0], say("notes.remark.terms_of_sum", letter=capital)))
    if edits:
        raise Respelled(sorted(edits), what)
    for tree in (tree for tree in equations.parts() if tree.kind == "terms"):
        names = [n.value for f in tree.children if f.kind == "div" for n in walk(f.children[1]) if n.kind == "name"]
        sums = [f for f in tree.children if f.kind == "call" and f.value == "sum" and len(f.children) == 2]
        letters = [name for name in names if name in given and len(name) == 1 and name not in declared]
        if len(letters) != 1 or not sums or sums[0].children[1].children or given[letters[0]].bold:
            continue
        if not indexes(sums[0]) or told.get(sums[0].children[1].value, letters[0]) != letters[0]:
            continue
        if below[letters[0]] == uses[letters[0]]:
            edits.append(_limit(source, sums[0], letters[0]))
            what.append((sums[0].span[0], say("notes.remark.terms_of_sum", letter=letters[0])))
    if edits:
        raise Respelled(sorted(edits), what)


def check_rows(source: Source, entries: Iterable[Node]) -> None:
    """Raises Respelled where an entry of a row has one index: it stands at (1, i)."""
    edits: dict[int, Edit] = {}
    what: dict[str, tuple[int, Said]] = {}
    for entry in entries:
        tokens = tokens_in(source, *entry.span)
        at = next((n for n, t in enumerate(tokens) if t.text == "_" and t.kind == "op"), None)
        if at is None:
            return
        inner = tokens[at + 1]
        text = source.text[inner.start : inner.end]
        braced = inner.text == "{"
        edits[inner.start] = (
            Edit(inner.end, inner.end, "1,") if braced else Edit(inner.start, inner.end, f"{{1,{text}}}")
        )
        name = entry.children[0].value
        what.setdefault(name, (entry.span[0], say("notes.remark.entries_of_row", name=name)))
    if edits:
        raise Respelled([edits[start] for start in sorted(edits)], list(what.values()), rows=what)


def check_stacked(
    source: Source, equations: Equations, shapes: Shapes, families: Iterable[str], places: Sequence[tuple[int, int]]
) -> None:
    r"""The array ``\mathbf{W}`` beside its members ``\mathbf{w}_k``: Raises Respelled with one letter for both.

    Its rows are the members where its second axis is theirs, and where only its length is taken. Raises InputError
    where it may be another quantity, or have the members as columns.
    """
    given = equations.given()
    for family in sorted(families):
        whole = given.get(family.swapcase()) if family.isalpha() else None
        mine, other = shapes.shape(family), shapes.shape(family.swapcase())
        if whole is None or whole.key[1] or len(family) > 1 or mine is None or len(mine) != 2 or not other:
            continue
        uses = [t for t in equations.parts() if t.kind == "name" and t.value == whole.name]
        lengths = [t.children[0] for t in equations.parts() if (t.kind, t.value) == ("call", "norm")]
        only_lengths = all(any(use is inner for inner in lengths) for use in uses)
        rows = len(other) == 2 and other[0] != mine[1] == other[1] and (other[0] == mine[0] or other[0].startswith("?"))
        free = all(axis.startswith("?") for axis in other)
        # Of n members in an array that is declared n x k, n not k, the rows are them.
        rows = rows or (len(other) == 2 and mine[1].startswith("?") and mine[0] == other[0] != other[1] and not free)
        if not rows and not (only_lengths and free):
            raise source.error(say("notes.letter_case", name=family, array=whole.name), whole.span)
        edits = []
        for tokens in (tokens_in(source, start, end) for start, end in places):
            for n, token in enumerate(tokens):
                scripted = n > 0 and tokens[n - 1 - (n > 1 and tokens[n - 1].text == "{")].text in ("_", "^")
                if token.text == whole.name and token.kind == "letter" and not scripted:
                    edits.append(Edit(token.start, token.end, family))
        raise Respelled(edits, [(whole.span[0], say("notes.remark.stacked", name=family, array=whole.name))])


def check_columns(
    source: Source, equations: Equations, shapes: Shapes, arrays: Mapping[str, Spelled], members: Mapping[str, Spelled]
) -> None:
    r"""Raises Respelled where ``a^{[2](i)}`` of ``members`` is a column of ``A^{[2]}``: i counts its second axis.

    ``arrays`` are declared or computed; raises InputError where a computed one has no such columns.
    """
    ranges = equations.ranges()
    computed = {e.name for e in equations.found if not is_loss(e.segment.left)}
    edits: list[Edit] = []
    what: dict[str, tuple[int, Said]] = {}
    rows: set[str] = set()
    for entry in (t for t in equations.entries() if len(t.children) == 2 and t.children[0].value in members):
        spelled = members[entry.children[0].value]
        capital = capital_of(spelled.key) or ""
        axes = [shapes.root(axis) for axis in shapes.shape(capital) or ()] if capital in arrays else []
        letter = entry.children[1].value
        counted = len(axes) == 2 and axes[0] != axes[1] == shapes.root(ranges.get(letter, ""))
        written, whole = (source.text[slice(*span)] for span in (entry.span, arrays.get(capital, spelled).span))
        if (
            counted
            and not spelled.bold
            and "_" not in whole
            and tokens_in(source, *entry.span)[-1].text in (letter, "}")
        ):
            row = "1" if axes[0] == "1" else ":"
            rows |= {capital} if axes[0] == "1" else set()
            edits.append(Edit(*entry.span, f"{whole}_{{{row},{letter}}}"))
            said = say("notes.remark.column_of", entry=written, array=capital)
            what.setdefault(spelled.name, (entry.span[0], said))
        elif capital in computed and not spelled.bold:
            raise source.error(say("notes.letter_case", name=written, array=capital), entry.span)
    if edits:
        raise Respelled(sorted(edits), list(what.values()), rows=rows)


def check_entries(
    source: Source, equations: Equations, within: Sequence[Segment], places: Sequence[tuple[int, int]]
) -> None:
    r"""Raises Respelled where ``\hat{y}_{nk}`` are the entries of a computed ``\hat{Y}``: one letter for both.

    Nothing else computes them, and they have an accent, or nothing else uses what is computed; y may be a target.
    """
    computed = computed_arrays(equations, within)
    used = {name for e in equations.found for name in e.uses}
    keys: set[Key] = set()
    what: list[tuple[int, Said]] = []
    for name, spelled in equations.given().items():
        capital, uses = capital_of(spelled.key), equations.indexed.get(name, set())
        accent = ":" in spelled.key[0]
        free = spelled.key not in equations.words.keys and (accent or (capital not in used and name not in TARGETS))
        if capital in computed and free and uses and all(count == 2 for count, _ in uses):
            keys.add(spelled.key)
            written = source.text[slice(*spelled.span)]
            what.append((spelled.span[0], say("notes.remark.entries_of", entry=written, array=capital)))
    edits = [edit for start, end in places for edit in _in_capitals(source, keys, start, end)] if keys else []
    if edits:
        raise Respelled(sorted(edits), what)


def _in_capitals(source: Source, keys: Collection[Key], start: int, end: int) -> Iterator[Edit]:
    """The capitals in place of letters with two indices."""
    reader = first_look(source, start, end)
    if reader is None:
        return
    while reader.token.kind != "end":
        first = reader.position
        try:
            base = reader.base() if reader.token.kind in ("letter", "greek", "macro") else None
        except InputError:
            base = None
        reader.position = max(reader.position, first + 1)
        if base is not None and (base.text, "") in keys and reader.at("_"):
            letters = [t for t in reader.tokens[first : reader.position] if t.text == without_accents(base.text)]
            yield from (Edit(t.start, t.end, t.text.upper()) for t in letters)


def check_no_rows(
    source: Source, rows: Iterable[str], shapes: Mapping[str, tuple[str, ...] | None], names: Mapping[str, Spelled]
) -> None:
    """Raises InputError where what was taken for a row, since the note's small letters are rows, is none."""
    for name in sorted(rows):
        axes = shapes.get(name)
        if axes is not None and (len(axes) != 2 or axes[0] != "1"):
            raise source.error(say("notes.no_row", name=name), names[name].span)


def check_roots(
    source: Source,
    equations: Equations,
    powers: Collection[Key],
    places: Sequence[tuple[int, int]],
    others: Iterable[tuple[int, int]] = (),
) -> None:
    r"""Raises Respelled where ``s^2 = ...`` defines a quantity, and s alone is one that nothing defines: its root.

    ``others`` are formulas within the text, which define it as well.  Raises InputError where the right side is a
    square, since s may be its negative root, and where s stands in the formulas at ``places`` as something else than a
    term: below a derivative, or applied.
    """
    given = equations.given()
    within = [s for start, end in others for s in segments(source, equations.words, start, end)]
    for segment in (*equations.segments, *within):
        base, tag = segment.left.key
        root = new_name(base, tag[1:])  # The mark of s_B^2 is 2B.
        if tag[:1].isdecimal() and (base, tag) in powers and root in given:
            name = source.text[slice(*given[root].span)]
            square = any(
                e.sides[1].kind == "pow" for e in equations.found if e.sides and e.segment.left.key == (base, tag)
            )
            edits = [] if square else list(_roots(source, places, given[root]))
            if not edits:
                raise source.error(say("notes.root_of_defined", name=name), given[root].span)
            raise Respelled(edits, [(segment.start, say("notes.remark.root", name=name))])


def _roots(source: Source, places: Iterable[tuple[int, int]], root: Spelled) -> Iterator[Edit]:
    r"""``\sqrt{s_i^2}`` in place of each ``s_i`` with the index or the mark of ``root``; none where s is else, too."""
    letter, *_ = tokens_in(source, *root.span)
    found: list[Edit] = []
    for tokens in (tokens_in(source, start, end) for start, end in places):
        inside = 0
        for n, token in enumerate(tokens):
            before = tokens[n - 1].text if n else ""
            if token.kind == "op" and token.text in ("_", "^"):
                inside = script_end(tokens, n)
            if token.text != letter.text or n < inside:
                continue
            end = script_end(tokens, n + 1) if tokens[n + 1].text == "_" else n + 1
            script = "".join(t.text for t in tokens[end : script_end(tokens, end)]) if tokens[end].text == "^" else ""
            if script.translate({ord(sign): None for sign in "{()}"}) == "^2":
                continue
            if tokens[end].text in ("^", "(", "'") or before in ("partial", "d", "nabla"):
                return
            name = source.text[token.start : tokens[end - 1].end]
            found.append(Edit(token.start, tokens[end - 1].end, rf"\sqrt{{{name}^{{(2)}}}}"))
    yield from found


def check_sizes(
    source: Source,
    equations: Equations,
    dims: Collection[str],
    places: Sequence[tuple[int, int]],
    others: Mapping[str, Spelled],
) -> None:
    r"""Raises Respelled where the loss ``\mathcal{L}`` has the letter of a dimension, ``l = 1, \dots, L``.

    An equation of sizes alone, ``M = N - K + 1``, is passed over: positions tell them, too.
    The loss gets another name then, and is written as it was.  Beside a bold ``\mathbf{h}`` the size h becomes H, and
    beside ``\mathbf{T}`` the size T another letter.
    Raises InputError for another quantity that is computed, or is one of the ``others``, which are declared.
    """
    sizes = [e for e in equations.found if e.name in dims and e.uses and e.uses <= {*dims}]
    equations.found = [e for e in equations.found if e not in sizes] if len(sizes) < len(equations.found) else sizes
    equations.passed_over += [(e.segment.start, say("notes.remark.of_sizes", name=e.name)) for e in sizes]
    spelled = {**others, **{e.name: e.segment.left for e in equations.found}}
    tokens = [t for a, b in places for t in tokens_in(source, a, b)]
    for name, at in ((t.text, t) for n, t in enumerate(tokens) if t.text in dims and is_bold(tokens, n)):
        if name in spelled:
            continue
        if not (edits := list(_other_size(source, places, name))):
            raise source.error(say("notes.size_is_quantity", name=name), (at.start, at.end))
        said = say("notes.remark.size_respelt", name=name, size=edits[0].replacement)
        raise Respelled(edits, [(edits[0].start, said)])
    for name in sorted(dims & spelled.keys()):
        left = spelled[name]
        free = [letter for letter in "JECQ" if all(token.text != letter for token in tokens)]
        other = _other_size if left.bold else _size_of_spaces
        if edits := list(other(source, places, name)):
            raise Respelled(
                edits, [(edits[0].start, say("notes.remark.size_respelt", name=name, size=edits[0].replacement))]
            )
        if not left.calligraphic or not free:
            raise source.error(say("notes.size_is_quantity", name=name), left.span)
        edits = []
        for n, token in enumerate(tokens):
            if token.text in ("mathcal", "mathscr"):
                inner = n + 1 + (tokens[n + 1].text == "{")
                if tokens[inner].text == name:
                    edits.append(Edit(token.start, tokens[inner + inner - n - 1].end, free[0]))
        written = source.text[edits[0].start : edits[0].end]
        raise Respelled(edits, [], {free[0]: written})


def is_bold(tokens: Sequence[Token], n: int) -> bool:
    """Whether the letter at a position is in a font of arrays, alone."""
    braced = n > 1 and tokens[n - 1].text == "{" and tokens[min(n + 1, len(tokens) - 1)].text == "}"
    return tokens[n].kind == "letter" and n > 0 and tokens[n - 1 - braced].text in BOLD


def _other_size(source: Source, places: Iterable[tuple[int, int]], name: str) -> Iterator[Edit]:
    """The capital in place of a light letter that is a size; none where it is in use, or where a position is meant."""
    formulas = [tokens_in(source, start, end) for start, end in places]
    used = {token.text for tokens in formulas for token in tokens}
    size = name.upper() if name.islower() else next((letter for letter in "NMPQRSBG" if letter not in used), name)
    if len(name) != 1 or size == name or size in used:
        return
    found: list[Edit] = []
    for tokens in formulas:
        below = 0
        for n, token in enumerate(tokens):
            if token.text == "_" and token.kind == "op":
                below = script_end(tokens, n)
            before = tokens[n - 1 - (n > 0 and tokens[n - 1].text == "{")].text if n else ""
            if token.text != name or token.kind != "letter" or before in FONTS:
                continue
            if name == "T" and tokens[n - 1].text == "^":
                return  # It may be a transpose.
            if n >= below:
                found.append(Edit(token.start, token.end, size))
            elif before == "_" and tokens[below - 1 - (tokens[below - 1].text == "}")] is token:
                return
    yield from found


def _size_of_spaces(source: Source, places: Iterable[tuple[int, int]], name: str) -> Iterator[Edit]:
    r"""Another letter for a size in ``\mathbb{R}^{D \times H}`` beside a light ``H = \max(0, X W)``.

    None where it stands below or above anything else, as the last of a range or below a bar: there it may be either.
    """
    formulas = [tokens_in(source, start, end) for start, end in places]
    used = {token.text for tokens in formulas for token in tokens}
    size = next((letter for letter in "NMPQRSBG" if letter not in used), name)
    found: list[Edit] = []
    for tokens in formulas:
        above, is_space = 0, False
        for n, token in enumerate(tokens):
            if token.kind == "op" and token.text in ("_", "^") and n >= above:
                above, is_space = script_end(tokens, n), any(t.text == "mathbb" for t in tokens[max(0, n - 4) : n])
            if token.text != name or token.kind != "letter" or any(t.text in FONTS for t in tokens[max(0, n - 2) : n]):
                continue
            before = tokens[n - 1 - (n > 1 and tokens[n - 1].text == ",")] if n else token
            counts = before.kind == "number" or before.text in ("/", "dots", "{")
            if n < above and is_space:
                found.append(Edit(token.start, token.end, size))
            elif n < above or counts:
                return
    yield from found if size != name else ()


def _limit(source: Source, tree: Node, letter: str) -> Edit:
    """Writes the upper limit of a sum after its lower one."""
    tokens = FormulaReader(source, UNKNOWN, *tree.span, lenient=True)
    first = next(n for n, token in enumerate(tokens.tokens) if token.text == "_") + 1
    end = tokens.tokens[tokens.closing.get(first, first)].end
    return Edit(end, end, f"^{{{letter}}}")


def _terms(tree: Node, shapes: Shapes, *, summed: bool = False) -> Iterator[Node]:
    """The squares and absolute values of vectors of an unknown length among the factors and terms of an expression.

    So are the absolute values of all vectors that are not ``summed``: else a loss would be no number.
    """
    squared = tree.kind == "pow" and tree.children[1].kind == "num" and tree.children[1].value == "2"
    core = tree.children[0] if squared else tree
    inside = core.children[0] if core.kind == "call" and core.value == "abs" else None
    if inside is not None and (_is_vector(inside, shapes) or (not summed and len(shapes.of(inside) or ()) == 1)):
        yield core
    elif squared and _is_vector(core, shapes):
        yield tree
    elif tree.kind == "call" and tree.value in ("sum", "mean"):
        yield from _terms(tree.children[0], shapes, summed=True)
    elif tree.kind in _SUMS:
        for child in tree.children:
            yield from _terms(child, shapes, summed=summed)


def _is_vector(tree: Node, shapes: Shapes) -> bool:
    axes = shapes.of(tree)
    return axes is not None and len(axes) == 1 and shapes.root(axes[0]) == "1"


def _edits(reader: FormulaReader, tree: Node) -> Iterator[Edit]:
    """Puts the signs of a norm around what a tree is the square or the absolute value of."""
    tokens = [token for token in reader.tokens if token.kind != "end"]
    if tree.kind == "call":
        yield Edit(tokens[0].start, tokens[0].end, r"\|")
        yield Edit(tokens[-1].start, tokens[-1].end, r"\|")
        return
    close = closing(tokens, 0)
    if close:
        yield Edit(tokens[0].start, tokens[0].end, r"\|")
        yield Edit(tokens[close].start, tokens[close].end, r"\|")
        return
    raised = next(n for n in range(len(tokens) - 1, -1, -1) if tokens[n].text == "^")
    yield Edit(tokens[0].start, tokens[0].start, r"\|")
    yield Edit(tokens[raised - 1].end, tokens[raised - 1].end, r"\|")
