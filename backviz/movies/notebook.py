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
from typing import Any

from backviz.displays import DISPLAYS
from backviz.movies.saving import still
from backviz.renderers.embedded import framed
from backviz.scenes.model import Film

Makers = dict[str, Callable[[], str]]


@dataclass(frozen=True)
class Player:
    """The whole film with keys and a slider; displays itself in a notebook."""

    film: Film
    theme: str = "light"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return DISPLAYS["answer"](played(self), include, exclude)


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
    film, png = player.film, _still(player.film, player.theme)

    def html() -> str:
        from backviz.movies.reel import reel_of
        from backviz.movies.scrubber import page

        made = page(reel_of(film, player.theme), lambda _: None, loop=True, autoplay=False)
        return framed(made, base64.b64decode(png()), film.title, film.alt)

    return {"text/plain": lambda: repr(film), "text/html": html, "image/png": png}


def _still(film: Film, theme: str = "light") -> Callable[[], str]:
    @cache
    def png() -> str:
        picture = still(film, (film.stills or (-1,))[-1], theme=theme)
        return base64.b64encode(picture).decode()

    return png


def _shown(film: Film, include: Any = None, exclude: Any = None) -> Any:
    return DISPLAYS["answer"](poster(film), include, exclude)


DISPLAYS.add("film", _shown)
DISPLAYS.add("player", Player)
