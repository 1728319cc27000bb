"""What a person says of single nodes: a note in the box, a colour for it.

Invariant: a function or a mapping is asked for nodes of the whole graph, so that a fold changes
what is drawn and not what is said; text is escaped by whoever writes it down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from backviz.errors import UsageError
from backviz.graphs.cut import find_node
from backviz.graphs.folds import Home
from backviz.language import N_, _
from backviz.registry import unknown
from backviz.text import clean

MOST_LINES, MOST_SIGNS = 3, 40  # of a note
COLOURS = {
    "red": "#f6b5b5", "orange": "#fbcf9d", "yellow": "#fdf0a6", "green": "#b9e3b4",
    "blue": "#b5d5f5", "purple": "#d9c2ef", "pink": "#f8c8df", "grey": "#d9dde2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A node as a function for notes and colours gets it.

    `name` is "" where it has none, `value` and `grad` are a float or an array (`grad` `None` where
    no backward pass has computed it), `op` is the name of the op ("" for a leaf), `kind` is "leaf",
    "constant" or "op", `shape` text as "(2, 3)", `scope` the part of a network.
    """

    name: str
    value: Any
    grad: Any
    op: str
    kind: str
    shape: str
    scope: str
    id: int


Says = Callable[[Node], Any] | Mapping[str, Any]


def said_of(graph: nx.MultiDiGraph[int], asked: Says | None, what: str) -> dict[int, str]:
    """What a function of a node, or a mapping of names, says, by node; nothing is left out.

    Raises `InputError` for a name that no node has, `UsageError` for what is no text.
    """
    if asked is None:
        return {}
    if isinstance(asked, Mapping):
        pairs = [(find_node(graph, name), said) for name, said in asked.items()]
    else:
        pairs = [(n, asked(_node(n, data))) for n, data in graph.nodes(data=True)]
    found = {}
    for node, said in pairs:
        if said is None or said == "":
            continue
        if not isinstance(said, str):
            raise UsageError(
                _("{what} gives a text or None for a node, not {given!r}", what=what, given=said)
            )
        found[node] = said
    return found


def _node(number: int, data: Mapping[str, Any]) -> Node:
    return Node(
        data["label"].strip(),
        data["value"],
        data.get("grad"),
        data["op"],
        data["kind"],
        data["shape"],
        data.get("scope", ""),
        number,
    )


def notes_in_boxes(said: Mapping[int, str], home: Home) -> dict[int, tuple[str, ...]]:
    """The lines of the notes of each box; its own node's come first."""
    found: dict[int, list[str]] = {}
    for node in sorted(said, key=lambda n: (n != home[n], n)):
        lines = [clean(line, MOST_SIGNS) for line in said[node].splitlines()]
        found.setdefault(home[node], []).extend(filter(None, lines))
    return {target: tuple(lines[:MOST_LINES]) for target, lines in found.items()}


def colours_in_boxes(said: Mapping[int, str], home: Home) -> dict[int, str]:
    """The colour of each box: its own node's, or else that of the last node in it."""
    found: dict[int, str] = {}
    for node in sorted(said, key=lambda n: (n == home[n], n)):
        found[home[node]] = read_colour(said[node])
    return found


def read_colour(text: str) -> str:
    """A colour as `#rrggbb`, from that, from `#rgb` or from a word.

    >>> read_colour("#FC0"), read_colour("green")
    ('#ffcc00', '#b9e3b4')
    """
    given = text.strip().lower()
    if re.fullmatch(r"#[0-9a-f]{6}", given):
        return given
    if re.fullmatch(r"#[0-9a-f]{3}", given):
        return "#" + "".join(2 * sign for sign in given[1:])
    given = "grey" if given == "gray" else given
    if given not in COLOURS:
        raise UsageError(unknown(N_("colour"), text, [*COLOURS, "#rrggbb"]))
    return COLOURS[given]
