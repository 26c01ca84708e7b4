"""A package with entry points, as if it were installed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from backsym.core import registry


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, **named: object) -> None:
    """An installed package whose entry points name these, to be found by the next who looks for a kind."""
    entries = "".join(f"{name} = backsym_toy:{name}\n" for name in named)
    about = folder / "backsym_toy-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: backsym_toy\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[backsym.plugins]\n{entries}", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "backsym_toy", SimpleNamespace(**named))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(registry, "_loaded", [])
