"""Slips: what a learner did who got another number, found by doing it.

Invariant: a slip is named only if it gives the learner's number and is the only one that does;
a slip that gives the right number is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from backviz.autodiff.data import quietly
from backviz.graphs.faults import sign_of
from backviz.language import N_
from backviz.stepping.grids import in_line
from backviz.stepping.look import Look
from backviz.stepping.questions import head_of, place_of, right_answer
from backviz.stepping.state import Question, State, gradient

NEAR = 5e-3  # a relative error that counts as rounding
FEW = 5  # parts of a gradient whose sums are tried

SAID: dict[str, str] = {
    "sign": N_("{given} has the wrong sign"),
    "term left out": N_("you left out {name}: {given} needs {number} added"),
    "term not taken away": N_("you left out {name}: from {given}, {number} is taken away"),
    "factor left out": N_("you left out {name}: {given} needs {number} as a factor"),
    "added": N_("you added; here it is multiplied: {formula}"),
    "multiplied": N_("you multiplied; here it is added: {formula}"),
    "not taken away": N_("you added; here {name} is taken away"),
    "base times exponent": N_("you multiplied; an exponent says how many factors there are: "
                              "{formula}"),
    "turned round": N_("you took it the other way round: it is {formula}"),
    "not applied": N_("{given} is what goes into {op}; {op} of it is asked for"),
    "slope": N_("{given} is the slope of {op} there, not its value"),
    "sum": N_("{given} is the sum; the mean divides it by {n}"),
    "mean": N_("{given} is the mean; the sum does not divide by {n}"),
    "transposed": N_("rows and columns are the wrong way round: yours is transposed"),
    "by entries": N_("you multiplied entry by entry; @ multiplies rows by columns"),
    "not transposed": N_("you multiplied by {name} as it is; on the way back it is transposed"),
    "local alone": N_("you left out what arrives, {slope} = {number}: {given} is the local "
                      "derivative alone"),
    "upstream alone": N_("you left out the local derivative, {slope} = {number}: {given} is what "
                         "arrives"),
    "factors added": N_("you added what arrives and the local derivative; the chain rule "
                        "multiplies them"),
    "value": N_("{given} is the value of {name}, not its gradient"),
    "other input": N_("{given} is what {name} is given, the other input"),
    "not divided": N_("you did not divide by {n}: each entry of a mean gets one part of {n}"),
    "divided": N_("you divided by {n}: the sum hands each entry all that arrives"),
    "not summed": N_("{name} was used for {n} entries: what they are given is added up"),
    "of the input": N_("you put {name} where {op} takes its output {out}"),
    "exponent": N_("you left out the exponent {n} as a factor"),
    "last part alone": N_("{given} is the last part alone: {name}.grad had {number}, and += adds"),
    "some parts": N_("{given} is the way through {nodes} alone: {name} is used {n} times"),
    "parts multiplied": N_("you multiplied the parts; gradients of several uses add up"),
    "parts averaged": N_("you took the mean of the parts; gradients of several uses add up"),
    "part subtracted": N_("you subtracted the last part; gradients of several uses add up"),
    "part without upstream": N_("in the last part you left out what arrives, {slope} = {number}"),
}  # fmt: skip

REMARKS: dict[str, str] = {  # on a wrong answer that no slip explains
    "not it": N_("it is not {given}"),
    "not ready": N_("of {name} {k} of {m} parts have come"),
    "nothing arrives": N_("at {name} 0 arrives already"),
    "not there": N_("it did not become 0 at {name}"),
    "not smallest": N_("{name} has no smaller factor than the others"),
}


@dataclass(frozen=True, slots=True)
class Slip:
    """What was done instead: `key` says which slip, `number` what it gives, `names` what is named.

    Numbers among the names are shown as the console shows numbers.
    """

    key: str
    number: Any
    names: Mapping[str, Any] = field(default_factory=dict)

    def said(self, given: str, look: Look) -> str:
        """The slip, or the remark, in a sentence with the learner's own number."""
        told = {
            name: in_line(x, look) if isinstance(x, float | np.ndarray) else x
            for name, x in self.names.items()
        }
        return look.say((SAID | REMARKS)[self.key], given=given, **told)


