"""Layers with weights, and what stands between them.

Invariant: each layer names itself and both shapes when an input does not fit, before it
computes anything. A matrix of weights is (in, out), so that a layer reads x @ W + b and
W[i, j] leads from input i to unit j; torch keeps the transpose (`nn.exchange`).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn.arguments import Seed, each_axis, generator, streams, whole, within
from backviz.nn.module import Module
from backviz.nn.parameters import parameter
from backviz.ops import OPS
from backviz.ops.shape import shape_of
from backviz.registry import unknown

Shape = tuple[int, ...]
CONTINUED = ("zeros", "reflect", "replicate", "circular")
WEIGHT_AND_BIAS = {"weight": "W", "bias": "b"}


class Linear(Module):
    """x @ W + b for x of shape (…, n_in); W has the shape (n_in, n_out), b (n_out,).

    `init` and `bias_init` are names of initializers, functions `f(shape, seed=…)` or the
    numbers themselves. Unlike in torch the bias starts at 0. Raises `InputError` without a
    seed where the initializer is random, and `ShapeError` for an input of another width.

    >>> layer = Linear(2, 1, init=[[1.0], [2.0]])
    >>> layer([[1.0, 1.0]])
    Value([[3.]], op='linear', grad=None)
    >>> layer([1.0, 1.0, 1.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    backviz.errors.ShapeError: Linear(2, 1): the input has the shape (3,), but W has (2, 1): the...
    """

    SYMBOLS: ClassVar[dict[str, str]] = WEIGHT_AND_BIAS
    TURNED: ClassVar[tuple[str, ...]] = ("weight",)

    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        *,
        seed: Seed | None = None,
        init: Any = "standard_uniform",
        bias_init: Any = "zeros",
    ) -> None:
        self.n_in, self.n_out = whole("Linear", "n_in", n_in), whole("Linear", "n_out", n_out)
        random = None if seed is None else generator(seed)
        self.weight = parameter(init, (self.n_in, self.n_out), random)
        self.bias = parameter(bias_init, (self.n_out,), random) if bias else None

    def forward(self, x: Any) -> Value:
        """x @ W + b; the last axis of x goes from n_in to n_out."""
        shape = shape_of(x)
        if shape[-1:] != (self.n_in,):
            said = _("a number has no axis; the last one needs {n} entries", n=self.n_in)
            if shape:
                said = _("the last axis needs {n} entries, not {m}", n=self.n_in, m=shape[-1])
            raise _misfit(self, shape, self.weight, said)
        made: Value = OPS["linear"](x, self.weight, self.bias)
        return made

    def details(self) -> str:
        """The widths."""
        return f"{self.n_in}, {self.n_out}" + ("" if self.bias is not None else ", bias=False")


class Conv2d(Module):
    """A kernel laid on every place of an image (batch, channels, height, width), as in torch.

    The kernel has the shape (out, in/groups, height, width) and is not turned round.
    `kernel_size`, `stride`, `padding` and `dilation` are one number or one for each axis.
    `padding` may also be "valid" (none) or "same" (as large as the input; stride 1 only), and
    `padding_mode` says what is put there: zeros, or numbers of the image ("reflect",
    "replicate", "circular"). `seed`, `init` and `bias_init` are as for `Linear`. Raises
    `ShapeError` for an image with other axes, or too small to be continued.

    >>> Conv2d(1, 2, 3, padding=1, seed=0)(np.ones((1, 1, 4, 5))).shape
    (1, 2, 4, 5)
    """

    SYMBOLS: ClassVar[dict[str, str]] = WEIGHT_AND_BIAS

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        seed: Seed | None = None,
        init: Any = "standard_uniform",
        bias_init: Any = "zeros",
    ) -> None:
        self.in_channels = whole("Conv2d", "in_channels", in_channels)
        self.out_channels = whole("Conv2d", "out_channels", out_channels)
        self.kernel_size = each_axis("Conv2d", "kernel_size", kernel_size, 2)
        groups = whole("Conv2d", "groups", groups)
        if in_channels % groups or out_channels % groups:
            raise InputError(
                _(
                    "Conv2d: {in_channels} and {out_channels} channels cannot be parted into "
                    "{groups} groups; both have to be multiples of it",
                    in_channels=in_channels,
                    out_channels=out_channels,
                    groups=groups,
                )
            )
        if padding_mode not in CONTINUED:
            what = _("{what} of {name}", what="padding_mode", name="Conv2d")
            raise InputError(unknown(what, str(padding_mode), CONTINUED))
        strides = each_axis("Conv2d", "stride", stride, 2)
        spread = each_axis("Conv2d", "dilation", dilation, 2)
        self._mode = padding_mode
        words = isinstance(padding, str)
        self._padding: Any = padding if words else each_axis("Conv2d", "padding", padding, 2, 0)
        ends = _ends(self._padding, self.kernel_size, strides, spread)
        # the op puts as many zeros in front as behind; all else is put around before
        even = tuple([a for a, _other in ends]) if padding_mode == "zeros" else (0, 0)
        self._around = tuple([(a - n, b - n) for (a, b), n in zip(ends, even, strict=True)])
        self._options = {"stride": strides, "padding": even, "dilation": spread, "groups": groups}
        random = None if seed is None else generator(seed)
        shape = (self.out_channels, self.in_channels // groups, *self.kernel_size)
        self.weight = parameter(init, shape, random)
        self.bias = parameter(bias_init, (self.out_channels,), random) if bias else None

    def forward(self, x: Any) -> Value:
        """The image (batch, out_channels, height, width) of all places of the kernel."""
        shape = shape_of(x)
        if len(shape) != 4 or shape[1] != self.in_channels:
            said = _("it needs the axes (batch, {n} channels, height, width)",
                     n=self.in_channels)  # fmt: skip
            raise _misfit(self, shape, self.weight, said)
        if any(map(any, self._around)):
            x = self._surrounded(x, shape)
        made: Value = OPS["conv2d"](x, self.weight, self.bias, **self._options)
        return made

    def _surrounded(self, x: Any, shape: tuple[int, ...]) -> Any:
        mode = "constant" if self._mode == "zeros" else self._mode
        most = [n - 1 if mode == "reflect" else n for n in shape[2:]]
        if mode in ("reflect", "circular") and any(
            max(ends) > n for ends, n in zip(self._around, most, strict=True)
        ):
            raise ShapeError(
                _(
                    "{it!r}: an image of {shape} is too small to be continued",
                    it=self,
                    shape=shape[2:],
                )
            )
        return OPS["pad"](x, ((0, 0), (0, 0), *self._around), mode=mode)

    def details(self) -> str:
        """Channels, window and what differs from the defaults."""
        plain = {
            "stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1,
            "padding_mode": "zeros",
        }  # fmt: skip
        options = {**self._options, "padding": self._padding, "padding_mode": self._mode}
        shown = [f"{k}={v!r}" for k, v in options.items() if v != plain[k]]
        shown += [] if self.bias is not None else ["bias=False"]
        head = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        return ", ".join([head, *shown])


class Dropout(Module):
    """In training, sets entries to 0 with probability p and scales the rest by 1/(1 − p).

    Every call in training has a mask of its own, which follows from the seed and the number
    of such calls so far; both are part of the state, so that resumed training has the same
    masks. After `eval()` it passes everything. Raises `InputError` for p outside 0 … 1.

    >>> drop = Dropout(0.5, seed=0)
    >>> x = np.ones(6)
    >>> sorted(set(drop(x).tolist())), drop.calls, drop.eval()(x).tolist() == x.tolist()
    ([0.0, 2.0], 1, True)
    """

    BUFFERS: ClassVar[tuple[str, ...]] = ("key", "calls")

    def __init__(self, p: float = 0.5, *, seed: Seed | None = None) -> None:
        self.p = within("Dropout", "p", p, 0, 1)
        self.key = _number(streams(seed, 1)[0])
        self.calls = 0

    def forward(self, x: Any) -> Any:
        """x under a mask in training, else x."""
        if not self.training:
            return x
        seed = _number(np.random.SeedSequence(self.key, spawn_key=(self.calls,)))
        self.calls += 1
        return OPS["dropout"](x, p=self.p, seed=seed)

    def details(self) -> str:
        """The probability."""
        return f"p={self.p:g}"


class Flatten(Module):
    """Joins neighbouring axes to one; as in torch, all but the first, the batch.

    >>> Flatten()(np.ones((5, 2, 3))).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        """The same entries with fewer axes."""
        return OPS["ravel"](x, start_dim=self.start_dim, end_dim=self.end_dim)

    def details(self) -> str:
        """The axes, if they are not the usual ones."""
        usual = (self.start_dim, self.end_dim) == (1, -1)
        return "" if usual else f"{self.start_dim}, {self.end_dim}"


class Identity(Module):
    """Passes everything: a layer that does nothing.

    >>> Identity()(2.0)
    2.0
    """

    def forward(self, x: Any) -> Any:
        """x itself."""
        return x


def _number(seed: np.random.SeedSequence) -> int:
    """A whole number that follows from a seed; it fits into 63 bits, as files keep them."""
    return int(seed.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _ends(padding: Any, size: Shape, stride: Shape, dilation: Shape) -> tuple[tuple[int, int], ...]:
    """How much is put in front of each axis and behind it."""
    if not isinstance(padding, str):
        return tuple([(n, n) for n in padding])
    if padding not in ("valid", "same"):
        raise InputError(
            unknown(
                _("{what} of {name}", what="padding", name="Conv2d"), padding, ["valid", "same"]
            )
        )
    if padding == "same" and stride != (1, 1):
        raise InputError(_("Conv2d: padding='same' goes with stride 1 only; give the numbers"))
    more = [d * (n - 1) * (padding == "same") for d, n in zip(dilation, size, strict=True)]
    return tuple([(n // 2, n - n // 2) for n in more])


def _misfit(layer: Module, shape: tuple[int, ...], weight: Value, said: str) -> ShapeError:
    named = weight.label or _("its weight")
    return ShapeError(
        _(
            "{layer!r}: the input has the shape {shape}, but {named} has {shape2}: {said}",
            layer=layer,
            shape=shape,
            named=named,
            shape2=weight.shape,
            said=said,
        )
    )
