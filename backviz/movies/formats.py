"""The formats of a film: films, stills, pages and data, each one row.

Invariant: a row says what the format is for; `save` reads the rows and knows no format
by name but through them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from backviz.formats import Format, Formats
from backviz.renderers.builds import BUILDERS, Builder

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps


@dataclass(frozen=True, slots=True)
class FilmFormat(Format):
    """A format of films.

    A film or a page is written by `(reel, place, watch, loop)`, a picture made by
    `(film, index, style)`, data by `(film)`. `build` says what it is for as a film of the steps
    of a computation, if it can be one.
    """

    build: str = ""


FORMATS: Formats[FilmFormat] = Formats("animate")


def film_format(row: FilmFormat) -> FilmFormat:
    """Enter a format of films; with `build` it is one of builds too."""
    if row.build:
        made = partial(_steps, row.name)
        BUILDERS.enter(Builder(row.name, row.build, made, row.kind, row.endings))
    return FORMATS.enter(row)


def _steps(form: str, steps: Steps) -> bytes:
    from backviz.movies.step_films import film_bytes

    return film_bytes(steps, form)


_HERE = __name__.rpartition(".")[0]
for _row in (
    FilmFormat(
        "mp4",
        "H.264 for PowerPoint, Keynote, browsers",
        f"{_HERE}.video:mp4",
        "film",
        build="a film for slides that play one",
    ),
    FilmFormat(
        "gif",
        "for Google Slides and chats",
        f"{_HERE}.gif:gif",
        "film",
        build="a film that loops, for pages and chats",
    ),
    FilmFormat(
        "webp",
        "animated, for web pages",
        f"{_HERE}.video:webp",
        "film",
        build="a looping film, smaller",
    ),
    FilmFormat(
        "html",
        "a page with keys and a slider, in one file",
        f"{_HERE}.scrubber:html",
        "page",
        ("htm",),
    ),
    FilmFormat("png", "a still, a strip, or numbered pictures", f"{_HERE}.stills:png_still"),
    FilmFormat("svg", "a still in vectors", f"{_HERE}.stills:svg_still"),
    FilmFormat("pdf", "the key stills as pages, or one", f"{_HERE}.stills:pdf_still"),
    FilmFormat("csv", "a row for each number", f"{_HERE}.data_files:as_csv", "data"),
    FilmFormat("json", "arrays as nested lists", f"{_HERE}.data_files:as_json", "data"),
    FilmFormat("npz", "arrays for numpy", f"{_HERE}.data_files:npz", "data"),
):
    film_format(_row)
