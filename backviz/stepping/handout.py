"""A hand-out of a session: what was typed and what was answered, with the pictures that it had.

Invariant: what stands in it is what was shown, what-ifs and mistakes included; nothing is computed
anew. A page and a text need nothing else, and a notebook runs where its source is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from backviz.diagrams.theme import THEMES
from backviz.errors import InputError
from backviz.files import write_file
from backviz.formats import Format, Formats, resolve
from backviz.language import N_, _, speaking
from backviz.stepping.answers import DRAWN, Answer, Refused, Text
from backviz.stepping.pictures import style_of, text_picture
from backviz.stepping.state import State

LEFT_OUT = {"export", "record", "quit", "q", "exit", "off"}  # says nothing of the computation
OUTSIDE = {"show", "save", "source", "quiz", "hint", "answer", "skip"}  # no notebook does it again


@dataclass(frozen=True, slots=True)
class Said:
    """A line and its answer, and whether a picture belongs to them."""

    line: str
    answer: Answer
    drawn: bool = False

    @property
    def text(self) -> str:
        """The answer as it was printed."""
        return self.answer.text


@dataclass(frozen=True, slots=True)
class Handout:
    """A session: what it goes through, where it began, and all that was said since.

    `source` is the SRC of a command line, "" for values of a program.
    """

    name: str
    begun: State
    said: tuple[Said, ...]
    source: str = ""

    @property
    def title(self) -> str:
        """What stands above it."""
        return _("Step by step through {name}", name=self.name)

    @property
    def start(self) -> Said:
        """The graph before the first line."""
        return Said("", Text((), state=self.begun), _is_small(self.begun))


def handout(begun: State, heard: Sequence[tuple[str, Answer]], source: str = "") -> Handout:
    """A hand-out; pictures stand on both sides of a what-if and at the end, none of them twice."""
    kept = [(line, a) for line, a in heard if line.partition(" ")[0] not in LEFT_OUT]
    said, last = [], (begun.run, begun.at)
    for i, (line, answer) in enumerate(kept):
        state = answer.state
        after = kept[i + 1][1].state if i + 1 < len(kept) else None
        drawn = False
        if state is not None and _is_small(state) and (state.run, state.at) != last:
            ends = after is None or after.run is not state.run
            drawn = ends or state.run is not last[0]
        if drawn and state is not None:
            last = state.run, state.at
        said.append(Said(line, answer, drawn))
    return Handout(begun.record.names[begun.record.last], begun, tuple(said), source)


def save_handout(made: Handout, path: str) -> None:
    """Write a hand-out; the extension says how: md, html or ipynb."""
    if not made.said:
        raise InputError(_("nothing was shown yet that a hand-out could hold; step first: n"))
    row = HANDOUTS[resolve(path, None, HANDOUTS, instead=N_("a page: export session.html"))]
    with speaking(made.begun.look.lang):
        text = row.make(made)
    write_file(path, text.encode())


def _is_small(state: State | None) -> bool:
    return state is not None and len(state.record.values) <= DRAWN


def as_markdown(made: Handout) -> str:
    """Lines and answers in blocks of text; the pictures are drawings of signs."""
    parts = [f"# {_('Step by step through {name}', name=_coded(made.name))}"]
    if made.source:
        parts.append(_fenced(made.source, "text"))
    for each in (made.start, *made.said):
        shown = [f"step> {each.line}", each.text] if each.line else []
        if each.drawn and each.answer.state is not None:
            shown += ["", *text_picture(each.answer.state)]
        if shown:
            parts.append(_fenced("\n".join(shown).strip("\n"), "text"))
    return "\n\n".join(parts) + "\n"


def _coded(text: str) -> str:
    """A word as code, whatever signs it has."""
    ticks = _fence(text, 1)
    return f"{ticks}{text}{ticks}" if "`" not in text else f"{ticks} {text} {ticks}"


def _fenced(text: str, kind: str) -> str:
    ticks = _fence(text, 3)
    return f"{ticks}{kind}\n{text}\n{ticks}"


def _fence(text: str, least: int) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def as_page(made: Handout) -> str:
    """One HTML page without scripts; its pictures are SVG."""
    theme = THEMES[style_of(made.begun).theme]
    look = (
        f"body{{max-width:60em;margin:2em auto;padding:0 1em;background:{theme.background};"
        f"color:{theme.ink};font-family:sans-serif}}"
        f"h2{{margin:1.6em 0 .4em;font:600 1em monospace;color:{theme.forward}}}"
        "pre{margin:.4em 0;overflow-x:auto;font-size:.95em;line-height:1.35}"
        "svg{max-width:100%;height:auto}"
        "@media print{section{break-inside:avoid}}"
    )
    parts = [
        "<!doctype html>", f'<html lang="{made.begun.look.lang}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(made.title)}</title>", f"<style>{look}</style></head>", "<body>",
        f"<h1>{escape(made.title)}</h1>",
    ]  # fmt: skip
    if made.source:
        parts.append(f"<pre>{escape(made.source)}</pre>")
    for each in (made.start, *made.said):
        parts.append("<section>")
        if each.line:
            parts.append(f"<h2>step&gt; {escape(each.line)}</h2>")
        if each.text:
            parts.append(f"<pre>{escape(each.text)}</pre>")
        if each.drawn:
            parts.append(each.answer.svg())
        parts.append("</section>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def as_notebook(made: Handout) -> str:
    """A notebook: each line a cell with its answer; it runs again if the source is known."""
    cells = [_words(f"# {_('Step by step through {name}', name=_coded(made.name))}")]
    look, count = made.begun.look, 0
    if made.source:
        given = {"lang": look.lang, "digits": look.numbers.digits, "decimal": look.numbers.decimal}
        known = {"lang": "en", "digits": 4, "decimal": "."}
        more = "".join(f", {k}={v!r}" for k, v in given.items() if v != known[k])
        begin = f"import backviz\n\ns = backviz.stepper(backviz.load({made.source!r}){more})\ns"
        cells.append(_code(begin, made.start, count := count + 1))
    elif made.start.drawn:
        cells.append(_words(_fenced("\n".join(text_picture(made.begun)), "text")))
    for each in made.said:
        again = made.source and each.line.split()[:1] and each.line.split()[0] not in OUTSIDE
        if again and not isinstance(each.answer, Refused):
            cells.append(_code(f"s.run({each.line!r})", each, count := count + 1))
        else:
            cells.append(_words(_fenced(f"step> {each.line}\n{each.text}", "text")))
    for i, cell in enumerate(cells):
        cell["id"] = f"step-{i}"
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    book = {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(source: str, said: Said, count: int) -> dict[str, Any]:
    shown = dict(_shown(said))
    output = {"output_type": "execute_result", "execution_count": count, "metadata": {},
              "data": shown}  # fmt: skip
    return {"cell_type": "code", "metadata": {}, "source": source, "execution_count": count,
            "outputs": [output] if shown else []}  # fmt: skip


def _shown(said: Said) -> Iterator[tuple[str, str]]:
    if said.text or said.drawn:
        yield "text/plain", said.text
    if said.drawn:
        yield "image/svg+xml", said.answer.svg()


Writer = Callable[[Handout], str]
HANDOUTS: Formats[Format] = Formats("step")
for _row in (
    Format("html", N_("a page to read and print, with the pictures"), as_page, "page", ("htm",)),
    Format("md", N_("Markdown: text that a forge or a course page shows"), as_markdown, "text",
           ("markdown",)),
    Format("ipynb", N_("a notebook with the answers in it"), as_notebook, "code"),
):  # fmt: skip
    HANDOUTS.enter(_row)
