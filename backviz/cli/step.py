"""`backviz step`: go through a computation by hand, at a prompt or from a script."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

import click
from click.core import ParameterSource

from backviz.cli import options
from backviz.cli.help import Command
from backviz.language import _


@click.command(
    cls=Command, kinds=("command",), short_help="Go through it step by step at a prompt."
)
@options.source
@click.option("--commands", metavar="LINES", help="Run these, separated by ;, and leave.")
@click.option("--script", metavar="FILE", help="Run the commands of a file, and leave.")
@options.derivative
@click.option("--watch", metavar="FILE.html", default="", help="Keep a page up to date meanwhile.")
@click.option(
    "--record", metavar="FILE.npz", default="", help="A training of SRC: epoch k goes to a step."
)
@click.option("--quiz", metavar="[TOPIC]", is_flag=False, flag_value="all", default="",
              help="Begin with a quiz; all, values, gradients, totals, shapes, order, zeros or "
              "factors.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Ask with other numbers in the leaves.")
@click.option("--score", metavar="FILE.csv", default="", help="Add the quiz's outcomes to a file.")
@click.option("--student", metavar="NAME", default="", help="Whose outcomes they are.")
@options.as_json.but(help="Print one JSON object for each command.")
@options.words
@options.quiet
@options.debug
def step(
    src: str,
    commands: str | None,
    script: str | None,
    watch: str,
    record: str,
    as_json: bool,
    quiz: str,
    seed: int | None,
    score: str,
    student: str,
    **given: Any,
) -> int:
    """Step through SRC forward and backward; help lists the commands.

    Without a terminal the commands come from standard input, and what is printed is a
    transcript. The exit code is that of the first command that failed.

    \b
    backviz step @diamond --commands 'n;n;backward;n;why a'
    backviz step 'L=tanh(a*b); a=2; b=3' --commands 'c;list;local L'
    backviz step @diamond --commands 'n 4; backward; n; why a' --json
    printf 'c\\nwhy a\\n' | backviz step @diamond
    backviz step @diamond --quiz --seed 3 --score class.csv --student Ann
    """
    from backviz.cli.describe import number_style
    from backviz.cli.loading import check_order, load_record
    from backviz.cli.terminal import quiet_libraries, write_text
    from backviz.errors import UsageError
    from backviz.stepping.entry import split_commands
    from backviz.stepping.prompt import interact, look_for_terminal
    from backviz.stepping.shell import Shell, read_script, run_script, script_lines
    from backviz.stepping.state import start
    from backviz.words import LANGUAGES

    quiet_libraries()
    if commands is not None and script is not None:
        raise UsageError(
            _("--commands and --script are two ways to say the same; drop one of them")
        )
    if watch and not watch.endswith((".html", ".htm")):
        raise UsageError(_("--watch keeps a page: {watch} does not end in .html", watch=watch))
    LANGUAGES[given["lang"]]
    piped = sys.stdin is not None and not sys.stdin.isatty()
    scripted = commands is not None or script is not None
    if src == "-" and not scripted:
        raise UsageError(
            _("SRC - reads standard input, so the commands go to --commands or --script")
        )
    if sys.stdin is None and not scripted:
        raise UsageError(
            _("standard input is closed; give the commands with --commands or --script")
        )
    check_order(given["order"], given["wrt"], True)
    output = load_record(
        src,
        differentiate=False,
        quiet=given["quiet"],
        order=given["order"],
        wrt=given["wrt"],
    ).value
    live = not scripted and not piped
    asked = click.get_current_context().get_parameter_source("lang") is not ParameterSource.DEFAULT
    look = look_for_terminal(given["lang"] if asked or not live else None, number_style(given))
    if as_json and live:
        raise UsageError(
            _("--json answers commands that are given: add --commands, --script or a pipe")
        )
    state = start(output, look)
    if record:
        from backviz.stepping.epochs import opened

        state = opened(state, record)
    shell = Shell(state, write_text, live, (watch,) if watch else (), as_json=as_json,
                  src="" if src == "-" else src)  # fmt: skip
    if student and not score:
        raise UsageError(_("--student names whose outcomes go to --score FILE.csv; add that"))
    if score:
        from backviz.stepping import scores

        shell.scores = scores.begin(score, student, src)
    shell.follow()
    first = opening(quiz, seed)
    if live:
        return interact(shell, first)
    lines: Iterable[str]
    if script is not None:
        lines = script_lines(read_script(script))
    elif commands is not None:
        lines = split_commands(commands)
    else:
        lines = (line.rstrip("\r\n") for line in sys.stdin or ())
    return run_script(shell, chain(first, lines))


def opening(quiz: str, seed: int | None) -> list[str]:
    """The line that a session begins with, if it begins with a quiz.

    >>> opening("totals", 3), opening("all", None), opening("", None)
    (['quiz totals --seed 3'], ['quiz'], [])
    """
    if not quiz and seed is None:
        return []
    topic = "" if quiz in ("", "all") else quiz
    return [" ".join(f"quiz {topic} {'' if seed is None else f'--seed {seed}'}".split())]
