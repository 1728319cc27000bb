"""A training as page and film: the numbers of each step, on one layout."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import chrome, key, page  # noqa: F401  (fixtures)
from command_line import call

import backviz
from backviz.diagrams.boxes import measure
from backviz.diagrams.learning import frames
from backviz.diagrams.style import Style
from backviz.diagrams.theme import THEMES
from backviz.renderers.player.learning import html

SOURCE = "L=(relu(w*x+b)-y)**2; w=-0.9; b=1.6; x=1.5; y=2"


def made(source=SOURCE, steps=60, rate=0.05, wrt="w,b"):
    return backviz.train(backviz.load(source), steps, rate=rate, wrt=wrt)


def places(frame):
    sheet = frame.steps.sheet
    drawing = frame.steps.drawing(frame.whole(60))
    return sheet.layout.centers, sheet.layout.curves, drawing.width, drawing.height


@pytest.mark.parametrize(
    ("source", "rate", "wrt"),
    [(SOURCE, 0.05, "w,b"), ("@mazur", 0.5, "W1,W2,b1,b2"), ("@karpathy-neuron", 0.1, "")],
)
def test_nothing_moves_and_every_number_has_room(source, rate, wrt):
    training = made(source, 60, rate, wrt)
    shown = frames(training, Style(), 7)
    assert [f.step for f in shown] == training.shown_steps(7)
    for frame in shown[1:]:
        assert places(frame) == places(shown[0])
    theme = THEMES["light"]
    for frame in shown:  # a box is as large as in the first, and so are its lines
        for box, other in zip(frame.steps.diagram.boxes, shown[0].steps.diagram.boxes, strict=True):
            assert measure(box, theme) == measure(other, theme)
            own = measure(replace(box, room=None), theme)
            assert all(a <= b + 1e-9 for a, b in zip(own, measure(box, theme), strict=True))


def test_the_figures_show_the_numbers_of_their_step():
    training = made()
    for frame in frames(training, Style(digits=6), 5):
        run = training.at(frame.step).run
        named = {v.label: float(v.data) for v in run if v.label}
        boxes = {b.title: b for b in frame.steps.diagram.boxes}
        for name in ("w", "b", "L"):
            said = float(boxes[name].value[0].replace("−", "-"))
            assert said == pytest.approx(named[name], rel=1e-4)


def test_the_page_has_two_sliders_and_holds_all_of_it(page):  # noqa: F811
    training = made()
    page.write(html(training, Style(), 6))
    steps = training.shown_steps(6)

    def said():
        return page.text(".epoch-told")

    def move(selector, value):
        script = "const e = document.querySelector(arguments[0]); e.value = arguments[1]; "
        script += "e.dispatchEvent(new Event('input', {bubbles: true}))"
        page.driver.execute_script(script, selector, value)

    assert said().startswith("training step 0 of 60: L = ")
    whole = page.step
    for k, step in enumerate(steps):
        move(".epoch", k)
        assert said().startswith(f"training step {step} of 60")
        assert page.step == whole  # the place inside the pass stays
        w = page.shown(page.names()["w"])
        value = float(w[1].replace("−", "-"))
        assert value == pytest.approx(training.at(step).leaves[0], rel=1e-3)
    move(".slider", 2)
    assert page.step.startswith("2 / ")
    before = page.text(".words")
    move(".epoch", 0)
    assert page.step.startswith("2 / ")
    assert page.text(".words") != before
    page.find(".frame").click()
    page.keys(key("ARROW_UP"))
    assert said().startswith(f"training step {steps[1]} of 60")
    page.keys(key("ARROW_DOWN"), key("ARROW_DOWN"))
    assert said().startswith("training step 0 of 60")


def test_a_page_of_many_steps_stays_within_its_size(monkeypatch):
    monkeypatch.setattr("backviz.renderers.player.learning.MOST", 150_000)
    assert len(html(made(), Style(), 24)) < 300_000


def test_a_film_learns_from_frame_to_frame(tmp_path):
    from PIL import Image

    path = made().save(tmp_path / "learn.gif", 5)
    with Image.open(path) as film:
        pictures = []
        for k in range(film.n_frames):
            film.seek(k)
            pictures.append(np.asarray(film.convert("RGB"), dtype=int))
    assert len({p.tobytes() for p in pictures}) == 5
    assert (tmp_path / "learn.gif").read_bytes() == made().save(
        tmp_path / "again.gif", 5
    ).read_bytes()


def test_a_slide_has_a_box_for_each_name_where_all_ops_would_be_too_small(tmp_path):
    """What learns keeps its numbers; that the text is small is said, on a small graph nothing."""
    training = made("@mazur", 3, 0.5, "W1,W2,b1,b2")
    whole, slide = (
        frames(training, Style(size=s), 2)[0].steps.diagram for s in ("notebook", "slide")
    )
    assert len(slide.boxes) < len(whole.boxes)
    numbers = {b.title: len(b.value) for b in slide.boxes}
    assert numbers["W1"] == numbers["W2"] == 2  # rows of numbers, no shapes
    file = Path(__file__).parents[2] / "examples/graphs/two_layers.py"
    source = ["train", f"{file}:loss", "--steps", "2", "--for", "slide"]
    done = call(*source, "-o", str(tmp_path / "a.gif"))
    assert "the smallest text is" in done.err
    small = ["train", "L=(w-1)**2; w=3", "--steps", "2", "--for", "slide"]
    assert "smallest text" not in call(*small, "-o", str(tmp_path / "b.gif")).err


def test_it_is_said_in_russian_too():
    (first, _last) = frames(made(), Style(lang="ru", decimal=","), 2)
    assert first.told(60).startswith("шаг обучения 0 из 60: L = ")
