"""The output languages side by side: the same equations in all, none of one in another; PDF by both engines; watch."""

from __future__ import annotations

import html as entities
import os
import re
import shutil
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typst as typst_package
from click.testing import CliRunner
from extent import some
from known import bundled
from networks import NETWORKS

from backsym.cli.main import main
from backsym.cli.watching import watch
from backsym.core.errors import BacksymError
from backsym.core.problem import Collection, Section
from backsym.documents.content.blocks import (
    Derivations,
    Derived,
    Document,
    Equations,
    Heading,
    Math,
    Paragraph,
    Row,
    Table,
    Text,
)
from backsym.documents.content.document import collection_document, document_of
from backsym.documents.content.options import Options
from backsym.documents.content.sentences import catalogue
from backsym.documents.writers import languages, pdf
from backsym.documents.writers.html import html, html_text
from backsym.documents.writers.languages import forms
from backsym.documents.writers.pdf import latex_pdf_bytes, pdf_bytes
from backsym.documents.writers.render import files
from backsym.documents.writers.templating import render_template
from backsym.documents.writers.tex import tex
from backsym.documents.writers.typst import escape, inlines_typst, typst, typst_text
from backsym.printing.fragment import fragment
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

needs_pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")

AIR = re.compile(
    r"\[\d+pt\]|\\hspace\{[\d.]+em\}|\\why(?:below)?|\\textcolor\{gray\}|(?<=alignat\*\})\{\d\}|\\(?:marked|linked)\{result-\d+\}"
    r"|\\tint(?:passed|local)"
)
NAMES = list(bundled())
TYPST_WORDS = (
    r"#why(?:-below)?|#boxed|#tint-(?:passed|local)|#(?:marked|linked)\(\"result-\d+\"\)"
    r"|#context h\(-?measure\(\$[^$]*\$\)\.width\)"
    r"|class\(\"\w+\",|(?:size|row-gap|column-gap|stroke|inset|delim|limits|align): [^\s,)]+[,)]?|#h\(\S+\)"
    r"|\b(?:upright|bold|italic|frac|cal|bb|op|attach|scripts|lr|sqrt|mat|underbrace|box|display|inline|quad|wide|thick"
    r"|med|thin|space|macron|arrow|overline)\b"
)
SOME_NETWORKS = ["rnn", "layer-norm-batch", "batch-bce"]


@pytest.fixture(scope="module", params=[*some(NAMES, 8), *SOME_NETWORKS])
def solution(request: pytest.FixtureRequest) -> Solution:
    if request.param in NETWORKS:
        return solve(problem_from_mapping({"title": "A *title* & 100%", **NETWORKS[request.param]}))
    return solve(bundled()[request.param])


def text_of(solution: Solution, form: str) -> str:
    text = next(iter(files(None, [solution], form).values()))
    assert isinstance(text, str)
    return text


def bare(text: str) -> str:
    """A formula in words, without what separates its rows."""
    return re.sub(r"[\s;\u2009]+", "", text)


# --- the same equations ---


def from_typst(text: str) -> list[str]:
    shown = re.findall(r'#(?:formula|long|worked|worked-long)\("((?:[^"\\]|\\.)*)", \$ ', text)
    return [bare(re.sub(r"\\(.)", r"\1", words)) for words in shown]


def from_html(text: str) -> list[str]:
    return [bare(entities.unescape(words)) for words in re.findall(r'<math display="block" alttext="([^"]*)"', text)]


def from_markdown(text: str) -> list[str]:
    shown = re.findall(r"\$\$\n(.*?)\n\$\$", re.sub(r"(?m)^(> ?)+", "", text), re.DOTALL)
    return [bare(to_unicode(fragment(AIR.sub("", latex)))) for latex in shown]


def from_tex(text: str) -> list[str]:
    shown = re.findall(
        r"\\begin\{(?:equation|align|alignat)\*\}(?:\{\d\})?\n(.*?)\n\\end\{(?:equation|align|alignat)\*\}",
        text,
        re.DOTALL,
    )
    plain = [AIR.sub("", latex).replace("\\\\*\n", "\\\\\n") for latex in shown]
    whole = [f"\\begin{{aligned}} {latex} \\end{{aligned}}" for latex in plain]
    return [bare(to_unicode(fragment(latex))) for latex in whole]


