"""Help and click's own complaints in the language of whoever is at the console.

Texts of commands and options stand in English where they are declared (`help=`, docstrings), and
are said in another language when help is written; click asks gettext, which is shown our catalogue
while the command line runs. Invariant: English asks for no catalogue and changes nothing.
"""

from __future__ import annotations

import gettext
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from backviz.language import DOMAIN, N_, _, folders, ngettext, spoken

CLICK = (  # what click says, as it stands in click
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("default: {default}"),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Missing argument"),
    N_("Missing option"),
    N_("No such option {name!r}."),
    N_("No such command {name!r}."),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("Option {name!r} does not take a value."),
)


@contextmanager
def click_translated() -> Iterator[None]:
    """Within `with`, click says its sentences from our catalogues."""
    lang = spoken()
    places = [each for each in folders() if (Path(each) / lang).is_dir()]
    if lang == "en" or not places:
        yield
        return
    domain, before = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, places[-1])
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = lang
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before


@contextmanager
def said(command: click.Command | click.Option) -> Iterator[None]:
    """Within `with`, a command's or an option's texts are in the language of help."""
    texts = ("help", "short_help", "epilog")
    english = {name: getattr(command, name) for name in texts if getattr(command, name, None)}
    try:
        for name, text in english.items():
            setattr(command, name, "\n\n".join(_(part) for part in paragraphs(text)))
        yield
    finally:
        for name, text in english.items():
            setattr(command, name, text)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a help, each on one line; examples, which keep their lines, begin with \\b.

    >>> paragraphs("Draw SRC:\\n    values above.")
    ['Draw SRC: values above.']
    """
    parts = inspect.cleandoc(text).split("\n\n")
    lines = [part.startswith("\b") or "\n" not in part for part in parts]
    return [p if kept else " ".join(p.split()) for p, kept in zip(parts, lines, strict=True)]


def complaint(error: click.ClickException) -> str:
    """click's complaint in one sentence, with where to look."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "backviz"
    if meant := [repr(name) for name in sorted(getattr(error, "possibilities", None) or ())]:
        return _near_miss(error, ", ".join(meant), len(meant), command)
    message = " ".join(error.format_message().split()).rstrip(".)")
    if len(message) > 200:
        message = message[:199] + "…"
    message = f"{message[:1].lower()}{message[1:]}"
    if isinstance(error, click.NoSuchOption):
        return _(
            "{message}; an expression that begins with - goes after --; see {command} --help",
            message=message,
            command=command,
        )
    return _("{message}; see {command} --help", message=message, command=command)


def _near_miss(error: click.ClickException, meant: str, n: int, command: str) -> str:
    if isinstance(error, click.NoSuchOption):
        return ngettext(
            "no such option {name!r}; did you mean {meant}? See {command} --help",
            "no such option {name!r}; did you mean one of: {meant}? See {command} --help",
            n,
            name=error.option_name,
            meant=meant,
            command=command,
        )
    return ngettext(
        "no such command {name!r}; did you mean {meant}? See {command} --help",
        "no such command {name!r}; did you mean one of: {meant}? See {command} --help",
        n,
        name=getattr(error, "command_name", ""),
        meant=meant,
        command=command,
    )
