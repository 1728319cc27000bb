"""A network of two layers on three samples, with the mean squared error."""

import numpy as np

rng = np.random.default_rng(0)
X = np.array([[1.0, 0.5], [-0.3, 2.0], [0.8, -1.1]])
Y = np.array([[1.0], [0.0], [1.0]])
START = {
    "W1": rng.normal(0, 0.7, (2, 3)).round(2),
    "b1": np.zeros(3),
    "W2": rng.normal(0, 0.7, (3, 1)).round(2),
    "b2": np.zeros(1),
}


def loss(W1=START["W1"], b1=START["b1"], W2=START["W2"], b2=START["b2"]):
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    mse = ((out - Y) ** 2).mean()
    return mse
