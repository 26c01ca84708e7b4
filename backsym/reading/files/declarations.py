"""The declarations of a problem file: dimensions, symbols, index letters, functions, notation, values.

Turns located trees into declared things and reports what is wrong with them; knows no equations.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias, TypeGuard

from backsym.core.dims import (
    OWN,
    Amount,
    Dim,
    Whole,
    amount,
    at_least,
    at_places,
    dim_named,
    is_layered,
    is_ragged,
    is_sum,
    letters_in,
    names_of,
    placed_at,
    put_in,
    read_amount,
    value_of,
)
from backsym.core.expr import Shape, show_shape
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, REDUCTIONS
from backsym.core.notations import DELTA, choices
from backsym.core.problem import ROLES, Dimension, Symbol
from backsym.core.words import Words, say
from backsym.reading.files import keys
from backsym.reading.files.fields import (
    Report,
    boolean,
    choice,
    is_name,
    known_keys,
    listed,
    quoted,
    spelling,
    table,
)
from backsym.reading.files.yamlfile import Listing, Scalar, Table, Tree
from backsym.reading.meaning.scope import suggest
from backsym.reading.plain.sympy_spelling import SPELLINGS

MAX_SIZE = 1_000_000
MAX_AXES = 4

DERIVATIVE_STYLES = ("prime", "by_node", "formula")

_OF_NUMBERS = ("scalar", "number", "real", "float", "none", "skalar", "zahl")
"""What people write for the shape of a number, in small letters."""

NAME = "a name is a letter, then letters, digits or _"

_LETTER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*'*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
RESERVED = (*REDUCTIONS, ABSTRACT_LOSS, "ones", "zeros", "eye", "grad", "direct", *SPELLINGS)


@dataclass(frozen=True)
class Declared:
    """An entry of ``symbols``; ``shape`` and ``role`` are None where the file does not say.

    ``readable`` is false if a shape was given but could not be read.
    """

    name: str
    key: Scalar
    shape: Shape | None = None
    role: str | None = None
    one_hot: bool = False
    sums_to_one: bool = False
    latex: str | None = None
    readable: bool = True
    values: tuple[float, ...] = ()
    positive: bool = False
    label: Dim | None = None
    symmetric: bool = False
    from_zero: tuple[int, ...] = ()
    """The axes whose positions count from 0."""

    @property
    def is_given(self) -> bool:
        """Whether the entry says that this is a given quantity, not a node."""
        return (
            self.role is not None
            or self.sums_to_one
            or bool(self.values)
            or self.positive
            or self.symmetric
            or self.label is not None
        )


# --- dimensions and shapes -------------------------------------------------------------------------------------------


def read_dims(tree: Tree | None, report: Report) -> dict[str, Dimension]:
    """``dims``: a name with nothing, its LaTeX, a fixed size, or both as {latex, size}; or a list of names."""
    entries = _names_or_table(tree, report, "dims", "D: 'D^{(0)}', K: 3")
    dims: dict[str, Dimension] = {}
    for key, value in entries:
        if not is_name(key.text):
            report.add(key, say("files.no_dimension_name", name=quoted(key.text)), NAME)
        elif isinstance(value, Table):
            found = known_keys(value.entries, tuple(keys.DIMENSION), report)
            size = _size(found["size"], report) if "size" in found else None
            dims[key.text] = Dimension(key.text, spelling(found.get("latex"), report), size)
        elif isinstance(value, Scalar) and _NUMBER.fullmatch(value.text.strip()):
            dims[key.text] = Dimension(key.text, None, _size(value, report))
        else:
            dims[key.text] = Dimension(key.text, spelling(value, report, "a dimension's LaTeX or size"), None)
    return dims


def _names_or_table(tree: Tree | None, report: Report, what: str, example: str) -> tuple[tuple[Scalar, Tree], ...]:
    if not isinstance(tree, Listing):
        return table(tree, report, what, example)
    found: dict[str, tuple[Scalar, Tree]] = {}
    for item in tree.items:
        if not isinstance(item, Scalar):
            report.add(item, say("files.items_are_names", what=what, example=example))
        elif item.text in found:
            report.add(item, say("files.given_twice", name=quoted(item.text)))
        else:
            found[item.text] = item, Scalar(item.mark, item.label)
    return tuple(found.values())


def _size(tree: Tree, report: Report) -> int | None:
    word = tree.text.strip() if isinstance(tree, Scalar) else ""
    if word.isascii() and word.isdecimal() and len(word) < 10 and 1 <= int(word) <= MAX_SIZE:
        return int(word)
    if isinstance(tree, Scalar):
        report.add(tree, say("files.other_size", limit=MAX_SIZE, found=quoted(tree.text)))
    else:
        report.add(tree, say("files.size_range", limit=MAX_SIZE))
    return None


def read_shape(
    tree: Tree, dims: dict[str, Dimension], report: Report, places: Mapping[str, Whole] | None = None
) -> Shape | None:
    """A list of dimensions; a new name among them is declared by its use here.

    ``places`` are the positions that the size of a layer may be at, by their names: see ``_places``.
    """
    if isinstance(tree, Scalar) and not tree.text.strip():
        return ()
    if not isinstance(tree, Listing):
        names = re.split(r"[\s,;x×*()]+", tree.text.strip(" (),")) if isinstance(tree, Scalar) else []
        if len(names) == 1 and names[0].lower() in _OF_NUMBERS:
            report.add(tree, say("files.no_shape_list"))
            return None
        fits = all(is_name(name) or name.isdecimal() for name in names) and len(names) <= MAX_AXES
        example = ", ".join(names) if names and fits else "D1, D0"
        report.add(tree, say("files.shape_not_list", example=example))
        return None
    if len(tree.items) > MAX_AXES:
        report.add(tree, say("files.too_many_axes", limit=MAX_AXES, count=len(tree.items)))
        return None
    shape = [dim_of(item, dims, report, places) for item in tree.items]
    return None if None in shape else tuple(d for d in shape if d is not None)


def dim_of(
    tree: Tree, dims: dict[str, Dimension], report: Report, places: Mapping[str, Whole] | None = None
) -> Dim | None:
    word = tree.text.strip() if isinstance(tree, Scalar) else ""
    if word[:1].isdigit() and word.isdecimal():
        return _size(tree, report)
    if not is_name(word) and (computed := read_amount(word)) is not None and names_of(computed):
        return _computed(tree, computed, dims, report, places or {})
    if word[:1].isdigit():
        return _size(tree, report)
    if not is_name(word):
        if isinstance(tree, Scalar):
            report.add(tree, say("files.other_dimension", found=quoted(word)))
        else:
            report.add(tree, say("files.not_a_dimension_or_size"))
        return None
    known = dims.setdefault(word, Dimension(word))
    if known.ragged:
        report.add(tree, say("files.ragged_without_position", name=word))
        return None
    return word if known.size is None else known.size


def _places(letters: Mapping[str, Tree], own: str | None, dims: Mapping[str, Dimension]) -> dict[str, Whole]:
    """The positions that a size may be at, by name: ``l``, the letter of a family, and the ends of ranges."""
    ends = [tree.text.strip() for tree in letters.values() if isinstance(tree, Scalar)]
    sizes = {end: dims[end].size if end in dims else None for end in ends if is_name(end)}
    found = {end: amount(end) if size is None else size for end, size in sizes.items()}
    return found | ({own: amount(OWN)} if own is not None else {})


def _of_layer(
    tree: Tree, name: str, dims: dict[str, Dimension], report: Report, places: Mapping[str, Whole]
) -> Dim | None:
    """``D[l-1]``, the size of a layer: that of a member of a family, or at a fixed position."""
    found = placed_at(name)
    if found is None or not is_name(found[0]):
        report.add(tree, say("files.other_dimension", found=quoted(name)))
        return None
    base, place = found
    unknown = [letter for letter in names_of(place) if letter not in places]
    if unknown:
        report.add(tree, say("files.ragged_letter", found=quoted(name), letter=unknown[0]))
        return None
    dim = at_places(name, places)
    known = dims.setdefault(base, Dimension(base, ragged=True))
    if known.size is not None:
        report.add(tree, say("files.ragged_and_fixed", name=base))
        return None
    dims[base] = replace(known, ragged=True)
    return dim


def _computed(
    tree: Tree, size: Whole, dims: dict[str, Dimension], report: Report, places: Mapping[str, Whole]
) -> Dim | None:
    """A sum of multiples of dimensions, ``2*H`` or ``H + D``; those with a size are put in."""
    total = size
    text = tree.text if isinstance(tree, Scalar) else ""
    for name in sorted(names_of(size), key=text.find):  # They print in the order in which they are declared.
        if is_ragged(name):
            layer = _of_layer(tree, name, dims, report, places)
            if layer is None:
                return None
            total = put_in(total, name, amount(layer))
            continue
        if not is_name(name):
            report.add(tree, say("files.other_dimension", found=quoted(name)))
            return None
        known = dims.setdefault(name, Dimension(name)).size
        total = total if known is None else put_in(total, name, known)
    if not at_least(total, 1) or (isinstance(total, int) and total > MAX_SIZE):
        report.add(tree, say("files.no_positive_size", found=quoted(str(size))))
        return None
    return dim_named(total)


def _known_sizes(word: str, dims: Container[str]) -> Whole | None:
    """A sum of multiples of dimensions that are all known; None for any other text."""
    found = read_amount(word)
    return found if found is not None and names_of(found) and all(name in dims for name in names_of(found)) else None


# --- symbols ---------------------------------------------------------------------------------------------------------


def letter_ranges(tree: Tree | None) -> dict[str, Tree]:
    """The letters of ``indices`` with what they run over, as it is written: ``for: l`` may declare a dimension."""
    found: dict[str, Tree] = {}
    for key, value in tree.entries if isinstance(tree, Table) else ():
        over = {name.text: item for name, item in value.entries}.get("over") if isinstance(value, Table) else value
        if over is not None:
            found[key.text] = over
    return found


def read_symbols(
    tree: Tree | None, dims: dict[str, Dimension], report: Report, letters: Mapping[str, Tree] | None = None
) -> dict[str, Declared]:
    """``symbols``: a name with its shape, or with the keys of ``keys.SYMBOL``; or a list of scalars.

    A text, or an item of the list, may also be a declaration in LaTeX, ``\\mathbf{x} \\in \\mathbb{R}^D``.
    """
    symbols: dict[str, Declared] = {}
    items = (tree,) if isinstance(tree, Scalar) else tree.items if isinstance(tree, Listing) else ()
    declarations = [item for item in items if _is_declaration(item)]
    for item in declarations:
        symbols.update(_declared_in(item, dims, report))
    if declarations:
        rest = tuple(item for item in items if not _is_declaration(item))
        tree = Listing(declarations[0].mark, declarations[0].label, rest)
    for key, value in _names_or_table(tree, report, "symbols", "x: [D], W: [K, D]"):
        if not is_name(key.text):
            report.add(key, say("files.no_name", name=quoted(key.text)), NAME)
            continue
        symbols[key.text] = _symbol(key, value, dims, report, letters or {})
    return symbols


def _is_declaration(tree: Tree) -> TypeGuard[Scalar]:
    return isinstance(tree, Scalar) and r"\in" in tree.text


def _declared_in(item: Scalar, dims: dict[str, Dimension], report: Report) -> dict[str, Declared]:
    """What a declaration in LaTeX declares."""
    from backsym.reading.latex.declarations import Declarations

    declarations = Declarations()
    if not declarations.read(item.source(), 0, len(item.text)):
        report.add(item, say("files.unread_declaration"))
    symbols: dict[str, Declared] = {}
    for found in declarations.found:
        shape = [dim_of(replace(item, text=dim), dims, report) for dim in found.shape]
        name = found.spelled.name
        symbols[name] = Declared(name, replace(item, text=name), tuple(d for d in shape if d is not None))
    return symbols


def _for_each(tree: Tree, letters: Mapping[str, Tree], dims: dict[str, Dimension], report: Report) -> Dim | None:
    """The dimension of the letter for each of whose values there is a quantity."""
    letter = _letter_of(tree)
    if letter not in letters:
        report.add(tree, say("files.for_no_letter"), listed(letters, say("files.index_letters")))
        return None
    return dim_of(letters[letter], dims, report)


def _letter_of(tree: Tree) -> str:
    return tree.text.strip() if isinstance(tree, Scalar) else ""


def _symbol(
    key: Scalar, value: Tree, dims: dict[str, Dimension], report: Report, letters: Mapping[str, Tree]
) -> Declared:
    if not isinstance(value, Table):
        shape = read_shape(value, dims, report, _places(letters, None, dims))
        return Declared(key.text, key, shape, readable=shape is not None)
    found = known_keys(value.entries, tuple(keys.SYMBOL), report)
    role = choice(found["role"], report, "role", ROLES, "") if "role" in found else ""
    one_hot = boolean(found.get("one_hot"), report, "one_hot")
    own = _letter_of(found["for"]) if "for" in found else None
    places = _places(letters, own, dims)
    shape = read_shape(found["shape"], dims, report, places) if "shape" in found else None
    if "for" in found:
        over = _for_each(found["for"], letters, dims, report)
        shape = None if over is None or ("shape" in found and shape is None) else (over, *(shape or ()))
        if shape is not None and len(shape) > MAX_AXES:
            report.add(found["for"], say("files.too_many_axes", limit=MAX_AXES, count=len(shape)))
            shape = None
    sums_to_one = boolean(found.get("sums_to_one"), report, "sums_to_one") or one_hot
    latex = spelling(found.get("latex"), report)
    # Beside an unknown key, the shape may be what that key was to give.
    readable = shape is not None or (not {"shape", "for"} & found.keys() and len(found) == len(value.entries))
    positive = boolean(found.get("positive"), report, "positive")
    label = dim_of(found["label"], dims, report, places) if "label" in found else None
    values = _possible(found["values"], report) if "values" in found else ()
    marks = {"values": bool(values), "positive": positive, "one_hot": one_hot, "sums_to_one": sums_to_one}
    marks = {"label": label is not None, **marks}
    domains = [mark for mark, is_set in marks.items() if is_set]
    # Probabilities may be said to be both: those in the samples are.
    domains = [] if domains == ["positive", "sums_to_one"] else domains
    if (values or positive or label is not None) and len(domains) > 1:
        report.add(key, say("files.two_domains", name=key.text, mark=domains[1], other=domains[0]))
        values, positive, label = (), False, None
    symmetric = boolean(found.get("symmetric"), report, "symmetric")
    if symmetric and readable and (shape is None or len(shape) != 2 or shape[0] != shape[1]):
        report.add(key, say("files.not_square", name=key.text, shape=show_shape(shape or ())))
        symmetric = False
    zero = _axes_from_zero(found["from"], found.get("shape"), report) if "from" in found else ()
    zero = tuple(axis + ("for" in found) for axis in zero)
    return Declared(
        key.text, key, shape, role or None, one_hot, sums_to_one, latex, readable, values, positive, label, symmetric,
        zero if shape is not None else (),
    )  # fmt: skip


def _axes_from_zero(tree: Tree, shape: Tree | None, report: Report) -> tuple[int, ...]:
    """The axes that ``from`` is about: a lone 0 means the only axis, or the only one of a size such as D + 1."""
    axes = shape.items if isinstance(shape, Listing) else ()
    if isinstance(tree, Listing):
        firsts = [item.text.strip() if isinstance(item, Scalar) else "" for item in tree.items]
        if len(firsts) != len(axes) or not set(firsts) <= {"0", "1"}:
            report.add(tree, say("files.from_of_each_axis", count=len(axes)))
            return ()
        return tuple(axis for axis, first in enumerate(firsts) if first == "0")
    first = tree.text.strip() if isinstance(tree, Scalar) else ""
    if first not in ("0", "1") or not axes:
        report.add(tree, say("files.from_zero_or_one" if axes else "files.from_of_no_axis"))
        return ()
    if first == "1":
        return ()
    meant = range(1) if len(axes) == 1 else [axis for axis, size in enumerate(axes) if _is_one_more(size)]
    if len(meant) != 1:
        report.add(tree, say("files.from_of_which_axis", count=len(axes)))
        return ()
    return tuple(meant)


def _is_one_more(tree: Tree) -> bool:
    """Whether a size is written ``D + 1``."""
    size = read_amount(tree.text) if isinstance(tree, Scalar) else None
    return size is not None and not isinstance(size, int) and isinstance(size - 1, Amount) and not is_sum(size - 1)


def dims_from_zero(declared: Mapping[str, Declared], report: Report) -> frozenset[Dim]:
    """The dimensions whose positions count from 0: one does so in every array, or the letters would not agree."""
    owner: dict[Dim, str] = {}
    for name, entry in declared.items():
        for axis in entry.from_zero:
            if entry.shape is not None:
                owner.setdefault(entry.shape[axis], name)
    for name, entry in declared.items():
        other = [d for n, d in enumerate(entry.shape or ()) if d in owner and n not in entry.from_zero]
        if other:
            report.add(entry.key, say("files.counts_from_one", name=name, dim=other[0], other=owner[other[0]]))
        if entry.label in owner:
            report.add(entry.key, say("files.classes_from_one", name=name, dim=str(entry.label)))
    ragged = [dim for dim in owner if is_ragged(dim)]
    for dim in ragged:
        report.add(declared[owner[dim]].key, say("files.ragged_from_zero", name=owner[dim]))
    return frozenset(owner)


def _possible(tree: Tree, report: Report) -> tuple[float, ...]:
    """The numbers of a domain, ``[-1, 1]``: two at least, each once."""
    if not isinstance(tree, Listing) or len(tree.items) < 2:
        report.add(tree, say("files.few_possible_values"))
        return ()
    found: list[float] = []
    for item in tree.items:
        number = _number(item, report)
        if number in found:
            report.add(item, say("files.given_twice", name=quoted(item.text if isinstance(item, Scalar) else "")))
        elif number is not None:
            found.append(number)
    return tuple(found) if len(found) > 1 else ()


def recurrent_letters(equations: Iterable[Scalar]) -> set[str]:
    """The letters over whose range recurrences run, by the left sides ``h[0]`` and ``h[t]``: a first look."""
    left = [text.text.partition("=")[0].partition("[") for text in equations]
    started = {name.strip() for name, _, inside in left if inside.strip().startswith("0")}
    inner = (inside.strip(" ]").partition(",")[0].strip() for name, _, inside in left if name.strip() in started)
    return {letter for letter in inner if letter and not letter[0].isdigit()}


def unused_letters(tree: Tree | None, equations: Iterable[Scalar]) -> set[str]:
    """The letters of ``indices`` that no equation mentions, as far as can be seen without reading them."""
    texts = "\n".join(equation.text for equation in equations)
    words = set("".join(char if char.isalnum() else " " for char in texts).split())
    words |= set("".join(char if char.isalnum() or char == "_" else " " for char in texts).split())
    runs = {char for word in words if not word.isdecimal() and len(word) <= len("xij") for char in word}
    return {letter for letter in letter_ranges(tree) if letter.rstrip("'") not in words | runs}


def read_indices(
    tree: Tree | None,
    dims: dict[str, Dimension],
    report: Report,
    free: Container[str] = (),
    unused: Container[str] = (),
) -> dict[str, Dim]:
    """``indices``: each letter with the dimension that it runs over.

    The dimension of the letters ``free`` need not be the size of any array: the length of a recurrence.  Nor need that
    of a letter which nothing uses, unless it looks like a slip for one.
    """
    letters: dict[str, Dim] = {}
    for key, value in table(tree, report, "indices", "i: D0, j: D1"):
        if isinstance(value, Table):
            value = known_keys(value.entries, ("over", "as"), report).get("over", value)
        word = value.text.strip() if isinstance(value, Scalar) else ""
        if not _LETTER.fullmatch(key.text):
            report.add(key, say("files.no_index_letter", name=quoted(key.text)))
        elif not word:
            at = key if isinstance(value, Scalar) else value
            report.add(at, say("files.range_not_dimension", name=key.text))
        elif word[:1].isdigit():
            size = _size(value, report)
            letters.update({key.text: size} if size is not None else {})
        elif (
            word not in dims
            and is_name(word)
            and (key.text in free or (key.text in unused and suggest(word, list(dims)) is None))
        ):
            dims[word] = Dimension(word)
            letters[key.text] = word
        elif not is_name(word) and (size_of := _known_sizes(word, dims)) is not None:
            computed = _computed(value, size_of, dims, report, {})
            letters.update({key.text: computed} if computed is not None else {})
        elif word not in dims:
            hint = suggest(word, list(dims)) or listed(dims, say("files.dimensions"))
            report.add(value, say("files.not_dimension", name=quoted(word)), hint)
        else:
            size = dims[word].size
            letters[key.text] = word if size is None else size
    return letters


# --- derivatives and notation ----------------------------------------------------------------------------------------


LETTER_FORMS = ("^{(%s)}", "^{[%s]}")
"""How a letter may be written that is no subscript."""


def read_letter_forms(tree: Tree | None, report: Report) -> dict[str, str]:
    """``indices: {l: {over: M, as: '^{(l)}'}}``: how letters are written that are no subscripts."""
    forms: dict[str, str] = {}
    for key, value in tree.entries if isinstance(tree, Table) else ():
        if not isinstance(value, Table):
            continue
        written = {name.text: item for name, item in value.entries}.get("as")
        if written is None:
            continue
        text = "".join(written.text.split()) if isinstance(written, Scalar) else ""
        if text in [form % key.text for form in LETTER_FORMS]:
            forms[key.text] = text
        elif text not in (f"_{key.text}", f"_{{{key.text}}}"):
            report.add(written, say("files.letter_form", letter=key.text))
    return forms


def read_derivatives(tree: Tree | None, abstract: frozenset[str], report: Report) -> dict[str, str]:
    """``derivatives``: how f' is shown, for each function named."""
    styles: dict[str, str] = {}
    for key, value in table(tree, report, "derivatives", "sigmoid: prime"):
        if key.text not in FUNCTIONS and key.text not in abstract:
            report.add(
                key,
                say("files.unknown_function", name=quoted(key.text)),
                suggest(key.text, [*FUNCTIONS, *sorted(abstract)]),
            )
            continue
        style = choice(value, report, f"the derivative of {key.text}", DERIVATIVE_STYLES, "")
        if style:
            styles[key.text] = style
    return styles


