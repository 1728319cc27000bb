"""Hinge losses: a score that is on the right side by a margin costs nothing.

`hinge_loss` is for two classes with the targets −1 and 1 (Cortes and Vapnik, 1995), and
`multi_margin_loss`, as in torch, for a score for each class against the label of the right
one (Weston and Watkins, 1999). At the kink the gradient is 0.

>>> from backviz.ops import hinge_loss, multi_margin_loss
>>> hinge_loss([0.2, 3.0], [1, 1], reduction="sum"), hinge_loss([0.2], [1], squared=True)
(0.8, 0.6400000000000001)
>>> round(multi_margin_loss([[2.0, 1.5, 0.0], [0.0, 0.0, 0.0]], [0, 2]), 6)
0.416667
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.calls import LABELS, Call, floats
from backviz.autodiff.data import as_data
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import structural
from backviz.autodiff.operand import NO_PARAMS
from backviz.autodiff.symbol import part
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.ops.activations import relu
from backviz.ops.choose import numbers
from backviz.ops.compare import greater
from backviz.ops.index import getitem
from backviz.ops.losses.labels import along_classes, as_labels, class_weights, mass, places
from backviz.ops.losses.parts import REDUCTIONS, Plain, operands, per_entry, reduced, reducing
from backviz.ops.options import but_defaults
from backviz.ops.reduce import sum as sum_op
from backviz.ops.shape import Bound, Shape, expand_dims, shape_of

SIGNS = 0.01  # as far from −1 and 1 a target may be: a gradient check moves it a little

# Two classes ----------------------------------------------------------------------


def _signs(target: Any) -> Any:
    """The targets, if all are −1 or 1."""
    target = target if isinstance(target, Value) else as_data(target)
    y = data_of(target)
    off = y * y
    off -= 1.0  # 0 for all that are right
    if np.vdot(off, off) <= SIGNS**2:
        return target
    wrong = ~(np.abs(np.abs(y) - 1) <= SIGNS)
    if wrong.any():
        first = np.asarray(y)[wrong][0] if np.ndim(y) else y
        raise InputError(
            _(
                "hinge_loss: the targets are −1 or 1, not {first:g}; write 2*y − 1 for "
                "targets 0 and 1",
                first=first,
            )
        )
    return target


def _bind_hinge(
    x: Any, target: Any, margin: Any = 1, squared: bool = False, reduction: Any = "mean"
) -> Bound:
    pair = operands("hinge_loss", x, _signs(target))
    if type(margin) is int and margin == 1 and squared is False and reduction == "mean":
        return pair, NO_PARAMS
    margin = numbers(margin=(margin,)).get("margin", 1)
    options = but_defaults(margin=(margin, 1), squared=(bool(squared), False))
    return pair, {**options, **reducing(reduction)}


def _hinge(s: Any, y: Any, margin: float = 1, squared: bool = False) -> Any:
    slack = np.maximum(margin - s * y, 0.0)
    return slack * slack if squared else slack


def _hinge_slope(of: Any, other: Any, margin: float = 1, squared: bool = False) -> Any:
    """By one of score and target: the other one's part, where there is slack."""
    if squared:
        return -2 * other * relu(margin - of * other)
    return -other * (of * other < margin)


def _hinge_parts(s: Any, y: Any, margin: float = 1, squared: bool = False) -> Any:
    slack = relu(margin - s * y)
    return slack**2 if squared else slack


hinge_loss = per_entry(
    "hinge_loss",
    _hinge,
    (_hinge_slope, lambda s, y, **options: _hinge_slope(y, s, **options)),
    _hinge_parts,
    symbol="hinge",
    domain="targets −1 or 1",
    note="How far a score s is from being on the side of its target y by the margin: max(0, "
    "margin − y·s) (Cortes and Vapnik, 1995).",
    gradient="Where the margin is kept, and at the kink, nothing flows back; else −y, over n with "
    "the mean.",
    sample=Call((floats(0.5, 2), floats(1, -1))),
    kink=Call((1.0, 1.0)),
    torch="",
    params=("margin", "squared", "reduction"),
    bind=_bind_hinge,
)


