"""Adam: averages of the gradients and of their squares, both corrected for their start at 0."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any, ClassVar

from backviz.ops import maximum, sqrt
from backviz.optim.convention import Conventions, Decay, convention
from backviz.optim.formula import Lines
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.table import optimizer

BETAS = (0.9, 0.999)
TINY = 2e-38  # above the smallest float32; it changes no gradient, and 0 divided by it is 0


class Root(Enum):
    """Which root ε is added to."""

    CORRECTED = "√v̂ + ε"
    PLAIN = "√v + ε"


class Largest(Enum):
    """What `amsgrad` takes the largest of, and what becomes of it."""

    THEN_CORRECTED = "w ← max(w, v), then w/(1 − β₂ᵗ)"
    OF_CORRECTED = "w ← max(w, v/(1 − β₂ᵗ))"
    UNCORRECTED = "w ← max(w, v), and m as it is"


@optimizer
class Adam(Optimizer):
    """The corrected average of the gradients over the root of that of their squares.

    The first step is lr·sign(g). `amsgrad` divides by the largest average so far.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adam(x, lr=0.4)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x.round(6), opt.describe()
    (array([-4.6, -1.6]), 'Adam lr=.4 β₁=.9 β₂=.999 ε=1e-08 wd=0')
    """

    title = "Adam"
    source = "Kingma and Ba (2015), algorithm 1; amsgrad: Reddi, Kale and Kumar (2018)"
    year = 2015  # of the whole family
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.0, amsgrad=False,
            decoupled_weight_decay=False,
        ),
        "keras": convention(
            "ε̂ stands beside the uncorrected root, as in the paper's remark before section 2.1; "
            "ε is 1e−7; the weight decay is decoupled.",
            Decay.DECOUPLED, {"root": Root.PLAIN},
            lr=1e-3, betas=BETAS, eps=1e-7, weight_decay=0.0, amsgrad=False,
        ),
        "optax": convention(
            "torch's formula, but amsgrad takes the largest corrected average; "
            "the rate has to be given.",
            switches={"largest": Largest.OF_CORRECTED},
            lr=None, betas=BETAS, eps=1e-8, amsgrad=False,
        ),
        "paper": convention(
            "torch's formula, but amsgrad corrects nothing (its paper has no ε either).",
            switches={"largest": Largest.UNCORRECTED},
            lr=1e-3, betas=BETAS, eps=1e-8, amsgrad=False,
        ),
    }  # fmt: skip
    shown: ClassVar[tuple[Options, ...]] = ({}, {"amsgrad": True})

    @staticmethod
    def update(
        x: Any,
        o: Any,
        root: Root = Root.CORRECTED,
        largest: Largest = Largest.THEN_CORRECTED,
    ) -> Lines:
        """Averages, corrections, step."""
        beta1, beta2 = o.betas
        m = yield "m ←", beta1 * x.m + (1 - beta1) * x.g
        v = yield "v ←", beta2 * x.v + (1 - beta2) * x.g**2
        of_corrected = o.amsgrad and largest is Largest.OF_CORRECTED
        if o.amsgrad and not of_corrected:
            v = yield "w ←", maximum(x.w, v)
        rate = o.lr
        if root is Root.PLAIN:
            rate = yield "r =", o.lr * sqrt(1 - beta2**x.t) / (1 - beta1**x.t)
        elif not (o.amsgrad and largest is Largest.UNCORRECTED):
            m = yield "m̂ =", m / (1 - beta1**x.t)
            v_hat = v / (1 - beta2**x.t)
            if of_corrected:
                v = yield "w ←", maximum(x.w, v_hat)
            else:
                v = yield "v̂ =", v_hat
        yield "rate", rate / (sqrt(v) + o.eps)
        yield "θ ←", x.θ - rate * m / (sqrt(v) + o.eps)


@optimizer
class AdamW(Adam):
    """Adam with a weight decay that stays out of the averages.

    >>> import numpy as np
    >>> AdamW(np.ones(2)).describe()
    'AdamW lr=.001 β₁=.9 β₂=.999 ε=1e-08 wd=.01'
    >>> AdamW(np.ones(2), semantics="keras").describe()
    'AdamW lr=.001 β₁=.9 β₂=.999 ε=1e-07 wd=.004 (keras)'
    """

    title = "AdamW"
    source = "Loshchilov and Hutter (2019), algorithm 2"
    also = ("adam_w",)
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            "", Decay.DECOUPLED, lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.01, amsgrad=False
        ),
        "keras": convention(
            "ε̂ stands beside the uncorrected root; the weight decay is .004.",
            Decay.DECOUPLED, {"root": Root.PLAIN},
            lr=1e-3, betas=BETAS, eps=1e-7, weight_decay=0.004, amsgrad=False,
        ),
        "optax": convention(
            "torch's formula, but amsgrad takes the largest corrected average; the weight decay "
            "is .0001, and the rate has to be given.",
            Decay.DECOUPLED, {"largest": Largest.OF_CORRECTED},
            lr=None, betas=BETAS, eps=1e-8, weight_decay=1e-4, amsgrad=False,
        ),
        "paper": convention(
            "The weight decay is multiplied with what the schedule does to the rate, not with "
            "the rate itself; the paper names no λ, so torch's .01 stands here.",
            Decay.BY_SCHEDULE, {"largest": Largest.UNCORRECTED},
            lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.01, amsgrad=False,
        ),
    }  # fmt: skip
    shown: ClassVar[tuple[Options, ...]] = ({},)


@optimizer
class AMSGrad(Adam):
    """Adam that divides by the largest average of the squares so far: `amsgrad=True`.

    >>> import numpy as np
    >>> AMSGrad(np.ones(2)).describe(), AMSGrad(np.ones(2)).memory
    ('AMSGrad lr=.001 β₁=.9 β₂=.999 ε=1e-08 wd=0 amsgrad', 3)
    """

    title = "AMSGrad"
    source = "Reddi, Kale and Kumar (2018), algorithm 2"
    conventions: ClassVar[Conventions] = {
        name: replace(c, defaults={**c.defaults, "amsgrad": True})
        for name, c in Adam.conventions.items()
    }
    shown: ClassVar[tuple[Options, ...]] = ({},)
