"""Faults put into the rules: each is found while a problem is solved, and nothing is written.

A fault is a rule that is replaced, as it would be by a mistake in the code.  Each stands with a problem that uses the
rule, which is solved without the fault first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from extent import some
from networks import NETWORKS

from backsym.codegen.module import module_source
from backsym.codegen.skeleton import skeleton_source
from backsym.core.errors import BacksymError, VerificationError
from backsym.core.expr import (
    ONE,
    Add,
    Cmp,
    Equation,
    Expr,
    Fn,
    IndexPick,
    MatMul,
    Mul,
    Neg,
    Ones,
    Pick,
    Sym,
    T,
    num,
    rebuild,
    walk,
)  # fmt: skip
from backsym.core.functions import FUNCTIONS, Function
from backsym.core.stepkinds import STEPS
from backsym.core.steps import Step
from backsym.numeric.sample import draws
from backsym.numeric.sources import value_of
from backsym.numeric.verify import verify
from backsym.printing.numpy.code import numpy_source
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve
from backsym.solving.written import miswritten


def changed(module: ModuleType, **names: Any) -> SimpleNamespace:
    """The module as another one sees it, with some names meaning something else there."""
    return SimpleNamespace(**{**vars(module), **names})


N, NM = {"n": "N"}, {"n": "N", "m": "N"}
VECTORS = {"u": ["N"], "v": ["N"]}
SQUARE = {"A": ["N", "N"], "B": ["N", "N"]}
MATRICES = {"X": ["N", "D"], "W": ["K", "D"], "b": ["K"]}

PROBLEMS: dict[str, dict[str, Any]] = {
    "inner": {"symbols": VECTORS, "indices": N, "forward": ["s = sum(u[n]*v[n], n)", "L = s**2"]},
    "squares": {"symbols": {"A": SQUARE["A"]}, "indices": NM, "forward": ["s = sum(A[n,m]**2, n, m)", "L = tanh(s)"]},
    "product": {
        "symbols": SQUARE, "indices": {"n": "N", "m": "N", "k": "N"},
        "forward": ["C[n,m] = 3*sum(A[n,k]*B[m,k], k)", "L = sum(sin(C))"],
    },
    "outer": {
        "symbols": VECTORS, "indices": NM, "forward": ["C[n,m] = u[n]*v[m]/2", "L = sum(sin(C))"],
    },
    "scaled": {
        "symbols": {**SQUARE, **VECTORS}, "indices": NM,
        "forward": ["C[n,m] = u[n]*A[n,m]*v[m] - tanh(-3*B[n,m])", "L = sum(sin(C))"],
    },
    "maxima": {
        "symbols": SQUARE, "indices": NM, "forward": ["s[n] = max(A[n,m]*B[n,m], m)", "L = sum(s**2)"],
    },
    "layer": {"symbols": MATRICES, "forward": ["Z = X @ W.T + b", "Y = tanh(Z)", "L = sum(Y**2)/2"]},
    "means": {"symbols": MATRICES, "forward": ["Z = X @ W.T + b", "y = mean(Z, axis=0)", "L = mean(Z*y)"]},
    "softmax": {
        "symbols": {"z": ["K"], "t": {"shape": ["K"], "role": "target", "one_hot": True}}, "indices": {"k": "K"},
        "forward": ["y[k] = exp(z[k])/sum(exp(z[k']), k')", "L = -sum(t[k]*log(y[k]), k)"],
    },
    "paths": {
        "symbols": {"w": [], "x": {"role": "input"}},
        "forward": ["h = sigmoid(w*x)", "y = h*exp(-w) + (h - x)/(1 + w**2)", "L = (y - h)**2"],
    },
    "shifts": {
        "symbols": {"x": ["N"], "w": ["K"]}, "indices": {"n": "N", "k": "K"},
        "forward": ["y[n] = sum(w[k]*x[n-k+1], k)", "L = sum(y**2)"],
    },
    "normed": {"symbols": MATRICES, "forward": ["y = X @ W.T / norm(X) - relu(b)", "L = sum(y*[y > 1])"]},
}  # fmt: skip

Rule = Callable[..., Any]


def dropped_sign(e: Any) -> Any:
    return e.arg if isinstance(e, Neg) else e


RULES: dict[str, tuple[str, str, Callable[[Rule], Rule]]] = {
    # problem, rule, and what makes the wrong rule of the right one
    "1'u for u'v": (
        "inner", "calculus.lift.inner_product", lambda rule: lambda v: MatMul((T(Ones(v.shape)), v.over[0])),
    ),
    "u'u for u'v": ("inner", "calculus.lift.inner_product", lambda rule: lambda v: MatMul((T(v.over[0]), v.over[0]))),
    "a norm without its square": ("squares", "calculus.lift.sum_of_entries", lambda rule: lambda v: rule(v).base),
    "a product the other way round": ("product", "calculus.lift.matmul", lambda rule: lambda es: rule(es[::-1])),
    "a transpose left out": ("product", "calculus.vertices.transpose", lambda rule: lambda e: e),
    "a coefficient left out": ("product", "calculus.lift.front", lambda rule: lambda *a, **k: (ONE, [], [])),
    "an outer product transposed": (
        "outer", "calculus.vertices._outer", lambda rule: lambda u, w, i, j: T(rule(u, w, i, j)),
    ),
    "rows scaled for columns": ("scaled", "calculus.lift.assemble", lambda rule: lambda vs, free: T(rule(vs, free))),
    "a diagonal left out": (
        "scaled", "calculus.vertices.diagonal", lambda rule: lambda e: MatMul((e, T(Ones(e.shape)))),
    ),
    "a sign inside a function lost": (
        "scaled", "calculus.lift.Lifter.argument", lambda rule: lambda self, p, axes: dropped_sign(rule(self, p, axes)),
    ),
    "a sign between terms lost": (
        "scaled", "calculus.lift.signed_sum", lambda rule: lambda terms: rule([(False, e) for _, e in terms]),
    ),
    "a maximum along the other axis": (
        "maxima", "calculus.lift.ex",
        lambda module: changed(
            module, Reduce=lambda op, arg, axis=None: module.Reduce(op, arg, axis=axis if axis is None else 1 - axis)
        ),
    ),
    "factors of a product forgotten": ("maxima", "calculus.raising.times", lambda rule: lambda es: rule(es[:1])),
    "a vector repeated twice": (
        "layer", "calculus.display._widened",
        lambda rule: lambda e, shape, *, additive: (
            Mul((num(1 if e.shape == shape else 2), rule(e, shape, additive=additive)))
        ),
    ),
    "an entry of the transpose": (
        "layer", "calculus.entries.Entries.entry", lambda rule: lambda self, e, at: (
            Mul((num(2), rule(self, e, at))) if isinstance(e, T) else rule(self, e, at)
        ),
    ),
    "a mean without its number": ("means", "calculus.entries._fraction", lambda rule: lambda numbers: ONE),
    "entries divided the other way round": (
        "paths", "calculus.raising.Raiser.quotient",
        lambda rule: staticmethod(lambda over, under: rule(under, over) if under else rule(over, under)),
    ),
}  # fmt: skip

BY_DOCUMENTS = {"present", "conclude"}
"""Kinds of steps that documents make of a form that a part states, which is a claim, and judged as such."""

ZERO = {"independent", "kronecker", "open", "sum_to_one"}
"""Kinds whose example has a value that is zero: its negative is no fault."""


def solved(name: str) -> None:
    solve(problem_from_mapping(PROBLEMS[name]))


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_problems_are_solved(name: str) -> None:
    solved(name)


@pytest.mark.parametrize("fault", RULES)
def test_a_wrong_rule_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, path, wrong = RULES[fault]
    owner, attribute = owner_of(path)
    monkeypatch.setattr(owner, attribute, wrong(getattr(owner, attribute)))
    with pytest.raises(VerificationError):
        solved(name)


def twice(e: Expr) -> Expr:
    return Mul((num(2), e)) if e.shape else Add((e, ONE))


FAULTS = [(kind, twice) for kind in sorted(set(STEPS) - BY_DOCUMENTS)]
FAULTS += [(kind, Neg) for kind, _ in FAULTS if kind not in ZERO]


@pytest.mark.parametrize(("kind", "wrong"), FAULTS)
def test_a_wrong_step_is_refused(kind: str, wrong: Callable[[Expr], Expr], monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps that lead on from it are right: only the line itself is wrong."""
    made = 0

    def step(of: str, before: Expr, after: Expr, *rest: Any, **facts: Any) -> Step:
        nonlocal made
        made += of == kind
        return Step(of, before, wrong(after) if of == kind else after, *rest, **facts)

    problem = problem_from_mapping(yaml.safe_load(STEPS[kind].example))
    for module in ("backward", "lift", "display", "totals"):
        monkeypatch.setattr(import_module(f"backsym.calculus.{module}"), "Step", step)
    with pytest.raises(VerificationError) as caught:
        solve(problem)
    assert made, "the example has no such step"
    assert kind in str(caught.value)


