"""Order and chaos: which weights and biases let a gradient through a deep network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.data import quietly
from backviz.errors import UsageError
from backviz.language import N_, _, ngettext
from backviz.nn import init, theory
from backviz.nn.theory import Phase
from backviz.scenes.artist import Array
from backviz.scenes.artists import Heat, Line, Points, Rule, Zone
from backviz.scenes.layers import (
    key_frames,
    layer_axis,
    numbers,
    positive,
    theory_line,
    with_band,
    write,
)
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.sampled import Samples, band, sampled
from backviz.words import Words

CELLS = 60  # of the map, each way
END = 0.7  # of the colours: |ln χ|
RULER = 6  # networks train to about so many ξ

Smooth = Literal["tanh", "sigmoid", "relu", "elu", "silu"]


KNOTS, FINE = 241, 20  # places where the means are summed, and entries between two of them
Q = np.geomspace(1e-6, 1e4, (KNOTS - 1) * FINE + 1)


@cache
def _table(activation: str) -> np.ndarray:
    """E[φ²] and E[φ′²] for every q of the table: (2, q).

    They are smooth in ln q, so that cubic pieces through a few sums are exact to a millionth;
    straight ones show as speckle on the map.
    """
    knots = np.array([theory.moments(activation, q) for q in Q[::FINE]])
    slopes = np.gradient(knots, axis=0, edge_order=2)
    t = (np.arange(FINE) / FINE)[None, :, None]
    a, b, da, db = (each[:, None] for each in (knots[:-1], knots[1:], slopes[:-1], slopes[1:]))
    pieces = (
        (1 + 2 * t) * (1 - t) ** 2 * a
        + t * (1 - t) ** 2 * da
        + t**2 * (3 - 2 * t) * b
        + t**2 * (t - 1) * db
    )
    return np.concatenate((pieces.reshape(-1, 2), knots[-1:])).T


def chi_map(activation: str, weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """χ at the fixed point for every σ_w² (m,) and σ_b² (n,): (n, m), infinite q as at its limit.

    Solved backwards: for each q of a table, σ_b² = q − σ_w² E[φ²] is what makes it a fixed
    point, so that one table of means serves the whole map. Between its entries it is linear.

    >>> chi = chi_map("relu", np.array([1.0, 2.0]), np.array([0.1]))
    >>> chi.round(3)
    array([[0.5, 1. ]])
    """
    q, (signal, slope) = Q, _table(activation)
    rows = []
    for w in weights:
        needed = np.maximum.accumulate(q - w * signal)
        # where two q need the same bias, the signal stops at the larger one: 1 runs down to it
        found = np.searchsorted(needed, biases, side="right").clip(1, q.size - 1)
        low, high = needed[found - 1], needed[found]
        gap = np.where(high > low, high - low, 1.0)
        share = np.clip((biases - low) / gap, 0, 1)
        rows.append(w * ((1 - share) * slope[found - 1] + share * slope[found]))
    return np.array(rows).T


def edge(activation: str, tall: float) -> np.ndarray:
    """The line χ = 1 as points (σ_w², σ_b²): (n, 2), NaN where no bias makes it.

    >>> edge("relu", 0.3)
    array([[2. , 0. ],
           [2. , 0.3]])
    """
    if activation == "relu":  # χ does not depend on q: the edge is upright
        return np.array([(2.0, 0.0), (2.0, tall)])
    signal, slope = _table(activation)[:, ::FINE]  # the exact ones
    bias = Q[::FINE] - signal / slope
    return np.stack((1 / slope, np.where(bias >= -1e-9, bias, np.nan)), axis=1)


@scene(
    Claim(
        "at the start of the way the gradient vanishes, at its end it explodes",
        lambda d: (1e6 * d["depth.measured.y"][0, 20], d["depth.measured.y"][-1, 0]),
    )
)
def order_chaos(
    activation: Smooth = "tanh",
    least: Annotated[float, Within(0.01, 100)] = 0.3,
    most: Annotated[float, Within(0.02, 100)] = 4.0,
    biases: Annotated[float, Within(0, 2)] = 0.05,
    depth: Annotated[int, Within(2, 200)] = 40,
    width: Annotated[int, Within(2, 512)] = 48,
    seeds: Annotated[int, Within(1, 50)] = 4,
    frames: Annotated[int, Within(2, 200)] = 40,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Between order, where gradients vanish, and chaos, where they explode, there is an edge.

    Left the map of weights, n·var(W) = σ_w², and biases, var(b) = σ_b²: χ is what a layer
    multiplies the gradient's mean square by, and the green line is the edge, χ = 1. The
    cross-hair walks across. Right what real networks of that kind do, beside the theory; the
    grey ruler says how deep such a network can be trained: about 6ξ, where ξ is the number of
    layers in which what tells two inputs apart fades by a factor e (Schoenholz et al., 2017).

    Options:
    activation: what each unit applies
    least: the σ_w² at the start
    most: the σ_w² at the end
    biases: σ_b², the variance of the biases
    depth: hidden layers
    width: units in each of them
    seeds: how many networks are drawn
    frames: places on the way
    seed: of the networks
    """
    if least >= most:
        raise UsageError(
            _("the weights cannot go from {least:g} to {most:g}; use least < most", least=least,
              most=most)
        )  # fmt: skip
    way = np.geomspace(least, most, frames)
    tall = max(0.3, 1.5 * biases)
    ends = (0.0, 1.05 * most)
    middles_x = (np.arange(CELLS) + 0.5) * ends[1] / CELLS
    middles_y = (np.arange(CELLS) + 0.5) * tall / CELLS
    chi = chi_map(activation, middles_x, middles_y)
    line = edge(activation, tall)
    draw = _drawn_once()
    gradients = [
        band(
            _networks(
                activation, partial(draw, gain=float(np.sqrt(w))), biases, depth, width, seeds, seed
            ).gradient
        )
        for w in way
    ]
    phases = [theory.phase(activation, float(w), biases) for w in way]
    depths = [RULER * theory.correlation(activation, float(w), biases).depth for w in way]
    x, back = numbers(depth), depth - numbers(depth)
    panels = (
        Panel(
            "map", Axis("n · var(W)", *ends), Axis("var(b)", 0.0, tall),
            title=N_("order – edge – chaos"),
            static=(
                Heat("chi", np.clip(quietly(np.log, chi), -END, END), ends, (0.0, tall),
                     (-END, END), label="ln χ"),
                Line("edge", line[:, 0], line[:, 1], color=2, dash="solid", width=4.0),
            ),
        ),
        Panel(
            "depth", layer_axis(depth), Axis(N_("mean square of ∂L/∂z"), 1e-12, 1e12, log=True),
            title=N_("the gradient, last layer = 1"), place=(0, 1, 1, 1), legend="below",
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for w, phase, reach, found in zip(way, phases, depths, gradients, strict=True):
            expected = quietly(np.power, phase.chi, back)
            deep = min(reach, depth)
            yield Frame(
                _said(float(w), biases, phase, reach),
                {
                    "map": (
                        Rule("across", biases, color=2, dash="dotted"),
                        Rule("up", float(w), axis="x", color=2, dash="dotted"),
                        Points("here", [w], [biases], color=2, marker="circle", size=13.0),
                    ),
                    "depth": (
                        Zone("ruler", depth + 0.5 - deep, depth + 0.5, label=""),
                        theory_line(x, positive(expected), _("χ per layer")),
                        *with_band(
                            "measured", x, found, ngettext("{n} network", "{n} networks", seeds), 0
                        ),
                    ),
                },
            )

    return Film(
        Words.counted("Order and chaos in {n} layer of {activation}",
                      "Order and chaos in {n} layers of {activation}", depth,
                      activation=activation),
        panels, moments, frames, key_frames(frames), columns=(1.1, 1.0),
        alt=N_("Left a map of ln χ over the variances of weights and biases with the line χ = 1 "
               "and a cross-hair; right the gradient's mean square by layer, measured and in "
               "theory, with a grey ruler of 6ξ layers."),
    )  # fmt: skip


def _drawn_once() -> Callable[..., Array]:
    """Weights of standard deviation gain/√n that are drawn once for each stream of numbers.

    At every place of the way stand the same networks, larger or smaller.
    """
    known: dict[object, Array] = {}

    def draw(shape: tuple[int, ...], *, seed: np.random.SeedSequence, gain: float) -> Array:
        key = shape, seed.entropy, seed.spawn_key
        if key not in known:
            known[key] = init.lecun_normal(shape, seed=seed)
        return gain * known[key]

    return draw


def _networks(
    activation: str, drawn: Callable[..., Array], biases: float, depth: int, width: int,
    seeds: int, seed: int,
) -> Samples:  # fmt: skip
    return sampled(
        activation, drawn, depth=depth, width=width, seeds=seeds, batch=4, seed=seed, biases=biases
    )


def _said(weights: float, biases: float, phase: Phase, reach: float) -> str:
    where = _("The edge: gradients keep their size.")
    if abs(phase.chi - 1) > 0.01:
        where = _("Order: gradients vanish.") if phase.chi < 1 else _("Chaos: gradients explode.")
    deep = _("6ξ has no end")
    if np.isfinite(reach):
        deep = _("6ξ = {layers} layers (grey)", layers=write(reach))
    if 1e4 < reach < np.inf:
        deep = _("6ξ is more than 10,000 layers")
    return _("{where} With n·var(W) = {weights}, var(b) = {biases}, χ is {chi}; {deep}.",
             where=where, weights=number(weights), biases=number(biases),
             chi=number(phase.chi), deep=deep)  # fmt: skip
