"""Holds an SVG to the profile that browsers and slide programs draw alike.

`problems` returns a sentence for every breach and never raises. It knows nothing of
backviz: whatever writes SVG is read here as a stranger's file.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import pairwise
from xml.etree import ElementTree as ET
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
SPACE = "http://www.w3.org/XML/1998/namespace space"
LANG = "http://www.w3.org/XML/1998/namespace lang"  # words for a screen reader, as in any XML
TOLERANCE = 0.05

SHAPES = ("path", "rect", "polygon", "polyline", "line", "ellipse", "circle")
WORDS = ("title", "desc")
ELEMENTS = ("g", *SHAPES, *WORDS)
COLOURS = ("fill", "stroke")
LENGTHS = (
    "x", "y", "width", "height", "rx", "ry", "cx", "cy", "r", "x1", "y1", "x2", "y2",
    "stroke-width", "stroke-miterlimit", "font-size", "stroke-dashoffset",
)  # fmt: skip
SHARES = ("fill-opacity", "stroke-opacity", "opacity")
LISTS = ("points", "stroke-dasharray")
PAINT = {
    *COLOURS, *SHARES, "stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "fill-rule", "transform", "id",
}  # fmt: skip
ATTRIBUTES = {
    "svg": {"width", "height", "viewBox", "role", "aria-labelledby", "version", "id", LANG},
    "title": {"id"},
    "desc": {"id"},
    "g": PAINT,
    "path": PAINT | {"d"},
    "rect": PAINT | {"x", "y", "width", "height", "rx", "ry"},
    "polygon": PAINT | {"points"},
    "polyline": PAINT | {"points"},
    "line": PAINT | {"x1", "y1", "x2", "y2"},
    "ellipse": PAINT | {"cx", "cy", "rx", "ry"},
    "circle": PAINT | {"cx", "cy", "r"},
    "text": PAINT | {"x", "y", "font-family", "font-size", "font-weight", "text-anchor", SPACE},
}

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
TRANSFORM = re.compile(r"\s*(translate|scale)\(([^()]*)\)\s*,?")
PATH_TOKEN = re.compile(rf"([A-Za-z])|({NUMBER.pattern})|([\s,]+)|(.)", re.DOTALL)
STEPS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}
CURVE = 16

Box = tuple[float, float, float, float]
Place = tuple[float, float, float, float]  # x = sx·x + dx, y = sy·y + dy
Point = tuple[float, float]
HERE: Place = (1.0, 1.0, 0.0, 0.0)


class _RefusedError(Exception):
    pass


def problems(svg: str | bytes, *, text_allowed: bool = False) -> list[str]:
    """Every breach of the profile, or an empty list."""
    try:
        root = _tree(svg)
    except (_RefusedError, expat.ExpatError, ValueError) as error:
        return [f"not well-formed: {error}"]
    check = _Check(text_allowed)
    check.root(root)
    check.ids(root)
    check.element(root, HERE, {}, 0)
    return check.found


def _tree(svg: str | bytes) -> ET.Element:
    """The document's tree; a DTD, an entity or a processing instruction is refused."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(what: str):
        def stop(*_):
            raise _RefusedError(what)

        return stop

    parser.StartDoctypeDeclHandler = refuse("a DTD is not allowed")
    parser.EntityDeclHandler = refuse("an entity declaration is not allowed")
    parser.ProcessingInstructionHandler = refuse("a processing instruction is not allowed")
    parser.Parse(svg.encode() if isinstance(svg, str) else svg, True)
    return builder.close()


def _tag(element: ET.Element) -> str:
    """The local name of an SVG element, the whole name of any other."""
    space, _, name = element.tag.rpartition(" ")
    return name if space == SVG else element.tag


def _number(text: str) -> float | None:
    if not NUMBER.fullmatch(text.strip()):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _numbers(text: str) -> list[float] | None:
    """Numbers separated by blanks or commas."""
    words = text.replace(",", " ").split()
    found = [_number(w) for w in words]
    return None if None in found else [x for x in found if x is not None]


