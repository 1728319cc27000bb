"""What is promised to stay (docs/stability.md): the number of JSON's shape, how a name goes.

Invariant: all JSON that is printed or written carries `schema`; the number rises when a field
goes or means something else, never when one is added.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from backviz.errors import BackvizDeprecationWarning
from backviz.language import _

SCHEMA = 1
_HERE = str(Path(__file__).parent)


def deprecated(old: str, instead: str, since: str, gone: str) -> None:
    """Warn at the line outside backviz that uses `old`, which ends with version `gone`.

    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     deprecated("draw(x)", "render(x)", since="0.2", gone="0.4")
    >>> str(said[0].message)
    'draw(x) is deprecated since backviz 0.2 and will be gone in 0.4; use render(x)'
    """
    said = _("{old} is deprecated since backviz {since} and will be gone in {gone}; use {instead}",
             old=old, since=since, gone=gone, instead=instead)  # fmt: skip
    warnings.warn(said, BackvizDeprecationWarning, stacklevel=outside())


def outside() -> int:
    """How many calls up the first line outside of the package stands, as `warn` counts."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        depth, frame = depth + 1, frame.f_back
    return depth
