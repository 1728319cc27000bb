"""Files of models for tests: some whose numbers leave the record, some that train."""

HEAD = """
import math, functools
import numpy as np
from backviz import Value, tensor
from backviz.optim import SGD
x = [1.0, 2.0, 3.0]
W = tensor([0.5, -0.2], label="W")
w0 = Value(0.5, "w0")
opt = SGD([W], lr=0.1)
"""

LOST = {  # with the truth and what the record has
    "a list of floats": (
        "def f(w=0.5):\n    errors = []\n    for v in x:\n"
        "        errors.append(float((w * v - 1) ** 2))\n    return np.mean(errors) + 0.1 * w * w",
        "0.7666666667, but its record 0.1",
    ),
    "mapped": (
        "def f(w=0.5):\n    return sum(map(math.exp, [w * v for v in x])) + 0.1 * w * w",
        "20.63035214, but its record 0.1",
    ),
    "a leaf of the file": (
        "def f():\n    return float(w0) * w0",
        "1, but its record 0.5",
    ),
    "an array of the file": (
        "def f():\n    return sum(float(v) ** 2 for v in W) + W[0]",
        "but its record",
    ),
}

WHOLE = {
    "logged": "def f(w=0.5):\n    print(float(w), f'{w:.2f}')\n    return w * w",
    "compared": "def f():\n    return w0 if float(w0) > 0 else -w0",
    "counted": "def f():\n    return w0 * [1, 2, 3][int(w0 * 3)]",
    "until": "def f(w=0.5):\n    while float(w) < 9:\n        w = w * 2\n    return w",
    "random": "def f(w=0.5):\n    return float(w) * w + np.random.default_rng().normal() * w",
    "trains": (
        "def f():\n    for _ in range(3):\n        loss = (W * W).sum()\n        opt.zero_grad()\n"
        "        loss.backward()\n        opt.step()\n        print(float(loss))\n"
        "    return (W * W).sum()"
    ),
    "trains a net of its own": (
        "def f():\n    v = Value(2.0, 'v')\n    for _ in range(3):\n        loss = v * v\n"
        "        v.grad = None\n        loss.backward()\n        v.data -= 0.1 * v.grad\n"
        "        print(float(loss))\n    return float(loss) * 0 + v * v"
    ),
    "taken out on purpose": "def f():\n    float(w0)\n    return (w0 * w0).detach() * w0",
}

SETUP = """
import numpy as np
from backviz import Value, no_grad, tensor
from backviz.optim import SGD
w, c = Value(2.0, label="w"), tensor([1.0, 2.0], label="c")
losses = []
for i in range(3):
    loss = ((w * c - 1) ** 2).sum()
    w.grad = c.grad = None
    loss.backward()
    if i == 0:
        first = loss
    losses.append(loss)
    seen = [w.item(), *c.tolist()]
"""

STEPS = {
    "data -=": "    w.data -= 0.1 * w.grad\n    c.data -= 0.1 * c.grad",
    "data = data -": "    w.data = w.data - 0.1 * w.grad\n    c.data = c.data - 0.1 * c.grad",
    "data[:]": "    w.data = w.data - 0.1 * w.grad\n    c.data[:] = c.data - 0.1 * c.grad",
    "data[0]": "    w.data *= 0.9\n    c.data[0] += 7.0",
    "no_grad": "    with no_grad():\n        w -= 0.1 * w.grad\n        c -= 0.1 * c.grad",
    "optimizer": "    SGD([w, c], lr=0.1).step()",
    "alias": "    w.data *= 0.9\n    mine = c.data\n    mine += 1",
}
