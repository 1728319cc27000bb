"""A figure: one recorded computation and one style, made into whatever is asked for.

Every stage is computed on first use and kept, so that a renderer which needs the
graph alone pays for no layout, and several renderers share one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from backviz.autodiff.tape import NO_NAMES, Names
from backviz.diagrams import detail
from backviz.diagrams.blanks import written
from backviz.diagrams.build import MAX_TITLE, build
from backviz.diagrams.detail import Level, largest, left_out, reads, terser, text_of, used_often
from backviz.diagrams.folding import Fold, Folding
from backviz.diagrams.lettered import letters_of
from backviz.diagrams.page import ENOUGH, Page, all_read
from backviz.diagrams.pages import split
from backviz.diagrams.pointing import Pointing
from backviz.diagrams.style import Style
from backviz.diagrams.theme import PRESETS
from backviz.diagrams.ways import MOST_WIDE
from backviz.displays import DISPLAYS
from backviz.errors import InputError
from backviz.graphs import (
    Home,
    Parts,
    contract,
    fold_middle,
    fold_names,
    has_scopes,
    hide_data,
    hide_weights,
    name_of,
    roll,
    roll_home,
    size,
    to_graph,
)
from backviz.language import N_, _
from backviz.lettering import Letters
from backviz.names import told_apart
from backviz.text import count
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import networkx as nx

    from backviz.autodiff.value import Value
    from backviz.diagrams.drawing import Drawing
    from backviz.diagrams.model import Diagram
    from backviz.sources.tracing import Outputs

READABLE = 300  # boxes that one picture holds before "auto" folds
DRAWABLE = 10_000  # boxes above which no picture is made
SHORTER = (24, 10, 5)  # boxes that are kept when the middle of a graph is folded
FEW, MOST_ON_PAGES = 8, 120  # boxes that are spread over pages
FAR_LARGER = 1.5  # text, for which several pages are taken though it is too small on them, too
MANY = 12  # names, of which the ops are not spread over pages
MOST_UNASKED, LEAST_ON_PAGE = 6, 4  # pages that nobody asked for, and boxes on each of them
TANGLED = 12  # crossings, of which arrows of weights that are used often are left out
CROWDED = 60  # boxes of which no page makes readable text by leaving numbers out
COMPLETE = 40  # boxes up to which no op is hidden to make the text larger
NEARLY = 0.95  # of the least text size, with a warning, before anything is folded
TOLERATED = 0.6  # of the least text size, with a warning, before the middle is folded


def _tangle(level: Level) -> tuple[bool, int]:
    """How bad a page that takes its width from what is drawn is to read."""
    return level.width > MOST_WIDE, level.page.sheet.faults[0] if level.page else 0


class Figure:
    """The stages from a recorded value to a page of marks.

    >>> from backviz.autodiff.value import Value
    >>> a = Value(2.0, label="a")
    >>> figure = Figure(a * a)
    >>> len(figure.diagram.boxes), len(figure.diagram.arrows)
    (2, 2)
    """

    def __init__(
        self,
        output: Value,
        style: Style | None = None,
        more: Sequence[Value] = (),
        values: list[Value] | None = None,
        called: Names = NO_NAMES,
        beside: Sequence[Value] = (),
    ) -> None:
        self.output, self.beside = output, tuple(beside)  # other results, not differentiated
        self.called = called  # by the variables of the program, where there is no label
        self._values = values  # the tape of all outputs, if it is at hand
        self.more = tuple(more)  # further outputs that stand in the same graph
        self.style = style or Style()

    @classmethod
    def of(cls, outputs: Outputs, names: bool | Names, style: Style) -> Figure:
        """The figure of one output or several, with the names that the caller's variables give."""
        from backviz.sources.frames import named_by
        from backviz.sources.tracing import chosen

        first, others, own = chosen(outputs)
        return cls(first, style, called={**named_by(first, names, others), **own}, beside=others)

    @cached_property
    def graph(self) -> nx.MultiDiGraph[int]:
        """The whole computation, nothing folded."""
        return to_graph(
            self.output,
            *self.more,
            values=self._values,
            called=self.called,
            beside=self.beside,
        )

    @cached_property
    def names(self) -> dict[int, str]:
        """What every node of the whole graph is called in a box, whatever is folded."""
        return told_apart(dict(self.graph.nodes(data="label")), MAX_TITLE)

    @cached_property
    def pointing(self) -> Pointing:
        """What is marked on the boxes, whatever is folded."""
        return Pointing(self.graph, self.style)

    @cached_property
    def _letters(self) -> Letters:
        return letters_of(self.graph, self.style)

    def built(self, view: nx.MultiDiGraph[int], style: Style) -> Diagram:
        """The diagram of a folded graph, with the names that the whole graph has; kept."""
        key = id(view), view.graph.get("apart", ()), style
        if key not in self._diagrams:
            diagram = replace(build(view, style, self.names), letters=self._letters)
            self._diagrams[key] = view, diagram  # the view stays, so that its id does
        return self._diagrams[key][1]

    @cached_property
    def _diagrams(self) -> dict[Any, tuple[nx.MultiDiGraph[int], Diagram]]:
        return {}

    def restyled(self, style: Style) -> Figure:
        """The same computation in another style; the graph is made once for both."""
        made = Figure(self.output, style, self.more, self._values, self.called, self.beside)
        vars(made)["graph"] = self.graph
        return made

    @cached_property
    def _level(self) -> Level:
        """The level of detail that was asked for, or the most detailed that can be read."""
        if self.style.fold == "auto" and not self.style.unfold:
            return self._automatic()
        return self._fitted(self._asked)

    @property
    def whole_level(self) -> Level:
        """The level of detail that was asked for, with all its numbers; nothing is laid out."""
        return self._at(self._asked)

    @property
    def _asked(self) -> Fold:
        fold = self._folding.asked
        if size(fold.home) > DRAWABLE:
            raise InputError(
                _(
                    "{count} are too many for one picture (at most {drawable:,}); leave --fold "
                    "out to fold them, or use backviz table",
                    count=count(size(fold.home), "box"),
                    drawable=DRAWABLE,
                )
            )
        return fold

    @cached_property
    def _folding(self) -> Folding:
        """The folds of the graph, as the style asks for them."""
        return Folding(self.graph, self.style)

    def _at(self, fold: Fold) -> Level:
        folding = self._folding
        found = folding.layers if fold.rolled else []
        home = roll_home(self.graph, found, fold.home, folding.hides) if found else fold.home
        view = contract(self.graph, home, self.style.numbers, fold.titles, fold.named)
        self.pointing.mark(view, home, folding)
        if found:
            called = partial(name_of, words=LANGUAGES[self.style.lang])
            roll(view, self.graph, found, self.style.numbers, folding.hides, called)
        if self.style.formulas or self.style.blank:
            from backviz.diagrams.written import write  # tells the steps

            write(view, self.graph, self.style, self.names)
        return Level(view, self.style, self.built(view, self.style))

    def _fitted(self, fold: Fold, bare: bool = True) -> Level:
        """The boxes with as many of their numbers as leave the text large enough.

        Without `bare`, no array loses all of its numbers.
        """
        level, least = self._at(fold), PRESETS[self.style.size].least
        if not least:
            return level
        fitted = self._with_fewer_numbers(level, bare, least)
        if apart := () if reads(fitted, least) else self._often(level):
            level.view.graph["apart"] = apart
            fitted = largest([fitted, self._with_fewer_numbers(level, bare, least)])
            level.view.graph["apart"] = apart if fitted.apart else ()
        return fitted

    def _with_fewer_numbers(self, level: Level, bare: bool, least: float) -> Level:
        full = self._measured(level, self.style)
        if reads(full, NEARLY * least) or len(level.view) > CROWDED:
            return full
        fewer = [s for s in terser(level, self.style, self.built) if bare or s.arrays != "shapes"]
        if not fewer:
            return full
        tried = [full, self._measured(level, fewer[-1])]
        if reads(tried[-1], least):
            for style in fewer[:-1]:
                tried.append(self._measured(level, style))
                if reads(tried[-1], least):
                    return tried[-1]
        return largest(tried)

    def _measured(self, level: Level, style: Style) -> Level:
        diagram = self.built(level.view, style)
        apart = bool(level.view.graph.get("apart"))
        return replace(level, style=style, diagram=diagram, page=Page(diagram, style), apart=apart)

    def _automatic(self) -> Level:
        """Fold as little as keeps the boxes countable and the text large enough."""
        folding = self._folding
        by_op, by_name, layers = folding.by_op, folding.by_name, folding.layers
        least = PRESETS[self.style.size].least
        candidates = []
        why = _("to stay readable")
        if size(by_op) <= (COMPLETE if layers else READABLE):
            level = self._fitted(Fold(by_op), bare=size(by_op) == size(by_name))
            if reads(level, NEARLY * least):
                return level
            why = _("because the text would be {pt:.1f} pt", pt=text_of(level))
            candidates.append(level)
        if layers:
            network = self._fitted(Fold(fold_names(self.graph), rolled=True, named=True))
            level = detail.told(self.graph, network, N_("matrices and layers"), why)
            if reads(level, least):
                return level
            candidates.append(level)
        if has_scopes(self.graph) and not layers:
            for fold, how in self._by_parts():
                if 1 < size(fold.home) <= READABLE and size(fold.home) < size(by_op):
                    made = self._fitted(Fold(fold.home, fold.titles))
                    level = detail.told(self.graph, made, how, why)
                    if reads(level, TOLERATED * least):
                        return level
                    candidates.append(level)
        if 2 < size(by_name) <= READABLE and size(by_name) < size(by_op):
            inside = hide_data(self.graph, by_name)
            ways = [(by_name, inside == by_name), (inside, True)]
            if least:
                ways.append((hide_weights(self.graph, inside), True))
            for home, bare in ways:
                if size(home) <= 2:
                    continue
                fold_ = Fold(home, rolled=True, named=True)
                named = detail.told(self.graph, self._fitted(fold_, bare), N_("one per name"), why)
                if reads(named, least):
                    return named
                candidates.append(named)
        if size(by_op) > COMPLETE:
            shorter = self._shortened(by_op, least)
            if reads(shorter[-1], least):
                return detail.told(self.graph, shorter[-1], "", why)
            candidates += [detail.told(self.graph, level, "", why) for level in shorter]
        return largest(candidates)

    def _shortened(self, by_op: Home, least: float) -> list[Level]:
        """Levels without the middle; the last is the longest that can be read, if any can.

        Fewer boxes have larger text, and a large graph takes a while for each try: the one
        between is tried first.
        """
        most, between, fewest = SHORTER
        level = self._fitted(Fold(fold_middle(by_op, between if least else most)))
        if not least:
            return [level]
        if not reads(level, least):
            return [level, self._fitted(Fold(fold_middle(by_op, fewest)))]
        longer = self._fitted(Fold(fold_middle(by_op, most)))
        return [longer if reads(longer, least) else level]

    def _by_parts(self) -> Iterator[tuple[Parts, str]]:
        for depth, repeated, how in (
            (0, False, N_("one per layer")),
            (1, True, N_("one per block")),
            (0, True, N_("repeated layers as one")),
        ):
            yield self._folding.parts(depth, repeated), how

    def showing(self, diagram: Diagram, drawing: Drawing) -> Figure:
        """The same computation with another diagram and its page, as at one step of a build."""
        made = self.restyled(self.style)
        vars(made)["_level"] = replace(self._level, diagram=diagram)
        vars(made)["drawing"] = drawing
        return made

    @property
    def view(self) -> nx.MultiDiGraph[int]:
        """The graph as drawn, folded to the level of detail that was chosen."""
        return self._level.view

    @property
    def written(self) -> nx.MultiDiGraph[int]:
        """The whole graph for what writes it, without what a reader is to find out."""
        return written(self)

    @property
    def is_whole(self) -> bool:
        """Whether all of the graph is drawn, and no part of it."""
        return self._folding.is_whole

    @property
    def shown(self) -> Style:
        """The style with which the boxes are drawn: as asked for, or with fewer numbers."""
        return self._level.style

    @property
    def diagram(self) -> Diagram:
        """What is drawn, before it has positions."""
        return self._level.diagram

    @cached_property
    def drawing(self) -> Drawing:
        """The page of marks."""
        return self.page.drawing

    @property
    def page(self) -> Page:
        """The page that is drawn, with every place on it."""
        page = self.settled._level.page
        assert page is not None
        return page

    @cached_property
    def settled(self) -> Figure:
        """The figure as it is drawn: itself, unless its page, measured, is a tangle of weights."""
        level = self._level
        if not level.page:
            level = vars(self)["_level"] = self._measured(level, level.style)
            if apart := () if PRESETS[self.style.size].width else self._tangling(level):
                other = self._measured(self._set_apart(level, apart), level.style)
                if _tangle(other) < _tangle(level):
                    made = self.restyled(self.style)
                    vars(made).update(_level=other, settled=made)
                    return made
        return self

    def _often(self, level: Level) -> tuple[int, ...]:
        """What is used so often that it may stand apart, unless it was asked for."""
        return () if self.style.weights == "show" else used_often(level.view)

    def _tangling(self, level: Level) -> tuple[int, ...]:
        """What is used so often that its arrows make a picture too wide, or a tangle."""
        apart = self._often(level)
        return apart if apart and (level.width > MOST_WIDE or _tangle(level)[1] > TANGLED) else ()

    @cached_property
    def pages(self) -> tuple[Figure, ...]:
        """The figure on as many pages as its text needs; itself, where one is enough."""
        style, preset = self.style, PRESETS[self.style.size]
        if style.pages == 1 or not preset.height:
            return (self.settled,)
        if not style.pages and self.drawing.least_text >= NEARLY * preset.least:
            return (self,)
        least, tried = ENOUGH * preset.least, list[tuple[Level, Style, list[Page]]]()
        for level in self._levels_on_pages():
            most = min(MOST_UNASKED, len(level.view) // LEAST_ON_PAGE)
            styles = (self.style, *terser(level, self.style, self.built))
            for many in [style.pages] if style.pages else range(2, most + 1):
                for one in styles:
                    found = self._on_pages(level, one, many)
                    if all_read(found, least):
                        return tuple(self._paged(level, one, page) for page in found)
            if style.pages:
                return tuple(self._paged(level, one, page) for page in found)
            tried.append((level, one, found))
        return self._better_on_pages(tried)

    def _better_on_pages(self, tried: list[tuple[Level, Style, list[Page]]]) -> tuple[Figure, ...]:
        """The pages whose text is much larger than on one, though too small; else the one."""
        for level, style, found in tried:
            if all_read(found, FAR_LARGER * self.drawing.least_text):
                return tuple(self._paged(level, style, page) for page in found)
        return (self,)

    def _levels_on_pages(self) -> Iterator[Level]:
        """The levels of detail that pages may take: a box a name, or an op where these are few."""
        style, folding = self.style, self._folding
        if style.fold == "auto" and not style.unfold:
            by_name = folding.cut(hide_data(self.graph, folding.by_name))
            homes = [by_name] if size(by_name) >= FEW else []
            homes += [folding.by_op] if size(by_name) < MANY else []
            made = (self._at(Fold(home, rolled=True, named=True)) for home in homes)
            how, why = N_("one per name"), _("to stay readable")
            levels: Iterator[Level] = (
                level if len(level.view) == size(folding.by_op)
                else detail.told(self.graph, level, how, why)
                for level in made
            )  # fmt: skip
        else:
            levels = iter([self._level])
        least = 0 if style.pages else FEW
        for level in levels:
            if least <= len(level.view) <= MOST_ON_PAGES:
                yield level
                if not level.apart and (apart := self._often(level)):
                    yield self._set_apart(level, apart)

    def _set_apart(self, level: Level, apart: tuple[int, ...]) -> Level:
        """The level where what many boxes use stands apart, without arrows."""
        view = level.view.copy()
        view.graph["apart"] = apart
        return replace(level, view=view, apart=True)

    def _on_pages(self, level: Level, style: Style, many: int) -> list[Page]:
        said = LANGUAGES[style.lang].gettext("goes on there")
        diagrams = split(self.built(level.view, style), many, said)
        return [Page(diagram, style) for diagram in diagrams]

    def _paged(self, level: Level, style: Style, page: Page) -> Figure:
        made = self.restyled(self.style)
        level = replace(level, style=style, diagram=page.diagram, page=page)
        vars(made).update(_level=level, settled=made)
        return made

    @property
    def messages(self) -> tuple[str, ...]:
        """What a person should know about the choices that were made for them."""
        return tuple(filter(None, (self._level.message, left_out(self.style, self._level))))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """What a notebook shows; see `backviz.notebook`, which stands on a higher floor."""
        return DISPLAYS["figure"](self, include, exclude)
