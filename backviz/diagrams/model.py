"""The view model: what is drawn, as frozen data without numpy, networkx or DOT.

Invariant: a diagram says what is shown and in which role, never where, in which
colour or in which format. Layouts, themes and renderers read it and add their part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["leaf", "constant", "op", "output", "group"]


@dataclass(frozen=True, slots=True)
class Box:
    """One value: its name, the op that made it, its value and its gradient.

    `value` and `gradient` are lines of text: one for a scalar, the rows of a small
    matrix, a summary of a large array. An empty `gradient` is not drawn; a gradient
    that was not computed is the line "—". `note` is the array's shape.
    """

    id: str
    role: Role
    title: str = ""
    symbol: str = ""
    value: tuple[str, ...] = ()
    gradient: tuple[str, ...] = ()
    note: str = ""
    stacked: bool = False
    ordered: bool = False
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One use of a value: forward from `tail` to `head`, the gradient back.

    `local` is the local derivative as text, `product` the line upstream × local =
    contribution; either may be empty. `backward` says that a gradient flows.
    """

    id: str
    tail: str
    head: str
    local: str = ""
    product: str = ""
    backward: bool = False
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A whole figure before it has positions.

    `title` and `description` are what a screen reader says; `caption` is drawn.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    title: str
    description: str
    caption: str = ""
    legend: tuple[tuple[str, str], ...] = ()
