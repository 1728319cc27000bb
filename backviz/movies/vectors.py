"""A film's page as a drawing of marks, which the writers of pictures turn into SVG and PDF.

matplotlib lays a chart out and draws it; here it draws on a backend that keeps marks instead of
pixels. Invariant: nothing is left but marks within the page: what axes clip is cut, what is a map
of colours is rectangles, and a line of text is a `Text`, so stills keep to the profile of pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox

from backviz.diagrams.drawing import Ink, Mark, Part, Piece, Rect, Text
from backviz.diagrams.theme import INCH, rgb
from backviz.movies.canvas import Canvas
from backviz.movies.page import DPI

LETTERS = {
    int(code): row
    for code, row in (
        (Path.MOVETO, ("M", 1)), (Path.LINETO, ("L", 1)), (Path.CURVE3, ("Q", 2)),
        (Path.CURVE4, ("C", 3)),
    )
}  # fmt: skip
LAP = 1.0  # points by which a rectangle of a map lies under the next, so that no seam is seen


class Marks(RendererBase):
    """A backend that keeps marks, in points from the upper left corner of the page."""

    def __init__(self, figure: Any, scale: float, paper: str) -> None:
        super().__init__()
        self._paper = np.array(rgb(paper))
        self._texts, self.dpi = True, figure.dpi
        self.wide, self.high = figure.bbox.width, figure.bbox.height
        self._zoom = INCH / (DPI * scale)  # points of the page to a pixel of the figure
        self._turned = Affine2D().scale(self._zoom, -self._zoom)
        self._turned.translate(0.0, self._zoom * self.high)
        self._parts: list[list[Mark]] = [[]]

    # What matplotlib asks ----------------------------------------------------------------

    def flipy(self) -> bool:
        """No: y grows upwards, as on the pixels."""
        return False

    def get_canvas_width_height(self) -> tuple[float, float]:
        """The page in pixels."""
        return self.wide, self.high

    def points_to_pixels(self, points: Any) -> Any:
        """Lengths of the page in pixels."""
        return points * self.dpi / INCH

    def option_scale_image(self) -> bool:
        """A map comes as its cells."""
        return True

    def open_group(self, s: str, gid: str | None = None) -> None:
        """What follows is a part of its own."""
        self._parts.append([])

    close_group = open_group

    def draw_path(self, gc: Any, path: Path, transform: Any, rgbFace: Any = None) -> None:  # noqa: N803
        """Lines of any form."""
        fill, fill_cover = self._filling(gc, rgbFace)
        line = self._zoom * self.points_to_pixels(gc.get_linewidth())
        red, green, blue, cover = gc.get_rgb()
        stroke = to_hex((red, green, blue)) if line and cover else ""
        looks = {
            "line": line, "dash": self._dashes(gc), "cover": (fill_cover, float(cover)),
            "cap": {"projecting": "square"}.get(gc.get_capstyle(), gc.get_capstyle()),
            "join": gc.get_joinstyle(),
        }  # fmt: skip
        whole = transform.frozen() + self._turned
        box = self._clip(gc)
        if box is None or _within(path, whole, box, line / 2 if stroke else 0.0):
            self._ink(
                _pieces(path.cleaned(whole, remove_nans=True, curves=True)), fill, stroke, looks
            )
            return
        if fill:
            flat = whole.transform_path(path).to_polygons(closed_only=False)
            cut = (Path(p).clip_to_bbox(box).to_polygons() for p in flat if len(p) > 2)
            rings = [ring for each in cut for ring in each]
            self._ink(
                [piece for ring in rings for piece in _ring(np.asarray(ring))], fill, "", looks
            )
        if stroke:
            lines = path.interpolated(1) if path.codes is None else _flat(path)
            ends = (box.x0, box.y0, box.x1, box.y1)
            kept = lines.cleaned(whole, remove_nans=True, clip=ends, curves=False)
            self._ink(_pieces(kept), "", stroke, looks)

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False,
        mtext: Any = None,
    ) -> None:  # fmt: skip
        """A line of text; one that is turned, or a formula, as lines."""
        if ismath or angle or not s.strip():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        (left, base), box = self._turned.transform((x, y)), self._clip(gc)
        if box is not None and not (box.x0 <= left <= box.x1 and box.y0 <= base <= box.y1):
            return
        size = self._zoom * self.points_to_pixels(prop.get_size_in_points())
        bold = str(prop.get_weight()) in ("bold", "700")
        self._parts[-1].append(
            Text(float(left), float(base), s, size, to_hex(gc.get_rgb()[:3]), bold)
        )

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """A map: a rectangle for each run of cells of one colour, from the bottom row up."""
        rows, columns = im.shape[:2]
        place = (transform or Affine2D().scale(columns, rows)).frozen()
        corners = (place + Affine2D().translate(x, y) + self._turned).transform([(0, 0), (1, 1)])
        left, right = np.sort(corners[:, 0]).tolist()
        xs = np.linspace(left, right, columns + 1)
        high, low = np.sort(corners[:, 1]).tolist()
        alpha = gc.get_alpha()
        self._cells(np.asarray(im), alpha, xs, np.linspace(low, high, rows + 1), self._clip(gc))

    def draw_quad_mesh(
        self, gc: Any, master_transform: Any, meshWidth: int, meshHeight: int, coordinates: Any,  # noqa: N803
        offsets: Any, offsetTrans: Any, facecolors: Any, antialiased: Any, edgecolors: Any,  # noqa: N803
    ) -> None:  # fmt: skip
        """A colour scale, whose cells stand in rows and columns."""
        place = master_transform.frozen() + self._turned
        grid = place.transform(np.reshape(coordinates, (-1, 2))).reshape(np.shape(coordinates))
        colors = np.round(255 * np.reshape(facecolors, (meshHeight, meshWidth, 4))).astype(np.uint8)
        xs, ys = grid[0, :, 0], grid[:, 0, 1]
        if ys[0] < ys[-1]:
            ys, colors = ys[::-1], colors[::-1]
        self._cells(colors, 1.0, xs, ys, None)

    # How it is kept ----------------------------------------------------------------------

    def parts(self, known: dict[tuple[Mark, ...], Part]) -> tuple[Part, ...]:
        """What was drawn; a part that is the same as one before is that one."""
        made: dict[str, Part] = {}
        for marks in filter(None, map(tuple, self._parts)):
            part = known.setdefault(marks, Part(f"p{len(known)}", "", marks))
            name = part.id if part.id not in made else f"{part.id}-{len(made)}"
            made[name] = part if name == part.id else Part(name, "", marks)
        return tuple(made.values())

    def _ink(self, path: Sequence[Piece], fill: str, stroke: str, looks: dict[str, Any]) -> None:
        if path and (fill or stroke):
            self._parts[-1].append(Ink(tuple(path), fill, stroke, **looks))

    def _cells(
        self, colors: np.ndarray, alpha: float, xs: np.ndarray, ys: np.ndarray, box: Bbox | None
    ) -> None:  # fmt: skip
        """Rectangles, row by row; each goes on a little under the one to its right and above.

        Colours are mixed with that of the paper, so that where two overlap nothing is seen of it.
        """
        cover = alpha * colors[..., 3:] / 255
        solid = np.round(cover * colors[..., :3] + (1 - cover) * self._paper).astype(int)
        solid[cover[..., 0] == 0] = -1
        for i, row in enumerate(solid):
            y0, y1 = ys[i], ys[i + 1] - (LAP if i < len(solid) - 1 else 0.0)
            ends = [0, *np.flatnonzero((row[1:] != row[:-1]).any(axis=1)) + 1, len(row)]
            for start, end in pairwise(ends):
                red, green, blue = row[start]
                x0, x1 = xs[start], xs[end] + (LAP if end < len(row) else 0.0)
                if box is not None:
                    x0, x1 = (min(max(x, box.x0), box.x1) for x in (x0, x1))
                    y0, y1 = (min(max(y, box.y0), box.y1) for y in (y0, y1))
                if red >= 0 and x1 > x0 and y1 < y0:
                    fill = f"#{red:02x}{green:02x}{blue:02x}"
                    self._parts[-1].append(Rect(x0, y1, x1 - x0, y0 - y1, fill))

    def _filling(self, gc: Any, face: Any) -> tuple[str, float]:
        if face is None:
            return "", 1.0
        forced = gc.get_forced_alpha() or len(face) < 4
        cover = float(gc.get_alpha() if forced else face[3])
        return (to_hex(face[:3]), cover) if cover else ("", 1.0)

    def _dashes(self, gc: Any) -> tuple[float, ...]:
        _offset, dashes = gc.get_dashes()
        return tuple(self._zoom * self.points_to_pixels(float(d)) for d in dashes or ())

    def _clip(self, gc: Any) -> Bbox | None:
        """The rectangle that is seen, in points of the page, lower edge first."""
        rectangle = gc.get_clip_rectangle()
        if rectangle is None:
            return None
        (x0, y0), (x1, y1) = self._turned.transform(rectangle.get_points())
        return Bbox([(min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))])


def marks_of(canvas: Canvas, known: dict[tuple[Mark, ...], Part]) -> tuple[Part, ...]:
    """What the canvas shows as parts of a drawing; `known` has those that other pages show too."""
    renderer = Marks(canvas.figure, canvas.style.scale, canvas.palette.theme.background)
    maps = [(image, image.get_interpolation()) for image in canvas.figure.findobj(AxesImage)]
    for image, _other in maps:
        image.set_interpolation("none")  # so that its cells come, not its pixels
    canvas.draw_on(renderer)
    for image, kept in maps:
        image.set_interpolation(kept)
    return renderer.parts(known)


def _within(path: Path, transform: Any, box: Bbox, more: float) -> bool:
    """Whether a path with half of its line lies in a box."""
    given = np.asarray(path.vertices)
    known = transform.transform(given[np.isfinite(given).all(axis=1)])
    if not len(known):
        return True
    (x0, y0), (x1, y1) = known.min(axis=0) - more, known.max(axis=0) + more
    return bool(x0 >= box.x0 and y0 >= box.y0 and x1 <= box.x1 and y1 <= box.y1)


def _flat(path: Path) -> Path:
    """The same path without curves."""
    return path.cleaned(remove_nans=True, curves=False)


def _pieces(path: Path) -> list[Piece]:
    """A path of matplotlib as a drawing has it."""
    points = np.asarray(path.vertices, float).tolist()
    kinds = [int(Path.MOVETO), *[int(Path.LINETO)] * (len(points) - 1)]
    if path.codes is not None:
        kinds = np.asarray(path.codes).tolist()
    made: list[Piece] = []
    at = 0
    while at < len(points) and kinds[at] != Path.STOP:
        if kinds[at] == Path.CLOSEPOLY:
            made.append(("Z", ()))
            at += 1
            continue
        letter, many = LETTERS[kinds[at]]
        if letter == "M" and made and made[-1][0] == "M":
            made.pop()
        made.append((letter, tuple((x, y) for x, y in points[at : at + many])))
        at += many
    if made and made[-1][0] == "M":
        made.pop()
    return made


def _ring(points: Iterable[Any]) -> list[Piece]:
    """A closed polygon."""
    (x, y), *rest = points
    lines: list[Piece] = [("L", ((float(a), float(b)),)) for a, b in rest]
    return [("M", ((float(x), float(y)),)), *lines, ("Z", ())]
