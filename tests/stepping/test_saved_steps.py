"""The stepper's `save`: every format and every look of `backviz graph`, of the present step."""

import re

import pytest
from command_line import call
from portable_svg import problems
from quick import one_in

import backviz
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.errors import UsageError
from backviz.extend import Renderer
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS

PICTURES = [row.name for row in RENDERERS.values() if row.kind != "data"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(commands):
    return call("step", "@diamond", "--commands", commands)


@pytest.fixture
def stepper():
    made = backviz.stepper(backviz.load("@diamond"))
    made.goto("bw 1")
    return made


def at_step(**style):
    """The same step of a build, which other code makes."""
    return backviz.steps(backviz.load("@diamond"), first=7, last=7, **style)


@pytest.mark.parametrize("form", PICTURES)
def test_every_format_of_pictures_shows_the_step(stepper, folder, form):
    ending = RENDERERS[form].endings[0] if RENDERERS[form].endings else form
    stepper.save(f"a.{ending}")
    made = (folder / f"a.{ending}").read_bytes()
    whole = backviz.load("@diamond")
    whole.backward()
    assert len(made) > 100 and made != backviz.render(whole, form)
    if form in ("text", "ascii", "mermaid"):  # what has come at this step, and no more
        shown = re.findall(r"\bgrad ([−-]?\d+)", re.sub(r"accDescr.*", "", made.decode()))
        assert sorted(n.replace("−", "-") for n in shown) == ["-2", "1", "10"]


def test_a_saved_svg_draws_what_the_build_draws(stepper, folder):
    stepper.save("a.svg", theme="dark", size="slide")
    made = (folder / "a.svg").read_text("utf-8")
    (built,) = BUILDERS["svg"](at_step(theme="dark", size="slide"))
    drawn = [re.sub(r"<(title|desc)>.*?</\1>", "", text) for text in (made, built.decode())]
    assert drawn[0].count("<path") >= 12 and problems(made.encode()) == []
    boxes = [re.findall(r"<rect[^>]*>", text) for text in drawn]
    assert boxes[0] == boxes[1] != []


@pytest.mark.parametrize("size", PRESETS)
@pytest.mark.parametrize("theme", one_in(2, ["light", "contrast"]))
def test_for_and_theme_are_those_of_graph(folder, size, theme):
    ran = script(f"n 4; save a.svg --for {size} --theme={theme}")
    assert ran.code == 0 and "wrote a.svg" in ran.text
    made = (folder / "a.svg").read_text("utf-8")
    preset = PRESETS[size]
    if preset.width and preset.height:
        width, height = (f"{round(n, 2):g}pt" for n in (preset.width, preset.height))
        assert f'width="{width}" height="{height}"' in made
    assert THEMES[theme].background in made


def test_the_words_are_in_the_language_that_is_asked_for_this_time_only(folder):
    ran = script("n 5; save a.svg --lang ru --text keep --decimal , --digits 3; where")
    assert ran.code == 0
    made = (folder / "a.svg").read_text("utf-8")
    assert "значение" in made and "local derivative" not in made
    assert "шаг" not in ran.text


def test_python_takes_the_same(stepper, folder):
    stepper.save("a.svg", theme="dark", size="half", lang="ru")
    script("goto bw 1; save b.svg --theme dark --for half --lang ru")
    assert (folder / "a.svg").read_bytes() == (folder / "b.svg").read_bytes()
    with pytest.raises(UsageError, match="did you mean 'theme'"):
        stepper.save("c.svg", thme="dark")
    assert not (folder / "c.svg").exists()


def test_a_page_has_the_theme_s_paper(folder):
    script("n; save a.html --theme dark")
    assert f"background:{THEMES['dark'].background}" in (folder / "a.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a.png --for slid", "unknown size 'slid'; did you mean 'slide'?"),
        ("a.png --foo 1", "unknown option 'foo'"),
        ("a.png --digits x", "digits is a number, not 'x'"),
        ("a.png --for", "size needs a value"),
        ("a.png --for slide b", "put b before the options"),
        ("a.json", "json holds the whole record, not one step"),
        ("a.xyz", "unknown format 'xyz'"),
        ("a", "has no extension"),
        ("a.pptx", "PowerPoint takes a picture"),
    ],
)
def test_what_cannot_be_saved_is_one_sentence(folder, given, said):
    ran = script(f"n; save {given}")
    assert ran.code == 2 and said in " ".join(ran.text.split())
    assert list(folder.iterdir()) == []


def test_a_name_with_spaces_needs_no_quotes(folder):
    assert script("n; save my step -- 1.svg --for half").code == 0
    assert [path.name for path in folder.iterdir()] == ["my step -- 1.svg"]


def test_what_is_added_is_saved_too(stepper, folder):
    def names(figure):
        boxes = figure.diagram.boxes
        return "\n".join(f"{b.title} {b.gradient}" for b in boxes).encode()

    theme = THEMES["light"]
    mine = type(theme)(**{**{f: getattr(theme, f) for f in theme.__slots__}, "name": "mine",
                          "background": "#fafad2"})  # fmt: skip
    size = type(PRESETS["slide"])("tall", "a poster", 300, 700, 20, 10, 30, 10)
    rows = {"names": Renderer("names", "a line for each box", names)}
    with (
        RENDERERS.temporarily(rows),
        THEMES.temporarily({"mine": mine}),
        PRESETS.temporarily({"tall": size}),
    ):
        stepper.save("a.names", theme="mine", size="tall")
        stepper.save("a.svg", theme="mine", size="tall")
    told = (folder / "a.names").read_text("utf-8").splitlines()
    assert "d ('−2',)" in told and "a ()" in told
    made = (folder / "a.svg").read_text("utf-8")
    assert "#fafad2" in made and 'width="300pt" height="700pt"' in made
