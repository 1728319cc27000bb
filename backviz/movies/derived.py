"""The colours of films in a theme that names none: made from its own colours.

Invariant: a series has at least the contrast of `FLOOR` to the background, the first two are the
theme's forward and gradient; a theme without hues gets shades of grey.
"""

from __future__ import annotations

import colorsys
from dataclasses import replace
from functools import cache

from backviz.diagrams.theme import Theme, contrast, rgb

FLOOR = 3.0  # WCAG 2 asks this contrast of graphical objects
SHARPEST = 7.0  # no theme asks for more of its series, however strong its own two colours are
HUES = (160, 325, -1, 52, 235, 275)  # degrees: green, pink, ink, yellow, blue, violet
GREYS = (0.0, 0.55, 0.25, 0.42, 0.12, 0.6, 0.34, 0.48)  # shares of the background in the ink


@cache
def derived(theme: Theme) -> Theme:
    """The theme with series and maps: its own where it names them, else made from its colours.

    >>> from backviz.diagrams.theme import THEMES
    >>> made = derived(THEMES["contrast"])
    >>> made.series[:2] == (made.forward, made.gradient), len(made.series)
    (True, 8)
    """
    return replace(
        theme,
        series=theme.series or _series(theme),
        diverging=theme.diverging or _diverging(theme),
        sequential=theme.sequential or _sequential(theme),
        heights=theme.heights or _heights(theme),
    )


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two; `share` of the second.

    >>> mixed("#000000", "#ffffff", 0.2)
    '#333333'
    """
    pairs = zip(rgb(one), rgb(other), strict=True)
    return _hex(*((a + share * (b - a)) / 255 for a, b in pairs))


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * n):02x}" for n in (red, green, blue))


def _is_grey(theme: Theme) -> bool:
    return all(max(rgb(c)) - min(rgb(c)) < 24 for c in (theme.forward, theme.gradient))


def _series(theme: Theme) -> tuple[str, ...]:
    paper, ink = theme.background, theme.ink
    if _is_grey(theme):
        return tuple(_clear(mixed(ink, paper, share), theme, FLOOR) for share in GREYS)
    own = [min(contrast(c, paper), SHARPEST) for c in (theme.forward, theme.gradient)]
    floor = max(FLOOR, min(own))
    vivid = max(_saturation(theme.forward), _saturation(theme.gradient))
    light = 0.62 if theme.is_dark else 0.38
    hues = (
        ink if hue < 0 else _hex(*colorsys.hls_to_rgb(hue / 360, light, 0.9 * vivid))
        for hue in HUES
    )
    return (theme.forward, theme.gradient, *(_clear(c, theme, floor) for c in hues))


def _saturation(colour: str) -> float:
    return colorsys.rgb_to_hls(*(n / 255 for n in rgb(colour)))[2]


def _clear(colour: str, theme: Theme, floor: float) -> str:
    """The colour, nearer to the ink until it stands out from the background."""
    shares = (n / 20 for n in range(21))
    mixes = (mixed(colour, theme.ink, share) for share in shares)
    return next((m for m in mixes if contrast(m, theme.background) >= floor), theme.ink)


def _diverging(theme: Theme) -> tuple[str, ...]:
    """Gradient below 0, forward above; in grey one end is the paper's and one is the ink's."""
    middle = mixed(theme.background, theme.ink, 0.04)
    if _is_grey(theme):
        return theme.background, mixed(theme.background, theme.ink, 0.6)
    low, high = (mixed(c, middle, 0.3) for c in (theme.gradient, theme.forward))
    return low, mixed(low, middle, 0.55), middle, mixed(high, middle, 0.55), high


def _sequential(theme: Theme) -> tuple[str, ...]:
    """From near the background over the forward colour to near the ink."""
    paper, ink = theme.background, theme.ink
    if _is_grey(theme):
        return mixed(paper, ink, 0.1), mixed(paper, ink, 0.6)  # letters in ink stay clear
    low, high = mixed(paper, theme.forward, 0.08), mixed(theme.forward, ink, 0.6)
    return low, mixed(low, theme.forward, 0.5), theme.forward, high


def _heights(theme: Theme) -> tuple[str, ...]:
    """Low is the stronger on white and the darker on black; lines over it stay clear."""
    ends = (0.06, 0.4) if theme.is_dark else (0.55, 0.06)
    colour = theme.muted if _is_grey(theme) else theme.forward
    return tuple(mixed(theme.background, colour, share) for share in ends)
