"""Arrays in a console: rows under each other on the decimal sign, as wide as the screen.

Invariant: a row of numbers stands on one line, whole; an array whose rows do not fit is told by its
shape, mean and range.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from backviz.signs import SPACES
from backviz.stepping.look import INDENT, TIED, Look
from backviz.telling.wording import shape_of
from backviz.text import aligned, facts, padded, screen_width

HIGH, WIDE = 8, 50  # rows and columns of a matrix that are written out if they fit
LEAST = 2  # columns before a row
BESIDE = 30  # columns that the text beside an array on one line may take
LISTED, WRAPPED = 20, 200  # rows of a matrix, and entries of a vector, that are printed in full
PARTS = 6  # blocks of columns, or slices of an array with more axes, that are
PRECISE = 6  # digits of an array that is printed in full
GAP = "  "

Piece = Any  # a number, an array, or text that stands beside them


def put(look: Look, before: str, *pieces: Piece, indent: int = INDENT) -> list[str]:
    """Text, then numbers, arrays and signs beside it: on one line, or row under row.

    >>> x = np.array([[1.0, -0.5], [12.25, 3.0], [0.0, 7.0]])
    >>> print("\\n".join(put(Look(), "  value     W =", x)))
      value     W = [ 1     −0.5]
                    [12.25   3  ]
                    [ 0      7  ]
    """
    head = look.lines(before, indent)
    column = screen_width(head[-1]) + 1
    if any(map(_is_array, pieces)) and all(map(_is_flat, pieces)):
        line = f"{head[-1]} {''.join(_inline(p, look) for p in pieces)}"
        if screen_width(line) <= look.width:
            return [*head[:-1], line.rstrip()]
    pieces = tuple(_that_fits(piece, look) for piece in pieces)
    if not any(map(_is_array, pieces)):
        return look.lines(f"{before} {''.join(_inline(p, look) for p in pieces)}", indent)
    blocks = [block(piece, look) for piece in pieces]
    if column + _width(blocks) <= look.width:
        return [*head[:-1], *_beside([[f"{head[-1]} "], *blocks])]
    for left in (indent, LEAST):
        if left + _width(blocks) <= look.width:
            return [*head, *_beside([[" " * left], *blocks])]
    below = [_below(piece, made, look, indent) for piece, made in zip(pieces, blocks, strict=True)]
    return [*head, *(line for lines in below for line in lines)]


def _that_fits(piece: Piece, look: Look) -> Piece:
    """A piece, but words for an array whose rows are too many or too wide for the screen."""
    if not _is_array(piece):
        return piece
    if not _is_written_out(piece) or LEAST + _width([block(piece, look)]) > look.width:
        return in_words(piece, look)
    return piece


def _below(piece: Piece, rows: list[str], look: Look, indent: int) -> list[str]:
    """A piece on lines of its own."""
    if _is_array(piece):
        left = indent if indent + _width([rows]) <= look.width else LEAST
        return [" " * left + row for row in rows]
    said = _inline(piece, look).strip()
    return look.lines(" " * indent + said, indent) if said else []


def rows_of(piece: Piece, look: Look) -> list[str]:
    """The lines of a piece; of an array that is too high, its words."""
    if _is_array(piece) and not _is_written_out(piece):
        return [look.fit(in_words(piece, look))]
    return block(piece, look)


def block(piece: Piece, look: Look) -> list[str]:
    """The rows of an array in columns; one line for a number, a text, or too many rows."""
    if not _is_array(piece):
        return [_inline(piece, look)]
    matrix = piece.reshape(1, -1) if piece.ndim == 1 else piece
    return bracketed([[_number(x, look) for x in row] for row in matrix], look)


def bracketed(cells: Sequence[Sequence[str]], look: Look) -> list[str]:
    """Cells in columns that are aligned on the decimal sign, each row in brackets.

    Where that is too wide for the screen, columns are aligned on the right.
    """
    columns = [aligned(column, look.numbers.decimal) for column in zip(*cells, strict=True)]
    if LEAST + sum(len(column[0]) + len(GAP) for column in columns) > look.width:
        columns = [[padded(cell, max(map(screen_width, column)), True) for cell in column]
                   for column in zip(*cells, strict=True)]  # fmt: skip
    rows = (GAP.join(row) for row in zip(*columns, strict=True))
    return [f"[{_blank(row)}]" for row in rows]


def together(vectors: Sequence[np.ndarray], look: Look) -> list[str]:
    """Vectors of one length as rows of one table, so that their entries stand under each other."""
    return bracketed([[_number(x, look) for x in vector] for vector in vectors], look)


def in_words(x: np.ndarray, look: Look) -> str:
    """Shape, mean and range of an array; how many entries are NaN."""
    shape = shape_of(x)
    if not x.size:
        return look.say("{shape}: empty", shape=shape)
    missing = int(np.isnan(x).sum())
    if missing == x.size:
        return look.say("{shape}: all {x}", shape=shape, x="NaN")
    if missing:
        kept = x[~np.isnan(x)]
        return look.say(
            "{shape}: {n} of {m} are NaN, the others from {least} to {greatest}", n=missing,
            shape=shape, m=x.size, least=_number(kept.min(), look),
            greatest=_number(kept.max(), look),
        )  # fmt: skip
    _mean, least, greatest = facts(x)
    if least == greatest:
        return look.say("{shape}: all {x}", shape=shape, x=_number(least, look))
    return look.say("{shape}: mean {mean}, from {least} to {greatest}", shape=shape,
                    mean=look.numbers.mean(x), least=_number(least, look),
                    greatest=_number(greatest, look))  # fmt: skip


def in_line(x: Any, look: Look) -> str:
    """A number, or an array on one line: entry by entry where there is room, else in words."""
    if not _is_array(x):
        return _inline(x, look)
    line = _inline(x, look).replace(" ", TIED) if _is_flat(x) else ""
    return line if line and screen_width(line) <= look.width - BESIDE else in_words(x, look)


def in_full(name: str, x: np.ndarray, look: Look, more: str = "") -> list[str]:
    """An array with all its entries, as far as a person reads them, after its name and shape.

    Columns that do not fit beside the others, and the slices of an array with more than two axes,
    stand below with the index that names them.
    """
    look = replace(look, numbers=replace(look.numbers, digits=max(PRECISE, look.numbers.digits)))
    if not x.size:
        return look.lines(f"{name} = {in_words(x, look)}{more}", 2)
    lines = look.lines(f"{name} = {shape_of(x)}{more}", 2)
    for index, part in _parts(x):
        lines += [f"  [{index}]"] if index else []
        lines += _wrapped(part, look) if part.ndim == 1 else _matrix(part, index, look)
    left = int(np.prod(x.shape[:-2])) - PARTS if x.ndim > 2 else 0
    return lines + _left_out(left, f"{name}[{PARTS}:]", look)


def _parts(x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The vectors or matrices that an array consists of, the first few, with their index."""
    if x.ndim <= 2:
        yield "", x
        return
    for index in islice(np.ndindex(*x.shape[:-2]), PARTS):
        yield f"{', '.join(map(str, index))}, :, :", x[index]


