"""The formats of a build: each one function from the steps of a figure to files.

Rows name the module that does the work; it is imported when the format is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backviz.registry import Registry, loaded

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps


@dataclass(frozen=True, slots=True)
class Builder:
    """A format of builds: `module:function` makes it from the steps.

    `each` says that the function gives a file for every step, not one file for all.
    """

    name: str
    about: str
    place: str
    each: bool = False

    def __call__(self, steps: Steps) -> list[bytes]:
        """The files, in the order of the steps; one if the format holds all of them."""
        made = loaded(self.name, self.place)(steps)
        return list(made) if self.each else [made]


BUILDERS: Registry[Builder] = Registry("format")

_HERE = __name__.rpartition(".")[0]
_FILMS = "backviz.movies"  # a floor above: named here, imported when a film is asked for
for _row in (
    Builder("pdf", "a page for each step, for Beamer", f"{_HERE}.pdf:pdf_pages"),
    Builder("html", "a player with keys, in one file", f"{_HERE}.player:html"),
    Builder("svg", "numbered SVG files", f"{_HERE}.svg:svg_pages", each=True),
    Builder("png", "numbered pictures", f"{_HERE}.marks:png_pages", each=True),
    Builder(
        "fragments", "one SVG for reveal.js, a fragment for each step", f"{_HERE}.svg:fragments"
    ),
    Builder("tikz", "a Beamer frame with overlays", f"{_HERE}.tikz:tikz_steps"),
    Builder("mp4", "a film for slides that play one", f"{_FILMS}:steps_mp4"),
    Builder("gif", "a film that loops, for pages and chats", f"{_FILMS}:steps_gif"),
    Builder("webp", "the same, smaller", f"{_FILMS}:steps_webp"),
):
    BUILDERS.add(_row.name, _row)
