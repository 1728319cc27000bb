"""What layers are asked for: sizes, chances, seeds. Each is checked here and nowhere else.

Invariant: a seed is never used up. The same whole number or `SeedSequence` gives the same
streams every time; only a `Generator` moves on as it is drawn from.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from backviz.errors import InputError
from backviz.language import N_, _

Seed = int | np.random.SeedSequence | np.random.Generator


def whole(who: str, what: str, given: Any, least: int = 1) -> int:
    """A whole number that is large enough.

    >>> whole("Linear", "n_in", -2)
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: Linear: n_in is a whole number from 1 on, not -2
    """
    try:
        number = operator.index(given)
    except TypeError:
        number = least - 1
    if number < least or isinstance(given, bool):
        raise InputError(
            _(
                "{who}: {what} is a whole number from {least} on, not {given!r}",
                who=who,
                what=what,
                least=least,
                given=given,
            )
        )
    return number


def within(who: str, what: str, given: Any, low: float, high: float) -> float:
    """A plain finite number between two bounds, or on them.

    >>> within("Dropout", "p", 1.5, 0, 1)
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: Dropout: p is a number from 0 to 1, not 1.5
    """
    number = isinstance(given, int | float | np.integer | np.floating)
    number = number and not isinstance(given, bool) and math.isfinite(given)
    if not number or not low <= given <= high:
        bounds = f" from {low:g}" if math.isfinite(low) else ""
        bounds += f" to {high:g}" if math.isfinite(high) else " on" * bool(bounds)
        raise InputError(
            _(
                "{who}: {what} is a number{bounds}, not {given!r}",
                who=who,
                what=what,
                bounds=bounds,
                given=given,
            )
        )
    return float(given)


def each_axis(who: str, what: str, given: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """Whole numbers for several axes, from one for all or one for each.

    >>> each_axis("Conv2d", "stride", 2, 2)
    (2, 2)
    """
    listed = tuple(given) if isinstance(given, tuple | list) else (given,) * axes
    if len(listed) != axes:
        many = {1: "one axis", 2: "two axes"}.get(axes, f"{axes} axes")
        raise InputError(
            _(
                "{who}: {what} is one number or one for each of {many}, not {given!r}",
                who=who,
                what=what,
                many=many,
                given=given,
            )
        )
    return tuple([whole(who, what, n, least) for n in listed])


HOW = {  # what says how torch computes, and not what
    "device": N_("numpy computes on the processor"),
    "dtype": N_("parameters are float64"),
}


def refused(who: str, given: Mapping[str, Any], why: Mapping[str, str]) -> None:
    """Raise `InputError` for options of torch that are not here, and `TypeError` for unknown ones.

    >>> refused("Embedding", {"sparse": True}, {"sparse": "gradients are whole arrays"})
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: Embedding takes no option 'sparse': gradients are whole arrays
    """
    for name in given:
        if name in why:
            raise InputError(
                _("{who} takes no option '{name}': {why}", who=who, name=name, why=_(why[name]))
            )
        raise TypeError(_("{who} got an unexpected option '{name}'", who=who, name=name))


def generator(seed: Seed | None) -> np.random.Generator:
    """A random generator from a seed; a generator is used as it is.

    Raises `InputError` without a seed: nothing here is random behind your back.

    >>> generator(1).random() == generator(np.random.SeedSequence(1)).random()
    True
    """
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(_sequence(seed))


def streams(seed: Seed | None, n: int) -> list[np.random.SeedSequence]:
    """`n` independent seeds from one: a stream of its own for every layer of a network.

    The streams are numpy's spawned ones (`numpy.random.SeedSequence`), but the seed
    does not remember that it was asked: the same seed gives the same streams again.

    >>> first, second = streams(0, 2)
    >>> generator(first).random() == generator(streams(0, 3)[0]).random()
    True
    >>> generator(first).random() == generator(second).random()
    False
    """
    root = _sequence(int(seed.integers(2**63)) if isinstance(seed, np.random.Generator) else seed)
    return [
        np.random.SeedSequence(
            root.entropy, spawn_key=(*root.spawn_key, i), pool_size=root.pool_size
        )
        for i in range(n)
    ]


def _sequence(seed: Any) -> np.random.SeedSequence:
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if seed is None:
        raise InputError(_("random numbers need a seed; give a whole number, such as seed=0"))
    return np.random.SeedSequence(whole("a seed", "it", seed, 0))
