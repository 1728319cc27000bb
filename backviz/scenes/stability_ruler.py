"""The ruler of stability: αλ for every curvature λ against the limits of three methods."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np

from backviz.errors import InputError
from backviz.language import N_, _, all_of, ngettext
from backviz.scenes import artists
from backviz.scenes.artist import Array, Artist
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.optimizer_choice import Choice, choices
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.stable_rates import left_at, limit_of
from backviz.scenes.surface_panels import crosses, map_panel, name_of, title_of, way, write
from backviz.scenes.surface_text import Domain, Start, SurfaceName, settled, start_of
from backviz.scenes.surfaces import Landscape, Point
from backviz.scenes.trajectories import travel_each
from backviz.words import Words

NAMES = N_("descent"), N_("heavy ball"), "Nesterov"


def _least_that_leaves(data: Mapping[str, Array], i: int) -> float:
    """The smallest αλ with which a method leaves, as a share of its limit; NaN if it never does."""
    left = np.isfinite(data[f"map.exit of {NAMES[i]}.x"]).any(axis=1)
    shares = data["ruler.products.x"][:, 1] / data[f"ruler.stable {i}.x"][1]
    return float(shares[left].min()) if left.any() else math.nan


CAUTIOUS = 400  # steps of the descent that finds the minimum


@scene(
    Claim(
        "a descent that leaves the picture is beyond its limit, and all three do leave",
        lambda d: (1.0, min(_least_that_leaves(d, i) for i in range(len(NAMES)))),
    )
)
def stability(
    surface: SurfaceName = said("bowl"),
    momentum: Annotated[float, Within(0.01, 0.999)] = 0.5,
    start: Start = said("auto"),
    steps: Annotated[int, Within(1, 500)] = 40,
    frames: Annotated[int, Within(2, 300)] = 80,
    domain: Domain = said("auto"),
) -> Film:
    """The rate α grows until one method after the other loses its hold.

    Left a ruler: a method is stable as long as αλ is left of its limit for every eigenvalue λ
    of the Hessian: 2 for gradient descent, 2 + 2β for the heavy ball, (2 + 2β)/(1 + 2β) for
    Nesterov's. Right what really happens: descents with this rate. λ is measured at the
    minimum that a cautious descent from the start comes to, named in the title; at other
    minima the limits are others. A descent that ends far from it is named.

    Options:
    surface: a name such as bowl, or an expression in x and y
    momentum: β of the heavy ball and of Nesterov's method
    start: the point x,y; auto is the surface's own
    steps: of each descent
    frames: how many rates are tried
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    land = surface.on(domain)
    at = start_of(land, start)
    spot = _reached(land, at)
    curved = land.curvatures(spot[None])[0]
    where = f"({write(spot[0])}, {write(spot[1])})"
    if not (curved[1] > 0 and curved[0] > -1e-9 * curved[1]):
        if _is_kink(land, spot):
            raise InputError(
                _("the surface {name!r} has a kink at {where}, so that there is no λ there; use "
                  "bowl or rosenbrock", name=land.name, where=where)
            )  # fmt: skip
        raise InputError(
            _("the surface {name!r} does not curve upwards in all directions at {where}, so no "
              "rate is stable there; use bowl or rosenbrock", name=land.name, where=where)
        )  # fmt: skip
    chosen = choices(f"sgd,momentum:momentum={momentum},nesterov:momentum={momentum}")
    chosen = tuple(Choice(name, c.make, c.options) for name, c in zip(NAMES, chosen, strict=True))
    limits = [limit_of(choice) or 0.0 for choice in chosen]
    top = 1.15 * max(limits)
    rates = np.linspace(0.0, top / curved[1], frames + 1)[1:]
    small, large = float(curved[0]), float(curved[1])

    ruler: list[Artist] = []
    for i, most in enumerate(limits):
        y = 2.0 - i
        ruler += [
            Line(f"stable {i}", [0, most], [y, y], color=i, width=9.0, dash="solid"),
            Points(f"end {i}", [most], [y], color=i, size=16.0),
        ]
    names = (
        *(Words.joined([n, write(most)], " < ") for n, most in zip(NAMES, limits, strict=True)),
        N_("αλ now"),
    )
    panels = (
        Panel(
            "ruler", Axis("αλ", -0.04 * top, 1.05 * top),
            Axis("", -1.5, 2.6, ticks=(2.0, 1.0, 0.0, -1.0), names=names),
            title=Words("stable, β = {momentum}", momentum=write(momentum)), static=tuple(ruler),
        ),
        map_panel(land, (0, 1, 1, 1), title=title_of(land)),
    )  # fmt: skip

    each = [(choice, float(rate)) for rate in rates for choice in chosen]
    made = travel_each(land, [c for c, _rate in each], at, steps, [rate for _c, rate in each])

    def moments() -> Iterator[Frame]:
        for k, rate in enumerate(rates):
            runs = made[k * len(chosen) : (k + 1) * len(chosen)]
            product = float(rate) * large
            left = [left_at(land, run, steps) for run in runs]
            away = [not _is_near(land, run.path()[-1], spot) for run in runs]
            news = [_("✗ step {k}", k=step) if step else "" for step in left]
            yield Frame(
                _said(float(rate), product, limits, left, away),
                {
                    "ruler": (
                        Rule("now", product, axis="x", color="ink"),
                        Points("products", [rate * small, product], [-1.0, -1.0], color="ink",
                               marker="diamond", size=14.0),
                        *(artists.Words(f"news {i}", 0.03 * top, 1.85 - i, text, clear=True)
                          for i, text in enumerate(news)),
                    ),
                    "map": (
                        *(way(land, run, steps, i) for i, run in enumerate(runs)),
                        *crosses(land, runs, steps),
                    ),
                },
            )  # fmt: skip

    return Film(
        Words(
            "{land}: how large may the rate be? λ = {small} and {large} at {where}",
            land=name_of(land),
            small=write(small),
            large=write(large),
            where=where,
        ),
        panels,
        moments,
        frames,
        key_frames(frames),
        alt=N_(
            "A ruler of αλ with the stable ranges of gradient descent, heavy ball and Nesterov; "
            "beside it their descents, which leave the picture when αλ passes the limit."
        ),
        columns=(1.0, 1.1),
        fps=8.0,
    )


