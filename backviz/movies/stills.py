"""Single frames, strips and pages: PNG, SVG and PDF.

Invariant: a PNG still has the very pixels of the film; for SVG and PDF a frame becomes a page of
marks, which the writers of pictures write: the same profile, words and fonts as theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import matplotlib as mpl
import numpy as np

from backviz.diagrams.drawing import About, Drawing, Mark, Part
from backviz.diagrams.style import Style
from backviz.diagrams.theme import INCH
from backviz.movies.canvas import SETTINGS, Canvas, shown, stills
from backviz.movies.page import DPI
from backviz.movies.reel import about
from backviz.renderers.pixels import packed
from backviz.scenes.model import Film, Frame

STRIP_GAP = 8


def png(pixels: np.ndarray, film: Film, alt: str, style: Style) -> bytes:
    """Pixels (height, width, 4) as PNG with the film's title, description and settings in it."""
    about = About(film.title, alt, style.lang, comment_of(film))
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
    """The frame `k` as SVG, as large as its place; `scale` means nothing for vectors."""
    from backviz.renderers.svg import svg_document

    ((_parts, drawing),) = drawings(film, {film.index(k)}, style)
    return svg_document(drawing).encode()


def pdf_still(film: Film, k: int, style: Style) -> bytes:
    """The frame `k` as a page."""
    return pdf_pages(film, [k], style)


def pdf_pages(film: Film, chosen: Sequence[int], style: Style) -> bytes:
    """A page for each chosen frame, all of one size."""
    from backviz.renderers.pdf import pdf_document

    made = [*drawings(film, {film.index(k) for k in chosen}, style)]
    pages = [(drawing.description, parts) for parts, drawing in made]
    return pdf_document(replace(made[0][1], description=film.alt), pages, style)


def drawings(
    film: Film, chosen: Collection[int], style: Style
) -> Iterator[tuple[tuple[Part, ...], Drawing]]:
    """The chosen frames as pages of marks, each with its parts; what pages share is one part."""
    from backviz.movies.vectors import marks_of

    style = replace(style, scale=1.0)
    known: dict[tuple[Mark, ...], Part] = {}
    for _, canvas, frame in stills(film, chosen, style, "none" if style.transparent else ""):
        with mpl.rc_context(SETTINGS):
            parts = marks_of(canvas, known)
        wide, high = (INCH / DPI * n for n in canvas.size)
        yield parts, Drawing(
            wide, high, "", parts, film.title, frame.caption, lang=style.lang,
            source=comment_of(film),
        )  # fmt: skip


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