class _Check:
    def __init__(self, text_allowed: bool) -> None:
        self.text_allowed = text_allowed
        self.found: list[str] = []
        self.page: Box = (-math.inf, -math.inf, math.inf, math.inf)

    def root(self, root: ET.Element) -> None:
        say = self.found.append
        if _tag(root) != "svg":
            say(f"the root is {root.tag}, not svg in its namespace")
        view = _numbers(root.get("viewBox", ""))
        sizes = []
        for name in ("width", "height"):
            given = root.get(name, "")
            size = _number(given.removesuffix("pt")) if given.endswith("pt") else None
            if size is None or size <= 0:
                say(f"root {name} {given!r} is not a length in pt")
            sizes.append(size)
        if view is None or len(view) != 4:
            say(f"root viewBox {root.get('viewBox')!r} is not four numbers")
        else:
            if view[2:] != sizes:
                say(f"root viewBox {view[2:]} is not equal to width and height {sizes}")
            self.page = (view[0], view[1], view[0] + view[2], view[1] + view[3])
        if root.get("role") != "img":
            say('root role is not "img"')
        named = root.get("aria-labelledby", "").split()
        known = {e.get("id") for e in root.iter()}
        if not named:
            say("root aria-labelledby names nothing")
        for name in named:
            if name not in known:
                say(f"aria-labelledby names {name!r}, which is no id")
        for i, wanted in enumerate(WORDS):
            child = root[i] if i < len(root) else None
            if child is None or _tag(child) != wanted:
                say(f"child {i + 1} of the root is not {wanted}")
            elif not (child.text or "").strip():
                say(f"the root's {wanted} is empty")

    def ids(self, root: ET.Element) -> None:
        seen: set[str] = set()
        for element in root.iter():
            name = element.get("id")
            if name is None:
                continue
            if not name or re.search(r"\s", name):
                self.found.append(f"id {name!r} is empty or has a blank")
            if name in seen:
                self.found.append(f"id {name!r} is given twice")
            seen.add(name)

    def element(self, element: ET.Element, place: Place, paint: dict[str, str], depth: int) -> None:
        """Check an element and, with their own stack of places, all below it."""
        stack = [(element, place, paint, depth)]
        while stack:
            here, place, paint, depth = stack.pop()
            tag = _tag(here)
            allowed = (*ELEMENTS, "text") if self.text_allowed else ELEMENTS
            if tag not in allowed and not (tag == "svg" and depth == 0):
                self.found.append(f"element {tag} is not allowed")
                continue
            self._attributes(here, tag)
            self._stray_text(here, tag)
            place = _after(place, self._transform(here))
            paint = {**paint, **{k: v for k, v in here.items() if k in ("stroke", "stroke-width")}}
            self._inside(here, tag, place, paint)
            if tag not in ("svg", "g") and any(_tag(child) not in WORDS for child in here):
                self.found.append(f"{tag} holds other elements")
            stack += [(child, place, paint, depth + 1) for child in here]

    def _attributes(self, element: ET.Element, tag: str) -> None:
        say = self.found.append
        for name, value in element.items():
            local = name.rpartition(" ")[2]
            if local == "style":
                say(f"{tag} has a style attribute")
            elif local == "class":
                say(f"{tag} has a class attribute")
            elif local.lower().startswith("on"):
                say(f"{tag} has an event attribute {local}")
            elif local == "href":
                say(f"{tag} has a reference (href)")
            elif name not in ATTRIBUTES[tag]:
                say(f"{tag} has the attribute {name}, which is not allowed")
            lowered = "".join(value.lower().split())
            if re.search(r"url\(|data:|javascript:|https?:|file:", lowered):
                say(f"{tag} {local}={value!r} refers to something outside")
            if local in COLOURS and value != "none" and not re.fullmatch("#[0-9a-f]{6}", value):
                say(f"{tag} {local}={value!r} is not a colour like #rrggbb")
            if (local in LENGTHS and tag != "svg") and _number(value) is None:
                say(f"{tag} {local}={value!r} is not a finite number")
            if local in SHARES and not 0 <= (_number(value) or 0.0) <= 1:
                say(f"{tag} {local}={value!r} is not between 0 and 1")
            if local in LISTS and _numbers(value) is None:
                say(f"{tag} {local}={value!r} is not a list of finite numbers")

    def _stray_text(self, element: ET.Element, tag: str) -> None:
        texts = [child.tail for child in element]
        if tag not in (*WORDS, "text"):
            texts.append(element.text)
        if any((t or "").strip() for t in texts):
            self.found.append(f"stray text in {tag}")

    def _transform(self, element: ET.Element) -> Place:
        given = element.get("transform", "")
        place, end = HERE, 0
        for match in TRANSFORM.finditer(given):
            if match.start() != end:
                break
            end = match.end()
            numbers = _numbers(match[2])
            if numbers is None or not 1 <= len(numbers) <= 2:
                break
            first, *rest = numbers
            if match[1] == "translate":
                place = _after(place, (1.0, 1.0, first, rest[0] if rest else 0.0))
            else:
                place = _after(place, (first, rest[0] if rest else first, 0.0, 0.0))
        else:
            if end == len(given):
                return place
        self.found.append(f"transform {given!r} is not translate() and scale()")
        return place

    def _inside(self, element: ET.Element, tag: str, place: Place, paint: dict[str, str]) -> None:
        """Whether the mark, with half of its line, lies on the page."""
        try:
            box = _extent(element, tag)
        except ValueError as error:
            self.found.append(f"{tag}: {error}")
            return
        if box is None:
            return
        line = 0.0
        if paint.get("stroke", "none") != "none":
            line = (_number(paint.get("stroke-width", "1")) or 0.0) / 2
        sx, sy, dx, dy = place
        xs = sorted((sx * (box[0] - line) + dx, sx * (box[2] + line) + dx))
        ys = sorted((sy * (box[1] - line) + dy, sy * (box[3] + line) + dy))
        left, top, right, bottom = self.page
        over = max(left - xs[0], top - ys[0], xs[1] - right, ys[1] - bottom)
        if over > TOLERANCE:
            name = f" {element.get('d', '')[:30]}" if tag == "path" else ""
            self.found.append(f"{tag}{name} lies {over:.2f} outside of the viewBox")


