"""Misconceptions about what is recorded: changes in place, detached values, choices.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

from backviz.autodiff.replay import leaves_of
from backviz.autodiff.tape import tape
from backviz.autodiff.value import Value
from backviz.lessons.model import Table, topics_on
from backviz.lessons.views import NAME
from backviz.words import Words

topic = topics_on("record")


def _doubled(output: Value) -> Table:
    """What the rules need, and what stands there once the leaves were doubled."""
    rows: list[tuple[Any, ...]] = []
    for v in tape(output)[:-1]:
        now = v.data * 2 if v in leaves_of(output) else v.data
        rows.append((v.label, v.data, now))
    return Table((NAME, Words("in the forward pass"), Words("in the backward pass")), tuple(rows))


topic(
    "in-place",
    Words("May a value be changed in place before backward?"),
    Words(
        "Not while a rule still needs it: the derivative of a product is the other factor as it "
        "was in the forward pass. A wrong gradient would come out without a word, so torch counts "
        "versions and refuses: modified by an inplace operation. Here a += 1 records a new value, "
        "and the old one stays.",
    ),
    "h=a*b; L=h*a; a=2; b=3",
    (_doubled,),
    "in-place",
    also=Words(
        "inplace, in place, inplace operation, modified by an inplace operation, version counter"
    ),
)
