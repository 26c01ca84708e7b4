r"""Functions of a note's own, ``f(x) = w x + b``: put in where they are applied, or quantities where nothing else is.

Knows the statements; knows no shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose

from backsym.core.errors import InputError
from backsym.core.functions import FUNCTIONS, losses
from backsym.core.lazy import lazy
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.files.yamlfile import Document, Edit
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.equations import UNKNOWN, first_look
from backsym.reading.latex.lexer import (
    ACCENTS,
    CLOSING,
    FONTS,
    FUNCTION_MACROS,
    OPENING,
    Token,
    closing,
    nesting,
    script_end,
    tokens_in,
)
from backsym.reading.latex.names import Key
from backsym.reading.latex.scripts import read_scripts
from backsym.reading.notes.stating.pieces import (
    Piece,
    Place,
    Places,
    all_pieces,
    blanked,
    edited,
    is_of_one_case,
    letter_of,
    pieces_in,
    separators,
    split_arguments,
)
from backsym.reading.notes.written_functions import POINTS, defines, value_at
from backsym.reading.syntax import Node, walk
from backsym.text.phrases import words_of

MAX_FUNCTIONS = 100
"""How many functions of its own a note may have."""
_SIZES_OF_CLOSING = (r"\right", r"\bigr", r"\Bigr", r"\biggr", r"\Biggr", r"\big", r"\Big", r"\bigg", r"\Bigg")
_PREFIXES = (r"\sqrt", r"\text{abs}", r"\text{square}")
"""Functions that formulas write with signs of their own."""


# --- arguments -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Applied:
    """A name with arguments: the texts of the tokens of both, and the place of the parentheses, from the head on."""

    head: tuple[str, ...]
    arguments: tuple[str, ...]
    span: tuple[int, int]
    start: int = 0
    """Where the head begins."""
    head_end: int = 0
    derived_at: tuple[str, ...] = ()
    """Of a derivative ``f'(x)``, what stands in its parentheses; its arguments are its primes."""

    @property
    def is_derivative(self) -> bool:
        return self.arguments[:1] == ("'",)


def written_arguments(pieces: Iterable[Piece]) -> dict[str, tuple[str, ...]]:
    """The names in the parentheses of left sides, where nothing but names and commas stands there."""
    found: dict[str, tuple[str, ...]] = {}
    for piece in pieces:
        call = _left_call(piece)
        if call is not None:
            source = piece.reader.source
            heads = names_in_formula(source, call.start, call.head_end)
            inside = names_in_formula(source, source.text.index("(", call.span[0]) + 1, call.span[1] - 1)
            found.update({head.name: tuple(name.name for name in inside) for head in heads if head.name not in found})
    return found


def without_functions(document: Document, places: Places, beside: list[tuple[int, str]]) -> Document:
    """The note with its own functions put in, or without arguments that say nothing: one after the other.

    A function whose formula has no other in it goes first.  ``beside`` gets the lines and left sides of those that
    nothing uses.
    """
    done: set[tuple[str, ...]] = set()
    for _ in range(MAX_FUNCTIONS):
        source, formulas = document.source, places(document)
        pieces = pieces_in(source, formulas, displayed=True) or pieces_in(source, formulas, displayed=False)
        defined: dict[tuple[str, ...], tuple[Applied, Piece]] = {}
        for piece in (*pieces, *pieces_in(source, formulas, displayed=False)):
            found = _left_call(piece)
            if found is not None and found.head not in done:
                _check_one(source, found, defined.setdefault(found.head, (found, piece))[1], piece)
        if not defined:
            break
        _check_powers(source, formulas, {*defined, *done})
        head = min(defined, key=lambda head: _uses_others(defined[head][1], defined))
        done.add(head)
        left, stated = defined[head]
        function = _Function(source, formulas, pieces, left, stated)
        if function.is_beside():
            beside.append((document.place(left.start)[0], source.text[left.start : left.span[1]]))
        document = edited(document, function.edits())
    return document


