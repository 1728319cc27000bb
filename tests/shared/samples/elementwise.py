"""Elementwise ops: torch's function for each, and calls with options."""

import math

import numpy as np

from backviz.ops import OPS
from samples import Sample


def _prelu(torch):
    # torch.prelu counts its slopes along axis 1; this is the kernel below it
    return lambda x, a: torch._prelu_kernel(*torch.broadcast_tensors(x, a))


# the op of the same meaning in torch, where its row's name there does not take the same operands
PEERS = {
    "where": lambda torch: (
        lambda condition, x, y: (
            torch.where(condition != 0, x, y) + 0 * condition  # so that torch has a gradient for it
        )
    ),
    "clip": lambda torch: torch.clone,  # without bounds
    "prelu": _prelu,
    "masked_fill": lambda torch: lambda x, mask: torch.masked_fill(x, mask != 0, 0.0) + 0 * mask,
    # torch's own slope is 1/6 in single precision
    "hardsigmoid": lambda torch: lambda x: torch.nn.functional.relu6(x + 3) / 6,
    # torch has no derivative for its own; this one has 0
    "floor_divide": lambda torch: lambda a, b: torch.div(a, b, rounding_mode="floor"),
}

# Edges at which torch is wrong and why; there the comparison is left out.
EDGE_EXCEPTIONS = {
    "logaddexp2": ((-1.0,), "torch has −5e-17 for log2(2⁻¹ + 2⁻¹), which is 0"),
    "softsign": (
        (710.0, -710.0),
        "torch computes 1 / 711 − 710 / 711²; of 1 / 711² that leaves 12 digits",
    ),
}


def _options(**options):
    """A call with options, on an array and on a number."""
    return [Sample((shape,), options) for shape in ((2, 3), ())]


def _where(mask, *shapes):
    """`where` with a mask of numpy's."""
    mask = np.array(mask)
    return Sample(
        shapes,
        call=lambda x, y: OPS["where"](mask, x, y),
        torch=lambda torch, x, y: torch.where(torch.tensor(mask), x, y),
    )


SAMPLES: dict[str, list[Sample]] = {
    "leaky_relu": [
        *_options(negative_slope=0.2),
        Sample(((3,),), {"slope": 0}),
        Sample(((3,),), {"slope": -1.5}),
    ],
    "round": [*_options(decimals=1), Sample(([12.5, -7.0, 1234.0],), {"decimals": -1})],
    "masked_fill": [
        Sample(
            (shape,),
            call=lambda x, v=value: OPS["masked_fill"](x, np.array([True, False, True]), v),
            torch=lambda torch, x, v=value: x.masked_fill(torch.tensor([True, False, True]), v),
        )
        for shape in ((3,), (2, 3))
        for value in (-9.0, 2)
    ],
    "celu": [*_options(alpha=0.5), *_options(alpha=2)],
    "elu": [*_options(alpha=0.5), *_options(alpha=2)],
    "hardtanh": [
        *_options(min_val=-0.5, max_val=1.5),
        *_options(min_val=0),
        *_options(max_val=0.25),
    ],
    "softplus": [
        *_options(beta=3),
        *_options(beta=0.5, threshold=30),
        *_options(beta=-2.0),
        Sample(([-1000.0, -30.0, 19.0, 21.0, 30.0, 1000.0],)),
    ],
    "gelu": [
        *_options(approximate="tanh"),
        *_options(approximate="none"),
        Sample(
            ([-1000.0, 0.0, 5.0, 1000.0],),
            {"approximate": "tanh"},
        ),
    ],
    "clip": [
        *(Sample((s,), {"low": -0.5}) for s in [(2, 3), ()]),
        *(Sample((s,), {"high": 1}) for s in [(2, 3), ()]),
        *(Sample((s,), {"low": -0.5, "high": 1}) for s in [(2, 3), ()]),
        Sample(
            ((2, 3),), {"a_min": 0, "a_max": 1.5}, lambda torch, x: torch.clamp(x, min=0, max=1.5)
        ),
        Sample(((2, 3),), {"min": 0, "max": 1}),
        Sample(((2, 3),), {"low": 1, "high": -1}),
        Sample(((2, 3),), {"min": -math.inf, "max": None}),
    ],
    "isclose": [
        Sample(([1.0, 2.0, math.nan], [1.00001, 2.1, math.nan]), each)
        for each in ({}, {"rtol": 0.1}, {"atol": 1.0, "rtol": 0.0}, {"equal_nan": True})
    ],
    "where": [
        _where([True, False, True], (3,), (3,)),
        _where([True, False, True], (2, 3), ()),
        _where([True, False, True], (), ()),
        _where([[True], [False]], (3,), (2, 1)),
        _where(True, (2, 3), (3,)),
        _where(False, (), ()),
        Sample(  # a recorded condition
            ((2, 3), (3,)),
            call=lambda x, y: OPS["where"](x > y, x * y, y) * x,
            torch=lambda torch, x, y: torch.where(x > y, x * y, y) * x,
        ),
        Sample(  # one operand for both
            ((2, 3),),
            call=lambda x: OPS["where"](x > 0, x, -x),
            torch=lambda torch, x: torch.where(x > 0, x, -x),
        ),
    ],
}

# Calls with options at a kink, where only torch can judge a slope and differences cannot.
AT_KINKS: dict[str, list[Sample]] = {
    "leaky_relu": [Sample(([0.0],), {"slope": 0.3})],
    "elu": [Sample(([0.0],), {"alpha": 2})],
    "hardtanh": [
        Sample(
            ([-1.0, 0.5],),
            {"min_val": -1, "max_val": 0.5},
        )
    ],
    "softplus": [Sample(([2.0],), {"beta": 5, "threshold": 10})],
    "clip": [
        Sample(([-0.5, 0.0, 1.0, 1.5],), {"low": 0}),
        Sample(([-0.5, 0.0, 1.0, 1.5],), {"high": 1}),
        Sample(([-0.5, 0.0, 1.0, 1.5],), {"low": 0, "high": 1}),
        Sample(([-0.5, 0.0, 1.0, 1.5],), {"low": 1, "high": 0}),
        Sample(([-0.5, 0.0, 1.0, 1.5],), {"low": 1, "high": 1}),
    ],
}
