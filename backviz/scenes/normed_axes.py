"""Batch norm and layer norm on one batch: along which axis each takes its mean and variance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Heat, Line
from backviz.scenes.layers import grown, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene

SIZES = 16, 8, 4, 2, 1  # of the batch, one after the other
TOP, REACH = 16, 2.5  # rows of the picture, end of its colours


@scene(
    Claim(
        "layer norm gives a sample the same numbers in any company, batch norm does not",
        lambda d: (
            float(np.ptp(d["value.layer norm.y"][-1])) + 0.3,
            float(np.ptp(d["value.batch norm.y"][-1])),
        ),
    )
)
def norm_axes(
    features: Annotated[int, Within(2, 32)] = 8,
    draws: Annotated[int, Within(1, 30)] = 6,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Batch norm looks down a column, at one feature of all samples; layer norm along a row.

    The first sample is the same in every batch, the others are drawn anew, and they become
    fewer: 16, 8, 4, 2, and none. The outlined cells are those that share a mean and a variance.
    Batch norm gives the sample other numbers in every company, and 0 if it is alone; layer norm
    always the same.

    Options:
    features: columns of the batch
    draws: batches of each size
    seed: of the samples
    """
    draw = np.random.default_rng(seed)
    gain, shift = draw.uniform(0.5, 1.5, features), draw.normal(0.0, 0.7, features)
    first = draw.standard_normal(features) * gain + shift
    batches = []
    for size in SIZES:
        for _k in range(draws):
            rest = draw.standard_normal((size - 1, features)) * gain + shift
            batches.append(np.vstack([first, rest]))
    normed = [
        (batch, np.asarray(OPS["batch_norm"](batch)), np.asarray(OPS["layer_norm"](batch)))
        for batch in batches
    ]
    curves = {
        name: (label, np.array([float(each[i][0, 0]) for each in normed]))
        for i, (name, label) in enumerate(
            (("input", N_("input")), ("batch norm", N_("batch norm")),
             ("layer norm", N_("layer norm")))
        )
    }  # fmt: skip
    names = "input", "batch norm", "layer norm"
    panels = (
        *(
            Panel(
                name, Axis(N_("feature"), 0, features, ticks=(0.5, features - 0.5),
                           names=("1", str(features))),
                Axis(N_("sample") if i == 0 else "", 0, TOP, ticks=(TOP - 0.5,), names=("1",)),
                title=(N_("batch"), N_("batch norm: by column"),
                       N_("layer norm: by row"))[i],
                place=(0, i, 1, 1),
            )
            for i, name in enumerate(names)
        ),
        Panel(
            "value", step_axis(len(batches), N_("batch")),
            Axis("", *span(*(y for _label, y in curves.values()), pad=0.2)),
            title=N_("first sample, first feature"), place=(1, 0, 1, 3), legend="right",
        ),
    )  # fmt: skip
    steps = np.arange(float(len(batches)))

    def frames() -> Iterator[Frame]:
        for k, each in enumerate(normed):
            size = len(each[0])
            now = [write(float(y[k])) for _label, y in curves.values()]
            alone = _("Alone in its batch, the sample becomes {batch} under batch norm: there is "
                      "no variance; under layer norm it stays {layer}.", batch=now[1],
                      layer=now[2])  # fmt: skip
            company = _("A batch of {n}: {x} becomes {batch} under batch norm, which depends on "
                        "the others, and {layer} under layer norm.", n=size, x=now[0],
                        batch=now[1], layer=now[2])  # fmt: skip
            yield Frame(
                alone if size == 1 else company,
                {
                    **{
                        name: (
                            Heat("values", _rows(each[i]), (0, features), (0, TOP),
                                 (-REACH, REACH)),
                            _outline((0, features, TOP) if i == 0 else None, i, size, features),
                        )
                        for i, name in enumerate(names)
                    },
                    "value": grown(steps, curves, k),
                },
                pause=1.0 if k % draws == 0 else 0.3,
            )  # fmt: skip

    return Film(
        N_("Batch norm and layer norm: along which axis"), panels, frames, len(batches),
        key_frames(len(batches)), fps=4.0, rows=(1.3, 1.0),
        alt=N_("A batch as a matrix of colours, after batch norm with one column outlined, "
               "and after layer norm with one row outlined; below one number of the first "
               "sample under each, batch after batch."),
    )  # fmt: skip


def _rows(batch: Array) -> Array:
    """The batch from the top down; what is not there is empty."""
    rows = np.full((TOP, batch.shape[1]), np.nan)
    rows[TOP - len(batch) :] = np.clip(batch, -REACH, REACH)[::-1]
    return rows


def _outline(whole: tuple[int, int, int] | None, i: int, size: int, features: int) -> Line:
    """A frame around the cells that share their statistics; around the first sample in a batch."""
    low, right = (TOP - size, 1) if i == 1 else (TOP - 1, features)
    x = np.array([0.0, right, right, 0.0, 0.0])
    y = np.array([low, low, TOP, TOP, low], float)
    return Line("outline", x, y, color="muted" if whole else "ink", dash="solid", width=4.0)
