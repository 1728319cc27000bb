"""Single frames, strips and pages: PNG, SVG and PDF.

Invariant: a PNG still has the very pixels of the film; SVG and PDF are vectors with
text in DejaVu Sans (as outlines in SVG, as an embedded TrueType font in PDF).
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_pdf import Op, PdfPages

from backviz.diagrams.style import Style
from backviz.movies.canvas import SETTINGS, Canvas, shown, stills
from backviz.movies.page import DPI
from backviz.movies.reel import about
from backviz.renderers.pdf import source_date
from backviz.renderers.pixels import packed
from backviz.scenes.model import Film, Frame

STRIP_GAP = 8


def png(pixels: np.ndarray, film: Film, alt: str, style: Style) -> bytes:
    """Pixels (height, width, 4) as PNG with the film's title, description and settings in it."""
    about = {"Title": film.title, "Description": alt, "Comment": comment_of(film),
             "Software": "backviz"}  # fmt: skip
    return packed(pixels, about, DPI * style.scale)


def png_still(film: Film, k: int, style: Style) -> bytes:
    """The frame `k` as PNG."""
    ((_, pixels, frame),) = pictures(film, style, {film.index(k)})
    return png(pixels, film, frame.caption, style)


def pictures(
    film: Film, style: Style, chosen: Collection[int] | None = None
) -> Iterator[tuple[Canvas, np.ndarray, Frame]]:
    """The canvas and its pixels at the chosen frames or at all; clear where nothing is, if asked.

    What is clear is what a black and a white page differ in.
    """

    def drawn(paper: str) -> Iterator[tuple[Canvas, Frame]]:
        if chosen is None:
            return shown(film, style, paper)
        return ((canvas, frame) for _, canvas, frame in stills(film, chosen, style, paper))

    if not style.transparent:
        for canvas, frame in drawn(""):
            yield canvas, canvas.pixels, frame
        return
    for (black, frame), (white, _) in zip(drawn("#000000"), drawn("#ffffff"), strict=True):
        yield black, _cleared(black.pixels, white.pixels), frame


def _cleared(black: np.ndarray, white: np.ndarray) -> np.ndarray:
    """The picture (height, width, 4) that gives these two on black and on white paper."""
    ink, light = (page[..., :3].astype(float) for page in (black, white))
    cover = np.clip(255.0 - (light - ink).max(axis=-1, keepdims=True), 0, 255)
    with np.errstate(divide="ignore", invalid="ignore"):
        colors = np.where(cover > 0, 255.0 * ink / cover, 0.0)
    whole = np.concatenate((np.clip(colors, 0, 255), cover), axis=-1)
    return np.asarray(np.round(whole), np.uint8)


def svg_still(film: Film, k: int, style: Style) -> bytes:
    """The frame `k` as SVG without style sheets, as large as its place."""
    paper = "none" if style.transparent else ""
    ((_, canvas, frame),) = stills(film, {film.index(k)}, style, paper)
    buffer = io.StringIO()
    words = {"Title": film.title, "Description": frame.caption, "Creator": "backviz",
             "Source": comment_of(film), "Date": None}  # fmt: skip
    with mpl.rc_context(SETTINGS), canvas.whole() as figure:
        figure.savefig(buffer, format="svg", metadata=words, facecolor=figure.get_facecolor())
    return _plain(_sized(buffer.getvalue(), canvas.page.zoom), film, frame.caption).encode()


def _sized(svg: str, zoom: float) -> str:
    """The root's width and height, so many times as large; the view box stays."""
    if zoom == 1.0:
        return svg

    def larger(found: re.Match[str]) -> str:
        return f'{found[1]}="{zoom * float(found[2]):.4f}pt"'

    head, rest = svg[: svg.index("<svg ") + 400], svg[svg.index("<svg ") + 400 :]
    return re.sub(r'\b(width|height)="([\d.]+)pt"', larger, head) + rest


def _plain(svg: str, film: Film, caption: str) -> str:
    """matplotlib's style sheet as attributes of the root, and words for a screen reader."""
    from html import escape

    svg = re.sub(r"\s*<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    said = f"<title>{escape(film.title)}</title>\n <desc>{escape(caption)}</desc>"
    head = ' role="img" stroke-linejoin="round" stroke-linecap="butt">\n ' + said
    return re.sub(r"(<svg [^>]*?)>", lambda found: found[1] + head, svg, count=1)


def pdf_still(film: Film, k: int, style: Style) -> bytes:
    """The frame `k` as a page; `scale` means nothing for vectors."""
    return pdf_pages(film, [k], style)


def pdf_pages(film: Film, chosen: Sequence[int], style: Style) -> bytes:
    """A page for each chosen frame, all of one size."""
    buffer = io.BytesIO()
    words: dict[str, Any] = {"Title": film.title, "Subject": film.alt,
             "Keywords": comment_of(film), "Creator": "backviz"}  # fmt: skip
    date = source_date()
    words["CreationDate"] = None if date is None else datetime.fromtimestamp(date, UTC)
    indices, paper = {film.index(k) for k in chosen}, "none" if style.transparent else ""
    with mpl.rc_context(SETTINGS), PdfPages(buffer, metadata=words) as pages:
        for _, canvas, _ in stills(film, indices, replace(style, scale=1.0), paper):
            _zoom_pages(pages, canvas.page.zoom)
            with canvas.whole() as figure:
                pages.savefig(figure, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def _zoom_pages(pages: PdfPages, zoom: float) -> None:
    """Make the next pages so many times as large as their figures.

    matplotlib has no option for it: a page begins with the matrix that does it.
    """
    if zoom == 1.0:
        return
    of_pages: Any = pages  # it has no types
    file = of_pages._ensure_file()

    def begin(width: float, height: float) -> None:
        type(file).newPage(file, width * zoom, height * zoom)
        file.output(zoom, 0, 0, zoom, 0, 0, Op.concat_matrix)

    file.newPage = begin


def strip(film: Film, count: int, style: Style) -> bytes:
    """`count` frames, evenly spread, first and last among them, side by side in two rows."""
    chosen = sorted({round(q) for q in np.linspace(0, film.count - 1, max(1, count))})
    made = [pixels.copy() for _, pixels, _ in pictures(film, style, chosen)]
    rows = 1 if len(made) <= 3 else 2
    columns = -(-len(made) // rows)
    high, wide = made[0].shape[:2]
    step_y, step_x = high + STRIP_GAP, wide + STRIP_GAP
    sheet = np.full((rows * step_y - STRIP_GAP, columns * step_x - STRIP_GAP, 4), 128, np.uint8)
    sheet[..., 3] = 255
    if rows * columns > len(made):
        sheet[step_y:, (columns - 1) * step_x :] = made[-1][0, 0]
    for i, picture in enumerate(made):
        y, x = i // columns * step_y, i % columns * step_x
        sheet[y : y + high, x : x + wide] = picture
    return png(sheet, film, film.alt, style)


def sequence(film: Film, style: Style) -> Iterator[bytes]:
    """A PNG for each frame."""
    for _, pixels, frame in pictures(film, style):
        yield png(pixels, film, frame.caption, style)


def comment_of(film: Film) -> str:
    """Name, command, seed and settings in one line of JSON."""
    import json

    return json.dumps(about(film), ensure_ascii=False, sort_keys=True)