def find_slip(state: State, question: Question, given: Any) -> Slip | None:
    """The one slip that gives the learner's number; `None` if none does, or several do.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> find_slip(start(a * b), Question("value", 0, 2), 5.0).key
    'added'
    """
    right = right_answer(state, question)
    fitting = [slip for slip in slips(state, question)
               if near(given, slip.number) and not near(slip.number, right)]  # fmt: skip
    different = {(slip.key, str(sorted(slip.names.items()))) for slip in fitting}
    return fitting[0] if len(different) == 1 else None


def near(x: Any, y: Any) -> bool:
    """Whether two numbers or arrays agree but for rounding."""
    if x is None or y is None or np.shape(x) != np.shape(y):
        return False
    size = np.max(np.abs(y), initial=0.0) if np.ndim(y) and np.all(np.isfinite(y)) else 0.0
    return bool(np.allclose(x, y, rtol=NEAR, atol=1e-12 + 1e-4 * float(size), equal_nan=True))


def slips(state: State, question: Question) -> Iterator[Slip]:
    """All slips that can be made with a question, whether or not they change the number."""
    made = {"value": _of_a_value, "part": _of_a_part, "total": _of_a_total}.get(question.asks)
    if made is not None:
        yield from quietly(lambda: list(made(state, question)))


def _of_a_value(state: State, question: Question) -> Iterator[Slip]:
    record, node = state.record, question.node
    value = state.run.values[node]
    op, out = value.op, value.data
    assert op is not None
    inputs = [state.run.values[i].data for i in record.inputs(node)]
    names = [named_in(state, i) for i in record.inputs(node)]
    about = {"formula": state.teller.formula(node)}
    match op.name, inputs:
        case "add", [x, y]:
            for i, (kept, lost) in enumerate(((y, x), (x, y))):
                yield _left_out("term left out", kept, lost, names[i])
            yield Slip("multiplied", x * y, about)
        case "sub", [x, y]:
            yield _left_out("term not taken away", x, y, names[1])
            yield Slip("turned round", y - x, about)
            yield Slip("not taken away", x + y, {"name": names[1]})
        case "mul", [x, y]:
            for i, (kept, lost) in enumerate(((y, x), (x, y))):
                yield _left_out("factor left out", kept, lost, names[i])
            yield Slip("added", x + y, about)
        case "div", [x, y]:
            yield Slip("turned round", y / x if np.all(x) else None, about)
        case "pow", [x, y]:
            yield Slip("base times exponent", x * y, about)
        case "sum" | "mean", [x]:
            n = np.size(x) // max(np.size(out), 1)
            if op.name == "mean":
                yield Slip("sum", out * n, {"n": n})
            else:
                yield Slip("mean", out / n, {"n": n})
        case "matmul", [x, y]:
            yield Slip("transposed", np.transpose(out) if np.ndim(out) == 2 else None)
            yield Slip("by entries", x * y if np.shape(x) == np.shape(y) else None)
    if op.name != "sub":
        yield Slip("sign", -out)
    if op.is_function and op.name != "neg":
        sign = sign_of(op)
        yield Slip("not applied", inputs[0], {"op": sign})
        if value.inputs[0].requires_grad:
            slope = op.local(0, out, inputs, value.params)  # type: ignore[attr-defined]
            yield Slip("slope", slope + np.zeros_like(out), {"op": sign})


def _left_out(key: str, kept: Any, lost: Any, name: str) -> Slip:
    return Slip(key, kept, {"name": name, "number": lost})


def named_in(state: State, node: int) -> str:
    """What an operand is called: its name, or a constant's number."""
    if state.record.nameless(node):
        return in_line(state.run.values[node].data, state.look)
    return state.record.names[node]


def _of_a_part(state: State, question: Question) -> Iterator[Slip]:
    yield Slip("sign", -right_answer(state, question))
    yield from _of_a_contribution(state, question)


