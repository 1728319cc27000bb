"""Moving averages of a noisy series: cumulative, simple, exponential."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Key, Line, Points, Rule
from backviz.scenes.layers import key_frames, positive, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.stable_rates import half_life
from backviz.scenes.surface_legend import COLUMNS, CURVES, MAP, key_panel
from backviz.scenes.surface_panels import moments_of, write
from backviz.words import Words


def weights_of(kind: str, t: int, window: int, beta: float) -> Array:
    """What share each of the numbers 0 … t has in the average at t; they sum to 1.

    `kind` is "cumulative", "simple" (over the last `window`), "exponential" (as Adam corrects
    it, divided by 1 − βᵗ⁺¹) or "uncorrected", which begins at 0 and sums to 1 − βᵗ⁺¹.

    >>> weights_of("simple", 3, 2, 0.9), weights_of("exponential", 1, 2, 0.5).round(3)
    (array([0. , 0. , 0.5, 0.5]), array([0.333, 0.667]))
    """
    ages = np.arange(t, -1.0, -1.0)
    if kind == "cumulative":
        return np.full(t + 1, 1 / (t + 1))
    if kind == "simple":
        return np.asarray((ages < window) / min(window, t + 1))
    shares = (1 - beta) * beta**ages
    return shares if kind == "uncorrected" else shares / (1 - beta ** (t + 1))


KINDS = N_("cumulative"), N_("simple"), N_("exponential"), N_("uncorrected")


@scene(
    Claim(
        "after the jump the exponential average is nearer to the new level than the cumulative",
        lambda d: (
            3 * abs(d["series.exponential.y"][-1, -1] - 3.0),
            abs(d["series.cumulative.y"][-1, -1] - 3.0) + 0.5,
        ),
    )
)
def averages(
    steps: Annotated[int, Within(2, 1000)] = 100,
    window: Annotated[int, Within(1, 1000)] = 20,
    beta: Annotated[float, Within(0, 0.9999)] = 0.9,
    noise: Annotated[float, Within(0, 100)] = 0.5,
    jump: Annotated[float, Within(-100, 100)] = 2.0,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Three ways to average a noisy series, and what each remembers of the past.

    Left the series, which jumps in the middle, and its averages; right the share that every
    earlier number has in the average of this moment. The cumulative average never forgets,
    the simple one forgets all at once, the exponential one half in ln ½ / ln β steps: on the
    logarithmic axis a straight line. Without the correction 1/(1 − βᵗ) its shares sum to less
    than 1 at first, and it begins near 0.

    Options:
    steps: length of the series
    window: numbers in the simple average
    beta: of the exponential average
    noise: standard deviation around the level
    jump: how far the level jumps in the middle
    seed: of the noise
    """
    level = 1.0 + np.where(np.arange(steps) < steps // 2, 0.0, jump)
    series = level + noise * np.random.default_rng(seed).standard_normal(steps)
    shares = {kind: [weights_of(kind, t, window, beta) for t in range(steps)] for kind in KINDS}
    means = {
        kind: np.array([series[: t + 1] @ rows[t] for t in range(steps)])
        for kind, rows in shares.items()
    }
    x = np.arange(float(steps))
    half = half_life(beta)
    names = {
        "cumulative": N_("cumulative"), "simple": Words("simple, last {n}", n=window),
        "exponential": Words("exponential, β = {beta:.10g}", beta=beta),
        "uncorrected": N_("exponential, uncorrected"),
    }  # fmt: skip
    key = Key(
        "legend", list(names.values()),
        [N_("Dots: the series. Upright dashes: one half-life ago.")], marked=False,
    )  # fmt: skip
    panels = (
        Panel("series", step_axis(steps), Axis(N_("value"), *span(series, [0.0], *means.values())),
              title=N_("series and averages"), place=MAP),
        Panel("shares", step_axis(steps), Axis("", 0.3 / steps, 1.5, log=True),
              title=N_("share in the average now"), place=CURVES),
        key_panel(key),
    )  # fmt: skip
    moments = moments_of(steps - 1)

    def frames() -> Iterator[Frame]:
        for t in moments:
            seen = slice(t + 1)
            lines = [
                Line(kind, x[seen], means[kind][seen], color=i) for i, kind in enumerate(KINDS)
            ]
            now = [
                Line(kind, x[seen], positive(shares[kind][t]), color=i)
                for i, kind in enumerate(KINDS)
            ]
            yield Frame(
                _("Step {k}, level {level}: {averages}. The exponential one forgets half in {half} "
                  "steps.", k=t, level=write(level[t]), half=write(half),
                  averages=", ".join(f"{_(kind)} {write(means[kind][t])}" for kind in KINDS[:3])),
                {
                    "series": (
                        Points("series", x[seen], series[seen], color="muted", size=5.0,
                               marker="circle"),
                        *lines,
                    ),
                    "shares": (*now, Rule("half", t - half, axis="x")),
                },
            )  # fmt: skip

    return Film(
        Words(
            "Averages of a noisy series: half-life {half} steps at β = {beta:.10g}",
            half=write(half),
            beta=beta,
        ),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=N_(
            "A noisy series that jumps, with its cumulative, simple and exponential averages; "
            "beside it the share that each past number has in them."
        ),
        columns=COLUMNS,
    )
