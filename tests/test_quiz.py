"""Quizzes: every wrong choice is wrong by its values and unlike the others, and every export says the same."""

from __future__ import annotations

import html
import io
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from extent import THOROUGH, some
from known import bundled

from backsym.cli.main import main
from backsym.cli.quiz import written
from backsym.core.expr import ONE, Add, Mul, Neg, walk
from backsym.documents.content.blocks import Text
from backsym.marking.judging.accept import derivatives_asked
from backsym.numeric.evaluate import evaluate
from backsym.numeric.sample import draw, draws
from backsym.numeric.verify import with_adjoints
from backsym.printing.latex import latex
from backsym.quiz import questions, sheets
from backsym.quiz.questions import FEWEST, MOST, Choice, Quiz, quiz_of
from backsym.quiz.slips import slips
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

pytestmark = pytest.mark.quick("quiz")

PROBLEMS = bundled()
MLP = {
    "title": "One layer of $k$ units / one loss",
    "symbols": {"x": ["D"], "W": ["K", "D"], "b": ["K"], "t": ["K"]},
    "forward": ["z = W @ x + b", "y = tanh(z)", "L = sum((y - t)**2)/2"],
}


def solution_of(name: str) -> Solution:
    return solve(PROBLEMS[name])


@pytest.fixture(scope="module")
def mlp() -> Quiz:
    return quiz_of(solve(problem_from_mapping(MLP)))


def check_choices(solution: Solution, quiz: Quiz) -> None:
    """By evaluation at points of its own, with the true derivatives of what is named; at some of them units are off."""
    drawn = [*draws(solution.problem, 8), *(draw(solution.problem, seed, lively=False) for seed in range(100, 112))]
    points = [with_adjoints(solution.derivations, env) for env in drawn]
    for question in quiz.questions:
        assert FEWEST <= len(question.choices) - 1 <= MOST
        assert [choice.right for choice in question.choices].count(True) == 1
        free = tuple(ix for ix in question.indices if not ix.fixed)
        true = [evaluate(question.lhs, env, free) for env in points]
        values = [[evaluate(choice.expr, env, free) for env in points] for choice in question.choices]
        for n, (choice, found) in enumerate(zip(question.choices, values, strict=True)):
            assert equal(found, true) == choice.right, (question.name, choice)
            assert bool(choice.feedback) != choice.right
            assert not any(equal(found, other) for other in values[:n]), (question.name, choice)


def equal(some_values: list[Any], others: list[Any]) -> bool:
    pairs = list(zip(some_values, others, strict=True))
    return all(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9) for a, b in pairs)


@pytest.mark.parametrize("name", some(PROBLEMS, 8, 1))
def test_every_wrong_choice_is_wrong_and_unlike_the_others(name: str) -> None:
    solution = solution_of(name)
    check_choices(solution, quiz_of(solution))


def test_the_bundled_problems_give_two_hundred_questions_and_each_says_what_it_leaves_out() -> None:
    count = 0
    names = PROBLEMS if THOROUGH else ["mlp-entries", "four-units", "scalar-tanh", "backward-batch"]
    for name in names:
        solution = solution_of(name)
        quiz = quiz_of(solution)
        every = derivatives_asked(solution.problem) or [d.node for d in solution.derivations]
        assert len(quiz.questions) + len(quiz.left_out) == len(set(every) - {solution.problem.loss})
        count += len(quiz.questions)
    assert count >= (200 if THOROUGH else 25)


def test_choices_look_like_the_right_one(mlp: Quiz) -> None:
    """None has a factor 1 or begins a sum with a minus sign, which would give it away."""
    for question in mlp.questions:
        for choice in question.choices:
            assert not any(isinstance(e, Mul) and ONE in e.args for e in walk(choice.expr))
            assert not any(isinstance(e, Add) and isinstance(e.args[0], Neg) for e in walk(choice.expr))
            assert len(choice.expr.shape) == len(question.lhs.shape)


def test_the_seed_decides(mlp: Quiz) -> None:
    solution = solve(problem_from_mapping(MLP))
    assert quiz_of(solution).questions == mlp.questions
    assert quiz_of(solution, 1).questions != mlp.questions


def test_with_too_few_slips_a_question_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    solution = solve(problem_from_mapping(MLP))
    monkeypatch.setattr(questions, "FEWEST", MOST + 1)
    quiz = quiz_of(solution)
    assert quiz.questions == ()
    assert set(quiz.left_out) == {"dL/dy", "dL/dt", "dL/dz", "dL/dx", "dL/dW", "dL/db"}


def test_at_most_so_many_slips_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "TRIED", 2)
    assert quiz_of(solve(problem_from_mapping(MLP))).questions == ()


def test_slips_have_the_axes_of_the_derivative() -> None:
    solution = solve(problem_from_mapping(MLP))
    for d in solution.derivations[1:]:
        assert d.matrix is not None
        found = [slip.expr for slip in slips(d.matrix.rhs, d.node, solution.problem)]
        assert len(set(found)) == len(found) > 1
        assert all(e.shape in (d.matrix.rhs.shape, d.matrix.rhs.shape[::-1]) for e in found)


# --- exports, read back ---

Read = list[tuple[str, list[tuple[str, bool, str]]]]
"""For each question, its name and its choices: LaTeX, whether it is right, what is said of it."""


def expected(quiz: Quiz) -> Read:
    return [
        (
            f"One layer of k units / one loss: {q.name}",
            [(latex(c.expr, q.voice.notation), c.right, said(c)) for c in q.choices],
        )
        for q in quiz.questions
    ]


