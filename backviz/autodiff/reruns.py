"""The same function run again: random numbers as they were, leaves moved where they are made.

Invariant: a run that is repeated finds the generators as the first run found them; leaves are
told apart by the order in which they are made, which no moved number changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.custody import BIRTHS

if TYPE_CHECKING:
    from backviz.autodiff.value import Value

MOST = 100_000  # leaves that are followed


@dataclass(slots=True)
class Births:
    """The leaves that a run makes, in order, and what they held at first.

    In a later run the leaves in `moved`, counted from `start`, begin with other data, and
    with `held` all others with what they held in the first.
    """

    leaves: list[Value] = field(default_factory=list)
    first: list[Any] = field(default_factory=list)
    moved: dict[int, Any] = field(default_factory=dict)
    held: list[Any] = field(default_factory=list)
    start: int = 0

    def add(self, leaf: Value) -> None:
        """Note a leaf that has just been made, and move it if it is to be moved."""
        place = self.start + len(self.leaves)
        if len(self.leaves) >= MOST:
            return
        new = self.moved.get(place)
        if new is None and place < len(self.held):
            new = self.held[place]
        if new is not None and np.shape(new) == leaf.shape:
            leaf.raw = copied(new)
        self.leaves.append(leaf)
        self.first.append(copied(leaf.raw))


_births: ContextVar[Births | None] = ContextVar("births", default=None)


@contextmanager
def following(births: Births) -> Iterator[Births]:
    """A block in which every new leaf that wants a gradient is noted, or moved."""
    token = _births.set(births)
    BIRTHS.append(born)
    try:
        yield births
    finally:
        BIRTHS.pop()
        _births.reset(token)


def born(leaf: Value) -> None:
    """What a new leaf calls while some block follows leaves."""
    births = _births.get()
    if births is not None:
        births.add(leaf)


def copied(data: Any) -> Any:
    """Data of its own."""
    return data.copy() if isinstance(data, np.ndarray) else data


def random_state(*holders: Any) -> Callable[[], None]:
    """Remember where all random numbers stand; what is returned sets them there again.

    These are Python's and numpy's global generators, and those that the holders keep: modules,
    functions (their globals, defaults and closures) and dictionaries.

    >>> import random
    >>> again = random_state()
    >>> first = random.random()
    >>> again()
    >>> random.random() == first
    True
    """
    import random  # not at every start

    python, legacy = random.getstate(), np.random.get_state()
    resets: list[Callable[[], None]] = [
        lambda: random.setstate(python),
        lambda: np.random.set_state(legacy),
    ]
    seen: set[int] = set()
    for each in _held_by(holders):
        if id(each) in seen:
            continue
        seen.add(id(each))
        if (reset := _reset_of(each)) is not None:
            resets.append(reset)

    def again() -> None:
        for reset in resets:
            reset()

    return again


def _held_by(holders: Iterable[Any]) -> Iterator[Any]:
    for holder in holders:
        if isinstance(holder, ModuleType):
            yield from [*vars(holder).values()]
        elif isinstance(holder, dict):
            yield from [*holder.values()]
        elif callable(holder):
            yield from [*getattr(holder, "__globals__", {}).values()]
            yield from getattr(holder, "__defaults__", None) or ()
            yield from (getattr(holder, "__kwdefaults__", None) or {}).values()
            for cell in getattr(holder, "__closure__", None) or ():
                try:
                    yield cell.cell_contents
                except ValueError:  # not filled yet
                    continue


def _reset_of(generator: Any) -> Callable[[], None] | None:
    """What sets a generator to where it stands now; `None` if this is none."""
    import random

    if type(generator) is random.Random:
        python = generator.getstate()
        return lambda: generator.setstate(python)
    if type(generator) is np.random.RandomState:
        legacy = generator.get_state()
        return lambda: generator.set_state(legacy)
    if type(generator) is np.random.Generator:
        state = generator.bit_generator.state

        def reset() -> None:
            generator.bit_generator.state = state

        return reset
    return None
