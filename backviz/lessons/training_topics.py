"""Misconceptions about training: starts, clipping, sizes of steps.

Invariant: seeds are fixed, so that every run shows the same numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value, tensor
from backviz.lessons.judge import differences
from backviz.lessons.model import LESSONS, Lesson, Table, same
from backviz.nn import MLP
from backviz.nn.init import normal, xavier_normal
from backviz.optim import clip_by_norm
from backviz.optim.sgd import SGD
from backviz.words import Words


def _starts(_: Any) -> Table:
    """Gradients of two hidden units and of their outgoing weights for three ways to begin."""
    starts = (
        (Words("all 0"), np.zeros((2, 2))),
        (Words("all 0.5"), np.full((2, 2), 0.5)),
        (Words("random, seed 0"), normal((2, 2), seed=0, std=0.5)),
    )
    rows = []
    for said, numbers in starts:
        hidden, last = tensor(numbers[0], "w"), tensor(numbers[1], "v")
        loss = ((last * (hidden * 1.0).tanh()).sum() - 1.0) ** 2
        loss.backward()
        rows.append((said, hidden.grad, differences(loss, hidden), last.grad))
    judged = Words("differences")
    heads = (Words("start"), same("∂L/∂w"), judged, same("∂L/∂v"))
    loss_of = "L = (v1·tanh(w1·x) + v2·tanh(w2·x) − 1)², x = 1"
    title = Words("two units, {loss}", loss=loss_of)
    return Table(heads, tuple(rows), title)


LESSONS.add(
    "zero-init",
    Lesson(
        "zero-init",
        Words(
            "May all weights begin at the same number?",
        ),
        Words(
            "With zeros nothing moves: the gradient of w goes through v = 0, that of v through "
            "tanh(0) = 0. With equal numbers both units get the same gradient and stay equal after "
            "every step: two units that are one. Random numbers make them different. Biases may "
            "begin at 0.",
        ),
        "",
        (_starts,),
    ),
)


def _signal(_: Any, width: int = 500, batch: int = 100, depth: int = 10) -> Table:
    """The spread of activations through layers of tanh, and of the gradient that comes back."""
    x = np.random.default_rng(0).normal(size=(batch, width))
    rows = []
    for said, std in ((same("0.01"), 0.01), (same("√(1/n)"), 0.0), (same("1"), 1.0)):
        h, kept = tensor(x), []
        for layer in range(depth):
            shape = (width, width)
            drawn = normal(shape, seed=layer, std=std) if std else xavier_normal(shape, seed=layer)
            h = (h @ drawn).tanh()
            kept.append(h)
        h.backward(np.ones(h.shape))
        spread = [float(np.std(kept[i].data)) for i in (0, 4, 9)]
        back = float(np.std(kept[0].grad)) if kept[0].grad is not None else math.nan
        rows.append((said, *spread, back))
    heads = (Words("std of weights"), Words("layer 1"),
             Words("layer 5"), Words("layer 10"),
             Words("gradient at layer 1"))  # fmt: skip
    title = Words(
        "std of activations: {depth} layers of tanh, {width} units each",
        depth=depth,
        width=width,
    )
    return Table(heads, tuple(rows), title)


LESSONS.add(
    "init-variance",
    Lesson(
        "init-variance",
        Words(
            "Are small random weights a safe start?",
        ),
        Words(
            "Each layer multiplies the variance by n·var(w)·(a factor of the activation). With "
            "0.01 the signal fades, and so does the gradient; with 1 nearly every tanh is "
            "saturated, and the gradient explodes. Variance 1/n (Xavier), or 2/n for ReLU (He), "
            "keeps both at about the same size.",
        ),
        "",
        (_signal,),
    ),
)


def _cliff(output: Value, rate: float = 0.01) -> Table:
    """One step on a cliff: as the gradient says, and clipped to length 1."""
    (leaf,) = leaves_of(output)
    f = as_function(output, [leaf])
    rows = []
    for said, limit in ((Words("as it is"), math.inf),
                        (Words("clipped to 1"), 1.0)):  # fmt: skip
        w = Value(leaf.data)
        f(w).backward()
        clip_by_norm([w], limit)
        gradient = float(w.grad)
        SGD(w, lr=rate).step()
        rows.append((said, gradient, w.item(), f(w).item()))
    heads = (Words("gradient"), same("∂L/∂w"), Words("w after"),
             Words("L after"))  # fmt: skip
    return Table(heads, tuple(rows))


LESSONS.add(
    "clipping",
    Lesson(
        "clipping",
        Words(
            "Must a gradient that explodes be followed?",
        ),
        Words(
            "w is a factor ten times in a row, as in a recurrent network, so its gradient has the "
            "factor w⁹. On the cliff it is right, but only within a hair's breadth: one step of "
            "rate 0.01 lands far beyond, where L is astronomical. Clipping keeps the direction and "
            "cuts the length.",
        ),
        "L=(w**10-1)**2; w=2",
        (_cliff,),
    ),
    ["exploding"],
)


def _ratios(_: Any) -> Table:
    """The size of a step in relation to the size of the weights, layer by layer."""
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 2))
    y = np.sign(x[:, :1] * x[:, 1:])
    net = MLP(2, [16, 16, 1], "tanh", seed=0)
    loss = ((net(x) - y) ** 2).mean()
    loss.backward()
    weights = [p for p in net.parameters() if p.data.ndim == 2]
    rows = []
    for k, w in enumerate(weights, 1):
        sizes = float(np.linalg.norm(w.data)), float(np.linalg.norm(w.grad))
        ratios = [rate * sizes[1] / sizes[0] for rate in (0.001, 0.01, 1.0)]
        rows.append((same(f"W{k}"), *sizes, *ratios))
    heads = (same(""), same("‖W‖"), same("‖∂L/∂W‖"), *(
        Words("ratio at {rate}", rate=rate) for rate in (0.001, 0.01, 1)))  # fmt: skip
    title = Words(
        "a 2-16-16-1 network of tanh, plain descent",
    )
    return Table(heads, tuple(rows), title)


LESSONS.add(
    "update-ratio",
    Lesson(
        "update-ratio",
        Words(
            "How can one see whether the rate fits?",
        ),
        Words(
            "Not from the gradient alone: what counts is the update in relation to the weights, "
            "rate·‖∂L/∂W‖ / ‖W‖. About 1e-3 for each step is a healthy rule of thumb; 1e-6 means "
            "that almost nothing is learned, 1e-1 that the weights are overwritten in a few steps. "
            "Look at every layer.",
        ),
        "",
        (_ratios,),
    ),
)