def read_notation(tree: Tree | None, report: Report) -> dict[str, str]:
    """``notation`` as a full map; a single word is the layer notation."""
    known = choices()
    notation = {key: names[0] for key, names in known.items()}
    if isinstance(tree, Scalar):
        notation["layer"] = choice(tree, report, "notation", known["layer"], notation["layer"])
        return notation
    found = known_keys(table(tree, report, "notation", "gradient: nabla"), (*known, DELTA), report)
    if DELTA in found:
        value = found.pop(DELTA)
        letter = _letter_of(value)
        if is_name(letter):
            notation[DELTA] = letter
        else:
            report.add(value, say("files.delta_of_no_letter"))
    for key, value in found.items():
        notation[key] = choice(value, report, key, known[key], notation[key])
    return notation


# --- values ----------------------------------------------------------------------------------------------------------

Value: TypeAlias = "float | tuple[Value, ...]"


class _Sizes:
    """What the lengths of the lists tell of the sizes, and where each was told first."""

    def __init__(self, report: Report):
        self.report = report
        self.found: dict[str, int] = {}
        self.places: dict[str, Tree] = {}

    def named(self, dim: Dim) -> Dim:
        """The size with the positions that are known: ``D[M]`` is ``D[3]`` where there are three layers."""
        return at_places(dim, {name: n for name, n in self.found.items() if name in letters_in(dim)})

    def of(self, dim: Dim) -> int | None:
        own = self.named(dim)
        return own if isinstance(own, int) else self.found.get(own)

    def fits(self, tree: Listing, dim: Dim) -> bool:
        """Whether a list is as long as it has to be."""
        own, count = self.named(dim), len(tree.items)
        if isinstance(own, str) and own not in self.found:
            self.found[own], self.places[own] = count, tree
        wanted = own if isinstance(own, int) else self.found[own]
        if count != wanted:
            self.report.add(tree, say("files.number_count", count=count, dimension=dim, wanted=wanted))
        return count == wanted

    def check(self) -> None:
        """Sizes that are computed from others are what these make them."""
        for dim, count in self.found.items():
            number = amount(dim)
            if names_of(number) != (dim,) and all(name in self.found for name in names_of(number)):
                wanted = value_of(number, self.found.__getitem__)
                if count != wanted:
                    words = say("files.number_count", count=count, dimension=dim, wanted=wanted)
                    self.report.add(self.places[dim], words)


