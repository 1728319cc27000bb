"""What all optimizers share: parameters, groups, steps, and the sentence for wrong use.

An optimizer is a row of facts (options by convention, slots, formula) and one `update`,
which moves an array in place. Recorded leaves and plain arrays go through the same one.

Invariant: a step makes no arrays; it works in the slots and in scratch made beforehand.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import quietly
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.optim.anatomy import Anatomy, anatomy_of
from backviz.optim.cells import Arrays, Cell, Group, cells_of, fill, lend
from backviz.optim.convention import Conventions, choose, rate_of, settle
from backviz.optim.groups import ParamGroup
from backviz.optim.options import checked, described
from backviz.optim.parameters import Parameter, Parameters, groups_of
from backviz.optim.rates import Schedule, as_schedule
from backviz.optim.state import load_state, state_of

Options = Mapping[str, Any]
Ready = tuple[Cell, np.ndarray, Any]  # what is moved: its cell, its numbers, its gradient


class Optimizer(ABC):
    """Moves parameters against their gradients, in place.

    With recorded leaves: `opt = Adam(model.parameters(), lr=…)`, then in the loop
    `opt.zero_grad()`, `loss.backward()`, `opt.step()`. With plain arrays, of any shape:
    `opt = Adam(starts)` and `opt.step(gradients)`. Both take the same steps, bit for bit.
    `lr` is a number or a schedule. Groups with options of their own are written as torch
    writes them: `[{"params": weights, "weight_decay": 0.1}, {"params": biases}]`.
    """

    title: ClassVar[str]
    source: ClassVar[str]
    conventions: ClassVar[Conventions]
    shown: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)  # options that change the formula
    scratch: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        """Let the docstring say the source and how the conventions differ."""
        if "conventions" in vars(cls):
            says = [f"{who}: {c.differs}" for who, c in cls.conventions.items() if c.differs]
            cls.__doc__ = "\n\n".join([inspect.cleandoc(cls.__doc__ or ""), cls.source, *says])

    def __init__(self, params: Parameters, semantics: str | None, **given: Any) -> None:
        self.semantics, self.convention = choose(self.title, self.conventions, semantics)
        self.rules = self.convention.rules
        self.steps = 0
        self.groups: list[Group] = []
        for members, own in groups_of(params):
            options, schedule = settle(
                self.title, self.semantics, self.convention, {**given, **own}
            )
            self.judge(options)
            self.groups.append(Group(members, options, schedule))
        self.params: list[Parameter] = [p for group in self.groups for p in group.members]
        self.plain = not isinstance(self.params[0], Value)
        self.build({})

    def build(self, clocks: Mapping[int, tuple[int, float]]) -> None:
        """Make the cells anew, with empty slots; `clocks` are the steps that each has had."""
        for group in self.groups:
            group.slots = self.kept(group.options, group.schedule)
        self.cells = cells_of(self.groups, clocks)
        for cell in self.cells:
            o = cell.group.options
            fill(cell, cell.group.slots, lambda name, o=o: self.initial(o, name))  # type: ignore[misc]
        lend(self.cells, self.scratch + 1)

    # What an optimizer says of itself ----------------------------------------------------

    @abstractmethod
    def slots(self, o: Options) -> tuple[str, ...]:
        """The names of the arrays that are kept for each parameter."""

    @abstractmethod
    def coefficients(self, o: Options, t: int, product: float) -> tuple[Any, ...]:
        """The numbers that `update` needs at step t, counted from 1."""

    @abstractmethod
    def update(
        self, p: np.ndarray, g: np.ndarray, slots: Arrays, scratch: Arrays, c: tuple[Any, ...]
    ) -> None:
        """Move p and the slots in place, with the gradient g and the coefficients c."""

    @abstractmethod
    def lines(self, o: Options) -> tuple[str, ...]:
        """The formula after the gradient and the weight decay, line by line."""

    @abstractmethod
    def terms(self, o: Options, t: int, product: float, s: Mapping[str, Any]) -> dict[str, Any]:
        """What the formula names on the way: corrected moments, the effective rate."""

    def kept(self, o: Options, schedule: Schedule | None) -> tuple[str, ...]:
        """The slots of a whole training: a momentum that a schedule moves may pass through 0."""
        moves = schedule is not None and schedule.cycles and "momentum" in o
        return self.slots({**o, "momentum": 1.0} if moves else o)

    def judge(self, o: Options) -> None:  # noqa: B027  (most have nothing to refuse)
        """Refuse options that do not go together."""

    def initial(self, o: Options, name: str) -> float:
        """The number that a slot begins with."""
        return 0.0

    def product(self, o: Options, t: int, product: float) -> float:
        """The running product of the momenta, for those who need it."""
        return product

    # Steps -------------------------------------------------------------------------------

    def step(self, grads: Any = None) -> None:
        """Make one step.

        `grads` is for plain arrays only: an array, or a list with one for each parameter
        (`None` for those that stay). Recorded leaves have their own gradients; those
        without one are left alone and keep their count of steps.
        """
        quietly(self._step, grads)

    def _step(self, grads: Any) -> None:
        ready = self._given(grads) if self.plain else self._recorded(grads)
        if not ready:
            raise InputError(
                "no parameter has a gradient; "
                + ("give one" if self.plain else "call loss.backward() first")
            )
        for group in self.groups:
            group.begin(self.title, self.rules, self.steps)
        self.steps += 1
        for cell, p, g in ready:
            self.move(cell, p, g)
            if cell.values:
                cell.scatter()

    def move(self, cell: Cell, p: np.ndarray, g: np.ndarray) -> None:
        """Move one array with its gradient."""
        group = cell.group
        cell.steps = t = cell.steps + 1
        cell.product = product = self.product(group.options, t, cell.product)
        if group.known != (t, product):
            group.known = t, product
            group.made = self.coefficients(group.options, t, product)
        if group.coupled or group.maximize:
            g = group.direction(p, g, cell.scratch[-1])
        if group.shrink != 1:
            p *= group.shrink
        self.update(p, g, cell.slots, cell.scratch, group.made)

    def _given(self, grads: Any) -> list[Ready]:
        """Plain arrays with the gradients that were handed over."""
        if grads is None:
            raise InputError("plain arrays carry no gradients; call opt.step(gradients)")
        listed = grads if type(grads) is list or type(grads) is tuple else [grads]
        if len(listed) != len(self.params):
            raise InputError(f"{len(self.params)} parameters were given {len(listed)} gradients")
        ready: list[Ready] = []
        for cell in self.cells:
            g, p = listed[cell.at[0]], cell.array()
            if g is None:
                continue
            if type(g) is not np.ndarray:
                g = np.asarray(data_of(g))
            if g.dtype.kind not in "fiub":
                raise InputError(
                    f"the gradient of parameter {cell.at[0]} holds {g.dtype}, not real numbers"
                )
            for x in self.params:
                if np.may_share_memory(g, x):  # as that of ½x² is x
                    g = g.copy()
            if g.shape != p.shape:
                raise ShapeError(
                    f"parameter {cell.at[0]} has the shape {p.shape} and its gradient {g.shape}; "
                    "they have to be the same"
                )
            ready.append((cell, p, g))
        return ready

    def _recorded(self, grads: Any) -> list[Ready]:
        """Recorded leaves with what backward left on them."""
        if grads is not None:
            raise InputError("recorded values have their gradients on them; call opt.step()")
        ready: list[Ready] = []
        for cell in list(self.cells):
            if not cell.packed:
                g = cell.values[0].grad
                if g is not None:
                    p, g = cell.array(), data_of(g)
                    if not np.shape(g) == np.shape(p) == cell.scratch[0].shape:
                        raise ShapeError(
                            f"parameter {cell.at[0]} began with the shape {cell.scratch[0].shape}, "
                            f"has {np.shape(p)} and its gradient {np.shape(g)}; all must agree"
                        )
                    ready.append((cell, p, g))
                continue
            found = [v.grad for v in cell.values]
            there = [i for i, g in enumerate(found) if g is not None]
            if there:
                whole = len(there) == len(found)
                part = cell if whole else self._split(cell, there)
                g = np.array([data_of(found[i]) for i in there])
                ready.append((part, part.array(), g))
        return ready

    def _split(self, cell: Cell, there: Sequence[int]) -> Cell:
        """Part the numbers that have a gradient from those that have none."""
        others = sorted(set(range(len(cell.at))) - set(there))
        parts = [cell.take(there), cell.take(others)]
        place = self.cells.index(cell)
        self.cells[place : place + 1] = parts
        lend(self.cells, self.scratch + 1)
        return parts[0]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the parameters, or make them 0."""
        for p in self.params:
            if isinstance(p, Value):
                p.zero_grad(set_to_none)

    # What can be read and set ------------------------------------------------------------

    @property
    def param_groups(self) -> list[ParamGroup]:
        """The groups as torch shows them: `for g in opt.param_groups: g["lr"] *= 0.1`."""
        return [ParamGroup(self.title, group) for group in self.groups]

    @property
    def lr(self) -> float:
        """The rate of the latest step, or of the first one if there was none."""
        rate: float = self.groups[0].options["lr"]
        return rate

    @lr.setter
    def lr(self, lr: Any) -> None:
        schedule = as_schedule(lr) if callable(lr) else None
        if schedule is not None and schedule.cycles:
            raise InputError(
                f"{schedule.name} cycles the momentum; give it when the optimizer is made"
            )
        title = self.title
        rate = rate_of(title, schedule, self.steps) if schedule else checked(title, "lr", lr)
        for group in self.groups:
            group.schedule = schedule
            group.options["lr"] = rate
            group.base = group.base if schedule is None else schedule.base

    @property
    def memory(self) -> int:
        """How many numbers are kept for each parameter, besides itself: SGD 0, Adam 2."""
        return len(self.groups[0].slots)

    def describe(self) -> str:
        """Name and all hyper-parameters in one line; the convention if it is not the first."""
        groups = []
        for group in self.groups:
            options = dict(group.options)
            if group.schedule is not None:
                options["lr"] = group.schedule.describe()
            groups.append(described(options))
        first = next(iter(self.conventions))
        whose = "" if self.semantics == first else f" ({self.semantics})"
        return f"{self.title} {' | '.join(groups)}{whose}"

    def formula(self) -> tuple[str, ...]:
        """The update as lines of text: ← changes what is kept, = names something on the way."""
        o = self.groups[0].options
        head = ["g ← −g"] if o["maximize"] else []
        if o.get("weight_decay"):
            if "decay by schedule" in self.rules:
                head.append("θ ← θ − (lr/lr₀)·wd·θ")
            elif "decoupled" in self.rules or o.get("decoupled_weight_decay"):
                head.append("θ ← θ − lr·wd·θ")
            else:
                head.append("g ← g + wd·θ")
        return (*head, *self.lines(o))

    def anatomy(self, i: int = 0, grads: Any = None) -> Anatomy:
        """What the next step will do to parameter i, taken apart; nothing is changed.

        `grads` is the gradient of a plain array; recorded leaves have their own.
        """
        return anatomy_of(self, i, grads)

    def state_dict(self) -> dict[str, Any]:
        """Steps, options and slots as numbers and arrays; the parameters are not in it."""
        return state_of(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; a schedule stays the one that the optimizer was made with."""
        load_state(self, state)

    def __repr__(self) -> str:
        return f"<{self.describe()}>"
