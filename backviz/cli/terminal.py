"""Text to a terminal of any encoding, messages to standard error, bytes to a pipe."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from backviz.errors import BackvizError, UsageError
from backviz.language import _
from backviz.signs import escaped, fitted, printable

__all__ = [
    "escaped",
    "fitted",
    "flush_output",
    "prepare_streams",
    "print_bytes",
    "print_json",
    "print_text",
    "printable",
    "quiet_libraries",
    "say",
    "silence_output",
    "standard_output",
    "warn_raw",
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
    """A message on standard error; where nobody can hear it, nothing is said."""
    warn_raw(f"backviz: {message}\n")


def warn_raw(text: str) -> None:
    """Text on standard error as it is, but that nothing in it steers the terminal."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or None
        sys.stderr.write(printable(text))
        sys.stderr.flush()


def print_text(text: str) -> None:
    """Text on standard output: UTF-8 into a pipe, what it can show on a terminal."""
    write_text(printable(text) + "\n")


def print_json(made: Mapping[str, Any], indent: int | None = None) -> None:
    """Data for a program, with the number of its shape in front.

    What would steer a terminal is escaped, so that it reads back whole.
    """
    import json

    from backviz.stability import SCHEMA

    told = {"schema": SCHEMA, **made}
    print_text(escaped(json.dumps(told, ensure_ascii=False, indent=indent)))


def write_text(text: str) -> None:
    """The same without a line break at the end; escapes for colour pass."""
    out = standard_output()
    if out.isatty() or "PYTHONIOENCODING" in os.environ:
        print_bytes(text.encode(out.encoding, "backviz"))
    else:
        print_bytes(text.encode("utf-8", "backslashreplace"))


def print_bytes(data: bytes, hint: str = "") -> None:
    """Bytes on standard output; with a `hint`, refused when a person would see them."""
    out = standard_output()
    if hint and out.isatty():
        raise UsageError(hint)
    with _heard():
        out.flush()
        out.buffer.write(data)
        out.buffer.flush()


def flush_output() -> None:
    """Send what is still held back, such as a help text; errors as for `print_bytes`."""
    with _heard():
        if sys.stdout is not None:
            sys.stdout.flush()


def standard_output() -> TextIO:
    """Standard output; raises `BackvizError` if it is closed, as it is without a console."""
    if sys.stdout is None:
        raise BackvizError(_("cannot write to standard output: it is closed; add -o FILE"))
    return sys.stdout


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    """An error of standard output in the block is a sentence, and does not come up again."""
    try:
        yield
    except BrokenPipeError:
        silence_output()
        raise ReaderGoneError from None
    except OSError as error:
        silence_output()
        said = error.strerror or error
        raise BackvizError(_("cannot write to standard output: {said}", said=said)) from None


def silence_output() -> None:
    """Let the interpreter flush into nothing at its end, where our output has failed."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
