"""Numbers as the screens show them, written as Python reads them: `0,5`, `[1  −2; 3  4]`, `−∞`.

Invariant: what is not surely a number as it is shown stays as it is typed.
"""

from __future__ import annotations

import re

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?(?:nan|inf)"
_LIST = re.compile(r"\[[^\[\]]*\]")
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_PARTS = re.compile(r"(?<![\w\])])\[[^\[\]]*\]|\[[^\[\]]*\]|(?<=\d),(?=\d)")
_SHAPE = re.compile(r"\(\s*\d*\s*(?:,\s*\d+)*\s*,?\s*\)")


def plain_decimals(text: str) -> str:
    """A text in which the comma is the decimal sign, with points.

    Indices and shapes keep their commas, and lists those that part their entries: `[1,2]` has two.

    >>> plain_decimals("W[0,1] > 0,5 and max(a, 1,5) < 2"), plain_decimals("[0,5 1,5]")
    ('W[0,1] > 0.5 and max(a, 1.5) < 2', '[0.5 1.5]')
    >>> plain_decimals("[0,5, 2]"), plain_decimals("[1,2]"), plain_decimals("(2,3)")
    ('[0.5, 2]', '[1,2]', '(2,3)')
    """
    if _SHAPE.fullmatch(text.strip()):
        return text
    return _PARTS.sub(_with_points, text)


def _with_points(found: re.Match[str]) -> str:
    piece = found[0]
    if piece == ",":
        return "."
    before = found.string[found.start() - 1 : found.start()]
    parted = re.search(r",\s|;|[\d,]\s+[-−+]?\d", piece)
    if re.match(r"[\w\])]", before) or not parted:
        return piece
    return _COMMA.sub(".", piece)


def listed(text: str) -> str:
    """A list that is written as it is shown, with blanks and semicolons, as Python writes it.

    >>> listed("[1  −2; 3  4e−4]"), listed("[1 + 2, 3]"), listed("−∞")
    ('[[1, -2], [3, 4e-4]]', '[1 + 2, 3]', '-inf')
    """
    text = text.replace("∞", "inf").replace("NaN", "nan").strip()
    if not _LIST.fullmatch(text):
        return text.replace("−inf", "-inf")
    rows = [re.split(r"[\s,]+", row.strip()) for row in text[1:-1].replace("−", "-").split(";")]
    if not all(re.fullmatch(_NUMBER, entry) for row in rows for entry in row):
        return text
    lines = [f"[{', '.join(row)}]" for row in rows]
    return lines[0] if len(rows) == 1 else f"[{', '.join(lines)}]"
