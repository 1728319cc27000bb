"""One derivative against differences of the function, judged within what rounding allows.

Invariant: a derivative is called wrong only where it lies further from the differences than
their own error, which is at most (rounding of the function) / step + (error of the step).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from backviz.language import N_

EPSILON = float(np.finfo(float).eps)
MOST = 40  # steps
LEAST_STEP = 16 * EPSILON  # of a number's size; a smaller one may change nothing
FINEST = 2**24  # by how much the step is shrunk where rule and differences disagree
NEAR = 4096  # and by how much for the values that show the rounding of the function
WIDEST = 0.1  # and how far it grows where rounding hides what a small step changes
SHRINK = 8.0
SMALL = 0.01  # slopes of both sides that are closer than this share belong to no kink
ROUGH = 1e-4  # share of a value beyond which near values differ by more than rounding
BLURRED = 100  # times the tolerance: differences with a larger error confirm nothing

State = Literal["ok", "wrong", "kink", "unsure"]

# What is said of a wrong derivative of one entry, and along a direction of many.
WRONG = N_(
    "{where}: the derivative of order {order} is {rule:.10g} by the rule but {numeric:.10g} by "
    "differences (relative error {error:.1e})"
)
WRONG_ALONG = N_(
    "{where}: along a random direction, the derivative of order {order} is {rule:.10g} by the rule "
    "but {numeric:.10g} by differences (relative error {error:.1e})"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The difference nearest to the rule, |rule − difference| / scale, and what follows.

    `bound` is the error that the difference itself may have; "unsure" says that it is too
    large to judge by, or that there is no finite difference.
    """

    numeric: float
    error: float
    state: State
    bound: float = math.nan


def judged(
    along: Callable[[float], float],
    middle: float,
    slope: float,
    *,
    step: float,
    tolerance: float,
    rounding: float,
    floor: float,
    finest: float = math.inf,
) -> Verdict:
    """Whether `slope` is the derivative at 0 of `along`, a function of one number.

    `middle` is `along(0)`, `rounding` the error that one value of `along` may have, and
    `floor` the least size that errors are compared with. The step is shrunk where the two
    disagree, by 2²⁴ or down to `finest`, and the error of the step, which falls with its
    square, extrapolated away.

    >>> def square(t):
    ...     return (3 + t) ** 2
    >>> judged(square, 9.0, 6.0, step=1e-5, tolerance=1e-6, rounding=1e-15, floor=1.0).state
    'ok'
    >>> judged(square, 9.0, 5.0, step=1e-5, tolerance=1e-6, rounding=1e-15, floor=1.0).state
    'wrong'
    """
    size = max(abs(slope), floor, 1e-300)
    finest = min(finest, step / FINEST)
    widest = max(step, WIDEST)
    t = min(max(step, 4 * rounding / (tolerance * size)), widest)
    nearest = Verdict(math.nan, math.inf, "unsure")
    surest, spread, at = math.nan, math.inf, step  # the estimate with the least error of its own
    coarse = math.nan
    sides: list[tuple[float, float, float]] = []
    for _ in range(MOST):
        if t < finest:
            break
        before = (middle - along(-t)) / t
        after = (along(t) - middle) / t
        fine = (before + after) / 2
        bound = rounding / t
        t /= SHRINK
        if not math.isfinite(fine):
            continue
        scale = max(size, abs(fine))
        if sides and bound > SMALL * scale:
            break
        sides.append((before, after, bound))
        better = ((SHRINK**2) * fine - coarse) / (SHRINK**2 - 1)
        for numeric in (fine, better):
            error = abs(slope - numeric) / max(size, abs(numeric))
            if error < nearest.error:
                nearest = Verdict(numeric, error, "ok", bound)
        if (
            nearest.error <= tolerance
            and nearest.bound <= BLURRED * tolerance * scale
            and abs(after - before) <= SMALL * scale + 4 * bound
        ):
            return nearest
        unsettled = abs(fine - coarse) / (SHRINK - 1)  # what is left if the error falls with t only
        if bound + unsettled < spread:
            surest, spread, at = better, bound + unsettled, t * SHRINK
        coarse = fine
    if not sides:
        return Verdict(math.nan, math.nan, "unsure")
    state: State
    if _is_kink(sides, slope, tolerance * floor):
        state = "kink"
    elif nearest.error <= tolerance and nearest.bound <= BLURRED * tolerance * size:
        state = "ok"
    else:
        slack = tolerance * max(size, abs(surest)) + 2 * spread
        jitter = _jitter(along, middle, min(step / NEAR, at / SHRINK))
        if _is_resolved(along, middle, at, jitter) and abs(slope - surest) > slack + jitter / at:
            error = abs(slope - surest) / max(size, abs(surest))
            return Verdict(surest, error, "wrong", spread)
        state = "unsure"
    return Verdict(nearest.numeric, nearest.error, state, min(spread, sides[0][2]))


def _jitter(along: Callable[[float], float], middle: float, near: float) -> float:
    """How much the values so near to each other differ from a straight line: by rounding alone."""
    bends = [along(-t) + along(t) - 2 * middle for t in (0.7 * near, near, 1.9 * near)]
    return 8 * max((abs(b) for b in bends if math.isfinite(b)), default=0.0)


def _is_resolved(
    along: Callable[[float], float], middle: float, step: float, jitter: float
) -> bool:
    """Whether the function is smooth over a step: it bends less near the point than it changes.

    cos(1e255) is not: numbers lie so far apart there that neighbours have any value at all.
    """
    change = max(abs(along(step) - middle), abs(along(-step) - middle))
    return not (jitter > 0.8 * change and jitter > ROUGH * abs(middle))


def _is_kink(sides: list[tuple[float, float, float]], slope: float, least: float) -> bool:
    """Whether the slopes of both sides stay apart as the step shrinks, the rule's between them.

    Apart by as much as before: curvature shrinks with the step, rounding grows.
    """
    jumps = [abs(after - before) for before, after, _ in sides]
    closer, beyond, bound = sides[-1]
    slack = max(least, SMALL * max(abs(closer), abs(beyond))) + 4 * bound
    low, high = sorted((closer, beyond))
    stays = max(jumps[0], jumps[-2:][0]) / 2 < jumps[-1] < 4 * jumps[-2:][0]
    return len(sides) > 1 and low - slack <= slope <= high + slack and jumps[-1] > slack and stays
