"""Losses on one axis, value and gradient: how hard each pulls at a small and at a large error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import numpy as np

from backviz.autodiff.value import tensor
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.words import Words

Kind = Literal["residual", "margin"]
Loss = Callable[[Any], Any]
LOSSES: dict[Kind, dict[str, Loss]] = {
    "residual": {
        N_("squared"): lambda r: OPS["mse_loss"](r, 0.0, reduction="none"),
        N_("absolute"): lambda r: OPS["l1_loss"](r, 0.0, reduction="none"),
        N_("Huber"): lambda r: OPS["huber_loss"](r, 0.0, reduction="none"),
    },
    "margin": {
        N_("cross-entropy"): lambda m: OPS["softplus"](-m),
        N_("hinge"): lambda m: OPS["relu"](1 - m),
        "squared": lambda m: (1 - m) ** 2,
    },
}
AXES = {N_("residual"): N_("residual ŷ − y"), N_("margin"): N_("margin y·score, y = ±1")}


def curves(kind: Kind, x: Array) -> dict[str, tuple[Array, Array]]:
    """The losses of a kind at x (n,), each with its gradient, by a backward pass.

    >>> value, slope = curves("residual", np.array([-3.0, 0.5]))["Huber"]
    >>> value, slope
    (array([2.5  , 0.125]), array([-1. ,  0.5]))
    """
    made = {}
    for name, loss in LOSSES[kind].items():
        inputs = tensor(x)
        values = loss(inputs)
        values.sum().backward()
        made[name] = np.asarray(values.data), np.asarray(inputs.grad)
    return made


@scene(
    Claim(
        "at the largest error the squared loss pulls 5 times as hard as the absolute and Huber's",
        lambda d: (
            5 * max(d["gradient.absolute.y"][-1], d["gradient.Huber.y"][-1]),
            d["gradient.squared.y"][-1],
        ),
    )
)
def loss_curves(
    kind: Kind = "residual",
    end: Annotated[float, Within(1, 100)] = 3.0,
    frames: Annotated[int, Within(2, 300)] = 61,
) -> Film:
    """Losses beside their gradients: what an error costs, and how hard it pulls.

    For regression over the residual: the squared loss pulls in proportion to the error, so one
    outlier outvotes many; the absolute loss and Huber's (δ = 1) pull no harder from some error
    on. For two classes over the margin: cross-entropy and hinge stop to pull at what is right,
    the squared loss punishes what is more than right.

    Options:
    kind: losses of a residual, or of the margin of two classes
    end: of the axis, to both sides
    frames: how many places the point visits
    """
    x, at = np.linspace(-end, end, 601), np.linspace(-end, end, frames)
    drawn, there = curves(kind, x), curves(kind, at)
    titles = (("loss", N_("loss")), ("gradient", N_("its gradient")))
    panels = tuple(
        Panel(
            key, Axis(AXES[kind], -end, end),
            Axis("", *span(*(both[i] for both in drawn.values()))),
            title=title, place=(0, i, 1, 1), legend="" if i else "below",
            static=tuple(
                Line(name, x, both[i], name, c) for c, (name, both) in enumerate(drawn.items())
            ),
        )
        for i, (key, title) in enumerate(titles)
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(frames):
            parts = (
                _("{name} {value}, gradient {slope}", name=_(name), value=write(both[0][k]),
                  slope=write(both[1][k]))
                for name, both in there.items()
            )  # fmt: skip
            parts_said, where = "; ".join(parts), write(at[k])
            yield Frame(
                _("Residual {at}: {parts}.", at=where, parts=parts_said)
                if kind == "residual"
                else _("Margin {at}: {parts}.", at=where, parts=parts_said),
                {
                    key: (
                        Rule("at", float(at[k]), axis="x"),
                        *(
                            Points(f"{name} here", at[k : k + 1], both[i][k : k + 1], color=c,
                                   size=13.0)
                            for c, (name, both) in enumerate(there.items())
                        ),
                    )
                    for i, (key, _title) in enumerate(titles)
                },
            )  # fmt: skip

    return Film(
        N_("Losses and their gradients"), panels, moments, frames, key_frames(frames),
        alt=Words("Left the losses {names} over the {kind}, right their gradients, with a point on "
                  "each that travels along the axis.", names=Words.joined(drawn), kind=Words(kind)),
    )  # fmt: skip