def read_values(
    tree: Tree | None, symbols: Mapping[str, Symbol], report: Report, broken: Container[str] = ()
) -> dict[str, Value]:
    """``values``: numbers for given quantities, nested lists for vectors and matrices, checked against the shapes."""
    found: dict[str, Value] = {}
    sizes = _Sizes(report)
    leaves = [name for name, symbol in symbols.items() if symbol.role != "node"]
    entries = [pair for pair in table(tree, report, "values", "x: [1, 2], b: 0.5") if pair[0].text not in broken]
    for key, _ in entries:
        if key.text not in leaves:
            computed = say("files.computed" if key.text in symbols else "files.undeclared", name=quoted(key.text))
            report.add(key, computed, suggest(key.text, leaves))
    given = [(key.text, value) for key, value in entries if key.text in leaves]
    # Lists of layers tell how many there are, on which the size of the last one depends.
    for name, value in sorted(given, key=lambda item: not is_layered(symbols[item[0]].shape)):
        number = _value(value, symbols[name].shape, sizes, report)
        if number is not None:
            found[name] = number
            _check_value(value, number, symbols[name], report)
    sizes.check()
    for name, value in given:
        label = symbols[name].label if name in found else None
        classes = None if label is None else sizes.of(label)
        if label is not None and not all(_is_class(entry, classes) for entry in _entries(found[name])):
            report.add(value, say("files.no_class", name=name, classes=label, last=f"{label} - 1"))
    return {name: found[name] for name, _ in given if name in found}


