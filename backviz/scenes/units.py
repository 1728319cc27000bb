"""What the units of a deep network do while it trains: their outputs, and how far they move."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.op import Elementwise
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artists import Bars, Line, Rule, Zone
from backviz.scenes.deep import Activation, Against, Moment, Recipe, Wiring, compared, training
from backviz.scenes.layers import key_frames, layer_axis, numbers, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.starts import Start
from backviz.words import Words, voiced

EDGE = 0.97  # of |tanh|: beyond it a unit counts as saturated
ENDS = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
CELLS, SHOWN = 40, 4
HEALTHY = -3.0  # log₁₀ of update/weight


def slopes(activation: str, z: np.ndarray) -> np.ndarray:
    """φ′(z), by the rule of the op; NaN where z is no finite number."""
    op = OPS[activation]
    assert isinstance(op, Elementwise)
    out = op(z)
    found = np.broadcast_to(quietly(op.local, 0, out, (z,), {}), np.shape(z))
    return np.where(np.isfinite(z), found, np.nan)


def saturated(activation: str, h: np.ndarray) -> float:
    """The share of outputs within 3 % of the ends: |tanh| > 0.97, a sigmoid beyond 0.015 or 0.985.

    NaN for an activation that does not have two ends.

    >>> saturated("tanh", np.array([0.0, 0.98, -0.99, 0.97]))
    0.5
    """
    if activation not in ENDS:
        return float("nan")
    low, high = ENDS[activation]
    return float(np.mean(np.abs(2 * h - (low + high)) > EDGE * (high - low)))


def dead(slope: np.ndarray) -> float:
    """The share of units whose slope is 0 for the whole batch: slopes (samples, units).

    >>> dead(np.array([[0.0, 1.0], [0.0, 0.0]]))
    0.5
    """
    if not np.isfinite(slope).all():
        return float("nan")
    return float(np.mean(np.all(slope == 0, axis=0)))


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a step: histograms, shares and updates by layer, and the loss."""

    counts: np.ndarray
    saturated: np.ndarray
    dead: np.ndarray
    updates: np.ndarray
    loss: float


def look(recipe: Recipe, moment: Moment, edges: np.ndarray, chosen: Sequence[int]) -> Look:
    """Take the numbers of a step; `chosen` layers (from 0) get a histogram over `edges`."""
    phi, rate = recipe.activation, recipe.rate
    units = [OPS[phi](layer.inputs.data) for layer in moment.layers]

    def histogram(h: np.ndarray) -> np.ndarray:
        known = np.clip(h[np.isfinite(h)], edges[0], edges[-1])
        return np.histogram(known, edges)[0] / h.size

    def update(weight: np.ndarray, gradient: np.ndarray) -> float:
        return float(np.log10(rate * np.std(gradient) / np.std(weight)))

    return Look(
        np.array([histogram(units[i]) for i in chosen]),
        np.array([saturated(phi, h) for h in units]),
        np.array([dead(slopes(phi, layer.inputs.data)) for layer in moment.layers]),
        np.array([quietly(update, m.weight.data, m.weight.grad) for m in moment.layers]),
        moment.loss,
    )


