"""A training that goes on after it was killed: what there is stands beside the file to come.

Invariant: the file that is there at the end is the one that an undisturbed training would have
written, to the byte; what was left is used if it is of the same record and recipe, and is gone
when the file is there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

from backviz.errors import InputError
from backviz.files import write_file
from backviz.training.course import Course
from backviz.training.kept import from_file, npz
from backviz.training.result import Training

EVERY = 2.0  # seconds between two savings
ENDING = ".part"


def rest_of(path: str | Path) -> Path:
    """Where an unfinished training of a file stands."""
    return Path(f"{path}{ENDING}")


def left_over(path: str | Path, begun: Training) -> Training | None:
    """What an earlier attempt at a file has left, if it is this training."""
    place = rest_of(path)
    if not place.is_file():
        return None
    try:
        found = from_file(place, begun.replay)
    except InputError:
        return None
    same = found.recipe == begun.recipe and found.chosen.nodes == begun.chosen.nodes
    return found if same else None


def go(
    training: Training, steps: int, path: str | Path, watch: Callable[[Course], None],
    every: float | None = None,
) -> Training:  # fmt: skip
    """Train to that many steps, and save what there is now and then, and when interrupted."""
    saved = monotonic()

    def seen(course: Course) -> None:
        nonlocal saved
        watch(course)
        if monotonic() - saved >= (EVERY if every is None else every):
            save(training, path)
            saved = monotonic()

    try:
        return training.go(steps, seen)
    except KeyboardInterrupt:
        if training.loss:
            save(training, path)
        raise


def save(training: Training, path: str | Path) -> None:
    """Put what there is beside the file to come."""
    write_file(rest_of(path), npz(training))


def done(path: str | Path) -> None:
    """The file is there: what stood beside it is of no use."""
    rest_of(path).unlink(missing_ok=True)
