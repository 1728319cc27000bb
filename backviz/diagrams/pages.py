"""A diagram on several pages, where one would make its text too small.

Invariant: every box is on one page. An arrow to another page ends at a small box that names
that page, and begins there at one that names its value and the page it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backviz.autodiff.symbol import UNNAMED
from backviz.diagrams.model import FAULT, PASSED, ZERO, Arrow, Box, Diagram

ON, BACK = "→", "←"


def split(diagram: Diagram, pages: int, continued: str) -> list[Diagram]:
    """The diagram on so many pages, or fewer if it has fewer boxes; `continued` explains →.

    Boxes go on in the order of their computation, an input to the page of its first reader.
    """
    page_of = _page_of(diagram, pages)
    many = max(page_of.values(), default=0) + 1
    return [_page(diagram, page_of, page, many, continued) for page in range(many)]


def _page_of(diagram: Diagram, pages: int) -> dict[str, int]:
    computed = {a.head for a in diagram.arrows}
    read = {a.tail for a in diagram.arrows}
    boxes = [b.id for b in diagram.boxes if b.id in computed or b.id not in read]
    page_of = {box: i * pages // len(boxes) for i, box in enumerate(boxes)}
    for arrow in diagram.arrows:
        if arrow.tail not in computed:
            page = page_of[arrow.head]
            page_of[arrow.tail] = min(page, page_of.get(arrow.tail, page))
    numbers = {page: i for i, page in enumerate(sorted({*page_of.values()}))}
    return {box: numbers[page] for box, page in page_of.items()}


def _page(
    diagram: Diagram, page_of: dict[str, int], page: int, many: int, continued: str
) -> Diagram:
    box = {b.id: b for b in diagram.boxes}
    here = [b for b in diagram.boxes if page_of[b.id] == page]
    arrows = [a for a in diagram.arrows if page_of[a.head] == page]
    into: dict[str, Box] = {}
    drawn = []
    for arrow in arrows:
        tail, source = arrow.tail, page_of[arrow.tail]
        if source != page:
            into[tail] = _stub(box[tail], "from", f"{BACK} {source + 1}")
        drawn.append(arrow if source == page else replace(arrow, tail=into[tail].id))
    leaving: dict[str, list[Arrow]] = {}
    for arrow in diagram.arrows:
        if page_of[arrow.tail] == page != page_of[arrow.head]:
            leaving.setdefault(arrow.tail, []).append(arrow)
    out = []
    for tail, over in leaving.items():
        where = sorted({page_of[a.head] + 1 for a in over})
        out.append(Box(f"{tail}-to", "constant", title=f"{ON} {', '.join(map(str, where))}"))
        backward = any(a.backward for a in over)
        drawn.append(Arrow(f"{over[0].id}-to", tail, out[-1].id, backward=backward))
    number = f"{page + 1}/{many}"
    more = ((f"{ON} {BACK}", continued), (number, ""))
    legend, room = (
        items and (*_explained(items, here, drawn), *more)
        for items in (diagram.legend, diagram.legend_room)
    )
    return replace(
        diagram,
        boxes=(*into.values(), *here, *out),
        arrows=tuple(drawn),
        title=f"{diagram.title}, {number}",
        clusters=tuple(
            replace(c, boxes=held)
            for c in diagram.clusters
            if (held := tuple(b for b in c.boxes if page_of.get(b) == page))
        ),
        legend=legend,
        legend_room=room,
    )


def _explained(
    items: tuple[tuple[str, str], ...], boxes: list[Box], arrows: list[Arrow]
) -> Iterator[tuple[str, str]]:
    """What of a legend is on a page."""
    signs = {r.line[:1] for box in boxes for r in (box.room or box).remarks}
    said = " ".join([*(box.symbol for box in boxes), *(arrow.local for arrow in arrows)])
    numbers = any(arrow.local or arrow.product for arrow in arrows)
    for item in items:
        missing = {
            "local": not numbers,
            "∂": not numbers,
            UNNAMED: UNNAMED not in said,
            **{sign: sign not in signs for sign in (FAULT, PASSED, ZERO)},
        }
        if not missing.get(item[0]):
            yield item


def _stub(box: Box, side: str, where: str) -> Box:
    """A box that stands for one on another page."""
    return Box(f"{box.id}-{side}", "constant", title=box.title or box.symbol, note=where)
