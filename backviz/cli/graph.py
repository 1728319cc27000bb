"""`backviz graph`: one picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from backviz.cli import options
from backviz.cli.help import Command
from backviz.language import _

if TYPE_CHECKING:
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.picture import Picture


@click.command(cls=Command, short_help="One picture of a computation and its gradients.")
@options.source
@options.to_file
@options.picture_form
@options.looks
@options.pages
@options.switch("--contributions", help="On arrows: upstream · local = contribution.")
@options.switch("--forward-only", help="Values alone, before any gradient.")
@options.derivative
@options.turns
@options.allow_nan
@options.open_it
@options.switch("--watch", help="Draw again whenever the Python file changes.")
@options.words
@options.as_json
@options.quiet
@options.debug
def graph(src: str, output: str, form: str | None, **given: Any) -> int:
    """Draw SRC: values above, gradients below, local derivatives on the arrows.

    \b
    backviz graph 'L=(a*b+c)*(a-c); a=2; b=3; c=4' -o g.svg
    backviz graph @karpathy-neuron --for slide --theme dark -o neuron.png
    backviz graph model.py:loss --for beamer -o loss.pdf
    backviz graph @diamond -F text
    """
    from backviz.cli.loading import check_order, check_passes
    from backviz.errors import UsageError

    form = chosen_format(output, form)
    make_style(given)  # a wrong option is refused before any file is run
    check_order(given["order"], given["wrt"], given["order"] > 2 or given["forward_only"])
    check_passes(given["turns"], given["order"], given["forward_only"])
    if output == "-" and (given["as_json"] or given["open_it"] or given["watch"]):
        raise UsageError(_("--json, --open and --watch need a file; add -o FILE"))
    if given["watch"]:
        return _watch(src, lambda: _draw(src, output, form, given))
    return _draw(src, output, form, given)


def _watch(src: str, draw: Callable[[], int]) -> int:
    """Draw now and after every change of the source's file, until Ctrl-C."""
    import time

    from backviz.cli.terminal import say
    from backviz.errors import BackvizError, UsageError
    from backviz.sources.files import is_file_source, path_of

    path = path_of(src)
    if not is_file_source(src) or not path.is_file():
        raise UsageError(
            _("--watch needs a Python file that exists; use SRC of the form file.py:name")
        )
    while True:
        changed = path.stat().st_mtime_ns
        try:
            draw()
        except BackvizError as error:
            say(str(error))
        while not path.exists() or path.stat().st_mtime_ns == changed:
            time.sleep(0.2)


def _draw(src: str, output: str, form: str, given: dict[str, Any]) -> int:
    """One picture, and the exit code."""
    from backviz.autodiff.backward import tape
    from backviz.autodiff.finite import find_not_finite, first_not_finite
    from backviz.autodiff.orders import recorded_gradients
    from backviz.autodiff.value import Value
    from backviz.cli.loading import load_record
    from backviz.cli.terminal import quiet_libraries, say
    from backviz.diagrams.figure import Figure
    from backviz.errors import NotFiniteError
    from backviz.renderers import RENDERERS

    quiet_libraries()
    style, quiet = make_style(given), given["quiet"]
    order, wrt = given["order"], given["wrt"]
    loaded = load_record(
        src,
        differentiate=not given["forward_only"],
        quiet=quiet,
        order=order,
        wrt=wrt,
        expand=given["expand"],
        passes=given["turns"],
        lines=given["lines"],
    )
    value, values, more = loaded.value, loaded.values, list[Value]()
    fault = find_not_finite(value, values)
    if order == 2 and not wrt:
        more = recorded_gradients(value, values)
        values = tape(value, *more, *loaded.beside)
        fault = fault or first_not_finite(values)
    if fault and not given["allow_nan"]:
        raise NotFiniteError(_("{fault}; add --allow-nan to draw it all the same", fault=fault))
    figure = Figure(value, style, more, values, beside=loaded.beside)
    pages = figure.pages if RENDERERS[form].drawn and output != "-" else (figure,)
    deliver(pages, lambda: pages[0].messages, lambda: unseen(figure, form), form, output, given)
    if fault:
        say(fault)
        return NotFiniteError.exit_code
    return 0


