"""One name, several formulas: what torch, keras, optax and the papers mean by it.

Invariant: an option that a convention does not have is refused, never ignored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backviz.errors import InputError
from backviz.optim.options import SHARE, checked, number, plain
from backviz.optim.rates import Schedule, as_schedule
from backviz.registry import unknown


@dataclass(frozen=True, slots=True)
class Convention:
    """What somebody means by an optimizer's name.

    `defaults` holds every option that there is; a rate of `None` has to be given.
    `rules` are the switches that the update reads. `differs` says in one sentence how
    formula and defaults differ from torch's (from the paper's for Lion).
    """

    defaults: Mapping[str, Any]
    rules: frozenset[str]
    differs: str

    @property
    def rate(self) -> float | None:
        """The rate if none is given; `None` if one has to be given."""
        rate: float | None = self.defaults["lr"]
        return rate


Conventions = Mapping[str, Convention]


def convention(differs: str = "", rules: str = "", **defaults: Any) -> Convention:
    """A convention; `rules` are separated by commas.

    >>> convention("The rate is inside.", "rate inside", lr=0.1).rules
    frozenset({'rate inside'})
    """
    named = frozenset(rule.strip() for rule in rules.split(",") if rule.strip())
    return Convention({**defaults, "maximize": False}, named, differs)


def choose(title: str, conventions: Conventions, semantics: str | None) -> tuple[str, Convention]:
    """The convention of that name, the first if none is named."""
    name = next(iter(conventions)) if semantics is None else semantics
    if name not in conventions:
        raise InputError(unknown(f"semantics of {title}", str(name), conventions))
    return name, conventions[name]


def settle(
    title: str, semantics: str, chosen: Convention, given: Mapping[str, Any]
) -> tuple[dict[str, Any], Schedule | None]:
    """All options of a group of parameters, and its schedule if it has one."""
    options = dict(chosen.defaults)
    schedule: Schedule | None = None
    for name, option in given.items():
        if option is None:
            continue
        if name not in options:
            raise InputError(
                f"{title} has no option {name} in the semantics of {semantics}; "
                f"it has {', '.join(options)}"
            )
        if name == "lr" and callable(option):
            schedule = as_schedule(option)
            options["lr"] = rate_of(title, schedule, 0)
        else:
            options[name] = checked(title, name, option)
    if options["lr"] is None:
        raise InputError(f"{semantics} has no rate of its own for {title}; say lr=…")
    if schedule is not None and schedule.cycles:
        cycle(title, options, schedule, 0)
    return options, schedule


def rate_of(title: str, schedule: Schedule, step: int) -> float:
    """The rate of a step, if it is one; a schedule may well begin or end with 0.

    >>> rate_of("SGD", as_schedule(lambda t: 0.1 - t), 1)
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: SGD: <lambda> gives the rate -0.9 at step 1; rates are at least 0
    """
    rate = plain(schedule(step))
    if not 0 <= rate < math.inf:
        raise InputError(
            f"{title}: {schedule.name} gives the rate {rate:g} at step {step}; rates are at least 0"
        )
    return rate


def cycle(title: str, options: dict[str, Any], schedule: Schedule, step: int) -> None:
    """Set the momentum, or Adam's β₁, to what the schedule says for the step."""
    if "betas" not in options and "momentum" not in options:
        raise InputError(
            f"{schedule.name} cycles the momentum and {title} has none; say cycle_momentum=False"
        )
    momentum = number(schedule.name, f"the momentum of step {step}", schedule.momentum(step), SHARE)
    if "betas" in options:
        options["betas"] = (momentum, *options["betas"][1:])
    else:
        options["momentum"] = momentum
