"""What a document is to contain.  This module must not know how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """``version``: the worked solution, the question sheet without any answer, or the answer key (results only).

    ``detail``: ``full``, or ``concise`` (also ``brief``), which keeps the results, what they rest on and what is hard.
    ``fragment`` leaves out the preamble of a .tex file.
    ``space`` is left for the answer to each part of a question sheet, in centimetres.
    Without ``colour``, what is passed back and local derivatives are as black as all else.
    ``templates`` is a folder whose templates take the place of the bundled ones.  ``engine`` makes the PDF.
    """

    version: str = "solution"
    detail: str = "full"
    fragment: bool = False
    templates: Path | None = None
    engine: str = "typst"
    space: float = 0.0
    colour: bool = True

    @property
    def concise(self) -> bool:
        return self.detail in ("concise", "brief")

    @property
    def suffix(self) -> str:
        """What the name of an output file gets: nothing, ``-questions`` or ``-key``."""
        return "" if self.version == "solution" else f"-{self.version}"


FULL = Options()
