"""Backward passes that know one rule wrong, or leave one arrow out.

Invariant: what an engine does not name it computes as the right one does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.op import Op
from backviz.autodiff.tape import tape
from backviz.autodiff.value import Value
from backviz.lessons.broken import BREAKS, Break, Gradients, Parts, pulled, walk
from backviz.words import Words

Rule = Callable[[Value, Any], Any]  # a node and what arrives there; what its first input gets
Concerns = Callable[[Op], bool]


def ruled(concerns: Concerns, wrong: Rule) -> Callable[[Value], tuple[Value, Gradients]]:
    """An engine that has a wrong rule for the first input of the ops that it concerns.

    >>> a = Value(3.0)
    >>> broken = ruled(lambda op: op.name == "tanh", lambda node, upstream: upstream)
    >>> broken(a.tanh())[1][a.serial]
    1.0
    """

    def run(output: Value) -> tuple[Value, Gradients]:
        def parts(node: Value, upstream: Any) -> Parts:
            right = pulled(node, upstream)
            if node.op is None or not concerns(node.op) or not node.inputs[0].requires_grad:
                yield from right
                return
            yield node.inputs[0], wrong(node, upstream)
            yield from right[1:]

        return output, walk(output, parts)

    return run


def forgetful(output: Value) -> tuple[Value, Gradients]:
    """Local derivatives alone: what arrives from above is left out at every node."""

    def parts(node: Value, upstream: Any) -> Parts:
        return pulled(node, np.ones(node.shape) if node.shape else 1.0)  # right: upstream

    return output, walk(output, parts)


def without_skip(output: Value) -> tuple[Value, Gradients]:
    """A sum x + F(x) hands its gradient to F alone: the way around F is left out."""

    def parts(node: Value, upstream: Any) -> Parts:
        for operand, part in pulled(node, upstream):
            others = [v for v in node.inputs if v is not operand]
            around = node.op is not None and node.op.name == "add" and any(
                v is operand for other in others for v in tape(other)
            )  # fmt: skip
            if not around:  # right: both get it
                yield operand, part

    return output, walk(output, parts)


def _all_largest(node: Value, upstream: Any) -> Any:
    """Everything to each of the largest; right: shared among them."""
    x, axis = node.inputs[0].data, node.params.get("axis")
    largest = x == np.max(x, axis=axis, keepdims=True)
    if axis is not None and not node.params.get("keepdims"):
        upstream = np.expand_dims(upstream, axis)
    return upstream * largest


def _constant_statistics(node: Value, upstream: Any) -> Any:
    """Mean and variance of the batch as if they were constants; right: they depend on x."""
    assert node.op is not None
    args = [v.data for v in node.inputs]
    others = (0, *range(2, np.ndim(args[0])))
    known = {"mean": tuple(np.mean(args[0], others)), "var": tuple(np.var(args[0], others))}
    rule = node.op.rule(0)
    assert rule is not None
    return rule(upstream, node.data, *args, **{**known, **node.params})


def _named(*names: str) -> Concerns:
    return lambda op: op.name in names


def _flattens(op: Op) -> bool:
    return op.is_function and len(op.saturates) == 2


for _row in (
    Break(
        "no-upstream",
        Words("the broken engine takes local derivatives alone, without what arrives from above"),
        forgetful,
    ),
    Break(
        "sigmoid-quarter",
        Words("the broken engine takes 1/4 for the slope of every sigmoid"),
        ruled(_named("sigmoid"), lambda node, upstream: upstream * 0.25),  # right: p(1 − p)
    ),
    Break(
        "no-slope",
        Words("the broken engine leaves out the slope of sigmoid and tanh"),
        ruled(_flattens, lambda node, upstream: upstream),  # right: times the slope
    ),
    Break(
        "softmax-diagonal",
        Words("the broken engine takes p(1 − p) for softmax, as if each p had its own z only"),
        ruled(_named("softmax"), lambda node, upstream: upstream * node.data * (1 - node.data)),
    ),
    Break(
        "ties",
        Words("the broken engine gives the whole gradient to each of the largest entries"),
        ruled(_named("amax"), _all_largest),
    ),
    Break(
        "skip-lost",
        Words("the broken engine hands the gradient of x + F(x) to F alone"),
        without_skip,
    ),
    Break(
        "batch-constants",
        Words("the broken engine takes mean and variance of the batch for constants"),
        ruled(_named("batch_norm"), _constant_statistics),
    ),
):
    BREAKS.add(_row.name, _row)
