"""The stepper's command `explain TOPIC|OP`: the same screen as `backviz explain`.

The lessons stand above the stepper, so the command is entered from here; the table of
commands imports this module when it is asked for it.
Invariant: it moves nothing and asks nothing of the outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import backviz.stepping.learning  # noqa: F401  (these rows come first, whatever is imported first)
from backviz.language import N_
from backviz.lessons import Explanation, explanation
from backviz.lessons.finding import typed_words
from backviz.lessons.model import LESSONS, by_subject
from backviz.lessons.screen import data, lines
from backviz.lessons.words import LISTED
from backviz.ops import OPS
from backviz.stepping.answers import Answer
from backviz.stepping.look import Look
from backviz.stepping.state import State
from backviz.stepping.vocabulary import COMMANDS, Command, Result
from backviz.words import Words


@dataclass(frozen=True, eq=False, repr=False)
class Explained(Answer):
    """One screen on a topic or an op."""

    explanation: Explanation

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return lines(self.explanation, look)

    def data(self) -> dict[str, Any]:
        """The screen as data, in the language of the session."""
        return {"kind": self.kind, **data(self.explanation, language_of(self))}


@dataclass(frozen=True, eq=False, repr=False)
class Topics(Answer):
    """All topics with their questions."""

    topics: tuple[tuple[str, Words], ...]

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return topic_lines(look)

    def data(self) -> dict[str, Any]:
        """Each topic's name and question, in the language of the session."""
        lang = language_of(self)
        return {"kind": self.kind, "topics": [[name, asks.of(lang)] for name, asks in self.topics]}


def language_of(answer: Answer) -> str:
    """The language of the session that an answer belongs to."""
    return answer.state.look.lang if answer.state else Look().lang


def topic_lines(look: Look) -> list[str]:
    """All topics with their questions, under what they are about.

    >>> topic_lines(Look())[1:3]
    ['The backward pass', '  accumulate         Why does backward add (+=) and not overwrite (=)?']
    """
    made = [look.fit(LISTED.of(look.lang))]
    for subject, lessons in by_subject().items():
        made += look.lines(subject.of(look.lang))
        made += look.table([(each.name, each.question.of(look.lang)) for each in lessons])
    return made


def explained(name: str = "") -> Answer:
    """`explain TOPIC|OP`: its screen; without a name the topics.

    >>> explained("accumulate").text.partition(":")[0]
    'accumulate'
    """
    if name:
        return Explained(explanation(name))
    return Topics(tuple((lesson.name, lesson.question) for lesson in LESSONS.values()))


def _explain(state: State, text: str) -> tuple[State, Result]:
    return state, Result(explained(text))


def _names(state: State) -> list[str]:
    return [*LESSONS.names(), *OPS.names(), *typed_words()]


COMMANDS.add(
    "explain",
    Command("explain", "explain [TOPIC|OP]", "explain accumulate", _explain, offers=_names,
            about=N_("a topic or op, one screen"), subject="asking"),
)  # fmt: skip
