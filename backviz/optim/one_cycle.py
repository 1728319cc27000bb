"""The 1cycle policy: the rate goes up and far down again, the momentum the other way.

Invariant: rate and momentum follow the same phases, so they turn at the same steps.
"""

from __future__ import annotations

import math
from typing import Literal

from backviz.errors import InputError
from backviz.optim.options import above_0, whole
from backviz.optim.schedules import SCHEDULES, Rule, Schedule

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
    top = above_0("one_cycle", "max_lr", max_lr)
    total_steps = whole("one_cycle", "total_steps", total_steps, least=2)
    first = pct_start * total_steps - 1
    if not 0 <= pct_start <= 1 or first in (0, total_steps - 1):
        raise InputError(
            f"one_cycle: pct_start={pct_start!r} leaves one of the phases no steps; "
            "give a number between 0 and 1"
        )
    if anneal_strategy not in ("cos", "linear"):
        raise InputError(
            f"one_cycle: anneal_strategy={anneal_strategy!r} does not work; give 'cos' or 'linear'"
        )
    start = top / above_0("one_cycle", "div_factor", div_factor)
    end = start / above_0("one_cycle", "final_div_factor", final_div_factor)
    low, high = base_momentum, max_momentum
    phases: list[Phase] = [(first, start, top, high, low)]
    if three_phase:
        phases += [(2 * first, top, start, low, high), (total_steps - 1, start, end, high, high)]
    else:
        phases += [(total_steps - 1, top, end, low, high)]

    def place(t: int) -> tuple[float, Phase]:
        """The share of its phase that a step has behind it, and the phase."""
        if t >= total_steps:
            raise InputError(
                f"one_cycle ends after {total_steps} steps and was asked for step {t + 1}; "
                "give total_steps the length of the whole training"
            )
        begin = 0.0
        for phase in phases:
            if t <= phase[0] or phase is phases[-1]:
                return (t - begin) / (phase[0] - begin), phase
            begin = phase[0]
        raise AssertionError("the last phase takes what is left")

    def between(a: float, b: float, share: float) -> float:
        if anneal_strategy == "linear":
            return a + (b - a) * share
        return b + (a - b) / 2 * (1 + math.cos(math.pi * share))

    def rate(t: int) -> float:
        share, phase = place(t)
        return between(phase[1], phase[2], share)

    def momentum(t: int) -> float:
        share, phase = place(t)
        return between(phase[3], phase[4], share)

    options = {
        "max_lr": top,
        "total_steps": total_steps,
        "pct_start": pct_start,
        "anneal_strategy": anneal_strategy,
        "div_factor": div_factor,
        "final_div_factor": final_div_factor,
        "phases": len(phases),
    }
    if cycle_momentum:
        options |= {"base_momentum": low, "max_momentum": high}
    return Rule("one_cycle", top, rate, options, momentum if cycle_momentum else None)


SCHEDULES.add("one_cycle", one_cycle, aliases=("onecycle",))
