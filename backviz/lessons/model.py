"""An explanation as data: words in two languages, and tables of numbers that were just computed.

Invariant: no number is typed into an explanation; a lesson holds the computation, and its
tables are made by running it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from backviz.registry import Registry
from backviz.text import NumberStyle
from backviz.words import in_language

Dress = Callable[[NumberStyle], str]  # text whose numbers are as the reader asked for


class Words(NamedTuple):
    """The same in English and in Russian; what is not there is said in English.

    Another language has it under the English sentence in its row of `LANGUAGES`.

    >>> Words("right", "верно").of("ru"), Words("right").of("ru")
    ('верно', 'right')
    """

    en: str
    ru: str = ""

    def of(self, lang: str) -> str:
        """The text in one of the languages."""
        if lang == "ru" and self.ru:
            return self.ru
        return self.en if lang == "en" else in_language(self.en, lang)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their heads.

    A cell is a number, an array, text, `Words`, `Dress`, or `None` for "not computed". `digits` are
    significant digits, 0 for those that the reader has asked for. `note` stands under the table.
    """

    heads: tuple[Words, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: Words | None = None
    digits: int = 0
    note: Words | None = None


class Fact(NamedTuple):
    """A line of text with its label in front."""

    label: Words
    text: Words | Dress


Block = Table | tuple[Fact, ...] | Words
View = Callable[[Any], Table]  # from the recorded result, or from None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One screen: a head, the computation that it is about, blocks, and what to take from it."""

    name: str
    head: Words
    source: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A misconception: a question, a small computation, what to show of it, and the answer.

    `source` is an expression as `backviz step` takes it, or "" where the tables need more than
    one. `shown` makes the tables, each from the recorded result. `wrong` names the broken
    engine that runs beside the right one.
    """

    name: str
    question: Words
    says: Words
    source: str = ""
    shown: tuple[View, ...] = ()
    wrong: str = ""


LESSONS: Registry[Lesson] = Registry("topic", home="backviz.lessons")


def same(text: str) -> Words:
    """Text that is the same in every language, such as a formula."""
    return Words(text, text)
