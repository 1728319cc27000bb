"""What stands around the graph on a page: a caption above, a legend below.

Invariant: both are broken into lines that fit the page, and the graph gets the room
that they leave; so nothing runs off the page however long a title is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, takewhile

from backviz.autodiff.symbol import UNNAMED
from backviz.diagrams import font
from backviz.diagrams.boxes import EM, SMALL
from backviz.diagrams.drawing import Curve, Mark, Part, Polygon, Rect, Text, moved
from backviz.diagrams.model import FAULT, PASSED, RESULT_SIGN, Diagram, Lines, Sentence
from backviz.diagrams.theme import Preset, Theme
from backviz.lettering import END, LOW

CAPTION = 1.15  # against the text of the graph
MOST_LINES = 3
MOST_WORDS = 6  # lines of a moment's words
NATURAL_CAPTION = 36  # ems of a caption's line where the page takes the drawing's width
SIGNS = frozenset("=≈≠<>≤≥+−·×∼→")  # stand between two sides of a formula
DASHES = frozenset("–—")  # no line begins with one

Said = tuple[Lines, ...]


@dataclass(frozen=True)
class Frame:
    """Caption and legend before they have places, and the scale they leave."""

    preset: Preset
    caption: str
    ink: str
    legend: tuple[tuple[tuple[Mark, ...], float], ...]
    line: float
    said: Said = ()  # the words under the graph at every moment
    terse: bool = False  # these words are no larger than they have to be

    @property
    def bounded(self) -> bool:
        """Whether the page has a width of its own."""
        return self.preset.width > 0

    @property
    def least_width(self) -> float:
        """The narrowest page that a legend's item and a caption's line fit on."""
        widths = [width for _, width in self.legend]
        if self.caption:
            longest = NATURAL_CAPTION * self._size
            widths.append(min(font.width(self.caption, self._size, bold=True), longest))
        return max(widths) + 2 * self.preset.margin if widths else 0.0

    @property
    def _size(self) -> float:
        return CAPTION * self.preset.text

    def above(self, width: float) -> float:
        """The height of the caption."""
        lines = len(self._caption_lines(width))
        return (1.3 * lines + 0.3) * self._size if lines else 0.0

    def taken(self, width: float) -> float:
        """The height of caption and legend together."""
        below = self.line * (len(self._rows(width)) + 0.4) if self.legend else 0.0
        return self.above(width) + below + self._words_height(width)

    def _words_size(self, width: float) -> float:
        """The text's size; the least that can be read where that leaves the graph more room."""
        large, least = max(self.preset.least, self.preset.text), self.preset.least
        room = width - 2 * self.preset.margin
        fewer = _lines_for(self.said, least, room) < _lines_for(self.said, large, room)
        return least if least and (self.terse or fewer) else large

    def _words_lines(self, width: float) -> int:
        return _lines_for(self.said, self._words_size(width), width - 2 * self.preset.margin)

    def _words_height(self, width: float) -> float:
        lines, (leading, above) = self._words_lines(width), self._leading
        return (leading * lines + above) * self._words_size(width) if lines else 0.0

    @property
    def _leading(self) -> tuple[float, float]:
        """From one line of words to the next, and the room above them, in their size."""
        return (1.2, 0.15) if self.terse else (1.35, 0.5)

    def words(self, given: Lines, colour: str, width: float, height: float) -> Part:
        """The words of one moment, between graph and legend, in as many lines as they need."""
        room, size = width - 2 * self.preset.margin, self._words_size(width)
        lines = [line for text in given for line in _phrases(text, size, room)]
        legend = self.line * (len(self._rows(width)) + 0.4) if self.legend else 0.0
        top = height - self.preset.margin - legend - self._words_height(width)
        leading, above = self._leading
        first = above / 2 + 1.0  # the baseline
        marks = tuple(
            Text((width - font.width(line, size)) / 2, top + (first + leading * i) * size, line,
                 size, colour)
            for i, line in enumerate(lines[: self._words_lines(width)])
        )  # fmt: skip
        return Part("words", " ".join(given), marks)

    def scale(self, width: float, height: float) -> float:
        """How much larger than natural size a graph of that size can be drawn."""
        most, wide, high = self.room
        return min(most, wide / width, high / height)

    @cached_property
    def least_text(self) -> float:
        """The size of the smallest text of caption and legend."""
        marks = [mark for item, _width in self.legend for mark in item]
        sizes = [mark.size for mark in marks if isinstance(mark, Text)]
        return min([*sizes, self._size] if self.caption else sizes, default=math.inf)

    @cached_property
    def room(self) -> tuple[float, float, float]:
        """The largest scale, and the width and height that a graph may take."""
        preset, wide, high = self.preset, math.inf, math.inf
        if preset.width:
            wide = preset.width - 2 * preset.margin
        if highest := preset.height or preset.tallest:
            high = highest - 2 * preset.margin - self.taken(preset.width)
        return (preset.most if self.bounded else preset.text) / EM, wide, high

    def parts(self, width: float, height: float) -> list[Part]:
        """Caption at the top, legend at the bottom, both in the middle."""
        parts = []
        if caption := self._caption_marks(width):
            parts.append(Part("caption", "", caption))
        if legend := self._legend_marks(width, height):
            parts.append(Part("legend", "", legend))
        return parts

    def _caption_lines(self, width: float) -> list[str]:
        room = width - 2 * self.preset.margin
        return wrap(self.caption, self._size, room) if self.caption else []

    def _caption_marks(self, width: float) -> tuple[Mark, ...]:
        marks = []
        for i, text in enumerate(self._caption_lines(width)):
            x = (width - font.width(text, self._size, bold=True)) / 2
            y = self.preset.margin + (1 + 1.3 * i) * self._size
            marks.append(Text(x, y, text, self._size, self.ink, bold=True))
        return tuple(marks)

    def _rows(self, width: float) -> list[list[int]]:
        room = width - 2 * self.preset.margin + 0.01
        rows: list[list[int]] = []
        used = 0.0
        for i, (_, item) in enumerate(self.legend):
            if rows and used + self.line + item <= room:
                rows[-1].append(i)
                used += self.line + item
            else:
                rows.append([i])
                used = item
        return rows

    def _legend_marks(self, width: float, height: float) -> tuple[Mark, ...]:
        rows = self._rows(width)
        top = height - self.preset.margin - self.line * len(rows)
        marks: list[Mark] = []
        for row in rows:
            x = (width - sum(self.legend[i][1] for i in row) - self.line * (len(row) - 1)) / 2
            for i in row:
                sample, item = self.legend[i]
                marks += [moved(m, 1.0, x, top) for m in sample]
                x += item + self.line
            top += self.line
        return tuple(marks)


