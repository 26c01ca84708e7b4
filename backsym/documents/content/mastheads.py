"""The masthead of a problem or collection as parts of a document: lines below the title, a line and a logo above.

This module must not know about output languages.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from backsym.core.errors import BacksymError
from backsym.core.problem import Masthead
from backsym.core.words import say
from backsym.documents.content.blocks import Document, Inlines, Logo
from backsym.documents.content.markup import inlines_of
from backsym.documents.content.sentences import catalogue

LARGEST = 500_000
"""Bytes of a logo, which some forms hold within them."""

_SIGNATURES = {".png": b"\x89PNG\r\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}


def headed(document: Document, masthead: Masthead, path: str | None) -> Document:
    """The document with its masthead; ``path`` is the file that the logo is beside.

    Raises BacksymError for a logo that is missing, too large, or not what its ending says.
    """
    lines = byline(masthead, document.language)
    header: Inlines = inlines_of(masthead.header, "header") if masthead.header else ()
    author: Inlines = inlines_of(masthead.author, "author") if masthead.author else ()
    logo = _logo(masthead.logo, path) if masthead.logo else None
    return replace(document, byline=lines, header=header, logo=logo, paper=masthead.paper, author=author)


def byline(masthead: Masthead, language: str, said: Masthead | None = None) -> tuple[Inlines, ...]:
    """The lines below a title, without those that another masthead above it has ``said``."""
    keys = ("course", "author", "date", "due")
    found = {key: getattr(masthead, key) for key in keys if getattr(masthead, key) != getattr(said, key, None)}
    lines = [inlines_of(text, "masthead") for key, text in found.items() if text and key != "due"]
    if due := found.get("due"):
        lines.append(catalogue(language).phrase("document.due", due=inlines_of(due, "due")))
    return tuple(lines)


def _logo(name: str, path: str | None) -> Logo:
    folder = Path(path).parent if path is not None else Path()
    file = folder / name
    ending = file.suffix.lower()
    if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
        raise BacksymError(say("documents.no_logo", name=name, folder=str(folder)))
    data = file.read_bytes()
    if len(data) > LARGEST:
        raise BacksymError(say("documents.large_logo", name=name, size=len(data), limit=LARGEST))
    if (ending == ".svg" and b"<svg" not in data[:2000]) or not data.startswith(_SIGNATURES.get(ending, b"")):
        raise BacksymError(say("documents.other_logo", name=name))
    return Logo(ending, data)
