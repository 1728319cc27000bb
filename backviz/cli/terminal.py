"""Text to a terminal of any encoding, messages to standard error, bytes to a pipe."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from backviz.errors import UsageError
from backviz.signs import fitted

__all__ = [
    "fitted",
    "prepare_streams",
    "print_bytes",
    "print_text",
    "quiet_libraries",
    "say",
    "write_text",
]


class ReaderGoneError(Exception):
    """Whoever read our standard output has stopped: no fault, and nobody to tell."""


def prepare_streams() -> None:
    """Let both streams show a sign that they lack in other signs, help texts included.

    A descriptor that was closed is opened on nothing, or the next file that is opened takes
    its number, and what a child process prints goes into that file.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backviz")


def quiet_libraries() -> None:
    """Keep matplotlib from remarking that it cannot write into the home folder."""
    import logging

    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def say(message: str) -> None:
    """A message on standard error; without one, nothing is said."""
    if sys.stderr is not None:
        sys.stderr.write(f"backviz: {message}\n")
        sys.stderr.flush()


def print_text(text: str) -> None:
    """Text on standard output: UTF-8 into a pipe, what it can show on a terminal."""
    write_text(text + "\n")


def write_text(text: str) -> None:
    """The same without a line break at the end."""
    if sys.stdout.isatty() or "PYTHONIOENCODING" in os.environ:
        print_bytes(text.encode(sys.stdout.encoding, "backviz"))
    else:
        print_bytes(text.encode("utf-8", "backslashreplace"))


def print_bytes(data: bytes, hint: str = "") -> None:
    """Bytes on standard output; with a `hint`, refused when a person would see them."""
    if hint and sys.stdout.isatty():
        raise UsageError(hint)
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderGoneError from None
