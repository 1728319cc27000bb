"""NAdam: Adam that looks ahead as Nesterov does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.moments import BETAS, average, average_squares
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class NAdam(Optimizer):
    """Adam that looks ahead as Nesterov does, with a momentum that grows to β₁.

    The momentum of step t is μ = β₁·(1 − ½·.96^(t·ψ)), ψ being `momentum_decay`.

    >>> NAdam(np.ones(2)).describe()
    'NAdam lr=.002 β₁=.9 β₂=.999 ε=1e-08 wd=0 ψ=.004'
    """

    title = "NAdam"
    source = "Dozat (2016)"
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=2e-3, betas=BETAS, eps=1e-8, weight_decay=0.0, momentum_decay=4e-3,
            decoupled_weight_decay=False,
        ),
        "keras": convention(
            "torch's formula with ψ = 1, so that the momentum grows 250 times as fast; "
            "the weight decay is decoupled.",
            "decoupled",
            lr=1e-3, betas=BETAS, eps=1e-7, weight_decay=0.0, momentum_decay=1.0,
        ),
        "optax": convention(
            "The momentum is β₁ from the first step on; the rate has to be given.",
            "constant momentum",
            lr=None, betas=BETAS, eps=1e-8,
        ),
    }  # fmt: skip
    scratch = 2

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        betas: tuple[float, float] | None = None,
        eps: float | None = None,
        weight_decay: float | None = None,
        momentum_decay: float | None = None,
        *,
        maximize: bool | None = None,
        decoupled_weight_decay: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
            momentum_decay=momentum_decay, maximize=maximize,
            decoupled_weight_decay=decoupled_weight_decay,
        )  # fmt: skip

    def slots(self, o: Options) -> tuple[str, ...]:
        """Both averages."""
        return "m", "v"

    def _momentum(self, o: Options, t: int) -> float:
        beta1: float = o["betas"][0]
        if "constant momentum" in self.rules:
            return beta1
        decay: float = o["momentum_decay"]
        return beta1 * (1 - 0.5 * math.pow(0.96, t * decay))

    def product(self, o: Options, t: int, product: float) -> float:
        """The product of the momenta so far."""
        return product * self._momentum(o, t)

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """Shares, ε, and the rates of the average and of the gradient, corrections included."""
        beta1, beta2 = o["betas"]
        now, ahead = self._momentum(o, t), self._momentum(o, t + 1)
        root = math.sqrt(1 - beta2**t)
        rate = o["lr"] * root
        of_m, of_g = rate * ahead / (1 - product * ahead), rate * (1 - now) / (1 - product)
        return 1 - beta1, beta2, 1 - beta2, o["eps"] * root, of_m, of_g

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Average, mix average and gradient, divide."""
        new1, beta2, new2, eps, of_m, of_g = c
        (m, v), s, r = slots, scratch[0], scratch[1]
        average(m, g, new1, s)
        average_squares(v, g, beta2, new2, s)
        np.multiply(m, of_m, out=s)
        s += np.multiply(g, of_g, out=r)
        np.sqrt(v, out=r)
        r += eps
        s /= r
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """Averages, momenta, step."""
        momenta = ("μ = β₁·(1 − 0.5·0.96^(t·ψ))", "μ′ = β₁·(1 − 0.5·0.96^((t + 1)·ψ))")
        return (
            "m ← β₁·m + (1 − β₁)·g",
            "v ← β₂·v + (1 − β₂)·g²",
            *(("μ = β₁", "μ′ = β₁") if "constant momentum" in self.rules else momenta),
            "Π ← Π·μ",
            "m̂ = μ′·m/(1 − Π·μ′) + (1 − μ)·g/(1 − Π)",
            "v̂ = v/(1 − β₂ᵗ)",
            "θ ← θ − lr·m̂/(√v̂ + ε)",
        )

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The mixed average, the corrected squares, and what multiplies m̂."""
        *_, of_m, of_g = self.coefficients(o, t, product)
        second = 1 - o["betas"][1] ** t
        m_hat = (of_m * s["m"] + of_g * s["g"]) / (o["lr"] * math.sqrt(second))
        v_hat = s["v"] / second
        return {"m̂": m_hat, "v̂": v_hat, "rate": o["lr"] / (np.sqrt(v_hat) + o["eps"])}
