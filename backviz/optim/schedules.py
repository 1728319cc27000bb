"""The rate as a function of the step: `schedule(t)` is the rate of step t, counted from 0.

A schedule is given to an optimizer in place of a number, `Adam(params, lr=cosine(0.1, 100))`.
The optimizer counts its steps, so nobody has to move the schedule along, and training
goes on from a saved state with the rate that it would have had.

Invariant: a schedule made here (not in `plateau`) has no state; the same step gives the
same rate.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from backviz.errors import InputError
from backviz.optim.options import above_0, short, whole
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
    """A schedule that is a function of the step and of nothing else."""

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
            raise InputError(f"the schedule {self.name} says nothing about the momentum")
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


SCHEDULES: Registry[Callable[..., Schedule]] = Registry("schedule")


def as_schedule(given: Callable[[int], float]) -> Schedule:
    """A schedule as it is, any other function of the step as a schedule.

    >>> as_schedule(lambda t: 0.1 / (t + 1))(1)
    0.05
    """
    if isinstance(given, Schedule):
        return given
    if not callable(given):
        raise InputError(f"{given!r} is no schedule; give a function of the step, or constant(…)")
    return Rule(getattr(given, "__name__", "function"), float(given(0)), given)


def constant(lr: float) -> Schedule:
    """The same rate at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    lr = above_0("constant", "lr", lr)
    return Rule("constant", lr, lambda t: lr, {"lr": lr})


def time_based(lr: float, decay: float) -> Schedule:
    """lr/(1 + decay·t): the rate of Robbins and Monro (1951); keras' old `decay`.

    >>> time_based(0.1, decay=0.5)(2)
    0.05
    """
    lr, decay = above_0("time_based", "lr", lr), above_0("time_based", "decay", decay)
    return Rule("time_based", lr, lambda t: lr / (1 + decay * t), {"lr": lr, "decay": decay})


def step(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """lr·gammaᵏ after k times `step_size` steps; torch's StepLR.

    >>> [step(1.0, 2, gamma=0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    lr, gamma = above_0("step", "lr", lr), above_0("step", "gamma", gamma)
    step_size = whole("step", "step_size", step_size)
    options = {"lr": lr, "step_size": step_size, "gamma": gamma}
    return Rule("step", lr, lambda t: lr * gamma ** (t // step_size), options)


def multistep(lr: float, milestones: Sequence[int], gamma: float = 0.1) -> Schedule:
    """lr·gammaᵏ after k of the milestones; torch's MultiStepLR.

    >>> [multistep(1.0, [1, 3], gamma=0.5)(t) for t in range(4)]
    [1.0, 0.5, 0.5, 0.25]
    """
    lr, gamma = above_0("multistep", "lr", lr), above_0("multistep", "gamma", gamma)
    marks = tuple(sorted(whole("multistep", "a milestone", mark, 0) for mark in milestones))
    options = {"lr": lr, "milestones": marks, "gamma": gamma}
    return Rule("multistep", lr, lambda t: lr * gamma ** bisect_right(marks, t), options)


def exponential(lr: float, gamma: float) -> Schedule:
    """lr·gammaᵗ; torch's ExponentialLR.

    >>> exponential(1.0, gamma=0.5)(3)
    0.125
    """
    lr, gamma = above_0("exponential", "lr", lr), above_0("exponential", "gamma", gamma)
    return Rule("exponential", lr, lambda t: lr * gamma**t, {"lr": lr, "gamma": gamma})


def linear(
    lr: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
) -> Schedule:
    """From lr·start_factor in a straight line to lr·end_factor, and on with that; LinearLR.

    >>> [linear(1.0, 0.5, total_iters=2)(t) for t in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """
    lr = above_0("linear", "lr", lr)
    total_iters = whole("linear", "total_iters", total_iters)

    def rate(t: int) -> float:
        way = min(t, total_iters) / total_iters
        return lr * (start_factor + (end_factor - start_factor) * way)

    options = {"lr": lr, "start_factor": start_factor, "end_factor": end_factor}
    return Rule("linear", lr, rate, {**options, "total_iters": total_iters})


def cosine(lr: float, t_max: int, eta_min: float = 0.0) -> Schedule:
    """Half a cosine from lr down to eta_min in t_max steps, and up again; CosineAnnealingLR.

    Loshchilov and Hutter (2017), SGDR, without the restarts.

    >>> [round(cosine(1.0, 4)(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.146]
    """
    lr = above_0("cosine", "lr", lr)
    t_max = whole("cosine", "t_max", t_max)
    return Rule(
        "cosine",
        lr,
        lambda t: eta_min + (lr - eta_min) * (1 + math.cos(math.pi * t / t_max)) / 2,
        {"lr": lr, "t_max": t_max, "eta_min": eta_min},
    )


def sequence(schedules: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """One schedule after the other; each begins at its own step 0 at its milestone.

    >>> both = sequence([constant(0.1), exponential(1.0, 0.5)], milestones=[2])
    >>> [both(t) for t in range(5)]
    [0.1, 0.1, 1.0, 0.5, 0.25]
    """
    parts, marks = tuple(map(as_schedule, schedules)), tuple(milestones)
    if not parts or len(marks) != len(parts) - 1 or list(marks) != sorted(set(marks)):
        raise InputError(
            f"sequence: {len(parts)} schedules need {max(len(parts) - 1, 0)} growing milestones, "
            f"not {list(marks)}"
        )

    def place(t: int) -> tuple[Schedule, int]:
        i = bisect_right(marks, t)
        return parts[i], t - (marks[i - 1] if i else 0)

    def rate(t: int) -> float:
        part, own = place(t)
        return part(own)

    def moving(t: int) -> float:
        part, own = place(t)
        return part.momentum(own)

    options = {"schedules": parts, "milestones": marks}
    cycling = moving if all(part.cycles for part in parts) else None
    return Rule("sequence", max(part.base for part in parts), rate, options, cycling, parts)


def warmup(then: Schedule, steps: int, start_factor: float = 0.0) -> Schedule:
    """A straight line up to the first rate of another schedule, which follows.

    The line begins at start_factor times that rate; a momentum that the other one cycles
    waits at its beginning. Goyal et al. (2017).

    >>> [warmup(exponential(1.0, 0.5), steps=2)(t) for t in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.25]
    """
    steps, then = whole("warmup", "steps", steps), as_schedule(then)
    rise = linear(then(0), start_factor, total_iters=steps)
    made = sequence([rise, then], [steps])
    options = {"then": then, "steps": steps, "start_factor": start_factor}
    moving = (lambda t: then.momentum(max(t - steps, 0))) if then.cycles else None
    return Rule("warmup", then.base, made, options, moving, (rise, then))


def every(steps: int, schedule: Schedule) -> Schedule:
    """A schedule that moves on once in so many steps: once an epoch.

    >>> [every(2, exponential(1.0, 0.5))(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    steps, schedule = whole("every", "steps", steps), as_schedule(schedule)
    return Rule(
        "every",
        schedule.base,
        lambda t: schedule(t // steps),
        {"steps": steps, "schedule": schedule},
        (lambda t: schedule.momentum(t // steps)) if schedule.cycles else None,
        (schedule,),
    )


for _made in (constant, time_based, step, multistep, exponential, linear, cosine):
    SCHEDULES.add(_made.__name__, _made)
for _combined in (sequence, warmup, every):
    SCHEDULES.add(_combined.__name__, _combined)
