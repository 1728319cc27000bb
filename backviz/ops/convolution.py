"""Convolution, as in torch: the kernel is not turned round (cross-correlation).

Invariant: a convolution is a sum of products x·kernel·upstream, linear in each of the
three. So there are three ops, each linear in two of them, and the gradients of each are
the other two: derivatives of any order stay among them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.calls import PICTURE, ROW, Call, floats
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Structural, structural
from backviz.errors import InputError
from backviz.language import _
from backviz.ops.linalg import matmul
from backviz.ops.options import but_defaults, literal
from backviz.ops.reduce import sum  # noqa: A004
from backviz.ops.shape import Shape, reshape, shape_of
from backviz.ops.windows import Steps, Walk, for_each_axis, walk, windows
from backviz.registry import unknown


def _walk(
    x: Shape, kernel: Shape, stride: Steps, padding: Steps, dilation: Steps, groups: int
) -> Walk:
    """The walk of the kernel over x, once the shapes fit."""
    if len(kernel) != len(x) or len(x) < 3:
        raise ValueError(_("x has the shape (batch, channels, …), the kernel (out, in, …)"))
    if groups < 1 or kernel[0] % groups or x[1] != kernel[1] * groups:
        raise ValueError(
            _(
                "{x} channels in {groups} groups do not fit a kernel of shape {kernel}",
                x=x[1],
                groups=groups,
                kernel=kernel,
            )
        )
    return walk(x, kernel[2:], stride, padding, dilation)


def _by_group(kernel: np.ndarray, groups: int) -> np.ndarray:
    """The kernel as a matrix (out, in · window) for each group."""
    out, *inner = kernel.shape
    return kernel.reshape(groups, out // groups, math.prod(inner))


def _steps_by_group(y: np.ndarray, groups: int) -> np.ndarray:
    """A result as a matrix (out, step) for each entry of the batch and group."""
    batch, out, *steps = y.shape
    return y.reshape(batch, groups, out // groups, math.prod(steps))


def _columns(x: np.ndarray, over: Walk, groups: int) -> np.ndarray:
    """The windows as a matrix (in · window, step) for each entry of the batch and group."""
    batch, channels = x.shape[:2]
    rows = channels // groups * math.prod(over.size)
    return over.windows(x).reshape(batch, groups, rows, math.prod(over.steps))


def _convolve(
    x: Any,
    kernel: Any,
    bias: Any = None,
    stride: Steps = 1,
    padding: Steps = 0,
    dilation: Steps = 1,
    groups: int = 1,
) -> Any:
    over = _walk(np.shape(x), np.shape(kernel), stride, padding, dilation, groups)
    made = np.matmul(_by_group(kernel, groups), _columns(x, over, groups))
    made = made.reshape(len(x), len(kernel), *over.steps)
    if bias is None:
        return made
    if np.shape(bias) != kernel.shape[:1]:
        raise ValueError(_("the bias needs the shape {shape}", shape=kernel.shape[:1]))
    return made + bias.reshape(_along_channels(made.shape))


def _along_channels(shape: Shape) -> Shape:
    return (-1,) + (1,) * (len(shape) - 2)


def _to_input(
    upstream: Any,
    kernel: Any,
    extent: Shape,
    stride: Steps = 1,
    padding: Steps = 0,
    dilation: Steps = 1,
    groups: int = 1,
) -> Any:
    shape = (len(upstream), kernel.shape[1] * groups, *extent)
    over = _walk(shape, np.shape(kernel), stride, padding, dilation, groups)
    columns = np.matmul(_by_group(kernel, groups).swapaxes(1, 2), _steps_by_group(upstream, groups))
    return over.overlap_add(columns.reshape(*shape[:2], *over.size, *over.steps))


def _to_kernel(
    x: Any,
    upstream: Any,
    size: Shape,
    stride: Steps = 1,
    padding: Steps = 0,
    dilation: Steps = 1,
    groups: int = 1,
) -> Any:
    shape = (upstream.shape[1], x.shape[1] // groups, *size)
    over = _walk(np.shape(x), shape, stride, padding, dilation, groups)
    columns = _columns(x, over, groups).swapaxes(2, 3)
    return np.matmul(_steps_by_group(upstream, groups), columns).sum(axis=0).reshape(shape)


def _pull_convolve(
    upstream: Any, out: Any, x: Any, kernel: Any, bias: Any = None, *, position: int, **options: Any
) -> Any:
    if position == 0:
        return conv_to_input(upstream, kernel, extent=shape_of(x)[2:], **options)
    if position == 1:
        return conv_to_kernel(x, upstream, size=shape_of(kernel)[2:], **options)
    return sum(upstream, axis=(0, *range(2, len(shape_of(upstream)))))


def _again(x: Any, kernel: Any, **options: Any) -> Any:
    """The convolution itself, for as many axes as the operands have."""
    return (conv1d if len(shape_of(x)) == 3 else conv2d)(x, kernel, **options)


def _parts(
    x: Any,
    kernel: Any,
    bias: Any = None,
    stride: Steps = 1,
    padding: Steps = 0,
    dilation: Steps = 1,
    groups: int = 1,
) -> Any:
    """The windows as columns of a matrix, which the kernel multiplies."""
    batch, (outs, *inner) = shape_of(x)[0], shape_of(kernel)
    over = _walk(shape_of(x), shape_of(kernel), stride, padding, dilation, groups)
    taken = windows(x, size=over.size, stride=stride, padding=padding, dilation=dilation)
    rows, steps = math.prod(inner), math.prod(over.steps)
    columns = reshape(taken, shape=(batch, groups, rows, steps))
    made = matmul(reshape(kernel, shape=(groups, outs // groups, rows)), columns)
    made = reshape(made, shape=(batch, outs, *over.steps))
    return made if bias is None else made + reshape(bias, shape=_along_channels(shape_of(made)))


def _bind(
    x: Any,
    kernel: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
) -> Any:
    if isinstance(padding, str):
        padding = _padding(padding, shape_of(kernel)[2:], stride, dilation)
    options = but_defaults(
        stride=(literal(stride), 1),
        padding=(literal(padding), 0),
        dilation=(literal(dilation), 1),
        groups=(literal(groups), 1),
    )
    return ((x, kernel) if bias is None else (x, kernel, bias)), options


def _padding(word: str, kernel: Shape, stride: Any, dilation: Any) -> Any:
    """torch's words for the padding: "valid" is none, "same" as much as keeps the size."""
    if word == "valid":
        return 0
    if word != "same":
        raise InputError(unknown("padding", word, ["valid", "same"]))
    steps = np.broadcast_to(np.asarray(dilation), len(kernel))
    more = [int(d) * (n - 1) for d, n in zip(steps, kernel, strict=True)]
    if np.any(np.asarray(stride) != 1) or any(n % 2 for n in more):
        raise InputError(
            _(
                "padding='same' goes with stride 1 and a kernel of odd size; pad x with "
                "np.pad, or give the numbers"
            )
        )
    return tuple([n // 2 for n in more])


KERNEL = floats([[[1, 0], [0, -1]]])


def _convolution(name: str, axes: int, operands: str) -> Structural:
    def convolve(x: Any, kernel: Any, bias: Any = None, **options: Any) -> Any:
        if np.ndim(x) != axes + 2:
            raise ValueError(_("x needs {n} axes: {operands}", n=axes + 2, operands=operands))
        return _convolve(x, kernel, bias, **options)

    return structural(
        name,
        convolve,
        _pull_convolve,
        arity=0,
        variadic=True,
        notation=Notation(f"{name}({{}})"),
        symbol="conv",
        domain="the kernel fits into x with its padding",
        note=f"Lays the kernel on every place of x, {operands}, and adds up the products; a kernel "
        "has the shape (out, in, …).",
        gradient="The gradient of x is the upstream gradient spread out by the kernel, that of the "
        "kernel adds up from all places where it lay.",
        sample=Call((PICTURE, KERNEL) if axes == 2 else (ROW, floats([[1, -1]]))),
        torch=name,
        params=_OPTIONS,
        interval=(0.5, 2.0),
        bind=_bind,
        parts=_parts,
        written=False,
    )


_OPTIONS = ("stride", "padding", "dilation", "groups")
conv1d = _convolution("conv1d", 1, "(batch, channels, length)")
conv2d = _convolution("conv2d", 2, "(batch, channels, height, width)")

conv_to_input: Structural = structural(
    "conv_to_input",
    _to_input,
    lambda upstream, out, given, kernel, extent=(), **options: _again(upstream, kernel, **options),
    lambda upstream, out, given, kernel, extent=(), **options: conv_to_kernel(
        upstream, given, size=shape_of(kernel)[2:], **options
    ),
    symbol="convᵀ",
    domain="all numbers",
    note="What a convolution hands back to its input: each entry, spread out by the kernel.",
    gradient="The gradient goes back through the convolution itself.",
    sample=Call((floats([[1, 3, 2]]), floats([[1, -1]])), {"extent": (4,)}),
    torch="",
    params=("extent", *_OPTIONS),
    interval=(0.5, 2.0),
    public=False,
    method=False,
    written=False,
)

conv_to_kernel: Structural = structural(
    "conv_to_kernel",
    _to_kernel,
    lambda upstream, out, x, given, size=(), **options: conv_to_input(
        given, upstream, extent=shape_of(x)[2:], **options
    ),
    lambda upstream, out, x, given, size=(), **options: _again(x, upstream, **options),
    symbol="conv′",
    domain="all numbers",
    note="What a convolution hands back to its kernel: what lay under it, weighted and added up.",
    gradient="The gradient goes back as a kernel that is laid over the same places.",
    sample=Call((ROW, floats([[1, 3, 2]])), {"size": (2,)}),
    torch="",
    params=("size", *_OPTIONS),
    interval=(0.5, 2.0),
    public=False,
    method=False,
    written=False,
)

# Transposed: from what a convolution makes to what it is made of ---------------------------


def _wider(
    x: Any, kernel: Any, bias: Any, output_padding: Steps = 0, **options: Any
) -> dict[str, Any]:
    """The options of the convolution whose input the result is, with its extent."""
    shape, (channels, outs, *size) = shape_of(x), shape_of(kernel)
    if shape[1] != channels:
        raise ValueError(
            _(
                "the kernel is (in, out/groups, …); it has {channels} in, x {shape}",
                channels=channels,
                shape=shape[1],
            )
        )
    if bias is not None and shape_of(bias) != (outs * options.get("groups", 1),):
        raise ValueError(_("the bias needs the shape {x}", x=(outs * options.get("groups", 1),)))
    steps = {"stride": 1, "padding": 0, "dilation": 1, **options}
    stride, padding, dilation, more = (
        for_each_axis(n, len(size))
        for n in (steps["stride"], steps["padding"], steps["dilation"], output_padding)
    )
    if any(not 0 <= m < s for m, s in zip(more, stride, strict=True)):
        raise ValueError(_("the output_padding is smaller than the stride"))
    walked = zip(shape[2:], size, stride, padding, dilation, more, strict=True)
    extent = tuple([(n - 1) * s - 2 * p + d * (k - 1) + m + 1 for n, k, s, p, d, m in walked])
    return {"extent": extent, **options}


def _pull_transposed(
    upstream: Any,
    out: Any,
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    position: int,
    output_padding: Steps = 0,
    **options: Any,
) -> Any:
    if position == 0:
        return _again(upstream, kernel, **options)
    if position == 1:
        return conv_to_kernel(upstream, x, size=shape_of(kernel)[2:], **options)
    return sum(upstream, axis=(0, *range(2, len(shape_of(upstream)))))


def _transposed_parts(x: Any, kernel: Any, bias: Any = None, **options: Any) -> Any:
    made = conv_to_input(x, kernel, **_wider(x, kernel, bias, **options))
    return made if bias is None else made + reshape(bias, shape=_along_channels(shape_of(made)))


def _bind_transposed(
    x: Any,
    kernel: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: Any = 1,
    dilation: Any = 1,
) -> Any:
    options = but_defaults(
        stride=(literal(stride), 1),
        padding=(literal(padding), 0),
        output_padding=(literal(output_padding), 0),
        groups=(literal(groups), 1),
        dilation=(literal(dilation), 1),
    )
    return ((x, kernel) if bias is None else (x, kernel, bias)), options


def _transposed(name: str, axes: int, operands: str) -> Structural:
    def spread(x: Any, kernel: Any, bias: Any = None, **options: Any) -> Any:
        if np.ndim(x) != axes + 2 or np.ndim(kernel) != axes + 2:
            raise ValueError(
                _(
                    "x needs {n} axes: {operands}; and the kernel as many",
                    n=axes + 2,
                    operands=operands,
                )
            )
        made = _to_input(x, kernel, **_wider(x, kernel, bias, **options))
        if not made.size and np.size(x) and np.size(kernel):
            raise ValueError(_("the padding takes away all that the kernel covers"))
        return made if bias is None else made + bias.reshape(_along_channels(made.shape))

    return structural(
        name,
        spread,
        _pull_transposed,
        arity=0,
        variadic=True,
        notation=Notation(f"{name}({{}})"),
        symbol="convᵀ",
        domain="the kernel covers more than the padding takes away",
        note=f"Spreads every entry of x, {operands}, out by the kernel and adds up where they "
        "overlap, as a convolution does on its way back; a kernel has the shape (in, out, …).",
        gradient="The gradient of x is the convolution of the upstream gradient, that of the "
        "kernel adds up from all places where it lay.",
        sample=Call((PICTURE, KERNEL) if axes == 2 else (ROW, floats([[1, -1]]))),
        torch=name,
        params=("stride", "padding", "output_padding", "groups", "dilation"),
        interval=(0.5, 2.0),
        bind=_bind_transposed,
        parts=_transposed_parts,
        written=False,
    )


conv_transpose1d = _transposed("conv_transpose1d", 1, "(batch, channels, length)")
conv_transpose2d = _transposed("conv_transpose2d", 2, "(batch, channels, height, width)")
