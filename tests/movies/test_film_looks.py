"""Films in every theme, size and language of numbers, with and without their words."""

from dataclasses import replace

import numpy as np
import pytest
from command_line import call
from film_lint import objections, texts
from film_samples import every_kind
from quick import deep, one_in

from backviz import scenes
from backviz.diagrams.theme import PRESETS, THEMES, contrast
from backviz.errors import UsageError
from backviz.movies.canvas import Canvas, states, stills
from backviz.movies.derived import derived
from backviz.movies.looks import film_style
from backviz.movies.page import origin_of
from backviz.scenes import SCENES


@pytest.fixture
def sepia():
    """A theme that names no colours for films, registered for one test."""
    plain = {"series": (), "diverging": (), "sequential": (), "heights": ()}
    theme = replace(
        THEMES["light"], name="sepia", background="#fbf3e4", forward="#1b5e7a", gradient="#a03c00",
        **plain,
    )  # fmt: skip
    with THEMES.temporarily({"sepia": theme}):
        yield theme


def pixels(png):
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def test_a_theme_of_ones_own_is_one_of_films(sepia, tmp_path):
    film = scenes.tangent(frames=3)
    made = pixels(film.save(tmp_path / "t.png", theme="sepia").read_bytes())
    assert made[0, 0, :3].tolist() == [0xFB, 0xF3, 0xE4]
    assert derived(sepia).series[:2] == (sepia.forward, sepia.gradient)


@pytest.mark.parametrize("theme", one_in(4, THEMES))
def test_every_theme_draws_every_kind(theme):
    made = pixels(every_kind(3).still(-1, theme=theme))
    colours = np.unique(made[::3, ::3, :3].reshape(-1, 3).astype(int) @ (1, 256, 65536))
    assert colours.size > 20


def test_colours_follow_the_theme(sepia):
    grey = derived(THEMES["print"])
    for shade in (*grey.series, *grey.diverging, *grey.sequential, *grey.heights):
        assert shade[1:3] == shade[3:5] == shade[5:7]
    assert len(set(grey.series)) == 8
    assert min(contrast(c, sepia.background) for c in derived(sepia).series) >= 3
    strong = THEMES["contrast"]
    assert min(contrast(c, strong.background) for c in derived(strong).series) >= 7
    assert derived(THEMES["light"]) == THEMES["light"]


def page(film, k=0, **looks):
    return Canvas(film, *film.at(k), film_style(**looks))


def said(canvas):
    return " ".join(text for text, *_ in texts(canvas))


def check(name, size, lang="en"):
    """The first frame at a size, on half a slide the last too: all text whole and apart."""
    film = SCENES[name]()
    chosen = {0, film.count - 1} if size == "half" else {0}
    for _, canvas, frame in stills(film, chosen, film_style(size=size, lang=lang)):
        faults = [f for f in objections(canvas) if not is_small_caption(f, frame)]
        assert faults == [], (name, size)
        assert not any(line.get_text().endswith("…") for line in canvas._lines), frame.caption
    wide, high = canvas.size
    preset = PRESETS[size]
    if preset.height:
        assert abs(wide - preset.width * 96 / 72) <= 2 and abs(high - preset.height * 96 / 72) <= 2


@pytest.mark.parametrize("size", [s for s in PRESETS if s != "slide"])
@pytest.mark.parametrize("name", one_in(3, ["tangent", "overshoot", "averages"]))
def test_a_film_goes_to_every_place(name, size):
    check(name, size)


def is_small_caption(fault, frame):
    """Captions of many words give way on pages that are no slides."""
    return "points" in fault and fault.split("'")[1] in frame.caption


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SCENES))
def test_every_scene_goes_to_half_a_slide_in_russian(name):
    check(name, "half", "ru")


def test_the_page_is_seen_through():
    canvas = page(scenes.tangent(frames=3))
    canvas._lines[1].set_text(canvas._lines[0].get_text())
    canvas._lines[1].set_position(canvas._lines[0].get_position())
    assert any("overlap" in fault for fault in objections(canvas))


def test_a_legend_that_would_cover_its_axes_stands_below_them():
    film = scenes.quarter_bound(chains=3)
    wide, narrow = (page(film, size=size, lang="ru") for size in ("slide", "half"))
    assert wide.film.panels[0].legend == "lower right"
    assert narrow.film.panels[0].legend == "below"


def test_a_long_caption_gets_smaller_before_it_is_cut():
    film = scenes.tangent(frames=3)
    frame, seen = film.at(0)
    canvas = Canvas(film, replace(frame, caption="many words " * 13), seen, film_style(size="half"))
    sizes = {line.get_fontsize() for line in canvas._lines}
    assert min(sizes) < canvas.page.caption
    assert " ".join(line.get_text() for line in canvas._lines).split().count("words") == 13


