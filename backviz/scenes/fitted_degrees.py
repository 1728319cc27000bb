"""Too simple, right, too flexible: polynomials of rising degree, on points they know and others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.polynomial import Legendre

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.layers import grown, key_frames, whole_ticks
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, own_data
from backviz.scenes.registry import Claim, Within, said, scene

OTHERS, CURVE = 200, 201  # validation points that are made, points of a curve
NEAR = 1.25  # times the lowest loss


@scene(
    Claim(
        "a line and the highest degree both have half again the validation loss of the best one",
        lambda d: (
            1.5 * float(np.nanmin(d["loss.validation.y"][-1])),
            float(min(d["loss.validation.y"][-1, 0], d["loss.validation.y"][-1, -1])),
        ),
    )
)
def capacity(
    samples: Annotated[int, Within(3, 200)] = 15,
    noise: Annotated[float, Within(0, 10)] = 0.25,
    most: Annotated[int, Within(1, 30)] = 12,
    data: Annotated[Data | None, own_data(1)] = said(""),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Under- and overfitting: with the degree the training loss falls, the validation loss turns.

    Left the points, and the polynomial of least squares through them; right its mean squared error
    on these points and on others. On the left of the dashed line a polynomial is too simple,
    and both losses are high; on the right of it the noise is learned, and they part.

    Options:
    samples: points that are fitted
    noise: their standard deviation from a wave
    most: the highest degree
    data: your own points: a csv with columns x,y, an npz, or file.py:name; those that are not
      fitted validate
    seed: of the points
    """
    draw = np.random.default_rng(seed)
    x, y, u, v = _parted(draw, data, samples) if data else _made(draw, samples, noise)
    low, high = float(min(x.min(), u.min())), float(max(x.max(), u.max()))
    degrees = np.arange(1, max(1, min(most, len(x) - 1)) + 1)
    fits = [quietly(Legendre.fit, x, y, int(n), domain=[low, high]) for n in degrees]
    at = np.linspace(low, high, CURVE)
    losses = {
        key: np.array([max(float(np.mean((fit(a) - b) ** 2)), 1e-12) for fit in fits])
        for key, (a, b) in {"training": (x, y), "validation": (u, v)}.items()
    }
    best = int(losses["validation"].argmin())
    labels = {"training": N_("training"), "validation": N_("validation")}
    ends = span(y, v, pad=0.25)
    highest = 30 * float(losses["validation"].min())
    shown = {key: np.minimum(loss, 10 * highest) for key, loss in losses.items()}
    panels = (
        Panel(
            "data", Axis("x", *span(at, pad=0.025)), Axis("y", *ends),
            title=N_("points and polynomial"),
            static=(
                Points("others", u, v, color="muted", marker="circle", size=4.0),
                Points("points", x, y, color="ink", marker="circle"),
            ),
        ),
        Panel(
            "loss", Axis(N_("degree"), 0.7, degrees[-1] + 0.3,
                         ticks=whole_ticks(1, max(2, int(degrees[-1])))),
            Axis("", *span(*shown.values(), log=True), log=True), title=N_("mean squared error"),
            place=(0, 1, 1, 1), legend="below",
            static=(Rule("best", float(degrees[best]), axis="x"),),
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k, n in enumerate(degrees):
            told = {"n": int(n), "loss": write(float(losses["training"][k])),
                    "other": write(float(losses["validation"][k]))}  # fmt: skip
            if losses["validation"][k] < NEAR * losses["validation"][best]:
                sentence = _("Degree {n}: training loss {loss}, validation loss {other}, at the "
                             "lowest or near it.", **told)  # fmt: skip
            elif k < best:
                sentence = _("Degree {n}: training loss {loss}, validation loss {other}; too "
                             "simple, both can fall.", **told)  # fmt: skip
            else:
                sentence = _("Degree {n}: training loss {loss}, validation loss {other}; too "
                             "flexible, the noise is learned.", **told)  # fmt: skip
            yield Frame(
                sentence,
                {
                    "data": (Line("curve", at, _seen(fits[k](at), ends), color="forward",
                                  width=3.5),),
                    "loss": grown(degrees, {key: (labels[key], loss) for key, loss in
                                            shown.items()}, k),
                },
                pause=1.5 if k in (0, best) else 0.0,
            )  # fmt: skip

    return Film(
        N_("Too simple, right, too flexible"), panels, frames, len(degrees),
        key_frames(len(degrees)), fps=2.0,
        alt=N_(
            "Left points with the polynomial of least squares; right training and validation loss "
            "against its degree, with a line at the lowest validation loss."
        ),
    )  # fmt: skip


def _made(draw: np.random.Generator, n: int, noise: float) -> tuple[Array, Array, Array, Array]:
    """Points of a wave that are fitted, and others."""
    x = np.linspace(-1.0, 1.0, n)  # no polynomial has to guess beyond its points or in a gap
    x[1:-1] += draw.uniform(-0.4, 0.4, n - 2) * 2 / (n - 1)
    u = np.sort(draw.uniform(-1.0, 1.0, OTHERS))
    wave = [np.sin(np.pi * each) + noise * draw.standard_normal(len(each)) for each in (x, u)]
    return x, wave[0], u, wave[1]


def _parted(
    draw: np.random.Generator, data: Data, samples: int
) -> tuple[Array, Array, Array, Array]:
    """A person's points: so many that are fitted, two thirds at most, and the others."""
    order = draw.permutation(len(data.y))
    many = max(2, min(samples, 2 * len(order) // 3))
    one, two = np.sort(order[:many]), np.sort(order[many:])
    return data.column[one], data.y[one], data.column[two], data.y[two]


def _seen(curve: Array, ends: tuple[float, float]) -> Array:
    """The curve as far as a panel can hold it: a little beyond its ends."""
    reach = ends[1] - ends[0]
    return np.asarray(np.clip(curve, ends[0] - reach, ends[1] + reach))
