"""Borders around an array: constants, or its own entries continued.

Invariant: a continued border is a copy of entries, told by their positions; so its gradient goes
back to these positions and adds up there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backviz.autodiff.calls import VECTOR, Call
from backviz.autodiff.op import structural
from backviz.errors import ShapeError
from backviz.language import _
from backviz.ops.index import Key, as_key, getitem, scatter
from backviz.ops.shape import Bound, Shape, shape_of, whole

# numpy's names and torch's for the same
MODES = {
    "constant": "constant", "edge": "edge", "replicate": "edge", "reflect": "reflect",
    "symmetric": "symmetric", "wrap": "wrap", "circular": "wrap",
}  # fmt: skip
Widths = tuple[tuple[int, int], ...]


def _pairs(given: np.ndarray, x: Any) -> tuple[tuple[Any, Any], ...]:
    """Numbers for the front and the end of each axis, from any form that numpy allows."""
    axes = len(shape_of(x))
    try:
        front, end = np.broadcast_to(given, (axes, 2)).T.tolist()
    except ValueError:
        raise ShapeError(
            _("pad: give one width, (front, end), or a pair for each of the {axes} axes", axes=axes)
        ) from None
    return tuple(zip(front, end, strict=True))


def _from_the_last(pad: Any, x: Any) -> np.ndarray:
    """torch's list of widths, front and end of the last axis first, as numpy's pairs."""
    listed: Any = whole(pad)
    axes = len(shape_of(x))
    if not isinstance(listed, tuple) or len(listed) % 2 or len(listed) > 2 * axes:
        raise TypeError(
            _(
                "pad has two widths for each axis from the last on, for {axes} axes at most",
                axes=axes,
            )
        )
    pairs = [listed[i : i + 2] for i in range(0, len(listed), 2)][::-1]
    return np.array([(0, 0)] * (axes - len(pairs)) + pairs, np.intp).reshape(axes, 2)


def _bind_pad(
    x: Any,
    pad_width: Any = None,
    mode: Any = "constant",
    constant_values: Any = 0,
    *,
    pad: Any = None,
    value: Any = None,
) -> Bound:
    if mode not in MODES:
        raise TypeError(
            _(
                "the mode is one of {list}, not {mode!r:.40}",
                list=", ".join(map(repr, MODES)),
                mode=mode,
            )
        )
    if (pad_width is None) == (pad is None):
        raise TypeError(_("give pad_width as numpy takes it, or pad as torch does"))
    try:
        width = _from_the_last(pad, x) if pad_width is None else np.asarray(pad_width)
        filling = np.asarray(constant_values if value is None else value, float)
    except ValueError:
        raise TypeError(
            _("widths and constant_values are numbers, or pairs for each axis")
        ) from None
    if width.dtype.kind not in "iu":
        raise TypeError(
            _("pad_width is a whole number, (front, end), or such a pair for each axis")
        )
    params: dict[str, Any] = {"pad_width": _pairs(width, x)}
    if MODES[mode] != "constant":
        params["mode"] = MODES[mode]
    elif filling.any():
        params["constant_values"] = _pairs(filling, x) if filling.ndim else filling.item()
    return (x,), params


def _pad(x: Any, pad_width: Widths, mode: Any = "constant", constant_values: Any = 0) -> Any:
    if mode == "constant":
        return np.pad(x, pad_width, constant_values=constant_values)
    return np.pad(x, pad_width, mode)


def _positions(shape: Shape, pad_width: Widths, mode: Any) -> Key:
    """Where each entry of the result was taken from."""
    padded = [i for i, ends in enumerate(pad_width) if any(ends)]
    if not padded:
        return as_key(...)
    first, last = padded[0], padded[-1]
    taken: Sequence[np.ndarray] = [
        np.pad(np.arange(shape[i]), pad_width[i], mode) for i in range(first, last + 1)
    ]
    if len(taken) > 1:
        taken = np.ix_(*taken)
    return as_key((*[slice(None)] * first, *taken))


def _pull_pad(
    upstream: Any,
    out: Any,
    x: Any,
    pad_width: Widths,
    mode: str = "constant",
    constant_values: Any = 0,
) -> Any:
    if mode == "constant":
        return getitem(upstream, tuple(slice(a or None, -b if b else None) for a, b in pad_width))
    shape = shape_of(x)
    return scatter(upstream, key=_positions(shape, pad_width, mode), shape=shape)


pad = structural(
    "pad",
    _pad,
    _pull_pad,
    domain="all numbers",
    note="Puts constants around an array, or continues it: the entry at the edge ('edge'), the "
    "array mirrored ('reflect', 'symmetric') or from its other end ('wrap').",
    gradient="Drops the gradient of constants, and adds that of a continued entry to the entry it "
    "was taken from.",
    sample=Call((VECTOR,), {"pad_width": ((1, 1),)}),
    torch="nn.functional.pad",
    torch_options={"pad_width": "pad", "constant_values": "value"},
    params=("pad_width", "mode", "constant_values"),
    bind=_bind_pad,
    numpy=(np.pad,),
    written=False,
)
