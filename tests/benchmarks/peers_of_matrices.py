"""A Gaussian likelihood, backpropagation through time and a Hessian, by backsym and by libraries that differentiate.

The second table of ``bench_peers.py``, in the same units: PyTorch and JAX find numbers at one point, by reverse mode
and ``torch.func.hessian`` or ``jax.hessian``; SymPy a formula for each entry at fixed sizes; backsym formulas for any
sizes, any length of the sequence included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backsym.codegen.module import module_source
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

SIZES = {"N": 4, "D": 3, "H": 2, "T": 4}
RUNS = 3
RELATIVE = 1e-6
"""Second derivatives are compared with differences."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """A loss in the words of a problem file, and as a function of matrices and columns; ``m`` has the functions."""

    title: str
    symbols: dict[str, list[str]]
    forward: list[str]
    loss: Callable[[Any, Any], Any]
    by: tuple[str, ...]
    indices: dict[str, str] = field(default_factory=dict)
    second: bool = False

    def point(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(3)
        values = {name: rng.uniform(0.2, 1, self.sizes(name)) for name in self.symbols}
        return {name: x + 2 * np.eye(len(x)) if name == "S" else x for name, x in values.items()}

    def sizes(self, name: str) -> tuple[int, int]:
        shape = [SIZES[d] for d in self.symbols[name]]
        return (shape[0], shape[1] if len(shape) == 2 else 1)


def gaussian(m: Any, v: Any) -> Any:
    r = v.X - m.ones(SIZES["N"]) @ v.mu.T
    return m.logdet(v.S) * SIZES["N"] / 2 + m.dot(r @ m.inv(v.S), r) / 2


def through_time(m: Any, v: Any) -> Any:
    h, total = v.h0, 0
    for t in range(SIZES["T"]):
        h = m.tanh(v.W @ h + v.U @ v.X[t : t + 1, :].T)
        e = h - v.Y[t : t + 1, :].T
        total = total + m.dot(e, e) / 2
    return total


def logistic(m: Any, v: Any) -> Any:
    z = v.X @ v.w
    return m.dot(m.ones(SIZES["N"]), m.softplus(z)) - m.dot(v.t, z)


TASKS = [
    Task(
        "Gaussian likelihood", {"X": ["N", "D"], "mu": ["D"], "S": ["D", "D"]},
        ["L = N/2*logdet(S) + 1/2*sum((X[n] - mu).T @ inv(S) @ (X[n] - mu), n)"], gaussian, ("mu", "S"), {"n": "N"},
    ),
    Task(
        "through time", {"X": ["T", "D"], "Y": ["T", "H"], "W": ["H", "H"], "U": ["H", "D"], "h0": ["H"]},
        ["h[0] = h0", "h[t] = tanh(W @ h[t-1] + U @ X[t])", "L = sum(squared_error(h[t], Y[t]), t)"],
        through_time, ("W", "U"), {"t": "T"},
    ),
    Task(
        "Hessian", {"X": ["N", "D"], "w": ["D"], "t": ["N"]}, ["L = sum(softplus(X @ w)) - t.T @ X @ w"],
        logistic, ("w",), second=True,
    ),
]  # fmt: skip


class Named:
    """Things by name."""

    def __init__(self, **named: Any):
        self.__dict__.update(named)


NUMPY = Named(
    ones=lambda n: np.ones((n, 1)), tanh=np.tanh, inv=np.linalg.inv, dot=lambda a, b: np.sum(a * b),
    softplus=lambda z: np.log(1 + np.exp(z)), logdet=lambda a: np.log(np.linalg.det(a)),
)  # fmt: skip


def stepped(task: Task, at: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The gradients by complex steps."""
    out = {}
    for name in task.by:
        out[name] = np.zeros(at[name].shape)
        for place in np.ndindex(at[name].shape):
            moved = at[name].astype(complex)
            moved[place] += 1e-30j
            out[name][place] = np.imag(task.loss(NUMPY, Named(**{**at, name: moved}))) / 1e-30
    return out


def expected(task: Task) -> dict[str, np.ndarray]:
    point = task.point()
    if not task.second:
        return stepped(task, point)
    (name,) = task.by
    columns, step = [], 1e-4
    for place in np.ndindex(point[name].shape):
        unit = np.zeros(point[name].shape)
        unit[place] = step
        up, down = (stepped(task, {**point, name: point[name] + sign * unit})[name] for sign in (1, -1))
        columns.append((up - down).ravel() / (2 * step))
    return {name: np.array(columns)}


Peer = tuple[Callable[[], Any], Callable[[Any], Mapping[str, Any]]]


