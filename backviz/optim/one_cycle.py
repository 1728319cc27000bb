"""The 1cycle policy: the rate goes up and far down again, the momentum the other way.

Invariant: rate and momentum follow the same phases, so they turn at the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

from backviz.errors import InputError
from backviz.language import _
from backviz.optim.options import FROM_0_TO_1, SHARE, above_0, number, whole
from backviz.optim.rates import SCHEDULES, Rule, Schedule
from backviz.registry import unknown

Phase = tuple[float, float, float, float, float]  # end; rate from, to; momentum from, to


def one_cycle(
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """Up to max_lr, then down to almost nothing, in total_steps steps; torch's OneCycleLR.

    The rate goes from max_lr/div_factor to max_lr in the share pct_start of the steps,
    then to max_lr/(div_factor·final_div_factor). With three_phase it goes back to where
    it began as fast as it rose, then down. The momentum (Adam's β₁) goes the other way.
    Smith and Topin (2018); the authors have three phases, torch's default is two.

    >>> rate = one_cycle(1.0, 10)
    >>> round(rate(0), 3), round(rate(2), 3), f"{rate(9):.0e}", rate.momentum(2)
    (0.04, 1.0, '4e-06', 0.85)
    """
    name = "one_cycle"
    top = above_0(name, "max_lr", max_lr)
    total_steps = whole(name, "total_steps", total_steps, least=2)
    share = number(name, "pct_start", pct_start, FROM_0_TO_1)
    first = share * total_steps - 1
    if first in (0, total_steps - 1):
        raise InputError(
            _(
                "{name}: pct_start={pct_start!r} leaves one of the phases no steps; give a "
                "number between 0 and 1",
                name=name,
                pct_start=pct_start,
            )
        )
    if anneal_strategy not in ANNEALING:
        raise InputError(
            unknown(
                _("{what} of {name}", what="anneal_strategy", name=name),
                str(anneal_strategy),
                ANNEALING,
            )
        )
    start = top / above_0(name, "div_factor", div_factor)
    end = start / above_0(name, "final_div_factor", final_div_factor)
    low = number(name, "base_momentum", base_momentum, SHARE)
    high = number(name, "max_momentum", max_momentum, SHARE)
    phases: tuple[Phase, ...] = ((first, start, top, high, low),)
    if three_phase:
        phases += ((2 * first, top, start, low, high), (total_steps - 1, start, end, high, high))
    else:
        phases += ((total_steps - 1, top, end, low, high),)
    options = {
        "max_lr": top,
        "total_steps": total_steps,
        "pct_start": share,
        "anneal_strategy": anneal_strategy,
        "div_factor": div_factor,
        "final_div_factor": final_div_factor,
        "phases": len(phases),
    }
    if cycle_momentum:
        options |= {"base_momentum": low, "max_momentum": high}
    way = partial(_way, phases=phases, strategy=anneal_strategy)
    moving = partial(way, which=3) if cycle_momentum else None
    return Rule(name, top, partial(way, which=1), options, moving)


def _way(t: int, /, phases: tuple[Phase, ...], strategy: str, which: int) -> float:
    """The rate of a step (`which` is 1) or its momentum (3), by their places in a `Phase`."""
    last = phases[-1][0]
    if t > last:
        raise InputError(
            _(
                "one_cycle ends after {n:g} steps and was asked for step {n2}; give "
                "total_steps the length of the whole training",
                n=last + 1,
                n2=t + 1,
            )
        )
    begin = 0.0
    for phase in phases:
        if t <= phase[0] or phase is phases[-1]:
            break
        begin = phase[0]
    return ANNEALING[strategy](phase[which], phase[which + 1], (t - begin) / (phase[0] - begin))


def _straight(a: float, b: float, share: float) -> float:
    return a + (b - a) * share


def _cosine(a: float, b: float, share: float) -> float:
    return b + (a - b) / 2 * (1 + math.cos(math.pi * share))


ANNEALING: dict[str, Callable[[float, float, float], float]] = {
    "cos": _cosine,
    "linear": _straight,
}


SCHEDULES.add("one_cycle", one_cycle, aliases=("onecycle",))
