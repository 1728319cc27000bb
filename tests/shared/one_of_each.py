"""A plugin as somebody would write it: one file that adds one of each thing that can be added."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from backviz import extend
from backviz.extend import (
    Axis,
    Command,
    CourseTopic,
    Engine,
    Film,
    FilmFormat,
    Frame,
    Layout,
    Lesson,
    Line,
    Optimizer,
    Panel,
    Plan,
    Preset,
    Renderer,
    Result,
    State,
    Theme,
    Within,
    Words,
    convention,
    elementwise,
    film_format,
    optimizer,
    scene,
    structural,
)  # fmt: skip
from backviz.ops import sign

elementwise(
    "plug_op",
    lambda x: x / (1 + abs(x)),
    lambda out, x: 1 / (1 + abs(x)) ** 2,
    domain="all numbers",
    note="Like tanh, but slower.",
)


def _lost(x: Any) -> Any:
    return np.sum(x**4)


structural(
    "plug_loss",
    _lost,
    lambda g, out, x: g * 4 * x**3,
    domain="all numbers",
    note="The sum of fourth powers.",
)


@optimizer
class PlugOptimizer(Optimizer):
    """Every entry moves by lr, against the sign of its gradient."""

    title, source, year = "plug_optimizer", "nobody (2026)", 2026
    conventions: ClassVar[dict[str, Any]] = {"paper": convention(lr=0.1)}

    @staticmethod
    def update(x: Any, o: Any) -> Any:
        """The step."""
        yield "rate", o.lr
        yield "θ ←", x.θ - o.lr * sign(x.g)


def boxes(figure: Any) -> bytes:
    """A line for each box."""
    return "\n".join(box.alt for box in figure.diagram.boxes).encode()


extend.RENDERERS.add("plug_picture", Renderer("plug_picture", "boxes, one a line", boxes))


def captions(reel: Any, place: Path, watch: Any, loop: bool) -> None:
    """A line for each shot."""
    place.write_text("\n".join(shot.caption for shot in reel.shots()), "utf-8")


film_format(
    FilmFormat("plug_film", "the captions", captions, "film", build="the captions of the steps")
)

extend.THEMES.add(
    "plug_theme",
    Theme(
        "plug_theme", background="#f6eedd", ink="#2b1d0e", muted="#5f4a33", forward="#1d4e70",
        gradient="#8f3c00", box="#fbf6ea", leaf="#e9eef0", constant="#efe6d3", group="#ece4f0",
        derivative="#f7e3cf", output="#f9e6bf", border="#7a6750", rule="#d5c7ab",
    ),
)  # fmt: skip
extend.PRESETS.add(
    "plug_size", Preset("plug_size", "under the title of a slide", 886, 432, 22, 18, 34, 14, 3)
)


@scene
def plug_scene(rate: Annotated[float, Within(0.01, 1)] = 0.1) -> Film:
    """A number shrinks by the same factor in every step.

    Options:
    rate: the share that is lost in a step
    """
    steps = np.arange(4)

    def frames() -> Any:
        for k in steps:
            left = (1 - rate) ** steps[: k + 1]
            yield Frame(f"After {k} steps.", {"left": [Line("left", steps[: k + 1], left)]})

    panel = Panel("left", Axis("step", 0, 4), Axis("what is left", 0, 1))
    return Film("Decay", (panel,), frames, 4, stills=(0, 1, 2, 3), alt="A falling curve.")


def _count(state: State, text: str) -> tuple[State, Result]:
    return state, Result((f"{len(state.record.values)} values",))


extend.COMMANDS.add(
    "plug_command",
    Command("plug_command", "plug_command", "plug_command", _count, about="counts the values"),
)
extend.LESSONS.add(
    "plug_lesson",
    Lesson("plug_lesson", Words("What does a plugin add?"), Words("It adds a row."), "L=a*a; a=3"),
)
extend.COURSE.add(
    "plug_topic",
    CourseTopic("plug_topic", "Mine", "A plugin adds", "a row", ("backviz graph @simple -F text",)),
)
extend.LANGUAGES.add(
    "plug_language",
    {
        "Forward": "Vorwärts",
        "right:": "richtig:",
        "It adds a row.": "Er fügt eine Zeile hinzu.",
        "Like tanh, but slower.": "Wie tanh, aber langsamer.",
        "Decay": "Fallend",
    },
)


class Row(Engine):
    """All boxes in a row."""

    name = "plug_engine"
    about = "all boxes in a row"

    def missing(self) -> str | None:
        """Never missing."""
        return None

    def lay_out(self, plan: Plan, time_limit: float = 0) -> Layout:
        """One box after the other."""
        centers, x = {}, 0.0
        for node in plan.nodes:
            centers[node.id] = (x + node.width / 2, 100.0)
            x += node.width + 40
        curves = {}
        for edge in plan.edges:
            (a, y), (b, _) = centers[edge.tail], centers[edge.head]
            curves[edge.id] = ((a, y), ((2 * a + b) / 3, y), ((a + 2 * b) / 3, y), (b, y))
        labels = {e.id: (curves[e.id][1][0], 40.0) for e in plan.edges if e.label_width}
        return Layout(x, 200.0, centers, curves, labels)


extend.ENGINES.add("plug_engine", Row())
