"""How the scenes write a number: few digits, and powers of ten as people write them.

Invariant: no picture and no caption has the computer's e for a power of ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from backviz.text import NumberStyle

_DIGITS: ContextVar[int] = ContextVar("digits", default=0)


def number(x: float, digits: int = 3) -> str:
    """A number with so many significant digits.

    >>> number(0.123456), number(-1.5e-9), number(2e11, 2)
    ('0.123', '−1.5·10⁻⁹', '2·10¹¹')
    """
    return NumberStyle(_DIGITS.get() or digits, powers="10").format(x)


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
