"""Options that change nothing in a picture: who asked for something is told why it is not seen.

Invariant: what is compared are decisions, the diagrams with and without an option, at every level
of detail that the page may take; nothing is laid out for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.diagrams.build import build
from backviz.diagrams.detail import ladder, used_often
from backviz.diagrams.style import Style, listed
from backviz.diagrams.theme import PRESETS
from backviz.graphs import LEAF
from backviz.language import N_, _

if TYPE_CHECKING:
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.model import Diagram

# The fields of a style that a diagram shows, with their option and why it may show nothing of them.
SHOWN = {
    "heat": ("--heat", N_("no array is too large to be written out")),
    "entries": ("--entries", N_("there is no array that it would write out otherwise")),
    "arrays": ("--arrays", N_("all arrays are written out")),
    "local": ("--local", N_("the arrows say the same")),
    "products": ("--contributions", N_("no arrow has two numbers to multiply")),
    "show": ("--show", N_("there is nothing else to show")),
    "hide": ("--hide", N_("there is nothing of it")),
    "blank": ("--blank", N_("no box shows what it names")),
    "powers": ("--powers", N_("no number is written with a power of ten")),
    "lines": ("--lines", N_("an expression has no lines; those of a Python file are noted")),
}
# What a format has none of, by the fields of a style.
_FONTS = ("scale", "text", "salt", "engine", "transparent")
_LOOKS = (*_FONTS, "theme", "direction", "heat")
_PART = ("start", "end", "around", "hops", "only")
_ALL = (*_LOOKS, *SHOWN, "size", "fold", "unfold", "weights", "digits", "decimal",
        "title", "pages", "legend", "lettering", *_PART)  # fmt: skip
FORWARD = ("text", "ascii", "mermaid")  # formats in which an arrow forward is all that there is
UNKNOWN_TO: dict[str, tuple[str, ...]] = {
    "svg": ("scale",),
    "pdf": ("scale", "salt"),
    "png": ("text", "salt"),
    "tikz": ("scale", "text", "salt"),
    "text": (*_LOOKS, "colour"),
    "ascii": (*_LOOKS, "colour", "lettering"),
    "mermaid": (*_FONTS, "heat"),
    "dot": (*_FONTS[:-1], "heat"),
    "json": tuple(name for name in _ALL if name not in ("blank", "lines")),
    "graphml": tuple(name for name in _ALL if name not in ("blank", "lines")),
}
_FILM = ("text", "salt", "transparent")
UNKNOWN_TO_BUILD: dict[str, tuple[str, ...]] = {
    "pdf": ("scale", "salt"),
    "html": ("scale", "text"),
    "svg": ("scale",),
    "png": ("text", "salt"),
    "fragments": ("scale",),
    "tikz": ("scale", "text", "salt"),
    "mp4": _FILM,
    "gif": _FILM,
    "webp": _FILM,
}
FLAGS = {
    "size": "--for", "start": "--from", "end": "--to", "lettering": "--names",
    "legend": "--no-legend",
}  # fmt: skip
DEFAULT: dict[str, Any] = {field.name: field.default for field in fields(Style)}


def idle(figure: Figure, asked: Collection[str]) -> tuple[str, ...]:
    """A sentence for every option among those `asked` for (by field) that changes nothing.

    >>> from backviz import Figure, Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> idle(Figure(a * b, Style(heat=True, hide="gradients")), ["heat", "hide"])
    ('--heat changes nothing here: no array is too large to be written out',)
    """
    told = [
        (option, _(why)) for name, (option, why) in SHOWN.items()
        if name in asked and _is_idle(figure, name)
    ]  # fmt: skip
    style = figure.style
    if "weights" in asked and _weights_idle(figure):
        told.append(("--weights", _("no box has a weight of its own")))
    parts = [name for name in ("start", "end", "around", "only") if name in asked]
    if "hops" in asked and not style.around:
        told.append(("--hops", _("it goes with --around")))
    if parts and figure.is_whole:
        flags = ", ".join(FLAGS.get(name, f"--{name}") for name in parts)
        told.append((flags, _("that is the whole graph")))
    if "pages" in asked and style.pages > 1 and not PRESETS[style.size].height:
        told.append(("--pages", _("a page of this kind is as large as what is drawn on it")))
    return tuple(
        _("{option} changes nothing here: {why}", option=option, why=why) for option, why in told
    )


def unknown_to(form: str, asked: Collection[str], hide: str = "", build: bool = False) -> str:
    """A sentence on the options that a format has nothing for; "" if there are none.

    `hide` is what is left out, of which a format may know a part. `build` asks of steps.

    >>> unknown_to("text", ["heat", "theme", "fold"])
    'text has nothing for --theme, --heat'
    """
    table = UNKNOWN_TO_BUILD if build else UNKNOWN_TO
    fields = [name for name in dict.fromkeys(table.get(form, ())) if name in asked]
    flags = [SHOWN[name][0] if name in SHOWN else FLAGS.get(name, f"--{name}") for name in fields]
    if form in FORWARD and not build and "forward" in listed(hide):
        flags.append("--hide forward")
    return (
        _("{form} has nothing for {options}", form=form, options=", ".join(flags)) if flags else ""
    )


def _is_idle(figure: Figure, name: str) -> bool:
    if getattr(figure.style, name) == DEFAULT[name]:
        return False
    if name == "blank":
        shown = figure.diagram
        return not any(box.room for box in shown.boxes) and not any(a.room for a in shown.arrows)
    other = replace(figure.style, **{name: DEFAULT[name]})
    return _levels(figure, figure.style) == _levels(figure, other)


def _levels(figure: Figure, style: Style) -> list[Diagram]:
    """The diagram as asked for, and those that numbers could give way to."""
    view, styles = figure.view, [style]
    arrays = any(isinstance(value, np.ndarray) for _n, value in view.nodes(data="value"))
    if PRESETS[style.size].least and arrays:
        styles += ladder(style)
    return [build(view, each, figure.names) for each in styles]


def _weights_idle(figure: Figure) -> bool:
    graph = figure.graph
    if figure.style.weights == "hide":
        return not any(
            kind == LEAF and len(graph.succ[n]) == 1 for n, kind in graph.nodes(data="kind")
        )
    if figure.style.weights != "show":
        return False
    folded = any(title for _n, title in figure.view.nodes(data="title"))
    return not folded and not used_often(figure.view)
