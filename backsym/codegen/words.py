"""The sentences of generated modules: loads the catalogue and fills its placeholders.

This module must not know what is said when.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from backsym.core.bundled import resource
from backsym.core.errors import BacksymError


@cache
def _catalogue() -> Mapping[str, str]:
    import yaml

    with resource("templates", "en", "code.yaml").open(encoding="utf-8") as file:
        data = yaml.safe_load(file)
    return {f"{group}.{key}": str(text) for group, entries in data.items() for key, text in entries.items()}


def words(key: str, **facts: str) -> str:
    """A sentence by its key, filled; raises BacksymError for an unknown key or a fact that it needs and lacks."""
    catalogue = _catalogue()
    if key not in catalogue:
        raise BacksymError(f"the catalogue of code has no entry {key}")
    pieces = catalogue[key].split("{")
    out = pieces[:1]
    for piece in pieces[1:]:
        fact, _, rest = piece.partition("}")
        if fact not in facts:
            raise BacksymError(f"the sentence {key} needs the fact {fact}")
        out += [facts[fact], rest]
    return "".join(out)
