r"""The forward equations among the displayed formulas of a lecture note.

A note may give an equation twice, state the output before the layers, or write down once what holds for every unit:
each quantity takes its first equation that can stand on its own, and the equations are put in the order of a forward
pass.  A first reading tells which names they use; nothing is resolved here.

Knows the grammar of formulas; knows no files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from backsym.core.errors import InputError
from backsym.core.names import GREEK, is_capital
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.latex.equations import (
    UNKNOWN,
    FormulaReader,
    LatexEquation,
    Segment,
    Spelled,
    first_looks,
    segments,
)
from backsym.reading.latex.lexer import FONTS, Token, closing, nesting, script_end, tokenize, tokens_in
from backsym.reading.latex.names import Key, Vocabulary, new_name, without_accents
from backsym.reading.latex.scripts import Scripts, read_scripts
from backsym.reading.latex.symbols import Base
from backsym.reading.meaning.scope import positional
from backsym.reading.notes.labels import label_in, with_positions
from backsym.reading.notes.prose import begins_section
from backsym.reading.syntax import Node, walk

_FUNCTION_LETTERS = frozenset("f g h phi psi Phi Psi".split())
_END = Token("end", "", 0, 0)
_CONSTANTS = frozenset("lambda alpha beta gamma eta mu rho tau C c".split())
"""The letters of numbers that weigh a penalty."""
_NO_FUNCTIONS = _CONSTANTS - {"rho"}
"""Those that are no functions before parentheses without a word: rho is an activation function in many courses."""
TARGETS = ("t", "y")
"""The letters of targets, by custom."""
LOSS_NAMES = (
    "L", "loss", "J", "E", "C", "ell", "cost", "error", "CE", "BCE", "MSE", "SSE", "SSR", "RSS", "NLL",
)  # fmt: skip


_LOSS_WORDS = frozenset(name for name in LOSS_NAMES if len(name) > 1 and name != "ell")
_MARKED_LOSSES = ("L", "J", "ell")
"""Those that are losses with a capital below, too."""
MOST_BELOW = 2
"""More letters below another are a word."""


@dataclass(frozen=True)
class Forward:
    """One equation with its first reading; ``sides`` is None if it has a mistake, which is reported later."""

    segment: Segment
    sides: tuple[Node, Node] | None

    @property
    def name(self) -> str:
        return self.segment.left.name

    @property
    def uses(self) -> set[str]:
        return {node.value for node in walk(self.sides[1]) if node.kind == "name"} if self.sides else set()

    def parts(self) -> Iterator[Node]:
        """Both sides with all that they consist of."""
        return (tree for side in self.sides or () for tree in walk(side))

    @property
    def is_formula(self) -> bool:
        """Whether the right side is more than a name or a number."""
        return self.sides is not None and self.sides[1].kind not in ("name", "num", "entry")

    @property
    def tells_symmetry(self) -> bool:
        """Whether this is ``A = A^T``, a property of what is given."""
        right = self.sides[1] if self.sides is not None else None
        return right is not None and right.kind == "transpose" and right.children[0].value == self.name

    @property
    def letter(self) -> str:
        """The first index on the left side, "" if there is none."""
        lhs = self.sides[0] if self.sides else None
        return lhs.children[1].value if lhs is not None and lhs.kind == "entry" else ""

    @property
    def waits_for(self) -> set[str]:
        """The names of which the equation uses not only earlier members, ``h_{t-1}``."""
        return set(_at_hand(self.sides[1])) if self.sides else set()


@dataclass(frozen=True)
class Application:
    """A letter right before parentheses: its key, the places of the letter with its scripts and of the whole.

    ``plain`` if it is a light small letter without an accent, ``single`` if no sum stands in the parentheses,
    ``raised`` if a power follows them, ``matrix`` if the letter is a bold or inverted capital; ``inside`` is in them.
    """

    key: Key
    head: tuple[int, int]
    span: tuple[int, int]
    plain: bool
    single: bool
    raised: bool
    matrix: bool
    inside: tuple[Token, ...] = ()
    square: bool = False
    """Whether square brackets follow, which no function of a note is applied with."""

    @property
    def on_itself(self) -> bool:
        r"""Whether its letter begins what stands in the parentheses, ``x (x)^T``: a product, no function of itself."""
        first, second = [*(token.text for token in self.inside), "", ""][:2]
        return first == without_accents(self.key[0]) and second != "("

    @property
    def joins(self) -> bool:
        r"""Whether a capital is before what square brackets join, ``W [h; x]``: a matrix, no function."""
        return self.square and self.key[0].isupper() and any(t.text in (",", ";") for t in self.inside)

    @property
    def scales_penalty(self) -> bool:
        r"""Whether a letter of constants is before squares and lengths, ``\lambda (\|w\|^2 + \|v\|_1)``, or ``[``."""
        return self.key[0] in _CONSTANTS and (self.square or all(map(_is_penalty, terms_of(self.inside))))

    @property
    def scales_target(self) -> bool:
        r"""Whether the target of an example is before a product, ``y_i (w^T x_i)``; models are applied to letters."""
        factors = [t for t in self.inside if t.kind in ("letter", "greek")]
        alone = any(t.text in (",", ";", "|") for t in self.inside) or len({t.text for t in factors}) < 3
        return self.key[0] in TARGETS and bool(self.key[1]) and not alone


class FirstLook(FormulaReader):
    """Reads any name; collects how names are spelled, and the dimensions that stand in ranges.

    ``applications`` are the letters before parentheses, ``alone`` the keys of letters that are not; ``indexed`` has the
    names with indices, how many these are and whether the letter is bold.
    """

    def __init__(self, source: Source, words: Vocabulary, start: int, end: int, labels: Collection[str] = ()):
        super().__init__(source, words, start, end)
        self.labels = labels
        self.names: dict[str, Spelled] = {}
        self.dims: dict[str, Spelled] = {}
        self.applications: list[Application] = []
        self.alone: set[Key] = set()
        self.indexed: dict[str, set[tuple[int, bool]]] = {}

    def named(self, base: Base, scripts: Scripts) -> Node:
        self.members(base, scripts)
        items, tag = list(scripts.items), scripts.tag or ""
        self.note_application(base, (base.text, tag + "".join(item.value for item in items)), scripts)
        tree = super().named(base, scripts)
        core = tree
        while core.kind in ("transpose", "pow"):
            core = core.children[0]
        count = len(core.children) - 1 if core.kind == "entry" else 0
        name = next((node for node in walk(core) if node.kind == "name"), None) if core.kind != "call" else None
        if name is not None:
            if count:
                self.indexed.setdefault(name.value, set()).add((count, base.bold))
            own = "".join(item.value for item in items[: len(items) - count])
            key = base.text, tag + own
            if new_name(*key) == name.value:
                script = base.font in ("mathcal", "mathscr")
                self.names.setdefault(name.value, Spelled(key, bool(own), base.bold, core.span, script))
        return tree

    def is_letter(self, tree: Node, base: Base) -> bool:
        """A class below a letter is a position, too; ``e_y`` is the one-hot vector of one."""
        if tree.kind == "name" and (tree.value in self.labels or tree.value.partition("_")[0] in self.labels):
            return not (base.text == "e" and not self.words.known("e"))
        return super().is_letter(tree, base)

    def note_application(self, base: Base, key: Key, scripts: Scripts) -> None:
        """Whether the letter that was just read is applied to what stands in parentheses or brackets after it."""
        if self.left or base.font in ("mathcal", "mathscr"):
            return
        if not self.at("(", "["):
            self.alone.add(key)
            return
        depth, end = 0, self.position
        while self.tokens[end].kind not in ("end", "row"):
            depth += nesting(self.tokens[end])
            if depth == 0:
                break
            end += 1
        head = base.token.start, self.tokens[self.position - 1].end
        letter = without_accents(base.text)
        plain = not base.bold and ":" not in base.text and letter[:1].islower() and self.at("(")
        inner = self.tokens[self.position + 1 : end]
        single = not any(t.kind == "op" and t.text in ("+", "-") for t in inner[1:])
        raised = self.tokens[min(end + 1, len(self.tokens) - 1)].text == "^"
        span = head[0], self.tokens[end].end
        matrix, square = is_capital(letter) and (base.bold or scripts.inverts), self.at("[")
        self.applications.append(Application(key, head, span, plain, single, raised, matrix, tuple(inner), square))

    def dimension_key(self, base: Base, scripts: Scripts) -> Key:
        key = super().dimension_key(base, scripts)
        self.dims.setdefault(new_name(*key), Spelled(key, bool(scripts.items), bold=False, span=(0, 0)))
        return key

    def new_dimension(self, key: Key) -> str | None:
        return new_name(*key)


class Equations:
    """The forward equations of a note, in order, with what a first look at them tells.

    ``names`` and ``dims`` are the spellings of what they use; ``functions`` are abstract ones, ``passed_over`` the
    equations that are not taken, with the reason.  ``labels`` are the letters that are classes, each with the letter of
    its own index; ``sides`` are those of chains that are not taken.
    """

    def __init__(
        self,
        source: Source,
        segments: Iterable[Segment],
        defined: Mapping[str, Token],
        words: Vocabulary,
        labels: Mapping[str, str],
        sides: Collection[str] = (),
    ):
        self.source = source
        self.sides = sides
        self.words = words
        self.labels = labels
        self.names: dict[str, Spelled] = {}
        self.dims: dict[str, Spelled] = {}
        self.passed_over: list[tuple[int, Said]] = []
        self.defined = defined
        self.segments = list(segments)
        self.seconds: list[Segment] = []
        self.stretched: set[int] = set()
        self.unread: dict[int, InputError] = {}
        self.bare: dict[str, tuple[int, int]] = {}
        chosen = self.chosen(self.segments)
        tokens = [token for s in chosen for token in (*tokens_in(source, s.start, s.end), _END)]
        functions = {name for name in self.called(chosen) if name in _FUNCTION_LETTERS or _of_one(name, tokens)}
        self.functions = functions - {base for base, _ in words.keys} - set(defined)
        self.ranks = self.with_whole_nodes(chosen)
        self.applications: list[Application] = []
        self.alone: set[Key] = set()
        self.indexed: dict[str, set[tuple[int, bool]]] = {}
        looks = [self.read(segment) for segment in chosen]
        self.factors: list[Application] = []
        self.unclear = self.decided()
        self.totals = [s for s in self.segments if s not in chosen and self.is_total(s)]
        looks = [self.read(segment) for segment in chosen] if self.applications else looks
        self.found = in_order(self.needed(looks))

    def decided(self) -> list[Application]:
        """Takes the letters that are only ever applied to one quantity as abstract functions; the unclear others."""
        nodes = {s.left.key for s in self.segments}
        known = {*self.words.keys, *nodes}
        unclear: dict[Key, Application] = {}
        for call in self.applications:
            key = call.key
            base = without_accents(key[0])
            several = len(key[1]) > 1 and {*key[1]} <= self.words.letters and not call.single
            member = key[1] in self.words.letters and ((key[0], "") in known or not call.single or call.scales_target)
            if call.scales_penalty or (call.scales_target and key[1] in self.words.letters):
                self.factors += [call] if (key[0], "") not in known else []
            if (
                member
                or several
                or call.scales_penalty
                or key in known
                or key[0] in self.functions
                or key[0] in self.defined
                or call.matrix
                or call.joins
                or call.on_itself
                or self.has_kin(call)
            ):
                continue
            if key in self.alone:
                if call.single or base == "sigma":
                    unclear.setdefault(key, call)
            elif key != ("sigma", "") and call.single and call.plain and key[0] not in _NO_FUNCTIONS:
                self.functions.add(new_name(*key))
            elif key != ("sigma", "") and (call.single or not call.raised):
                unclear.setdefault(key, call)
        return list(unclear.values())

    def has_kin(self, call: Application) -> bool:
        """Whether a capital before a product or a sum is that of factors with other marks, U beside U_z and U_r."""
        letter = without_accents(call.key[0])
        marks = [mark for base, mark in self.alone if base == call.key[0] and mark != call.key[1]]
        several = sum(token.kind in ("letter", "greek") for token in call.inside) > 1
        return len(letter) == 1 and letter.isupper() and several and any(mark.isalpha() for mark in marks)

    # --- which ---

    def chosen(self, segments: list[Segment]) -> list[Segment]:
        """The first equation of each quantity that does not rest on a function that the note defines elsewhere."""
        units = {s.left.key[0] for s in segments if s.left.key[1].isdecimal() and s.left.key[1] != "0"}
        first: dict[str, Segment] = {}
        resting: dict[str, tuple[Segment, Token]] = {}
        for segment in segments:
            function = self.rests_on(segment)
            if self.is_pattern(segment, units):
                unit = segment.left.key[0]
                self.passed_over.append((segment.start, say("notes.remark.every_unit", unit=unit)))
            elif function is not None:
                resting.setdefault(segment.left.name, (segment, function))
            elif segment.left.name in first:
                self.again(first[segment.left.name], segment)
            else:
                first[segment.left.name] = segment
        for name, (segment, function) in resting.items():
            if name not in first:
                message = say("notes.function_not_put_in", name=function.text)
                place = (function.start, function.end)
                raise self.source.error(message, place, say("notes.write_formula"))
            said = say("notes.remark.other_equation", name=name, function=function.text)
            self.passed_over.append((segment.start, said))
        return list(first.values())

    def again(self, first: Segment, other: Segment) -> None:
        """Names another equation of a quantity; raises InputError where a heading parts them."""
        text, name = self.source.text, other.left.name
        mine, second = ("".join(text[s.start : s.end].split()) for s in (first, other))
        if mine == second or second.partition("=")[2].rstrip(".,;") in self.sides:
            return
        if begins_section(text[first.end : other.start]):
            raise self.source.error(say("notes.two_problems", name=name), (other.start, other.end))
        self.seconds.append(other)
        self.passed_over.append((other.start, say("notes.remark.first_taken", name=name)))

    def rests_on(self, segment: Segment) -> Token | None:
        """The call of a function that another equation of the note defines."""
        return next((t for t in self.calls(segment) if t.text in self.defined), None)

    def calls(self, segment: Segment) -> list[Token]:
        try:
            tokens = tokenize(self.source, segment.start, segment.end)
        except InputError:
            return []
        equals = next((n for n, token in enumerate(tokens) if token.text == "="), 0)
        return [
            token
            for n, token in enumerate(tokens[:-1])
            if n > equals and token.kind in ("letter", "greek", "word") and tokens[n + 1].text in ("(", "'")
            if tokens[n - 1].text not in ("_", "^")
        ]

    def called(self, segments: Iterable[Segment]) -> set[str]:
        """The letters that are only ever followed by a parenthesis."""
        called: set[str] = set()
        for segment in segments:
            called.update(token.text for token in self.calls(segment))
        others = {s.left.key[0] for s in segments}
        return {letter for letter in called if letter not in others}

    def is_total(self, segment: Segment) -> bool:
        """Whether an equation that is not taken uses entries of its own quantity: another quantity of that letter."""
        sides = self.read(segment).sides
        entries = (t for t in walk(sides[1]) if t.kind == "entry") if sides is not None else ()
        return any(t.children[0].value == segment.left.name for t in entries)

    def is_pattern(self, segment: Segment, units: set[str]) -> bool:
        r"""``h_j = \text{ReLU}(m_j)`` beside equations of h_1 and h_2: it tells of all units at once."""
        base, tag = segment.left.key
        if base not in units or (base, tag) in self.words.keys:
            return False
        if tag:
            return False
        marks = [token for token in tokens_in(self.source, segment.start, segment.left.span[1]) if token.text != "}"]
        last, before = marks[-1], [token.text for token in marks[-3:-1]]
        return last.kind == "letter" and last.text.islower() and (before[-1:] == ["_"] or before == ["_", "{"])

    # --- a first look ---

    def with_whole_nodes(self, segments: Sequence[Segment]) -> dict[str, int | None]:
        """The declared names, and nodes of whose letter there is no other quantity: ``p_1`` is an entry of such a p.

        A bold letter with a number below, and any with a 0, is a quantity of its own: entries are light, from 1 on.
        """
        keys = [*self.words.keys, *(segment.left.key for segment in segments)]
        tagged = {base for base, tag in keys if tag}
        found = [pair for s in segments for pair in _numbers_below(self.source, s.start, s.end)]
        numbered = {letter for letter, number, bold in found if not bold and number != "0"} - tagged
        others = {new_name(letter, number) for letter, number, bold in found if bold or number == "0"}
        words = {s.left.key[0] for s in segments if len(s.left.key[0]) > 1 and s.left.key[0].isalpha()} - {*GREEK}
        nodes = [s.left for s in segments if not s.left.key[1] and s.left.key[0] in {*numbered, *words, "e"}]
        known = dict.fromkeys((*sorted(others), *(left.name for left in nodes)), None)
        return {**known, **self.words.ranks}

    def read(self, segment: Segment) -> Forward:
        words = replace(self.words, ranks=self.ranks, abstract=frozenset(self.functions))
        try:
            reader = FirstLook(self.source, words, segment.start, segment.end, self.labels)
        except InputError:
            return Forward(segment, None)
        try:
            equation: LatexEquation = reader.equation()
        except InputError as e:
            self.unread[segment.start] = e
            return Forward(segment, None)
        finally:
            self.stretched |= {segment.start} if reader.stretched else set()
            self.applications += reader.applications
            self.alone |= reader.alone
            self.dims.update({name: s for name, s in reader.dims.items() if name not in self.dims})
            for name, uses in reader.indexed.items():
                self.indexed.setdefault(name, set()).update(uses)
        self.names.update({name: s for name, s in reader.names.items() if name not in self.names})
        self.bare.update((part.value, part.span) for part in _without_scripts(equation.rhs))
        return Forward(segment, with_positions(equation.lhs, equation.rhs, self.labels))

    def expression(self, start: int, end: int) -> Node | None:
        """What stands between two places, read as the equations are, but for what these learn; None if unread."""
        words = replace(self.words, ranks=self.ranks, abstract=frozenset(self.functions))
        try:
            reader = FirstLook(self.source, words, start, end, self.labels)
            tree = reader.additive()
        except InputError:
            return None
        return tree if reader.token.kind == "end" else None

    def needed(self, looks: list[Forward]) -> list[Forward]:
        """Without the equations that cannot be read and that the loss does not need, if there is a loss by name."""
        goal = next((e for e in reversed(looks) if is_loss(e.segment.left) and e.sides is not None), None)
        if goal is None or all(e.sides is not None for e in looks):
            return looks
        by_name = {e.name: e for e in looks}
        behind = {goal.name}
        pending = [goal.name]
        while pending:
            for used in by_name[pending.pop()].uses & by_name.keys() - behind:
                behind.add(used)
                pending.append(used)
        if any(by_name[name].sides is None for name in behind):
            return looks
        for e in looks:
            if e.sides is None and e.name not in behind:
                self.passed_over.append((e.segment.start, say("notes.remark.not_needed", name=e.name, goal=goal.name)))
        return [e for e in looks if e.sides is not None or e.name in behind]

    # --- what they tell ---

    def behind(self, names: Iterable[str]) -> set[str]:
        """These names with all that they are computed from."""
        by_name = {e.name: e for e in self.found}
        found = set(names)
        pending = [*found]
        while pending:
            e = by_name.get(pending.pop())
            new = e.uses - found if e is not None else set()
            found |= new
            pending += new
        return found

    def parts(self) -> Iterator[Node]:
        """All sides with all that they consist of."""
        return (tree for equation in self.found for tree in equation.parts())

    def entries(self) -> Iterator[Node]:
        """All entries of names."""
        return (t for t in self.parts() if t.kind == "entry" and t.children[0].kind == "name")

    def ranges(self) -> dict[str, str]:
        """The dimensions of index letters, where the equations give one, and one alone."""
        return {letter: next(iter(dims)) for letter, dims in self.ranges_written().items() if len(dims) == 1}

    def ranges_written(self) -> dict[str, set[str]]:
        """All dimensions that the equations give to index letters."""
        found: dict[str, set[str]] = {}
        for tree in self.parts():
            for index in tree.children[1:] if tree.kind in ("entry", "call") else ():
                if index.kind == "name" and index.children and index.children[0].kind == "name":
                    found.setdefault(index.value, set()).add(index.children[0].value)
        return found

    def lefts(self) -> set[str]:
        """The names of the left sides, those of equations that are not taken included."""
        return {segment.left.name for segment in self.segments}

    def loss(self) -> str | None:
        """The quantity in script, or else called a loss, that no other equation uses; None if there is none."""
        used = set().union(*(equation.uses for equation in self.found)) if self.found else set()
        last = [e for e in reversed(self.found) if e.name not in used and e.sides is not None]
        script = next((e.name for e in last if e.segment.left.calligraphic), None)
        named = next((e.name for e in last if e.name in LOSS_NAMES), None)
        return script or named or next((e.name for e in last if is_loss(e.segment.left)), None)

    def given(self) -> dict[str, Spelled]:
        """The names that are used and have no equation."""
        nodes = {equation.name for equation in self.found}
        used: dict[str, None] = {}
        for equation in self.found:
            if equation.sides is not None:
                used.update(dict.fromkeys(_quantities(equation.sides[1], self.labels)))
        bare = {
            name: Spelled((name, ""), below=False, bold=False, span=span)
            for name, span in self.bare.items()
            if _is_letter(name)
        }
        own = {name: s for name in used if (s := self.names.get(name, bare.get(name))) and name not in nodes}
        return {name: s for name, s in own.items() if name not in self.dims and name not in self.functions}


def index_letters(source: Source, places: Iterable[tuple[int, int]]) -> tuple[frozenset[str], frozenset[str]]:
    """The letters that the formulas sum over or give a range, and those besides that left sides have as indices."""
    summed: set[str] = set()
    left: set[str] = set()
    below: dict[str, set[str]] = defaultdict(set)
    marked: list[tuple[str, list[str]]] = []
    for reader in first_looks(source, places):
        summed |= reader.summed_letters()
        for base, letter in _subscripts(reader.tokens):
            below[base].add(letter)
        for first, tree in reader.readable_lefts():
            if tree.kind == "entry" and tree.children[0].kind == "name" and reader.at("="):
                left |= {index.value for index in tree.children[1:] if index.kind == "name"}
            elif tree.kind == "name" and reader.at("="):
                mark = next((letter for _, letter in _subscripts(reader.tokens[first : reader.position + 1])), "")
                right = _subscripts(reader.tokens[reader.position :])
                marked.append((mark, [base for base, letter in right if letter == mark]))
    # In p_c = e^{z_c} / \sum_d e^{z_d} the letter c is an index, as d is.
    left |= {mark for mark, bases in marked if any(below[base] & summed for base in bases)}
    return frozenset(summed), frozenset(left)


def _numbers_below(source: Source, start: int, end: int) -> Iterator[tuple[str, str, bool]]:
    """The letters with a number right below them, that number, and whether the letter is in a font of its own."""
    try:
        tokens = tokenize(source, start, end)
    except InputError:
        return
    for n in range(1, len(tokens) - 2):
        if tokens[n].text != "_":
            continue
        number = tokens[n + 1 + (tokens[n + 1].text == "{")]
        alone = tokens[n + 1].text != "{" or tokens[min(n + 3, len(tokens) - 1)].text == "}"
        back = n - 1 - (tokens[n - 1].text == "}")
        styled = tokens[back - 1].text == "{" if back < n - 1 else tokens[back - 1].text in FONTS
        if number.kind == "number" and alone and tokens[back].kind in ("letter", "greek"):
            yield tokens[back].text, number.text, back > 0 and styled


def _subscripts(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The letters that stand below a letter, alone or two of them, each with that letter."""
    for n in range(1, len(tokens) - 1):
        if tokens[n].text != "_" or tokens[n - 1].kind not in ("letter", "greek", "op"):
            continue
        back = n - 1
        while back and tokens[back].text == "}":
            back -= 1
        inner = [token for token in tokens[n + 1 : script_end(tokens, n)] if token.text not in ("{", "}", ",")]
        letters = all(token.kind in ("letter", "greek") for token in (tokens[back], *inner))
        if letters and len(inner) <= MOST_BELOW:
            yield from ((tokens[back].text, token.text) for token in inner)


def loss_marks(source: Source, places: Iterable[tuple[int, int]]) -> frozenset[str]:
    """The index letters of losses, ``L_i = ...``: where nothing is summed over them, they mark the one example."""
    found: set[str] = set()
    for start, end in places:
        for segment in segments(source, UNKNOWN, start, end):
            reader = FormulaReader(source, UNKNOWN, segment.start, segment.end, lenient=True)
            base = reader.base()
            scripts = read_scripts(reader, reader.additive)
            calligraphic = base.font in ("mathcal", "mathscr")
            if calligraphic or base.text in LOSS_NAMES:
                found |= {item.value for item in scripts.items if item.kind == "name"}
    return frozenset(found)


def is_model(source: Source, equation: Forward, displayed: Equations) -> bool:
    r"""Whether an equation within the text says how data came about: ``y = X \beta + u`` beside ``y - X \beta``.

    The displayed equations subtract from the left side what the right side has as a term.
    """
    if equation.sides is None or equation.sides[1].kind != "add":
        return False
    terms = {_written(source, term) for term in equation.sides[1].children}
    for tree in displayed.parts():
        signed = [(c.kind == "neg", c.children[0] if c.kind == "neg" else c) for c in tree.children]
        mine = [minus for minus, c in signed if _name_in(c) == equation.name]
        if tree.kind == "add" and mine and any(m != mine[0] and _written(source, c) in terms for m, c in signed):
            return True
    return False


def is_measure(source: Source, segment: Segment, displayed: Equations) -> bool:
    r"""Whether an equation gives a number with a unit, ``x = 3\,\mathrm{m}``: upright words nobody computes with."""
    tokens = [t for t in tokens_in(source, segment.start, segment.end) if t.kind != "end"]
    at = next((n for n, t in enumerate(tokens) if t.text == "="), len(tokens)) + 1
    right = tokens[at + 1 :] if at < len(tokens) and tokens[at].text == "-" else tokens[at:]
    words = {t.text for t in right if t.kind == "word"}
    known = {spelled.key[0] for spelled in displayed.names.values()} | displayed.lefts()
    signs = all(t.kind in ("number", "word") or t.text in _SIGNS_OF_UNITS for t in right)
    return bool(words) and right[0].kind == "number" and signs and words.isdisjoint(known)


_SIGNS_OF_UNITS = ("^", "{", "}", "-", "/", "cdot")


def _written(source: Source, tree: Node) -> str:
    return "".join(source.text[slice(*tree.span)].split())


def _without_scripts(tree: Node) -> Iterator[Node]:
    r"""The names that take no scripts, ``\frac\lambda2``, ``e^x``, ``(1-p)^\gamma``; above a letter may be a mark."""
    for part in walk(tree):
        raised = part.kind == "pow" and part.children[0].kind not in ("name", "entry")
        whole = part.kind == "div" or (part.kind, part.value) == ("call", "exp")
        inner = part.children if whole else walk(part.children[1]) if raised else ()
        yield from (name for name in inner if name.kind == "name")


def _is_letter(name: str) -> bool:
    """Whether a name is one letter, Greek or not."""
    return name in GREEK or (len(name) == 1 and name.isalpha())


def _name_in(tree: Node) -> str | None:
    core = tree.children[0] if tree.kind == "entry" else tree
    return core.value if core.kind == "name" else None


def is_loss(left: Spelled) -> bool:
    """Whether a left side is by its letter or its font a loss; ``L_i`` is the one of an example, ``L_V`` of a model."""
    letters = LOSS_NAMES if left.key[1].islower() else _MARKED_LOSSES
    of_one = not left.bold and len(left.key[1]) == 1 and left.key[1].isalpha() and left.key[0] in letters
    return left.calligraphic or left.name in LOSS_NAMES or of_one


def is_part_of_loss(given: Spelled) -> bool:
    r"""Whether a quantity without an equation is by its letter a loss: ``\mathcal{L}``, or L with a word below."""
    letter, mark = given.key
    script = given.calligraphic and without_accents(letter) in (*_MARKED_LOSSES, "E")
    return script or (letter in _MARKED_LOSSES and len(mark) > MOST_BELOW and mark.isalpha()) or letter in _LOSS_WORDS


def terms_of(tokens: Sequence[Token]) -> list[list[Token]]:
    """The terms of a sum, parted by its signs outside of all brackets."""
    depth = 0
    found: list[list[Token]] = [[]]
    for token in tokens:
        depth += nesting(token)
        if token.kind == "op" and token.text in ("+", "-") and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return found


def _is_penalty(term: Sequence[Token]) -> bool:
    """Whether a length or a square stands in a term."""
    texts = [token.text for token in term]
    squared = any(texts[n] == "^" and "2" in texts[n + 1 : n + 3] for n in range(len(texts)))
    return squared or any(text in ("||", "||(", "|(") for text in texts) or texts.count("|") > 1


def _quantities(tree: Node, labels: Collection[str]) -> Iterable[str]:
    """Names that stand for quantities: not the letters of entries and sums, nor what is compared with a class."""
    if tree.kind == "name":
        yield tree.value
    elif tree.kind in ("entry", "pick"):
        yield from _quantities(tree.children[0], labels)
    elif tree.kind == "call" and tree.value in ("sum", "max", "min", "mean"):
        yield from _quantities(tree.children[0], labels)
        for other in tree.children[1:]:
            if other.kind not in ("name", "keyword"):
                yield from _quantities(other, labels)
    elif tree.kind == "call":
        for argument in positional(tree):
            if tree.value not in ("ones", "zeros", "eye", "delta", "onehot"):
                yield from _quantities(argument, labels)
    elif tree.kind != "cmp" or not any(label_in(side, labels) for side in tree.children):
        for child in tree.children:
            yield from _quantities(child, labels)


def _of_one(letter: str, tokens: Sequence[Token]) -> bool:
    r"""Whether a capital has nothing but one letter as argument, such as the penalty in ``\lambda R(w)``."""
    if not letter[0].isupper():
        return False
    places = [n for n, token in enumerate(tokens) if token.text == letter and token.kind in ("letter", "greek")]
    return bool(places) and all(_one_letter_after(tokens, n + 1) for n in places)


def _one_letter_after(tokens: Sequence[Token], n: int) -> bool:
    """Whether one letter stands here in parentheses, in any font."""
    inner: list[Token] = []
    for token in tokens[n:]:
        if token.text in ("left", "right") or (inner and token.text in (*FONTS, "{", "}")):
            continue
        inner.append(token)
        if token.text == ")" or len(inner) > 2:
            break
    texts = [token.text for token in inner]
    return len(inner) == 3 and (texts[0], texts[2]) == ("(", ")") and inner[1].kind in ("letter", "greek", "word")


def defined_functions(source: Source, places: Iterable[tuple[int, int]]) -> dict[str, Token]:
    r"""The functions of equations such as ``\Psi(\mathbf{x}) = ...``, by letter or word."""
    found: dict[str, Token] = {}
    for start, end in places:
        try:
            reader = FormulaReader(source, UNKNOWN, start, end)
        except InputError:
            continue
        for position in reader.left_positions():
            head, opening = reader.tokens[position], reader.tokens[min(position + 1, len(reader.tokens) - 1)]
            is_name = head.kind == "word" or head.text in GREEK or head.text in _FUNCTION_LETTERS
            if is_name and opening.text == "(" and _equals_after(reader.tokens, position + 1):
                found.setdefault(head.text, head)
    return found


def _equals_after(tokens: list[Token], opening: int) -> bool:
    """Whether the parenthesis that opens here closes right before an equals sign."""
    close = closing(tokens, opening)
    return close is not None and tokens[close + 1].text == "=" and tokens[close + 1].kind == "op"


def _at_hand(tree: Node) -> Iterator[str]:
    if tree.kind == "entry" and any(index.kind == "shift" for index in tree.children[1:]):
        return
    if tree.kind == "name":
        yield tree.value
    for child in tree.children:
        yield from _at_hand(child)


def in_order(equations: list[Forward], others: Mapping[str, Collection[str]] | None = None) -> list[Forward]:
    """Each equation after those that it uses, else in the order of the note; a circle stays as it is.

    ``others`` are what equations wait for besides: a recurrence for its start.
    """
    number = {equation.name: n for n, equation in enumerate(equations)}
    used = [{*e.waits_for, *(others or {}).get(e.name, ())} for e in equations]
    waits = [{number[u] for u in names if u in number and number[u] != n} for n, names in enumerate(used)]
    users: list[list[int]] = [[] for _ in equations]
    for n, needed in enumerate(waits):
        for m in needed:
            users[m].append(n)
    missing = [len(needed) for needed in waits]
    ready = [n for n, wanted in enumerate(missing) if wanted == 0]
    heapify(ready)
    order: list[int] = []
    while ready:
        order.append(n := heappop(ready))
        for m in users[n]:
            missing[m] -= 1
            if missing[m] == 0:
                heappush(ready, m)
    taken = set(order)
    return [equations[n] for n in (*order, *(n for n in range(len(equations)) if n not in taken))]
