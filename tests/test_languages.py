"""Text and mathematics are apart: sentences stand in the templates only, and every language has all of them."""

from __future__ import annotations

import ast
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_solution_pages import displayed

from backsym.core.bundled import languages
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.core.words import Words
from backsym.documents.content.blocks import Row, Text
from backsym.documents.content.document import problem_blocks
from backsym.documents.content.sentences import catalogue
from backsym.documents.writers.render import files
from backsym.printing import layout as lay
from backsym.reading.files.loader import load
from backsym.solving.solution import solve

ROOT = Path(__file__).resolve().parents[1]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
WORDS = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b")
PARTS = ("documents", "graphs", "printing")


def test_there_is_a_second_language() -> None:
    assert languages() == ("de", "en")


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_a_language_has_every_sentence_with_the_same_facts(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert list(other.steps) == list(english.steps)
    assert set(other.phrases) == set(english.phrases)
    for kind, sentence in english.steps.items():
        for key in ("text", "bare", "indexed", "indicator"):
            assert facts(getattr(other.steps[kind], key)) == facts(getattr(sentence, key)), kind
    for key, phrase in english.phrases.items():
        assert facts(other.phrases[key]) == facts(phrase), key


def facts(text: str | None) -> set[str] | None:
    return None if text is None else set(PLACEHOLDER.findall(re.sub(r"\$[^$]*\$", "", text)))


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
@pytest.mark.parametrize("name", ["twin", "forward-batch", "four-units", "mlp-entries", "conv-pool"])
def test_a_solution_in_another_language_has_the_same_equations_and_no_english(name: str, language: str) -> None:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    parts = tuple(replace(part, text=None) for part in problem.parts)
    problem = replace(problem, text=None, objective=None, title="T", parts=parts)
    solution, translated = solve(problem), solve(replace(problem, language=language))
    rows, others = ([row for row, _ in displayed(problem_blocks(s, 2))] for s in (solution, translated))
    bare = [[wordless(replace(row, reason=(), head=())) for row in shown] for shown in (rows, others)]
    assert bare[0] == bare[1]
    assert [bool(row.head) for row in rows] == [bool(row.head) for row in others]
    text = re.sub(r"!\[.*\n", "", files(None, [translated], "md")["solution.md"])
    remarks = " ".join(item.text for row in others for item in row.reason if isinstance(item, Text))
    prose = re.sub(r"\$\$[^$]*\$\$|\$[^$]*\$", "", text) + remarks
    assert not re.search(r"\b(the|of|and|with|derivative|forward|chain|rule|has|no|at|once)\b", prose, re.IGNORECASE)


def wordless(part: Any) -> Any:
    """The same without words below braces, which are those of the language."""
    if isinstance(part, tuple):
        return tuple(map(wordless, part))
    if isinstance(part, lay.Underbrace) and any(getattr(item, "style", "") == "roman" for item in flat(part.label)):
        return wordless(part.body)
    if not isinstance(part, (lay.Layout, Row)):
        return part
    return replace(part, **{each.name: wordless(getattr(part, each.name)) for each in fields(part)})


def flat(label: lay.Layout | None) -> tuple[lay.Layout | None, ...]:
    return label.items if isinstance(label, lay.Row) else (label,)


def reasons_in_the_engine() -> list[Words]:
    """What is said of index expressions without a matrix form, with 3 in place of what is filled in."""
    text = (ROOT / "backsym" / "calculus" / "lift.py").read_text(encoding="utf-8")
    codes = re.findall(r'"(reasons\.\w+)"', text)
    facts = dict.fromkeys(("axes", "matrices", "indices", "some", "all", "found", "shape"), 3)
    return [Words(code, facts) for code in codes if code != "reasons.shape_lost"]


@pytest.mark.parametrize("language", languages())
def test_why_there_is_no_matrix_form_is_said_in_every_language(language: str) -> None:
    reasons = reasons_in_the_engine()
    said = [catalogue(language).reason(words) for words in reasons]
    assert len(set(said)) >= 12
    if language == "en":
        assert said == [str(words) for words in reasons]
    else:
        assert not set(said) & {str(words) for words in reasons}


def test_an_unknown_language_is_named() -> None:
    from backsym.core.errors import InputError
    from backsym.reading.files.loader import problem_from_mapping

    with pytest.raises(InputError, match="language is de or en, not ed"):
        problem_from_mapping({"language": "ed", "forward": ["L = w**2"]})


def sentences_in(path: Path) -> list[str]:
    """Texts of several words in code that are neither documentation nor an error message."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            body = node.body if hasattr(node, "body") else [node]
            for item in body:
                if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant):
                    skipped.add(id(item.value))
        errors = isinstance(node, ast.Raise) or (
            isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")).endswith("Error")
        )
        if errors or isinstance(node, ast.Assert):
            skipped.update(id(child) for child in ast.walk(node))
    texts = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return [node.value for node in texts if id(node) not in skipped and WORDS.search(node.value)]


@pytest.mark.parametrize(
    "path",
    [p for part in PARTS for p in sorted((ROOT / "backsym" / part).rglob("*.py")) if p.name != "pdf.py"],
    ids=lambda p: f"{p.parent.name}/{p.stem}",
)
def test_no_sentence_stands_outside_the_templates(path: Path) -> None:
    """pdf.py is left out: it speaks of engines, on the terminal."""
    found = [text for text in sentences_in(path) if not re.search(r"[\\{}%<>=;#]|^[a-z ]+$|^\w+( \w+)*,? *$", text)]
    assert not found, found


def test_a_sentence_in_code_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text('"""A module about things."""\nx = "By the chain rule, the derivative is:"\n', encoding="utf-8")
    assert sentences_in(path) == ["By the chain rule, the derivative is:"]


def test_the_templates_are_valid_yaml_without_repeated_keys() -> None:
    for path in sorted((ROOT / "templates").rglob("*.yaml")):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)
