"""When gradient descent is stable, and why a descent left the picture.

Along an eigenvector of the Hessian with eigenvalue λ, a quadratic loss is stable under the
rate α and the momentum β if 0 < αλ is below a limit: 2 for gradient descent, 2 + 2β for the
heavy ball (Polyak 1964), (2 + 2β)/(1 + 2β) for Nesterov's (Lessard, Recht and Packard 2016).

Invariant: λ is an eigenvalue of the engine's Hessian; a limit is named only for optimizers
that have one.
"""

from __future__ import annotations

import math

import numpy as np

from backviz.optim import SGD
from backviz.scenes.optimizer_choice import Choice
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import Run
from backviz.text import NumberStyle

write = NumberStyle(3).format


def limit(momentum: float = 0.0, nesterov: bool = False) -> float:
    """The largest αλ that is stable.

    >>> limit(), limit(0.9), round(limit(0.9, nesterov=True), 6)
    (2.0, 3.8, 1.357143)
    """
    if nesterov:
        return (2 + 2 * momentum) / (1 + 2 * momentum)
    return 2 + 2 * momentum


def limit_of(choice: Choice) -> float | None:
    """The limit of an optimizer; `None` for those whose rate follows the gradients."""
    if choice.make is not SGD or choice.options.get("dampening") or choice.options.get(
        "weight_decay"
    ):  # fmt: skip
        return None
    return limit(choice.momentum, bool(choice.options.get("nesterov")))


def left_at(land: Landscape, run: Run, k: int, i: int = 0) -> int | None:
    """The step since which a descent is outside the domain, at step k; `None` while inside."""
    outside = ~land.inside(run.points[: k + 1, i])
    if not outside[-1]:
        return None
    inside = np.flatnonzero(~outside)
    return int(inside[-1]) + 1 if inside.size else 0


def why_left(land: Landscape, run: Run, step: int, i: int = 0) -> str:
    """What sent a descent out of the picture at a step: a rate above the limit, or no floor.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> from backviz.scenes.trajectories import travel
    >>> run = travel(SURFACES["ravine"], choices("sgd")[0], [(-5, -2)], 20, 0.6)
    >>> why_left(SURFACES["ravine"], run, left_at(SURFACES["ravine"], run, 20))
    'αλ = 2.4 > 2'
    """
    before, after = run.points[step - 1, i], run.points[step, i]
    if not np.isfinite(after).all() and not np.isfinite(land.measured(before[None])[1]).all():
        return "the surface has no slope there"
    top = limit_of(run.choice)
    if top is not None:
        product = float(run.rates[step - 1] * land.curvatures(before[None])[0, 1])
        if product > top:
            exact = write if write(product) != write(top) else NumberStyle(6).format
            return f"αλ = {exact(product)} > {exact(top)}"
    if run.losses[step, i] < run.losses[step - 1, i]:
        return "downhill: the loss still falls there"
    return ""


def half_life(beta: float) -> float:
    """After how many steps a moving average has forgotten one half: ln ½ / ln β.

    >>> round(half_life(0.9), 2)
    6.58
    """
    return math.log(0.5) / math.log(beta) if beta else 0.0
