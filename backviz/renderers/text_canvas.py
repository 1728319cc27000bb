"""A page of characters on which boxes and wires are drawn.

Invariant: places are `(m, c)`, along and across the ranks; the page alone knows which of
the two is a line and which a column. A wide character takes two columns, a combining one none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from backviz.text import screen_width, sign_width, within

Place = tuple[int, int]
_UP, _RIGHT, _DOWN, _LEFT = 1, 2, 4, 8
_SIDES = {(-1, 0): _UP, (0, 1): _RIGHT, (1, 0): _DOWN, (0, -1): _LEFT}


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters that a drawing is made of.

    `wires` is indexed by the sides that meet (1 up, 2 right, 4 down, 8 left); `box` and
    `strong` are the corners clockwise from the upper left, then the flat and the upright line;
    `tree` is a branch, the last branch, and what stands under each.
    """

    wires: str
    right: str
    down: str
    box: str
    strong: str
    cut: str
    again: str
    tree: tuple[str, str, str, str]


UNICODE = Signs(
    " │─╰││╭├─╯─┴╮┤┬┼", "►", "▼", "┌┐┘└─│", "╔╗╝╚═║", "…", "↑", ("├─", "└─", "│  ", "   ")
)
ASCII = Signs(
    " |-+||++-+-+++++", ">", "v", "++++-|", "####=#", "~", "^", ("|-", "`-", "|  ", "   ")
)


def cut(text: str, width: int, signs: Signs = UNICODE) -> str:
    """The text in at most so many columns.

    >>> cut("a long label", 6)
    'a lon…'
    """
    if screen_width(text) <= width:
        return text
    kept = text[: within(text, width - 1)]  # at least one sign, which may be too wide
    return (kept if screen_width(kept) < width else "") + signs.cut


class Canvas:
    """Characters by line and column, and the nets whose wires meet in each place."""

    def __init__(self, signs: Signs, downwards: bool) -> None:
        self.signs, self.downwards = signs, downwards
        self._text: dict[Place, str] = {}
        self._wires: dict[Place, dict[int, int]] = defaultdict(dict)

    def _turned(self, place: Place) -> Place:
        """A place as line and column, or back."""
        return place if self.downwards else (place[1], place[0])

    def box(
        self,
        place: Place,
        size: tuple[int, int],
        borders: tuple[str, str],
        lines: tuple[str, ...],
        strong: bool,
    ) -> None:
        """A frame with texts in its upper and lower border and lines of text in its middle."""
        top, left = self._turned(place)
        height, width = self._turned(size)
        corners = self.signs.strong if strong else self.signs.box
        first, second, third, fourth, flat, upright = tuple(corners)
        head, foot = (f"{flat} {text} " if text else "" for text in borders)
        inside = width - 2
        self._write(top, left, first + head + flat * (inside - screen_width(head)) + second)
        above = (height - 2 - len(lines)) // 2
        for k in range(height - 2):
            text = lines[k - above] if 0 <= k - above < len(lines) else ""
            middle = f" {text}" + " " * (inside - 1 - screen_width(text))
            self._write(top + 1 + k, left, upright + middle + upright)
        under = foot + flat * (inside - screen_width(foot))
        self._write(top + height - 1, left, fourth + under + third)

    def wire(self, net: int, points: list[Place]) -> None:
        """A line through these places, which goes on beyond both ends along the ranks."""
        places = [self._turned(p) for p in points]
        ahead, behind = (_DOWN, _UP) if self.downwards else (_RIGHT, _LEFT)
        self._join(net, places[0], behind)
        self._join(net, places[-1], ahead)
        for (y, x), (v, u) in pairwise(places):
            if (y, x) == (v, u):
                continue
            down, right = (v > y) - (v < y), (u > x) - (u < x)
            there, back = _SIDES[down, right], _SIDES[-down, -right]
            for k in range(abs(v - y) + abs(u - x)):
                self._join(net, (y + k * down, x + k * right), there)
                self._join(net, (y + (k + 1) * down, x + (k + 1) * right), back)

    def _join(self, net: int, place: Place, side: int) -> None:
        here = self._wires[place]
        here[net] = here.get(net, 0) | side

    def head(self, place: Place, label: str) -> None:
        """The head of a wire, with a text beside it."""
        line, column = self._turned(place)
        self._write(line, column, self.signs.down if self.downwards else self.signs.right)
        if label and self.downwards:
            self._write(line, column + 2, label)
        elif label.strip():
            self._write(line, column - screen_width(label) - 2, f" {label} ")

    def _write(self, line: int, column: int, text: str) -> None:
        for char in text:
            wide = sign_width(char)
            if not wide:
                self._text[line, column - 1] = self._text.get((line, column - 1), "") + char
                continue
            self._text[line, column] = char
            if wide == 2:
                self._text[line, column + 1] = ""
            column += wide

    def _sign(self, place: Place) -> str:
        if place in self._text:
            return self._text[place]
        nets = list(self._wires.get(place, {}).values())
        if len(nets) > 1:  # they cross
            return self.signs.wires[_UP | _DOWN]
        return self.signs.wires[nets[0]] if nets else " "

    def lines(self) -> list[str]:
        """The page, without blanks around it."""
        across = sorted(x for _, x in (*self._text, *self._wires))
        down = sorted(y for y, _ in (*self._text, *self._wires))
        return [
            "".join(self._sign((y, x)) for x in range(across[0], across[-1] + 1)).rstrip()
            for y in range(down[0], down[-1] + 1)
        ]
