"""A figure, or a step of it, as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backviz.diagrams.theme import INCH
from backviz.errors import UsageError
from backviz.language import _
from backviz.renderers.pixels import Paper, packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backviz.diagrams.model import Moment
    from backviz.diagrams.picture import Picture
    from backviz.diagrams.steps import Steps

MAX_PIXELS = 120_000_000
LARGE = 8_000_000  # pixels above which packing tight would take most of the time


def png(figure: Picture) -> bytes:
    """The figure as PNG, `scale` pixels to the point."""
    drawing, scale = figure.drawing, figure.style.scale
    wide, high = (max(1, round(n * scale)) for n in (drawing.width, drawing.height))
    if wide * high > MAX_PIXELS:
        raise UsageError(
            _(
                "a picture of {wide:,} × {high:,} pixels is too large; use a smaller "
                "--scale, --fold names, or a vector format (svg, pdf)",
                wide=wide,
                high=high,
            )
        )
    pixels = Paper(wide, high, scale, drawing.background).draw(drawing.marks())
    return packed(pixels, drawing.about, INCH * scale, 1 if wide * high > LARGE else 6)


def png_pages(steps: Steps) -> Iterator[bytes]:
    """A PNG for each step."""
    return (png_page(steps, moment) for moment in steps.moments)


def png_page(steps: Steps, moment: Moment) -> bytes:
    """The PNG of one step."""
    return png(steps.figure_at(moment))
