"""A film into a file: the name says the format, and the file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from backviz.displays import WRITERS
from backviz.errors import UsageError
from backviz.files import extension_of, is_numbered, whole_file, write_file, write_numbered
from backviz.movies.formats import FORMATS
from backviz.scenes.model import Film

MOST_SCALE = 4.0


def still(
    film: Film, k: int = -1, form: str = "png", *, theme: str = "light", scale: float = 1.0
) -> bytes:
    """The frame `k` (from 0; negative from the end) as png, svg or pdf."""
    row = FORMATS[form]
    if row.kind != "picture":
        raise UsageError(f"a still cannot be {form}; use png, svg or pdf")
    made: bytes = row.make(film, k, theme, checked(scale))
    return made


def save(
    film: Film,
    path: str | Path,
    *,
    form: str = "",
    theme: str = "light",
    scale: float = 1.0,
    fps: float | None = None,
    hold: float | None = None,
    loop: bool = True,
    still: int | None = None,
    strip: int = 0,
    watch: Callable[[int], None] | None = None,
) -> Path:
    """Write the film, or with `still` one frame of it, or with `strip` so many side by side.

    The extension says the format (`FORMATS`) unless `form` does. `scale` 1 is 1280 × 720
    pixels; `fps` and `hold` (seconds) replace the scene's own. A PNG name with `%03d`
    is a sequence, counted from 1; without `still`, png and svg show the last of the
    film's key stills and pdf has a page for each. `watch` is told how many frames are done.

    Raises `UsageError` for an unknown extension or a place that cannot be written; whatever
    happens, no half file is left.
    """
    name = str(path)
    row = FORMATS[form or extension_of(name, FORMATS)]
    checked(scale)
    film = replace(
        film, fps=film.fps if fps is None else fps, hold=film.hold if hold is None else hold
    )
    told = watch or (lambda _: None)
    numbered = is_numbered(name)
    if numbered and (row.name != "png" or still is not None or strip):
        raise UsageError(f"{row.name} makes one file here; take the %d out of {name}")
    if strip < 0:
        raise UsageError(f"a strip of {strip} frames cannot be; ask for 1 at least")
    if strip:
        from backviz.movies.stills import strip as make_strip

        if row.name != "png" or still is not None:
            raise UsageError("a strip is a PNG of several frames; use -o strip.png without --still")
        write_file(path, make_strip(film, strip, theme, scale))
    elif still is not None or (row.kind == "picture" and not numbered):
        write_file(path, _picture(film, still, row.name, theme, scale))
    elif numbered:
        from backviz.movies.reel import reel_of
        from backviz.movies.stills import sequence

        write_numbered(name, film.count, sequence(reel_of(film, theme, scale)), told)
    elif row.kind == "data":
        write_file(path, row.make(film))
    else:
        from backviz.movies.reel import reel_of

        with whole_file(path) as place:
            row.make(reel_of(film, theme, scale), place, told, loop)
    return Path(path)


def _picture(film: Film, k: int | None, form: str, theme: str, scale: float) -> bytes:
    if k is None and form == "pdf":
        from backviz.movies.stills import pdf_pages

        return pdf_pages(film, film.stills or (-1,), theme)
    return still(
        film, (film.stills or (-1,))[-1] if k is None else k, form, theme=theme, scale=scale
    )


def checked(scale: float) -> float:
    """The scale, if pictures of that size can be made."""
    if not 0.1 <= scale <= MOST_SCALE:
        raise UsageError(f"scale {scale:g} is out of range; use 0.1 to {MOST_SCALE:g}")
    return scale


WRITERS.add("film", save)
WRITERS.add("still", still)
