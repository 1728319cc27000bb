"""Losses of classes: a score for each class against the label of the right one.

Classes lie along axis 1 of the scores, or along the only axis. Labels are whole numbers
from 0 on, in an array with the other axes: plain data, without a gradient, and short in a
picture. Options are those of `torch.nn.functional`.

>>> from backviz import tensor
>>> from backviz.ops import cross_entropy
>>> scores = tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
>>> L = cross_entropy(scores, [0, 2])
>>> L.backward()
>>> round(L.data, 6), (2 * scores.grad).round(3)  # n times the gradient: the shares − the target
(0.753109, array([[-0.335,  0.245,  0.09 ],
       [ 0.333,  0.333, -0.667]]))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.calls import LABELS, SCORES, Call, floats
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import structural
from backviz.autodiff.symbol import part
from backviz.errors import InputError
from backviz.language import _
from backviz.ops.choose import numbers
from backviz.ops.composite import log_softmax, softmax
from backviz.ops.index import getitem
from backviz.ops.losses.labels import (
    along_classes,
    bind_labels,
    class_axis,
    class_weights,
    mass,
    per_class,
    places,
    weighed,
)
from backviz.ops.losses.parts import REDUCTIONS, Plain, reduced, reducing
from backviz.ops.reduce import sum as sum_op
from backviz.ops.shape import Bound, shape_of


@dataclass(frozen=True, slots=True)
class Options:
    """The options of both losses, as a record keeps them: those that were given."""

    weight: Plain | None = None
    ignore_index: int | None = None
    reduction: str = "mean"
    label_smoothing: float = 0.0

    @property
    def counts_all_alike(self) -> bool:
        """Whether each row counts as one, and only with the class of its label."""
        return self.weight is None and self.ignore_index is None and not self.label_smoothing

    def mass(self, x: Any, target: Any, beside: Any = None) -> tuple[Any, Any]:
        """As `labels.mass`, of labels or of probabilities, which may be recorded values."""
        shape, smoothing = shape_of(x), self.label_smoothing
        if type(target) is Plain:
            return mass(target, shape, self.weight, self.ignore_index, smoothing, beside)
        classes = shape[class_axis(shape)]
        if smoothing:
            target = target * (1 - smoothing) + smoothing / classes
        if self.weight is not None:
            target = target * per_class(self.weight, shape, beside)
        return target, float(np.prod(shape) / classes)


# Negative log-likelihood ----------------------------------------------------------


def _nll_loss(x: Any, target: Plain, **given: Any) -> Any:
    options = Options(**given)
    if options.counts_all_alike:
        return reduced(-x[places(target.array)], options.reduction)
    counts, divisor = options.mass(x, target)
    return reduced(weighed(x, counts), options.reduction, divisor)


def _pull_nll(
    upstream: Any, out: Any, x: Any, target: Any, *, position: int = 0, **given: Any
) -> Any:
    options = Options(**given)
    counts, divisor = options.mass(x, target, upstream)
    return -along_classes(upstream, shape_of(x), options.reduction, divisor) * counts


def _nll_parts(x: Any, target: Any, **given: Any) -> Any:
    return _loss_of_logs(x, x, target, Options(**given))


def _loss_of_logs(logs: Any, x: Any, target: Any, options: Options) -> Any:
    """The loss of the logarithms of the shares, in ops."""
    reduction = options.reduction
    if type(target) is Plain and options.counts_all_alike:
        return -REDUCTIONS[reduction](getitem(logs, places(target.array)))
    counts, divisor = options.mass(x, target)
    losses = -sum_op(logs * counts, axis=class_axis(shape_of(logs)))
    return sum_op(losses) / divisor if reduction == "mean" else REDUCTIONS[reduction](losses)


nll_loss = structural(
    "nll_loss",
    _nll_loss,
    _pull_nll,
    arity=0,
    variadic=True,
    notation=Notation("nll_loss({})"),
    symbol="NLL",
    domain="labels from 0 to the number of classes − 1",
    note="Minus the entry at each label, of x that holds logarithms of shares.",
    gradient="The gradient is −1, over n with the mean, at the label and 0 elsewhere.",
    sample=Call((floats([-0.5, -1.5, -2], [-2, -0.4, -1.4]), LABELS)),
    torch="nn.functional.nll_loss",
    params=("weight", "ignore_index", "reduction"),
    bind=lambda x, target, weight=None, ignore_index=-100, reduction="mean": bind_labels(
        "nll_loss", x, target, weight, ignore_index, reduction
    ),
    parts=_nll_parts,
)


# Cross-entropy --------------------------------------------------------------------


def _bind_cross_entropy(
    x: Any,
    target: Any,
    weight: Any = None,
    ignore_index: Any = -100,
    reduction: Any = "mean",
    label_smoothing: Any = 0.0,
) -> Bound:
    name, shape = "cross_entropy", shape_of(x)
    if shape_of(target) == shape != ():
        if ignore_index != -100:
            raise InputError(
                _("{name}: ignore_index is for class labels, not for probabilities", name=name)
            )
        operands = (x, target)
        params = reducing(reduction)
        if weight is not None:
            params = params | class_weights(name, weight, shape)
    else:
        operands, params = bind_labels(name, x, target, weight, ignore_index, reduction)
    if label_smoothing:
        smoothing = numbers(label_smoothing=(label_smoothing,))["label_smoothing"]
        if not 0 <= smoothing <= 1:
            raise InputError(
                _(
                    "{name}: label_smoothing lies between 0 and 1, not {smoothing:g}",
                    name=name,
                    smoothing=smoothing,
                )
            )
        params = {**params, "label_smoothing": smoothing}
    return operands, params


def _cross_entropy(x: Any, target: Any, **given: Any) -> Any:
    options, axis = Options(**given), class_axis(x.shape)
    lowered = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    totals = np.log(np.add.reduce(np.exp(lowered), axis=axis, keepdims=True))
    if type(target) is Plain and options.counts_all_alike:
        right = lowered[places(target.array)]
        return reduced(np.squeeze(totals, axis) - right, options.reduction)
    counts, divisor = options.mass(x, target)
    return reduced(weighed(lowered - totals, counts), options.reduction, divisor)


def _pull_cross_entropy(
    upstream: Any, out: Any, x: Any, target: Any, *, position: int, **given: Any
) -> Any:
    options, shape = Options(**given), shape_of(x)
    axis, weight, reduction = class_axis(shape), options.weight, options.reduction
    labels = type(target) is Plain
    plain = type(x) is np.ndarray and type(upstream) is float
    if labels and plain and options.counts_all_alike:
        shares = softmax.array(x, axis)  # the plain way: p − y, over n
        shares[places(target.array)] -= 1.0
        shares *= upstream / max(target.array.size, 1) if reduction == "mean" else upstream
        return shares
    counts, divisor = options.mass(x, target, upstream)
    upstream = along_classes(upstream, shape, reduction, divisor)
    if position == 0:
        shares = softmax(x, axis) if len(shape) > 1 else softmax(x)
        counts = part("y", counts)
        if not labels or weight is not None or options.ignore_index is not None:
            shares = shares * sum_op(counts, axis=axis, keepdims=True)
        return upstream * (shares - counts)
    gradient = -upstream * (log_softmax(x, axis) if len(shape) > 1 else log_softmax(x))
    if options.label_smoothing:
        gradient = gradient * (1 - options.label_smoothing)
    return gradient if weight is None else gradient * per_class(weight, shape, upstream)


def _cross_entropy_parts(x: Any, target: Any, **given: Any) -> Any:
    logs = log_softmax(x, class_axis(shape_of(x)))
    return _loss_of_logs(logs, x, target, Options(**given))


cross_entropy = structural(
    "cross_entropy",
    _cross_entropy,
    _pull_cross_entropy,
    arity=0,
    variadic=True,
    notation=Notation("cross_entropy({})"),
    symbol="CE",
    domain="labels from 0 to the number of classes − 1, or probabilities",
    note="−log of the share p that softmax gives the right class, or the mean of that over a "
    "target of probabilities y.",
    gradient="The gradient on the scores is p − y, over n with the mean, where a label's y is 1 "
    "at the label and 0 elsewhere.",
    sample=Call((SCORES, LABELS)),
    torch="nn.functional.cross_entropy",
    params=("weight", "ignore_index", "reduction", "label_smoothing"),
    bind=_bind_cross_entropy,
    parts=_cross_entropy_parts,
)
