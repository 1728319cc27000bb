"""The looks of a film: a colour, a dash and a marker for every series, in every theme.

Invariant: series are told apart by dash and marker as well as by colour, and every colour
has a contrast of 3 to 1 at least against the theme's background. A theme that names no
colours for films gets its own: `derived` makes them from those it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap

from backviz.diagrams.theme import THEMES, Theme
from backviz.movies.derived import derived

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


@dataclass(frozen=True, slots=True)
class Palette:
    """How things look in one theme: colours, dashes, markers, and the mark in numbers.

    >>> palette = Palette.of("light")
    >>> palette.color(0), palette.color("gradient"), palette.marker("", 1)
    ('#0072b2', '#b84f00', 's')
    """

    theme: Theme
    decimal: str = "."
    over: str = ""  # a paper of another colour
    lang: str = "en"

    @classmethod
    def of(cls, name: str, decimal: str = ".", over: str = "", lang: str = "en") -> Palette:
        """The palette of a theme by name."""
        return cls(derived(THEMES[name]), decimal, over, lang)

    @property
    def paper(self) -> str:
        """The colour behind everything."""
        return self.over or self.theme.background

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
        return self.theme.series[color % len(self.theme.series)]

    def dash(self, dash: str, color: int | str) -> Any:
        """The dash by name, or the series' own; roles are solid."""
        if dash:
            return NAMED_DASHES[dash]
        if not isinstance(color, int):
            return "-"
        again = color // len(self.theme.series)  # a colour comes back with another dash
        return DASHES[(color + 3 * again) % len(DASHES)]

    def marker(self, marker: str, color: int | str) -> str:
        """The marker by name, or the series' own; roles have a circle."""
        if marker:
            return NAMED_MARKERS[marker]
        return MARKERS[color % len(MARKERS)] if isinstance(color, int) else "o"

    def colormap(self, kind: str) -> Colormap:
        """The map of this kind: "diverging", "sequential", "heights", or "series" for names."""
        if kind == "series":
            return ListedColormap([self.color(i) for i in range(len(self.theme.series))])
        return LinearSegmentedColormap.from_list(kind, getattr(self.theme, kind))
