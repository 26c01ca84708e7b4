"""What the graphs of a problem consist of."""

from __future__ import annotations

import pytest
from graph_examples import examples, problem

from backsym.core.errors import BacksymError
from backsym.core.expr import names_in
from backsym.core.problem import Problem
from backsym.graphs.figure import figure
from backsym.graphs.model import computation_graph
from backsym.graphs.network import network_graph
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import problem_from_mapping

pytestmark = pytest.mark.quick("graphs")

ALL = dict(examples())


def labels(graph, part="label"):
    return [to_unicode(layout) for v in graph.vertices if (layout := getattr(v, part)) is not None]


def uses(graph) -> set[tuple[str, str]]:
    """Who uses whom.  Of a recurrence earlier members h[t-1] and dots stand between h, or its start, and its users."""
    left = [(e.source, e.target) for e in graph.edges]
    found: set[tuple[str, str]] = set()
    while left:
        source, target = left.pop()
        if "[" in target:
            left += [(source, e.target) for e in graph.edges if e.source == target]
        else:
            found.add((source.partition("[")[0], target))
    return found


@pytest.mark.parametrize("name", ALL)
def test_every_quantity_and_every_use_is_in_the_graph(name: str) -> None:
    problem = ALL[name]
    graph = computation_graph(problem)
    assert uses(graph) == {(source, eq.name) for eq in problem.equations for source in names_in(eq.rhs)}
    assert len(graph.edges) == len({(e.source, e.target) for e in graph.edges})
    names = [v.name for v in graph.vertices]
    assert len(names) == len(set(names))
    assert {n for e in graph.edges for n in (e.source, e.target)} <= set(names)
    assert [v.name for v in graph.vertices if v.role == "loss"] == [problem.loss]


def test_roles_are_told_apart() -> None:
    graph = computation_graph(ALL["scalar-tanh"])
    assert {v.name: v.role for v in graph.vertices} == {
        "w": "parameter", "x": "input", "b": "parameter", "z": "node", "y": "node", "t": "target", "L": "loss",
    }  # fmt: skip


def test_vectorized_shows_whole_quantities_and_scalar_their_entries() -> None:
    problem = ALL["mlp-entries"]
    assert labels(computation_graph(problem, "vectorized"))[:4] == ["W⁽¹⁾", "a⁽⁰⁾", "b⁽¹⁾", "z⁽¹⁾"]
    assert labels(computation_graph(problem, "scalar"))[:4] == ["Wⱼᵢ⁽¹⁾", "aᵢ⁽⁰⁾", "bⱼ⁽¹⁾", "zⱼ⁽¹⁾"]


def test_derivatives_stand_where_the_backward_pass_goes() -> None:
    problem = ALL["scalar-tanh"]
    nodes = computation_graph(problem, "scalar", "nodes")
    assert {v.name for v in nodes.vertices if v.note} == {"w", "x", "b", "z", "y", "L"}
    assert labels(nodes, "note") == ["∂ℒ/∂w", "∂ℒ/∂x", "∂ℒ/∂b", "∂ℒ/∂z", "∂ℒ/∂y", "∂ℒ/∂ℒ"]
    edges = computation_graph(problem, "scalar", "edges")
    texts = {(e.source, e.target): to_unicode(e.label) for e in edges.edges if e.label}
    assert texts["x", "y"] == "∂y/∂x"
    assert ("t", "L") not in texts


def test_a_dead_end_is_drawn_but_has_no_derivative() -> None:
    graph = computation_graph(ALL["dead-end"], derivatives="nodes")
    assert {v.name for v in graph.vertices if v.note is None} == {"u"}


