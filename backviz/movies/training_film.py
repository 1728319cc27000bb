"""A training as a film: the graph with all its numbers, one training step after another.

Invariant: the page is laid out once; from step to step the numbers change and nothing moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from backviz.diagrams.learning import Frame, frames
from backviz.diagrams.style import Style
from backviz.files import temporary_folder
from backviz.language import N_
from backviz.movies.formats import FORMATS
from backviz.movies.reel import Reel, Shot
from backviz.movies.step_films import pixels_of
from backviz.renderers.pixels import Paper
from backviz.training import Training
from backviz.training.formats import TRAININGS, TrainingFormat

PER_STEP, HOLD = 0.4, 2.0  # seconds for each step, and more for the first and the last
FPS = 10.0


def reel_of(shown: list[Frame]) -> Reel:
    """The pictures of a training.

    Raises `UsageError` if a side would be longer than 4096 pixels.
    """
    first, last = shown[0].steps, shown[-1].step
    drawing, scale = first.drawing_of(()), first.figure.style.scale
    wide, high = pixels_of(drawing, scale)

    def pictures(some: list[Frame]) -> Iterator[np.ndarray]:
        paper = Paper(wide, high, scale, first.sheet.theme.background)
        for frame in some:
            parts = frame.steps.parts(frame.whole(last))
            yield paper.draw(mark for part in parts for mark in part.marks)

    def shots() -> Iterator[Shot]:
        for k, (pixels, frame) in enumerate(zip(pictures(shown), shown, strict=True)):
            seconds = PER_STEP + (HOLD if k in (0, len(shown) - 1) else 0.0)
            yield Shot(pixels, round(seconds * FPS), frame.told(last))

    return Reel(
        wide, high, FPS, len(shown), drawing.title, shown[-1].told(last), shots,
        lambda: pictures(shown[:: max(1, len(shown) // 5)]), first.sheet.theme.name,
        first.figure.style.lang,
    )  # fmt: skip


def film_bytes(form: str, training: Training, style: Style | Mapping[str, Any], most: int) -> bytes:
    """The training in one of the formats of films."""
    write: Callable[..., None] = FORMATS[form].make
    reel = reel_of(frames(training, style, most))
    with temporary_folder() as folder:
        place = folder / f"film.{form}"
        write(reel, place, lambda _other: None, True)
        return place.read_bytes()


for _form, _about in (
    ("mp4", N_("a film in which the graph learns")),
    ("gif", N_("a film that loops, for pages and chats")),
    ("webp", N_("a looping film, smaller")),
):
    TRAININGS.enter(TrainingFormat(_form, _about, partial(film_bytes, _form), "film"))
TRAININGS.enter(
    TrainingFormat(
        "html",
        N_("a page with a slider for the training step, one for the pass"),
        "backviz.renderers.player.learning:html",
        "page",
        ("htm",),
    )
)
