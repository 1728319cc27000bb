"""The backward pass as a table: text, Markdown, CSV, JSON, LaTeX.

Invariant: each format escapes what users wrote, so that a label stays a label in a
document, a spreadsheet or a program.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.symbol import LITERAL
from backviz.autodiff.value import Value
from backviz.formats import Format, Formats
from backviz.stability import SCHEMA
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.telling.teller import RunTeller
from backviz.tex_signs import tex
from backviz.text import NumberStyle, entries_within, json_ready
from backviz.words import LANGUAGES

COLUMNS = 80
MOST_ENTRIES = 2_000_000  # of the arrays of a table in which every number is written out


@dataclass(frozen=True, slots=True)
class Row:
    """One contribution of the backward pass; numbers are floats or arrays.

    `local` is `None` for an op on whole arrays, which has no local derivative for each entry;
    `rule` is the formula by which the contribution was computed, `line` the line of the program
    that computed the node, where that was noted (`with backviz.source_lines():`).
    """

    step: int
    node: str
    input: str
    upstream: Any
    local: Any
    contribution: Any
    total: Any
    use: int
    uses: int
    rule: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class TableFormat(Format):
    """A format of tables: a function makes its text from `(rows, numbers, lang)`."""

    def __call__(self, made: list[Row], numbers: NumberStyle, lang: str) -> str:
        """The table of these rows."""
        text: str = self.make(made, numbers, lang)
        return text


TABLES: Formats[TableFormat] = Formats("table")


def rows(
    output: Value,
    numbers: NumberStyle = LITERAL,
    lines: bool = False,
    beside: Sequence[Value] = (),
) -> list[Row]:
    """A row for every contribution, in the order of the backward pass; with `lines` of the program.

    >>> a = Value(3.0, label="a")
    >>> [(r.contribution, r.total, r.use, r.uses) for r in rows(a * a)]
    [(3.0, 3.0, 1, 2), (3.0, 6.0, 2, 2)]
    """
    record = Record(output, beside=beside)
    places = {
        name: v.origin.where for name, v in zip(record.names, record.values, strict=True)
        if lines and v.origin.where
    }  # fmt: skip
    return [
        Row(step.place.step, step.node, p.to, step.upstream, p.local, p.contribution, p.total,
            p.k, p.m, p.formula, places.get(step.node, ""))
        for step in RunTeller(Run(record), numbers).backward() for p in step.parts
    ]  # fmt: skip


def _fields(made: list[Row]) -> tuple[str, ...]:
    """The fields that the rows have something in: the lines only where they were noted."""
    names = tuple(Row.__slots__)
    return names if any(row.line for row in made) else names[:-1]


def table(
    output: Value,
    form: str = "txt",
    numbers: NumberStyle | None = None,
    lang: str = "en",
    lines: bool = False,
    beside: Sequence[Value] = (),
) -> str:
    """The backward pass as a table; `form` is txt, md, csv, json or latex.

    `lines` adds the line of the program that computed each node, where it was noted. Results
    `beside` have no rows, as nothing goes backward from them, but count among the names.
    """
    numbers, whole = numbers or NumberStyle(), form in ("csv", "json")
    made = rows(output, LITERAL if whole else numbers, lines, beside)
    if whole:
        fields = (getattr(row, f) for row in made for f in Row.__slots__)
        entries_within(fields, MOST_ENTRIES, "write it as txt or md, which sum large arrays up")
    return TABLES[form](made, numbers, lang)


def _cells(made: list[Row], numbers: NumberStyle, lang: str) -> list[list[str]]:
    words, lines = LANGUAGES[lang], any(r.line for r in made)
    return [
        [
            str(r.step),
            r.node,
            r.input,
            numbers.summary(r.upstream),
            r.rule if _by_rule(r) else numbers.summary(r.local),
            numbers.summary(r.contribution),
            numbers.summary(r.total),
            words.gettext("{k} of {m}", k=r.use, m=r.uses),
            *([r.line] if lines else []),
        ]
        for r in made
    ]


def _by_rule(row: Row) -> bool:
    """Whether the formula says more than the local derivative: there is none, or sums follow."""
    return row.local is None or np.shape(row.upstream) != np.shape(row.contribution)


def _heads(lang: str, made: list[Row]) -> list[str]:
    words, lines = LANGUAGES[lang], any(row.line for row in made)
    return [
        words.gettext("step"),
        words.gettext("node"),
        words.gettext("input"),
        words.gettext("upstream"),
        words.gettext("local"),
        words.gettext("contribution"),
        words.gettext("total so far"),
        words.pgettext("column", "use"),
        *([words.pgettext("column", "line")] if lines else []),
    ]


def _txt(made: list[Row], numbers: NumberStyle, lang: str) -> str:
    grid = [_heads(lang, made), *_cells(made, numbers, lang)]
    widths = [max(len(row[j]) for row in grid) for j in range(len(grid[0]))]
    left = {1, 2, 7, 8}
    lines = [
        "  ".join(
            cell.ljust(w) if j in left else cell.rjust(w)
            for j, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in grid
    ]
    if max(map(len, lines)) > COLUMNS:
        return "\n".join(_record(grid[0], cells) for cells in grid[1:])
    return "\n".join([lines[0], "─" * len(lines[0]), *lines[1:]])


def _record(heads: list[str], cells: list[str]) -> str:
    """One row under itself, for numbers that are too wide to stand side by side."""
    step, node, operand, *numbers, use = cells[:8]
    use = ", ".join((use, *filter(None, cells[8:])))
    width = max(map(len, heads[3:7]))
    shown = [f"  {h.ljust(width)}  {n}" for h, n in zip(heads[3:7], numbers, strict=True)]
    return "\n".join([f"{heads[0]} {step}: {node} → {operand} ({use})", *shown])


def _md(made: list[Row], numbers: NumberStyle, lang: str) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(map(escape_markdown, cells)) + " |"

    heads = _heads(lang, made)
    sides = [" ---: ", " --- ", " --- ", *[" ---: "] * 4, *[" --- "] * (len(heads) - 7)]
    rule = f"|{'|'.join(sides)}|"
    return "\n".join([line(heads), rule, *map(line, _cells(made, numbers, lang))])


def _csv(made: list[Row], numbers: NumberStyle, lang: str) -> str:
    """Full precision, English headings; a text that a spreadsheet would run is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fields = _fields(made)
    writer.writerow(fields)
    for row in made:
        writer.writerow([_csv_cell(getattr(row, f)) for f in fields])
    return out.getvalue().rstrip("\n")


