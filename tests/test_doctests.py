"""The examples in docstrings are true."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

import backsym

MODULES = (
    "backsym",
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


CLASSES = [name for name in backsym.__all__ if isinstance(getattr(backsym, name), type)]
TYPES = {"Any", "Array", "Dims", "Drawing", "Iterator", "Ix", "Shape"}
"""What annotations name besides classes for users: types of others, names for types, letters, the model of drawings."""
SHOWN_OF_MARKER = ("mark", "mark_all")
"""What else a marker has is for those that mark."""


def body_of(public: type) -> list[ast.stmt]:
    """The statements of a class."""
    tree = ast.parse(Path(inspect.getfile(public)).read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == public.__name__)
    return next(found).body


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_field_and_property_is_documented(name: str) -> None:
    body = [*body_of(getattr(backsym, name)), ast.Pass()]
    for statement, after in itertools.pairwise(body):
        if isinstance(statement, ast.AnnAssign) and not ast.unparse(statement.target).startswith("_"):
            told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            assert told, f"{name}.{ast.unparse(statement.target)}"
        if isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            assert ast.get_docstring(statement), f"{name}.{statement.name}"


def returned_by(name: str) -> Iterator[tuple[str, ast.expr]]:
    """The annotations of what a public function, or a method or property of a public class, returns."""
    public = getattr(backsym, name)
    if inspect.isfunction(public):
        yield name, ast.parse(str(public.__annotations__["return"]), mode="eval").body
    elif isinstance(public, type):
        for statement in body_of(public):
            if isinstance(statement, ast.FunctionDef) and statement.returns is not None:
                own = statement.name.startswith("_") and statement.name not in ("__call__", "__getitem__", "__iter__")
                if not own and (name != "Marker" or statement.name in SHOWN_OF_MARKER):
                    yield f"{name}.{statement.name}", statement.returns


@pytest.mark.parametrize("name", backsym.__all__)
def test_what_is_returned_is_exported(name: str) -> None:
    for where, annotation in returned_by(name):
        for node in ast.walk(annotation):
            word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if word[:1].isupper():
                assert word.removeprefix("Public") in {*backsym.__all__, *TYPES}, f"{where} returns {word}"


def test_help_begins_with_an_example() -> None:
    assert backsym.__doc__ is not None
    assert ">>> import backsym as bs" in backsym.__doc__.split("\n\n")[1]
