"""Misconceptions about cost and rounding: paths, modes, the step of a check, NaN.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from backviz.autodiff.backward import gradients_of
from backviz.autodiff.data import quietly
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.tape import tape
from backviz.autodiff.transforms import jvp
from backviz.autodiff.value import Value, tensor
from backviz.lessons.judge import differences, rivals
from backviz.lessons.model import Table, same, topics_on
from backviz.ops import OPS
from backviz.words import Words

topic = topics_on("numbers")


def _by_paths(output: Value) -> tuple[float, int]:
    """The gradient as a sum over all paths, each with its own product, and the steps that takes."""
    total, steps, stack = 0.0, 0, [(output, 1.0)]
    while stack:
        node, product = stack.pop()
        steps += 1
        if node.is_leaf:
            total += product
        for operand, local in zip(node.inputs, node.locals or (), strict=False):
            stack.append((operand, product * float(local or 0.0)))
    return total, steps


def _walks(_: Any) -> Table:
    """Ladders of x + x: paths, and what backward and the sum over paths visit."""
    rows = []
    for n in (1, 4, 8, 12):
        x = Value(1.0)
        h = x
        for _step in range(n):
            h = h + h
        h.backward()
        total, steps = _by_paths(h)
        rows.append((str(n), str(2**n), x.grad, total, len(tape(h)), steps))
    heads = (same("n"), Words("paths"), Words("gradient"), Words("by paths"),
             Words("visits"), Words("visits by paths"))  # fmt: skip
    return Table(heads, tuple(rows), Words("x doubled n times by h = h + h"), right=4, wrong=5)


topic(
    "paths",
    Words("Must backward walk every path?"),
    Words(
        "The gradient is the sum over all paths, and their number can double with every op. But "
        "paths that meet go on together: backward adds at a node first and then multiplies once, "
        "so it visits each node once. To walk path by path is right as well, and takes for ever.",
    ),
    "",
    (_walks,),
    also=Words(
        "number of paths, sum over paths, exponential, cost of backward, dynamic "
        "programming, complexity"
    ),
)


def _tangents(output: Value) -> Table:
    """Forward mode with one leaf moved at a time, and with all moved at once."""
    leaves = leaves_of(output)
    f, at = as_function(output, leaves), [v.data for v in leaves]

    def along(tangent: list[float]) -> float:
        return float(jvp(f, at, tangent)[1])

    together = along([1.0] * len(leaves))
    rows = [(f"∂L/∂{v.label}", along([float(w is v) for w in leaves]), together,
             differences(output, v)) for v in leaves]  # fmt: skip
    return rivals(rows, Words("one pass, all moved"), Words("a pass for each"))


def _costs(_: Any) -> Table:
    """How many products of local derivatives both modes take for x₁·x₂ + x₂·x₃ + …"""
    rows = []
    for n in (3, 10, 100):
        x = [Value(1.0) for _each in range(n)]
        total = x[0] * x[1]
        for a, b in pairwise(x[1:]):
            total = total + a * b
        arrows = sum(len(v.inputs) for v in tape(total))
        rows.append((str(n), arrows, n * arrows))
    heads = (Words("inputs"), Words("products, backward"), Words("products, forward mode"))
    return Table(heads, tuple(rows))


topic(
    "forward-mode",
    Words("Why backward, and not forward along with the values?"),
    Words(
        "Forward mode carries one derivative along: that for one input, or in one direction. All "
        "inputs need a pass each; all moved at once give only the sum. Backward gives all of them "
        "in one pass, but for one output: it wins where inputs are many and the loss is one "
        "number, forward mode where one number has many outputs.",
    ),
    "c=a*b; L=c*a+b; a=2; b=3",
    (_tangents, _costs),
    also=Words(
        "jvp, reverse mode, forward mode, dual numbers, tangent mode, why backward, "
        "directional derivative"
    ),
)


def _errors(output: Value) -> Table:
    """How far differences of several steps are from the rule, in double and single precision."""
    (x,) = leaves_of(output)
    f = as_function(output, [x])
    (right,) = gradients_of(output, (x,))

    def error(h: float, kind: type[np.floating[Any]], back: float) -> float:
        at = (np.array([x.data + s * h], kind) for s in (1.0, -back))  # an array keeps its kind
        above, below = (f(tensor(side)).raw[0] for side in at)
        return abs(float((above - below) / kind(h + back * h)) - float(right))

    kinds = ((np.float64, 0.0), (np.float64, 1.0), (np.float32, 1.0))
    rows = [(h, *(error(h, *each) for each in kinds)) for h in (0.1, 1e-3, 1e-5, 1e-8, 1e-11)]
    heads = (same("h"), Words("one side"), Words("both sides"), Words("both sides, float32"))
    return Table(heads, tuple(rows), Words("error of the differences"), digits=2, right=2, wrong=3)


topic(
    "check-step",
    Words("Which step h does a gradient check need?"),
    Words(
        "Not the smallest. Too large, and the curve shows: an error of about h on one side, h² on "
        "both. Too small, and the two values differ in their last digits only: ε/h. Both meet near "
        "1e-5 in float64. float32 has 7 digits: at a small h the two values are equal, and the "
        "error is the whole derivative. Check in float64.",
    ),
    "L=x*x*x*x-1/x; x=1.3",
    (_errors,),
    also=Words(
        "gradient check, gradcheck, finite differences, float32, epsilon, step h, "
        "numerical gradient, rounding error, precision"
    ),
)


def _where_sqrt(safe: bool) -> tuple[Value, Value]:
    x = tensor(-1.0, "x", requires_grad=True)
    inside = OPS["where"](x.data > 0, x, 1.0) if safe else x
    return OPS["where"](x.data > 0, OPS["sqrt"](inside), 0.0), x


def _entropy(safe: bool) -> tuple[Value, Value]:
    z = tensor(800.0, "z", requires_grad=True)
    if safe:
        return OPS["binary_cross_entropy_with_logits"](z, 1.0), z
    p = OPS["sigmoid"](z)
    return -(OPS["log"](p) * 1.0 + OPS["log"](1.0 - p) * 0.0), z


def _log_sum(safe: bool) -> tuple[Value, Value]:
    z = tensor([1000.0, 0.0], "z", requires_grad=True)
    return (OPS["logsumexp"](z) if safe else OPS["log"](OPS["exp"](z).sum())), z


def _nans(_: Any) -> Table:
    """The same functions written so that 0 meets ∞, and so that it does not."""
    rows = []
    for said, made in ((same("√x where x > 0, else 0; x = −1"), _where_sqrt),
                       (same("−log σ(z); z = 800"), _entropy),
                       (same("log(exp(z₁) + exp(z₂)); z = 1000, 0"), _log_sum)):  # fmt: skip
        pair = []
        for safe in (True, False):
            output, leaf = made(safe)
            quietly(output.backward)
            pair.append(leaf.grad)
        output, leaf = made(True)
        rows.append((said, *pair, differences(output, leaf)))
    return rivals(rows, Words("written plainly"), Words("written safely"))


topic(
    "nan-where",
    Words("Why is the gradient NaN where the result is a good number?"),
    Words(
        "where computes both sides, and the gradient goes through both: the side not chosen gets "
        "0, and 0 times an infinite or undefined slope is NaN. Put a harmless number in before the "
        "root: sqrt(where(x > 0, x, 1)). 0·∞ hides in y·log(p) and exp of large numbers too: use "
        "losses with logits, and logsumexp.",
    ),
    "",
    (_nans,),
    also=Words(
        "nan, inf, infinity, not a number, 0·∞, torch.where, log of zero, log-sum-exp, "
        "overflow, numerical stability"
    ),
)
