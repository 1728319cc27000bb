"""Plain arrays under `no_grad`, and values without gradient: nothing to lose, nothing to say."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backviz import Value, no_grad, tensor
from backviz.errors import LostGradientError

USES: dict[str, Callable[[Any, np.ndarray], Any]] = {
    "np.asarray": lambda v, a: np.asarray(v) + a,
    "np.array of values": lambda v, a: np.array([v[0] * 1, v[1] * 1, v[2] * 1]) + a,
    "all entries": lambda v, a: a.__setitem__(slice(None), v),
    "one entry": lambda v, a: a.__setitem__(0, v[0]),
    "+=": lambda v, a: a.__iadd__(v),
    "out=": lambda v, a: np.multiply(v, 2.0, out=a),
    "np.full": lambda v, a: np.full(3, v[0]) + a,
    "an average that moves": lambda v, a: a.__imul__(0.9).__iadd__(0.1 * v),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_without_a_gradient_to_lose_plain_arrays_take_the_numbers(
    use: Callable[[Any, np.ndarray], Any],
) -> None:
    numbers = np.array([1.0, 2.0, 3.0])
    expected_in, given = np.ones(3), np.ones(3)
    expected = use(numbers, expected_in)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with no_grad():
            made = use(tensor(numbers), given)
        assert np.array_equal(given, expected_in)
        if expected is not None:
            assert type(made) is np.ndarray
            assert np.array_equal(made, expected)
        given = np.ones(3)
        use(tensor(numbers, requires_grad=False), given)
        assert np.array_equal(given, expected_in)


def test_a_sum_into_a_plain_array_is_refused_where_a_gradient_would_be_lost() -> None:
    total, x = np.zeros(2), tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="cannot write a recorded value into an array"):
        total += x
    with pytest.raises(TypeError, match="cannot write a recorded value into an array"):
        np.add(total, Value(1.0), out=total)
    with no_grad(), pytest.raises(TypeError, match="cannot write"):
        np.add(total, 1.0, out=x)
    with pytest.raises(LostGradientError):
        np.asarray(x)
    assert np.array_equal(total, np.zeros(2))
