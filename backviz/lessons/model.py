"""An explanation as data: words in every language, and tables of numbers that were just computed.

Invariant: no number is typed into an explanation; a lesson holds the computation, and its
tables are made by running it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from backviz.registry import Registry
from backviz.text import NumberStyle
from backviz.words import Words

Dress = Callable[[NumberStyle], str]  # text whose numbers are as the reader asked for


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


same = Words.same
