"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import backsym

MODULES = (
    "backsym.api.from_function",
    "backsym.api.gradients",
    "backsym.api.problem",
    "backsym.core.errors",
    "backsym.core.problem",
    "backsym.marking.onward",
    "backsym.marking.verdicts",
    "backsym.practice.session",
    "backsym.reading.files.loader",
    "backsym.numeric.claims",
    "backsym.solving.solution",
    "backsym.api.variants",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


@pytest.mark.parametrize("name", [n for n in backsym.__all__ if callable(getattr(backsym, n))])
def test_every_public_name_is_documented(name: str) -> None:
    public = getattr(backsym, name)
    assert public.__doc__, name
    if isinstance(public, type):
        for attribute, value in vars(public).items():
            if callable(value) and not attribute.startswith("_") and value.__module__ == public.__module__:
                assert value.__doc__, f"{name}.{attribute}"


@pytest.mark.parametrize("name", ["Problem", "Result", "Solution", "check", "gradient", "load", "solve", "variants"])
def test_what_users_call_has_an_example(name: str) -> None:
    public = getattr(backsym, name)
    texts = [public.__doc__, getattr(public.__new__, "__doc__", "")]
    assert any(">>> " in (text or "") for text in texts)
