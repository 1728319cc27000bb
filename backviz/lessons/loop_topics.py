"""Misconceptions about the loop of training: batches, modes, updates, decay.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value, tensor
from backviz.lessons.judge import rivals
from backviz.lessons.model import Table, same, topics_on
from backviz.ops import OPS
from backviz.optim import OPTIMIZERS
from backviz.optim.sgd import SGD
from backviz.words import Words

topic = topics_on("loop")


def _loops(output: Value, rate: float = 0.1, steps: int = 4) -> Table:
    """The loss of a loop that steps, and of one that only calls backward."""
    columns = []
    for moves in (True, False):
        leaves = [Value(v.data) for v in leaves_of(output)]
        f = as_function(output, leaves_of(output))
        optimizer, column = SGD(leaves, lr=rate), []
        for _step in range(steps):
            optimizer.zero_grad()
            loss = f(*leaves)
            loss.backward()
            if moves:
                optimizer.step()
            column.append(loss.item())
        columns.append(column)
    rows = [(str(k), *pair) for k, pair in enumerate(zip(*columns, strict=True), 1)]
    return rivals(rows, Words("L, backward() alone"), Words("L, with step()"), Words("step"))


def _parts(output: Value, rate: float = 0.1) -> Table:
    """What each call of the loop changes."""
    (start,) = leaves_of(output)
    w = Value(start.data)
    f, optimizer = as_function(output, [start]), SGD(w, lr=rate)
    loss = f(w)
    rows: list[tuple[Any, ...]] = [("loss = f(w)", w.item(), w.grad)]
    loss.backward()
    rows.append(("loss.backward()", w.item(), w.grad))
    optimizer.step()
    rows.append(("optimizer.step()", w.item(), w.grad))
    optimizer.zero_grad()
    rows.append(("optimizer.zero_grad()", w.item(), w.grad))
    return Table((Words("after"), same("w"), same("w.grad")), tuple(rows))


topic(
    "gradient-or-update",
    Words("Does backward() change the weights?"),
    Words(
        "backward writes gradients and moves nothing: w is the same before and after. step() "
        "reads the gradients and moves the weights, zero_grad() clears the gradients, and neither "
        "computes any. A loop without step() has right gradients and learns nothing.",
    ),
    "L=(w-1)**2; w=3",
    (_parts, _loops),
    also=Words(
        "optimizer.step, step(), update, weight update, backward updates the weights, "
        "training loop, loss does not change, loss not decreasing"
    ),
)


def _points(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The same four points of y = 2x, as often as n asks for."""
    x = np.tile([0.5, 1.0, 1.5, 2.0], n // 4)
    return x, 2.0 * x


def _sizes(_: Any, rate: float = 0.05, steps: int = 5) -> Table:
    """The gradient and the weight after some steps, for the mean and the sum over a batch."""
    rows = []
    for n in (4, 8, 32):
        x, y = _points(n)
        row: list[list[float]] = [[], []]
        for reduce in ("mean", "sum"):
            w = Value(0.0)
            for step in range(steps):
                w.zero_grad()
                OPS[reduce]((tensor(x, requires_grad=False) * w - y) ** 2).backward()
                if step == 0:
                    row[0].append(float(w.grad))
                w = Value(w.item() - rate * float(w.grad))
            row[1].append(w.item())
        rows.append((str(n), *row[0], *row[1]))
    heads = (Words("batch"), Words("gradient of the mean"), Words("of the sum"),
             Words("w, mean"), Words("w, sum"))  # fmt: skip
    title = Words("L over points of y = 2x, w from 0, {n} steps at rate {rate}", n=steps, rate=rate)
    return Table(heads, tuple(rows), title, right=3, wrong=4)


topic(
    "mean-or-sum",
    Words("Does it matter whether a loss is a mean or a sum?"),
    Words(
        "The direction is the same, the length is not: the sum is n times the mean, and so is its "
        "gradient. With a sum the same rate takes larger steps in a larger batch, until w runs "
        "away; with a mean the batch may grow and the rate stay. In a mean each point of a smaller "
        "last batch counts for more.",
    ),
    "",
    (_sizes,),
    also=Words("batch size, reduction, mean loss, sum loss, reduction='sum', average over a batch"),
)


def _pieces(_: Any) -> Table:
    """The gradient of a batch of six, put together from pieces."""
    x = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])

    def gradient(*weighed: tuple[slice, float]) -> float:
        w = Value(0.0)
        for piece, weight in weighed:
            part = tensor(x[piece], requires_grad=False)
            (OPS["mean"]((part * w - 2.0 * x[piece]) ** 2) * weight).backward()  # adds up
        return float(w.grad)

    whole = gradient((slice(6), 1.0))
    thirds = [slice(0, 2), slice(2, 4), slice(4, 6)]
    uneven = [slice(0, 4), slice(4, 6)]
    rows = [
        (Words("2 + 2 + 2: divided by 3, or not"), gradient(*((s, 1 / 3) for s in thirds)),
         gradient(*((s, 1.0) for s in thirds)), whole),
        (Words("4 + 2: by shares, or halves"), gradient((uneven[0], 4 / 6), (uneven[1], 2 / 6)),
         gradient(*((s, 1 / 2) for s in uneven)), whole),
    ]  # fmt: skip
    title = Words("∂L/∂w of a batch of 6, L a mean")
    return rivals(rows, first=Words("pieces"), judge=Words("whole batch"), title=title)


