"""The published schema has every key that is read, and accepts and refuses what the readers do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from documentation import PAGES
from jsonschema import Draft202012Validator
from networks import NETWORKS

from backsym.cli.main import main
from backsym.core.errors import InputError
from backsym.core.notations import DELTA, choices
from backsym.parts.table import KINDS
from backsym.reading.files import keys
from backsym.reading.files.loader import problem_from_mapping
from backsym.reading.files.schema import schema

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "problems").rglob("*.yaml"))
CHECK = Draft202012Validator(schema())


def accepts(value: Any) -> bool:
    return bool(CHECK.is_valid(value))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
@pytest.mark.parametrize("loader", [yaml.BaseLoader, yaml.SafeLoader])
def test_every_bundled_file_is_valid(path: Path, loader: Any) -> None:
    """Whether the reader of YAML gives texts only, as ours, or numbers and truth values, as editors do."""
    value = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    assert [e.message for e in CHECK.iter_errors(value)] == []


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_valid(name: str) -> None:
    assert accepts(NETWORKS[name])


def described(definition: dict[str, Any]) -> dict[str, str]:
    return {key: value.get("description", "") for key, value in definition["properties"].items()}


def test_every_key_that_is_read_is_described() -> None:
    defs = schema()["$defs"]
    expected = {
        "problem": keys.PROBLEM,
        "symbol": keys.SYMBOL,
        "dimension": keys.DIMENSION,
        "notation": keys.NOTATION,
        "part": {**keys.part_kinds(), **keys.PART_EXTRAS},
        "variants": keys.VARIANTS,
        "grid": keys.GRID,
        "collection": keys.COLLECTION,
        "section": keys.SECTION,
    }
    for name, table in expected.items():
        found = described(defs[name])
        assert found == table
        assert all(text.endswith(".") for text in found.values())
    assert set(keys.NOTATION) == {*choices(), DELTA}
    assert set(keys.part_kinds()) == set(KINDS)


TABLES = [
    keys.PROBLEM, keys.NOTATION, keys.DIMENSION, keys.SYMBOL, keys.part_kinds(), keys.PART_EXTRAS, keys.COLLECTION,
    keys.SECTION, keys.VARIANTS, keys.GRID,
]  # fmt: skip


@pytest.mark.parametrize("key", sorted({key for table in TABLES for key in table}))
def test_every_key_is_in_the_documentation(key: str) -> None:
    section = PAGES["docs/reference/problem-files.md"] + PAGES["docs/reference/variants.md"]
    assert f"`{key}`" in section or f"`{key}:" in section or f"{key}:" in section


FULL: dict[str, Any] = {
    "title": "All keys", "objective": "To have them all.", "text": "A layer.",
    "notation": {"layer": "subscript", "gradient": "bar", "vectors": "arrow", "transpose": "T"},
    "dims": {"D": 2, "K": {"latex": "k", "size": "3"}, "N": "n", "M": None},
    "indices": {"i": "D", "k": "K", "k'": "K"},
    "symbols": {
        "W": {"shape": ["K", "D"], "role": "parameter"}, "x": ["D"], "s": None, "eta": {"latex": r"\eta"},
        "t": {"shape": ["K"], "role": "target", "one_hot": True}, "p": {"shape": ["K"], "sums_to_one": "true"},
    },
    "functions": {"phi": "abstract"}, "derivatives": {"tanh": "prime"},
    "forward": ["z = W @ x + p", "y = phi(z)", "L = squared_error(y, t) + s*eta"],
    "loss": "L", "show_forward": False,
    "parts": [
        "graph", {"graph": "scalar", "marks": 2}, {"show": "dL/dy = y - t", "text": "First."},
        {"derive": ["W", "x"], "accept": "by_name"}, {"vectorize": "z"}, {"gradients": ["W"], "form": "dL/dz"},
        {"forward": ["z"]}, {"why": "z", "answer": "It is on the way."}, {"ask": "Why?", "answer": "So."},
    ],
    "values": {"s": 1.5, "eta": "1/3", "x": [1, 2]},
    "variants": {
        "activation": {"phi": ["tanh", "relu"]}, "loss": ["cross_entropy(y, p)*s*eta"], "dims": {"M": "2..3"},
        "letters": {"x": "u"}, "values": {"s": [1, 2], "x": {"from": -1, "to": 1, "step": 0.5}, "t": "one_hot"},
        "words": {"phi": "the activation"},
    },
}  # fmt: skip


def test_every_kind_of_value_is_accepted() -> None:
    assert [e.message for e in CHECK.iter_errors(FULL)] == []
    problem_from_mapping(FULL)


BAD: list[Any] = [
    [], "text", {}, {"forward": []}, {"forward": [""]}, {**FULL, "titel": "x"}, {**FULL, "notation": "sub"},
    {**FULL, "notation": {"layers": "superscript"}}, {**FULL, "symbols": {"x": "D"}},
    {**FULL, "symbols": {"a b": ["D"]}},
    {**FULL, "symbols": {"x": {"shap": ["D"]}}}, {**FULL, "symbols": {"x": {"role": "inptu"}}},
    {**FULL, "symbols": {"x": ["D", 0]}}, {**FULL, "symbols": {"x": ["D", "D", "D", "D", "D"]}},
    {**FULL, "functions": {"phi": "concrete"}}, {**FULL, "derivatives": {"tanh": "primed"}},
    {**FULL, "show_forward": "maybe"}, {**FULL, "parts": [{"derive": ["x"], "show": "L = 1"}]}, {**FULL, "parts": [{}]},
    {**FULL, "parts": [{"derive": ["x"], "mark": 1}]}, {**FULL, "parts": [{"graph": "round"}]},
    {**FULL, "parts": [{"derive": ["x"], "marks": "many"}]}, {**FULL, "parts": [{"derive": ["x"], "accept": "all"}]},
    {**FULL, "values": {"s": "one"}}, {**FULL, "dims": {"D": {"sise": 2}}}, {**FULL, "indices": {"i": 0}},
    {**FULL, "variants": {"activations": {}}}, {**FULL, "variants": {"values": {"s": {"from": 1}}}},
    {**FULL, "variants": {"dims": {"M": "2.."}}}, {**FULL, "variants": {"values": {"s": "two"}}},
    {**FULL, "variants": ["x"]},
]  # fmt: skip


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_what_the_reader_refuses_by_its_form_the_schema_refuses(value: Any) -> None:
    assert not accepts(value)
    if isinstance(value, dict):
        with pytest.raises(InputError):
            problem_from_mapping(value)


def test_collections() -> None:
    assert accepts({"title": "C", "date": 2024, "sections": [{"title": "S", "problems": ["a.yaml"]}]})
    for bad in (
        {"sections": []}, {"sections": [{"title": "S"}]}, {"sections": [{"problems": ["a"], "name": "S"}]},
        {"sections": [{"problems": ["a"]}], "forward": ["L = x"]},
    ):  # fmt: skip
        assert not accepts(bad)


def test_the_command_prints_it() -> None:
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.output) == schema()
