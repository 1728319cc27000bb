"""Reductions, over all axes or some, and running sums and products."""

import math

from samples import Sample
from samples.derived import AXES

ZEROS = [[2.0, 0.0, -1.5], [0.0, 3.0, 0.0], [1.0, -2.0, 0.5]]
DISTINCT = [[0.3, -1.2, 1.9], [1.1, 0.7, -0.4]]
LARGE = [[1000.0, 900.0, -1000.0], [-1000.0, -1100.0, -1200.0]]  # e^1000 overflows


def _var(name):
    """Calls of `var` or `std`; torch divides by n − 1 unless told otherwise."""

    def peer(**words):
        return lambda torch, x: getattr(torch, name)(x, **words)

    stack = [DISTINCT, [[0.9, 2.0, -0.8], [-1.7, 0.1, 1.4]]]
    return [
        Sample((DISTINCT,), torch=peer(correction=0)),
        Sample((DISTINCT,), {"axis": 0}, torch=peer(dim=0, correction=0)),
        Sample((DISTINCT,), {"axis": -1, "ddof": 1}, torch=peer(dim=-1, correction=1)),
        Sample((DISTINCT,), {"unbiased": True}, torch=peer(unbiased=True)),
        Sample((DISTINCT,), {"dim": 0, "unbiased": False}, torch=peer(dim=0, unbiased=False)),
        *[
            Sample(
                (DISTINCT,),
                call=lambda x, a=args: getattr(x, name)(*a),
                torch=lambda torch, x, a=args: getattr(x, name)(*a),
            )
            for args in ((True,), (False,), (1, True), (0, False, True))
        ],
        Sample((DISTINCT,), {"axis": 1, "correction": 1}, torch=peer(dim=1, correction=1)),
        Sample(
            (stack,),
            {"axis": (0, -1), "keepdims": True},
            torch=peer(dim=(0, -1), correction=0, keepdim=True),
        ),
        Sample(([0.2, 1.5, -0.9],), {"ddof": 1.5}, torch=peer(correction=1.5)),
    ]


def _norm(given, **options):
    words = {"axis": "dim", "keepdims": "keepdim"}
    theirs = {words.get(k, k): v for k, v in options.items() if v != "fro"}
    return Sample((given,), options, torch=lambda torch, x: torch.linalg.vector_norm(x, **theirs))


def _over_all(name):
    return lambda torch, x: getattr(torch, name)(x.flatten(), 0)


SAMPLES: dict[str, list[Sample]] = {
    "sum": [Sample(((4,),)), Sample(((),))],
    "mean": [Sample(((),))],
    "prod": [
        *[  # torch takes one axis at a time
            Sample(((2, 3, 2),), k, torch=lambda torch, x, k=k: _product(torch, x, **k))
            for k in AXES
        ],
        Sample((ZEROS,), {"axis": 1}),
        Sample((ZEROS,), {"axis": 0, "keepdims": True}),
        Sample((ZEROS,)),
        Sample(([0.0, 1.5, -0.5, 2.0],)),
        Sample(([0.0, 1.5, 0.0, 2.0],)),
        Sample((0.0,)),
        Sample(((),)),
    ],
    "amax": [
        Sample((DISTINCT,)),
        Sample((DISTINCT,), {"axis": 1}),
        Sample(((),)),
    ],
    "amin": [
        Sample((DISTINCT,)),
        Sample((DISTINCT,), {"axis": 0}),
        Sample(((),)),
    ],
    "any": [Sample((ZEROS,)), Sample((ZEROS,), {"axis": 0}), Sample(((),))],
    "all": [Sample((ZEROS,)), Sample((ZEROS,), {"axis": -1, "keepdims": True}), Sample(((),))],
    "var": _var("var"),
    "std": _var("std"),
    "logsumexp": [
        Sample(((2, 3),), torch=lambda torch, x: x.logsumexp((0, 1))),
        Sample((LARGE,), {"axis": 1}),
        Sample(((4,),), {"axis": 0}),
    ],
    "norm": [
        _norm((2, 3)),
        _norm((2, 3), ord="fro"),
        _norm((4,), ord=1),
        _norm((4,), ord=3),
        _norm((4,), ord=0.5),
        _norm((4,), ord=math.inf),
        _norm([3.0, -4.0, 0.0], ord=2.5),
        _norm((2, 3), ord=1, axis=1),
        _norm((2, 3), ord=1.5, axis=0),
        _norm((2, 3), ord=math.inf, axis=-1, keepdims=True),
        _norm((2, 3, 2), axis=(0, 2), keepdims=True),
        _norm(-1.5),
        Sample(((4,),), {"p": 3}, torch=lambda torch, x: x.norm(p=3)),
    ],
    "cumsum": [
        Sample(((2, 3),), {"axis": 0}),
        Sample(((2, 3),), {"axis": -1}),
        Sample(((2, 3),), torch=_over_all("cumsum")),
        Sample(
            ((2, 3),),
            {"axis": 1, "reverse": True},
            torch=lambda torch, x: x.flip(1).cumsum(1).flip(1),
        ),
        Sample(((),), torch=_over_all("cumsum")),
    ],
    "cumprod": [
        Sample(((2, 3),), {"axis": 0}),
        Sample(((2, 3),), {"axis": -1}),
        Sample(((2, 3),), torch=_over_all("cumprod")),
        Sample((ZEROS,), {"axis": 1}),
        Sample((ZEROS,), torch=_over_all("cumprod")),
        Sample(((),), torch=_over_all("cumprod")),
    ],
}


