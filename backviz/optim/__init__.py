"""Optimizers, schedules of the rate, clipping, and averages of the weights.

`OPTIMIZERS` and `SCHEDULES` list what there is; every optimizer prints its formula, its
hyper-parameters and how torch, keras, optax and its paper differ.

>>> from backviz import Value
>>> w = Value(5.0)
>>> opt = SGD(w, lr=schedules.exponential(0.4, gamma=0.9))
>>> for _ in range(20):
...     opt.zero_grad()
...     (w * w).backward()
...     opt.step()
>>> abs(w.data) < 0.01
True
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from backviz.optim import schedules
from backviz.optim.anatomy import Anatomy
from backviz.optim.averaging import EMA
from backviz.optim.clipping import clip_by_norm, clip_by_value
from backviz.optim.convention import Convention, convention
from backviz.optim.one_cycle import one_cycle
from backviz.optim.optimizer import Optimizer
from backviz.optim.plateau import Plateau, reduce_on_plateau
from backviz.optim.schedules import SCHEDULES, Schedule
from backviz.optim.table import OPTIMIZERS, optimizer
from backviz.registry import unknown

_made = {  # every optimizer of every module here
    name: thing
    for module in iter_modules(__path__)
    for name, thing in vars(import_module(f"{__name__}.{module.name}")).items()
    if isinstance(thing, type) and issubclass(thing, Optimizer)
}
globals().update(_made)


def __getattr__(name: str) -> type[Optimizer]:
    raise AttributeError(unknown("name in backviz.optim", name, __all__))


__all__ = [
    "EMA",
    "OPTIMIZERS",
    "SCHEDULES",
    "Anatomy",
    "Convention",
    "Optimizer",
    "Plateau",
    "Schedule",
    "clip_by_norm",
    "clip_by_value",
    "convention",
    "one_cycle",
    "optimizer",
    "reduce_on_plateau",
    "schedules",
]
__all__ += [name for name in _made if name != "Optimizer"]
