"""What stands in front of a lecture note: how the problem looks, and the marks of its parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_reading_cases import loaded

import backsym as bs
from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.reading.files.loader import what_was_read

pytestmark = pytest.mark.quick("core")

NOTE = r"""
$$\mathbf{z}^{(1)} = \mathbf{W}^{(1)} \mathbf{x}, \quad L = \|\mathbf{z}^{(1)} - \mathbf{t}\|^2$$

(a) Compute $\nabla_{\mathbf{W}^{(1)}} L$.

(b) Show that $$\frac{\partial L}{\partial z^{(1)}_k} = 2 (z^{(1)}_k - t_k).$$
"""
FRONT = """---
title: Regression
language: de
notation: {gradient: partial, layer: subscript}
marks: [2, 3.5]
---
"""


def test_the_front_of_a_note_is_read(tmp_path: Path) -> None:
    note = loaded(tmp_path, FRONT + NOTE)
    assert (note.title, note.language) == ("Regression", "de")
    assert {key: note.notation[key] for key in ("gradient", "layer")} == {"gradient": "partial", "layer": "subscript"}
    assert [(part.kind, part.marks) for part in note.parts] == [("gradients", "2"), ("show", "3.5")]
    assert note.equations[0].line == 8
    assert not note.remarks
    assert not note.solve().failed


def test_the_notation_of_the_note_stays_where_nothing_is_said(tmp_path: Path) -> None:
    note = loaded(tmp_path, "---\nnotation: {gradient: partial}\n---\n" + NOTE.replace("^{(1)}", "_1"))
    assert (note.notation["gradient"], note.notation["layer"]) == ("partial", "subscript")
    assert loaded(tmp_path, "---\nnotation: superscript\n---\n" + NOTE.replace("^{(1)}", "_1")).notation["layer"] == (
        "superscript"
    )


def test_the_front_of_a_tex_file_is_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "note.tex"
    path.write_text("% ---\n% title: Regression\n% points: [1, 2]\n% ---\n\\begin{document}" + NOTE, encoding="utf-8")
    note = bs.load(str(path))
    assert isinstance(note, Problem)
    assert note.title == "Regression"
    assert [part.marks for part in note.parts] == ["1", "2"]


def test_keys_of_other_programs_are_named(tmp_path: Path) -> None:
    note = loaded(tmp_path, "---\nlayout: page\ntitle: T\npermalink: /notes/\n---\n" + NOTE)
    assert note.title == "T"
    assert note.remarks == (
        "passed over, line 2: layout, no key of a problem",
        "passed over, line 4: permalink, no key of a problem",
    )


def test_what_is_said_of_a_note_is_said_in_its_language(tmp_path: Path) -> None:
    note = loaded(tmp_path, "---\nlanguage: de\nlayout: page\n---\n" + NOTE)
    assert note.remarks == ("übergangen, Zeile 3: layout, kein Schlüssel einer Aufgabe",)
    head, *others = what_was_read(note).splitlines()
    assert head.endswith("Vorwärtsgleichungen")
    assert all(line.startswith("  Zeile ") for line in others[: len(note.equations)])


@pytest.mark.parametrize("text", ["---\nA rule above.\n---\n", "---\n\n", "", "text\n---\ntitle: no\n---\n"])
def test_a_rule_across_the_page_is_no_front(text: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, text + NOTE).title == "note"


@pytest.mark.parametrize(
    ("front", "code", "line"),
    [
        ("marks: [1]", "notes.other_number_of_marks", 2),
        ("title: T\nmarks: [1, 2, 3]", "notes.other_number_of_marks", 3),
        ("marks: [1, 2]\npoints: [1, 2]", "notes.marks_and_points", 3),
        ("marks: {a: 1}", "notes.marks_of_parts", 2),
        ("language: xx", "files.other_choice", 2),
        ("notation: {gradient: what}", "files.other_choice", 2),
    ],
)
def test_what_is_wrong_in_front_is_told_at_its_place(front: str, code: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, f"---\n{front}\n---\n" + NOTE)
    first = caught.value.diagnostics[0]
    assert (first.code, first.line) == (code, line)
    assert first.source
