"""Help that a person can take in: the options that most need first, the others under headings.

Invariant: an option says itself which heading it stands under; a command of few options has one
list. All lists of a command are set in the same two columns.
"""

from __future__ import annotations

from typing import Any, cast

import click

from backviz import plugins
from backviz.cli.kept import Kept
from backviz.cli.speech import said
from backviz.language import N_, _

FIRST = 12  # options in the list that comes first, --help among them
GRAPH, PART, LOOK, FILM = N_("The graph"), N_("A part of it"), N_("The look"), N_("The film")
MESSAGES, TRAINING = N_("Messages, programs, plugins"), N_("The training")
CHANGE = N_("SRC changed, in place of OTHER")
_HEADINGS = (CHANGE, TRAINING, GRAPH, PART, FILM, LOOK, MESSAGES)
_WIDEST = 30  # columns of an option's name

Rows = list[tuple[str, str]]


class Option(click.Option):
    """An option with the heading it stands under; "" is the list that comes first."""

    def __init__(self, *args: Any, heading: str = "", **more: Any) -> None:
        super().__init__(*args, **more)
        self.heading = heading


class Command(click.Command):
    """A command whose help has headings where its options are many.

    `kinds` are the tables that its arguments name a row of: what plugins add to them is said.
    What is not said on its line may stand in the project's file (`backviz.cli.kept`), but for a
    command that has to work whatever stands there (`keeps`).
    """

    def __init__(
        self, *args: Any, kinds: tuple[str, ...] = (), keeps: bool = True, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.kinds, self.keeps = kinds, keeps

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line; the file is asked for what it lacks."""
        if self.keeps and not ctx.resilient_parsing:
            ctx.default_map = cast("Any", Kept(self.params))  # nothing writes into it
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The help screen, which is the same in every folder."""
        ctx.default_map = None
        return super().get_help(ctx)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help in the language of whoever reads it."""
        with said(self):
            super().format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        """What the group says of the command."""
        with said(self):
            return super().get_short_help_str(limit)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lists of options."""
        lists = listed(self, ctx)
        widest = max(map(_width, lists.values()))
        for heading, rows in lists.items():
            with formatter.section(_(heading or "Options")):
                formatter.write_dl(rows, _WIDEST, 2 + widest - _width(rows))
        if self.kinds:
            write_added(formatter, self.kinds)


class Group(click.Group):
    """A group whose help is in the language of whoever reads it."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        with said(self):
            super().format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        """What the group above says of it."""
        with said(self):
            return super().get_short_help_str(limit)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write options and commands."""
        with formatter.section(_("Options")):
            formatter.write_dl([row for rows in listed(self, ctx).values() for row in rows])
        self.format_commands(ctx, formatter)


def write_added(formatter: click.HelpFormatter, kinds: tuple[str, ...] = ()) -> None:
    """A list of what plugins have added, of these kinds or of all."""
    if not plugins.LOADED:
        return
    from backviz.registry import added

    rows = [(_(kind), ", ".join(names)) for kind, names in added().items()]
    if rows := [row for row in rows if not kinds or row[0] in kinds]:
        with formatter.section(_("Added by plugins")):
            formatter.write_dl(rows)


def listed(command: click.Command, ctx: click.Context) -> dict[str, Rows]:
    """The rows of a command's help by heading; a heading of its own comes before all."""
    options = [p for p in command.get_params(ctx) if isinstance(p, click.Option)]
    lists: dict[str, Rows] = {}
    for option in options:
        heading = getattr(option, "heading", "") if len(options) > FIRST else ""
        with said(option):
            if record := option.get_help_record(ctx):
                lists.setdefault(heading, []).append(record)
    own = [heading for heading in lists if heading not in ("", *_HEADINGS)]
    return {heading: lists[heading] for heading in (*own, "", *_HEADINGS) if heading in lists}


def _width(rows: Rows) -> int:
    """The columns of the names in a list; a name that is longer stands on a line of its own."""
    return min(max(len(name) for name, _text in rows), _WIDEST)
