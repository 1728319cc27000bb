"""Films from scenes and builds: drawn with matplotlib, encoded with PyAV and Pillow.

`save` writes a film to a file; `FORMATS` lists what a file can be; `still` gives one frame.

>>> from backviz import scenes
>>> still(scenes.tangent(frames=5), 2)[:4]
b'\\x89PNG'
"""

from __future__ import annotations

from backviz.movies.formats import FORMATS
from backviz.movies.notebook import Player, poster
from backviz.movies.saving import save, still
from backviz.movies.step_films import film_of, steps_gif, steps_mp4, steps_webp

__all__ = [
    "FORMATS", "Player", "film_of", "poster", "save", "steps_gif", "steps_mp4", "steps_webp",
    "still",
]  # fmt: skip
