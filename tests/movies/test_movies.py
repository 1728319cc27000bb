"""Films are drawn as they should be: redrawing a part gives what drawing all gives."""

import io
import re

import numpy as np
import pytest
from film_lint import objections, texts
from film_samples import every_kind, graph_film
from quick import one_in

from backviz import scenes
from backviz.diagrams.theme import THEMES
from backviz.movies.canvas import Canvas, shown
from backviz.movies.drawn import MAKERS
from backviz.movies.looks import film_style
from backviz.movies.page import ORIGINS, fitted, origin_of
from backviz.movies.palette import Palette
from backviz.scenes import SCENES
from backviz.scenes import artists as kinds
from backviz.scenes.artist import Artist
from backviz.scenes.model import Axis, Film, Frame, Panel


def pictures(film, **options):
    given = {"scale": 0.5, **options}
    return [canvas.pixels.copy() for canvas, _ in shown(film, film_style(**given))]


def test_every_kind_of_artist_has_a_drawing():
    listed = {k for k in vars(kinds).values() if isinstance(k, type) and issubclass(k, Artist)}
    assert set(MAKERS) == {kind.__name__ for kind in listed - {Artist}}


@pytest.mark.parametrize(
    "film", one_in(2, [graph_film(), every_kind()]), ids=["graph", "every kind"]
)
def test_a_frame_looks_the_same_whatever_was_shown_before(film):
    """Redrawing what changes gives the pixels of a page that is drawn anew."""
    running = pictures(film)
    for k in (0, film.count // 2, film.count - 1):
        canvas = Canvas(film, *next(film.states()), film_style(scale=0.5))
        canvas.show(*film.at(k))
        assert np.array_equal(canvas.pixels, running[k])
    assert not np.array_equal(running[0], running[-1])


def test_redrawing_a_part_agrees_with_matplotlib_drawing_all():
    film = scenes.tangent(frames=5)
    for canvas, _ in shown(film, film_style()):
        pixels = canvas.pixels.astype(int)
        moving = [piece for piece in canvas.figure.findobj() if piece.get_animated()]
        for piece in moving:
            piece.set_animated(False)
        buffer = io.BytesIO()
        canvas.figure.savefig(buffer, format="rgba", dpi=96)
        for piece in moving:
            piece.set_animated(True)
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


def test_contour_lines_below_0_are_no_dashes():
    """Dashes tell series apart; matplotlib would dash negative heights."""
    grid = np.linspace(-2.0, 0.0, 9)
    sheet = kinds.Contours("a", grid, grid, np.add.outer(grid, grid), np.array([-3.0, -2.0, -1.0]))
    film = Film("f", (Panel("p", Axis("x", -2, 0), Axis("y", -2, 0), static=(sheet,)),),
                lambda: [Frame("One.", {})], 1, (0,), "")  # fmt: skip
    lines = Canvas(film, *film.at(0), film_style(scale=0.5))._axes["p"].collections[-1]
    assert {dash for _, dash in lines.get_linestyles()} == {None}


LINE = np.linspace(0.0, 1.0, 5)
REMADE = {
    "arrows": lambda k: kinds.Arrows("a", [0.2 + 0.3 * k], [0.5], [0.2], [0.3]),
    "contours": lambda k: kinds.Contours("a", LINE, LINE, np.add.outer(LINE, k * LINE), LINE * 2),
}


@pytest.mark.parametrize("kind", REMADE)
def test_what_is_made_anew_leaves_no_ghost(kind):
    """The first frame's pieces are not a part of what stays."""

    def film(order):
        frames = [Frame("Same.", {"p": [REMADE[kind](k)]}) for k in order]
        return Film("f", (Panel("p"),), lambda: frames, len(order), (0,), "")

    assert np.array_equal(pictures(film((0, 1)))[1], pictures(film((1,)))[0])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_curve_is_where_its_numbers_are(theme):
    """The slope read off the pixels is the slope that was computed."""
    film = scenes.tangent(frames=5)
    (canvas, _), *_ = shown(film, film_style(theme=theme))
    ax = canvas._axes["curve"]
    colour = Palette(THEMES[theme]).color("forward")
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    for x in (-1.0, 0.5, 1.5):
        column, row = ax.transData.transform((x, x * x))
        near = canvas.pixels[719 - int(row) - 3 : 719 - int(row) + 4, int(column), :3]
        assert (np.abs(near.astype(int) - wanted).max(axis=-1) < 40).any()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SCENES))
