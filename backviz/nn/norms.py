"""Normalizing layers, with torch's names and numbers.

Invariant: running numbers change only in training, by one step for each call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn.arguments import whole, within
from backviz.nn.module import Module
from backviz.nn.parameters import parameter
from backviz.ops import OPS
from backviz.ops.shape import shape_of

GAIN_AND_BIAS = {"weight": "γ", "bias": "β"}


class BatchNorm(Module):
    """What the layers of all dimensions share; `BEHIND` are the axes behind the features.

    In training the batch's own numbers are used, and the running ones move by `momentum` (the
    weight of the new ones; the variance with n − 1). After `eval()` the running ones are used.
    `momentum=None` makes them the plain average over all batches; without `track_running_stats`
    there are none, and the batch's own numbers are used always. Raises `ShapeError` for other
    features and `InputError` for a batch of one or none in training.
    """

    BEHIND: ClassVar[tuple[str, ...]]
    BUFFERS: ClassVar[tuple[str, ...]] = ("running_mean", "running_var", "num_batches_tracked")
    SYMBOLS: ClassVar[dict[str, str]] = GAIN_AND_BIAS

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        who = type(self).__name__
        n = self.num_features = whole(who, "num_features", num_features)
        self.eps = within(who, "eps", eps, 0, math.inf)
        if momentum is not None:
            within(who, "momentum", momentum, 0, 1)
        self.momentum = momentum
        self.weight = parameter("ones", (n,)) if affine else None
        self.bias = parameter("zeros", (n,)) if affine and bias else None
        self.running_mean: Any = np.zeros(n) if track_running_stats else None
        self.running_var: Any = np.ones(n) if track_running_stats else None
        self.num_batches_tracked: Any = 0 if track_running_stats else None

    def forward(self, x: Any) -> Any:
        """x, normalized feature by feature, times γ plus β."""
        shape = shape_of(x)
        axes = [2 + bool(behind) + behind.count(",") for behind in self.BEHIND]
        if len(shape) not in axes or shape[1] != self.num_features:
            taken = [
                f"(batch, {self.num_features}{behind and f', {behind}'})" for behind in self.BEHIND
            ]
            raise ShapeError(
                _(
                    "{it!r}: the input has the shape {shape}, but the layer takes {list}",
                    it=self,
                    shape=shape,
                    list=" or ".join(taken),
                )
            )
        tracking = self.num_batches_tracked is not None
        if tracking and not self.training:
            return OPS["batch_norm"](
                x, self.weight, self.bias, self.running_mean, self.running_var, eps=self.eps
            )
        if math.prod(shape) <= self.num_features:
            raise InputError(
                _(
                    "{it!r}: one number for each feature, or none, has no variance; give a batch "
                    "of at least two, or call eval() first",
                    it=self,
                )
                if tracking
                else _(
                    "{it!r}: one number for each feature, or none, has no variance; give a "
                    "batch of at least two",
                    it=self,
                )
            )
        if tracking:
            self._track(x.data if isinstance(x, Value) else np.asarray(x, dtype=float))
        return OPS["batch_norm"](x, self.weight, self.bias, eps=self.eps)

    def _track(self, x: np.ndarray) -> None:
        self.num_batches_tracked += 1
        new = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        axes = (0, *range(2, x.ndim))
        self.running_mean = (1 - new) * self.running_mean + new * x.mean(axis=axes)
        self.running_var = (1 - new) * self.running_var + new * x.var(axis=axes, ddof=1)

    def details(self) -> str:
        """The number of features and what differs from the defaults."""
        shown = [str(self.num_features)]
        shown += [f"eps={self.eps:g}"] if self.eps != 1e-5 else []
        shown += [f"momentum={self.momentum}"] if self.momentum != 0.1 else []
        if self.weight is None:
            shown.append("affine=False")
        elif self.bias is None:
            shown.append("bias=False")
        shown += ["track_running_stats=False"] if self.num_batches_tracked is None else []
        return ", ".join(shown)


class BatchNorm1d(BatchNorm):
    """Gives each feature mean 0 and variance 1 over the batch (Ioffe and Szegedy, 2015).

    x has the shape (batch, features) or (batch, features, length); options and errors are those
    of `BatchNorm`.

    >>> norm = BatchNorm1d(1)
    >>> norm(np.array([[1.0], [3.0]])).data.round(3).ravel().tolist()
    [-1.0, 1.0]
    >>> norm.running_mean, norm.running_var
    (array([0.2]), array([1.1]))
    """

    BEHIND = ("", "length")


class BatchNorm2d(BatchNorm):
    """Gives each channel mean 0 and variance 1 over all places of all images of the batch.

    x has the shape (batch, channels, height, width); options and errors are those of `BatchNorm`.

    >>> norm = BatchNorm2d(1)
    >>> norm(np.array([[[[1.0, 3.0]]]])).data.round(3).ravel().tolist()
    [-1.0, 1.0]
    """

    BEHIND = ("height, width",)


class GroupNorm(Module):
    """Gives each group of channels of each example mean 0 and variance 1 (Wu and He, 2018).

    x has the shape (batch, channels, …). Raises `InputError` where the channels do not make the
    groups and `ShapeError` for other channels.

    >>> GroupNorm(2, 4)(np.array([[1.0, 3.0, 5.0, 9.0]])).data.round(3)
    array([[-1.,  1., -1.,  1.]])
    """

    SYMBOLS: ClassVar[dict[str, str]] = GAIN_AND_BIAS

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        self.num_groups = whole("GroupNorm", "num_groups", num_groups)
        n = self.num_channels = whole("GroupNorm", "num_channels", num_channels)
        if n % num_groups:
            raise InputError(
                _(
                    "GroupNorm: {n} channels cannot be parted into {num_groups} groups; they "
                    "have to be a multiple of it",
                    n=n,
                    num_groups=num_groups,
                )
            )
        self.eps = within("GroupNorm", "eps", eps, 0, math.inf)
        self.weight = parameter("ones", (n,)) if affine else None
        self.bias = parameter("zeros", (n,)) if affine and bias else None

    def forward(self, x: Any) -> Any:
        """x, normalized group by group, times γ plus β."""
        shape = shape_of(x)
        if shape[1:2] != (self.num_channels,):
            raise ShapeError(
                _(
                    "{it!r}: the input has the shape {shape}, but the layer takes (batch, "
                    "{num_channels}, …)",
                    it=self,
                    shape=shape,
                    num_channels=self.num_channels,
                )
            )
        return OPS["group_norm"](x, self.weight, self.bias, groups=self.num_groups, eps=self.eps)

    def details(self) -> str:
        """Groups, channels and what differs from the defaults."""
        shown = [f"{self.num_groups}, {self.num_channels}"]
        shown += [f"eps={self.eps:g}"] if self.eps != 1e-5 else []
        if self.weight is None:
            shown.append("affine=False")
        elif self.bias is None:
            shown.append("bias=False")
        return ", ".join(shown)


class LayerNorm(Module):
    """Gives the last axis, or the last few, mean 0 and variance 1 (Ba et al., 2016).

    `normalized_shape` is the shape of those axes. Raises `ShapeError` if x ends otherwise.

    >>> LayerNorm(2)(np.array([[1.0, 3.0]])).data.round(3)
    array([[-1.,  1.]])
    """

    SYMBOLS: ClassVar[dict[str, str]] = GAIN_AND_BIAS

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        sizes = normalized_shape if isinstance(normalized_shape, Sequence) else [normalized_shape]
        shape = tuple([whole("LayerNorm", "each size", n) for n in sizes])
        if not shape:
            raise InputError(
                _("LayerNorm: there are no axes to normalize; give it one size or more")
            )
        self.normalized_shape = shape
        self.eps = within("LayerNorm", "eps", eps, 0, math.inf)
        self.weight = parameter("ones", shape) if elementwise_affine else None
        self.bias = parameter("zeros", shape) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        """x, normalized over its last axes, times γ plus β."""
        shape, ours = shape_of(x), self.normalized_shape
        if shape[-len(ours) :] != ours:
            raise ShapeError(
                _(
                    "{it!r}: the input has the shape {shape}, which does not end with {ours}",
                    it=self,
                    shape=shape,
                    ours=ours,
                )
            )
        axis = -1 if len(ours) == 1 else tuple(range(-len(ours), 0))
        return OPS["layer_norm"](x, self.weight, self.bias, axis=axis, eps=self.eps)

    def details(self) -> str:
        """The shape and what differs from the defaults."""
        ours = self.normalized_shape
        shown = [str(ours[0] if len(ours) == 1 else ours)]
        shown += [f"eps={self.eps:g}"] if self.eps != 1e-5 else []
        if self.weight is None:
            shown.append("elementwise_affine=False")
        elif self.bias is None:
            shown.append("bias=False")
        return ", ".join(shown)
