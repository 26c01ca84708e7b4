"""Graphs that are too large to be drawn, or to be drawn as well as small ones."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import backsym as bs
from backsym.cli.main import main
from backsym.core.problem import Problem
from backsym.documents.content.blocks import Paragraph, Picture
from backsym.documents.content.figures import LARGEST, drawing, with_numbers
from backsym.documents.content.sentences import Voice
from backsym.documents.writers.render import files
from backsym.graphs import heights
from backsym.graphs.figure import FORMATS, figure
from backsym.printing import layout as lay
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("graphs", "documents")


def chain(count: int) -> Problem:
    equations = ["a1 = tanh(x)", *(f"a{n} = tanh(a{n - 1})" for n in range(2, count)), f"L = a{count - 1}**2"]
    return problem_from_mapping({"symbols": {"x": {"role": "input"}}, "forward": equations})


def test_a_graph_with_too_many_vertices_is_left_out_and_said_to_be() -> None:
    assert isinstance(drawing(Voice.of(chain(LARGEST - 1))), Picture)
    told = drawing(Voice.of(chain(LARGEST)))
    assert isinstance(told, Paragraph)
    assert str(LARGEST + 1) in str(told.content)


def test_the_command_refuses_to_draw_it_but_writes_it_for_other_programs(tmp_path: Path) -> None:
    file = tmp_path / "chain.yaml"
    equations = "".join(f"  - a{n} = tanh(a{n - 1})\n" for n in range(1, LARGEST))
    file.write_text(
        f"symbols: {{a0: {{role: input}}}}\nforward:\n{equations}  - L = a{LARGEST - 1}**2\n", encoding="utf-8"
    )
    result = CliRunner().invoke(main, ["graph", str(file)])
    assert result.exit_code == 2
    assert f"the graph has {LARGEST + 1} vertices, more than the {LARGEST} that are drawn" in result.stderr
    assert CliRunner().invoke(main, ["graph", str(file), "--format", "dot"]).stdout.startswith("digraph")


def numbered(count: int) -> Picture | None:
    """The graph of a chain with so many vertices, with numbers."""
    problem = replace(chain(count - 1), values={"x": 0.5})
    return with_numbers(Voice.of(problem), solve(problem).derivations, "vectorized")


def test_a_graph_of_twenty_vertices_has_room_for_numbers() -> None:
    drawn = numbered(20)
    assert drawn is not None
    assert len(drawn.drawn.graph.vertices) == 20
    assert numbered(21) is None


CIRCUIT = {
    "symbols": {"w": {}, "x": {"role": "input"}, "t": {"role": "target"}},
    "forward": ["z = w*x + w", "y = tanh(z)", "L = (y - t)**2/2"],
    "values": {"w": 0.8, "x": -1.5, "t": 0.25},
}


def test_numbers_in_a_graph_are_values_and_slopes() -> None:
    """Value above derivative at each node, and the local derivative at each arrow, with three digits."""
    w, x, t = 0.8, -1.5, 0.25
    z = w * x + w
    y = math.tanh(z)
    slopes = {("w", "z"): x + 1, ("x", "z"): w, ("z", "y"): 1 - y * y, ("y", "L"): y - t}
    by_z = (y - t) * (1 - y * y)
    expected = {"w": (w, by_z * (x + 1)), "x": (x, by_z * w), "t": (t,), "z": (z, by_z), "y": (y, y - t)}
    expected["L"] = ((y - t) ** 2 / 2, 1)
    problem = problem_from_mapping(CIRCUIT)
    page = files(None, [solve(problem)], "md")
    assert "the local derivatives stand at the arrows" in str(page["solution.md"])
    drawn = bs.Problem(**CIRCUIT).graph(derivatives="numbers")
    for vertex in drawn.graph.vertices:
        assert vertex.note is not None
        assert shown(vertex.note) == pytest.approx(expected[vertex.name], rel=5e-3), vertex.name
    edges = {(edge.source, edge.target): edge.label for edge in drawn.graph.edges}
    assert edges.keys() == slopes.keys() | {("t", "L")}
    for pair, label in edges.items():
        assert (label is None) == (pair not in slopes)
        assert label is None or shown(label) == pytest.approx((slopes[pair],), rel=5e-3)
    for form in FORMATS:
        text = "".join(re.sub(r"<[^>]*>", "", drawn.written(form)).split())
        assert all(number in text for number in ("0.38", "0.856", "0.431")), form


def test_numbers_in_a_german_graph_have_a_comma() -> None:
    drawn = bs.Problem(**CIRCUIT, language="de").graph(derivatives="numbers")
    assert "0,856" in drawn.dot()
    assert "0.856" not in drawn.dot()


def shown(note: lay.Layout) -> tuple[float, ...]:
    lines = note.lines if isinstance(note, lay.Gathered) else (note,)
    return tuple(float(to_unicode(line).replace("−", "-")) for line in lines)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"values": {"w": 1, "x": 2}}, "has no value"), ({"symbols": {"w": [], "x": ["D"], "t": ["D"]}}, "is an array")],
)
def test_numbers_that_cannot_be_drawn_are_refused(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    file = tmp_path / "circuit.yaml"
    given = {**CIRCUIT, **changes}
    if "symbols" in changes:
        given = {**given, "forward": ["z = w*x", "L = sum((z - t)**2)"], "values": {}}
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    result = CliRunner().invoke(main, ["graph", str(file), "--derivatives", "numbers"])
    assert result.exit_code == 2
    assert message in result.stderr


def test_exact_heights_are_for_graphs_of_few_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    exact = heights.levelled
    monkeypatch.setattr(heights, "levelled", lambda *args: calls.append(len(args[0])) or exact(*args))
    figure(chain(6)).svg()
    assert calls
    assert max(calls) <= heights.EXACT_SLOTS
    calls.clear()
    monkeypatch.setattr(heights, "EXACT_SLOTS", 3)
    figure(chain(6)).svg()
    assert calls == []
