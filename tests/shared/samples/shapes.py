"""Ops that move entries without changing them."""

from functools import partial

from backviz import ops
from samples import Sample


def method(name, *args, **words):
    """The same call as a method, here and in torch."""
    return {
        "call": lambda x: getattr(ops, name)(x, *args, **words),
        "torch": lambda torch, x: getattr(x, name)(*args, **words),
    }


def transposed(axes):
    """numpy's transpose; torch has it under the name permute."""
    return Sample(((2, 3, 4),), {"axes": axes}, torch=lambda torch, x: torch.permute(x, axes))


SAMPLES: dict[str, list[Sample]] = {
    "sum_to": [
        Sample(((4, 3),), {"shape": (3,)}, torch=lambda torch, x: x.sum_to_size(3)),
        Sample(((4, 3),), {"shape": (4, 1)}, torch=lambda torch, x: x.sum_to_size(4, 1)),
        Sample(((4, 3),), {"shape": ()}, torch=lambda torch, x: x.sum()),
        Sample(((2, 4, 3),), {"shape": (1, 3)}, torch=lambda torch, x: x.sum_to_size(1, 3)),
    ],
    "broadcast_to": [
        Sample(((3,),), {"shape": (4, 3)}, torch=lambda torch, x: x.expand(4, 3)),
        Sample(((2, 1),), {"shape": (3, 2, 2)}, torch=lambda torch, x: x.expand(3, 2, 2)),
        Sample(((),), {"shape": (2, 2)}, torch=lambda torch, x: x.expand(2, 2)),
        Sample(((),), {"shape": ()}, torch=lambda torch, x: x.expand(())),
    ],
    "reshape": [
        Sample(((2, 3),), {"shape": (3, 2)}),
        Sample(((),), {"shape": (1, 1)}),
        Sample(((1, 1),), {"shape": ()}),
        Sample(((2, 3),), {"shape": -1}, torch=lambda torch, x: x.reshape(-1)),
        Sample(((2, 3, 2),), **method("reshape", 3, -1)),
        Sample(((2, 3, 2),), **method("reshape", (-1, 6))),
        Sample(((2, 3),), **method("view", 6)),
    ],
    "ravel": [
        Sample(((2, 3),)),
        Sample(((),)),
        Sample(((2, 3, 2),), **method("flatten", 1)),
        Sample(((2, 3, 2),), **method("flatten", 0, 1)),
        Sample(((2, 3, 2),), **method("flatten", start_dim=-2)),
        Sample(((2, 3, 1, 2),), **method("flatten", end_dim=-2)),
    ],
    "expand_dims": [
        Sample(((2, 3),), {"axis": 1}, torch=lambda torch, x: x[:, None]),
        Sample(((2, 3),), {"axis": (0, -1)}, torch=lambda torch, x: x[None, ..., None]),
        Sample(((2, 3),), **method("unsqueeze", -1)),
        Sample(((),), **method("unsqueeze", dim=0)),
    ],
    "squeeze": [
        Sample(((1, 3, 1),)),
        Sample(((1, 1),)),
        Sample(((),)),
        Sample(((1, 3, 1),), {"axis": -1}),
        Sample(((1, 3, 1),), {"axis": (0, -1)}),
        Sample(((1,),), **method("squeeze", 0)),
    ],
    "swapaxes": [
        Sample(
            ((2, 3, 4),),
            {"axis1": 0, "axis2": -1},
            torch=lambda torch, x: torch.swapaxes(x, 0, -1),
        ),
        Sample(((2, 3),), **method("swapaxes", 0, 1)),
    ],
    "transpose": [
        Sample(((2, 3),), torch=lambda torch, x: x.T),
        Sample(((2, 3, 4),), torch=lambda torch, x: x.permute(2, 1, 0)),
        Sample(((3,),), torch=lambda torch, x: x * 1),
        transposed((1, 0, 2)),
        transposed((1, 2, 0)),
        transposed((-1, 0, -2)),
        Sample(((2, 3, 4),), **method("permute", 2, 0, 1)),
        Sample(((2, 3, 4),), **method("transpose", 0, 1)),
        Sample(((2, 3, 4),), **method("transpose", -1, 0)),
        Sample(((2, 3, 4),), **method("transpose", dim0=1, dim1=2)),
        Sample(((2, 3),), **method("transpose", 1, 0)),
    ],
    "moveaxis": [
        Sample(((2, 3, 4),), **method("moveaxis", 0, -1)),
        Sample(((2, 3, 4),), **method("movedim", (0, 1), (2, 0))),
        Sample(((2, 3),), {"source": 1, "destination": 0}),
    ],
    "flip": [
        Sample(((2, 3),), torch=lambda torch, x: torch.flip(x, (0, 1))),
        Sample(((2, 3),), {"axis": -1}, torch=lambda torch, x: torch.flip(x, (1,))),
        Sample(((2, 3, 2),), {"dims": (0, 2)}),
        Sample(((2, 3, 2),), **method("flip", 1, 2)),
    ],
    "roll": [
        Sample(((2, 3),), {"shift": 2}, torch=lambda torch, x: torch.roll(x, 2)),
        Sample(((2, 3),), {"shifts": 1, "dims": 1}),
        Sample(((2, 3),), {"shifts": (1, -2), "dims": (0, -1)}),
        Sample(
            ((2, 3),),
            call=partial(ops.roll, shift=-1, axis=0),
            torch=lambda torch, x: torch.roll(x, -1, 0),
        ),
    ],
}
