"""The score file of a quiz: a line of CSV for every question that was answered or given up.

Invariant: lines are only ever added, under one heading; a file that has another one is left alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from backviz.errors import InputError, UsageError
from backviz.language import _
from backviz.stepping.state import Outcome

COLUMNS = (
    "student", "source", "seed", "number", "asks", "about", "answer", "expected", "right", "slip",
    "hints", "points",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scores:
    """Where the outcomes of a quiz go, under whose name, and how many of them are there."""

    path: str
    student: str = ""
    source: str = ""
    written: int = 0


def begin(path: str, student: str = "", source: str = "", written: int = 0) -> Scores:
    """The file with its heading; `InputError` for a file that holds something else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scores = begin(f"{folder}/scores.csv", "Ann", "@diamond")
    ...     Path(scores.path).read_text().strip()
    'student,source,seed,number,asks,about,answer,expected,right,slip,hints,points'
    """
    if not path.endswith(".csv"):
        raise UsageError(_("a score file is a CSV: {path} does not end in .csv", path=path))
    place = Path(path)
    try:
        first = place.read_text("utf-8").partition("\n")[0] if place.exists() else ""
        if not first:
            _add(path, [COLUMNS])
        elif first.strip() != ",".join(COLUMNS):
            raise InputError(
                _("{path} is no score file: its first line is not {heading}; name a new file",
                  path=path, heading=",".join(COLUMNS))
            )  # fmt: skip
    except UnicodeDecodeError:
        raise InputError(_("{path} is no score file; name a new file", path=path)) from None
    except OSError as error:
        raise UsageError(
            _("cannot write {path}: {strerror}", path=path, strerror=error.strerror)
        ) from None
    return Scores(path, student, source, written)


def add(scores: Scores, outcomes: tuple[Outcome, ...], seed: int) -> Scores:
    """Add what is not there yet; the scores with the new count."""
    rows = [
        (scores.student, scores.source, seed, number, o.asks, o.about, o.answer, o.expected,
         int(o.right), o.slip, o.hints, f"{o.points:g}")
        for number, o in enumerate(outcomes[scores.written :], scores.written + 1)
    ]  # fmt: skip
    try:
        _add(scores.path, rows)
    except OSError as error:
        raise UsageError(
            _("cannot write {path}: {strerror}", path=scores.path, strerror=error.strerror)
        ) from None
    return Scores(scores.path, scores.student, scores.source, len(outcomes))


def _add(path: str, rows: Iterable[Iterable[object]]) -> None:
    """All rows in one go, so that several learners can share a file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_inert(cell) for cell in row] for row in rows)
    with Path(path).open("a", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())


def _inert(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: numbers are none."""
    text = str(cell).replace("\n", " ").replace("\r", " ")
    if text[:1] in ("=", "+", "-", "@", "\t"):
        try:
            float(text)
        except ValueError:
            return f"'{text}"
    return text
