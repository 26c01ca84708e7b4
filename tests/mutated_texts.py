"""Wrong answers as texts, by a judge of their own: NumPy with columns and rows as matrices, and complex steps.

Each network is a list of NumPy functions; the derivative of its loss by any quantity is a complex step in each entry.
Right answers are small trees, of which a mutant changes one or two places: a transpose more or less, operands in the
other order, parentheses elsewhere, a row where a column is added, another letter.  The judge evaluates the tree by the
rules of matrices, a column never added to a row; what has no value, or another, is wrong.  Circles, bare chain rules
and copied claims are true and earn nothing all the same.  Nothing of backsym is used here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np

STEP = 1e-30
Tree = tuple[Any, ...]
Values = dict[str, Any]


@dataclass(frozen=True)
class Network:
    """A problem file's mapping; the shapes of its leaves, vectors as columns; its equations in NumPy."""

    mapping: Mapping[str, Any]
    leaves: Mapping[str, tuple[int, ...]]
    equations: tuple[tuple[str, Callable[[Values], Any]], ...]
    right: Mapping[str, tuple[Tree, ...]]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def total(z: Any) -> Any:
    return np.sum(z)


# --- trees -----------------------------------------------------------------------------------------------------------


def v(name: str) -> Tree:
    return ("v", name)


def d(name: str) -> Tree:
    """The derivative of the loss by a quantity."""
    return ("d", name)


def t(e: Tree) -> Tree:
    return ("T", e)


def mm(*args: Tree) -> Tree:
    """A product by juxtaposition, from the left."""
    e = args[0]
    for arg in args[1:]:
        e = ("mm", e, arg)
    return e


def had(a: Tree, b: Tree) -> Tree:
    return ("had", a, b)


def add(a: Tree, b: Tree) -> Tree:
    return ("add", a, b)


def sub(a: Tree, b: Tree) -> Tree:
    return ("sub", a, b)


def slope(h: str) -> Tree:
    """1 - h^2"""
    return sub(("num", 1), ("sq", v(h)))


def square_slope(h: str) -> Tree:
    """1 - H ⊙ H, for a square matrix, whose power might be the matrix product"""
    return sub(("num", 1), had(v(h), v(h)))


class IllFormed(Exception):
    """What the rules of matrices do not allow."""


def value(e: Tree, values: Values) -> Any:
    kind, *args = e
    if kind == "num":
        return float(args[0])
    if kind in "vd":
        return values[args[0] if kind == "v" else f"d_{args[0]}"]
    first, *rest = [value(arg, values) for arg in args]
    if kind == "T":
        return np.transpose(first)
    if kind == "sq":
        return first**2
    second = rest[0]
    alone = np.ndim(first) == 0 or np.ndim(second) == 0
    if kind == "mm":
        if alone:
            return first * second
        if first.shape[1] != second.shape[0]:
            raise IllFormed
        found = first @ second
        return found[0, 0] if found.shape == (1, 1) else found
    if not alone and first.shape != second.shape:
        raise IllFormed
    return first * second if kind == "had" else first + second if kind == "add" else first - second


# --- texts -----------------------------------------------------------------------------------------------------------


def plain(e: Tree) -> str:
    """As a student types it."""
    kind, *args = e
    if kind in ("num", "v"):
        return str(args[0])
    if kind == "d":
        return f"dL/d{args[0]}"
    if kind in ("T", "sq"):
        inner = plain(args[0])
        mark = "^T" if kind == "T" else "^2"
        return f"({inner}){mark}" if args[0][0] not in ("v",) else f"{inner}{mark}"
    left, right = (plain(arg) for arg in args)
    if kind == "mm":
        left = left if args[0][0] in ("mm", "v", "d", "T", "sq") else f"({left})"
        right = right if args[1][0] in ("v", "T", "sq") else f"({right})"
        return f"{left} {right}"
    if kind == "had":
        left, right = (s if a[0] in ("v", "sq", "T") else f"({s})" for s, a in zip((left, right), args, strict=True))
        return f"{left} ⊙ {right}"
    sign = {"add": "+", "sub": "-"}[kind]
    right = right if args[1][0] not in ("add", "sub") else f"({right})"
    return f"{left} {sign} {right}"


