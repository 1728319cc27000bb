"""The rate as a function of the step: `schedule(t)` is the rate of step t, counted from 0.

A schedule is given to an optimizer in place of a number, `Adam(params, lr=cosine(0.1, 100))`.
The optimizer counts its steps, so nobody has to move the schedule along, and training
goes on from a saved state with the rate that it would have had.

Invariant: every number that a schedule is made from is checked here; its rates are what
torch's scheduler of the same options gives.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Literal, get_args

from backviz.errors import InputError
from backviz.language import _
from backviz.optim.options import AT_LEAST_0, above_0, number, whole
from backviz.optim.rates import SCHEDULES, Rule, Schedule, as_schedule
from backviz.registry import unknown

__all__ = [
    "SCHEDULES", "Rule", "Schedule", "as_schedule", "constant", "cosine", "cyclic", "every",
    "exponential", "linear", "multistep", "polynomial", "sequence", "step", "time_based",
    "warm_restarts", "warmup",
]  # fmt: skip

Mode = Literal["triangular", "triangular2", "exp_range"]
MODES: tuple[Mode, ...] = get_args(Mode)


def constant(lr: float) -> Schedule:
    """The same rate at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    lr = above_0("constant", "lr", lr)
    return Rule("constant", lr, partial(_constant, lr=lr), {"lr": lr})


def _constant(t: int, /, lr: float) -> float:
    return lr


def time_based(lr: float, decay: float) -> Schedule:
    """lr/(1 + decay·t): the rate of Robbins and Monro (1951); keras' old `decay`.

    >>> time_based(0.1, decay=0.5)(2)
    0.05
    """
    options = {
        "lr": above_0("time_based", "lr", lr),
        "decay": number("time_based", "decay", decay, AT_LEAST_0),
    }
    return Rule("time_based", options["lr"], partial(_time_based, **options), options)


def _time_based(t: int, /, lr: float, decay: float) -> float:
    return lr / (1 + decay * t)