def _of_a_contribution(state: State, question: Question) -> Iterator[Slip]:
    record, run, use = state.record, state.run, question.use
    head, target = head_of(state, use), record.targets[use]
    value, given = run.values[head], run.contribution(use)
    upstream, local = run.step(run.owner(use)).upstream, given.local
    op, out, to = value.op, value.data, run.values[target].data
    assert op is not None
    inputs = [v.data for v in value.inputs]
    arrives = {"slope": state.teller.partial(record.last, head)}
    if local is not None:
        slope = {"slope": state.teller.partial(head, target)}
        whole = local + np.zeros_like(upstream)
        if isinstance(upstream, float) and isinstance(local, int | float):
            yield Slip("local alone", float(local), arrives | {"number": upstream})
            yield Slip("upstream alone", upstream, slope | {"number": float(local)})
            yield Slip("factors added", upstream + local)
        elif np.shape(whole) == np.shape(given.value):
            yield Slip("factors added", upstream + whole)
        if np.shape(given.value) != np.shape(upstream * whole):
            each, n = upstream * whole, np.size(upstream * whole) // max(np.size(given.value), 1)
            named = {"name": record.names[target], "n": n}
            yield Slip("not summed", each, named)
            yield Slip("not summed", given.value / n, named)
        if op.is_function and op.saturates and value.inputs[0].requires_grad:
            wrong = op.local(0, inputs[0], inputs, value.params)  # type: ignore[attr-defined]
            named = {"name": record.names[target], "op": sign_of(op), "out": record.names[head]}
            yield Slip("of the input", upstream * wrong, named)
    if op.name == "pow" and given.position == 0 and isinstance(inputs[1], float) and inputs[1]:
        yield Slip("exponent", given.value / inputs[1], {"n": f"{inputs[1]:g}"})
    if op.name in ("mean", "sum"):
        n = np.size(inputs[0]) // max(np.size(out), 1)
        key, factor = ("not divided", n) if op.name == "mean" else ("divided", 1 / n)
        yield Slip(key, given.value * factor, {"n": n})
    if op.name == "matmul":
        other = record.names[record.inputs(head)[1 - given.position]]
        yield from _of_a_product(other, given.position, upstream, inputs, given.value)
    yield Slip("value", to, {"name": record.names[target]})
    for another in range(record.starts[run.owner(use)], record.ends[run.owner(use)]):
        if record.targets[another] != target:
            named = {"name": record.names[record.targets[another]]}
            yield Slip("other input", run.contribution(another).value, named)


def _of_a_product(
    name: str, position: int, upstream: Any, inputs: list[Any], right: Any
) -> Iterator[Slip]:
    other = inputs[1 - position]
    yield Slip("transposed", np.transpose(right) if np.ndim(right) == 2 else None)
    try:
        as_it_is = upstream @ other if position == 0 else other @ upstream
    except ValueError:
        return
    yield Slip("not transposed", as_it_is, {"name": name})


def _of_a_total(state: State, question: Question) -> Iterator[Slip]:
    record, run, use = state.record, state.run, question.use
    target, right = record.targets[use], right_answer(state, question)
    name, last = record.names[target], run.contribution(use).value
    before = gradient(state, target, at=place_of(state, question))
    uses = list(record.arrivals(target))
    parts = [run.contribution(each).value for each in uses]
    yield Slip("sign", -right)
    had = {"number": before} if isinstance(before, float) else {"number": "…"}
    yield Slip("last part alone", last, {"name": name, **had})
    if len(uses) <= FEW and near(sum(parts), right):
        for count in range(1, len(uses)):
            for chosen in combinations(range(len(uses)), count):
                if chosen == (len(uses) - 1,):
                    continue  # the last one alone
                nodes = [record.names[head_of(state, uses[i])] for i in chosen]
                named = {"nodes": ", ".join(nodes), "name": name, "n": len(uses)}
                yield Slip("some parts", sum(parts[i] for i in chosen), named)
        yield Slip("parts multiplied", np.prod(np.stack(parts), axis=0))
        yield Slip("parts averaged", right / len(uses))
    yield Slip("part subtracted", before - last)
    yield Slip("value", run.values[target].data, {"name": name})
    local, upstream = run.contribution(use).local, run.step(run.owner(use)).upstream
    if isinstance(local, int | float) and isinstance(upstream, float):
        named = {"slope": state.teller.partial(record.last, head_of(state, use))}
        yield Slip("part without upstream", before + local, named | {"number": upstream})
