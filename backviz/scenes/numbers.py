"""How the scenes write a number: few digits, and powers of ten as people write them.

Invariant: no picture and no caption has the computer's e for a power of ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from backviz.text import NumberStyle

_E = re.compile(r"(?<![\w.])(\d*\.?\d+)e([+−-]?)0*(\d+)(?![\w.])")
_DIGITS: ContextVar[int] = ContextVar("digits", default=0)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def powers(text: str) -> str:
    """The same text with powers of ten in place of every e.

    >>> powers("ε=1e-08 wd=0"), powers("a 8.6e11-fold"), powers("−2.5e−7")
    ('ε=10⁻⁸ wd=0', 'a 8.6·10¹¹-fold', '−2.5·10⁻⁷')
    """
    return _E.sub(_raised, text)


def _raised(found: re.Match[str]) -> str:
    factor, sign, power = found.groups()
    minus = "⁻" if sign in ("−", "-") else ""
    return f"{factor}·10{minus}{power.translate(_RAISED)}".removeprefix("1·")


def number(x: float, digits: int = 3) -> str:
    """A number with so many significant digits.

    >>> number(0.123456), number(-1.5e-9), number(2e11, 2)
    ('0.123', '−1.5·10⁻⁹', '2·10¹¹')
    """
    return powers(NumberStyle(_DIGITS.get() or digits).format(x))


def percent(share: float, places: int = 0) -> str:
    """A share of 1 in hundredths, with a blank before the sign as in every caption.

    >>> percent(0.256), percent(0.991, 1)
    ('26 %', '99.1 %')
    """
    return f"{100 * share:.{places}f} %"


@contextmanager
def digits_of(wanted: int) -> Iterator[None]:
    """In the block numbers have so many significant digits; with 0 as many as the scenes say.

    >>> with digits_of(5):
    ...     number(0.123456)
    '0.12346'
    """
    token = _DIGITS.set(wanted)
    try:
        yield
    finally:
        _DIGITS.reset(token)