def _csv_cell(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return json.dumps(x.tolist())
    if isinstance(x, str) and x[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + x
    return x


def _json(made: list[Row], numbers: NumberStyle, lang: str) -> str:
    fields = _fields(made)
    data = [{f: json_ready(getattr(row, f)) for f in fields} for row in made]
    return json.dumps({"schema": SCHEMA, "rows": data}, ensure_ascii=False, indent=1)


def _latex(made: list[Row], numbers: NumberStyle, lang: str) -> str:
    """A tabular for booktabs, of signs that `pdflatex` sets without a package."""

    def line(cells: list[str]) -> str:
        return " & ".join(map(tex, cells)) + r" \\"

    body = [line(cells) for cells in _cells(made, numbers, lang)]
    heads = _heads(lang, made)
    columns = f"rllrrrr{'l' * (len(heads) - 7)}"
    top = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", line(heads), r"\midrule"]
    return "\n".join([*top, *body, r"\bottomrule", r"\end{tabular}"])


def escape_markdown(text: str) -> str:
    r"""Text that stays itself in a Markdown table.

    >>> escape_markdown("a|b"), escape_markdown("<b>*x*")
    ('a\\|b', '&lt;b>\\*x\\*')
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    for char in "\\|*_`[]$~":
        text = text.replace(char, "\\" + char)
    return text


for _row in (
    TableFormat("txt", "aligned columns", _txt, "text", ("text",)),
    TableFormat("md", "a table in Markdown", _md, "text", ("markdown",)),
    TableFormat("csv", "every number in full, for a spreadsheet", _csv, "data"),
    TableFormat("json", "the same for a program", _json, "data"),
    TableFormat("latex", "a tabular for LaTeX (.tex)", _latex, "code", ("tex",)),
):
    TABLES.enter(_row)
