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
from backviz.language import _
from backviz.ops import OPS, losses
from backviz.ops.losses import *  # noqa: F403  (its __all__ is the list of losses)

bce_with_logits = losses.binary_cross_entropy_with_logits

__all__ = ["bce_with_logits", *losses.__all__]  # noqa: PLE0604  (names, from the other list)


def __getattr__(name: str) -> Op:
    """A loss that another file has entered into the table."""
    if name.startswith("_") or name not in OPS or "reduction" not in OPS[name].params:
        raise AttributeError(
            _("there is no loss {name!r}; there is {list}", name=name, list=", ".join(__all__))
        )
    return OPS[name]
