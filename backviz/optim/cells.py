"""Where the numbers of an optimizer are: arrays that one update moves at once.

A cell is one array, or all the single numbers of a group: they are packed, so that a
network of a thousand scalars costs a few operations on one array, not a few thousand.

Invariant: what is in one cell has had the same number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backviz.autodiff.custody import KEEPING
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.optim.convention import Decay, cycle, rate_of
from backviz.optim.parameters import Parameter
from backviz.optim.program import Program
from backviz.optim.rates import Schedule

Arrays = tuple[np.ndarray, ...]


class Group:
    """Parameters with the same options: the rate, its schedule, the weight decay.

    `slots` are the names of the arrays that are kept, which do not change from step to step.
    `program` is the step for the options, as long as nobody has `touched` them, `still` are the
    numbers that follow from them, `numbers` these and those of a step, and `known` is the clock of
    `numbers` and `product`. What the moves need of them is in `boxes`, by kind, as arrays without
    axes, which numpy would make of them for every move; those `moving` are filled at every step.
    """

    __slots__ = (
        "base", "boxes", "clocked", "known", "members", "moving", "numbers", "options",
        "product", "program", "schedule", "slots", "still", "touched",
    )  # fmt: skip

    def __init__(
        self, members: list[Parameter], options: dict[str, Any], schedule: Schedule | None
    ) -> None:
        self.members = members
        self.options = options
        self.schedule = schedule
        self.slots: tuple[str, ...] = ()
        self.base: float = options["lr"] if schedule is None else schedule.base
        self.known: tuple[int, float] | None = None
        self.clocked = True  # whether the numbers of the program change from step to step
        self.touched = True
        self.boxes: dict[str, list[np.ndarray]] = {}
        self.moving: list[tuple[np.ndarray, int]] = []
        self.program: Program
        self.still: list[Any]
        self.numbers: list[Any] = []
        self.product = 1.0

    def take(self, program: Program, still: list[Any]) -> None:
        """Work with another program, or with other options."""
        self.program, self.still, self.touched = program, still, False
        self.boxes, self.moving = {}, []
        self.clocked = bool(program.used or program.moving)

    def boxed(self, kind: str) -> list[np.ndarray]:
        """The numbers of a step for arrays of a kind, those that follow from the options first."""
        program, n = self.program, self.numbers
        settled = [np.array(n[i], kind) for i in program.settled]
        moving = [(np.array(n[i], kind), i) for i in program.used]
        self.boxes[kind] = made = [*settled, *(box for box, _other in moving)]
        self.moving += moving
        return made

    def fill(self) -> None:
        """Put the numbers of another step into the boxes."""
        n = self.numbers
        for box, i in self.moving:
            box[()] = n[i]

    def begin(self, title: str, decay: Decay, step: int) -> None:
        """Set rate and momentum to those of a step, counted from 0."""
        o, schedule = self.options, self.schedule
        if schedule is not None:
            o["lr"] = rate_of(title, schedule, step)
            if schedule.cycles:
                cycle(title, o, schedule, step)
            self.touched = True
        self.known = None
        if decay is Decay.BY_SCHEDULE and o.get("weight_decay") and not self.base:
            raise InputError(
                _(
                    "{title}: the weight decay goes by the share of the first rate, and that "
                    "is 0; give a schedule that is built around a rate, such as warmup",
                    title=title,
                )
            )


class Cell:
    """One array that is moved at once.

    `at` are the places of its parameters in the optimizer's list. `values` are the
    recorded leaves, if it has any; `data` is the array, but for one recorded array, whose
    own `data` is used.
    """

    __slots__ = (
        "at", "data", "group", "packed", "product", "scratch", "slots", "steps", "values",
    )  # fmt: skip

    def __init__(
        self,
        group: Group,
        at: tuple[int, ...],
        values: tuple[Value, ...],
        data: np.ndarray | None,
        steps: int = 0,
        product: float = 1.0,
    ) -> None:
        self.group, self.at, self.values, self.data = group, at, values, data
        self.packed = data is not None and bool(values)  # single numbers side by side
        self.steps, self.product = steps, product
        self.slots: Arrays = ()
        self.scratch: Arrays = ()

    def array(self) -> np.ndarray:
        """The numbers of the parameters, as they are now."""
        data = self.data
        if data is None:
            leaf = self.values[0]  # asked for its data, it copies them for whoever keeps them
            own: np.ndarray = leaf.data if KEEPING else leaf.raw
            return own
        if self.packed:
            data[:] = [v.raw for v in self.values]
        return data

    def scatter(self) -> None:
        """Give the numbers back to their values, which note that they have changed."""
        if not self.packed:
            self.values[0].data = self.values[0].raw
            return
        for value, x in zip(self.values, self.data.tolist(), strict=True):  # type: ignore[union-attr]
            value.data = x

    def take(self, which: Sequence[int]) -> Cell:
        """A cell of its own for some of the packed numbers, with what belongs to them."""
        index = list(which)
        part = Cell(
            self.group,
            tuple(self.at[i] for i in index),
            tuple(self.values[i] for i in index),
            np.empty(len(index)),
            self.steps,
            self.product,
        )
        part.slots = tuple(slot[index] for slot in self.slots)
        return part


def cells_of(groups: Sequence[Group], clocks: Mapping[int, tuple[int, float]]) -> list[Cell]:
    """A cell for every array, and one for all single numbers that have had the same steps.

    `clocks` holds steps and product of the parameters that have had any.
    """
    cells, place = [], 0
    for group in groups:
        singles: dict[tuple[int, float], list[int]] = {}
        first = place
        for p in group.members:
            clock = clocks.get(place, (0, 1.0))
            if isinstance(p, np.ndarray):
                cells.append(Cell(group, (place,), (), p, *clock))
            elif p.shape:
                cells.append(Cell(group, (place,), (p,), None, *clock))
            else:
                singles.setdefault(clock, []).append(place)
            place += 1
        for clock, at in singles.items():
            values: list[Any] = [group.members[i - first] for i in at]
            cells.append(Cell(group, tuple(at), tuple(values), np.empty(len(at)), *clock))
    return cells


def owners(params: Sequence[Parameter]) -> set[int] | None:
    """The arrays that the numbers of plain parameters lie in, by `id`; `None` if others hold them.

    An array that owns its memory and is none of these shares none with the parameters.
    """
    found: set[int] = set()
    for p in params:
        holder: Any = p
        while isinstance(holder, np.ndarray):
            found.add(id(holder))
            holder = holder.base
        if holder is not None:
            return None
    return found


def fill(cell: Cell, names: Sequence[str], initial: Callable[[str], float]) -> None:
    """Give a cell its slots, at their initial numbers."""
    like = cell.array()
    cell.slots = tuple(np.full_like(like, initial(name)) for name in names)


def lend(cells: Sequence[Cell], count: int) -> None:
    """Give all cells the same scratch arrays to work in, as large as the largest needs."""
    arrays = [cell.array() for cell in cells]
    most: dict[np.dtype[Any], int] = {}
    for a in arrays:
        most[a.dtype] = max(a.size, most.get(a.dtype, 0))
    pools = {kind: [np.empty(size, kind) for _other in range(count)] for kind, size in most.items()}
    for cell, a in zip(cells, arrays, strict=True):
        cell.scratch = tuple([pool[: a.size].reshape(a.shape) for pool in pools[a.dtype]])
