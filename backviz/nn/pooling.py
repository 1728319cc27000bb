"""Pooling layers, under torch's names: the largest entry or the mean of every window.

Invariant: a layer checks its options when it is made and the shape of x before it computes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn.arguments import each_axis, whole
from backviz.nn.module import Module
from backviz.ops import OPS
from backviz.ops.shape import shape_of

Sizes = int | tuple[int, ...]


class Pool(Module):
    """What all pooling layers share; a subclass names its op and the axes of a window."""

    OP: ClassVar[str]
    AXES: ClassVar[tuple[str, ...]]

    def _keep(self, kernel_size: Sizes, stride: Sizes | None, padding: Sizes, **more: Any) -> None:
        who, n = type(self).__name__, len(self.AXES)
        window = each_axis(who, "kernel_size", kernel_size, n)
        self._window = window
        self._options = {
            "stride": window if stride is None else each_axis(who, "stride", stride, n),
            "padding": each_axis(who, "padding", padding, n, 0),
            **more,
        }

    def forward(self, x: Any) -> Any:
        """The image of all windows."""
        shape, n = shape_of(x), len(self.AXES)
        if len(shape) != n + 2:
            raise ShapeError(
                _(
                    "{it!r}: the input has the shape {shape}, but the layer takes (batch, "
                    "channels, {list})",
                    it=self,
                    shape=shape,
                    list=", ".join(self.AXES),
                )
            )
        return OPS[self.OP](x, self._window, **self._options)

    def details(self) -> str:
        """The window and what differs from the defaults."""
        plain: dict[str, Any] = {
            "stride": self._window, "padding": (0,) * len(self.AXES),
            "dilation": (1,) * len(self.AXES), "ceil_mode": False, "count_include_pad": True,
            "divisor_override": None,
        }  # fmt: skip
        shown = [f"{k}={_short(v)!r}" for k, v in self._options.items() if v != plain[k]]
        return ", ".join([f"kernel_size={_short(self._window)!r}", *shown])


def _short(sizes: Any) -> Any:
    """One number where all are alike."""
    return sizes[0] if isinstance(sizes, tuple) and len({*sizes}) == 1 else sizes


class _Max(Pool):
    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        who = type(self).__name__
        if return_indices:
            raise InputError(
                _(
                    "{who} takes no option 'return_indices': the gradient needs no positions",
                    who=who,
                )
            )
        spread = each_axis(who, "dilation", dilation, len(self.AXES))
        self._keep(kernel_size, stride, padding, dilation=spread, ceil_mode=bool(ceil_mode))


class MaxPool1d(_Max):
    """The largest entry of every window of signals (batch, channels, length).

    `stride` is the window's size unless given; windows may overlap, be spread out (`dilation`) and
    end half outside (`ceil_mode`). Raises `InputError` for options that do not fit and
    `ShapeError` for another number of axes.

    >>> MaxPool1d(2)([[[1.0, 3.0, 2.0, 4.0]]]).tolist()
    [[[3.0, 4.0]]]
    """

    OP, AXES = "max_pool1d", ("length",)


class MaxPool2d(_Max):
    """The largest entry of every window of images (batch, channels, height, width).

    Options and errors are those of `MaxPool1d`, with one number or one for each axis.

    >>> MaxPool2d(2)([[[[1.0, 3.0], [2.0, 4.0]]]]).tolist()
    [[[[4.0]]]]
    """

    OP, AXES = "max_pool2d", ("height", "width")


class AvgPool1d(Pool):
    """The mean of every window of signals (batch, channels, length).

    Zeros of the padding count, unless `count_include_pad=False`. Raises `InputError` for options
    that do not fit and `ShapeError` for another number of axes.

    >>> AvgPool1d(2)([[[1.0, 3.0, 2.0, 4.0]]]).tolist()
    [[[2.0, 3.0]]]
    """

    OP, AXES = "avg_pool1d", ("length",)

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        flags = {"ceil_mode": bool(ceil_mode), "count_include_pad": bool(count_include_pad)}
        self._keep(kernel_size, stride, padding, **flags)


class AvgPool2d(Pool):
    """The mean of every window of images (batch, channels, height, width).

    Options and errors are those of `AvgPool1d`; `divisor_override` divides by another number than
    that of the window's entries.

    >>> AvgPool2d(2)([[[[1.0, 3.0], [2.0, 4.0]]]]).tolist()
    [[[[2.5]]]]
    """

    OP, AXES = "avg_pool2d", ("height", "width")

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        if divisor_override is not None:
            whole("AvgPool2d", "divisor_override", divisor_override)
        flags = {"ceil_mode": bool(ceil_mode), "count_include_pad": bool(count_include_pad)}
        self._keep(kernel_size, stride, padding, **flags, divisor_override=divisor_override)
