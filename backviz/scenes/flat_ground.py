"""A plateau between two descents: plain gradient descent crawls, momentum rolls across."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artists import Line
from backviz.scenes.layers import head, key_frames, positive, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import Optimizers
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_legend import BELOW, CURVES, MAP, MORE, key_of, key_panel
from backviz.scenes.surface_panels import map_panel, moment, moments_of, names_of
from backviz.scenes.surface_text import Domain, Start, SurfaceName, start_of
from backviz.scenes.trajectories import travel


@scene(
    Claim(
        "plain descent is still on the plateau when momentum has a tenth of its loss",
        lambda d: (10 * d["loss.momentum.y"][-1, -1], d["loss.SGD.y"][-1, -1]),
    )
)
def plateau(
    optimizers: Optimizers = said("sgd,momentum,rmsprop"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.1,
    surface: SurfaceName = said("plateau"),
    start: Start = said("auto"),
    steps: Annotated[int, Within(1, 5000)] = 110,
    domain: Domain = said("auto"),
) -> Film:
    """On a plateau the gradient is nearly 0: plain descent stands still, others get across.

    Left the ways; in the middle the loss, which stops falling for a while; right the length of
    the gradient where each of them is. What helps is speed from before (momentum), or dividing
    the gradient by its size (RMSprop, Adam).

    Options:
    optimizers: names with commas; options follow with colons, as in adam:lr=.3
    rate: of those that have no lr of their own
    surface: a name such as plateau, or an expression in x and y
    start: the point x,y; auto is the surface's own
    steps: of each optimizer
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    land = surface.on(domain)
    at = start_of(land, start)
    runs = [travel(land, choice, [at], steps, rate) for choice in optimizers]
    slopes = [np.hypot(*land.measured(run.path())[1].T) for run in runs]
    losses = [run.losses[:, 0] for run in runs]
    inside = [loss[land.inside(run.path())] for loss, run in zip(losses, runs, strict=True)]
    lowest = max(1e-4, float(np.nanmin(np.concatenate(slopes))))
    key = key_of(land, runs)
    panels = (
        map_panel(land, MAP, title=N_("ways on the surface")),
        Panel(
            "loss", step_axis(steps + 1), Axis("", *span(*inside)), title=N_("loss"), place=CURVES
        ),
        Panel(
            "slope", step_axis(steps + 1),
            Axis("", *span([lowest], *(s[s > lowest] for s in slopes), log=True), log=True),
            title=N_("length of the gradient"), place=MORE,
        ),
        key_panel(key, (BELOW[0], BELOW[1], BELOW[2], 4)),
    )  # fmt: skip
    moments, x = moments_of(steps), np.arange(steps + 1.0)
    names = names_of(runs)

    def frames() -> Iterator[Frame]:
        for k in moments:
            shown = {
                panel: [
                    Line(run.choice.name, x[: k + 1], each[: k + 1], color=i)
                    for i, (run, each) in enumerate(zip(runs, rows, strict=True))
                ]
                for panel, rows in (("loss", losses), ("slope", [positive(s) for s in slopes]))
            }
            parts = "; ".join(
                _("{name} has loss {loss}, gradient {slope}", name=name, loss=write(loss[k]),
                  slope=write(slope[k], 2))
                for name, loss, slope in zip(names, losses, slopes, strict=True)
            )  # fmt: skip
            yield Frame(
                _("Step {k}: {parts}.", k=k, parts=parts),
                {
                    **moment(land, runs, k, key),
                    **{p: (*rows, *(head(line, -1) for line in rows)) for p, rows in shown.items()},
                },
                pause=0.0 if k else 1.5,
            )

    return Film(
        N_("A plateau: who gets across"), panels, frames, len(moments), key_frames(len(moments)),
        columns=(0.0, 1.1, 1.0, 1.0),
        alt=N_("Left the ways of several optimizers over a surface with a plateau; beside "
               "them their losses and the lengths of their gradients against the step."),
    )  # fmt: skip
