"""The options of a call: those that were given, and how they are written for people and files.

Invariant: a record and its graph carry the options as the op takes them; text is made last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.operand import Params


def given(params: Params) -> Params:
    """The options that were given, without defaults, as the op takes them.

    >>> given({"axis": 0, "keepdims": False})
    {'axis': 0}
    """
    return {k: v for k, v in params.items() if v is not None and v is not False}


def plain_params(params: Params) -> Params:
    """The options that were given as plain Python literals, for people and files to read.

    >>> plain_params({"axis": np.int64(0), "keepdims": False})
    {'axis': 0}
    """
    return {k: _plain(v) for k, v in given(params).items()}


def _plain(option: Any) -> Any:
    if isinstance(option, tuple | list):
        return tuple([x.item() if isinstance(x, np.generic) else x for x in option])
    if isinstance(option, np.generic):
        return option.item()
    if isinstance(option, np.ndarray):
        return str(np.array2string(option, threshold=6, edgeitems=2, separator=", "))
    if isinstance(option, bool | int | float | str) or option is None or option is Ellipsis:
        return option
    return str(option)
