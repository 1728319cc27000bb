"""micrograd's network, MLP(3, [4, 4, 1]), of scalars, on its four samples."""

import random

from backviz.micrograd import MLP

xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
ys = [1.0, -1.0, -1.0, 1.0]


def loss():
    random.seed(1337)
    n = MLP(3, [4, 4, 1])
    ypred = [n(x) for x in xs]
    return sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred, strict=True))
