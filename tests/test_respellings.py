"""How an answer is spelled decides nothing: 27 respellings of each answer of ``answers`` earn what the answer earns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from extent import THOROUGH
from test_marking_answers import TABLES, Row, marked, marker_for, table

from backsym.core.names import GREEK, split_name
from backsym.core.problem import Problem
from backsym.marking.verdicts import Verdict

SAMPLE = 2
"""Answers of a table that each respelling is tried on, by default."""
SOME = [path for n, path in enumerate(TABLES) if n % 6 == 1 or path.stem == "hats"]

Respelling = Callable[[str, Problem], str]
"""From an answer the same answer in another spelling; where there is nothing to respell, the same text."""

BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
GREEK_LETTERS = dict(zip((g for g in GREEK[:24] if g != "omicron"), "αβγδεζηθικλμνξπρστυφχψω", strict=True))
BOLD = {chr(ord("a") + n): chr(0x1D41A + n) for n in range(26)} | {
    chr(ord("A") + n): chr(0x1D400 + n) for n in range(26)
}


def quantities(problem: Problem) -> list[str]:
    return sorted(problem.symbols, key=len, reverse=True)


def quotient(written: str) -> Respelling:
    """``dL/dz``, without an index, in another way; ``{}`` is the quantity."""

    def respelled(text: str, problem: Problem) -> str:
        if any(name[0] == "d" for name in problem.symbols) or "dd" in text:
            return text  # dz may be a product there.
        if "\\" in written and any(sign in text for sign in ("einsum", "@", "pow")):
            return text  # Nobody writes fractions into code.
        for name in quantities(problem):
            alone = rf"(?<![\w\\/])d{problem.loss}\s?/\s?d{name}(?![\w'²^]|\s*/)"
            text = re.sub(alone, written.format(name).replace("\\", r"\\"), text)
        return text

    return respelled


def in_formulas(old: str, new: str) -> Respelling:
    return lambda text, problem: text.replace(old, new) if "\\" in text else text


def everywhere(old: str, new: str) -> Respelling:
    return lambda text, problem: text.replace(old, new)


def each(pattern: str, new: str) -> Respelling:
    return lambda text, problem: re.sub(pattern, new, text)


def lowered(text: str, problem: Problem) -> str:
    """z₂ for the quantity z2."""
    for name in quantities(problem):
        base, tag = split_name(name)
        if tag.isdecimal() and base not in problem.symbols and "\\" not in text:
            text = re.sub(rf"(?<![\w.])(d?){name}(?!\w)", lambda m, b=base, t=tag: m[1] + b + t.translate(BELOW), text)
    return text


def hatted(text: str, problem: Problem) -> str:
    if "yhat" not in problem.symbols:
        return text
    return re.sub(r"(?<![\w\\])(d?)yhat(?!\w)", r"\1ŷ", text).replace(r"\hat{y}", "ŷ").replace(r"\hat y", "ŷ")


def greek(text: str, problem: Problem) -> str:
    """σ for sigma, as a word or a macro."""
    for name, letter in GREEK_LETTERS.items():
        text = re.sub(rf"\\{name}(?![A-Za-z])", letter, text)
        if name in problem.symbols or name in ("delta", "sigma"):
            text = re.sub(rf"(?<![\w\\]){name}(?!\w)", letter, text)
    return text


def styled(text: str, problem: Problem) -> str:
    """Single letters of the problem in the bold letters of Unicode."""
    if "\\" in text:
        return text
    for name in quantities(problem):
        if len(name) == 1 and name in BOLD:
            text = re.sub(rf"(?<![\w'.]){name}(?!\w)", BOLD[name], text)
    return text


def with_left_side(text: str, problem: Problem) -> str:
    return text if "=" in text or "\n" in text or any(word in text for word in ("where", " if ")) else f"{{}} = {text}"


RESPELLINGS: dict[str, Respelling] = {
    "dz for dL/dz": quotient("d{}"),
    "dL_dz for dL/dz": quotient("dL_d{}"),
    "dLdz for dL/dz": quotient("dLd{}"),
    "grad_z for dL/dz": quotient("grad_{}"),
    "∂L/∂z for dL/dz": quotient("∂L/∂{}"),
    "a fraction for dL/dz": quotient(r"\frac{{dL}}{{d{}}}"),
    "y² for y^2": each(r"(\*\*|\^)2(?![\d.])", "²"),
    "^{2} for ^2": each(r"\^([0-9])(?![\d.])", r"^{\1}"),
    "⊙ for \\odot": each(r"\\odot(?![A-Za-z])", "⊙"),
    "\\odot for ⊙": everywhere("⊙", r"\odot "),
    "\\circ for \\odot": each(r"\\odot(?![A-Za-z])", r"\\circ "),
    "a minus for a hyphen": everywhere("-", "−"),
    "no space beside signs": each(r" ?([-+*/=]) ?", r"\1"),
    "two spaces beside signs": each(r"(?<=[\w)\]}]) ?([+*=]) ?(?=[\w(\[\\])", r"  \1  "),
    "spaces that do not break": everywhere(" ", "\u00a0"),
    "a line break after it": lambda text, problem: text + " \n",
    "dollars around it": lambda text, problem: text if "\n" in text or "$" in text else f"${text}$",
    "\\boldsymbol for \\mathbf": in_formulas(r"\mathbf", r"\boldsymbol"),
    "\\bm for \\mathbf": in_formulas(r"\mathbf", r"\bm"),
    "\\mathcal{L} for L": each(r"(?<![\w\\{])L(?![\w(])(?=.*\\)", r"\\mathcal{L}"),
    "sized parentheses": lambda text, problem: (
        text.replace("(", r"\left(").replace(")", r"\right)")
        if "\\" in text and not any(sign in text for sign in (r"\left", "[", "&"))
        else text
    ),
    "ᵀ for ^T": each(r"\^(T(?!\w)|\\top(?![A-Za-z])|\{\\top\}|\{T\})", "ᵀ"),
    "z₂ for z2": lowered,
    "ŷ for yhat": hatted,
    "σ for sigma": greek,
    "bold letters of Unicode": styled,
    "with its left side": with_left_side,
}


def earns(verdict: Verdict) -> bool:
    return verdict.score > 0


@cache
def respelled(path: Path, name: str) -> list[tuple[Row, str]]:
    """The answers of a table that this respelling changes, with the changed texts."""
    problem, rows = table(path)
    found: list[tuple[Row, str]] = []
    for row in rows:
        text = RESPELLINGS[name](row.answer, problem)
        if text != row.answer:
            # The braces of ``with_left_side`` wait for the target.
            left = f"d{problem.loss}/d{row.target} = "
            found.append((row, text.replace("{} = ", left, 1) if text.startswith("{} = ") else text))
    return found


def changed(path: Path, name: str, most: int | None) -> Iterator[tuple[str, str, str, str]]:
    """The answers of a table whose respelling earns what the answer does not, or the other way round."""
    marker = marker_for(path)
    verdicts = dict(marked(path)) if most is None else {}
    every = respelled(path, name)
    for row, text in every if most is None else every[:: max(1, -(-len(every) // most))]:
        before = verdicts.get(row) or marker.mark(row.target, row.answer, accept="any")
        after = marker.mark(row.target, text, accept="any")
        if earns(before) != earns(after):
            yield row.answer, text, f"{before.verdict} -> {after.verdict}", after.feedback


def test_there_are_27_and_each_changes_something() -> None:
    assert len(RESPELLINGS) == 27
    for name in RESPELLINGS:
        assert sum(len(respelled(path, name)) for path in TABLES) > 5, name


@pytest.mark.parametrize("name", RESPELLINGS)
def test_a_respelling_earns_what_the_answer_earns(name: str) -> None:
    wrong = [
        found for path in (TABLES if THOROUGH else SOME) for found in changed(path, name, None if THOROUGH else SAMPLE)
    ]
    assert not wrong
