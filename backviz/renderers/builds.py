"""The formats of a build: each one function from the steps of a figure to files.

Rows name the module that does the work; it is imported when the format is used. The films
stand on a floor above and enter themselves (`movies.formats`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backviz.formats import Format, Formats

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps


@dataclass(frozen=True, slots=True)
class Builder(Format):
    """A format of builds: a function makes it from the steps.

    `each` says that the function gives a file for every step, not one file for all.
    """

    each: bool = False

    def __call__(self, steps: Steps) -> list[bytes]:
        """The files, in the order of the steps; one if the format holds all of them."""
        made = self.make(steps)
        return list(made) if self.each else [made]


BUILDERS: Formats[Builder] = Formats("steps", home="backviz.movies.formats")

_HERE = __name__.rpartition(".")[0]
for _row in (
    Builder("pdf", "a page for each step, for Beamer", f"{_HERE}.pdf:pdf_pages", "build"),
    Builder("html", "a player with keys, in one file", f"{_HERE}.player:html", "page", ("htm",)),
    Builder("svg", "numbered SVG files", f"{_HERE}.svg:svg_pages", "build", each=True),
    Builder("png", "numbered pictures", f"{_HERE}.png:png_pages", "build", each=True),
    Builder(
        "fragments",
        "one SVG for reveal.js, a fragment for each step",
        f"{_HERE}.svg:fragments",
        "build",
    ),
    Builder(
        "tikz", "a Beamer frame with overlays", f"{_HERE}.tikz:tikz_steps", "code", ("tex", "latex")
    ),
):
    BUILDERS.enter(_row)
