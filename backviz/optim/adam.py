"""Adam: averages of the gradients and of their squares, both corrected for their start at 0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Convention, Conventions, convention
from backviz.optim.moments import BETAS, average, average_squares
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class Adam(Optimizer):
    """The corrected average of the gradients over the root of that of their squares.

    The first step is lr·sign(g). `amsgrad` divides by the largest average so far.

    >>> x = np.array([-5.0, -2.0])
    >>> opt = Adam(x, lr=0.4)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x.round(6), opt.describe()
    (array([-4.6, -1.6]), 'Adam lr=.4 β₁=.9 β₂=.999 ε=1e-08 wd=0')
    """

    title = "Adam"
    source = "Kingma and Ba (2015), algorithm 1; amsgrad: Reddi, Kale and Kumar (2018)"
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.0, amsgrad=False,
            decoupled_weight_decay=False,
        ),
        "keras": convention(
            "ε̂ stands beside the uncorrected root, as in the paper's remark before section 2.1; "
            "ε is 1e−7; the weight decay is decoupled.",
            "eps hat, decoupled",
            lr=1e-3, betas=BETAS, eps=1e-7, weight_decay=0.0, amsgrad=False,
        ),
        "optax": convention(
            "torch's formula, but amsgrad takes the largest corrected average; "
            "the rate has to be given.",
            "corrected maximum",
            lr=None, betas=BETAS, eps=1e-8, amsgrad=False,
        ),
        "paper": convention(
            "torch's formula, but amsgrad corrects nothing (its paper has no ε either).",
            "amsgrad uncorrected",
            lr=1e-3, betas=BETAS, eps=1e-8, amsgrad=False,
        ),
    }  # fmt: skip
    shown: ClassVar[tuple[Options, ...]] = ({}, {"amsgrad": True})

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        betas: tuple[float, float] | None = None,
        eps: float | None = None,
        weight_decay: float | None = None,
        amsgrad: bool | None = None,
        *,
        maximize: bool | None = None,
        decoupled_weight_decay: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
            amsgrad=amsgrad, maximize=maximize, decoupled_weight_decay=decoupled_weight_decay,
        )  # fmt: skip

    def slots(self, o: Options) -> tuple[str, ...]:
        """Both averages, and the largest second one with amsgrad."""
        return ("m", "v", "w") if o["amsgrad"] else ("m", "v")

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """Shares of the new, ε and the rate with the corrections in them.

        lr·m̂/(√v̂ + ε) is r·m/(√v + ε·√(1 − β₂ᵗ)) with r = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ): the
        corrections cost nothing per entry, and keras' ε̂ is the same line without the factor.
        """
        beta1, beta2 = o["betas"]
        lr, eps = o["lr"], o["eps"]
        new1, new2, first, second = 1 - beta1, 1 - beta2, 1 - beta1**t, 1 - beta2**t
        if o["amsgrad"] and "amsgrad uncorrected" in self.rules:
            return new1, beta2, new2, eps, lr, 1.0
        if o["amsgrad"] and "corrected maximum" in self.rules:
            return new1, beta2, new2, eps, lr / first, 1 / second
        root = math.sqrt(second)
        eps = eps if "eps hat" in self.rules else eps * root
        return new1, beta2, new2, eps, lr * root / first, 1.0

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Average, take the root, divide."""
        new1, beta2, new2, eps, rate, scale = c
        m, v, s = slots[0], slots[1], scratch[0]
        average(m, g, new1, s)
        average_squares(v, g, beta2, new2, s)
        if len(slots) == 3:
            seen = v if scale == 1 else np.multiply(v, scale, out=s)
            v = np.maximum(slots[2], seen, out=slots[2])
        np.sqrt(v, out=s)
        s += eps
        np.divide(m, s, out=s)
        s *= rate
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """Averages, corrections, step."""
        lines = ["m ← β₁·m + (1 − β₁)·g", "v ← β₂·v + (1 − β₂)·g²"]
        v = "w" if o["amsgrad"] else "v"
        if o["amsgrad"] and "corrected maximum" in self.rules:
            lines += ["m̂ = m/(1 − β₁ᵗ)", "w ← max(w, v/(1 − β₂ᵗ))", "θ ← θ − lr·m̂/(√w + ε)"]
            return tuple(lines)
        if o["amsgrad"]:
            lines.append("w ← max(w, v)")
            if "amsgrad uncorrected" in self.rules:
                return (*lines, "θ ← θ − lr·m/(√w + ε)")
        if "eps hat" in self.rules:
            return (*lines, "r = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ)", f"θ ← θ − r·m/(√{v} + ε)")
        lines += ["m̂ = m/(1 − β₁ᵗ)", f"v̂ = {v}/(1 − β₂ᵗ)", "θ ← θ − lr·m̂/(√v̂ + ε)"]
        return tuple(lines)

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The corrected averages, and what multiplies m̂."""
        beta1, beta2 = o["betas"]
        first = 1 - beta1**t
        *_, eps, rate, _ = self.coefficients(o, t, product)
        v = s["w"] if o["amsgrad"] else s["v"]
        m_hat, rate = s["m"] / first, rate * first / (np.sqrt(v) + eps)
        return {"m̂": m_hat, "v̂": s["v"] / (1 - beta2**t), "rate": rate}


class AdamW(Adam):
    """Adam with a weight decay that stays out of the averages.

    >>> AdamW(np.ones(2)).describe()
    'AdamW lr=.001 β₁=.9 β₂=.999 ε=1e-08 wd=.01'
    >>> AdamW(np.ones(2), semantics="keras").describe()
    'AdamW lr=.001 β₁=.9 β₂=.999 ε=1e-07 wd=.004 (keras)'
    """

    title = "AdamW"
    source = "Loshchilov and Hutter (2019), algorithm 2"
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            "", "decoupled", lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.01, amsgrad=False
        ),
        "keras": convention(
            "ε̂ stands beside the uncorrected root; the weight decay is .004.",
            "eps hat, decoupled",
            lr=1e-3, betas=BETAS, eps=1e-7, weight_decay=0.004, amsgrad=False,
        ),
        "optax": convention(
            "torch's formula, but amsgrad takes the largest corrected average; the weight decay "
            "is .0001, and the rate has to be given.",
            "corrected maximum, decoupled",
            lr=None, betas=BETAS, eps=1e-8, weight_decay=1e-4, amsgrad=False,
        ),
        "paper": convention(
            "The weight decay is multiplied with what the schedule does to the rate, not with "
            "the rate itself; the paper names no λ, so torch's .01 stands here.",
            "decay by schedule, amsgrad uncorrected",
            lr=1e-3, betas=BETAS, eps=1e-8, weight_decay=0.01, amsgrad=False,
        ),
    }  # fmt: skip
    shown: ClassVar[tuple[Options, ...]] = ({},)


class AMSGrad(Adam):
    """Adam that divides by the largest average of the squares so far: `amsgrad=True`.

    >>> AMSGrad(np.ones(2)).describe(), AMSGrad(np.ones(2)).memory
    ('AMSGrad lr=.001 β₁=.9 β₂=.999 ε=1e-08 wd=0 amsgrad', 3)
    """

    title = "AMSGrad"
    source = "Reddi, Kale and Kumar (2018), algorithm 2"
    conventions: ClassVar[Conventions] = {
        name: Convention({**c.defaults, "amsgrad": True}, c.rules, c.differs)
        for name, c in Adam.conventions.items()
    }
    shown: ClassVar[tuple[Options, ...]] = ({},)
