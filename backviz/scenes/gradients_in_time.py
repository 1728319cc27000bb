"""The gradient on its way back through the steps of a recurrent network, and what gates change."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import numpy as np

from backviz.language import N_, _
from backviz.nn import LSTM, RNN, init
from backviz.nn.arguments import generator, streams
from backviz.scenes.artist import Array
from backviz.scenes.layers import grown, key_frames, positive, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene

BATCH, INPUTS = 8, 4


def _norm(values: list[Any]) -> Array:
    """The norms of the gradients of some values; 0 where none came."""
    return np.array([0.0 if v.grad is None else float(np.linalg.norm(v.grad)) for v in values])


def plain(x: Array, upstream: Array, units: int, scale: float, seed: Any) -> tuple[Array, Array]:
    """‖∂L/∂h‖ for every step (steps,), and the size of the product of all diag(1 − h²)·Wᵀ.

    L is the last state times `upstream`. W is orthogonal times `scale`.
    """
    net = RNN(INPUTS, units, seed=seed, init=init.lecun_normal)
    weight = init.orthogonal((units, units), seed=seed, gain=scale)
    dict(net.named_parameters())["weight_hh_l0"].data[...] = weight
    states: list[Any] = []
    for row in x:
        states.append(net(row[None], states[-1] if states else None)[1])
    (states[-1] * upstream).sum().backward()
    product, sizes = np.eye(units), [1.0]
    for h in reversed(states[1:]):
        product = weight * (1 - np.asarray(h.data)[0, 0] ** 2) @ product
        sizes.append(float(np.linalg.norm(product) / np.sqrt(units)))
    return _norm(states), np.array(sizes[::-1])


def gated(x: Array, upstream: Array, units: int, forget: float, seed: Any) -> tuple[Array, Array]:
    """‖∂L/∂c‖ for every step (steps,), and the mean product of the forget gates up to the end.

    L is the last state c times `upstream`; `forget` is the bias of the forget gates.
    """
    net = LSTM(INPUTS, units, seed=seed, init=partial(init.lecun_normal, gain=0.5))
    held = {name: p.data[..., units : 2 * units] for name, p in net.named_parameters()}
    held["bias_ih_l0"][...] = forget
    cells, gates = [], []
    state: Any = None
    for row in x:
        h = np.zeros((BATCH, units)) if state is None else np.asarray(state[0].data)[0]
        z = row @ held["weight_ih_l0"] + h @ held["weight_hh_l0"] + forget
        gates.append(1 / (1 + np.exp(-z)))
        _out, state = net(row[None], state)
        cells.append(state[1].inputs[0])  # c itself: its output leaves it before it is stacked
    (state[1] * upstream).sum().backward()
    left = np.cumprod(np.concatenate([np.ones((1, BATCH, units)), gates[:0:-1]]), axis=0)[::-1]
    return _norm(cells), np.sqrt((left**2).mean(axis=(1, 2)))


@scene(
    Claim(
        "an open forget gate keeps 100 times as much of the gradient as a plain recurrent network",
        lambda d: (100 * _kept(d, "plain"), _kept(d, "open")),
    )
)
def time_gradient(
    steps: Annotated[int, Within(2, 200)] = 40,
    units: Annotated[int, Within(1, 128)] = 24,
    size: Annotated[float, Within(0, 10)] = 0.9,
    forget: Annotated[float, Within(-10, 20)] = 4.0,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Back through time a gradient is multiplied at every step; a forget gate sets by how much.

    In a plain recurrent network each step multiplies by W and by a slope 1 − h²; in an LSTM the
    cell is multiplied by its forget gate f. Left the gradient of the last state, on its way back
    to the first step; right the product of the factors alone. A bias of 0 leaves a gate half
    open, a large one opens it.

    Options:
    steps: of the sequence
    units: of the recurrent layer
    size: of the recurrent weights W, orthogonal times this
    forget: bias of the open forget gate
    seed: of weights and inputs
    """
    first, *seeds = streams(seed, 3)
    draw = generator(first)
    x = draw.standard_normal((steps, BATCH, INPUTS))
    upstream = draw.standard_normal((1, BATCH, units))
    found = {
        "plain": plain(x, upstream, units, size, seeds[0]),
        "half": gated(x, upstream, units, 0.0, seeds[1]),
        "open": gated(x, upstream, units, forget, seeds[1]),
    }
    labels = {
        "plain": N_("RNN"),
        "half": N_("LSTM, bias 0"),
        "open": N_("LSTM, open gate"),
    }
    back = np.arange(float(steps))
    tables = [
        {key: (labels[key], positive((both[0] / both[0][-1])[::-1])) for key, both in
         found.items()},
        {key: (labels[key], positive(both[1][::-1])) for key, both in found.items()},
    ]  # fmt: skip
    ends = span(*(y for table in tables for _label, y in table.values()), log=True)
    panels = tuple(
        Panel(
            key, Axis(N_("steps back"), -0.02 * steps, 1.02 * steps),
            Axis("", *ends, log=True), title=title, place=(0, i, 1, 1), legend="below",
        )
        for i, (key, title) in enumerate((
            ("gradient", N_("gradient of the state (end = 1)")),
            ("factors", N_("product: W·(1 − h²), or f")),
        ))
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in range(steps):
            left = [write(float(y[k])) if y[k] > 0 else "0" for _label, y in tables[0].values()]
            yield Frame(
                _("{k} steps back {plain} of the gradient is left in the plain network, {half} in "
                  "the LSTM with bias 0, {open} with an open forget gate.", k=k, plain=left[0],
                  half=left[1], open=left[2]),
                {
                    panel.key: grown(back, table, k)
                    for panel, table in zip(panels, tables, strict=True)
                },
                pause=0.0 if k else 1.0,
            )  # fmt: skip

    return Film(
        N_("Back through time: what a forget gate keeps"), panels, frames, steps,
        key_frames(steps),
        alt=N_(
            "Left the size of the gradient of the state against the steps back, for a plain "
            "recurrent network and two LSTMs; right the product of their factors."
        ),
    )  # fmt: skip


def _kept(data: Any, key: str) -> float:
    """How much of the gradient is left at the first step."""
    return float(np.nan_to_num(data[f"gradient.{key}.y"][-1, -1]))
