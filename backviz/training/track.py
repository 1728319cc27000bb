"""The training steps of a session: several trainings, one after another, and what they led to.

A person takes steps, changes the rate, sets a leaf, goes back and takes other steps. Each of these
begins a training of its own where the one before was left.

Invariant: a track is frozen; a step that was taken from an earlier epoch makes another track. An
epoch is the same numbers whenever it is gone to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backviz.autodiff.replay import Replay, same
from backviz.errors import InputError
from backviz.language import _
from backviz.training.choice import Chosen
from backviz.training.course import Course, Recipe
from backviz.training.result import Training


@dataclass(frozen=True, slots=True)
class Segment:
    """A training whose own step 0 is an epoch of the session."""

    begin: int
    training: Training


@dataclass(frozen=True, slots=True)
class Track:
    """The epochs 0 to `last` of a session, in one training or several.

    >>> Track().last
    0
    """

    segments: tuple[Segment, ...] = ()
    last: int = 0

    def segment(self, epoch: int) -> Segment | None:
        """The training that an epoch is in; of two that meet there, the later one."""
        return next((s for s in reversed(self.segments) if s.begin <= epoch), None)

    def course(self, epoch: int) -> Course:
        """The training at an epoch, computed again; `InputError` for one that there is not."""
        found = self.segment(epoch) if epoch <= self.last else None
        if found is None:
            raise InputError(
                _("there is no epoch {k}; there are 0 to {n}", k=epoch, n=self.last)
                if self.segments
                else _("no step was taken yet; update 0.1 takes one")
            )
        return found.training.at(epoch - found.begin)

    def edits(self, epoch: int) -> dict[int, Any]:
        """What leaves hold at an epoch that is not as recorded, by place."""
        course = self.course(epoch)
        return {**course.fixed, **course.leaves}

    def losses(self) -> Iterator[tuple[int, float]]:
        """Every epoch with its loss."""
        for epoch in range(self.last + 1):
            if (found := self.segment(epoch)) is not None:
                yield epoch, found.training.loss[epoch - found.begin]

    def onward(
        self,
        epoch: int,
        replay: Replay,
        chosen: Chosen,
        recipe: Recipe,
        edits: Mapping[int, Any],
        steps: int,
    ) -> Track:
        """The track after so many steps more from an epoch, with these leaves there.

        What lay behind that epoch is given up. Raises what ended the training if not one step
        could be taken.
        """
        found = self.segment(epoch) if epoch <= self.last else None
        alike = (
            found is not None
            and found.training.recipe == recipe
            and found.training.chosen.nodes == chosen.nodes
        )
        kept = tuple(s for s in self.segments if s.begin <= epoch)
        if alike and found is not None and agree(self.edits(epoch), edits):
            training, begin = found.training, found.begin
        else:
            state = self.course(epoch).optimizer.state_dict() if alike else {}
            training, begin = Training(replay, chosen, recipe, dict(edits), state), epoch
            kept = (*kept, Segment(begin, training))
        training.go(epoch - begin + steps)
        reached = min(begin + training.steps, epoch + steps)
        if reached == epoch and training.stopped is not None:
            raise training.stopped
        return Track(kept, reached)


def agree(a: Mapping[int, Any], b: Mapping[int, Any]) -> bool:
    """Whether two sets of new data for leaves are the same."""
    return a.keys() == b.keys() and all(same(a[i], b[i]) for i in a)
