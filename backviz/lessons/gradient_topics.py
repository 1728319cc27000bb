"""Misconceptions about what a gradient says: gates, sizes, signs, kinks.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value
from backviz.lessons.judge import DIFFERENCES, differences, rivals
from backviz.lessons.model import Table, same, topics_on
from backviz.lessons.views import (
    contributions,
    local_and_gradient,
    nudges,
    values_and_gradients,
)
from backviz.sources import EXAMPLES
from backviz.words import Words

topic = topics_on("meaning")

topic(
    "gates",
    Words(
        "What do add, mul and max do to a gradient?",
    ),
    Words(
        "add copies: p and m both get what s has. mul swaps: x gets a multiple of y, and y the "
        "same multiple of x. max routes: the larger input z gets all, w gets 0. The broken "
        "engine takes the wrong factor at every product, and in max rewards the loser.",
    ),
    "p=x*y; m=max(z,w); s=p+m; f=2*s; x=3; y=-4; z=2; w=-1",
    (contributions("p", "m", "x", "y", "z", "w"),),
    "local-swap",
    aliases=["local-swap"],
    also=Words("gate, add gate, mul gate, max gate, router, distributor, swap"),
)

topic(
    "small-input",
    Words("Does a small input have a small gradient?"),
    Words(
        "The other way round: mul swaps its inputs, so the gradient of the small w is the "
        "large x. Inputs that are large numbers give their weights large gradients, and no one "
        "rate suits all weights: bring inputs to a common scale first.",
    ),
    "L=w*x+v*y; w=0.01; x=100; v=2; y=0.5",
    (values_and_gradients,),
    "local-swap",
    also=Words("input scale, scaling of inputs, normalize inputs"),
)

topic(
    "local",
    Words(
        "Is the local derivative the gradient?",
    ),
    Words(
        "The local derivative belongs to one op: how e changes with a. The gradient belongs to "
        "the whole graph: how L changes with a. It is the local one times what arrives from "
        "above; finite differences of L agree with the product. An engine that hands on local "
        "derivatives alone is right only where a 1 arrives.",
    ),
    EXAMPLES["karpathy-l"].expression,
    (local_and_gradient,),
    "no-upstream",
    aliases=["no-upstream"],
    also=Words(
        "chain rule, upstream, local derivative, upstream gradient, backprop, backpropagation"
    ),
)

topic(
    "nudge",
    Words("How do a value and its gradient differ?"),
    Words(
        "The value is where a stands, the gradient how fast L moves when a does. To see it, "
        "nudge a by 0.001: L changes by about gradient·0.001. The rest is curvature, and "
        "vanishes faster than the nudge. The gradient has units of L per unit of a; the value of a "
        "predicts nothing.",
    ),
    EXAMPLES["diamond"].expression,
    (nudges,),
    also=Words("finite difference, gradient, derivative, slope, sensitivity"),
)


def _steps(output: Value, rate: float = 0.1) -> Table:
    """A step along the gradient and one against it."""
    leaves = leaves_of(output)
    fresh = [Value(v.data, v.label) for v in leaves]
    f = as_function(output, leaves)
    f(*fresh).backward()
    rows = []
    for sign, said in ((0, Words("here")), (1, same(f"+ {rate}·grad")),
                       (-1, same(f"− {rate}·grad"))):  # fmt: skip
        moved = [Value(v.data + sign * rate * v.grad) for v in fresh]
        result = f(*moved).item()
        rows.append((said, *(v.data for v in moved), result, result - output.item()))
    heads = (Words("step"), *(same(v.label) for v in leaves), same(output.label),
             Words("change"))  # fmt: skip
    return Table(heads, tuple(rows))


def _ways(output: Value, rate: float = 0.1) -> Table:
    """The loss on the way down, and on that of a loop with the wrong sign."""
    leaves = leaves_of(output)
    f = as_function(output, leaves)
    columns: list[list[float]] = []
    for sign in (-1, 1):
        at, column = [Value(v.data) for v in leaves], []
        for _step in range(3):
            f(*at).backward()
            at = [Value(v.data + sign * rate * v.grad) for v in at]
            column.append(f(*at).item())
        columns.append(column)
    rows = [(str(k), *pair) for k, pair in enumerate(zip(*columns, strict=True), 1)]
    return rivals(rows, Words("L, added"), Words("L, subtracted"), Words("step"))


topic(
    "uphill",
    Words("Does the gradient point to the minimum?"),
    Words(
        "It points uphill, where L grows fastest: a step along it makes L larger. That is why "
        "descent subtracts. Nor does its opposite point at the minimum (3, 0), only down the "
        "steepest slope at this place. A loop that adds the gradient climbs.",
    ),
    "L=(x-3)**2+4*y**2; x=1; y=1",
    (values_and_gradients, _steps, _ways),
    also=Words("steepest descent, gradient descent, direction of the gradient, descent"),
)


def _kink(output: Value, h: float = 1e-5) -> Table:
    """The rule and the slopes on both sides, at a kink and beside it."""
    (leaf,) = leaves_of(output)
    f = as_function(output, [leaf])
    rows = []
    for x in (-0.5, 0.0, 0.5):
        v = Value(x)
        f(v).backward()
        at = f(Value(x)).item()
        left = (at - f(Value(x - h)).item()) / h
        right = (f(Value(x + h)).item() - at) / h
        rows.append((x, v.grad, left, right, differences(f(v), v)))
    heads = (same("x"), Words("rule"), Words("slope left"),
             Words("slope right"), DIFFERENCES)  # fmt: skip
    return Table(heads, tuple(rows), right=1, wrong=4)


topic(
    "kinks",
    Words(
        "A gradient check fails at a kink: is the rule wrong?",
    ),
    Words(
        "At x = 0 ReLU has no derivative: the slopes to the left and to the right differ, and "
        "central differences give their mean, which is neither. The rule chooses one slope, as "
        "torch does. backviz check reports such an entry as a kink and does not count it as an "
        "error.",
    ),
    "L=relu(x); x=0",
    (_kink,),
    aliases=["kink"],
    also=Words("subgradient, non-differentiable, not differentiable, kink"),
)