# Many classes ---------------------------------------------------------------------


def _bind_multi_margin(
    x: Any,
    target: Any,
    p: Any = 1,
    margin: Any = 1,
    weight: Any = None,
    reduction: Any = "mean",
) -> Bound:
    name, shape = "multi_margin_loss", shape_of(x)
    if len(shape) > 2:
        raise ShapeError(
            _(
                "{name}: the scores have one axis or two, not the shape {shape}",
                name=name,
                shape=shape,
            )
        )
    labels = as_labels(name, target, shape)
    if p not in (1, 2):
        raise InputError(_("{name}: the power p is 1 or 2, not {p}", name=name, p=p))
    margin = numbers(margin=(margin,)).get("margin", 1)
    options = but_defaults(p=(int(p), 1), margin=(margin, 1))
    return (x,), {
        "target": labels,
        **options,
        **class_weights(name, weight, shape),
        **reducing(reduction),
    }


def _others(target: Plain, shape: Shape, weight: Plain | None, beside: Any = None) -> Any:
    """What each class counts against the right one: 1/C times the label's weight, itself 0."""
    counts = (1 - mass(target, shape, beside=beside)[0]) / shape[-1]
    if weight is None:
        return counts
    each = weight.beside(beside, "weight")[target.array]
    return counts * (expand_dims(each, axis=-1) if target.array.ndim else each)


def _multi_margin_parts(
    x: Any,
    target: Plain,
    p: int = 1,
    margin: float = 1,
    weight: Plain | None = None,
    reduction: str = "mean",
) -> Any:
    slack = relu(_slack(x, target, margin))
    counts = _others(target, shape_of(x), weight)
    return REDUCTIONS[reduction](sum_op((slack if p == 1 else slack**2) * counts, axis=-1))


def _slack(x: Any, target: Plain, margin: float) -> Any:
    """How far each score is from being the margin below that of the right class."""
    right = getitem(x, places(target.array))
    return margin - (expand_dims(right, axis=-1) if shape_of(right) else right) + x


def _multi_margin_loss(
    x: Any,
    target: Plain,
    p: int = 1,
    margin: float = 1,
    weight: Plain | None = None,
    reduction: str = "mean",
) -> Any:
    slack = np.maximum(_slack(x, target, margin), 0.0)
    losses = (slack if p == 1 else slack * slack) * _others(target, x.shape, weight)
    return reduced(np.sum(losses, axis=-1, dtype=x.dtype), reduction)


def _pull_multi_margin(
    upstream: Any,
    out: Any,
    x: Any,
    target: Any,
    p: int = 1,
    margin: float = 1,
    weight: Plain | None = None,
    reduction: str = "mean",
    *,
    position: int = 0,
) -> Any:
    shape = shape_of(x)
    slack = part("s", _slack(x, target, margin))
    counts = _others(target, shape, weight, upstream)
    local = greater(slack, 0) * counts if p == 1 else 2 * relu(slack) * counts
    local = part("v", local)
    right = mass(target, shape, beside=upstream)[0]
    local = local - right * sum_op(local, axis=-1, keepdims=True)
    return along_classes(upstream, shape, reduction, max(target.array.size, 1)) * local


multi_margin_loss = structural(
    "multi_margin_loss",
    _multi_margin_loss,
    _pull_multi_margin,
    arity=0,
    variadic=True,
    notation=Notation("multi_margin_loss({})"),
    symbol="hinge",
    domain="labels from 0 to the number of classes − 1",
    note="The hinge loss of several classes (Weston and Watkins, 1999): how far each other score "
    "comes within the margin of the right one, over the number of classes.",
    gradient="A score within the margin is pushed down and the right one up; at the kink nothing "
    "flows.",
    sample=Call((floats([1, 0.5, -1], [0.5, 2, 1]), LABELS)),
    kink=Call((floats([0, 1]), [1])),
    torch="nn.functional.multi_margin_loss",
    params=("p", "margin", "weight", "reduction"),
    bind=_bind_multi_margin,
    parts=_multi_margin_parts,
)
