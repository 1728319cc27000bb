"""Pooling: the largest entry or the mean of every window."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.calls import PICTURE, ROW, Call, floats
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.symbol import part
from backviz.autodiff.table import OPS
from backviz.ops.compare import guard
from backviz.ops.options import but_defaults, literal
from backviz.ops.reduce import mean
from backviz.ops.shape import Shape, broadcast_to, reshape, shape_of
from backviz.ops.windows import Steps, Walk, overlap_add, walk, windows


def _walk(shape: Shape, size: Steps, stride: Steps | None, padding: Steps) -> Walk:
    """The walk of the window over x; a padding is at most half a window, as in torch."""
    over = walk(shape, size, size if stride is None else stride, padding)
    if any(2 * p > k for p, k in zip(over.padding, over.size, strict=True)):
        raise ValueError("the padding is at most half of the size")
    return over


def _max_pool(x: Any, size: Steps, stride: Steps | None = None, padding: Steps = 0) -> Any:
    over = _walk(np.shape(x), size, stride, padding)
    around = over.padded(x, -np.inf)
    largest = np.full((*x.shape[:2], *over.steps), -np.inf, x.dtype)
    for _, falls in over.taps():
        np.maximum(largest, around[falls], out=largest)
    return largest


def _avg_pool(x: Any, size: Steps, stride: Steps | None = None, padding: Steps = 0) -> Any:
    over = _walk(np.shape(x), size, stride, padding)
    around = over.padded(x)
    total = np.zeros((*x.shape[:2], *over.steps), x.dtype)
    for _, falls in over.taps():
        total += around[falls]
    total /= math.prod(over.size)
    return total


def _not_first_largest(x: Any, size: Steps, stride: Steps | None = None, padding: Steps = 0) -> Any:
    over = _walk(np.shape(x), size, stride, padding)
    around, largest = over.padded(x, -np.inf), _max_pool(x, size, stride, padding)
    others = np.empty((*over.size, *largest.shape), x.dtype)
    waiting = np.ones(largest.shape, bool)
    for place, falls in over.taps():
        entries = around[falls]
        first = waiting & ((entries == largest) | (entries != entries))  # noqa: PLR0124  (NaN is largest)
        waiting &= ~first
        others[place] = ~first
    axes = len(over.size)
    return np.moveaxis(others, (axes, axes + 1), (0, 1))


not_first_largest = structural(
    "not_first_largest",
    _not_first_largest,
    None,
    symbol="not max",
    domain="at least one window fits",
    note="0 where an entry is the first largest of its window, else 1.",
    sample=Call((ROW,), {"size": (2,), "stride": (2,)}),
    torch="",
    params=("size", "stride", "padding"),
    public=False,
    method=False,
    written=False,
)


def _one_each(upstream: Any, x: Any, over: Walk) -> Any:
    """The upstream gradient as an array of windows with one entry each."""
    return reshape(upstream, shape=(*shape_of(x)[:2], *(1,) * len(over.size), *over.steps))


def _gather(windows_: Any, over: Walk) -> Any:
    steps = but_defaults(
        stride=(over.stride, (1,) * len(over.size)), padding=(over.padding, (0,) * len(over.size))
    )
    return overlap_add(part("h", windows_), extent=over.extent, **steps)


def _pull_max(
    upstream: Any, out: Any, x: Any, size: Steps, stride: Steps | None = None, padding: Steps = 0
) -> Any:
    over = _walk(shape_of(x), size, stride, padding)
    options = but_defaults(stride=(stride, None), padding=(padding, 0))
    others = not_first_largest(x, size=size, **options)
    return _gather(guard(_one_each(upstream, x, over), others), over)


def _pull_avg(
    upstream: Any, out: Any, x: Any, size: Steps, stride: Steps | None = None, padding: Steps = 0
) -> Any:
    over = _walk(shape_of(x), size, stride, padding)
    share = _one_each(upstream / math.prod(over.size), x, over)
    return _gather(broadcast_to(share, shape=(*shape_of(x)[:2], *over.size, *over.steps)), over)


def _parts(reduced: Callable[..., Any], lowest: bool) -> Callable[..., Any]:
    """All windows, then each reduced to one entry."""

    def parts(x: Any, size: Steps, stride: Steps | None = None, padding: Steps = 0) -> Any:
        over = _walk(shape_of(x), size, stride, padding)
        options = but_defaults(
            stride=(over.stride, 1), padding=(padding, 0), lowest=(lowest, False)
        )
        inside = tuple(range(2, 2 + len(over.size)))
        return reduced(windows(x, size=over.size, **options), axis=inside)

    return parts


def _pooling(
    name: str, axes: int, array: Callable[..., Any], rule: Callable[..., Any], **more: Any
) -> Structural:
    def pool(x: Any, **options: Any) -> Any:
        if np.ndim(x) != axes + 2:
            raise ValueError(f"x needs {axes + 2} axes, those of batch and channels first")
        return array(x, **options)

    return structural(
        name,
        pool,
        rule,
        domain="the window fits into x with its padding",
        params=("size", "stride", "padding"),
        bind=lambda x, size, stride=None, padding=0: (
            (x,),
            {
                "size": literal(size),
                **({} if stride is None else {"stride": literal(stride)}),
                **but_defaults(padding=(literal(padding), 0)),
            },
        ),
        interval=(0.5, 2.0),
        sample=POOLED[axes],
        torch="nn.functional.avg_pool2d" if name == "avg_pool2d" else name,
        torch_options={"size": "kernel_size"},
        written=False,
        **more,
    )


POOLED = {1: Call((ROW,), {"size": 2}), 2: Call((PICTURE,), {"size": 2, "stride": 1})}
_MAX: dict[str, Any] = {
    "symbol": "max pool",
    "note": "The largest entry of every window.",
    "gradient": "Routes the gradient to the largest entry; at a tie to the first, as torch does.",
    # at a tie the parts share the gradient: the largest of all entries has no first
    "parts": _parts(lambda x, axis: OPS["amax"](x, axis=axis), lowest=True),
}
_AVG: dict[str, Any] = {
    "symbol": "avg pool",
    "note": "The mean of every window, zeros of the padding included.",
    "gradient": "Shares the gradient equally among the window's entries.",
    "parts": _parts(mean, lowest=False),
}
max_pool1d = _pooling(
    "max_pool1d", 1, _max_pool, _pull_max, kink=Call((floats([[1, 1]]),), {"size": 2}), **_MAX
)
max_pool2d = _pooling(
    "max_pool2d",
    2,
    _max_pool,
    _pull_max,
    kink=Call((floats([[[1, 1], [0, 0]]]),), {"size": 2}),
    **_MAX,
)
avg_pool1d = _pooling("avg_pool1d", 1, _avg_pool, _pull_avg, **_AVG)
avg_pool2d = _pooling("avg_pool2d", 2, _avg_pool, _pull_avg, **_AVG)
