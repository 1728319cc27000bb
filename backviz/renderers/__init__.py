"""The output formats: each one function from a figure to bytes.

Rows name the module that does the work; it is imported when the format is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backviz.formats import Format, Formats

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture


@dataclass(frozen=True, slots=True)
class Renderer(Format):
    """A format of pictures: a function makes it from a figure.

    `drawn` says that it shows the page of marks, so that sizes and warnings apply.
    """

    drawn: bool = False

    def __call__(self, figure: Picture) -> bytes:
        """The figure in this format; `MissingPieceError` if it needs what is not installed."""
        made: bytes = self.make(figure)
        return made


RENDERERS: Formats[Renderer] = Formats("graph")

for _row in (
    Renderer("svg", "portable SVG, text as outlines", f"{__name__}.svg:svg", drawn=True),
    Renderer("pdf", "vector PDF, no Type 3 fonts", f"{__name__}.pdf:pdf", drawn=True),
    Renderer("png", "pixels, --scale to the point", f"{__name__}.png:png", drawn=True),
    Renderer("dot", "DOT source for any Graphviz", f"{__name__}.dot:dot", "code"),
    Renderer("json", "the graph in node-link form", f"{__name__}.json_graph:json_graph", "data"),
    Renderer(
        "tikz",
        "TikZ for LaTeX (.tex)",
        f"{__name__}.tikz:tikz",
        "code",
        ("tex", "latex"),
        drawn=True,
    ),
    Renderer(
        "mermaid", "a flowchart in Markdown (.mmd)", f"{__name__}.mermaid:mermaid", "code", ("mmd",)
    ),
    Renderer(
        "text", "a drawing for a terminal (.txt)", f"{__name__}.text_drawing:text", "text", ("txt",)
    ),
    Renderer(
        "ascii",
        "the same with +-|> (.asc)",
        f"{__name__}.text_drawing:ascii_text",
        "text",
        ("asc",),
    ),
    Renderer("graphml", "for networkx, igraph, Gephi, yEd", f"{__name__}.graphml:graphml", "data"),
):
    RENDERERS.enter(_row)
