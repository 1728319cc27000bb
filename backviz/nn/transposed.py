"""The transposed convolution as a layer: from small images to large ones.

Invariant: options are checked when the layer is made, the image before it is computed with.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np  # noqa: F401  (the example)

from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn.arguments import HOW, Seed, each_axis, generator, refused, whole
from backviz.nn.layers import WEIGHT_AND_BIAS
from backviz.nn.module import Module
from backviz.nn.parameters import parameter
from backviz.ops import OPS
from backviz.ops.shape import shape_of

Pair = int | tuple[int, int]


class ConvTranspose2d(Module):
    """Spreads every place of an image (batch, channels, height, width) out by the kernel.

    The kernel has the shape (in, out/groups, height, width). An axis of n entries gets
    (n − 1)·stride − 2·padding + dilation·(kernel_size − 1) + output_padding + 1; with
    `forward(x, output_size)` the output_padding follows from the wanted size. `seed`, `init` and
    `bias_init` are as for `Linear`. Raises `InputError` for options that do not fit (an
    output_padding is smaller than the stride) and `ShapeError` for an image with other axes.

    >>> ConvTranspose2d(1, 2, 3, stride=2, seed=0)(np.ones((1, 1, 2, 3))).shape
    (1, 2, 5, 7)
    """

    SYMBOLS: ClassVar[dict[str, str]] = WEIGHT_AND_BIAS

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
        padding_mode: str = "zeros",
        *,
        seed: Seed | None = None,
        init: Any = "standard_uniform",
        bias_init: Any = "zeros",
        **torchs: Any,
    ) -> None:
        who = type(self).__name__
        refused(who, torchs, HOW)
        self.in_channels = whole(who, "in_channels", in_channels)
        self.out_channels = whole(who, "out_channels", out_channels)
        self.kernel_size = each_axis(who, "kernel_size", kernel_size, 2)
        if in_channels % whole(who, "groups", groups) or out_channels % groups:
            raise InputError(
                _(
                    "{who}: {in_channels} and {out_channels} channels cannot be parted into "
                    "{groups} groups; both have to be multiples of it",
                    who=who,
                    in_channels=in_channels,
                    out_channels=out_channels,
                    groups=groups,
                )
            )
        if padding_mode != "zeros":
            raise InputError(_("{who}: the padding_mode is 'zeros', as in torch", who=who))
        self._options: dict[str, Any] = {
            "stride": each_axis(who, "stride", stride, 2),
            "padding": each_axis(who, "padding", padding, 2, 0),
            "output_padding": each_axis(who, "output_padding", output_padding, 2, 0),
            "groups": groups,
            "dilation": each_axis(who, "dilation", dilation, 2),
        }
        self._checked(self._options["output_padding"])
        random = None if seed is None else generator(seed)
        shape = (self.in_channels, self.out_channels // groups, *self.kernel_size)
        self.weight = parameter(init, shape, random)
        self.bias = parameter(bias_init, (self.out_channels,), random) if bias else None

    def _checked(self, more: tuple[int, ...]) -> tuple[int, ...]:
        steps = self._options["stride"]
        if any(not 0 <= m < s for m, s in zip(more, steps, strict=True)):
            raise InputError(
                _(
                    "{who}: the output_padding is 0 or more and smaller than the stride {steps}, "
                    "not {more}",
                    who=type(self).__name__,
                    steps=steps,
                    more=more,
                )
            )
        return more

    def forward(self, x: Any, output_size: Any = None) -> Value:
        """The image (batch, out_channels, height, width), of a wanted height and width."""
        shape, options = shape_of(x), self._options
        if len(shape) != 4 or shape[1] != self.in_channels:
            raise ShapeError(
                _(
                    "{it!r}: the input has the shape {shape}, but the layer takes "
                    "(batch, {channels}, height, width)",
                    it=self,
                    shape=shape,
                    channels=self.in_channels,
                )
            )
        if output_size is not None:
            wanted = each_axis(type(self).__name__, "output_size", output_size, 2)
            least = [
                (n - 1) * s - 2 * p + d * (k - 1) + 1
                for n, k, s, p, d in zip(
                    shape[2:], self.kernel_size, options["stride"], options["padding"],
                    options["dilation"], strict=True,
                )
            ]  # fmt: skip
            more = tuple([w - n for w, n in zip(wanted, least, strict=True)])
            options = {**options, "output_padding": self._checked(more)}
        made: Value = OPS["conv_transpose2d"](x, self.weight, self.bias, **options)
        return made

    def details(self) -> str:
        """Channels, window and what differs from the defaults."""
        plain = {
            "stride": (1, 1), "padding": (0, 0), "output_padding": (0, 0), "groups": 1,
            "dilation": (1, 1),
        }  # fmt: skip
        shown = [f"{k}={v!r}" for k, v in self._options.items() if v != plain[k]]
        shown += [] if self.bias is not None else ["bias=False"]
        head = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        return ", ".join([head, *shown])
