"""Pixels: marks on a page of matplotlib's Agg backend, and pixels as a PNG file.

Invariant: every picture of marks, of a figure as of a frame of a film, is drawn here, and every
PNG that is written is packed here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.transforms import Affine2D
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from backviz.diagrams.drawing import About, Mark
from backviz.diagrams.theme import INCH, rgb
from backviz.renderers.marks import draw_mark

SETTINGS: Any = {"path.simplify": False}


class Paper:
    """A page of `wide` × `high` pixels, `scale` to the point; `background` "" is clear.

    `pixels` (high, wide, 4) is RGBA and belongs to the paper: copy what you keep.
    """

    def __init__(self, wide: int, high: int, scale: float, background: str) -> None:
        make: Any = RendererAgg  # it has no types
        self._page = make(wide, high, INCH * scale)
        self._place = Affine2D().scale(scale, -scale).translate(0, high)
        self._fill = np.array([*rgb(background), 255] if background else [0] * 4, np.uint8)
        self.pixels = np.asarray(self._page.buffer_rgba())

    def draw(self, marks: Iterable[Mark]) -> np.ndarray:
        """The pixels with these marks alone, bottom first."""
        self.pixels[...] = self._fill
        with mpl.rc_context(SETTINGS):
            for mark in marks:
                draw_mark(self._page, mark, self._place)
        return self.pixels


def packed(pixels: np.ndarray, about: About, per_inch: float, level: int = 6) -> bytes:
    """Pixels (high, wide, 4) as PNG with its words; without alpha where nothing is clear.

    `level` is how tight: 1 is fast.
    """
    info = PngInfo()
    info.add_itxt("Software", "backviz")
    for name, text in (("Title", about.title), ("Description", about.description)):
        info.add_itxt(name, text, lang="" if about.lang == "en" else about.lang)
    if about.source:
        info.add_itxt("Comment", about.source)
    buffer = io.BytesIO()
    clear = pixels.shape[2] == 4 and bool((pixels[..., 3] < 255).any())
    image = Image.fromarray(np.ascontiguousarray(pixels if clear else pixels[..., :3]))
    image.save(buffer, "png", pnginfo=info, compress_level=level, dpi=(per_inch, per_inch))
    return buffer.getvalue()
