"""`backviz compare`: two computations beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from backviz.cli import options
from backviz.cli.completion import offer_sources
from backviz.cli.help import Command
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.value import Value
    from backviz.diagrams.comparison import Comparison

CHANGES = {"edits": "--set", "rate": "--rate", "swap": "--swap", "wrong": "--break"}


@click.command(cls=Command, short_help="Two computations beside each other, differences marked.")
@options.source
@click.argument("other", required=False, metavar="[OTHER]", shell_complete=offer_sources)
@options.to_file
@options.picture_form
@options.Shared("--titles", nargs=2, metavar="A B", default=None, help="What the two are called.")
@options.variants
@options.looks
@options.allow_nan
@options.open_it
@options.words
@options.as_json
@options.quiet
@options.debug
def compare(src: str, other: str | None, output: str, form: str | None, **given: Any) -> int:
    """Draw SRC and OTHER, or SRC before and after a change, alike; what differs has the sign ≠.

    \b
    backviz compare 'y=relu(w*x); w=-2; x=3' 'y=tanh(w*x); w=-2; x=3' -o c.svg
    backviz compare @karpathy-neuron --rate 0.1 --for slide -o step.png
    backviz compare @diamond --set a=5 -F text
    backviz compare 'L=a*a+a; a=3' --break accumulate -o wrong.svg
    """
    from backviz.autodiff.finite import find_not_finite
    from backviz.cli.graph import chosen_format, deliver, make_style
    from backviz.cli.terminal import quiet_libraries, say
    from backviz.diagrams.comparison import Comparison
    from backviz.diagrams.figure import Figure
    from backviz.errors import NotFiniteError, UsageError

    form = chosen_format(output, form)
    style = make_style(given)
    changes = [flag for name, flag in CHANGES.items() if given[name] not in (None, "", ())]
    _check(src, other, changes)
    if output == "-" and (given["as_json"] or given["open_it"]):
        raise UsageError(_("--json and --open need a file; add -o FILE"))
    quiet_libraries()
    first, second, titles = _pair(src, other, given)
    fault = find_not_finite(first) or find_not_finite(second)
    if fault and not given["allow_nan"]:
        raise NotFiniteError(_("{fault}; add --allow-nan to draw it all the same", fault=fault))
    figures = Figure(first, style), Figure(second, style)
    for _node, data in figures[1].graph.nodes(data=True) if given["wrong"] else ():
        data.pop("earlier", None)  # what the rules do not explain is the mistake
    picture = Comparison(*figures, given["titles"] or titles)
    deliver(
        (picture,), lambda: picture.messages, lambda: _unseen(picture, form), form, output, given
    )
    if fault:
        say(fault)
        return NotFiniteError.exit_code
    return 0


def _check(src: str, other: str | None, changes: list[str]) -> None:
    """Whether there is one other computation, and it is another one."""
    from backviz.errors import UsageError

    listed = ", ".join(CHANGES.values())
    if other is None and not changes:
        raise UsageError(
            _("nothing to compare {src} with; add another SRC, or a change: {flags}",
              src=src, flags=listed)
        )  # fmt: skip
    if other is not None and changes:
        raise UsageError(
            _("{flag} changes SRC, and {other} is another one; leave one of them out",
              flag=changes[0], other=other)
        )  # fmt: skip
    if other == src:
        raise UsageError(
            _("both are {src}; give another SRC, or a change: {flags}", src=src, flags=listed)
        )
    if "--break" in changes and len(changes) > 1:
        raise UsageError(_("--break compares gradients of the same numbers; leave out {flag}",
                           flag=changes[0]))  # fmt: skip


def _pair(
    src: str, other: str | None, given: dict[str, Any]
) -> tuple[Value, Value, tuple[str, str]]:
    """The two computations, differentiated, and what they are called."""
    from backviz.cli.loading import load_record
    from backviz.words import LANGUAGES

    words = LANGUAGES[given["lang"]]
    asked = {name: given[name] for name in ("quiet", "lines", "expand")}
    one = load_record(src, **asked).value
    if other is not None:
        two = load_record(other, **asked).value
        return one, two, (src, other)
    if given["wrong"]:
        right, wrong = _engines(one, given["wrong"])
        said = words.gettext("wrong engine: {name}", name=given["wrong"])
        return right, wrong, (words.gettext("right engine"), said)
    told = [each.replace("=", " = ", 1) for each in given["edits"]]
    told += [given["swap"].replace("=", " → ", 1)] if given["swap"] else []
    if given["rate"] is not None:
        told.append(words.gettext("a step of {rate} further", rate=f"{given['rate']:g}"))
    return one, _changed(one, given), (words.gettext("before"), ", ".join(told))


def _changed(value: Value, given: dict[str, Any]) -> Value:
    """The computation with every change that was asked for."""
    from backviz.errors import UsageError
    from backviz.stepping.conditions import read_number
    from backviz.telling.variants import after_step, with_leaves, with_op

    edits = {}
    for each in given["edits"]:
        name, sign, number = each.partition("=")
        if not sign or not number.strip():
            raise UsageError(_("--set {given}: write NAME=VALUE", given=each))
        edits[name.strip()] = read_number(number)
    if edits:
        value = with_leaves(value, edits)
    if given["swap"]:
        old, sign, new = given["swap"].partition("=")
        if not sign:
            raise UsageError(_("--swap {given}: write OLD=NEW, two ops", given=given["swap"]))
        value = with_op(value, old.strip(), new.strip())
    return value if given["rate"] is None else after_step(value, given["rate"])


def _engines(value: Value, mistake: str) -> tuple[Value, Value]:
    """The same result with the gradients of the right engine and of a broken one."""
    from backviz.lessons.broken import BREAKS
    from backviz.telling.variants import again, with_gradients

    result, gradients = BREAKS[mistake].run(value)
    return again(result), with_gradients(result, gradients)


def _unseen(picture: Comparison, form: str) -> list[str]:
    """What is said of options that change nothing in either half."""
    from backviz.cli.graph import unseen

    first, second = (unseen(figure, form) for figure in (picture.one, picture.other))
    return [said for said in first if said in second]
