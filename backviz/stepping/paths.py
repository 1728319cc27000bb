"""The ways on which a gradient comes from the result back to a node.

Invariant: a path's contribution is made by the ops' own rules, one input at a time; since
rules are linear in what arrives, the contributions of all paths add up to the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from backviz.autodiff.data import quietly
from backviz.telling.run import Run

COUNTED = 10_000  # paths; beyond that there are "more than" so many


@dataclass(frozen=True, slots=True)
class Path:
    """One way back: contribution numbers from the result down to the node, and what comes of it.

    `nodes` has one more entry than `uses`; `local` and `parts` belong to `uses`: the local
    derivative (None for an op on whole arrays) and what has been handed on so far.
    """

    nodes: tuple[int, ...]
    uses: tuple[int, ...]
    local: tuple[Any, ...]
    parts: tuple[Any, ...]


def count_paths(run: Run, node: int) -> dict[int, int]:
    """How many ways lead from each node down to this one, at most `COUNTED` + 1.

    >>> from backviz import Value
    >>> from backviz.telling.record import Record
    >>> a = Value(3.0, "a")
    >>> count_paths(Run(Record(a * a + a)), 0)
    {0: 1, 1: 2, 2: 3}
    """
    record = run.record
    ways = {node: 1}
    if not record.reached[node]:
        return {}
    for j in range(len(record.heads) - 1, -1, -1):
        head = record.heads[j]
        if head <= node:
            continue
        found = sum(ways.get(t, 0) for t in record.targets[record.starts[j] : record.ends[j]])
        if found:
            ways[head] = min(found, COUNTED + 1)
    return ways


def paths_to(run: Run, node: int, ways: dict[int, int]) -> Iterator[Path]:
    """Every way back to a node; at each op the first input's ways come first."""
    return (_measured(run, link) for link in _links(run, node, ways))


def nth_path(run: Run, node: int, ways: dict[int, int], number: int) -> Path:
    """One of the ways, counted from 1."""
    return _measured(run, next(islice(_links(run, node, ways), number - 1, None)))


def _links(run: Run, node: int, ways: dict[int, int]) -> Iterator[Any]:
    """The ways as chains of links (use, link before): long ways share their beginnings."""
    record = run.record
    step_of = {head: j for j, head in enumerate(record.heads)}
    stack: list[tuple[int, Any]] = [(record.last, None)] if record.last in ways else []
    while stack:
        here, link = stack.pop()
        if here == node:
            yield link
            continue
        j = step_of[here]
        uses = range(record.ends[j] - 1, record.starts[j] - 1, -1)
        stack += [(record.targets[u], (u, link)) for u in uses if record.targets[u] in ways]


def _measured(run: Run, link: Any) -> Path:
    """Pull the seed back along one way."""
    record = run.record
    uses: list[int] = []
    while link is not None:
        use, link = link
        uses.append(use)
    uses.reverse()
    nodes = [record.last]
    arriving = run.gradient(record.last, 0)
    local, parts = [], []
    for use in uses:
        value = run.values[nodes[-1]]
        assert value.op is not None
        pulled = quietly(value.op.pull, value, arriving, False)
        slope, arriving = next((d, p) for pos, d, p in pulled if pos == record.positions[use])
        nodes.append(record.targets[use])
        local.append(slope)
        parts.append(arriving)
    return Path(tuple(nodes), tuple(uses), tuple(local), tuple(parts))
