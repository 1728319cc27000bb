"""The loss of a real small network on a plane through its weights.

The centre is the trained network, and the directions are random and scaled filter by filter
(Li et al., "Visualizing the loss landscape of neural nets", 2018) or the two along which the
training moved most (PCA of its path; Lorch, 2016).

Invariant: the loss at (0, 0) is that of the trained network. A plane is a slice: how much of
the training path lies in it, and how far the loss on it is from the true one, is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from backviz.autodiff.value import Value
from backviz.data import SETS
from backviz.nn import MLP, streams
from backviz.nn.arguments import generator
from backviz.ops import OPS
from backviz.optim import Adam
from backviz.scenes.artist import Array
from backviz.scenes.surfaces import Landscape
from backviz.words import Words

Directions = Literal["pca", "random"]
WIDTHS, SAMPLES = (8, 1), 48
Weights = list[Array]


@dataclass(frozen=True)
class Plane:
    """A network's loss on a plane, and its training seen from there.

    `way` (steps + 1, 2) is the training path projected onto the plane, `true` (steps + 1,)
    are the losses of the networks along it and `seen` those of their projections.
    `explained` is the share of the path's movement that lies in the plane, `shares` (2,) that
    of each direction for "pca".
    """

    landscape: Landscape
    way: Array
    true: Array
    seen: Array
    explained: float
    shares: Array
    parameters: int

    @property
    def gap(self) -> float:
        """The largest difference between the loss on the plane and the true one."""
        return float(np.abs(self.true - self.seen).max())


@cache
def network(directions: Directions = "pca", steps: int = 80, seed: int = 0) -> Plane:
    """A tanh network 2–8–1 that was trained on two moons, on a plane through its weights.

    >>> plane = network(steps=20)
    >>> bool(np.isclose(plane.landscape.heights(np.zeros(2)), plane.true[-1], atol=1e-12))
    True
    """
    x, y = SETS["moons"](SAMPLES, seed=seed)
    net = MLP(2, WIDTHS, "tanh", seed=seed, init="xavier_normal")
    parameters = net.parameters()
    opt = Adam(parameters, lr=0.05)
    path, true = [], []
    for k in range(steps + 1):
        loss = OPS["binary_cross_entropy_with_logits"](net(x), y[:, None].astype(float))
        path.append(np.concatenate([p.data.ravel() for p in parameters]))
        true.append(float(loss.data))
        if k < steps:
            net.zero_grad()
            loss.backward()
            opt.step()
    center = [p.data.copy() for p in parameters]
    moves = np.array(path) - path[-1]
    if directions == "pca":
        axes, shares = _principal(moves)
    else:
        axes, shares = _random(center, seed), np.full(2, np.nan)
    way = np.linalg.lstsq(axes.T, moves.T, rcond=None)[0].T
    total = float((moves**2).sum())
    explained = float(((way @ axes) ** 2).sum()) / total if total else 1.0

    def f(a: Value, b: Value) -> Any:
        return _loss(center, axes, a, b, x, y)

    half = max(1.25 * float(np.abs(way).max()), 1.0)
    land = Landscape(
        "network", f, (-half, half), (-half, half), (float(way[0, 0]), float(way[0, 1])),
        Words("loss of a network with {n} weights", n=moves.shape[1]), floor=0.0,
    )  # fmt: skip
    seen = land.heights(way)
    return Plane(land, way, np.array(true), seen, explained, shares, moves.shape[1])


def _principal(moves: Array) -> tuple[Array, Array]:
    """The two directions (2, weights) of length 1 along which a path moved most, and shares."""
    _left, sizes, rows = np.linalg.svd(moves, full_matrices=False)
    axes = rows[:2] * np.sign(rows[:2, np.abs(rows[:2]).argmax(axis=1)].diagonal())[:, None]
    total = float((sizes**2).sum())
    return axes, sizes[:2] ** 2 / total if total else np.zeros(2)


def _random(center: Weights, seed: int) -> Array:
    """Two random directions (2, weights): each unit's weights as long as its own; biases rest."""
    return np.array([unit_directions(center, generator(s)) for s in streams(seed + 1, 2)])


def unit_directions(center: Weights, draw: np.random.Generator) -> Array:
    """A random direction (weights,): each unit's weights as long as its own; biases rest.

    >>> unit_directions([np.eye(2), np.ones(2)], np.random.default_rng(0))[4:].tolist()
    [0.0, 0.0]
    """
    parts = []
    for weight in center:
        d = draw.standard_normal(weight.shape)
        if weight.ndim < 2:
            parts.append(np.zeros(weight.size))
            continue
        d *= np.linalg.norm(weight, axis=0) / np.linalg.norm(d, axis=0)
        parts.append(d.ravel())
    return np.concatenate(parts)


def _loss(center: Weights, axes: Array, a: Value, b: Value, x: Array, y: Array) -> Any:
    """The losses (n,) of the networks center + a·axes[0] + b·axes[1], recorded, in one pass."""
    at, moved = 0, []
    for weight in center:
        part = axes[:, at : at + weight.size].reshape(2, *weight.shape)
        at += weight.size
        shape = (-1, *[1] * weight.ndim)
        moved.append(weight + a.reshape(shape) * part[0] + b.reshape(shape) * part[1])
    h: Any = x[None]
    for i in range(0, len(moved), 2):
        h = OPS["matmul"](h, moved[i]) + moved[i + 1].reshape((-1, 1, moved[i + 1].shape[1]))
        if i + 2 < len(moved):
            h = h.tanh()
    z = h.reshape((-1, len(x)))
    return (OPS["softplus"](z) - z * y).mean(axis=1)
