"""RAdam: Adam that waits until its average of squares can be trusted."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar

from backviz.ops import sqrt
from backviz.optim.adam import BETAS, TINY, Root
from backviz.optim.convention import Conventions, convention
from backviz.optim.formula import Lines, when
from backviz.optim.optimizer import Optimizer
from backviz.optim.table import optimizer


class Enough(Enum):
    """From which length of the average on it can be trusted."""

    ABOVE_5 = "ρ > 5"
    FROM_5 = "ρ ≥ 5"
    ABOVE_4 = "ρ > 4"


@optimizer
class RAdam(Optimizer):
    """Adam that waits with the division until the average of the squares can be trusted.

    While ρ, the length of that average, is at most 5, the step is lr·m̂; after that Adam's,
    times a factor that grows to 1. With β₂ = .999 the first division is in step 6.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = RAdam(x, lr=0.1)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x
    array([-4.9, -1.2])
    """

    title = "RAdam"
    source = "Liu et al. (2020), algorithm 2"
    year = 2020
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.0, decoupled_weight_decay=False
        ),
        "optax": convention(
            "ε stands beside the corrected root, and a ρ of exactly 5 is enough; "
            "the rate has to be given.",
            switches={"root": Root.CORRECTED, "enough": Enough.FROM_5},
            lr=None, betas=BETAS, eps=1e-8,
        ),
        "paper": convention(
            "A ρ above 4 is enough, and there is no ε; 2e−38 stands in for it.",
            switches={"enough": Enough.ABOVE_4},
            lr=1e-3, betas=BETAS, eps=TINY,
        ),
    }  # fmt: skip

    @staticmethod
    def update(x: Any, o: Any, root: Root = Root.PLAIN, enough: Enough = Enough.ABOVE_5) -> Lines:
        """Averages, length, factor, step."""
        lr, (beta1, beta2) = o.lr, o.betas
        m = yield "m ←", beta1 * x.m + (1 - beta1) * x.g
        v = yield "v ←", beta2 * x.v + (1 - beta2) * x.g**2
        m_hat = yield "m̂ =", m / (1 - beta1**x.t)
        most = yield "ρ∞ =", 2 / (1 - beta2) - 1
        rho = yield "ρ =", most - 2 * x.t * beta2**x.t / (1 - beta2**x.t)
        least = 4 if enough is Enough.ABOVE_4 else 5
        trusted = rho >= least if enough is Enough.FROM_5 else rho > least

        def factor() -> Any:
            return sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))

        r = yield "r =", when(trusted, factor, lambda: 0)

        def times(direction: Any) -> Any:
            if root is Root.CORRECTED:
                return lr * direction * r / (sqrt(v / (1 - beta2**x.t)) + o.eps)
            return lr * direction * r * sqrt(1 - beta2**x.t) / (sqrt(v) + o.eps)

        yield "rate", when(trusted, lambda: times(1), lambda: lr)
        yield "θ ←", when(trusted, lambda: x.θ - times(m_hat), lambda: x.θ - lr * m_hat)
