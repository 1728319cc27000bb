"""GIF with one palette for all frames; a frame holds only what differs from the last.

Invariant: no dithering and a global palette, so a still part has the same bytes in every
frame; PyAV's encoder then writes the rectangle that changed, the rest of it transparent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np

from backviz.movies.colors import Colors
from backviz.movies.pipe import describe, frames_of, pipe, rate_of
from backviz.movies.reel import Reel, Watch

HUNDREDTHS = 100  # of a second: GIF counts in them


def gif(reel: Reel, place: Path, watch: Watch, loop: bool) -> None:
    """Write a GIF that loops for ever, or plays once."""
    colors = Colors.of(reel.samples())
    look_up = colors.tracked()
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 0] = 255  # alpha comes first here
    palette[: len(colors.table), 1:] = colors.table

    def indexed(pixels: np.ndarray) -> av.VideoFrame:
        picture: Any = look_up(pixels), palette
        return av.VideoFrame.from_ndarray(picture, format="pal8")

    ticks = max(1, round(HUNDREDTHS / rate_of(reel)))  # the last picture stands as long as others
    options = {"loop": "0" if loop else "-1", "final_delay": str(ticks)}
    with av.open(str(place), "w", format="gif", options=options) as file:
        describe(file, reel)
        stream: Any = file.add_stream("gif", rate=HUNDREDTHS)
        stream.width, stream.height, stream.pix_fmt = reel.width, reel.height, "pal8"
        frames = frames_of(reel, watch, every=False, make=indexed)
        pipe(frames, file, stream, 1 / rate_of(reel))
