"""An explanation as data: words in every language, and tables of numbers that were just computed.

Invariant: no number is typed into an explanation; a lesson holds the computation, and its
tables are made by running it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
    Where a wrong way stands beside the right one, `right` and `wrong` are their columns, `judge`
    that of what decides between them.
    """

    heads: tuple[Words, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: Words | None = None
    digits: int = 0
    note: Words | None = None
    right: int = 0
    wrong: int = 0
    judge: int = 0


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


# What topics are about, in the order in which they are listed.
SUBJECTS = {
    "pass": Words("The backward pass"),
    "record": Words("What is recorded"),
    "meaning": Words("What a gradient says"),
    "arrays": Words("Arrays"),
    "fading": Words("Gradients that fade, stop or explode"),
    "training": Words("Starts and steps"),
    "loop": Words("The loop of training"),
    "numbers": Words("Cost and rounding"),
    "": Words("More"),
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """A misconception: a question, a small computation, what to show of it, and the answer.

    `source` is an expression as `backviz step` takes it, or "" where the tables need more than
    one. `shown` makes the tables, each from the recorded result. `wrong` names the broken
    engine that runs beside the right one. `also` are other words that people type for it, in
    each language its own, with commas between them; `subject` is a name in `SUBJECTS`.
    """

    name: str
    question: Words
    says: Words
    source: str = ""
    shown: tuple[View, ...] = ()
    wrong: str = ""
    also: Words | None = None
    subject: str = ""


def _place(lesson: Lesson) -> int:
    return [*SUBJECTS].index(lesson.subject)


LESSONS: Registry[Lesson] = Registry("topic", home="backviz.lessons", order=_place)


def topics_on(subject: str) -> Callable[..., Lesson]:
    """What enters the lessons of a subject: `topic(name, question, says, …, aliases=…)`."""

    def topic(
        name: str,
        question: Words,
        says: Words,
        source: str = "",
        shown: tuple[View, ...] = (),
        wrong: str = "",
        *,
        also: Words | None = None,
        aliases: Iterable[str] = (),
    ) -> Lesson:
        lesson = Lesson(name, question, says, source, shown, wrong, also, subject)
        return LESSONS.add(name, lesson, aliases)

    return topic


def by_subject() -> dict[Words, list[Lesson]]:
    """The topics under what they are about.

    >>> [lesson.name for lesson in by_subject()["The backward pass"]][:2]
    ['accumulate', 'topological-order']
    """
    found: dict[Words, list[Lesson]] = {}
    for lesson in LESSONS.values():
        found.setdefault(SUBJECTS[lesson.subject], []).append(lesson)
    return found


same = Words.same
