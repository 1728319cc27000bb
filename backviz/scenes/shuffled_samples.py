"""A small set in batches: every sample once an epoch, in an order that follows from the seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np

from backviz.data import SETS, Batches
from backviz.language import N_, _
from backviz.scenes.artists import Bars, Points, Rule, Table
from backviz.scenes.layers import key_frames, whole_ticks
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene

MOST = 4  # batches of an epoch that the table has room for


def _differ(data: Any, run: int) -> float:
    """In how many cells the rows of a run differ from those of the first."""
    rows = data["orders.table.rows"][-1]
    epochs = len(rows) // 3
    return float(np.sum(rows[:epochs, 2:] != rows[run * epochs : (run + 1) * epochs, 2:]))


@scene(
    Claim(
        "the same seed gives the same batches in every epoch, another seed gives others",
        lambda d: (_differ(d, 1) + 0.5, _differ(d, 2)),
    )
)
def batches(
    samples: Annotated[int, Within(2, 20)] = 12,
    size: Annotated[int, Within(1, 20)] = 4,
    epochs: Annotated[int, Within(2, 4)] = 3,
    seed: Annotated[int, Within(0, 2**31 - 1)] = 0,
) -> Film:
    """An epoch takes every sample once, in batches, in a new order; the seed fixes all orders.

    Left the samples by number, those of the batch in colour, and below how often each was used:
    after an epoch all bars are equally high. Right the batches of two runs with the same seed,
    and of a third with the next one.

    Options:
    samples: of the set
    size: of a batch; more than a quarter of the samples, so that the table has room
    epochs: passes over the set
    seed: of the order in the first two runs, and of the samples
    """
    size = max(min(size, samples), -(-samples // MOST))
    x, _y = SETS["blobs"](samples, classes=1, spread=1.0, seed=seed)
    numbers = np.arange(samples)
    runs = [
        [[chosen for (chosen,) in made] for _e in range(epochs)]
        for made in (Batches(numbers, size=size, seed=s) for s in (seed, seed, seed + 1))
    ]
    many = len(runs[0][0])
    order = [(e, b) for e in range(epochs) for b in range(many)]
    edges = np.arange(samples + 1) + 0.5
    panels = (
        Panel(
            "set", Axis("", *span(x[:, 0], pad=0.15)), Axis("", *span(x[:, 1], pad=0.15)),
            title=N_("the set and a batch"),
            static=(Points("samples", x[:, 0], x[:, 1], color="muted", marker="circle", size=8.0),),
        ),
        Panel(
            "used", Axis(N_("sample"), 0.5, samples + 0.5, ticks=whole_ticks(1, samples)),
            Axis("", 0.0, epochs + 0.3, ticks=tuple(map(float, range(epochs + 1)))),
            title=N_("how often each was used"),
            place=(1, 0, 1, 1), static=(Rule("one", 1.0, color="muted"),),
        ),
        Panel("orders", title=N_("samples of each batch"), place=(0, 1, 2, 1), axes=False),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k, (epoch, b) in enumerate(order):
            now = runs[0][epoch][b]
            taken = np.concatenate([runs[0][e][j] for e, j in order[: k + 1]])
            uses = np.bincount(taken, minlength=samples)
            last = b == many - 1
            sentence = (
                _("Epoch {e} is over: each of the {n} samples was used {times} times so far; the "
                  "second run had the same batches, the third others.", e=epoch + 1, n=samples,
                  times=epoch + 1)
                if last else
                _("Epoch {e}, batch {b} of {m}: the samples {list}.", e=epoch + 1, b=b + 1, m=many,
                  list=", ".join(str(i + 1) for i in now))
            )  # fmt: skip
            rows = [
                (f"{seed + (r == 2)}", f"{e + 1}",
                 *(" ".join(str(i + 1) for i in run[e][j]) if (e, j) <= (epoch, b) else ""
                   for j in range(many)))
                for r, run in enumerate(runs) for e in range(epochs)
            ]  # fmt: skip
            heads = (_("seed"), _("epoch"), *(_("batch {n}", n=j + 1) for j in range(many)))
            yield Frame(
                sentence,
                {
                    "set": (
                        Points("batch", x[now, 0], x[now, 1], color=1, marker="circle", size=16.0),
                    ),
                    "used": (Bars("uses", edges, uses.astype(float), color=0),),
                    "orders": (
                        Table("table", heads, rows,
                              [(0, 0, 1)[r] for r in range(3) for _e in range(epochs)]),
                    ),
                },
                pause=1.5 if last else 0.7,
            )  # fmt: skip

    return Film(
        N_("Batches: every sample once an epoch"), panels, frames, len(order),
        key_frames(len(order)), fps=2.0, columns=(1.0, 1.5), rows=(1.3, 1.0),
        alt=N_(
            "The points of a set with the samples of a batch in colour, bars of how often each "
            "was used, and a table of the batches of three runs."
        ),
    )  # fmt: skip
