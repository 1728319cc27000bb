"""The ruler of stability: αλ for every curvature λ against the limits of three methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.errors import InputError
from backviz.scenes.artist import Artist
from backviz.scenes.artists import Line, Points, Rule, Words
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.optimizer_choice import Choice, choices
from backviz.scenes.registry import Within, said, scene
from backviz.scenes.stable_rates import left_at, limit_of
from backviz.scenes.surface_panels import crosses, map_panel, name_of, title_of, way, write
from backviz.scenes.surface_text import Domain, Start, SurfaceName, start_of
from backviz.scenes.surfaces import Point
from backviz.scenes.trajectories import travel

NAMES = "descent", "heavy ball", "Nesterov"


@scene
def stability(
    surface: SurfaceName = said("ravine"),
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
    lowest minimum, or at the start where there is none.

    Options:
    surface: a name such as ravine, or an expression in x and y
    momentum: β of the heavy ball and of Nesterov's method
    start: the point x,y; auto is the surface's own
    steps: of each descent
    frames: how many rates are tried
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    land = surface.on(domain)
    at = start_of(land, start)
    spot: Point = land.minima[0] if land.minima else at
    curved = land.curvatures(np.array([spot]))[0]
    if not (curved[1] > 0 and curved[0] > -1e-9 * curved[1]):
        raise InputError(
            f"the surface {land.name!r} does not curve upwards in all directions at "
            f"({write(spot[0])}, {write(spot[1])}), so no rate is stable there; use ravine or "
            "rosenbrock"
        )
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
            Words(f"said {i}", most, y + 0.2, f"αλ < {write(most)}", align="right"),
        ]
    panels = (
        Panel(
            "ruler", Axis("αλ", -0.04 * top, 1.05 * top),
            Axis("", -1.5, 2.6, ticks=(2.0, 1.0, 0.0, -1.0), names=(*NAMES, "now")),
            title=f"stable, β = {write(momentum)}", static=tuple(ruler),
        ),
        map_panel(land, (0, 1, 1, 1), title=title_of(land)),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for rate in rates:
            runs = [travel(land, c, [at], steps, float(rate)) for c in chosen]
            product = float(rate) * large
            left = [left_at(land, run, steps) for run in runs]
            news = [f"✗ left at step {step}" if step else "" for step in left]
            yield Frame(
                _said(float(rate), product, limits, left),
                {
                    "ruler": (
                        Rule("now", product, axis="x", color="ink"),
                        Points("products", [rate * small, product], [-1.0, -1.0], color="ink",
                               marker="diamond", size=14.0),
                        *(Words(f"news {i}", 0.03 * top, 1.6 - i, text)
                          for i, text in enumerate(news)),
                    ),
                    "map": (
                        *(way(land, run, steps, i) for i, run in enumerate(runs)),
                        *crosses(land, runs, steps),
                    ),
                },
            )  # fmt: skip

    return Film(
        f"{name_of(land)}: how large may the rate be? λ = {write(small)} and {write(large)}",
        panels,
        moments,
        frames,
        key_frames(frames),
        alt="A ruler of αλ with the stable ranges of gradient descent, heavy ball and Nesterov; "
        "beside it their descents, which leave the picture when αλ passes the limit.",
        columns=(1.0, 1.1),
        fps=8.0,
    )


def _said(rate: float, product: float, limits: list[float], left: list[int | None]) -> str:
    """The rate, and which methods are beyond their limits; what happened if it differs."""
    over = [name for name, most in zip(NAMES, limits, strict=True) if product >= most]
    text = f"α = {write(rate)}, the largest αλ = {write(product)}: "
    if len(over) == len(NAMES):
        text += "all three are beyond the limit."
    elif over:
        text += f"{' and '.join(over)} {'is' if len(over) == 1 else 'are'} beyond the limit."
    else:
        text += "all three are stable."
    gone = [name for name, step in zip(NAMES, left, strict=True) if step and name not in over]
    return text + (f" {' and '.join(gone)} left for another reason." if gone else "")
