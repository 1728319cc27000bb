"""The running statistics of batch norm: noisy batches, and the averages that are used later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.nn import BatchNorm1d
from backviz.scenes.artists import Points, Rule
from backviz.scenes.layers import grown, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene

MEAN, STD = 3.0, 2.0  # of the feature


@scene(
    Claim(
        "the running mean ends nearer to the true one than half the spread of the batches",
        lambda d: (
            abs(float(d["mean.running.y"][-1, -1]) - MEAN),
            0.5 * float(np.nanstd(d["mean.batches.y"][-1])),
        ),
    )
)
def running_statistics(
    batch: Annotated[int, Within(2, 1024)] = 8,
    momentum: Annotated[float, Within(0.001, 1)] = 0.1,
    steps: Annotated[int, Within(1, 500)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Batch norm trains with the numbers of the batch, and is used with their running averages.

    A feature from N(3, 2²). The points are mean and variance of each batch, which training
    normalizes with; the lines are the running averages, which begin at 0 and 1 and move a part of
    the way to each batch. After training they alone are used, so that a sample no longer depends
    on its batch.

    Options:
    batch: samples of each batch
    momentum: the weight of the new batch, as in torch
    steps: batches
    seed: of the samples
    """
    draw = np.random.default_rng(seed)
    norm = BatchNorm1d(1, momentum=momentum)
    rows = []
    for _k in range(steps):
        x = draw.normal(MEAN, STD, (batch, 1))
        norm(x)
        rows.append(
            (float(x.mean()), float(x.var(ddof=1)), float(norm.running_mean[0]),
             float(norm.running_var[0]))
        )  # fmt: skip
    table, at = np.array(rows), np.arange(float(steps))
    true = MEAN, STD**2
    panels = tuple(
        Panel(
            key, step_axis(steps, N_("batch")), Axis("", *span(table[:, i::2], [true[i]])),
            title=title, place=(0, i, 1, 1), legend="below",
            static=(Rule("true", true[i], color="ink"),),
        )
        for i, (key, title) in enumerate(
            (("mean", N_("mean (dashed: the true one)")),
             ("variance", N_("variance (dashed: the true one)")))
        )
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in range(steps):
            mean, var, kept, spread = (write(float(v)) for v in table[k])
            yield Frame(
                _("Batch {k}: its mean is {mean}, its variance {var}; the running ones are {kept} "
                  "and {spread}, the true ones {a} and {b}.", k=k + 1, mean=mean, var=var,
                  kept=kept, spread=spread, a=write(MEAN), b=write(STD**2)),
                {
                    key: (
                        Points("batches", at[: k + 1], table[: k + 1, i],
                               N_("of each batch"), 1, size=6.0),
                        *grown(at, {"running": (N_("running"), table[:, 2 + i])}, k),
                    )
                    for i, key in enumerate(("mean", "variance"))
                },
            )  # fmt: skip

    return Film(
        N_("Batch norm: its batch in training, its averages in use"), panels, frames, steps,
        key_frames(steps),
        alt=N_("Mean and variance of every batch as points with the running averages as "
               "lines."),
    )  # fmt: skip