def _check_one(source: Source, call: Applied, first: Piece, piece: Piece) -> None:
    """Refuses "$g(u) = \\tanh(u)$ or $g(u) = \\max(0, u)$", and "$g(u) = u$ if $u > 0$, and 0 otherwise"."""
    if is_of_one_case(source.text, piece.span[1]):
        raise source.error(say("notes.of_one_case", name="".join(call.head)), piece.span)
    between = [word.text for word in words_of(source.text, first.span[1], piece.span[0])]
    if between in (["or"], ["oder"]) or (piece is not first and _differ(first, piece)):
        one, other = (source.text[slice(*each.span)].partition("=")[2].strip() for each in (first, piece))
        raise source.error(say("notes.two_functions", name="".join(call.head), one=one, other=other), piece.span)


def _differ(first: Piece, piece: Piece) -> bool:
    """Whether two formulas of a function of one letter have other values."""
    values: list[list[float | None]] = []
    for each in (first, piece):
        call, tree = _left_call(each), each.tree(0)
        letter = call.arguments[0] if call is not None and len(call.arguments) == 1 else ""
        values.append([value_at(tree, letter, x) if tree is not None else None for x in POINTS])
    known = [(a, b) for a, b in zip(*values, strict=True) if a is not None and b is not None]
    return any(not isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in known)


def _check_powers(source: Source, formulas: Iterable[Place], heads: Collection[tuple[str, ...]]) -> None:
    """Refuses ``f^2(x)`` of a function of the note: its square, or it twice."""
    letters = {head[0] for head in heads if len(head) == 1 and _known(head[0]) is None}
    for tokens in (tokens_in(source, f.start, f.end) for f in formulas):
        for n, token in enumerate(tokens[:-3]):
            if token.text in letters and tokens[n + 1].text == "^":
                end = script_end(tokens, n + 1)
                number = [t.text for t in tokens[n + 2 : end] if t.text not in ("{", "}")]
                head = tuple(t.text for t in tokens[n:end])
                if (
                    number[:1] != ["1"]
                    and "".join(number).isdecimal()
                    and tokens[end].text == "("
                    and head not in heads
                ):
                    span = token.start, tokens[end - 1].end
                    raise source.error(say("notes.function_not_put_in", name=token.text), span)


def applied_members(source: Source, formulas: Sequence[Place]) -> Iterator[tuple[str, str]]:
    """The letters of functions' arguments for which the same letter with an index stands, and that index."""
    for call in filter(None, map(_left_call, all_pieces(source, formulas))):
        letters = [letter_of(argument) for argument in split_arguments(call.arguments)]
        for other in (c for f in formulas for c in _calls(source, f, (call.head,))):
            for letter, argument in zip(letters, split_arguments(other.arguments), strict=False):
                sign = next((n for n, text in enumerate(argument) if text in ("_", "^")), len(argument))
                index = [text for text in argument[sign + 1 :] if text not in (*OPENING, *CLOSING)]
                if letter and letter_of(argument[:sign]) == letter and len(index) == 1 and index[0].isalpha():
                    yield letter.rpartition(" ")[2], index[0]