def by_backsym(task: Task) -> Peer:
    symbols = {name: {"shape": shape, "role": "parameter" if name in task.by else "target"}
               for name, shape in task.symbols.items()}  # fmt: skip
    mapping: dict[str, Any] = {"symbols": symbols, "forward": task.forward}
    mapping |= {"indices": task.indices} if task.indices else {}
    mapping |= {"parts": [{"hessian": task.by[0]}]} if task.second else {}

    def values(solution: Any) -> Mapping[str, Any]:
        inputs = {n: x if len(task.symbols[n]) == 2 else x.ravel() for n, x in task.point().items()}
        if task.second:
            (total,) = solution.totals
            return {task.by[0]: eval(solution.total_numpy(total.key), {"np": np, **inputs})}
        module: dict[str, Any] = {}
        exec(module_source(solution), module)
        return module["backward"](module["forward"](inputs))

    return lambda: solve(problem_from_mapping(mapping)), values


def by_torch(task: Task) -> Peer:
    import torch

    words = Named(
        ones=lambda n: torch.ones((n, 1), dtype=torch.float64), tanh=torch.tanh, inv=torch.linalg.inv,
        dot=lambda a, b: (a * b).sum(), softplus=torch.nn.functional.softplus, logdet=torch.logdet,
    )  # fmt: skip
    at = {name: torch.tensor(x) for name, x in task.point().items()}

    def find() -> Any:
        def loss(*moved: Any) -> Any:
            return task.loss(words, Named(**at | dict(zip(task.by, moved, strict=True))))

        own = tuple(at[name] for name in task.by)
        if task.second:
            return {task.by[0]: torch.func.hessian(loss)(*own)}
        return dict(zip(task.by, torch.func.grad(loss, tuple(range(len(own))))(*own), strict=True))

    return find, lambda found: {name: g.numpy() for name, g in found.items()}


def by_jax(task: Task) -> Peer:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    words = Named(
        ones=lambda n: jnp.ones((n, 1)), tanh=jnp.tanh, inv=jnp.linalg.inv, dot=lambda a, b: jnp.sum(a * b),
        softplus=jax.nn.softplus, logdet=lambda a: jnp.linalg.slogdet(a)[1],
    )  # fmt: skip
    at = {name: jnp.asarray(x) for name, x in task.point().items()}

    def find() -> Any:
        def loss(*moved: Any) -> Any:
            return task.loss(words, Named(**at | dict(zip(task.by, moved, strict=True))))

        own = tuple(at[name] for name in task.by)
        if task.second:
            return {task.by[0]: jax.hessian(loss)(*own)}
        return dict(zip(task.by, jax.grad(loss, tuple(range(len(own))))(*own), strict=True))

    return find, lambda found: {name: np.asarray(g) for name, g in found.items()}


def by_sympy(task: Task) -> Peer:
    import sympy as sp
    from sympy.core.cache import clear_cache

    words = Named(
        ones=lambda n: sp.ones(n, 1),
        tanh=lambda z: z.applyfunc(sp.tanh),
        inv=lambda a: a.inv(),
        dot=lambda a, b: sum(a.multiply_elementwise(b)),
        softplus=lambda z: z.applyfunc(lambda x: sp.log(1 + sp.exp(x))),
        logdet=lambda a: sp.log(a.det()),
    )
    symbols = {n: sp.Matrix(*task.sizes(n), lambda i, j, n=n: sp.Symbol(f"{n}_{i}_{j}")) for n in task.symbols}

    def find() -> Any:
        clear_cache()
        loss = task.loss(words, Named(**symbols))
        if task.second:
            return {task.by[0]: sp.hessian(loss, list(symbols[task.by[0]]))}
        return {name: symbols[name].applyfunc(loss.diff) for name in task.by}

    def values(found: Any) -> Mapping[str, Any]:
        at = {s: x for n, own in task.point().items() for s, x in zip(list(symbols[n]), own.ravel(), strict=True)}
        function = sp.lambdify(list(at), list(found.values()))
        return dict(zip(found, function(*at.values()), strict=True))

    return find, values


PEERS: dict[str, tuple[str, Callable[[Task], Peer], str]] = {
    "backsym": ("backsym", by_backsym, "any sizes and length; both forms, steps, proof"),
    "SymPy, composed": ("sympy", by_sympy, "fixed sizes; a formula for each entry"),
    "PyTorch": ("torch", by_torch, "numbers at one point"),
    "JAX": ("jax", by_jax, "numbers at one point"),
}


def judged(task: Task, peer: Callable[[Task], Peer]) -> tuple[str, float | None]:
    """``right``, ``wrong`` or the error that was raised, and the best time in seconds."""
    try:
        find, values = peer(task)
        found, seconds = find(), []
        for _ in range(RUNS):
            start = time.process_time()
            found = find()
            seconds.append(time.process_time() - start)
        got = values(found)
    except Exception as error:
        return f"raises {type(error).__name__}", None
    for name, value in expected(task).items():
        own = np.asarray(got[name], dtype=float).reshape(-1)
        if own.size != value.size or not np.abs(own - value.ravel()).max() <= RELATIVE * np.abs(value).max():
            return f"wrong by {name}", min(seconds)
    return "right", min(seconds)
