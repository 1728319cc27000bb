"""RMSprop: Adagrad that forgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from backviz.optim.cells import Arrays
from backviz.optim.convention import Conventions, convention
from backviz.optim.moments import average, average_squares
from backviz.optim.optimizer import Optimizer, Options
from backviz.optim.parameters import Parameters


class RMSprop(Optimizer):
    """The rate is divided by the root of a moving average of the squared gradients.

    The first step is lr/√(1 − α)·sign(g), so ten times lr with torch's α: the average
    begins at 0 and is not corrected. `centered` divides by the deviation instead: v − a² is
    never below 0, but for rounding, and counts as 0 there, where torch has NaN. A gradient
    that hardly changes has no deviation, so that steps grow to lr·g/ε: give a larger ε.

    >>> x = np.array([-5.0, -2.0])
    >>> opt = RMSprop(x, lr=0.01)
    >>> opt.step(np.array([0.2, 4.0]) * x)
    >>> x.round(6)
    array([-4.9, -1.9])
    """

    title = "RMSprop"
    source = "Tieleman and Hinton (2012), lecture 6.5; centered, with momentum: Graves (2013)"
    conventions: ClassVar[Conventions] = {
        "torch": convention(
            lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False
        ),
        "keras": convention(
            "ε stands inside the root, the rate inside the momentum's buffer, α (there `rho`) is "
            ".9; the weight decay is decoupled.",
            "eps inside, rate inside, decoupled",
            lr=1e-3, alpha=0.9, eps=1e-7, weight_decay=0.0, momentum=0.0, centered=False,
        ),
        "optax": convention(
            "ε stands inside the root, the rate inside the momentum's buffer, α (there `decay`) "
            "is .9; the rate has to be given.",
            "eps inside, rate inside",
            lr=None, alpha=0.9, eps=1e-8, momentum=0.0, centered=False,
        ),
        "paper": convention(
            "Graves centers, with ε inside the root and the rate inside the momentum's buffer.",
            "eps inside, rate inside",
            lr=1e-4, alpha=0.95, eps=1e-4, momentum=0.9, centered=True,
        ),
    }  # fmt: skip
    shown = ({}, {"centered": True}, {"momentum": 0.9})

    def __init__(
        self,
        params: Parameters,
        lr: Any = None,
        alpha: float | None = None,
        eps: float | None = None,
        weight_decay: float | None = None,
        momentum: float | None = None,
        centered: bool | None = None,
        *,
        maximize: bool | None = None,
        semantics: str | None = None,
    ) -> None:
        super().__init__(
            params, semantics, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay,
            momentum=momentum, centered=centered, maximize=maximize,
        )  # fmt: skip

    def slots(self, o: Options) -> tuple[str, ...]:
        """The average of the squares; of the gradients if centered; a buffer with momentum."""
        return (
            "v", *(("a",) if o["centered"] else ()), *(("b",) if o["momentum"] else ()),
        )  # fmt: skip

    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """The rate, α, 1 − α, ε, the momentum, and where ε and the rate stand."""
        alpha = o["alpha"]
        inside = "eps inside" in self.rules
        early = "rate inside" in self.rules
        return o["lr"], alpha, 1 - alpha, o["eps"], o["momentum"], o["centered"], inside, early

    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Average, divide by the root, and remember."""
        lr, alpha, rest, eps, momentum, centered, inside, early = c
        v, s = slots[0], scratch[0]
        average_squares(v, g, alpha, rest, s)
        if centered:
            a = slots[1]
            average(a, g, rest, s)
            np.multiply(a, a, out=s)
            v = np.maximum(np.subtract(v, s, out=s), 0.0, out=s)
        if inside:
            np.sqrt(np.add(v, eps, out=s), out=s)
        else:
            np.sqrt(v, out=s)
            s += eps
        np.divide(g, s, out=s)
        if not momentum:
            s *= lr
        else:
            b = slots[-1]
            if early:
                s *= lr
            b *= momentum
            b += s
            s = b if early else np.multiply(b, lr, out=s)
        p -= s

    def lines(self, o: Options) -> tuple[str, ...]:
        """The averages, the buffer, the step."""
        lines = ["v ← α·v + (1 − α)·g²"]
        if o["centered"]:
            lines += ["a ← α·a + (1 − α)·g"]
        v, root = ("v − a²", "√(v − a²)") if o["centered"] else ("v", "√v")
        root = f"√({v} + ε)" if "eps inside" in self.rules else f"({root} + ε)"
        if not o["momentum"]:
            return (*lines, f"θ ← θ − lr·g/{root}")
        if "rate inside" in self.rules:
            return (*lines, f"b ← μ·b + lr·g/{root}", "θ ← θ − b")
        return (*lines, f"b ← μ·b + g/{root}", "θ ← θ − lr·b")

    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """The effective rate."""
        v = np.maximum(s["v"] - s["a"] ** 2, 0.0) if o["centered"] else s["v"]
        eps = o["eps"]
        root = np.sqrt(v + eps) if "eps inside" in self.rules else np.sqrt(v) + eps
        return {"rate": o["lr"] / root}
