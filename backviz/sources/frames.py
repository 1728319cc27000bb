"""What the variables of the program that called call the values of a record, for display.

Invariant: nothing is written into the record, and labels that values have come before variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from backviz.autodiff.recording import outside
from backviz.autodiff.tape import NO_NAMES, Names, values_under
from backviz.autodiff.value import Value
from backviz.sources.constants import constants_in
from backviz.sources.variables import values_held


def called_here(output: Value, beside: Sequence[Value] = ()) -> Names:
    """The names of a record's nameless values by serial number, in the nearest calling frame.

    >>> a = Value(3.0)
    >>> L = a * a
    >>> [*called_here(L).values()], a.label
    (['a', 'L'], '')
    """
    return called_in(output, outside(), beside)


def named_by(output: Value, names: bool | Names, beside: Sequence[Value] = ()) -> Names:
    """What a `names=` stands for: the caller's variables, none, or names by serial number.

    They name what `output` was computed from, and what results `beside` it were.
    """
    if isinstance(names, Mapping):
        return names
    return called_here(output, beside) if names else NO_NAMES


def called_in(output: Value, frame: FrameType, beside: Sequence[Value] = ()) -> Names:
    """The same in a frame: its local variables come before the global ones."""
    named = called_by(output, frame.f_locals, beside)
    if frame.f_globals is frame.f_locals:
        return named
    return {**called_by(output, frame.f_globals, beside), **named}


def called_by(output: Value, variables: Mapping[str, Any], beside: Sequence[Value] = ()) -> Names:
    """The names that variables give to the values of a record that have no label."""
    values = values_under(output, *beside)
    nameless = {v.serial for v in values if not v.label}
    named = constants_in(variables, values)
    for label, value in reversed(values_held(variables)):  # the first name stays
        if value.serial in nameless:
            named[value.serial] = label
    return dict(sorted(named.items()))
