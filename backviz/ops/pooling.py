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
from backviz.language import _
from backviz.ops.compare import guard
from backviz.ops.options import literal
from backviz.ops.reduce import mean
from backviz.ops.reduce import sum as sum_op
from backviz.ops.shape import Bound, broadcast_to, reshape, shape_of
from backviz.ops.windows import Steps, Walk, overlap_add, walk, windows


def _walk(x: Any, size: Steps, stride: Steps | None = None, **options: Any) -> Walk:
    """The walk of the window over x; a padding is at most half a window, as in torch."""
    over = walk(shape_of(x), size, size if stride is None else stride, **options)
    if any(2 * p > span for p, span in zip(over.padding, over.spans, strict=True)):
        raise ValueError(_("the padding is at most half of the size"))
    return over


def _max_pool(x: Any, **options: Any) -> Any:
    over = _walk(x, **options)
    around = over.padded(x, -np.inf)
    largest = np.full((*x.shape[:2], *over.steps), -np.inf, x.dtype)
    for _other, falls in over.taps():
        np.maximum(largest, around[falls], out=largest)
    return largest


def _means(x: Any, options: dict[str, Any]) -> tuple[Walk, Any]:
    """The walk of an average, and by what it divides: a number, or one for each window."""
    walked = dict(options)
    inside = not walked.pop("count_include_pad", True)
    divisor = walked.pop("divisor_override", None)
    over = _walk(x, **walked)
    if divisor is not None:
        return over, divisor
    if not over.ceil_mode and not (inside and any(over.padding)):
        return over, math.prod(over.size)
    counts: Any = 1.0
    for axis in zip(over.extent, over.size, over.stride, over.padding, over.steps, strict=True):
        counts = np.multiply.outer(counts, _covered(*axis, inside=inside))
    return over, counts.astype(getattr(x, "dtype", float))


def _covered(n: int, size: int, stride: int, padding: int, steps: int, inside: bool) -> np.ndarray:
    """Along one axis, how many entries each window has: those of x, or of its padding as well."""
    starts = np.arange(steps) * stride - padding
    low, high = (0, n) if inside else (-padding, n + padding)
    return np.asarray(np.clip(starts + size, low, high) - np.clip(starts, low, high), float)


def _avg_pool(x: Any, **options: Any) -> Any:
    over, divisor = _means(x, options)
    around = over.padded(x)
    total = np.zeros((*x.shape[:2], *over.steps), x.dtype)
    for _other, falls in over.taps():
        total += around[falls]
    total /= divisor
    return total


def _not_first_largest(x: Any, **options: Any) -> Any:
    over = _walk(x, **options)
    around, largest = over.padded(x, -np.inf), _max_pool(x, **options)
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
    params=("size", "stride", "padding", "dilation", "ceil_mode"),
    public=False,
    method=False,
    written=False,
)


def _one_each(upstream: Any, x: Any, over: Walk) -> Any:
    """The upstream gradient as an array of windows with one entry each."""
    return reshape(upstream, shape=(*shape_of(x)[:2], *(1,) * len(over.size), *over.steps))


def _gather(windows_: Any, over: Walk) -> Any:
    return overlap_add(part("h", windows_), extent=over.extent, **over.options)


def _pull_max(upstream: Any, out: Any, x: Any, **options: Any) -> Any:
    over = _walk(x, **options)
    others = not_first_largest(x, **options)
    return _gather(guard(_one_each(upstream, x, over), others), over)


def _pull_avg(upstream: Any, out: Any, x: Any, **options: Any) -> Any:
    over, divisor = _means(x, options)
    share = _one_each(upstream / divisor, x, over)
    return _gather(broadcast_to(share, shape=(*shape_of(x)[:2], *over.size, *over.steps)), over)


def _windows(x: Any, over: Walk, **more: Any) -> Any:
    ceil = {"ceil_mode": True} if over.ceil_mode else {}
    return windows(x, size=over.size, **over.options, **more, **ceil)


def _inside(over: Walk) -> tuple[int, ...]:
    return tuple(range(2, 2 + len(over.size)))


