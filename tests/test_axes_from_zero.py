"""Axes whose positions count from 0, ``w_0, ..., w_D``: by value, on the page, in answers and notes, and refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reading_cases import loaded

import backsym as bs
from backsym.api.problem_file import problem_file
from backsym.codegen.module import gradients_at
from backsym.core.errors import BacksymError, InputError
from backsym.documents.writers.jsonform import problem_json
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping, problem_of_text
from backsym.reading.texts import read_expression
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("reading", "printing")

D, N = 3, 2
W: dict[str, Any] = {"shape": ["D + 1"], "from": 0}
X: dict[str, Any] = {"shape": ["D + 1"], "from": 0, "role": "input"}
ROWS: dict[str, Any] = {"shape": ["N", "D + 1"], "from": 0, "role": "input"}
SHAPES: dict[str, tuple[int, ...]] = {"w": (D + 1,), "x": (D + 1,), "X": (N, D + 1), "u": (D,), "v": (4,)}

VALUES: list[tuple[dict[str, Any], list[str], Callable[..., Any]]] = [
    ({"w": W, "x": X}, ["L = sum(w[j]*x[j], j)**2 + w[0]**3"], lambda w, x: (w @ x) ** 2 + w[0] ** 3),
    ({"w": W, "x": X}, ["z[j] = w[j]*x[j]", "L = z[0]*sum(z[j]**2, j)"],
     lambda w, x: w[0] * x[0] * ((w * x) ** 2).sum()),
    ({"w": W, "X": ROWS}, ["y[n] = sum(w[j]*X[n,j], j)", "L = sum(y[n]**2, n)"], lambda w, X: ((X @ w) ** 2).sum()),
    ({"w": W, "u": ["D"]}, ["L = w[0] + sum(w[i]*u[i], i)**2"], lambda w, u: w[0] + (w[1:] @ u) ** 2),
    ({"w": W, "u": ["D"]}, ["L = w[0] + sum(w[i-1]*u[i], i)**2"], lambda w, u: w[0] + (w[:-1] @ u) ** 2),
    ({"w": W, "u": ["D"]}, ["L = w[1] + sum(u[i]*w[D-i], i)**2"], lambda w, u: w[1] + (u @ w[D - 1 :: -1]) ** 2),
    ({"w": W}, ["L = sum(w[j]*w[j-1], j)"], lambda w: w[1:] @ w[:-1]),
    ({"w": W}, ["L = sum(w[0:D-1])**2 + sum(w[1:D])**3"], lambda w: w[:-1].sum() ** 2 + w[1:].sum() ** 3),
    ({"w": W}, ["L = sum(w[j]**2, j != 0)"], lambda w: (w[1:] ** 2).sum()),
    ({"w": W}, ["L = sum([j == 1]*w[j]**2, j)"], lambda w: w[1] ** 2),
    ({"w": W, "x": X}, [r"L = (\sum_{j=0}^{D} w_j x_j)^2 + \sum_{j=1}^{D} w_j^2"],
     lambda w, x: (w @ x) ** 2 + (w[1:] ** 2).sum()),
    ({"w": W, "x": X}, [r"z_j = w_j x_j, \quad j = 0, \dots, D", r"L = z_0 + \sum_{j=0}^D z_j^2"],
     lambda w, x: w[0] * x[0] + ((w * x) ** 2).sum()),
    ({"w": W}, [r"L = \sum_{j \in \{0, \dots, D\}} w_j^2"], lambda w: (w**2).sum()),
    ({"v": {"shape": [4], "from": 0}}, ["L = v[0]*v[3]**2"], lambda v: v[0] * v[3] ** 2),
    ({"v": {"shape": [4], "from": 0}}, [r"L = \sum_{k=0}^{3} v_k^2 v_1"], lambda v: (v**2).sum() * v[1]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(VALUES)))
def test_derivatives_are_those_of_the_function(case: int) -> None:
    """What the problem prints in the plain language is read as the same again."""
    symbols, forward, truth = VALUES[case]
    letters = {"i": "D"} if "u" in symbols else {}
    problem = problem_from_mapping({"symbols": symbols, "forward": forward, "indices": letters})
    for equation in problem.equations:
        text = plain(equation.rhs, problem)
        assert plain(read_expression(problem, text, equation.indices), problem) == text
    random = np.random.default_rng(case)
    point = {name: random.uniform(0.3, 0.9, SHAPES[name]) for name in symbols}
    found = gradients_at(solve(problem), dict(point))
    assert found is not None
    for name in symbols:
        wanted = np.zeros(SHAPES[name])
        for place in np.ndindex(*SHAPES[name]):
            moved = point[name].astype(complex)
            moved[place] += 1e-30j
            wanted[place] = truth(**{**point, name: moved}).imag / 1e-30
        np.testing.assert_allclose(found[name], wanted, rtol=1e-9, atol=1e-12)


FOLDED: dict[str, Any] = {
    "indices": {"n": "N"},
    "symbols": {"w": W, "X": ROWS, "t": {"shape": ["N"], "role": "target"}},
    "forward": ["y[n] = sum(w[j]*X[n,j], j)", "L = sum((y[n] - t[n])**2, n)/2 + w[0]**2"],
}


def test_ranges_and_positions_print_from_zero() -> None:
    data = problem_json(solve(problem_from_mapping(FOLDED)))
    forward = {row["node"]: row["entry"]["rhs"] for row in data["forward"]}
    found = {row["node"]: (row["range"], row["entry"]["rhs"]) for row in data["derivatives"]}
    assert forward["y"] == r"\sum_{j=0}^D w_j X_{nj}"
    assert forward["L"].endswith("w_0^2")
    assert found["w"] == (
        r"j = 0, \dots, D", r"\sum_{n=1}^N \frac{\partial \mathcal{L}}{\partial y_n} X_{nj} + 2 w_0 \delta_{0j}"
    )  # fmt: skip
    assert found["X"][0] == r"n = 1, \dots, N,\; j = 0, \dots, D"
    short = problem_from_mapping({"symbols": {"w": W}, "forward": ["L = sum(w[1:D]**2)"]})
    assert r"\mathbf{w}_{1:D}" in problem_json(solve(short))["forward"][0]["matrix"]["rhs"]
    pair = problem_from_mapping({"symbols": {"v": {"shape": [2], "from": 0}}, "forward": ["L = sum(v[j]**2, j)"]})
    assert problem_json(solve(pair))["derivatives"][-1]["range"] == "j = 0, 1"


GRADIENT = r"\sum_{n=1}^N (y_n - t_n) x_{nj}"
ANSWERS = [
    ("sum((y[n]-t[n])*X[n,j], n) + 2*w[0]*delta(j,0)", "correct"),
    ("sum((y[n]-t[n])*X[n,j], n) + 2*w[0]*[j == 0]", "correct"),
    ("sum((y[n]-t[n])*X[n,j], n) + 2*w[1]*delta(j,1)", "incorrect"),
    (GRADIENT + r" + 2 w_0 \delta_{0j}", "correct"),
    (GRADIENT + r" + 2 w_0 \delta_{1j}", "incorrect"),
    (r"\sum_{n=1}^N (\sum_{i=0}^D w_i x_{ni} - t_n) x_{nj} + 2 w_0 \delta_{0j}", "correct"),
    (r"\sum_{n=1}^N (w_0 x_{n0} + \sum_{i=1}^D w_i x_{ni} - t_n) x_{nj} + 2 w_0 [j = 0]", "correct"),
    (r"\sum_{n=1}^N (\sum_{i=1}^D w_i x_{ni} - t_n) x_{nj} + 2 w_0 \delta_{0j}", "incorrect"),
    (r"\sum_{n=1}^N (\sum_{i=1}^{D+1} w_i x_{ni} - t_n) x_{nj} + 2 w_0 \delta_{0j}", "invalid"),
    (r"\sum_{n=1}^N (\sum_{i=0} w_i x_{ni} - t_n) x_{nj} + 2 w_0 \delta_{0j}", "invalid"),
    (r"\sum_{n=0}^N (y_n - t_n) x_{nj} + 2 w_0 \delta_{0j}", "invalid"),
    (r"\sum_{n=0}^{N-1} (y_n - t_n) x_{nj} + 2 w_0 \delta_{0j}", "invalid"),
    ("X.T @ (y - t) + 2*np.concatenate((w[:1], np.zeros(D)))", "correct"),
    ("X.T @ (y - t) + 2*np.concatenate((w[1:2], np.zeros(D)))", "incorrect"),
]  # fmt: skip


def test_answers_count_as_the_problem_does_and_code_as_python_does() -> None:
    problem = problem_from_mapping(FOLDED)
    assert [(text, bs.check(problem, "w", text).verdict) for text, _ in ANSWERS] == ANSWERS
    first = r"\sum_n (y_n - t_n) x_{n0} + 2 w_0"
    assert [bs.check(problem, target, first).verdict for target in ("w[0]", "w[1]")] == ["correct", "incorrect"]
    with pytest.raises(BacksymError, match="neither a letter nor a position"):
        bs.check(problem_from_mapping({"symbols": {"w": ["D"]}, "forward": ["L = sum(w)"]}), "w[0]", "1")


REFUSED: list[tuple[dict[str, Any], list[str], str]] = [
    ({"w": W}, ["L = w[-1]"], "positions of this axis count from 0"),
    ({"w": W}, ["L = sum(w[1:D+1])"], r"position D\+1 is not known to be within an axis of D\+1 entries"),
    ({"v": {"shape": [4], "from": 0}}, ["L = v[4]"], "position 4 is beyond the end"),
    ({"w": W, "u": ["D"]}, ["L = sum(w[j]*u[j], j)"], r"index j runs over D\+1, but this axis has D entries"),
    ({"w": W, "x": ["D + 1"]}, ["L = w.T @ x"], r"axis D\+1 count from 1 in x and from 0 in w"),
    ({"w": W, "y": {"label": "D + 1"}}, ["L = w[y]"], "classes of the label y count from 1"),
    ({"w": {"shape": ["K", "D"], "from": 0}}, ["L = sum(w)"], "of 2 axes, from: 0 does not say"),
    ({"w": {"shape": ["K", "D"], "from": [0]}}, ["L = sum(w)"], "a 0 or a 1 for each of the 2 axes"),
    ({"w": {"shape": ["D"], "from": 2}}, ["L = sum(w)"], "from is 0 or 1"),
    ({"w": {"from": 0}}, ["L = w"], "there is no axis here"),
    ({"w": W, "x": {}}, ["L = sum(w[j]*x**j, j)"], "j is an index letter, not a quantity"),
    ({"w": W}, [r"L = \sum_{j=1}^{D+1} w_j"], "the positions of this axis count from 0"),
    ({"w": W}, [r"L = \sum_{j=0}^{D+1} w_j"], r"no axis has the positions 0, ..., D\+1"),
    ({"w": W}, [r"L = \sum_{j=0}^{D-1} w_j"], "no axis has the positions 0, ..., D-1"),
    ({"w": W}, [r"L = \sum_{j=0} w_j"], "a sum says where it ends"),
    ({"w": W}, ["w2[0] = w[0]", "w2[j] = w2[j-1]*w[j]", "L = sum(w2[j], j)"], r"so that w2\[0\] is the first"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_does_not_count_from_zero_is_refused(case: int) -> None:
    symbols, forward, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        problem_from_mapping({"symbols": symbols, "forward": forward})


def test_each_axis_may_say_where_it_begins() -> None:
    symbols = {"W": {"shape": ["K", "D"], "from": [1, 0]}, "b": {"shape": ["K"], "from": 1}}
    problem = problem_from_mapping({"symbols": symbols, "forward": ["L = sum(W[k,j]*b[k], k, j)"]})
    rows = {row["node"]: row["range"] for row in problem_json(solve(problem))["derivatives"]}
    assert rows["W"] == r"k = 1, \dots, K,\; j = 0, \dots, D-1"


def test_a_note_prints_as_it_counts_and_so_does_the_file_of_it(tmp_path: Path) -> None:
    declared = r"Let $\mathbf{w} \in \mathbb{R}^{D+1}$. "
    note = loaded(tmp_path, declared + r"$$y = \sum_{i=0}^{D} w_i x_i, \quad E = \frac{1}{2}(y - t)^2 + 3 w_0.$$")
    assert note.from_zero == {"D+1"}
    rows = problem_json(solve(note))["derivatives"]
    assert rows[-2]["range"] == r"i = 0, \dots, D"
    assert any(r"\delta_{0i}" in row["entry"]["rhs"] for row in rows)
    text = problem_file(note, "note.md")
    assert "w: {shape: [D+1], role: parameter, from: 0}" in text
    assert r"# line 1: y = \sum_{i=0}^{D} w_i x_i" in text
    assert problem_of_text(text).from_zero == note.from_zero
    assert bs.check(note, "w", r"\frac{\partial E}{\partial y} x_i + 3 \delta_{i0}").verdict == "correct"


def test_a_note_whose_sizes_also_count_from_one_is_left_at_that(tmp_path: Path) -> None:
    text = r"$$a = \sum_{n=0}^{N-1} (w_n - x_n)^2, \quad b = \sum_{n=1}^{N} c_n^2, \quad L = a + b$$"
    note = loaded(tmp_path, text)
    assert note.from_zero == frozenset()
    assert "positions that count from 0 in the note count from 1 here" in note.remarks
