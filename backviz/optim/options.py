"""Hyper-parameters: what each one is called in formulas, which numbers it takes, how it prints.

Invariant: an option that gets past `checked` is a plain number within the bounds that its
formula was made for. What a formula does there is its own affair: with ε = 0 it divides 0
by 0 where the gradient is 0, and a rate may be too large for the function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np

from backviz.errors import InputError
from backviz.language import N_, _


def _share(x: float) -> bool:
    return 0 <= x < 1


def _positive(x: float) -> bool:
    return 0 < x < math.inf


def _not_negative(x: float) -> bool:
    return 0 <= x < math.inf


def _part(x: float) -> bool:
    return 0 <= x <= 1


Kind = tuple[str, Callable[[float], bool]]  # what a number has to be, in words and as a test
ABOVE_0: Kind = (N_("a number above 0"), _positive)
AT_LEAST_0: Kind = (N_("a number of at least 0"), _not_negative)
SHARE: Kind = (N_("a number from 0 up to, but not including, 1"), _share)
FROM_0_TO_1: Kind = (N_("a number from 0 to 1"), _part)


@dataclass(frozen=True, slots=True)
class Option:
    """What an option that is no flag is called in formulas, and which numbers it takes."""

    letters: tuple[str, ...]
    kind: Kind


OPTIONS: dict[str, Option] = {}  # flags are called by their own names and take True or False


def option(name: str, letters: str, kind: Kind) -> None:
    """Enter an option that is a number, or several, with a letter for each.

    >>> OPTIONS["betas"].letters
    ('β₁', 'β₂')
    """
    row = Option(tuple(letters.split()), kind)
    if OPTIONS.setdefault(name, row) != row:
        raise ValueError(_("the option {name!r} has letters and bounds already", name=name))


option("lr", "lr", (N_("a number of at least 0, or a schedule"), _not_negative))
option("betas", "β₁ β₂", (N_("two numbers from 0 up to, but not including, 1"), _share))
option("momentum", "μ", AT_LEAST_0)
option("eps", "ε", AT_LEAST_0)
option("weight_decay", "wd", AT_LEAST_0)


def plain(given: Any) -> float:
    """A number as a float of Python; NaN for what is none: texts, truth values, arrays.

    >>> plain(np.float32(0.5)), plain("0.5")
    (0.5, nan)
    """
    try:
        return math.nan if isinstance(given, bool | np.bool_ | str | bytes) else float(given)
    except (TypeError, ValueError):
        return math.nan


def number(owner: str, name: str, given: Any, kind: Kind) -> float:
    """A number of a kind, or one sentence.

    >>> number("EMA", "decay", 1, SHARE)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: EMA: decay=1 does not work; give a number from 0 up to, but not...
    """
    wanted, fits = kind
    found = plain(given)
    if not fits(found):
        raise InputError(
            _(
                "{owner}: {name}={given!r} does not work; give {wanted}",
                owner=owner,
                name=name,
                given=given,
                wanted=_(wanted),
            )
        )
    return found


def above_0(owner: str, name: str, given: Any) -> float:
    """A number above 0, or one sentence."""
    return number(owner, name, given, ABOVE_0)


def checked(owner: str, name: str, given: Any) -> Any:
    """The option as plain Python numbers, or one sentence that says what it may be.

    >>> checked("Adam", "betas", [0.9, 0.99])
    (0.9, 0.99)
    >>> checked("Adam", "lr", -1)
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: Adam: lr=-1 does not work; give a number of at least 0, or a schedule
    """
    if name not in OPTIONS:
        if given is True or given is False:
            return given
        raise InputError(
            _(
                "{owner}: {name}={given!r} does not work; give True or False",
                owner=owner,
                name=name,
                given=given,
            )
        )
    letters, (wanted, fits) = OPTIONS[name].letters, OPTIONS[name].kind
    if len(letters) == 1:
        return number(owner, name, given, OPTIONS[name].kind)
    pair = tuple(map(plain, given)) if isinstance(given, list | tuple | np.ndarray) else ()
    if len(pair) != len(letters) or not all(map(fits, pair)):
        raise InputError(
            _(
                "{owner}: {name}={given!r} does not work; give {wanted}",
                owner=owner,
                name=name,
                given=given,
                wanted=_(wanted),
            )
        )
    return pair


def whole(schedule: str, name: str, given: Any, least: int = 1) -> int:
    """A whole number of steps, or one sentence."""
    try:
        number = least - 1 if isinstance(given, bool) else index(given)
    except TypeError:
        number = least - 1
    if number < least:
        raise InputError(
            _(
                "{schedule}: {name}={given!r} does not work; give a whole number of at "
                "least {least}",
                schedule=schedule,
                name=name,
                given=given,
                least=least,
            )
        )
    return number


def short(x: float) -> str:
    """A number as legends write it.

    >>> short(0.01), short(1e-08), short(0.0), short(2.0)
    ('.01', '1e-08', '0', '2')
    """
    text = format(x, ".12g")
    return text[1:] if text.startswith("0.") else text


def described(options: Mapping[str, Any]) -> str:
    """All options in one line; a flag only if it is on.

    >>> described({"lr": 0.01, "betas": (0.9, 0.999), "amsgrad": False, "nesterov": True})
    'lr=.01 β₁=.9 β₂=.999 nesterov'
    """
    words = []
    for name, given in options.items():
        if name in OPTIONS:
            each = given if isinstance(given, tuple) else (given,)
            texts = [x if isinstance(x, str) else short(x) for x in each]
            words += [f"{s}={x}" for s, x in zip(OPTIONS[name].letters, texts, strict=True)]
        elif given:
            words.append(name)
    return " ".join(words)
