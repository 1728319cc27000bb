"""Sample calls of the ops: what the gradient checks and the comparison with torch walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Sample:
    """One call: for each operand a shape, to be drawn from the op's interval, or the data.

    `torch` is the same call in torch, `(torch, *tensors) -> tensor`; left out, it is the
    function that the op's row names, with torch's names of the options. `call` is the call in
    backviz, if it is more than `op(*operands, **params)`.
    """

    given: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    torch: Callable[..., Any] | None = None
    call: Callable[..., Any] | None = None


def all_samples() -> dict[str, list[Sample]]:
    """The samples of every op that needs more than its operands, by the op's name.

    First those that follow from its row, then those that stand here by hand.
    """
    from backviz.ops import OPS
    from samples import (
        assembling,
        composite,
        derived,
        elementwise,
        linalg,
        losses,
        reductions,
        shapes,
    )

    merged = {op.name: found for op in OPS.values() if (found := derived.of_row(op))}
    by_hand: set[str] = set()
    for family in (elementwise, reductions, shapes, assembling, linalg, composite, losses):
        for name, samples in family.SAMPLES.items():
            assert name not in by_hand, name
            by_hand.add(name)
            merged[name] = [*merged.get(name, []), *samples]
    return merged
