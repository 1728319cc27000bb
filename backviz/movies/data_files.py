"""What a film shows as data: NPZ, JSON, CSV, each with the settings that made it.

Invariant: the same bytes for the same film; numbers are written so that they read back
exactly.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from math import isnan

import numpy as np

from backviz.archives import archive
from backviz.movies.reel import about
from backviz.scenes.model import Film
from backviz.stability import SCHEMA
from backviz.text import json_ready


def npz(film: Film) -> bytes:
    """An archive for `numpy.load`: `film.data()` and `settings` as JSON text."""
    arrays = {"settings": np.array(json.dumps(_settings(film), ensure_ascii=False)), **film.data()}
    return archive(arrays)


def as_json(film: Film) -> bytes:
    """An object with title, settings, captions and the arrays as nested lists."""
    data = film.data()
    captions = data.pop("caption").tolist()
    made = {
        "schema": SCHEMA, "title": film.title, "alt": film.alt, "settings": _settings(film),
        "captions": captions, "data": data,
    }  # fmt: skip
    return (json.dumps(json_ready(made), ensure_ascii=False, indent=1) + "\n").encode()


def as_csv(film: Film) -> bytes:
    """A row for each number: name, frame (empty if static), index, value; settings on top."""
    out = io.StringIO()
    for name, value in _settings(film).items():
        out.write(f"# {name}: {value}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "frame", "index", "value"))
    static = {f"{p.key}.{a.key}.{f}" for p in film.panels for a in p.static for f in a.data()}
    for name, array in film.data().items():
        writer.writerows(_rows(name, array, name in static))
    return out.getvalue().encode()


def _rows(
    name: str, array: np.ndarray, static: bool
) -> Iterator[tuple[str, object, object, object]]:
    flat = array.reshape(1, -1) if static else array.reshape(len(array), -1)
    for frame, values in enumerate(flat.tolist()):
        for index, value in enumerate(values):
            if value not in ("", "nan") and not (isinstance(value, float) and isnan(value)):
                yield name, "" if static else frame, index, value


def _settings(film: Film) -> dict[str, object]:
    return {**about(film), **film.settings}
