"""What is wrong with a film's page: text that is too small, cut off, or over other text."""

from matplotlib.text import Text
from matplotlib.transforms import Bbox

LEAST = 18.0  # points, of all but the corner
SLACK = 2.0  # pixels by which boxes of letters may touch


def texts(canvas):
    """Every text that is seen: what it says, its size in points, its box in pixels."""
    renderer = canvas.agg.get_renderer()
    hidden = set()
    for ax in canvas.figure.axes:
        ax.apply_aspect()
        hidden |= set(unseen(ax))
    for text in canvas.figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and text not in hidden:
            yield text.get_text(), text.get_fontsize(), text.get_window_extent(renderer)


def unseen(ax):
    """Labels that matplotlib keeps but does not draw."""
    for axis in (getattr(ax, f"{n}axis", None) for n in "xyz"):
        if axis is None:
            continue
        if not ax.axison:
            yield from axis.findobj(Text)
            continue
        drawn = {id(tick) for tick in axis._update_ticks()}
        for tick in (*axis.majorTicks, *axis.minorTicks):
            if id(tick) not in drawn:
                yield from (tick.label1, tick.label2)


def objections(canvas):
    """One line for each fault of the page as it is now."""
    wide, high = canvas.size
    corner = canvas.page.corner[1]
    seen = list(texts(canvas))
    for said, size, box in seen:
        if size < LEAST and said not in corner:
            yield f"{said!r} has {size:g} points"
        if min(box.x0, box.y0, wide - box.x1, high - box.y1) < -SLACK:
            yield f"{said!r} leaves the page: {box.extents.round().tolist()}"
    for i, (one, _, a) in enumerate(seen):
        for other, _, b in seen[i + 1 :]:
            common = Bbox.intersection(a, b)
            if common and min(common.width, common.height) > SLACK:
                yield f"{one!r} and {other!r} overlap by {common.width:.0f} × {common.height:.0f}"
