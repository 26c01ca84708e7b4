"""What each answer of ``cases/answers.yaml`` is read as, by value: the reading in NumPy that stands beside it.

What is not right may be refused, and so may what is as well asked back about; what is read has the value.
Three neighbours of each right answer, in other spellings, have the same value.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from test_marking_cases import CASES, markers
from test_respellings import RESPELLINGS

from backsym.marking.answers.model import ReadAnswer
from backsym.marking.verdicts import Marker
from backsym.numeric.evaluate import evaluate

__all__ = ["markers"]

NUMPY: dict[str, Any] = {
    "np": np, "st": lambda x: np.where(x > 0, 1.0, 0.0), "sig": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0.0),
    **{name: getattr(np, name) for name in "sqrt outer tanh exp log diag where eye ones cosh".split()},
}  # fmt: skip
NEIGHBOURS = 3
WITH_VALUE = [case for case in CASES["answers"] if "value" in case]


def expected_value(case: dict[str, Any], marker: Marker) -> Any:
    env = marker.judge.points[0]
    names = {**env.dims, **env.values, **{f"d_{name}": value for name, value in env.adjoints.items()}}
    names = {"lam" if name == "lambda" else name: value for name, value in names.items()}
    return np.squeeze(eval(case["value"], {**NUMPY, **names}))  # Python that stands in the tests' own table.


def value_read(marker: Marker, target: str, answer: str) -> Any:
    """The value of an answer as it is read; None where it is not."""
    read = marker.reader.read(marker.target(target), answer)
    if not isinstance(read, ReadAnswer):
        return None
    return np.squeeze(evaluate(read.expr, marker.judge.points[0], read.indices))


@pytest.mark.parametrize("case", WITH_VALUE, ids=lambda case: case["id"])
def test_an_answer_is_read_as_what_it_says(case: dict[str, Any], markers: Any) -> None:
    marker = markers(case["problem"])
    found = value_read(marker, case["target"], case["answer"])
    if case["expect"] != "C" and (found is None or case["expect"] == "U" or "\n" in case["answer"]):
        return  # It is not read, a person looks, or a line before the last is wrong.
    assert found is not None
    expected = expected_value(case, marker)
    if case["expect"] == "C" or found.shape == expected.shape:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_neighbours_of_right_answers_have_their_value(markers: Any) -> None:
    tried = 0
    for case in WITH_VALUE:
        if case["expect"] != "C":
            continue
        marker, rng = markers(case["problem"]), Random(case["id"])
        texts = [
            respell(case["answer"], marker.problem) for name, respell in RESPELLINGS.items() if "left side" not in name
        ]
        others = [text for text in texts if text != case["answer"]]
        for text in rng.sample(others, min(NEIGHBOURS, len(others))):
            found = value_read(marker, case["target"], text)
            assert found is not None, (case["id"], text)
            np.testing.assert_allclose(found, expected_value(case, marker), rtol=1e-9, atol=1e-12, err_msg=text)
            tried += 1
    assert tried > 500
