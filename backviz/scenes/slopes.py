"""The derivative as a slope: a point travels along a curve and carries its tangent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.value import Value, tensor
from backviz.language import N_, _
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.words import Words

Curve = Literal["parabola", "cubic", "sine", "tanh", "sigmoid"]
FLAT, ROUNDING = 0.05, 1e-12  # of the steepest slope
ENDS = {N_("parabola"): 2.0, N_("cubic"): 2.0, N_("sine"): 6.3, "tanh": 4.0, "sigmoid": 6.0}


HEIGHTS: dict[str, Callable[[Value], Value]] = {
    "parabola": lambda x: x**2,
    "cubic": lambda x: x**3 - x,
    "sine": lambda x: x.sin(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
}


def _measured(curve: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The heights at x (n,) and the derivatives there, by a backward pass."""
    inputs = tensor(x)
    heights = HEIGHTS[curve](inputs)
    heights.sum().backward()
    return np.asarray(heights.data), np.asarray(inputs.grad)


def _between(data: Mapping[str, np.ndarray]) -> np.ndarray:
    """The slopes of the chords of a parabola from frame to frame: exact in the middle."""
    x, y = data["curve.here.x"][:, 0], data["curve.here.y"][:, 0]
    return np.asarray((y[2:] - y[:-2]) / (x[2:] - x[:-2]))


@scene(
    Claim(
        "the tangent has the slope that the curve has between its neighbours",
        lambda d: (float(np.abs(_between(d) - d["derivative.now.y"][1:-1, 0]).max()), 1e-9),
    )
)
def tangent(curve: Curve = "parabola", frames: Annotated[int, Within(2, 300)] = 60) -> Film:
    """A point travels along a curve: the slope of its tangent is the derivative.

    Left the curve with the tangent at the point; right the derivative as it is drawn from
    slope to slope. Where the tangent lies flat, the derivative passes through 0.

    Options:
    curve: the function that is differentiated
    frames: how many places the point visits
    """
    end = ENDS[curve]
    x = np.linspace(-end, end, 241)
    y, slope = _measured(curve, x)
    at = np.linspace(-end, end, frames)
    heights, slopes = _measured(curve, at)
    steepest = float(np.abs(slope).max())
    arm = np.array((-0.25, 0.25)) * end
    x_axis = Axis("x", -1.05 * end, 1.05 * end)
    panels = (
        Panel(
            "curve", x_axis, Axis("f(x)", *span(y, pad=0.15)),
            title=Words("f(x): {curve}", curve=Words(curve)),
            static=(Line("f", x, y, color="forward"),),
        ),
        Panel(
            "derivative", x_axis, Axis("f′(x)", *span(slope, pad=0.15)), title=N_("its derivative"),
            place=(0, 1, 1, 1), static=(Rule("zero", 0.0, label=N_("flat")),),
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(frames):
            here = at[k : k + 1]
            tip = heights[k : k + 1]
            touching = Line("tangent", here + arm, tip + slopes[k] * arm, color="gradient")
            so_far = Line("slope", at[: k + 1], slopes[: k + 1], color="gradient")
            yield Frame(
                _(_means(slopes[k], steepest), x=write(at[k]), slope=write(slopes[k])),
                {
                    "curve": (
                        touching,
                        Points("here", here, tip, color="forward", marker="circle"),
                    ),
                    "derivative": (
                        so_far,
                        Points("now", here, slopes[k : k + 1], color="gradient", marker="circle"),
                    ),
                },
            )

    return Film(
        Words("The derivative is the slope of the tangent ({curve})", curve=Words(curve)),
        panels,
        moments,
        frames,
        stills=tuple(sorted({round(q * (frames - 1)) for q in (0, 0.25, 0.5, 0.75, 1)})),
        alt=Words(
            "A point moves along a curve ({curve}) with its tangent; beside it the slope is "
            "plotted.",
            curve=Words(curve),
        ),
    )


def _means(slope: float, steepest: float) -> str:
    """What is said of a slope; one that is small beside the steepest is not called 0."""
    if abs(slope) < ROUNDING * steepest:
        return N_(
            "At x = {x} the tangent has slope {slope}: the derivative is 0, the curve is flat."
        )
    if abs(slope) < FLAT * steepest:
        if slope > 0:
            return N_("At x = {x} the tangent has slope {slope}: the derivative is positive but "
                      "small, the curve is nearly flat.")  # fmt: skip
        return N_("At x = {x} the tangent has slope {slope}: the derivative is negative but small, "
                  "the curve is nearly flat.")  # fmt: skip
    if slope > 0:
        return N_("At x = {x} the tangent has slope {slope}: the derivative is positive, the curve "
                  "rises.")  # fmt: skip
    return N_("At x = {x} the tangent has slope {slope}: the derivative is negative, the curve "
              "falls.")  # fmt: skip
