"""Losses, with every reduction and option; at kinks they are in tests/ops/test_losses.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.ops import OPS
from samples import Sample
from samples.derived import KINDS, PREDICTED, WANTED, of_two

SCORES = [[0.3, -1.2, 1.9, 0.5], [1.1, 0.7, -0.4, -0.6], [-0.3, 0.55, 0.9, 1.4]]
CHANCES = [[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.15, 0.05], [0.05, 0.6, 0.25, 0.1]]
CLASS_WEIGHTS = [0.5, 2.0, 1.25, 0.75]
CUBE = np.random.default_rng(2).normal(size=(2, 4, 3))
LABELS = [2, 0, 3]


def _in_torch(torch: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Weights as tensors; numbers and words as they are."""
    return {
        k: torch.tensor(v, dtype=torch.float64) if "weight" in k else v for k, v in options.items()
    }


def _of_two(name: str, x: Any, target: Any, **options: Any) -> Sample:
    """A loss of two operands."""
    return of_two(OPS[name], x, target, **options)


def _of_labels(name: str, x: Any, labels: Any, **options: Any) -> Sample:
    """A loss of scores, with labels that are no operand."""
    return Sample(
        (x,),
        options,
        call=lambda a: OPS[name](a, labels, **options),
        torch=lambda torch, a: getattr(torch.nn.functional, name)(
            a, torch.tensor(labels), **_in_torch(torch, options)
        ),
    )


def _hinge(x: Any, target: Any, **options: Any) -> Sample:
    """torch has none: max(0, margin − y·s) by its own functions."""

    def peer(torch: Any, s: Any, y: Any) -> Any:
        slack = torch.relu(options.get("margin", 1) - s * y)
        slack = slack**2 if options.get("squared") else slack
        return {"mean": slack.mean, "sum": slack.sum, "none": slack.clone}[
            options.get("reduction", "mean")
        ]()

    return Sample((x, target), options, torch=peer)


def _distances(name: str, *options: dict[str, Any]) -> list[Sample]:
    return [
        *[_of_two(name, PREDICTED, WANTED, **each) for each in options],
        Sample(  # one target for all, which torch takes with a warning
            (PREDICTED, 0.5),
            torch=lambda torch, a, b: getattr(torch.nn.functional, name)(a, b.expand(2, 3)),
        ),
        Sample(
            (0.5, WANTED),
            {"reduction": "sum"},
            torch=lambda torch, a, b: getattr(torch.nn.functional, name)(
                a.expand(2, 3), b, reduction="sum"
            ),
        ),
    ]


SIDES = [[1.0, -1.0, -1.0], [1.0, 1.0, -1.0]]
SAMPLES: dict[str, list[Sample]] = {
    "one_hot": [
        Sample(
            ([[0, 2], [1, 3]],),
            {"classes": 4, **axis},
            torch=lambda torch, x, at=at: torch.movedim(
                torch.nn.functional.one_hot(x.long(), 4), -1, at
            ),
        )
        for axis, at in (({}, -1), ({"axis": 1}, 1))
    ],
    "mse_loss": _distances("mse_loss"),
    "l1_loss": _distances("l1_loss"),
    "huber_loss": _distances("huber_loss", {"delta": 0.5}, {"delta": 2.0, "reduction": "sum"}),
    "smooth_l1_loss": _distances("smooth_l1_loss", {"beta": 0.5}, {"beta": 0.0}),
    "hinge_loss": [
        *[
            _hinge(PREDICTED, SIDES, **each, **kind)
            for each in ({}, {"squared": True}, {"margin": 0.5})
            for kind in KINDS
        ],
        _hinge(0.3, 1.0),
    ],
    "binary_cross_entropy": [
        _of_two("binary_cross_entropy", (2, 3), (2, 3), weight=[1.0, 2.0, 3.0]),
    ],
    "binary_cross_entropy_with_logits": [
        _of_two("binary_cross_entropy_with_logits", (2, 3), (2, 3), **each, **kind)
        for each in (
            {"pos_weight": [0.5, 2.0, 3.0]},
            {"weight": [1.0, 2.0, 3.0], "pos_weight": 2.5},
        )
        for kind in KINDS
    ],
    "nll_loss": [
        *[_of_labels("nll_loss", SCORES, LABELS, **kind) for kind in KINDS],
        *[_of_labels("nll_loss", SCORES, LABELS, weight=CLASS_WEIGHTS, **kind) for kind in KINDS],
        *[_of_labels("nll_loss", SCORES, [2, -100, 3], **kind) for kind in KINDS],
        _of_labels("nll_loss", SCORES, LABELS, ignore_index=0, weight=CLASS_WEIGHTS),
        _of_labels("nll_loss", SCORES[0], 1),
        _of_labels("nll_loss", CUBE, [[0, 1, 3], [2, 2, 1]], weight=CLASS_WEIGHTS),
    ],
    "cross_entropy": [
        *[
            _of_labels("cross_entropy", SCORES, LABELS, **each, **kind)
            for each in (
                {},
                {"weight": CLASS_WEIGHTS},
                {"label_smoothing": 0.1},
                {"weight": CLASS_WEIGHTS, "label_smoothing": 0.3, "ignore_index": 3},
            )
            for kind in KINDS
        ],
        _of_labels("cross_entropy", SCORES, [-100, 1, 3]),
        _of_labels("cross_entropy", SCORES, [-100, 1, 3], label_smoothing=0.2),
        _of_labels("cross_entropy", SCORES[0], 1),
        *[_of_labels("cross_entropy", CUBE, [[0, 1, 3], [2, 2, 1]], **kind) for kind in KINDS],
        *[
            _of_two("cross_entropy", SCORES, CHANCES, **each, **kind)
            for each in (
                {},
                {"weight": CLASS_WEIGHTS, "label_smoothing": 0.1},
            )
            for kind in KINDS
        ],
        _of_two("cross_entropy", SCORES[0], CHANCES[0]),
        _of_two("cross_entropy", CUBE, CUBE**2, weight=CLASS_WEIGHTS),
    ],
    "multi_margin_loss": [
        *[
            _of_labels("multi_margin_loss", SCORES, LABELS, **each, **kind)
            for each in (
                {},
                {"p": 2},
                {"margin": 0.45, "weight": CLASS_WEIGHTS},
                {"p": 2, "weight": CLASS_WEIGHTS},
            )
            for kind in KINDS
        ],
        _of_labels("multi_margin_loss", SCORES[0], 1),
    ],
}
