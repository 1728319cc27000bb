"""From a recorded value to bytes, a file or a build in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from backviz.autodiff.backward import backward, seed_for
from backviz.autodiff.replay import Replay
from backviz.autodiff.tape import names as names_of
from backviz.autodiff.tape import recorded, tape
from backviz.autodiff.value import Value
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Options, Style
from backviz.displays import WRITERS
from backviz.errors import UsageError
from backviz.files import write_file
from backviz.formats import resolve
from backviz.language import _
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.sources.frames import named_by
from backviz.sources.tracing import Outputs, article
from backviz.telling.record import Record
from backviz.telling.run import Run, again

if TYPE_CHECKING:
    from backviz.diagrams.comparison import Comparison
    from backviz.diagrams.picture import Picture
    from backviz.training import Training


def render(
    output: Outputs, form: str = "svg", *, names: bool = True, **style: Unpack[Options]
) -> bytes:
    """The figure of a computation in a format: svg, pdf, png, tikz, mermaid, text, dot and so on.

    `style` takes the fields of `Style`: theme, size, fold, title and so on. Gradients
    are drawn where a backward pass has computed them. Values without a label are called by the
    variables that hold them where this is called, unless `names` is false. Of several outputs in a
    list or a dict the first has the gradients, and the others stand beside it.

    >>> x = Value(3.0, label="x")
    >>> render(x * x, "dot", theme="dark")[:16]
    b'digraph backviz '
    """
    from backviz.renderers.letters import said_of_figure, warn_of_letters

    figure = Figure.of(output, names, Style.of(**style))
    made = RENDERERS[form](figure)
    warn_of_letters(said_of_figure(figure, RENDERERS[form].name))
    return made


def save(
    output: Outputs, path: str | Path, *, names: bool = True, **style: Unpack[Options]
) -> Path:
    """Write the figure to a file; the extension says the format.

    The file appears whole or not at all. Raises `UsageError` for an unknown
    extension or a place that cannot be written. A build (html, mp4 …) is
    `backviz.steps(L).save("b.html")`.
    """
    if not isinstance(path, str | os.PathLike):
        raise UsageError(
            _(
                "a picture is saved to a path, not to {article}; backviz.render(L, 'png') "
                "gives its bytes",
                article=article(path),
            )
        )
    form = format_of(str(path))
    write_file(path, render(output, form, names=names, **style))
    return Path(path)


def steps(
    output: Outputs,
    passes: Literal["both", "forward", "backward"] = "both",
    pace: Literal["node", "contribution"] = "node",
    first: int = 1,
    last: int | None = None,
    *,
    names: bool = True,
    **style: Unpack[Options],
) -> Steps:
    """The computation step by step: `.save("b.html")` writes it, a notebook plays it.

    `passes` is both halves or one of them, `pace` a step for each node or each contribution,
    `first` and `last` some of the steps, counted from 1; `style` takes the fields of `Style`.
    If no backward pass has run yet, one runs on a copy: the values themselves stay as they are.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = a * b
    >>> L.label = "L"
    >>> steps(L, first=2, last=3)
    2  L = a·b = 2·3 = 6
    3  Backward starts: ∂L/∂L = 1
    >>> a.grad is None
    True
    """
    figure = Figure.of(output, names, Style.of(**style))
    shown = figure.output
    if shown.grad is None and shown.requires_grad and passes != "forward":
        record = Record(shown, figure.called, figure.beside)
        run = again(Run(record), {})
        shown, beside = run.output, [run.values[record.index[v.serial]] for v in record.beside]
        backward(shown, run.seed)
        figure = Figure(shown, figure.style, called=figure.called, beside=beside)
    return Steps(figure, passes, pace, first, last)


def train(
    loss: Value,
    steps: int = 50,
    optimizer: str = "sgd",
    rate: float | None = None,
    *,
    wrt: str | Sequence[str] = "",
    names: bool = True,
    **options: Any,
) -> Training:
    """A training of a loss: forward, backward and a step of the optimizer, so many times.

    The record is run again with the new numbers; the values themselves stay as they are. `wrt`
    names the leaves that learn, as "w,b" or a list; else the parameters of modules do, or all
    leaves. `optimizer` is a name of `backviz list optimizers`, `rate` its learning rate and
    `options` are others of its options. `loss`, `norms` and `at(k)` of the result tell each step,
    `save("learn.html")` writes it; `stopped` is the error that ended it early.

    Raises `InputError` where nothing can learn, `NotFiniteError` for a loss that is no number at
    first.

    >>> w = Value(4.0, "w")
    >>> training = train((w - 1) ** 2, 3, rate=0.25)
    >>> training.loss, w.data
    ([9.0, 2.25, 0.5625, 0.140625], 4.0)
    """
    from backviz.training import Recipe, trained

    values = tape(recorded(loss))
    called, recipe = named_by(loss, names), Recipe(optimizer, rate, options)
    named = [*names_of(values, called).values()]
    return trained(Replay(loss, values), named, steps, recipe, wrt, called=called)


def compare(
    one: Value, other: Value, titles: tuple[str, str] | None = None, *, names: bool = True,
    **style: Unpack[Options],
) -> Comparison:  # fmt: skip
    """Two computations beside each other, equal parts at equal places, with ≠ where they differ.

    `.save("both.svg")` writes the picture, a notebook shows it. Values are partners by their names,
    then by what they are computed from. `titles` are what stands over the two; `style` takes the
    fields of `Style`. Gradients are those that the values hold, so that those of two engines can be
    compared; a computation without any is differentiated on a copy.

    >>> x, y = Value(3.0, "x"), Value(3.0, "x")
    >>> compare((x * 2).relu(), (y * 2).tanh(), ("relu", "tanh")).messages
    ('1 op differs, 1 value differs, 2 gradients differ',)
    """
    from backviz.diagrams.comparison import Comparison  # which a single picture does not need

    figures = []
    for value in (one, other):
        if not isinstance(value, Value):
            raise UsageError(
                _("compare takes two recorded values, not {article}", article=article(value))
            )
        figure = Figure.of(value, names, Style.of(**style))
        if value.grad is None and value.requires_grad and one is not other:
            shown = again(Run(Record(value, figure.called)), {}).output
            backward(shown, seed_for(shown))
            figure = Figure(shown, figure.style, called=figure.called)
        figures.append(figure)
    first, second = (value.label or _("the output") for value in (one, other))
    alike = (_("first"), _("second")) if first == second else (first, second)
    return Comparison(figures[0], figures[1], titles or alike)


def _save_picture(picture: Picture, path: str) -> str:
    write_file(path, RENDERERS[format_of(path)](picture))
    return path


WRITERS.add("picture", _save_picture)


def format_of(path: str) -> str:
    """The format that a file name's extension stands for."""
    extension = Path(path).suffix.lower().removeprefix(".")
    if extension and extension not in RENDERERS and extension in BUILDERS:
        raise UsageError(
            _(
                "unknown format {extension!r} for one picture, but steps have it: backviz "
                "steps SRC -o {path}, in Python backviz.steps(L).save({path!r})",
                extension=extension,
                path=path,
            )
        )
    return resolve(path, None, RENDERERS)