def _check_value(tree: Tree, number: Value, symbol: Symbol, report: Report) -> None:
    """A value is what its quantity is said to be."""
    if not all(_is_marked(row, symbol) for row in _rows(number)):
        report.add(tree, say("files.one_hot_values" if symbol.one_hot else "files.summing_values", name=symbol.name))
    elif symbol.symmetric and isinstance(number, tuple) and number != tuple(zip(*number, strict=True)):
        report.add(tree, say("files.not_symmetric", name=symbol.name))
    elif not all(symbol.admits(entry) for entry in _entries(number)):
        report.add(tree, beyond(symbol))


def _is_class(number: float, classes: int | None) -> bool:
    """Whether a value names one of the classes, which count from 0; all that do are fine where their number is open."""
    return number >= 0 and number == int(number) and (classes is None or number < classes)


def beyond(symbol: Symbol) -> Words:
    """That a value is none of the domain of a quantity."""
    if symbol.positive:
        return say("files.not_positive", name=symbol.name)
    return say("files.not_a_possible_value", name=symbol.name, values=[f"{value:g}" for value in symbol.values])


def _entries(value: Value) -> list[float]:
    return [entry for part in value for entry in _entries(part)] if isinstance(value, tuple) else [value]


def _rows(value: Value) -> list[list[float]]:
    """What lies along the last axis."""
    if not isinstance(value, tuple):
        return []
    numbers = [item for item in value if not isinstance(item, tuple)]
    return [numbers] if numbers else [row for part in value for row in _rows(part)]