def _losses(data: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """Ten times the loss of the second network and that of the first, as the last caption says."""
    first, second = map(float, re.findall(r"loss ([\d.]*\d)", str(data["caption"][-1])))
    return 10 * second, first


@scene(Claim("the saturated network keeps 10 times the loss of the other", _losses))
def saturation(
    activation: Activation = "tanh",
    init: Start = "large",
    wiring: Wiring = "plain",
    against: Against = said("init=xavier_normal"),
    depth: Annotated[int, Within(1, 100)] = 10,
    width: Annotated[int, Within(1, 512)] = 64,
    rate: Annotated[float, Within(0, 1e3)] = 0.1,
    samples: Annotated[int, Within(1, 1024)] = 64,
    steps: Annotated[int, Within(1, 300)] = 50,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Which units stand at the ends of their activation, where no gradient passes.

    Above histograms of the outputs of four layers, on axes that stay; a tanh counts as
    saturated beyond ±0.97. Below the share of saturated and of dead units in every layer,
    and how far a step moves the weights: about a thousandth of their size is healthy.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    against: what the second network has instead, such as wiring=batch_norm; empty for none
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    samples: that every step learns from
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(depth, width, activation, init, wiring, rate=rate, samples=samples, seed=seed)
    nets = compared(recipe, against)
    low, high = _ends([r.activation for r in nets.values()])
    edges = np.linspace(low, high, CELLS + 1)
    chosen = list(key_frames(depth, SHOWN))
    found = {
        name: [look(r, m, edges, chosen) for m in training(r, steps)] for name, r in nets.items()
    }
    tall = max(float(k.counts.max()) for looks in found.values() for k in looks) or 1.0
    updates = np.array([k.updates for looks in found.values() for k in looks])
    panels = (
        *_histograms(chosen, (low, high), tall, {r.activation for r in nets.values()}),
        Panel(
            "share", layer_axis(depth), Axis(N_("share of units"), -0.03, 1.03), place=(1, 0, 1, 2),
            title=_threshold({r.activation for r in nets.values()}),
        ),
        Panel(
            "update", layer_axis(depth),
            _update_axis(updates), title=N_("update / weight"), place=(1, 2, 1, 2),
            static=(Rule("healthy", HEALTHY),), legend="lower left",
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            yield Frame(
                _told(k, {name: looks[k] for name, looks in found.items()}),
                _drawn({name: looks[k] for name, looks in found.items()}, edges, chosen, depth),
            )

    return Film(
        Words.counted("Units at their ends: {n} layer in training",
                      "Units at their ends: {n} layers in training", depth),
        panels, moments, steps, key_frames(steps), rows=(1.0, 1.3),
        alt=N_("Histograms of the outputs of up to four layers; below, by layer, the share of "
               "saturated and dead units, and the size of the update in relation to the weights."),
    )  # fmt: skip


def _ends(activations: Sequence[str]) -> tuple[float, float]:
    """Where the histograms begin and end; outputs beyond go into the outermost cells."""
    given = [ENDS.get(a, (-1.0, 4.0)) for a in activations]
    low, high = min(g[0] for g in given), max(g[1] for g in given)
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _update_axis(updates: np.ndarray) -> Axis:
    """The axis of log₁₀(update/weight), with a tick at −3 and room for a legend below."""
    low, high = span(np.clip(updates, -12, 6), (HEALTHY - 0.5, HEALTHY + 1))
    low -= 1.4 * (high - low)
    by = next(step for step in (1, 2, 3, 5, 10, 20) if high - low <= 5 * step)
    ticks = [HEALTHY + by * i for i in range(-40, 41) if low <= HEALTHY + by * i <= high]
    return Axis("log₁₀", low, high, ticks=tuple(ticks))


def _threshold(activations: set[str]) -> str:
    """What counts as saturated, as a title."""
    if not activations & set(ENDS):
        return N_("dead units")
    if activations & set(ENDS) == {"tanh"}:
        return Words("saturated: |h| > {edge:g} (thin: dead)", edge=EDGE)
    return N_("saturated: 3 % from an end (thin: dead)")


def _histograms(
    chosen: Sequence[int], ends: tuple[float, float], tall: float, activations: set[str]
) -> Iterator[Panel]:
    zones: list[Zone] = []
    if len(activations) == 1 and (kind := next(iter(activations))) in ENDS:
        low, high = ENDS[kind]
        part = (high - low) * (1 - EDGE) / 2
        zones = [Zone("low", ends[0], low + part), Zone("high", high - part, ends[1])]
    for place, i in enumerate(chosen):
        yield Panel(
            f"layer {i + 1}",
            Axis(N_("output"), *ends),
            Axis(N_("share") if place == 0 else "", 0.0, 1.1 * tall),
            title=Words("layer {k}", k=i + 1),
            place=(0, place, 1, 1),
            static=tuple(zones),
        )


def _drawn(
    seen: dict[str, Look], edges: np.ndarray, chosen: Sequence[int], depth: int
) -> dict[str, list[Bars | Line]]:
    x = numbers(depth)
    shown: dict[str, list[Bars | Line]] = {
        f"layer {i + 1}": [
            Bars(name, edges, k.counts[j], color=c, filled=c == 0)
            for c, (name, k) in enumerate(seen.items())
        ]
        for j, i in enumerate(chosen)
    }
    shown["share"] = [
        line
        for c, (name, k) in enumerate(seen.items())
        for line in (
            Line(name, x, _share(k), label=name, color=c, marked=True),
            Line(f"{name} dead", x, k.dead, color=c, width=1.2),
        )
    ]
    shown["update"] = [
        Line(name, x, np.where(np.isfinite(k.updates), k.updates, np.nan), name, c, marked=True)
        for c, (name, k) in enumerate(seen.items())
    ]
    return shown


def _share(seen: Look) -> np.ndarray:
    """The share of saturated units, or of dead ones where there are no two ends."""
    return seen.dead if np.isnan(seen.saturated).all() else seen.saturated


def _told(step: int, seen: dict[str, Look]) -> str:
    parts = []
    for name, k in seen.items():
        if not np.isfinite(k.loss):
            parts.append(_("{name}: the numbers overflow", name=voiced(name)))
            continue
        share = _share(k)
        percent = f"{100 * share.mean():.0f}"
        if share is k.saturated:
            parts.append(
                _("{name}: {percent} % saturated, loss {loss}", name=voiced(name),
                  percent=percent, loss=write(k.loss))
            )  # fmt: skip
        else:
            parts.append(
                _("{name}: {percent} % dead, loss {loss}", name=voiced(name), percent=percent,
                  loss=write(k.loss))
            )  # fmt: skip
    return _("Step {step}. {parts}.", step=step, parts="; ".join(parts))
