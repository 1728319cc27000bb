"""Softmax and cross-entropy, written out, on four logits."""

import numpy as np

y = np.array([0.0, 0.0, 1.0, 0.0])


def loss(z=np.array([1.0, 2.0, 0.5, -1.0])):
    e = np.exp(z)
    p = e / e.sum()
    ce = -(y * np.log(p)).sum()
    return ce
