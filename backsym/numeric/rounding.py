"""What rounding leaves of terms that cancel: ``0.1 + 0.2 - 0.3`` is 5.6e-17 in double precision, and stands for zero.

This module must not know what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from backsym.numeric.axes import Array
from backsym.numeric.context import Env

_SMALL = 1e-6
_TRIES = 3

_LOST = 1e-14
"""An entry smaller than its terms by this factor has no digit left that is right."""


def settled(compute: Callable[[Env], Array], env: Env) -> Array:
    """``compute(env)``, an array of any shape, with zeros in place of entries that are only rounding.

    How much an entry reacts to small relative changes of all that it is made of tells the magnitude of its terms.
    """
    value = np.array(compute(env), dtype=float)
    rng = np.random.default_rng(8)

    def moved(arrays: Mapping[str, Array]) -> dict[str, Array]:
        return {name: np.asarray(x * (1 + _SMALL * rng.standard_normal(np.shape(x)))) for name, x in arrays.items()}

    size = np.zeros_like(value)
    for _ in range(_TRIES):
        near = replace(env, values=moved(env.values), adjoints=moved(env.adjoints))
        size = np.maximum(size, np.abs(compute(near) - value) / _SMALL)
    return np.where(np.abs(value) < _LOST * size, 0.0, value)