def deliver(
    pages: Sequence[Picture],
    said: Callable[[], Iterable[str]],
    idle: Callable[[], list[str]],
    form: str,
    output: str,
    given: dict[str, Any],
) -> None:
    """Write the pages, and say what a person should know of them; `idle` are vain options."""
    from backviz.cli.terminal import say
    from backviz.files import page_names, write_numbered
    from backviz.renderers import RENDERERS

    drawn = RENDERERS[form].drawn
    made = [RENDERERS[_shown_as(form, output)](page) for page in pages]
    if len(pages) == 1:
        names = [output]
        _write(output, form, made[0])
    else:
        names = write_numbered(page_names(output), len(made), made)
    messages = [] if form in ("json", "graphml") else [*said()]
    messages += [line for page in pages for line in page.drawing.warnings] if drawn else []
    if drawn and form != "svg":
        from backviz.renderers.letters import said_of_letters

        messages += [line for page in pages for line in said_of_letters(page.drawing.parts, form)]
    messages += idle()
    for message in dict.fromkeys(messages):
        if not given["quiet"]:
            say(message)
    _report(names, form, made, pages, given)


def unseen(figure: Figure, form: str, build: bool = False) -> list[str]:
    """What is said of options on the command line that change nothing in this picture, or build."""
    from click.core import ParameterSource

    context = click.get_current_context()
    given = {"contributions": "products", "no_legend": "legend"}
    asked = {
        given.get(name, name) for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }  # fmt: skip
    if not asked - {"src", "output", "form", "quiet", "size"}:
        return []
    from backviz.diagrams.idle import UNKNOWN_TO, UNKNOWN_TO_BUILD, idle, unknown_to

    foreign = asked.intersection((UNKNOWN_TO_BUILD if build else UNKNOWN_TO).get(form, ()))
    hide = figure.style.hide if "hide" in asked else ""
    return [*filter(None, [unknown_to(form, foreign, hide, build)]), *idle(figure, asked - foreign)]


def chosen_format(output: str, form: str | None) -> str:
    """The format that extension and -F agree on."""
    from backviz.api import format_of
    from backviz.formats import resolve
    from backviz.renderers import RENDERERS

    if form is None and output != "-":
        return format_of(output)
    if form is not None:
        format_of(f"graph.{form}")  # has a sentence for what steps alone can be
    return resolve(output, form, RENDERERS, without="svg")


def make_style(given: dict[str, Any]) -> Any:
    """The style that the options ask for."""
    from backviz.diagrams.style import Options, Style

    looks = {"pages": 1} | {n: given[n] for n in Options.__annotations__ if n in given}
    if given.get("forward_only") or given.get("passes") == "forward":
        looks["hide"] = ",".join(filter(None, (given["hide"], "gradients", "locals")))
    return Style(**looks, products=given.get("contributions", False), legend=not given["no_legend"])


def _shown_as(form: str, output: str) -> str:
    """The format itself; lines of +-| on a console that has no others."""
    import os

    from backviz.cli.terminal import fitted, standard_output

    if form != "text" or output != "-":
        return form
    lines, out = "─│╭►", standard_output()
    console = out.isatty() or "PYTHONIOENCODING" in os.environ
    return "ascii" if console and fitted(lines, out.encoding) != lines else form


def _write(output: str, form: str, data: bytes) -> None:
    from backviz.cli.terminal import escaped, print_bytes, printable, write_text
    from backviz.files import write_file
    from backviz.renderers import RENDERERS

    if output == "-" and form in ("text", "ascii"):
        write_text(printable(data.decode()))
    elif output == "-" and form == "json":
        write_text(escaped(data.decode()))
    elif output == "-":
        hint = _(
            "a picture is no text for a terminal; add -o FILE, for example -o graph.{form}",
            form=form,
        )
        print_bytes(data, hint if RENDERERS[form].drawn else "")
    else:
        write_file(output, data)


def _report(
    names: list[str], form: str, made: list[bytes], pages: Sequence[Picture], given: dict[str, Any]
) -> None:
    from backviz.cli.terminal import print_json, say

    if given["as_json"]:
        print_json(_manifest(names, form, made, pages))
    elif names != ["-"] and not given["quiet"]:
        for name, data in zip(names, made, strict=True):
            say(_("wrote {output} ({n:,} bytes)", output=name, n=len(data)))
    if given["open_it"]:
        click.launch(names[0])


def _manifest(
    names: list[str], form: str, made: list[bytes], pages: Sequence[Picture]
) -> dict[str, Any]:
    """What was written; sizes where there is a page."""
    from backviz.cli.manifest import manifest, measures
    from backviz.renderers import RENDERERS

    about: dict[str, Any] = {}
    if RENDERERS[form].drawn:
        drawing, scale = pages[0].drawing, pages[0].style.scale
        about = measures(drawing)
        if form == "png":
            about["px"] = [round(drawing.width * scale), round(drawing.height * scale)]
    alt = [f"{page.diagram.title}. {page.diagram.description}" for page in pages]
    written = zip(names, made, strict=True)
    return manifest(form, written, alt[0] if len(alt) == 1 else alt, **about)
