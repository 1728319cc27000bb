"""What a scene says, in two languages: whole sentences with the same numbers that fit the page."""

import re

from backviz.language import speaking
from backviz.movies.page import LINES, lines_of
from backviz.scenes import SCENES
from backviz.words import LANGUAGES

NUMBER = re.compile(r"\d+")


def check_both_languages(name, **options):
    """The captions of a scene's film are sentences in English and Russian, and none is too long."""
    film = SCENES[name](**options)
    said = {}
    for lang in ("en", "ru"):
        with speaking(lang):
            said[lang] = [frame.caption for frame, _ in film.states()]
        assert all(len(lines_of(caption)) <= LINES for caption in said[lang])
    for english, russian in zip(said["en"], said["ru"], strict=True):
        assert english.endswith(".") and russian.endswith(".")
        assert re.search("[а-яё]", russian) and not re.search("[а-яё]", english)
        assert sorted(NUMBER.findall(english)) == sorted(NUMBER.findall(russian))
    for words in (film.title, *(panel.title for panel in film.panels)):
        told = LANGUAGES["ru"].gettext(words)
        assert not re.search("[a-z]{4}", words) or told != words, words
