"""What answers read in code, problem files and one-liners read, too: by value, against the plain language."""

from __future__ import annotations

import re

import numpy as np
import pytest

import backsym as bs
from backsym.core.errors import InputError
from backsym.reading.files.loader import problem_from_mapping

SHAPES = {"W": ["K", "D"], "x": ["D"], "X": ["N", "D"], "v": ["N"], "u": ["D"], "A": ["N", "N"], "k": ["K"]}
SIZES = {"K": 2, "D": 4, "N": 3}
_DRAWN = np.random.default_rng(3)
VALUES = {name: _DRAWN.normal(size=[SIZES[d] for d in shape]) for name, shape in SHAPES.items()}

SAME = [
    ("x", "np.sum(np.maximum(W @ x, 0)**2)", "sum(max(W @ x, 0)**2)"),
    ("x", "((W @ x)**2).sum()", "sum((W @ x)**2)"),
    ("X", "np.sum((X*v[:, None])**2)", "sum(sum((X[n,d]*v[n])**2, d), n)"),
    ("X", "np.sum((X + v[:, None])**2)", "sum(sum((X[n,d] + v[n])**2, d), n)"),
    ("v", "np.sum((X/np.exp(v)[:, None])**2)", "sum(sum((X[n,d]/exp(v[n]))**2, d), n)"),
    ("x", "np.sum(np.einsum('kd,d->k', W, x)**2)", "sum((W @ x)**2)"),
    ("u", "np.einsum('nd,d->', X, u)**2", "sum(X @ u)**2"),
    ("W", "np.sum(np.einsum('nd,kd->kn', X, W)**2)", "sum((W @ X.T)**2)"),
    ("x", "np.where(W @ x > 0, W @ x, 0).sum()", "sum(relu(W @ x))"),
    ("x", "np.linalg.norm(W @ x)**2", "norm(W @ x)**2"),
    ("u", "np.mean(np.square(X @ u - v))", "mean((X @ u - v)**2)"),
    ("u", "torch.relu(X @ u).sum()", "sum(relu(X @ u))"),
    ("v", "np.sum(np.outer(v, u)**2)", "sum((v @ u.T)**2)"),
    ("k", "np.sum((k @ W)**2)", "sum((W.T @ k)**2)"),
    ("X", "F.softmax(X @ u, dim=0) @ v", "softmax(X @ u).T @ v"),
]


@pytest.mark.parametrize(("wrt", "code", "plain"), SAME)
def test_a_one_liner_in_code(wrt: str, code: str, plain: str) -> None:
    """The gradient of the loss in code is that of the same loss in the plain language, and of finite differences."""
    used = {name: shape for name, shape in SHAPES.items() if name in re.findall(r"\w+", plain)}
    expected = bs.gradient(plain, wrt=wrt, shapes=used, indices={"n": "N", "d": "D"} if "[n" in plain else None)
    found = bs.gradient(code, wrt=wrt, shapes=used)
    given = {name: VALUES[name] for name in found.problem.symbols if name in VALUES}
    np.testing.assert_allclose(found(**given), expected(**given), rtol=1e-9)


def test_a_problem_file_in_code() -> None:
    """Equations of a file in code; the forward pass that is solved is that of the code."""
    forward = ["z = np.dot(W, x)", "h = np.where(z > 0, z, 0)", "L = ((h - t)**2).sum()/2"]
    problem = problem_from_mapping({"symbols": {"W": ["K", "D"], "x": ["D"], "t": ["K"]}, "forward": forward})
    plain = ["z = W @ x", "h = [z > 0]*z", "L = sum((h - t)**2)/2"]
    same = problem_from_mapping({"symbols": {"W": ["K", "D"], "x": ["D"], "t": ["K"]}, "forward": plain})
    for name in ("z", "h", "L"):
        assert problem.by_name[name].shape == same.by_name[name].shape
    assert bs.check(problem, "W", "dz @ x.T").verdict == "correct"
    assert bs.check(problem, "z", "(h - t)*(z > 0)").verdict == "correct"


@pytest.mark.parametrize("text", ["x.backward()", "np.load(x)", "(lambda v: v)(x)", "[x for x in W]", "np.sum(*W)"])
def test_code_that_is_none_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        bs.gradient(text, wrt="x", shapes={"x": ["D"], "W": ["K", "D"]})
