"""A film as one HTML file with keys, buttons and a slider; it needs nothing else.

Invariant: every frame is the first picture with a transparent picture over it that holds
what differs, so any frame can be shown at once; under 5 MB. With reduced motion asked
for, nothing moves until a person says so.
"""

from __future__ import annotations

import base64
import io
import json
import re
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

from backviz.diagrams.theme import THEMES
from backviz.errors import InputError
from backviz.language import N_, _
from backviz.movies.colors import Colors
from backviz.movies.reel import Reel, Watch
from backviz.words import LANGUAGES

MOST_BYTES = 5_000_000
CLEAR = 255
WORDS = {  # of the controls
    "play": N_("Play"),
    "pause": N_("Pause"),
    "back": N_("Previous frame"),
    "next": N_("Next frame"),
    "frame": N_("Frame"),
    "toggle": N_("Play or pause (space)"),
}


def html(reel: Reel, place: Path, watch: Watch, loop: bool, autoplay: bool = True) -> None:
    """Write the page; raises `InputError` if it would be larger than 5 MB."""
    place.write_bytes(page(reel, watch, loop, autoplay))


def page(reel: Reel, watch: Watch, loop: bool, autoplay: bool) -> bytes:
    """The page as bytes."""
    colors = Colors.of(reel.samples())
    look_up = colors.tracked()
    over, captions, frames = [], [], []
    base, first, size = "", np.zeros((0, 0), np.uint8), 0
    for k, shot in enumerate(reel.shots()):
        entries = look_up(shot.pixels)
        if k == 0:
            first, base = entries.copy(), _png(entries, colors)
        over.append(_png(np.where(entries == first, CLEAR, entries).astype(np.uint8), colors))
        captions.append(shot.caption)
        frames.append(shot.frames)
        size += len(over[-1])
        if size > MOST_BYTES - 50_000:
            raise InputError(
                _(
                    "the page would be larger than {n} MB after {n2} of {count} frames; make a "
                    "film (mp4, webp), or fewer or smaller frames",
                    n=MOST_BYTES // 1_000_000,
                    n2=k + 1,
                    count=reel.count,
                )
            )
        watch(k + 1)
    film = {"base": base, "over": over, "captions": captions, "frames": frames, "fps": reel.fps,
            "loop": loop, "autoplay": autoplay}  # fmt: skip
    say = LANGUAGES[reel.lang].gettext
    words = {name: say(sentence) for name, sentence in WORDS.items()}
    film["words"] = words
    theme = THEMES[reel.theme]
    told = {
        **{name: escape(word) for name, word in words.items()}, "lang": reel.lang,
        "title": escape(reel.title), "alt": escape(reel.alt), "comment": escape(reel.comment),
        "scheme": "dark" if theme.is_dark else "light", "paper": theme.background,
        "ink": theme.ink, "box": theme.box, "border": theme.border, "forward": theme.forward,
        "width": str(reel.width), "height": str(reel.height),
        "film": json.dumps(film, ensure_ascii=False).replace("</", "<\\/"),
    }  # fmt: skip
    template = files(__package__).joinpath("scrubber.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: told[found[1]], template).encode()


def _png(entries: np.ndarray, colors: Colors) -> str:
    """A picture of palette entries as a data address; the entry 255 is clear."""
    image = Image.fromarray(entries).convert("P")
    image.putpalette(colors.table.tobytes().ljust(3 * 256, b"\0"))
    buffer = io.BytesIO()
    image.save(buffer, "png", transparency=CLEAR, compress_level=6)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
