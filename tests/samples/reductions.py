"""Reductions, over all axes or some."""

from samples import Sample

SAMPLES: dict[str, list[Sample]] = {
    "sum": [
        Sample(((2, 3),)),
        Sample(((2, 3),), {"axis": 0}),
        Sample(((2, 3, 2),), {"axis": (0, -1)}),
        Sample(((2, 3),), {"axis": -1, "keepdims": True}),
        Sample(((4,),)),
        Sample(((),)),
    ],
    "mean": [
        Sample(((2, 3),)),
        Sample(((2, 3),), {"axis": 1}),
        Sample(((2, 3),), {"axis": 0, "keepdims": True}),
        Sample(((),)),
    ],
}
