"""What is passed back, and local derivatives, in colours: which, how well seen, and never needed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from backsym.documents.content.options import Options
from backsym.documents.writers.render import files
from backsym.printing import layout as lay
from backsym.printing.latex import to_latex
from backsym.printing.notation import Notation
from backsym.printing.printer import layout_of, tinted_layout
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve

pytestmark = pytest.mark.quick("printing", "documents")

TEMPLATES = Path(__file__).parents[1] / "templates"
ENOUGH = 4.5
"""The contrast of normal text in WCAG 2.1, 1.4.3."""


def layer() -> Solution:
    symbols = {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "b": ["K"]}
    forward = ["z = W @ x + b", "y = tanh(z)", "L = sum(y**2)"]
    return solve(problem_from_mapping({"symbols": symbols, "forward": forward}))


def written(form: str, **options: bool) -> str:
    return str(next(iter(files(None, [layer()], form, Options(**options), "a").values())))


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.1."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_it_should_be() -> None:
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.01)


def test_colours_are_seen_well_on_every_page() -> None:
    tex, typst = written("tex"), written("typ")
    for name in ("passed", "local"):
        (colour,) = re.findall(rf"\\definecolor{{{name}}}{{HTML}}{{(\w+)}}", tex)
        assert contrast(colour, "ffffff") >= ENOUGH
        assert f'tint-{name}(it) = text(fill: rgb("#{colour.lower()}"), it)' in typst
    schemes = re.findall(r"\{ (?:color-scheme: light dark; )?--text: [^}]*\}", written("html"))
    assert len(schemes) == 3  # light, dark and printed
    for scheme in schemes:
        page = re.findall(r"--page: #(\w+)", scheme)[0]
        for name in ("passed", "local"):
            (colour,) = re.findall(rf"--{name}: #(\w+)", scheme)
            assert contrast(colour, page * 2 if len(page) == 3 else page) >= ENOUGH


def test_the_adjoint_is_passed_back_and_its_factors_are_local() -> None:
    solution = layer()
    notation = replace(Notation.of(solution.problem), spaced=True)
    tinted = replace(notation, tinted=True)
    found = {d.node: to_latex(tinted_layout(d.entry.rhs, tinted)) for d in solution.derivations}
    assert found["W"] == r"\tintpassed{\frac{\partial \mathcal{L}}{\partial z_k}} \, \tintlocal{x_i}"
    assert found["b"] == r"\tintpassed{\frac{\partial \mathcal{L}}{\partial z_k}}"
    assert found["y"] == "2 y_k"
    whole = {d.node: d.matrix for d in solution.derivations if d.matrix is not None}
    assert r"\tintpassed{\nabla_{\mathbf{z}} \mathcal{L}}" in to_latex(tinted_layout(whole["W"].rhs, tinted))
    assert r"\tintlocal{\mathbf{W}^\top}" in to_latex(tinted_layout(whole["x"].rhs, tinted))
    for derivation in solution.derivations:
        for equation in filter(None, (derivation.entry, derivation.matrix)):
            assert lay.untinted(tinted_layout(equation.rhs, tinted)) == layout_of(equation.rhs, notation)


def test_without_colours_the_pages_say_the_same() -> None:
    for form in ("tex", "typ", "html"):
        coloured, black = written(form), written(form, colour=False)
        assert coloured != black
        body = {"tex": r"\begin{document}", "typ": "#title[", "html": "<body>"}[form]
        assert coloured.split(body)[1] == black.split(body)[1]
    assert "color{passed}" not in written("tex", colour=False)
    assert "rgb(" not in written("typ", colour=False)
    assert "--passed:" not in written("html", colour=False)
    assert "tint" not in written("md")
    assert "tint" not in written("json")
