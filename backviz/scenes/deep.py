"""Deep networks that the scenes look into: a recipe, the network, and its training step by step.

Invariant: everything follows from the recipe. Two recipes that differ in one thing have the
same data and the same random numbers in everything else, so that a comparison is fair.
Gradients are those that the engine wrote onto the recorded values of the step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.nn.arguments import streams
from backviz.nn.layers import Linear
from backviz.nn.module import Module
from backviz.nn.norms import BatchNorm1d, LayerNorm
from backviz.ops import OPS
from backviz.optim import SGD, clip_by_norm, clip_by_value
from backviz.registry import unknown
from backviz.scenes.registry import Kind
from backviz.scenes.starts import Start, start
from backviz.words import Words

Activation = Literal[
    "tanh", "sigmoid", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus"
]
Wiring = Literal["plain", "residual", "batch_norm", "layer_norm"]
Clip = Literal["none", "norm", "value"]
NAMES = (  # of choices that are words: said of a network, with a blank for _
    N_("plain"), N_("residual"), N_("batch norm"), N_("layer norm"), N_("none"), N_("norm"),
    N_("value"), N_("zeros"), N_("constant"), N_("small"), N_("large"), N_("matched"), N_("random"),
)  # fmt: skip
Change = tuple[str, str | float]  # of a recipe: which of its names, and to what


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a network is made of and how it is trained.

    `depth` hidden layers of `width` units read `width` inputs; one output says which of two
    classes a sample belongs to. `rate` is that of plain gradient descent on all samples,
    `threshold` what gradients are clipped to.
    """

    depth: int
    width: int
    activation: Activation = "tanh"
    init: Start = "xavier_normal"
    wiring: Wiring = "plain"
    clip: Clip = "none"
    threshold: float = 1.0
    rate: float = 0.1
    samples: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples == 1 and self.wiring == "batch_norm":
            raise UsageError(
                _(
                    "batch norm has no variance in a batch of 1 sample; use 2 samples or more, or "
                    "wiring=layer_norm"
                )
            )

    def but(self, change: Change) -> Recipe:
        """The same recipe with one thing changed.

        >>> Recipe(3, 8).but(("wiring", "residual")).wiring
        'residual'
        """
        return replace(self, **dict([change]))  # type: ignore[arg-type]


CHOICES: dict[str, tuple[str, ...]] = {
    N_("activation"): get_args(Activation),
    N_("init"): get_args(Start),
    N_("wiring"): get_args(Wiring),
    N_("clip"): get_args(Clip),
}


def listed(kind: str, most: int) -> Kind:
    """Up to `most` choices of one kind, named with commas, each once.

    >>> listed("init", 2).read("inits", "small, large, small")
    ('small', 'large')
    """

    def read(option: str, text: str) -> tuple[str, ...]:
        chosen = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in chosen:
            if name not in CHOICES[kind]:
                raise UsageError(unknown(kind, name, CHOICES[kind]))
        if not 1 <= len(chosen) <= most:
            raise UsageError(
                _("{option} lists {n}; give 1 to {most} with commas", option=option,
                  n=len(chosen), most=most)
            )  # fmt: skip
        return chosen

    return Kind(f"{kind}s", "NAME,NAME", read, lambda: CHOICES[kind], several=True)


def read_change(option: str, text: str) -> Change | None:
    """What the second network has instead, from `name=value`; `None` for an empty text.

    >>> read_change("against", "wiring = residual"), read_change("against", "")
    (('wiring', 'residual'), None)
    >>> read_change("against", "wiring=residul")
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown wiring 'residul'; did you mean 'residual'?
    """
    if not text.strip():
        return None
    name, _equals, given = (part.strip() for part in text.partition("="))
    if name == "rate":
        try:
            rate = float(given)
        except ValueError:
            rate = -1.0
        if not 0 <= rate <= 1e6:
            raise UsageError(
                _("{option}: the rate is a number from 0 to 1e6, not {given!r}", option=option,
                  given=given)
            )  # fmt: skip
        return name, rate
    if name not in CHOICES:
        raise UsageError(
            _(
                "{option} {text!r} changes nothing that there is; write name=value with one of "
                "{known}, rate, such as wiring=residual",
                option=option,
                text=text,
                known=", ".join(CHOICES),
            )
        )
    if given not in CHOICES[name]:
        raise UsageError(unknown(name, given, CHOICES[name]))
    return name, given


def changes() -> list[str]:
    """Every change that has a name, for TAB."""
    return [f"{name}={each}" for name, names in CHOICES.items() for each in names]


