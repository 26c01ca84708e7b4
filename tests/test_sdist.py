"""The source distribution holds whatever its tests read."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

from backsym.version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
for_index = runpy.run_path(str(ROOT / "hatch_build.py"))["for_index"]
BESIDE_THE_PACKAGE = re.compile(r"(?:ROOT|parents\[[12]\]) / \"([^\"/]+)")


def test_everything_that_tests_read_is_in_the_sdist() -> None:
    held = {*PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"], "pyproject.toml"}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        read = set(BESIDE_THE_PACKAGE.findall(path.read_text(encoding="utf-8")))
        assert read <= held, f"{path.name} reads {sorted(read - held)}, which the sdist leaves out"


def test_an_index_shows_the_readme_without_what_it_cannot_show() -> None:
    text = for_index((ROOT / "README.md").read_text(encoding="utf-8"), PROJECT["project"]["urls"])
    prose = re.sub(r"^```.*?^```$|`[^`\n]+`", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "$" not in prose
    assert "![" not in prose
    links = re.findall(r"\]\(([^)]+)\)", prose)
    assert len(links) > 20
    assert all(link.startswith("https://") for link in links)
    assert "https://backsym.invalid/tutorials/student.html" in links


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / link).is_file(), link


def test_the_version_and_the_home_are_the_same_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    urls = PROJECT["project"]["urls"]
    assert f"version: {__version__}\n" in citation
    assert f"url: {urls['Documentation']}\n" in citation
    assert f"repository-code: {urls['Repository']} " in citation
    assert f"site_url: {urls['Documentation']}\n" in site


def test_typst_has_an_upper_bound_and_the_next_pythons_are_named() -> None:
    (typst,) = (line for line in PROJECT["project"]["dependencies"] if line.startswith("typst"))
    assert re.match(r"typst>=0\.15,<0\.16;", typst)
    named = {line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"] if "Python :: 3." in line}
    assert named == {"3.10", "3.11", "3.12", "3.13", "3.14"}


def test_every_dependency_has_its_licence_in_the_list() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Licences", 1)[1]
    extras = PROJECT["project"]["optional-dependencies"]["practice"]
    for line in (*PROJECT["project"]["dependencies"], *extras):
        name = re.split(r"[<>=;\[ ]", line)[0]
        assert re.search(rf"\b{name}\b", told), name
