"""Lion: only the sign of a mixed average moves the parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from backviz.ops import sign
from backviz.optim.convention import Conventions, Decay, convention
from backviz.optim.formula import Lines
from backviz.optim.optimizer import Optimizer
from backviz.optim.table import optimizer

BETAS = (0.9, 0.99)


@optimizer
class Lion(Optimizer):
    """Every entry moves by lr, in the direction of a mix of average and gradient.

    torch has none, so the paper's formula is the first one here.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = Lion(x, lr=0.5)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x, opt.memory
    (array([-4.5, -1.5]), 1)
    """

    title = "Lion"
    source = "Chen et al. (2023)"
    year = 2023
    conventions: ClassVar[Conventions] = {
        "paper": convention("", Decay.DECOUPLED, lr=1e-4, betas=BETAS, weight_decay=0.0),
        "keras": convention(
            "The paper's formula with a rate of .001.",
            Decay.DECOUPLED, lr=1e-3, betas=BETAS, weight_decay=0.0,
        ),
        "optax": convention(
            "The paper's formula with a weight decay of .001; the rate has to be given.",
            Decay.DECOUPLED, lr=None, betas=BETAS, weight_decay=1e-3,
        ),
    }  # fmt: skip

    @staticmethod
    def update(x: Any, o: Any) -> Lines:
        """The step, then the average."""
        beta1, beta2 = o.betas
        yield "rate", o.lr
        yield "θ ←", x.θ - o.lr * sign(beta1 * x.m + (1 - beta1) * x.g)
        yield "m ←", beta2 * x.m + (1 - beta2) * x.g
