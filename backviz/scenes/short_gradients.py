"""Gradients that are too short: a factor gives back what rounding takes only if it comes before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _, pgettext
from backviz.scenes.artists import Line, Points
from backviz.scenes.deep import Activation, Deep, Recipe, task
from backviz.scenes.layers import head, positive, write
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.starts import Start
from backviz.scenes.units import slopes
from backviz.words import Words

SHOWN = 200  # entries of the gradient that are drawn
SIDE = 3.0  # of the left panel, in root mean squares of the gradient
LEAST = 6e-5  # the rounding of half precision is 5·10⁻⁴ of a number
WORDS = N_("factor afterwards"), N_("factor before")


@dataclass(frozen=True, slots=True)
class Rounded:
    """A gradient as it should be, and as half precision has it, both divided by the factor."""

    true: np.ndarray
    half: np.ndarray

    @property
    def error(self) -> float:
        """The length of the difference as a share of the true length: 1 if all is lost."""
        size, wrong = (quietly(np.linalg.norm, v) for v in (self.true, self.half - self.true))
        return float(wrong / size) if 0 < size < np.inf else np.nan


def rounded(recipe: Recipe, layer: int, factor: float = 1.0) -> Rounded:
    """∂L/∂W of a layer (from 1) of the untrained network, with and without half precision.

    The loss is multiplied by the factor before the backward pass, every result of which is
    rounded to float16; what comes out is divided by the factor in full precision.

    >>> made = rounded(Recipe(depth=2, width=4), layer=1)
    >>> made.true.shape, bool(made.error < 0.002)
    ((16,), True)
    """
    net, (x, y) = Deep(recipe), task(recipe)
    out, layers = net(x)

    def backward(keep: type[np.floating]) -> np.ndarray:
        def kept(a: np.ndarray) -> np.ndarray:
            return np.asarray(a.astype(keep), dtype=np.float64)

        # of the mean of log(1 + e^(−y·out)), as `loss_of` has it
        start = kept(-factor * y / (1 + np.exp(y * out.data)) / len(y))
        back = kept(start @ net.head.weight.data.T)
        for i in range(recipe.depth - 1, layer - 2, -1):
            inner = kept(back * slopes(recipe.activation, layers[i].inputs.data))
            back = kept(inner @ net.linear[i].weight.data.T)
        below = layers[layer - 2].outputs.data if layer > 1 else x
        return kept(below.T @ inner).ravel() / factor

    return Rounded(*(quietly(backward, each) for each in (np.float64, np.float16)))


@scene(
    Claim(
        "the vanished gradient loses 100 times what the healthy one does; a factor before saves it",
        lambda d: (
            100 * max(d["error.healthy.y"][-1, -1], 0.1 * d["error.before.y"][-1, -1]),
            d["error.afterwards.y"][-1, -1],
        ),
    )
)
def rescaled_gradient(
    activation: Activation = "sigmoid",
    healthy: Activation = "tanh",
    init: Start = "xavier_normal",
    layer: Annotated[int, Within(1, 100)] = 1,
    depth: Annotated[int, Within(1, 100)] = 10,
    width: Annotated[int, Within(1, 256)] = 32,
    doublings: Annotated[int, Within(1, 60)] = 20,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A large factor does not bring back what a vanished gradient has lost; one before it does.

    The backward pass in half precision, where a number below 3·10⁻⁸ is 0 and those a little
    above it are steps of 6·10⁻⁸. Left each entry of a layer's gradient against what it should
    be: on the diagonal it is right. Right the error. A factor that comes afterwards stretches
    what is left, rounding and all. Multiplying the loss by it before the backward pass (loss
    scaling) lifts all numbers above the steps. A network whose gradients do not vanish needs
    neither.

    Options:
    activation: of the network whose gradient vanishes
    healthy: activation of the network beside it
    init: how the weights are drawn
    layer: whose gradient is shown; the last one, if there are fewer
    depth: hidden layers
    width: units in each of them
    doublings: the largest factor is 2 to this power
    seed: of data and weights
    """
    layer = min(layer, depth)
    recipe = Recipe(depth, width, activation, init, seed=seed)
    factors = 2.0 ** np.arange(doublings + 1)
    found = [rounded(recipe, layer, float(factor)) for factor in factors]
    good = rounded(Recipe(depth, width, healthy, init, seed=seed), layer)
    size = float(quietly(np.linalg.norm, found[0].true)) / np.sqrt(found[0].true.size)
    size = size if 0 < size < np.inf else 1.0
    pick = np.random.default_rng(seed).permutation(found[0].true.size)[:SHOWN]
    errors = np.array([each.error for each in found])
    flat = np.full_like(errors, 1.0)
    panels = (
        Panel(
            "entries", Axis(N_("as it should be, in rms"), -SIDE, SIDE),
            Axis(N_("as computed"), -SIDE, SIDE),
            title=Words("∂L/∂W of layer {layer}, {activation}", layer=layer, activation=activation),
            legend="below", equal=True,
            static=(Line("right", [-SIDE, SIDE], [-SIDE, SIDE], color="muted"),),
        ),
        Panel(
            "error", Axis(N_("factor"), 1.0, float(factors[-1]), log=True),
            Axis("", LEAST, 2.0, log=True),
            title=N_("relative error of the gradient"), place=(0, 1, 1, 1), legend="below",
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k, factor in enumerate(factors):
            x = factors[: k + 1]
            after, before = (
                np.clip(each.half[pick] / size, -SIDE, SIDE) for each in (found[0], found[k])
            )
            true = np.clip(found[0].true[pick] / size, -SIDE, SIDE)
            lines = (
                Line("afterwards", x, positive(flat[: k + 1] * errors[0]), WORDS[0], 0),
                Line("before", x, positive(errors[: k + 1]), WORDS[1], 1),
                Line(
                    "healthy",
                    x,
                    positive(flat[: k + 1] * good.error),
                    _("{name}, no factor", name=healthy),
                    2,
                ),
            )
            yield Frame(
                _told(float(factor), found[0], found[k], good, healthy),
                {
                    "entries": (
                        Points("afterwards", true, after, label=WORDS[0], color=0),
                        Points("before", true, before, label=WORDS[1], color=1),
                    ),
                    "error": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=0.0 if k else 2.0,
            )

    return Film(
        N_("A factor brings a vanished gradient back only before it is rounded"), panels, moments,
        len(factors), tuple(sorted({round(q * doublings) for q in (0, 0.25, 0.5, 0.75, 1)})),
        fps=3.0, columns=(1.0, 1.1),
        alt=N_("Left the entries of a gradient in half precision against the true ones, in steps "
               "and then on the diagonal. Right their error against the factor: the one "
               "afterwards stays."),
    )  # fmt: skip


def _told(factor: float, after: Rounded, before: Rounded, good: Rounded, healthy: str) -> str:
    if not np.isfinite(after.true).all():
        return _("Factor {factor}: the gradient overflows.", factor=write(factor))
    if not after.true.any():
        return _("Factor {factor}: the gradient is 0 for every sample, and 0 it stays.",
                 factor=write(factor))  # fmt: skip
    lost = 100 * float(np.mean((after.half == 0) & (after.true != 0)))
    told = _share(before.error)
    if not np.isfinite(before.half).all():
        told = _("{error} (it overflows)", error=told)
    return _(
        "Factor {factor}: afterwards the error stays {after}, {lost:.0f} % of the entries are 0; "
        "before the backward pass it is {before}. {healthy}: {good} without.",
        factor=write(factor),
        after=_share(after.error),
        lost=lost,
        before=told,
        healthy=healthy,
        good=_share(good.error),
    )


def _share(error: float) -> str:
    return f"{write(100 * error)} %" if np.isfinite(error) else pgettext("error", "no number")