def step(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """lr·gammaᵏ after k times `step_size` steps; torch's StepLR.

    >>> [step(1.0, 2, gamma=0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    lr, gamma = above_0("step", "lr", lr), above_0("step", "gamma", gamma)
    step_size = whole("step", "step_size", step_size)
    rate = partial(_step, lr=lr, step_size=step_size, gamma=gamma)
    return Rule("step", lr, rate, {"lr": lr, "step_size": step_size, "gamma": gamma})


def _step(t: int, /, lr: float, step_size: int, gamma: float) -> float:
    return lr * gamma ** (t // step_size)


def multistep(lr: float, milestones: Sequence[int], gamma: float = 0.1) -> Schedule:
    """lr·gammaᵏ after k of the milestones; torch's MultiStepLR.

    >>> [multistep(1.0, [1, 3], gamma=0.5)(t) for t in range(4)]
    [1.0, 0.5, 0.5, 0.25]
    """
    lr, gamma = above_0("multistep", "lr", lr), above_0("multistep", "gamma", gamma)
    marks = tuple(sorted(_milestones("multistep", milestones)))
    rate = partial(_multistep, lr=lr, milestones=marks, gamma=gamma)
    return Rule("multistep", lr, rate, {"lr": lr, "milestones": marks, "gamma": gamma})


def _multistep(t: int, /, lr: float, milestones: tuple[int, ...], gamma: float) -> float:
    return lr * gamma ** bisect_right(milestones, t)


def exponential(lr: float, gamma: float) -> Schedule:
    """lr·gammaᵗ; torch's ExponentialLR.

    >>> exponential(1.0, gamma=0.5)(3)
    0.125
    """
    options = {
        "lr": above_0("exponential", "lr", lr),
        "gamma": above_0("exponential", "gamma", gamma),
    }
    return Rule("exponential", options["lr"], partial(_exponential, **options), options)


def _exponential(t: int, /, lr: float, gamma: float) -> float:
    return lr * gamma**t


def linear(
    lr: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
) -> Schedule:
    """From lr·start_factor in a straight line to lr·end_factor, and on with that; LinearLR.

    >>> [linear(1.0, 0.5, total_iters=2)(t) for t in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """
    options = {
        "lr": above_0("linear", "lr", lr),
        "start_factor": number("linear", "start_factor", start_factor, AT_LEAST_0),
        "end_factor": number("linear", "end_factor", end_factor, AT_LEAST_0),
        "total_iters": whole("linear", "total_iters", total_iters),
    }
    return Rule("linear", options["lr"], partial(_linear, **options), options)


def _linear(
    t: int, /, lr: float, start_factor: float, end_factor: float, total_iters: float
) -> float:
    way = min(t, total_iters) / total_iters
    return lr * (start_factor + (end_factor - start_factor) * way)


def cosine(lr: float, t_max: int, eta_min: float = 0.0) -> Schedule:
    """Half a cosine from lr down to eta_min in t_max steps, and up again; CosineAnnealingLR.

    Loshchilov and Hutter (2017), SGDR, without the restarts.

    >>> [round(cosine(1.0, 4)(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.146]
    """
    options = {
        "lr": above_0("cosine", "lr", lr),
        "t_max": whole("cosine", "t_max", t_max),
        "eta_min": number("cosine", "eta_min", eta_min, AT_LEAST_0),
    }
    return Rule("cosine", options["lr"], partial(_cosine, **options), options)


def _cosine(t: int, /, lr: float, t_max: float, eta_min: float) -> float:
    return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * t / t_max)) / 2


def warm_restarts(lr: float, t_0: int, t_mult: int = 1, eta_min: float = 0.0) -> Schedule:
    """Half a cosine from lr down to eta_min, again and again; CosineAnnealingWarmRestarts.

    The first takes t_0 steps, each next one t_mult times as many. Loshchilov and Hutter (2017),
    SGDR.

    >>> [round(warm_restarts(1.0, 2, t_mult=2)(t), 3) for t in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """
    options: dict[str, Any] = {
        "lr": above_0("warm_restarts", "lr", lr),
        "t_0": whole("warm_restarts", "t_0", t_0),
        "t_mult": whole("warm_restarts", "t_mult", t_mult),
        "eta_min": number("warm_restarts", "eta_min", eta_min, AT_LEAST_0),
    }
    return Rule("warm_restarts", options["lr"], partial(_warm_restarts, **options), options)


def _warm_restarts(t: int, /, lr: float, t_0: int, t_mult: int, eta_min: float) -> float:
    long = t_0
    if t_mult == 1:
        t %= t_0
    while t >= long:
        t, long = t - long, long * t_mult
    return _cosine(t, lr, long, eta_min)


def cyclic(
    base_lr: float, max_lr: float, step_size_up: int = 2000, step_size_down: int | None = None,
    mode: Mode = "triangular", gamma: float = 1.0,
) -> Schedule:  # fmt: skip
    """From base_lr in a straight line to max_lr and back, again and again; CyclicLR.

    "triangular2" halves the height after each cycle, "exp_range" multiplies it by gammaᵗ. The
    momentum stays; `one_cycle` moves it. Smith (2017).

    >>> [cyclic(0.0, 1.0, step_size_up=2)(t) for t in range(6)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    """
    if mode not in MODES:
        raise InputError(unknown("mode of cyclic", str(mode), MODES))
    up = whole("cyclic", "step_size_up", step_size_up)
    options: dict[str, Any] = {
        "base_lr": number("cyclic", "base_lr", base_lr, AT_LEAST_0),
        "max_lr": above_0("cyclic", "max_lr", max_lr),
        "step_size_up": up,
        "step_size_down": up
        if step_size_down is None
        else whole("cyclic", "step_size_down", step_size_down),
        "mode": mode,
        "gamma": above_0("cyclic", "gamma", gamma),
    }
    return Rule("cyclic", options["max_lr"], partial(_cyclic, **options), options)


def _cyclic(
    t: int, /, base_lr: float, max_lr: float, step_size_up: int, step_size_down: int, mode: Mode,
    gamma: float,
) -> float:  # fmt: skip
    cycle, own = divmod(t, step_size_up + step_size_down)
    up = own <= step_size_up
    share = own / step_size_up if up else 1 - (own - step_size_up) / step_size_down
    height = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": gamma**t}[mode]
    return base_lr + (max_lr - base_lr) * share * height


def polynomial(lr: float, total_iters: int = 5, power: float = 1.0) -> Schedule:
    """lr·(1 − t/total_iters)^power, and 0 from there on; torch's PolynomialLR.

    >>> [polynomial(1.0, 4, power=2.0)(t) for t in range(6)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    """
    options: dict[str, Any] = {
        "lr": above_0("polynomial", "lr", lr),
        "total_iters": whole("polynomial", "total_iters", total_iters),
        "power": above_0("polynomial", "power", power),
    }
    return Rule("polynomial", options["lr"], partial(_polynomial, **options), options)


def _polynomial(t: int, /, lr: float, total_iters: int, power: float) -> float:
    return float(lr * (1 - min(t, total_iters) / total_iters) ** power)


# Made of others --------------------------------------------------------------------------


def sequence(schedules: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """One schedule after the other; each begins at its own step 0 at its milestone.

    All of them cycle the momentum or none does. torch's SequentialLR.

    >>> both = sequence([constant(0.1), exponential(1.0, 0.5)], milestones=[2])
    >>> [both(t) for t in range(5)]
    [0.1, 0.1, 1.0, 0.5, 0.25]
    """
    if not isinstance(schedules, Iterable):
        raise InputError(_("sequence takes a list of schedules and a list of milestones"))
    parts, marks = tuple(map(as_schedule, schedules)), _milestones("sequence", milestones)
    if not parts or len(marks) != len(parts) - 1 or list(marks) != sorted(set(marks)):
        raise InputError(
            _(
                "sequence: {n} schedules need {limit} growing milestones, not {list}",
                n=len(parts),
                limit=max(len(parts) - 1, 0),
                list=list(marks),
            )
        )
    cycling = [part.name for part in parts if part.cycles]
    still = [part.name for part in parts if not part.cycles]
    if cycling and still:
        raise InputError(
            _(
                "sequence: {cycling} cycles the momentum and {still} does not; give the "
                "first cycle_momentum=False, or use warmup, where the momentum waits",
                cycling=cycling[0],
                still=still[0],
            )
        )
    return Rule(
        "sequence",
        max(part.base for part in parts),
        partial(_sequence, parts=parts, marks=marks),
        {"schedules": parts, "milestones": marks},
        partial(_momentum_of_sequence, parts=parts, marks=marks) if cycling else None,
        parts,
    )


def _place(t: int, /, parts: Sequence[Schedule], marks: Sequence[int]) -> tuple[Schedule, int]:
    """The schedule of a step, and the step's own number there."""
    i = bisect_right(marks, t)
    return parts[i], t - (marks[i - 1] if i else 0)


def _sequence(t: int, /, parts: Sequence[Schedule], marks: Sequence[int]) -> float:
    part, own = _place(t, parts, marks)
    return part(own)


def _momentum_of_sequence(t: int, /, parts: Sequence[Schedule], marks: Sequence[int]) -> float:
    part, own = _place(t, parts, marks)
    return part.momentum(own)


def warmup(then: Schedule, steps: int, start_factor: float = 0.0) -> Schedule:
    """A straight line up to the first rate of another schedule, which follows.

    The line begins at start_factor times that rate; a momentum that the other one cycles
    waits at its beginning. Goyal et al. (2017).

    >>> [warmup(exponential(1.0, 0.5), steps=2)(t) for t in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.25]
    """
    steps, then = whole("warmup", "steps", steps), as_schedule(then)
    start_factor = number("warmup", "start_factor", start_factor, AT_LEAST_0)
    rise = linear(then(0), start_factor, total_iters=steps)
    return Rule(
        "warmup",
        then.base,
        partial(_sequence, parts=(rise, then), marks=(steps,)),
        {"then": then, "steps": steps, "start_factor": start_factor},
        partial(_momentum_of_warmup, then=then, steps=steps) if then.cycles else None,
        (rise, then),
    )


def _momentum_of_warmup(t: int, /, then: Schedule, steps: int) -> float:
    return then.momentum(max(t - steps, 0))


def every(steps: int, schedule: Schedule) -> Schedule:
    """A schedule that moves on once in so many steps: once an epoch.

    >>> [every(2, exponential(1.0, 0.5))(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    steps, schedule = whole("every", "steps", steps), as_schedule(schedule)
    own: dict[str, Any] = {"steps": steps, "schedule": schedule}
    moving = partial(_momentum_of_every, **own) if schedule.cycles else None
    return Rule("every", schedule.base, partial(_every, **own), own, moving, (schedule,))


def _every(t: int, /, steps: int, schedule: Schedule) -> float:
    return schedule(t // steps)


def _momentum_of_every(t: int, /, steps: int, schedule: Schedule) -> float:
    return schedule.momentum(t // steps)


def _milestones(who: str, given: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(given, Iterable):
        raise InputError(
            _(
                "{who}: milestones={given!r} does not work; give a list of steps",
                who=who,
                given=given,
            )
        )
    return tuple([whole(who, "a milestone", mark, 0) for mark in given])


for _made in (
    constant, time_based, step, multistep, exponential, linear, polynomial, cosine, warm_restarts,
    cyclic, sequence, warmup, every,
):  # fmt: skip
    SCHEDULES.add(_made.__name__, _made)
