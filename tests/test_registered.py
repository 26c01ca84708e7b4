"""Kinds from outside the package: a part, a step, a form of output and notations, each registered by a module."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from plugged import installed

import backsym
from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.core.notations import NOTATIONS
from backsym.core.stepkinds import STEPS
from backsym.documents.writers.languages import LANGUAGES
from backsym.parts.kind import PartKind
from backsym.parts.table import KINDS
from backsym.reading.files.loader import problem_from_mapping
from backsym.reading.files.schema import schema

pytestmark = pytest.mark.quick("parts")

TOY = '''
from dataclasses import replace

import backsym
from backsym.core.expr import Mul, num
from backsym.core.notations import NotationChoice
from backsym.core.stepkinds import StepKind
from backsym.core.steps import Step
from backsym.documents.writers.languages import OutputForm
from backsym.parts.kind import Answered, PartKind
from backsym.printing.layout import Ident, Script, row

DOUBLE = StepKind(
    "toy_double",
    "{forward: [L = w**2]}",
    sentences={"en": "Twice one half is one.", "de": "Zweimal ein Halb ist eins."},
)


class Recite(PartKind):
    """The derivatives again, with one step more."""

    name = "recite"
    about = "Recite these derivatives."
    sentences = {"en": {"questions.recite": "Recite."}, "de": {"questions.recite": "Sagen Sie auf."}}

    def read(self, part, value):
        return replace(part, targets=value.quantities())

    def answer(self, part, label, results):
        pieces = [results.entries(name) for name in part.targets]
        same = [Step(DOUBLE, p.result.rhs, Mul((num(1), p.result.rhs))) for p in pieces]
        return Answered(part, label, (), tuple(replace(p, after=(s,)) for p, s in zip(pieces, same)))

    def derivatives(self, part):
        return part.targets


def text(document, options, stem):
    return {f"{stem}.toy": f"{len(document.blocks)} blocks"}


def register():
    backsym.register(DOUBLE)
    backsym.register(Recite())
    backsym.register(OutputForm("toy", text))
    backsym.register(NotationChoice("transpose", "t", lambda: Ident("t")))
    backsym.register(
        NotationChoice("gradient", "jacobi", lambda loss, quantity, rank: Script(row(Ident("D"), loss), sub=quantity))
    )
    backsym.register(NotationChoice("vectors", "slanted", lambda letter, rank: Script(letter, sub=Ident("s"))))
    backsym.register(NotationChoice("layer", "primed", lambda letter, mark: Script(letter, sup=mark)))
'''
PROBLEM = {"symbols": {"x": ["D"], "w1": ["D"]}, "forward": ["z = w1.T @ x", "L = z**2"]}


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[ModuleType]:
    """A module outside the package, imported; what it registers is taken back afterwards."""
    tables = (KINDS, STEPS, LANGUAGES, NOTATIONS)
    before = [dict(table._kinds) for table in tables]
    path = tmp_path / "toy_module.py"
    path.write_text(TOY)
    spec = importlib.util.spec_from_file_location("toy_module", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for table, kinds in zip(tables, before, strict=True):
        table._kinds.clear()
        table._kinds.update(kinds)  # type: ignore[arg-type]


def written(tmp_path: Path, **changes: object) -> Path:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({**PROBLEM, "parts": [{"recite": "w1", "points": 4}], **changes}))
    return file


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_part_and_a_step_in_solutions_sheets_json_and_marking(toy: ModuleType, tmp_path: Path) -> None:
    toy.register()
    file = written(tmp_path)
    run("solve", file, "-o", tmp_path, "--format", "md")
    page = (tmp_path / "p.md").read_text()
    assert "**(a)** (4 marks) Recite." in page
    assert "Twice one half is one" in page
    run("solve", file, "-o", tmp_path, "--format", "md", "--questions")
    assert "Recite." in (tmp_path / "p-questions.md").read_text()
    part = json.loads(run("solve", file, "--format", "json"))["parts"][0]
    assert (part["kind"], part["steps"][-1]["kind"], part["question"]) == ("recite", "toy_double", "Recite.")
    verdict = backsym.check(backsym.load(file), "w1", "dL/dz*x")
    assert (verdict.verdict, verdict.score) == ("correct", 4)
    run("solve", written(tmp_path, language="de"), "-o", tmp_path, "--format", "md")
    assert "Zweimal ein Halb ist eins" in (tmp_path / "p.md").read_text()
    assert not list(Draft202012Validator(schema()).iter_errors(json.loads(file.read_text())))


def test_a_form_of_output(toy: ModuleType, tmp_path: Path) -> None:
    toy.register()
    run("solve", written(tmp_path), "-o", tmp_path, "--format", "toy")
    assert (tmp_path / "p.toy").read_text().endswith(" blocks")
    assert "toy" in run("solve", "--help")


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("transpose", "t", r"^t \mathbf{x}"),
        ("gradient", "jacobi", r"{D \mathcal{L}}_{\mathbf{w}^{(1)}}"),
        ("vectors", "slanted", r"{w_s}^{(1)}"),
        ("layer", "primed", r"\mathbf{w}^1"),
    ],
)
def test_a_notation(toy: ModuleType, tmp_path: Path, key: str, name: str, expected: str) -> None:
    toy.register()
    file = written(tmp_path, notation={key: name}, parts=[{"gradients": "w1"}])
    solution = json.loads(run("solve", file, "--format", "json"))
    both = [solution["forward"][0]["matrix"], solution["derivatives"][2]["matrix"]]
    assert expected in json.dumps(both).replace(r"\\", "\\")


def test_a_name_is_taken_once_and_what_is_no_kind_is_refused(toy: ModuleType) -> None:
    toy.register()
    toy_again = type("Again", (PartKind,), {"name": "recite", "read": toy.Recite.read})()
    with pytest.raises(BacksymError, match="there is a PartKind called recite already"):
        backsym.register(toy_again)
    with pytest.raises(BacksymError, match="a str cannot be registered; known are"):
        backsym.register("recite")


def test_an_entry_point_registers_too(toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, double=toy.DOUBLE, more=lambda: backsym.register(toy.Recite()))
    problem = problem_from_mapping({**PROBLEM, "parts": [{"recite": "w1"}]})
    assert problem.parts[0].kind == "recite"
    assert STEPS["toy_double"] is toy.DOUBLE
