"""How much work something is: calls of Python functions, which no busy machine changes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Counted:
    """How many calls of Python functions a block made."""

    calls = 0


@contextmanager
def counted() -> Iterator[Counted]:
    """Counts the calls of the block."""
    made = Counted()

    def count(_frame, event, _argument):
        made.calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield made
    finally:
        sys.setprofile(before)


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Fails if the block calls more Python functions."""
    with counted() as made:
        yield
    assert made.calls <= calls, f"{made.calls:,} calls"
