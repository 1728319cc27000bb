"""One box: how much room its text needs, and its marks.

A box reads from top to bottom: name and op, value, a rule, gradient. Lengths are in
ems of the value's text, so that a box looks the same at every size.
"""

from __future__ import annotations

from dataclasses import dataclass

from backviz.diagrams import font
from backviz.diagrams.drawing import Mark, Part, Rect, Text
from backviz.diagrams.model import Box
from backviz.diagrams.theme import Theme

EM = 14.0
SMALL = 0.88  # arrow labels, shapes and legends, against the value's text
PAD_X, PAD_Y = 0.6 * EM, 0.3 * EM
LINE = 1.24 * EM
LEAST_WIDTH = 2.8 * EM
CHIP_PAD = 0.34 * EM
GAP = 0.5 * EM
STACK = 0.28 * EM


@dataclass(frozen=True, slots=True)
class _Word:
    """A piece of the header: its text, size, colour and whether it sits in a chip."""

    text: str
    size: float
    fill: str
    bold: bool = False
    chip: bool = False

    @property
    def width(self) -> float:
        return font.width(self.text, self.size, self.bold) + (2 * CHIP_PAD if self.chip else 0)


def _header(box: Box, theme: Theme) -> list[_Word]:
    words = []
    if box.title:
        words.append(_Word(box.title, EM, theme.ink, bold=True))
    if box.symbol:
        words.append(_Word(box.symbol, 0.92 * EM, theme.ink, chip=True))
    if box.note:
        words.append(_Word(box.note, SMALL * EM, theme.muted))
    return words


def _lines_width(lines: tuple[str, ...]) -> float:
    return max((font.width(line, EM) for line in lines), default=0.0)


def measure(box: Box, theme: Theme) -> tuple[float, float]:
    """Width and height of a box with the sheet behind it, without its border."""
    width, height = _front(box, theme)
    return (width + STACK, height + STACK) if box.stacked else (width, height)


def _front(box: Box, theme: Theme) -> tuple[float, float]:
    words = _header(box, theme)
    header = sum(w.width for w in words) + GAP * max(0, len(words) - 1)
    widest = max(header, _lines_width(box.value), _lines_width(box.gradient))
    lines = bool(words) + len(box.value) + len(box.gradient)
    rule = 0.25 * EM if box.gradient else 0.0
    return max(LEAST_WIDTH, widest + 2 * PAD_X), lines * LINE + rule + 2 * PAD_Y


def box_part(box: Box, center: tuple[float, float], theme: Theme) -> Part:
    """The marks of a box whose middle is at `center`."""
    outer, (width, height) = measure(box, theme), _front(box, theme)
    left, top = center[0] - outer[0] / 2, center[1] - outer[1] / 2
    middle = left + width / 2
    marks: list[Mark] = _frame(box, left, top, width, height, theme)
    y = top + PAD_Y
    if words := _header(box, theme):
        marks += _header_marks(words, middle, y, theme)
        y += LINE
    # the value takes ink where it is only the list of what a fold holds
    marks += _centered(box.value, middle, y, theme.forward if box.gradient else theme.muted)
    y += LINE * len(box.value)
    if box.gradient:
        marks.append(
            Rect(left + 0.3 * EM, y + 0.1 * EM, width - 0.6 * EM, 0.06 * EM, fill=theme.rule)
        )
        marks += _centered(box.gradient, middle, y + 0.25 * EM, theme.gradient)
    return Part(box.id, box.alt, tuple(marks))


def _frame(
    box: Box, left: float, top: float, width: float, height: float, theme: Theme
) -> list[Mark]:
    fills = {
        "leaf": theme.leaf,
        "constant": theme.constant,
        "op": theme.box,
        "output": theme.output,
        "group": theme.group,
    }
    strong = box.role == "output"
    frame = Rect(
        left,
        top,
        width,
        height,
        fill=fills[box.role],
        stroke=theme.ink if strong else theme.border,
        line=(0.16 if strong else 0.09) * EM,
        radius=(0.75 if box.role == "leaf" else 0.3) * EM,
        dash=(0.3 * EM, 0.22 * EM) if box.role == "constant" else (),
    )
    if not box.stacked:
        return [frame]
    behind = Rect(
        left + STACK,
        top + STACK,
        width,
        height,
        fill=fills[box.role],
        stroke=theme.border,
        line=0.09 * EM,
        radius=frame.radius,
    )
    return [behind, frame]


def _header_marks(words: list[_Word], middle: float, top: float, theme: Theme) -> list[Mark]:
    total = sum(w.width for w in words) + GAP * (len(words) - 1)
    x, baseline = middle - total / 2, top + font.ASCENT * LINE
    marks: list[Mark] = []
    for word in words:
        if word.chip:
            marks.append(
                Rect(
                    x,
                    top + 0.06 * LINE,
                    word.width,
                    0.92 * LINE,
                    fill=theme.rule,
                    radius=0.35 * EM,
                )
            )
        inset = CHIP_PAD if word.chip else 0.0
        marks.append(Text(x + inset, baseline, word.text, word.size, word.fill, word.bold))
        x += word.width + GAP
    return marks


def _centered(lines: tuple[str, ...], middle: float, top: float, fill: str) -> list[Mark]:
    return [
        Text(
            middle - font.width(line, EM) / 2,
            top + i * LINE + font.ASCENT * LINE,
            line,
            EM,
            fill,
        )
        for i, line in enumerate(lines)
    ]
