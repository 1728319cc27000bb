"""`backviz check`: the gradients of a computation against finite differences."""

from __future__ import annotations

import click

from backviz.cli import options


@click.command(short_help="Compare the gradients with finite differences.")
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
    from backviz.autodiff.check import Report, gradient_checks
    from backviz.autodiff.finite import find_not_finite
    from backviz.autodiff.replay import as_function, leaves_of
    from backviz.cli.terminal import print_json, print_text, say
    from backviz.errors import CheckFailedError, InputError, NotFiniteError, UsageError
    from backviz.sources import load
    from backviz.sources.again import Again, compare
    from backviz.sources.files import is_file_source

    if not 0 < step < 1 or not tolerance > 0:
        raise UsageError("--step lies between 0 and 1, and --tolerance is greater than 0")
    tell = None if quiet else say
    again = Again(src, tell) if is_file_source(src) else None
    value = again.value if again is not None else load(src, tell)
    leaves = leaves_of(value)
    if not value.requires_grad or not leaves:
        raise InputError("there is nothing to check: the result depends on no leaf; name a number")
    if fault := find_not_finite(value):
        raise NotFiniteError(f"{fault}; differences need finite numbers")
    labels = [leaf.label or f"leaf {i}" for i, leaf in enumerate(leaves)]
    report = gradient_checks(
        as_function(value, leaves), leaves, labels, order=order, step=step,
        tolerance=tolerance, seed=seed,
    )  # fmt: skip
    if again is not None:
        rows, more = compare(again, labels, step=step, tolerance=tolerance, seed=seed)
        report = Report([*report, *rows], [*report.notes, *more])
    if as_json:
        from dataclasses import asdict

        from backviz.text import json_ready

        print_json([json_ready(asdict(c)) for c in report])
        if not quiet:
            for note in report.notes:
                say(note)
    elif not quiet:
        print_text(str(report))
    wrong = [c.fault for c in report if c.fault]
    if wrong:
        raise CheckFailedError("; ".join(wrong[:3]) + ("; …" if len(wrong) > 3 else ""))
    kinks = [c.where for c in report if c.kink]
    if kinks and not quiet:
        say(f"at a kink, where no derivative exists: {', '.join(kinks)}")
    return 0
