"""A residual block: two layers and the way around them."""

import numpy as np

rng = np.random.default_rng(3)
x0 = np.array([1.0, -0.5, 0.8])
W1_0, W2_0 = (rng.normal(0, 0.5, (3, 3)).round(2) for _ in range(2))


def loss(x=x0, W1=W1_0, W2=W2_0):
    h = np.maximum(W1 @ x, 0)
    f = W2 @ h
    y = np.maximum(f + x, 0)
    return (y**2).sum()
