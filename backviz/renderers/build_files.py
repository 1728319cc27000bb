"""The files of a build: which format a name stands for, and the names of numbered files.

Invariant: the command line and Python go this way, so that a name means the same in both.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from backviz.displays import WRITERS
from backviz.errors import UsageError
from backviz.files import is_numbered, write_file, write_numbered
from backviz.formats import resolve
from backviz.language import N_, _
from backviz.renderers.builds import BUILDERS

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps


def build_format(output: str, form: str | None = None) -> str:
    """The format that the name of the output and `form` agree on.

    An SVG is one file of fragments, or a file for each step where the name has a number. Raises
    `UsageError` if the two do not agree or neither says it.

    >>> build_format("b.pdf"), build_format("b.svg"), build_format("out/%02d.svg")
    ('pdf', 'fragments', 'svg')
    """
    numbered = is_numbered(output)
    extension = Path(output).suffix[1:].lower()
    fragments = form == "fragments" or (form is None and extension == "svg" and not numbered)
    if form is None and not extension:
        raise UsageError(
            _("name a file with -o, such as steps.pdf, steps.html or 'out/%02d.png', or say -F")
        )
    if fragments and extension in ("", "svg"):
        form = "fragments"
        builder = BUILDERS[form]
    else:
        instead = N_("a PNG for each step: -o 'out/%02d.png' --for slide, or a film: -o b.mp4")
        builder = BUILDERS[resolve(output, form, BUILDERS, instead=instead)]
    if builder.each and not numbered:
        raise UsageError(
            _(
                "{name} gives a file for each step; put a number into the name, for "
                "example -o 'steps-%02d.{name}'",
                name=builder.name,
            )
        )
    if numbered and not builder.each:
        raise UsageError(
            _(
                "{name} makes one file; take the %d out of {output}",
                name=builder.name,
                output=output,
            )
        )
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
    from backviz.renderers.letters import said_of_steps, warn_of_letters

    paths = write_build(output, build_of(steps, output, form))
    warn_of_letters(said_of_steps(steps, build_format(output, form)))
    return paths


WRITERS.add("steps", save_build)
