"""Adadelta: steps measured by earlier steps, so that no rate is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.moments import average_squares
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class Adadelta(Optimizer):
    """The root of the averaged squared updates over that of the gradients: no units, no rate.

    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adadelta(x)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> opt.memory, opt.describe()
    (2, 'Adadelta lr=1 ρ=.9 ε=1e-06 wd=0')
    """

    title = "Adadelta"
    source = "Zeiler (2012)"
    conventions: ClassVar[Conventions] = {
        "torch": convention(lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0),
        "keras": convention(
            "torch's formula with a rate of .001, where the paper has 1; "
            "the weight decay is decoupled.",
            "decoupled",
            lr=1e-3, rho=0.95, eps=1e-7, weight_decay=0.0,
        ),
        "optax": convention("torch's formula.", lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0),
        "paper": convention(
            "torch's formula; ρ = .95 in the experiments.", lr=1.0, rho=0.95, eps=1e-6
        ),
    }  # fmt: skip
    scratch = 2

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        rho: float | None = None,
        eps: float | None = None,
        weight_decay: float | None = None,
        *,
        maximize: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay,
            maximize=maximize,
        )  # fmt: skip

    def slots(self, o: Options) -> tuple[str, ...]:
        """Averages of the squared gradients and of the squared updates."""
        return "v", "u"

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """The rate, ρ, 1 − ρ, ε."""
        return o["lr"], o["rho"], 1 - o["rho"], o["eps"]

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Average, compare the roots, average the update."""
        lr, rho, rest, eps = c
        v, u = slots
        s, r = scratch[0], scratch[1]
        average_squares(v, g, rho, rest, s)
        np.sqrt(np.add(v, eps, out=r), out=r)
        np.sqrt(np.add(u, eps, out=s), out=s)
        s /= r
        s *= g
        average_squares(u, s, rho, rest, r)
        s *= lr
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """Both averages and the step."""
        return (
            "v ← ρ·v + (1 − ρ)·g²",
            "δ = √(u + ε)/√(v + ε)·g",
            "u ← ρ·u + (1 − ρ)·δ²",
            "θ ← θ − lr·δ",
        )

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The effective rate, from the average of the updates before this one."""
        lr, rho, rest, eps = self.coefficients(o, t, product)
        # u = ρ·before + (1 − ρ)·δ², with δ² = (before + ε)·g²/(v + ε)
        share = s["g"] ** 2 / (s["v"] + eps)
        before = (s["u"] - rest * eps * share) / (rho + rest * share)
        ratio = np.sqrt(before + eps) / np.sqrt(s["v"] + eps)
        return {"δ": ratio * s["g"], "rate": lr * ratio}
