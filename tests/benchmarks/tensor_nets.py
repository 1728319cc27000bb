"""Three networks, each in plain numpy with reused buffers, in backviz, in torch and in autograd.

    python tests/benchmarks/tensor_nets.py        one JSON line: seconds a step, by net and engine

Everything is float32 on one thread; a step is forward, backward and update. The
engines take their steps in turns, so that all see the same machine.
"""

import json
import os
import statistics
import sys
import time
from itertools import pairwise

if __name__ == "__main__":
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np

import backviz
from backviz.ops import OPS

RATE = np.float32(0.01)
NETS = {  # layer sizes, batch, activation, loss
    "2-16-16-1, batch 100": ((2, 16, 16, 1), 100, "relu", "hinge"),
    "784-256-256-10, batch 128": ((784, 256, 256, 10), 128, "relu", "cross-entropy"),
    "20 layers of 100 tanh, batch 1000": ((100,) * 21, 1000, "tanh", "square"),
}


def weights(sizes, seed=0):
    draw = np.random.default_rng(seed)
    made = []
    for n, m in pairwise(sizes):
        made.append((draw.normal(size=(n, m)) / np.sqrt(n)).astype(np.float32))
        made.append(np.zeros(m, np.float32))
    return made


def batch(sizes, size, loss, seed=1):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(size, sizes[0])).astype(np.float32)
    if loss == "hinge":
        y = np.sign(x[:, :1] * x[:, 1:2]).astype(np.float32)
    elif loss == "cross-entropy":
        y = np.eye(sizes[-1], dtype=np.float32)[draw.integers(0, sizes[-1], size)]
    else:
        y = draw.normal(size=(size, sizes[-1])).astype(np.float32)
    return x, y


class ByHand:
    """What an expert writes: no allocation in the loop, every product into its buffer."""

    def __init__(self, sizes, size, activation, loss):
        self.x, self.y = batch(sizes, size, loss)
        self.p, self.activation, self.loss = weights(sizes), activation, loss
        self.z = [np.empty((size, m), np.float32) for m in sizes[1:]]
        self.g = [np.empty((size, m), np.float32) for m in sizes[1:]]
        self.slope = [np.empty((size, m), np.float32) for m in sizes[1:]]
        self.dp = [np.empty_like(p) for p in self.p]

    def step(self):
        h, layers = self.x, len(self.z)
        for i, z in enumerate(self.z):
            np.matmul(h, self.p[2 * i], out=z)
            np.add(z, self.p[2 * i + 1], out=z)
            if i < layers - 1:
                if self.activation == "relu":
                    np.maximum(z, 0, out=z)
                else:
                    np.tanh(z, out=z)
            h = z
        g = self.g[-1]
        value = self._loss(h, g)
        for i in reversed(range(layers)):
            below = self.x if i == 0 else self.z[i - 1]
            np.matmul(below.T, g, out=self.dp[2 * i])
            np.add.reduce(g, axis=0, out=self.dp[2 * i + 1])
            if i:
                np.matmul(g, self.p[2 * i].T, out=self.g[i - 1])
                g = self.g[i - 1]
                if self.activation == "relu":
                    g *= below > 0
                else:
                    slope = self.slope[i - 1]
                    np.multiply(below, below, out=slope)
                    np.subtract(1, slope, out=slope)
                    g *= slope
        for p, d in zip(self.p, self.dp, strict=True):
            np.multiply(d, RATE, out=d)
            np.subtract(p, d, out=p)
        return value

    def _loss(self, h, g):
        n = np.float32(1 / len(h))
        if self.loss == "hinge":
            margin = 1 - self.y * h
            np.multiply(self.y, -n, out=g)
            g *= margin > 0
            return float(np.maximum(margin, 0).mean())
        if self.loss == "cross-entropy":
            h -= h.max(axis=1, keepdims=True)
            np.exp(h, out=g)
            total = g.sum(axis=1, keepdims=True)
            value = float((np.log(total).sum() - (h * self.y).sum()) * n)
            g /= total
            g -= self.y
            g *= n
            return value
        np.subtract(h, self.y, out=g)
        value = float((g * g).mean())
        g *= np.float32(2 / g.size)
        return value


class Engine:
    """The same in any engine: `tensor` makes a leaf, the rest is spelled by the subclass."""

    def __init__(self, sizes, size, activation, loss):
        x, y = batch(sizes, size, loss)
        self.activation, self.loss = activation, loss
        self.x, self.y = self.constant(x), self.constant(y)
        self.labels = np.argmax(y, axis=1)
        self.p = [self.leaf(p) for p in weights(sizes)]

    def forward(self):
        h, last = self.x, len(self.p) // 2 - 1
        for i in range(last + 1):
            h = self.linear(h, self.p[2 * i], self.p[2 * i + 1])
            if i < last:
                h = self.relu(h) if self.activation == "relu" else self.tanh(h)
        return self.loss_of(h)


