"""Arrays that a computation took as they were get the names of the variables that hold them.

Invariant: an array is named only if exactly one variable holds it, and only where no name is yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backviz.autodiff.backward import tape
from backviz.autodiff.value import Value


def name_constants(output: Value, variables: Mapping[str, Any]) -> None:
    """Name the constants of a record after plain arrays; two of one content have no name.

    >>> x = np.array([1.0, 2.0])
    >>> L = (Value([3.0, 4.0], "w") * x).sum()
    >>> name_constants(L, {"x": x, "_x": x})
    >>> [v.label for v in tape(L)]
    ['w', 'x', '', '']
    """
    held = [
        (name, array)
        for name, array in variables.items()
        if isinstance(array, np.ndarray) and array.ndim and not name.startswith("_")
    ]
    for value in tape(output) if held else ():
        if value.op is None and not value.requires_grad and not value.label:
            found = [name for name, array in held if _same(value.data, array)]
            if len(found) == 1:
                value.label = found[0]


def _same(data: Any, array: np.ndarray) -> bool:
    return np.shape(data) == array.shape and np.array_equal(data, array)
