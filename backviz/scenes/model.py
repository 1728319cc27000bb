"""A scene as data: panels that stay, frames that say what changes, a film of both.

Invariant: limits are given once and locked, so nothing jumps; a frame names only what
changes, and everything else stays as it was; calling a film's `frames` again gives the
same frames. Nothing here draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path as FilePath
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from backviz.displays import DISPLAYS, WRITERS
from backviz.errors import InputError
from backviz.language import N_, _, ngettext
from backviz.registry import unknown
from backviz.scenes.artist import Array, Artist
from backviz.text import count

LEAST_FPS = 0.1  # a frame for 10 seconds
Legend = Literal[
    "", "right", "below", "upper left", "upper right", "lower left", "lower right"
]  # outside the axes, or over a corner that the scene keeps empty


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its label, its locked limits, and where its ticks are.

    `ticks` and `names` (one for each tick) replace the automatic ones; `log` needs
    limits above 0.

    >>> Axis("loss", 0.0, -1.0)
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: the axis 'loss' cannot go from 0 to -1; use low < high
    """

    label: str
    low: float
    high: float
    log: bool = False
    ticks: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (np.isfinite((self.low, self.high)).all() and self.low < self.high):
            raise InputError(
                _(
                    "the axis {label!r} cannot go from {low:g} to {high:g}; use low < high",
                    label=self.label,
                    low=self.low,
                    high=self.high,
                )
            )
        if self.log and self.low <= 0:
            raise InputError(
                _(
                    "the axis {label!r} is logarithmic, but begins at {low:g}; begin above 0",
                    label=self.label,
                    low=self.low,
                )
            )


def span(*data: ArrayLike, log: bool = False, pad: float = 0.05) -> tuple[float, float]:
    """The limits that hold all finite data with a margin: `Axis(label, *span(a, b))`.

    With `log`, values at or below 0 are left out and the margin is one of decades.

    >>> span([0.0, 10.0], [5.0, np.nan])
    (-0.5, 10.5)
    """
    given = np.concatenate([np.ravel(np.asarray(d, float)) for d in data]) if data else np.zeros(0)
    values = given[np.isfinite(given) & ((given > 0) | (not log))]
    if not values.size:
        return (0.1, 10.0) if log else (-1.0, 1.0)
    ends = np.array((values.min(), values.max()))
    low, high = np.log10(ends) if log else ends
    margin = pad * (high - low) or 0.5
    low, high = low - margin, high + margin
    return (float(10**low), float(10**high)) if log else (float(low), float(high))


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture on the page: its axes, its place, and what on it never changes.

    `place` is (row, column, rows, columns) in the film's grid. Without `axes` a panel has
    room for a table or a graph; with a `z` axis it is a space seen from `view` (elevation,
    turn in degrees). `legend` lists the labels of the static artists and of those in the
    first frame: an artist that comes later gives empty arrays there. What changes is drawn
    above what is static. A panel that `fits` makes its row as high as the legend, the table or
    the text in it needs.

    >>> panel = Panel("loss", Axis("step", 0, 100), Axis("loss", 1e-3, 1, log=True))
    >>> panel.place
    (0, 0, 1, 1)
    """

    key: str
    x: Axis = field(default_factory=lambda: Axis("", 0.0, 1.0))
    y: Axis = field(default_factory=lambda: Axis("", 0.0, 1.0))
    z: Axis | None = None
    title: str = ""
    place: tuple[int, int, int, int] = (0, 0, 1, 1)
    static: tuple[Artist, ...] = ()
    legend: Legend = ""
    axes: bool = True
    equal: bool = False
    fits: bool = False
    view: tuple[float, float] = (35.0, -60.0)


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment: a sentence that says what to look at, and the artists that change, by panel.

    Artists that are not named stay as they were in the frame before. `pause` holds the
    frame for so many seconds longer.

    >>> from backviz.scenes.artists import Points
    >>> Frame("The point climbs.", {"curve": [Points("here", [1.0], [1.0])]}).pause
    0.0
    """

    caption: str
    changes: Mapping[str, Iterable[Artist]]
    pause: float = 0.0


