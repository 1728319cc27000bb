"""What a film shows as plain arrays, one for each thing on a panel.

Invariant: the first axis counts frames; what is static has no such axis. Vectors that
grow from frame to frame are filled up with NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.scenes.artist import Artist
from backviz.scenes.model import Film

Shown = dict[str, np.ndarray]


def stacked(film: Film) -> Shown:
    """Arrays named `panel.artist.field`, and `caption` (frames,).

    >>> from backviz import scenes
    >>> data = scenes.tangent(frames=5).data()
    >>> data["curve.f.y"].shape, data["derivative.slope.y"].shape
    ((241,), (5, 5))
    """
    made: Shown = {}
    for panel in film.panels:
        for artist in panel.static:
            made |= {k: np.asarray(v) for k, v in named(panel.key, artist).items()}
    rows: dict[str, list[Any]] = {}
    captions = []
    for k, (frame, seen) in enumerate(film.states()):
        captions.append(frame.caption)
        for panel_key, artists in seen.items():
            for artist in artists.values():
                for name, value in named(panel_key, artist).items():
                    column = rows.setdefault(name, [])
                    column += [None] * (k - len(column))
                    column.append(value)
    made |= {name: _stack(column) for name, column in rows.items()}
    return {"caption": np.array(captions), **made}


def named(panel: str, artist: Artist) -> dict[str, Any]:
    """The artist's data under full names."""
    return {f"{panel}.{artist.key}.{field}": value for field, value in artist.data().items()}


def _stack(column: list[Any]) -> np.ndarray:
    """Values of one thing, frame by frame; absent ones and short ends are NaN or empty text."""
    first = next(v for v in column if v is not None)
    if not np.issubdtype(np.asarray(first).dtype, np.number):
        return np.array([[] if v is None else v for v in column], dtype=object).astype(str)
    given = [np.zeros(np.shape(first)) * np.nan if v is None else np.asarray(v) for v in column]
    shape = np.max([v.shape for v in given], axis=0).astype(int)
    table = np.full((len(given), *shape), np.nan)
    for k, values in enumerate(given):
        place: Any = (k, *(slice(n) for n in values.shape))
        table[place] = values
    return table
