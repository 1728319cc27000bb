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

from backviz.optim import schedules
from backviz.optim.adadelta import Adadelta
from backviz.optim.adagrad import Adagrad
from backviz.optim.adam import Adam, AdamW, AMSGrad
from backviz.optim.adamax import Adamax
from backviz.optim.anatomy import Anatomy
from backviz.optim.averaging import EMA
from backviz.optim.clipping import clip_by_norm, clip_by_value
from backviz.optim.convention import Convention, convention
from backviz.optim.lion import Lion
from backviz.optim.nadam import NAdam
from backviz.optim.one_cycle import one_cycle
from backviz.optim.optimizer import Optimizer
from backviz.optim.plateau import Plateau, reduce_on_plateau
from backviz.optim.radam import RAdam
from backviz.optim.rmsprop import RMSprop
from backviz.optim.schedules import SCHEDULES, Schedule
from backviz.optim.sgd import SGD
from backviz.optim.table import OPTIMIZERS

__all__ = [
    "EMA",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Anatomy",
    "Convention",
    "Lion",
    "NAdam",
    "Optimizer",
    "Plateau",
    "RAdam",
    "RMSprop",
    "Schedule",
    "clip_by_norm",
    "clip_by_value",
    "convention",
    "one_cycle",
    "reduce_on_plateau",
    "schedules",
]
