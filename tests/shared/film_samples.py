"""A film with every kind of artist on it, for the tests of drawing and encoding."""

import numpy as np

import backviz
from backviz.diagrams.steps import Steps
from backviz.scenes.artists import (
    Arrows,
    Band,
    Bars,
    Contours,
    Graph,
    Heat,
    Line,
    Path,
    Points,
    Rug,
    Rule,
    Surface,
    Table,
    Words,
    Zone,
)  # fmt: skip
from backviz.scenes.model import Axis, Film, Frame, Panel

COUNT = 8


def small_steps():
    a, b = backviz.Value(2.0, "a"), backviz.Value(-3.0, "b")
    out = (a * b).tanh()
    out.label = "L"
    out.backward()
    style = backviz.Style(size="slide")
    return Steps(backviz.Figure(out, style))


def every_kind(count=COUNT):
    """Six panels: curves, surface from above, histogram, map, space, table and graph."""
    rng = np.random.default_rng(3)
    steps = np.arange(1, count + 1)
    loss = np.exp(-0.4 * steps)
    grid = np.linspace(-2, 2, 41)
    bowl = 0.5 * grid[None, :] ** 2 + 2 * grid[:, None] ** 2
    way = np.stack((1.8 * 0.7 ** np.arange(count), 0.9 * (-0.6) ** np.arange(count)))
    heat = rng.normal(size=(4, count))
    panels = (
        Panel(
            "loss", Axis("step", 0, count + 1), Axis("loss", 1e-2, 2, log=True), title="curves",
            legend="upper right",
            static=(Rule("goal", 0.05, label="goal 0.05"), Zone("late", count - 2, count)),
        ),
        Panel(
            "bowl", Axis("x", -2, 2), Axis("y", -2, 2), title="surface", place=(0, 1, 1, 1),
            legend="lower left",
            static=(Contours("f", grid, grid, bowl, np.geomspace(0.05, 10, 9)),),
        ),
        Panel("bars", Axis("x", -3, 3), Axis("share", 0, 0.6), title="units", place=(0, 2, 1, 1)),
        Panel("heat", Axis("step", 0, count), Axis("layer", 0, 4), title="map", place=(1, 0, 1, 1)),
        Panel(
            "space", Axis("x", -2, 2), Axis("y", -2, 2), Axis("f", 0, 10), place=(1, 1, 1, 1),
            static=(Surface("f", grid, grid, bowl),),
        ),
        Panel("table", place=(1, 2, 1, 1), axes=False, title="table"),
    )  # fmt: skip

    def moments():
        for k in range(count):
            x, y = way[:, : k + 1]
            seen = np.where(np.arange(count) <= k, heat, np.nan)
            yield Frame(
                f"Step {k + 1}: the loss is {loss[k]:.3f}.",
                {
                    "loss": (
                        Line("a", steps[: k + 1], loss[: k + 1], label="a", color=0, marked=True),
                        Line("b", steps[: k + 1], loss[: k + 1] ** 0.5, label="b", color=1),
                        Band("band", steps[: k + 1], 0.7 * loss[: k + 1], 1.4 * loss[: k + 1]),
                    ),
                    "bowl": (
                        Path("way", x, y, label="descent", color=1),
                        Arrows("g", x[-1:], y[-1:], -0.3 * x[-1:], -0.3 * y[-1:]),
                    ),
                    "bars": (
                        Bars("h", np.linspace(-3, 3, 7), np.full(6, 0.5 / (k + 1)), color=2),
                        Rug("r", [0.5, 1.0, -2.0] if k == 0 else [0.1 * k, -1.0]),
                        Words("w", -2.8, 0.52, f"k = {k}"),
                        Points("p", [0.0], [0.3], color=3),
                    ),
                    "heat": (Heat("v", seen, (0, count), (0, 4), (-2, 2), label="value"),),
                    "space": (Path("way", x, y, z=0.5 * x**2 + 2 * y**2, color=1),),
                    "table": (
                        Table(
                            "t", ("name", "loss"), (("a", f"{loss[k]:.3f}"), ("b", "1.000")), (0, 1)
                        ),
                    ),
                },
            )

    return Film("Every kind", panels, moments, count, (0, count // 2, -1), "All kinds of artists.")


def graph_film():
    """A build in a panel beside a curve."""
    build = small_steps()
    n = len(build.moments)
    panels = (
        Panel("graph", axes=False),
        Panel("curve", Axis("step", 0, n), Axis("seen", 0, 1), place=(0, 1, 1, 1)),
    )

    def moments():
        for k, moment in enumerate(build.moments):
            line = Line("seen", [0, k + 1], [0, (k + 1) / n])
            caption = " ".join(moment.lines)
            yield Frame(caption, {"graph": (Graph("g", build, k),), "curve": (line,)})

    return Film("A build", panels, moments, n, (0, -1), "A build.", fps=1.0, columns=(3.0, 1.0))
