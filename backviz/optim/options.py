"""Hyper-parameters: what each one is called in formulas, which numbers it takes, how it prints.

Invariant: an option that gets past `checked` never makes an update divide by zero or
grow without end by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import index
from typing import Any

import numpy as np

from backviz.errors import InputError

# what an option is called in formulas and legends; flags are called by their own names
SYMBOLS: dict[str, tuple[str, ...]] = {
    "lr": ("lr",),
    "betas": ("β₁", "β₂"),
    "momentum": ("μ",),
    "dampening": ("τ",),
    "alpha": ("α",),
    "rho": ("ρ",),
    "eps": ("ε",),
    "momentum_decay": ("ψ",),
    "lr_decay": ("d",),
    "initial_accumulator_value": ("s₀",),
    "weight_decay": ("wd",),
}


def _share(x: Any) -> bool:
    return bool(0 <= x < 1)


def _positive(x: Any) -> bool:
    return bool(0 < x < math.inf)


def _not_negative(x: Any) -> bool:
    return bool(0 <= x < math.inf)


_AT_LEAST_0 = ("a number of at least 0", _not_negative)
_SHARE = ("a number from 0 up to, but not including, 1", _share)
CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "lr": ("a number above 0, or a schedule", _positive),
    "betas": (
        "two numbers from 0 up to, but not including, 1",
        lambda pair: len(pair) == 2 and all(map(_share, pair)),
    ),
    "momentum": _AT_LEAST_0,
    "dampening": ("a number from 0 to 1", lambda x: 0 <= x <= 1),
    "alpha": _SHARE,
    "rho": _SHARE,
    "eps": _AT_LEAST_0,
    "momentum_decay": _AT_LEAST_0,
    "lr_decay": _AT_LEAST_0,
    "initial_accumulator_value": _AT_LEAST_0,
    "weight_decay": _AT_LEAST_0,
}


def checked(owner: str, name: str, given: Any) -> Any:
    """The option as plain Python numbers, or one sentence that says what it may be.

    >>> checked("Adam", "betas", [0.9, 0.99])
    (0.9, 0.99)
    >>> checked("Adam", "lr", -1)
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: Adam: lr=-1 does not work; give a number above 0, or a schedule
    """
    if name not in CHECKS:
        if given is True or given is False:
            return given
        raise InputError(f"{owner}: {name}={given!r} does not work; give True or False")
    wanted, fits = CHECKS[name]
    try:
        plain = tuple(map(float, given)) if name == "betas" else float(given)
        if fits(plain):
            return plain
    except (TypeError, ValueError):
        pass
    raise InputError(f"{owner}: {name}={given!r} does not work; give {wanted}")


def whole(schedule: str, name: str, given: Any, least: int = 1) -> int:
    """A whole number of steps, or one sentence."""
    try:
        number = least - 1 if isinstance(given, bool) else index(given)
    except TypeError:
        number = least - 1
    if number < least:
        raise InputError(
            f"{schedule}: {name}={given!r} does not work; give a whole number of at least {least}"
        )
    return number


def above_0(schedule: str, name: str, given: Any) -> float:
    """A number above 0, or one sentence."""
    number = isinstance(given, int | float | np.integer | np.floating)
    if not number or isinstance(given, bool) or not 0 < given < math.inf:
        raise InputError(f"{schedule}: {name}={given!r} does not work; give a number above 0")
    return float(given)


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
    for name, option in options.items():
        if name in SYMBOLS:
            each = option if isinstance(option, tuple) else (option,)
            texts = [x if isinstance(x, str) else short(x) for x in each]
            words += [f"{s}={x}" for s, x in zip(SYMBOLS[name], texts, strict=True)]
        elif option:
            words.append(name)
    return " ".join(words)
