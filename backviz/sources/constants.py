"""Arrays that a computation took as they were are called by the variables that hold them.

Invariant: an array is named only if exactly one variable holds it, and only where no name is yet.
An array of nothing but zeros or ones is too common to be known again by what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backviz.autodiff.value import Value


def constants_in(variables: Mapping[str, Any], values: Iterable[Value]) -> dict[int, str]:
    """The names of a record's constants after plain arrays, by serial number.

    Two arrays of one content give no name.

    >>> x, w = np.array([1.0, 2.0]), Value([3.0, 4.0], "w")
    >>> L = (w * x).sum()
    >>> [*constants_in({"x": x, "_x": x}, L.inputs[0].inputs).values()]
    ['x']
    """
    held = [
        (name, array)
        for name, array in variables.items()
        if isinstance(array, np.ndarray) and array.ndim and not name.startswith("_")
    ]
    named = {}
    for value in values if held else ():
        nameless = value.op is None and not value.requires_grad and not value.label
        if nameless and _is_known(value.raw):
            found = [name for name, array in held if _same(value.raw, array)]
            if len(found) == 1:
                named[value.serial] = found[0]
    return named


def _is_known(data: Any) -> bool:
    """Whether the entries of an array differ."""
    return bool(np.size(data)) and not np.all(data == np.ravel(data)[0])


def _same(data: Any, array: np.ndarray) -> bool:
    return np.shape(data) == array.shape and np.array_equal(data, array)
