"""The formats of a film: films, stills, pages and data, each one row.

Invariant: a row says what the format is for; `save` reads the rows and knows no format
by name but through them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from backviz.registry import Registry, loaded
from backviz.renderers.builds import BUILDERS, Builder

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps

Kind = Literal["film", "picture", "data"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its kind, what it is for, and the function that makes it.

    The function may be named as `module:function`; it is imported when the format is used.

    A film is written by `(reel, place, watch, loop)`, a picture made by
    `(film, index, style)`, data by `(film)`.
    """

    name: str
    kind: Kind
    about: str
    place: str | Callable[..., Any]
    build: str = ""  # what it is for as a film of steps, if it can be one

    @property
    def make(self) -> Callable[..., Any]:
        """The function; what it needs is imported now."""
        found: Callable[..., Any] = loaded(self.name, self.place)
        return found


FORMATS: Registry[Format] = Registry("format")


def film_format(row: Format, aliases: Iterable[str] = ()) -> Format:
    """Enter a format of films; with `build` it is one of builds too."""
    if row.build:
        BUILDERS.add(row.name, Builder(row.name, row.build, partial(_steps, row.name)))
    return FORMATS.add(row.name, row, aliases)


def _steps(form: str, steps: Steps) -> bytes:
    from backviz.movies.step_films import film_bytes

    return film_bytes(steps, form)


_HERE = __name__.rpartition(".")[0]
for _row in (
    Format(
        "mp4",
        "film",
        "H.264 for PowerPoint, Keynote, browsers",
        f"{_HERE}.video:mp4",
        "a film for slides that play one",
    ),
    Format(
        "gif",
        "film",
        "for Google Slides and chats",
        f"{_HERE}.gif:gif",
        "a film that loops, for pages and chats",
    ),
    Format(
        "webp", "film", "animated, for web pages", f"{_HERE}.video:webp", "a looping film, smaller"
    ),
    Format("html", "film", "a page with keys and a slider, in one file", f"{_HERE}.scrubber:html"),
    Format("png", "picture", "a still, a strip, or numbered pictures", f"{_HERE}.stills:png_still"),
    Format("svg", "picture", "a still in vectors", f"{_HERE}.stills:svg_still"),
    Format("pdf", "picture", "the key stills as pages, or one", f"{_HERE}.stills:pdf_still"),
    Format("csv", "data", "a row for each number", f"{_HERE}.data_files:as_csv"),
    Format("json", "data", "arrays as nested lists", f"{_HERE}.data_files:as_json"),
    Format("npz", "data", "arrays for numpy", f"{_HERE}.data_files:npz"),
):
    film_format(_row, aliases=("htm",) if _row.name == "html" else ())
