"""A picture of the present state: the figure's boxes and arrows, as far as the cursor has come.

Invariant: the page is laid out once for each what-if; moving changes only what boxes and
arrows show. The user's own values are not touched: the figure is made of a copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from functools import lru_cache
from html import escape
from typing import Any

from backviz.autodiff.backward import backward
from backviz.diagrams.build import arrow_order, number_lines
from backviz.diagrams.figure import Figure
from backviz.diagrams.model import ArrowState, BoxState, Moment, box_id
from backviz.diagrams.moments import MORE
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.diagrams.theme import THEMES
from backviz.diagrams.typed import typed
from backviz.errors import InputError, UsageError
from backviz.files import write_file
from backviz.formats import resolve
from backviz.language import _
from backviz.renderers import RENDERERS
from backviz.stepping.blocks import caption, step_lines
from backviz.stepping.moves import preceding
from backviz.stepping.state import State, arrived, gradient, is_known
from backviz.telling.run import Run, again
from backviz.text import NumberStyle
from backviz.words import LANGUAGES

DRAWN = 2_000  # values of a computation that is still drawn
PAGES = (".html", ".htm")
NO_OPTIONS: Mapping[str, Any] = {}


@lru_cache(maxsize=8)
def steps_of(run: Run, style: Style) -> Steps:
    """The figure of a run, complete, with its page."""
    if len(run.record.values) > DRAWN:
        raise InputError(
            _(
                "{n:,} values are too many to draw at every step (at most {drawn:,}); use "
                "list, or backviz graph, which folds",
                n=len(run.record.values),
                drawn=DRAWN,
            )
        )
    made = again(run, run.edits)
    if made.output.requires_grad:
        backward(made.output, made.seed)
    return Steps(Figure(made.output, style))


def style_of(state: State) -> Style:
    """The style in the words and numbers of the session."""
    numbers = state.look.numbers
    own = {"lang": state.look.lang, "decimal": numbers.decimal, "digits": numbers.digits,
           "powers": numbers.powers}  # fmt: skip
    return Style(**{**own, **state.look.pictures})


def moment_of(state: State, steps: Steps) -> Moment:
    """What every box and arrow shows at the present place.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a = Value(3.0, "a")
    >>> state = start(a * a).but(at=3)
    >>> moment_of(state, steps_of(state.run, Style())).boxes["n0"].gradient
    ('3 + …',)
    """
    view, place = steps.figure.view, state.place
    here = state.node
    accent = place.phase if here is not None else ""
    boxes = {
        box_id(n): BoxState(is_known(state, n), _gradient(state, n, steps.figure.shown),
                          accent if n == here else "")
        for n in view
    }  # fmt: skip
    arrows = {}
    for arrow, tail, head, position, data in arrow_order(view):
        back = "contribution" in data and _handed_on(state, tail, head, position, view.nodes[head])
        at_work = head == here and (back or place.phase == "forward")
        arrows[arrow] = ArrowState(is_known(state, head), back, accent if at_work else "")
    alt = "; ".join(line.strip() for line in step_lines(state.step, state.look))
    said = caption(state.teller.told(state.at, preceding(state, state.at)), state.look)
    at = "" if here is None else box_id(here)
    return Moment(place.phase, at, said, boxes, arrows, alt, said)


def _gradient(state: State, node: int, style: Style) -> tuple[str, ...]:
    """The lines under a value: the running total, with a mark while more is to come."""
    found = gradient(state, node)
    if found is None:
        return ()
    lines = number_lines(found, style.numbers, LANGUAGES[style.lang])
    got, of = arrived(state, node)
    return (*lines[:-1], lines[-1] + MORE) if got < of else lines


def _handed_on(state: State, tail: int, head: int, position: int, data: dict[str, Any]) -> bool:
    """Whether the gradient has come along an arrow; a box may stand for several ops."""
    record, place = state.record, state.place
    if place.phase == "forward":
        return False
    inside = set(data.get("inside", (head,)))
    for use in record.arrivals(tail):
        by = record.heads[state.run.owner(use)]
        if by in inside and (len(inside) > 1 or record.positions[use] == position):
            return use < place.done
    return gradient(state, tail) is not None


def present(state: State, salt: str = "") -> Steps:
    """The figure with one moment only, the present one; its page and parts are shared."""
    steps = steps_of(state.run, style_of(state))
    moment = moment_of(state, steps)
    _other = steps.sheet, steps.diagram  # so that the copies share the one layout
    one = copy(steps)
    one.figure = copy(steps.figure)
    one.figure.style = replace(steps.figure.style, salt=salt)
    one.moments = [moment]
    return one


def playing(state: State) -> Steps:
    """All steps of the run, for a page with buttons that opens at the present place.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a = Value(3.0, "a")
    >>> [playing(start(a * a).but(at=at)).opens for at in (0, 1, 2, 3)]
    [0, 1, 2, 3]
    """
    steps = copy(steps_of(state.run, style_of(state)))
    place, here = state.place, state.node
    at = place.phase, "" if here is None else box_id(here)
    found = [k for k, m in enumerate(steps.moments) if (m.phase, m.node) == at] or [0]
    # the backward pass starts at the result, and then passes its gradient on
    steps.opens = found[-1] if place.phase == "backward" and place.done else found[0]
    return steps


def picture(state: State, form: str, salt: str = "") -> bytes:
    """The present state in a format of pictures, or as html: a page that loads itself anew.

    `salt` starts every id of an SVG.
    """
    steps = present(state, salt)
    figure = steps.figure_at(steps.moments[0])
    if form == "html":
        return page_of(state, RENDERERS["svg"](figure).decode()).encode()
    return RENDERERS[form](figure)


def page_of(state: State, svg: str) -> str:
    """An HTML page with the picture and the words of the step; it loads itself anew each second."""
    lines = "\n".join(step_lines(state.step, state.look))
    theme = THEMES[style_of(state).theme]
    title = escape(f"{state.record.names[state.record.last]}: backviz step")
    return (
        f'<!doctype html>\n<html lang="{state.look.lang}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="1"><title>{title}</title>\n'
        f"<style>body{{margin:1em;background:{theme.background};color:{theme.ink};"
        "font-family:sans-serif}"
        "svg{max-width:100%;height:auto}pre{font-size:1.1em}</style></head>\n"
        f"<body>\n{svg}<pre>{escape(lines)}</pre>\n</body></html>\n"
    )


def save_picture(state: State, path: str, options: Mapping[str, Any] = NO_OPTIONS) -> None:
    """Write the picture; the extension says the format, `options` are those of `Style`."""
    form = "html" if path.lower().endswith(PAGES) else resolve(path, None, RENDERERS)
    if form != "html" and RENDERERS[form].kind == "data":
        raise UsageError(
            _(
                "{path}: {form} holds the whole record, not one step; save step.svg, or "
                "use backviz graph -F {form}",
                path=path,
                form=form,
            )
        )
    write_file(path, picture(restyled(state, options), form))


def restyled(state: State, options: Mapping[str, Any]) -> State:
    """The same state with other words, numbers and looks for its pictures.

    Raises `UsageError` for an option that a style does not have.
    """
    if not options:
        return state
    look, given = state.look, dict(options)
    Style.of(**given)  # a wrong option is refused in its own sentence
    numbers = NumberStyle(
        given.pop("digits", look.numbers.digits),
        given.pop("decimal", look.numbers.decimal),
        powers=given.pop("powers", look.numbers.powers),
    )
    lang = given.pop("lang", look.lang)
    return state.but(
        look=replace(look, lang=lang, numbers=numbers, pictures={**look.pictures, **given})
    )


def path_and_options(text: str) -> tuple[str, dict[str, Any]]:
    """`save`'s file and its options, which begin at the first word with two hyphens.

    >>> path_and_options("my step.png --for slide --lang ru")
    ('my step.png', {'size': 'slide', 'lang': 'ru'})
    """
    path, *rest = re.split(r"\s+(?=--\w)", text.strip(), maxsplit=1)
    name, options = typed(rest[0] if rest else "", "save")
    if name:
        raise UsageError(_("save {text}: put {name} before the options", text=text, name=name))
    return path, options


def text_picture(state: State) -> list[str]:
    """The graph as a drawing for a terminal, with the node at work marked."""
    from backviz.renderers.text_drawing import draw_text

    steps = steps_of(state.run, style_of(state))
    moment, look = moment_of(state, steps), state.look
    plain = look.fit("─│→") != "─│→"
    text = draw_text(steps.diagram, width=look.width, ascii=plain, mark=moment.node or None,
                     states=moment.boxes, passed=moment.arrows)  # fmt: skip
    return [look.fit(line) for line in text.splitlines()]