def with_parameters(
    source: Source, formulas: Sequence[Place], loose: Collection[str], marks: dict[Key, str]
) -> Iterator[Edit]:
    r"""One mark for the parameters below a function, ``h_{W,b}(x) = ...``, which are quantities and no positions.

    ``marks`` gets how they are written; ``loose`` are the letters that stand anywhere but below another.
    """
    pieces = all_pieces(source, formulas)
    tokens = [t for f in formulas for t in (*tokens_in(source, f.start, f.end), Token("end", "", f.end, f.end))]
    texts = [token.text for token in tokens]
    alone = {texts[n] for n in _below(texts)}
    done: set[tuple[str, ...]] = set()
    for piece in pieces:
        call = _left_call(piece)
        head = call.head if call is not None else ()
        letters = head[3:-1:2]
        listed = head[1:3] == ("_", "{") and len(letters) > 1 and set(head[4:-1:2]) == {","}
        firsts = (alone - {letters[0]}) if listed else alone
        others = any(texts[n] == letters[0] and texts[n + 1] != "," for n in _below(texts)) if listed else True
        if not listed or others or head in done or not set(letters) <= {*loose} or set(letters) & firsts:
            continue
        done.add(head)
        mark = "".join(letters)
        for n in range(len(texts) - len(head)):
            if tuple(texts[n : n + len(head)]) == head:
                start, end = tokens[n + 1].start, tokens[n + len(head) - 1].end
                marks[head[0], mark] = source.text[start:end]
                yield Edit(start, end, rf"_{{\text{{{mark}}}}}")


def with_one_head(source: Source, formulas: Sequence[Place], loose: Collection[str]) -> Iterator[Edit]:
    r"""The head of its definition for a function whose parameters stand not everywhere, ``h_\theta(x)`` and ``h(x)``.

    ``loose`` are the letters that stand anywhere but below another.  The letter has no other head and is never alone.
    """
    pieces = all_pieces(source, formulas)
    defined = {call.head: call for call in map(_left_call, pieces) if call is not None}
    for head, definition in defined.items():
        below = [text for text in head[2:] if text not in ("{", "}", ",", *FONTS)]
        if len(head) > 1 and (head[1] != "_" or not set(below) <= {*loose}):
            continue
        found: list[tuple[Token, Token, tuple[str, ...]]] = []
        alone = False
        for tokens in (tokens_in(source, f.start, f.end) for f in formulas):
            for n, token in enumerate(tokens[:-1]):
                if token.text != head[0] or (n and tokens[n - 1].text in ("_", "^", "partial", "nabla")):
                    continue
                end = script_end(tokens, n + 1) if tokens[n + 1].text == "_" else n + 1
                alone |= end >= len(tokens) or tokens[end].text not in ("(", "left", "'")
                found.append((token, tokens[end - 1], tuple(t.text for t in tokens[n:end])))
        others = [(first, last) for first, last, written in found if written != head]
        bare = all(written == (head[0],) or head == (head[0],) for _, _, written in found if written != head)
        scripts = {text for *_, written in found for text in written[2:] if text not in ("{", "}", ",", *FONTS)}
        if others and bare and not alone and scripts <= {*loose} and len({written for *_, written in found}) == 2:
            name = source.text[definition.start : definition.head_end]
            yield from (Edit(first.start, last.end, name) for first, last in others)


def _below(texts: Sequence[str]) -> Iterator[int]:
    """The positions of what stands first below a letter."""
    marks = (n for n in range(1, len(texts) - 2) if texts[n] == "_" and texts[n - 1] != "nabla")
    return (n + 1 + (texts[n + 1] == "{") for n in marks)


def by_entries(source: Source, formulas: Sequence[Place]) -> Iterator[Edit]:
    r"""The name of the softmax function for a letter that is defined by its entries, ``\sigma(\mathbf{z})_i = ...``.

    Raises InputError for another function that is defined by its entries and used.
    """
    pieces = all_pieces(source, formulas)
    for piece in pieces:
        call = _left_entry(piece)
        if call is None or piece.derives(piece.signs[0], piece.last):
            continue
        used = [c for f in formulas for c in _calls(source, f, (call.head,)) if c.span != call.span]
        if used and not _is_softmax(piece.tree(0)):
            message = say("notes.function_not_put_in", name="".join(call.head))
            raise source.error(message, call.span, say("notes.write_formula"))
        yield from (Edit(c.start, c.head_end, FUNCTIONS["softmax"].latex) for c in used)
        yield from blanked(source.text, *piece.span)


