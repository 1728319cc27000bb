"""PReLU: the slope below 0 is a weight too, with a gradient of its own, and is learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import numpy as np

from backviz.autodiff.value import tensor
from backviz.language import N_, _
from backviz.nn import PReLU
from backviz.ops import OPS
from backviz.optim import SGD
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rug, Rule
from backviz.scenes.layers import head, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, own_data
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import moments_of

END = 2.0  # of the inputs, to both sides
KINK, RIGHT = 0.4, 1.2  # of the function that the points are made around


@scene(
    Claim(
        "with a learned slope the loss ends below a fifth of that with ReLU",
        lambda d: (5 * _error(d, "prelu"), _error(d, "relu")),
    )
)
def prelu_slope(
    left: Annotated[float, Within(-2, 2)] = -0.6,
    begin: Annotated[float, Within(-2, 2)] = 0.25,
    samples: Annotated[int, Within(4, 200)] = 40,
    noise: Annotated[float, Within(0, 10)] = 0.1,
    data: Annotated[Data | None, own_data(1)] = said(""),
    rate: Annotated[float, Within(1e-6, 10)] = 0.1,
    steps: Annotated[int, Within(1, 2000)] = 120,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """PReLU learns its slope a below 0: every input below 0 pulls at it, those above do not.

    One unit, v·PReLU(wx + b) + c, is fitted to points with a kink; a ReLU, whose a stays 0, beside
    it. Left the points and both; in the middle PReLU itself with its inputs as ticks: the
    gradient ∂L/∂a is the sum of upstream times z over the ticks below 0. Right a and its
    gradient, which goes to 0 when a is right.

    Options:
    left: slope of the points on the left side of the kink; on the right it is 1.2
    begin: a at the start
    samples: how many points there are
    noise: their standard deviation
    data: your own points, scaled: a csv with columns x,y, an npz, or file.py:name
    rate: of gradient descent, for all weights
    steps: of training
    seed: of the points
    """
    draw = np.random.default_rng(seed)
    x = np.sort(draw.uniform(-END, END, samples))
    y = np.where(x > KINK, RIGHT, left) * (x - KINK) + noise * draw.standard_normal(samples)
    if data is not None:
        order = np.argsort(data.column)
        x, y, samples = END * data.inner(data.x)[order, 0], data.standard()[order], len(order)
    learned, fixed = (_fitted(x, y, slope, rate, steps) for slope in (begin, None))
    at = np.linspace(-END, END, 161)
    shown_x, shown_y = _outer(data)
    a, pull = (np.array([row[key] for row in learned]) for key in ("a", "pull"))
    losses, others = ([row["loss"] for row in rows] for rows in (learned, fixed))
    z = np.array([row["z"] for row in learned])
    zs = np.linspace(*span(z, [-1.0, 1.0]), 161)
    phi = np.where(zs[None] > 0, zs[None], a[:, None] * zs[None])
    panels = (
        Panel(
            "data", Axis("x", *span(shown_x(at), pad=0.025)), Axis("y", *span(shown_y(y))),
            title=N_("points and fits"), legend="below",
            static=(Points("points", shown_x(x), shown_y(y), color="ink", marker="circle",
                           size=6.0),),
        ),
        Panel(
            "unit", Axis("z", zs[0], zs[-1]), Axis("", *span(phi)), title="PReLU(z)",
            place=(0, 1, 1, 1), static=(Rule("zero", 0.0, axis="x"),),
        ),
        Panel(
            "slope", step_axis(steps + 1), Axis("", *span(a, pull, [0.0])),
            title=N_("a and its gradient"), place=(0, 2, 1, 1), legend="below",
            static=(Rule("none", 0.0),),
        ),
    )  # fmt: skip
    moments, so_far = moments_of(steps), np.arange(steps + 1.0)

    def frames() -> Iterator[Frame]:
        for k in moments:
            below = int(np.sum(z[k] < 0))
            curves = (
                Line("a", so_far[: k + 1], a[: k + 1], "a", "forward", width=3.0),
                Line("pull", so_far[: k + 1], pull[: k + 1], "∂L/∂a", "gradient", "dashed",
                     width=3.0),
            )  # fmt: skip
            yield Frame(
                _("Step {k}: a = {a}; {below} of {n} inputs are below 0, together they give "
                  "∂L/∂a = {pull}. Loss {first}, with ReLU {second}.",
                  k=k, a=write(a[k]), below=below, n=samples, pull=write(pull[k], 2),
                  first=write(losses[k]), second=write(others[k])),
                {
                    "data": tuple(
                        Line(name, shown_x(at), shown_y(_said(rows[k], at)), label, i, width=3.5)
                        for i, (name, label, rows) in enumerate(
                            (("prelu", "PReLU", learned), ("relu", "ReLU", fixed))
                        )
                    ),
                    "unit": (
                        Line("phi", zs, phi[k], color="forward", width=3.5),
                        Rug("below", np.where(z[k] < 0, z[k], np.nan), color="gradient"),
                        Rug("above", np.where(z[k] < 0, np.nan, z[k]), color="muted"),
                    ),
                    "slope": (*curves, *(head(curve, -1) for curve in curves)),
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("PReLU: the slope below 0 is learned"), panels, frames, len(moments),
        key_frames(len(moments)), columns=(1.15, 1.0, 1.0),
        alt=N_("Points with a kink and the fits of a PReLU and a ReLU; the PReLU with its "
               "inputs as ticks; its slope and the gradient of the slope against the step."),
    )  # fmt: skip


def _outer(data: Data | None) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """What makes inputs and targets of the training those of a person's own points again."""
    if data is None:
        return (lambda x: x), (lambda y: y)
    size = float(np.std(data.y)) or 1.0
    return (lambda x: np.asarray(data.outer(x / END))), (lambda y: size * y + data.y.mean())


def _fitted(
    x: Array, y: Array, slope: float | None, rate: float, steps: int
) -> list[dict[str, Any]]:
    """What a unit v·φ(wx + b) + c is at every step; φ is ReLU without a slope, else PReLU."""
    w, b, v, c = (tensor(np.array([number])) for number in (1.0, 0.0, 1.0, 0.0))
    unit = PReLU(init=slope) if slope is not None else None
    weights = [w, b, v, c, *(unit.parameters() if unit else ())]
    descent, rows = SGD(weights, lr=rate), []
    for _step in range(steps + 1):
        z = w * x + b
        loss = ((v * (unit(z) if unit else OPS["relu"](z)) + c - y) ** 2).mean()
        descent.zero_grad()
        loss.backward()
        rows.append({
            "w": w.data.item(), "b": b.data.item(), "v": v.data.item(), "c": c.data.item(),
            "loss": loss.item(),
            "a": unit.weight.data.item() if unit else 0.0,
            "pull": unit.weight.grad.item() if unit else 0.0, "z": np.array(z.data),
        })  # fmt: skip
        descent.step()
    return rows


def _said(row: dict[str, Any], x: Array) -> Array:
    """What a unit says of inputs."""
    z = row["w"] * x + row["b"]
    return np.asarray(row["v"] * np.where(z > 0, z, row["a"] * z) + row["c"])


def _error(data: Any, name: str) -> float:
    """The mean square by which the last fit misses the points."""
    fit = np.interp(data["data.points.x"], data[f"data.{name}.x"][-1], data[f"data.{name}.y"][-1])
    return float(np.mean((fit - data["data.points.y"]) ** 2))
