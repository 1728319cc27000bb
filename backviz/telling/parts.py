"""Which block of the program each node was computed in: modules, groups, and the line.

Invariant: a path goes from outside to inside; two calls of one module, or two rounds of a loop, are
two blocks, numbered from 1 in each record.
"""

from __future__ import annotations

from collections.abc import Sequence

from backviz.autodiff.value import Value
from backviz.graphs.recorded import numbered
from backviz.graphs.scopes import title_of

Path = tuple[str, ...]


class Parts:
    """The blocks of the computed nodes: `scopes` from outside to inside, `lines` where noted.

    >>> from backviz.autodiff.recording import group
    >>> from backviz.autodiff.tape import tape
    >>> x = Value(2.0, "x")
    >>> with group("square"):
    ...     y = x * x
    >>> Parts(tape(y * x)).scopes
    [(), ('[square]',), ()]
    """

    def __init__(self, values: Sequence[Value]) -> None:
        known = numbered(value.origin.scope if value.op is not None else "" for value in values)
        self.scopes: list[Path] = [tuple(scope.split("/")) if scope else () for scope in known]
        self.lines = [value.origin.where if value.op is not None else "" for value in values]
        self.any = any(self.scopes) or any(self.lines)

    def path(self, node: int) -> Path:
        """The blocks around a node, the line as the innermost."""
        line = self.lines[node]
        return (*self.scopes[node], line) if line else self.scopes[node]


def title(path: Path, lines: bool = False) -> str:
    """What a block is called: a module or group by its name, a round of a loop with its number.

    >>> title(("net", "[step]#2")), title(("net", "0")), title(("net", "train.py:7"), lines=True)
    ('step 2', 'net.0', 'train.py:7')
    """
    if lines:
        return path[-1]
    _name, sign, number = path[-1].partition("#")
    return f"{title_of('/'.join(path))} {number}" if sign else title_of("/".join(path))


def common(one: Path, other: Path) -> int:
    """How many blocks from outside two nodes share."""
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared
