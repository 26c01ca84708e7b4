"""Limits of what is read: what is at a limit is read, what is beyond it is refused.

Those that the documentation states are also compared with it (``test_readme.py``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import backsym as bs
from backsym.core.errors import BacksymError, InputError
from backsym.marking.reporting.submissions import yaml_of
from backsym.reading.files.loader import problem_from_mapping

pytestmark = pytest.mark.quick("reading")

NEURON: dict[str, Any] = {"symbols": {"w": []}, "forward": ["L = w**2"]}


def shaped(*shape: str | int) -> dict[str, Any]:
    return {"symbols": {"x": list(shape)}, "forward": ["L = sum(x**2)"]}


def piecewise(count: int) -> dict[str, Any]:
    """So many pieces in SymPy's spelling."""
    pieces = ", ".join(f"(w**2, w > {n})" for n in range(count - 1, 0, -1))
    return {"symbols": {"w": []}, "forward": [f"L = Piecewise({pieces}, (w, True))"]}


def cases(count: int) -> dict[str, Any]:
    """So many rows in LaTeX."""
    rows = r" \\ ".join(f"w^2 & w > {n}" for n in range(count - 1, 0, -1))
    return {"symbols": {"w": []}, "forward": [rf"L = \begin{{cases}} {rows} \\ w & \text{{otherwise}} \end{{cases}}"]}


def number(digits: int) -> dict[str, Any]:
    return {"symbols": {"w": []}, "forward": [f"L = {'1' * digits}*w"]}


def exponent(size: int) -> dict[str, Any]:
    return {"symbols": {"w": []}, "forward": [f"L = 1e{size}*w"]}


def latex_number(digits: int) -> dict[str, Any]:
    return {"symbols": {"w": []}, "forward": [rf"L = {'1' * digits} \cdot w"]}


def primes(count: int) -> dict[str, Any]:
    letter = "d" + "'" * count
    return {"symbols": {"x": ["D"]}, "indices": {"d": "D"}, "forward": [f"L = sum(x[{letter}]**2, {letter})"]}


def grid(count: int) -> dict[str, Any]:
    return {**NEURON, "values": {"w": 1}, "variants": {"values": {"w": {"from": 1, "to": count}}}}


def size(value: int) -> dict[str, Any]:
    return {**shaped("D"), "dims": {"D": value}}


@pytest.mark.parametrize(
    ("made", "most"),
    [
        (lambda n: shaped(*(f"D{i}" for i in range(n))), 4),
        (lambda n: shaped(n), 1_000_000),
        (size, 1_000_000),
        (piecewise, 8),
        (cases, 5),
        (number, 60),
        (latex_number, 60),
        (exponent, 300),
        (primes, 8),
        (grid, 1_000_000),
    ],
    ids=["axes", "entries", "size", "pieces", "cases", "digits", "LaTeX digits", "exponent", "primes", "grid"],
)  # fmt: skip
def test_a_problem_at_a_limit_is_read_and_one_beyond_it_is_refused(made: Any, most: int) -> None:
    problem_from_mapping(made(most))
    with pytest.raises(InputError):
        problem_from_mapping(made(most + 1))


def test_at_most_fifty_mistakes_are_told() -> None:
    forward = [f"y{n} = nosuch{n}(w" for n in range(70)]
    with pytest.raises(InputError) as refused:
        problem_from_mapping({**NEURON, "forward": forward})
    *told, last = refused.value.diagnostics
    assert len(told) == 50
    assert "not shown" in last.message


@pytest.mark.parametrize(("answers", "refused"), [(500, False), (501, True)])
def test_one_student_has_at_most_five_hundred_answers(answers: int, refused: bool) -> None:
    found, troubles = yaml_of("\n".join(f"q{n}: a" for n in range(answers)), "ann.yaml")
    assert bool(troubles) is refused
    assert len(found) == (0 if refused else answers)


@pytest.mark.parametrize(("length", "refused"), [(250_000, False), (250_001, True)])
def test_one_students_file_has_at_most_so_many_characters(length: int, refused: bool) -> None:
    text = "q: a\n#" + "x" * (length - 6)
    assert len(text) == length
    assert bool(yaml_of(text, "ann.yaml")[1]) is refused


@pytest.mark.parametrize(("depth", "refused"), [(31, False), (32, True)])
def test_a_file_is_nested_at_most_so_deep(depth: int, refused: bool) -> None:
    _, troubles = yaml_of_or_troubles("q: " + "[" * depth + "]" * depth)
    assert troubles is refused


def yaml_of_or_troubles(text: str) -> tuple[object, bool]:
    try:
        return yaml_of(text, "ann.yaml"), False
    except InputError:
        return None, True


@pytest.mark.parametrize(("definitions", "read"), [(49, True), (50, False)])
def test_an_answer_has_at_most_a_hundred_sides_of_equations(definitions: int, read: bool) -> None:
    answer = "\n".join([*(f"g{n} = w" for n in range(definitions)), "2*w"])
    verdict = bs.check(bs.Problem(**NEURON), "w", answer)
    assert (verdict.verdict == "correct") is read


@pytest.mark.parametrize("count", [0, 10_001])
def test_from_one_to_ten_thousand_variants_are_made(count: int, tmp_path: Path) -> None:
    path = tmp_path / "neuron.yaml"
    path.write_text(
        "symbols: {w: []}\nforward: [L = w**2]\nvariants: {values: {w: {from: 1, to: 20}}}\nvalues: {w: 2}\n"
    )
    with pytest.raises(BacksymError, match="from 1 to 10000"):
        bs.variants(str(path), count)
