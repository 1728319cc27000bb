"""Two diagrams on one page, side by side or one below the other, equal parts at equal places.

Both are laid over each other, partners on partners, and laid out once; each half of the page
shows its own boxes of that layout. Invariant: partners have the same size and the same place in
their halves, and what has no partner has room in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from backviz.diagrams.arrows import label_size
from backviz.diagrams.boxes import EM, front_size
from backviz.diagrams.clusters import title_size
from backviz.diagrams.frame import make_frame
from backviz.diagrams.layout import Layout, Point, Rectangle
from backviz.diagrams.lettered import drawn
from backviz.diagrams.model import Arrow, Box, Cluster, Diagram
from backviz.diagrams.page import Page, Sheet, sheet_of
from backviz.diagrams.style import Style
from backviz.diagrams.theme import PRESETS, THEMES, Preset
from backviz.diagrams.ways import MOST_WIDE

PAD, GAP = 0.7 * EM, 1.2 * EM  # inside the frame of a half, and between two
LARGER = 1.08  # text, for which one half stands below the other
SIDES = "a", "b"
Names = tuple[Mapping[str, str], Mapping[str, str]]


@dataclass(frozen=True)
class Twins:
    """Two diagrams with their titles, and which boxes and arrows are partners, by their ids."""

    one: Diagram
    other: Diagram
    titles: tuple[str, str]
    boxes: Mapping[str, str]
    arrows: Mapping[str, str]

    def whole(self, title: str, description: str, caption: str) -> Diagram:
        """Both as one diagram: ids end with the side, and a frame holds each side."""
        diagrams = self.one, self.other
        parts = [_named(each, side) for each, side in zip(diagrams, SIDES, strict=True)]
        frames = [
            Cluster(f"half{side}", title, tuple(box.id for box in part.boxes))
            for part, side, title in zip(parts, SIDES, self.titles, strict=True)
        ]
        legend = dict.fromkeys((*self.one.legend, *self.other.legend))
        panels = (
            replace(each, caption=title, legend=(), legend_room=())
            for each, title in zip(diagrams, self.titles, strict=True)
        )
        return Diagram(
            boxes=tuple(box for part in parts for box in part.boxes),
            arrows=tuple(arrow for part in parts for arrow in part.arrows),
            title=title,
            description=description,
            caption=caption,
            legend=tuple(legend),
            legend_room=tuple(dict.fromkeys((*self.one.legend_room, *self.other.legend_room))),
            letters=self.one.letters,
            clusters=(frames[0], *parts[0].clusters, frames[1], *parts[1].clusters),
            panels=tuple(panels),
        )

    def over(self) -> tuple[Diagram, Names]:
        """Both laid over each other, and what each side calls its boxes, arrows and frames."""
        back = {b: a for a, b in self.boxes.items()}
        box = {b.id: back.get(b.id, f"{b.id}b") for b in self.other.boxes}
        arrow_back = {b: a for a, b in self.arrows.items()}
        arrow = {a.id: arrow_back.get(a.id, f"{a.id}b") for a in self.other.arrows}
        alone = [replace(b, id=box[b.id]) for b in self.other.boxes if b.id not in back]
        free = [
            replace(a, id=arrow[a.id], tail=box[a.tail], head=box[a.head])
            for a in self.other.arrows if a.id not in arrow_back
        ]  # fmt: skip
        clusters = dict(_by_title(self.one.clusters))
        frame = {}
        for key, cluster in _by_title(self.other.clusters):
            known = clusters.get(key) or replace(cluster, id=f"{cluster.id}b", boxes=())
            held = dict.fromkeys((*known.boxes, *(box[b] for b in cluster.boxes)))
            clusters[key] = replace(known, boxes=tuple(held))
            frame[cluster.id] = known.id
        whole = Diagram(
            (*self.one.boxes, *alone), (*self.one.arrows, *free), "", "",
            letters=self.one.letters, clusters=tuple(clusters.values()),
        )  # fmt: skip
        kept = [b.id for b in self.one.boxes] + [a.id for a in self.one.arrows]
        first = {name: name for name in (*kept, *(c.id for c in self.one.clusters))}
        second = {inner: own for own, inner in (box | arrow | frame).items()}
        return whole, (first, second)


def _by_title(clusters: tuple[Cluster, ...]) -> Iterator[tuple[tuple[str, int], Cluster]]:
    """Every frame with its title and how many before it have the same."""
    for i, cluster in enumerate(clusters):
        yield (cluster.title, sum(c.title == cluster.title for c in clusters[:i])), cluster


def _named(diagram: Diagram, side: str) -> Diagram:
    return replace(
        diagram,
        boxes=tuple(replace(b, id=b.id + side) for b in diagram.boxes),
        arrows=tuple(
            replace(a, id=a.id + side, tail=a.tail + side, head=a.head + side)
            for a in diagram.arrows
        ),
        clusters=tuple(
            replace(c, id=c.id + side, boxes=tuple(b + side for b in c.boxes))
            for c in diagram.clusters
        ),
    )


def alike(one: Diagram, other: Diagram, boxes: Mapping[str, str], arrows: Mapping[str, str],
          style: Style) -> tuple[Diagram, Diagram]:  # fmt: skip
    """The two diagrams with partners of one size: boxes, and the labels of arrows."""
    theme = THEMES[style.theme]
    shown = [{b.id: b for b in drawn(each).boxes} for each in (one, other)]
    sizes: list[dict[str, tuple[float, float]]] = [{}, {}]
    for a, b in boxes.items():
        first, second = (front_size(x.room or x, theme) for x in (shown[0][a], shown[1][b]))
        sizes[0][a] = sizes[1][b] = max(first[0], second[0]), max(first[1], second[1])
    labels: list[dict[str, str]] = [{}, {}]
    drawn_arrows = [{a.id: a for a in each.arrows} for each in (one, other)]
    for a, b in arrows.items():
        widest = max((drawn_arrows[0][a], drawn_arrows[1][b]), key=label_size)
        labels[0][a] = labels[1][b] = widest.room or widest.product or widest.local
    made = (
        replace(
            each,
            boxes=tuple(_of_size(box, size.get(box.id, (0.0, 0.0))) for box in each.boxes),
            arrows=tuple(_with_room(arrow, label.get(arrow.id, "")) for arrow in each.arrows),
        )
        for each, size, label in zip((one, other), sizes, labels, strict=True)
    )
    first_made, second_made = made
    return first_made, second_made


def _of_size(box: Box, size: tuple[float, float]) -> Box:
    room = box.room and replace(box.room, least=size)
    return replace(box, least=size, room=room)


def _with_room(arrow: Arrow, label: str) -> Arrow:
    own = arrow.room or arrow.product or arrow.local
    return arrow if label == own else replace(arrow, room=label)


def on_page(twins: Twins, whole: Diagram, style: Style, tidy: bool) -> Sheet:
    """The page with both: beside each other, or one below the other where that is larger."""
    shown, theme = drawn(whole), THEMES[style.theme]
    frame = make_frame(shown, PRESETS[style.size], theme)
    over, names = twins.over()
    title = max(map(_title_height, shown.clusters))

    def sheet(one: Sheet, stacked: bool) -> Sheet:
        layout = _twice(one.layout, shown, names, stacked)
        return sheet_of(shown, style, frame, one.way, one.place, layout)

    pages = [
        Page(over, style, _half(frame.preset, frame.room, stacked, title))
        for stacked in (False, True)
    ]
    beside, below = (sheet(page.sheet, k > 0) for k, page in enumerate(pages))
    if frame.preset.width:
        taken = int(below.scale > LARGER * beside.scale)
    else:
        high = below.layout.height / 2 > below.layout.width  # each half: two pillars are no tower
        widest = MOST_WIDE if high else frame.preset.widest or MOST_WIDE
        taken = int(beside.width > widest and below.width < beside.width)
    return sheet(pages[taken].tidy, taken > 0) if tidy else (beside, below)[taken]


def _title_height(cluster: Cluster) -> float:
    return title_size(cluster)[1]


def _half(preset: Preset, room: tuple[float, float, float], stacked: bool, title: float) -> Preset:
    """A page of the size that one half has, with nothing around."""
    _most, wide, high = room
    natural = preset.text / EM
    wide, high = (
        (wide, (high - GAP * natural) / 2) if stacked else ((wide - GAP * natural) / 2, high)
    )
    wide, high = wide - 2 * PAD * natural, high - (2 * PAD + title) * natural
    least = 4 * EM * natural
    return replace(
        preset,
        width=max(wide, least) if preset.width else 0.0,
        height=max(high, least) if preset.height else 0.0,
        tallest=max(high, least) if preset.tallest else 0.0,
        widest=preset.widest if stacked else preset.widest / 2,
        margin=0.0,
    )


def _twice(layout: Layout, shown: Diagram, names: Names, stacked: bool) -> Layout:
    """The layout in two halves, of which each has what is its own, in frames with titles."""
    frames = {c.id: c for c in shown.clusters}
    halves = [frames[f"half{side}"] for side in SIDES]
    top = PAD + max(map(_title_height, halves))
    title = max(title_size(half)[0] for half in halves)
    wide = max(layout.width, title) + 2 * PAD
    high = layout.height + top + PAD
    centers: dict[str, Point] = {}
    curves: dict[str, tuple[Point, ...]] = {}
    labels: dict[str, Point] = {}
    boxed: list[tuple[str, Rectangle]] = []
    said = {a.id for a in shown.arrows if a.product or a.local}
    for i, (side, known) in enumerate(zip(SIDES, names, strict=True)):
        x, y = (0.0, i * (high + GAP)) if stacked else (i * (wide + GAP), 0.0)
        dx, dy = x + PAD + (wide - 2 * PAD - layout.width) / 2, y + top

        def moved(point: Point, by: Point = (dx, dy)) -> Point:
            return point[0] + by[0], point[1] + by[1]

        name = {inner: own + side for inner, own in known.items()}
        centers |= {name[n]: moved(at) for n, at in layout.centers.items() if n in name}
        curves |= {name[n]: tuple(map(moved, c)) for n, c in layout.curves.items() if n in name}
        labels |= {
            name[n]: moved(at) for n, at in layout.labels.items() if n in name and name[n] in said
        }
        boxed.append((halves[i].id, (x, y, x + wide, y + high)))
        boxed += [
            (name[n], (*moved(at[:2]), *moved(at[2:]))) for n, at in layout.frames if n in name
        ]
    width, height = (wide, 2 * high + GAP) if stacked else (2 * wide + GAP, high)
    return Layout(width, height, centers, curves, labels, layout.messages, tuple(boxed))
