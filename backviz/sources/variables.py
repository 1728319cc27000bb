"""The names that a program's own variables give to what they hold: values, and plain arrays.

Invariant: only what has no label is named, the first variable that held it gives the name,
and a name that could as well be another's is not given.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from types import CodeType, FrameType
from typing import Any

import numpy as np

from backviz.autodiff.containers import is_numbers, mapped
from backviz.autodiff.recording import noting_arrays
from backviz.autodiff.tape import values_under
from backviz.autodiff.value import Value
from backviz.errors import InputError

_KEPT = ("In", "Out")  # where a notebook keeps every cell: no names of the user's
_RAISED = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")
MOST = 1000  # entries of a list or a dict, or steps of a loop, that are looked at for names
Held = tuple[Any, np.ndarray]  # what a variable holds, and the same as an array
LARGEST = 1_000_000  # entries of an array that is compared with another


class Variables:
    """What a program's variables have held while it ran.

    `last` are the variables as they were at the end, the nearest first; `bound` is all that a
    name has held that was bound more than once; `result` is what was returned. `taken` are the
    plain arrays that became constants, by serial number.
    """

    def __init__(self) -> None:
        self.last: list[Mapping[str, Any]] = []
        self.bound: dict[str, list[Any]] = {}
        self.since: dict[str, list[int]] = {}  # the constant that was the last when it was bound
        self.result: Any = None
        self.taken: dict[int, Any] = {}

    def follow(self, names: frozenset[str], variables: Mapping[str, Any]) -> None:
        """Look at variables that are bound more than once, after each line."""
        for name in names:
            held = variables.get(name)
            if isinstance(held, Value | np.ndarray):
                before = self.bound.setdefault(name, [])
                if (not before or before[-1] is not held) and len(before) < MOST:
                    before.append(held)
                    self.since.setdefault(name, []).append(next(reversed(self.taken), -1))

    def name_values(self) -> None:
        """Name all recorded values; each binding of a name in a loop keeps it with its number."""
        for name, held in self.bound.items():
            for label, value in self._steps(name, held):
                _give(value, label)
        for variables in self.last[:1]:
            name_values(variables)

    def _steps(self, name: str, held: list[Any]) -> list[tuple[str, Value]]:
        """The values of a name that were computed one from another, as `h⁽¹⁾`, `h⁽²⁾` …

        A running sum is one value in the making; its parts get no names.
        """
        values = [v for v in held if isinstance(v, Value) and v.op is not None and not v.label]
        unlike = [v for k, v in enumerate(values) if not (k and _adds_to(v, values[k - 1]))]
        if len(unlike) < 2 or len(unlike) < len(values):
            return []
        steps = [(step_name(name, k), v) for k, v in enumerate(values, 1)]
        given = isinstance(held[0], Value) and held[0].label == name  # has the name already
        return steps[:-1] if values[-1] is self.result and not given else steps

    def name_constants(self, output: Value, given: Mapping[str, Any] | None = None) -> None:
        """Name the constants of a record that hold what a plain array or list of them held.

        An array that a variable holds is its own; one that only has the same numbers is called so
        if no other variable has them. The same array in several places is one constant.
        """
        constants = [
            v
            for v in values_under(output)
            if v.is_leaf and not (v.requires_grad or v.label) and v.shape and 1 < v.size <= LARGEST
        ]
        if not constants:
            return
        tiers = self._tiers(given or {})
        own: dict[int, list[str]] = {}
        for name, held in ((n, held) for tier in tiers for n, (held, _) in tier.items()):
            own.setdefault(id(held), []).append(name)
        since = {
            step_name(name, k): last
            for name, held in self.bound.items()
            for k, last in enumerate(self.since[name], first_step(held))
        }
        known = {
            v.serial: _latest(own.get(id(self.taken.get(v.serial)), []), since, v.serial)
            for v in constants
        }
        used = {*known.values()}
        left = [{n: array for n, (_, array) in tier.items() if n not in used} for tier in tiers]
        for value in constants:
            value.label = known[value.serial] or _only_equal(value, left, left[1])
        _merge([v for v in constants if v.label], output)

    def _tiers(self, given: Mapping[str, Any]) -> list[dict[str, Held]]:
        """What variables held, the nearest first: arguments, steps of loops, the rest."""
        tiers = [_arrays(given), *(_arrays(variables) for variables in self.last)]
        for name in {n for n, held in self.bound.items() if len(held) > 1}:
            for tier in tiers[1:]:
                tier.pop(name, None)
        steps = {
            step_name(name, k): (array, array)
            for name, held in self.bound.items()
            for k, array in enumerate(held, first_step(held))
            if isinstance(array, np.ndarray)
        }
        return [tiers[0], steps, *tiers[1:]]


def _latest(names: list[str], since: Mapping[str, int], serial: int) -> str:
    """The name that an array had when it was taken: that of a loop's step, or the nearest."""
    steps = [name for name in names if since.get(name, serial) < serial]
    return steps[-1] if steps else names[0] if names else ""