def latex(e: Tree) -> str:
    kind, *args = e
    if kind == "num":
        return str(args[0])
    if kind == "v":
        return f"\\mathbf{{{args[0]}}}" if len(args[0]) == 1 else args[0]
    if kind == "d":
        return f"\\frac{{\\partial L}}{{\\partial {args[0]}}}"
    if kind in ("T", "sq"):
        mark = r"^\top" if kind == "T" else "^2"
        inner = latex(args[0])
        return f"\\left({inner}\\right){mark}" if args[0][0] != "v" else f"{inner}{mark}"
    left, right = (latex(arg) for arg in args)
    if kind == "mm":
        left = left if args[0][0] in ("mm", "v", "d", "T", "sq") else f"\\left({left}\\right)"
        right = right if args[1][0] in ("v", "d", "T", "sq") else f"\\left({right}\\right)"
        return f"{left} {right}"
    if kind == "had":
        left, right = (
            s if a[0] in ("v", "d", "sq", "T") else f"\\left({s}\\right)"
            for s, a in zip((left, right), args, strict=True)
        )
        return f"{left} \\odot {right}"
    sign = {"add": "+", "sub": "-"}[kind]
    right = right if args[1][0] not in ("add", "sub") else f"\\left({right}\\right)"
    return f"{left} {sign} {right}"


# --- networks --------------------------------------------------------------------------------------------------------

VECTOR, MATRIX = (4, 1), (4, 4)


def _given(role: str, *shape: str) -> dict[str, Any]:
    return {"shape": list(shape), "role": role}


NETWORKS: Mapping[str, Network] = {
    "two layers": Network(
        {
            "symbols": {
                "x": _given("input", "D"), "W": ["K", "D"], "b": ["K"], "V": ["K", "K"], "t": _given("target", "K"),
            },
            "forward": ["z = W @ x + b", "h = tanh(z)", "u = V @ h", "r = u + h", "L = 1/2*sum((r - t)**2)"],
        },
        {"x": (3, 1), "W": (4, 3), "b": VECTOR, "V": MATRIX, "t": VECTOR},
        (
            ("z", lambda e: e["W"] @ e["x"] + e["b"]), ("h", lambda e: np.tanh(e["z"])),
            ("u", lambda e: e["V"] @ e["h"]), ("r", lambda e: e["u"] + e["h"]),
            ("L", lambda e: total((e["r"] - e["t"]) ** 2) / 2),
        ),
        {
            "r": (sub(v("r"), v("t")), sub(add(v("u"), v("h")), v("t"))),
            "u": (d("r"), sub(v("r"), v("t"))),
            "V": (mm(d("u"), t(v("h"))), mm(sub(v("r"), v("t")), t(v("h")))),
            "h": (
                add(mm(t(v("V")), d("u")), d("r")),
                add(mm(t(v("V")), sub(v("r"), v("t"))), sub(v("r"), v("t"))),
                t(add(mm(t(d("u")), v("V")), t(d("r")))),
            ),
            "z": (
                had(d("h"), slope("h")),
                had(add(mm(t(v("V")), d("u")), d("r")), slope("h")),
            ),
            "b": (d("z"), had(d("h"), slope("h"))),
            "W": (mm(d("z"), t(v("x"))), mm(had(d("h"), slope("h")), t(v("x")))),
            "x": (mm(t(v("W")), d("z")), mm(t(v("W")), had(d("h"), slope("h"))), t(mm(t(d("z")), v("W")))),
        },
    ),
    "form": Network(
        {
            "symbols": {"v": _given("input", "D"), "M": ["D", "D"], "c": ["D"], "t": _given("target")},
            "forward": ["q = v.T @ M @ v", "e = q + dot(c, v) - t", "L = 1/2*e**2"],
        },
        {"v": VECTOR, "M": MATRIX, "c": VECTOR, "t": ()},
        (
            ("q", lambda e: (e["v"].T @ e["M"] @ e["v"])[0, 0]),
            ("e", lambda e: e["q"] + total(e["c"] * e["v"]) - e["t"]), ("L", lambda e: e["e"] ** 2 / 2),
        ),
        {
            "M": (mm(d("q"), mm(v("v"), t(v("v")))), mm(v("e"), mm(v("v"), t(v("v"))))),
            "c": (mm(d("e"), v("v")), mm(v("e"), v("v"))),
            "v": (
                add(mm(d("q"), mm(add(v("M"), t(v("M"))), v("v"))), mm(d("e"), v("c"))),
                mm(v("e"), add(add(mm(v("M"), v("v")), mm(t(v("M")), v("v"))), v("c"))),
                mm(v("e"), add(t(mm(t(v("v")), add(v("M"), t(v("M"))))), v("c"))),
            ),
        },
    ),
    "matrices": Network(
        {
            "symbols": {"G": ["N", "N"], "H": _given("input", "N", "N"), "T": _given("target", "N", "N")},
            "forward": ["E = G @ H", "F = tanh(E)", "L = 1/2*sum((F - T)**2)"],
        },
        {"G": MATRIX, "H": MATRIX, "T": MATRIX},
        (
            ("E", lambda e: e["G"] @ e["H"]), ("F", lambda e: np.tanh(e["E"])),
            ("L", lambda e: total((e["F"] - e["T"]) ** 2) / 2),
        ),
        {
            "F": (sub(v("F"), v("T")),),
            "E": (had(d("F"), square_slope("F")), had(sub(v("F"), v("T")), square_slope("F"))),
            "G": (mm(d("E"), t(v("H"))), mm(had(d("F"), square_slope("F")), t(v("H")))),
            "H": (mm(t(v("G")), d("E")), mm(t(v("G")), had(d("F"), square_slope("F"))), t(mm(t(d("E")), v("G")))),
        },
    ),
    "bypass": Network(
        {
            "symbols": {"x": _given("input", "D"), "B": ["D", "D"], "t": _given("target", "D")},
            "forward": ["s = B @ x", "o = tanh(s)", "r = x + o", "L = squared_error(r, t)"],
        },
        {"x": VECTOR, "B": MATRIX, "t": VECTOR},
        (
            ("s", lambda e: e["B"] @ e["x"]), ("o", lambda e: np.tanh(e["s"])), ("r", lambda e: e["x"] + e["o"]),
            ("L", lambda e: total((e["r"] - e["t"]) ** 2) / 2),
        ),
        {
            "r": (sub(v("r"), v("t")),),
            "s": (had(d("o"), slope("o")), had(sub(v("r"), v("t")), slope("o"))),
            "B": (mm(d("s"), t(v("x"))), mm(had(d("o"), slope("o")), t(v("x")))),
            "x": (
                add(mm(t(v("B")), d("s")), d("r")),
                add(mm(t(v("B")), had(d("o"), slope("o"))), d("r")),
                t(add(mm(t(d("s")), v("B")), t(d("r")))),
            ),
        },
    ),
}  # fmt: skip


