"""Misconceptions about training: starts, clipping, sizes of steps.

Invariant: seeds are fixed, so that every run shows the same numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.backward import gradients_of
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value, tensor
from backviz.lessons.judge import differences, rivals
from backviz.lessons.model import Table, same, topics_on
from backviz.nn import MLP
from backviz.nn.init import normal, xavier_normal
from backviz.optim import clip_by_norm, clip_by_value
from backviz.optim.sgd import SGD
from backviz.words import Words

topic = topics_on("training")


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


def _apart(_: Any) -> Table:
    """How far two units are from each other while they learn, by their start."""
    columns = []
    for start in (normal((2, 2), seed=0, std=0.5), np.full((2, 2), 0.5)):
        w, v = tensor(start[0], requires_grad=True), tensor(start[1], requires_grad=True)
        optimizer, column = SGD([w, v], lr=0.1), {}
        for step in range(101):
            column[step] = abs(float(w.data[0] - w.data[1]))
            optimizer.zero_grad()
            (((v * w.tanh()).sum() - 1.0) ** 2).backward()
            optimizer.step()
        columns.append(column)
    rows = [(str(step), *(column[step] for column in columns)) for step in (0, 1, 10, 100)]
    title = Words("how far the two units are apart, |w1 − w2|, at rate 0.1")
    return rivals(rows, Words("all 0.5"), Words("random, seed 0"), Words("step"), title=title)


topic(
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
    (_starts, _apart),
    also=Words("symmetry, symmetry breaking, constant init, zero weights"),
)


def _signal(_: Any, width: int = 500, batch: int = 100, depth: int = 10) -> Table:
    """The spread of activations through layers of tanh, and of the gradient that comes back."""
    x = np.random.default_rng(0).normal(size=(batch, width))
    columns = []
    for std in (0.01, 0.0, 1.0, 1 / width):
        h, kept = tensor(x), []
        for layer in range(depth):
            shape = (width, width)
            drawn = normal(shape, seed=layer, std=std) if std else xavier_normal(shape, seed=layer)
            h = (h @ drawn).tanh()
            kept.append(h)
        h.backward(np.ones(h.shape))
        spread = [float(np.std(kept[i].data)) for i in (0, 4, 9)]
        back = float(np.std(kept[0].grad)) if kept[0].grad is not None else math.nan
        columns.append([*spread, back])
    said = (Words("layer 1"), Words("layer 5"), Words("layer 10"), Words("gradient at layer 1"))
    rows = [(each, *row) for each, row in zip(said, zip(*columns, strict=True), strict=True)]
    heads = (Words("std of weights"), same("0.01"), same("√(1/n)"), same("1"), same("1/n"))
    title = Words(
        "std of activations: {depth} layers of tanh, {width} units each",
        depth=depth,
        width=width,
    )
    return Table(heads, tuple(rows), title, right=2, wrong=4)


topic(
    "init-variance",
    Words(
        "Are small random weights a safe start?",
    ),
    Words(
        "Each layer multiplies the variance by n·var(w)·(a factor of the activation). With "
        "0.01 the signal fades, and so does the gradient; with 1 nearly every tanh is "
        "saturated, and the gradient explodes. Variance 1/n (Xavier), or 2/n for ReLU (He), "
        "keeps both at about the same size: that is a std of √(1/n). Who takes 1/n for the std "
        "gets a signal that fades.",
    ),
    "",
    (_signal,),
    also=Words("initialization, init, xavier, glorot, he, kaiming, weights at the start, variance"),
)


def _cliff(output: Value, rate: float = 0.01) -> Table:
    """One step on a cliff: as the gradient says, and clipped to length 1."""
    leaves = leaves_of(output)
    f = as_function(output, leaves)
    rows = []
    for said, limit in ((Words("as it is"), math.inf),
                        (Words("clipped to 1"), 1.0)):  # fmt: skip
        w, v = (Value(leaf.data) for leaf in leaves)
        f(w, v).backward()
        clip_by_norm([w, v], limit)
        gradient = float(w.grad)
        SGD([w, v], lr=rate).step()
        rows.append((said, gradient, w.item(), f(w, v).item()))
    heads = (Words("gradient"), same("∂L/∂w"), Words("w after"),
             Words("L after"))  # fmt: skip
    return Table(heads, tuple(rows))


def _directions(output: Value, limit: float = 1.0) -> Table:
    """The gradient clipped by its length, and entry by entry; and how far each has turned."""
    leaves = leaves_of(output)
    whole = np.array(gradients_of(output, tuple(leaves)))
    columns = []
    for clip in (clip_by_norm, clip_by_value):
        held = [Value(v.data) for v in leaves]
        for v, gradient in zip(held, whole, strict=True):
            v.grad = float(gradient)
        clip(held, limit)
        columns.append(np.array([v.grad for v in held]))
    rows = [(f"∂L/∂{v.label}", *row) for v, *row in zip(leaves, *columns, strict=True)]
    turned = [round(_angle(whole, column), 9) for column in columns]
    return rivals([*rows, (Words("turned by, in degrees"), *turned)], Words("each clipped to 1"),
                  Words("clipped to length 1"))  # fmt: skip


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    across, along = a[0] * b[1] - a[1] * b[0], float(a @ b)
    return math.degrees(abs(math.atan2(across, along)))


topic(
    "clipping",
    Words(
        "Must a gradient that explodes be followed?",
    ),
    Words(
        "w is a factor ten times in a row, as in a recurrent network, so its gradient has the "
        "factor w⁹. On the cliff it is right, but only within a hair's breadth: one step of "
        "rate 0.01 lands far beyond, where L is astronomical. Clipping by norm keeps the direction "
        "and cuts the length; clipping each entry turns it.",
    ),
    "L=(w**10-1)**2+v**2; w=2; v=3",
    (_cliff, _directions),
    aliases=["exploding"],
    also=Words(
        "exploding gradient, exploding gradients, gradient clipping, clip_grad_norm, "
        "clip_grad_norm_, exploding loss"
    ),
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
    return Table(heads, tuple(rows), title, right=4, wrong=5)


topic(
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
    also=Words("learning rate, lr, step size, rate, too large a rate"),
)
