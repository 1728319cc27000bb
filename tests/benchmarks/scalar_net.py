"""The demo of micrograd, for any class of scalar: an MLP neuron by neuron with max-margin loss.

    python tests/benchmarks/scalar_net.py        one JSON line: seconds a step, by mode and engine

In a process of its own, as a person trains: the collector's work depends on all that is
on the heap.
"""

import gc
import json
import random
import statistics
import sys
import time
from itertools import pairwise


class Net:
    """A 2-16-16-1 network with relu; every weight is a value of its own."""

    def __init__(self, value, sizes=(2, 16, 16, 1), seed=1):
        draw = random.Random(seed)
        self.layers = [
            [([value(draw.uniform(-1, 1)) for _ in range(n)], value(0.0)) for _ in range(m)]
            for n, m in pairwise(sizes)
        ]
        self.parameters = [p for layer in self.layers for w, b in layer for p in (*w, b)]

    def __call__(self, x):
        last = self.layers[-1]
        for layer in self.layers:
            sums = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = sums if layer is last else [s.relu() for s in sums]
        return x[0]


class Training:
    """100 samples of a checkerboard; a step is forward, backward and update."""

    def __init__(self, value, no_gradient, samples=100):
        draw = random.Random(2)
        self.value, self.no_gradient = value, no_gradient
        self.x = [[draw.uniform(-1, 1), draw.uniform(-1, 1)] for _ in range(samples)]
        self.y = [1 if a * b > 0 else -1 for a, b in self.x]
        self.net = Net(value)

    def loss(self):
        scores = [self.net(list(map(self.value, row))) for row in self.x]
        losses = [(1 + -yi * score).relu() for yi, score in zip(self.y, scores, strict=True)]
        mean = sum(losses) * (1.0 / len(losses))
        return mean + 1e-4 * sum(p * p for p in self.net.parameters)

    def step(self):
        for p in self.net.parameters:
            p.grad = self.no_gradient
        loss = self.loss()
        loss.backward()
        for p in self.net.parameters:
            p.data -= 0.05 * p.grad
        return loss


def seconds(training, mode, steps):
    """The median step: "steady", "collected" before each step, or with the collector "paused"."""
    training.step()
    gc.collect()
    if mode == "paused":
        gc.disable()
    spent = []
    for _ in range(steps):
        if mode != "steady":
            gc.collect()
        start = time.perf_counter()
        training.step()
        spent.append(time.perf_counter() - start)
    gc.enable()
    return statistics.median(spent)


def measure(turns=3):
    """Both engines in turns, each after the other's garbage has been collected."""
    import micrograd.engine

    import backviz

    found = {}
    for mode in ("steady", "collected", "paused"):
        times = {"backviz": [], "micrograd": []}
        for _ in range(turns):
            times["backviz"].append(seconds(Training(backviz.Value, None), mode, 12))
            gc.collect()
            times["micrograd"].append(seconds(Training(micrograd.engine.Value, 0), mode, 4))
            gc.collect()
        found[mode] = {name: statistics.median(each) for name, each in times.items()}
    return found


if __name__ == "__main__":
    json.dump(measure(), sys.stdout)
