"""The problems that come with backsym and the networks of the tests, read and solved once a process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from networks import NETWORKS

from backsym.core.problem import Problem
from backsym.core.resources import bundled_problems
from backsym.marking.verdicts import Marker
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


_SOLVED: dict[str, Solution] = {}
_MARKERS: dict[str, Marker] = {}


def solution_of(mapping: Mapping[str, Any]) -> Solution:
    """The solution of a problem given as a mapping, proved."""
    key = repr(mapping)
    if key not in _SOLVED:
        _SOLVED[key] = solve(problem_from_mapping(dict(mapping)))
    return _SOLVED[key]


def marker_of(mapping: Mapping[str, Any]) -> Marker:
    """The marker of a problem given as a mapping."""
    key = repr(mapping)
    if key not in _MARKERS:
        _MARKERS[key] = Marker(problem_from_mapping(dict(mapping)))
    return _MARKERS[key]


@cache
def solution(name: str) -> Solution:
    """The solution of one of ``all_problems``, without the numeric check."""
    return solve(all_problems()[name], check=False)
