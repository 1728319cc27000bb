"""The table of ops itself: `backviz.ops` fills it row by row when it is first asked.

It stands apart from the rows so that operators can name a row before the class of
the rows exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backviz.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from backviz.autodiff.op import Op

OPS: Registry[Op] = Registry("op", home="backviz.ops")
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}  # functions of numpy that record
