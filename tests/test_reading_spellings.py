"""One expression in many spellings has one value; a product that may be grouped in several ways has the stated one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from extent import examples

from backsym.core.problem import Problem
from backsym.marking.answers.model import ReadAnswer, Unreadable
from backsym.marking.answers.reader import AnswerReader
from backsym.numeric.axes import arrange
from backsym.numeric.context import Context
from backsym.numeric.evaluate import ev
from backsym.reading.files.loader import problem_from_mapping

SIZES = {"D": 3, "K": 2}
SHAPES: dict[str, tuple[str, ...]] = {
    "u": ("D",), "w": ("D",), "v": ("K",), "q": ("K",), "W": ("K", "D"), "M": ("K", "D"), "r": (), "c": (),
}  # fmt: skip
TARGETS = {("D",): "u", ("K",): "v", ("K", "D"): "W", (): "r"}
_DRAWN = np.random.default_rng(11)
VALUES = {name: _DRAWN.uniform(0.3, 1.7, [SIZES[d] for d in shape]) for name, shape in SHAPES.items()}
CONTEXT = Context(SIZES, VALUES, {}, {}, {})


class Tree(NamedTuple):
    """An expression with its shape: ``op`` is leaf, num, add, sub, neg, had, scale, mv, tmv, dot, outer, sum or fn."""

    op: str
    shape: tuple[str, ...]
    args: tuple[Any, ...]


def tree(rng: Random, shape: tuple[str, ...], depth: int) -> Tree:
    """A random expression of a shape."""
    names = [name for name, own in SHAPES.items() if own == shape]
    if depth == 0:
        return Tree("leaf", shape, (rng.choice(names),))

    def part(of: tuple[str, ...] = shape) -> Tree:
        return tree(rng, of, rng.randrange(depth))

    usual: list[Callable[[], Tree]] = [
        lambda: Tree("add", shape, (part(), part())), lambda: Tree("sub", shape, (part(), part())),
        lambda: Tree("neg", shape, (part(),)), lambda: Tree("scale", shape, (part(()), part())),
        lambda: Tree("fn", shape, (rng.choice(("tanh", "exp", "sin")), part())),
    ]  # fmt: skip
    own: dict[tuple[str, ...], list[Callable[[], Tree]]] = {
        (): [
            lambda: Tree("dot", (), (part(("D",)), part(("D",)))),
            lambda: Tree("dot", (), (part(("K",)), part(("K",)))),
            lambda: Tree("sum", (), (part(("K",)),)),
        ],
        ("D",): [lambda: Tree("tmv", shape, (part(("K", "D")), part(("K",))))],
        ("K",): [lambda: Tree("mv", shape, (part(("K", "D")), part(("D",))))],
        ("K", "D"): [lambda: Tree("outer", shape, (part(("K",)), part(("D",))))],
    }  # fmt: skip
    if shape:
        usual.append(lambda: Tree("had", shape, (part(), part())))
    return rng.choice([*usual, *own[shape], *own[shape]])()


def value(t: Tree) -> Any:
    if t.op == "leaf":
        return VALUES[t.args[0]]
    if t.op == "fn":
        return {"tanh": np.tanh, "exp": np.exp, "sin": np.sin}[t.args[0]](value(t.args[1]))
    a, *rest = map(value, t.args)
    b = rest[0] if rest else None
    return {
        "add": lambda: a + b, "sub": lambda: a - b, "neg": lambda: -a, "scale": lambda: a * b, "had": lambda: a * b,
        "dot": lambda: a @ b, "sum": lambda: a.sum(), "tmv": lambda: a.T @ b, "mv": lambda: a @ b,
        "outer": lambda: np.outer(a, b),
    }[t.op]()  # fmt: skip


CODE = {"scale": "{}*{}", "had": "{}*{}", "mv": "{} @ {}", "tmv": "{}.T @ {}"}
FORMULA = {"scale": "{} {}", "mv": "{} {}"}


class Dialect(NamedTuple):
    """Templates of operations, how a name is written and a function called, and the parentheses."""

    ops: dict[str, str]
    name: Callable[[str], str] = str
    call: str = "{}({})"
    group: str = "({})"


def font(macro: str) -> Callable[[str], str]:
    return lambda name: name if SHAPES[name] == () else rf"\{macro}{{{name}}}"


DIALECTS = {
    "plain": Dialect({**CODE, "dot": "{}.T @ {}", "outer": "{} @ {}.T", "sum": "sum({})"}),
    "functions": Dialect({**CODE, "dot": "dot({}, {})", "outer": "outer({}, {})", "sum": "sum({})"}),
    "numpy": Dialect(
        {**CODE, "dot": "np.dot({}, {})", "outer": "np.outer({}, {})", "sum": "np.sum({})"}, call="np.{}({})"
    ),
    "methods": Dialect(
        {**CODE, "had": "np.multiply({}, {})", "dot": "{} @ {}", "outer": "{}[:, None]*{}[None, :]", "sum": "{}.sum()"},
        call="np.{}({})",
    ),
    "torch": Dialect(
        {**CODE, "tmv": "{}.t() @ {}", "dot": "torch.dot({}, {})", "outer": "torch.outer({}, {})", "sum": "{}.sum()"},
        call="torch.{}({})",
    ),
    "bold": Dialect(
        {
            **FORMULA, "had": r"{} \odot {}", "dot": r"{}^\top {}", "outer": r"{} {}^\top", "tmv": r"{}^\top {}",
            "sum": r"\text{{sum}}({})",
        },
        font("mathbf"), r"\{}({})", r"\left({}\right)",
    ),
    "symbols": Dialect(
        {
            "scale": r"{} \cdot {}", "mv": "{} {}", "had": r"{} \circ {}", "dot": r"{}^{{T}} {}",
            "outer": r"{} \otimes {}", "tmv": r"{}^{{\mathsf{{T}}}} {}", "sum": r"\mathbf{{1}}^T {}",
        },
        font("boldsymbol"), r"\{}\left({}\right)", r"\big({}\big)",
    ),
    "light": Dialect(
        {
            **FORMULA, "had": r"{}\odot {}", "dot": r"{}^T {}", "outer": r"{} {}^\intercal", "tmv": r"{}^T {}",
            "sum": r"\operatorname{{sum}}({})",
        },
        call=r"\{}({})",
    ),
    "unicode": Dialect(
        {**FORMULA, "had": "{} ⊙ {}", "dot": "{}ᵀ {}", "outer": "{} ⊗ {}", "tmv": "{}ᵀ {}", "sum": "sum({})"}
    ),
    "sympy": Dialect(
        {
            "add": "Add({}, {})", "sub": "Add({}, Mul(-1, {}))", "neg": "Mul(-1, {})", "scale": "Mul({}, {})",
            "had": "HadamardProduct({}, {})", "mv": "MatMul({}, {})", "tmv": "MatMul(Transpose({}), {})",
            "dot": "Trace(MatMul({}, Transpose({})))", "outer": "MatMul({}, Transpose({}))", "sum": "sum({})",
        },
    ),
}  # fmt: skip


def spelled(t: Tree, dialect: Dialect) -> str:
    """The expression in one dialect, with parentheses around whatever is composed."""

    def inner(part: Tree) -> str:
        text = spelled(part, dialect)
        return text if part.op in ("leaf", "fn") else dialect.group.format(text)

    if t.op == "leaf":
        return dialect.name(t.args[0])
    if t.op == "fn":
        return dialect.call.format(t.args[0], spelled(t.args[1], dialect))
    ops = {"add": "{} + {}", "sub": "{} - {}", "neg": "-{}", **dialect.ops}
    return ops[t.op].format(*map(inner, t.args))


@cache
def problem() -> Problem:
    return problem_from_mapping(
        {
            "symbols": {name: list(shape) if shape else None for name, shape in SHAPES.items()},
            "forward": ["L = r*c*sum(W*M) + sum(u*w) + sum(v*q)"],
        }
    )


@cache
def reader() -> AnswerReader:
    return AnswerReader(problem())


def read(text: str, shape: tuple[str, ...]) -> ReadAnswer | Unreadable:
    return reader().read(reader().target(TARGETS[shape]), text)


def value_of(answer: ReadAnswer) -> Any:
    assert not answer.indices
    return np.squeeze(arrange(ev(answer.expr, CONTEXT), (), ()))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_spelling_of_an_expression_has_its_value(dialect: str) -> None:
    for seed in range(examples(120)):
        rng = Random(seed)
        t = tree(rng, rng.choice(list(TARGETS)), 3)
        text = spelled(t, DIALECTS[dialect])
        answer = read(text, t.shape)
        assert isinstance(answer, ReadAnswer), (text, answer.message)
        np.testing.assert_allclose(value_of(answer), value(t), rtol=1e-9, err_msg=text)


# --- products without parentheses ------------------------------------------------------------------------------------

FACTORS = {"u": "u", "w": "w", "v": "v", "q": "q", "uᵀ": "u", "vᵀ": "v", "W": "W", "Wᵀ": "W"}


def column(factor: str) -> Any:
    array = VALUES[FACTORS[factor]]
    array = array[:, None] if array.ndim == 1 else array
    return array.T if factor.endswith("ᵀ") else array


def together(a: Any, sign: str, b: Any) -> Any:
    """The product of two arrays; None where their shapes do not fit."""
    if a is None or b is None:
        return None
    if sign == " ":
        return a @ b if a.shape[1] == b.shape[0] else a * b if 1 in (a.size, b.size) else None
    return a * b if a.shape == b.shape else None


def customary(factors: list[str], signs: list[str]) -> Any:
    """Juxtaposition first, then the element-wise products."""
    for sign in (" ", "⊙"):
        parts, rest = [column(factors[0]) if isinstance(factors[0], str) else factors[0]], []
        for own, factor in zip(signs, factors[1:], strict=True):
            right = column(factor) if isinstance(factor, str) else factor
            if own == sign:
                parts[-1] = together(parts[-1], own, right)
            else:
                parts.append(right)
                rest.append(own)
        factors, signs = parts, rest
    return factors[0]


def groupings(factors: list[str], signs: list[str]) -> list[Any]:
    """The values of all the ways to put parentheses into a product that fit."""
    if len(factors) == 1:
        return [column(factors[0])]
    found: list[Any] = []
    for n, sign in enumerate(signs):
        for a in groupings(factors[: n + 1], signs[:n]):
            for b in groupings(factors[n + 1 :], signs[n + 1 :]):
                done = together(a, sign, b)
                if done is not None and not any(_same(done, other) for other in found):
                    found.append(done)
    return found


def _same(a: Any, b: Any) -> bool:
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-9)


def products(seed: int) -> dict[str, list[tuple[list[str], list[str], tuple[str, ...], Any]]]:
    """Random products of three to five factors with both signs, by how the rule reads them."""
    rng, found = Random(seed), dict[str, list[Any]](customary=[], other=[], refused=[])
    for _ in range(4000):
        factors = rng.choices(list(FACTORS), k=rng.randint(3, 5))
        signs = rng.choices(" ⊙", k=len(factors) - 1)
        shape, expected, kind = told(factors, signs)
        if shape is not None and len(set(signs)) == 2:
            found[kind].append((factors, signs, shape, expected))
    return found


def test_a_product_without_parentheses_has_the_stated_grouping() -> None:
    """The customary grouping where it fits, else the only other that does; where several others fit, none is taken."""
    found = products(0)
    for kind, cases in found.items():
        assert len(cases) > (0 if kind == "refused" else 9), (kind, len(cases))
        for factors, signs, shape, expected in cases[: examples(60)]:
            text = "".join(f"{a} {sign} " for a, sign in zip(factors, [*signs, ""], strict=True)).strip()
            answer = read(text, shape)
            if kind == "refused":
                assert isinstance(answer, Unreadable) or answer.others or answer.regrouped, text
                continue
            assert isinstance(answer, ReadAnswer), (text, answer.message)
            np.testing.assert_allclose(value_of(answer), np.squeeze(expected), rtol=1e-9, err_msg=text)


def told(factors: list[str], signs: list[str]) -> tuple[tuple[str, ...] | None, Any, str]:
    """The shape and value that the rule gives a product; no shape for one that is none, is a row or holds a number."""
    sizes = {(3, 1): ("D",), (2, 1): ("K",), (2, 3): ("K", "D")}
    usual = customary(factors, signs)
    if usual is not None:
        return sizes.get(usual.shape), usual, "customary"
    others = groupings(factors, signs)
    if not others:
        return None, None, "refused"
    return sizes.get(others[0].shape), others[0], "other" if len(others) == 1 else "refused"
