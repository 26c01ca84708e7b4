"""Whatever is read, nothing but an error for the user comes out, soon, and nothing is run.

Random bytes and trees, mutated files and formulas.  The long coverage-guided run is ``fuzz/fuzz_reading.py``.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from extent import examples, some
from handout_equations import EQUATIONS
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from patience import fastest, prompt

import backsym.calculus
import backsym.core
import backsym.numeric
import backsym.parts
import backsym.printing
import backsym.reading
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.reading.files import keys
from backsym.reading.files.loader import load, problem_from_mapping, read_equation, read_expression
from backsym.reading.files.yamlfile import read_text

ROOT = Path(__file__).resolve().parents[1]
FILES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "problems").rglob("*.yaml"))]
NOTES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "bad_files").glob("*.md"))]
FORBIDDEN = (
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "exec", "compile",
)  # fmt: skip
MANY = settings(
    max_examples=examples(100, 3), deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

events: list[str] = []
watching = [False]


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    parsed = event == "compile" and arguments[1] == "<unknown>"  # The standard library's ast, which runs nothing.
    if watching[0] and event in FORBIDDEN and not parsed:
        events.append(event)


sys.addaudithook(watch)

# Modules are imported when they are used, and an import runs their code: all that reading may need is imported before.
for room in (backsym.reading, backsym.core, backsym.calculus, backsym.numeric, backsym.parts, backsym.printing):
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        importlib.import_module(module.name)

PROBLEM = problem_from_mapping(
    {
        "symbols": {"x": ["D"], "W": ["K", "D"], "b": ["K"], "t": ["K"], "s": None},
        "indices": {"i": "D", "k": "K"},
        "functions": {"phi": "abstract"},
        "forward": ["z = W @ x + b", "y = phi(z)", "L = s*squared_error(y, t)"],
    }
)


def harmless(read: Any, *arguments: Any) -> None:
    """Reading ends soon, with a result or an error that can be shown, and starts nothing."""

    def tried() -> None:
        try:
            read(*arguments)
        except BacksymError as error:
            str(error).encode("utf-8")

    events.clear()
    watching[0] = True
    try:
        prompt(tried)
    finally:
        watching[0] = False
    assert not events


def load_text(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.write_bytes(data)
    harmless(load, str(path))


@pytest.fixture(scope="module", autouse=True)
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is imported when first used is imported before anything is watched."""
    folder = tmp_path_factory.mktemp("warm")
    for name, text in (("a.yaml", FILES[1]), ("a.md", "$$z = w x$$ $$L = \\tanh(z)^2$$")):
        (folder / name).write_text(text, encoding="utf-8")
        load(str(folder / name))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


# --- mutations -------------------------------------------------------------------------------------------------------


