"""A film in both languages: whole sentences, the same numbers, and no more lines than there are."""

import re

from backviz.language import speaking
from backviz.movies.page import LINES, lines_of
from backviz.scenes import SCENES


def check_both_languages(name, **options):
    film, said = SCENES[name](**options), {}
    for lang in ("en", "ru"):
        with speaking(lang):
            said[lang] = [frame.caption for frame, _ in film.states()]
    for english, russian in zip(said["en"], said["ru"], strict=True):
        assert english.endswith(".") and russian.endswith(".")
        assert re.search("[а-яё]", russian) and not re.search("[а-яё]", english)
        assert numbers(english) == numbers(russian)
        assert len(lines_of(english)) <= LINES and len(lines_of(russian)) <= LINES, russian


def numbers(text):
    return sorted(re.findall(r"\d+", text))
