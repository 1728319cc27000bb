"""What a format is, and which one a command writes: what the file's name and `-F` say together.

Invariant: pictures, builds, films and tables are columns of one table, `WRITTEN`, and all choose
here, so that an ending or a name means the same everywhere, and two that disagree are one sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from backviz.errors import UsageError
from backviz.files import extension_of
from backviz.language import N_, _
from backviz.registry import Registry, loaded

Kind = Literal["picture", "build", "film", "page", "text", "code", "data"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name (also the file extension), what it is for, and the function that makes it.

    The function may be named as `module:function`; it is imported when the format is used. `kind`
    says what comes out: a picture, a build (pages, numbered files), a film, a page with controls,
    text for a person, code for another program to draw or set, or data. `endings` are other
    extensions, which are other names as well.
    """

    name: str
    about: str
    place: str | Callable[..., Any]
    kind: Kind = "picture"
    endings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, which are endings as well."""
        return (self.name, *self.endings)

    @property
    def make(self) -> Callable[..., Any]:
        """The function; what it needs is imported now.

        `MissingPieceError` if that is not installed.
        """
        found: Callable[..., Any] = loaded(self.name, self.place)
        return found


F = TypeVar("F", bound=Format)


class Formats(Registry[F]):
    """The formats that a command writes: a column of the one table of formats.

    The function of a row takes what the command has made, a figure, steps, a reel or the rows of a
    table, so the same name has a function in each column, and a column is typed.
    """

    def __init__(self, command: str, home: str | tuple[str, ...] = ()) -> None:
        super().__init__("format", home)
        self.command = command
        WRITTEN.add(command, self)

    def enter(self, row: F) -> F:
        """Enter a format under its name and its other endings."""
        return self.add(row.name, row, row.endings)


_COMMANDS = (
    "graph",
    "steps",
    "animate",
    "train",
    "step",
    "table",
)  # which write files, as lists go
WRITTEN: Registry[Formats[Any]] = Registry(
    "command",
    home=(
        "backviz.renderers", "backviz.renderers.builds", "backviz.movies.formats",
        "backviz.training.formats", "backviz.stepping.handout", "backviz.tables",
    ),
    order=lambda column: _COMMANDS.index(column.command),
)  # fmt: skip


def every_format() -> dict[str, dict[str, Format]]:
    """The one table of formats: for each name the row of every command that writes it.

    >>> {command: row.kind for command, row in every_format()["pdf"].items()}
    {'graph': 'picture', 'steps': 'build', 'animate': 'picture'}
    """
    table: dict[str, dict[str, Format]] = {}
    for command, column in WRITTEN.items():
        for name, row in column.items():
            table.setdefault(name, {})[command] = row
    return table


_DOCUMENTS = {
    "pptx": "PowerPoint", "ppt": "PowerPoint", "key": "Keynote", "odp": "Impress",
    "docx": "Word", "odt": "Writer",
}  # fmt: skip


def resolve(
    output: str,
    form: str | None,
    formats: Formats[Any],
    *,
    without: str = "",
    instead: str = N_("a picture: -o graph.png --for slide"),
) -> str:
    """The name of the format of a file (`-` is standard output); `form` is what -F says.

    `without` is the format where neither says it, `instead` what to give to a program whose own
    files are not written here. Raises `UsageError` if name and `form` disagree or neither says it.

    >>> from backviz.tables import TABLES
    >>> resolve("t.tex", None, TABLES), resolve("-", "tex", TABLES), resolve("t.tex", "tex", TABLES)
    ('latex', 'latex', 'latex')
    >>> resolve("t.md", "csv", TABLES)
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: t.md ends in .md, but -F says csv; drop one of the two
    """
    extension = "" if output == "-" else Path(output).suffix.lower().removeprefix(".")
    for each in (form or "", extension):
        _refuse_document(each, instead)
    asked = formats.name_of(form.lower()) if form else ""
    if not extension:
        if output == "-" and not (asked or without):
            raise UsageError(
                _(
                    "standard output has no extension; say the format with -F, as in -F {next}",
                    next=next(iter(formats)),
                )
            )
        if not asked and output != "-":
            extension_of(output, formats)  # raises its own sentence
        return asked or without
    if asked and output.startswith("/dev/"):
        return asked
    if asked and (extension not in formats or formats.name_of(extension) != asked):
        raise UsageError(
            _(
                "{output} ends in .{extension}, but -F says {form}; drop one of the two",
                output=output,
                extension=extension,
                form=form,
            )
        )
    return asked or formats.name_of(extension)


def _refuse_document(extension: str, instead: str) -> None:
    """Say what to give a program whose own files are not written here."""
    if extension in _DOCUMENTS:
        raise UsageError(
            _(
                ".{extension} files are not written here; {documents} takes {instead}",
                extension=extension,
                documents=_DOCUMENTS[extension],
                instead=_(instead),
            )
        )
