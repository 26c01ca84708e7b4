"""Pieces of NumPy source that know their axes.

A piece has leading axes named by index letters and then positional axes, as NumPy would have them.  The helpers here
put such pieces side by side (transposing and inserting axes), contract them, and give them the shape that is asked for.

This module must not know about expressions' meaning or about problems.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from backsym.core.errors import BacksymError
from backsym.core.expr import Dim, Ix, Shape
from backsym.core.words import say
from backsym.text.pieces import partner

SizeOf = Callable[[Dim], str]
"""The source of a dimension's size."""


class Prec(IntEnum):
    """Precedence in Python source.  A matrix product stands lower than ``*``, so that the two never mix unmarked."""

    COMPARE = 0
    ADD = 1
    NEG = 2
    MATMUL = 3
    MUL = 4
    POW = 5
    ATOM = 6


@dataclass(frozen=True)
class Code:
    """Source text, its precedence, the letters of its leading axes, and the dimensions of its positional axes."""

    text: str
    prec: Prec = Prec.ATOM
    axes: tuple[Ix, ...] = ()
    shape: Shape = ()
    boolean: bool = False

    def at_least(self, prec: Prec) -> str:
        return self.text if self.prec >= prec else f"({self.text})"

    @property
    def atom(self) -> str:
        return self.at_least(Prec.ATOM)

    @property
    def number(self) -> Code:
        """The same as numbers: arithmetic on NumPy's truth values is no arithmetic (``-`` raises, ``+`` is *or*)."""
        if not self.boolean:
            return self
        return replace(self, text=f"np.where({self.text}, 1.0, 0.0)", prec=Prec.ATOM, boolean=False)


def subscripted(code: Code, pattern: Sequence[str]) -> str:
    """``x[:, None]``; the text alone where the pattern changes nothing."""
    if all(p == ":" for p in pattern):
        return code.text
    return f"{code.atom}[{', '.join(pattern)}]"


def _changed(code: Code, text: str, **changes: object) -> Code:
    prec = code.prec if text == code.text else Prec.ATOM
    return replace(code, text=text, prec=prec, **changes)  # type: ignore[arg-type]


def permuted(code: Code, axes: tuple[Ix, ...]) -> Code:
    """The same with its named axes in another order."""
    if axes == code.axes:
        return code
    if len(axes) == 2 and not code.shape:
        return _changed(code, f"{code.atom}.T", axes=axes)
    order = [code.axes.index(ix) for ix in axes] + [len(axes) + n for n in range(len(code.shape))]
    return _changed(code, f"np.transpose({code.text}, {tuple(order)})", axes=axes)


def aligned(codes: Iterable[Code], order: Callable[[Ix], int]) -> tuple[list[Code], tuple[Ix, ...]]:
    """The pieces with axes such that NumPy broadcasts them against each other; also the letters of the result."""
    codes = list(codes)
    union = tuple(sorted(dict.fromkeys(ix for c in codes for ix in c.axes), key=order))
    rank = max((len(c.shape) for c in codes), default=0)
    return [spread(c, union, rank) for c in codes], union


def spread(code: Code, union: tuple[Ix, ...], rank: int) -> Code:
    """A piece with its letters in the order of ``union`` and new axes of length one where broadcasting needs them."""
    code = permuted(code, tuple(ix for ix in union if ix in code.axes))
    pattern = [":" if ix in code.axes else "None" for ix in union]
    pattern += ["None"] * (rank - len(code.shape)) + [":"] * len(code.shape)
    while pattern and pattern[0] == "None":
        pattern.pop(0)
    return _changed(code, subscripted(code, pattern))


def fitted(code: Code, target: Shape, size: SizeOf) -> Code:
    """The piece with exactly the positional axes ``target``: axes of length one dropped or added, else broadcast."""
    if code.shape == target:
        return code
    if [d for d in code.shape if d != 1] == [d for d in target if d != 1]:
        pattern = _reshaping(code.shape, target)
        return _changed(code, subscripted(code, [":"] * len(code.axes) + pattern), shape=target)
    pattern = [":"] * len(code.axes) + ["None"] * (len(target) - len(code.shape)) + [":"] * len(code.shape)
    text = subscripted(code, pattern) if code.axes else code.text
    sizes = shape_text([*(ix.dim for ix in code.axes), *target], size)
    return _changed(code, f"np.broadcast_to({text}, {sizes})", shape=target)


