"""Colours and page sizes: what a figure looks like and where it goes.

Forward is blue and gradient is orange where there are colours; the pairs stay apart under
protanopia, deuteranopia and tritanopia, and position and dashes say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from backviz.diagrams.model import Role
from backviz.registry import Registry

INCH = 72.0  # points
CM = INCH / 2.54
YELLOW = "#ffd000"
# of ink, of yellow on a dark and on a light page, behind what differs; the rest is background
SHARES = 0.16, 0.2, 0.4
PALE = 0.45  # of a colour, where the rest is background
PIXELS = 96  # of a screen to the inch, as web pages count them


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, each from 0 to 255.

    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def luminance(colour: str) -> float:
    """How light `#rrggbb` is, from 0 to 1, as WCAG 2 defines it.

    >>> luminance("#000000"), round(luminance("#ffffff"), 9)
    (0.0, 1.0)
    """
    shares = [n / 255 for n in rgb(colour)]
    linear = [n / 12.92 if n <= 0.04045 else ((n + 0.055) / 1.055) ** 2.4 for n in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2 defines it.

    >>> round(contrast("#767676", "#ffffff"), 2)
    4.54
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """Between two colours: `share` of the first, the rest of the other.

    >>> mixed("#000000", "#ffffff", 0.25)
    '#bfbfbf'
    """
    pairs = zip(rgb(colour), rgb(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


LEAST_CONTRAST = 4.5  # of text, as WCAG 2 asks for


def legible(colour: str, on: str) -> str:
    """The colour as text on another: itself where it can be read there, else black or white.

    >>> legible("#005a9c", "#ffffff"), legible("#005a9c", "#003366")
    ('#005a9c', '#ffffff')
    """
    if contrast(colour, on) >= LEAST_CONTRAST:
        return colour
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, on))


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a figure, each `#rrggbb`.

    The last may be left out. `series` to `heights` are for films: the colours of series of curves,
    and the stops of the maps from low to high; films derive what is left out from the other
    colours. `fault` is the frame around NaN and infinity.
    """

    name: str
    background: str
    ink: str
    muted: str
    forward: str
    gradient: str
    box: str
    leaf: str
    constant: str
    group: str
    derivative: str
    output: str
    border: str
    rule: str
    series: tuple[str, ...] = ()
    diverging: tuple[str, ...] = ()
    sequential: tuple[str, ...] = ()
    heights: tuple[str, ...] = ()
    fault: str = ""

    @property
    def is_dark(self) -> bool:
        """Whether the background is dark."""
        return luminance(self.background) < luminance(self.ink)

    @property
    def alarm(self) -> str:
        """The colour of NaN and infinity: its own, or else the ink."""
        return self.fault or self.ink

    @property
    def unlike(self) -> str:
        """The colour behind what differs between two graphs: yellow, or grey without colours."""
        grey, dark, light = SHARES
        if not self.fault:
            return mixed(self.ink, self.background, grey)
        return mixed(YELLOW, self.background, dark if self.is_dark else light)

    def on_unlike(self, colour: str) -> str:
        """The colour as text on that one, as much nearer to the ink as can be read."""
        shades = (mixed(colour, self.ink, share) for share in (1.0, 0.8, 0.6, 0.4, 0.2))
        return next((c for c in shades if contrast(c, self.unlike) >= LEAST_CONTRAST), self.ink)

    def fill(self, role: Role) -> str:
        """The colour of a box in its role."""
        fills: dict[Role, str] = {
            "leaf": self.leaf,
            "constant": self.constant,
            "op": self.box,
            "output": self.output,
            "group": self.group,
            "derivative": self.derivative,
        }
        return fills[role]

    def paled(self) -> Theme:
        """The same colours near the background, for what a highlight leaves aside."""
        toward = {f.name: getattr(self, f.name) for f in fields(self)}
        pale: dict[str, Any] = {
            name: mixed(colour, self.background, PALE)
            for name, colour in toward.items()
            if isinstance(colour, str) and colour.startswith("#")
        }
        return replace(self, **pale)

    def on(self, fill: str) -> Theme:
        """The colours of a box that is filled with a colour, all of them legible on it."""
        ink = legible(self.ink, fill)
        inks: dict[str, Any] = {
            name: legible(getattr(self, name), fill) for name in ("muted", "forward", "gradient")
        }
        roles: dict[str, Any] = dict.fromkeys(
            ("box", "leaf", "constant", "group", "derivative", "output"), fill
        )
        alarm = legible(self.alarm, fill)
        return replace(self, ink=ink, rule=mixed(ink, fill, 0.2), fault=alarm, **inks, **roles)


@dataclass(frozen=True, slots=True)
class Preset:
    """A place that figures go to: page size in points and text sizes.

    `width` or `height` 0 means "as large as the drawing", but never higher than `tallest`
    if that is given. `text` is the size aimed
    at, `least` the size below which the reader is warned, `most` the largest. `digits`
    is how many significant digits a number has unless a person says otherwise.
    """

    name: str
    about: str
    width: float
    height: float
    text: float
    least: float
    most: float
    margin: float
    digits: int = 4
    tallest: float = 0
    widest: float = 0