def test_all_languages_have_the_same_equations_in_the_same_order(solution: Solution) -> None:
    """Rows that are one display on paper unfold one by one in a browser."""
    found = "".join(from_html(text_of(solution, "html")))
    assert found.count("=") > 5
    assert "".join(from_typst(text_of(solution, "typ"))) == found
    assert "".join(from_markdown(text_of(solution, "md"))) == found
    assert "".join(from_tex(text_of(solution, "tex"))) == found


def signs(text: str) -> Counter[str]:
    """The letters and digits of a formula, whatever their font, and how often each occurs."""
    plain = unicodedata.normalize("NFKD", text).replace("⊤", "T").replace("ϵ", "ε")
    return Counter(char for char in plain if char.isalnum())


def test_what_is_drawn_is_what_is_read_aloud(solution: Solution) -> None:
    """The mathematics itself, not only its words, in HTML and Typst; a word such as ``exp`` may stand for e to the."""
    page, source = text_of(solution, "html"), text_of(solution, "typ")
    in_html = re.findall(r'<math display="block" alttext="([^"]*)"[^>]*>(.*?)</math>', page, re.DOTALL)
    in_typst = re.findall(
        r'#(?:formula|long|worked|worked-long)\("((?:[^"\\]|\\.)*)", \$ (.*?) \$\)$', source, re.DOTALL | re.M
    )
    assert len(in_html) >= len(in_typst) > 2  # In a browser, equations side by side are formulas of their own.
    for words, drawn in in_html:
        assert signs(entities.unescape(words)) == signs(entities.unescape(re.sub(r"<[^>]*>", "", drawn)))
    for words, drawn in in_typst:
        plain = re.sub(r"\\(.)", r"\1", words)
        assert signs(plain) == signs(re.sub(TYPST_WORDS, "", drawn)), drawn


def test_no_language_leaks_into_another(solution: Solution) -> None:
    page, source = text_of(solution, "html"), text_of(solution, "typ")
    style = page.index("</style>")
    assert not re.search(r"\\[A-Za-z]+|\$[^$]|\\[{}]", page[style:])
    assert not re.search(r"#(formula|long|worked|why|lead|strong|emph)\b|upright\(|frac\(|cal\(|mat\(delim", page)
    inner = re.sub(r'"(?:[^"\\]|\\.)*"', "", source)
    inner = re.sub(r"\\\{(1, …, [^$\\]*)\\\}", r"\1", inner)  # Typst's own sign of a set with a script.
    assert not re.search(r"\\[A-Za-z]{2}|\\[{}]", inner)
    assert "<" not in re.sub(r"\\<|[$(][^$]*<[^$]*\$", "", source.replace(" < ", ""))


def test_every_formula_and_figure_has_words_for_it(solution: Solution) -> None:
    page = text_of(solution, "html")
    assert page.count("<math") == page.count('alttext="')
    assert 'alttext=""' not in page
    for figure in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert re.search(r"<title>.+</title>\n<desc>.+</desc>", figure)
    source = text_of(solution, "typ")
    calls = r"#(?:formula|long|worked|worked-long)\("
    assert len(re.findall(calls, source)) == len(re.findall(calls + r'"(?:[^"\\]|\\.)+", \$', source)) > 5


def test_the_page_needs_nothing_from_elsewhere(solution: Solution) -> None:
    page = text_of(solution, "html")
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\bon\w+=", page)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


@pytest.mark.parametrize("solution", [*SOME_NETWORKS, "four-units", "skip"], indirect=True)
def test_the_pdf_is_tagged_and_always_the_same(solution: Solution) -> None:
    first = files(None, [solution], "pdf")["solution.pdf"]
    assert isinstance(first, bytes)
    assert first.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in first
    assert b"/S/P/" in first
    assert b"/S/Span/" not in first  # All text is in a paragraph, a heading, a list or a cell.
    assert b"/Lang" in first
    assert b"pdfuaid:part" in first
    assert b"CreationDate" not in first
    assert files(None, [solution], "pdf")["solution.pdf"] == first
    # Typst evaluates the text because that is faster; the text as a file of its own must come out the same.
    plain: Any = typst_package.compile
    source = text_of(solution, "typ").encode()
    assert plain(source, format="pdf", ignore_system_fonts=True, pdf_standards="ua-1") == first


