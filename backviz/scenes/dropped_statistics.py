"""Dropout before batch norm: the running variance is that of training, and too large for use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.nn import BatchNorm1d, Dropout, Linear
from backviz.scenes.artist import Array
from backviz.scenes.artists import Bars, Line
from backviz.scenes.layers import grown, key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene

WIDTH, SAMPLES, BATCHES, CELLS = 64, 256, 8, 40


@scene(
    Claim(
        "with p = 0.8 what batch norm puts out is half as wide in use as in training, or less",
        lambda d: (d["width.used.y"][-1, -1], 0.5 * d["width.training.y"][-1, -1]),
    )
)
def dropout_variance(
    most: Annotated[float, Within(0.1, 0.95)] = 0.8,
    frames: Annotated[int, Within(2, 60)] = 33,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Dropout in front of batch norm upsets its statistics: in use its output is too narrow.

    Inputs from N(0, 1) go through dropout, a linear layer and batch norm. Masks with 1/(1 − p)
    keep the mean and multiply the variance by 1/(1 − p). The running variance is the one of
    training; in use nothing is dropped, so that the output has the standard deviation √(1 − p).

    Options:
    most: the largest p
    frames: how many p are tried from 0 on
    seed: of weights, inputs and masks
    """
    shares = np.linspace(0.0, most, frames)
    found = [_both(float(p), seed) for p in shares]
    edges = np.linspace(-3.5, 3.5, CELLS + 1)
    counts = [[np.histogram(z, edges, density=True)[0] for z in both] for both in found]
    widths = np.array([[float(z.std()) for z in both] for both in found])
    curves = {
        "training": (N_("in training"), widths[:, 0]),
        "used": (N_("in use"), widths[:, 1]),
    }
    tall = 1.1 * max(float(np.max(pair)) for pair in counts)
    fine = np.linspace(0.0, most, 101)
    panels = (
        Panel(
            "output", Axis(N_("output of batch norm"), -3.5, 3.5), Axis(N_("share"), 0.0, tall),
            title=N_("the same layer, trained and used"), legend="below",
        ),
        Panel(
            "width", Axis(N_("dropped share p"), -0.02, 1.05 * most), Axis("", 0.0, 1.2),
            title=N_("standard deviation of the output"), place=(0, 1, 1, 1), legend="below",
            static=(
                Line("theory", fine, np.sqrt(1 - fine), N_("theory, √(1 − p)"), "muted", "dotted",
                     width=6.0),
            ),
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k, p in enumerate(shares):
            yield Frame(
                _("p = {p}: the standard deviation after batch norm is {one} in training and {two} "
                  "in use; theory says {three}.", p=write(p), one=write(widths[k, 0]),
                  two=write(widths[k, 1]), three=write(float(np.sqrt(1 - p)))),
                {
                    "output": tuple(
                        Bars(key, edges, counts[k][i], label, i, filled=i == 0)
                        for i, (key, (label, _y)) in enumerate(curves.items())
                    ),
                    "width": grown(shares, curves, k),
                },
                pause=0.0 if k else 1.0,
            )  # fmt: skip

    return Film(
        N_("Dropout before batch norm: narrower in use"), panels, moments, frames,
        key_frames(frames),
        alt=N_("Left histograms of the output of batch norm in training and in use; right "
               "both standard deviations against the share that is dropped, with the line of "
               "theory."),
    )  # fmt: skip


def _both(p: float, seed: int) -> tuple[Array, Array]:
    """What batch norm puts out in its last batch of training, and then for one in use."""
    draw = np.random.default_rng(seed)
    drop, norm = Dropout(p, seed=seed), BatchNorm1d(WIDTH, momentum=None)
    linear = Linear(WIDTH, WIDTH, seed=seed, init="lecun_normal")
    out = np.zeros(0)
    for _k in range(BATCHES):
        z = linear(drop(draw.standard_normal((SAMPLES, WIDTH))))
        out = np.asarray(norm(z).data)
    used = norm.eval()(linear(draw.standard_normal((SAMPLES, WIDTH))))
    return out, np.asarray(used.data)
