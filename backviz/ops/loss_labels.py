"""Class labels: plain whole numbers that say which score of a row is the right one.

Classes lie along axis 1 of the scores, or along the only axis; labels have the other axes.
Invariant: a label that is no class is refused before anything is recorded, by its number.
"""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import quietly
from backviz.autodiff.operand import Params
from backviz.errors import InputError, ShapeError
from backviz.ops.index import numbers_of
from backviz.ops.loss_parts import Plain, reducing, weights
from backviz.ops.shape import Bound, Shape, expand_dims, shape_of


def class_axis(shape: Shape) -> int:
    """The axis of the classes."""
    return 1 if len(shape) > 1 else 0


def as_labels(name: str, target: Any, shape: Shape, ignored: Any = None) -> Plain:
    """The labels as an array of whole numbers, if each is a class of scores of this shape."""
    if not shape:
        raise ShapeError(f"{name}: a single number has no classes; give an array of scores")
    given = np.asarray(numbers_of(target))
    if given.dtype.kind not in "biuf":
        raise InputError(f"{name}: class labels are whole numbers, not {given.ravel()[0]!s:.40}")
    labels = quietly(given.astype, np.intp)
    if given.dtype.kind == "f" and (labels != given).any():
        raise InputError(
            f"{name}: class labels are whole numbers, not {given[labels != given][0]:g}"
        )
    axis = class_axis(shape)
    wanted, classes = shape[:axis] + shape[axis + 1 :], shape[axis]
    if labels.shape != wanted:
        raise ShapeError(
            f"{name}: scores of shape {shape} need labels of shape {wanted}, not {labels.shape}"
        )
    if labels.size and labels.view(np.uintp).max() >= classes:  # negative ones are huge then
        wrong = (labels < 0) | (labels >= classes)
        if ignored is not None:
            wrong &= labels != ignored
        for place in np.argwhere(wrong):
            at = f" at {place.tolist()}" if len(place) else ""
            raise InputError(
                f"{name}: the label {labels[tuple(place)]}{at} is out of range; "
                f"{classes} classes have the labels 0 to {classes - 1}"
            )
    return Plain(labels)


def class_weights(name: str, weight: Any, shape: Shape) -> Params:
    """A weight for each class, as an option."""
    classes = shape[class_axis(shape)]
    if weight is not None and np.shape(data_of(weight)) != (classes,):
        raise ShapeError(
            f"{name}: there are {classes} classes, so weight needs the shape ({classes},), "
            f"not {np.shape(data_of(weight))}"
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


def per_class(weight: Plain, shape: Shape) -> np.ndarray:
    """The weights of the classes, along their axis."""
    return weight.array.reshape((-1,) + (1,) * (len(shape) - 1 - class_axis(shape)))


def mass(
    target: Plain,
    shape: Shape,
    weight: Plain | None = None,
    ignore_index: int | None = None,
    smoothing: float = 0.0,
) -> tuple[np.ndarray, Any]:
    """How much each class of each row counts, and by what the mean divides."""
    axis = class_axis(shape)
    kept = None if ignore_index is None else target.array != ignore_index
    labels = target.array if kept is None else np.where(kept, target.array, 0)
    counts = np.full(shape, smoothing / shape[axis])
    counts[places(labels)] += 1 - smoothing
    rows: Any = np.ones(labels.shape)
    if weight is not None:
        counts *= per_class(weight, shape)
        rows = weight.array[labels]
    if kept is not None:
        counts *= np.expand_dims(kept, axis)
        rows = rows * kept
    return counts, np.sum(rows)


def along_classes(upstream: Any, shape: Shape, reduction: str, divisor: Any) -> Any:
    """The upstream gradient of each row, along the classes; of no rows there is no mean."""
    if reduction == "none" and len(shape) > 1:
        return expand_dims(upstream, axis=1)
    return upstream / (divisor or 1.0) if reduction == "mean" else upstream


def weighed(logs: Any, counts: Any) -> Any:
    """−Σ counts·log along the classes; a class that does not count may have the log of 0."""
    terms = np.where(counts == 0, 0.0, counts * logs)
    return -np.sum(terms, axis=class_axis(logs.shape), dtype=logs.dtype)