def make_frame(diagram: Diagram, preset: Preset, theme: Theme) -> Frame:
    """The frame of a diagram at the text size of its page."""
    size = max(preset.least, SMALL * preset.text)
    room = diagram.legend_room or diagram.legend
    items = [(item, *_legend_item(*item, size, theme)) for item in room]
    shown = tuple((marks if i in diagram.legend else (), width) for i, marks, width in items)
    return Frame(preset, diagram.caption, theme.ink, shown, size * 1.35, diagram.said)


@lru_cache(maxsize=64)
def _lines_for(said: Said, size: float, room: float) -> int:
    """The lines that the moment with the most words takes."""
    taken = (sum(len(_phrases(text, size, room)) for text in lines) for lines in said)
    return min(MOST_WORDS, max(taken, default=0))


def _phrases(text: Sentence, size: float, room: float) -> list[str]:
    """A moment's line, broken before what is said aside rather than inside of it."""
    lines = [""]
    for phrase in (text.said, *text.asides):
        longer = " ".join(f"{lines[-1]} {phrase}".split())
        if not lines[-1] or font.width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(phrase)
    wrapped = [p for line in lines for p in wrap(line, size, room, most=MOST_WORDS, bold=False)]
    return min(wrapped, wrap(text, size, room, most=MOST_WORDS, bold=False), key=len)


