"""One name, several formulas: what torch, keras, optax and the papers mean by it.

Invariant: an option that a convention does not have is refused, never ignored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from backviz.errors import InputError
from backviz.language import _
from backviz.optim.options import SHARE, checked, number, plain
from backviz.optim.rates import Schedule, as_schedule
from backviz.registry import unknown


class Decay(Enum):
    """Where the weight decay acts: in the gradient, or on the parameters."""

    COUPLED = "g ← g + wd·θ"
    DECOUPLED = "θ ← θ − lr·wd·θ"
    BY_SCHEDULE = "θ ← θ − (lr/lr₀)·wd·θ"


class Eps(Enum):
    """Where ε stands."""

    AFTER_ROOT = "√v + ε"
    IN_ROOT = "√(v + ε)"


class Rate(Enum):
    """Where the rate stands if there is a momentum, which matters when the rate changes."""

    IN_STEP = "θ ← θ − lr·b"
    IN_BUFFER = "b ← μ·b + lr·g"


@dataclass(frozen=True, slots=True)
class Convention:
    """What somebody means by an optimizer's name.

    `defaults` holds every option that there is; a rate of `None` has to be given. `decay`
    and `switches` choose the formula: these are handed to it by their names. `differs` says
    in one sentence how formula and defaults differ from torch's (from the paper's for Lion).
    """

    defaults: Mapping[str, Any]
    differs: str = ""
    decay: Decay = Decay.COUPLED
    switches: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float | None:
        """The rate if none is given; `None` if one has to be given."""
        rate: float | None = self.defaults["lr"]
        return rate


Conventions = Mapping[str, Convention]


def convention(
    differs: str = "",
    decay: Decay = Decay.COUPLED,
    switches: Mapping[str, Any] | None = None,
    **defaults: Any,
) -> Convention:
    """A convention with its options; `maximize` is one of everybody's.

    >>> convention("The rate is inside.", switches={"rate": Rate.IN_BUFFER}, lr=0.1).defaults
    {'lr': 0.1, 'maximize': False}
    """
    return Convention({**defaults, "maximize": False}, differs, decay, switches or {})


def choose(title: str, conventions: Conventions, semantics: str | None) -> tuple[str, Convention]:
    """The convention of that name, the first if none is named."""
    name = next(iter(conventions)) if semantics is None else semantics
    if name not in conventions:
        raise InputError(
            unknown(_("{what} of {name}", what="semantics", name=title), str(name), conventions)
        )
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
                _(
                    "{title} has no option {name} in the semantics of {semantics}; it has {list}",
                    title=title,
                    name=name,
                    semantics=semantics,
                    list=", ".join(options),
                )
            )
        if name == "lr" and callable(option):
            schedule = as_schedule(option)
            options["lr"] = rate_of(title, schedule, 0)
        else:
            options[name] = checked(title, name, option)
    if options["lr"] is None:
        raise InputError(
            _(
                "{semantics} has no rate of its own for {title}; say lr=…",
                semantics=semantics,
                title=title,
            )
        )
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
            _(
                "{title}: {name} gives the rate {rate:g} at step {step}; rates are at least 0",
                title=title,
                name=schedule.name,
                rate=rate,
                step=step,
            )
        )
    return rate


def cycle(title: str, options: dict[str, Any], schedule: Schedule, step: int) -> None:
    """Set the momentum, or Adam's β₁, to what the schedule says for the step."""
    if "betas" not in options and "momentum" not in options:
        raise InputError(
            _(
                "{name} cycles the momentum and {title} has none; say cycle_momentum=False",
                name=schedule.name,
                title=title,
            )
        )
    momentum = number(schedule.name, f"the momentum of step {step}", schedule.momentum(step), SHARE)
    if "betas" in options:
        options["betas"] = (momentum, *options["betas"][1:])
    else:
        options["momentum"] = momentum