def _reshaping(shape: Shape, target: Shape) -> list[str]:
    """The index pattern between two shapes that differ in axes of length one only."""
    pattern: list[str] = []
    old, new = list(shape), list(target)
    while old or new:
        if old and new and old[0] == new[0]:
            pattern.append(":")
            old.pop(0)
            new.pop(0)
        elif old and old[0] == 1:
            pattern.append("0")
            old.pop(0)
        else:
            pattern.append("None")
            new.pop(0)
    return pattern


def shape_text(dims: Sequence[Dim], size: SizeOf) -> str:
    """The argument that gives an array its shape: ``n`` or ``(n, m)``."""
    texts = [size(d) for d in dims]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def reduced(op: str, code: Code, positions: Sequence[int], *, keepdims: bool = False) -> str:
    """``x.sum(axis=0)`` or, of anything longer than a name, ``np.sum(x, axis=0)``."""
    rank = len(code.axes) + len(code.shape)
    notes: list[str] = []
    if len(positions) < rank:
        notes.append(f"axis={positions[0] if len(positions) == 1 else tuple(positions)}")
    if keepdims:
        notes.append("keepdims=True")
    if rank and re.fullmatch(r"\w+(\.T)?|np\.(exp|log|tanh)\(\w+\)", code.text):
        return f"{code.text}.{op}({', '.join(notes)})"
    return f"np.{op}({', '.join([code.text, *notes])})"


def letters_for(axes: Iterable[Ix]) -> dict[Ix, str]:
    """One ASCII letter for each index, its own where it is free."""
    table: dict[Ix, str] = {}
    for ix in axes:
        if ix not in table:
            own = ix.letter if len(ix.letter) == 1 and ix.letter in string.ascii_letters else ""
            spare = (c for c in string.ascii_lowercase + string.ascii_uppercase if c not in table.values())
            table[ix] = own if own and own not in table.values() else next(spare, "")
            if not table[ix]:
                raise BacksymError(say("numpy.letters"))
    return table


def einsum(codes: Sequence[Code], out: tuple[Ix, ...]) -> Code:
    """The sum over all letters that are not in ``out`` of the product of pieces without positional axes."""
    letter = letters_for([*out, *(ix for c in codes for ix in c.axes)])
    inputs = ",".join("".join(letter[ix] for ix in c.axes) for c in codes)
    spec = f"{inputs}->{''.join(letter[ix] for ix in out)}"
    operands = ", ".join(c.number.text for c in codes)
    return Code(f'np.einsum("{spec}", {operands})', axes=out)


def diagonal(code: Code, axes: Sequence[Ix]) -> Code:
    """A piece whose axes (all of them named by ``axes``) repeat a letter: the diagonal along it."""
    unique = tuple(dict.fromkeys(axes))
    letter = letters_for(unique)
    spec = "".join(letter[ix] for ix in axes) + "->" + "".join(letter[ix] for ix in unique)
    return Code(f'np.einsum("{spec}", {code.text})', axes=unique)


def one_hot(op: str, code: Code, count: int, size: SizeOf) -> Code:
    """1 at the first maximum (minimum) over the last ``count`` axes taken together, else 0; the axes are kept."""
    dims = [*(ix.dim for ix in code.axes), *code.shape]
    over, kept = dims[len(dims) - count :], dims[: len(dims) - count]
    if count == 1:
        where = f"np.arg{op}({code.text}, axis=-1)" if kept else f"np.arg{op}({code.text})"
        return replace(code, text=f"np.eye({size(over[0])})[{where}]", prec=Prec.ATOM)
    total = " * ".join(size(d) for d in over)
    flat = f"np.reshape({code.text}, ({', '.join([*(size(d) for d in kept), '-1'])}{'' if kept else ','}))"
    text = f"np.reshape(np.eye({total})[np.arg{op}({flat}, axis=-1)], np.shape({code.text}))"
    return replace(code, text=text, prec=Prec.ATOM)


def unwrapped(text: str) -> str:
    """The text without parentheses that enclose all of it."""
    enclosed = text[:1] == "(" and len(text) > 2 and partner(text, 0, "(", ")") == len(text) - 1
    return text[1:-1] if enclosed else text
