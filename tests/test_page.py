"""The page in a browser: formulas visible, nothing wider than the screen, unfolding by keyboard, no fault for axe."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files as package_files
from pathlib import Path

import pytest
from browser import Browser, browser, program

from backsym.core.problem import Collection, Problem
from backsym.core.resources import find_problem
from backsym.documents.writers.render import rendered
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium is installed")

WIDE = {
    "title": "A title that is rather long, with $\\nabla_{\\mathbf{W}^{(1)}} \\mathcal{L}$ in it",
    "text": (
        "Inline $a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8 + a_9 + a_{10} + a_{11} + a_{12} + a_{13} + a_{14}$ and"
        " $$\\begin{aligned} a &= \\begin{bmatrix} 1 & 2 & 3 & 4 & 5 & 6 & 7 & 8 & 9 & 10 & 11 & 12 \\end{bmatrix} \\\\"
        " &= \\underbrace{x + y}_{z} \\end{aligned}$$ and `a_very_long_word_in_code_that_cannot_be_broken_at_all`"
    ),
    "symbols": {"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
    "forward": ["y = softmax(W @ x)", "L = cross_entropy(y, t)"],
    "parts": [{"graph": "vectorized"}, {"gradients": ["W"]}],
}

VISIBLE = """
[...document.querySelectorAll('math')].filter(m => m.checkVisibility()).map(m => m.getBoundingClientRect())
  .filter(r => r.width < 3 || r.height < 3).length
"""
OVERFLOWING = """
[...document.querySelectorAll('body *')].filter(e => {
  if (e.closest('math, svg, .scroll, figure') || (e.closest('.formula') && !e.matches('.formula'))) return false;
  const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + 1 || r.left < -1);
}).map(e => e.outerHTML.slice(0, 120))
"""
UNREACHABLE = """
[...document.querySelectorAll('.formula, .scroll, figure')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0).map(e => e.outerHTML.slice(0, 120))
"""
AXE = """
axe.run().then(result => result.violations
  .map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 120)).slice(0, 3).join(' | ')))
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module", params=["wide", "mlp-entries"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "wide":
        text = rendered(None, [solve(problem_from_mapping(WIDE))], "html")
    else:
        loaded = load(str(find_problem(request.param)))
        problems = loaded.problems if isinstance(loaded, Collection) else (loaded,)
        assert all(isinstance(problem, Problem) for problem in problems)
        source = loaded if isinstance(loaded, Collection) else None
        text = rendered(source, [solve(problem) for problem in problems], "html")
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("page", ["wide", "handout", "mlp-entries"], indirect=True)
@pytest.mark.parametrize("width", [360, 1280])
def test_formulas_are_visible_and_nothing_overflows(chromium: Browser, page: Path, width: int) -> None:
    chromium.open(page, width)
    for opened in (False, True):
        chromium.evaluate(f"document.querySelectorAll('details').forEach(d => d.open = {str(opened).lower()})")
        assert chromium.evaluate("document.documentElement.scrollWidth") == width
        assert chromium.evaluate(OVERFLOWING) == []
        assert chromium.evaluate(VISIBLE) == 0
        assert chromium.evaluate(UNREACHABLE) == []
    assert chromium.evaluate("document.querySelectorAll('math').length") > 10
    # Drawn by the browser as mathematics: a numerator stands above its denominator.
    assert chromium.evaluate(
        "[...document.querySelectorAll('mfrac')].every(f => !f.checkVisibility() ||"
        " f.children[0].getBoundingClientRect().bottom <= f.children[1].getBoundingClientRect().top + 1)"
    )


def test_steps_unfold_by_keyboard(chromium: Browser, page: Path) -> None:
    chromium.open(page, 360)
    chromium.evaluate("document.querySelector('details').previousElementSibling.setAttribute('tabindex', '-1')")
    chromium.evaluate("document.querySelector('details').previousElementSibling.focus()")
    chromium.press("Tab", 9)
    assert chromium.evaluate("document.activeElement.tagName") == "SUMMARY"
    seen = "document.activeElement.parentElement.open"
    assert chromium.evaluate(seen) is False
    chromium.press("Enter", 13, "\r")
    assert chromium.evaluate(seen) is True
    assert chromium.evaluate("document.activeElement.parentElement.querySelector('.formula').checkVisibility()")
    chromium.press(" ", 32, " ")
    assert chromium.evaluate(seen) is False


def test_one_switch_opens_all_steps(chromium: Browser, page: Path) -> None:
    chromium.open(page, 1280)
    hidden = "[...document.querySelectorAll('details .formula')].filter(e => !e.getBoundingClientRect().height).length"
    if not chromium.evaluate("CSS.supports('selector(::details-content)')"):
        pytest.skip("this Chromium is too old for the switch, which it does not show")
    closed = chromium.evaluate("document.body.scrollHeight")
    chromium.evaluate("document.querySelector('#all-steps').click()")
    assert chromium.evaluate(hidden) == 0
    assert chromium.evaluate("document.body.scrollHeight") > closed * 1.1


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(chromium: Browser, page: Path, dark: bool) -> None:
    chromium.open(page, 360, dark=dark)
    chromium.evaluate("document.querySelectorAll('details').forEach((d, n) => d.open = n % 2 == 0)")
    chromium.evaluate((package_files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    assert chromium.evaluate(AXE) == []


def test_the_page_follows_dark_mode(chromium: Browser, page: Path) -> None:
    colours = []
    for dark in (False, True):
        chromium.open(page, 360, dark=dark)
        colours.append(chromium.evaluate("getComputedStyle(document.body).backgroundColor"))
        colours.append(chromium.evaluate("getComputedStyle(document.querySelector('math')).color"))
    assert colours[0] == colours[1].replace("31, 35, 40", "255, 255, 255")
    assert len(set(colours)) == 4


def test_no_script_runs(chromium: Browser, page: Path) -> None:
    assert "<script" not in page.read_text(encoding="utf-8")
    chromium.open(page, 360)
    chromium.evaluate("const s = document.createElement('script'); s.text = 'window.ran = 1'; document.body.append(s)")
    assert chromium.evaluate("window.ran === undefined")
