"""Windows that walk over an array: what convolution and pooling have in common.

Invariant: axes 0 and 1 are batch and channel, windows walk over the axes behind them,
and an array of windows has the axes (batch, channel, *in the window, *step). The ops
here are linear, and of each pair one is the other's transpose.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backviz.autodiff.calls import PICTURE, ROW, Call, floats
from backviz.autodiff.op import Structural, structural
from backviz.language import _
from backviz.ops.options import but_defaults, literal
from backviz.ops.shape import Shape, reshape, shape_of

Steps = int | tuple[int, ...]  # one number for every axis, or one for each


class Walk(NamedTuple):
    """A window of `size` over axes of lengths `extent`; every field has an entry for each.

    `dilation` is the distance between neighbours in the window. With `ceil_mode` the last
    window may lie half outside, as in torch; one that begins behind the array is none.
    """

    extent: Shape
    size: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    ceil_mode: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What differs from the defaults, as options of the ops below."""
        ones = (1,) * len(self.extent)
        return but_defaults(
            stride=(self.stride, ones),
            padding=(self.padding, (0,) * len(ones)),
            dilation=(self.dilation, ones),
        )

    @property
    def spans(self) -> Shape:
        """How much of each axis a window covers."""
        return tuple([d * (k - 1) + 1 for k, d in zip(self.size, self.dilation, strict=True)])

    @property
    def steps(self) -> Shape:
        """How many windows there are along each axis."""
        walked = zip(self.extent, self.spans, self.stride, self.padding, strict=True)
        counts = []
        for n, span, s, p in walked:
            last = n + 2 * p - span  # where the last window may begin, in the padded array
            half = self.ceil_mode and last % s > 0 and (last // s + 1) * s < n + p
            counts.append(last // s + 1 + half)
        return tuple(counts)

    @property
    def lengths(self) -> Shape:
        """The extent with its padding, and with what a last window lies outside."""
        walked = zip(self.extent, self.padding, self.steps, self.stride, self.spans, strict=True)
        return tuple([max(n + 2 * p, (m - 1) * s + span) for n, p, m, s, span in walked])

    @property
    def inside(self) -> Any:
        """Where the array lies in the padded array."""
        ends = zip(self.padding, self.extent, strict=True)
        return (..., *(slice(p, p + n) for p, n in ends))

    def padded(self, x: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """The array with `fill` around it, or itself if there is no padding."""
        if self.lengths == self.extent:
            return x
        around = np.full((*x.shape[:2], *self.lengths), fill, x.dtype)
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
        total = np.zeros((*windows.shape[:2], *self.lengths), windows.dtype)
        by_place = np.moveaxis(windows, (0, 1), (len(self.size), len(self.size) + 1))
        for place, falls in self.taps():
            total[falls] += by_place[place]
        return np.asarray(total[self.inside])


def walk(
    shape: Shape,
    size: Steps,
    stride: Steps = 1,
    padding: Steps = 0,
    dilation: Steps = 1,
    ceil_mode: bool = False,
) -> Walk:
    """The walk over an array of this shape; `ValueError` if no window fits.

    >>> walk((1, 1, 7), size=3, stride=2).steps
    (3,)
    """
    extent = shape[2:]
    size, stride, padding, dilation = (
        for_each_axis(x, len(extent)) for x in (size, stride, padding, dilation)
    )
    made = Walk(extent, size, stride, padding, dilation, bool(ceil_mode))
    if min(made.size + made.stride + made.dilation, default=1) < 1:
        raise ValueError(_("size, stride and dilation are at least 1"))
    if min(made.padding, default=0) < 0:
        raise ValueError(_("the padding is not negative"))
    if min(made.steps, default=1) < 1:
        raise ValueError(
            _(
                "no window that covers {spans} fits into {extent} with its padding",
                spans=made.spans,
                extent=extent,
            )
        )
    return made


def for_each_axis(steps: Steps, count: int) -> Shape:
    """One number for every axis, or one for each, as a tuple."""
    if isinstance(steps, tuple | list):
        if len(steps) != count:
            raise ValueError(
                _("{steps} has {n} entries, not {count}", steps=steps, n=len(steps), count=count)
            )
        return tuple([operator.index(s) for s in steps])
    return (operator.index(steps),) * count


def _back(shape: Shape, extent: Shape, **options: Any) -> Walk:
    """The walk that made windows of this shape; the number of steps tells how it ended."""
    axes = len(extent)
    half = walk((*shape[:2], *extent), shape[2 : 2 + axes], **options, ceil_mode=True)
    for over in (half._replace(ceil_mode=False), half):
        if over.steps == shape[2 + axes :]:
            return over
    raise ValueError(
        _(
            "{shape} windows do not come from a walk over {extent}",
            shape=shape[2 + axes :],
            extent=extent,
        )
    )


def _pull_windows(upstream: Any, out: Any, x: Any, size: Steps, **options: Any) -> Any:
    over = walk(shape_of(x), size, **_of_walk(options))
    return overlap_add(upstream, extent=over.extent, **over.options)


def _pull_overlap_add(upstream: Any, out: Any, x: Any, extent: Shape, **options: Any) -> Any:
    over = _back(shape_of(x), extent, **options)
    ceil = {"ceil_mode": True} if over.ceil_mode else {}
    return windows(upstream, size=over.size, **over.options, **ceil)


def _of_walk(options: dict[str, Any]) -> dict[str, Any]:
    return {name: given for name, given in options.items() if name != "lowest"}


windows: Structural = structural(
    "windows",
    lambda x, size, lowest=False, **options: (
        walk(np.shape(x), size, **options).windows(x, -np.inf if lowest else 0.0).copy()
    ),
    _pull_windows,
    symbol="windows",
    domain="at least one window fits",
    note="Copies the entries under a window at each of its steps; padding is 0, or with `lowest` "
    "−∞.",
    gradient="The gradients of the copies add up.",
    sample=Call((ROW,), {"size": (2,)}),
    torch="",
    params=("size", "stride", "padding", "dilation", "lowest", "ceil_mode"),
    public=False,
    method=False,
    written=False,
)

overlap_add: Structural = structural(
    "overlap_add",
    lambda x, extent, **options: _back(np.shape(x), extent, **options).overlap_add(x),
    _pull_overlap_add,
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

# As torch keeps them: a column for each step, the channels of a window behind each other ----


def _pull_unfold(upstream: Any, out: Any, x: Any, size: Steps, **options: Any) -> Any:
    over, shape = _columns(x, size, options)
    return overlap_add(reshape(upstream, shape=shape), extent=over.extent, **over.options)


def _columns(x: Any, size: Steps, options: Any) -> tuple[Walk, Shape]:
    """The walk over an image, and the shape of its windows."""
    shape = shape_of(x)
    if len(shape) != 4:
        raise ValueError(_("x needs 4 axes: (batch, channels, height, width)"))
    over = walk(shape, size, **options)
    return over, (*shape[:2], *over.size, *over.steps)


def _unfold(x: Any, size: Steps, **options: Any) -> Any:
    over, shape = _columns(x, size, options)
    return over.windows(x).reshape(_of_columns(shape)).copy()


def _of_columns(shape: Shape) -> Shape:
    """The shape of columns, from that of windows."""
    batch, channels, *size, height, width = shape
    return batch, channels * math.prod(size), height * width


def _image(x: Any, extent: Steps, size: Steps, options: Any) -> tuple[Walk, Shape]:
    """The walk over the image that columns make, and the shape of its windows."""
    over = walk((1, 1, *for_each_axis(extent, 2)), size, **options)
    rows, steps, shape = math.prod(over.size), math.prod(over.steps), shape_of(x)
    if len(shape) != 3 or shape[1] % rows or shape[2] != steps:
        raise ValueError(
            _(
                "windows of {size} that walk over {extent} make the shape (batch, "
                "{rows}·channels, {steps})",
                size=over.size,
                extent=over.extent,
                rows=rows,
                steps=steps,
            )
        )
    return over, (shape[0], shape[1] // rows, *over.size, *over.steps)


def _fold(x: Any, extent: Steps, size: Steps, **options: Any) -> Any:
    over, shape = _image(x, extent, size, options)
    return over.overlap_add(np.reshape(x, shape))


def _pull_fold(upstream: Any, out: Any, x: Any, extent: Steps, size: Steps, **options: Any) -> Any:
    over, _other = _image(x, extent, size, options)
    return reshape(windows(upstream, size=over.size, **over.options), shape=shape_of(x))


def _steps(
    size: Any = None,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
    *,
    kernel_size: Any = None,
) -> dict[str, Any]:
    """The options of a walk in torch's order; torch calls the size `kernel_size`."""
    given = kernel_size if size is None else size
    if given is None:
        raise TypeError(_("the size of the window is missing"))
    steps = but_defaults(
        dilation=(literal(dilation), 1),
        padding=(literal(padding), 0),
        stride=(literal(stride), 1),
    )
    return {"size": literal(given), **steps}


def _bind_fold(
    x: Any, extent: Any = None, *steps: Any, output_size: Any = None, **options: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    given = output_size if extent is None else extent
    if given is None:
        raise TypeError(_("the extent, torch's output_size, is missing"))
    return (x,), {"extent": literal(given), **_steps(*steps, **options)}


unfold: Structural = structural(
    "unfold",
    _unfold,
    _pull_unfold,
    domain="at least one window fits",
    note="The entries under a window as a column, for each of its steps: what turns a convolution "
    "into a product of matrices.",
    gradient="The gradients of the copies add up.",
    sample=Call((PICTURE,), {"size": 2}),
    torch="nn.functional.unfold",
    torch_options={"size": "kernel_size"},
    params=("size", "dilation", "padding", "stride"),
    bind=lambda x, *steps, **options: ((x,), _steps(*steps, **options)),
    method=False,  # torch's method of this name takes windows along one axis
    written=False,
)

fold: Structural = structural(
    "fold",
    _fold,
    _pull_fold,
    domain="all numbers",
    note="Puts columns back as windows into an image and adds up where they overlap: the reverse "
    "of unfold.",
    gradient="Each column gets what lies under its window in the gradient.",
    sample=Call((floats([[1, 3], [4, 6], [2, 5], [0, 7]]),), {"extent": (2, 3), "size": 2}),
    torch="nn.functional.fold",
    torch_options={"size": "kernel_size", "extent": "output_size"},
    params=("extent", "size", "dilation", "padding", "stride"),
    bind=_bind_fold,
    interval=(0.5, 2.0),
    method=False,
    written=False,
)
