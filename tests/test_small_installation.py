"""Without typst and without SymPy, as on a small image for graders: reading, solving and marking work.

What is missing is named with the line that installs it.  CI runs these tests once more where neither is installed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

pytestmark = pytest.mark.quick("documents", "marking", "cli")

ROOT = Path(__file__).resolve().parents[1]

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sympy", "mpmath", "typst"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
sys.path.insert(0, sys.argv[1])

import backsym as bs
from backsym.cli.main import main

def command(*arguments):
    try:
        main(list(arguments))
    except SystemExit as stop:
        return stop.code or 0

NOTE = r'''
# A note
Let $\\mathbf{x} \\in \\mathbb{R}^D$ be the input, $\\mathbf{t} \\in \\mathbb{R}^K$ the target and
$\\mathbf{W} \\in \\mathbb{R}^{K \\times D}$ a parameter.
\\begin{align*}
\\mathbf{y} &= \\tanh(\\mathbf{W} \\mathbf{x}) \\\\
\\mathcal{L} &= \\frac{1}{2} \\|\\mathbf{y} - \\mathbf{t}\\|^2
\\end{align*}
'''
LAYER = dict(
    symbols={"W": ["K", "D"], "x": {"shape": ["D"], "role": "input"}, "t": {"shape": ["K"], "role": "target"}},
    forward=["y = tanh(W @ x)", "L = squared_error(y, t)"],
)
"""


def ran(script: str, folder: Path) -> str:
    """What a script prints in a process that finds neither package."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + script, str(ROOT)],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_reading_solving_and_marking_work(tmp_path: Path) -> None:
    (tmp_path / "layer.yaml").write_text(
        "symbols: {W: [K, D], x: {shape: [D], role: input}, t: {shape: [K], role: target}}\n"
        "forward: [y = tanh(W @ x), 'L = squared_error(y, t)']\n",
        encoding="utf-8",
    )
    (tmp_path / "class.csv").write_text(
        'student,dL/dW\nann,"((y - t)*(1 - y**2)) @ x.T"\nbob,(y - t) x^T\n', encoding="utf-8"
    )
    out = ran(
        """
assert command("solve", "mlp-entries", "--format", "md", "-o", "solved") == 0
assert command("solve", "attention", "--format", "html", "-o", "solved") == 0
assert command("solve", "layer.yaml", "--format", "tex", "-o", "solved") == 0
assert command("solve", "layer.yaml", "--format", "typ", "-o", "solved") == 0
assert command("check", "layer.yaml", "class.csv", "--format", "csv") in (0, 1)
open("note.md", "w", encoding="utf-8").write(NOTE)
for problem in (bs.load("note.md"), bs.Problem(**LAYER)):
    solution = bs.solve(problem)
    assert {v.status for v in solution.verified.values()} == {"verified"}
    right = r"((\\mathbf{y} - \\mathbf{t}) \\odot (1 - \\mathbf{y}^2)) \\mathbf{x}^\\top"
    for answer in (right, "np.outer((y - t)*(1 - y**2), x)"):
        assert bs.check(problem, "W", answer).verdict == "correct"
    assert bs.check(problem, "W", "(y - t) @ x.T").verdict == "incorrect"
print(bs.gradient("sum(tanh(W @ x))", "W", {"W": ["K", "D"], "x": ["D"]}).numpy)
assert not {"sympy", "typst"} & {name.partition(".")[0] for name in sys.modules}
""",
        tmp_path,
    )
    assert "ann" in out
    assert out.splitlines()[-1] == "np.outer(1.0 - np.tanh(W @ x) ** 2, x)"
    assert {path.suffix for path in (tmp_path / "solved").iterdir()} == {".md", ".html", ".svg", ".tex", ".typ"}


def test_what_is_missing_is_named_with_the_line_that_installs_it(tmp_path: Path) -> None:
    out = ran(
        """
assert command("solve", "scalar-tanh", "--format", "pdf", "-o", "solved") == 2
solution = bs.solve(bs.Problem(**LAYER))

class Symbolic:
    free_symbols = ()

for call in (
    solution["W"].sympy,
    lambda: solution["W"].sympy(matrix=True),
    lambda: bs.Problem(equations=[("L", Symbolic())]),
):
    for _ in range(2):
        try:
            call()
        except bs.BacksymError as error:
            print(error)
        else:
            raise AssertionError("nothing is missing")
""",
        tmp_path,
    )
    assert out.splitlines() == 6 * [
        "problems from SymPy's equations and results as such need the package sympy: pip install sympy"
    ]
    assert not (tmp_path / "solved").exists()


@pytest.mark.parametrize(
    ("platform", "machine", "wanted"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("linux", "armv7l", True),
        ("darwin", "x86_64", True),
        ("darwin", "arm64", True),
        ("win32", "AMD64", True),
        ("win32", "ARM64", False),
        ("win32", "arm64", False),
        ("emscripten", "wasm32", False),
        ("linux", "riscv64", False),
        ("linux", "i686", False),
    ],
)
def test_typst_comes_wherever_it_has_wheels(platform: str, machine: str, wanted: bool) -> None:
    """As PyPI lists the files of typst 0.15."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (typst,) = (r for r in map(Requirement, project["dependencies"]) if r.name == "typst")
    assert typst.marker is not None
    assert typst.marker.evaluate({"sys_platform": platform, "platform_machine": machine}) is wanted
    others = [r for r in map(Requirement, project["dependencies"]) if r.name != "typst"]
    assert all(r.marker is None for r in others)
