"""Linear algebra."""

from samples import Sample

SAMPLES: dict[str, list[Sample]] = {
    "matmul": [
        Sample(shapes)
        for shapes in [
            ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)),
            ((5, 2, 3), (5, 3, 2)), ((5, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)), ((3,), (4, 3, 2)),
            ((4, 2, 3), (3,)), ((4, 1, 2, 3), (5, 3, 2)),
        ]
    ],
}  # fmt: skip
