"""What a value holds: one number or an array of them, and how it is computed with.

Invariant: one number is a Python float, never a 0-d array; arithmetic follows
IEEE 754 and never warns, whatever the caller's settings of numpy are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any, Self

import numpy as np

from backviz.errors import InputError, ShapeError
from backviz.language import _

Data = float | np.ndarray


class Size(int):
    """A number of entries that also answers when it is called, as torch's `size` does.

    >>> size = Size((2, 3))
    >>> size, size(), size(-1)
    (6, (2, 3), 3)
    """

    shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> Self:
        """From a shape."""
        made = super().__new__(cls, math.prod(shape))
        made.shape = shape
        return made

    def __call__(self, dim: int | None = None) -> Any:
        """The shape, or its entry."""
        return self.shape if dim is None else self.shape[dim]


def as_data(x: Any) -> Data:
    """A Python float for one number, a float array for more; never a 0-d array.

    >>> as_data(np.array(2)), as_data(True), as_data([1, 2])
    (2.0, 1.0, array([1., 2.]))
    """
    if type(x) is float:
        return x
    if type(x) is np.ndarray and x.ndim and x.dtype.char in "dfe":
        return x
    if type(x) is int:
        return _to_float(x)
    if isinstance(x, (int, float, np.generic)) and not isinstance(x, np.complexfloating):
        return _to_float(x)
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise InputError(
            _(
                "a masked array would lose its mask; hide entries by np.where(mask, 0, x), "
                "or give x.filled(…)"
            )
        )
    try:
        array = np.asarray(x)
    except ValueError:
        raise ShapeError(
            _(
                "the rows of a list have to be equally long to be an array; fill them up, "
                "or keep arrays of their own in a list: [tensor(row) for row in rows]"
            )
        ) from None
    if array.dtype.kind not in "biuf":
        raise TypeError(_no_numbers(x, array.dtype))
    if array.ndim == 0:
        return _to_float(array[()])
    return array if array.dtype.char in "dfe" else array.astype(np.float64)


def _no_numbers(x: Any, kind: np.dtype[Any]) -> str:
    """Why something is no data, and what to do."""
    name = type(x).__name__
    if kind.kind == "c":
        return _("a value is a real number or an array of real numbers, not {kind}; split it into "
                 "its real and imaginary part: z.real, z.imag", kind=kind.name)  # fmt: skip
    if isinstance(x, np.ndarray | np.generic):
        return _("a value is a real number or an array of real numbers, not an array of {kind}; "
                 "x.astype(float) makes one, if they are numbers", kind=kind.name)  # fmt: skip
    if ".sparse" in f".{type(x).__module__}":
        return _("a value is a real number or an array of real numbers, not a sparse {kind}; "
                 "x.toarray() makes it a whole array", kind=name)  # fmt: skip
    if isinstance(x, dict | set):
        return _("a value is a real number or an array of real numbers, not {kind}; make a value "
                 "of each entry", kind=name)  # fmt: skip
    return _("a value is a real number or an array of real numbers, not {kind}", kind=name)


def _to_float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def quietly(function: Callable[..., Any], *args: Any, **params: Any) -> Any:
    """Call a function in a context in which numpy does not warn about NaN and infinities.

    The same as `with np.errstate(all="ignore")`, in a twentieth of the time: numpy
    keeps its error state in a context variable, so a context can be kept ready.

    >>> quietly(np.divide, 1.0, 0.0)
    np.float64(inf)
    """
    try:
        context = _spare.pop()
    except IndexError:
        context = _quiet_context()
    try:
        return context.run(function, *args, **params)
    finally:
        _spare.append(context)


def applied(rule: Callable[..., Any], out: Any, args: Sequence[Any], params: Any) -> Any:
    """A rule on arrays; a Python float among them, which raises, counts as an array does."""
    try:
        return rule(out, *args, **params)
    except ArithmeticError:
        as_numpy = [np.float64(a) if type(a) is float else a for a in args]
        return quietly(rule, out, *as_numpy, **params)


def _quiet_context() -> Context:
    context = Context()
    context.run(np.seterr, all="ignore")
    return context


_spare: list[Context] = []  # a context runs one call at a time: threads and nested calls take more
