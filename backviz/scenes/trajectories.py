"""Descents on a surface: where each optimizer is after every step, from one start or many.

Invariant: what is compared has the same start, the same steps and the same noise, which is
centred and follows from the seed; nothing is clipped. All starts of one optimizer move as
one array, through the library's own `step`. A descent that overflows, or comes to where the
surface has no height, ends there: NaN follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backviz.autodiff.data import quietly
from backviz.optim import Optimizer, Plateau, Schedule
from backviz.scenes.artist import Array
from backviz.scenes.optimizer_choice import Choice, scheduled
from backviz.scenes.surfaces import Landscape, Point

NEAR = (
    0.02  # of the picture's side: so far from the start the others are with which a rate is tried
)
SLACK = 1e-9  # by rounding


@dataclass(frozen=True)
class Run:
    """One descent or many at once: `points` (steps + 1, n, 2), `losses` (steps + 1, n).

    `rates` (steps,) are those of the steps; `about` prints all hyper-parameters, `memory`
    is how many numbers are kept for each parameter, under the names `slots`.
    """

    choice: Choice
    about: str
    slots: tuple[str, ...]
    points: Array
    losses: Array
    rates: Array
    schedule: Schedule | None = None

    @property
    def memory(self) -> int:
        """Numbers kept for each parameter."""
        return len(self.slots)

    def path(self, i: int = 0) -> Array:
        """The way (steps + 1, 2) from start i."""
        return np.asarray(self.points[:, i])

    def of(self, i: int) -> Run:
        """The descent from start i alone."""
        return Run(
            self.choice, self.about, self.slots, self.points[:, i : i + 1],
            self.losses[:, i : i + 1], self.rates, self.schedule,
        )  # fmt: skip


def noise_of(steps: int, starts: int, size: float, seed: int) -> Array:
    """What is added to the gradients (steps, starts, 2): centred normal numbers of that size.

    >>> noise_of(3, 1, 0.0, seed=0).any(), abs(noise_of(9999, 1, 1.0, seed=0).mean()) < 0.03
    (np.False_, np.True_)
    """
    if not size:
        return np.zeros((steps, starts, 2))
    return size * np.random.default_rng(seed).standard_normal((steps, starts, 2))


def travel(
    land: Landscape,
    choice: Choice,
    starts: Sequence[Point] | Array,
    steps: int,
    rate: float | Schedule | None = None,
    noise: Array | None = None,
) -> Run:
    """Descend from all starts (n, 2) at once, with this rate or the optimizer's own.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> run = travel(SURFACES["bowl"], choices("sgd")[0], [(-5, -2)], 20, 0.1)
    >>> run.path()[-1].round(6), run.about
    (array([-3.33804e+00, -7.30000e-05]), 'SGD lr=.1 μ=0 τ=0 wd=0')
    """
    points = np.array(starts, dtype=np.float64).reshape(-1, 2)
    lr = rate if isinstance(rate, Schedule) else choice.rate if choice.rate is not None else rate
    opt = choice.made(points, lr=lr)
    return quietly(_travelled, land, choice, opt, points, steps, noise)  # type: ignore[no-any-return]


def _travelled(
    land: Landscape, choice: Choice, opt: Optimizer, points: Array, steps: int, noise: Array | None
) -> Run:
    about, way, losses, rates = opt.describe(), [points.copy()], [], []
    schedule = opt.groups[0].schedule
    for k in range(steps):
        loss, slopes = land.measured(points)
        losses.append(loss)
        if isinstance(schedule, Plateau):
            schedule.report(float(loss.mean()))
        opt.step(slopes if noise is None else slopes + noise[k])
        points[~np.isfinite(points).all(axis=1)] = np.nan
        rates.append(opt.lr)
        way.append(points.copy())
    losses.append(land.heights(points))
    slots = opt.slots(opt.groups[0].options)
    return Run(choice, about, slots, np.array(way), np.array(losses), np.array(rates), schedule)


def travel_each(
    land: Landscape, chosen: Sequence[Choice], start: Point, steps: int, rates: Sequence[float]
) -> list[Run]:
    """Descents of one kind of optimizer, each with its own options and rate, as groups of one.

    The same as `travel` for each of them, in a fraction of the time.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> runs = travel_each(SURFACES["ravine"], choices("sgd,momentum"), (-5, -2), 9, (0.1, 0.05))
    >>> alone = travel(SURFACES["ravine"], choices("momentum")[0], [(-5, -2)], 9, 0.05)
    >>> bool((runs[1].points == alone.points).all())
    True
    """
    points = [np.array([start], dtype=np.float64) for _choice in chosen]
    groups = [
        {"params": point, "lr": rate, **choice.options}
        for point, choice, rate in zip(points, chosen, rates, strict=True)
    ]
    opt = chosen[0].make(groups)
    way, losses = quietly(_travelled_each, land, opt, points, steps)
    slots = opt.slots(opt.groups[0].options)
    return [
        Run(choice, f"{choice.title} lr={rate:g}", slots, way[:, i : i + 1], losses[:, i : i + 1],
            np.full(steps, rate))
        for i, (choice, rate) in enumerate(zip(chosen, rates, strict=True))
    ]  # fmt: skip


def _travelled_each(
    land: Landscape, opt: Optimizer, points: list[Array], steps: int
) -> tuple[Array, Array]:
    """The places (steps + 1, groups, 2) and losses (steps + 1, groups) of groups of one point."""
    way, losses = [np.concatenate(points)], []
    for _step in range(steps):
        loss, slopes = land.measured(way[-1])
        losses.append(loss)
        opt.step(list(slopes[:, None]))
        for point in points:
            point[~np.isfinite(point).all(axis=1)] = np.nan
        way.append(np.concatenate(points))
    return np.array(way), np.array([*losses, land.heights(way[-1])])


@dataclass(frozen=True)
class Sweep:
    """What one optimizer reaches with each of the rates: losses (rates,).

    A loss is the worst of the last quarter of the steps, from the start and from others near by:
    a descent that is thrown somewhere good by its last step is lucky, not well set. `stayed` says
    which never left the domain, and `calm` which of those never rose above the loss that they
    began with. `best` is the rate of the lowest loss among the calm ones, else among those
    that stayed, else among all.
    """

    rates: Array
    losses: Array
    stayed: np.ndarray
    calm: np.ndarray

    @property
    def place(self) -> int:
        """Which of the rates is the best one; the smaller of two that end alike."""
        known = np.isfinite(self.losses)
        fair = next(f for f in (known & self.calm, known & self.stayed, known, ~known) if f.any())
        return int(np.argmin(np.where(fair, self.losses, np.inf)))

    @property
    def best(self) -> float:
        """The best rate."""
        return float(self.rates[self.place])


def near_by(land: Landscape, start: Point) -> Array:
    """The start and those of its four neighbours that are in the picture: (n, 2), the start first.

    >>> from backviz.scenes.surfaces import SURFACES
    >>> near_by(SURFACES["bowl"], (-6.0, 0.0))[:, 0]
    array([-6.  , -5.76, -6.  , -6.  ])
    """
    around = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)]) * NEAR * land.size + np.array(start)
    known = land.inside(around) & np.isfinite(land.heights(around))
    return np.concatenate((np.array([start], dtype=np.float64), around[known]))


def sweep(
    land: Landscape,
    choice: Choice,
    start: Point,
    steps: int,
    rates: Sequence[float],
    schedule: str = "constant",
    noise: Array | None = None,
) -> Sweep:
    """Descend from a start and its neighbours with each of the rates, as groups of one optimizer.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> made = sweep(SURFACES["bowl"], choices("sgd")[0], (-5, -2), 60, (0.01, 0.1, 1.0))
    >>> made.losses.round(3)[:2], made.stayed, made.best
    (array([2.496, 0.446]), array([ True,  True, False]), 0.1)
    """
    starts = near_by(land, start)
    points = [starts.copy() for _ in rates]
    groups = [
        {"params": point, "lr": lr if schedule == "constant" else scheduled(schedule, lr, steps)}
        for point, lr in zip(points, rates, strict=True)
    ]
    opt = choice.made(groups)
    return Sweep(
        np.array(rates, dtype=np.float64), *quietly(_swept, land, opt, points, steps, noise)
    )


def _swept(
    land: Landscape, opt: Optimizer, points: list[Array], steps: int, noise: Array | None
) -> tuple[Array, np.ndarray, np.ndarray]:
    shape = len(points), len(points[0])
    losses, stayed = [], np.ones(shape, dtype=bool)
    for k in range(steps):
        found, slopes = land.measured(np.concatenate(points))
        losses.append(found.reshape(shape))
        for group, each in zip(opt.groups, losses[-1], strict=True):
            if isinstance(group.schedule, Plateau):
                group.schedule.report(float(each[0]))  # as in the descent that is shown
        slopes = slopes if noise is None else slopes + noise[k, 0]
        opt.step(list(slopes.reshape(*shape, 2)))
        stayed &= land.inside(np.array(points))
    losses.append(land.heights(np.array(points)))
    table = np.array(losses)
    worst = table[-(steps // 4 + 1) :].max(axis=(0, 2))
    calm: np.ndarray = stayed & (table <= table[0] + SLACK * (1 + np.abs(table[0]))).all(axis=0)
    return worst, np.all(stayed, axis=1), np.all(calm, axis=1)
