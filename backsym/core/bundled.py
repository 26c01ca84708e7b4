"""Where the templates and the bundled problems are: inside an installed wheel, or beside the package in a clone.

This module must not know what the files mean, nor about any other part of backsym.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]


def resource(*parts: str) -> Path:
    """The path of a bundled file or folder, such as ``resource("templates", "md.jinja")``.

    A wheel carries them under ``backsym/_data``; in a clone (editable install) they stand beside the package.
    Raises FileNotFoundError, naming the resource, when neither has it.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"backsym was installed without its file {'/'.join(parts)}")


@cache
def tree(*parts: str) -> Mapping[str, Any]:
    """What a bundled YAML file holds; raises FileNotFoundError as ``resource`` does."""
    import yaml

    # The loader written in C takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: Mapping[str, Any] = yaml.load(resource(*parts).read_text(encoding="utf-8"), loader)
    return found


def languages() -> tuple[str, ...]:
    """The languages that there are sentences in, sorted: each is a folder of templates."""
    return tuple(sorted(path.parent.name for path in resource("templates").glob("*/sentences.yaml")))
