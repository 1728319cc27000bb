"""H.264 and animated WebP through PyAV.

Invariant: an MP4 plays everywhere: yuv420p, even sizes, a constant frame rate, its index
at the front.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from backviz.errors import MissingPieceError
from backviz.language import _
from backviz.movies.pipe import Timed, colored, describe, frames_of, pipe, rate_of
from backviz.movies.reel import Reel, Watch

CRF = "20"
CODECS = ("libx264", "libopenh264")  # what builds of PyAV bring, best first


def mp4(reel: Reel, place: Path, watch: Watch, loop: bool) -> None:
    """Write a silent H.264 film; whether it loops is up to the player."""
    codec, rate = _h264(), rate_of(reel)
    with av.open(str(place), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        describe(file, reel)
        stream: Any = file.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = reel.width, reel.height, "yuv420p"
        context = stream.codec_context
        context.color_range, context.colorspace = 1, 1  # limited and BT.709, as players assume
        context.color_primaries, context.color_trc = 1, 1
        # one thread: slices of a frame depend on how many cores there are, and on who is first
        context.thread_count = 1
        if codec == "libx264":
            stream.options = {"preset": "veryfast", "crf": CRF}
        else:
            stream.bit_rate = 4_000_000
        make = colored(format="yuv420p", dst_colorspace="ITU709")
        pipe(frames_of(reel, watch, every=True, make=make), file, stream, 1 / rate)


def webp(reel: Reel, place: Path, watch: Watch, loop: bool) -> None:
    """Write an animated WebP."""
    rate = rate_of(reel)
    options = {"loop": "0" if loop else "1"}
    with av.open(str(place), "w", format="webp", options=options) as file:
        describe(file, reel)
        stream: Any = file.add_stream("libwebp_anim", rate=1000)  # WebP counts milliseconds
        stream.width, stream.height, stream.pix_fmt = reel.width, reel.height, "bgra"
        stream.options = {"quality": "85", "compression_level": "2"}
        frames = frames_of(reel, watch, every=False, make=colored(format="bgra"))
        pipe(_ended(frames, reel, rate), file, stream, Fraction(1, 1000))


def _ended(frames: Iterable[Timed], reel: Reel, rate: Fraction) -> Iterator[Timed]:
    """The frames in milliseconds, the end where it should be.

    The encoder gives the last picture the mean time of those before it, so the repeated
    one comes that much earlier.
    """
    for timed in frames:
        first, *more = (round(1000 * tick / rate) for tick in timed.times)
        if more:
            whole = 1000 * (timed.times[-1] + 1) / rate
            more = [max(first + 1, round(whole * reel.count / (reel.count + 1)))]
        yield Timed(timed.frame, (first, *more))


def _h264() -> str:
    for name in CODECS:
        if name in av.codecs_available:
            return name
    raise MissingPieceError(
        _("the format mp4 needs an H.264 encoder, which this PyAV lacks; pip install --upgrade av")
    )
