"""The state of an optimizer as a plain dict of numbers and arrays, and back.

The keys are text without nesting, so `np.savez(file, **opt.state_dict())` saves it and
`opt.load_state_dict(np.load(file))` goes on from it.

Invariant: training that goes on from a state takes the same steps, bit for bit, as
training that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.optim.convention import Decay
from backviz.optim.options import OPTIONS

if TYPE_CHECKING:
    from backviz.optim.optimizer import Optimizer


def state_of(opt: Optimizer) -> dict[str, Any]:
    """Steps, options, the state of the schedules, and all slots, by parameter."""
    state: dict[str, Any] = {
        "optimizer": opt.title, "semantics": opt.semantics, "steps": opt.steps,
    }  # fmt: skip
    for i, group in enumerate(opt.groups):
        state |= {f"group{i}.{name}": option for name, option in group.options.items()}
        if opt.convention.decay is Decay.BY_SCHEDULE:
            state[f"group{i}.base"] = group.base
        if group.schedule is not None:
            own = group.schedule.state_dict()
            state |= {f"group{i}.schedule.{key}": number for key, number in own.items()}
    for cell in opt.cells:
        names = cell.group.slots
        for k, i in enumerate(cell.at):
            state[f"{i}.steps"] = cell.steps
            state[f"{i}.product"] = cell.product
            for name, slot in zip(names, cell.slots, strict=True):
                state[f"{i}.{name}"] = float(slot[k]) if cell.packed else slot.copy()
    return state


def load_state(opt: Optimizer, state: Mapping[str, Any]) -> None:
    """Take over a state; one of another optimizer or of other parameters is refused."""
    if not isinstance(state, Mapping):
        raise InputError(
            _(
                "a state is what state_dict() gives, or np.load(file) of it, not {kind}",
                kind=type(state).__name__,
            )
        )
    for what, own in (("optimizer", opt.title), ("semantics", opt.semantics)):
        saved = str(state.get(what, "nothing"))
        if saved != own:
            raise InputError(
                _(
                    "the state is one of {what} {saved}, and this is {own}",
                    what=what,
                    saved=saved,
                    own=own,
                )
            )
    expected = {"steps"}
    for i, group in enumerate(opt.groups):
        options = {name: _option(state, f"group{i}.{name}") for name in group.options}
        names = opt.kept(options, group.schedule)
        own_keys = {f"group{i}.{name}" for name in options}
        if opt.convention.decay is Decay.BY_SCHEDULE:
            own_keys.add(f"group{i}.base")
        if group.schedule is not None:
            own_keys |= {f"group{i}.schedule.{key}" for key in group.schedule.state_dict()}
        expected |= own_keys
        first = sum(len(g.members) for g in opt.groups[:i])
        for place, p in enumerate(group.members, first):
            expected |= {f"{place}.{name}" for name in ("steps", "product", *names)}
            for name in names:
                found = np.shape(_entry(state, f"{place}.{name}"))
                if found != p.shape:
                    raise ShapeError(
                        _(
                            "the state is one of other parameters: {name} of parameter {place} "
                            "has the shape {found}, and the parameter {shape}",
                            name=name,
                            place=place,
                            found=found,
                            shape=p.shape,
                        )
                    )
    wrong = expected ^ (set(state) - {"optimizer", "semantics"})
    if wrong:
        raise InputError(
            _("the state does not fit the optimizer: {name} is missing", name=min(wrong))
            if min(wrong) in expected
            else _(
                "the state does not fit the optimizer: {name} is not one of its parts",
                name=min(wrong),
            )
        )
    _take(opt, state)


def _take(opt: Optimizer, state: Mapping[str, Any]) -> None:
    """Take over a state that fits."""
    opt.steps = int(state["steps"])
    for i, group in enumerate(opt.groups):
        group.options = {name: _option(state, f"group{i}.{name}") for name in group.options}
        if group.schedule is None:
            group.base = float(state.get(f"group{i}.base", group.base))
        else:
            own = f"group{i}.schedule."
            group.schedule.load_state_dict(
                {key[len(own) :]: state[key] for key in state if key.startswith(own)}
            )
    opt.build(
        {
            i: (int(state[f"{i}.steps"]), float(state[f"{i}.product"]))
            for i in range(len(opt.params))
        }
    )
    for cell in opt.cells:
        for name, slot in zip(cell.group.slots, cell.slots, strict=True):
            for k, i in enumerate(cell.at):
                slot[k if cell.packed else ...] = state[f"{i}.{name}"]


def _entry(state: Mapping[str, Any], key: str) -> Any:
    if key not in state:
        raise InputError(_("the state does not fit the optimizer: {key} is missing", key=key))
    return state[key]


def _option(state: Mapping[str, Any], key: str) -> Any:
    """An option as Python has it, whether it comes from memory, JSON or an array file."""
    saved = np.asarray(_entry(state, key)).tolist()
    if isinstance(saved, list):
        return tuple(saved)
    return saved if key.rpartition(".")[2] in OPTIONS else bool(saved)
