r"""What a lecture note may mean in more than one way: refused, with the readings and how to write each.

Each check is about a kind of text, told by the first look at the equations: a letter that is applied and also stands on
its own, the mark of an index that is summed over, an entry at a class, the transpose of a number, a bold letter that
would only fit with size one, a matrix inside an exponential.

Knows the first look at the equations and the axes that they tell; changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from backsym.core.errors import Diagnostic, InputError
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.latex.equations import UNKNOWN, FormulaReader, Segment, first_looks
from backsym.reading.latex.lexer import ACCENTS, FONTS, script_end, tokens_in
from backsym.reading.latex.names import Key, new_name, split_tag
from backsym.reading.notes.equations import Equations, Forward, is_loss, terms_of
from backsym.reading.notes.labels import label_in
from backsym.reading.notes.preparing.sought import without_sign
from backsym.reading.notes.shapes import Axes, Shapes, is_along_axis
from backsym.reading.notes.stating.pieces import Settled
from backsym.reading.notes.words import usual_rank
from backsym.reading.syntax import Node, walk

_SUMS = ("sum", "mean", "max", "min")
_RELATIONS = ("=", "<", ">", "<=", ">=", "!=", "to", "approx", "sim", "in")


def check_names(source: Source, equations: Equations, settled: Settled, within: Sequence[Segment]) -> None:
    """Applications and marks, before anything is said of shapes; raises InputError with each place.

    ``within`` are the equations within the text.
    """
    found = [
        *_applied(source, equations),
        *_parametrised(source, equations, settled.loose),
        *_of_arguments(source, equations, settled.arguments),
        *_members(source, equations),
        *_powers(source, equations),
        *_letters_as_numbers(source, equations),
        *_dependent_ranges(source, equations),
        *_in_two_layers(source, equations),
        *_slashes(source, equations),
        *_redefined(source, equations),
        *_positive_parts(source, equations),
        *_strides(source, equations),
        *_numbers_behind(source, equations),
        *_compositions(source, equations),
    ]
    found = found or [*_idle_sums(source, equations), *_cases(source, equations, within)]
    if found:
        raise InputError(found)


def check_variants(source: Source, places: Iterable[tuple[int, int]]) -> None:
    r"""Two forms of one Greek letter, ``\phi`` and ``\varphi``: two letters, or one; raises InputError."""
    forms: dict[str, str] = {}
    for start, end in places:
        for token in tokens_in(source, start, end):
            form = source.text[token.start : token.end]
            other = forms.setdefault(token.text, form) if token.kind == "greek" else form
            if other.startswith("\\var") != form.startswith("\\var"):
                raise source.error(say("notes.two_forms", form=form, other=other), (token.start, token.end))


def check_transposes(source: Source, places: Iterable[tuple[int, int]], numbers: Collection[str]) -> None:
    r"""``X^T`` in any formula of the note where X would be one of these ``numbers``."""
    found = []
    for start, end in places:
        try:
            tokens = FormulaReader(source, UNKNOWN, start, end).tokens
        except InputError:
            continue
        for n, token in enumerate(tokens[:-2]):
            sign = tokens[n + 2 + (tokens[n + 2].text == "{")].text if tokens[n + 1].text == "^" else ""
            if token.text in numbers and sign in ("T", "top") and (n == 0 or tokens[n - 1].text not in ("_", "^")):
                words = say("notes.transposed_number", name=token.text)
                found.append(source.diagnostic(words, (token.start, tokens[n + 2].end)))
    if found:
        raise InputError(found)


def transposed_letters(source: Source, places: Iterable[tuple[int, int]]) -> set[str]:
    """The letters that any formula of the note transposes, ``X^T``; the sign ) for what stands in parentheses."""
    found: set[str] = set()
    for tokens in (reader.tokens for reader in first_looks(source, places)):
        for n, token in enumerate(tokens[:-2]):
            if tokens[n + 1].text != "^" or not (token.kind in ("letter", "greek") or token.text == ")"):
                continue
            inner = [t.text for t in tokens[n + 2 : script_end(tokens, n + 1)] if t.text not in ("{", "}")]
            layer = len(inner) > 2 and inner[0] in ("(", "[") and inner[-2] in (")", "]")  # w^{(2)\top}
            if inner[-1:] in (["T"], ["top"]) and (len(inner) == 1 or layer):
                found.add(token.text)
    return found


def check_shapes(
    source: Source,
    equations: Equations,
    shapes: Mapping[str, Axes],
    told: Shapes,
    marked: Mapping[tuple[str, str], tuple[int, int]],
) -> None:
    """What only the axes tell; ``shapes`` has those of the quantities, nodes too, without an axis that was needed.

    ``told`` is what they were told by, ``marked`` the letters that stand at others anywhere in the note.
    """
    found = [
        *_positions(source, equations, shapes),
        *_transposed(source, equations, shapes, told),
        *(source.diagnostic(say("notes.number_or_matrix", name=n), t.span) for n, t in told.scaling.items()),
        *_norms(source, equations, told),
        *_plain_sums(source, equations, told),
        *_unindexed(source, equations, shapes, marked),
        *_logits(source, equations),
        *_of_size_one(source, equations, shapes, told),
        *_entrywise_numbers(source, equations, shapes, told),
        *_exponentials(source, equations, told),
        *_crosses(source, equations, told),
        *_softmaxes(source, equations, told),
        *(source.diagnostic(say("notes.starred", text=source.text[slice(*at)]), at) for at in told.starred),
        *(source.diagnostic(say("notes.bias_axis", name=name), tree.span) for name, tree in told.unclear.items()),
    ]
    if found:
        raise InputError(found)


def _crosses(source: Source, equations: Equations, told: Shapes) -> Iterator[Diagnostic]:
    r"""``a \times b`` of vectors with three entries: the cross product, or that of the entries."""
    for tree in (tree for tree in equations.parts() if tree.kind == "terms" and tree.value == "x"):
        if all([told.root(axis) for axis in told.of(factor) or ()] == ["3"] for factor in tree.children):
            yield source.diagnostic(say("notes.cross_product"), tree.span)


def marked_letters(source: Source, places: Iterable[tuple[int, int]]) -> dict[tuple[str, str], tuple[int, int]]:
    """The first place of each letter with another one at it, ``y_i`` or ``y^{(i)}``, by both."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for start, end in places:
        tokens = tokens_in(source, start, end)
        for n, token in enumerate(tokens[1:-1], 1):
            mark = tokens[n + 1 : script_end(tokens, n)] if token.text in ("_", "^") else []
            inner = [t.text for t in mark if t.text not in ("{", "}")]
            plain = inner if token.text == "_" else inner[1:-1] if [*inner[:1], *inner[-1:]] == ["(", ")"] else []
            base = tokens[n - 1]
            if len(plain) == 1 and base.kind in ("letter", "greek") and tokens[max(0, n - 2)].text not in ACCENTS:
                found.setdefault((base.text, plain[0]), (base.start, mark[-1].end))
    return found


