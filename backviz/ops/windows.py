"""Windows that walk over an array: what convolution and pooling have in common.

Invariant: axes 0 and 1 are batch and channel, windows walk over the axes behind them,
and an array of windows has the axes (batch, channel, *in the window, *step). Both ops
here are linear and each is the other's transpose.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backviz.autodiff.calls import ROW, Call, floats
from backviz.autodiff.op import Structural, structural
from backviz.ops.shape import Shape, shape_of

Steps = int | tuple[int, ...]  # one number for every axis, or one for each


class Walk(NamedTuple):
    """A window of `size` over axes of lengths `extent`; every field has an entry for each.

    `dilation` is the distance between neighbours in the window.
    """

    extent: Shape
    size: Shape
    stride: Shape
    padding: Shape
    dilation: Shape

    @property
    def spans(self) -> Shape:
        """How much of each axis a window covers."""
        return tuple([d * (k - 1) + 1 for k, d in zip(self.size, self.dilation, strict=True)])

    @property
    def steps(self) -> Shape:
        """How many windows there are along each axis."""
        spans = zip(self.extent, self.spans, self.stride, self.padding, strict=True)
        return tuple([(n + 2 * p - span) // s + 1 for n, span, s, p in spans])

    @property
    def inside(self) -> Any:
        """Where the array lies in the padded array."""
        ends = zip(self.padding, self.extent, strict=True)
        return (..., *(slice(p, p + n) for p, n in ends))

    def padded(self, x: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """The array with `fill` around it, or itself if there is no padding."""
        if not any(self.padding):
            return x
        lengths = (n + 2 * p for n, p in zip(self.extent, self.padding, strict=True))
        around = np.full((*x.shape[:2], *lengths), fill, x.dtype)
        around[self.inside] = x
        return around

    def taps(self) -> Iterator[tuple[Shape, Any]]:
        """Each place in the window, and where that place falls in the padded array."""
        walked = list(zip(self.dilation, self.stride, self.steps, strict=True))
        for place in np.ndindex(*self.size):
            falls = (
                slice(k * d, k * d + s * (n - 1) + 1, s)
                for k, (d, s, n) in zip(place, walked, strict=True)
            )
            yield place, (..., *falls)

    def windows(self, x: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """All windows; a view of the padded array."""
        axes = tuple(range(2, x.ndim))
        view = sliding_window_view(self.padded(x, fill), self.spans, axes)
        picked = (slice(None, None, s) for s in (*self.stride, *self.dilation))
        view = view[(slice(None), slice(None), *picked)]
        behind = tuple(range(x.ndim, view.ndim))
        return np.asarray(view.transpose(0, 1, *behind, *axes))

    def overlap_add(self, windows: np.ndarray) -> np.ndarray:
        """The array in which each entry is the sum of its copies in the windows."""
        lengths = (n + 2 * p for n, p in zip(self.extent, self.padding, strict=True))
        total = np.zeros((*windows.shape[:2], *lengths), windows.dtype)
        by_place = np.moveaxis(windows, (0, 1), (len(self.size), len(self.size) + 1))
        for place, falls in self.taps():
            total[falls] += by_place[place]
        return np.asarray(total[self.inside])


def walk(
    shape: Shape, size: Steps, stride: Steps = 1, padding: Steps = 0, dilation: Steps = 1
) -> Walk:
    """The walk over an array of this shape; `ValueError` if no window fits.

    >>> walk((1, 1, 7), size=3, stride=2).steps
    (3,)
    """
    extent = shape[2:]
    each = [_for_each_axis(x, len(extent)) for x in (size, stride, padding, dilation)]
    made = Walk(extent, *each)
    if min(made.size + made.stride + made.dilation, default=1) < 1:
        raise ValueError("size, stride and dilation are at least 1")
    if min(made.padding, default=0) < 0:
        raise ValueError("the padding is not negative")
    if min(made.steps, default=1) < 1:
        raise ValueError(f"no window that covers {made.spans} fits into {extent} with its padding")
    return made


def _for_each_axis(steps: Steps, count: int) -> Shape:
    if isinstance(steps, tuple | list):
        if len(steps) != count:
            raise ValueError(f"{steps} has {len(steps)} entries, not {count}")
        return tuple([operator.index(s) for s in steps])
    return (operator.index(steps),) * count


def _overlap_add(
    x: Any, extent: Shape, stride: Steps = 1, padding: Steps = 0, dilation: Steps = 1
) -> Any:
    return _back(np.shape(x), extent, stride, padding, dilation).overlap_add(x)


def _back(shape: Shape, extent: Shape, *options: Steps) -> Walk:
    """The walk that made windows of this shape."""
    return walk((*shape[:2], *extent), shape[2 : 2 + len(extent)], *options)


windows: Structural = structural(
    "windows",
    lambda x, size, stride=1, padding=0, dilation=1, lowest=False: (
        walk(np.shape(x), size, stride, padding, dilation)
        .windows(x, -np.inf if lowest else 0.0)
        .copy()
    ),
    lambda upstream, out, x, size, stride=1, padding=0, dilation=1, lowest=False: overlap_add(
        upstream, extent=shape_of(x)[2:], stride=stride, padding=padding, dilation=dilation
    ),
    symbol="windows",
    domain="at least one window fits",
    note="Copies the entries under a window at each of its steps; padding is 0, or with `lowest` "
    "−∞.",
    gradient="The gradients of the copies add up.",
    sample=Call((ROW,), {"size": (2,)}),
    torch="",
    params=("size", "stride", "padding", "dilation", "lowest"),
    public=False,
    method=False,
    written=False,
)

overlap_add: Structural = structural(
    "overlap_add",
    _overlap_add,
    lambda upstream, out, x, extent, stride=1, padding=0, dilation=1: windows(
        upstream,
        size=shape_of(x)[2 : 2 + len(extent)],
        stride=stride,
        padding=padding,
        dilation=dilation,
    ),
    symbol="Σ windows",
    domain="all numbers",
    note="Adds up windows where they overlap: the reverse of taking windows.",
    gradient="Each window gets what lies under it in the gradient.",
    sample=Call((floats([[[1, 3, 2], [4, 6, 5]]]),), {"extent": (4,)}),
    torch="",
    params=("extent", "stride", "padding", "dilation"),
    interval=(0.5, 2.0),
    public=False,
    method=False,
    written=False,
)
