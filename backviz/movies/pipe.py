"""Frames into a PyAV stream, one at a time, while the next is being drawn.

Invariant: at most two frames exist at once, and an error or an interrupt on either side
ends both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

from backviz.movies.reel import Reel, Watch


@dataclass(frozen=True, slots=True)
class Timed:
    """A frame of PyAV and the times at which it is encoded, in ticks of the stream."""

    frame: av.VideoFrame
    times: tuple[int, ...]


def rate_of(reel: Reel) -> Fraction:
    """Frames per second as a fraction that containers can write."""
    return Fraction(reel.fps).limit_denominator(1001)


def describe(file: Any, reel: Reel) -> None:
    """Write title, settings and description into the file."""
    file.metadata.update(title=reel.title, comment=reel.comment, description=reel.alt)


def colored(**convert: Any) -> Callable[[np.ndarray], av.VideoFrame]:
    """What makes a frame of its own from pixels (height, width, 4), `reformat`ted this way.

    The pixels are read where they are and not kept: the next picture is drawn on them.
    """

    def make(pixels: np.ndarray) -> av.VideoFrame:
        return av.VideoFrame.from_numpy_buffer(pixels, format="rgba").reformat(**convert)

    return make


def frames_of(
    reel: Reel,
    watch: Watch,
    *,
    every: bool,
    make: Callable[[np.ndarray], av.VideoFrame],
) -> Iterator[Timed]:
    """Every shot as a frame at `every` tick that it stands for, or at its first alone.

    The last one then comes at its last tick again, so that it has an end.
    """
    at = 0
    for k, shot in enumerate(reel.shots()):
        ticks = range(at, at + shot.frames)
        ends = ticks[:1] if k < reel.count - 1 else ticks[:: max(1, len(ticks) - 1)]
        times = tuple(ticks if every else ends)
        yield Timed(make(shot.pixels), times)
        at += shot.frames
        watch(k + 1)


def pipe(frames: Iterable[Timed], file: Any, stream: Any, tick: Fraction) -> None:
    """Encode the frames on a thread of its own."""

    def encode(timed: Timed) -> None:
        for time in timed.times:
            timed.frame.pts, timed.frame.time_base = time, tick
            file.mux(stream.encode(timed.frame))

    with ThreadPoolExecutor(1) as pool:
        pending: Future[None] | None = None
        for timed in frames:
            if pending is not None:
                pending.result()
            pending = pool.submit(encode, timed)
        if pending is not None:
            pending.result()
    file.mux(stream.encode())
