"""Films from scenes and builds: drawn with matplotlib, encoded with PyAV and Pillow.

`save` writes a film to a file; `FORMATS` lists what a file can be; `still` gives one frame.
What draws is imported when it is first used, so that the table of formats costs nothing.

>>> from backviz import scenes
>>> from backviz.movies import still
>>> still(scenes.tangent(frames=5), 2)[:4]
b'\\x89PNG'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from backviz.language import _
from backviz.movies.formats import FORMATS

if TYPE_CHECKING:
    from backviz.movies.looks import film_style
    from backviz.movies.notebook import Player, poster
    from backviz.movies.saving import save, still
    from backviz.movies.step_films import film_bytes, film_of

_HOME = {
    "Player": "notebook", "film_bytes": "step_films", "film_of": "step_films",
    "film_style": "looks", "poster": "notebook",
    "save": "saving", "still": "saving",
}  # fmt: skip

__all__ = ["FORMATS", "Player", "film_bytes", "film_of", "film_style", "poster", "save", "still"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(_("module 'backviz.movies' has no attribute {name!r}", name=name))
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
