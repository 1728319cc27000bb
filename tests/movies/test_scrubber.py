"""The page with a film: what a browser shows under real keys, clicks and a moved slider."""

import io

import numpy as np
import pytest
from browser import key
from PIL import Image

from backviz import scenes
from backviz.movies import save
from backviz.movies.canvas import shown
from backviz.movies.looks import film_style

COUNT = 6


@pytest.fixture(scope="module")
def film():
    return scenes.tangent(frames=COUNT)


@pytest.fixture
def screen(page, film, tmp_path):
    """The page with the film at rest, as for a person who asked for less motion."""
    page.media(prefers_reduced_motion="reduce")
    made = save(film, tmp_path / "film.html", scale=0.5, fps=20, hold=0.1)
    page.write(made.read_bytes())
    return page


def frame(page):
    return page.text("#count")


def pixels(page):
    """What the canvas shows."""
    script = "document.getElementById('screen').toDataURL().split(',')[1]"
    import base64

    picture = Image.open(io.BytesIO(base64.b64decode(page.run(script))))
    return np.asarray(picture.convert("RGB")).astype(int)


def test_keys_go_from_frame_to_frame_and_stop_at_the_ends(screen, film):
    captions = [made.caption for made, _ in film.states()]
    assert frame(screen) == f"1 / {COUNT}"
    screen.keys(*[key("ARROW_RIGHT")] * 2)
    assert frame(screen) == f"3 / {COUNT}"
    assert screen.run("document.getElementById('caption').textContent") == captions[2]
    assert screen.run("document.getElementById('slider').ariaValueText || "
                      "document.getElementById('slider').getAttribute('aria-valuetext')"
                      ) == captions[2]  # fmt: skip
    screen.keys(key("ARROW_LEFT"))
    assert frame(screen) == f"2 / {COUNT}"
    screen.keys(key("END"), key("ARROW_RIGHT"))
    assert frame(screen) == f"{COUNT} / {COUNT}"
    screen.keys(key("HOME"), key("ARROW_LEFT"))
    assert frame(screen) == f"1 / {COUNT}"


def test_the_screen_has_the_pixels_of_the_frame(screen, film):
    made = [canvas.pixels[..., :3].copy() for canvas, _ in shown(film, film_style(scale=0.5))]
    for k in (0, COUNT - 1, 2):  # forth and back: nothing of another frame is left
        screen.keys(key("HOME"), *[key("ARROW_RIGHT")] * k)
        assert np.abs(pixels(screen) - made[k]).mean() < 1.5
    assert np.abs(made[0].astype(int) - made[2]).mean() > 1.5


def test_space_plays_and_stops(screen):
    assert screen.find("#play").get_attribute("aria-label") == "Play"
    screen.keys(" ")
    assert screen.find("#play").get_attribute("aria-label") == "Pause"
    screen.run("new Promise(done => setTimeout(done, 120))")
    assert frame(screen) != f"1 / {COUNT}"
    screen.keys(" ")
    stopped = frame(screen)
    screen.run("new Promise(done => setTimeout(done, 300))")
    assert frame(screen) == stopped


def test_the_slider_and_the_buttons_go_where_they_say(screen):
    script = ("(s => {s.value = 4; s.dispatchEvent(new Event('input'));})"
              "(document.getElementById('slider'))")  # fmt: skip
    screen.run(script)
    assert frame(screen) == f"5 / {COUNT}"
    screen.find("#back").click()
    assert frame(screen) == f"4 / {COUNT}"
    screen.find("#next").click()
    screen.find("#next").click()
    assert frame(screen) == f"6 / {COUNT}"


@pytest.mark.parametrize(("motion", "plays"), [("no-preference", True), ("reduce", False)])
def test_a_film_plays_by_itself_unless_less_motion_is_wanted(motion, plays, page, film, tmp_path):
    page.media(prefers_reduced_motion=motion)
    page.write(save(film, tmp_path / "film.html", scale=0.3, fps=20).read_bytes())
    page.run("new Promise(done => setTimeout(done, 400))")
    assert (frame(page) != f"1 / {COUNT}") == plays


def test_without_a_loop_the_end_is_the_end(page, film, tmp_path):
    page.media(prefers_reduced_motion="no-preference")
    made = save(film, tmp_path / "film.html", scale=0.3, fps=30, hold=0, loop=False)
    page.write(made.read_bytes())
    page.run("new Promise(done => setTimeout(done, 900))")
    assert frame(page) == f"{COUNT} / {COUNT}"
    assert page.find("#play").get_attribute("aria-label") == "Play"


@pytest.mark.parametrize("size", [(1280, 720), (360, 640), (1920, 1080)])
def test_nothing_is_off_the_screen(size, screen):
    screen.size(*size)
    ends = screen.run(
        "[...document.querySelectorAll('canvas, button, input, #count')]"
        ".map(e => e.getBoundingClientRect()).map(b => [b.right, b.bottom])"
    )
    assert len(ends) == 6
    assert max(x for x, _ in ends) <= size[0] and max(y for _, y in ends) <= size[1]
