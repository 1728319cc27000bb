"""How text is set: width, signs, language and colour of one console.

Invariant: text is put into signs that the console has before its width is measured, so
columns stand under each other in every encoding; colour is added last and only repeats
what the words say.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backviz.signs import SPACES, fitted, printable
from backviz.text import NumberStyle, padded, screen_width, within
from backviz.words import LANGUAGES

INDENT = 12
_PLACES = re.compile(r"[\[(]-?\d+(?:, -?\d+){1,3}[\])]")  # an index or a shape: one word
LEAST = 12  # columns of text that is broken inside a table
NARROWEST, WIDEST = 50, 200  # columns of a screen
TIED = "\u00a0"  # a blank at which no line is broken


@dataclass(frozen=True, slots=True)
class Look:
    """What a console can show.

    >>> Look(encoding="ascii").fit("∂L/∂a → −2")
    'dL/da -> -2'
    """

    width: int = 80
    encoding: str = "utf-8"
    lang: str = "en"
    colour: bool = False
    numbers: NumberStyle = field(default_factory=NumberStyle)
    pictures: Mapping[str, Any] = field(default_factory=dict)  # what else their `Style` says

    def fit(self, text: str) -> str:
        """The text in signs that the console has and that do not steer it, trailing blanks off."""
        return self.signs(text).replace(TIED, " ").rstrip()

    def signs(self, text: str) -> str:
        """The same with its trailing blanks, and those at which no line is broken."""
        text = text.translate(SPACES)
        return TIED.join(fitted(printable(part), self.encoding) for part in text.split(TIED))

    def say(self, sentence: str, /, **values: object) -> str:
        """A marked sentence in the language of the console, with its gaps filled."""
        return LANGUAGES[self.lang].gettext(sentence, **values)

    def label(self, word: str) -> str:
        """A word in front of a row, which may be shorter than elsewhere."""
        return LANGUAGES[self.lang].pgettext("row", word)

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The form of a sentence that goes with a number, which fills the gap `{n}`."""
        return LANGUAGES[self.lang].ngettext(one, many, n, **values)

    def lines(self, text: str, indent: int = INDENT) -> list[str]:
        """Text in lines of the width, broken at blanks; later lines are indented."""
        tied = _PLACES.sub(lambda found: found[0].replace(" ", TIED), text)
        made, rest = [], self.signs(tied).rstrip()
        while screen_width(rest) > self.width:
            most = within(rest, self.width)
            cut = rest.rfind(" ", indent + 1, most + 1)
            cut = cut if cut > indent and rest[:cut].strip() else max(most, indent + 1)
            made.append(rest[:cut].rstrip(" "))
            rest = " " * indent + rest[cut:].lstrip(" ")
        return [line.replace(TIED, " ") for line in (*made, rest)]

    def table(
        self, rows: Sequence[Sequence[str]], gap: int = 2, indent: int = 2, *, wrap: bool = False
    ) -> list[str]:
        """Rows in columns; a row that is too long is broken at blanks.

        With `wrap` the widest column is broken inside itself, so that the others stay columns.

        >>> Look(30).table([("next", "the next node; Enter repeats", "n")], wrap=True)
        ['  next  the next node;  n', '        Enter repeats']
        """
        cells = [[self.signs(cell).rstrip() for cell in row] for row in rows]
        widths = (
            [max(map(screen_width, column)) for column in zip(*cells, strict=True)] if cells else []
        )
        over = indent + sum(widths) + gap * (len(widths) - 1) - self.width
        if wrap and over > 0 and (most := max(widths)) - over >= LEAST:
            widest = widths.index(most)
            cells = [
                [*row[:widest], part, *row[widest + 1 :]] if not k else
                [*[""] * widest, part, *[""] * (len(row) - widest - 1)]
                for row in cells
                for k, part in enumerate(replace(self, width=most - over).lines(row[widest], 0))
            ]  # fmt: skip
            widths[widest] = max(screen_width(row[widest]) for row in cells)
        made = []
        for row in cells:
            line = (" " * gap).join(padded(c, w) for c, w in zip(row, widths, strict=True))
            made += self.lines(" " * indent + line)
        return made


def screen_columns() -> int:
    """How wide the screen is: COLUMNS if it is set, else what the terminal says, else 80.

    At least 50 and at most 200: what is narrower cannot hold a step, what is wider no eye follows.
    """
    out = sys.stdout
    said = os.environ.get("COLUMNS", "")
    wide = int(said) if said.isdecimal() else 0
    if not wide and out is not None and out.isatty():
        with contextlib.suppress(OSError, ValueError):
            wide = os.get_terminal_size(out.fileno()).columns
    return min(max(wide or 80, NARROWEST), WIDEST)


_BOLD, _GRADIENT, _BAD, _END = "\x1b[1m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
_PAINTS = (
    (re.compile(r"^\([^\W\d]+ \d+/\d+.*?\)|-->"), _BOLD),
    (re.compile(r"\bNaN\b|\binf\b|∞"), _BAD),
    (re.compile(r"^! .*"), _BAD),
    (re.compile(r"(?:∂|d)\w+/(?:∂|d)\w+|\S+\.grad\b"), _GRADIENT),
)


def painted(line: str) -> str:
    """A line with escapes for colour; without them it is the same line.

    >>> painted("--> c")
    '\\x1b[1m-->\\x1b[0m c'
    """
    spans: list[tuple[int, int, str]] = []
    for pattern, colour in _PAINTS:
        for found in pattern.finditer(line):
            start, end = found.span()
            start += len(found[0]) - len(found[0].lstrip())
            if all(end <= a or b <= start for a, b, _ in spans):
                spans.append((start, end, colour))
    for start, end, colour in sorted(spans, reverse=True):
        line = f"{line[:start]}{colour}{line[start:end]}{_END}{line[end:]}"
    return line
