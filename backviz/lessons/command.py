"""The stepper's command `explain TOPIC|OP`: the same screen as `backviz explain`.

The lessons stand above the stepper, so the command is entered from here; the table of
commands imports this module when it is asked for it.
Invariant: it moves nothing and asks nothing of the outside.
"""

from __future__ import annotations

from backviz.lessons import explanation
from backviz.lessons.model import LESSONS
from backviz.lessons.screen import lines
from backviz.lessons.words import LISTED
from backviz.ops import OPS
from backviz.stepping.look import Look
from backviz.stepping.state import State
from backviz.stepping.vocabulary import COMMANDS, Command, Result


def topic_lines(look: Look) -> list[str]:
    """All topics with their questions.

    >>> topic_lines(Look())[1]
    '  accumulate         Why does backward add (+=) and not overwrite (=)?'
    """
    topics = [(lesson.name, lesson.question.of(look.lang)) for lesson in LESSONS.values()]
    return [look.fit(LISTED.of(look.lang)), *look.table(topics)]


def _explain(state: State, text: str) -> tuple[State, Result]:
    look = state.look
    return state, Result(tuple(lines(explanation(text), look) if text else topic_lines(look)))


def _names(state: State) -> list[str]:
    return [*LESSONS.names(), *OPS.names()]


COMMANDS.add(
    "explain",
    Command("explain", "explain [TOPIC|OP]", "explain accumulate", _explain, offers=_names),
)
