"""Which problem files a name means: a path, a folder, or a bundled problem.

This module must not know what is in the files.
"""

from __future__ import annotations

from pathlib import Path

from backsym.core.bundled import resource
from backsym.core.choices import YAML_ENDINGS
from backsym.core.errors import Diagnostic, InputError, near_name
from backsym.core.words import say


def bundled_problems() -> dict[str, Path]:
    """Every bundled problem and collection by its bare name, sorted.

    Two files of the same name in different folders are told apart by ``folder/name``.
    """
    root = resource("problems")
    paths = sorted(path for path in root.rglob("*.yaml") if path.is_file())
    stems = [path.stem for path in paths]
    return {
        path.stem if stems.count(path.stem) == 1 else path.relative_to(root).with_suffix("").as_posix(): path
        for path in paths
    }


def problem_files(name: str) -> list[str]:
    """What ``name`` stands for: all problem files of a folder and of the folders in it, sorted; else itself.

    A folder is one of the user's own, or else a bundled one (``problems``, ``gallery``).  Hidden files and folders are
    passed over.  Raises InputError for a folder without a problem file.
    """
    folder = Path(name)
    if folder.is_file() or name in bundled_problems():
        return [name]
    if not folder.is_dir():
        root = resource("problems")
        folder = next((path for path in (root, *sorted(root.iterdir())) if path.is_dir() and path.name == name), folder)
    if not folder.is_dir():
        return [name]
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in YAML_ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not found:
        advice = say("resources.endings", endings=YAML_ENDINGS)
        raise InputError([Diagnostic(say("resources.empty_folder"), file=name, advice=advice)])
    return [str(path) for path in found]


def find_problem(name: str) -> Path:
    """The file that ``name`` means: a path, or else a bundled problem by its bare name.

    Raises InputError with a near name when there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    bundled = bundled_problems()
    found = bundled.get(name) or bundled.get(name.removesuffix(".yaml"))
    if found is not None:
        return found
    if path.exists():
        return path  # a folder: whoever opens it says what is wrong with it
    stem = path.with_suffix("") if path.suffix in YAML_ENDINGS else path
    siblings = (Path(str(stem) + ending) for ending in YAML_ENDINGS)
    own = next((str(sibling) for sibling in siblings if sibling.is_file()), None)
    near = near_name(name, bundled)
    advice = say("resources.near_bundled", near=near) if near else say("resources.path_expected")
    advice = say("resources.near_file", near=own) if own else advice
    raise InputError([Diagnostic(say("resources.no_such_file"), file=name, advice=advice)])