def _left_entry(piece: Piece) -> Applied | None:
    """``f(z)_i`` on the left side, of a letter; else None."""
    tokens = piece.tokens
    opening = piece.first + 1
    if tokens[piece.first].kind not in ("letter", "greek") or tokens[opening].text != "(":
        return None
    close = closing(tokens, opening)
    if close is None or tokens[close + 1].text != "_" or script_end(tokens, close + 1) != piece.signs[0]:
        return None
    return _applied(tokens, piece.first, opening, close)


def _is_softmax(tree: Node | None) -> bool:
    r"""Whether a formula is ``\frac{e^{z_i}}{\sum_j e^{z_j}}``."""
    if tree is None or tree.kind != "div" or tree.children[1].kind != "call" or tree.children[1].value != "sum":
        return False
    one, (total, *letters) = tree.children[0], tree.children[1].children
    if len(letters) != 1 or any(t.kind != "call" or t.value != "exp" for t in (one, total)):
        return False
    entries = one.children[0], total.children[0]
    if any(t.kind != "entry" or len(t.children) != 2 for t in entries):
        return False
    mine, other = (t.children for t in entries)
    return mine[0].value == other[0].value and other[1].value == letters[0].value != mine[1].value


def _uses_others(piece: Piece, defined: Collection[tuple[str, ...]]) -> bool:
    """Whether the formula of a function has another one in it that the note defines."""
    texts = [token.text for token in piece.tokens[piece.signs[0] : piece.last]]
    return any(tuple(texts[n : n + len(head)]) == head for head in defined for n in range(len(texts)))


