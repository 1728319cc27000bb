"""Gradient descent, with momentum and Nesterov's look ahead."""

from __future__ import annotations

from typing import Any, ClassVar

from backviz.errors import InputError
from backviz.language import _
from backviz.optim.convention import Conventions, Decay, Rate, convention
from backviz.optim.formula import Lines, given, when
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.options import FROM_0_TO_1, option
from backviz.optim.table import optimizer

option("dampening", "τ", FROM_0_TO_1)


@optimizer
class SGD(Optimizer):
    """Gradient descent: a step against the gradient, with a memory of earlier steps if asked.

    At a step for which a schedule says momentum 0 the buffer is neither used nor changed,
    as in torch.

    >>> import numpy as np
    >>> x = np.array([-5.0, -2.0])
    >>> opt = SGD(x, lr=0.1)
    >>> opt.step(np.array([0.2, 4.0]) * x)  # f = .1x² + 2y²
    >>> x
    array([-4.9, -1.2])
    >>> opt.describe(), opt.memory
    ('SGD lr=.1 μ=0 τ=0 wd=0', 0)
    """

    title = "SGD"
    source = (
        "Robbins and Monro (1951); momentum: Polyak (1964); nesterov: Nesterov (1983), "
        "in the form of Sutskever et al. (2013)"
    )
    year = 1951
    also = ("gd",)
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
        ),
        "keras": convention(
            "The rate is inside the buffer, which matters when it changes; "
            "the weight decay is decoupled; there is no dampening.",
            Decay.DECOUPLED, {"rate": Rate.IN_BUFFER},
            lr=0.01, momentum=0.0, weight_decay=0.0, nesterov=False,
        ),
        "optax": convention(
            "torch's formula without dampening and weight decay; the rate has to be given.",
            lr=None, momentum=0.0, nesterov=False,
        ),
        "paper": convention(
            "Sutskever et al. have the rate inside the buffer; with nesterov the parameters "
            "are the looked-ahead ones, at which the paper takes the gradient.",
            switches={"rate": Rate.IN_BUFFER},
            lr=None, momentum=0.0, weight_decay=0.0, nesterov=False,
        ),
    }  # fmt: skip
    shown = ({}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True})

    def judge(self, o: Options) -> None:
        """nesterov needs a momentum, without dampening."""
        if o["nesterov"] and (not o["momentum"] or o.get("dampening")):
            raise InputError(_("nesterov=True needs a momentum above 0 and no dampening"))

    @staticmethod
    def update(x: Any, o: Any, rate: Rate = Rate.IN_STEP) -> Lines:
        """The buffer and the step."""
        lr, mu = o.lr, o.momentum
        yield "rate", lr
        if not given(mu):
            yield "θ ←", x.θ - lr * x.g
        elif rate is Rate.IN_BUFFER:
            b = yield "b ←", mu * x.b + lr * x.g
            yield "θ ←", x.θ - mu * b - lr * x.g if o.nesterov else x.θ - b
        else:
            b = mu * x.b + x.g
            if given(o.dampening):
                b = when(x.t > 1, lambda: mu * x.b + (1 - o.dampening) * x.g, lambda: x.g)
            b = yield "b ←", b
            yield "θ ←", x.θ - lr * (x.g + mu * b) if o.nesterov else x.θ - lr * b
