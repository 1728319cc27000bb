"""The player: a build as one HTML file, with slider, keys and the numbers of every box.

Invariant: the file is whole. It asks for nothing outside itself, its policy forbids it to,
and nothing that a user wrote can become markup or script.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from backviz.diagrams.lettered import in_signs, sentences
from backviz.diagrams.model import Sentence
from backviz.diagrams.right_to_left import apart
from backviz.diagrams.theme import THEMES
from backviz.language import N_, NP_, Language
from backviz.renderers.player.levels import Level, levels
from backviz.renderers.player.looks import Looks, is_dark
from backviz.renderers.player.numbers import facts, lines_of
from backviz.renderers.player.picture import picture
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    from backviz.diagrams.steps import Steps

SMALL, MORE = 150_000, 60_000  # bytes of all levels together; of further ones in any case
SCRIPTS = ("view.js", "level.js", "panel.js", "print.js", "player.js")
# words of the page by their names in page.html and in the scripts
SPOKEN = {  # by their names in the page and its script
    "play": N_("Play"),
    "pause": N_("Pause"),
    "first_step": N_("First step"),
    "step_back": N_("Step back"),
    "step_on": N_("Step on"),
    "last_step": N_("Last step"),
    "step_of": N_("Step {k} of {n}"),
    "steps": N_("Steps"),
    "zoom_in": N_("Zoom in"),
    "zoom_out": N_("Zoom out"),
    "whole_graph": N_("Whole graph"),
    "light_or_dark": N_("Light or dark"),
    "in_numbers": N_("In numbers"),
    "close": N_("Close"),
    "not_yet": N_("not reached yet"),
    "contribution": N_("contribution"),
    "value": N_("value"),
    "local": N_("local derivative"),
    "gradient": N_("gradient"),
    "detail": N_("Level of detail"),
    "arrives": N_("arrives"),
    "learn": N_("Train"),
}
LEVELS = {
    "none": NP_("level", "nodes"),
    "constants": NP_("level", "ops"),
    "names": NP_("level", "names"),
    "layers": NP_("level", "layers"),
    "blocks": NP_("level", "blocks"),
    "auto": NP_("level", "short"),
    "unfold": NP_("level", "one open"),
}


def html(steps: Steps) -> bytes:
    """One HTML page that plays the steps; UTF-8, the same bytes for the same steps.

    It works from a file and without a network. It opens at the first step, or at step k for
    `#k` in the address; paper has all steps. Without JavaScript it shows the last step.
    The other levels of detail are there to choose from while they are small. `style.salt`
    starts every id, so that the elements `.backviz-player` of several files, with their
    styles, can stand on one page.

    >>> from backviz import Figure, load
    >>> from backviz.diagrams.steps import Steps
    >>> page = html(Steps(Figure(load("@colah")))).decode()
    >>> page.startswith("<!DOCTYPE html>"), "://" in page
    (True, False)
    """
    figure = steps.figure
    looks, prefix = Looks(figure.style.theme), _prefix(figure.style.salt)
    shown = _fitting([drawn(level, prefix, looks) for level in levels(steps)])
    return page(steps, shown, looks)


def _prefix(salt: str) -> str:
    return f"{salt}-" if salt else ""


def drawn(level: Level, prefix: str, looks: Looks, name: str = "") -> Shown:
    """A level with its picture and its data; `name` tells its ids from those of others."""
    return level, picture(level, f"{prefix}{name or level.name}-", looks), facts(level)


def page(
    steps: Steps, shown: list[Shown], looks: Looks, more: str = "", extra: Extra | None = None
) -> bytes:
    """The page with these levels, the first of which is seen at first.

    `more` is markup beside the slider, `extra` a script of its own and what it reads, by name.
    """
    figure = steps.figure
    style, words = figure.style, LANGUAGES[figure.style.lang]
    prefix = _prefix(style.salt)
    diagram, last, count = in_signs(steps.diagram), steps.moments[-1], len(steps.moments)
    spoken = {name: words.gettext(sentence) for name, sentence in SPOKEN.items()}
    data = {
        "prefix": prefix,
        "words": spoken,
        "levels": [about for *_, about in shown],
        **({"at": steps.opens} if steps.opens else {}),
        **(extra.data if extra else {}),
    }
    scripts = (*SCRIPTS, extra.script) if extra else SCRIPTS
    script = '(() => {\n"use strict";\n' + "".join(map(_file, scripts)) + "})();\n"
    css = looks.css() + _file("player.css") + (_file(extra.css) if extra else "")
    return (
        Template(_file("page.html"))
        .substitute(
            {name: escape(said) for name, said in spoken.items()},
            lang=style.lang,
            policy=_policy(script, css),
            css=css,
            js=script,
            id=f"{prefix}player",
            theme=_pinned(style.theme),
            title=escape(diagram.title),
            description=escape(diagram.description),
            legend=_legend(diagram.legend),
            folds="" if extra else _folds([level for level, *_ in shown], words),
            more=more,
            phase=last.phase,
            lines="".join(
                map(_line, sentences(lines_of(last), lambda t: apart(diagram.letters.text(t))))
            ),
            count=count,
            counter=f"{count} / {count}",
            levels="\n".join(
                f'<div class="level" data-level="{i}"{" hidden" if i else ""}>{drawn}</div>'
                for i, (_, drawn, _) in enumerate(shown)
            ),
            data=_json(data),
        )
        .encode()
    )


@dataclass(frozen=True)
class Extra:
    """What a page has beyond the player: a script and a style sheet by file, and their data."""

    script: str
    css: str
    data: dict[str, Any]


Shown = tuple[Level, str, dict[str, Any]]


def _fitting(made: list[Shown]) -> list[Shown]:
    """The level asked for, and the others from the smallest on while there is room."""
    kept, *others = made
    room = max(MORE, SMALL - _size(kept))
    chosen = [kept]
    for other in sorted(others, key=_size):
        room -= _size(other)
        if room >= 0:
            chosen.append(other)
    return chosen


def _size(shown: Shown) -> int:
    return len(shown[1].encode()) + len(_json(shown[2]).encode())


def _file(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")


def _policy(script: str, css: str) -> str:
    """Only this very script and this very style sheet, and nothing from anywhere else."""
    allowed = (f"{kind}-src '{_hash(text)}'" for kind, text in (("script", script), ("style", css)))
    return "; ".join(["default-src 'none'", "img-src data:", *allowed, "base-uri 'none'",
                      "form-action 'none'"])  # fmt: skip


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that stays data inside `<script>`: no character there can end it.

    >>> _json({"label": "</script>"})
    '{"label":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


# Colours and words ---------------------------------------------------------------------


def _pinned(theme: str) -> str:
    """The theme that the page starts with; by default the one that the reader's system has."""
    return (
        "" if theme == "light" else f' data-theme="{"dark" if is_dark(THEMES[theme]) else "light"}"'
    )