def test_every_scene_is_drawn_without_a_fault(name):
    """First and last frame in both themes: no warning, all text whole, apart, and large."""
    film = SCENES[name]()
    light = dark = None
    for k, (frame, seen) in enumerate(film.states()):  # computed once for both themes
        if k == 0:
            light, dark = (
                Canvas(film, frame, seen, film_style()),
                Canvas(film, frame, seen, film_style(theme="dark")),
            )
        elif k == film.count - 1:
            light.show(frame, seen)
            dark.show(frame, seen)
        if k in (0, film.count - 1):  # the themes differ in colours alone
            assert list(objections(light)) == []
            for canvas in (light, dark):
                pixels = canvas.pixels[::3, ::3, :3].reshape(-1, 3).astype(int)
                assert np.unique(pixels @ (1, 256, 65536)).size > 8


def test_the_judge_of_pages_finds_faults():
    words = [
        kinds.Words("a", 0.2, 0.5, "one upon"), kinds.Words("b", 0.22, 0.5, "the other"),
        kinds.Words("c", 0.99, 0.9, "over the edge of the page"),
        kinds.Words("d", 0.2, 0.2, "too small", size=12.0),
    ]  # fmt: skip
    film = Film("Faults", (Panel("p"),), lambda: [Frame("One.", {"p": words})], 1, (0,), "")
    found = " ".join(objections(Canvas(film, *film.at(0), film_style())))
    assert "'one upon' and 'the other' overlap" in found
    assert "leaves the page" in found and "has 12 points" in found
    assert found.count("overlap") == 1 and found.count("leaves") == 1


def test_everything_to_be_read_has_18_points():
    film = every_kind()
    canvas = Canvas(film, *film.at(0), film_style())
    sizes = {said: size for said, size, _ in texts(canvas)}
    assert {said for said, size in sizes.items() if size < 18} == {"backviz"}
    assert len(sizes) > 30


def ticks(axis):
    """What is printed along the y axis of a panel."""
    film = Film("f", (Panel("p", Axis("x", 0, 1), axis),), lambda: [Frame("a", {})], 1, (0,), "")
    canvas = Canvas(film, *film.at(0), film_style())
    seen = [t.label1 for t in canvas._axes["p"].yaxis._update_ticks()]
    return [t.get_text() for t in seen]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    one_in(
        2,
        [
            (0.09, 1.1, ["0.1", "0.2", "0.5", "1"]),
            (0.3, 0.7, ["0.5"]),
            (0.5, 3.0, ["0.5", "1", "2"]),
            (1e-5, 3e-5, [r"$1\cdot 10^{-5}$", r"$2\cdot 10^{-5}$"]),
            (1e-20, 1e20, ["-20", "-10", "0", "10", "20"]),
            (1e-3, 1e3, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        ],
    ),
)
def test_a_log_axis_has_ticks_to_read(low, high, said):
    found = ticks(Axis("loss", low, high, log=True))
    assert 2 <= len(found) <= 6
    powers = [re.search(r"10\^\{(-?\d+)\}\}\$$", text) for text in found]
    plain = [p[1] if p else text for p, text in zip(powers, found, strict=True)]
    if len(said) > 1:
        assert set(plain) <= set(said) and len(plain) >= len(said) // 2


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1e8, 3e8, ["10⁸", "1.5·10⁸", "2·10⁸", "2.5·10⁸", "3·10⁸"]),
        (1000.001, 1000.005, [f"1000.00{k}" for k in range(1, 6)]),
        (0.0, 1e-6, ["0", "2·10⁻⁷", "4·10⁻⁷", "6·10⁻⁷", "8·10⁻⁷", "10⁻⁶"]),
        (-2.0, 2.0, ["−2", "−1", "0", "1", "2"]),
    ],
)
def test_a_plain_axis_has_whole_numbers_and_nothing_in_a_corner(low, high, said):
    assert ticks(Axis("loss", low, high)) == said


