"""Random networks with shifted indices, x[i + k - 1]: in sums, products, functions and maxima."""

from __future__ import annotations

import random
from typing import Any


def index(r: random.Random, letters: list[str]) -> str:
    """A random index of one or two letters with small factors and a small shift."""
    parts = ""
    for letter in r.sample(letters, r.randint(1, min(2, len(letters)))):
        factor = r.choice([1, 1, 1, -1, 2])
        parts += ("+" if factor > 0 else "-") + (f"{abs(factor)}*" if abs(factor) != 1 else "") + letter
    return (parts + f"{r.choice([1, -1, 2, -2]):+d}").removeprefix("+")


def network(seed: int) -> dict[str, Any]:
    """A random network with shifted entries in sums, products, functions and maxima."""
    r = random.Random(seed)

    def some(e: str) -> str:
        return r.choice([e, e, f"tanh({e})", f"exp({e}/4)", f"relu({e})", f"({e})**2"])

    def x() -> str:
        return f"x[{index(r, ['i', 'k'])}]"

    first = r.choice(
        [
            f"sum(w[k]*{some(x())}, k) + b[i]",
            f"sum(w[k]*{x()}*{x()}, k)*b[i]",
            f"x[{index(r, ['i'])}]*b[i] + x[{index(r, ['i'])}] + sum(w[k], k)",
            f"max({x()}, k)*sum(w[k], k) + b[i]",
            f"sum({some(x())}, k)*b[i] + sum(w[k], k)",
            f"sum(w[{index(r, ['k', 'i'])}]*x[m], m, k) + b[i]",
        ]
    )
    h = f"h[{index(r, ['j', 's'])}]"
    second = r.choice(
        [
            f"max({h}, s)*sum(u[s], s)",
            f"sum({h}*u[s], s)",
            f"h[{index(r, ['j'])}]*h[{index(r, ['j'])}]*sum(u[s], s)",
            f"sum({h}/(1 + exp(u[s])), s)",
        ]
    )
    return {
        "dims": {"D": r.choice([4, 5, 7]), "K": 3, "M": 6, "P": r.choice([3, 4]), "S": 2},
        "indices": {"i": "M", "k": "K", "m": "D", "j": "P", "s": "S"},
        "symbols": {"x": ["D"], "w": ["K"], "b": ["M"], "u": ["S"], "t": {"shape": ["P"], "role": "target"}},
        "forward": [f"y[i] = {first}", f"h[i] = {some('y[i]')}", f"g[j] = {second}", "L = sum((g[j] - t[j])**2, j)/2"],
    }
