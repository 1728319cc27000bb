"""Letters of a film that DejaVu Sans lacks: lent by another font, or said to be missing."""

import io
import warnings
from dataclasses import replace

import numpy as np
import pytest
from command_line import call
from made_fonts import forget, make_font, no_other_fonts  # noqa: F401  (a fixture)
from PIL import Image

import backviz
from backviz import scenes
from backviz.errors import LetterWarning
from backviz.movies.borrowed import letters_of
from backviz.movies.looks import film_style
from backviz.movies.saving import save

TITLE = "重 of x"


def picture(**looks):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        png = scenes.tangent(frames=3).still(0, title=TITLE, **looks)
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def test_a_letter_is_lent_by_a_font_of_the_system(fonts):
    without = picture()
    make_font(fonts / "squares.ttf", "重")
    forget()
    lent = picture()
    rows, columns = np.nonzero(lent != without)
    assert rows.size and rows.max() < 80  # the title alone
    square = lent[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (square < 60).mean() > 0.3  # a filled square, where an empty frame was


def test_a_font_that_is_named_lends_it(fonts, tmp_path):
    place = make_font(tmp_path / "own.otf", "重", postscript=True)
    backviz.use_font(place)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(scenes.tangent(frames=3), tmp_path / "a.png", title=TITLE)
    done = call("animate", "tangent", "--frames", "3", "--title", TITLE, "--font", str(place),
                "-o", str(tmp_path / "b.png"))  # fmt: skip
    assert "no font" not in done.err and done.code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("form", ["png", "pdf", "gif", "html"])
def test_what_no_font_has_is_said(form, fonts, tmp_path):
    with pytest.warns(LetterWarning, match="no font here can draw 重"):
        save(scenes.tangent(frames=2), tmp_path / f"a.{form}", title=TITLE)
    done = call("animate", "tangent", "--frames", "2", "--title", TITLE,
                "-o", str(tmp_path / f"b.{form}"))  # fmt: skip
    assert done.err.count("no font here can draw 重") == 1 and "Warning" not in done.err


def test_nothing_is_said_where_all_letters_are_shown(fonts, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(scenes.tangent(frames=2), tmp_path / "a.png", title="θ̂ и ‖∂L/∂W‖", lang="ru")
        save(scenes.tangent(frames=2), tmp_path / "a.svg", title=TITLE)
    assert TITLE.split(maxsplit=1)[0] in (tmp_path / "a.svg").read_text("utf-8")


def test_labels_count_as_well_as_titles():
    film = scenes.tangent(frames=2)
    panel = film.panels[0]
    strange = replace(panel, x=replace(panel.x, label="長"))
    assert letters_of(replace(film, panels=(strange,)), film_style()) == "長"
