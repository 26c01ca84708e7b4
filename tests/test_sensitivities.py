"""Jacobians through recurrences: judged by moving single members in the equations written out, shown, refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from extent import examples, some
from recurrences import RECURRENCES, random_recurrence
from step_judge import total_of_members

from backsym.core.errors import BacksymError, InputError
from backsym.core.expr import Equation, Ix, Neg, dim_with, free_indices, with_indices
from backsym.core.problem import Problem
from backsym.core.steps import TotalDerivation
from backsym.documents.writers.jsonform import problem_json
from backsym.documents.writers.render import rendered
from backsym.marking.verdicts import Marker
from backsym.numeric.evaluate import evaluate
from backsym.numeric.proof import totals_proved
from backsym.numeric.sample import draw
from backsym.numeric.sources import value_of
from backsym.printing.latex import equation_latex, range_latex
from backsym.printing.notation import Notation
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import Solution, solve
from backsym.solving.written import variables

RNN: dict[str, Any] = {
    "indices": {"t": "T", "k": "T"},
    "symbols": {
        "x": {"shape": ["T", "D"], "role": "input"}, "h0": {"shape": ["H"], "role": "input"},
        "y": {"shape": ["H"], "role": "target"}, "W": ["H", "H"], "U": ["H", "D"],
    },
    "forward": ["h[0] = h0", "h[t] = tanh(W @ h[t-1] + U @ x[t])", "L = squared_error(h[T], y)"],
}  # fmt: skip


@cache
def marker_of(*jacobians: str, linear: bool = False) -> Marker:
    """Of the network above, without its tanh if ``linear``."""
    forward = [text.replace("tanh", "") if linear else text for text in RNN["forward"]]
    return Marker(asked({**RNN, "forward": forward}, *jacobians))


def asked(mapping: dict[str, Any], *jacobians: str, **more: Any) -> Problem:
    parts = [{"jacobian": list(jacobians), **more}]
    return problem_from_mapping({**mapping, "indices": {**mapping["indices"], "r": "T"}, "parts": parts})


def wrong(solution: Solution, length: int) -> list[str]:
    """The Jacobians whose entries, recursions or source differ from the steps."""
    problem = solution.problem
    sizes = {"T": length, "H": 3, "D": 2, "V": 5}
    env = draw(problem, 3, sizes={dim: n for dim, n in sizes.items() if dim in problem.dims})
    found = []
    for total in solution.totals:
        truth = total_of_members(problem, env, total)
        values = {
            "left": evaluate(total.entry.lhs, env, total.indices),
            "right": evaluate(total.entry.rhs, env, total.indices),
            "source": np.asarray(value_of(solution.total_numpy(total.key), variables(problem, env))),
        }
        for what, value in values.items():
            if not np.allclose(np.reshape(value, truth.shape), truth, rtol=1e-9, atol=1e-12):
                found.append(f"{total.of} by {total.by[0]}, {what}, at length {length}")
    return found


CASES = {
    "last step": [
        *("dh[t]/dh[t-1]", "dh[T]/dh[0]", "dh[t]/dh[r]", "dh[T]/dX[r]"),
        *("dz[T]/dW", "dz[t]/dz[r]", "dL/dh[t]", "dh[t]/dz[t]"),
        *("dz[t]/dz[t-1]", "dh[t]/dX[t-1]", "dz[T]/dz[T-1]"),
    ],
    "numbers": ["ds[T]/dw", "ds[t]/ds[t-1]", "ds[T]/dx[r]", "ds[t]/ds[r]", "dL/du"],
    "lstm": ["dh[t]/dh[t-1]", "dh[T]/dc[r]", "dc[T]/dh0", "dh[t]/dX[t]", "df[t]/dh[r]", "dc[t]/dc[t-1]"],
    "two steps back": ["dh[T]/dh[r]", "dh[t]/dX[r]", "dq[t]/dh[r]", "dq[t]/dh[t-1]", "dL/dh[r]"],
    "every step": ["dh[T]/db", "dL/dh0", "dL/dU"],
    "parameters per step": ["dh[T]/dP[r]", "dh[t]/dq[r]", "dh[T]/dh[T-1]"],
    "depth": ["da[T]/da[0]", "da[l]/da[l-1]", "da[l]/da[r]"],
    "products": ["dh[t]/dh[t-1]", "dh[T]/dh[T-1]", "dh[t]/dx[r]", "dh[T]/db"],
    "normalised": ["dh[t]/dh[t-1]", "dh[T]/da"],
    "with others among them": ["dh[T]/dA", "ds[t]/dh[t-1]", "ds[T]/dX[r]"],
    "gates stacked in one array": ["dh[t]/dh[t-1]"],
    "this step and the one before": ["dh[t]/dc[r]", "dc[t]/dh[r]"],
}  # fmt: skip
"""For each recurrence the Jacobians that are asked for."""


@pytest.mark.parametrize("name", some(CASES, 4))
def test_steps_of_single_members_judge_every_form(name: str) -> None:
    solution = solve(asked(RECURRENCES[name].mapping, *CASES[name]))
    assert [wrong(solution, length) for length in (1, 3)] == [[], []]
    assert {v.status for v in solution.totals_verified.values()} == {"verified"}
    assert not any("d_" in solution.total_numpy(total.key) for total in solution.totals)


@pytest.mark.parametrize("seed", range(examples(60, 30)))
def test_random_recurrences(seed: int) -> None:
    rng = np.random.default_rng([seed, 5])
    mapping = random_recurrence(rng).mapping
    names = [eq.name for eq in problem_from_mapping(mapping).equations if eq.block]
    leaves = [name for name in mapping["symbols"] if name not in ("Y", "X") and "for" not in mapping["symbols"][name]]
    pairs = [(f"{v}[T]", f"{u}[r]") for v in names for u in names] + [(f"{names[0]}[t]", u) for u in leaves]
    found = []
    for at in rng.permutation(len(pairs))[:3]:
        of, by = pairs[at]
        try:
            found += wrong(solve(asked(mapping, f"d{of}/d{by}")), 3)
        except InputError as error:
            assert "does not depend" in str(error)  # noqa: PT017
    assert found == []


def refusal(mapping: dict[str, Any], jacobian: str) -> str:
    with pytest.raises((BacksymError, InputError)) as error:
        solve(asked(mapping, jacobian))
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "jacobian", "said"),
    [
        ("last step", "dh/dh0", "say which member, as h[t] or h[T]"),
        ("last step", "dL/dX", "say which member, as X[t] or X[T]"),
        ("last step", "dh[t]/dh[t-2]", "only at the same position"),
        ("last step", "dh[T]/dX[1]", "by a member of X at 1 is not derived"),
        ("last step", "dh[t-1]/dh[t-2]", "at the last position"),
        ("last step", "dh[t]/dh[t]", "does not depend"),
        ("last step", "dh[t]/dh[t+1]", "only at the same position"),
        ("last step", "dz[t]/dh[t]", "a member of z does not depend on that of h"),
        ("two steps back", "dq[t]/dq[r]", "a member of q does not depend on that of q"),
        ("last step", "dh[t]/dW[1]", "a quantity or of a member of a family"),
        ("last step", "dh[t,1]/dh0", "a quantity or of a member of a family"),
        ("this step and the one before", "dh[T]/dc[0]", "c0, which is used elsewhere, too"),
    ],
)
def test_what_is_refused(name: str, jacobian: str, said: str) -> None:
    assert said in refusal(RECURRENCES[name].mapping, jacobian)


LAYERS: dict[str, Any] = {
    "indices": {"l": {"over": "M", "as": "^{(l)}"}},
    "symbols": {
        "x": {"shape": ["D[0]"], "role": "input"}, "y": {"shape": ["D[M]"], "role": "target"},
        "W": {"shape": ["D[l]", "D[l-1]"], "for": "l"},
    },
    "forward": ["a[0] = x", "z[l] = W[l] @ a[l-1]", "a[l] = sigmoid(z[l])", "L = squared_error(a[M], y)"],
}  # fmt: skip


@cache
def layers_asked(*jacobians: str) -> Solution:
    letters = {**LAYERS["indices"], "m": {"over": "M", "as": "^{(m)}"}}
    return solve(problem_from_mapping({**LAYERS, "indices": letters, "parts": [{"jacobian": list(jacobians)}]}))


@cache
def marker_of_layers(*jacobians: str) -> Marker:
    return Marker(layers_asked(*jacobians).problem)


def test_jacobians_between_layers_of_different_sizes() -> None:
    """Judged by complex steps in a network of layers with 2, 4, 3 and 2 units; what takes lists has no source."""
    sizes = (2, 4, 3, 2)
    solution = layers_asked("da[l]/da[l-1]", "da[M]/da[M-1]", "da[M]/dx", "da[l]/dx", "dL/dx", "da[M]/da[m]")
    assert {v.status for v in solution.totals_verified.values()} == {"verified"}
    problem = solution.problem
    env = draw(problem, 3, sizes={"M": 3, **{f"D[{n}]": size for n, size in enumerate(sizes)}})
    x, y = env.values["x"], env.values["y"]
    # Smaller layers stand in the corner of an array.
    w = [matrix[:n, :m] for matrix, (m, n) in zip(env.values["W"], pairwise(sizes), strict=True)]

    def activations(first: int, values: Any) -> list[Any]:
        """Those of a layer, which are given, and of the layers behind it."""
        found = [values]
        for matrix in w[first:]:
            found.append(1 / (1 + np.exp(-(matrix @ found[-1]))))
        return found

    a = activations(0, x)

    def slope(of: int, by: int) -> Any:
        moved = [activations(by, a[by] + 1e-30j * unit)[of - by].imag * 1e30 for unit in np.eye(sizes[by])]
        return np.array(moved).T

    def right(total: TotalDerivation, equation: Equation, layer: int) -> Any:
        place = {ix: Ix(str(layer), ix.dim) for ix in free_indices(equation.lhs) if ix.dim == "M"}
        letters = (ix for ix in total.indices if ix.dim != "M")
        at = tuple(Ix(ix.letter, dim_with(ix.dim, place)) for ix in letters)
        return evaluate(with_indices(equation.rhs, place), env, at)

    between, last, through, every, loss, pairs = solution.totals
    for n in (1, 2, 3):
        np.testing.assert_allclose(right(between, between.entry, n), slope(n, n - 1), rtol=1e-9)
        np.testing.assert_allclose(right(every, every.entry, n), slope(n, 0), rtol=1e-9)
    np.testing.assert_allclose(right(last, last.entry, 3), slope(3, 2), rtol=1e-9)
    np.testing.assert_allclose(right(loss, loss.entry, 3), (a[3] - y) @ slope(3, 0), rtol=1e-9)
    step = r"\text{diag}(\mathbf{a}^{(l)} \odot (\mathbb{1}_{D^{(l)}} - \mathbf{a}^{(l)})) \mathbf{W}^{(l)}"
    assert between.matrix is not None
    assert equation_latex(between.matrix, Notation.of(problem)).endswith(step)
    starts = [form.rpartition(" = ")[2] for _, form in forms(through, problem)]
    assert starts == [
        r"\mathbf{I}_{D^{(0)}}",
        rf"{step} \frac{{\partial \mathbf{{a}}^{{(l-1)}}}}{{\partial \mathbf{{x}}}}",
    ]
    assert [form.rpartition(" = ")[2] for _, form in forms(pairs, problem)][::2] == [
        r"\mathbf{I}_{D^{(m)}}",
        r"\mathbf{0}",
    ]
    assert [solution.total_numpy(total.key) for total in (between, through, every, loss, pairs)] == [None] * 5
    source = solution.total_numpy(last.key)
    assert source is not None
    np.testing.assert_allclose(value_of(source, {"x": x, "y": y, "W": w, "a": a[1:]}), slope(3, 2), rtol=1e-9)


def test_jacobians_through_what_the_layer_before_computes() -> None:
    """By z of the layer before, which acts through its activations: there is one from the second layer on only."""
    sizes = (2, 4, 3, 2)
    solution = layers_asked("dz[l]/dz[l-1]", "da[l]/dz[l-1]", "dz[M]/dz[m]", "dL/dz[m]")
    assert {v.status for v in solution.totals_verified.values()} == {"verified"}
    problem = solution.problem
    env = draw(problem, 3, sizes={"M": 3, **{f"D[{n}]": size for n, size in enumerate(sizes)}})
    y, w = env.values["y"], [m[:a, :b] for m, (b, a) in zip(env.values["W"], pairwise(sizes), strict=True)]

    def behind(layer: int, z: Any) -> list[Any]:
        """The z of a layer, which is given, and of the layers behind it, and the loss."""
        found = [z]
        for matrix in w[layer:]:
            found.append(matrix @ (1 / (1 + np.exp(-found[-1]))))
        return [*found, np.sum((1 / (1 + np.exp(-found[-1])) - y) ** 2) / 2]

    z = behind(1, w[0] @ env.values["x"])

    def slope(of: int, by: int) -> Any:
        units = np.eye(sizes[by])
        return np.array([behind(by, z[by - 1] + 1e-30j * unit)[of - by].imag * 1e30 for unit in units]).T

    def right(total: TotalDerivation, **places: int) -> Any:
        place = {ix: Ix(str(places[ix.letter]), ix.dim) for ix in free_indices(total.entry.lhs) if ix.dim == "M"}
        at = tuple(Ix(ix.letter, dim_with(ix.dim, place)) for ix in total.indices if ix.dim != "M")
        return evaluate(with_indices(total.entry.rhs, place), env, at)

    between, further, last, loss = solution.totals
    for n in (2, 3):
        np.testing.assert_allclose(right(between, l=n), slope(n, n - 1), rtol=1e-9)
        local = 1 / (2 + np.exp(z[n - 1]) + np.exp(-z[n - 1]))
        np.testing.assert_allclose(right(further, l=n), local[:, None] * slope(n, n - 1), rtol=1e-9)
    assert not right(between, l=1).any()
    for n in (1, 2, 3):
        np.testing.assert_allclose(right(last, m=n), slope(3, n), rtol=1e-9)
        np.testing.assert_allclose(right(loss, m=n), slope(4, n), rtol=1e-9)
    before = r"\mathbf{a}^{(l-1)}"
    ((where, form),) = forms(between, problem)
    assert where == r"l = 2, \dots, M"
    ones = r"\mathbb{1}_{D^{(l-1)}}"
    assert form.endswith(rf"= \mathbf{{W}}^{{(l)}} \, \text{{diag}}({before} \odot ({ones} - {before}))")


def test_the_first_step_has_a_form_of_its_own_where_the_start_is_no_result() -> None:
    """The output gate of step t - 1 hands on c[t-1]; at t = 1 there was no such step."""
    (total,) = solve(asked(RECURRENCES["lstm"].mapping, "dc[t]/dc[t-1]")).totals
    (first, alone), (later, _) = forms(total, problem_from_mapping(RECURRENCES["lstm"].mapping))
    assert (first, later) == ("t = 1", r"t = 2, \dots, T")
    assert alone.endswith(r"= \text{diag}(\mathbf{f}_1)")


@pytest.mark.parametrize(
    ("jacobian", "answer", "verdict"),
    [
        ("dz[l]/dz[l-1]", "W[l] @ diag(a[l-1]*(1 - a[l-1]))", "correct"),
        ("dz[l]/dz[l-1]", r"\mathbf{W}^{(l)} \operatorname{diag}(\sigma'(\mathbf{z}^{(l-1)}))", "correct"),
        ("dz[l]/dz[l-1]", "dz[l,i]/dz[l-1,j] = W[l,i,j]*a[l-1,j]*(1 - a[l-1,j])", "correct"),
        ("dz[l]/dz[l-1]", "W[l]", "incorrect"),
        ("dz[l]/dz[l-1]", "-W[l] @ diag(a[l-1]*(1 - a[l-1]))", "incorrect"),
        ("da[l]/da[l-1]", "diag(a[l]*(1 - a[l])) @ W[l]", "correct"),
        ("da[l]/da[l-1]", r"\operatorname{diag}(\sigma'(z^{(l)})) W^{(l)}", "correct"),
        ("da[l]/da[l-1]", "W[l]", "incorrect"),
        ("da[l]/da[l-1]", "W[l].T @ diag(a[l]*(1 - a[l]))", "incorrect"),
        ("da[M]/da[M-1]", "diag(a[M]*(1 - a[M])) @ W[M]", "correct"),
        ("da[M]/da[M-1]", "diag(a[M]) @ W[M]", "incorrect"),
    ],
)
def test_answers_about_layers_of_different_sizes(jacobian: str, answer: str, verdict: str) -> None:
    assert marker_of_layers("da[l]/da[l-1]", "da[M]/da[M-1]", "dz[l]/dz[l-1]").mark(jacobian, answer).verdict == verdict


def test_a_jacobian_is_collected_once() -> None:
    (total,) = layers_asked("dL/dx").totals
    collected = [step for step in total.steps if total.matrix is not None and step.before == total.matrix.lhs]
    assert len(collected) == 1


@pytest.mark.parametrize("jacobian", ["dL/dW", "da/dx", "da[l]/da[m]"])
def test_a_jacobian_of_a_list_of_layers_is_refused(jacobian: str) -> None:
    with pytest.raises(BacksymError, match=r"layers of different sizes|say which member"):
        layers_asked(jacobian)


def forms(total: TotalDerivation, problem: Problem) -> list[tuple[str, str]]:
    notation = Notation.of(problem)
    return [
        (range_latex((case.run,), notation), equation_latex(case.matrix or case.entry, notation))
        for case in total.cases
    ]


def test_forms() -> None:
    problem = asked(RNN, "dh[t]/dh[t-1]", "dh[T]/dh[0]", "dh[T]/dx[k]", "dh[t]/dh[k]")
    step, last, by_input, any_two = solve(problem).totals
    local = r"\text{diag}(\mathbb{1}_{H} - \mathbf{h}_t^{\odot 2})"
    assert step.matrix is not None
    assert equation_latex(step.matrix, Notation.of(problem)) == (
        rf"\frac{{\partial \mathbf{{h}}_t}}{{\partial \mathbf{{h}}_{{t-1}}}} = {local} \mathbf{{W}}"
    )
    (start, begins), (after, goes_on) = forms(last, problem)
    assert (start, begins) == ("t = 0", r"\frac{\partial \mathbf{h}_0}{\partial \mathbf{h}_0} = \mathbf{I}_H")
    assert after == r"t = 1, \dots, T"
    assert goes_on.endswith(
        rf" = {local} \mathbf{{W}} \frac{{\partial \mathbf{{h}}_{{t-1}}}}{{\partial \mathbf{{h}}_0}}"
    )
    assert [where for where, _ in forms(by_input, problem)] == ["t = k", r"t = k+1, \dots, T", r"t = 1, \dots, k-1"]
    assert forms(by_input, problem)[0][1].endswith(local.replace("_t", "_k") + r" \mathbf{U}")
    assert forms(any_two, problem)[0][1].endswith(r"= \mathbf{I}_H")
    assert forms(any_two, problem)[2][1].endswith(r"= \mathbf{0}")


def test_the_other_layout_is_transposed() -> None:
    jacobians = ["dh[t]/dh[t-1]", "dh[T]/dh[0]", "dh[T]/dx[k]"]
    solution, other = (solve(asked(RNN, *jacobians, layout=layout)) for layout in ("numerator", "denominator"))
    env = draw(solution.problem, 3, sizes={"T": 3, "H": 2, "D": 2})
    for total, turned in zip(solution.totals, other.totals, strict=True):
        arrays = [
            evaluate(side, env, indices)
            for found, indices in ((total, total.indices), (turned, total.indices))
            for side in (found.entry.lhs, found.entry.rhs)
        ]
        assert all(np.allclose(array, arrays[0]) for array in arrays)
        assert [ix.dim for ix in turned.indices] == [ix.dim for ix in turned.array[1]]
        value = np.asarray(value_of(other.total_numpy(turned.key), variables(other.problem, env)))
        assert np.allclose(value, evaluate(total.entry.rhs, env, turned.indices))


def test_json() -> None:
    step, last = problem_json(solve(asked(RNN, "dh[t]/dh[t-1]", "dh[T]/dh[0]")))["jacobians"]
    assert (step["of"], step["by"], step["shape"]) == ("h[t]", "h[t-1]", ["T", "H", "H"])
    assert (last["of"], last["by"], last["shape"]) == ("h[T]", "h[0]", ["H", "H"])
    assert "cases" not in step
    assert last["entry"] is last["matrix"] is None
    assert [sorted(case) for case in last["cases"]] == [["entry", "matrix", "range"]] * 2
    assert step["numpy"] == "(1 - h ** 2)[:, :, None] * W"
    assert last["numpy"] == (
        "[J := np.eye(h0.shape[0]) if t < 0 else (1 - h[t] ** 2)[:, None] * "
        'np.einsum("ib,ba->ia", W, J) for t in range(-1, x.shape[0])][-1]'
    )


def test_a_wrong_recursion_or_start_is_found() -> None:
    """Each case is proved by itself, at every position and every length."""
    solution = solve(asked(RNN, "dh[T]/dh[0]", "dh[T]/dx[k]"))
    envs = [draw(solution.problem, seed) for seed in range(3)]
    for total in solution.totals:
        for n, case in enumerate(total.cases):
            if evaluate_zero(case.entry):
                continue
            for form in ("entry", "matrix"):
                equation = getattr(case, form)
                bad = replace(case, **{form: Equation(equation.lhs, Neg(equation.rhs))})
                changed = replace(total, cases=(*total.cases[:n], bad, *total.cases[n + 1 :]))
                found, _ = totals_proved((changed,), solution.derivations, envs)
                assert found[total.key].status == "failed"


def evaluate_zero(equation: Equation) -> bool:
    return repr(equation.rhs).startswith("Num(value=Fraction(0")


@pytest.mark.parametrize("form", ["md", "tex"])
def test_a_page_tells_what_an_equation_has_directly_from_the_whole(form: str) -> None:
    """Else dh_t/dx_k would stand on both sides of the chain rule with two meanings."""
    text = rendered(None, [solve(asked(RNN, "dh[T]/dx[k]"))], form)
    assert r"_{\text{direct}}" in text
    assert r"t = k+1, \dots, T" in text
    assert r"\text{direct}" not in rendered(None, [solve(asked(RNN, "dh[T]/dh[0]"))], form)


ANSWERS = [
    ("dh[t]/dh[t-1]", r"\mathrm{diag}(1 - \mathbf{h}_t^2) \mathbf{W}", "correct"),
    ("dh[t]/dh[t-1]", "diag(1 - h[t]**2) @ W", "correct"),
    ("dh[t]/dh[t-1]", r"\frac{\partial h_{ti}}{\partial h_{t-1,j}} = (1 - h_{ti}^2) W_{ij}", "correct"),
    ("dh[t]/dh[t-1]", r"\mathbf{W} \mathrm{diag}(1 - \mathbf{h}_t^2)", "incorrect"),
    ("dh[t]/dh[t-1]", r"-\mathrm{diag}(1 - \mathbf{h}_t^2) \mathbf{W}", "incorrect"),
    ("dh[t]/dh[t-1]", r"\mathrm{diag}(1 - \mathbf{h}_{t-1}^2) \mathbf{W}", "incorrect"),
    ("dh[T]/dh[0]", r"\mathbf{I}", "incorrect"),
]


@pytest.mark.parametrize(
    ("answer", "verdict"), [("W", "correct"), (r"\mathbf{W}^\top", "incorrect"), ("-W", "incorrect")]
)
def test_an_answer_that_is_the_same_for_every_member(answer: str, verdict: str) -> None:
    assert marker_of("dh[t]/dh[t-1]", linear=True).mark("dh[t]/dh[t-1]", answer).verdict == verdict


@pytest.mark.parametrize(("target", "answer", "verdict"), ANSWERS)
def test_answers(target: str, answer: str, verdict: str) -> None:
    assert marker_of("dh[t]/dh[t-1]", "dh[T]/dh[0]").mark(target, answer).verdict == verdict
