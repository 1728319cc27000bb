"""The anatomy of a step: gradient, averages, corrected averages, effective rates, update."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.optim import Optimizer
from backviz.scenes.artist import Array, Artist
from backviz.scenes.artists import Arrows, Passage, Path, Table
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Film, Frame, Panel
from backviz.scenes.numbers import number
from backviz.scenes.optimizer_choice import OneOptimizer
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.stable_rates import left_at, why_left
from backviz.scenes.step_arrows import pointed
from backviz.scenes.surface_legend import legend_text
from backviz.scenes.surface_panels import map_panel, moments_of, name_of, shown_points, title_of
from backviz.scenes.surface_text import Domain, Start, SurfaceName, start_of
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import travel
from backviz.words import Words

MOST = 10  # terms of a step for which the table has room beside a long formula
SAID = {
    "g": N_("g, gradient"), "after": N_("θ after it"), "update": N_("update"),
    "rate": N_("effective rate"), "b": N_("b, buffer"), "m": N_("m, mean of g"),
    "v": N_("v, mean of g²"), "s": N_("s, sum of g²"), "δ": N_("δ, step"), "u": "u",
}  # fmt: skip


@scene(
    Claim(
        "the descent ends a tenth as far from the minimum as it began",
        lambda d: (
            10 * np.hypot(d["map.way.x"][-1, -1], d["map.way.y"][-1, -1]),
            np.hypot(d["map.way.x"][-1, 0], d["map.way.y"][-1, 0]),
        ),
    )
)
def step_anatomy(
    optimizer: OneOptimizer = said("adam"),
    surface: SurfaceName = said("bowl"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.4,
    start: Start = said("auto"),
    steps: Annotated[int, Within(1, 2000)] = 60,
    domain: Domain = said("auto"),
) -> Film:
    """One step after another, taken apart: what an optimizer makes of a gradient.

    The arrows show directions and have fixed lengths: the long thin one is −gradient, the
    short thick one the update. The table has every number of the step by coordinate, the
    formula stands below. Adam's first update is lr·sign(g): the corrections of the start at 0
    make it so.

    Options:
    optimizer: a name; options follow with colons, as in adam:betas=.8/.99
    surface: a name such as bowl, or an expression in x and y
    rate: of each step
    start: the point x,y; auto is the surface's own
    steps: of the descent
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    land, choice = surface.on(domain), optimizer
    at = np.array(start_of(land, start), dtype=np.float64)
    run = travel(land, choice, [(float(at[0]), float(at[1]))], steps, choice.rate_or(rate))
    opt = choice.made(at, lr=choice.rate_or(rate))
    about = legend_text(run)
    taken = list(_steps(land, opt, at, steps))
    way = shown_points(land, np.array([terms["before"] for terms in taken]))
    shown = [name for name, *_rest in _rows(taken[0])]
    colors = [{SAID["g"]: "gradient", "update": "forward"}.get(name, "ink") for name in shown]
    said = (*opt.formula(), N_("Directions only: −g thin, update thick."))
    panels = (  # a row of no height above and below the map: its labels take no room from the text
        map_panel(land, (1, 0, 2, 1), title=title_of(land)),
        Panel("table", place=(0, 1, 2, 1), axes=False, fits=True),
        Panel(
            "formula", place=(2, 1, 2, 1), axes=False, static=(Passage("formula", said),), fits=True
        ),
    )
    moments = moments_of(steps - 1)

    def said_at(k: int) -> str:
        step = left_at(land, run, k + 1)
        if step is None or not np.isfinite((taken[k]["g"], taken[k]["update"])).all():
            return _caption(k, taken[k])
        why = why_left(land, run, step)
        if not why:
            return _("Step {k}: it has left the picture at step {step}.", k=k + 1, step=step)
        return _("Step {k}: it has left the picture at step {step}, {why}.", k=k + 1, step=step,
                 why=why)  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in moments:
            yield Frame(
                said_at(k),
                {
                    "map": (
                        Path("way", way[: k + 1, 0], way[: k + 1, 1], color=0),
                        *_arrows(land, way[k], taken[k]),
                    ),
                    "table": (Table("terms", ("", "x", "y"), _rows(taken[k]), colors),),
                },
                pause=0.0 if k else 2.0,
            )

    return Film(
        Words("A step of {optimizer}", optimizer=about),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words(
            "The way of {optimizer} on {land} with an arrow against the gradient and one "
            "along the update; beside it a table of all terms of the step, and the formula.",
            optimizer=choice.name,
            land=name_of(land),
        ),
        columns=(1.0, 1.0),
        rows=(0.0, 1.0, 1.0, 0.0),
        fps=6.0,
    )


def _steps(land: Landscape, opt: Optimizer, at: Array, steps: int) -> Iterator[dict[str, Array]]:
    """Every step's terms, each (2,); `at` moves."""
    for _step in range(steps):
        _heights, slopes = land.measured(at[None])
        terms = opt.anatomy(0, slopes[0]).terms
        if len(terms) > MOST:  # in a table that is full, what has no coordinates goes first
            terms = {name: x for name, x in terms.items() if np.ndim(x)}
        yield {name: np.broadcast_to(np.asarray(x, float), 2) for name, x in terms.items()}
        opt.step(slopes[0])


def _rows(terms: dict[str, Array]) -> list[tuple[str, ...]]:
    order = [*(n for n in terms if n not in ("before", "after", "update")), "update", "after"]
    return [(SAID.get(name, name), *(number(float(x), 4) for x in terms[name])) for name in order]


def _arrows(land: Landscape, spot: Array, terms: dict[str, Array]) -> tuple[Artist, Artist]:
    """Directions in the picture: −gradient long and thin, the update short and thick."""
    made = []
    for key, vector, long, width, color in (
        ("against the gradient", -terms["g"], 0.22, 3.0, "gradient"),
        ("update", terms["update"], 0.13, 7.0, "forward"),
    ):
        start, move = pointed(land, spot, vector, long)
        (x, y), (dx, dy) = start.T, move.T
        made.append(Arrows(key, x, y, dx, dy, color=color, width=width))
    return made[0], made[1]


def _caption(k: int, terms: dict[str, Array]) -> str:
    """What to see: by how much the update turns away from −g."""
    g, update = terms["g"], terms["update"]
    sizes = float(quietly(np.hypot, *g)), float(quietly(np.hypot, *update))
    if not np.isfinite(sizes).all():
        return _("Step {k}: a number is no longer finite.", k=k + 1)
    if not sizes[0]:
        return _("Step {k}: the gradient is 0.", k=k + 1)
    if not sizes[1]:
        return _("Step {k}: nothing moves.", k=k + 1)
    cosine = float(np.clip(-(g / sizes[0]) @ (update / sizes[1]), -1, 1))
    return _(
        "Step {k}: a gradient of length {gradient} makes a step of length {step}, {angle:.0f}° "
        "away from −g.",
        k=k + 1, gradient=number(sizes[0], 4), step=number(sizes[1], 4),
        angle=float(np.degrees(np.arccos(cosine))),
    )  # fmt: skip
