"""The initial weights that the scenes compare, by short names, and their variance in theory.

Invariant: the weights come from the library's own initializers; `variance` is σ_w², the
variance of a weight times the number of inputs, for a square layer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from backviz.language import N_
from backviz.nn import init
from backviz.nn.gains import variance_gain
from backviz.words import Words

Start = Literal[
    "zeros", "constant", "small", "large", "standard_uniform", "lecun_normal", "xavier_normal",
    "xavier_uniform", "he_normal", "he_uniform", "he_truncated", "orthogonal", "matched",
]  # fmt: skip
SMALL, LARGE, CONSTANT = 0.01, 1.0, 0.1
ABOUT = {
    "zeros": N_("all 0"),
    "constant": Words("all {number}", number=f"{CONSTANT:g}"),
    "small": f"N(0, {SMALL:g}²)",
    "large": f"N(0, {LARGE:g}²)",
    "matched": N_("own gain"),
}


def start(name: Start, activation: str) -> Callable[..., np.ndarray]:
    """The initializer `f(shape, seed=…)` of that name.

    "matched" is LeCun's with the activation's own gain 1/√E[φ²] (`nn.init.variance_gain`).

    >>> start("small", "tanh")((2, 3), seed=0).shape
    (2, 3)
    """
    if name == "small":
        return partial(init.normal, std=SMALL)
    if name == "large":
        return partial(init.normal, std=LARGE)
    if name == "constant":
        return partial(init.constant, value=CONSTANT)
    if name == "matched":
        return partial(init.lecun_normal, gain=variance_gain(activation))
    return init.INITIALIZERS[name]


def variance(name: Start, activation: str, width: int) -> float | None:
    """σ_w² in theory; `None` for weights that are no random numbers.

    >>> variance("he_normal", "relu", 100), variance("small", "relu", 100)
    (2.0, 0.01)
    """
    if name == "zeros":
        return 0.0
    if name == "constant":
        return None
    if name == "matched":
        return variance_gain(activation) ** 2
    fixed = {"small": SMALL**2 * width, "large": LARGE**2 * width, "standard_uniform": 1 / 3}
    return fixed.get(name, 2.0 if name.startswith("he_") else 1.0)
