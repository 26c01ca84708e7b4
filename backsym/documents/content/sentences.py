"""The sentences of a solution: loads the catalogue and fills its placeholders.

A sentence is a little Markdown with $math$.  Everything that a reader sees in words comes from here, so that another
language is another folder under ``templates/``.  This module must not know how a step was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from backsym.core.bundled import tree
from backsym.core.errors import BacksymError, did_you_mean
from backsym.core.expr import Entry, Expr, Ix, Sym, letters_of
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS
from backsym.core.lazy import lazy
from backsym.core.problem import Problem
from backsym.core.stepkinds import FORWARD, STEPS
from backsym.core.steps import Fact, Step
from backsym.core.words import Words, say, separators
from backsym.documents.content.blocks import Inline, Inlines, Math, Paragraph, Text
from backsym.documents.content.markup import inlines_of
from backsym.parts.table import KINDS
from backsym.printing import layout as lay
from backsym.printing.layout import Layout
from backsym.printing.notation import Notation, index
from backsym.printing.printer import layout_of, range_layout, size_layout, tinted_layout
from backsym.text.catalogue import flat, pieces

Value = str | Layout | Inlines
"""What fills a placeholder: plain text, a formula, or inline content."""


@dataclass(frozen=True)
class Sentence:
    """The sentence of one kind of step.

    ``bare`` is the sentence for a step without facts, ``indexed`` that for one whose quantities have indices that the
    node does not have, so that it must say what they number, and ``indicator`` that for a notation in which Kronecker
    deltas are written as indicators.  ``stepwise`` is that for a step that has substeps, ``scalar`` that where the node
    is a number, and ``rules`` has those for the rules of calculus that the step names.
    """

    text: str
    bare: str | None = None
    indexed: str | None = None
    indicator: str | None = None
    stepwise: str | None = None
    scalar: str | None = None
    rules: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Sentence:
        """From an entry of the catalogue's file, where the sentence itself is called so."""
        return cls(entry["sentence"], **{key: value for key, value in entry.items() if key != "sentence"})


@dataclass(frozen=True)
class Catalogue:
    """All sentences of one language: by kind of step, and by key (``questions.show``) for the rest."""

    language: str
    steps: Mapping[str, Sentence]
    phrases: Mapping[str, str]

    def sentence(self, kind: str) -> Sentence:
        """What is said of a kind of step: as the catalogue has it, or as a kind from outside brings it itself."""
        if kind in self.steps:
            return self.steps[kind]
        own = STEPS[kind].sentences.get(self.language) if kind in STEPS else None
        if own is None:
            raise BacksymError(say("sentences.no_step", kind=kind), did_you_mean(kind, self.steps))
        return Sentence(own)

    def phrase(self, key: str, **facts: Value) -> Inlines:
        """A sentence by its key, filled."""
        return _filled(self.text(key), facts, key)

    def text(self, key: str) -> str:
        """A sentence by its key, as it stands in the catalogue."""
        if key in self.phrases:
            return self.phrases[key]
        brought = (kind.sentences.get(self.language, {}) for kind in KINDS.values())
        own = next((sentences[key] for sentences in brought if key in sentences), None)
        if own is None:
            raise BacksymError(say("sentences.no_phrase", key=key))
        return own

    def reason(self, words: Words) -> str:
        """Why there is no matrix form, in this language."""
        return words.text(self.language)

    def listing(self, items: Sequence[Value]) -> Inlines:
        """``a``, ``a and b``, ``a, b and c``."""
        between = separators(len(items), language=self.language)
        parts = zip(between, items, strict=True)
        return merged(inline for before, item in parts for inline in (Text(before), *_inlines(item)))


@cache
def catalogue(language: str = "en") -> Catalogue:
    """The catalogue of one language, read from ``templates/LANGUAGE/sentences.yaml``."""
    data = tree("templates", language, "sentences.yaml")
    steps = {kind: Sentence.of(entry) for kind, entry in data["steps"].items()}
    return Catalogue(language, steps, dict(flat({key: data[key] for key in data if key != "steps"})))


