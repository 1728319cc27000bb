"""A line of text that changes from frame to frame, set fast on pixels.

Invariant: on pixels and on paper it is the same line in DejaVu Sans at the same place;
on pixels it is set by Pillow in one piece, which takes a fraction of matplotlib's time.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import get_data_path
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image, ImageDraw, ImageFont

from backviz.diagrams.font import has
from backviz.diagrams.system_fonts import file_of

FACES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
LARGE = 20.0  # pixels; letters are set larger and reduced, since advances are whole pixels
SIDES = {"left": 0.0, "center": 0.5, "right": 1.0}


def lent_pieces(text: str, bold: bool) -> tuple[tuple[str, str], ...]:
    """Pieces of a text, each with the file of the font that lends its letters, "" for our own."""
    if all(map(has, text)):
        return (("", text),)
    lender = lambda c: "" if has(c) or c.isspace() else file_of(c, bold)  # noqa: E731
    return tuple((file, "".join(part)) for file, part in groupby(text, lender))


@lru_cache(maxsize=32)
def face(pixels: float, bold: bool, lent: str = "") -> ImageFont.FreeTypeFont:
    """The font at a size in pixels, or another one by its file."""
    where = lent or Path(get_data_path(), "fonts", "ttf", FACES[bold])
    return ImageFont.truetype(where, pixels, layout_engine=ImageFont.Layout.BASIC)


def mask(text: str, pixels: float, bold: bool) -> tuple[np.ndarray, int]:
    """How much of each pixel the letters cover (0 to 255), and the row of the baseline."""
    return _mask(lent_pieces(text, bold), pixels, bold)


@lru_cache(maxsize=512)
def _mask(said: tuple[tuple[str, str], ...], pixels: float, bold: bool) -> tuple[np.ndarray, int]:
    times = 2 if pixels >= LARGE else 4
    ascent, descent = (-(-n // times) for n in face(times * pixels, bold).getmetrics())
    pieces = [(face(times * pixels, bold, lent), text) for lent, text in said]
    wide = int(sum(font.getlength(text) for font, text in pieces) / times) + 4
    high = ascent + descent
    image = Image.new("L", (times * wide, times * high))
    x = float(times)
    for font, text in pieces:
        ImageDraw.Draw(image).text((x, times * ascent), text, fill=255, font=font, anchor="ls")
        x += font.getlength(text)
    return np.asarray(image.reduce(times)), ascent


class Letters(Text):
    """A line of text with its baseline at (x, y)."""

    def __init__(self, x: float, y: float, text: str, **options: Any) -> None:
        super().__init__(x, y, text, va="baseline", parse_math=False, **options)

    def draw(self, renderer: Any) -> None:
        """Set the line; matplotlib does it where there are no pixels."""
        if not isinstance(renderer, RendererAgg):
            super().draw(renderer)
            return
        agg: Any = renderer
        text = self.get_text()
        if not text or not self.get_visible():
            return
        pixels = agg.points_to_pixels(self.get_fontsize())
        cover, ascent = mask(text, pixels, self.get_fontweight() == "bold")
        x, y = self.get_transform().transform(self.get_position())
        left = round(x - SIDES[self.get_horizontalalignment()] * (cover.shape[1] - 2)) - 1
        top = round(agg.height - y) - ascent
        page, box = np.asarray(agg.buffer_rgba()), self.get_clip_box()
        if box is not None:
            x0, x1 = max(0, round(box.x0)), max(0, round(box.x1))
            y0, y1 = max(0, round(agg.height - box.y1)), max(0, round(agg.height - box.y0))
            page, left, top = page[y0:y1, x0:x1], left - x0, top - y0
        behind = self.get_bbox_patch()
        if behind is not None:  # lines keep off
            blend(page, np.full_like(cover, 255), left, top, to_rgb(behind.get_facecolor()))
        blend(page, cover, left, top, to_rgb(self.get_color()))


def blend(pixels: np.ndarray, cover: np.ndarray, left: int, top: int, color: Any) -> None:
    """Lay a colour over pixels (height, width, 4) as far as `cover` says; cut at the edges."""
    high, wide = cover.shape
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(pixels.shape[1], left + wide), min(pixels.shape[0], top + high)
    if x0 >= x1 or y0 >= y1:
        return
    part = pixels[y0:y1, x0:x1, :3]
    weight = cover[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.int32)
    ink = np.array([round(255 * c) for c in color], np.int32)
    part[...] = (part * (255 - weight) + ink * weight + 127) // 255