SIZES = ("half", "under-title", "beamer", "paper")
PLACES = [(name, size) for name in SCENES for size in SIZES]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"),  # English has the shorter words: one place of each scene, by turns
    [each if k % 4 == k // 4 % 4 else deep(each) for k, each in enumerate(PLACES)],
)
def test_every_scene_goes_to_every_place(name, size):
    check(name, size)


def test_the_text_under_a_title_is_as_large_as_on_a_slide():
    film = scenes.tangent(frames=3)
    assert page(film, size="under-title").page.zoom == 1.0
    assert page(film, size="half").page.zoom == 1.0
    assert page(film, size="beamer").page.zoom * 18 >= PRESETS["beamer"].least


def test_files_are_as_large_as_their_place(tmp_path):
    film = scenes.tangent(frames=3)
    svg = film.still(-1, "svg", size="beamer").decode()
    width = float(svg.split('width="')[1].split("pt")[0])
    assert width == pytest.approx(16 / 2.54 * 72, rel=2e-3)
    made = film.save(tmp_path / "a.pdf", size="beamer").read_bytes()
    box = made.split(b"/MediaBox [")[1].split(b"]")[0].split()
    assert [float(n) for n in box] == pytest.approx([0, 0, 453.54, 255.12], rel=5e-3)


@pytest.mark.slow
def test_text_too_small_for_its_place_is_told(tmp_path):
    done = call("animate", "saturation", "--for", "half", "--still", "0", "--steps", "2",
               "-o", str(tmp_path / "a.png"))  # fmt: skip
    assert done.code == 0 and "less than 18 pt" in done.err and "--for slide" in done.err


def test_words_can_be_left_out_or_replaced():
    film = scenes.overshoot(steps=3)
    plain = said(page(film))
    assert film.title in plain and "backviz animate" in plain and "Nesterov lr" in plain
    bare = page(film, title="none", legend=False, command=False)
    assert film.title not in said(bare) and "backviz" not in said(bare)
    assert "Nesterov lr" not in said(bare)
    own = page(film, title="My words 0.5")
    assert "My words 0.5" in said(own) and film.title not in said(own)
    low = own._cells["map"][1]
    assert bare._cells["map"][1] < low  # the picture has the room


def test_numbers_have_the_mark_and_the_digits_that_are_asked_for():
    film = scenes.overshoot(rate=0.05, steps=7)
    comma = said(page(film, -1, decimal=",", command=False))
    assert "0,1x² + 2y²" in comma and "β = 0,9" in comma and "lr=,05" in comma
    assert not [n for n in range(10) if f".{n}" in comma]
    captions = {
        digits: [frame.caption for frame, _ in states(film, film_style(digits=digits))][-1]
        for digits in (0, 2, 6)
    }
    assert len(captions[2]) < len(captions[0]) < len(captions[6])


@pytest.mark.slow
def test_a_picture_without_background_has_the_same_ink(tmp_path):
    film = scenes.tangent(frames=3)
    solid, clear = (pixels(film.still(-1, transparent=t)) for t in (False, True))
    assert clear[0, 0].tolist() == [0, 0, 0, 0] and solid[0, 0].tolist() == [255] * 4
    cover = clear[..., 3:].astype(float) / 255
    on_white = clear[..., :3] * cover + 255 * (1 - cover)
    assert np.abs(on_white - solid[..., :3]).max() <= 3  # roundings
    solid_page, clear_page = (film.still(-1, "svg", transparent=t).decode() for t in (False, True))
    assert 'd="M0 540L960 540L960 0L0 0Z" fill="#ffffff"' in solid_page
    assert "M0 540L960 540L960 0L0 0Z" not in clear_page
    with pytest.raises(UsageError, match="mp4 has a background"):
        film.save(tmp_path / "a.mp4", transparent=True)


def test_the_options_of_graph_are_options_of_animate(tmp_path):
    place = tmp_path / "a.png"
    done = call("animate", "tangent", "--frames", "3", "--theme", "print", "--for", "beamer",
               "--title", "none", "--no-legend", "--no-command", "--transparent", "--lang", "ru",
               "--digits", "2", "--decimal", ",", "-o", str(place))  # fmt: skip
    assert done.code == 0, done.err
    assert (pixels(place.read_bytes())[..., 3] == 0).any()


def test_the_corner_names_a_file_of_data_only_if_one_was_given(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("0,1\n1,3\n2,5\n")
    assert "--data" not in origin_of(scenes.line_fit(steps=1))
    assert f"--data {path} " in origin_of(scenes.line_fit(steps=1, data=str(path)))
    assert "--against ''" in origin_of(scenes.gradient_flow(steps=1, against=""))