@pytest.mark.parametrize("given", [(), tuple(range(0, 5001, 1000))])
def test_wide_numbers_along_an_axis_stand_clear(given):
    x = Axis("step", 0, 5000, ticks=given) if given else Axis("x", -0.001, 0.001)
    panels = tuple(Panel(f"p{i}", x, Axis("y", 0, 1), place=(0, i, 1, 1)) for i in range(4))
    film = Film("Narrow", panels, lambda: [Frame("One.", {})], 1, (0,), "")
    canvas = Canvas(film, *film.at(0), film_style())
    assert list(objections(canvas)) == []
    assert len(canvas._axes["p0"].get_xticks()) >= 2


@pytest.mark.parametrize("where", ["right", "below"])
def test_a_legend_outside_touches_nothing_and_narrows_its_own_panel_alone(where):
    def made(legend):
        lines = tuple(kinds.Line(k, [0, 1], [0, 1], label=f"the line {k}") for k in "abc")
        panels = tuple(
            Panel(f"p{i}", Axis("step", 0, 1), Axis("value", 0, 1), place=(i, 0, 1, 1),
                  legend=legend if i == 1 else "", static=lines)
            for i in range(2)
        )  # fmt: skip
        film = Film("Low panels", panels, lambda: [Frame("One.", {})], 1, (0,), "")
        canvas = Canvas(film, *film.at(0), film_style())
        assert list(objections(canvas)) == []
        return {k: ax.get_window_extent() for k, ax in canvas._axes.items()}

    without, with_ = made(""), made(where)
    assert without["p0"].bounds == with_["p0"].bounds
    shrunk = "width" if where == "right" else "height"
    assert getattr(with_["p1"], shrunk) < getattr(without["p1"], shrunk)


def test_a_long_command_is_whole_in_the_corner():
    film = scenes.optimizers()
    size, lines = fitted(origin_of(film), ORIGINS, most=2)
    assert " ".join(lines) == origin_of(film) and len(lines) == 2 and size in ORIGINS


def luminance(colors):
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize("theme", [t for t in THEMES if t != "print"])  # grey has no two sides
def test_ink_is_seen_on_the_middle_of_a_diverging_map(theme):
    palette = Palette.of(theme)
    ink = np.array([int(palette.color("ink")[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    shades = luminance(palette.colormap("diverging")(np.linspace(0, 1, 65))[:, :3])
    low, high = np.minimum(shades, luminance(ink)), np.maximum(shades, luminance(ink))
    contrasts = (high + 0.05) / (low + 0.05)
    assert contrasts[16:49].min() >= 3 and contrasts[32] >= 7
    away = np.abs(shades - shades[32])  # the further from 0, the further from its shade
    assert (np.diff(away[32:]) > -1e-3).all() and (np.diff(away[32::-1]) > -1e-3).all()


def contrast(one, other):
    light = [luminance(np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) / 255)
             for c in (one, other)]  # fmt: skip
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("theme", list(THEMES))
def test_series_stand_out_from_the_paper_and_never_by_colour_alone(theme):
    paper = THEMES[theme].background
    assert min(contrast(c, paper) for c in Palette.of(theme).theme.series) >= 3
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # as published
    palette = Palette.of(theme)
    looks = [(palette.marker("", i), str(palette.dash("", i))) for i in range(8)]
    assert len({m for m, _ in looks}) == len({d for _, d in looks}) == 8
    lines = {(palette.color(i), str(palette.dash("", i))) for i in range(12)}  # of twelve, two
    assert len(lines) == len({palette.marker("", i) for i in range(12)}) == 12  # share no look


@pytest.mark.slow
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_a_page_of_another_size_is_arranged_alike(scale):
    film = scenes.overshoot(steps=3)
    first = next(film.states())
    made = [Canvas(film, *first, film_style(scale=s)) for s in (1.0, scale)]
    for usual, other in zip(*(canvas.figure.axes for canvas in made), strict=True):
        assert (
            np.abs(usual.get_position().bounds - np.array(other.get_position().bounds)).max() < 0.01
        )


def test_the_command_leaves_out_a_file_that_nobody_named():
    command = origin_of(scenes.line_fit())
    assert "--data" not in command and "--steps 40" in command
    assert "--against ''" in origin_of(scenes.input_drift(against="", steps=2))  # not its default
