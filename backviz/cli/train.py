"""`backviz train`: the leaves of a loss learn, and every step is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from backviz.cli import options
from backviz.cli.graph import make_style
from backviz.cli.help import LOOK, TRAINING, Command
from backviz.language import N_, _

if TYPE_CHECKING:
    from backviz.autodiff.value import Value
    from backviz.training import Recipe, Training


def _given(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> Any:
    """Options of the optimizer by name."""
    from backviz.errors import UsageError

    made: dict[str, Any] = {}
    for each in given:
        name, sign, text = each.partition("=")
        try:
            numbers = [float(x) for x in text.split(",")]
        except ValueError:
            numbers = []
        if not sign or not (numbers or text in ("yes", "no")):
            raise UsageError(
                _("--option {each}: write NAME=NUMBER or NAME=yes, as in momentum=0.9", each=each)
            )
        made[name] = text == "yes" if not numbers else tuple(numbers)
        if len(numbers) == 1:
            made[name] = numbers[0]
    return made


@click.command(cls=Command, kinds=("optimizer",), short_help="Train a loss and record every step.")
@options.source
@options.to_file.but(
    default="",
    help="Where to write: .html .mp4 .gif .webp .csv .npz; without it a table is printed.",
)
@options.form("backviz.training.formats:TRAININGS", "html, mp4, gif, webp, csv or npz")
@click.option("--steps", type=int, default=50, metavar="N", help="Training steps.  [50]")
@options.named(
    "--optimizer",
    table="backviz.optim.table:OPTIMIZERS",
    metavar="NAME",
    default="sgd",
    help="Whose steps: sgd, adagrad, adadelta, rmsprop, adam, adamw, amsgrad, adamax, nadam, "
    "radam or lion.  [sgd]",
)
@click.option("--rate", type=float, metavar="X", help="Learning rate.  [the optimizer's own]")
@click.option(
    "--wrt", metavar="NAMES", default="", help="What learns: w,b.  [parameters, else all leaves]"
)
@options.Shared(
    "--option", "more", metavar="NAME=X", multiple=True, callback=_given, heading=TRAINING,
    help="More of the optimizer: momentum=0.9, betas=0.9,0.99.",
)  # fmt: skip
@options.Shared(
    "--frames", type=int, default=24, metavar="N", heading=TRAINING,
    help="Steps that page and film show, spread over all.  [24]",
)  # fmt: skip
@options.looks
@options.open_it.but(heading=LOOK)
@options.words
@options.as_json
@options.quiet
@options.debug
def train(src: str, output: str, form: str | None, **given: Any) -> int:
    """Let the leaves of SRC learn: repeat forward, backward, and a step of an optimizer.

    The record of SRC is run again with the new numbers. Where the program would do something else
    with them (an if, an index, a number taken out), the training ends there and says so. After an
    interruption the same command goes on where it was.

    \b
    backviz train @mazur --steps 100 --rate 0.5 --wrt W1,W2,b1,b2 -o learn.html
    backviz train 'L=(w*2-1)**2; w=3' --optimizer adam --rate 0.1 -o learn.csv
    backviz train model.py:loss --steps 500 -o learn.npz
    """
    from backviz.cli.loading import load_record
    from backviz.cli.terminal import print_json, print_text, quiet_libraries, say
    from backviz.errors import UsageError
    from backviz.formats import resolve
    from backviz.training import Recipe
    from backviz.training.formats import TRAININGS

    quiet_libraries()
    quiet = given["quiet"]
    if given["steps"] < 1:
        raise UsageError(_("--steps is a whole number of at least 1, not {n}", n=given["steps"]))
    if given["frames"] < 2:
        raise UsageError(_("--frames is a whole number of at least 2, not {n}", n=given["frames"]))
    row = TRAININGS[resolve(output or "-", form, TRAININGS)] if output or form else None
    style = make_style(given)
    recipe = Recipe(given["optimizer"], given["rate"], given["more"])
    recipe.describe()  # a wrong option is refused before the source is run
    loss = load_record(
        src, differentiate=False, quiet=quiet, expand=given["expand"], lines=given["lines"]
    ).value
    training = _trained(loss, recipe, output, given)
    if not quiet and training.stopped is None:
        _compare_again(src, training)
    if training.stands and not quiet:
        say(_("every gradient is 0 at every step, so nothing learns; diagnose says why"))
    if row is not None:
        data = row(training, style, given["frames"])
        if row.kind == "film" and not quiet:
            from backviz.diagrams.learning import frames, warnings_of

            for message in warnings_of(frames(training, style, 2)):
                say(message)
        _write(output or "-", row.name, data)
        if output not in ("", "-") and not quiet:
            say(_("wrote {where} ({what}, {size:,} bytes)", where=output,
                  what=training.describe(), size=len(data)))  # fmt: skip
    if given["as_json"]:
        print_json(_data(training))
    elif row is None:
        print_text(_table(training, style))
    if given["open_it"] and output not in ("", "-"):
        click.launch(output)
    if training.stopped is not None:
        say(str(training.stopped))
        return training.stopped.exit_code
    return 0


def _trained(loss: Value, recipe: Recipe, output: str, given: dict[str, Any]) -> Training:
    """The training, from its beginning or from where it was interrupted."""
    from backviz.autodiff.replay import Replay
    from backviz.autodiff.tape import names, tape
    from backviz.cli.progress import Progress
    from backviz.cli.terminal import say
    from backviz.training import Training, choose, resuming

    values, quiet, steps = tape(loss), given["quiet"], given["steps"]
    replay = Replay(loss, values)
    chosen = choose(replay, [*names(values).values()], given["wrt"])
    training = Training(replay, chosen, recipe)
    if not quiet:
        say(chosen.sentence)
        if any(v.op is not None and v.op.name == "dropout" for v in values):
            say(_("dropout drops at every step what it dropped when the loss was recorded"))
    to_file = output not in ("", "-")
    left = resuming.left_over(output, training) if to_file else None
    if left is not None and left.steps <= steps:
        training = left
        if not quiet:
            say(_("goes on after step {n}, where it was interrupted", n=left.steps))
    try:
        with Progress(steps, N_("{done}/{n} steps"), quiet) as tell:
            if not to_file:
                return training.go(steps, lambda course: tell(course.step))
            return resuming.go(training, steps, output, lambda course: tell(course.step))
    except KeyboardInterrupt:
        if to_file and training.loss and not quiet:
            say(_("step {n} is done; the same command goes on from there", n=training.steps))
        raise


def _compare_again(src: str, training: Training) -> None:
    """Say it if the function gives another loss at the end than its record, which was replayed."""
    from backviz.autodiff.replay import leaves_among
    from backviz.cli.terminal import say
    from backviz.sources.retold import retold

    course = training.at(training.steps)
    leaves = [leaf.data for leaf in leaves_among(course.run)]
    found = retold(src, leaves, training.loss[-1])
    if found is not None:
        say(
            _(
                "called again after step {n} the function gives {found:.6g}, its record "
                "{told:.6g}: random numbers, a state or plain numbers stayed as they were recorded",
                n=training.steps,
                found=found,
                told=training.loss[-1],
            )
        )


def _write(output: str, form: str, data: bytes) -> None:
    from backviz.cli.terminal import print_bytes
    from backviz.files import write_file
    from backviz.training import resuming

    if output == "-":
        hint = _("a film is no text for a terminal; add -o FILE, for example -o film.{form}",
                 form=form)  # fmt: skip
        print_bytes(data, "" if form == "csv" else hint)
        return
    write_file(output, data)
    resuming.done(output)


def _table(training: Training, style: Any) -> str:
    """Some steps: the loss, and how long the gradients are."""
    from backviz.stepping.look import Look, screen_columns
    from backviz.training.tables import rows

    look = Look(width=screen_columns(), lang=style.lang, numbers=style.numbers)
    shown = list(training.names[:6])
    heads = ["step", "loss", *(f"|{name}.grad|" for name in shown)]
    number = style.numbers.format
    cells = [
        [str(k), number(loss), *map(number, lengths[: len(shown)])]
        for k, loss, lengths in rows(training)
    ]
    return "\n".join(look.table([heads, *cells]))


def _data(training: Training) -> dict[str, Any]:
    from backviz.text import json_ready

    made: dict[str, Any] = json_ready({
        "steps": training.steps, "optimizer": training.recipe.describe(),
        "learns": list(training.names), "loss": training.loss, "grad_norm": training.norms,
        "stopped": str(training.stopped) if training.stopped is not None else None,
    })  # fmt: skip
    return made
