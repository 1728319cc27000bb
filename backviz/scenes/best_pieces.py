"""Maxout: the largest of k lines; only the line that wins gets the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.value import tensor
from backviz.language import N_, _
from backviz.optim import SGD
from backviz.scenes.artist import Array
from backviz.scenes.artists import Bars, Line, Points
from backviz.scenes.layers import head, key_frames, theory_line
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.surface_panels import moments_of

SAMPLES, MOST = 81, 8  # of the inputs from −1 to 1, and pieces
Target = Literal["parabola", "absolute", "exponential"]
TARGETS: dict[Target, Callable[[Array], Array]] = {
    "parabola": lambda x: x**2,
    "absolute": np.abs,
    "exponential": lambda x: np.exp(2 * x) / 4,
}


def fitted(
    y: Array, pieces: int, rate: float, steps: int, seed: int
) -> list[tuple[Array, Array, float]]:
    """Slopes and cuts (k,) and the loss at every step of a training."""
    x = np.linspace(-1.0, 1.0, len(y))
    draw = np.random.default_rng((seed, pieces))
    touch = np.linspace(-1, 1, 2 * pieces + 1)[1::2]  # tangents of ½x²: each wins somewhere
    w = tensor(touch + 0.05 * draw.standard_normal(pieces))
    b = tensor(-0.5 * touch**2 + 0.02 * draw.standard_normal(pieces))
    descent, rows = SGD([w, b], lr=rate), []
    for step in range(steps + 1):
        if step > steps / 2:  # smaller steps at the end, so that the pieces come to rest
            descent.lr = rate * max(2 * (1 - step / steps), 0.02)
        lines = x[:, None] * w + b
        loss = ((lines.max(axis=1) - y) ** 2).mean()
        descent.zero_grad()
        loss.backward()
        rows.append((np.array(w.data), np.array(b.data), loss.item()))
        descent.step()
    return rows


def routed(x: Array, w: Array, b: Array) -> Array:
    """How much of each sample's gradient goes to each line (n, k), by a backward pass of max.

    >>> routed(np.array([-1.0, 2.0]), np.array([-1.0, 1.0]), np.zeros(2))
    array([[1., 0.],
           [0., 1.]])
    """
    lines = tensor(x[:, None] * w + b)
    lines.max(axis=1).sum().backward()
    return np.asarray(lines.grad)


def best_error(pieces: Array) -> Array:
    """The least mean square with which k lines fit x² on [−1, 1]: h⁴/180 of pieces h = 2/k.

    >>> best_error(np.array([1.0, 2.0])).round(5)
    array([0.08889, 0.00556])
    """
    return (2 / pieces) ** 4 / 180


@scene(
    Claim(
        "with all its pieces the error is below a hundredth of that of one line",
        lambda d: (100 * d["error.error.y"][-1, -1], d["error.error.y"][-1, 0]),
    )
)
def maxout(
    target: Target = "parabola",
    pieces: Annotated[int, Within(1, MOST)] = 4,
    rate: Annotated[float, Within(1e-5, 2)] = 1.0,
    steps: Annotated[int, Within(1, 2000)] = 300,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Maxout is the largest of k lines: where one wins it alone gets the gradient.

    Left the lines, thick where each of them is the largest, and the function that they learn. In
    the middle what part of the gradients each line gets: first those of one sample, the point,
    then those of all in training; a line that wins nowhere gets none and stays as it is. Right
    what more pieces bring: every convex function can be fitted as well as one likes (Goodfellow
    et al., 2013), and x² with an error that falls like 1/k⁴.

    Options:
    target: the convex function that is learned
    pieces: lines of the unit
    rate: of gradient descent
    steps: of training
    seed: of the first lines
    """
    x = np.linspace(-1.0, 1.0, SAMPLES)
    y = np.asarray(TARGETS[target](x))
    runs = {k: fitted(y, k, rate, steps, seed) for k in range(1, pieces + 1)}
    rows = runs[pieces]
    counts = np.arange(1.0, pieces + 1)
    errors = np.array([run[-1][2] for run in runs.values()])
    theory = best_error(counts)
    visits = np.linspace(0, SAMPLES - 1, 24).round().astype(int)
    routes = [routed(x, row[0], row[1]) for row in rows]
    edges = np.arange(pieces + 1) + 0.5
    ticks = tuple(float(k) for k in counts)
    is_square = target == "parabola"
    panels = (
        Panel(
            "lines", Axis("x", -1.05, 1.05), Axis("y", *span(y, [-0.3])),
            title=N_("the largest of the lines"),
            static=(Line("target", x, y, color="muted", dash="dotted", width=6.0),),
        ),
        Panel(
            "share", Axis(N_("line"), 0.3, pieces + 0.7, ticks=ticks),
            Axis("", 0.0, 1.05), title=N_("share of the gradients"),
            place=(0, 1, 1, 1),
        ),
        Panel(
            "error", Axis(N_("pieces k"), 0.7, pieces + 0.3, ticks=ticks),
            Axis("", *span(errors, *([theory] if is_square else []), log=True), log=True),
            title=N_("error with k pieces"), place=(0, 2, 1, 1), legend="below",
            static=(theory_line(counts, theory, "16/(180·k⁴)"),) if is_square else (),
        ),
    )  # fmt: skip
    training = moments_of(steps, 60)
    places = [
        *((0, int(i), 0) for i in visits), *((k, -1, 0) for k in training),
        *((steps, -1, many) for many in range(1, pieces + 1)),
    ]  # fmt: skip

    def frames() -> Iterator[Frame]:
        for n, (k, i, many) in enumerate(places):
            w, b, loss = rows[k]
            share = routes[k][i] if i >= 0 else routes[k].mean(axis=0)
            heights = x[:, None] * w + b
            wins = heights.argmax(axis=1)
            line = Line("error", counts[:many], errors[:many], N_("measured"), 0, marked=True)
            here = slice(i, i + 1) if i >= 0 else slice(0)
            yield Frame(
                _told(k, i, many, share, loss, errors),
                {
                    "lines": (
                        *(
                            Line(f"line {j + 1}", x, heights[:, j], color=j, width=1.2)
                            for j in range(pieces)
                        ),
                        *(
                            Line(f"wins {j + 1}", x, np.where(wins == j, heights[:, j], np.nan),
                                 color=j, dash="solid", width=5.0)
                            for j in range(pieces)
                        ),
                        Points("here", x[here], heights.max(axis=1)[here], color="ink",
                               marker="circle", size=14.0),
                    ),
                    "share": (Bars("shares", edges, share, color="gradient"),),
                    "error": (line, *([head(line, -1)] if many else [])),
                },
                pause=1.5 if n in (0, len(visits)) or many == 1 else 0.0,
            )  # fmt: skip

    return Film(
        N_("Maxout: the line that wins gets the gradient"), panels, frames, len(places),
        key_frames(len(places)), columns=(1.4, 1.0, 1.0),
        alt=N_("Left straight lines under a convex curve, thick where each is the largest; "
               "in the middle their shares of the gradients as bars; right the error against "
               "their number."),
    )  # fmt: skip


def _told(k: int, i: int, many: int, share: Array, loss: float, errors: Array) -> str:
    """What is to be seen: the training, who wins at the point, or what more pieces bring."""
    if many:
        return _("With pieces: {k}, the mean square is {error}; each more brings the line nearer.",
                 k=many, error=write(errors[many - 1]))  # fmt: skip
    if i >= 0:
        x = write(-1 + 2 * i / (SAMPLES - 1), 2)
        return _("At x = {x} line {j} is the largest: it alone gets the gradient of this sample.",
                 x=x, j=int(share.argmax()) + 1)  # fmt: skip
    idle = np.flatnonzero(share == 0) + 1
    if len(idle):
        return _("Step {k}: loss {loss}; nowhere the largest, so without gradient: {idle}.", k=k,
                 loss=write(loss), idle=", ".join(map(str, idle.tolist())))  # fmt: skip
    return _("Step {k}: loss {loss}; every line is the largest somewhere and has a gradient.",
             k=k, loss=write(loss))  # fmt: skip
