"""`animate --lang`: the language reaches drawing, stills, pages, controls, data and manifest."""

import json
from collections.abc import Iterator

import pytest
from command_line import call
from film_lint import texts

from backviz import scenes
from backviz.cli.animate import SHARED
from backviz.errors import UsageError
from backviz.language import _, speaking
from backviz.movies import film_style
from backviz.movies.canvas import states, stills
from backviz.movies.drawn_areas import _in_theme
from backviz.scenes import Axis, Film, Frame, Panel
from backviz.scenes.artists import Line
from backviz.scenes.registry import TAKEN
from backviz.words import LANGUAGES

SAID = {
    "Decay": "Zerfall", "A falling curve.": "Eine fallende Kurve.", "step": "Schritt",
    "what is left": "Rest", "After {k} steps.": "Nach {k} Schritten.", "Play": "Start",
    "the loss": "der Verlust", "It stands still.": "Es steht.",
}  # fmt: skip


@pytest.fixture(autouse=True)
def german():
    with LANGUAGES.temporarily(), pytest.MonkeyPatch.context() as patch:
        from backviz import language

        patch.setattr(language, "known", dict(language.known))
        made = language.Language("de", SAID)
        language.known["de"] = made
        with LANGUAGES.temporarily({"de": made}):
            yield


def film() -> Film:
    def frames() -> Iterator[Frame]:
        for k in (1, 2):
            line = Line("left", [0, k], [1, 0.5], label="the loss")
            yield Frame(_("After {k} steps.", k=k), {"left": [line]})
        yield Frame("It stands still.", {})

    panel = Panel("left", Axis("step", 0, 4), Axis("what is left", 0, 1), legend="right")
    return Film("Decay", (panel,), frames, 3, stills=(0, 1, 2, 2), alt="A falling curve.")


def seen(film: Film, k: int, **looks: str) -> str:
    """The texts on the page of a frame."""
    ((_k, canvas, _frame),) = stills(film, {k}, film_style(**looks))
    return " ".join(said for said, *_size in texts(canvas))


def test_a_still_speaks_it(tmp_path):
    film().save(tmp_path / "a.svg", still=1, lang="de")
    said = seen(film(), 1, lang="de")
    for word in ("Zerfall", "Schritt", "Rest", "der Verlust", "Nach 2 Schritten."):
        assert word in said
    assert "Decay" not in said and "After" not in said
    made = (tmp_path / "a.svg").read_text("utf-8")
    assert ">Zerfall</title>" in made and ">Nach 2 Schritten.</desc>" in made


def test_english_asks_nobody(tmp_path):
    with speaking("de"):
        film().save(tmp_path / "a.svg", still=1)
        assert "After 2 steps." in seen(film(), 1)
    assert ">After 2 steps.</desc>" in (tmp_path / "a.svg").read_text("utf-8")


def test_captions_come_in_it_whole_or_looked_up():
    told = [frame.caption for frame, _seen in states(film(), film_style(lang="de"))]
    assert told == ["Nach 1 Schritten.", "Nach 2 Schritten.", "Es steht."]


def test_pages_and_their_controls(tmp_path):
    film().save(tmp_path / "a.html", lang="de", scale=0.3)
    page = (tmp_path / "a.html").read_text("utf-8")
    assert '<html lang="de">' in page and "<title>Zerfall</title>" in page
    assert 'aria-label="Start"' in page and 'aria-label="Next frame"' in page
    assert "Nach 1 Schritten." in page and "Eine fallende Kurve." in page


def test_data_speak_it_and_keep_points(tmp_path):
    film().save(tmp_path / "a.json", lang="de", decimal=",")
    told = json.loads((tmp_path / "a.json").read_bytes())
    assert (told["title"], told["captions"][0]) == ("Zerfall", "Nach 1 Schritten.")


def test_a_notebook_s_player(tmp_path):
    bundle = film().play(lang="de", scale=0.3)._repr_mimebundle_()
    html = bundle["text/html"] if "text/html" in bundle else bundle[0]["text/html"]
    assert "Zerfall" in html and "Nach 1 Schritten." in html


def test_the_command_s_manifest_and_controls_in_russian(tmp_path):
    place = tmp_path / "t.html"
    ran = call("animate", "tangent", "--frames", "3", "--lang", "ru", "-o", str(place), "--json")
    assert ran.code == 0 and json.loads(ran.out)["alt"]
    page = place.read_text("utf-8")
    assert '<html lang="ru">' in page and 'aria-label="Пуск"' in page and "Следующий кадр" in page


def test_a_language_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="unknown language 'xx'"):
        scenes.tangent(frames=2).save(tmp_path / "a.png", lang="xx")


def test_a_graph_in_a_film_is_in_it_too(monkeypatch):
    seen = []

    def kept(steps, palette):
        seen.append(_in_theme(steps, palette))
        return seen[-1]

    monkeypatch.setattr("backviz.movies.drawn_areas._in_theme", kept)
    scenes.gradient_graph(depth=2).still(0, lang="ru", decimal=",")
    styles = {(steps.figure.style.lang, steps.figure.style.decimal) for steps in seen}
    assert styles == {("ru", ",")}


@pytest.mark.parametrize("name", scenes.SCENES)
def test_an_option_of_a_scene_is_not_one_of_every_film(name):
    own = {option.name for option in scenes.SCENES[name].options}
    every = {flag.lstrip("-").replace("-", "_") for o in SHARED for flag in o.opts if len(flag) > 2}
    assert not own & every and every <= TAKEN


def test_a_scene_s_size_is_not_the_page_s(tmp_path):
    place = tmp_path / "a.png"
    ran = call(
        "animate", "gradient_graph", "--depth", "2", "--size", "0.5", "--for", "half", "--still",
        "0", "--lang", "ru", "-o", str(place), "--json",
    )  # fmt: skip
    assert ran.code == 0 and json.loads(ran.out)["settings"]["size"] == 0.5
    width, height = (int.from_bytes(place.read_bytes()[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == (614, 576)  # 6.4 × 6 in at 96 pixels
