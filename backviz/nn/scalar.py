"""Networks neuron by neuron: every weight is a number of its own, with a name in pictures.

Invariant: the same numbers and the same order of terms as the layers of arrays, so that
outputs and gradients agree but for the last bits.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn import layers, networks
from backviz.nn.activations import Activation, PReLU
from backviz.nn.arguments import Seed, whole
from backviz.nn.module import Module
from backviz.nn.parameters import parameter


class Neuron(Module):
    """w1·x1 + w2·x2 + … + b, one number.

    Raises `ShapeError` if the number of inputs is not that of the weights.

    >>> neuron = Neuron(2, init=[2.0, -1.0])
    >>> neuron([3.0, 1.0]).data, [p.label for p in neuron.parameters()]
    (5.0, ['w1', 'w2', 'b'])
    """

    def __init__(
        self, n_in: int, bias: bool = True, *, seed: Seed | None = None, init: Any = None
    ) -> None:
        n_in = whole("Neuron", "n_in", n_in)
        if init is None or isinstance(init, str) or callable(init):
            drawn = parameter(init or "standard_uniform", (n_in, 1), seed).data
        else:
            drawn = parameter(init, (n_in,)).data
        self.w = [Value(w, f"w{i}") for i, w in enumerate(drawn.ravel(), 1)]
        self.b = Value(0.0, "b") if bias else None

    def forward(self, xs: Sequence[Any]) -> Value:
        """The weighted sum, from left to right, and then the bias."""
        if len(xs) != len(self.w):
            raise ShapeError(
                _(
                    "{it!r} takes {n} inputs, one for each weight, not {n2}",
                    it=self,
                    n=len(self.w),
                    n2=len(xs),
                )
            )
        total = self.w[0] * xs[0]
        for w, x in zip(self.w[1:], xs[1:], strict=True):
            total = total + w * x
        made: Value = total if self.b is None else total + self.b
        return made

    def details(self) -> str:
        """How many inputs."""
        return f"{len(self.w)}" + ("" if self.b is not None else ", bias=False")


class Linear(Module):
    """A layer of neurons: a list of numbers in, a list of numbers out.

    The weight from input 1 to neuron 2 is labelled w12, as its place in W, and the bias b2; from
    10 units on w1_12. In a network of several layers the number of the layer comes first:
    w2_11 is the entry 11 of W2. Arguments are those of `nn.Linear`.

    >>> layer = Linear(2, 2, init=[[1, 2], [3, 4]])
    >>> [p.label for p in layer.parameters()], [y.data for y in layer([1.0, 10.0])]
    (['w11', 'w21', 'b1', 'w12', 'w22', 'b2'], [31.0, 42.0])
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        *,
        seed: Seed | None = None,
        init: Any = "standard_uniform",
        bias_init: Any = "zeros",
    ) -> None:
        dense = layers.Linear(n_in, n_out, bias, seed=seed, init=init, bias_init=bias_init)
        self._take(dense, "")

    @classmethod
    def of(cls, layer: layers.Linear, number: int | None = None) -> Self:
        """The same layer with the same numbers; `number` is its place in a network.

        >>> Linear.of(layers.Linear(1, 1, init=[[5.0]]), 2).parameters()[0]
        Value(5.0, label='w2_11', grad=None)
        """
        made = cls.__new__(cls)
        made._take(layer, "" if number is None else f"{number}_")
        return made

    def _take(self, layer: layers.Linear, prefix: str) -> None:
        bias = layer.bias
        apart = "_" if max(layer.n_in, layer.n_out) > 9 else ""
        self.neurons = []
        for j, column in enumerate(layer.weight.data.T, 1):
            neuron = Neuron(layer.n_in, bias is not None, init=column)
            for i, w in enumerate(neuron.w, 1):
                w.label = f"w{prefix}{i}{apart}{j}"
            if bias is not None:
                neuron.b = Value(bias.data[j - 1], f"b{prefix}{j}")
            self.neurons.append(neuron)

    def forward(self, xs: Sequence[Any]) -> list[Value]:
        """What each neuron makes of the inputs."""
        return [neuron(xs) for neuron in self.neurons]

    def __repr__(self) -> str:
        width = len(self.neurons[0].w)
        plain = ", bias=False" if self.neurons[0].b is None else ""
        return f"Linear({width}, {len(self.neurons)}{plain})"


class MLP(Module):
    """The network `nn.MLP`, neuron by neuron: a list of numbers in, a list of numbers out.

    If the last layer has one neuron, its number comes out alone. Arguments are those of `nn.MLP`,
    and the same seed gives the same numbers. Activations work on one number at a time;
    `InputError` for one that needs the whole layer, such as softmax.

    >>> net = MLP(2, [3, 1], seed=0)
    >>> net([1.0, -1.0]).op.name, len(net.parameters()), net.parameters()[0].label
    ('add', 13, 'w1_11')
    """

    def __init__(
        self,
        n_in: int,
        widths: Sequence[int],
        activation: str | Module | Callable[[], Module] | None = "tanh",
        bias: bool = True,
        *,
        seed: Seed | None = None,
        init: Any = "standard_uniform",
        bias_init: Any = "zeros",
    ) -> None:
        dense = networks.MLP(
            n_in, widths, activation, bias, seed=seed, init=init, bias_init=bias_init
        )
        self.layers = _by_neurons(dense)

    @classmethod
    def of(cls, network: networks.Sequential) -> Self:
        """The same network with the same numbers; also of a `Sequential` of such layers.

        >>> dense = networks.MLP(2, [3, 1], seed=0)
        >>> x = [1.0, -1.0]
        >>> abs(MLP.of(dense)(x).data - float(dense(x).data[0])) < 1e-14
        True
        """
        made = cls.__new__(cls)
        made.layers = _by_neurons(network)
        return made

    def forward(self, xs: Sequence[Any]) -> Any:
        """The numbers after the last layer; a single one as itself."""
        made = list(xs)
        for layer in self.layers:
            made = layer(made) if isinstance(layer, Linear) else [layer(x) for x in made]
        return made[0] if len(made) == 1 else made


def _by_neurons(network: networks.Sequential) -> list[Module]:
    if not isinstance(network, networks.Sequential):
        raise InputError(
            _(
                "a network of layers is needed, not {title}; put it into a Sequential",
                title=_title(network),
            )
        )
    several = sum(isinstance(layer, layers.Linear) for layer in network) > 1
    made: list[Module] = []
    number = 0
    for layer in network:
        if isinstance(layer, layers.Linear):
            number += 1
            made.append(Linear.of(layer, number if several else None))
        elif isinstance(layer, layers.Identity):
            made.append(layer)
        elif isinstance(layer, Activation) and layer.op.elementwise:
            if isinstance(layer, PReLU) and layer.num_parameters > 1:
                raise InputError(
                    _("{layer!r} has a slope for each channel; neurons share one", layer=layer)
                )
            alone = copy.deepcopy(layer)
            if isinstance(alone, PReLU):
                alone.weight = Value(np.ravel(alone.weight.data)[0], alone.weight.label)
            made.append(alone)
        else:
            raise InputError(
                _(
                    "{title} does not work on one number at a time, so it has no form by "
                    "neurons; there are Linear and the elementwise activations",
                    title=_title(layer),
                )
            )
    return made


def _title(module: Any) -> str:
    """What a module is called in a sentence: one line."""
    return repr(module).partition("\n")[0].rstrip("(")
