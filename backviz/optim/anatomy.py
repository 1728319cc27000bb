"""One step taken apart: gradient, averages, corrected averages, effective rate, update.

Invariant: the numbers come from the optimizer's own update, run on copies; looking at a
step changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import quietly
from backviz.errors import InputError
from backviz.optim.cells import Cell

if TYPE_CHECKING:
    from backviz.optim.optimizer import Optimizer


@dataclass(frozen=True)
class Anatomy:
    """What the next step does to one parameter.

    `step` is its number, counted from 1, `lr` the rate. `terms` holds in the order of the
    formula: g as it comes from backward, the slots after the step, what the formula names
    on the way, `rate` (what the moved direction is multiplied with), `before`, `after`, and
    `update`, which is after − before. Arrays have the parameter's shape; single numbers
    are floats.
    """

    step: int
    lr: float
    terms: Mapping[str, Any]


def anatomy_of(opt: Optimizer, i: int, grads: Any) -> Anatomy:
    """The next step of parameter i, taken on copies."""
    cell = next((cell for cell in opt.cells if i in cell.at), None)
    if cell is None:
        raise InputError(f"there is no parameter {i}; there are {len(opt.params)}")
    parameter = opt.params[i]
    own = grads if opt.plain else data_of(parameter.grad)  # type: ignore[union-attr]
    if own is None:
        raise InputError(
            f"parameter {i} has no gradient; "
            + ("give it: opt.anatomy(i, gradient)" if opt.plain else "call loss.backward() first")
        )
    k = cell.at.index(i)
    before = np.array(data_of(parameter))
    g = np.array(own, dtype=before.dtype)
    if g.shape != before.shape:
        raise InputError(f"parameter {i} has the shape {before.shape}, its gradient {g.shape}")
    group = cell.group
    twin = Cell(group, (i,), (), before.copy(), cell.steps, cell.product)
    twin.slots = tuple(np.array(s[k]) if cell.packed else s.copy() for s in cell.slots)
    twin.scratch = tuple(np.empty_like(before) for _ in cell.scratch)
    options = dict(group.options)
    group.begin(opt.title, opt.rules, opt.steps)
    after = twin.array()
    quietly(opt.move, twin, after, g)
    o, group.options = dict(group.options), options
    slots = dict(zip(group.slots, twin.slots, strict=True))
    named = quietly(opt.terms, o, twin.steps, twin.product, {"g": g, **slots})
    terms = {"g": g, **slots, **named, "before": before, "after": after, "update": after - before}
    plain = {name: x if np.ndim(x) else float(x) for name, x in terms.items()}
    return Anatomy(twin.steps, o["lr"], plain)
