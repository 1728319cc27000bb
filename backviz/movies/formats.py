"""The formats of a film: films, stills, pages and data, each one row.

Invariant: a row says what the format is for; `save` reads the rows and knows no format
by name but through them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from backviz.registry import Registry, loaded

Kind = Literal["film", "picture", "data"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its kind, what it is for, and `module:function` that makes it.

    A film is written by `(reel, place, watch, loop)`, a picture made by
    `(film, index, theme, scale)`, data by `(film)`.
    """

    name: str
    kind: Kind
    about: str
    place: str

    @property
    def make(self) -> Callable[..., Any]:
        """The function; what it needs is imported now."""
        found: Callable[..., Any] = loaded(self.name, f"{_HERE}.{self.place}")
        return found


_HERE = __name__.rpartition(".")[0]
FORMATS: Registry[Format] = Registry("format")

for _row in (
    Format("mp4", "film", "H.264 for PowerPoint, Keynote, browsers", "video:mp4"),
    Format("gif", "film", "for Google Slides and chats", "gif:gif"),
    Format("webp", "film", "animated, for web pages", "video:webp"),
    Format("html", "film", "a page with keys and a slider, in one file", "scrubber:html"),
    Format("png", "picture", "a still, a strip, or numbered pictures", "stills:png_still"),
    Format("svg", "picture", "a still in vectors", "stills:svg_still"),
    Format("pdf", "picture", "the key stills as pages, or one", "stills:pdf_still"),
    Format("csv", "data", "a row for each number", "data_files:as_csv"),
    Format("json", "data", "arrays as nested lists", "data_files:as_json"),
    Format("npz", "data", "arrays for numpy", "data_files:npz"),
):
    FORMATS.add(_row.name, _row, aliases=("htm",) if _row.name == "html" else ())