class Backviz(Engine):
    leaf = staticmethod(backviz.tensor)
    linear = staticmethod(OPS["linear"])
    relu = staticmethod(OPS["relu"])
    tanh = staticmethod(np.tanh)

    @staticmethod
    def constant(x):
        return backviz.tensor(x, requires_grad=False)

    def loss_of(self, h):
        if self.loss == "hinge":
            return OPS["hinge_loss"](h, self.y)
        if self.loss == "cross-entropy":
            return OPS["cross_entropy"](h, self.labels)
        return OPS["mse_loss"](h, self.y)

    def step(self):
        loss = self.forward()
        loss.backward(retain_graph=False)
        for p in self.p:
            p.grad *= RATE
            p.data -= p.grad
            p.zero_grad()
        return loss.item()


def torch_engine():
    import torch

    torch.set_num_threads(1)

    class Torch(Engine):
        leaf = staticmethod(lambda p: torch.tensor(p, requires_grad=True))
        constant = staticmethod(torch.tensor)
        linear = staticmethod(lambda x, w, b: torch.addmm(b, x, w))
        relu = staticmethod(torch.relu)
        tanh = staticmethod(torch.tanh)

        def loss_of(self, h):
            if self.loss == "hinge":
                return torch.relu(1 - self.y * h).mean()
            if self.loss == "cross-entropy":
                return torch.nn.functional.cross_entropy(h, self.labels)
            return torch.nn.functional.mse_loss(h, self.y)

        def __init__(self, *given):
            super().__init__(*given)
            self.labels = torch.tensor(self.labels)
            self.optimizer = torch.optim.SGD(self.p, lr=0.01)

        def step(self):
            loss = self.forward()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            return loss.item()

    return Torch


def autograd_engine():
    import autograd.numpy as anp
    from autograd import value_and_grad

    class Autograd(Engine):
        leaf = constant = staticmethod(np.array)
        linear = staticmethod(lambda x, w, b: anp.dot(x, w) + b)
        relu = staticmethod(lambda x: anp.maximum(x, 0))
        tanh = staticmethod(anp.tanh)

        @staticmethod
        def log_softmax(h):
            h = h - anp.max(h, axis=1, keepdims=True)
            return h - anp.log(anp.sum(anp.exp(h), axis=1, keepdims=True))

        def forward_of(self, p):
            self.p = p
            return self._mean(self.forward())

        @staticmethod
        def _mean(x):
            return x

        def step(self):
            kept = self.p
            value, gradients = value_and_grad(self.forward_of)(kept)
            self.p = kept
            for p, g in zip(kept, gradients, strict=True):
                np.subtract(p, RATE * g, out=p)
            return float(value)

        def forward(self):
            h, last = self.x, len(self.p) // 2 - 1
            for i in range(last + 1):
                h = self.linear(h, self.p[2 * i], self.p[2 * i + 1])
                if i < last:
                    h = self.relu(h) if self.activation == "relu" else self.tanh(h)
            if self.loss == "hinge":
                return anp.mean(self.relu(1 - self.y * h))
            if self.loss == "cross-entropy":
                return -anp.sum(self.log_softmax(h) * self.y) / len(self.y)
            d = h - self.y
            return anp.mean(d * d)

    return Autograd


ENGINES = {
    "by hand": lambda: ByHand,
    "backviz": lambda: Backviz,
    "torch": torch_engine,
    "autograd": autograd_engine,
}


def losses(net, engine, steps=5):
    job = ENGINES[engine]()(*NETS[net])
    return [job.step() for _ in range(steps)]


def measure(seconds=6.0):
    """Median seconds a step, for every net and engine, in turns of a few steps."""
    found = {}
    for net, given in NETS.items():
        jobs = {name: make()(*given) for name, make in ENGINES.items()}
        spent = {name: [] for name in jobs}
        for job in jobs.values():
            for _ in range(3):
                job.step()
        end = time.perf_counter() + seconds
        repeat = 20 if given[1] == 100 else 1
        while time.perf_counter() < end:
            for name, job in jobs.items():
                job.step()  # warm again after the others
                start = time.perf_counter()
                for _ in range(repeat):
                    job.step()
                spent[name].append((time.perf_counter() - start) / repeat)
        found[net] = {name: statistics.median(times) for name, times in spent.items()}
    return found


if __name__ == "__main__":
    json.dump(measure(*map(float, sys.argv[1:])), sys.stdout)
