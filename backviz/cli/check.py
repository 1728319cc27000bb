"""`backviz check`: the gradients of a computation against finite differences."""

from __future__ import annotations

import click

from backviz.cli import options
from backviz.cli.help import Command
from backviz.language import _


@click.command(cls=Command, short_help="Compare the gradients with finite differences.")
@options.source
@click.option("--order", type=click.IntRange(1, 4), default=1, help="Derivatives up to this order.")
@click.option("--tolerance", type=float, default=1e-6, help="The relative error allowed.  [1e-6]")
@click.option("--step", type=float, default=1e-5, help="The step of the differences.  [1e-5]")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="Of the random weights for array results.  [0]",
)
@options.spoken
@options.as_json
@options.quiet
@options.debug
def check(
    src: str,
    order: int,
    tolerance: float,
    step: float,
    seed: int,
    as_json: bool,
    quiet: bool,
    debug: bool,
) -> int:
    """Check SRC: for every leaf the entry where rule and differences are furthest apart.

    A function in a file (model.py:loss) is run again on moved numbers, a few times and with the
    same random numbers, so that what its record lacks is found. Of large arrays a choice of
    entries is checked one by one.

    Exit code 4 if a derivative is wrong. A kink, where no derivative exists, is reported
    and not judged; nor is what rounding hides ("?").

    \b
    backviz check 'L=(a*b+c)*(a-c); a=2; b=3; c=4'
    backviz check model.py:loss --order 2
    """
    from backviz.cli.terminal import print_json, print_text, say
    from backviz.errors import CheckFailedError
    from backviz.sources.checking import check_source

    report = check_source(
        src, None if quiet else say, order=order, step=step, tolerance=tolerance, seed=seed
    )
    if as_json:
        from dataclasses import asdict

        from backviz.text import json_ready

        print_json({"checks": [json_ready(asdict(c)) for c in report]})
        if not quiet:
            for note in report.notes:
                say(note)
    elif not quiet:
        print_text(str(report))
    if report.wrong:
        raise CheckFailedError(report.wrong)
    kinks = [c.where + (f" ({c.source})" if c.source else "") for c in report if c.kink]
    if kinks and not quiet:
        say(_("at a kink, where no derivative exists: {list}", list=", ".join(kinks)))
    return 0
