"""The tape: everything that an output was computed from, in order of recording.

Invariant: what is listed is whole: nothing of it was freed, and every leaf holds the numbers
that were used. Who shows, steps, replays or keeps a record begins with this list.
"""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence

from backviz.autodiff.custody import refuse_changed, since_of
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import N_, _
from backviz.names import told_apart
from backviz.text import clean

Names = Mapping[int, str]  # of values by serial number
NO_NAMES: Names = {}
WAS_FREED = N_(
    "a part of this record was freed by an earlier backward pass; give that pass retain_graph=True"
)


def recorded(output: Value) -> Value:
    """The value itself; `InputError` for what is none."""
    if isinstance(output, Value):
        return output
    raise InputError(
        _(
            "{output} is no recorded value; compute one with backviz.Value or "
            "backviz.tensor, or read a source with backviz.load",
            output=reprlib.repr(output),
        )
    )


def tape(*outputs: Value) -> list[Value]:
    """Every value that the outputs were computed from, and they, in order of recording.

    >>> a = Value(3.0)
    >>> [v.data for v in tape(a * a + a)]
    [3.0, 9.0, 12.0]
    >>> tape("a*b")
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: 'a*b' is no recorded value; compute one with backviz.Value or \
backviz.tensor, or read a source with backviz.load
    """
    for output in outputs:
        recorded(output)
    found = values_under(*outputs)
    begun = next((v.serial for v in found if v.first is not None), 0)
    changed = False
    for leaf in [v for v in found if v.first is None]:
        if leaf.origin.freed:
            raise InputError(_(WAS_FREED))
        if leaf.second is not None and since_of(leaf) > begun:
            changed = True  # but perhaps before the ops that used it
    if changed:
        for node in found:
            refuse_changed(node)
    return found


def others(output: Value, beside: Sequence[Value]) -> list[Value]:
    """The results that the output was not computed from, each once."""
    inside = {v.serial for v in values_under(output)} if beside else set[int]()
    return [*{v.serial: v for v in beside if v.serial not in inside}.values()]


def values_under(*outputs: Value) -> list[Value]:
    """The same list, of a record that may have been freed in part or changed since."""
    seen = {output.serial: output for output in outputs}
    stack = [*outputs]
    while stack:
        node = stack.pop()
        first, second = node.first, node.second
        if first is None:
            continue
        for operand in node.inputs if second is None else (first, second):
            if operand.serial not in seen:
                seen[operand.serial] = operand
                stack.append(operand)
    return [seen[serial] for serial in sorted(seen)]


def names(values: Sequence[Value], called: Names = NO_NAMES) -> dict[int, str]:
    """What every value of a tape is called, by serial number: the one scheme of names.

    A value is called by its label, else as `called` says (by its variable), or `n` and its place
    on the tape. A label that several values bear is followed by the place, so a name is borne by
    one value only. Pictures, tables, descriptions, prompt, files and messages all say these names.

    >>> x, y = Value(2.0, "x"), Value(3.0, "x")
    >>> list(names(tape(x * y)).values())
    ['x (n0)', 'x (n1)', 'n2']
    """
    named = told_apart({i: _label(value, called) for i, value in enumerate(values)})
    return {value.serial: named[i] for i, value in enumerate(values)}


def shared_labels(values: Sequence[Value], called: Names = NO_NAMES) -> dict[int, str]:
    """The names of those values of a tape that their label does not say, by serial number.

    Their label is borne by others too, or they have none and `called` has a name.

    >>> x, y = Value(2.0, "x"), Value(3.0, "x")
    >>> list(shared_labels(tape(x * y * Value(1.0, "z"))).values())
    ['x (n0)', 'x (n1)']
    """
    labels = {i: label for i, v in enumerate(values) if (label := _label(v, called))}
    alone = told_apart(labels)
    many = Counter(clean(label).strip() for label in labels.values())
    return {
        values[i].serial: name
        for i, name in alone.items()
        if (many[clean(labels[i]).strip()] > 1 and labels[i].strip()) or not values[i].origin.label
    }


def _label(value: Value, called: Names) -> str:
    return value.origin.label or called.get(value.serial, "")
