"""Mini-batches: what the size of a batch does to the gradient, and to the way of a descent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from backviz.autodiff.value import tensor
from backviz.errors import InputError, UsageError
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Path, Points
from backviz.scenes.layers import head, key_frames, positive, power_of, step_axis, theory_line
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, own_data
from backviz.scenes.registry import Claim, Kind, Within, said, scene
from backviz.scenes.scaled_inputs import two_weights
from backviz.scenes.surface_panels import map_panel, moments_of
from backviz.scenes.surface_text import numbers_in

MOST = 5  # sizes in one picture
TRIES = 200  # batches of each size for a deviation
FEWEST = 32  # batches in an epoch


def _points(samples: int, noise: float, seed: int) -> tuple[Array, Array]:
    """Inputs (n, 2) and noisy targets (n,) of the weights (1.5, −1)."""
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((samples, 2))
    return x, x @ (1.5, -1.0) + noise * draw.standard_normal(samples)


def _own(data: Data) -> tuple[Array, Array]:
    """A person's own inputs (n, 2) and targets (n,), scaled, in an order that says nothing."""
    order = np.random.default_rng(0).permutation(len(data.y))
    return data.inner(data.x)[order], data.standard()[order]


def slopes_of_samples(x: Array, y: Array, w: Array) -> Array:
    """The gradient (n, 2) of each sample's squared error at the weights w (2,), by one backward.

    >>> slopes_of_samples(np.ones((2, 2)), np.array([0.0, 3.0]), np.array([1.0, 1.0]))
    array([[ 4.,  4.],
           [-2., -2.]])
    """
    each = tensor(np.tile(w, (len(x), 1)))  # a row of weights for each sample
    ((((x * each).sum(axis=1) - y) ** 2).sum()).backward()
    return np.asarray(each.grad)


def _sizes(option: str, text: str) -> tuple[int, ...]:
    many = text.count(",") + 1
    found = numbers_in(text, option, ",".join(str(10**k) for k in range(min(many, MOST))))
    if min(found) < 1 or any(n != int(n) for n in found) or len(set(found)) < len(found):
        raise UsageError(
            _("{option} {text!r} does not work; write different whole numbers above 0",
              option=option, text=text)
        )  # fmt: skip
    return tuple(sorted(int(n) for n in found))


Sizes = Annotated[tuple[int, ...], Kind("sizes", "N,N,…", _sizes, several=True)]


