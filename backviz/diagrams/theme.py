"""Colours and page sizes: what a figure looks like and where it goes.

Forward is blue and gradient is orange where there are colours; the pairs stay apart under
protanopia, deuteranopia and tritanopia, and position and dashes say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from backviz.diagrams.model import Role
from backviz.registry import Registry

INCH = 72.0
CM = INCH / 2.54


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, each from 0 to 255.

    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a figure, each `#rrggbb`."""

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
    ),
)
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
    ),
)

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
    ),
)

for _preset in (
    Preset("notebook", "as large as the drawing, for a page or a notebook", 0, 0, 13, 0, 13, 10),
    Preset("slide", "a whole 16:9 slide, 13.33 × 7.5 in", 960, 540, 22, 18, 34, 20, 3),
    Preset("half", "half a slide, 6.4 × 6.0 in", 460.8, 432, 22, 18, 30, 14, 3),
    Preset("beamer", "a Beamer frame, 16 × 9 cm", 16 * CM, 9 * CM, 11, 8, 13, 8),
    Preset(
        "paper", "a column or the width of a page, 3.3 or 6.9 in", 6.9 * INCH, 0, 9, 7, 9, 2,
        tallest=9 * INCH,
    ),
):  # fmt: skip
    PRESETS.add(_preset.name, _preset)
