"""The figure as complete DOT source that any Graphviz can render.

Plain record labels, no HTML: every build of Graphviz knows them. Text from users is
escaped, so that what looks like markup or a control sequence comes out literally.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import graphviz

from backviz.diagrams.lettered import in_signs
from backviz.diagrams.model import Box, Cluster, Diagram, enclosed
from backviz.diagrams.theme import THEMES

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture


def dot(figure: Picture) -> bytes:
    """The figure as DOT source, UTF-8."""
    style, diagram = figure.style, in_signs(figure.diagram)
    theme = THEMES[style.theme]
    graph = graphviz.Digraph(
        "backviz",
        graph_attr={
            "rankdir": "TB" if style.direction == "TB" else "LR",
            "bgcolor": "transparent" if style.transparent else theme.background,
            "fontname": "DejaVu Sans",
            "fontcolor": theme.ink,
            "label": graphviz.nohtml(_caption(diagram)),
            "labelloc": "t",
            "tooltip": graphviz.nohtml(plain(diagram.title)),
        },
        node_attr={
            "shape": "record",
            "style": "filled",
            "fontname": "DejaVu Sans",
            "fontcolor": theme.ink,
            "color": theme.border,
        },
        edge_attr={"fontname": "DejaVu Sans", "fontsize": "12"},
    )
    for box in diagram.boxes:
        extra = {"leaf": "filled,rounded", "constant": "filled,dashed"}.get(box.role, "filled")
        width = "2.5" if box.role == "output" else "1"
        order = {"ordering": "in"} if box.ordered else {}
        worn = theme.on(box.fill) if box.fill else theme
        worn = worn.paled() if box.emphasis == "pale" else worn
        if worn is not theme:
            order |= {"fontcolor": worn.ink, "color": worn.border}
        width = "4" if box.emphasis == "strong" else width
        if box.fault:
            order |= {"color": worn.alarm, "fontcolor": worn.ink}
            width, extra = ("4", extra) if box.fault == "begins" else ("2", f"{extra},dashed")
        graph.node(
            box.id,
            record(box, style.direction == "TB"),
            fillcolor=worn.fill(box.role),
            style=extra,
            penwidth=width,
            **order,
        )
    drawn = f'color="{theme.muted}" fontcolor="{theme.muted}" style="dashed,rounded"'

    def begin(cluster: Cluster) -> list[str]:
        title = escape_label(cluster.title)
        return [f"subgraph cluster_{cluster.id} {{", f'graph [label="{title}" {drawn}]']

    graph.body += [f"\t{line}\n" for line in enclosed(diagram.clusters, begin, "}")]
    for arrow in diagram.arrows:
        text = plain(arrow.product or arrow.local)
        labelled = {} if arrow.backward or not text else {"label": text}
        worn = theme.paled() if arrow.emphasis == "pale" else theme
        look = {"fontcolor": worn.gradient}
        look |= {"penwidth": "3"} if arrow.emphasis == "strong" else {}
        if arrow.forward:
            graph.edge(arrow.tail, arrow.head, color=worn.forward, **look, **labelled)
        if arrow.backward:
            graph.edge(
                arrow.tail,
                arrow.head,
                dir="back",  # drawn reversed, stored with the data
                label=text,
                color=worn.gradient,
                style="dashed",
                **look,
            )
    return str(graph.source).encode()


def _caption(diagram: Diagram) -> str:
    """The title and, in words, what a drawn legend would show."""
    lines = ("value", "gradient", "local", "strong")  # which say themselves; other signs are named
    legend = " · ".join(
        words if kind in lines else f"{kind} {words}" for kind, words in diagram.legend
    )
    return r"\n".join(plain(line) for line in (diagram.caption, legend) if line)


def record(box: Box, downwards: bool = False) -> str:
    """A record label: header, value, gradient, one under the other.

    Graphviz stacks the fields of a record when the graph runs left to right, and
    needs braces to do so when it runs downwards.
    """
    header = "  ".join(escape_record(w) for w in (box.title, box.symbol, box.note) if w)
    fields = [
        header,
        *(
            r"\n".join(map(escape_record, lines))
            for lines in (box.value, box.gradient, [r.line for r in box.remarks])
            if lines
        ),
    ]
    label = "|".join(fields if header else fields[1:])
    return f"{{{label}}}" if downwards else label


def escape_record(text: str) -> str:
    r"""Text for a field of a record label.

    >>> escape_record("a|b"), escape_record(r"\n"), escape_record("<b>&amp;")
    ('a\\|b', '\\\\n', '\\<b\\>&amp;amp;')
    """
    return re.sub(r"([{}|<> ])", r"\\\1", plain(text))


def escape_label(text: str) -> str:
    """Text between quotes of a label, with nothing that ends it."""
    return plain(text).replace('"', '\\"')


def plain(text: str) -> str:
    """Text for an ordinary label: no escape sequences, no character entities."""
    return text.replace("\\", "\\\\").replace("&", "&amp;")
