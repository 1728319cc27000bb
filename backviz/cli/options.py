"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


source = click.argument("src", metavar="SRC")

to_file = click.option(
    "-o", "--output", metavar="FILE", default="-", help="Where to write; - is standard output."
)

words = together(
    click.option("--lang", metavar="en|ru", default="en", help="Language of the words."),
    click.option(
        "--digits", type=int, default=0, metavar="N", help="Significant digits.  [3 or 4]"
    ),
    click.option("--decimal", metavar=".|,", default=".", help="Decimal sign."),
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")

quiet = click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")

debug = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
