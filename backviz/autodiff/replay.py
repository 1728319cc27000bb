"""A recorded computation as a function of its leaves: run the record again on other data.

Invariant: what is recomputed comes from the ops' own forward rules. A `Replay` gives the numbers
that the program would give, or says in a sentence why it cannot: it never takes a branch silently
that the program would not take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from backviz.autodiff.backward import backward_steps, seed_for, tape
from backviz.autodiff.decisions import Asked, departures, questions
from backviz.autodiff.recording import recorded
from backviz.autodiff.returned import told
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _


def leaves_of(output: Value) -> list[Value]:
    """The leaves that want a gradient, in order of recording.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> [v.label for v in leaves_of(b * a * 2)]
    ['a', 'b']
    """
    return leaves_among(tape(output))


def leaves_among(values: Iterable[Value]) -> list[Value]:
    """The same of a record that is listed already."""
    return [v for v in values if v.is_leaf and v.requires_grad]


def forward(values: Sequence[Value], made: dict[int, Value]) -> dict[int, Value]:
    """Compute a record again with values put in place of some of its own, by serial number.

    What does not depend on them is not computed again and not among the answer.
    """
    for value in values:
        if value.op is None or value.serial in made:
            continue
        inputs = value.inputs
        if any(v.serial in made for v in inputs):
            given = tuple([made.get(v.serial, v) for v in inputs])
            made[value.serial] = value.interpret(value.op, given, value.params)
    return made


def as_function(output: Value, leaves: Sequence[Value]) -> Callable[..., Value]:
    """The function of `leaves` that was recorded; it takes and returns values.

    What does not depend on the leaves is not computed again. Branches that the program
    took when it was recorded are taken again. Raises `InputError` if a leaf is not in
    the record.

    >>> a = Value(2.0)
    >>> f = as_function(a * a + 1, [a])
    >>> f(Value(5.0)).data
    26.0
    """
    values = tape(output)
    present = {v.serial for v in values}
    for leaf in leaves:
        if leaf.serial not in present:
            raise InputError(
                _("the value {label!r} is not in this record", label=leaf.label or leaf)
            )

    def run(*given: Value) -> Value:
        if len(given) != len(leaves):
            raise InputError(
                _("the function takes {n} values, not {n2}", n=len(leaves), n2=len(given))
            )
        made = {leaf.serial: x for leaf, x in zip(leaves, given, strict=True)}
        return forward(values, made).get(output.serial, output)

    return run


def judge(
    values: Sequence[Value], made: Mapping[int, Value], asked: Sequence[Asked] | None = None
) -> None:
    """Refuse numbers with which the program would not have made this record.

    `made` are the values that were put in and what came of them, by serial number, `asked` the
    `questions` of the record, where they are at hand.
    """
    asked = questions(values) if asked is None else asked
    returned = told(values)
    if not (asked or returned):
        return
    new = {
        v.serial: made[v.serial].raw
        for v in values
        if v.serial in made and (v.op is not None or not same(v.raw, made[v.serial].raw))
    }
    put = [v for v in values if v.op is None and v.serial in made]
    if put and all(v.serial not in new for v in put):
        return  # the numbers that were recorded
    for said in returned:
        raise InputError(said)
    for said in departures(values, new, asked):
        raise InputError(_("{said}; compute the result again with these numbers", said=said))


class Replay:
    """A record that is run again on new data of its leaves, with every inner value.

    Leaves are named by their place on the tape, as nodes of graphs and of the stepper are; `last`
    is that of the output. The values of a run are new ones; the recorded ones are read only.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> replay = Replay(a * b + a)
    >>> run = replay({0: 5.0})
    >>> [v.data for v in run], replay.gradients(run)
    ([5.0, 3.0, 15.0, 20.0], {0: 4.0, 1: 5.0, 2: 1.0, 3: 1.0})
    >>> replay({0: 5})[0].data, a.data
    (5.0, 2.0)

    Where the program that made the record would have done something else, `InputError` says it.

    >>> L = a * 2 if a > 1 else a * 3
    >>> Replay(L)({0: 0.5})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: the condition at <doctest ...>:1 was true when this was recorded ...
    """

    def __init__(self, output: Value, values: Sequence[Value] | None = None) -> None:
        self.values = tuple(tape(output) if values is None else values)
        self.leaves = [i for i, v in enumerate(self.values) if v.op is None]
        self.asked = questions(self.values)
        self.last = next(i for i, v in enumerate(self.values) if v.serial == output.serial)

    def __call__(self, data: Mapping[int, Any]) -> tuple[Value, ...]:
        """Every value, in the order of the tape, with these data in the leaves.

        All of them are new values with the serial numbers and origins of the recorded ones, so
        that names and order stay. Raises `InputError` for data that do not fit a leaf.
        """
        given = {self.values[i].serial: self._leaf(i, data) for i in self.leaves}
        with recorded():
            made = forward(self.values, dict(given))
        judge(self.values, made, self.asked)
        run = tuple([made.get(v.serial, v) for v in self.values])
        for value, old in zip(run, self.values, strict=True):
            if value is not old:
                value.serial, value.origin = old.serial, old.origin
        return run

    def _leaf(self, i: int, data: Mapping[int, Any]) -> Value:
        old = self.values[i]
        new = Value(data.get(i, old.raw), requires_grad=old.requires_grad)
        if new.shape != old.shape:
            raise InputError(
                _(
                    "{name} has shape {shape}, but the value has {given}; give one of that shape",
                    name=old.label or f"n{i}",
                    shape=old.shape,
                    given=new.shape,
                )
            )
        return new

    def gradients(self, run: Sequence[Value]) -> dict[int, Any]:
        """The gradient of every value of a run that a backward pass reaches, by its place.

        An array's entries are summed, as pictures and the stepper do.
        """
        place = {v.serial: i for i, v in enumerate(run)}
        output = run[self.last]
        steps = backward_steps(output, seed_for(output), values=[*run])
        found = {place[step.node.serial]: step.upstream for step in steps}
        return dict(sorted(found.items()))


def same(a: Any, b: Any) -> bool:
    """Whether two leaves hold the same numbers."""
    if type(a) is float and type(b) is float:
        return a == b or (a != a and b != b)  # noqa: PLR0124  (NaN)
    return np.array_equal(a, b, equal_nan=True)
