"""Logistic regression on four points: the binary cross-entropy, written out."""

import numpy as np

x = np.array([[0.5, 1.0], [-1.0, 0.3], [2.0, -0.4], [0.1, -1.2]])
y = np.array([1.0, 0.0, 1.0, 0.0])


def loss(w=np.array([0.3, -0.2]), b=0.1):
    z = x @ w + b
    p = 1 / (1 + np.exp(-z))
    bce = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    return bce
