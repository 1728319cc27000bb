"""The recorded graph as JSON, in networkx's node-link form.

`networkx.node_link_graph(data, edges="edges")` reads it back. JSON has no NaN and
no infinities, so these are the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import networkx as nx

from backviz.autodiff.params import plain_params
from backviz.graphs import written_out
from backviz.stability import SCHEMA
from backviz.text import json_ready

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture


def json_graph(figure: Picture) -> bytes:
    """The whole graph, nothing folded, with values, gradients and derivatives."""
    data: dict[str, Any] = {"schema": SCHEMA}
    data |= nx.node_link_data(written_out(figure.written), edges="edges")
    data["nodes"] = [
        {
            k: plain_params(v) if k == "params" else v
            for k, v in node.items()
            if k != "where" or figure.style.lines
        }
        for node in data["nodes"]
    ]
    return (json.dumps(json_ready(data), ensure_ascii=False, indent=1) + "\n").encode(
        "utf-8",
        "backslashreplace",  # a lone surrogate as the JSON escape \udXXX
    )
