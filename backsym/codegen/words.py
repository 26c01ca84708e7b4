"""The sentences of generated modules.  This module must not know what is said when."""

from __future__ import annotations

from backsym.text.catalogue import catalogue


def words(key: str, **facts: str) -> str:
    """A sentence by its key, filled; raises BacksymError for an unknown key or a fact that it needs and lacks."""
    return catalogue("code").said(key, facts)