Against = Annotated[Change | None, Kind("change", "NAME=VALUE", read_change, changes)]


def compared(recipe: Recipe, against: Change | None) -> dict[str, Recipe]:
    """One network or two, by what tells them apart.

    >>> list(map(str, compared(Recipe(3, 8), ("activation", "relu"))))
    ['tanh', 'relu']
    """
    if against is None:
        parts = (each.replace("_", " ") for each in (recipe.activation, recipe.init))
        return {Words.joined(parts): recipe}
    other = recipe.but(against)
    if other == recipe:
        raise UsageError(
            _(
                "against '{name}={value}' is what the network has already; change it",
                name=against[0],
                value=against[1],
            )
        )
    name = against[0]
    told = {"rate": N_("rate {value}"), "clip": N_("clip {value}")}.get(name, "{value}")
    return {
        Words(told, value=Words(str(getattr(r, name)).replace("_", " "))): r
        for r in (recipe, other)
    }


@dataclass(frozen=True, slots=True)
class Layer:
    """A hidden layer in one forward pass: what enters its activation, what leaves the layer, W."""

    inputs: Value
    outputs: Value
    weight: Value


class Deep(Module):
    """Hidden layers as the recipe says, and one output.

    A layer is h ← φ(norm(hW + b)), and with residual wiring h ← h + φ(hW + b). The first
    layers are the same in a deeper network. `layer` computes hW + b.
    """

    def __init__(self, recipe: Recipe, layer: type[Linear] = Linear) -> None:
        n, *seeds = recipe.width, *streams(recipe.seed, recipe.depth + 1)
        init = start(recipe.init, recipe.activation)
        self.linear = [layer(n, n, seed=seed, init=init) for seed in seeds[1:]]
        makers = {"batch_norm": BatchNorm1d, "layer_norm": LayerNorm}
        norm = makers.get(recipe.wiring)
        self.norm = [norm(n) for _other in self.linear] if norm else []
        self.head = layer(n, 1, seed=seeds[0], init=init)
        self._phi, self._adds = OPS[recipe.activation], recipe.wiring == "residual"

    def forward(self, x: Any) -> tuple[Any, list[Layer]]:
        """The output (samples, 1) and all hidden layers."""
        layers, h = [], x
        for i, linear in enumerate(self.linear):
            z = linear(h)
            if self.norm:
                z = self.norm[i](z)
            out = self._phi(z)
            h = OPS["add"](h, out) if self._adds else out
            layers.append(Layer(z, h, linear.weight))
        return self.head(h), layers


@dataclass(frozen=True, slots=True)
class Moment:
    """A training step after its backward pass and before anything is clipped or changed.

    Read it at once: the next step changes the weights in place.
    """

    step: int
    loss: float
    layers: list[Layer]
    net: Deep


def task(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (samples, width) from N(0, 1) and classes ±1 (samples, 1): a side of a plane each."""
    draw = np.random.default_rng((recipe.seed, 1))
    x = draw.standard_normal((recipe.samples, recipe.width))
    side = x @ draw.standard_normal((recipe.width, 1))
    return x, np.where(side > 0, 1.0, -1.0)


def loss_of(net: Deep, x: np.ndarray, y: np.ndarray) -> tuple[Any, list[Layer]]:
    """The mean logistic loss log(1 + e^(−y·out)) and the layers that it went through."""
    out, layers = net(x)
    return OPS["softplus"](-y * out).mean(), layers


def training(recipe: Recipe, steps: int, layer: type[Linear] = Linear) -> Iterator[Moment]:
    """The steps of training, each with the values that the engine recorded.

    >>> moments = list(training(Recipe(depth=2, width=4), steps=3))
    >>> [m.step for m in moments], moments[0].layers[1].outputs.grad.shape
    ([0, 1, 2], (64, 4))
    """
    net, (x, y) = Deep(recipe, layer), task(recipe)
    descent = SGD(net.parameters(), lr=recipe.rate) if recipe.rate else None
    for step in range(steps):
        loss, layers = loss_of(net, x, y)
        net.zero_grad()
        loss.backward()
        yield Moment(step, loss.item(), layers, net)
        clip(net, recipe)
        if descent:  # a rate of 0 leaves the network as it was drawn
            descent.step()


def clip(net: Deep, recipe: Recipe) -> None:
    """Cut the gradients down as the recipe says."""
    if recipe.clip == "norm":
        clip_by_norm(net.parameters(), recipe.threshold, error_if_nonfinite=False)
    elif recipe.clip == "value":
        clip_by_value(net.parameters(), recipe.threshold)
