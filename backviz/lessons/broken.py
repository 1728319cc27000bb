"""Backward passes that are wrong on purpose, one mistake each, over the rules of the ops.

Invariant: every pass differs from the right one in the one place that its comment names.
`run` gives the result whose gradients are asked for, and what the broken engine takes them for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from backviz.autodiff.backward import accumulate, gradients_of, seed_for, seed_of, tape
from backviz.autodiff.data import quietly
from backviz.autodiff.op import Elementwise
from backviz.autodiff.recording import recorded
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.ops import OPS
from backviz.registry import Registry
from backviz.words import Words

RATE = 0.1  # of the steps that are taken
VISITS = 20_000  # nodes that the naive recursion may enter

Gradients = dict[int, Any]  # by serial number
Parts = Iterable[tuple[Value, Any]]  # an operand, and what it is handed


@dataclass(frozen=True, slots=True)
class Break:
    """A broken engine: its name, its mistake in a sentence, and the pass itself."""

    name: str
    about: Words
    run: Callable[[Value], tuple[Value, Gradients]]


BREAKS: Registry[Break] = Registry("break", home="backviz.lessons.broken_rules")


def overwrite(output: Value) -> tuple[Value, Gradients]:
    """`=` where `+=` belongs: the last contribution is all that stays.

    >>> a = Value(3.0)
    >>> _, gradients = overwrite(a * a + a)
    >>> gradients[a.serial]
    3.0
    """
    got = seeded(output)
    for node in backward(output, got):
        for operand, part in pulled(node, got[node.serial]):
            got[operand.serial] = part  # right: the sum of this and what was there
    return output, got


def stretched(output: Value) -> tuple[Value, Gradients]:
    """No unbroadcast: the gradient of a stretched operand keeps the shape of the result."""

    def parts(node: Value, upstream: Any) -> Parts:
        if not isinstance(node.op, Elementwise):
            yield from pulled(node, upstream)
            return
        for position, operand in _uses(node):
            yield operand, upstream * _local(node, position)  # right: summed to operand.shape

    return output, walk(output, parts)


def unmasked(output: Value) -> tuple[Value, Gradients]:
    """ReLU without its mask: the gradient passes where the input is negative as well."""

    def parts(node: Value, upstream: Any) -> Parts:
        op = node.op
        if op is not None and op.masks and op.is_function:
            yield node.inputs[0], upstream  # right: times the mask, x > 0
        else:
            yield from pulled(node, upstream)

    return output, walk(output, parts)


def swapped(output: Value) -> tuple[Value, Gradients]:
    """Ops of two inputs with the two local derivatives exchanged: d(ab)/da = a."""

    def parts(node: Value, upstream: Any) -> Parts:
        op = node.op
        if not isinstance(op, Elementwise) or len(op.rules) != 2 or None in op.rules:
            yield from pulled(node, upstream)
            return
        for position, operand in _uses(node):
            part = upstream * _local(node, 1 - position)  # right: the rule of this position
            yield operand, _fitted(part, operand)

    return output, walk(output, parts)


def recursive(output: Value) -> tuple[Value, Gradients]:
    """Naive recursion: a node hands on what it has so far, each time it is reached.

    Raises `InputError` if that visits more than 20,000 nodes: every path is walked, and
    their number can double with each node.
    """
    got = seeded(output)
    stack, visits = [output], 0
    while stack:
        node = stack.pop()
        visits += 1
        if visits > VISITS:
            raise InputError(
                _(
                    "the naive recursion walks every path, here more than {visits:,} nodes; "
                    "give it a smaller graph",
                    visits=VISITS,
                )
            )
        parts = pulled(node, got[node.serial])
        for operand, part in parts:
            got[operand.serial] = accumulate(got.get(operand.serial), part)
        stack += [operand for operand, _other in reversed(parts)]  # right: wait for all consumers
    return output, got


def unzeroed(output: Value) -> tuple[Value, Gradients]:
    """A second step without zero_grad: the gradient of the first step is still in the sum."""
    leaves = leaves_of(output)
    first = gradients_of(output, tuple(leaves), seed_for(output))
    moved = [Value(v.data - RATE * g, v.label) for v, g in zip(leaves, first, strict=True)]
    with recorded():
        after = as_function(output, leaves)(*moved)
    second = gradients_of(after, tuple(moved), seed_for(after))
    sums = [old + new for old, new in zip(first, second, strict=True)]  # right: the second alone
    return after, {v.serial: g for v, g in zip(moved, sums, strict=True)}


def kept_inside(output: Value) -> tuple[Value, Gradients]:
    """Old gradients are still inside the graph at a second backward; right is that of L + L."""
    got: Gradients = {}
    for _other in range(2):  # right: between the passes all but the leaves are forgotten
        got.update(seeded(output))
        for node in backward(output, got):
            for operand, part in pulled(node, got[node.serial]):
                got[operand.serial] = accumulate(got.get(operand.serial), part)
    with recorded():
        return output + output, got


def early_update(
    output: Value, rate: float = RATE, moves: Callable[[Value], bool] = lambda leaf: True
) -> tuple[Value, Gradients]:
    """Leaves move as soon as something reaches them: what lies below sees the new numbers."""
    got = seeded(output)
    now = {v.serial: v.data for v in tape(output)}  # right: nothing moves during the pass
    for node in backward(output, got):
        for position, operand in _uses(node):
            args = [now[v.serial] for v in node.inputs]
            part = _fitted(_part(node, position, got[node.serial], args), operand)
            got[operand.serial] = accumulate(got.get(operand.serial), part)
            if operand.is_leaf and moves(operand):
                now[operand.serial] = now[operand.serial] - rate * part
    return output, got


def overwritten(output: Value) -> tuple[Value, Gradients]:
    """Leaves are doubled in place after the forward pass; the rules read what stands there now."""
    now = {v.serial: v.data * (2.0 if v.is_leaf and v.requires_grad else 1.0) for v in tape(output)}

    def parts(node: Value, upstream: Any) -> Parts:
        args = [now[v.serial] for v in node.inputs]  # right: what stood there in the forward pass
        for position, operand in _uses(node):
            yield operand, _fitted(_part(node, position, upstream, args), operand)

    return output, walk(output, parts)


# What they share ----------------------------------------------------------------------------


def seeded(output: Value) -> Gradients:
    """What every pass begins with: the seed on the result."""
    return {output.serial: seed_of(output, seed_for(output), False)}


def backward(output: Value, got: Gradients) -> Iterator[Value]:
    """The nodes that have something to hand on, against the order of recording."""
    for node in reversed(tape(output)):
        if node.op is not None and node.serial in got:
            yield node


def walk(output: Value, parts: Callable[[Value, Any], Parts]) -> Gradients:
    """A pass in the right order that adds up, with contributions of one's own.

    >>> a = Value(3.0)
    >>> walk(a * a, pulled)[a.serial]
    6.0
    """
    got = seeded(output)
    for node in backward(output, got):
        for operand, part in quietly(list, parts(node, got[node.serial])):
            got[operand.serial] = accumulate(got.get(operand.serial), part)
    return got


def pulled(node: Value, upstream: Any) -> list[tuple[Value, Any]]:
    """What the right engine hands to each operand."""
    if node.op is None:
        return []
    pulled = quietly(node.op.pull, node, upstream, False)
    return [(node.inputs[position], part) for position, _other, part in pulled]


def _uses(node: Value) -> Iterator[tuple[int, Value]]:
    """The operands that want a gradient and can get one."""
    for position, operand in enumerate(node.inputs):
        if operand.requires_grad and node.op is not None and node.op.rule(position) is not None:
            yield position, operand


def _local(node: Value, position: int) -> Any:
    assert isinstance(node.op, Elementwise)
    return node.op.local(position, node.data, [v.data for v in node.inputs], node.params)


def _part(node: Value, position: int, upstream: Any, args: list[Any]) -> Any:
    """A contribution with these numbers in place of the recorded inputs."""
    op = node.op
    assert op is not None
    if isinstance(op, Elementwise):
        return quietly(lambda: upstream * op.local(position, node.data, args, node.params))
    rule = op.rule(position)
    assert rule is not None
    return quietly(rule, upstream, node.data, *args, **node.params)


def _fitted(part: Any, operand: Value) -> Any:
    """Summed over the axes along which the operand was stretched."""
    if getattr(part, "shape", ()) == operand.shape:
        return part
    return OPS["sum_to"](part, shape=operand.shape)


for _row in (
    Break(
        "accumulate",
        Words(
            "the broken engine writes = where += belongs",
        ),
        overwrite,
    ),
    Break(
        "topo",
        Words(
            "the broken engine recurses into the inputs at once, without waiting",
        ),
        recursive,
    ),
    Break(
        "zero-grad",
        Words(
            "second step at rate {rate}; the broken loop forgets zero_grad between the steps",
            rate=RATE,
        ),
        unzeroed,
    ),
    Break(
        "inner-grads",
        Words(
            "two backward passes; the broken engine keeps old gradients inside the graph",
        ),
        kept_inside,
    ),
    Break(
        "update-early",
        Words(
            "the broken loop moves each leaf (rate {rate}) while the pass still runs",
            rate=RATE,
        ),
        early_update,
    ),
    Break(
        "unbroadcast",
        Words(
            "the broken engine does not sum over the axes that were stretched",
        ),
        stretched,
    ),
    Break(
        "relu-mask",
        Words(
            "the broken ReLU passes every gradient, also where its input is negative",
        ),
        unmasked,
    ),
    Break(
        "local-swap",
        Words(
            "the broken engine exchanges the local derivatives of an op's two inputs",
        ),
        swapped,
    ),
    Break(
        "in-place",
        Words(
            "the broken program doubles the leaves in place between forward and backward",
        ),
        overwritten,
    ),
):
    BREAKS.add(_row.name, _row)
