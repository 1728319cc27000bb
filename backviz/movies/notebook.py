"""A film in a notebook: a still at once, the film as a player when it is asked for.

Invariant: what is shown is self-contained HTML, so it survives saving and sharing.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape

from backviz.movies.saving import still
from backviz.scenes.model import Film


@dataclass(frozen=True)
class Player:
    """The whole film with keys and a slider; displays itself in a notebook."""

    film: Film
    theme: str = "light"

    def _repr_html_(self) -> str:
        from backviz.movies.reel import reel_of
        from backviz.movies.scrubber import page

        made = page(reel_of(self.film, self.theme), lambda _: None, loop=True, autoplay=False)
        return (
            f'<iframe srcdoc="{escape(made.decode())}" style="width:100%;max-width:960px;'
            f'aspect-ratio:1280/790;border:0" title="{escape(self.film.title)}"></iframe>'
        )


def poster(film: Film) -> str:
    """The last key still as HTML, with the call that plays the film."""
    picture = still(film, (film.stills or (-1,))[-1])
    source = "data:image/png;base64," + base64.b64encode(picture).decode()
    return (
        f'<img src="{source}" alt="{escape(film.alt)}" style="max-width:100%;width:960px">'
        f"<p>{film.count} frames; <code>.play()</code> shows them, "
        "<code>.save('film.mp4')</code> writes them.</p>"
    )
