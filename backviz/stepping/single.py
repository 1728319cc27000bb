"""`why W[0, 1]` and `local z[0, 1]`: one entry, with the sum that it is written out in numbers.

Invariant: the terms that are listed, and those that are said to be more, add up to the entry; where
an op gives no such sum, only the entry is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.errors import InputError
from backviz.ops import OPS
from backviz.stepping import reasons
from backviz.stepping.answers import Answer
from backviz.stepping.blocks import labelled, row
from backviz.stepping.entries import taken
from backviz.stepping.look import INDENT, TIED, Look
from backviz.stepping.state import State, arrived
from backviz.stepping.views import entry
from backviz.telling.by_entry import (
    Index,
    Terms,
    gradient_terms,
    named,
    operand_entries,
    products_of,
    slopes_of,
)
from backviz.telling.formulas import Call, operand, written
from backviz.telling.step import equation
from backviz.telling.teller import Worked, sign_before
from backviz.telling.wording import slope_name
from backviz.text import equal_sign, padded, product, screen_width, written_sum

LISTED = 12  # terms, slopes and uses that are listed


@dataclass(frozen=True, slots=True)
class Through:
    """What one use brings to an entry: through which node, by which formula, as which sum."""

    node: str
    formula: Formula
    total: float
    terms: Terms | None


@dataclass(frozen=True, eq=False, repr=False)
class WhyEntry(Answer):
    """Why one entry of a gradient is what it is: the sum over the entries that arrive.

    `gradient` is `None` where none comes; `uses` are the ways back, the first few of `many`, and
    `rest` what the others bring. So far `k` of `m` parts have come.
    """

    node: str
    slope: str
    gradient: float | None
    uses: tuple[Through, ...] = ()
    many: int = 0
    rest: float = 0.0
    k: int = 0
    m: int = 0
    kind = "why_entry"

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if self.gradient is None:
            return look.lines(f"{self.slope}: {look.say('no gradient comes here')}", 2)
        head = f"{self.slope} = {look.numbers.format(self.gradient)}"
        if not self.uses:
            said = look.say("the result itself, where the pass begins")
            return look.lines(f"{head}: {said}", 2)
        lines = look.lines(head, 2)
        for use in self.uses:
            lines += _use_lines(use, look)
        if len(self.uses) > 1:
            parts = [[use.total] for use in self.uses]
            parts += [[self.rest]] if self.many > len(self.uses) else []
            said = written_sum(parts, self.gradient, look.numbers, bare=True)
            lines += look.lines(f"  {self.slope} = {said}", 4)
        if self.k < self.m:
            said = look.say("so far {k} of {m} parts have come", k=self.k, m=self.m)
            lines += look.lines(f"  {said}", 2)
        return lines


def _use_lines(use: Through, look: Look) -> list[str]:
    """The formula of a use, and its terms under each other."""
    through = look.say("through {name}", name=use.node)
    terms = use.terms
    over = ""
    if terms is not None and terms.many > 1 and terms.over:
        over = "   " + look.count(
            "summed over axis {axes} of {name}", "summed over axes {axes} of {name}",
            len(terms.over), axes=", ".join(map(str, terms.over)), name=use.node,
        )  # fmt: skip
    lines = look.lines(f"  {through}  {use.formula}{over}", 4)
    if terms is None:
        said = look.say("its entry is {x}; this op gives no sum to write out",
                        x=look.numbers.format(use.total))  # fmt: skip
        return lines + look.lines(f"    {said}", 4)
    if not terms.many:
        return lines + look.lines(f"    {look.say('nothing that arrives depends on it: 0')}", 4)
    rows = [
        ("·".join(term.names), *_worked(term.factors, term.product, look)) for term in terms.listed
    ]
    lines += _aligned(rows, look)
    left = terms.many - len(terms.listed)
    if left:
        text = look.count("and {n:,} more term, {sum}", "and {n:,} more terms, together {sum}",
                          left, sum=look.numbers.format(terms.rest))  # fmt: skip
        lines += look.lines(f"    {text}", 4)
    if terms.many > 1:
        parts = [[term.product] for term in terms.listed] + ([[terms.rest]] if left else [])
        lines += _sum(look, parts, use.total)
    return lines


def _worked(factors: Sequence[float], worth: float, look: Look) -> tuple[str, str]:
    """`0.5·(−2)` and `= −1`; of one factor only `= −1`."""
    shown = look.numbers.format(worth)
    if len(factors) == 1:
        return "", f"= {shown}"
    sign = equal_sign([factors], worth, look.numbers)
    return f"= {product(factors, look.numbers)}", f"{sign} {shown}"


def _aligned(rows: list[tuple[str, str, str]], look: Look, indent: int = 4) -> list[str]:
    """Names, numbers and results in columns, or each row broken where that is too wide."""
    cells = [[look.fit(cell) for cell in each] for each in rows]
    widths = [max(map(screen_width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for name, *numbers in cells:
        parts = [padded(c, w) for c, w in zip(numbers, widths[1:], strict=True) if w]
        line = " " * indent + " ".join([padded(name, widths[0]), *parts]).rstrip()
        if screen_width(line) > look.width:  # the numbers below the names
            lines += look.lines(" " * indent + name, indent + 4)
            line = " " * (indent + 4) + " ".join(c for c in numbers if c)
        lines += look.lines(line, indent + 4)
    return lines


def _sum(look: Look, parts: list[list[float]], total: float) -> list[str]:
    said = written_sum(parts, total, look.numbers, bare=True)
    return look.lines(f"    {look.say('sum'):<4} {said}", 9)


def one_entry(state: State, text: str) -> tuple[int, Index] | None:
    """The node and the one entry that a text names; `None` if it names a whole node.

    Raises `InputError` for a part of several entries.
    """
    node, index, said = entry(state, text)
    if index is None:
        return None
    shape = np.shape(state.run.values[node].data)
    taken(state.run.values[node].data, index, said)  # says it if there is no such entry
    if len(index) != len(shape) or not all(isinstance(k, int) for k in index):
        name = state.record.names[node]
        raise InputError(
            state.look.say(
                "{text} is a part of {name}, which has the shape {shape}; name one entry, as in "
                "{example}", text=text, name=name, shape=shape,
                example=named(name, [0] * len(shape)),
            )
        )  # fmt: skip
    return node, tuple(k % n for k, n in zip(index, shape, strict=True))


def why_entry(state: State, node: int, index: Index) -> WhyEntry:
    """`why W[0, 1]`: the sum over samples, or over whatever arrives, with its numbers.

    >>> from backviz import load
    >>> from backviz.stepping.state import start
    >>> state = start(load("L=sum(x @ w); x=[[1, 2], [3, 4]]; w=[5, 6]"))
    >>> print("\\n".join(why_entry(state, state.record.find("w"), (1,)).lines(state.look)))
    ∂L/∂w[1] = 6
      through n2  xᵀ @ ∂L/∂n2   summed over axis 0 of n2
        x[0, 1]·∂L/∂n2[0] = 2·1 = 2
        x[1, 1]·∂L/∂n2[1] = 4·1 = 4
        sum  2 + 4 = 6
      so far 0 of 1 parts have come
    """
    record, run, teller = state.record, state.run, state.teller
    whole, name = run.whole(node), named(record.names[node], index)
    slope = named(teller.partial(record.last, node), index)
    if whole is None:
        return WhyEntry(name, slope, None)
    total = float(np.asarray(whole)[index])
    uses = record.arrivals(node)
    told = tuple(
        Through(
            record.names[record.heads[record.owner(use)]],
            teller.rules(use)[1],
            float(np.asarray(run.contribution(use).value)[index]),
            gradient_terms(teller, use, index, LISTED),
        )
        for use in uses[:LISTED]
    )
    rest = sum(float(np.asarray(run.contribution(use).value)[index]) for use in uses[LISTED:])
    return WhyEntry(name, slope, total, told, len(uses), rest, *arrived(state, node))


@dataclass(frozen=True, slots=True)
class EntrySlope:
    """By how much one entry of an operand moves the entry, and which entry that number is."""

    to: str
    slope: str
    factor: str
    local: float


@dataclass(frozen=True, eq=False, repr=False)
class LocalEntry(Answer):
    """How one entry of a result is made, and its derivatives; `many` slopes, the first few listed.

    `numeric` is the formula with numbers and what it comes to.
    """

    node: str
    formula: str
    op: str
    value: float
    slopes: tuple[EntrySlope, ...] = ()
    many: int = 0
    numeric: str = ""
    kind = "local_entry"

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if not self.op:
            said = look.say("{name} is a leaf: it was given, not computed", name=self.node)
            return look.lines(said, 2)
        formula = self.formula.replace(", ", f",{TIED}")  # no index is broken
        lines = look.lines(f"{equation(self.node, formula)}   [{self.op}]")
        said = self.numeric or f"{self.node} = {look.numbers.format(self.value)}"
        lines += row(look, "value", [said])
        for k, line in enumerate(
            _aligned([_slope_cells(s, look) for s in self.slopes], look, INDENT)
        ):
            lines.append(labelled(look, "local") + line[INDENT:] if not k else line)
        if self.many > len(self.slopes):
            more = look.say("… {n} more …", n=self.many - len(self.slopes))
            lines += look.lines(" " * INDENT + more, INDENT)
        return lines + row(look, "rule", [look.say(OPS[self.op].gradient or OPS[self.op].note)])


def _slope_cells(slope: EntrySlope, look: Look) -> tuple[str, str, str]:
    shown = look.numbers.format(slope.local)
    said = f"= {slope.factor}" if slope.factor and slope.factor != shown else ""
    return slope.slope, said, f"= {shown}"


def local_entry(state: State, node: int, index: Index) -> LocalEntry:
    """`local z[0, 1]`: which entries it is made of, with their numbers and derivatives."""
    record, run, teller = state.record, state.run, state.teller
    value, name = run.values[node], named(record.names[node], index)
    number = float(np.asarray(value.data)[index])
    if value.op is None:
        return LocalEntry(name, name, "", number)
    found = list(slopes_of(teller, node, index))
    rules = _rules(state, node, index) if value.op.elementwise else {}
    slopes = tuple(
        EntrySlope(to, slope_name(name, to), rules.get(position, factor), local)
        for position, to, factor, local in found[:LISTED]
    )
    formula, numeric, sign = teller.formula(node), "", "="
    products = products_of(teller, node, index)
    if products:
        formula = " + ".join(said for said, _factors in products[:LISTED])
        formula += " + …" if len(products) > LISTED else ""
        numeric = _sum_of(products, number, state.look)
    elif value.op.elementwise:
        formula, numeric, sign = _elementwise(state, node, index)
        numeric = f"{numeric} {sign} {state.look.numbers.format(number)}"
    return LocalEntry(name, formula, value.op.name, number, slopes, len(found), numeric)


def _sum_of(products: list[tuple[str, tuple[float, ...]]], number: float, look: Look) -> str:
    """The products in numbers and what they come to; the first few where they are many."""
    parts = [factors for _said, factors in products]
    if len(parts) > LISTED:
        rest = float(sum(np.prod(factors) for factors in parts[LISTED:]))
        parts = [*parts[:LISTED], (rest,)]
    return written_sum(parts, number, look.numbers)


def _elementwise(state: State, node: int, index: Index) -> tuple[str, str, str]:
    """How an entry is computed from those of the operands: by name, in numbers, and the sign."""
    value, numbers = state.run.values[node], state.look.numbers
    op = value.op
    assert op is not None
    places = operand_entries(value, index)
    data = [float(np.asarray(v.data)[at]) for v, at in zip(value.inputs, places, strict=True)]
    made = float(np.asarray(value.data)[index])
    known = {-1: made, **dict(enumerate(data))}
    steps = [Worked(-1, op, range(len(data)), value.params)]
    sign = sign_before(made, steps, known.__getitem__, numbers)
    return _call(state, node, index).written, written(op, tuple(data), value.params, numbers), sign


def _call(state: State, node: int, index: Index) -> Call:
    """The op that made an entry, at work on the entries of its operands."""
    record, value, numbers = state.record, state.run.values[node], state.look.numbers
    assert value.op is not None
    places = operand_entries(value, index)
    args = tuple(
        operand(named(record.names[i], at), float(np.asarray(v.data)[at]), record.nameless(i),
                numbers)
        for i, v, at in zip(record.inputs(node), value.inputs, places, strict=True)
    )  # fmt: skip
    out = operand(named(record.names[node], index), float(np.asarray(value.data)[index]), False,
                  numbers)  # fmt: skip
    return Call(value.op, args, out, value.params, record.taken, numbers)


def _rules(state: State, node: int, index: Index) -> dict[int, str]:
    """The local derivatives of an elementwise op at one entry, by the operands' positions."""
    op, call = state.run.values[node].op, _call(state, node, index)
    assert op is not None
    positions = range(len(call.args))
    return {p: call.local(p).text for p in positions if op.rule(p) is not None}


def why(state: State, text: str, path: int = 0) -> reasons.Why | reasons.PathAnswer | WhyEntry:
    """`why NODE`, `why NODE 2` or `why W[0, 1]`."""
    found = one_entry(state, text)
    if found is None:
        return reasons.why(state, text, path)
    if path:
        name = state.record.names[found[0]]
        raise InputError(
            state.look.say("paths are those of a whole node: why {name} {k}", name=name, k=path)
        )
    return why_entry(state, *found)


def local(state: State, text: str) -> reasons.Local | LocalEntry:
    """`local NODE` or `local z[0, 1]`."""
    found = one_entry(state, text)
    return reasons.local(state, text) if found is None else local_entry(state, *found)
