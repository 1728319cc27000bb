"""A small classifier, trained; then its loss as a graph of tensors and as a graph of scalars.

python examples/networks.py
backviz graph examples/networks.py:loss --for slide -o tensors.png
backviz graph examples/networks.py:scalar_loss --fold names -o scalars.svg
"""

import numpy as np

from backviz import data, nn, optim, tensor
from backviz.nn import losses

x, y = data.moons(200, noise=0.1, seed=0)
net = nn.MLP(2, [16, 16, 2], "tanh", seed=0)


def train(steps=200):
    """Full batches; the share of samples that end on the right side."""
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        losses.cross_entropy(net(x), y).backward()
        optimizer.step()
    return float(np.mean(np.argmax(net(x).numpy(), axis=1) == y))


small = nn.MLP(2, [2, 1], "tanh", seed=1)
SAMPLE, TARGET = [1.0, -0.5], 1.0


def loss():
    """The small network's loss on one sample, layer by layer."""
    sample = tensor([SAMPLE], "x", requires_grad=False)
    return losses.mse_loss(small(sample), [[TARGET]])


def scalar_loss():
    """The same network, neuron by neuron: the same numbers."""
    out = small.scalars()(SAMPLE)
    return (out - TARGET) ** 2


if __name__ == "__main__":
    print(f"{train():.1%} of the moons are on the right side")
    print(f"tensors {loss().item():.12f}, scalars {scalar_loss().item():.12f}")
