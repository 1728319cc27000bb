"""What a session keeps beside its place: breaks, watched nodes, the lines so far, gradients.

Invariant: each function gives a new state and says what it did; none of them moves the cursor
forward.
"""

from __future__ import annotations

from dataclasses import dataclass

from backviz.errors import InputError
from backviz.stepping.answers import Answer, Note
from backviz.stepping.breaks import read_break
from backviz.stepping.look import Look
from backviz.stepping.state import State

SHOWN = 200  # lines of the history


@dataclass(frozen=True, eq=False, repr=False)
class Breaks(Answer):
    """The breaks that are set, in their order."""

    breaks: tuple[str, ...]

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        rows = [(f"{k}", text) for k, text in enumerate(self.breaks, 1)]
        return look.table(rows) or look.lines(
            look.say("no breaks; help break lists what there is"), 2
        )


@dataclass(frozen=True, eq=False, repr=False)
class History(Answer):
    """The lines of the session so far."""

    commands: tuple[str, ...]

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        rows = [(f"{k}", line) for k, line in enumerate(self.commands, 1)]
        return look.table(rows[-SHOWN:])


def breaks(state: State) -> Breaks:
    """`break`: what there is."""
    return Breaks(tuple(b.text for b in state.breaks))


def break_at(state: State, what: str) -> tuple[State, Answer]:
    """`break WHAT`: stop `continue` there.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> state, answer = break_at(start(Value(3.0, "a") ** 2), "a.grad>1")
    >>> answer.values
    {'k': 1, 'what': 'a.grad>1'}
    """
    new = read_break(what, state.record)
    state = state.but(breaks=(*state.breaks, new))
    return state, Note("break set", {"k": len(state.breaks), "what": new.text})


def clear(state: State, number: int = 0) -> tuple[State, Answer]:
    """`clear [n]`: drop break n; 0 drops all breaks and ends all watching."""
    if not number:
        return state.but(breaks=(), watches=()), Note("cleared")
    if not 0 < number <= len(state.breaks):
        raise InputError(
            state.look.say(
                "there is no break {k} (there are {n}); break lists them",
                k=number,
                n=len(state.breaks),
            )
        )
    kept = (*state.breaks[: number - 1], *state.breaks[number:])
    return state.but(breaks=kept), Note("cleared")


def watch(state: State, name: str) -> tuple[State, Answer]:
    """`watch NODE`: say when it changes; once more ends it."""
    node = state.record.about(name)
    said = {"name": state.record.names[node]}
    if node in state.watches:
        kept = tuple(n for n in state.watches if n != node)
        return state.but(watches=kept), Note("unwatched", said)
    return state.but(watches=(*state.watches, node)), Note("watched", said)


def zero(state: State) -> tuple[State, Answer]:
    """`zero`: forget the gradients of all passes, and those that a program had left."""
    runs = tuple(run.forgetting() for run in state.runs)
    new = state.but(at=min(state.at, state.timeline.ops), passes=1, stops=(), runs=runs)
    return new, Note("zeroed")


def history(state: State) -> History:
    """`history`: the lines so far."""
    return History(state.history)
