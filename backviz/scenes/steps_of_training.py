"""Steps of training on the recorded graph, once with zero_grad and once without it.

Invariant: every number is one that the engine wrote; both runs begin with the same weights, and
each step of a run is a graph of its own whose leaves keep what the run has left on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from backviz.autodiff.value import Value
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.language import N_, _
from backviz.scenes.artists import Graph, Line, Words
from backviz.scenes.layers import head, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene

RUNS = {"with": True, "without": False}
LINES = ("opt.zero_grad()", "ŷ = w·x + b", "L = (ŷ − y)²", "L.backward()", "opt.step()")
AT = (0, 1, 2, 3, 3, 3, 4)  # which line is at work at each moment of a step, and afterwards
WHOLE = 2  # steps that are shown moment by moment


@dataclass(frozen=True, slots=True)
class Step:
    """A step of one run: its leaves, its output and loss, and what the leaves had before."""

    w: Value
    b: Value
    out: Value
    loss: Value
    before: tuple[float, float]

    @property
    def gradients(self) -> tuple[float, float]:
        """∂L/∂w and ∂L/∂b, as the leaves hold them."""
        return float(self.w.grad), float(self.b.grad)

    def after(self, rate: float) -> tuple[float, float]:
        """w and b after opt.step() of plain gradient descent."""
        w, b = self.gradients
        return float(self.w.data) - rate * w, float(self.b.data) - rate * b


def taken(w: float, b: float, kept: tuple[float, float] | None, x: float, target: float) -> Step:
    """Record a step: forward, loss, backward onto leaves that keep these gradients.

    >>> step = taken(0.5, 0.0, None, x=2.0, target=3.0)
    >>> step.loss.data, step.w.grad, step.b.grad
    (4.0, -8.0, -4.0)
    >>> taken(0.5, 0.0, (-8.0, -4.0), x=2.0, target=3.0).w.grad
    -16.0
    """
    leaves = Value(w, "w"), Value(b, "b")
    if kept is not None:
        for leaf, gradient in zip(leaves, kept, strict=True):
            leaf.grad = gradient
    out = leaves[0] * x + leaves[1]
    out.label = "ŷ"
    loss = (out - target) ** 2
    loss.label = "L"
    loss.backward()
    return Step(*leaves, out, loss, kept or (0.0, 0.0))


def trained(
    zeroing: bool, w: float, b: float, x: float, target: float, rate: float, steps: int
) -> list[Step]:
    """So many steps; without `zeroing`, each adds its gradients to those that are there."""
    made: list[Step] = []
    for _k in range(steps):
        last = made[-1] if made else None
        kept = None if zeroing or last is None else last.gradients
        made.append(taken(w, b, kept, x, target))
        w, b = made[-1].after(rate)
    return made


@scene(
    Claim(
        "in the second half the loss without zero_grad is a hundred times that with it",
        lambda d: tuple(
            f * np.mean(d[f"loss.{name}.y"][-1, 4:]) for f, name in ((100, "with"), (1, "without"))
        ),
    )
)
def training_step(
    x: Annotated[float, Within(-100, 100)] = 2.0,
    target: Annotated[float, Within(-100, 100)] = 3.0,
    weight: Annotated[float, Within(-100, 100)] = 0.5,
    bias: Annotated[float, Within(-100, 100)] = 0.0,
    rate: Annotated[float, Within(1e-8, 100)] = 0.06,
    steps: Annotated[int, Within(2, 60)] = 8,
) -> Film:
    """A step of training, all of it, from zero_grad to step; and the same without zero_grad.

    The same line in both graphs, the same start. The first two steps go moment by moment: in the
    second one the graph below has not forgotten, and its backward pass adds to what is there. Then
    a frame for each step: with zero_grad the loss falls, without it the weights swing.

    Options:
    x: the input
    target: y, what is right
    weight: w at the start
    bias: b at the start
    rate: of gradient descent
    steps: of training; the first two are shown whole
    """
    runs = {name: trained(z, weight, bias, x, target, rate, steps) for name, z in RUNS.items()}
    style = Style(size="notebook", fold="names", direction="LR", legend=False, digits=3)
    builds = {
        name: [Steps(Figure(step.loss, style)) for step in made] for name, made in runs.items()
    }
    losses = {name: np.array([float(s.loss.data) for s in made]) for name, made in runs.items()}
    at = np.arange(1.0, steps + 1)
    titles = {"with": N_("with zero_grad"), "without": N_("without zero_grad")}
    panels = (
        *(
            Panel(name, axes=False, title=titles[name], place=(i, 0, 1, 1))
            for i, name in enumerate(RUNS)
        ),
        Panel("code", axes=False, place=(0, 1, 1, 1), static=_code(), title=N_("each step")),
        Panel(  # in a row more than the graph beside it: its labels take no room from the graph
            "loss", step_axis(steps + 1), Axis("", *span([0.0], *losses.values())),
            title=N_("loss L (dashed: without)"), place=(1, 1, 2, 1),
        ),
    )  # fmt: skip
    places = [(k, m) for k in range(WHOLE) for m in range(len(AT))]
    places += [(k, len(AT) - 1) for k in range(WHOLE, steps)]

    def frames() -> Iterator[Frame]:
        for k, m in places:
            done = k + (m >= 2)  # losses that are known
            lines = [
                Line(name, at[:done], losses[name][:done], color=c) for c, name in enumerate(RUNS)
            ]
            yield Frame(
                _said(k, m, {name: made[k] for name, made in runs.items()}, rate)
                if k or m
                else _(
                    "Step 1: there are no gradients yet. The input is x = {x}, right is y = {y}.",
                    x=write(x), y=write(target),
                ),
                {
                    **{
                        name: (Graph("graph", builds[name][k], min(m, len(AT) - 2)),)
                        for name in RUNS
                    },
                    "code": (Words("at", 0.0, _height(AT[m]), "→", "gradient", inside="panel"),),
                    "loss": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=(1.0 if m in (5, 6) else 0.0) if k < WHOLE else 0.0,
            )  # fmt: skip

    return Film(
        N_("A step of training, with and without zero_grad"), panels, frames, len(places),
        (0, 5, 6, 7, 12, len(places) - 1), fps=1.0, columns=(1.8, 1.0), rows=(1.0, 1.0, 0.0),
        alt=N_("Two graphs of a line with its loss, one trained with zero_grad and one "
               "without; beside them the lines of the training loop and both losses against "
               "the step."),
    )  # fmt: skip


def _height(line: int) -> float:
    """Where a line of the code stands in its panel."""
    return 0.86 - 0.2 * line


def _code() -> tuple[Words, ...]:
    return tuple(
        Words(f"line {i}", 0.12, _height(i), line, inside="panel") for i, line in enumerate(LINES)
    )


def _factor(number: str) -> str:
    """A number behind a sign: in brackets if it has one of its own."""
    return f"({number})" if number.startswith("−") else number


def _said(k: int, m: int, steps: dict[str, Step], rate: float) -> str:
    """What happens at a moment of a step, in both runs."""
    ours, other = steps["with"], steps["without"]
    line = AT[m]
    if line == 0:
        return _(
            "Step {k}: zero_grad forgets the gradients; below they stay: {w} on w.",
            k=k + 1, w=write(other.before[0]),
        )  # fmt: skip
    if line == 1:
        return _(
            "Step {k}, forward: ŷ = {a} with zero_grad, {b} without.",
            k=k + 1, a=write(float(ours.out.data)), b=write(float(other.out.data)),
        )  # fmt: skip
    if line == 2:
        return _(
            "Step {k}, forward: the loss is {a} with zero_grad, {b} without.",
            k=k + 1, a=write(float(ours.loss.data)), b=write(float(other.loss.data)),
        )  # fmt: skip
    if line == 3:
        if not k:
            return _("Step 1, backward: ∂L/∂w = {a} in both.", a=write(ours.gradients[0]))
        return _(
            "Step {k}, backward: ∂L/∂w = {a}; below it adds up: {before} + {new} = {b}.",
            k=k + 1, a=write(ours.gradients[0]), before=write(other.before[0]),
            new=_factor(write(other.gradients[0] - other.before[0])), b=write(other.gradients[0]),
        )  # fmt: skip
    (w, _b), (v, _c) = ours.after(rate), other.after(rate)
    return _(
        "Step {k}, opt.step(): w = {w0} − {rate}·{a} = {w}; below {v0} − {rate}·{b} = {v}.",
        k=k + 1, rate=write(rate), w0=write(float(ours.w.data)), w=write(w),
        a=_factor(write(ours.gradients[0])),
        v0=write(float(other.w.data)), b=_factor(write(other.gradients[0])), v=write(v),
    )  # fmt: skip
