"""`over`, `into`, `finish`: moves by blocks of the program: a module, a group, a line.

Invariant: a move by a block ends at a visible place, never before a break that lies inside; forward
and backward go over the same blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from backviz.errors import InputError
from backviz.stepping import moves
from backviz.stepping.answers import Answer, Note
from backviz.stepping.look import Look
from backviz.stepping.moves import Moved
from backviz.stepping.state import State
from backviz.telling.parts import Path, common, title

NAMED = 6  # leaves that a crossing names


@dataclass(frozen=True, eq=False, repr=False)
class Crossed(Answer):
    """A move by a block: `how` is over, into or finish; `block` is "" where none begins.

    `nodes` were gone through, from `first` to `last`; `leaves` are given a part of their gradient
    on the way. `moved` is where it led.
    """

    how: str
    block: str
    nodes: int
    first: str
    last: str
    leaves: tuple[str, ...]
    moved: Moved

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return [*self._head(look), *self.moved.lines(look)]

    def _head(self, look: Look) -> list[str]:
        if self.how == "into":
            said = look.say("into {block}", block=self.block)
            return look.lines(said if self.block else look.say("no block begins here"), 2)
        if not self.block:
            return []
        ends = self.first if self.nodes == 1 else f"{self.first} … {self.last}"
        said = look.count("over {block}: {n} node, {nodes}", "over {block}: {n} nodes, {nodes}",
                          self.nodes, block=self.block, nodes=ends)  # fmt: skip
        if self.leaves:
            named = ", ".join(self.leaves[:NAMED]) + (", …" if len(self.leaves) > NAMED else "")
            said = look.say("{said}; gradients to {leaves}", said=said, leaves=named)
        return look.lines(said, 2)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The nodes of a phase in their order, and how many of them are done; `rank` counts steps."""

    nodes: Sequence[int]
    done: int
    rank: int


def over(state: State) -> tuple[State, Answer]:
    """`over`: the whole of the next block: a module, a group, or a line of the program.

    Inside a block it goes by what that is made of.

    >>> from backviz import Value
    >>> from backviz.autodiff.recording import group
    >>> from backviz.stepping.state import start
    >>> x = Value(2.0, "x")
    >>> with group("cube"):
    ...     y = x * x * x
    >>> state, answer = over(start(y + x))
    >>> answer.block, answer.nodes, answer.moved.step.value
    ('cube', 2, 8.0)
    """
    if not state.record.parts.any:
        return state, Note("no blocks")
    ahead = _ahead(state)
    if ahead is None or ahead.done >= len(ahead.nodes):
        return moves.next_steps(state)
    path = state.record.parts.path
    here = path(ahead.nodes[ahead.done - 1]) if ahead.done else ()
    next_one = path(ahead.nodes[ahead.done])
    shared = common(here, next_one)
    if shared == len(next_one):
        return _crossed(state, "over", "", 1, ahead)
    block = next_one[: shared + 1]
    many = _run(ahead, lambda node: path(node)[: shared + 1] == block)
    line = bool(state.record.parts.lines[ahead.nodes[ahead.done]]) and block == next_one
    said = title(block, lines=True) if line else title(block)
    return _crossed(state, "over", "" if line and many == 1 else said, many, ahead)


def into(state: State) -> tuple[State, Answer]:
    """`into`: the first node of the next block; where none begins, the next node."""
    if not state.record.parts.any:
        return state, Note("no blocks")
    ahead = _ahead(state)
    if ahead is None or ahead.done >= len(ahead.nodes):
        return moves.next_steps(state)
    scopes = state.record.parts.scopes
    here = scopes[ahead.nodes[ahead.done - 1]] if ahead.done else ()
    next_one = scopes[ahead.nodes[ahead.done]]
    entered = len(next_one) > common(here, next_one)
    return _crossed(state, "into", title(next_one) if entered else "", 1, ahead)


def finish(state: State) -> tuple[State, Answer]:
    """`finish`: to the end of the block at work; at its end, to that of the loop or block around.

    `InputError` where the node at work is in no block.
    """
    if not state.record.parts.any:
        return state, Note("no blocks")
    ahead = _ahead(state)
    parts, node = state.record.parts, state.node
    block: Path = parts.scopes[node] if node is not None else ()
    if not block or (ahead is not None and not ahead.done):
        begun = node is not None and (ahead is None or ahead.done)
        name = state.record.names[node] if begun and node is not None else ""
        raise InputError(state.look.say("{name} is in no block; into goes into the next one",
                                        name=name or state.look.say("the start")))  # fmt: skip
    around = [block[:depth] for depth in range(len(block), 0, -1)]
    for inner in around:
        if ahead is None:
            break
        for said, same in ((inner, _is_inside), (_round(inner), _is_round)):  # then its loop
            if many := _run(ahead, partial(same, parts.scopes, inner)):
                return _crossed(state, "finish", title(said), many, ahead)
    raise InputError(state.look.say("the block ends here; next goes on"))


def _is_inside(scopes: Sequence[Path], block: Path, node: int) -> bool:
    return scopes[node][: len(block)] == block


def _is_round(scopes: Sequence[Path], block: Path, node: int) -> bool:
    """Whether a node is in the same block, or in another round of its loop."""
    path = scopes[node][: len(block)]
    return path[:-1] == block[:-1] and _round(path) == _round(block)


def _round(block: Path) -> Path:
    """A block without the number of its call."""
    return (*block[:-1], block[-1].partition("#")[0]) if block else ()


def _run(ahead: _Ahead, inside: Callable[[int], bool]) -> int:
    """How many of the nodes that follow are inside."""
    rest = (ahead.nodes[k] for k in range(ahead.done, len(ahead.nodes)))
    return sum(1 for _node in takewhile(inside, rest))


def _ahead(state: State) -> _Ahead | None:
    """What lies ahead in this phase; `None` before the seed of a pass."""
    record, line = state.record, state.timeline
    rank = line.rank(state.at)
    if rank <= line.ops:
        return _Ahead(record.ops, rank, rank) if rank < line.ops or not rank else None
    done = (rank - line.ops - 1) % (1 + len(record.heads))
    return _Ahead(record.heads, done, rank)


def _crossed(state: State, how: str, block: str, many: int, ahead: _Ahead) -> tuple[State, Answer]:
    """Go on by so many nodes, or to a break among them."""
    record, line = state.record, state.timeline
    goal = min(line.at(ahead.rank + many), moves.limit(state))
    at, begin, stopped = state.at, state.at, ""
    while at < goal and not stopped:
        begin, at = at, goal if not state.breaks else moves.following(state, at)
        event = moves.event_of(state, begin, at) if state.breaks else None
        stopped = next((b.text for b in state.breaks if event and b.stops(event)), "")
    new = state.but(at=at)
    step = new.teller.told(at, moves.preceding(new, at))
    moved = Moved(step, stopped=stopped, watched=moves.changes(state, new))
    done = line.rank(at) - ahead.rank
    nodes = [ahead.nodes[k] for k in (ahead.done, ahead.done + max(done, 1) - 1)]
    return new, Crossed(how, block, max(done, 1), record.names[nodes[0]], record.names[nodes[1]],
                        _leaves(state, new), moved)  # fmt: skip


def _leaves(old: State, new: State) -> tuple[str, ...]:
    """The leaves that received something on the way, in order."""
    record, line = new.record, new.timeline
    if new.at <= line.seed:
        return ()
    first = line.place(old.at).done if old.at > line.seed else 0
    targets = record.targets[first : line.place(new.at).done]
    leaves = dict.fromkeys(t for t in targets if record.values[t].op is None)
    return tuple(record.names[t] for t in leaves)
