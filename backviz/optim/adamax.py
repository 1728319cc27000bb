"""Adamax: Adam with the largest gradient in place of the root of the squares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.moments import BETAS, TINY, average
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class Adamax(Optimizer):
    """Adam with the largest gradient, slowly forgotten, in place of the root of the squares.

    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adamax(x, lr=0.5)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x.round(6)
    array([-4.5, -1.5])
    """

    title = "Adamax"
    source = "Kingma and Ba (2015), algorithm 2"
    conventions: ClassVar[Conventions] = {
        "torch": convention(lr=2e-3, betas=BETAS, eps=1e-8, weight_decay=0.0),
        "keras": convention(
            "ε is added to the maximum, not to |g|; the weight decay is decoupled.",
            "eps after, decoupled",
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

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        betas: tuple[float, float] | None = None,
        eps: float | None = None,
        weight_decay: float | None = None,
        *,
        maximize: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
            maximize=maximize,
        )  # fmt: skip

    def slots(self, o: Options) -> tuple[str, ...]:
        """The average and the maximum."""
        return "m", "u"

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """Shares, ε, the corrected rate, and where ε stands."""
        beta1, beta2 = o["betas"]
        rate = o["lr"] / (1 - beta1**t)
        return 1 - beta1, beta2, o["eps"], rate, "eps after" in self.rules

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Average, take the maximum, divide."""
        new1, beta2, eps, rate, after = c
        (m, u), s = slots, scratch[0]
        average(m, g, new1, s)
        u *= beta2
        np.abs(g, out=s)
        if not after:
            s += eps
        np.maximum(u, s, out=u)
        np.divide(m, np.add(u, eps, out=s) if after else u, out=s)
        s *= rate
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """Average, maximum, step."""
        after = "eps after" in self.rules
        return (
            "m ← β₁·m + (1 − β₁)·g",
            "u ← max(β₂·u, |g|)" if after else "u ← max(β₂·u, |g| + ε)",
            "m̂ = m/(1 − β₁ᵗ)",
            "θ ← θ − lr·m̂/(u + ε)" if after else "θ ← θ − lr·m̂/u",
        )

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The corrected average and what multiplies it."""
        after = o["eps"] if "eps after" in self.rules else 0.0
        return {"m̂": s["m"] / (1 - o["betas"][0] ** t), "rate": o["lr"] / (s["u"] + after)}
