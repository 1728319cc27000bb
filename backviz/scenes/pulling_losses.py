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

Kind = Literal["residual", "margin", "all"]
Loss = Callable[[Any], Any]
CLASSES = 10  # of the cross-entropy of several


def _of_many(margin: Any) -> Any:
    """The cross-entropy of classes, the true one ahead of all others by a margin (n,)."""
    others = np.zeros((len(margin), CLASSES - 1))
    scores = OPS["concatenate"]([margin.reshape(-1, 1), others], axis=1)
    return OPS["cross_entropy"](scores, np.zeros(len(margin), int), reduction="none")


_RESIDUAL: dict[str, Loss] = {
    N_("squared"): lambda r: OPS["mse_loss"](r, 0.0, reduction="none"),
    N_("absolute"): lambda r: OPS["l1_loss"](r, 0.0, reduction="none"),
    N_("Huber"): lambda r: OPS["huber_loss"](r, 0.0, reduction="none"),
}
_MARGIN: dict[str, Loss] = {
    N_("hinge"): lambda m: OPS["relu"](1 - m),
    "BCE": lambda m: OPS["softplus"](-m),
    N_("CE, 10 classes"): _of_many,
}


def _from_one(loss: Loss) -> Loss:
    """A loss of a residual, for a score that should be 1."""
    return lambda score: loss(score - 1)


LOSSES: dict[Kind, dict[str, Loss]] = {
    "residual": _RESIDUAL,
    "margin": _MARGIN | {"squared": _from_one(_RESIDUAL["squared"])},
    "all": {name: _from_one(loss) for name, loss in _RESIDUAL.items()} | _MARGIN,
}
AXES = {
    "residual": N_("residual ŷ − y"), "margin": N_("margin y·score, y = ±1"),
    "all": N_("score, right is 1"),
}  # fmt: skip


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
    on. For classes over the margin: cross-entropy (BCE for two classes, CE for ten, of which the
    other nine are alike) and hinge stop to pull at what is right, the squared loss punishes what is
    more than right. `all` has six of them over a score that should be 1.

    Options:
    kind: losses of a residual, of the margin of classes, or of a score that should be 1
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
                f"{_(name)} {write(both[0][k])} ({write(both[1][k])})"
                for name, both in there.items()
            )
            told = {"parts": ", ".join(parts), "at": write(at[k])}
            yield Frame(
                {
                    "residual": _("Residual {at}, loss (and gradient): {parts}.", **told),
                    "margin": _("Margin {at}, loss (and gradient): {parts}.", **told),
                    "all": _("Score {at}, loss (and gradient): {parts}.", **told),
                }[kind],
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
        alt=Words("Left the losses {names} on one axis, right their gradients, with a point on "
                  "each that travels along the axis.", names=Words.joined(drawn)),
    )  # fmt: skip
