"""Misconceptions about what a gradient says: gates, sizes, signs, kinks, shapes.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value
from backviz.lessons.judge import differences
from backviz.lessons.model import LESSONS, Lesson, Table, same
from backviz.lessons.views import (
    DIFFERENCES,
    GRADIENT,
    contributions,
    local_and_gradient,
    nudges,
    product_rules,
    stretched_operands,
    values_and_gradients,
)
from backviz.sources import EXAMPLES
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.words import Words

LESSONS.add(
    "gates",
    Lesson(
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
    ),
    ["local-swap"],
)

LESSONS.add(
    "small-input",
    Lesson(
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
    ),
)

LESSONS.add(
    "local",
    Lesson(
        "local",
        Words(
            "Is the local derivative the gradient?",
        ),
        Words(
            "The local derivative belongs to one op: how e changes with a. The gradient belongs to "
            "the whole graph: how L changes with a. It is the local one times what arrives from "
            "above; finite differences of L agree with the product.",
        ),
        EXAMPLES["karpathy-l"].expression,
        (local_and_gradient,),
    ),
)

LESSONS.add(
    "nudge",
    Lesson(
        "nudge",
        Words("How do a value and its gradient differ?"),
        Words(
            "The value is where a stands, the gradient how fast L moves when a does. To see it, "
            "nudge a by 0.001: L changes by about gradient·0.001. The rest is curvature, and "
            "vanishes faster than the nudge. The gradient has units of L per unit of a.",
        ),
        EXAMPLES["diamond"].expression,
        (nudges,),
    ),
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


LESSONS.add(
    "uphill",
    Lesson(
        "uphill",
        Words("Does the gradient point to the minimum?"),
        Words(
            "It points uphill, where L grows fastest: a step along it makes L larger. That is why "
            "descent subtracts. Nor does its opposite point at the minimum (3, 0), only down the "
            "steepest slope at this place.",
        ),
        "L=(x-3)**2+4*y**2; x=1; y=1",
        (values_and_gradients, _steps),
    ),
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
    return Table(heads, tuple(rows))


LESSONS.add(
    "kinks",
    Lesson(
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
    ),
    ["kink"],
)


def _rows(output: Value) -> Table:
    """What every row of y hands to b, and the sum."""
    record = Record(output)
    run = Run(record)
    handed = run.whole(record.find("y"))
    rows: list[tuple[Any, ...]] = [
        (Words("row {k} of y", k=k), row) for k, row in enumerate(handed)
    ]
    rows += [(note, run.whole(record.find("b"))) for note in stretched_operands(output)]
    return Table((same(""), GRADIENT), tuple(rows))


LESSONS.add(
    "broadcasting",
    Lesson(
        "broadcasting",
        Words(
            "What gradient does a broadcast bias get?",
        ),
        Words(
            "b is added to every row, so it is used once in each, and its gradient is the sum over "
            "the rows. Without the sum the gradient keeps the shape of y, and numpy broadcasts "
            "without complaint: the update turns b into a matrix.",
        ),
        "y=x+b; L=sum(y*y); x=[[1,0,2],[0,1,1],[2,1,0],[1,1,1]]; b=[1,-1,2]",
        (_rows,),
        "unbroadcast",
    ),
    ["broadcast", "unbroadcast"],
)

LESSONS.add(
    "matmul-transposes",
    Lesson(
        "matmul-transposes",
        Words(
            "Where do the transposes of matmul come from?",
        ),
        Words(
            "Y[i, j] is the sum over k of X[i, k]·W[k, j], so X[i, k] meets row k of W: summing "
            "over j gives g @ Wᵀ, with g = ∂L/∂Y. Shapes say the same: a gradient has the shape of "
            "its input. With square matrices the product without transposes fits too, and is "
            "wrong.",
        ),
        "Y=X@W; L=sum(Y**2); X=[[1,2],[0,1]]; W=[[1,3],[-1,0]]",
        (product_rules,),
    ),
)
