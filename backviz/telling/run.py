"""The numbers of a record: what every value is, and what every contribution is.

Invariant: contributions are taken from the one stream `backward_steps`, each once, when
first asked for, and kept (those of a jump far ahead from `flow`, which is the same to the bit);
so going back costs nothing and changes nothing. An interrupt in the middle of a step loses no
step that was kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.backward import (
    Contribution,
    Step,
    accumulate,
    backward_steps,
    seed_for,
)
from backviz.autodiff.replay import Replay
from backviz.autodiff.tape import tape
from backviz.autodiff.value import Value
from backviz.telling.order import Sums
from backviz.telling.record import Record
from backviz.telling.timeline import Place

if TYPE_CHECKING:
    from backviz.telling.flow import Flow
    from backviz.training.track import Track

FAR, SHARE = 64, 32  # steps ahead of what is known, also as a share of all, that are far
FEW = 16  # contributions that are asked for one by one


class Run:
    """One execution of a record: as it was recorded, or with some leaves changed.

    `edits` are the new data by node number, `earlier` what leaves held before this pass. `epoch`
    is how many training steps of `track` led there.

    >>> a = Value(3.0, "a")
    >>> run = Run(Record(a * a))
    >>> [run.gradient(0, done) for done in range(3)]
    [None, 3.0, 6.0]
    >>> run.changed({0: 5.0}).values[1].data
    25.0
    """

    def __init__(
        self,
        record: Record,
        values: Sequence[Value] | None = None,
        edits: Mapping[int, Any] | None = None,
        earlier: Mapping[int, Any] | None = None,
        track: Track | None = None,
        epoch: int = 0,
    ) -> None:
        self.record = record
        self.track, self.epoch = track, epoch
        self.earlier = earlier or {}
        self.values = record.values if values is None else tuple(values)
        self.edits = dict(edits or {})
        self.seed = seed_for(self.output)
        self._steps: list[Step] = []
        self._stream: Iterator[Step] = iter(())
        self._flow: Flow | None = None
        self._sums = Sums(record, self._parts)

    @property
    def output(self) -> Value:
        """The result."""
        return self.values[self.record.last]

    def step(self, number: int) -> Step:
        """Backward step `number`, counted from 0 over the nodes that hand something on."""
        if self._is_far(number):
            assert self._flow is not None
            return self._flow.step(number)
        while len(self._steps) <= number:
            found = next(self._stream, None)
            if found is None:  # not begun, or broken off by an interrupt
                self._stream = self._after(len(self._steps))
            elif found.contributions:
                self._steps.append(found)
        return self._steps[number]

    def _is_far(self, number: int) -> bool:
        """Whether a step is so far ahead of those that are known that the whole pass is quicker.

        Then the pass is made, which only numbers allow.
        """
        ahead, far = number - len(self._steps), max(FAR, len(self.record.heads) // SHARE)
        if self._flow is None and ahead > far and self.seed is None:
            if any([v.first is None and v.second is not None for v in self.values]):  # noqa: C419
                tape(self.output)  # refuses, if a leaf was changed meanwhile
            from backviz.telling.flow import flow_of  # few jump so far

            self._flow = flow_of(self.record, self.values, self.record.last)
        return self._flow is not None and number >= len(self._steps)

    def _after(self, many: int) -> Iterator[Step]:
        stream = backward_steps(self.output, self.seed)
        while many:
            many -= bool(next(stream).contributions)
        return stream

    def owner(self, contribution: int) -> int:
        """The number of the step that a contribution belongs to."""
        return self.record.owner(contribution)

    def contribution(self, number: int) -> Contribution:
        """A contribution by its place in the pass, counted from 0."""
        step = self.owner(number)
        return self.step(step).contributions[number - self.record.starts[step]]

    def parts(self, node: int) -> Sequence[Any] | np.ndarray:
        """The contributions that a node receives, in order; one array where all are numbers."""
        return self._parts(node, 0, self.record.count(node, 0)[1])

    def _parts(self, node: int, first: int, end: int) -> Sequence[Any] | np.ndarray:
        arrivals = self.record.arrivals(node)
        if end > first and self._flow is None:
            self._is_far(self.owner(arrivals[end - 1]))
        if self._flow is not None and end - first > FEW:
            return self._flow.of(node)[first:end]
        return [self.contribution(use).value for use in arrivals[first:end]]

    def count(self, node: int, done: int) -> tuple[int, int]:
        """How many contributions of how many a node has received after the first `done`."""
        return self.record.count(node, done)

    def gradient(self, node: int, done: int) -> Any:
        """What has arrived at a node after the first `done` contributions; `None` if nothing."""
        record = self.record
        if node == record.last:
            return (1.0 if self.seed is None else self.seed) if self.output.requires_grad else None
        return self._sums.of(node, done)

    def shown(self, node: int, place: Place) -> Any:
        """The gradient that a node shows at a place; `None` if nothing has arrived.

        On leaves the gradients of earlier passes are still there, and the new ones add up on them.
        """
        if place.phase == "forward":
            return self.earlier.get(node)
        now, before = self.gradient(node, place.done), self.kept(node, place.turn)
        return now if before is None else before if now is None else accumulate(before, now)

    def kept(self, node: int, turn: int) -> Any:
        """What so many earlier passes have left on a leaf; `None` if nothing."""
        before = self.earlier.get(node)
        if not turn or self.record.values[node].op is not None:
            return before
        whole = self.whole(node)
        for _ in range(turn if whole is not None else 0):
            before = accumulate(before, whole)
        return before

    def forgetting(self) -> Run:
        """The same numbers, without what leaves held before."""
        # a stream and sums of its own: shared ones would count steps twice
        return Run(self.record, self.values, self.edits, track=self.track, epoch=self.epoch)

    def trained(self, track: Track, epoch: int) -> Run:
        """The record at an epoch of a track, before a pass that begins with no gradients."""
        run = again(self.forgetting(), track.edits(epoch))
        run.track, run.epoch = track, epoch
        return run

    def gradients(self, done: int) -> list[Any]:
        """The same for every node, in one walk over the contributions."""
        record = self.record
        found: list[Any] = [None] * len(self.values)
        self._is_far(bisect_left(record.starts, done) - 1)
        if self._flow is not None:
            for target, number in zip(record.targets[:done], self._flow.parts, strict=False):
                known = found[target]
                found[target] = number if known is None else known + number
            done = 0
        for step in range(bisect_left(record.starts, done)):
            first = record.starts[step]
            for use, part in enumerate(self.step(step).contributions[: done - first], first):
                target = record.targets[use]
                found[target] = accumulate(found[target], part.value)
        found[record.last] = self.gradient(record.last, 0)
        return found

    def whole(self, node: int) -> Any:
        """The gradient of a node when the pass is complete; `None` if none reaches it."""
        return self.gradient(node, len(self.record.targets))

    def changed(self, edits: Mapping[int, Any]) -> Run:
        """The record run again with these leaves set to other data, on top of its own edits."""
        return again(self, {**self.edits, **edits})


def again(run: Run, edits: Mapping[int, Any]) -> Run:
    """Run a record once more, as it was recorded but for these edits.

    The values are new ones, so whatever is done with them leaves the originals alone; they
    take the serials and origins of the originals, so that names and order stay.
    """
    record = run.record
    values = Replay(record.values[record.last], record.values)(edits)
    for node, value in enumerate(values) if record.called else ():
        if not value.label and (label := record.label(node)):
            value.label = label
    return Run(record, values, edits, run.earlier, run.track, run.epoch)
