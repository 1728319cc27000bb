"""The shell: reads lines from a person or a script, prints, and touches files and screens.

Invariant: all that commands mean is in `commands.perform`; an interrupt or an error leaves the
state as it was before the line.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backviz.errors import BackvizError, InputError
from backviz.files import write_file
from backviz.language import _, speaking
from backviz.stability import SCHEMA
from backviz.stepping.answers import Answer, Both, Note, Text, as_data, refused
from backviz.stepping.commands import beside, meant, perform
from backviz.stepping.look import painted
from backviz.stepping.state import State
from backviz.stepping.vocabulary import Wish

if TYPE_CHECKING:
    from backviz.stepping.scores import Scores

PROMPT = "step> "
KEPT = 5_000  # answers, for a hand-out
DEEPEST = 16  # files that source each other
PAGE = f"backviz-step-{os.getpid()}.html"  # of this process alone


@dataclass
class Shell:
    """A session with its outside: where text goes, and which files are kept up to date.

    `live` says that a person sits there: pictures may be opened, lines are not echoed.
    `code` is the first exit code other than 0 that a command asked for.
    """

    state: State
    write: Callable[[str], None]
    live: bool = False
    watched: tuple[str, ...] = ()  # pages that follow the cursor
    recording: str = ""
    recorded: tuple[str, ...] = ()
    code: int = 0
    over: bool = False
    left: str = ""  # how a person left: quit, off, go on; "" at the end of the input
    opened: bool = False
    scores: Scores | None = None  # where the outcomes of a quiz go
    as_json: bool = False  # one JSON object for each command instead of text
    heard: Callable[[str, Answer], None] | None = None  # takes the answers instead
    src: str = ""  # what a command line steps through
    told: deque[tuple[str, Answer]] = field(default_factory=lambda: deque(maxlen=KEPT))
    begun: State = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.state

    def run(self, line: str, depth: int = 0) -> None:
        """Run one line and tell what it answers."""
        before = self.state
        try:
            answer, code = self.answer(line, depth)
            try:
                self.follow(before)
            except BackvizError as error:  # the command itself has run: one answer tells both
                answer = Both((answer, refused(error)), state=self.state)
                code = code or error.exit_code
            self.tell(meant(before, line), answer, code)
            if self.live and not code:
                self.say(beside(before, self.state, line))
        except BackvizError as error:
            if self.state is before:
                self.state = before.but(history=(*before.history, meant(before, line)))
            self.fail(error, meant(before, line))
        except KeyboardInterrupt:
            if not self.live:
                raise
            self.state = before
            self.say([self.state.look.say("interrupted")])

    def answer(self, line: str, depth: int = 0) -> tuple[Answer, int]:
        """Run one line and grant what it wishes: the answer and the exit code of its command."""
        with speaking(self.state.look.lang):  # errors too are in the language of the session
            return self._answer(line, depth)

    def _answer(self, line: str, depth: int) -> tuple[Answer, int]:
        self.state, result = perform(self.state, line)
        answer = result.told
        if not result.code and not (result.wish and result.wish.what == "record"):
            self.note(line)
        if result.wish is not None:
            answer = self._grant(result.wish, depth)
        return replace(answer, state=self.state), result.code

    def tell(self, line: str, answer: Answer, code: int = 0) -> None:
        """What a line is answered: as text, as JSON, or to the one who listens."""
        self.code = self.code or code
        if line:
            self.told.append((line, answer))
        if self.heard is not None:
            self.heard(line, answer)
        elif not self.as_json:
            self.say(answer.lines(self.state.look))
        elif line:
            self.write(self._json(line, answer, code))

    def _json(self, line: str, answer: Answer, code: int) -> str:
        place = as_data(self.state.place)
        told = {"schema": SCHEMA, "command": line, "code": code, "place": place,
                "answer": answer.data()}  # fmt: skip
        return json.dumps(told, ensure_ascii=self.state.look.fit("∂") != "∂") + "\n"

    def follow(self, before: State | None = None) -> None:
        """Bring the pages that are kept up to date to the present state, and the score file."""
        if before is self.state:
            return
        outcomes = self.state.quiz.outcomes
        if self.scores is not None and len(outcomes) > self.scores.written:
            from backviz.stepping import scores

            self.scores = scores.add(self.scores, outcomes, self.state.quiz.seed)
        for page in self.watched:
            from backviz.stepping.pictures import save_picture

            save_picture(self.state, page)

    def say(self, lines: Iterable[str]) -> None:
        """Lines, in colour where the console has it."""
        look = self.state.look
        for line in lines:
            fit = look.fit(line)
            self.write((painted(fit) if look.colour else fit) + "\n")

    def fail(self, error: BackvizError, line: str = "") -> None:
        """What is wrong, and the exit code that it stands for."""
        self.tell(line, replace(refused(error), state=self.state), error.exit_code)

    def note(self, line: str) -> None:
        """A line that has been run, for the file that is being recorded."""
        if self.recording:
            self.recorded = (*self.recorded, " ".join(line.split()) or self.state.last)

    def _grant(self, wish: Wish, depth: int) -> Answer:
        match wish.what:
            case "quit" | "off" | "go on":
                self.over, self.left = True, wish.what
            case "draw":
                from backviz.stepping.pictures import text_picture

                return Text(tuple(text_picture(self.state)))
            case "show":
                return self._show(wish.path)
            case "save":
                return self._save(wish.path)
            case "export":
                return self.export(wish.path)
            case "record":
                return self._record(wish.path)
            case "score":
                return self._score(wish.path)
            case "source":
                self.source(wish.path, depth)
        return Text()

    def _show(self, text: str) -> Answer:
        """Open a picture, or bring the one that is open up to date."""
        from backviz.stepping.pictures import path_and_options

        path, options = path_and_options(text)
        if not path and not self.live:
            raise InputError(_("show needs a file name where nobody looks: show step.svg"))
        path = path or next(iter(self.watched), str(Path(tempfile.gettempdir()) / PAGE))
        wrote = self._picture(path, options)
        if path.endswith((".html", ".htm")) and path not in self.watched:
            self.watched = (*self.watched, path)
        if self.live and not self.opened:
            import webbrowser

            self.opened = webbrowser.open(Path(path).resolve().as_uri())
        return wrote

    def _save(self, text: str) -> Answer:
        from backviz.stepping.pictures import path_and_options

        return self._picture(*path_and_options(text))

    def _picture(self, path: str, options: dict[str, Any]) -> Answer:
        from backviz.stepping.pictures import save_picture

        save_picture(self.state, path, options)
        return Note("wrote", {"path": path})

    def export(self, path: str) -> Answer:
        """Write what was said so far as a hand-out."""
        from backviz.stepping.handout import handout, save_handout

        save_handout(handout(self.begun, tuple(self.told), self.src), path)
        return Note("wrote", {"path": path})

    def _record(self, path: str) -> Answer:
        if path == "off" and not self.recording:
            raise InputError(self.state.look.say("nothing is being recorded"))
        ended = self._end_recording()
        if path == "off":
            return ended
        write_file(path, b"")
        self.recording, self.recorded = path, ()
        begun = Note("recording", {"path": path})
        return Both((ended, begun)) if isinstance(ended, Note) else begun

    def _score(self, text: str) -> Answer:
        """Write the outcomes from now on, and those so far, into a file; a name may follow."""
        from backviz.stepping import scores

        path, _gap, student = text.partition(" ")
        record = self.state.record
        self.scores = scores.begin(path, student.strip(), record.names[record.last])
        return Note("scoring", {"path": path})

    def _end_recording(self) -> Answer:
        if not self.recording:
            return Text()
        path = self.recording
        write_file(path, ("\n".join(self.recorded) + "\n").encode())
        self.recording, self.recorded = "", ()
        return Note("recorded", {"path": path})

    def source(self, path: str, depth: int = 0) -> None:
        """Run the commands of a file; blank lines and remarks are left out."""
        if depth >= DEEPEST:
            raise InputError(self.state.look.say("files source each other too deep"))
        for line in script_lines(read_script(path)):
            self.echo(line)
            self.run(line, depth + 1)
            if self.over:
                break

    def echo(self, line: str) -> None:
        """The line as if somebody had typed it."""
        if self.as_json:
            return
        self.write(f"{PROMPT}{self.state.look.fit(line)}".rstrip() + "\n")

    def close(self) -> None:
        """End a recording that is still under way."""
        try:
            self.tell("", self._end_recording())
        except BackvizError as error:
            self.fail(error)


def read_script(path: str) -> str:
    """The text of a file of commands."""
    try:
        return Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise InputError(
            _(
                "cannot read {path}: {strerror}; name a file of commands",
                path=path,
                strerror=error.strerror,
            )
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            _("{path} is not UTF-8 text; name a file of commands", path=path)
        ) from None


def script_lines(text: str) -> list[str]:
    """The commands of a script, one to a line.

    >>> script_lines("n  # the product\\n\\n# all\\nc")
    ['n', 'c']
    """
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def run_script(shell: Shell, lines: Iterable[str], echo: bool = True) -> int:
    """Run lines one after another as a transcript; the exit code."""
    for line in lines:
        if echo:
            shell.echo(line.strip())
        shell.run(line)
        if shell.over:
            break
    shell.close()
    return shell.code


def to_stdout(text: str) -> None:
    """Text on standard output at once."""
    if sys.stdout is not None:  # None without a console
        sys.stdout.write(text)
        sys.stdout.flush()
