"""Which given arrays a note says to sum to one; the claims that need it hold at random points, or are refuted."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_reading_cases import loaded

from backsym.core.errors import InputError
from backsym.core.problem import Problem
from backsym.numeric.claims import false_claims
from backsym.solving.solution import solve

ONE = r"""Let $z = W x$ with $W \in \mathbb{R}^{K \times d}$, $x \in \mathbb{R}^d$ and $p = \mathrm{softmax}(z)$.
$$L = -\sum_{k=1}^K q_k \log p_k$$
"""
BATCH = r"""Let $Z = X W$ with $X \in \mathbb{R}^{N \times d}$, $W \in \mathbb{R}^{d \times K}$ and
$P = \mathrm{softmax}(Z)$ over each row.
$$L = -\frac1N \sum_{n=1}^N\sum_{k=1}^K Y_{nk} \log P_{nk}$$
"""
SHOW = "Show that\n$$\\frac{\\partial L}{\\partial z} = p - q.$$\n"
SHOW_ALL = "Show that\n$$\\frac{\\partial L}{\\partial Z} = \\frac1N (P - Y).$$\n"

TOLD = {
    "with the range": ONE + r"where $\sum_{k=1}^{K} q_k = 1$. " + SHOW,
    "from the right": ONE + r"where $1 = \sum_k q_k$. " + SHOW,
    "by ones": ONE + r"Here $q$ is a probability vector, i.e. $\mathbf{1}^\top q = 1$. " + SHOW,
    "in words": ONE + "The entries of $q$ sum to one. " + SHOW,
    "in German": ONE + "Die Einträge von $q$ summieren sich zu 1. Zeigen Sie, dass" + SHOW[9:],
    "displayed": ONE + "such that\n$$\\sum_{k=1}^K q_k = 1.$$\n" + SHOW,
    "supposed": ONE + r"If $\sum_k q_k = 1$, s" + SHOW[1:],
    "supposed behind": ONE + SHOW[:-4] + "$$\nwhenever $\\sum_k q_k = 1$.\n",
    "of rows": BATCH + "The rows of $Y$ sum to one. " + SHOW_ALL,
    "of members": BATCH + r"Assume $\sum_{k=1}^K Y_{nk} = 1$ for every $n$. " + SHOW_ALL,
}
NOT_TOLD = {
    "not over all of an axis without a name": ONE.replace(r"_{k=1}^K", "_k").replace(r"\in \mathbb{R}^{K \times d}", "")
    + r"where $\sum_{k=1}^{K-1} q_k = 1$. "
    + SHOW,
    "not over all": ONE + r"where $\sum_{k=1}^{K-1} q_k = 1$. " + SHOW,
    "of squares": ONE + r"where $\sum_k q_k^2 = 1$. " + SHOW,
    "to two": ONE + r"where $\sum_k q_k = 2$. " + SHOW,
    "denied": ONE + r"We do not assume that $\sum_k q_k = 1$. " + SHOW,
    "unless": ONE + SHOW[:-4] + "$$\nunless $\\sum_k q_k = 1$.\n",
    "asked": ONE + r"Does the result hold if $\sum_k q_k = 1$? " + SHOW,
    "of another part": ONE + r"(a) Find $\frac{\partial L}{\partial z}$. (b) If $\sum_k q_k = 1$, s" + SHOW[1:],
    "of the node": ONE + r"where $\sum_k p_k = 1$. " + SHOW,
    "over the examples": BATCH + r"with $\sum_{n=1}^N Y_{nk} = 1$. " + SHOW_ALL,
    "of all entries": BATCH + r"Assume $\sum_{n,k} Y_{nk} = 1$. " + SHOW_ALL,
}
BOUND = {
    "in words": ONE + r"The entries of $q$ sum to one. Find $\frac{\partial L}{\partial q}$.",
    "of members": r"""The weights $\alpha_k$ sum to one. $$f = \sum_{k=1}^K \alpha_k w_k, \quad L = (f - y)^2$$
Compute $\partial L/\partial \alpha_k$.""",
    "by its formula": ONE + r"where $\sum_k q_k = 1$. Find $\frac{\partial L}{\partial q}$.",
}


def refuted(problem: Problem) -> int:
    """The number of claims that do not hold."""
    solution = solve(problem)
    return len(false_claims(problem, solution.derivations, solution.points))


@pytest.mark.parametrize("name", TOLD)
def test_what_sums_to_one_makes_the_claim_true(name: str, tmp_path: Path) -> None:
    problem = loaded(tmp_path, TOLD[name])
    assert problem.parts
    target = "Y" if "Y" in problem.symbols else "q"
    assert {s.name for s in problem.symbols.values() if s.sums_to_one} == {target}
    assert problem.symbols[target].role in ("constant", "target")
    assert not refuted(problem)


@pytest.mark.parametrize("name", NOT_TOLD)
def test_what_is_not_said_to_sum_to_one_leaves_the_claim_false(name: str, tmp_path: Path) -> None:
    problem = loaded(tmp_path, NOT_TOLD[name])
    assert not any(s.sums_to_one for s in problem.symbols.values())
    assert refuted(problem) == 1


@pytest.mark.parametrize("name", BOUND)
def test_by_what_sums_to_one_nothing_is_differentiated(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        loaded(tmp_path, BOUND[name])
    assert [d.words.code for d in error.value.diagnostics] == ["notes.proviso.bound"]
