"""Ops that move entries without changing them."""

from samples import Sample

SAMPLES: dict[str, list[Sample]] = {
    "sum_to": [
        Sample(((4, 3),), {"shape": (3,)}, torch=lambda torch, x: x.sum_to_size(3)),
        Sample(((4, 3),), {"shape": (4, 1)}, torch=lambda torch, x: x.sum_to_size(4, 1)),
        Sample(((4, 3),), {"shape": ()}, torch=lambda torch, x: x.sum()),
        Sample(((2, 4, 3),), {"shape": (1, 3)}, torch=lambda torch, x: x.sum_to_size(1, 3)),
    ],
    "broadcast_to": [
        Sample(((3,),), {"shape": (4, 3)}, torch=lambda torch, x: x.expand(4, 3)),
        Sample(((),), {"shape": (2, 2)}, torch=lambda torch, x: x.expand(2, 2)),
    ],
    "reshape": [
        Sample(((2, 3),), {"shape": (3, 2)}),
        Sample(((),), {"shape": (1, 1)}),
    ],
    "swapaxes": [
        Sample(
            ((2, 3, 4),),
            {"axis1": 0, "axis2": -1},
            torch=lambda torch, x: torch.swapaxes(x, 0, -1),
        ),
    ],
}
