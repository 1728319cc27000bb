"""An explanation as lines of a console, or as data.

Invariant: text is put into signs that the console has before it is measured, so that no line
is wider than the console; a table that is too wide stands row under row.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from backviz.lessons.model import Dress, Explanation, Fact, Table
from backviz.lessons.words import NO_LABEL
from backviz.stepping.look import INDENT, Look
from backviz.telling.wording import shape_of, short
from backviz.text import (
    NOT_COMPUTED,
    NumberStyle,
    clean,
    is_small,
    json_ready,
    padded,
    screen_width,
)
from backviz.words import Words

ENTRIES = 9  # of an array that is written out


def lines(explanation: Explanation, look: Look) -> list[str]:
    """The screen of an explanation.

    >>> from backviz.lessons import explanation
    >>> lines(explanation("accumulate"), Look())[0]
    'accumulate: Why does backward add (+=) and not overwrite (=)?'
    """
    lang = look.lang
    made = look.lines(f"{explanation.name}: {explanation.head.of(lang)}", 2)
    for source in _statements(explanation.source):
        made += look.lines(f"  {source}", 4)
    for block in explanation.blocks:
        made.append("")
        if isinstance(block, Table):
            made += _table(block, look)
        elif isinstance(block, Words):
            made += look.lines(_prose(block, lang, look.numbers), 0)
        else:
            for before, fact in zip((None, *block), block, strict=False):
                again = before is not None and before.label == fact.label
                made += _fact(fact._replace(label=NO_LABEL) if again else fact, look)
    return made


def _statements(source: str) -> list[str]:
    """A source on one line, its statements separated by `;`."""
    listed = [part.strip() for part in source.replace("\n", ";").split(";")]
    return [clean("; ".join(filter(None, listed)))] if source else []


def _fact(fact: Fact, look: Look) -> list[str]:
    label = look.fit(fact.label.of(look.lang))
    gap = "" if screen_width(label) < INDENT - 2 else " "
    text = _told(fact.text, look.lang, look.numbers)
    return look.lines(f"  {padded(label, INDENT - 2)}{gap}{text}")


def _told(text: Words | Dress, lang: str, numbers: NumberStyle) -> str:
    return text.of(lang) if isinstance(text, Words) else text(numbers)


def _prose(words: Words, lang: str, numbers: NumberStyle) -> str:
    """Words in which numbers have the reader's decimal sign."""
    return re.sub(r"(?<=\d)\.(?=\d)", numbers.decimal, words.of(lang))


def _table(table: Table, look: Look) -> list[str]:
    lang = look.lang
    numbers = NumberStyle(table.digits or look.numbers.digits, look.numbers.decimal,
                          look.numbers.minus, powers=look.numbers.powers)  # fmt: skip
    heads = [look.fit(_prose(head, lang, numbers)) for head in table.heads]
    cells = [[look.fit(cell_text(cell, lang, numbers)) for cell in row] for row in table.rows]
    right = [all(_is_number(row[j]) for row in table.rows) for j in range(len(heads))]
    grid = [heads, *cells]
    widths = [max(screen_width(row[j]) for row in grid) for j in range(len(heads))]
    made = []
    for row in grid:
        columns = zip(row, widths, right, strict=True)
        set_ = [padded(*column) for column in columns]
        made.append(f"  {'   '.join(set_)}".rstrip())
    if max(map(screen_width, made)) > look.width:
        made = [line for row in cells for line in _stacked(heads, row, look)]
    title = look.lines(f"{_prose(table.title, lang, numbers)}:", 2) if table.title else []
    note = look.lines(f"  {_prose(table.note, lang, numbers)}", 2) if table.note else []
    return [*title, *made, *note]


def _stacked(heads: list[str], row: list[str], look: Look) -> list[str]:
    """A row that is too wide: its first cell, and the others under it."""
    width = max(map(screen_width, heads[1:]))
    made = look.lines(f"  {row[0]}", 4)
    for head, cell in zip(heads[1:], row[1:], strict=True):
        made += look.lines(f"    {padded(head, width)}  {cell}", 6 + width)
    return made


def _is_number(cell: Any) -> bool:
    return cell is None or isinstance(cell, int | float | np.ndarray)


def cell_text(cell: Any, lang: str, numbers: NumberStyle) -> str:
    """A cell as text; of an array of more than 9 entries the shape and the span.

    >>> cell_text(None, "en", NumberStyle()), cell_text(-0.5, "en", NumberStyle())
    ('—', '−0.5')
    """
    if cell is None:
        return NOT_COMPUTED
    if isinstance(cell, Words):
        return _prose(cell, lang, numbers)
    if isinstance(cell, str):
        return cell
    if callable(cell):
        return str(cell(numbers))
    if isinstance(cell, np.ndarray) and not is_small(cell):
        last = cell.shape[-2:]  # axes of size 1 in front of them show nothing
        if 0 < cell.size <= ENTRIES and cell.size == np.prod(last):
            rows = np.atleast_2d(cell.reshape(last)).tolist()
            return f"[{'; '.join('  '.join(map(numbers.format, row)) for row in rows)}]"
        return f"{shape_of(cell)} {numbers.span(cell)}" if cell.size else shape_of(cell)
    return short(cell if isinstance(cell, np.ndarray) else float(cell), numbers)


def data(explanation: Explanation, lang: str = "en") -> dict[str, Any]:
    """The same for a program: words in one language, numbers in full precision."""
    tables, facts, says = [], [], []
    for block in explanation.blocks:
        if isinstance(block, Table):
            rows = [[_told(c, lang, NumberStyle()) if isinstance(c, Words) or callable(c) else c
                     for c in row] for row in block.rows]  # fmt: skip
            tables.append({
                "title": block.title.of(lang) if block.title else "",
                "heads": [head.of(lang) for head in block.heads],
                "rows": rows,
                "note": block.note.of(lang) if block.note else "",
            })  # fmt: skip
        elif isinstance(block, Words):
            says.append(block.of(lang))
        else:
            facts += [
                [fact.label.of(lang), _told(fact.text, lang, NumberStyle())] for fact in block
            ]
    made: dict[str, Any] = json_ready({
        "name": explanation.name,
        "head": explanation.head.of(lang),
        "source": explanation.source,
        "facts": facts,
        "tables": tables,
        "says": says,
    })  # fmt: skip
    return made