def _wrapped(x: np.ndarray, look: Look) -> list[str]:
    """A vector in rows as long as the screen is wide, each after the number of its first entry."""
    plain = [_number(v, look) for v in x[:WRAPPED]]
    line = f"  [{GAP.join(plain)}]"
    if x.size <= WIDE and screen_width(line) <= look.width:
        return [line]
    cells = aligned(plain, look.numbers.decimal)
    room = look.width - 6 - len(f"{x.size}")
    many = max(1, room // (screen_width(cells[0]) + 2))
    label = len(f"[{len(cells)}]")
    rows = [(f"[{k}]", GAP.join(cells[k : k + many])) for k in range(0, len(cells), many)]
    lines = [f"  {padded(first, label)}  {_blank(row)}".rstrip() for first, row in rows]
    return lines + _left_out(x.size - WRAPPED, f"[{WRAPPED}:]", look)


def _matrix(x: np.ndarray, index: str, look: Look) -> list[str]:
    """A matrix, in blocks of as many columns as fit."""
    columns = [aligned([_number(v, look) for v in column], look.numbers.decimal)
               for column in x[:LISTED, : WIDE * PARTS].T]  # fmt: skip
    lines, begin = [], 0
    for _part in range(PARTS):
        end, room = begin, look.width - 4
        while end < len(columns) and (room := room - screen_width(columns[end][0]) - 2) >= -2:
            end += 1
        end = max(end, begin + 1)
        if begin or end < x.shape[1]:
            said = f"{begin}:{end}" if end > begin + 1 else f"{begin}"
            lines.append(f"  [{index[:-1] if index else ':, '}{said}]")
        rows = zip(*columns[begin:end], strict=True)
        lines += [f"  [{_blank(GAP.join(row))}]" for row in rows]
        begin = end
        if begin >= len(columns):
            break
    lines += _left_out(x.shape[0] - LISTED, f"[{LISTED}:]", look)
    return lines + _left_out(x.shape[1] - begin, f"[:, {begin}:]", look)


def _left_out(many: int, where: str, look: Look) -> list[str]:
    if many <= 0:
        return []
    said = look.count("… {n:,} more: {where}", "… {n:,} more: {where}", many, where=where)
    return look.lines(f"  {said}", 4)


def _blank(row: str) -> str:
    return row.translate(SPACES)


def is_tall(x: Any) -> bool:
    """Whether a number takes several lines."""
    return isinstance(x, np.ndarray) and x.ndim > 1 and x.shape[0] > 1


def _is_array(piece: Piece) -> bool:
    return isinstance(piece, np.ndarray) and piece.ndim > 0


def _is_written_out(x: np.ndarray) -> bool:
    if x.ndim == 1:
        return 0 < x.size <= WIDE
    return x.ndim == 2 and 0 < x.shape[0] <= HIGH and 0 < x.shape[1] <= WIDE


def _is_flat(piece: Piece) -> bool:
    """Whether a piece is of one line, or a matrix of so few rows that they stand on one."""
    return not _is_array(piece) or (
        _is_written_out(piece) and (piece.ndim == 1 or piece.shape[0] <= 2)
    )


def _inline(piece: Piece, look: Look) -> str:
    if isinstance(piece, str):
        return look.signs(piece)
    if not _is_array(piece):
        return _number(piece, look)
    rows = piece.reshape(1, -1) if piece.ndim == 1 else piece
    return f"[{'; '.join(GAP.join(_number(x, look) for x in row) for row in rows)}]"


def _number(x: Any, look: Look) -> str:
    return look.fit(look.numbers.format(float(x)))


def _width(blocks: Sequence[Sequence[str]]) -> int:
    return sum(max(map(screen_width, rows)) for rows in blocks)


def _beside(blocks: Sequence[Sequence[str]]) -> list[str]:
    """Blocks of lines side by side, their first lines on one level."""
    widths = [max(map(screen_width, rows)) for rows in blocks]
    lines = []
    for k in range(max(map(len, blocks))):
        cells = [rows[k] if k < len(rows) else "" for rows in blocks]
        lines.append("".join(padded(c, w) for c, w in zip(cells, widths, strict=True)).rstrip())
    return lines


def table(look: Look, rows: Sequence[Sequence[Piece]], indent: int = 2) -> list[str]:
    """Texts in columns, and beside or below each row its number or array.

    Vectors of one length in the last column stand entry under entry.
    """
    texts = [[look.fit(cell) for cell in row[:-1]] for row in rows]
    widths = [max(map(screen_width, column)) for column in zip(*texts, strict=True)]
    lasts = [row[-1] for row in rows]
    vectors = [x for x in lasts if _is_array(x) and x.ndim == 1 and x.size]
    if len(vectors) == len(lasts) and len({x.size for x in vectors}) == 1:
        told = together(vectors, look)
        if indent + sum(widths) + 2 * len(widths) + screen_width(told[0]) <= look.width:
            lasts = told
    lines = []
    for cells, last in zip(texts, lasts, strict=True):
        line = GAP.join(padded(c, w) for c, w in zip(cells, widths, strict=True))
        lines += put(look, f"{' ' * indent}{line} ", last, indent=indent + 4)
    return lines
