"""`backviz list`: what there is to choose from, read from the registries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from backviz.cli import options
from backviz.cli.completion import offer
from backviz.cli.help import Command
from backviz.language import _, speaking, spoken

if TYPE_CHECKING:
    from backviz.formats import Format
    from backviz.scenes.surfaces import Landscape

Rows = list[dict[str, Any]]


@click.command(
    "list", cls=Command, short_help="What there is: examples, scenes, ops, formats, themes …"
)
@click.argument("what", required=False, metavar="[WHAT]", shell_complete=offer(lambda: LISTS))
@options.spoken
@options.as_json
@options.debug
def list_(what: str | None, as_json: bool, debug: bool) -> None:
    """List WHAT: examples, scenes, ops, formats, builds, films, tables, themes, sizes, engines,
    languages, topics, commands, optimizers, schedules, surfaces, course or options.

    Without WHAT: how many there are of each.
    """
    from backviz.cli.terminal import print_json, print_text
    from backviz.errors import UsageError
    from backviz.registry import unknown

    if what is not None and what not in LISTS:
        raise UsageError(unknown("list", what, LISTS))
    with speaking("en") if as_json else nullcontext():  # what a program reads is English
        made = LISTS[what]() if what else [{"name": k, "count": len(f())} for k, f in LISTS.items()]
    if as_json:
        print_json({"rows": made}, indent=1)
    else:
        print_text(_columns(made))


def _examples() -> Rows:
    from backviz.sources import EXAMPLES

    return [{"name": f"@{e.name}", "about": _(e.about)} for e in EXAMPLES.values()]


def _ops() -> Rows:
    from backviz.autodiff.formula import derivatives
    from backviz.ops import OPS

    return [
        {
            "name": op.name,
            "derivative": ", ".join(derivatives(op)) or "—",
            "domain": _(op.domain),
            "note": " ".join(_(text) for text in (op.note, op.gradient) if text),
        }
        for op in sorted(OPS.values(), key=lambda op: op.name)
        if op.public
    ]


def _formats() -> Rows:
    """Every format once: what each command writes in it, and what that is for."""
    from backviz.formats import every_format

    return [
        {
            "name": name,
            "commands": ", ".join(rows),
            "kinds": _once(row.kind for row in rows.values()),
            "endings": _once(each for row in rows.values() for each in row.names),
            "about": "; ".join(dict.fromkeys(_(row.about) for row in rows.values())),
            "written": [{"command": command, **_format(row)} for command, row in rows.items()],
        }
        for name, rows in every_format().items()
    ]


def _once(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _format(row: Format) -> dict[str, Any]:
    """What comes out, the endings of its file, what it is for."""
    return {"kind": row.kind, "endings": ", ".join(row.names), "about": _(row.about)}


def _formats_of(command: str) -> Callable[[], Rows]:
    """The formats of one command."""

    def rows() -> Rows:
        from backviz.formats import WRITTEN

        return [{"name": name, **_format(row)} for name, row in WRITTEN[command].items()]

    return rows


def _themes() -> Rows:
    from dataclasses import fields

    from backviz.diagrams.theme import THEMES

    return [
        {
            "name": t.name,
            "forward": t.forward,
            "gradient": t.gradient,
            "background": t.background,
            "colours": [
                {"name": field.name, "colour": colour}
                for field in fields(t)
                if isinstance(colour := getattr(t, field.name), str) and field.name != "name"
            ],
        }
        for t in THEMES.values()
    ]


def _sizes() -> Rows:
    """Each size with its page in points (0: as large as the drawing) and its text sizes."""
    from backviz.diagrams.theme import PRESETS

    return [
        {
            "name": p.name,
            "about": _(p.about),
            "width_pt": round(p.width, 2),
            "height_pt": round(p.height, 2),
            "text_pt": p.text,
            "least_pt": p.least,
        }
        for p in PRESETS.values()
    ]


def _engines() -> Rows:
    from backviz.diagrams.layout import ENGINES

    return [{"name": e.name, "about": _(e.about)} for e in ENGINES.values()]


def _languages() -> Rows:
    from backviz.words import LANGUAGES

    return [{"name": name} for name in LANGUAGES]


def _scenes() -> Rows:
    from backviz.scenes import SCENES

    return [
        {"name": s.name, "about": _(s.about), "options": [option.row() for option in s.options]}
        for s in SCENES.values()
    ]


def _surfaces() -> Rows:
    from backviz.scenes.surfaces import SURFACES

    rows = [{"name": s.name, "formula": s.formula, "domain": _ends(s)} for s in SURFACES.values()]
    about = _("the loss of a real network on a plane through its 33 weights")
    return [*rows, {"name": "network", "formula": about, "domain": ""}]


def _ends(land: Landscape) -> str:
    return ", ".join(f"{n} {a:g} to {b:g}" for n, (a, b) in (("x", land.x), ("y", land.y)))


def _optimizers() -> Rows:
    from backviz.optim import OPTIMIZERS

    return [{"name": name, "about": _(_sentence(made))} for name, made in OPTIMIZERS.items()]


def _schedules() -> Rows:
    from backviz.optim import SCHEDULES

    return [{"name": name, "about": _(_sentence(made))} for name, made in SCHEDULES.items()]


def _sentence(made: object) -> str:
    """The first line of a docstring."""
    return (made.__doc__ or "").strip().partition("\n")[0]


def _commands() -> Rows:
    from backviz.stepping.look import Look
    from backviz.stepping.vocabulary import COMMANDS, purpose

    return [{"name": c.name, "about": purpose(c, Look(lang=spoken()))} for c in COMMANDS.values()]


def _topics() -> Rows:
    from backviz.lessons.model import by_subject

    return [
        {"name": t.name, "question": t.question.of(spoken()), "subject": subject.of(spoken())}
        for subject, topics in by_subject().items()
        for t in topics
    ]


def _course() -> Rows:
    """The topics of a course in its order, each with the commands that show it."""
    from backviz.course import COURSE

    return [
        {
            "name": topic.name,
            "part": _(topic.part),
            "about": _(topic.about),
            "shows": _(topic.shows),
            "command": " && ".join(topic.commands),
        }
        for topic in COURSE.values()
    ]


def _options() -> Rows:
    """The commands of the command line, each with its options; those of a film stand by animate."""
    from backviz.cli import cli
    from backviz.cli.animate import SHARED

    return [
        {
            "name": command.name,
            "about": command.get_short_help_str(80),
            "options": [
                option_row(option)
                for option in (*(SHARED if command.name == "animate" else ()), *command.params)
                if isinstance(option, click.Option)
            ],
        }
        for command in cli.commands.values()
        if not command.hidden
    ]


def option_row(option: click.Option) -> dict[str, Any]:
    """An option for a program: its names, what it takes, its default, and where help has it."""
    default = option.default if isinstance(option.default, str | int | float | bool) else None
    return {
        "names": [*option.opts, *option.secondary_opts],
        "takes": "" if option.is_flag else option.metavar or option.type.name.upper(),
        "default": default,
        "about": option.help or "",
        "heading": getattr(option, "heading", ""),
    }


LISTS: dict[str, Callable[[], Rows]] = {
    "examples": _examples,
    "scenes": _scenes,
    "ops": _ops,
    "formats": _formats,
    "builds": _formats_of("steps"),
    "films": _formats_of("animate"),
    "tables": _formats_of("table"),
    "themes": _themes,
    "sizes": _sizes,
    "engines": _engines,
    "languages": _languages,
    "topics": _topics,
    "commands": _commands,
    "optimizers": _optimizers,
    "schedules": _schedules,
    "surfaces": _surfaces,
    "course": _course,
    "options": _options,
}


def _columns(made: Rows) -> str:
    """Aligned columns, broken at 80 characters with the last column hanging."""
    import textwrap

    made = [{k: str(cell) for k, cell in r.items() if not isinstance(cell, list)} for r in made]
    keys = list(made[0])
    widths = {k: max(len(row[k]) for row in made) for k in keys}
    lines = []
    for row in made:
        first = row[keys[0]].ljust(widths[keys[0]])
        rest = "; ".join(row[k] for k in keys[1:] if row[k])
        indent = " " * (len(first) + 2)
        text = f"{first}  {rest}".rstrip()
        lines += textwrap.wrap(text, 80, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join(lines)
