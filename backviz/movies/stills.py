"""Single frames, strips and pages: PNG, SVG and PDF.

Invariant: a PNG still has the very pixels of the film; SVG and PDF are vectors with
text in DejaVu Sans (as outlines in SVG, as an embedded TrueType font in PDF).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from backviz.movies.canvas import SETTINGS, stills
from backviz.movies.reel import Reel, about
from backviz.renderers.pdf import source_date
from backviz.scenes.model import Film

STRIP_GAP = 8


def png(pixels: np.ndarray, title: str, alt: str, comment: str, dpi: float = 96.0) -> bytes:
    """Pixels (height, width, 4) as PNG with title, description and settings in it."""
    info = PngInfo()
    for name, text in (
        ("Title", title), ("Description", alt), ("Comment", comment), ("Software", "backviz"),
    ):  # fmt: skip
        info.add_itxt(name, text)
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    image.save(buffer, "png", pnginfo=info, compress_level=6, dpi=(dpi, dpi))
    return buffer.getvalue()


def png_still(film: Film, k: int, theme: str, scale: float) -> bytes:
    """The frame `k` as PNG."""
    ((_, canvas, frame),) = stills(film, {film.index(k)}, theme, scale)
    return png(canvas.pixels, film.title, frame.caption, comment_of(film), 96 * scale)


def svg_still(film: Film, k: int, theme: str, scale: float) -> bytes:
    """The frame `k` as SVG without style sheets."""
    ((_, canvas, frame),) = stills(film, {film.index(k)}, theme, scale)
    buffer = io.StringIO()
    words = {"Title": film.title, "Description": frame.caption, "Creator": "backviz",
             "Source": comment_of(film), "Date": None}  # fmt: skip
    with mpl.rc_context(SETTINGS), canvas.whole() as figure:
        figure.savefig(buffer, format="svg", metadata=words, facecolor=figure.get_facecolor())
    return _plain(buffer.getvalue(), film, frame.caption).encode()


def _plain(svg: str, film: Film, caption: str) -> str:
    """matplotlib's style sheet as attributes of the root, and words for a screen reader."""
    from html import escape

    svg = re.sub(r"\s*<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    said = f"<title>{escape(film.title)}</title>\n <desc>{escape(caption)}</desc>"
    head = ' role="img" stroke-linejoin="round" stroke-linecap="butt">\n ' + said
    return re.sub(r"(<svg [^>]*?)>", lambda found: found[1] + head, svg, count=1)


def pdf_still(film: Film, k: int, theme: str, scale: float) -> bytes:
    """The frame `k` as a page; `scale` means nothing for vectors."""
    return pdf_pages(film, [k], theme)


def pdf_pages(film: Film, chosen: Sequence[int], theme: str) -> bytes:
    """A page for each chosen frame, all of one size."""
    buffer = io.BytesIO()
    words: dict[str, Any] = {"Title": film.title, "Subject": film.alt,
             "Keywords": comment_of(film), "Creator": "backviz"}  # fmt: skip
    date = source_date()
    words["CreationDate"] = None if date is None else datetime.fromtimestamp(date, UTC)
    indices = {film.index(k) for k in chosen}
    with mpl.rc_context(SETTINGS), PdfPages(buffer, metadata=words) as pages:
        for _, canvas, _ in stills(film, indices, theme, 1.0):
            with canvas.whole() as figure:
                pages.savefig(figure, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def strip(film: Film, count: int, theme: str, scale: float) -> bytes:
    """`count` frames, evenly spread, first and last among them, side by side in two rows."""
    chosen = sorted({round(q) for q in np.linspace(0, film.count - 1, max(1, count))})
    pictures = [c.pixels[..., :3].copy() for _, c, _ in stills(film, chosen, theme, scale)]
    rows = 1 if len(pictures) <= 3 else 2
    columns = -(-len(pictures) // rows)
    high, wide = pictures[0].shape[:2]
    step_y, step_x = high + STRIP_GAP, wide + STRIP_GAP
    sheet = np.full((rows * step_y - STRIP_GAP, columns * step_x - STRIP_GAP, 4), 128, np.uint8)
    sheet[..., 3] = 255
    if rows * columns > len(pictures):
        sheet[step_y:, (columns - 1) * step_x :, :3] = pictures[-1][0, 0]
    for i, picture in enumerate(pictures):
        y, x = i // columns * step_y, i % columns * step_x
        sheet[y : y + high, x : x + wide, :3] = picture
    return png(sheet, film.title, film.alt, comment_of(film), 96 * scale)


def sequence(reel: Reel) -> Iterator[bytes]:
    """A PNG for each frame."""
    for shot in reel.shots():
        yield png(shot.pixels, reel.title, shot.caption, reel.comment)


def comment_of(film: Film) -> str:
    """Name, command, seed and settings in one line of JSON."""
    import json

    return json.dumps(about(film), ensure_ascii=False, sort_keys=True)
