"""A build as a film: every step of a computation stands for a while, nothing moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from backviz.errors import UsageError
from backviz.files import temporary_folder
from backviz.language import _
from backviz.movies.formats import FORMATS
from backviz.movies.reel import Reel, Shot
from backviz.renderers.pixels import Paper

if TYPE_CHECKING:
    from backviz.diagrams.drawing import Drawing
    from backviz.diagrams.steps import Steps

PER_MOMENT, HOLD = 1.5, 2.0  # seconds for each step, and more for the last
FPS = 4.0
MOST = 4096  # pixels on a side: players decode no larger H.264


def pixels_of(page: Drawing, scale: float) -> tuple[int, int]:
    """Width and height of a film of a page, both even.

    Raises `UsageError` if a side would be longer than 4096 pixels.
    """
    wide, high = (2 * max(1, round(scale * n / 2)) for n in (page.width, page.height))
    if max(wide, high) > MOST:
        raise UsageError(
            _(
                "a film of {wide:,} × {high:,} pixels is too large for players; use a "
                "smaller --scale",
                wide=wide,
                high=high,
            )
        )
    return wide, high


def film_of(steps: Steps) -> Reel:
    """The reel of a build, at the size and in the theme of its figure.

    Raises `UsageError` if a side would be longer than 4096 pixels.
    """
    drawing, scale = steps.drawing_of(()), steps.figure.style.scale
    wide, high = pixels_of(drawing, scale)
    n = len(steps.moments)

    def pictures(every: int) -> Iterator[np.ndarray]:
        """The moments drawn on one page; the pixels change with the next."""
        paper = Paper(wide, high, scale, steps.sheet.theme.background)
        for moment in steps.moments[::every]:
            yield paper.draw(mark for part in steps.parts(moment) for mark in part.marks)

    def shots() -> Iterator[Shot]:
        for k, (pixels, moment) in enumerate(zip(pictures(1), steps.moments, strict=True)):
            seconds = PER_MOMENT + (HOLD if k == n - 1 else 0.0)
            yield Shot(pixels, round(seconds * FPS), " ".join(moment.lines))

    return Reel(
        wide, high, FPS, n, drawing.title, drawing.description, shots,
        lambda: pictures(-max(1, n // 5)),  # the last moment shows the most
        steps.sheet.theme.name, steps.figure.style.lang,
    )  # fmt: skip


def film_bytes(steps: Steps, form: str) -> bytes:
    """The build in one of the formats of films."""
    write: Callable[..., None] = FORMATS[form].make
    with temporary_folder() as folder:
        place = folder / f"film.{form}"
        write(film_of(steps), place, lambda _other: None, True)
        return place.read_bytes()
