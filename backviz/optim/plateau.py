"""The rate that drops when the loss stops falling: the one schedule with a memory.

Invariant: the rate changes in `report` and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, final

from backviz.errors import InputError
from backviz.language import _
from backviz.optim.options import AT_LEAST_0, Kind, above_0, number, short, whole
from backviz.optim.rates import SCHEDULES, Schedule
from backviz.registry import unknown

BETWEEN: Kind = ("a number between 0 and 1, both excluded", lambda x: 0 < x < 1)
MEMORY = ("rate", "best", "bad", "waiting")


@final
class Plateau(Schedule):
    """A rate that is multiplied by `factor` when what is reported stops improving.

    Call `report(loss)` once an epoch. In torch's semantics the rate drops when more than
    `patience` reports in a row were bad, and the threshold is relative; in keras' it drops
    at the patience-th bad report, and the threshold is absolute. torch leaves the rate
    alone if it would change by no more than eps.

    >>> rate = reduce_on_plateau(1.0, factor=0.5, patience=1)
    >>> [rate.report(loss) for loss in (3.0, 2.0, 2.0, 2.0, 2.0)]
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    name = "reduce_on_plateau"
    cycles = False

    def __init__(self, lr: float, options: Mapping[str, Any]) -> None:
        self.base = self.rate = lr
        self.options = dict(options)
        self.best = math.inf if options["mode"] == "min" else -math.inf
        self.bad = 0  # reports without progress
        self.waiting = 0  # reports that still do not count after the last drop

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.rate

    def momentum(self, t: int) -> float:
        """There is none."""
        raise InputError(_("the schedule {name} says nothing about the momentum", name=self.name))

    def report(self, loss: Any) -> float:
        """Take note of a loss (or an accuracy, in mode "max"); returns the rate from here on."""
        try:
            loss = float(loss)
        except (TypeError, ValueError):
            raise InputError(
                _("{name}: a loss is one number, not {loss!r:.40}", name=self.name, loss=loss)
            ) from None
        if self.options["semantics"] == "keras":
            self._report_keras(loss)
        else:
            self._report_torch(loss)
        return self.rate

    def _better(self, loss: float) -> bool:
        threshold, sign = self.options["threshold"], 1 if self.options["mode"] == "max" else -1
        if self.options["threshold_mode"] == "rel":
            bar = self.best * (1.0 + sign * threshold)
        else:
            bar = self.best + sign * threshold
        return bool(sign * loss > sign * bar)

    def _report_torch(self, loss: float) -> None:
        if self._better(loss):
            self.best, self.bad = loss, 0
        else:
            self.bad += 1
        if self.waiting:
            self.waiting -= 1
            self.bad = 0
        if self.bad > self.options["patience"]:
            lower = max(self.rate * self.options["factor"], self.options["min_lr"])
            if self.rate - lower > self.options["eps"]:
                self.rate = lower
            self.waiting, self.bad = self.options["cooldown"], 0

    def _report_keras(self, loss: float) -> None:
        if self.waiting:
            self.waiting -= 1
            self.bad = 0
        if self._better(loss):
            self.best, self.bad = loss, 0
        elif not self.waiting:
            self.bad += 1
            if self.bad >= self.options["patience"] and self.rate > self.options["min_lr"]:
                self.rate = max(self.rate * self.options["factor"], self.options["min_lr"])
                self.waiting, self.bad = self.options["cooldown"], 0

    def describe(self) -> str:
        """Name and options in one line."""
        words = [f"{k}={v if isinstance(v, str) else short(v)}" for k, v in self.options.items()]
        return f"{self.name}(lr={short(self.base)} {' '.join(words)})"

    def state_dict(self) -> dict[str, float]:
        """The rate, the best loss, and both counts."""
        return {"rate": self.rate, "best": self.best, "bad": self.bad, "waiting": self.waiting}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what was saved."""
        if set(state) != set(MEMORY):
            raise InputError(
                _(
                    "the state of {name} has {list}, not {list2}; save it with state_dict()",
                    name=self.name,
                    list=", ".join(MEMORY),
                    list2=", ".join(sorted(state)) or "nothing",
                )
            )
        self.rate, self.best = float(state["rate"]), float(state["best"])
        self.bad, self.waiting = int(state["bad"]), int(state["waiting"])


def reduce_on_plateau(
    lr: float,
    mode: Literal["min", "max"] = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: Literal["rel", "abs"] | None = None,
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
    semantics: Literal["torch", "keras"] = "torch",
) -> Plateau:
    """A rate that drops when the reported loss stops falling; ReduceLROnPlateau.

    >>> rate = reduce_on_plateau(1.0, factor=0.5, patience=1, semantics="keras")
    >>> [rate.report(loss) for loss in (3.0, 2.0, 2.0)]
    [1.0, 1.0, 0.5]
    """
    name = "reduce_on_plateau"
    for what, given, known in (
        ("semantics", semantics, ("torch", "keras")),
        ("mode", mode, ("min", "max")),
        ("threshold_mode", threshold_mode or "rel", ("rel", "abs")),
    ):
        if given not in known:
            raise InputError(unknown(_("{what} of {name}", what=what, name=name), given, known))
    options: dict[str, Any] = {
        "mode": mode,
        "factor": number(name, "factor", factor, BETWEEN),
        "patience": whole(name, "patience", patience, least=0),
        "threshold": number(name, "threshold", threshold, AT_LEAST_0),
        "threshold_mode": threshold_mode or ("rel" if semantics == "torch" else "abs"),
        "cooldown": whole(name, "cooldown", cooldown, least=0),
        "min_lr": number(name, "min_lr", min_lr, AT_LEAST_0),
        "eps": number(name, "eps", eps, AT_LEAST_0) if semantics == "torch" else 0.0,
        "semantics": semantics,
    }
    return Plateau(above_0(name, "lr", lr), options)


SCHEDULES.add("reduce_on_plateau", reduce_on_plateau, aliases=("plateau",))
