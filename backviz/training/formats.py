"""The formats of a recorded training, each one row.

Invariant: a row's function takes the training, the style of its figures, and how many steps of
many a figure shows; data take the training alone.
"""

from __future__ import annotations

from typing import Any

from backviz.formats import Format, Formats
from backviz.training.result import Training


class TrainingFormat(Format):
    """A format of trainings."""

    __slots__ = ()

    def __call__(self, training: Training, style: Any = None, frames: int = 0) -> bytes:
        """The whole file."""
        if self.kind == "data":
            made: bytes = self.make(training)
        else:
            made = self.make(training, style, frames)
        return made


TRAININGS: Formats[TrainingFormat] = Formats("train", home="backviz.movies.training_film")

_HERE = __name__.rpartition(".")[0]
for _row in (
    TrainingFormat("csv", "a row for each step", f"{_HERE}.tables:as_csv", "data"),
    TrainingFormat("npz", "arrays for numpy, and to go on from", f"{_HERE}.kept:npz", "data"),
):
    TRAININGS.enter(_row)
