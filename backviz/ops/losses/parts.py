"""What all losses share: the reduction, weights, and a loss made from that of one entry.

Invariant: weights and labels are options, not operands. They are arrays of the call's own,
get no gradient, and their text in a picture is short, however many there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, final

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import Data, as_data
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import constant
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.ops.reduce import mean
from backviz.ops.reduce import sum as sum_op
from backviz.ops.shape import Shape, shape_of, summed_to
from backviz.registry import Registry

REDUCTIONS: Registry[Callable[[Any], Any]] = Registry("reduction")
REDUCTIONS.add("mean", mean)
REDUCTIONS.add("sum", sum_op)
REDUCTIONS.add("none", lambda losses: losses)


@final
class Plain:
    """An array among the options of a call: no operand, so without a gradient; its text is short.

    >>> print(Plain(np.arange(9)), Plain(np.array([0.5, 2.0])), Plain(np.ones((4, 3))))
    [0, 1, ..., 7, 8] [0.5, 2] array (4, 3)
    """

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def beside(self, operand: Any, name: str) -> Any:
        """The numbers to compute with; the option's name where they stand beside a symbol."""
        return constant(name, as_data(self.array), operand)

    def __str__(self) -> str:
        if self.array.ndim > 1:
            return f"array {self.array.shape}"
        words: Any = {"int_kind": str, "float_kind": "{:g}".format}
        return np.array2string(
            self.array, threshold=6, edgeitems=2, separator=", ", formatter=words
        )

    __repr__ = __str__


def weights(op: str, weight: Any, shape: Shape, option: str = "weight") -> Params:
    """Weights as an option keeps them: plain numbers that broadcast to `shape`; none for `None`.

    >>> weights("mse_loss", [1, 2], (3, 2))
    {'weight': [1, 2]}
    """
    if weight is None:
        return {}
    if isinstance(weight, Value) and weight.requires_grad:
        raise TypeError(
            _("the {option} is plain numbers, without a gradient of its own", option=option)
        )
    try:
        array = np.array(data_of(weight), dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            _(
                "{op}: the {option} is an array of numbers, not {weight!r:.40}",
                op=op,
                option=option,
                weight=weight,
            )
        ) from None
    try:
        fits = np.broadcast_shapes(array.shape, shape) == tuple(shape)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            _(
                "{op}: the {option} has the shape {shape}; it must fit {shape2}",
                op=op,
                option=option,
                shape=array.shape,
                shape2=shape,
            )
        )
    return {option: Plain(array)}


def reducing(reduction: Any) -> Params:
    """The option `reduction`, left out if it is the mean; an unknown one is a `UsageError`.

    >>> reducing("mean"), reducing("sum")
    ({}, {'reduction': 'sum'})
    """
    if reduction == "mean":
        return {}
    REDUCTIONS[str(reduction)]
    return {"reduction": reduction}


def reduced(losses: Any, reduction: str, divisor: Any = None) -> Any:
    """Plain losses, reduced; the mean divides by how many there are unless told otherwise."""
    if reduction == "none":
        return losses
    total = np.add.reduce(losses, axis=None)
    if reduction == "sum":
        return total
    return total / (np.size(losses) if divisor is None else divisor)


def operands(op: str, x: Any, target: Any) -> tuple[Any, Any]:
    """The two operands, if their shapes fit."""
    one, other = data_of(x), data_of(target)
    if type(one) is type(other) is np.ndarray and one.shape == other.shape:
        return x, target  # the usual case
    a, b = shape_of(x), shape_of(target)
    if a not in (b, ()) and b != ():
        raise ShapeError(
            _(
                "{op}: the prediction has the shape {a} and the target {b}; reshape one of "
                "them, so that every prediction has its own target",
                op=op,
                a=a,
                b=b,
            )
        )
    return x, target


def share_of(upstream: Any, x: Any, target: Any, reduction: str, divisor: Any = None) -> Any:
    """What of the upstream gradient goes to each entry's loss."""
    if reduction != "mean":
        return upstream
    if divisor is None:
        divisor = max(math.prod(shape_of(x) or shape_of(target)), 1)
    return upstream if divisor == 1 else upstream / divisor


def per_entry(
    name: str,
    entry: Callable[..., Any],
    slopes: tuple[Callable[..., Any], Callable[..., Any]],
    parts: Callable[..., Any],
    *,
    by_weight: bool = False,
    **more: Any,
) -> Structural:
    """A loss from that of one entry: in numpy, its two slopes in ops, and itself in ops.

    `by_weight` says that a weighted mean divides by the weights' sum, not by their number.
    """

    def divisor(x: Any, target: Any, weight: Plain | None) -> Any:
        if weight is None or not by_weight:
            return None
        return np.broadcast_to(weight.array, shape_of(x) or shape_of(target)).sum()

    def forward(
        x: Data, target: Data, reduction: str = "mean", weight: Plain | None = None, **options: Any
    ) -> Any:
        losses = entry(x, target, **options)
        if weight is not None:
            losses = losses * weight.array
        if reduction == "none":
            return np.asarray(losses, np.result_type(x, target))
        return reduced(losses, reduction, divisor(x, target, weight))

    def rule(position: int) -> Callable[..., Any]:
        slope = slopes[position]

        def pull(
            upstream: Any,
            out: Any,
            x: Any,
            target: Any,
            reduction: str = "mean",
            weight: Plain | None = None,
            **options: Any,
        ) -> Any:
            local = slope(x, target, **options)
            if type(upstream) is float and type(x) is type(target) is np.ndarray and weight is None:
                local *= upstream / (x.size or 1) if reduction == "mean" else upstream
                return local  # the plain way: the slope's own array
            if weight is not None:
                local = local * weight.beside(upstream, "weight")
            share = share_of(upstream, x, target, reduction, divisor(x, target, weight))
            return summed_to(share * local, shape_of(target if position else x))

        return pull

    def opened(
        x: Any, target: Any, reduction: str = "mean", weight: Plain | None = None, **options: Any
    ) -> Any:
        losses = parts(x, target, **options)
        if weight is not None:
            losses = losses * as_data(weight.array)
        if reduction == "mean" and (total := divisor(x, target, weight)) is not None:
            return sum_op(losses) / total
        return REDUCTIONS[reduction](losses)

    return structural(name, forward, rule(0), rule(1), parts=opened, **more)
