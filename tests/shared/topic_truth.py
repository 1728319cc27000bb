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


def through_time(w=0.8, h0=0.5):
    """What the three steps hand to w, the last first, and the sums so far."""
    h1 = math.tanh(w * h0 + 1)
    h2 = math.tanh(w * h1 - 1)
    up = 2 * w * h2
    parts = [up * h2]
    up *= w * (1 - h2 * h2)
    parts.append(up * h1)
    up *= w * (1 - h1 * h1)
    parts.append(up * h0)
    return [[part, sum(parts[: k + 1])] for k, part in enumerate(parts)]


def carried(w=0.9):
    columns = []
    for past in (0, 1):
        h, slope, column = 0.5, 0.0, []
        for k in range(1, 5):
            new = math.tanh(w * h + 0.2)
            slope = (1 - new * new) * (h + past * w * slope)
            h = new
            column.append((2 + 3 * (k if past else 1), 2 * (h - 1) * slope))
        columns.append(column)
    return [[*a, *b] for a, b in zip(*columns, strict=True)]


def samples():
    noise = np.random.default_rng(0).normal()
    g = 2 * (1 + 0.5 * noise)
    return [[g, g], [g * noise, g * noise]]


def loops():
    return [[(2 * 0.8**k) ** 2, 4] for k in range(4)]


def sizes():
    rows = []
    for n in (4, 8, 32):
        x = np.tile([0.5, 1, 1.5, 2], n // 4)
        first, last = [], []
        for reduce in (np.mean, np.sum):
            w = 0.0
            for step in range(5):
                g = reduce(2 * x * (x * w - 2 * x))
                first += [g] * (step == 0)
                w -= 0.05 * g
            last.append(w)
        rows.append([*first, *last])
    return rows


def pieces():
    x = np.array([0.5, 1, 1.5, 2, 2.5, 3])
    g = -4 * x * x
    whole, halves = g.mean(), (g[:4].mean() + g[4:].mean()) / 2
    return [[whole, 3 * whole, whole], [whole, halves, whole]]


def cases():
    s = 1 / (1 + math.exp(-25))
    slope = 25 * s * (1 - s)
    h, thin, small = 1.0, 1.0, []
    for _ in range(12):
        h = math.tanh(0.3 * h)
        small += [0.3, 1 - h * h]
        thin *= 0.3 * (1 - h * h)
    told = [[0, 0, 1], [slope, s * (1 - s), 1], [thin, min(small), 12]]
    h, skip = 1.0, 1.0
    for _ in range(12):
        f = math.tanh(0.3 * h)
        skip *= 1 + 0.3 * (1 - f * f)
        h += f
    one = 1 / (1 + math.exp(-1))
    return told, [[0.01, 0], [one * (1 - one), 1000 * slope], [skip, 1000 * thin]]


def errors(x=1.3):
    def f(x):
        return x * x * x * x - 1 / x

    def error(h, kind, back):
        a, b = f(kind(x + h)), f(kind(x - back * h))
        return abs(float((a - b) / kind(h + back * h)) - (4 * x**3 + 1 / x**2))

    kinds = ((np.float64, 0), (np.float64, 1), (np.float32, 1))
    return [[h, *(error(h, *each) for each in kinds)] for h in (0.1, 1e-3, 1e-5, 1e-8, 1e-11)]


NAN = math.nan
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
    "shared-weights": [through_time()],
    "retain-graph": [carried()],
    "detach": [
        [[48, 48, 16, 12], [48, 24, 12], [48, 24, 12], [48, 16, 12]],
        [[48, 24, 48], [16, 16], [12, 12, 12]],
    ],
    "inner-gradients": [[[30] * 3, [20] * 3, [10] * 2, [10] * 3, [10] * 2]],
    "hard-choice": [[[1, 0, 0], [1, 1, 0], [2.6, 2, 2]], samples()],
    "gradient-or-update": [[[3], [3, 4], [2.6, 4], [2.6]], loops()],
    "mean-or-sum": [sizes()],
    "gradient-accumulation": [pieces()],
    "weight-decay": [[[0.1, 0.05, 0.05], [10, 0.05, 0.05], [0.1, 0.05, 0], [10, 0.05, 0]]],
    "dead-or-vanishing": [*cases()],
    "paths": [[[2**n, 2**n, n + 1, 2 ** (n + 1) - 1] for n in (1, 4, 8, 12)]],
    "forward-mode": [
        [[12, 17, 12], [5, 17, 5]],
        [[4 * n - 6, n * (4 * n - 6)] for n in (3, 10, 100)],
    ],
    "check-step": [errors()],
    "nan-where": [
        [[0, NAN, 0], [0, NAN, 0], [np.array([1, 0]), np.array([NAN, 0]), np.array([1, 0])]],
    ],
}  # fmt: skip
