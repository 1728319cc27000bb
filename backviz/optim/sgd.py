"""Gradient descent, with momentum and Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.errors import InputError
from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class SGD(Optimizer):
    """Gradient descent: a step against the gradient, with a memory of earlier steps if asked.

    At a step for which a schedule says momentum 0 the buffer is neither used nor changed,
    as in torch.

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
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
        ),
        "keras": convention(
            "The rate is inside the buffer, which matters when it changes; "
            "the weight decay is decoupled; there is no dampening.",
            "rate inside, decoupled",
            lr=0.01, momentum=0.0, weight_decay=0.0, nesterov=False,
        ),
        "optax": convention(
            "torch's formula without dampening and weight decay; the rate has to be given.",
            lr=None, momentum=0.0, nesterov=False,
        ),
        "paper": convention(
            "Sutskever et al. have the rate inside the buffer; with nesterov the parameters "
            "are the looked-ahead ones, at which the paper takes the gradient.",
            "rate inside",
            lr=None, momentum=0.0, weight_decay=0.0, nesterov=False,
        ),
    }  # fmt: skip
    shown = ({}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True})

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        momentum: float | None = None,
        dampening: float | None = None,
        weight_decay: float | None = None,
        nesterov: bool | None = None,
        *,
        maximize: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, momentum=momentum, dampening=dampening,
            weight_decay=weight_decay, nesterov=nesterov, maximize=maximize,
        )  # fmt: skip

    def judge(self, o: Options) -> None:
        """nesterov needs a momentum, without dampening."""
        if o["nesterov"] and (not o["momentum"] or o.get("dampening")):
            raise InputError("nesterov=True needs a momentum above 0 and no dampening")

    def slots(self, o: Options) -> tuple[str, ...]:
        """A buffer, if there is momentum."""
        return ("b",) if o["momentum"] else ()

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """The rate, the momentum, and the share of the gradient that is kept."""
        keep = 1.0 if t == 1 else 1 - o.get("dampening", 0.0)
        return o["lr"], o["momentum"], keep, o["nesterov"], "rate inside" in self.rules

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Move p by the gradient or by the buffer."""
        lr, momentum, keep, nesterov, inside = c
        s = scratch[0]
        if not momentum:
            p -= np.multiply(g, lr, out=s)
            return
        (b,) = slots
        b *= momentum
        if inside:
            b += np.multiply(g, lr, out=s)
            if nesterov:
                p -= s
                p -= np.multiply(b, momentum, out=s)
            else:
                p -= b
            return
        b += g if keep == 1 else np.multiply(g, keep, out=s)
        if nesterov:
            np.multiply(b, momentum, out=s)
            s += g
            s *= lr
        else:
            np.multiply(b, lr, out=s)
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """The buffer and the step."""
        if not o["momentum"]:
            return ("θ ← θ − lr·g",)
        if "rate inside" in self.rules:
            step = "θ ← θ − μ·b − lr·g" if o["nesterov"] else "θ ← θ − b"
            return "b ← μ·b + lr·g", step
        step = "θ ← θ − lr·(g + μ·b)" if o["nesterov"] else "θ ← θ − lr·b"
        if o.get("dampening"):
            return "b ← μ·b + (1 − τ)·g if t > 1 else g", step
        return "b ← μ·b + g", step

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The rate, the same for all entries."""
        return {"rate": np.full_like(s["g"], o["lr"])}