def owner_of(path: str) -> tuple[Any, str]:
    """The module or class that has a rule, and the rule's name."""
    *modules, last = path.split(".")
    if modules[-1].lstrip("_")[0].isupper():
        return getattr(import_module(".".join(["backsym", *modules[:-1]])), modules[-1]), last
    return import_module(".".join(["backsym", *modules])), last


LARGE = {
    "symbols": {"W": [200, 300], "x": {"shape": [300], "role": "input"}, "t": {"shape": [200], "role": "target"}},
    "forward": ["y = tanh(W @ x)", "L = squared_error(y, t)"],
}


@pytest.mark.parametrize("kind", ["local", "chain_multi", "lift_outer"])
def test_lines_of_large_arrays_are_looked_at_in_places(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local derivative with 60,000 times 200 entries is not made whole."""
    solve(problem_from_mapping(LARGE))

    def step(of: str, before: Expr, after: Expr, *rest: Any, **facts: Any) -> Step:
        return Step(of, before, twice(after) if of == kind else after, *rest, **facts)

    for module in ("backward", "lift"):
        monkeypatch.setattr(import_module(f"backsym.calculus.{module}"), "Step", step)
    with pytest.raises(VerificationError):
        solve(problem_from_mapping(LARGE))


FUNCTION = {"symbols": {"x": {"shape": ["N"], "role": "input"}, "w": ["N"]}, "forward": ["y = CALL", "L = sum(y*w)"]}

WRITTEN: list[tuple[str, dict[str, str]]] = [
    ("sin(x)", {"latex": r"\cos"}),
    ("tanh(x)", {"latex": r"\sinh"}),
    ("exp(x)", {"latex": r"\text{expm}"}),
    ("sigmoid(x)", {"latex": r"\text{softplus}"}),
    ("relu(x)", {"latex": r"\text{ELU}"}),
    ("softmax(x)", {"latex": r"\text{log\,softmax}"}),
    ("gelu(x)", {"latex": r"\text{SiLU}"}),
    ("max(x, w)", {"latex": r"\min"}),
    ("logsumexp(x)*x", {"latex": r"\text{softmax}"}),
    ("sin(x)", {"code": "np.cos({0})"}),
    ("tanh(x)", {"code": "np.sinh({0})"}),
    ("exp(x)", {"code": "np.expm1({0})"}),
    ("sigmoid(x)", {"code": "(1 / (1 + np.exp({0})))"}),
    ("abs(x)", {"code": "np.sign({0})"}),
    ("leaky_relu(x, 0.2)", {"code": "np.where({0} < 0, {0}, {1} * {0})"}),
    ("elu(x)", {"slope_code": "np.where({0} > 0, 1.0, {1} * np.expm1(np.minimum({0}, 0)))"}),
    ("max(x, w)", {"code": "np.minimum({0}, {1})"}),
    ("softmax(x)", {"code": "np.exp({0})"}),
    ("logsumexp(x)*x", {"code": "np.log(np.exp({0}).mean(axis=-1))"}),
    ("norm(x)*x", {"code": "({0} ** 2).sum()"}),
    ("erf(x)", {"code": "unknown({0})"}),
]


@pytest.mark.parametrize(("call", "change"), WRITTEN, ids=[f"{call} {change}" for call, change in WRITTEN])
def test_a_function_that_is_written_as_another_is_refused(
    call: str, change: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = problem_from_mapping({**FUNCTION, "forward": [f"y = {call}", "L = sum(y*w)"]})
    solve(problem)
    name = call.partition("(")[0]
    monkeypatch.setitem(FUNCTIONS, name, replace(FUNCTIONS[name], **change))
    with pytest.raises(VerificationError, match="LaTeX" if "latex" in change else "NumPy code"):
        solve(problem)


@pytest.mark.parametrize("latex", [r"\text{Mish}", r"\operatorname{mish}"])
def test_a_function_of_another_package_is_spelled_as_it_likes(latex: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mish = Function("mish", ("x",), latex, value=lambda np, x: x * np.tanh(np.log(1 + np.exp(x))),
                    code="({0} * np.tanh(np.logaddexp(0, {0})))", definition="x*tanh(softplus(x))")  # fmt: skip
    monkeypatch.setitem(FUNCTIONS, "mish", mish)
    solve(problem_from_mapping({**FUNCTION, "forward": ["y = mish(x)", "L = sum(y*w)"]}))
    monkeypatch.setitem(FUNCTIONS, "mish", replace(mish, latex=r"\tanh"))
    with pytest.raises(VerificationError, match="LaTeX"):
        solve(problem_from_mapping({**FUNCTION, "forward": ["y = mish(x)", "L = sum(y*w)"]}))


@pytest.mark.parametrize("name", sorted(name for name, entry in FUNCTIONS.items() if not entry.expanded))
def test_every_function_is_written_as_what_it_is(name: str) -> None:
    problem = problem_from_mapping({"forward": ["L = x"]})
    call = Fn(name, tuple(Sym(f"a{n}", (3, 3)) for n in range(FUNCTIONS[name].arity[1])), 0, FUNCTIONS[name].kind)
    equations = (replace(problem.equations[0], rhs=call),)
    assert not list(miswritten(problem.changed(equations=equations), ()))


CODE = {
    "symbols": {"z": ["K"], "W": ["K", "K"], "t": {"shape": ["K"], "role": "target"}},
    "forward": [
        "p = softmax(W @ z)",
        "q = 1/(1 + exp(-z))",
        "s = max(z) + log(sum(exp(z)))",
        "L = sum((p - t)**2*q)*s",
    ],
}

TRANSLATIONS: dict[str, tuple[str, Callable[[Rule], Rule]]] = {
    "a logistic function without its sign": ("printing.numpy.exponentials._minus", lambda rule: lambda e: e),
    "a source with a term left out": (
        "codegen.network.numpy_source",
        lambda rule: lambda e, *rest: rule(e.args[0] if isinstance(e, Add) else e, *rest),
    ),
    "a wrong helper": (
        "codegen.dialects._NUMPY_HELPERS",
        lambda helpers: {**helpers, "softmax": ("def softmax(x):", "    return np.exp(x)")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", TRANSLATIONS)
@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_a_module_that_computes_something_else_is_refused(
    fault: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    solution = solve(problem_from_mapping(CODE))
    module_source(solution, target)
    skeleton_source(solution, target)
    path, wrong = TRANSLATIONS[fault]
    owner, attribute = owner_of(path)
    if isinstance(getattr(owner, attribute), dict):
        for name, lines in wrong(getattr(owner, attribute)).items():
            monkeypatch.setitem(getattr(owner, attribute), name, lines)
    else:
        monkeypatch.setattr(owner, attribute, wrong(getattr(owner, attribute)))
    with pytest.raises(VerificationError):
        module_source(solution, target)
    with pytest.raises(VerificationError):
        skeleton_source(solution, target)


def test_a_source_with_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    solution = solve(problem_from_mapping(CODE))
    rule = numpy_source
    for wrong in ("2 * ({})", "{}[..., None]", "unknown + {}", "np.cosh({})"):
        monkeypatch.setattr(
            "backsym.printing.numpy.code.numpy_source", lambda *a, wrong=wrong, **k: wrong.format(rule(*a, **k))
        )
        with pytest.raises(BacksymError):
            solution.numpy("W")
        with pytest.raises(BacksymError):
            solution.forward_numpy("q")


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os')", "np.load('x')", "open('x')", "x.tofile('x')", "(lambda: 1)()", "[n for n in x]",
        "x.__class__",
        "np.testing.assert_equal(x, x)", "math.sin(1)", "f'{x}'", "x if x else x", "np.core", "y",
    ],
)  # fmt: skip
def test_the_evaluator_of_sources_knows_only_what_is_written(source: str) -> None:
    with pytest.raises(BacksymError):
        value_of(source, {"x": np.ones(2)})


# --- conditions ------------------------------------------------------------------------------------------------------

CONDITIONS: dict[str, dict[str, Any]] = {
    "crammer-singer": NETWORKS["crammer-singer"],
    "hinge": {
        "symbols": {"w": ["D"], "x": ["D"], "y": [], "b": []}, "forward": ["L = relu(1 - y*(w.T @ x + b))"],
    },
    "margins": {
        "symbols": {"s": ["K"], "m": []}, "indices": {"k": "K"}, "forward": ["L = sum(max(0, m + s[k] - s[1]), k)"],
    },
    "units": {
        "symbols": {"W": ["K", "D"], "x": ["D"], "b": ["K"], "v": ["K"]}, "forward": ["L = v.T @ relu(W @ x + b)"],
    },
    "window": {
        "symbols": {"r": ["N"], "d": []}, "indices": {"n": "N"},
        "forward": ["L = sum([abs(r[n]) < 1 + d]*r[n]**2, n)"],
    },
    "triplet": {
        "symbols": {"a": ["D"], "p": ["D"], "n": ["D"], "m": []},
        "forward": ["L = relu(sum((a - p)**2) - sum((a - n)**2) + m)"],
    },
    "pooling": {
        "symbols": {"A": ["N", "K"], "B": ["N", "K"], "c": ["K"]},
        "forward": ["m = max(A + B/3 - c, axis=1)", "L = sum(m**2)"],
    },
    "nearest": {
        "symbols": {"x": ["N"], "A": ["N", "N"]}, "indices": {"n": "N", "m": "N"},
        "forward": ["s[n] = min(A[n,m] + x[m]/4, m)", "L = sum(s*s)"],
    },
}  # fmt: skip

EQUIVALENT = {("crammer-singer", "1")}
"""Terms that decide nothing: 1 is added to all the entries of which the largest is taken."""


def conditions(e: Expr) -> Iterator[Expr]:
    """The conditions that a derivative states: comparisons, slopes of functions with a kink, places of maxima."""
    for node in walk(e):
        kinked = isinstance(node, Fn) and node.order == 1 and FUNCTIONS[node.name].kink is not None
        if kinked or isinstance(node, (Cmp, IndexPick, Pick)):
            yield node


def changed_terms(condition: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Each term of a sum in a condition, and the condition without it; and with its sign changed."""
    for total in walk(condition):
        for n, term in enumerate(total.args if isinstance(total, Add) else ()):
            rest = [arg for m, arg in enumerate(total.args) if m != n]
            yield term, put_for(condition, total, rest[0] if len(rest) == 1 else Add(tuple(rest)))
            yield (
                term,
                put_for(condition, total, Add((*rest, dropped_sign(term) if isinstance(term, Neg) else Neg(term)))),
            )


def put_for(e: Expr, old: Expr, new: Expr) -> Expr:
    return new if e is old else rebuild(e, lambda child: put_for(child, old, new))


@pytest.mark.parametrize("name", some(CONDITIONS, 2))
def test_a_term_dropped_in_a_condition_is_refused(name: str) -> None:
    problem = problem_from_mapping(CONDITIONS[name])
    solution = solve(problem)
    points = draws(problem)
    tried = 0
    for d in solution.derivations:
        for condition in conditions(d.entry.rhs):
            for term, changed in changed_terms(condition):
                wrong = Equation(d.entry.lhs, put_for(d.entry.rhs, condition, changed))
                spoiled = [replace(x, entry=wrong, matrix=None) if x is d else x for x in solution.derivations]
                same = (name, plain(term, problem)) in EQUIVALENT and isinstance(condition, (IndexPick, Pick))
                status = verify(problem, spoiled, points)[d.node].status
                assert status == ("verified" if same else "failed"), (d.node, plain(wrong.rhs, problem))
                tried += 1
    assert tried >= 4
