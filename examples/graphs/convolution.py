"""A convolution, relu, pooling and a linear layer on a picture of 6×6."""

import numpy as np

from backviz.ops import conv2d, max_pool2d

rng = np.random.default_rng(1)
image = np.zeros((1, 1, 6, 6))
image[0, 0, :, 2:4] = 1.0
K_0 = rng.normal(size=(2, 1, 3, 3)).round(2)
W_0 = rng.normal(size=(8, 2)).round(2)


def loss(K=K_0, W=W_0):
    z = conv2d(image, K)
    a = np.maximum(z, 0)
    p = max_pool2d(a, 2)
    out = p.reshape(1, 8) @ W
    return ((out - np.array([1.0, 0.0])) ** 2).sum()
