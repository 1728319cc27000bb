"""The errors that a person reads, each one clear sentence.

A message says what was asked, what is wrong, and what to do. The command line
prints it and exits with the class's `exit_code`; nothing else in the program
knows about exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence


class BackvizError(Exception):
    """Something that the person can put right; never a fault of the program."""

    exit_code = 1


class UsageError(BackvizError):
    """An option, a name or a path that cannot be used as given."""

    exit_code = 2


class MissingPieceError(BackvizError):
    """A format or an engine needs something that is not installed."""

    exit_code = 3


class CheckFailedError(BackvizError):
    """A gradient check found a derivative that disagrees with the numbers."""

    exit_code = 4


class InputError(BackvizError, ValueError):
    """The source cannot be read or computed.

    `line` is the text in question and `column` the zero-based place of the
    token at fault; both are shown under the sentence, with a caret.

    >>> print(InputError("a bracket is not closed", line="L=a*(", column=4))
    a bracket is not closed
      L=a*(
          ^
    """

    exit_code = 5

    def __init__(self, message: str, *, line: str | None = None, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        if self.line is None:
            return self.message
        line, column = _window(self.line.expandtabs(1), self.column)
        return f"{self.message}\n  {line}\n  {' ' * column}^"


class ShapeError(InputError):
    """The shapes of an op's operands do not fit; `lines` show them under each other.

    >>> print(ShapeError("add: 3 ≠ 2", lines=["a  (3,)", "b  (2,)"]))
    add: 3 ≠ 2
      a  (3,)
      b  (2,)
    """

    def __init__(self, message: str, *, lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.lines = tuple(lines)

    def __str__(self) -> str:
        return "\n  ".join([self.message, *self.lines])


class PositionError(ShapeError, IndexError):
    """An entry or an axis that is not there; Python's IndexError too, so that loops end on it."""


class NotFiniteError(BackvizError):
    """A value or a gradient became NaN or infinite."""

    exit_code = 6


class LostGradientError(BackvizError, TypeError):
    """A number would leave the record, and its gradient would be lost without a word.

    `where` is the line of the person's program, as in `model.py:17`.
    """

    exit_code = 5

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


class LostGradientWarning(UserWarning):
    """A number has left the record, where it need not be whole: said once a line."""


class LetterWarning(UserWarning):
    """A picture has letters that no font at hand can draw as they should be."""


class BackvizDeprecationWarning(DeprecationWarning):
    """A name that still works and will be gone; the sentence says what takes its place."""


def was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is what an error began with.

    Python wraps what happens while a class is made: RuntimeError, from KeyboardInterrupt.

    >>> was_interrupted(ValueError("no"))
    False
    """
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and all(at is not each for each in seen):
        if isinstance(at, KeyboardInterrupt):
            return True
        seen.append(at)
        at = at.__cause__ or at.__context__
    return False


def _window(line: str, column: int, width: int = 72) -> tuple[str, int]:
    """Cut a long line so that the caret stays in sight."""
    if len(line) <= width:
        return line, column
    start = max(0, min(column - width // 2, len(line) - width))
    cut = line[start : start + width]
    if start > 0:
        cut = "…" + cut[1:]
    if start + width < len(line):
        cut = cut[:-1] + "…"
    return cut, column - start
