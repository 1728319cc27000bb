"""Misconceptions about the loop of training: batches, modes, updates, decay.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.replay import leaves_of
from backviz.autodiff.value import Value, tensor
from backviz.lessons.model import Table, same, topics_on
from backviz.ops import OPS
from backviz.words import Words

topic = topics_on("loop")


def _modes(output: Value) -> Table:
    """The same batch in training, and afterwards with the running statistics of the start."""
    (x,) = leaves_of(output)
    weight = np.array([[1.0], [0.0], [2.0]])
    rows: list[tuple[Any, ...]] = []
    for said, known in ((Words("train: of the batch"), {}),
                        (Words("eval: running 0, 1"), {"mean": [0.0], "var": [1.0]})):  # fmt: skip
        v = tensor(x.data, requires_grad=True)
        made = OPS["batch_norm"](v, **known)
        (made * weight).sum().backward()
        rows.append((said, made.data.ravel(), v.grad.ravel(), round(float(v.grad.sum()), 12)))
    heads = (Words("mean and variance"), same("n"), same("∂L/∂x"), Words("its sum"))
    return Table(heads, tuple(rows))


topic(
    "batch-modes",
    Words("Is batch norm the same in training and afterwards?"),
    Words(
        "In training mean and variance are those of the batch and depend on every x, so they carry "
        "gradients too: the gradient of x loses its mean and what would only stretch the batch. "
        "In eval they are constants, stored while training, and n is a scaled x. Who forgets "
        "model.eval() gets answers that depend on the neighbours in the batch.",
    ),
    "n=batch_norm(x); L=sum([[1],[0],[2]]*n); x=[[1],[2],[4]]",
    (_modes,),
    "batch-constants",
    aliases=["batch-constants"],
    also=Words(
        "batchnorm, batch norm, batch normalization, running statistics, model.eval, "
        "eval mode, train mode, BatchNorm1d"
    ),
)
