"""What a schedule is: a rate, and perhaps a momentum, for every step.

Invariant: a `Rule` has no state of its own; the same step gives the same rate.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from backviz.errors import InputError
from backviz.language import _
from backviz.optim.options import plain, short
from backviz.registry import Registry


class Schedule(ABC):
    """A rate for every step, and perhaps a momentum.

    `base` is the rate that the schedule is built around; `cycles` says whether
    `momentum` has an answer.
    """

    name: str
    base: float
    cycles: bool

    @abstractmethod
    def __call__(self, t: int) -> float:
        """The rate of step t, counted from 0."""

    @abstractmethod
    def momentum(self, t: int) -> float:
        """The momentum of step t."""

    @abstractmethod
    def describe(self) -> str:
        """Name and options in one line."""

    @abstractmethod
    def state_dict(self) -> dict[str, float]:
        """What has to be saved: nothing, for a function of the step."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what was saved."""


@final
@dataclass(frozen=True)
class Rule(Schedule):
    """A schedule that is a function of the step and of nothing else.

    `rate` and `moving` are functions of a module with their options bound, so that a
    schedule can be copied and pickled, and an optimizer with it.
    """

    name: str
    base: float
    rate: Callable[[int], float]
    options: Mapping[str, Any] = field(default_factory=dict)
    moving: Callable[[int], float] | None = None
    parts: tuple[Schedule, ...] = ()

    @property
    def cycles(self) -> bool:  # type: ignore[override]
        """Whether the momentum moves with the rate."""
        return self.moving is not None

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.rate(t)

    def momentum(self, t: int) -> float:
        """The momentum of step t."""
        if self.moving is None:
            raise InputError(
                _("the schedule {name} says nothing about the momentum", name=self.name)
            )
        return self.moving(t)

    def describe(self) -> str:
        """Name and options in one line."""
        return f"{self.name}({' '.join(f'{k}={_text(v)}' for k, v in self.options.items())})"

    def state_dict(self) -> dict[str, float]:
        """What the parts have to save."""
        return {
            f"{i}.{key}": number
            for i, part in enumerate(self.parts)
            for key, number in part.state_dict().items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Hand the parts what they saved."""
        for i, part in enumerate(self.parts):
            own = f"{i}."
            part.load_state_dict({k[len(own) :]: v for k, v in state.items() if k.startswith(own)})


def _text(option: Any) -> str:
    if isinstance(option, Schedule):
        return option.describe()
    if isinstance(option, tuple):
        return f"[{', '.join(map(_text, option))}]"
    return option if isinstance(option, str) else short(option)


SCHEDULES: Registry[Callable[..., Schedule]] = Registry("schedule", home="backviz.optim")


def as_schedule(given: Callable[[int], float]) -> Schedule:
    """A schedule as it is, any other function of the step as a schedule.

    >>> as_schedule(lambda t: 0.1 / (t + 1))(1)
    0.05
    """
    if isinstance(given, Schedule):
        return given
    if not callable(given):
        raise InputError(
            _("{given!r} is no schedule; give a function of the step, or constant(…)", given=given)
        )
    name = getattr(given, "__name__", "function")
    try:
        base = plain(given(0))
    except TypeError as error:
        raise InputError(
            _("{name} is no schedule: {error}; give a function of the step", name=name, error=error)
        ) from error
    return Rule(name, base, given)