def _is_marked(row: list[float], symbol: Symbol) -> bool:
    if symbol.one_hot:
        return sorted(row) == [0.0] * (len(row) - 1) + [1.0]
    return not symbol.sums_to_one or math.isclose(sum(row), 1.0, abs_tol=1e-6)


def check_values(tree: Tree | None, needed: Iterable[str], abstract: Iterable[str], report: Report) -> None:
    """A worked example needs a value for every given quantity in use, and a formula for every function."""
    given = {key.text for key, _ in table(tree, report, "values")}
    if tree is None or not given:
        return
    missing = [name for name in needed if name not in given]
    if missing:
        if len(missing) == 1:
            report.add(tree, say("files.no_value", name=missing[0]))
        else:
            report.add(tree, say("files.no_values", names=missing))
    for name in abstract:
        report.add(tree, say("files.abstract_in_values", name=name))


def check_marks(symbols: Mapping[str, Declared], report: Report) -> None:
    """``one_hot`` and ``sums_to_one`` speak of the last axis, so that there has to be one."""
    for name, entry in symbols.items():
        for mark, is_set in (("one_hot", entry.one_hot), ("sums_to_one", entry.sums_to_one)):
            if is_set and not entry.shape and entry.readable:
                report.add(entry.key, say("files.mark_of_scalar", name=name, mark=mark))
                break


