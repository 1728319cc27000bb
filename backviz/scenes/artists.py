"""What a panel can show, as plain data: lines, bands, points, bars, maps, paths, arrows, words.

Invariant: `key` says which thing on the panel it is: an artist given in a later frame
replaces the one with its key. Empty arrays draw nothing and keep the place in the legend.

`color` is a series number (0, 1, 2 …: a colour, a dash and a marker that belong together) or
a role of the theme: "ink", "muted", "forward", "gradient".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from backviz.diagrams.steps import Steps
from backviz.errors import ShapeError
from backviz.language import _
from backviz.scenes.artist import Artist, Color
from backviz.scenes.maps import Contours, Heat, Surface

__all__ = [
    "Arrows",
    "Artist",
    "Band",
    "Bars",
    "Color",
    "Contours",
    "Dash",
    "Graph",
    "Heat",
    "Key",
    "Line",
    "Mark",
    "News",
    "Passage",
    "Path",
    "Points",
    "Rug",
    "Rule",
    "Surface",
    "Table",
    "View",
    "Words",
    "Zone",
]

Dash = Literal["", "solid", "dashed", "dotted", "dashdot", "none"]
Mark = Literal["", "circle", "square", "triangle", "diamond", "cross", "plus", "star", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Line(Artist):
    """A curve through points `x`, `y`, each (n,); NaN breaks it. `dash` "" is the series' own.

    `marker` "" is none on the curve; a series number brings its marker with "auto" lines of
    few points if `marked` is true.

    >>> Line("loss", [0, 1, 2], [3, 2, 1.5], label="loss", color=0).x.shape
    (3,)
    """

    arrays: ClassVar = ("x", "y")
    alike: ClassVar = ("x", "y")

    x: Any
    y: Any
    label: str = ""
    color: Color = 0
    dash: Dash = ""
    marked: bool = False
    width: float = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Band(Artist):
    """The area between `low` and `high` over `x`, each (n,): a confidence band, a shaded area."""

    arrays: ClassVar = ("x", "low", "high")
    alike: ClassVar = ("x", "low", "high")

    x: Any
    low: Any
    high: Any
    label: str = ""
    color: Color = 0
    strength: float = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Points(Artist):
    """Separate points `x`, `y` (and `z` in a panel with a z axis), each (n,); `size` in points."""

    arrays: ClassVar = ("x", "y", "z")
    alike: ClassVar = ("x", "y", "z")

    x: Any
    y: Any
    label: str = ""
    color: Color = 0
    marker: Mark = ""
    size: float = 9.0
    z: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Path(Artist):
    """A way travelled through `x`, `y` (and `z`), each (n,), from a mark to a head.

    NaN and infinity end the drawn part: a path that diverges leaves the panel and stops.
    """

    arrays: ClassVar = ("x", "y", "z")
    alike: ClassVar = ("x", "y", "z")

    x: Any
    y: Any
    label: str = ""
    color: Color = 0
    dash: Dash = ""
    width: float = 2.5
    z: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Arrows(Artist):
    """Arrows from (`x`, `y`) by (`dx`, `dy`) in the units of the axes, each (n,).

    In a panel with a z axis they begin at `z` and rise by `dz`, and the label stands at the tip.
    """

    arrays: ClassVar = ("x", "y", "dx", "dy", "z", "dz")
    alike: ClassVar = ("x", "y", "dx", "dy", "z", "dz")

    x: Any
    y: Any
    dx: Any
    dy: Any
    label: str = ""
    color: Color = "gradient"
    width: float = 3.0
    z: Any = None
    dz: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class View(Artist):
    """The eye on a panel with a z axis: `elevation` above the ground and `turn`, in degrees.

    A panel that has one is drawn anew, axes and all, whenever it moves.
    """

    facts: ClassVar = ("elevation", "turn")

    elevation: float
    turn: float


@dataclass(frozen=True, slots=True, eq=False)
class Rug(Artist):
    """Short ticks at `at` (n,) along an axis: where the inputs of a unit fall."""

    arrays: ClassVar = ("at",)
    alike: ClassVar = ("at",)

    at: Any
    label: str = ""
    color: Color = 0
    axis: Literal["x", "y"] = "x"


@dataclass(frozen=True, slots=True, eq=False)
class Bars(Artist):
    """A histogram: `heights` (n,) over `edges` (n + 1,); `sideways` lets the bars grow along x.

    `filled` False draws the outline alone, so that several can be told apart.
    """

    arrays: ClassVar = ("edges", "heights")

    edges: Any
    heights: Any
    label: str = ""
    color: Color = 0
    filled: bool = True
    sideways: bool = False
    base: float = 0.0

    def __post_init__(self) -> None:
        Artist.__post_init__(self)
        if self.edges.shape != (self.heights.size + 1,) or self.heights.ndim != 1:
            raise ShapeError(
                _(
                    "Bars {key!r} needs one edge more than heights; it got edges {edges} and "
                    "heights {heights}",
                    key=self.key,
                    edges=self.edges.shape,
                    heights=self.heights.shape,
                )
            )


@dataclass(frozen=True, slots=True, eq=False)
class Rule(Artist):
    """A straight line across the panel at one value: a threshold, an arm of a cross-hair.

    `axis` is the axis on which `at` is read; `label` is printed beside the line.
    """

    facts: ClassVar = ("at",)

    at: float
    axis: Literal["x", "y"] = "y"
    label: str = ""
    color: Color = "muted"
    dash: Dash = "dashed"
    width: float = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Zone(Artist):
    """A shaded strip across the panel from `low` to `high` on one axis: where a unit saturates."""

    facts: ClassVar = ("low", "high")

    low: float
    high: float
    axis: Literal["x", "y"] = "x"
    label: str = ""
    color: Color = "muted"
    strength: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Words(Artist):
    """A line of text at (`x`, `y`): in the units of the axes, or of the panel (0 to 1).

    `align` says which side of the text stands there; `size` in points, 18 at least on slides.
    With `clear` lines that pass behind it keep off.
    """

    facts: ClassVar = ("x", "y", "text")

    x: float
    y: float
    text: str
    color: Color = "ink"
    size: float = 18.0
    align: Literal["left", "center", "right"] = "left"
    inside: Literal["axes", "panel"] = "axes"
    bold: bool = False
    clear: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Table(Artist):
    """Rows of cells under column heads, in a panel without axes (`Panel(..., axes=False)`).

    `rows` hold text ready to be read; numbers are formatted by the scene, in a fixed width.
    `colors` gives each row's colour, or nothing. The number of rows stays from frame to frame.

    >>> Table("t", ("name", "loss"), (("SGD", "0.31"),), colors=(0,)).rows
    (('SGD', '0.31'),)
    """

    facts: ClassVar = ("heads", "rows")

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    colors: Sequence[Color] = ()
    size: float = 18.0

    def __post_init__(self) -> None:
        Artist.__post_init__(self)
        for row in self.rows:
            if len(row) != len(self.heads):
                raise ShapeError(
                    _(
                        "Table {key!r} has {n} heads, but a row of {m} cells",
                        key=self.key,
                        n=len(self.heads),
                        m=len(row),
                    )
                )


@dataclass(frozen=True, slots=True, eq=False)
class Key(Artist):
    """A legend of the series 0, 1, … with a text each, for a panel without axes.

    The texts are broken into lines where it is drawn and stand in `columns`, `notes` below them.
    `free` says for which series a line is kept for `News`; `marked` shows the series' markers.

    >>> Key("key", ("SGD lr=.1", "Adam lr=.3"), free=(False, True)).free
    (False, True)
    """

    facts: ClassVar = ("texts", "notes")

    texts: Sequence[str]
    notes: Sequence[str] = ()
    free: Sequence[bool] = ()
    marked: bool = True
    columns: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class News(Artist):
    """What is new about the series of a legend, each in the line that `of` keeps free for it."""

    facts: ClassVar = ("texts",)

    of: Key
    texts: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Passage(Artist):
    """Sentences or formulas below each other in a panel without axes, broken where it is drawn.

    What goes on in a further line is set in a little.
    """

    facts: ClassVar = ("texts",)

    texts: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Graph(Artist):
    """A recorded computation at one moment of its build, in a panel without axes.

    `steps` is laid out once; `moment` counts from 0. See `backviz.diagrams.steps.Steps`.
    """

    facts: ClassVar = ("moment",)

    steps: Steps
    moment: int