def said(choice: Choice) -> str:
    return "Right." if choice.right else re.sub(r"\$.*?\$", "*", choice.feedback)


def without_formulas(text: str) -> str:
    return html.unescape(re.sub(r"\\\(.*?\\\)|<img[^>]*>", "*", text))


def formula(text: str) -> str:
    match = re.fullmatch(r"\\\((.*)\\\)", text, re.S)
    assert match is not None, text
    return html.unescape(match[1])


def read_moodle(text: str) -> Read:
    found: Read = []
    for question in ElementTree.fromstring(text).iterfind("question[@type='multichoice']"):
        choices = [
            (
                formula(a.findtext("text", "")),
                a.get("fraction") == "100",
                without_formulas(a.findtext("feedback/text", "")),
            )
            for a in question.iterfind("answer")
        ]
        assert question.findtext("questiontext/text", "").endswith(")?</p>")
        found.append((question.findtext("name/text", ""), choices))
    return found


def read_gift(text: str) -> Read:
    """As Moodle's importer: escaped signs are put aside, the text is cut at the others, then they come back."""
    aside = {"\\\\": "\x00"} | {f"\\{sign}": chr(n + 1) for n, sign in enumerate("~=#{}:")}
    for spelled, kept in aside.items():
        text = text.replace(spelled, kept)

    def plain(part: str) -> str:
        for spelled, kept in aside.items():
            part = part.replace(kept, spelled[1:])
        return part.strip()

    found: Read = []
    for match in re.finditer(r"::(.*?)::\[html\](.*?)\{(.*?)\}", text, re.S):
        choices = []
        for sign, form, feedback in re.findall(r"([=~])([^=~#]*)#([^=~#]*)", match[3]):
            choices.append((formula(plain(form)), sign == "=", without_formulas(plain(feedback))))
        found.append((plain(match[1]), choices))
    return found


def read_qti(data: bytes) -> Read:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        space = {
            "m": "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1",
            "q": "http://www.imsglobal.org/xsd/ims_qtiasiv1p2",
        }
        manifest = ElementTree.fromstring(archive.read("imsmanifest.xml"))
        named = [file.get("href", "") for file in manifest.iterfind(".//m:file", space)]
        assert sorted([*named, "imsmanifest.xml"]) == sorted(archive.namelist())
        (resource,) = manifest.iterfind(".//m:resource[@type='imsqti_xmlv1p2']", space)
        path = resource.find("m:file", space).get("href")
        root = ElementTree.fromstring(archive.read(path))
        assert root.find("q:assessment", space).get("ident") == resource.get("identifier")
    found: Read = []
    for item in root.iterfind(".//q:item", space):
        texts = {f.get("ident"): f.findtext(".//q:mattext", "", space) for f in item.iterfind("q:itemfeedback", space)}
        conditions = {}
        for condition in item.iterfind(".//q:respcondition", space):
            linked = texts[condition.find("q:displayfeedback", space).get("linkrefid")]
            conditions[condition.findtext(".//q:varequal", "", space)] = (
                condition.findtext("q:setvar", "0", space) == "100", without_formulas(linked),
            )  # fmt: skip
        choices = []
        for label in item.iterfind(".//q:response_label", space):
            image = ElementTree.fromstring(label.findtext(".//q:mattext", "", space).replace('">', '"/>'))
            assert unquote(unquote(image.get("src").removeprefix("/equation_images/"))) == image.get("title")
            choices.append((image.get("data-equation-content"), *conditions[label.get("ident")]))
        found.append((item.get("title", ""), choices))
    return found


def test_every_export_is_read_back_to_the_same_questions(mlp: Quiz) -> None:
    title = mlp.voice.problem.title
    for form, read in (("moodle", read_moodle), ("gift", read_gift), ("qti", read_qti)):
        ((name, data),) = written(title, "one", [mlp], form).items()
        assert name == {"moodle": "one-quiz.xml", "gift": "one-quiz.gift", "qti": "one-quiz.zip"}[form]
        assert read(data) == expected(mlp), form
        assert written(title, "one", [mlp], form) == {name: data}


def test_a_sheet_and_its_key_agree_on_paper(mlp: Quiz) -> None:
    files = written("Quiz", "one", [mlp], "pdf")
    assert list(files) == ["one-quiz.pdf", "one-quiz-key.pdf"]
    assert all(bytes(data).startswith(b"%PDF") for data in files.values())
    for question, number in zip(mlp.questions, range(1, 9), strict=False):
        (right,) = (n for n, choice in enumerate(question.choices) if choice.right)
        assert sheets.key_of(question, number)[0].content == (Text(f"{number}. {'ABCDE'[right]}", "strong"),)


# --- the command ---


def test_the_command_writes_and_says_what_it_left_out(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["quiz", "mlp-entries", "--format", "gift", "-o", str(tmp_path)])
    assert result.exit_code == 0
    assert result.stdout.endswith("mlp-entries-quiz.gift\n6 questions\n")
    assert "left out, because too few slips of the same form are wrong: dL/da1" in result.stderr
    assert (tmp_path / "mlp-entries-quiz.gift").read_text(encoding="utf-8").count("::[html]") == 6


def test_nothing_to_ask_is_an_error_that_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("symbols: {x: {}}\nforward: ['L = x']\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["quiz", str(file), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "nothing can be asked" in result.stderr
    assert not (tmp_path / "out").exists()
