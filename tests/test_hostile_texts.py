"""Titles and texts of any kind reach the page as they are, or are refused by name; none of them runs anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from backsym.cli.main import main

NEURON = """\
title: {title}
text: {text}
symbols: {{x: {{role: input}}, w: {{role: parameter, latex: {latex}}}, t: {{role: target}}}}
forward: [z = w*x, L = 1/2*(z - t)**2]
parts:
  - ask: {ask}
    answer: {answer}
"""

ODD = [
    "100% of a_b & c # {d} <e> | f",
    "quotes \" ' ` and ~ ^ dashes -- --- and a backslash \\\\",
    "a cost of \\$5, 'single', ,,commas,,",
    "Größe, naïve, œuvre, Łódź, α and Ω, 5 ≤ 6 – yes…",
    "[brackets] *emphasis* **strong** `code_with_%`",
    "# no heading", "- no list", "1. no number", "<script>alert(1)</script>", "{{ 7 * 7 }} << x >> <% y %>",
]  # fmt: skip


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def written(folder: Path, **fields: str) -> Path:
    values = {"title": "T", "text": "t", "latex": "w", "ask": "a", "answer": "b", **fields}
    path = folder / "p.yaml"
    path.write_text(NEURON.format(**{key: quoted(value) for key, value in values.items()}), encoding="utf-8")
    return path


def solve(path: Path, form: str, folder: Path):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(main, ["solve", str(path), "--format", form, "-o", str(folder / "o")])


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("form", ["md", "json"])
def test_odd_texts_are_written(text: str, form: str, tmp_path: Path) -> None:
    result = solve(written(tmp_path, title=text, text=text, ask=text, answer=text), form, tmp_path)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "o" / f"p.{form}").read_text(encoding="utf-8")
    assert "<script>" not in page or form == "json"
    assert "49" not in page


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_odd_texts_compile_and_read_the_same_on_paper(tmp_path: Path) -> None:
    text = "\n\n".join(ODD).replace("\n\n- no list", "\n\n\\- no list")
    path = tmp_path / "p.yaml"
    block = "\n".join(f"  {line}" for line in text.splitlines())
    path.write_text(NEURON.format(title="T", text=f"|\n{block}\n", latex="w", ask="a", answer="b"), encoding="utf-8")
    result = solve(path, "tex", tmp_path)
    assert result.exit_code == 0, result.output
    done = subprocess.run(
        ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "p.tex"],
        cwd=tmp_path / "o", capture_output=True, text=True, errors="replace", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:]
    assert "Missing character" not in done.stdout
    paper = subprocess.run(
        ["pdftotext", "-layout", "p.pdf", "-"],
        cwd=tmp_path / "o", capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    for shown in (ODD[0], "<script>alert(1)</script>", "{{ 7 * 7 }} << x >> <% y %>", "# no heading"):
        assert shown in " ".join(paper.split()), shown


@pytest.mark.parametrize(
    "latex",
    [
        r"\input{/etc/passwd}", r"\write18{touch pwned}", r"\immediate\write18{id}", r"\csname input\endcsname{x}",
        r"\include{x}", r"\openin5=x", r"\def\a{b}", r"\catcode`\%=12", r"^^5cinput{x}", r"\usepackage{x}",
        r"\begin{verbatim}", r"\loop\iftrue\repeat", r"\special{x}", r"\directlua{x}", r"\href{javascript:x}{y}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["title", "text", "latex", "ask", "answer"])
def test_tex_that_could_do_something_is_refused_by_name(latex: str, field: str, tmp_path: Path) -> None:
    given = latex if field == "latex" else f"about ${latex}$"
    for form in ("md", "tex"):
        result = solve(written(tmp_path, **{field: given}), form, tmp_path)
        assert result.exit_code == 2, (form, result.output)
        assert result.stderr.startswith("error: ")
        assert "Traceback" not in result.output
        assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("field", ["title", "text", "ask", "answer"])
def test_a_dollar_without_its_partner_is_refused_by_name(field: str, tmp_path: Path) -> None:
    result = solve(written(tmp_path, **{field: "costs $5"}), "md", tmp_path)
    assert result.exit_code == 2
    assert "costs $5" in result.stderr or "$" in result.stderr


def test_a_script_that_pdflatex_has_no_font_for_is_named_and_markdown_has_it(tmp_path: Path) -> None:
    path = written(tmp_path, text="Градиент 漢字")
    result = solve(path, "tex", tmp_path)
    assert result.exit_code == 2
    assert "CYRILLIC" in result.stderr
    assert "Градиент" in result.stderr
    assert solve(path, "md", tmp_path).exit_code == 0
    assert "Градиент 漢字" in (tmp_path / "o" / "p.md").read_text(encoding="utf-8")
