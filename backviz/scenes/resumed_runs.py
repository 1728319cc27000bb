"""Saved and resumed: the same training with the optimizer's state kept, and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import numpy as np

from backviz.data import SETS, Batches
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Rule
from backviz.scenes.layers import grown, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import Choice, OneOptimizer
from backviz.scenes.provider import Data, Provider, own_data, provided
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import moments_of

SAMPLES, WIDTH = 96, 16
SOON = 12  # steps after it was resumed
State = dict[str, Any]


class Training:
    """A network, its optimizer and its batches: what has to be saved, all three."""

    def __init__(
        self, given: Provider, optimizer: Choice, rate: float, size: int, seed: int
    ) -> None:
        self.x, self.y = given.data.x, given.data.y[:, None]
        self.net = given.network([WIDTH], "tanh", seed)
        self.optimizer = optimizer.made(self.net.parameters(), lr=optimizer.rate_or(rate))
        self.batches = Batches(self.x, self.y, size=size, seed=seed)

    def loss(self) -> float:
        """On all samples."""
        return float(OPS["softplus"](-self.y * self.net(self.x)).mean().data)

    def weights(self) -> Array:
        """All parameters as one vector."""
        return np.concatenate([np.ravel(p.data) for p in self.net.parameters()])

    def epoch(self) -> Iterator[tuple[float, Array]]:
        """A pass over the batches: loss and weights before each step."""
        for x, y in self.batches:
            yield self.loss(), self.weights()
            loss = OPS["softplus"](-y * self.net(x)).mean()
            self.net.zero_grad()
            loss.backward()
            self.optimizer.step()

    def saved(self) -> dict[str, State]:
        """What goes into the file."""
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.state_dict(),
        }


def _peak(data: Mapping[str, Array], name: str) -> float:
    """The largest loss soon after a run was resumed."""
    place = int(data["loss.saved.at"])
    return float(data[f"loss.{name}.y"][-1, place : place + SOON].max())


@scene(
    Claim(
        "resumed without the optimizer's state the loss jumps by a third; with it nothing changes",
        lambda d: (
            1.33 * _peak(d, "with") + 1e9 * float(np.abs(d["apart.with.y"][-1]).max()),
            _peak(d, "without"),
        ),
    )
)
def resume(
    optimizer: OneOptimizer = said("adam"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.1,
    epochs: Annotated[int, Within(2, 200)] = 60,
    saved: Annotated[int, Within(1, 199)] = 40,
    batch: Annotated[int, Within(1, 2000)] = 48,
    data: Annotated[Data | None, own_data(2, classes=True)] = said(""),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """To save a model is to save its optimizer too: a run, and the same resumed from a file.

    At the dashed line weights, optimizer and the number of the epoch are saved. One run goes on,
    one is resumed with all of it, one with the weights alone: its optimizer begins without
    its averages, and takes other steps. Left the loss, right how far the weights are from those
    of the run that went on.

    Options:
    optimizer: a name; options follow with colons, as in sgd:momentum=.9
    rate: of each step
    epochs: of training
    saved: after which epoch; the last but one, if there are fewer
    batch: samples of each step
    data: your own points of two classes: a csv with columns x,y,class, an npz, or file.py:name
    seed: of data, weights and batches
    """
    saved = min(saved, epochs - 1)
    x, kind = SETS["moons"](SAMPLES, noise=0.2, seed=seed)
    given = provided(data, x, np.where(kind > 0, 1.0, -1.0))
    first = Training(given, optimizer, rate, batch, seed)
    head = [row for _k in range(saved) for row in first.epoch()]
    file = first.saved()
    rows = {"whole": head + [row for _k in range(saved, epochs) for row in first.epoch()]}
    for name in ("with", "without"):
        other = Training(given, optimizer, rate, batch, seed)
        other.net.load_state_dict(file["net"])
        other.batches.load_state_dict(file["batches"])
        if name == "with":
            other.optimizer.load_state_dict(file["optimizer"])
        rows[name] = head + [row for _k in range(saved, epochs) for row in other.epoch()]
    losses = {name: np.array([loss for loss, _w in row]) for name, row in rows.items()}
    apart = {
        name: np.array([
            float(np.linalg.norm(w - v)) for (_l, w), (_m, v) in
            zip(rows[name], rows["whole"], strict=True)
        ])
        for name in ("with", "without")
    }  # fmt: skip
    labels = {
        "whole": N_("not interrupted"),
        "with": N_("with its state"),
        "without": N_("weights alone"),
    }
    steps, place = len(rows["whole"]), len(head)
    at, line = np.arange(float(steps)), Rule("saved", float(place), axis="x")
    panels = (
        Panel(
            "loss", step_axis(steps), Axis("", *span(*losses.values(), log=True), log=True),
            title=N_("loss (dashed: saved)"), legend="below", static=(line,),
        ),
        Panel(
            "apart", step_axis(steps), Axis("", *span(*apart.values(), [0.01])),
            title=N_("distance of the weights"), place=(0, 1, 1, 1), legend="below",
            static=(line,),
        ),
    )  # fmt: skip
    moments = moments_of(steps - 1)

    def frames() -> Iterator[Frame]:
        for k in moments:
            sentence = (
                _("Step {k}: one run, loss {loss}; it is saved at step {place}.", k=k,
                  loss=write(losses["whole"][k]), place=place)
                if k < place else
                _("Step {k}: with the optimizer's state the weights are {one} away from the run "
                  "that went on, with the weights alone {two}; losses {a} and {b}.", k=k,
                  one=write(apart["with"][k]), two=write(apart["without"][k]),
                  a=write(losses["with"][k]), b=write(losses["without"][k]))
            )  # fmt: skip
            yield Frame(
                sentence,
                {
                    "loss": grown(at, {n: (labels[n], y) for n, y in losses.items()}, k,
                                  colors=("muted", 0, 1)),
                    "apart": grown(at, {n: (labels[n], y) for n, y in apart.items()}, k),
                },
                pause=1.5 if k == place else 0.0,
            )  # fmt: skip

    return Film(
        N_("Saved and resumed, with the optimizer's state and without"), panels, frames,
        len(moments), key_frames(len(moments)),
        alt=N_(
            "Left the losses of a run and of two that were resumed from its file; right how far "
            "their weights are from those of the first."
        ),
    )  # fmt: skip
