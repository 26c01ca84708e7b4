"""Problem files: YAML subset, keys, declarations, equations, parts; errors with line, column and caret."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import prompt

from backsym.core.errors import InputError
from backsym.core.expr import Ix
from backsym.core.problem import Collection, Problem
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.reading.files.yamlfile import read_text

CLASSIFIER = r"""
title: One-hidden-layer classifier
objective: Derive the backward pass.
text: Suppose that $\mathbf{x}$ is given.
notation: {layer: subscript, transpose: T}
dims: {D0: 'D^{(0)}', M: 2, N: }
indices: {i: D0, j: D1, k: D2}
symbols:
  a0: {shape: [D0], role: input}
  W1: [D1, D0]
  b1: [D1]
  W2: [D2, D1]
  b2: [D2]
  t: {shape: [D2], one_hot: true}
  z1: {latex: '\tilde{z}'}
derivatives: {relu: formula}
forward:
  - z1[j] = sum(W1[j,i]*a0[i], i) + b1[j]
  - a1[j] = relu(z1[j])
  - z2[k] = sum(a1[j]*W2[k,j], j) + b2[k]
  - a2[k] = exp(z2[k]) /
      sum(exp(z2[k]), k)
  - L = -sum(t[k]*log(a2[k]), k)
show_forward: false
parts:
  - graph
  - show: dL/dz2[k] = a2[k] - t[k]
    marks: 2.5
  - derive: [W2, a0]
    accept: by_name
  - vectorize: ['dL/dW2[k,j] = dL/dz2[k]*a1[j]', z1]
  - forward: a1
  - why: a1
  - ask: What if?
    answer: Nothing.
  - gradients: W1
    form: outer(grad(z1), a0)
