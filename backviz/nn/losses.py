"""The losses, as functions: they are ops, and stand here because networks need them.

A loss is a row of the table that has a `reduction`; one that a file of yours enters is found here
as well.

>>> from backviz import nn
>>> from backviz.nn.losses import cross_entropy
>>> scores = nn.MLP(2, [3], seed=0)([[1.0, -1.0], [0.5, 2.0]])
>>> loss = cross_entropy(scores, [0, 2])
>>> loss.backward()
>>> loss.op.name, scores.grad.shape
('cross_entropy', (2, 3))
"""

from backviz.autodiff.op import Op
from backviz.ops import OPS
from backviz.ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    multi_margin_loss,
    nll_loss,
    smooth_l1_loss,
)

bce_with_logits = binary_cross_entropy_with_logits

__all__ = [
    "bce_with_logits",
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


def __getattr__(name: str) -> Op:
    """A loss that another file has entered into the table."""
    if name.startswith("_") or name not in OPS or "reduction" not in OPS[name].params:
        raise AttributeError(f"there is no loss {name!r}; there is {', '.join(__all__)}")
    return OPS[name]
