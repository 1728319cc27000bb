"""Softmax with cross-entropy as bars: scores, probabilities, and the gradient p − y."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.autodiff.value import tensor
from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Bars, Rule
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Kind, Within, said, scene
from backviz.scenes.surface_text import numbers_in

LEAST, MOST = 2, 8  # classes


def _scores(option: str, text: str) -> tuple[float, ...]:
    many = text.count(",") + 1
    if not LEAST <= many <= MOST:
        raise UsageError(
            _("{option} has {n} numbers; give {least} to {most} with commas", option=option, n=many,
              least=LEAST, most=MOST)
        )  # fmt: skip
    return numbers_in(text, option, ",".join(str(k) for k in range(many)))


Scores = Annotated[tuple[float, ...], Kind("scores", "X,X,…", _scores)]


def measured(z: Array, target: int) -> tuple[Array, Array, float]:
    """Probabilities, gradient and loss of scores z (n,), the gradient by a backward pass.

    >>> p, gradient, loss = measured(np.array([0.0, 0.0]), 1)
    >>> p, gradient, round(loss, 3)
    (array([0.5, 0.5]), array([ 0.5, -0.5]), 0.693)
    """
    scores = tensor(z)
    loss = OPS["cross_entropy"](scores, target)
    loss.backward()
    return np.asarray(OPS["softmax"](z)), np.asarray(scores.grad), loss.item()


@scene(
    Claim(
        "while the scores move against p − y its longest bar shrinks to a tenth",
        lambda d: (
            10 * np.abs(d["gradient.p − y.heights"][-1]).max(),
            np.abs(d["gradient.p − y.heights"][0]).max(),
        ),
    )
)
def softmax_bars(
    scores: Scores = said("2,0.5,-1,0"),
    target: Annotated[int, Within(1, MOST)] = 2,
    rate: Annotated[float, Within(1e-6, 100)] = 0.5,
    steps: Annotated[int, Within(1, 300)] = 60,
) -> Film:
    """Scores, their softmax, and the gradient of the cross-entropy: p − y, a bar for each class.

    Gradient descent moves the scores themselves. What is too likely is pushed down by exactly its
    probability, the true class is pulled up by what is missing to 1; the bars of the gradient
    sum to 0 and shrink as p comes near to y, the outline.

    Options:
    scores: z at the start, one number for each class
    target: the true class, counted from 1
    rate: of gradient descent on the scores
    steps: of the descent
    """
    n = len(scores)
    if target > n:
        raise UsageError(
            _("target {target} is none of the {n} classes; use 1 to {n}", target=target, n=n)
        )
    z, rows = np.array(scores), []
    for _step in range(steps + 1):
        p, gradient, loss = measured(z, target - 1)
        rows.append((z.copy(), p, gradient, loss))
        z = z - rate * gradient
    edges, y = np.arange(n + 1) + 0.5, np.eye(n)[target - 1]
    ticks = tuple(float(i + 1) for i in range(n))
    names = tuple(str(i + 1) for i in range(n))
    zs = np.array([row[0] for row in rows])
    panels = tuple(
        Panel(
            key, Axis(N_("class"), 0.3, n + 0.7, ticks=ticks, names=names), Axis("", *ends),
            title=title, place=(0, i, 1, 1),
            static=(
                Rule("zero", 0.0, dash="solid"),
                *((Bars("y", edges, y, color="ink", filled=False),) if key == "share" else ()),
            ),
        )
        for i, (key, title, ends) in enumerate((
            ("score", N_("scores z"), span(zs, [0.0])),
            ("share", N_("p = softmax(z); outline: y"), (-0.03, 1.08)),
            ("gradient", "∂L/∂z = p − y", (-1.08, 1.08)),
        ))
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k, (z, p, gradient, loss) in enumerate(rows):
            yield Frame(
                _("Step {k}: the true class {target} has p = {p}, so the loss −ln p is {loss}; its "
                  "gradient is p − 1 = {slope}.", k=k, target=target, p=write(p[target - 1]),
                  loss=write(loss), slope=write(gradient[target - 1])),
                {
                    "score": (Bars("z", edges, z, color="forward"),),
                    "share": (Bars("p", edges, p, color="forward"),),
                    "gradient": (Bars("p − y", edges, gradient, color="gradient"),),
                },
                pause=0.0 if k else 2.0,
            )  # fmt: skip

    return Film(
        N_("Softmax with cross-entropy: the gradient is p − y"), panels, moments, steps + 1,
        key_frames(steps + 1),
        alt=N_("Three bar charts, a bar for each class: the scores, their softmax with the "
               "true class as an outline, and the gradient of the loss."),
    )  # fmt: skip
