"""The loss of a real network from above, with the path of its training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artists import Line, Path
from backviz.scenes.layers import key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.network_plane import Directions, network
from backviz.scenes.numbers import percent
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.surface_panels import map_panel, moments_of, write
from backviz.words import Words


@scene(
    Claim(
        "the loss on the plane falls to a third, and in the centre it is the true one",
        lambda d: (
            3 * d["loss.true.y"][-1, -1]
            + 1e9 * abs(d["loss.true.y"][-1, -1] - d["loss.seen.y"][-1, -1]),
            d["loss.true.y"][-1, 0],
        ),
    )
)
def network_loss(
    directions: Directions = "pca",
    steps: Annotated[int, Within(2, 400)] = 80,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The loss of a trained network on a plane through its 33 weights.

    With "pca" the plane holds the two directions in which training moved most; with "random"
    two random ones, each unit's weights scaled to its own length, so that planes can be
    compared. A plane is a slice: the caption says how much of the path lies in it, the right
    panel how far the loss on the plane is from the true one. They agree at the centre.

    Options:
    directions: pca of the training path, or random
    steps: of the training, with Adam
    seed: of data, weights and directions
    """
    plane = network(directions, steps, seed)
    land, (a, b), x = plane.landscape, plane.way.T, np.arange(steps + 1.0)
    named = N_("random 1"), N_("random 2")
    if directions == "pca":
        first, second = plane.shares
        named = (
            Words("direction 1, {share} of the path", share=percent(first)),
            Words("direction 2, {share}", share=percent(second)),
        )
    low = map_panel(land)
    panels = (
        Panel(
            "map", Axis(named[0], *land.x), Axis(named[1], *land.y), title=N_("loss on the plane"),
            static=low.static,
        ),
        Panel(
            "loss", step_axis(steps + 1),
            Axis("", *span([0.0], plane.true, plane.seen)),
            title=N_("loss in training"), place=(0, 1, 1, 1), legend="below",
        ),
    )  # fmt: skip
    moments = moments_of(steps)
    said = N_("A network of {n} weights on a plane, random directions")
    if directions == "pca":
        said = N_("A network of {n} weights on a plane, PCA directions")

    def frames() -> Iterator[Frame]:
        for k in moments:
            gap = abs(plane.true[k] - plane.seen[k])
            yield Frame(
                _("Step {k}: true loss {true}, on the plane {seen}, gap {gap}. {share} of the "
                  "path's movement lies in the plane; the largest gap is {most}.", k=k,
                  true=write(plane.true[k]), seen=write(plane.seen[k]), gap=write(gap),
                  share=percent(plane.explained, 1), most=write(plane.gap)),
                {
                    "map": (Path("training", a[: k + 1], b[: k + 1], color=1),),
                    "loss": (
                        Line("true", x[: k + 1], plane.true[: k + 1], label=_("true loss"),
                             color=0),
                        Line("seen", x[: k + 1], plane.seen[: k + 1], label=_("seen on the plane"),
                             color=1),
                    ),
                },
            )  # fmt: skip

    return Film(
        Words(said, n=plane.parameters),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=N_(
            "Contour lines of a network's loss on a plane through its weights with the path of "
            "its training; beside it the true loss and the loss on the plane against the step."
        ),
        columns=(1.1, 1.0),
    )
