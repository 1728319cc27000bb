"""The legend of a comparison: a sample of each line with all hyper-parameters, below the panels.

Invariant: no hyper-parameter is left out and nothing is cut: what is too long goes on in the
next line. Where a descent leaves the picture a line says when and why; those lines are kept
free from the first frame on, so that nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backviz.diagrams.frame import wrap
from backviz.errors import UsageError
from backviz.optim.options import short
from backviz.scenes.artist import Artist
from backviz.scenes.artists import Line, Points, Words
from backviz.scenes.model import Panel
from backviz.scenes.numbers import powers
from backviz.scenes.stable_rates import left_at, why_left
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import Run

Place = tuple[int, int, int, int]
# The page: the map and the curves beside it, the legend below. The legend begins in a column
# of no width, so that it need not begin where the axes of the map do.
MAP: Place = (0, 1, 1, 1)
CURVES: Place = (0, 2, 1, 1)
MORE: Place = (0, 3, 1, 1)
BELOW: Place = (1, 0, 1, 3)
COLUMNS = (0.0, 1.0, 1.0)
ROOM = 560.0  # pixels between title and caption
LEAST, SMALLEST = 250.0, 225.0  # of them for the picture, with news in the legend and without
PITCH, PAD = 28.5, 30.0  # pixels of a line, and those around the lines
WIDE, SAMPLE, GAP = 444.0, 40.0, 12.0  # points of a column, before a text, and after it
MOST = 6  # lines of one text


@dataclass(frozen=True)
class Key:
    """A legend: its panel, its height in pixels, and where the news of each series stands.

    `news` has the place (x, y) in the panel, or `None` for a series without.
    """

    panel: Panel
    tall: float
    news: tuple[tuple[float, float] | None, ...]

    @property
    def rows(self) -> tuple[float, float]:
        """The heights of the two rows of the page: the panels, and the legend below."""
        return ROOM - self.tall, self.tall

    def told(self, texts: Sequence[str]) -> list[Words]:
        """The news of the series, one line each; an empty one says nothing."""
        return [
            Words(f"news {i}", *spot, text, inside="panel")
            for i, (spot, text) in enumerate(zip(self.news, texts, strict=True))
            if spot is not None
        ]


def legend_text(run: Run) -> str:
    """Name and all hyper-parameters; the rate alone where a schedule follows in a note.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> from backviz.scenes.trajectories import travel
    >>> legend_text(travel(SURFACES["ravine"], choices("momentum")[0], [(1, 1)], 1, 0.1))
    'momentum lr=.1 μ=.9 τ=0 wd=0'
    """
    rest = run.about.partition(" ")[2]
    if run.schedule is not None:
        rest = rest.replace(run.schedule.describe(), short(run.schedule.base))
    name = run.choice.name if "=" not in run.choice.name else run.choice.title
    return powers(f"{name} {rest.removesuffix(' nesterov') if name == 'Nesterov' else rest}")


def key_of(
    land: Landscape,
    runs: Sequence[Run],
    notes: Sequence[str] = (),
    *,
    place: Place = BELOW,
    columns: int = 2,
) -> Key:
    """The legend of descents, with a free line for each that leaves the picture at some step.

    There are no free lines where they would leave too little of the page to the picture.
    Raises `UsageError` where the legend alone does so.
    """
    leaves = [not land.inside(run.points[:, 0]).all() for run in runs]
    texts = [legend_text(run) for run in runs]
    key = key_panel(texts, notes, place=place, free=leaves, columns=columns)
    if key.rows[0] < LEAST:
        key = key_panel(texts, notes, place=place, columns=columns)
    if key.rows[0] < SMALLEST:
        raise UsageError(
            f"the legend of these {len(runs)} descents leaves no room for the picture; "
            "compare fewer of them, or with fewer options"
        )
    return key


def exits_told(land: Landscape, runs: Sequence[Run], k: int, key: Key) -> list[Words]:
    """What the legend says at step k of those that are outside: since when, and why."""
    texts = []
    for run in runs:
        step = left_at(land, run, k)
        why = why_left(land, run, step) if step else ""
        verb = "ended" if why.startswith("no ") else "left"
        texts.append((f"✗ {verb} at step {step}" + f", {why}" * bool(why)) * bool(step))
    return key.told(texts)


def key_panel(
    texts: Sequence[str],
    notes: Sequence[str] = (),
    *,
    place: Place = BELOW,
    free: Sequence[bool] = (),
    marked: bool = True,
    columns: int = 2,
) -> Key:
    """A legend of the series 0, 1, … with these texts in columns; `notes` stand below.

    `free` says for which series a line is kept for news.

    >>> key = key_panel(["one", "two"], free=[False, True])
    >>> [a.text for a in key.panel.static if isinstance(a, Words)], key.tall
    (['one', 'two'], 87.0)
    """
    told = [wrap(text, 18.0, WIDE - SAMPLE - GAP, most=MOST, bold=False) for text in texts]
    kept = [bool(each) for each in free] or [False] * len(told)
    sizes = [len(lines) + more for lines, more in zip(told, kept, strict=True)]
    split = _split(sizes) if columns == 2 else len(sizes)
    high = max(sum(sizes[:split]), sum(sizes[split:]))
    below = [
        line for note in notes for line in wrap(note, 18.0, columns * WIDE, most=4, bold=False)
    ]
    count = high + len(below)
    made: list[Artist] = []
    news: list[tuple[float, float] | None] = []
    for i, lines in enumerate(told):
        left = 0.5 if i >= split else 0.0
        at = sum(sizes[split:i]) if i >= split else sum(sizes[:i])
        y = 1 - (at + 0.5) / count
        made.append(Line(f"dash {i}", [left, left + 0.08 / columns], [y, y], color=i))
        if marked:
            made.append(Points(f"mark {i}", [left + 0.04 / columns], [y], color=i, size=12.0))
        x = left + SAMPLE / WIDE / columns
        spots = [(x, 1 - (at + j + 0.7) / count) for j in range(sizes[i])]
        for j, (line, spot) in enumerate(zip(lines, spots, strict=False)):
            made.append(Words(f"text {i}.{j}", *spot, line, inside="panel"))
        news.append(spots[-1] if kept[i] else None)
    for j, line in enumerate(below):
        low = 1 - (high + j + 0.7) / count
        made.append(Words(f"note {j}", 0.0, low, line, inside="panel"))
    panel = Panel("key", place=place, static=tuple(made), axes=False)
    return Key(panel, PITCH * count + PAD, tuple(news))


def _split(sizes: Sequence[int]) -> int:
    """How many of the texts stand in the first column, so that the columns are short.

    >>> _split([1, 1, 1]), _split([4, 1, 1]), _split([1, 1, 2, 2])
    (2, 1, 2)
    """
    return min(
        range((len(sizes) > 1), len(sizes) + 1),
        key=lambda n: (max(sum(sizes[:n]), sum(sizes[n:])), abs(2 * n - len(sizes)), -n),
    )