def _line(line: Sentence) -> str:
    """A line of a moment: what is said, and in small what is said aside."""
    asides = "".join(f" <small>{escape(aside)}</small>" for aside in line.asides)
    return f"<p>{escape(line.said)}{asides}</p>"


SAMPLES = {
    "value": '<path d="M0 8h34" stroke-width="2.5"/><path d="M44 8 32 3v10z" class="tip"/>',
    "gradient": '<path d="M44 8H12" stroke-width="2.5" stroke-dasharray="6 4"/>'
    '<path d="M0 8 12 3v10z" class="tip"/>',
}


def _legend(legend: tuple[tuple[str, str], ...]) -> str:
    """A sample of every line, number or sign, and what it means."""
    items = []
    for kind, words in legend:
        sample = "−2" if kind == "local" else escape(kind)
        if kind in SAMPLES:
            sample = f'<svg viewBox="0 0 44 16" aria-hidden="true">{SAMPLES[kind]}</svg>'
        items.append(f'<span class="{escape(kind)}">{sample} {escape(words)}</span>')
    return "".join(items)


def _folds(shown: list[Level], words: Language) -> str:
    """A button for every level, from the finest, with the number of its boxes."""
    if len(shown) < 2:
        return ""
    called = [
        (i, level, escape(words.pgettext("level", LEVELS[level.name])))
        for i, level in enumerate(shown)
    ]
    buttons = "".join(
        f'<button type="button" data-fold="{i}" aria-pressed="{"false" if i else "true"}" '
        f'title="{said}">{said} · {len(level.view)}</button>'
        for i, level, said in sorted(called, key=lambda each: -len(each[1].view))
    )
    label = escape(words.gettext("Level of detail"))
    return f'<div class="group" role="group" aria-label="{label}">{buttons}</div>'
