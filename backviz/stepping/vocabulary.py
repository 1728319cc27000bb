"""What a command is, what it answers, and the list of all of them.

Invariant: everything that help says of a command is in its entry and in the words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backviz.errors import UsageError
from backviz.language import N_
from backviz.registry import Registry, unknown
from backviz.stepping.answers import Answer, Text, joined
from backviz.stepping.look import Look
from backviz.stepping.state import State
from backviz.text import padded, screen_width


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


SUBJECTS = {  # what help is asked about, beside single commands
    "moving": N_("moving"),
    "stopping": N_("stopping"),
    "looking": N_("looking"),
    "asking": N_("asking"),
    "changing": N_("changing"),
    "training": N_("training"),
    "practice": N_("practice"),
    "pictures": N_("pictures"),
    "session": N_("session"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command: how it is written, an example, what it does, and what it is `about`.

    `again` says that Enter repeats it, `file` that a file's name follows; `offers` gives the words
    that may follow. `subject` is one of `SUBJECTS`: where help lists it.
    """

    name: str
    usage: str
    example: str
    act: Act
    again: bool = False
    offers: Callable[[State], list[str]] | None = None
    about: str = ""
    subject: str = "session"
    file: bool = False
    ahead: bool = False

    @property
    def needs(self) -> bool:
        """Whether something has to follow; a file's name is asked for in a sentence of its own."""
        _name, *rest = self.usage.split()
        return bool(rest) and not rest[0].startswith("[") and not self.file


BREAKS = N_(
    "a node; op:tanh; nan; inf; sat: a flat place of tanh, sigmoid and such (slope under 0.01); "
    "dead: a relu that lets nothing through; shared: a gradient that is a sum; absg>1e3, "
    "absg<1e-6: a contribution as large or small as that; a.grad > 1, abs(d) < 0.1: any "
    "comparison. Without anything, the breaks are listed."
)
QUIZZES = N_(
    "topics: values; gradients; totals, gradients that are sums; shapes; order, which node is "
    "next; zeros, why a gradient is 0; factors, which one shrinks it most. --seed 3 gives the "
    "leaves other numbers, the same ones to all who take this seed."
)
MORE = {"break": BREAKS, "quiz": QUIZZES}  # what help of one command adds
COMMANDS: Registry[Command] = Registry(
    "command",
    home=("backviz.stepping.commands", "backviz.stepping.learning", "backviz.lessons.command"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as help shows it: how it is written, all its names, and an example."""

    name: str
    usage: str
    names: tuple[str, ...]
    example: str
    about: str = ""
    subject: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Help(Answer):
    """The commands; `full` says that one was asked about, `subject` that its were."""

    commands: tuple[Entry, ...]
    full: bool
    subject: str = ""

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if self.full:
            return joined(_in_full(entry, look) for entry in self.commands)
        return self._table(look) if self.subject else self._overview(look)

    def _table(self, look: Look) -> list[str]:
        heads = look.say("command"), look.say("does"), look.say("example")
        rows = [(_with_alias(c), purpose(c, look), c.example) for c in self.commands]
        return look.table([heads, *rows], wrap=True)

    def _overview(self, look: Look) -> list[str]:
        """The names of all commands by subject; each subject on its lines."""
        begin = look.say("help and a word says more: help moving, help why; help all has all of it")
        lines = look.lines(begin, 2)
        titles = {name: look.say(title) for name, title in SUBJECTS.items()}
        wide = max(map(screen_width, titles.values())) + 4
        for name, title in titles.items():
            told = ", ".join(_called(c) for c in self.commands if c.subject == name)
            lines += look.lines(f"  {padded(title, wide - 2)}{told}", wide)
        end = look.say(
            "a node's name prints it, a = 5 sets it, Enter repeats a move, # begins a remark"
        )
        return lines + look.lines(end, 2)


def purpose(command: Command | Entry, look: Look) -> str:
    """What a command is for, in the language of the console."""
    return look.say(command.about)


def help_on(word: str = "", look: Look | None = None) -> Help:
    """`help [WORD]`: the names of all commands; those of a subject, or "all"; or one in full."""
    subject = _subject(word, look or Look())
    if word and not subject:
        try:
            return Help((_entry(COMMANDS[word]),), True)
        except UsageError:
            known = [*COMMANDS.names(), *SUBJECTS]
            raise UsageError(unknown("command", word, known, *_hint(look))) from None
    entries = tuple(_entry(c) for c in COMMANDS.values())
    chosen = tuple(e for e in entries if subject in ("", "all", e.subject))
    return Help(chosen, False, subject)


def _hint(look: Look | None) -> tuple[str, ...]:
    return ((look or Look()).say("help lists the commands, quit leaves"),)


def _subject(word: str, look: Look) -> str:
    """The subject that a word names, in English or in the language of the console."""
    said = {look.say(title): name for name, title in SUBJECTS.items()}
    return word if word in SUBJECTS or word == "all" else said.get(word, "")


def _entry(c: Command) -> Entry:
    names = tuple(name for name in COMMANDS.names() if COMMANDS[name] is c)
    return Entry(c.name, c.usage, names, c.example, c.about, c.subject)


def _called(entry: Entry) -> str:
    """`next n`: its name and its shortest one."""
    shortest = min(entry.names[1:], key=len, default="")
    return f"{entry.name} {shortest}".rstrip()


def _in_full(entry: Entry, look: Look) -> list[str]:
    more = MORE.get(entry.name)
    about = look.lines(f"  {look.say(more)}", 4) if more else []
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
