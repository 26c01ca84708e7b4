"""Points exercise every derivative and both sides of every kink, or say that they do not; nothing is judged at ties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from extent import examples
from numeric_examples import Build, scalar_chain
from random_shapes import network

import backsym as bs
from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.core.expr import ONE, ZERO, Add, Adj, Cmp, Equation, Expr, Fn, Mul, Neg, Reduce, Sym, num
from backsym.core.functions import FUNCTIONS
from backsym.core.steps import Derivation
from backsym.documents.writers.jsonform import problem_json
from backsym.marking.verdicts import Marker
from backsym.numeric import exercise, verify
from backsym.numeric.context import Context, Env
from backsym.numeric.exercise import Exercise, cancelling, kinks_of
from backsym.numeric.guardian import Guardian, Rejected
from backsym.numeric.sample import draw, draws
from backsym.numeric.sizes import LARGEST, choose_sizes
from backsym.numeric.stated import with_adjoints
from backsym.printing.latex import latex
from backsym.printing.notation import Notation
from backsym.printing.plain import plain
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve


def problem(*forward: str, **symbols: list[str | int]) -> bs.Problem:
    letters = {"i": "N"} if "x" in symbols and symbols["x"] == ["N"] else {}
    given = {"symbols": symbols, "indices": letters} if symbols else {}
    return bs.Problem(forward=list(forward), **given)


def statuses(marker: Marker) -> set[str]:
    return {result.verification.status for result in marker.judge.solution}


# --- unexercised is not zero -----------------------------------------------------------------------------------------

THRESHOLDS = {
    "a threshold above the usual values": ["y = w*relu(x - 3)"],
    "a threshold below": ["y = w*relu(-x - 4)"],
    "two thresholds": ["y = w*relu(relu(x - 2) - 1)"],
    "the smaller of two": ["y = min(a**2 + 2, b*c)"],
    "the larger of two": ["y = max(1 + a**2, b*c)"],
    "a comparison": ["y = w*[x > 3]*x"],
    "a small window": ["y = w*relu(1/4 - (x - 2)**2)"],
}


@pytest.mark.parametrize("forward", THRESHOLDS.values(), ids=THRESHOLDS.keys())
def test_thresholds_are_passed(forward: list[str]) -> None:
    p = problem(*forward, "L = y**2/2")
    marker = Marker(p)
    assert statuses(marker) == {"verified"}
    for result in marker.judge.solution:
        if result.node not in ("L", "y"):
            assert marker.mark(result.node, "0").verdict == "incorrect", result.node
            assert marker.mark(result.node, plain(result.entry.rhs, p)).verdict == "correct"


SHIFTS = {
    "back by four": ["y[i] = x[i] - a*x[i-4]"],
    "forth by five": ["y[i] = x[i] + a*x[i+5]"],
    "both ways": ["y[i] = a*x[i-2]*x[i+3]"],
    "back by six": ["y[i] = x[i]*a*x[i-6]"],
}


@pytest.mark.parametrize("forward", SHIFTS.values(), ids=SHIFTS.keys())
def test_sizes_are_large_enough_for_shifts(forward: list[str]) -> None:
    p = problem(*forward, "L = sum(y[i]**2, i)/2", x=["N"], a=[])
    marker = Marker(p)
    assert statuses(marker) == {"verified"}
    assert marker.mark("a", "0").verdict == "incorrect"
    for node in "ax":
        result = marker.judge.solution[node]
        target = f"{node}[{','.join(ix.letter for ix in result.derivation.indices)}]" if node == "x" else node
        assert marker.mark(target, plain(result.entry.rhs, p)).verdict == "correct"
        assert marker.mark(target, latex(result.entry.rhs, Notation.of(p))).verdict == "correct"


def test_sizes_are_large_enough_for_multiples() -> None:
    p = problem("y[i] = a*x[2*i - 7]*x[i]", "L = sum(y[i]**2, i)/2", x=["N"], a=[])
    marker = Marker(p)
    assert statuses(marker) == {"verified"}
    assert marker.mark("a", "0").verdict == "incorrect"
    assert marker.mark("a", "sum(dL/dy[i]*x[2*i - 7]*x[i], i)").verdict == "correct"


def test_a_wrong_term_of_a_shift_is_seen() -> None:
    p = problem("y[i] = x[i] - a*x[i-4]", "L = sum(y[i]**2, i)/2", x=["N"], a=[])
    marker = Marker(p)
    assert marker.mark("x[i]", "dL/dy[i]").verdict == "incorrect"
    assert marker.mark("x[i]", "dL/dy[i] - a*dL/dy[i-4]").verdict == "incorrect"
    assert marker.mark("x[i]", "dL/dy[i] - a*dL/dy[i+4]").verdict == "correct"


JOINT = {
    "one after the other": "y[i] = a*x[i-3]*x[i+4]",
    "a multiple and shifts": "y[i] = a*x[i-3]*x[2*i-1]*x[i-5]",
    "inside functions": "y[i] = a*tanh(x[i-6])*exp(x[i+6])",
    "in one term of a sum": "y[i] = x[i] + a*(x[i-2]*x[i+5] + x[i-6]*x[i+6]*sin(x[i+1]))",
    "backwards": "y[i] = a*x[9-i]*x[i-3]",
}


@pytest.mark.parametrize("forward", JOINT.values(), ids=JOINT.keys())
def test_sizes_are_large_enough_for_products_of_shifts(forward: str) -> None:
    p = problem(forward, "L = sum(y[i]**2, i)/2", x=["N"], a=[])
    assert {choose_sizes(p, seed)["N"] for seed in range(3)} != {LARGEST}
    marker = Marker(p)
    assert statuses(marker) == {"verified"}
    assert marker.mark("a", "0").verdict == "incorrect"
    assert marker.mark("a", plain(marker.judge.solution["a"].entry.rhs, p)).verdict == "correct"


def test_terms_of_a_sum_need_not_meet() -> None:
    p = problem("y[i] = a*x[i-3] + x[i+4]", "L = sum(y[i]**2, i)/2", x=["N"], a=[])
    assert max(choose_sizes(p, seed)["N"] for seed in range(3)) < 10


@pytest.mark.parametrize("seed", range(4))
def test_sizes_reach_every_position_and_two_entries_of_a_shift(seed: int) -> None:
    p = problem("y[i] = x[i-6] + x[5]*u[7]", "L = sum(y[i], i)", x=["N"], u=["M"])
    sizes = choose_sizes(p, seed)
    assert sizes["N"] >= 8
    assert sizes["M"] >= 7
    assert sizes["N"] != sizes["M"]
    assert max(sizes.values()) <= 12
    assert len({choose_sizes(p, n)["M"] for n in range(3)}) == 3


def test_small_sizes_stay_where_no_position_asks_for_more() -> None:
    p = problem("y[i] = x[i-1] + x[2]", "L = sum(y[i], i)", x=["N"])
    assert sorted(choose_sizes(p, seed)["N"] for seed in range(3)) == [3, 3, 4]


def test_a_declared_size_stays() -> None:
    p = bs.Problem(
        dims={"N": 3}, symbols={"x": ["N"], "a": []}, forward=["y[i] = x[i] - a*x[i-4]", "L = sum(y[i]**2, i)/2"]
    )
    assert choose_sizes(p, 0) == {"N": 3}
    verified = p.solve().verified
    assert verified["a"].status == "unexercised"
    assert verified["x"].status == "verified"
    marker = Marker(p)
    assert marker.mark("a", "-sum(dL/dy[i]*x[i-4], i)").verdict != "incorrect"


@pytest.mark.parametrize(("shift", "reached"), [(LARGEST - 2, True), (LARGEST + 6, False)])
def test_no_size_is_made_larger_than_the_largest(shift: int, reached: bool) -> None:
    p = problem(f"y[i] = x[i] - a*x[i-{shift}]", "L = sum(y[i]**2, i)/2", x=["N"], a=[])
    assert (choose_sizes(p, 0)["N"] >= LARGEST) is reached or choose_sizes(p, 0)["N"] == LARGEST
    assert (p.solve()["a"].verification.status == "verified") is reached


# --- what cannot be exercised ----------------------------------------------------------------------------------------

DEAD = {
    "a unit that is never on": (["y = w*relu(-x**2 - 3)"], "w"),
    "a unit before it": (["h = relu(-x**2 - 3)", "y = w*h"], "x"),
    "a condition that never holds": (["y = w*[x**2 < -1]"], "w"),
    "the larger is always the same": (["y = max(2 + a**2, sin(w))"], "w"),
}


@pytest.mark.parametrize(("forward", "node"), DEAD.values(), ids=DEAD.keys())
def test_what_is_never_exercised_is_said_and_not_judged_by(forward: list[str], node: str) -> None:
    p = problem(*forward, "L = (y - 1)**2/2")
    marker = Marker(p)
    result = marker.judge.solution[node]
    assert result.verification.status == "unexercised"
    verdict = marker.mark(node, "0")
    assert verdict.verdict == "undetermined"
    assert "zero at every test point" in verdict.feedback
    assert marker.mark(node, plain(result.entry.rhs, p)).verdict == "undetermined"
    # What is not zero where the derivative is, is wrong all the same.
    assert marker.mark(node, "1 + 0*y").verdict == "incorrect"


CANCELLING = {
    "a shift of all logits": ["z = u + c", "a = softmax(z)", "L = -sum(t*log(a))"],
    "through another quantity": ["s = c**2", "z = u + s", "a = softmax(z)", "L = -sum(t*log(a))"],
    "a mean that is taken off": ["z = u + c", "d = z - sum(z)/K", "L = sum(d**2)"],
}


@pytest.mark.parametrize("forward", CANCELLING.values(), ids=CANCELLING.keys())
def test_a_zero_by_terms_that_cancel_is_judged(forward: list[str]) -> None:
    t = {"shape": ["K"], "role": "target", "one_hot": True}
    p = bs.Problem(
        forward=forward,
        symbols={"u": ["K"], "c": []} | ({"t": t} if "log" in forward[-1] else {}),
    )
    marker = Marker(p)
    assert not marker.judge.unexercised
    assert marker.mark("c", "0").verdict == "correct"
    assert marker.mark("c", "1").verdict == "incorrect"
    assert marker.mark("c", plain(marker.judge.solution["c"].entry.rhs, p)).verdict == "correct"


def test_cancelling_tells_terms_that_cancel_from_units_that_are_off() -> None:
    p = Build()
    x, y = p.leaf("x"), p.leaf("y")
    h = p.node("h", (), Fn("relu", (Neg(Mul((x, x))),)))
    p.node("L", (), Add((h, y)))
    p.derive("L", ONE)
    p.derive("h", p.adj("L"))
    p.derive("x", Mul((Mul((num(-2), x)), p.adj("h"), Fn("relu", (Neg(Mul((x, x))),), order=1))))
    p.derive("y", ZERO)
    assert cancelling(p.derivations, with_adjoints(p.derivations, draw(p.problem(), 0))) == {"y"}


REASONS: dict[str, tuple[dict[str, Any], str, str]] = {
    # the problem, the quantity, and why its derivative is zero at every point
    "it is taken off again": ({"forward": ["d = b - b + w", "L = d**2"]}, "b", "zero"),
    "times a zero": ({"forward": ["d = b - b", "y = d*w", "L = (y - 1)**2"]}, "w", "zero"),
    "a power of a zero": ({"forward": ["d = b - b", "y = d**3 + w", "L = y**2"]}, "d", "zero"),
    "a function of a zero": ({"forward": ["d = tanh(b - b)", "y = d*w + c", "L = y**2"]}, "w", "zero"),
    "a quotient of a zero": ({"forward": ["d = 0*b/(1 + b**2)", "y = d*w + c", "L = y**2"]}, "w", "zero"),
    "behind a zero": ({"forward": ["s = c**2", "d = s - s", "L = d*w + w"]}, "c", "zero"),
    "in a condition only": ({"forward": ["y = [b > 1/2]*w", "L = y**2"]}, "b", "zero"),
    "a shift of all logits": (
        {"symbols": {"u": ["K"], "c": []}, "forward": ["z = u + c", "a = softmax(z)", "L = -log(a[1])"]}, "c", "zero",
    ),
    "a size that is declared": (
        {"dims": {"N": 3}, "indices": {"i": "N"}, "symbols": {"x": ["N"], "a": []},
         "forward": ["y[i] = x[i] - a*x[i-4]", "L = sum(y[i]**2, i)/2"]}, "a", "out_of_reach",
    ),
    "shifts that never meet": (
        {"dims": {"N": 5}, "indices": {"i": "N"}, "symbols": {"x": ["N"], "a": []},
         "forward": ["y[i] = x[i] - a*x[i-3]*x[i+3]", "L = sum(y[i]**2, i)/2"]}, "a", "out_of_reach",
    ),
    "a unit that is never on": ({"forward": ["h = relu(-x**2 - 3)", "L = h + w"]}, "x", "one_sided"),
    "times a unit that is never on": ({"forward": ["h = relu(-x**2 - 3)", "L = (h*w - 1)**2"]}, "w", "value_zero"),
    "through a unit that is never on": (
        {"forward": ["s = tanh(x)", "h = relu(-s**2 - 3)", "L = h + w"]}, "x", "nothing_passed_back",
    ),
    "a condition that never holds": ({"forward": ["y = [x**2 < -1]*w", "L = (y - 1)**2"]}, "w", "one_sided"),
    "the smaller is never the larger": ({"forward": ["y = max(2 + a**2, sin(w))", "L = y**2"]}, "w", "one_sided"),
}  # fmt: skip


@pytest.mark.parametrize("case", REASONS)
def test_why_a_derivative_was_zero_is_said(case: str) -> None:
    mapping, node, why = REASONS[case]
    p = bs.Problem(**mapping)
    marker = Marker(p)
    solution = marker.judge.solution
    verified = solution.verified[node]
    assert verified.reason is not None
    assert verified.reason.code == f"unexercised.{why}"
    assert verified.status == ("verified" if why == "zero" else "unexercised")
    for language in ("en", "de"):
        assert node in verified.reason.text(language)
    (stated,) = [d["verified"]["reason"] for d in problem_json(solution)["derivatives"] if d["node"] == node]
    assert stated == {"code": verified.reason.code, "text": str(verified.reason)}
    verdict = marker.mark(node, "0" if not p.symbols[node].shape else "0*" + node).verdict
    assert verdict == ("correct" if why == "zero" else "undetermined")


def test_what_is_exercised_needs_no_reason() -> None:
    assert all(v.reason is None for v in problem("y = w*relu(x)", "L = y**2").solve().verified.values())


def test_a_zero_is_not_proved_by_one_side_of_a_kink() -> None:
    """A rule that forgets a term is seen only where the unit is on, which no point reaches."""
    p = problem("y = w*relu(x - 10**9) + x", "L = y**2/2")
    derivations = [
        replace(d, entry=Equation(d.entry.lhs, ZERO), matrix=None) if d.node == "w" else d
        for d in p.solve().derivations
    ]
    assert verify.verify(p, derivations)["w"].status == "unexercised"


def test_verify_says_why(tmp_path: Path) -> None:
    file = tmp_path / "never.yaml"
    file.write_text("forward: ['h = relu(-x**2 - 3)', 'd = b - b', L = h + d*w]", encoding="utf-8")
    done = CliRunner().invoke(main, ["verify", str(file)])
    assert done.exit_code == 0
    assert "one side only was reached of relu in the equation of h" in done.stdout
    assert "w: verified" in done.stdout


@pytest.mark.parametrize("first", range(0, examples(30), 10))
def test_random_networks_say_why(first: int) -> None:
    for seed in range(first, first + 10):
        for node, verified in solve(problem_from_mapping(network(seed))).verified.items():
            assert (verified.status == "verified") or verified.reason is not None, (seed, node)


# --- both sides of a kink --------------------------------------------------------------------------------------------

KINKS = {
    "elu": ["z = w*x + b", "a = elu(z)"],
    "leaky ReLU": ["z = w*x + b", "a = leaky_relu(z)"],
    "abs": ["z = w*x + b", "a = abs(z)"],
    "ReLU": ["z = w*x + b", "a = relu(z)*z + z"],
    "elu far away": ["z = w*x", "a = elu(z - 4)"],
    "the larger": ["z = w*x", "a = max(z, 2*z - 3)"],
    "the smaller": ["z = w*x", "a = min(z, 3 - z)"],
    "a comparison": ["z = w*x", "a = z**2*[z > 2] + z"],
    "two units": ["z = w*x", "a = elu(z)*v + abs(z - 1)"],
}


def spoiled(derivations: Sequence[Derivation], node: str, wrong: Expr) -> list[Derivation]:
    """The derivations with a mistake in one, which has no other form then to compare it with."""
    return [
        replace(d, entry=Equation(d.entry.lhs, Add((d.entry.rhs, wrong))), matrix=None) if d.node == node else d
        for d in derivations
    ]


@pytest.mark.parametrize("above", [False, True], ids=["below", "above"])
@pytest.mark.parametrize("forward", KINKS.values(), ids=KINKS.keys())
def test_a_wrong_branch_is_refused(forward: list[str], above: bool) -> None:
    p = problem(*forward, "L = a**2/2")
    derivations = p.solve().derivations
    for kink in kinks_of(p.by_name["a"].rhs):
        a, b = (kink.a, kink.b) if isinstance(kink, Cmp) else (*kink.args, ZERO)[:2]
        if isinstance(kink, Fn) and len(kink.args) == 2 and kink.name not in ("max", "min"):
            b = ZERO
        wrong = Mul((num(3), Adj("a", ()), Cmp(">" if above else "<", a, b)))
        verified = verify.verify(p, spoiled(derivations, "z", wrong))
        assert verified["z"].status == "failed"
        assert verify.verify(p, derivations)["z"].status == "verified"


@pytest.mark.parametrize("forward", KINKS.values(), ids=KINKS.keys())
def test_an_answer_with_a_wrong_branch_is_wrong(forward: list[str]) -> None:
    p = problem(*forward, "L = a**2/2")
    marker = Marker(p)
    right = plain(marker.judge.solution["z"].entry.rhs, p)
    assert marker.mark("z", right).verdict == "correct"
    for kink in kinks_of(p.by_name["a"].rhs):
        a, b = (kink.a, kink.b) if isinstance(kink, Cmp) else (*kink.args, ZERO)[:2]
        if isinstance(kink, Fn) and len(kink.args) == 2 and kink.name not in ("max", "min"):
            b = ZERO
        for op in "<>":
            condition = plain(Cmp(op, a, b), p)
            assert marker.mark("z", f"{right} + 3*dL/da*{condition}").verdict == "incorrect", (right, condition)


def test_sides_count_only_where_something_is_passed_back() -> None:
    """The entry below the kink is multiplied by zero afterwards: a wrong branch there could not be seen."""
    p = Build()
    z = p.leaf("z", "D")
    a = p.node("a", ("D",), Fn("abs", (z,)))
    p.node("L", (), Reduce("sum", Mul((a, Fn("relu", (z,))))))
    p.derive("L", ONE)
    p.derive("a", Fn("relu", (z,)))
    e = Exercise(p.problem(), p.derivations)
    point = draw(p.problem(), 0, sizes={"D": 2})
    values = {**point.values, "z": np.asarray([1.0, -1.0]), "a": np.asarray([1.0, 1.0])}
    adjoints = {"L": np.asarray(1.0), "a": np.asarray([1.0, 0.0])}
    seen = e.seen(replace(point, values=values, adjoints=adjoints))
    assert ("a", 0, True) in seen
    assert ("a", 0, False) not in seen
    assert e.wanted >= {("a", 0, False), ("a", 0, True), ("L", 1, False), ("L", 1, True)}


# --- how long is looked ----------------------------------------------------------------------------------------------


def attempts(equations: int) -> int:
    build = scalar_chain(equations)
    p = build.problem()
    e = Exercise(p, build.derivations)
    count = 0

    def no_point(seed: int) -> Env:
        nonlocal count
        count += 1
        raise BacksymError("none")

    assert not list(e.further({("x", -1, True)}, no_point))
    return count


def test_looking_for_points_ends() -> None:
    assert attempts(9) == attempts(19) == exercise.PATIENCE == 40
    assert attempts(99) == 8
    assert attempts(999) == exercise.FEW == 3


def test_no_more_further_points_than_may_be_tried_in_vain() -> None:
    build = scalar_chain(999)
    e = Exercise(build.problem(), build.derivations)
    nodes = [d.node for d in build.derivations]
    point = draw(build.problem(), 0)
    zero = with_adjoints(build.derivations, point)
    found = iter(range(100))

    class OneByOne(Exercise):
        def seen(self, point: Env, least: float = exercise.ZEROISH) -> set[exercise.Feature]:
            return {(nodes[next(found)], -1, True)}

    one_by_one = OneByOne(e.problem, e.derivations)
    assert len(list(one_by_one.further({(node, -1, True) for node in nodes}, lambda seed: zero))) == exercise.FEW


def test_rounding_is_no_derivative() -> None:
    build = scalar_chain(1)
    e = Exercise(build.problem(), build.derivations)
    point = with_adjoints(build.derivations, draw(build.problem(), 0))
    node = build.derivations[-1].node
    for size, seen in ((0.9e-9, False), (1.1e-9, True)):
        adjoints = {**point.adjoints, node: np.full_like(point.adjoints[node], size)}
        assert ((node, -1, True) in e.seen(replace(point, adjoints=adjoints))) is seen


def test_rounding_at_wide_points_is_no_error() -> None:
    for error, status in ((0.9e-5, "verified"), (1.1e-5, "failed")):
        tally, wide = verify._Tally(1e-12, True), verify._Tally(error, False)
        tally.add_wide(wide)
        assert tally.verdict(3).status == status
    tally, wide = verify._Tally(), verify._Tally(float("nan"), True)
    tally.add_wide(wide)
    assert tally.verdict(3).status == "failed"


# --- ties ------------------------------------------------------------------------------------------------------------

POOLING = {
    "the largest unit": (["h = relu(W @ x)", "m = max(h)", "L = (m - c)**2/2"], "h"),
    "of each row": (["h = relu(W @ x)", "H = outer(h, v)", "m = max(H, axis=1)", "L = sum(m**2)/2"], "H"),
    "the smallest": (["h = -relu(W @ x)", "m = min(h)", "L = (m - c)**2/2"], "h"),
}
SHAPES: dict[str, list[str | int]] = {"W": ["K", "D"], "x": ["D"], "v": ["M"], "c": []}


def used(forward: list[str]) -> dict[str, list[str | int]]:
    return {name: shape for name, shape in SHAPES.items() if any(name in equation for equation in forward)}


@pytest.mark.parametrize(("forward", "node"), POOLING.values(), ids=POOLING.keys())
def test_points_have_no_ties(forward: list[str], node: str) -> None:
    p = problem(*forward, **used(forward))
    for point in (*draws(p, 6), *Marker(p).judge.points):
        x = point.values[node] if "max" in "".join(forward) else -point.values[node]
        top = np.sort(x, axis=-1)
        assert np.all(top[..., -1] > top[..., -2])


def test_the_indicator_of_the_largest_is_right() -> None:
    forward, _ = POOLING["the largest unit"]
    marker = Marker(problem(*forward, **used(forward)))
    assert marker.mark("h[k]", "(m - c)*[h[k] == max(h)]").verdict == "correct"
    assert marker.mark("h", r"(m - c)\,\mathbb{1}[h = \max h]").verdict in ("correct", "undetermined")
    assert marker.mark("h[k]", "(m - c)*[h[k] != max(h)]").verdict == "incorrect"
    assert marker.mark("h[k]", "(m - c)*[h[k] >= 0]").verdict == "incorrect"


def test_near_ties_are_rejected_and_lone_entries_are_not() -> None:
    guardian = Guardian()
    guardian.extreme("max", np.asarray([[1.0], [1.0]]), (1,))
    guardian.extreme("max", np.asarray([1.0, 1.0, 2.0]), (0,))
    guardian.extreme("min", np.asarray([1.0, 2.0, 2.0]), (0,))
    guardian.extreme("max", np.asarray([1.0, 1.002]), (0,))
    for op, x in (("max", [2.0, 1.0, 2.0]), ("min", [1.0, 1.0, 2.0]), ("max", [1.0, 1.0005]), ("max", [0.0, 0.0])):
        with pytest.raises(Rejected, match="reached twice"):
            guardian.extreme(op, np.asarray(x), (0,))
    guardian.strictness = 0
    guardian.extreme("max", np.asarray([2.0, 2.0]), (0,))


def rejected(guardian: Guardian, x: list[float], renewed: bool = True) -> bool:
    guardian.begin("m", lambda: renewed)
    try:
        guardian.extreme("max", np.asarray(x), (0,))
    except Rejected:
        return True
    return False


def test_a_tie_at_eight_points_with_other_leaves_is_there_wherever_they_are() -> None:
    guardian = Guardian()
    assert [rejected(guardian, [0.0, -1.0 - n, 0.0]) for n in range(9)] == [True] * 7 + [False] * 2
    assert rejected(guardian, [1.0, 1.0005])
    for kept in (Guardian(), Guardian()):
        assert all(rejected(kept, [0.0, 0.0], renewed=False) for _ in range(30))
    moved = Guardian()
    assert not rejected(moved, [0.0, 1.0])
    assert all(rejected(moved, [0.0, 0.0]) for _ in range(30))


def test_a_kink_at_eight_points_with_other_leaves_is_accepted_where_the_sides_agree() -> None:
    guardian, ctx = Guardian(), Context.of(Env({}, {}))
    for x, accepted in (([0.0, 2.0], True), ([1e-5, 2.0], False)):
        found = []
        for _ in range(9):
            guardian.begin(f"{x}", lambda: True)
            try:
                guardian.function(FUNCTIONS["relu"], [np.asarray(x)], ctx)
                found.append(True)
            except Rejected:
                found.append(False)
        assert found == [False] * 7 + [accepted] * 2


def test_ties_are_taken_for_derivatives_only() -> None:
    guardian = Guardian(ties=True)
    assert not rejected(guardian, [2.0, 1.0, 2.0])
    assert rejected(guardian, [2.0, 2.001])
    p = problem(*POOLING["the largest unit"][0], W=["K", "D"], x=["D"], c=[])
    points = [draw(p, seed, lively=False, wide=True, ties=True) for seed in range(30)]
    assert any(np.sum(point.values["h"] == point.values["m"]) > 1 for point in points)


def test_few_points_are_tried_where_a_window_reaches_over_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    p = bs.Problem(
        forward=["h[i] = relu(a*x[i])", "m[j] = max(h[2*j+s-2], s)", "L = sum(m[j]**2, j)"],
        symbols={"x": ["N"], "a": []},
        indices={"i": "N", "j": "P", "s": "S"},
        dims={"N": 3, "P": 4, "S": 2},
    )
    tried = 0
    begin = Guardian.begin

    def counted(guardian: Guardian, equation: str, renewed: Callable[[], bool]) -> None:
        nonlocal tried
        tried += equation == "m"
        begin(guardian, equation, renewed)

    monkeypatch.setattr(Guardian, "begin", counted)
    point = draw(p, 0)
    assert tried < 30
    h = point.values["h"]
    assert h[0] != h[1], "what lies inside of the array is at no tie"


def test_kinks_are_found_in_the_equations_alone() -> None:
    p = problem("a = elu(z) + [z > 1]*z + tanh(z)", "L = a**2")
    found = list(kinks_of(p.by_name["a"].rhs))
    assert {type(kink) for kink in found} == {Fn, Cmp}
    assert len(found) == 2
    assert not list(kinks_of(Fn("elu", (Sym("z", ()),), order=1)))
