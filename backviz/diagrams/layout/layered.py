"""Draws a directed acyclic multigraph in ranks: rank, order, place, then route.

Invariant: inside, `u` runs along the ranks and `v` across them, so that 'LR' and
'TB' differ only where a plan is read and where a layout is written. A long edge
owns one slot (a bend) in each rank that it passes, lies flat across that rank and
bends only in the gaps, where no box can be: so no routed edge meets a strange box.

Limit: the bends of all edges together are bounded (`_BENDS`). The longest edges
beyond that are drawn as one simple curve without slots and may cross boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backviz.diagrams.layout.layered_order import Floats, Ints, Lines, best_order
from backviz.diagrams.layout.plan import Layout, Plan, Point

_BENDS = 20_000  # bends that are always allowed; above, two per node and edge
_PORT_STEP = 10.0  # the ends of edges at one box are at most this far apart
_LABEL_PAD = 3.0  # free space round a label
_WORK = 400_000  # elements times placing sweeps
_FLAT = 0.01  # smaller differences in height are no bend

Pulls = list[list[tuple[int, float, float]]]


@dataclass(frozen=True, slots=True)
class _Graph:
    """The plan as arrays: sizes of boxes and labels along `u` and across `v`."""

    names: list[str]
    tail: Ints
    head: Ints
    size_u: Floats
    size_v: Floats
    ordered: NDBool
    label_u: Floats
    label_v: Floats