def _only_equal(
    value: Value, tiers: list[dict[str, np.ndarray]], steps: dict[str, np.ndarray]
) -> str:
    """The one name of the nearest tier in which arrays have the same numbers; "" for several."""
    for tier in tiers:
        same = [name for name, array in tier.items() if np.array_equal(array, value.data)]
        if same and tier is steps:  # equal arrays are met in the order in which they are bound
            del steps[same[0]]
        if same:
            return same[0] if len(same) == 1 or tier is steps else ""
    return ""


def _merge(constants: list[Value], output: Value) -> None:
    """Let constants of one name and the same numbers be one."""
    first: dict[str, Value] = {}
    instead = {
        v.serial: first[v.label]
        for v in constants
        if first.setdefault(v.label, v) is not v and np.array_equal(first[v.label].data, v.data)
    }
    for value in values_under(output) if instead else ():
        if type(value.first) is tuple:
            value.first = tuple(instead.get(v.serial, v) for v in value.first)
        elif value.first is not None:
            value.first = instead.get(value.first.serial, value.first)
            if isinstance(value.second, Value):
                value.second = instead.get(value.second.serial, value.second)


def step_name(name: str, k: int) -> str:
    """The name of a variable in step k of a loop.

    >>> step_name("h", 12)
    'h⁽¹²⁾'
    """
    return name + f"({k})".translate(_RAISED)


def first_step(held: Sequence[Any]) -> int:
    """0 where a plain array is the start of what is computed from step to step, else 1."""
    return 0 if isinstance(held[0], np.ndarray) and isinstance(held[-1], Value) else 1


def _adds_to(value: Value, before: Value) -> bool:
    op = value.op
    return op is not None and op.name == "add" and any(v is before for v in value.inputs)


def _arrays(variables: Mapping[str, Any]) -> dict[str, Held]:
    """Arrays and lists of numbers that variables hold, also those in lists and dictionaries."""
    found: dict[str, Held] = {}

    def take(label: str, held: Any) -> Any:
        array = _plain_array(held)
        if array is not None and 1 < array.size <= LARGEST:
            found.setdefault(label, (held, array))
        return held

    for label, held in variables.items():
        if not label.startswith("_") and label not in _KEPT:
            if is_numbers(held) or isinstance(held, np.ndarray):
                take(label, held)
            elif isinstance(held, list | tuple | dict):
                descend(_beginning(held), take, label)
    return found


def _plain_array(given: Any) -> np.ndarray | None:
    """An array of numbers that is passed on as it is, to know it again in the record."""
    if not isinstance(given, np.ndarray) and not is_numbers(given):
        return None
    try:
        array = np.array(given)
    except ValueError:  # rows of unequal length
        return None
    return array if array.dtype.kind in "biuf" else None