# --- blocks and text ---

ROW = Row(fragment("a"), fragment(r"b < \mathbf{c}"), fragment("k = 1"))
AGAIN = Row(fragment("a"), fragment("q"), reason=(Text("as "), Math(fragment("s"))), again=True)
BLOCKS = (
    Heading(2, (Text("About "), Math(fragment("x_1")))),
    Paragraph(
        (
            Text("So "), Text("it", "emphasis"), Text(" is"), Text("x_y", "code"), Text(" & "), Math(fragment("z")),
            Text(", so."),
        )
    ),
    Equations((ROW,)),
    Table(((Text("A"),), (Text("B"),)), (((Text("1"),), (Math(fragment("y")),)),)),
    Derivations((Derived(AGAIN, (ROW, AGAIN)),)),
)  # fmt: skip


def test_blocks_in_html() -> None:
    text = html_text(BLOCKS)
    assert text.startswith('<h2 id="h1">About <math ')
    assert 'So <em>it</em> is<code>x_y</code> &amp; <span class="whole"><math' in text
    assert "</math>,</span> so.</p>" in text
    assert text.count("<details>") == text.count("</details>") == 1
    assert re.search(r'<summary><math [^>]*alttext="a = q"', text)
    assert 'alttext="a = b &lt; c, k = 1; = q as s"' in text
    assert '<th scope="col">A</th>' in text


def test_blocks_in_typst() -> None:
    text = typst_text(BLOCKS)
    assert text.startswith('= About #formula("x₁", $x_1$)\n\n#lead[So #emph[it] is#code("x_y") & ')
    assert '#formula("a = b < c, k = 1", $ a = b < 𝐜, quad k = 1 $)' in text
    assert '#worked("a = b < c, k = 1; = q as s", $ a &= b < 𝐜, quad k = 1 \\\n&= q && #why($"as "s$) $)' in text
    assert "table.header([A], table.cell(colspan: 2)[B]),\n  [1], table.cell(colspan: 2)[" in text


@pytest.mark.parametrize("after", ["; and", "(2)", "[3]", ".x", ". So", ", so", "."])
def test_what_follows_a_formula_is_printed(after: str) -> None:
    """In Typst a semicolon would end the call of a formula, and a parenthesis belong to it."""
    content = (Text("See "), Math(fragment("y")), Text(after))
    assert glyphs(inlines_typst(content)) == glyphs(inlines_typst(content[:2])) + glyphs(escape(after))


def glyphs(source: str) -> int:
    """How many signs Typst draws."""
    import typst as compiler

    whole = f"#let formula(alt, body) = body\n{source}"
    return compiler.compile(whole.encode(), format="svg").decode().count("<use ")


def test_a_row_that_goes_on_does_not_say_its_left_side_again() -> None:
    page = html_text([Derivations((Derived(AGAIN, (ROW, AGAIN)),))])
    assert page.split("</summary>")[1].count("<mi>a</mi>") == 1


@pytest.mark.parametrize("write", [html_text, typst_text])
def test_an_unknown_block_is_named(write: object) -> None:
    with pytest.raises(TypeError, match="int"):
        write([3])  # type: ignore[operator]


HOSTILE = 'a_b *c* `d` $5 #e <f> @g [h] ~i \\j "k" l--m n... // /* 1. é <script>alert(1)</script> #panic() &amp;'


def test_text_is_escaped() -> None:
    assert escape("- x") == "- x"
    assert typst_text([Paragraph((Text("- x"),))]) == "\\- x"
    assert typst_text([Paragraph((Text("1. x"),))]) == "1\\. x"
    assert typst_text([Paragraph((Text("= x"),))]) == "\\= x"
    assert html_text([Paragraph((Text(HOSTILE),))]).count("<") == 2