def wrap(
    text: str, size: float, room: float, *, most: int = MOST_LINES, bold: bool = True
) -> list[str]:
    """Text in at most so many lines of that width, cut with … if it needs more.

    A number keeps its %, a formula both sides of its signs, as far as half a line goes.

    >>> wrap("a long title of a figure", 10, 80)
    ['a long title of', 'a figure']
    >>> wrap("the slope is p = 1, at 5 %", 10, 80)
    ['the slope is', 'p = 1, at 5 %']
    """
    lines = [""]
    for word in _pieces(text, size, room, bold):
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or font.width(longer, size, bold) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    shown = lines[:most]
    if len(lines) > most:
        shown[-1] += "…"
    return [_cut(line, size, room, bold) for line in shown]


def _pieces(text: str, size: float, room: float, bold: bool) -> list[str]:
    """The words of a text, those in one that no line should part."""
    pieces: list[str] = []
    tied = False  # the last piece waits for its other side
    for word in text.split():
        sign = word in SIGNS
        longer = f"{pieces[-1]} {word}" if pieces else ""
        close = word.startswith("%") or word in DASHES
        most = room if close else room / 2 if tied or sign else 0.0
        if longer and most and font.width(longer, size, bold) <= most:
            pieces[-1], tied = longer, sign
        else:
            pieces.append(word)
            tied = False
    return pieces


def _cut(line: str, size: float, room: float, bold: bool) -> str:
    if font.width(line, size, bold) <= room:
        return line
    room -= font.width("…", size, bold)
    line = line.removesuffix("…")
    taken = accumulate(0.0 if sign in (LOW, END) else font.width(sign, size, bold) for sign in line)
    kept = line[: sum(1 for _ in takewhile(lambda width: width <= room, taken))]
    whole = kept if kept.count(LOW) == kept.count(END) else kept[: kept.rindex(LOW)]
    return whole + "…"


def _legend_item(
    kind: str, words: str, size: float, theme: Theme
) -> tuple[tuple[Mark, ...], float]:
    """A sample of the line or number, what it means, and the width of both."""
    colour = {"value": theme.forward, UNNAMED: theme.muted,
              RESULT_SIGN: theme.ink, "strong": theme.ink, "note": theme.ink,
              FAULT: theme.alarm, PASSED: theme.alarm}.get(kind, theme.gradient)  # fmt: skip
    if kind[0] in "→0123456789":  # other pages, and the number of this one
        colour = theme.muted
    sample: list[Mark]
    if kind in ("value", "gradient"):
        sample, width = _sample_arrow(size, colour, dashed=kind == "gradient"), 1.8 * size
    elif kind == "strong":
        sample, width = (
            [Rect(0, 0.25 * size, 1.5 * size, 0.9 * size, "", colour, 0.2 * size)],
            1.5 * size,
        )
    else:
        letter = "−2" if kind == "local" else kind
        sample, width = [Text(0, size, letter, size, colour)], font.width(letter, size)
    x = width + 0.45 * size
    sample.append(Text(x, size, words, size, colour))
    return tuple(sample), x + font.width(words, size)


def _sample_arrow(size: float, colour: str, dashed: bool) -> list[Mark]:
    middle, length, head = 0.7 * size, 1.8 * size, 0.42 * size
    tip, base = (0.0, head) if dashed else (length, length - head)
    start, end = (head, length) if dashed else (0.0, length - head)
    straight = tuple((start + (end - start) * k / 3, middle) for k in range(4))
    corners = ((tip, middle), (base, middle - head / 2), (base, middle + head / 2))
    dash = (0.3 * size, 0.2 * size) if dashed else ()
    return [Curve(straight, colour, 0.1 * size, dash), Polygon(corners, colour)]
