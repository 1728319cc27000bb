"""Text to a terminal of any encoding, messages to standard error, bytes to a pipe."""

from __future__ import annotations

import codecs
import io
import os
import sys

from backviz.errors import UsageError

# What a console without the sign (cp1251, ascii) shows in its place.
_PLAIN = str.maketrans(
    {
        "−": "-", "·": "*", "×": "x", "÷": "/", "—": "-", "…": "...", "∞": "inf", "∂": "d",
        "→": "->", "≤": "<=", "≥": ">=", "≠": "!=", "√": "sqrt", "σ": "sigmoid", "Σ": "sum",
        "─": "-", "□": "[]", "⋯": "...", "²": "^2", "³": "^3", "ᵀ": "^T", "⁻": "^-", "‖": "||",
        "ˣ": "^x", "ʸ": "^y", "⁰": "^0", "¹": "^1", "⁴": "^4", "′": "'", "’": "'", "π": "pi",
        "Π": "prod", "⊗": "outer", "∇": "grad", "⌊": "[", "⌋": "]", "⏎": "/",
        "\u2007": " ", "\u2009": " ",
    }
)  # fmt: skip


class ReaderGoneError(Exception):
    """Whoever read our standard output has stopped: no fault, and nobody to tell."""


def _in_other_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = error.object[error.start : error.end].translate(_PLAIN)
    fits = shown.isascii() and shown != error.object[error.start : error.end]
    return (shown if fits else "?" * (error.end - error.start)), error.end


codecs.register_error("backviz", _in_other_signs)


def fitted(text: str, encoding: str) -> str:
    """The text in signs that the encoding has.

    >>> fitted("∂L/∂a = −2·3", "ascii"), fitted("веса — −2", "cp1251")
    ('dL/da = -2*3', 'веса — -2')
    """
    return text.encode(encoding, "backviz").decode(encoding)


def prepare_streams() -> None:
    """Let both streams show a sign that they lack in other signs, help texts included."""
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
    if sys.stdout.isatty() or "PYTHONIOENCODING" in os.environ:
        print_bytes((text + "\n").encode(sys.stdout.encoding, "backviz"))
    else:
        print_bytes((text + "\n").encode("utf-8", "backslashreplace"))


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
