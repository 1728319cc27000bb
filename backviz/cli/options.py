"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from backviz.cli.completion import offer, offer_composite, offer_files, offer_sources
from backviz.cli.plugin import named

Command = Callable[..., Any]


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


source = click.argument("src", metavar="SRC", shell_complete=offer_sources)

to_file = click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="-",
    help="Where to write; - is standard output.",
    shell_complete=offer_files,
)

words = together(
    named(
        "--lang",
        table="backviz.words:LANGUAGES",
        metavar="en|ru",
        default="en",
        help="Language of the words.",
    ),
    click.option(
        "--digits", type=int, default=0, metavar="N", help="Significant digits.  [3 or 4]"
    ),
    click.option(
        "--decimal",
        shell_complete=offer(lambda: (".", ",")),
        metavar=".|,",
        default=".",
        help="Decimal sign.",
    ),
)

derivative = together(
    click.option(
        "--order",
        type=click.IntRange(1, 4),
        default=1,
        help="2: the backward pass as a graph of its own.",
    ),
    click.option("--wrt", metavar="NAME", default="", help="With --order: the leaf to derive for."),
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")

quiet = click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")

debug = click.option("--debug", is_flag=True, help="Show the traceback of an error.")

looks = together(
    named(
        "--for",
        "size",
        table="backviz.diagrams.theme:PRESETS",
        metavar="PLACE",
        default="notebook",
        help="slide, under-title, half, beamer, paper or notebook: page and text size.  [notebook]",
    ),
    named(
        "--theme",
        table="backviz.diagrams.theme:THEMES",
        metavar="NAME",
        default="light",
        help="light, dark, print or contrast.  [light]",
    ),
    named(
        "--fold",
        table="backviz.diagrams.style:FOLDS",
        metavar="LEVEL",
        default="auto",
        help="none, constants, names, layers, blocks or auto: a box per node, op, name, layer, "
        "block, or as can be read.  [auto]",
    ),
    click.option(
        "--weights",
        shell_complete=offer(lambda: ("show", "hide")),
        metavar="show|hide",
        default="auto",
        help="Weights as boxes, or inside the box that uses them.  [inside layers only]",
    ),
    click.option(
        "--expand",
        shell_complete=offer_composite,
        metavar="NAMES",
        default="",
        help="Composite ops as their parts: all, or names with commas (softmax,linear).",
    ),
    click.option("--heat", is_flag=True, help="A small map in every box that holds an array."),
    click.option(
        "--direction",
        shell_complete=offer(lambda: ("LR", "TB")),
        metavar="LR|TB",
        default="auto",
        help="Left to right, or downwards.",
    ),
    click.option("--title", metavar="TEXT", default="", help="A caption above the graph."),
    click.option("--no-legend", is_flag=True, help="Leave the legend out."),
    click.option("--transparent", is_flag=True, help="No background."),
    click.option(
        "--text",
        shell_complete=offer(lambda: ("outline", "keep")),
        metavar="outline|keep",
        default="outline",
        help="Letters as outlines, or as text in the font.  [outline]",
    ),
    click.option(
        "--scale", type=float, default=2.0, metavar="N", help="PNG pixels per point.  [2]"
    ),
    click.option("--salt", metavar="TEXT", default="", help="Start of every id in an SVG."),
    named(
        "--engine",
        table="backviz.diagrams.layout:ENGINES",
        metavar="NAME",
        default="auto",
        help="wasm, dot, pygraphviz or layered.",
    ),
)