@dataclass(frozen=True)
class Voice:
    """How one problem is spoken about: its sentences, its notation, and the quantities that its names mean."""

    problem: Problem
    notation: Notation
    catalogue: Catalogue

    @classmethod
    def of(cls, problem: Problem) -> Voice:
        return cls(problem, Notation.of(problem), catalogue(problem.language))

    @classmethod
    def on_page(cls, problem: Problem) -> Voice:
        """The voice of a document, whose formulas are set with more care than those of other texts."""
        voice = cls.of(problem)
        return replace(voice, notation=replace(voice.notation, spaced=True))

    def say(self, key: str, **facts: Value) -> Paragraph:
        """A sentence of the catalogue as a paragraph."""
        return Paragraph(self.catalogue.phrase(key, **facts))

    def quantity(self, name: str) -> Layout:
        """A symbol or node as it is printed."""
        return layout_of(self.problem.told(name), self.notation)

    def layout(self, e: Expr) -> Layout:
        return layout_of(e, self.notation)

    @lazy
    def in_text(self) -> Voice:
        """The same in a line of text, where derivatives have a slash in place of a fraction."""
        return replace(self, notation=replace(self.notation, slashed=True))

    @lazy
    def _in_colours(self) -> Notation:
        return replace(self.notation, tinted=True)

    def tinted(self, e: Expr) -> Layout:
        """The same with what is passed back, and local derivatives, in their colours."""
        return tinted_layout(e, self._in_colours)

    def why(self, step: Step) -> Inlines:
        """Why a step holds; see :func:`why`."""
        return why(step, self.notation, self.problem, self.catalogue)

    def reason(self, step: Step) -> Inlines:
        """The same in a few words beside a formula; nothing where the formula says it all."""
        return reason(step, self.in_text.notation, self.problem, self.catalogue)


def why(step: Step, notation: Notation, problem: Problem | None = None, sentences: Catalogue | None = None) -> Inlines:
    """Why a step holds.  With ``problem``, facts that are names print as quantities.

    Raises BacksymError for a kind that the catalogue does not have, or a fact that its sentence needs and lacks.
    """
    sentences = sentences or catalogue()
    sentence = sentences.sentence(step.kind)
    new = _new_indices(step) if sentence.indexed else ()
    template = _template(sentence, step, indexed=bool(new), indicator=notation.takes_delta)
    facts = _facts(step, notation, problem, sentences)
    if new:
        facts |= {
            "ranges": _ranges(step, notation, sentences),
            "new": sentences.listing([index(ix, notation) for ix in new]),
        }
    said = _filled(template, facts, f"step of kind {step.kind}")
    return merged((*_reasons(step, facts, notation, sentences), *said))


def reason(step: Step, notation: Notation, problem: Problem, sentences: Catalogue) -> Inlines:
    """Why a step holds, as a remark beside it: without a full stop, and empty where the step speaks for itself.

    A kind that is not in the catalogue says its sentence.
    """
    if step.kind not in sentences.steps:
        said = why(step, notation, problem, sentences)
        last = said[-1]
        return (*said[:-1], Text(last.text.removesuffix("."), last.style)) if isinstance(last, Text) else said
    facts = _facts(step, notation, problem, sentences)
    out = list(_remarks(step, facts, notation, sentences))
    forms = [f"reasons.{step.kind}_{step.facts.get('rule')}", f"reasons.{step.kind}"]
    if "consumers" in step.facts and (new := _new_indices(step)):
        forms.insert(0, f"reasons.{step.kind}_indexed")
        facts["new"] = sentences.listing([index(ix, notation) for ix in new])
    if notation.takes_delta:
        forms.insert(0, f"reasons.{step.kind}_indicator")
    if not step.facts:
        forms.insert(0, f"reasons.{step.kind}_bare")
    if step.kind == FORWARD:
        bare = replace(notation, bare_sums=True)
        facts["equation"] = lay.row(layout_of(step.before, bare), lay.EQUALS, layout_of(step.after, bare))
    found = next((form for form in forms if form in sentences.phrases), None)
    if found is not None:
        out.insert(0, sentences.phrase(found, **facts))
    return joined(out, sentences)


