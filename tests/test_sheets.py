"""What question sheets and keys say of themselves: lines for names and points, room for answers, the title of a key."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from backsym.cli.main import main
from backsym.documents.content.options import Options
from backsym.documents.writers.render import files
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("documents")

LAYER = {
    "title": "A layer",
    "symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}},
    "forward": ["y = tanh(W @ x)", "L = sum(y**2)"],
}


def sheet(form: str, options: Options, *marks: object, language: str = "en") -> str:
    parts = [{"gradients": "W", **({"marks": m} if m is not None else {})} for m in marks]
    problem = problem_from_mapping({**LAYER, "parts": parts, "language": language})
    return str(next(iter(files(None, [solve(problem)], form, options, "a").values())))


def test_a_sheet_has_lines_for_name_and_points_and_a_solution_has_none() -> None:
    questions = Options("questions")
    assert "/ 5\n" in sheet("md", questions, 2, 3)
    assert "/ 2.5\n" in sheet("md", questions, 2, 0.5)
    assert "/" not in sheet("md", questions, 2, None).split("## ")[0]
    assert "Points" not in sheet("md", questions, None)
    lines = {"md": r"Name: \_", "tex": r"Name: \hrulefill", "typ": "#blanks(", "html": "Name:</span>"}
    for form, line in lines.items():
        assert line in sheet(form, questions, 2)
        assert line not in sheet(form, Options(), 2)
    assert "Matrikelnummer" in sheet("md", questions, 2, language="de")


def test_room_for_answers_is_left_on_request() -> None:
    for form, room in (("tex", r"\vspace*{3.5cm}"), ("typ", "height: 3.5cm"), ("html", "height:3.5cm"), ("md", "<br>")):
        assert sheet(form, Options("questions", space=3.5), 2, 2).count(room) == (12 if form == "md" else 2)
        assert room not in sheet(form, Options("questions"), 2, 2)
    result = CliRunner().invoke(main, ["solve", "scalar-tanh", "--space", "3"])
    assert result.exit_code == 2
    assert "--questions" in result.output


def test_a_key_says_that_it_is_one() -> None:
    assert sheet("md", Options("key"), 2).startswith("# A layer: answer key")
    assert sheet("md", Options("key"), 2, language="de").startswith("# A layer: Lösungen")
    assert sheet("md", Options(), 2).startswith("# A layer\n")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_gives_a_title_its_language_and_bookmarks(tmp_path: Path) -> None:
    problem = problem_from_mapping({**LAYER, "title": "Größe $x^2$ & 100 % ∇", "language": "de"})
    pdf = files(None, [solve(problem)], "pdf", Options(engine="latex"), "a")["a.pdf"]
    assert isinstance(pdf, bytes)
    (tmp_path / "a.pdf").write_bytes(pdf)
    info = subprocess.run(["pdfinfo", "a.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "Title:           Größe" in info
    assert "& 100 %" in info
    streams = [part.partition(b"endstream")[0] for part in pdf.split(b"stream\n")[1:]]
    objects = b"".join(zlib.decompressobj().decompress(s) for s in streams if s.startswith(b"x\xda"))
    assert b"/Lang(de)" in objects.replace(b" ", b"").replace(b"\n", b"")
    assert b"/Outlines" in objects
