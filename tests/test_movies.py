"""Films are drawn as they should be: redrawing a part gives what drawing all gives."""

import io

import numpy as np
import pytest
from film_samples import every_kind, graph_film
from matplotlib.text import Text

from backviz import scenes
from backviz.diagrams.theme import THEMES
from backviz.movies.canvas import Canvas, shown
from backviz.movies.drawn import MAKERS
from backviz.movies.palette import SERIES, Palette
from backviz.scenes import artists as kinds
from backviz.scenes.artist import Artist
from backviz.scenes.model import Film, Frame, Panel


def pictures(film, **options):
    given = {"theme": "light", "scale": 0.5, **options}
    return [canvas.pixels.copy() for canvas, _ in shown(film, **given)]


def test_every_kind_of_artist_has_a_drawing():
    listed = {k for k in vars(kinds).values() if isinstance(k, type) and issubclass(k, Artist)}
    assert set(MAKERS) == listed - {Artist}


@pytest.mark.parametrize("film", [every_kind(), graph_film()], ids=["every kind", "graph"])
def test_a_frame_looks_the_same_whatever_was_shown_before(film):
    """Redrawing what changes gives the pixels of a page that is drawn anew."""
    running = pictures(film)
    for k in (0, film.count // 2, film.count - 1):
        canvas = Canvas(film, *next(film.states()), "light", 0.5)
        canvas.show(*film.at(k))
        assert np.array_equal(canvas.pixels, running[k])
    assert not np.array_equal(running[0], running[-1])


def test_redrawing_a_part_agrees_with_matplotlib_drawing_all():
    film = scenes.tangent(frames=5)
    for canvas, _ in shown(film, "light", 1.0):
        pixels = canvas.pixels.astype(int)
        with canvas.whole() as figure:
            buffer = io.BytesIO()
            figure.savefig(buffer, format="rgba", dpi=96)
        whole = np.frombuffer(buffer.getvalue(), np.uint8).reshape(720, 1280, 4).astype(int)
        assert np.abs(pixels - whole).max(axis=-1).astype(bool).mean() < 1e-3


def test_nothing_is_left_behind_when_everything_goes():
    frames = [
        Frame(
            "Here.",
            {
                "p": [
                    kinds.Points("a", [0.5], [0.5]),
                    kinds.Words("w", 0.9, 0.99, "so wide and high"),
                ]
            },
        ),
        Frame("Gone.", {"p": [kinds.Points("a", [], []), kinds.Words("w", 0.9, 0.99, "")]}),
    ]
    empty = [Frame("Here.", {}), Frame("Gone.", {})]
    made = [Film("f", (Panel("p"),), lambda f=f: f, 2, (0,), "") for f in (frames, empty)]
    (first, last), (never, nothing) = map(pictures, made)
    assert np.array_equal(last, nothing) and not np.array_equal(first, never)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_curve_is_where_its_numbers_are(theme):
    """The slope read off the pixels is the slope that was computed."""
    film = scenes.tangent(frames=5)
    (canvas, _), *_ = shown(film, theme, 1.0)
    ax = canvas._axes["curve"]
    colour = Palette(THEMES[theme]).color("forward")
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    for x in (-1.0, 0.5, 1.5):
        column, row = ax.transData.transform((x, x * x))
        near = canvas.pixels[719 - int(row) - 3 : 719 - int(row) + 4, int(column), :3]
        assert (np.abs(near.astype(int) - wanted).max(axis=-1) < 40).any()


def test_everything_to_be_read_has_18_points():
    film = every_kind()
    canvas = Canvas(film, *film.at(0), "light", 1.0)
    with canvas.whole() as figure:
        hidden = {t for ax in figure.axes if not ax.axison for t in (ax.xaxis, ax.yaxis)}
        hidden = {text for axis in hidden for text in axis.findobj(Text)}
        texts = [t for t in figure.findobj(Text) if t.get_text() and t not in hidden]
    small = {t.get_text() for t in texts if t.get_fontsize() < 18}
    assert small == {"backviz"}
    assert len(texts) > 30


def contrast(one, other):
    def light(colour):
        c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", list(SERIES))
def test_series_stand_out_from_the_paper_and_never_by_colour_alone(theme):
    paper = THEMES[theme].background
    assert min(contrast(c, paper) for c in SERIES[theme]) >= 3
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # as published
    palette = Palette(THEMES[theme])
    looks = [(palette.marker("", i), str(palette.dash("", i))) for i in range(8)]
    assert len({m for m, _ in looks}) == len({d for _, d in looks}) == 8
