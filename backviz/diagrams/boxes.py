"""One box: how much room its text needs, and its marks.

A box reads from top to bottom: name and op, value, a rule, gradient. Lengths are in
ems of the value's text, so that a box looks the same at every size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from backviz.diagrams import font
from backviz.diagrams.drawing import Mark, Part, Rect, Text
from backviz.diagrams.model import UNLIKE, WHOLE_BOX, Box, BoxState, Heat, Remark, shown_remarks
from backviz.diagrams.theme import Theme, mixed
from backviz.text import unpadded

EM = 14.0
CHIP = 0.92  # an op's sign, against the value's text
SMALL = 0.88  # arrow labels, shapes and legends, against the value's text
PAD_X, PAD_Y = 0.6 * EM, 0.3 * EM
LINE = 1.24 * EM
LEAST_WIDTH = 2.8 * EM
CHIP_PAD = 0.34 * EM
GAP = 0.5 * EM
STACK = 0.28 * EM
CELL = 0.42 * EM  # of a small map
SHORT_REMARK = 4  # signs of a remark that stands beside the number
RULE = 0.25 * EM  # the height that the line between value and gradient takes


@dataclass(frozen=True, slots=True)
class _Word:
    """A piece of the header: its text, size, colour and whether it sits in a chip."""

    text: str
    size: float
    fill: str
    bold: bool = False
    chip: bool = False
    number: bool = False  # the value, which a build hides until it is known
    room: float = 0.0  # of what a blank stands for

    @property
    def width(self) -> float:
        return self.room or self.own

    @property
    def own(self) -> float:
        """The width of the text itself."""
        return font.width(self.text, self.size, self.bold) + (2 * CHIP_PAD if self.chip else 0)


def _rows(box: Box, theme: Theme) -> list[list[_Word]]:
    """The lines above the rule; a blank has the room of the number that it stands for."""
    rows = _own_rows(box, theme)
    if box.room is None:
        return rows
    whole = _own_rows(box.room, theme)
    return [
        [replace(word, room=other.width) for word, other in zip(row, full, strict=True)]
        for row, full in zip(rows, whole, strict=True)
    ]


def _own_rows(box: Box, theme: Theme) -> list[list[_Word]]:
    """The lines above the rule: a scalar that needs no op stands beside its name."""
    title = [_Word(box.title, EM, theme.ink, bold=True)] if box.title else []
    symbol = [_Word(box.symbol, CHIP * EM, theme.ink, chip=True)] if box.symbol else []
    note = [_Word(box.note, SMALL * EM, theme.muted)] if box.note else []
    # a fold's list of ops is no value and takes no value's colour
    number = not box.counted
    colour = theme.forward if number else theme.muted
    value = [[_Word(line, EM, colour, number=number)] for line in box.value]
    if title and box.value[:1] and box.value[0].startswith("= "):  # a formula follows its name
        rows = [title + value[0], symbol + note, *value[1:]]
    elif title and len(value) == 1 and not note and (not symbol or box.stacked):
        rows = [title + value[0], symbol]
    elif title and symbol and note and not value:  # side by side they would make a wide box
        rows = [title + note, symbol]
    else:
        rows = [title + symbol + note, *value]
    return [row for row in rows if row]


def _row_width(row: list[_Word]) -> float:
    return sum(w.width for w in row) + GAP * (len(row) - 1)


def measure(box: Box, theme: Theme) -> tuple[float, float]:
    """Width and height of a box with the sheet behind it, without its border."""
    box = box.room or box
    width, height = front_size(box, theme)
    return (width + STACK, height + STACK) if box.stacked else (width, height)


def front_size(box: Box, theme: Theme) -> tuple[float, float]:
    """Width and height of a box without the sheet behind it."""
    rows = _rows(box, theme)
    beside, below = _remarks(box, box.remarks, theme)
    gradient = [font.width(line, EM) for line in (*box.gradient, *box.reserve)]
    gradient.append(_row_width([_Word(line, EM, "") for line in box.gradient[:1]] + beside))
    widest = max([*map(_row_width, (*rows, *([word] for word in below))), *gradient], default=0.0)
    rule = RULE if box.gradient else 0.0
    wide, high = _heat_size(box, theme)
    lines = len(rows) + len(box.gradient) + SMALL * len(below)
    height = lines * LINE + rule + 2 * PAD_Y + high
    width = max(LEAST_WIDTH, widest + 2 * PAD_X, wide + 2 * PAD_X)
    return max(width, box.least[0]), max(height, box.least[1])


def box_part(
    box: Box, center: tuple[float, float], theme: Theme, state: BoxState = WHOLE_BOX
) -> Part:
    """The marks of a box whose middle is at `center`, as it looks at one moment."""
    theme = theme.on(box.fill) if box.fill else theme
    theme = theme.paled() if box.emphasis == "pale" else theme
    outer, (width, height) = measure(box, theme), front_size(box.room or box, theme)
    left, top = center[0] - outer[0] / 2, center[1] - outer[1] / 2
    middle = left + width / 2
    marks: list[Mark] = _frame(box, left, top, width, height, theme, state)
    y = top + PAD_Y
    for row in _rows(box, theme):
        marks += _row_marks(row, middle, y, theme, state.value)
        y += LINE
    if box.heat:
        marks += _heat_marks(box.heat, middle, y, theme) if state.value else []
    y += _heat_size(box.room or box, theme)[1]
    if box.gradient:
        line = Rect(left + 0.3 * EM, y + 0.1 * EM, width - 0.6 * EM, 0.06 * EM, fill=theme.rule)
        marks.append(line)
        y += RULE
    beside, below = _remarks(box, shown_remarks(box, state), theme)
    for text in box.gradient if state.gradient is None else state.gradient:
        marks += _row_marks([_Word(text, EM, theme.gradient), *beside], middle, y, theme)
        y += LINE
    y = top + height - PAD_Y - SMALL * LINE * len(below)
    for word in below:
        marks += _row_marks([word], middle, y, theme)
        y += SMALL * LINE
    return Part(box.id, alt_of(box, state), tuple(marks))


def alt_of(box: Box, state: BoxState) -> str:
    """What is said of a box where it is read aloud or pointed at: no more than it shows."""
    whole = state.gradient is None or state.gradient == box.gradient
    if whole and (state.value or box.counted):
        return box.alt
    name = box.title or box.symbol
    value = "; ".join(map(unpadded, box.value)) if state.value else ""
    gradient = box.gradient if state.gradient is None else state.gradient
    remarks = (remark.text for remark in shown_remarks(box, state))
    said = f"{name}: {value}" if value else name
    return "; ".join(filter(None, (said, " ".join(map(unpadded, gradient)), *remarks)))


def _remarks(box: Box, shown: tuple[Remark, ...], theme: Theme) -> tuple[list[_Word], list[_Word]]:
    """The remark that stands beside a short gradient, and those that stand below."""
    colours = {"note": theme.ink, "off": theme.gradient}
    words = {
        remark: _Word(
            remark.line,
            SMALL * EM,
            colours.get(remark.kind, theme.alarm),
            bold=remark.kind == "begins",
        )
        for remark in shown
    }
    short = [r for r in box.remarks if r.kind == "off" and len(r.text) <= SHORT_REMARK]
    first = short[:1] if (box.room or box).gradient == ("0",) else []
    return [words[r] for r in shown if r in first], [words[r] for r in shown if r not in first]


def _heat_size(box: Box, theme: Theme) -> tuple[float, float]:
    """Width with the printed limit, and height with some air."""
    if box.heat is None:
        return 0.0, 0.0
    wide = len(box.heat.cells[0]) * CELL + GAP + font.width(box.heat.limit, SMALL * EM)
    return wide, max(len(box.heat.cells) * CELL, LINE) + 2 * PAD_Y


def _heat_marks(heat: Heat, middle: float, top: float, theme: Theme) -> list[Mark]:
    """Cells in the two main colours, the stronger the further from 0, and the limit."""
    limit = font.width(heat.limit, SMALL * EM)
    wide, high = len(heat.cells[0]) * CELL, len(heat.cells) * CELL
    left, y = middle - (wide + GAP + limit) / 2, top + PAD_Y
    line = 0.06 * EM
    frame = (left - line, y - line, wide + 2 * line, high + 2 * line)
    marks: list[Mark] = [Rect(*frame, fill=theme.border)]
    for i, row in enumerate(heat.cells):
        for j, share in enumerate(row):
            colour = theme.ink if share is None else _tint(share, theme)
            marks.append(Rect(left + j * CELL, y + i * CELL, CELL, CELL, fill=colour))
    base = y + high / 2 + 0.36 * SMALL * EM
    marks.append(Text(left + wide + GAP, base, heat.limit, SMALL * EM, theme.muted))
    return marks


def _tint(share: float, theme: Theme) -> str:
    """Between the background at 0 and one of the two main colours at ±1."""
    return mixed(theme.gradient if share < 0 else theme.forward, theme.background, abs(share))


def _frame(
    box: Box,
    left: float,
    top: float,
    width: float,
    height: float,
    theme: Theme,
    state: BoxState,
) -> list[Mark]:
    strong = box.role == "output"
    lit = box.emphasis == "strong"
    accents = {"": theme.ink if strong or lit else theme.border, "forward": theme.forward}
    line = 0.26 if state.accent or lit else 0.16 if strong else 0.09
    dash = (0.3 * EM, 0.22 * EM) if box.role == "constant" else ()
    if kinds := {r.kind for r in shown_remarks(box, state)} & {"begins", "passed"}:
        accents[""], line = theme.alarm, max(line, 0.3 if "begins" in kinds else 0.16)
        dash = () if "begins" in kinds else (0.3 * EM, 0.22 * EM)
    frame = Rect(
        left,
        top,
        width,
        height,
        fill=theme.fill(box.role),
        stroke=accents.get(state.accent, theme.gradient),
        line=line * EM,
        radius=(0.5 if box.role == "leaf" else 0.25) * EM,
        dash=dash,
    )
    if not box.stacked:
        return [frame]
    behind = Rect(
        left + STACK,
        top + STACK,
        width,
        height,
        fill=theme.fill(box.role),
        stroke=theme.border,
        line=0.09 * EM,
        radius=frame.radius,
    )
    return [behind, frame]


def _row_marks(
    words: list[_Word], middle: float, top: float, theme: Theme, numbers: bool = True
) -> list[Mark]:
    x, baseline = middle - _row_width(words) / 2, top + font.ASCENT * LINE
    marks: list[Mark] = []
    for word in words:
        if word.number and not numbers:
            x += word.width + GAP
            continue
        if word.chip:
            chip = (x, top + 0.06 * LINE, word.width, 0.92 * LINE)
            fill = theme.unlike if word.text.endswith(UNLIKE) else theme.rule
            marks.append(Rect(*chip, fill=fill, radius=0.35 * EM))
        inset = (CHIP_PAD if word.chip else 0.0) + (word.width - word.own) / 2
        ink = word.fill
        if word.text.endswith(UNLIKE):
            if not word.chip:
                band = (x - 0.15 * EM, top + 0.06 * LINE, word.width + 0.3 * EM, 0.92 * LINE)
                marks.append(Rect(*band, fill=theme.unlike, radius=0.2 * EM))
            ink = theme.on_unlike(ink)
        marks.append(Text(x + inset, baseline, word.text, word.size, ink, word.bold))
        x += word.width + GAP
    return marks