def joined(remarks: Iterable[Inlines], sentences: Catalogue) -> Inlines:
    """Remarks one after another; none is said twice."""
    between = sentences.phrase("reasons.between")
    distinct = [remark for remark in dict.fromkeys(remarks) if remark]
    return merged(
        item for n, remark in enumerate(distinct) for item in (*((*between, Text(" ")) if n else ()), *remark)
    )


def _remarks(step: Step, facts: Mapping[str, Value], notation: Notation, words: Catalogue) -> list[Inlines]:
    """What is said beside a differentiation: which term of a sum is left, and what a Kronecker delta in it is."""
    out: list[Inlines] = []
    only = step.facts.get("only")
    if isinstance(only, tuple):
        node = facts["den"] if "den" in facts else facts["node"]
        out.append(words.phrase("reasons.only", pairs=words.listing(_pairs(only, notation)), node=node))
    if "delta" in step.facts:
        key = "reasons.indicator" if notation.takes_delta else "reasons.delta"
        out.append(words.phrase(key, **facts))
    return out


def _pairs(only: tuple[Expr, ...] | tuple[Ix, ...], notation: Notation) -> list[Value]:
    """The indices that are equal in the only term of a sum that is left."""
    return [
        lay.row(index(a, notation), lay.EQUALS, index(b, notation))
        for a, b in zip(only[::2], only[1::2], strict=True)
        if isinstance(a, Ix) and isinstance(b, Ix)
    ]


def _facts(step: Step, notation: Notation, problem: Problem | None, sentences: Catalogue) -> dict[str, Value]:
    """What the placeholders of a sentence about the step may stand for."""
    facts: dict[str, Value] = {
        name: _fact(name, value, notation, problem, sentences)
        for name, value in step.facts.items()
        if name not in ("rule", "only", "unless")
    }
    return facts | _computed(step, notation)


def _template(sentence: Sentence, step: Step, *, indexed: bool, indicator: bool) -> str:
    """The one of the kind's sentences that fits the step."""
    node = step.facts.get("node")
    if indicator and sentence.indicator is not None:
        return sentence.indicator
    if indexed and sentence.indexed is not None:
        return sentence.indexed
    if not step.facts and sentence.bare is not None:
        return sentence.bare
    if step.substeps and sentence.stepwise is not None:
        return sentence.stepwise
    if isinstance(node, Expr) and not node.shape and sentence.scalar is not None:
        return sentence.scalar
    return sentence.rules.get(str(step.facts.get("rule")), sentence.text)


def _computed(step: Step, notation: Notation) -> dict[str, Value]:
    """Facts that follow from others: the shape of the node, and that two indices are equal or not."""
    out: dict[str, Value] = {}
    node = step.facts.get("node")
    if isinstance(node, Expr) and node.shape:
        out["shape"] = size_layout(node.shape, notation)
    i, j = step.facts.get("index"), step.facts.get("other")
    if isinstance(i, Ix) and isinstance(j, Ix):
        out["equality"] = lay.row(index(i, notation), lay.EQUALS, index(j, notation))
        out["difference"] = lay.row(index(i, notation), lay.Op("not_equal", "relation"), index(j, notation))
    return out


def _reasons(step: Step, facts: Mapping[str, Value], notation: Notation, words: Catalogue) -> Inlines:
    """What is said before a differentiation: which term of a sum is left, and what a Kronecker delta in it is."""
    out: list[Inline] = []
    only = step.facts.get("only")
    if isinstance(only, tuple):
        node = facts["den"] if "den" in facts else facts["node"]
        key = "because.only_of" if "over" in facts else "because.only"
        out += (
            *words.phrase(key, **{**facts, "pairs": words.listing(_pairs(only, notation)), "node": node}),
            Text(" "),
        )
    if "delta" in step.facts:
        key = "because.indicator" if notation.takes_delta else "because.delta"
        out += (*words.phrase(key, **facts), Text(" "))
    return tuple(out)


