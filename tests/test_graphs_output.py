"""The languages in which a graph is written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from extent import some
from graph_examples import examples, problem

from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.documents.content.figures import picture
from backsym.documents.content.sentences import Voice
from backsym.graphs.figure import FORMATS, Figure, figure
from backsym.graphs.typeset import Glyphs, Rule, typeset
from backsym.printing import layout as lay
from backsym.printing.fragment import fragment
from backsym.reading.files.loader import problem_from_mapping

ALL = dict(examples())
SVG = "{http://www.w3.org/2000/svg}"


def described(problem: Problem, kind: str = "vectorized", derivatives: str = "none") -> Figure:
    return picture(Voice.of(problem), kind, derivatives).drawn


@pytest.mark.parametrize("name", some(ALL, 6))
def test_svg_is_one_accessible_file_without_anything_from_elsewhere(name: str) -> None:
    drawn = described(ALL[name], derivatives="nodes")
    text = drawn.svg()
    root = ElementTree.fromstring(text)
    assert root.find(f"{SVG}title").text == drawn.title
    assert root.find(f"{SVG}desc").text == drawn.alt
    assert "None" not in text
    assert not re.search(r"\bnan\b|href|@import|url\(|<script|<image|<foreignObject", text)
    labels = ["".join(span.text for span in element) for element in root.iter(f"{SVG}text")]
    assert len(labels) == len(drawn.graph.vertices) + sum(v.note is not None for v in drawn.graph.vertices)
    assert ALL[name].loss != "L" or "ℒ" in labels


def test_svg_follows_dark_mode_and_an_inline_one_its_page() -> None:
    drawn = figure(ALL["twin"])
    assert "prefers-color-scheme:dark" in drawn.svg()
    assert "<style" not in drawn.svg(inline=True)
    assert not re.search(r"#[0-9a-f]{3}|black|white", drawn.svg(inline=True))


def test_letters_keep_their_styles() -> None:
    root = ElementTree.fromstring(figure(ALL["twin"]).svg())
    spans = {(s.text, s.get("font-weight"), s.get("font-style")) for s in root.iter(f"{SVG}tspan")}
    assert {("W", "bold", None), ("b", "bold", None), ("b", None, "italic"), ("z", None, "italic")} <= spans


def test_titles_are_escaped() -> None:
    title = 'A & B < C > "D" \\ % # é \x07'
    loaded = problem_from_mapping({"title": title, "forward": ["z = w*x", "L = z**2"]})
    drawn = figure(loaded)
    ElementTree.fromstring(drawn.svg())
    assert 'A & B < C > \\"D\\" \\\\ % # é  "' in drawn.dot()
    assert title not in drawn.tikz()


def test_dot_and_mermaid_name_every_vertex_and_edge() -> None:
    drawn = figure(ALL["four-units"], "network")
    for text in (drawn.dot(), drawn.mermaid()):
        assert text.count("->") == len(drawn.graph.edges)
        assert all(sign in text for sign in ("m₁", "h₁", "w₁₀"))
    assert 'v0["x₁"]' in drawn.mermaid()


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
@pytest.mark.parametrize("name", ["twin", "four-units", "layer-norm", "lstm-cell"])
def test_graphviz_reads_our_dot(name: str) -> None:
    text = figure(ALL[name], derivatives="edges").dot()
    result = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    assert "rror" not in result.stderr


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_tikz_compiles_within_the_text_width(tmp_path: Path) -> None:
    parts = []
    for n, loaded in enumerate(some(ALL.values(), 8)):
        parts += [figure(loaded, derivatives=d).tikz() for d in ("none", "nodes", "edges")[: 3 if n < 4 else 1]]
    parts.append(figure(ALL["four-units"], "network").tikz())
    body = "\n".join(f"\\noindent {part}\\par\\newpage" for part in parts)
    (tmp_path / "a.tex").write_text(
        "\\documentclass[11pt]{article}\\usepackage[T1]{fontenc}\\usepackage{lmodern,amsmath,amssymb,tikz}"
        "\\usepackage[a4paper,textwidth=15.5cm,textheight=24cm]{geometry}"
        f"\\begin{{document}}\n{body}\n\\end{{document}}\n",
        encoding="utf-8",
    )
    result = subprocess.run(
        ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "a.tex"],
        cwd=tmp_path, capture_output=True, timeout=300,
    )  # fmt: skip
    log = result.stdout.decode("utf-8", "replace")
    assert result.returncode == 0, log[-2000:]
    assert "Overfull" not in log
    assert "Missing character" not in log


def test_typst_compiles_within_the_text_width() -> None:
    import typst

    parts = [figure(loaded, derivatives="nodes") for loaded in list(ALL.values())[:12]]
    parts.append(figure(ALL["four-units"], "network"))
    assert all(part.drawing.width * part.drawing.scale <= 15.5 for part in parts)
    page = "#set page(width: 15.6cm, height: auto, margin: 0cm)\n"
    pdf, warnings = typst.compile_with_warnings(
        (page + "\n\n".join(f"#{part.typst()}" for part in parts)).encode(), format="pdf", ignore_system_fonts=True
    )
    assert pdf.startswith(b"%PDF")
    assert [str(warning) for warning in warnings] == []
    text = parts[-1].typst()
    assert text.count("curve.close()") == len(parts[-1].graph.edges)
    assert all(f"${name}$" in text for name in ("m_1", "h_4", "w_10"))


def test_a_spelling_that_no_label_holds_is_refused() -> None:
    loaded = problem(["z = w*x", "L = z**2"], x={"latex": r"\overbrace{x}"}, w={})
    with pytest.raises(BacksymError, match="a label of a graph cannot hold a Underbrace"):
        figure(loaded).svg()


@pytest.mark.parametrize("latex", [r"\tilde{C}", r"\hat{\beta}_{0}", r"\mathbf{x}^{(i)}", "x'", r"\bar{y}", r"\vec{v}"])
def test_spellings_reach_every_language(latex: str) -> None:
    drawn = figure(problem(["z = w*x", "L = z**2"], x={"latex": latex}, w={}))
    for form in FORMATS:
        assert drawn.written(form)


def test_alt_text_has_a_sentence_for_each_computed_vertex() -> None:
    assert described(ALL["scalar-tanh"], "scalar").alt == (
        "Computation graph, entry by entry, of A scalar computation with two paths. w, x and b lead to z. "
        "x and z lead to y. y and t lead to L."
    )


def test_the_same_bytes_in_every_process() -> None:
    script = (
        "from backsym.reading.files.loader import load; from backsym.core.resources import find_problem\n"
        "from backsym.graphs.figure import figure, FORMATS\n"
        "p = load(str(find_problem('twin')))\n"
        "for d in ('none', 'edges', 'nodes'):\n"
        "    drawn = figure(p, 'vectorized', d)\n"
        "    print(*(drawn.written(f) for f in FORMATS))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, check=True, timeout=120,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
            cwd=Path(__file__).parents[1],
        ).stdout
        for seed in ("1", "2", "77")
    }  # fmt: skip
    assert len(outputs) == 1


# --- measures --------------------------------------------------------------------------------------------------------


def test_scripts_are_small_and_fractions_have_a_rule() -> None:
    box = typeset(fragment("W^{(1)}_{j}"))
    base, *scripts = [item for item in box.items if isinstance(item, Glyphs)]
    assert base.size == 1
    assert all(item.size < 0.8 for item in scripts)
    over = typeset(lay.Frac(fragment("x"), fragment("y")))
    assert sum(isinstance(item, Rule) for item in over.items) == 1


def test_what_no_label_holds_is_named() -> None:
    with pytest.raises(BacksymError, match="Matrix"):
        typeset(lay.Matrix(((lay.Number("1"),),)))


# --- the command -----------------------------------------------------------------------------------------------------


def run(*arguments: str):
    return CliRunner().invoke(main, ["graph", *arguments])


def test_the_command_draws_what_the_file_asks_for() -> None:
    assert "entry by entry" in run("scalar-tanh").output
    assert "Network of" in run("four-units", "--kind", "network").output
    assert run("twin", "--format", "tikz").output.startswith("\\begin{tikzpicture}")


@pytest.mark.parametrize(
    ("ending", "start"),
    [("svg", "<svg"), ("tex", "\\begin{tikz"), ("dot", "digraph"), ("mmd", "flowchart")],
)
def test_the_ending_chooses_the_form(tmp_path: Path, ending: str, start: str) -> None:
    path = tmp_path / "sub" / f"a.{ending}"
    result = run("twin", "-o", str(path))
    assert result.exit_code == 0
    assert result.output == f"wrote {path}\n"
    assert path.read_text(encoding="utf-8").startswith(start)


def test_the_command_says_what_it_cannot_draw() -> None:
    result = run("twin", "--kind", "network")
    assert result.exit_code == 2
    assert "not a network of units" in result.output
    assert run("handout").exit_code == 2


def test_tex_that_reads_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "title: T\nsymbols:\n  x: {latex: '\\input{/etc/hostname}'}\n  w: {}\nforward: ['L = (w*x)**2']\n",
        encoding="utf-8",
    )
    result = run(str(path), "--format", "tikz")
    assert result.exit_code == 2
    assert "\\input" in result.output
