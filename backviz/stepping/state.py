"""The state of a session: where the cursor is, and everything that commands have set.

Invariant: a state is frozen; a command makes a new one. What is known at a place follows
from the place alone, so the same place shows the same numbers however it was reached.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backviz.autodiff.tape import NO_NAMES, Names
from backviz.autodiff.value import Value
from backviz.stepping.breaks import Break
from backviz.stepping.look import Look
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.telling.step import Step
from backviz.telling.teller import RunTeller
from backviz.telling.timeline import Place, Timeline

ALL_SEEN = 10**15  # a place beyond all


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the quiz at a place: of a kind, about a node, or about contribution `use`."""

    asks: str
    at: int
    node: int
    use: int = -1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a question went: what was asked and answered, as text, with the slip that was found.

    An `answer` of "" was given up. Each hint costs half of the one point.
    """

    asks: str
    about: str
    answer: str
    expected: str
    right: bool
    slip: str = ""
    hints: int = 0

    @property
    def points(self) -> float:
        """1 for a right answer, less a half for each hint."""
        return max(0.0, 1 - self.hints / 2) * self.right


@dataclass(frozen=True, slots=True)
class Quiz:
    """A quiz: the open question, the kinds it keeps to, and how all went so far.

    `posed` were asked with these numbers; `seed` is that of the numbers, 0 as recorded.
    """

    question: Question | None = None
    kinds: tuple[str, ...] = ()
    seed: int = 0
    posed: frozenset[Question] = frozenset()
    hints: int = 0
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """The gradient that a leaf holds in a program: `now`, and what of it was there `before`.

    `passes` have added to it since it was last 0, the one of this record among them if it has run.
    """

    now: Any
    before: Any
    passes: int


@dataclass(frozen=True, slots=True)
class Program:
    """The program in whose midst a session was opened: the line, and the gradients of its leaves.

    `done` says that its backward pass over this record has run; `leaves` are those by node that
    hold a gradient.
    """

    where: str
    done: bool
    leaves: Mapping[int, Kept]


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a session.

    `at` is the place on the timeline, `passes` how many backward passes were begun, `stops`
    the places inside a node at which somebody stopped. `runs` are the what-ifs so far, the
    first one as recorded, `run` the present one among them. `last` is the line that Enter
    repeats. `program` is what the program holds in whose midst the session was opened. The numbers
    of the run have been shown up to the place `seen`.
    """

    runs: tuple[Run, ...]
    look: Look = field(default_factory=Look)
    number: int = 0
    at: int = 0
    passes: int = 1
    stops: tuple[int, ...] = ()
    breaks: tuple[Break, ...] = ()
    watches: tuple[int, ...] = ()
    last: str = ""
    history: tuple[str, ...] = ()
    quiz: Quiz = field(default_factory=Quiz)
    seen: int = 0
    program: Program | None = None

    @property
    def question(self) -> Question | None:
        """The question that waits for an answer."""
        return self.quiz.question

    @property
    def run(self) -> Run:
        """The numbers at present."""
        return self.runs[self.number]

    @property
    def original(self) -> Run:
        """The numbers as recorded."""
        return self.runs[0]

    @property
    def record(self) -> Record:
        """What all runs have in common."""
        return self.runs[0].record

    @property
    def timeline(self) -> Timeline:
        """The places of the cursor."""
        return self.record.timeline

    @property
    def teller(self) -> RunTeller:
        """What tells the steps, in the numbers of the session."""
        return RunTeller(self.run, self.look.numbers)

    @property
    def place(self) -> Place:
        """What the present place means."""
        return self.timeline.place(self.at)

    @property
    def node(self) -> int | None:
        """The node at work: computed last, or handing its gradient on; `None` before the first."""
        return node_at(self, self.at)

    @property
    def step(self) -> Step:
        """The step that ends at the present place."""
        return self.teller.told(self.at)

    def but(self, **changes: Any) -> State:
        """The same state with something changed."""
        return replace(self, **changes)


def start(output: Value, look: Look | None = None, called: Names = NO_NAMES) -> State:
    """The state before the first step; `called` are names for values that have no label.

    >>> a = Value(3.0, "a")
    >>> state = start(a * a)
    >>> state.place.phase, state.at, state.timeline.end()
    ('forward', 0, 4)
    """
    return State((Run(Record(output, called)),), look or Look())


def node_at(state: State, at: int) -> int | None:
    """The node at work at a place."""
    return state.teller.node(state.timeline.place(at))


def is_known(state: State, node: int, at: int | None = None) -> bool:
    """Whether a node's value has been computed at a place."""
    if state.record.values[node].op is None:
        return True
    return bisect_left(state.record.ops, node) < (state.at if at is None else at)


def gradient(state: State, node: int, run: Run | None = None, at: int | None = None) -> Any:
    """The gradient that a node shows at a place; `None` if nothing has arrived.

    On leaves the gradients of earlier passes are still there, and the new ones add up on them.
    """
    place = state.timeline.place(state.at if at is None else at)
    return (run or state.run).shown(node, place)


def gradients(state: State, run: Run) -> list[Any]:
    """The gradients of all nodes at the present place, by the numbers of a run."""
    place = state.place
    if place.phase == "backward" and not (place.turn or run.earlier):
        return run.gradients(place.done)
    return [gradient(state, node, run) for node in range(state.record.last + 1)]


def arrived(state: State, node: int, at: int | None = None) -> tuple[int, int]:
    """How many contributions of how many a node has received in this pass."""
    place = state.timeline.place(state.at if at is None else at)
    if place.phase == "forward":
        return 0, state.record.count(node, 0)[1]
    return state.run.count(node, place.done)
