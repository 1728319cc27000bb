"""Layers of unequal width: weights by fan-in keep the signal, by fan-out the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.nn import init
from backviz.scenes.artist import Array
from backviz.scenes.artists import Artist, Line
from backviz.scenes.layers import head, key_frames, layer_axis, numbers, positive, tell, with_band
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Kind, Within, said, scene
from backviz.scenes.sampled import band, sampled

KEPT = {"relu": 0.5, "identity": 1.0}  # E[φ(z)²] and E[φ′(z)²] of z from N(0, 1)
LABELS = {
    "fan_in": N_("fan-in (He)"),
    "fan_out": N_("fan-out"),
    "average": N_("their mean (Xavier)"),
}


def _read_widths(option: str, text: str) -> tuple[int, ...]:
    """Two to 60 widths, with commas: the inputs first."""
    try:
        widths = tuple(int(part) for part in text.split(","))
    except ValueError:
        widths = ()
    if not 2 <= len(widths) <= 60 or not all(1 <= n <= 2048 for n in widths):
        raise UsageError(
            _(
                "{option} are 2 to 60 whole numbers from 1 to 2048 with commas, such as "
                "32,128,32; not {text!r}",
                option=option, text=text,
            )
        )  # fmt: skip
    return widths


Widths = Annotated[tuple[int, ...], Kind("widths", "N,N", _read_widths)]


def initializers(activation: str) -> dict[str, Callable[..., Array]]:
    """The three ways to set the variance of a weight, with the activation's own gain."""
    gain = KEPT[activation] ** -0.5
    return {
        "fan_in": partial(init.he_normal, gain=gain, mode="fan_in"),
        "fan_out": partial(init.he_normal, gain=gain, mode="fan_out"),
        "average": partial(init.xavier_normal, gain=gain),
    }


def expected(way: str, activation: str, widths: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean squares of z and of ∂L/∂z in every layer of infinitely many networks.

    Forth q ← n_in · Var(w) · q, where an activation keeps half or all of it, and back the same
    with n_out; ∂L/∂h of the last layer is 1.

    >>> [part.tolist() for part in expected("fan_in", "identity", (4, 8, 4))]
    [[1.0, 1.0], [0.5, 1.0]]
    """
    kept, n, m = KEPT[activation], np.array(widths[:-1], float), np.array(widths[1:], float)
    variance = 1 / kept / {"fan_in": n, "fan_out": m, "average": (n + m) / 2}[way]
    forth = np.cumprod(n * variance * kept) / kept
    back = np.cumprod((m * variance * kept)[:0:-1])[::-1]
    return forth, kept * np.concatenate([back, [1.0]])


def _far(data: Mapping[str, Array], panel: str, way: str) -> float:
    """The largest number of decades that a line strays from where it starts, at the end."""
    y = np.log10(data[f"{panel}.{way}.y"][-1])
    return float(np.abs(y - y[0 if panel == "forward" else -1]).max())


@scene(
    Claim(
        "fan-in keeps the signal and fan-out the gradient three times as well as the other",
        lambda d: (
            3 * max(_far(d, "forward", "fan_in"), _far(d, "backward", "fan_out")),
            min(_far(d, "forward", "fan_out"), _far(d, "backward", "fan_in")),
        ),
    )
)
def fans(
    activation: Literal["relu", "identity"] = "relu",
    widths: Widths = said("32,64,128,256,512,256,128,64,32"),
    seeds: Annotated[int, Within(1, 100)] = 20,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Weights drawn by fan-in keep the variance of the signal, by fan-out that of the gradient.

    In layers of one width the two are the same; here the widths grow and shrink. First the
    signal goes forth, then the gradient back. Lines are medians of random networks in a band
    from 10 to 90 %, the wide dots theory. The mean of both fans, Xavier's way, is between the two.

    Options:
    activation: relu, or identity for linear layers
    widths: the inputs, then the units of each layer, with commas
    seeds: how many networks are drawn for each way
    seed: of the networks
    """
    depth, x = len(widths) - 1, numbers(len(widths) - 1)
    tables, lines = {}, {}
    for way, weights in initializers(activation).items():
        made = sampled(activation, weights, depth=depth, width=widths, seeds=seeds, seed=seed)
        tables[way] = band(made.forward), band(made.backward)
        lines[way] = expected(way, activation, widths)
    keys = "forward", "backward"
    panels = (
        Panel(
            "widths", layer_axis(depth), Axis("", *span(widths, log=True, pad=0.15), log=True),
            title=N_("units of each layer"), place=(0, 0, 1, 1),
            static=(Line("widths", x, widths[1:], color="ink", marked=True),),
        ),
        *(
            Panel(
                key, layer_axis(depth),
                Axis("", *span(*(positive(part) for t in tables.values() for part in t[i]),
                               log=True), log=True),
                title=title, place=(0, 1 + i, 1, 1), legend="below" if i == 0 else "",
                static=tuple(
                    Line(f"{way} theory", x, both[i], N_("theory") if c == 2 else "", "muted",
                         "dotted", width=6.0)
                    for c, (way, both) in enumerate(lines.items())
                ),
            )
            for i, (key, title) in enumerate(
                zip(keys, (N_("signal: mean z²"), N_("gradient: mean (∂L/∂z)²")),
                    strict=True)
            )
        ),
    )  # fmt: skip
    order = [(n, 0) for n in range(1, depth + 1)] + [(n, 1) for n in range(1, depth + 1)]

    def frames() -> Iterator[Frame]:
        for n, back in order:
            shown = {}
            for i, key in enumerate(keys):
                seen = x <= (depth if back else n) if i == 0 else x > depth - (n if back else 0)
                end = int(np.flatnonzero(seen)[-1 if i == 0 else 0]) if seen.any() else 0
                shown[key] = tuple(
                    artist
                    for c, (way, t) in enumerate(tables.items())
                    for artist in _measured(way, c, x, t[i], seen, end)
                )
            ends = [tell(float(t[back][1][depth - n if back else n - 1])) for t in tables.values()]
            where = depth + 1 - n if back else n
            yield Frame(
                _("Back to layer {n}: the mean square of the gradient is {a} with fan-in, {b} with "
                  "fan-out, {c} with their mean.", n=where, a=ends[0], b=ends[1], c=ends[2])
                if back else
                _("Forth to layer {n}: the mean square of the signal is {a} with fan-in, {b} with "
                  "fan-out, {c} with their mean.", n=where, a=ends[0], b=ends[1], c=ends[2]),
                shown,
            )  # fmt: skip

    return Film(
        N_("Fan-in keeps the signal, fan-out the gradient"), panels, frames, len(order),
        key_frames(len(order)), fps=4.0,
        alt=N_(
            "The units of each layer; the mean square of the signal and of the gradient by "
            "layer for weights by fan-in, by fan-out and by their mean, with theory."
        ),
    )  # fmt: skip


def _measured(
    way: str, color: int, x: Array, parts: tuple[Array, ...], seen: NDArray[np.bool_], end: int
) -> tuple[Artist, ...]:
    """Band, median and its head as far as they are seen."""
    area, middle = with_band(
        way, x, [np.where(seen, part, np.nan) for part in parts], LABELS[way], color
    )
    return area, middle, head(middle, end)
