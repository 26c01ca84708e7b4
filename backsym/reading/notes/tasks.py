r"""What a lecture note asks for: "Show that $$\frac{\partial L}{\partial z} = a - t$$", "Derive $\nabla_W L$", a graph.

The words of a list item or paragraph say what its formulas, and a displayed formula right after it, are about.

Knows texts and the grammar of formulas; knows no problem files.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from backsym.core.errors import InputError
from backsym.core.expr import Span
from backsym.core.source import Source
from backsym.parts.numbers import RATE
from backsym.reading.latex.equations import FormulaReader
from backsym.reading.latex.lexer import Token, has_sign, tokens_in
from backsym.reading.latex.names import Vocabulary
from backsym.reading.notes.asking.network import Network
from backsym.reading.notes.asking.parts import Answerable, answerable, habits_of
from backsym.reading.notes.asking.questions import EXCEPT, Questions, Request
from backsym.reading.notes.asking.sentences import NOTHING, elements, meaning_of
from backsym.reading.notes.prose import ITEM, sentences_of
from backsym.reading.notes.upstream import SIGNS
from backsym.reading.syntax import Node
from backsym.text.phrases import Phrases, Word, up_to, words_of

_SHOW = re.compile(
    r"\b(?:(?:show|prove|verify|check|demonstrate|confirm)\s+that\b"
    r"|(?:show|prove|verify|zeigen\s+Sie|zeige|beweisen\s+Sie|beweise)\s*:?\s*\Z"
    r"|(?:zeigen?|zeige|beweisen?|beweise|verifizieren?|weisen?|best\u00e4tigen?)(?:\s+Sie)?(?:\s+nach)?,?\s+da(?:ss|\u00df)\b)",
    re.IGNORECASE,
)
_VECTORIZE = re.compile(
    r"\b(?:derived?|write|give|find|obtain|convert)\b[^.]*?(?:(?<!non-)\bvectori[sz]ed|\bmatrix)"
    r"\s+(?:version|form|expression|equation)|\bvectori[sz]e\b",
    re.IGNORECASE,
)
_DERIVE = re.compile(
    r"\b(?:derive|express|compute|computing|find|calculate|determine|obtain|differentiate|evaluate|what\s+(?:is|are)"
    r"|give\s+(?:an?\s+|the\s+)?(?:expressions?|formulas?|gradients?|derivatives?)|write\s+(?:down|out)|work\s+out"
    r"|bestimmen?|berechnen?|leiten?|ermitteln?|finden?|geben?|was\s+ist)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:derive|compute|find|calculate|determine|obtain|differentiate|show|prove|verify|explain|express|sketch|draw"
    r"|evaluate|what\s+(?:is|are)|why|give\s+an|give\s+the|write\s+down|work\s+out|state\s+(?:the|an?|whether|how|which)|how\s+(?:does|do|many|would)"
    r"|berechnen|bestimmen|leiten|zeigen|beweisen|geben\s+sie|ermitteln|erkl\u00e4ren|zeichnen|warum|skizzieren)\b",
    re.IGNORECASE,
)
"""Words by which a sentence looks like a question, in English and German."""
_IN_TERMS = Phrases(
    "in terms of",
    "as a function of",
    "as function of",
    "as functions of",
    "ausgedr\u00fcckt durch",
    "in abh\u00e4ngigkeit von",
)
"""Words behind which a sentence names what an answer may use."""
_BY = re.compile(
    r"\b(?:with\s+(?:respect|regard)\s+to|w\.?\s?r\.?\s?t\.?|nach|bez\u00fcglich|bzgl\.?|hinsichtlich)(?:\s+(?:the|der|dem|den|die))?\b",
    re.IGNORECASE,
)
_OF_A_DERIVATIVE = re.compile(
    r"\b(?:gradients?|derivatives?|differentiate|gradienten?|ableitung(?:en)?|leiten?)\b", re.IGNORECASE
)
_WHY = re.compile(r"\bwhy\b", re.IGNORECASE)
_GRAPH = re.compile(
    r"\b(?:draw\s+(?:the|a)\s+(?P<vectorized>vectori[sz]ed\s+)?(?:computation(?:al)?\s+)?graph"
    r"|zeichnen?\s+(?:sie\s+)?(?:den|einen)\s+(?:berechnungs|rechen)graph(?:en)?)\b",
    re.IGNORECASE,
)
_CLOSE_BEHIND = 80
"""Characters behind a displayed formula among which a capital begins a sentence."""
_BESIDES = Phrases(
    "explain", "justify", "interpret", "discuss", "comment", "sketch", "plot", "why", "argue", "convex", "eigenvalues",
    "how many", "finite differences", "numerically", "eigenvalue", "direction", "directional", "taylor", "rank",
    "determinant", "magnitude", "lipschitz", "bound", "richtung", "richtungsableitung", "rang", "betrag",
    "erkl\u00e4ren", "begr\u00fcnden", "warum", "skizzieren", "diskutieren", "interpretieren", "konvex",
)  # fmt: skip
"""Words for what no part answers."""
_CHANGED = Phrases(
    "negative", "negated", "minus", "squared", "square", "square root", "norm", "length", "average", "averaged", "mean",
    "expected", "expectation", "natural", "normalised", "normalized", "clipped", "transpose", "transposed", "magnitude",
    "absolute value", "log", "logarithm", "logarithmic", "relative", "inverse", "reciprocal", "scaled", "half", "twice",
    "variance", "sign", "negativen", "negative", "quadrat", "norm", "l\u00e4nge", "mittleren", "mittlere",
    "erwarteten", "normierten", "normierte", "transponierte", "betrag", "logarithmus", "kehrwert", "vorzeichen",
)  # fmt: skip
"""Words before a derivative that make something else of it, "the negative gradient"."""
_CHANGED_LOSS = Phrases(
    *(f"{what} of the" for what in ("square root", "root", "logarithm", "log", "square", "negative", "exponential")),
    "wurzel des", "wurzel der", "logarithmus des", "logarithmus der", "quadrats des", "quadrats der",
)  # fmt: skip
"""Words behind it that make something else of the loss."""
_NOUNS = {
    "hessian": Phrases("hessian", "hesse-matrix", "hessematrix", "second derivative", "second derivatives"),
    "jacobian": Phrases("jacobian", "jacobi-matrix", "jacobimatrix"),
    "stationary": Phrases("minimizer", "minimiser", "maximizer", "stationary point", "critical point"),
}
"""Words for what is a part of its own kind."""
_BY_NUMBERS = Phrases(
    "numerically", "numerical gradient", "numerical gradients", "numerical derivative", "numerical derivatives",
    "finite differences", "finite difference", "finite-differences", "finite-difference", "central differences",
    "central difference", "numerisch", "finiter differenzen", "finiten differenzen", "finite differenzen",
)  # fmt: skip
"""Words for a derivative that is approximated and not derived."""
_CHECKING = Phrases(
    "check", "verify", "compare", "confirm", "test", "checking", "and then", "numerically stable",
    "pr\u00fcfen", "\u00fcberpr\u00fcfen",
    "vergleichen", "best\u00e4tigen",
)  # fmt: skip
"""Words for what is done by numbers with a derivative that the same sentence asks for."""
_TO_SHOW = Phrases("show", "prove", "verify", "demonstrate", "zeigen", "zeige", "beweisen", "beweise")
_AND = Phrases("and", "or", "as", "well", "also", "und", "oder", "sowie", "respectively", "bzw")
"""Words between formulas of which the same is said."""
_NOT_ALWAYS = Phrases(
    "up to", "not", "false", "wrong", "incorrect", "cannot", "never", "if and only if", "iff", "only if",
    "exactly when", "precisely when", "approximately",
    *(f"{at} {what}" for at in ("at the", "at a", "at any", "at every", "in the", "im", "am") for what in
      ("minimum", "minimiser", "minimizer", "optimum", "maximum", "stationary point", "critical point")),
    "bis auf", "nicht", "falsch", "nie", "genau dann", "nur dann", "n\u00e4herungsweise",
)  # fmt: skip
"""Words beside what is to be shown by which it is no equation that always holds."""
_IN_CASE = Phrases("if", "when", "whenever", "provided", "for", "case", "falls", "wenn", "f\u00fcr", "fall")
_COMPARES = ("<", ">", "<=", ">=", "!=")
"""Words and signs of one case."""
_WRITE_DOWN = Phrases("write down", "schreiben sie", "notieren sie")
_WORKED_OUT = Phrases("derive", "compute", "find", "calculate", "determine", "leiten", "berechnen", "bestimmen")
"""Verbs that ask for a derivation."""
_BREAK = re.compile(r"\n\s*\n|\n\s*" + ITEM + r"|\A", re.IGNORECASE)


SLOPES = ("derive", "gradients", "list")
"""The kinds of parts that ask for derivatives of the loss."""


def _asks_to_derive(words: str) -> bool:
    """Whether the words before a formula ask for a derivation; what is to be shown before is another question."""
    derives, shows = ([match.end() for match in pattern.finditer(words)] for pattern in (_DERIVE, _SHOW))
    return bool(derives) and derives[-1] > max(shows, default=-1)


@dataclass
class Task:
    """A part of the question: ``items`` are equations, by their places, or names."""

    kind: str
    at: int
    equations: list[Span] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    formulas: list[int] = field(default_factory=list)
    """Where the formulas stand that the part was made of."""
    method: str = ""


@dataclass(frozen=True)
class Row:
    """An equation or expression of a displayed block: its place, and the tree of its left side or of all of it."""

    span: Span
    left: Node
    is_equation: bool


class Tasks:
    """The tasks of a note; ``words`` are its names, ``network`` tells what is computed and what may be asked for.

    ``rate`` is the learning rate as the note writes it, with its number.  ``left_over`` are the equations for
    derivatives that no words ask for, ``unread`` formulas to be shown that hold a sign that is not known, ``unknown``
    what a derivative is asked for by that is in no equation, ``no_part`` where a sentence begins that looks like a
    question and became no part, ``strange`` where a part has words that no question for derivatives needs.
    """

    def __init__(self, source: Source, words: Vocabulary, network: Network):
        self.source = source
        self.words = words
        self.network = network
        self.nodes = frozenset(network.sides)
        self.targets = frozenset(network.targets)
        self.habits = habits_of(source.text, stated=bool(network.rates))
        self.rate: tuple[str, str] | None = None
        self.found: dict[tuple[int, str], Task] = {}
        self.left_over: list[int] = []
        self.unread: list[int] = []
        self.unknown: list[tuple[int, str]] = []
        self.no_part: list[int] = []
        self.strange: list[int] = []
        self.asking: list[int] = []
        """Where the words stand by which sentences look like questions."""
        breaks = [match.end() if match[0] else 0 for match in _BREAK.finditer(source.text)]
        self.breaks = sorted({0, *breaks})
        self.ends = [*self.breaks[1:], len(source.text)]
        self.begins: list[int] = []
        self.formulas: Sequence[tuple[int, int, bool]] = ()

    def read(self, formulas: Sequence[tuple[int, int, bool]]) -> list[Task]:
        """All tasks in the order of the note, from its formulas (start, end, displayed)."""
        self.formulas = formulas
        for match in _GRAPH.finditer(self.source.text):
            kind = "vectorized" if match["vectorized"] or self.has_arrays() else "scalar"
            self.found.setdefault((match.start(), "graph"), Task("graph", match.start(), names=[kind]))
        sentences = list(sentences_of(self.source.text, formulas))
        self.begins = [start for start, _ in sentences]
        for start, end, displayed in formulas:
            self.formula(start, end, displayed=displayed)
        for sentence in sentences:
            self.sentence(*sentence, formulas)
        return sorted(self.found.values(), key=lambda task: task.at)

    def has_arrays(self) -> bool:
        return any(rank != 0 for rank in self.words.ranks.values())

    # --- words ---

    def instruction(self, start: int) -> tuple[int, str]:
        """The words in front of a formula: of its own paragraph, or of the one before if it stands alone."""
        text = self.source.text
        n = bisect_right(self.breaks, start) - 1
        if (before := self.before_list(n)) is not None:
            return before
        while True:
            at = self.breaks[n]
            words = text[max(at, start - 1500) : start].strip("$\\[ \n\t")
            if words or n == 0 or start - at > 1500:
                return at, words
            n -= 1

    def before_list(self, n: int) -> tuple[int, str] | None:
        """The words in front of a list, "Find:", of which an item is formulas and nothing else; None elsewhere."""
        first = n
        while first and self.is_formula_alone(first):
            first -= 1
        at, text = self.breaks[first], self.source.text
        words = _introducing(text[at : self.ends[first]])
        return (at, words) if first < n and words.endswith(":") and self.ends[first] - at < 1500 else None

    def is_formula_alone(self, n: int) -> bool:
        """Whether an item of a list is formulas and nothing else."""
        start, end = self.breaks[n], self.ends[n]
        inside = [f for f in self.formulas if start <= f[0] and f[1] <= end]
        own = words_of(_words(self.source.text, start, end, inside).replace("\\item", "").partition("\\end{")[0])
        return bool(inside) and all([word] in _AND for word in own)

    def task(self, kind: str, at: int) -> Task:
        return self.found.setdefault((at, kind), Task(kind, at))

    # --- sentences ---

    def sentence(self, start: int, end: int, formulas: Sequence[tuple[int, int, bool]]) -> None:
        """ "Compute the gradient of $L$ with respect to $W$": a part; another question that became none is named."""
        text = self.source.text
        inside = [f for f in formulas if start <= f[0] and f[1] <= end]
        words = _words(text, start, end, inside)
        begin = self.after_display(start, inside)
        mine = [f for f in inside if f[0] >= begin]
        found = elements(text, begin, end, mine, lambda a, b: meaning_of(self.source, self.words, a, b))
        questions = Questions(found, self.words.loss or "")
        asks = _ASKS.search(words)
        self.asking += [start + asks.start()] if asks else []
        if self.asked_in_words(questions.read(), end):
            self.no_part += [] if questions.rest is None else [questions.rest]
            return
        by_numbers = self.by_numbers(start, end, inside)
        if by_numbers is not None and (asks is not None or questions.begins()):
            self.no_part.append(by_numbers)
            return
        if asks is None:
            if text[end : end + 1] == "?" or questions.begins():
                self.no_part.append(start + len(words) - len(words.lstrip()))
            return
        paragraph = bisect_right(self.breaks, max(start, 0)) - 1
        at = bisect_left(self.formulas, (end,))
        behind = self.formulas[at : at + 1]  # Perhaps behind an empty line.
        shown = [b for a, b, displayed in behind if displayed and not text[end:a].strip("$\\[ \n")]
        last = max([self.ends[paragraph], *shown])
        opens_list = _introducing(text[start:end]).endswith(":")
        if any(
            (not task.formulas and start <= task.at < end)
            or (opens_list and task.at == self.breaks[paragraph] and any(a >= end for a in task.formulas))
            or any(start <= a < max(end, last) for a, _ in task.equations)
            or any(start <= a < end for a in task.formulas)
            for task in self.found.values()
        ):
            self.besides(start, end, inside)
            self.beside_parts(inside)
            claimed = {a: t.kind for t in self.found.values() for a in t.formulas if start <= a < end}
            beside = questions.besides(min(claimed), claimed) if claimed else []
            self.no_part += {*beside} - {*self.no_part}
            self.strange += questions.strange(begin, end)[:1] if {*claimed.values()} & {*SLOPES} else []
            return
        by = _BY.search(words)
        derivative = _OF_A_DERIVATIVE.search(words, asks.start())
        excepts = by is not None and words_of(words, by.end()) in EXCEPT
        names = self.asked_by(start + by.end(), inside) if by and derivative and not excepts else []
        between = [f for f in inside if by and derivative and start + derivative.end() <= f[0] < start + by.start()]
        of = [name for f in between for name in self.names_at(f)]
        noun = derivative.start() if derivative else len(words)
        changed = words_of(words, asks.start(), noun) in _CHANGED or words_of(words, noun) in _CHANGED_LOSS
        changed = changed or bool(by and questions.strange(start + noun, start + by.start()))
        if names and not changed and all(name in self.targets for name in names) and set(of) <= {self.words.loss}:
            whole = any(self.words.ranks.get(name) for name in names)
            self.derive(start, list(names), whole=whole)
            self.besides(start, end, inside)
            self.no_part += questions.besides(start + (by.end() if by else 0), [f[0] for f in inside])
        else:
            self.no_part.append(start + asks.start())

    def by_numbers(self, start: int, end: int, inside: Sequence[tuple[int, int, bool]]) -> int | None:
        """Where a sentence begins that asks for derivatives by finite differences; these are not derived then."""
        words = [e for e in elements(self.source.text, start, end, inside, lambda a, b: NOTHING) if isinstance(e, Word)]
        if words not in _BY_NUMBERS or words in _CHECKING or not words:
            return None
        for key in [k for k, t in self.found.items() if t.kind in SLOPES and any(start <= a < end for a in t.formulas)]:
            del self.found[key]
        return words[0].start

    def after_display(self, start: int, inside: Sequence[tuple[int, int, bool]]) -> int:
        """Where a sentence begins: behind a displayed formula without a full stop, if a capital follows."""
        for _, end, displayed in reversed(inside):
            words = words_of(self.source.text, end, end + _CLOSE_BEHIND) if displayed else []
            if words and self.source.text[words[0].start].isupper():
                return end
        return start

    def besides(self, start: int, end: int, inside: Sequence[tuple[int, int, bool]]) -> None:
        """Names what a sentence asks for besides its parts, "and sketch it"."""
        words = [e for e in elements(self.source.text, start, end, inside, lambda a, b: NOTHING) if isinstance(e, Word)]
        found = _BESIDES.first(words)
        if found is not None and not any(t.kind == "why" and t.at < end for t in self.found.values()):
            self.no_part.append(words[found[0]].start)
        for kind, nouns in _NOUNS.items():
            noun = nouns.first(words)
            if noun is not None and not any(t.kind == kind and start <= t.at < end for t in self.found.values()):
                self.no_part.append(words[noun[0]].start)

    def beside_parts(self, inside: Sequence[tuple[int, int, bool]]) -> None:
        """Names the derivatives that stand beside those of parts, "$L_w$ and $L_b$", and became none."""
        asked = {at for task in self.found.values() for at in task.formulas}
        runs: list[list[tuple[int, int, bool]]] = []
        for f in inside:
            between = words_of(self.source.text[runs[-1][-1][1] : f[0]]) if runs else []
            if runs and all([word] in _AND for word in between):
                runs[-1].append(f)
            else:
                runs.append([f])
        for run in runs:
            if not any(first in asked for first, _, _ in run) and "=" not in self.source.text[slice(*run[0][:2])]:
                continue  # "In terms of ..."; behind "at $w = 2$ and" a question goes on.
            for first, last, _ in run:
                derives = has_sign(self.source, first, last, "partial", "nabla")
                if derives and first not in asked and "=" not in self.source.text[first:last]:
                    self.no_part.append(first)

    def asked_in_words(self, requests: Sequence[Request] | None, end: int) -> bool:
        """Whether a sentence is made of questions of which some are parts; the others are named."""
        if not requests or all(request.several and self.follow(request.at) for request in requests):
            return False
        before = [name for task in self.found.values() if task.kind in SLOPES and task.at < end for name in task.names]
        answers = [answerable(request, self.network, before, self.habits) for request in requests]
        fitting = [self.fits(*pair) for pair in zip(requests, answers, strict=True)]
        if not any(fitting):
            return False
        for request, answer, fits in zip(requests, answers, fitting, strict=True):
            if not fits or answer is None:
                self.no_part.append(request.at)
                continue
            self.rate = request.rate or self.rate or (self.stated if request.kind.startswith("update") else None)
            self.add(request.at, answer)
        return True

    def follow(self, at: int) -> bool:
        """Whether formulas that follow say what is asked for by the words at a place."""
        return any(t.kind in SLOPES and t.formulas and t.at <= at < min(t.formulas) for t in self.found.values())

    def fits(self, request: Request, answer: Answerable | None) -> bool:
        """Whether a question is a part, with a learning rate that is no quantity of the note and always the same."""
        rate = request.rate or self.stated
        letters = {RATE, rate[0].strip("\\")} if rate else {RATE}
        if request.kind.startswith("update") and any(map(self.network.known, letters)):
            return False
        return answer is not None and (rate is None or self.rate in (None, rate))

    @property
    def stated(self) -> tuple[str, str] | None:
        """The learning rate of the steps of descent that the note states, if that is one."""
        rates = {rate for _, rate in self.network.rates}
        return (next(iter(rates)), "") if len(rates) == 1 else None

    def add(self, at: int, answer: Answerable) -> None:
        """The part that a question of a sentence asks for, if no formula of the sentence made it already."""
        n = bisect_right(self.begins, at) - 1
        end = self.begins[n + 1] if n + 1 < len(self.begins) else len(self.source.text)
        mine = [t for t in self.found.values() if any(self.begins[n] <= place < end for place in (*t.formulas, t.at))]
        if answer.kind == "compute" and not answer.again:
            replaced = [key for key, t in self.found.items() if t in mine and t.kind in SLOPES and t.formulas]
            within = [key for key in replaced if all(self.begins[n] <= a < end for a in self.found[key].formulas)]
            for key in within:
                del self.found[key]
        alike = SLOPES if answer.kind in SLOPES else (answer.kind,)
        if any(t.kind in alike and t.method == answer.method and {*t.names} >= {*answer.names} for t in mine):
            return
        task = self.task(f"{answer.kind} {answer.method}".strip(), at)
        task.kind, task.method = answer.kind, answer.method
        task.names += [name for name in answer.names if name not in task.names]

    def asked_by(self, start: int, inside: Sequence[tuple[int, int, bool]]) -> list[str]:
        return [name for f in inside if f[0] >= start for name in self.names_at(f)]

    def names_at(self, formula: tuple[int, int, bool]) -> list[str]:
        """The quantities of a formula that is nothing but these, perhaps with indices; another as it is written."""
        try:
            reader = FormulaReader(self.source, self.words, formula[0], formula[1], lenient=True)
            found = []
            while reader.token.kind != "end":
                tree = reader.factor()
                core = tree.children[0] if tree.kind == "entry" else tree
                if core.kind != "name":
                    return [self.source.text[formula[0] : formula[1]]]
                found.append(core.value)
                if formula[2] and reader.at("="):
                    return found  # "the gradient of $$f = ...$$ by $u$" is that of f.
                reader.took(",", ";", ".")
        except InputError:
            return [self.source.text[formula[0] : formula[1]]]
        return found

    # --- formulas ---

    def formula(self, start: int, end: int, *, displayed: bool) -> None:
        at, words = self.instruction(start)
        words = words if displayed else self.before_inline(start, words)
        try:
            rows = self.rows(start, end)
        except InputError:
            if self.claimed(words) is not None:
                self.unread.append(start)
            elif displayed:
                self.leave_unread(start, end)
            return
        if not any(row.is_equation for row in rows):
            asked = [self.target(row.left) for row in rows]
            names = [name for name in asked if name is not None]
            if None in asked and _asks_to_derive(words):
                found = [self.variable(row.left) for row in rows]
                self.unknown += [(start, name) for name in found if name is not None and name not in self.targets]
            if names and len(names) == len(asked):
                self.asked_for(at, names, start, whole=any(row.left.kind != "partial" for row in rows))
            elif displayed:
                self.leave_unread(start, end)
            return
        for row in rows:
            if not row.is_equation:
                continue
            name = row.left.children[0].value if row.left.kind == "entry" else row.left.value
            derives = row.left.kind == "partial" or (row.left.kind, name) == ("call", "grad")
            only = self.claimed(words) == "show" and (self.holds_only(words, end) or self.in_one_case(start, end))
            if not only and self.target(row.left) is not None and (kind := self.claimed(words)) is not None:
                self.task(kind, at).equations.append(row.span)
            elif row.left.kind in ("name", "entry") and name in self.nodes and self.claimed(words) == "vectorize":
                task = self.task("vectorize", at)
                task.names += [name] if name not in task.names else []
            elif (displayed or self.shows(start)) and (derives or self.target(row.left) is not None):
                self.left_over.append(row.span[0])
            elif not displayed and row.left.kind not in ("name", "entry") and self.claimed(words) == "show":
                self.unread.append(row.span[0])

    def leave_unread(self, start: int, end: int) -> None:
        """Names an equation of derivatives that cannot be read."""
        if has_sign(self.source, start, end, *SIGNS[:2]) and "=" in self.source.text[start:end]:
            self.left_over.append(start)

    def before_inline(self, start: int, words: str) -> str:
        """The words right before a formula within the text; those that show something, without the formulas between."""
        own = self.sentence_before(start)
        return own if _SHOW.match(own) else words[-60:]

    def shows(self, start: int) -> bool:
        """Whether the sentence of a formula begins by asking to show something, "Prove the identity"."""
        return words_of(self.sentence_before(start))[:1] in _TO_SHOW

    def sentence_before(self, start: int) -> str:
        """The words of its sentence before a formula."""
        begin = self.begins[bisect_right(self.begins, start) - 1] if self.begins else start
        inside = [f for f in self.formulas if begin <= f[0] and f[1] <= start]
        return " ".join(_words(self.source.text, begin, start, inside).replace("$", " ").split())

    def holds_only(self, words: str, end: int) -> bool:
        """Whether what is to be shown is no equation that always holds: it is denied, or a condition stands by it."""
        shown = [match.end() for match in _SHOW.finditer(words)]
        text = self.source.text
        begin = end + len(text[end:]) - len(text[end:].lstrip("$)]\\ \n"))
        behind = words_of(text, begin, up_to(text, begin, (".", ";", "\n\n", "$"), _CLOSE_BEHIND))
        return words_of(words, shown[-1] if shown else 0) in _NOT_ALWAYS or behind in _NOT_ALWAYS

    def in_one_case(self, start: int, end: int) -> bool:
        r"""Whether what is to be shown is so in one case, "for $j \neq y$", "if $z > 0$", told beside it or in it."""
        n = bisect_right(self.begins, start)
        begin, stop = self.begins[n - 1] if n else 0, (*self.begins, len(self.source.text))[n]
        last = begin
        for a, b, _ in (f for f in self.formulas if begin <= f[0] < stop):
            before = words_of(self.source.text, last, a)[-1:]
            last = b
            if (a, b) != (start, end) and before in _IN_CASE and self.is_case(tokens_in(self.source, a, b)):
                return True
        return _compares(tokens_in(self.source, start, end))

    def is_case(self, tokens: Sequence[Token]) -> bool:
        """Whether this compares, or gives a quantity of the note a number."""
        texts = [t.text.lstrip("\\") for t in tokens if t.kind != "end" and t.text not in (".", ",")]
        given = len(texts) == 3 and texts[1] == "=" and texts[2].isdecimal()
        return (given and self.network.known(texts[0])) or _compares(tokens)

    def claimed(self, words: str) -> str | None:
        """What the words right before an equation ask for."""
        last = words[-300:]
        if _SHOW.search(last):
            return "show"
        return "vectorize" if _VECTORIZE.search(last) else None

    def asked_for(self, at: int, names: list[str], start: int, *, whole: bool) -> None:
        """Derivatives that stand by themselves: to derive, or the subject of a question why."""
        own = self.own_words(start)
        asked = (a for task in self.found.values() for a in task.formulas)
        if words_of(own) in _IN_TERMS and any(start - len(own) <= a < start for a in asked):
            return  # What is at hand.
        words = own or self.instruction(start)[1]
        last = self.ends[bisect_right(self.breaks, at) - 1]
        end = min([last, *self.begins[bisect_right(self.begins, start) :][:1]]) if own else last
        if _WHY.search(self.source.text, start if own else at, end):
            task = self.task("why", at)
            task.names += [name for name in names if name not in task.names]
            task.formulas.append(start)
        elif _asks_to_derive(words):
            lists = words_of(words) in _WRITE_DOWN and words_of(words) not in _WORKED_OUT
            self.derive(at, names, start, whole=whole, lists=lists)

    def own_words(self, start: int) -> str:
        """The words of its own sentence before a formula, if they ask for something."""
        begin = self.begins[bisect_right(self.begins, start) - 1] if self.begins else start
        words = self.source.text[begin:start]
        return words if _DERIVE.search(words) or _SHOW.search(words) else ""

    def derive(self, at: int, names: list[str], start: int = -1, *, whole: bool, lists: bool = False) -> None:
        kind = "gradients" if whole or (at, "gradients") in self.found else "derive"
        kind = "list" if lists else kind
        earlier = self.found.pop((at, "derive"), None) if kind == "gradients" else None
        task = self.task(kind, at)
        task.formulas += [*(earlier.formulas if earlier else []), *([start] if start >= 0 else [])]
        for name in [*(earlier.names if earlier else []), *names]:
            task.names += [name] if name not in task.names else []

    def target(self, tree: Node) -> str | None:
        """The quantity, which may be asked for, by which this is the derivative of the loss; None for anything else."""
        name = self.variable(tree)
        return name if name in self.targets else None

    def variable(self, tree: Node) -> str | None:
        """The name by which this is the derivative of the loss."""
        core = tree.children[0] if tree.kind in ("entry", "transpose") and tree.children[0].kind == "call" else tree
        if core.kind == "partial":
            above, below = core.children
            if above.value != self.words.loss:
                return None
        elif core.kind == "call" and core.value == "grad":
            below = core.children[0]
        else:
            return None
        return below.children[0].value if below.kind == "entry" else below.value

    def rows(self, start: int, end: int) -> list[Row]:
        """The equations of a block, or the expressions of a list; a row that cannot be read is left out.

        Raises InputError for a formula with signs that are not known.
        """
        if not any(sign in self.source.text[start:end] for sign in (*SIGNS, "=")):
            return []
        reader = FormulaReader(self.source, self.words, start, end)
        if (alone := self.differentials(reader)) is not None:
            return alone
        found = [(position, tree, reader.at("=")) for position, tree in reader.readable_lefts()]
        rows = []
        for n, (position, tree, is_equation) in enumerate(found):
            last = found[n + 1][0] - 2 if n + 1 < len(found) else len(reader.tokens) - 2
            rows.append(Row((reader.tokens[position].start, reader.tokens[last].end), tree, is_equation))
        return rows

    def differentials(self, reader: FormulaReader) -> list[Row] | None:
        """The rows of a formula that is only ``dW, db``; None for any other."""
        try:
            found = reader.slopes_alone()
        except InputError:
            found = None
        reader.position, reader.nesting = 0, 0
        return [Row(tree.span, tree, is_equation=False) for tree in found] if found else None


def _compares(tokens: Sequence[Token]) -> bool:
    r"""Whether a formula compares outside of braces and brackets; a bound of a constant, ``\lambda > 0``, is none."""
    depth = 0
    for n, token in enumerate(tokens):
        depth += token.text.endswith(("{", "(", "[")) - token.text.startswith(("}", ")", "]"))
        if not depth and n and token.text in _COMPARES:
            constant = tokens[n - 1].kind == "greek" or tokens[n - 1].text.isupper()
            return not (constant and tokens[n + 1 : n + 2] and tokens[n + 1].kind == "number")
    return False


def _introducing(text: str) -> str:
    """A sentence without the marks that begin the list behind it."""
    return text.partition("\\begin{")[0].rstrip(" \n-*+(.1")


def _words(text: str, start: int, end: int, formulas: Sequence[tuple[int, int, bool]]) -> str:
    """A sentence with blanks for its formulas."""
    pieces, position = [], start
    for first, last, _ in formulas:
        pieces += [text[position:first], " " * (last - first)]
        position = last
    return "".join([*pieces, text[position:end]])
