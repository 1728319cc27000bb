"""Layer norm by hand: mean, variance, normalized, scaled and shifted."""

import numpy as np


def loss(
    x=np.array([1.0, 3.0, -2.0, 0.5]), gamma=np.ones(4), beta=np.zeros(4),
):  # fmt: skip
    mu = x.mean()
    var = ((x - mu) ** 2).mean()
    x_hat = (x - mu) / np.sqrt(var + 1e-5)
    y = gamma * x_hat + beta
    out = (y * np.array([0.1, -0.4, 0.3, 0.9])).sum()
    return out