def _value(tree: Tree, shape: Shape, sizes: _Sizes, report: Report) -> Value | None:
    if not shape:
        return _number(tree, report)
    if not isinstance(tree, Listing) or not tree.items:
        report.add(tree, say("files.not_a_list_of_numbers", shape=shape[0]))
        return None
    if not sizes.fits(tree, shape[0]):
        return None
    own = (tuple(at_places(dim, {OWN: n}) for dim in shape[1:]) for n in range(1, len(tree.items) + 1))
    items = [_value(item, member, sizes, report) for item, member in zip(tree.items, own, strict=True)]
    return None if None in items else tuple(item for item in items if item is not None)


def _number(tree: Tree, report: Report) -> float | None:
    parts = tree.text.strip().replace("−", "-").split("/") if isinstance(tree, Scalar) else []
    if 1 <= len(parts) <= 2 and all(_NUMBER.fullmatch(part.strip()) and len(part) < 60 for part in parts):
        above, below = (Fraction(part.strip()) for part in (parts if len(parts) == 2 else [*parts, "1"]))
        if below and abs(above / below) < Fraction(10) ** 300:
            number = float(above / below)
            if math.isfinite(number):
                return number
    report.add(tree, say("files.not_a_number"))
    return None


def declares_shapes(symbols: Mapping[str, Declared]) -> bool:
    return any(symbol.shape for symbol in symbols.values())
