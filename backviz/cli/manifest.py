"""What a program wants to know about the files that a command has written.

Invariant: pictures, builds and films have the same fields first; what only one of them has
stands behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from backviz.cli.kept import told_defaults
from backviz.files import entry_of

if TYPE_CHECKING:
    from pathlib import Path

    from backviz.diagrams.drawing import Drawing

Written = Iterable[tuple["str | Path", bytes]]


def manifest(form: str, files: Written, alt: str | list[str], **more: Any) -> dict[str, Any]:
    """The fields: format, files (path, bytes, sha256), alt, those of the command, defaults.

    `alt` says what is seen, for each step of a build. `defaults` is the project's file and what
    was taken from it, or nothing (docs/command-line.md).
    """
    return {
        "format": form,
        "files": [entry_of(path, data) for path, data in files],
        "alt": alt,
        **more,
        "defaults": told_defaults(),
    }


def measures(drawing: Drawing) -> dict[str, Any]:
    """The size of a drawn page and of its smallest text, in points."""
    return {
        "pt": [round(drawing.width, 2), round(drawing.height, 2)],
        "min_font_pt": round(drawing.least_text, 2),
    }