def _after(outer: Place, inner: Place) -> Place:
    """The place of what is placed by `inner` within `outer`."""
    return (
        outer[0] * inner[0],
        outer[1] * inner[1],
        outer[0] * inner[2] + outer[2],
        outer[1] * inner[3] + outer[3],
    )


def _extent(element: ET.Element, tag: str) -> Box | None:
    """The bounding box of a mark in its own coordinates; text is its baseline's start."""

    def at(name: str) -> float:
        return _number(element.get(name, "0")) or 0.0

    match tag:
        case "path":
            return path_extent(element.get("d", ""))
        case "rect":
            if at("width") < 0 or at("height") < 0:
                raise ValueError("a negative size")
            return at("x"), at("y"), at("x") + at("width"), at("y") + at("height")
        case "polygon" | "polyline":
            numbers = _numbers(element.get("points", "")) or []
            if len(numbers) % 2 or not numbers:
                raise ValueError("the points are no pairs of numbers")
            return _around(list(zip(numbers[::2], numbers[1::2], strict=True)))
        case "line":
            return _around([(at("x1"), at("y1")), (at("x2"), at("y2"))])
        case "ellipse" | "circle":
            rx, ry = (at("r"), at("r")) if tag == "circle" else (at("rx"), at("ry"))
            return at("cx") - rx, at("cy") - ry, at("cx") + rx, at("cy") + ry
        case "text":
            high = 0.7 * at("font-size")
            return at("x"), at("y") - high, at("x"), at("y")
    return None


def _around(points: list[Point]) -> Box:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


@lru_cache(maxsize=50_000)
def path_extent(d: str) -> Box | None:
    """The bounding box of path data, curves included; `ValueError` if it is no path.

    >>> path_extent("M0 0q2 4 4 0z")
    (0.0, 0.0, 4.0, 2.0)
    """
    here = start = (0.0, 0.0)
    points: list[Point] = []
    for letter, numbers in _commands(d):
        if not points and letter.upper() != "M":
            raise ValueError("the path does not start with M")
        kind = letter.upper()
        base = here if letter.islower() else (0.0, 0.0)
        if kind == "Z":
            here = start
            continue
        if kind == "H":
            way = [(numbers[0] + base[0], here[1])]
        elif kind == "V":
            way = [(here[0], numbers[0] + base[1])]
        else:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            way = [(x + base[0], y + base[1]) for x, y in pairs]
        if kind == "M":
            start = way[0]
        if kind in "QC":
            points += _curve([here, *way])
        elif kind in "ST":
            points += way
        points.append(way[-1])
        here = way[-1]
    if not points:
        raise ValueError("the path is empty")
    return _around(points)


def _commands(d: str) -> list[tuple[str, list[float]]]:
    made: list[tuple[str, list[float]]] = []
    letter, waiting, hungry = "", [], False
    for word in PATH_TOKEN.finditer(d):
        if word[3]:
            continue
        if word[4]:
            raise ValueError(f"{word[4]!r} in path data")
        if word[1]:
            if hungry or waiting:
                raise ValueError(f"{letter} has a number too many or too few")
            letter = word[1]
            hungry = letter not in "Zz"
            if letter.upper() not in STEPS:
                raise ValueError(f"the path command {letter} is not known")
            if not hungry:
                made.append((letter, []))
                continue
        else:
            if not letter or letter in "Zz":
                raise ValueError("a number where a path command is due")
            if not math.isfinite(float(word[2])):
                raise ValueError(f"{word[2]} is not finite")
            waiting.append(float(word[2]))
        if len(waiting) == STEPS[letter.upper()]:
            made.append((letter, waiting))
            waiting, hungry = [], False
            letter = {"M": "L", "m": "l"}.get(letter, letter)
    if hungry or waiting:
        raise ValueError(f"{letter} has a number too many or too few")
    return made


def _curve(controls: list[Point]) -> list[Point]:
    """Points on a Bézier curve, if any of its controls lies beyond its ends."""
    left, top, right, bottom = _around([controls[0], controls[-1]])
    if all(left <= x <= right and top <= y <= bottom for x, y in controls[1:-1]):
        return []
    return [_on(controls, k / CURVE) for k in range(1, CURVE)]


def _on(controls: list[Point], t: float) -> Point:
    while len(controls) > 1:
        controls = [
            (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in pairwise(controls)
        ]
    return controls[0]
