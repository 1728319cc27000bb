"""A film into a file: the name says the format, and the file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from backviz.diagrams.style import Style
from backviz.displays import WRITERS
from backviz.errors import UsageError
from backviz.files import is_numbered, whole_file, write_file, write_numbered
from backviz.formats import resolve
from backviz.language import _, speaking
from backviz.movies.borrowed import said_of_film
from backviz.movies.formats import FORMATS, FilmFormat
from backviz.movies.looks import FilmOptions, check_transparent, film_style, titled
from backviz.renderers.letters import warn_of_letters
from backviz.scenes.model import Film


def still(film: Film, k: int = -1, form: str = "png", **looks: Unpack[FilmOptions]) -> bytes:
    """The frame `k` (from 0; negative from the end) as png, svg or pdf; looks as in `save`."""
    style = film_style(**looks)
    return _picture(titled(film, style), k, FORMATS[form], style)


def save(
    film: Film,
    path: str | Path,
    *,
    form: str = "",
    fps: float | None = None,
    hold: float | None = None,
    loop: bool = True,
    still: int | None = None,
    strip: int = 0,
    watch: Callable[[int], None] | None = None,
    **looks: Unpack[FilmOptions],
) -> Path:
    """Write the film, or with `still` one frame of it, or with `strip` so many side by side.

    The extension says the format (`FORMATS`) unless `form` does. `fps` and `hold` (seconds)
    replace the scene's own. A PNG name with `%03d` is a sequence, counted from 1; without `still`,
    png and svg show the last of the film's key stills and pdf has a page for each. `watch` is
    told how many frames are done.

    `looks` are those of pictures: `theme`, `size` (slide unless given), `lang`, `digits`,
    `decimal`, `title` ("none" for no title), `legend`, `transparent` (png, svg, pdf), and for
    films `command` (False leaves the corner empty) and `scale`: 1 is 96 pixels to the inch,
    1280 × 720 for a slide.

    Raises `UsageError` for an unknown extension or a place that cannot be written; whatever
    happens, no half file is left.
    """
    name, style = str(path), film_style(**looks)
    row = FORMATS[resolve(name, form or None, FORMATS)]
    check_transparent(style, row.name)
    words = replace(style, decimal=".") if row.kind == "data" else style
    film = replace(
        titled(film, words),
        fps=film.fps if fps is None else fps,
        hold=film.hold if hold is None else hold,
    )
    if row.kind != "data":
        warn_of_letters(said_of_film(film, style, row.name))
    told = watch or (lambda _other: None)
    numbered = is_numbered(name)
    if numbered and (row.name != "png" or still is not None or strip):
        raise UsageError(
            _("{name} makes one file here; take the %d out of {name2}", name=row.name, name2=name)
        )
    if strip < 0:
        raise UsageError(_("a strip of {strip} frames cannot be; ask for 1 at least", strip=strip))
    if strip:
        from backviz.movies.stills import strip as make_strip

        if row.name != "png" or still is not None:
            raise UsageError(
                _("a strip is a PNG of several frames; use -o strip.png without --still")
            )
        write_file(path, make_strip(film, strip, style))
    elif still is not None or (row.kind == "picture" and not numbered):
        write_file(path, _picture(film, still, row, style))
    elif numbered:
        from backviz.movies.stills import sequence

        write_numbered(name, film.count, sequence(film, style), told)
    elif row.kind == "data":
        with speaking(style.lang):
            write_file(path, row.make(film))
    else:
        from backviz.movies.reel import reel_of

        with whole_file(path) as place:
            row.make(reel_of(film, style), place, told, loop)
    return Path(path)


def _picture(film: Film, k: int | None, row: FilmFormat, style: Style) -> bytes:
    keys = film.stills or (-1,)
    if row.kind != "picture":
        raise UsageError(_("a still cannot be {name}; use png, svg or pdf", name=row.name))
    if k is None and row.name == "pdf":
        from backviz.movies.stills import pdf_pages

        return pdf_pages(film, keys, style)
    made: bytes = row.make(film, keys[-1] if k is None else k, style)
    return made


WRITERS.add("film", save)
WRITERS.add("still", still)
