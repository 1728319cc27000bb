"""One head of attention on three tokens: queries, keys, values, scores, softmax, output."""

import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(3, 4)).round(2)
WQ_0, WK_0, WV_0 = (rng.normal(0, 0.5, (4, 2)).round(2) for _ in range(3))


def loss(W_Q=WQ_0, W_K=WK_0, W_V=WV_0):
    Q = X @ W_Q
    K = X @ W_K
    V = X @ W_V
    scores = Q @ K.T / np.sqrt(2)
    E = np.exp(scores)
    A = E / E.sum(axis=1, keepdims=True)
    out = A @ V
    return (out**2).sum()
