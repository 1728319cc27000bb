"""A recorded computation as a function of its leaves: run the record again on other data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from backviz.autodiff.backward import tape
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
        for value in values:
            if value.serial in made:
                continue
            if value.op is None or not any(v.serial in made for v in value.inputs):
                continue
            inputs = tuple(made.get(v.serial, v) for v in value.inputs)
            made[value.serial] = value.interpret(value.op, inputs, value.params)
        return made.get(output.serial, output)

    return run
