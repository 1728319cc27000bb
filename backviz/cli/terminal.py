"""Text to a terminal of any encoding, messages to standard error, bytes to a pipe."""

from __future__ import annotations

import sys
from typing import TextIO

from backviz.errors import UsageError

# What a console without the sign (cp1251, ascii) shows in its place.
_PLAIN = str.maketrans(
    {
        "−": "-", "·": "*", "×": "x", "÷": "/", "—": "-", "…": "...", "∞": "inf", "∂": "d",
        "→": "->", "≤": "<=", "≥": ">=", "≠": "!=", "√": "sqrt", "σ": "sigmoid", "Σ": "sum",
        "─": "-", "□": "[]", "⋯": "...", "²": "^2", "³": "^3", "ᵀ": "^T", "⁻": "^-", "‖": "||",
        "\u2007": " ", "\u2009": " ", "’": "'", "ʸ": "^y", "⏎": "/",
    }
)  # fmt: skip


def fitted(text: str, encoding: str | None) -> str:
    """The text in signs that the encoding has.

    >>> fitted("∂L/∂a = −2·3", "ascii"), fitted("веса — −2", "cp1251")
    ('dL/da = -2*3', 'веса — -2')
    """
    encoding = encoding or "ascii"
    fits = {c: _fits(c, encoding) for c in set(text)}
    if all(fits.values()):
        return text
    shown = (c if fits[c] else c.translate(_PLAIN) for c in text)
    return "".join(shown).encode(encoding, "replace").decode(encoding)


def _fits(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(message: str, stream: TextIO | None = None) -> None:
    """A message on standard error."""
    stream = stream or sys.stderr
    stream.write(fitted(f"backviz: {message}\n", stream.encoding))
    stream.flush()


def print_text(text: str) -> None:
    """Text on standard output: UTF-8 into a pipe or file, what it can show on a terminal."""
    if sys.stdout.isatty():
        sys.stdout.write(fitted(text + "\n", sys.stdout.encoding))
        sys.stdout.flush()
    else:
        print_bytes((text + "\n").encode())


def print_bytes(data: bytes, hint: str = "") -> None:
    """Bytes on standard output; with a `hint`, refused when a person would see them."""
    if hint and sys.stdout.isatty():
        raise UsageError(hint)
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