@dataclass(frozen=True)
class Film:
    """A scene with its settings fixed: panels, and a function that yields the frames.

    `frames` is called once for every pass and yields exactly `count` frames. `stills` are
    4 to 6 indices (from 0) of the frames that tell the story by themselves. `alt` describes
    the whole for a screen reader. `fps` is frames per second, `hold` how many seconds the last
    frame stays. `columns` and `rows` are the relative widths and heights of the grid.
    `name` and `settings` are filled in by the registry and written into every file.

    In a notebook a film shows a still at once; `film.play()` shows it whole.
    """

    title: str
    panels: tuple[Panel, ...]
    frames: Callable[[], Iterable[Frame]]
    count: int
    stills: tuple[int, ...]
    alt: str
    fps: float = 12.0
    hold: float = 2.0
    columns: tuple[float, ...] = ()
    rows: tuple[float, ...] = ()
    name: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InputError(
                _("the film {title!r} has no frames; ask for 1 at least", title=self.title)
            )
        if not (LEAST_FPS <= self.fps <= 60 and 0 <= self.hold <= 60):
            raise InputError(
                _(
                    "{fps:g} frames a second with {hold:g} s hold cannot be played; "
                    "use {least:g} ≤ fps ≤ 60 and 0 ≤ hold ≤ 60",
                    fps=self.fps,
                    hold=self.hold,
                    least=LEAST_FPS,
                )
            )
        if len({p.key for p in self.panels}) != len(self.panels):
            raise InputError(_("the film {title!r} has two panels of one key", title=self.title))
        for k in self.stills:
            self.index(k)

    def __repr__(self) -> str:
        """The title and the number of frames; the arrays are in `data()`."""
        return f"<film {self.title!r}, {count(self.count, 'frame')}>"

    def index(self, k: int) -> int:
        """The frame that `k` stands for; a negative one counts from the end."""
        if not -self.count <= k < self.count:
            raise InputError(
                ngettext(
                    "the film has {n} frame; frame {k} is not among 0 … {last}",
                    "the film has {n} frames; frame {k} is not among 0 … {last}",
                    self.count,
                    k=k,
                    last=self.count - 1,
                )
            )
        return k % self.count

    def states(self) -> Iterator[tuple[Frame, dict[str, dict[str, Artist]]]]:
        """Every frame with all that is seen at it besides the static parts: panel → key → artist.

        The tables are the film's own and are changed for the next frame: copy what you keep.
        """
        seen: dict[str, dict[str, Artist]] = {panel.key: {} for panel in self.panels}
        made = 0
        for frame in self.frames():
            for panel, artists in frame.changes.items():
                if panel not in seen:
                    raise InputError(unknown(N_("panel"), panel, seen))
                seen[panel].update((artist.key, artist) for artist in artists)
            made += 1
            yield frame, seen
        if made != self.count:
            raise InputError(
                _("{title!r} says {n} frames, but makes {made}", title=self.title, n=self.count,
                  made=made)
            )  # fmt: skip

    def at(self, k: int) -> tuple[Frame, dict[str, dict[str, Artist]]]:
        """The frame `k` with all that is seen at it; the frames before it are computed."""
        k = self.index(k)
        for i, (frame, seen) in enumerate(self.states()):
            if i == k:
                return frame, seen
        raise InputError(
            _("{title!r} says {n} frames, but makes fewer", title=self.title, n=self.count)
        )

    def data(self) -> dict[str, Array]:
        """All that the film shows as arrays named panel.artist.field; see `scenes.stacks`."""
        from backviz.scenes.stacks import stacked

        return stacked(self)

    def still(self, k: int = -1, form: str = "png", **looks: Any) -> bytes:
        """The frame `k` as PNG; a negative one counts from the end. `looks` as in `save`."""
        return bytes(WRITERS["still"](self, k, form, **looks))

    def save(self, path: str | PathLike[str], **options: Any) -> FilePath:
        """Write the film to a file; the extension says the format (mp4, gif, webp, html …).

        `options` are those of `backviz.movies.save`: the looks of pictures (`theme`, `size`,
        `decimal`, `title`, `legend` …) and those of films. The file appears whole or not at all.
        """
        return FilePath(WRITERS["film"](self, path, **options))

    def play(self, **looks: Any) -> object:
        """The whole film for a notebook: an object that displays itself as a player.

        `looks` as in `save`.
        """
        return DISPLAYS["player"](self, **looks)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        """A still for a notebook, with the call that plays the film."""
        return DISPLAYS["film"](self, include, exclude)

    def with_settings(self, name: str, settings: Mapping[str, object]) -> Film:
        """The same film with its origin written on it."""
        return replace(self, name=name, settings=dict(settings))
