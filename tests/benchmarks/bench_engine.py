"""How the cost of solving grows, and how it compares with SymPy: ratios within one run.

    python tests/benchmarks/bench_engine.py

Solving includes reading, drawing points, the backward pass with its steps, both forms of everything and the numeric
proof.  SymPy only differentiates: (a) the composed loss by every parameter, (b) each equation by its direct arguments,
the chain rule put together by hand over named intermediates, which is reverse mode without explanation.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve

Mapping = dict[str, Any]


def batch_mlp(depth: int) -> Mapping:
    """A batch MLP: ``depth`` layers, softmax and mean cross-entropy, all dimensions named."""
    symbols: Mapping = {
        "A0": {"shape": ["N", "D0"], "role": "input"},
        "T": {"shape": ["N", f"D{depth}"], "role": "target", "one_hot": True},
    }
    forward = []
    for d in range(1, depth + 1):
        symbols[f"W{d}"], symbols[f"b{d}"] = [f"D{d}", f"D{d - 1}"], [f"D{d}"]
        forward.append(f"Z{d} = A{d - 1} @ W{d}.T + b{d}")
        forward.append(f"A{d} = relu(Z{d})" if d < depth else f"A{d} = softmax(Z{d})")
    forward.append(f"L = -mean(sum(T*log(A{depth}), axis=1))")
    return {"title": f"MLP of depth {depth}", "symbols": symbols, "forward": forward}


def chain(length: int) -> Mapping:
    """Scalar equations in a row, with a weight that all of them share."""
    forward = ["z0 = w*x"]
    forward += [f"z{n} = sin(z{n - 1})*w" if n % 2 else f"z{n} = tanh(z{n - 1}) + w" for n in range(1, length - 1)]
    forward.append(f"L = (z{length - 2} - t)**2/2")
    roles = {"t": {"role": "target"}, "w": {"role": "parameter"}, "x": {"role": "input"}}
    return {"title": f"{length} scalar equations", "symbols": roles, "forward": forward}


def single_mlp(depth: int) -> Mapping:
    """An MLP for one data point with tanh units and squared error."""
    symbols: Mapping = {"h0": {"shape": ["D0"], "role": "input"}, "t": {"shape": [f"D{depth}"], "role": "target"}}
    forward = []
    for d in range(1, depth + 1):
        symbols[f"W{d}"] = [f"D{d}", f"D{d - 1}"]
        forward += [f"z{d} = W{d} @ h{d - 1}", f"h{d} = tanh(z{d})"]
    return {"title": "MLP", "symbols": symbols, "forward": [*forward, f"L = squared_error(h{depth}, t)"]}


def sympy_composed(depth: int, size: int = 3) -> None:
    """The same MLP at one concrete size, its loss composed to one expression and differentiated by every weight."""
    import sympy as sp
    from sympy.core.cache import clear_cache

    clear_cache()
    h = sp.Matrix(sp.symbols(f"h0:{size}"))
    t = sp.Matrix(sp.symbols(f"t0:{size}"))
    weights = []
    for d in range(depth):
        matrix = sp.Matrix(size, size, sp.symbols(f"w{d}_0:{size * size}"))
        weights.extend(matrix)
        h = (matrix * h).applyfunc(sp.tanh)
    loss = sum(((a - b) ** 2 for a, b in zip(h, t, strict=True)), sp.Integer(0)) / 2
    for w in weights:
        loss.diff(w)


def sympy_named(length: int) -> None:
    """The chain with named intermediates: local derivatives by SymPy, summed over consumers."""
    import sympy as sp
    from sympy.core.cache import clear_cache

    clear_cache()
    w, x, t = sp.symbols("w x t")
    z = sp.symbols(f"z0:{length - 1}")
    rest = [(z[n], sp.sin(z[n - 1]) * w if n % 2 else sp.tanh(z[n - 1]) + w) for n in range(1, length - 1)]
    equations = [(z[0], w * x), *rest]
    adjoint: dict[Any, list[Any]] = {z[-1]: [sp.diff((z[-1] - t) ** 2 / 2, z[-1])]}
    for node, rhs in reversed(equations):
        for argument in rhs.free_symbols:
            adjoint.setdefault(argument, []).append(sp.Symbol(f"d_{node}") * sp.diff(rhs, argument))
    for parts in adjoint.values():
        sp.Add(*parts)


def best(run: Callable[[], object], times: int = 3) -> float:
    """The least of a few processor times, in seconds, which other work on the machine does not change much."""
    out = []
    for _ in range(times):
        start = time.process_time()
        run()
        out.append(time.process_time() - start)
    return min(out)


def whole(mapping: Mapping) -> Callable[[], object]:
    return lambda: solve(problem_from_mapping(mapping))


def main() -> None:
    import sympy  # noqa: F401  (its import is not part of any figure)

    whole(batch_mlp(2))()
    mlp = {depth: best(whole(batch_mlp(depth))) for depth in (32, 128, 512)}
    for depth, seconds in mlp.items():
        print(f"batch MLP, depth {depth}: {seconds:.2f} s")
    print(f"  depth 128 / depth 32: {mlp[128] / mlp[32]:.2f}  (4 is linear)")
    print(f"  depth 512 / depth 128: {mlp[512] / mlp[128]:.2f}  (4 is linear)")
    for depth in (1, 2, 3, 4):
        ours, composed = best(whole(single_mlp(depth))), best(lambda n=depth: sympy_composed(n), 1)  # type: ignore[misc]
        print(f"MLP, depth {depth}: backsym, any size {ours:.3f} s; SymPy composed, size 3 {composed:.3f} s; ", end="")
        print(f"ratio {composed / ours:.1f}")
    for length in (500, 5000):
        ours = best(whole(chain(length)), 1)
        named = best(lambda n=length: sympy_named(n), 1)
        print(f"{length} scalar equations: backsym {ours:.2f} s, SymPy named {named:.2f} s (no steps, no proof)")


if __name__ == "__main__":
    sys.exit(main())
