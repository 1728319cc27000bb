"""Adagrad: a rate of its own for every entry, from all gradients so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class Adagrad(Optimizer):
    """The rate is divided by the root of the sum of all squared gradients so far.

    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adagrad(x, lr=0.5)
    >>> opt.step(np.array([0.2, 4.0]) * x)  # the first step is lr·sign(g)
    >>> x
    array([-4.5, -1.5])
    """

    title = "Adagrad"
    source = "Duchi, Hazan and Singer (2011)"
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-2, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10
        ),
        "keras": convention(
            "ε stands inside the root and the sum begins at .1; the weight decay is decoupled.",
            "eps inside, decoupled",
            lr=1e-3, weight_decay=0.0, initial_accumulator_value=0.1, eps=1e-7,
        ),
        "optax": convention(
            "ε stands inside the root and the sum begins at .1; the rate has to be given.",
            "eps inside",
            lr=None, initial_accumulator_value=0.1, eps=1e-7,
        ),
        "paper": convention(
            "torch's formula, δ being ε; the rate has to be given.",
            lr=None, initial_accumulator_value=0.0, eps=1e-10,
        ),
    }  # fmt: skip

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        lr_decay: float | None = None,
        weight_decay: float | None = None,
        initial_accumulator_value: float | None = None,
        eps: float | None = None,
        *,
        maximize: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, eps=eps, maximize=maximize,
        )  # fmt: skip

    def slots(self, o: Options) -> tuple[str, ...]:
        """The sum of the squares."""
        return ("s",)

    def initial(self, o: Options, name: str) -> float:
        """The sum need not begin at 0."""
        start: float = o["initial_accumulator_value"]
        return start

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """The decayed rate and ε."""
        rate = o["lr"] / (1 + (t - 1) * o.get("lr_decay", 0.0))
        return rate, o["eps"], "eps inside" in self.rules

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Add the squares, divide by the root."""
        rate, eps, inside = c
        (total,), s = slots, scratch[0]
        total += np.multiply(g, g, out=s)
        if inside:
            np.sqrt(np.add(total, eps, out=s), out=s)
        else:
            np.sqrt(total, out=s)
            s += eps
        np.divide(g, s, out=s)
        s *= rate
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """The sum and the step."""
        root = "√(s + ε)" if "eps inside" in self.rules else "(√s + ε)"
        rate = "lr/(1 + (t − 1)·d)" if o.get("lr_decay") else "lr"
        return "s ← s + g²", f"θ ← θ − {rate}·g/{root}"

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The effective rate."""
        rate, eps, inside = self.coefficients(o, t, product)
        return {"rate": rate / (np.sqrt(s["s"] + eps) if inside else np.sqrt(s["s"]) + eps)}
