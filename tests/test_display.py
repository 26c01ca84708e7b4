"""What a notebook shows: well-formed HTML with MathML and without anything from elsewhere, Markdown, LaTeX, SVG."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

import backsym as bs
from backsym.core.resources import find_problem

pytestmark = pytest.mark.quick("api")

PROBLEM = bs.load(str(find_problem("twin")))
assert isinstance(PROBLEM, bs.Problem)
SOLUTION = PROBLEM.solve()
RESULT = next(iter(r for r in SOLUTION if r.matrix is not None))
VERDICT = bs.check(PROBLEM, RESULT.node, "0")
GRADIENT = bs.gradient("sum((W @ x)**2)", "W", {"W": ["K", "D"], "x": ["D"]})
SHOWN: dict[str, Any] = {
    "problem": PROBLEM, "solution": SOLUTION, "result": RESULT, "verdict": VERDICT, "gradient": GRADIENT,
}  # fmt: skip
VOID = {"br", "img", "input", "meta", "hr"}


class Nesting(HTMLParser):
    """Fails on an element that is not closed in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.ids += [value for key, value in attrs if key == "id" and value]
        for key, value in attrs:
            assert not key.startswith("on")
            assert key not in ("src", "href") or (value or "").startswith("#")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", SHOWN)
def test_html_is_well_formed_and_stands_alone(name: str) -> None:
    text = SHOWN[name]._repr_html_()
    page = Nesting()
    page.feed(text)
    assert page.open == []
    assert "math" in page.seen or name == "verdict"
    assert "script" not in page.seen
    assert not any(anchor.startswith("h") and anchor[1:].isdecimal() for anchor in page.ids)


def test_a_solution_shows_its_steps_and_its_drawing() -> None:
    page = Nesting()
    page.feed(SOLUTION._repr_html_())
    assert {"details", "summary", "svg", "math"} <= page.seen


@pytest.mark.parametrize("name", SHOWN)
def test_markdown_has_formulas_and_no_files(name: str) -> None:
    text = SHOWN[name]._repr_markdown_()
    assert "![" not in text
    assert "$" in text or name == "verdict"


def bare(text: str) -> str:
    """LaTeX without the sizes below its factors."""
    return re.sub(r"\\underbrace\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}_\{\\, [^{}]* \\,\}", r"\1", text)


def test_a_result_shows_both_forms_and_the_check() -> None:
    text = RESULT._repr_markdown_()
    assert RESULT.latex().split(" = ", 1)[1] in bare(text)
    assert "Checked numerically" in text
    assert RESULT._repr_latex_().startswith(r"$\displaystyle")


def test_a_result_explains_itself() -> None:
    assert r"_{\: \text{use in } m_j^{(a)} \:}" in SOLUTION["W1"].explain()
    assert SOLUTION.explain() == SOLUTION._repr_markdown_()


def test_a_problem_shows_its_forward_equations_and_no_answers() -> None:
    text = PROBLEM._repr_markdown_()
    assert PROBLEM.title in text
    assert r"\nabla" not in text
    assert r"\partial" not in text
    assert PROBLEM._repr_latex_().count(r" \\ ") == len(PROBLEM.equations) - 1


def test_a_verdict_shows_its_score_and_its_feedback() -> None:
    assert VERDICT.verdict == "incorrect"
    text = VERDICT._repr_markdown_()
    assert text.startswith("**incorrect** (0/1)")
    assert len(text) > len("**incorrect** (0/1)") + 10


@pytest.mark.parametrize("kind", ["vectorized", "scalar"])
def test_a_graph_is_a_drawing(kind: str) -> None:
    drawn = PROBLEM.graph(kind)
    assert ElementTree.fromstring(drawn._repr_svg_()).tag.endswith("svg")
    assert PROBLEM.title in drawn.title


def test_a_graph_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(bs.BacksymError, match="vectorized"):
        PROBLEM.graph("round")


def test_defining_the_classes_loads_nothing_heavy() -> None:
    script = "import sys, backsym; backsym.Problem, backsym.Solution, backsym.Result; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert not {"numpy", "sympy", "jinja2", "typst"} & set(result.stdout.split())
