"""Letters of a film that DejaVu Sans lacks: the fonts that lend them, and a word where none does.

Invariant: no font is looked for before a letter is missing; the letters are those of the title
and of what the panels show from the first frame on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, is_dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, fontManager

from backviz.diagrams import font, system_fonts
from backviz.diagrams.style import Style
from backviz.movies.looks import SAID, said, worded
from backviz.renderers.letters import said_of_signs
from backviz.scenes.model import Film, Panel

BASE = "DejaVu Sans"
HELD = (*SAID, "static", "x", "y", "z")  # fields of panels, axes and artists that have texts


def letters_of(film: Film, style: Style) -> str:
    """The letters that the film's own font lacks, in order.

    >>> from backviz import scenes
    >>> from backviz.movies.looks import film_style
    >>> film = scenes.tangent(frames=3)
    >>> letters_of(film, film_style(title="学 of x")), letters_of(film, film_style(lang="ru"))
    ('学', '')
    """
    title = style.title if style.title not in ("", "none") else said(film.title, style)
    texts = [title, *(text for panel in film.panels for text in _texts(worded(panel, style)))]
    return "".join(
        sorted({c for text in texts for c in text if not font.has(c) and c.isprintable()})
    )


def said_of_film(film: Film, style: Style, form: str) -> tuple[str, ...]:
    """What a person should know of the letters of a film in a format; SVG keeps them as text."""
    return () if form == "svg" else said_of_signs(set(letters_of(film, style)), form)


def lending(letters: str) -> Callable[[], AbstractContextManager[Any]]:
    """What to draw in, so that matplotlib takes these letters from fonts of the system.

    Letters that no font has are said by `said_of_film`, and not once more by matplotlib.
    """
    if not letters:
        return nullcontext
    names = families(letters)

    @contextmanager
    def lent() -> Iterator[None]:
        with warnings.catch_warnings(), mpl.rc_context({"font.family": names}):
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            yield

    return lent


def families(letters: str) -> tuple[str, ...]:
    """The film's font and those of the system that lend it these letters, by matplotlib's names."""
    files = dict.fromkeys(filter(None, map(system_fonts.file_of, letters)))
    known = {entry.fname for entry in fontManager.ttflist}
    for file in files:
        if file not in known:
            fontManager.addfont(file)
    return (BASE, *(FontProperties(fname=file).get_name() for file in files))


def _texts(panel: Panel) -> Iterator[str]:
    """All that stands on a panel: titles, labels, legends, cells of tables."""
    rest: list[Any] = [panel]
    while rest:
        given = rest.pop()
        if isinstance(given, str):
            yield given
        elif isinstance(given, (list, tuple)):
            rest += given
        elif is_dataclass(given):
            rest += [getattr(given, f.name) for f in fields(given) if f.name in HELD]
