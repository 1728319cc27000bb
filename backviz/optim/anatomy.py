"""One step taken apart: gradient, averages, corrected averages, effective rate, update.

Invariant: what is kept comes from the step itself, made on copies, and what is named on the way
from the formula, run on arrays; looking at a step changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import quietly
from backviz.errors import InputError
from backviz.language import _
from backviz.optim.cells import Cell
from backviz.optim.formula import NUMBER, computed

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
        raise InputError(_("there is no parameter {i}; there are {n}", i=i, n=len(opt.params)))
    parameter = opt.params[i]
    own = grads if opt.plain else data_of(parameter.grad)  # type: ignore[union-attr]
    if own is None:
        raise InputError(
            _("parameter {i} has no gradient; give it: opt.anatomy(i, gradient)", i=i)
            if opt.plain
            else _("parameter {i} has no gradient; call loss.backward() first", i=i)
        )
    k = cell.at.index(i)
    before = np.array(data_of(parameter))
    g = np.array(own, dtype=before.dtype)
    if g.shape != before.shape:
        raise InputError(
            _(
                "parameter {i} has the shape {shape}, its gradient {shape2}",
                i=i,
                shape=before.shape,
                shape2=g.shape,
            )
        )
    group = cell.group
    twin = Cell(group, (i,), (), before.copy(), cell.steps, cell.product)
    twin.slots = tuple(np.array(s[k]) if cell.packed else s.copy() for s in cell.slots)
    kept = {name: slot.copy() for name, slot in zip(group.slots, twin.slots, strict=True)}
    options = dict(group.options)
    group.begin(opt.title, opt.convention.decay, opt.steps)
    after, o = twin.array(), dict(group.options)
    named = quietly(
        computed, opt.lines, {**opt.absent, **o, "base": group.base},
        {"θ": before, "g": g, "t": cell.steps + 1, NUMBER: cell.product, **kept},
    )  # fmt: skip
    quietly(opt.move, twin, after, g)
    group.options, group.touched = options, True
    slots = dict(zip(group.slots, twin.slots, strict=True))
    named = {name: x for name, x in named.items() if name not in ("θ", "g", *slots)}
    named["rate"] = named.pop("rate") * np.ones_like(g)
    terms = {"g": g, **slots, **named, "before": before, "after": after, "update": after - before}
    plain = {name: x if np.ndim(x) else float(x) for name, x in terms.items()}
    return Anatomy(twin.steps, o["lr"], plain)