@dataclass(frozen=True)
class _Function:
    """A function of the note's own, by its left side and the statement of its formula, and the note around it."""

    source: Source
    formulas: Sequence[Place]
    pieces: Sequence[Piece]
    """The displayed statements, or without any those within the text."""
    left: Applied
    stated: Piece

    @property
    def others(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece is not self.stated]

    @lazy
    def calls(self) -> list[Applied]:
        return [call for formula in self.formulas for call in _calls(self.source, formula, (self.left.head,))]

    def is_beside(self) -> bool:
        """Whether it is said beside the problem: nothing uses it, and another statement is the loss."""
        bare = any(_stands_bare(self.left.head, other) for other in self.others)
        return len(self.calls) == 1 and not bare and any(map(_is_loss, self.others))

    def edits(self) -> Iterator[Edit]:
        """Takes the arguments of a function away that has a formula, or puts the formula in for other arguments.

        Arguments that are the same wherever the function stands say nothing but the index letter of an example.
        """
        letters = frozenset[str]().union(*(piece.reader.summed_letters() for piece in self.pieces))
        mine = [call for call in self.calls if not any(_is_value(call, other) for other in self.others)]
        name = self.source.text[self.left.start : self.left.head_end]
        known = _known(self.left.head[0]) if len(self.left.head) == 1 else None
        if known is not None and known in FUNCTIONS and known not in losses():
            if not self.is_known(known):
                yield from self.named_or_put_in(mine)
            elif self.stated in self.pieces:
                again = (p for p in self.pieces if (call := _left_call(p)) is not None and call.head == self.left.head)
                yield from (edit for each in again for edit in blanked(self.source.text, *each.span))
            return
        if slopes := self.slopes(mine):
            letter = _argument_texts(self.source, self.left)[0]
            yield from (Edit(c.start, c.span[1], _as_partial(name, letter, len(c.arguments))) for c in slopes)
            mine = [call for call in mine if call not in slopes]
        if _needless(self.pieces, mine) or self.is_beside():
            return
        if all(call.arguments == self.left.arguments for call in mine):
            for call in mine:
                yield from _without_arguments(self.source.text, call, letters)
            return
        if any(_stands_bare(self.left.head, other) for other in self.others):
            raise self.source.error(say("notes.function_and_quantity", name=name), self.left.span)
        yield from self.named_or_put_in(mine)

    def slopes(self, calls: Sequence[Applied]) -> list[Applied]:
        """The derivatives ``f'(w)`` of what the note computes, ``f(w) = ...``, if it is a quantity of one letter."""
        arguments = self.left.arguments
        found = [call for call in calls if call.is_derivative]
        mine = all(call.derived_at == arguments for call in found) and bool(letter_of(arguments))
        others = all(call.arguments == arguments for call in calls if call not in found)
        return found if self.stated in self.pieces and mine and others else []

    def is_known(self, known: str) -> bool:
        """Whether its formula says of a known function what everybody knows."""
        tree = self.stated.tree(0) if len(self.left.arguments) == 1 else None
        return tree is not None and defines(known, tree, self.left.arguments[0])

    def named_or_put_in(self, calls: Sequence[Applied]) -> Iterator[Edit]:
        """The name of a known function of numbers that has this formula, by its values; else the formula itself."""
        tree, one = self.stated.tree(0), len(self.stated.signs) == 1
        tells = tree is not None and any(part.kind in ("call", "cmp") for part in walk(tree)) and one
        usual = (n for n, f in FUNCTIONS.items() if f.kind == "elementwise" and f.latex not in _PREFIXES)
        known = next(filter(self.is_known, usual), None) if tells else None
        uses = [call for call in calls if call.span != self.left.span]
        if known is None:
            yield from self.put_in(uses)
        else:
            yield from (Edit(call.start, call.head_end, FUNCTIONS[known].latex) for call in uses)
        yield from blanked(self.source.text, *self.stated.span)

    def put_in(self, calls: Sequence[Applied]) -> Iterator[Edit]:
        """The formula in parentheses wherever the function is applied; raises InputError where that is not clear.

        Within the text, a name that means nothing else by itself may stay.
        """
        custom = len(self.left.head) == 1 and _known(self.left.head[0]) is not None
        parts = split_arguments(self.left.arguments)
        names = [letter_of(_value(part)) for part in parts]
        classes = {name for name, part in zip(names, parts, strict=True) if "=" in part}
        begin, end = self.stated.part(0)
        body = self.stated.tokens[begin:end]
        plain = all(names) and "cdot" not in names and len(self.stated.signs) == 1 and bool(body)
        plain = plain and not _uses_others(self.stated, (self.left.head,))  # A function of itself is none.
        derived = [p.span for p in self.pieces if p.derives(p.first, p.last)]
        for call in calls:
            if call.is_derivative:
                raise self.not_put_in(self.left.span)
            formula = next((f for f in self.formulas if f.start <= call.start < f.end), None)
            stated = formula is not None and (formula.displayed or custom or _states(self.source, formula))
            texts = _argument_texts(self.source, call)
            pairs = zip(names, texts, strict=False)
            others = {name: text for name, text in pairs if "".join(text.split()) != _spelled(name)}
            fits = plain and _of_same(self.left, call) and not any(name.isdecimal() for name in others)
            replaced = _replaced(self.source.text, body, others, classes) if fits else None
            nested = any(other is not call and call.start < other.start < call.span[1] for other in calls)
            known = any(start <= call.start < end for start, end in derived)  # What is said of a derivative may stay.
            if stated and not known and (replaced is None or len(texts) != len(names) or nested or not call.arguments):
                raise self.not_put_in(call.span)
            if stated and replaced is not None:
                yield Edit(call.start, call.span[1], rf"{{\left({replaced}\right)}}")

    def not_put_in(self, span: tuple[int, int]) -> InputError:
        message = say("notes.function_not_put_in", name="".join(self.left.head))
        return self.source.error(message, span, say("notes.write_formula"))


def _is_value(call: Applied, piece: Piece) -> bool:
    r"""Whether a statement tells the value at some numbers, ``\nabla L(0, 0) = ...``, of what is called."""
    numbers = all(text in (",", ".", "-", "{", "}") or text.isdecimal() for text in call.arguments)
    return numbers and piece.span[0] <= call.start < piece.tokens[piece.signs[0]].start


