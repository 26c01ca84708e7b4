"""Course, author, dates, header, logo and paper, of problems and collections alike, in every form of output."""

from __future__ import annotations

import base64
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from backsym.cli.main import main
from backsym.core.errors import BacksymError, InputError
from backsym.documents.content.options import Options
from backsym.documents.writers.render import files
from backsym.documents.writers.templating import render_template
from backsym.reading.files.loader import load, problem_from_mapping, problem_of_text
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("documents", "cli")

PROBLEM = """\
title: A layer
symbols: {W: [K, D], x: {shape: [D], role: input}, t: {shape: [K], role: target}}
forward: [y = tanh(W @ x), 'L = squared_error(y, t)']
"""
HEAD = """\
course: Neural *networks*
author: Ann & Bob
date: Spring 2027
due: Friday, $t=5$
header: Problem set 3
logo: logo.png
paper: letter
"""


def png() -> bytes:
    """A red square of four pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    pixels = zlib.compress(2 * (b"\0" + 2 * b"\xc8\x1e\x1e"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logo.png").write_bytes(png())
    (tmp_path / "plain.yaml").write_text(PROBLEM)
    (tmp_path / "headed.yaml").write_text(PROBLEM + HEAD)
    (tmp_path / "set.yaml").write_text("title: A layer\n" + HEAD + "sections: [{problems: [plain.yaml]}]\n")
    return tmp_path


def written(path: Path, form: str, options: Options | None = None) -> dict[str, str | bytes]:
    loaded = load(path)
    problems = getattr(loaded, "problems", (loaded,))
    collection = loaded if hasattr(loaded, "sections") else None
    return files(collection, [solve(problem) for problem in problems], form, options or Options(), path.stem)


@pytest.mark.parametrize("name", ["headed.yaml", "set.yaml"])
def test_all_of_it_is_in_every_form(folder: Path, name: str) -> None:
    stem = name.partition(".")[0]
    markdown = written(folder / name, "md")
    text = str(markdown[f"{stem}.md"])
    for said in ("Neural *networks*", "Ann & Bob", "Spring 2027", "Due: Friday, $t = 5$", f"![]({stem}-logo.png)"):
        assert said in text
    assert text.startswith("Problem set 3")
    assert markdown[f"{stem}-logo.png"] == png()
    page = str(written(folder / name, "html")[f"{stem}.html"])
    assert f'src="data:image/png;base64,{base64.b64encode(png()).decode()}"' in page
    assert "Neural <em>networks</em>" in page
    assert "Ann &amp; Bob" in page
    assert "size: letter;" in page
    assert '<p class="head">Problem set 3</p>' in page
    tex = written(folder / name, "tex")
    for said in (r"\emph{networks}", r"Ann \& Bob", "letterpaper", rf"{{{stem}-logo.png}}", "{Problem set 3}"):
        assert said in str(tex[f"{stem}.tex"])
    assert tex[f"{stem}-logo.png"] == png()
    typst = str(written(folder / name, "typ")[f"{stem}.typ"])
    for said in ("#emph[networks]", 'author: ("Ann & Bob",)', 'paper: "us-letter"', "image(bytes((137, 80,"):
        assert said in typst


def test_a_problem_of_a_collection_has_the_lines_that_the_collection_has_not(folder: Path) -> None:
    (folder / "own.yaml").write_text(PROBLEM + "author: Cy\ncourse: 'Neural *networks*'\ndue: Monday\n")
    (folder / "set.yaml").write_text("title: A set\n" + HEAD + "sections: [{problems: [own.yaml, plain.yaml]}]\n")
    for form in ("md", "tex", "typ", "html"):
        text = str(written(folder / "set.yaml", form)[f"set.{form}"])
        assert text.count("Cy") == text.count("Monday") == 1, form
        assert text.count("networks") == 1, form


def test_without_them_nothing_is_said(folder: Path) -> None:
    page = str(written(folder / "plain.yaml", "html")["plain.html"])
    assert "byline" not in page.partition("<body>")[2]
    assert "<img" not in page
    assert "size: a4;" in page
    assert "a4paper" in str(written(folder / "plain.yaml", "tex")["plain.tex"])


def test_pages_have_the_size_the_line_and_the_picture(folder: Path) -> None:
    for engine in ("typst", "latex"):
        if engine == "latex" and shutil.which("pdflatex") is None:
            continue
        pdf = written(folder / "headed.yaml", "pdf", Options(engine=engine))["headed.pdf"]
        (folder / "a.pdf").write_bytes(bytes(pdf) if isinstance(pdf, bytes) else b"")
        info = subprocess.run(["pdfinfo", "a.pdf"], cwd=folder, capture_output=True, text=True, check=True).stdout
        assert re.search(r"Page size: +612 x 792", info)
        images = subprocess.run(["pdfimages", "-list", "a.pdf"], cwd=folder, capture_output=True, text=True).stdout
        assert len(images.splitlines()) >= 3
        text = subprocess.run(["pdftotext", "a.pdf", "-"], cwd=folder, capture_output=True, text=True).stdout
        pages = text.removesuffix("\f").split("\f")
        assert all("Problem set 3" in page for page in pages)


def test_in_german_due_is_german(folder: Path) -> None:
    (folder / "de.yaml").write_text(PROBLEM + "due: Montag\nlanguage: de\n")
    assert "Abgabe: Montag" in str(written(folder / "de.yaml", "md")["de.md"])


@pytest.mark.parametrize("name", ["/etc/passwd.png", "../logo.png", "a/../../b.png", "c:/x.png", "logo.gif", "x"])
def test_other_files_are_no_logos(name: str) -> None:
    with pytest.raises(InputError, match="logo"):
        problem_from_mapping({"forward": ["L = x**2"], "logo": name})


def test_a_logo_must_be_what_it_says(folder: Path) -> None:
    (folder / "headed.yaml").write_text(PROBLEM + "logo: none.png")
    with pytest.raises(BacksymError, match="not found"):
        written(folder / "headed.yaml", "md")
    for name, data in (("fake.png", b"secret"), ("fake.jpg", b"secret"), ("fake.svg", b"secret")):
        (folder / name).write_bytes(data)
        (folder / "headed.yaml").write_text(PROBLEM + f"logo: {name}")
        with pytest.raises(BacksymError, match="not what its ending says"):
            written(folder / "headed.yaml", "md")
    (folder / "big.png").write_bytes(png() + b"0" * 500_000)
    (folder / "headed.yaml").write_text(PROBLEM + "logo: big.png")
    with pytest.raises(BacksymError, match="bytes"):
        written(folder / "headed.yaml", "md")
    (folder / "link.png").symlink_to("/etc/hostname")
    (folder / "headed.yaml").write_text(PROBLEM + "logo: link.png")
    with pytest.raises(BacksymError, match="not found"):
        written(folder / "headed.yaml", "md")


def test_an_svg_is_for_browsers_and_typst(folder: Path) -> None:
    (folder / "l.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
    (folder / "headed.yaml").write_text(PROBLEM + "logo: l.svg")
    assert bytes(written(folder / "headed.yaml", "pdf")["headed.pdf"]).startswith(b"%PDF")  # type: ignore[arg-type]
    with pytest.raises(BacksymError, match="pdflatex cannot show an SVG"):
        written(folder / "headed.yaml", "tex")


def test_marks_and_points_are_one_thing(folder: Path) -> None:
    def marks(**part: object) -> str | None:
        parts = [{"derive": ["W"], **part}]
        return problem_from_mapping({"forward": ["z = W @ x", "L = sum(z)"], "symbols": {"W": ["K", "D"], "x": ["D"]},
                                     "parts": parts}).parts[0].marks  # fmt: skip

    assert marks(points=3) == marks(marks=3) == "3"
    with pytest.raises(InputError, match="points"):
        marks(points=3, marks=3)


def test_templates_are_written_and_used(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    result = CliRunner().invoke(main, ["templates", str(folder)])
    assert result.exit_code == 0
    names = {path.name for path in folder.iterdir()}
    assert {"md.jinja", "tex.jinja", "typ.jinja", "html.jinja", "fragment.tex.jinja"} <= names
    (folder / "md.jinja").write_text("<< header >>|<< title >>|<< byline | join('; ') >>|<< paper >>|<< logo >>")
    values = {"title": "T", "header": "H", "byline": ["a", "b"], "paper": "a4", "logo": ""}
    assert render_template("md.jinja", folder, **values) == "H|T|a; b|a4|"
    again = CliRunner().invoke(main, ["templates", str(folder)])
    assert again.exit_code == 2
    assert "md.jinja" in again.output


PARTS = """\
parts:
  - {derive: y, due: Friday, course: Neural *networks*, points: 2}
  - {gradients: W, author: Ann, date: Monday, header: Set 3, logo: logo.png, paper: letter}
"""


def test_parts_take_the_keys_in_the_same_way(folder: Path) -> None:
    """Lines stand before the question, also on a sheet, where the problem does not say the same."""
    path = folder / "parts.yaml"
    path.write_text(PROBLEM + "course: Neural *networks*\n" + PARTS)
    for options in (Options(), Options(version="questions")):
        text = next(str(text) for name, text in written(path, "md", options).items() if name.endswith(".md"))
        assert "**(a)** (2 marks) Due: Friday" in text
        assert "**(b)** Ann\n\nMonday\n\n" in text
        assert text.count("Neural *networks*") == 1
        assert text.startswith("Set 3\n\n![](parts-")
    loaded = load(path)
    assert loaded.masthead.paper == "letter"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ("parts: [{derive: y, paper: letter}, {derive: W, paper: a4}]", "a sheet has one paper"),
        ("header: A\nparts: [{derive: y, header: B}]", "a sheet has one header"),
        ("parts: [{derive: y, paper: a3}]", "paper"),
        ("parts: [{derive: y, logo: ../logo.png}]", "logo"),
        ("parts: [{derive: y, marks: 1, points: 1}]", "points"),
    ],
)
def test_a_sheet_has_one_of_each(parts: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        problem_of_text(PROBLEM + parts)
