"""The README as a package index shows it: what is beside it in the repository has an address there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n\n", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)]+)\)")


class IndexReadme(MetadataHookInterface):
    """Gives the project its ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(text, metadata["urls"])}


def for_index(text: str, urls: Mapping[str, str]) -> str:
    """Without the picture, and with whole addresses: of pages on the site, of all else in the repository."""

    def link(found: re.Match[str]) -> str:
        path = found[1]
        if path.startswith("docs/"):
            return f"]({urls['Documentation']}{path.removeprefix('docs/').replace('.md', '.html')})"
        return f"]({urls['Repository']}{path})"

    return LINK.sub(link, PICTURE.sub("", text))
