"""Random analytic instances of functions that stay abstract on the page, with exact derivatives of every order.

This module must not know about expressions or problems.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.numeric.axes import Array


class AbstractFunction(ABC):
    """An instance of an abstract function: its derivatives by the first argument, order 0 being its value."""

    @abstractmethod
    def derivative(self, order: int, *args: Array) -> Array:
        """The derivative of this order at the arguments."""


@dataclass(frozen=True)
class SmoothFunction(AbstractFunction):
    """f(x, r...) = a sin(b x + c + 0.7 sum(r)) + d x, element by element."""

    a: float
    b: float
    c: float
    d: float

    @staticmethod
    def random(rng: np.random.Generator) -> SmoothFunction:
        a, b, c, d = rng.uniform([0.4, 0.6, -1.0, 0.5], [0.9, 1.2, 1.0, 0.9])
        return SmoothFunction(float(a), float(b), float(c), float(d))

    def derivative(self, order: int, *args: Array) -> Array:
        x, rest = args[0], args[1:]
        phase = self.b * x + (self.c + order * math.pi / 2)
        for other in rest:
            phase = phase + 0.7 * other
        value = self.a * self.b**order * np.sin(phase)
        if order == 0:
            value = value + self.d * x
        if order == 1:
            value = value + self.d
        return np.asarray(value)


@dataclass(frozen=True)
class SmoothLoss(AbstractFunction):
    """A scalar function of all entries of its arguments.

    f(y, t...) = sin(u) + sum_i alpha_i sin(beta y_i + gamma s) with u = sum_i p_i y_i + s, where s is a weighted sum of
    the entries of the other arguments.  Its derivative of order 1 is the gradient by y.
    """

    beta: float
    gamma: float
    shift: float

    @staticmethod
    def random(rng: np.random.Generator) -> SmoothLoss:
        beta, gamma, shift = rng.uniform([0.6, 0.4, 0.0], [1.1, 0.9, 6.0])
        return SmoothLoss(float(beta), float(gamma), float(shift))

    def _weights(self, count: int, salt: float) -> Array:
        """Distinct weights for the entries, between 0.3 and 0.9."""
        return np.asarray(0.6 + 0.3 * np.sin(1.7 * np.arange(count) + self.shift + salt))

    def derivative(self, order: int, *args: Array) -> Array:
        y = np.ravel(args[0])
        s = np.asarray(0.0)
        for number, other in enumerate(args[1:]):
            flat = np.ravel(other)
            s = s + (self._weights(flat.size, 2.0 + number) * flat).sum()
        p, alpha = self._weights(y.size, 0.0), self._weights(y.size, 1.0)
        u = (p * y).sum() + s
        inner = self.beta * y + self.gamma * s
        if order == 0:
            return np.asarray(np.sin(u) + (alpha * np.sin(inner)).sum())
        if order > 1 and y.size > 1:
            raise BacksymError(say("numeric.abstract_order", order=order))
        quarter = order * math.pi / 2
        gradient = p**order * np.sin(u + quarter) + alpha * self.beta**order * np.sin(inner + quarter)
        return np.reshape(gradient, np.shape(args[0]))