def _straying(data: Any, size: str) -> float:
    """How far a way stays from the star over its second half, as a mean distance."""
    way = np.stack([data[f"map.{size}.{c}"][-1] for c in "xy"], axis=1)
    star = np.array([data[f"map.minima.{c}"][0] for c in "xy"])
    return float(np.hypot(*(way[len(way) // 2 :] - star).T).mean())


@scene(
    Claim(
        "batches of 1 stray more than three times as far from the minimum as batches of 32",
        lambda d: (3 * _straying(d, "32"), _straying(d, "1")),
    )
)
def mini_batches(
    sizes: Sizes = said("1,8,32,256"),
    samples: Annotated[int, Within(8, 4096)] = 256,
    noise: Annotated[float, Within(0, 10)] = 1.0,
    data: Annotated[Data | None, own_data(2)] = said(""),
    rate: Annotated[float, Within(1e-6, 1)] = 0.05,
    steps: Annotated[int, Within(1, 2000)] = 120,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The smaller the batch, the more the way trembles: the same descent with several sizes.

    Left the mean squared error over two weights with a way for each batch size, all with the same
    rate and as many steps; right the loss over all samples. A step with a batch of 1 costs a
    hundredth of one with 100 samples, and near the minimum it never comes to rest.

    Options:
    sizes: of the batches, with commas; one that is larger than the data takes all
    samples: in the data
    noise: standard deviation of the targets
    data: your own samples, scaled: a csv with columns x1,x2,y, an npz, or file.py:name
    rate: of each step
    steps: of each descent
    seed: of data and batches
    """
    x, y = _points(samples, noise, seed) if data is None else _own(data)
    samples = len(y)
    land = two_weights(x, y)
    ways = {}
    for size in sizes:
        w, way = np.zeros(2), [np.zeros(2)]
        draw, left = np.random.default_rng((seed, size)), np.zeros(0, dtype=int)
        for _step in range(steps):
            take = min(size, samples)
            if len(left) < take:  # the next epoch, shuffled anew
                left = draw.permutation(samples)
            now, left = left[:take], left[take:]
            w = w - rate * slopes_of_samples(x[now], y[now], w).mean(axis=0)
            way.append(w)
        ways[str(size)] = np.array(way)
    every = np.concatenate([*ways.values(), land.minima])
    land = replace(land, x=span(every[:, 0], pad=0.15), y=span(every[:, 1], pad=0.15))
    losses = {size: land.heights(way) for size, way in ways.items()}
    floor = land.floor or 0.0
    above = {size: positive(loss - floor) for size, loss in losses.items()}
    top = np.concatenate([*above.values()])
    low = max(float(np.nanmin(top)), float(np.nanmax(top)) * 1e-5)
    panels = (
        Panel(
            "map", Axis("w₁", *land.x), Axis("w₂", *land.y), title=N_("mean squared error"),
            static=map_panel(land).static,
        ),
        Panel(
            "loss", step_axis(steps + 1),
            Axis("", *span([low], top[top > low], log=True), log=True),
            title=N_("loss above the least"), place=(0, 1, 1, 1), legend="below",
        ),
    )  # fmt: skip
    moments, at = moments_of(steps), np.arange(steps + 1.0)
    labels = {size: f"B = {size}" for size in ways}

    def frames() -> Iterator[Frame]:
        for k in moments:
            lines = [
                Line(size, at[: k + 1], each[: k + 1], labels[size], i)
                for i, (size, each) in enumerate(above.items())
            ]
            far = {size: float(loss[k] - floor) for size, loss in losses.items()}
            parts = ", ".join(f"{write(each, 2)} (B = {size})" for size, each in far.items())
            yield Frame(
                _("Step {k}: the loss is above the least by {parts}.", k=k, parts=parts),
                {
                    "map": tuple(
                        Path(size, way[: k + 1, 0], way[: k + 1, 1], color=i, width=2.0)
                        for i, (size, way) in enumerate(ways.items())
                    ),
                    "loss": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("Small batches: a way that trembles"), panels, frames, len(moments),
        key_frames(len(moments)),
        alt=N_("Left contour lines of a loss over two weights with a way for each batch "
               "size; right their losses above the least against the step."),
    )  # fmt: skip


def batch_gradients(each: Array, size: int, draw: np.random.Generator, tries: int) -> Array:
    """The mean gradients (many, 2) of batches from shuffled epochs: whole epochs, `tries` or more.

    >>> g = batch_gradients(np.arange(8.0).reshape(4, 2), 2, np.random.default_rng(0), 4)
    >>> g.shape, g.mean(axis=0)
    ((4, 2), array([3., 4.]))
    """
    n = len(each)
    epochs = [
        each[draw.permutation(n)].reshape(n // size, size, 2).mean(axis=1)
        for _epoch in range(-(-tries * size // n))
    ]
    return np.concatenate(epochs)


@scene(
    Claim(
        "the deviation of the gradient falls with the root of the batch size, within a tenth",
        lambda d: (
            abs(power_of(d["law.measured.x"][-1], d["law.measured.y"][-1]) + 0.5),
            0.05,
        ),
    )
)
def gradient_noise(
    samples: Annotated[int, Within(7, 14)] = 11,
    noise: Annotated[float, Within(0.01, 10)] = 1.0,
    data: Annotated[Data | None, own_data(2)] = said(""),
    pause: Annotated[float, Within(0, 5)] = 0.8,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The gradient of a batch is the right one on average, and its error falls like 1/√B.

    Left one point for the gradient of each batch of a shuffled epoch, all at the same weights,
    and the gradient of all samples, the star: the mean of the points is exactly there, whatever
    the size. Right their standard deviation against the size B, and the line of theory, σ/√B.
    Four times as large a batch costs four times as much and halves the noise.

    Options:
    samples: in the data, as a power of 2
    noise: standard deviation of the targets
    data: your own samples, scaled, 64 or more: a csv with columns x1,x2,y, an npz, or file.py:name
    pause: seconds for each batch size
    seed: of data and batches
    """
    x, y = _points(2**samples, noise, seed) if data is None else _own(data)
    sizes = 2 ** np.arange(int(np.log2(max(1, len(y) // FEWEST))) + 1)
    n = len(y) // int(sizes[-1]) * int(sizes[-1])  # the largest batches fill an epoch
    if len(sizes) < 2:
        raise InputError(
            _("{n} samples are too few for batches of several sizes; give 64 or more", n=len(y))
        )
    x, y = x[:n], y[:n]
    each = slopes_of_samples(x, y, np.array([0.6, -0.2]))
    full = each.mean(axis=0)
    draw = np.random.default_rng((seed, 1))
    epochs = [batch_gradients(each, int(size), draw, int(n // size)) for size in sizes]
    spread = [
        float(np.sqrt(np.sum((batch_gradients(each, int(b), draw, TRIES) - full) ** 2, 1).mean()))
        for b in sizes
    ]
    sigma = float(np.sqrt(np.sum((each - full) ** 2, axis=1).mean()))
    reach = 3.2 * float(np.abs(each - full).std())
    at = sizes.astype(float)
    panels = (
        Panel(
            "gradients", Axis("∂L/∂w₁", full[0] - reach, full[0] + reach),
            Axis("∂L/∂w₂", full[1] - reach, full[1] + reach), title=N_("a point for each batch"),
            equal=True,
        ),
        Panel(
            "law", Axis(N_("batch size B"), *span(at, log=True), log=True),
            Axis("", *span(spread, sigma / np.sqrt(at), log=True), log=True),
            title=N_("standard deviation"), place=(0, 1, 1, 1), legend="below",
            static=(theory_line(at, sigma / np.sqrt(at), "σ/√B"),),
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k, size in enumerate(sizes.tolist()):
            off = float(np.hypot(*(epochs[k].mean(axis=0) - full)))
            line = Line("measured", at[: k + 1], spread[: k + 1], N_("measured"), 0, marked=True)
            yield Frame(
                _("B = {size}: the gradients of {many} batches deviate by {spread}; theory says "
                  "{theory}. Their mean is {off} away from the gradient of all samples.",
                  size=size, many=len(epochs[k]), spread=write(spread[k]),
                  theory=write(sigma / np.sqrt(size)), off=_rounded(off)),
                {
                    "gradients": (
                        Points("batches", epochs[k][:, 0], epochs[k][:, 1], color="forward",
                               marker="circle", size=6.0),
                        Points("all", full[:1], full[1:], color="gradient", marker="star",
                               size=20.0),
                    ),
                    "law": (line,),
                },
                pause=pause,
            )  # fmt: skip

    return Film(
        N_("Batches: right on average, the error falls like 1/√B"), panels, frames, len(sizes),
        key_frames(len(sizes)), fps=4.0,
        alt=N_("Left the gradients of the batches of an epoch as points around the gradient "
               "of all samples; right their standard deviation against the batch size with "
               "the line of theory."),
    )  # fmt: skip


def _rounded(off: float) -> str:
    """A distance; what is only rounding is 0."""
    return "0" if off < 1e-12 else write(off)