def _max_parts(x: Any, **options: Any) -> Any:
    """All windows, then each reduced to its largest entry.

    At a tie they share the gradient: the largest of all entries has no first.
    """
    over = _walk(x, **options)
    return OPS["amax"](_windows(x, over, lowest=True), axis=_inside(over))


def _avg_parts(x: Any, **options: Any) -> Any:
    over, divisor = _means(x, options)
    taken = _windows(x, over)
    if isinstance(divisor, int) and divisor == math.prod(over.size):
        return mean(taken, axis=_inside(over))
    return sum_op(taken, axis=_inside(over)) / divisor


# The rows ----------------------------------------------------------------------------

_USUAL = {"padding": 0, "dilation": 1, "ceil_mode": False, "count_include_pad": True,
          "divisor_override": None}  # fmt: skip


def _bind(
    x: Any, size: Any = None, stride: Any = None, kernel_size: Any = None, **options: Any
) -> Bound:
    """The options that differ from the usual ones; torch calls the size `kernel_size`."""
    given = kernel_size if size is None else size
    if given is None:
        raise TypeError(_("the size of the window is missing"))
    kept = {"size": literal(given)}
    if stride not in (None, ()):
        kept["stride"] = literal(stride)
    for name, each in options.items():
        plain = bool(each) if name in ("ceil_mode", "count_include_pad") else each
        plain = literal(plain) if name in ("padding", "dilation") else plain
        if plain != _USUAL[name]:
            kept[name] = 0 if plain is False else plain  # False would not be shown
    divisor = kept.get("divisor_override", 1)
    if not isinstance(divisor, int | np.integer) or not divisor:
        raise ValueError(_("divisor_override is a whole number and not 0"))
    return (x,), kept


def _pooling(
    name: str,
    axes: int,
    options: tuple[str, ...],
    array: Callable[..., Any],
    rule: Callable[..., Any],
    **more: Any,
) -> Structural:
    params = ("size", "stride", *options)

    def pool(x: Any, **options: Any) -> Any:
        if np.ndim(x) != axes + 2:
            raise ValueError(_("x needs {n} axes, those of batch and channels first", n=axes + 2))
        return array(x, **options)

    def bind(x: Any, *given: Any, **named: Any) -> Bound:
        if len(given) > len(params):
            raise TypeError(_("there are the options {list}", list=", ".join(params)))
        in_order = dict(zip(params, given, strict=False))
        for option in named:
            if option in in_order or option not in (*params, "kernel_size"):
                raise TypeError(
                    _(
                        "there is no option {option!r} here; there is {list}",
                        option=option,
                        list=", ".join(params),
                    )
                )
        return _bind(x, **in_order, **named)

    return structural(
        name,
        pool,
        rule,
        domain="the window fits into x with its padding",
        params=params,
        bind=bind,
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
    "parts": _max_parts,
}
_AVG: dict[str, Any] = {
    "symbol": "avg pool",
    "note": "The mean of every window, zeros of the padding included unless "
    "`count_include_pad=False`.",
    "gradient": "Shares the gradient equally among the window's entries.",
    "parts": _avg_parts,
}
_MAX_OPTIONS = ("padding", "dilation", "ceil_mode")
_AVG_OPTIONS = ("padding", "ceil_mode", "count_include_pad")
max_pool1d = _pooling(
    "max_pool1d", 1, _MAX_OPTIONS, _max_pool, _pull_max,
    kink=Call((floats([[1, 1]]),), {"size": 2}), **_MAX,
)  # fmt: skip
max_pool2d = _pooling(
    "max_pool2d", 2, _MAX_OPTIONS, _max_pool, _pull_max,
    kink=Call((floats([[[1, 1], [0, 0]]]),), {"size": 2}), **_MAX,
)  # fmt: skip
avg_pool1d = _pooling("avg_pool1d", 1, _AVG_OPTIONS, _avg_pool, _pull_avg, **_AVG)
avg_pool2d = _pooling(
    "avg_pool2d", 2, (*_AVG_OPTIONS, "divisor_override"), _avg_pool, _pull_avg, **_AVG
)