def _reached(land: Landscape, start: Point) -> Array:
    """The minimum (2,) that a descent with a cautious rate comes to; the start, if to none.

    The rate is halved until a step lowers the loss by half of what the slope promises.
    """
    point, rate = np.array(start, dtype=np.float64), land.size
    for _step in range(CAUTIOUS):
        loss, slope = (each[0] for each in land.measured(point[None]))
        square = float(slope @ slope)
        if not square > 0:
            break
        rate *= 4.0
        while rate > 0 and not land.heights(point - rate * slope) <= loss - 0.5 * rate * square:
            rate /= 2
        point = point - rate * slope
        if not land.inside(point):
            return np.array(start, dtype=np.float64)
    found: Array = settled(land, point[None])[0]
    return found if land.inside(found) else point


def _is_kink(land: Landscape, spot: Array) -> bool:
    """Whether the slope jumps at a point instead of passing through 0."""
    step = 1e-6 * land.size
    around = spot + step * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    slopes = land.measured(around)[1]
    return bool(np.abs(slopes[::2] - slopes[1::2]).max() > 1e3 * step)


def _is_near(land: Landscape, point: Array, spot: Array) -> bool:
    """Whether a point is within a tenth of the picture of another; NaN is not."""
    return bool(np.hypot(*(point - spot)) <= 0.1 * land.size)


def _said(
    rate: float, product: float, limits: list[float], left: list[int | None], away: list[bool]
) -> str:
    """The rate, and which methods are beyond their limits; what happened if it differs."""
    over = [_(name) for name, most in zip(NAMES, limits, strict=True) if product >= most]
    told = {"rate": write(rate), "product": write(product)}
    if len(over) == len(NAMES):
        return _("α = {rate}, the largest αλ = {product}: all three are beyond the limit.", **told)
    if over:
        text = ngettext(
            "α = {rate}, the largest αλ = {product}: {names} is beyond the limit.",
            "α = {rate}, the largest αλ = {product}: {names} are beyond the limit.",
            len(over), names=all_of(over), **told,
        )  # fmt: skip
    else:
        text = _("α = {rate}, the largest αλ = {product}: all three are within their limits.",
                 **told)  # fmt: skip
    all_names = [_(name) for name in NAMES]
    inside = [(n, s, a) for n, s, a in zip(all_names, left, away, strict=True) if n not in over]
    gone = [name for name, step, _far in inside if step]
    other = [name for name, step, far in inside if far and not step]
    parts = [text]
    if gone:
        parts.append(
            ngettext("{names} left for another reason.", "{names} left for another reason.",
                     len(gone), names=all_of(gone))
        )  # fmt: skip
    if len(other) == len(NAMES):
        parts.append(_("None is near the minimum at the last step."))
    elif other:
        parts.append(
            ngettext("At the last step {names} is not near it.",
                     "At the last step {names} are not near it.", len(other), names=all_of(other))
        )  # fmt: skip
    return " ".join(parts)
