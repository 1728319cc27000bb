"""The factor that each layer puts on the gradient: measured, in theory, and its bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.value import Value, tensor
from backviz.language import N_, _, ngettext
from backviz.nn import theory
from backviz.ops import OPS
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.deep import Activation
from backviz.scenes.layers import (
    head,
    held,
    key_frames,
    layer_axis,
    numbers,
    positive,
    theory_line,
    whole_ticks,
    with_band,
    write,
)  # fmt: skip
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.sampled import HIGH, LOW, band, left_out, sampled
from backviz.scenes.starts import Start, start, variance
from backviz.words import Words

FRAMES = 60  # at most, however deep the network is


@scene(
    Claim(
        "what a layer multiplies the gradient by is what theory says, within 15 %",
        lambda d: (
            float(np.nanmax(np.abs(np.log(d["factor.measured.y"][-1] / d["factor.theory.y"][-1])))),
            0.15,
        ),
    )
)
def gradient_factor(
    activation: Activation = "tanh",
    init: Start = "xavier_normal",
    depth: Annotated[int, Within(2, 500)] = 30,
    width: Annotated[int, Within(1, 512)] = 64,
    seeds: Annotated[int, Within(1, 100)] = 20,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The gradient walks back through random networks: each layer multiplies it by √χ.

    Left its size in every layer, in relation to the last; right the factor from layer to
    layer. The theory is that of infinitely wide layers; finite networks are samples, and
    their band (10 to 90 % of the seeds) widens with every layer that is passed.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    depth: hidden layers
    width: units in each of them
    seeds: how many networks are drawn
    seed: of the networks
    """
    made = sampled(
        activation, start(init, activation), depth=depth, width=width, seeds=seeds, seed=seed
    )
    sizes = [quietly(np.sqrt, part) for part in band(made.gradient)]
    factors, left = list(band(made.factors)), left_out(made.gradient)
    x, between = numbers(depth), numbers(depth - 1)
    weights = variance(init, activation, width)
    expected = theory.propagate(activation, depth, weights) if weights is not None else None
    size_theory = positive(np.sqrt(expected.backward)) if expected else np.full(depth, np.nan)
    factor_theory = np.sqrt(expected.chi) if expected else np.full(depth - 1, np.nan)
    panels = (
        Panel(
            "size", layer_axis(depth),
            Axis(N_("rms of ∂L/∂z, last layer = 1"),
                 *held(*span(*map(positive, sizes), size_theory, (0.1, 1.0), log=True)), log=True),
            title=N_("size of the gradient"), legend="below",
        ),
        Panel(
            "factor", layer_axis(depth),
            Axis(N_("factor √χ"), *span(*factors, factor_theory, (0, 1.1))),
            title=N_("factor per layer (1 keeps the size)"), place=(0, 1, 1, 1), legend="below",
            static=(Rule("one", 1.0),),
        ),
    )  # fmt: skip
    counts = np.unique(np.linspace(1, depth, min(depth, FRAMES)).astype(int))

    def moments() -> Iterator[Frame]:
        for passed in counts:
            ahead = x < depth + 1 - passed
            seen = [np.where(ahead, np.nan, part) for part in sizes]
            steps = [np.where(ahead[:-1], np.nan, part) for part in factors]
            at, label = depth - int(passed), ngettext("{n} network", "{n} networks", seeds)
            size_band, size = with_band("measured", x, seen, label, 0)
            factor_band, factor = with_band("measured", between, steps, label, 0)
            factor_head = Points("measured head", between[at : at + 1], factor.y[at : at + 1])
            yield Frame(
                _said(int(passed), depth, seeds, seen, size_theory) + left,
                {
                    "size": (
                        theory_line(x, np.where(ahead, np.nan, size_theory)),
                        size_band, size, head(size, at),
                    ),
                    "factor": (
                        theory_line(between, np.where(ahead[:-1], np.nan, factor_theory)),
                        factor_band, factor, factor_head,
                    ),
                },
            )  # fmt: skip

    return Film(
        Words("What {activation} layers do to the gradient ({init})", activation=activation,
              init=init.replace("_", " ")),
        panels, moments, len(counts), key_frames(len(counts)),
        alt=Words("The size of the gradient and the factor of every layer, from the last layer to "
                  "the first: a median with a band from {low} to {high} % of the networks, and "
                  "the theory.", low=LOW, high=HIGH),
    )  # fmt: skip


