"""Multi-head attention (Vaswani et al., 2017), with torch's names and numbers.

Invariant: every product is recorded with its usual letter (q, k, v, scores, weights), so that a
picture shows softmax(q @ kᵀ / √d) @ v. Matrices of weights are (in, out); torch's are transposed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.meaning import meaning_of
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import N_, _
from backviz.nn.arguments import HOW, Seed, generator, refused, whole, within
from backviz.nn.layers import Dropout, Linear
from backviz.nn.module import Module
from backviz.nn.parameters import parameter
from backviz.nn.recurrent import called
from backviz.ops import OPS
from backviz.ops.shape import shape_of

NOT_HERE = {
    "add_bias_kv": N_("write the further key and value into the input"),
    "add_zero_attn": N_("write the further key and value into the input"),
    **HOW,
}
FORBIDDEN = -1e9  # exp of it is 0, and unlike −∞ it can be drawn
NAMES = ("query", "key", "value")


class Projection(Linear):
    """The matrix behind the heads, with a letter of its own."""

    SYMBOLS: ClassVar[dict[str, str]] = {"weight": "Wo", "bias": "bo"}


class MultiheadAttention(Module):
    """Each step of the query takes a mixture of the values, by how well its key fits.

    query, key and value have the shape (steps, batch, width), with `batch_first` (batch, steps,
    width), or (steps, width); widths are `embed_dim`, `kdim` and `vdim`. `forward` gives the
    output and the weights, as their mean over the heads (`average_attn_weights`), or `None`
    without `need_weights`. `attn_mask` of shape (steps of the query, steps of the key), or with
    batch · heads in front, and `key_padding_mask` of shape (batch, steps of the key) forbid
    where they are True, and are added to the scores if they are numbers; `is_causal` without a
    mask forbids what comes later. A step that may look nowhere is refused; in torch it is NaN.
    `dropout` drops weights, in training. Raises `InputError` for options that do not fit and
    `ShapeError` for other shapes.

    >>> attention = MultiheadAttention(4, 2, seed=0)
    >>> x = np.ones((3, 4))
    >>> out, weights = attention(x, x, x, is_causal=True)
    >>> out.shape, weights.data[1].round(3).tolist()
    ((3, 4), [0.5, 0.5, 0.0])
    """

    SYMBOLS: ClassVar[Mapping[str, str]] = {
        "in_proj_weight": "Win", "in_proj_bias": "bin", "q_proj_weight": "Wq",
        "k_proj_weight": "Wk", "v_proj_weight": "Wv",
    }  # fmt: skip
    TURNED: ClassVar[tuple[str, ...]] = (
        "in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight",
    )  # fmt: skip

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        seed: Seed | None = None,
        init: Any = "xavier_uniform",
        bias_init: Any = "zeros",
        **torchs: Any,
    ) -> None:
        who = "MultiheadAttention"
        asked = {"add_bias_kv": add_bias_kv, "add_zero_attn": add_zero_attn}
        refused(who, {**{k: v for k, v in asked.items() if v}, **torchs}, NOT_HERE)
        n = self.embed_dim = whole(who, "embed_dim", embed_dim)
        self.num_heads = whole(who, "num_heads", num_heads)
        if n % num_heads:
            raise InputError(
                _(
                    "{who}: {n} entries cannot be parted into {num_heads} heads",
                    who=who,
                    n=n,
                    num_heads=num_heads,
                )
            )
        self.kdim = n if kdim is None else whole(who, "kdim", kdim)
        self.vdim = n if vdim is None else whole(who, "vdim", vdim)
        self.batch_first = bool(batch_first)
        random = None if seed is None else generator(seed)
        self._together = self.kdim == self.vdim == n
        if self._together:
            self.in_proj_weight = parameter(init, (n, 3 * n), random)
        else:
            self.q_proj_weight = parameter(init, (n, n), random)
            self.k_proj_weight = parameter(init, (self.kdim, n), random)
            self.v_proj_weight = parameter(init, (self.vdim, n), random)
        self.in_proj_bias = parameter(bias_init, (3 * n,), random) if bias else None
        self.out_proj = Projection(n, n, bias, seed=random, init=init, bias_init=bias_init)
        self.dropout = within(who, "dropout", dropout, 0, 1)
        if self.dropout:
            self.drop = Dropout(self.dropout, seed=random)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """The output, and how much of each value went into each step of it."""
        self._fitting(shape_of(query), shape_of(key), shape_of(value))
        q, k, v = (
            called(name, self._heads(each))
            for name, each in zip("qkv", self._projected(query, key, value), strict=True)
        )
        fits = OPS["matmul"](q, OPS["swapaxes"](k, axis1=-1, axis2=-2))
        scores = called("scores", fits / math.sqrt(self.embed_dim // self.num_heads))
        scores = self._masked(scores, attn_mask, key_padding_mask, is_causal)
        weights = called("weights", OPS["softmax"](scores, axis=-1))
        mixed = OPS["matmul"](self.drop(weights) if self.dropout else weights, v)
        out = self.out_proj(self._joined(mixed, shape_of(query)))
        if not need_weights:
            return out, None
        if self.num_heads == 1:
            return out, weights if average_attn_weights else OPS["expand_dims"](weights, axis=-3)
        return out, OPS["mean"](weights, axis=-3) if average_attn_weights else weights

    # Shapes: heads stand in front of steps, the batch in front of heads -----------------

    def _fitting(
        self, query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]
    ) -> None:
        axes, widths = len(query), (self.embed_dim, self.kdim, self.vdim)
        steps, batch = (1, 0) if self.batch_first and axes == 3 else (0, 1)
        for name, shape, width in zip(NAMES, (query, key, value), widths, strict=True):
            if len(shape) not in (2, 3) or shape[-1] != width:
                order = "batch, steps" if self.batch_first else "steps, batch"
                raise ShapeError(
                    _(
                        "{it!r}: the {name} has the shape {shape}, but the layer takes ({order}, "
                        "{width}), or (steps, {width}) without a batch",
                        it=self,
                        name=name,
                        shape=shape,
                        order=order,
                        width=width,
                    )
                )
            if len(shape) != axes or (axes == 3 and shape[batch] != query[batch]):
                raise ShapeError(
                    _(
                        "{it!r}: the query has the shape {query} and the {name} {shape}; both need "
                        "the same batch",
                        it=self,
                        query=query,
                        name=name,
                        shape=shape,
                    )
                )
        if key[steps] != value[steps]:
            raise ShapeError(
                _(
                    "{it!r}: there are {key} keys for {value} values",
                    it=self,
                    key=key[steps],
                    value=value[steps],
                )
            )

    def _projected(self, query: Any, key: Any, value: Any) -> list[Any]:
        """Query, key and value through their weights: one product if they are the same."""
        n = self.embed_dim
        parts = [slice(i * n, (i + 1) * n) for i in range(3)]
        if query is key is value and self._together:
            made = OPS["linear"](query, self.in_proj_weight, self.in_proj_bias)
            return [OPS["getitem"](made, (..., each)) for each in parts]
        matrices = [
            called(f"W{name}", OPS["getitem"](self.in_proj_weight, (slice(None), each)))
            if self._together
            else getattr(self, f"{name}_proj_weight")
            for name, each in zip("qkv", parts, strict=True)
        ]
        biases = [
            None if self.in_proj_bias is None else OPS["getitem"](self.in_proj_bias, (each,))
            for each in parts
        ]
        given = (query, key, value)
        return [OPS["linear"](*each) for each in zip(given, matrices, biases, strict=True)]

    def _heads(self, x: Any) -> Any:
        """(…, heads, steps, entries of a head); a single head has no axis of its own."""
        *around, width = shape_of(x)
        if self.num_heads == 1:
            turned = len(around) == 2 and not self.batch_first
            return OPS["swapaxes"](x, axis1=0, axis2=1) if turned else x
        apart = OPS["reshape"](x, shape=(*around, self.num_heads, width // self.num_heads))
        if len(around) == 1:
            return OPS["swapaxes"](apart, axis1=0, axis2=1)
        if self.batch_first:
            return OPS["swapaxes"](apart, axis1=1, axis2=2)
        return OPS["transpose"](apart, axes=(1, 2, 0, 3))

    def _joined(self, x: Any, shape: tuple[int, ...]) -> Any:
        """The heads side by side again, in the shape of the query."""
        if self.num_heads == 1:
            turned = len(shape) == 3 and not self.batch_first
            return OPS["swapaxes"](x, axis1=0, axis2=1) if turned else x
        if len(shape) == 2:
            x = OPS["swapaxes"](x, axis1=0, axis2=1)
        elif self.batch_first:
            x = OPS["swapaxes"](x, axis1=1, axis2=2)
        else:
            x = OPS["transpose"](x, axes=(2, 0, 1, 3))
        return OPS["reshape"](x, shape=shape)

    def _masked(self, scores: Any, attn_mask: Any, padding: Any, is_causal: bool) -> Any:
        """The scores, far below all others where a mask forbids; numbers of a mask are added."""
        *front, steps, keys = shape_of(scores)
        if attn_mask is None and is_causal:
            attn_mask = np.triu(np.ones((steps, keys), bool), 1)
        heads = [1] * (self.num_heads > 1)
        batch = front[: len(front) - len(heads)]
        forbidden = np.zeros(keys, bool)
        for name, given, takes in (
            ("attn_mask", attn_mask, {(steps, keys): (steps, keys),
                                      (math.prod(front), steps, keys): (*front, steps, keys)}),
            ("key_padding_mask", padding, {(*batch, keys): (*batch, *heads, 1, keys)}),
        ):  # fmt: skip
            if given is None:
                continue
            mask = np.asarray(data_of(given))
            if mask.shape not in takes:
                raise ShapeError(
                    _(
                        "{it!r}: the {name} has the shape {shape}, but the layer takes {list}",
                        it=self,
                        name=name,
                        shape=mask.shape,
                        list=" or ".join(map(str, takes)),
                    )
                )
            shape = takes[mask.shape]
            if mask.dtype == bool or (isinstance(given, Value) and meaning_of(given) == "mask"):
                forbidden = forbidden | (mask.reshape(shape) != 0)
            elif mask.dtype.kind != "f":
                raise InputError(
                    _(
                        "{it!r}: the {name} is booleans, True where attention is forbidden, or "
                        "decimal numbers that are added to the scores, not {dtype}",
                        it=self,
                        name=name,
                        dtype=mask.dtype,
                    )
                )
            else:
                kept = isinstance(given, Value) and mask.shape != shape
                added = OPS["reshape"](given, shape=shape) if kept else given
                scores = scores + (added if isinstance(given, Value) else mask.reshape(shape))
        if forbidden.all(axis=-1).any():
            where = np.argwhere(forbidden.all(axis=-1))[0].tolist()
            raise InputError(
                _("{it!r}: the masks forbid every key to the step at {where}", it=self, where=where)
            )
        if not forbidden.any():
            return scores
        mask = Value(forbidden.astype(float), "mask", requires_grad=False)
        return called("masked", OPS["where"](mask, FORBIDDEN, scores))

    def details(self) -> str:
        """The sizes and what differs from the defaults."""
        shown = [f"{self.embed_dim}, {self.num_heads}"]
        shown += [f"dropout={self.dropout}"] if self.dropout else []
        shown += [] if self.in_proj_bias is not None else ["bias=False"]
        shown += [f"kdim={self.kdim}"] if self.kdim != self.embed_dim else []
        shown += [f"vdim={self.vdim}"] if self.vdim != self.embed_dim else []
        return ", ".join(shown + (["batch_first=True"] if self.batch_first else []))

    def __repr__(self) -> str:
        return f"MultiheadAttention({self.details()})"
