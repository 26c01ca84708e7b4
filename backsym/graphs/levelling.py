"""The last step of the heights: as level as the order and the distances allow, exactly.

The weighted sum of all rises and falls is made least: sets of slots move down together, each as far as that gains,
until no set gains.  What is least already stays as it is, so that symmetric pictures stay symmetric.

This module must not know what the slots stand for or how they look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from backsym.graphs.closures import gaining
from backsym.graphs.slots import Order

Edge = tuple[int, int, float]
"""Two slots, and how hard the edge between them pulls to be level."""

LEVEL = 1e-7
"""Heights that differ by less are equal."""

STEPS = 500
"""No graph of a page needs more moves."""


def slope(heights: Sequence[float], edges: Sequence[Edge]) -> float:
    """The weighted sum of all rises and falls."""
    return sum([weight * abs(heights[a] - heights[b]) for a, b, weight in edges])


def levelled(
    heights: Sequence[float], order: Order, distance: Callable[[int, int], float], edges: Sequence[Edge]
) -> list[float]:
    """The heights with the least slope, from heights that keep the distances; see :func:`slope`."""
    found = list(heights)
    gaps = [(upper, lower, distance(upper, lower)) for column in order for upper, lower in pairwise(column)]
    for _ in range(STEPS):
        moving = frozenset(_moving(found, gaps, edges))
        if not moving:
            break
        far = _far(found, gaps, edges, moving)
        for slot in moving:
            found[slot] += far
    return found


def _moving(heights: Sequence[float], gaps: Sequence[Edge], edges: Sequence[Edge]) -> list[int]:
    """The slots that gain most by moving down together: a slot takes along what it rests on."""
    gain = dict.fromkeys(range(len(heights)), 0.0)
    ties = [(a, b, float("inf")) for a, b, least in gaps if heights[b] - heights[a] < least + LEVEL]
    for a, b, weight in edges:
        down = heights[b] - heights[a]
        if abs(down) < LEVEL:
            ties += [(a, b, weight), (b, a, weight)]
        else:
            gain[a] += weight if down > 0 else -weight
            gain[b] -= weight if down > 0 else -weight
    return gaining(gain, ties)


def _far(heights: Sequence[float], gaps: Sequence[Edge], edges: Sequence[Edge], moving: frozenset[int]) -> float:
    """How far the slots can move down until one meets another, or an edge is level."""
    room = [heights[b] - heights[a] - least for a, b, least in gaps if a in moving and b not in moving]
    for a, b, _ in edges:
        if (a in moving) != (b in moving):
            down = heights[b] - heights[a] if a in moving else heights[a] - heights[b]
            room += [down] if down > LEVEL else []
    return min(room)
