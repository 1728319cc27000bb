"""The penalties L1 and L2: a diamond and a disc that hold the weights, and where they are held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Artist, Band, Line, Path, Points
from backviz.scenes.layers import grown, key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, own_data
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.scaled_inputs import two_weights
from backviz.scenes.surface_panels import map_panel

SWEEPS = 400  # of coordinate descent
KINDS = "L1", "L2"


def lasso(gram: Array, cross: Array, strength: float) -> Array:
    """The w (n,) of the least ½wᵀGw − cᵀw + λ|w|₁, by coordinate descent.

    A weight is soft-thresholded at a time (Tibshirani, 1996), so that zeros are exact.

    >>> lasso(np.eye(2), np.array([3.0, -0.5]), 1.0).tolist()
    [2.0, 0.0]
    """
    w = np.zeros_like(cross)
    for _k in range(SWEEPS):
        for i in range(len(w)):
            pull = cross[i] - gram[i] @ w + gram[i, i] * w[i]
            w[i] = np.sign(pull) * max(abs(pull) - strength, 0.0) / gram[i, i] + 0.0
    return w


def ridge(gram: Array, cross: Array, strength: float) -> Array:
    """The w (n,) of the least ½wᵀGw − cᵀw + ½λwᵀw.

    >>> ridge(np.eye(2), np.array([3.0, -0.5]), 1.0).tolist()
    [1.5, -0.25]
    """
    return np.asarray(np.linalg.solve(gram + strength * np.eye(len(cross)), cross))


@scene(
    Claim(
        "L1 makes the small weight exactly 0 while the large one stays; L2 makes neither 0",
        lambda d: (
            float(np.nanmin(np.abs(d["L1.here.x"]))) + 1e-6,
            float(np.nanmin(np.abs(d["L2.here.x"]))) * bool(np.abs(d["L1.here.y"][-1, 0]) > 0.1),
        ),
    )
)
def penalties(
    small: Annotated[float, Within(-10, 10)] = 0.4,
    large: Annotated[float, Within(-10, 10)] = 1.6,
    alike: Annotated[float, Within(-0.95, 0.95)] = 0.3,
    samples: Annotated[int, Within(3, 200)] = 60,
    frames: Annotated[int, Within(2, 200)] = 61,
    data: Annotated[Data | None, own_data(2)] = said(""),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """L1 has corners, so that small weights become exactly 0; L2 is round and shrinks all of them.

    Both maps show the same squared error. The penalty that grows is a diamond or a disc that
    shrinks: the weights stand where it touches a contour line. Right both weights against λ.

    Options:
    small: the first weight that the data are made with
    large: the second one
    alike: correlation of the two inputs
    samples: how many points
    frames: how many λ are tried, from 0 on
    data: your own samples of two inputs: a csv with columns x₁,x₂,y, an npz, or file.py:name; all
      columns are centred and divided by their standard deviation
    seed: of the points
    """
    draw = np.random.default_rng(seed)
    if data is not None:
        samples = len(data.y)
    x = draw.standard_normal((samples, 2)) @ np.linalg.cholesky([[1, alike], [alike, 1]]).T
    y = x @ (small, large) + 0.3 * draw.standard_normal(samples)
    if data is not None:
        x, y = (
            (part - part.mean(axis=0)) / np.where(part.std(axis=0) > 0, part.std(axis=0), 1.0)
            for part in (data.x, data.y)
        )
    gram, cross = x.T @ x / samples, x.T @ y / samples
    strengths = np.linspace(0.0, 0.85 * float(np.abs(cross).max()), frames)
    ways = {
        kind: np.array([solve(gram, cross, float(s)) for s in strengths])
        for kind, solve in zip(KINDS, (lasso, ridge), strict=True)
    }
    land = two_weights(x, y)
    curves = {
        f"{kind} {i + 1}": (f"{kind}: {'w₁' if i == 0 else 'w₂'}", ways[kind][:, i])
        for kind in KINDS for i in range(2)
    }  # fmt: skip
    panels = (
        *(
            Panel(
                kind, Axis("w₁", *land.x), Axis("w₂", *land.y), place=(0, i, 1, 1), equal=True,
                title=(N_("L1: |w₁| + |w₂|"), N_("L2: w₁² + w₂²"))[i],
                static=map_panel(land).static,
            )
            for i, kind in enumerate(KINDS)
        ),
        Panel(
            "weights", Axis("λ", 0.0, float(strengths[-1]) * 1.03),
            Axis("", *span(*ways.values(), [0.0])), title=N_("weights against λ"),
            place=(0, 2, 1, 1), legend="below",
            static=(Line("zero", [0.0, strengths[-1]], [0.0, 0.0], color="muted", dash="dotted"),),
        ),
    )  # fmt: skip
    gone = np.flatnonzero((ways["L1"] == 0).any(axis=1))
    first = float(strengths[gone[0]]) if gone.size else np.inf

    def moments() -> Iterator[Frame]:
        for k, strength in enumerate(strengths):
            shown = {name: (float(w[k, 0]), float(w[k, 1])) for name, w in ways.items()}
            told = [f"({write(a)}, {write(b)})" for a, b in shown.values()]
            sentence = (
                _("λ = {x}: L1 holds w at {one}, L2 at {two}; under L1 a weight has been exactly 0 "
                  "since λ = {first}.", x=write(strength), one=told[0], two=told[1],
                  first=write(first))
                if strength >= first
                else _("λ = {x}: L1 holds w at {one}, L2 at {two}; no weight is 0 so far.",
                       x=write(strength), one=told[0], two=told[1])
            )  # fmt: skip
            yield Frame(
                sentence,
                {
                    **{kind: _held(kind, ways[kind][: k + 1]) for kind in KINDS},
                    "weights": grown(strengths, curves, k),
                },
                pause=0.0 if k else 1.5,
            )

    return Film(
        N_("L1 has corners, L2 is round"), panels, moments, frames, key_frames(frames),
        alt=N_("Contour lines of a squared error over two weights with a shrinking diamond, "
               "and with a shrinking disc; right the weights under both penalties against "
               "their strength."),
    )  # fmt: skip


def _held(kind: str, way: Array) -> tuple[Artist, ...]:
    """The region that the weights are held in, the way of the solution, and where it is now."""
    w = way[-1]
    reach = float(np.abs(w).sum()) if kind == "L1" else float(np.hypot(*w))
    x = np.linspace(-reach, reach, 121)
    top = reach - np.abs(x) if kind == "L1" else np.sqrt(np.maximum(reach**2 - x**2, 0.0))
    around = np.concatenate([x, x[::-1]]), np.concatenate([top, -top[::-1]])
    return (
        Band("region", x, -top, top, color="gradient", strength=0.3),
        Line("edge", *around, color="gradient", dash="solid"),
        Path("way", way[:, 0], way[:, 1], color="ink", width=3.0),
        Points("here", w[:1], w[1:], color="ink", size=12.0),
    )
