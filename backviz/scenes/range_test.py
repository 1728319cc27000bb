"""The range test of the learning rate: it grows until the loss breaks; a tenth of it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.data import SETS
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Rule
from backviz.scenes.layers import head, key_frames, positive, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import Choice, OneOptimizer
from backviz.scenes.provider import Data, Provider, own_data, provided
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import moments_of

BATCH, HIDDEN = 32, (16, 16)
KEEPS = 0.8  # of the smoothed loss that stays in a step
BROKEN = 4.0  # times the least smoothed loss
SAFE = 10.0  # the suggested rate is so many times below the one with the least loss


def trained(choice: Choice, rates: Array, given: Provider, seed: int) -> Array:
    """The loss (n,) of the batch of each step of a training with these rates (n,)."""
    x, sign, samples = given.data.x, given.data.y[:, None], len(given.data.y)
    net = given.network(HIDDEN, "tanh", seed)
    descent, draw = choice.made(net.parameters(), lr=float(rates[0])), np.random.default_rng(seed)
    losses = []
    for rate in rates:
        now = draw.choice(samples, min(BATCH, samples), replace=False)
        loss = OPS["softplus"](-sign[now] * net(x[now])).mean()
        losses.append(loss.item())
        net.zero_grad()
        loss.backward()
        descent.lr = float(rate)
        descent.step()
    return np.array(losses)


def smoothed(losses: Array) -> Array:
    """The mean (n,) of each loss and those before it, a fifth less weight for each step back.

    >>> smoothed(np.array([1.0, 1.0, 0.0])).round(3)
    array([1.  , 1.  , 0.59])
    """
    total, weight, made = 0.0, 0.0, []
    for loss in losses.tolist():
        total, weight = KEEPS * total + loss, KEEPS * weight + 1.0
        made.append(total / weight)
    return np.array(made)


def suggested(rates: Array, smooth: Array) -> tuple[float, float]:
    """A tenth of the rate with the least smoothed loss, and the rate at which it has broken.

    The second is the last rate if the loss never comes to four times the least.
    """
    low = int(np.nanargmin(smooth))
    broken = [k for k in range(low, len(rates)) if not smooth[k] < BROKEN * smooth[low]]
    return float(rates[low]) / SAFE, float(rates[broken[0] if broken else -1])


@scene(
    Claim(
        "the suggested rate ends at two thirds of the loss of a thirtieth of it, and below one "
        "that broke",
        lambda d: (
            1.5 * d["loss.suggested.y"][-1, -10:].mean(),
            min(d["loss.small.y"][-1, -10:].mean(), np.nan_to_num(
                d["loss.broken.y"][-1, -10:], nan=1e3).mean()),
        ),
    )
)  # fmt: skip
def rate_range(
    optimizer: OneOptimizer = said("sgd"),
    least: Annotated[float, Within(1e-8, 1)] = 1e-3,
    most: Annotated[float, Within(1e-6, 1e3)] = 100.0,
    samples: Annotated[int, Within(8, 1000)] = 200,
    data: Annotated[Data | None, own_data(2, classes=True)] = said(""),
    test: Annotated[int, Within(20, 500)] = 100,
    steps: Annotated[int, Within(10, 1000)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Which learning rate? Let it grow until the loss breaks, and take a tenth of the best one.

    Left the range test (Smith, 2017): the rate grows by the same factor in every step of one
    short training; the loss, smoothed, first stays, then falls, then breaks. Right three trainings
    from the same start: with the suggested rate, a tenth of that with the least loss, with a
    thirtieth of it, and with the rate at which the test broke.

    Options:
    optimizer: a name; options follow with colons, as in sgd:momentum=.9
    least: the rate that the test begins with
    most: the one that it would end with
    samples: in the data, two moons; a batch has 32
    data: your own points instead: a csv with columns x1,x2,class, an npz, or file.py:name
    test: steps of the range test
    steps: of each training
    seed: of data, weights and batches
    """
    x, label = SETS["moons"](samples, noise=0.15, seed=seed)
    given = provided(data, x, np.where(label > 0, 1.0, -1.0))
    rates = np.geomspace(min(least, most / 2), most, test)
    raw = quietly(trained, optimizer, rates, given, seed)
    smooth = smoothed(raw)
    rate, broken = suggested(rates, smooth)
    end = int(np.searchsorted(rates, broken)) + 1
    three = {"suggested": rate, "small": rate / 30, "broken": broken}
    losses = {
        name: smoothed(quietly(trained, optimizer, np.full(steps, r), given, seed))
        for name, r in three.items()
    }
    labels = {name: f"lr = {write(r, 2)}" for name, r in three.items()}
    low = min(float(np.nanmin(smooth)), *(float(np.nanmin(loss)) for loss in losses.values()))
    ends = 0.7 * low, 12.0 * max(smooth[0], low)
    best = rate * SAFE
    panels = (
        Panel(
            "test", Axis(N_("learning rate"), rates[0], min(rates[-1], 4 * broken), log=True),
            Axis("", *ends, log=True), title=N_("range test: loss against the rate"),
        ),
        Panel(
            "loss", step_axis(steps), Axis("", *ends, log=True),
            title=N_("loss of three trainings"), place=(0, 1, 1, 1), legend="below",
        ),
    )  # fmt: skip
    first = list(range(0, end, 2)) + [end - 1] * (end % 2 == 0)
    later = moments_of(steps - 1, 60)
    places = [*((k, -1) for k in first), *((end - 1, k) for k in later)]
    at = np.arange(float(steps))

    def frames() -> Iterator[Frame]:
        for n, (k, step) in enumerate(places):
            line = Line("smoothed", rates[: k + 1], positive(smooth[: k + 1]), color="ink",
                        width=3.5)  # fmt: skip
            done = step >= 0
            lines = [
                Line(name, at[: step + 1], positive(loss[: step + 1]), labels[name], i)
                for i, (name, loss) in enumerate(losses.items())
            ]
            marks = (
                Rule(name, three[name] if done else rates[0] / 10, axis="x", color=i)
                for i, name in enumerate(three)
            )
            if not done:
                caption = _("Rate {rate}: the loss, smoothed, is {loss}.", rate=write(rates[k]),
                            loss=write(smooth[k]))  # fmt: skip
            else:
                caption = _(
                    "Least loss at {best}, broken at {broken}: suggested is {rate}. Step {k}: loss "
                    "{first} with it, {second} with a 30th of it, {third} with the broken one.",
                    best=write(best, 2), broken=write(broken, 2), rate=write(rate, 2), k=step,
                    first=write(losses["suggested"][step]), second=write(losses["small"][step]),
                    third=_written(losses["broken"][step]),
                )  # fmt: skip
            yield Frame(
                caption,
                {
                    "test": (
                        *marks,
                        Line("raw", rates[: k + 1], positive(raw[: k + 1]), color="muted",
                             dash="solid", width=1.2),
                        line,
                        head(line, -1),
                    ),
                    "loss": (*lines, *(head(each, -1) for each in lines if each.x.size)),
                },
                pause=1.5 if n == 0 or (done and not step) else 0.0,
            )  # fmt: skip

    return Film(
        N_("Which learning rate? The range test"), panels, frames, len(places),
        key_frames(len(places)),
        alt=N_("Left the loss against a rate that grows until the loss breaks; right the "
               "losses of three trainings: with the suggested rate, a smaller and a larger "
               "one."),
    )  # fmt: skip


def _written(loss: float) -> str:
    """A loss; infinity where there is none."""
    return write(loss) if np.isfinite(loss) else "∞"
