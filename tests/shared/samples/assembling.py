"""Ops that take arrays apart and put them together."""

import numpy as np

from backviz import ops
from backviz.ops.assemble import array_split, hstack, split, take, unstack, vstack
from samples import Sample


def indexed(shape, *key):
    """`x[key]`; negative steps are a flip in torch, so they have a sample of their own."""
    key = key[0] if len(key) == 1 else key
    return Sample((shape,), {"key": key}, torch=lambda torch, x: x[key])


def joined(name, *shapes, **words):
    """`name([x, y], …)`, as numpy and torch have it."""
    return Sample(
        shapes,
        call=lambda *xs: getattr(ops, name)(list(xs), **words),
        torch=lambda torch, *xs: getattr(torch, name)(xs, **words),
    )


def _by_index(name, shape, dim, places, *more):
    """`name(x, dim, index)`, and what is added where it adds."""
    places = np.array(places)
    return Sample(
        (shape, *more),
        call=lambda x, *src: getattr(ops, name)(x, dim, places, *src),
        torch=lambda torch, x, *src: getattr(torch, name)(x, dim, torch.tensor(places), *src),
    )


WIDTH = ((1, 2), (0, 1))
SAMPLES: dict[str, list[Sample]] = {
    "getitem": [
        indexed((3,), 1),
        indexed((3,), -1),
        indexed((2, 3), 1),
        indexed((2, 3), 1, 2),
        indexed((5, 4), slice(1, None, 2), slice(None, -1)),
        indexed((2, 3, 4), ..., 0),
        indexed((2, 3), None, ..., 1, None),
        indexed((2, 3), slice(0, 0)),
        indexed((), None),
        indexed((), ()),
        indexed((4,), [0, 2, 2, -1, 0]),
        indexed((3, 2), [1, 1]),
        indexed((3, 2), slice(None), [0, 1, 1]),
        indexed((3, 4), [0, 2, 0], [1, 1, 1]),
        indexed((3, 4), np.array([[0, 1], [2, 0]])),
        indexed((2, 3, 4), [1, 0, 1], slice(1), [3, 3, 0]),
        indexed((3, 2), np.array([[True, False], [False, True], [True, True]])),
        indexed((3, 2), [True, False, True]),
        indexed((3, 2), [False, True, True], 1),
        Sample(
            ((5, 3),),
            {"key": (slice(None, None, -2), slice(None, 0, -1))},
            torch=lambda torch, x: x[[4, 2, 0]][:, [2, 1]],
        ),
        Sample(((4, 3),), call=lambda x: x[x > 0], torch=lambda torch, x: x[x > 0]),
        Sample(
            ((4, 3),),
            call=lambda x: x[x[:, 0] > 0, 1:],
            torch=lambda torch, x: x[x[:, 0] > 0][:, 1:],
        ),
        Sample(
            ((5, 2),),
            call=lambda x: split(x, [1, 3])[1],
            torch=lambda torch, x: x.split([1, 2, 2])[1],
        ),
        Sample(
            ((2, 4),),
            call=lambda x: split(x, 2, axis=-1)[1],
            torch=lambda torch, x: x.chunk(2, -1)[1],
        ),
        Sample(
            ((5, 2),),
            call=lambda x: array_split(x, 3)[0],
            torch=lambda torch, x: x.tensor_split(3)[0],
        ),
        Sample(((2, 3),), call=lambda x: unstack(x, 1)[2], torch=lambda torch, x: x.unbind(1)[2]),
        Sample(
            ((2, 3),),
            call=lambda x: take(x, [2, 0, 2], axis=1),
            torch=lambda torch, x: x[:, [2, 0, 2]],
        ),
        Sample(((2, 3),), call=lambda x: take(x, [5, 5]), torch=lambda torch, x: x.ravel()[[5, 5]]),
    ],
    "scatter": [
        Sample(
            ((3,),),
            {"key": ops.index.as_key([0, 2, 0]), "shape": (4,)},
            torch=lambda torch, x: x.new_zeros(4).index_put(
                (torch.tensor([0, 2, 0]),), x, accumulate=True
            ),
        ),
        Sample(
            ((2, 3),),
            {"key": ops.index.as_key((slice(1, 3),)), "shape": (4, 3)},
            torch=lambda torch, x: torch.nn.functional.pad(x, (0, 0, 1, 1)),
        ),
        Sample(
            ((),),
            {"key": ops.index.as_key((0, 1)), "shape": (1, 2)},
            torch=lambda torch, x: torch.nn.functional.pad(x.reshape(1, 1), (1, 0)),
        ),
    ],
    "concatenate": [
        joined("concatenate", (2, 3), (4, 3)),
        joined("concatenate", (2, 3), (2, 1), (2, 2), axis=-1),
        joined("concatenate", (2, 3), (0, 3)),
        joined("cat", (2, 3), (2, 3), dim=1),
        Sample(
            ((2, 2), (), (3,)),
            call=lambda *xs: np.concatenate(xs, axis=None),
            torch=lambda torch, *xs: torch.cat([x.ravel() for x in xs]),
        ),
        Sample(
            ((2, 2), (3, 2)),
            {"axis": 0},
            torch=lambda torch, x, y: torch.cat([x, y]),
        ),
        Sample(
            ((3,),), call=lambda x: np.concatenate([x, x]), torch=lambda torch, x: torch.cat([x, x])
        ),
        joined("concatenate", (3,)),
        Sample(((), (2,)), call=lambda *xs: hstack(xs), torch=lambda torch, *xs: torch.hstack(xs)),
        Sample(
            ((2, 1), (2, 2)), call=lambda *xs: hstack(xs), torch=lambda torch, *xs: torch.hstack(xs)
        ),
        Sample(
            ((2,), (3, 2)), call=lambda *xs: vstack(xs), torch=lambda torch, *xs: torch.vstack(xs)
        ),
    ],
    "stack": [
        joined("stack", (2, 3), (2, 3)),
        joined("stack", (2, 3), (2, 3), axis=1),
        joined("stack", (2, 3), (2, 3), (2, 3), dim=-1),
        joined("stack", (2, 3), (2, 3), dim=-2),
        joined("stack", (), (), ()),
    ],
    "pad": [
        Sample(
            ((2, 3),),
            {"pad_width": WIDTH, "constant_values": 1.5},
            torch=lambda torch, x: torch.nn.functional.pad(x, (0, 1, 1, 2), value=1.5),
        ),
        Sample(
            ((3,),), {"pad_width": 2}, torch=lambda torch, x: torch.nn.functional.pad(x, (2, 2))
        ),
        Sample(
            ((2, 3),),
            {"pad_width": (0, 1)},
            torch=lambda torch, x: torch.nn.functional.pad(x, (0, 1, 0, 1)),
        ),
        Sample(
            ((2,),),
            {"pad_width": ((1, 0),), "constant_values": (3, 4)},
            torch=lambda torch, x: torch.nn.functional.pad(x, (1, 0), value=3.0),
        ),
        *(
            Sample(
                ((1, 2, 3, 2),),
                {"pad_width": ((0, 0), (0, 0), (1, 2), (0, 1)), "mode": mode},
                torch=lambda torch, x, mode=mode: torch.nn.functional.pad(x, (0, 1, 1, 2), mode),
            )
            for mode in ("reflect", "replicate", "circular")
        ),
        Sample(
            ((3, 2),),
            {"pad_width": ((2, 0), (0, 0)), "mode": "symmetric"},
            torch=lambda torch, x: torch.cat([x[:2].flip(0), x]),
        ),
        Sample(  # further than once round
            ((2,),),
            {"pad_width": 5, "mode": "wrap"},
            torch=lambda torch, x: x.repeat(6)[:12].roll(1),
        ),
        Sample(
            ((3, 4),),
            {"pad": (2, 1), "mode": "reflect"},
            torch=lambda torch, x: torch.nn.functional.pad(x, (2, 1), "reflect"),
        ),
        Sample(
            ((3, 4),),
            {"pad": (2, 1), "value": 7.0},
            torch=lambda torch, x: torch.nn.functional.pad(x, (2, 1), value=7.0),
        ),
    ],
    "repeat": [
        Sample(((2, 3),), {"repeats": 2}, torch=lambda torch, x: x.repeat_interleave(2)),
        Sample(
            ((2, 3),), {"repeats": 3, "axis": -1}, torch=lambda torch, x: x.repeat_interleave(3, -1)
        ),
        Sample(
            ((2, 3),),
            {"repeats": [2, 0, 1], "axis": 1},
            torch=lambda torch, x: x.repeat_interleave(torch.tensor([2, 0, 1]), 1),
        ),
        Sample(((),), {"repeats": 3}, torch=lambda torch, x: x.repeat_interleave(3)),
        Sample(
            ((3,),),
            call=lambda x: x.repeat_interleave(2, dim=0),
            torch=lambda torch, x: x.repeat_interleave(2, dim=0),
        ),
    ],
    "tile": [
        Sample(((2, 3),), {"reps": 2}, torch=lambda torch, x: x.tile(2)),
        Sample(((2, 3),), {"reps": (2, 1)}, torch=lambda torch, x: x.tile(2, 1)),
        Sample(((3,),), {"reps": (2, 2)}, torch=lambda torch, x: x.tile(2, 2)),
        Sample(((2, 1, 2),), {"reps": (3, 2)}, torch=lambda torch, x: x.tile(3, 2)),
        Sample(((),), {"reps": (2, 3)}, torch=lambda torch, x: x.tile(2, 3)),
        Sample(((),), {"reps": ()}, torch=lambda torch, x: x.tile(())),
        Sample(((2,),), {"reps": 0}, torch=lambda torch, x: x.tile(0)),
    ],
    "diagonal": [
        Sample(((3, 3),)),
        Sample(((2, 4),), {"offset": 1}),
        Sample(((4, 2),), {"offset": -2}),
        Sample(((2, 3, 4),), {"dim1": 0, "dim2": 2}),
        Sample(((2, 3, 4),), {"offset": 1, "dim1": -1, "dim2": 1}),
        Sample(((2, 3, 4),), {"dim1": -2, "dim2": -1}),
        Sample(((2, 2),), {"offset": 5}),
    ],
    "tril": [
        Sample(((3, 3),)),
        Sample(((2, 3, 4),), {"diagonal": 1}),
        Sample(((3, 4),), {"k": -1}, torch=lambda torch, x: torch.tril(x, -1)),
    ],
    "triu": [
        Sample(((3, 3),)),
        Sample(((2, 3, 4),), {"diagonal": -1}),
        Sample(((3, 4),), {"k": 1}, torch=lambda torch, x: torch.triu(x, 1)),
    ],
    "diag": [
        Sample(((3,),)),
        Sample(((3,),), {"k": 1}),
        Sample(((2,),), {"diagonal": -2}, torch=lambda torch, x: torch.diag(x, -2)),
        Sample(((2, 4),)),
        Sample(((2, 4),), {"k": 1}),
        Sample(((4, 2),), {"k": -3}),
        Sample(((2, 2),), {"k": 5}),
    ],
    "gather": [
        _by_index("gather", (3, 4), 0, [[0, 2, 2, 1], [1, 1, 0, 0]]),
        _by_index("gather", (3, 4), -1, [[3], [3]]),
        _by_index("gather", (5,), 0, [4, 0, 4]),
        _by_index("gather", (2, 3, 2), 1, [[[0, 2]], [[1, 1]]]),
    ],
    "scatter_add": [
        _by_index("scatter_add", (3, 4), 0, [[0, 2, 2, 1], [1, 2, 0, 0]], (2, 4)),
        _by_index("scatter_add", (3, 4), 1, [[3, 3], [0, 1], [2, 2]], (3, 2)),
        _by_index("scatter_add", (5,), 0, [4, 0, 4], (3,)),
    ],
}
