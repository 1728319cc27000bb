"""The recorded graph as GraphML, which networkx, igraph, Gephi and yEd read.

`networkx.read_graphml(file, node_type=int, edge_key_type=int, force_multigraph=True)`
reads it back with every number. Arrays are text; a sign that XML cannot hold is `�`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import networkx as nx

from backviz.graphs import plain_graph, written_out

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def graphml(figure: Picture) -> bytes:
    """The whole graph, nothing folded, with values, gradients and derivatives, UTF-8."""
    graph = plain_graph(written_out(figure.written))
    for node in () if figure.style.lines else graph:
        graph.nodes[node].pop("where", None)
    for *_, data in (*graph.nodes(data=True), *graph.edges(keys=True, data=True)):
        data.update({k: _readable(v) for k, v in data.items()})
    # written by the standard library, so that the bytes do not depend on lxml
    lines = nx.generate_graphml(graph)
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + "\n".join(lines) + "\n").encode()


def _readable(attribute: Any) -> Any:
    return _NO_XML.sub("�", attribute) if isinstance(attribute, str) else attribute
