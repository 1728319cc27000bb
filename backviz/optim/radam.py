"""RAdam: Adam that waits until its average of squares can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.moments import BETAS, TINY, average, average_squares
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class RAdam(Optimizer):
    """Adam that waits with the division until the average of the squares can be trusted.

    While ρ, the length of that average, is at most 5, the step is lr·m̂; after that Adam's,
    times a factor that grows to 1. With β₂ = .999 the first division is in step 6.

    >>> x = np.array([-5.0, -2.0])
    >>> opt = RAdam(x, lr=0.1)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x
    array([-4.9, -1.2])
    """

    title = "RAdam"
    source = "Liu et al. (2020), algorithm 2"
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.0, decoupled_weight_decay=False
        ),
        "optax": convention(
            "ε stands beside the corrected root, and a ρ of exactly 5 is enough; "
            "the rate has to be given.",
            "eps corrected",
            lr=None, betas=BETAS, eps=1e-8,
        ),
        "paper": convention(
            "A ρ above 4 is enough, and there is no ε; 2e−38 stands in for it.",
            "from 4",
            lr=1e-3, betas=BETAS, eps=TINY,
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
        decoupled_weight_decay: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
            maximize=maximize, decoupled_weight_decay=decoupled_weight_decay,
        )  # fmt: skip

    def slots(self, o: Options) -> tuple[str, ...]:
        """Both averages."""
        return "m", "v"

    def _factor(self, o: Options, t: int) -> float:
        """The rectification; 0 while the squares cannot be trusted."""
        beta2 = o["betas"][1]
        most = 2 / (1 - beta2) - 1
        length = most - 2 * t * beta2**t / (1 - beta2**t)
        exact = length == 5 and "eps corrected" in self.rules
        if not (length > (4 if "from 4" in self.rules else 5) or exact):
            return 0.0
        return math.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """Shares, ε, the corrected rate, and whether to divide."""
        beta1, beta2 = o["betas"]
        rate, factor = o["lr"] / (1 - beta1**t), self._factor(o, t)
        root = math.sqrt(1 - beta2**t)
        eps = o["eps"] * root if "eps corrected" in self.rules else o["eps"]
        rate = rate * factor * root if factor else rate
        return 1 - beta1, beta2, 1 - beta2, eps, rate, bool(factor)

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Average; divide if the squares can be trusted."""
        new1, beta2, new2, eps, rate, divide = c
        (m, v), s = slots, scratch[0]
        average(m, g, new1, s)
        average_squares(v, g, beta2, new2, s)
        if divide:
            np.sqrt(v, out=s)
            s += eps
            np.divide(m, s, out=s)
            s *= rate
        else:
            np.multiply(m, rate, out=s)
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """Averages, length, factor, step."""
        enough = "ρ > 4" if "from 4" in self.rules else "ρ > 5"
        if "eps corrected" in self.rules:
            enough, step = "ρ ≥ 5", "lr·m̂·r/(√(v/(1 − β₂ᵗ)) + ε)"
        else:
            step = "lr·m̂·r·√(1 − β₂ᵗ)/(√v + ε)"
        return (
            "m ← β₁·m + (1 − β₁)·g",
            "v ← β₂·v + (1 − β₂)·g²",
            "m̂ = m/(1 − β₁ᵗ)",
            "ρ∞ = 2/(1 − β₂) − 1",
            "ρ = ρ∞ − 2·t·β₂ᵗ/(1 − β₂ᵗ)",
            f"r = √((ρ − 4)·(ρ − 2)·ρ∞/((ρ∞ − 4)·(ρ∞ − 2)·ρ)) if {enough} else 0",
            f"θ ← θ − {step} if {enough} else θ − lr·m̂",
        )

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The corrected averages, the factor, and what multiplies m̂."""
        beta1, beta2 = o["betas"]
        *_, eps, rate, divide = self.coefficients(o, t, product)
        rate = rate * (1 - beta1**t)
        m_hat, v_hat = s["m"] / (1 - beta1**t), s["v"] / (1 - beta2**t)
        rates = rate / (np.sqrt(s["v"]) + eps) if divide else np.full_like(s["g"], rate)
        return {"m̂": m_hat, "v̂": v_hat, "r": self._factor(o, t), "rate": rates}