def points(network: Network, count: int = 3) -> list[Values]:
    """Random values of all quantities, with the derivatives of the loss by complex steps: ``d_z`` for z."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        values: Values = {name: rng.normal(size=shape) for name, shape in network.leaves.items()}
        values = {name: float(x) if np.ndim(x) == 0 else x for name, x in values.items()}
        _run(network, values, None)
        for name in [*network.leaves, *(name for name, _ in network.equations)]:
            values[f"d_{name}"] = _derivative(network, values, name)
        found.append(values)
    return found


def _run(network: Network, values: Values, held: str | None) -> Any:
    """Run the equations; ``held`` keeps the value that it has."""
    for name, equation in network.equations:
        if name != held:
            values[name] = equation(values)
    return values[network.equations[-1][0]]


def _derivative(network: Network, values: Values, name: str) -> Any:
    whole = np.asarray(values[name], dtype=complex)
    slopes = np.zeros(whole.shape)
    for at in np.ndindex(whole.shape):
        moved = whole.copy()
        moved[at] += 1j * STEP
        own = {**values, name: moved if moved.ndim else complex(moved)}
        slopes[at] = np.imag(_run(network, own, name)) / STEP
    return slopes if slopes.ndim else float(slopes)


def is_right(e: Tree, target: str, known: list[Values]) -> bool:
    """Whether a tree is the derivative of the loss by the target, in the layout of the target."""
    for values in known:
        true = values[f"d_{target}"]
        try:
            own = value(e, values)
        except (IllFormed, ValueError, IndexError):
            return False
        if np.shape(own) != np.shape(true) or not np.allclose(own, true, rtol=1e-9, atol=1e-9):
            return False
    return True


# --- mutants ---------------------------------------------------------------------------------------------------------


def mutants(e: Tree) -> Iterator[tuple[str, Tree]]:
    """Every tree with one place changed, with the kind of the change."""
    kind, *args = e
    if kind != "num":
        yield ("transposed", t(e)) if kind != "T" else ("not transposed", args[0])
    if kind in ("mm", "sub") and args[0] != args[1]:
        yield "swapped", (kind, args[1], args[0])
    if kind == "mm":
        yield "entry by entry", had(args[0], args[1])
    if kind == "had":
        yield "matrix product", ("mm", args[0], args[1])
    for n, arg in enumerate(args):
        if not isinstance(arg, tuple):
            continue
        if arg[0] in ("mm", "had", "add", "sub") and arg[0] != kind and kind in ("mm", "had", "add", "sub"):
            a, b = arg[1], arg[2]
            other = args[1 - n]
            # (a + b) c as a + b c, (a b) ⊙ c as a (b ⊙ c): the inner operation is done last.
            yield "precedence", (arg[0], a, (kind, b, other)) if n == 0 else (arg[0], (kind, other, a), b)
        for name, new in mutants(arg):
            yield name, (kind, *args[:n], new, *args[n + 1 :])


Mutant = tuple[str, str, str, str]
"""Kind, name of the network, target, text."""


def wrong_by_value() -> Iterator[Mutant]:
    """Mutants with one change, then with two, that the judge finds wrong."""
    for depth in (1, 2):
        for name, network in NETWORKS.items():
            known = points(network)
            for target, forms in network.right.items():
                seen: set[Tree] = set(forms)
                for form in forms:
                    assert is_right(form, target, known), (name, target, form)
                    for kind, e in _changed(form, depth):
                        if e in seen:
                            continue
                        seen.add(e)
                        if not is_right(e, target, known):
                            yield kind, name, target, (plain, latex)[len(seen) % 2](e)


def _changed(e: Tree, depth: int) -> Iterator[tuple[str, Tree]]:
    for kind, one in mutants(e):
        if depth == 1:
            yield kind, one
        else:
            yield from ((f"{kind}, {other}", two) for other, two in mutants(one))


def rows_added() -> Iterator[Mutant]:
    """Right answers with one addend, or one factor of ⊙, as a row; the whole turned or not."""
    for name, network in NETWORKS.items():
        for target, forms in network.right.items():
            for form in forms:
                for e in _with_rows(form):
                    if not is_right(e, target, points(network, 1)):
                        yield "row to column", name, target, plain(e)
                        yield "row to column", name, target, latex(t(e))


def _with_rows(e: Tree) -> Iterator[Tree]:
    kind, *args = e
    if kind in ("add", "sub", "had"):
        yield (kind, t(args[0]), args[1])
        yield (kind, args[0], t(args[1]))
    for n, arg in enumerate(args):
        if isinstance(arg, tuple):
            yield from ((kind, *args[:n], new, *args[n + 1 :]) for new in _with_rows(arg))


# --- letters ---------------------------------------------------------------------------------------------------------

Factors = tuple[tuple[str, str], ...]

BY_ENTRIES: Mapping[tuple[str, str], tuple[str, str, Factors]] = {
    ("two layers", "V"): ("kj", "", (("d_u", "k"), ("h", "j"))),
    ("bypass", "B"): ("ij", "", (("d_s", "i"), ("x", "j"))),
    ("matrices", "G"): ("ij", "k", (("d_E", "ik"), ("H", "jk"))),
    ("matrices", "H"): ("ij", "k", (("G", "ki"), ("d_E", "kj"))),
    ("form", "M"): ("ij", "", (("e", ""), ("v", "i"), ("v", "j"))),
}
"""Derivatives entry by entry: the letters of the axes, the letter that is summed over, the factors."""


def wrong_letters() -> Iterator[Mutant]:
    """Every other way to put the letters, and the sum left out."""
    for (name, target), (free, bound, factors) in BY_ENTRIES.items():
        known = points(NETWORKS[name])
        pool = free + bound
        for own in product(*(product(pool, repeat=len(at)) for _, at in factors)):
            letters = ["".join(at) for at in own]
            for summed in (bound, "") if bound else ("",):
                mutant = [(factor, at) for (factor, _), at in zip(factors, letters, strict=True)]
                if not _entries_right(target, free, summed, mutant, known):
                    yield "letters", name, target, _by_entries(target, free, summed, mutant)


def _entries_right(target: str, free: str, bound: str, factors: list[tuple[str, str]], known: list[Values]) -> bool:
    used = {letter for _, at in factors for letter in at}
    if used != {*free, *bound}:
        return False
    for values in known:
        arrays = [np.squeeze(np.asarray(values[name])) for name, _ in factors]
        own = np.einsum(",".join(at for _, at in factors) + f"->{free}", *arrays)
        if not np.allclose(own, values[f"d_{target}"], rtol=1e-9, atol=1e-9):
            return False
    return True


def _by_entries(target: str, free: str, bound: str, factors: list[tuple[str, str]]) -> str:
    def one(name: str, at: str) -> str:
        base = f"dL/d{name[2:]}" if name.startswith("d_") else name
        return f"{base}[{','.join(at)}]" if at else base

    body = "*".join(one(name, at) for name, at in factors)
    return f"dL/d{target}[{','.join(free)}] = " + (f"sum({body}, {bound})" if bound else body)


# --- true, and worth nothing -----------------------------------------------------------------------------------------

UNIT: Mapping[str, Any] = {
    "symbols": {
        "x": {"role": "input"},
        "w": {"role": "parameter"},
        "b": {"role": "parameter"},
        "t": {"role": "target"},
    },
    "forward": ["z = w*x + b", "y = tanh(z)", "L = 1/2*(y - t)**2"],
}
SHOWN: Mapping[str, Any] = {
    **UNIT,
    "parts": [{"show": "dL/dz = (y - t)*(1 - y**2)"}, {"show": "dL/dw = dL/dz*x"}, {"show": "dL/db = dL/dz"}],
}

CLAIMS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "z": (
        ("-(t - y)", "(1 - y^2)"), ("(t - y)", "(y^2 - 1)"), ("2", "(y - t)", "(1/2 - y^2/2)"),
        ("(y - t)", "(1 - y^2)"), ("(-t + y)", "(1 - y^2)"), ("(y - t)", "(-y^2 + 1)"), ("(-t + y)", "(-y^2 + 1)"),
    ),
    "w": (("dL/dz", "x"),),
    "b": (("dL/dz",),),
}  # fmt: skip


def circles() -> Iterator[Mutant]:
    """The derivative that is asked for, by its own name or by one that is found from it."""
    own = {name: [*network.right] for name, network in NETWORKS.items()}
    own["unit"] = ["z", "y", "w", "b", "x"]
    for name, targets in own.items():
        for target in targets:
            for text in (
                "dL/d{0}", "dL/d{0} = dL/d{0}", "1*dL/d{0}", "g = dL/d{0}\ng", "-(-dL/d{0})", "2*dL/d{0}/2",
                "dL/d{0} + dL/d{0} - dL/d{0}", r"\nabla_{{{0}}} L", r"\frac{{\partial L}}{{\partial {0}}}",
                "d{0}", "grad({0})",
            ):  # fmt: skip
                yield "circle", name, target, text.format(target)
    for text in ("dL/db", "dL/db + 0", "dL/dw/x", "g = dL/db\n1*g", "dL/dx/w"):
        yield "circle", "unit", "z", text


def chains() -> Iterator[Mutant]:
    """Products of local derivatives, in all orders, of which none is worked out."""
    rules = {
        "z": ("dL/dy", "dy/dz"), "w": ("dL/dy", "dy/dz", "dz/dw"), "b": ("dL/dy", "dy/dz", "dz/db"),
        "x": ("dL/dy", "dy/dz", "dz/dx"),
    }  # fmt: skip
    for target, factors in rules.items():
        forms = [factors, *([("dL/dz", factors[-1])] if target != "z" else [])]
        for form in forms:
            for order in permutations(form):
                for text in ("{}", "dL/d" + target + " = {}", "1*{}", "-(-{})"):
                    yield "chain", "unit", target, text.format("*".join(order))
                fractions = (f.split("/") for f in order)
                tex = " ".join(f"\\frac{{\\partial {a[1:]}}}{{\\partial {b[1:]}}}" for a, b in fractions)
                yield "chain", "unit", target, tex


def claims() -> Iterator[Mutant]:
    """What is to be shown, copied: factors and terms in any order, in any brackets, line by line."""
    for target, forms in CLAIMS.items():
        for form in forms:
            for order in permutations(form):
                for sign in ("*", " "):
                    body = sign.join(order)
                    for text in (
                        "{0}",
                        "dL/d{1} = {0}",
                        "({0})",
                        "1*{0}",
                        "dL/d{1} = {0}\ndL/d{1} = {0}",
                        "dL/d{1} = {0} = {0}",
                    ):
                        yield "claim", "shown", target, text.format(body, target)


def all_mutants() -> list[Mutant]:
    """All of them, each text once, in an order that is the same on every machine."""
    found = dict.fromkeys((*circles(), *chains(), *claims(), *rows_added(), *wrong_letters(), *wrong_by_value()))
    mixed = list(found)
    random.Random(0).shuffle(mixed)
    return mixed
