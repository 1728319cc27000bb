"""The parameters of a layer, with the numbers that they start from.

Invariant: every parameter is an array of its own, float64, and wants a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import BackvizError, InputError, ShapeError
from backviz.language import _
from backviz.nn.arguments import Seed
from backviz.nn.init import INITIALIZERS


def parameter(init: Any, shape: tuple[int, ...], seed: Seed | None = None) -> Value:
    """A parameter of a shape: `init` is a name, a function, or the numbers themselves.

    A name is that of an initializer (`nn.init.INITIALIZERS`); a function is called as
    `init(shape, seed=seed)`. Raises `UsageError` for an unknown name, `ShapeError` for
    numbers of another shape and `InputError` where random numbers have no seed.

    >>> parameter("ones", (1, 2)).data, parameter([[1, -2]], (1, 2)).data
    (array([[1., 1.]]), array([[ 1., -2.]]))
    """
    made = INITIALIZERS[init] if isinstance(init, str) else init
    try:
        array = np.array(made(shape, seed=seed) if callable(made) else made, dtype=float)
    except BackvizError:
        raise
    except (TypeError, ValueError) as error:
        raise InputError(
            _(
                "init is the name of an initializer, a function of a shape and a seed, or "
                "the numbers themselves: {error}",
                error=error,
            )
        ) from None
    if array.shape != shape:
        raise ShapeError(
            _(
                "init gives the shape {shape}; the parameter has {shape2}",
                shape=array.shape,
                shape2=shape,
            )
        )
    return Value(array)
