"""Samples that follow from what a row says of itself: its options, its interval, torch's name.

A reduction is called over every kind of axes, and a loss of two operands with every reduction,
weighted and not. So a new row of these kinds is compared with differences and with torch without
an entry by hand; the other files have what a row alone does not say.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from backviz.autodiff.op import Op
from samples import Sample

AXES: tuple[dict[str, Any], ...] = (
    {},
    {"axis": 0},
    {"axis": (0, -1)},
    {"axis": -1, "keepdims": True},
    {"axis": (2, 0), "keepdims": True},
)
ONE_AXIS = {"argmax", "argmin"}  # torch takes one axis at a time
WANTS_AXIS = {"logsumexp"}  # torch has no default
# torch's functions say other things: one axis, n − 1, zeros wanted; their samples are by hand
APART = {"prod", "var", "std", "any", "all"}
PREDICTED = [[0.3, -1.2, 1.9], [1.1, 0.7, -0.4]]
WANTED = [[0.95, -0.9, -1.4], [3.4, 0.6, 2.9]]  # differences on both sides of 1 and of 0.5
WEIGHTS = [[0.5, 2.0, 1.0], [1.5, 0.25, 3.0]]
KINDS: tuple[dict[str, Any], ...] = ({}, {"reduction": "sum"}, {"reduction": "none"})


def of_row(op: Op) -> list[Sample]:
    """The samples of a row, none for most."""
    if not op.torch or op.name in APART:
        return []
    if op.arity == 1 and {"axis", "keepdims"} <= {*op.params}:
        return [Sample(((2, 3, 2),), each) for each in AXES if _known(op.name, each)]
    if op.arity == 2 and "reduction" in op.params:
        weights: list[dict[str, Any]] = [{}, {"weight": WEIGHTS}] if "weight" in op.params else [{}]
        whole = op.interval[0] < 0  # else probabilities
        operands: tuple[Any, Any] = (PREDICTED, WANTED) if whole else ((2, 3), (2, 3))
        found = [of_two(op, *operands, **each, **kind) for each in weights for kind in KINDS]
        return [*found, of_two(op, *((0.3, -2.0) if whole else ((), ())))]
    return []


def _known(name: str, options: dict[str, Any]) -> bool:
    """Whether torch has the call under the same name."""
    several = isinstance(options.get("axis"), tuple) and name in ONE_AXIS
    return not several and ("axis" in options or name not in WANTS_AXIS)


def of_two(op: Op, x: Any, target: Any, **options: Any) -> Sample:
    """A loss of two operands, and torch's function with weights as tensors."""

    def peer(torch: Any, a: Any, b: Any) -> Any:
        given = {
            k: torch.tensor(v, dtype=torch.float64) if "weight" in k else v
            for k, v in options.items()
        }
        return reduce(getattr, op.torch.split("."), torch)(a, b, **given)

    return Sample((x, target), options, torch=peer)
