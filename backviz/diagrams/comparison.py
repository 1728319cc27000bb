"""Two computations as one picture: laid out alike, with what differs between them marked.

Invariant: both are folded alike and drawn in one style, and no number gives way on one side only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.diagrams.build import heat_of
from backviz.diagrams.detail import Level, terser
from backviz.diagrams.differences import Differences, Side, differences, marked
from backviz.diagrams.figure import NEARLY, READABLE, TOLERATED, Figure
from backviz.diagrams.lettered import letters_of
from backviz.diagrams.model import UNLIKE, Diagram, box_id
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.diagrams.twins import Twins, alike, on_page
from backviz.displays import DISPLAYS, WRITERS
from backviz.errors import InputError
from backviz.graphs import has_scopes, layers
from backviz.graphs.matching import disjoint, matched
from backviz.language import _
from backviz.text import clean, count
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    from os import PathLike

    import networkx as nx

    from backviz.diagrams.drawing import Drawing
    from backviz.diagrams.page import Sheet
    from backviz.diagrams.style import Style

MANY = 24  # boxes of a half, of more of which the eye finds no partner; folded, if it can be
MOST_TITLE = 60  # signs of a half's title
FOLDS = "constants", "layers", "names"  # of which the first that can be read is taken


@dataclass(frozen=True)
class _Stage:
    """Both at one level of detail: what is drawn, and on which page."""

    style: Style
    found: Differences
    whole: Diagram
    twins: Twins
    fold: str

    def sheet(self, tidy: bool = False) -> Sheet:
        return on_page(self.twins, self.whole, self.style, tidy)


class Comparison:
    """Two figures of one style beside each other.

    >>> from backviz import Figure, Value
    >>> figures = [Figure(Value(2.0, "a") * Value(b, "b")) for b in (3.0, 4.0)]
    >>> both = Comparison(*figures, ("before", "after"))
    >>> len(both.diagram.boxes), both.messages
    (6, ('2 values differ',))
    """

    def __init__(self, one: Figure, other: Figure, titles: tuple[str, str]) -> None:
        if one.output is other.output:
            raise InputError(
                _("there is one computation and nothing to compare it with; give another one")
            )
        self.one, self.other = one, other
        self.style = one.style
        self.titles = clean(titles[0], MOST_TITLE), clean(titles[1], MOST_TITLE)

    @cached_property
    def graph(self) -> nx.MultiDiGraph[int]:
        """Both whole graphs as one; a node knows its side, its partner and what differs."""
        return self._joined(self.one.graph, self.other.graph)

    @property
    def written(self) -> nx.MultiDiGraph[int]:
        """The same for what writes it, without what a reader is to find out."""
        return self._joined(self.one.written, self.other.written)

    def _joined(
        self, one: nx.MultiDiGraph[int], other: nx.MultiDiGraph[int]
    ) -> nx.MultiDiGraph[int]:
        pairs = matched(one, other)
        return disjoint(one, other, pairs, differences(one, other, pairs).of)

    @property
    def diagram(self) -> Diagram:
        """Both as one diagram."""
        return self._stage.whole

    @property
    def differences(self) -> Differences:
        """What differs between the boxes that are drawn."""
        return self._stage.found

    @property
    def shown(self) -> Style:
        """The style with which the boxes are drawn: as asked for, or with fewer numbers."""
        return self._stage.style

    @cached_property
    def drawing(self) -> Drawing:
        """The page of marks."""
        return self._stage.sheet(tidy=True).drawing()

    @property
    def messages(self) -> tuple[str, ...]:
        """What differs, and what a person should know of how it is drawn."""
        said = self._stage.found.said()
        folded = self.style.fold == "auto" and self._stage.fold != FOLDS[0]
        fewer = self._stage.style != self.style
        return tuple(
            filter(
                None,
                (
                    ", ".join(said) if said else _("nothing differs"),
                    _("folded to stay readable; --fold constants draws every op") if folded else "",
                    _("numbers of arrays gave way to larger text; --entries 6 draws them")
                    if fewer else "",
                ),
            )
        )  # fmt: skip

    @cached_property
    def _stage(self) -> _Stage:
        least = PRESETS[self.style.size].least
        tried: list[tuple[float, _Stage]] = []
        for levels in self._levels():
            stages = list(self._styles(levels))
            for i, stage in enumerate(stages):
                if not least:
                    return stage
                size = stage.sheet().least_text
                tried.append((size, stage))
                if size >= NEARLY * least:
                    return stage
                if i == 0 and len(stages) > 1:  # the tersest says whether it is worth the others
                    last = stages[-1].sheet().least_text
                    tried.append((last, stages[-1]))
                    if last < TOLERATED * least:
                        break
        return max(tried, key=lambda each: each[0])[1]

    def _levels(self) -> Iterator[tuple[str, Level, Level]]:
        """Both at the level that was asked for, or at one after another."""
        free = self.style.fold == "auto" and not self.style.unfold
        folds = FOLDS if free else (self.style.fold,)
        figures, yielded, many = (self.one, self.other), False, 0
        for fold in folds:
            if free and fold == "layers" and not all(map(_has_layers, figures)):
                continue
            style = replace(self.style, fold=fold)
            one, other = (figure.restyled(style).whole_level for figure in figures)
            many = max(len(one.view), len(other.view))
            if many <= (READABLE if fold == FOLDS[-1] else MANY) or not free:
                yielded = True
                yield fold, one, other
        if not yielded:
            raise InputError(
                _(
                    "{count} are too many for a comparison (at most {most}); compare a part with "
                    "--from, --to or --around",
                    count=count(many, "box"),
                    most=READABLE,
                )
            )

    def _styles(self, levels: tuple[str, Level, Level]) -> Iterator[_Stage]:
        """The level with all its numbers and, where a page is small, with fewer and fewer."""
        fold, one, other = levels
        pairs = matched(one.view, other.view)
        found = differences(one.view, other.view, pairs)
        styles = dict.fromkeys([self.style, *self._terser(one, other)])
        for style in styles:
            yield self._drawn(style, one.view, other.view, pairs, found, fold)

    def _terser(self, one: Level, other: Level) -> list[Style]:
        if not PRESETS[self.style.size].least:
            return []
        levels = zip((self.one, self.other), (one, other), strict=True)
        styles = [terser(level, self.style, figure.built) for figure, level in levels]
        return max(styles, key=len)

    def _drawn(
        self, style: Style, one: nx.MultiDiGraph[int], other: nx.MultiDiGraph[int],
        pairs: Mapping[Any, Any], found: Differences, fold: str,
    ) -> _Stage:  # fmt: skip
        words, theme = LANGUAGES[style.lang], THEMES[style.theme]
        letters = letters_of(self.graph, style)
        diagrams = [
            replace(figure.built(view, style), letters=letters)
            for figure, view in ((self.one, one), (self.other, other))
        ]
        if style.heat:
            diagrams = _in_one_heat(diagrams, (one, other), pairs, style)
        back = {b: a for a, b in pairs.items()}
        sides = (
            Side(one, diagrams[0], pairs, found.only[0]),
            Side(other, diagrams[1], back, found.only[1]),
        )
        of = found.of, {pairs[a]: kinds for a, kinds in found.of.items()}
        first = marked(sides[0], sides[1], of[0], found.noise, words, theme.unlike)
        second = marked(sides[1], sides[0], of[1], found.noise, words, theme.unlike)
        boxes = {box_id(a): box_id(b) for a, b in pairs.items()}
        ends = {key: arrow.id for key, arrow in sides[1].arrows().items()}
        arrows = {
            arrow.id: ends[pairs[tail], pairs[head], i]
            for (tail, head, i), arrow in sides[0].arrows().items()
            if tail in pairs and head in pairs and (pairs[tail], pairs[head], i) in ends
        }
        first, second = alike(first, second, boxes, arrows, style)
        twins = Twins(first, second, self.titles, boxes, arrows)
        whole = self._whole(twins, found, style)
        return _Stage(style, found, whole, twins, fold)

    def _whole(self, twins: Twins, found: Differences, style: Style) -> Diagram:
        words = LANGUAGES[style.lang]
        caption = "" if style.title == "none" else clean(style.title)
        title = caption or words.gettext(
            "{one} and {other} beside each other", one=self.titles[0], other=self.titles[1]
        )
        listed = [
            f"{name}: {box.alt}"
            for name, part in zip(self.titles, (twins.one, twins.other), strict=True)
            for box in part.boxes
        ]
        made = twins.whole(title, " ".join(f"{line}." for line in listed), caption)
        signs = [b.symbol + b.note for b in made.boxes] + [a.local + a.product for a in made.arrows]
        signs += [line for b in made.boxes for line in (*b.value, *b.gradient)]
        more: list[tuple[str, str]] = []
        if any(UNLIKE in sign for sign in signs):
            more.append((UNLIKE, words.gettext("differs")))
        if any(arrow.emphasis == "strong" for arrow in made.arrows) and not style.highlight:
            more.append(("strong", words.gettext("only here")))
        return replace(made, legend=(*made.legend, *more) if style.legend else ())

    def save(self, path: str | PathLike[str]) -> str:
        """Write the picture; the extension says the format, as for `backviz graph`.

        Returns the path. Raises `UsageError` for an unknown format, or a place where nothing
        can be written.
        """
        return str(WRITERS["picture"](self, str(path)))

    def __repr__(self) -> str:
        """What differs."""
        return f"{self.titles[0]} ≠ {self.titles[1]}: {'; '.join(self.messages)}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """What a notebook shows; see `backviz.notebook`, which stands on a higher floor."""
        return DISPLAYS["figure"](self, include, exclude)


def _has_layers(figure: Figure) -> bool:
    return has_scopes(figure.graph) or bool(layers(figure.graph))


def _in_one_heat(
    diagrams: list[Diagram], views: tuple[Any, Any], pairs: Mapping[Any, Any], style: Style
) -> list[Diagram]:
    """The maps of partners in colours of one scale."""
    limits: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for a, b in pairs.items():
        values = [view.nodes[n].get("value") for view, n in zip(views, (a, b), strict=True)]
        sizes = [np.abs(np.asarray(v, dtype=float)) for v in values if v is not None]
        most = [float(np.max(x, initial=0.0, where=np.isfinite(x))) for x in sizes]
        limits[0][box_id(a)] = limits[1][box_id(b)] = max(most, default=0.0)
    value = [{box_id(n): data.get("value") for n, data in view.nodes(data=True)} for view in views]
    return [
        replace(
            diagram,
            boxes=tuple(
                replace(box, heat=heat_of(known[box.id], style.numbers, limit[box.id]))
                if box.heat and limit.get(box.id) else box
                for box in diagram.boxes
            ),
        )
        for diagram, known, limit in zip(diagrams, value, limits, strict=True)
    ]  # fmt: skip
