"""Pictures one after another, each for its time: what every encoder takes.

Invariant: a reel may be shot several times and gives the same pictures each time; one
picture is held at a time, so memory does not grow with the length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from backviz.diagrams.style import Style
from backviz.movies.canvas import Canvas, shown, stills
from backviz.movies.looks import FILM
from backviz.movies.page import origin_of, told_if_small

if TYPE_CHECKING:
    from backviz.scenes.model import Film


Watch = Callable[[int], None]  # is told how many shots are done


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture (height, width, 4) RGBA that stands for so many frames.

    The pixels belong to the reel and hold until the next shot.
    """

    pixels: np.ndarray
    frames: int
    caption: str


@dataclass(frozen=True)
class Reel:
    """A film ready to be encoded: its size in pixels (even), its pace, its pictures.

    `samples` gives a few pictures that together hold the colours; `about` is written
    into the file.
    """

    width: int
    height: int
    fps: float
    count: int
    title: str
    alt: str
    shots: Callable[[], Iterator[Shot]]
    samples: Callable[[], Iterator[np.ndarray]]
    theme: str = "light"
    lang: str = "en"
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def comment(self) -> str:
        """Name, command, seed and settings in one line of JSON."""
        return json.dumps(dict(self.about), ensure_ascii=False, sort_keys=True)


def reel_of(film: Film, style: Style = FILM) -> Reel:
    """The pictures of a scene's film in a style."""

    def shots() -> Iterator[Shot]:
        for k, (canvas, frame) in enumerate(shown(film, style)):
            held = frame.pause + (film.hold if k == film.count - 1 else 0.0)
            yield Shot(canvas.pixels, 1 + round(held * film.fps), frame.caption)

    def samples() -> Iterator[np.ndarray]:
        chosen = {film.index(k) for k in film.stills} or {0}
        for _, canvas, _ in stills(film, chosen, style):
            yield canvas.pixels

    wide, high = first_page(film, style).size
    return Reel(
        wide, high, film.fps, film.count, film.title, film.alt, shots, samples, style.theme,
        style.lang, about(film),
    )  # fmt: skip


def first_page(film: Film, style: Style = FILM) -> Canvas:
    """The canvas at the first frame, which settles page and legend for all of them."""
    _, canvas, _ = next(stills(film, {0}, style))
    return canvas


def about(film: Film) -> dict[str, str]:
    """Where a film comes from: scene, command, seed and settings."""
    settings = {name: str(value) for name, value in film.settings.items()}
    return {"scene": film.name, "made_with": origin_of(film), **settings}


def too_small(film: Film, style: Style) -> str:
    """A sentence if a film's text is too small for the place it goes to; else nothing."""
    return "" if style.size == "slide" else told_if_small(first_page(film, style).page)