def _stands_bare(head: Sequence[str], piece: Piece) -> bool:
    """Whether a statement, of no derivative, uses the name of a function without arguments, as what it computes."""
    if piece.derives(piece.first, piece.signs[0]):
        return False
    tokens = piece.tokens[piece.first : piece.last]
    texts = [*(token.text for token in tokens), ""]
    for n in range(len(tokens)):
        if tuple(texts[n : n + len(head)]) == tuple(head) and (
            n == 0 or texts[n - 1] not in ("_", "^", "partial", "nabla")
        ):
            end = n + len(head)
            end = script_end(tokens, end) if texts[end] == "^" else end
            if texts[min(end, len(tokens))] not in (*OPENING, "'", "_"):
                return True
    return False


def _as_partial(name: str, letter: str, times: int) -> str:
    """The derivative of a quantity by a letter, once or twice."""
    if times == 1:
        return rf"\frac{{\partial {name}}}{{\partial {letter}}}"
    return rf"\frac{{\partial^2 {name}}}{{\partial {letter}^2}}"


def _is_loss(piece: Piece) -> bool:
    """Whether a statement is by its letter or font that of a loss."""
    head, inner = piece.tokens[piece.first], piece.tokens[piece.first + 1]
    return head.text in ("mathcal", "mathscr", "ell", *"LJEC") and inner.text != "'"


def _without_arguments(text: str, call: Applied, letters: Collection[str]) -> Iterator[Edit]:
    """The head alone; with the index letter of an example, if the arguments have just one."""
    inner = sorted({n for n in call.arguments if n in letters})
    if len(inner) != 1:
        before = text[: call.start].rstrip()
        argument = text[slice(*call.span)].strip("()[] ")
        if before.endswith(r"\nabla") and "," not in argument:
            yield Edit(len(before), len(before), f"_{{{argument}}} ")  # By what it is a function of.
        yield from blanked(text, *call.span)
        return
    head = text[call.start : call.span[0]]
    below, script = head.rstrip().rpartition("_")[::2]
    if not below:
        yield Edit(*call.span, f"_{{{inner[0]}}}")
    elif script.startswith("{") and script.endswith("}"):
        yield Edit(call.start, call.span[1], f"{below}_{{{script[1:-1]},{inner[0]}}}")
    else:
        yield Edit(call.start, call.span[1], f"{below}_{{{script},{inner[0]}}}")


def _value(argument: Sequence[str]) -> Sequence[str]:
    """The value k of an event ``y = k``; an argument itself."""
    return argument[argument.index("=") + 1 :] if "=" in argument else argument


def _of_same(definition: Applied, call: Applied) -> bool:
    """Whether a call is about the events of ``P(y = k | x)``, as ``P(y = y_i | x_i)`` and ``P(y_i | x_i)`` are."""
    pairs = zip(split_arguments(definition.arguments), split_arguments(call.arguments), strict=False)
    return all(mine[:1] == other[:1] for mine, other in pairs if "=" in mine or "=" in other)


def _spelled(letter: str) -> str:
    r"""How a letter of an argument is written, ``\mathbf{x}``, without space."""
    font, _, name = letter.rpartition(" ")
    name = f"\\{name}" if len(name) > 1 else name
    return f"\\{font}{{{name}}}" if font else name


def _states(source: Source, formula: Place) -> bool:
    """Whether a formula within the text has an equals sign."""
    return "=" in source.text[formula.start : formula.end]


def _argument_texts(source: Source, call: Applied) -> list[str]:
    """The arguments of a call as they are written."""
    reader = first_look(source, *call.span)
    if reader is None:
        return []
    depth, found, start = 0, [], reader.tokens[0].end
    signs = separators(call.arguments)
    for token in reader.tokens:
        depth += nesting(token)
        if token.text == "=" and depth == 1:
            start = token.end
        elif (token.text in signs and depth == 1) or (token.text == ")" and depth == 0):
            found.append(_without_size(source.text[start : token.start].strip()))
            start = token.end
    return found


