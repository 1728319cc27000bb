"""The command line: `backviz COMMAND`.

Invariant: this package imports click and nothing heavier at start; a command imports
what it needs when it runs. Exit codes come from the errors themselves.
"""

from __future__ import annotations

import gc
import sys

import click

from backviz import __version__
from backviz.cli.animate import animate
from backviz.cli.check import check
from backviz.cli.compare import compare
from backviz.cli.completion import completion
from backviz.cli.describe import describe
from backviz.cli.diagnose import diagnose
from backviz.cli.doctor import doctor
from backviz.cli.explain import explain
from backviz.cli.graph import graph
from backviz.cli.listing import list_
from backviz.cli.plugin import Extensible, hinted, plugin_option
from backviz.cli.speech import click_translated, complaint
from backviz.cli.step import step
from backviz.cli.steps import steps
from backviz.cli.table import table
from backviz.cli.train import train
from backviz.errors import BackvizError, was_interrupted
from backviz.language import _

INTERRUPTED = 130
BROKEN_PIPE = 141


@click.group(
    cls=Extensible,
    params=[plugin_option()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="SRC is an expression such as 'L=(a*b+c)*(a-c); a=2; b=3; c=4', a file and a name in "
    "it (file.py:loss), an example (@diamond; see 'backviz list examples'), or - for standard "
    "input. Exit codes: 0 ok, 1 unexpected, 2 usage, 3 missing piece, 4 check failed, "
    "5 bad input, 6 NaN or infinity, 130 interrupted.",
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="backviz")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Draw a computation, its values and its gradients.

    \b
    backviz graph 'L=(a*b+c)*(a-c); a=2; b=3; c=4' -o g.svg
    backviz steps @diamond -o player.html
    backviz step @diamond
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.command("help", hidden=True)
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
def help_(words: tuple[str, ...]) -> None:
    """Show the help of backviz, or of a command, as --help does."""
    cli.main([*words, "--help"], prog_name="backviz", standalone_mode=False)


@click.command(hidden=True)
def version() -> None:
    """Show the version, as --version does."""
    click.echo(f"backviz, version {__version__}")


for _command in (
    graph, compare, steps, animate, step, train, describe, table, check, diagnose, explain, list_,
    doctor,
    completion, help_, version,
):  # fmt: skip
    cli.add_command(_command)


def main(args: list[str] | None = None) -> None:
    """Run the command line and leave with an exit code; errors are one sentence."""
    # A record is hundreds of thousands of objects that stay: looking through all of them
    # again and again for circles would cost a fifth of the time.
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        code = _run(sys.argv[1:] if args is None else args)
    finally:
        gc.set_threshold(*before)
    sys.exit(code)


def _run(given: list[str]) -> int:
    with click_translated():
        return _ran(given)


def _ran(given: list[str]) -> int:
    from backviz.cli.terminal import (
        ReaderGoneError,
        flush_output,
        prepare_streams,
        say,
        silence_output,
    )

    prepare_streams()
    try:
        code = cli.main(given, prog_name="backviz", standalone_mode=False)
        flush_output()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        say(complaint(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say(_("interrupted"))
        return INTERRUPTED
    except (BrokenPipeError, ReaderGoneError):
        silence_output()
        return BROKEN_PIPE
    except Exception as error:
        if was_interrupted(error):
            say(_("interrupted"))
            return INTERRUPTED
        return _failure(error, given)


def _failure(error: Exception, given: list[str]) -> int:
    """Say what went wrong; the exit code is the error's own."""
    from backviz.cli.terminal import say, silence_output, warn_raw

    if "--debug" in given:
        import traceback

        warn_raw("".join(traceback.format_exception(error)))
    if isinstance(error, BackvizError):
        say(hinted(given, error))
        return error.exit_code
    if isinstance(error, OSError) and error.filename is None:  # click's own printing
        silence_output()
        say(_("cannot write to standard output: {strerror}", strerror=error.strerror or error))
    elif isinstance(error, OSError):
        say(
            _(
                "cannot use {filename}: {strerror}",
                filename=error.filename,
                strerror=error.strerror or error,
            )
        )
    else:
        said = str(error).partition("\n")[0]
        say(
            _(
                "unexpected {kind}: {said}; add --debug to see where",
                kind=type(error).__name__,
                said=said,
            )
        )
    return 1
