"""The legend of a comparison: a sample of each line with all hyper-parameters, below a panel.

Invariant: nothing is left out and nothing is cut; what is too long goes on in the next line.
A comparison has two columns, the wider one at the right with the legend at its foot.
"""

from __future__ import annotations

from collections.abc import Sequence

from backviz.diagrams.frame import wrap
from backviz.optim.options import short
from backviz.scenes.artist import Artist
from backviz.scenes.artists import Line, Points, Words
from backviz.scenes.model import Panel
from backviz.scenes.trajectories import Run

Place = tuple[int, int, int, int]
COLUMNS = (1.0, 1.24)  # of the page: map, and curves over the legend
ROOM = 570.0  # pixels between title and caption
PITCH = 29.0  # pixels of a line
WIDE, SAMPLE = 425.0, 40.0  # points that the panel has, and those before a text


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
    name = run.choice.name if "=" not in run.choice.name else run.choice.name.partition(" ")[0]
    return f"{name} {rest.removesuffix(' nesterov') if name == 'Nesterov' else rest}"


def key_of(runs: Sequence[Run], place: Place, notes: Sequence[str] = ()) -> tuple[Panel, float]:
    """The legend of descents, and its height in pixels; `notes` stand below."""
    return key_panel([legend_text(run) for run in runs], place, notes)


def key_panel(
    texts: Sequence[str], place: Place, notes: Sequence[str] = (), *, marked: bool = True
) -> tuple[Panel, float]:
    """A legend of the series 0, 1, … with these texts, and its height in pixels.

    >>> panel, height = key_panel(["one", "two"], (1, 1, 1, 1))
    >>> [artist.text for artist in panel.static if isinstance(artist, Words)]
    ['one', 'two']
    """
    told = [wrap(text, 18.0, WIDE - SAMPLE, most=4, bold=False) for text in texts]
    below = [line for note in notes for line in wrap(note, 18.0, WIDE, most=4, bold=False)]
    count = sum(map(len, told)) + len(below)
    made: list[Artist] = []
    at = 0
    for i, lines in enumerate(told):
        y = 1 - (at + 0.5) / count
        made.append(Line(f"dash {i}", [0.0, 0.08], [y, y], color=i))
        if marked:
            made.append(Points(f"mark {i}", [0.04], [y], color=i, size=12.0))
        for j, line in enumerate(lines):
            low = 1 - (at + 0.7) / count
            made.append(Words(f"text {i}.{j}", SAMPLE / WIDE, low, line, inside="panel"))
            at += 1
    for j, line in enumerate(below):
        made.append(Words(f"note {j}", 0.0, 1 - (at + j + 0.7) / count, line, inside="panel"))
    return Panel("key", place=place, static=tuple(made), axes=False), PITCH * count + 90.0


def rows_over(tall: float, above: int = 1) -> tuple[float, ...]:
    """The heights of the rows: so many equal ones above a legend of that height."""
    return (*[(ROOM - tall) / above] * above, tall)
