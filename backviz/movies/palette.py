"""The looks of a film: a colour, a dash and a marker for every series, in both themes.

Invariant: series are told apart by dash and marker as well as by colour, and every colour
has a contrast of 3 to 1 at least against the theme's background. The hues are those of
Okabe and Ito (2008), darkened on white where they would be too pale and lightened on black.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap

from backviz.diagrams.theme import THEMES, Theme
from backviz.errors import UsageError
from backviz.registry import unknown


def _part(name: str, low: float, high: float) -> Colormap:
    """A part of one of matplotlib's maps."""
    return LinearSegmentedColormap.from_list(name, mpl.colormaps[name](np.linspace(low, high, 64)))


SERIES = {
    "light": (
        "#0072b2", "#c44e00", "#007a59", "#b3558b", "#1a1a1a", "#8a6d00", "#3a8fc4", "#7a4bb5",
    ),
    "dark": (
        "#56b4e9", "#e69f00", "#00c08f", "#e08fbb", "#f0f3f6", "#f0e442", "#8a9cff", "#ff8a5c",
    ),
}  # fmt: skip
DASHES: tuple[Any, ...] = (
    "-", (0, (5, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.6, 1.2, 1.6)),
    (0, (9, 2)), (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2)), (0, (3, 1.4)), (0, (1.2, 2.8)),
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
NAMED_DASHES: dict[str, Any] = {
    "solid": "-", "dashed": (0, (5, 2.2)), "dotted": (0, (1.2, 1.6)),
    "dashdot": (0, (6, 1.8, 1.2, 1.8)), "none": "none",
}  # fmt: skip
NAMED_MARKERS = {
    "circle": "o", "square": "s", "triangle": "^", "diamond": "D", "cross": "X", "plus": "P",
    "star": "*", "none": "none",
}  # fmt: skip
# Maps from low to high. On dark the middle of a diverging map is dark and its ends are no
# brighter than lines of ink can bear; heights stay behind the paths over them.
MAPS = {
    "light": {
        "diverging": mpl.colormaps["PuOr"],
        "sequential": mpl.colormaps["YlGnBu"],
        "heights": _part("Blues_r", 0.15, 0.95),
    },
    "dark": {
        "diverging": LinearSegmentedColormap.from_list(
            "dark", ("#d9771a", "#87500f", "#3a434e", "#544a9e", "#8b83e6")
        ),
        "sequential": mpl.colormaps["YlGnBu_r"],
        "heights": _part("bone", 0.12, 0.52),
    },
}


@dataclass(frozen=True, slots=True)
class Palette:
    """How things look in one theme.

    >>> palette = Palette.of("light")
    >>> palette.color(0), palette.color("gradient"), palette.marker("", 1)
    ('#0072b2', '#b84f00', 's')
    """

    theme: Theme

    @classmethod
    def of(cls, name: str) -> Palette:
        """The palette of a theme by name; `UsageError` if films have none in it."""
        if name in THEMES and name not in SERIES:
            raise UsageError(f"films have no theme {name!r}; use {' or '.join(SERIES)}")
        if name not in SERIES:
            raise UsageError(unknown("theme", name, SERIES))
        return cls(THEMES[name])

    def color(self, color: int | str) -> str:
        """The colour of a series or of a role, `#rrggbb`."""
        if isinstance(color, str):
            theme = self.theme
            roles = {
                "ink": theme.ink,
                "muted": theme.muted,
                "forward": theme.forward,
                "gradient": theme.gradient,
            }
            return roles[color]
        series = SERIES[self.theme.name]
        return series[color % len(series)]

    def dash(self, dash: str, color: int | str) -> Any:
        """The dash by name, or the series' own; roles are solid."""
        if dash:
            return NAMED_DASHES[dash]
        if not isinstance(color, int):
            return "-"
        again = color // len(SERIES["light"])  # a colour comes back with another dash
        return DASHES[(color + 3 * again) % len(DASHES)]

    def marker(self, marker: str, color: int | str) -> str:
        """The marker by name, or the series' own; roles have a circle."""
        if marker:
            return NAMED_MARKERS[marker]
        return MARKERS[color % len(MARKERS)] if isinstance(color, int) else "o"

    def colormap(self, kind: str) -> Colormap:
        """The map of this kind: "diverging", "sequential" or "heights"."""
        return MAPS[self.theme.name][kind]
