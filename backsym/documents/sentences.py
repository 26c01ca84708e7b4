"""The sentences of a solution: loads the catalogue and fills its placeholders.

A sentence is a little Markdown with $math$.  Everything that a reader sees in words comes from here, so that another
language is another folder under ``templates/``.  This module must not know how a step was made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from backsym.errors import BacksymError, near_name
from backsym.expr import Expr, Ix
from backsym.functions import ABSTRACT_LOSS, FUNCTIONS
from backsym.printing.latex import latex, to_latex
from backsym.printing.notation import Notation, index
from backsym.problem import Problem
from backsym.resources import resource
from backsym.steps import Fact, Step

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SPECIAL = re.compile(r"([\\`*$\[\]<>])")


@dataclass(frozen=True)
class Sentence:
    """The sentence of one kind of step, a short example of it in LaTeX, and the sentence for a step without facts."""

    text: str
    example: str
    bare: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """All sentences of one language: by kind of step, and by key (``questions.show``) for the rest."""

    steps: Mapping[str, Sentence]
    phrases: Mapping[str, str]

    def phrase(self, key: str, **facts: str) -> str:
        """A sentence by its key, filled with texts that are Markdown already."""
        if key not in self.phrases:
            raise BacksymError(f"the sentence catalogue has no entry {key}")
        return _filled(self.phrases[key], facts, key)


@cache
def catalogue(language: str = "en") -> Catalogue:
    """The catalogue of one language, read from ``templates/LANGUAGE/sentences.yaml``."""
    import yaml

    with resource("templates", language, "sentences.yaml").open(encoding="utf-8") as file:
        data = yaml.safe_load(file)
    steps = {
        kind: Sentence(entry["sentence"], entry["example"], entry.get("bare")) for kind, entry in data["steps"].items()
    }
    return Catalogue(steps, dict(_flat({key: data[key] for key in ("questions", "answers", "document")})))


def _flat(tree: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            result.extend(_flat(value, f"{prefix}{key}."))
        else:
            result.append((prefix + key, str(value)))
    return result


def why(step: Step, notation: Notation, problem: Problem | None = None) -> str:
    """Why a step holds, as Markdown with $math$.  With ``problem``, facts that are names print as quantities.

    Raises BacksymError for a kind that the catalogue does not have, or a fact that its sentence needs and lacks.
    """
    sentences = catalogue().steps
    if step.kind not in sentences:
        near = near_name(step.kind, sentences)
        hint = f"; did you mean {near}?" if near else ""
        raise BacksymError(f"no sentence for a step of kind {step.kind}{hint}")
    sentence = sentences[step.kind]
    template = sentence.text if step.facts or sentence.bare is None else sentence.bare
    needed = _PLACEHOLDER.findall(template)
    facts = {name: fact_text(name, step.facts[name], notation, problem) for name in needed if name in step.facts}
    return _filled(template, facts, f"step of kind {step.kind}")


def _filled(template: str, facts: Mapping[str, str], what: str) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in facts:
            raise BacksymError(f"{what} has no fact {name}, which its sentence needs")
        return facts[name]

    return _PLACEHOLDER.sub(fill, template)


def fact_text(name: str, value: Fact, notation: Notation, problem: Problem | None = None) -> str:
    """A fact as Markdown: mathematics between dollar signs, several in a list, other texts as they are."""
    if isinstance(value, tuple):
        return listing([fact_text(name, item, notation, problem) for item in value])
    if isinstance(value, Ix):
        return f"${to_latex(index(value))}$"
    if isinstance(value, Expr):
        return f"${latex(value, notation)}$"
    if isinstance(value, str):
        return _name_text(name, value, notation, problem)
    raise TypeError(f"a fact cannot be a {type(value).__name__}")


def _name_text(name: str, value: str, notation: Notation, problem: Problem | None) -> str:
    if name == "function" and (value in FUNCTIONS or value in notation.abstract or value == ABSTRACT_LOSS):
        return f"${to_latex(notation.function(value))}$"
    if problem is not None and value in problem.symbols:
        return f"${latex(problem.sym(value), notation)}$"
    return escaped(value)


def escaped(text: str) -> str:
    """Plain text as Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


def listing(items: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) <= 1:
        return "".join(items)
    conjunction = catalogue().phrase("document.and")
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"
