"""`backviz describe`: the text version of a picture."""

from __future__ import annotations

from typing import Any

import click

from backviz.cli import options
from backviz.cli.help import Command


@click.command(cls=Command, short_help="Values and gradients as text.")
@options.source
@options.to_file
@options.lines
@options.words
@options.quiet
@options.debug
def describe(src: str, output: str, lang: str, **given: Any) -> int:
    """Say what a picture of SRC shows: every value, every gradient as its sum."""
    from backviz.cli.loading import load_loaded
    from backviz.explanations import describe as describe_value

    loaded = load_loaded(src, quiet=given["quiet"], lines=given["lines"])
    numbers = number_style(given)
    text = describe_value(loaded.value, numbers, lang, given["lines"], loaded.beside)
    return print_or_write(text, output, loaded.value, given["quiet"])


def number_style(given: dict[str, Any]) -> Any:
    """The options for numbers, checked as for a figure."""
    from backviz.diagrams.style import Style

    return Style(digits=given["digits"], decimal=given["decimal"], powers=given["powers"]).numbers


def print_or_write(text: str, output: str, value: Any, quiet: bool) -> int:
    """Text to a file or standard output; the exit code says whether all was finite."""
    from backviz.autodiff.finite import find_not_finite
    from backviz.cli.terminal import print_text, say
    from backviz.errors import NotFiniteError
    from backviz.files import write_file

    if output == "-":
        print_text(text)
    else:
        write_file(output, (text + "\n").encode())
    fault = find_not_finite(value)
    if fault:
        say(fault)
        return NotFiniteError.exit_code
    return 0
