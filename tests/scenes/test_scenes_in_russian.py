"""Every film in Russian: titles, descriptions, axes, legends, tables and captions have no English.

Names that people write in every language stay: ops, optimizers, schedules, surfaces and their
options, and what is typed as code.
"""

import re
from dataclasses import fields, replace

import pytest
from film_lint import objections
from quick import one_in

from backviz import scenes
from backviz.language import speaking
from backviz.movies.canvas import stills
from backviz.movies.looks import film_style, titled, worded
from backviz.ops import OPS
from backviz.optim import OPTIMIZERS, SCHEDULES
from backviz.optim.options import OPTIONS
from backviz.scenes.artist import Artist
from backviz.scenes.artists import Line
from backviz.scenes.deep import CHOICES
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.surfaces import SURFACES
from backviz.words import Words

RUSSIAN = film_style(lang="ru")
TEXTS = ("label", "text", "title", "alt", "caption")
LISTS = ("texts", "notes", "heads", "names")
WORD = re.compile(r"[A-Za-z][A-Za-z’']+")
NAMED = [
    *OPS.names(), *OPTIMIZERS.names(), *SCHEDULES.names(), *SURFACES.names(), *OPTIONS,
    *(each for names in CHOICES.values() for each in names),
    *(made.title for made in OPTIMIZERS.values()), "momentum", "Nesterov", "ReLU", "Softmax",
    "Dropout", "Batch", "PCA", "SGD decoupled", "lr", "wd", "seed", "ln", "var", "uv", "opt",
    "max", "mult", "size", "total", "steps", "up", "mode", "triangular", "start", "end", "iters",
    "power", "gamma", "patience", "decay", "grad", "zero", "backward", "MSE", "Huber",
    "LSTM", "RNN", "LSUV", "torch", "keras", "optax",
]  # fmt: skip
ALLOWED = {word.lower() for name in NAMED for word in WORD.findall(name.replace("_", " "))}
CODE = re.compile(r"[\w.]+\(.*?\)|\b\w+_\w+\b")  # opt.zero_grad(), zero_grad


def texts_of(given):
    """What a film, a panel, an axis, a frame or an artist says."""
    for field in fields(given):
        held = getattr(given, field.name)
        if field.name in TEXTS:
            yield held
        elif field.name in LISTS:
            yield from held
        elif field.name == "rows" and not isinstance(given, Film):
            yield from (cell for row in held for cell in row)
        elif field.name == "static":
            for artist in held:
                yield from texts_of(artist)
        elif isinstance(held, Axis | Artist):
            yield from texts_of(held)


def said(film):
    """Every text of a film in Russian; of what moves, at its key frames, and all captions."""
    yield from texts_of(replace(titled(film, RUSSIAN), panels=()))
    for panel in film.panels:
        yield from texts_of(worded(panel, RUSSIAN))
    with speaking("ru"):
        for k, (frame, seen) in enumerate(film.states()):
            yield worded(frame, RUSSIAN).caption
            if k in film.stills:
                for row in seen.values():
                    for artist in row.values():
                        yield from texts_of(worded(artist, RUSSIAN))


def english(text):
    """The English words of a text that are no names."""
    return [w for w in WORD.findall(CODE.sub("", str(text))) if w.lower() not in ALLOWED]


@pytest.mark.parametrize("name", one_in(6, scenes.SCENES))
def test_a_film_in_russian_has_no_english_in_it(name):
    found = {str(text): words for text in said(scenes.SCENES[name]()) if (words := english(text))}
    assert not found


@pytest.mark.parametrize("name", one_in(18, scenes.SCENES, first=3))
def test_a_page_in_russian_has_room_for_its_words(name):
    film = titled(scenes.SCENES[name](), RUSSIAN)
    for _k, canvas, _frame in stills(film, {0, film.count - 1}, RUSSIAN):
        assert [*objections(canvas)] == []


def test_english_in_each_place_is_found():
    def film(**given):
        panel = Panel("a", Axis("", 0, 1), static=(Line("l", [0], [0], given.get("label", "")),))
        frames = [Frame(given.get("caption", ""), {})]
        return Film(given.get("title", ""), (replace(panel, title=given.get("panel", "")),),
                    lambda: frames, 1, (0,), alt=given.get("alt", ""))  # fmt: skip

    loose = "what nobody marked"
    for place in ("title", "alt", "caption", "label", "panel"):
        found = [*map(english, said(film(**{place: loose})))]
        assert loose.split() in found and found.count([]) > 1
        assert not any(english(text) for text in said(film(**{place: Words("step")})))


def test_a_title_with_numbers_is_said_in_each_language():
    film = scenes.tangent(curve="sine", frames=2)
    assert film.title == "The derivative is the slope of the tangent (sine)"
    assert titled(film, RUSSIAN).title == "Производная — наклон касательной (синус)"
