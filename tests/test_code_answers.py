"""Code in answers means what NumPy makes of it: values, shapes, precedence; idioms right and wrong; hostile code."""

from __future__ import annotations

import math
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy_text import evaluated

from backsym.core.problem import Problem
from backsym.marking.answers.model import ReadAnswer
from backsym.marking.judging.judge import equal_values
from backsym.marking.verdicts import Marker
from backsym.reading.files.loader import load, problem_from_mapping

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "code" / "answers.yaml").read_text(encoding="utf-8"))
FUNCTIONS = {"outer": np.outer, "sqrt": np.sqrt, "exp": np.exp, "tanh": np.tanh, "st": lambda x: (x > 0).astype(float)}
EARNS = {"C": ("correct",), "U": ("correct", "undetermined"), "W": ("incorrect", "invalid")}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Marker]:
    folder = tmp_path_factory.mktemp("course")
    for name, text in CASES["problems"].items():
        (folder / name).write_text(text, encoding="utf-8")

    @cache
    def marker(path: Path) -> Marker:
        problem = load(str(path))
        assert isinstance(problem, Problem)
        return Marker(problem)

    return {path.stem: marker(path) for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("case", CASES["answers"], ids=lambda case: f"{case['problem']}-{case['target']}")
def test_answers_of_a_course(course: dict[str, Marker], case: dict[str, str]) -> None:
    """Each is read with the value that it has, and judged by it."""
    marker = course[case["problem"]]
    verdict = marker.mark(case["target"], case["answer"])
    assert verdict.verdict in EARNS[case["expect"]], verdict.feedback
    read = marker.reader.read(marker.target(case["target"]), case["answer"])
    assert isinstance(read, ReadAnswer)
    if "value" not in case or "\n" in case["answer"]:
        return  # What lines build on each other is worth is for the verdict.
    wanted = []
    for point in marker.judge.points:
        names = {**point.dims, **point.values, **{f"d_{k}": v for k, v in point.adjoints.items()}, **FUNCTIONS}
        wanted.append(np.asarray(evaluated(case["value"], names)))
    assert equal_values(marker.judge.values(read.expr, read.indices), wanted)


LAYER = {
    "symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
    "forward": ["z = W @ x", "h = relu(z)", "L = squared_error(h, t)"],
}
SQUARES = {"symbols": {"Y": ["N", "N"], "X": ["N", "N"], "S": ["N", "N"]}, "forward": ["Y2 = Y*X", "L = sum(Y2*S*S)/2"]}

RIGHT = {
    "W": """dz.view(-1,1) @ x.view(1,-1)¦torch.ger(dz,x)¦dz[..., None]*x¦np.multiply.outer(dz, x)¦np.expand_dims(dz,1)*x
        x.outer(dz).T¦np.outer(dz, x).reshape(W.shape)¦np.outer(dz, x).reshape(-1).reshape(W.shape)¦dL/dz @ x.T
        np.einsum('k,d->kd', dz, x)¦np.einsum('i,j', dz, x)¦2*np.einsum('k,d->kd', dz/2, x)¦dh*(z > 0) @ x.T
        (np.einsum('k,d->kd', dz, x) + np.outer(dz, x))/2¦np.einsum('kd->dk', np.outer(x, dz))¦dz[:, np.newaxis]*x
        np.atleast_2d(dz).T @ np.atleast_2d(x)¦np.add.outer(dz, 0*x)*x¦np.full((K, 1), 1)*dz[:, None]*x
        dz[:, None] @ x[None]¦np.tensordot(dz, x, axes=0)
        np.matmul(dz[:, None], x[None, :])¦np.diag(dz) @ np.ones((K, D))*x""",
    "z": """(h-t)*(~(z<=0))¦(h-t) if z>0 else 0¦(h-t)*int(z>0)¦np.diag(z > 0) @ (h - t)¦(h - t)*np.logical_not(z <= 0)
        (h-t)*(z>0).astype(int)¦np.where(~(z > 0), 0, h - t)¦(h - t)*np.logical_and(z > 0, z > 0)
        (h - t)*(0 < z)¦torch.where(z > 0, h - t, torch.zeros_like(z))¦0 if z <= 0 else (h-t)¦(h - t)*np.sign(h)
        (h - t)*((z > 0) | (z > 0))¦(h - t)*1.0*(z > 0)¦(h - t)*bool(z > 0)¦np.multiply(h - t, z > 0)""",
    "x": """W.T @ dz¦dz @ W¦(dz.T @ W).T¦np.dot(W.T, dz)¦np.dot(dz, W)¦W.T @ dL/dz¦-W.T @ -dz
        dz.dot(W)¦(dz[None, :] @ W)[0]
        (W.T * dz).sum(axis=1)¦(W * dz[:, None]).sum(0)¦np.einsum('kd,k->d', W, dz)¦(dz[None, :] @ W).squeeze()
        np.inner(W.T, dz)¦(W.T @ dz[:, None])[:, 0]¦(W.T @ dz.reshape(-1, 1)).ravel()
        np.sum(W*np.expand_dims(dz, -1), axis=0)
        np.linalg.multi_dot([W.T, np.diag(z > 0), dh])¦W.T @ (dh*(z > 0))""",
}  # fmt: skip
NOT_RIGHT = {
    "W": """np.outer(dz, x).flatten()¦np.outer(dz, x).ravel()¦np.outer(dz, x).reshape(-1)¦np.outer(dz, x).view(-1)
        np.multiply.outer(dz, x).flatten()¦np.ravel(np.outer(dz, x))¦np.outer(x, dz)¦dz*x¦np.outer(dz, x)[None]""",
    "z": "dh[:, None]*(z > 0)¦(h - t)[None, :]*(z > 0)[:, None]¦np.outer(h - t, z > 0)¦(dh @ (z > 0))",
    "x": "W.T * dz¦(W.T @ dz)[:, None]*x¦dz.sum()¦np.dot(dz, W).sum(keepdims=True)",
}


def cases(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(target, text.strip()) for target, lines in table.items() for text in lines.replace("\n", "¦").split("¦")]


@pytest.fixture(scope="module")
def layer() -> Marker:
    return Marker(problem_from_mapping(LAYER))


@pytest.mark.parametrize(("target", "text"), cases(RIGHT))
def test_right_code(layer: Marker, target: str, text: str) -> None:
    verdict = layer.mark(target, text)
    assert verdict.verdict == "correct", verdict.feedback


@pytest.mark.parametrize(("target", "text"), cases(NOT_RIGHT))
def test_code_of_another_shape(layer: Marker, target: str, text: str) -> None:
    """A vector of all entries is no matrix, a column beside a vector makes a matrix: as NumPy has it."""
    verdict = layer.mark(target, text)
    assert verdict.verdict in ("incorrect", "invalid"), verdict.feedback
    assert "shape" in verdict.tags
    point = layer.judge.points[0]
    names = {**point.values, **{f"d{k}": v for k, v in point.adjoints.items()}}
    if ".view" not in text:
        try:
            value = np.asarray(evaluated(text, names))
        except ValueError:
            return
        assert value.shape != point.values[target].shape


@pytest.mark.parametrize("spelled", ["dL/dY2", "dY2", "d_Y2", "dL_dY2"])
def test_one_meaning_whatever_a_derivative_is_called(spelled: str) -> None:
    marker = Marker(problem_from_mapping(SQUARES))
    for text, verdict in ((f"{spelled} * (X*X) @ Y.T", "incorrect"), (f"{spelled} * X", "correct")):
        assert marker.mark("Y", text).verdict == verdict


def test_a_mathematical_reading_that_would_be_right_is_for_a_person() -> None:
    """``S**2`` is entry by entry in code; of a square matrix mathematics says S S."""
    problem = {"symbols": {"X": ["N", "N"], "S": ["N", "N"]}, "forward": ["Y = S @ S @ X", "L = sum(Y)"]}
    marker = Marker(problem_from_mapping(problem))
    assert marker.mark("X", "(S @ S).T @ dY").verdict == "correct"
    assert marker.mark("X", "(S**2).T @ dY").verdict == "undetermined"
    assert marker.mark("X", "(S**3).T @ dY").verdict == "incorrect"


def test_positions_count_from_zero_in_code() -> None:
    problem = {"symbols": {"w": [3], "x": {"shape": [3], "role": "input"}}, "forward": ["y = sum(w*x**2)", "L = y**2"]}
    marker = Marker(problem_from_mapping(problem))
    assert marker.mark("w[2]", "dy * np.square(x[1])").verdict == "correct"
    assert marker.mark("w[2]", "dy * np.square(x[-2])").verdict == "correct"
    assert marker.mark("w[2]", "dy * np.square(x[2])").verdict == "undetermined"
    assert marker.mark("w[2]", "dy * np.square(x[0])").verdict == "incorrect"
    assert marker.mark("w[2]", "dy * x[2] * x[2]").verdict == "correct", "no code"


HOSTILE = [
    "np.sum(" + "(" * 300 + "z" + ")" * 300 + ")", "W.T @ " + "-" * 900 + "dz", "W.T @ (10**9**9*dz)", "dz @ f'{W}'",
    "W.T @ " + "9" * 4000, "(lambda v: v)(dz) @ W", "(y := dz) @ W", "[v for v in dz] @ W",
    "__import__('os').system('ls')",
    "np.load('/etc/passwd')", "open('/etc/passwd').read()", "dz @ W if __import__('os') else 0", "dz.__class__.__mro__",
    "np.sum(*[dz])", "np.sum(**{'x': dz})", "W.T @ " + ".T".join(["dz"] * 2) + ".T" * 1200, "dz @ W" + "[0]" * 700,
    "~" * 700 + "(z > 0)", "W.T @ (" + " + ".join(["dz"] * 700) + ")", "np.exp(" * 150 + "z" + ")" * 150,
    "W @ '" + "x" * 3000 + "'",
    "import os; dz @ W", "exec('1') @ W", "dz @ W; del W", "await dz @ W", "dz @ (yield W)",
    "W.T @ dz\x00", "W.T @ \\N{DASH}",
    "1" + "{" * 70 + "z > 0" + "}" * 70, "not " * 400 + "z > 0 @ W", "W.T @ 1e999", "W.T @ 1j*dz",
    "np.einsum('" + "a" * 900 + "', W)",
    "dz " + "@ W.T @ W " * 150,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_code_is_refused_in_words_and_fast(layer: Marker, text: str) -> None:
    start = time.process_time()
    verdict = layer.mark("x", text)
    assert time.process_time() - start < 1.0
    assert verdict.score == 0
    assert verdict.feedback
    assert len(verdict.feedback) < 2000


def test_a_long_sum_is_read(layer: Marker) -> None:
    verdict = layer.mark("x", "W.T @ (" + " + ".join(["dz"] * 600) + ")/600")
    assert verdict.verdict == "correct"
    assert math.isclose(verdict.score, 1.0)
