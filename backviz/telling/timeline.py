"""The places of the cursor: the forward phase op by op, then one or more backward passes.

Invariant: a place is one whole number. Forward, it counts the ops that are done. A pass
takes one place for its seed and one for each contribution; the visible places are the
seed and the end of every node, and those in between at which somebody stopped.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Phase = Literal["forward", "backward"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cursor stands.

    `step` counts the ops that are done, or the nodes whose backward step is complete or under
    way; `done` the contributions of this pass; `turn` the earlier passes. Step 0 of the
    backward phase is its seed.
    """

    phase: Phase
    step: int
    of: int
    done: int = 0
    turn: int = 0


@dataclass(frozen=True)
class Timeline:
    """`ops` forward steps, and backward steps that end after `ends` contributions.

    >>> line = Timeline(2, (2, 4))
    >>> [line.next(at) for at in (0, 1, 2, 3, 4, 5)]
    [1, 2, 3, 5, 5, 7]
    >>> line.place(5)
    Place(phase='backward', step=1, of=2, done=2, turn=0)
    """

    ops: int
    ends: tuple[int, ...]
    backward: bool = True  # whether there is a backward pass at all

    @cached_property
    def turn(self) -> int:
        """How many places one backward pass takes."""
        return 1 + (self.ends[-1] if self.ends else 0)

    @property
    def seed(self) -> int:
        """The first place of the first backward pass."""
        return self.ops + 1

    def end(self, passes: int = 1) -> int:
        """The last place."""
        return self.ops + passes * self.turn if self.backward else self.ops

    def place(self, at: int) -> Place:
        """What a place means."""
        if at <= self.ops:
            return Place("forward", at, self.ops)
        turn, done = divmod(at - self.seed, self.turn)
        return Place("backward", bisect_left(self.ends, done) + 1 if done else 0,
                     len(self.ends), done, turn)  # fmt: skip

    def rank(self, at: int) -> int:
        """How many nodes and seeds are complete at a place."""
        place = self.place(at)
        if place.phase == "forward":
            return at
        complete = bisect_right(self.ends, place.done) if place.done else 0
        return self.ops + 1 + place.turn * (1 + len(self.ends)) + complete

    def at(self, rank: int) -> int:
        """The place at which that many nodes and seeds are complete."""
        if rank <= self.ops:
            return rank
        turn, step = divmod(rank - self.ops - 1, 1 + len(self.ends))
        return self.seed + turn * self.turn + (self.ends[step - 1] if step else 0)

    def next(self, at: int) -> int:
        """The end of the node after a place, or of the one under way; not bounded."""
        return self.at(self.rank(at) + 1)

    def before(self, at: int) -> int:
        """The last place before this one at which no node is under way."""
        found = self.at(self.rank(at))
        return found if found < at else self.at(max(0, self.rank(at) - 1))
