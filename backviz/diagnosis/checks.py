"""The checks: each looks at a case and says what is wrong with it.

A check is one function with a name, added to `CHECKS`. Invariant: it stays silent where a network
learns as it should; the tests hold this for healthy networks, seeds and steps of training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from backviz.autodiff.finite import find_not_finite
from backviz.autodiff.passes import passes_in
from backviz.diagnosis.case import Activation, Case
from backviz.diagnosis.model import NUMBERS, Finding, listed
from backviz.graphs.faults import sign_of
from backviz.language import N_
from backviz.registry import Registry
from backviz.telling.zeros import Death, where_it_died
from backviz.words import Words

FLAT = 0.5  # slopes that shrink a gradient, on average
MATTERS = 0.5  # a gradient at the output, times the number of entries, that is no small error
Find = Callable[[Case, tuple[Finding, ...]], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, what it looks for, and the function that finds it.

    The function is given the case and what the checks before have found.
    """

    name: str
    about: str
    find: Find


CHECKS: Registry[Check] = Registry("check")


def check(name: str, about: str) -> Callable[[Find], Find]:
    """Enter a function into the table of checks, which are run in the order of the table."""

    def enter(find: Find) -> Find:
        CHECKS.add(name, Check(name, about, find))
        return find

    return enter


@check("not finite", N_("NaN and infinity, and where they begin"))
def not_finite(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """The first NaN or infinity, forward or backward."""
    said = find_not_finite(case.values[case.record.last], list(case.values))
    if said:
        where = tuple(
            name for name, v in zip(case.names, case.values, strict=True)
            if not np.all(np.isfinite(v.data))
        )  # fmt: skip
        yield Finding("not finite", where[:1], float("nan"), 0.0, Words.same(said), "nan-where")


@check("passes", N_("gradients of several passes, without zero_grad"))
def several_passes(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """Leaves whose gradient is the sum of several passes."""
    passes = {i: n for i in case.leaves if (n := passes_in(case.values[i])) > 1}
    if passes:
        many = max(passes.values())
        said = Words(
            N_("{names}: the gradient is the sum of {n} backward passes; call zero_grad before "
               "each"),
            names=listed(case.named([*passes])), n=many,
        )  # fmt: skip
        yield Finding("passes", tuple(case.named([*passes])), many, 1, said, "zero-grad")


@check("dead", N_("units that let nothing through for any sample"))
def dead_units(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """Layers most of whose units have slope 0 for every sample."""
    for each in case.activations:
        if not each.op.masks:
            continue
        dead = ~each.local.any(axis=0)
        share = float(dead.mean()) if dead.size else 0.0
        if share > case.limits.dead:
            sentence = (
                N_("{name}: the unit of {op} lets nothing through, so that what lies before it "
                   "does not learn")
                if dead.size == 1 else
                N_("{name}: {dead} of {n} units of {op} let nothing through for any sample, so "
                   "that what lies before them does not learn")
            )  # fmt: skip
            said = Words(sentence, name=_name(case, each), dead=int(dead.sum()), n=dead.size,
                         op=sign_of(each.op))  # fmt: skip
            yield _of(case, "dead", each, share, case.limits.dead, said, "dead-relu")


@check("saturated", N_("units on the flat parts of their function"))
def saturated_units(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """Layers most of whose entries lie where tanh, sigmoid and their like are flat."""
    for each in case.activations:
        if len(each.op.saturates) < 2:
            continue
        flat = np.abs(each.local) < case.limits.flat
        share = float(flat.mean()) if flat.size else 0.0
        if share <= case.limits.saturated or not _hurts(case, each, flat):
            continue
        said = Words(
            N_("{name}: {share} % of the entries of {op} are saturated: their slope is under "
               "{flat}"),
            name=_name(case, each), share=round(100 * share), op=sign_of(each.op),
            flat=NUMBERS.format(case.limits.flat),
        )  # fmt: skip
        yield _of(case, "saturated", each, share, case.limits.saturated, said, "loud-but-deaf")


def _hurts(case: Case, each: Activation, flat: np.ndarray) -> bool:
    """Whether flat entries matter: at the output they do only where the error is large.

    A logarithm behind a sigmoid cancels its slope, and an output that is right may be flat.
    """
    if each.level:
        return True
    if any(case.before_a_logarithm(node) for node in each.nodes):
        return False
    size = float(np.sqrt(np.mean(np.square(each.upstream[flat]))))
    return size * each.upstream.size >= MATTERS


@check("vanishing", N_("gradients that shrink from layer to layer"))
def vanishing(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """A gradient that is much smaller at the first layer than at the last."""
    yield from _grown(case, "vanishing")


@check("exploding", N_("gradients that grow from layer to layer"))
def exploding(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """A gradient that is much larger at the first layer than at the last."""
    yield from _grown(case, "exploding")


def _grown(case: Case, kind: str) -> Iterable[Finding]:
    layers = [layer for layer in case.layers if np.isfinite(layer.norm)]
    while layers and not layers[-1].norm:  # nothing arrives: a death, which has a reason of its own
        layers.pop()
    if len(layers) < 3 or not layers[0].norm:
        return
    last, first = layers[0], layers[-1]
    ratio = first.norm / last.norm
    shrinks = kind == "vanishing"
    if not (ratio < 1 / case.limits.ratio if shrinks else ratio > case.limits.ratio):
        return
    sentence = (
        N_("the gradient shrinks from {last} at {where_last} to {first} at {where_first}: by the "
           "factor {factor} per layer; {why}")
        if shrinks else
        N_("the gradient grows from {last} at {where_last} to {first} at {where_first}: by the "
           "factor {factor} per layer; {why}")
    )  # fmt: skip
    said = Words(
        sentence,
        last=NUMBERS.format(last.norm), first=NUMBERS.format(first.norm),
        where_last=listed(case.named(last.weights)), where_first=listed(case.named(first.weights)),
        factor=NUMBERS.format(ratio ** (1 / (len(layers) - 1))), why=_why(case, shrinks),
    )  # fmt: skip
    topic = (
        "clipping" if not shrinks else "quarter" if _flattest(case)[1] < 0.5 else "init-variance"
    )
    yield Finding(kind, tuple(case.named(first.weights)), ratio,
                  1 / case.limits.ratio if shrinks else case.limits.ratio, said, topic,
                  case.line(first.nodes[0]), frozenset(first.nodes))  # fmt: skip


def _why(case: Case, shrinks: bool) -> Words:
    """Whether the slopes or the weights are the factor."""
    sign, slope = _flattest(case)
    if shrinks and slope < FLAT:
        return Words(N_("the slopes of {op} are {slope} on average"), op=sign,
                     slope=NUMBERS.format(slope))  # fmt: skip
    steepest, factor = "", 1.0 if not shrinks else np.inf
    for behind, before in pairwise(case.layers):
        if not behind.norm:
            continue
        grown = before.norm / behind.norm
        if grown < factor if shrinks else grown > factor:
            steepest, factor = listed(case.named(behind.weights)), grown
    if shrinks:
        return Words(N_("the smallest factor is {factor}, at {weights}"),
                     factor=NUMBERS.format(factor), weights=steepest)  # fmt: skip
    return Words(N_("the largest factor is {factor}, at {weights}"),
                 factor=NUMBERS.format(factor), weights=steepest)  # fmt: skip


def _flattest(case: Case) -> tuple[str, float]:
    """The function whose slopes are smallest on average, and that average."""
    means = [(float(np.mean(np.abs(a.local))), sign_of(a.op)) for a in case.activations if a.level]
    slope, sign = min(means, default=(1.0, ""))
    return sign, slope


@check("alike", N_("units of a layer that are all the same"))
def alike(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """Weights of a layer whose units are equal, and whose gradients are as well."""
    for node in _weight_arrays(case):
        weights, gradient = case.values[node].data, case.gradients[node]
        units = _units_axis(case, node)
        if weights.shape[units] < 2 or gradient is None:
            continue
        if all(_equal_along(x, units) for x in (weights, gradient)):
            said = Words(
                N_("{name}: all {n} units have the same weights and the same gradients; they will "
                   "stay equal"),
                name=case.names[node], n=weights.shape[units],
            )  # fmt: skip
            yield Finding("alike", (case.names[node],), weights.shape[units], 1, said, "zero-init",
                          "", frozenset({node}))  # fmt: skip


def _weight_arrays(case: Case) -> list[int]:
    used = dict.fromkeys(i for layer in case.layers for i in layer.weights)
    return [i for i in used if len(case.values[i].shape) == 2 and _matrix_use(case, i) is not None]


def _matrix_use(case: Case, node: int) -> int | None:
    """An op that multiplies by a leaf as a matrix, if there is one."""
    for layer in case.layers:
        for use in layer.nodes:
            op = case.values[use].op
            assert op is not None
            if op.name in ("matmul", "linear") and node in case.record.inputs(use):
                return use
    return None


def _units_axis(case: Case, node: int) -> int:
    """The axis of a matrix along which its units stand: columns of x @ W, rows of W @ x."""
    use = _matrix_use(case, node)
    assert use is not None
    op = case.values[use].op
    assert op is not None
    return int(op.name == "linear" or case.record.inputs(use)[-1] == node)


def _equal_along(x: Any, axis: int) -> bool:
    return bool(np.all(x == np.take(x, [0], axis=axis)))


@check("zero", N_("gradients that are 0 though the loss depends on the parameter"))
def zero_gradients(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """Parameters whose whole gradient is exactly 0, and the op that made it so."""
    known = frozenset().union(*(finding.nodes for finding in found))
    by_death: dict[Death, list[int]] = {}
    for node in case.leaves:
        gradient = case.gradients[node]
        if gradient is None or np.any(gradient):
            continue
        death = where_it_died(case.run, node)
        if death is None or death.node in known or death.why.reason in ("off", "not chosen"):
            continue
        if death.why.reason == "masked" or _no_fault(case, death, known):
            continue
        by_death.setdefault(death, []).append(node)
    for death, nodes in by_death.items():
        said = Words(
            N_("{names}: the gradient is 0: {why} at {place}"),
            names=listed(case.named(nodes)), why=death.why.words(), place=case.names[death.node],
        )  # fmt: skip
        yield Finding("zero", tuple(case.named(nodes)), 0.0, 0.0, said, "zero-or-none",
                      case.line(death.node), frozenset({death.node}))  # fmt: skip


def _no_fault(case: Case, death: Death, known: frozenset[int]) -> bool:
    """Whether parts have cancelled, or a factor 0 is data, or what has been remarked upon."""
    op = case.values[death.node].op
    assert op is not None
    if death.why.reason != "factor 0":
        return not op.elementwise
    others = [i for i in case.record.inputs(death.node) if i != death.operand]
    weights = [i for i in others if case.values[i].requires_grad and case.values[i].shape]
    return not weights or bool(known.intersection(others))  # a single 0 may well be an input


@check("unused", N_("parameters that no gradient reaches"))
def unused(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """Leaves that are recorded but get nothing, and a model's parameters that are not recorded."""
    blocked = [i for i in case.leaves if case.gradients[i] is None]
    if blocked:
        said = Words(
            N_("{names}: no gradient can come: what is computed of it has none (a position, a "
               "comparison, a mask)"), names=listed(case.named(blocked)),
        )  # fmt: skip
        yield Finding("unused", tuple(case.named(blocked)), 0.0, 0.0, said, "zero-or-none")
    recorded = {value.serial for value in case.values}
    absent = [name for name, p in case.parameters.items() if p.serial not in recorded]
    if absent:
        said = Words(N_("{names}: the loss was computed without it"), names=listed(absent))
        yield Finding("unused", tuple(absent), 0.0, 0.0, said, "zero-or-none")


@check("step", N_("steps that are too large or too small for their weights, with a rate"))
def steps(case: Case, found: tuple[Finding, ...]) -> Iterable[Finding]:
    """Weights whose step at the rate is out of proportion."""
    limits = case.limits
    if not limits.rate:
        return
    ratios = {
        node: (ratio, layer.nodes[0])
        for layer in case.layers
        for node in layer.weights
        if len(case.values[node].shape) != 1  # biases begin at 0
        if (ratio := _step_of(case, node)) is not None
    }
    usual = float(np.median([ratio for ratio, _use in ratios.values()])) if ratios else 0.0
    for node, (ratio, use) in ratios.items():
        large = ratio > limits.largest
        # where all steps are small the loss is at its minimum
        if large or (ratio < limits.smallest and ratio * case.limits.ratio < usual):
            sentence = (
                N_("{name}: a step at the rate {rate} is {ratio} of the weights: too large")
                if large else
                N_("{name}: a step at the rate {rate} is {ratio} of the weights, where others "
                   "make {usual}: too small to learn")
            )  # fmt: skip
            said = Words(sentence, name=case.names[node], rate=NUMBERS.format(limits.rate),
                         ratio=NUMBERS.format(ratio), usual=NUMBERS.format(usual))  # fmt: skip
            yield Finding("step", (case.names[node],), ratio,
                          limits.largest if large else limits.smallest, said, "update-ratio",
                          case.line(use))  # fmt: skip


def _step_of(case: Case, node: int) -> float | None:
    """How large a step is beside the weights; `None` where there is none."""
    weights, gradient = case.values[node].data, case.gradients[node]
    size = float(np.sqrt(np.mean(np.square(weights))))
    if gradient is None or not size or not np.any(gradient) or not np.all(np.isfinite(gradient)):
        return None
    return case.limits.rate * float(np.sqrt(np.mean(np.square(gradient)))) / size


def _name(case: Case, each: Activation) -> Words:
    """The label of the units, or behind which weights they stand."""
    names = listed(case.named(each.nodes))
    behind = case.layers[each.level].weights if each.level < len(case.layers) else ()
    if not behind or all(case.record.label(node) for node in each.nodes):
        return Words.same(names)
    return Words(N_("{names}, behind {weights}"), names=names, weights=listed(case.named(behind)))


def _of(case: Case, name: str, each: Activation, share: float, limit: float, said: Words,
        topic: str) -> Finding:  # fmt: skip
    return Finding(name, tuple(case.named(each.nodes)), share, limit, said, topic,
                   case.line(each.nodes[0]), frozenset(each.nodes))  # fmt: skip