topic(
    "gradient-accumulation",
    Words("How does one large batch come out of small ones?"),
    Words(
        "backward adds up, so pieces may come one after another, with one step() and zero_grad() "
        "at the end. A mean over all is not the sum of the means: weigh each piece by its share, "
        "1/k for k equal ones. Without it the step is k times as long. Layers that look at the "
        "batch (batch norm) still see the pieces.",
    ),
    "",
    (_pieces,),
    also=Words("accumulate gradients, micro-batch, micro batches, large batch, accumulation steps"),
)


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


def _moved(make: Any, gradient: float, start: float = 1.0, **options: float) -> float:
    """A weight after one step of an optimizer with this gradient."""
    w = Value(start)
    w.grad = gradient
    make(w, **options).step()
    return w.item()


def _decays(_: Any, lr: float = 0.1, decay: float = 0.5) -> Table:
    """How much of a weight the decay takes in a step, beside the gradient and inside it."""
    rows = []
    for gradient in (0.1, 10.0):
        plain = _moved(SGD, gradient, lr=lr)
        beside = _moved(SGD, gradient, 1 - lr * decay, lr=lr)  # w shrinks, then steps
        inside = _moved(SGD, gradient, lr=lr, weight_decay=decay)
        rows.append(("SGD", gradient, plain - beside, plain - inside))
    for gradient in (0.1, 10.0):
        plain = _moved(OPTIMIZERS["adam"], gradient, lr=lr)
        beside = _moved(OPTIMIZERS["adamw"], gradient, lr=lr, weight_decay=decay)
        inside = _moved(OPTIMIZERS["adam"], gradient, lr=lr, weight_decay=decay)
        rows.append(("Adam", gradient, plain - beside, plain - inside))
    rounded = [(*row[:2], *(round(each, 7) for each in row[2:])) for row in rows]
    heads = (same(""), Words("gradient"), Words("decoupled"), Words("L2 in the gradient"))
    title = Words("what the decay takes from w = 1 in a step, rate {rate}, λ = {decay}", rate=lr,
                  decay=decay)  # fmt: skip
    return Table(heads, tuple(rounded), title, right=2, wrong=3)


topic(
    "weight-decay",
    Words("Is weight decay the same as an L2 penalty?"),
    Words(
        "For plain descent yes: both take rate·λ·w. Adam divides by the size of the gradient, and "
        "a penalty inside the gradient is divided with it: in the first step, where Adam moves by "
        "the sign alone, nothing of it is left. AdamW shrinks the weight itself, outside of that "
        "quotient.",
    ),
    "",
    (_decays,),
    also=Words("adamw, l2, l2 penalty, regularization, decoupled weight decay, decoupled decay"),
)
