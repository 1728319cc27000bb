"""Lion: only the sign of a mixed average moves the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.moments import average
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters

BETAS = (0.9, 0.99)


class Lion(Optimizer):
    """Every entry moves by lr, in the direction of a mix of average and gradient.

    torch has none, so the paper's formula is the first one here.

    >>> x = np.array([-5.0, -2.0])
    >>> opt = Lion(x, lr=0.5)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x, opt.memory
    (array([-4.5, -1.5]), 1)
    """

    title = "Lion"
    source = "Chen et al. (2023)"
    conventions: ClassVar[Conventions] = {
        "paper": convention("", "decoupled", lr=1e-4, betas=BETAS, weight_decay=0.0),
        "keras": convention(
            "The paper's formula with a rate of .001.",
            "decoupled",
            lr=1e-3, betas=BETAS, weight_decay=0.0,
        ),
        "optax": convention(
            "The paper's formula with a weight decay of .001; the rate has to be given.",
            "decoupled",
            lr=None, betas=BETAS, weight_decay=1e-3,
        ),
    }  # fmt: skip

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        betas: tuple[float, float] | None = None,
        weight_decay: float | None = None,
        *,
        maximize: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize
        )

    def slots(self, o: Options) -> tuple[str, ...]:
        """The average of the gradients."""
        return ("m",)

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """The rate and the shares of the new."""
        beta1, beta2 = o["betas"]
        return o["lr"], 1 - beta1, 1 - beta2

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Mix, take the sign, average."""
        lr, new1, new2 = c
        (m,), s = slots, scratch[0]
        np.subtract(g, m, out=s)
        s *= new1
        s += m
        np.sign(s, out=s)
        s *= lr
        p -= s
        average(m, g, new2, s)

    def lines(self, o: Options) -> tuple[str, ...]:
        """The step, then the average."""
        return "θ ← θ − lr·sign(β₁·m + (1 − β₁)·g)", "m ← β₂·m + (1 − β₂)·g"

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The rate, the same for all entries."""
        return {"rate": np.full_like(s["g"], o["lr"])}
