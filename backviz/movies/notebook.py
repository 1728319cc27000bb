"""A film in a notebook: a still at once, the film as a player when it is asked for.

Invariant: what is shown is self-contained HTML, so it survives saving and sharing, and beside
it stands a PNG for what shows no pages.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, Unpack

from backviz.diagrams.style import Style
from backviz.displays import DISPLAYS
from backviz.movies.looks import FILM, FilmOptions, film_style, titled
from backviz.renderers.embedded import framed
from backviz.scenes.model import Film

Makers = dict[str, Callable[[], str]]


@dataclass(frozen=True)
class Player:
    """The whole film with keys and a slider; displays itself in a notebook."""

    film: Film
    style: Style = FILM

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return DISPLAYS["answer"](played(self), include, exclude)


def play(film: Film, **looks: Unpack[FilmOptions]) -> Player:
    """The player of a film; `looks` as in `backviz.movies.save`."""
    return Player(film, film_style(**looks))


def poster(film: Film) -> Makers:
    """The last key still, made when it is asked for; as HTML with the call that plays the film."""
    png = _still(film)

    def html() -> str:
        return (
            f'<img src="data:image/png;base64,{png()}" alt="{escape(film.alt)}" '
            f'style="max-width:100%;width:960px"><p>{film.count} frames; '
            "<code>.play()</code> shows them, <code>.save('film.mp4')</code> writes them.</p>"
        )

    return {"text/plain": lambda: repr(film), "text/html": html, "image/png": png}


def played(player: Player) -> Makers:
    """The film as a page with controls, over the same still."""
    film, png = titled(player.film, player.style), _still(player.film, player.style)

    def html() -> str:
        from backviz.movies.reel import reel_of
        from backviz.movies.scrubber import page

        made = page(reel_of(film, player.style), lambda _: None, loop=True, autoplay=False)
        return framed(made, base64.b64decode(png()), film.title, film.alt)

    return {"text/plain": lambda: repr(film), "text/html": html, "image/png": png}


def _still(film: Film, style: Style = FILM) -> Callable[[], str]:
    @cache
    def png() -> str:
        from backviz.movies.stills import png_still

        picture = png_still(film, (film.stills or (-1,))[-1], style)
        return base64.b64encode(picture).decode()

    return png


def _shown(film: Film, include: Any = None, exclude: Any = None) -> Any:
    return DISPLAYS["answer"](poster(film), include, exclude)


DISPLAYS.add("film", _shown)
DISPLAYS.add("player", play)
