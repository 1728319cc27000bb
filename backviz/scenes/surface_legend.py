"""The legend of a comparison: a sample of each line with all hyper-parameters, below the panels.

Invariant: no hyper-parameter is left out. Where a descent leaves the picture a line says when
and why; those lines are kept free from the first frame on, so that nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence

from backviz.optim.options import short
from backviz.scenes.artists import Key, News
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
MOST_NEWS = 3  # lines kept for news in a column; more would leave too little to the picture


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
    land: Landscape, runs: Sequence[Run], notes: Sequence[str] = (), *, columns: int = 2
) -> Key:
    """The legend of descents, with a free line for each that leaves the picture at some step.

    Where too many leave there are no free lines, and captions say at which step they left.
    """
    leaves = [not land.inside(run.points[:, 0]).all() for run in runs]
    free = leaves if sum(leaves) <= MOST_NEWS * columns else [False] * len(runs)
    return Key("legend", [legend_text(run) for run in runs], notes, free, columns=columns)


def key_panel(key: Key, place: Place = BELOW, *, fits: bool = True) -> Panel:
    """The panel of a legend, as high as it needs.

    >>> key_panel(Key("legend", ("one", "two"))).fits
    True
    """
    return Panel("key", place=place, static=(key,), axes=False, fits=fits)


def exits_told(land: Landscape, runs: Sequence[Run], k: int, key: Key) -> list[News]:
    """What the legend says at step k of those that are outside: since when, and why."""
    texts = []
    for run, free in zip(runs, key.free, strict=True):
        step = left_at(land, run, k) if free else None
        why = why_left(land, run, step) if step else ""
        verb = "ended" if why.startswith("no ") else "left"
        texts.append((f"✗ {verb} at step {step}" + f", {why}" * bool(why)) * bool(step))
    return [News("news", key, texts)] if any(key.free) else []
