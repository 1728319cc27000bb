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

from backviz.language import _
from backviz.optim import SGD
from backviz.scenes.numbers import number
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import Choice
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import Run


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


def has_ended(land: Landscape, run: Run, step: int, i: int = 0) -> bool:
    """Whether a descent went nowhere because the surface has no height or no slope there."""
    if np.isfinite(run.points[step, i]).all():
        return False
    if not np.isfinite(run.losses[step - 1, i]):
        return True
    return not np.isfinite(land.measured(run.points[step - 1 : step, i])[1]).all()


def why_left(land: Landscape, run: Run, step: int, i: int = 0) -> str:
    """What sent a descent out of the picture at a step: a rate above the limit, or no floor.

    αλ is that of the last step inside, or the largest before it if only that is too large.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> from backviz.scenes.trajectories import travel
    >>> run = travel(SURFACES["bowl"], choices("sgd")[0], [(-5, -2)], 20, 0.6)
    >>> why_left(SURFACES["bowl"], run, left_at(SURFACES["bowl"], run, 20))
    'αλ = 2.4 > 2'
    """
    way = run.points[:step, i]
    if has_ended(land, run, step, i):
        if not np.isfinite(run.losses[step - 1, i]):
            return _("no height there")
        return _("no slope there")
    top = limit_of(run.choice)
    products = np.zeros(step)
    if top is not None:
        products = run.rates[:step] * np.nan_to_num(land.curvatures(way)[:, 1])
        if products[-1] > top:
            return _("αλ = {compared}", compared=_above(float(products[-1]), top))
    if run.losses[step, i] < run.losses[step - 1, i]:
        return _("downhill")
    worst = int(products.argmax())
    if top is not None and products[worst] > top:
        return _("αλ was {compared}", compared=_above(float(products[worst]), top))
    return ""


def _above(product: float, top: float) -> str:
    """The inequality with as many digits as show it.

    >>> _above(2.4, 2.0), _above(2.0004, 2.0), _above(2 + 1e-9, 2.0)
    ('2.4 > 2', '2.0004 > 2', 'a little above 2')
    """
    for digits in (3, 6):
        if float(f"{product:.{digits - 1}e}") > float(f"{top:.{digits - 1}e}"):
            return f"{number(product, digits)} > {number(top, digits)}"
    return _("a little above {top}", top=write(top))


def half_life(beta: float) -> float:
    """After how many steps a moving average has forgotten one half: ln ½ / ln β.

    >>> round(half_life(0.9), 2)
    6.58
    """
    return math.log(0.5) / math.log(beta) if beta else 0.0
