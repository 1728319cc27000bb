"""Adamax: Adam with the largest gradient in place of the root of the squares."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar

from backviz.ops import maximum
from backviz.optim.adam import BETAS, TINY
from backviz.optim.convention import Conventions, Decay, convention
from backviz.optim.formula import Lines
from backviz.optim.optimizer import Optimizer
from backviz.optim.table import optimizer


class Added(Enum):
    """What ε is added to."""

    GRADIENT = "u ← max(β₂·u, |g| + ε)"
    MAXIMUM = "u + ε"


@optimizer
class Adamax(Optimizer):
    """Adam with the largest gradient, slowly forgotten, in place of the root of the squares.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adamax(x, lr=0.5)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x.round(6)
    array([-4.5, -1.5])
    """

    title = "Adamax"
    source = "Kingma and Ba (2015), algorithm 2"
    year = 2015
    conventions: ClassVar[Conventions] = {
        "torch": convention(lr=2e-3, betas=BETAS, eps=1e-8, weight_decay=0.0),
        "keras": convention(
            "ε is added to the maximum, not to |g|; the weight decay is decoupled.",
            Decay.DECOUPLED, {"added": Added.MAXIMUM},
            lr=1e-3, betas=BETAS, eps=1e-7, weight_decay=0.0,
        ),
        "optax": convention(
            "torch's formula; the rate has to be given.", lr=None, betas=BETAS, eps=1e-8
        ),
        "paper": convention(
            "There is no ε; 2e−38 stands in for it, so that 0/0 is 0.",
            lr=2e-3, betas=BETAS, eps=TINY,
        ),
    }  # fmt: skip

    @staticmethod
    def update(x: Any, o: Any, added: Added = Added.GRADIENT) -> Lines:
        """Average, maximum, step."""
        beta1, beta2 = o.betas
        m = yield "m ←", beta1 * x.m + (1 - beta1) * x.g
        size = abs(x.g) + o.eps if added is Added.GRADIENT else abs(x.g)
        u = yield "u ←", maximum(beta2 * x.u, size)
        m_hat = yield "m̂ =", m / (1 - beta1**x.t)
        below = u if added is Added.GRADIENT else u + o.eps
        yield "rate", o.lr / below
        yield "θ ←", x.θ - o.lr * m_hat / below
