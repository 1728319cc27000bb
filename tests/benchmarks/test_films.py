"""Films against matplotlib's own way, with the same pictures and the same encoder.

The other side is `FuncAnimation.save` on the very figure that ours is drawn on, with a
writer over PyAV, so that neither needs an ffmpeg program. Ours makes 120 frames of
1280 × 720, and its figure as well. The other is given the figure and makes the first 16 of
them, since it is slow: what is compared is the time for a frame.
"""

import io
import statistics
import time

import av
import matplotlib as mpl
import numpy as np
import pytest
from interleaved import Ratio
from matplotlib.animation import AbstractMovieWriter, FuncAnimation, PillowWriter

from backviz.movies import save
from backviz.movies.canvas import Canvas
from backviz.movies.looks import film_style
from backviz.movies.video import CRF
from backviz.scenes.artists import Line, Points, Rule, Words
from backviz.scenes.model import Axis, Film, Frame, Panel

COUNT, PART = 120, 16


def curves(moving, count=COUNT):
    """Six panels of three curves, points and words; in `moving` of them all but a rule changes."""
    x = np.linspace(0, 10, 200)
    keys = [f"p{i}" for i in range(6)]

    def things(i, k):
        y = np.sin(x + 0.05 * k + i)
        return (
            Line("a", x, y, label="a", color=0),
            Line("b", x, 0.7 * y, label="b", color=1),
            Line("c", x, 0.4 * y, label="c", color=2),
            Points("tip", x[k % 200 : k % 200 + 1], y[k % 200 : k % 200 + 1], color=3),
            Words("k", 0.2, 1.2, f"frame {k}"),
        )

    def panel(i):
        still = () if i < moving else things(i, 0)
        return Panel(
            keys[i], Axis("step", 0, 10), Axis("value", -1.5, 1.5), title=f"layer {i}",
            place=(i // 3, i % 3, 1, 1), static=(Rule("zero", 0.0), *still),
        )  # fmt: skip

    def frames():
        for k in range(count):
            yield Frame(f"Frame {k} of {count}.", {keys[i]: things(i, k) for i in range(moving)})

    panels = tuple(map(panel, range(6)))
    return Film("Curves", panels, frames, count, (0, count // 2, -1), "Curves.", hold=0.0)


class AvWriter(AbstractMovieWriter):
    """matplotlib's pictures into the encoder that ours go to."""

    def setup(self, fig, outfile, dpi=None):
        super().setup(fig, outfile, dpi)
        self.file = av.open(str(outfile), "w", format="mp4", options={"movflags": "+faststart"})
        self.stream = self.file.add_stream("libx264", rate=int(self.fps))
        self.stream.width, self.stream.height, self.stream.pix_fmt = 1280, 720, "yuv420p"
        self.stream.options = {"preset": "veryfast", "crf": CRF}

    def grab_frame(self, **options):
        buffer = io.BytesIO()
        self.fig.savefig(buffer, format="rgba", dpi=self.dpi, **options)
        picture = np.frombuffer(buffer.getbuffer(), np.uint8).reshape(720, 1280, 4)
        frame = av.VideoFrame.from_ndarray(picture, format="rgba")
        self.file.mux(self.stream.encode(frame.reformat(format="yuv420p")))

    def finish(self):
        self.file.mux(self.stream.encode())
        self.file.close()


def their_way(film, place, writer):
    """Seconds for a frame by `FuncAnimation.save`: the figure is drawn for every frame."""
    states = film.states()
    canvas = Canvas(film, *next(states), film_style())

    def update(k):
        if k == 0:
            return
        frame, seen = next(states)
        canvas._say(frame)
        for panel, moving in canvas._moving.items():
            for key, (drawn, _) in moving.items():
                drawn.show(seen[panel][key])

    for piece in canvas.figure.findobj():
        piece.set_animated(False)  # all of it is drawn anew for each frame
    start = time.perf_counter()
    film_ = FuncAnimation(canvas.figure, update, frames=film.count, init_func=lambda: None)
    film_.save(place, writer=writer, dpi=96)
    return (time.perf_counter() - start) / film.count


def our_way(film, place):
    """Seconds for a frame, figure and all."""
    start = time.perf_counter()
    save(film, place)
    return (time.perf_counter() - start) / film.count


def in_turns(moving, mine, other, writer):
    """Ours is short and a busy moment would hide it: three turns around the other."""
    film, part = curves(moving), curves(moving, PART)
    spent = [our_way(film, mine)]
    theirs = their_way(part, str(other), writer)
    spent += [our_way(film, mine) for _ in range(2)]
    return statistics.median(spent), theirs


@pytest.fixture(autouse=True)
def warm(tmp_path):
    """Imports and fonts count for neither side."""
    short = curves(1, 2)
    save(short, tmp_path / "warm.mp4")
    save(short, tmp_path / "warm.gif")
    with mpl.rc_context(mpl.rcParamsDefault):
        yield


@pytest.mark.parametrize(
    ("moving", "limit"), [(2, 1 / 10), (6, 1 / 2.5)], ids=["a third changes", "all changes"]
)
def test_mp4(moving, limit, tmp_path, record_ratio, request):
    what, mine, other = request.node.callspec.id, tmp_path / "ours.mp4", tmp_path / "theirs.mp4"
    spent = in_turns(moving, mine, other, AvWriter(fps=12))
    record_ratio(Ratio(f"a frame of MP4, {what}, FuncAnimation", *spent, limit))


def test_gif(tmp_path, record_ratio):
    mine, other = tmp_path / "ours.gif", tmp_path / "theirs.gif"
    spent = in_turns(2, mine, other, PillowWriter(fps=12))
    record_ratio(Ratio("a frame of GIF, a third changes, PillowWriter", *spent, 1 / 15))
    save(curves(2, PART), mine)
    sizes = mine.stat().st_size, other.stat().st_size
    record_ratio(Ratio(f"size of a GIF of {PART} frames", *sizes, 1.0, unit="bytes"))
