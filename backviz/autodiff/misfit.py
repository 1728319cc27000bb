"""Shapes that do not fit, explained: both shapes under each other and the axis that clashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backviz.autodiff.data import Data
from backviz.autodiff.params import plain_params
from backviz.errors import PositionError, ShapeError
from backviz.language import _, all_of

if TYPE_CHECKING:
    from backviz.autodiff.op import Op
    from backviz.autodiff.operand import Params

Shape = tuple[int, ...]
PRODUCTS = ("matmul", "dot", "linear")  # they compare the inner sizes


class Misfit(NamedTuple):
    """What clashes: `why` in words, and for each operand the axis from the left, or `None`."""

    why: str
    axes: tuple[int | None, ...]


def find_misfit(name: str, shapes: Sequence[Shape], behind: int = 0) -> Misfit:
    """Where the shapes of an op's operands clash; `behind` axes that follow are not looked at.

    >>> find_misfit("add", [(4, 3), (2,)])
    Misfit(why='3 ≠ 2 in the last axis, and neither is 1', axes=(1, 0))
    >>> find_misfit("matmul", [(2, 3), (4, 5)]).why
    'the inner sizes must be equal, 3 ≠ 4'
    """
    if name in PRODUCTS and len(shapes) > 1:
        return _product(name, shapes[0], shapes[1])
    longest = max(map(len, shapes), default=0)
    for back in range(1, longest + 1):
        sizes = [s[-back] for s in shapes if len(s) >= back]
        large = sorted({n for n in sizes if n != 1}, reverse=True)
        if len(large) > 1:
            axes = tuple(
                len(s) - back if len(s) >= back and s[-back] != 1 else None for s in shapes
            )
            clash = " ≠ ".join(str(n) for n in dict.fromkeys(n for n in sizes if n != 1))
            axis = back + behind
            if axis == 1:
                return Misfit(_("{clash} in the last axis, and neither is 1", clash=clash), axes)
            why = _("{clash} in axis −{axis}, and neither is 1", clash=clash, axis=axis)
            return Misfit(why, axes)
    return Misfit("", (None,) * len(shapes))


def _product(name: str, a: Shape, b: Shape) -> Misfit:
    if not a or not b:
        why = _("{name} needs arrays: use * to multiply by a number", name=name)
        return Misfit(why, (None, None))
    right = max(0, len(b) - 2)
    if a[-1] != b[right]:
        why = _("the inner sizes must be equal, {a} ≠ {b}", a=a[-1], b=b[right])
        return Misfit(why, (len(a) - 1, right))
    return find_misfit("", [a[:-2], b[:-2]], behind=2)


def aligned(names: Sequence[str], shapes: Sequence[Shape], misfit: Misfit) -> list[str]:
    """The shapes under each other, right-aligned as they are compared, with carets at the clash.

    >>> print(*aligned(["x", "w"], [(4, 3), (2,)], Misfit("", (1, 0))), sep="\\n")
    x  (4, 3)
           ^
    w    (2,)
          ^
    """
    lines = []
    texts = [str(s) for s in shapes]
    gutter, width = max(map(len, names)), max(map(len, texts))
    for name, text, shape, axis in zip(names, texts, shapes, misfit.axes, strict=True):
        lines.append(f"{name:<{gutter}}  {text:>{width}}")
        if axis is not None:
            before = 1 + sum(len(str(n)) + 2 for n in shape[:axis])
            column = gutter + 2 + width - len(text) + before
            lines.append(" " * column + "^" * len(str(shape[axis])))
    return lines


def misfit_error(
    op: Op, names: Sequence[str], args: Sequence[Data], params: Params, error: Exception
) -> ShapeError:
    """What is wrong with these shapes, and where; `names` are what the operands are called."""
    if isinstance(error, np.linalg.LinAlgError):
        if "ingular" in str(error):
            return ShapeError(_("{name}: the matrix is singular, so it has no inverse; "
                                "give it another matrix", name=op.name))  # fmt: skip
        return ShapeError(_("{name}: {why}; give it another matrix", name=op.name, why=error))
    kind = PositionError if isinstance(error, IndexError) else ShapeError
    shapes = [tuple(np.shape(a)) for a in args]
    names = [name or "·" for name in names]
    called = op.name if set(names) == {"·"} else f"{op.name}({', '.join(names)})"
    extra = "".join(f", {k}={v}" for k, v in plain_params(params).items())
    if not args:
        return kind(_("{call}: there are no operands", call=called))
    if len(args) == 1:
        return kind(_("{call}: the shape {shape} does not allow this; {error}",
                      call=called, shape=f"{shapes[0]}{extra}", error=error))  # fmt: skip
    known = op.elementwise or op.name in PRODUCTS
    found = find_misfit(op.name, shapes) if known else Misfit("", (None,) * len(shapes))
    why = found.why or str(error).partition("\n")[0]
    lines = []
    if any(axis is not None for axis in found.axes):
        lines = aligned(names, shapes, found)
    listed = all_of(map(str, shapes)) + extra
    said = _("{call}: the shapes {list} do not fit: {why}", call=called, list=listed, why=why)
    return kind(said, lines=lines)
