"""The sentences of verdicts: loads the catalogue and fills its placeholders.

Knows texts and how quantities are printed; must not know why something is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from backsym.core.bundled import resource
from backsym.core.errors import BacksymError
from backsym.core.expr import Expr, Shape, scalar_if_ones
from backsym.printing.latex import latex, to_latex
from backsym.printing.notation import Notation


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    import yaml

    with resource("templates", language, "marking.yaml").open(encoding="utf-8") as file:
        data = yaml.safe_load(file)
    return {f"{group}.{key}": str(text) for group, entries in data.items() for key, text in entries.items()}


def phrase(key: str, **facts: str) -> str:
    """A sentence by its key, filled; raises BacksymError for an unknown key or a fact that it needs and lacks."""
    catalogue = _catalogue("en")
    if key not in catalogue:
        raise BacksymError(f"the catalogue of marking has no entry {key}")
    text = catalogue[key]
    if "{" not in text:
        return text
    out: list[str] = []
    for n, piece in enumerate(text.split("{")):
        name, brace, rest = piece.partition("}")
        if not n or not brace:
            out.append(piece)
        elif name not in facts:
            raise BacksymError(f"the sentence {key} needs the fact {name}")
        else:
            out.append(facts[name] + rest)
    return "".join(out)


def math(expr: Expr, notation: Notation) -> str:
    """A formula between dollar signs."""
    return f"${latex(expr, notation)}$"


def shape_words(shape: Shape, notation: Notation) -> str:
    """A shape between dollar signs, as D × 1 for a vector; a number is called so."""
    if not scalar_if_ones(shape) and len(shape) < 2:
        return phrase("shape.scalar")
    sizes = shape if len(shape) != 1 else (*shape, 1)
    return "$" + r" \times ".join(to_latex(notation.dim(d)) if isinstance(d, str) else str(d) for d in sizes) + "$"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {phrase('words.and')} {items[-1]}"
