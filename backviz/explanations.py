"""A computation in words: what a figure says, as text.

Invariant: every line is a layout of a told step, so that it cannot disagree with the picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.telling.step import Handed, Part
from backviz.telling.teller import RunTeller
from backviz.text import NOT_COMPUTED, NumberStyle, product, shape_text, written_sum
from backviz.words import LANGUAGES

MOST = 2000
Arrived = tuple[Handed, Part]


def describe(
    output: Value,
    numbers: NumberStyle | None = None,
    lang: str = "en",
    lines: bool = False,
    beside: Sequence[Value] = (),
) -> str:
    """The text version of a figure: every value, and every gradient as its sum.

    `lines` adds the line of the program that computed each value, where it was noted. Results
    `beside` are computed, too, and have no gradients.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = a * b + a
    >>> L.label = "L"
    >>> print(describe(L))
    L = 8
    leaves: 2, constants: 0, ops: 2
    <BLANKLINE>
    Forward
      a = 2
      b = 3
      n2 = a·b = 6
      L = n2 + a = 8
    <BLANKLINE>
    Backward: gradients of L
      L: 1
      n2: 1·1 = 1
      b: 1·2 = 2
      a: 1·1 + 1·3 = 4
    """
    numbers = numbers or NumberStyle()
    words, teller = LANGUAGES[lang], RunTeller(Run(Record(output, beside=beside)), numbers)
    record = teller.record
    if len(record.values) > MOST:
        raise InputError(
            _(
                "{n:,} values are too many to describe (at most {most:,}); use backviz "
                "table, or backviz graph, which folds",
                n=len(record.values),
                most=MOST,
            )
        )
    kinds = Counter(v.op is None and (v.requires_grad or None) for v in record.values)
    counts = words.gettext(
        "leaves: {leaves}, constants: {constants}, ops: {ops}",
        leaves=kinds[True],
        constants=kinds[None],
        ops=kinds[False],
    )
    name = record.names[record.last]
    made = [
        f"{record.names[record.index[v.serial]]} = {numbers.summary(v.raw)}"
        for v in (output, *record.beside)
    ]
    made += [counts, "", words.gettext("Forward")]
    told = (i for i, v in enumerate(record.values) if v.op is not None or v.requires_grad)
    places = [v.origin.where if lines else "" for v in record.values]
    made += ["   ".join(filter(None, (f"  {_forward(teller, n)}", places[n]))) for n in told]
    made += ["", words.gettext("Backward: gradients of {output}", output=name)]
    if output.requires_grad:
        made += [f"  {line}" for line in _gradients(teller)]
    else:
        made.append(f"  {NOT_COMPUTED}")
    return "\n".join(made)


def _forward(teller: RunTeller, node: int) -> str:
    value, name = teller.value(node), teller.name(node)
    shape = f" ({shape_text(value)})" if isinstance(value, np.ndarray) else ""
    result = f"{teller.numbers.summary(value)}{shape}"
    if teller.op(node) is None:
        return f"{name} = {result}"
    return f"{name} = {teller.formula(node)} = {result}"


def _gradients(teller: RunTeller) -> list[str]:
    """Every node's gradient, in the order in which it is complete."""
    record = teller.record
    arrived: dict[str, list[Arrived]] = {}
    for step in teller.backward():
        for part in step.parts:
            arrived.setdefault(part.to, []).append((step, part))
    lines = []
    for node in range(record.last, -1, -1):
        if record.reached[node]:
            name, total = record.names[node], teller.run.whole(node)
            lines.append(f"{name}: {_sum(arrived.get(name, []), total, teller.numbers)}")
    return lines


def _sum(arrived: list[Arrived], total: Any, numbers: NumberStyle) -> str:
    """`1·1 + 1·3 = 4`; a part in which there is an array is the formula that ran."""
    if arrived:
        total = arrived[-1][1].total
    factors = [step.factors(part) for step, part in arrived]
    if len(arrived) > 1 and None not in factors and not isinstance(total, np.ndarray):
        return written_sum([pair for pair in factors if pair], total, numbers)
    terms = [
        Formula(product(pair, numbers)) if pair else part.formula
        for (_other, part), pair in zip(arrived, factors, strict=True)
    ]
    shown = numbers.summary(total)
    if not terms:
        return shown
    wheres = {term.parts for term in terms if term.parts}
    alike = len(wheres) < 2  # else a name may mean two things
    said = [term.text if alike or not term.parts else f"({term})" for term in terms]
    whole = Formula(" + ".join(said), next(iter(wheres)) if wheres and alike else ())
    return whole.valued(shown)
