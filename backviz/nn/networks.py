"""Modules made of modules.

Invariant: a network gets one seed and hands each of its layers a stream of its own, so that
the first layers keep their numbers when more are added behind them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn.activations import activation_of
from backviz.nn.arguments import Seed, streams, whole
from backviz.nn.layers import Linear
from backviz.nn.module import Module
from backviz.ops import OPS
from backviz.ops.shape import shape_of

if TYPE_CHECKING:
    from backviz.nn import scalar


class Sequential(Module):
    """Modules one after the other, named "0", "1", … as in torch.

    Raises `InputError` for what is no module. `streams` gives each layer a seed.

    >>> from backviz.nn import Tanh, streams
    >>> seeds = streams(0, 2)
    >>> Sequential(Linear(2, 3, seed=seeds[0]), Tanh(), Linear(3, 1, seed=seeds[1]))
    Sequential(
      (0): Linear(2, 3)
      (1): Tanh()
      (2): Linear(3, 1)
    )
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise InputError(
                    _(
                        "Sequential takes modules, not {module!r} at place {i}; write a function "
                        "as the forward of a Module",
                        module=module,
                        i=i,
                    )
                )
            setattr(self, str(i), module)
        self._names = [str(i) for i in range(len(modules))]

    def forward(self, x: Any) -> Any:
        """x through all modules."""
        for module in self:
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Module]:
        return map(vars(self).__getitem__, self._names)

    def __getitem__(self, i: int) -> Module:
        if not -len(self) <= i < len(self):
            raise IndexError(_("there is no module {i}; the network has {n}", i=i, n=len(self)))
        module: Module = vars(self)[self._names[i]]
        return module


class MLP(Sequential):
    """Linear layers with an activation between them, none after the last.

    `widths` are the numbers of units of all layers, the output's last. `activation` is a
    name of `ACTIVATIONS` or of another function of the table of ops, a module to be copied, a
    function that makes one, or `None` for a purely linear network. `init`, `bias` and
    `bias_init` are those of each `Linear`; the seed makes a stream for each. Raises `UsageError`
    for an unknown activation.

    >>> net = MLP(2, [4, 1], "relu", seed=0, init="he_normal")
    >>> net
    MLP(
      (0): Linear(2, 4)
      (1): ReLU()
      (2): Linear(4, 1)
    )
    >>> net([1.0, -1.0]).shape
    (1,)
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
        if not isinstance(widths, Sequence) or isinstance(widths, str) or not widths:
            raise InputError(
                _("MLP: widths is a list of layers such as [16, 1], not {widths!r}", widths=widths)
            )
        sizes = [whole("MLP", "n_in", n_in), *[whole("MLP", "each width", w) for w in widths]]
        seeds: list[Any] = [None] * len(widths) if seed is None else [*streams(seed, len(widths))]
        layers: list[Module] = []
        for before, after, stream in zip(sizes, sizes[1:], seeds, strict=False):
            if layers and activation is not None:
                layers.append(_activation(activation))
            layers.append(Linear(before, after, bias, seed=stream, init=init, bias_init=bias_init))
        super().__init__(*layers)

    def scalars(self) -> scalar.MLP:
        """The same network with the same numbers, neuron by neuron; see `nn.scalar`."""
        from backviz.nn import scalar

        return scalar.MLP.of(self)


class Residual(Module):
    """x + module(x): what the module computes is added to its input (He et al., 2016).

    Raises `ShapeError` if the module changes the shape.

    >>> Residual(Linear(2, 2, init="zeros"))([1.0, 2.0]).data
    array([1., 2.])
    """

    def __init__(self, module: Module) -> None:
        if not isinstance(module, Module):
            raise InputError(_("Residual takes a module, not {module!r}", module=module))
        self.module = module

    def forward(self, x: Any) -> Any:
        """x + module(x)."""
        made = self.module(x)
        if shape_of(made) != shape_of(x):
            raise ShapeError(
                _(
                    "Residual: the module turns the shape {shape} into {shape2}, so the two "
                    "cannot be added; it has to keep the shape",
                    shape=shape_of(x),
                    shape2=shape_of(made),
                )
            )
        return OPS["add"](x, made)


def _activation(given: str | Module | Callable[[], Module]) -> Module:
    if isinstance(given, Module):
        return copy.deepcopy(given)
    made: Any = given
    if isinstance(given, str):
        made = activation_of(given)()
    elif callable(given):
        made = given()
    if not isinstance(made, Module):
        raise InputError(
            _(
                "MLP: activation is a name such as 'tanh', a module, or a function that "
                "makes one, not {given!r}",
                given=given,
            )
        )
    return made
