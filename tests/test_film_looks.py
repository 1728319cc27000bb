"""Films in every theme, size and language of numbers, with and without their words."""

from dataclasses import replace

import numpy as np
import pytest
from film_samples import every_kind

from backviz import scenes
from backviz.diagrams.theme import THEMES, contrast
from backviz.movies.derived import derived


@pytest.fixture
def sepia():
    """A theme that names no colours for films, registered for one test."""
    plain = {"series": (), "diverging": (), "sequential": (), "heights": ()}
    theme = replace(
        THEMES["light"], name="sepia", background="#fbf3e4", forward="#1b5e7a", gradient="#a03c00",
        **plain,
    )  # fmt: skip
    THEMES.add("sepia", theme)
    yield theme
    THEMES._items.pop("sepia")


def pixels(png):
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def test_a_theme_of_ones_own_is_one_of_films(sepia, tmp_path):
    film = scenes.tangent(frames=3)
    made = pixels(film.save(tmp_path / "t.png", theme="sepia").read_bytes())
    assert made[0, 0, :3].tolist() == [0xFB, 0xF3, 0xE4]
    assert derived(sepia).series[:2] == (sepia.forward, sepia.gradient)


@pytest.mark.parametrize("theme", list(THEMES))
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
