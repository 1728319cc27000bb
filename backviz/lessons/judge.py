"""The right engine, a broken one and finite differences on the same computation.

Invariant: the differences use forward values only, so that they take no engine's side.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from backviz.autodiff.backward import gradients_of, seed_for
from backviz.autodiff.data import quietly
from backviz.autodiff.finite import find_not_finite
from backviz.autodiff.recording import recorded
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.tape import names, tape
from backviz.autodiff.value import Value
from backviz.errors import InputError, NotFiniteError
from backviz.language import _
from backviz.lessons.broken import BREAKS, RATE
from backviz.lessons.model import Table
from backviz.text import clean
from backviz.words import Words

ROWS = 6  # leaves that are compared
ENTRIES = 200  # of a leaf that is judged by differences
STEP = 1e-5
ROUNDING = 1e-12  # of the same sum in another order
NAME = 16  # characters

GRADIENT = Words("gradient")
RIGHT = Words("right")
BROKEN = Words("broken")
DIFFERENCES = Words("finite differences")


def differences(output: Value, leaf: Value, step: float = STEP) -> Any:
    """Central differences of a result (of its sum, if it is an array) for every entry of a leaf.

    >>> a = Value(3.0)
    >>> round(differences(a * a + a, a), 6)
    7.0
    """
    with recorded():
        f = as_function(output, [leaf])
        found = np.zeros(leaf.shape)
        for index in np.ndindex(leaf.shape):
            here = np.array(leaf.data, dtype=float)
            h = step * max(1.0, abs(float(here[index])))
            sides = []
            for sign in (1, -1):
                moved = here.copy()
                moved[index] += sign * h
                sides.append(float(quietly(np.sum, f(Value(moved)).data)))
            found[index] = (sides[0] - sides[1]) / (2 * h)
    return found if leaf.shape else float(found)


def verdict(output: Value, name: str) -> Table:
    """A row for each leaf: its gradient by the right engine, by a broken one, by differences.

    At most 6 leaves; a leaf of more than 200 entries is not judged by differences. Raises
    `InputError` where no leaf wants a gradient or the broken pass cannot go on,
    `NotFiniteError` for NaN and infinity.

    >>> a = Value(3.0, "a")
    >>> [row[:3] for row in verdict(a * a + a, "accumulate").rows]
    [('a', 7.0, 3.0)]
    """
    broken = BREAKS[name]
    leaves = leaves_of(output)
    if not output.requires_grad or not leaves:
        raise InputError(
            _("there is nothing to break: the result depends on no leaf; name a number")
        )
    if fault := find_not_finite(output):
        raise NotFiniteError(_("{fault}; the comparison needs finite numbers", fault=fault))
    try:
        at, wrong = broken.run(output)
    except ValueError as error:
        raise InputError(
            _(
                "the engine with the break {name} cannot go on: {partition}",
                name=name,
                partition=str(error).partition(chr(10))[0],
            )
        ) from None
    if at is not output:
        leaves = leaves_of(at)
    called = names(tape(at))
    right = gradients_of(at, tuple(leaves), seed_for(at))
    rows = []
    for leaf, gradient in list(zip(leaves, right, strict=True))[:ROWS]:
        judged = differences(at, leaf) if np.size(leaf.data) <= ENTRIES else None
        label = clean(called[leaf.serial], NAME)
        rows.append((label, gradient, wrong.get(leaf.serial), judged))
    equal = all(_equal(g, wrong.get(v.serial)) for v, g in zip(leaves, right, strict=True))
    more = len(leaves) - len(rows)
    return rivals(rows, title=broken.about, note=_note(rows, equal, more))


def rivals(
    rows: Iterable[tuple[Any, ...]],
    wrong: Words = BROKEN,
    right: Words = RIGHT,
    first: Words = GRADIENT,
    judge: Words = DIFFERENCES,
    **more: Any,
) -> Table:
    """What is right beside what is wrong: rows of a name, both, and where there is one the judge.

    >>> rivals([("a", 7.0, 3.0)]).heads[2].en
    'broken'
    """
    made = tuple(rows)
    heads = (first, right, wrong, judge)[: len(made[0])]
    return Table(heads, made, right=1, wrong=2, judge=3 if len(heads) > 3 else 0, **more)


def _equal(right: Any, wrong: Any) -> bool:
    if wrong is None or np.shape(right) != np.shape(wrong):
        return False
    return bool(np.allclose(right, wrong, rtol=ROUNDING, atol=0))


def _note(rows: list[tuple[Any, ...]], equal: bool, more: int) -> Words | None:
    """What else is to be said: a shape that does not fit, or that nothing went wrong."""
    if equal:
        return Words(
            "On this computation the mistake changes nothing: a test that runs it finds nothing.",
        )
    for label, right, wrong, _other in rows:
        shapes = np.shape(right), np.shape(wrong)
        if wrong is not None and shapes[0] != shapes[1]:
            told = {"label": label, "shape": shapes[0], "wrong": shapes[1], "rate": RATE,
                    "after": np.broadcast_shapes(*shapes)}  # fmt: skip
            if more > 0:
                return Words(
                    "{label} has shape {shape}, its broken gradient {wrong}: the update "
                    "{label} − {rate}·grad has shape {after} as well; … and {n} more",
                    n=more,
                    **told,
                )
            return Words(
                "{label} has shape {shape}, its broken gradient {wrong}: the update "
                "{label} − {rate}·grad has shape {after} as well.",
                **told,
            )
    return Words("… and {n} more", n=more) if more > 0 else None
