"""`backviz.check`: the verdict of `backviz check`, on a source, a recorded value or a function.

Invariant: the command and Python come here, so that they say the same of the same thing.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import Any

from backviz.autodiff.check import Report, function_checks, gradient_checks
from backviz.autodiff.finite import find_not_finite
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.tape import names, tape
from backviz.autodiff.value import Value
from backviz.errors import InputError, NotFiniteError, UsageError
from backviz.language import N_, _
from backviz.sources import load
from backviz.sources.again import Again, compare
from backviz.sources.files import is_file_source

ONLY_RECORD = N_(
    "only the record was run again, not the code that made it; check(f, x, …) "
    "runs a function itself"
)


def check(
    what: str | Value | Callable[..., Value],
    *args: Any,
    order: int = 1,
    tolerance: float = 1e-6,
    step: float = 1e-5,
    seed: int = 0,
) -> Report:
    """Compare gradients with finite differences: a row for each leaf, and what was not judged.

    `what` is a source as the command takes it (`"L=a*b; a=2; b=3"`, `"file.py:loss"`), a
    recorded value, or a function of the `args`, which is called again on moved numbers. A value
    has its record only, and the report says so. Nothing is raised for a wrong derivative: its
    row says WRONG, and `report.wrong` is the sentence; `check_grads` raises it. Raises
    `InputError` if there is nothing to check, `NotFiniteError` for NaN and infinity.

    >>> a = Value(2.0, "a")
    >>> check(a * a, step=0.5)
    order  worst entry  by the rule  by differences  error
    1      a            4            4               0.0e+00  ok
    only the record was run again, not the code that made it; check(f, x, …) runs a function itself
    >>> check(lambda x: x * x, 2.0, step=0.5)
    order  worst entry  by the rule  by differences  error
    1      input 0      4            4               0.0e+00  ok
    """
    how: dict[str, Any] = {"order": order, "step": step, "tolerance": tolerance, "seed": seed}
    if isinstance(what, str):
        return check_source(what, **how)
    if not 0 < step < 1 or not tolerance > 0:
        raise UsageError(_("step lies between 0 and 1, and tolerance is greater than 0"))
    if isinstance(what, Value):
        report = _of_record(what, **how)
        return Report(report, [*report.notes, _(ONLY_RECORD)])
    if not callable(what):
        raise InputError(
            _(
                "{what} cannot be checked; give a source, a function or a recorded value",
                what=reprlib.repr(what),
            )
        )
    return function_checks(what, *args, **how)


def check_source(
    source: str,
    note: Callable[[str], None] | None = None,
    *,
    order: int = 1,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Report:
    """The same for a source; a function in a file is run again, the file itself where needed."""
    if not 0 < step < 1 or not tolerance > 0:
        raise UsageError(_("--step lies between 0 and 1, and --tolerance is greater than 0"))
    again = Again(source, note) if is_file_source(source) else None
    value = again.value if again is not None else load(source, note)
    report = _of_record(value, order=order, step=step, tolerance=tolerance, seed=seed)
    if again is None:
        return report
    rows, more = compare(again, _labels(value), step=step, tolerance=tolerance, seed=seed)
    return Report([*report, *rows], [*report.notes, *more])


def _of_record(value: Value, **how: Any) -> Report:
    leaves = leaves_of(value)
    if not value.requires_grad or not leaves:
        raise InputError(
            _("there is nothing to check: the result depends on no leaf; name a number")
        )
    if fault := find_not_finite(value):
        raise NotFiniteError(_("{fault}; differences need finite numbers", fault=fault))
    return gradient_checks(as_function(value, leaves), leaves, _labels(value), **how)


def _labels(value: Value) -> list[str]:
    called = names(tape(value))
    return [called[leaf.serial] for leaf in leaves_of(value)]
