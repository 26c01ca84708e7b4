"""Einsum in an answer: ``einsum('nk,nj->kj', dL/dZ2, A1)``, perhaps with a sign and factors that are numbers.

Knows the text of einsum and shapes; does not read its operands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backsym.core.errors import BacksymError, ShapeError
from backsym.core.expr import Dim, Entry, Expr, IndexReduce, Ix, Mul, Neg, show_shape
from backsym.marking.answers.refusals import Refused

_CALL = re.compile(r"\b(?:(?:np|numpy|torch|jnp|tf)\.)?einsum\s*\(")
_SPEC = re.compile(
    r"""\s*(['"‘’“”])\s*([A-Za-z]{0,8}(?:\s*,\s*[A-Za-z]{0,8}){0,7})\s*(?:->\s*([A-Za-z]{0,8}))?\s*['"‘’“”]\s*,"""
)
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True)
class Einsum:
    """The parts of a text: the letters of each operand and of the result, the operands' texts, and factors."""

    inputs: tuple[str, ...]
    output: str
    operands: tuple[str, ...]
    scales: tuple[str, ...]
    negative: bool

    def sum(self, operands: Sequence[Expr]) -> tuple[Expr, tuple[Ix, ...]]:
        """The entry of the result and its letters; raises ShapeError where letters and shapes do not fit."""
        if len(operands) != len(self.inputs):
            raise ShapeError(f"einsum has {len(self.inputs)} groups of letters for {len(operands)} arrays")
        letters: dict[str, Ix] = {}
        factors: list[Expr] = []
        for group, operand in zip(self.inputs, operands, strict=True):
            if len(group) != len(operand.shape):
                raise ShapeError(f"einsum has the letters {group} for an array of shape {show_shape(operand.shape)}")
            indices = tuple(_letter(letters, name, dim) for name, dim in zip(group, operand.shape, strict=True))
            factors.append(Entry(operand, indices) if indices else operand)
        if len(set(self.output)) < len(self.output) or set(self.output) - set(letters):
            raise ShapeError(f"einsum cannot have the letters {self.output} in its result")
        free = tuple(letters[name] for name in self.output)
        bound = tuple(ix for name, ix in letters.items() if name not in self.output)
        body = factors[0] if len(factors) == 1 else Mul(tuple(factors))
        return (IndexReduce("sum", body, bound) if bound else body), free


def _letter(letters: dict[str, Ix], name: str, dim: Dim) -> Ix:
    ix = letters.setdefault(name, Ix(name, dim))
    if ix.dim != dim:
        raise ShapeError(f"the letter {name} of einsum runs over {ix.dim} and over {dim}")
    return ix


def einsum_in(text: str) -> Einsum | None:
    """The einsum of a text that is one, perhaps times numbers; None for anything else."""
    call = _CALL.search(text)
    if call is None:
        return None
    spec = _SPEC.match(text, call.end())
    end = _end(text, call.end() - 1)
    if spec is None or end is None or _CALL.search(text, call.end()):
        return None
    operands = _arguments(text[spec.end() : end])
    if len(operands) == 1 and operands[0].strip().startswith("[") and operands[0].strip().endswith("]"):
        operands = _arguments(operands[0].strip()[1:-1])  # PyTorch takes the operands as a list, too.
    scales = _scales(text[: call.start()], text[end + 1 :])
    if scales is None or not all(operands):
        return None
    inputs = tuple(group.strip() for group in spec[2].split(","))
    output = spec[3] if spec[3] is not None else _implicit(inputs)
    return Einsum(inputs, output, operands, tuple(scales[1]), scales[0])


def einsum_read(text: str, read: Callable[[str], Expr]) -> tuple[Expr, tuple[Ix, ...]]:
    """The entry of the result of an einsum and its letters; ``read`` reads the operands.  Raises Refused."""
    parts = einsum_in(text)
    if parts is None:
        hint = "such as einsum('nk,nj->kj', A, B), perhaps times a number"
        raise Refused("syntax", "this einsum is not read", hint)
    try:
        expr, letters = parts.sum([read(operand) for operand in parts.operands])
    except BacksymError as e:
        raise Refused("shape", str(e)) from None
    for scale in parts.scales:
        factor = read(scale)
        if factor.shape:
            raise Refused("syntax", "an einsum is multiplied by numbers only")
        expr = Mul((factor, expr))
    return (Neg(expr) if parts.negative else expr), letters


def _implicit(inputs: Sequence[str]) -> str:
    """Without an arrow the result has the letters that stand once, in alphabetical order."""
    text = "".join(inputs)
    return "".join(sorted(letter for letter in set(text) if text.count(letter) == 1))


def _end(text: str, opening: int) -> int | None:
    depth = 0
    for n in range(opening, len(text)):
        depth += (text[n] in _OPENS) - (text[n] in _CLOSES)
        if depth == 0:
            return n
    return None


def _arguments(text: str) -> tuple[str, ...]:
    parts: list[str] = []
    depth, start = 0, 0
    for n, char in enumerate(text):
        depth += (char in _OPENS) - (char in _CLOSES)
        if char == "," and depth == 0:
            parts.append(text[start:n])
            start = n + 1
    return tuple(part.strip() for part in (*parts, text[start:]))


def _scales(before: str, after: str) -> tuple[bool, list[str]] | None:
    """The sign and the factors around an einsum; None if something else stands there."""
    before, after = before.strip(), after.strip()
    negative = before.startswith("-")
    before = before.lstrip("+-").strip()
    while before.endswith("(") and after.startswith(")"):
        before, after = before[:-1].strip(), after[1:].strip()
    scales: list[str] = []
    if before:
        if before[-1] not in "*·×" and not before.endswith(")"):
            before += "*"
        scales.append(before.rstrip("*·× "))
    if after:
        if after[0] == "/":
            scales.append("1" + after)
        elif after[0] in "*·×":
            scales.append(after.lstrip("*·× "))
        else:
            return None
    if any(not scale or scale[-1] in "+-" for scale in scales):
        return None
    return negative, scales