values: {a0: [1.0, 1/2], b1: [0, 1], W1: [[1, 0], [0, 1]], W2: [[1, 2]], b2: [3], t: [1]}
"""


def written(folder: Path, text: str, name: str = "p.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def problem_in(folder: Path, text: str) -> Problem:
    found = load(written(folder, text))
    assert isinstance(found, Problem)
    return found


def refusals(folder: Path, text: str) -> list[str]:
    """Each error as ``line:column message | underlined``."""
    with pytest.raises(InputError) as caught:
        load(written(folder, text))
    lines = []
    for d in caught.value.diagnostics:
        underlined = d.source[d.column - 1 : d.column - 1 + d.width] if d.source and d.column else ""
        lines.append(f"{d.line}:{d.column} {d.message} | {underlined}")
    return lines


def test_every_field_is_read(tmp_path: Path) -> None:
    p = problem_in(tmp_path, CLASSIFIER)
    assert (p.title, p.objective, p.loss) == ("One-hidden-layer classifier", "Derive the backward pass.", "L")
    assert p.notation == {"layer": "subscript", "gradient": "nabla", "vectors": "bold", "transpose": "T"}
    assert p.text == r"Suppose that $\mathbf{x}$ is given."
    assert not p.show_forward
    assert [(d.name, d.latex, d.size) for d in p.dims.values()] == [
        ("D0", "D^{(0)}", None), ("M", None, 2), ("N", None, None), ("D1", None, None), ("D2", None, None),
    ]  # fmt: skip
    assert p.index_dims == {"i": "D0", "j": "D1", "k": "D2"}
    assert p.derivatives == {"relu": "formula"}
    assert {s.name: s.role for s in p.symbols.values()} == {
        "a0": "input", "W1": "parameter", "b1": "parameter", "W2": "parameter", "b2": "parameter", "t": "target",
        "z1": "node", "a1": "node", "z2": "node", "a2": "node", "L": "node",
    }  # fmt: skip
    assert p.symbols["z1"].latex == r"\tilde{z}"
    assert (p.symbols["t"].one_hot, p.symbols["t"].sums_to_one) == (True, True)
    assert [(e.name, e.shape, e.index_level, e.line) for e in p.equations] == [
        ("z1", ("D1",), True, 18), ("a1", ("D1",), True, 19), ("z2", ("D2",), True, 20), ("a2", ("D2",), True, 21),
        ("L", (), True, 23),
    ]  # fmt: skip
    assert p.by_name["z1"].indices == (Ix("j", "D1"),)
    assert p.values == {
        "a0": (1.0, 0.5), "b1": (0.0, 1.0), "W1": ((1.0, 0.0), (0.0, 1.0)), "W2": ((1.0, 2.0),), "b2": (3.0,),
        "t": (1.0,),
    }  # fmt: skip
    assert [(part.kind, part.targets, len(part.claims), part.option) for part in p.parts] == [
        ("graph", (), 0, "vectorized"), ("show", (), 1, None), ("derive", ("W2", "a0"), 0, None),
        ("vectorize", ("z1",), 1, None), ("forward", ("a1",), 0, None), ("why", ("a1",), 0, None),
        ("ask", (), 0, None), ("gradients", ("W1",), 0, None),
    ]  # fmt: skip
    assert (p.parts[1].marks, p.parts[2].accept) == ("2.5", "by_name")
    assert (p.parts[6].text, p.parts[6].answer) == ("What if?", "Nothing.")
    assert p.parts[7].form is not None
    assert p.parts[7].form.shape == ("D1", "D0")


@pytest.mark.parametrize("forward", ["z = w*x + b\n  - y = x + tanh(z)\n  - L = 1/2*(y - t)**2"])
def test_without_shapes_every_undeclared_name_is_a_scalar(tmp_path: Path, forward: str) -> None:
    p = problem_in(tmp_path, f"forward:\n  - {forward}\n")
    assert {s.name: (s.shape, s.role) for s in p.symbols.values() if s.role != "node"} == dict.fromkeys(
        ["w", "x", "b", "t"], ((), "parameter")
    )
    assert p.title == "p"


def test_strings_stay_strings(tmp_path: Path) -> None:
    p = problem_in(tmp_path, "title: no\nsymbols: {no: , on: , E: {role: input}}\nforward:\n  - y = no*on + E\n")
    assert p.title == "no"
    assert list(p.symbols) == ["no", "on", "E", "y"]


def test_targets_by_use() -> None:
    for loss in ("cross_entropy", "binary_cross_entropy", "squared_error", "loss"):
        p = problem_from_mapping({"forward": ["y = w*x", f"L = {loss}(y, t)"]})
        assert {s.name: s.role for s in p.symbols.values()} == {
            "w": "parameter", "x": "parameter", "t": "target", "y": "node", "L": "node",
        }  # fmt: skip


def test_declared_shapes_of_nodes_are_kept() -> None:
    p = problem_from_mapping(
        {"symbols": {"w": [1, "D"], "x": ["D"], "z": [1], "u": []}, "forward": ["z = w @ x", "u = w @ x", "L = u*z"]}
    )
    assert {e.name: e.shape for e in p.equations} == {"z": (1,), "u": (), "L": ()}


def test_fixed_sizes_stand_for_their_dimension() -> None:
    p = problem_from_mapping(
        {"dims": {"D": 2}, "indices": {"i": "D"}, "symbols": {"x": ["D"]}, "forward": ["L = sum(x[i], i)/D + x[2]"]}
    )
    assert p.symbols["x"].shape == (2,)
    assert p.index_dims == {"i": 2}


def test_python_values_are_read_like_files() -> None:
    import numpy as np

    p = problem_from_mapping(
        {
            "title": "t",
            "symbols": {"x": {"shape": ["D"], "role": "input"}, "a": None},
            "forward": ("L = a*sum(x)",),
            "show_forward": False,
            "values": {"x": np.array([1.5, 2.0]), "a": 0.1},
            "parts": [{"derive": ["x"]}, "graph"],
        }
    )
    assert p.values == {"x": (1.5, 2.0), "a": 0.1}
    assert (p.show_forward, p.path) == (False, None)
    with pytest.raises(InputError) as caught:
        problem_from_mapping({"forward": ["z = w*x", "L = z +"]})
    assert caught.value.diagnostics[0].render().startswith("forward[2]:1:8: expected a name")


# --- errors ----------------------------------------------------------------------------------------------------------

HEAD = "symbols: {x: [D], W: [K, D], t: [K]}\nforward:\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("titel: x\nforward: [z = w]\n", ["1:1 unknown key titel | titel"]),
        ("title: x\n", ["1:1 a problem needs forward equations | title: x"]),
        ("title: x\ntitle: y\nforward: [L = x]\n", ["2:1 the key title is given twice | title"]),
        ("symbols: {x: [D], x: [D]}\nforward: [L = sum(x)]\n", ["1:19 the key x is given twice | x"]),
        ("a: &b 1\nc: *b\n", ["1:4 a text cannot begin with & | &"]),
        ("a: *b\n", ["1:4 a text cannot begin with * | *"]),
        ("a: !!python/object:os.system x\n", ["1:4 a text cannot begin with ! | !"]),
        ("a: 1\n---\nb: 2\n", ["2:1 a second document in the file | -"]),
        ("- a\n- b\n", ["1:1 a problem file is a mapping, key: value | - a"]),
        ("forward:\n  - z = w*x\n  - y = x q\n", ["3:11 expected an operator, found q | q"]),
        (HEAD + "  - z = W @ y\n  - L = sum(z) + sum(x + t)\n", ["3:13 y is not declared | y"]),
        (HEAD + "  - z = W @ x + y\n  - L = sum(z*x) + sum(t)\n", ["3:17 y is not declared | y"]),
        (HEAD + "  - z = W @ t\n  - L = sum(q - z) + sum(x)\n",
         ["3:9 cannot multiply [K, D] @ [K] | W @ t", "4:13 q is not declared | q"]),
        (HEAD + "  - z = W @ x\n  - z = W @ x\n  - L = sum(z + t)\n",
         ["4:5 z is defined twice; its first equation is in line 3 | z"]),
        (HEAD + "  - L = sum(y)\n  - y = W @ x + t\n", ["3:13 y is used before its equation, line 4 | y",
         "4:5 the loss y must be a scalar; this is [K] | y = W @ x + t"]),
        (HEAD + "  - y = W @ x + z\n  - z = y + t\n  - L = sum(z)\n",
         ["3:17 these equations go in a circle: y -> z -> y | z"]),
        (HEAD + "  - y = W @ x + y + t\n  - L = sum(y)\n", ["3:17 y is used in its own equation | y"]),
        (HEAD + "  - y = W @ x\n  - L = sum(y)\n", ["1:30 t is declared, but no equation uses it | t"]),
        (HEAD + "  - L = W @ x + t\n", ["3:5 the loss L must be a scalar; this is [K] | L = W @ x + t"]),
        (HEAD + "  - y = W @ x + t\n  - L = sum(y)\nloss: l\n", ["5:7 the loss l has no equation | l"]),
        (HEAD + "  - z[k] = sum(W[k,i]*x[i], i) + t\n", ["3:12 the right side of an equation for entries is a scalar; "
         "this is [K] | sum(W[k,i]*x[i], i) + t"]),
        (HEAD + "  - z[k] = W[k,i]*x[i] + t[k]\n",
         ["3:16 index i is free on the right side, but the left side does not have it | i"]),
        (HEAD + "  - z[k,k] = W[k,k]\n", ["3:9 index k stands twice on the left side | k"]),
        (HEAD + "  - z[1] = x[1]\n",
         ["3:7 an equation defines all entries; on the left side an index is a letter | 1"]),
        (HEAD + "  - z[k] = 1\n  - L = sum(W @ x + t)\n", ["3:7 the range of index k is not known | k"]),
        (HEAD + "  - W @ x = t\n", ["3:5 the left side is a name or its entries | W @ x"]),
        (HEAD + "  - L = sum(t) + dL/dx + sum(W)\n", ["3:18 a derivative cannot stand in a forward equation | dL/dx"]),
        ("symbols: {x: {shape: [D], role: input}}\nforward:\n  - x = 2\n  - L = sum(x)\n",
         ["3:5 x is declared as an input; it cannot have an equation | x"]),
        ("symbols: {x: [D], z: [N]}\nforward:\n  - z = 2*x\n  - L = sum(z)\n",
         ["3:5 z is declared [N], but its equation gives [D] | z = 2*x"]),
        ("symbols: {x: {shap: [D]}}\nforward: [L = x]\n", ["1:15 unknown key shap | shap"]),
        ("symbols: {x: {role: inptu}}\nforward: [L = x]\n",
         ["1:21 role is input, parameter, target, constant or given, not inptu | inptu"]),
        ("symbols: {x: D}\nforward: [L = sum(x)]\n",
         ["1:14 a shape is a list of dimensions | D"]),
        ("symbols: {x: [D, 0]}\nforward: [L = sum(x)]\n",
         ["1:18 a size is a whole number from 1 to 1000000, not 0 | 0"]),
        ("symbols: {x: [E1]}\nindices: {k: E}\nforward: [L = sum(x)]\n",
         ["2:14 E is not a dimension | E"]),
        ("symbols: {x: [D]}\nindices: {k: E}\nforward: ['L = sum(x[k], k)']\n", ["2:14 E is not a dimension | E"]),
        ("functions: {relu: abstract}\nforward: [L = x]\n", ["1:13 relu is a built-in function | relu"]),
        ("derivatives: {relu: primed}\nforward: [L = x]\n",
         ["1:21 the derivative of relu is prime, by_node or formula, not primed | primed"]),
        ("notation: sub\nforward: [L = x]\n", ["1:11 notation is superscript, subscript or bracket, not sub | sub"]),
        ("forward: [L = x]\nshow_forward: maybe\n", ["2:15 show_forward is true or false, not maybe | maybe"]),
        ("forward: [L = x*y]\nvalues: {x: one, L: 2}\n",
         ["2:13 expected a number | one", "2:18 L is computed, not given | L"]),
        ("forward: [L = x]\nparts: [{derive: [y]}, {derive: x, show: L}, {}, {graph: scalar, mark: 1}]\n",
         ["2:19 y is not declared | y",
          "2:24 a part has one kind, this has several: derive, show | {derive: x, show: L}",
          "2:46 a part has one kind, this has none | {}", "2:66 unknown key mark | mark"]),
        ("forward: ['L = squared_error(x, t)', m = x]\nloss: L\nparts: [{derive: [t, m]}, {forward: x}]\n",
         ["3:19 t is a target; the loss is not differentiated by it | t", "3:22 L does not depend on m | m",
          "3:37 x has no forward equation | x"]),
        ("forward: [L = x**2]\nparts:\n  - show: dL/dx = 2*y\n", ["3:21 y is not declared | y"]),
        ("forward:\n  - z = w*x\n  - 'y = z +\n    q$z'\n", ["4:6 unexpected character $ | $"]),
        ("forward:\n  - |\n    y = z\n      + q r\n", ["4:11 expected an operator, found r | r"]),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert refusals(tmp_path, text) == expected


def test_near_names_and_carets_are_shown(tmp_path: Path) -> None:
    path = written(tmp_path, "forwrad:\n  - z = 1\nforward:\n  - L = tahn(x)\n")
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).splitlines() == [
        f"{path}:1:1: unknown key forwrad", "    forwrad:", "    ^^^^^^^", "  did you mean forward?",
        f"{path}:4:9: unknown function tahn", "      - L = tahn(x)", "            ^^^^^^^", "  did you mean tanh?",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this file is empty"),
        (b"# nothing\n", "comments only"),
        (b"title: \xff\xfe\n", "this file is not UTF-8 text"),
        (b"a: [1, 2\n", r"this \[ is never closed"),
        (b"a: {b: \x01}\n", "a control character, U\\+0001"),
        (b"\ta: 1\n", "a tab stands where the indentation is"),
        (b"a: " + b"[" * 100 + b"]" * 100, "nested more than 32 deep"),
        (b"a: " + b"x" * 1_000_001, "larger than 1000 kB"),
        (b"? [a]\n: b\n", "a key is a name"),
    ],
)
def test_unusable_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load(str(path))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(str(tmp_path / "nothing.yaml"))
    with pytest.raises(InputError, match="this is a folder"):
        load(str(tmp_path))
    with pytest.raises(InputError, match="not a file name"):
        load("a\0b")


def test_collections(tmp_path: Path) -> None:
    written(tmp_path, "title: One\nforward: [L = x**2]\n", "one.yaml")
    written(tmp_path, "title: Two\nforward: [L = x**3]\n", "two.yaml")
    text = "title: All\ncourse: C\nsections:\n  - {title: S, problems: [one.yaml, two.yaml]}\n"
    found = load(written(tmp_path, text))
    assert isinstance(found, Collection)
    assert (found.title, found.masthead.course, found.masthead.author) == ("All", "C", None)
    assert [p.title for p in found.problems] == ["One", "Two"]
    assert found.sections[0].title == "S"
    written(tmp_path, "title: Bad\nforward: [L = x +]\n", "bad.yaml")
    text = "sections:\n  - {title: S, problems: [on.yaml, bad.yaml]}\n  - {title: T}\n"
    with pytest.raises(InputError) as caught:
        load(written(tmp_path, text))
    messages = [d.message for d in caught.value.diagnostics]
    assert [m.split(":")[0] for m in messages] == [
        "no such file", "a section needs problems", "expected a name, a number or (, found the end",
    ]  # fmt: skip
    assert caught.value.diagnostics[0].hint == "did you mean one.yaml?"


def test_many_errors_are_cut(tmp_path: Path) -> None:
    text = HEAD + "".join(f"  - z{n} = q{n}\n" for n in range(1000))
    assert len(refusals(tmp_path, text)) == 51


def test_thousands_of_equations_load_in_linear_time(tmp_path: Path) -> None:
    chain = "".join(f"  - h{n + 1} = tanh(w{n}*h{n} + b{n})\n" for n in range(5000))
    path = written(tmp_path, "forward:\n" + chain + "  - L = h5000**2\n")
    found = prompt(lambda: load(path), 4.0)
    assert isinstance(found, Problem)
    assert len(found.equations) == 5001


def test_a_circle_through_thousands_of_equations_is_named(tmp_path: Path) -> None:
    chain = "".join(f"  - h{n} = tanh(h{n + 1})\n" for n in range(3000))
    found = refusals(tmp_path, "forward:\n" + chain + "  - h3000 = h0\n")
    assert found[0].startswith("2:15 these equations go in a circle: h0 -> h1 -> h2 -> ... -> h3000 -> h0 |")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-[]{},&*!'\"|>#?% \n\t0\\", max_size=40))
def test_any_yaml_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        read_text(text)
