"""An explanation as lines of a console, or as data.

Invariant: text is put into signs that the console has before it is measured, so that no line
is wider than the console; a table that is too wide stands row under row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.lessons.model import Explanation, Fact, Table, Words
from backviz.lessons.words import NO_LABEL
from backviz.stepping.formulas import shape_of, short
from backviz.stepping.look import INDENT, Look
from backviz.text import NOT_COMPUTED, NumberStyle, clean, is_small, json_ready

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
            made += look.lines(block.of(lang), 0)
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
    return look.lines(f"  {label:<{INDENT - 2}}{'' if len(label) < INDENT - 2 else ' '}"
                      f"{fact.text.of(look.lang)}")  # fmt: skip


def _table(table: Table, look: Look) -> list[str]:
    lang = look.lang
    numbers = NumberStyle(table.digits or look.numbers.digits, look.numbers.decimal,
                          look.numbers.minus)  # fmt: skip
    heads = [look.fit(head.of(lang)) for head in table.heads]
    cells = [[look.fit(cell_text(cell, lang, numbers)) for cell in row] for row in table.rows]
    right = [all(_is_number(row[j]) for row in table.rows) for j in range(len(heads))]
    grid = [heads, *cells]
    widths = [max(len(row[j]) for row in grid) for j in range(len(heads))]
    made = []
    for row in grid:
        columns = zip(row, widths, right, strict=True)
        set_ = [c.rjust(w) if to_right else c.ljust(w) for c, w, to_right in columns]
        made.append(f"  {'   '.join(set_)}".rstrip())
    if max(map(len, made)) > look.width:
        made = [line for row in cells for line in _stacked(heads, row, look)]
    title = look.lines(f"{table.title.of(lang)}:", 2) if table.title else []
    note = look.lines(f"  {table.note.of(lang)}", 2) if table.note else []
    return [*title, *made, *note]


def _stacked(heads: list[str], row: list[str], look: Look) -> list[str]:
    """A row that is too wide: its first cell, and the others under it."""
    width = max(map(len, heads[1:]))
    made = look.lines(f"  {row[0]}", 4)
    for head, cell in zip(heads[1:], row[1:], strict=True):
        made += look.lines(f"    {head:<{width}}  {cell}", 6 + width)
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
        return cell.of(lang)
    if isinstance(cell, str):
        return cell
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
            rows = [[c.of(lang) if isinstance(c, Words) else c for c in row] for row in block.rows]
            tables.append({
                "title": block.title.of(lang) if block.title else "",
                "heads": [head.of(lang) for head in block.heads],
                "rows": rows,
                "note": block.note.of(lang) if block.note else "",
            })  # fmt: skip
        elif isinstance(block, Words):
            says.append(block.of(lang))
        else:
            facts += [[fact.label.of(lang), fact.text.of(lang)] for fact in block]
    made: dict[str, Any] = json_ready({
        "name": explanation.name,
        "head": explanation.head.of(lang),
        "source": explanation.source,
        "facts": facts,
        "tables": tables,
        "says": says,
    })  # fmt: skip
    return made
