"""A recorded training: the loss and the gradients at every step, and any step of it again.

Invariant: the memory is bounded. Losses and lengths of gradients are kept for every step, leaves
and optimizer for some, the keyframes; what lies between is computed again from the one before, and
is the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from backviz.autodiff.replay import Replay
from backviz.autodiff.tape import NO_NAMES, Names
from backviz.errors import BackvizError, InputError
from backviz.files import write_file
from backviz.language import _
from backviz.training.choice import Chosen, choose
from backviz.training.course import Course, Moment, Recipe

MOST_KEYFRAMES = 64
MOST_NUMBERS = 20_000_000  # in all keyframes


def _nothing(_course: Course) -> None:
    """Nobody watches."""


@dataclass(eq=False, repr=False)
class Training:
    """What `backviz.train` gives: a training, step by step.

    `loss[k]` is the loss after k steps, `norms[k]` the lengths of the gradients there, one for
    each of `names`. It begins with the numbers of the record, but for those in `fixed`, by place,
    and with what the optimizer holds in `state`. `at(k)` is the training after k steps, to look at
    or to go on from. `stopped` is the error that ended it early, or `None`, `called` are names for
    values that have no label.

    >>> from backviz import Value
    >>> from backviz.training import choose
    >>> w = Value(4.0, "w")
    >>> replay = Replay((w - 1) ** 2)
    >>> made = Training(replay, choose(replay, ["w", "n1", "n2", "n3", "L"]), Recipe("sgd", 0.25))
    >>> made.go(3).loss, made.at(2).leaves
    ([9.0, 2.25, 0.5625, 0.140625], {0: 1.75})
    """

    replay: Replay
    chosen: Chosen
    recipe: Recipe
    fixed: Mapping[int, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    loss: list[float] = field(default_factory=list)
    norms: list[list[float]] = field(default_factory=list)
    keyframes: dict[int, Moment] = field(default_factory=dict)
    stride: int = 1
    stopped: BackvizError | None = None
    called: Names = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What the leaves that learn are called."""
        return self.chosen.names

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.loss) - 1

    def go(self, steps: int, watch: Callable[[Course], None] = _nothing) -> Training:
        """Go on to that many steps in all; `watch` hears of each, also of the first moment.

        It ends early where the loss is no number any more, or the record is no longer what the
        program would compute: `stopped` holds the error. Raises it if there is not one moment.
        """
        if self.stopped is not None or steps <= self.steps:
            return self
        course = self._from(self.steps) if self.loss else self.begin()
        if course.step == 0:
            watch(course)
        while course.step < steps:
            try:
                course.advance()
            except BackvizError as error:
                self.stopped = error
                return self
            self._take(course)
            watch(course)
        return self

    def begin(self) -> Course:
        """The moment before the first step; raises what is wrong with it."""
        course = self._from(0)
        if not self.loss:
            self._take(course)
        return course

    def at(self, step: int) -> Course:
        """The training after so many steps, computed from the keyframe before.

        Raises `InputError` for a step that there is not.
        """
        if not 0 <= step <= self.steps:
            raise InputError(
                _("there is no training step {k}; there are 0 to {n}", k=step, n=self.steps)
            )
        return self._from(step)

    def _from(self, step: int) -> Course:
        near = max((k for k in self.keyframes if k <= step), default=0)
        moment = self.keyframes.get(near)
        if moment is None:
            moment = Moment(0, self._begin(), dict(self.state))
        course = Course(self.replay, self.chosen.nodes, self.recipe, moment, self.fixed)
        while course.step < step:
            course.advance()
        return course

    def _begin(self) -> dict[int, Any]:
        values = self.replay.values
        return {i: self.fixed.get(i, values[i].raw) for i in self.chosen.nodes}

    def _take(self, course: Course) -> None:
        loss, norms = course.loss, course.norms
        self.loss.append(loss)
        self.norms.append(norms)
        if course.step % self.stride == 0:
            self.keyframes[course.step] = course.moment()
            self._thin()

    def _thin(self) -> None:
        """Keep every second keyframe once there are too many."""
        first = next(iter(self.keyframes.values()))
        numbers = sum(map(np.size, [*first.leaves.values(), *first.state.values()]))
        most = max(2, min(MOST_KEYFRAMES, MOST_NUMBERS // max(1, numbers)))
        while len(self.keyframes) > most:
            self.stride *= 2
            self.keyframes = {k: m for k, m in self.keyframes.items() if k % self.stride == 0}

    def shown_steps(self, most: int) -> list[int]:
        """At most so many steps spread over the training, the first and the last among them.

        >>> Training(None, None, None, loss=[0.0] * 101).shown_steps(5)
        [0, 25, 50, 75, 100]
        """
        return spread(self.steps, most)

    def save(self, path: str | Path, frames: int = 24, **style: Any) -> Path:
        """Write it: .html .mp4 .gif .webp .csv .npz, whole or not at all.

        Page and film show `frames` of the steps; `style` takes the fields of `Style` for them.
        Raises `UsageError` for another extension.
        """
        from backviz.formats import resolve
        from backviz.training.formats import TRAININGS

        row = TRAININGS[resolve(str(path), None, TRAININGS)]
        write_file(path, row(self, style, frames))
        return Path(path)

    @property
    def stands(self) -> bool:
        """Whether no gradient ever moved anything: all were 0 before every step."""
        return not np.any(self.norms)

    def describe(self) -> str:
        """One line: how far it went, and what became of the loss."""
        return _(
            "{n} steps of {recipe}: loss {first:.6g} → {last:.6g}",
            n=self.steps,
            recipe=self.recipe.describe(),
            first=self.loss[0],
            last=self.loss[-1],
        )

    def __repr__(self) -> str:
        return f"<{self.describe()}>"


def spread(last: int, most: int) -> list[int]:
    """At most `most` whole numbers from 0 to `last`, evenly, with both ends."""
    if last + 1 <= most:
        return [*range(last + 1)]
    return sorted({round(k * last / (most - 1)) for k in range(most)})


def trained(
    replay: Replay,
    names: Sequence[str],
    steps: int,
    recipe: Recipe,
    wrt: str | Sequence[str] = "",
    watch: Callable[[Course], None] = _nothing,
    called: Names = NO_NAMES,
) -> Training:
    """Train a record from its own numbers; what `backviz.train` does."""
    if steps < 1:
        raise InputError(_("steps={n} does not work; give a whole number of at least 1", n=steps))
    made = Training(replay, choose(replay, names, wrt), recipe, called=called)
    return made.go(steps, watch)
