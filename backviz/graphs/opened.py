"""Boxes that stand open while the others stay folded: which are meant, and what then stands there.

A box is opened by one level: a layer into its neurons, a block into its layers, a name into its
ops. Invariant: a name that nothing is called is refused, and so is one in which nothing is folded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import networkx as nx

from backviz.errors import UsageError
from backviz.graphs.cut import find_node
from backviz.graphs.folds import Home, fold_names
from backviz.graphs.groups import Opened
from backviz.graphs.rolled import Layer, name_of
from backviz.graphs.scopes import scope_of
from backviz.language import Language, _
from backviz.names import meant, told_apart, typed
from backviz.registry import unknown

SAMPLES = "samples"
MOST_NAMED = 12  # boxes that a message lists


def open_names(graph: nx.MultiDiGraph[int], names: Sequence[str]) -> Opened:
    """The ops of boxes that bear a name, or that hold what bears it.

    >>> from backviz import load, to_graph
    >>> G = to_graph(load("c=tanh(a*b+1); L=c**2*c; a=2; b=3"))
    >>> sorted(open_names(G, ["c"]).nodes)
    [2, 3, 4, 5]
    >>> open_names(G, ["d"])
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown box 'd'; there is c, L
    """
    home = fold_names(graph)
    boxes = _boxes(graph, home, set())
    return _opened(graph, home, boxes, names, [*boxes])


def _boxes(graph: nx.MultiDiGraph[int], home: Home, but: set[int]) -> dict[str, list[int]]:
    """The boxes of several ops by their name, without those nodes."""
    called = told_apart(dict(graph.nodes(data="label")))
    held: dict[int, list[int]] = {}
    for node in graph:
        if node not in but:
            held.setdefault(home[node], []).append(node)
    data = graph._node
    return {
        called[t]: held[t] for t in sorted(held) if sum(bool(data[n]["op"]) for n in held[t]) > 1
    }


def _opened(
    graph: nx.MultiDiGraph[int],
    home: Home,
    boxes: Mapping[str, list[int]],
    names: Sequence[str],
    known: Sequence[str],
) -> Opened:
    called = told_apart(dict(graph.nodes(data="label")))
    frames: dict[int, tuple[str, ...]] = {}
    for name in names:
        if meant(called.values(), name) not in called.values():
            raise UsageError(_unknown(name, known))
        title = called[home[find_node(graph, name)]]
        if title not in boxes:
            raise UsageError(_closed(name, known))
        frames |= dict.fromkeys(boxes[title], (title,))
    return Opened(nodes=frozenset(frames), frames=frames)


def open_parts(graph: nx.MultiDiGraph[int], names: Sequence[str]) -> Opened:
    """The scopes of modules and groups by their path, `encoder.0`, or by a value inside.

    >>> from backviz import Value, to_graph
    >>> from backviz.autodiff.recording import scope, scoped
    >>> x = Value(2.0, "x")
    >>> with scoped(), scope("encoder"), scope("0"):
    ...     y = (x * x).tanh()
    >>> open_parts(to_graph(y), ["encoder.0"]).parts
    frozenset({'encoder/0'})
    """
    paths: dict[str, str] = {}
    for _node, data in graph.nodes(data=True):
        scope = scope_of(data) if data["op"] else ""
        pieces = scope.split("/") if scope else []
        for i in range(1, len(pieces) + 1):
            path = "/".join(pieces[:i])
            paths[path] = ".".join(p.partition("#")[0].strip("[]") for p in pieces[:i])
    found = set[str]()
    for name in names:
        wanted = typed(name).partition(" ×")[0]
        ways = {d for d in paths.values() if d == wanted}
        ways = ways or {d for d in paths.values() if d.endswith(f".{wanted}")}
        if len(ways) > 1:
            raise UsageError(
                _(
                    "several boxes are called {name}; say which: {listed}",
                    name=name,
                    listed=_listed(sorted(ways)),
                )
            )
        if not ways:
            ways = _around(graph, name, paths)
        found |= {path for path, dotted in paths.items() if dotted in ways}
    return Opened(parts=frozenset(found))


def _around(graph: nx.MultiDiGraph[int], name: str, paths: Mapping[str, str]) -> set[str]:
    """The innermost part around a value of this name."""
    called = told_apart(dict(graph.nodes(data="label")))
    known = [*dict.fromkeys(paths.values())]
    if meant(called.values(), name) not in called.values():
        raise UsageError(_unknown(name, known))
    path = scope_of(graph._node[find_node(graph, name)])
    if path not in paths:
        raise UsageError(_closed(name, known))
    return {paths[path]}


def open_layers(
    graph: nx.MultiDiGraph[int], found: Sequence[Layer], names: Sequence[str], words: Language
) -> Opened:
    """A network of single numbers with layers as their neurons, these as ops, samples one by one.

    What is open is called `layer 1`, `neuron 1.2` (the second of layer 1) and `samples`; another
    name opens the box that bears it.
    """
    shared = len(found[0].units) > 1
    called = {_key(name_of(each, words)): each.tag for layer in found for each in _openable(layer)}
    called |= {_key(f"{each.kind} {each.tag}"): each.tag for n in found for each in _openable(n)}
    known = [name_of(each, words) for layer in found for each in _openable(layer)]
    known += [words.gettext("samples")] if shared else []
    alone = {_key(SAMPLES), _key(words.gettext("samples"))} if shared else set()
    tags = {called[_key(name)] for name in names if _key(name) in called}
    apart = any(_key(name) in alone for name in names)
    made, frames = list[Layer](), dict[int, tuple[str, ...]]()
    for whole in found:
        for layer in whole.samples if apart else [whole]:
            around = (words.gettext("sample {k}", k=layer.sample),) if apart else ()
            for parts, titles in _parted(graph, layer, tags, words):
                made.append(parts)
                inside = {n for row in parts.units for unit in row for n in unit.nodes}
                frames |= dict.fromkeys(inside, (*around, *titles))
    others = [name for name in names if _key(name) not in {*called, *alone}]
    rest = _other_boxes(graph, found, others, known)
    return Opened(nodes=rest.nodes, layers=tuple(made), frames={**frames, **rest.frames})


def _openable(layer: Layer) -> list[Layer]:
    """A layer and its neurons; that of a layer of one is the layer itself."""
    return [layer, *(layer.neurons if len(layer.units[0]) > 1 else [])]


def _parted(
    graph: nx.MultiDiGraph[int], layer: Layer, tags: set[str], words: Language
) -> Iterator[tuple[Layer, tuple[str, ...]]]:
    """The layer in the parts that are open, each with the titles around it."""
    open_ = [each for each in _openable(layer) if each.tag in tags]
    if not open_:
        yield layer, ()
        return
    title = name_of(layer, words)
    for neuron in layer.neurons:
        if neuron in open_ or len(layer.units[0]) == 1:
            if not neuron.ops(graph):
                raise UsageError(
                    _(
                        "the samples of {name} are not computed alike; open samples, too",
                        name=title,
                    )
                )
            alone = () if len(layer.units[0]) == 1 else (name_of(neuron, words),)
            yield replace(neuron, kind="ops"), (title, *alone)
        else:
            yield neuron, (title,)


def _other_boxes(
    graph: nx.MultiDiGraph[int], found: Sequence[Layer], names: Sequence[str], known: list[str]
) -> Opened:
    """The boxes of the rest, such as the loss, that are called so."""
    home, inside = fold_names(graph), set[int]()
    for layer in found:
        inside |= {n for row in layer.units for unit in row for n in unit.nodes}
    boxes = _boxes(graph, home, inside)
    return _opened(graph, home, boxes, names, [*known, *boxes])


def _key(name: str) -> str:
    return typed(name).casefold().replace(" ", "").replace("_", "")


def _unknown(name: str, known: Sequence[str]) -> str:
    return unknown("box", name, known, "" if known else _("every op has its own box here"))


def _closed(name: str, known: Sequence[str]) -> str:
    if not known:
        return _("{name} is a box in which nothing is folded, as in all others", name=name)
    return _(
        "{name} is a box in which nothing is folded; there is {listed}",
        name=name,
        listed=_listed(known),
    )


def _listed(known: Sequence[str]) -> str:
    return ", ".join(known[:MOST_NAMED]) + (", …" if len(known) > MOST_NAMED else "")
