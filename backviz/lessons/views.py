"""What a lesson shows of its computation: contributions, gradients, nudges.

Invariant: formulas are the ops' rules, run on symbols; numbers come from the one backward stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.recording import recorded
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value
from backviz.lessons.judge import DIFFERENCES, GRADIENT, RIGHT, differences
from backviz.lessons.model import Dress, Table, View, same
from backviz.stepping.blocks import shapes_text
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.telling.teller import RunTeller
from backviz.text import NumberStyle, product
from backviz.words import Words

NUMBERS = NumberStyle()
USE = Words("use")
NAME = Words("name")
VALUE = Words("value")


def contributions(*names: str) -> View:
    """Every contribution to these values: formula, numbers, and the sum so far, as k of m."""

    def made(output: Value) -> Table:
        teller = RunTeller(Run(Record(output)))
        record, line = teller.record, teller.timeline
        rows: list[tuple[Any, ...]] = []
        for name in names:
            for use in record.arrivals(record.find(name)):
                part = teller.part(use, line.place(line.end()))
                numbers: str | Dress = ""
                if part.local is not None:
                    numbers = _factored([teller.upstream(record.owner(use)), part.local])
                rows.append((_counted(part.k, part.m), f"{name}.grad += {part.formula}", numbers,
                             part.contribution, part.total))  # fmt: skip
        heads = (USE, Words("contribution"), Words("in numbers"),
                 same("="), Words("total"))  # fmt: skip
        return Table(heads, tuple(rows))

    return made


def _counted(k: int, m: int) -> Words:
    """`1 of 2`, worded as under figures and at the prompt."""
    return Words("{k} of {m}", k=k, m=m)


def _factored(factors: list[Any]) -> Dress:
    return lambda numbers: product(factors, numbers)


def stretched_operands(output: Value) -> list[Words]:
    """`b: (3,) summed over axis 0 of (4, 3)` for every operand that was broadcast."""
    record = Record(output)
    teller = RunTeller(Run(record))
    nodes = [i for i, v in enumerate(record.values) if v.op is not None and v.op.elementwise]
    notes = [teller.stretched(i, j) for i in nodes for j in record.inputs(i)]
    return [shapes_text(note) for note in notes if note]


def values_and_gradients(output: Value) -> Table:
    """Value, gradient and finite differences of every leaf."""
    run = Run(Record(output))
    index = run.record.index
    rows = tuple(
        (leaf.label, leaf.data, run.whole(index[leaf.serial]), differences(output, leaf))
        for leaf in leaves_of(output)
    )
    return Table((NAME, VALUE, GRADIENT, DIFFERENCES), rows)


def local_and_gradient(output: Value) -> Table:
    """Every arrow that ends in a leaf: upstream times local is the gradient."""
    record = Record(output)
    run = Run(record)
    teller = RunTeller(run)
    rows = []
    for use, target in enumerate(record.targets):
        leaf = record.values[target]
        if not leaf.is_leaf:
            continue
        head, part = record.heads[run.owner(use)], run.contribution(use)
        rows.append((teller.partial(head, target), part.local, run.step(run.owner(use)).upstream,
                     teller.partial(record.last, target), part.value,
                     differences(output, leaf)))  # fmt: skip
    heads = (same(""), Words("local"), Words("arrives"), same(""),
             GRADIENT, DIFFERENCES)  # fmt: skip
    return Table(heads, tuple(rows))


def nudges(output: Value, h: float = 0.001) -> Table:
    """Each leaf moved a little: what the gradient predicts, and what happens."""
    run = Run(Record(output))
    rows = []
    for leaf in leaves_of(output):
        gradient = run.whole(run.record.index[leaf.serial])
        with recorded():
            after = as_function(output, [leaf])(Value(leaf.data + h)).data
        rows.append((leaf.label, leaf.data, gradient, gradient * h, leaf.data * h,
                     after - output.data))  # fmt: skip
    name = output.label
    heads = (NAME, VALUE, GRADIENT, Words("gradient·{h}", h=h), Words("value·{h}", h=h),
             Words("change of {name}", name=name))  # fmt: skip
    return Table(heads, tuple(rows), digits=5, right=3, wrong=4, judge=5)


def product_rules(output: Value) -> Table:
    """For the matrix product in a record: rule, shapes, and what comes out without transposes."""
    record = Record(output)
    run = Run(record)
    teller = RunTeller(run)
    node = next(i for i, v in enumerate(record.values) if v.op and v.op.name == "matmul")
    upstream = run.whole(node)
    a, b = (run.values[i].data for i in record.inputs(node))
    plain, turned = (upstream @ b, a @ upstream), ((upstream, b.T), (a.T, upstream))
    call, arriving = record.call(node, NUMBERS), teller.partial(record.last, node)
    rows = []
    for position, target in enumerate(record.inputs(node)):
        left, right = (str(np.shape(x)) for x in turned[position])
        rows.append((f"{record.names[target]}.grad += "
                     f"{call.handed(position, arriving)}",
                     f"{left} @ {right} → {np.shape(run.whole(target))}",
                     run.whole(target), plain[position],
                     differences(output, record.values[target])))  # fmt: skip
    heads = (Words("rule"), Words("shapes"), RIGHT, Words("without ᵀ"), DIFFERENCES)
    return Table(heads, tuple(rows), right=2, wrong=3, judge=4)