def _new_indices(step: Step) -> tuple[Ix, ...]:
    """The indices of the consumers that the node does not have."""
    node, consumers = step.facts["node"], step.facts["consumers"]
    assert isinstance(consumers, tuple)
    own = set(node.indices) if isinstance(node, Entry) else set()
    found = [ix for entry in consumers if isinstance(entry, Entry) for ix in entry.indices if not ix.fixed]
    # The member after one's own, t + 1, is not any one, nor is one at a position, which has no letter.
    free = (ix for ix in found if letters_of(ix) and own.isdisjoint(letters_of(ix)))
    return tuple(dict.fromkeys(ix for ix in free if ix not in own))


def _ranges(step: Step, notation: Notation, words: Catalogue) -> Inlines:
    """What the indices of the consumers and of the node number."""
    node, consumers = step.facts["node"], step.facts["consumers"]
    assert isinstance(consumers, tuple)
    quantities: dict[tuple[Ix, ...], list[Layout]] = {}
    for entry in (*consumers, node):
        indices = tuple(ix for ix in entry.indices if not ix.fixed) if isinstance(entry, Entry) else ()
        indices = tuple(letter for ix in indices for letter in letters_of(ix))
        if isinstance(entry, Entry) and indices:
            quantities.setdefault(indices, []).append(layout_of(entry.base, notation))
    items: list[Value] = []
    for indices, names in quantities.items():
        ranges = [range_layout((ix,), notation) for ix in indices]
        # One formula for each index: a line may end between two of them.
        found = [item for range_of in ranges if range_of for item in (Text(", "), Math(range_of))][1:]
        key = "document.those" if items else "document.numbers_entries"
        items.append(words.phrase(key, range=tuple(found), quantities=words.listing(list(names))))
    return words.listing(items)


@cache
def _parsed(template: str) -> Inlines:
    return inlines_of(template, "sentence")


def _filled(template: str, facts: Mapping[str, Value], what: str) -> Inlines:
    out: list[Inline] = []
    for item in _parsed(template):
        if not isinstance(item, Text):
            out.append(item)
            continue
        for text, name in pieces(item.text):
            out.append(Text(text, item.style))
            if name is None:
                continue
            if name not in facts:
                raise BacksymError(say("sentences.lacks_fact", what=what, name=name))
            out.extend(_inlines(facts[name]))
    return merged(out)


def _inlines(value: Value) -> Inlines:
    if isinstance(value, str):
        return (Text(value),)
    return (Math(value),) if isinstance(value, Layout) else value


def merged(items: Iterable[Inline]) -> Inlines:
    """Without empty texts, and with neighbouring texts of one style joined."""
    out: list[Inline] = []
    for item in items:
        last = out[-1] if out else None
        if isinstance(item, Text) and not item.text:
            continue
        if isinstance(item, Text) and isinstance(last, Text) and item.style == last.style:
            out[-1] = Text(last.text + item.text, item.style)
        else:
            out.append(item)
    return tuple(out)


def _fact(name: str, value: Fact, notation: Notation, problem: Problem | None, words: Catalogue) -> Value:
    """A fact as it is printed: mathematics as formulas, several in a list, other texts as they are."""
    if isinstance(value, tuple):
        return words.listing([_fact(name, item, notation, problem, words) for item in value])
    if isinstance(value, Ix):
        return index(value, notation)
    if isinstance(value, Sym) and problem is not None and value.name in problem.symbols:
        value = value.name
    if isinstance(value, Expr):
        return layout_of(value, notation)
    if not isinstance(value, str):
        raise TypeError(f"a fact cannot be a {type(value).__name__}")
    bare = value.rstrip("'")
    if name == "function" and (bare in FUNCTIONS or bare in notation.abstract or bare == ABSTRACT_LOSS):
        function, primes = notation.function(bare), len(value) - len(bare)
        return lay.Primed(function, primes) if primes else function
    if problem is not None and value in problem.symbols:
        return layout_of(problem.told(value), notation)
    return value
