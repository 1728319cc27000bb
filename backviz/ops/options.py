"""Options of a call as a record keeps them: plain literals, defaults left out."""

from __future__ import annotations

import operator
from typing import Any


def literal(steps: Any) -> Any:
    """One whole number or several, as plain Python ones.

    >>> import numpy as np
    >>> literal([np.int64(1), 2]), literal(np.int64(3))
    ((1, 2), 3)
    """
    if isinstance(steps, tuple | list):
        return tuple([operator.index(s) for s in steps])
    return operator.index(steps)


def but_defaults(**options: tuple[Any, Any]) -> dict[str, Any]:
    """The options that differ from their defaults.

    >>> but_defaults(stride=(2, 1), padding=(0, 0))
    {'stride': 2}
    """
    return {name: given for name, (given, default) in options.items() if given != default}
