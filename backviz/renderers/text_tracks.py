"""Where the wires between two ranks of boxes turn: each net in a track of its own.

Invariant: in a channel the wire into a box never meets another wire's way out of one, and
the turning stretches of two nets in one track are apart.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Net:
    """The wires of one source in one channel: from place `source` to the places `targets`."""

    source: int
    targets: tuple[int, ...]

    @property
    def straight(self) -> bool:
        """Whether the net needs no track."""
        return all(target == self.source for target in self.targets)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last place that the turning stretch covers."""
        return min(self.source, *self.targets), max(self.source, *self.targets)


def tracks(nets: list[Net]) -> list[int] | None:
    """The track of each net, 0 the nearest to the sources; -1 for a straight one.

    Two nets that each leave where the other arrives cannot both pass: then `None`.

    >>> tracks([Net(0, (2,)), Net(2, (4,)), Net(5, (5,))])
    [1, 0, -1]
    >>> tracks([Net(0, (2,)), Net(2, (0,))]) is None
    True
    """
    turning = [i for i, net in enumerate(nets) if not net.straight]
    # where one net leaves, another arrives: the first must turn before the second
    before = {
        i: [j for j in turning if j != i and nets[j].source in nets[i].targets] for i in turning
    }
    track = dict.fromkeys(range(len(nets)), -1)
    waiting = sorted(turning, key=lambda i: _turn(nets[i]))
    while waiting:
        ready = [i for i in waiting if not set(before[i]) & set(waiting)]
        if not ready:
            return None
        chosen = ready[0]
        least = 1 + max((track[j] for j in before[chosen]), default=-1)
        track[chosen] = _free(nets, track, chosen, least)
        waiting.remove(chosen)
    return [track[i] for i in range(len(nets))]


def _turn(net: Net) -> tuple[bool, int]:
    """Nets that go down turn from the lowest on, then those that go up from the highest."""
    first, last = net.span
    down = last - net.source >= net.source - first
    return not down, -net.source if down else net.source


def _free(nets: list[Net], track: dict[int, int], chosen: int, least: int) -> int:
    """The nearest track in which nothing is in the way."""
    low, high = nets[chosen].span
    taken = {
        track[j]
        for j, net in enumerate(nets)
        if track[j] >= 0 and net.span[0] <= high and net.span[1] >= low
    }
    return next(t for t in range(least, least + len(nets) + 1) if t not in taken)
