"""Adadelta: steps measured by earlier steps, so that no rate is needed."""

from __future__ import annotations

from typing import Any, ClassVar

from backviz.ops import sqrt
from backviz.optim.convention import Conventions, Decay, convention
from backviz.optim.formula import Lines
from backviz.optim.optimizer import Optimizer
from backviz.optim.options import SHARE, option
from backviz.optim.table import optimizer

option("rho", "ρ", SHARE)


@optimizer
class Adadelta(Optimizer):
    """The root of the averaged squared updates over that of the gradients: no units, no rate.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adadelta(x)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> opt.memory, opt.describe()
    (2, 'Adadelta lr=1 ρ=.9 ε=1e-06 wd=0')
    """

    title = "Adadelta"
    source = "Zeiler (2012)"
    year = 2012
    conventions: ClassVar[Conventions] = {
        "torch": convention(lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0),
        "keras": convention(
            "torch's formula with a rate of .001, where the paper has 1; "
            "the weight decay is decoupled.",
            Decay.DECOUPLED,
            lr=1e-3, rho=0.95, eps=1e-7, weight_decay=0.0,
        ),
        "optax": convention("torch's formula.", lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0),
        "paper": convention(
            "torch's formula; ρ = .95 in the experiments.", lr=1.0, rho=0.95, eps=1e-6
        ),
    }  # fmt: skip

    @staticmethod
    def update(x: Any, o: Any) -> Lines:
        """Both averages and the step."""
        v = yield "v ←", o.rho * x.v + (1 - o.rho) * x.g**2
        ratio = sqrt(x.u + o.eps) / sqrt(v + o.eps)
        delta = yield "δ =", ratio * x.g
        yield "u ←", o.rho * x.u + (1 - o.rho) * delta**2
        yield "rate", o.lr * ratio
        yield "θ ←", x.θ - o.lr * delta