@contextmanager
def names_of_variables(f: Any) -> Iterator[Variables]:
    """Name the values that a function's variables hold when it returns.

    A profiler finds the function's frame and is off again at once, because it would slow
    down every call inside; a frame that somebody holds keeps its variables. Only where a name
    is bound more than once are the lines of the function followed.
    """
    code = getattr(inspect.unwrap(f) if callable(f) else f, "__code__", None)
    found = Variables()
    before = sys.getprofile()
    if not isinstance(code, CodeType) or before is not None:  # somebody else's profiler runs
        yield found
        return

    entered: list[FrameType] = []
    followed = frozenset() if sys.gettrace() else _bound_again(code)

    def line(frame: FrameType, event: str, given: Any) -> Any:
        found.follow(followed, frame.f_locals)
        if event == "return":
            found.result = given
        return line

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is code:
            entered.append(frame)
            sys.setprofile(None)
            if followed:
                frame.f_trace = line
                sys.settrace(_look_at_no_other)

    sys.setprofile(watch)
    try:
        with noting_arrays() as found.taken:
            yield found
        if entered:
            frame = entered.pop()
            used = [n for n in code.co_names if n in frame.f_globals]
            found.last = [dict(frame.f_locals), {n: frame.f_globals[n] for n in used}]
            found.name_values()
    finally:
        sys.setprofile(None)
        if followed:
            sys.settrace(None)


def _look_at_no_other(frame: FrameType, event: str, given: Any) -> None:
    return None


def _bound_again(code: CodeType) -> frozenset[str]:
    """The local names that a function binds at several places, or in a loop."""
    stores = [i for i in dis.get_instructions(code) if i.opname.startswith("STORE_FAST")]
    back = [
        (i.argval, i.offset) for i in dis.get_instructions(code)
        if "JUMP_BACKWARD" in i.opname or (i.opcode in dis.hasjabs and i.argval < i.offset)
    ]  # fmt: skip
    names = [(n, i.offset) for i in stores for n in _names_of(i.argval)]
    once = {*code.co_varnames[: code.co_argcount]}
    again = set()
    for name, offset in names:
        if name in once or any(start <= offset <= end for start, end in back):
            again.add(name)
        once.add(name)
    return frozenset(again)


def _names_of(stored: Any) -> tuple[str, ...]:
    return stored if isinstance(stored, tuple) else (stored,)


def name_values(variables: Mapping[str, Any]) -> None:
    """Name the values that variables hold, also those in lists and dictionaries."""
    for label, value in values_held(variables):
        _give(value, label)


def values_held(variables: Mapping[str, Any]) -> list[tuple[str, Value]]:
    """The values that variables hold, also those in lists and dictionaries, with their names."""
    found: list[tuple[str, Value]] = []

    def take(label: str, leaf: Any) -> Any:
        if isinstance(leaf, Value):
            found.append((label, leaf))
        return leaf

    for label, held in [*variables.items()]:
        if label.startswith("_") or (label in _KEPT and not isinstance(held, Value)):
            continue
        if isinstance(held, Value):
            take(label, held)
        else:
            descend(_beginning(held), take, label)
    return found


def descend(given: Any, leaf: Callable[[str, Any], Any], name: str) -> Any:
    """What `leaf(name, held)` makes of all that a container holds, in the same container."""
    try:
        return mapped(given, leaf, name)
    except InputError:  # a container that holds itself is none of parameters
        return given


def _beginning(held: Any) -> Any:
    if not isinstance(held, list | tuple | dict) or len(held) <= MOST:
        return held
    return dict(islice(held.items(), MOST)) if isinstance(held, dict) else held[:MOST]


def _give(value: Value, label: str) -> None:
    if not value.label:
        value.label = label


def give_leaf(label: str, leaf: Any) -> Any:
    """Give a value the name of the place where it stands, if it has none."""
    if isinstance(leaf, Value):
        _give(leaf, label)
    return leaf
