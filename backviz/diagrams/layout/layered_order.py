"""Chooses the order of each line for few crossings: sweeps, then swaps of neighbours.

Invariant: an element is a box or a bend of a long edge, elements are numbered line
by line, every segment joins a line to the next one, and `pos` gives each element
of a line its own place 0, 1, 2 ... in that line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from backviz.diagrams.layout.layered_ranks import Floats, Ints

_Family = tuple[Ints, Ints, Ints]

_ROUNDS = 40  # more rounds than this no longer pay on graphs of a few hundred nodes
_PATIENCE = 10  # rounds without a gain before a start is given up
_SMALL = 1_800  # up to so many elements a graph gets all rounds
_WORK = 16_000  # elements times rounds of a larger one
_SHAKES = 8  # passes per round that also turn pairs which cross equally often
_SETTLE = 12  # passes per round that only take gains


@dataclass(frozen=True, slots=True)
class Lines:
    """A proper layered graph: elements `start[i]` up to `start[i + 1]` form line i.

    `wish` is the place that a segment asks for among the segments into its head, or
    -1 where the head does not care.
    """

    start: Ints
    line: Ints
    tail: Ints
    head: Ints
    wish: Ints

    @property
    def widest(self) -> int:
        """The number of elements in the fullest line."""
        return int(np.diff(self.start).max(initial=1))


@dataclass(frozen=True, slots=True)
class _Step:
    """One line's part in a sweep: its movable elements and who pulls them where."""

    movers: Ints
    owner: Ints
    pulled_to: Ints
    share: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class _Parity:
    """Every second line, as half segments `2 * element + side` and their far ends."""

    side: Ints
    far: Ints
    first: Ints
    slots: tuple[Ints, Ints]


