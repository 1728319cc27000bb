"""A training while it runs: the leaves that learn, their optimizer, and the next step.

Invariant: a moment holds all that the next one depends on, so that going on from it takes the
same steps, bit for bit, as never having stopped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.replay import Replay
from backviz.autodiff.value import Value
from backviz.errors import BackvizError, InputError, NotFiniteError
from backviz.language import _
from backviz.optim.optimizer import Optimizer
from backviz.optim.options import short
from backviz.optim.table import OPTIMIZERS

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """An optimizer by name, its rate (`None` for its own), and further options of it."""

    optimizer: str = "sgd"
    rate: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def made(self, arrays: list[np.ndarray]) -> Optimizer:
        """The optimizer for these arrays; one sentence for a wrong name, rate or option."""
        given = {**self.options, **({} if self.rate is None else {"lr": self.rate})}
        return OPTIMIZERS[self.optimizer](arrays, **given)

    def describe(self) -> str:
        """`Adam lr=.01 β₁=.9 …`: the name and all options.

        >>> Recipe("sgd", 0.1).describe()
        'SGD lr=.1 μ=0 τ=0 wd=0'
        """
        return self.made([np.zeros(1)]).describe()


@dataclass(frozen=True, slots=True)
class Moment:
    """A training after `step` steps: what the leaves hold, and the state of the optimizer.

    `leaves` are the data by place on the tape, `state` is what `load_state_dict` takes.
    """

    step: int
    leaves: Mapping[int, Any]
    state: State


def _length(g: Any) -> Any:
    return np.sqrt(np.sum(np.square(g)))


class Course:
    """A record whose leaves learn; `advance` makes a step.

    `run` are the values with the present leaves, `gradients` those of the leaves that learn, by
    place. Raises `NotFiniteError` where the loss is no number any more, `InputError` where the
    record is no longer what the program would compute.

    >>> w = Value(4.0, "w")
    >>> course = Course(Replay((w - 1) ** 2), [0], Recipe("sgd", 0.25))
    >>> course.loss
    9.0
    >>> course.advance()
    >>> course.leaves, course.loss
    ({0: 2.5}, 2.25)
    """

    def __init__(
        self,
        replay: Replay,
        learn: Sequence[int],
        recipe: Recipe,
        moment: Moment | None = None,
        fixed: Mapping[int, Any] | None = None,
    ) -> None:
        self.replay, self.learn, self.recipe = replay, tuple(learn), recipe
        self.fixed = dict(fixed or {})
        data = {i: self.fixed.get(i, replay.values[i].raw) for i in self.learn}
        data |= {} if moment is None else moment.leaves
        self.step = 0 if moment is None else moment.step
        self.arrays = [np.array(data[i], dtype=replay.values[i].dtype) for i in self.learn]
        self.optimizer = recipe.made(self.arrays)
        if moment is not None and moment.state:
            self.optimizer.load_state_dict(moment.state)
        self._compute()

    @property
    def leaves(self) -> dict[int, Any]:
        """What the leaves that learn hold, by place: floats, or arrays of their own."""
        return {
            i: array.copy() if array.ndim else float(array)
            for i, array in zip(self.learn, self.arrays, strict=True)
        }

    @property
    def loss(self) -> float:
        """The loss with the present leaves."""
        return float(self.run[self.replay.last].raw)

    @property
    def norms(self) -> list[float]:
        """The length of each learning leaf's gradient; 0 where none arrives."""
        found = [self.gradients.get(i) for i in self.learn]
        return [0.0 if g is None else float(quietly(_length, g)) for g in found]

    def advance(self) -> None:
        """One step of the optimizer, and a pass with the new numbers."""
        moved = [self.gradients.get(i) for i in self.learn]
        if not any(g is not None for g in moved):
            raise InputError(_("no gradient comes to what is to learn; backviz diagnose says why"))
        self.optimizer.step([None if g is None else np.asarray(g) for g in moved])
        self.step += 1
        self._compute()

    def moment(self) -> Moment:
        """The present moment, to go on from at another time."""
        return Moment(self.step, self.leaves, self.optimizer.state_dict())

    def _compute(self) -> None:
        try:
            self.run: tuple[Value, ...] = self.replay({**self.fixed, **self.leaves})
        except BackvizError as error:
            if not self.step:
                raise
            raise InputError(
                _("the training ends before step {step}: {said}", step=self.step, said=error)
            ) from None
        if not math.isfinite(self.loss):
            raise NotFiniteError(self._not_finite())
        self.gradients: dict[int, Any] = {
            i: g for i, g in self.replay.gradients(self.run).items() if i in self.learn
        }

    def _not_finite(self) -> str:
        value = "NaN" if math.isnan(self.loss) else "∞" if self.loss > 0 else "−∞"
        if not self.step:
            return _("the loss is {value} before the first step; backviz diagnose says where it "
                     "begins", value=value)  # fmt: skip
        return _("the loss is {value} after step {step}: steps at the rate {rate} are too large; "
                 "try a smaller one", value=value, step=self.step,
                 rate=short(self.optimizer.lr))  # fmt: skip
