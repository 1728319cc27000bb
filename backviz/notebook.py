"""What Jupyter, VS Code, Colab and marimo show for a figure or a recorded value.

Invariant: showing never raises, because a cell's last line must not fail for its picture;
the same figure has the same bytes, and the ids of different figures on a page differ.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any, Unpack

from backviz.autodiff.value import Value
from backviz.diagrams.drawing import Drawing
from backviz.diagrams.figure import Figure
from backviz.diagrams.picture import Picture
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Options, Style
from backviz.displays import DISPLAYS
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.renderers.embedded import framed
from backviz.renderers.text_drawing import draw_text
from backviz.sources.tracing import Outputs

SMALL = 40  # values up to which a recorded value is shown as a picture
Bundle = tuple[dict[str, str], dict[str, dict[str, int]]]


def show(output: Outputs, *, names: bool = True, **style: Unpack[Options]) -> None:
    """Show the figure of a computation: a picture in a notebook, a drawing of characters elsewhere.

    `style` takes the fields of `Style`. Values without a label are called by the variables that
    hold them where this is called, unless `names` is false.

    >>> x = Value(3.0, "x")
    >>> show(x, legend=False)
    ┌────────┐
    │ x = 3  │
    │ grad — │
    └────────┘
    """
    figure = Figure.of(output, names, Style.of(**style))
    marimo = sys.modules.get("marimo")
    if _shell() is not None:
        sys.modules["IPython"].display.display(figure)
    elif marimo is not None and marimo.running_in_notebook():
        marimo.output.append(figure)
    else:
        print(draw_text(figure.diagram))


def figure_bundle(
    figure: Picture, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> Bundle:
    """A figure by media type, and how large its PNG is; only what is asked for is drawn.

    The reason stands in the text if a picture cannot be made.
    """
    return _bundle(lambda: draw_text(figure.diagram), figure, include, exclude)


def value_bundle(
    value: Value, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> Bundle:
    """A recorded value as it prints, and its picture if it was computed from a few values."""
    figure = Figure(value) if value.op is not None and _is_small(value) else None
    return _bundle(lambda: repr(value), figure, include, exclude)


def steps_bundle(
    steps: Steps, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> Bundle:
    """A build: the player, and beside it a PNG of the last step for what shows no pages."""

    @cache
    def png() -> bytes:
        from backviz.renderers.png import png_page  # loads matplotlib

        return png_page(steps, steps.moments[-1])

    def page() -> str:
        (made,), title = BUILDERS["html"](steps), steps.diagram.title
        return framed(made, png(), title, f"{title}. {steps.moments[-1].alt}")

    makers = {
        "text/plain": lambda: repr(steps),
        "text/html": page,
        "image/png": lambda: b64encode(png()).decode(),
    }
    return media(makers, include, exclude, lambda: steps.drawing_of(()))


def _is_small(value: Value) -> bool:
    met, waiting = {value.serial}, [value]
    while waiting and len(met) <= SMALL:
        fresh = {u.serial: u for u in waiting.pop().inputs if u.serial not in met}
        met |= {*fresh}
        waiting += fresh.values()
    return len(met) <= SMALL


def _bundle(
    text: Callable[[], str],
    figure: Picture | None,
    include: Iterable[str] | None,
    exclude: Iterable[str] | None,
) -> Bundle:
    if figure is None:
        return media({"text/plain": text}, include, exclude)
    makers = {
        "text/plain": text,
        "image/svg+xml": lambda: _svg(figure),
        "image/png": lambda: _png(figure),
    }
    return media(makers, include, exclude, lambda: figure.drawing)


def media(
    makers: Mapping[str, Callable[[], str]],
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    page: Callable[[], Drawing] | None = None,
) -> Bundle:
    """Of each media type what its maker makes, if it is asked for; whatever fails is said.

    With a page, the PNG is shown at its size: a point of the page is a pixel.

    >>> media({"text/plain": lambda: "a", "image/png": lambda: 1 / 0})
    ({'text/plain': 'a\\n(no picture: division by zero)'}, {})
    """
    made: dict[str, str] = {}
    about = {}
    try:
        for kind in _wanted(makers, include, exclude):
            made[kind] = makers[kind]()
        if page is not None and "image/png" in made:
            size = page().width, page().height
            about["image/png"] = dict(zip(("width", "height"), map(round, size), strict=True))
    except Exception as error:
        said = f"(no picture: {error or type(error).__name__})"
        made["text/plain"] = "\n".join(filter(None, (made.get("text/plain"), said)))
    return made, about


def _png(figure: Picture) -> str:
    return b64encode(RENDERERS["png"](figure)).decode()


def _svg(figure: Picture) -> str:
    """The SVG with ids of its own: they start with the figure's hash unless a salt was given."""
    plain = RENDERERS["svg"](figure)
    if figure.style.salt:
        return plain.decode()
    salt = f"f{sha256(plain).hexdigest()[:10]}"
    return RENDERERS["svg"](_salted(figure, salt)).decode()


def _salted(figure: Picture, salt: str) -> Picture:
    """The same figure with every stage that is already computed."""
    made = copy(figure)
    vars(made)["style"] = replace(figure.style, salt=salt)
    return made


def _wanted(
    kinds: Iterable[str], include: Iterable[str] | None, exclude: Iterable[str] | None
) -> list[str]:
    """The media types to make: what is asked for, else what the front end shows at all."""
    if include is None:
        shell = _shell()
        include = kinds if shell is None else shell.display_formatter.active_types
    included, excluded = {*include}, {*(exclude or ())}
    return [kind for kind in kinds if kind in included and kind not in excluded]


def _shell() -> Any:
    """IPython's shell, if this program runs in one."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


for _name, _display in (
    ("value", value_bundle),
    ("figure", figure_bundle),
    ("steps", steps_bundle),
    ("answer", media),
):
    DISPLAYS.add(_name, _display)