def crossings(lines: Lines, pos: Ints) -> int:
    """Counts the pairs of segments that cross, by inversions of one long sequence."""
    wide = lines.widest
    key = (lines.line[lines.tail] * wide + pos[lines.tail]) * wide + pos[lines.head]
    key.sort()
    return inversions(key // (wide * wide) * wide + key % wide)


def inversions(values: Ints) -> int:
    """Counts pairs out of order: merge sort of all blocks at once, width by width."""
    if values.size < 2 or not np.any(values[1:] < values[:-1]):
        return 0
    size = 1 << int(values.size - 1).bit_length()
    row = np.full(size, values.max(), dtype=np.int64)
    row[: values.size] = values
    total, half = 0, 1
    while half < size:
        blocks = row.reshape(-1, 2 * half)
        origin = np.argsort(blocks, axis=1, kind="stable")
        # A right-half element moves left by the number of greater left elements.
        moved = origin - np.arange(2 * half)
        total += int(moved[origin >= half].sum())
        row = np.take_along_axis(blocks, origin, axis=1).reshape(-1)
        half *= 2
    return total


def best_order(lines: Lines, starts: list[Ints]) -> Ints:
    """Improves each start by sweeps and swaps; returns the places with fewest crossings."""
    down = _steps(lines, lines.head, lines.tail, np.zeros(lines.tail.size))
    up = _steps(lines, lines.tail, lines.head, 1e-6 * np.maximum(lines.wish, 0))
    parities = [_parity(lines, 0), _parity(lines, 1)]
    family = _families(lines)
    size = lines.line.size
    rounds = _ROUNDS if size <= _SMALL else max(2, min(_ROUNDS, _WORK // size))
    shakes, patience = _SHAKES * rounds // _ROUNDS, _PATIENCE * rounds // _ROUNDS
    dice = np.random.default_rng(0)  # the same throws every time
    best, fewest = starts[0], -1
    for start in starts if rounds > _PATIENCE else starts[:1]:
        pos, stale = start.copy(), 0
        for turn in range(rounds):
            _settle(pos, parities, family, lines.widest, shakes if turn else 0, dice)
            count = crossings(lines, pos)
            stale += 1
            if fewest < 0 or count < fewest:
                best, fewest, stale = pos.copy(), count, 0
            if fewest == 0:
                return best
            if stale > patience:
                break
            # Ties are turned round in every second pair of rounds to leave a plateau.
            _sweep(pos, (up[::-1], down)[turn % 2], turn % 4 > 1)
    return best


def _steps(lines: Lines, owner: Ints, other: Ints, bias: Floats) -> list[_Step]:
    """Prepares a sweep in which each segment's `owner` is pulled to its `other` end."""
    by_owner = np.argsort(owner, kind="stable")
    mine, far = owner[by_owner], other[by_owner]
    movers, rank, degree = np.unique(mine, return_inverse=True, return_counts=True)
    share = 1.0 / degree
    tilt = np.bincount(rank, bias[by_owner], minlength=movers.size) * share
    segments = np.searchsorted(mine, lines.start).tolist()
    elements = np.searchsorted(movers, lines.start).tolist()
    steps = []
    for first, last, a, b in zip(
        segments[:-1], segments[1:], elements[:-1], elements[1:], strict=True
    ):
        if b - a > 1:
            own = rank[first:last] - a
            steps.append(_Step(movers[a:b], own, far[first:last], share[a:b], tilt[a:b]))
    return steps


def _sweep(pos: Ints, steps: list[_Step], turn_ties: bool) -> None:
    """Sorts each line in turn by the mean place of its neighbours; others stay put."""
    for step in steps:
        here = pos[step.movers]
        mean = np.bincount(step.owner, pos[step.pulled_to]) * step.share + step.bias
        order = np.lexsort((-here if turn_ties else here, mean))
        here.sort()
        pos[step.movers[order]] = here


def _parity(lines: Lines, parity: int) -> _Parity:
    """Collects the half segments of the even or the odd lines, which do not touch."""
    side = np.concatenate((2 * lines.tail, 2 * lines.head + 1))
    far = np.concatenate((lines.head, lines.tail))
    keep = np.flatnonzero(lines.line[side // 2] % 2 == parity)
    keep = keep[np.argsort(side[keep], kind="stable")]
    first = np.searchsorted(side[keep], np.arange(2 * lines.line.size + 2))
    # Slots whose right neighbour is in the same line, as two sets of disjoint pairs.
    slot = np.arange(max(lines.line.size - 1, 0))
    paired = (lines.line[:-1] == lines.line[1:]) & (lines.line[:-1] % 2 == parity)
    slot = slot[paired]
    odd = (slot - lines.start[lines.line[slot]]) % 2 == 1
    return _Parity(side[keep], far[keep], first, (slot[~odd], slot[odd]))


def _families(lines: Lines) -> _Family:
    """Gives line offsets and, for elements with one ordered head, that head and place."""
    head, wish = np.full((2, lines.line.size), -1, dtype=np.int64)
    single = np.bincount(lines.tail, minlength=lines.line.size)[lines.tail] == 1
    single &= lines.wish >= 0
    head[lines.tail[single]] = lines.head[single]
    wish[lines.tail[single]] = lines.wish[single]
    return lines.start[lines.line], head, wish


def _settle(
    pos: Ints, parities: list[_Parity], family: _Family, wide: int, shakes: int, dice: Generator
) -> None:
    """Swaps neighbours while that pays; first shakes pairs that may stand either way."""
    for turn in range(shakes + _SETTLE):
        shaken = dice if turn < shakes else None
        swapped = 0
        for parity in parities:
            # lines between those that are swapped stay, and with them where segments lead
            key = np.sort(parity.side * wide + pos[parity.far])
            for slots in parity.slots:
                swapped += _swap(pos, key, parity, slots, family, wide, shaken)
        if not swapped and turn >= shakes:
            break


def _swap(
    pos: Ints, key: Ints, parity: _Parity, slots: Ints, family: _Family, wide: int,
    dice: Generator | None,
) -> int:  # fmt: skip
    """Swaps every one of the disjoint pairs that is better the other way round.

    `key` is where the half segments lead, sorted by side.
    """
    if not slots.size:
        return 0
    offset, head, wish = family
    at = np.empty(pos.size, dtype=np.int64)
    at[offset + pos] = np.arange(pos.size)
    left, right = at[slots], at[slots + 1]
    gain = np.zeros(slots.size)
    for side in (0, 1):
        begin, end = parity.first[2 * left + side], parity.first[2 * left + side + 1]
        count = end - begin
        pair = np.repeat(np.arange(slots.size), count)
        mine = np.arange(pair.size) + np.repeat(begin - np.cumsum(count) + count, count)
        # The right one's neighbours before and after each neighbour of the left one.
        other = 2 * right[pair] + side
        sought = other * wide + key[mine] % wide
        before = np.searchsorted(key, sought) - parity.first[other]
        after = parity.first[other + 1] - np.searchsorted(key, sought, "right")
        gain += np.bincount(pair, before - after, minlength=slots.size)
    either = (head[left] == head[right]) & (wish[left] > wish[right])
    if dice is not None:
        either = dice.random(slots.size) < 0.5
    swap = (gain > 0) | ((gain == 0) & either)
    pos[left[swap]] += 1
    pos[right[swap]] -= 1
    return int(swap.sum())
