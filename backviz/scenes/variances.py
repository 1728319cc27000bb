"""How variance moves through networks that are only drawn: forth as signal, back as gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.nn import theory
from backviz.scenes.artists import Artist, Line
from backviz.scenes.deep import Activation, listed
from backviz.scenes.layers import (
    head,
    held,
    key_frames,
    layer_axis,
    numbers,
    positive,
    tell,
    with_band,
)  # fmt: skip
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.sampled import HIGH, LOW, band, left_out, sampled
from backviz.scenes.starts import ABOUT, Start, start, variance
from backviz.words import Words

FRAMES, MOST = 30, 5
Starts = Annotated[tuple[Start, ...], listed("init", MOST)]


@scene(
    Claim(
        "He weights keep the signal of ReLU layers within a factor of 5, small ones lose it",
        lambda d: (
            max(
                abs(np.log10(d["forward.he_normal.y"][-1, -1])),
                20 + np.log10(np.nan_to_num(d["forward.small.y"][-1, -1]) + 1e-99),
            ),
            0.7,
        ),
    )
)
def init_variance(
    activation: Activation = "relu",
    inits: Starts = said("small, xavier_normal, he_normal, large"),
    depth: Annotated[int, Within(1, 1000)] = 20,
    width: Annotated[int, Within(1, 1024)] = 64,
    seeds: Annotated[int, Within(1, 100)] = 10,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The first numbers decide: whether signal and gradient keep their variance in deep networks.

    First the signal goes from left to right, then the gradient from right to left. Coloured
    lines are medians of random networks with a band from 10 to 90 % of them; the wide grey
    dots under them are the theory of infinitely wide layers. Nothing is trained.

    Options:
    activation: what each unit applies
    inits: how the weights are drawn, up to five ways with commas
    depth: hidden layers
    width: units in each of them
    seeds: how many networks are drawn for each
    seed: of the networks
    """
    x = numbers(depth)
    tables, lost = {}, []
    for name in inits:
        made = sampled(
            activation, start(name, activation), depth=depth, width=width, seeds=seeds, seed=seed
        )
        expected = _expected(name, activation, depth, width)
        lost.append(made.gradient)
        tables[name] = (band(made.forward), expected[0]), (band(made.gradient), expected[1])
    titles = (N_("signal, forth"), N_("gradient, back (last layer = 1)"))
    labels = (N_("mean square of z"), N_("mean square of ∂L/∂z"))
    panels = tuple(
        Panel(
            key,
            layer_axis(depth),
            Axis(
                labels[i], *held(*_limits([t[i] for t in tables.values()]), 1e-20, 1e20), log=True
            ),
            title=titles[i],
            place=(0, i, 1, 1),
            legend="right" if i else "",
        )
        for i, key in enumerate(("forward", "backward"))
    )
    left = left_out(np.concatenate(lost))
    reached = np.unique(np.linspace(1, depth, min(depth, FRAMES)).astype(int))
    order = [(n, 0) for n in reached] + [(n, 1) for n in reached]

    def moments() -> Iterator[Frame]:
        for n, back in order:
            hidden = (x > (depth if back else n), x < depth + 1 - (n if back else 0))
            ends = (depth - 1 if back else n - 1), (depth - n if back else depth - 1)
            shown = {
                key: [
                    *(
                        Line(f"{name} theory", x, positive(np.where(hidden[i], np.nan, t[i][1])),
                             N_("theory") if c == len(tables) - 1 else "", "muted", "dotted",
                             width=6.0)
                        for c, (name, t) in enumerate(tables.items())
                    ),
                    *(
                        artist
                        for c, (name, t) in enumerate(tables.items())
                        for artist in _measured(name, c, x, t[i][0], hidden[i], int(ends[i]))
                    ),
                ]
                for i, key in enumerate(("forward", "backward"))
            }  # fmt: skip
            yield Frame(_said(int(n), back, depth, tables) + left * back, shown)

    return Film(
        Words.counted("Variance in {n} layer of {activation}, width {width}",
                      "Variance in {n} layers of {activation}, width {width}", depth,
                      activation=activation, width=width),
        panels, moments, len(order), key_frames(len(order)), columns=(1.0, 1.7),
        alt=Words("Left the mean square of the signal, right that of the gradient, by layer, for "
                  "each kind of initial weights: median, band from {low} to {high} %, and theory.",
                  low=LOW, high=HIGH),
    )  # fmt: skip


def _measured(
    name: Start, color: int, x: np.ndarray, parts: tuple[np.ndarray, ...], hidden: np.ndarray,
    end: int,
) -> tuple[Artist, ...]:  # fmt: skip
    """Band and median as far as they are not hidden, and a point at the end of the median."""
    label = _label(name, parts[1])
    area, middle = with_band(
        name, x, [np.where(hidden, np.nan, part) for part in parts], label, color
    )
    return area, middle, head(middle, end)


def _expected(
    name: Start, activation: str, depth: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """The two lines of the theory; NaN where there is none."""
    weights = variance(name, activation, width)
    if weights is None:
        return np.full(depth, np.nan), np.full(depth, np.nan)
    made = theory.propagate(activation, depth, weights)
    return made.q, made.backward


def _limits(parts: list[tuple[tuple[np.ndarray, ...], np.ndarray]]) -> tuple[float, float]:
    return span(*(positive(b) for bands, _other in parts for b in bands), log=True)


def _label(name: Start, middle: np.ndarray) -> str:
    """The name in the legend, with 0 for a line that has no place on a logarithmic axis."""
    parts = [name.replace("_", " "), *([ABOUT[name]] if name in ABOUT else [])]
    label = Words.joined(parts)
    return Words.joined([label, "0"], ": ") if np.all(middle == 0) and name != "zeros" else label


def _said(n: int, back: int, depth: int, tables: dict[Start, tuple]) -> str:  # type: ignore[type-arg]
    parts = []
    for name, t in tables.items():
        middle = t[back][0][1]
        ratio = middle[depth - n] if back else middle[n - 1]
        parts.append(f"{_(name.replace('_', ' '))}: {tell(float(ratio))}")
    said = "; ".join(parts)
    if back:
        return _("Back to layer {layer}, mean square of the gradient – {parts}.",
                 layer=depth + 1 - n, parts=said)  # fmt: skip
    return _("Forth to layer {layer}, mean square of the signal – {parts}.", layer=n, parts=said)
