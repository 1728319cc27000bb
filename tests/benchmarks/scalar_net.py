"""The demo of micrograd, for any class of scalar: an MLP neuron by neuron with max-margin loss."""

import random
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
