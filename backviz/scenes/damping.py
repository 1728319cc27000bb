"""The plane of rate and momentum: where a descent creeps, swings, settles soonest, or diverges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Heat, Line, Points, Words
from backviz.scenes.layers import step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import choices
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import travel_each

ACROSS, UP = 4.0, 1.0  # ends of αλ and of β
CELLS = 100
SLOWEST = 1e3  # steps for a digit, at the end of the colour scale


def growth(product: Array, beta: Array) -> Array:
    """By how much an error of curvature λ grows in a step in the end, of αλ and β.

    It is the larger root, by size, of r² = (1 + β − αλ)r − β; below 1 the error shrinks.

    >>> growth(np.array([0.5, 1.0, 2.5, 1.0]), np.array([0.0, 0.0, 0.0, 0.25])).tolist()
    [0.5, 0.0, 1.5, 0.5]
    """
    middle = 1 + beta - product
    under = middle**2 - 4 * beta
    real = (np.abs(middle) + np.sqrt(np.maximum(under, 0))) / 2
    return np.where(under < 0, np.sqrt(beta), real)


def of_both(product: Array, beta: Array, kappa: float) -> Array:
    """The slower of the two directions: the steep one with αλ, the flat one with αλ/κ."""
    return np.maximum(growth(product, beta), growth(product / kappa, beta))


def best(kappa: float) -> tuple[float, float]:
    """αλ and β with which the slower direction is fastest (Polyak, 1964).

    >>> best(9.0)
    (2.25, 0.25)
    """
    root = math.sqrt(kappa)
    return (2 / (1 + 1 / root)) ** 2, ((root - 1) / (root + 1)) ** 2


def _tour(kappa: float, frames: int) -> Array:
    """Places (frames, 2) on the plane: along the lower edge, into chaos, and to the best place."""
    product, beta = best(kappa)
    corners = np.array([
        (0.15, 0.0), (1.9, 0.0), (2.35, 0.0), (2.35, 0.5), (1.0, 0.9), (0.2, 0.9),
        (0.2, 0.3), (product, beta),
    ])  # fmt: skip
    legs = np.hypot(*(np.diff(corners, axis=0) / (ACROSS, UP)).T)
    at = np.linspace(0, 1, frames) * legs.sum()
    ends = np.concatenate([[0.0], np.cumsum(legs)])
    return np.stack([np.interp(at, ends, c) for c in corners.T], axis=1)


@scene(
    Claim(
        "the best place with momentum needs less than half the steps of the best one without",
        lambda d: (
            2.0 * 10 ** float(np.nanmin(d["plane.speed.values"])),
            10 ** float(np.nanmin(d["plane.speed.values"][0])),
        ),
    )
)
def momentum_plane(
    kappa: Annotated[float, Within(1.5, 1000)] = 10.0,
    steps: Annotated[int, Within(10, 500)] = 60,
    frames: Annotated[int, Within(8, 300)] = 96,
) -> Film:
    """Rate and momentum on one plane: where a descent creeps, swings, settles, or diverges.

    Left a place for every αλ and β; the colour says how many steps the slower of two directions
    needs for one more digit; where there is none it diverges. Between the dashed lines both
    directions swing and shrink by √β. On each line one of them is critically damped: it comes to
    rest as soon as this β allows, without a swing. Right the errors of both directions at the
    point, which travels to the best place, the star.

    Options:
    kappa: how many times as steep the steep direction is as the flat one
    steps: that are shown
    frames: how many places the point visits
    """
    across = (np.arange(CELLS) + 0.5) / CELLS * ACROSS
    up = np.arange(CELLS) / CELLS * UP  # β = 0 is the lowest row, so that descent is on the map
    shrink = of_both(*np.meshgrid(across, up), kappa)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = np.where(shrink < 1, np.log10(-1 / np.log10(shrink)), np.nan)
    digits = np.where(shrink < 1, np.clip(digits, 0.0, math.log10(SLOWEST)), np.nan)
    beta = np.linspace(0, 0.995, 200)
    star = best(kappa)
    critical = [
        Line(key, np.where(at < 2 + 2 * beta, at, np.nan), beta, color="ink", dash="dashed",
             width=2.0)
        for key, at in (
            ("steep damped", (1 - np.sqrt(beta)) ** 2),
            ("steep damped above", (1 + np.sqrt(beta)) ** 2),
            ("flat damped", kappa * (1 - np.sqrt(beta)) ** 2),
        )
    ]  # fmt: skip
    panels = (
        Panel(
            "plane", Axis(N_("αλ of the steep direction"), 0.0, ACROSS), Axis("β", 0.0, UP),
            title=N_("steps for one digit, log₁₀"),
            static=(
                Heat("speed", digits, (0.0, ACROSS), (0.0, UP), (0.0, math.log10(SLOWEST)),
                     map="sequential"),
                *critical,
                Line("limit", 2 + 2 * beta, beta, color="gradient", dash="solid", width=3.0),
                Points("best", [star[0]], [star[1]], color="ink", marker="star", size=17.0),
                Words("endless", 3.25, 0.12, "∞", size=30.0),
            ),
        ),
        Panel(
            "errors", step_axis(steps + 1), Axis("", -1.3, 1.3),
            title=N_("error in each direction"), place=(0, 1, 1, 1), legend="below",
        ),
    )  # fmt: skip
    places, at = _tour(kappa, frames), np.arange(steps + 1.0)
    names = (("steep", N_("steep")), ("flat", N_("flat")))
    chosen = [choices(f"sgd:momentum={b!r}")[0] for b in places[:, 1].tolist()]
    bowl = Landscape("bowl", lambda x, y: 0.5 * (x**2 + y**2 / kappa), (-2, 2), (-2, 2), (1, 1))

    runs = travel_each(bowl, chosen, (1.0, 1.0), steps, places[:, 0].tolist())

    def moments() -> Iterator[Frame]:
        for k, (product, b) in enumerate(places.tolist()):
            way = runs[k].path()
            shown = np.where(np.abs(way) < 1e6, way, np.nan)
            yield Frame(
                _told(product, b, kappa),
                {
                    "plane": (
                        Points("here", [product], [b], color="gradient", marker="circle",
                               size=16.0),
                    ),
                    "errors": tuple(
                        Line(key, at, shown[:, i], label, color=i)
                        for i, (key, label) in enumerate(names)
                    ),
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("Rate and momentum: where a descent settles soonest"), panels, moments, frames,
        tuple(sorted({0, frames // 4, frames // 2, 3 * frames // 4, frames - 1})), fps=10.0,
        columns=(1.15, 1.0),
        alt=N_("Left a plane of rate and momentum coloured by speed, with the limit of "
               "stability and the lines of critical damping; right the errors of a steep and "
               "a flat direction."),
    )  # fmt: skip


def _told(product: float, beta: float, kappa: float) -> str:
    """What both directions do at a place, and how fast the slower one shrinks."""
    slower = float(of_both(np.array(product), np.array(beta), kappa))
    given = {"a": write(product), "b": write(beta)}
    if slower >= 1:
        return _("αλ = {a}, β = {b}: beyond 2 + 2β the steep direction grows {r}-fold in a step.",
                 r=write(float(growth(np.array(product), np.array(beta)))), **given)  # fmt: skip
    kinds = [(1 + beta - p) ** 2 - 4 * beta for p in (product, product / kappa)]
    needs = write(-1 / math.log10(slower), 2)
    if max(map(abs, kinds)) < 1e-9:
        return _("αλ = {a}, β = {b}: both directions are critically damped, the soonest that there "
                 "is; a digit takes {n} steps.", n=needs, **given)  # fmt: skip
    if kinds[0] < 0 and kinds[1] < 0:
        return _("αλ = {a}, β = {b}: both directions swing and shrink by √β = {r} in a step; a "
                 "digit takes {n} steps.", r=write(math.sqrt(beta)), n=needs, **given)  # fmt: skip
    if kinds[0] < 0:
        return _("αλ = {a}, β = {b}: the steep direction swings, the flat one creeps by {r} in a "
                 "step; a digit takes {n} steps.", r=write(slower), n=needs, **given)  # fmt: skip
    if product > 1 + beta:
        return _("αλ = {a}, β = {b}: the steep direction jumps from side to side; the slower one "
                 "shrinks by {r} in a step, a digit takes {n} steps.",
                 r=write(slower), n=needs, **given)  # fmt: skip
    return _("αλ = {a}, β = {b}: neither direction swings, the flat one creeps by {r} in a step; "
             "a digit takes {n} steps.", r=write(slower), n=needs, **given)  # fmt: skip