def _without_size(text: str) -> str:
    r"""An argument without the ``\right`` of the parenthesis that closes it."""
    size = next((size for size in _SIZES_OF_CLOSING if text.endswith(size)), "")
    return text.removesuffix(size).rstrip()


def _replaced(text: str, body: Sequence[Token], arguments: Mapping[str, str], classes: Collection[str]) -> str | None:
    """A formula with arguments for its letters; None where that may say something else.

    The letters of ``classes`` may stand right below others, ``w_k`` in ``P(y = k | x)``.
    A letter with an index may become another letter alone, and no argument may have a letter that is summed over.
    """
    sums = [n + 2 + (body[n + 2].text == "{") for n in range(len(body) - 3) if body[n].text == "sum"]
    bound = {body[n].text for n in sums}
    if any(letter in argument for letter in bound for argument in arguments.values()):
        return None
    seen = {_styled(body, n)[0] for n, token in enumerate(body) if token.kind in ("letter", "greek")}
    letters = {name.rpartition(" ")[2] for name in arguments}
    if any(name.rpartition(" ")[2] in letters and name not in arguments for name in seen):
        return None  # Its entries, or another quantity.
    pieces, position = [], body[0].start
    for n, letter in enumerate(body):
        name, token = _styled(body, n)
        if name not in arguments or letter.kind not in ("letter", "greek"):
            continue
        argument = arguments[name]
        above = argument.replace("^", "_")
        base = _without_font(above.partition("_")[0])
        is_name = base.strip("\\").isalnum() and not any(sign in argument for sign in "+-=*/ ")
        is_letter = is_name and "_" not in above
        before = [t.text for t in body[max(0, n - 2) : n]]
        if name in classes and is_name and (before[-1:] == ["_"] or before == ["_", "{"]):
            pieces += [text[position : token.start], argument if before[-1] == "{" else f"{{{argument}}}"]
            position = token.end
            continue
        script = [t.text for t in body if t.start >= token.end][:2]
        power = script[:1] == ["^"] and "".join(script[1:]).isdecimal()
        if any(t.text == "_" and t.end == token.start for t in body) or (script[:1] == ["'"]):
            return None
        if script[:1] in (["_"], ["^"]) and not (
            is_letter or power or (is_name and script[0] == "_" and "_" not in argument)
        ):
            return None
        whole = is_letter or (is_name and not power)
        first = next(m for m, other in enumerate(body) if other.start >= token.start)
        times = r"\cdot " if _follows_factor(body, first) else ""
        pieces += [text[position : token.start], argument if whole else rf"{times}\left({argument}\right)"]
        position = token.end
    return "".join([*pieces, text[position : body[-1].end]])


def _follows_factor(body: Sequence[Token], n: int) -> bool:
    """Whether a letter with its scripts stands right before a position: parentheses there would be its argument."""
    depth = 0
    for m in range(n - 1, -1, -1):
        token = body[m]
        depth += (token.text == "}") - (token.text == "{")
        scripted = m > 0 and body[m - 1].text in ("_", "^") and body[m - 1].kind == "op"
        if depth or scripted or token.text in ("_", "^", "{", "}"):
            continue
        styled = token.kind == "macro" and token.text in (*FONTS, *ACCENTS)  # \mathbf{w}, whose letter is in braces.
        return styled or (token.kind in ("letter", "greek") and token.text != "sigma")
    return False


def _without_font(text: str) -> str:
    r"""The letter in ``\mathbf{x}``."""
    font, _, inner = text.partition("{")
    return inner.removesuffix("}") if font.strip("\\ ") in FONTS and inner.endswith("}") else text


