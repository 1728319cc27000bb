"""What a command answers, as data: numbers, names and formulas, never a sentence.

Invariant: every field of an answer goes into `data()`; what a console, a notebook or a page
shows of it is made by `lines`, and nothing reads those lines back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from backviz.displays import DISPLAYS
from backviz.errors import BackvizError
from backviz.language import _
from backviz.stepping.look import Look
from backviz.stepping.words import NOTES
from backviz.text import entries_within, json_ready

if TYPE_CHECKING:
    from backviz.stepping.state import State

MOST_ENTRIES = 2_000_000  # of an answer's arrays, which are written out in full
DRAWN = 150  # values of a computation that is drawn under every answer


@dataclass(frozen=True, eq=False, repr=False)
class Answer(ABC):
    """What a command says; `state` is the one that it left, whose picture a notebook shows.

    The fields are the answer. Numbers are floats or arrays, names those of the stepper. `text`,
    `str` and `repr` are what the prompt prints; `data()` is what `--json` prints.
    """

    state: State | None = field(default=None, kw_only=True)
    hidden: ClassVar[frozenset[str]] = frozenset({"state"})

    @property
    def kind(self) -> str:
        """What sort of answer it is, as `why` or `moved`."""
        return type(self).__name__.lower()

    @abstractmethod
    def lines(self, look: Look) -> list[str]:
        """The answer as lines of a console."""

    @property
    def text(self) -> str:
        """The answer as the prompt prints it."""
        return "\n".join(self.lines(self.state.look if self.state else Look()))

    def data(self) -> dict[str, Any]:
        """The answer as JSON holds it: lists for arrays, "NaN" and "Infinity" by name.

        Raises `InputError` for arrays of more than two million numbers in all.
        """
        told = as_data(self)
        entries_within(
            _arrays(told), MOST_ENTRIES, _("ask for a part, or for text, which sums them up")
        )
        made: dict[str, Any] = json_ready(told)
        return made

    def __repr__(self) -> str:
        return self.text

    def svg(self) -> str:
        """The picture of the state as SVG; its ids are its own on a page with several."""
        from backviz.stepping.pictures import picture

        state = self._left()
        about = (
            f"{state.record.names} {state.run.edits} {state.at} {self.text}"
            f"{state.look.pictures or ''}"
        )
        return picture(state, "svg", salt=f"s{sha256(about.encode()).hexdigest()[:10]}").decode()

    def png(self) -> bytes:
        """The picture of the state as PNG."""
        from backviz.stepping.pictures import picture

        return picture(self._left(), "png")

    def _left(self) -> State:
        assert self.state is not None
        return self.state

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Text, and the picture where the graph is small enough."""
        makers: dict[str, Callable[[], str]] = {"text/plain": lambda: self.text}
        if self.state is not None and len(self.state.record.values) <= DRAWN:
            makers["image/svg+xml"] = self.svg
            makers["image/png"] = lambda: b64encode(self.png()).decode()
        return DISPLAYS["answer"](makers, include, exclude, self._page)

    def _page(self) -> Any:
        from backviz.stepping.pictures import present

        return present(self._left()).drawing_of(())


def as_data(x: Any) -> Any:
    """Dataclasses as dictionaries, numpy's numbers as Python's; the rest as it is."""
    if is_dataclass(x) and not isinstance(x, type):
        hidden = getattr(x, "hidden", ())
        told = {f.name: as_data(getattr(x, f.name)) for f in fields(x) if f.name not in hidden}
        kind = getattr(x, "kind", "")
        return {"kind": kind, **told} if kind else told
    if isinstance(x, dict):
        return {k: as_data(v) for k, v in x.items()}
    if isinstance(x, tuple | list):
        return [as_data(v) for v in x]
    return x.item() if isinstance(x, np.generic) else x


def _arrays(told: dict[str, Any]) -> Iterator[np.ndarray]:
    """All arrays of what an answer holds."""
    rest: list[Any] = [told]
    while rest:
        x = rest.pop()
        if isinstance(x, np.ndarray):
            yield x
        elif isinstance(x, dict | list):
            rest += x.values() if isinstance(x, dict) else x


@dataclass(frozen=True, eq=False, repr=False)
class Note(Answer):
    """One thing that was done or cannot be done, by its key, and the values that belong to it."""

    what: str
    values: dict[str, Any] = field(default_factory=dict)

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return look.lines(look.say(NOTES[self.what], **self.values), 2)


@dataclass(frozen=True, eq=False, repr=False)
class Text(Answer):
    """Lines as they are: drawings, and what commands from outside say."""

    said: tuple[str, ...] = ()

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return list(self.said)


@dataclass(frozen=True, eq=False, repr=False)
class Refused(Answer):
    """What was wrong with a command: the error's class, its sentence, and the text at fault."""

    error: str
    message: str
    code: int
    at: str | None = None
    column: int | None = None

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        first, *more = self.message.splitlines()
        return look.lines(f"! {first}", 2) + [x for m in more for x in look.lines(m, 2)]


def refused(error: BackvizError) -> Refused:
    """An error as an answer."""
    line = getattr(error, "line", None)
    column = None if line is None else getattr(error, "column", None)
    return Refused(type(error).__name__, str(error), error.exit_code, line, column)


@dataclass(frozen=True, eq=False, repr=False)
class Both(Answer):
    """Several things that one command did."""

    answers: tuple[Answer, ...]

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return joined(answer.lines(look) for answer in self.answers)


@dataclass(frozen=True, eq=False, repr=False)
class Script(Answer):
    """The commands of a file with their answers, as a transcript."""

    commands: tuple[tuple[str, Answer], ...]
    prompt: str = "step> "

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return [
            line
            for command, answer in self.commands
            for line in (f"{self.prompt}{look.fit(command)}", *answer.lines(look))
        ]


def joined(parts: Iterable[list[str]]) -> list[str]:
    """The lines of several parts, one after another."""
    return [line for part in parts for line in part]