def test_the_drawn_network_of_four_units() -> None:
    graph = network_graph(ALL["four-units"])
    units = {v.name: to_unicode(v.second) for v in graph.vertices if v.second is not None}
    assert units == {"m1": "h₁", "m2": "h₂", "m3": "h₃", "m4": "h₄", "z": "y"}
    assert [v.name for v in graph.vertices if v.role == "input"] == ["x1", "x2"]
    assert {(e.source, e.target): e.text for e in graph.edges} == {
        ("x1", "m1"): "w1", ("x2", "m1"): "w2", ("x1", "m2"): "w3", ("x2", "m2"): "w4", ("m1", "m3"): "w5",
        ("m2", "m3"): "w6", ("m1", "m4"): "w7", ("m2", "m4"): "w8", ("m3", "z"): "w9", ("m4", "z"): "w10",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["mlp-entries", "backward-batch", "tied-autoencoder"])
def test_a_layer_is_a_unit_whose_weight_is_a_matrix(name: str) -> None:
    graph = network_graph(ALL[name])
    assert all(edge.label is not None for edge in graph.edges)
    assert all(v.note is not None for v in graph.vertices if v.second is not None)


def test_signs_biases_plain_edges_and_functions_around_a_sum() -> None:
    x = {"role": "input"}
    p = problem(
        ["a = tanh(w*x1 - v*x2 + b)", "s = a - x1 - c", "y = 0.5*s + a", "L = y**2"], x1=x, x2=x, w={}, v={}, b={}, c={}
    )
    graph = network_graph(p)
    assert {(e.source, e.target): e.label and to_unicode(e.label) for e in graph.edges} == {
        ("x1", "a"): "w", ("x2", "a"): "−v", ("a", "s"): None, ("x1", "s"): "−1", ("s", "y"): "0.5", ("a", "y"): None,
    }  # fmt: skip
    assert labels(graph, "note") == ["+b", "−c"]


def test_a_preactivation_that_is_used_twice_stays_a_unit_of_its_own() -> None:
    x = {"role": "input"}
    graph = network_graph(problem(["z = w*x", "h = tanh(z)", "y = u*h + v*z", "L = y**2"], x=x, w={}, u={}, v={}))
    assert {(e.source, e.target) for e in graph.edges} == {("x", "z"), ("z", "h"), ("h", "y"), ("z", "y")}
    assert not any(v.second for v in graph.vertices)


@pytest.mark.parametrize(
    ("equations", "words"),
    [
        (["z = x*y", "L = z**2"], "z = x*y"),
        (["z = w*x + v*x", "L = z**2"], "x enters z twice"),
        (["L = (w*x)**2"], "only the loss L is computed"),
        (["z = w*b", "L = z**2"], "no input and no unit enters z"),
        (["z = w*x**2", "L = z**2"], "z = w*x**2"),
    ],
)
def test_what_is_not_a_network_is_refused_by_name(equations: list[str], words: str) -> None:
    x = {"role": "input"}
    text = " ".join(equations)
    symbols = {name: x if name in "xy" else {} for name in "xywvb" if name in text.replace("L", "")}
    with pytest.raises(BacksymError, match="not a network of units") as error:
        network_graph(problem(equations, **symbols))
    assert words in str(error.value)


def test_wrong_choices_are_named() -> None:
    with pytest.raises(BacksymError, match="did you mean vectorized"):
        figure(ALL["twin"], "vectorised")
    with pytest.raises(BacksymError, match="expected one of none, edges, nodes"):
        figure(ALL["twin"], "vectorized", "everywhere")
    with pytest.raises(BacksymError, match="shows weights"):
        figure(ALL["four-units"], "network", "edges")
    with pytest.raises(BacksymError, match="did you mean svg"):
        figure(ALL["twin"]).written("svgz")


def test_names_that_clash_with_anything_are_ordinary_names() -> None:
    mapping = {"title": "n", "forward": ["end = graph*i", "no = end + E", "L = no**2"]}
    loaded = problem_from_mapping(mapping)
    assert isinstance(loaded, Problem)
    assert {v.name for v in computation_graph(loaded).vertices} == {"graph", "i", "end", "E", "no", "L"}
