"""PyTorch's autograd on lists of layers of different sizes judges the code that is written for it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch

from backsym.codegen.module import module_source
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

MAPPING: dict[str, Any] = {
    "indices": {"l": {"over": "M", "as": "^{(l)}"}},
    "symbols": {
        "x": {"shape": ["D[0]"], "role": "input"},
        "W": {"shape": ["D[l]", "D[l-1]"], "for": "l"},
        "b": {"shape": ["D[l]"], "for": "l"},
        "y": {"label": "D[M]", "role": "target"},
    },
    "forward": [
        "a[0] = x",
        "z[l] = W[l] @ a[l-1] + b[l]",
        "a[l] = tanh(z[l])",
        "p = softmax(z[M])",
        "L = -log(p[y])",
    ],
}


@pytest.mark.parametrize("sizes", [(3, 2), (4, 2, 5), (2, 5, 3, 4, 3)])
def test_autograd_agrees_with_the_module(sizes: tuple[int, ...]) -> None:
    module: dict[str, Any] = {}
    exec(module_source(solve(problem_from_mapping(MAPPING)), "torch"), module)
    generator = torch.Generator().manual_seed(len(sizes))

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    W = [drawn(after, before) for before, after in pairwise(sizes)]
    b = [drawn(size) for size in sizes[1:]]
    x, y = drawn(sizes[0]), torch.tensor(sizes[-1] - 1)
    a = x
    for weight, bias in zip(W, b, strict=True):
        z = weight @ a + bias
        a = torch.tanh(z)
    torch.nn.functional.cross_entropy(z[None], y[None]).backward()
    with torch.no_grad():
        found = module["backward"](module["forward"]({"x": x, "W": W, "b": b, "y": y}))
    for name, leaves in (("x", [x]), ("W", W), ("b", b)):
        own = found[name] if isinstance(found[name], list) else [found[name]]
        for slope, leaf in zip(own, leaves, strict=True):
            torch.testing.assert_close(slope, leaf.grad, rtol=1e-10, atol=1e-12)
