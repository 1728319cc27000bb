"""Neurons, layers and networks of single numbers, with micrograd's own random weights.

Invariant: weights are drawn from Python's `random` in micrograd's order, so that
`random.seed(1337)` gives both the same numbers, bit for bit.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from backviz.micrograd.engine import Value


class Module:
    """What has parameters."""

    def parameters(self) -> list[Value]:
        """All numbers that are trained."""
        return []

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    """b + w₁·x₁ + w₂·x₂ + …, and relu of it if `nonlin`.

    >>> random.seed(1337)
    >>> n = Neuron(2, nonlin=False)
    >>> n, n([1.0, 0.0]).data == n.w[0].data
    (LinearNeuron(2), True)
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.w = [Value(random.uniform(-1, 1), label=f"w{i}") for i in range(1, nin + 1)]
        self.b = Value(0.0, label="b")
        self.nonlin = nonlin

    def __call__(self, x: Sequence[Any]) -> Any:
        """The output for a list of inputs."""
        total: Any = self.b
        for w, each in zip(self.w, x, strict=False):  # as micrograd: what is left over is left out
            total = total + w * each
        return total.relu() if self.nonlin else total

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side: a list of their outputs, or the output if there is one neuron."""

    def __init__(self, nin: int, nout: int, **options: Any) -> None:
        self.neurons = [Neuron(nin, **options) for _ in range(nout)]
        self._name("")

    def _name(self, number: str) -> None:
        """Labels as w2_13: in layer 2 from input 1 to neuron 3."""
        several = len(self.neurons) > 1 or number
        for j, neuron in enumerate(self.neurons, 1):
            for i, w in enumerate(neuron.w, 1):
                apart = "_" if max(len(neuron.w), len(self.neurons)) > 9 else ""
                w.label = f"w{number}{i}{apart}{j}" if several else f"w{i}"
            neuron.b.label = f"b{number}{j}" if several else "b"

    def __call__(self, x: Sequence[Any]) -> Any:
        """What each neuron makes of the inputs."""
        outs = [neuron(x) for neuron in self.neurons]
        return outs[0] if len(outs) == 1 else outs

    def parameters(self) -> list[Value]:
        """Those of each neuron in turn."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """Layers one after the other; relu behind each but the last.

    >>> MLP(3, [4, 4, 1]).layers[-1]
    Layer of [LinearNeuron(4)]
    """

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        sizes = [*pairwise([nin, *nouts])]
        self.layers = [Layer(a, b, nonlin=i < len(sizes)) for i, (a, b) in enumerate(sizes, 1)]
        for number, layer in enumerate(self.layers, 1):
            layer._name(f"{number}_")

    def __call__(self, x: Any) -> Any:
        """The inputs through all layers."""
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Value]:
        """Those of each layer in turn."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
