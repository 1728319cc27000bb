"""The looks of a film: a colour, a dash and a marker for every series, in both themes.

Invariant: series are told apart by dash and marker as well as by colour, and every colour
has a contrast of 3 to 1 at least against the theme's background. The hues are those of
Okabe and Ito (2008), darkened on white where they would be too pale and lightened on black.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backviz.diagrams.theme import Theme

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
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
NAMED_DASHES: dict[str, Any] = {
    "solid": "-", "dashed": (0, (5, 2.2)), "dotted": (0, (1.2, 1.6)),
    "dashdot": (0, (6, 1.8, 1.2, 1.8)), "none": "none",
}  # fmt: skip
NAMED_MARKERS = {
    "circle": "o", "square": "s", "triangle": "^", "diamond": "D", "cross": "X", "plus": "P",
    "star": "*", "none": "none",
}  # fmt: skip
DIVERGING = "PuOr"
SEQUENTIAL = {"light": "YlGnBu", "dark": "YlGnBu_r"}
HEIGHTS = {"light": "Blues_r", "dark": "bone"}  # of contours and surfaces, under the paths


@dataclass(frozen=True, slots=True)
class Palette:
    """How things look in one theme.

    >>> from backviz.diagrams.theme import THEMES
    >>> palette = Palette(THEMES["light"])
    >>> palette.color(0), palette.color("gradient"), palette.marker("", 1)
    ('#0072b2', '#b84f00', 's')
    """

    theme: Theme

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
        return DASHES[color % len(DASHES)] if isinstance(color, int) else "-"

    def marker(self, marker: str, color: int | str) -> str:
        """The marker by name, or the series' own; roles have a circle."""
        if marker:
            return NAMED_MARKERS[marker]
        return MARKERS[color % len(MARKERS)] if isinstance(color, int) else "o"

    def colormap(self, kind: str) -> str:
        """The name of matplotlib's map: "diverging", "sequential" or "heights"."""
        name = self.theme.name
        return {"diverging": DIVERGING, "sequential": SEQUENTIAL[name], "heights": HEIGHTS[name]}[
            kind
        ]
