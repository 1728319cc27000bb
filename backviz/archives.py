"""Arrays as one file for `numpy.load`.

Invariant: the same arrays give the same bytes, and nothing in the file is a program.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from backviz.errors import InputError
from backviz.language import _


def archive(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An NPZ archive; its entries have no date.

    >>> archive({"a": np.zeros(2)}) == archive({"a": np.zeros(2)})
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            raw = io.BytesIO()
            np.lib.format.write_array(raw, np.asarray(array), allow_pickle=False)
            made.writestr(entry, raw.getvalue())
    return buffer.getvalue()


def unpacked(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of such a file by name; one sentence if it is none."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except OSError as error:
        raise InputError(
            _("cannot read {path}: {strerror}", path=path, strerror=error.strerror or error)
        ) from None
    except (ValueError, KeyError, AttributeError, zipfile.BadZipFile, EOFError):
        raise InputError(
            _("{path} is no whole archive of arrays; write it anew", path=path)
        ) from None