def _product(torch, x, axis=None, keepdims=False):
    if axis is None:
        return x.prod()
    for i in sorted(
        (a % x.ndim for a in ([axis] if isinstance(axis, int) else axis)), reverse=True
    ):
        x = x.prod(i, keepdim=keepdims)
    return x


# Sorted entries and running extremes: torch gives a pair of them and their places -----------

TIES = [[1.0, 3.0, 1.0, 2.0], [2.0, 2.0, 2.0, 0.5]]


def _values(name, given, ours, theirs=None):
    def peer(torch, x):
        return getattr(torch, name)(x, **(ours if theirs is None else theirs)).values

    return Sample((given,), ours, torch=peer)


SAMPLES |= {
    "sort": [
        _values("sort", (4,), {}),
        _values("sort", (3, 4), {"axis": 0}, {"dim": 0}),
        _values(
            "sort", (2, 3, 2), {"axis": -2, "descending": True}, {"dim": -2, "descending": True}
        ),
        _values("sort", (), {}),
        Sample(((2, 3),), {"axis": None}, torch=lambda torch, x: x.flatten().sort().values),
    ],
    "argsort": [
        Sample(((2, 3),)),
        Sample(((2, 3),), {"axis": 0, "descending": True}),
        Sample(
            (TIES,),
            {"descending": True},
            lambda torch, x: torch.argsort(x, descending=True, stable=True),
        ),
    ],
    "topk": [
        _values("topk", (4,), {"k": 3}),
        _values(
            "topk",
            (3, 4),
            {"k": 2, "axis": 0, "largest": False},
            {"k": 2, "dim": 0, "largest": False},
        ),
    ],
    **{
        name: [
            _values(name, (4,), {}, {"dim": 0}),
            _values(name, (3, 4), {"axis": 0}, {"dim": 0}),
            _values(name, (2, 3, 2), {"axis": -2}, {"dim": -2}),
            _values(name, (), {"axis": 0}, {"dim": 0}),
            Sample(
                ((2, 3),), torch=lambda torch, x, n=name: getattr(torch, n)(x.flatten(), 0).values
            ),
        ]
        for name in ("cummax", "cummin")
    },
}
AT_KINKS = {
    "sort": [
        _values("sort", TIES, {}, {"stable": True}),
        _values(
            "sort", TIES, {"descending": True}, {"stable": True, "dim": -1, "descending": True}
        ),
    ],
    "cummax": [_values("cummax", TIES, {"axis": 1}, {"dim": 1})],
    "cummin": [_values("cummin", TIES, {"axis": 1}, {"dim": 1})],
}
