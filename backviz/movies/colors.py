"""One palette of 256 colours for a whole film, and a table that finds a pixel's entry.

Invariant: the flat colours of a figure (paper, ink, lines) are in the palette exactly, so
they do not flicker; no dithering, so what is still stays still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

MOST = 255  # colours; entry 255 is left for "as it was before"
EXACT = 48
BITS = 5


@dataclass(frozen=True)
class Colors:
    """Up to 255 colours (n, 3) `uint8`, the most frequent ones exactly.

    >>> red = np.zeros((2, 2, 4), np.uint8) + np.array([200, 10, 20, 255], np.uint8)
    >>> colors = Colors.of([red])
    >>> colors.table[colors.indices(red)[0, 0]].tolist()
    [200, 10, 20]
    """

    table: np.ndarray
    exact: int  # how many at the front are exact

    @classmethod
    def of(cls, pictures: Iterable[np.ndarray]) -> Colors:
        """The palette for pictures (height, width, 4) that hold every colour of the film."""
        counted: dict[int, int] = {}
        before = None
        for picture in pictures:  # what the last one had in the same place is counted already
            now = _packed(picture)
            fresh = now if before is None else now[now != before]
            before = now
            values, counts = np.unique(fresh, return_counts=True)
            for value, n in zip(values.tolist(), counts.tolist(), strict=True):
                counted[value] = counted.get(value, 0) + n
        ranked = sorted(counted, key=lambda v: (-counted[v], v))
        flat, rest = ranked[:EXACT], ranked[EXACT:]
        table = [_unpacked(np.array(flat))]
        if rest:
            # a rare colour counts for less, but not for nothing
            weights = np.sqrt([counted[v] for v in rest]).astype(int) + 1
            crowd = _unpacked(np.repeat(np.array(rest), np.minimum(weights, 64)))
            picked = Image.fromarray(crowd[None]).quantize(MOST - len(flat))
            table.append(np.array(picked.getpalette(), np.uint8).reshape(-1, 3)[: MOST - len(flat)])
        return cls(np.concatenate(table), len(flat))

    @cached_property
    def _near(self) -> np.ndarray:
        """The nearest entry for every colour of 5 bits a channel."""
        steps = (np.arange(1 << BITS) << (8 - BITS)) + (1 << (7 - BITS))
        cells = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
        table = self.table.astype(np.float32)
        cells = cells.astype(np.float32)
        far = (cells**2).sum(1)[:, None] - 2 * cells @ table.T + (table**2).sum(1)
        near: np.ndarray = far.argmin(1).astype(np.uint8)
        for k in range(self.exact - 1, -1, -1):
            near[_cell(self.table[k : k + 1].astype(np.uint32))] = k
        return near

    def tracked(self) -> Callable[[np.ndarray], np.ndarray]:
        """`indices` for one picture after another: only rows that changed are looked up.

        What it returns is its own and is changed by the next call.
        """
        before = entries = np.zeros((0, 0), np.uint32)

        def look_up(pixels: np.ndarray) -> np.ndarray:
            nonlocal before, entries
            now = pixels.view(np.uint32)[..., 0]
            if before.shape != now.shape:
                before, entries = now.copy(), self.indices(pixels)
                return entries
            rows = np.flatnonzero((now != before).any(axis=1))
            if rows.size:
                before[rows] = now[rows]
                entries[rows] = self.indices(pixels[rows])
            return entries

        return look_up

    def indices(self, pixels: np.ndarray) -> np.ndarray:
        """The entry for each pixel, (height, width) `uint8`."""
        found: np.ndarray = self._near[_cell(pixels)]
        return found


def _cell(pixels: np.ndarray) -> np.ndarray:
    keep = 8 - BITS
    red, green, blue = (pixels[..., i].astype(np.uint16) >> keep for i in range(3))
    cell: np.ndarray = (red << 2 * BITS) | (green << BITS) | blue
    return cell


def _packed(picture: np.ndarray) -> np.ndarray:
    red, green, blue = (picture[..., i].astype(np.uint32) for i in range(3))
    packed: np.ndarray = (red << 16) | (green << 8) | blue
    return packed


def _unpacked(values: np.ndarray) -> np.ndarray:
    return np.stack([values >> 16 & 255, values >> 8 & 255, values & 255], -1).astype(np.uint8)
