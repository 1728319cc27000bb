"""What all optimizers share: parameters, groups, steps, and the sentence for wrong use.

An optimizer is a row of facts (title, source, options by convention) and one formula, its
`update`. What prints it, what takes it apart and what makes the step are readers of the formula.

Invariant: a step makes no arrays; it works in the slots and in scratch made beforehand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import quietly
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.optim.anatomy import Anatomy, anatomy_of
from backviz.optim.cells import Cell, Group, cells_of, fill, lend, owners
from backviz.optim.convention import Conventions, Decay, choose, rate_of, settle
from backviz.optim.formula import NUMBER, Lines, given, printed
from backviz.optim.groups import ParamGroup
from backviz.optim.options import checked, described
from backviz.optim.parameters import Parameter, Parameters, groups_of
from backviz.optim.program import Otherwise, Program, program_of
from backviz.optim.rates import Schedule, as_schedule
from backviz.optim.state import load_state, state_of
from backviz.registry import unknown

Options = Mapping[str, Any]
Ready = tuple[Cell, np.ndarray, Any]  # what is moved: its cell, its numbers, its gradient
BY_NAME = ("maximize", "decoupled_weight_decay")  # options that have no place in the call


class Optimizer:
    """Moves parameters against their gradients, in place.

    With recorded leaves: `opt = Adam(model.parameters(), lr=…)`, then in the loop
    `opt.zero_grad()`, `loss.backward()`, `opt.step()`. With plain arrays, of any shape:
    `opt = Adam(starts)` and `opt.step(gradients)`. Both take the same steps, bit for bit.
    `lr` is a number or a schedule. Groups with options of their own are written as torch
    writes them: `[{"params": weights, "weight_decay": 0.1}, {"params": biases}]`.
    """

    title: ClassVar[str]
    source: ClassVar[str]
    year: ClassVar[int]  # of the source: the place in lists
    also: ClassVar[tuple[str, ...]] = ()  # other names
    conventions: ClassVar[Conventions]
    update: ClassVar[Callable[..., Lines]]
    """The formula, after what `maximize` and the weight decay do, in the notation of `formula`.

    `update(x, o, …)`: x holds θ, g, t and what is kept; o the options, those of other
    conventions as 0; the switches of the convention follow by name.
    """
    shown: ClassVar[tuple[Options, ...]] = ({},)  # options that change the formula
    begins: ClassVar[Mapping[str, str]] = {}  # what begins at an option's number, not at 0
    absent: ClassVar[Options]  # every option that a convention of it has, as if it were not there
    programs: ClassVar[dict[tuple[str, tuple[str, ...]], list[Program]]]  # made so far
    changed: ClassVar[dict[tuple[Any, ...], tuple[str, ...]]]  # the slots, by options that are on

    def __init_subclass__(cls) -> None:
        """Let the docstring say the source and how conventions differ; let the call say options."""
        if "conventions" not in vars(cls):
            return
        for c in cls.conventions.values():
            inspect.signature(cls.update).bind("x", "o", **c.switches)  # a TypeError if one is not
        says = [f"{who}: {c.differs}" for who, c in cls.conventions.items() if c.differs]
        cls.__doc__ = "\n\n".join([inspect.cleandoc(cls.__doc__ or ""), cls.source, *says])
        names = dict.fromkeys(o for c in cls.conventions.values() for o in c.defaults)
        cls.programs, cls.changed = {}, {}
        cls.absent = dict.fromkeys((*names, "weight_decay", "decoupled_weight_decay"), 0.0)
        place, word = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        options = [
            inspect.Parameter(name, word if name in BY_NAME else place, default=None)
            for name in sorted(names, key=BY_NAME.__contains__)
        ]
        cls.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter("params", place), *options,
             inspect.Parameter("semantics", word, default=None)]
        )  # fmt: skip

    def __init__(
        self, params: Parameters, *placed: Any, semantics: str | None = None, **named: Any
    ) -> None:
        self.semantics, self.convention = choose(self.title, self.conventions, semantics)
        names = list(dict.fromkeys(o for c in self.conventions.values() for o in c.defaults))
        if wrong := next((name for name in named if name not in names), None):
            raise InputError(unknown(_("option of {name}", name=self.title), wrong, names))
        names = [name for name in names if name not in BY_NAME]
        if len(placed) > len(names) or set(names[: len(placed)]) & set(named):
            raise InputError(
                _(
                    "{title}: give {list} once each, in this order",
                    title=self.title,
                    list=", ".join(names),
                )
            )
        named |= zip(names, placed, strict=False)
        self.steps = 0
        self.groups: list[Group] = []
        for members, own in groups_of(params):
            options, schedule = settle(
                self.title, self.semantics, self.convention, {**named, **own}
            )
            self.judge(options)
            self.groups.append(Group(members, options, schedule))
        self.params: list[Parameter] = [p for group in self.groups for p in group.members]
        self.plain = not isinstance(self.params[0], Value)
        self.owners = owners(self.params)
        self.build({})

    def build(self, clocks: Mapping[int, tuple[int, float]]) -> None:
        """Make the cells anew, with empty slots; `clocks` are the steps that each has had."""
        for group in self.groups:
            group.slots = self.kept(group.options, group.schedule)
            group.touched = True
        self.cells = cells_of(self.groups, clocks)
        for cell in self.cells:
            o = {"": 0.0, **cell.group.options}
            fill(cell, cell.group.slots, lambda name, o=o: o[self.begins.get(name, "")])  # type: ignore[misc]
        lend(self.cells, 1)

    # What an optimizer says of itself ----------------------------------------------------

    def lines(self, x: Any, o: Any) -> Lines:
        """The whole formula."""
        if o.maximize:
            yield "g ←", -x.g
        if given(o.weight_decay):
            decay = Decay.DECOUPLED if o.decoupled_weight_decay else self.convention.decay
            if decay is Decay.COUPLED:
                yield "g ←", x.g + o.weight_decay * x.θ
            elif decay is Decay.DECOUPLED:
                yield "θ ←", x.θ - o.lr * o.weight_decay * x.θ
            else:
                yield "θ ←", x.θ - (o.lr / o.base) * o.weight_decay * x.θ
        yield from self.update(x, o, **self.convention.switches)

    def slots(self, o: Options) -> tuple[str, ...]:
        """The names of the arrays that are kept for each parameter: what the formula changes."""
        key = (self.semantics, *map(bool, o.values()))
        if key not in self.changed:
            lines = printed(self.lines, {**self.absent, **o})
            names = dict.fromkeys(line.split()[0] for line in lines if "←" in line)
            self.changed[key] = tuple(n for n in names if n not in ("θ", "g", NUMBER))
        return self.changed[key]

    def kept(self, o: Options, schedule: Schedule | None) -> tuple[str, ...]:
        """The slots of a whole training: a momentum that a schedule moves may pass through 0."""
        moves = schedule is not None and schedule.cycles and "momentum" in o
        return self.slots({**o, "momentum": 1.0} if moves else o)

    def judge(self, o: Options) -> None:
        """Refuse options that do not go together."""

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
                _("no parameter has a gradient; give one")
                if self.plain
                else _("no parameter has a gradient; call loss.backward() first")
            )
        for group in self.groups:
            group.known = None
            if group.touched or group.schedule is not None:
                group.begin(self.title, self.convention.decay, self.steps)
        self.steps += 1
        for cell, p, g in ready:
            self.move(cell, p, g)
            if cell.values:
                cell.scatter()

    def move(self, cell: Cell, p: np.ndarray, g: np.ndarray) -> None:
        """Move one array with its gradient."""
        group = cell.group
        cell.steps = now = cell.steps + 1
        if group.touched or group.clocked:
            clock = now, cell.product
            if group.known != clock:
                self._prepare(group, clock)
            cell.product = group.product
        if len(cell.scratch) < group.program.scratch:
            lend([cell, *self.cells], group.program.scratch)
        boxes = group.boxes.get(p.dtype.char)
        if boxes is None:
            boxes = group.boxed(p.dtype.char)
        group.program.move([p, g, *cell.slots, *boxes, *cell.scratch])

    def _prepare(self, group: Group, clock: tuple[int, float]) -> None:
        """Make the numbers of a step, and another program if the formula goes another way."""
        try:
            if group.touched:
                raise Otherwise
            group.numbers, group.product = group.program.numbers(group.still, clock)
            group.fill()
        except (Otherwise, ValueError):  # the root of a number below 0
            self._choose(group, clock)
        group.known = clock

    def _choose(self, group: Group, clock: tuple[int, float]) -> None:
        """Find the program for the options as they are, or make it."""
        options = (*group.options.values(), group.base)
        programs = self.programs.setdefault((self.semantics, group.slots), [])
        for program in programs:
            try:
                still = program.begin(options)
                group.numbers, group.product = program.numbers(still, clock)
            except (Otherwise, ValueError):
                continue
            return group.take(program, still)
        made = program_of(self.lines, self.absent, group.options, clock, group.base, group.slots)
        programs.append(made)
        group.take(made, made.begin(options))
        group.numbers, group.product = made.numbers(group.still, clock)
        return None

    def _given(self, grads: Any) -> list[Ready]:
        """Plain arrays with the gradients that were handed over."""
        if grads is None:
            raise InputError(_("plain arrays carry no gradients; call opt.step(gradients)"))
        listed = grads if type(grads) is list or type(grads) is tuple else [grads]
        if len(listed) != len(self.params):
            raise InputError(
                _("{n} parameters were given {n2} gradients", n=len(self.params), n2=len(listed))
            )
        ready: list[Ready] = []
        for cell in self.cells:
            g, p = listed[cell.at[0]], cell.array()
            if g is None:
                continue
            if (
                type(g) is np.ndarray
                and g.base is None
                and self.owners is not None
                and id(g) not in self.owners
                and g.dtype is p.dtype
                and g.shape == p.shape
            ):  # the usual case
                ready.append((cell, p, g))
                continue
            if type(g) is not np.ndarray:
                g = np.asarray(data_of(g))
            if g.dtype.kind not in "fiub":
                raise InputError(
                    _(
                        "the gradient of parameter {at} holds {dtype}, not real numbers",
                        at=cell.at[0],
                        dtype=g.dtype,
                    )
                )
            if any(np.may_share_memory(g, x) for x in self.params):  # as that of ½x² is x
                g = g.copy()
            if g.shape != p.shape:
                raise ShapeError(
                    _(
                        "parameter {at} has the shape {shape} and its gradient {shape2}; they have "
                        "to be the same",
                        at=cell.at[0],
                        shape=p.shape,
                        shape2=g.shape,
                    )
                )
            ready.append((cell, p, g))
        return ready

    def _recorded(self, grads: Any) -> list[Ready]:
        """Recorded leaves with what backward left on them."""
        if grads is not None:
            raise InputError(_("recorded values have their gradients on them; call opt.step()"))
        ready: list[Ready] = []
        for cell in list(self.cells):
            if not cell.packed:
                g = cell.values[0].grad
                if g is not None:
                    p, g = cell.array(), data_of(g)
                    if not np.shape(g) == np.shape(p) == cell.scratch[0].shape:
                        raise ShapeError(
                            _(
                                "parameter {at} began with the shape {shape}, has {shape2} and its "
                                "gradient {shape3}; all must agree",
                                at=cell.at[0],
                                shape=cell.scratch[0].shape,
                                shape2=np.shape(p),
                                shape3=np.shape(g),
                            )
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
        lend(self.cells, 1)
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
                _(
                    "{name} cycles the momentum; give it when the optimizer is made",
                    name=schedule.name,
                )
            )
        title = self.title
        rate = rate_of(title, schedule, self.steps) if schedule else checked(title, "lr", lr)
        for group in self.groups:
            group.schedule = schedule
            group.options["lr"], group.touched = rate, True
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
        return tuple(printed(self.lines, {**self.absent, **self.groups[0].options}))

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
