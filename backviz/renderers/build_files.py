"""The files of a build: which format a name stands for, and the names of numbered files.

Invariant: the command line and Python go this way, so that a name means the same in both.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from backviz.displays import WRITERS
from backviz.errors import UsageError
from backviz.files import is_numbered, write_file, write_numbered
from backviz.renderers import refuse_document
from backviz.renderers.builds import BUILDERS

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps

_ENDINGS = {"tex": "tikz", "htm": "html"}


def build_format(output: str, form: str | None = None) -> str:
    """The format that the name of the output and `form` agree on.

    An SVG is one file of fragments, or a file for each step where the name has a number. Raises
    `UsageError` if the two do not agree or neither says it.

    >>> build_format("b.pdf"), build_format("b.svg"), build_format("out/%02d.svg")
    ('pdf', 'fragments', 'svg')
    """
    extension = Path(output).suffix[1:].lower()
    extension = _ENDINGS.get(extension, extension)
    refuse_document(
        form or extension, "a PNG for each step: -o 'out/%02d.png' --for slide, or a film: -o b.mp4"
    )
    numbered = is_numbered(output)
    if form is None:
        if not extension:
            raise UsageError(
                "name a file with -o, such as steps.pdf, steps.html or 'out/%02d.png', or say -F"
            )
        form = "fragments" if extension == "svg" and not numbered else extension
    builder = BUILDERS[form]
    fits = "svg" if builder.name == "fragments" else builder.name
    if extension and extension != fits:
        raise UsageError(f"{output} ends in .{extension}, but -F says {form}; drop one of the two")
    if builder.each and not numbered:
        raise UsageError(
            f"{form} gives a file for each step; put a number into the name, for example "
            f"-o 'steps-%02d.{form}'"
        )
    if numbered and not builder.each:
        raise UsageError(f"{form} makes one file; take the %d out of {output}")
    return builder.name


def build_of(steps: Steps, output: str, form: str | None = None) -> list[bytes]:
    """The files of a build in the format that a name stands for."""
    return BUILDERS[build_format(output, form)](steps)


def write_build(output: str, files: list[bytes]) -> list[str]:
    """Write the files of a build, all or none; their paths, with the number of each step from 1."""
    if is_numbered(output):
        return write_numbered(output, len(files), files)
    write_file(output, files[0])
    return [output]


def save_build(steps: Steps, output: str, form: str | None = None) -> list[str]:
    """Write a build in the format that the name and `form` agree on; the paths."""
    return write_build(output, build_of(steps, output, form))


WRITERS.add("steps", save_build)
