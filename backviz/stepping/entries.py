"""Entries and parts of an array as they are typed: `0, 1:3`.

Invariant: an index is whole numbers and slices; nothing is evaluated.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from backviz.errors import InputError
from backviz.language import _


def read_index(text: str) -> tuple[Any, ...]:
    """An index of whole numbers and slices, as numpy takes it.

    >>> read_index("0, 1:3, -1")
    (0, slice(1, 3, None), -1)
    """
    made: list[Any] = []
    for part in text.replace("−", "-").split(","):
        if part.strip() == "...":
            made.append(Ellipsis)
            continue
        ends = [p.strip() for p in part.split(":")]
        if len(ends) > 3 or not all(re.fullmatch(r"[-+]?\d{1,9}", e) or (not e and len(ends) > 1)
                                    for e in ends):  # fmt: skip
            raise InputError(
                _("[{text}] is no index; write whole numbers and slices: [0, 1:3]", text=text)
            )
        numbers = [int(e) if e else None for e in ends]
        made.append(numbers[0] if len(numbers) == 1 else slice(*numbers))
    return tuple(made)


def taken(x: Any, index: Any, text: str) -> Any:
    """An entry or a part of an array; `InputError` if there is no such place."""
    if index is None:
        return x
    try:
        part = np.asarray(x)[index]
    except (IndexError, ValueError):
        raise InputError(
            _(
                "{text}: the shape is {shape}, so there is no such entry",
                text=text,
                shape=np.shape(x),
            )
        ) from None
    return part if np.ndim(part) else float(part)
