"""The losses: of numbers (`entries`), of classes (`classes`) and with a margin (`margins`).

What they share stands beside them: the reduction and weights (`parts`), class labels (`labels`).
Invariant: a loss is a row of the table that has a `reduction`; importing this package enters them.

>>> from backviz.ops.losses import cross_entropy
>>> cross_entropy.params
('weight', 'ignore_index', 'reduction', 'label_smoothing')
"""

# isort: split  (the table lists losses of numbers first)
# The table lists the losses of numbers first.
from backviz.ops.losses.entries import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)

# isort: split
from backviz.ops.losses.classes import cross_entropy, nll_loss
from backviz.ops.losses.margins import hinge_loss, multi_margin_loss

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge_loss",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "smooth_l1_loss",
]
