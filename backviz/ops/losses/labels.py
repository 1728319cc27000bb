"""Class labels: plain whole numbers that say which score of a row is the right one.

Classes lie along axis 1 of the scores, or along the only axis; labels have the other axes.
Invariant: a label that is no class is refused before anything is recorded, by its number.
"""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.calls import Call, floats
from backviz.autodiff.data import quietly
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import structural
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import constant
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.ops.compare import not_equal
from backviz.ops.index import numbers_of
from backviz.ops.losses.parts import Plain, reducing, weights
from backviz.ops.reduce import shaped
from backviz.ops.shape import Bound, Shape, expand_dims, shape_of


def class_axis(shape: Shape) -> int:
    """The axis of the classes."""
    return 1 if len(shape) > 1 else 0


def as_labels(name: str, target: Any, shape: Shape, ignored: Any = None) -> Plain:
    """The labels as an array of whole numbers, if each is a class of scores of this shape."""
    if not shape:
        raise ShapeError(
            _("{name}: a single number has no classes; give an array of scores", name=name)
        )
    given = np.asarray(numbers_of(target))
    if given.dtype.kind not in "biuf":
        raise InputError(
            _(
                "{name}: class labels are whole numbers, not {ravel!s:.40}",
                name=name,
                ravel=given.ravel()[0],
            )
        )
    labels = quietly(given.astype, np.intp)
    if given.dtype.kind == "f" and (labels != given).any():
        raise InputError(
            _(
                "{name}: class labels are whole numbers, not {given:g}",
                name=name,
                given=given[labels != given][0],
            )
        )
    axis = class_axis(shape)
    wanted, classes = shape[:axis] + shape[axis + 1 :], shape[axis]
    if labels.shape != wanted:
        raise ShapeError(
            _(
                "{name}: scores of shape {shape} need labels of shape {wanted}, not {shape2}",
                name=name,
                shape=shape,
                wanted=wanted,
                shape2=labels.shape,
            )
        )
    if labels.size and labels.view(np.uintp).max() >= classes:  # negative ones are huge then
        wrong = (labels < 0) | (labels >= classes)
        if ignored is not None:
            wrong &= labels != ignored
        for place in np.argwhere(wrong):
            told = {"name": name, "label": labels[tuple(place)], "classes": classes,
                    "n": classes - 1}  # fmt: skip
            if len(place):
                raise InputError(
                    _("{name}: the label {label} at {place} is out of range; {classes} classes "
                      "have the labels 0 to {n}", place=place.tolist(), **told)
                )  # fmt: skip
            raise InputError(
                _("{name}: the label {label} is out of range; {classes} classes have the labels 0 "
                  "to {n}", **told)
            )  # fmt: skip
    return Plain(labels)


def class_weights(name: str, weight: Any, shape: Shape) -> Params:
    """A weight for each class, as an option."""
    classes = shape[class_axis(shape)]
    if weight is not None and np.shape(data_of(weight)) != (classes,):
        raise ShapeError(
            _(
                "{name}: there are {classes} classes, so weight needs the shape "
                "({classes},), not {shape}",
                name=name,
                classes=classes,
                shape=np.shape(data_of(weight)),
            )
        )
    return weights(name, weight, (classes,))


def bind_labels(
    name: str, x: Any, target: Any, weight: Any, ignore_index: Any, reduction: Any
) -> Bound:
    """The scores as the operand and the labels among the options, with what goes for both.

    `ignore_index` stays only if there is something to ignore.
    """
    shape, ignored = shape_of(x), index(ignore_index)
    labels = as_labels(name, target, shape, ignored)
    params: Params = {"target": labels}
    if weight is not None:
        params |= class_weights(name, weight, shape)
    if (labels.array == ignored).any():
        params["ignore_index"] = ignored
    return (x,), params if reduction == "mean" else params | reducing(reduction)


def places(labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Where in the scores the labelled classes stand, as a key."""
    if labels.ndim == 1:
        return np.arange(len(labels)), labels
    if labels.ndim == 0:
        return (labels,)
    first, *others = np.ogrid[tuple([slice(n) for n in labels.shape])]
    return (first, labels, *others)


def per_class(weight: Plain, shape: Shape, beside: Any = None) -> Any:
    """The weights of the classes, along their axis."""
    behind = (1,) * (len(shape) - 1 - class_axis(shape))
    return shaped(weight.beside(beside, "weight"), (weight.array.size, *behind))


def _one_hot(labels: Any, classes: int, axis: int = -1) -> np.ndarray:
    return np.moveaxis(np.equal.outer(labels, np.arange(classes)).astype(float), -1, axis)


one_hot = structural(
    "one_hot",
    _one_hot,
    None,
    notation=Notation("one_hot({}, {classes}, {axis})", 100, (0,)),
    domain="labels from 0 to the number of classes − 1",
    note="1 at each label and 0 elsewhere, along a new axis.",
    sample=Call((floats(0, 2),), {"classes": 3, "axis": 1}),
    torch="nn.functional.one_hot",
    torch_options={"classes": "num_classes"},
    params=("classes", "axis"),
    public=False,
    method=False,
    written=False,
)


def mass(
    target: Plain,
    shape: Shape,
    weight: Plain | None = None,
    ignore_index: int | None = None,
    smoothing: float = 0.0,
    beside: Any = None,
) -> tuple[Any, float]:
    """How much each class of each row counts, and by what the mean divides.

    `beside` is what the numbers will be used with: a symbol makes them symbols too.
    """
    axis = class_axis(shape)
    labels = constant("target", target.array, beside)
    counts = one_hot(labels, classes=shape[axis], axis=axis)
    if smoothing:
        counts = counts * (1 - smoothing) + smoothing / shape[axis]
    rows: Any = np.ones(target.array.shape)
    if weight is not None:
        counts = counts * per_class(weight, shape, beside)
        rows = weight.array[np.where(target.array == ignore_index, 0, target.array)]
    if ignore_index is not None:
        kept = not_equal(labels, ignore_index)
        counts = counts * (expand_dims(kept, axis=axis) if target.array.ndim else kept)
        rows = rows * (target.array != ignore_index)
    return counts, float(np.sum(rows))


def along_classes(upstream: Any, shape: Shape, reduction: str, divisor: Any) -> Any:
    """The upstream gradient of each row, along the classes; of no rows there is no mean."""
    if reduction == "none" and len(shape) > 1:
        return expand_dims(upstream, axis=1)
    return upstream if reduction != "mean" or divisor in (0, 1) else upstream / divisor


def weighed(logs: Any, counts: Any) -> Any:
    """−Σ counts·log along the classes; a class that does not count may have the log of 0."""
    terms = np.where(counts == 0, 0.0, counts * logs)
    return -np.sum(terms, axis=class_axis(logs.shape), dtype=logs.dtype)