def _styled(body: Sequence[Token], n: int) -> tuple[str, Token]:
    """A letter with the font before it, as one token with its place."""
    token = body[n]
    if n > 1 and body[n - 1].text == "{" and body[n - 2].text in FONTS and n + 1 < len(body):
        return f"{body[n - 2].text} {token.text}", token._replace(start=body[n - 2].start, end=body[n + 1].end)
    if n and body[n - 1].kind == "macro" and body[n - 1].text in FONTS:
        return f"{body[n - 1].text} {token.text}", token._replace(start=body[n - 1].start)
    return token.text, token


def _needless(pieces: Sequence[Piece], calls: Sequence[Applied]) -> bool:
    """Whether what is computed by one of these calls has another equation, which is the one to read."""
    lefts = [tuple(token.text for token in piece.tokens[piece.first : piece.signs[0]]) for piece in pieces]
    callers = {
        left
        for left, piece in zip(lefts, pieces, strict=True)
        for call in calls
        if piece.tokens[piece.signs[0]].start < call.span[0] < piece.span[1]
    }
    return any(lefts.count(left) > 1 for left in callers)


def _left_call(piece: Piece) -> Applied | None:
    """``f(x, w)`` on the left side, of a letter that is no function of its own; else None."""
    reader = piece.reader
    reader.position, reader.nesting = piece.first, 0
    head = reader.token
    if head.kind not in ("letter", "greek", "word", "macro") or head.text in FUNCTION_MACROS:
        return None
    known = _known(head.text)
    if known is not None and known not in losses() and known not in FUNCTIONS:
        return None
    try:
        reader.base()
        read_scripts(reader, reader.additive)
    except InputError:
        return None
    opening = reader.position
    close = closing(reader.tokens, opening)
    if not reader.at("(") or close is None or close + 1 != piece.signs[0]:
        return None
    call = _applied(reader.tokens, piece.first, opening, close)
    if known is not None and known not in losses() and not _writes_out(piece, known, call):
        return None
    return call


def _known(head: str) -> str | None:
    """The function of the table that a letter or a word is."""
    return "sigmoid" if head == "sigma" else UNKNOWN.word(head)


def _writes_out(piece: Piece, known: str, call: Applied) -> bool:
    """Whether a statement about a known function of numbers is a formula for it, in its one argument."""
    if FUNCTIONS[known].kind != "elementwise" or len(call.head) != 1 or len(call.arguments) != 1:
        return False
    begin, end = piece.part(0)
    letters = [t for t in piece.tokens[begin:end] if t.text == call.arguments[0] and t.kind in ("letter", "greek")]
    return bool(letters)


def _applied(tokens: Sequence[Token], first: int, opening: int, close: int) -> Applied:
    head = tuple(token.text for token in tokens[first:opening])
    arguments = tuple(token.text for token in tokens[opening + 1 : close])
    span = tokens[opening - 1].end, tokens[close].end  # With the size of the parenthesis, ``\left(``.
    return Applied(head, arguments, span, tokens[first].start, tokens[opening - 1].end)


def _calls(source: Source, formula: Place, defined: Collection[tuple[str, ...]]) -> Iterator[Applied]:
    """Where the defined names stand before parentheses in a formula."""
    reader = first_look(source, formula.start, formula.end)
    tokens = reader.tokens if reader is not None else []
    texts = [token.text for token in tokens]
    for n, (text, token) in enumerate(zip(texts, tokens, strict=True)):
        for head in defined:
            opening = n + len(head)
            if text != head[0] or tuple(texts[n:opening]) != head or texts[opening : opening + 1] not in (["("], ["'"]):
                continue
            close = closing(tokens, opening)
            if close is not None:
                yield _applied(tokens, n, opening, close)
                continue
            primes = 1 + (texts[opening + 1] == "'")
            behind = closing(tokens, opening + primes) if texts[opening + primes] == "(" else None
            of = tuple(texts[opening + primes + 1 : behind or 0])
            span = (tokens[opening].start, tokens[behind].end) if behind and of else (0, 0)
            yield Applied(head, ("'",) * primes, span, token.start, tokens[opening - 1].end, of)
