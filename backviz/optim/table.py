"""The optimizers by name, in the order of their years, and the decorator that enters one.

The modules of this package are imported by being there, so that a new optimizer is a new file.
One from elsewhere is entered the same way: `@optimizer` over its class.
"""

from __future__ import annotations

from typing import TypeVar

from backviz.optim.optimizer import Optimizer
from backviz.registry import Registry

OPTIMIZERS: Registry[type[Optimizer]] = Registry(
    "optimizer", "backviz.optim", order=lambda made: made.year
)
Made = TypeVar("Made", bound=type[Optimizer])


def optimizer(made: Made) -> Made:
    """Enter an optimizer under its title in small letters; its title and `also` name it too."""
    OPTIMIZERS.add(made.title.lower(), made, (made.title, *made.also))
    return made
