"""The source distribution holds whatever its tests read."""

from __future__ import annotations

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).resolve().parents[1]
BESIDE_THE_PACKAGE = re.compile(r"(?:ROOT|parents\[[12]\]) / \"([^\"/]+)")


def test_everything_that_tests_read_is_in_the_sdist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    held = {*project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"], "pyproject.toml"}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        read = set(BESIDE_THE_PACKAGE.findall(path.read_text(encoding="utf-8")))
        assert read <= held, f"{path.name} reads {sorted(read - held)}, which the sdist leaves out"
