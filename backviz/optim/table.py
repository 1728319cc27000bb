"""The optimizers by name, in the order in which a lecture meets them."""

from __future__ import annotations

from backviz.optim.adadelta import Adadelta
from backviz.optim.adagrad import Adagrad
from backviz.optim.adam import Adam, AdamW, AMSGrad
from backviz.optim.adamax import Adamax
from backviz.optim.lion import Lion
from backviz.optim.nadam import NAdam
from backviz.optim.optimizer import Optimizer
from backviz.optim.radam import RAdam
from backviz.optim.rmsprop import RMSprop
from backviz.optim.sgd import SGD
from backviz.registry import Registry

OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
OTHER_NAMES = {"SGD": ["gd"], "RMSprop": ["rms_prop"], "AdamW": ["adam_w"]}

for _made in (
    SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW, AMSGrad, Adamax, NAdam, RAdam, Lion,
):  # fmt: skip
    _aliases = (_made.title, *OTHER_NAMES.get(_made.title, ()))
    OPTIMIZERS.add(_made.title.lower(), _made, _aliases)
