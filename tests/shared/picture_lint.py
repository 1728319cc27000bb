"""What a lecturer would object to in a page of marks, found by geometry."""

import math

from backviz.diagrams import font
from backviz.diagrams.drawing import Curve, Polygon, Rect, Text


def extent(mark):
    """left, top, right, bottom of a mark; for text its letters."""
    match mark:
        case Rect():
            return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
        case Text():
            width = font.width(mark.text, mark.size, mark.bold)
            return mark.x, mark.y - 0.73 * mark.size, mark.x + width, mark.y + 0.1 * mark.size
        case Curve():  # the line itself: its control points may lie off the page
            xs, ys = zip(*bezier(mark.points), strict=True)
            return min(xs), min(ys), max(xs), max(ys)
        case Polygon():
            xs, ys = zip(*mark.points, strict=True)
            return min(xs), min(ys), max(xs), max(ys)


def overlap(one, other):
    """How far two extents reach into each other; at most 0 if they do not."""
    return min(
        min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    )


def inside(inner, outer, slack=0.5):
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def objections(drawing):
    """Everything that is clipped, overlapping, outside its box or not a number."""
    page = (0.0, 0.0, drawing.width, drawing.height)
    frames, labels = {}, {}
    for part in drawing.parts:
        for mark in part.marks:
            box = extent(mark)
            if not all(map(math.isfinite, box)):
                yield f"{part.id}: a coordinate is not a number"
            elif not inside(box, page):
                yield f"{part.id}: {type(mark).__name__} leaves the page"
        rectangles = [m for m in part.marks if isinstance(m, Rect)]
        texts = [m for m in part.marks if isinstance(m, Text)]
        if part.id.startswith("n"):
            frames[part.id] = extent(rectangles[0])
            front = extent(next(r for r in reversed(rectangles) if r.stroke))
            for text in texts:
                if not inside(extent(text), front):
                    yield f"{part.id}: {text.text!r} leaves its box"
            for i, text in enumerate(texts):
                if any(overlap(extent(text), extent(o)) > 0.5 for o in texts[i + 1 :]):
                    yield f"{part.id}: {text.text!r} lies on another line"
        elif part.id.endswith("-label"):
            labels[part.id] = extent(texts[0])
        elif part.id in ("legend", "caption", "words") and texts:
            frames[part.id] = [min(map(extent, texts))[0], min(extent(t)[1] for t in texts)]
            frames[part.id] += [max(extent(t)[2] for t in texts), max(extent(t)[3] for t in texts)]
    yield from _pairs(frames, frames, "overlaps")
    yield from _pairs(labels, frames, "lies on")
    yield from _pairs(labels, labels, "lies on")


def _pairs(ones, others, what):
    for name, one in ones.items():
        for other, box in others.items():
            if (name < other or ones is not others) and overlap(one, box) > 1.0:
                yield f"{name} {what} {other}"


def touched(drawing, diagram):
    """Arrows whose lines run on or under a box that is not their own, and the box."""
    ends = {a.id: (a.tail, a.head) for a in diagram.arrows}
    frames = {}
    for part in drawing.parts:
        if part.id in {b.id for b in diagram.boxes}:
            around = [extent(m) for m in part.marks if isinstance(m, Rect) and m.stroke]
            lefts, tops, rights, bottoms = zip(*around, strict=True)
            frames[part.id] = min(lefts), min(tops), max(rights), max(bottoms)
    for part in drawing.parts:
        for curve in (m for m in part.marks if isinstance(m, Curve) and part.id in ends):
            for x, y in bezier(curve.points):
                for box, (left, top, right, bottom) in frames.items():
                    room = max(left - x, x - right, top - y, y - bottom)
                    if box not in ends[part.id] and room < curve.line / 2:
                        yield part.id, box


def struck(drawing, diagram):
    """Labels that a line of another arrow runs through, and the arrow."""
    arrows = {a.id for a in diagram.arrows}
    texts = {
        p.id.removesuffix("-label"): extent(next(m for m in p.marks if isinstance(m, Text)))
        for p in drawing.parts
        if p.id.endswith("-label")
    }
    for part in (p for p in drawing.parts if p.id in arrows):
        for curve in (m for m in part.marks if isinstance(m, Curve)):
            for x, y in bezier(curve.points, 60):
                for name, (left, top, right, bottom) in texts.items():
                    if name != part.id and left < x < right and top < y < bottom:
                        yield name, part.id


def bezier(points, pieces=24):
    """Points on a chain of Bézier pieces."""
    for k in range(0, len(points) - 1, 3):
        a, b, c, d = points[k : k + 4]
        for i in range(pieces + 1):
            t, u = i / pieces, 1 - i / pieces
            yield tuple(
                u**3 * a[j] + 3 * u * u * t * b[j] + 3 * u * t * t * c[j] + t**3 * d[j]
                for j in (0, 1)
            )
