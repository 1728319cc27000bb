"""By how much a layer's weights are enlarged to make up for its activation function.

There are two answers. `gain` is torch's table, rules of thumb among them; `variance_gain`
is computed from the activation itself. Invariant: neither draws a random number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.op import Op
from backviz.errors import InputError
from backviz.language import _
from backviz.nn.arguments import within
from backviz.ops import OPS
from backviz.registry import Registry

_LAYERS = "linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d"
GAINS: Registry[float] = Registry("gain")
for _layer in _LAYERS.split():
    GAINS.add(_layer, 1.0)
GAINS.add("sigmoid", 1.0)
GAINS.add("tanh", 5 / 3)
GAINS.add("relu", math.sqrt(2))
GAINS.add("leaky_relu", math.sqrt(2 / (1 + 0.01**2)))
GAINS.add("selu", 3 / 4)


def gain(name: str, param: float | None = None) -> float:
    """The recommended gain of an activation function, as in torch (`calculate_gain`).

    `param` is the slope of `leaky_relu` (0.01 if left out). Raises `UsageError` for a
    name that torch has no gain for, and `InputError` for a param that has no use. The
    5/3 for tanh keeps a deep network from dying out, not its variance (`variance_gain`).

    >>> gain("relu"), gain("leaky_relu", 1)
    (1.4142135623730951, 1.0)
    """
    made = GAINS[name]
    if param is None:
        return made
    if name != "leaky_relu":
        raise InputError(
            _("gain: {name} takes no param; only leaky_relu does, its slope", name=name)
        )
    slope = within("gain", "the slope", param, -math.inf, math.inf)
    return math.sqrt(2 / (1 + slope**2))


def variance_gain(name: str, **options: Any) -> float:
    """The gain that keeps the variance of a signal: 1/√E[φ(z)²] with z ~ N(0, 1).

    `name` is an activation function φ of one number in the table of ops and `options`
    are its options. With weights of variance gain²/n_in and inputs whose mean square is 1,
    what enters the next activation has variance 1 again (He et al., 2015, for ReLU;
    Poole et al., 2016). The integral is a sum over a grid of thousandths, good for nine digits.

    >>> round(variance_gain("tanh"), 6), round(variance_gain("relu") ** 2, 9)
    (1.592537, 2.0)
    """
    op: Op = OPS[name]
    if not op.is_function:
        raise InputError(
            _("variance_gain: {name} is no activation function of one number", name=name)
        )
    z = np.linspace(-14, 14, 28_001)  # kinks at whole numbers are on the grid
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    mean_square = float(np.sum(op(z, **options) ** 2 * density)) / 1000
    if not 0 < mean_square < math.inf:
        raise InputError(_("variance_gain: {name} has no finite mean square above 0", name=name))
    return 1 / math.sqrt(mean_square)
