"""Which box every node of a graph may stand in: the folds that a style allows, none measured.

Invariant: every fold that is answered keeps the part that was asked for and opens the boxes that
were named (`--unfold`), whatever level of detail is taken of them in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from backviz.diagrams.style import listed
from backviz.errors import InputError, UsageError
from backviz.graphs import (
    Choice,
    Home,
    Opened,
    Parts,
    around_of,
    chosen,
    cut_out,
    fold_constants,
    fold_layers,
    fold_names,
    fold_repeats,
    has_scopes,
    hide_weights,
    layers,
)
from backviz.language import _
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import networkx as nx

    from backviz.diagrams.style import Style
    from backviz.graphs.rolled import Layer


@dataclass(frozen=True)
class Fold:
    """A fold and what its boxes are called; `rolled` as a network, `named` with formulas."""

    home: Home
    titles: Mapping[int, str] = field(default_factory=dict)
    rolled: bool = False
    named: bool = False


class Folding:
    """The folds of one graph in one style.

    >>> from backviz.autodiff.value import Value
    >>> from backviz.diagrams.style import Style
    >>> from backviz.graphs import to_graph
    >>> a = Value(2.0, "a")
    >>> Folding(to_graph((a * a).tanh()), Style(fold="names")).asked.home
    {2: 2, 1: 2, 0: 0}
    """

    def __init__(self, graph: nx.MultiDiGraph[int], style: Style) -> None:
        self.graph, self.style = graph, style

    @cached_property
    def by_op(self) -> Home:
        """A box for every op."""
        return self.cut(self.weighed(fold_constants(self.graph)))

    @cached_property
    def by_name(self) -> Home:
        """A box for every name."""
        return self.cut(self.weighed(self._names()))

    def parts(self, depth: int, repeated: bool = False) -> Parts:
        """A box for every part of a network, with single constants in the ops that use them.

        Depth 0 are the innermost parts; a row of `repeated` ones is one box.
        """
        if not has_scopes(self.graph):
            raise InputError(
                _(
                    "the computation has no layers to fold by; compute it with backviz.nn "
                    "modules, with names such as enc.w, or fold by names"
                )
            )
        shown = self.style.weights == "show"
        parts = fold_layers(self.graph, self._outer(depth), shown, self.opened.parts)
        inline = fold_constants(self.graph)
        home = {
            n: parts.home[inline[n]] if not self.graph.nodes[n]["label"] else target
            for n, target in parts.home.items()
        }
        parts = Parts(self.weighed(home), parts.titles)
        parts = fold_repeats(self.graph, parts, self.opened.parts) if repeated else parts
        return Parts(self.cut(parts.home), parts.titles)

    @property
    def asked(self) -> Fold:
        """The fold that the style names, or with boxes to open and no level the coarsest."""
        graph, level = self.graph, self.style.fold
        if level == "none":
            return Fold(self.cut(self.weighed({n: n for n in graph})))
        if level == "constants":
            return Fold(self.by_op)
        if level == "names" or (level != "blocks" and not self.layers and not self._in_parts):
            return Fold(self.by_name, named=True)
        if self.layers and level != "blocks":
            return Fold(self.cut(self._names()), rolled=True, named=True)
        parts = self.parts(int(level != "layers"), level != "layers")
        return Fold(parts.home, parts.titles)

    @property
    def _in_parts(self) -> bool:
        """Whether layers are asked for, or boxes to open are parts of a network."""
        return self.style.fold == "layers" or has_scopes(self.graph)

    def weighed(self, home: Home) -> Home:
        """The same fold, without the weights if they are to be hidden."""
        return hide_weights(self.graph, home) if self.style.weights == "hide" else home

    def cut(self, home: Home) -> Home:
        """The same fold of the part that is drawn."""
        return cut_out(self.graph, home, self._kept) if self._kept else home

    @property
    def is_whole(self) -> bool:
        """Whether the part that is drawn is all of the graph."""
        return not self._kept or len(self._kept) == len(self.graph)

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers of a network that was written with single numbers."""
        return [*self.opened.layers] if self.opened.layers else self._whole_layers

    def hides(self, layer: Layer) -> bool:
        """Whether the weights of a layer of such a network stand inside of it."""
        style = self.style
        if layer.sample or (style.weights != "hide" and layer.kind != "layer"):
            return False
        closed = style.fold == "layers" or bool(style.unfold)
        return style.weights == "hide" or (style.weights == "auto" and closed)

    @cached_property
    def opened(self) -> Opened:
        """What was asked to be open; raises `UsageError` for what no box is called."""
        names, style = listed(self.style.unfold), self.style
        if not names:
            return Opened()
        from backviz.graphs.opened import open_layers, open_names, open_parts  # where asked for

        if style.fold in ("none", "constants"):
            raise UsageError(
                _(
                    "--unfold opens boxes of a fold, and --fold {level} has none; leave --fold out",
                    level=style.fold,
                )
            )
        if self._whole_layers and style.fold in ("auto", "layers"):
            return open_layers(self.graph, self._whole_layers, names, LANGUAGES[style.lang])
        if has_scopes(self.graph) and style.fold != "names":
            return open_parts(self.graph, names)
        return open_names(self.graph, names)

    @cached_property
    def _whole_layers(self) -> list[Layer]:
        return [] if self._kept else layers(self.graph)

    @property
    def parts_framed(self) -> frozenset[str]:
        """The scopes of parts that are open, and of those around them that are open for it."""
        asked = self.opened.parts
        if self.style.fold == "layers":
            return asked
        depth = self._outer(1)
        return asked | {path for path in around_of(asked) if path.count("/") >= depth - 1}

    def _names(self) -> Home:
        """A box a name, but for what is open."""
        return self.opened.apply(fold_names(self.graph), self.graph)

    def _outer(self, depth: int) -> int:
        """The depth of the parts below the one that holds everything, if there is one."""
        scopes = [s.split("/") for _other, s in self.graph.nodes(data="scope") if s]
        shared = bool(scopes) and len({s[0] for s in scopes}) == 1
        return depth + shared if depth else 0

    @cached_property
    def _kept(self) -> set[int]:
        """The nodes of the part that is drawn; none stands for all."""
        style = self.style
        choice = Choice(style.start, style.end, style.around, style.hops, style.only)
        return chosen(self.graph, choice) if choice else set()
