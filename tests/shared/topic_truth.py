"""The numbers of the topics about arrays, records, loops and cost, worked out by hand in numpy.

Each topic has its tables, without that of a broken engine; each table the numbers of its rows.
"""

import math

import numpy as np

W1, W2, AT = np.array([[1.0, 2], [0, 1]]), np.array([[1.0, 0], [3, 1]]), np.array([1.0, 2])


def orders():
    g = 2 * W2 @ W1 @ AT
    right, wrong = W1.T @ (W2.T @ g), W2.T @ (W1.T @ g)
    return [[right, wrong, right],
            *([np.outer(a, AT), np.outer(b, AT), np.outer(a, AT)]
              for a, b in [(W2.T @ g, W1.T @ g)])]  # fmt: skip


def deltas():
    w, x = np.array([[1.0, 0.5], [0, 1]]), np.array([1.0, 0.5])
    h = np.tanh(w @ x + np.array([0, -1]))
    d = 2 * h * (1 - h * h)
    return [[own, d, own] for own in (d, np.outer(d, x), w.T @ d)]


def shares(z=(1.0, 2.0, 0.5), target=1):
    e = np.exp(z)
    p, y = e / e.sum(), np.eye(3)[target]
    return [[z[k], p[k], y[k], p[k] - y[k], p[k] - y[k]] for k in range(3)]


def depths(w=0.2):
    rows = []
    for depth in (1, 5, 10, 20):
        slopes = []
        for skip in (0, 1):
            h, product = 0.1, 1.0
            for _ in range(depth):
                t = math.tanh(w * h)
                product *= skip + w * (1 - t * t)
                h = skip * h + t
            slopes.append(product)
        rows.append([w**depth, *slopes])
    return rows


BATCH, PULL = np.array([1.0, 2, 4]), np.array([1.0, 0, 2])


def modes():
    deviation = np.sqrt(BATCH.var() + 1e-5)
    n = (BATCH - BATCH.mean()) / deviation
    train = (PULL - PULL.mean() - n * (PULL * n).mean()) / deviation
    scale = 1 / np.sqrt(1 + 1e-5)
    return [[n, train, 0], [BATCH * scale, PULL * scale, 3 * scale]]


def constant_statistics():
    return (PULL / np.sqrt(BATCH.var() + 1e-5))[:, None]


def without_skip(x=0.5, w=0.2):
    """x's gradient of the two residual layers, squared, if the way around them is lost."""
    a = math.tanh(w * x)
    h1 = x + a
    b = math.tanh(w * h1)
    return 2 * (h1 + b) * w * (1 - b * b) * w * (1 - a * a)


TRUTH = {
    "matrix-order": [orders()],
    "delta": [deltas()],
    "vjp": [
        [[np.array([2, 0])], [np.array([2, 5])], [np.array([4, 5])]],
        [[np.array([4, 5]), np.array([2, 5]), np.array([4, 5])]],
    ],
    "softmax-loss": [shares()],
    "ties": [[[np.array([0.5, 0.5, 0])], [np.array([1, 0, 0])], [np.array([1, 0, 0])]]],
    "in-place": [[[2, 4], [3, 6], [6, 6]]],
    "residual": [depths()],
    "batch-modes": [modes()],
}  # fmt: skip
