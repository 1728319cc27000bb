"""The output formats: each one function from a figure to bytes.

Rows name the module that does the work; it is imported when the format is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backviz.registry import Registry, loaded

if TYPE_CHECKING:
    from backviz.diagrams.figure import Figure


@dataclass(frozen=True, slots=True)
class Renderer:
    """A format: its name (also the file extension), and a function that makes it.

    The function may be named as `module:function`; it is imported when the format is used.

    `drawn` says that it shows the page of marks, so that sizes and warnings apply;
    `ending` is the extension of files if it is not the name.
    """

    name: str
    about: str
    place: str | Callable[[Figure], bytes]
    drawn: bool = False
    ending: str = ""

    def __call__(self, figure: Figure) -> bytes:
        """The figure in this format; `MissingPieceError` if it needs what is not installed."""
        made: bytes = loaded(self.name, self.place)(figure)
        return made


RENDERERS: Registry[Renderer] = Registry("format")

for _row in (
    Renderer("svg", "portable SVG, text as outlines", f"{__name__}.svg:svg", drawn=True),
    Renderer("pdf", "vector PDF, no Type 3 fonts", f"{__name__}.pdf:pdf", drawn=True),
    Renderer("png", "pixels, --scale to the point", f"{__name__}.marks:png", drawn=True),
    Renderer("dot", "DOT source for any Graphviz", f"{__name__}.dot:dot"),
    Renderer("json", "the graph in node-link form", f"{__name__}.json_graph:json_graph"),
    Renderer("tikz", "TikZ for LaTeX (.tex)", f"{__name__}.tikz:tikz", drawn=True, ending="tex"),
    Renderer(
        "mermaid", "a flowchart in Markdown (.mmd)", f"{__name__}.mermaid:mermaid", ending="mmd"
    ),
    Renderer(
        "text", "a drawing for a terminal (.txt)", f"{__name__}.text_drawing:text", ending="txt"
    ),
    Renderer(
        "ascii", "the same with +-|> (.asc)", f"{__name__}.text_drawing:ascii_text", ending="asc"
    ),
    Renderer("graphml", "for networkx, igraph, Gephi, yEd", f"{__name__}.graphml:graphml"),
):
    RENDERERS.add(_row.name, _row, [_row.ending] if _row.ending else [])
