"""Graphs that the tests of ``backsym.graphs`` go through, and geometry to judge drawings by."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

from known import bundled, networks
from random_networks import network

from backsym.core.problem import Problem
from backsym.reading.files.loader import problem_from_mapping

Point = tuple[float, float]
Pair = tuple[str, str]


def problem(forward: Sequence[str], **symbols: Any) -> Problem:
    return problem_from_mapping({"title": "A test", "symbols": symbols, "forward": list(forward)})


def examples(randoms: int = 0) -> Iterator[tuple[str, Problem]]:
    """All bundled problems, all networks of the tests, and some random ones, by name."""
    yield from bundled().items()
    yield from networks().items()
    for seed in range(randoms):
        yield f"random-{seed}", problem_from_mapping({"title": f"random {seed}", **network(seed)})


def dense(inputs: int, hidden: int) -> Problem:
    """A fully connected network of scalars."""
    symbols: dict[str, Any] = {f"x{i}": {"role": "input"} for i in range(1, inputs + 1)}
    forward = []
    for j in range(1, hidden + 1):
        forward.append(f"m{j} = " + " + ".join(f"w{i}_{j}*x{i}" for i in range(1, inputs + 1)))
        forward.append(f"h{j} = relu(m{j})")
        symbols |= {f"w{i}_{j}": {} for i in range(1, inputs + 1)}
    symbols |= {f"v{j}": {} for j in range(1, hidden + 1)}
    forward += ["y = " + " + ".join(f"v{j}*h{j}" for j in range(1, hidden + 1)), "L = y**2"]
    return problem(forward, **symbols)


def chain(length: int) -> Problem:
    """A chain of functions: the deepest graph of its size."""
    forward = ["a1 = tanh(x)", *(f"a{n} = tanh(a{n - 1})" for n in range(2, length - 1)), f"L = a{length - 2}**2"]
    return problem(forward, x={"role": "input"})


# --- geometry --------------------------------------------------------------------------------------------------------


def cross(first: Sequence[Point], second: Sequence[Point]) -> int:
    """How often two lines cross."""

    def side(a: Point, b: Point, c: Point) -> float:
        value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        return value if abs(value) > 1e-9 else 0.0

    count = 0
    for a, b in pairwise(first):
        for c, d in pairwise(second):
            if max(a[0], b[0]) >= min(c[0], d[0]) and max(c[0], d[0]) >= min(a[0], b[0]):
                count += side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
    return count


def crossing_edges(paths: Mapping[Pair, Sequence[Point]]) -> int:
    """How many pairs of edges without a common end cross."""
    return sum(bool(cross(paths[a], paths[b])) for a, b in combinations(paths, 2) if not {*a} & {*b})


def graphviz(names: Sequence[str], edges: Sequence[Pair]) -> dict[Pair, list[Point]]:
    """The paths of the edges as dot draws them from left to right."""
    source = "digraph{rankdir=LR;node[shape=circle];"
    source += "".join(f'"{name}";' for name in names) + "".join(f'"{a}"->"{b}";' for a, b in edges) + "}"
    output = subprocess.run(
        ["dot", "-Tplain"], input=source, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    paths: dict[Pair, list[Point]] = {}
    for line in output.splitlines():
        words = line.split()
        if words[0] == "edge":
            numbers = [float(word) for word in words[4 : 4 + 2 * int(words[3])]]
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            paths[words[1].strip('"'), words[2].strip('"')] = _spline(points)
    return paths


def _spline(points: Sequence[Point]) -> list[Point]:
    out = [points[0]]
    for at in range(0, len(points) - 1, 3):
        p = points[at : at + 4]
        for n in range(1, 13):
            t = n / 12
            weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3)
            out.append(
                (sum(w * q[0] for w, q in zip(weights, p, strict=True)),
                 sum(w * q[1] for w, q in zip(weights, p, strict=True)))
            )  # fmt: skip
    return out
