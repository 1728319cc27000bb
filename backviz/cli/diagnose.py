"""`backviz diagnose`: what keeps the parameters under a loss from learning."""

from __future__ import annotations

import click

from backviz.cli import options
from backviz.cli.help import Command


@click.command(cls=Command, short_help="Find what keeps a network from learning.")
@options.source
@click.option("--rate", type=float, default=0.0, help="Also judge the steps at this learning rate.")
@click.option("--dead", type=float, default=0.75, help="Share of units that are off.  [0.75]")
@click.option("--saturated", type=float, default=0.7, help="Share of flat entries.  [0.7]")
@click.option("--flat", type=float, default=0.01, help="A slope under this is flat.  [0.01]")
@click.option("--ratio", type=float, default=1e3, help="Of first to last layer's gradient.  [1000]")
@options.lang
@options.as_json
@options.quiet
@options.debug
def diagnose(src: str, lang: str, as_json: bool, quiet: bool, debug: bool, **limits: float) -> int:
    """Look for what is wrong with the gradients of SRC.

    Dead and saturated units, gradients that vanish or explode from layer to layer, NaN and where it
    began, gradients that are 0 and why, parameters that nothing reaches, gradients that several
    passes have added up (zero_grad), and units that are all alike.

    Exit code 4 if something is found.

    \b
    backviz diagnose model.py:loss
    backviz diagnose @mazur --rate 0.1
    """
    from backviz.cli.terminal import print_json, print_text, say
    from backviz.diagnosis import Limits, diagnosis_of
    from backviz.errors import CheckFailedError
    from backviz.sources import load
    from backviz.telling.record import Record
    from backviz.telling.run import Run

    made = Limits.of(**limits)
    found = diagnosis_of(Run(Record(load(src, None if quiet else say))), limits=made)
    if as_json:
        print_json(found.data())
    elif not quiet:
        print_text(found.text(lang))
    return CheckFailedError.exit_code if found else 0
