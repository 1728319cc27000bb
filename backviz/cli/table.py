"""`backviz table`: the backward pass, a row for each contribution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backviz.cli import options
from backviz.cli.describe import number_style, print_or_write
from backviz.cli.help import Command


@click.command(cls=Command, short_help="The backward pass as a table.")
@options.source
@options.to_file
@options.form("backviz.tables:TABLES", "txt, md, csv, json or latex")
@options.lines
@options.words
@options.quiet
@options.debug
def table(src: str, output: str, form: str | None, lang: str, **given: Any) -> int:
    """List every contribution: step, node, upstream × local = contribution, running total."""
    from backviz.cli.loading import load_loaded
    from backviz.tables import table as make_table

    form = chosen_format(output, form)
    loaded = load_loaded(src, quiet=given["quiet"], lines=given["lines"])
    text = make_table(
        loaded.value, form, number_style(given), lang, given["lines"], beside=loaded.beside
    )
    return print_or_write(text, output, loaded.value, given["quiet"])


def chosen_format(output: str, form: str | None) -> str:
    """The table format that extension and -F agree on."""
    from backviz.formats import resolve
    from backviz.tables import TABLES

    if form is None and output != "-" and not Path(output).suffix:
        return "txt"
    return resolve(output, form, TABLES, without="txt")
