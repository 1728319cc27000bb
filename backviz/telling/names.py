"""What every value of a record is called: the one scheme of names.

Invariant: a name is borne by one value only, and is the same whatever is folded or drawn.
"""

from __future__ import annotations

from backviz.autodiff.backward import tape
from backviz.autodiff.value import Value
from backviz.text import told_apart


def names(output: Value) -> dict[int, str]:
    """A name for every value by serial number: its label, or `n` and its node id.

    A label that several values bear is followed by the node id.

    >>> a = Value(2.0, "a")
    >>> list(names(a * Value(3.0, "a")).values())
    ['a (n0)', 'a (n1)', 'n2']
    """
    values = tape(output)
    called = told_apart({i: value.label for i, value in enumerate(values)})
    return {value.serial: called[i] for i, value in enumerate(values)}
