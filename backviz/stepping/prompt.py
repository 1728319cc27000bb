"""The prompt: lines from a person at a terminal, with readline where Python has it.

Invariant: without readline everything works but completion and history; nothing that
concerns the person's own readline is left changed.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from backviz.language import spoken
from backviz.stepping.blocks import step_lines
from backviz.stepping.look import Look, screen_columns
from backviz.stepping.shell import PROMPT, Shell
from backviz.stepping.state import State
from backviz.stepping.vocabulary import COMMANDS
from backviz.text import NumberStyle

KEPT = 1000  # lines of history
OFFERED = 500


def look_for_terminal(lang: str | None = "en", numbers: NumberStyle | None = None) -> Look:
    """What the console at standard output can show; NO_COLOR and TERM=dumb mean no colour.

    Where no language is asked for (None), the prompt speaks that of the system; pictures, which go
    into files, are in English.
    """
    out = sys.stdout
    terminal = bool(out is not None and out.isatty())
    windows = os.name == "nt" and not {"WT_SESSION", "ANSICON"} & set(os.environ)
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or windows
    return Look(
        width=screen_columns(),
        encoding=encoding_of_output(),
        lang=lang or spoken(),
        colour=terminal and not plain,
        numbers=numbers or NumberStyle(),
        pictures={} if lang else {"lang": "en"},
    )


def encoding_of_output() -> str:
    """The console's encoding; UTF-8 into a pipe, unless PYTHONIOENCODING says otherwise."""
    out = sys.stdout
    if out is not None and (out.isatty() or "PYTHONIOENCODING" in os.environ):
        return getattr(out, "encoding", None) or "utf-8"
    return "utf-8"


def interact(shell: Shell, first: Iterable[str] = ()) -> int:
    """Run the `first` lines, then read and run until quit or Ctrl-D; Ctrl-C drops the line. 0.

    In the midst of a program a second Ctrl-C ends the program: KeyboardInterrupt.
    """
    state, interrupted = shell.state, False
    look = state.look
    begin = look.say("help lists the commands, quit leaves")
    if state.program is not None:
        begin = look.say(
            "help lists the commands, n steps backward, restart is before the first step, c goes "
            "on, q ends the program"
        )
    shell.say([*look.lines(begin, 2), *step_lines(state.step, look)])
    for line in first:
        shell.run(line)
    with line_editing(lambda: shell.state):
        while not shell.over:
            try:
                line = input(PROMPT)
            except EOFError:
                shell.write("\n")
                break
            except KeyboardInterrupt:
                shell.write("\n")
                if interrupted:
                    raise
                if interrupted := state.program is not None:
                    shell.say([look.say("Ctrl-C once more ends the program")])
                continue
            interrupted = False
            now = replace(shell.state.look, width=screen_columns())  # windows change their size
            shell.state = shell.state.but(look=now)
            shell.run(line)
    shell.close()
    return 0


@contextlib.contextmanager
def line_editing(state: Callable[[], State]) -> Iterator[None]:
    """Completion and a history that is kept, for as long as the block lasts."""
    readline = _readline()
    if readline is None:
        yield
        return
    before, delimiters = readline.get_completer(), readline.get_completer_delims()
    others = [
        readline.get_history_item(i + 1) for i in range(readline.get_current_history_length())
    ]
    place = history_file()
    readline.clear_history()
    with contextlib.suppress(OSError):
        readline.read_history_file(place)
    readline.set_completer(Completer(state))
    readline.set_completer_delims(" \t\n=,[]()+*/-")
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    try:
        yield
    finally:
        readline.set_history_length(KEPT)
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(place)
        readline.clear_history()
        for line in others:
            readline.add_history(line or "")
        readline.set_completer(before)
        readline.set_completer_delims(delimiters)


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:
        return None
    return readline


def history_file() -> Path:
    """Where the lines of earlier sessions are: in the user's folder of states."""
    state = os.environ.get("XDG_STATE_HOME")
    base = Path(state) if state else Path("~/.local/state").expanduser()
    return base / "backviz" / "history"


class Completer:
    """Completes commands, then nodes, and files where a command takes one."""

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state
        self._found: list[str] = []

    def __call__(self, text: str, number: int) -> str | None:
        """Readline's question: the completion with this number, or None."""
        if number == 0:
            readline = _readline()
            line = readline.get_line_buffer() if readline is not None else text
            self._found = completions(self._state(), line, text)
        return self._found[number] if number < len(self._found) else None


def completions(state: State, line: str, text: str) -> list[str]:
    """What a word may become, given the line that it ends.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a = Value(3.0, "alpha")
    >>> completions(start(a * a), "why al", "al"), completions(start(a * a), "unt", "unt")
    (['alpha'], ['until '])
    """
    word, gap, _ = line.lstrip().partition(" ")
    if not gap:
        return [f"{name} " for name in COMMANDS.names() if name.startswith(text)]
    if word not in COMMANDS:
        return []
    command = COMMANDS[word]
    if command.file:
        return _files(text)
    before = line.rpartition(" ")[2].removesuffix(text)  # readline breaks words at dashes
    offered = command.offers(state) if command.offers is not None else []
    if command.name in ("explain", "help"):
        found = [name for name in offered if name.startswith(before + text)]
        return [name.removeprefix(before) for name in found][:OFFERED]
    return [name for name in offered if name.startswith(text)][:OFFERED]


def _files(text: str) -> list[str]:
    """Files and folders whose path begins so."""
    folder, _, start = text.rpartition("/")
    place = Path(folder or ("/" if text.startswith("/") else "."))
    try:
        found = sorted(p for p in place.iterdir() if p.name.startswith(start))
    except OSError:
        return []
    prefix = f"{folder}/" if "/" in text else ""
    return [f"{prefix}{p.name}{'/' * p.is_dir()}" for p in found][:OFFERED]