@st.composite
def mutated(draw: Any, texts: list[str], extra: str) -> str:
    """One of the texts with pieces cut, doubled, moved and put in."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        doubled = st.just(text[start:end] * 2)
        piece = draw(st.one_of(st.just(""), doubled, st.text(extra, max_size=4), st.text(max_size=2)))
        text = text[:start] + piece + text[end:]
    return text


YAML_SIGNS = "[]{}:,-?&*!|>%@`'\"#\n\t 0aL=."
LATEX_SIGNS = "\\{}_^&$()[]'|,=+-/ 0aLk\n~%"
LATEX = [latex for rows in EQUATIONS.values() for latex, _ in rows]


# --- files -----------------------------------------------------------------------------------------------------------


@MANY
@given(data=st.binary(max_size=300))
@example(data=b"\xef\xbb\xbf")
@example(data=b"forward: [L = x]\x85")
def test_random_bytes(folder: Path, data: bytes) -> None:
    for name in ("bytes.yaml", "bytes.md", "bytes.tex"):
        load_text(folder, name, data)


KEYS = st.sampled_from([*keys.PROBLEM, *keys.COLLECTION, *keys.SYMBOL, *keys.part_kinds(), "x", "D", "1", ""])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.floats(), st.text(max_size=8),
    st.sampled_from(["L = x", "z = W @ x", "x", "D", "sum(x[i], i)", "input", "abstract", r"\frac{a}{b}", "true"]),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


@MANY
@given(tree=st.dictionaries(KEYS, TREES, max_size=6))
def test_random_trees(folder: Path, tree: dict[str, Any]) -> None:
    load_text(folder, "tree.yaml", yaml.safe_dump(tree).encode("utf-8", errors="replace"))
    harmless(problem_from_mapping, tree)


@MANY
@given(text=mutated(FILES, YAML_SIGNS))
def test_mutated_files(folder: Path, text: str) -> None:
    load_text(folder, "mutated.yaml", text.encode("utf-8", errors="replace"))


@MANY
@given(text=mutated(NOTES, LATEX_SIGNS))
def test_mutated_notes(folder: Path, text: str) -> None:
    load_text(folder, "mutated.md", text.encode("utf-8", errors="replace"))


# --- formulas --------------------------------------------------------------------------------------------------------


@MANY
@given(text=mutated(LATEX, LATEX_SIGNS))
def test_mutated_latex(folder: Path, text: str) -> None:
    harmless(read_equation, PROBLEM, text)
    harmless(read_expression, PROBLEM, text.partition("=")[2])
    harmless(problem_from_mapping, {"forward": [text]})
    load_text(folder, "formula.md", f"Show that $$ {text} $$ and $$L = x^2$$".encode("utf-8", errors="replace"))


@MANY
@given(text=st.text("xWbk()[]*+-/@.,'=^ dLsum0123_", max_size=40))
def test_random_plain_expressions(text: str) -> None:
    harmless(read_expression, PROBLEM, text)
    harmless(problem_from_mapping, {"forward": [text]})


HOSTILE = [
    "__import__('os').system('id')", "exec('1')", "(lambda: 0)()", "x.__class__", "open('/etc/passwd')",
    "9**9**9**9**9",
    "1e999999999", r"\input{/etc/passwd}", r"\write18{id}", "x" * 4096, "(" * 4000, "[" * 4000, "-" * 4000, "{" * 4000,
    r"\frac" * 800, r"\frac{" * 600, "x_" * 2000, "x^" * 2000, r"\sum_i " * 500, "'" * 4000, r"\left(" * 600,
    "+".join(["x"] * 2000), "sum(" * 1000, "k'" + "'" * 4000, "\\", "$", "$$", "&", r"\\", "\u202e", "\ud800", "\0",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts(folder: Path, text: str) -> None:
    harmless(read_expression, PROBLEM, text)
    harmless(read_equation, PROBLEM, f"L = {text}")
    harmless(problem_from_mapping, {"title": text, "forward": [f"L = {text}"], "text": f"${text}$"})
    harmless(read_text, text, "f.yaml")
    load_text(folder, "hostile.md", f"$${text}$$ $$L = {text}$$".encode("utf-8", errors="replace"))


CUT_SHORT = [
    r"$$L = \sum_{i=1}^$$", r"$$L == (y - t)^2 + c, \quad L = \sum_{t=1}^T L_t, \quad L_t = \frac12 (x_t - y_t)^2$$",
    r"$$L = = \sum_{t=1}^T L_t$$ where $L_t =$, $\delta = \partial L/\partial z = = r$ given.",
    "$$L = w x_$$", r"$$L = \frac{1}{2} \sum_i \|x_i '- \mu\|^2$$",
    r"$$L = \phi(\mathbf{x$$", r"$$L = \phi_n(\mathbf{x)$$", "$$L = x$$ for $i =$", r"$$L = x^{",
    r"$$z_t = \sigma(W_z x_t x_t + U_z h_{t-1})$$ $$\tilde h_t = \tanh(W x_t + U \cdot (r_t \odot h_{t-1}))$$"
    "\n"
    r"$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t$$ where $x_t \in \mathbb{R}^D$ and $h_t \in \mathbb{R}^H$."
    "\n"
    r"Derive $\frac{\partial L}{\partial U}$.",
]  # fmt: skip
"""Notes that a mutation has made: a script without an end, a font's braces left open, a recurrence that is wrong."""


@pytest.mark.parametrize("text", CUT_SHORT, ids=range(len(CUT_SHORT)))
def test_notes_cut_short(folder: Path, text: str) -> None:
    load_text(folder, "cut.md", text.encode())


# --- linear time -----------------------------------------------------------------------------------------------------


def seconds(folder: Path, text: str) -> float:
    path = folder / "grown.md"
    path.write_text(text, encoding="utf-8")
    assert isinstance(load(str(path)), Problem)
    return fastest(lambda: load(str(path)))


GROWN = {
    "equations": lambda n: "$$a_0 = x$$\n" + "".join(f"$$a_{{{k + 1}}} = \\tanh(w a_{{{k}}})$$\n" for k in range(n)),
    "backwards": lambda n: "".join(f"$$a_{{{k}}} = \\tanh(w a_{{{k + 1}}})$$\n" for k in range(n))
    + "$$\\mathcal{L} = a_0$$",
    "declarations": lambda n: "".join(f"- $\\mathbf{{x}}_{{{k}}} \\in \\mathbb{{R}}^D$ is an input\n" for k in range(n))
    + "$$L = \\lVert\\mathbf{x}_1 \\rVert^2$$",
    "words": lambda n: "".join(f"- $\\mathbf{{x}}_{{{k}}}$ has $D$ entries and weights\n" for k in range(n))
    + "$$L = \\lVert\\mathbf{x}_1 \\rVert^2$$",
    "claims": lambda n: "$$L = x^2$$\n\n" + "Show that $$\\frac{\\partial L}{\\partial x} = 2x$$\n\n" * n,
    "bold": lambda n: "$$\\mathbf{a}_0 = \\mathbf{x}$$\n"
    + "".join(f"$$\\mathbf{{a}}_{{{k + 1}}} = \\mathbf{{W}}_{{{k}}} \\mathbf{{a}}_{{{k}}}$$\n" for k in range(n))
    + f"$$L = \\lVert \\mathbf{{a}}_{{{n}}} \\rVert^2$$",
}  # fmt: skip


@pytest.mark.parametrize("kind", some(GROWN, 2))
def test_notes_are_read_in_linear_time(kind: str, folder: Path) -> None:
    """Four times the note takes about four times as long; a quadratic part would take sixteen times."""
    small, large = (seconds(folder, GROWN[kind](n)) for n in (30, 120))
    assert large < 4 * small * 2
