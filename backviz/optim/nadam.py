"""NAdam: Adam that looks ahead as Nesterov does."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar

from backviz.ops import sqrt
from backviz.optim.adam import BETAS
from backviz.optim.convention import Conventions, Decay, convention
from backviz.optim.formula import Lines
from backviz.optim.optimizer import Optimizer
from backviz.optim.options import AT_LEAST_0, option
from backviz.optim.table import optimizer

option("momentum_decay", "ψ", AT_LEAST_0)


class Momentum(Enum):
    """How the momentum goes."""

    GROWS = "μ = β₁·(1 − 0.5·0.96^(t·ψ))"
    CONSTANT = "μ = β₁"


@optimizer
class NAdam(Optimizer):
    """Adam that looks ahead as Nesterov does, with a momentum that grows to β₁.

    The momentum of step t is μ = β₁·(1 − ½·.96^(t·ψ)), ψ being `momentum_decay`.

    >>> import numpy as np
    >>> NAdam(np.ones(2)).describe()
    'NAdam lr=.002 β₁=.9 β₂=.999 ε=1e-08 wd=0 ψ=.004'
    """

    title = "NAdam"
    source = "Dozat (2016)"
    year = 2016
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=2e-3, betas=BETAS, eps=1e-8, weight_decay=0.0, momentum_decay=4e-3,
            decoupled_weight_decay=False,
        ),
        "keras": convention(
            "torch's formula with ψ = 1, so that the momentum grows 250 times as fast; "
            "the weight decay is decoupled.",
            Decay.DECOUPLED,
            lr=1e-3, betas=BETAS, eps=1e-7, weight_decay=0.0, momentum_decay=1.0,
        ),
        "optax": convention(
            "The momentum is β₁ from the first step on; the rate has to be given.",
            switches={"momentum": Momentum.CONSTANT},
            lr=None, betas=BETAS, eps=1e-8,
        ),
    }  # fmt: skip

    @staticmethod
    def update(x: Any, o: Any, momentum: Momentum = Momentum.GROWS) -> Lines:
        """Averages, momenta, step."""
        beta1, beta2 = o.betas

        def momentum_of(t: Any) -> Any:
            if momentum is Momentum.CONSTANT:
                return beta1
            return beta1 * (1 - 0.5 * 0.96 ** (t * o.momentum_decay))

        m = yield "m ←", beta1 * x.m + (1 - beta1) * x.g
        v = yield "v ←", beta2 * x.v + (1 - beta2) * x.g**2
        mu = yield "μ =", momentum_of(x.t)
        ahead = yield "μ′ =", momentum_of(x.t + 1)
        product = yield "Π ←", x.Π * mu
        m_hat = yield "m̂ =", ahead * m / (1 - product * ahead) + (1 - mu) * x.g / (1 - product)
        v_hat = yield "v̂ =", v / (1 - beta2**x.t)
        yield "rate", o.lr / (sqrt(v_hat) + o.eps)
        yield "θ ←", x.θ - o.lr * m_hat / (sqrt(v_hat) + o.eps)
