"""RMSprop: Adagrad that forgets."""

from __future__ import annotations

from typing import Any, ClassVar

from backviz.ops import maximum, sqrt
from backviz.optim.convention import Conventions, Decay, Eps, Rate, convention
from backviz.optim.formula import Lines, given
from backviz.optim.optimizer import Optimizer
from backviz.optim.options import SHARE, option
from backviz.optim.table import optimizer

option("alpha", "α", SHARE)
GRAVES = {"at": Eps.IN_ROOT, "rate": Rate.IN_BUFFER}


@optimizer
class RMSprop(Optimizer):
    """The rate is divided by the root of a moving average of the squared gradients.

    The first step is lr/√(1 − α)·sign(g), so ten times lr with torch's α: the average
    begins at 0 and is not corrected. `centered` divides by the deviation instead: v − a² is
    never below 0, but for rounding, and counts as 0 there, where torch has NaN. A gradient
    that hardly changes has no deviation, so that steps grow to lr·g/ε: give a larger ε.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = RMSprop(x, lr=0.01)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x.round(6)
    array([-4.9, -1.9])
    """

    title = "RMSprop"
    source = "Tieleman and Hinton (2012), lecture 6.5; centered, with momentum: Graves (2013)"
    year = 2012
    also = ("rms_prop",)
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False
        ),
        "keras": convention(
            "ε stands inside the root, the rate inside the momentum's buffer, α (there `rho`) is "
            ".9; the weight decay is decoupled.",
            Decay.DECOUPLED, GRAVES,
            lr=1e-3, alpha=0.9, eps=1e-7, weight_decay=0.0, momentum=0.0, centered=False,
        ),
        "optax": convention(
            "ε stands inside the root, the rate inside the momentum's buffer, α (there `decay`) "
            "is .9; the rate has to be given.",
            switches=GRAVES,
            lr=None, alpha=0.9, eps=1e-8, momentum=0.0, centered=False,
        ),
        "paper": convention(
            "Graves centers, with ε inside the root and the rate inside the momentum's buffer.",
            switches=GRAVES,
            lr=1e-4, alpha=0.95, eps=1e-4, momentum=0.9, centered=True,
        ),
    }  # fmt: skip
    shown = ({}, {"centered": True}, {"momentum": 0.9})

    @staticmethod
    def update(x: Any, o: Any, at: Eps = Eps.AFTER_ROOT, rate: Rate = Rate.IN_STEP) -> Lines:
        """The averages, the buffer, the step."""
        lr, mu, alpha = o.lr, o.momentum, o.alpha
        v = yield "v ←", alpha * x.v + (1 - alpha) * x.g**2
        if o.centered:
            a = yield "a ←", alpha * x.a + (1 - alpha) * x.g
            v = yield "c =", maximum(v - a**2, 0.0)
        root = sqrt(v + o.eps) if at is Eps.IN_ROOT else sqrt(v) + o.eps
        yield "rate", lr / root
        if not given(mu):
            yield "θ ←", x.θ - lr * x.g / root
        elif rate is Rate.IN_BUFFER:
            b = yield "b ←", mu * x.b + lr * x.g / root
            yield "θ ←", x.θ - b
        else:
            b = yield "b ←", mu * x.b + x.g / root
            yield "θ ←", x.θ - lr * b
