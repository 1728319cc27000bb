"""What a command is, what it answers, and the list of all of them.

Invariant: everything that help says of a command is in its entry and in the words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backviz.registry import Registry
from backviz.stepping.state import State


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command asks of the outside: quit, show, draw, save, record or source, and a file."""

    what: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command says; `code` is the exit code that a script ends with if it is not 0."""

    lines: tuple[str, ...] = ()
    wish: Wish | None = None
    code: int = 0

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


Act = Callable[[State, str], tuple[State, Result]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: how it is written, an example, and what it does.

    `again` says that Enter repeats it; `offers` gives the words that may follow, if they are
    not nodes. What the command is for is in the words, under "do NAME".
    """

    name: str
    usage: str
    example: str
    act: Act
    again: bool = False
    offers: Callable[[State], list[str]] | None = None


COMMANDS: Registry[Command] = Registry(
    "command", home=("backviz.stepping.commands", "backviz.lessons.command")
)


def help_lines(state: State, text: str) -> list[str]:
    """`help [COMMAND]`: all commands, or one in full."""
    look = state.look
    if text:
        command = COMMANDS[text]
        names = [name for name in COMMANDS.names() if COMMANDS[name] is command]
        return [
            *look.lines(f"{command.usage}   {look.say(f'do {command.name}')}", 4),
            *look.lines(f"  {look.say('names')} {', '.join(names)}", 4),
            *look.lines(f"  {look.say('example')} {command.example}", 4),
            *(look.lines(f"  {look.say('about break')}", 4) if command.name == "break" else ()),
        ]
    rows = [(_with_alias(c), look.say(f"do {c.name}"), c.example) for c in COMMANDS.values()]
    return look.table(
        [(look.say("command"), look.say("does"), look.say("example").rstrip(":")), *rows]
    )


def _with_alias(command: Command) -> str:
    """`next [n], n`: how it is written, and its shortest name."""
    names = [name for name in COMMANDS.names() if COMMANDS[name] is command]
    shortest = min(names[1:], key=len, default="")
    return f"{command.usage}, {shortest}" if shortest else command.usage
