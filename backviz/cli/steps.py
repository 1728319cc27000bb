"""`backviz steps`: a page, a file or a fragment for each step of a computation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from backviz.cli import options
from backviz.cli.graph import make_style, unseen
from backviz.cli.help import Command
from backviz.language import _, ngettext

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps


@click.command(cls=Command, short_help="A page for each forward and backward step.")
@options.source
@options.to_file
@options.form(
    "backviz.renderers.builds:BUILDERS",
    "pdf, html, svg, png, fragments, tikz, mp4, gif or webp",
)
@options.looks
@options.one_of(
    "--pass",
    "passes",
    among=("forward", "backward", "both"),
    metavar="PASS",
    default="both",
    help="forward, backward or both.  [both]",
)
@options.one_of(
    "--by",
    "pace",
    among=("node", "contribution"),
    metavar="PACE",
    default="node",
    help="A step for each node, or for each contribution.  [node]",
)
@options.Shared("--range", "span", metavar="STEPS", default="", help="Only some: 3-8, 3-, -8 or 5.")
@options.derivative
@options.turns
@options.allow_nan
@options.open_it
@options.words
@options.as_json
@options.quiet
@options.debug
def steps(src: str, output: str, form: str | None, **given: Any) -> int:
    """Draw SRC step by step: values appear, then gradients; nothing moves.

    \b
    backviz steps @diamond --for beamer -o build.pdf
    backviz steps @diamond -o player.html
    backviz steps @diamond --for slide -o 'out/%02d.png'
    backviz steps @diamond -o reveal-fragments.svg
    backviz steps @diamond --for slide -o build.mp4
    """
    from backviz.autodiff.finite import find_not_finite
    from backviz.cli.loading import check_order, check_passes, load_record
    from backviz.cli.terminal import quiet_libraries, say
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.steps import Steps
    from backviz.errors import NotFiniteError
    from backviz.renderers.build_files import build_format
    from backviz.renderers.builds import BUILDERS
    from backviz.renderers.letters import said_of_steps

    quiet_libraries()
    form = build_format(output, form)
    style, quiet = make_style(given), given["quiet"]
    first, last = _span(given["span"])
    check_order(given["order"], given["wrt"], True)
    forward_only = given["passes"] == "forward"
    check_passes(given["turns"], given["order"], forward_only)
    loaded = load_record(
        src,
        differentiate=not forward_only,
        quiet=quiet,
        order=given["order"],
        wrt=given["wrt"],
        expand=given["expand"],
        passes=given["turns"],
        lines=given["lines"],
    )
    value, values = loaded.value, loaded.values
    fault = find_not_finite(value, values)
    if fault and not given["allow_nan"]:
        raise NotFiniteError(_("{fault}; add --allow-nan to draw it all the same", fault=fault))
    figure = Figure(value, style, values=values, beside=loaded.beside)
    build = Steps(figure, given["passes"], given["pace"], first, last)
    files = BUILDERS[form](build)
    paths = _write(output, form, files)
    if not quiet:
        warnings = build.drawing(build.moments[-1]).warnings
        warnings += said_of_steps(build, form)
        idle = unseen(build.figure, form, build=True)
        for message in (*build.figure.messages, *warnings, *idle):
            say(message)
        _say_cut(build, form)
        _say_written(build, form, paths, files)
    if given["as_json"]:
        _print_manifest(build, form, paths, files)
    if given["open_it"] and paths:
        click.launch(paths[0])
    if fault:
        say(fault)
        return NotFiniteError.exit_code
    return 0


def _span(text: str) -> tuple[int, int | None]:
    """`3-8`, `3-`, `-8` or `5` as first and last step."""
    from backviz.errors import UsageError

    if not text:
        return 1, None
    found = re.fullmatch(r"(\d*)\s*(-?)\s*(\d*)", text)
    if found is None or not (found[1] or found[3]):
        raise UsageError(
            _("--range {text!r} is no range of steps; write it as 3-8, 3- or -8", text=text)
        )
    first = int(found[1] or 1)
    if not found[2]:
        return first, first
    return first, int(found[3]) if found[3] else None


def _write(output: str, form: str, files: list[bytes]) -> list[str]:
    from backviz.cli.terminal import print_bytes
    from backviz.renderers.build_files import write_build

    if output == "-":
        hint = _(
            "a build is no text for a terminal; add -o FILE, for example -o steps.{form}", form=form
        )
        print_bytes(files[0], hint)
        return []
    return write_build(output, files)


def _say_written(build: Steps, form: str, paths: list[str], files: list[bytes]) -> None:
    from backviz.cli.terminal import say

    if not paths:
        return
    where = paths[0] if len(paths) == 1 else f"{paths[0]} … {paths[-1]}"
    say(
        ngettext(
            "wrote {where} ({n:,} step, {size:,} bytes)",
            "wrote {where} ({n:,} steps, {size:,} bytes)",
            len(build.moments),
            where=where,
            size=sum(map(len, files)),
        )
    )
    if form == "pdf":
        from backviz.renderers.tikz import beamer_snippet

        say(_("in a Beamer frame:") + "\n" + beamer_snippet(paths[0], len(build.moments)))
    if form == "fragments":
        _say_how_large(build)


def _say_cut(build: Steps, form: str) -> None:
    """Where the contributions are that `…+1` under a graph stands for; the player has them all."""
    from backviz.cli.terminal import say

    cut = sum(len(moment.told) > len(moment.lines) for moment in build.moments)
    if cut and form != "html":
        say(
            ngettext(
                "{n} step has more contributions than lines under the graph (…+1); "
                "--by contribution takes a step for each",
                "{n} steps have more contributions than lines under the graph (…+1); "
                "--by contribution takes a step for each",
                cut,
            )
        )


def _say_how_large(build: Steps) -> None:
    """How to put fragments into a slide, and whether they can be read there."""
    from backviz.cli.terminal import say
    from backviz.diagrams.figure import NEARLY
    from backviz.diagrams.theme import PRESETS
    from backviz.renderers.svg import on_slide

    page = build.drawing(build.moments[-1])
    least, text = PRESETS["slide"].least, page.least_text * on_slide(page)
    if text < NEARLY * least and build.figure.style.size != "slide":  # slide has its own word
        say(
            _(
                "the smallest text is {text:.1f} pt on a slide of 960 × 700, less than "
                "{least:g} pt; use --for slide, or fold (--fold names)",
                text=text,
                least=least,
            )
        )
    say(
        _(
            "in reveal.js or Quarto: put the file's text into a <section>; it is as "
            "wide as the slide. Under a long heading make it less high: .reveal "
            "section > svg {height: 450px}"
        )
    )


def _print_manifest(build: Steps, form: str, paths: list[str], files: list[bytes]) -> None:
    from backviz.cli.manifest import manifest, measures
    from backviz.cli.terminal import print_json

    written = zip(paths, files, strict=False)  # nothing is written on standard output
    page = measures(build.drawing(build.moments[-1]))
    said = [moment.alt for moment in build.moments]
    print_json(manifest(form, written, said, steps=len(said), **page))
