"""The pieces of a module's text: docstrings, comments, dictionaries, literals, in the style of Black.

This module must not know about networks or about any array library.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from backsym.printing.numpy.source import WIDTH

INDENT = "    "


def docstring(paragraphs: Sequence[str], indent: int = 0) -> list[str]:
    """A docstring: one line if there is one short paragraph.  A paragraph with line breaks keeps them."""
    pad = " " * indent
    filled = [p if "\n" in p else textwrap.fill(p, WIDTH - indent - 3) for p in map(_safe, paragraphs)]
    if len(filled) == 1 and "\n" not in filled[0] and len(filled[0]) + indent + 6 <= WIDTH:
        return [f'{pad}"""{filled[0]}"""']
    lines = "\n\n".join(filled).split("\n")
    return [f'{pad}"""{lines[0]}', *(pad + line if line else "" for line in lines[1:]), f'{pad}"""']


def _safe(text: str) -> str:
    """Text that neither ends a docstring nor escapes anything in it."""
    return text.replace("\\", "\\\\").replace('"""', "'''")


def comment(text: str, indent: int = 4) -> list[str]:
    """A comment, continued on lines that are further in."""
    pad = " " * indent
    if not text:
        return []
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}#     ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side, set in by four."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(INDENT + line for line in lines)


def dictionary(items: Sequence[str]) -> list[str]:
    """``return {...}``, an item a line."""
    return [f"{INDENT}return {{", *(f"{INDENT * 2}{item}," for item in items), f"{INDENT}}}"]


def quoted(text: str) -> str:
    """A string literal; names of quantities hold no quotes."""
    return f'"{text}"'


def literal(value: Any, indent: int, before: int) -> str:
    """A literal of numbers, lists and dictionaries after ``before`` characters, broken where Black would break it."""
    flat = _flat(value)
    if before + len(flat) + 1 <= WIDTH and not isinstance(value, Mapping):
        return flat
    pad = " " * (indent + 4)
    if isinstance(value, Mapping):
        inside = [f"{pad}{quoted(key)}: " for key in value]
        lines = [start + literal(v, indent + 4, len(start)) for start, v in zip(inside, value.values(), strict=True)]
    else:
        lines = [pad + literal(item, indent + 4, indent + 4) for item in value]
    opening, closing = ("{", "}") if isinstance(value, Mapping) else ("[", "]")
    return opening + "\n" + "".join(line + ",\n" for line in lines) + " " * indent + closing


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(key)}: {_flat(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return value if isinstance(value, str) else repr(value)