# --- functions or factors --------------------------------------------------------------------------------------------


def _applied(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """A letter before parentheses that is neither a quantity of the note nor an abstract function of it."""
    for call in equations.unclear:
        name = source.text[slice(*call.head)]
        both = call.key in equations.alone
        words = say("notes.function_or_factor" if both else "notes.unknown_function", name=name)
        yield source.diagnostic(words, call.span)


def check_defined(source: Source, equations: Equations, unread: Mapping[Key, tuple[int, int]]) -> None:
    """Raises InputError where the loss needs what only an equation with a derivative in it, ``unread``, defines."""
    by_name = {e.name for e in equations.found}
    loss = equations.loss()
    needed = equations.behind([loss if loss is not None else equations.found[-1].name])
    letters = equations.words.letters
    for (base, mark), span in unread.items():
        name = new_name(base, "" if mark in letters else mark)
        if name in needed and name not in by_name:
            raise source.error(say("notes.defined_by_derivative", name=name), span)


def check_objective(source: Source, equations: Equations, places: Iterable[tuple[int, int]]) -> None:
    r"""Raises InputError where the loss is a term of a formula without a name, ``L + \lambda \|w\|^2``.

    ``places`` are formulas that state nothing and have no derivative in them.
    """
    last = equations.found[-1]
    name = equations.loss() or last.name
    letter = next(e.segment.left.key[0] for e in equations.found if e.name == name).rpartition(":")[2]
    for start, end in places:
        tokens = without_sign(tokens_in(source, start, end))
        terms = terms_of(tokens)
        heads = [
            [t.text for t in term[: next((n for n, t in enumerate(term) if t.text == "("), None)]] for term in terms
        ]
        letters = [[text for text in head if text not in FONTS and text not in ("{", "}", ",", ".")] for head in heads]
        if len(terms) > 1 and [letter] in letters and not any(t.text in _RELATIONS for t in tokens):
            raise source.error(say("notes.nameless_objective", name=name), (start, end))


def _parametrised(source: Source, equations: Equations, loose: Collection[str]) -> Iterator[Diagnostic]:
    r"""``p_\theta(x)`` in a note that speaks of \theta, too: the function depends on it, and nothing says how.

    So does ``f_{w, b}(x)``, with a list of them.
    """
    computed = {segment.left.key[0] for segment in equations.segments}
    for call in {call.key: call for call in equations.applications}.values():
        mark = call.key[1]
        below = [t.text for t in tokens_in(source, *call.head) if t.text not in (*FONTS, *ACCENTS, "{", "}")][2:]
        letters = below[::2] if {*below[1::2]} == {","} else [mark]
        if {*letters} <= {*loose} - computed and new_name(*call.key) in equations.functions:
            words = say("notes.function_of_mark", name=source.text[slice(*call.head)], mark=", ".join(letters))
            yield source.diagnostic(words, call.head)


def _of_arguments(source: Source, equations: Equations, arguments: Mapping[str, Sequence[str]]) -> Iterator[Diagnostic]:
    r"""``J(w, b) = \sum_i (f(x_i) - y_i)^2`` without a formula of f: its value depends on w and b, nothing says how."""
    computed = {segment.left.key[0] for segment in equations.segments}
    for equation in equations.found:
        given = arguments.get(equation.name, ())
        if not given or equations.behind([equation.name]) & {*given}:
            continue
        for call in {call.key: call for call in equations.applications}.values():
            letters = {t.text for t in call.inside if t.kind in ("letter", "greek")} - equations.words.letters
            mine = equation.segment.start <= call.head[0] < equation.segment.end and not call.key[1]
            if mine and new_name(*call.key) in equations.functions and len(letters - computed) == len(letters) == 1:
                words = say("notes.function_of_mark", name=source.text[slice(*call.head)], mark=", ".join(given))
                yield source.diagnostic(words, call.head)


# --- families --------------------------------------------------------------------------------------------------------


def _members(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """A quantity whose mark is a letter that is summed over: one for each example, not one of that name."""
    letters = set(_summed(equations.parts()))
    letters |= {equation.letter for equation in equations.found if equation.letter and _is_stepped(equation)}
    if any(_bears_above(source, equation) for equation in equations.found):
        marks = {spelled.key[1] for spelled in equations.names.values()}
        letters |= {mark for mark in marks if mark.islower() and _is_mark(mark)}
    lefts = {equation.name: equation.segment.left for equation in equations.found}
    for spelled in {**equations.names, **lefts}.values():
        if spelled.key[1] in letters:
            written = source.text[slice(*spelled.span)]
            yield source.diagnostic(say("notes.member", name=written, letter=spelled.key[1]), spelled.span)
    for call in {call.key: call for call in equations.applications}.values():
        if call.key[1] in letters and new_name(*call.key) in equations.functions:
            written = source.text[slice(*call.head)]
            yield source.diagnostic(say("notes.member", name=written, letter=call.key[1]), call.head)
    for total in equations.totals:
        yield source.diagnostic(say("notes.total", name=total.left.name), total.left.span)


def _bears_above(source: Source, equation: Forward) -> bool:
    """Whether a letter that is summed over stands above, ``y^{(i)}``, as the mark of a name does."""
    entries = [part for part in equation.parts() if part.kind == "entry"]
    letters = set(_summed(equation.parts()))
    written = ((e.children[-1].value, source.text[slice(*e.span)]) for e in entries)
    return any(letter in letters and text.rstrip("}").endswith(f"({letter})") for letter, text in written)


def _is_stepped(equation: Forward) -> bool:
    """Whether a left side with an index letter is computed from earlier members."""
    sides = [part for part in walk(equation.sides[1]) if part.kind == "entry"] if equation.sides is not None else []
    return any(e.children[0].value == equation.name and e.children[1].kind == "shift" for e in sides)


def _powers(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """``x^i`` where i is an index letter: a power, or the member of a family; ``a^{(l-1)}`` and ``x^1`` likewise."""
    letters = equations.words.letters | _only_above(equations)
    for tree in equations.parts():
        exponent = tree.children[1] if tree.kind == "pow" else None
        below = walk(exponent) if exponent is not None else ()
        first = exponent is not None and exponent.kind == "num" and exponent.value == "1"
        indexed = first or any(part.kind == "name" and part.value in letters for part in below)
        if indexed and tree.children[0].kind in ("name", "entry"):
            written = source.text[slice(*tree.span)]
            yield source.diagnostic(say("notes.power_or_member", name=written), tree.span)


def _only_above(equations: Equations) -> set[str]:
    """The letters of marks, ``w^L``, that nothing declares or computes, and that stand above other letters alone."""
    above: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    for part in equations.parts():
        if part.kind == "name":
            everywhere[part.value] += 1
        elif part.kind == "pow" and part.children[0].kind in ("name", "entry"):
            above.update(name.value for name in walk(part.children[1]) if name.kind == "name")
    known = {new_name(*key) for key in equations.words.keys} | equations.lefts()
    return {name for name in above if _is_mark(name) and above[name] == everywhere[name] and name not in known}


def _is_mark(name: str) -> bool:
    return len(name) == 1 and name.isascii() and (name.isupper() or name in "ijklmnt")


def _letters_as_numbers(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """An index letter that stands among numbers where it is bound, ``\\sum_k k x_k``."""
    for equation in equations.found:
        if equation.sides is None:
            continue
        lhs, rhs = equation.sides
        bound = frozenset(ix.value for ix in lhs.children[1:] if lhs.kind == "entry" and ix.kind == "name")
        bound |= frozenset(_summed(equation.parts()))
        for tree in _bare_letters(rhs, bound, equations.labels):
            if source.text[: tree.span[0]].rstrip("{ ").endswith("^"):
                continue  # It is said of the power.
            yield source.diagnostic(say("notes.letter_as_number", letter=tree.value), tree.span)


def _strides(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """``x_{2i}`` beside ``x_{2i-1}``, or other entries with one index: a multiple of a position, and no two indices."""
    one = {t.children[0].value for t in equations.entries() if len(t.children) == 2}
    for tree in equations.entries():
        array, *below = tree.children
        written = source.text[slice(*tree.span)]
        if array.value in one and [b.kind for b in below] == ["num", "name"] and "," not in written:
            yield source.diagnostic(say("notes.stride", name=written), tree.span)


def _numbers_behind(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """``b1`` and ``(y - t)2``: a number behind a factor without a sign, which may be an index or a power, too."""
    for tree in equations.parts():
        pairs = zip(tree.children, tree.children[1:], strict=False) if tree.kind == "terms" else ()
        for n, (factor, number) in enumerate(pairs):
            if number.kind == "num" and tree.value[n] == " ":
                span = ((factor if n else tree).span[0], number.span[1])
                yield source.diagnostic(say("notes.number_behind", name=source.text[slice(*span)]), span)


def _redefined(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """``z = w x``, ``h = tanh(z)`` and then ``z = v h``: two quantities with one letter."""
    for segment in equations.seconds:
        name = segment.left.name
        if name in equations.behind(equations.read(segment).uses - {name}):
            yield source.diagnostic(say("notes.redefined", name=name), (segment.start, segment.end))


def _compositions(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    r"""``(f \circ g)(x)``: functions one after the other, where the sign is a product by entries."""
    for equation in equations.found:
        tokens = tokens_in(source, equation.segment.start, equation.segment.end)
        for n, token in enumerate(tokens):
            applied = [t.text for t in tokens[n + 2 : n + 4]] == [")", "("]
            sign = source.text[token.start : token.end].strip()
            if sign in ("\\circ", "∘") and tokens[n - 1].kind in ("letter", "greek") and applied:
                yield source.diagnostic(say("notes.composition"), (tokens[n - 1].start, tokens[n + 1].end))


def _positive_parts(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """``z^+`` beside a computed z: its positive part, or a quantity that is given."""
    computed = {segment.left.key for segment in equations.segments}
    for spelled in equations.given().values():
        base, mark = spelled.key
        if mark in ("plus", "minus") and (base, "") in computed:
            yield source.diagnostic(say("notes.positive_part", name=source.text[slice(*spelled.span)]), spelled.span)


def _slashes(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    r"""``1/2N \sum``: what is divided by may have the size in it, or not."""
    for equation in equations.found:
        tokens = tokens_in(source, equation.segment.start, equation.segment.end)
        for sign, number, size in zip(tokens, tokens[1:], tokens[2:], strict=False):
            by = sign.text == "/" and (number.kind == "number" or number.text in equations.dims)
            if (
                by
                and size.kind == "letter"
                and (size.text in equations.dims or (size.start == number.end and size.text.isupper()))
            ):
                hint = say("notes.slash_before_size")
                yield source.diagnostic(say("latex.unclear_slash"), (number.start, size.end), hint)


def _in_two_layers(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """``w_{ji}`` beside ``w_{kj}`` of another equation: one square array, or the weights of two layers."""
    axes: dict[tuple[str, str], tuple[int, str]] = {}
    given = equations.given()
    for equation in equations.found:
        for tree in equation.parts():
            array = tree.children[0] if tree.kind == "entry" else None
            if array is None or array.value not in given or given[array.value].key in equations.words.keys:
                continue
            for axis, index in enumerate(tree.children[1:]):
                letter = index.value if index.kind == "name" and len(tree.children) > 2 else ""
                first = axes.setdefault((array.value, letter), (axis, equation.name))
                if letter and first[0] != axis and first[1] != equation.name:
                    words = say("notes.in_two_layers", name=array.value, letter=letter)
                    yield source.diagnostic(words, tree.span)
                    return


def _dependent_ranges(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    r"""``\sum_{k=1}^n`` where n is an index letter itself: the range depends on it."""
    trees = [tree for tree in equations.parts() if tree.kind == "call" and tree.value in _SUMS]
    for letter in (letter for tree in trees for letter in tree.children[1:] if letter.kind == "name"):
        last = letter.children[0] if letter.children else None
        if last is not None and last.kind == "name" and last.value in equations.words.letters:
            words = say("notes.dependent_range", letter=letter.value, last=last.value)
            yield source.diagnostic(words, last.span)


def _bare_letters(tree: Node, bound: frozenset[str], labels: Collection[str]) -> Iterator[Node]:
    if tree.kind == "name":
        yield from (tree,) if tree.value in bound else ()
    elif tree.kind == "call" and tree.value in _SUMS:
        totals = tree.value in ("sum", "mean")  # The others may be of two numbers.
        inner = bound | {other.value for other in tree.children[1:] if totals and other.kind == "name"}
        yield from _bare_letters(tree.children[0], inner, labels)
    elif tree.kind in ("entry", "pick") or (tree.kind == "call" and tree.value in ("delta", "onehot")):
        yield from _bare_letters(tree.children[0], bound, labels) if tree.kind == "entry" else ()
    elif tree.kind != "cmp" or not any(label_in(side, labels) for side in tree.children):
        for child in tree.children:
            yield from _bare_letters(child, bound, labels)


def _cases(source: Source, equations: Equations, within: Sequence[Segment]) -> Iterator[Diagnostic]:
    """``y_{nk}`` beside a computed matrix Y: its entry, or another quantity, since letters tell large from small."""
    given, lefts = equations.given(), computed_arrays(equations, within)
    for name, spelled in given.items():
        capital = capital_of(spelled.key)
        counts = {count for count, _ in equations.indexed.get(name, ())}
        if capital is None or not counts or (counts == {1} and not spelled.bold):
            continue  # Of one index is a column: what the axes tell.
        if capital in lefts or (2 in counts and not spelled.bold and capital in given):
            written = source.text[slice(*spelled.span)]
            yield source.diagnostic(say("notes.letter_case", name=written, array=capital), spelled.span)


def computed_arrays(equations: Equations, within: Sequence[Segment]) -> set[str]:
    """The names of what equations compute as a whole, displayed or within the text, that is no loss."""
    lefts = [s.left for s in (*(e.segment for e in equations.found), *within)]
    return {left.name for left in lefts if not is_loss(left)}


def capital_of(key: Key) -> str | None:
    r"""The name of the capital of a small letter, ``\hat{Y}`` of ``\hat{y}``; None for other names."""
    accent, colon, letter = key[0].rpartition(":")
    return new_name(accent + colon + letter.upper(), key[1]) if len(letter) == 1 and letter.islower() else None


def _idle_sums(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    """A sum over a letter that stands nowhere in what is summed: what depends on it is not written."""
    for tree in equations.parts():
        if tree.kind == "call" and tree.value == "sum" and len(tree.children) == 2 and not indexes(tree):
            letter = tree.children[1].value
            yield source.diagnostic(say("notes.idle_sum", letter=letter), tree.span)


def indexes(tree: Node) -> bool:
    """Whether the letter of a sum is an index in what is summed, or a number that another check is about."""
    body, letter = tree.children
    return letter.kind != "name" or any(part.kind == "name" and part.value == letter.value for part in walk(body))


def _summed(parts: Iterable[Node]) -> Iterator[str]:
    """The letters that sums among these run over."""
    sums = (tree for tree in parts if tree.kind == "call" and tree.value in _SUMS)
    return (other.value for tree in sums for other in tree.children[1:] if other.kind == "name")


# --- what the axes tell ----------------------------------------------------------------------------------------------


def _positions(source: Source, equations: Equations, shapes: Mapping[str, Axes]) -> Iterator[Diagnostic]:
    """``p_y`` beside an array p: an entry at the position y, which nothing here says, or another quantity."""
    given = equations.given()
    for name, spelled in given.items():
        base, tag = spelled.key
        array = shapes.get(base, ())
        # Beside w the number w_0 may be a bias; w_1 is an entry, of a vector of which nothing tells how long it is.
        numbered = tag.isdecimal() and tag != "0" and spelled.below and not spelled.bold and shapes.get(name) == ()
        if numbered and base in given and array is not None and len(array) == 1 and base.islower():
            written = source.text[slice(*spelled.span)]
            yield source.diagnostic(say("notes.entry_or_number", name=written, array=base), spelled.span)
            continue
        # A bold letter with a mark is another quantity, unless its members have index letters there.
        whole = spelled.bold and (1, True) not in equations.indexed.get(base, ())
        whole = whole or bool(shapes.get(tag))  # An array is no position.
        if array and spelled.below and tag and not tag.isdecimal() and not whole and name not in equations.ranks:
            words = say("notes.entry_at_class", name=source.text[slice(*spelled.span)], array=base, mark=tag)
            yield source.diagnostic(words, spelled.span)


def _transposed(source: Source, equations: Equations, shapes: Mapping[str, Axes], told: Shapes) -> Iterator[Diagnostic]:
    """The transpose of what would be a number."""
    for tree in equations.parts():
        if tree.kind != "transpose":
            continue
        inner = tree.children[0]
        number = shapes.get(inner.value) == () if inner.kind == "name" else told.of(inner) == ()
        if number and inner.kind not in ("num", "entry"):
            name = source.text[slice(*inner.span)]
            yield source.diagnostic(say("notes.transposed_number", name=name), tree.span)


def _of_size_one(
    source: Source, equations: Equations, shapes: Mapping[str, Axes], told: Shapes
) -> Iterator[Diagnostic]:
    """A bold vector, or a bold matrix, that fits only with the size one, which nobody declared."""
    lefts = {equation.name: equation.segment.left for equation in equations.found}
    one = any("1" in axes for name, axes in shapes.items() if split_tag(name) in equations.words.keys)
    whole = ((e.name, e.sides[1]) for e in equations.found if e.sides is not None and e.uses and not e.letter)
    numbers = {name for name, side in whole if told.of(side) == () and equations.indexed.get(name)}
    for equation in equations.found:  # A vector of ones beside numbers takes its length from nothing.
        parts = [*walk(equation.sides[1])] if equation.sides is not None else []
        ones = next((part for part in parts if (part.kind, part.value) == ("bare", "ones")), None)
        if ones is not None and shapes.get(equation.name) and not any(shapes.get(part.value) for part in parts):
            written = source.text[slice(*equation.segment.left.span)]
            yield source.diagnostic(say("notes.size_one", name=written), equation.segment.left.span)
    for name, spelled in {**equations.given(), **lefts}.items():
        axes = shapes.get(name)
        if axes is None or (not axes and name not in lefts):
            continue  # Nothing tells its axes.
        if name in lefts and not spelled.bold and axes and (name in numbers or all(axis == "1" for axis in axes)):
            written = source.text[slice(*spelled.span)]
            yield source.diagnostic(say("notes.without_index", name=written), spelled.span)
            continue
        declared = spelled.key in equations.words.keys
        narrow = usual_rank(spelled) == len(axes) == 2 and axes[1] == "1" and not one
        if (spelled.bold or axes) and not declared and (narrow or all(axis == "1" for axis in axes)):
            written = source.text[slice(*spelled.span)]
            yield source.diagnostic(say("notes.size_one", name=written), spelled.span)


def _entrywise_numbers(
    source: Source, equations: Equations, shapes: Mapping[str, Axes], told: Shapes
) -> Iterator[Diagnostic]:
    r"""The number of ``g \odot v`` that nothing says to be one: a light letter, or what bold letters give one row."""
    given = equations.given()
    rows = {name for name in given if shapes.get(name, ())[:1] == ("1",)}
    light = {name for name, spelled in given.items() if not spelled.bold}
    light |= {e.name for e in equations.found if not e.segment.left.bold and e.uses & rows}
    declared = {new_name(*key) for key in equations.words.keys}
    for tree in equations.parts():
        if tree.kind == "terms" and "o" in tree.value and any(told.of(child) for child in tree.children):
            for child, before, behind in zip(tree.children, "o" + tree.value, tree.value + "o", strict=True):
                alone = before == behind == "o" and child.kind == "name"
                if alone and child.value in light - declared and told.of(child) == ():
                    yield source.diagnostic(say("notes.entrywise_number", name=child.value), child.span)


def _norms(source: Source, equations: Equations, told: Shapes) -> Iterator[Diagnostic]:
    """The norm of what would be a number: its letters are meant as arrays."""
    computed = {e.name: e.sides[1] for e in equations.found if e.sides is not None}
    for tree in equations.parts():
        if tree.kind == "call" and tree.value == "norm" and _has_number(tree.children[0], told, computed):
            name = source.text[slice(*tree.children[0].span)]
            yield source.diagnostic(say("notes.norm_of_number", name=name), tree.span)


def _plain_sums(source: Source, equations: Equations, told: Shapes) -> Iterator[Diagnostic]:
    r"""``\sum (y - \hat{y})^2`` of numbers: the letter that it is over, and what has it, are not written."""
    for tree in equations.parts():
        plain = tree.kind == "call" and tree.value == "sum" and len(tree.children) == 1
        if plain and told.of(tree.children[0]) == ():
            yield source.diagnostic(say("notes.plain_sum"), tree.span)


def _unindexed(
    source: Source,
    equations: Equations,
    shapes: Mapping[str, Axes],
    marked: Mapping[tuple[str, str], tuple[int, int]],
) -> Iterator[Diagnostic]:
    """A number within a sum over i that has the index i elsewhere in the note: one for all, or one for each."""
    given = equations.given()
    for tree in equations.parts():
        letters = [t.value for t in tree.children[1:]] if tree.kind == "call" and tree.value == "sum" else []
        for part in walk(tree.children[0]) if letters else ():
            name = part.value if part.kind == "name" and shapes.get(part.value) == () else ""
            at = next((marked[name, i] for i in letters if (name, i) in marked), None)
            if at is not None and name in given and not equations.indexed.get(name):
                other = source.text[slice(*at)]
                yield source.diagnostic(say("notes.index_elsewhere", name=name, other=other), part.span)
                return


def _logits(source: Source, equations: Equations) -> Iterator[Diagnostic]:
    r"""``\mathrm{CE}(z, y)`` of what is computed and no probability: the logits of a softmax, or -sum(y log z)?"""
    computed = {e.name: e.sides[1] for e in equations.found if e.sides is not None}
    for side in computed.values():
        for tree in walk(side):
            function = _OF_LOGITS.get(tree.value) if tree.kind == "call" and tree.children else None
            if function is not None and _is_linear(tree.children[0], computed):
                name = source.text[slice(*tree.children[0].span)]
                yield source.diagnostic(say("notes.logits", name=name, function=function), tree.span)


def _is_linear(tree: Node, computed: Mapping[str, Node]) -> bool:
    """Whether this is computed, and by its outermost signs, or by a function below 0 or above 1, no probability."""
    if tree.kind in ("neg", "entry", "column", "name"):
        inner = computed.get(tree.value) if tree.kind == "name" else tree.children[0]
        return inner is not None and inner is not tree and _is_linear(inner, computed)
    if tree.kind == "add":
        return any(_is_linear(child, computed) for child in tree.children)
    return tree.kind in ("terms", "matmul", "mul") or (tree.kind == "call" and tree.value in _UNBOUNDED)


_OF_LOGITS = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
"""What the logits of each loss would be put into."""
_UNBOUNDED = ("tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "log", "sum", "dot")
"""Functions whose values are no probabilities, whatever they are applied to."""


def _has_number(tree: Node, told: Shapes, computed: Mapping[str, Node]) -> bool:
    """Whether what a length is taken of is a number, or an array beside a quantity that is one.

    What is ``computed`` has the shape of its equation's right side, whatever its letter looks like.
    """
    terms = [t.children[0] if t.kind == "neg" else t for t in tree.children] if tree.kind == "add" else []
    names = [t for t in terms if t.kind == "name" and told.of(t) == ()]
    members = {told.of(t) == () for t in terms if t.kind == "entry"}
    mixed = len(members) > 1  # Of t_i - y_i one is a number, and the other an array.
    return told.of(tree) == () or mixed or any(told.of(computed.get(t.value, t)) == () for t in names)


def _exponentials(source: Source, equations: Equations, told: Shapes) -> Iterator[Diagnostic]:
    """``e^{\\mathbf{X}}`` of a square matrix."""
    for tree in equations.parts():
        if tree.kind != "call" or tree.value != "exp":
            continue
        axes = tuple(map(told.root, told.of(tree.children[0]) or ()))
        if len(axes) == 2 and axes[0] == axes[1] != "1":
            written = source.text[slice(*tree.children[0].span)]
            yield source.diagnostic(say("notes.matrix_exponential", name=written), tree.span)


def softmaxes(equations: Equations, told: Shapes) -> Iterator[tuple[Node, tuple[str, str]]]:
    """The softmaxes of matrices, with the axes of these."""
    for tree in equations.parts():
        if tree.kind == "call" and is_along_axis(tree.value):
            axes = tuple(map(told.root, told.of(tree.children[0]) or ()))
            if len(axes) == 2 and "1" not in axes:
                yield tree, (axes[0], axes[1])


def _softmaxes(source: Source, equations: Equations, told: Shapes) -> Iterator[Diagnostic]:
    r"""``\mathrm{softmax}(W X + b)`` where the examples are the columns of X: that of a matrix is of each row."""
    given = {name: tuple(map(told.root, told.shape(name) or ())) for name in equations.given()}
    data = [axes for name, axes in given.items() if len(axes) == 2 and name.partition("_")[0] == "X"]
    spread = {axes for axes in given.values() if len(axes) == 2 and axes[1] == "1"}
    for tree, (rows, columns) in softmaxes(equations, told):
        examples = any(axes[1] == columns and axes[0] != columns for axes in data) and (rows, columns) not in data
        if rows != columns and (examples or (rows, "1") in spread or told.biases):
            written = source.text[slice(*tree.span)]
            yield source.diagnostic(say("notes.softmax_of_columns", name=written), tree.span)