THEMES: Registry[Theme] = Registry("theme")
PRESETS: Registry[Preset] = Registry("size")

THEMES.add(
    "light",
    Theme(
        "light",
        background="#ffffff",
        ink="#1a1a1a",
        muted="#595959",
        forward="#005a9c",
        gradient="#b84f00",
        box="#ffffff",
        leaf="#eef4fa",
        constant="#f4f4f4",
        group="#f6f1fa",
        derivative="#fdf1e6",
        output="#fff6e5",
        border="#6b7785",
        rule="#c9d1d9",
        # The hues of series are those of Okabe and Ito (2008), darkened where too pale on white.
        series=(
            "#0072b2", "#c44e00", "#007a59", "#b3558b", "#1a1a1a", "#8a6d00", "#3a8fc4", "#7a4bb5",
        ),
        # The maps are PuOr, YlGnBu and a part of Blues of ColorBrewer (Brewer 2002).
        diverging=(
            "#7f3b08", "#b25706", "#e08214", "#fcb761", "#fee0b6", "#f6f6f7", "#d8daeb", "#b1aad1",
            "#8073ac", "#532687", "#2d004b",
        ),
        sequential=(
            "#ffffd9", "#edf8b1", "#c6e9b4", "#7ecdbb", "#40b5c4", "#1d90c0", "#225da8", "#243392",
            "#081d58",
        ),
        fault="#b3001b",
        heights=(
            "#0d57a1", "#2171b5", "#3c8cc3", "#5ba3d0", "#80badb", "#a7cee4", "#c7dcef", "#dae8f6",
            "#eef5fc",
        ),
    ),
)  # fmt: skip
THEMES.add(
    "dark",
    Theme(
        "dark",
        background="#14181d",
        ink="#f0f3f6",
        muted="#aab4bf",
        forward="#56b4e9",
        gradient="#e69f00",
        box="#1d232a",
        leaf="#16293a",
        constant="#262b31",
        group="#2a2436",
        derivative="#2b2013",
        output="#33291a",
        border="#7d8a98",
        rule="#3d4753",
        series=(
            "#56b4e9", "#e69f00", "#00c08f", "#e08fbb", "#f0f3f6", "#f0e442", "#8a9cff", "#ff8a5c",
        ),
        # The middle is dark and the ends no brighter than lines of ink can bear; heights stay
        # behind the paths over them.
        diverging=("#d9771a", "#87500f", "#3a434e", "#544a9e", "#8b83e6"),
        sequential=(
            "#081d58", "#243392", "#225da8", "#1d90c0", "#40b5c4", "#7ecdbb", "#c6e9b4", "#edf8b1",
            "#ffffd9",
        ),
        fault="#ff7a7a",
        heights=(
            "#1a1a25", "#262634", "#313144", "#3c3c54", "#474763", "#535373", "#5e637e", "#697289",
            "#748194",
        ),
    ),
)  # fmt: skip

THEMES.add(  # for black and white printers: light and dark, solid and dashed tell apart
    "print",
    Theme(
        "print",
        background="#ffffff",
        ink="#000000",
        muted="#4d4d4d",
        forward="#000000",
        gradient="#6b6b6b",
        box="#ffffff",
        leaf="#f0f0f0",
        constant="#ffffff",
        group="#f0f0f0",
        derivative="#e4e4e4",
        output="#ffffff",
        border="#4d4d4d",
        rule="#c8c8c8",
    ),
)
THEMES.add(  # for bad projectors and bad eyes: at least 7:1 everywhere
    "contrast",
    Theme(
        "contrast",
        background="#000000",
        ink="#ffffff",
        muted="#e0e0e0",
        forward="#7fd4ff",
        gradient="#ffb000",
        box="#000000",
        leaf="#001a2e",
        constant="#1a1a1a",
        group="#1d1228",
        derivative="#2b1d00",
        output="#261a00",
        border="#ffffff",
        rule="#5a5a5a",
        fault="#ff9c9c",
    ),
)

for _preset in (
    Preset("notebook", "as large as the drawing, for a page or a notebook", 0, 0, 13, 0, 13, 10,
        widest=1100,
    ),
    Preset("slide", "a whole 16:9 slide, 13.33 × 7.5 in", 960, 540, 22, 18, 34, 20, 3),
    Preset("under-title", "below a slide's own title, 12.3 × 6 in", 885.6, 432, 22, 18, 34, 14, 3),
    Preset("half", "half a slide, 6.4 × 6.0 in", 460.8, 432, 22, 18, 30, 14, 3),
    Preset("beamer", "a Beamer frame, 16 × 9 cm", 16 * CM, 9 * CM, 11, 8, 13, 8),
    Preset(
        "paper", "a column or the width of a page, 3.3 or 6.9 in", 6.9 * INCH, 0, 9, 7, 9, 2,
        tallest=9 * INCH,
    ),
):  # fmt: skip
    PRESETS.add(_preset.name, _preset)
