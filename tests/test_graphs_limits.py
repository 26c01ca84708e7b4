"""Graphs that are too large to be drawn, or to be drawn as well as small ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from backsym.cli.main import main
from backsym.core.problem import Problem
from backsym.documents.content.blocks import Paragraph, Picture
from backsym.documents.content.figures import LARGEST, drawing
from backsym.documents.content.sentences import Voice
from backsym.graphs import heights
from backsym.graphs.figure import figure
from backsym.reading.files.loader import problem_from_mapping

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
