"""The code cells of a notebook as plain Python.

Invariant: only a line that Python cannot read is taken for a command of the notebook's server
(`%magic`, `!shell`, `name?`), so a `%` at the start of a line of a longer expression stays.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backviz.errors import InputError
from backviz.language import _

_COMMAND = re.compile(r"\s*(%|!|\?|\w+ *= *[%!]|.*\?\s*$)")
_TIMED = re.compile(r"(\s*)%time\s+(?=\S)")  # the statement behind it is run
_PYTHON = ("%%time", "%%capture", "%%prun", "%%backprop", "%%timeit")


def cells_of(given: str, path: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Each code cell's place (`nb.ipynb cell 3`) and text, and what is to be said of it.

    Cells are counted from 1, without those that hold no code. Raises `InputError` if the
    file is no notebook in Python.
    """
    try:
        book = json.loads(path.read_bytes())
        language = book.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        sources = [_text(cell) for cell in _code(book)]
    except OSError as error:
        raise InputError(
            _("cannot read {given}: {strerror}", given=given, strerror=error.strerror)
        ) from None
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        raise InputError(
            _("{given} is no notebook that can be read; save it again", given=given)
        ) from None
    if str(language).lower() != "python":
        raise InputError(
            _(
                "{given} is a notebook in {language}; only Python can be run",
                given=given,
                language=language,
            )
        )
    cells, skipped = [], []
    for number, source in enumerate(sources, 1):
        text, without = _python(source)
        cells.append((f"{path} cell {number}", text))
        skipped += [f"cell {number}: {line.strip()[:60]}" for line in without]
    listed = "; ".join(skipped[:3]) + ("; …" if len(skipped) > 3 else "")
    note = _(
        "{given}: what only a notebook's server can do is left out ({listed})",
        given=given,
        listed=listed,
    )
    return cells, [note] if skipped else []


def _code(book: Any) -> Iterator[dict[str, Any]]:
    sheets = book.get("worksheets") or [book]  # the third format of notebooks has sheets
    for sheet in sheets:
        yield from (cell for cell in sheet["cells"] if cell["cell_type"] == "code")


def _text(cell: dict[str, Any]) -> str:
    source = cell["source"] if "source" in cell else cell["input"]
    return source if isinstance(source, str) else "".join(source)


def _python(source: str) -> tuple[str, list[str]]:
    """The cell without the lines that are no Python, and these lines."""
    lines, skipped = source.split("\n"), dict[int, str]()
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        skipped[first] = lines[first]
        if lines[first].split()[0] not in _PYTHON:
            return "", [*skipped.values()]
        lines[first] = ""
    for _other in range(len(lines)):
        at = _fault("\n".join(lines))
        if at is None or at >= len(lines):
            break
        line = lines[at]
        goes_on = skipped.get(at - 1, "").endswith("\\")
        if found := _TIMED.match(line):
            lines[at] = found[1] + line[found.end() :]
        elif _COMMAND.match(line) or goes_on:
            lines[at] = line[: len(line) - len(line.lstrip())] + "pass"
            skipped[at] = line
        else:
            break
    return "\n".join(lines), [skipped[at] for at in sorted(skipped)]


def _fault(text: str) -> int | None:
    """The line, from 0, at which Python stops reading; `None` if it reads all."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        return (error.lineno or 1) - 1
    except (ValueError, RecursionError, MemoryError):
        return None
    return None
