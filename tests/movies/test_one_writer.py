"""Stills are written by the writers of pictures: one profile, one set of words, no date."""

import io
import json
import re
from functools import cache

import numpy as np
import pytest
from film_samples import every_kind
from PIL import Image
from portable_svg import problems
from quick import all_but, one_in

from backviz import Figure, Style, load, scenes
from backviz.diagrams.drawing import Drawing, Ink, Part
from backviz.diagrams.steps import Steps
from backviz.movies import save, still
from backviz.movies.looks import film_style
from backviz.movies.stills import drawings
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.renderers.pixels import Paper
from backviz.renderers.svg import svg_document

VECTORS = ("svg", "pdf")
FORMS = (*VECTORS, "png")
FILM = dict(curve="sine", frames=5)  # noqa: C408
TITLE = "Производная — наклон касательной (синус)"


def picture(form: str) -> bytes:
    value = load("@diamond")
    value.backward()
    return RENDERERS[form](Figure(value, Style(lang="ru", title="Подпись <&>")))


def build(form: str) -> bytes:
    value = load("@diamond")
    value.backward()
    return BUILDERS[form](Steps(Figure(value, Style(lang="ru", title="Подпись <&>"))))[-1]


def film_still(form: str) -> bytes:
    return still(scenes.tangent(**FILM), -1, form, lang="ru")


MAKERS = {"picture": picture, "build": build, "still": film_still}


def words(raw: bytes, form: str) -> dict[str, str]:
    """Title, description and language as another program reads them."""
    if form == "png":
        with Image.open(io.BytesIO(raw)) as image:
            image.load()
            title = image.text["Title"]
            return {"title": title, "desc": image.text["Description"], "lang": title.lang}
    if form == "svg":
        text = raw.decode()
        found = [re.search(rf"<{tag} [^>]*>(.*?)</{tag}>", text, re.DOTALL)[1]
                 for tag in ("title", "desc")]  # fmt: skip
        plain = [f.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for f in found]
        lang = re.search(r'xml:lang="(\w+)"', text)[1]
        return dict(zip(("title", "desc", "lang"), (*plain, lang), strict=True))
    told = {key: pdf_string(raw, key) for key in (b"Title", b"Alt")}
    return {"title": told[b"Title"], "desc": told[b"Alt"],
            "lang": re.search(rb"/Lang \((\w+)\)", raw)[1].decode()}  # fmt: skip


def pdf_string(raw: bytes, key: bytes) -> str:
    """The last string under a key: of the last page, or of the file."""
    found = re.findall(rb"/" + key + rb" \(((?:\\.|[^\\)])*)\)", raw, re.DOTALL)[-1]
    plain = re.sub(rb"\\(.)", lambda m: {b"n": b"\n", b"r": b"\r"}.get(m[1], m[1]), found)
    return plain[2:].decode("utf-16-be") if plain[:2] == b"\xfe\xff" else plain.decode("ascii")


@pytest.mark.parametrize("kind", MAKERS)
def test_every_format_has_the_same_words_and_no_date(kind, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    made = {form: MAKERS[kind](form) for form in FORMS}
    told = {form: words(raw, form) for form, raw in made.items()}
    assert told["svg"] == told["png"] == told["pdf"]
    assert told["svg"]["title"] == (TITLE if kind == "still" else "Подпись <&>")
    assert told["svg"]["lang"] == "ru" and told["svg"]["desc"]
    assert b'role="img" aria-labelledby="title desc"' in made["svg"]
    assert b"backviz" in made["pdf"] and b"/MarkInfo << /Marked true >>" in made["pdf"]
    assert b"Date" not in made["pdf"] and b"Date" not in made["svg"]
    assert b"tIME" not in made["png"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_bytes_again(kind, form):
    assert MAKERS[kind](form) == MAKERS[kind](form)


@pytest.mark.parametrize("kind", MAKERS)
def test_letters_are_outlines_and_nothing_is_referred_to(kind):
    assert problems(MAKERS[kind]("svg")) == []
    raw = MAKERS[kind]("pdf")
    assert b"/Font" not in raw and b"/Type3" not in raw and b"/Image" not in raw


@pytest.mark.parametrize("name", one_in(18, scenes.SCENES))
def test_a_still_of_every_scene_is_portable(name):
    assert problems(scenes.SCENES[name]().still(-1, "svg")) == []


@pytest.mark.parametrize("form", VECTORS)
def test_what_made_a_film_stands_in_its_stills(form):
    raw = film_still(form)
    if form == "svg":
        told = re.search(r"<!-- (.*?) -->", raw.decode())[1]
        assert "--" not in told  # which would end the remark
    else:
        told = pdf_string(raw, b"Keywords")
    assert json.loads(told)["curve"] == "sine"
    assert json.loads(told)["made_with"].startswith("backviz animate tangent --curve sine")


@cache
def pages() -> list[tuple[tuple[Part, ...], Drawing]]:
    return [*drawings(every_kind(), {0, 1}, film_style())]


def test_pages_share_what_stays():
    (one, _), (two, _) = pages()
    assert {id(part) for part in one} & {id(part) for part in two}
    assert [part.id for part in one] != [part.id for part in two]
    assert len({part.id for part in one}) == len(one)


@pytest.mark.parametrize("theme", all_but(["dark"], ["light", "dark"]))
def test_marks_show_what_the_pixels_show(theme):
    """A page drawn from its marks, by the raster of pictures, is the frame of the film."""
    film = every_kind()
    ((parts, page),) = drawings(film, {0}, film_style(theme=theme))
    wide, high = 1280, 720
    paper = Paper(wide, high, wide / page.width, "#ffffff").draw(
        mark for part in parts for mark in part.marks
    )
    with Image.open(io.BytesIO(still(film, 0, theme=theme))) as image:
        frame = np.asarray(image.convert("RGB")).astype(int)
    apart = np.abs(paper[..., :3].astype(int) - frame).max(axis=-1)
    assert apart.mean() < 4.0 and (apart > 90).mean() < 0.02  # edges of letters and lines


def test_a_clipped_line_stays_on_its_axes():
    (parts, page), *_ = pages()
    for mark in (m for part in parts for m in part.marks if isinstance(m, Ink)):
        for _letter, points in mark.path:
            for x, y in points:
                assert -1 <= x <= page.width + 1 and -1 <= y <= page.height + 1


def test_a_hostile_word_is_no_markup(tmp_path):
    film = scenes.tangent(frames=2)
    path = save(film, tmp_path / "a.svg", still=0, title='<b>&"x" ]]> --')
    assert problems(path.read_text("utf-8")) == []
    bad = Drawing(10, 10, "", (), "t", "d", source='{"a": "--><script>"}')
    assert "<script" not in svg_document(bad).replace("u002d\\u002d><script>", "")
    assert problems(svg_document(bad)) == []
