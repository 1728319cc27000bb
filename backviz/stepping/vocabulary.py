"""What a command is, what it answers, and the list of all of them.

Invariant: everything that help says of a command is in its entry and in the words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backviz.language import N_
from backviz.registry import Registry
from backviz.stepping.answers import Answer, Text, joined
from backviz.stepping.look import Look
from backviz.stepping.state import State
from backviz.stepping.words import PURPOSES


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command asks of the outside: quit, show, draw, save, record, source …, and a file."""

    what: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command answers; `code` is the exit code that a script ends with if it is not 0.

    Lines of text are taken as well: `Result(("one", "two"))`.
    """

    answer: Answer | tuple[str, ...] = ()
    wish: Wish | None = None
    code: int = 0

    @property
    def told(self) -> Answer:
        """The answer as data; lines of text are one too."""
        return self.answer if isinstance(self.answer, Answer) else Text(tuple(self.answer))

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer as lines of the console that its state knows."""
        state = self.told.state
        return tuple(self.told.lines(state.look if state else Look()))

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


Act = Callable[[State, str], tuple[State, Result]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: how it is written, an example, and what it does.

    `again` says that Enter repeats it; `offers` gives the words that may follow, if they are
    not nodes. What the command is for is `about`, or in `stepping.words.PURPOSES`.
    """

    name: str
    usage: str
    example: str
    act: Act
    again: bool = False
    offers: Callable[[State], list[str]] | None = None
    about: str = ""


BREAKS = N_(
    "a node; op:tanh; nan; inf; sat: a flat place of tanh, sigmoid and such (slope under 0.01); "
    "dead: a relu that lets nothing through; shared: a gradient that is a sum; absg>1e3, "
    "absg<1e-6: a contribution as large or small as that; a.grad > 1, abs(d) < 0.1: any "
    "comparison. Without anything, the breaks are listed."
)
COMMANDS: Registry[Command] = Registry(
    "command", home=("backviz.stepping.commands", "backviz.lessons.command")
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as help shows it: how it is written, all its names, and an example."""

    name: str
    usage: str
    names: tuple[str, ...]
    example: str
    about: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Help(Answer):
    """The commands; `full` says that one was asked about."""

    commands: tuple[Entry, ...]
    full: bool

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if self.full:
            return joined(_in_full(entry, look) for entry in self.commands)
        heads = look.say("command"), look.say("does"), look.say("example")
        rows = [(_with_alias(c), purpose(c, look), c.example) for c in self.commands]
        return look.table([heads, *rows])


def purpose(command: Command | Entry, look: Look) -> str:
    """What a command is for, in the language of the console."""
    return look.say(command.about or PURPOSES[command.name])


def help_on(name: str = "") -> Help:
    """`help [COMMAND]`: all commands, or one in full."""
    chosen = [COMMANDS[name]] if name else list(COMMANDS.values())
    return Help(
        tuple(Entry(c.name, c.usage, _names(c), c.example, c.about) for c in chosen), bool(name)
    )


def _names(command: Command) -> tuple[str, ...]:
    return tuple(name for name in COMMANDS.names() if COMMANDS[name] is command)


def _in_full(entry: Entry, look: Look) -> list[str]:
    about = look.lines(f"  {look.say(BREAKS)}", 4) if entry.name == "break" else []
    return [
        *look.lines(f"{entry.usage}   {purpose(entry, look)}", 4),
        *look.lines(f"  {look.say('names:')} {', '.join(entry.names)}", 4),
        *look.lines(f"  {look.say('example:')} {entry.example}", 4),
        *about,
    ]


def _with_alias(entry: Entry) -> str:
    """`next [n], n`: how it is written, and its shortest name."""
    shortest = min(entry.names[1:], key=len, default="")
    return f"{entry.usage}, {shortest}" if shortest else entry.usage
