"""Sentences in a person's language: gettext's catalogues, read when they are asked.

A sentence stands in the code once, in English and whole, and is marked there: `_("…", name=value)`
says it now, in the language of prompt, errors and help; `Language.gettext` in the language that was
asked for; `N_("…")` only marks what is said later. Gaps are named: `{name}`. Russian is in
`locale/ru/LC_MESSAGES/backviz.po`; `python docs/catalogue.py` brings it up to date. Invariant:
what a catalogue lacks, or says with gaps that cannot be filled, is said in English, sentence by
sentence; what is drawn or written to a file never asks the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

DOMAIN = "backviz"
HERE = os.path.join(os.path.dirname(__file__), "locale")  # noqa: PTH118, PTH120 (no pathlib)
_VARIABLES = ("BACKVIZ_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set
_IN = "\x04"  # between a context and its sentence, as in a catalogue
_chosen: ContextVar[str] = ContextVar("language of prompt, errors and help", default="")


def N_(sentence: str) -> str:  # noqa: N802 (the name that gettext's users know)
    """Marks a sentence that is said later, and gives it back as it is."""
    return sentence


def NP_(context: str, word: str) -> str:  # noqa: N802
    """Marks a word that is said later with its context, and gives the word back."""
    return word


class Language:
    """What one language says: a catalogue, read when the first sentence is asked for.

    `own` are sentences that stand before it, each under its English; a sentence with a context
    stands under the context, "\\x04" and the English.

    >>> german = Language("de", own={"no step {k}": "Schritt {k} gibt es nicht"})
    >>> german.gettext("no step {k}", k=3), german.gettext("the end")
    ('Schritt 3 gibt es nicht', 'the end')
    """

    def __init__(self, name: str, own: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.own = dict(own or {})
        self.is_english = name == "en"
        self._catalogue: NullTranslations | None = None

    @property
    def catalogue(self) -> NullTranslations:
        """The files of this language: those of BACKVIZ_LOCALE before the package's own."""
        if self._catalogue is None:
            self._catalogue = read_catalogues(self.name)
        return self._catalogue

    def gettext(self, sentence: str, /, **values: object) -> str:
        """A sentence with its gaps filled."""
        said = self.own.get(sentence)
        if not said:
            said = sentence if self.is_english or not sentence else self.catalogue.gettext(sentence)
        return _filled(said, sentence, values)

    def pgettext(self, context: str, sentence: str, /, **values: object) -> str:
        """The same, where one English word is two in another language: which is meant."""
        said = self.own.get(f"{context}{_IN}{sentence}")
        if not said:
            said = sentence if self.is_english else self.catalogue.pgettext(context, sentence)
        return _filled(said, sentence, values)

    def ngettext(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The form that goes with a number, which fills the gap `{n}`."""
        english = one if n == 1 else many
        said = self.own.get(english)
        if not said:
            said = english if self.is_english else self.catalogue.ngettext(one, many, n)
        return _filled(said, english, {"n": n, **values})


def _filled(said: str, english: str, values: Mapping[str, object]) -> str:
    if not values:
        return said
    try:
        return said.format(**values)
    except (KeyError, IndexError, ValueError):  # a catalogue of somebody's own
        return english.format(**values)


def folders() -> list[str]:
    """Where catalogues are: the folders in BACKVIZ_LOCALE, then the package's own.

    Each holds `ru/LC_MESSAGES/backviz.mo` for Russian and so on, as gettext has it.
    """
    given = os.environ.get("BACKVIZ_LOCALE", "").split(os.pathsep)
    return [*filter(None, given), HERE]


def languages() -> list[str]:
    """The languages that have a catalogue.

    >>> "ru" in languages()
    True
    """
    names = {name for folder in folders() if os.path.isdir(folder) for name in os.listdir(folder)}  # noqa: PTH112, PTH208
    return sorted(name for name in names if any(map(os.path.isfile, files_of(name))))


def files_of(name: str) -> list[str]:
    """Where the compiled catalogues of a language are looked for."""
    return [os.path.join(each, name, "LC_MESSAGES", f"{DOMAIN}.mo") for each in folders()]  # noqa: PTH118


def read_catalogues(name: str) -> NullTranslations:
    """The catalogues of a language, one behind the other; without any, English."""
    from gettext import GNUTranslations, NullTranslations  # where more than English is asked for

    first = NullTranslations()
    for path in filter(os.path.isfile, files_of(name)):
        with open(path, "rb") as file:  # noqa: PTH123
            first.add_fallback(GNUTranslations(file))
    return first


known: dict[str, Language] = {"en": Language("en")}  # what was asked for or entered


def named(name: str) -> Language:
    """The language of that name; one without a catalogue says all in English."""
    if name not in known:
        known[name] = Language(name)
    return known[name]


# The language of prompt, errors and help -----------------------------------------------------


def spoken() -> str:
    """The language of prompt, errors and help: of `speaking`, of BACKVIZ_LANG, or of the system.

    >>> with speaking("ru"):
    ...     spoken()
    'ru'
    """
    return _chosen.get() or _of_system(*(os.environ.get(name, "") for name in _VARIABLES))


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Within `with`, prompt, errors and help are in this language."""
    before = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(before)


@lru_cache
def _of_system(*given: str) -> str:
    """The first language that a variable asks for and that there is; else English."""
    asked = next(filter(None, given), "")
    for each in asked.split(":"):
        full = each.partition(".")[0].partition("@")[0]
        for name in (full, full.partition("_")[0]):
            if name in known or name in languages():
                return name
    return "en"


def _(sentence: str, /, **values: object) -> str:
    """A sentence in the language of prompt, errors and help, with its gaps filled.

    >>> _("{op} takes {n} operands", op="add", n=2)
    'add takes 2 operands'
    """
    return named(spoken()).gettext(sentence, **values)


def all_of(parts: Iterable[str]) -> str:
    """Several things in a sentence.

    >>> all_of(["a = 1", "b = 2"])
    'a = 1 and b = 2'
    """
    said = ""
    for part in parts:
        said = _("{this} and {that}", this=said, that=part) if said else part
    return said


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """The form of a sentence that goes with the number n, which fills the gap `{n}`.

    >>> [ngettext("{n} op", "{n} ops", n) for n in (1, 2)]
    ['1 op', '2 ops']
    """
    return named(spoken()).ngettext(one, many, n, **values)


def pgettext(context: str, sentence: str, /, **values: object) -> str:
    """A sentence that is told apart by its context from the same in another meaning."""
    return named(spoken()).pgettext(context, sentence, **values)
