"""A training as rows: CSV for a spreadsheet, and a short table for a terminal.

Invariant: a number in the CSV reads back exactly; leaves that are too large to be written out are
told by their length.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from backviz.training.course import Course
from backviz.training.result import Training

WRITTEN = 64  # entries of a leaf that has a column for each


def as_csv(training: Training) -> bytes:
    """A row for each step: the loss, each leaf entry by entry, the length of its gradient."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    nodes, values = training.chosen.nodes, training.replay.values
    shapes = [values[i].shape for i in nodes]
    heads: list[str] = ["step", "loss"]
    for name, shape in zip(training.names, shapes, strict=True):
        heads += _entries(name, shape)
    writer.writerow([*heads, *(f"|{name}.grad|" for name in training.names)])
    for course in every(training):
        row: list[Any] = [course.step, repr(course.loss)]
        for i in nodes:
            row += _numbers(course.leaves[i])
        writer.writerow([*row, *map(repr, training.norms[course.step])])
    return out.getvalue().encode()


def every(training: Training) -> Iterator[Course]:
    """The training at every step, one after another, each computed once."""
    course = training.at(0)
    yield course
    while course.step < training.steps:
        course.advance()
        yield course


def _entries(name: str, shape: tuple[int, ...]) -> list[str]:
    if not shape:
        return [name]
    if np.prod(shape) > WRITTEN:
        return [f"|{name}|"]
    return [f"{name}[{', '.join(map(str, at))}]" for at in np.ndindex(shape)]


def _numbers(data: Any) -> list[str]:
    if np.size(data) > WRITTEN:
        return [repr(float(np.sqrt(np.sum(np.square(data)))))]
    return [repr(float(x)) for x in np.ravel(data)]


def rows(training: Training, most: int = 17) -> list[tuple[int, float, list[float]]]:
    """Some steps of many: the step, its loss, the lengths of the gradients."""
    return [(k, training.loss[k], training.norms[k]) for k in training.shown_steps(most)]
