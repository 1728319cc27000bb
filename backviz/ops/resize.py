"""Another size for signals and images, as torch's interpolate.

Invariant: along each axis the result is a matrix times the input, and each of its rows adds up
to 1; the nearest entries are taken by their positions, which is the same without a product.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.calls import Call, floats
from backviz.autodiff.op import structural
from backviz.autodiff.symbol import constant
from backviz.language import _
from backviz.ops.choose import numbers
from backviz.ops.index import Key, as_key, getitem, scatter
from backviz.ops.linalg import matmul, transposed
from backviz.ops.options import literal
from backviz.ops.shape import Bound, Shape, shape_of

CUBIC = -0.75  # torch's, and PIL's is −0.5


def _nearest(centres: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    """Which entries are mixed, and with which weights, for places counted in entries."""
    return np.floor(centres)[:, None], np.ones((len(centres), 1))


def _linear(places: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    places = np.clip(places, 0, n - 1)
    left = np.floor(places)
    share = places - left
    return np.stack([left, left + 1], axis=1), np.stack([1 - share, share], axis=1)


def _cubic(places: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    left = np.floor(places)[:, None]
    taps = left + np.arange(-1, 3)
    d = np.abs(places[:, None] - taps)
    near = ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1
    far = ((CUBIC * d - 5 * CUBIC) * d + 8 * CUBIC) * d - 4 * CUBIC
    return taps, np.where(d <= 1, near, far)


# how many axes behind batch and channels a mode takes, and how it mixes
MIXED: dict[str, tuple[tuple[int, ...], Callable[..., tuple[np.ndarray, ...]]]] = {
    "nearest": ((1, 2), _nearest),
    "nearest-exact": ((1, 2), _nearest),
    "linear": ((1,), _linear),
    "bilinear": ((2,), _linear),
    "bicubic": ((2,), _cubic),
    "area": ((1, 2), _nearest),
}
CORNERS = ("linear", "bilinear", "bicubic")


def _matrix(n: int, size: int, ratio: float | None, mode: str, align_corners: bool) -> np.ndarray:
    """The matrix of shape (size, n) along one axis; `ratio` is old entries for a new one."""
    new = np.arange(size)
    if mode == "area":  # the mean of what lies under each new entry
        starts, ends = new * n // size, -(-(new + 1) * n // size)
        under = (np.arange(n) >= starts[:, None]) & (np.arange(n) < ends[:, None])
        return np.asarray(under / (ends - starts)[:, None])
    made = np.zeros((size, n))
    taps, shares = MIXED[mode][1](_places(n, size, ratio, mode, align_corners), n)
    at = np.clip(taps, 0, n - 1).astype(int)
    np.add.at(made, (new[:, None], at), shares)
    return made


def _places(n: int, size: int, ratio: float | None, mode: str, align_corners: bool) -> np.ndarray:
    """Where each new entry lies among the old ones, counted in entries."""
    new = np.arange(size)
    if align_corners:
        return np.asarray(new * (n - 1) / max(size - 1, 1))
    middle = 0.0 if mode == "nearest" else 0.5
    # with the sizes in whole numbers as long as possible, so that halves and thirds are exact
    places = (new + middle) * n / size if ratio is None else (new + middle) * ratio
    return np.asarray(places if mode.startswith("nearest") else places - 0.5)


def _axes(
    shape: Shape,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> list[np.ndarray]:
    """The matrix of each axis behind batch and channels."""
    extent = shape[2:]
    if len(extent) not in MIXED[mode][0]:
        wanted = " or ".join(str(2 + n) for n in MIXED[mode][0])
        raise ValueError(
            _(
                "mode={mode!r} takes {wanted} axes, those of batch and channels first",
                mode=mode,
                wanted=wanted,
            )
        )
    given = size if scale_factor is None else scale_factor
    each = given if isinstance(given, tuple) else (given,) * len(extent)
    if len(each) != len(extent):
        raise ValueError(
            _("{given} has {n} entries, not {n2}", given=given, n=len(each), n2=len(extent))
        )
    scaled = scale_factor is not None
    new = tuple([math.floor(n * s) if scaled else s for n, s in zip(extent, each, strict=True)])
    if min(*extent, *new) < 1:
        raise ValueError(_("there is at least one entry along each axis, before and afterwards"))
    made = []
    for n, m, factor in zip(extent, new, each, strict=True):
        # as torch's forward has it, where a factor leaves the size of an axis as it is
        kept = n == m and (mode in ("linear", "bilinear") or (mode, len(new)) == ("nearest", 2))
        ratio = None if kept or recompute_scale_factor or not scaled else 1 / factor
        made.append(_matrix(n, m, ratio, mode, bool(align_corners)))
    return made


def _taken(matrices: list[np.ndarray]) -> Key:
    """The key that takes what the rows of ones pick."""
    picked = [m.argmax(axis=1) for m in matrices]
    return as_key((..., *(np.ix_(*picked) if len(picked) > 1 else picked)))


def _mixed(x: Any, matrices: list[np.ndarray], back: bool = False) -> Any:
    """A @ x @ Bᵀ with the matrices of rows and columns, or backwards with both transposed."""
    kind = getattr(x, "dtype", np.float64)
    *rows, columns = [
        constant(name, m.astype(kind), x, told=True)
        for name, m in zip("BA", matrices[::-1], strict=False)
    ][::-1]
    for each in rows:
        x = matmul(transposed(each) if back else each, x)
    return matmul(x, columns if back else transposed(columns))


def _interpolate(x: Any, mode: str = "nearest", **options: Any) -> Any:
    matrices = _axes(np.shape(x), mode=mode, **options)
    if mode.startswith("nearest"):
        return x[_taken(matrices).parts]
    return _mixed(x, matrices)


def _pull_interpolate(
    upstream: Any, out: Any, x: Any, mode: str = "nearest", **options: Any
) -> Any:
    shape = shape_of(x)
    matrices = _axes(shape, mode=mode, **options)
    if mode.startswith("nearest"):
        return scatter(upstream, key=_taken(matrices), shape=shape)
    return _mixed(upstream, matrices, back=True)


def _parts(x: Any, mode: str = "nearest", **options: Any) -> Any:
    matrices = _axes(shape_of(x), mode=mode, **options)
    return getitem(x, _taken(matrices)) if mode.startswith("nearest") else _mixed(x, matrices)


def _bind(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: Any = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: Any = False,
) -> Bound:
    if mode not in MIXED:
        raise TypeError(
            _(
                "the mode is one of {list}, not {mode!r:.40}",
                list=", ".join(map(repr, MIXED)),
                mode=mode,
            )
        )
    if antialias:
        raise TypeError(
            _("antialias is not there; the mode 'area' takes means when it makes smaller")
        )
    if (size is None) == (scale_factor is None):
        raise TypeError(_("give the size or the scale_factor, one of the two"))
    if align_corners is not None and mode not in CORNERS:
        raise TypeError(
            _(
                "align_corners goes with {list}, not with {mode!r}",
                list=", ".join(CORNERS),
                mode=mode,
            )
        )
    if recompute_scale_factor and size is not None:
        raise TypeError(_("recompute_scale_factor goes with a scale_factor"))
    params: dict[str, Any] = {"mode": mode} if mode != "nearest" else {}
    if size is not None:
        return (x,), {"size": literal(size), **params, **_flags(align_corners, None)}
    listed = tuple(scale_factor) if isinstance(scale_factor, tuple | list) else (scale_factor,)
    scales = tuple([numbers(scale_factor=(each,))["scale_factor"] for each in listed])
    if min(scales) <= 0 or not all(map(math.isfinite, scales)):
        raise ValueError(_("a scale_factor is a number above 0"))
    kept = scales if isinstance(scale_factor, tuple | list) else scales[0]
    return (x,), {"scale_factor": kept, **params, **_flags(align_corners, recompute_scale_factor)}


def _flags(align_corners: Any, recompute: Any) -> dict[str, Any]:
    flags = {"align_corners": align_corners, "recompute_scale_factor": recompute}
    return {name: True for name, given in flags.items() if given}


interpolate = structural(
    "interpolate",
    _interpolate,
    _pull_interpolate,
    domain="at least one entry along each axis",
    note="Another size for a signal or an image: copies of the nearest entry, or mixtures of the "
    "entries around each new place.",
    gradient="Each entry gets the gradients of those it was copied or mixed into, with the same "
    "weights.",
    sample=Call((floats([[[1, 3], [4, 6]]]),), {"size": (2, 3), "mode": "bilinear"}),
    torch="nn.functional.interpolate",
    params=("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"),
    bind=_bind,
    parts=_parts,
    written=False,
)
