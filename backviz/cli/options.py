"""Options that several commands share, each with its words, its completion and its heading.

Invariant: an option that two commands have is written once; a command may change its default
or its words (`but`), not what it means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from backviz.cli.completion import offer, offer_composite, offer_files, offer_sources
from backviz.cli.help import CHANGE, GRAPH, LOOK, MESSAGES, PART, Option
from backviz.cli.plugin import Named
from backviz.language import speaking

Command = Callable[..., Any]


class Shared:
    """An option as a decorator, or `made` for a command that is put together."""

    def __init__(self, *flags: str, cls: type[Option] = Option, **given: Any) -> None:
        self.flags, self.cls, self.given = flags, cls, given

    def __call__(self, command: Command) -> Command:
        """Give the option to a command."""
        return click.option(*self.flags, cls=self.cls, **self.given)(command)

    def but(self, **changes: Any) -> Shared:
        """The same option with another default, help or heading."""
        return Shared(*self.flags, cls=self.cls, **{**self.given, **changes})

    def made(self) -> Option:
        """The option itself."""
        return self.cls([*self.flags], **self.given)


def named(*flags: str, table: str, **given: Any) -> Shared:
    """An option that takes a name of a table (`module:TABLE`)."""
    return Shared(*flags, cls=Named, table=table, **given)


def switch(*flags: str, **given: Any) -> Shared:
    """An option that takes nothing."""
    return Shared(*flags, is_flag=True, **given)


def one_of(*flags: str, among: tuple[str, ...], **given: Any) -> Shared:
    """An option that takes one of a few words, which never become more."""
    given = {"metavar": "|".join(among), **given}
    return Shared(*flags, shell_complete=offer(lambda: among), **given)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


source = click.argument("src", metavar="SRC", shell_complete=offer_sources)

to_file = Shared(
    "-o",
    "--output",
    metavar="FILE",
    default="-",
    help="Where to write; - is standard output.",
    shell_complete=offer_files,
)


def form(table: str, words: str) -> Shared:
    """`-F`: a format of the table, whose names the words list."""
    return named(
        "-F", "--format", "form", table=table, metavar="FORMAT", help=f"{words}.  [by extension]"
    )


picture_form = form(
    "backviz.renderers:RENDERERS",
    "svg, pdf, png, tikz, mermaid, text, ascii, dot, json or graphml",
)


size = named(
    "--for",
    "size",
    table="backviz.diagrams.theme:PRESETS",
    metavar="PLACE",
    default="notebook",
    help="slide, under-title, half, beamer, paper or notebook: page and text size.  [notebook]",
)

theme = named(
    "--theme",
    table="backviz.diagrams.theme:THEMES",
    metavar="NAME",
    default="light",
    help="light, dark, print or contrast.  [light]",
)

title = Shared(
    "--title", metavar="TEXT", default="", help="A caption above the graph; none for nothing."
)

no_legend = switch("--no-legend", heading=LOOK, help="Leave the legend out.")

transparent = switch("--transparent", heading=LOOK, help="No background.")

scale = Shared(
    "--scale",
    type=float,
    default=2.0,
    metavar="N",
    heading=LOOK,
    help="PNG pixels per point.  [2]",
)

lang = named(
    "--lang",
    table="backviz.words:LANGUAGES",
    metavar="en|ru",
    default="en",
    help="Language of the words.",
)


def _speak(ctx: click.Context, option: click.Parameter, lang: str | None) -> None:
    """Say all that this command says in a language; an unknown one raises its own sentence."""
    if lang:
        from backviz.words import LANGUAGES

        LANGUAGES[lang]
        ctx.with_resource(speaking(lang))


spoken = lang.but(default=None, is_eager=True, expose_value=False, callback=_speak)

digits = Shared(
    "--digits",
    type=int,
    default=0,
    metavar="N",
    heading=LOOK,
    help="Significant digits.  [3 or 4]",
)

decimal = one_of("--decimal", among=(".", ","), default=".", heading=LOOK, help="Decimal sign.")


def _use_font(ctx: click.Context, option: click.Parameter, file: str | None) -> None:
    """Take letters that our font lacks from this file."""
    if file and not ctx.resilient_parsing:
        from backviz.diagrams.font import use_font

        use_font(file)


font = Shared(
    "--font",
    metavar="FILE",
    expose_value=False,
    callback=_use_font,
    shell_complete=offer_files,
    heading=LOOK,
    help="A font for letters that DejaVu Sans lacks.  [the system's]",
)

powers = one_of(
    "--powers",
    among=("e", "10"),
    default="e",
    heading=LOOK,
    help="Small and large numbers: 4.4e−4 or 4.4·10⁻⁴.",
)

words = together(lang, digits, decimal, powers)

derivative = together(
    Shared(
        "--order",
        type=click.IntRange(1, 4),
        default=1,
        metavar="N",
        heading=GRAPH,
        help="2: the backward pass as a graph of its own.",
    ),
    Shared(
        "--wrt",
        metavar="NAME",
        default="",
        heading=GRAPH,
        help="With --order: the leaf to derive for.",
    ),
)

turns = Shared(
    "--passes",
    "turns",
    type=click.IntRange(1, 9),
    default=1,
    metavar="N",
    heading=GRAPH,
    help="Backward passes without zero_grad: leaves add up.  [1]",
)

lines = switch("--lines", heading=GRAPH, help="The line of the file that computed each value.")

pages = Shared(
    "--pages",
    type=int,
    default=0,
    metavar="N",
    heading=LOOK,
    help="Spread over N files, FILE-1, FILE-2 …  [as the text needs]",
)

allow_nan = switch(
    "--allow-nan", heading=GRAPH, help="Draw even if NaN or infinity came up (exit 6)."
)

open_it = switch("--open", "open_it", help="Show the file in the system's viewer.")

as_json = switch("--json", "as_json", heading=MESSAGES, help="Print JSON for a program to read.")

quiet = switch("-q", "--quiet", heading=MESSAGES, help="No messages on standard error.")

debug = switch("--debug", heading=MESSAGES, help="Show the traceback of an error.")


def _with_commas(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> str:
    return ",".join(given)


def _hides() -> tuple[str, ...]:
    from backviz.diagrams.style import HIDES

    return HIDES


def _notes(ctx: click.Context, option: click.Parameter, given: tuple[str, ...]) -> Any:
    """Notes by name, or nothing."""
    from backviz.errors import UsageError
    from backviz.language import _

    for each in given:
        if not each.partition("=")[1]:
            raise UsageError(_("--note {given}: write NAME=TEXT", given=each))
    return {name: text for name, _sign, text in (each.partition("=") for each in given)} or None


variants = together(
    Shared(
        "--set",
        "edits",
        metavar="NAME=VALUE",
        multiple=True,
        heading=CHANGE,
        help="Another value of a leaf; may be given again.",
    ),
    Shared(
        "--rate",
        type=float,
        metavar="N",
        heading=CHANGE,
        help="A step of gradient descent further: every named leaf moves.",
    ),
    Shared(
        "--swap",
        metavar="OP=OP",
        default="",
        heading=CHANGE,
        help="One op in place of another: relu=tanh.",
    ),
    named(
        "--break",
        "wrong",
        table="backviz.lessons.broken:BREAKS",
        metavar="MISTAKE",
        default="",
        heading=CHANGE,
        help="The gradients of an engine with a mistake: accumulate, topo, zero-grad, inner-grads, "
        "update-early, unbroadcast, relu-mask, local-swap, no-upstream, sigmoid-quarter, no-slope, "
        "softmax-diagonal, ties, skip-lost, batch-constants or in-place.",
    ),
)

looks = together(
    size,
    theme,
    title,
    font,
    named(
        "--fold",
        table="backviz.diagrams.style:FOLDS",
        metavar="LEVEL",
        default="auto",
        help="none, constants, names, layers, blocks or auto: a box per node, op, name, layer, "
        "block, or as can be read.  [auto]",
    ),
    Shared(
        "--unfold",
        metavar="NAMES",
        default=(),
        multiple=True,
        callback=_with_commas,
        heading=GRAPH,
        help="Boxes that stand open, the others folded: encoder.0, h, layer 2, samples.",
    ),
    one_of(
        "--weights",
        among=("show", "hide"),
        default="auto",
        heading=GRAPH,
        help="Weights as boxes, or inside the box that uses them.  [inside layers only]",
    ),
    Shared(
        "--expand",
        shell_complete=offer_composite,
        metavar="NAMES",
        default="",
        heading=GRAPH,
        help="Composite ops as their parts: all, or names with commas (softmax,linear).",
    ),
    Shared("--from", "start", metavar="NAME", default="", heading=PART, help="What it leads to."),
    Shared("--to", "end", metavar="NAME", default="", heading=PART, help="What leads to it."),
    Shared("--around", metavar="NAME", default="", heading=PART, help="What is near it."),
    Shared("--hops", type=int, default=2, metavar="N", heading=PART, help="How near.  [2]"),
    Shared("--only", metavar="LAYER", default="", heading=PART, help="One layer or block."),
    one_of(
        "--show",
        among=("values", "formulas", "both", "shapes"),
        default="values",
        heading=GRAPH,
        help="What boxes hold: numbers, formulas (∂L/∂w = ∂L/∂z·x), both, or shapes.  [values]",
    ),
    Shared(
        "--blank",
        metavar="NAMES",
        default=(),
        multiple=True,
        callback=_with_commas,
        heading=GRAPH,
        shell_complete=offer(lambda: ("values", "gradients", "locals")),
        help="A ? for an exercise: gradients, values, locals, names with commas (w,h.grad).",
    ),
    lines,
    switch("--heat", heading=GRAPH, help="A small map in every box that holds an array."),
    Shared(
        "--entries",
        type=int,
        default=0,
        metavar="N",
        heading=GRAPH,
        help="Write arrays out up to N a side.  [6, vectors 8]",
    ),
    one_of(
        "--arrays",
        among=("values", "ranges", "shapes"),
        default="auto",
        heading=GRAPH,
        help="Larger arrays as mean and range, ranges, or shapes alone.  [as fits]",
    ),
    one_of(
        "--local",
        among=("show", "numbers", "hide"),
        default="auto",
        heading=GRAPH,
        help="What arrows say: all, numbers without rules, or nothing.  [as fits]",
    ),
    Shared(
        "--hide",
        metavar="THINGS",
        default="",
        heading=GRAPH,
        shell_complete=offer(_hides),
        help="Leave out values, gradients, locals or forward (arrows); several with commas.",
    ),
    Shared(
        "--highlight",
        metavar="PATH",
        default="",
        heading=GRAPH,
        help="What stands out: NAME, a path as a->L, or largest (|gradient| product).",
    ),
    Shared(
        "--note",
        metavar="NAME=TEXT",
        multiple=True,
        heading=GRAPH,
        callback=_notes,
        help="A note in a box; may be given again.",
    ),
    one_of(
        "--direction",
        among=("LR", "TB"),
        default="auto",
        heading=GRAPH,
        help="Left to right, or downwards.",
    ),
    named(
        "--engine",
        table="backviz.diagrams.layout:ENGINES",
        metavar="NAME",
        default="auto",
        heading=GRAPH,
        help="wasm, dot, pygraphviz or layered.",
    ),
    no_legend,
    one_of(
        "--names",
        "lettering",
        among=("math", "plain"),
        default="math",
        heading=LOOK,
        help="w_1, theta, x_hat as w₁, θ, x̂, or as typed.  [math]",
    ),
    transparent,
    one_of(
        "--text",
        among=("outline", "keep"),
        default="outline",
        heading=LOOK,
        help="Letters as outlines, or as text in the font.  [outline]",
    ),
    scale,
    Shared("--salt", metavar="TEXT", default="", heading=LOOK, help="Start of every id in an SVG."),
)
