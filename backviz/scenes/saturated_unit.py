"""A sigmoid unit that is wrong and sure: how fast it learns with squares and with cross-entropy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import numpy as np

from backviz.autodiff.value import tensor
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line
from backviz.scenes.layers import head, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.surface_panels import moments_of

KINDS: dict[str, Callable[[Any], Any]] = {
    N_("squared"): lambda a: OPS["mse_loss"](a, 0.0),
    N_("cross-entropy"): lambda a: OPS["binary_cross_entropy"](a, 0.0),
}


def learned(kind: str, output: float, rate: float, steps: int) -> Array:
    """Output a and ∂L/∂z (steps + 1, 2) of a sigmoid unit whose target is 0.

    >>> learned("cross-entropy", 0.99, 1.0, 0).round(4), learned("squared", 0.99, 1.0, 0).round(4)
    (array([[0.99, 0.99]]), array([[0.99  , 0.0196]]))
    """
    z, rows = np.log(output / (1 - output)), []
    for _step in range(steps + 1):
        score = tensor(np.array([z]))
        a = OPS["sigmoid"](score)
        KINDS[kind](a).backward()
        slope = float(np.asarray(score.grad)[0])
        rows.append((float(np.asarray(a.data)[0]), slope))
        z = z - rate * slope
    return np.array(rows)


@scene(
    Claim(
        "cross-entropy halves the wrong output in a quarter of the steps that squares need",
        lambda d: (
            4 * int(np.argmax(d["output.cross-entropy.y"][-1] < 0.5)),
            int(np.argmax(np.append(d["output.squared.y"][-1], 0) < 0.5)),
        ),
    )
)
def sigmoid_losses(
    begin: Annotated[float, Within(0.01, 0.9999)] = 0.99,
    rate: Annotated[float, Within(1e-6, 1e3)] = 0.5,
    steps: Annotated[int, Within(1, 2000)] = 120,
) -> Film:
    """A saturated sigmoid learns slowly from squares; cross-entropy cancels the slope.

    The output is a, the target 0. Squares give ∂L/∂z = 2a·a(1 − a), which is nearly 0 at a = 0.99
    although nothing could be more wrong; cross-entropy divides by a(1 − a), so that ∂L/∂z = a.

    Options:
    begin: a at the start
    rate: of gradient descent on z
    steps: of the descent
    """
    found = {kind: learned(kind, begin, rate, steps) for kind in KINDS}
    panels = tuple(
        Panel(
            key, step_axis(steps + 1), Axis("", -0.04, 1.04), title=title, place=(0, i, 1, 1),
            legend="" if i else "below",
        )
        for i, (key, title) in enumerate(
            (("output", N_("output a, target 0")), ("delta", N_("gradient ∂L/∂z")))
        )
    )  # fmt: skip
    moments, at = moments_of(steps), np.arange(steps + 1.0)

    def frames() -> Iterator[Frame]:
        for k in moments:
            lines = {
                key: [
                    Line(kind, at[: k + 1], rows[: k + 1, i], kind, c)
                    for c, (kind, rows) in enumerate(found.items())
                ]
                for i, key in enumerate(("output", "delta"))
            }
            (a, slope), (b, other) = (found[kind][k] for kind in KINDS)
            yield Frame(
                _("Step {k}: with squares a = {a} and the gradient is {slope}; with cross-entropy "
                  "a = {b} and it is {other}.", k=k, a=write(a), slope=write(slope), b=write(b),
                  other=write(other)),
                {key: [*drawn, *(head(line, -1) for line in drawn)]
                 for key, drawn in lines.items()},
                pause=0.0 if k else 2.0,
            )  # fmt: skip

    return Film(
        N_("A saturated unit: squares and cross-entropy"), panels, frames, len(moments),
        key_frames(len(moments)),
        alt=N_("Left the output of a sigmoid unit against the step, right the gradient of its "
               "input, each for the squared loss and for cross-entropy."),
    )  # fmt: skip