def test_hostile_text_is_set_as_it_is(tmp_path: Path) -> None:
    content = (Text(HOSTILE),)
    document = Document(content, (Paragraph(content), Heading(2, content)), (content,))
    source = typst(document)["solution.typ"]
    (tmp_path / "a.pdf").write_bytes(pdf_bytes(source))
    page = html(document)["solution.html"]
    assert "<script" not in page
    if shutil.which("pdftotext"):
        shown = subprocess.run(["pdftotext", "-layout", "a.pdf", "-"], cwd=tmp_path, capture_output=True, check=True)
        text = " ".join(shown.stdout.decode().split())
        for piece in ('a_b *c* `d` $5 #e <f> @g [h] ~i \\j "k" l--m n... // /* 1. é', "#panic() &amp;"):
            assert piece in text


# --- a new language ---


def test_a_toy_language_is_one_function_and_its_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy.jinja").write_text("TOY << title >>\n<% for f in formulas %>\n[<< f >>]\n<% endfor %>\n")

    def toy(document: Document, options: Options, stem: str) -> languages.Files:
        formulas = [to_unicode(r.rhs) for b in document.blocks if isinstance(b, Equations) for r in b.rows]
        title = "".join(item.text for item in document.title if isinstance(item, Text))
        return {f"{stem}.toy": render_template("toy.jinja", options.templates, title=title, formulas=formulas)}

    monkeypatch.setitem(languages.LANGUAGES._kinds, "toy", languages.OutputForm("toy", toy))
    result = CliRunner().invoke(
        main, ["solve", "scalar-tanh", "--format", "toy", "--templates", str(tmp_path), "-o", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    text = (tmp_path / "scalar-tanh.toy").read_text(encoding="utf-8")
    assert text.startswith("TOY A scalar computation")
    assert "[1/2 (y − t)²]" in text
    assert "toy" in CliRunner().invoke(main, ["solve", "--help"]).output


def test_all_means_all(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path / "nothing")}
    command = [sys.executable, "-m", "backsym", "solve", "scalar-tanh", "--format", "all", "-o", str(tmp_path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert {f"scalar-tanh.{form}" for form in forms()} <= {path.name for path in tmp_path.iterdir()}
    assert forms() == ("md", "tex", "typ", "pdf", "html", "json")


def test_an_unknown_form_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["solve", "scalar-tanh", "--format", "docx", "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert "'docx' is not one of md, tex, typ, pdf, html, json, all" in result.output


# --- engines ---

MINIMAL = "\\documentclass{article}\n\\begin{document}\n%s\n\\end{document}\n"


@needs_pdflatex
def test_pdflatex_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        command = ["solve", "scalar-tanh", "--format", "pdf", "--engine", "latex", "-o", str(tmp_path / folder)]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output
    first, second = ((tmp_path / folder / "scalar-tanh.pdf").read_bytes() for folder in ("a", "b"))
    assert first == second
    assert first.startswith(b"%PDF")


@needs_pdflatex
def test_an_old_tex_has_no_metadata_and_makes_the_same_page() -> None:
    """What the installed one cannot do is left out."""
    problem = problem_from_mapping({"symbols": {"w": []}, "forward": ["L = w**2"]})
    text = str(files(None, [solve(problem)], "tex")["solution.tex"])
    assert text.index(r"\DocumentMetadata{lang=en") < text.index(r"\documentclass")
    new, old = latex_pdf_bytes(text), latex_pdf_bytes("\\let\\DocumentMetadata\\undefined\n" + text)
    assert new.startswith(b"%PDF")
    assert old.startswith(b"%PDF")


@needs_pdflatex
def test_an_error_in_latex_shows_its_line() -> None:
    with pytest.raises(BacksymError, match=r"line 4 of the \.tex file: Undefined.*\n    b \\nonsense c"):
        latex_pdf_bytes(MINIMAL % "a\nb \\nonsense c")


@needs_pdflatex
@pytest.mark.parametrize(
    "attack",
    [
        r"\input{/etc/hostname}",
        r"\input{../secret}",
        r"\immediate\write18{touch owned}\IfFileExists{owned}{}{\undefinedhere}",
        r"\newwrite\w\immediate\openout\w=/tmp/owned\relax",
    ],
)
def test_latex_reads_and_writes_nothing_outside(attack: str) -> None:
    with pytest.raises(BacksymError, match="pdflatex failed"):
        latex_pdf_bytes(MINIMAL % attack)


@needs_pdflatex
def test_latex_is_stopped_in_time() -> None:
    began = time.monotonic()
    with pytest.raises(BacksymError, match="longer than 2 seconds"):
        latex_pdf_bytes(MINIMAL % r"\loop\iftrue\repeat", seconds=2)
    assert time.monotonic() - began < 30


def test_a_missing_engine_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BacksymError, match="apt-get install texlive-latex-recommended"):
        latex_pdf_bytes(MINIMAL % "x")
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(BacksymError, match="pip install typst"):
        pdf_bytes("x")


def test_an_error_in_typst_is_shown() -> None:
    with pytest.raises(BacksymError, match='the text `"漢"` could not be displayed'):
        pdf_bytes('#set document(title: "T")\n漢')
    with pytest.raises(BacksymError, match=r"Typst cannot set this document.*nonsense\n  line 2: #nonsense"):
        pdf_bytes("A line.\n#nonsense")


def test_typst_reads_only_its_folder(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    head = '#set document(title: "T")\n'
    assert pdf_bytes(head + '#read("note.txt")', tmp_path)
    for source in ('#read("/etc/hostname")', '#read("../../../../etc/hostname")', '#import "@preview/cetz:0.3.0"'):
        with pytest.raises(BacksymError, match="Typst cannot set"):
            pdf_bytes(head + source)


def test_the_install_command_names_what_the_template_needs() -> None:
    assert all(word in pdf._INSTALL for word in ("texlive-latex-recommended", "texlive-pictures", "lmodern"))


# --- watch ---


def test_watch_renews_at_each_save_and_survives_mistakes(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("1")
    other.write_text("1")
    calls: list[str] = []

    def renew() -> list[Path]:
        calls.append(path.read_text())
        if len(calls) == 1:
            path.write_text("22")
        elif len(calls) == 2:
            path.write_text("333")
            sys.exit(2)
        elif len(calls) == 3:
            sys.exit(2)
        return [other]

    watch([path], renew, pause=0.01, rounds=6)
    assert calls == ["1", "22", "333"]


def test_watch_looks_at_what_it_is_told_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("1")
    other.write_text("1")
    calls: list[str] = []

    def renew() -> list[Path]:
        calls.append(other.read_text())
        return [other]

    rounds: list[int] = []

    def sleep(pause: float) -> None:
        rounds.append(1)
        if len(rounds) == 2:
            other.write_text("22")
        if len(rounds) == 4:
            path.unlink()

    monkeypatch.setattr("backsym.cli.watching.time.sleep", sleep)
    watch([path], renew, rounds=7)
    assert calls == ["1", "22", "22"]


def test_watch_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "neuron.yaml"
    path.write_text("title: One\nforward: ['z = w*x', 'L = z**2']\n")
    titles: list[str] = []

    def sleep(pause: float) -> None:
        page = tmp_path / "out" / "neuron.html"
        titles.append(re.findall("<title>(.*)</title>", page.read_text(encoding="utf-8"))[0])
        if len(titles) == 1:
            path.write_text("title: Two two\nforward: ['z = w*x', 'L = z**2']\n")
        elif len(titles) == 2:
            path.write_text("title: Three three three\nforward: ['z = nonsense(']\n")
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr("backsym.cli.watching.time.sleep", sleep)
    result = CliRunner().invoke(main, ["watch", str(path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert titles == ["One", "Two two", "Two two"]
    assert "error:" in result.output


@pytest.mark.parametrize(("language", "switch"), [("en", "Open all steps"), ("de", "Alle Schritte öffnen")])
def test_the_documents_language_is_marked(language: str, switch: str) -> None:
    problem = problem_from_mapping({"title": "T", "language": language, "forward": ["z = w*x", "L = z**2"]})
    collection = Collection("C", (Section("S", None, (problem,)),), language=language)
    for document in (document_of(solve(problem)), collection_document(collection, [solve(problem)])):
        page = html(document)["solution.html"]
        assert f'<html lang="{language}">' in page
        assert f"> {switch}</label>" in page
        assert f'lang: "{language}"' in typst(document)["solution.typ"]
    contents = catalogue(language).text("document.contents")
    assert rf"\renewcommand{{\contentsname}}{{{contents}}}" in tex(document)["solution.tex"]