def _said(passed: int, depth: int, seeds: int, seen: list[np.ndarray], expected: np.ndarray) -> str:
    layer = depth + 1 - passed
    low, middle, high = (float(part[layer - 1]) for part in seen)
    if passed == 1:
        return _("The gradient starts in layer {layer}, and its size there counts as 1.",
                 layer=depth)  # fmt: skip
    if not np.isfinite(middle):
        return _("In layer {layer} there is nothing to compare: the gradient is 0 or overflows.",
                 layer=layer)  # fmt: skip
    size = write(middle)
    if seeds > 1 and middle > 0:
        size = _("{size} (10 to 90 % of the networks: {low} to {high})", size=size, low=write(low),
                 high=write(high))  # fmt: skip
    goal = float(expected[layer - 1])
    if np.isfinite(goal):
        return _("Layer {layer}, {passed} back: the size of the gradient is {size}; in theory it "
                 "is {goal}.", layer=layer, passed=passed - 1, size=size,
                 goal=write(goal))  # fmt: skip
    return _("Layer {layer}, {passed} back: the size of the gradient is {size}.", layer=layer,
             passed=passed - 1, size=size)  # fmt: skip


@scene(
    Claim(
        "no chain of sigmoids passes more than a quarter per layer on",
        lambda d: (float(np.nanmax(d["chain.largest.y"][-1] / d["chain.bound.y"][-1])), 1 + 1e-9),
    )
)
def quarter_bound(
    depth: Annotated[int, Within(1, 200)] = 15,
    chains: Annotated[int, Within(1, 1000)] = 50,
    weights: Literal["random", "one"] = "random",
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Each sigmoid multiplies the gradient by a quarter at most: after n of them by 0.25ⁿ.

    Chains of one unit per layer, a ← σ(w·a), with |w| ≤ 1. The slope of a sigmoid is 0.25
    where its input is 0 and less elsewhere, so no chain ever crosses the line.

    Options:
    depth: sigmoids in a chain
    chains: how many are drawn
    weights: random numbers between −1 and 1, or all 1
    seed: of weights and inputs
    """
    sizes = chain_gradients(depth, chains, weights, seed)
    x = np.arange(0.0, depth + 1)
    bound = 0.25 ** (depth - x)
    parts = (sizes.min(axis=0), np.median(sizes, axis=0), sizes.max(axis=0))
    limits = held(*span(bound, parts[1], parts[2], log=True, pad=0.12), least=1e-300)
    shown = Axis("|∂L/∂a|", *limits, log=True)
    layers = Axis(N_("sigmoid (0: the input)"), -0.5, depth + 0.5, ticks=whole_ticks(0, depth))
    panels = (Panel("chain", layers, shown, legend="lower right"),)

    def moments() -> Iterator[Frame]:
        label = ngettext("{n} chain", "{n} chains: median and range", chains)
        for passed in range(depth + 1):
            ahead = x < depth - passed
            low, middle, high = (np.where(ahead, np.nan, part) for part in parts)
            area, median = with_band("chains", x, (low, middle, high), label, 0)
            yield Frame(
                _bounded(passed, float(high[depth - passed]), chains),
                {
                    "chain": (
                        area, median, head(median, depth - passed),
                        Line("largest", x, positive(high), _("the largest of them"), 1,
                             marked=depth <= 40),
                        Line("bound", x, np.where(ahead, np.nan, bound), "0.25ⁿ", "ink", "dotted"),
                    )
                },
            )  # fmt: skip

    return Film(
        N_("A sigmoid lets a quarter of the gradient through at most"), panels, moments, depth + 1,
        key_frames(depth + 1), fps=4.0,
        alt=N_("The gradient of chains of sigmoids against the layer on a logarithmic axis, below "
               "the line 0.25 to the power of the sigmoids passed."),
    )  # fmt: skip


def chain_gradients(depth: int, chains: int, weights: str, seed: int) -> np.ndarray:
    """|∂L/∂a| of every chain before each sigmoid and after the last: (chains, depth + 1).

    >>> sizes = chain_gradients(3, 10, "random", seed=0)
    >>> bool(np.all(sizes <= 0.25 ** np.arange(3, -1, -1)))
    True
    """
    draw = np.random.default_rng(seed)
    a: Value = tensor(draw.standard_normal(chains))
    kept = [a]
    for _step in range(depth):
        w = draw.uniform(-1, 1, chains) if weights == "random" else np.ones(chains)
        a = OPS["sigmoid"](a * w)
        kept.append(a)
    a.sum().backward()
    return np.asarray(np.abs([v.grad for v in kept])).T


def _bounded(passed: int, largest: float, chains: int) -> str:
    if passed == 0:
        return _("The loss is the end of the chain: the gradient starts there with 1.")
    bound, found = f"0.25{_raised(passed)} = {write(0.25**passed)}", write(largest)
    if chains > 1:
        return ngettext(
            "After {n} sigmoid at most {bound} can be left; the largest of the gradients is "
            "{found}.",
            "After {n} sigmoids at most {bound} can be left; the largest of the gradients is "
            "{found}.",
            passed, bound=bound, found=found,
        )  # fmt: skip
    return ngettext(
        "After {n} sigmoid at most {bound} can be left; the gradient is {found}.",
        "After {n} sigmoids at most {bound} can be left; the gradient is {found}.",
        passed, bound=bound, found=found,
    )  # fmt: skip


def _raised(n: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(n)) if n > 1 else ""
