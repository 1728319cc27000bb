"""What is wrong with the gradients of a computation: `diagnose` looks for the usual faults.

A check is one function in `checks`; what all of them look at is measured once, in `case`. A
finding names the values, the number and the limit that it passed.
"""

from __future__ import annotations

from collections.abc import Mapping

from backviz.autodiff.tape import recorded
from backviz.autodiff.value import Value
from backviz.diagnosis.case import Case
from backviz.diagnosis.checks import CHECKS
from backviz.diagnosis.model import Diagnosis, Finding, Limits
from backviz.errors import InputError
from backviz.language import _
from backviz.nn.module import Module
from backviz.sources.frames import called_here
from backviz.telling.record import Record
from backviz.telling.run import Run

__all__ = ["CHECKS", "Diagnosis", "Finding", "Limits", "diagnose", "diagnosis_of"]


def diagnose(
    output: Value,
    model: Module | None = None,
    *,
    rate: float = 0.0,
    dead: float = 0.75,
    saturated: float = 0.7,
    flat: float = 0.01,
    ratio: float = 1e3,
) -> Diagnosis:
    """Look for what keeps the parameters under a loss from learning.

    Dead and saturated units, gradients that vanish or explode from layer to layer, NaN and where
    it began, gradients that are 0 and why, parameters that nothing reaches, gradients of several
    passes (`zero_grad`), units that are all alike, and, with `rate`, steps that are too large or
    too small. With a model its parameters have the names of its layers, and those that the loss
    does not use are found. The limits are those of `Limits`. Nothing is written onto the values.
    Raises `InputError` for a loss without a gradient, `UsageError` for a limit that is none.

    >>> from backviz.ops import relu
    >>> w, b = Value(0.5, "w"), Value(-9.0, "b")
    >>> found = diagnose(relu(w * 2.0 + b))
    >>> [(finding.check, finding.where) for finding in found.findings]
    [('dead', ('n5',))]
    """
    limits = Limits.of(rate=rate, dead=dead, saturated=saturated, flat=flat, ratio=ratio)
    called = dict(called_here(recorded(output)))
    parameters: dict[str, Value] = {}
    if model is not None:
        parameters = dict(model.named_parameters())
        called |= {p.serial: name for name, p in parameters.items() if not p.label}
    return diagnosis_of(Run(Record(output, called)), parameters, limits)


def diagnosis_of(
    run: Run, parameters: Mapping[str, Value] | None = None, limits: Limits | None = None
) -> Diagnosis:
    """The same of a record that is at hand, with the numbers of one run of it."""
    if not run.output.requires_grad:
        raise InputError(
            _("diagnose: the result does not depend on anything that wants a gradient; compute it "
              "from a Value, a tensor or the parameters of a model")
        )  # fmt: skip
    case = Case(run, parameters or {}, limits or Limits())
    found: list[Finding] = []
    for check in CHECKS.values():
        found += check.find(case, tuple(found))
    return Diagnosis(tuple(found), case.limits, case.looked)
