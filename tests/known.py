"""The problems that come with backsym and the networks of the tests, read and solved once a process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from networks import NETWORKS

from backsym.core.problem import Problem
from backsym.core.resources import bundled_problems
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve


@cache
def bundled() -> Mapping[str, Problem]:
    """The problems that come with backsym, without collections."""
    loaded = {name: load(str(path)) for name, path in bundled_problems().items()}
    return MappingProxyType({name: problem for name, problem in loaded.items() if isinstance(problem, Problem)})


@cache
def networks() -> Mapping[str, Problem]:
    """The hand-written networks of the tests."""
    return MappingProxyType({n: problem_from_mapping({"title": n, **given}) for n, given in NETWORKS.items()})


@cache
def all_problems() -> Mapping[str, Problem]:
    """Both; of a name that both have, the network."""
    return MappingProxyType({**bundled(), **networks()})


@cache
def solved(path: Path) -> Solution:
    """The solution of a problem file that is no collection, proved."""
    problem = load(str(path))
    assert isinstance(problem, Problem)
    return solve(problem)


@cache
def solution(name: str) -> Solution:
    """The solution of one of ``all_problems``, without the numeric check."""
    return solve(all_problems()[name], check=False)
