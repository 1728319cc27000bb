"""Adagrad: a rate of its own for every entry, from all gradients so far."""

from __future__ import annotations

from typing import Any, ClassVar

from backviz.ops import sqrt
from backviz.optim.convention import Conventions, Decay, Eps, convention
from backviz.optim.formula import Lines, given
from backviz.optim.optimizer import Optimizer
from backviz.optim.options import AT_LEAST_0, option
from backviz.optim.table import optimizer

option("lr_decay", "d", AT_LEAST_0)
option("initial_accumulator_value", "s₀", AT_LEAST_0)


@optimizer
class Adagrad(Optimizer):
    """The rate is divided by the root of the sum of all squared gradients so far.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adagrad(x, lr=0.5)
    >>> opt.step(np.array([0.2, 4.0]) * x)  # the first step is lr·sign(g)
    >>> x
    array([-4.5, -1.5])
    """

    title = "Adagrad"
    source = "Duchi, Hazan and Singer (2011)"
    year = 2011
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-2, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10
        ),
        "keras": convention(
            "ε stands inside the root and the sum begins at .1; the weight decay is decoupled.",
            Decay.DECOUPLED, {"at": Eps.IN_ROOT},
            lr=1e-3, weight_decay=0.0, initial_accumulator_value=0.1, eps=1e-7,
        ),
        "optax": convention(
            "ε stands inside the root and the sum begins at .1; the rate has to be given.",
            switches={"at": Eps.IN_ROOT},
            lr=None, initial_accumulator_value=0.1, eps=1e-7,
        ),
        "paper": convention(
            "torch's formula, δ being ε; the rate has to be given.",
            lr=None, initial_accumulator_value=0.0, eps=1e-10,
        ),
    }  # fmt: skip
    begins: ClassVar = {"s": "initial_accumulator_value"}

    @staticmethod
    def update(x: Any, o: Any, at: Eps = Eps.AFTER_ROOT) -> Lines:
        """The sum and the step."""
        s = yield "s ←", x.s + x.g**2
        root = sqrt(s + o.eps) if at is Eps.IN_ROOT else sqrt(s) + o.eps
        lr = (yield "r =", o.lr / (1 + (x.t - 1) * o.lr_decay)) if given(o.lr_decay) else o.lr
        yield "rate", lr / root
        yield "θ ←", x.θ - lr * x.g / root
