"""`--plugin FILE`, on every command: a person's own rows, there before any option is looked at.

Invariant: files and installed plugins are loaded by the group of commands, from the whole line
and before it is parsed, so that help, completion and every option know what they have added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from backviz import plugins
from backviz.cli.completion import names_in, offer, offer_files
from backviz.cli.help import MESSAGES, Group, Option, write_added
from backviz.errors import BackvizError
from backviz.language import _


def plugin_option() -> Option:
    """The option as commands have it; what it asks for is done by then."""
    return Option(
        ["--plugin"],
        heading=MESSAGES,
        multiple=True,
        expose_value=False,
        metavar="FILE",
        shell_complete=offer_files,
        help="Python that adds ops, formats, themes and so on (docs/extend.md).",
    )


class Extensible(Group):
    """A group whose commands all take `--plugin`, and which loads the plugins first."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Enter a command, with the option at the end of its own."""
        cmd.params.append(plugin_option())
        super().add_command(cmd, name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Load what the line names and what is installed; a shell that completes hears no error."""
        from backviz.cli.terminal import say

        if ctx.resilient_parsing:
            _load(args, lambda said: None, BackvizError)
        else:
            _load(args, say, ())
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write options and commands, and what plugins have added."""
        super().format_options(ctx, formatter)
        write_added(formatter)


def _load(args: list[str], tell: Callable[[str], None], passed: Any) -> None:
    for file in _files(args):
        try:
            plugins.load_file(file)
        except passed:
            continue
    plugins.load_installed(tell)


def _files(args: Iterable[str]) -> Iterator[str]:
    """The files after `--plugin`; after `--` there are no options.

    >>> list(_files(["graph", "--plugin", "a.py", "--plugin=b.py", "--", "--plugin", "c.py"]))
    ['a.py', 'b.py']
    """
    words = iter(args)
    for word in words:
        if word == "--":
            return
        if word == "--plugin":
            yield from (file for file in [next(words, "")] if file)
        elif word.startswith("--plugin="):
            yield word.partition("=")[2]


class Named(Option):
    """An option that takes a name of a table (`module:TABLE`).

    The help says the names that are built in, so that it needs no import; what plugins have
    added stands behind.
    """

    def __init__(self, *args: Any, table: str, **more: Any) -> None:
        names = offer(lambda: names_in(table))
        super().__init__(*args, shell_complete=names, **more)
        self.table = table

    def unsaid(self) -> list[str]:
        """The names in the table that the help does not say."""
        said = {*re.findall(r"[\w-]+", f"{self.help} {self.metavar}")}
        return [name for name in names_in(self.table) if name not in said]

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and what it is for; after plugins, with what they have added."""
        record = super().get_help_record(ctx)
        added = self.unsaid() if plugins.LOADED else []
        if record is None or not added:
            return record
        return record[0], f"{record[1]}  Added: {', '.join(added)}."


def hinted(words: list[str], error: BackvizError) -> str:
    """A complaint; about an unknown name, with the file on the line that may have it."""
    from backviz.registry import Unknown

    said = str(error)
    if not isinstance(next(iter(error.args), ""), Unknown):
        return said
    for word in words:
        file = word.rpartition(":")[0] or word
        path = Path(file)
        if path.suffix != ".py" or not path.is_file() or str(path.resolve()) in plugins.LOADED:
            continue
        if "backviz.extend" in path.read_text("utf-8", errors="replace"):
            if said.endswith("?"):
                return _("{said} If {file} adds it, say --plugin {file}", said=said, file=file)
            return _("{said}; if {file} adds it, say --plugin {file}", said=said, file=file)
    return said
